//! Arguments objects and rest parameters.

use super::Pc;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::frame::{Frame, HEADER};
use crate::scope::Scope;
use crate::value::Value;
use tercel_bytecode::op::instr;

/// Argument `i` of the frame: in its parameter's register, or above the registers.
///
/// Parameters are still what the caller passed when these ops run: they come first in the prologue.
#[inline(always)]
pub fn argument(frame: Frame, i: usize) -> Value {
    let code = frame.code();
    let params = code.num_params();
    if i < params { frame.get(HEADER + i) } else { frame.get(code.num_registers() + i - params) }
}

/// All arguments. Nothing that takes them runs script, and allocation does not collect: they need no root but the frame.
fn arguments(frame: Frame) -> impl ExactSizeIterator<Item = Value> {
    (0..frame.argc()).map(move |n| argument(frame, n))
}

#[inline(never)]
pub fn create_arguments(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CreateArguments = pc.decode();
    let object = match i.sloppy.0 {
        0 => cx.new_unmapped_arguments(arguments(frame))?,
        _ => cx.new_sloppy_arguments(frame.callee(), arguments(frame))?,
    };
    frame.set(i.dst.0 as usize, object.into());
    Ok(())
}

#[inline(never)]
pub fn create_mapped_arguments(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CreateMappedArguments = pc.decode();
    let callee = frame.callee();
    let scope: Gc<Scope> = frame.get(i.scope.0 as usize).as_kind(Kind::Scope).expect("the operand is a scope");
    let mapped = &frame.code().template().mapped_params;
    let object = cx.new_mapped_arguments(callee, arguments(frame), scope, mapped)?;
    frame.set(i.dst.0 as usize, object.into());
    Ok(())
}

#[inline(never)]
pub fn create_rest(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CreateRest = pc.decode();
    let first = i.first.0 as usize;
    let count = frame.argc().saturating_sub(first);
    let values = cx.new_dense_elements(count, |n| argument(frame, first + n))?;
    let array = cx.new_array_of_elements(values);
    frame.set(i.dst.0 as usize, array.into());
    Ok(())
}
