//! Operands that never reach memory: results that only the next instruction reads stay in rax, and constants that only the next one
//! reads become part of it.
//!
//! Temporaries are most of what a function writes, and most are read once, at once. Such a register is not written: the instruction that reads it
//! takes it from rax ([`Compiler::unsaved`]) or from its own code ([`Right::Constant`]). Its slow paths, whose helpers
//! read operands from the frame, begin by writing it ([`Spill`]).
//!
//! That nobody else reads the register the front end has noted in the code ([`tercel_bytecode::uses`]). What memory holds in the meantime is a former
//! value of the register, which is as good to the collector as any.

use super::compare::Right;
use super::emit::Emit;
use super::{Compiler, FRAME};
use tercel_asm::Label;
use tercel_asm::x64::{Reg, Run, Size, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, OperandKind, instr};
use tercel_bytecode::uses;

/// Where operands are that memory lacks, when a slow path begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Spill {
    pub register: Option<(Reg, u16)>,
    pub constant: Option<(u16, i32)>,
}

impl Spill {
    pub const NONE: Spill = Spill { register: None, constant: None };
}

/// Where the two operands of an op are when it begins.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    left: u16,
    right: Right,
    left_in_rax: bool,
    right_in_rax: bool,
}

impl Operands {
    /// rax = the left one, rcx = the right one, if that is in a register.
    #[inline(always)]
    pub fn load(self, run: &mut Run<'_>) {
        if self.right_in_rax {
            run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RCX);
        }
        run.load_or_keep(Reg::RAX, self.left, self.left_in_rax);
        if let (Right::Register(right), false) = (self.right, self.right_in_rax) {
            run.load_or_keep(Reg::RCX, right, right == self.left && self.left_in_rax);
        }
    }
}

/// What an op does with registers that it reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Reads memory.
    Nothing,
    /// Any of its operands may be in rax.
    Any,
    /// Any operand but the second, which may also be a constant: the unit of that.
    AnyAndConstant(u8),
    /// The stored value only.
    Stored,
}

static TAKES: [Takes; 256] = {
    let (mut rows, mut op) = ([Takes::Nothing; 256], 0);
    while op < Op::ALL.len() {
        rows[op] = takes(Op::ALL[op]);
        op += 1;
    }
    rows
};

const fn takes(op: Op) -> Takes {
    use Op::*;
    match op {
        Add | Sub | Mul | Div | Mod | BitAnd | BitOr | BitXor | Shl | Shr | UShr | JumpIfEq | JumpIfNotEq
        | JumpIfStrictEq | JumpIfStrictNotEq | JumpIfLess | JumpIfLessEq | JumpIfGreater | JumpIfGreaterEq
        | JumpIfNotLess | JumpIfNotLessEq | JumpIfNotGreater | JumpIfNotGreaterEq => {
            // `a` and `b`, behind the register of the result if there is one.
            let has_result = matches!(op.info().operands[0].1, OperandKind::Dst);
            Takes::AnyAndConstant(if has_result { 3 } else { 2 })
        }
        AddImm
        | SubImm
        | MulImm
        | DivImm
        | ModImm
        | BitAndImm
        | BitOrImm
        | BitXorImm
        | ShlImm
        | ShrImm
        | UShrImm
        | Eq
        | NotEq
        | StrictEq
        | StrictNotEq
        | Less
        | LessEq
        | Greater
        | GreaterEq
        | JumpIfTrue
        | JumpIfFalse
        | JumpIfNullish
        | JumpIfNotNullish
        | JumpIfUndefined
        | JumpIfNotUndefined
        | JumpIfNull
        | JumpIfNotNull
        | JumpIfEqImm
        | JumpIfNotEqImm
        | JumpIfStrictEqImm
        | JumpIfStrictNotEqImm
        | JumpIfLessImm
        | JumpIfLessEqImm
        | JumpIfGreaterImm
        | JumpIfGreaterEqImm
        | JumpIfNotLessImm
        | JumpIfNotLessEqImm
        | JumpIfNotGreaterImm
        | JumpIfNotGreaterEqImm
        | Move
        | GetNamed
        | GetMethod
        | Return => Takes::Any,
        SetNamed => Takes::Stored,
        _ => Takes::Nothing,
    }
}

impl<'a> Compiler<'a> {
    /// Ends an instruction with its result in rax: stores it, unless only the next instruction reads it.
    #[inline]
    pub(super) fn store_result(&mut self, register: u16) {
        if !self.stays_in_rax(register) {
            self.asm.store64(FRAME, i32::from(register) * 8, Reg::RAX);
        }
    }

    /// Whether the result of the current instruction is left in rax alone. Asked more than once, it says the same.
    #[inline(always)]
    fn stays_in_rax(&mut self, register: u16) -> bool {
        let promised = uses::promised(self.template.code[self.pc]);
        promised != 0 && self.can_stay(promised, register)
    }

    fn can_stay(&mut self, promised: u16, register: u16) -> bool {
        let next = self.pc + self.op_at(self.pc).units();
        let stays = !self.cx.options.count_sites
            && self.labels[next] == Label::NONE
            && if promised & uses::FOR_NEXT != 0 {
                self.takes(next, register)
            } else {
                self.constant_for_next(next).is_some()
            };
        if stays {
            self.stays = Some(register);
        }
        stays
    }

    pub(super) fn op_at(&self, pc: usize) -> Op {
        // The verifier has seen the code.
        Op::from_unit(self.template.code[pc]).unwrap_or(Op::Return)
    }

    /// Whether the instruction at `pc`, which reads the register, can take it from rax.
    fn takes(&self, pc: usize, register: u16) -> bool {
        let op = self.op_at(pc);
        let takes = match TAKES[op as usize] {
            Takes::Nothing => false,
            Takes::Any | Takes::AnyAndConstant(_) => true,
            Takes::Stored => {
                let i = instr::SetNamed::decode(&self.template.code, pc);
                i.src.0 == register && i.obj.0 != register
            }
        };
        takes && !(self.cx.options.no_ic && matches!(op, Op::GetNamed | Op::GetMethod | Op::SetNamed))
    }

    /// Where the instruction is for which the one at `pc` loads a small constant, its right operand, and for nobody else.
    fn constant_for_next(&self, pc: usize) -> Option<usize> {
        let code = &self.template.code;
        let op = self.op_at(pc);
        if code[pc] & uses::FOR_NEXT == 0 || !matches!(op, Op::LoadInt | Op::LoadInt32) || self.cx.options.count_sites {
            return None;
        }
        let user = pc + op.units();
        let Takes::AnyAndConstant(right) = TAKES[self.op_at(user) as usize] else { return None };
        let (a, b) = (code[user + usize::from(right) - 1], code[user + usize::from(right)]);
        (self.labels[user] == Label::NONE && b == code[pc + 1] && a != b).then_some(user)
    }

    /// Leaves the loading of a constant to the next instruction, if that is its only user.
    pub(super) fn leave_constant(&mut self, dst: u16, value: i32) -> bool {
        let leaves = self.constant_for_next(self.pc).is_some();
        if leaves {
            self.constant = Some((dst, value));
            // What the instruction before has left is the next one's, too.
            self.stays = self.unsaved;
        }
        leaves
    }

    /// The current instruction wants its operands in memory after all: it may clobber rax before it needs that.
    pub(super) fn save_operand(&mut self) {
        if let Some(register) = self.unsaved.take() {
            self.store(register, Reg::RAX);
            self.in_rax = Some((register, self.asm.emitted()));
        }
    }

    pub(super) fn operands(&self, left: u16, right: Right) -> Operands {
        let right_in_rax = matches!(right, Right::Register(r) if r != left && self.is_in_rax(r));
        Operands { left, right, left_in_rax: self.is_in_rax(left), right_in_rax }
    }

    /// Writes what memory lacks.
    #[inline(always)]
    pub(super) fn spill(&mut self, spill: Spill) {
        if spill.register.is_some() || spill.constant.is_some() {
            self.write_spill(spill);
        }
    }

    fn write_spill(&mut self, spill: Spill) {
        if let Some((reg, register)) = spill.register {
            self.store(register, reg);
        }
        if let Some((register, value)) = spill.constant {
            self.load_number(Reg::RDX, value);
            self.asm.mov(Size::S64, tercel_asm::x64::Mem::base(FRAME, i32::from(register) * 8), Reg::RDX);
        }
    }
}
