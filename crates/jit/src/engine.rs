//! The compiler's state in a context, and the functions that the virtual machine calls.
//!
//! Executable memory is reserved when the first function becomes hot: a program that runs cold code only pays nothing. Where the system
//! denies it, or the budget is used up, functions stay in the interpreter and the statistics say why ([`Refusal`]).
//!
//! Publishing costs a system call and pages of memory, whatever the size. So functions that become warm wait for each other ([`Jit::queue`]): all are compiled and
//! published together when there are enough of them, when one of them has been called as often again, or when a running loop is hot. A function that waits
//! runs in the interpreter. So do functions whose code is to be made anew: they run the code they have.

use crate::baseline::{self, Scratch};
use crate::stubs::{self, OpSet};
use crate::{ic, symbols};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;
use tercel_bytecode::{FeedbackKind, TemplateFlags};
use tercel_code::{Batch, CodeConfig, CodeError, CodeRef, CodeSpace};
use tercel_gc::cpu_time;
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;
use tercel_vm::interp::entry::stack_pointer;
use tercel_vm::stack::native_stack_bounds;
use tercel_vm::tier::{Answer, MachineCode, Released, TierHooks, WayIn};
use tercel_vm::{Gc, Kind, machine};

/// Why a function stays in the interpreter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// The system grants no executable memory.
    NoExecutableMemory,
    /// The budget for code is used up.
    BudgetExhausted,
    /// The function's code would be larger than one piece of code may be.
    TooLarge,
}

impl Refusal {
    /// For people.
    pub const fn reason(self) -> &'static str {
        match self {
            Refusal::NoExecutableMemory => "the system grants no executable memory",
            Refusal::BudgetExhausted => "the budget for code is used up",
            Refusal::TooLarge => "the function is too large",
        }
    }
}

/// What the compiler did.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Functions compiled; in how many batches they were published.
    pub functions: u64,
    pub batches: u64,
    /// Bytecode instructions compiled.
    pub instructions: u64,
    /// Bytes of bytecode compiled.
    pub bytecode_bytes: u64,
    /// Bytes of machine code made.
    pub code_bytes: u64,
    /// Processor time spent compiling and publishing functions.
    pub time: Duration,
    /// Processor time spent on what they share: opening the code memory, routines, and stubs of ops.
    pub shared_time: Duration,
    /// Programs of inline caches that have code; how many batches they came in; bytes of that code.
    pub stub_programs: u64,
    pub stub_batches: u64,
    pub stub_bytes: u64,
    /// Functions whose code was taken away to make room.
    pub evicted: u64,
    /// Functions whose code was made anew, with what their sites have learned since.
    pub renewed: u64,
    /// Functions refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Calls and iterations of loops by tier, in the code that is alive.
    pub work: Work,
    /// Bytes of code in use now, of the budget.
    pub code_in_use: usize,
    pub budget: usize,
}

/// How often functions were called and loops went round.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub interpreter_calls: u64,
    pub interpreter_iterations: u64,
    pub baseline_calls: u64,
    pub baseline_iterations: u64,
}

impl Work {
    /// The part of calls and iterations that ran in baseline code; `None` if there were none at all.
    pub fn baseline_share(&self) -> Option<f64> {
        let baseline = self.baseline_calls + self.baseline_iterations;
        let all = baseline + self.interpreter_calls + self.interpreter_iterations;
        (all > 0).then(|| baseline as f64 / all as f64)
    }

    /// Counts what the code blocks of the heap have counted.
    fn of(cx: &Context) -> Work {
        let mut work = Work::default();
        cx.heap.for_each_cell(&mut |cell, _| {
            // SAFETY: the heap shows live and dead cells that are initialised; a code block does not move, and its arrays live as long as it.
            let block: Gc<CodeBlock> = unsafe {
                if (*cell).kind.get() != Kind::CodeBlock as u8 {
                    return;
                }
                Gc::from_addr(cell as usize)
            };
            work.interpreter_calls += u64::from(block.calls.get());
            work.baseline_calls += u64::from(block.machine_calls());
            for (site, kind) in block.all_sites().iter().zip(&block.template().slots) {
                if *kind == FeedbackKind::Loop {
                    work.interpreter_iterations += u64::from(site.aux.get());
                    let counted = site.cell.get();
                    work.baseline_iterations += if counted.is_int32() { counted.bits() & 0xffff_ffff } else { 0 };
                }
            }
        });
        work
    }
}

/// The state.
struct Jit {
    space: Option<CodeSpace>,
    /// No executable memory could be had: not tried again.
    denied: bool,
    next_id: u64,
    live: FxHashMap<u64, Live>,
    released: Rc<Released>,
    /// The ops whose stubs are published.
    op_stubs: OpSet,
    /// Functions that wait to be compiled. They may be dead after a collection, so that empties it; who lives asks again.
    queue: Vec<Wanted>,
    /// The bytes of their bytecode.
    queued_bytes: usize,
    /// The compiler's memory, and code that is to be published with what is known about it.
    scratch: Scratch,
    batch: Batch,
    unpublished: Vec<Unpublished>,
    ways_in: Vec<WayIn>,
    /// The code of inline caches' stubs.
    stubs: ic::StubCode,
    statistics: Statistics,
}

/// A function that is to be compiled, for the first time or instead of the code that it has.
#[derive(Clone, Copy, PartialEq)]
struct Wanted {
    block: Gc<CodeBlock>,
    /// The code that is to be replaced.
    renews: Option<u64>,
}

impl Wanted {
    fn new(block: Gc<CodeBlock>) -> Wanted {
        Wanted { block, renews: block.machine_code().map(|machine| machine.id) }
    }
}

/// A function whose code is in the batch. Offsets are in bytes from its code's start.
struct Unpublished {
    wanted: Wanted,
    filled: u32,
    filled_inside: u32,
    /// Where in `Jit::ways_in` its ways in are.
    ways_in: Range<usize>,
    size: usize,
    instructions: u32,
    bytecode_bytes: u64,
}

/// Functions that wait for each other at most, and bytes of their bytecode: code for some pages.
const MOST_QUEUED: usize = 16;
const MOST_QUEUED_BYTES: usize = 4 << 10;

struct Live {
    code: CodeRef,
    /// Kept at one address until it is released.
    machine: Box<MachineCode>,
    /// Alive until its death is reported.
    block: Gc<CodeBlock>,
    /// Its calls when cold code was last looked for.
    calls_seen: u32,
}

type State = RefCell<Jit>;

static HOOKS: TierHooks = TierHooks { compile, stub_code, after_collection };

/// Gives the context a baseline compiler, unless its options or the platform say no.
pub fn install(cx: &Context) {
    if cx.options.jitless || !machine::SUPPORTED || !tercel_code::SUPPORTED {
        return;
    }
    let jit = Jit {
        space: None,
        denied: false,
        next_id: 0,
        live: FxHashMap::default(),
        released: Rc::default(),
        op_stubs: OpSet::default(),
        queue: Vec::new(),
        queued_bytes: 0,
        scratch: Scratch::default(),
        batch: Batch::new(),
        unpublished: Vec::new(),
        ways_in: Vec::new(),
        stubs: ic::StubCode::new(cx.options.count_ic_hits),
        statistics: Statistics::default(),
    };
    cx.set_tiers(&HOOKS, Box::new(RefCell::new(jit)));
}

/// What the compiler of this context did; `None` if it has none.
pub fn statistics(cx: &Context) -> Option<Statistics> {
    let jit = state(cx)?.borrow();
    let mut statistics = jit.statistics.clone();
    statistics.work = Work::of(cx);
    statistics.stub_programs = jit.stubs.programs() as u64;
    statistics.stub_batches = jit.stubs.batches;
    statistics.stub_bytes = jit.stubs.bytes;
    if let Some(space) = &jit.space {
        let stats = space.stats();
        statistics.code_in_use = stats.code_bytes + stats.data_bytes;
        statistics.budget = stats.budget;
    }
    Some(statistics)
}

fn state(cx: &Context) -> Option<&State> {
    cx.interp.tiers.state.get()?.downcast_ref()
}

impl Jit {
    fn space(&mut self, cx: &Context) -> Result<&mut CodeSpace, Refusal> {
        if self.space.is_none() {
            if self.denied {
                return Err(Refusal::NoExecutableMemory);
            }
            let start = cpu_time();
            let opened = open_space(cx);
            self.statistics.shared_time += Duration::from_nanos(cpu_time() - start);
            match opened {
                Ok(space) => self.space = Some(space),
                Err(_) => {
                    self.denied = true;
                    return Err(Refusal::NoExecutableMemory);
                }
            }
        }
        self.space.as_mut().ok_or(Refusal::NoExecutableMemory)
    }

    /// Publishes the batch; where the budget is used up, after code that is cold has made room.
    fn publish_batch(&mut self, cx: &Context, wanted: OpSet) -> Result<Vec<CodeRef>, Refusal> {
        let refusal = |e| match e {
            CodeError::Exhausted { .. } => Refusal::BudgetExhausted,
            CodeError::Invalid { .. } => Refusal::TooLarge,
            _ => Refusal::NoExecutableMemory,
        };
        self.publish_stubs(cx, wanted)?.map_err(refusal)?;
        let mut batch = std::mem::take(&mut self.batch);
        let mut result = self.space(cx)?.publish_batch(&mut batch);
        if matches!(result, Err(CodeError::Exhausted { .. })) && !cx.options.fail_code_alloc {
            self.evict_cold(cx);
            result = self.space(cx)?.publish_batch(&mut batch);
        }
        self.batch = batch;
        result.map_err(refusal)
    }

    /// Publishes the stubs of ops that are not published yet, after making room if need be.
    fn publish_stubs(&mut self, cx: &Context, wanted: OpSet) -> Result<Result<(), CodeError>, Refusal> {
        if self.op_stubs.contains_all(wanted) {
            return Ok(Ok(()));
        }
        let mut published = self.op_stubs;
        self.space(cx)?;
        let start = cpu_time();
        let mut result = stubs::publish(self.space(cx)?, cx, wanted, &mut published);
        if matches!(result, Err(CodeError::Exhausted { .. })) && !cx.options.fail_code_alloc {
            self.evict_cold(cx);
            result = stubs::publish(self.space(cx)?, cx, wanted, &mut published);
        }
        self.op_stubs = published;
        self.statistics.shared_time += Duration::from_nanos(cpu_time() - start);
        Ok(result)
    }

    /// Retires the code of code blocks that have died, and frees what no native frame runs.
    fn free_dead(&mut self) {
        for id in self.released.take() {
            if let (Some(live), Some(space)) = (self.live.remove(&id), &mut self.space) {
                space.retire(live.code);
            }
        }
        self.reclaim();
    }

    /// Takes machine code from functions that were not called since this was last done; if that are few, from the less called half of all.
    fn evict_cold(&mut self, cx: &Context) {
        self.free_dead();
        let growth = |live: &Live| live.block.machine_calls().wrapping_sub(live.calls_seen);
        let mut by_growth: Vec<(u32, u64)> = self.live.iter().map(|(&id, live)| (growth(live), id)).collect();
        by_growth.sort_unstable();
        let cold = by_growth.iter().take_while(|entry| entry.0 == 0).count().max(by_growth.len() / 2);
        for &(_, id) in &by_growth[..cold] {
            if let (Some(live), Some(space)) = (self.live.remove(&id), &mut self.space) {
                live.block.forget_machine_code(cx);
                space.retire(live.code);
                self.statistics.evicted += 1;
                // Frames that run the code look their entries up in it no more; its record can go with it.
                drop(live.machine);
            }
        }
        for live in self.live.values_mut() {
            live.calls_seen = live.block.machine_calls();
        }
        self.reclaim();
    }

    /// Frees retired code to which nothing on the native stack returns. Machine code is on the stack by return addresses only: between two
    /// instructions of a function its address is in no register of Rust.
    fn reclaim(&mut self) {
        let Some(space) = &mut self.space else { return };
        if space.stats().retired == 0 {
            return;
        }
        let range = space.code_range();
        let mut returns: Vec<usize> = stack_words().filter(|word| range.contains(word)).collect();
        returns.sort_unstable();
        space.reclaim(|_, object| {
            let start = object.entry() as usize;
            let at = returns.partition_point(|&word| word < start);
            // A return address may be the code's end.
            returns.get(at).is_some_and(|&word| word <= start + object.len() as usize)
        });
    }

    /// Compiles functions and publishes their code together, and says how long that took. One that is too large is left out.
    fn compile_all(&mut self, cx: &Context, wanted: &[Wanted]) -> Result<(), Refusal> {
        let (start, shared) = (cpu_time(), self.statistics.shared_time);
        let result = self.compile_and_publish(cx, wanted);
        let shared = self.statistics.shared_time - shared;
        self.statistics.time += Duration::from_nanos(cpu_time() - start).saturating_sub(shared);
        result
    }

    fn compile_and_publish(&mut self, cx: &Context, wanted: &[Wanted]) -> Result<(), Refusal> {
        self.batch.clear();
        self.unpublished.clear();
        self.ways_in.clear();
        let mut stubs = OpSet::default();
        for &wanted in wanted {
            let block = wanted.block;
            if wanted.renews.is_some() {
                block.renewals.set(block.renewals.get() + 1);
            }
            cx.prepare_code(block);
            let Ok(compiled) = baseline::compile(cx, block, &mut self.scratch) else { continue };
            stubs.insert_all(compiled.stubs);
            self.batch.push_assembly(compiled.assembly, baseline::info(cx, block.template(), &compiled));
            let first = self.ways_in.len();
            self.ways_in.extend_from_slice(compiled.ways_in);
            self.unpublished.push(Unpublished {
                wanted,
                filled: compiled.filled,
                filled_inside: compiled.filled_inside,
                ways_in: first..self.ways_in.len(),
                size: compiled.assembly.code.len(),
                instructions: compiled.instructions,
                bytecode_bytes: compiled.bytecode_bytes,
            });
        }
        if self.batch.is_empty() {
            return Err(Refusal::TooLarge);
        }
        let codes = self.publish_batch(cx, stubs)?;
        self.statistics.batches += 1;
        for (index, code) in codes.into_iter().enumerate() {
            self.install(cx, index, code);
        }
        Ok(())
    }

    /// Gives a function its published code.
    fn install(&mut self, cx: &Context, index: usize, code: CodeRef) {
        let function = &self.unpublished[index];
        let base = self.space.as_ref().and_then(|space| space.get(code)).map_or(0, |object| object.entry() as usize);
        let id = self.next_id;
        self.next_id += 1;
        let machine = Box::new(MachineCode {
            entry: base,
            filled: base + function.filled as usize,
            filled_inside: base + function.filled_inside as usize,
            ways_in: self.ways_in[function.ways_in.clone()].into(),
            size: function.size,
            id,
            released: self.released.clone(),
            last_resume: Cell::new((0, 0)),
            resume_cache: function.wanted.block.template().flags.contains(TemplateFlags::GENERATOR).then(Box::default),
        });
        let Wanted { block, renews } = function.wanted;
        let statistics = &mut self.statistics;
        statistics.functions += 1;
        statistics.instructions += u64::from(function.instructions);
        statistics.bytecode_bytes += function.bytecode_bytes;
        statistics.code_bytes += function.size as u64;
        cx.interp.tiers.compiles_stubs.set(true);
        block.set_machine_code(cx, &machine);
        self.live.insert(id, Live { code, machine, block, calls_seen: block.machine_calls() });
        let Some(renewed) = renews else { return };
        self.statistics.renewed += 1;
        // Unless it was taken away to make room.
        if let (Some(live), Some(space)) = (self.live.remove(&renewed), &mut self.space) {
            space.retire(live.code);
            // As with code that is taken away: frames that run it find their entries in the new one's record.
            drop(live.machine);
        }
    }

    /// A function asks for code, or for better code than it has.
    fn compile(&mut self, cx: &Context, code: Gc<CodeBlock>, now: bool) -> Result<Answer, Refusal> {
        if self.denied {
            return Err(Refusal::NoExecutableMemory);
        }
        let asks = Wanted::new(code);
        // One that asks again has waited long enough.
        let asked = self.queue.contains(&asks);
        if !asked {
            self.queue.push(asks);
            self.queued_bytes += code.template().code.len() * 2;
        }
        let calls = cx.interp.tiers.call_threshold.get();
        let few = self.queue.len() < MOST_QUEUED && self.queued_bytes < MOST_QUEUED_BYTES;
        if !now && !asked && calls > 0 && few {
            return Ok(Answer::Later(calls));
        }
        let mut wanted = std::mem::take(&mut self.queue);
        self.queued_bytes = 0;
        // Those that have code by now wanted none, or another to be replaced.
        wanted.retain(|&wanted| wanted == Wanted::new(wanted.block));
        let mut result = self.compile_all(cx, &wanted);
        if wanted.len() > 1 && asks == Wanted::new(code) {
            // Perhaps there is room for this one.
            result = self.compile_all(cx, &[asks]);
        }
        if wanted.iter().any(|wanted| wanted.renews.is_some()) {
            self.reclaim();
        }
        wanted.clear();
        self.queue = wanted;
        result.map(|()| Answer::Done)
    }
}

/// Reserves executable memory and publishes what all code needs.
fn open_space(cx: &Context) -> Result<CodeSpace, CodeError> {
    let default = CodeConfig::default();
    let mut space = CodeSpace::new(CodeConfig { budget: cx.options.code_limit, ..default })?;
    if cx.options.fail_code_alloc {
        space.refuse_all(true);
    }
    listen(cx, &mut space);
    symbols::define_all(&mut space);
    space.define_symbol(symbols::SHAPES_BASE.0, cx.shapes_base() as u64);
    let routines = ic::routines::TABLE.iter().chain(stubs::shared::TABLE);
    stubs::publish_routines(&mut space, cx, routines)?;
    Ok(space)
}

/// Tells the profilers and debuggers that the options name of all code. One that cannot be told is done without: code runs regardless.
fn listen(cx: &Context, space: &mut CodeSpace) {
    use tercel_code::listen;
    if cx.options.perf_map
        && let Ok(map) = listen::PerfMap::new()
    {
        space.add_listener(Box::new(map));
    }
    #[cfg(target_os = "linux")]
    if cx.options.jitdump
        && let Ok(dump) = listen::JitDump::new()
    {
        space.add_listener(Box::new(dump));
    }
    #[cfg(feature = "gdb")]
    if cx.options.gdb_jit {
        space.add_listener(Box::new(listen::Gdb::new()));
    }
}

fn compile(cx: &Context, code: Gc<CodeBlock>, now: bool) -> Answer {
    let Some(state) = state(cx) else { return Answer::Refused };
    let mut jit = state.borrow_mut();
    jit.compile(cx, code, now).unwrap_or_else(|refusal| {
        // A function that has code keeps it.
        if code.machine_code().is_none() {
            *jit.statistics.refused.entry(refusal).or_default() += 1;
        }
        Answer::Refused
    })
}

fn stub_code(cx: &Context, program: &[u8], hit: bool) -> Option<usize> {
    let mut jit = state(cx)?.try_borrow_mut().ok()?;
    let jit = &mut *jit;
    jit.stubs.find(jit.space.as_mut()?, program, hit)
}

fn after_collection(cx: &Context) {
    // A collection during a compilation (there is none today) leaves the work to the next one.
    if let Some(mut jit) = state(cx).and_then(|state| state.try_borrow_mut().ok()) {
        jit.queue.clear();
        jit.queued_bytes = 0;
        jit.free_dead();
    }
}

/// The words of the native stack from here up.
fn stack_words() -> impl Iterator<Item = usize> {
    let (low, high) = (stack_pointer() & !7, native_stack_bounds().1);
    // SAFETY: all words between the stack pointer and the thread's stack's end are mapped and may be read.
    (low..high).step_by(8).map(|at| unsafe { std::ptr::read_volatile(at as *const usize) })
}
