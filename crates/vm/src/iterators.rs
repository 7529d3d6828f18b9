//! %AsyncFromSyncIteratorPrototype% (ECMA-262 §27.1.6): what `for await` makes of a sync iterator.
//!
//! The objects are never seen by scripts, so their methods are reached by the engine only; a prototype object with the three methods
//! exists all the same, because `for await` looks up `return` and `yield*` looks up `throw`.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{ErrorKind, JsResult, Throw};
use crate::function::NativeFunction;
use crate::native::{Args, FunctionSpec};
use crate::object::Object;
use crate::object::kinds::FieldsObject;
use crate::promise::{Capability, continuation};
use crate::realm::Intrinsic;
use crate::record::Record;
use crate::value::Value;

/// Fields of the iterator object.
mod field {
    /// The sync iterator.
    pub const ITERATOR: usize = 0;
    /// Its `next` method.
    pub const NEXT: usize = 1;
}

pub static NEXT: FunctionSpec = FunctionSpec::new(crate::names::NEXT, 1, next);
pub static RETURN: FunctionSpec = FunctionSpec::new(crate::names::RETURN, 1, return_);
pub static THROW: FunctionSpec = FunctionSpec::new(crate::names::THROW, 1, throw_);

/// CreateAsyncFromSyncIterator (§27.1.6.1).
pub(crate) fn async_from_sync_iterator(cx: &Context, iterator: Value, next: Value) -> Gc<Object> {
    let prototype = cx.async_from_sync_prototype();
    cx.new_fields_object(Kind::NativeIterator, prototype, &[iterator, next]).object()
}

/// The `next` method of these iterators.
pub(crate) fn async_from_sync_next(cx: &Context) -> Value {
    cx.async_from_sync_prototype().get(cx, cx.names().next).unwrap_or(Value::UNDEFINED)
}

impl Context {
    /// CreateIterResultObject (§7.4.14).
    #[inline]
    pub fn iter_result(&self, value: Value, done: bool) -> Value {
        self.new_iterator_result(value, done).into()
    }

    /// A native closure of a static spec: `data` is its state.
    pub fn new_native_with_data(&self, spec: &'static FunctionSpec, data: [Value; 2]) -> Gc<NativeFunction> {
        let f = self.new_native(spec);
        f.set_data(self, 0, data[0]);
        f.set_data(self, 1, data[1]);
        f
    }

    /// The prototype, made when the realm first needs it.
    fn async_from_sync_prototype(&self) -> Gc<Object> {
        let prototype = self.intrinsic(Intrinsic::AsyncFromSyncIteratorPrototype);
        let names = self.names();
        if prototype.shape(self).lookup(self, names.next).is_some() {
            return prototype;
        }
        for (key, spec) in [(names.next, &NEXT), (names.return_, &RETURN), (names.throw_, &THROW)] {
            // A fresh object refuses nothing.
            let _ = prototype.create_hidden(self, key, self.new_native(spec).into());
        }
        prototype
    }
}

fn parts(args: &Args) -> (Value, Value) {
    match args.this().as_kind::<FieldsObject>(Kind::NativeIterator) {
        Some(object) => (object.field(field::ITERATOR), object.field(field::NEXT)),
        None => (Value::UNDEFINED, Value::UNDEFINED),
    }
}

fn next(cx: &Context, args: &Args) -> JsResult<Value> {
    let (iterator, next) = parts(args);
    let capability = cx.new_ordinary_capability();
    let result = if args.is_empty() { cx.call(next, iterator, &[]) } else { cx.call(next, iterator, &[args.get(0)]) };
    match result {
        Ok(result) => go_on(cx, result, capability, iterator, true),
        Err(throw) => cx.reject_with(capability, throw),
    }
}

fn return_(cx: &Context, args: &Args) -> JsResult<Value> {
    let (iterator, _) = parts(args);
    let capability = cx.new_ordinary_capability();
    let method = match cx.get_method(iterator, cx.names().return_) {
        Ok(method) => method,
        Err(throw) => return cx.reject_with(capability, throw),
    };
    let Some(method) = method else {
        let result = cx.iter_result(args.get(0), true);
        cx.capability_resolve(capability, result)?;
        return Ok(capability.promise);
    };
    let result =
        if args.is_empty() { cx.call(method, iterator, &[]) } else { cx.call(method, iterator, &[args.get(0)]) };
    match result {
        Ok(result) if !result.is_object() => reject_not_object(cx, capability, result),
        Ok(result) => go_on(cx, result, capability, iterator, false),
        Err(throw) => cx.reject_with(capability, throw),
    }
}

fn throw_(cx: &Context, args: &Args) -> JsResult<Value> {
    let (iterator, _) = parts(args);
    let capability = cx.new_ordinary_capability();
    let method = match cx.get_method(iterator, cx.names().throw_) {
        Ok(method) => method,
        Err(throw) => return cx.reject_with(capability, throw),
    };
    let Some(method) = method else {
        // The sync iterator gets a chance to clean up.
        if let Err(throw) = close(cx, iterator) {
            return cx.reject_with(capability, throw);
        }
        let error = cx.new_error(ErrorKind::TypeError, format_args!("The iterator does not provide a 'throw' method"));
        cx.capability_reject(capability, error.into())?;
        return Ok(capability.promise);
    };
    let result =
        if args.is_empty() { cx.call(method, iterator, &[]) } else { cx.call(method, iterator, &[args.get(0)]) };
    match result {
        Ok(result) if !result.is_object() => reject_not_object(cx, capability, result),
        Ok(result) => go_on(cx, result, capability, iterator, true),
        Err(throw) => cx.reject_with(capability, throw),
    }
}

/// IteratorClose with a normal completion.
fn close(cx: &Context, iterator: Value) -> JsResult<()> {
    let Some(method) = cx.get_method(iterator, cx.names().return_)? else { return Ok(()) };
    let result = cx.call(method, iterator, &[])?;
    if !result.is_object() {
        let shown = cx.describe(result);
        return Err(cx.throw_type(format_args!("Iterator result {shown} is not an object")));
    }
    Ok(())
}

/// Closes the iterator because of an exception, which stays pending whatever the closing does.
fn close_after(cx: &Context, iterator: Value, throw: Throw) -> JsResult<Value> {
    let reason = cx.catch(throw)?;
    if let Err(throw) = close(cx, iterator) {
        cx.catch(throw)?;
    }
    Ok(reason)
}

fn reject_not_object(cx: &Context, capability: Capability, result: Value) -> JsResult<Value> {
    let shown = cx.describe(result);
    let error = cx.new_error(ErrorKind::TypeError, format_args!("Iterator result {shown} is not an object"));
    cx.capability_reject(capability, error.into())?;
    Ok(capability.promise)
}

/// AsyncFromSyncIteratorContinuation (§27.1.6.4).
fn go_on(
    cx: &Context,
    result: Value,
    capability: Capability,
    iterator: Value,
    close_on_rejection: bool,
) -> JsResult<Value> {
    let Some(object) = result.as_object() else { return reject_not_object(cx, capability, result) };
    let names = cx.names();
    let parts = object.get(cx, names.done).and_then(|done| {
        let done = done.to_boolean();
        object.get(cx, names.value).map(|value| (done, value))
    });
    let (done, value) = match parts {
        Ok(parts) => parts,
        Err(throw) => return cx.reject_with(capability, throw),
    };
    let promise = match cx.await_promise(value) {
        Ok(promise) => promise,
        Err(throw) => {
            let reason = if !done && close_on_rejection { close_after(cx, iterator, throw)? } else { cx.catch(throw)? };
            cx.capability_reject(capability, reason)?;
            return Ok(capability.promise);
        }
    };
    let close = if !done && close_on_rejection { iterator } else { Value::UNDEFINED };
    let data = cx.new_record(0, &[capability.promise, Value::boolean(done), close]);
    cx.promise_continue(promise, continuation::ASYNC_FROM_SYNC, data.into());
    Ok(capability.promise)
}

/// The value has settled: wrap it up again, or close the iterator.
pub(crate) fn async_from_sync_settled(cx: &Context, data: Value, argument: Value, rejected: bool) -> JsResult<()> {
    let Some(data) = data.as_kind::<Record>(Kind::Record) else { return Ok(()) };
    let capability = Capability { promise: data.get(0), resolve: Value::UNDEFINED, reject: Value::UNDEFINED };
    if !rejected {
        let result = cx.iter_result(argument, data.get(1).is_true());
        return cx.capability_resolve(capability, result);
    }
    if !data.get(2).is_undefined()
        && let Err(throw) = close(cx, data.get(2))
    {
        cx.catch(throw)?;
    }
    cx.capability_reject(capability, argument)
}
