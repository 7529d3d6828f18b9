//! Iteration: the fast path over arrays, the protocol's parts that are not spelt out in bytecode, and for-in.

use super::calls::finish;
use super::{Flow, Pc};
use crate::call::{CallSite, prepare_call};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::feedback::element_bits;
use crate::frame::{self, Frame};
use crate::function::{NativeFunction, native_special};
use crate::generator;
use crate::key::PropertyKey;
use crate::native_iterator;
use crate::object::array::ArrayObject;
use crate::object::for_in::ForIn;
use crate::value::Value;
use tercel_bytecode::op::{Instr, instr};

#[inline(never)]
pub fn iter_fast(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::IterFast = pc.decode();
    let site = frame.code().site(i.slot.0 as usize);
    let src = frame.get(i.src.0 as usize);
    if cx.unobservable_array(src).is_none() {
        site.record(element_bits::OTHER);
        return Ok(false);
    }
    site.record(element_bits::VALUE);
    let iter = i.iter.0 as usize;
    frame.set(iter, src);
    frame.set(iter + 1, Value::EMPTY);
    frame.set(iter + 2, Value::ZERO);
    Ok(true)
}

/// The next element of a record on the fast path, if it can be read without script; empty at the end, at holes and for sparse elements.
#[inline(always)]
pub fn next_fast(frame: Frame, iter: usize) -> Value {
    // SAFETY: a record on the fast path holds an array.
    let array: Gc<ArrayObject> = unsafe { Gc::from_addr(frame.get(iter).bits() as usize) };
    let at = frame.get(iter + 2).as_int32() as u32;
    if at >= array.length.get() {
        return Value::EMPTY;
    }
    let v = array.elements().get(at as usize);
    if !v.is_empty() {
        frame.set(iter + 2, Value::int32(at as i32 + 1));
    }
    v
}

/// What a step of a record that is not on the fast path has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stepped {
    /// `dst` is the value.
    Value,
    /// There is none any more.
    End,
    /// Nothing: `next` must be called.
    Protocol,
    /// A generator was resumed, as the innermost frame: [`generator::stepped`] takes what it leaves.
    Resumed,
}

/// A step of a record that is not on the fast path: without a result object, where `next` is the library's for native iterators and generators.
#[inline(never)]
pub fn step(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Stepped> {
    let i: instr::IterNext = pc.decode();
    let iter = i.iter.0 as usize;
    let Some(next) = frame.get(iter + 1).as_kind::<NativeFunction>(Kind::NativeFunction) else {
        return Ok(Stepped::Protocol);
    };
    if next.special.get() == native_special::GENERATOR_NEXT {
        return generator::step(cx, frame, pc, &i);
    }
    let Some(it) = native_iterator::own(cx, frame.get(iter), next) else { return Ok(Stepped::Protocol) };
    match native_iterator::step(cx, it)? {
        Some(value) => {
            frame.set(i.dst.0 as usize, value);
            Ok(Stepped::Value)
        }
        None => Ok(Stepped::End),
    }
}

/// [`step`] for the interpreter: where it jumps, `Interp::pc` says so. (The dispatch loop keeps its registers if it has no ways of its own for this.)
#[inline(never)]
pub fn step_op(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::IterNext = pc.decode();
    let distance = match step(cx, frame, pc)? {
        Stepped::Value => i.body.0,
        Stepped::End => i.done.0,
        Stepped::Protocol => return Ok(Flow::Next),
        Stepped::Resumed => return Ok(Flow::Reload),
    };
    // Targets lie in the code (verifier).
    cx.interp.pc.set(pc.0.wrapping_offset(distance as isize));
    Ok(Flow::Reload)
}

/// The generator that an `IterNext` resumed has left `result`: pops its frame, and goes on where the step leads.
///
/// # Errors
/// What getters of the result object of a `yield*` throw; then the step is the innermost frame's instruction.
pub(crate) fn take_step(cx: &Context, frame: Frame, result: Value) -> JsResult<()> {
    let (state, caller) = (&cx.interp, frame.caller());
    let pc = Pc(caller.code().code().wrapping_add(frame.link().return_pc() - instr::IterNext::LEN));
    state.frame.set(caller);
    state.pc.set(pc.0);
    let i: instr::IterNext = pc.decode();
    let more = generator::stepped(cx, caller, &i, result)?;
    let distance = if more { i.body.0 } else { i.done.0 };
    // Targets lie in the code (verifier).
    state.pc.set(pc.0.wrapping_offset(distance as isize));
    Ok(())
}

/// A step of a record on the fast path that found no plain element: `dst` = the element (`true`), or the end. Errors of getters are
/// left pending with the record's end.
#[inline(never)]
pub fn next_slow(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::IterNext = pc.decode();
    let iter = i.iter.0 as usize;
    let array: Gc<ArrayObject> =
        frame.get(iter).as_kind(Kind::Array).expect("a record on the fast path holds an array");
    let at = frame.get(iter + 2).as_int32() as u32;
    if at >= array.length.get() {
        // The end is remembered: an array that grows afterwards yields nothing more.
        frame.set(iter + 2, Value::int32(-1));
        return Ok(false);
    }
    frame.set(iter + 2, Value::int32(at as i32 + 1));
    let v = array.object().get(cx, PropertyKey::index(at))?;
    frame.set(i.dst.0 as usize, v);
    Ok(true)
}

#[cold]
#[inline(never)]
fn throw_not_iterable(cx: &Context, v: Value, kind: &str) -> Throw {
    let name = cx.blamed_expression();
    let shown = cx.describe(v);
    match name {
        Some(name) => cx.throw_type(format_args!("{name} is not {kind}iterable")),
        None => cx.throw_type(format_args!("{shown} is not {kind}iterable")),
    }
}

#[inline(never)]
pub fn get_iter_method(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::GetIterMethod = pc.decode();
    let v = frame.get(i.src.0 as usize);
    if v.is_nullish() {
        return Err(throw_not_iterable(cx, v, ""));
    }
    let method = match v.as_object() {
        Some(object) => super::property::get_by_cache(cx, object, cx.names().symbol_iterator)?,
        None => cx.get_value(v, cx.names().symbol_iterator)?,
    };
    let v = frame.get(i.src.0 as usize);
    if !cx.is_callable(method) {
        return Err(throw_not_iterable(cx, v, ""));
    }
    frame.set(i.block.0 as usize, method);
    frame.set(i.block.0 as usize + frame::THIS, v);
    Ok(())
}

/// `true`: there is no async iterator method.
#[inline(never)]
pub fn get_async_iter_method(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::GetAsyncIterMethod = pc.decode();
    let v = frame.get(i.src.0 as usize);
    if v.is_nullish() {
        return Err(throw_not_iterable(cx, v, "async "));
    }
    let method = cx.get_value(v, cx.names().symbol_async_iterator)?;
    if method.is_nullish() {
        return Ok(true);
    }
    let v = frame.get(i.src.0 as usize);
    if !cx.is_callable(method) {
        return Err(throw_not_iterable(cx, v, "async "));
    }
    frame.set(i.block.0 as usize, method);
    frame.set(i.block.0 as usize + frame::THIS, v);
    Ok(false)
}

#[inline(never)]
pub fn async_from_sync(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::AsyncFromSync = pc.decode();
    let iter = i.iter.0 as usize;
    let wrapper = crate::iterators::async_from_sync_iterator(cx, frame.get(iter), frame.get(iter + 1));
    frame.set(iter, wrapper.into());
    let next = crate::iterators::async_from_sync_next(cx);
    frame.set(iter + 1, next);
    frame.set(iter + 2, Value::UNDEFINED);
    Ok(())
}

#[inline(never)]
pub fn iter_call(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::IterCall = pc.decode();
    let (iter, block) = (i.iter.0 as usize, i.block.0 as usize);
    let base = frame.offset(block);
    base.set(frame::CALLEE, frame.get(iter + 1));
    base.set(frame::THIS, frame.get(iter));
    let return_pc = frame.code().offset_of(pc.0) + instr::IterCall::LEN;
    let site = CallSite { delta: block, return_pc, dst: i.dst.0, flags: 0 };
    let prepared = match frame.get(iter + 1).as_kind::<NativeFunction>(Kind::NativeFunction) {
        // Nothing lies between a generator and its `next`.
        Some(native) if native.special.get() == native_special::GENERATOR_NEXT => {
            generator::prepare_resume(cx, base, 0, native_special::GENERATOR_NEXT, site)
        }
        _ => prepare_call(cx, base, 0, site),
    };
    finish(cx, frame, i.dst.0, prepared)
}

/// `true`: nothing is to be called.
#[inline(never)]
pub fn get_iter_return(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::GetIterReturn = pc.decode();
    let iter = i.iter.0 as usize;
    if frame.get(iter + 1).is_empty() {
        return Ok(true);
    }
    let method = cx.get_value(frame.get(iter), cx.names().return_)?;
    if method.is_nullish() {
        return Ok(true);
    }
    if !cx.is_callable(method) {
        let shown = cx.describe(method);
        return Err(cx.throw_type(format_args!("{shown} is not a function")));
    }
    frame.set(i.block.0 as usize, method);
    frame.set(i.block.0 as usize + frame::THIS, frame.get(iter));
    Ok(false)
}

/// `true`: there is nothing to loop over.
#[inline(never)]
pub fn for_in_start(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::ForInStart = pc.decode();
    match cx.for_in_start(frame.get(i.src.0 as usize))? {
        Some(state) => {
            frame.set(i.dst.0 as usize, state.into());
            Ok(false)
        }
        None => Ok(true),
    }
}

/// `true`: there is no further key.
#[inline(never)]
pub fn for_in_next(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::ForInNext = pc.decode();
    let state: Gc<ForIn> = frame.get(i.iter.0 as usize).as_kind(Kind::ForIn).expect("the operand is an enumerator");
    match cx.for_in_next(state)? {
        Some(key) => {
            frame.set(i.dst.0 as usize, key);
            Ok(false)
        }
        None => Ok(true),
    }
}
