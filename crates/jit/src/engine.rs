//! The compiler's state in a context, and the functions that the virtual machine calls.
//!
//! Executable memory is reserved when the first function becomes hot: a program that runs cold code only pays nothing. Where the system
//! denies it, or the budget is used up, functions stay in the interpreter and the statistics say why ([`Refusal`]).

use crate::baseline::{self, Compiled};
use crate::{stubs, symbols};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tercel_code::{CodeConfig, CodeError, CodeRef, CodeSpace};
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;
use tercel_vm::tier::{MachineCode, TierHooks};
use tercel_vm::{Gc, machine};

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
    /// Functions compiled.
    pub functions: u64,
    /// Bytecode instructions compiled.
    pub instructions: u64,
    /// Bytes of bytecode compiled.
    pub bytecode_bytes: u64,
    /// Bytes of machine code made.
    pub code_bytes: u64,
    /// Time spent compiling and publishing.
    pub time: Duration,
    /// Functions refused, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Bytes of code in use now, of the budget.
    pub code_in_use: usize,
    pub budget: usize,
}

/// The state.
struct Jit {
    space: Option<CodeSpace>,
    /// No executable memory could be had: not tried again.
    denied: bool,
    next_id: u64,
    live: FxHashMap<u64, Live>,
    statistics: Statistics,
}

struct Live {
    code: CodeRef,
    /// Kept at one address until it is released.
    machine: Box<MachineCode>,
}

type State = RefCell<Jit>;

static HOOKS: TierHooks = TierHooks { compile, release, after_collection };

/// Gives the context a baseline compiler, unless its options or the platform say no.
pub fn install(cx: &Context) {
    if cx.options.jitless || !machine::SUPPORTED || !tercel_code::SUPPORTED {
        return;
    }
    let jit =
        Jit { space: None, denied: false, next_id: 0, live: FxHashMap::default(), statistics: Statistics::default() };
    cx.set_tiers(&HOOKS, Box::new(RefCell::new(jit)));
}

/// What the compiler of this context did; `None` if it has none.
pub fn statistics(cx: &Context) -> Option<Statistics> {
    let jit = state(cx)?.borrow();
    let mut statistics = jit.statistics.clone();
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
            match open_space(cx) {
                Ok(space) => self.space = Some(space),
                Err(_) => {
                    self.denied = true;
                    return Err(Refusal::NoExecutableMemory);
                }
            }
        }
        self.space.as_mut().ok_or(Refusal::NoExecutableMemory)
    }

    fn publish(&mut self, cx: &Context, compiled: Compiled) -> Result<*const MachineCode, Refusal> {
        let size = compiled.image.code.len();
        let space = self.space(cx)?;
        let code = space.publish_image(compiled.image).map_err(|e| match e {
            CodeError::Exhausted { .. } => Refusal::BudgetExhausted,
            CodeError::Invalid { .. } => Refusal::TooLarge,
            _ => Refusal::NoExecutableMemory,
        })?;
        let base = space.get(code).map_or(0, |object| object.entry() as usize);
        let absolute = |table: Vec<(u32, u32)>| -> Box<[(u32, usize)]> {
            table.into_iter().map(|(pc, offset)| (pc, base + offset as usize)).collect()
        };
        let id = self.next_id;
        self.next_id += 1;
        let machine = Box::new(MachineCode {
            entry: base + compiled.entry as usize,
            filled: base + compiled.filled as usize,
            resume: absolute(compiled.resume),
            inside: absolute(compiled.inside),
            size,
            id,
        });
        let address: *const MachineCode = &raw const *machine;
        self.live.insert(id, Live { code, machine });
        let statistics = &mut self.statistics;
        statistics.functions += 1;
        statistics.instructions += u64::from(compiled.instructions);
        statistics.bytecode_bytes += compiled.bytecode_bytes;
        statistics.code_bytes += size as u64;
        Ok(address)
    }
}

/// Reserves executable memory and publishes what all code needs.
fn open_space(cx: &Context) -> Result<CodeSpace, CodeError> {
    let default = CodeConfig::default();
    let mut space = CodeSpace::new(CodeConfig { budget: cx.options.code_limit, ..default })?;
    if cx.options.fail_code_alloc {
        space.refuse_all(true);
    }
    symbols::define_all(&mut space);
    stubs::publish(&mut space)?;
    Ok(space)
}

fn compile(cx: &Context, code: Gc<CodeBlock>) -> Option<*const MachineCode> {
    let start = Instant::now();
    let mut jit = state(cx)?.borrow_mut();
    let result = if jit.denied {
        Err(Refusal::NoExecutableMemory)
    } else {
        cx.prepare_code(code);
        baseline::compile(cx, code).and_then(|compiled| jit.publish(cx, compiled))
    };
    jit.statistics.time += start.elapsed();
    match result {
        Ok(machine) => Some(machine),
        Err(refusal) => {
            *jit.statistics.refused.entry(refusal).or_default() += 1;
            None
        }
    }
}

fn release(cx: &Context, machine: *const MachineCode) {
    let Some(state) = state(cx) else { return };
    let mut jit = state.borrow_mut();
    // SAFETY: the code block that had it was alive until now, and with it this record.
    let id = unsafe { (*machine).id };
    if let Some(live) = jit.live.remove(&id) {
        debug_assert!(std::ptr::eq(&raw const *live.machine, machine));
        if let Some(space) = &mut jit.space {
            space.retire(live.code);
        }
    }
}

fn after_collection(_: &Context) {}
