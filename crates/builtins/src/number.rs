//! Number and Number.prototype (ECMA-262 §21.1), parseInt and parseFloat (§19.2.4–5), Boolean (§20.3).

use crate::table::*;
use tercel_vm::number::{format, parse};
use tercel_vm::{Args, Context, Intrinsic, JsResult, Kind, Numeric, Object, Value};

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    let n = if args.is_empty() {
        Value::ZERO
    } else {
        match cx.to_numeric(args.get(0))? {
            Numeric::Number(n) => Value::number(n),
            Numeric::BigInt(b) => Value::number(b.to_f64()),
        }
    };
    if args.new_target().is_undefined() {
        return Ok(n);
    }
    let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::NumberPrototype)?;
    Ok(cx.new_primitive_object(Kind::NumberObject, n, proto).into())
}

/// ThisNumberValue (§21.1.3).
fn this_number(cx: &Context, args: &Args, method: &str) -> JsResult<f64> {
    let this = args.this();
    if this.is_number() {
        return Ok(this.as_number());
    }
    match this.as_kind::<Object>(Kind::NumberObject) {
        Some(o) => Ok(o.primitive_value().as_number()),
        None => Err(cx.throw_type(format_args!("Number.prototype.{method} requires that 'this' be a Number"))),
    }
}

fn is_integral(v: Value) -> bool {
    v.is_int32() || (v.is_double() && v.as_double().is_finite() && v.as_double().trunc() == v.as_double())
}

fn is_finite(_: &Context, args: &Args) -> JsResult<Value> {
    Ok((args.get(0).is_number() && args.get(0).as_number().is_finite()).into())
}

fn is_integer(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(is_integral(args.get(0)).into())
}

fn is_nan(_: &Context, args: &Args) -> JsResult<Value> {
    Ok((args.get(0).is_double() && args.get(0).as_double().is_nan()).into())
}

fn is_safe_integer(_: &Context, args: &Args) -> JsResult<Value> {
    Ok((is_integral(args.get(0)) && args.get(0).as_number().abs() <= 9_007_199_254_740_991.0).into())
}

pub fn global_is_finite(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.to_number(args.get(0))?.is_finite().into())
}

pub fn global_is_nan(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.to_number(args.get(0))?.is_nan().into())
}

pub fn parse_float(cx: &Context, args: &Args) -> JsResult<Value> {
    let v = args.get(0);
    if v.is_int32() {
        return Ok(v);
    }
    let s = cx.to_string(v)?;
    Ok(Value::number(parse::parse_float(s.chars(cx)?)))
}

pub fn parse_int(cx: &Context, args: &Args) -> JsResult<Value> {
    let v = args.get(0);
    // An int32 prints as its own digits.
    if v.is_int32() && (args.get(1).is_undefined() || args.get(1) == Value::int32(10)) {
        return Ok(v);
    }
    let s = cx.to_string(v)?;
    let radix = cx.to_int32(args.get(1))?;
    Ok(Value::number(parse::parse_int(s.chars(cx)?, radix)))
}

/// The digits argument of the formatting methods: an integer within `low..=high`, else RangeError.
fn digits(cx: &Context, n: f64, low: f64, high: f64, method: &str) -> JsResult<usize> {
    if (low..=high).contains(&n) {
        return Ok(n as usize);
    }
    let what = if method == "toPrecision" { "argument" } else { "digits argument" };
    Err(cx.throw_range(format_args!("{method}() {what} must be between {low} and {high}")))
}

fn to_exponential(cx: &Context, args: &Args) -> JsResult<Value> {
    let x = this_number(cx, args, "toExponential")?;
    let f = cx.to_integer_or_infinity(args.get(0))?;
    if !x.is_finite() {
        return Ok(cx.string_from_number(x).into());
    }
    let f = digits(cx, f, 0.0, 100.0, "toExponential")?;
    let fraction = if args.get(0).is_undefined() { None } else { Some(f) };
    Ok(cx.string_from_utf8(&format::to_exponential(x, fraction)).into())
}

fn to_fixed(cx: &Context, args: &Args) -> JsResult<Value> {
    let x = this_number(cx, args, "toFixed")?;
    let f = digits(cx, cx.to_integer_or_infinity(args.get(0))?, 0.0, 100.0, "toFixed")?;
    if !x.is_finite() || x.abs() >= 1e21 {
        return Ok(cx.string_from_number(x).into());
    }
    Ok(cx.string_from_utf8(&format::to_fixed(x, f)).into())
}

fn to_precision(cx: &Context, args: &Args) -> JsResult<Value> {
    let x = this_number(cx, args, "toPrecision")?;
    if args.get(0).is_undefined() {
        return Ok(cx.string_from_number(x).into());
    }
    let p = cx.to_integer_or_infinity(args.get(0))?;
    if !x.is_finite() {
        return Ok(cx.string_from_number(x).into());
    }
    let p = digits(cx, p, 1.0, 100.0, "toPrecision")?;
    Ok(cx.string_from_utf8(&format::to_precision(x, p)).into())
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let x = this_number(cx, args, "toString")?;
    let radix = if args.get(0).is_undefined() { 10.0 } else { cx.to_integer_or_infinity(args.get(0))? };
    if !(2.0..=36.0).contains(&radix) {
        return Err(cx.throw_range(format_args!("toString() radix must be between 2 and 36")));
    }
    if radix == 10.0 || !x.is_finite() {
        return Ok(cx.string_from_number(x).into());
    }
    Ok(cx.string_from_utf8(&format::to_radix(x, radix as u32)).into())
}

fn to_locale_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let x = this_number(cx, args, "toLocaleString")?;
    if !x.is_finite() {
        return Ok(cx
            .string_from_utf8(if x.is_nan() {
                "NaN"
            } else if x > 0.0 {
                "∞"
            } else {
                "-∞"
            })
            .into());
    }
    // The root locale's pattern #,##0.###.
    let fixed = format::to_fixed(x.abs(), 3);
    let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let mut text = String::new();
    if x.is_sign_negative() && (x != 0.0) {
        text.push('-');
    }
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    Ok(cx.string_from_utf8(&text).into())
}

fn value_of(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::number(this_number(cx, args, "valueOf")?))
}

pub static CONSTRUCTOR: FunctionSpec = class("Number", 1, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::NumberPrototype),
    constant("EPSILON", f64::EPSILON),
    constant("MAX_SAFE_INTEGER", 9_007_199_254_740_991.0),
    constant("MAX_VALUE", f64::MAX),
    constant("MIN_SAFE_INTEGER", -9_007_199_254_740_991.0),
    constant("MIN_VALUE", 5e-324),
    constant("NaN", f64::NAN),
    constant("NEGATIVE_INFINITY", f64::NEG_INFINITY),
    constant("POSITIVE_INFINITY", f64::INFINITY),
    method("isFinite", 1, is_finite),
    method("isInteger", 1, is_integer),
    method("isNaN", 1, is_nan),
    method("isSafeInteger", 1, is_safe_integer),
    intrinsic("parseFloat", Intrinsic::ParseFloat),
    intrinsic("parseInt", Intrinsic::ParseInt),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Number),
    method("toExponential", 1, to_exponential),
    method("toFixed", 1, to_fixed),
    method("toLocaleString", 0, to_locale_string),
    method("toPrecision", 1, to_precision),
    method("toString", 1, to_string),
    method("valueOf", 0, value_of),
];

pub mod boolean {
    use super::*;

    fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        let b = Value::boolean(args.get(0).to_boolean());
        if args.new_target().is_undefined() {
            return Ok(b);
        }
        let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::BooleanPrototype)?;
        Ok(cx.new_primitive_object(Kind::BooleanObject, b, proto).into())
    }

    /// ThisBooleanValue (§20.3.3).
    fn this_boolean(cx: &Context, args: &Args, method: &str) -> JsResult<bool> {
        let this = args.this();
        if this.is_boolean() {
            return Ok(this.as_boolean());
        }
        match this.as_kind::<Object>(Kind::BooleanObject) {
            Some(o) => Ok(o.primitive_value().as_boolean()),
            None => Err(cx.throw_type(format_args!("Boolean.prototype.{method} requires that 'this' be a Boolean"))),
        }
    }

    fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
        let b = this_boolean(cx, args, "toString")?;
        Ok(if b { cx.names().true_ } else { cx.names().false_ }.to_value(cx))
    }

    fn value_of(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(this_boolean(cx, args, "valueOf")?.into())
    }

    pub static CONSTRUCTOR: FunctionSpec = class("Boolean", 1, constructor);
    pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::BooleanPrototype)];
    pub static PROTOTYPE: &[PropertySpec] =
        &[constructor_of(Intrinsic::Boolean), method("toString", 0, to_string), method("valueOf", 0, value_of)];
}
