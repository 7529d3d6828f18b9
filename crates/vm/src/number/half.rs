//! binary16 (IEEE 754): conversion to and from doubles, rounding once, to nearest, ties to even.

/// The double of a binary16 number.
pub fn half_to_f64(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = (bits >> 10 & 0x1f) as i32;
    let fraction = (bits & 0x3ff) as f64;
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => sign * f64::INFINITY,
        0x1f => f64::NAN,
        _ => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// The binary16 number nearest to a double; NaN becomes the canonical one.
pub fn f64_to_half(n: f64) -> u16 {
    let sign = if n.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = n.abs();
    if n.is_nan() {
        return 0x7e00;
    }
    // 65520 lies midway between the largest finite number and what would be the next: ties go to the even one, infinity.
    if magnitude >= 65520.0 {
        return sign | 0x7c00;
    }
    // Below 2^-14 numbers are multiples of 2^-24; above, of 2^(e-10). Scaling by powers of two is exact.
    let exponent = if magnitude < 2f64.powi(-14) { -14 } else { ((magnitude.to_bits() >> 52) as i32) - 1023 };
    let units = (magnitude * 2f64.powi(10 - exponent)).round_ties_even() as u32;
    // A fraction that rounded up to the next power of two carries into the exponent, as it should.
    let biased = (exponent + 14) as u32;
    sign | ((biased << 10) + units) as u16
}

/// Math.f16round (ECMA-262 §21.3.2.16).
pub fn round_to_half(n: f64) -> f64 {
    half_to_f64(f64_to_half(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_the_round_trip() {
        for bits in 0..=u16::MAX {
            let n = half_to_f64(bits);
            if n.is_nan() {
                assert_eq!(f64_to_half(n), 0x7e00);
            } else {
                assert_eq!(f64_to_half(n), bits, "{n}");
            }
        }
    }

    #[test]
    fn rounding_is_to_nearest_even_and_happens_once() {
        assert_eq!(round_to_half(65519.99), 65504.0);
        assert_eq!(round_to_half(65520.0), f64::INFINITY);
        assert_eq!(round_to_half(2f64.powi(-25)), 0.0);
        assert_eq!(round_to_half(2f64.powi(-25) * 1.0000001), 2f64.powi(-24));
        // Rounding by way of binary32 would give 2^-24 * 2050 here.
        assert_eq!(round_to_half(2049.0 + 2f64.powi(-40)), 2050.0);
        assert_eq!(round_to_half(2049.0), 2048.0);
        assert_eq!(round_to_half(-0.0).to_bits(), (-0.0f64).to_bits());
    }
}
