//! Own indexed properties of ordinary objects and arrays: finding, adding, changing and deleting elements. As in `own`, nothing
//! here asks for permission.

use super::Object;
use super::array::ArrayObject;
use super::property::Property;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::elements::sparse::SparseElements;
use crate::elements::{Elements, MAX_DENSE, MAX_GAP};
use crate::error::JsResult;
use crate::shape::{DEFAULT, flag};
use crate::value::Value;

/// Elements that are there.
fn fill(elements: Gc<Elements>) -> usize {
    if !elements.is_holey() {
        return elements.len();
    }
    (0..elements.len()).filter(|&i| !elements.get(i).is_empty()).count()
}

impl Gc<Object> {
    /// The element `index`.
    #[inline]
    pub(crate) fn own_element(self, index: u32) -> Option<Property> {
        let elements = self.elements.get();
        let v = elements.get(index as usize);
        if !v.is_empty() {
            return Some(Property { value: v, attributes: DEFAULT });
        }
        let p = elements.as_sparse()?.find(index)?;
        Some(Property { value: p.value, attributes: p.attributes })
    }

    /// Whether there is any element.
    pub(crate) fn has_elements(self) -> bool {
        let elements = self.elements.get();
        match elements.as_sparse() {
            Some(sparse) => !sparse.is_empty(),
            None => !elements.is_empty(),
        }
    }

    /// Adds an element that the object does not have; an array grows with it.
    ///
    /// # Errors
    /// RangeError when memory is refused.
    pub(crate) fn add_element(self, cx: &Context, index: u32, value: Value, attributes: u8) -> JsResult<()> {
        let shape = self.shape(cx);
        if shape.has(flag::PROTOTYPE) {
            cx.break_indexed_fuse();
        }
        let elements = self.elements.get();
        match elements.as_sparse() {
            Some(sparse) => self.add_sparse(cx, sparse, index, value, attributes)?,
            None if attributes == DEFAULT && shape.is_extensible() => self.add_dense(cx, elements, index, value)?,
            None => {
                let sparse = cx.sparse_from_dense(elements)?;
                self.add_sparse(cx, sparse, index, value, attributes)?;
            }
        }
        if let Some(array) = self.as_kind::<ArrayObject>(Kind::Array)
            && index >= array.len()
        {
            array.length.set(index + 1);
        }
        Ok(())
    }

    fn add_dense(self, cx: &Context, elements: Gc<Elements>, index: u32, value: Value) -> JsResult<()> {
        let (length, at) = (elements.len(), index as usize);
        let mut elements = elements;
        if at >= elements.capacity() {
            let stays_dense = at - length <= MAX_GAP as usize || fill(elements) * 4 >= at;
            if !stays_dense || at >= MAX_DENSE {
                let sparse = cx.sparse_from_dense(elements)?;
                return self.add_sparse(cx, sparse, index, value, DEFAULT);
            }
            let capacity = Elements::grown_capacity(elements.capacity(), at + 1).min(MAX_DENSE);
            elements = cx.copy_elements(elements, capacity)?;
            self.set_elements(cx, elements);
        }
        elements.widen_for(cx, value);
        if at > length {
            for hole in length..at {
                elements.set_raw(cx, hole, Value::EMPTY);
            }
            elements.set_holey();
        }
        elements.set_raw(cx, at, value);
        if at >= length {
            elements.length.set(index + 1);
        }
        Ok(())
    }

    fn add_sparse(
        self,
        cx: &Context,
        sparse: Gc<SparseElements>,
        index: u32,
        value: Value,
        attributes: u8,
    ) -> JsResult<()> {
        let table = cx.sparse_insert(sparse, index, value, attributes)?;
        if Value::from(table) != Value::from(self.elements.get()) {
            // A table that had to grow is the moment to see whether it is still sparse.
            if self.leave_sparse(cx, table)? {
                return Ok(());
            }
            // SAFETY: sparse elements begin with an `Elements`.
            self.set_elements(cx, unsafe { table.cast() });
        }
        Ok(())
    }

    /// Makes elements dense again that fill most of their range, where nothing speaks against it.
    fn leave_sparse(self, cx: &Context, sparse: Gc<SparseElements>) -> JsResult<bool> {
        let shape = self.shape(cx);
        let readonly_length = self.as_kind::<ArrayObject>(Kind::Array).is_some_and(|array| !array.length_is_writable());
        let Some(largest) = sparse.largest() else { return Ok(false) };
        if shape.flags() & (flag::PROTOTYPE | flag::NON_EXTENSIBLE) != 0
            || readonly_length
            || self.kind() == Kind::MappedArguments
            || largest as usize >= MAX_DENSE
            || largest as usize >= sparse.len() * 2 + 64
            || sparse.iter().any(|p| p.attributes != DEFAULT)
        {
            return Ok(false);
        }
        let kind = sparse.iter().map(|p| Gc::<Elements>::kind_for(p.value)).max();
        let length = largest as usize + 1;
        let dense = cx.new_elements(kind.unwrap_or(crate::elements::Dense::Value), length + length / 2)?;
        for i in 0..length {
            dense.set_raw(cx, i, Value::EMPTY);
        }
        dense.length.set(length as u32);
        for p in sparse.iter() {
            dense.set_raw(cx, p.index as usize, p.value);
        }
        if sparse.len() < length {
            dense.set_holey();
        }
        self.set_elements(cx, dense);
        Ok(true)
    }

    /// Gives an existing element another value, of the same attributes.
    #[inline]
    pub(crate) fn store_element(self, cx: &Context, index: u32, value: Value) {
        let elements = self.elements.get();
        match elements.as_sparse() {
            Some(sparse) => {
                if let Some(p) = sparse.find(index) {
                    sparse.write(cx, p.position, value, p.attributes);
                }
            }
            None => {
                elements.widen_for(cx, value);
                elements.set_raw(cx, index as usize, value);
            }
        }
    }

    /// Gives an existing element another value and attributes.
    pub(crate) fn configure_element(self, cx: &Context, index: u32, value: Value, attributes: u8) -> JsResult<()> {
        if !self.elements.get().is_sparse() {
            if attributes == DEFAULT {
                self.store_element(cx, index, value);
                return Ok(());
            }
            self.make_elements_sparse_or_throw(cx)?;
        }
        if let Some(sparse) = self.elements.get().as_sparse()
            && let Some(p) = sparse.find(index)
        {
            sparse.write(cx, p.position, value, attributes);
        }
        Ok(())
    }

    /// Deletes an existing element.
    pub(crate) fn remove_element(self, cx: &Context, index: u32) {
        let elements = self.elements.get();
        match elements.as_sparse() {
            Some(sparse) => {
                if let Some(p) = sparse.find(index) {
                    sparse.remove(p.position);
                }
            }
            None if index as usize + 1 == elements.len() => elements.length.set(index),
            None => {
                elements.set_holey();
                elements.set_raw(cx, index as usize, Value::EMPTY);
            }
        }
    }

    /// Makes the elements sparse, so that no fast path adds to them.
    ///
    /// # Errors
    /// RangeError when memory is refused.
    pub(crate) fn make_elements_sparse_or_throw(self, cx: &Context) -> JsResult<()> {
        let elements = self.elements.get();
        if !elements.is_sparse() {
            let sparse = cx.sparse_from_dense(elements)?;
            // SAFETY: sparse elements begin with an `Elements`.
            self.set_elements(cx, unsafe { sparse.cast() });
        }
        Ok(())
    }

    /// Makes elements of a new prototype sparse if there are none. (If there are some, the fuse on indexed prototypes is broken,
    /// and nothing more to be guarded.)
    pub(crate) fn guard_empty_elements(self, cx: &Context) {
        if self.elements.get().is_empty() && !self.elements.get().is_sparse() {
            // A small cell is never refused.
            let made = self.make_elements_sparse_or_throw(cx);
            debug_assert!(made.is_ok());
        }
    }
}
