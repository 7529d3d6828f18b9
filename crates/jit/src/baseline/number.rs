//! Arithmetic, bit operations and conversions of numbers.
//!
//! The fast path of an operation is that of int32 operands. Where the site has seen doubles, the code for doubles follows it in line. Everything else
//! is the op's stub's, which does doubles by itself.

use super::compare::Right;
use super::emit::Emit;
use super::facts::Fact;
use super::operands::Spill;
use super::{Compiler, TAG, site_field};
use crate::stubs::shared;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Chain, Cond, Mem, Reg, Run, Size, Xmm, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, Src, instr};
use tercel_vm::Value;
use tercel_vm::feedback::type_bits;
use tercel_vm::layout::site;

/// The operations with an int32 and a double form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

/// The bit operations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    And,
    Or,
    Xor,
    Shl,
    Shr,
    UShr,
}

impl Arith {
    /// The opcode of the SSE instruction. There is none for remainders.
    fn sse_opcode(self) -> u8 {
        match self {
            Arith::Add | Arith::Mod => 0x58,
            Arith::Mul => 0x59,
            Arith::Sub => 0x5C,
            Arith::Div => 0x5E,
        }
    }
}

pub(super) const UCOMISD: u8 = 0x2E;

/// What a bit operation does behind the function: operands that are no int32, and results of 2^31 or more.
#[derive(Clone, Copy)]
pub(super) struct Integers {
    /// The operand that memory lacks, before it is converted.
    pub unsaved: Spill,
    pub left: Chain,
    pub left_done: u32,
    pub right: Chain,
    pub right_done: u32,
    pub large: Chain,
    /// Where the result is stored.
    pub store: u32,
}

/// The operands of an operation on doubles, in rax and rcx: the words of doubles, or int32 values.
#[derive(Clone, Copy)]
pub(super) struct Doubles {
    left: Fact,
    right: Fact,
}

impl Doubles {
    /// xmm0, xmm1 = the operands. Gives the position at which it begins.
    #[inline(always)]
    pub fn load(self, run: &mut Run<'_>) -> u32 {
        let start = run.here();
        for (fact, xmm, word) in [(self.left, Xmm::XMM0, Reg::RAX), (self.right, Xmm::XMM1, Reg::RCX)] {
            if fact == Fact::Int32 {
                run.double_of_int32(xmm, word);
            } else {
                run.movq_from(xmm, word);
            }
        }
        start
    }

    /// What makes doubles of operands that turn out to be int32, if any may.
    pub fn routine(self) -> Option<Symbol> {
        let unknown = |fact| !matches!(fact, Fact::Int32 | Fact::Double);
        match (unknown(self.left), unknown(self.right)) {
            (true, true) => Some(shared::NUMBERS),
            (true, false) => Some(shared::NUMBERS_LEFT),
            (false, true) => Some(shared::NUMBERS_RIGHT),
            (false, false) => None,
        }
    }
}

impl<'a> Compiler<'a> {
    /// The right operand of the current instruction.
    pub fn right(&self, b: Src) -> Right {
        match self.constant {
            Some((register, value)) if register == b.0 => Right::Constant(b.0, value),
            _ => Right::Register(b.0),
        }
    }

    /// Where slow paths find the operands that memory lacks, once both are loaded: a copy of one that is both is in rcx.
    pub(super) fn operands_to_spill(&self, right: Right) -> Spill {
        let register = self.unsaved.map(|r| (if right.is_register(r) { Reg::RCX } else { Reg::RAX }, r));
        Spill { register, constant: right.constant() }
    }

    /// ecx = a constant that may not stand in the code as it is, if the operand is one. Keeps rax, which counts as clobbered all the same.
    pub(super) fn load_large(&mut self, right: Right) {
        if let (Right::Constant(_, value), None) = (right, right.small()) {
            self.load_int32_bits(Reg::RCX, value);
        }
    }

    /// Jumps to `no` unless the value is an int32.
    pub fn check_int32(&mut self, value: Reg, fact: Fact, no: Label) {
        if fact != Fact::Int32 {
            self.asm.cmp(Size::S64, value, TAG);
            self.asm.jb(no);
        }
    }

    /// The double of a number in `value`, which is clobbered; jumps to `no` for anything else.
    pub fn to_double(&mut self, value: Reg, dst: Xmm, fact: Fact, no: Label) {
        match fact {
            Fact::Int32 => {
                self.asm.xorps(dst, dst);
                self.asm.cvtsi2sd(Size::S32, dst, value);
            }
            Fact::Double => {
                self.asm.add(Size::S64, value, TAG);
                self.asm.movq_from_gpr(dst, value);
            }
            _ => {
                let (int32, done) = (self.asm.new_label(), self.asm.new_label());
                self.asm.cmp(Size::S64, value, TAG);
                self.asm.jae(int32);
                self.asm.test(Size::S64, value, TAG);
                self.asm.je(no);
                // Minus 2^49, modulo 2^64: the tag is its negative.
                self.asm.add(Size::S64, value, TAG);
                self.asm.movq_from_gpr(dst, value);
                self.asm.bind(done);
                self.later(move |this| {
                    this.asm.bind(int32);
                    this.asm.xorps(dst, dst);
                    this.asm.cvtsi2sd(Size::S32, dst, value);
                    this.asm.jmp_to(done);
                });
            }
        }
    }

    /// Boxes the double in xmm0 as a value in rax.
    pub fn box_double(&mut self) {
        let (nan, done) = (self.asm.new_label(), self.asm.new_label());
        self.box_double_or(nan);
        self.asm.bind(done);
        self.later(move |this| {
            this.asm.bind(nan);
            this.asm.mov_imm64(Reg::RAX, Value::NAN.bits() as i64);
            this.asm.jmp_to(done);
        });
    }

    /// Boxes the double in xmm0 as a value in rax; jumps to `nan` if it is none, which a slow path does anew.
    pub fn box_double_or(&mut self, nan: Label) {
        self.asm.ucomisd(Xmm::XMM0, Xmm::XMM0);
        self.asm.jp(nan);
        self.asm.movq_to_gpr(Reg::RAX, Xmm::XMM0);
        self.asm.sub(Size::S64, Reg::RAX, TAG);
    }

    fn saw_doubles(&self, slot: Slot) -> bool {
        self.feedback(slot).bits.get() & type_bits::DOUBLE != 0
    }

    pub fn arith(&mut self, op: Op, kind: Arith, dst: u16, a: u16, right: Right, slot: Slot) {
        let (fact_a, fact_b) = (self.facts.get(a), right.fact(self.facts));
        let only_doubles = kind != Arith::Mod && (fact_a == Fact::Double || fact_b == Fact::Double);
        let doubles = only_doubles
            || self.saw_doubles(slot) && kind != Arith::Mod && (fact_a != Fact::Int32 || fact_b != Fact::Int32);
        let adds = matches!(kind, Arith::Add | Arith::Sub);
        if only_doubles || !adds && !self.unsaved.is_some_and(|r| right.is_register(r) && r != a) {
            // Rax is clobbered where it is still needed.
            self.save_operand();
        }
        let spill = self.operands_to_spill(right);
        self.spill = Spill { register: if doubles { None } else { spill.register }, ..spill };
        // A sum that is no int32 has taken the place of its left operand.
        let undoes = adds && !only_doubles && matches!(spill.register, Some((Reg::RAX, _)));
        let added = kind == Arith::Add;
        // The stub does doubles as well.
        let (mut slow, mut overflow) = (Chain::NONE, Chain::NONE);
        if !doubles {
            let (zero, product) = self.int32_arith(kind, a, right, &mut slow, undoes.then_some(&mut overflow));
            if zero.is_used() {
                self.product_behind(op, a, zero, product, slow);
            } else if undoes {
                self.sum_behind(op, added, right, overflow, slow);
            } else {
                self.whole_behind(op, slow);
            }
        } else {
            let mut store = Chain::NONE;
            if !only_doubles {
                let mut otherwise = Chain::NONE;
                let undone = undoes.then_some(&mut overflow);
                let (zero, product) = self.int32_arith(kind, a, right, &mut otherwise, undone);
                self.asm.jmp_chain(&mut store);
                self.asm.bind_chain(otherwise);
                if zero.is_used() {
                    self.zero_product_behind(a, zero, product);
                }
                if overflow.is_used() {
                    let otherwise = self.asm.emitted() as u32;
                    self.overflow_behind(added, right, overflow, otherwise);
                }
                self.spill(Spill { constant: None, ..spill });
            }
            let operands = self.double_operands(a, right, fact_a, fact_b, only_doubles);
            if !self.saw_doubles(slot) {
                self.asm.or(Size::S8, site_field(slot, site::BITS), i32::from(type_bits::DOUBLE));
            }
            let redo = self.asm.run(|run| {
                let redo = operands.load(run);
                run.sse(0xF2, kind.sse_opcode(), Xmm::XMM0, Xmm::XMM1);
                run.sse(0x66, UCOMISD, Xmm::XMM0, Xmm::XMM0);
                run.jcc(Cond::P, &mut slow);
                run.movq_to(Reg::RAX, Xmm::XMM0);
                run.rr(Size::S64, opcode::SUB_REG_RM, Reg::RAX, TAG);
                redo
            });
            self.asm.bind_chain(store);
            self.numbers_behind(op, slow, operands.routine(), redo);
        }
        self.store_and_keep(dst);
        // The helper's result may be anything.
        self.facts.forget(dst);
    }

    /// Loads the operands of an operation on doubles, one of which may be an int32 for sure. `fresh`: the left one may be in rax still.
    pub(super) fn double_operands(&mut self, a: u16, right: Right, fact_a: Fact, fact_b: Fact, fresh: bool) -> Doubles {
        let (a_in_rax, b_in_rax) = match right {
            Right::Register(b) => (fresh && self.is_in_rax(a), fresh && b != a && self.is_in_rax(b)),
            Right::Immediate(_) | Right::Constant(..) => (fresh && self.is_in_rax(a), false),
        };
        self.load_large(right);
        self.asm.run(|run| {
            if b_in_rax {
                run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RCX);
            }
            run.load_or_keep(Reg::RAX, a, a_in_rax);
            match right {
                Right::Register(b) if b == a => run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RCX),
                Right::Register(b) if !b_in_rax => run.load(Reg::RCX, b),
                Right::Register(_) => {}
                Right::Immediate(_) | Right::Constant(..) => {
                    if let Some(imm) = right.small() {
                        run.mov32(Reg::RCX, imm);
                    }
                }
            }
            if fact_a != Fact::Int32 {
                run.unbox_double(Reg::RAX);
            }
            if fact_b != Fact::Int32 {
                run.unbox_double(Reg::RCX);
            }
        });
        Doubles { left: fact_a, right: fact_b }
    }

    /// rax = the int32 that the operation gives for two int32 values; joins `otherwise`, with the registers clobbered, for other operands and results. Gives
    /// the branches of products that are 0, which may be −0, and where to go on with 0.
    ///
    /// Sums outside int32 join `overflow` instead, if there is one.
    fn int32_arith(
        &mut self,
        kind: Arith,
        a: u16,
        right: Right,
        otherwise: &mut Chain,
        mut overflow: Option<&mut Chain>,
    ) -> (Chain, u32) {
        let (fact_a, fact_b) = (self.facts.get(a), right.fact(self.facts));
        let operands = self.operands(a, right);
        let mut zero = Chain::NONE;
        let small = right.small();
        self.load_large(right);
        let product = self.asm.run(|run| {
            let mut first = None;
            let mut check = |run: &mut Run<'_>, value, fact| {
                if fact != Fact::Int32 {
                    match first {
                        None => first = Some(run.check_int32(value, otherwise)),
                        Some(first) => {
                            run.rr(Size::S64, opcode::CMP_REG_RM, value, TAG);
                            run.jcc_again(Cond::B, first);
                        }
                    }
                }
            };
            if let Some(imm) = small
                && matches!(kind, Arith::Add | Arith::Sub)
            {
                operands.load(run);
                check(run, Reg::RAX, fact_a);
                let digit = if kind == Arith::Add { opcode::ADD } else { opcode::SUB };
                run.rax_imm(Size::S32, digit, imm);
                run.jcc(Cond::O, overflow.take().unwrap_or(otherwise));
                run.box_int32(Reg::RAX);
                return run.here();
            }
            operands.load(run);
            if let Some(imm) = small {
                run.mov32(Reg::RCX, imm);
            }
            check(run, Reg::RAX, fact_a);
            check(run, Reg::RCX, fact_b);
            match kind {
                Arith::Add => run.rr(Size::S32, opcode::ADD_REG_RM, Reg::RAX, Reg::RCX),
                Arith::Sub => run.rr(Size::S32, opcode::SUB_REG_RM, Reg::RAX, Reg::RCX),
                Arith::Mul => {
                    run.imul32(Reg::RAX, Reg::RCX);
                    run.jcc(Cond::O, otherwise);
                    match small {
                        // 0 has only 0 as its factor then.
                        Some(1..) => {}
                        Some(_) => {
                            run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
                            run.jcc(Cond::E, otherwise);
                        }
                        None => {
                            run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
                            run.jcc(Cond::E, &mut zero);
                        }
                    }
                }
                Arith::Div | Arith::Mod => {
                    // Exact quotients of positive numbers stay int32.
                    run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RCX, Reg::RCX);
                    run.jcc(Cond::LE, otherwise);
                    run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
                    run.jcc(Cond::L, otherwise);
                    run.rr(Size::S32, opcode::XOR_REG_RM, Reg::RDX, Reg::RDX);
                    run.div32(Reg::RCX);
                    if kind == Arith::Div {
                        run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RDX, Reg::RDX);
                        run.jcc(Cond::NE, otherwise);
                    } else {
                        run.rr(Size::S32, opcode::LOAD, Reg::RAX, Reg::RDX);
                    }
                }
            }
            if matches!(kind, Arith::Add | Arith::Sub) {
                run.jcc(Cond::O, overflow.take().unwrap_or(otherwise));
            }
            let product = run.here();
            run.box_int32(Reg::RAX);
            product
        });
        (zero, product)
    }

    pub fn bits(&mut self, op: Op, kind: Bits, dst: u16, a: u16, right: Right) {
        let (fact_a, fact_b) = (self.facts.get(a), right.fact(self.facts));
        if kind == Bits::Or && matches!(right, Right::Immediate(0)) {
            return self.to_int32_boxed(op, dst, a, fact_a);
        }
        let operands = self.operands(a, right);
        // The operand that memory lacks is written on the ways to the slow path, before it is converted, which therefore comes last.
        let right_is_unsaved = self.unsaved.is_some_and(|r| r != a && right.is_register(r));
        let unsaved = self.unsaved.map(|r| (if right_is_unsaved { Reg::RCX } else { Reg::RAX }, r));
        self.spill = Spill { register: None, constant: right.constant() };
        let mut behind = Integers {
            unsaved: Spill { register: unsaved, constant: None },
            left: Chain::NONE,
            left_done: 0,
            right: Chain::NONE,
            right_done: 0,
            large: Chain::NONE,
            store: 0,
        };
        let small = right.small();
        self.load_large(right);
        self.asm.run(|run| {
            operands.load(run);
            for is_left in [right_is_unsaved, !right_is_unsaved] {
                if is_left && fact_a != Fact::Int32 {
                    run.check_int32(Reg::RAX, &mut behind.left);
                    behind.left_done = run.here();
                }
                if !is_left && fact_b != Fact::Int32 {
                    run.check_int32(Reg::RCX, &mut behind.right);
                    behind.right_done = run.here();
                }
            }
            match (kind, small) {
                (Bits::And, Some(imm)) => run.rax_imm(Size::S32, opcode::AND, imm),
                (Bits::Or, Some(imm)) => run.rax_imm(Size::S32, opcode::OR, imm),
                (Bits::Xor, Some(imm)) => run.rax_imm(Size::S32, opcode::XOR, imm),
                (Bits::And, _) => run.rr(Size::S32, opcode::AND_REG_RM, Reg::RAX, Reg::RCX),
                (Bits::Or, _) => run.rr(Size::S32, opcode::OR_REG_RM, Reg::RAX, Reg::RCX),
                (Bits::Xor, _) => run.rr(Size::S32, opcode::XOR_REG_RM, Reg::RAX, Reg::RCX),
                (Bits::Shl, Some(imm)) => run.shift_eax(opcode::SHL, imm as u8 & 31),
                (Bits::Shr, Some(imm)) => run.shift_eax(opcode::SAR, imm as u8 & 31),
                (Bits::UShr, Some(imm)) => run.shift_eax(opcode::SHR, imm as u8 & 31),
                (Bits::Shl, _) => run.shift_eax_cl(opcode::SHL),
                (Bits::Shr, _) => run.shift_eax_cl(opcode::SAR),
                (Bits::UShr, _) => run.shift_eax_cl(opcode::SHR),
            }
            if kind == Bits::UShr {
                run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
                run.jcc(Cond::S, &mut behind.large);
            } else if matches!(kind, Bits::Shl | Bits::Shr) {
                // A shift of 0 leaves the upper half as it was.
                run.rr(Size::S32, opcode::LOAD, Reg::RAX, Reg::RAX);
            }
            run.box_int32(Reg::RAX);
            behind.store = run.here();
        });
        self.integers_behind(op, behind);
        self.store_and_keep(dst);
        // The helper's result may be a BigInt.
        self.facts.forget(dst);
    }

    /// `a | 0`, the idiom: an int32 is the result as it is.
    fn to_int32_boxed(&mut self, op: Op, dst: u16, a: u16, fact: Fact) {
        let in_rax = self.is_in_rax(a);
        self.spill = Spill { register: self.unsaved.map(|r| (Reg::RAX, r)), constant: None };
        let mut double = Chain::NONE;
        self.asm.run(|run| {
            run.load_or_keep(Reg::RAX, a, in_rax);
            if fact != Fact::Int32 {
                run.check_int32(Reg::RAX, &mut double);
            }
        });
        if double.is_used() {
            self.boxed_int32_behind(op, double);
        }
        self.store_and_keep(dst);
        self.facts.set(dst, if fact == Fact::Int32 { fact } else { Fact::Unknown });
    }

    /// eax = ToInt32 of the number in `value`; rax is clobbered, and so is xmm0.
    pub fn number_to_int32(&mut self, value: Reg, fact: Fact, slow: Label) {
        if fact == Fact::Int32 {
            return;
        }
        let done = self.asm.new_label();
        let routine = if value == Reg::RCX { shared::TO_INT32_RCX } else { shared::TO_INT32_RAX };
        debug_assert!(matches!(value, Reg::RAX | Reg::RCX));
        let double = self.slow_shared(routine, None, Some(slow), done);
        self.asm.cmp(Size::S64, value, TAG);
        self.asm.jb(double);
        self.asm.bind(done);
    }

    pub fn negate(&mut self) {
        let i: instr::Neg = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::Neg, done);
        let fact = self.facts.get(i.a.0);
        let doubles = fact == Fact::Double || fact != Fact::Int32 && self.saw_doubles(i.slot);
        let otherwise = if doubles { self.asm.new_label() } else { slow };
        self.load(Reg::RAX, i.a.0);
        self.check_int32(Reg::RAX, fact, otherwise);
        // 0 becomes −0, and the least int32 has no negative.
        self.asm.test(Size::S32, Reg::RAX, i32::MAX);
        self.asm.je(otherwise);
        self.asm.neg(Size::S32, Reg::RAX);
        self.box_int32(Reg::RAX);
        self.store_result(i.dst.0);
        if doubles {
            self.asm.jmp_to(done);
            self.asm.bind(otherwise);
            self.load(Reg::RAX, i.a.0);
            self.to_double(Reg::RAX, Xmm::XMM0, Fact::Unknown, slow);
            let sign = self.asm.constant(&[0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80]);
            self.asm.xorps(Xmm::XMM0, Mem::label(sign));
            self.box_double_or(slow);
            self.store_result(i.dst.0);
        }
        self.stored_and_in_rax(i.dst.0, done);
        self.facts.forget(i.dst.0);
    }

    pub fn bit_not(&mut self) {
        let i: instr::BitNot = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::BitNot, done);
        self.load(Reg::RAX, i.a.0);
        let fact = self.facts.get(i.a.0);
        self.number_to_int32(Reg::RAX, fact, slow);
        self.asm.not(Size::S32, Reg::RAX);
        self.box_int32(Reg::RAX);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
    }

    /// `ToNumber`, `ToNumeric`: numbers stay what they are.
    pub fn to_number(&mut self, op: Op, dst: u16, src: u16) {
        let done = self.asm.new_label();
        let slow = self.slow_op(op, done);
        self.load(Reg::RAX, src);
        let fact = self.facts.get(src);
        if fact != Fact::Int32 && fact != Fact::Double {
            self.asm.test(Size::S64, Reg::RAX, TAG);
            self.asm.je(slow);
        }
        self.finish_with(dst, done);
        self.facts.set(dst, fact);
    }

    pub fn not(&mut self) {
        let i: instr::Not = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::Not, done);
        self.load(Reg::RAX, i.a.0);
        self.asm.mov(Size::S64, Reg::RCX, Reg::RAX);
        self.asm.xor(Size::S64, Reg::RCX, Value::FALSE.bits() as i32);
        self.asm.cmp(Size::S64, Reg::RCX, 1);
        self.asm.ja(slow);
        self.asm.xor(Size::S32, Reg::RAX, 1);
        self.finish_with(i.dst.0, done);
        self.facts.set(i.dst.0, Fact::Boolean);
    }
}
