//! Float ops and conversions. `f32` arithmetic is done in `f32`: going through `f64` would round twice.

use super::{EvalOp, Stop};
use crate::imm::TrapCode;
use crate::ops::Op;
use crate::types::Type;

/// A float of either width as `f64`; exact.
pub fn load(bits: u64, ty: Type) -> f64 {
    if ty == Type::F32 { f32::from_bits(bits as u32) as f64 } else { f64::from_bits(bits) }
}

/// Math.round, ECMA-262 section 21.3.2.28: nearest integer, ties upwards; -0 for what rounds up to zero from below.
pub fn round_js(x: f64) -> f64 {
    let floor = x.floor();
    let rounded = if x - floor >= 0.5 { floor + 1.0 } else { floor };
    if rounded.is_nan() { x } else { rounded.copysign(x) }
}

/// ToInt32, ECMA-262 section 7.1.6: truncation modulo 2^32; NaN and infinities give 0.
pub fn to_int32(x: f64) -> i32 {
    let bits = x.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1075;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let magnitude = match exponent {
        // Below 2^32 in units of 2^0: the low 32 bits of the integer part.
        -52..=-1 => mantissa >> -exponent,
        0..=31 => mantissa << exponent,
        _ => 0,
    } as u32;
    if x < 0.0 { magnitude.wrapping_neg() as i32 } else { magnitude as i32 }
}

macro_rules! float_ops {
    ($name:ident, $float:ty, $bits:ty) => {
        fn $name(op: Op, args: &[u64]) -> Option<u64> {
            let arg = |index: usize| <$float>::from_bits(args[index] as $bits);
            let result: $float = match op {
                Op::Fadd => arg(0) + arg(1),
                Op::Fsub => arg(0) - arg(1),
                Op::Fmul => arg(0) * arg(1),
                Op::Fdiv => arg(0) / arg(1),
                Op::Fneg => -arg(0),
                Op::Fabs => arg(0).abs(),
                Op::Fcopysign => arg(0).copysign(arg(1)),
                Op::Fsqrt => arg(0).sqrt(),
                Op::Ffloor => arg(0).floor(),
                Op::Fceil => arg(0).ceil(),
                Op::Ftrunc => arg(0).trunc(),
                Op::Fnearest => arg(0).round_ties_even(),
                Op::FroundJs => {
                    let (x, floor) = (arg(0), arg(0).floor());
                    let rounded = if x - floor >= 0.5 { floor + 1.0 } else { floor };
                    if rounded.is_nan() { x } else { rounded.copysign(x) }
                }
                Op::FminJs | Op::FmaxJs if arg(0).is_nan() || arg(1).is_nan() => <$float>::NAN,
                Op::FminNum | Op::FmaxNum if arg(0).is_nan() => arg(1),
                Op::FminNum | Op::FmaxNum if arg(1).is_nan() => arg(0),
                // Equal operands differ at most in the sign of zero.
                Op::FminJs | Op::FminNum => {
                    let first = arg(0) < arg(1) || arg(0) == arg(1) && arg(0).is_sign_negative();
                    if first { arg(0) } else { arg(1) }
                }
                Op::FmaxJs | Op::FmaxNum => {
                    let first = arg(0) > arg(1) || arg(0) == arg(1) && arg(0).is_sign_positive();
                    if first { arg(0) } else { arg(1) }
                }
                Op::Fcanon if arg(0).is_nan() => <$float>::NAN,
                Op::Fcanon => arg(0),
                _ => return None,
            };
            Some(result.to_bits() as u64)
        }
    };
}

float_ops!(eval_f32, f32, u32);
float_ops!(eval_f64, f64, u64);

pub(super) fn eval(what: &EvalOp, args: &[u64]) -> Result<(u64, u64), Stop> {
    let EvalOp { op, ty, from, .. } = *what;
    let arithmetic = match ty {
        Type::F32 => eval_f32(op, args),
        Type::F64 => eval_f64(op, args),
        _ => None,
    };
    if let Some(bits) = arithmetic {
        return Ok((bits, 0));
    }
    let x = load(args[0], from);
    let bits = match op {
        Op::Fpromote => x.to_bits(),
        Op::Fdemote => (x as f32).to_bits() as u64,
        Op::SintToFloat => {
            let value = super::signed(args[0], from);
            if ty == Type::F32 { (value as f32).to_bits() as u64 } else { (value as f64).to_bits() }
        }
        Op::UintToFloat => {
            let value = args[0];
            if ty == Type::F32 { (value as f32).to_bits() as u64 } else { (value as f64).to_bits() }
        }
        Op::FloatToSintSat if ty == Type::I32 => x as i32 as u32 as u64,
        Op::FloatToSintSat => x as i64 as u64,
        Op::FloatToUintSat if ty == Type::I32 => x as u32 as u64,
        Op::FloatToUintSat => x as u64,
        Op::FloatToSintTrap => {
            // MIN is exact in a float and MAX + 1 is too, so these bounds are exact.
            let (low, high) =
                if ty == Type::I32 { (-2147483649.0, 2147483648.0) } else { (-2f64.powi(63), 2f64.powi(63)) };
            let fits = if ty == Type::I32 { x > low && x < high } else { x >= low && x < high };
            if !fits {
                return Err(Stop::Trap(TrapCode::BadConversion));
            }
            x as i64 as u64 & ty.lane_mask()
        }
        Op::FloatToInt32Wrap => to_int32(x) as u32 as u64,
        _ => panic!("{op} is not evaluable"),
    };
    Ok((bits, 0))
}
