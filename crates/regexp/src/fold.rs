//! Case-insensitive matching: Canonicalize (ECMA-262 22.2.2.7.3) and sets closed over it.
//!
//! The compiler folds case away: with `i`, a character becomes the set of all characters that have the
//! same canonical form, and a class is closed in the same way, so that the matcher compares plainly.
//! Only backreferences canonicalize while matching.

use crate::classes::{CodePointSet, MAX_CODE_POINT};
use crate::unicode::fold_table::{Run, SIMPLE_FOLD, UPPERCASE};
use std::sync::LazyLock;

/// Which of the two rules of Canonicalize holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseRule {
    /// Without `u` and `v`: the uppercase of a code unit, where that is a single code unit and does not
    /// take a character above U+007F to one below.
    Uppercase,
    /// With `u` or `v`: Unicode's simple case folding.
    SimpleFold,
}

impl CaseRule {
    fn table(self) -> &'static [Run] {
        match self {
            CaseRule::Uppercase => &UPPERCASE,
            CaseRule::SimpleFold => &SIMPLE_FOLD,
        }
    }

    /// The canonical form of `c`: two characters match without regard to case if theirs are equal.
    pub fn canonicalize(self, c: u32) -> u32 {
        if c < 0x80 {
            return match (self, c as u8) {
                (CaseRule::Uppercase, b) => u32::from(b.to_ascii_uppercase()),
                (CaseRule::SimpleFold, b) => u32::from(b.to_ascii_lowercase()),
            };
        }
        let table = self.table();
        let at = table.partition_point(|r| r.last < c);
        match table.get(at) {
            Some(r) if r.first <= c && (c - r.first).is_multiple_of(r.step) => mapped(r, c),
            _ => c,
        }
    }

    /// The set of the canonical forms of `set`'s members.
    pub(crate) fn canonical_set(self, set: &CodePointSet) -> CodePointSet {
        let mut images = Vec::new();
        let mut moved = Vec::new();
        for run in self.table() {
            for (lo, hi) in members(run, set) {
                if run.step == 1 {
                    images.push((mapped(run, lo), mapped(run, hi)));
                    moved.push((lo, hi));
                } else {
                    for c in (lo..=hi).step_by(run.step as usize) {
                        images.push((mapped(run, c), mapped(run, c)));
                        moved.push((c, c));
                    }
                }
            }
        }
        if moved.is_empty() {
            return set.clone();
        }
        let mut result = set.subtract(&CodePointSet::from_ranges(moved));
        result.add_all(images);
        result
    }

    /// All characters whose canonical form is that of some member of `set`.
    pub(crate) fn close(self, set: &CodePointSet) -> CodePointSet {
        if self == CaseRule::Uppercase && set.max().is_none_or(|max| max < 0x80) {
            return close_ascii(set);
        }
        let canonical = self.canonical_set(set);
        let mut preimages = Vec::new();
        for run in self.table() {
            let (lo, hi) = (mapped(run, run.first), mapped(run, run.last));
            for (lo, hi) in canonical.within(lo, hi) {
                let back = |c: u32| c.wrapping_add_signed(-run.distance);
                if run.step == 1 {
                    preimages.push((back(lo), back(hi)));
                } else {
                    let skip = (back(lo) - run.first) % run.step;
                    let start = if skip == 0 { back(lo) } else { back(lo) + run.step - skip };
                    preimages.extend((start..=back(hi)).step_by(run.step as usize).map(|c| (c, c)));
                }
            }
        }
        let mut result = canonical;
        result.add_all(preimages);
        result
    }
}

fn mapped(run: &Run, c: u32) -> u32 {
    c.wrapping_add_signed(run.distance)
}

/// The parts of `set` that `run` maps; for runs of step 2, each part starts at a mapped member.
fn members<'a>(run: &'a Run, set: &'a CodePointSet) -> impl Iterator<Item = (u32, u32)> + 'a {
    set.within(run.first, run.last).filter_map(|(lo, hi)| {
        let start = lo + (lo - run.first) % run.step;
        (start <= hi).then_some((start, hi))
    })
}

/// [`CaseRule::close`] for sets within ASCII, which the uppercase rule never leaves.
fn close_ascii(set: &CodePointSet) -> CodePointSet {
    let mut result = set.clone();
    let upper = set.within(0x41, 0x5a).map(|(lo, hi)| (lo + 32, hi + 32));
    let lower = set.within(0x61, 0x7a).map(|(lo, hi)| (lo - 32, hi - 32));
    result.add_all(upper.chain(lower).collect::<Vec<_>>());
    result
}

/// `scf(c) == c`: the code points that AllCharacters holds with both `v` and `i` (22.2.2.9.6).
pub(crate) fn simple_fold_fixpoints() -> &'static CodePointSet {
    static FIXPOINTS: LazyLock<CodePointSet> = LazyLock::new(|| {
        let runs = SIMPLE_FOLD.iter();
        let moved = runs.flat_map(|run| (run.first..=run.last).step_by(run.step as usize));
        CodePointSet::from_ranges(moved.map(|c| (c, c))).complement(MAX_CODE_POINT)
    });
    &FIXPOINTS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the standard says, from the standard library's own mapping.
    fn uppercase_rule(c: u32) -> u32 {
        let Some(ch) = char::from_u32(c) else {
            return c;
        };
        let mut upper = ch.to_uppercase().map(u32::from);
        match (upper.next(), upper.next()) {
            (Some(u), None) if u <= 0xffff && !(c >= 128 && u < 128) => u,
            _ => c,
        }
    }

    #[test]
    fn uppercase_agrees_with_the_standard_library_on_every_code_unit() {
        for c in 0..=0xffff {
            assert_eq!(CaseRule::Uppercase.canonicalize(c), uppercase_rule(c), "{c:x}");
        }
    }

    #[test]
    fn simple_folding_agrees_with_icu_on_every_code_point() {
        let icu = icu_casemap::CaseMapper::new();
        for c in 0..=MAX_CODE_POINT {
            let want = char::from_u32(c).map_or(c, |ch| u32::from(icu.simple_fold(ch)));
            assert_eq!(CaseRule::SimpleFold.canonicalize(c), want, "{c:x}");
        }
    }

    #[test]
    fn rows_are_sorted_and_end_on_their_step() {
        for table in [&SIMPLE_FOLD[..], &UPPERCASE[..]] {
            assert!(table.windows(2).all(|w| w[0].last < w[1].first));
            assert!(table.iter().all(|r| (r.last - r.first).is_multiple_of(r.step)));
        }
    }

    /// Closure and image of many sets, against their definitions, character by character.
    #[test]
    fn closure_is_the_set_of_characters_with_equal_canonical_forms() {
        let sets: [&[(u32, u32)]; 9] = [
            &[(0x61, 0x7a)],
            &[(0x6b, 0x6b)],
            &[(0x53, 0x53), (0x17f, 0x17f)],
            &[(0x100, 0x17f)],
            &[(0x101, 0x101), (0x104, 0x109)],
            &[(0xb5, 0xb5), (0xdf, 0xdf), (0xff, 0xff)],
            &[(0x390, 0x3ff), (0x1e9e, 0x1e9e)],
            &[(0x1_0400, 0x1_0410), (0x2160, 0x2170)],
            &[(0x30, 0x39), (0x4e00, 0x9fff)],
        ];
        for rule in [CaseRule::Uppercase, CaseRule::SimpleFold] {
            for ranges in sets {
                let set = CodePointSet::from_ranges(ranges.iter().copied());
                let (closed, image) = (rule.close(&set), rule.canonical_set(&set));
                let limit = if rule == CaseRule::Uppercase { 0xffff } else { 0x1_f000 };
                let images: std::collections::HashSet<u32> =
                    (0..=limit).filter(|&c| set.contains(c)).map(|c| rule.canonicalize(c)).collect();
                for c in 0..=limit {
                    let canonical = rule.canonicalize(c);
                    assert_eq!(closed.contains(c), images.contains(&canonical), "{rule:?} {c:x}");
                    assert_eq!(image.contains(c), images.contains(&c), "{rule:?} image {c:x}");
                }
            }
        }
    }

    #[test]
    fn fixpoints_are_those_that_fold_to_themselves() {
        let fixed = simple_fold_fixpoints();
        for c in 0..0x2_0000 {
            assert_eq!(fixed.contains(c), CaseRule::SimpleFold.canonicalize(c) == c, "{c:x}");
        }
    }
}
