//! Sets of characters, in the three shapes that the engine needs.
//!
//! - [`CodePointSet`]: any set, as sorted ranges. The parser computes with these: union, intersection,
//!   complement, case closure.
//! - [`CharClass`]: the same set frozen for the matcher: a bitmap for Latin-1, block bitmaps and ranges
//!   above.
//! - [`FirstSet`]: a fixed-size over-approximation of "the code units that may come next". The compiler
//!   computes with these to turn choices into decisions; being too large costs time, never correctness.

use std::fmt;

/// The largest code point.
pub(crate) const MAX_CODE_POINT: u32 = 0x10_ffff;
/// The largest UTF-16 code unit.
pub(crate) const MAX_CODE_UNIT: u32 = 0xffff;

/// A set of code points (or, in patterns without `u` and `v`, of code units).
///
/// Invariant: `ranges` are inclusive, sorted, disjoint, and not adjacent, so equal sets are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CodePointSet {
    ranges: Vec<(u32, u32)>,
}

impl CodePointSet {
    pub(crate) const fn new() -> CodePointSet {
        CodePointSet { ranges: Vec::new() }
    }

    pub(crate) fn single(c: u32) -> CodePointSet {
        CodePointSet { ranges: vec![(c, c)] }
    }

    /// The set of all ranges given, in any order, overlapping or not.
    pub(crate) fn from_ranges(ranges: impl IntoIterator<Item = (u32, u32)>) -> CodePointSet {
        let mut set = CodePointSet { ranges: ranges.into_iter().collect() };
        set.normalize();
        set
    }

    /// Restores the invariant after `ranges` were appended to.
    fn normalize(&mut self) {
        let in_order = |w: &[(u32, u32)]| w[0].1 < u32::MAX && w[0].1 + 1 < w[1].0;
        if self.ranges.windows(2).all(in_order) {
            return;
        }
        self.ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(self.ranges.len());
        for &(lo, hi) in &self.ranges {
            match merged.last_mut() {
                Some(last) if lo <= last.1.saturating_add(1) => last.1 = last.1.max(hi),
                _ => merged.push((lo, hi)),
            }
        }
        self.ranges = merged;
    }

    pub(crate) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The only member, if there is exactly one.
    pub(crate) fn only_member(&self) -> Option<u32> {
        match self.ranges[..] {
            [(lo, hi)] if lo == hi => Some(lo),
            _ => None,
        }
    }

    pub(crate) fn max(&self) -> Option<u32> {
        self.ranges.last().map(|r| r.1)
    }

    #[cfg(test)]
    pub(crate) fn contains(&self, c: u32) -> bool {
        ranges_contain(&self.ranges, c)
    }

    pub(crate) fn intersects(&self, lo: u32, hi: u32) -> bool {
        let at = self.ranges.partition_point(|r| r.1 < lo);
        self.ranges.get(at).is_some_and(|r| r.0 <= hi)
    }

    pub(crate) fn is_subset_of(&self, other: &CodePointSet) -> bool {
        self.subtract(other).is_empty()
    }

    /// The parts of the set that lie within `lo..=hi`.
    pub(crate) fn within(&self, lo: u32, hi: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let at = self.ranges.partition_point(|r| r.1 < lo);
        self.ranges[at..].iter().take_while(move |r| r.0 <= hi).map(move |r| (r.0.max(lo), r.1.min(hi)))
    }

    pub(crate) fn add_all(&mut self, ranges: impl IntoIterator<Item = (u32, u32)>) {
        self.ranges.extend(ranges);
        self.normalize();
    }

    pub(crate) fn union(&self, other: &CodePointSet) -> CodePointSet {
        CodePointSet::from_ranges(self.ranges.iter().chain(&other.ranges).copied())
    }

    pub(crate) fn intersect(&self, other: &CodePointSet) -> CodePointSet {
        let (mut i, mut j) = (0, 0);
        let mut ranges = Vec::new();
        while let (Some(a), Some(b)) = (self.ranges.get(i), other.ranges.get(j)) {
            let (lo, hi) = (a.0.max(b.0), a.1.min(b.1));
            if lo <= hi {
                ranges.push((lo, hi));
            }
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
        CodePointSet { ranges }
    }

    /// The members of `0..=max` that are not in the set.
    pub(crate) fn complement(&self, max: u32) -> CodePointSet {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(lo, hi) in &self.ranges {
            if lo > max {
                break;
            }
            if next < lo {
                ranges.push((next, lo - 1));
            }
            next = hi + 1;
        }
        if next <= max {
            ranges.push((next, max));
        }
        CodePointSet { ranges }
    }

    pub(crate) fn subtract(&self, other: &CodePointSet) -> CodePointSet {
        match self.max() {
            Some(max) => self.intersect(&other.complement(max)),
            None => CodePointSet::new(),
        }
    }
}

fn ranges_contain(ranges: &[(u32, u32)], c: u32) -> bool {
    let at = ranges.partition_point(|r| r.1 < c);
    ranges.get(at).is_some_and(|r| r.0 <= c)
}

/// `[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]`: `\s`, WhiteSpace and
/// LineTerminator (ECMA-262 12.2, 12.3).
pub(crate) const WHITE_SPACE: [(u32, u32); 10] = [
    (0x09, 0x0d),
    (0x20, 0x20),
    (0xa0, 0xa0),
    (0x1680, 0x1680),
    (0x2000, 0x200a),
    (0x2028, 0x2029),
    (0x202f, 0x202f),
    (0x205f, 0x205f),
    (0x3000, 0x3000),
    (0xfeff, 0xfeff),
];
/// `\w` without case folding.
pub(crate) const WORD: [(u32, u32); 4] = [(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];
/// `\d`.
pub(crate) const DIGITS: [(u32, u32); 1] = [(0x30, 0x39)];
/// What `.` leaves out and what `^` and `$` look for with `m`.
pub(crate) const LINE_TERMINATORS: [(u32, u32); 3] = [(0x0a, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)];

/// A set as the matcher tests it.
///
/// Latin-1 is a bitmap. The 64 blocks of 1,024 code units have two bitmaps, "all members" and "some
/// members", so that most tests above Latin-1 need no search in the ranges either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharClass {
    /// Bit `c & 31` of word `c >> 5`: is Latin-1 character `c` a member?
    pub latin1: [u32; 8],
    /// Bit `c >> 10`: are all units of the block members (for block 0: those from 256)?
    pub blocks_full: u64,
    /// Bit `c >> 10`: is some unit of the block a member (for block 0: from 256)?
    pub blocks_some: u64,
    /// The members from 256 on, as inclusive sorted ranges of code points.
    pub ranges: Box<[(u32, u32)]>,
    /// The Latin-1 characters that are no members, if there are at most three: a run of members in Latin-1 text can
    /// then be measured by a search for its end.
    pub latin1_excluded: Option<Box<[u16]>>,
}

impl CharClass {
    pub(crate) fn new(set: &CodePointSet) -> CharClass {
        let mut latin1 = [0; 8];
        for (lo, hi) in set.within(0, 0xff) {
            for c in lo..=hi {
                latin1[(c >> 5) as usize] |= 1 << (c & 31);
            }
        }
        let (mut blocks_full, mut blocks_some) = (0, 0);
        for block in 0..64 {
            let (lo, hi) = ((block << 10).max(0x100), (block << 10) + 0x3ff);
            if set.intersects(lo, hi) {
                blocks_some |= 1 << block;
                if set.within(lo, hi).next() == Some((lo, hi)) {
                    blocks_full |= 1 << block;
                }
            }
        }
        let excluded: Vec<u16> =
            (0..=0xffu16).filter(|&c| latin1[usize::from(c >> 5)] >> (c & 31) & 1 == 0).take(4).collect();
        CharClass {
            latin1,
            blocks_full,
            blocks_some,
            latin1_excluded: (excluded.len() <= 3).then(|| excluded.into()),
            ranges: set.within(0x100, MAX_CODE_POINT).collect(),
        }
    }

    /// Is Latin-1 character `c` a member?
    #[inline(always)]
    pub fn contains_latin1(&self, c: u8) -> bool {
        self.latin1[(c >> 5) as usize] >> (c & 31) & 1 != 0
    }

    /// Is `c`, a code unit or a code point, a member?
    #[inline(always)]
    pub fn contains(&self, c: u32) -> bool {
        if c < 0x100 { self.contains_latin1(c as u8) } else { self.contains_high(c) }
    }

    fn contains_high(&self, c: u32) -> bool {
        if c <= MAX_CODE_UNIT {
            let block = 1 << (c >> 10);
            if self.blocks_some & block == 0 {
                return false;
            }
            if self.blocks_full & block != 0 {
                return true;
            }
        }
        ranges_contain(&self.ranges, c)
    }

    /// The members of the class as a set again.
    pub(crate) fn to_set(&self) -> CodePointSet {
        let low = (0..=0xff).filter(|&c| self.contains_latin1(c as u8));
        CodePointSet::from_ranges(low.map(|c| (c, c)).chain(self.ranges.iter().copied()).collect::<Vec<_>>())
    }
}

impl fmt::Display for CharClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_ranges(f, self.to_set().ranges())
    }
}

/// Writes ranges as a class of the `v` kind would be written.
fn write_ranges(f: &mut fmt::Formatter<'_>, ranges: &[(u32, u32)]) -> fmt::Result {
    const SHOWN: usize = 24;
    f.write_str("[")?;
    for &(lo, hi) in ranges.iter().take(SHOWN) {
        write_char(f, lo)?;
        if hi > lo {
            if hi > lo + 1 {
                f.write_str("-")?;
            }
            write_char(f, hi)?;
        }
    }
    if ranges.len() > SHOWN {
        write!(f, " …{} more", ranges.len() - SHOWN)?;
    }
    f.write_str("]")
}

/// Writes one code point so that control characters, blanks and lone surrogates stay visible.
pub(crate) fn write_char(f: &mut fmt::Formatter<'_>, c: u32) -> fmt::Result {
    match char::from_u32(c) {
        Some(ch @ ('\\' | '[' | ']' | '-' | '"')) => write!(f, "\\{ch}"),
        Some(ch) if ch.is_ascii_graphic() => write!(f, "{ch}"),
        _ if c <= 0xff => write!(f, "\\x{c:02x}"),
        _ if c <= MAX_CODE_UNIT => write!(f, "\\u{c:04x}"),
        _ => write!(f, "\\u{{{c:x}}}"),
    }
}

/// What the next code unit may be, if a piece of a pattern is to match from here: a superset.
///
/// Above Latin-1 it only knows blocks of 1,024 code units; code points above the BMP count as their lead
/// surrogates. `end` says that the piece may match where there is no next code unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstSet {
    /// As in [`CharClass::latin1`].
    pub latin1: [u32; 8],
    /// Bit `c >> 10` for code unit `c` (for block 0: those from 256).
    pub blocks: u64,
    /// May it match at the end of the input (or, ignoring what comes next, anywhere)?
    pub end: bool,
}

impl FirstSet {
    /// Nothing can follow: the piece never matches.
    pub(crate) const NONE: FirstSet = FirstSet { latin1: [0; 8], blocks: 0, end: false };
    /// Nothing is known.
    pub(crate) const ANY: FirstSet = FirstSet { latin1: [u32::MAX; 8], blocks: u64::MAX, end: true };
    /// Only the end of the input.
    pub(crate) const END: FirstSet = FirstSet { end: true, ..FirstSet::NONE };

    pub(crate) fn of_unit(unit: u16) -> FirstSet {
        let mut set = FirstSet::NONE;
        set.add_units(u32::from(unit), u32::from(unit));
        set
    }

    pub(crate) fn of_set(set: &CodePointSet) -> FirstSet {
        let mut first = FirstSet::NONE;
        for &(lo, hi) in set.ranges() {
            if lo <= MAX_CODE_UNIT {
                first.add_units(lo, hi.min(MAX_CODE_UNIT));
            }
            if hi > MAX_CODE_UNIT {
                let lead = |c: u32| 0xd800 + ((c - 0x1_0000) >> 10);
                first.add_units(lead(lo.max(0x1_0000)), lead(hi));
            }
        }
        first
    }

    fn add_units(&mut self, lo: u32, hi: u32) {
        for c in lo..=hi.min(0xff) {
            self.latin1[(c >> 5) as usize] |= 1 << (c & 31);
        }
        if hi > 0xff {
            for block in lo.max(0x100) >> 10..=hi >> 10 {
                self.blocks |= 1 << block;
            }
        }
    }

    pub(crate) fn union(&self, other: &FirstSet) -> FirstSet {
        let mut latin1 = self.latin1;
        for (a, b) in latin1.iter_mut().zip(other.latin1) {
            *a |= b;
        }
        FirstSet { latin1, blocks: self.blocks | other.blocks, end: self.end || other.end }
    }

    /// Can no code unit be in both? (The end of the input does not count.)
    pub(crate) fn units_disjoint(&self, other: &FirstSet) -> bool {
        self.blocks & other.blocks == 0 && self.latin1.iter().zip(other.latin1).all(|(a, b)| a & b == 0)
    }

    pub(crate) fn is_any(&self) -> bool {
        *self == FirstSet::ANY
    }

    pub(crate) fn latin1_members(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255u8).filter(|&c| self.admits(u32::from(c)))
    }

    /// May code unit `unit` come next?
    #[inline(always)]
    pub fn admits(&self, unit: u32) -> bool {
        if unit < 0x100 {
            self.latin1[(unit >> 5) as usize & 7] >> (unit & 31) & 1 != 0
        } else {
            self.blocks >> (unit >> 10 & 63) & 1 != 0
        }
    }
}

impl fmt::Display for FirstSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("[any]");
        }
        let low = self.latin1_members().map(u32::from);
        let blocks = (0..64u32).filter(|b| self.blocks >> b & 1 != 0);
        let high = blocks.map(|b| ((b << 10).max(0x100), (b << 10) + 0x3ff));
        let set = CodePointSet::from_ranges(low.map(|c| (c, c)).chain(high).collect::<Vec<_>>());
        write_ranges(f, set.ranges())?;
        if self.end {
            f.write_str(" or end")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u32, u32)]) -> CodePointSet {
        CodePointSet::from_ranges(ranges.iter().copied())
    }

    #[test]
    fn ranges_in_any_order_become_one_normal_form() {
        assert_eq!(set(&[(5, 9), (1, 2), (3, 4), (20, 30), (25, 26)]).ranges(), [(1, 9), (20, 30)]);
        assert_eq!(set(&[(0, u32::MAX), (7, u32::MAX)]).ranges(), [(0, u32::MAX)]);
    }

    #[test]
    fn set_algebra_agrees_with_membership() {
        let a = set(&[(0, 3), (10, 20), (0x1_0000, 0x1_0010), (MAX_CODE_POINT, MAX_CODE_POINT)]);
        let b = set(&[(2, 12), (15, 15), (0x1_0005, MAX_CODE_POINT)]);
        let probes = (0..40).chain(0xfffe..0x1_0020).chain([MAX_CODE_POINT]);
        for c in probes {
            let (in_a, in_b) = (a.contains(c), b.contains(c));
            assert_eq!(a.union(&b).contains(c), in_a || in_b, "{c:x}");
            assert_eq!(a.intersect(&b).contains(c), in_a && in_b, "{c:x}");
            assert_eq!(a.subtract(&b).contains(c), in_a && !in_b, "{c:x}");
            assert_eq!(a.complement(MAX_CODE_POINT).contains(c), !in_a, "{c:x}");
            assert_eq!(CharClass::new(&a).contains(c), in_a, "{c:x}");
        }
        assert!(a.intersect(&b).is_subset_of(&a) && !a.is_subset_of(&b));
        assert_eq!(CharClass::new(&a).to_set(), a);
    }

    #[test]
    fn complement_stops_at_its_maximum() {
        assert_eq!(set(&[(0, MAX_CODE_UNIT)]).complement(MAX_CODE_UNIT), CodePointSet::new());
        assert_eq!(set(&[]).complement(9).ranges(), [(0, 9)]);
        assert_eq!(set(&[(3, 5), (50, 60)]).complement(9).ranges(), [(0, 2), (6, 9)]);
    }

    #[test]
    fn a_first_set_admits_at_least_what_its_set_starts_with() {
        let s = set(&[(0x41, 0x5a), (0x2028, 0x2029), (0x1_f600, 0x1_f64f)]);
        let first = FirstSet::of_set(&s);
        for unit in [0x41, 0x5a, 0x2028, 0x2029, 0xd83d] {
            assert!(first.admits(unit), "{unit:x}");
        }
        for unit in [0x40, 0x5b, 0xff, 0x100, 0x1fff, 0xdc00, 0xffff] {
            assert!(!first.admits(unit), "{unit:x}");
        }
        assert!(!first.end && FirstSet::END.end);
    }
}
