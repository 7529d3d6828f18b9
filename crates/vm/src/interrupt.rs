//! Polls, interrupts from other threads, deadlines, and the native stack's limit. (Contract; bodies follow.)

use crate::context::Context;
use crate::error::JsResult;

impl Context {
    /// For builtins with unbounded work: call at least every 64 KB or 10 µs of work. Serves interrupts (Err: terminate) and may
    /// collect, with the native frames pinned.
    #[inline(always)]
    pub fn poll(&self) -> JsResult<()> { todo!() }
    /// RangeError when the native stack is nearly used up. Called by whatever recurses in Rust.
    #[inline(always)]
    pub fn check_native_stack(&self) -> JsResult<()> { todo!() }
}

/// Interrupts the engine from any thread.
#[derive(Clone)]
pub struct InterruptHandle(pub(crate) std::sync::Arc<InterruptState>);

/// The word that safepoints poll.
#[derive(Default)]
pub struct InterruptState {
    /// Bits `interrupt::GC | TERMINATE | DEADLINE …`; zero in the common case.
    pub word: std::sync::atomic::AtomicU32,
}
