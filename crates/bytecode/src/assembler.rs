//! Writes code: instructions with labels, source positions and exception handlers.
//!
//! Jumps are two units whatever their distance, so nothing is ever relaxed: a jump to a label not yet bound is patched when the label is.

use crate::op::{Instr, Jump, Op, OperandKind};
use crate::template::{Handler, Positions, PositionsBuilder};
use crate::uses::Uses;

/// A place in the code, perhaps not known yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Label(u32);

const UNBOUND: u32 = u32::MAX;

/// Code under construction.
#[derive(Default, Debug)]
pub struct Assembler {
    code: Vec<u16>,
    labels: Vec<u32>,
    /// Jump operands to unbound labels: (first unit of the operand, pc of the instruction, label).
    fixups: Vec<(u32, u32, Label)>,
    handlers: Vec<(Label, Label, Label, u16)>,
    positions: PositionsBuilder,
    uses: Uses,
}

/// What [`Assembler::finish`] gives.
#[derive(Debug)]
pub struct Assembled {
    /// The instructions.
    pub code: Box<[u16]>,
    /// The handlers, innermost first.
    pub handlers: Box<[Handler]>,
    /// The source positions.
    pub positions: Positions,
    labels: Vec<u32>,
}

impl Assembled {
    /// The position of a label.
    pub fn position(&self, label: Label) -> u32 {
        self.labels[label.0 as usize]
    }
}

impl Assembler {
    /// The position of the next instruction.
    pub fn pc(&self) -> u32 {
        self.code.len() as u32
    }

    /// A new label, not yet bound.
    pub fn label(&mut self) -> Label {
        self.labels.push(UNBOUND);
        Label(self.labels.len() as u32 - 1)
    }

    /// Binds `label` here.
    pub fn bind(&mut self, label: Label) {
        debug_assert_eq!(self.labels[label.0 as usize], UNBOUND, "bound once");
        self.labels[label.0 as usize] = self.pc();
    }

    /// A label that is bound here.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// The position of `label`, if it is bound.
    pub fn position(&self, label: Label) -> Option<u32> {
        Some(self.labels[label.0 as usize]).filter(|&pc| pc != UNBOUND)
    }

    /// The jump operand for `label` in the instruction that is emitted next.
    pub fn to(&self, label: Label) -> Jump {
        // Labels travel in the operand until `emit` resolves them.
        Jump(label.0 as i32)
    }

    /// Appends an instruction; its jump operands come from [`Self::to`]. Returns its position.
    pub fn emit<I: Instr>(&mut self, instruction: I) -> u32 {
        let pc = self.pc();
        instruction.encode(&mut self.code);
        let mut at = pc as usize + 1;
        for &(_, kind) in I::OP.info().operands {
            if kind == OperandKind::Jump {
                let label = Label(u32::from(self.code[at]) | u32::from(self.code[at + 1]) << 16);
                match self.labels[label.0 as usize] {
                    UNBOUND => self.fixups.push((at as u32, pc, label)),
                    target => self.patch(at, target as i32 - pc as i32),
                }
            }
            at += kind.units();
        }
        self.uses.emitted(&mut self.code, pc as usize);
        pc
    }

    /// The values of registers from `register` on are not read any more, but perhaps by the next instruction, on no way.
    pub fn release(&mut self, register: u16) {
        self.uses.release(register);
    }

    /// The instructions that follow blame the source offset `offset`.
    pub fn mark(&mut self, offset: u32) {
        self.positions.add(self.code.len() as u32, offset);
    }

    /// Covers the code between two labels with a handler. Inner handlers must be added before the outer ones.
    pub fn handler(&mut self, start: Label, end: Label, target: Label, dst: u16) {
        self.handlers.push((start, end, target, dst));
    }

    /// The op of the last instruction, if `pc` is where it begins.
    pub fn op_at(&self, pc: u32) -> Option<Op> {
        self.code.get(pc as usize).and_then(|&unit| Op::from_unit(unit))
    }

    /// Whether any jump or handler refers to the position `pc` as one of the bound labels.
    pub fn is_label_at(&self, pc: u32) -> bool {
        self.labels.contains(&pc)
    }

    /// Resolves the labels.
    pub fn finish(mut self) -> Assembled {
        self.uses.end(&mut self.code);
        for (at, pc, label) in std::mem::take(&mut self.fixups) {
            let target = self.labels[label.0 as usize];
            debug_assert_ne!(target, UNBOUND, "every label that is used is bound");
            self.patch(at as usize, target as i32 - pc as i32);
        }
        let labels = &self.labels;
        let pc_of = |label: Label| labels[label.0 as usize];
        let handlers = self
            .handlers
            .iter()
            .map(|&(start, end, target, dst)| Handler {
                start: pc_of(start),
                end: pc_of(end),
                target: pc_of(target),
                dst,
            })
            .filter(|handler| handler.start < handler.end)
            .collect();
        Assembled { code: self.code.into(), handlers, positions: self.positions.finish(), labels: self.labels }
    }

    fn patch(&mut self, at: usize, distance: i32) {
        self.code[at] = distance as u16;
        self.code[at + 1] = (distance as u32 >> 16) as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Dst, Slot, Src, instr};

    #[test]
    fn jumps_reach_both_ways() {
        let mut asm = Assembler::default();
        let top = asm.here();
        let exit = asm.label();
        let target = asm.to(exit);
        asm.emit(instr::JumpIfFalse { a: Src(6), target });
        let target = asm.to(top);
        let back = asm.emit(instr::LoopBack { target, slot: Slot(0) });
        asm.bind(exit);
        asm.emit(instr::LoadUndefined { dst: Dst(6) });
        let done = asm.finish();
        assert_eq!(Op::JumpIfFalse.jump_targets(&done.code, 0).next(), Some(i64::from(done.position(exit))));
        assert_eq!(Op::LoopBack.jump_targets(&done.code, back as usize).next(), Some(0));
    }
}
