//! Math (ECMA-262 §21.3).

use crate::table::*;
use tercel_vm::fast_native::FastNative;
use tercel_vm::{Args, Context, JsResult, Value};

fn unary(cx: &Context, args: &Args, f: fn(f64) -> f64) -> JsResult<Value> {
    let v = args.get(0);
    let x = if v.is_number() { v.as_number() } else { cx.to_number(v)? };
    Ok(Value::number(f(x)))
}

macro_rules! unary_functions {
    ($($name:ident = $f:expr;)*) => {
        $(fn $name(cx: &Context, args: &Args) -> JsResult<Value> {
            unary(cx, args, $f)
        })*
    };
}

unary_functions! {
    acos = f64::acos;
    acosh = f64::acosh;
    asin = f64::asin;
    asinh = |x| if x == 0.0 || x.is_infinite() { x } else { x.asinh() };
    atan = f64::atan;
    atanh = |x| if x == 0.0 { x } else { x.atanh() };
    cbrt = f64::cbrt;
    ceil = f64::ceil;
    cos = f64::cos;
    cosh = f64::cosh;
    exp = f64::exp;
    expm1 = f64::exp_m1;
    f16round = |x| tercel_vm::number::half::half_to_f64(tercel_vm::number::half::f64_to_half(x));
    fround = |x| x as f32 as f64;
    log = f64::ln;
    log10 = f64::log10;
    log1p = f64::ln_1p;
    log2 = f64::log2;
    round = round_half_up;
    sin = f64::sin;
    sinh = f64::sinh;
    sqrt = f64::sqrt;
    tan = f64::tan;
    tanh = f64::tanh;
    trunc = f64::trunc;
    sign = |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x };
}

/// Math.round: halves go up, −0 stays (§21.3.2.28).
fn round_half_up(x: f64) -> f64 {
    let floor = x.floor();
    let r = if x - floor >= 0.5 { floor + 1.0 } else { floor };
    if r == 0.0 { r.copysign(x) } else { r }
}

fn abs(cx: &Context, args: &Args) -> JsResult<Value> {
    let v = args.get(0);
    if v.is_int32() && v.as_int32() != i32::MIN {
        return Ok(Value::int32(v.as_int32().abs()));
    }
    unary(cx, args, f64::abs)
}

fn floor(cx: &Context, args: &Args) -> JsResult<Value> {
    let v = args.get(0);
    if v.is_int32() { Ok(v) } else { unary(cx, args, f64::floor) }
}

fn atan2(cx: &Context, args: &Args) -> JsResult<Value> {
    let (y, x) = (cx.to_number(args.get(0))?, cx.to_number(args.get(1))?);
    Ok(Value::number(y.atan2(x)))
}

fn pow(cx: &Context, args: &Args) -> JsResult<Value> {
    let (base, exponent) = (cx.to_number(args.get(0))?, cx.to_number(args.get(1))?);
    Ok(Value::number(tercel_vm::number::arith::pow(base, exponent)))
}

fn imul(cx: &Context, args: &Args) -> JsResult<Value> {
    let (a, b) = (cx.to_int32(args.get(0))?, cx.to_int32(args.get(1))?);
    Ok(Value::int32(a.wrapping_mul(b)))
}

fn clz32(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::int32(cx.to_uint32(args.get(0))?.leading_zeros() as i32))
}

/// Coerces all arguments before looking at any (§21.3.2.24), then folds.
fn extremum(cx: &Context, args: &Args, start: f64, pick: fn(f64, f64) -> f64) -> JsResult<Value> {
    if let [a, b] = args.slice()
        && a.get().is_int32()
        && b.get().is_int32()
    {
        return Ok(Value::number(pick(a.get().as_number(), b.get().as_number())));
    }
    let mut result = start;
    for i in 0..args.len() {
        let x = cx.to_number(args.get(i))?;
        result = if result.is_nan() || x.is_nan() { f64::NAN } else { pick(result, x) };
    }
    Ok(Value::number(result))
}

fn max(cx: &Context, args: &Args) -> JsResult<Value> {
    // +0 is larger than −0.
    extremum(cx, args, f64::NEG_INFINITY, |a, b| if b > a || (a == b && a.is_sign_negative()) { b } else { a })
}

fn min(cx: &Context, args: &Args) -> JsResult<Value> {
    extremum(cx, args, f64::INFINITY, |a, b| if b < a || (a == b && b.is_sign_negative()) { b } else { a })
}

fn hypot(cx: &Context, args: &Args) -> JsResult<Value> {
    let (mut largest, mut nan) = (0.0f64, false);
    let mut numbers = Vec::with_capacity(args.len());
    for i in 0..args.len() {
        let x = cx.to_number(args.get(i))?.abs();
        nan |= x.is_nan();
        largest = if x > largest { x } else { largest };
        numbers.push(x);
    }
    if largest == f64::INFINITY {
        return Ok(Value::double(f64::INFINITY));
    }
    if nan || largest == 0.0 {
        return Ok(if nan { Value::NAN } else { Value::ZERO });
    }
    // Scaled by the largest, so that squares neither overflow nor vanish; compensated, for the last digits.
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for x in numbers {
        let scaled = x / largest;
        let term = scaled * scaled - lost;
        let next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    Ok(Value::number(sum.sqrt() * largest))
}

fn random(cx: &Context, _: &Args) -> JsResult<Value> {
    Ok(Value::double(cx.random()))
}

pub static PROPERTIES: &[PropertySpec] = &[
    constant("E", std::f64::consts::E),
    constant("LN10", std::f64::consts::LN_10),
    constant("LN2", std::f64::consts::LN_2),
    constant("LOG10E", std::f64::consts::LOG10_E),
    constant("LOG2E", std::f64::consts::LOG2_E),
    constant("PI", std::f64::consts::PI),
    constant("SQRT1_2", std::f64::consts::FRAC_1_SQRT_2),
    constant("SQRT2", std::f64::consts::SQRT_2),
    to_string_tag("Math"),
    method("abs", 1, abs).fast(FastNative::MathAbs),
    method("acos", 1, acos),
    method("acosh", 1, acosh),
    method("asin", 1, asin),
    method("asinh", 1, asinh),
    method("atan", 1, atan),
    method("atanh", 1, atanh),
    method("atan2", 2, atan2),
    method("cbrt", 1, cbrt),
    method("ceil", 1, ceil).fast(FastNative::MathCeil),
    method("clz32", 1, clz32),
    method("cos", 1, cos),
    method("cosh", 1, cosh),
    method("exp", 1, exp),
    method("expm1", 1, expm1),
    method("f16round", 1, f16round),
    method("floor", 1, floor).fast(FastNative::MathFloor),
    method("fround", 1, fround),
    method("hypot", 2, hypot),
    method("imul", 2, imul).fast(FastNative::MathImul),
    method("log", 1, log),
    method("log10", 1, log10),
    method("log1p", 1, log1p),
    method("log2", 1, log2),
    method("max", 2, max).fast(FastNative::MathMax),
    method("min", 2, min).fast(FastNative::MathMin),
    method("pow", 2, pow),
    method("random", 0, random),
    method("round", 1, round),
    method("sign", 1, sign),
    method("sin", 1, sin),
    method("sinh", 1, sinh),
    method("sqrt", 1, sqrt).fast(FastNative::MathSqrt),
    method("sumPrecise", 1, crate::sum::sum_precise),
    method("tan", 1, tan),
    method("tanh", 1, tanh),
    method("trunc", 1, trunc).fast(FastNative::MathTrunc),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_up_at_halves_and_keeps_the_sign_of_zero() {
        assert_eq!(round_half_up(2.5), 3.0);
        assert_eq!(round_half_up(-2.5), -2.0);
        assert_eq!(round_half_up(0.49999999999999994), 0.0);
        assert!(round_half_up(-0.2).is_sign_negative());
        assert_eq!(round_half_up(4503599627370495.5), 4503599627370496.0);
        assert_eq!(round_half_up(1e300), 1e300);
    }
}
