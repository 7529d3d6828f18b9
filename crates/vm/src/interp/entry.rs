//! The way from Rust into the engine's own code: the chain of entries that tells the collector where native frames lie.
//!
//! ```text
//!   native stack (grows downwards)
//!     … native frames …          conservative, from the outer `exit_sp` (or nothing, at the outermost entry) …
//!     enter: EntryRecord         … to here: `entry_sp`; the callee-saved registers are dumped into the record
//!     run_segment, machine code  not scanned: no `Value` in it survives a call that may collect
//!     … native frames …          begin at `Interp::exit_sp`, which whatever calls Rust sets
//! ```

use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::tier::run_frames;
use crate::value::Value;

/// Why frames stopped running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SegmentExit {
    /// The entry frame returned; the value is in `Interp::result`.
    Return,
    /// An exception, or a termination, was not caught by the segment's frames; its outermost one is still there.
    Throw,
    /// The innermost frame is to go on in machine code, at `Tiers::target`.
    EnterCode,
}

/// One entry from Rust; lives in the adapter's frame.
#[repr(C)]
pub struct EntryRecord {
    pub previous: *const EntryRecord,
    /// The stack pointer in the adapter: native frames before it are above.
    pub entry_sp: usize,
    /// `Interp::exit_sp` of the outer run: native frames after it are between the two.
    pub outer_exit_sp: usize,
    /// The callee-saved registers of the adapter's caller.
    pub saved: [usize; 6],
}

/// The stack pointer here.
#[inline(always)]
pub fn stack_pointer() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        let sp: usize;
        // SAFETY: reads a register.
        unsafe { std::arch::asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
        sp
    }
    #[cfg(target_arch = "aarch64")]
    {
        let sp: usize;
        // SAFETY: reads a register.
        unsafe { std::arch::asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
        sp
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let local = 0u8;
        std::hint::black_box(std::ptr::from_ref(&local)) as usize
    }
}

/// Dumps the callee-saved registers, which may hold a native caller's values.
#[inline(always)]
pub fn save_registers(saved: &mut [usize; 6]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: writes six words to the array.
    unsafe {
        std::arch::asm!(
            "mov [{0}], rbx", "mov [{0} + 8], rbp", "mov [{0} + 16], r12",
            "mov [{0} + 24], r13", "mov [{0} + 32], r14", "mov [{0} + 40], r15",
            in(reg) saved.as_mut_ptr(), options(nostack, preserves_flags)
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = saved;
}

/// Runs the innermost frame, which has the flag ENTRY and whose code goes on at `Interp::pc`, until it returns or throws.
#[inline(never)]
pub(crate) fn enter(cx: &Context, throwing: bool) -> JsResult<Value> {
    let state = &cx.interp;
    let mut record =
        EntryRecord { previous: state.entries.get(), entry_sp: 0, outer_exit_sp: state.exit_sp.get(), saved: [0; 6] };
    save_registers(&mut record.saved);
    record.entry_sp = stack_pointer();
    state.entries.set(&record);
    let exit = run_frames(cx, throwing);
    state.entries.set(record.previous);
    state.exit_sp.set(record.outer_exit_sp);
    match exit {
        SegmentExit::Return => Ok(state.result.get()),
        _ => {
            state.frame.set(state.frame.get().caller());
            Err(Throw)
        }
    }
}

/// Names the native frames that hold references: all segments between a run and the next entry, and the topmost one
/// from the innermost run to `top_sp`, if there is one.
pub fn conservative_ranges(cx: &Context, top_sp: Option<usize>, visit: &mut dyn FnMut(*const usize, *const usize)) {
    let mut low = top_sp;
    let mut high = cx.interp.exit_sp.get();
    let mut entry = cx.interp.entries.get();
    while !entry.is_null() {
        // SAFETY: the records of the chain live in the frames of adapters that have not returned.
        let record = unsafe { &*entry };
        if let Some(low) = low
            && high > low
        {
            visit((low & !7) as *const usize, (high & !7) as *const usize);
        }
        low = Some(record.entry_sp);
        high = record.outer_exit_sp;
        entry = record.previous;
    }
}
