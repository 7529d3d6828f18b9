//! What follows the scan: places of operands, moves, spill slots, stack maps.
//!
//! # Stores
//! A value is constant once defined, so its slot never has to be written twice. Either the definition stores it at once
//! (*at definition*), and every later way into memory is free; or each way into memory stores it (*lazily*). The
//! second is chosen for a value whose definition runs more often than all its ways into memory together: a value made in
//! a hot loop that is spilled on a cold path.
//!
//! Where a value is defined there may be no frame yet ([`super::frame`]). *At definition* then means where the frame is made:
//! every way to a place where there is one leads through that.
//!
//! # Edges
//! A value needs a move on an edge if its places at both ends differ; then at least one end lies in a piece with a register, since
//! there is one slot only. Few values have a register at any one position. So it is enough to look along those pieces of
//! split lifetimes, at the edges of the blocks that they reach; what lives in memory throughout a function costs nothing.

use super::liveness::Lives;
use super::scan::{Interval, Intervals, NONE};
use super::*;
use crate::seeded::{Bug, active};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub fn resolve<O>(code: &Code<O>, env: &Env, lives: &Lives, intervals: Intervals, scratch: &mut Scratch) -> Allocation {
    let mut resolver = Resolver {
        code,
        lives,
        pieces: scratch.growing(0),
        homes: scratch.list(code.vregs.len()),
        split: scratch.growing(0),
        moves: scratch.growing(0),
        stores: scratch.growing(0),
        stored: scratch.table(false, if lives.safepoints.is_empty() { 0 } else { code.vregs.len() }),
        entries: Vec::new(),
        out: Allocation {
            locs: scratch.table(Loc::None, code.operands.len()),
            groups: scratch.growing(0),
            steps: scratch.growing(0),
            slots: scratch.growing(0),
            ..Allocation::default()
        },
    };
    resolver.out.stats.vregs = code.vregs.len() as u32;
    resolver.out.stats.splits = intervals.splits;
    let in_frame = resolver.find_homes(env, &intervals, scratch);
    resolver.frame(env, &intervals, in_frame, scratch);
    scratch.give(intervals.all);
    resolver.assign_slots(scratch);
    resolver.places_of_split();
    resolver.operand_moves();
    resolver.moves_of_split();
    resolver.arguments();
    resolver.stack_maps();
    resolver.finish(scratch)
}

/// A piece of a lifetime.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: u32,
    end: u32,
    uses: Span,
    loc: Loc,
}

/// Where a register is.
#[derive(Clone, Copy, Debug)]
enum Home {
    /// Always here; [`Loc::None`] if it has no lifetime. Most are such.
    One(Loc),
    /// In these pieces, ascending; or in one that is a slot.
    Split(u32, u32),
}

struct Resolver<'a, O> {
    code: &'a Code<O>,
    lives: &'a Lives,
    /// Where each register is.
    homes: Vec<Home>,
    /// The pieces of the lifetimes that are split, ascending in each.
    pieces: Vec<Piece>,
    /// The registers with pieces.
    split: Vec<VReg>,
    /// All moves so far, each with its [`place`].
    moves: Vec<(u32, Move)>,
    /// Ways of one register into memory, with how often they are taken.
    stores: Vec<(u32, Move, u64)>,
    /// Whether each register's slot is valid from the definition on; empty if there are no stack maps, which alone ask.
    stored: Vec<bool>,
    /// The edges on which the frame is made within the function.
    entries: Vec<(u32, u32)>,
    out: Allocation,
}

/// Where a move stands, as a number that orders moves: the instruction, and the phase in it of a [`MoveAt`].
fn place<O>(code: &Code<O>, at: MoveAt) -> u32 {
    let (inst, phase) = match at {
        MoveAt::BlockStart(block) => (code.blocks[block as usize].start, 0),
        MoveAt::Before(inst) => (inst, 1),
        MoveAt::BlockEnd(block) => (code.blocks[block as usize].end - 1, 2),
        MoveAt::After(inst) => (inst, 3),
    };
    4 * inst + phase
}

impl<O> Resolver<'_, O> {
    /// Notes where each register is, and where its operands are before moves have brought them into place. Returns the intervals
    /// that need the frame.
    fn find_homes(&mut self, env: &Env, intervals: &Intervals, scratch: &mut Scratch) -> Vec<u32> {
        let mut in_frame = scratch.growing(0);
        for vreg in 0..self.code.vregs.len() {
            let only = &intervals.all[vreg];
            if only.next == NONE && !matches!(only.loc, Loc::Slot(_)) {
                self.homes.push(Home::One(only.loc));
                if env.in_frame(only.loc) {
                    in_frame.push(vreg as u32);
                }
                write_places(&mut self.out.locs, self.lives, only.uses, only.loc);
                continue;
            }
            let first = self.pieces.len() as u32;
            let mut next = vreg as u32;
            while next != NONE {
                let interval = &intervals.all[next as usize];
                if interval.loc != Loc::None {
                    let &Interval { start, end, uses, loc, .. } = interval;
                    self.pieces.push(Piece { start, end, uses, loc });
                    if env.in_frame(loc) {
                        in_frame.push(next);
                    }
                }
                next = interval.next;
            }
            self.homes.push(Home::Split(first, self.pieces.len() as u32));
            self.split.push(VReg(vreg as u32));
        }
        in_frame
    }

    /// The pieces of a register that is split.
    #[inline]
    fn pieces(&self, vreg: VReg) -> &[Piece] {
        match self.homes[vreg.index()] {
            Home::One(_) => &[],
            Home::Split(first, end) => &self.pieces[first as usize..end as usize],
        }
    }

    /// The place at the definition.
    #[inline]
    fn first_loc(&self, vreg: VReg) -> Option<Loc> {
        match self.homes[vreg.index()] {
            Home::One(loc) => (loc != Loc::None).then_some(loc),
            Home::Split(first, _) => Some(self.pieces[first as usize].loc),
        }
    }

    /// The slot of a register that was sent to memory.
    fn slot(&self, vreg: VReg) -> Option<Loc> {
        self.pieces(vreg).iter().map(|piece| piece.loc).find(|loc| matches!(loc, Loc::Slot(_)))
    }

    #[inline]
    fn loc_at(&self, vreg: VReg, at: u32) -> Loc {
        match self.homes[vreg.index()] {
            Home::One(loc) => loc,
            Home::Split(first, end) => {
                let pieces = &self.pieces[first as usize..end as usize];
                let index = pieces.partition_point(|piece| piece.start <= at);
                if index == 0 { Loc::None } else { pieces[index - 1].loc }
            }
        }
    }

    fn weight(&self, inst: usize) -> u64 {
        self.code.blocks[self.lives.block_of[inst] as usize].weight()
    }

    /// Gives slots to lifetimes that were sent to memory; those that do not overlap share.
    fn assign_slots(&mut self, scratch: &mut Scratch) {
        let mut lifetimes: Vec<(u32, u32, VReg)> = scratch.growing(0);
        for &vreg in &self.split {
            if let [first, ..] = self.pieces(vreg)
                && let [.., last] = self.pieces(vreg)
                && self.slot(vreg).is_some()
            {
                let end = if active(Bug::ResolveSharesSlots) { first.end } else { last.end };
                lifetimes.push((first.start, end, vreg));
            }
        }
        lifetimes.sort_unstable();
        self.out.stats.spilled = lifetimes.len() as u32;
        let mut busy: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
        let mut free: FxHashMap<(u32, bool, bool), Vec<Slot>> = FxHashMap::default();
        let key = |info: &SlotInfo| (info.bytes, info.tagged, info.class == Class::Int);
        for &(start, end, vreg) in &lifetimes {
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
            let Home::Split(first, end) = self.homes[vreg.index()] else {
                continue;
            };
            for piece in &mut self.pieces[first as usize..end as usize] {
                if matches!(piece.loc, Loc::Slot(_)) {
                    piece.loc = Loc::Slot(slot);
                }
            }
        }
        scratch.give(lifetimes);
    }

    /// Decides which blocks have the frame.
    fn frame(&mut self, env: &Env, intervals: &Intervals, in_frame: Vec<u32>, scratch: &mut Scratch) {
        let pieces = in_frame.iter().map(|&id| &intervals.all[id as usize]);
        let region = FrameRegion::compute(self.code, env, self.lives, pieces, scratch);
        scratch.give(in_frame);
        if region.placement == FramePlacement::Inside {
            self.entries = region.entries(self.code).collect();
        }
        self.out.stats.frame = region.placement;
        self.out.stats.frameless = region.framed.iter().filter(|&&framed| !framed).count() as u32;
        self.out.frame = region;
    }

    /// Notes for the registers that are split where their operands are before moves have brought them into place.
    fn places_of_split(&mut self) {
        for piece in &self.pieces {
            write_places(&mut self.out.locs, self.lives, piece.uses, piece.loc);
        }
    }

    fn move_to(&mut self, at: MoveAt, from: Loc, to: Loc, vreg: VReg) {
        if from != to && to != Loc::Remat && to != Loc::None {
            self.moves.push((place(self.code, at), Move { from, to, vreg }));
        }
    }

    /// Moves into and out of fixed registers, tied places and argument slots. Before, the operands' places are those that their
    /// values come from.
    fn operand_moves(&mut self) {
        for inst in 0..self.code.insts.len() {
            let first = self.code.insts[inst].operands.0 as usize;
            let before = MoveAt::Before(inst as u32);
            for (index, operand) in self.code.operands(inst).iter().enumerate() {
                let place = first + index;
                let source = self.out.locs[place];
                match operand.constraint {
                    Constraint::Fixed(reg) if operand.role.is_use() => {
                        self.out.locs[place] = Loc::Reg(reg);
                        self.move_to(before, source, Loc::Reg(reg), operand.vreg);
                    }
                    Constraint::Fixed(reg) => {
                        self.out.locs[place] = Loc::Reg(reg);
                        if let Some(to) = self.first_loc(operand.vreg) {
                            self.move_to(MoveAt::After(inst as u32), Loc::Reg(reg), to, operand.vreg);
                        }
                    }
                    Constraint::Outgoing(argument) => {
                        let to = Loc::Outgoing(argument.offset());
                        self.out.locs[place] = to;
                        self.move_to(before, source, to, operand.vreg);
                    }
                    Constraint::Tied(with) => {
                        let with = with as usize;
                        let from = std::mem::replace(&mut self.out.locs[first + with], source);
                        let vreg = self.code.operands(inst)[with].vreg;
                        self.move_to(before, from, source, vreg);
                    }
                    Constraint::TiedUse | Constraint::Reg | Constraint::RegMem | Constraint::Any => {}
                }
            }
        }
    }

    fn is_block_start(&self, at: u32) -> bool {
        let (inst, block_of) = (pos::inst(at), &self.lives.block_of);
        at.is_multiple_of(4) && (inst == 0 || block_of[inst - 1] != block_of[inst])
    }

    /// Moves of registers that are split.
    fn moves_of_split(&mut self) {
        for index in 0..self.split.len() {
            let vreg = self.split[index];
            if let Home::Split(first, end) = self.homes[vreg.index()]
                && end - first > 1
            {
                let pieces = first as usize..end as usize;
                self.split_moves(vreg, pieces.clone());
                for index in pieces {
                    self.edges_of_piece(vreg, self.pieces[index]);
                }
                self.decide_stores(vreg);
            }
        }
    }

    /// Moves where one piece of a lifetime ends and the next begins.
    fn split_moves(&mut self, vreg: VReg, pieces: std::ops::Range<usize>) {
        for index in pieces.skip(1) {
            let (old, new) = (self.pieces[index - 1], self.pieces[index]);
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
                self.move_to(at, old.loc, new.loc, vreg);
                continue;
            }
            // Inside an instruction: what is stored before it is the value of the piece that lives there.
            let from = if after { old.loc } else { self.loc_at(vreg, pos::before(inst).saturating_sub(1)) };
            if from != new.loc {
                let step = Move { from, to: new.loc, vreg };
                self.stores.push((place(self.code, at), step, self.weight(inst)));
            }
        }
    }

    /// Moves of arguments to blocks' parameters.
    fn arguments(&mut self) {
        for (pred, block) in self.code.blocks.iter().enumerate() {
            let end = pos::before(block.end as usize) - 1;
            for edge in self.code.succs(pred).iter().filter(|edge| edge.has_args()) {
                let params = self.code.params(edge.block as usize);
                for (&param, &arg) in params.iter().zip(self.code.args(edge)) {
                    if let Some(to) = self.first_loc(param) {
                        let at = self.edge_place(pred as u32, edge.block);
                        self.move_to(at, self.loc_at(arg, end), to, arg);
                    }
                }
            }
        }
    }

    /// The place for moves on an edge.
    fn edge_place(&self, pred: u32, succ: u32) -> MoveAt {
        let succs = self.code.blocks[pred as usize].succs;
        if succs.1 - succs.0 == 1 { MoveAt::BlockEnd(pred) } else { MoveAt::BlockStart(succ) }
    }

    /// Moves of a value on the edges at which one end lies in this piece and the other in another one, if this one has a register.
    fn edges_of_piece(&mut self, vreg: VReg, piece: Piece) {
        if piece.loc.reg().is_none() {
            return;
        }
        let (code, lives) = (self.code, self.lives);
        let (first, end) = lives.ranges_of[vreg.index()];
        let ranges = &lives.ranges[first as usize..end as usize];
        let def = lives.def_inst[vreg.index()] as usize;
        let is_here = |at: u32| piece.start <= at && at < piece.end;
        let reached = ranges.partition_point(|range| range.1 <= piece.start);
        for &(start, end) in ranges[reached..].iter().take_while(|range| range.0 < piece.end) {
            let (start, end) = (start.max(piece.start), end.min(piece.end));
            let first_block = lives.block_of[pos::inst(start)] as usize;
            for (index, block) in code.blocks.iter().enumerate().skip(first_block) {
                let (block_start, block_end) = (pos::before(block.start as usize), pos::before(block.end as usize));
                if block_start >= end {
                    break;
                }
                let is_defined_here = (block.start as usize..block.end as usize).contains(&def);
                if start <= block_start && !is_defined_here {
                    for &pred in code.preds(index) {
                        let from = pos::before(code.blocks[pred as usize].end as usize) - 1;
                        if !is_here(from) {
                            self.move_on_edge(pred, index as u32, self.loc_at(vreg, from), piece.loc, vreg);
                        }
                    }
                }
                if block_end <= end {
                    for edge in code.succs(index) {
                        let target = &code.blocks[edge.block as usize];
                        let to = pos::before(target.start as usize);
                        // Where it has a register again, the piece there does the rest.
                        if !is_here(to)
                            && let to @ Loc::Slot(_) = self.loc_at(vreg, to)
                            && self.lives_into(ranges, target, def)
                        {
                            self.move_on_edge(index as u32, edge.block, piece.loc, to, vreg);
                        }
                    }
                }
            }
        }
    }

    /// Whether a register with these ranges lives into a block; its parameters do not.
    fn lives_into(&self, ranges: &[super::liveness::Range], block: &LBlock, def: usize) -> bool {
        let at = pos::before(block.start as usize);
        let range = ranges.get(ranges.partition_point(|range| range.1 <= at));
        range.is_some_and(|range| range.0 <= at) && block.start as usize != def
    }

    fn move_on_edge(&mut self, pred: u32, succ: u32, from: Loc, to: Loc, vreg: VReg) {
        let at = self.edge_place(pred, succ);
        if from == to || active(Bug::ResolveForgetsEdges) {
            return;
        }
        let step = Move { from, to, vreg };
        if matches!(to, Loc::Slot(_)) {
            self.stores.push((place(self.code, at), step, self.edge_weight(pred, succ)));
        } else {
            self.moves.push((place(self.code, at), step));
        }
    }

    fn edge_weight(&self, pred: u32, succ: u32) -> u64 {
        let weight = |block: u32| self.code.blocks[block as usize].weight();
        weight(pred).min(weight(succ))
    }

    /// Whether an instruction runs with the frame.
    fn has_frame(&self, inst: u32) -> bool {
        self.out.frame.framed[self.lives.block_of[inst as usize] as usize]
    }

    /// The edges on which the frame is made while a value lives that was defined before.
    fn entries_with(&self, vreg: VReg) -> impl Iterator<Item = (u32, u32)> + '_ {
        let (first, last) = self.lives.ranges_of[vreg.index()];
        let ranges = &self.lives.ranges[first as usize..last as usize];
        let def = self.lives.def_inst[vreg.index()] as usize;
        let lives_into = move |block: u32| self.lives_into(ranges, &self.code.blocks[block as usize], def);
        self.entries.iter().copied().filter(move |&(_, target)| lives_into(target))
    }

    /// How often a value would be stored at its definition.
    fn store_weight(&self, vreg: VReg) -> u64 {
        let def = self.lives.def_inst[vreg.index()];
        match self.has_frame(def) {
            true => self.weight(def as usize),
            false => self.entries_with(vreg).map(|(source, target)| self.edge_weight(source, target)).sum(),
        }
    }

    /// Chooses for a register between a store at its definition and stores on its ways into memory.
    fn decide_stores(&mut self, vreg: VReg) {
        let mut lazy = std::mem::take(&mut self.stores);
        let cost: u64 = lazy.iter().map(|&(.., weight)| weight).sum();
        if cost > 0 && cost >= self.store_weight(vreg) {
            if let Some(stored) = self.stored.get_mut(vreg.index()) {
                *stored = true;
            }
            self.store_at_definition(vreg);
        } else {
            self.moves.extend(lazy.iter().map(|&(at, step, _)| (at, step)));
        }
        lazy.clear();
        self.stores = lazy;
    }

    fn store_at_definition(&mut self, vreg: VReg) {
        if let Some(first) = self.first_loc(vreg)
            && let Some(slot) = self.slot(vreg)
        {
            let def = self.lives.def_inst[vreg.index()];
            if !self.has_frame(def) {
                if active(Bug::FrameForgetsStores) {
                    return;
                }
                for (source, target) in self.entries_with(vreg).collect::<Vec<_>>() {
                    let from = self.loc_at(vreg, pos::before(self.code.blocks[source as usize].end as usize) - 1);
                    self.move_to(self.edge_place(source, target), from, slot, vreg);
                }
                return;
            }
            // A result in a fixed register is stored from there: its own register is being written by the same moves.
            let operands = self.code.operands(def as usize);
            let fixed = operands.iter().find(|operand| operand.vreg == vreg && !operand.role.is_use());
            let from = match fixed.map(|operand| operand.constraint) {
                Some(Constraint::Fixed(reg)) if !active(Bug::ResolveStoresStale) => Loc::Reg(reg),
                _ => first,
            };
            if first != slot {
                self.move_to(MoveAt::After(def), from, slot, vreg);
            }
        }
    }

    /// The slot of a register if it is valid wherever the register lives.
    fn valid_slot(&self, vreg: VReg) -> Option<Loc> {
        self.stored.get(vreg.index()).filter(|&&stored| stored)?;
        self.slot(vreg)
    }

    fn stack_maps(&mut self) {
        let points = &self.lives.safepoints;
        for &point in points {
            self.out.stack_maps.insert(point, StackMap::default());
        }
        if points.is_empty() {
            return;
        }
        for vreg in 0..self.code.vregs.len() {
            let data = self.code.vregs[vreg];
            if data.is_constant() || data.ty != Type::TAGGED && data.base().is_none() {
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
                    let base = data.base().map(|base| self.loc_at(base, at));
                    // A slot that was stored at the definition is read again later: it must not go stale.
                    let framed = self.has_frame(point) && !active(Bug::StackMapForgetsSlots);
                    let slot = self.valid_slot(vreg).filter(|&slot| framed && slot != loc);
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

    /// Sorts the moves into groups.
    fn finish(mut self, scratch: &mut Scratch) -> Allocation {
        let inst_of = |place: u32| place / 4;
        // By instruction: counted, then put in place. Few moves share one.
        let mut next = scratch.table(0u32, self.code.insts.len() + 1);
        for &(at, _) in &self.moves {
            next[inst_of(at) as usize + 1] += 1;
        }
        for index in 1..next.len() {
            next[index] += next[index - 1];
        }
        let mut order = scratch.table(0u32, self.moves.len());
        for (index, &(at, _)) in self.moves.iter().enumerate() {
            let place = &mut next[inst_of(at) as usize];
            order[*place as usize] = index as u32;
            *place += 1;
        }
        let out = &mut self.out;
        out.steps.reserve(self.moves.len());
        let mut rest = order.as_mut_slice();
        while let [first, ..] = *rest {
            let inst = inst_of(self.moves[first as usize].0);
            let same =
                rest.iter().position(|&other| inst_of(self.moves[other as usize].0) != inst).unwrap_or(rest.len());
            let (here, after) = rest.split_at_mut(same);
            here.sort_by_key(|&index| self.moves[index as usize].0);
            for &index in here.iter() {
                let (place, step) = self.moves[index as usize];
                let at = match place % 4 {
                    0 => MoveAt::BlockStart(self.lives.block_of[inst as usize]),
                    1 => MoveAt::Before(inst),
                    2 => MoveAt::BlockEnd(self.lives.block_of[inst as usize]),
                    _ => MoveAt::After(inst),
                };
                match out.groups.last_mut() {
                    Some(group) if group.at == at => {
                        // The same store may be asked for twice: before an instruction and where a piece ends.
                        if !out.steps[group.moves.0 as usize..].contains(&step) {
                            out.steps.push(step);
                            group.moves.1 += 1;
                        }
                    }
                    _ => {
                        let first = out.steps.len() as u32;
                        out.steps.push(step);
                        out.groups.push(MoveGroup { at, moves: (first, first + 1) });
                    }
                }
            }
            rest = after;
        }
        for step in &out.steps {
            let stats = &mut out.stats;
            match (step.from, step.to) {
                (Loc::Remat, _) => stats.remats += 1,
                (Loc::Reg(_), Loc::Slot(_)) => stats.spills += 1,
                (Loc::Slot(_), Loc::Reg(_)) => stats.reloads += 1,
                _ => stats.moves += 1,
            }
        }
        scratch.give(next);
        scratch.give(order);
        scratch.give(self.pieces);
        scratch.give(self.homes);
        scratch.give(self.split);
        scratch.give(self.moves);
        scratch.give(self.stores);
        scratch.give(self.stored);
        self.out
    }
}

/// Writes the place of a piece of a lifetime into the operands that it serves.
#[inline]
fn write_places(places: &mut [Loc], lives: &Lives, uses: Span, loc: Loc) {
    for item in &lives.uses[uses.0 as usize..uses.1 as usize] {
        if item.operand != u32::MAX {
            places[item.operand as usize] = loc;
        }
    }
}
