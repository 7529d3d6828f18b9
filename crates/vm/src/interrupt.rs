//! Polls, interrupts from other threads, deadlines, and the native stack's limit.
//!
//! Safepoints read one atomic word, which the heap sets when it wants a collection and any thread may set through an
//! [`InterruptHandle`]. Only when it is not zero does anything happen. A termination travels as an exception that no
//! handler catches; when it has left the outermost entry the engine can be used again.
//!
//! Functions in machine code do not read the word when they are entered: they compare their frame with a limit of the stack anyway, and whoever sets the word
//! makes that limit 0. Behind the failed comparison the word is looked at. [`Interp::arm_limit`](crate::interp::Interp::arm_limit) puts the limit back, and looks
//! at the word once more, so that no request is lost that comes at the same time.

use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::interp::entry::{EntryRecord, save_registers, stack_pointer};
use crate::interp::state::NATIVE_SLACK;
use crate::stack::native_stack_bounds;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Bits of the polled word.
pub mod bits {
    /// Stop the script.
    pub const TERMINATE: u32 = 1;
    /// Look at the deadline.
    pub const DEADLINE: u32 = 2;
    /// The heap asks for a collection (it sets and clears this bit itself).
    pub const GC: u32 = 4;
}

/// The word that safepoints poll.
#[derive(Default)]
pub struct InterruptState {
    /// [`bits`]; zero in the common case.
    pub word: AtomicU32,
    /// The context's `machine_limit`, as long as there is a context.
    limit: Mutex<Option<Limit>>,
}

/// The address of a context's limit.
struct Limit(NonNull<AtomicUsize>);

// SAFETY: what it refers to is atomic, and valid while it is in the `InterruptState`.
unsafe impl Send for Limit {}

impl InterruptState {
    /// Sets bits of the word, which safepoints will see.
    fn request(&self, bits: u32) {
        self.word.fetch_or(bits, Ordering::SeqCst);
        if let Some(limit) = &*self.limit.lock().unwrap_or_else(PoisonError::into_inner) {
            // SAFETY: the context takes its limit away before it goes, under the lock.
            unsafe { limit.0.as_ref() }.store(0, Ordering::SeqCst);
        }
    }

    /// The context goes.
    pub(crate) fn forget_limit(&self) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Interrupts the engine from any thread.
#[derive(Clone)]
pub struct InterruptHandle(pub(crate) Arc<InterruptState>);

impl InterruptHandle {
    /// Ends what runs at the next safepoint, uncatchably. Without anything running, the next script ends at once.
    pub fn terminate(&self) {
        self.0.request(bits::TERMINATE);
    }
    /// Makes the engine look at its deadline at the next safepoint.
    pub fn check_deadline(&self) {
        self.0.request(bits::DEADLINE);
    }
    /// Takes a termination back that was not served yet.
    pub fn clear(&self) {
        self.0.word.fetch_and(bits::GC, Ordering::Relaxed);
    }
}

impl Context {
    /// Has the heap set the polled word when it wants a collection. Once, when the context stands.
    pub(crate) fn connect_heap(&self) {
        let word = NonNull::from(&self.interp.interrupt.word);
        // SAFETY: the word lives in an Arc that the context holds as long as its heap.
        unsafe { self.heap.set_interrupt_word(Some((word, bits::GC))) };
        let limit = NonNull::from(&self.interp.machine_limit);
        *self.interp.interrupt.limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(Limit(limit));
        // SAFETY: the context stays where it is, and holds the heap.
        unsafe { self.heap.set_tripwire(Some(limit)) };
    }

    /// A handle that other threads may use.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.interp.interrupt.clone())
    }

    /// Scripts end when the time has come and somebody calls [`InterruptHandle::check_deadline`]. `None`: no deadline.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.interp.deadline.set(deadline);
    }

    /// For builtins with unbounded work: call at least every 64 KB or 10 µs of work. Serves interrupts (Err: terminate) and may
    /// collect, with the native frames pinned.
    #[inline(always)]
    pub fn poll(&self) -> JsResult<()> {
        // SAFETY: the word lives in an Arc that the context holds.
        if unsafe { (*self.interp.interrupt_word).load(Ordering::Relaxed) } != 0 {
            return self.poll_slow();
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn poll_slow(&self) -> JsResult<()> {
        if self.heap.gc_pending.get() {
            // The values of the native that polls: in its frames, or in callee-saved registers, dumped here.
            let mut saved = [0usize; 6];
            save_registers(&mut saved);
            self.interp.gc_top.set(Some(stack_pointer()));
            self.collect_at_safepoint()?;
            std::hint::black_box(&saved);
        }
        self.serve_interrupts()
    }

    /// Acts on the bits of the polled word.
    #[cold]
    #[inline(never)]
    fn serve_interrupts(&self) -> JsResult<()> {
        let word = self.interp.interrupt.word.fetch_and(bits::GC, Ordering::SeqCst);
        self.interp.arm_limit();
        if word & bits::TERMINATE != 0 {
            return Err(self.terminate_because("interrupted"));
        }
        if word & bits::DEADLINE != 0 && self.interp.deadline.get().is_some_and(|d| Instant::now() >= d) {
            return Err(self.terminate_because("the time is up"));
        }
        Ok(())
    }

    /// Begins a termination: an `Err` that no handler catches.
    #[cold]
    pub fn terminate(&self) -> Throw {
        self.interp.terminating.set(true);
        Throw
    }

    /// [`Context::terminate`] with what to tell the host.
    #[cold]
    pub(crate) fn terminate_because(&self, why: &'static str) -> Throw {
        self.set_termination_reason(why);
        self.terminate()
    }

    /// Whether the `Throw` that travels is a termination, which no handler catches.
    #[inline]
    pub fn is_terminating(&self) -> bool {
        self.interp.terminating.get()
    }

    /// Ends a termination, when it has left the outermost entry: whether there was one.
    pub fn take_termination(&self) -> bool {
        self.interp.terminating.replace(false)
    }

    /// RangeError when the native stack is nearly used up. Called by whatever recurses in Rust.
    #[inline(always)]
    pub fn check_native_stack(&self) -> JsResult<()> {
        if stack_pointer() < self.interp.native_limit.get() {
            return Err(self.throw_stack_overflow());
        }
        Ok(())
    }

    /// Reads the current thread's stack bounds: to be called when the context is first used on a thread.
    pub fn enter_thread(&self) {
        self.interp.native_limit.set(native_stack_bounds().0 + NATIVE_SLACK);
    }

    /// Runs `body` with its native frames scanned by collections, although no script called it: for operations of hosts that hold
    /// cells in locals across calls (jobs, modules).
    #[inline(never)]
    pub fn native_scope<R>(&self, body: impl FnOnce() -> R) -> R {
        // The frames of `body` lie below; what its closure captured may lie in our caller's frame, so some of that is scanned too.
        const CALLER_BYTES: usize = 4096;
        let state = &self.interp;
        let high = native_stack_bounds().1;
        let sp = stack_pointer();
        let record = EntryRecord {
            previous: state.entries.get(),
            entry_sp: sp,
            outer_exit_sp: state.exit_sp.get(),
            saved: [0; 6],
        };
        state.entries.set(&record);
        state.exit_sp.set((sp + CALLER_BYTES).min(high));
        let result = body();
        state.entries.set(record.previous);
        state.exit_sp.set(record.outer_exit_sp);
        result
    }
}

/// [`poll_in_interpreter`], if the word is set.
#[inline(always)]
pub(crate) fn poll_if_needed(cx: &Context) -> JsResult<()> {
    // SAFETY: the word lives in an Arc that the context holds.
    if unsafe { (*cx.interp.interrupt_word).load(Ordering::Relaxed) } != 0 {
        return poll_in_interpreter(cx);
    }
    Ok(())
}

/// A poll of the interpreter itself: no native frame lies above the innermost run, so nothing of it is pinned.
#[cold]
#[inline(never)]
pub(crate) fn poll_in_interpreter(cx: &Context) -> JsResult<()> {
    if cx.heap.gc_pending.get() {
        cx.interp.gc_top.set(None);
        cx.collect_at_safepoint()?;
    }
    cx.serve_interrupts()
}
