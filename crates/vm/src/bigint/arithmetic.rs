//! The operators of BigInt (ECMA-262 §6.1.6.2).
//!
//! Operands of one limb take a path over `i128`, which cannot overflow. Bitwise operators see two's complement with infinite sign
//! extension, as the specification does.

use super::limbs::{self, Limb, Reciprocal, TwosComplement};
use super::{BigInt, MAX_BITS};
use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use std::cmp::Ordering;

type Big = Gc<BigInt>;

/// From this many limbs on, an operation polls for interrupts before it begins.
const LONG: usize = 1 << 11;

/// A bitwise operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bitwise {
    And,
    Or,
    Xor,
}

impl Context {
    pub fn bigint_add(&self, a: Big, b: Big) -> JsResult<Big> {
        match (a.small(), b.small()) {
            (Some(x), Some(y)) => Ok(self.bigint_from_i128(x + y)),
            _ => self.add_signed(a, b, b.is_negative()),
        }
    }

    pub fn bigint_sub(&self, a: Big, b: Big) -> JsResult<Big> {
        match (a.small(), b.small()) {
            (Some(x), Some(y)) => Ok(self.bigint_from_i128(x - y)),
            _ => self.add_signed(a, b, !b.is_negative()),
        }
    }

    /// `a + |b|` or `a − |b|`.
    fn add_signed(&self, a: Big, b: Big, b_negative: bool) -> JsResult<Big> {
        let (x, y) = (a.limbs(), b.limbs());
        if a.is_negative() == b_negative {
            let (long, short) = if x.len() >= y.len() { (x, y) } else { (y, x) };
            return self.build_bigint(long.len() + 1, b_negative, |out| {
                limbs::add(out, long, short);
                Ok(())
            });
        }
        let (large, small, negative) = match limbs::compare(x, y) {
            Ordering::Equal => return Ok(self.bigint_from_i64(0)),
            Ordering::Greater => (x, y, a.is_negative()),
            Ordering::Less => (y, x, b_negative),
        };
        self.build_bigint(large.len(), negative, |out| {
            limbs::subtract(out, large, small);
            Ok(())
        })
    }

    pub fn bigint_mul(&self, a: Big, b: Big) -> JsResult<Big> {
        let negative = a.is_negative() != b.is_negative();
        let (x, y) = (a.limbs(), b.limbs());
        match (x, y) {
            ([], _) => Ok(a),
            (_, []) => Ok(b),
            (&[x], &[y]) => Ok(self.bigint_from_parts(x as u128 * y as u128, negative)),
            _ => {
                if x.len().min(y.len()) >= LONG {
                    self.poll()?;
                }
                self.build_bigint(x.len() + y.len(), negative, |out| {
                    limbs::multiply(out, x, y);
                    Ok(())
                })
            }
        }
    }

    /// BigInt::divide: truncates; RangeError "Division by zero".
    pub fn bigint_div(&self, a: Big, b: Big) -> JsResult<Big> {
        self.throw_if_zero_divisor(b)?;
        let negative = a.is_negative() != b.is_negative();
        match (a.limbs(), b.limbs()) {
            (&[x], &[y]) => return Ok(self.bigint_from_parts((x / y) as u128, negative)),
            (x, y) if limbs::compare(x, y).is_lt() => return Ok(self.bigint_from_i64(0)),
            (x, &[y]) => {
                return self.build_bigint(x.len(), negative, |out| {
                    out.copy_from_slice(x);
                    limbs::divide_limb_in_place(out, &Reciprocal::new(y));
                    Ok(())
                });
            }
            _ => {}
        }
        self.poll_if_long(a, b)?;
        let (x, y) = (a.limbs(), b.limbs());
        let mut remainder = vec![0; y.len()];
        // The division polls, which may collect: operands and result are referred to from this native frame, so they stay where
        // they are, and an unfinished BigInt has its size already.
        self.build_bigint(x.len() - y.len() + 1, negative, |out| {
            limbs::divide(out, &mut remainder, x, y, || self.poll())
        })
    }

    /// BigInt::remainder: the sign is the dividend's.
    pub fn bigint_rem(&self, a: Big, b: Big) -> JsResult<Big> {
        self.throw_if_zero_divisor(b)?;
        match (a.limbs(), b.limbs()) {
            (&[x], &[y]) => return Ok(self.bigint_from_parts((x % y) as u128, a.is_negative())),
            (x, y) if limbs::compare(x, y).is_lt() => return Ok(a),
            _ => {}
        }
        self.poll_if_long(a, b)?;
        let (x, y) = (a.limbs(), b.limbs());
        let mut quotient = vec![0; x.len() - y.len() + 1];
        self.build_bigint(y.len(), a.is_negative(), |out| limbs::divide(&mut quotient, out, x, y, || self.poll()))
    }

    fn throw_if_zero_divisor(&self, b: Big) -> JsResult<()> {
        if b.is_zero() { Err(self.throw_range(format_args!("Division by zero"))) } else { Ok(()) }
    }

    fn poll_if_long(&self, a: Big, b: Big) -> JsResult<()> {
        if a.limbs().len().min(b.limbs().len()) >= LONG { self.poll() } else { Ok(()) }
    }

    /// BigInt::exponentiate: by squaring; RangeError for a negative exponent.
    pub fn bigint_pow(&self, base: Big, exponent: Big) -> JsResult<Big> {
        if exponent.is_negative() {
            return Err(self.throw_range(format_args!("Exponent must be positive")));
        }
        if exponent.is_zero() {
            return Ok(self.bigint_from_i64(1));
        }
        let odd_exponent = exponent.limbs()[0] & 1 != 0;
        match *base.limbs() {
            [] => return Ok(base),
            [1] => return Ok(if base.is_negative() && !odd_exponent { self.bigint_from_i64(1) } else { base }),
            _ => {}
        }
        // |base| ≥ 2, so the result has at least as many bits as the exponent says.
        let Some(exponent) = exponent.to_u64().filter(|&e| e <= MAX_BITS) else {
            return Err(self.throw_bigint_size());
        };
        if (limbs::bit_length(base.limbs()) - 1) * exponent >= MAX_BITS {
            return Err(self.throw_bigint_size());
        }
        if let [limb] = *base.limbs()
            && limb.is_power_of_two()
        {
            let one = self.bigint_from_parts(1, base.is_negative() && odd_exponent);
            return self.shift_left(one, limb.trailing_zeros() as u64 * exponent);
        }
        let mut result = base;
        for bit in (0..exponent.ilog2()).rev() {
            result = self.bigint_mul(result, result)?;
            if exponent >> bit & 1 != 0 {
                result = self.bigint_mul(result, base)?;
            }
        }
        Ok(result)
    }

    pub fn bigint_neg(&self, a: Big) -> JsResult<Big> {
        match a.small() {
            Some(x) => Ok(self.bigint_from_i128(-x)),
            None => self.bigint_from_limbs(a.limbs(), !a.is_negative()),
        }
    }

    /// BigInt::bitwiseNOT: −a − 1.
    pub fn bigint_not(&self, a: Big) -> JsResult<Big> {
        match a.small() {
            Some(x) => Ok(self.bigint_from_i128(!x)),
            None => {
                let one = self.bigint_from_i64(-1);
                let negated = self.bigint_neg(a)?;
                self.bigint_add(negated, one)
            }
        }
    }

    pub fn bigint_inc(&self, a: Big) -> JsResult<Big> {
        let one = self.bigint_from_i64(1);
        self.bigint_add(a, one)
    }

    pub fn bigint_dec(&self, a: Big) -> JsResult<Big> {
        let one = self.bigint_from_i64(1);
        self.bigint_sub(a, one)
    }

    pub fn bigint_bitwise(&self, op: Bitwise, a: Big, b: Big) -> JsResult<Big> {
        if let (Some(x), Some(y)) = (a.small(), b.small()) {
            return Ok(self.bigint_from_i128(match op {
                Bitwise::And => x & y,
                Bitwise::Or => x | y,
                Bitwise::Xor => x ^ y,
            }));
        }
        let (p, q) = (a.is_negative(), b.is_negative());
        let negative = match op {
            Bitwise::And => p & q,
            Bitwise::Or => p | q,
            Bitwise::Xor => p ^ q,
        };
        // One limb more than the longer operand, so that the result's sign is visible in two's complement.
        let length = a.limbs().len().max(b.limbs().len()) + 1;
        self.build_bigint(length, negative, |out| {
            let mut x = TwosComplement::new(a.limbs(), p);
            let mut y = TwosComplement::new(b.limbs(), q);
            for limb in &mut *out {
                let (x, y) = (x.next_limb(), y.next_limb());
                *limb = match op {
                    Bitwise::And => x & y,
                    Bitwise::Or => x | y,
                    Bitwise::Xor => x ^ y,
                };
            }
            if negative {
                limbs::negate_in_place(out);
            }
            Ok(())
        })
    }

    /// BigInt::leftShift; a negative count shifts right.
    pub fn bigint_shl(&self, a: Big, count: Big) -> JsResult<Big> {
        self.shift(a, count, !count.is_negative())
    }

    /// BigInt::signedRightShift: rounds down.
    pub fn bigint_shr(&self, a: Big, count: Big) -> JsResult<Big> {
        self.shift(a, count, count.is_negative())
    }

    fn shift(&self, a: Big, count: Big, left: bool) -> JsResult<Big> {
        if a.is_zero() || count.is_zero() {
            return Ok(a);
        }
        match *count.limbs() {
            [count] if left => self.shift_left(a, count),
            [count] => self.shift_right(a, count),
            _ if left => Err(self.throw_bigint_size()),
            _ => Ok(self.bigint_from_i64(-(a.is_negative() as i64))),
        }
    }

    fn shift_left(&self, a: Big, count: u64) -> JsResult<Big> {
        if count >= MAX_BITS || limbs::bit_length(a.limbs()) + count > MAX_BITS {
            return Err(self.throw_bigint_size());
        }
        let (whole, bits) = ((count / 64) as usize, (count % 64) as u32);
        let x = a.limbs();
        self.build_bigint(x.len() + whole + 1, a.is_negative(), |out| {
            out[whole + x.len()] = limbs::shift_left_bits(&mut out[whole..whole + x.len()], x, bits);
            Ok(())
        })
    }

    fn shift_right(&self, a: Big, count: u64) -> JsResult<Big> {
        let x = a.limbs();
        let whole = usize::try_from(count / 64).unwrap_or(usize::MAX);
        if whole >= x.len() {
            return Ok(self.bigint_from_i64(-(a.is_negative() as i64)));
        }
        let round_down = a.is_negative() && limbs::any_low_bits(x, count);
        // Rounding a negative number down makes the magnitude one larger, which may carry into a new limb.
        self.build_bigint(x.len() - whole + round_down as usize, a.is_negative(), |out| {
            limbs::shift_right_bits(&mut out[..x.len() - whole], &x[whole..], (count % 64) as u32);
            let mut carry = round_down;
            for limb in out {
                (*limb, carry) = limb.overflowing_add(carry as Limb);
            }
            Ok(())
        })
    }

    /// BigInt.asUintN (§21.2.2.2): modulo 2^bits. `bits` is at most 2^53 − 1.
    pub fn bigint_as_uint_n(&self, bits: u64, a: Big) -> JsResult<Big> {
        if !a.is_negative() && limbs::bit_length(a.limbs()) <= bits {
            return Ok(a);
        }
        if bits <= 64 {
            let low = a.to_u64_wrapping();
            return Ok(self.bigint_from_u64(if bits == 64 { low } else { low & ((1 << bits) - 1) }));
        }
        // A negative value of more bits than allowed has a two's complement that is too long as well.
        if bits > MAX_BITS {
            return Err(self.throw_bigint_size());
        }
        self.modulo_power(bits, a, false)
    }

    /// BigInt.asIntN (§21.2.2.1): modulo 2^bits, as a signed number of so many bits.
    pub fn bigint_as_int_n(&self, bits: u64, a: Big) -> JsResult<Big> {
        if limbs::bit_length(a.limbs()) < bits {
            return Ok(a);
        }
        if bits == 0 {
            return Ok(self.bigint_from_i64(0));
        }
        if bits <= 64 {
            let unused = 64 - bits as u32;
            return Ok(self.bigint_from_i64(a.to_i64_wrapping() << unused >> unused));
        }
        // The magnitude has at least `bits` bits, so `bits` is within the maximum.
        self.modulo_power(bits, a, true)
    }

    /// The lowest `bits` > 64 bits of the two's complement, unsigned or signed.
    fn modulo_power(&self, bits: u64, a: Big, signed: bool) -> JsResult<Big> {
        let length = bits.div_ceil(64) as usize;
        let (top_limb, top_bit) = ((bits - 1) as usize / 64, (bits - 1) % 64);
        let mut twos = TwosComplement::new(a.limbs(), a.is_negative());
        let mut low: Vec<Limb> = Vec::new();
        if low.try_reserve_exact(length).is_err() {
            return Err(self.throw_out_of_memory(format_args!("Out of memory: a BigInt of {bits} bits")));
        }
        low.extend((0..length).map(|_| twos.next_limb()));
        let mask = Limb::MAX >> (63 - top_bit);
        low[top_limb] &= mask;
        let negative = signed && low[top_limb] >> top_bit & 1 != 0;
        if negative {
            low[top_limb] |= !mask;
            limbs::negate_in_place(&mut low);
        }
        self.bigint_from_limbs(&low, negative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;
    use dashu_int::IBig;

    fn read(b: Big) -> IBig {
        let magnitude = IBig::from(dashu_int::UBig::from_words(b.limbs()));
        if b.is_negative() { -magnitude } else { magnitude }
    }

    fn numbers(cx: &Context) -> Vec<Big> {
        let mut all = Vec::new();
        for limbs in [
            &[][..],
            &[1],
            &[2],
            &[u64::MAX],
            &[1 << 63],
            &[0, 1],
            &[u64::MAX, u64::MAX],
            &[0, 0, 1 << 63],
            &[5, 0, 7, 9],
            &[0, 0, 0, 1],
            &[u64::MAX, u64::MAX, u64::MAX, u64::MAX, 1],
        ] {
            all.push(cx.bigint_from_limbs(limbs, false).unwrap());
            all.push(cx.bigint_from_limbs(limbs, true).unwrap());
        }
        all
    }

    #[test]
    fn every_operator_agrees_with_the_crate_on_every_pair() {
        let cx = context();
        let all = numbers(&cx);
        for &a in &all {
            assert_eq!(read(cx.bigint_neg(a).unwrap()), -read(a));
            assert_eq!(read(cx.bigint_not(a).unwrap()), !read(a));
            assert_eq!(read(cx.bigint_inc(a).unwrap()), read(a) + IBig::ONE);
            assert_eq!(read(cx.bigint_dec(a).unwrap()), read(a) - IBig::ONE);
            for &b in &all {
                let (x, y) = (read(a), read(b));
                assert_eq!(read(cx.bigint_add(a, b).unwrap()), &x + &y);
                assert_eq!(read(cx.bigint_sub(a, b).unwrap()), &x - &y);
                assert_eq!(read(cx.bigint_mul(a, b).unwrap()), &x * &y);
                assert_eq!(read(cx.bigint_bitwise(Bitwise::And, a, b).unwrap()), &x & &y, "{x} & {y}");
                assert_eq!(read(cx.bigint_bitwise(Bitwise::Or, a, b).unwrap()), &x | &y, "{x} | {y}");
                assert_eq!(read(cx.bigint_bitwise(Bitwise::Xor, a, b).unwrap()), &x ^ &y, "{x} ^ {y}");
                assert_eq!(a.compare(b), x.cmp(&y));
                assert_eq!(a.equals(b), x == y);
                if b.is_zero() {
                    assert!(cx.bigint_div(a, b).is_err());
                    cx.take_exception();
                    assert!(cx.bigint_rem(a, b).is_err());
                    cx.take_exception();
                } else {
                    assert_eq!(read(cx.bigint_div(a, b).unwrap()), &x / &y, "{x} / {y}");
                    assert_eq!(read(cx.bigint_rem(a, b).unwrap()), &x % &y, "{x} % {y}");
                }
            }
        }
    }

    #[test]
    fn shifts_round_down() {
        let cx = context();
        for a in numbers(&cx) {
            for count in [0i64, 1, 5, 63, 64, 65, 127, 128, 200, 400] {
                let by = cx.bigint_from_i64(count);
                let back = cx.bigint_from_i64(-count);
                assert_eq!(read(cx.bigint_shl(a, by).unwrap()), read(a) << count as usize);
                assert_eq!(read(cx.bigint_shr(a, by).unwrap()), read(a) >> count as usize, "{} >> {count}", read(a));
                assert!(cx.bigint_shr(a, back).unwrap().equals(cx.bigint_shl(a, by).unwrap()));
                assert!(cx.bigint_shl(a, back).unwrap().equals(cx.bigint_shr(a, by).unwrap()));
            }
            let huge = cx.bigint_from_limbs(&[0, 1], false).unwrap();
            assert_eq!(read(cx.bigint_shr(a, huge).unwrap()), if a.is_negative() { IBig::NEG_ONE } else { IBig::ZERO });
        }
    }

    #[test]
    fn as_int_n_and_as_uint_n_are_modular() {
        let cx = context();
        for a in numbers(&cx) {
            for bits in [0usize, 1, 2, 31, 63, 64, 65, 127, 128, 129, 256, 257, 320] {
                let modulus = IBig::ONE << bits;
                let unsigned = ((read(a) % &modulus) + &modulus) % &modulus;
                assert_eq!(
                    read(cx.bigint_as_uint_n(bits as u64, a).unwrap()),
                    unsigned,
                    "asUintN({bits}, {})",
                    read(a)
                );
                let signed =
                    if bits > 0 && unsigned >= IBig::ONE << (bits - 1) { unsigned - modulus } else { unsigned };
                assert_eq!(read(cx.bigint_as_int_n(bits as u64, a).unwrap()), signed, "asIntN({bits}, {})", read(a));
            }
        }
        let minus_one = cx.bigint_from_i64(-1);
        assert!(cx.bigint_as_uint_n((1 << 53) - 1, minus_one).is_err());
        cx.take_exception();
        assert!(cx.bigint_as_int_n((1 << 53) - 1, minus_one).unwrap().equals(minus_one));
    }

    #[test]
    fn powers_and_the_size_limit() {
        let cx = context();
        let big = |i| cx.bigint_from_i64(i);
        for (b, e) in [
            (0, 0),
            (0, 5),
            (1, 1000),
            (-1, 3),
            (-1, 4),
            (2, 100),
            (-2, 101),
            (3, 300),
            (-7, 33),
            (10, 1),
            (1 << 40, 9),
        ] {
            assert_eq!(read(cx.bigint_pow(big(b), big(e)).unwrap()), IBig::from(b).pow(e as usize), "{b} ** {e}");
        }
        let message = |result: JsResult<Big>| {
            assert!(result.is_err());
            cx.take_exception();
        };
        message(cx.bigint_pow(big(2), big(-1)));
        message(cx.bigint_pow(big(2), big(1 << 30)));
        message(cx.bigint_pow(big(3), big(i64::MAX)));
        message(cx.bigint_shl(big(1), big(1 << 40)));
        cx.native_scope(|| {
            let largest = cx.bigint_shl(big(1), big(MAX_BITS as i64 - 1)).unwrap();
            message(cx.bigint_add(largest, largest));
            message(cx.bigint_mul(largest, largest));
            assert!(cx.bigint_sub(largest, largest).unwrap().is_zero());
        });
    }
}
