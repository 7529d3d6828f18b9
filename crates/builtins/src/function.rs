//! Function and Function.prototype (ECMA-262 §20.2).

use crate::table::*;
use tercel_vm::eval::FunctionFlavor;
use tercel_vm::{Args, Context, JsResult, Value, names};

fn dynamic(cx: &Context, args: &Args, flavor: FunctionFlavor) -> JsResult<Value> {
    cx.create_dynamic_function(args, flavor)
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    dynamic(cx, args, FunctionFlavor::Normal)
}

pub fn generator_constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    dynamic(cx, args, FunctionFlavor::Generator)
}

pub fn async_constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    dynamic(cx, args, FunctionFlavor::Async)
}

pub fn async_generator_constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    dynamic(cx, args, FunctionFlavor::AsyncGenerator)
}

fn callable_this(cx: &Context, args: &Args, method: &str) -> JsResult<Value> {
    if cx.is_callable(args.this()) {
        return Ok(args.this());
    }
    Err(cx.throw_type(format_args!(
        "Function.prototype.{method} was called on {}, which is not a function",
        cx.describe(args.this())
    )))
}

fn apply(cx: &Context, args: &Args) -> JsResult<Value> {
    let f = callable_this(cx, args, "apply")?;
    if args.get(1).is_nullish() {
        return cx.call(f, args.get(0), &[]);
    }
    let list = cx.list_from_array_like(args.get(1))?;
    cx.call_cells(f, args.get(0), list.cells())
}

fn bind(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(target) = args.this().as_object().filter(|o| o.is_callable()) else {
        return Err(cx.throw_type(format_args!("Bind must be called on a function")));
    };
    let bound_args = args.slice().get(1..).unwrap_or(&[]);
    let f = cx.new_bound_function(target, args.get(0), bound_args)?;
    // SetFunctionLength and SetFunctionName (§20.2.3.2 steps 4–10).
    let mut length = 0.0;
    if target.has_own(cx, cx.names().length)? {
        let declared = target.get(cx, cx.names().length)?;
        if declared.is_number() {
            let n = cx.to_integer_or_infinity(declared)?;
            length = if n == f64::NEG_INFINITY { 0.0 } else { (n - bound_args.len() as f64).max(0.0) };
        }
    }
    cx.define_function_length(f, Value::number(length))?;
    let name = target.get(cx, cx.names().name)?;
    let name = name.as_string().unwrap_or(cx.empty_string());
    let full = cx.concat(cx.string_from_utf8("bound "), name)?;
    cx.define_function_name(f, full)?;
    Ok(f.into())
}

fn call(cx: &Context, args: &Args) -> JsResult<Value> {
    let f = callable_this(cx, args, "call")?;
    cx.call_cells(f, args.get(0), args.slice().get(1..).unwrap_or(&[]))
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.this().as_object().filter(|o| o.is_callable()) {
        Some(f) => Ok(cx.function_source(f)?.into()),
        None => Err(cx.throw_type(format_args!("Function.prototype.toString requires that 'this' be a Function"))),
    }
}

fn has_instance(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.ordinary_has_instance(args.this(), args.get(0))?.into())
}

/// Function.prototype is itself a function that accepts anything and returns undefined.
pub fn prototype_function(_: &Context, _: &Args) -> JsResult<Value> {
    Ok(Value::UNDEFINED)
}

/// %ThrowTypeError% (§10.2.4.1). It is the getter and setter of `Function.prototype.caller` and `arguments`, and there sloppy
/// functions have undefined, so that old programs that look for their caller find that there is no such extension (§17.1).
pub static THROW_TYPE_ERROR: FunctionSpec = FunctionSpec::named(SpecKey::Text(""), 0, throw_type_error);

fn throw_type_error(cx: &Context, args: &Args) -> JsResult<Value> {
    if cx.is_sloppy_function(args.this()) {
        return Ok(Value::UNDEFINED);
    }
    Err(cx.throw_type(format_args!(
        "'caller', 'callee', and 'arguments' properties may not be accessed on strict mode functions or the arguments objects for calls to them"
    )))
}

pub static CONSTRUCTOR: FunctionSpec = class("Function", 1, constructor);

pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::FunctionPrototype)];

/// An own property of `Function.prototype` that throws for strict functions (§10.2.4).
const fn restricted(name: &'static str) -> PropertySpec {
    PropertySpec {
        key: SpecKey::Text(name),
        attributes: CONFIGURABLE | ACCESSOR,
        value: PropertyValue::AccessorOf(Intrinsic::ThrowTypeError),
    }
}

pub static PROTOTYPE: &[PropertySpec] = &[
    restricted("arguments"),
    restricted("caller"),
    constructor_of(Intrinsic::Function),
    special_method("apply", 2, apply, special::APPLY),
    method("bind", 1, bind),
    special_method("call", 1, call, special::CALL),
    method("toString", 0, to_string),
    frozen(symbol_method(names::SYMBOL_HAS_INSTANCE, 1, has_instance)),
];
