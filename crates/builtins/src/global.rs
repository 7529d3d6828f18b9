//! The properties of the global object (ECMA-262 §19): values, functions, constructors.

use crate::table::*;
use crate::uri;
use tercel_vm::{Args, Context, JsResult, Value};

fn eval(cx: &Context, args: &Args) -> JsResult<Value> {
    cx.indirect_eval(args.get(0))
}

fn latin1(cx: &Context, bytes: &[u8]) -> JsResult<Value> {
    Ok(cx.string_from_latin1(bytes)?.into())
}

fn encode_with(cx: &Context, args: &Args, component: bool) -> JsResult<Value> {
    let s = cx.to_string(args.get(0))?;
    match uri::encode(s.chars(cx)?.units(), component) {
        Some(bytes) => latin1(cx, &bytes),
        None => Err(cx.throw_error(tercel_vm::ErrorKind::UriError, format_args!("URI malformed"))),
    }
}

fn decode_with(cx: &Context, args: &Args, component: bool) -> JsResult<Value> {
    let s = cx.to_string(args.get(0))?;
    match uri::decode(&s.chars(cx)?.to_units(), component) {
        Some(units) => Ok(cx.string_from_utf16(&units)?.into()),
        None => Err(cx.throw_error(tercel_vm::ErrorKind::UriError, format_args!("URI malformed"))),
    }
}

fn encode_uri(cx: &Context, args: &Args) -> JsResult<Value> {
    encode_with(cx, args, false)
}

fn encode_uri_component(cx: &Context, args: &Args) -> JsResult<Value> {
    encode_with(cx, args, true)
}

fn decode_uri(cx: &Context, args: &Args) -> JsResult<Value> {
    decode_with(cx, args, false)
}

fn decode_uri_component(cx: &Context, args: &Args) -> JsResult<Value> {
    decode_with(cx, args, true)
}

fn escape(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = cx.to_string(args.get(0))?;
    latin1(cx, &uri::escape(s.chars(cx)?.units()))
}

fn unescape(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = cx.to_string(args.get(0))?;
    let units = uri::unescape(&s.chars(cx)?.to_units());
    Ok(cx.string_from_utf16(&units)?.into())
}

/// `%eval%`, which the engine recognizes in direct calls.
pub static EVAL: FunctionSpec = function("eval", 1, eval);
pub static PARSE_FLOAT: FunctionSpec = function("parseFloat", 1, crate::number::parse_float);
pub static PARSE_INT: FunctionSpec = function("parseInt", 2, crate::number::parse_int);

const fn function(name: &'static str, length: u8, f: NativeFn) -> FunctionSpec {
    FunctionSpec::named(SpecKey::Text(name), length, f)
}

const fn frozen_value(name: &'static str, value: PropertyValue) -> PropertySpec {
    PropertySpec { key: SpecKey::Text(name), attributes: 0, value }
}

macro_rules! constructors {
    ($($name:ident)*) => {
        /// The constructors and namespaces, each under the name of its intrinsic.
        pub static CLASSES: &[PropertySpec] = &[$(intrinsic(stringify!($name), Intrinsic::$name),)*];
    };
}

constructors! {
    AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
    FinalizationRegistry Float32Array Float64Array Function Int16Array Int32Array Int8Array Iterator Map Math Number
    Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String SuppressedError Symbol SyntaxError TypeError
    Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet
}

pub static VALUES: &[PropertySpec] = &[
    frozen_value("Infinity", PropertyValue::Number(f64::INFINITY)),
    frozen_value("NaN", PropertyValue::Number(f64::NAN)),
    frozen_value("undefined", PropertyValue::Undefined),
    intrinsic("JSON", Intrinsic::Json),
    intrinsic("URIError", Intrinsic::UriError),
    intrinsic("eval", Intrinsic::Eval),
    intrinsic("parseFloat", Intrinsic::ParseFloat),
    intrinsic("parseInt", Intrinsic::ParseInt),
    method("decodeURI", 1, decode_uri),
    method("decodeURIComponent", 1, decode_uri_component),
    method("encodeURI", 1, encode_uri),
    method("encodeURIComponent", 1, encode_uri_component),
    method("escape", 1, escape),
    method("isFinite", 1, crate::number::global_is_finite),
    method("isNaN", 1, crate::number::global_is_nan),
    method("unescape", 1, unescape),
];
