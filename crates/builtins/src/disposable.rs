//! DisposableStack and AsyncDisposableStack (ECMA-262, explicit resource management, §27.3 and §27.4).
//!
//! The resources are a list of records {next, value, method, how}, last one first. `how` is an [`How`] as int32. A resource without
//! a method is a null or undefined in an async stack: it only awaits.

use crate::table::*;
use tercel_vm::object::kinds::FieldsObject;
use tercel_vm::record::Record;
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Object, Value, names};

/// Fields of a stack.
mod field {
    /// Whether it is an AsyncDisposableStack.
    pub const IS_ASYNC: usize = 0;
    pub const DISPOSED: usize = 1;
    /// The last resource.
    pub const TOP: usize = 2;
}

/// How a resource's method is called.
#[derive(Clone, Copy)]
enum How {
    /// `use`: the value is `this`.
    Receiver,
    /// `adopt`: the value is the argument.
    Argument,
    /// `defer`: without either.
    Nothing,
}

/// RequireInternalSlot(this, [[DisposableState]]).
fn receiver(cx: &Context, args: &Args, is_async: bool, method: &str) -> JsResult<Gc<FieldsObject>> {
    match args.this().as_kind::<FieldsObject>(Kind::DisposableStack) {
        Some(stack) if stack.field(field::IS_ASYNC) == Value::boolean(is_async) => Ok(stack),
        _ => Err(cx.throw_type(format_args!(
            "Method {}.prototype.{method} called on incompatible receiver {}",
            class_name(is_async),
            cx.describe(args.this())
        ))),
    }
}

fn class_name(is_async: bool) -> &'static str {
    if is_async { "AsyncDisposableStack" } else { "DisposableStack" }
}

fn is_disposed(stack: Gc<FieldsObject>) -> bool {
    stack.field(field::DISPOSED) == Value::TRUE
}

/// The receiver, which must not be disposed.
fn pending(cx: &Context, args: &Args, is_async: bool, method: &str) -> JsResult<Gc<FieldsObject>> {
    let stack = receiver(cx, args, is_async, method)?;
    if is_disposed(stack) {
        return Err(cx.throw_reference(format_args!("Cannot use a disposed {}", class_name(is_async))));
    }
    Ok(stack)
}

fn push(cx: &Context, stack: Gc<FieldsObject>, value: Value, method: Value, how: How) {
    let entry = cx.new_record(0, &[stack.field(field::TOP), value, method, Value::int32(how as i32)]);
    stack.set_field(cx, field::TOP, entry.into());
}

fn pop(cx: &Context, stack: Gc<FieldsObject>) -> Option<Gc<Record>> {
    let entry: Gc<Record> = stack.field(field::TOP).as_kind(Kind::Record)?;
    stack.set_field(cx, field::TOP, entry.get(0));
    Some(entry)
}

/// Calls a resource's method.
fn release(cx: &Context, entry: Gc<Record>) -> JsResult<Value> {
    let (value, method) = (entry.get(1), entry.get(2));
    match entry.get(3).as_int32() {
        0 => cx.call(method, value, &[]),
        1 => cx.call(method, Value::UNDEFINED, &[value]),
        _ => cx.call(method, Value::UNDEFINED, &[]),
    }
}

fn new_stack(cx: &Context, is_async: bool, proto: Gc<Object>) -> Gc<FieldsObject> {
    cx.new_fields_object(Kind::DisposableStack, proto, &[Value::boolean(is_async), Value::FALSE, Value::UNDEFINED])
}

fn prototype_of(is_async: bool) -> Intrinsic {
    if is_async { Intrinsic::AsyncDisposableStackPrototype } else { Intrinsic::DisposableStackPrototype }
}

fn construct(cx: &Context, args: &Args, is_async: bool) -> JsResult<Value> {
    if args.new_target().is_undefined() {
        return Err(cx.throw_type(format_args!("Constructor {} requires 'new'", class_name(is_async))));
    }
    let proto = cx.prototype_from_new_target(args.new_target(), prototype_of(is_async))?;
    Ok(new_stack(cx, is_async, proto).object().into())
}

/// §27.3.3.6, §27.4.3.6.
fn use_(cx: &Context, args: &Args, is_async: bool) -> JsResult<Value> {
    let stack = pending(cx, args, is_async, "use")?;
    let value = args.get(0);
    if value.is_nullish() {
        if is_async {
            push(cx, stack, value, Value::UNDEFINED, How::Receiver);
        }
        return Ok(value);
    }
    let text = || cx.describe(value);
    if !value.is_object() {
        return Err(
            cx.throw_type(format_args!("{} is not an object, null or undefined, and cannot be disposed of", text()))
        );
    }
    let method = cx.get_dispose_method(value, is_async)?;
    if method.is_undefined() {
        let name = if is_async { "Symbol.asyncDispose" } else { "Symbol.dispose" };
        return Err(cx.throw_type(format_args!("{} has no method [{name}]", text())));
    }
    push(cx, stack, value, method, How::Receiver);
    Ok(value)
}

fn callable(cx: &Context, v: Value) -> JsResult<Value> {
    if cx.is_callable(v) {
        return Ok(v);
    }
    Err(cx.throw_type(format_args!("{} is not a function", cx.describe(v))))
}

fn adopt(cx: &Context, args: &Args, is_async: bool) -> JsResult<Value> {
    let stack = pending(cx, args, is_async, "adopt")?;
    push(cx, stack, args.get(0), callable(cx, args.get(1))?, How::Argument);
    Ok(args.get(0))
}

fn defer(cx: &Context, args: &Args, is_async: bool) -> JsResult<Value> {
    let stack = pending(cx, args, is_async, "defer")?;
    push(cx, stack, Value::UNDEFINED, callable(cx, args.get(0))?, How::Nothing);
    Ok(Value::UNDEFINED)
}

fn move_(cx: &Context, args: &Args, is_async: bool) -> JsResult<Value> {
    let stack = pending(cx, args, is_async, "move")?;
    let moved = new_stack(cx, is_async, cx.intrinsic(prototype_of(is_async)));
    moved.set_field(cx, field::TOP, stack.field(field::TOP));
    stack.set_field(cx, field::TOP, Value::UNDEFINED);
    stack.set_field(cx, field::DISPOSED, Value::TRUE);
    Ok(moved.object().into())
}

fn disposed(cx: &Context, args: &Args, is_async: bool) -> JsResult<Value> {
    Ok(is_disposed(receiver(cx, args, is_async, "disposed")?).into())
}

/// DisposeResources (§9.5.9) without awaiting: what a method throws does not keep the others from being called.
fn dispose(cx: &Context, args: &Args) -> JsResult<Value> {
    let stack = receiver(cx, args, false, "dispose")?;
    stack.set_field(cx, field::DISPOSED, Value::TRUE);
    let mut thrown = false;
    let error = tercel_vm::ValueList::with_capacity(cx, 1);
    error.push(Value::UNDEFINED);
    while let Some(entry) = pop(cx, stack) {
        let Err(throw) = release(cx, entry) else { continue };
        if cx.is_terminating() {
            return Err(throw);
        }
        let mut next = cx.take_exception();
        if thrown {
            next = cx.new_suppressed_error(next, error.get(0)).into();
        }
        error.set(0, next);
        thrown = true;
    }
    if thrown { Err(cx.throw(error.get(0))) } else { Ok(Value::UNDEFINED) }
}

/// `%AsyncDisposeBegin(stack)`: checks the receiver of disposeAsync and marks it disposed.
pub fn rt_begin(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.get(0).as_kind::<FieldsObject>(Kind::DisposableStack) {
        Some(stack) if stack.field(field::IS_ASYNC) == Value::TRUE => {
            stack.set_field(cx, field::DISPOSED, Value::TRUE);
            Ok(Value::UNDEFINED)
        }
        _ => Err(cx.throw_type(format_args!(
            "Method AsyncDisposableStack.prototype.disposeAsync called on incompatible receiver {}",
            cx.describe(args.get(0))
        ))),
    }
}

/// `%AsyncDisposeKind(stack)`: what the last resource is: 0 there is none, 1 one that only awaits, 2 one with a method.
pub fn rt_kind(_: &Context, args: &Args) -> JsResult<Value> {
    let top =
        args.get(0).as_kind::<FieldsObject>(Kind::DisposableStack).map_or(Value::UNDEFINED, |s| s.field(field::TOP));
    Ok(Value::int32(match top.as_kind::<Record>(Kind::Record) {
        None => 0,
        Some(entry) if entry.get(2).is_undefined() => 1,
        Some(_) => 2,
    }))
}

/// `%AsyncDisposeNext(stack)`: removes the last resource and calls its method.
pub fn rt_next(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.get(0).as_kind::<FieldsObject>(Kind::DisposableStack).and_then(|stack| pop(cx, stack)) {
        Some(entry) if !entry.get(2).is_undefined() => release(cx, entry),
        _ => Ok(Value::UNDEFINED),
    }
}

/// `%NewSuppressedError(error, suppressed)`.
pub fn rt_suppressed(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.new_suppressed_error(args.get(0), args.get(1)).into())
}

static SOURCE: SelfHostedSource =
    SelfHostedSource { name: "tercel:disposable", text: include_str!("js/disposable.js") };

macro_rules! bound {
    ($is_async:literal, $f:ident) => {
        |cx, args| $f(cx, args, $is_async)
    };
}

pub mod sync {
    use super::*;
    pub static CONSTRUCTOR: FunctionSpec = class("DisposableStack", 0, bound!(false, construct));
    pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::DisposableStackPrototype)];
    pub static PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::DisposableStack),
        method("adopt", 2, bound!(false, adopt)),
        method("defer", 1, bound!(false, defer)),
        method("dispose", 0, dispose),
        getter("disposed", bound!(false, disposed)),
        method("move", 0, bound!(false, move_)),
        method("use", 1, bound!(false, use_)),
        symbol_alias(names::SYMBOL_DISPOSE, "dispose"),
        to_string_tag("DisposableStack"),
    ];
}

pub mod asynchronous {
    use super::*;
    pub static CONSTRUCTOR: FunctionSpec = class("AsyncDisposableStack", 0, bound!(true, construct));
    pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::AsyncDisposableStackPrototype)];
    pub static PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::AsyncDisposableStack),
        method("adopt", 2, bound!(true, adopt)),
        method("defer", 1, bound!(true, defer)),
        js_method("disposeAsync", 0, &SOURCE, "disposeAsync"),
        getter("disposed", bound!(true, disposed)),
        method("move", 0, bound!(true, move_)),
        method("use", 1, bound!(true, use_)),
        symbol_alias(names::SYMBOL_ASYNC_DISPOSE, "disposeAsync"),
        to_string_tag("AsyncDisposableStack"),
    ];
}

/// `%AsyncIteratorPrototype%[Symbol.asyncDispose]` (§27.1.4.2).
pub static ASYNC_ITERATOR_DISPOSE: PropertySpec =
    js_symbol_method(names::SYMBOL_ASYNC_DISPOSE, 0, &SOURCE, "asyncIteratorDispose");
