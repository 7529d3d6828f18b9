//! Conversions between floats and integers that one instruction does only for most operands.
//!
//! `vcvttsd2si` answers the most negative integer for what does not fit. So the common case is the instruction, a compare with
//! that answer, and a branch that is not taken; the rest is cold code.

use super::*;

impl Emitter<'_> {
    fn truncate(&mut self, double: bool, size: Size, dst: Reg, src: Xmm) {
        if double { self.asm.vcvttsd2si(size, dst, src) } else { self.asm.vcvttss2si(size, dst, src) }
    }

    fn compare(&mut self, double: bool, a: Xmm, b: impl Into<XmmMem>) {
        if double { self.asm.vucomisd(a, b) } else { self.asm.vucomiss(a, b) }
    }

    fn constant_of(&mut self, double: bool, value: f64) -> Mem {
        if double { Mem::label(self.asm.constant_f64(value)) } else { Mem::label(self.asm.constant_f32(value as f32)) }
    }

    /// The fast path; control goes to the slow path where it fails.
    pub(super) fn convert(&mut self) {
        let MOp::FloatToInt(convert, double, size) = *self.lowered.code.op(self.inst) else {
            return;
        };
        let (dst, src) = (self.reg(0), self.xmm(1));
        let (slow, back) = (self.asm.new_label(), self.asm.new_label());
        match (convert, size) {
            (Convert::SintSat, _) => {
                self.truncate(double, size, dst, src);
                // Only the most negative integer overflows here.
                self.asm.cmp(size, dst, 1);
                self.asm.jo(slow);
            }
            (Convert::UintSat, Size::S64) => {
                self.truncate(double, Size::S64, dst, src);
                self.asm.test(Size::S64, dst, dst);
                self.asm.js(slow);
            }
            (Convert::UintSat, _) => {
                self.truncate(double, Size::S64, dst, src);
                // The whole result is in range exactly if its upper half is zero.
                self.asm.mov(Size::S32, SCRATCH, dst);
                self.asm.cmp(Size::S64, SCRATCH, dst);
                self.asm.jne(slow);
            }
            (Convert::SintTrap, Size::S64) => {
                self.truncate(double, Size::S64, dst, src);
                self.asm.cmp(Size::S64, dst, 1);
                self.asm.jo(slow);
            }
            (Convert::SintTrap, _) => {
                self.truncate(double, Size::S64, dst, src);
                self.asm.movsxd(SCRATCH, dst);
                self.asm.cmp(Size::S64, SCRATCH, dst);
                let trap = self.trap_label(TrapCode::BadConversion);
                self.asm.jne(trap);
                return;
            }
            (Convert::Wrap, _) => {
                self.truncate(double, Size::S64, dst, src);
                self.asm.cmp(Size::S64, dst, 1);
                self.asm.jo(slow);
            }
        }
        self.asm.bind(back);
        self.cold.push((self.block, Cold::Convert { label: slow, back, inst: self.inst }));
    }

    pub(super) fn convert_slow(&mut self, back: Label) {
        let MOp::FloatToInt(convert, double, size) = *self.lowered.code.op(self.inst) else {
            return;
        };
        let (dst, src) = (self.reg(0), self.xmm(1));
        match convert {
            Convert::SintSat => {
                // The answer is MIN: right for what is below and for MIN itself; NaN gives 0, what is above MAX.
                let (zero, ordered) = (self.constant_of(double, 0.0), self.asm.new_label());
                self.compare(double, src, zero);
                self.asm.jnp(ordered);
                self.asm.mov_imm64(dst, 0);
                self.asm.jmp_to(back);
                self.asm.bind(ordered);
                self.asm.jb(back);
                self.asm.mov_imm64(dst, if size == Size::S64 { i64::MAX } else { i32::MAX as i64 });
                self.asm.jmp_to(back);
            }
            Convert::UintSat if size == Size::S64 => self.uint64_slow(double, dst, src, back),
            Convert::UintSat => {
                // Out of range: above gives MAX, below and NaN give 0.
                let zero = self.constant_of(double, 0.0);
                self.asm.mov_imm64(dst, 0);
                self.compare(double, src, zero);
                self.asm.jbe(back);
                self.asm.mov_imm64(dst, u32::MAX as i64);
                self.asm.jmp_to(back);
            }
            Convert::SintTrap => {
                // MIN is the answer for MIN itself too.
                let trap = self.trap_label(TrapCode::BadConversion);
                let min = self.constant_of(double, -(2f64.powi(63)));
                self.compare(double, src, min);
                self.asm.jne(trap);
                self.asm.jp(trap);
                self.asm.jmp_to(back);
            }
            Convert::Wrap => self.wrap_slow(dst, src, back),
        }
    }

    fn uint64_slow(&mut self, double: bool, dst: Reg, src: Xmm, back: Label) {
        // Negative as signed: below 0 or NaN gives 0; from 2^63 on the rest above 2^63 is converted.
        let limit = self.constant_of(double, 2f64.powi(63));
        let temp = Xmm::from_index(SCRATCH_FLOAT.number());
        let (small, fits) = (self.asm.new_label(), self.asm.new_label());
        self.compare(double, src, limit);
        self.asm.jb(small);
        if double {
            self.asm.vsubsd(temp, src, limit)
        } else {
            self.asm.vsubss(temp, src, limit)
        }
        self.truncate(double, Size::S64, dst, temp);
        self.asm.test(Size::S64, dst, dst);
        self.asm.jns(fits);
        self.asm.mov(Size::S64, dst, -1);
        self.asm.jmp_to(back);
        self.asm.bind(fits);
        self.asm.bts(Size::S64, dst, 63);
        self.asm.jmp_to(back);
        self.asm.bind(small);
        self.asm.zero(dst);
        self.asm.jmp_to(back);
    }

    /// ToInt32 of what does not fit 64 bits: the mantissa shifted by the exponent.
    fn wrap_slow(&mut self, dst: Reg, src: Xmm, back: Label) {
        let (zero, positive) = (self.asm.new_label(), self.asm.new_label());
        self.asm.vmovq_to_gpr(SCRATCH, src);
        self.asm.mov(Size::S64, dst, SCRATCH);
        self.asm.shr(Size::S64, dst, 52);
        self.asm.and(Size::S32, dst, 0x7ff);
        self.asm.sub(Size::S32, dst, 1075);
        // Magnitudes from 2^84 on, infinities and NaN have no bit below 2^32. Smaller ones than 2^63 do not come here.
        self.asm.cmp(Size::S32, dst, 31);
        self.asm.ja(zero);
        self.asm.shl(Size::S64, SCRATCH, 11);
        self.asm.bts(Size::S64, SCRATCH, 63);
        self.asm.shr(Size::S64, SCRATCH, 11);
        self.asm.shlx(Size::S64, dst, SCRATCH, dst);
        self.asm.vmovq_to_gpr(SCRATCH, src);
        self.asm.test(Size::S64, SCRATCH, SCRATCH);
        self.asm.jns(positive);
        self.asm.neg(Size::S32, dst);
        self.asm.bind(positive);
        self.asm.jmp_to(back);
        self.asm.bind(zero);
        self.asm.zero(dst);
        self.asm.jmp_to(back);
    }

    /// Unsigned 64 bits to float: halves what is too large, keeping the bit that rounding looks at.
    pub(super) fn uint64_to_float(&mut self, double: bool) {
        let (dst, src, temp) = (self.xmm(0), self.reg(1), self.reg(2));
        let (large, done) = (self.asm.new_label(), self.asm.new_label());
        let convert = |asm: &mut Assembler, from: Reg| {
            if double { asm.vcvtsi2sd(Size::S64, dst, dst, from) } else { asm.vcvtsi2ss(Size::S64, dst, dst, from) }
        };
        self.asm.vxorps(VecLen::L128, dst, dst, dst);
        self.asm.test(Size::S64, src, src);
        self.asm.js(large);
        convert(&mut self.asm, src);
        self.asm.jmp_to(done);
        self.asm.bind(large);
        self.asm.mov(Size::S64, temp, src);
        self.asm.mov(Size::S64, SCRATCH, src);
        self.asm.shr(Size::S64, temp, 1);
        self.asm.and(Size::S32, SCRATCH, 1);
        self.asm.or(Size::S64, temp, SCRATCH);
        convert(&mut self.asm, temp);
        if double {
            self.asm.vaddsd(dst, dst, dst)
        } else {
            self.asm.vaddss(dst, dst, dst)
        }
        self.asm.bind(done);
    }
}
