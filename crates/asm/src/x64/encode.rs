//! Encoders: from prefix, opcode and operands to bytes. Everything that is emitted with operands passes through the
//! four functions of this file: [`Assembler::legacy`], [`Assembler::vex`], [`Assembler::evex`] and, for operands in the
//! opcode itself, [`Assembler::short`].
//!
//! References: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapters 2.1–2.7.

use super::assembler::Assembler;
use super::inst::{Map, Pp};
use super::operand::{Mem, NO_LABEL, NONE, RIP, RIP_SYMBOL};
use super::reg::VecLen;
use crate::buffer::WINDOW;
use crate::reloc::{RelocKind, RelocTarget, Relocation};

/// The operand that ModRM names besides a register.
#[derive(Clone, Copy)]
pub(crate) enum Rm<'a> {
    Reg(u8),
    Mem(&'a Mem),
    /// One element in memory, broadcast (EVEX only).
    Broadcast(&'a Mem),
}

/// Immediate bytes at the end of an instruction.
#[derive(Clone, Copy)]
pub(crate) struct Imm {
    value: i64,
    size: u8,
}

impl Imm {
    pub(crate) const NONE: Imm = Imm { value: 0, size: 0 };

    #[inline]
    pub(crate) fn new(value: i64, size: u8) -> Imm {
        Imm { value, size }
    }

    #[inline]
    pub(crate) fn byte(value: u8) -> Imm {
        Imm { value: i64::from(value), size: 1 }
    }
}

/// Prefixes and opcode of an instruction without VEX or EVEX.
#[derive(Clone, Copy)]
pub(crate) struct Legacy {
    pub map: Map,
    /// Mandatory prefix.
    pub pp: Pp,
    pub opcode: u8,
    /// 16-bit operand size.
    pub opsize: bool,
    /// 64-bit operand size.
    pub w: bool,
    /// A REX prefix is needed even if it is empty: SPL, BPL, SIL or DIL is an operand.
    pub rex: bool,
}

/// Prefix and opcode of an instruction with VEX.
#[derive(Clone, Copy)]
pub(crate) struct Vex {
    pub map: Map,
    pub pp: Pp,
    pub opcode: u8,
    pub w: bool,
    /// 256 bits.
    pub l: bool,
}

/// Prefix and opcode of an instruction with EVEX.
#[derive(Clone, Copy)]
pub(crate) struct Evex {
    pub map: Map,
    pub pp: Pp,
    pub opcode: u8,
    pub w: bool,
    pub len: VecLen,
    pub mask: u8,
    pub zero: bool,
    /// log2 of the unit of an 8-bit displacement.
    pub disp8_shift: u8,
}

/// A window being filled. Positions are masked, so that no input can index outside.
struct Cursor<'a> {
    out: &'a mut [u8; WINDOW],
    at: usize,
}

impl Cursor<'_> {
    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.out[self.at % WINDOW] = byte;
        self.at += 1;
    }

    /// Writes `byte`, but keeps it only if `keep`.
    #[inline(always)]
    fn byte_if(&mut self, keep: bool, byte: u8) {
        self.out[self.at % WINDOW] = byte;
        self.at += usize::from(keep);
    }

    /// Writes four bytes and keeps the first `keep`.
    #[inline(always)]
    fn disp(&mut self, value: i32, keep: usize) {
        let at = self.at % (WINDOW / 2);
        self.out[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self.at += keep;
    }

    #[inline(always)]
    fn imm(&mut self, imm: Imm) {
        if imm.size == 0 {
            return;
        }
        let at = self.at % (WINDOW / 2);
        self.out[at..at + 8].copy_from_slice(&imm.value.to_le_bytes());
        self.at += usize::from(imm.size);
    }

    #[inline(always)]
    fn modrm_reg(&mut self, reg: u8, rm: u8) {
        self.byte(0xC0 | (reg & 7) << 3 | (rm & 7));
    }

    /// ModRM, SIB and displacement. Returns where the displacement of a label stands, if there is one.
    #[inline(always)]
    fn modrm_mem(&mut self, reg: u8, mem: &Mem, disp8_shift: u8) -> Option<usize> {
        let reg = (reg & 7) << 3;
        let sib = (mem.scale as u8) << 6 | (mem.index & 7) << 3 | (mem.base & 7);
        match mem.base {
            RIP | RIP_SYMBOL => {
                self.byte(reg | 5);
                let at = self.at;
                self.disp(mem.disp, 4);
                (mem.base == RIP_SYMBOL || mem.label != NO_LABEL).then_some(at)
            }
            NONE => {
                self.byte(reg | 4);
                self.byte((sib & !7) | 5);
                self.disp(mem.disp, 4);
                None
            }
            base => {
                let scaled = mem.disp >> disp8_shift;
                let (mode, size, disp) = if mem.disp == 0 && base & 7 != 5 {
                    (0x00, 0, 0)
                } else if i32::from(scaled as i8) << disp8_shift == mem.disp {
                    (0x40, 1, scaled)
                } else {
                    (0x80, 4, mem.disp)
                };
                let with_sib = mem.index != NONE || base & 7 == 4;
                self.byte(mode | reg | if with_sib { 4 } else { base & 7 });
                self.byte_if(with_sib, sib);
                self.disp(disp, size);
                None
            }
        }
    }

    /// ModRM, displacement and immediate. Returns the instruction's size, and where a label is referred to.
    #[inline(always)]
    fn operands<'m>(mut self, reg: u8, rm: Rm<'m>, imm: Imm, disp8_shift: u8) -> (usize, Option<(usize, &'m Mem)>) {
        let mut label = None;
        match rm {
            Rm::Reg(rm) => self.modrm_reg(reg, rm),
            Rm::Mem(mem) | Rm::Broadcast(mem) => {
                label = self.modrm_mem(reg, mem, disp8_shift).map(|at| (at, mem));
            }
        }
        self.imm(imm);
        (self.at, label)
    }
}

/// The extension bits (X, B) that a memory operand needs.
#[inline(always)]
fn mem_xb(mem: &Mem) -> (u8, u8) {
    ((mem.index >> 3) & 1, (mem.base >> 3) & 1)
}

const PREFIX: [u8; 4] = [0, 0x66, 0xF3, 0xF2];

impl Assembler {
    /// An instruction without VEX or EVEX, with a ModRM byte.
    pub(crate) fn legacy(&mut self, inst: Legacy, reg: u8, rm: Rm<'_>, imm: Imm) {
        self.legacy_inline(inst, reg, rm, imm);
    }

    /// As [`Assembler::legacy`], inlined with the callers: of an instruction whose kind and registers are constants, a few stores
    /// are left. For the integer instructions that compilers emit most.
    #[inline(always)]
    pub(crate) fn legacy_inline(&mut self, inst: Legacy, reg: u8, rm: Rm<'_>, imm: Imm) {
        let (x, b) = match rm {
            Rm::Reg(rm) => (0, (rm >> 3) & 1),
            Rm::Mem(mem) | Rm::Broadcast(mem) => {
                if !self.valid_mem(mem, false) {
                    return;
                }
                mem_xb(mem)
            }
        };
        if matches!(rm, Rm::Broadcast(_)) || reg > 15 || matches!(rm, Rm::Reg(16..)) {
            return self.invalid("the instruction has no AVX-512 form");
        }
        let mut out = Cursor { out: self.buf.window(), at: 0 };
        out.byte_if(inst.opsize, 0x66);
        out.byte_if(inst.pp as u8 != 0, PREFIX[inst.pp as usize & 3]);
        let rex = 0x40 | u8::from(inst.w) << 3 | (reg >> 3 & 1) << 2 | x << 1 | b;
        out.byte_if(rex != 0x40 || inst.rex, rex);
        out.byte_if(inst.map != Map::M1, 0x0F);
        out.byte_if(inst.map as u8 >= Map::M38 as u8, if inst.map == Map::M38 { 0x38 } else { 0x3A });
        out.byte(inst.opcode);
        let (count, label) = out.operands(reg, rm, imm, 0);
        self.close(count, label);
    }

    /// An instruction whose register stands in the low bits of its opcode.
    #[inline(always)]
    pub(crate) fn short(&mut self, inst: Legacy, reg: u8, imm: Imm) {
        let mut out = Cursor { out: self.buf.window(), at: 0 };
        out.byte_if(inst.opsize, 0x66);
        let rex = 0x40 | u8::from(inst.w) << 3 | (reg >> 3 & 1);
        out.byte_if(rex != 0x40 || inst.rex, rex);
        out.byte_if(inst.map != Map::M1, 0x0F);
        out.byte(inst.opcode + (reg & 7));
        out.imm(imm);
        let count = out.at;
        self.buf.advance(count);
    }

    /// An instruction with VEX. `vvvv` is 0 where there is no such operand.
    pub(crate) fn vex(&mut self, inst: Vex, reg: u8, vvvv: u8, rm: Rm<'_>, vsib: bool, imm: Imm) {
        let (x, b) = match rm {
            Rm::Reg(rm) => (0, (rm >> 3) & 1),
            Rm::Mem(mem) | Rm::Broadcast(mem) => {
                if !self.valid_mem(mem, vsib) {
                    return;
                }
                mem_xb(mem)
            }
        };
        let r = (reg >> 3) & 1;
        let last = (!vvvv & 15) << 3 | u8::from(inst.l) << 2 | inst.pp as u8;
        let mut out = Cursor { out: self.buf.window(), at: 0 };
        if inst.map == Map::M0F && !inst.w && x | b == 0 {
            out.byte(0xC5);
            out.byte((r ^ 1) << 7 | last);
        } else {
            out.byte(0xC4);
            out.byte((r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | inst.map as u8);
            out.byte(u8::from(inst.w) << 7 | last);
        }
        out.byte(inst.opcode);
        let (count, label) = out.operands(reg, rm, imm, 0);
        self.close(count, label);
    }

    /// An instruction with EVEX. `vvvv` is 0 where there is no such operand.
    pub(crate) fn evex(&mut self, inst: Evex, reg: u8, vvvv: u8, rm: Rm<'_>, vsib: bool, imm: Imm) {
        let mut v4 = (vvvv >> 4) & 1;
        let mut broadcast = 0;
        let (x, b) = match rm {
            Rm::Reg(rm) => ((rm >> 4) & 1, (rm >> 3) & 1),
            Rm::Mem(mem) | Rm::Broadcast(mem) => {
                if !self.valid_mem(mem, vsib) {
                    return;
                }
                broadcast = u8::from(matches!(rm, Rm::Broadcast(_)));
                if vsib {
                    v4 = (mem.index >> 4) & 1;
                }
                mem_xb(mem)
            }
        };
        let (r, r4) = ((reg >> 3) & 1, (reg >> 4) & 1);
        let mut out = Cursor { out: self.buf.window(), at: 0 };
        out.byte(0x62);
        out.byte((r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (r4 ^ 1) << 4 | inst.map as u8);
        out.byte(u8::from(inst.w) << 7 | (!vvvv & 15) << 3 | 4 | inst.pp as u8);
        let length = (inst.len as u8) << 5;
        out.byte(u8::from(inst.zero) << 7 | length | broadcast << 4 | (v4 ^ 1) << 3 | inst.mask);
        out.byte(inst.opcode);
        let (count, label) = out.operands(reg, rm, imm, inst.disp8_shift);
        self.close(count, label);
    }

    /// Closes the window on an instruction of `count` bytes.
    #[inline(always)]
    fn close(&mut self, count: usize, label: Option<(usize, &Mem)>) {
        if let Some((at, mem)) = label {
            self.label_operand(at, count, mem);
        }
        self.buf.advance(count);
    }

    /// Notes that the field at `at` of the open window refers to a label or symbol, from an instruction of `count` bytes.
    #[cold]
    fn label_operand(&mut self, at: usize, count: usize, mem: &Mem) {
        let to_end = (count - at) as i32;
        let addend = mem.disp.wrapping_sub(to_end);
        let field = self.buf.len() + at;
        if mem.base == RIP {
            return self.layout.rel32(field, crate::Label(mem.label), addend);
        }
        let target = RelocTarget::Symbol(mem.label);
        let reloc = Relocation { offset: 0, kind: RelocKind::Rel32, target, addend: i64::from(addend) };
        self.layout.relocation(field, reloc);
    }

    /// Whether a reference can be encoded; reports it if not.
    #[inline(always)]
    fn valid_mem(&mut self, mem: &Mem, vsib: bool) -> bool {
        if mem.vector_index != vsib || (mem.index == 4 && !vsib) {
            self.invalid("RSP cannot be scaled; only gathers and scatters have a vector of indices");
            return false;
        }
        true
    }
}
