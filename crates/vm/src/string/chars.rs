//! The characters of a flat string, and everything about them that needs no heap.
//!
//! A JavaScript string is a sequence of 16-bit code units (ECMA-262 §6.1.4). [`Chars`] shows them in one of two
//! encodings. The same text may occur in both (a window of a UTF-16 string may hold only Latin-1), so equality,
//! order and hashes are defined over code units, never over the encoding.

use std::cmp::Ordering;

/// The characters of a flat string. Valid until the next safepoint (or as long as the cell is pinned).
#[derive(Clone, Copy, Debug)]
pub enum Chars<'a> {
    Latin1(&'a [u8]),
    Utf16(&'a [u16]),
}

/// Runs the same expression over whichever slice the characters are.
macro_rules! either {
    ($chars:expr, $slice:ident => $body:expr) => {
        match $chars {
            Chars::Latin1($slice) => $body,
            Chars::Utf16($slice) => $body,
        }
    };
}
pub(crate) use either;

impl<'a> Chars<'a> {
    /// Length in code units.
    #[inline(always)]
    pub fn len(self) -> usize {
        either!(self, s => s.len())
    }

    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The code unit at `i`, which must be less than the length.
    #[inline(always)]
    pub fn at(self, i: usize) -> u16 {
        match self {
            Chars::Latin1(s) => s[i] as u16,
            Chars::Utf16(s) => s[i],
        }
    }

    #[inline(always)]
    pub fn get(self, i: usize) -> Option<u16> {
        if i < self.len() { Some(self.at(i)) } else { None }
    }

    /// Code units `start..end`.
    #[inline]
    pub fn slice(self, start: usize, end: usize) -> Chars<'a> {
        match self {
            Chars::Latin1(s) => Chars::Latin1(&s[start..end]),
            Chars::Utf16(s) => Chars::Utf16(&s[start..end]),
        }
    }

    /// The code units in order.
    #[inline]
    pub fn units(self) -> impl DoubleEndedIterator<Item = u16> + ExactSizeIterator + Clone + 'a {
        (0..self.len()).map(move |i| self.at(i))
    }

    /// CodePointAt (§11.1.4): the code point that begins at `i`, and its length in code units. A lone surrogate is its own
    /// code point.
    #[inline]
    pub fn code_point_at(self, i: usize) -> (u32, usize) {
        match self {
            Chars::Latin1(s) => (s[i] as u32, 1),
            Chars::Utf16(s) => {
                let first = s[i];
                if is_lead(first) && i + 1 < s.len() && is_trail(s[i + 1]) {
                    (join_surrogates(first, s[i + 1]), 2)
                } else {
                    (first as u32, 1)
                }
            }
        }
    }

    /// The code points in order (StringToCodePoints, §11.1.5); lone surrogates as they are.
    pub fn code_points(self) -> CodePoints<'a> {
        CodePoints { chars: self, position: 0 }
    }

    /// Whether all code units are at most U+00FF.
    pub fn fits_latin1(self) -> bool {
        match self {
            Chars::Latin1(_) => true,
            Chars::Utf16(s) => units_fit_latin1(s),
        }
    }

    /// Whether the text equals these ASCII bytes.
    #[inline]
    pub fn equals_ascii(self, text: &[u8]) -> bool {
        match self {
            Chars::Latin1(s) => s == text,
            Chars::Utf16(s) => s.len() == text.len() && s.iter().zip(text).all(|(&a, &b)| a == b as u16),
        }
    }

    /// Equality by code units.
    #[inline]
    pub fn equals(self, other: Chars<'_>) -> bool {
        match (self, other) {
            (Chars::Latin1(a), Chars::Latin1(b)) => a == b,
            (Chars::Utf16(a), Chars::Utf16(b)) => a == b,
            (Chars::Latin1(narrow), Chars::Utf16(wide)) | (Chars::Utf16(wide), Chars::Latin1(narrow)) => {
                narrow.len() == wide.len() && narrow.iter().zip(wide).all(|(&a, &b)| a as u16 == b)
            }
        }
    }

    /// Order by code units, as IsLessThan has it (§7.2.12).
    pub fn compare(self, other: Chars<'_>) -> Ordering {
        match (self, other) {
            (Chars::Latin1(a), Chars::Latin1(b)) => a.cmp(b),
            (Chars::Utf16(a), Chars::Utf16(b)) => a.cmp(b),
            (Chars::Latin1(a), Chars::Utf16(b)) => a.iter().map(|&c| c as u16).cmp(b.iter().copied()),
            (Chars::Utf16(a), Chars::Latin1(b)) => a.iter().copied().cmp(b.iter().map(|&c| c as u16)),
        }
    }

    pub fn starts_with(self, prefix: Chars<'_>) -> bool {
        prefix.len() <= self.len() && self.slice(0, prefix.len()).equals(prefix)
    }

    pub fn ends_with(self, suffix: Chars<'_>) -> bool {
        suffix.len() <= self.len() && self.slice(self.len() - suffix.len(), self.len()).equals(suffix)
    }

    /// IsStringWellFormedUnicode (§7.2.8): no lone surrogate.
    pub fn is_well_formed(self) -> bool {
        self.first_lone_surrogate().is_none()
    }

    /// The position of the first lone surrogate.
    pub fn first_lone_surrogate(self) -> Option<usize> {
        let Chars::Utf16(s) = self else { return None };
        let mut i = 0;
        while i < s.len() {
            // Most text has none: many units are tested together.
            if i.is_multiple_of(32)
                && let Some(block) = s.get(i..i + 32)
                && !block.iter().fold(false, |any, &unit| any | is_surrogate(unit))
            {
                i += 32;
                continue;
            }
            if is_surrogate(s[i]) {
                if !(is_lead(s[i]) && i + 1 < s.len() && is_trail(s[i + 1])) {
                    return Some(i);
                }
                i += 1;
            }
            i += 1;
        }
        None
    }

    /// The window without white space at its start and/or end (TrimString, §22.1.3.32.1), as a range of positions.
    pub fn trimmed_range(self, at_start: bool, at_end: bool) -> (usize, usize) {
        let mut start = 0;
        let mut end = self.len();
        while at_start && start < end && is_white_space(self.at(start)) {
            start += 1;
        }
        while at_end && end > start && is_white_space(self.at(end - 1)) {
            end -= 1;
        }
        (start, end)
    }

    /// Without white space around.
    pub fn trim(self) -> Chars<'a> {
        let (start, end) = self.trimmed_range(true, true);
        self.slice(start, end)
    }

    /// Copies the code units, widening where needed. `out` is as long as the characters.
    pub fn copy_to_utf16(self, out: &mut [u16]) {
        match self {
            Chars::Latin1(s) => out.iter_mut().zip(s).for_each(|(to, &from)| *to = from as u16),
            Chars::Utf16(s) => out.copy_from_slice(s),
        }
    }

    /// UTF-8; lone surrogates become U+FFFD.
    pub fn to_utf8_lossy(self) -> String {
        match self {
            Chars::Latin1(s) if s.is_ascii() => String::from_utf8_lossy(s).into_owned(),
            Chars::Latin1(s) => latin1_to_utf8(s),
            Chars::Utf16(s) => char::decode_utf16(s.iter().copied()).map(|c| c.unwrap_or('\u{FFFD}')).collect(),
        }
    }

    /// WTF-8 (Sapin, "The WTF-8 encoding"): UTF-8 in which lone surrogates keep their three-byte form, so that the code units can be
    /// had back.
    pub fn to_wtf8(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        for c in self.code_points() {
            match char::from_u32(c) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => out.extend_from_slice(&[
                    0xE0 | (c >> 12) as u8,
                    0x80 | (c >> 6 & 0x3F) as u8,
                    0x80 | (c & 0x3F) as u8,
                ]),
            }
        }
        out
    }

    /// The code units in a vector.
    pub fn to_units(self) -> Vec<u16> {
        match self {
            Chars::Latin1(s) => s.iter().map(|&c| c as u16).collect(),
            Chars::Utf16(s) => s.to_vec(),
        }
    }
}

/// See [`Chars::code_points`].
#[derive(Clone)]
pub struct CodePoints<'a> {
    chars: Chars<'a>,
    position: usize,
}

impl Iterator for CodePoints<'_> {
    type Item = u32;
    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.position >= self.chars.len() {
            return None;
        }
        let (c, units) = self.chars.code_point_at(self.position);
        self.position += units;
        Some(c)
    }
}

/// Decodes WTF-8 (and so UTF-8) to code units; `None` if it is malformed. A lead and a trail surrogate, encoded one by one, join.
pub fn decode_wtf8(mut bytes: &[u8]) -> Option<Vec<u16>> {
    let mut out = Vec::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let valid = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // SAFETY: everything before `valid_up_to` was just found to be UTF-8.
            Err(e) => unsafe { std::str::from_utf8_unchecked(&bytes[..e.valid_up_to()]) },
        };
        out.extend(valid.encode_utf16());
        bytes = &bytes[valid.len()..];
        match *bytes {
            [] => {}
            [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, ..] => {
                out.push(0xD000 | ((second & 0x3F) as u16) << 6 | (third & 0x3F) as u16);
                bytes = &bytes[3..];
            }
            _ => return None,
        }
    }
    Some(out)
}

/// Whether all units are at most U+00FF; written so that it vectorises.
pub fn units_fit_latin1(units: &[u16]) -> bool {
    units.chunks(64).all(|chunk| chunk.iter().fold(0, |all, &unit| all | unit) <= 0xFF)
}

#[inline(always)]
pub const fn is_lead(unit: u16) -> bool {
    unit & 0xFC00 == 0xD800
}
#[inline(always)]
pub const fn is_trail(unit: u16) -> bool {
    unit & 0xFC00 == 0xDC00
}
#[inline(always)]
pub const fn is_surrogate(unit: u16) -> bool {
    unit & 0xF800 == 0xD800
}
/// UTF16SurrogatePairToCodePoint (§11.1.3).
#[inline(always)]
pub const fn join_surrogates(lead: u16, trail: u16) -> u32 {
    0x10000 + (((lead as u32) - 0xD800) << 10) + (trail as u32 - 0xDC00)
}
/// UTF16EncodeCodePoint (§11.1.1) of a code point above U+FFFF.
#[inline(always)]
pub const fn split_code_point(c: u32) -> (u16, u16) {
    let offset = c - 0x10000;
    (0xD800 | (offset >> 10) as u16, 0xDC00 | (offset & 0x3FF) as u16)
}

/// WhiteSpace or LineTerminator (§12.2, §12.3): what trimming and number parsing skip.
#[inline]
pub const fn is_white_space(unit: u16) -> bool {
    match unit {
        0x20 | 0x09..=0x0D | 0xA0 => true,
        0..=0xFF => false,
        0x1680 | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000 | 0xFEFF => true,
        _ => false,
    }
}

/// The most digits that an array index has (4294967294).
pub const MAX_INDEX_DIGITS: usize = 10;

/// The array index (§6.1.7) that the text spells in canonical form: "0", "17", but not "01", "+1" or "4294967295".
#[inline]
pub fn array_index(chars: Chars<'_>) -> Option<u32> {
    let length = chars.len();
    if length == 0 || length > MAX_INDEX_DIGITS {
        return None;
    }
    let first = chars.at(0);
    if !matches!(first, 0x30..=0x39) || (first == 0x30 && length > 1) {
        return None;
    }
    let mut value = 0u64;
    for unit in chars.units() {
        let digit = unit.wrapping_sub(0x30);
        if digit > 9 {
            return None;
        }
        value = value * 10 + digit as u64;
    }
    if value < u32::MAX as u64 { Some(value as u32) } else { None }
}

/// Latin-1 as UTF-8; mostly runs of ASCII (sources of scripts come here).
fn latin1_to_utf8(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16 + 2);
    for run in text.chunk_by(|a, b| a.is_ascii() && b.is_ascii()) {
        match std::str::from_utf8(run) {
            Ok(ascii) => out.push_str(ascii),
            Err(_) => out.extend(run.iter().map(|&c| c as char)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_of_one_text_are_equal_and_unordered() {
        let wide: Vec<u16> = "abcé".encode_utf16().collect();
        let (a, b) = (Chars::Latin1(b"abc\xE9"), Chars::Utf16(&wide));
        assert!(a.equals(b) && b.equals(a));
        assert_eq!(a.compare(b), Ordering::Equal);
        assert_eq!(Chars::Latin1(b"ab").compare(b), Ordering::Less);
        assert!(b.starts_with(Chars::Latin1(b"ab")) && b.ends_with(Chars::Latin1(b"\xE9")));
    }

    #[test]
    fn order_is_by_code_unit_not_by_code_point() {
        // U+FF61 is less than U+1F600 as a code point, greater than its lead surrogate as a unit.
        let (halfwidth, emoji) = ([0xFF61], [0xD83D, 0xDE00]);
        assert_eq!(Chars::Utf16(&halfwidth).compare(Chars::Utf16(&emoji)), Ordering::Greater);
    }

    #[test]
    fn array_indices_are_canonical() {
        let index = |s: &str| array_index(Chars::Latin1(s.as_bytes()));
        assert_eq!(index("0"), Some(0));
        assert_eq!(index("4294967294"), Some(u32::MAX - 1));
        for no in ["", "4294967295", "9999999999", "01", "-1", "+1", "1.", "1e3", "a", "12345678901"] {
            assert_eq!(index(no), None, "{no:?}");
        }
    }

    #[test]
    fn lone_surrogates_survive_wtf8_and_are_replaced_in_utf8() {
        let units = [0x61, 0xD800, 0x62, 0xD83D, 0xDE00, 0xDC00];
        let chars = Chars::Utf16(&units);
        assert_eq!(chars.first_lone_surrogate(), Some(1));
        for at in 0..100 {
            let mut units = [0x4E2D; 100];
            assert_eq!(Chars::Utf16(&units).first_lone_surrogate(), None);
            units[at] = 0xD83D;
            assert_eq!(Chars::Utf16(&units).first_lone_surrogate(), Some(at));
            if let Some(next) = units.get_mut(at + 1) {
                *next = 0xDE00;
                assert_eq!(Chars::Utf16(&units).first_lone_surrogate(), None);
            }
        }
        assert_eq!(chars.to_utf8_lossy(), "a\u{FFFD}b😀\u{FFFD}");
        assert_eq!(decode_wtf8(&chars.to_wtf8()).unwrap(), units);
        assert_eq!(decode_wtf8(b"\xED\xA0\xBD\xED\xB8\x80").unwrap(), [0xD83D, 0xDE00]);
        assert_eq!(decode_wtf8(b"a\xFF"), None);
        assert_eq!(chars.code_points().collect::<Vec<_>>(), [0x61, 0xD800, 0x62, 0x1F600, 0xDC00]);
    }

    #[test]
    fn white_space_is_what_the_specification_lists() {
        let all: Vec<u16> = (0..=0xFFFF).filter(|&u| is_white_space(u)).collect();
        assert_eq!(all.len(), 25);
        let text = [0xFEFF, 0x2028, 0x61, 0x20, 0x62, 0x3000, 0x0B];
        assert_eq!(Chars::Utf16(&text).trimmed_range(true, true), (2, 5));
        assert_eq!(Chars::Utf16(&text).trimmed_range(false, true), (0, 5));
        assert_eq!(Chars::Latin1(b"  \t").trimmed_range(true, true), (3, 3));
    }
}
