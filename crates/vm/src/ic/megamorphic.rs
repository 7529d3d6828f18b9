//! The megamorphic cache: one table for all sites that have seen too many shapes, and for keys that are no constants.
//!
//! Keyed by (shape, property key, read or write). An entry says where the property is: in the receiver, or so many prototypes up; that an accessor
//! pair is there; or which shape the receiver gets by a write that adds the property.
//! It holds no cells but keys, which do not move and are compared only; shape ids are used again only after a full collection, which clears
//! the table.

use crate::feedback::Loc;
use crate::key::PropertyKey;
use std::cell::Cell;

/// A power of two.
pub const ENTRIES: usize = 2048;
/// What shape ids are multiplied with in an entry's hash; machine code computes it too.
pub const HASH_FACTOR: u32 = 0x9e37_79b1;
/// The bit of the hash's input for writes.
pub const ACCESS_SHIFT: u32 = 7;

/// What an entry is about.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Access {
    Get,
    Set,
    /// The first half of an assignment to `super.key`, whose lookup begins at an object of the shape: an accessor pair; or `Plain`: nothing stands in the
    /// way of the receiver's own property.
    SuperSet,
}

/// What is done at an entry's location.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Manner {
    /// The value is there.
    Plain,
    /// An accessor pair is there.
    Accessor,
    /// The property is added there, in the receiver.
    Add,
}

#[repr(C)]
pub struct Entry {
    pub key: Cell<u64>,
    pub shape: Cell<u32>,
    pub loc: Cell<Loc>,
    /// Valid while the prototype epoch is this; 0: always (own properties).
    pub epoch: Cell<u32>,
    /// [`Manner::Add`]: the receiver's new shape.
    pub new_shape: Cell<u32>,
    pub hops: Cell<u8>,
    pub access: Cell<u8>,
    pub manner: Cell<Manner>,
}

/// A hit: the location, in the object `hops` prototypes up.
#[derive(Clone, Copy)]
pub struct Hit {
    pub loc: Loc,
    pub hops: u8,
    pub manner: Manner,
    pub new_shape: u32,
}

impl Hit {
    /// A value `hops` prototypes up.
    pub fn plain(loc: Loc, hops: u8) -> Hit {
        Hit { loc, hops, manner: Manner::Plain, new_shape: 0 }
    }
}

pub struct MegamorphicCache {
    entries: Box<[Entry]>,
}

impl MegamorphicCache {
    pub fn new() -> MegamorphicCache {
        let entry = |_| Entry {
            key: Cell::new(0),
            shape: Cell::new(0),
            loc: Cell::new(Loc::NONE),
            epoch: Cell::new(0),
            new_shape: Cell::new(0),
            hops: Cell::new(0),
            access: Cell::new(0),
            manner: Cell::new(Manner::Plain),
        };
        MegamorphicCache { entries: (0..ENTRIES).map(entry).collect() }
    }

    /// The address of the first entry: the table stays where it is.
    pub fn address(&self) -> usize {
        self.entries.as_ptr() as usize
    }

    #[inline(always)]
    fn entry(&self, shape: u32, key: PropertyKey, access: Access) -> &Entry {
        let hash = (shape ^ (access as u32) << ACCESS_SHIFT).wrapping_mul(HASH_FACTOR) ^ (key.bits() >> 3) as u32;
        let hash = hash ^ hash >> 15;
        &self.entries[hash as usize & (ENTRIES - 1)]
    }

    #[inline(always)]
    pub fn get(&self, shape: u32, key: PropertyKey, access: Access, epoch: u32) -> Option<Hit> {
        let e = self.entry(shape, key, access);
        let valid = e.shape.get() == shape
            && e.key.get() == key.bits()
            && e.access.get() == access as u8
            && (e.epoch.get() == 0 || e.epoch.get() == epoch);
        valid.then(|| Hit {
            loc: e.loc.get(),
            hops: e.hops.get(),
            manner: e.manner.get(),
            new_shape: e.new_shape.get(),
        })
    }

    /// `epoch`: 0 if the entry depends on no prototype.
    pub fn put(&self, shape: u32, key: PropertyKey, access: Access, epoch: u32, hit: Hit) {
        let e = self.entry(shape, key, access);
        e.shape.set(shape);
        e.key.set(key.bits());
        e.access.set(access as u8);
        e.epoch.set(epoch);
        e.loc.set(hit.loc);
        e.hops.set(hit.hops);
        e.manner.set(hit.manner);
        e.new_shape.set(hit.new_shape);
    }

    /// Forgets everything: in full collections.
    pub fn clear(&self) {
        for e in &self.entries {
            e.shape.set(0);
            e.key.set(0);
        }
    }
}

impl Default for MegamorphicCache {
    fn default() -> Self {
        MegamorphicCache::new()
    }
}
