//! Arrays (ECMA-262 §10.4.2): their length, and making them.
//!
//! `length` is a field, not a property of the shape; the slow paths answer for the name. It is never smaller than the length of
//! dense elements, and usually equal.

use super::{Object, PropertyDescriptor};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::elements::{Dense, Elements};
use crate::error::JsResult;
use crate::realm::{Intrinsic, RealmShape};
use crate::value::Value;
use std::cell::Cell;

/// Kind::Array.
#[repr(C)]
pub struct ArrayObject {
    pub object: Object,
    pub length: Cell<u32>,
    /// [`LENGTH_READONLY`]. An array with the flag has sparse elements.
    pub flags: Cell<u32>,
}

/// `length` is not writable.
pub const LENGTH_READONLY: u32 = 1;
/// Largest length for which `new Array(n)` and the like make room at once.
pub const MAX_PREALLOCATED: usize = 1 << 16;

impl Gc<ArrayObject> {
    #[inline(always)]
    pub fn len(self) -> u32 {
        self.length.get()
    }
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.length.get() == 0
    }
    #[inline(always)]
    pub fn elements(self) -> Gc<Elements> {
        self.object.elements.get()
    }
    #[inline(always)]
    pub fn length_is_writable(self) -> bool {
        self.flags.get() & LENGTH_READONLY == 0
    }
}

impl Context {
    /// An empty array of the current realm whose length is `length` (holes), with room for some of it.
    #[inline]
    pub fn new_array(&self, length: u32) -> Gc<ArrayObject> {
        let shape = self.realm_shape(RealmShape::Array);
        let array: Gc<ArrayObject> = self.alloc_object_raw(shape, Kind::Array);
        array.length.set(length);
        if length != 0 && length as usize <= MAX_PREALLOCATED / 64 {
            self.reserve_elements(array, length as usize);
        }
        array
    }

    /// An empty array with room for `capacity` elements, as far as memory is had for the asking.
    pub fn new_array_with_capacity(&self, capacity: usize) -> Gc<ArrayObject> {
        let array = self.new_array(0);
        if capacity != 0 {
            self.reserve_elements(array, capacity.min(MAX_PREALLOCATED / 64));
        }
        array
    }

    /// Gives an array without elements room for some, as far as memory is had for the asking. Nothing happens to other arrays.
    pub fn reserve_elements(&self, array: Gc<ArrayObject>, capacity: usize) {
        let old = array.elements();
        if old.is_sparse() || !old.is_empty() || old.capacity() >= capacity {
            return;
        }
        match self.new_elements(Dense::Int32, capacity) {
            Ok(elements) => array.object().set_elements(self, elements),
            Err(_) => drop(self.take_exception()),
        }
    }

    /// ArrayCreate (§10.4.2.2) with a prototype.
    ///
    /// # Errors
    /// RangeError if `length` is no array length.
    pub fn array_create(&self, length: u64, prototype: Option<Gc<Object>>) -> JsResult<Gc<ArrayObject>> {
        if length > u32::MAX as u64 {
            return Err(self.throw_range(format_args!("Invalid array length")));
        }
        let Some(prototype) = prototype else { return Ok(self.new_array(length as u32)) };
        if prototype == self.intrinsic(Intrinsic::ArrayPrototype) {
            return Ok(self.new_array(length as u32));
        }
        let shape = self.root_shape(Some(prototype), Kind::Array, 0);
        let array: Gc<ArrayObject> = self.alloc_object_raw(shape, Kind::Array);
        array.length.set(length as u32);
        Ok(array)
    }

    /// CreateArrayFromList (§7.3.18).
    pub fn array_of(&self, values: &[Value]) -> Gc<ArrayObject> {
        // SAFETY: `Cell<Value>` has the layout of `Value`, and the slice is only read.
        self.array_from_cells(unsafe {
            std::slice::from_raw_parts(values.as_ptr().cast::<Cell<Value>>(), values.len())
        })
        .unwrap_or_else(|_| {
            self.take_exception();
            self.new_array(0)
        })
    }

    /// CreateArrayFromList (§7.3.18) from rooted values.
    ///
    /// # Errors
    /// RangeError when memory for many is refused.
    pub fn array_from_cells(&self, values: &[Cell<Value>]) -> JsResult<Gc<ArrayObject>> {
        let array = self.new_array(0);
        if values.is_empty() {
            return Ok(array);
        }
        let kind = values.iter().map(|v| Gc::<Elements>::kind_for(v.get())).max().unwrap_or(Dense::Value);
        let elements = self.new_elements(kind, values.len())?;
        elements.length.set(values.len() as u32);
        for (i, v) in values.iter().enumerate() {
            elements.set_raw(self, i, v.get());
        }
        array.object().set_elements(self, elements);
        array.length.set(values.len() as u32);
        Ok(array)
    }

    /// Appends to an array as its owner: nothing of it is observable yet, or the array is extensible and without surprises. The
    /// general form is `Array.prototype.push`.
    #[inline]
    pub fn array_push(&self, array: impl Into<Gc<Object>>, v: Value) -> JsResult<()> {
        let array: Gc<Object> = array.into();
        debug_assert!(array.kind() == Kind::Array);
        // SAFETY: callers pass an array (see above): its kind says so.
        let array: Gc<ArrayObject> = unsafe { array.cast() };
        let elements = array.elements();
        let at = elements.len();
        if at == array.len() as usize && at < elements.capacity() && elements.fits(v) {
            elements.length.set(at as u32 + 1);
            elements.set_raw(self, at, v);
            array.length.set(at as u32 + 1);
            return Ok(());
        }
        self.array_push_slow(array, v)
    }

    /// Appends to dense elements as far as the length goes with them; `false` if something else is to be done.
    ///
    /// # Errors
    /// RangeError when memory is refused.
    #[inline]
    pub fn array_push_dense(&self, array: Gc<ArrayObject>, v: Value) -> JsResult<bool> {
        let elements = array.elements();
        let at = elements.len();
        if elements.is_sparse() || at != array.len() as usize || at as u64 >= u32::MAX as u64 {
            return Ok(false);
        }
        if at < elements.capacity() && elements.fits(v) {
            elements.length.set(at as u32 + 1);
            elements.set_raw(self, at, v);
            array.length.set(at as u32 + 1);
        } else {
            array.object().add_element(self, at as u32, v, crate::shape::DEFAULT)?;
        }
        Ok(true)
    }

    #[cold]
    fn array_push_slow(&self, array: Gc<ArrayObject>, v: Value) -> JsResult<()> {
        let index = array.len();
        if index == u32::MAX {
            return Err(self.throw_range(format_args!("Invalid array length")));
        }
        let o = array.object();
        if !o.create_data(self, crate::key::PropertyKey::index(index), v)? {
            return Err(self.throw_type(format_args!("Cannot add property {index}, object is not extensible")));
        }
        Ok(())
    }

    /// ArraySetLength (§10.4.2.4) with a descriptor's value converted already.
    pub(crate) fn array_set_length(&self, array: Gc<ArrayObject>, length: u32) -> JsResult<bool> {
        let old = array.len();
        if length == old {
            return Ok(true);
        }
        if !array.length_is_writable() {
            return Ok(false);
        }
        if length > old {
            array.length.set(length);
            return Ok(true);
        }
        let elements = array.elements();
        let Some(sparse) = elements.as_sparse() else {
            // Dense elements are all configurable.
            if (length as usize) < elements.len() {
                if length == 0 {
                    array.object().set_elements(self, self.empty_elements());
                } else {
                    elements.length.set(length);
                }
            }
            array.length.set(length);
            return Ok(true);
        };
        // The largest index that cannot be deleted stops the shrinking.
        let mut stop = None;
        for p in sparse.iter() {
            if p.index >= length && p.attributes & crate::shape::CONFIGURABLE == 0 {
                stop = stop.max(Some(p.index));
            }
        }
        let new = stop.map_or(length, |index| index + 1);
        for position in 0..sparse.capacity() {
            if sparse.at(position).is_some_and(|p| p.index >= new) {
                sparse.remove(position);
            }
        }
        array.length.set(new);
        Ok(stop.is_none())
    }

    /// [[DefineOwnProperty]] of `length` (§10.4.2.1 step 2, §10.4.2.4).
    pub(crate) fn array_define_length(&self, array: Gc<ArrayObject>, d: &PropertyDescriptor) -> JsResult<bool> {
        let mut new = None;
        if let Some(v) = d.value {
            let length = self.to_uint32(v)?;
            let number = self.to_number(v)?;
            if length as f64 != number {
                return Err(self.throw_range(format_args!("Invalid array length")));
            }
            new = Some(length);
        }
        if d.is_accessor() || d.configurable == Some(true) || d.enumerable == Some(true) {
            return Ok(false);
        }
        if !array.length_is_writable() {
            if d.writable == Some(true) {
                return Ok(false);
            }
            return Ok(new.is_none_or(|length| length == array.len()));
        }
        let complete = match new {
            Some(length) => self.array_set_length(array, length)?,
            None => true,
        };
        if d.writable == Some(false) {
            array.object().make_elements_sparse_or_throw(self)?;
            array.flags.set(array.flags.get() | LENGTH_READONLY);
        }
        Ok(complete)
    }

    /// Whether `o` is an array with dense elements that reads of indices and `length` describe wholly: what the fast paths of
    /// the builtins ask.
    #[inline]
    pub fn as_plain_array(&self, v: Value) -> Option<Gc<ArrayObject>> {
        let array = v.as_kind::<ArrayObject>(Kind::Array)?;
        let elements = array.elements();
        let whole = !elements.is_holey() && elements.len() == array.len() as usize;
        (!elements.is_sparse() && (whole || self.holes_are_undefined())).then_some(array)
    }
}
