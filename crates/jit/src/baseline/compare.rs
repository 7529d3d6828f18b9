//! Comparisons, and the jumps that depend on them.

use super::Compiler;
use super::facts::{Fact, Facts};
use super::number::boolean_of;
use super::operands::Spill;
use tercel_asm::Label;
use tercel_asm::x64::{Cond, Reg, Size, Xmm};
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
        let (other, done) = (self.asm.new_label(), self.asm.new_label());
        let spill = self.operands_to_spill(right);
        match right {
            Right::Immediate(imm) => {
                self.load(Reg::RAX, a);
                self.check_int32(Reg::RAX, fact_a, other);
                self.asm.cmp(Size::S32, Reg::RAX, i32::from(imm));
            }
            Right::Register(_) | Right::Constant(..) => {
                self.load_operands(a, right);
                self.check_int32(Reg::RAX, fact_a, other);
                self.check_int32(Reg::RCX, fact_b, other);
                self.asm.cmp(Size::S32, Reg::RAX, Reg::RCX);
            }
        }
        self.use_condition(relation.of_int32(), used);
        if fact_a == Fact::Int32 && fact_b == Fact::Int32 {
            return;
        }
        if self.feedback(slot).bits.get() & type_bits::DOUBLE != 0 {
            self.asm.jmp_to(done);
            self.asm.bind(other);
            self.spill(Spill { constant: None, ..spill });
            self.spill = Spill { register: None, ..spill };
            self.relation_of_doubles(op, relation, a, right, used, done);
        } else {
            self.spill = spill;
            self.slow_comparison(op, a, true, right, used, other, done);
        }
        self.asm.bind(done);
    }

    /// Doubles in line, where the site has seen some, and everything else by the op's stub. Falls through when a jump is not taken.
    fn relation_of_doubles(&mut self, op: Op, relation: Relation, a: u16, right: Right, used: Use, done: Label) {
        let slow = self.asm.new_label();
        self.to_double(Reg::RAX, Xmm::XMM0, Fact::Unknown, slow);
        self.load_right(right);
        let fact_b = if matches!(right, Right::Register(_)) { Fact::Unknown } else { Fact::Int32 };
        self.to_double(Reg::RCX, Xmm::XMM1, fact_b, slow);
        self.slow_comparison(op, a, false, right, used, slow, done);
        if relation.is_equality() {
            // Unordered sets both the zero and the parity flag.
            self.asm.ucomisd(Xmm::XMM0, Xmm::XMM1);
            match used {
                Use::Jump { target, wanted: true } => {
                    let unordered = self.asm.new_label();
                    self.asm.jcc_short(Cond::P, unordered);
                    self.asm.je(target);
                    self.asm.bind(unordered);
                }
                Use::Jump { target, wanted: false } => {
                    self.asm.jp(target);
                    self.asm.jne(target);
                }
                Use::Value { dst, negated } => {
                    let (cond, parity) = if negated { (Cond::NE, Cond::P) } else { (Cond::E, Cond::NP) };
                    self.asm.set(cond, Reg::RAX);
                    self.asm.set(parity, Reg::RCX);
                    if negated {
                        self.asm.or(Size::S8, Reg::RAX, Reg::RCX);
                    } else {
                        self.asm.and(Size::S8, Reg::RAX, Reg::RCX);
                    }
                    self.asm.movzx(Size::S32, Size::S8, Reg::RAX, Reg::RAX);
                    self.asm.or(Size::S32, Reg::RAX, Value::FALSE.bits() as i32);
                    self.store(dst, Reg::RAX);
                }
            }
        } else {
            let (x, y) = if relation.swaps() { (Xmm::XMM1, Xmm::XMM0) } else { (Xmm::XMM0, Xmm::XMM1) };
            self.asm.ucomisd(x, y);
            self.use_condition(relation.of_double(), used);
        }
    }

    /// Goes on with what the flags say.
    fn use_condition(&mut self, cond: Cond, used: Use) {
        match used {
            Use::Jump { target, wanted } => self.asm.jcc(if wanted { cond } else { cond.invert() }, target),
            Use::Value { dst, negated } => {
                boolean_of(self.asm, if negated { cond.invert() } else { cond });
                self.store(dst, Reg::RAX);
            }
        }
    }

    /// `JumpIfTrue`, `JumpIfFalse`.
    pub fn jump_if_truth(&mut self, a: Src, target: Jump, wanted: bool) {
        let target = self.target(target);
        let fact = self.facts.get(a.0);
        let (other, done) = (self.asm.new_label(), self.asm.new_label());
        self.load(Reg::RAX, a.0);
        let taken = if wanted { Value::TRUE } else { Value::FALSE };
        self.asm.cmp(Size::S64, Reg::RAX, taken.bits() as i32);
        self.asm.je(target);
        if fact == Fact::Boolean {
            return;
        }
        let other_boolean = if wanted { Value::FALSE } else { Value::TRUE };
        self.asm.cmp(Size::S64, Reg::RAX, other_boolean.bits() as i32);
        self.asm.jne(other);
        self.asm.bind(done);
        let (truthy, falsy) = if wanted { (target, done) } else { (done, target) };
        self.slow_truth(other, truthy, falsy);
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
