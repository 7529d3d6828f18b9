//! Lifetime ranges and uses of every virtual register.
//!
//! For each use, blocks are walked backwards from it to the definition, each block once per register (as in Boissinot et al.,
//! "Computing Liveness Sets for SSA-Form Programs"). That costs the size of the answer, needs no particular order of blocks, and
//! takes cycles with two entries like any others.
//!
//! The answer would be large where loops nest deeply: what is defined outside a loop and needed inside it or behind it lives
//! through the whole loop. So such a loop gets its ranges at once, and the walk goes on before its header. Why that
//! is right for every natural loop: from each of its blocks a back edge can be reached, behind which the header needs the
//! value, without passing a definition. And it is needed at the header because the definition, being outside and dominating the
//! use, dominates the header.

use super::loops::LoopTree;
use crate::lir::*;
use crate::seeded::{Bug, active};
use tercel_ir::Scratch;

/// How much a use wants a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// It must have one.
    Must,
    /// Scratch is slower.
    Prefer,
    /// Nothing is gained by one.
    Any,
}

/// A use or the definition of a virtual register.
#[derive(Clone, Copy, Debug)]
pub struct UsePos {
    /// The position at which the place counts; the register lives up to and with it.
    pub pos: u32,
    /// The operand, an index into [`Code::operands`]; `u32::MAX` for none.
    pub operand: u32,
    /// What it wants.
    pub want: Want,
}

/// A preference for a register.
#[derive(Clone, Copy, Debug)]
pub enum Hint {
    /// This register.
    Reg(PReg),
    /// The register of another virtual register.
    Same(VReg),
}

/// A half-open range of positions.
pub type Range = (u32, u32);

/// Everything that allocation knows about lifetimes.
pub struct Lives {
    /// Ranges of all registers, ascending in each.
    pub ranges: Vec<Range>,
    /// Each register's part of `ranges`.
    pub ranges_of: Vec<Span>,
    /// Uses of all registers, ascending in each.
    pub uses: Vec<UsePos>,
    /// For each use, the next of the same register, or itself, that must have a register; and that wants one. One past the
    /// register's last use if there is none.
    pub wanted: Vec<[u32; 2]>,
    /// Each register's part of `uses`.
    pub uses_of: Vec<Span>,
    /// When each physical register is taken by an instruction, ascending.
    pub fixed: Vec<Vec<Range>>,
    /// Preferences of each virtual register.
    pub hints: Hints,
    /// The block of each instruction.
    pub block_of: Vec<u32>,
    /// The instruction that defines each register (a block start for parameters).
    pub def_inst: Vec<u32>,
    /// The registers in the order of their definitions.
    pub by_def: Vec<VReg>,
    /// The instructions at which the collector may run, ascending.
    pub safepoints: Vec<u32>,
}

/// Preferences of all virtual registers: a list for each.
#[derive(Default)]
pub struct Hints {
    /// The first and the last of each register, 0 for none; and each with its next.
    ends: Vec<(u32, u32)>,
    all: Vec<(Hint, u32)>,
}

impl Hints {
    fn new(vregs: usize, scratch: &mut Scratch) -> Hints {
        let mut all = scratch.growing(vregs);
        all.push((Hint::Reg(PReg(0)), 0));
        Hints { ends: scratch.table((0, 0), vregs), all }
    }

    fn push(&mut self, vreg: VReg, hint: Hint) {
        let new = self.all.len() as u32;
        self.all.push((hint, 0));
        let (first, last) = &mut self.ends[vreg.index()];
        if *first == 0 {
            *first = new;
        } else {
            self.all[*last as usize].1 = new;
        }
        *last = new;
    }

    /// Each other's register would be best.
    fn pair(&mut self, one: VReg, other: VReg) {
        self.push(one, Hint::Same(other));
        self.push(other, Hint::Same(one));
    }

    /// The preferences of a register, the first noted first.
    pub fn of(&self, vreg: VReg) -> impl Iterator<Item = Hint> {
        let mut next = self.ends[vreg.index()].0;
        std::iter::from_fn(move || {
            let (hint, after) = self.all[next as usize];
            (std::mem::replace(&mut next, after) != 0).then_some(hint)
        })
    }
}

impl Lives {
    pub fn compute<O>(code: &Code<O>, scratch: &mut Scratch) -> Lives {
        let vregs = code.vregs.len();
        let mut lives = Lives {
            ranges: scratch.growing(vregs + vregs / 2),
            ranges_of: scratch.table((0, 0), vregs),
            uses: Vec::new(),
            wanted: Vec::new(),
            uses_of: scratch.table((0, 0), vregs),
            fixed: scratch.recall(),
            hints: Hints::new(vregs, scratch),
            block_of: scratch.table(0, code.insts.len()),
            def_inst: scratch.table(u32::MAX, vregs),
            by_def: scratch.list(vregs),
            safepoints: scratch.growing(0),
        };
        lives.fixed.resize_with(PREGS, Vec::new);
        let mut def_pos = scratch.table(u32::MAX, vregs);
        lives.make_room(code, scratch);
        lives.collect(code, &mut def_pos);
        lives.build(code, &def_pos, scratch);
        scratch.give(def_pos);
        lives
    }

    /// Returns the storage.
    pub fn give(mut self, scratch: &mut Scratch) {
        let mut bytes = 0;
        for ranges in &mut self.fixed {
            ranges.clear();
            bytes += ranges.capacity() * size_of::<Range>();
        }
        scratch.keep(self.fixed, bytes);
        scratch.give(self.ranges);
        scratch.give(self.ranges_of);
        scratch.give(self.uses);
        scratch.give(self.wanted);
        scratch.give(self.uses_of);
        scratch.give(self.hints.ends);
        scratch.give(self.hints.all);
        scratch.give(self.block_of);
        scratch.give(self.def_inst);
        scratch.give(self.by_def);
        scratch.give(self.safepoints);
    }

    /// Counts the uses of each register, so that they can be put where they belong.
    fn make_room<O>(&mut self, code: &Code<O>, scratch: &mut Scratch) {
        for operand in &code.operands {
            self.uses_of[operand.vreg.index()].1 += 1;
        }
        for block in &code.blocks {
            for edge in &code.edges[block.succs.0 as usize..block.succs.1 as usize] {
                for arg in code.args(edge) {
                    self.uses_of[arg.index()].1 += 1;
                }
            }
        }
        let mut first = 0;
        for span in &mut self.uses_of {
            let count = std::mem::replace(span, (first, first)).1;
            first += count;
        }
        self.uses = scratch.table(UsePos { pos: 0, operand: u32::MAX, want: Want::Any }, first as usize);
    }

    /// Notes a use; they come in ascending order but within an instruction.
    #[inline]
    fn add_use(&mut self, vreg: VReg, item: UsePos) {
        let (first, end) = &mut self.uses_of[vreg.index()];
        let mut at = *end as usize;
        while at > *first as usize && self.uses[at - 1].pos > item.pos {
            self.uses[at] = self.uses[at - 1];
            at -= 1;
        }
        self.uses[at] = item;
        *end += 1;
    }

    /// Notes a definition; they come in ascending order but within an instruction.
    #[inline]
    fn add_def(&mut self, vreg: VReg, inst: u32, pos: u32, def_pos: &mut [u32]) {
        self.def_inst[vreg.index()] = inst;
        def_pos[vreg.index()] = pos;
        let mut at = self.by_def.len();
        self.by_def.push(vreg);
        while at > 0 && def_pos[self.by_def[at - 1].index()] > pos {
            self.by_def.swap(at - 1, at);
            at -= 1;
        }
    }

    /// Notes that an instruction takes a physical register; those of one instruction come in any order.
    #[inline]
    fn add_fixed(&mut self, reg: PReg, (start, end): Range) {
        let ranges = &mut self.fixed[reg.index()];
        let mut at = ranges.len();
        ranges.push((start, end));
        while at > 0 && ranges[at - 1].1 >= ranges[at].0 {
            let (start, end) = ranges[at];
            let before = &mut ranges[at - 1];
            if before.0 <= end {
                *before = (before.0.min(start), before.1.max(end));
                ranges.remove(at);
            } else {
                ranges.swap(at - 1, at);
            }
            at -= 1;
        }
    }

    /// Reads all operands once.
    fn collect<O>(&mut self, code: &Code<O>, def_pos: &mut [u32]) {
        for (index, block) in code.blocks.iter().enumerate() {
            for &param in code.params(index) {
                self.add_def(param, block.start, pos::before(block.start as usize), def_pos);
            }
            for inst in block.start as usize..block.end as usize {
                self.block_of[inst] = index as u32;
                let first = code.insts[inst].operands.0;
                for (place, operand) in code.operands(inst).iter().enumerate() {
                    let place = first + place as u32;
                    if operand.role.is_use() {
                        self.note_use(inst, operand, place);
                    } else {
                        self.note_def(code, inst, operand, place, def_pos);
                    }
                }
                if code.insts[inst].safepoint {
                    self.safepoints.push(inst as u32);
                }
                let clobbers = code.insts[inst].clobbers;
                if clobbers != PRegSet::EMPTY && !active(Bug::LivenessForgetsClobbers) {
                    for reg in clobbers.iter() {
                        self.add_fixed(reg, (pos::late(inst), pos::after(inst)));
                    }
                }
            }
            let end = pos::before(block.end as usize);
            for edge in code.succs(index).iter().filter(|edge| edge.has_args()) {
                let params = code.params(edge.block as usize);
                for (&arg, &param) in
                    code.args(edge).iter().zip(params).filter(|_| !active(Bug::LivenessForgetsArguments))
                {
                    self.add_use(arg, UsePos { pos: end - 1, operand: u32::MAX, want: Want::Any });
                    self.hints.pair(arg, param);
                }
            }
        }
    }

    fn note_use(&mut self, inst: usize, operand: &Operand, place: u32) {
        let before = pos::before(inst);
        let (pos, want) = match operand.constraint {
            Constraint::Fixed(reg) => {
                self.add_fixed(reg, (before, pos::late(inst)));
                self.hints.push(operand.vreg, Hint::Reg(reg));
                (before - 1, Want::Any)
            }
            Constraint::TiedUse => (before - 1, Want::Prefer),
            Constraint::Outgoing(_) => (before - 1, Want::Any),
            constraint => {
                let want = match constraint {
                    Constraint::Reg => Want::Must,
                    Constraint::RegMem => Want::Prefer,
                    _ => Want::Any,
                };
                let late = operand.role == Role::LateUse;
                (if late { pos::late(inst) } else { pos::early(inst) }, want)
            }
        };
        self.add_use(operand.vreg, UsePos { pos, operand: place, want });
    }

    fn note_def<O>(&mut self, code: &Code<O>, inst: usize, operand: &Operand, place: u32, def_pos: &mut [u32]) {
        let vreg = operand.vreg;
        let early = matches!(operand.role, Role::EarlyDef | Role::Temp);
        if let Constraint::Fixed(reg) = operand.constraint {
            let start = if early { pos::early(inst) } else { pos::late(inst) };
            self.add_fixed(reg, (start, pos::after(inst)));
            self.hints.push(vreg, Hint::Reg(reg));
            return self.add_def(vreg, inst as u32, pos::after(inst), def_pos);
        }
        let start = match operand.constraint {
            Constraint::Tied(with) => {
                self.hints.pair(vreg, code.operands(inst)[with as usize].vreg);
                pos::before(inst)
            }
            _ if early => pos::early(inst),
            _ => pos::late(inst),
        };
        self.add_def(vreg, inst as u32, start, def_pos);
        self.add_use(vreg, UsePos { pos: pos::late(inst), operand: place, want: Want::Must });
    }

    /// Links each use of one register to the next ones that want a register.
    #[inline]
    fn find_wanted(&mut self, (first, end): Span) {
        let mut next = [end; 2];
        for index in (first..end).rev() {
            match self.uses[index as usize].want {
                Want::Must => next = [index; 2],
                Want::Prefer => next[1] = index,
                Want::Any => {}
            }
            self.wanted[index as usize] = next;
        }
    }

    /// Makes ranges from uses.
    fn build<O>(&mut self, code: &Code<O>, def_pos: &[u32], scratch: &mut Scratch) {
        let tree = LoopTree::new(code, scratch);
        self.wanted = scratch.table([0; 2], self.uses.len());
        let mut walk = Walk {
            code,
            tree: &tree,
            vreg: 0,
            def_block: 0,
            def_pos: 0,
            live_in: scratch.table(u32::MAX, code.blocks.len()),
            live_out: scratch.table(u32::MAX, code.blocks.len()),
            live_through: scratch.table(u32::MAX, tree.len()),
            found: scratch.growing(0),
            work: scratch.growing(0),
        };
        for (vreg, &def_pos) in def_pos.iter().enumerate() {
            let first_range = self.ranges.len() as u32;
            let (first, end) = self.uses_of[vreg];
            self.find_wanted((first, end));
            let def = self.def_inst[vreg];
            let def_block = if def == u32::MAX { u32::MAX } else { self.block_of[def as usize] };
            let block_of = |item: &UsePos| self.block_of[pos::inst(item.pos)];
            let uses = &self.uses[first as usize..end as usize];
            // Most registers live in one block only. The last use by position tells, since no block before the definition's
            // can use what is defined in it.
            if let [.., last] = uses
                && block_of(last) == def_block
            {
                self.ranges.push((def_pos, last.pos + 1));
            } else if !uses.is_empty() {
                (walk.vreg, walk.def_block, walk.def_pos) = (vreg as u32, def_block, def_pos);
                for item in uses {
                    walk.one_use(block_of(item), item.pos + 1);
                }
                normalize(&mut walk.found);
                self.ranges.append(&mut walk.found);
            }
            self.ranges_of[vreg] = (first_range, self.ranges.len() as u32);
        }
        let Walk { live_in, live_out, live_through, found, work, .. } = walk;
        for table in [live_in, live_out, live_through, work] {
            scratch.give(table);
        }
        scratch.give(found);
        tree.give(scratch);
    }
}

/// The walk from the uses of one register to its definition.
struct Walk<'a, O> {
    code: &'a Code<O>,
    tree: &'a LoopTree,
    /// The register, its definition's block and position.
    vreg: u32,
    def_block: u32,
    def_pos: u32,
    /// The last register found live into each block, out of it, and throughout each loop.
    live_in: Vec<u32>,
    live_out: Vec<u32>,
    live_through: Vec<u32>,
    /// Its ranges in any order.
    found: Vec<Range>,
    /// Blocks that it is found live out of and that are not visited yet.
    work: Vec<u32>,
}

impl<O> Walk<'_, O> {
    /// The register lives in a block up to a position.
    fn one_use(&mut self, block: u32, end: u32) {
        self.live_until(block, end);
        while let Some(block) = self.work.pop() {
            self.live_until(block, pos::before(self.code.blocks[block as usize].end as usize));
        }
    }

    fn live_until(&mut self, block: u32, end: u32) {
        let code = self.code;
        if block == self.def_block {
            self.found.push((self.def_pos, end));
        } else if let Some(around) = self.tree.outermost_without(code, block, self.def_block) {
            self.live_through_loop(around);
        } else {
            self.found.push((pos::before(code.blocks[block as usize].start as usize), end));
            if std::mem::replace(&mut self.live_in[block as usize], self.vreg) != self.vreg {
                code.preds(block as usize).iter().for_each(|&pred| self.live_out_of(pred));
            }
        }
    }

    fn live_through_loop(&mut self, around: u32) {
        if std::mem::replace(&mut self.live_through[around as usize], self.vreg) == self.vreg {
            return;
        }
        let code = self.code;
        self.tree.for_each_run(around, |first, last| {
            let (start, end) = (code.blocks[first as usize].start, code.blocks[last as usize].end);
            self.found.push((pos::before(start as usize), pos::before(end as usize)));
        });
        for &pred in code.preds(code.loops[around as usize].header as usize) {
            if !self.tree.contains(code, around, pred) {
                self.live_out_of(pred);
            }
        }
    }

    fn live_out_of(&mut self, block: u32) {
        if std::mem::replace(&mut self.live_out[block as usize], self.vreg) != self.vreg {
            self.work.push(block);
        }
    }
}

/// Sorts ranges and joins those that touch.
fn normalize(ranges: &mut Vec<Range>) {
    ranges.sort_unstable();
    let mut kept = 0;
    for index in 0..ranges.len() {
        let (start, end) = ranges[index];
        if kept > 0 && ranges[kept - 1].1 >= start {
            ranges[kept - 1].1 = ranges[kept - 1].1.max(end);
        } else if start < end {
            ranges[kept] = (start, end);
            kept += 1;
        }
    }
    ranges.truncate(kept);
}

#[cfg(test)]
mod tests;
