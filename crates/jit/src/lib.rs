//! Machine code for JavaScript.
//!
//! * [`baseline`]: the second tier: one pass over the bytecode, no IR, frames shared with the interpreter;
//! * [`engine`]: the compiler's state in a context: code space, what was compiled, what was refused, statistics;
//! * [`ic`]: inline caches: stubs compiled, and the routines behind sites that stubs do not serve;
//! * [`symbols`]: the addresses outside that code refers to;
//! * [`stubs`]: pieces of code that all functions share;
//! * `dump` (feature `disassembler`): machine code as text.
//!
//! The virtual machine knows none of this: [`install`] gives it a table of functions ([`tercel_vm::tier::TierHooks`]).

pub mod baseline;
#[cfg(any(test, feature = "disassembler"))]
pub mod dump;
pub mod engine;
pub mod ic;
pub mod stubs;
pub mod symbols;

pub use engine::{Refusal, Statistics, Work, install, statistics};
pub use tercel_code::prepare_process;
