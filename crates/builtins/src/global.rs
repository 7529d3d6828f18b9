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

/// The functions that are intrinsics of their own; the engine recognizes `%eval%` in direct calls.
pub static FUNCTIONS: &[ObjectSpec] = &[
    object(Intrinsic::Eval, function("eval", 1, eval)),
    object(Intrinsic::ParseFloat, function("parseFloat", 1, crate::number::parse_float)),
    object(Intrinsic::ParseInt, function("parseInt", 2, crate::number::parse_int)),
    object(Intrinsic::DecodeUri, function("decodeURI", 1, decode_uri)),
    object(Intrinsic::DecodeUriComponent, function("decodeURIComponent", 1, decode_uri_component)),
    object(Intrinsic::EncodeUri, function("encodeURI", 1, encode_uri)),
    object(Intrinsic::EncodeUriComponent, function("encodeURIComponent", 1, encode_uri_component)),
    object(Intrinsic::Escape, function("escape", 1, escape)),
    object(Intrinsic::Unescape, function("unescape", 1, unescape)),
    object(Intrinsic::IsFinite, function("isFinite", 1, crate::number::global_is_finite)),
    object(Intrinsic::IsNan, function("isNaN", 1, crate::number::global_is_nan)),
];

const fn object(intrinsic: Intrinsic, function: FunctionSpec) -> ObjectSpec {
    ObjectSpec::class(intrinsic, function, &[])
}

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
    AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array Boolean DataView Date DisposableStack Error EvalError
    FinalizationRegistry Float16Array Float32Array Float64Array Function Int16Array Int32Array Int8Array Iterator Map Math Number
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
    intrinsic("decodeURI", Intrinsic::DecodeUri),
    intrinsic("decodeURIComponent", Intrinsic::DecodeUriComponent),
    intrinsic("encodeURI", Intrinsic::EncodeUri),
    intrinsic("encodeURIComponent", Intrinsic::EncodeUriComponent),
    intrinsic("escape", Intrinsic::Escape),
    intrinsic("isFinite", Intrinsic::IsFinite),
    intrinsic("isNaN", Intrinsic::IsNan),
    intrinsic("unescape", Intrinsic::Unescape),
];
