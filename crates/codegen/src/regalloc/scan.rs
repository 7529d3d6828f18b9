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
//! # Who holds what
//! A physical register has at most one *active* interval, which lives in it now. *Inactive* ones are in holes of their lifetimes;
//! they wait in a queue for the end of the hole. An interval that begins with its definition meets none of them: two values of
//! SSA form that live at the same time anywhere live at the same time at one of their definitions, and here that could only be
//! this one. So only pieces that were split off look at them.
//!
//! # Termination
//! Each split makes two intervals that are not empty, and what is assigned is never taken up again but to shorten it.

use super::liveness::*;
use super::{AllocError, Env};
use crate::lir::*;
use crate::seeded::{Bug, active};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use tercel_ir::Scratch;

/// A piece of a lifetime: the part of a register's ranges that lies in `start..end`.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub vreg: VReg,
    pub start: u32,
    pub end: u32,
    /// Its part of the ranges; those at its ends may reach beyond it.
    pub ranges: Span,
    /// Its part of the uses.
    pub uses: Span,
    pub loc: Loc,
    /// The piece after it, or [`NONE`].
    pub next: u32,
}

/// Assigned intervals and how often one was split.
pub struct Intervals {
    /// As many as there are virtual registers are the first pieces of their lifetimes, without uses or place if there is no
    /// lifetime; the others follow by [`Interval::next`].
    pub all: Vec<Interval>,
    pub splits: u32,
}

/// No interval.
pub const NONE: u32 = u32::MAX;

pub fn scan<O>(code: &Code<O>, env: &Env, lives: &Lives, scratch: &mut Scratch) -> Result<Intervals, AllocError> {
    let mut intervals = scratch.growing(code.vregs.len() + code.vregs.len() / 2);
    intervals.extend((0..code.vregs.len()).map(|vreg| {
        let ranges = lives.ranges_of[vreg];
        let (start, end) = match &lives.ranges[ranges.0 as usize..ranges.1 as usize] {
            [] => (NEVER, NEVER),
            [first, .., last] => (first.0, last.1),
            [only] => *only,
        };
        Interval { vreg: VReg(vreg as u32), start, end, ranges, uses: lives.uses_of[vreg], loc: Loc::None, next: NONE }
    }));
    let mut scan = Scan {
        code,
        env,
        lives,
        intervals,
        unhandled: scratch.growing(0).into(),
        active: [NONE; PREGS],
        until: [NEVER; PREGS],
        inactive: std::array::from_fn(|_| BTreeSet::new()),
        wake: [NEVER; PREGS],
        next_change: [NEVER; 2],
        next_fixed: [0; PREGS],
        coming: std::array::from_fn(|reg| lives.fixed[reg].first().copied().unwrap_or((NEVER, NEVER))),
        last_reg: scratch.table(None, code.vregs.len()),
        shallower: shallower(code, scratch),
        splits: 0,
    };
    // Beginnings of lifetimes are known in order; only what is split off has to be queued.
    for &vreg in &lives.by_def {
        let start = scan.intervals[vreg.index()].start;
        if start == NEVER {
            continue;
        }
        while let Some(&Reverse((first, id))) = scan.unhandled.peek()
            && first < start
        {
            scan.unhandled.pop();
            scan.step(id as usize)?;
        }
        scan.step(vreg.index())?;
    }
    while let Some(Reverse((_, id))) = scan.unhandled.pop() {
        scan.step(id as usize)?;
    }
    if cfg!(debug_assertions) {
        assert_disjoint(lives, &scan.intervals);
    }
    scratch.give(scan.unhandled.into_vec());
    scratch.give(scan.last_reg);
    scratch.give(scan.shallower);
    Ok(Intervals { all: scan.intervals, splits: scan.splits })
}

/// For each block the last block before it that is less deep in loops, or `u32::MAX`.
fn shallower<O>(code: &Code<O>, scratch: &mut Scratch) -> Vec<u32> {
    let mut found: Vec<u32> = scratch.list(code.blocks.len());
    for (index, block) in code.blocks.iter().enumerate() {
        let mut at = (index as u32).wrapping_sub(1);
        while at != u32::MAX && code.blocks[at as usize].depth >= block.depth {
            at = found[at as usize];
        }
        found.push(at);
    }
    found
}

struct Scan<'a, O> {
    code: &'a Code<O>,
    env: &'a Env,
    lives: &'a Lives,
    intervals: Vec<Interval>,
    unhandled: BinaryHeap<Reverse<(u32, u32)>>,
    /// The interval that lives in each register, or [`NONE`], and the end of the range in which it does.
    active: [u32; PREGS],
    until: [u32; PREGS],
    /// The intervals that have each register and are in a hole, by the end of the hole; and the first of these ends.
    inactive: [BTreeSet<(u32, u32)>; PREGS],
    wake: [u32; PREGS],
    /// The least of `until` and `wake`, for each class.
    next_change: [u32; 2],
    /// The first fixed use of each register that is not over.
    next_fixed: [u32; PREGS],
    /// That use, or (`NEVER`, `NEVER`).
    coming: [Range; PREGS],
    /// The register that each virtual register got last.
    last_reg: Vec<Option<PReg>>,
    shallower: Vec<u32>,
    splits: u32,
}

/// The start of the instruction that owns a position.
fn floor(pos: u32) -> u32 {
    pos & !3
}

const NEVER: u32 = u32::MAX;

impl<O> Scan<'_, O> {
    fn class(&self, id: usize) -> usize {
        self.code.class(self.intervals[id].vreg) as usize
    }

    /// Whether an interval begins with its register's definition.
    fn is_first(&self, id: usize) -> bool {
        id < self.code.vregs.len()
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

    /// Brings active and inactive intervals up to date with a position.
    fn expire(&mut self, class: usize, at: u32) {
        if self.next_change[class] > at {
            return;
        }
        self.next_change[class] = NEVER;
        let env = self.env;
        for &reg in env.regs(class) {
            let index = reg.index();
            if self.until[index] <= at {
                let id = std::mem::replace(&mut self.active[index], NONE);
                self.until[index] = NEVER;
                self.settle(id, class, reg, at);
            }
            while self.wake[index] <= at
                && let Some((_, id)) = self.inactive[index].pop_first()
            {
                self.settle(id, class, reg, at);
                self.wake[index] = self.inactive[index].first().map_or(NEVER, |first| first.0);
            }
            let next = self.until[index].min(self.wake[index]);
            self.next_change[class] = self.next_change[class].min(next);
        }
    }

    /// Puts an interval that has a register where it belongs at a position: active, inactive, or nowhere if it is over.
    fn settle(&mut self, id: u32, class: usize, reg: PReg, at: u32) {
        let Some((start, end)) = self.range_at(id as usize, at) else {
            return;
        };
        let index = reg.index();
        if start > at {
            self.inactive[index].insert((start, id));
            self.wake[index] = self.wake[index].min(start);
            self.next_change[class] = self.next_change[class].min(start);
        } else {
            debug_assert_eq!(self.active[index], NONE, "two intervals live in {reg:?} at {at}");
            self.active[index] = id;
            self.until[index] = end;
            self.next_change[class] = self.next_change[class].min(end);
        }
    }

    /// The intervals in holes whose register is `reg` that meet an interval from a position on, with the ends of their holes, and
    /// where they meet.
    fn met_in_holes(&self, id: usize, reg: PReg, from: u32) -> impl Iterator<Item = (u32, u32, u32)> {
        let ignores_holes = active(Bug::ScanIgnoresHoles);
        let end = if self.is_first(id) || ignores_holes { 0 } else { self.intervals[id].end };
        let before_end = self.inactive[reg.index()].iter().take_while(move |(wake, _)| *wake < end);
        before_end.filter_map(move |&(wake, other)| Some((other, wake, self.intersection(other as usize, id, from)?)))
    }

    /// Of [`Scan::met_in_holes`] the one that is met first, and where. As they are in the order in which they go on, only such
    /// are looked at as go on before that place.
    #[inline(always)]
    fn first_met(&self, id: usize, reg: PReg, from: u32) -> Option<(u32, u32)> {
        if self.wake[reg.index()] >= self.intervals[id].end || self.is_first(id) {
            return None;
        }
        self.search_holes(id, reg, from)
    }

    #[inline(never)]
    fn search_holes(&self, id: usize, reg: PReg, from: u32) -> Option<(u32, u32)> {
        let mut first: Option<(u32, u32)> = None;
        for (other, wake, at) in self.met_in_holes(id, reg, from) {
            match first {
                Some((_, so_far)) if so_far <= wake => break,
                Some((_, so_far)) if so_far <= at => {}
                _ => first = Some((other, at)),
            }
        }
        first
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

    /// The first position at which an interval that begins now and the fixed uses of a register meet.
    #[inline(always)]
    fn fixed_intersection(&mut self, id: usize, reg: PReg) -> Option<u32> {
        let Interval { start, end, ranges, .. } = self.intervals[id];
        let mut coming = self.coming[reg.index()];
        if coming.1 <= start {
            coming = self.next_coming(reg, start);
        }
        if coming.0 >= end {
            return None;
        }
        if ranges.1 - ranges.0 == 1 {
            return Some(coming.0.max(start));
        }
        self.search_fixed(id, reg)
    }

    /// Goes on to the first fixed use of a register that is not over at a position.
    #[inline(never)]
    fn next_coming(&mut self, reg: PReg, at: u32) -> Range {
        let fixed = &self.lives.fixed[reg.index()];
        let next = &mut self.next_fixed[reg.index()];
        while fixed.get(*next as usize).is_some_and(|range| range.1 <= at) {
            *next += 1;
        }
        let coming = fixed.get(*next as usize).copied().unwrap_or((NEVER, NEVER));
        self.coming[reg.index()] = coming;
        coming
    }

    #[inline(never)]
    fn search_fixed(&self, id: usize, reg: PReg) -> Option<u32> {
        let interval = &self.intervals[id];
        let fixed = &self.lives.fixed[reg.index()];
        let next = self.next_fixed[reg.index()];
        let mut rest = &fixed[next as usize..];
        while let [(start, end), ..] = *rest {
            if start >= interval.end {
                return None;
            }
            let range = self.range_at(id, start.max(interval.start))?;
            if range.0 < end {
                return Some(range.0.max(start));
            }
            // In a hole: on to the first that is not over where the hole is.
            let over = rest.partition_point(|fixed| fixed.1 <= range.0);
            rest = &rest[over..];
        }
        None
    }

    /// The first use from a position on that wants a register at least as much as `want`.
    fn next_use(&self, id: usize, from: u32, want: Want) -> u32 {
        let (start, end) = self.intervals[id].uses;
        let uses = &self.lives.uses[start as usize..end as usize];
        let first = start as usize + uses.partition_point(|item| item.pos < from);
        if first == end as usize {
            return NEVER;
        }
        let found = self.lives.wanted[first][(want == Want::Prefer) as usize];
        if found < end { self.lives.uses[found as usize].pos } else { NEVER }
    }

    fn assign(&mut self, id: usize, class: usize, reg: PReg) {
        self.intervals[id].loc = Loc::Reg(reg);
        self.last_reg[self.intervals[id].vreg.index()] = Some(reg);
        let at = self.intervals[id].start;
        self.settle(id as u32, class, reg, at);
    }

    /// The end of the time from an interval's beginning on for which a register is free; 0 if it is not.
    #[inline(always)]
    fn free_until(&mut self, id: usize, interval: &Interval, reg: PReg) -> u32 {
        if self.active[reg.index()] != NONE {
            return 0;
        }
        let start = interval.start;
        let is_one_range = interval.ranges.1 - interval.ranges.0 == 1;
        if is_one_range && self.is_first(id) {
            // Most are such: they meet nothing in its hole.
            let mut coming = self.coming[reg.index()];
            if coming.1 <= start {
                coming = self.next_coming(reg, start);
            }
            return if coming.0 < interval.end { coming.0.max(start) } else { NEVER };
        }
        let hole = self.first_met(id, reg, start).map_or(NEVER, |(_, at)| at);
        self.fixed_intersection(id, reg).unwrap_or(NEVER).min(hole)
    }

    /// The first hint that is free for all of the interval. It would be taken whatever is known of other registers, so they need
    /// not be looked at.
    fn hinted_throughout(&mut self, id: usize, class: usize) -> Option<PReg> {
        let interval = self.intervals[id];
        let (env, lives) = (self.env, self.lives);
        lives.hints.of(interval.vreg).take(8).find_map(|hint| {
            let hinted = match hint {
                Hint::Reg(reg) => Some(reg),
                Hint::Same(other) => self.last_reg[other.index()],
            };
            hinted.filter(|reg| env.regs(class).contains(reg) && self.free_until(id, &interval, *reg) >= interval.end)
        })
    }

    /// Gives a register that is free for the interval or for a useful beginning of it.
    fn try_free(&mut self, id: usize, class: usize) -> bool {
        let interval = self.intervals[id];
        let Interval { start, end, vreg, .. } = interval;
        let env = self.env;
        if let Some(reg) = self.hinted_throughout(id, class) {
            self.assign(id, class, reg);
            return true;
        }
        let mut free = [0u32; PREGS];
        let mut best: Option<PReg> = None;
        for &reg in env.regs(class) {
            free[reg.index()] = self.free_until(id, &interval, reg);
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
        // A split ends where an instruction begins: registers lost to different phases of one are equally good.
        let enough = if free[best.index()] < end { floor(free[best.index()]) } else { end };
        let first_use = if enough < end { self.next_use(id, start, Want::Prefer) } else { NEVER };
        let unread_param = first_use >= enough && enough < end && self.is_loop_param(id);
        if unread_param {
            // Which one matters to the values that go round only; the first registers are those of calls' results.
            let usable = env.regs(class).iter().rev().find(|reg| free[reg.index()] >= enough);
            best = usable.copied().unwrap_or(best);
        }
        // A value that was split goes back to the register that it had, where an edge may expect it.
        let hints = self.lives.hints.of(vreg).take(if unread_param { 0 } else { 8 });
        for hint in hints.chain([Hint::Same(vreg)]) {
            let hinted = match hint {
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
        if limit <= start {
            return false;
        }
        if first_use >= limit && !self.may_await_frame(start, limit) && !unread_param {
            // The register would be lost before it is used.
            self.spill_from(id, start, Want::Prefer);
            return true;
        }
        let last_use = self.last_use_before(id, limit);
        let block_of = |at: u32| self.lives.block_of[pos::inst(at)];
        // What is spilled before an instruction must not be wanted by that instruction: see `spill_from`.
        let free_after = last_use % 4 == 1 || last_use % 4 == 3 && last_use + 1 < limit;
        if free_after && block_of(last_use) == block_of(limit) {
            // No register is free for longer. So this one is not read any more before it is lost, and from its last use on,
            // early in an instruction or before one, others may have it, beginning with the result of that instruction.
            self.spill_from(id, last_use + 1, Want::Prefer);
            self.assign(id, class, best);
            return true;
        }
        let at = self.best_split(floor(last_use) + 4, limit);
        let rest = self.split(id, at);
        self.requeue(rest);
        self.assign(id, class, best);
        true
    }

    /// Whether a value of the entry block is better kept in a free register that it loses later, unused: there may be no frame
    /// yet to store it in, and ways on which it is never stored.
    fn may_await_frame(&self, start: u32, limit: u32) -> bool {
        let block_of = |at: u32| self.lives.block_of[pos::inst(at)];
        self.env.shrink_wrap && block_of(start) == 0 && block_of(limit) != 0
    }

    /// Whether an interval begins as a parameter of a loop. Such a one is better stored in the loop than on the edges to it, also
    /// if it is not read before it loses its register: the edge that goes round again is mostly critical, and without moves it
    /// needs no block and no jump of its own.
    fn is_loop_param(&self, id: usize) -> bool {
        let start = self.intervals[id].start;
        let number = self.lives.block_of[pos::inst(start)];
        let block = &self.code.blocks[number as usize];
        let heads = |in_loop: u32| in_loop != NO_LOOP && self.code.loops[in_loop as usize].header == number;
        self.is_first(id) && pos::inst(start) == block.start as usize && heads(block.in_loop)
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
        let env = self.env;
        for &reg in env.regs(class) {
            used[reg.index()] = NEVER;
            blocked[reg.index()] = self.fixed_intersection(id, reg).unwrap_or(NEVER);
            let other = self.active[reg.index()];
            if other != NONE {
                used[reg.index()] = self.next_use(other as usize, start, Want::Prefer);
            }
            if let Some((other, _)) = self.first_met(id, reg, start) {
                let next = self.next_use(other as usize, start, Want::Prefer);
                used[reg.index()] = used[reg.index()].min(next);
            }
        }
        let mut best: Option<PReg> = None;
        let reach = |reg: PReg| used[reg.index()].min(blocked[reg.index()]);
        for &reg in self.env.regs(class) {
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
        self.evict(id, best, start);
        self.assign(id, class, best);
        Ok(())
    }

    /// Sends to memory, from `at` on, whatever holds a register that an interval takes.
    fn evict(&mut self, id: usize, reg: PReg, at: u32) {
        let holder = std::mem::replace(&mut self.active[reg.index()], NONE);
        self.until[reg.index()] = NEVER;
        if holder != NONE && !active(Bug::ScanKeepsEvicted) {
            self.spill_lost(holder as usize, at);
        }
        for (other, wake, _) in self.met_in_holes(id, reg, at).collect::<Vec<_>>() {
            // It is in a hole: what comes after the hole is allocated anew.
            self.inactive[reg.index()].remove(&(wake, other));
            let rest = self.split(other as usize, at);
            self.requeue(rest);
        }
        self.wake[reg.index()] = self.inactive[reg.index()].first().map_or(NEVER, |first| first.0);
    }

    /// Puts an interval into memory that loses its register at `at`: from there on, or from the start of a loop on since which it
    /// has not been used. Else it would go round that loop in its register, only to be lost again, and every edge back to the
    /// header would have to load it. What has not been used at all was brought back too early, and stays in memory.
    fn spill_lost(&mut self, id: usize, at: u32) {
        let (first, end) = self.intervals[id].uses;
        let is_used = first < end && self.lives.uses[first as usize].pos < at;
        if !is_used && !self.is_first(id) {
            return self.spill(id, at, Want::Prefer);
        }
        let (unused, now) = (floor(self.last_use_before(id, at)) + 4, floor(at));
        let start = if unused < now { self.best_split(unused, now) } else { now };
        if start == now {
            return self.spill_from(id, at, Want::Prefer);
        }
        if let Some(piece) = self.split(id, start) {
            self.spill(piece, at, Want::Prefer);
        }
    }

    /// Puts an interval into memory from `at` on, until just before its next use that wants a register.
    fn spill_from(&mut self, id: usize, at: u32, want: Want) {
        let piece = if at > self.intervals[id].start { self.split(id, at) } else { Some(id) };
        if let Some(piece) = piece {
            self.spill(piece, at, want);
        }
    }

    /// Puts a piece into memory. The scan has come to `at`, so that it gets no register before.
    fn spill(&mut self, piece: usize, at: u32, want: Want) {
        let from = self.intervals[piece].start.max(at);
        // Uses in this instruction do with memory: who would not has not come here.
        let next = self.next_use(piece, floor(from) + 4, want);
        if next != NEVER {
            let split = self.best_split(from + 1, self.reload_by(from, next));
            let rest = self.split(piece, split);
            self.requeue(rest);
        }
        let vreg = self.intervals[piece].vreg;
        let constant = self.code.vregs[vreg.index()].is_constant();
        // Slots are numbered later; for now each register's slot is its own number.
        self.intervals[piece].loc = if constant { Loc::Remat } else { Loc::Slot(Slot(vreg.0)) };
    }

    /// The latest position for a reload before a use. Near the start of a block it is that: ways on which the value never was in
    /// memory then need no reload, and no frame.
    fn reload_by(&self, from: u32, next: u32) -> u32 {
        /// Instructions that count as near.
        const NEAR: u32 = 8;
        let block = self.lives.block_of[pos::inst(next)];
        let start = pos::before(self.code.blocks[block as usize].start as usize);
        if start > from && next - start <= 4 * NEAR { start } else { floor(next) }
    }

    /// The best position for a split in `min..=max`: `max`, or the start of a block with a lower loop depth before it.
    fn best_split(&self, min: u32, max: u32) -> u32 {
        debug_assert!(max.is_multiple_of(4));
        let last = pos::inst(max).min(self.lives.block_of.len() - 1);
        let mut block = self.lives.block_of[last];
        let mut best = max;
        for _ in 0..64 {
            // Where the block before in the order is less deep, an edge from outside the loop enters.
            let before = self.shallower[block as usize];
            if before == u32::MAX {
                break;
            }
            let start = pos::before(self.code.blocks[before as usize + 1].start as usize);
            if start < min {
                break;
            }
            best = start;
            block = before;
        }
        best
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
        self.intervals[id].next = new as u32;
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

/// Panics if two intervals have the same register at the same time, instead of leaving it to the checker, which sees only what
/// comes of it.
fn assert_disjoint(lives: &Lives, intervals: &[Interval]) {
    let mut taken: Vec<(Loc, u32, u32, VReg)> = Vec::new();
    for interval in intervals.iter().filter(|interval| interval.loc.reg().is_some()) {
        for &(start, end) in &lives.ranges[interval.ranges.0 as usize..interval.ranges.1 as usize] {
            taken.push((interval.loc, start.max(interval.start), end.min(interval.end), interval.vreg));
        }
    }
    taken.sort_unstable_by_key(|&(loc, start, ..)| (loc.reg(), start));
    for pair in taken.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1, "both at once: {pair:?}");
    }
}
