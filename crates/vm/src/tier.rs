//! Tiers: when a function gets machine code, what that code is to the rest of the engine, and the loop in which interpreter
//! and machine code take turns.
//!
//! The virtual machine knows no compiler. A host that brings one gives the context a table of functions ([`TierHooks`]); without
//! it everything runs in the interpreter and costs one counter a call.
//!
//! # Who owns which native frame
//!
//! Interpreter and machine code share VM frames bit by bit, so a function may change from one to the other at any instruction
//! that has an entry. What differs is the native stack. One rule covers it:
//!
//! > A VM frame with the flag `MACHINE` has one native frame of its own, {return address, saved rbp}; returning from it is a
//! > native return. A VM frame without the flag is run by the interpreter, in the native frame of whoever runs its caller.
//!
//! ```text
//!   VM stack                       native stack (grows downwards)
//!   f   ENTRY                      enter → run_frames → run_segment           f is interpreted
//!   g   MACHINE|TRAMPOLINE         enter → run_frames → enter_machine → g     f called g, which is compiled
//!   h   MACHINE                    … → g → h                                  a call of machine code by machine code
//!   i   MACHINE                    … → h → interpret_entry → run_frames → …   a call of interpreted code by machine code
//! ```
//!
//! No interpreter loop lies under machine code: [`run_segment`] leaves before machine code is entered. Unwinding walks VM frames; for each one
//! with `MACHINE` it pops one native frame, along the rbp chain; at `TRAMPOLINE` it leaves machine code for [`run_frames`].

use crate::cell::Gc;
use crate::code::{CodeBlock, code_flag};
use crate::context::Context;
use crate::feedback::{Site, SiteState, element_bits, type_bits};
use crate::frame::flag;
use crate::ic::IcStub;
use crate::interp::dispatch::run_segment;
use crate::interp::entry::{SegmentExit, stack_pointer};
use crate::machine;
use crate::unwind;
use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use tercel_bytecode::FeedbackKind;

/// What a compiler offers.
pub struct TierHooks {
    /// A function became warm, or hot: `now`. It is compiled, perhaps with others. One that has machine code asks for better one; frames that run
    /// the old code go on in it, and if there is no better one, it stays.
    pub compile: fn(&Context, Gc<CodeBlock>, now: bool) -> Answer,
    /// The machine code of a stub's program, which is to be compiled if it has none yet. `None`: not published yet. `hit`: the stub has been
    /// interpreted with success, so that its code is wanted now; otherwise it may wait until there are more.
    pub stub_code: fn(&Context, program: &[u8], hit: bool) -> Option<usize>,
    /// After a full collection: code of dead functions may be freed.
    pub after_collection: fn(&Context),
}

/// What a compiler says to a function that asks for code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The function has code ([`CodeBlock::set_machine_code`](Gc::set_machine_code)).
    Done,
    /// Not yet: it may ask again after so many calls.
    Later(i32),
    /// Never, for a reason that the compiler's statistics tell.
    Refused,
}

/// The numbers of machine code whose code blocks have died. Finalizers have no context, so each piece of code leads to the queue itself.
#[derive(Debug, Default)]
pub struct Released(RefCell<Vec<u64>>);

impl Released {
    fn push(&self, id: u64) {
        self.0.borrow_mut().push(id);
    }
    /// Takes all numbers.
    pub fn take(&self) -> Vec<u64> {
        self.0.take()
    }
}

/// Where frames can enter machine code at an instruction: offsets from the function's entry, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct WayIn {
    /// The instruction's unit offset.
    pub pc: u32,
    /// For a frame without a native frame, which this makes.
    pub resume: u32,
    /// For a frame that has its native frame (handlers, restarts).
    pub inside: u32,
}

/// Where the machine code of a function can be entered.
///
/// All entries expect the engine's registers as [`machine`] describes them.
#[derive(Debug)]
#[repr(C)]
pub struct MachineCode {
    /// The function's first instruction: a call that filled in the header and the arguments comes here.
    pub entry: usize,
    /// Entry of a frame whose registers are filled in; makes its own native frame.
    pub filled: usize,
    /// The same for a frame that has its native frame.
    pub filled_inside: usize,
    /// Entries at other instructions, by unit offset. Sorted.
    pub ways_in: Box<[WayIn]>,
    /// Bytes of code.
    pub size: usize,
    /// The compiler's own number for it.
    pub id: u64,
    /// Where the code block's death is reported.
    pub released: Rc<Released>,
    /// The entry that was asked for last: generators come back to where they were.
    pub last_resume: Cell<(u32, usize)>,
    /// For functions that suspend: where they went on lately, for machine code; a row for each value of the low bits of the suspension's place.
    pub resume_cache: Option<Box<[ResumeRow; RESUME_ROWS]>>,
}

/// Rows of [`MachineCode::resume_cache`], a power of two.
pub const RESUME_ROWS: usize = 8;

/// In a [`ResumeRow`]: nothing is stored. (No row is made where a register has this number.)
pub const NO_REGISTER: u16 = u16::MAX;

/// Where a generator goes on.
#[derive(Debug)]
#[repr(C)]
pub struct ResumeRow {
    /// The unit offset of the instruction that suspended it.
    pub pc: Cell<u32>,
    /// The register that gets what it is sent, or [`NO_REGISTER`].
    pub dst: Cell<u16>,
    /// The register that gets the manner of going on, which is `next`: the int32 0; or [`NO_REGISTER`].
    pub mode: Cell<u16>,
    /// The entry behind the instruction, which makes its own native frame.
    pub entry: Cell<usize>,
}

impl Default for ResumeRow {
    fn default() -> ResumeRow {
        ResumeRow {
            pc: Cell::new(u32::MAX),
            dst: Cell::new(NO_REGISTER),
            mode: Cell::new(NO_REGISTER),
            entry: Cell::new(0),
        }
    }
}

impl MachineCode {
    fn way_in(&self, pc: usize) -> Option<&WayIn> {
        self.ways_in.binary_search_by_key(&(pc as u32), |way| way.pc).ok().map(|at| &self.ways_in[at])
    }
    /// The entry for a frame without a native frame that goes on at unit `pc`, which is not the first.
    fn resume_at(&self, pc: usize) -> Option<usize> {
        self.way_in(pc).map(|way| self.entry + way.resume as usize)
    }
    /// The entry for a frame that is filled in and goes on at unit `pc`; makes its own native frame.
    pub fn entry_at(&self, pc: usize) -> Option<usize> {
        if pc == 0 {
            return Some(self.filled);
        }
        let (last, entry) = self.last_resume.get();
        if last as usize == pc {
            return Some(entry);
        }
        let entry = self.resume_at(pc)?;
        self.last_resume.set((pc as u32, entry));
        Some(entry)
    }
    /// A generator that was suspended at unit `pc` goes on at `next`, and gets what it is sent, and how, in these registers.
    #[inline]
    pub(crate) fn note_resumed(&self, pc: u32, next: usize, dst: Option<u16>, mode: Option<u16>) {
        let Some(rows) = &self.resume_cache else { return };
        let row = &rows[pc as usize % RESUME_ROWS];
        if row.pc.get() != pc
            && dst != Some(NO_REGISTER)
            && mode != Some(NO_REGISTER)
            && let Some(entry) = self.resume_at(next)
        {
            row.pc.set(pc);
            row.dst.set(dst.unwrap_or(NO_REGISTER));
            row.mode.set(mode.unwrap_or(NO_REGISTER));
            row.entry.set(entry);
        }
    }
    /// The code block is finalized.
    pub(crate) fn release(&self) {
        self.released.push(self.id);
    }
    /// The place of unit `pc` for a frame that has a native frame.
    pub fn inside_at(&self, pc: usize) -> Option<usize> {
        if pc == 0 { Some(self.filled_inside) } else { self.way_in(pc).map(|way| self.entry + way.inside as usize) }
    }
}

/// The thresholds' value for never.
pub const NEVER: i32 = i32::MAX;

/// What the context knows of tiers.
#[derive(Default)]
pub struct Tiers {
    pub hooks: Cell<Option<&'static TierHooks>>,
    /// The compiler's state.
    pub state: OnceCell<Box<dyn Any>>,
    /// Calls before a function is compiled; [`NEVER`] without a compiler.
    pub call_threshold: Cell<i32>,
    /// Iterations of a loop before its function is compiled.
    pub loop_threshold: Cell<u32>,
    /// The address that `run_segment` found for the frame that it leaves to machine code.
    pub target: Cell<usize>,
    /// There is machine code, which can use compiled stubs.
    pub compiles_stubs: Cell<bool>,
}

impl Tiers {
    /// No compiler.
    pub fn new() -> Tiers {
        let tiers = Tiers::default();
        tiers.call_threshold.set(NEVER);
        tiers.loop_threshold.set(u32::MAX);
        tiers
    }
}

impl Context {
    /// Gives the engine a compiler. Before the first script.
    pub fn set_tiers(&self, hooks: &'static TierHooks, state: Box<dyn Any>) {
        let tiers = &self.interp.tiers;
        if tiers.state.set(state).is_ok() {
            tiers.hooks.set(Some(hooks));
            let thresholds = self.options.thresholds;
            let (calls, iterations) = match self.options.always_baseline {
                true => (0, 0),
                false => (thresholds.baseline_calls, thresholds.baseline_iterations),
            };
            tiers.call_threshold.set(i32::try_from(calls).unwrap_or(NEVER));
            tiers.loop_threshold.set(if self.options.no_osr && !self.options.always_baseline {
                u32::MAX
            } else {
                iterations
            });
        }
    }
}

/// The machine code of a block that may have become hot, if it has been compiled or is compiled now; `now`: it need not wait for others.
#[cold]
#[inline(never)]
pub(crate) fn hot_code<'a>(cx: &Context, code: Gc<CodeBlock>, now: bool) -> Option<&'a MachineCode> {
    if let Some(machine) = code.machine_code() {
        return Some(machine);
    }
    let tiers = &cx.interp.tiers;
    let hooks = tiers.hooks.get()?;
    if code.has(code_flag::REFUSED) {
        code.heat.set(NEVER);
        return None;
    }
    match (hooks.compile)(cx, code, now) {
        Answer::Done => {}
        Answer::Later(calls) => code.heat.set(calls),
        Answer::Refused => code.refuse(),
    }
    code.machine_code()
}

/// How often machine code is made anew at most.
const MOST_RENEWALS: u8 = 3;
/// Stub calls for each unit of bytecode that take about as long as compiling it: who waits so long before paying for what would have been better from the
/// start pays at most twice. The next time the wait is longer by a factor.
const STUB_CALLS_PER_UNIT: usize = 24;
const LONGER_WAIT: usize = 8;

/// Stub calls before it is asked whether the function's code should be made anew.
fn patience(cx: &Context, code: Gc<CodeBlock>) -> i32 {
    let units = code.template().code.len();
    let calls = if cx.options.always_baseline { units } else { units * STUB_CALLS_PER_UNIT };
    i32::try_from(calls.saturating_mul(LONGER_WAIT.pow(u32::from(code.renewals.get())))).unwrap_or(i32::MAX)
}

/// How much the sites have learned that is written into code: it grows with each way that code can go.
fn knowledge(code: Gc<CodeBlock>) -> u32 {
    let of_site = |site: &Site| match site.state.get() {
        SiteState::Uninitialized => u32::from(site.misses.get() != 0),
        SiteState::Monomorphic => 2,
        SiteState::Polymorphic => 3,
        SiteState::Megamorphic => 4,
    };
    let of_element = |site: &Site| {
        // What has code of its own where it has been met; of typed arrays, two types.
        const OF_THEIR_OWN: u8 = element_bits::HOLE_OR_OUTSIDE | element_bits::NAME | element_bits::OTHER;
        let types = if site.bits.get() & element_bits::TYPED != 0 { site.aux.get().count_ones() } else { 0 };
        (site.bits.get() & OF_THEIR_OWN).count_ones() + types.min(2)
    };
    let of_kind = |(site, kind): (&Site, &FeedbackKind)| match kind {
        FeedbackKind::GetNamed | FeedbackKind::SetNamed | FeedbackKind::Call => of_site(site),
        FeedbackKind::GetElem | FeedbackKind::SetElem => of_element(site),
        FeedbackKind::GetGlobal | FeedbackKind::SetGlobal => u32::from(site.bits.get() != 0),
        FeedbackKind::Arith | FeedbackKind::Compare => u32::from(site.bits.get() & type_bits::DOUBLE),
        _ => 0,
    };
    code.all_sites().iter().zip(&code.template().slots).map(of_kind).sum()
}

/// A function has got machine code: from now on its stub calls count.
pub(crate) fn note_knowledge(cx: &Context, code: Gc<CodeBlock>) {
    code.known.set(knowledge(code));
    code.late.set(patience(cx, code));
}

/// A function's machine code has called stubs so often that it may have been made too early: sites that were cold then call stubs for good. If they have
/// learned something since, it is made anew.
#[cold]
pub(crate) fn stubs_called_often(cx: &Context, code: Gc<CodeBlock>) {
    code.late.set(patience(cx, code));
    if code.renewals.get() < MOST_RENEWALS
        && code.machine_code().is_some()
        && knowledge(code) > code.known.get()
        && let Some(hooks) = cx.interp.tiers.hooks.get()
    {
        (hooks.compile)(cx, code, false);
    }
}

/// A stub was made: it gets the code of its program, if that is published.
#[inline]
pub(crate) fn stub_attached(cx: &Context, stub: Gc<IcStub>) {
    if cx.interp.tiers.compiles_stubs.get() {
        find_stub_code(cx, stub, false);
    }
}

/// A stub without code has hit.
#[inline]
pub(crate) fn stub_hit(cx: &Context, stub: Gc<IcStub>) {
    if cx.interp.tiers.compiles_stubs.get() {
        find_stub_code(cx, stub, true);
    }
}

#[cold]
#[inline(never)]
fn find_stub_code(cx: &Context, stub: Gc<IcStub>, hit: bool) {
    if let Some(hooks) = cx.interp.tiers.hooks.get()
        && let Some(code) = (hooks.stub_code)(cx, stub.program(), hit)
    {
        stub.code.set(code);
    }
}

/// Where machine code goes on with the innermost frame, at `Interp::pc`, if it is hot and has an entry there. If not, and the frame is at its
/// function's start, this is a call in the interpreter, and counts as one.
#[inline]
pub(crate) fn begin_innermost(cx: &Context) -> Option<usize> {
    let state = &cx.interp;
    let code = state.frame.get().code();
    let starts = state.pc.get() == code.code();
    if starts {
        code.heat.set(code.heat.get().saturating_sub(1));
    }
    if code.heat.get() <= 0
        && let Some(target) = hot_code(cx, code, false).and_then(|m| m.entry_at(code.offset_of(state.pc.get())))
    {
        return Some(target);
    }
    if starts {
        code.calls.set(code.calls.get().wrapping_add(1));
    }
    None
}

/// Where machine code goes on at a loop's head, after many iterations.
#[cold]
#[inline(never)]
pub(crate) fn target_of_loop(cx: &Context, code: Gc<CodeBlock>, head: usize) -> Option<usize> {
    if code.has(code_flag::REFUSED) {
        return None;
    }
    hot_code(cx, code, true)?.entry_at(head)
}

/// Runs the innermost frame, from `Interp::pc` on, until it returns or throws, in whatever tiers. It has one of the flags ENTRY and
/// MACHINE. `Return`: the value is in `Interp::result`, the frame is popped. `Throw`: the frame is still there, and has no handler.
pub(crate) fn run_frames(cx: &Context, throwing: bool) -> SegmentExit {
    let state = &cx.interp;
    let mut throwing = throwing;
    loop {
        // SAFETY: the innermost frame is a JavaScript function's, and the pc lies in its code.
        match unsafe { run_segment(cx, throwing) } {
            SegmentExit::EnterCode => {}
            exit => return exit,
        }
        let frame = state.frame.get();
        let before = frame.word() & (flag::MACHINE | flag::TRAMPOLINE);
        frame.set_flags(flag::MACHINE | flag::TRAMPOLINE);
        let leaves = before & flag::MACHINE != 0 || frame.has_flag(flag::ENTRY);
        let limit = state.set_machine_limit(state.machine_limit_here(stack_pointer()));
        // SAFETY: the target is an entry of the frame's machine code for a filled frame.
        let left = unsafe { machine::enter_machine(cx, frame, state.tiers.target.get()) };
        state.set_machine_limit(limit);
        throwing = left.status != 0;
        if !throwing {
            state.frame.set(frame);
            state.result.set(crate::value::Value::from_bits(left.value));
            if leaves {
                state.frame.set(frame.caller());
                return SegmentExit::Return;
            }
            // A step of an iteration may call script.
            state.exit_sp.set(stack_pointer());
            throwing = unwind::resume_caller(cx, frame, state.result.get()).is_err();
        } else {
            frame.clear_flags(flag::MACHINE | flag::TRAMPOLINE);
            frame.set_flags(before);
            if leaves {
                return SegmentExit::Throw;
            }
            unwind::pop_throwing(cx, frame);
        }
    }
}
