//! Encoders of the integer instructions, one per operand shape, and the moves that choose among encodings.

use super::assembler::{AsLabel, Assembler};
use super::encode::{Imm, Legacy, Rm, Vex};
use super::inst::{GprOp, GprShape};
use super::operand::{Count, Operand, RegMem};
use super::reg::{Cond, Reg, Size};

/// ModRM's operand.
#[inline(always)]
pub(super) fn rm_of(rm: &RegMem) -> Rm<'_> {
    match rm {
        RegMem::Reg(reg) => Rm::Reg(reg.index()),
        RegMem::Mem(mem) => Rm::Mem(mem),
    }
}

/// Whether a byte register needs a REX prefix: without one, its number means AH, CH, DH or BH.
#[inline(always)]
fn byte_rex(size: Size, reg: u8) -> bool {
    size == Size::S8 && (reg & 0xFC) == 4
}

#[inline(always)]
fn byte_rex_rm(size: Size, rm: &RegMem) -> bool {
    match rm {
        RegMem::Reg(reg) => byte_rex(size, reg.index()),
        RegMem::Mem(_) => false,
    }
}

/// An instruction with operands of `size`: opcodes with 8-bit operands are even, the others follow them.
#[inline(always)]
fn sized(op: GprOp, opcode: u8, size: Size) -> Legacy {
    Legacy { map: op.map, pp: op.pp, opcode, opsize: size == Size::S16, w: size == Size::S64, rex: false }
}

/// 1 for operands wider than a byte: added to the opcode.
#[inline(always)]
fn wide(size: Size) -> u8 {
    u8::from(size != Size::S8)
}

impl Assembler {
    /// The immediate as the operation sees it: 8- and 16-bit operations accept unsigned values as well.
    #[inline(always)]
    fn imm_for(&mut self, size: Size, imm: i32) -> i32 {
        let (value, fits) = match size {
            Size::S8 => (i32::from(imm as i8), (-0x80..=0xFF).contains(&imm)),
            Size::S16 => (i32::from(imm as i16), (-0x8000..=0xFFFF).contains(&imm)),
            Size::S32 | Size::S64 => (imm, true),
        };
        if !fits {
            self.invalid("the immediate does not fit the operand size");
        }
        value
    }

    /// A full immediate of an instruction with operands of `size`.
    #[inline(always)]
    fn imm_field(size: Size, value: i32) -> Imm {
        Imm::new(i64::from(value), size.bytes().min(4) as u8)
    }

    /// Reports operand sizes that the instruction does not have.
    #[inline(always)]
    fn check_size(&mut self, op: GprOp, size: Size) -> bool {
        if size < op.min {
            self.invalid("the instruction has no operands of this size");
        }
        size >= op.min
    }

    /// Reports a register where only memory is allowed.
    #[inline(always)]
    fn check_rm(&mut self, op: GprOp, rm: &RegMem) -> bool {
        let fits = matches!(rm, RegMem::Mem(_)) || op.rm.reg();
        if !fits {
            self.invalid("the instruction needs a memory operand");
        }
        fits
    }

    /// `add`, `or`, `adc`, `sbb`, `and`, `sub`, `xor`, `cmp`.
    #[inline(always)]
    pub fn alu(&mut self, op: GprOp, size: Size, dst: RegMem, src: Operand) {
        let w = wide(size);
        let (opcode, reg, rm) = match (&dst, &src) {
            (_, Operand::Reg(src)) => (op.opcode | w, *src, rm_of(&dst)),
            (RegMem::Reg(dst), Operand::Mem(src)) => (op.opcode | 2 | w, *dst, Rm::Mem(src)),
            (_, Operand::Imm(imm)) => return self.alu_imm(op, size, &dst, *imm),
            (RegMem::Mem(_), Operand::Mem(_)) => return self.invalid("two memory operands"),
        };
        let rex = byte_rex(size, reg.index()) || byte_rex_rm(size, &dst);
        self.legacy_inline(Legacy { rex, ..sized(op, opcode, size) }, reg.index(), rm, Imm::NONE);
    }

    #[inline(always)]
    fn alu_imm(&mut self, op: GprOp, size: Size, dst: &RegMem, imm: i32) {
        let imm = self.imm_for(size, imm);
        let rax = matches!(dst, RegMem::Reg(Reg::RAX));
        let byte = size == Size::S8 || imm == i32::from(imm as i8);
        let (opcode, field) = match (byte, rax) {
            (true, false) => (0x80 | (wide(size) * 3), Imm::byte(imm as u8)),
            (true, true) if size != Size::S8 => (0x83, Imm::byte(imm as u8)),
            (_, true) => {
                let inst = sized(op, op.opcode | 4 | wide(size), size);
                return self.short(inst, 0, Self::imm_field(size, imm));
            }
            (false, false) => (0x81, Self::imm_field(size, imm)),
        };
        let rex = byte_rex_rm(size, dst);
        self.legacy_inline(Legacy { rex, ..sized(op, opcode, size) }, op.digit, rm_of(dst), field);
    }

    /// `test`.
    #[inline(always)]
    pub fn test_op(&mut self, op: GprOp, size: Size, dst: RegMem, src: Operand) {
        let (opcode, reg, rm, rex, imm) = match (&dst, &src) {
            (_, Operand::Reg(src)) => {
                (op.opcode | wide(size), src.index(), rm_of(&dst), byte_rex(size, src.index()), Imm::NONE)
            }
            (RegMem::Reg(dst), Operand::Mem(src)) => {
                (op.opcode | wide(size), dst.index(), Rm::Mem(src), false, Imm::NONE)
            }
            (_, Operand::Imm(imm)) => {
                let imm = self.imm_for(size, *imm);
                let field = Self::imm_field(size, imm);
                if dst == RegMem::Reg(Reg::RAX) {
                    return self.short(sized(op, 0xA8 | wide(size), size), 0, field);
                }
                (0xF6 | wide(size), 0, rm_of(&dst), false, field)
            }
            (RegMem::Mem(_), Operand::Mem(_)) => return self.invalid("two memory operands"),
        };
        let rex = rex || byte_rex_rm(size, &dst);
        self.legacy_inline(Legacy { rex, ..sized(op, opcode, size) }, reg, rm, imm);
    }

    /// `mov`.
    #[inline(always)]
    pub fn mov_op(&mut self, op: GprOp, size: Size, dst: RegMem, src: Operand) {
        let (opcode, reg, rm) = match (&dst, &src) {
            (_, Operand::Reg(src)) => (op.opcode | wide(size), *src, rm_of(&dst)),
            (RegMem::Reg(dst), Operand::Mem(src)) => (op.opcode | 2 | wide(size), *dst, Rm::Mem(src)),
            (RegMem::Reg(dst), Operand::Imm(imm)) => return self.mov_reg_imm(op, size, *dst, *imm),
            (RegMem::Mem(_), Operand::Imm(imm)) => {
                let imm = self.imm_for(size, *imm);
                let inst = sized(op, 0xC6 | wide(size), size);
                return self.legacy_inline(inst, 0, rm_of(&dst), Self::imm_field(size, imm));
            }
            (RegMem::Mem(_), Operand::Mem(_)) => return self.invalid("two memory operands"),
        };
        let rex = byte_rex(size, reg.index()) || byte_rex_rm(size, &dst);
        self.legacy_inline(Legacy { rex, ..sized(op, opcode, size) }, reg.index(), rm, Imm::NONE);
    }

    #[inline(always)]
    fn mov_reg_imm(&mut self, op: GprOp, size: Size, dst: Reg, imm: i32) {
        let imm = self.imm_for(size, imm);
        if size == Size::S64 && imm < 0 {
            return self.legacy_inline(sized(op, 0xC7, size), 0, Rm::Reg(dst.index()), Imm::new(i64::from(imm), 4));
        }
        // A 32-bit move clears the upper half.
        let size = size.min(Size::S32);
        let opcode = if size == Size::S8 { 0xB0 } else { 0xB8 };
        let inst = Legacy { rex: byte_rex(size, dst.index()), ..sized(op, opcode, size) };
        self.short(inst, dst.index(), Self::imm_field(size, imm));
    }

    /// `dst = imm`, all 64 bits, in the shortest form that leaves the flags alone (5, 6, 7 or 10 bytes).
    #[inline(always)]
    pub fn mov_imm64(&mut self, dst: Reg, imm: i64) {
        let op = super::op::mov;
        if let Ok(imm) = u32::try_from(imm) {
            self.short(sized(op, 0xB8, Size::S32), dst.index(), Imm::new(i64::from(imm), 4));
        } else if let Ok(imm) = i32::try_from(imm) {
            self.mov_reg_imm(op, Size::S64, dst, imm);
        } else {
            self.short(sized(op, 0xB8, Size::S64), dst.index(), Imm::new(imm, 8));
        }
    }

    /// `mov dst, [base + disp]`, 64 bits: as `mov`, in less time. The base is neither rsp nor r12, whose references have another form.
    #[inline]
    pub fn load64(&mut self, dst: Reg, base: Reg, disp: i32) {
        self.move64(0x8B, dst, base, disp);
    }

    /// `mov [base + disp], src`, 64 bits: as [`Assembler::load64`].
    #[inline]
    pub fn store64(&mut self, base: Reg, disp: i32, src: Reg) {
        self.move64(0x89, src, base, disp);
    }

    #[inline]
    fn move64(&mut self, opcode: u64, reg: Reg, base: Reg, disp: i32) {
        debug_assert!(base.index() & 7 != 4);
        self.buf.reserve();
        let (reg, base) = (u64::from(reg.index()), u64::from(base.index()));
        let rex = 0x48 | reg >> 3 << 2 | base >> 3;
        let short = i8::try_from(disp).is_ok();
        let mode = if short { 0x40 } else { 0x80 };
        let modrm = mode | (reg & 7) << 3 | (base & 7);
        self.buf.put(rex | opcode << 8 | modrm << 16 | u64::from(disp as u32) << 24, if short { 4 } else { 7 });
    }

    /// `dst = 0`, all 64 bits, in two or three bytes; changes the flags.
    #[inline]
    pub fn zero(&mut self, dst: Reg) {
        self.xor(Size::S32, dst, dst);
    }

    /// Shifts and rotates.
    #[inline(always)]
    pub fn shift(&mut self, op: GprOp, size: Size, dst: RegMem, count: Count) {
        let (opcode, imm) = match count {
            Count::Imm(1) => (0xD0, Imm::NONE),
            Count::Imm(count) => (0xC0, Imm::byte(count)),
            Count::Cl => (0xD2, Imm::NONE),
        };
        let inst = Legacy { rex: byte_rex_rm(size, &dst), ..sized(op, opcode | wide(size), size) };
        self.legacy_inline(inst, op.digit, rm_of(&dst), imm);
    }

    /// One operand, read and written.
    #[inline(always)]
    pub fn unary(&mut self, op: GprOp, size: Size, dst: RegMem) {
        let inst = Legacy { rex: byte_rex_rm(size, &dst), ..sized(op, op.opcode | wide(size), size) };
        self.legacy_inline(inst, op.digit, rm_of(&dst), Imm::NONE);
    }

    /// A register computed from a register or memory.
    #[inline(always)]
    pub fn reg_rm(&mut self, op: GprOp, size: Size, dst: Reg, src: RegMem) {
        if self.check_size(op, size) && self.check_rm(op, &src) {
            self.legacy_inline(sized(op, op.opcode, size), dst.index(), rm_of(&src), Imm::NONE);
        }
    }

    /// A register computed from a register or memory and a constant.
    pub fn reg_rm_imm(&mut self, op: GprOp, size: Size, dst: Reg, src: RegMem, imm: i32) {
        if self.check_size(op, size) {
            let imm = self.imm_for(size, imm);
            let (opcode, field) = if imm == i32::from(imm as i8) {
                (op.opcode | 2, Imm::byte(imm as u8))
            } else {
                (op.opcode, Self::imm_field(size, imm))
            };
            self.legacy(sized(op, opcode, size), dst.index(), rm_of(&src), field);
        }
    }

    /// A register or memory written from a register.
    #[inline]
    pub fn rm_reg(&mut self, op: GprOp, size: Size, dst: RegMem, src: Reg) {
        if !self.check_size(op, size) || !self.check_rm(op, &dst) {
            return;
        }
        if let (RegMem::Reg(dst), true) = (dst, op == super::op::xchg && size != Size::S8) {
            // `xchg eax, eax` clears the upper half; its short form is `nop` and does not.
            if (dst == Reg::RAX) != (src == Reg::RAX) {
                let other = if dst == Reg::RAX { src } else { dst };
                return self.short(sized(op, 0x90, size), other.index(), Imm::NONE);
            }
        }
        // The opcodes of instructions without 8-bit forms are complete.
        let opcode = if op.min == Size::S8 { op.opcode | wide(size) } else { op.opcode };
        let rex = byte_rex(size, src.index()) || byte_rex_rm(size, &dst);
        self.legacy(Legacy { rex, ..sized(op, opcode, size) }, src.index(), rm_of(&dst), Imm::NONE);
    }

    /// `bt`, `bts`, `btr`, `btc`.
    pub fn bit_test(&mut self, op: GprOp, size: Size, dst: RegMem, bit: Operand) {
        if !self.check_size(op, size) {
            return;
        }
        match bit {
            Operand::Reg(bit) => self.legacy(sized(op, op.opcode, size), bit.index(), rm_of(&dst), Imm::NONE),
            Operand::Imm(bit @ 0..=255) => {
                self.legacy(sized(op, 0xBA, size), op.digit, rm_of(&dst), Imm::byte(bit as u8));
            }
            Operand::Imm(_) => self.invalid("the bit's number is not 0 to 255"),
            Operand::Mem(_) => self.invalid("the bit's number is in memory"),
        }
    }

    /// `shld`, `shrd`.
    pub fn double_shift(&mut self, op: GprOp, size: Size, dst: RegMem, src: Reg, count: Count) {
        if self.check_size(op, size) {
            let (opcode, imm) = match count {
                Count::Imm(count) => (op.opcode, Imm::byte(count)),
                Count::Cl => (op.opcode | 1, Imm::NONE),
            };
            self.legacy(sized(op, opcode, size), src.index(), rm_of(&dst), imm);
        }
    }

    /// `movzx`, `movsx`: from 8 or 16 bits to a larger size. A zero extension to 64 bits is one to 32.
    #[inline(always)]
    pub fn extend(&mut self, op: GprOp, to: Size, from: Size, dst: Reg, src: RegMem) {
        if from > Size::S16 || to <= from {
            return self.invalid("not an extension from 8 or 16 bits");
        }
        let to = if op == super::op::movzx { to.min(Size::S32) } else { to };
        let inst = Legacy { rex: byte_rex_rm(from, &src), ..sized(op, op.opcode | wide(from), to) };
        self.legacy_inline(inst, dst.index(), rm_of(&src), Imm::NONE);
    }

    /// `movsxd`: from 32 bits to 64, signed.
    pub fn extend_dword(&mut self, op: GprOp, dst: Reg, src: RegMem) {
        self.legacy(sized(op, op.opcode, Size::S64), dst.index(), rm_of(&src), Imm::NONE);
    }

    /// `crc32`: `from` is the size of the data.
    pub fn crc32_op(&mut self, op: GprOp, from: Size, dst: Reg, src: RegMem) {
        let inst = Legacy { rex: byte_rex_rm(from, &src), ..sized(op, op.opcode | wide(from), from) };
        self.legacy(inst, dst.index(), rm_of(&src), Imm::NONE);
    }

    /// `bswap`.
    pub fn reg(&mut self, op: GprOp, size: Size, dst: Reg) {
        if self.check_size(op, size) {
            self.short(sized(op, op.opcode, size), dst.index(), Imm::NONE);
        }
    }

    /// `push`, always 64 bits.
    #[inline]
    pub fn push_op(&mut self, op: GprOp, src: Operand) {
        match src {
            Operand::Reg(src) => self.short(sized(op, op.opcode, Size::S32), src.index(), Imm::NONE),
            Operand::Mem(src) => self.legacy(sized(op, 0xFF, Size::S32), op.digit, Rm::Mem(&src), Imm::NONE),
            Operand::Imm(imm) if imm == i32::from(imm as i8) => {
                self.short(sized(op, 0x6A, Size::S32), 0, Imm::byte(imm as u8));
            }
            Operand::Imm(imm) => self.short(sized(op, 0x68, Size::S32), 0, Imm::new(i64::from(imm), 4)),
        }
    }

    /// `pop`, always 64 bits.
    #[inline]
    pub fn pop_op(&mut self, op: GprOp, dst: RegMem) {
        match dst {
            RegMem::Reg(dst) => self.short(sized(op, op.opcode, Size::S32), dst.index(), Imm::NONE),
            RegMem::Mem(dst) => self.legacy(sized(op, 0x8F, Size::S32), op.digit, Rm::Mem(&dst), Imm::NONE),
        }
    }

    /// `call` and `jmp` to an address in a register or in memory.
    pub fn rm64(&mut self, op: GprOp, target: RegMem) {
        self.legacy(sized(op, op.opcode, Size::S32), op.digit, rm_of(&target), Imm::NONE);
    }

    /// `setcc`.
    #[inline]
    pub fn set_cc(&mut self, op: GprOp, dst: RegMem) {
        let inst = Legacy { rex: byte_rex_rm(Size::S8, &dst), ..sized(op, op.opcode, Size::S8) };
        self.legacy(inst, 0, rm_of(&dst), Imm::NONE);
    }

    /// `setcc` for a condition: the byte becomes 1 or 0.
    #[inline]
    pub fn set(&mut self, cond: Cond, dst: impl Into<RegMem>) {
        let op = super::op::seto;
        self.set_cc(GprOp { opcode: op.opcode + cond.index(), ..op }, dst.into());
    }

    /// `cmovcc` for a condition.
    #[inline]
    pub fn cmov(&mut self, cond: Cond, size: Size, dst: Reg, src: impl Into<RegMem>) {
        let op = super::op::cmovo;
        self.reg_rm(GprOp { opcode: op.opcode + cond.index(), ..op }, size, dst, src.into());
    }

    /// Memory alone: prefetches, cache control, `cmpxchg16b`.
    pub fn mem(&mut self, op: GprOp, at: RegMem) {
        if self.check_rm(op, &at) {
            self.legacy(sized(op, op.opcode, op.min), op.digit, rm_of(&at), Imm::NONE);
        }
    }

    /// An immediate of 16 bits.
    pub fn imm16(&mut self, op: GprOp, imm: u16) {
        self.short(sized(op, op.opcode, Size::S32), 0, Imm::new(i64::from(imm), 2));
    }

    /// No operands.
    #[inline]
    pub fn nullary(&mut self, op: GprOp) {
        if let GprShape::Nullary(bytes) = op.shape {
            self.buf.extend(bytes.bytes());
        }
    }

    /// The `lock` prefix of the next instruction, which must be one that reads and writes memory.
    pub fn lock(&mut self) {
        self.buf.extend(&[0xF0]);
    }

    fn vex_gpr(op: GprOp, size: Size) -> Vex {
        Vex { map: op.map, pp: op.pp, opcode: op.opcode, w: size == Size::S64, l: false }
    }

    /// BMI: `dst = a ∘ b`.
    pub fn vex_rvm(&mut self, op: GprOp, size: Size, dst: Reg, a: Reg, b: RegMem) {
        if self.check_size(op, size) {
            self.vex(Self::vex_gpr(op, size), dst.index(), a.index(), rm_of(&b), false, Imm::NONE);
        }
    }

    /// BMI: `dst = a ∘ b`, where `a` may be in memory.
    pub fn vex_rmv(&mut self, op: GprOp, size: Size, dst: Reg, a: RegMem, b: Reg) {
        if self.check_size(op, size) {
            self.vex(Self::vex_gpr(op, size), dst.index(), b.index(), rm_of(&a), false, Imm::NONE);
        }
    }

    /// BMI: `dst = ∘ src`.
    pub fn vex_vm(&mut self, op: GprOp, size: Size, dst: Reg, src: RegMem) {
        if self.check_size(op, size) {
            self.vex(Self::vex_gpr(op, size), op.digit, dst.index(), rm_of(&src), false, Imm::NONE);
        }
    }

    /// BMI: `dst = src ∘ imm`.
    pub fn vex_rmi(&mut self, op: GprOp, size: Size, dst: Reg, src: RegMem, imm: u8) {
        if self.check_size(op, size) {
            self.vex(Self::vex_gpr(op, size), dst.index(), 0, rm_of(&src), false, Imm::byte(imm));
        }
    }

    /// `jcc` to a label, in the form that reaches.
    #[inline]
    pub fn jcc(&mut self, cond: Cond, target: impl AsLabel) {
        let target = target.as_label(self);
        self.branch(cond.index(), target);
    }
}
