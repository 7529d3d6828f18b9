//! Runs: the few instructions that a quick compiler makes of one operation, written without looking at the buffer after each.
//!
//! [`Assembler::run`] opens one window for all of them. An instruction whose opcode and registers are constants is a store of a constant then, and one
//! with a displacement a few operations more: the methods here are inlined. They serve a handful of encodings, which take their shortest
//! form as [`Assembler`]'s methods do (a test compares them).
//!
//! Branches of a run to code that is emitted later need no label: they join a [`Chain`] through their own displacements, as those to labels do, and
//! [`Assembler::bind_chain`] walks it. A second branch of a run to the same place on the same condition is two bytes, a jump to the first.
//!
//! Invariants: a run stays below [`RUN`] bytes (asserted at its end), and no write can leave the window: positions are masked. Without relaxation only.

use super::assembler::Assembler;
use super::branch::{JMP, short_opcode};
use super::operand::Scale;
use super::reg::{Cond, Reg, Size, Xmm};
use crate::Label;
use crate::layout::{CHAIN_END, Layout};
use crate::reloc::RelocTarget;

/// Bytes that a run may have, a power of two.
pub const RUN: usize = 256;

/// What the window has beyond, so that a store at the last position fits.
const SLACK: usize = 16;

/// Storage of a window.
pub(crate) const RUN_WINDOW: usize = RUN + SLACK;

/// Branches to a place that is not known yet: the position of the last one's displacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain(u32);

impl Chain {
    /// No branches.
    pub const NONE: Chain = Chain(CHAIN_END);

    /// Whether there is a branch.
    #[inline]
    pub fn is_used(self) -> bool {
        self != Chain::NONE
    }
}

/// A branch in a run, for [`Run::jcc_again`].
#[derive(Clone, Copy, Debug)]
pub struct Branch(u32);

/// A short branch forwards in a run, for [`Run::land`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Short(usize);

/// Opcodes of instructions `op reg, rm` or `op rm, reg`, as the name says; 32 and 64 bits.
#[allow(missing_docs)]
pub mod opcode {
    pub const ADD_REG_RM: u8 = 0x03;
    pub const OR_REG_RM: u8 = 0x0B;
    pub const AND_REG_RM: u8 = 0x23;
    pub const SUB_REG_RM: u8 = 0x2B;
    pub const XOR_REG_RM: u8 = 0x33;
    pub const CMP_REG_RM: u8 = 0x3B;
    pub const TEST_REG_RM: u8 = 0x85;
    pub const STORE: u8 = 0x89;
    pub const LOAD: u8 = 0x8B;
    pub const LEA: u8 = 0x8D;
    /// The digits of `op rm, imm`.
    pub const ADD: u8 = 0;
    pub const OR: u8 = 1;
    pub const AND: u8 = 4;
    pub const SUB: u8 = 5;
    pub const XOR: u8 = 6;
    pub const CMP: u8 = 7;
    /// The digits of shifts.
    pub const SHL: u8 = 4;
    pub const SHR: u8 = 5;
    pub const SAR: u8 = 7;
}

/// An open window.
pub struct Run<'a> {
    out: &'a mut [u8; RUN_WINDOW],
    at: usize,
    /// The position of the window's first byte.
    start: u32,
    layout: &'a mut Layout,
}

impl Assembler {
    /// Emits instructions through a [`Run`].
    #[inline(always)]
    pub fn run<R>(&mut self, emit: impl FnOnce(&mut Run<'_>) -> R) -> R {
        let start = self.buf.len() as u32;
        let mut run = Run { out: self.buf.run_window(), at: 0, start, layout: &mut self.layout };
        let result = emit(&mut run);
        let count = run.at;
        assert!(count <= RUN, "a run is too long");
        self.buf.advance(count);
        result
    }

    /// Makes this place the target of a chain.
    #[inline]
    pub fn bind_chain(&mut self, chain: Chain) {
        if chain.is_used() {
            self.buf.end_chain(chain.0);
        }
    }

    /// Joins a chain, as [`Run::jmp`].
    pub fn jmp_chain(&mut self, chain: &mut Chain) {
        self.run(|run| run.jmp(chain));
    }
}

impl Run<'_> {
    /// The position of what comes next.
    #[inline(always)]
    pub fn here(&self) -> u32 {
        self.start + self.at as u32
    }

    /// Appends the first `count` of eight bytes.
    #[inline(always)]
    pub fn put(&mut self, bytes: u64, count: usize) {
        let at = self.at & (RUN - 1);
        self.out[at..at + 8].copy_from_slice(&bytes.to_le_bytes());
        self.at += count;
    }

    #[inline(always)]
    fn imm32(&mut self, imm: i32) {
        self.put(u64::from(imm as u32), 4);
    }

    /// `op reg, rm` of registers.
    #[inline(always)]
    pub fn rr(&mut self, size: Size, opcode: u8, reg: Reg, rm: Reg) {
        let (reg, rm) = (reg.index(), rm.index());
        let rex = 0x40 | u8::from(size == Size::S64) << 3 | reg >> 3 << 2 | rm >> 3;
        let rest = u64::from(opcode) | u64::from(0xC0 | (reg & 7) << 3 | rm & 7) << 8;
        if rex == 0x40 { self.put(rest, 2) } else { self.put(u64::from(rex) | rest << 8, 3) }
    }

    /// `op reg, [base + disp]` or `op [base + disp], reg`, without an immediate.
    #[inline(always)]
    pub fn mem(&mut self, size: Size, opcode: u8, reg: Reg, base: Reg, disp: i32) {
        self.modrm(u8::from(size == Size::S64), u64::from(opcode), 1, reg.index(), base, disp);
    }

    /// `op reg, [base + index·scale + disp]`; the index is not rsp.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    pub fn indexed(&mut self, size: Size, opcode: u8, reg: Reg, base: Reg, index: Reg, scale: Scale, disp: i32) {
        let (reg, base, index) = (reg.index(), base.index(), index.index());
        let rex = 0x40 | u8::from(size == Size::S64) << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
        let (mode, size) = mode(base, disp);
        let sib = (scale as u8) << 6 | (index & 7) << 3 | base & 7;
        let rest = u64::from(opcode) | u64::from(mode | (reg & 7) << 3 | 4) << 8 | u64::from(sib) << 16;
        let rest = rest | u64::from(disp as u32) << 24;
        if rex == 0x40 { self.put(rest, 3 + size) } else { self.put(u64::from(rex) | rest << 8, 4 + size) }
    }

    #[inline(always)]
    fn modrm(&mut self, w: u8, opcode: u64, opcode_len: usize, reg: u8, base: Reg, disp: i32) {
        let base = base.index();
        let rex = 0x40 | w << 3 | reg >> 3 << 2 | base >> 3;
        let (mode, size) = mode(base, disp);
        let with_sib = base & 7 == 4;
        let (mut bytes, mut count) = (0, 0);
        if rex != 0x40 {
            (bytes, count) = (u64::from(rex), 1);
        }
        bytes |= opcode << (count * 8);
        count += opcode_len;
        bytes |= u64::from(mode | (reg & 7) << 3 | base & 7) << (count * 8);
        count += 1;
        if with_sib {
            bytes |= 0x24 << (count * 8);
            count += 1;
        }
        if count <= 4 {
            return self.put(bytes | u64::from(disp as u32) << (count * 8), count + size);
        }
        self.put(bytes, count);
        self.put(u64::from(disp as u32), size);
    }

    /// `op [base + disp], imm` of 8 bits.
    #[inline(always)]
    pub fn mem_imm8(&mut self, digit: u8, base: Reg, disp: i32, imm: u8) {
        self.modrm(0, 0x80, 1, digit, base, disp);
        self.put(u64::from(imm), 1);
    }

    /// `op [base + disp], imm` of 32 bits or 64, the immediate sign-extended.
    #[inline(always)]
    pub fn mem_imm(&mut self, size: Size, digit: u8, base: Reg, disp: i32, imm: i32) {
        let w = u8::from(size == Size::S64);
        if let Ok(imm) = i8::try_from(imm) {
            self.modrm(w, 0x83, 1, digit, base, disp);
            self.put(u64::from(imm as u8), 1);
        } else {
            self.modrm(w, 0x81, 1, digit, base, disp);
            self.imm32(imm);
        }
    }

    /// `test byte [base + disp], imm`.
    #[inline(always)]
    pub fn test_mem8(&mut self, base: Reg, disp: i32, imm: u8) {
        self.modrm(0, 0xF6, 1, 0, base, disp);
        self.put(u64::from(imm), 1);
    }

    /// `movzx reg, byte [base + disp]`.
    #[inline(always)]
    pub fn movzx8(&mut self, reg: Reg, base: Reg, disp: i32) {
        self.modrm(0, 0xB60F, 2, reg.index(), base, disp);
    }

    /// `mov qword [base + disp], imm`, sign-extended.
    #[inline(always)]
    pub fn store_imm(&mut self, base: Reg, disp: i32, imm: i32) {
        self.modrm(1, 0xC7, 1, 0, base, disp);
        self.imm32(imm);
    }

    /// `op reg, imm`, the immediate sign-extended. Not for rax with an immediate of 32 bits, whose form is shorter: [`Run::rax_imm`].
    #[inline(always)]
    pub fn ri(&mut self, size: Size, digit: u8, reg: Reg, imm: i32) {
        let reg = reg.index();
        let rex = 0x40 | u8::from(size == Size::S64) << 3 | reg >> 3;
        let modrm = 0xC0 | digit << 3 | reg & 7;
        let byte = i8::try_from(imm).is_ok();
        let opcode: u8 = if byte { 0x83 } else { 0x81 };
        let rest = u64::from(opcode) | u64::from(modrm) << 8 | u64::from(imm as u32) << 16;
        let count = if byte { 3 } else { 6 };
        if rex == 0x40 { self.put(rest, count) } else { self.put(u64::from(rex) | rest << 8, count + 1) }
    }

    /// [`Run::ri`] for rax.
    #[inline(always)]
    pub fn rax_imm(&mut self, size: Size, digit: u8, imm: i32) {
        if i8::try_from(imm).is_ok() {
            return self.ri(size, digit, Reg::RAX, imm);
        }
        if size == Size::S64 {
            self.put(0x48, 1);
        }
        self.put(u64::from(digit << 3 | 5) | u64::from(imm as u32) << 8, 5);
    }

    /// `test reg, imm` of 32 bits. Not for rax, whose form is shorter.
    #[inline(always)]
    pub fn test_imm(&mut self, reg: Reg, imm: i32) {
        let reg = reg.index();
        let rest = 0xF7 | u64::from(0xC0 | reg & 7) << 8 | u64::from(imm as u32) << 16;
        if reg < 8 { self.put(rest, 6) } else { self.put(0x41 | rest << 8, 7) }
    }

    /// `mov reg, imm` of 32 bits: the upper half becomes 0.
    #[inline(always)]
    pub fn mov32(&mut self, reg: Reg, imm: i32) {
        let reg = reg.index();
        let rest = u64::from(0xB8 | reg & 7) | u64::from(imm as u32) << 8;
        if reg < 8 { self.put(rest, 5) } else { self.put(0x41 | rest << 8, 6) }
    }

    /// `mov reg, imm` of 64 bits, in its longest form.
    #[inline(always)]
    pub fn mov64(&mut self, reg: Reg, imm: u64) {
        let reg = reg.index();
        self.put(u64::from(0x48 | reg >> 3) | u64::from(0xB8 | reg & 7) << 8, 2);
        self.put(imm, 8);
    }

    /// `mov rax, [address]`.
    #[inline(always)]
    pub fn load_absolute(&mut self, address: u64) {
        self.put(0xA148, 2);
        self.put(address, 8);
    }

    /// `imul reg, rm` of 32 bits; both of the first eight registers.
    #[inline(always)]
    pub fn imul32(&mut self, reg: Reg, rm: Reg) {
        debug_assert!(reg.index() < 8 && rm.index() < 8);
        self.put(0xAF0F | u64::from(0xC0 | reg.index() << 3 | rm.index()) << 16, 3);
    }

    /// A shift of eax by a constant.
    #[inline(always)]
    pub fn shift_eax(&mut self, digit: u8, count: u8) {
        let modrm = u64::from(0xC0 | digit << 3) << 8;
        if count == 1 { self.put(0xD1 | modrm, 2) } else { self.put(0xC1 | modrm | u64::from(count) << 16, 3) }
    }

    /// A shift of eax by cl.
    #[inline(always)]
    pub fn shift_eax_cl(&mut self, digit: u8) {
        self.put(0xD3 | u64::from(0xC0 | digit << 3) << 8, 2);
    }

    /// `div reg` of 32 bits, one of the first eight registers.
    #[inline(always)]
    pub fn div32(&mut self, reg: Reg) {
        debug_assert!(reg.index() < 8);
        self.put(0xF7 | u64::from(0xF0 | reg.index()) << 8, 2);
    }

    /// `setcc al`, `movzx eax, al`.
    #[inline(always)]
    pub fn set_eax(&mut self, cond: Cond) {
        self.put(0xC0B6_0FC0_900F | u64::from(cond.index()) << 8, 6);
    }

    /// An SSE instruction on a pair of the first eight vector registers, doubles: `addsd` and the like.
    #[inline(always)]
    pub fn sse(&mut self, prefix: u8, opcode: u8, reg: Xmm, rm: Xmm) {
        debug_assert!(reg.index() < 8 && rm.index() < 8);
        let modrm = u64::from(0xC0 | reg.index() << 3 | rm.index());
        self.put(u64::from(prefix) | 0x0F << 8 | u64::from(opcode) << 16 | modrm << 24, 4);
    }

    /// An instruction of the second opcode map, [base + index·scale] and a register by its number; all of the first eight. Prefix 0 is none.
    #[inline(always)]
    pub fn indexed_0f(&mut self, prefix: u8, opcode: u8, reg: u8, base: Reg, index: Reg, scale: Scale) {
        debug_assert!(base.index() < 8 && base.index() & 7 != 5 && index.index() < 8 && reg < 8);
        let sib = (scale as u8) << 6 | index.index() << 3 | base.index();
        let rest = 0x0F | u64::from(opcode) << 8 | u64::from(reg << 3 | 4) << 16 | u64::from(sib) << 24;
        if prefix == 0 { self.put(rest, 4) } else { self.put(u64::from(prefix) | rest << 8, 5) }
    }

    /// `mov byte [base + index], reg`: all of the first four registers, or rsi as index.
    #[inline(always)]
    pub fn store8(&mut self, reg: Reg, base: Reg, index: Reg) {
        debug_assert!(reg.index() < 4 && base.index() < 4 && index.index() < 8);
        self.put(0x0488 | u64::from(reg.index() << 3) << 8 | u64::from(index.index() << 3 | base.index()) << 16, 3);
    }

    /// `mov word [base + 2·index], reg`, as [`Run::store8`].
    #[inline(always)]
    pub fn store16(&mut self, reg: Reg, base: Reg, index: Reg) {
        debug_assert!(reg.index() < 4 && base.index() < 4 && index.index() < 8);
        let sib = u64::from(1 << 6 | index.index() << 3 | base.index());
        self.put(0x04_8966 | u64::from(reg.index() << 3) << 16 | sib << 24, 4);
    }

    /// `movq xmm, reg`, for the first eight of each.
    #[inline(always)]
    pub fn movq_from(&mut self, xmm: Xmm, reg: Reg) {
        debug_assert!(reg.index() < 8 && xmm.index() < 8);
        self.put(0x6E0F_4866 | u64::from(0xC0 | xmm.index() << 3 | reg.index()) << 32, 5);
    }

    /// `movq reg, xmm`, for the first eight of each.
    #[inline(always)]
    pub fn movq_to(&mut self, reg: Reg, xmm: Xmm) {
        debug_assert!(reg.index() < 8 && xmm.index() < 8);
        self.put(0x7E0F_4866 | u64::from(0xC0 | xmm.index() << 3 | reg.index()) << 32, 5);
    }

    /// `xorps xmm, xmm`, `cvtsi2sd xmm, reg` of 32 bits, for the first eight of each.
    #[inline(always)]
    pub fn double_of_int32(&mut self, xmm: Xmm, reg: Reg) {
        debug_assert!(reg.index() < 8 && xmm.index() < 8);
        let (x, r) = (u64::from(xmm.index()), u64::from(reg.index()));
        self.put(0xF2C0_570F | (x << 3 | x) << 16, 3);
        self.put(0xC02A_0FF2 | (x << 3 | r) << 24, 4);
    }

    /// `push rbp`, `mov rbp, rsp`.
    #[inline(always)]
    pub fn enter(&mut self) {
        self.put(0xE589_4855, 4);
    }

    /// `pop rbp`, `ret`.
    #[inline(always)]
    pub fn leave(&mut self) {
        self.put(0xC35D, 2);
    }

    /// `inc dword [base + disp]`.
    #[inline(always)]
    pub fn inc_mem32(&mut self, base: Reg, disp: i32) {
        self.modrm(0, 0xFF, 1, 0, base, disp);
    }

    /// `cmp word [base + disp], imm`; the base is none of r8 to r15.
    #[inline(always)]
    pub fn cmp_mem16(&mut self, base: Reg, disp: i32, imm: i16) {
        debug_assert!(base.index() < 8);
        self.put(0x66, 1);
        if let Ok(imm) = i8::try_from(imm) {
            self.modrm(0, 0x83, 1, 7, base, disp);
            self.put(u64::from(imm as u8), 1);
        } else {
            self.modrm(0, 0x81, 1, 7, base, disp);
            self.put(u64::from(imm as u16), 2);
        }
    }

    /// `movups xmm, [base + disp]`, for the first eight vector registers.
    #[inline(always)]
    pub fn movups_load(&mut self, xmm: Xmm, base: Reg, disp: i32) {
        debug_assert!(xmm.index() < 8);
        self.modrm(0, 0x100F, 2, xmm.index(), base, disp);
    }

    /// `movups [base + disp], xmm`, likewise.
    #[inline(always)]
    pub fn movups_store(&mut self, base: Reg, disp: i32, xmm: Xmm) {
        debug_assert!(xmm.index() < 8);
        self.modrm(0, 0x110F, 2, xmm.index(), base, disp);
    }

    /// `call [base + disp]`.
    #[inline(always)]
    pub fn call_mem(&mut self, base: Reg, disp: i32) {
        self.modrm(0, 0xFF, 1, 2, base, disp);
    }

    /// `call` of a target that whoever places the code brings within reach.
    #[inline(always)]
    pub fn call_near(&mut self, target: RelocTarget) {
        self.layout.near(self.here() as usize + 1, target);
        self.put(0xE8, 5);
    }

    /// `jcc` to where the chain will be bound, in the long form.
    #[inline(always)]
    pub fn jcc(&mut self, cond: Cond, chain: &mut Chain) -> Branch {
        let branch = Branch(self.here());
        self.put(0x800F | u64::from(cond.index()) << 8 | u64::from(chain.0) << 16, 6);
        chain.0 = branch.0 + 2;
        branch
    }

    /// `jcc` to where another of the same condition goes, by way of that. Costs an instruction where it is taken.
    #[inline(always)]
    pub fn jcc_again(&mut self, cond: Cond, first: Branch) {
        self.back(cond.index(), first.0);
    }

    /// `jmp` to where the chain will be bound.
    #[inline(always)]
    pub fn jmp(&mut self, chain: &mut Chain) {
        let field = self.here() + 1;
        self.put(0xE9 | u64::from(chain.0) << 8, 5);
        chain.0 = field;
    }

    /// `jcc` to a place of the bytecode or the like.
    #[inline(always)]
    pub fn jcc_to(&mut self, cond: Cond, label: Label) {
        match self.layout.bound_or_chain(label, self.here() + 2) {
            Err(before) => self.put(0x800F | u64::from(cond.index()) << 8 | u64::from(before) << 16, 6),
            Ok(to) => self.back(cond.index(), to),
        }
    }

    /// `jmp` to a place of the bytecode or the like.
    #[inline(always)]
    pub fn jmp_to(&mut self, label: Label) {
        match self.layout.bound_or_chain(label, self.here() + 1) {
            Err(before) => self.put(0xE9 | u64::from(before) << 8, 5),
            Ok(to) => self.back(JMP, to),
        }
    }

    /// `jmp` to a position that lies before.
    #[inline(always)]
    pub fn jmp_back(&mut self, to: u32) {
        self.back(JMP, to);
    }

    /// `jcc` to a position that lies before.
    #[inline(always)]
    pub fn jcc_back(&mut self, cond: Cond, to: u32) {
        self.back(cond.index(), to);
    }

    #[inline(always)]
    fn back(&mut self, kind: u8, to: u32) {
        let distance = to as i32 - self.here() as i32;
        if distance - 2 >= -128 {
            return self.put(u64::from(short_opcode(kind)) | u64::from((distance - 2) as u8) << 8, 2);
        }
        if kind == JMP {
            self.put(0xE9 | u64::from((distance - 5) as u32) << 8, 5);
        } else {
            self.put(0x800F | u64::from(kind) << 8 | u64::from((distance - 6) as u32) << 16, 6);
        }
    }

    /// A short `jcc` forwards, to where [`Run::land`] says.
    #[inline(always)]
    pub fn jcc_short(&mut self, cond: Cond) -> Short {
        self.put(u64::from(short_opcode(cond.index())), 2);
        Short(self.at - 1)
    }

    /// A short `jmp` forwards, to where [`Run::land`] says.
    #[inline(always)]
    pub fn jmp_short(&mut self) -> Short {
        self.put(u64::from(short_opcode(JMP)), 2);
        Short(self.at - 1)
    }

    /// This is where the short branch goes.
    #[inline(always)]
    pub fn land(&mut self, branch: Short) {
        let distance = self.at - branch.0 - 1;
        assert!(distance < 128, "a short branch does not reach");
        self.out[branch.0 & (RUN - 1)] = distance as u8;
    }
}

/// The mode bits of ModRM and the size of the displacement.
#[inline(always)]
fn mode(base: u8, disp: i32) -> (u8, usize) {
    if disp == 0 && base & 7 != 5 {
        (0, 0)
    } else if i8::try_from(disp).is_ok() {
        (0x40, 1)
    } else {
        (0x80, 4)
    }
}

#[cfg(test)]
mod tests {
    use super::super::operand::Mem;
    use super::*;
    use crate::x64::{Count, Operand};

    /// What the run emits is what the assembler does.
    fn same(run: impl FnOnce(&mut Run<'_>), plain: impl FnOnce(&mut Assembler)) {
        let (mut a, mut b) = (Assembler::new(), Assembler::new());
        a.run(run);
        plain(&mut b);
        assert_eq!(a.assemble().unwrap().code, b.assemble().unwrap().code);
    }

    const REGS: [Reg; 16] = [
        Reg::RAX,
        Reg::RCX,
        Reg::RDX,
        Reg::RBX,
        Reg::RSP,
        Reg::RBP,
        Reg::RSI,
        Reg::RDI,
        Reg::R8,
        Reg::R9,
        Reg::R10,
        Reg::R11,
        Reg::R12,
        Reg::R13,
        Reg::R14,
        Reg::R15,
    ];
    const DISPS: [i32; 7] = [0, 8, -128, 127, 128, -129, 0x12345];

    #[test]
    fn prologues_are_the_assembler_s() {
        same(
            |run| run.enter(),
            |asm| {
                asm.push(Reg::RBP);
                asm.mov(Size::S64, Reg::RBP, Reg::RSP);
            },
        );
        same(
            |run| run.leave(),
            |asm| {
                asm.pop(Reg::RBP);
                asm.ret();
            },
        );
        for disp in DISPS {
            for base in REGS {
                same(|run| run.inc_mem32(base, disp), |asm| asm.inc(Size::S32, Mem::base(base, disp)));
                let at = Mem::base(base, disp);
                same(|run| run.movups_load(Xmm::XMM3, base, disp), |asm| asm.movups(Xmm::XMM3, at));
                same(|run| run.movups_store(base, disp, Xmm::XMM0), |asm| asm.movups_store(at, Xmm::XMM0));
            }
            for imm in [0, 5, 127, 128, -1, 1000] {
                let at = Mem::base(Reg::RBX, disp);
                same(|run| run.cmp_mem16(Reg::RBX, disp, imm), |asm| asm.cmp(Size::S16, at, i32::from(imm)));
            }
        }
    }

    #[test]
    fn instructions_of_fixed_registers_are_the_assembler_s() {
        let xmms = [Xmm::XMM0, Xmm::XMM1, Xmm::XMM7];
        for x in xmms {
            for y in xmms {
                same(|run| run.sse(0xF2, 0x58, x, y), |asm| asm.addsd(x, y));
                same(|run| run.sse(0x66, 0x2E, x, y), |asm| asm.ucomisd(x, y));
            }
            for reg in &REGS[..8] {
                let reg = *reg;
                same(|run| run.movq_from(x, reg), |asm| asm.movq_from_gpr(x, reg));
                same(|run| run.movq_to(reg, x), |asm| asm.movq_to_gpr(reg, x));
                same(
                    |run| run.double_of_int32(x, reg),
                    |asm| {
                        asm.xorps(x, x);
                        asm.cvtsi2sd(Size::S32, x, reg);
                    },
                );
                same(|run| run.div32(reg), |asm| asm.div(Size::S32, reg));
                same(|run| run.imul32(Reg::RAX, reg), |asm| asm.imul(Size::S32, Reg::RAX, reg));
            }
        }
        for cond in [Cond::E, Cond::NE, Cond::L, Cond::A] {
            same(
                |run| run.set_eax(cond),
                |asm| {
                    asm.set(cond, Reg::RAX);
                    asm.movzx(Size::S32, Size::S8, Reg::RAX, Reg::RAX);
                },
            );
        }
        let at = |scale| Mem::index(Reg::RAX, Reg::RSI, scale, 0);
        let indexed = |prefix, opcode, scale| {
            move |run: &mut Run<'_>| run.indexed_0f(prefix, opcode, 0, Reg::RAX, Reg::RSI, scale)
        };
        same(indexed(0, 0xBE, Scale::X1), |asm| asm.movsx(Size::S32, Size::S8, Reg::RAX, at(Scale::X1)));
        same(indexed(0, 0xB7, Scale::X2), |asm| asm.movzx(Size::S32, Size::S16, Reg::RAX, at(Scale::X2)));
        same(indexed(0xF3, 0x10, Scale::X4), |asm| asm.movss(Xmm::XMM0, at(Scale::X4)));
        same(indexed(0xF2, 0x11, Scale::X8), |asm| asm.movsd_store(at(Scale::X8), Xmm::XMM0));
        same(|run| run.store8(Reg::RCX, Reg::RAX, Reg::RSI), |asm| asm.mov(Size::S8, at(Scale::X1), Reg::RCX));
        same(|run| run.store16(Reg::RCX, Reg::RAX, Reg::RSI), |asm| asm.mov(Size::S16, at(Scale::X2), Reg::RCX));
        for count in [0, 1, 31] {
            same(|run| run.shift_eax(opcode::SHL, count), |asm| asm.shl(Size::S32, Reg::RAX, count));
            same(|run| run.shift_eax(opcode::SHR, count), |asm| asm.shr(Size::S32, Reg::RAX, count));
            same(|run| run.shift_eax(opcode::SAR, count), |asm| asm.sar(Size::S32, Reg::RAX, count));
        }
        same(|run| run.shift_eax_cl(opcode::SAR), |asm| asm.sar(Size::S32, Reg::RAX, Count::Cl));
        same(|run| run.load_absolute(1 << 40), |asm| asm.bytes(&[0x48, 0xA1, 0, 0, 0, 0, 0, 1, 0, 0]));
    }

    #[test]
    fn instructions_are_the_assembler_s() {
        for reg in REGS {
            for size in [Size::S32, Size::S64] {
                for imm in [1, -1, 127, 128, -129, 0x1234567] {
                    for (digit, op) in [
                        (opcode::ADD, crate::x64::op::add),
                        (opcode::OR, crate::x64::op::or),
                        (opcode::AND, crate::x64::op::and),
                        (opcode::SUB, crate::x64::op::sub),
                        (opcode::XOR, crate::x64::op::xor),
                        (opcode::CMP, crate::x64::op::cmp),
                    ] {
                        let plain = |asm: &mut Assembler| asm.alu(op, size, reg.into(), Operand::Imm(imm));
                        if reg == Reg::RAX {
                            same(|run| run.rax_imm(size, digit, imm), plain);
                        } else {
                            same(|run| run.ri(size, digit, reg, imm), plain);
                        }
                    }
                }
                for base in REGS {
                    same(|run| run.rr(size, opcode::TEST_REG_RM, reg, base), |asm| asm.test(size, base, reg));
                    for disp in DISPS {
                        let at = Mem::base(base, disp);
                        same(|run| run.mem(size, opcode::LOAD, reg, base, disp), |asm| asm.mov(size, reg, at));
                        same(|run| run.mem(size, opcode::STORE, reg, base, disp), |asm| asm.mov(size, at, reg));
                        same(|run| run.mem(size, opcode::CMP_REG_RM, reg, base, disp), |asm| asm.cmp(size, reg, at));
                        same(|run| run.mem(size, opcode::ADD_REG_RM, reg, base, disp), |asm| asm.add(size, reg, at));
                        same(|run| run.mem(Size::S64, opcode::LEA, reg, base, disp), |asm| asm.lea(Size::S64, reg, at));
                        for index in REGS {
                            if index != Reg::RSP && size == Size::S64 {
                                let at = Mem::index(base, index, Scale::X8, disp);
                                let load = |run: &mut Run<'_>| {
                                    run.indexed(size, opcode::LOAD, reg, base, index, Scale::X8, disp)
                                };
                                same(load, |asm| asm.mov(size, reg, at));
                            }
                        }
                    }
                }
            }
            for disp in DISPS {
                let at = Mem::base(reg, disp);
                same(|run| run.mem_imm8(opcode::CMP, reg, disp, 0x9A), |asm| asm.cmp(Size::S8, at, 0x9A));
                same(|run| run.test_mem8(reg, disp, 1), |asm| asm.test(Size::S8, at, 1));
                same(|run| run.movzx8(Reg::RCX, reg, disp), |asm| asm.movzx(Size::S32, Size::S8, Reg::RCX, at));
                same(|run| run.movzx8(Reg::R9, reg, disp), |asm| asm.movzx(Size::S32, Size::S8, Reg::R9, at));
                same(|run| run.store_imm(reg, disp, 10), |asm| asm.mov(Size::S64, at, 10));
                same(|run| run.call_mem(reg, disp), |asm| asm.call(at));
                for imm in [0, 1, -1, 0x1234567] {
                    for size in [Size::S32, Size::S64] {
                        same(|run| run.mem_imm(size, opcode::CMP, reg, disp, imm), |asm| asm.cmp(size, at, imm));
                    }
                }
            }
            if reg != Reg::RAX {
                same(|run| run.test_imm(reg, !0xff), |asm| asm.test(Size::S32, reg, !0xff));
            }
            same(|run| run.mov32(reg, 0x1234), |asm| asm.mov(Size::S32, reg, 0x1234));
            same(|run| run.mov64(reg, 1 << 63 | 5), |asm| asm.mov_imm64(reg, i64::MIN | 5));
        }
    }
}
