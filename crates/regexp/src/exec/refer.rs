//! Backreferences.

use super::ExecError;
use super::input::Unit;
use super::machine::Machine;
use super::scan::{point_at, splits_pair};
use crate::fold::CaseRule;
use crate::program::UNSET;

impl<C: Unit> Machine<'_, '_, C> {
    /// The text of the first of `groups` that took part, as a range of the input.
    #[inline(always)]
    fn captured(&self, groups: &[u32]) -> Option<(usize, usize)> {
        groups.iter().find_map(|&group| {
            let (start, end) = (self.register(2 * group), self.register(2 * group + 1));
            (start != UNSET && end != UNSET).then_some((start as usize, end as usize))
        })
    }

    /// Matches captured text forwards from `pos` (BackreferenceMatcher, 22.2.2.7.2).
    #[inline(always)]
    pub(super) fn refer(
        &mut self,
        groups: &[u32],
        fold: Option<CaseRule>,
        pos: usize,
    ) -> Result<Option<usize>, ExecError> {
        let Some((start, end)) = self.captured(groups) else {
            return Ok(Some(pos));
        };
        let after = pos + (end - start);
        if after > self.input.len() {
            return Ok(None);
        }
        if fold.is_none() && end - start == 1 && !self.program.flags.unicode_mode() {
            return Ok((self.input[start] == self.input[pos]).then_some(after));
        }
        let same = self.same_text(start, pos, end - start, fold)?;
        Ok(same.then_some(after))
    }

    /// Matches captured text backwards from `pos`.
    pub(super) fn refer_back(
        &mut self,
        groups: &[u32],
        fold: Option<CaseRule>,
        pos: usize,
    ) -> Result<Option<usize>, ExecError> {
        let Some((start, end)) = self.captured(groups) else {
            return Ok(Some(pos));
        };
        let Some(before) = pos.checked_sub(end - start) else {
            return Ok(None);
        };
        let same = self.same_text(start, before, end - start, fold)?;
        Ok(same.then_some(before))
    }

    /// Are the `len` units at `a`, captured text, and those at `b` the same characters? Folding never changes how many
    /// units a character takes.
    #[inline(never)]
    fn same_text(&mut self, a: usize, b: usize, len: usize, fold: Option<CaseRule>) -> Result<bool, ExecError> {
        const BLOCK: usize = 2048;
        let input = self.input;
        if self.program.flags.unicode_mode() && (splits_pair(input, b) || splits_pair(input, b + len)) {
            return Ok(false);
        }
        let mut done = 0;
        while done < len {
            let (x, y) = (a + done, b + done);
            let block = (len - done).min(BLOCK);
            self.budget.charge(block / 4)?;
            let Some(rule) = fold else {
                if input[x..x + block] != input[y..y + block] {
                    return Ok(false);
                }
                done += block;
                continue;
            };
            let stop = done + block;
            while done < stop {
                let ((c, c_len), (d, d_len)) = match rule {
                    CaseRule::Uppercase => ((input[a + done].value(), 1), (input[b + done].value(), 1)),
                    CaseRule::SimpleFold => (point_at(input, a + done), point_at(input, b + done)),
                };
                let same = c == d || rule.canonicalize(c) == rule.canonicalize(d);
                if !same || c_len != d_len {
                    return Ok(false);
                }
                done += c_len;
            }
        }
        Ok(true)
    }
}
