//! The interpreter's registers, and what its inline handlers do with them.
//!
//! Every function here is inlined into the loop, and no reference to a [`Machine`] reaches one that is not: so its fields
//! are scalars in machine registers, not memory.

use crate::cell::Gc;
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::JsResult;
use crate::feedback::Site;
use crate::frame::Frame;
use crate::interp::entry::SegmentExit;
use crate::interp::{Flow, Interp, Pc};
use crate::value::{INT32_TAG, Value};
use tercel_bytecode::op::Instr;

/// How the loop goes on after an instruction.
pub(super) enum Step {
    /// With the instruction at `Machine::pc`.
    Go,
    /// With a throw of the pending exception in the innermost frame.
    Throw,
    /// With the innermost frame (in `Interp::frame`) at `Interp::pc`.
    Reload,
    /// By returning `Interp::result` from this frame.
    Return,
    /// By leaving the segment.
    Leave(SegmentExit),
}

/// The state of the innermost frame. It describes a frame of a JavaScript function at an instruction of its verified code:
/// registers, constants and slots that the instruction names exist.
pub(super) struct Machine<'a> {
    pub cx: &'a Context,
    pub pc: *const u16,
    pub fp: *mut Value,
    /// The code of the frame's function.
    pub code: Gc<CodeBlock>,
    /// That code's sites.
    sites: *const Site,
}

impl<'a> Machine<'a> {
    /// The innermost frame, which goes on at `Interp::pc`.
    ///
    /// # Safety
    /// The frame is of a JavaScript function, and the pc lies in its verified code.
    #[inline(always)]
    pub unsafe fn innermost(cx: &'a Context) -> Self {
        let frame = cx.interp.frame.get();
        let code = frame.code();
        Machine { cx, pc: cx.interp.pc.get(), fp: frame.0, code, sites: code.sites() }
    }

    /// Goes on in the frame at `fp`, whose code is `code`, at its unit `pc`.
    ///
    /// # Safety
    /// The frame is filled in, and `pc` is an instruction.
    #[inline(always)]
    pub unsafe fn switch(&mut self, fp: *mut Value, code: Gc<CodeBlock>, pc: usize) {
        self.fp = fp;
        self.code = code;
        self.sites = code.sites();
        // SAFETY: the caller's promise.
        self.pc = unsafe { code.code().add(pc) };
        self.state().frame.set(Frame(fp));
    }

    #[inline(always)]
    pub fn state(&self) -> &'a Interp {
        &self.cx.interp
    }

    #[inline(always)]
    pub fn frame(&self) -> Frame {
        Frame(self.fp)
    }

    /// The operands of this instruction, which is an `I`.
    #[inline(always)]
    pub fn decode<I: Instr>(&self) -> I {
        Pc(self.pc).decode()
    }

    #[inline(always)]
    pub fn get(&self, register: u16) -> Value {
        // SAFETY: the register is an operand, or within a run or block that is one.
        unsafe { *self.fp.add(register as usize) }
    }

    #[inline(always)]
    pub fn set(&self, register: u16, v: Value) {
        // SAFETY: as in `get`.
        unsafe { *self.fp.add(register as usize) = v }
    }

    #[inline(always)]
    pub fn site(&self, slot: u32) -> &'a Site {
        // SAFETY: the slot is an operand, and the code lives as long as a frame that runs it.
        unsafe { &*self.sites.add(slot as usize) }
    }

    /// Goes on with the instruction after this one, which is an `I`.
    #[inline(always)]
    pub fn next<I: Instr>(&mut self) -> Step {
        self.jump(I::LEN as i32)
    }

    /// Goes on `distance` units from this instruction.
    #[inline(always)]
    pub fn jump(&mut self, distance: i32) -> Step {
        // SAFETY: the verifier has bounded jumps, and made sure that something follows an instruction that does not end its block.
        self.pc = unsafe { self.pc.offset(distance as isize) };
        Step::Go
    }

    /// Stores the pc for something that may throw, call or collect.
    #[inline(always)]
    pub fn sync(&self) {
        self.state().pc.set(self.pc);
    }

    /// An instruction whose handler goes on with the next one.
    #[inline(always)]
    pub fn simple<I: Instr>(&mut self, handler: impl Fn(&Context, Frame, Pc) -> JsResult<()>) -> Step {
        self.sync();
        match handler(self.cx, self.frame(), Pc(self.pc)) {
            Ok(()) => self.next::<I>(),
            Err(_) => Step::Throw,
        }
    }

    /// An instruction whose handler may take the jump by `distance`.
    #[inline(always)]
    pub fn jumping<I: Instr>(
        &mut self,
        handler: impl Fn(&Context, Frame, Pc) -> JsResult<bool>,
        distance: impl Fn(I) -> i32,
    ) -> Step {
        self.sync();
        match handler(self.cx, self.frame(), Pc(self.pc)) {
            Ok(false) => self.next::<I>(),
            Ok(true) => self.jump(distance(self.decode())),
            Err(_) => Step::Throw,
        }
    }

    /// An instruction whose handler may change frames.
    #[inline(always)]
    pub fn flowing<I: Instr>(&mut self, handler: impl Fn(&Context, Frame, Pc) -> JsResult<Flow>) -> Step {
        self.sync();
        let flow = handler(self.cx, self.frame(), Pc(self.pc));
        self.flow::<I>(flow)
    }

    #[inline(always)]
    pub fn flow<I: Instr>(&mut self, flow: JsResult<Flow>) -> Step {
        match flow {
            Ok(Flow::Next) => self.next::<I>(),
            Ok(Flow::Reload) => Step::Reload,
            Ok(Flow::Return) => Step::Return,
            Err(_) => Step::Throw,
        }
    }
}

/// Whether both values are int32: the tags of both have all bits set.
#[inline(always)]
pub(super) fn both_int(a: Value, b: Value) -> bool {
    a.bits() & b.bits() >= INT32_TAG
}

#[inline(always)]
pub(super) fn both_number(a: Value, b: Value) -> bool {
    a.is_number() && b.is_number()
}

/// The right operand of a binary instruction: a register, or an immediate.
macro_rules! right {
    ($m:ident, $i:ident, reg) => {
        $m.get($i.b.0)
    };
    ($m:ident, $i:ident, imm) => {
        Value::int32($i.imm.0 as i32)
    };
}
pub(super) use right;
