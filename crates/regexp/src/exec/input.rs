//! The two widths of input, behind one trait, so that the matcher is compiled once for each.

use crate::program::{Literal, Program};

/// A code unit of the input: `u8` for Latin-1, `u16` for UTF-16.
pub(crate) trait Unit: Copy + Eq + 'static {
    /// Are there surrogates?
    const WIDE: bool;

    fn value(self) -> u32;

    /// The first of `hay` that is one of `units` (at most three).
    fn find(hay: &[Self], units: &[u16]) -> Option<usize>;

    /// The first place in `hay` where the literal is.
    fn find_literal(hay: &[Self], literal: &Literal) -> Option<usize>;

    /// Does `hay` begin with the literal of the program?
    fn starts_with(hay: &[Self], program: &Program, start: usize, len: usize, latin1: bool) -> bool;
}

impl Unit for u8 {
    const WIDE: bool = false;

    #[inline(always)]
    fn value(self) -> u32 {
        u32::from(self)
    }

    #[inline]
    fn find(hay: &[u8], units: &[u16]) -> Option<usize> {
        let byte = |u: u16| u as u8;
        match *units {
            [a] if a < 256 => memchr::memchr(byte(a), hay),
            [a, b] if a | b < 256 => memchr::memchr2(byte(a), byte(b), hay),
            [a, b, c] if a | b | c < 256 => memchr::memchr3(byte(a), byte(b), byte(c), hay),
            [] | [_] => None,
            _ => hay.iter().position(|&b| units.contains(&u16::from(b))),
        }
    }

    #[inline]
    fn find_literal(hay: &[u8], literal: &Literal) -> Option<usize> {
        literal.finder.as_ref()?.find(hay)
    }

    #[inline(always)]
    fn starts_with(hay: &[u8], program: &Program, start: usize, len: usize, latin1: bool) -> bool {
        latin1 && hay.starts_with(&program.literals_latin1[start..start + len])
    }
}

impl Unit for u16 {
    const WIDE: bool = true;

    #[inline(always)]
    fn value(self) -> u32 {
        u32::from(self)
    }

    #[inline]
    fn find(hay: &[u16], units: &[u16]) -> Option<usize> {
        match *units {
            [a] => find_u16(hay, |u| u == a),
            [a, b] => find_u16(hay, |u| u == a || u == b),
            [a, b, c] => find_u16(hay, |u| u == a || u == b || u == c),
            _ => None,
        }
    }

    fn find_literal(hay: &[u16], literal: &Literal) -> Option<usize> {
        let rare = literal.units[literal.rare];
        let mut from = literal.rare;
        while from < hay.len() {
            let at = from + find_u16(&hay[from..], |u| u == rare)? - literal.rare;
            if hay[at..].starts_with(&literal.units) {
                return Some(at);
            }
            from = at + literal.rare + 1;
        }
        None
    }

    #[inline(always)]
    fn starts_with(hay: &[u16], program: &Program, start: usize, len: usize, _: bool) -> bool {
        hay.starts_with(&program.literals[start..start + len])
    }
}

/// `position`, in blocks that the compiler turns into vector compares.
#[inline(always)]
fn find_u16(hay: &[u16], wanted: impl Fn(u16) -> bool) -> Option<usize> {
    const BLOCK: usize = 32;
    let mut blocks = hay.chunks_exact(BLOCK);
    let mut at = 0;
    for block in &mut blocks {
        if block.iter().fold(false, |any, &u| any | wanted(u)) {
            break;
        }
        at += BLOCK;
    }
    hay[at..].iter().position(|&u| wanted(u)).map(|i| at + i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_in_and_between_blocks() {
        let mut hay = vec![u16::from(b'x'); 100];
        assert_eq!(u16::find(&hay, &[1, 2, 3]), None);
        for at in [99, 64, 63, 32, 31, 5, 0] {
            hay[at] = 0x2028;
            assert_eq!(u16::find(&hay, &[0x2028]), Some(at));
            assert_eq!(u16::find(&hay, &[7, 0x2028]), Some(at));
        }
        assert_eq!(u8::find(b"abc", &[0x2028, u16::from(b'c')]), Some(2));
        assert_eq!(u8::find(b"abc", &[0x2028]), None);
    }

    #[test]
    fn literals_are_found_by_their_rarest_unit() {
        let units: Vec<u16> = "e-mail".encode_utf16().collect();
        let literal = Literal::new(units);
        assert_eq!(literal.rare, 1);
        let text = "- an e- and e-mai and an e-mail e-mail";
        let utf16: Vec<u16> = text.encode_utf16().collect();
        assert_eq!(u16::find_literal(&utf16, &literal), text.find("e-mail"));
        assert_eq!(u8::find_literal(text.as_bytes(), &literal), text.find("e-mail"));
        assert_eq!(u16::find_literal(&utf16[..4], &literal), None);
        let wide = Literal::new(vec![0x61, 0x2028]);
        assert_eq!(u8::find_literal(b"aaa", &wide), None);
        assert_eq!(u16::find_literal(&[0x61, 0x61, 0x2028], &wide), Some(1));
    }
}
