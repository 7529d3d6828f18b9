//! Scalar floats and conversions. Lanes above the first are unspecified.

use super::*;
use tercel_asm::x64::inst::VecOp;
use tercel_asm::x64::op;
use tercel_ir::InstData;

const L128: VecLen = VecLen::L128;

/// The load of a float or vector.
pub(super) fn load_op(ty: Type) -> VecOp {
    match ty {
        Type::F32 => op::vmovss,
        Type::F64 => op::vmovsd,
        _ => op::vmovups,
    }
}

/// The store of a float or vector.
pub(super) fn store_op(ty: Type) -> VecOp {
    match ty {
        Type::F32 => op::vmovss_store,
        Type::F64 => op::vmovsd_store,
        _ => op::vmovups_store,
    }
}

/// What `vroundsd` does: the rounding mode, with inexact results not reported.
const ROUND_NEAREST: u8 = 8;
const ROUND_DOWN: u8 = 9;
const ROUND_UP: u8 = 10;
const ROUND_TO_ZERO: u8 = 11;

impl Lower<'_> {
    /// A float in a register or memory.
    pub(super) fn float_rm(&mut self, ops: &mut Ops, value: Value) -> Src {
        if let Some(load) = self.foldable_load(value) {
            return Src::Mem(self.load_addr(ops, load));
        }
        if let Some((inst, Op::Fconst)) = self.def_op(value) {
            let data = self.func.inst(inst);
            let bits = (data.imm as u64).to_le_bytes();
            let bytes = data.ty.bytes() as usize;
            return Src::Mem(self.pool(&bits[..bytes]));
        }
        let vreg = self.value(value);
        Src::Op(ops.reg_mem(vreg))
    }

    pub(super) fn float(&mut self, inst: Inst, data: &InstData) {
        let double = data.ty == Type::F64;
        let pick = |single: VecOp, for_double: VecOp| if double { for_double } else { single };
        match data.op {
            Op::Fadd => self.float_binary(inst, pick(op::vaddss, op::vaddsd), true),
            Op::Fsub => self.float_binary(inst, pick(op::vsubss, op::vsubsd), false),
            Op::Fmul => self.float_binary(inst, pick(op::vmulss, op::vmulsd), true),
            Op::Fdiv => self.float_binary(inst, pick(op::vdivss, op::vdivsd), false),
            Op::Fsqrt => self.float_unary(inst, pick(op::vsqrtss, op::vsqrtsd)),
            Op::Fpromote => self.float_unary(inst, op::vcvtss2sd),
            Op::Fdemote => self.float_unary(inst, op::vcvtsd2ss),
            Op::Ffloor => self.round(inst, double, ROUND_DOWN),
            Op::Fceil => self.round(inst, double, ROUND_UP),
            Op::Ftrunc => self.round(inst, double, ROUND_TO_ZERO),
            Op::Fnearest => self.round(inst, double, ROUND_NEAREST),
            Op::FroundJs => self.round_js(inst, data.ty),
            Op::Fneg => self.sign_op(inst, op::vxorps, data.ty, false),
            Op::Fabs => self.sign_op(inst, op::vandps, data.ty, true),
            Op::Fcopysign => {
                let (to, from) = (self.arg(inst, 0), self.arg(inst, 1));
                let (to, from, result) = (self.value(to), self.value(from), self.result(inst));
                self.copy_sign(result, to, from, data.ty);
            }
            Op::FminJs | Op::FmaxJs => {
                let (a, b) = (self.arg(inst, 0), self.arg(inst, 1));
                let (a, b, result) = (self.value(a), self.value(b), self.result(inst));
                self.min_max_js(result, a, b, data.ty, data.op == Op::FminJs);
            }
            Op::FminNum | Op::FmaxNum => self.min_max_num(inst, data),
            Op::Fcanon => {
                let source = self.arg(inst, 0);
                let (source, result) = (self.value(source), self.result(inst));
                self.canonical(result, source, data.ty);
            }
            Op::Bitcast => self.bitcast(inst, data.ty),
            Op::SintToFloat => self.int_to_float(inst, double),
            Op::UintToFloat => self.uint_to_float(inst, double),
            Op::FloatToSintSat => self.float_to_int(inst, Convert::SintSat, data.ty),
            Op::FloatToUintSat => self.float_to_int(inst, Convert::UintSat, data.ty),
            Op::FloatToSintTrap => self.float_to_int(inst, Convert::SintTrap, data.ty),
            Op::FloatToInt32Wrap => self.float_to_int(inst, Convert::Wrap, data.ty),
            _ => self.unsupported("an op without instruction selection"),
        }
    }

    fn float_binary(&mut self, inst: Inst, op: VecOp, commutes: bool) {
        let (mut left, mut right) = (self.arg(inst, 0), self.arg(inst, 1));
        let is_constant = |value| matches!(self.def_op(value), Some((_, Op::Fconst)));
        if commutes && (is_constant(left) || self.foldable_load(left).is_some()) && !is_constant(right) {
            (left, right) = (right, left);
        }
        let result = self.result(inst);
        let mut ops = Ops::new();
        ops.def(result);
        let left = self.value(left);
        let a = ops.reg(left);
        let src = self.float_rm(&mut ops, right);
        self.push(MOp::Rvm(op, L128, a, src), ops);
    }

    /// An op on one operand, whose instruction takes the upper lanes from another register: the same one, so that it waits
    /// for nothing else.
    fn float_unary(&mut self, inst: Inst, op: VecOp) {
        let (result, source) = (self.result(inst), self.arg(inst, 0));
        let source = self.value(source);
        let mut ops = Ops::new();
        ops.def(result);
        let a = ops.reg(source);
        self.push(MOp::Rvm(op, L128, a, Src::Op(a)), ops);
    }

    fn round(&mut self, inst: Inst, double: bool, mode: u8) {
        let (result, source) = (self.result(inst), self.arg(inst, 0));
        let source = self.value(source);
        self.round_into(result, source, double, mode);
    }

    fn round_into(&mut self, result: VReg, source: VReg, double: bool, mode: u8) {
        let op = if double { op::vroundsd } else { op::vroundss };
        let mut ops = Ops::new();
        ops.def(result);
        let a = ops.reg(source);
        self.push(MOp::Rvmi(op, L128, a, Src::Op(a), mode), ops);
    }

    /// Appends `result = a ∘ src`.
    pub(super) fn rvm(&mut self, op: VecOp, len: VecLen, result: VReg, a: VReg, src: Result<Addr, VReg>) {
        let mut ops = Ops::new();
        ops.def(result);
        let a = ops.reg(a);
        let src = match src {
            Ok(addr) => Src::Mem(addr),
            Err(vreg) => Src::Op(ops.reg_mem(vreg)),
        };
        self.push(MOp::Rvm(op, len, a, src), ops);
    }

    /// The same with an immediate.
    pub(super) fn rvmi(&mut self, op: VecOp, len: VecLen, result: VReg, a: VReg, src: Result<Addr, VReg>, imm: u8) {
        let mut ops = Ops::new();
        ops.def(result);
        let a = ops.reg(a);
        let src = match src {
            Ok(addr) => Src::Mem(addr),
            Err(vreg) => Src::Op(ops.reg_mem(vreg)),
        };
        self.push(MOp::Rvmi(op, len, a, src, imm), ops);
    }

    /// A constant with the same lane over all of a vector (16 bytes for scalars).
    pub(super) fn lanes(&mut self, ty: Type, lane_bits: u64) -> Addr {
        let total = ty.bytes().max(16) as usize;
        self.pool_lanes(lane_bits, ty.lane_bits() as usize / 8, total)
    }

    fn sign_bit(ty: Type) -> u64 {
        1 << (ty.lane_bits() - 1)
    }

    pub(super) fn sign_op(&mut self, inst: Inst, op: VecOp, ty: Type, clear: bool) {
        let sign = Self::sign_bit(ty);
        let mask = self.lanes(ty, if clear { !sign } else { sign });
        let (result, source) = (self.result(inst), self.arg(inst, 0));
        let source = self.value(source);
        self.rvm(op, len_of(ty), result, source, Ok(mask));
    }

    fn copy_sign(&mut self, result: VReg, to: VReg, from: VReg, ty: Type) {
        let sign = Self::sign_bit(ty);
        let (only_sign, rest) = (self.lanes(ty, sign), self.lanes(ty, !sign));
        let (a, b) = (self.new_vreg(ty), self.new_vreg(ty));
        self.rvm(op::vandps, L128, a, to, Ok(rest));
        self.rvm(op::vandps, L128, b, from, Ok(only_sign));
        self.rvm(op::vorps, L128, result, a, Err(b));
    }

    /// `floor(x)`, plus one if that is at least a half below x, with the sign of x.
    fn round_js(&mut self, inst: Inst, ty: Type) {
        let double = ty == Type::F64;
        let source = self.arg(inst, 0);
        let (source, result) = (self.value(source), self.result(inst));
        let bits = |value: f64| if double { value.to_bits() } else { (value as f32).to_bits() as u64 };
        let (half, one) = (self.lanes(ty, bits(0.5)), self.lanes(ty, bits(1.0)));
        let [floor, rest, step, sum] = std::array::from_fn(|_| self.new_vreg(ty));
        let pick = |single: VecOp, for_double: VecOp| if double { for_double } else { single };
        self.round_into(floor, source, double, ROUND_DOWN);
        self.rvm(pick(op::vsubss, op::vsubsd), L128, rest, source, Err(floor));
        // Not less than: true for NaN too, which the addition then keeps.
        let mask = self.new_vreg(ty);
        self.rvmi(pick(op::vcmpps, op::vcmppd), L128, mask, rest, Ok(half), 5);
        self.rvm(op::vandps, L128, step, mask, Ok(one));
        self.rvm(pick(op::vaddss, op::vaddsd), L128, sum, floor, Err(step));
        self.copy_sign(result, sum, source, ty);
    }

    /// Minimum and maximum of JavaScript, on scalars and vectors, without a branch.
    ///
    /// The instruction returns its second operand if an operand is NaN or both are zero; so both orders are taken. For the
    /// minimum, or-ing both keeps a NaN a NaN (its exponent is all ones) and makes -0 of zeros of both signs. For the
    /// maximum, and-ing makes +0 of these, and a NaN is put in by a mask.
    pub(super) fn min_max_js(&mut self, result: VReg, a: VReg, b: VReg, ty: Type, min: bool) {
        let len = len_of(ty);
        let double = ty.lane() == Type::F64;
        let pick = |single: VecOp, for_double: VecOp| if double { for_double } else { single };
        let op = match (min, ty.is_vector()) {
            (true, false) => pick(op::vminss, op::vminsd),
            (true, true) => pick(op::vminps, op::vminpd),
            (false, false) => pick(op::vmaxss, op::vmaxsd),
            (false, true) => pick(op::vmaxps, op::vmaxpd),
        };
        let [x, y] = std::array::from_fn(|_| self.new_vreg(ty));
        self.rvm(op, len, x, a, Err(b));
        self.rvm(op, len, y, b, Err(a));
        if min {
            return self.rvm(op::vorps, len, result, x, Err(y));
        }
        let [both, unordered] = std::array::from_fn(|_| self.new_vreg(ty));
        self.rvm(op::vandps, len, both, x, Err(y));
        self.float_mask(unordered, a, b, ty, 3);
        self.rvm(op::vorps, len, result, both, Err(unordered));
    }

    fn min_max_num(&mut self, inst: Inst, data: &InstData) {
        let ty = data.ty;
        let (a, b) = (self.arg(inst, 0), self.arg(inst, 1));
        let (a, b, result) = (self.value(a), self.value(b), self.result(inst));
        let [js, no_a, no_b, first] = std::array::from_fn(|_| self.new_vreg(ty));
        self.min_max_js(js, a, b, ty, data.op == Op::FminNum);
        self.float_mask(no_a, a, a, ty, 3);
        self.float_mask(no_b, b, b, ty, 3);
        self.blend(first, js, b, no_a, ty);
        self.blend(result, first, a, no_b, ty);
    }

    pub(super) fn canonical(&mut self, result: VReg, source: VReg, ty: Type) {
        let nan = if ty.lane() == Type::F64 { f64::NAN.to_bits() } else { f32::NAN.to_bits() as u64 };
        let nan = self.lanes(ty, nan);
        let [mask, constant] = std::array::from_fn(|_| self.new_vreg(ty));
        self.float_mask(mask, source, source, ty, 3);
        let mut ops = Ops::new();
        ops.def(constant);
        self.push(MOp::LoadVec(op::vmovups, len_of(ty), nan), ops);
        self.blend(result, source, constant, mask, ty);
    }

    fn bitcast(&mut self, inst: Inst, ty: Type) {
        let (result, value) = (self.result(inst), self.arg(inst, 0));
        let from = self.func.value_type(value);
        if Class::of(from) == Class::of(ty) {
            let source = self.value(value);
            return self.copy(result, source);
        }
        let wide = ty.bytes() == 8;
        let mut ops = Ops::new();
        ops.def(result);
        let source = self.value(value);
        let source = ops.reg(source);
        let op = if Class::of(ty) == Class::Float {
            MOp::FromInt(if wide { op::vmovq_from_gpr } else { op::vmovd }, Src::Op(source))
        } else {
            MOp::ToInt(if wide { op::vmovq_to_gpr } else { op::vmovd_to_gpr }, source)
        };
        self.push(op, ops);
    }

    fn int_to_float(&mut self, inst: Inst, double: bool) {
        let (result, value) = (self.result(inst), self.arg(inst, 0));
        let size = size_of(self.func.value_type(value));
        let mut ops = Ops::new();
        ops.def(result);
        let src = self.rm(&mut ops, value, size);
        let op = if double { op::vcvtsi2sd } else { op::vcvtsi2ss };
        self.push(MOp::IntToFloat(op, size, src), ops);
    }

    fn uint_to_float(&mut self, inst: Inst, double: bool) {
        let (result, value) = (self.result(inst), self.arg(inst, 0));
        if self.func.value_type(value) == Type::I32 {
            let wide = self.new_vreg(Type::I64);
            self.extend_u32(wide, value);
            let mut ops = Ops::new();
            ops.def(result);
            let src = Src::Op(ops.reg(wide));
            let op = if double { op::vcvtsi2sd } else { op::vcvtsi2ss };
            return self.push(MOp::IntToFloat(op, Size::S64, src), ops);
        }
        let source = self.value(value);
        let mut ops = Ops::new();
        ops.def(result);
        ops.reg(source);
        let temp = self.new_vreg(Type::I64);
        ops.temp(temp);
        self.push(MOp::Uint64ToFloat(double), ops);
    }

    pub(super) fn extend_u32(&mut self, result: VReg, value: Value) {
        let mut ops = Ops::new();
        ops.def(result);
        let source = self.value(value);
        let src = Src::Op(ops.reg_mem(source));
        self.push(MOp::Zext(Size::S32, src), ops);
    }

    fn float_to_int(&mut self, inst: Inst, convert: Convert, ty: Type) {
        let (result, value) = (self.result(inst), self.arg(inst, 0));
        let double = self.func.value_type(value) == Type::F64;
        let source = self.value(value);
        let mut ops = Ops::new();
        // The operand is looked at again where the fast conversion fails.
        ops.push(result, Constraint::Reg, Role::EarlyDef);
        ops.reg(source);
        self.push(MOp::FloatToInt(convert, double, size_of(ty)), ops);
    }
}
