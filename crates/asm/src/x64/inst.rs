//! What a row of the instruction table says.
//!
//! A row is an [`Instruction`]: a name and a descriptor, [`GprOp`] or [`VecOp`], from which the encoder is driven. The
//! descriptor's *shape* fixes the operands that the instruction takes; fuzzers and printers derive the operand forms
//! from it. The rows themselves are in `table_gpr.rs` and `table_vector.rs`.

use super::reg::{Cond, Size, VecLen};

/// Mandatory prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Pp {
    NP,
    P66,
    PF3,
    PF2,
}

/// Opcode map, numbered as VEX does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Map {
    M1,
    M0F,
    M38,
    M3A,
}

/// What ModRM's `rm` field may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RmKind {
    /// A register or memory.
    Any,
    /// A register.
    Reg,
    /// Memory.
    Mem,
}

impl RmKind {
    /// Whether a register is allowed.
    #[inline]
    pub const fn reg(self) -> bool {
        !matches!(self, RmKind::Mem)
    }

    /// Whether memory is allowed.
    #[inline]
    pub const fn mem(self) -> bool {
        !matches!(self, RmKind::Reg)
    }
}

/// Operands of an integer instruction, in the order of Intel's syntax. `s` is the operation's [`Size`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GprShape {
    /// `rs/ms, rs` · `rs, ms` · `rs/ms, imm`.
    Alu,
    /// `rs/ms, rs` · `rs/ms, imm`.
    Test,
    /// `rs/ms, rs` · `rs, ms` · `rs/ms, imm`.
    Mov,
    /// `rs/ms, imm8` · `rs/ms, cl`.
    Shift,
    /// `rs/ms`.
    Unary,
    /// `rs, rs/ms`.
    RegRm,
    /// `rs, rs/ms, imm`.
    RegRmImm,
    /// `rs/ms, rs`.
    RmReg,
    /// `rs/ms, rs` · `rs/ms, imm8`.
    BitTest,
    /// `rs/ms, rs, imm8` · `rs/ms, rs, cl`.
    DoubleShift,
    /// `rs, rt/mt`, with a smaller size `t` of the source.
    Extend,
    /// `r64, r32/m32`.
    ExtendDword,
    /// `r32 or r64, rt/mt`.
    Crc32,
    /// `rs`.
    Reg,
    /// `r64/m64` · `imm32`.
    Push,
    /// `r64/m64`.
    Pop,
    /// `r64/m64`.
    Rm64,
    /// `r8/m8`.
    SetCc(Cond),
    /// A label.
    Jcc(Cond),
    /// `m`.
    Mem,
    /// `imm16`.
    Imm16,
    /// None; the bytes are the encoding.
    Nullary(NullaryBytes),
    /// `rs, rs(vvvv), rs/ms`.
    VexRvm,
    /// `rs, rs/ms, rs(vvvv)`.
    VexRmv,
    /// `rs(vvvv), rs/ms`.
    VexVm,
    /// `rs, rs/ms, imm8`.
    VexRmi,
}

/// The encoding of an instruction without operands: at most four bytes, in place, so that descriptors stay small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NullaryBytes {
    bytes: [u8; 4],
    count: u8,
}

impl NullaryBytes {
    /// These bytes, at most four.
    pub const fn new(bytes: &[u8]) -> NullaryBytes {
        let mut all = NullaryBytes { bytes: [0; 4], count: bytes.len() as u8 };
        let mut index = 0;
        while index < bytes.len() {
            all.bytes[index] = bytes[index];
            index += 1;
        }
        all
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count as usize]
    }
}

/// Descriptor of an integer instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GprOp {
    /// The operands.
    pub shape: GprShape,
    /// Mandatory prefix.
    pub pp: Pp,
    /// Opcode map.
    pub map: Map,
    /// Opcode; that of the 8-bit form, where there is one.
    pub opcode: u8,
    /// ModRM's `reg` field, where it extends the opcode.
    pub digit: u8,
    /// Smallest operand size.
    pub min: Size,
    /// What `rm` may be.
    pub rm: RmKind,
}

/// Operands of a vector instruction, in the order of Intel's syntax; without AVX, the first operand of `Rvm…` and `Xvg…`
/// is also the second. `v` is a vector register, `x` one of 128 bits, `k` a mask, `g` a general register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VecShape {
    /// `v, v, v/m`.
    Rvm,
    /// `v, v, v/m, imm8`.
    Rvmi,
    /// `v, v/m`.
    Rm,
    /// `v, v/m, imm8`.
    Rmi,
    /// `v/m, v`.
    Mr,
    /// `v/m, v, imm8`.
    Mri,
    /// `v(vvvv), v/m, imm8`.
    Vmi,
    /// `v, v, v/m, v`.
    Rvmr,
    /// `m, v, v`.
    Mvr,
    /// `v, vm, v(mask)`.
    Gather,
    /// `v{k}, vm`.
    GatherK,
    /// `vm{k}, v`.
    Scatter,
    /// `x, x, g/m`, with a size.
    XvgSized,
    /// `g, x/m`, with a size.
    GxSized,
    /// `x, g/m`.
    Xg,
    /// `g/m, x`.
    Gx,
    /// `g, v`.
    Gv,
    /// `g, x, imm8`.
    Gvi,
    /// `x, x, g/m, imm8`.
    Xvgi,
    /// `g/m, x, imm8`.
    Gxi,
    /// `v, g`.
    Vg,
    /// `k, v, v/m`.
    Kvm,
    /// `k, v, v/m, imm8`.
    Kvmi,
    /// `k, k, k`.
    Kkk,
    /// `k, k`.
    Kk,
    /// `k, k, imm8`.
    Kki,
    /// `k, m`.
    Km,
    /// `m, k`.
    Mk,
    /// `k, g`.
    Kg,
    /// `g, k`.
    Gk,
    /// `v, k`.
    Vk,
    /// `k, v`.
    Kv,
}

/// The unit of an 8-bit displacement with EVEX, and whether one element can be broadcast from memory (Intel's manual
/// calls this the tuple type).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Disp8 {
    /// The vector; 4-byte elements can be broadcast.
    Full4,
    /// The vector; 8-byte elements can be broadcast.
    Full8,
    /// Half the vector; 4-byte elements can be broadcast.
    Half4,
    /// The vector.
    Vl,
    /// Half the vector.
    Vl2,
    /// A quarter of the vector.
    Vl4,
    /// An eighth of the vector.
    Vl8,
    /// As `vmovddup` reads: 8, 32, 64 bytes.
    Dup,
    /// So many bytes.
    N1,
    N2,
    N4,
    N8,
    N16,
    N32,
}

impl Disp8 {
    /// log2 of the unit, at this vector length.
    pub const fn shift(self, len: VecLen, broadcast: bool) -> u8 {
        let vector = 4 + len as u8;
        match (self, broadcast) {
            (Disp8::Full4 | Disp8::Half4, true) => 2,
            (Disp8::Full8, true) => 3,
            (Disp8::Full4 | Disp8::Full8 | Disp8::Vl, _) => vector,
            (Disp8::Half4 | Disp8::Vl2, _) => vector - 1,
            (Disp8::Vl4, _) => vector - 2,
            (Disp8::Vl8, _) => vector - 3,
            (Disp8::Dup, _) => match len {
                VecLen::L128 => 3,
                _ => vector,
            },
            (Disp8::N1, _) => 0,
            (Disp8::N2, _) => 1,
            (Disp8::N4, _) => 2,
            (Disp8::N8, _) => 3,
            (Disp8::N16, _) => 4,
            (Disp8::N32, _) => 5,
        }
    }

    /// Whether memory operands can be broadcast.
    pub const fn broadcasts(self) -> bool {
        matches!(self, Disp8::Full4 | Disp8::Full8 | Disp8::Half4)
    }
}

/// Which vector lengths an instruction has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lens {
    /// One: a scalar or fixed to 128 bits.
    One,
    /// 128, 256 and (with EVEX) 512 bits.
    All,
    /// 256 and (with EVEX) 512 bits.
    Wide,
    /// 512 bits.
    L512,
}

impl Lens {
    /// Whether there is a form of this length.
    #[inline]
    pub const fn has(self, len: VecLen) -> bool {
        match self {
            Lens::One => matches!(len, VecLen::L128),
            Lens::All => true,
            Lens::Wide => !matches!(len, VecLen::L128),
            Lens::L512 => matches!(len, VecLen::L512),
        }
    }
}

/// What is particular to an instruction's EVEX form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvexForm {
    /// EVEX.W.
    pub w: bool,
    /// The unit of displacements, and broadcasts.
    pub disp8: Disp8,
    /// Whether the destination can be masked.
    pub masks: bool,
}

/// Descriptor of a vector or mask instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VecOp {
    /// The operands.
    pub shape: VecShape,
    /// Mandatory prefix.
    pub pp: Pp,
    /// Opcode map.
    pub map: Map,
    /// Opcode.
    pub opcode: u8,
    /// ModRM's `reg` field, where it extends the opcode.
    pub digit: u8,
    /// What `rm` may be.
    pub rm: RmKind,
    /// The encoding has neither VEX nor EVEX; `vex_w` is then REX.W.
    pub legacy: bool,
    /// VEX.W, if there is a VEX form.
    pub vex_w: Option<bool>,
    /// The EVEX form, if there is one.
    pub evex: Option<EvexForm>,
    /// Vector lengths.
    pub lens: Lens,
}

/// Descriptor of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Gpr(GprOp),
    Vec(VecOp),
}

/// A row of the instruction table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The method's name in [`Assembler`](super::Assembler).
    pub name: &'static str,
    /// How it is encoded.
    pub op: Op,
}

impl Instruction {
    /// The instruction's mnemonic: the method's name less what distinguishes methods of one mnemonic.
    pub fn mnemonic(&self) -> &'static str {
        let repeated = ["rep_", "repe_", "repne_"].iter().find_map(|prefix| self.name.strip_prefix(prefix));
        let name = repeated.unwrap_or(self.name);
        name.split('_').next().unwrap_or(name)
    }
}

/// All instructions, a row per method.
pub fn instructions() -> impl Iterator<Item = &'static Instruction> {
    use super::table_vector::{avx, avx512, sse};
    let vector = [sse::INSTRUCTIONS, avx::INSTRUCTIONS, avx512::INSTRUCTIONS];
    super::table_gpr::INSTRUCTIONS.iter().chain(vector.into_iter().flatten().flatten())
}
