//! Rooted handles: how code outside the machine holds values across collections.
//!
//! A handle is an index into a table of slots; the table is a precise root, so what a handle names may move, and the
//! handle stays good.

use crate::tracer::Tracer;
use std::cell::{Cell, RefCell};

/// The name of a slot in a [`HandleTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(u32);

impl Handle {
    /// The slot's index.
    pub fn index(self) -> u32 {
        self.0
    }
}

/// A table of rooted values (64 bits in the machine's encoding, see [`crate::value_is_cell`]) with a free list. Freed
/// slots hold 0.
#[derive(Default)]
pub struct HandleTable {
    slots: RefCell<Vec<Cell<u64>>>,
    free: RefCell<Vec<u32>>,
}

impl HandleTable {
    /// An empty table.
    pub fn new() -> HandleTable {
        HandleTable::default()
    }

    /// Roots a value.
    pub fn insert(&self, value: u64) -> Handle {
        let mut slots = self.slots.borrow_mut();
        if let Some(index) = self.free.borrow_mut().pop() {
            slots[index as usize].set(value);
            return Handle(index);
        }
        slots.push(Cell::new(value));
        Handle((slots.len() - 1) as u32)
    }

    /// The value, where it is now. 0 for a handle that was removed.
    pub fn get(&self, handle: Handle) -> u64 {
        self.slots.borrow()[handle.0 as usize].get()
    }

    /// Roots another value in the same slot.
    pub fn set(&self, handle: Handle, value: u64) {
        self.slots.borrow()[handle.0 as usize].set(value);
    }

    /// Gives the slot back. Each handle is removed once, by its owner; afterwards its slot may belong to another.
    pub fn remove(&self, handle: Handle) {
        self.slots.borrow()[handle.0 as usize].set(0);
        self.free.borrow_mut().push(handle.0);
    }

    /// How many handles there are.
    pub fn len(&self) -> usize {
        self.slots.borrow().len() - self.free.borrow().len()
    }

    /// Whether there are no handles.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// To be called from [`crate::Roots::trace`].
    pub fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_values(&self.slots.borrow());
    }
}
