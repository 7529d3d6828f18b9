//! Case conversion (ECMA-262 §22.1.3.28, §22.1.3.30): the full, language-independent mappings of Unicode's
//! UnicodeData and SpecialCasing.
//!
//! Latin-1 has its own path, because most text is that and most of it needs no change. The mappings of single code
//! points are the standard library's (they include SpecialCasing's unconditional rows); the one conditional rule
//! that does not depend on a language, Final_Sigma, is here.

use super::chars::Chars;

/// The result of a conversion.
#[derive(Debug, PartialEq, Eq)]
pub enum Converted {
    /// The text is its own conversion.
    Unchanged,
    Latin1(Vec<u8>),
    Utf16(Vec<u16>),
}

const CAPITAL_SIGMA: u32 = 0x3A3;

pub fn to_lower(chars: Chars<'_>) -> Converted {
    match chars {
        Chars::Latin1(bytes) => match bytes.iter().position(|&b| latin1_lower(b) != b) {
            None => Converted::Unchanged,
            Some(_) => Converted::Latin1(bytes.iter().map(|&b| latin1_lower(b)).collect()),
        },
        Chars::Utf16(units) => convert(units, |c, at, out| {
            if c == CAPITAL_SIGMA {
                out.push(if is_final_sigma(units, at) { 0x3C2 } else { 0x3C3 });
            } else if let Some(c) = char::from_u32(c) {
                c.to_lowercase().for_each(|c| push(out, c));
            }
        }),
    }
}

pub fn to_upper(chars: Chars<'_>) -> Converted {
    match chars {
        Chars::Latin1(bytes) => {
            if bytes.iter().all(|&b| is_latin1_upper_fixed(b)) {
                return Converted::Unchanged;
            }
            // ß becomes two letters, µ and ÿ leave Latin-1.
            let wide = any(bytes, |b| (b == 0xB5) | (b == 0xFF));
            if wide {
                let mut out = Vec::with_capacity(bytes.len() + 8);
                bytes.iter().for_each(|&b| (b as char).to_uppercase().for_each(|c| push(&mut out, c)));
                return Converted::Utf16(out);
            }
            let sharp = if any(bytes, |b| b == 0xDF) { bytes.iter().filter(|&&b| b == 0xDF).count() } else { 0 };
            let mut out = Vec::with_capacity(bytes.len() + sharp);
            if sharp == 0 {
                out.extend(bytes.iter().map(|&b| latin1_upper(b)));
            } else {
                for &b in bytes {
                    if b == 0xDF { out.extend(b"SS") } else { out.push(latin1_upper(b)) }
                }
            }
            Converted::Latin1(out)
        }
        Chars::Utf16(units) => convert(units, |c, _, out| {
            if let Some(c) = char::from_u32(c) {
                c.to_uppercase().for_each(|c| push(out, c));
            }
        }),
    }
}

/// Whether a test holds for some byte. All are tested: without branches, many at a time.
fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(0, |any, &b| any | is(b) as u8) != 0
}

/// Lower case of a Latin-1 character, which always is Latin-1.
#[inline(always)]
const fn latin1_lower(b: u8) -> u8 {
    let ascii = b.wrapping_sub(b'A') < 26;
    let upper_half = b >= 0xC0 && b <= 0xDE && b != 0xD7;
    b | ((ascii | upper_half) as u8) << 5
}

/// Upper case of a Latin-1 character other than ß, µ and ÿ.
#[inline(always)]
const fn latin1_upper(b: u8) -> u8 {
    let ascii = b.wrapping_sub(b'a') < 26;
    let upper_half = b >= 0xE0 && b != 0xF7 && b != 0xFF;
    b & !(((ascii | upper_half) as u8) << 5)
}

#[inline(always)]
const fn is_latin1_upper_fixed(b: u8) -> bool {
    latin1_upper(b) == b && b != 0xDF && b != 0xB5 && b != 0xFF
}

fn push(out: &mut Vec<u16>, c: char) {
    out.extend_from_slice(c.encode_utf16(&mut [0; 2]));
}

/// Maps each code point with `map(code point, its position, out)`; lone surrogates stay.
fn convert(units: &[u16], map: impl Fn(u32, usize, &mut Vec<u16>)) -> Converted {
    let chars = Chars::Utf16(units);
    let mut out = Vec::with_capacity(units.len());
    let mut i = 0;
    while i < units.len() {
        let (c, length) = chars.code_point_at(i);
        if char::from_u32(c).is_none() {
            out.push(c as u16);
        } else {
            map(c, i, &mut out);
        }
        i += length;
    }
    if out == units { Converted::Unchanged } else { Converted::Utf16(out) }
}

/// The condition Final_Sigma of SpecialCasing (The Unicode Standard, table 3-17): a cased letter somewhere before, none after,
/// case-ignorable characters in between not counted.
fn is_final_sigma(units: &[u16], at: usize) -> bool {
    let chars = Chars::Utf16(units);
    let mut before = at;
    let preceded = loop {
        if before == 0 {
            break false;
        }
        before -= 1;
        if before > 0 && super::chars::is_trail(units[before]) && super::chars::is_lead(units[before - 1]) {
            before -= 1;
        }
        match case_class(chars.code_point_at(before).0) {
            CaseClass::Ignorable => {}
            class => break class == CaseClass::Cased,
        }
    };
    let mut after = at + 1;
    preceded
        && loop {
            if after >= units.len() {
                break true;
            }
            let (c, length) = chars.code_point_at(after);
            match case_class(c) {
                CaseClass::Ignorable => after += length,
                class => break class != CaseClass::Cased,
            }
        }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum CaseClass {
    /// Case_Ignorable, whether or not it is cased too.
    Ignorable,
    Cased,
    Other,
}

/// The properties Cased and Case_Ignorable. The standard library has them but shows them only through
/// `str::to_lowercase`, which applies Final_Sigma to whole strings; two probes with a sigma tell the three classes apart.
fn case_class(c: u32) -> CaseClass {
    let Some(c) = char::from_u32(c) else { return CaseClass::Other };
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' => CaseClass::Cased,
            '\'' | '.' | ':' | '^' | '`' => CaseClass::Ignorable,
            _ => CaseClass::Other,
        };
    }
    let is_final = |text: &[char]| text.iter().collect::<String>().to_lowercase().ends_with('ς');
    if is_final(&[c, 'Σ']) {
        CaseClass::Cased
    } else if is_final(&['A', c, 'Σ']) {
        CaseClass::Ignorable
    } else {
        CaseClass::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(s: &str) -> String {
        through(s, to_lower)
    }
    fn upper(s: &str) -> String {
        through(s, to_upper)
    }
    fn through(s: &str, f: fn(Chars<'_>) -> Converted) -> String {
        let units: Vec<u16> = s.encode_utf16().collect();
        match f(Chars::Utf16(&units)) {
            Converted::Unchanged => s.to_string(),
            Converted::Latin1(bytes) => Chars::Latin1(&bytes).to_utf8_lossy(),
            Converted::Utf16(units) => String::from_utf16(&units).unwrap(),
        }
    }

    #[test]
    fn latin1_agrees_with_unicode_for_every_character() {
        for b in 0..=255u8 {
            let text = [b];
            let c = b as char;
            let same = |got: Converted, want: String| match got {
                Converted::Unchanged => assert_eq!(want, c.to_string()),
                Converted::Latin1(bytes) => assert_eq!(Chars::Latin1(&bytes).to_utf8_lossy(), want),
                Converted::Utf16(units) => assert_eq!(String::from_utf16(&units).unwrap(), want),
            };
            same(to_lower(Chars::Latin1(&text)), c.to_lowercase().collect());
            same(to_upper(Chars::Latin1(&text)), c.to_uppercase().collect());
        }
        assert_eq!(to_upper(Chars::Latin1(b"Stra\xDFe")), Converted::Latin1(b"STRASSE".to_vec()));
        assert_eq!(to_upper(Chars::Latin1(b"ABC 1")), Converted::Unchanged);
    }

    #[test]
    fn special_casing() {
        assert_eq!(lower("İ"), "i\u{307}");
        assert_eq!(upper("ŉﬃŽ"), "ʼNFFIŽ");
        assert_eq!(upper("\u{390}"), "\u{399}\u{308}\u{301}");
        assert_eq!(lower("𐐀"), "𐐨");
    }

    #[test]
    fn final_sigma() {
        assert_eq!(lower("ΑΣ"), "ας");
        assert_eq!(lower("Σ"), "σ");
        assert_eq!(lower("ΑΣΑ ΑΣ"), "ασα ας");
        assert_eq!(lower("Α\u{301}\u{ad}Σ\u{ad}"), "α\u{301}\u{ad}ς\u{ad}");
        assert_eq!(lower("ΑΣ\u{ad}Β"), "ασ\u{ad}β");
        assert_eq!(lower("𝒜Σ"), "𝒜ς");
        assert_eq!(lower("AΣ.B AΣ.1"), "aσ.b aς.1");
        // A lone surrogate is neither cased nor ignorable.
        assert_eq!(to_lower(Chars::Utf16(&[0xD835, 0x3A3])), Converted::Utf16(vec![0xD835, 0x3C3]));
    }

    #[test]
    fn the_ascii_shortcut_agrees_with_the_probes() {
        let is_final = |text: &[char]| text.iter().collect::<String>().to_lowercase().ends_with('ς');
        for c in '\0'..='\x7f' {
            let probed = if is_final(&[c, 'Σ']) {
                CaseClass::Cased
            } else if is_final(&['A', c, 'Σ']) {
                CaseClass::Ignorable
            } else {
                CaseClass::Other
            };
            assert_eq!(case_class(c as u32), probed, "{c:?}");
        }
    }
}
