//! The x86-64 assembler.
//!
//! Where to look: [`Assembler`] has a method per row of the instruction table (`table_gpr.rs`, `table_vector.rs` and
//! its rows); `gpr.rs` and `vector.rs` have the encoder of each operand shape; `encode.rs` turns prefixes, opcodes and
//! operands into bytes; `run.rs` does so for what quick compilers emit most; `branch.rs` knows the two forms of each branch; `named.rs` is the named face.
//!
//! Immediates, displacements and prefixes always take their shortest form. Flags are never changed by that choice: what
//! is emitted is the instruction that was asked for, up to operand sizes that mean the same (`movzx` to 64 bits is the
//! 32-bit one, a 64-bit move of a constant below 2³² as well).

mod assembler;
mod branch;
mod encode;
mod features;
mod gpr;
pub mod inst;
mod named;
mod operand;
mod reg;
mod run;
mod table_gpr;
mod table_vector;
mod vector;

pub use assembler::{AsLabel, Assembler, AssemblyRef, DEFAULT_LIMIT};
pub use branch::{MAX_NOP, X64, nop};
pub use features::CpuFeatures;
pub use inst::{Instruction, instructions};
pub use operand::{Count, Masked, Mem, Operand, RegMem, Scale, XmmMem};
pub use reg::{Cond, Mask, Reg, Size, VecLen, Xmm};
pub(crate) use run::RUN_WINDOW;
pub use run::{Branch, Chain, RUN, Run, Short, opcode};

/// The descriptors of all instructions, by the names of their methods: for tables in compilers that map operations to
/// instructions, emitted through the encoder of their shape (`asm.alu(op::add, …)`, `asm.avx_rvm(op::vpaddd, …)`).
pub mod op {
    pub use super::table_gpr::op::*;
    pub use super::table_vector::avx::op::*;
    pub use super::table_vector::avx512::op::*;
    pub use super::table_vector::sse::op::*;
}
