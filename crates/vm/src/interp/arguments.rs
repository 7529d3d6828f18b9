//! Arguments objects and rest parameters.

use super::Pc;
use crate::context::Context;
use crate::error::JsResult;
use crate::frame::{Frame, HEADER};
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

#[inline(never)]
pub fn create_arguments(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CreateArguments = pc.decode();
    let count = frame.argc();
    let values = cx.new_dense_elements(count, |n| argument(frame, n))?;
    let object = cx.new_unmapped_arguments(values, count, if i.sloppy.0 != 0 { Some(frame.callee()) } else { None });
    frame.set(i.dst.0 as usize, object.into());
    Ok(())
}

#[inline(never)]
pub fn create_mapped_arguments(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CreateMappedArguments = pc.decode();
    let count = frame.argc();
    let mapped = &frame.code().template().mapped_params;
    let values = cx.new_dense_elements(count, |n| argument(frame, n))?;
    let scope = frame.get(i.scope.0 as usize);
    let map = cx.new_value_array(count);
    for n in 0..count {
        let slot = mapped.get(n).copied().filter(|&slot| slot != u16::MAX);
        map.set(cx, n, slot.map_or(Value::EMPTY, |slot| Value::int32(slot as i32)));
    }
    let object = cx.new_mapped_arguments(values, count, frame.callee(), scope, map);
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
