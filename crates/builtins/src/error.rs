//! Error, its subclasses, AggregateError and SuppressedError (ECMA-262 §20.5).

use crate::table::*;
use tercel_vm::string::StringBuilder;
use tercel_vm::{Args, Context, Gc, Intrinsic, JsResult, Kind, Object, PropertyDescriptor, PropertyKey, Value};

/// A property as the constructors of errors define them: writable, configurable, not enumerable.
pub fn define_hidden(cx: &Context, o: Gc<Object>, key: PropertyKey, value: Value) -> JsResult<()> {
    let d = PropertyDescriptor {
        value: Some(value),
        writable: Some(true),
        enumerable: Some(false),
        configurable: Some(true),
        ..Default::default()
    };
    o.define_or_throw(cx, key, &d)
}

/// The new object of a constructor call; errors may be made without `new`.
fn create(cx: &Context, args: &Args, proto: Intrinsic) -> JsResult<Gc<Object>> {
    let nt = if args.new_target().is_undefined() { args.callee() } else { args.new_target() };
    let proto = cx.prototype_from_new_target(nt, proto)?;
    Ok(cx.new_constructed_error(proto, nt))
}

fn set_message(cx: &Context, o: Gc<Object>, message: Value) -> JsResult<()> {
    if !message.is_undefined() {
        let text = cx.to_string(message)?;
        define_hidden(cx, o, cx.names().message, text.into())?;
    }
    Ok(())
}

/// InstallErrorCause (§20.5.8.1).
fn install_cause(cx: &Context, o: Gc<Object>, options: Value) -> JsResult<()> {
    if let Some(options) = options.as_object()
        && options.has_property(cx, cx.names().cause)?
    {
        let cause = options.get(cx, cx.names().cause)?;
        define_hidden(cx, o, cx.names().cause, cause)?;
    }
    Ok(())
}

fn make(cx: &Context, args: &Args, proto: Intrinsic) -> JsResult<Value> {
    let o = create(cx, args, proto)?;
    set_message(cx, o, args.get(0))?;
    install_cause(cx, o, args.get(1))?;
    Ok(o.into())
}

macro_rules! error_classes {
    ($($constructor:ident, $f:ident, $class:ident, $prototype:ident, $statics:ident, $properties:ident, $name:literal;)*) => {
        $(
            fn $f(cx: &Context, args: &Args) -> JsResult<Value> {
                make(cx, args, Intrinsic::$prototype)
            }
            pub static $constructor: FunctionSpec = class($name, 1, $f);
            pub static $statics: &[PropertySpec] = &[prototype(Intrinsic::$prototype)];
            pub static $properties: &[PropertySpec] = &[constructor_of(Intrinsic::$class), hidden_string("message", ""), hidden_string("name", $name)];
        )*
    };
}

error_classes! {
    EVAL_ERROR, eval_error, EvalError, EvalErrorPrototype, EVAL_ERROR_STATICS, EVAL_ERROR_PROTOTYPE, "EvalError";
    RANGE_ERROR, range_error, RangeError, RangeErrorPrototype, RANGE_ERROR_STATICS, RANGE_ERROR_PROTOTYPE, "RangeError";
    REFERENCE_ERROR, reference_error, ReferenceError, ReferenceErrorPrototype, REFERENCE_ERROR_STATICS, REFERENCE_ERROR_PROTOTYPE, "ReferenceError";
    SYNTAX_ERROR, syntax_error, SyntaxError, SyntaxErrorPrototype, SYNTAX_ERROR_STATICS, SYNTAX_ERROR_PROTOTYPE, "SyntaxError";
    TYPE_ERROR, type_error, TypeError, TypeErrorPrototype, TYPE_ERROR_STATICS, TYPE_ERROR_PROTOTYPE, "TypeError";
    URI_ERROR, uri_error, UriError, UriErrorPrototype, URI_ERROR_STATICS, URI_ERROR_PROTOTYPE, "URIError";
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    make(cx, args, Intrinsic::ErrorPrototype)
}

/// Error.isError (§20.5.2.1).
fn is_error(_: &Context, args: &Args) -> JsResult<Value> {
    Ok((args.get(0).kind() == Some(Kind::Error)).into())
}

/// Error.captureStackTrace, as V8 has it: gives any object a `stack`.
fn capture_stack_trace(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(o) = args.get(0).as_object() else {
        return Err(cx.throw_type(format_args!("Invalid argument")));
    };
    let text = cx.capture_stack_text(args.get(0))?;
    define_hidden(cx, o, cx.names().stack, text.into())?;
    Ok(Value::UNDEFINED)
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(o) = args.this().as_object() else {
        return Err(cx.throw_type(format_args!("Error.prototype.toString requires that 'this' be a JSReceiver")));
    };
    let name = o.get(cx, cx.names().name)?;
    let name = if name.is_undefined() { cx.string_from_utf8("Error") } else { cx.to_string(name)? };
    let message = o.get(cx, cx.names().message)?;
    let message = if message.is_undefined() { cx.empty_string() } else { cx.to_string(message)? };
    if name.is_empty() {
        return Ok(message.into());
    }
    if message.is_empty() {
        return Ok(name.into());
    }
    let mut out = StringBuilder::new(cx);
    out.push_string(name)?;
    out.push_str(": ")?;
    out.push_string(message)?;
    Ok(out.finish()?.into())
}

fn aggregate_error(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = create(cx, args, Intrinsic::AggregateErrorPrototype)?;
    set_message(cx, o, args.get(1))?;
    install_cause(cx, o, args.get(2))?;
    let errors = cx.new_array(0);
    crate::iterator::for_each(cx, args.get(0), |e| cx.array_push(errors, e).map(|_| ()))?;
    define_hidden(cx, o, cx.names().errors, errors.into())?;
    Ok(o.into())
}

fn suppressed_error(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = create(cx, args, Intrinsic::SuppressedErrorPrototype)?;
    set_message(cx, o, args.get(2))?;
    define_hidden(cx, o, cx.names().error, args.get(0))?;
    define_hidden(cx, o, cx.names().suppressed, args.get(1))?;
    Ok(o.into())
}

fn stack_getter(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.this().as_object() {
        Some(o) if o.kind() == Kind::Error => cx.error_stack(o),
        Some(_) => Ok(Value::UNDEFINED),
        None => Err(cx.throw_type(format_args!("get stack called on non-object"))),
    }
}

fn stack_setter(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.this().as_object() {
        Some(o) => {
            define_hidden(cx, o, cx.names().stack, args.get(0))?;
            Ok(Value::UNDEFINED)
        }
        None => Err(cx.throw_type(format_args!("set stack called on non-object"))),
    }
}

pub static CONSTRUCTOR: FunctionSpec = class("Error", 1, constructor);
pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::ErrorPrototype),
    method("captureStackTrace", 2, capture_stack_trace),
    method("isError", 1, is_error),
    data("stackTraceLimit", 10.0),
];
pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Error),
    hidden_string("message", ""),
    hidden_string("name", "Error"),
    method("toString", 0, to_string),
    accessor("stack", stack_getter, stack_setter),
];
pub static AGGREGATE_ERROR: FunctionSpec = class("AggregateError", 2, aggregate_error);
pub static AGGREGATE_ERROR_STATICS: &[PropertySpec] = &[prototype(Intrinsic::AggregateErrorPrototype)];
pub static AGGREGATE_ERROR_PROTOTYPE: &[PropertySpec] =
    &[constructor_of(Intrinsic::AggregateError), hidden_string("message", ""), hidden_string("name", "AggregateError")];
pub static SUPPRESSED_ERROR: FunctionSpec = class("SuppressedError", 3, suppressed_error);
pub static SUPPRESSED_ERROR_STATICS: &[PropertySpec] = &[prototype(Intrinsic::SuppressedErrorPrototype)];
pub static SUPPRESSED_ERROR_PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::SuppressedError),
    hidden_string("message", ""),
    hidden_string("name", "SuppressedError"),
];
