//! Lifetime ranges and uses of every virtual register.
//!
//! For each use, blocks are walked backwards from it to the definition, each block once per register (as in Boissinot et al.,
//! "Computing Liveness Sets for SSA-Form Programs"). That costs the size of the answer, needs no particular order of blocks, and
//! takes cycles with two entries like any others.

use crate::lir::*;
use crate::seeded::{Bug, active};

/// How much a use wants a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// It must have one.
    Must,
    /// Memory is slower.
    Prefer,
    /// Nothing is gained by one.
    Any,
}

/// A use or the definition of a virtual register.
#[derive(Clone, Copy, Debug)]
pub struct UsePos {
    /// The position at which the place counts.
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
    pub ranges_of: Vec<(u32, u32)>,
    /// Uses of all registers, ascending in each.
    pub uses: Vec<UsePos>,
    /// Each register's part of `uses`.
    pub uses_of: Vec<(u32, u32)>,
    /// When each physical register is taken by an instruction, ascending.
    pub fixed: Vec<Vec<Range>>,
    /// Virtual registers that are live into each block, parameters apart.
    pub live_in: Vec<Vec<VReg>>,
    /// Preferences of each virtual register.
    pub hints: Vec<Vec<Hint>>,
    /// The block of each instruction.
    pub block_of: Vec<u32>,
    /// The instruction that defines each register (a block start for parameters).
    pub def_inst: Vec<u32>,
}

struct RawUse {
    vreg: VReg,
    block: u32,
    /// The register lives up to here, exclusively.
    end: u32,
    at: UsePos,
}

impl Lives {
    pub fn compute<O>(code: &Code<O>) -> Lives {
        let vregs = code.vregs.len();
        let mut lives = Lives {
            ranges: Vec::new(),
            ranges_of: vec![(0, 0); vregs],
            uses: Vec::new(),
            uses_of: vec![(0, 0); vregs],
            fixed: vec![Vec::new(); PREGS],
            live_in: vec![Vec::new(); code.blocks.len()],
            hints: vec![Vec::new(); vregs],
            block_of: vec![0; code.insts.len()],
            def_inst: vec![u32::MAX; vregs],
        };
        let mut def_pos = vec![u32::MAX; vregs];
        let mut raw = Vec::with_capacity(code.operands.len());
        lives.collect(code, &mut def_pos, &mut raw);
        lives.build(code, &def_pos, &raw);
        for ranges in &mut lives.fixed {
            normalize(ranges);
        }
        lives
    }

    /// Reads all operands once.
    fn collect<O>(&mut self, code: &Code<O>, def_pos: &mut [u32], raw: &mut Vec<RawUse>) {
        for (index, block) in code.blocks.iter().enumerate() {
            let number = index as u32;
            for &param in &block.params {
                def_pos[param.index()] = pos::before(block.start as usize);
                self.def_inst[param.index()] = block.start;
            }
            for inst in block.start as usize..block.end as usize {
                self.block_of[inst] = number;
                for reg in code.insts[inst].clobbers.iter().filter(|_| !active(Bug::LivenessForgetsClobbers)) {
                    self.fixed[reg.index()].push((pos::late(inst), pos::after(inst)));
                }
                let first = code.insts[inst].operands.0;
                for (place, operand) in code.operands(inst).iter().enumerate() {
                    let place = first + place as u32;
                    if operand.role.is_use() {
                        let (end, at) = self.note_use(inst, operand, place);
                        raw.push(RawUse { vreg: operand.vreg, block: number, end, at });
                    } else {
                        self.note_def(code, inst, operand, place, def_pos, raw, number);
                    }
                }
            }
            let end = pos::before(block.end as usize);
            for edge in &block.succs {
                let params = &code.blocks[edge.block as usize].params;
                for (&arg, &param) in edge.args.iter().zip(params).filter(|_| !active(Bug::LivenessForgetsArguments)) {
                    let at = UsePos { pos: end - 1, operand: u32::MAX, want: Want::Any };
                    raw.push(RawUse { vreg: arg, block: number, end, at });
                    self.hints[arg.index()].push(Hint::Same(param));
                    self.hints[param.index()].push(Hint::Same(arg));
                }
            }
        }
    }

    fn note_use(&mut self, inst: usize, operand: &Operand, place: u32) -> (u32, UsePos) {
        let at = |pos, want| UsePos { pos, operand: place, want };
        let before = pos::before(inst);
        match operand.constraint {
            Constraint::Fixed(reg) => {
                self.fixed[reg.index()].push((before, pos::late(inst)));
                self.hints[operand.vreg.index()].push(Hint::Reg(reg));
                (before, at(before - 1, Want::Any))
            }
            Constraint::TiedUse => (before, at(before - 1, Want::Prefer)),
            Constraint::Outgoing(_) => (before, at(before - 1, Want::Any)),
            constraint => {
                let want = match constraint {
                    Constraint::Reg => Want::Must,
                    Constraint::RegMem => Want::Prefer,
                    _ => Want::Any,
                };
                if operand.role == Role::LateUse {
                    (pos::after(inst), at(pos::late(inst), want))
                } else {
                    (pos::late(inst), at(pos::early(inst), want))
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn note_def<O>(
        &mut self,
        code: &Code<O>,
        inst: usize,
        operand: &Operand,
        place: u32,
        def_pos: &mut [u32],
        raw: &mut Vec<RawUse>,
        block: u32,
    ) {
        let vreg = operand.vreg;
        self.def_inst[vreg.index()] = inst as u32;
        let early = matches!(operand.role, Role::EarlyDef | Role::Temp);
        if let Constraint::Fixed(reg) = operand.constraint {
            let start = if early { pos::early(inst) } else { pos::late(inst) };
            self.fixed[reg.index()].push((start, pos::after(inst)));
            self.hints[vreg.index()].push(Hint::Reg(reg));
            def_pos[vreg.index()] = pos::after(inst);
            return;
        }
        def_pos[vreg.index()] = match operand.constraint {
            Constraint::Tied(with) => {
                let source = code.operands(inst)[with as usize].vreg;
                self.hints[vreg.index()].push(Hint::Same(source));
                self.hints[source.index()].push(Hint::Same(vreg));
                pos::before(inst)
            }
            _ if early => pos::early(inst),
            _ => pos::late(inst),
        };
        let at = UsePos { pos: pos::late(inst), operand: place, want: Want::Must };
        raw.push(RawUse { vreg, block, end: pos::after(inst), at });
    }

    /// Makes ranges from uses.
    fn build<O>(&mut self, code: &Code<O>, def_pos: &[u32], raw: &[RawUse]) {
        // Uses by register: a counting sort that keeps their order, so that they stay ascending but for cold blocks'.
        let mut start = vec![0u32; code.vregs.len() + 1];
        for item in raw {
            start[item.vreg.index() + 1] += 1;
        }
        for index in 1..start.len() {
            start[index] += start[index - 1];
        }
        let mut order = vec![0u32; raw.len()];
        let mut next = start.clone();
        for (index, item) in raw.iter().enumerate() {
            order[next[item.vreg.index()] as usize] = index as u32;
            next[item.vreg.index()] += 1;
        }
        let mut live_in_mark = vec![u32::MAX; code.blocks.len()];
        let mut live_out_mark = vec![u32::MAX; code.blocks.len()];
        let mut found: Vec<Range> = Vec::new();
        let mut work: Vec<u32> = Vec::new();
        for vreg in 0..code.vregs.len() {
            let uses = &order[start[vreg] as usize..start[vreg + 1] as usize];
            let first_use = self.uses.len() as u32;
            let first_range = self.ranges.len() as u32;
            let def = self.def_inst[vreg];
            let def_block = if def == u32::MAX { u32::MAX } else { self.block_of[def as usize] };
            found.clear();
            for &index in uses {
                let item = &raw[index as usize];
                self.uses.push(item.at);
                let block = &code.blocks[item.block as usize];
                if item.block == def_block {
                    found.push((def_pos[vreg], item.end));
                    continue;
                }
                found.push((pos::before(block.start as usize), item.end));
                if live_in_mark[item.block as usize] != vreg as u32 {
                    live_in_mark[item.block as usize] = vreg as u32;
                    self.live_in[item.block as usize].push(VReg(vreg as u32));
                    work.push(item.block);
                }
                while let Some(reached) = work.pop() {
                    for &(pred, _) in &code.blocks[reached as usize].preds {
                        if std::mem::replace(&mut live_out_mark[pred as usize], vreg as u32) == vreg as u32 {
                            continue;
                        }
                        let through = &code.blocks[pred as usize];
                        let end = pos::before(through.end as usize);
                        if pred == def_block {
                            found.push((def_pos[vreg], end));
                            continue;
                        }
                        found.push((pos::before(through.start as usize), end));
                        if live_in_mark[pred as usize] != vreg as u32 {
                            live_in_mark[pred as usize] = vreg as u32;
                            self.live_in[pred as usize].push(VReg(vreg as u32));
                            work.push(pred);
                        }
                    }
                }
            }
            self.uses[first_use as usize..].sort_by_key(|item| item.pos);
            self.uses_of[vreg] = (first_use, self.uses.len() as u32);
            normalize(&mut found);
            self.ranges.extend_from_slice(&found);
            self.ranges_of[vreg] = (first_range, self.ranges.len() as u32);
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
