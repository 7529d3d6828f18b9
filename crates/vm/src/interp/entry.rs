//! The way from Rust into the interpreter: the adapter, and the chain of entries that tells the collector where native
//! frames lie.
//!
//! ```text
//!   native stack (grows downwards)
//!     … native frames …          conservative, from the run below it (or nothing, at the outermost entry) …
//!     enter: EntryRecord         … to here: `entry_sp`; the callee-saved registers are dumped into the record
//!     run_segment                not scanned: no `Value` in it survives a call that may collect
//!     … native frames …          begin at `run_sp`
//! ```
//!
//! `run_segment` leaves through [`SegmentExit`]; the adapter makes whatever jump the exit asks for and enters again, so no
//! interpreter frame lies under machine code.

use super::dispatch::run_segment;
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::value::Value;
use std::cell::Cell;

/// Why a segment of interpreted frames ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SegmentExit {
    /// The entry frame returned; the value is in `Interp::result`.
    Return,
    /// An exception, or a termination, left the entry frame.
    Throw,
}

/// One entry from Rust; lives in the adapter's frame.
#[repr(C)]
pub struct EntryRecord {
    pub previous: *const EntryRecord,
    /// The stack pointer in the adapter: native frames before it are above.
    pub entry_sp: usize,
    /// The stack pointer in `run_segment`: native frames after it are below. 0 until it runs.
    pub run_sp: Cell<usize>,
    /// The callee-saved registers of the adapter's caller.
    pub saved: [usize; 6],
    /// The run begins with a throw of the pending exception in the entry frame.
    pub throwing: Cell<bool>,
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

/// Runs the innermost frame, which has the flag ENTRY and whose code begins at `Interp::pc`, until it returns or throws.
#[inline(never)]
pub(crate) fn enter(cx: &Context, throwing: bool) -> JsResult<Value> {
    let state = &cx.interp;
    let mut record = EntryRecord {
        previous: state.entries.get(),
        entry_sp: 0,
        run_sp: Cell::new(0),
        saved: [0; 6],
        throwing: Cell::new(throwing),
    };
    save_registers(&mut record.saved);
    record.entry_sp = stack_pointer();
    state.entries.set(&record);
    // SAFETY: the caller set up the entry frame and the pc.
    let exit = unsafe { run_segment(cx, &record) };
    state.entries.set(record.previous);
    match exit {
        SegmentExit::Return => Ok(state.result.get()),
        SegmentExit::Throw => Err(Throw),
    }
}

/// Names the native frames that hold references: all segments between a run and the next entry, and the topmost one
/// from the innermost run to `top_sp`, if there is one.
pub fn conservative_ranges(cx: &Context, top_sp: Option<usize>, visit: &mut dyn FnMut(*const usize, *const usize)) {
    let mut low = top_sp;
    let mut entry = cx.interp.entries.get();
    while !entry.is_null() {
        // SAFETY: the records of the chain live in the frames of adapters that have not returned.
        let record = unsafe { &*entry };
        if let Some(low) = low
            && record.run_sp.get() > low
        {
            visit((low & !7) as *const usize, (record.run_sp.get() & !7) as *const usize);
        }
        low = Some(record.entry_sp);
        entry = record.previous;
    }
}
