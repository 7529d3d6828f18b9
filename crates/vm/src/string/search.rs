//! Finding one text in another (StringIndexOf and StringLastIndexOf, ECMA-262 §6.1.4.1, §6.1.4.2).
//!
//! Latin-1 goes to `memchr::memmem`, which is vectorised and linear in the worst case. So does UTF-16, as bytes: a
//! match at an odd byte offset is no match, and the search goes on behind it. Mixed encodings bring the needle to the
//! haystack's encoding first; a needle with a unit that the haystack cannot hold is not in it.

use super::chars::Chars;
use memchr::memmem;
use std::borrow::Cow;

/// The first position at or after `from` where `needle` occurs. The empty needle occurs everywhere up to the length.
pub fn index_of(haystack: Chars<'_>, needle: Chars<'_>, from: usize) -> Option<usize> {
    if needle.is_empty() {
        return (from <= haystack.len()).then_some(from);
    }
    if from >= haystack.len() || needle.len() > haystack.len() - from {
        return None;
    }
    match haystack {
        Chars::Latin1(bytes) => {
            let needle = narrow(needle)?;
            let found = match *needle {
                [byte] => memchr::memchr(byte, &bytes[from..]),
                _ => memmem::find(&bytes[from..], &needle),
            };
            found.map(|i| i + from)
        }
        Chars::Utf16(units) => match needle.len() {
            1 => index_of_unit(&units[from..], needle.at(0)).map(|i| i + from),
            _ => {
                let needle = widen(needle);
                let finder = memmem::Finder::new(as_bytes(&needle));
                let bytes = as_bytes(units);
                let mut at = from * 2;
                loop {
                    at += finder.find(&bytes[at..])?;
                    if at.is_multiple_of(2) {
                        return Some(at / 2);
                    }
                    at += 1;
                }
            }
        },
    }
}

/// The last position at or before `from` where `needle` occurs.
pub fn last_index_of(haystack: Chars<'_>, needle: Chars<'_>, from: usize) -> Option<usize> {
    let last = haystack.len().checked_sub(needle.len())?.min(from);
    if needle.is_empty() {
        return Some(last);
    }
    let window = last + needle.len();
    match haystack {
        Chars::Latin1(bytes) => memmem::rfind(&bytes[..window], &narrow(needle)?),
        Chars::Utf16(units) => {
            let needle = widen(needle);
            let finder = memmem::FinderRev::new(as_bytes(&needle));
            let bytes = as_bytes(units);
            let mut end = window * 2;
            loop {
                let at = finder.rfind(&bytes[..end])?;
                if at.is_multiple_of(2) {
                    return Some(at / 2);
                }
                // A match that begins earlier also ends earlier.
                end = at + needle.len() * 2 - 1;
            }
        }
    }
}

/// The first unit equal to `unit`. Blocks are tested whole, which vectorises.
pub fn index_of_unit(units: &[u16], unit: u16) -> Option<usize> {
    let (blocks, rest) = units.as_chunks::<32>();
    for (i, block) in blocks.iter().enumerate() {
        if block.iter().fold(false, |found, &u| found | (u == unit)) {
            return block.iter().position(|&u| u == unit).map(|at| i * 32 + at);
        }
    }
    rest.iter().position(|&u| u == unit).map(|at| blocks.len() * 32 + at)
}

/// The needle in Latin-1, if it fits.
fn narrow(needle: Chars<'_>) -> Option<Cow<'_, [u8]>> {
    match needle {
        Chars::Latin1(bytes) => Some(Cow::Borrowed(bytes)),
        Chars::Utf16(units) => units.iter().map(|&u| u8::try_from(u).ok()).collect::<Option<Vec<u8>>>().map(Cow::Owned),
    }
}

fn widen(needle: Chars<'_>) -> Cow<'_, [u16]> {
    match needle {
        Chars::Latin1(bytes) => Cow::Owned(bytes.iter().map(|&b| b as u16).collect()),
        Chars::Utf16(units) => Cow::Borrowed(units),
    }
}

fn as_bytes(units: &[u16]) -> &[u8] {
    // SAFETY: any initialised memory is initialised bytes; the length in bytes is that of the same slice.
    unsafe { std::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(h: &[u16], n: &[u16], from: usize) -> Option<usize> {
        (from..=h.len()).find(|&i| h[i..].starts_with(n))
    }
    fn naive_last(h: &[u16], n: &[u16], from: usize) -> Option<usize> {
        (0..=from.min(h.len())).rev().find(|&i| h[i..].starts_with(n))
    }

    #[test]
    fn all_pairs_of_encodings_agree_with_the_definition() {
        // A small alphabet, so that there are many matches; in UTF-16 also units whose bytes match at odd offsets.
        let mut random = 12345u32;
        let mut next = move |n: u32| {
            random = random.wrapping_mul(1664525).wrapping_add(1013904223);
            (random >> 16) % n
        };
        for round in 0..4000 {
            let wide = round % 2 == 0;
            let alphabet: &[u16] = if wide { &[0x0101, 0x0100, 0x01] } else { &[0x61, 0x62] };
            let text: Vec<u16> = (0..next(90)).map(|_| alphabet[next(alphabet.len() as u32) as usize]).collect();
            let needle: Vec<u16> = (0..next(5)).map(|_| alphabet[next(alphabet.len() as u32) as usize]).collect();
            let from = next(text.len() as u32 + 2) as usize;
            let narrow_text: Vec<u8> = text.iter().map(|&u| u as u8).collect();
            let narrow_needle: Vec<u8> = needle.iter().map(|&u| u as u8).collect();
            let mut haystacks = vec![Chars::Utf16(&text)];
            let mut needles = vec![Chars::Utf16(&needle)];
            if !wide {
                haystacks.push(Chars::Latin1(&narrow_text));
                needles.push(Chars::Latin1(&narrow_needle));
            }
            for &h in &haystacks {
                for &n in &needles {
                    assert_eq!(index_of(h, n, from), naive(&text, &needle, from), "{h:?} {n:?} from {from}");
                    assert_eq!(
                        last_index_of(h, n, from),
                        naive_last(&text, &needle, from),
                        "last {h:?} {n:?} from {from}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_needle_beyond_latin1_is_not_in_latin1() {
        assert_eq!(index_of(Chars::Latin1(b"aaaa"), Chars::Utf16(&[0x161]), 0), None);
        assert_eq!(last_index_of(Chars::Latin1(b"aaaa"), Chars::Utf16(&[0x161, 0x61]), 4), None);
    }
}
