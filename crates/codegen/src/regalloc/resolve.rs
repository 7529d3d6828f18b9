//! What follows the scan: places of operands, moves, spill slots, stack maps.
//!
//! # Stores
//! A value is constant once defined, so its slot never has to be written twice. Either the definition stores it at once
//! (*at definition*), and every later way into memory is free; or each way into memory stores it (*lazily*). The
//! second is chosen for a value whose definition runs more often than all its ways into memory together: a value made in
//! a hot loop that is spilled on a cold path.

use super::liveness::Lives;
use super::scan::{Interval, Intervals};
use super::*;
use crate::seeded::{Bug, active};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub fn resolve<O>(code: &Code<O>, lives: &Lives, intervals: Intervals) -> Allocation {
    let mut pieces: Vec<Vec<Interval>> = vec![Vec::new(); code.vregs.len()];
    for interval in intervals.all {
        pieces[interval.vreg.index()].push(interval);
    }
    for list in &mut pieces {
        list.sort_unstable_by_key(|piece| piece.start);
    }
    let mut resolver = Resolver {
        code,
        lives,
        pieces,
        sources: vec![Loc::None; code.operands.len()],
        moves: Vec::new(),
        stores: Vec::new(),
        stored: Vec::new(),
        out: Allocation { locs: vec![Loc::None; code.operands.len()], ..Allocation::default() },
    };
    resolver.out.stats.vregs = code.vregs.len() as u32;
    resolver.out.stats.splits = intervals.splits;
    resolver.assign_slots();
    resolver.places();
    resolver.operand_moves();
    resolver.split_moves();
    resolver.edges();
    resolver.decide_stores();
    resolver.stack_maps();
    resolver.finish()
}

struct Resolver<'a, O> {
    code: &'a Code<O>,
    lives: &'a Lives,
    /// The pieces of each register's lifetime, ascending.
    pieces: Vec<Vec<Interval>>,
    /// For operands that a move brings into place: where the value is before.
    sources: Vec<Loc>,
    moves: Vec<(MoveAt, Move)>,
    /// Ways into memory, with how often they are taken.
    stores: Vec<(MoveAt, Move, u64)>,
    /// Registers whose slot is valid from the definition on, ascending.
    stored: Vec<VReg>,
    out: Allocation,
}

impl<O> Resolver<'_, O> {
    fn loc_at(&self, vreg: VReg, at: u32) -> Loc {
        let pieces = &self.pieces[vreg.index()];
        if let [only] = pieces.as_slice() {
            return only.loc;
        }
        let index = pieces.partition_point(|piece| piece.start <= at);
        if index == 0 { Loc::None } else { pieces[index - 1].loc }
    }

    fn weight(&self, inst: usize) -> u64 {
        self.code.blocks[self.lives.block_of[inst] as usize].weight()
    }

    /// Gives slots to lifetimes that were sent to memory; those that do not overlap share.
    fn assign_slots(&mut self) {
        let mut lifetimes: Vec<(u32, u32, VReg)> = Vec::new();
        for list in &self.pieces {
            if let Some(first) = list.iter().find(|piece| matches!(piece.loc, Loc::Slot(_))) {
                let last = if active(Bug::ResolveSharesSlots) { first } else { &list[list.len() - 1] };
                lifetimes.push((list[0].start, last.end, first.vreg));
            }
        }
        lifetimes.sort_unstable();
        self.out.stats.spilled = lifetimes.len() as u32;
        let mut busy: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
        let mut free: FxHashMap<(u32, bool, bool), Vec<Slot>> = FxHashMap::default();
        let key = |info: &SlotInfo| (info.bytes, info.tagged, info.class == Class::Int);
        for (start, end, vreg) in lifetimes {
            while let Some(&Reverse((until, slot))) = busy.peek() {
                if until > start {
                    break;
                }
                busy.pop();
                free.entry(key(&self.out.slots[slot as usize])).or_default().push(Slot(slot));
            }
            let ty = self.code.vregs[vreg.index()].ty;
            let info = SlotInfo { bytes: ty.bytes().max(8), tagged: ty == Type::TAGGED, class: Class::of(ty) };
            let slot = free.get_mut(&key(&info)).and_then(Vec::pop).unwrap_or_else(|| {
                self.out.slots.push(info);
                Slot(self.out.slots.len() as u32 - 1)
            });
            busy.push(Reverse((end, slot.0)));
            for piece in &mut self.pieces[vreg.index()] {
                if matches!(piece.loc, Loc::Slot(_)) {
                    piece.loc = Loc::Slot(slot);
                }
            }
        }
    }

    /// Writes the place of each piece into the operands that it serves.
    fn places(&mut self) {
        for piece in self.pieces.iter().flatten() {
            for item in &self.lives.uses[piece.uses.0 as usize..piece.uses.1 as usize] {
                if item.operand != u32::MAX {
                    self.sources[item.operand as usize] = piece.loc;
                }
            }
        }
    }

    fn move_to(&mut self, at: MoveAt, from: Loc, to: Loc, vreg: VReg) {
        if from != to && to != Loc::Remat && to != Loc::None {
            self.moves.push((at, Move { from, to, vreg }));
        }
    }

    /// Moves into and out of fixed registers, tied places and argument slots.
    fn operand_moves(&mut self) {
        for inst in 0..self.code.insts.len() {
            let first = self.code.insts[inst].operands.0 as usize;
            let before = MoveAt::Before(inst as u32);
            for (index, operand) in self.code.operands(inst).iter().enumerate() {
                let place = first + index;
                let source = self.sources[place];
                match operand.constraint {
                    Constraint::Fixed(reg) if operand.role.is_use() => {
                        self.out.locs[place] = Loc::Reg(reg);
                        self.move_to(before, source, Loc::Reg(reg), operand.vreg);
                    }
                    Constraint::Fixed(reg) => {
                        self.out.locs[place] = Loc::Reg(reg);
                        if let Some(piece) = self.pieces[operand.vreg.index()].first() {
                            let to = piece.loc;
                            self.move_to(MoveAt::After(inst as u32), Loc::Reg(reg), to, operand.vreg);
                        }
                    }
                    Constraint::Outgoing(offset) => {
                        self.out.locs[place] = Loc::Outgoing(offset);
                        self.move_to(before, source, Loc::Outgoing(offset), operand.vreg);
                    }
                    Constraint::Tied(with) => {
                        let with = with as usize;
                        self.out.locs[place] = source;
                        self.out.locs[first + with] = source;
                        let from = self.sources[first + with];
                        let vreg = self.code.operands(inst)[with].vreg;
                        self.move_to(before, from, source, vreg);
                    }
                    Constraint::TiedUse => {}
                    Constraint::Reg | Constraint::RegMem | Constraint::Any => self.out.locs[place] = source,
                }
            }
        }
    }

    fn is_block_start(&self, at: u32) -> bool {
        let inst = pos::inst(at);
        at.is_multiple_of(4) && self.code.blocks[self.lives.block_of[inst] as usize].start as usize == inst
    }

    /// Moves where one piece of a lifetime ends and the next begins.
    fn split_moves(&mut self) {
        for vreg in 0..self.pieces.len() {
            for index in 1..self.pieces[vreg].len() {
                let (old, new) = (self.pieces[vreg][index - 1], self.pieces[vreg][index]);
                if old.end != new.start || old.loc == new.loc || self.is_block_start(new.start) {
                    continue;
                }
                let inst = pos::inst(new.start);
                let after = new.start % 4 == 3;
                let at = if after { MoveAt::After(inst as u32) } else { MoveAt::Before(inst as u32) };
                if !matches!(new.loc, Loc::Slot(_)) {
                    if active(Bug::ResolveForgetsSplits) {
                        continue;
                    }
                    debug_assert!(new.start % 4 == 0 || new.loc == Loc::Remat, "{new:?} begins inside an instruction");
                    self.move_to(at, old.loc, new.loc, new.vreg);
                    continue;
                }
                // Inside an instruction: what is stored before it is the value of the piece that lives there.
                let from = if after { old.loc } else { self.loc_at(new.vreg, pos::before(inst).saturating_sub(1)) };
                if from != new.loc {
                    let step = Move { from, to: new.loc, vreg: new.vreg };
                    self.stores.push((at, step, self.weight(inst)));
                }
            }
        }
    }

    fn edges(&mut self) {
        for (pred, block) in self.code.blocks.iter().enumerate() {
            let end = pos::before(block.end as usize) - 1;
            for edge in &block.succs {
                let target = &self.code.blocks[edge.block as usize];
                let start = pos::before(target.start as usize);
                let at =
                    if block.succs.len() == 1 { MoveAt::BlockEnd(pred as u32) } else { MoveAt::BlockStart(edge.block) };
                let weight = block.weight().min(target.weight());
                for &vreg in &self.lives.live_in[edge.block as usize] {
                    let (from, to) = (self.loc_at(vreg, end), self.loc_at(vreg, start));
                    if from == to || to == Loc::Remat || active(Bug::ResolveForgetsEdges) {
                        continue;
                    }
                    let step = Move { from, to, vreg };
                    if matches!(to, Loc::Slot(_)) {
                        self.stores.push((at, step, weight));
                    } else {
                        self.moves.push((at, step));
                    }
                }
                for (&param, &arg) in target.params.iter().zip(&edge.args) {
                    if let Some(piece) = self.pieces[param.index()].first() {
                        let to = piece.loc;
                        let from = self.loc_at(arg, end);
                        self.move_to(at, from, to, arg);
                    }
                }
            }
        }
    }

    /// Chooses for each spilled register between a store at its definition and stores on its ways into memory.
    fn decide_stores(&mut self) {
        let mut cost: FxHashMap<VReg, u64> = FxHashMap::default();
        for (_, step, weight) in &self.stores {
            *cost.entry(step.vreg).or_default() += weight;
        }
        let at_definition = |vreg: VReg| {
            let def = self.lives.def_inst[vreg.index()] as usize;
            cost.get(&vreg).is_some_and(|&cost| cost >= self.weight(def))
        };
        let mut stored: Vec<VReg> = cost.keys().copied().filter(|&vreg| at_definition(vreg)).collect();
        stored.sort_unstable();
        let lazy = std::mem::take(&mut self.stores);
        let lazy = lazy.into_iter().filter(|(_, step, _)| stored.binary_search(&step.vreg).is_err());
        self.moves.extend(lazy.map(|(at, step, _)| (at, step)));
        for &vreg in &stored {
            let Some(&first) = self.pieces[vreg.index()].first() else {
                continue;
            };
            let Some(slot) =
                self.pieces[vreg.index()].iter().map(|piece| piece.loc).find(|loc| matches!(loc, Loc::Slot(_)))
            else {
                continue;
            };
            let def = self.lives.def_inst[vreg.index()];
            // A result in a fixed register is stored from there: its own register is being written by the same moves.
            let operands = self.code.operands(def as usize);
            let fixed = operands.iter().find(|operand| operand.vreg == vreg && !operand.role.is_use());
            let from = match fixed.map(|operand| operand.constraint) {
                Some(Constraint::Fixed(reg)) if !active(Bug::ResolveStoresStale) => Loc::Reg(reg),
                _ => first.loc,
            };
            if first.loc != slot {
                self.move_to(MoveAt::After(def), from, slot, vreg);
            }
        }
        self.stored = stored;
    }

    /// The slot of a register if it is valid wherever the register lives.
    fn valid_slot(&self, vreg: VReg) -> Option<Loc> {
        self.stored.binary_search(&vreg).ok()?;
        let pieces = &self.pieces[vreg.index()];
        pieces.iter().map(|piece| piece.loc).find(|loc| matches!(loc, Loc::Slot(_)))
    }

    fn stack_maps(&mut self) {
        let points: Vec<u32> =
            (0..self.code.insts.len() as u32).filter(|&inst| self.code.insts[inst as usize].safepoint).collect();
        for &point in &points {
            self.out.stack_maps.insert(point, StackMap::default());
        }
        if points.is_empty() {
            return;
        }
        for vreg in 0..self.code.vregs.len() {
            let data = self.code.vregs[vreg];
            if data.remat.is_some() || data.ty != Type::TAGGED && data.base.is_none() {
                continue;
            }
            let vreg = VReg(vreg as u32);
            let (first, last) = self.lives.ranges_of[vreg.index()];
            for &(start, end) in &self.lives.ranges[first as usize..last as usize] {
                let from = points.partition_point(|&point| pos::late(point as usize) < start);
                for &point in points[from..].iter().take_while(|&&point| pos::late(point as usize) < end) {
                    if self.lives.def_inst[vreg.index()] == point {
                        continue;
                    }
                    let at = pos::late(point as usize);
                    let loc = self.loc_at(vreg, at);
                    let base = data.base.map(|base| self.loc_at(base, at));
                    // A slot that was stored at the definition is read again later: it must not go stale.
                    let slot = self.valid_slot(vreg).filter(|&slot| slot != loc && !active(Bug::StackMapForgetsSlots));
                    let Some(map) = self.out.stack_maps.get_mut(&point) else {
                        continue;
                    };
                    for loc in [Some(loc), slot].into_iter().flatten() {
                        match base {
                            Some(base) => map.derived.push(Derived { base, derived: loc, derived_vreg: vreg }),
                            None => map.tagged.push((loc, vreg)),
                        }
                    }
                }
            }
        }
    }

    fn finish(mut self) -> Allocation {
        let key = |at: MoveAt| match at {
            MoveAt::BlockStart(block) => self.code.blocks[block as usize].start as u64 * 4,
            MoveAt::Before(inst) => inst as u64 * 4 + 1,
            MoveAt::BlockEnd(block) => (self.code.blocks[block as usize].end as u64 - 1) * 4 + 2,
            MoveAt::After(inst) => inst as u64 * 4 + 3,
        };
        self.moves.sort_by_key(|&(at, _)| key(at));
        for (at, step) in self.moves {
            let stats = &mut self.out.stats;
            match (step.from, step.to) {
                (Loc::Remat, _) => stats.remats += 1,
                (Loc::Reg(_), Loc::Reg(_)) => stats.moves += 1,
                (Loc::Reg(_), Loc::Slot(_)) => stats.spills += 1,
                (Loc::Slot(_), Loc::Reg(_)) => stats.reloads += 1,
                _ => stats.moves += 1,
            }
            match self.out.moves.last_mut() {
                Some(group) if group.at == at => {
                    // The same store may be asked for twice: before an instruction and where a piece ends.
                    if !group.moves.contains(&step) {
                        group.moves.push(step);
                    }
                }
                _ => self.out.moves.push(MoveGroup { at, moves: vec![step] }),
            }
        }
        self.out
    }
}
