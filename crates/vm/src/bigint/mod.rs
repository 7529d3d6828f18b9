//! BigInt (ECMA-262 §6.1.6.2): sign and magnitude, 64-bit limbs inside the heap cell.
//!
//! * [`limbs`]: natural numbers as slices, without any heap.
//! * here: the cell, making BigInts from numbers and reading them as numbers, comparison.
//! * [`arithmetic`]: the operators, with fast paths for one limb, which most BigInts of most programs are.
//! * [`text`]: radix conversion both ways.
//!
//! Invariants: no leading zero limb; zero has no limbs and is not negative. A cell may have more room than limbs
//! (`capacity`, by which the collector sizes it), because the length of a result is known only when it is computed.
//! The sum of magnitudes is at most [`MAX_BITS`] bits: beyond, RangeError "Maximum BigInt size exceeded". Work that
//! can take long polls for interrupts.

pub mod arithmetic;
pub mod limbs;
pub mod text;

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use limbs::Limb;
use std::cell::Cell;
use std::cmp::Ordering;

/// Largest magnitude in bits: ten million decimal digits, of which a product still takes less than a second.
pub const MAX_BITS: u64 = 1 << 25;
const MAX_LIMBS: usize = (MAX_BITS / 64) as usize;

/// Header flag: less than zero.
pub const NEGATIVE: u8 = 1 << 0;

/// See the module's text. The limbs follow, least significant first.
#[repr(C)]
pub struct BigInt {
    /// flags = [`NEGATIVE`].
    pub header: CellHeader,
    /// Limbs in use.
    pub length: Cell<u32>,
    /// Limbs that the cell has room for.
    pub capacity: Cell<u32>,
}

impl BigInt {
    /// Size in bytes of a cell with room for so many limbs.
    #[inline(always)]
    pub const fn size(capacity: usize) -> usize {
        size_of::<BigInt>() + capacity * size_of::<Limb>()
    }
}

impl Gc<BigInt> {
    #[inline(always)]
    pub fn is_zero(self) -> bool {
        self.length.get() == 0
    }
    #[inline(always)]
    pub fn is_negative(self) -> bool {
        self.header.flags.get() & NEGATIVE != 0
    }

    #[inline(always)]
    fn payload(self) -> *mut Limb {
        // SAFETY: the limbs begin within the cell or one past its end (zero).
        unsafe { self.as_ptr().cast::<u8>().add(size_of::<BigInt>()).cast() }
    }

    /// The limbs, valid until the next safepoint.
    #[inline(always)]
    pub fn limbs(&self) -> &[Limb] {
        // SAFETY: `length` limbs were written before anyone saw the BigInt, and never change.
        unsafe { std::slice::from_raw_parts(self.payload(), self.length.get() as usize) }
    }

    /// The value of a BigInt of at most one limb.
    #[inline(always)]
    fn small(self) -> Option<i128> {
        let magnitude = match *self.limbs() {
            [] => 0,
            [limb] => limb as i128,
            _ => return None,
        };
        Some(if self.is_negative() { -magnitude } else { magnitude })
    }

    /// The limb at `i` of the two's complement form, for `i` = 0: the value modulo 2^64.
    pub fn to_u64_wrapping(self) -> u64 {
        let low = self.limbs().first().copied().unwrap_or(0);
        if self.is_negative() { low.wrapping_neg() } else { low }
    }

    pub fn to_i64_wrapping(self) -> i64 {
        self.to_u64_wrapping() as i64
    }

    /// The value, if it fits.
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.small()?).ok()
    }

    /// The value, if it fits.
    pub fn to_u64(self) -> Option<u64> {
        u64::try_from(self.small()?).ok()
    }

    /// 𝔽(ℝ(this)): the nearest double, ties to even; infinite beyond the range.
    pub fn to_f64(self) -> f64 {
        let limbs = self.limbs();
        let bits = limbs::bit_length(limbs);
        let magnitude = if bits > 1024 {
            f64::INFINITY
        } else {
            match *limbs {
                [] => 0.0,
                [limb] => limb as f64,
                [.., next, top] => {
                    // The upper 64 significant bits, with everything below as a sticky bit far under the rounding position.
                    let shift = top.leading_zeros();
                    let upper = if shift == 0 { top } else { top << shift | next >> (64 - shift) };
                    let sticky = limbs::any_low_bits(limbs, bits - 64);
                    (upper | sticky as u64) as f64 * 2f64.powi((bits - 64) as i32)
                }
            }
        };
        if self.is_negative() { -magnitude } else { magnitude }
    }

    /// BigInt::equal (§6.1.6.2.13).
    #[inline]
    pub fn equals(self, other: Gc<BigInt>) -> bool {
        self.is_negative() == other.is_negative() && self.limbs() == other.limbs()
    }

    /// Order by value.
    pub fn compare(self, other: Gc<BigInt>) -> Ordering {
        match (self.is_negative(), other.is_negative()) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => limbs::compare(self.limbs(), other.limbs()),
            (true, true) => limbs::compare(other.limbs(), self.limbs()),
        }
    }

    /// Order against the mathematical value of a number; `None` for NaN.
    pub fn compare_number(self, n: f64) -> Option<Ordering> {
        if n.is_nan() {
            return None;
        }
        if n.is_infinite() {
            return Some(if n > 0.0 { Ordering::Less } else { Ordering::Greater });
        }
        let sign = |negative: bool, magnitude: Ordering| if negative { magnitude.reverse() } else { magnitude };
        if self.is_zero() {
            return 0.0.partial_cmp(&n);
        }
        let negative = self.is_negative();
        if n == 0.0 || (n < 0.0) != negative {
            return Some(if negative { Ordering::Less } else { Ordering::Greater });
        }
        let (integral, fraction) = (n.abs().trunc(), n.abs().fract());
        let mut buffer = [0; 17];
        let order = limbs::compare(self.limbs(), integral_limbs(integral, &mut buffer));
        // An equal integral part leaves it to the number's fraction.
        let order = if order == Ordering::Equal && fraction > 0.0 { Ordering::Less } else { order };
        Some(sign(negative, order))
    }

    /// A hash of the value, for Map and Set.
    pub fn hash(self) -> u32 {
        let seed = 0x9e37_79b9_7f4a_7c15 ^ self.is_negative() as u64;
        let hash = self
            .limbs()
            .iter()
            .fold(seed, |hash, &limb| (hash ^ limb).wrapping_mul(0xa076_1d64_78bd_642f).rotate_left(29));
        (hash >> 32) as u32
    }
}

/// The limbs of a finite integral number ≥ 0; the largest double has 1024 bits.
fn integral_limbs(n: f64, buffer: &mut [Limb; 17]) -> &[Limb] {
    let bits = n.to_bits();
    let exponent = (bits >> 52) as i32 - 1075;
    if exponent <= 0 {
        buffer[0] = n as u64;
    } else {
        let mantissa = (bits & ((1 << 52) - 1)) | 1 << 52;
        let (limb, shift) = (exponent as usize / 64, exponent % 64);
        buffer[limb] = mantissa << shift;
        if shift > 11 {
            buffer[limb + 1] = mantissa >> (64 - shift);
        }
    }
    limbs::trim(buffer)
}

impl Context {
    #[cold]
    pub(crate) fn throw_bigint_size(&self) -> Throw {
        self.throw_range(format_args!("Maximum BigInt size exceeded"))
    }

    /// A fresh BigInt cell with room for `capacity` limbs, which are not written yet.
    fn new_bigint(&self, capacity: usize) -> JsResult<Gc<BigInt>> {
        // One limb more than the maximum is room that a result may turn out not to need.
        if capacity > MAX_LIMBS + 1 {
            return Err(self.throw_bigint_size());
        }
        let size = BigInt::size(capacity);
        let big: Gc<BigInt> = if size <= tercel_gc::MAX_SMALL {
            self.alloc_text_cell(Kind::BigInt, size, 0)
        } else {
            self.try_alloc_text_cell(Kind::BigInt, size, 0)?
        };
        big.length.set(0);
        big.capacity.set(capacity as u32);
        Ok(big)
    }

    /// Finishes a fresh BigInt: `fill` writes all limbs, which are zero before; then leading zeros go.
    fn build_bigint(
        &self,
        capacity: usize,
        negative: bool,
        fill: impl FnOnce(&mut [Limb]) -> JsResult<()>,
    ) -> JsResult<Gc<BigInt>> {
        let big = self.new_bigint(capacity)?;
        // SAFETY: the fresh cell has room for `capacity` limbs, which are initialised first, and nobody else knows it.
        let limbs = unsafe {
            std::ptr::write_bytes(big.payload(), 0, capacity);
            std::slice::from_raw_parts_mut(big.payload(), capacity)
        };
        fill(limbs)?;
        let length = limbs::trim(limbs).len();
        if length > MAX_LIMBS {
            return Err(self.throw_bigint_size());
        }
        big.length.set(length as u32);
        if negative && length > 0 {
            big.header.flags.set(NEGATIVE);
        }
        Ok(big)
    }

    /// A BigInt of at most two limbs.
    #[inline]
    fn bigint_from_parts(&self, magnitude: u128, negative: bool) -> Gc<BigInt> {
        let low = magnitude as Limb;
        let high = (magnitude >> 64) as Limb;
        let length = if high != 0 { 2 } else { (low != 0) as usize };
        let big: Gc<BigInt> = self.alloc_text_cell(Kind::BigInt, BigInt::size(length), (negative && length > 0) as u8);
        big.length.set(length as u32);
        big.capacity.set(length as u32);
        // SAFETY: the fresh cell has room for `length` limbs.
        unsafe {
            if length > 0 {
                big.payload().write(low);
            }
            if length > 1 {
                big.payload().add(1).write(high);
            }
        }
        big
    }

    /// A BigInt of these limbs.
    pub fn bigint_from_limbs(&self, limbs: &[Limb], negative: bool) -> JsResult<Gc<BigInt>> {
        let limbs = limbs::trim(limbs);
        self.build_bigint(limbs.len(), negative, |out| {
            out.copy_from_slice(limbs);
            Ok(())
        })
    }

    #[inline]
    pub fn bigint_from_i64(&self, i: i64) -> Gc<BigInt> {
        self.bigint_from_parts(i.unsigned_abs() as u128, i < 0)
    }

    #[inline]
    pub fn bigint_from_u64(&self, i: u64) -> Gc<BigInt> {
        self.bigint_from_parts(i as u128, false)
    }

    #[inline]
    fn bigint_from_i128(&self, i: i128) -> Gc<BigInt> {
        self.bigint_from_parts(i.unsigned_abs(), i < 0)
    }

    /// The number nearest to a BigInt: Number(b).
    pub fn bigint_to_f64(&self, b: Gc<BigInt>) -> f64 {
        b.to_f64()
    }

    /// NumberToBigInt (§21.2.1.1.1): RangeError unless the number is integral.
    pub fn number_to_bigint(&self, n: f64) -> JsResult<Gc<BigInt>> {
        if n.trunc() != n || n.is_infinite() {
            let mut buffer = crate::number::format::Buffer::new();
            let text = buffer.format(n);
            return Err(self.throw_range(format_args!(
                "The number {text} cannot be converted to a BigInt because it is not an integer"
            )));
        }
        let mut buffer = [0; 17];
        self.bigint_from_limbs(integral_limbs(n.abs(), &mut buffer), n < 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    #[test]
    fn numbers_convert_both_ways_exactly() {
        let cx = context();
        for n in [
            0.0,
            1.0,
            -1.0,
            4294967296.0,
            -9007199254740993.0,
            1e21,
            -1e300,
            f64::MAX,
            2f64.powi(63),
            2f64.powi(64),
            2f64.powi(1000) + 2f64.powi(960),
        ] {
            let big = cx.number_to_bigint(n).unwrap();
            assert_eq!(big.to_f64(), n);
            assert_eq!(big.compare_number(n), Some(Ordering::Equal));
        }
        for n in [0.5, f64::NAN, f64::INFINITY] {
            assert!(cx.number_to_bigint(n).is_err());
            cx.take_exception();
        }
        assert!(cx.number_to_bigint(-0.0).unwrap().to_f64().is_sign_positive());
    }

    #[test]
    fn rounding_to_double_is_to_nearest_even() {
        let cx = context();
        let f = |limbs: &[u64]| cx.bigint_from_limbs(limbs, false).unwrap().to_f64();
        assert_eq!(f(&[1, 1]), 2f64.powi(64));
        assert_eq!(f(&[1 << 11, 1]), 2f64.powi(64));
        assert_eq!(f(&[(1 << 11) + 1, 1]), 2f64.powi(64) + 4096.0);
        assert_eq!(f(&[1, 1 << 11, 1]), 2f64.powi(128) + 2f64.powi(76));
        assert_eq!(f(&[u64::MAX; 16]), f64::INFINITY);
        assert_eq!(f(&[0; 17]), 0.0);
    }

    #[test]
    fn order_against_numbers_is_exact() {
        let cx = context();
        let two_53_plus_1 = cx.bigint_from_i64((1 << 53) + 1);
        assert_eq!(two_53_plus_1.compare_number(9007199254740992.0), Some(Ordering::Greater));
        let one = cx.bigint_from_i64(1);
        assert_eq!(one.compare_number(1.5), Some(Ordering::Less));
        assert_eq!(one.compare_number(0.5), Some(Ordering::Greater));
        assert_eq!(cx.bigint_from_i64(-1).compare_number(-1.5), Some(Ordering::Greater));
        assert_eq!(cx.bigint_from_i64(-2).compare_number(-1.5), Some(Ordering::Less));
        assert_eq!(cx.bigint_from_i64(0).compare_number(-0.0), Some(Ordering::Equal));
        assert_eq!(cx.bigint_from_i64(0).compare_number(-0.1), Some(Ordering::Greater));
        assert_eq!(one.compare_number(f64::NAN), None);
        assert_eq!(one.compare_number(f64::NEG_INFINITY), Some(Ordering::Greater));
    }

    #[test]
    fn wrapping_and_fitting() {
        let cx = context();
        let b = cx.bigint_from_i64(i64::MIN);
        assert_eq!((b.to_i64(), b.to_u64(), b.to_u64_wrapping()), (Some(i64::MIN), None, 1 << 63));
        assert_eq!(cx.bigint_from_u64(u64::MAX).to_i64_wrapping(), -1);
        assert_eq!(cx.bigint_from_limbs(&[5, 1], true).unwrap().to_i64_wrapping(), -5);
    }
}
