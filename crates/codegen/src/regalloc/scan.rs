//! The scan itself.
//!
//! Intervals are taken by ascending start. Each gets a register that is free for all of it, or for its beginning (then it is
//! split and the rest comes later), or takes one from the interval whose next use is farthest (which is split and goes
//! to memory until just before that use), or goes to memory itself until just before its own next use.
//!
//! # Splits
//! A split that ends in a register lies before an instruction or at the start of a block (position `4i`), where a move
//! can stand. One that ends in memory may also lie inside an instruction: the value is stored before it. Where there is a
//! choice, splits are put at the start of the block with the lowest loop depth, so that reloads stay out of loops.
//!
//! # Termination
//! Each split makes two intervals that are not empty, and what is assigned is never taken up again but to shorten it.

use super::liveness::*;
use super::{AllocError, Env};
use crate::lir::*;
use crate::seeded::{Bug, active};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A piece of a lifetime: the part of a register's ranges that lies in `start..end`.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub vreg: VReg,
    pub start: u32,
    pub end: u32,
    ranges: (u32, u32),
    /// Its part of the uses.
    pub uses: (u32, u32),
    pub loc: Loc,
}

/// Assigned intervals and how often one was split.
pub struct Intervals {
    pub all: Vec<Interval>,
    pub splits: u32,
}

pub fn scan<O>(code: &Code<O>, env: &Env, lives: &Lives) -> Result<Intervals, AllocError> {
    let mut scan = Scan {
        code,
        env,
        lives,
        intervals: Vec::with_capacity(code.vregs.len() * 2),
        unhandled: BinaryHeap::new(),
        active: [Vec::new(), Vec::new()],
        inactive: [Vec::new(), Vec::new()],
        last_reg: vec![None; code.vregs.len()],
        splits: 0,
    };
    for vreg in 0..code.vregs.len() {
        let ranges = lives.ranges_of[vreg];
        if ranges.0 == ranges.1 {
            continue;
        }
        let interval = Interval {
            vreg: VReg(vreg as u32),
            start: lives.ranges[ranges.0 as usize].0,
            end: lives.ranges[ranges.1 as usize - 1].1,
            ranges,
            uses: lives.uses_of[vreg],
            loc: Loc::None,
        };
        scan.add(interval);
    }
    while let Some(Reverse((_, id))) = scan.unhandled.pop() {
        scan.step(id as usize)?;
    }
    Ok(Intervals { all: scan.intervals, splits: scan.splits })
}

struct Scan<'a, O> {
    code: &'a Code<O>,
    env: &'a Env,
    lives: &'a Lives,
    intervals: Vec<Interval>,
    unhandled: BinaryHeap<Reverse<(u32, u32)>>,
    active: [Vec<u32>; 2],
    inactive: [Vec<u32>; 2],
    /// The register that each virtual register got last.
    last_reg: Vec<Option<PReg>>,
    splits: u32,
}

/// The start of the instruction that owns a position.
fn floor(pos: u32) -> u32 {
    pos & !3
}

const NEVER: u32 = u32::MAX;

impl<O> Scan<'_, O> {
    fn add(&mut self, interval: Interval) -> usize {
        let id = self.intervals.len();
        self.unhandled.push(Reverse((interval.start, id as u32)));
        self.intervals.push(interval);
        id
    }

    fn class(&self, id: usize) -> usize {
        self.code.class(self.intervals[id].vreg) as usize
    }

    fn step(&mut self, id: usize) -> Result<(), AllocError> {
        let class = self.class(id);
        let at = self.intervals[id].start;
        self.expire(class, at);
        if self.env.spill_all {
            return self.step_spilling(id, class);
        }
        if self.try_free(id, class) {
            return Ok(());
        }
        self.take_blocked(id, class)
    }

    /// Every interval lives in memory but for the instruction that needs it in a register.
    fn step_spilling(&mut self, id: usize, class: usize) -> Result<(), AllocError> {
        let start = self.intervals[id].start;
        let next = floor(start) + 4;
        let needed = self.next_use(id, start, Want::Must);
        if needed >= next {
            self.spill_from(id, start, Want::Must);
            return Ok(());
        }
        if self.intervals[id].end > next {
            let rest = self.split(id, next);
            if let Some(rest) = rest {
                self.unhandled.push(Reverse((self.intervals[rest].start, rest as u32)));
            }
        }
        if self.try_free(id, class) {
            return Ok(());
        }
        self.take_blocked(id, class)
    }

    /// Brings the lists up to date with a position.
    fn expire(&mut self, class: usize, at: u32) {
        let mut active = std::mem::take(&mut self.active[class]);
        let mut inactive = std::mem::take(&mut self.inactive[class]);
        let mut woken = Vec::new();
        inactive.retain(|&id| {
            let interval = &self.intervals[id as usize];
            if interval.end <= at {
                return false;
            }
            if self.covers(id as usize, at) {
                woken.push(id);
                return false;
            }
            true
        });
        active.retain(|&id| {
            let interval = &self.intervals[id as usize];
            if interval.end <= at {
                return false;
            }
            if !self.covers(id as usize, at) {
                inactive.push(id);
                return false;
            }
            true
        });
        active.extend(woken);
        self.active[class] = active;
        self.inactive[class] = inactive;
    }

    fn ranges(&self, id: usize) -> &[Range] {
        let (start, end) = self.intervals[id].ranges;
        &self.lives.ranges[start as usize..end as usize]
    }

    /// The first range that ends after a position.
    fn range_at(&self, id: usize, at: u32) -> Option<Range> {
        let interval = &self.intervals[id];
        if at >= interval.end {
            return None;
        }
        let ranges = self.ranges(id);
        let index = ranges.partition_point(|range| range.1 <= at);
        let &(start, end) = ranges.get(index)?;
        let start = start.max(interval.start);
        (start < interval.end).then_some((start, end.min(interval.end)))
    }

    fn covers(&self, id: usize, at: u32) -> bool {
        self.range_at(id, at).is_some_and(|range| range.0 <= at)
    }

    /// The first position from `from` at which both intervals live.
    fn intersection(&self, a: usize, b: usize, from: u32) -> Option<u32> {
        let mut at = from;
        loop {
            let x = self.range_at(a, at)?;
            let y = self.range_at(b, at)?;
            let (start, end) = (x.0.max(y.0).max(at), x.1.min(y.1));
            if start < end {
                return Some(start);
            }
            at = end.max(at + 1);
        }
    }

    /// The first position at which an interval and the fixed uses of a register meet.
    fn fixed_intersection(&self, id: usize, reg: PReg) -> Option<u32> {
        let interval = &self.intervals[id];
        let fixed = &self.lives.fixed[reg.index()];
        let first = fixed.partition_point(|range| range.1 <= interval.start);
        for &(start, end) in &fixed[first..] {
            if start >= interval.end {
                return None;
            }
            let range = self.range_at(id, start.max(interval.start))?;
            if range.0 < end {
                return Some(range.0.max(start));
            }
        }
        None
    }

    /// The first use from a position on that wants a register at least as much as `want`.
    fn next_use(&self, id: usize, from: u32, want: Want) -> u32 {
        let (start, end) = self.intervals[id].uses;
        let uses = &self.lives.uses[start as usize..end as usize];
        let first = uses.partition_point(|item| item.pos < from);
        let wanted = |item: &&UsePos| item.want == Want::Must || want == Want::Prefer && item.want == Want::Prefer;
        uses[first..].iter().find(wanted).map_or(NEVER, |item| item.pos)
    }

    fn regs(&self, class: usize) -> &[PReg] {
        if class == 0 { &self.env.int } else { &self.env.float }
    }

    fn assign(&mut self, id: usize, class: usize, reg: PReg) {
        self.intervals[id].loc = Loc::Reg(reg);
        self.last_reg[self.intervals[id].vreg.index()] = Some(reg);
        self.active[class].push(id as u32);
    }

    /// Gives a register that is free for the interval or for a useful beginning of it.
    fn try_free(&mut self, id: usize, class: usize) -> bool {
        let Interval { start, end, vreg, .. } = self.intervals[id];
        let mut free = [0u32; PREGS];
        for &reg in self.regs(class) {
            free[reg.index()] = NEVER;
        }
        for &other in &self.active[class] {
            if let Loc::Reg(reg) = self.intervals[other as usize].loc {
                free[reg.index()] = 0;
            }
        }
        for &other in &self.inactive[class] {
            if let Loc::Reg(reg) = self.intervals[other as usize].loc
                && free[reg.index()] > start
                && !active(Bug::ScanIgnoresHoles)
                && let Some(at) = self.intersection(other as usize, id, start)
            {
                free[reg.index()] = free[reg.index()].min(at);
            }
        }
        let mut best: Option<PReg> = None;
        for &reg in self.regs(class) {
            if free[reg.index()] > start
                && let Some(at) = self.fixed_intersection(id, reg)
            {
                free[reg.index()] = free[reg.index()].min(at);
            }
            // Of those that suffice the one that is free for the shortest time; of the others the longest.
            let (now, so_far) = (free[reg.index()], best.map_or(0, |best| free[best.index()]));
            let better = if so_far >= end { now >= end && now < so_far } else { now > so_far };
            if better {
                best = Some(reg);
            }
        }
        let Some(mut best) = best else {
            return false;
        };
        let enough = free[best.index()].min(end);
        for hint in self.lives.hints[vreg.index()].iter().take(8) {
            let hinted = match *hint {
                Hint::Reg(reg) => Some(reg),
                Hint::Same(other) => self.last_reg[other.index()],
            };
            if let Some(reg) = hinted.filter(|reg| free[reg.index()] >= enough) {
                best = reg;
                break;
            }
        }
        let until = free[best.index()];
        if until >= end {
            self.assign(id, class, best);
            return true;
        }
        let limit = floor(until);
        let first_use = self.next_use(id, start, Want::Prefer);
        if limit <= start {
            return false;
        }
        if first_use >= limit {
            // The register would be lost before it is used.
            self.spill_from(id, start, Want::Prefer);
            return true;
        }
        let last_use = self.last_use_before(id, limit);
        let at = self.best_split(floor(last_use) + 4, limit);
        let rest = self.split(id, at);
        self.requeue(rest);
        self.assign(id, class, best);
        true
    }

    fn last_use_before(&self, id: usize, limit: u32) -> u32 {
        let (start, end) = self.intervals[id].uses;
        let uses = &self.lives.uses[start as usize..end as usize];
        let count = uses.partition_point(|item| item.pos < limit);
        uses[..count].last().map_or(self.intervals[id].start, |item| item.pos)
    }

    fn requeue(&mut self, rest: Option<usize>) {
        if let Some(rest) = rest {
            self.unhandled.push(Reverse((self.intervals[rest].start, rest as u32)));
        }
    }

    /// Takes a register from the interval whose next use is farthest, or sends this one to memory.
    fn take_blocked(&mut self, id: usize, class: usize) -> Result<(), AllocError> {
        let Interval { start, end, .. } = self.intervals[id];
        let mut used = [0u32; PREGS];
        let mut blocked = [0u32; PREGS];
        for &reg in self.regs(class) {
            used[reg.index()] = NEVER;
            blocked[reg.index()] = self.fixed_intersection(id, reg).unwrap_or(NEVER);
        }
        for &other in &self.active[class] {
            if let Loc::Reg(reg) = self.intervals[other as usize].loc {
                let next = self.next_use(other as usize, start, Want::Prefer);
                used[reg.index()] = used[reg.index()].min(next);
            }
        }
        for &other in &self.inactive[class] {
            if let Loc::Reg(reg) = self.intervals[other as usize].loc
                && self.intersection(other as usize, id, start).is_some()
            {
                let next = self.next_use(other as usize, start, Want::Prefer);
                used[reg.index()] = used[reg.index()].min(next);
            }
        }
        let mut best: Option<PReg> = None;
        let reach = |reg: PReg| used[reg.index()].min(blocked[reg.index()]);
        for &reg in self.regs(class) {
            // A register that is blocked inside this very instruction is of no use.
            let usable = blocked[reg.index()] >= end || floor(blocked[reg.index()]) > start;
            if usable && best.is_none_or(|best| reach(reg) > reach(best)) {
                best = Some(reg);
            }
        }
        let must = self.next_use(id, start, Want::Must);
        let first_use = self.next_use(id, start, Want::Prefer);
        let Some(best) = best.filter(|&best| reach(best) > first_use) else {
            if must < floor(start) + 4 {
                return Err(AllocError { inst: pos::inst(start) });
            }
            // A use that could do with memory does, if it is at once.
            let want = if first_use < floor(start) + 4 { Want::Must } else { Want::Prefer };
            self.spill_from(id, start, want);
            return Ok(());
        };
        if blocked[best.index()] < end {
            let at = self.best_split(start + 1, floor(blocked[best.index()]));
            let rest = self.split(id, at);
            self.requeue(rest);
        }
        self.evict(id, class, best, start);
        self.assign(id, class, best);
        Ok(())
    }

    /// Sends to memory, from `at` on, whatever holds a register that an interval takes.
    fn evict(&mut self, id: usize, class: usize, reg: PReg, at: u32) {
        let holds = |scan: &Self, other: &u32| scan.intervals[*other as usize].loc == Loc::Reg(reg);
        let held: Vec<u32> = self.active[class].iter().copied().filter(|other| holds(self, other)).collect();
        self.active[class].retain(|other| !held.contains(other));
        for other in held.into_iter().filter(|_| !active(Bug::ScanKeepsEvicted)) {
            self.spill_from(other as usize, at, Want::Prefer);
        }
        let inactive: Vec<u32> = self.inactive[class]
            .iter()
            .copied()
            .filter(|other| holds(self, other) && self.intersection(*other as usize, id, at).is_some())
            .collect();
        self.inactive[class].retain(|other| !inactive.contains(other));
        for other in inactive {
            // It is in a hole: what comes after the hole is allocated anew.
            let rest = self.split(other as usize, at);
            self.requeue(rest);
        }
    }

    /// Puts an interval into memory from `at` on, until just before its next use that wants a register.
    fn spill_from(&mut self, id: usize, at: u32, want: Want) {
        let piece = if at > self.intervals[id].start {
            match self.split(id, at) {
                Some(piece) => piece,
                None => return,
            }
        } else {
            id
        };
        let from = self.intervals[piece].start;
        // Uses in this instruction do with memory: who would not has not come here.
        let next = self.next_use(piece, floor(from) + 4, want);
        if next != NEVER {
            let split = self.best_split(from + 1, floor(next));
            let rest = self.split(piece, split);
            self.requeue(rest);
        }
        let vreg = self.intervals[piece].vreg;
        let constant = self.code.vregs[vreg.index()].remat.is_some();
        // Slots are numbered later; for now each register's slot is its own number.
        self.intervals[piece].loc = if constant { Loc::Remat } else { Loc::Slot(Slot(vreg.0)) };
    }

    /// The best position for a split in `min..=max`: `max`, or the start of a block with a lower loop depth before it.
    fn best_split(&self, min: u32, max: u32) -> u32 {
        debug_assert!(max.is_multiple_of(4));
        let last = pos::inst(max).min(self.lives.block_of.len() - 1);
        let mut block = self.lives.block_of[last];
        let mut best = max;
        let mut depth = self.depth(block);
        for _ in 0..64 {
            let start = pos::before(self.code.blocks[block as usize].start as usize);
            if start < min || depth == 0 {
                break;
            }
            // The edge into the block is outside the loop if the block before it in the order is.
            let before = self.depth(block.saturating_sub(1));
            if block > 0 && before < depth {
                best = start;
                depth = before;
            }
            if block == 0 {
                break;
            }
            block -= 1;
        }
        best
    }

    fn depth(&self, block: u32) -> u32 {
        self.code.blocks[block as usize].depth
    }

    /// Cuts an interval at a position; the new one has what lies behind it. None if nothing does.
    fn split(&mut self, id: usize, at: u32) -> Option<usize> {
        let whole = self.intervals[id];
        debug_assert!(at > whole.start, "a split at {at} in {whole:?}");
        let ranges = self.ranges(id);
        let cut = whole.ranges.0 + ranges.partition_point(|range| range.1 <= at) as u32;
        if cut == whole.ranges.1 || at >= whole.end {
            return None;
        }
        let start = self.lives.ranges[cut as usize].0.max(at);
        if start >= whole.end {
            return None;
        }
        let uses = &self.lives.uses[whole.uses.0 as usize..whole.uses.1 as usize];
        let use_cut = whole.uses.0 + uses.partition_point(|item| item.pos < at) as u32;
        let inside = self.lives.ranges[cut as usize].0 < at;
        let first = &mut self.intervals[id];
        first.uses.1 = use_cut;
        if inside {
            first.ranges.1 = cut + 1;
            first.end = at;
        } else {
            first.ranges.1 = cut;
            first.end = self.lives.ranges[cut as usize - 1].1.min(at);
        }
        self.splits += 1;
        let new = self.intervals.len();
        self.intervals.push(Interval {
            start,
            ranges: (cut, whole.ranges.1),
            uses: (use_cut, whole.uses.1),
            loc: Loc::None,
            ..whole
        });
        Some(new)
    }
}
