//! Sparse elements: a hash table from index to value and attributes, in a cell.
//!
//! For arrays with large gaps; for frozen, sealed and non-extensible objects; for accessors and read-only elements; for
//! prototypes. Open addressing with linear probing; a deleted entry stays as a tombstone until the table is rebuilt.
//!
//! ```text
//!   Elements { capacity: entries, a power of two; length: 0 } | count u32 | used u32 | { key u32, attributes u32, value }…
//! ```

use super::Elements;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::shape;
use crate::value::Value;
use std::cell::Cell;

/// Kind::ElementsSparse.
#[repr(C)]
pub struct SparseElements {
    pub elements: Elements,
    /// Entries that live.
    pub count: Cell<u32>,
    /// Entries that live, and tombstones.
    pub used: Cell<u32>,
}

/// One entry of the table.
#[repr(C)]
struct Entry {
    key: Cell<u32>,
    attributes: Cell<u32>,
    value: Cell<Value>,
}

/// The key of an entry that was never used: no array index.
const EMPTY: u32 = u32::MAX;
/// Attribute of a tombstone.
const DELETED: u32 = 1 << 31;
/// Bytes before the entries.
pub const ENTRIES_OFFSET: usize = size_of::<SparseElements>();
/// Bytes of an entry.
pub const ENTRY_BYTES: usize = size_of::<Entry>();
/// Byte offset of the value in an entry.
pub const VALUE_OFFSET: usize = std::mem::offset_of!(Entry, value);
const MIN_CAPACITY: usize = 8;

/// A property of sparse elements.
#[derive(Clone, Copy, Debug)]
pub struct SparseProperty {
    pub index: u32,
    pub attributes: u8,
    /// An `Accessor` cell if the attributes say so.
    pub value: Value,
    /// Where the entry is; good until the table changes.
    pub position: usize,
}

impl Gc<Elements> {
    /// As sparse elements.
    #[inline]
    pub fn as_sparse(self) -> Option<Gc<SparseElements>> {
        // SAFETY: the kind was checked.
        if self.is_sparse() { Some(unsafe { self.cast() }) } else { None }
    }
}

impl Gc<SparseElements> {
    #[inline]
    pub fn capacity(self) -> usize {
        self.elements.capacity.get() as usize
    }
    /// Elements in the table.
    #[inline]
    pub fn len(self) -> usize {
        self.count.get() as usize
    }
    #[inline]
    pub fn is_empty(self) -> bool {
        self.count.get() == 0
    }

    #[inline]
    fn entry<'a>(self, position: usize) -> &'a Entry {
        debug_assert!(position < self.capacity());
        // SAFETY: below the capacity; all entries are initialised. The reference does not outlive the calling function, which
        // reaches no safepoint.
        unsafe { &*((self.addr() + ENTRIES_OFFSET) as *const Entry).add(position) }
    }

    #[inline]
    fn hash(index: u32, mask: usize) -> usize {
        (index.wrapping_mul(0x9e37_79b1) >> 7) as usize & mask
    }

    /// The property at `index`.
    #[inline]
    pub fn find(self, index: u32) -> Option<SparseProperty> {
        let mask = self.capacity() - 1;
        let mut at = Self::hash(index, mask);
        loop {
            let e = self.entry(at);
            if e.key.get() == EMPTY {
                return None;
            }
            if e.key.get() == index && e.attributes.get() & DELETED == 0 {
                return self.at(at);
            }
            at = (at + 1) & mask;
        }
    }

    /// The property in the entry at `position`, if there is one.
    #[inline]
    pub fn at(self, position: usize) -> Option<SparseProperty> {
        let e = self.entry(position);
        if e.key.get() == EMPTY || e.attributes.get() & DELETED != 0 {
            return None;
        }
        Some(SparseProperty {
            index: e.key.get(),
            attributes: e.attributes.get() as u8,
            value: e.value.get(),
            position,
        })
    }

    /// All properties, in no order.
    pub fn iter(self) -> impl Iterator<Item = SparseProperty> {
        (0..self.capacity()).filter_map(move |p| self.at(p))
    }

    /// The largest index, if there is any element.
    pub fn largest(self) -> Option<u32> {
        self.iter().map(|p| p.index).max()
    }

    /// Replaces value and attributes of the entry at `position`.
    pub fn write(self, cx: &Context, position: usize, value: Value, attributes: u8) {
        let e = self.entry(position);
        e.attributes.set(attributes as u32);
        e.value.set(value);
        cx.write_barrier_slot(self.header_ptr(), e.value.as_ptr(), value);
    }

    /// Removes the entry at `position`.
    pub fn remove(self, position: usize) {
        let e = self.entry(position);
        e.attributes.set(DELETED);
        e.value.set(Value::EMPTY);
        self.count.set(self.count.get() - 1);
    }

    fn insert_new(self, cx: &Context, index: u32, value: Value, attributes: u8) {
        let mask = self.capacity() - 1;
        let mut at = Self::hash(index, mask);
        while self.entry(at).key.get() != EMPTY && self.entry(at).attributes.get() & DELETED == 0 {
            at = (at + 1) & mask;
        }
        let e = self.entry(at);
        if e.key.get() == EMPTY {
            self.used.set(self.used.get() + 1);
        }
        e.key.set(index);
        self.count.set(self.count.get() + 1);
        self.write(cx, at, value, attributes);
    }
}

impl Context {
    /// An empty table with room for `count` elements.
    pub fn new_sparse(&self, count: usize) -> JsResult<Gc<SparseElements>> {
        let capacity = (count + count / 2).next_power_of_two().max(MIN_CAPACITY);
        let sparse: Gc<SparseElements> =
            self.try_alloc_raw(Kind::ElementsSparse, ENTRIES_OFFSET + capacity * ENTRY_BYTES)?;
        sparse.elements.capacity.set(capacity as u32);
        sparse.elements.length.set(0);
        sparse.count.set(0);
        sparse.used.set(0);
        for position in 0..capacity {
            // SAFETY: fresh memory of this cell, below its capacity.
            unsafe {
                ((sparse.addr() + ENTRIES_OFFSET) as *mut Entry).add(position).write(Entry {
                    key: Cell::new(EMPTY),
                    attributes: Cell::new(0),
                    value: Cell::new(Value::EMPTY),
                });
            }
        }
        Ok(sparse)
    }

    /// Adds an element that is not in the table; gives the table that holds it (a larger one, when the old was full).
    pub fn sparse_insert(
        &self,
        sparse: Gc<SparseElements>,
        index: u32,
        value: Value,
        attributes: u8,
    ) -> JsResult<Gc<SparseElements>> {
        let mut table = sparse;
        if (table.used.get() as usize + 1) * 4 > table.capacity() * 3 {
            table = self.new_sparse((sparse.len() + 1) * 2)?;
            for p in sparse.iter() {
                table.insert_new(self, p.index, p.value, p.attributes);
            }
        }
        table.insert_new(self, index, value, attributes);
        Ok(table)
    }

    /// Dense elements as a sparse table with the default attributes.
    pub fn sparse_from_dense(&self, dense: Gc<Elements>) -> JsResult<Gc<SparseElements>> {
        let sparse = self.new_sparse(dense.len())?;
        for i in 0..dense.len() {
            let v = dense.get(i);
            if !v.is_empty() {
                sparse.insert_new(self, i as u32, v, shape::DEFAULT);
            }
        }
        Ok(sparse)
    }
}
