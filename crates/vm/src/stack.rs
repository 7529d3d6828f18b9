//! The VM stack: one reservation, committed by the system page by page as frames reach it, never moved.
//!
//! The base holds one sentinel frame of a native header, so that every frame has a caller. Above the limit lies a slack
//! that error handling and the filling of registers may use, and above that a guard page: a missed check ends in a
//! fault at a known place instead of in foreign memory.

use crate::frame::{self, Frame};
use crate::value::Value;
use std::cell::Cell;

/// Registers beyond the limit that stay usable: the largest frame header block, rounding when registers are filled,
/// and the frames of handlers that run while an overflow is reported.
const SLACK_VALUES: usize = 70_000;
const PAGE: usize = 4096;

pub struct VmStack {
    base: *mut Value,
    bytes: usize,
    limit: *mut Value,
}

impl VmStack {
    /// A stack on which frames may take `limit_bytes`.
    ///
    /// # Errors
    /// The system's, when it refuses the address space.
    pub fn new(limit_bytes: usize) -> std::io::Result<VmStack> {
        let values = (limit_bytes / 8).max(4096);
        let bytes = ((values + SLACK_VALUES) * 8).next_multiple_of(PAGE) + PAGE;
        // SAFETY: an anonymous mapping at an address of the system's choice aliases nothing.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: the last page of the mapping made above.
        unsafe { libc::mprotect(base.cast::<u8>().add(bytes - PAGE).cast(), PAGE, libc::PROT_NONE) };
        let base: *mut Value = base.cast();
        let stack = VmStack { base, bytes, limit: base.wrapping_add(values) };
        let sentinel = stack.base_frame();
        for i in 0..frame::HEADER {
            sentinel.set(i, Value::UNDEFINED);
        }
        sentinel.set(frame::LINK, Value::from_bits(frame::Link::new(0, 0).0));
        sentinel.set(frame::CALL_WORD, frame::call_word(0, 0, frame::flag::NATIVE | frame::flag::ENTRY));
        Ok(stack)
    }

    /// The sentinel at the base: its own caller.
    #[inline]
    pub fn base_frame(&self) -> Frame {
        Frame(self.base)
    }

    /// Frames end at or below this address.
    #[inline]
    pub fn limit(&self) -> *mut Value {
        self.limit
    }

    /// All values from the base up to `top`, for the collector.
    ///
    /// # Safety
    /// `top` is the top of a frame.
    pub unsafe fn window(&self, top: Frame) -> &[std::cell::Cell<u64>] {
        // SAFETY: base..top lies in the mapping and holds initialised values (the frames' invariant); `Cell<u64>` has
        // the layout of a value, and the stack is used by one thread only.
        unsafe { std::slice::from_raw_parts(self.base.cast(), top.0.offset_from(self.base) as usize) }
    }
}

impl Drop for VmStack {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new` with this length, and nothing refers to it after its owner is gone.
        unsafe { libc::munmap(self.base.cast(), self.bytes) };
    }
}

/// The bounds of the current thread's native stack: (lowest usable address, highest address). The system is asked once a thread: every entry into the engine
/// wants to know.
pub fn native_stack_bounds() -> (usize, usize) {
    thread_local! {
        static BOUNDS: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
    }
    BOUNDS.get().unwrap_or_else(|| {
        let bounds = ask_for_stack_bounds();
        BOUNDS.set(Some(bounds));
        bounds
    })
}

fn ask_for_stack_bounds() -> (usize, usize) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // SAFETY: the attribute object is initialised by pthread_getattr_np before it is read, and destroyed after.
        unsafe {
            let mut attr: libc::pthread_attr_t = std::mem::zeroed();
            if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) == 0 {
                let mut low: *mut libc::c_void = std::ptr::null_mut();
                let mut size = 0usize;
                let mut guard = 0usize;
                let ok = libc::pthread_attr_getstack(&attr, &mut low, &mut size) == 0;
                libc::pthread_attr_getguardsize(&attr, &mut guard);
                libc::pthread_attr_destroy(&mut attr);
                if ok && size != 0 {
                    let high = low as usize + size;
                    // The main thread's stack grows on demand up to the resource limit, which may be unlimited:
                    // believe in no more than 1 GiB of it.
                    let low = (low as usize + guard).max(high.saturating_sub(1 << 30));
                    return (low, high);
                }
            }
        }
    }
    #[cfg(target_os = "macos")]
    {
        // SAFETY: both functions only read facts about the calling thread.
        unsafe {
            let this = libc::pthread_self();
            let high = libc::pthread_get_stackaddr_np(this) as usize;
            return (high - libc::pthread_get_stacksize_np(this), high);
        }
    }
    // Unknown system: what threads commonly have at the least.
    let local = 0u8;
    let here = std::hint::black_box(std::ptr::from_ref(&local)) as usize;
    (here.saturating_sub(512 << 10), here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_contain_a_local() {
        let local = 0u8;
        let (low, high) = native_stack_bounds();
        let address = std::ptr::from_ref(&local) as usize;
        assert!(low < address && address < high);
    }

    #[test]
    fn the_sentinel_is_its_own_caller_and_values_are_committed_lazily() {
        let stack = VmStack::new(1 << 20).unwrap();
        let base = stack.base_frame();
        assert_eq!(base.caller(), base);
        let last = Frame(stack.limit().wrapping_sub(1));
        last.set(0, Value::int32(7));
        assert_eq!(last.get(0), Value::int32(7));
    }
}
