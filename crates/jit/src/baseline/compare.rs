//! Comparisons, and the jumps that depend on them.

use super::emit::Emit;
use super::facts::{Fact, Facts};
use super::number::UCOMISD;
use super::operands::Spill;
use super::slow::Comparison;
use super::{Compiler, TAG};
use tercel_asm::Label;
use tercel_asm::x64::{Chain, Cond, Reg, Run, Size, Xmm, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Dst, Jump, Slot, Src};
use tercel_vm::Value;
use tercel_vm::feedback::type_bits;

/// The right operand of a binary op.
#[derive(Clone, Copy, Debug)]
pub enum Right {
    Register(u16),
    Immediate(i16),
    /// A register that holds a constant which nobody has written to memory.
    Constant(u16, i32),
}

impl Right {
    pub fn fact(self, facts: &Facts) -> Fact {
        match self {
            Right::Register(r) => facts.get(r),
            Right::Immediate(_) | Right::Constant(..) => Fact::Int32,
        }
    }
    pub fn is_register(self, register: u16) -> bool {
        matches!(self, Right::Register(r) if r == register)
    }
    /// What memory lacks.
    pub fn constant(self) -> Option<(u16, i32)> {
        match self {
            Right::Constant(register, value) => Some((register, value)),
            _ => None,
        }
    }
    /// The value, if it is a number that may stand in the code as it is: a script may choose small ones only.
    pub fn small(self) -> Option<i32> {
        match self {
            Right::Register(_) => None,
            Right::Immediate(imm) => Some(i32::from(imm)),
            Right::Constant(_, value) => i16::try_from(value).ok().map(i32::from),
        }
    }
}

/// The relation of two values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    Equal,
    StrictEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Relation {
    pub(crate) fn is_equality(self) -> bool {
        matches!(self, Relation::Equal | Relation::StrictEqual)
    }
    /// The condition after an integer compare of left with right.
    fn of_int32(self) -> Cond {
        match self {
            Relation::Equal | Relation::StrictEqual => Cond::E,
            Relation::Less => Cond::L,
            Relation::LessEqual => Cond::LE,
            Relation::Greater => Cond::G,
            Relation::GreaterEqual => Cond::GE,
        }
    }
    /// Whether `ucomisd` gets left and right exchanged, so that "above" (which unordered operands do not give) is the relation.
    pub(crate) fn swaps(self) -> bool {
        matches!(self, Relation::Less | Relation::LessEqual)
    }
    pub(crate) fn of_double(self) -> Cond {
        match self {
            Relation::Less | Relation::Greater => Cond::A,
            Relation::LessEqual | Relation::GreaterEqual => Cond::AE,
            Relation::Equal | Relation::StrictEqual => Cond::E,
        }
    }
}

/// What becomes of a relation.
#[derive(Clone, Copy)]
pub enum Use {
    /// A boolean in a register, negated or not.
    Value { dst: u16, negated: bool },
    /// A jump where the relation is as wanted.
    Jump { target: Label, wanted: bool },
}

impl Use {
    /// Goes on with what the flags say. A boolean is stored, and its register's value is in rax.
    #[inline(always)]
    fn emit(self, run: &mut Run<'_>, cond: Cond) {
        match self {
            Use::Jump { target, wanted } => run.jcc_to(if wanted { cond } else { cond.invert() }, target),
            Use::Value { dst, negated } => {
                run.set_eax(if negated { cond.invert() } else { cond });
                run.rax_imm(Size::S32, opcode::OR, Value::FALSE.bits() as i32);
                run.store(dst, Reg::RAX);
            }
        }
    }
}

impl<'a> Compiler<'a> {
    #[allow(clippy::too_many_arguments)]
    pub fn compare(&mut self, op: Op, relation: Relation, negated: bool, dst: Dst, a: Src, b: Src, slot: Slot) {
        self.relation(op, relation, a.0, Right::Register(b.0), slot, Use::Value { dst: dst.0, negated });
        self.facts.set(dst.0, Fact::Boolean);
    }

    #[allow(clippy::too_many_arguments)]
    pub fn compare_jump(
        &mut self,
        op: Op,
        relation: Relation,
        wanted: bool,
        a: Src,
        right: Right,
        target: Jump,
        slot: Slot,
    ) {
        let target = self.target(target);
        let Some(body) = self.body.take() else {
            return self.relation(op, relation, a.0, right, slot, Use::Jump { target, wanted });
        };
        self.relation(op, relation, a.0, right, slot, Use::Jump { target: body, wanted: !wanted });
        self.asm.jmp_to(target);
    }

    fn relation(&mut self, op: Op, relation: Relation, a: u16, right: Right, slot: Slot, used: Use) {
        let (fact_a, fact_b) = (self.facts.get(a), right.fact(self.facts));
        let operands = self.operands(a, right);
        let spill = self.operands_to_spill(right);
        let small = right.small();
        self.load_large(right);
        let mut other = Chain::NONE;
        self.asm.run(|run| {
            operands.load(run);
            let first = (fact_a != Fact::Int32).then(|| run.check_int32(Reg::RAX, &mut other));
            if let Some(imm) = small {
                run.rax_imm(Size::S32, opcode::CMP, imm);
            } else {
                if fact_b != Fact::Int32 {
                    match first {
                        None => {
                            run.check_int32(Reg::RCX, &mut other);
                        }
                        Some(first) => {
                            run.rr(Size::S64, opcode::CMP_REG_RM, Reg::RCX, TAG);
                            run.jcc_again(Cond::B, first);
                        }
                    }
                }
                run.rr(Size::S32, opcode::CMP_REG_RM, Reg::RAX, Reg::RCX);
            }
            used.emit(run, relation.of_int32());
        });
        if !other.is_used() {
            return;
        }
        if self.feedback(slot).bits.get() & type_bits::DOUBLE == 0 {
            self.spill = spill;
            let done = self.asm.emitted() as u32;
            return self.comparison_behind(Comparison {
                op,
                a,
                loaded: true,
                right,
                used,
                again: None,
                entry: other,
                done,
            });
        }
        // Doubles in line, where the site has seen some, and everything else by the op's stub.
        let mut over = Chain::NONE;
        self.asm.jmp_chain(&mut over);
        self.asm.bind_chain(other);
        self.spill(Spill { constant: None, ..spill });
        self.spill = Spill { register: None, ..spill };
        let operands = self.double_operands(a, right, fact_a, fact_b, false);
        let mut slow = Chain::NONE;
        let redo = self.asm.run(|run| {
            let redo = operands.load(run);
            let (x, y) = if relation.swaps() { (Xmm::XMM1, Xmm::XMM0) } else { (Xmm::XMM0, Xmm::XMM1) };
            run.sse(0x66, UCOMISD, x, y);
            // NaN, or no double.
            run.jcc(Cond::P, &mut slow);
            used.emit(run, relation.of_double());
            redo
        });
        self.asm.bind_chain(over);
        let done = self.asm.emitted() as u32;
        let again = operands.routine().map(|routine| (routine, redo));
        self.comparison_behind(Comparison { op, a, loaded: false, right, used, again, entry: slow, done });
    }

    /// `JumpIfTrue`, `JumpIfFalse`.
    pub fn jump_if_truth(&mut self, a: Src, target: Jump, wanted: bool) {
        let target = self.target(target);
        let fact = self.facts.get(a.0);
        let in_rax = self.is_in_rax(a.0);
        let (taken, not_taken) = if wanted { (Value::TRUE, Value::FALSE) } else { (Value::FALSE, Value::TRUE) };
        let mut other = Chain::NONE;
        self.asm.run(|run| {
            run.load_or_keep(Reg::RAX, a.0, in_rax);
            run.rax_imm(Size::S64, opcode::CMP, taken.bits() as i32);
            run.jcc_to(Cond::E, target);
            if fact != Fact::Boolean {
                run.rax_imm(Size::S64, opcode::CMP, not_taken.bits() as i32);
                run.jcc(Cond::NE, &mut other);
            }
        });
        if other.is_used() {
            self.truth_behind(other, target, wanted);
        }
    }

    /// Jumps where the value is (or is not) one of the nullish ones.
    pub fn jump_if_nullish(&mut self, a: Src, target: Jump, which: Nullish, wanted: bool) {
        let target = self.target(target);
        self.load(Reg::RAX, a.0);
        match which {
            Nullish::Both => {
                self.asm.and(Size::S64, Reg::RAX, !8);
                self.asm.cmp(Size::S64, Reg::RAX, Value::NULL.bits() as i32);
            }
            Nullish::Undefined => self.asm.cmp(Size::S64, Reg::RAX, Value::UNDEFINED.bits() as i32),
            Nullish::Null => self.asm.cmp(Size::S64, Reg::RAX, Value::NULL.bits() as i32),
        }
        self.asm.jcc(if wanted { Cond::E } else { Cond::NE }, target);
    }
}

/// Which nullish values a jump looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Nullish {
    Both,
    Undefined,
    Null,
}
