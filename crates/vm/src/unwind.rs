//! Unwinding: from a throw to the nearest handler, or out of the segment.
//!
//! The pending exception is in the context; the walk starts at the innermost frame and its pc. Frames are popped as it goes, so that when
//! it stops, the innermost frame is the one with the handler, or the caller of the entry frame. A termination passes all handlers: no
//! `finally` block runs, and the engine can be used afterwards.

use crate::context::Context;
use crate::frame::{self, flag};

/// Finds the handler. `true`: the interpreter goes on at `Interp::frame` and `Interp::pc`; `false`: the exception leaves the
/// segment, whose entry frame has been popped.
#[inline(never)]
pub(crate) fn unwind(cx: &Context) -> bool {
    let state = &cx.interp;
    let mut frame = state.frame.get();
    let mut pc = frame.code().offset_of(state.pc.get());
    let catchable = !cx.is_terminating();
    loop {
        let code = frame.code();
        if catchable && let Some(handler) = code.template().handler_at(pc as u32) {
            frame.set(handler.dst as usize, cx.take_exception());
            state.frame.set(frame);
            // The handler lies in the code (verifier).
            state.pc.set(code.code().wrapping_add(handler.target as usize));
            return true;
        }
        let caller = frame.caller();
        state.frame.set(caller);
        if frame.has_flag(flag::ENTRY) {
            return false;
        }
        pc = frame.link().return_pc() - 1;
        frame = caller;
    }
}

/// Returns `Interp::result` from the innermost frame. `false`: it was the segment's entry frame.
#[inline(never)]
pub(crate) fn return_result(cx: &Context) -> bool {
    let state = &cx.interp;
    let frame = state.frame.get();
    let caller = frame.caller();
    if frame.has_flag(flag::CONSTRUCT) && !state.result.get().is_object() {
        state.result.set(frame.get(frame::THIS));
    }
    state.frame.set(caller);
    if frame.has_flag(flag::ENTRY) {
        return false;
    }
    caller.set(frame.result_register(), state.result.get());
    state.pc.set(caller.code().code().wrapping_add(frame.link().return_pc()));
    true
}
