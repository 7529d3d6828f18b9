//! `for (key in object)` (ECMA-262 §14.7.5.9).
//!
//! The keys are collected when the loop starts: those of the object itself, then those of each prototype that were not seen
//! before, enumerable or not. Before each step it is checked that the key is still there. For the usual case all that is a lookup: an
//! object without elements, whose prototypes have nothing enumerable, uses the list that its shape keeps (`Shape::enum_cache`),
//! and while the object has the shape it had, every key is still there.

use super::Object;
use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::list::ValueList;
use crate::shape::{ENUMERABLE, Shape};
use crate::value::Value;
use crate::values::ValueArray;
use rustc_hash::FxHashSet;
use std::cell::Cell;

/// Kind::ForIn: the state of one loop.
#[repr(C)]
pub struct ForIn {
    /// shape = the object's shape when the loop began, if the keys come from its cache; else 0. words: unused.
    pub header: CellHeader,
    pub object: Cell<Value>,
    /// A `ValueArray` of keys as values (strings).
    pub keys: Cell<Value>,
    pub next: Cell<u32>,
    pub count: Cell<u32>,
}

impl Context {
    /// Begins a loop over `v`; `None` if there is nothing to loop over (undefined, null, no keys).
    pub fn for_in_start(&self, v: Value) -> JsResult<Option<Gc<ForIn>>> {
        if v.is_nullish() {
            return Ok(None);
        }
        let o = self.to_object(v)?;
        let (keys, shape) = match self.cached_keys(o)? {
            Some(keys) => (keys, o.shape_id()),
            None => match self.dense_keys(o)? {
                Some(keys) => (keys, 0),
                None => (self.collect_keys(o)?, 0),
            },
        };
        if keys.is_empty() {
            return Ok(None);
        }
        let state: Gc<ForIn> = self.alloc_raw(Kind::ForIn, size_of::<ForIn>());
        state.header.shape.set(shape);
        state.object.set(o.into());
        state.keys.set(keys.into());
        state.next.set(0);
        state.count.set(keys.len() as u32);
        Ok(Some(state))
    }

    /// The next key that is still there, as a string; `None` at the end.
    #[inline]
    pub fn for_in_next(&self, state: Gc<ForIn>) -> JsResult<Option<Value>> {
        loop {
            let i = state.next.get();
            if i >= state.count.get() {
                return Ok(None);
            }
            state.next.set(i + 1);
            let (Some(o), Some(keys)) =
                (state.object.get().as_object(), state.keys.get().as_kind::<ValueArray>(Kind::ValueArray))
            else {
                return Ok(None);
            };
            let key = keys.get(i as usize);
            if o.shape_id() == state.header.shape.get() || self.is_still_there(o, key)? {
                return Ok(Some(key));
            }
        }
    }

    /// Whether the key names an enumerable property of the object or of what it inherits from, as far as it matters for a key
    /// that did when the loop began.
    #[cold]
    fn is_still_there(&self, o: Gc<Object>, key: Value) -> JsResult<bool> {
        let key = self.to_property_key(key)?;
        let mut next = Some(o);
        while let Some(o) = next {
            // Dense elements and plain names need no descriptor.
            if o.kind() == Kind::Proxy {
                if let Some(d) = o.get_own(self, key)? {
                    return Ok(d.enumerable == Some(true));
                }
            } else if let Some(p) = o.own_property(self, key)? {
                return Ok(p.has(ENUMERABLE));
            }
            next = o.prototype(self)?;
        }
        Ok(false)
    }

    /// The cached keys of the object's shape, if they are all that there is to enumerate.
    fn cached_keys(&self, o: Gc<Object>) -> JsResult<Option<Gc<ValueArray>>> {
        if o.may_intercept_indices() || o.has_elements() {
            return Ok(None);
        }
        if !self.prototypes_enumerate_nothing(o)? {
            return Ok(None);
        }
        let shape = o.shape(self);
        match self.enumerable_names(shape)? {
            Some(keys) => Ok(Some(keys)),
            None => Ok(Some(self.empty_value_array())),
        }
    }

    fn prototypes_enumerate_nothing(&self, o: Gc<Object>) -> JsResult<bool> {
        let mut next = o.shape_prototype(self);
        while let Some(p) = next {
            if p.may_intercept_indices() || p.has_elements() || self.enumerable_names(p.shape(self))?.is_some() {
                return Ok(false);
            }
            next = p.shape_prototype(self);
        }
        Ok(true)
    }

    /// The keys of an object with dense elements, whose prototypes have nothing to enumerate: its indices, then its names.
    fn dense_keys(&self, o: Gc<Object>) -> JsResult<Option<Gc<ValueArray>>> {
        let elements = o.elements.get();
        if !matches!(o.kind(), Kind::Array | Kind::Object)
            || elements.is_sparse()
            || !self.prototypes_enumerate_nothing(o)?
        {
            return Ok(None);
        }
        let names = self.enumerable_names(o.shape(self))?;
        let present = || (0..elements.len()).filter(|&i| !elements.get(i).is_empty());
        let indices = present().count();
        let keys = self.new_value_array(indices + names.map_or(0, |names| names.len()))?;
        for (at, i) in present().enumerate() {
            let key = PropertyKey::index(i as u32).to_value(self);
            keys.set(self, at, key);
        }
        for i in 0..keys.len() - indices {
            keys.set(self, indices + i, names.map_or(Value::UNDEFINED, |names| names.get(i)));
        }
        Ok(Some(keys))
    }

    /// The shape's enumerable string keys, from its cache; `None` if there are none.
    pub(crate) fn enumerable_names(&self, shape: Gc<Shape>) -> JsResult<Option<Gc<ValueArray>>> {
        let cached = shape.enum_cache.get();
        if cached == Value::FALSE {
            return Ok(None);
        }
        if let Some(keys) = cached.as_kind(Kind::ValueArray) {
            return Ok(Some(keys));
        }
        let count = shape.entries().filter(|e| e.has(ENUMERABLE) && e.key.as_name().is_some()).count();
        if count == 0 {
            shape.enum_cache.set(Value::FALSE);
            return Ok(None);
        }
        let keys = self.new_value_array(count)?;
        let names = shape.entries().filter(|e| e.has(ENUMERABLE) && e.key.as_name().is_some());
        for (i, entry) in names.enumerate() {
            keys.set(self, i, Value::from_bits(entry.key.bits()));
        }
        shape.enum_cache.set(keys.into());
        self.write_barrier(shape.header_ptr(), keys.into());
        Ok(Some(keys))
    }

    /// All keys in the order of the loop, by the general way.
    fn collect_keys(&self, o: Gc<Object>) -> JsResult<Gc<ValueArray>> {
        let result = ValueList::new(self);
        // Keys are words of cells that do not move, and all of them are in rooted lists while the set is used.
        let mut seen: FxHashSet<PropertyKey> = FxHashSet::default();
        let all = ValueList::new(self);
        let mut next = Some(o);
        while let Some(o) = next {
            let keys = o.own_property_keys(self)?;
            let plain = self.has_plain_enumeration(o);
            let parent = o.prototype(self)?;
            for i in 0..keys.len() {
                let key = keys.key(i);
                if key.is_symbol() {
                    continue;
                }
                let enumerable = if o.kind() == Kind::Proxy {
                    // A proxy is asked once a key, when the loop comes to it.
                    true
                } else if plain {
                    // What is not in the shape is an element, or the `length` of an array or string.
                    o.shape(self).lookup(self, key).map_or(key.is_index(), |e| e.has(ENUMERABLE))
                } else {
                    match o.get_own(self, key)? {
                        Some(d) => d.enumerable == Some(true),
                        None => continue,
                    }
                };
                if seen.insert(key) {
                    all.push_key(key);
                    if enumerable {
                        result.push_key(key);
                    }
                }
            }
            next = parent;
        }
        let keys = self.new_value_array(result.len())?;
        for i in 0..result.len() {
            let key = result.key(i).to_value(self);
            keys.set(self, i, key);
        }
        Ok(keys)
    }
}
