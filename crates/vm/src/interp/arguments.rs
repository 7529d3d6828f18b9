//! Arguments objects and rest parameters.

use super::Pc;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::frame::{Frame, HEADER};
use crate::list::ValueList;
use crate::object::Object;
use crate::realm::Intrinsic;
use crate::scope::Scope;
use crate::shape::{CONFIGURABLE, WRITABLE};
use crate::value::Value;
use std::cell::Cell;
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

/// The arguments as one slice: in their registers, or gathered in a list.
fn with_arguments<R>(cx: &Context, frame: Frame, body: impl FnOnce(&[Cell<Value>]) -> R) -> R {
    let count = frame.argc();
    if count <= frame.code().num_params() {
        // SAFETY: `count` parameters lie in a row from the first on.
        return body(unsafe { std::slice::from_raw_parts(frame.0.add(HEADER).cast(), count) });
    }
    let list = ValueList::with_capacity(cx, count);
    for n in 0..count {
        list.push(argument(frame, n));
    }
    body(list.cells())
}

/// An arguments object of sloppy code whose parameters alias nothing: as a mapped one, `callee` is the function.
fn new_sloppy_arguments(cx: &Context, callee: Value, args: &[Cell<Value>]) -> JsResult<Gc<Object>> {
    let names = cx.names();
    let mut shape = cx.root_shape(Some(cx.intrinsic(Intrinsic::ObjectPrototype)), Kind::Arguments, 3);
    for key in [names.length, names.symbol_iterator, names.callee] {
        shape = shape.add_transition(cx, key, WRITABLE | CONFIGURABLE);
    }
    let object = cx.new_object_of_shape(shape);
    let elements = cx.new_dense_elements(args.len(), |n| args[n].get())?;
    object.set_elements(cx, elements);
    let values = [Value::length(args.len()), cx.intrinsic(Intrinsic::ArrayValues).into(), callee];
    for (key, v) in [names.length, names.symbol_iterator, names.callee].into_iter().zip(values) {
        if let Some(entry) = shape.lookup(cx, key) {
            object.set_slot(cx, entry.location, v);
        }
    }
    Ok(object)
}

#[inline(never)]
pub fn create_arguments(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CreateArguments = pc.decode();
    let callee = frame.callee();
    let object = with_arguments(cx, frame, |args| {
        if i.sloppy.0 != 0 { new_sloppy_arguments(cx, callee, args) } else { cx.new_unmapped_arguments(args) }
    })?;
    frame.set(i.dst.0 as usize, object.into());
    Ok(())
}

#[inline(never)]
pub fn create_mapped_arguments(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CreateMappedArguments = pc.decode();
    let callee = frame.callee();
    let scope: Gc<Scope> = frame.get(i.scope.0 as usize).as_kind(Kind::Scope).expect("the operand is a scope");
    let mapped = &frame.code().template().mapped_params;
    let object = with_arguments(cx, frame, |args| cx.new_mapped_arguments(callee, args, scope, mapped))?;
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
