//! The write barrier: how a minor collection knows which old cells point into the nursery.
//!
//! *After* a reference is stored into a cell, the machine calls [`Heap::write_barrier`] or one of its variants. The
//! inline test is one bit of the cell that was written to, [`OLD_CLEAN`]: young and already remembered cells do not
//! have it. The slow path looks at the value: if that is young, a small cell is put on the remembered list and loses
//! the bit; a large cell with cards keeps it and has the slot's card marked.
//!
//! A store of anything but a cell's address needs no barrier. Stores of weak references need it like any other
//! ([`crate::weak`]). Cells that were allocated and not yet seen by a collection need none, in whatever space: those
//! that are born old are born remembered.
//!
//! Incremental marking, should it come, takes the same place: cells of a marking heap lose `OLD_CLEAN` like remembered
//! ones have it cleared, so that the inline test stays this one bit.

use crate::cell::{CellHeader, OLD_CLEAN, value_is_cell};
use crate::heap::Heap;
use crate::memory::flag;
use std::cell::Cell;

impl Heap {
    /// To be called after the cell address `value` was stored at `slot` in `cell`.
    ///
    /// # Safety
    /// `cell` is a live cell of this heap that contains `slot`; `value` is a live cell of this heap or null.
    #[inline(always)]
    pub unsafe fn write_barrier(&self, cell: *mut CellHeader, slot: *const u8, value: *mut CellHeader) {
        // SAFETY: `cell` is live.
        if unsafe { &*cell }.has_gc(OLD_CLEAN) && !value.is_null() {
            // SAFETY: by the caller's promise.
            unsafe { self.barrier_slow(cell, slot, value) };
        }
    }

    /// To be called after a NaN-boxed value was stored at `slot` in `cell`.
    ///
    /// # Safety
    /// As for [`Heap::write_barrier`]; if `value` is a cell, it is a live one of this heap.
    #[inline(always)]
    pub unsafe fn write_barrier_value(&self, cell: *mut CellHeader, slot: *const u8, value: u64) {
        // SAFETY: `cell` is live.
        if unsafe { &*cell }.has_gc(OLD_CLEAN) && value_is_cell(value) {
            // SAFETY: by the caller's promise.
            unsafe { self.barrier_slow(cell, slot, value as usize as *mut CellHeader) };
        }
    }

    /// To be called after any of the values in `slots`, a range inside `cell`, may have been stored.
    ///
    /// # Safety
    /// As for [`Heap::write_barrier_value`], for each slot.
    #[inline]
    pub unsafe fn write_barrier_range(&self, cell: *mut CellHeader, slots: &[Cell<u64>]) {
        // SAFETY: `cell` is live.
        if unsafe { &*cell }.has_gc(OLD_CLEAN) {
            for slot in slots {
                let value = slot.get();
                if value_is_cell(value) && self.is_young(value as usize as *const CellHeader) {
                    // SAFETY: by the caller's promise.
                    unsafe { self.barrier_slow(cell, slot.as_ptr() as *const u8, value as usize as *mut CellHeader) };
                    // SAFETY: `cell` is live.
                    if !unsafe { &*cell }.has_gc(OLD_CLEAN) {
                        return;
                    }
                }
            }
        }
    }

    /// To be called after unknown stores into `cell`: it is remembered as a whole.
    ///
    /// # Safety
    /// `cell` is a live cell of this heap.
    #[inline]
    pub unsafe fn write_barrier_cell(&self, cell: *mut CellHeader) {
        // SAFETY: `cell` is live.
        if unsafe { &*cell }.has_gc(OLD_CLEAN) {
            self.remember(cell, None);
        }
    }

    /// The barrier's slow path, which machine code calls after testing [`OLD_CLEAN`] and that the value is a cell.
    ///
    /// # Safety
    /// As for [`Heap::write_barrier`]; `value` is not null.
    #[inline]
    pub unsafe fn barrier_slow(&self, cell: *mut CellHeader, slot: *const u8, value: *mut CellHeader) {
        if self.is_young(value) {
            self.remember(cell, Some(slot as usize - cell as usize));
        }
    }

    /// Whether the cell is in the nursery.
    #[inline(always)]
    pub fn is_young(&self, cell: *const CellHeader) -> bool {
        self.tables.flags_at(cell as usize) & flag::YOUNG != 0
    }

    #[cold]
    #[inline(never)]
    fn remember(&self, cell: *mut CellHeader, offset: Option<usize>) {
        if self.tables.flags_at(cell as usize) & flag::LARGE != 0 {
            let mut large = self.large.borrow_mut();
            if large.has_cards(cell) {
                match offset {
                    Some(offset) => large.mark_cards(cell, offset, offset + 8),
                    None => large.mark_cards(cell, 0, usize::MAX),
                }
                return;
            }
        }
        // SAFETY: callers pass a live cell.
        unsafe { &*cell }.clear_gc(OLD_CLEAN);
        self.remembered.borrow_mut().push(cell);
    }
}
