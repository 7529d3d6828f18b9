//! What each pure or trapping machine op computes: the one definition that the reference interpreter and constant folding
//! share.
//!
//! A scalar is the `u64` whose low bits hold it, the rest zero: floats as their bits, addresses as they are. A vector is
//! its lanes packed into words, lane 0 lowest ([`vector`]). A NaN result has whatever bits the host computes, since its sign
//! and payload are unspecified; `fcanon` is the op that makes them definite.

mod float;
mod vector;

pub use float::{round_js, to_int32};
pub use vector::{VectorWords, eval_vector, get_lane, set_lane};

use crate::imm::{FloatCc, IntCc, TrapCode};
use crate::ops::Op;
use crate::types::Type;

/// Why an op has no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The function leaves with this trap.
    Trap(TrapCode),
    /// The function leaves through the instruction's frame state.
    Exit,
}

/// What an evaluation needs to know of an instruction.
#[derive(Clone, Copy, Debug)]
pub struct EvalOp {
    /// The operation.
    pub op: Op,
    /// The controlling type.
    pub ty: Type,
    /// Type of the first operand (of conversions, the source); `VOID` if there is none.
    pub from: Type,
    /// The 16-bit immediate.
    pub aux: u16,
    /// The 64-bit immediate.
    pub imm: i64,
}

/// Whether [`eval_scalar`] knows an op (given a scalar controlling type).
pub fn is_evaluable(op: Op) -> bool {
    let effects = op.effects();
    let machine = (op as u16) < (Op::JsConst as u16);
    machine
        && !effects.any(crate::Effects::READS.with(crate::Effects::WRITES).with(crate::Effects::TERMINATES))
        && !matches!(op, Op::SlotAddr | Op::FuncAddr | Op::Call | Op::CallIndirect | Op::Poll)
}

/// The integer as a signed number of the width of `ty`.
#[inline]
pub fn signed(bits: u64, ty: Type) -> i64 {
    crate::types::sign_extend(bits as i64, ty)
}

/// Whether an integer comparison holds.
pub fn compare_int(cc: IntCc, a: u64, b: u64, ty: Type) -> bool {
    let (sa, sb) = (signed(a, ty), signed(b, ty));
    match cc {
        IntCc::Eq => a == b,
        IntCc::Ne => a != b,
        IntCc::Slt => sa < sb,
        IntCc::Sle => sa <= sb,
        IntCc::Sgt => sa > sb,
        IntCc::Sge => sa >= sb,
        IntCc::Ult => a < b,
        IntCc::Ule => a <= b,
        IntCc::Ugt => a > b,
        IntCc::Uge => a >= b,
    }
}

/// Whether a float comparison holds.
pub fn compare_float(cc: FloatCc, a: f64, b: f64) -> bool {
    let unordered = a.is_nan() || b.is_nan();
    match cc {
        FloatCc::Eq => a == b,
        FloatCc::Ne => a != b,
        FloatCc::Lt => a < b,
        FloatCc::Le => a <= b,
        FloatCc::Gt => a > b,
        FloatCc::Ge => a >= b,
        FloatCc::Ult => unordered || a < b,
        FloatCc::Ule => unordered || a <= b,
        FloatCc::Ugt => unordered || a > b,
        FloatCc::Uge => unordered || a >= b,
        FloatCc::Ord => !unordered,
        FloatCc::Uno => unordered,
    }
}

/// The results of a scalar op: the second is 0 where there is one.
///
/// # Errors
/// The trap or exit that the op takes for these operands.
///
/// # Panics
/// If the op is not [evaluable](is_evaluable), or operands are missing.
pub fn eval_scalar(what: &EvalOp, args: &[u64]) -> Result<(u64, u64), Stop> {
    let EvalOp { op, ty, from, aux, imm } = *what;
    let mask = ty.lane_mask_or_ones();
    let arg = |index: usize| args[index];
    let one = |value: u64| Ok((value & mask, 0));
    let flag = |value: bool| Ok((value as u64, 0));
    match op {
        Op::Iconst | Op::Fconst => one(imm as u64),
        Op::Iadd => one(arg(0).wrapping_add(arg(1))),
        Op::Isub => one(arg(0).wrapping_sub(arg(1))),
        Op::Imul => one(arg(0).wrapping_mul(arg(1))),
        Op::SmulHi => {
            let product = signed(arg(0), ty) as i128 * signed(arg(1), ty) as i128;
            one((product >> ty.bits()) as u64)
        }
        Op::UmulHi => one(((arg(0) as u128 * arg(1) as u128) >> ty.bits()) as u64),
        Op::Ineg => one(arg(0).wrapping_neg()),
        Op::Sdiv | Op::Udiv | Op::Srem | Op::Urem => divide(op, ty, arg(0), arg(1)),
        Op::Smin => one(if signed(arg(0), ty) < signed(arg(1), ty) { arg(0) } else { arg(1) }),
        Op::Smax => one(if signed(arg(0), ty) > signed(arg(1), ty) { arg(0) } else { arg(1) }),
        Op::Umin => one(arg(0).min(arg(1))),
        Op::Umax => one(arg(0).max(arg(1))),
        Op::SaddOverflow | Op::SsubOverflow | Op::SmulOverflow => {
            let (value, overflow) = signed_overflow(op, ty, arg(0), arg(1));
            Ok((value & mask, overflow as u64))
        }
        Op::UaddOverflow => {
            let sum = arg(0) as u128 + arg(1) as u128;
            Ok((sum as u64 & mask, (sum > mask as u128) as u64))
        }
        Op::UsubOverflow => Ok((arg(0).wrapping_sub(arg(1)) & mask, (arg(0) < arg(1)) as u64)),
        Op::SaddTrap | Op::SsubTrap | Op::SmulTrap | Op::SaddGuard | Op::SsubGuard | Op::SmulGuard => {
            let (value, overflow) = signed_overflow(op, ty, arg(0), arg(1));
            if !overflow {
                return one(value);
            }
            let exits = matches!(op, Op::SaddGuard | Op::SsubGuard | Op::SmulGuard);
            Err(if exits { Stop::Exit } else { Stop::Trap(TrapCode::from_code(aux)) })
        }
        Op::Band => one(arg(0) & arg(1)),
        Op::Bor => one(arg(0) | arg(1)),
        Op::Bxor => one(arg(0) ^ arg(1)),
        Op::Bnot => one(!arg(0)),
        Op::Ishl | Op::Ushr | Op::Sshr | Op::Rotl | Op::Rotr => one(shift(op, ty, arg(0), arg(1))),
        Op::Clz => one((arg(0).leading_zeros() - (64 - ty.bits())) as u64),
        Op::Ctz => one((arg(0).trailing_zeros().min(ty.bits())) as u64),
        Op::Popcnt => one(arg(0).count_ones() as u64),
        Op::Bswap => one(arg(0).swap_bytes() >> (64 - ty.bits())),
        Op::Icmp => flag(compare_int(IntCc::from_code(aux), arg(0), arg(1), ty)),
        Op::Fcmp => flag(compare_float(FloatCc::from_code(aux), float::load(arg(0), ty), float::load(arg(1), ty))),
        Op::Select => one(if arg(0) != 0 { arg(1) } else { arg(2) }),
        Op::Sext => one(signed(arg(0), from) as u64),
        Op::Zext | Op::Narrow | Op::Bitcast => one(arg(0)),
        Op::PtrAdd => one(arg(0).wrapping_add(imm as u64)),
        Op::PtrIndex => one(arg(0).wrapping_add(arg(1) << (aux & 3)).wrapping_add(imm as u64)),
        Op::TrapIf if arg(0) != 0 => Err(Stop::Trap(TrapCode::from_code(aux))),
        Op::Guard if arg(0) == 0 => Err(Stop::Exit),
        Op::TrapIf | Op::Guard => Ok((0, 0)),
        _ => float::eval(what, args),
    }
}

fn divide(op: Op, ty: Type, a: u64, b: u64) -> Result<(u64, u64), Stop> {
    if b == 0 {
        return Err(Stop::Trap(TrapCode::DivideByZero));
    }
    let (sa, sb) = (signed(a, ty), signed(b, ty));
    let value = match op {
        Op::Udiv => a / b,
        Op::Urem => a % b,
        Op::Srem => sa.wrapping_rem(sb) as u64,
        _ if sb == -1 && sa == signed(1 << (ty.bits() - 1), ty) => {
            return Err(Stop::Trap(TrapCode::Overflow));
        }
        _ => (sa / sb) as u64,
    };
    Ok((value & ty.lane_mask(), 0))
}

fn signed_overflow(op: Op, ty: Type, a: u64, b: u64) -> (u64, bool) {
    let (a, b) = (signed(a, ty) as i128, signed(b, ty) as i128);
    let exact = match op {
        Op::SaddOverflow | Op::SaddTrap | Op::SaddGuard => a + b,
        Op::SsubOverflow | Op::SsubTrap | Op::SsubGuard => a - b,
        _ => a * b,
    };
    let wrapped = signed(exact as u64, ty);
    (wrapped as u64, wrapped as i128 != exact)
}

fn shift(op: Op, ty: Type, value: u64, count: u64) -> u64 {
    let bits = ty.bits();
    let count = count as u32 & (bits - 1);
    let rotate_left = |count: u32| {
        if count == 0 { value } else { value << count | value >> (bits - count) }
    };
    match op {
        Op::Ishl => value << count,
        Op::Ushr => value >> count,
        Op::Sshr => (signed(value, ty) >> count) as u64,
        Op::Rotl => rotate_left(count),
        _ => rotate_left((bits - count) & (bits - 1)),
    }
}

#[cfg(test)]
mod tests;
