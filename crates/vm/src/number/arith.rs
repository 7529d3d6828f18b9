//! Arithmetic of numbers where Rust's operators and conversions do something else than ECMA-262.

/// ToInt32 (ECMA-262 §7.1.6) of a number: modulo 2^32, as a signed integer.
#[inline(always)]
pub fn to_int32(d: f64) -> i32 {
    // What fits 64 bits (nearly everything) needs one conversion and one truncation; NaN fails the comparison.
    if d.abs() < 9_223_372_036_854_775_808.0 { d as i64 as i32 } else { to_int32_huge(d) }
}

/// ToInt32 for |d| ≥ 2^63, infinities and NaN.
#[cold]
fn to_int32_huge(d: f64) -> i32 {
    let bits = d.to_bits();
    // The value is mantissa × 2^shift with shift ≥ 11; from 32 on, the low 32 bits are zero. (NaN and infinity have shift 972.)
    let shift = (bits >> 52 & 0x7ff) as u32 - 1075;
    if shift >= 32 {
        return 0;
    }
    let mantissa = (bits & ((1 << 52) - 1)) | 1 << 52;
    let magnitude = (mantissa << shift) as i32;
    if d < 0.0 { magnitude.wrapping_neg() } else { magnitude }
}

/// ToUint32 (§7.1.7) of a number.
#[inline(always)]
pub fn to_uint32(d: f64) -> u32 {
    to_int32(d) as u32
}

/// ToUint8Clamp (§7.1.12) of a number: rounds half to even, NaN to 0.
#[inline(always)]
pub fn to_uint8_clamp(d: f64) -> u8 {
    // A float-to-integer cast saturates, and takes NaN to 0.
    d.clamp(0.0, 255.0).round_ties_even() as u8
}

/// ToIntegerOrInfinity (§7.1.5) of a number; the result is never −0.
#[inline(always)]
pub fn to_integer_or_infinity(d: f64) -> f64 {
    if d.is_nan() { 0.0 } else { d.trunc() + 0.0 }
}

/// Number::remainder (§6.1.6.1.6): the sign is that of the dividend; exact.
#[inline]
pub fn remainder(n: f64, d: f64) -> f64 {
    // Integers below 2^53 on both sides are frequent, and a division of integers is much faster than fmod.
    let (a, b) = (n as i64, d as i64);
    if a as f64 == n && b as f64 == d && b != 0 && a.unsigned_abs() < 1 << 53 && b.unsigned_abs() < 1 << 53 {
        let r = (a % b) as f64;
        return if r == 0.0 && n.is_sign_negative() { -0.0 } else { r };
    }
    // IEEE 754 and C agree with ECMA-262 in all special cases of fmod.
    n % d
}

/// Number::exponentiate (§6.1.6.1.3), also `Math.pow`.
pub fn pow(base: f64, exponent: f64) -> f64 {
    // C's pow has 1 for a base of 1 and any exponent, and for −1 and infinities; ECMA-262 has NaN.
    if exponent.is_nan() || (exponent.is_infinite() && base.abs() == 1.0) {
        return f64::NAN;
    }
    if exponent == 2.0 {
        return base * base;
    }
    // Through the general function ±0.5 would differ from the square root in −0 and −∞ only, where pow has +0 and +∞ already.
    base.powf(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_int32_is_modular_everywhere() {
        for (d, i) in [
            (0.0, 0),
            (-0.0, 0),
            (1.9, 1),
            (-1.9, -1),
            (2147483648.0, i32::MIN),
            (-2147483649.0, i32::MAX),
            (4294967295.0, -1),
            (4294967296.5, 0),
            (9007199254740993.0, 0),
            (1e15, -1530494976),
            (-1e15, 1530494976),
            (1e20, 1661992960),
            (-1e20, -1661992960),
            (1.8446744073709552e19, 0),
            (9223372036854775808.0 + 2048.0, 2048),
            (-9223372036854775808.0 - 2048.0, -2048),
            (f64::INFINITY, 0),
            (f64::NEG_INFINITY, 0),
            (f64::NAN, 0),
            (f64::MAX, 0),
            (f64::MIN_POSITIVE, 0),
        ] {
            assert_eq!(to_int32(d), i, "{d}");
        }
        // Against the definition, for exact powers and their neighbours.
        for e in 30..84 {
            for k in -3i64..=3 {
                let d = 2f64.powi(e) + k as f64 * 2f64.powi((e - 52).max(0));
                let exact = d as i128;
                assert_eq!(to_int32(d), exact as i32, "{d}");
                assert_eq!(to_int32(-d), (-exact) as i32, "-{d}");
            }
        }
    }

    #[test]
    fn clamping_rounds_half_to_even() {
        for (d, u) in [(0.5, 0), (1.5, 2), (2.5, 2), (254.5, 254), (255.5, 255), (-1.0, 0), (f64::NAN, 0), (1e9, 255)] {
            assert_eq!(to_uint8_clamp(d), u, "{d}");
        }
        assert!(to_integer_or_infinity(-0.5).is_sign_positive());
        assert_eq!(to_integer_or_infinity(f64::NEG_INFINITY), f64::NEG_INFINITY);
    }

    #[test]
    fn remainder_has_the_sign_of_the_dividend() {
        let is_negative_zero = |d: f64| d == 0.0 && d.is_sign_negative();
        assert_eq!(remainder(5.0, 3.0), 2.0);
        assert_eq!(remainder(-5.0, 3.0), -2.0);
        assert_eq!(remainder(5.0, -3.0), 2.0);
        assert!(is_negative_zero(remainder(-6.0, 3.0)));
        assert!(is_negative_zero(remainder(-0.0, 3.0)));
        assert!(!is_negative_zero(remainder(0.0, -3.0)));
        assert!(remainder(1.0, 0.0).is_nan() && remainder(f64::INFINITY, 2.0).is_nan());
        assert_eq!(remainder(5.5, f64::INFINITY), 5.5);
        assert_eq!(remainder(5.5, 2.0), 1.5);
        assert_eq!(remainder(1e300, 3.0), 1e300 % 3.0);
        assert_eq!(remainder(9007199254740991.0, 10.0), 1.0);
    }

    #[test]
    fn exponentiation_differs_from_c_in_its_nans() {
        assert!(pow(1.0, f64::INFINITY).is_nan());
        assert!(pow(-1.0, f64::NEG_INFINITY).is_nan());
        assert!(pow(1.0, f64::NAN).is_nan());
        assert_eq!(pow(f64::NAN, 0.0), 1.0);
        assert_eq!(pow(2.0, 10.0), 1024.0);
        assert_eq!(pow(f64::NEG_INFINITY, 0.5), f64::INFINITY);
        assert_eq!(pow(f64::NEG_INFINITY, -3.0).to_bits(), (-0.0f64).to_bits());
        assert!(pow(-8.0, 1.0 / 3.0).is_nan());
    }
}
