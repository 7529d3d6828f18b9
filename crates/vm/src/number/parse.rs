//! Text as numbers: StringToNumber (ECMA-262 §7.1.4.1), parseFloat (§19.2.4), parseInt (§19.2.5).
//!
//! The grammars are checked here; the exact conversion of decimal text to the nearest double is the standard library's
//! (Eisel–Lemire with an exact fallback).

use crate::string::Chars;
use crate::string::chars::is_white_space;

/// Decimal texts up to this long are copied to the stack.
const SHORT: usize = 64;

/// StringToNumber: white space around, decimal with `Infinity`, or `0x`, `0o`, `0b`; empty is 0; anything else NaN. Numeric
/// separators are for literals only, so `_` is NaN.
pub fn string_to_number(chars: Chars<'_>) -> f64 {
    let chars = chars.trim();
    let length = chars.len();
    if length == 0 {
        return 0.0;
    }
    // The frequent case: a few digits.
    if length <= 9 {
        let mut value = 0u32;
        if chars.units().all(|unit| {
            let digit = (unit as u32).wrapping_sub(0x30);
            value = value.wrapping_mul(10).wrapping_add(digit);
            digit <= 9
        }) {
            return value as f64;
        }
    }
    if length > 2 && chars.at(0) == b'0' as u16 {
        let radix = match chars.at(1) | 0x20 {
            0x78 => 16,
            0x6F => 8,
            0x62 => 2,
            _ => 10,
        };
        if radix != 10 {
            let digits = chars.slice(2, length);
            let all = digits.units().all(|unit| digit_value(unit) < radix);
            return if all { digits_to_number(digits, radix) } else { f64::NAN };
        }
    }
    let (value, used) = decimal_prefix(chars);
    if used == length { value } else { f64::NAN }
}

/// parseFloat: the longest prefix that is a decimal literal, after white space; NaN without one.
pub fn parse_float(chars: Chars<'_>) -> f64 {
    let (start, _) = chars.trimmed_range(true, false);
    decimal_prefix(chars.slice(start, chars.len())).0
}

/// The longest prefix that is a StrDecimalLiteral: its value and length; (NaN, 0) if there is none.
fn decimal_prefix(chars: Chars<'_>) -> (f64, usize) {
    let at = |i: usize| chars.get(i).unwrap_or(0);
    let is_digit = |unit: u16| matches!(unit, 0x30..=0x39);
    let mut i = 0;
    let negative = at(0) == b'-' as u16;
    if negative || at(0) == b'+' as u16 {
        i += 1;
    }
    if at(i) == b'I' as u16 {
        let end = i + b"Infinity".len();
        if end <= chars.len() && chars.slice(i, end).equals_ascii(b"Infinity") {
            return (if negative { f64::NEG_INFINITY } else { f64::INFINITY }, end);
        }
        return (f64::NAN, 0);
    }
    let digits_from = i;
    while is_digit(at(i)) {
        i += 1;
    }
    let mut digits = i - digits_from;
    if at(i) == b'.' as u16 && (digits > 0 || is_digit(at(i + 1))) {
        let point = i;
        i += 1;
        while is_digit(at(i)) {
            i += 1;
        }
        digits += i - point - 1;
    }
    if digits == 0 {
        return (f64::NAN, 0);
    }
    if at(i) | 0x20 == b'e' as u16 {
        let mut j = i + 1;
        if at(j) == b'-' as u16 || at(j) == b'+' as u16 {
            j += 1;
        }
        if is_digit(at(j)) {
            while is_digit(at(j)) {
                j += 1;
            }
            i = j;
        }
    }
    (parse_ascii(chars.slice(0, i)), i)
}

/// The value of text that is known to be a decimal literal (ASCII, of a form that Rust's grammar includes).
fn parse_ascii(chars: Chars<'_>) -> f64 {
    let parse = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
    match chars {
        Chars::Latin1(bytes) => parse(bytes),
        Chars::Utf16(units) if units.len() <= SHORT => {
            let mut copy = [0u8; SHORT];
            copy.iter_mut().zip(units).for_each(|(to, &from)| *to = from as u8);
            parse(&copy[..units.len()])
        }
        Chars::Utf16(units) => parse(&units.iter().map(|&unit| unit as u8).collect::<Vec<u8>>()),
    }
}

/// parseInt. `radix` is ToInt32 of the argument: 0 means 10, or 16 after `0x`.
pub fn parse_int(chars: Chars<'_>, radix: i32) -> f64 {
    let (mut start, end) = chars.trimmed_range(true, false);
    let at = |i: usize| if i < end { chars.at(i) } else { 0 };
    let negative = at(start) == b'-' as u16;
    if negative || at(start) == b'+' as u16 {
        start += 1;
    }
    let mut radix = radix as i64;
    if radix != 0 && !(2..=36).contains(&radix) {
        return f64::NAN;
    }
    if (radix == 0 || radix == 16) && at(start) == b'0' as u16 && at(start + 1) | 0x20 == b'x' as u16 {
        start += 2;
        radix = 16;
    }
    let radix = if radix == 0 { 10 } else { radix as u32 };
    let mut stop = start;
    while stop < end && digit_value(chars.at(stop)) < radix {
        stop += 1;
    }
    if stop == start {
        return f64::NAN;
    }
    let value = digits_to_number(chars.slice(start, stop), radix);
    if negative { -value } else { value }
}

/// The value of a digit in radixes up to 36; 99 for what is no digit.
#[inline]
pub fn digit_value(unit: u16) -> u32 {
    match unit {
        0x30..=0x39 => unit as u32 - 0x30,
        0x41..=0x5A => unit as u32 - 0x41 + 10,
        0x61..=0x7A => unit as u32 - 0x61 + 10,
        _ => 99,
    }
}

/// The number that digits (all valid, at least one) spell. Radix 10 and powers of two are exact (nearest, ties to even); for others the
/// specification allows an approximation after 20 digits.
pub fn digits_to_number(digits: Chars<'_>, radix: u32) -> f64 {
    let mut exact = 0u64;
    let mut fits = true;
    for unit in digits.units() {
        match exact.checked_mul(radix as u64).and_then(|v| v.checked_add(digit_value(unit) as u64)) {
            Some(value) => exact = value,
            None => {
                fits = false;
                break;
            }
        }
    }
    if fits {
        // The conversion rounds to nearest, ties to even.
        return exact as f64;
    }
    if radix == 10 {
        return parse_ascii(digits);
    }
    if radix.is_power_of_two() {
        return binary_digits_to_number(digits, radix.trailing_zeros());
    }
    // Whole groups of digits at once lose less than digit by digit.
    let mut value = 0.0;
    let (mut group, mut scale) = (0u64, 1u64);
    for unit in digits.units() {
        group = group * radix as u64 + digit_value(unit) as u64;
        scale *= radix as u64;
        if scale > 1 << 46 {
            value = value * scale as f64 + group as f64;
            (group, scale) = (0, 1);
        }
    }
    value * scale as f64 + group as f64
}

/// Digits of `bits_per_digit` bits each, with more than 64 bits in all: the first 64 significant bits, a sticky bit, and the scale.
fn binary_digits_to_number(digits: Chars<'_>, bits_per_digit: u32) -> f64 {
    let mut mantissa = 0u64;
    let mut dropped_bits = 0u64;
    let mut sticky = false;
    for unit in digits.units() {
        let digit = digit_value(unit);
        for bit in (0..bits_per_digit).rev() {
            let bit = digit >> bit & 1;
            if mantissa >> 63 == 0 {
                mantissa = mantissa << 1 | bit as u64;
            } else {
                sticky |= bit != 0;
                dropped_bits += 1;
            }
        }
    }
    if dropped_bits > 1100 {
        return f64::INFINITY;
    }
    // Bit 0 lies far below the rounding position, so it may stand for everything that was dropped.
    (mantissa | sticky as u64) as f64 * 2f64.powi(dropped_bits as i32)
}

/// Whether the text has anything but white space.
pub fn is_blank(chars: Chars<'_>) -> bool {
    chars.units().all(is_white_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(s: &str) -> f64 {
        let units: Vec<u16> = s.encode_utf16().collect();
        let wide = string_to_number(Chars::Utf16(&units));
        if s.is_ascii() {
            let narrow = string_to_number(Chars::Latin1(s.as_bytes()));
            assert_eq!(narrow.to_bits(), wide.to_bits(), "{s:?} in both encodings");
        }
        wide
    }

    #[test]
    fn strings_that_are_numbers() {
        for (s, n) in [
            ("", 0.0),
            (" \n\u{2028}\u{FEFF}", 0.0),
            ("42", 42.0),
            (" 42 ", 42.0),
            ("007", 7.0),
            ("+1.5e3", 1500.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("5.e1", 50.0),
            ("-.5E-1", -0.05),
            ("0x1F", 31.0),
            ("0b101", 5.0),
            ("0O17", 15.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e1000", f64::INFINITY),
            ("1e-1000", 0.0),
            ("123456789012345678901234567890", 123456789012345678901234567890.0),
            ("0x20000000000001", 9007199254740992.0),
            ("0x20000000000003", 9007199254740996.0),
            ("0x100000000000008000000", 2f64.powi(80)),
            ("0x100000000000008000001", 2f64.powi(80) + 2f64.powi(28)),
        ] {
            assert_eq!(number(s), n, "{s:?}");
        }
        assert!(number("-0").is_sign_negative());
    }

    #[test]
    fn strings_that_are_not() {
        for s in [
            "abc",
            "1_000",
            "1px",
            "0x",
            "0xg",
            "+0x1",
            "-0b1",
            "1e",
            "1e+",
            ".",
            "+",
            "-",
            "e5",
            "inf",
            "nan",
            "infinity",
            "Infinit",
            "InfinityX",
            "1 2",
            "0x1.8",
            "1n",
            "++1",
            "\u{661}",
        ] {
            assert!(number(s).is_nan(), "{s:?} gave {}", number(s));
        }
    }

    #[test]
    fn parse_float_takes_the_longest_prefix() {
        let parse = |s: &str| parse_float(Chars::Latin1(s.as_bytes()));
        for (s, n) in [
            ("2.75abc", 2.75),
            ("  -2.5e-3x", -0.0025),
            ("1e", 1.0),
            ("1e+x", 1.0),
            (".5.5", 0.5),
            ("0x10", 0.0),
            ("1_0", 1.0),
            ("-Infinityx", f64::NEG_INFINITY),
            ("5.", 5.0),
        ] {
            assert_eq!(parse(s), n, "{s:?}");
        }
        for s in ["", "x1", ".", "-.", "+e1", "Inf"] {
            assert!(parse(s).is_nan(), "{s:?}");
        }
        assert!(parse("-0").is_sign_negative());
    }

    #[test]
    fn parse_int_in_all_radixes() {
        let parse = |s: &str, radix| parse_int(Chars::Latin1(s.as_bytes()), radix);
        for (s, radix, n) in [
            ("42px", 0, 42.0),
            ("  -42", 10, -42.0),
            ("0x1F", 0, 31.0),
            ("0X1f", 16, 31.0),
            ("1f", 16, 31.0),
            ("0x10", 10, 0.0),
            ("z", 36, 35.0),
            ("102", 2, 2.0),
            ("123456789012345678901", 10, 123456789012345680000.0),
            ("9007199254740993", 10, 9007199254740992.0),
            ("10000000000000000000000000000000000000000000000000000011111111111", 2, 18446744073709553664.0),
        ] {
            assert_eq!(parse(s, radix), n, "parseInt({s:?}, {radix})");
        }
        for (s, radix) in [("", 10), ("x", 10), ("1", 1), ("1", 37), ("2", 2), ("0x", 16), ("-", 10), ("1", -1)] {
            assert!(parse(s, radix).is_nan(), "parseInt({s:?}, {radix})");
        }
        assert!(parse("-0", 10).is_sign_negative());
        assert_eq!(parse(&"1".repeat(2000), 2), f64::INFINITY);
        assert_eq!(parse(&"f".repeat(100), 16), 2f64.powi(400));
        let big = parse(&"z".repeat(30), 36);
        assert!((big / 36f64.powi(30) - 1.0).abs() < 1e-15);
    }
}
