//! What compiled code expects to find while it runs: the context, and how traps and exits leave.
//!
//! R15 holds the address of the [`Context`] in all code of the engine's convention. Compiled code reads the stack limit and
//! the interrupt flag from it, and leaves through the addresses in it: there is one choke point for traps and one for
//! exits, whoever supplies them.

use std::mem::offset_of;

/// State shared between compiled code and its host. One a thread of execution; at a fixed address while code runs.
#[derive(Debug)]
#[repr(C)]
#[derive(Default)]
pub struct Context {
    /// Lowest address that the stack pointer may have at a function's entry.
    pub stack_limit: u64,
    /// Not zero: polls take their slow path.
    pub interrupt: u32,
    /// Why the last run left with a trap: a [`tercel_ir::TrapCode`]; [`EXITED`] for an exit.
    pub trap: u32,
    /// Stack pointer of the innermost entry, restored by a trap.
    pub entry_sp: u64,
    /// Where traps go: code that restores `entry_sp` and returns to the entry's caller.
    pub trap_exit: u64,
    /// Stub that polls call; all registers are as they were when it returns.
    pub poll_stub: u64,
    /// Stub that exits call; it does not return.
    pub exit_stub: u64,
    /// Stack and frame pointer at the last call of a function that may look at the stack.
    pub last_sp: u64,
    /// See `last_sp`.
    pub last_fp: u64,
    /// For the host's own use.
    pub host: u64,
}

/// [`Context::trap`] of a run that left through an exit.
pub const EXITED: u32 = 0x1_0000;

/// Offsets of the fields that compiled code uses.
pub mod offsets {
    use super::*;
    /// See [`Context::stack_limit`].
    pub const STACK_LIMIT: i32 = offset_of!(Context, stack_limit) as i32;
    /// See [`Context::interrupt`].
    pub const INTERRUPT: i32 = offset_of!(Context, interrupt) as i32;
    /// See [`Context::trap`].
    pub const TRAP: i32 = offset_of!(Context, trap) as i32;
    /// See [`Context::entry_sp`].
    pub const ENTRY_SP: i32 = offset_of!(Context, entry_sp) as i32;
    /// See [`Context::trap_exit`].
    pub const TRAP_EXIT: i32 = offset_of!(Context, trap_exit) as i32;
    /// See [`Context::poll_stub`].
    pub const POLL_STUB: i32 = offset_of!(Context, poll_stub) as i32;
    /// See [`Context::exit_stub`].
    pub const EXIT_STUB: i32 = offset_of!(Context, exit_stub) as i32;
    /// See [`Context::last_sp`].
    pub const LAST_SP: i32 = offset_of!(Context, last_sp) as i32;
    /// See [`Context::last_fp`].
    pub const LAST_FP: i32 = offset_of!(Context, last_fp) as i32;
}
