//! Property tables: the entries of a chain of shapes in the order of creation, with a hash index when there are many.
//!
//! A table of shared shapes only grows, at its end, and only by the shape that sees all of it; so a shape with `count`
//! properties may share it with its descendants: what the index finds at `count` or beyond is not that shape's. A table of a
//! unique shape has one user, and may delete: the entry becomes a tombstone, and the table is compacted when half of it are.
//!
//! Keys are interned strings and symbols, which do not move; who keeps them alive is the shape's business (`gc_roots`).

use super::{PropertyEntry, SlotLocation};
use crate::key::PropertyKey;
use std::cell::{Cell, UnsafeCell};
use tercel_gc::Heap;

/// Tables up to this length are searched linearly.
const LINEAR: usize = 8;
const EMPTY: u32 = u32::MAX;
const DELETED: u32 = u32::MAX - 1;
/// The key of a tombstone: no cell lies at address 0.
const NO_KEY: PropertyKey = PropertyKey::from_bits(0);

#[derive(Clone, Copy)]
#[repr(C)]
struct Entry {
    key: PropertyKey,
    location: SlotLocation,
    attributes: u8,
}

#[derive(Default, Clone)]
struct Store {
    entries: Vec<Entry>,
    /// Open addressing, linear probing: positions in `entries`. Empty while the table is searched linearly.
    index: Vec<u32>,
    /// Slots that deleted properties left.
    free: Vec<SlotLocation>,
    deleted: u32,
}

/// See the module's text.
pub struct PropertyTable {
    references: Cell<u32>,
    /// Bytes that were reported to the heap.
    charged: Cell<usize>,
    heap: *const Heap,
    store: UnsafeCell<Store>,
}

impl PropertyTable {
    /// An empty table with one reference.
    pub fn new(heap: &Heap) -> *mut PropertyTable {
        Self::boxed(heap, Store::default())
    }

    fn boxed(heap: &Heap, store: Store) -> *mut PropertyTable {
        let table = Box::new(PropertyTable {
            references: Cell::new(1),
            charged: Cell::new(0),
            heap,
            store: UnsafeCell::new(store),
        });
        table.charge();
        Box::into_raw(table)
    }

    /// A copy of the first `count` entries, with one reference. Tombstones are left out.
    pub fn copy(&self, heap: &Heap, count: u32) -> *mut PropertyTable {
        let mut store = Store::default();
        store.entries.reserve(count as usize + 1);
        store.entries.extend(self.store().entries[..count as usize].iter().filter(|e| e.key != NO_KEY));
        store.free.clone_from(&self.store().free);
        store.reindex();
        Self::boxed(heap, store)
    }

    #[inline(always)]
    fn store(&self) -> &Store {
        // SAFETY: one thread uses the table; references from `store` end before `store_mut` is called (they do not leave this file).
        unsafe { &*self.store.get() }
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn store_mut(&self) -> &mut Store {
        // SAFETY: as above: no other reference into the store is alive.
        unsafe { &mut *self.store.get() }
    }

    /// Reports growth to the heap. A refusal is ignored here: the heap has asked for a full collection, and the limit is judged
    /// after that.
    fn charge(&self) {
        let store = self.store();
        let bytes = size_of::<PropertyTable>()
            + store.entries.capacity() * size_of::<Entry>()
            + store.index.capacity() * size_of::<u32>();
        let charged = self.charged.get();
        // SAFETY: the heap outlives its cells, and so their tables.
        if bytes != charged && unsafe { &*self.heap }.add_external(bytes as isize - charged as isize).is_ok() {
            self.charged.set(bytes);
        }
    }

    /// One more shape uses the table.
    pub fn retain(&self) {
        self.references.set(self.references.get() + 1);
    }

    /// One shape fewer does; the last frees it.
    ///
    /// # Safety
    /// `table` is null, or the caller owns a reference to it, which ends here.
    pub unsafe fn release(table: *mut PropertyTable) {
        // SAFETY: by the caller's promise.
        let Some(t) = (unsafe { table.as_ref() }) else { return };
        let left = t.references.get() - 1;
        t.references.set(left);
        if left == 0 {
            // SAFETY: the heap outlives its cells; nobody else refers to the table.
            unsafe {
                let _ = (*t.heap).add_external(-(t.charged.get() as isize));
                drop(Box::from_raw(table));
            }
        }
    }

    /// Entries, tombstones included.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u32 {
        self.store().entries.len() as u32
    }

    /// Entries that are no tombstones.
    pub fn live(&self) -> usize {
        self.store().entries.len() - self.store().deleted as usize
    }

    /// Whether nobody else uses the table.
    pub fn is_exclusive(&self) -> bool {
        self.references.get() == 1
    }

    /// The property `key` among the first `count` entries.
    #[inline]
    pub fn find(&self, key: PropertyKey, count: u32) -> Option<PropertyEntry> {
        let store = self.store();
        let position = if store.index.is_empty() {
            store.entries[..count as usize].iter().position(|e| e.key == key)? as u32
        } else {
            let mask = store.index.len() - 1;
            let mut at = key.hash() as usize & mask;
            loop {
                let position = store.index[at];
                if position == EMPTY {
                    return None;
                }
                if position != DELETED && store.entries[position as usize].key == key {
                    if position >= count {
                        return None;
                    }
                    break position;
                }
                at = (at + 1) & mask;
            }
        };
        self.entry(position)
    }

    /// The entry at `position`, unless it is a tombstone.
    #[inline]
    pub fn entry(&self, position: u32) -> Option<PropertyEntry> {
        let e = self.store().entries.get(position as usize)?;
        (e.key != NO_KEY).then_some(PropertyEntry {
            key: e.key,
            location: e.location,
            attributes: e.attributes,
            position,
        })
    }

    /// Adds an entry at the end. The key is not in the table.
    pub fn push(&self, key: PropertyKey, location: SlotLocation, attributes: u8) {
        let store = self.store_mut();
        let position = store.entries.len() as u32;
        if store.entries.len() == store.entries.capacity() {
            // Small tables are many: grow them in small steps.
            store.entries.reserve_exact(store.entries.len().max(2));
        }
        store.entries.push(Entry { key, location, attributes });
        if !store.index.is_empty() && store.entries.len() * 4 <= store.index.len() * 3 {
            store.insert_in_index(key, position);
        } else if store.entries.len() > LINEAR {
            store.reindex();
        }
        self.charge();
    }

    /// Changes the attributes of an entry.
    pub fn set_attributes(&self, position: u32, attributes: u8) {
        self.store_mut().entries[position as usize].attributes = attributes;
    }

    /// A slot that a deleted property left.
    pub fn take_free_slot(&self) -> Option<SlotLocation> {
        self.store_mut().free.pop()
    }

    /// Deletes the entry at `position`; its slot may be given out again. True if positions changed (the table was compacted).
    pub fn delete(&self, position: u32) -> bool {
        let store = self.store_mut();
        let entry = store.entries[position as usize];
        if !store.index.is_empty() {
            let mask = store.index.len() - 1;
            let mut at = entry.key.hash() as usize & mask;
            while store.index[at] != position {
                at = (at + 1) & mask;
            }
            store.index[at] = DELETED;
        }
        store.free.push(entry.location);
        store.entries[position as usize].key = NO_KEY;
        store.deleted += 1;
        let compact = store.deleted > 8 && store.deleted as usize * 2 > store.entries.len();
        if compact {
            store.entries.retain(|e| e.key != NO_KEY);
            store.deleted = 0;
            store.reindex();
            self.charge();
        }
        compact
    }
}

impl Store {
    fn insert_in_index(&mut self, key: PropertyKey, position: u32) {
        let mask = self.index.len() - 1;
        let mut at = key.hash() as usize & mask;
        while self.index[at] < DELETED {
            at = (at + 1) & mask;
        }
        self.index[at] = position;
    }

    /// Builds the index anew, or drops it where the table is short.
    fn reindex(&mut self) {
        if self.entries.len() <= LINEAR {
            self.index = Vec::new();
            return;
        }
        let size = (self.entries.len() * 2).next_power_of_two();
        self.index.clear();
        self.index.resize(size, EMPTY);
        for position in 0..self.entries.len() as u32 {
            let key = self.entries[position as usize].key;
            if key != NO_KEY {
                self.insert_in_index(key, position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tercel_gc::HeapConfig;

    fn key(n: u64) -> PropertyKey {
        PropertyKey::from_bits(n * 8)
    }

    #[test]
    fn a_table_finds_what_was_added_and_hides_what_lies_beyond_the_count() {
        let heap = Heap::new(HeapConfig::default(), &[]).unwrap();
        let table = PropertyTable::new(&heap);
        // SAFETY: the table is alive until its only reference is released below.
        let t = unsafe { &*table };
        for n in 1..=100 {
            t.push(key(n), SlotLocation::out_of_line(n as usize), n as u8 & 7);
            assert_eq!(t.find(key(n), t.len()).unwrap().location.index(), n as usize);
            assert!(t.find(key(n), t.len() - 1).is_none());
        }
        assert!(t.find(key(101), 100).is_none());
        // SAFETY: the only reference.
        unsafe { PropertyTable::release(table) };
        assert_eq!(heap.used_bytes(), 0);
    }

    #[test]
    fn deletion_keeps_the_order_and_recycles_slots() {
        let heap = Heap::new(HeapConfig::default(), &[]).unwrap();
        let table = PropertyTable::new(&heap);
        // SAFETY: as above.
        let t = unsafe { &*table };
        for n in 1..=64 {
            t.push(key(n), SlotLocation::out_of_line(n as usize), 7);
        }
        for n in (1..=64).filter(|n| n % 4 != 0) {
            let e = t.find(key(n), t.len()).unwrap();
            t.delete(e.position);
            assert!(t.find(key(n), t.len()).is_none());
        }
        assert_eq!(t.live(), 16);
        let left: Vec<_> = (0..t.len()).filter_map(|p| t.entry(p)).map(|e| e.location.index()).collect();
        assert_eq!(left, (1..=16).map(|n| n * 4).collect::<Vec<_>>());
        assert!(t.take_free_slot().is_some_and(|l| l.index() % 4 != 0));
        // SAFETY: the only reference.
        unsafe { PropertyTable::release(table) };
    }
}
