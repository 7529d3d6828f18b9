//! The machine ops of x86-64, as instruction selection makes them and emission reads them.
//!
//! A machine op says which instruction is meant and what is fixed about it; operands are named by their number in the
//! instruction's operand list. Instructions of one shape share one op, with the assembler's descriptor as payload, so that the
//! choice of instruction lives in tables of `lower` and the encoding in the assembler, and nothing in between.

use crate::lir::PReg;
use tercel_asm::x64::inst::{GprOp, VecOp};
use tercel_asm::x64::{Cond, Reg, Size, VecLen};
use tercel_ir::TrapCode;

/// Holds the context of the running code, always.
pub const CONTEXT: Reg = Reg::R15;
/// Belongs to moves and to the expansion of single instructions; never allocated.
pub const SCRATCH: Reg = Reg::R11;
/// [`SCRATCH`], as the allocator names it.
pub const SCRATCH_INT: PReg = PReg::int(11);
/// The vector register that belongs to moves and expansions.
pub const SCRATCH_FLOAT: PReg = PReg::float(15);
/// No operand.
pub const NO: u8 = u8::MAX;

/// A memory operand: operands as base and index, or a stack slot, or a constant of the pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Addr {
    /// Operand number of the base, or [`NO`].
    pub base: u8,
    /// Operand number of the index, or [`NO`].
    pub index: u8,
    /// log2 of the index's factor.
    pub scale: u8,
    /// What the address is relative to if not to registers.
    pub origin: Origin,
    /// Displacement in bytes.
    pub disp: i32,
    /// Which stack slot or constant, if it is relative to one.
    pub number: u32,
}

impl Addr {
    /// Address 0.
    pub const ZERO: Addr = Addr { base: NO, index: NO, scale: 0, origin: Origin::None, disp: 0, number: 0 };
}

/// What an address without registers is relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// Registers only.
    None,
    /// The stack slot [`Addr::number`].
    Slot,
    /// The constant [`Addr::number`] of the function's pool.
    Pool,
    /// An incoming argument in memory, by its offset above the return address.
    Incoming,
}

/// The second operand of many instructions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Src {
    /// An operand: a register, or its spill slot.
    Op(u8),
    /// An immediate, sign-extended.
    Imm(i32),
    /// Memory.
    Mem(Addr),
}

/// How flags are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flags {
    /// `cmp a, b`.
    Cmp(Size, Src, Src),
    /// `test a, b`.
    Test(Size, Src, Src),
    /// `vucomiss` or, if `.0`, `vucomisd`.
    Float(bool, u8, Src),
}

/// Conditions on flags.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cc {
    /// One condition.
    One(Cond),
    /// Both hold.
    And(Cond, Cond),
    /// One of both holds.
    Or(Cond, Cond),
}

impl Cc {
    /// The opposite.
    pub fn invert(self) -> Cc {
        match self {
            Cc::One(cond) => Cc::One(cond.invert()),
            Cc::And(a, b) => Cc::Or(a.invert(), b.invert()),
            Cc::Or(a, b) => Cc::And(a.invert(), b.invert()),
        }
    }
}

/// What an arithmetic instruction does when it overflows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OnFlag {
    /// Traps.
    Trap(TrapCode),
    /// Leaves through an exit.
    Exit(u32),
    /// Writes 0 or 1 into this operand.
    Set(u8),
}

/// What a call reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Callee {
    /// Another function, placed near: a symbol of the linker.
    Near(u32),
    /// A symbol anywhere, through a constant that holds its address.
    Far(u32),
    /// A fixed address, through a constant.
    Address(u64),
    /// The address in this operand.
    Reg(u8),
}

/// Conversions that take several instructions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Convert {
    /// Float to signed integer, saturating.
    SintSat,
    /// Float to unsigned integer, saturating.
    UintSat,
    /// Float to signed integer, trapping.
    SintTrap,
    /// ToInt32.
    Wrap,
}

/// A machine op. Unless said otherwise operand 0 is the result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MOp {
    /// The start of a block; no operands.
    BlockStart,
    /// The parameters of the function arrive: fixed definitions.
    Entry,
    /// `op0 = op1`, tied: the allocator has done it.
    Copy,
    /// An integer constant.
    Imm(i64),
    /// The bits of a float constant; `.1` for `f64`.
    FloatImm(u64, bool),
    /// `op0 = op1 (tied) ∘ src`.
    Alu(GprOp, Size, Src),
    /// The same, and what happens on a condition.
    AluFlag(GprOp, Size, Src, Cond, OnFlag),
    /// `mul`, `imul` to two registers: results RAX, RDX; `.2` is the other factor.
    MulWide(GprOp, Size, Src),
    /// `op0 = src * imm`.
    ImulImm(Size, Src, i32),
    /// `op0 = ∘ src`: `lzcnt` and others.
    Unary(GprOp, Size, Src),
    /// `op0 = ∘ op1 (tied)`: `neg`, `not`.
    UnaryTied(GprOp, Size),
    /// `bswap`, tied.
    Bswap(Size),
    /// A shift of op1 (tied) by a constant.
    ShiftImm(GprOp, Size, u8),
    /// A rotation of op1 (tied) by CL (op2).
    ShiftCl(GprOp, Size),
    /// `op0 = src shifted by op`: `shlx`, `shrx`, `sarx`.
    ShiftX(GprOp, Size, Src, u8),
    /// Address computation.
    Lea(Addr),
    /// Zero extension to 64 bits.
    Zext(Size, Src),
    /// Sign extension from `.0` to `.1`.
    Sext(Size, Size, Src),
    /// Integer load; narrow ones are zero-extended.
    Load(Size, Addr),
    /// Integer store.
    Store(Size, Addr, Src),
    /// Division: RAX (op0) quotient, RDX (op1) remainder; the divisor is `.2`; checks for zero, and for overflow if `.3`.
    Div { size: Size, signed: bool, divisor: u8, rem: bool },
    /// `op0 = (flags) ? 1 : 0`.
    Set(Flags, Cc),
    /// `op0 = op1 (tied)`, unless the condition fails: then `.2`.
    Cmov(Flags, Cc, Src),
    /// The same for vector registers: the operand is moved.
    FloatSelect(Flags, Cc, u8),
    /// Branch to the first successor if the condition holds, else to the second.
    Branch(Flags, Cc),
    /// Traps if the condition holds.
    TrapIf(Flags, Cc, TrapCode),
    /// Leaves through an exit if the condition holds.
    ExitIf(Flags, Cc, u32),
    /// Goes to the only successor.
    Jump,
    /// Jump table over op0; op1 is a temporary. The first successor is the default.
    Switch,
    /// Returns.
    Return,
    /// Traps.
    Trap(TrapCode),
    /// Leaves through an exit.
    Exit(u32),
    /// Serves interrupts, out of line.
    Poll(u32),
    /// A call. `site` numbers its description; `vectors` is what AL must hold.
    Call { callee: Callee, site: u32 },
    /// A call in tail position.
    TailCall { callee: Callee },
    /// Address of another function.
    FuncAddr(Callee),

    // Vector registers. `len` is that of the whole operation; scalars have L128.
    /// `op0 = a ∘ src`.
    Rvm(VecOp, VecLen, u8, Src),
    /// `op0 = a ∘ src, imm`.
    Rvmi(VecOp, VecLen, u8, Src, u8),
    /// `op0 = ∘ src`.
    Rm(VecOp, VecLen, Src),
    /// `op0 = ∘ src, imm`.
    Rmi(VecOp, VecLen, Src, u8),
    /// `op0 = a shifted by imm`.
    Vmi(VecOp, VecLen, u8, u8),
    /// `op0 = mask ? b : a`.
    Rvmr { op: VecOp, len: VecLen, a: u8, b: u8, mask: u8 },
    /// The high or low part of a vector: `op0 = part of a`.
    Part(VecOp, VecLen, u8, u8),
    /// Vector load.
    LoadVec(VecOp, VecLen, Addr),
    /// Vector store.
    StoreVec(VecOp, VecLen, Addr, u8),
    /// Vector register from integer register: `vmovd`, `vmovq`.
    FromInt(VecOp, Src),
    /// Integer register from vector register.
    ToInt(VecOp, u8),
    /// Integer register from a lane.
    ToIntLane(VecOp, u8, u8),
    /// Like `ToIntLane`, for the form of `vpextrw` that names registers the other way round.
    ToIntLaneW(VecOp, u8, u8),
    /// `op0 = a with a lane from an integer register`.
    InsertInt(VecOp, u8, Src, u8),
    /// `pext`: the bits of the first operand that the second selects.
    ExtractBits(u8, u8),
    /// Sign bits to an integer register.
    SignBits(VecOp, VecLen, u8),
    /// Conversion of an integer: `op0 = float(src)`.
    IntToFloat(VecOp, Size, Src),
    /// The same for unsigned 64-bit integers in op1, with an integer temporary op2.
    Uint64ToFloat(bool),
    /// Conversion of op1 to an integer in op0; `.1` for `f64`.
    FloatToInt(Convert, bool, Size),
    /// 512 bits: a comparison into a mask, then lanes of ones or zeros; `.4` makes the lanes.
    MaskCompare(VecOp, VecOp, u8, Src, u8),
    /// 512 bits: lanes of `b` where the mask's top bits are set, of `a` elsewhere; `.0` reads the mask, `.1` blends.
    MaskBlend { bits: VecOp, blend: VecOp, a: u8, b: u8, mask: u8 },
    /// 512 bits: top bits of the lanes to an integer register.
    MaskBits(VecOp, u8),
}
