//! Vector ops: a table of instructions by lane, and expansions where the hardware has none.
//!
//! 128 and 256 bits use AVX2, 512 bits AVX-512 (F, BW, DQ, VL). Comparisons of 512 bits go through a mask register, which
//! does not outlive the instruction: to the rest of the compiler all masks are lanes of ones and zeros.

use super::*;
use tercel_asm::x64::inst::VecOp;
use tercel_asm::x64::op;
use tercel_ir::{FloatCc, InstData, IntCc, ReduceOp};

const L128: VecLen = VecLen::L128;
const L256: VecLen = VecLen::L256;
const L512: VecLen = VecLen::L512;

/// AVX-512 as 512-bit vectors need it.
const WIDE: CpuFeatures =
    CpuFeatures::AVX512F.with(CpuFeatures::AVX512BW).with(CpuFeatures::AVX512DQ).with(CpuFeatures::AVX512VL);

/// Rows by lane width: 8, 16, 32, 64 bits.
fn by_lane(ty: Type, row: [VecOp; 4]) -> VecOp {
    row[match ty.lane_bits() {
        8 => 0,
        16 => 1,
        32 => 2,
        _ => 3,
    }]
}

fn by_float(ty: Type, single: VecOp, double: VecOp) -> VecOp {
    if ty.lane_bits() == 64 { double } else { single }
}

/// The instruction of a lane-wise op, if there is one. Bitwise ops are the float ones: these exist at every length.
fn direct(op: Op, ty: Type) -> Option<VecOp> {
    let narrow = ty.lane_bits() < 64;
    Some(match op {
        Op::Iadd => by_lane(ty, [op::vpaddb, op::vpaddw, op::vpaddd, op::vpaddq]),
        Op::Isub => by_lane(ty, [op::vpsubb, op::vpsubw, op::vpsubd, op::vpsubq]),
        Op::Imul if ty.lane_bits() == 16 => op::vpmullw,
        Op::Imul if ty.lane_bits() == 32 => op::vpmulld,
        Op::Smin if narrow => by_lane(ty, [op::vpminsb, op::vpminsw, op::vpminsd, op::vpminsd]),
        Op::Smax if narrow => by_lane(ty, [op::vpmaxsb, op::vpmaxsw, op::vpmaxsd, op::vpmaxsd]),
        Op::Umin if narrow => by_lane(ty, [op::vpminub, op::vpminuw, op::vpminud, op::vpminud]),
        Op::Umax if narrow => by_lane(ty, [op::vpmaxub, op::vpmaxuw, op::vpmaxud, op::vpmaxud]),
        Op::Band => op::vandps,
        Op::Bor => op::vorps,
        Op::Bxor => op::vxorps,
        Op::Fadd => by_float(ty, op::vaddps, op::vaddpd),
        Op::Fsub => by_float(ty, op::vsubps, op::vsubpd),
        Op::Fmul => by_float(ty, op::vmulps, op::vmulpd),
        Op::Fdiv => by_float(ty, op::vdivps, op::vdivpd),
        _ => return None,
    })
}

/// The predicate of `vcmpps` for a comparison.
fn float_predicate(cc: FloatCc) -> u8 {
    match cc {
        FloatCc::Eq => 0,
        FloatCc::Ne => 4,
        FloatCc::Lt => 1,
        FloatCc::Le => 2,
        FloatCc::Gt => 0x0e,
        FloatCc::Ge => 0x0d,
        FloatCc::Ult => 9,
        FloatCc::Ule => 0x0a,
        FloatCc::Ugt => 6,
        FloatCc::Uge => 5,
        FloatCc::Ord => 7,
        FloatCc::Uno => 3,
    }
}

impl Lower<'_> {
    pub(super) fn vector(&mut self, inst: Inst, data: &InstData) {
        let ty = data.ty;
        if ty.bits() == 512 && !self.cpu.has(WIDE) {
            return self.fail(CodegenError::Cpu("AVX-512 (F, BW, DQ, VL)"));
        }
        if let Some(op) = direct(data.op, ty) {
            let (a, b) = (self.arg(inst, 0), self.arg(inst, 1));
            let result = self.result(inst);
            let mut ops = Ops::new();
            ops.def(result);
            let a = self.value(a);
            let a = ops.reg(a);
            let src = self.vector_rm(&mut ops, b);
            return self.push(MOp::Rvm(op, len_of(ty), a, src), ops);
        }
        match data.op {
            Op::Imul => self.mul_i64(inst, ty),
            Op::Bnot => {
                let ones = self.lanes(ty, u64::MAX);
                let source = self.arg(inst, 0);
                let (source, result) = (self.value(source), self.result(inst));
                self.rvm(op::vxorps, len_of(ty), result, source, Ok(ones));
            }
            Op::Fneg => self.sign_op(inst, op::vxorps, ty, false),
            Op::Fabs => self.sign_op(inst, op::vandps, ty, true),
            Op::Fsqrt => {
                let source = self.arg(inst, 0);
                let (source, result) = (self.value(source), self.result(inst));
                let mut ops = Ops::new();
                ops.def(result);
                let src = Src::Op(ops.reg_mem(source));
                self.push(MOp::Rm(by_float(ty, op::vsqrtps, op::vsqrtpd), len_of(ty), src), ops);
            }
            Op::FminJs | Op::FmaxJs => {
                let (a, b) = (self.arg(inst, 0), self.arg(inst, 1));
                let (a, b, result) = (self.value(a), self.value(b), self.result(inst));
                self.min_max_js(result, a, b, ty, data.op == Op::FminJs);
            }
            Op::Fcanon => {
                let source = self.arg(inst, 0);
                let (source, result) = (self.value(source), self.result(inst));
                self.canonical(result, source, ty);
            }
            Op::Splat => self.splat(inst, ty),
            Op::Extract => {
                let source = self.arg(inst, 0);
                let (source, result) = (self.value(source), self.result(inst));
                self.extract(result, source, ty, data.imm as u32);
            }
            Op::Insert => self.insert(inst, ty, data.imm as u32),
            Op::Vicmp => {
                let (a, b) = (self.arg(inst, 0), self.arg(inst, 1));
                let (a, b, result) = (self.value(a), self.value(b), self.result(inst));
                self.int_mask(result, a, b, ty, data.int_cc());
            }
            Op::Vfcmp => {
                let (a, b) = (self.arg(inst, 0), self.arg(inst, 1));
                let (a, b, result) = (self.value(a), self.value(b), self.result(inst));
                self.float_mask(result, a, b, ty, float_predicate(data.float_cc()));
            }
            Op::Vblend => {
                let (mask, b, a) = (self.arg(inst, 0), self.arg(inst, 1), self.arg(inst, 2));
                let (mask, b, a, result) = (self.value(mask), self.value(b), self.value(a), self.result(inst));
                self.blend(result, a, b, mask, ty);
            }
            Op::Vshl => self.vector_shift(
                inst,
                ty,
                [op::vpsllw_imm, op::vpslld_imm, op::vpsllq_imm],
                [op::vpsllw, op::vpslld, op::vpsllq],
            ),
            Op::Vushr => self.vector_shift(
                inst,
                ty,
                [op::vpsrlw_imm, op::vpsrld_imm, op::vpsrlq_imm],
                [op::vpsrlw, op::vpsrld, op::vpsrlq],
            ),
            Op::Vsshr => self.vector_shift(
                inst,
                ty,
                [op::vpsraw_imm, op::vpsrad_imm, op::vpsrad_imm],
                [op::vpsraw, op::vpsrad, op::vpsrad],
            ),
            Op::Vreduce => self.reduce(inst, ty, data.reduce_op()),
            Op::VmaskBits => self.mask_bits(inst, ty),
            _ => self.unsupported("a vector op without instruction selection"),
        }
    }

    /// A vector in a register or memory.
    fn vector_rm(&mut self, ops: &mut Ops, value: Value) -> Src {
        if let Some(load) = self.foldable_load(value) {
            return Src::Mem(self.load_addr(ops, load));
        }
        let vreg = self.value(value);
        Src::Op(ops.reg_mem(vreg))
    }

    fn shift_by(&mut self, op: VecOp, len: VecLen, result: VReg, source: VReg, count: u8) {
        let mut ops = Ops::new();
        ops.def(result);
        let a = ops.reg(source);
        self.push(MOp::Vmi(op, len, a, count), ops);
    }

    /// 64-bit products, where the processor has no instruction: three 32-bit ones.
    fn mul_i64(&mut self, inst: Inst, ty: Type) {
        let len = len_of(ty);
        let (a, b) = (self.arg(inst, 0), self.arg(inst, 1));
        let (a, b, result) = (self.value(a), self.value(b), self.result(inst));
        if self.cpu.has(WIDE) {
            return self.rvm(op::vpmullq, len, result, a, Err(b));
        }
        let [high_a, high_b, x, y, cross, up, low] = std::array::from_fn(|_| self.new_vreg(ty));
        self.shift_by(op::vpsrlq_imm, len, high_a, a, 32);
        self.shift_by(op::vpsrlq_imm, len, high_b, b, 32);
        self.rvm(op::vpmuludq, len, x, high_a, Err(b));
        self.rvm(op::vpmuludq, len, y, a, Err(high_b));
        self.rvm(op::vpaddq, len, cross, x, Err(y));
        self.shift_by(op::vpsllq_imm, len, up, cross, 32);
        self.rvm(op::vpmuludq, len, low, a, Err(b));
        self.rvm(op::vpaddq, len, result, low, Err(up));
    }

    /// Lanes of ones where a float comparison holds.
    pub(super) fn float_mask(&mut self, result: VReg, a: VReg, b: VReg, ty: Type, predicate: u8) {
        if ty.bits() == 512 {
            let compare = by_float(ty, op::vcmpps_k, op::vcmppd_k);
            let lanes = by_float(ty, op::vpmovm2d, op::vpmovm2q);
            return self.mask_compare(compare, lanes, result, a, b, predicate);
        }
        let op = by_float(ty, op::vcmpps, op::vcmppd);
        self.rvmi(op, len_of(ty), result, a, Err(b), predicate);
    }

    fn mask_compare(&mut self, compare: VecOp, lanes: VecOp, result: VReg, a: VReg, b: VReg, predicate: u8) {
        let mut ops = Ops::new();
        ops.def(result);
        let a = ops.reg(a);
        let b = Src::Op(ops.reg_mem(b));
        self.push(MOp::MaskCompare(compare, lanes, a, b, predicate), ops);
    }

    /// Lanes of ones where an integer comparison holds.
    fn int_mask(&mut self, result: VReg, a: VReg, b: VReg, ty: Type, cc: IntCc) {
        use IntCc::*;
        let len = len_of(ty);
        let unsigned = matches!(cc, Ult | Ule | Ugt | Uge);
        if len == L512 {
            let compare = if unsigned {
                by_lane(ty, [op::vpcmpub, op::vpcmpuw, op::vpcmpud, op::vpcmpuq])
            } else {
                by_lane(ty, [op::vpcmpb, op::vpcmpw, op::vpcmpd, op::vpcmpq])
            };
            let lanes = by_lane(ty, [op::vpmovm2b, op::vpmovm2w, op::vpmovm2d, op::vpmovm2q]);
            let predicate = match cc {
                Eq => 0,
                Slt | Ult => 1,
                Sle | Ule => 2,
                Ne => 4,
                Sge | Uge => 5,
                Sgt | Ugt => 6,
            };
            return self.mask_compare(compare, lanes, result, a, b, predicate);
        }
        let (mut a, mut b) = (a, b);
        if unsigned {
            // Flipping the sign bits maps the unsigned order to the signed one.
            let flip = self.lanes(ty, 1 << (ty.lane_bits() - 1));
            let [x, y] = std::array::from_fn(|_| self.new_vreg(ty));
            self.rvm(op::vxorps, len, x, a, Ok(flip));
            self.rvm(op::vxorps, len, y, b, Ok(flip));
            (a, b) = (x, y);
        }
        let equal = by_lane(ty, [op::vpcmpeqb, op::vpcmpeqw, op::vpcmpeqd, op::vpcmpeqq]);
        let greater = by_lane(ty, [op::vpcmpgtb, op::vpcmpgtw, op::vpcmpgtd, op::vpcmpgtq]);
        let (op, a, b, negate) = match cc {
            Eq => (equal, a, b, false),
            Ne => (equal, a, b, true),
            Sgt | Ugt => (greater, a, b, false),
            Sle | Ule => (greater, a, b, true),
            Slt | Ult => (greater, b, a, false),
            Sge | Uge => (greater, b, a, true),
        };
        if !negate {
            return self.rvm(op, len, result, a, Err(b));
        }
        let mask = self.new_vreg(ty);
        let ones = self.lanes(ty, u64::MAX);
        self.rvm(op, len, mask, a, Err(b));
        self.rvm(op::vxorps, len, result, mask, Ok(ones));
    }

    /// Lanes of `b` where the mask's top bits are set, of `a` elsewhere.
    pub(super) fn blend(&mut self, result: VReg, a: VReg, b: VReg, mask: VReg, ty: Type) {
        let len = len_of(ty);
        if len == L512 {
            let bits = by_lane(ty, [op::vpmovb2m, op::vpmovw2m, op::vpmovd2m, op::vpmovq2m]);
            let blend = by_lane(ty, [op::vpblendmb, op::vpblendmw, op::vpblendmd, op::vpblendmq]);
            let mut ops = Ops::new();
            ops.def(result);
            let (a, b, mask) = (ops.reg(a), ops.reg(b), ops.reg(mask));
            return self.push(MOp::MaskBlend { bits, blend, a, b, mask }, ops);
        }
        let mut mask = mask;
        if ty.lane_bits() == 16 {
            // There is no blend of 16-bit lanes by a vector: spread the top bit over both bytes.
            let spread = self.new_vreg(ty.mask());
            self.shift_by(op::vpsraw_imm, len, spread, mask, 15);
            mask = spread;
        }
        let op = by_lane(ty, [op::vpblendvb, op::vpblendvb, op::vblendvps, op::vblendvpd]);
        let mut ops = Ops::new();
        ops.def(result);
        let (a, b, mask) = (ops.reg(a), ops.reg(b), ops.reg(mask));
        self.push(MOp::Rvmr { op, len, a, b, mask }, ops);
    }

    fn splat(&mut self, inst: Inst, ty: Type) {
        let source = self.arg(inst, 0);
        let (source, result) = (self.value(source), self.result(inst));
        let len = len_of(ty);
        let first = if ty.has_float_lanes() { source } else { self.to_vector(source, ty) };
        let op = match (ty.lane_bits(), ty.has_float_lanes()) {
            (32, true) => op::vbroadcastss,
            // 128 bits have no `vbroadcastsd`; the integer instruction has all lengths.
            (64, true) => op::vpbroadcastq,
            _ => by_lane(ty, [op::vpbroadcastb, op::vpbroadcastw, op::vpbroadcastd, op::vpbroadcastq]),
        };
        let mut ops = Ops::new();
        ops.def(result);
        let src = Src::Op(ops.reg(first));
        self.push(MOp::Rm(op, len, src), ops);
    }

    /// An integer in the low lane of a vector register.
    fn to_vector(&mut self, source: VReg, ty: Type) -> VReg {
        let wide = ty.lane_bits() == 64;
        let result = self.new_vreg(if wide { Type::F64 } else { Type::F32 });
        let mut ops = Ops::new();
        ops.def(result);
        let src = Src::Op(ops.reg(source));
        self.push(MOp::FromInt(if wide { op::vmovq_from_gpr } else { op::vmovd }, src), ops);
        result
    }

    fn i128_type(ty: Type) -> Type {
        ty.lane().vector(128).unwrap_or(ty)
    }

    /// The 128 bits that hold a lane, and the lane's number in them.
    fn part_of(&mut self, source: VReg, ty: Type, lane: u32) -> (VReg, u32) {
        let per_part = 128 / ty.lane_bits();
        let part = lane / per_part;
        if ty.bits() == 128 || part == 0 {
            return (source, lane % per_part);
        }
        let result = self.new_vreg(Self::i128_type(ty));
        let (op, len) = if ty.bits() == 512 { (op::vextracti32x4, L512) } else { (op::vextracti128, L256) };
        let mut ops = Ops::new();
        ops.def(result);
        let a = ops.reg(source);
        self.push(MOp::Part(op, len, a, part as u8), ops);
        (result, lane % per_part)
    }

    fn extract(&mut self, result: VReg, source: VReg, ty: Type, lane: u32) {
        let (source, lane) = self.part_of(source, ty, lane);
        let lane = lane as u8;
        let mut ops = Ops::new();
        if ty.has_float_lanes() {
            if lane == 0 {
                return self.copy(result, source);
            }
            return self.shift_by(op::vpsrldq, L128, result, source, lane * (ty.lane_bits() / 8) as u8);
        }
        ops.def(result);
        let src = ops.reg(source);
        let inst = match ty.lane_bits() {
            8 => MOp::ToIntLane(op::vpextrb, src, lane),
            16 => MOp::ToIntLaneW(op::vpextrw, src, lane),
            32 if lane == 0 => MOp::ToInt(op::vmovd_to_gpr, src),
            32 => MOp::ToIntLane(op::vpextrd, src, lane),
            _ if lane == 0 => MOp::ToInt(op::vmovq_to_gpr, src),
            _ => MOp::ToIntLane(op::vpextrq, src, lane),
        };
        self.push(inst, ops);
    }

    fn insert(&mut self, inst: Inst, ty: Type, lane: u32) {
        let (whole, value) = (self.arg(inst, 0), self.arg(inst, 1));
        let (whole, value, result) = (self.value(whole), self.value(value), self.result(inst));
        let (part, in_part) = self.part_of(whole, ty, lane);
        let narrow = Self::i128_type(ty);
        let changed = if ty.bits() == 128 { result } else { self.new_vreg(narrow) };
        if ty.has_float_lanes() {
            match (ty.lane_bits(), in_part) {
                (32, lane) => self.rvmi(op::vinsertps, L128, changed, part, Err(value), (lane as u8) << 4),
                (_, 0) => {
                    let mut ops = Ops::new();
                    ops.def(changed);
                    let (a, b) = (ops.reg(part), ops.reg(value));
                    self.push(MOp::Rvm(op::vmovsd_merge, L128, a, Src::Op(b)), ops);
                }
                _ => {
                    let mut ops = Ops::new();
                    ops.def(changed);
                    let (a, b) = (ops.reg(part), ops.reg(value));
                    self.push(MOp::Rvm(op::vunpcklpd, L128, a, Src::Op(b)), ops);
                }
            }
        } else {
            let op = by_lane(ty, [op::vpinsrb, op::vpinsrw, op::vpinsrd, op::vpinsrq]);
            let mut ops = Ops::new();
            ops.def(changed);
            let a = ops.reg(part);
            let src = Src::Op(ops.reg(value));
            self.push(MOp::InsertInt(op, a, src, in_part as u8), ops);
        }
        if ty.bits() == 128 {
            return;
        }
        let number = (lane / (128 / ty.lane_bits())) as u8;
        let (op, len) = if ty.bits() == 512 { (op::vinserti32x4, L512) } else { (op::vinserti128, L256) };
        let mut ops = Ops::new();
        ops.def(result);
        let (a, b) = (ops.reg(whole), ops.reg(changed));
        self.push(MOp::Rvmi(op, len, a, Src::Op(b), number), ops);
    }

    fn vector_shift(&mut self, inst: Inst, ty: Type, by_imm: [VecOp; 3], by_vector: [VecOp; 3]) {
        let row = match ty.lane_bits() {
            16 => 0,
            32 => 1,
            _ => 2,
        };
        let len = len_of(ty);
        let (source, count) = (self.arg(inst, 0), self.arg(inst, 1));
        let (source, result) = (self.value(source), self.result(inst));
        let mask = ty.lane_bits() as i64 - 1;
        if let Some(count) = self.int_const(count) {
            return self.shift_by(by_imm[row], len, result, source, (count & mask) as u8);
        }
        // The hardware shifts everything out for large counts.
        let count = self.value(count);
        let masked = self.new_vreg(Type::I32);
        let mut ops = Ops::new();
        ops.def_tied(masked, count);
        self.push(MOp::Alu(op::and, Size::S32, Src::Imm(mask as i32)), ops);
        let count = self.to_vector(masked, Type::I32);
        let mut ops = Ops::new();
        ops.def(result);
        let (a, count) = (ops.reg(source), ops.reg(count));
        self.push(MOp::Rvm(by_vector[row], len, a, Src::Op(count)), ops);
    }

    /// Halves are combined until one lane is left; only lane 0 matters in the end.
    fn reduce(&mut self, inst: Inst, ty: Type, reduce: ReduceOp) {
        let source = self.arg(inst, 0);
        let (mut at, result) = (self.value(source), self.result(inst));
        let mut bits = ty.bits();
        while bits > 128 {
            let half = ty.lane().vector(bits / 2).unwrap_or(ty);
            let (low, high) = (at, self.new_vreg(half));
            let (op, len) = if bits == 512 { (op::vextracti64x4, L512) } else { (op::vextracti128, L256) };
            let mut ops = Ops::new();
            ops.def(high);
            let a = ops.reg(low);
            self.push(MOp::Part(op, len, a, 1), ops);
            let next = self.new_vreg(half);
            self.combine(next, low, high, half, reduce);
            at = next;
            bits /= 2;
        }
        let narrow = Self::i128_type(ty);
        let mut bytes = 8;
        while bytes * 8 >= ty.lane_bits() {
            let [moved, next] = std::array::from_fn(|_| self.new_vreg(narrow));
            self.shift_by(op::vpsrldq, L128, moved, at, bytes as u8);
            self.combine(next, at, moved, narrow, reduce);
            at = next;
            bytes /= 2;
        }
        self.extract(result, at, narrow, 0);
    }

    fn combine(&mut self, result: VReg, a: VReg, b: VReg, ty: Type, reduce: ReduceOp) {
        let (op, cc) = match reduce {
            ReduceOp::Add => (Op::Iadd, IntCc::Eq),
            ReduceOp::And => (Op::Band, IntCc::Eq),
            ReduceOp::Or => (Op::Bor, IntCc::Eq),
            ReduceOp::Xor => (Op::Bxor, IntCc::Eq),
            ReduceOp::Smin => (Op::Smin, IntCc::Slt),
            ReduceOp::Smax => (Op::Smax, IntCc::Sgt),
            ReduceOp::Umin => (Op::Umin, IntCc::Ult),
            ReduceOp::Umax => (Op::Umax, IntCc::Ugt),
        };
        if let Some(op) = direct(op, ty) {
            return self.rvm(op, len_of(ty), result, a, Err(b));
        }
        // Minimum and maximum of 64-bit lanes: a where the comparison holds, else b.
        let mask = self.new_vreg(ty);
        self.int_mask(mask, a, b, ty, cc);
        self.blend(result, b, a, mask, ty);
    }

    fn mask_bits(&mut self, inst: Inst, ty: Type) {
        let source = self.arg(inst, 0);
        let (source, result) = (self.value(source), self.result(inst));
        let len = len_of(ty);
        let mut ops = Ops::new();
        if len == L512 {
            ops.def(result);
            let src = ops.reg(source);
            let op = by_lane(ty, [op::vpmovb2m, op::vpmovw2m, op::vpmovd2m, op::vpmovq2m]);
            return self.push(MOp::MaskBits(op, src), ops);
        }
        let op = by_lane(ty, [op::vpmovmskb, op::vpmovmskb, op::vmovmskps, op::vmovmskpd]);
        if ty.lane_bits() != 16 {
            ops.def(result);
            let src = ops.reg(source);
            return self.push(MOp::SignBits(op, len, src), ops);
        }
        // The top bit of every other byte.
        let bytes = self.new_vreg(Type::I64);
        ops.def(bytes);
        let src = ops.reg(source);
        self.push(MOp::SignBits(op, len, src), ops);
        let odd = self.imm_reg(Type::I64, 0xAAAA_AAAA);
        let mut ops = Ops::new();
        ops.def(result);
        let (bits, odd) = (ops.reg(bytes), ops.reg(odd));
        self.push(MOp::ExtractBits(bits, odd), ops);
    }
}
