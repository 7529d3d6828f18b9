//! Integer arithmetic, comparisons, memory.

use super::*;
use tercel_asm::x64::inst::GprOp;
use tercel_asm::x64::{Cond, op};
use tercel_ir::{FloatCc, IntCc, TrapCode};

/// The hardware's condition for an integer comparison.
pub(super) fn int_cond(cc: IntCc) -> Cond {
    match cc {
        IntCc::Eq => Cond::E,
        IntCc::Ne => Cond::NE,
        IntCc::Slt => Cond::L,
        IntCc::Sle => Cond::LE,
        IntCc::Sgt => Cond::G,
        IntCc::Sge => Cond::GE,
        IntCc::Ult => Cond::B,
        IntCc::Ule => Cond::BE,
        IntCc::Ugt => Cond::A,
        IntCc::Uge => Cond::AE,
    }
}

/// The conditions after `vucomis a, b` for a float comparison, and whether the operands must be exchanged.
///
/// Unordered sets ZF, PF and CF, so that "above" is false and "below" true for NaN.
fn float_cond(cc: FloatCc) -> (Cc, bool) {
    use Cond::*;
    match cc {
        FloatCc::Eq => (Cc::And(E, NP), false),
        FloatCc::Ne => (Cc::Or(NE, P), false),
        FloatCc::Gt => (Cc::One(A), false),
        FloatCc::Ge => (Cc::One(AE), false),
        FloatCc::Lt => (Cc::One(A), true),
        FloatCc::Le => (Cc::One(AE), true),
        FloatCc::Ult => (Cc::One(B), false),
        FloatCc::Ule => (Cc::One(BE), false),
        FloatCc::Ugt => (Cc::One(B), true),
        FloatCc::Uge => (Cc::One(BE), true),
        FloatCc::Ord => (Cc::One(NP), false),
        FloatCc::Uno => (Cc::One(P), false),
    }
}

/// A factor that is one off a power of two: the power, and what is done with the factor itself.
fn near_power(factor: i32) -> Option<(u8, GprOp)> {
    let power = |value: i32| (value > 4 && value.count_ones() == 1).then_some(value.trailing_zeros() as u8);
    let less = factor.checked_add(1).and_then(power).map(|shift| (shift, op::sub));
    less.or_else(|| factor.checked_sub(1).and_then(power).map(|shift| (shift, op::add)))
}

impl Lower<'_> {
    pub(super) fn inst(&mut self, inst: Inst) {
        let data = *self.func.inst(inst);
        if data.ty.is_vector() && !matches!(data.op, Op::Load | Op::Store | Op::Select | Op::Bitcast) {
            return self.vector(inst, &data);
        }
        match data.op {
            Op::Iconst => {
                // Users make it themselves; only a parameter-like use would come here.
                let vreg = self.result(inst);
                self.make_int(vreg, data.imm);
            }
            Op::Fconst => {
                let vreg = self.result(inst);
                let mut ops = Ops::new();
                ops.def(vreg);
                self.push(MOp::FloatImm(data.imm as u64, data.ty == Type::F64), ops);
            }
            Op::Iadd => self.add(inst, data.ty),
            // The seeded fault takes the operation for one whose operands may be exchanged.
            Op::Isub => self.alu(inst, op::sub, data.ty, active(Bug::LoweringSwapsSubtraction)),
            Op::Band => self.alu(inst, op::and, data.ty, true),
            Op::Bor => self.alu(inst, op::or, data.ty, true),
            Op::Bxor => self.alu(inst, op::xor, data.ty, true),
            Op::Imul => self.mul(inst, data.ty),
            Op::SmulHi => self.mul_high(inst, data.ty, op::imul_wide),
            Op::UmulHi => self.mul_high(inst, data.ty, op::mul),
            Op::Ineg => self.unary_tied(inst, op::neg, data.ty),
            Op::Bnot => self.unary_tied(inst, op::not, data.ty),
            Op::Sdiv | Op::Udiv | Op::Srem | Op::Urem => self.div(inst, &data),
            Op::Smin => self.min_max(inst, data.ty, true, Cond::L),
            Op::Smax => self.min_max(inst, data.ty, true, Cond::G),
            Op::Umin => self.min_max(inst, data.ty, false, Cond::B),
            Op::Umax => self.min_max(inst, data.ty, false, Cond::A),
            Op::SaddOverflow | Op::UaddOverflow => self.alu_set(inst, op::add, &data),
            Op::SsubOverflow | Op::UsubOverflow => self.alu_set(inst, op::sub, &data),
            Op::SmulOverflow => self.alu_set(inst, op::imul, &data),
            Op::SaddTrap | Op::SaddGuard => self.alu_checked(inst, op::add, &data),
            Op::SsubTrap | Op::SsubGuard => self.alu_checked(inst, op::sub, &data),
            Op::SmulTrap | Op::SmulGuard => self.alu_checked(inst, op::imul, &data),
            Op::Ishl => self.shift(inst, op::shlx, op::shl, data.ty, false),
            Op::Ushr => self.shift(inst, op::shrx, op::shr, data.ty, false),
            Op::Sshr => self.shift(inst, op::sarx, op::sar, data.ty, true),
            Op::Rotl => self.rotate(inst, op::rol, data.ty),
            Op::Rotr => self.rotate(inst, op::ror, data.ty),
            Op::Clz => self.count_bits(inst, op::lzcnt, data.ty),
            Op::Ctz => self.count_bits(inst, op::tzcnt, data.ty),
            Op::Popcnt => self.count_bits(inst, op::popcnt, data.ty),
            Op::Bswap => self.bswap(inst, data.ty),
            Op::Icmp | Op::Fcmp => self.compare(inst),
            Op::Select => self.select(inst, data.ty),
            Op::Sext | Op::Zext => self.extend(inst, data.op == Op::Sext, data.ty),
            Op::Narrow => {
                let (result, source) = (self.result(inst), self.arg(inst, 0));
                let source = self.value(source);
                self.copy(result, source);
            }
            Op::Load => self.load(inst, &data),
            Op::Store => self.store(inst, &data),
            Op::PtrAdd | Op::PtrIndex | Op::SlotAddr => self.lea(inst),
            _ if data.op < Op::JsConst && self.control(inst, &data) => {}
            _ if data.op < Op::JsConst => self.float(inst, &data),
            _ => self.unsupported("an op of the js level reached instruction selection"),
        }
    }

    pub(super) fn copy(&mut self, result: VReg, source: VReg) {
        let mut ops = Ops::new();
        ops.def_tied(result, source);
        self.push(MOp::Copy, ops);
    }

    /// Left and right operand, a constant or foldable load on the right if they may be exchanged.
    fn pair(&self, inst: Inst, commutes: bool) -> (Value, Value) {
        let (left, right) = (self.arg(inst, 0), self.arg(inst, 1));
        let better_right = |value| self.int_const(value).is_some() || self.foldable_load(value).is_some();
        if commutes && better_right(left) && self.int_const(right).is_none() { (right, left) } else { (left, right) }
    }

    fn alu(&mut self, inst: Inst, op: GprOp, ty: Type, commutes: bool) {
        let (left, right) = self.pair(inst, commutes);
        let size = wide_size(ty);
        let result = self.result(inst);
        let left = self.value(left);
        let mut ops = Ops::new();
        ops.def_tied(result, left);
        let src = self.rmi(&mut ops, right, if ty.bytes() >= 4 { size } else { Size::S32 });
        self.push(MOp::Alu(op, size, src), ops);
    }

    /// Addition: `lea` where the left operand lives on, so that it need not be copied.
    fn add(&mut self, inst: Inst, ty: Type) {
        let (left, right) = self.pair(inst, true);
        let lives_on = self.use_count[left] > 1 && self.foldable_load(right).is_none();
        if !lives_on || ty.bytes() < 4 {
            return self.alu(inst, op::add, ty, true);
        }
        let result = self.result(inst);
        let mut ops = Ops::new();
        ops.def(result);
        let left = self.value(left);
        let base = ops.reg(left);
        let mut addr = Addr { base, ..Addr::ZERO };
        match self.imm(right, size_of(ty)) {
            Some(imm) => addr.disp = imm,
            None => {
                let right = self.value(right);
                addr.index = ops.reg(right);
            }
        }
        // The upper half of a 32-bit result is unspecified, so that 64-bit addresses serve both.
        self.push(MOp::Lea(addr), ops);
    }

    fn mul(&mut self, inst: Inst, ty: Type) {
        let (left, right) = self.pair(inst, true);
        let size = wide_size(ty);
        let result = self.result(inst);
        let mut ops = Ops::new();
        if let Some(imm) = self.imm(right, size) {
            if imm > 1 && imm.count_ones() == 1 {
                let left = self.value(left);
                ops.def_tied(result, left);
                return self.push(MOp::ShiftImm(op::shl, size, imm.trailing_zeros() as u8), ops);
            }
            ops.def(result);
            if matches!(imm, 3 | 5 | 9) {
                let left = self.value(left);
                let base = ops.reg(left);
                let scale = (imm - 1).trailing_zeros() as u8;
                let addr = Addr { base, index: base, scale, ..Addr::ZERO };
                return self.push(MOp::Lea(addr), ops);
            }
            if let Some((shift, op)) = near_power(imm) {
                return self.mul_by_shift(result, left, size, shift, op);
            }
            let load_size = if ty.bytes() >= 4 { size } else { Size::S32 };
            let src = self.rm(&mut ops, left, load_size);
            return self.push(MOp::ImulImm(size, src, imm), ops);
        }
        let left = self.value(left);
        ops.def_tied(result, left);
        let src = self.rm(&mut ops, right, size);
        self.push(MOp::Alu(op::imul, size, src), ops);
    }

    /// A shift and a sum or difference: two cycles where `imul` takes three.
    fn mul_by_shift(&mut self, result: VReg, left: Value, size: Size, shift: u8, op: GprOp) {
        let left = self.value(left);
        let shifted = self.new_vreg(if size == Size::S64 { Type::I64 } else { Type::I32 });
        let mut ops = Ops::new();
        ops.def_tied(shifted, left);
        self.push(MOp::ShiftImm(op::shl, size, shift), ops);
        let mut ops = Ops::new();
        ops.def_tied(result, shifted);
        let src = Src::Op(ops.reg_mem(left));
        self.push(MOp::Alu(op, size, src), ops);
    }

    fn mul_high(&mut self, inst: Inst, ty: Type, op: GprOp) {
        let size = size_of(ty);
        let (left, right) = (self.arg(inst, 0), self.arg(inst, 1));
        let result = self.result(inst);
        let low = self.new_vreg(ty);
        let left = self.value(left);
        let right = self.value(right);
        let mut ops = Ops::new();
        ops.push(low, Constraint::Fixed(PReg::int(0)), Role::Def);
        ops.push(result, Constraint::Fixed(PReg::int(2)), Role::Def);
        ops.fixed(left, PReg::int(0));
        let src = Src::Op(ops.reg_mem(right));
        self.push(MOp::MulWide(op, size, src), ops);
    }

    fn unary_tied(&mut self, inst: Inst, op: GprOp, ty: Type) {
        let (result, source) = (self.result(inst), self.arg(inst, 0));
        let source = self.value(source);
        let mut ops = Ops::new();
        ops.def_tied(result, source);
        self.push(MOp::UnaryTied(op, wide_size(ty)), ops);
    }

    /// A value extended to 32 bits if it is narrower; constants likewise.
    pub(super) fn extended(&mut self, value: Value, signed: bool) -> VReg {
        let ty = self.func.value_type(value);
        if ty.bytes() >= 4 || active(Bug::LoweringKeepsHighBits) {
            return self.value(value);
        }
        if let Some(bits) = self.int_const(value) {
            let bits = if signed { bits } else { bits & ty.lane_mask() as i64 };
            return self.imm_reg(Type::I32, bits);
        }
        let result = self.new_vreg(Type::I32);
        self.extend_into(result, value, signed, Size::S32);
        result
    }

    fn extend_into(&mut self, result: VReg, value: Value, signed: bool, to: Size) {
        let from = size_of(self.func.value_type(value));
        let mut ops = Ops::new();
        ops.def(result);
        let src = self.rm(&mut ops, value, from);
        let op = if signed { MOp::Sext(from, to, src) } else { MOp::Zext(from, src) };
        self.push(op, ops);
    }

    fn extend(&mut self, inst: Inst, signed: bool, ty: Type) {
        let (result, source) = (self.result(inst), self.arg(inst, 0));
        if let Some(bits) = self.int_const(source) {
            let mask = self.func.value_type(source).lane_mask() as i64;
            return self.make_int(result, if signed { bits } else { bits & mask });
        }
        self.extend_into(result, source, signed, wide_size(ty));
    }

    fn div(&mut self, inst: Inst, data: &tercel_ir::InstData) {
        let ty = data.ty;
        let signed = matches!(data.op, Op::Sdiv | Op::Srem);
        let rem = matches!(data.op, Op::Srem | Op::Urem);
        let (left, right) = (self.arg(inst, 0), self.arg(inst, 1));
        let (left, right) = (self.extended(left, signed), self.extended(right, signed));
        if ty.bytes() < 4 && data.op == Op::Sdiv {
            // MIN / -1 fits 32 bits: overflow is looked for here, division by zero first as the op says.
            self.narrow_overflow(left, right, ty);
        }
        let value = self.func.result(inst);
        let result = self.vreg(value);
        let other = self.new_vreg(Type::I64);
        let (quotient, remainder) = if rem { (other, result) } else { (result, other) };
        let mut ops = Ops::new();
        let (rax, rdx) = (Constraint::Fixed(PReg::int(0)), Constraint::Fixed(PReg::int(2)));
        ops.push(quotient, rax, Role::Def);
        ops.push(remainder, rdx, Role::EarlyDef);
        ops.fixed(left, PReg::int(0));
        let divisor = ops.reg(right);
        self.push(MOp::Div { size: wide_size(ty), signed, divisor, rem }, ops);
    }

    fn narrow_overflow(&mut self, left: VReg, right: VReg, ty: Type) {
        let min = -1i64 << (ty.bits() - 1);
        let step = |lower: &mut Self, op, source: VReg, src: Result<i32, VReg>| {
            let result = lower.new_vreg(Type::I32);
            let mut ops = Ops::new();
            ops.def_tied(result, source);
            let src = match src {
                Ok(imm) => Src::Imm(imm),
                Err(vreg) => Src::Op(ops.reg_mem(vreg)),
            };
            lower.push(MOp::Alu(op, Size::S32, src), ops);
            result
        };
        let a = step(self, op::xor, left, Ok(min as i32));
        let b = step(self, op::xor, right, Ok(-1));
        let both = step(self, op::or, a, Err(b));
        let mut ops = Ops::new();
        let both = Src::Op(ops.reg(both));
        let flags = Flags::Test(Size::S32, both, both);
        self.push(MOp::TrapIf(flags, Cc::One(Cond::E), TrapCode::Overflow), ops);
    }

    fn min_max(&mut self, inst: Inst, ty: Type, signed: bool, cond: Cond) {
        let (left, right) = (self.arg(inst, 0), self.arg(inst, 1));
        let size = wide_size(ty);
        let result = self.result(inst);
        let (left, right) = (self.extended(left, signed), self.extended(right, signed));
        let mut ops = Ops::new();
        ops.def_tied(result, left);
        let b = ops.reg(right);
        // Operand 1 is the left value in the register of the result.
        let flags = Flags::Cmp(size, Src::Op(1), Src::Op(b));
        self.push(MOp::Cmov(flags, Cc::One(cond), Src::Op(b)), ops);
    }

    fn alu_set(&mut self, inst: Inst, op: GprOp, data: &tercel_ir::InstData) {
        let unsigned = matches!(data.op, Op::UaddOverflow | Op::UsubOverflow);
        let commutes = !matches!(data.op, Op::SsubOverflow | Op::UsubOverflow);
        let size = size_of(data.ty);
        let mut results = self.func.results(inst);
        let (Some(value), Some(flag)) = (results.next(), results.next()) else { return };
        let (result, flag) = (self.vreg(value), self.vreg(flag));
        let (left, right) = self.pair(inst, commutes);
        let left = self.value(left);
        let mut ops = Ops::new();
        ops.def_tied(result, left);
        let set = ops.push(flag, Constraint::Reg, Role::Def);
        let src = self.alu_src(&mut ops, op, right, size);
        let cond = if unsigned { Cond::B } else { Cond::O };
        self.push(MOp::AluFlag(op, size, src, cond, OnFlag::Set(set)), ops);
    }

    /// The right operand; `imul` has no two-operand form with an immediate.
    fn alu_src(&mut self, ops: &mut Ops, op: GprOp, right: Value, size: Size) -> Src {
        if op == op::imul { self.rm(ops, right, size) } else { self.rmi(ops, right, size) }
    }

    fn alu_checked(&mut self, inst: Inst, op: GprOp, data: &tercel_ir::InstData) {
        let commutes = op != op::sub;
        let size = size_of(data.ty);
        let result = self.result(inst);
        let (left, right) = self.pair(inst, commutes);
        let left = self.value(left);
        let mut ops = Ops::new();
        ops.def_tied(result, left);
        let src = self.alu_src(&mut ops, op, right, size);
        let on_flag = match data.frame() {
            Some(frame) => OnFlag::Exit(self.site(&mut ops, Some(frame))),
            None => OnFlag::Trap(data.trap_code()),
        };
        self.push(MOp::AluFlag(op, size, src, Cond::O, on_flag), ops);
    }

    fn shift(&mut self, inst: Inst, by_register: GprOp, by_imm: GprOp, ty: Type, signed: bool) {
        let (value, count) = (self.arg(inst, 0), self.arg(inst, 1));
        let size = wide_size(ty);
        let result = self.result(inst);
        let left_shift = by_imm == op::shl;
        let source = if left_shift { self.value(value) } else { self.extended(value, signed) };
        let mut ops = Ops::new();
        if let Some(count) = self.int_const(count) {
            let count = count as u8 & (ty.bits() - 1) as u8;
            ops.def_tied(result, source);
            return self.push(MOp::ShiftImm(by_imm, size, count), ops);
        }
        let count = self.shift_count(count, ty);
        ops.def(result);
        let src = Src::Op(ops.reg_mem(source));
        let count = ops.reg(count);
        self.push(MOp::ShiftX(by_register, size, src, count), ops);
    }

    /// A count in a register; the hardware takes it modulo 32 or 64, so that narrow types need a mask.
    fn shift_count(&mut self, count: Value, ty: Type) -> VReg {
        let count = self.value(count);
        if ty.bytes() >= 4 {
            return count;
        }
        let masked = self.new_vreg(Type::I32);
        let mut ops = Ops::new();
        ops.def_tied(masked, count);
        self.push(MOp::Alu(op::and, Size::S32, Src::Imm(ty.bits() as i32 - 1)), ops);
        masked
    }

    fn rotate(&mut self, inst: Inst, op: GprOp, ty: Type) {
        let (value, count) = (self.arg(inst, 0), self.arg(inst, 1));
        let size = size_of(ty);
        let result = self.result(inst);
        let source = self.value(value);
        let mut ops = Ops::new();
        if let Some(count) = self.int_const(count) {
            ops.def_tied(result, source);
            return self.push(MOp::ShiftImm(op, size, count as u8 & (ty.bits() - 1) as u8), ops);
        }
        // The hardware takes the count modulo 32 first, which every narrower width divides.
        let count = self.value(count);
        ops.def_tied(result, source);
        ops.fixed(count, PReg::int(1));
        self.push(MOp::ShiftCl(op, size), ops);
    }

    fn count_bits(&mut self, inst: Inst, op: GprOp, ty: Type) {
        let value = self.arg(inst, 0);
        let result = self.result(inst);
        if ty.bytes() >= 4 {
            let size = size_of(ty);
            let mut ops = Ops::new();
            ops.def(result);
            let src = self.rm(&mut ops, value, size);
            return self.push(MOp::Unary(op, size, src), ops);
        }
        let mut source = self.extended(value, false);
        let bits = ty.bits() as i32;
        if op == op::tzcnt {
            // A one above the value makes zero count its width.
            let marked = self.new_vreg(Type::I32);
            let mut ops = Ops::new();
            ops.def_tied(marked, source);
            self.push(MOp::Alu(op::or, Size::S32, Src::Imm(1 << bits)), ops);
            source = marked;
        }
        let counted = if op == op::lzcnt { self.new_vreg(Type::I32) } else { result };
        let mut ops = Ops::new();
        ops.def(counted);
        let src = Src::Op(ops.reg(source));
        self.push(MOp::Unary(op, Size::S32, src), ops);
        if op == op::lzcnt {
            let mut ops = Ops::new();
            ops.def_tied(result, counted);
            self.push(MOp::Alu(op::sub, Size::S32, Src::Imm(32 - bits)), ops);
        }
    }

    fn bswap(&mut self, inst: Inst, ty: Type) {
        let (result, source) = (self.result(inst), self.arg(inst, 0));
        let source = self.value(source);
        let mut ops = Ops::new();
        ops.def_tied(result, source);
        let op = if ty == Type::I16 { MOp::ShiftImm(op::rol, Size::S16, 8) } else { MOp::Bswap(size_of(ty)) };
        self.push(op, ops);
    }

    /// Flags and conditions for "the value is not zero", with a comparison taken in if this is its only use.
    pub(super) fn condition(&mut self, ops: &mut Ops, value: Value) -> (Flags, Cc) {
        if self.use_count[value] == 1 {
            match self.def_op(value) {
                Some((inst, Op::Icmp)) => return self.int_compare(ops, inst),
                Some((inst, Op::Fcmp)) => return self.float_compare(ops, inst),
                Some((inst, Op::Band)) if self.func.value_type(value).is_int() => {
                    return (self.bit_test(ops, inst), Cc::One(Cond::NE));
                }
                _ => {}
            }
        }
        let size = size_of(self.func.value_type(value));
        let vreg = self.value(value);
        let place = Src::Op(ops.reg(vreg));
        (Flags::Test(size, place, place), Cc::One(Cond::NE))
    }

    fn bit_test(&mut self, ops: &mut Ops, band: Inst) -> Flags {
        let (left, right) = self.pair(band, true);
        let size = size_of(self.func.inst(band).ty);
        let a = self.value(left);
        let a = Src::Op(ops.reg(a));
        let b = self.rmi(ops, right, size);
        Flags::Test(size, a, narrow_imm(b, size))
    }

    fn int_compare(&mut self, ops: &mut Ops, inst: Inst) -> (Flags, Cc) {
        let data = *self.func.inst(inst);
        let (mut left, mut right) = (self.arg(inst, 0), self.arg(inst, 1));
        let mut cc = data.int_cc();
        if self.int_const(left).is_some() && self.int_const(right).is_none() {
            (left, right) = (right, left);
            cc = cc.swap();
        }
        let size = size_of(data.ty);
        if self.int_const(right) == Some(0) && matches!(cc, IntCc::Eq | IntCc::Ne) {
            let band = self.def_op(left).filter(|&(_, op)| op == Op::Band && self.use_count[left] == 1);
            if let Some((band, _)) = band {
                return (self.bit_test(ops, band), Cc::One(int_cond(cc)));
            }
        }
        // `test x, x` is shorter than `cmp x, 0` and sets the same flags.
        if self.int_const(right) == Some(0) && self.foldable_load(left).is_none() {
            let vreg = self.value(left);
            let place = Src::Op(ops.reg(vreg));
            return (Flags::Test(size, place, place), Cc::One(int_cond(cc)));
        }
        let a = if self.imm(right, size).is_some() {
            self.rm(ops, left, size)
        } else {
            let vreg = self.value(left);
            Src::Op(ops.reg(vreg))
        };
        let b = self.rmi(ops, right, size);
        (Flags::Cmp(size, a, narrow_imm(b, size)), Cc::One(int_cond(cc)))
    }

    fn float_compare(&mut self, ops: &mut Ops, inst: Inst) -> (Flags, Cc) {
        let data = *self.func.inst(inst);
        let (cc, swap) = float_cond(data.float_cc());
        let (mut left, mut right) = (self.arg(inst, 0), self.arg(inst, 1));
        if swap {
            (left, right) = (right, left);
        }
        let left = self.value(left);
        let a = ops.reg(left);
        let b = self.float_rm(ops, right);
        (Flags::Float(data.ty == Type::F64, a, b), cc)
    }

    fn compare(&mut self, inst: Inst) {
        let result = self.result(inst);
        let mut ops = Ops::new();
        ops.def(result);
        let is_int = self.func.inst(inst).op == Op::Icmp;
        let (flags, cc) = if is_int { self.int_compare(&mut ops, inst) } else { self.float_compare(&mut ops, inst) };
        self.push(MOp::Set(flags, cc), ops);
    }

    fn select(&mut self, inst: Inst, ty: Type) {
        let (condition, then, other) = (self.arg(inst, 0), self.arg(inst, 1), self.arg(inst, 2));
        let result = self.result(inst);
        let (then, other) = (self.value(then), self.value(other));
        let mut ops = Ops::new();
        ops.def_tied(result, then);
        if Class::of(ty) == Class::Float {
            let other = ops.reg(other);
            let (flags, cc) = self.condition(&mut ops, condition);
            return self.push(MOp::FloatSelect(flags, cc, other), ops);
        }
        let other = Src::Op(ops.reg_mem(other));
        let (flags, cc) = self.condition(&mut ops, condition);
        self.push(MOp::Cmov(flags, cc, other), ops);
    }

    fn load(&mut self, inst: Inst, data: &tercel_ir::InstData) {
        let result = self.result(inst);
        let mut ops = Ops::new();
        ops.def(result);
        let addr = self.load_addr(&mut ops, inst);
        let op = match Class::of(data.ty) {
            Class::Int => MOp::Load(size_of(data.ty), addr),
            Class::Float => MOp::LoadVec(float::load_op(data.ty), len_of(data.ty), addr),
        };
        self.push(op, ops);
    }

    fn store(&mut self, inst: Inst, data: &tercel_ir::InstData) {
        let (base, value) = (self.arg(inst, 0), self.arg(inst, 1));
        let mut ops = Ops::new();
        if Class::of(data.ty) == Class::Float {
            let vreg = self.value(value);
            let place = ops.reg(vreg);
            let addr = self.addr(&mut ops, base, data.offset());
            return self.push(MOp::StoreVec(float::store_op(data.ty), len_of(data.ty), addr, place), ops);
        }
        let size = size_of(data.ty);
        let src = match self.imm(value, size) {
            Some(imm) => narrow_imm(Src::Imm(imm), size),
            None => {
                let vreg = self.value(value);
                Src::Op(ops.reg(vreg))
            }
        };
        let addr = self.addr(&mut ops, base, data.offset());
        self.push(MOp::Store(size, addr, src), ops);
    }

    fn lea(&mut self, inst: Inst) {
        let result = self.result(inst);
        let data = *self.func.inst(inst);
        let mut ops = Ops::new();
        ops.def(result);
        if data.op == Op::SlotAddr {
            self.need_frame();
            let addr = Addr { origin: Origin::Slot, number: data.slot().as_u32(), ..Addr::ZERO };
            return self.push(MOp::Lea(addr), ops);
        }
        // The address of the result itself, with what leads to it folded.
        let value = self.func.result(inst);
        let addr = self.addr(&mut ops, value, 0);
        if addr.origin == Origin::None && addr.base != NO && ops[addr.base as usize].vreg == result {
            // Folding failed for the displacement: take the operands as they are.
            return self.plain_lea(inst, &data);
        }
        self.push(MOp::Lea(addr), ops);
    }

    fn plain_lea(&mut self, inst: Inst, data: &tercel_ir::InstData) {
        let (result, base) = (self.result(inst), self.arg(inst, 0));
        let mut ops = Ops::new();
        ops.def(result);
        let base = self.value(base);
        let mut addr = Addr { base: ops.reg(base), disp: data.offset(), ..Addr::ZERO };
        if data.op == Op::PtrIndex {
            let index = self.arg(inst, 1);
            let index = self.value(index);
            addr.index = ops.reg(index);
            addr.scale = data.aux as u8 & 3;
        }
        self.push(MOp::Lea(addr), ops);
    }
}

/// An immediate of a narrow instruction, in the range that the assembler takes.
pub(super) fn narrow_imm(src: Src, size: Size) -> Src {
    match (src, size) {
        (Src::Imm(imm), Size::S8) => Src::Imm(imm as i8 as i32),
        (Src::Imm(imm), Size::S16) => Src::Imm(imm as i16 as i32),
        _ => src,
    }
}
