//! `ValueArray`: a plain vector of values in the heap, of fixed length: argument lists, keys, tables that builtins keep.

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::value::Value;
use std::cell::Cell;

/// Kind::ValueArray; values follow.
#[repr(C)]
pub struct ValueArray {
    /// shape: free for the owner's use.
    pub header: CellHeader,
    pub length: Cell<u64>,
}

/// Bytes before the first value.
pub const VALUES_OFFSET: usize = size_of::<ValueArray>();

impl Gc<ValueArray> {
    #[inline(always)]
    pub fn len(self) -> usize {
        self.length.get() as usize
    }
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.length.get() == 0
    }
    #[inline(always)]
    pub fn data(self) -> *mut Value {
        (self.addr() + VALUES_OFFSET) as *mut Value
    }
    /// The value at `i`, which is less than the length.
    #[inline(always)]
    pub fn get(self, i: usize) -> Value {
        assert!(i < self.len());
        // SAFETY: below the length; all values are initialised.
        unsafe { *self.data().add(i) }
    }
    #[inline(always)]
    pub fn set(self, cx: &Context, i: usize, v: Value) {
        assert!(i < self.len());
        // SAFETY: below the length.
        let slot = unsafe { self.data().add(i) };
        // SAFETY: as above.
        unsafe { *slot = v };
        cx.write_barrier_slot(self.header_ptr(), slot, v);
    }
    /// The values. Not to be kept across a safepoint.
    #[inline]
    pub fn cells<'a>(self) -> &'a [Cell<Value>] {
        // SAFETY: `len` initialised values follow the header; the caller keeps the safepoint rule.
        unsafe { std::slice::from_raw_parts(self.data().cast(), self.len()) }
    }
}

impl Context {
    /// `length` values, all `EMPTY`.
    ///
    /// # Errors
    /// RangeError when the memory for many is refused.
    pub fn new_value_array(&self, length: usize) -> JsResult<Gc<ValueArray>> {
        let array: Gc<ValueArray> = self.try_alloc_raw(Kind::ValueArray, VALUES_OFFSET + length * 8)?;
        array.length.set(length as u64);
        // SAFETY: fresh memory of this size; 0 is EMPTY.
        unsafe { std::ptr::write_bytes(array.data(), 0, length) };
        Ok(array)
    }

    /// A copy of rooted values.
    pub fn value_array_from(&self, values: &[Cell<Value>]) -> JsResult<Gc<ValueArray>> {
        let array = self.new_value_array(values.len())?;
        for (i, v) in values.iter().enumerate() {
            array.set(self, i, v.get());
        }
        Ok(array)
    }

    /// No values at all.
    pub fn empty_value_array(&self) -> Gc<ValueArray> {
        let array: Gc<ValueArray> = self.alloc_raw(Kind::ValueArray, VALUES_OFFSET);
        array.length.set(0);
        array
    }
}
