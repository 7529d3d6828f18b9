//! Arithmetic, bit operations and conversions of numbers.
//!
//! The fast path of an operation is that of int32 operands. Where the site has seen doubles, the code for doubles follows it in line. Everything else
//! is the op's stub's, which does doubles by itself.

use super::compare::Right;
use super::facts::Fact;
use super::operands::Spill;
use super::{Compiler, TAG, site_field, vm};
use crate::stubs::shared;
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Cond, Mem, Reg, Size, Xmm};
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

    /// Loads the right operand into rcx. `true`: it is known to be an int32.
    pub fn load_right(&mut self, right: Right) -> Fact {
        match right {
            Right::Register(r) => {
                self.load(Reg::RCX, r);
                self.facts.get(r)
            }
            Right::Immediate(imm) => {
                self.asm.mov_imm64(Reg::RCX, Value::int32(i32::from(imm)).bits() as i64);
                Fact::Int32
            }
            Right::Constant(_, value) => {
                self.load_number(Reg::RCX, value);
                Fact::Int32
            }
        }
    }

    /// Loads the left operand into rax and the right one into rcx, in the order that leaves most of the work to what rax holds.
    pub fn load_operands(&mut self, a: u16, right: Right) {
        match right {
            Right::Register(b) if b != a && self.is_in_rax(b) => {
                self.load_right(right);
                self.load(Reg::RAX, a);
            }
            _ => {
                self.load(Reg::RAX, a);
                self.load_right(right);
            }
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
        let done = self.asm.new_label();
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
        // The stub does doubles as well.
        let slow = self.slow_op(op, done);
        let otherwise = if doubles { self.asm.new_label() } else { slow };
        // A sum that is no int32 has taken the place of its left operand.
        let overflow = match spill.register {
            Some((Reg::RAX, _)) if !only_doubles => self.slow_overflow(kind == Arith::Add, right, otherwise),
            _ => otherwise,
        };
        if !only_doubles {
            match right {
                Right::Immediate(imm) if matches!(kind, Arith::Add | Arith::Sub) => {
                    self.load(Reg::RAX, a);
                    self.check_int32(Reg::RAX, fact_a, otherwise);
                    if kind == Arith::Add {
                        self.asm.add(Size::S32, Reg::RAX, i32::from(imm));
                    } else {
                        self.asm.sub(Size::S32, Reg::RAX, i32::from(imm));
                    }
                    self.asm.jo(overflow);
                }
                _ => {
                    self.load_operands(a, right);
                    self.check_int32(Reg::RAX, fact_a, otherwise);
                    self.check_int32(Reg::RCX, fact_b, otherwise);
                    self.int32_arith(kind, a, overflow);
                }
            }
            self.box_int32(Reg::RAX);
            self.store_result(dst);
            if doubles {
                self.asm.jmp_to(done);
            }
        }
        if doubles {
            self.asm.bind(otherwise);
            self.spill(Spill { constant: None, ..spill });
            self.double_arith(kind, a, right, fact_a, fact_b, slot, slow);
            self.store_result(dst);
        }
        self.stored_and_in_rax(dst, done);
        // The helper's result may be anything.
        self.facts.forget(dst);
    }

    /// eax = eax op ecx; jumps to `otherwise`, with the registers clobbered, where the result is no int32.
    fn int32_arith(&mut self, kind: Arith, a: u16, otherwise: Label) {
        match kind {
            Arith::Add => {
                self.asm.add(Size::S32, Reg::RAX, Reg::RCX);
                self.asm.jo(otherwise);
            }
            Arith::Sub => {
                self.asm.sub(Size::S32, Reg::RAX, Reg::RCX);
                self.asm.jo(otherwise);
            }
            Arith::Mul => {
                let (zero, done) = (self.asm.new_label(), self.asm.new_label());
                self.asm.imul(Size::S32, Reg::RAX, Reg::RCX);
                self.asm.jo(otherwise);
                self.asm.test(Size::S32, Reg::RAX, Reg::RAX);
                self.asm.je(zero);
                self.asm.bind(done);
                self.later(move |this| {
                    // 0 or −0: the latter if one operand is negative.
                    this.asm.bind(zero);
                    this.asm.mov(Size::S32, Reg::RDX, vm(a));
                    this.asm.or(Size::S32, Reg::RDX, Reg::RCX);
                    this.asm.js(otherwise);
                    this.asm.jmp_to(done);
                });
            }
            Arith::Div => {
                // Exact quotients of positive numbers stay int32.
                self.asm.test(Size::S32, Reg::RCX, Reg::RCX);
                self.asm.jle(otherwise);
                self.asm.test(Size::S32, Reg::RAX, Reg::RAX);
                self.asm.jl(otherwise);
                self.asm.zero(Reg::RDX);
                self.asm.div(Size::S32, Reg::RCX);
                self.asm.test(Size::S32, Reg::RDX, Reg::RDX);
                self.asm.jne(otherwise);
            }
            Arith::Mod => {
                self.asm.test(Size::S32, Reg::RCX, Reg::RCX);
                self.asm.jle(otherwise);
                self.asm.test(Size::S32, Reg::RAX, Reg::RAX);
                self.asm.jl(otherwise);
                self.asm.zero(Reg::RDX);
                self.asm.div(Size::S32, Reg::RCX);
                self.asm.mov(Size::S32, Reg::RAX, Reg::RDX);
            }
        }
    }

    /// rax = the boxed result of the operation on doubles.
    #[allow(clippy::too_many_arguments)]
    fn double_arith(&mut self, kind: Arith, a: u16, right: Right, fact_a: Fact, fact_b: Fact, slot: Slot, slow: Label) {
        self.load(Reg::RAX, a);
        self.to_double(Reg::RAX, Xmm::XMM0, fact_a, slow);
        self.load_right(right);
        self.to_double(Reg::RCX, Xmm::XMM1, fact_b, slow);
        if !self.saw_doubles(slot) {
            self.asm.or(Size::S8, site_field(slot, site::BITS), i32::from(type_bits::DOUBLE));
        }
        match kind {
            Arith::Add => self.asm.addsd(Xmm::XMM0, Xmm::XMM1),
            Arith::Sub => self.asm.subsd(Xmm::XMM0, Xmm::XMM1),
            Arith::Mul => self.asm.mulsd(Xmm::XMM0, Xmm::XMM1),
            Arith::Div => self.asm.divsd(Xmm::XMM0, Xmm::XMM1),
            Arith::Mod => {}
        }
        self.box_double_or(slow);
    }

    /// eax = ToInt32 of the number in `value`; rax is clobbered, and so is xmm0.
    pub fn number_to_int32(&mut self, value: Reg, fact: Fact, slow: Label) {
        if fact == Fact::Int32 {
            return;
        }
        let done = self.asm.new_label();
        let routine = if value == Reg::RCX { shared::TO_INT32_RCX } else { shared::TO_INT32_RAX };
        debug_assert!(matches!(value, Reg::RAX | Reg::RCX));
        let double = self.slow_shared_spilling(routine, slow, done);
        self.asm.cmp(Size::S64, value, TAG);
        self.asm.jb(double);
        self.asm.bind(done);
    }

    pub fn bits(&mut self, op: Op, kind: Bits, dst: u16, a: u16, right: Right) {
        let (fact_a, fact_b) = (self.facts.get(a), right.fact(self.facts));
        let done = self.asm.new_label();
        // The operand that memory lacks is written on the ways to the slow path, before it is converted, which therefore comes last.
        let right_is_unsaved = self.unsaved.is_some_and(|r| r != a && right.is_register(r));
        let unsaved = self.unsaved.map(|r| (if right_is_unsaved { Reg::RCX } else { Reg::RAX }, r));
        self.spill = Spill { register: None, constant: right.constant() };
        let slow = self.slow_op(op, done);
        self.spill = Spill { register: unsaved, constant: None };
        if kind == Bits::Or && matches!(right, Right::Immediate(0)) {
            return self.to_int32_boxed(dst, a, fact_a, slow, done);
        }
        if let Right::Immediate(imm) = right {
            self.load(Reg::RAX, a);
            self.number_to_int32(Reg::RAX, fact_a, slow);
            self.bits_immediate(kind, i32::from(imm));
        } else if let (Right::Constant(_, value), Bits::And | Bits::Or | Bits::Xor) = (right, kind) {
            self.load(Reg::RAX, a);
            self.number_to_int32(Reg::RAX, fact_a, slow);
            self.load_int32_bits(Reg::RCX, value);
            self.bits_of_registers(kind);
        } else {
            self.load_operands(a, right);
            if right_is_unsaved {
                self.number_to_int32(Reg::RAX, fact_a, slow);
                self.number_to_int32(Reg::RCX, fact_b, slow);
            } else {
                self.number_to_int32(Reg::RCX, fact_b, slow);
                self.number_to_int32(Reg::RAX, fact_a, slow);
            }
            self.bits_of_registers(kind);
        }
        if kind == Bits::UShr {
            let stored = self.asm.new_label();
            let large = self.slow_shared(shared::BOX_UINT32, None, None, stored);
            self.asm.test(Size::S32, Reg::RAX, Reg::RAX);
            self.asm.js(large);
            self.box_int32(Reg::RAX);
            self.asm.bind(stored);
        } else {
            if matches!(kind, Bits::Shl | Bits::Shr) {
                // A shift of 0 leaves the upper half as it was.
                self.asm.mov(Size::S32, Reg::RAX, Reg::RAX);
            }
            self.box_int32(Reg::RAX);
        }
        self.finish_with(dst, done);
        // The helper's result may be a BigInt.
        self.facts.forget(dst);
    }

    /// `a | 0`, the idiom: an int32 is the result as it is.
    fn to_int32_boxed(&mut self, dst: u16, a: u16, fact: Fact, slow: Label, done: Label) {
        let (double, boxed) = (self.asm.new_label(), self.asm.new_label());
        let spill = self.spill;
        self.load(Reg::RAX, a);
        self.check_int32(Reg::RAX, fact, double);
        self.asm.bind(boxed);
        self.finish_with(dst, done);
        self.facts.set(dst, if fact == Fact::Int32 { fact } else { Fact::Unknown });
        if fact != Fact::Int32 {
            self.later(move |this| {
                this.asm.bind(double);
                this.spill(spill);
                this.call_leaf(shared::TO_INT32_RAX);
                this.asm.je(slow);
                this.asm.mov(Size::S32, Reg::RAX, Reg::RAX);
                this.box_int32(Reg::RAX);
                this.asm.jmp_to(boxed);
            });
        }
    }

    /// eax = eax op ecx.
    fn bits_of_registers(&mut self, kind: Bits) {
        match kind {
            Bits::And => self.asm.and(Size::S32, Reg::RAX, Reg::RCX),
            Bits::Or => self.asm.or(Size::S32, Reg::RAX, Reg::RCX),
            Bits::Xor => self.asm.xor(Size::S32, Reg::RAX, Reg::RCX),
            Bits::Shl => self.asm.shl(Size::S32, Reg::RAX, tercel_asm::x64::Count::Cl),
            Bits::Shr => self.asm.sar(Size::S32, Reg::RAX, tercel_asm::x64::Count::Cl),
            Bits::UShr => self.asm.shr(Size::S32, Reg::RAX, tercel_asm::x64::Count::Cl),
        }
    }

    fn bits_immediate(&mut self, kind: Bits, imm: i32) {
        let count = (imm & 31) as u8;
        match kind {
            Bits::And => self.asm.and(Size::S32, Reg::RAX, imm),
            Bits::Or => self.asm.or(Size::S32, Reg::RAX, imm),
            Bits::Xor => self.asm.xor(Size::S32, Reg::RAX, imm),
            Bits::Shl => self.asm.shl(Size::S32, Reg::RAX, count),
            Bits::Shr => self.asm.sar(Size::S32, Reg::RAX, count),
            Bits::UShr => self.asm.shr(Size::S32, Reg::RAX, count),
        }
    }

    /// `Inc`, `Dec`.
    pub fn increment(&mut self, op: Op, dst: u16, a: u16, slot: Slot, by: i32) {
        let done = self.asm.new_label();
        let slow = self.slow_op(op, done);
        let fact = self.facts.get(a);
        let doubles = fact == Fact::Double || fact != Fact::Int32 && self.saw_doubles(slot);
        let otherwise = if doubles { self.asm.new_label() } else { slow };
        self.load(Reg::RAX, a);
        self.check_int32(Reg::RAX, fact, otherwise);
        self.asm.add(Size::S32, Reg::RAX, by);
        self.asm.jo(otherwise);
        self.box_int32(Reg::RAX);
        self.store_result(dst);
        if doubles {
            self.asm.jmp_to(done);
            self.asm.bind(otherwise);
            self.load(Reg::RAX, a);
            self.to_double(Reg::RAX, Xmm::XMM0, Fact::Unknown, slow);
            let one = self.asm.constant_f64(f64::from(by));
            self.asm.addsd(Xmm::XMM0, Mem::label(one));
            self.box_double_or(slow);
            self.store_result(dst);
        }
        self.stored_and_in_rax(dst, done);
        self.facts.forget(dst);
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

/// Sets a boolean value in rax from a condition of the flags.
pub(super) fn boolean_of(asm: &mut Assembler, cond: Cond) {
    asm.set(cond, Reg::RAX);
    asm.movzx(Size::S32, Size::S8, Reg::RAX, Reg::RAX);
    asm.or(Size::S32, Reg::RAX, Value::FALSE.bits() as i32);
}
