//! Weak references: WeakMap, WeakSet, WeakRef, FinalizationRegistry, the transition tables of shapes, intern tables.
//!
//! **Nothing is registered.** A kind whose cells hold weak references says so in its [`crate::KindInfo`] with
//! [`crate::WeakHooks`]. Whenever the collector traces such a cell it puts it on this collection's list, and afterwards
//! calls the hooks of those on the list. That is enough:
//!
//! * a full collection traces every live cell, so every live weak cell is on its list;
//! * a minor collection traces the young that live and the old that are remembered. A weak cell that is neither cannot
//!   refer to anything that a minor collection could free or move, *provided that storing a weak reference goes through
//!   the write barrier like any other*, and that is the one rule for the machine. A weak cell whose sweep hook met a
//!   young survivor stays remembered.
//!
//! The order in a collection is:
//!
//! 1. strong marking to the end;
//! 2. [`crate::Roots::trace_ephemerons`], then `trace_ephemerons` of each weak cell, once each, also of those that are
//!    found meanwhile. Entries whose key has not been reached wait in a table by key; the tracer looks there as it
//!    reaches cells, so that chains of ephemerons take linear time;
//! 3. [`crate::Roots::sweep_weak`], then `sweep` of each weak cell: [`WeakSweep::forward`] says for each weak reference
//!    where its target is, or that it is dead. All weak references to a target are cleared in the same collection;
//! 4. finalizers, then sweeping.
//!
//! A sweep hook cannot allocate or call into the machine. If something must follow (a FinalizationRegistry has a job to
//! queue), it calls [`WeakSweep::notify`], and the machine fetches the cells after the collection with
//! [`crate::Heap::take_notified`].

use crate::cell::{CellHeader, value_is_cell};
use crate::memory::{Tables, flag};
use crate::tracer::live_address;
use std::cell::{Cell, RefCell};

/// Tells weak references what became of their targets; see the module's documentation.
pub struct WeakSweep {
    tables: Tables,
    full: bool,
    found_young: Cell<bool>,
    notified: RefCell<Vec<*mut CellHeader>>,
}

impl WeakSweep {
    pub(crate) fn new(tables: Tables, full: bool) -> WeakSweep {
        WeakSweep { tables, full, found_young: Cell::new(false), notified: RefCell::default() }
    }

    /// Whether the collection is a full one. In a minor collection nothing old and nothing that does not move can have
    /// died.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Where the cell is now; `None` if it is dead, and the reference must be dropped.
    pub fn forward(&self, cell: *mut CellHeader) -> Option<*mut CellHeader> {
        let now = live_address(&self.tables, self.full, cell)?;
        let flags = self.tables.flags_at(now as usize);
        if !self.full && flags & flag::YOUNG != 0 && flags & flag::IN_PLACE == 0 {
            self.found_young.set(true);
        }
        Some(now)
    }

    /// [`WeakSweep::forward`] for a slot with a NaN-boxed value: updates it and returns true, or returns false if its
    /// cell is dead. What is no cell is alive.
    pub fn forward_value(&self, slot: &Cell<u64>) -> bool {
        let bits = slot.get();
        if !value_is_cell(bits) {
            return true;
        }
        match self.forward(bits as usize as *mut CellHeader) {
            Some(now) => {
                slot.set(now as u64);
                true
            }
            None => false,
        }
    }

    /// Whether the shape with this id is alive.
    pub fn shape_is_live(&self, id: u32) -> bool {
        live_address(&self.tables, self.full, self.tables.shape(id)).is_some()
    }

    /// Puts the cell (the one whose hook is running) on the list that [`crate::Heap::take_notified`] returns.
    pub fn notify(&self, cell: *mut CellHeader) {
        self.notified.borrow_mut().push(cell);
    }

    /// Whether a young survivor was met since this was last asked.
    pub(crate) fn take_found_young(&self) -> bool {
        self.found_young.replace(false)
    }

    pub(crate) fn into_notified(self) -> Vec<*mut CellHeader> {
        self.notified.into_inner()
    }
}
