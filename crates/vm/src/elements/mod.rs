//! Elements: the values of array indices, in a cell of their own beside the named properties.
//!
//! | kind | what a word is | hole |
//! |---|---|---|
//! | `ElementsInt32` | an int32 value in boxed form | `EMPTY` |
//! | `ElementsDouble` | the bits of a double | [`HOLE`], a NaN that no arithmetic makes |
//! | `ElementsValue` | any value | `EMPTY` |
//! | `ElementsSparse` | a hash table: [`sparse`] | absent |
//!
//! The first three are *dense*: word `i` is index `i`. All dense words have 8 bytes, so a cell changes from one kind to the next
//! in place. Transitions go one way: Int32 → Double → Value → Sparse (Int32 may go to Value directly), and packed → holey.
//!
//! `length` counts the words in use: indices at and above it are absent. In a packed cell (flag [`HOLEY`] not set) no word below
//! it is a hole. An array's own `length` may be larger, never smaller. The capacity never changes; growth makes a new cell, half
//! as large again.
//!
//! What dense elements promise: every property in them is writable, enumerable and configurable, and the object is extensible
//! and no prototype. Where that ends, elements turn sparse, so fast paths need look at nothing but the kind.

pub mod sparse;

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::value::Value;
use std::cell::Cell;

/// All kinds begin so; data follows. For sparse elements `length` is 0, so that a dense access by bounds check misses.
#[repr(C)]
pub struct Elements {
    /// flags = [`HOLEY`].
    pub header: CellHeader,
    /// Words of data (dense) or entries of the table (sparse).
    pub capacity: Cell<u32>,
    /// Words in use.
    pub length: Cell<u32>,
}

/// Header flag: some word below `length` may be a hole.
pub const HOLEY: u8 = 1;
/// The bits of a hole among doubles.
pub const HOLE: u64 = 0x7fff_ffff_ffff_fff1;
/// Bytes before the first word of data.
pub const DATA_OFFSET: usize = size_of::<Elements>();
/// Most words of dense elements; beyond, elements are sparse.
pub const MAX_DENSE: usize = 1 << 28;
/// A write this far beyond the end keeps elements dense, whatever the fill.
pub const MAX_GAP: u32 = 1024;
/// Capacity that the first element brings.
const FIRST_CAPACITY: usize = 4;

/// The dense kinds, as lattice: Int32 < Double < Value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Dense {
    Int32 = Kind::ElementsInt32 as u8,
    Double = Kind::ElementsDouble as u8,
    Value = Kind::ElementsValue as u8,
}

impl Gc<Elements> {
    #[inline(always)]
    pub fn kind(self) -> Kind {
        Kind::from_u8(self.header.kind.get())
    }
    #[inline(always)]
    pub fn is_sparse(self) -> bool {
        self.kind() == Kind::ElementsSparse
    }
    #[inline(always)]
    pub fn is_holey(self) -> bool {
        self.header.flags.get() & HOLEY != 0
    }
    #[inline(always)]
    pub fn set_holey(self) {
        self.header.flags.set(self.header.flags.get() | HOLEY);
    }
    /// Words in use; 0 for sparse elements.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.length.get() as usize
    }
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.length.get() == 0
    }
    #[inline(always)]
    pub fn capacity(self) -> usize {
        self.capacity.get() as usize
    }
    /// The words of dense elements.
    #[inline(always)]
    pub fn data(self) -> *mut u64 {
        (self.addr() + DATA_OFFSET) as *mut u64
    }

    /// The value of index `i` in dense elements, `EMPTY` for a hole or beyond the end.
    #[inline(always)]
    pub fn get(self, i: usize) -> Value {
        if i >= self.len() {
            return Value::EMPTY;
        }
        // SAFETY: below `length`, which is at most the capacity of a dense cell.
        let word = unsafe { *self.data().add(i) };
        if self.kind() != Kind::ElementsDouble {
            Value::from_bits(word)
        } else if word == HOLE {
            Value::EMPTY
        } else {
            Value::number(f64::from_bits(word))
        }
    }

    /// Writes a word below the capacity of dense elements of a kind that `v` fits (or a hole, `EMPTY`).
    #[inline(always)]
    pub fn set_raw(self, cx: &Context, i: usize, v: Value) {
        debug_assert!(i < self.capacity() && !self.is_sparse());
        // SAFETY: below the capacity.
        let slot = unsafe { self.data().add(i) };
        if self.kind() == Kind::ElementsDouble {
            let word = if v.is_empty() { HOLE } else { v.as_number().to_bits() };
            // SAFETY: as above.
            unsafe { *slot = word };
        } else {
            // SAFETY: as above.
            unsafe { *slot = v.bits() };
            cx.write_barrier_slot(self.header_ptr(), slot.cast(), v);
        }
    }

    /// Whether `v` can be stored without a transition.
    #[inline(always)]
    pub fn fits(self, v: Value) -> bool {
        match self.kind() {
            Kind::ElementsInt32 => v.is_int32(),
            Kind::ElementsDouble => v.is_number(),
            Kind::ElementsValue => true,
            _ => false,
        }
    }

    /// Changes dense elements, in place, to a kind that `v` fits.
    #[cold]
    pub fn widen_for(self, cx: &Context, v: Value) {
        if self.capacity() == 0 || self.fits(v) {
            return;
        }
        if self.kind() == Kind::ElementsInt32 && v.is_number() { self.to_double() } else { self.to_values(cx) }
    }

    fn to_double(self) {
        for i in 0..self.len() {
            // SAFETY: below `length`.
            let word = unsafe { &mut *self.data().add(i) };
            let v = Value::from_bits(*word);
            *word = if v.is_empty() { HOLE } else { (v.as_int32() as f64).to_bits() };
        }
        self.header.kind.set(Kind::ElementsDouble as u8);
    }

    /// Changes dense elements to `ElementsValue`, in place.
    pub fn to_values(self, _cx: &Context) {
        if self.kind() == Kind::ElementsDouble {
            for i in 0..self.len() {
                // SAFETY: below `length`.
                let word = unsafe { &mut *self.data().add(i) };
                *word = if *word == HOLE { 0 } else { Value::number(f64::from_bits(*word)).bits() };
            }
        }
        // Numbers need no write barrier.
        self.header.kind.set(Kind::ElementsValue as u8);
    }

    /// The kind of dense elements.
    #[inline]
    pub fn dense_kind(self) -> Dense {
        match self.kind() {
            Kind::ElementsInt32 => Dense::Int32,
            Kind::ElementsDouble => Dense::Double,
            _ => Dense::Value,
        }
    }

    /// The least dense kind that `v` fits.
    #[inline]
    pub fn kind_for(v: Value) -> Dense {
        if v.is_int32() {
            Dense::Int32
        } else if v.is_number() {
            Dense::Double
        } else {
            Dense::Value
        }
    }
}

impl Elements {
    /// The cell that all objects without elements share.
    pub(crate) fn new_shared_empty(cx: &Context) -> Gc<Elements> {
        let elements: Gc<Elements> = cx.alloc_fixed(Kind::ElementsInt32, DATA_OFFSET);
        elements.capacity.set(0);
        elements.length.set(0);
        elements
    }

    /// The capacity to grow to for at least `needed` words: half as much again.
    pub fn grown_capacity(capacity: usize, needed: usize) -> usize {
        needed.max(capacity + capacity / 2).max(FIRST_CAPACITY)
    }
}

impl Context {
    /// Empty dense elements with room for `capacity` words.
    ///
    /// # Errors
    /// RangeError when memory is refused.
    pub fn new_elements(&self, kind: Dense, capacity: usize) -> JsResult<Gc<Elements>> {
        if capacity > MAX_DENSE {
            return Err(self.throw_range(format_args!("Invalid array length")));
        }
        let elements: Gc<Elements> = self.try_alloc_raw(Kind::from_u8(kind as u8), DATA_OFFSET + capacity * 8)?;
        elements.capacity.set(capacity as u32);
        elements.length.set(0);
        Ok(elements)
    }

    /// A copy of dense elements with another capacity, at least their length.
    pub fn copy_elements(&self, old: Gc<Elements>, capacity: usize) -> JsResult<Gc<Elements>> {
        debug_assert!(!old.is_sparse() && capacity >= old.len());
        let new = self.new_elements(old.dense_kind(), capacity)?;
        // SAFETY: both have `old.len()` words, and the cells are different. A fresh cell needs no barrier unless it is large.
        unsafe { std::ptr::copy_nonoverlapping(old.data(), new.data(), old.len()) };
        new.length.set(old.length.get());
        new.header.flags.set(old.header.flags.get() & HOLEY);
        Ok(new)
    }
}
