//! The matcher: runs a [`Program`](crate::program::Program) over Latin-1 or UTF-16 input.
//!
//! - `scratch.rs`: registers and backtrack stack, kept between matches
//! - `input.rs`: the two widths of input
//! - `scan.rs`: runs of class members, candidates for attempts, the interrupt poll
//! - `machine.rs`: the ops
//! - `refer.rs`: backreferences

mod input;
mod machine;
mod refer;
mod scan;
mod scratch;

pub(crate) use machine::execute;
pub use scratch::Scratch;

/// Why a match was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecError {
    /// The poll asked to stop.
    Interrupted,
    /// The backtrack stack would grow beyond the limit of its [`Scratch`], or beyond memory; or the input has more
    /// than `u32::MAX` - 1 code units.
    StackLimit,
}

impl std::fmt::Display for ExecError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ExecError::Interrupted => "matching was interrupted",
            ExecError::StackLimit => "matching needs too much memory for backtracking",
        })
    }
}

impl std::error::Error for ExecError {}
