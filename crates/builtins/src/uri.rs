//! encodeURI, encodeURIComponent, decodeURI, decodeURIComponent (ECMA-262 §19.2.6), and Annex B's escape and unescape
//! (§B.2.1): pure functions on UTF-16 code units.

/// Characters that `encodeURIComponent` leaves alone, besides ASCII letters and digits.
const UNRESERVED_MARKS: &[u8] = b"-_.!~*'()";
/// Characters that `encodeURI` leaves alone in addition, and `decodeURI` keeps escaped.
const RESERVED: &[u8] = b";/?:@&=+$,#";
/// Characters that `escape` leaves alone, besides ASCII letters and digits.
const ESCAPE_MARKS: &[u8] = b"@*_+-./";
const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn is_kept(unit: u16, marks: &[&[u8]]) -> bool {
    u8::try_from(unit).is_ok_and(|b| b.is_ascii_alphanumeric() || marks.iter().any(|m| m.contains(&b)))
}

fn push_percent(out: &mut Vec<u8>, byte: u8) {
    out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

/// Encode (§19.2.6.5). `component` chooses `encodeURIComponent`'s set. `None`: a lone surrogate, a URIError.
pub fn encode(units: impl Iterator<Item = u16>, component: bool) -> Option<Vec<u8>> {
    let marks: &[&[u8]] = if component { &[UNRESERVED_MARKS] } else { &[UNRESERVED_MARKS, RESERVED] };
    let mut out = Vec::new();
    for decoded in char::decode_utf16(units) {
        let c = decoded.ok()?;
        if is_kept(u16::try_from(u32::from(c)).unwrap_or(u16::MAX), marks) {
            out.push(c as u8);
        } else {
            let mut buffer = [0; 4];
            for &byte in c.encode_utf8(&mut buffer).as_bytes() {
                push_percent(&mut out, byte);
            }
        }
    }
    Some(out)
}

fn hex(unit: u16) -> Option<u8> {
    char::from_u32(u32::from(unit))?.to_digit(16).map(|d| d as u8)
}

fn escaped_byte(units: &[u16], at: usize) -> Option<u8> {
    match units.get(at..at + 3)? {
        [0x25, high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

/// Decode (§19.2.6.6). `component` decodes everything; else escapes of reserved characters stay. `None`: malformed, a
/// URIError.
pub fn decode(units: &[u16], component: bool) -> Option<Vec<u16>> {
    let mut out = Vec::with_capacity(units.len());
    let mut i = 0;
    while i < units.len() {
        if units[i] != u16::from(b'%') {
            out.push(units[i]);
            i += 1;
            continue;
        }
        let start = i;
        let first = escaped_byte(units, i)?;
        i += 3;
        if first < 0x80 {
            if !component && RESERVED.contains(&first) {
                out.extend_from_slice(&units[start..i]);
            } else {
                out.push(u16::from(first));
            }
            continue;
        }
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return None,
        };
        let mut bytes = [first, 0, 0, 0];
        for byte in &mut bytes[1..length] {
            *byte = escaped_byte(units, i)?;
            i += 3;
        }
        let c = std::str::from_utf8(&bytes[..length]).ok()?.chars().next()?;
        out.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    Some(out)
}

/// escape (§B.2.1.1).
pub fn escape(units: impl Iterator<Item = u16>) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in units {
        if is_kept(unit, &[ESCAPE_MARKS]) {
            out.push(unit as u8);
        } else if unit < 256 {
            push_percent(&mut out, unit as u8);
        } else {
            out.extend(format!("%u{unit:04X}").bytes());
        }
    }
    out
}

/// unescape (§B.2.1.2).
pub fn unescape(units: &[u16]) -> Vec<u16> {
    let mut out = Vec::with_capacity(units.len());
    let mut i = 0;
    while i < units.len() {
        if units[i] == u16::from(b'%') {
            if let Some([0x75, digits @ ..]) = units.get(i + 1..i + 6)
                && let Some(unit) = digits.iter().try_fold(0u16, |n, &d| Some(n << 4 | u16::from(hex(d)?)))
            {
                out.push(unit);
                i += 6;
                continue;
            }
            if let Some(byte) = escaped_byte(units, i) {
                out.push(u16::from(byte));
                i += 3;
                continue;
            }
        }
        out.push(units[i]);
        i += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(s: &str) -> Vec<u16> {
        s.encode_utf16().collect()
    }
    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn components_escape_what_whole_uris_keep() {
        assert_eq!(text(encode(utf16("ü&/😀 a").into_iter(), true).unwrap()), "%C3%BC%26%2F%F0%9F%98%80%20a");
        assert_eq!(text(encode(utf16("ü&/ #").into_iter(), false).unwrap()), "%C3%BC&/%20#");
        assert_eq!(encode([0xd800].into_iter(), true), None);
        assert_eq!(encode([0xdc00, 0xd800].into_iter(), true), None);
    }

    #[test]
    fn decoding_is_strict_about_utf8() {
        assert_eq!(decode(&utf16("%F0%9F%98%80x"), true), Some(utf16("😀x")));
        assert_eq!(decode(&utf16("%2F%C3%BC"), false), Some(utf16("%2Fü")));
        for bad in ["%", "%4", "%GG", "%C3", "%C3%41", "%ED%A0%80", "%C0%80", "%F5%80%80%80", "%80"] {
            assert_eq!(decode(&utf16(bad), true), None, "{bad}");
        }
    }

    #[test]
    fn annex_b_escapes() {
        assert_eq!(text(escape(utf16("ü ā/€").into_iter())), "%FC%20%u0101/%u20AC");
        assert_eq!(unescape(&utf16("%FC%u20AC%u20%")), utf16("ü€%u20%"));
    }
}
