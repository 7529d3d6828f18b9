//! Tercel's assembler: registers, encoders, labels, relocations. It knows nothing of JavaScript.
//!
//! What is common to all targets lives at the top: a [bounded buffer](buffer), [labels and branch
//! relaxation](layout), [relocations](reloc) and [mapped code](exec). What belongs to one instruction set lives in
//! its own folder: [`x64`] today; a sibling needs a buffer, the layout's [`layout::Target`] trait and its own table.
//!
//! Two faces are offered:
//!
//! * the typed face, one method per instruction of the table, for compilers:
//!   `asm.add(Size::S64, Reg::RAX, Mem::base(Reg::RDI, 8))`;
//! * the named face, one method per operand form, for people who write machine code by hand:
//!   `asm.add_r64_r64(Reg::RAX, Reg::RDI)`, with labels named by strings.
//!
//! Emission never fails where it stands: a mistake (a label bound twice, an operand without an encoding, a buffer
//! used up) is remembered and reported by [`x64::Assembler::assemble`] or [`x64::Assembler::finalize`]. So a
//! compiler checks once, and its hot path has no error branches.
//!
//! ```
//! use tercel_asm::x64::{Assembler, Reg};
//!
//! let mut asm = Assembler::new();
//! asm.mov_r64_imm64(Reg::RAX, 5);
//! asm.mov_r64_imm64(Reg::RCX, 3);
//! asm.add_r64_r64(Reg::RAX, Reg::RCX);
//! asm.ret();
//! # #[cfg(all(target_arch = "x86_64", unix))]
//! # {
//! let code = asm.finalize()?;
//! // SAFETY: the code above follows the C calling convention and touches nothing but RAX and RCX.
//! let sum: i64 = unsafe { code.call() };
//! assert_eq!(sum, 8);
//! # }
//! # Ok::<(), tercel_asm::AsmError>(())
//! ```

#![deny(unsafe_code)]

pub mod buffer;
mod error;
#[allow(unsafe_code)]
pub mod exec;
pub mod layout;
pub mod reloc;
pub mod x64;

pub use error::AsmError;
pub use exec::ExecutableCode;
pub use layout::Label;
pub use reloc::{Assembly, NearCall, RelocKind, RelocTarget, Relocation};
