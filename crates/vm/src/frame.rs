//! Frames on the VM stack: their layout, the two header words that the VM keeps for itself, and the walk from frame to frame.
//!
//! A frame is a window of values; register `n` is `fp[n]`:
//!
//! ```text
//!   fp[0]  callee       the function object that runs (JavaScript or native)
//!   fp[1]  link         where to go on in the caller: return pc, and the distance to the caller's frame
//!   fp[2]  env          the scope that the callee captured
//!   fp[3]  call word    argument count, the caller's result register, flags
//!   fp[4]  new.target
//!   fp[5]  this
//!   fp[6]  parameters, locals, temporaries; then extra arguments, if the template asks for them
//! ```
//!
//! A call block lies at the top of the caller's live registers and *becomes* the callee's frame, so nothing is copied.
//!
//! Invariants:
//! - Every register of a frame holds a valid `Value` at every safepoint. The link and the call word carry the tag of
//!   int32 values, so the collector passes over them.
//! - No word in a frame is an absolute address inside the VM stack: frames may be copied away and back (generators).
//! - The top of the stack is computed from the innermost frame ([`Frame::top`]); no stack pointer is kept anywhere.

use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::function::{Function, NativeFunction};
use crate::value::{INT32_TAG, Value};

pub const CALLEE: usize = 0;
pub const LINK: usize = 1;
pub const ENV: usize = 2;
pub const CALL_WORD: usize = 3;
pub const NEW_TARGET: usize = 4;
pub const THIS: usize = 5;
pub const FIRST_ARG: usize = 6;
/// Registers of the header.
pub const HEADER: usize = 6;

/// Frames of so many registers fit above a frame that has not passed the limit of machine code.
pub const SMALL_FRAME: usize = 64;

/// Largest distance between two frames, in registers; a call that would need more overflows the stack.
pub const MAX_DELTA: usize = (1 << 20) - 1;
/// Largest argument count of a call.
pub const MAX_ARGC: usize = (1 << 20) - 1;

/// The call word's flags.
pub mod flag {
    /// The frame was entered from Rust: returning from it leaves the interpreter.
    pub const ENTRY: u64 = 1 << 40;
    /// `new`: a result that is no object is replaced by `this`.
    pub const CONSTRUCT: u64 = 1 << 41;
    /// A suspended coroutine was copied here to go on.
    pub const RESUMED: u64 = 1 << 42;
    /// The frame is a native function's.
    pub const NATIVE: u64 = 1 << 43;
    /// The frame has a native frame of its own: returning from it is a native return ([`crate::tier`]).
    pub const MACHINE: u64 = 1 << 44;
    /// That native frame was made by the trampoline from Rust.
    pub const TRAMPOLINE: u64 = 1 << 45;
    /// A generator resumed by a step of an iteration (`IterNext`): it gives its value bare, and its state says whether it is done. Empty: the
    /// result object of a `yield*` is in `Interp::delegated`.
    pub const STEP: u64 = 1 << 46;
    /// Returning from it leaves the interpreter's loop.
    pub const LEAVES: u64 = ENTRY | MACHINE;
    /// Returning from it is more than storing the result and going on in the caller.
    pub const SPECIAL_RETURN: u64 = LEAVES | CONSTRUCT;
    /// What a frame that replaces this one (a tail call, a coroutine that goes on) takes over.
    pub const OF_PLACE: u64 = ENTRY | MACHINE | TRAMPOLINE;
}

/// The link word: bits 0–27 the return pc in code units from the start of the caller's code (the instruction after
/// the call), bits 28–47 the distance to the caller's frame in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Link(pub u64);

impl Link {
    #[inline(always)]
    pub const fn new(return_pc: usize, delta: usize) -> Link {
        Link(INT32_TAG | return_pc as u64 | (delta as u64) << 28)
    }
    #[inline(always)]
    pub const fn return_pc(self) -> usize {
        (self.0 & 0xfff_ffff) as usize
    }
    #[inline(always)]
    pub const fn delta(self) -> usize {
        (self.0 >> 28 & 0xf_ffff) as usize
    }
}

/// The call word: bits 0–23 the argument count, bits 24–39 the caller's register for the result, from 40 on [`flag`]s.
#[inline(always)]
pub const fn call_word(argc: usize, dst: u16, flags: u64) -> Value {
    Value::from_bits(INT32_TAG | argc as u64 | (dst as u64) << 24 | flags)
}

/// A frame's base. Copying it copies a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Frame(pub *mut Value);

impl Frame {
    /// The register `i`.
    #[inline(always)]
    pub fn get(self, i: usize) -> Value {
        // SAFETY: a frame names a window of the VM stack, and callers name registers of that window (the bytecode
        // verifier bounds every operand; natives are bounded by their argument count).
        unsafe { *self.0.add(i) }
    }
    #[inline(always)]
    pub fn set(self, i: usize, v: Value) {
        // SAFETY: as in `get`.
        unsafe { *self.0.add(i) = v }
    }
    #[inline(always)]
    pub fn offset(self, i: usize) -> Frame {
        Frame(self.0.wrapping_add(i))
    }
    #[inline(always)]
    pub fn callee(self) -> Value {
        self.get(CALLEE)
    }
    #[inline(always)]
    pub fn link(self) -> Link {
        Link(self.get(LINK).bits())
    }
    #[inline(always)]
    pub fn word(self) -> u64 {
        self.get(CALL_WORD).bits()
    }
    #[inline(always)]
    pub fn argc(self) -> usize {
        (self.word() & 0xff_ffff) as usize
    }
    #[inline(always)]
    pub fn result_register(self) -> usize {
        (self.word() >> 24 & 0xffff) as usize
    }
    #[inline(always)]
    pub fn has_flag(self, flag: u64) -> bool {
        self.word() & flag != 0
    }
    #[inline(always)]
    pub fn set_flags(self, flags: u64) {
        self.set(CALL_WORD, Value::from_bits(self.word() | flags));
    }
    #[inline(always)]
    pub fn clear_flags(self, flags: u64) {
        self.set(CALL_WORD, Value::from_bits(self.word() & !flags));
    }
    #[inline(always)]
    pub fn is_native(self) -> bool {
        self.has_flag(flag::NATIVE)
    }
    #[inline(always)]
    pub fn caller(self) -> Frame {
        Frame(self.0.wrapping_sub(self.link().delta()))
    }

    /// The function that runs; the frame is not native.
    #[inline(always)]
    pub fn function(self) -> Gc<Function> {
        debug_assert!(!self.is_native() && self.callee().kind() == Some(Kind::Function));
        // SAFETY: r0 of a frame without the flag NATIVE is a Function, and no op writes r0.
        unsafe { Gc::from_addr(self.callee().bits() as usize) }
    }
    /// The native function that runs; the frame is native.
    #[inline(always)]
    pub fn native_function(self) -> Gc<NativeFunction> {
        debug_assert!(self.is_native());
        // SAFETY: r0 of a native frame is a NativeFunction.
        unsafe { Gc::from_addr(self.callee().bits() as usize) }
    }
    /// The code that runs; the frame is not native.
    #[inline(always)]
    pub fn code(self) -> Gc<CodeBlock> {
        self.function().code()
    }

    /// How many values the frame takes.
    #[inline]
    pub fn size(self) -> usize {
        if self.is_native() {
            return HEADER + self.argc();
        }
        let code = self.code();
        let extra = if code.keeps_extra_args() { self.argc().saturating_sub(code.num_params()) } else { 0 };
        code.num_registers() + extra
    }
    /// The first free register above the frame.
    #[inline]
    pub fn top(self) -> Frame {
        self.offset(self.size())
    }
}

/// One step of a walk down the stack.
#[derive(Clone, Copy)]
pub struct FrameInfo {
    pub frame: Frame,
    /// For JavaScript frames: a code unit inside the instruction that runs (for callers, the call's last unit).
    pub pc: usize,
}

/// Walks the frames from the innermost outwards, through natives and entries from Rust alike.
pub struct FrameIter {
    next: Option<FrameInfo>,
    base: Frame,
}

impl FrameIter {
    /// From frame `frame`, whose current instruction contains unit `pc`, down to the stack's `base`.
    pub fn new(frame: Frame, pc: usize, base: Frame) -> FrameIter {
        FrameIter { next: (frame != base).then_some(FrameInfo { frame, pc }), base }
    }
}

impl Iterator for FrameIter {
    type Item = FrameInfo;
    fn next(&mut self) -> Option<FrameInfo> {
        let info = self.next?;
        let caller = info.frame.caller();
        self.next = (caller != self.base)
            .then(|| FrameInfo { frame: caller, pc: info.frame.link().return_pc().saturating_sub(1) });
        Some(info)
    }
}
