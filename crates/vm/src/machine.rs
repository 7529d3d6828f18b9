//! The seam between Rust and machine code: how compiled code is entered and left, on x86-64.
//!
//! # Registers inside machine code
//!
//! | register | holds |
//! |---|---|
//! | rbx | the VM frame |
//! | r12 | the context |
//! | r13 | the feedback sites of the running function |
//! | r14 | the tag of int32 values |
//! | r15 | the mask of values that are no cells |
//! | rbp | the native frame: {saved rbp, return address} at rbp and rbp + 8 |
//! | rsp | rbp, between instructions: a multiple of 16 |
//!
//! Everything else is free between bytecode instructions. Calls of Rust follow the System V ABI, which keeps rbx, rbp and r12–r15, so that
//! a helper's caller finds its registers as they were. Calls of other machine code keep r12, r14, r15 and rbp; rbx comes back as the *callee's* frame.
//!
//! The result of a function is in rax. A throw jumps to `throw_stub`: it has the unwinder find the handler's native frame and goes on there.

use crate::cell::Gc;
use crate::code::{CodeBlock, code_flag};
use crate::context::Context;
use crate::frame::{Frame, flag};
use crate::interp::entry::{SegmentExit, stack_pointer};
use crate::interrupt;
use crate::tier::run_frames;
use crate::unwind;

/// How machine code or a run of frames ended.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Left {
    /// The result.
    pub value: u64,
    /// One of [`status`].
    pub status: u64,
}

/// [`Left::status`].
pub mod status {
    /// Returned: the result is in `value`.
    pub const RETURNED: u64 = 0;
    /// Threw; the frame is still there.
    pub const THREW: u64 = 1;
    /// Threw before the frame was made: the caller is the innermost frame.
    pub const NOT_ENTERED: u64 = 2;
}

/// Whether this build can run machine code.
pub const SUPPORTED: bool = cfg!(all(target_arch = "x86_64", unix));

#[cfg(all(target_arch = "x86_64", unix))]
mod stubs {
    use super::{Context, Frame, Left, machine_call, machine_resume, machine_throw};
    use crate::ic::IcStub;
    use crate::interp::Interp;
    use crate::value::{INT32_TAG, NOT_CELL_MASK};
    use std::arch::naked_asm;
    use std::mem::offset_of;

    const FRAME: usize = offset_of!(Context, interp) + offset_of!(Interp, frame);

    /// Enters machine code at `target` with the innermost frame `frame`, and comes back when that frame has returned or thrown.
    ///
    /// # Safety
    /// `target` is an entry of the frame's machine code that makes its own native frame.
    #[unsafe(naked)]
    pub unsafe extern "C" fn enter_machine(cx: &Context, frame: Frame, target: usize) -> Left {
        naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "push rbx",
            "push r12",
            "push r13",
            "push r14",
            "push r15",
            "sub rsp, 8",
            "mov r12, rdi",
            "mov rbx, rsi",
            "mov r14, {tag}",
            "mov r15, {mask}",
            "call rdx",
            "xor edx, edx",
            "lea rsp, [rbp - 40]",
            "pop r15",
            "pop r14",
            "pop r13",
            "pop r12",
            "pop rbx",
            "pop rbp",
            "ret",
            tag = const INT32_TAG as i64,
            mask = const NOT_CELL_MASK as i64,
        )
    }

    /// Where the unwinder leaves machine code: rbp is that of [`enter_machine`].
    #[unsafe(naked)]
    pub unsafe extern "C" fn leave_throwing() {
        naked_asm!(
            "mov edx, 1",
            "lea rsp, [rbp - 40]",
            "pop r15",
            "pop r14",
            "pop r13",
            "pop r12",
            "pop rbx",
            "pop rbp",
            "ret",
        )
    }

    /// A throw in machine code, whose native frame is at rbp; `Interp::frame` and `Interp::pc` say where.
    #[unsafe(naked)]
    pub unsafe extern "C" fn throw_stub() {
        naked_asm!(
            "mov rsp, rbp",
            "mov rdi, r12",
            "mov rsi, rbp",
            "call {throw}",
            "mov rbp, rdx",
            "mov rsp, rdx",
            "mov rbx, [r12 + {frame}]",
            "jmp rax",
            throw = sym machine_throw,
            frame = const FRAME,
        )
    }

    /// The entry of functions without machine code: a call whose header and arguments are in place runs in the interpreter.
    #[unsafe(naked)]
    pub unsafe extern "C" fn interpret_entry() {
        naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "mov rdi, r12",
            "mov rsi, rbx",
            "call {call}",
            "test edx, edx",
            "jnz 2f",
            "pop rbp",
            "ret",
            "2:",
            "cmp edx, 2",
            "jne {throw}",
            "pop rbp",
            "add rsp, 8",
            "jmp {throw}",
            call = sym machine_call,
            throw = sym throw_stub,
        )
    }

    /// Runs the innermost frame from `Interp::pc` on in the interpreter, in a native frame of its own.
    #[unsafe(naked)]
    pub unsafe extern "C" fn interpret_resume() {
        naked_asm!("push rbp", "mov rbp, rsp", "jmp {inside}", inside = sym interpret_inside)
    }

    /// The same in the native frame that it has.
    #[unsafe(naked)]
    pub unsafe extern "C" fn interpret_inside() {
        naked_asm!(
            "mov rsp, rbp",
            "mov rdi, r12",
            "mov rsi, 0",
            "call {resume}",
            "test edx, edx",
            "jnz {throw}",
            "pop rbp",
            "ret",
            resume = sym machine_resume,
            throw = sym throw_stub,
        )
    }

    /// As [`interpret_resume`], and the pending exception is thrown there.
    #[unsafe(naked)]
    pub unsafe extern "C" fn interpret_throwing() {
        naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "mov rdi, r12",
            "mov rsi, 1",
            "call {resume}",
            "test edx, edx",
            "jnz {throw}",
            "pop rbp",
            "ret",
            resume = sym machine_resume,
            throw = sym throw_stub,
        )
    }

    /// The code of a stub without code of its own: goes on to the next stub of the site. rdi: the stub. At the end of the list rax = empty.
    #[unsafe(naked)]
    pub unsafe extern "C" fn next_stub() {
        naked_asm!(
            "mov rdi, [rdi + {next}]",
            "test rdi, rdi",
            "jz 2f",
            "jmp [rdi + {code}]",
            "2:",
            "xor eax, eax",
            "ret",
            next = const offset_of!(IcStub, next),
            code = const offset_of!(IcStub, code),
        )
    }

    /// The function at the top of the stack has returned rax to a caller in machine code that called it through a helper: pops the frame and
    /// stores the result where the frame says, then returns to that code. rbx: the frame that returned.
    #[unsafe(naked)]
    pub unsafe extern "C" fn take_result() {
        naked_asm!(
            "mov rcx, [rbx + 24]",
            "mov rdx, [rbx + 8]",
            "shr rdx, 28",
            "and edx, 0xfffff",
            "shl rdx, 3",
            "sub rbx, rdx",
            "shr rcx, 24",
            "movzx ecx, cx",
            "mov [rbx + rcx*8], rax",
            "ret",
        )
    }
}

#[cfg(all(target_arch = "x86_64", unix))]
pub use stubs::{
    enter_machine, interpret_entry, interpret_inside, interpret_resume, interpret_throwing, leave_throwing, next_stub,
    take_result, throw_stub,
};

#[cfg(not(all(target_arch = "x86_64", unix)))]
mod none {
    //! Builds without machine code: nothing of this is ever reached, because no compiler can be installed.
    use super::{Context, Frame, Left};

    pub unsafe fn enter_machine(_: &Context, _: Frame, _: usize) -> Left {
        Left { value: 0, status: super::status::THREW }
    }
    pub unsafe extern "C" fn interpret_entry() {}
    pub unsafe extern "C" fn interpret_inside() {}
    pub unsafe extern "C" fn interpret_resume() {}
    pub unsafe extern "C" fn interpret_throwing() {}
    pub unsafe extern "C" fn leave_throwing() {}
    pub unsafe extern "C" fn next_stub() {}
}
#[cfg(not(all(target_arch = "x86_64", unix)))]
pub use none::*;

/// Where machine code goes on after a throw.
#[derive(Clone, Copy)]
#[repr(C)]
struct Landing {
    target: usize,
    rbp: usize,
}

/// Calls in machine code of functions that have none: the header and the arguments are in place.
extern "C" fn machine_call(cx: &Context, frame: Frame) -> Left {
    const NOT_ENTERED: Left = Left { value: 0, status: status::NOT_ENTERED };
    let state = &cx.interp;
    let code = frame.code();
    state.exit_sp.set(stack_pointer());
    // Whatever goes wrong here goes wrong in the caller.
    let caller = frame.caller();
    state.frame.set(caller);
    state.pc.set(caller.code().code().wrapping_add(frame.link().return_pc() - 1));
    if code.has(code_flag::CLASS) && !frame.has_flag(flag::CONSTRUCT) {
        let _ = cx.throw_class_called(frame.function());
        return NOT_ENTERED;
    }
    cx.prepare_code(code);
    if cx.fill_called_frame(frame, code).is_err() {
        return NOT_ENTERED;
    }
    state.frame.set(frame);
    state.pc.set(code.code());
    if interrupt::poll_if_needed(cx).is_err() {
        return Left { value: 0, status: status::THREW };
    }
    run(cx, false)
}

/// Runs the innermost frame from `Interp::pc` on, in the interpreter first.
extern "C" fn machine_resume(cx: &Context, throwing: usize) -> Left {
    cx.interp.frame.get().set_flags(flag::MACHINE);
    run(cx, throwing != 0)
}

fn run(cx: &Context, throwing: bool) -> Left {
    match run_frames(cx, throwing) {
        SegmentExit::Return => Left { value: cx.interp.result.get().bits(), status: status::RETURNED },
        _ => Left { value: 0, status: status::THREW },
    }
}

/// Finds where a throw in machine code is caught, and pops the frames up to there. `rbp`: the native frame of the innermost VM frame.
///
/// The prologue of machine code and the stubs above make the chain: `[rbp]` is the caller's rbp.
extern "C" fn machine_throw(cx: &Context, rbp: usize) -> Landing {
    let state = &cx.interp;
    let mut rbp = rbp;
    let mut frame = state.frame.get();
    let mut pc = frame.code().offset_of(state.pc.get());
    loop {
        if let Some(target) = unwind::catch_in(cx, frame, pc) {
            let target = match frame.code().machine_code().and_then(|m| m.inside_at(target)) {
                Some(address) => address,
                None => interpret_inside as *const () as usize,
            };
            return Landing { target, rbp };
        }
        debug_assert!(frame.has_flag(flag::MACHINE));
        // SAFETY: a frame with the flag MACHINE has a native frame, and `rbp` is it.
        rbp = unsafe { *(rbp as *const usize) };
        if frame.has_flag(flag::TRAMPOLINE) {
            state.frame.set(frame);
            return Landing { target: leave_throwing as *const () as usize, rbp };
        }
        pc = frame.link().return_pc() - 1;
        frame = frame.caller();
        state.frame.set(frame);
    }
}

/// The address that a code block without machine code has as its entry.
pub fn default_entry() -> usize {
    interpret_entry as *const () as usize
}

/// The address of [`next_stub`].
#[inline(always)]
pub fn next_stub_code() -> usize {
    next_stub as *const () as usize
}

/// Where a frame that a helper pushed is entered: in its machine code, if it has any, or in the interpreter.
pub(crate) fn entry_of_pushed(cx: &Context, frame: Frame) -> usize {
    frame.set_flags(flag::MACHINE);
    let code: Gc<CodeBlock> = frame.code();
    let pc = code.offset_of(cx.interp.pc.get());
    let machine = if code.heat.get() <= 0 { crate::tier::hot_code(cx, code, false) } else { None };
    match machine.and_then(|m| m.entry_at(pc)) {
        Some(target) => target,
        None => interpret_resume as *const () as usize,
    }
}

/// Where a frame that was replaced in place (a tail call, a coroutine that goes on) is continued: it has its native frame.
pub(crate) fn place_inside(cx: &Context, frame: Frame) -> usize {
    let code: Gc<CodeBlock> = frame.code();
    let pc = code.offset_of(cx.interp.pc.get());
    let machine = if code.heat.get() <= 0 { crate::tier::hot_code(cx, code, false) } else { None };
    match machine.and_then(|m| m.inside_at(pc)) {
        Some(target) => target,
        None => interpret_inside as *const () as usize,
    }
}
