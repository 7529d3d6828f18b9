//! BigInts as text and back (ECMA-262 §6.1.6.2.23 BigInt::toString, §7.1.14 StringToBigInt, numeric literals §12.9.3).
//!
//! Powers of two are read off the bits. Other radixes divide by (multiply with) the largest power of the radix that fits a limb,
//! which is quadratic; beyond some dozen limbs `dashu-int` divides and conquers.

use super::limbs::{self, Limb, Reciprocal};
use super::{BigInt, MAX_BITS};
use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use crate::number::parse::digit_value;
use crate::string::chars::Chars;
use crate::string::{JsString, MAX_LENGTH};
use dashu_int::UBig;

/// Limbs from which on conversion to text goes to the crate.
const LARGE_FORMAT: usize = 30;
/// Digits from which on conversion from text does.
const LARGE_PARSE: usize = 1000;

/// Sign and limbs of a parsed BigInt.
pub struct Parsed {
    pub negative: bool,
    pub limbs: Vec<Limb>,
}

/// Why text gave no BigInt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParseError {
    /// It is not in the grammar.
    Syntax,
    /// The value is beyond the largest BigInt.
    TooLarge,
}

/// StringToBigInt: white space around; decimal with sign, or `0x`, `0o`, `0b` without; empty is 0.
pub fn parse(chars: Chars<'_>) -> Result<Parsed, ParseError> {
    let chars = chars.trim();
    let length = chars.len();
    let unit = |i| chars.get(i).unwrap_or(0);
    let (radix, start, negative) = match (unit(0), unit(1) | 0x20) {
        (0x30, 0x78) => (16, 2, false),
        (0x30, 0x6F) => (8, 2, false),
        (0x30, 0x62) => (2, 2, false),
        (sign @ (0x2B | 0x2D), _) => (10, 1, sign == 0x2D),
        _ => (10, 0, false),
    };
    if length == 0 {
        return Ok(Parsed { negative: false, limbs: Vec::new() });
    }
    let digits = chars.slice(start.min(length), length);
    if digits.is_empty() || digits.units().any(|unit| digit_value(unit) >= radix) {
        return Err(ParseError::Syntax);
    }
    Ok(Parsed { negative, limbs: parse_digits(digits, radix)? })
}

/// The value of valid digits.
fn parse_digits(digits: Chars<'_>, radix: u32) -> Result<Vec<Limb>, ParseError> {
    // A lower bound of the size, before any work.
    let leading_zeros = digits.units().take_while(|&unit| unit == 0x30).count();
    let significant = digits.slice(leading_zeros, digits.len());
    if (significant.len() as u64).saturating_sub(1) * radix.ilog2() as u64 > MAX_BITS {
        return Err(ParseError::TooLarge);
    }
    let mut limbs: Vec<Limb> = Vec::new();
    if radix.is_power_of_two() {
        let bits = radix.trailing_zeros();
        let (mut limb, mut filled) = (0u64, 0);
        for unit in significant.units().rev() {
            let digit = digit_value(unit) as u64;
            limb |= digit << filled;
            filled += bits;
            if filled >= 64 {
                limbs.push(limb);
                filled -= 64;
                limb = if filled == 0 { 0 } else { digit >> (bits - filled) };
            }
        }
        limbs.push(limb);
    } else if significant.len() >= LARGE_PARSE {
        let text: Vec<u8> = significant.units().map(|unit| unit as u8).collect();
        let text = std::str::from_utf8(&text).map_err(|_| ParseError::Syntax)?;
        let value = UBig::from_str_radix(text, radix).map_err(|_| ParseError::Syntax)?;
        limbs.extend_from_slice(value.as_words());
    } else {
        let (mut group, mut scale) = (0u64, 1u64);
        let mut flush = |group: u64, scale: u64| {
            let carry = limbs::multiply_limb_in_place(&mut limbs, scale, group);
            if carry != 0 {
                limbs.push(carry);
            }
        };
        for unit in significant.units() {
            let Some(next) = scale.checked_mul(radix as u64) else {
                flush(group, scale);
                (group, scale) = (digit_value(unit) as u64, radix as u64);
                continue;
            };
            group = group * radix as u64 + digit_value(unit) as u64;
            scale = next;
        }
        flush(group, scale);
    }
    let length = limbs::trim(&limbs).len();
    limbs.truncate(length);
    if limbs::bit_length(&limbs) > MAX_BITS { Err(ParseError::TooLarge) } else { Ok(limbs) }
}

/// The digits of a trimmed number in a radix from 2 to 36.
pub fn format(magnitude: &[Limb], negative: bool, radix: u32) -> String {
    let mut out: Vec<u8> = Vec::new();
    let digit = |value: u64| b"0123456789abcdefghijklmnopqrstuvwxyz"[value as usize];
    if magnitude.is_empty() {
        out.push(b'0');
    } else if radix.is_power_of_two() {
        let bits = radix.trailing_zeros() as u64;
        let length = limbs::bit_length(magnitude).div_ceil(bits);
        out.extend((0..length).map(|i| {
            let (limb, shift) = ((i * bits / 64) as usize, i * bits % 64);
            let mut value = magnitude[limb] >> shift;
            if shift + bits > 64 {
                value |= magnitude.get(limb + 1).copied().unwrap_or(0) << (64 - shift);
            }
            digit(value & (radix as u64 - 1))
        }));
    } else if magnitude.len() >= LARGE_FORMAT {
        let text = UBig::from_words(magnitude).in_radix(radix).to_string();
        return if negative { format!("-{text}") } else { text };
    } else {
        // The largest power of the radix that fits a limb gives that many digits with one division.
        let mut digits_per_limb = 1;
        let mut power = radix as u64;
        while let Some(next) = power.checked_mul(radix as u64) {
            power = next;
            digits_per_limb += 1;
        }
        let divisor = Reciprocal::new(power);
        let mut rest = magnitude.to_vec();
        while !rest.is_empty() {
            let mut group = limbs::divide_limb_in_place(&mut rest, &divisor);
            if rest.last() == Some(&0) {
                rest.pop();
            }
            for _ in 0..digits_per_limb {
                out.push(digit(group % radix as u64));
                group /= radix as u64;
            }
        }
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    if negative {
        out.push(b'-');
    }
    out.reverse();
    String::from_utf8(out).unwrap_or_default()
}

impl Context {
    /// BigInt::toString in a radix from 2 to 36.
    pub fn bigint_to_string(&self, b: Gc<BigInt>, radix: u32) -> JsResult<Gc<JsString>> {
        if let Some(i) = b.to_i64()
            && radix == 10
        {
            return self.string_from_latin1(crate::number::format::Buffer::new().integer(i).as_bytes());
        }
        if b.limbs().len() > 1 << 10 {
            self.poll()?;
        }
        if limbs::bit_length(b.limbs()) / radix.ilog2() as u64 >= MAX_LENGTH as u64 {
            return Err(self.throw_string_length());
        }
        let text = format(b.limbs(), b.is_negative(), radix);
        self.string_from_latin1(text.as_bytes())
    }

    /// StringToBigInt; `None` if the text is no BigInt. RangeError if it is too large a one.
    pub fn string_to_bigint(&self, s: Gc<JsString>) -> JsResult<Option<Gc<BigInt>>> {
        if s.len() > 1 << 14 {
            self.poll()?;
        }
        match parse(s.chars(self)?) {
            Ok(parsed) => self.bigint_from_limbs(&parsed.limbs, parsed.negative).map(Some),
            Err(ParseError::Syntax) => Ok(None),
            Err(ParseError::TooLarge) => Err(self.throw_bigint_size()),
        }
    }

    /// The BigInt constant of a template, whose digits the front end has checked; 0 where memory for it is refused.
    pub fn bigint_from_digits(&self, digits: &str) -> crate::value::Value {
        let value = self.bigint_from_literal(digits).unwrap_or_else(|_| {
            self.take_exception();
            self.bigint_from_i64(0)
        });
        value.into()
    }

    /// The BigInt of a literal's text as bytecode carries it: digits with `0x`, `0o`, `0b` or no prefix; separators and the suffix
    /// `n` are let pass. SyntaxError for anything else or for a value that is too large.
    pub fn bigint_from_literal(&self, text: &str) -> JsResult<Gc<BigInt>> {
        let digits: Vec<u8> = text.bytes().filter(|&b| b != b'_').collect();
        let digits = digits.strip_suffix(b"n").unwrap_or(&digits);
        match parse(Chars::Latin1(digits)) {
            Ok(parsed) => self.bigint_from_limbs(&parsed.limbs, parsed.negative),
            Err(_) => Err(self.throw_syntax(format_args!("Invalid BigInt literal"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    #[test]
    fn text_and_back_in_every_radix_and_size() {
        let mut state = 88172645463325252u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..400 {
            let length = if round % 20 == 0 { 100 } else { next() as usize % 8 };
            let mut number: Vec<Limb> = (0..length).map(|_| if next() % 5 == 0 { 0 } else { next() }).collect();
            number.truncate(limbs::trim(&number).len());
            for radix in 2..=36 {
                let text = format(&number, false, radix);
                assert_eq!(text, UBig::from_words(&number).in_radix(radix).to_string());
                let back = parse_digits(Chars::Latin1(text.as_bytes()), radix).unwrap();
                assert_eq!(back, number, "{text} in radix {radix}");
            }
        }
    }

    #[test]
    fn strings_that_are_bigints() {
        let value = |s: &str| {
            parse(Chars::Latin1(s.as_bytes())).map(|p| format(&p.limbs, p.negative && !p.limbs.is_empty(), 10)).ok()
        };
        for (s, text) in [
            ("", "0"),
            ("  ", "0"),
            (" -12 ", "-12"),
            ("+7", "7"),
            ("-0", "0"),
            ("007", "7"),
            ("0xFf", "255"),
            ("0b101", "5"),
            ("0o17", "15"),
            ("12345678901234567890123", "12345678901234567890123"),
        ] {
            assert_eq!(value(s).as_deref(), Some(text), "{s:?}");
        }
        for s in ["1n", "1.5", "1e3", "-0x1", "0x", "a", "+", "1_0", "0b2", "Infinity"] {
            assert_eq!(value(s), None, "{s:?}");
        }
    }

    #[test]
    fn literals_and_long_texts() {
        let cx = context();
        let literal = |s: &str| cx.bigint_to_string(cx.bigint_from_literal(s).unwrap(), 10).unwrap().to_rust(&cx);
        assert_eq!(literal("1_000n"), "1000");
        assert_eq!(literal("0xFFFF_FFFF_FFFF_FFFF_F"), "295147905179352825855");
        let digits = "9".repeat(5000);
        assert_eq!(literal(&digits), digits);
        let small = cx.bigint_from_i64(i64::MIN);
        assert_eq!(cx.bigint_to_string(small, 10).unwrap().to_rust(&cx), i64::MIN.to_string());
        assert_eq!(cx.bigint_to_string(small, 36).unwrap().to_rust(&cx), "-1y2p0ij32e8e8");
        let digits = vec![b'f'; MAX_BITS as usize / 4 + 10];
        let hex = [b"0x", &digits[..]].concat();
        // Long texts are converted with polls, which may collect.
        cx.native_scope(|| {
            let no_bigint = cx.string_from_latin1(&digits).unwrap();
            assert!(cx.string_to_bigint(no_bigint).unwrap().is_none());
            let too_large = cx.string_from_latin1(&hex).unwrap();
            assert!(cx.string_to_bigint(too_large).is_err());
            cx.take_exception();
        });
    }
}
