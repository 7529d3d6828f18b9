//! The flags of a regular expression.

use std::fmt;

/// A set of the flags `d g i m s u v y` (ECMA-262 22.2.3.4).
///
/// `g` and `d` mean nothing to the matcher: they are kept for the caller.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

/// Letter and bit of each flag, in the order of `RegExp.prototype.flags`.
const LETTERS: [(char, Flags); 8] = [
    ('d', Flags::HAS_INDICES),
    ('g', Flags::GLOBAL),
    ('i', Flags::IGNORE_CASE),
    ('m', Flags::MULTILINE),
    ('s', Flags::DOT_ALL),
    ('u', Flags::UNICODE),
    ('v', Flags::UNICODE_SETS),
    ('y', Flags::STICKY),
];

impl Flags {
    /// `d`
    pub const HAS_INDICES: Flags = Flags(1);
    /// `g`
    pub const GLOBAL: Flags = Flags(2);
    /// `i`
    pub const IGNORE_CASE: Flags = Flags(4);
    /// `m`
    pub const MULTILINE: Flags = Flags(8);
    /// `s`
    pub const DOT_ALL: Flags = Flags(16);
    /// `u`
    pub const UNICODE: Flags = Flags(32);
    /// `v`
    pub const UNICODE_SETS: Flags = Flags(64);
    /// `y`
    pub const STICKY: Flags = Flags(128);

    /// The flags that `text` spells, or `None` if a character is no flag, one occurs twice, or both `u`
    /// and `v` do (RegExpInitialize, ECMA-262 22.2.3.3).
    pub fn parse(text: impl IntoIterator<Item = char>) -> Option<Flags> {
        let mut flags = Flags::default();
        for c in text {
            let (_, flag) = *LETTERS.iter().find(|(letter, _)| *letter == c)?;
            if flags.contains(flag) {
                return None;
            }
            flags = flags | flag;
        }
        (!flags.contains(Flags::UNICODE | Flags::UNICODE_SETS)).then_some(flags)
    }

    /// Are all of `other`'s flags set?
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Does the pattern match code points (`u` or `v`) rather than code units?
    pub const fn unicode_mode(self) -> bool {
        self.0 & (Flags::UNICODE.0 | Flags::UNICODE_SETS.0) != 0
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = LETTERS.iter().filter(|(_, flag)| self.contains(*flag));
        set.map(|(letter, _)| *letter).try_for_each(|letter| write!(f, "{letter}"))
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_round_trip_in_canonical_order() {
        assert_eq!(Flags::parse("ysmigd".chars()).unwrap().to_string(), "dgimsy");
        assert_eq!(Flags::parse("v".chars()), Some(Flags::UNICODE_SETS));
        assert_eq!(Flags::parse("".chars()), Some(Flags::default()));
    }

    #[test]
    fn unknown_repeated_and_contradictory_flags_are_refused() {
        for text in ["x", "gg", "uv", "vu", "G", "i ", "gimsuyd0"] {
            assert_eq!(Flags::parse(text.chars()), None, "{text}");
        }
    }
}
