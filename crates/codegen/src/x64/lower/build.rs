//! What instruction selection builds with: the operands of one instruction, and code that is made from its end.

use crate::lir::*;
use crate::x64::inst::{MOp, NO};

/// The operands of an instruction that is being made.
///
/// There is one for each instruction: the few operands that most have stand in it and not on the heap.
pub(super) struct Ops {
    few: [Operand; Ops::FEW],
    count: usize,
    /// All operands, once they are more than few.
    many: Vec<Operand>,
}

impl std::ops::Deref for Ops {
    type Target = [Operand];

    #[inline]
    fn deref(&self) -> &[Operand] {
        if self.many.is_empty() { &self.few[..self.count] } else { &self.many }
    }
}

impl std::ops::DerefMut for Ops {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Operand] {
        if self.many.is_empty() { &mut self.few[..self.count] } else { &mut self.many }
    }
}

impl Ops {
    const FEW: usize = 6;

    #[inline]
    pub fn new() -> Ops {
        let none = Operand { vreg: VReg(0), constraint: Constraint::Any, role: Role::Use };
        Ops { few: [none; Ops::FEW], count: 0, many: Vec::new() }
    }

    /// Appends an operand, in any number.
    #[inline]
    pub fn append(&mut self, operand: Operand) {
        if self.count < Ops::FEW {
            self.few[self.count] = operand;
        } else {
            if self.count == Ops::FEW {
                self.many.extend_from_slice(&self.few);
            }
            self.many.push(operand);
        }
        self.count += 1;
    }

    /// Appends an operand and gives its number; those that machine ops name are fewer than [`NO`].
    #[inline]
    pub fn push(&mut self, vreg: VReg, constraint: Constraint, role: Role) -> u8 {
        self.append(Operand { vreg, constraint, role });
        (self.count - 1).min(NO as usize - 1) as u8
    }

    /// The result, in a register.
    pub fn def(&mut self, vreg: VReg) -> u8 {
        self.push(vreg, Constraint::Reg, Role::Def)
    }

    /// The result, and a use in the same register: operands 0 and 1.
    pub fn def_tied(&mut self, vreg: VReg, source: VReg) {
        self.push(vreg, Constraint::Tied(1), Role::Def);
        self.push(source, Constraint::TiedUse, Role::Use);
    }

    pub fn reg(&mut self, vreg: VReg) -> u8 {
        self.push(vreg, Constraint::Reg, Role::Use)
    }

    pub fn late_reg(&mut self, vreg: VReg) -> u8 {
        self.push(vreg, Constraint::Reg, Role::LateUse)
    }

    pub fn reg_mem(&mut self, vreg: VReg) -> u8 {
        self.push(vreg, Constraint::RegMem, Role::Use)
    }

    pub fn fixed(&mut self, vreg: VReg, reg: PReg) -> u8 {
        self.push(vreg, Constraint::Fixed(reg), Role::Use)
    }

    pub fn temp(&mut self, vreg: VReg) -> u8 {
        self.push(vreg, Constraint::Reg, Role::Temp)
    }
}

/// Turns code that was made from its end into the order of execution: what allocation reads of instructions. Their ops and source positions are read
/// once, and stay.
///
/// Blocks were made from the last to the first, so that no instruction has to be copied elsewhere.
pub(super) fn turn_round(code: &mut Code<MOp>) {
    let count = code.insts.len() as u32;
    code.insts.reverse();
    for block in &mut code.blocks {
        (block.start, block.end) = (count - block.end, count - block.start);
    }
}
