//! Explicit resource management: `using` and `await using` (ECMA-262 §9.5.6, DisposeCapability records).
//!
//! A stack of resources is a record {top}; each entry a record {next, resource, method, is_async}. An entry without a method is
//! an `await using` of null or undefined: it only awaits.

use super::Pc;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{ErrorKind, JsResult};
use crate::frame::{self, Frame};
use crate::native::{Args, FunctionSpec};
use crate::record::Record;
use crate::value::Value;
use tercel_bytecode::op::instr;

#[inline(never)]
pub fn new_stack(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewDisposeStack = pc.decode();
    frame.set(i.dst.0 as usize, cx.new_record(0, &[Value::UNDEFINED]).into());
    Ok(())
}

fn stack(frame: Frame, register: u16) -> Gc<Record> {
    frame.get(register as usize).as_kind(Kind::Record).expect("the operand is a stack of resources")
}

impl Context {
    /// GetDisposeMethod (§9.5.7): undefined if there is none. For async disposal of a resource with a sync method only, a function that
    /// calls that and ignores its result.
    pub fn get_dispose_method(&self, v: Value, is_async: bool) -> JsResult<Value> {
        let names = self.names();
        if is_async {
            if let Some(method) = self.get_method(v, names.symbol_async_dispose)? {
                return Ok(method);
            }
            return Ok(match self.get_method(v, names.symbol_dispose)? {
                None => Value::UNDEFINED,
                Some(method) => self.new_native_with_data(&SYNC_AS_ASYNC, [method, Value::UNDEFINED]).into(),
            });
        }
        Ok(self.get_method(v, names.symbol_dispose)?.unwrap_or(Value::UNDEFINED))
    }
}

static SYNC_AS_ASYNC: FunctionSpec = FunctionSpec::anonymous(0, sync_as_async);

/// Calls a sync dispose method for `await using`: its result is not awaited, its exception rejects.
fn sync_as_async(cx: &Context, args: &Args) -> JsResult<Value> {
    let method = args.callee_native().data(0);
    let capability = cx.new_ordinary_capability();
    match cx.call(method, args.this(), &[]) {
        Ok(_) => cx.capability_resolve(capability, Value::UNDEFINED)?,
        Err(throw) => {
            cx.reject_with(capability, throw)?;
        }
    }
    Ok(capability.promise)
}

#[inline(never)]
pub fn add(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::AddDisposable = pc.decode();
    let v = frame.get(i.src.0 as usize);
    let is_async = i.hint.0 != 0;
    let method = if v.is_nullish() {
        if !is_async {
            return Ok(());
        }
        Value::UNDEFINED
    } else {
        if !v.is_object() {
            let text = cx.describe(v);
            return Err(
                cx.throw_type(format_args!("{text} is not an object, null or undefined, and cannot be disposed of"))
            );
        }
        let method = cx.get_dispose_method(v, is_async)?;
        if method.is_undefined() {
            let name = if is_async { "Symbol.asyncDispose" } else { "Symbol.dispose" };
            let text = cx.describe(v);
            return Err(cx.throw_type(format_args!("{text} has no method [{name}]")));
        }
        method
    };
    let stack = stack(frame, i.stack.0);
    let entry = cx.new_record(0, &[stack.get(0), frame.get(i.src.0 as usize), method, Value::boolean(is_async)]);
    stack.set(cx, 0, entry.into());
    Ok(())
}

/// `true`: the stack is empty.
#[inline(never)]
pub fn next(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::DisposeNext = pc.decode();
    let stack = stack(frame, i.stack.0);
    let Some(entry) = stack.record(0) else { return Ok(true) };
    stack.set(cx, 0, entry.get(0));
    frame.set(i.block.0 as usize, entry.get(2));
    frame.set(i.block.0 as usize + frame::THIS, entry.get(1));
    frame.set(i.is_async.0 as usize, entry.get(3));
    Ok(false)
}

#[inline(never)]
pub fn new_suppressed_error(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewSuppressedError = pc.decode();
    let (error, suppressed) = (frame.get(i.error.0 as usize), frame.get(i.suppressed.0 as usize));
    let object = cx.new_suppressed_error(error, suppressed);
    frame.set(i.dst.0 as usize, object.into());
    Ok(())
}

impl Context {
    /// A SuppressedError of the two errors (§20.5.8).
    pub fn new_suppressed_error(&self, error: Value, suppressed: Value) -> Gc<crate::object::Object> {
        let object =
            self.new_error(ErrorKind::SuppressedError, format_args!("An error was suppressed during disposal"));
        // A fresh object refuses nothing.
        let _ = object.create_hidden(self, self.names().error, error);
        let _ = object.create_hidden(self, self.names().suppressed, suppressed);
        object
    }
}
