//! Unwinding: from a throw to the nearest handler, or out of the segment.
//!
//! The pending exception is in the context; the walk starts at the innermost frame and its pc. Frames are popped as it goes, so that when
//! it stops, the innermost frame is the one with the handler, or the one at which the segment ends. A termination passes all handlers: no
//! `finally` block runs, and the engine can be used afterwards.

use crate::context::Context;
use crate::error::JsResult;
use crate::frame::{self, Frame, flag};
use crate::interp::entry::SegmentExit;
use crate::interp::iteration;
use crate::value::Value;

/// Whether the frame, whose current instruction contains unit `pc`, catches the pending exception. If so, it becomes the innermost frame,
/// the exception is in the handler's register, and `Interp::pc` and the result are the handler's beginning.
pub(crate) fn catch_in(cx: &Context, frame: Frame, pc: usize) -> Option<usize> {
    if cx.is_terminating() {
        return None;
    }
    let code = frame.code();
    let handler = code.template().handler_at(pc as u32)?;
    frame.set(handler.dst as usize, cx.take_exception());
    cx.interp.frame.set(frame);
    // The handler lies in the code (verifier).
    cx.interp.pc.set(code.code().wrapping_add(handler.target as usize));
    Some(handler.target as usize)
}

/// Finds the handler among the frames that the interpreter runs by itself. `true`: it goes on at `Interp::frame` and `Interp::pc`; `false`: the
/// exception leaves the segment, whose outermost frame is now the innermost one.
#[inline(never)]
pub(crate) fn unwind(cx: &Context) -> bool {
    let state = &cx.interp;
    let mut frame = state.frame.get();
    let mut pc = frame.code().offset_of(state.pc.get());
    loop {
        if catch_in(cx, frame, pc).is_some() {
            return true;
        }
        if frame.has_flag(flag::LEAVES) {
            state.frame.set(frame);
            state.pc.set(frame.code().code().wrapping_add(pc));
            return false;
        }
        pc = frame.link().return_pc() - 1;
        frame = frame.caller();
        state.frame.set(frame);
    }
}

/// Returns `Interp::result` from the innermost frame; what that throws goes to its handler. If the segment ends with it: how.
#[inline(never)]
pub(crate) fn return_result(cx: &Context) -> Option<SegmentExit> {
    let state = &cx.interp;
    let frame = state.frame.get();
    complete_construct(cx, frame);
    if frame.has_flag(flag::LEAVES) {
        state.frame.set(frame.caller());
        return Some(SegmentExit::Return);
    }
    let threw = resume_caller(cx, frame, state.result.get()).is_err();
    (threw && !unwind(cx)).then_some(SegmentExit::Throw)
}

/// Makes `Interp::result` what `new` gives, if the frame was made by it.
#[inline]
pub(crate) fn complete_construct(cx: &Context, frame: Frame) {
    let result = &cx.interp.result;
    if frame.has_flag(flag::CONSTRUCT) && !result.get().is_object() {
        result.set(frame.get(frame::THIS));
    }
}

/// Pops a frame that has returned: its caller goes on after the call.
///
/// # Errors
/// If the call was a step of an iteration that throws; the caller is the innermost frame then.
pub(crate) fn resume_caller(cx: &Context, frame: Frame, result: Value) -> JsResult<()> {
    if frame.has_flag(flag::STEP) {
        return iteration::take_step(cx, frame, result);
    }
    let state = &cx.interp;
    let caller = frame.caller();
    caller.set(frame.result_register(), result);
    state.frame.set(caller);
    state.pc.set(caller.code().code().wrapping_add(frame.link().return_pc()));
    Ok(())
}

/// Pops a frame that has thrown: its caller is in the middle of the call.
pub(crate) fn pop_throwing(cx: &Context, frame: Frame) {
    let state = &cx.interp;
    let caller = frame.caller();
    state.frame.set(caller);
    state.pc.set(caller.code().code().wrapping_add(frame.link().return_pc() - 1));
}
