//! Numbers as text: Number::toString in every radix (ECMA-262 §6.1.6.1.20), toFixed, toExponential and
//! toPrecision (§21.1.3).
//!
//! Radix 10 is the shortest text that reads back as the number (Ryū; Adams, PLDI 2018), in ECMA-262's layout: crate
//! `ryu-js`. The functions with a given number of digits are exact: they round the number's true decimal value, and
//! exact ties away from zero, as "let n be the larger" says. Other radixes follow what V8 prints, since the
//! specification leaves the digits of fractions to the implementation and programs compare outputs.

/// Room for the text of any number in radix 10.
pub struct Buffer {
    ryu: ryu_js::Buffer,
    digits: [u8; 20],
}

impl Default for Buffer {
    fn default() -> Buffer {
        Buffer::new()
    }
}

const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
    2021222324252627282930313233343536373839\
    4041424344454647484950515253545556575859\
    6061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899";

impl Buffer {
    pub fn new() -> Buffer {
        Buffer { ryu: ryu_js::Buffer::new(), digits: [0; 20] }
    }

    /// Number::toString(n, 10).
    pub fn format(&mut self, n: f64) -> &str {
        let i = n as i64;
        if i as f64 == n && i.unsigned_abs() < 1 << 53 { self.integer(i) } else { self.ryu.format(n) }
    }

    /// The decimal text of an integer.
    pub fn integer(&mut self, i: i64) -> &str {
        // Only ASCII is written.
        std::str::from_utf8(self.digits_of(i)).unwrap_or_default()
    }

    /// The decimal text of an integer, as ASCII.
    pub fn digits_of(&mut self, i: i64) -> &[u8] {
        let mut rest = i.unsigned_abs();
        let mut at = self.digits.len();
        while rest >= 10 {
            let pair = (rest % 100) as usize * 2;
            rest /= 100;
            at -= 2;
            self.digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
        }
        // An odd digit is left, or a pair began with 0 that is no leading digit.
        if rest > 0 || at == self.digits.len() {
            at -= 1;
            self.digits[at] = b'0' + rest as u8;
        }
        if i < 0 {
            at -= 1;
            self.digits[at] = b'-';
        }
        &self.digits[at..]
    }
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Number::toString(n, radix) for a radix from 2 to 36.
///
/// The integer part is exact. Digits of the fraction are given out until what is left is less than half the distance to
/// the next number, so that the text names this number and no other; the last digit is rounded.
pub fn to_radix(n: f64, radix: u32) -> String {
    debug_assert!((2..=36).contains(&radix));
    if radix == 10 || !n.is_finite() {
        return Buffer::new().format(n).to_string();
    }
    let value = n.abs();
    let base = radix as f64;
    let mut integer = value.floor();
    let mut fraction = value - integer;
    let mut fraction_digits: Vec<u8> = Vec::new();
    // Half of the gap to the next larger number, scaled along with the fraction; at least the smallest positive number.
    let mut half_gap = ((value.next_up() - value) * 0.5).max(f64::from_bits(1));
    if fraction >= half_gap {
        loop {
            fraction *= base;
            half_gap *= base;
            let digit = fraction as u8;
            fraction_digits.push(digit);
            fraction -= digit as f64;
            let round_up = fraction > 0.5 || (fraction == 0.5 && digit & 1 == 1);
            if round_up && fraction + half_gap > 1.0 {
                // The next number lies beyond this digit's upper end: round, and carry as far as needed.
                loop {
                    match fraction_digits.pop() {
                        None => {
                            integer += 1.0;
                            break;
                        }
                        Some(digit) if (digit as u32) + 1 < radix => {
                            fraction_digits.push(digit + 1);
                            break;
                        }
                        Some(_) => {}
                    }
                }
                break;
            }
            if fraction < half_gap {
                break;
            }
        }
    }

    // Digits from the least significant on. Those that a double cannot tell apart, because what is left of them is above 2^53 already,
    // are zeros.
    let mut out: Vec<u8> = Vec::new();
    while integer / base >= 9_007_199_254_740_992.0 {
        integer /= base;
        out.push(b'0');
    }
    loop {
        let remainder = integer % base;
        out.push(DIGITS[remainder as usize]);
        integer = (integer - remainder) / base;
        if integer <= 0.0 {
            break;
        }
    }
    if n < 0.0 {
        out.push(b'-');
    }
    out.reverse();
    if !fraction_digits.is_empty() {
        out.push(b'.');
        out.extend(fraction_digits.iter().map(|&digit| DIGITS[digit as usize]));
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Number.prototype.toFixed (§21.1.3.3) for a finite |n| < 10^21 and up to 100 digits.
pub fn to_fixed(n: f64, fraction_digits: usize) -> String {
    let value = n.abs();
    let mut text = format!("{value:.fraction_digits$}");
    if let Some(cut) = exact_tie(value, &format!("{value:.*}", fraction_digits + 1), fraction_digits == 0) {
        text = round_up(cut);
    }
    if n < 0.0 {
        text.insert(0, '-');
    }
    text
}

/// Number.prototype.toExponential (§21.1.3.2) of a finite number. `None`: as many digits as necessary.
pub fn to_exponential(n: f64, fraction_digits: Option<usize>) -> String {
    let value = n.abs();
    let text = match fraction_digits {
        None => format!("{value:e}"),
        Some(f) => exponential(value, f),
    };
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{}{digits}e{sign}{exponent}", if n < 0.0 { "-" } else { "" })
}

/// Number.prototype.toPrecision (§21.1.3.5) of a finite number, 1 to 100 digits.
pub fn to_precision(n: f64, precision: usize) -> String {
    let value = n.abs();
    let text = exponential(value, precision - 1);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let e: i32 = exponent.parse().unwrap_or(0);
    let sign = if n < 0.0 { "-" } else { "" };
    if e < -6 || e >= precision as i32 {
        return format!("{sign}{digits}e{}{e}", if e < 0 { "" } else { "+" });
    }
    let mut digits: String = digits.chars().filter(|&c| c != '.').collect();
    if e == precision as i32 - 1 {
        return format!("{sign}{digits}");
    }
    if e >= 0 {
        digits.insert(e as usize + 1, '.');
        format!("{sign}{digits}")
    } else {
        format!("{sign}0.{}{digits}", "0".repeat((-e - 1) as usize))
    }
}

/// `value` with one digit before the point and `fraction_digits` after it, exact, ties up: "d.ddde±x".
fn exponential(value: f64, fraction_digits: usize) -> String {
    let text = format!("{value:.fraction_digits$e}");
    let finer = format!("{value:.*e}", fraction_digits + 1);
    let (finer_digits, exponent) = finer.split_once('e').unwrap_or((&finer, "0"));
    if !finer_digits.ends_with('5') {
        return text;
    }
    let full = format!("{value:.800e}");
    if !is_prefix_with_zeros(&full, finer_digits) {
        return text;
    }
    let mut rounded = round_up(&finer_digits[..finer_digits.len() - if fraction_digits == 0 { 2 } else { 1 }]);
    let mut e: i32 = exponent.parse().unwrap_or(0);
    if rounded.starts_with("10") {
        // 9.99… became 10.00…: one digit moves over the point.
        e += 1;
        rounded = if fraction_digits == 0 { "1".into() } else { format!("1.{}", "0".repeat(fraction_digits)) };
    }
    format!("{rounded}e{e}")
}

/// If `finer`, the value with one fraction digit more than wanted, is the exact value and ends in 5: its digits without that one.
/// Rust rounds such ties to even, ECMA-262 up; everything else rounds alike.
fn exact_tie(value: f64, finer: &str, no_fraction: bool) -> Option<&str> {
    if !finer.ends_with('5') {
        return None;
    }
    // A double has at most 1074 fraction digits.
    let full = format!("{value:.1100}");
    is_prefix_with_zeros(&full, finer).then(|| &finer[..finer.len() - if no_fraction { 2 } else { 1 }])
}

/// Whether `full` continues `prefix` with zeros only (up to an exponent).
fn is_prefix_with_zeros(full: &str, prefix: &str) -> bool {
    full.strip_prefix(prefix).is_some_and(|rest| rest.bytes().take_while(|&b| b != b'e').all(|b| b == b'0'))
}

/// Adds one unit in the last place of a decimal text.
fn round_up(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for byte in bytes.iter_mut().rev() {
        match *byte {
            b'.' => {}
            b'9' => *byte = b'0',
            _ => {
                *byte += 1;
                return String::from_utf8(bytes).unwrap_or_default();
            }
        }
    }
    bytes.insert(0, b'1');
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radix_10() {
        for (n, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (10.0, "10"),
            (100.0, "100"),
            (-105.0, "-105"),
            (123456789012.0, "123456789012"),
            (9007199254740991.0, "9007199254740991"),
            (1e21, "1e+21"),
            (123456789012345680000.0, "123456789012345680000"),
            (0.000001, "0.000001"),
            (1e-7, "1e-7"),
            (5e-324, "5e-324"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(Buffer::new().format(n), text);
        }
        for i in [0, 9, 10, 99, 100, 101, 999, 1000, i64::MAX, i64::MIN] {
            assert_eq!(Buffer::new().integer(i), i.to_string());
        }
    }

    #[test]
    fn other_radixes_print_as_v8_does() {
        for (n, radix, text) in [
            (255.0, 16, "ff"),
            (-255.0, 2, "-11111111"),
            (0.5, 2, "0.1"),
            (0.1, 2, "0.0001100110011001100110011001100110011001100110011001101"),
            (0.1, 3, "0.0022002200220022002200220022002201"),
            (1e21, 16, "3635c9adc5dea00000"),
            (1e21, 36, "5v1j4f4ds7c000"),
            (std::f64::consts::PI, 16, "3.243f6a8885a3"),
            (std::f64::consts::PI, 36, "3.53i5ab8p5f"),
            (0.3, 36, "0.asssssssssp"),
            (123.456, 36, "3f.gez4w97ry"),
            (-1.0 / 3.0, 3, "-0.1"),
            (1e-7, 5, "0.000000000044201334330402232142411"),
            (-0.0, 2, "0"),
            (f64::NAN, 2, "NaN"),
            (4294967296.0, 36, "1z141z4"),
            (6521908625021261000.0, 36, "1djtbnodj1ts0"),
            (13043817250042522000.0, 36, "2r3mnbcr23o00"),
            (407619289063828800.0, 3, "2201022210002010110112210012121100000"),
        ] {
            assert_eq!(to_radix(n, radix), text, "{n} in radix {radix}");
        }
        assert_eq!(to_radix(f64::MAX, 2).len(), 1024);
    }

    #[test]
    fn fixed_rounds_the_exact_value_and_ties_up() {
        for (n, f, text) in [
            (0.5, 0, "1"),
            (1.5, 0, "2"),
            (2.5, 0, "3"),
            (-2.5, 0, "-3"),
            (0.125, 2, "0.13"),
            (1.005, 2, "1.00"),
            (1.45, 1, "1.4"),
            (8.345, 2, "8.35"),
            (9.5, 0, "10"),
            (999.95, 1, "1000.0"),
            (0.0, 2, "0.00"),
            (-0.0, 2, "0.00"),
            (-0.0000001, 2, "-0.00"),
            (1e20, 2, "100000000000000000000.00"),
            (123.456, 0, "123"),
            (1000000000000000128.0, 1, "1000000000000000128.0"),
            (0.000001, 7, "0.0000010"),
        ] {
            assert_eq!(to_fixed(n, f), text, "{n}.toFixed({f})");
        }
    }

    #[test]
    fn exponential_and_precision() {
        for (n, f, text) in [
            (0.0, Some(0), "0e+0"),
            (0.0, Some(2), "0.00e+0"),
            (123456.0, Some(2), "1.23e+5"),
            (123456.0, None, "1.23456e+5"),
            (25.0, Some(0), "3e+1"),
            (12345.0, Some(3), "1.235e+4"),
            (99.5, Some(1), "1.0e+2"),
            (95.0, Some(0), "1e+2"),
            (0.00015, None, "1.5e-4"),
            (-1.5e-9, Some(0), "-1e-9"),
        ] {
            assert_eq!(to_exponential(n, f), text, "{n}.toExponential({f:?})");
        }
        for (n, p, text) in [
            (0.0, 1, "0"),
            (0.0, 3, "0.00"),
            (123.456, 4, "123.5"),
            (0.000123, 2, "0.00012"),
            (0.000000123, 2, "1.2e-7"),
            (1234.5, 2, "1.2e+3"),
            (2.5, 1, "3"),
            (1.25, 2, "1.3"),
            (1e21, 3, "1.00e+21"),
            (35.0, 1, "4e+1"),
            (-1.0, 5, "-1.0000"),
            (99.99, 3, "100"),
            (999.5, 3, "1.00e+3"),
        ] {
            assert_eq!(to_precision(n, p), text, "{n}.toPrecision({p})");
        }
    }
}
