//! The hash of a string: over code units, seeded, four units a step.
//!
//! Both encodings of a text must hash alike, so Latin-1 bytes are widened on the fly. Each step folds a 128-bit
//! product into 64 bits (the mixing step of wyhash); the seed is random for each engine, so that a script cannot
//! prepare colliding keys.

use super::chars::Chars;

const MULTIPLIER: u64 = 0xa076_1d64_78bd_642f;

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Spreads four Latin-1 bytes to the four 16-bit units of one word.
#[inline(always)]
fn widen(bytes: u32) -> u64 {
    let pairs = (bytes as u64 | (bytes as u64) << 16) & 0x0000_ffff_0000_ffff;
    (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff
}

/// Up to four units in one word, the first in the lowest bits.
#[inline(always)]
fn pack(units: impl DoubleEndedIterator<Item = u16>) -> u64 {
    units.rev().fold(0, |word, unit| word << 16 | unit as u64)
}

/// The hash of the text; never 0, which in a string cell means "not computed yet".
#[inline]
pub fn hash(chars: Chars<'_>, seed: u64) -> u32 {
    let mut state = seed ^ chars.len() as u64;
    match chars {
        Chars::Latin1(s) => {
            let (chunks, rest) = s.as_chunks::<4>();
            for chunk in chunks {
                state = fold(state ^ widen(u32::from_le_bytes(*chunk)), MULTIPLIER);
            }
            if !rest.is_empty() {
                state = fold(state ^ pack(rest.iter().map(|&b| b as u16)), MULTIPLIER);
            }
        }
        Chars::Utf16(s) => {
            let (chunks, rest) = s.as_chunks::<4>();
            for chunk in chunks {
                state = fold(state ^ pack(chunk.iter().copied()), MULTIPLIER);
            }
            if !rest.is_empty() {
                state = fold(state ^ pack(rest.iter().copied()), MULTIPLIER);
            }
        }
    }
    let hash = fold(state, seed | 1) as u32;
    if hash == 0 { 1 } else { hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_hash_alike_at_every_length() {
        let text = b"The quick br\xF6wn fox";
        let wide: Vec<u16> = text.iter().map(|&b| b as u16).collect();
        for n in 0..text.len() {
            let narrow = hash(Chars::Latin1(&text[..n]), 42);
            assert_eq!(narrow, hash(Chars::Utf16(&wide[..n]), 42), "length {n}");
            assert_ne!(narrow, 0);
        }
    }

    #[test]
    fn similar_texts_spread() {
        let mut seen = std::collections::HashSet::new();
        for i in 0..20_000 {
            seen.insert(hash(Chars::Latin1(format!("key{i}").as_bytes()), 7));
        }
        assert!(seen.len() > 19_990, "{} different hashes of 20000", seen.len());
        let mut buckets = [0; 256];
        for i in 0..25_600 {
            buckets[(hash(Chars::Latin1(format!("{i}").as_bytes()), 7) & 255) as usize] += 1;
        }
        assert!(buckets.iter().all(|&n| (50..170).contains(&n)), "{buckets:?}");
    }
}
