//! Math.sumPrecise (ECMA-262 §21.3.2.33): the exact sum of doubles, rounded once.
//!
//! Every finite double is an integer multiple of 2⁻¹⁰⁷⁴ below 2²⁰⁹⁸ of them, so a fixed-point number holds any sum: limbs of 32 bits in
//! signed 64-bit words, whose upper halves collect carries until they are passed on (every 2³⁰ additions).

use crate::iterator::for_each;
use tercel_vm::{Args, Context, JsResult, Value};

/// 2098 bits of one double, and 64 more for the carries of as many additions as there can be.
const LIMBS: usize = 2098usize.div_ceil(32) + 3;
/// The weight of the lowest bit is 2 to this power.
const LOWEST: i32 = -1074;
const CARRY_EVERY: u32 = 1 << 30;

struct Accumulator {
    limbs: [i64; LIMBS],
    additions: u32,
}

impl Accumulator {
    fn new() -> Accumulator {
        Accumulator { limbs: [0; LIMBS], additions: 0 }
    }

    /// Adds a finite number.
    fn add(&mut self, x: f64) {
        let bits = x.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let wide = u128::from(mantissa) << (shift % 32);
        for i in 0..3 {
            let part = (wide >> (32 * i)) as u32;
            let part = i64::from(part);
            self.limbs[shift / 32 + i] += if x.is_sign_negative() { -part } else { part };
        }
        self.additions += 1;
        if self.additions == CARRY_EVERY {
            self.carry();
        }
    }

    /// Brings every limb but the highest into `0..2³²`.
    fn carry(&mut self) {
        self.additions = 0;
        let mut carry = 0;
        for limb in &mut self.limbs[..LIMBS - 1] {
            let sum = *limb + carry;
            *limb = sum & 0xffff_ffff;
            carry = sum >> 32;
        }
        self.limbs[LIMBS - 1] += carry;
    }

    /// The sum, rounded to nearest, ties to even. An exact zero is +0.
    fn round(mut self) -> f64 {
        self.carry();
        let negative = self.limbs[LIMBS - 1] < 0;
        if negative {
            self.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            self.carry();
        }
        let Some(top) = self.limbs.iter().rposition(|&limb| limb != 0) else { return 0.0 };
        let bit = |i: usize| self.limbs[i / 32] >> (i % 32) & 1 == 1;
        // The highest limb fits 32 bits too: the sum of fewer than 2⁶⁴ numbers is below its end.
        let highest = top * 32 + self.limbs[top].ilog2() as usize;
        let lowest_kept = highest.saturating_sub(52);
        let mut mantissa = 0u64;
        for i in (lowest_kept..=highest).rev() {
            mantissa = mantissa << 1 | u64::from(bit(i));
        }
        if lowest_kept > 0 && bit(lowest_kept - 1) {
            let above_half = (0..lowest_kept - 1).any(bit);
            mantissa += u64::from(above_half || mantissa & 1 == 1);
        }
        let magnitude = scale(mantissa, lowest_kept as i32 + LOWEST);
        if negative { -magnitude } else { magnitude }
    }
}

/// `mantissa` × 2^`exponent`, of which no bit is lost unless it overflows. `mantissa` has at most 54 bits.
fn scale(mantissa: u64, exponent: i32) -> f64 {
    // Two steps, because 2^−1074 has no reciprocal and 2^1023 is the largest power.
    let half = exponent / 2;
    mantissa as f64 * 2f64.powi(half) * 2f64.powi(exponent - half)
}

pub fn sum_precise(cx: &Context, args: &Args) -> JsResult<Value> {
    let items = args.get(0);
    if items.is_nullish() {
        return Err(cx.throw_not_iterable(items));
    }
    let mut sum = Accumulator::new();
    // Infinities and NaN, added as they are.
    let mut special = 0.0;
    let mut only_minus_zero = true;
    for_each(cx, items, |item| {
        if !item.is_number() {
            return Err(cx.throw_type(format_args!("{} is not a number", cx.describe(item))));
        }
        let x = item.as_number();
        if x.is_finite() {
            only_minus_zero &= x == 0.0 && x.is_sign_negative();
            sum.add(x);
        } else {
            only_minus_zero = false;
            special += x;
        }
        Ok(())
    })?;
    Ok(Value::number(if special != 0.0 {
        special
    } else if only_minus_zero {
        -0.0
    } else {
        sum.round()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: &[f64]) -> f64 {
        let mut a = Accumulator::new();
        numbers.iter().for_each(|&x| a.add(x));
        a.round()
    }

    #[test]
    fn sums_are_exact_and_rounded_once() {
        assert_eq!(sum(&[1e20, 0.1, -1e20]), 0.1);
        assert_eq!(sum(&[1e308, 1e308, -1e308]), 1e308);
        assert_eq!(sum(&[5e-324, 5e-324]), 1e-323);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum(&[0.1, 0.2, 0.3]), 0.6);
        // One addition is rounded once already.
        assert_eq!(sum(&[-1.0, 1.0 / 3.0]), -1.0 + 1.0 / 3.0);
        assert_eq!(sum(&[9007199254740992.0, 1.0, 1e-300]), 9007199254740994.0);
    }
}
