//! [[OwnPropertyKeys]] (ECMA-262 §10.1.11): array indices in ascending order, then strings, then symbols, each in the order of
//! creation; and the lists that `Object.keys` and its like need.

use super::{Object, arguments, integer_indexed, namespace, proxy, string};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::list::ValueList;
use crate::shape::{ENUMERABLE, PRIVATE, Shape};
use crate::value::Value;

/// Elements between two polls.
const POLL_INTERVAL: usize = 1 << 14;

impl Gc<Object> {
    /// [[OwnPropertyKeys]] as values: strings and symbols.
    pub fn own_keys<'a>(self, cx: &'a Context) -> JsResult<ValueList<'a>> {
        let keys = self.own_property_keys(cx)?;
        for i in 0..keys.len() {
            let value = keys.key(i).to_value(cx);
            keys.set(i, value);
        }
        Ok(keys)
    }

    /// [[OwnPropertyKeys]] as property keys ([`ValueList::key`]).
    pub fn own_property_keys<'a>(self, cx: &'a Context) -> JsResult<ValueList<'a>> {
        if self.kind() == Kind::Proxy {
            return proxy::own_keys(cx, self);
        }
        let list = ValueList::new(cx);
        if self.kind() == Kind::ModuleNamespace {
            namespace::push_keys(cx, self, &list);
        } else {
            self.push_indices(cx, &list)?;
            self.push_names(cx, &list, true);
        }
        self.push_symbols(cx, &list);
        Ok(list)
    }

    /// Adds the array indices in ascending order.
    pub(crate) fn push_indices(self, cx: &Context, list: &ValueList<'_>) -> JsResult<()> {
        let virtual_count = match self.kind() {
            Kind::StringObject => string::length(self),
            Kind::TypedArray => integer_indexed::length(self),
            _ => 0,
        };
        for i in 0..virtual_count {
            if i % POLL_INTERVAL == 0 {
                cx.poll()?;
            }
            list.push_key(cx.index_key(i as u64));
        }
        if self.kind() == Kind::MappedArguments {
            // Mapped indices are not in the elements.
            return arguments::push_indices(cx, self, list);
        }
        push_element_keys(cx, self, list)
    }

    /// The shape of an ordinary object that shares it and has no elements: the shape's entries are its own properties.
    #[inline]
    pub fn plain_shape(self, cx: &Context) -> Option<Gc<Shape>> {
        let shape = self.shape(cx);
        (self.kind() == Kind::Object && !shape.is_unique() && !self.has_elements()).then_some(shape)
    }

    /// Adds the string keys; with `all`, also those that are not enumerable.
    pub(crate) fn push_names(self, cx: &Context, list: &ValueList<'_>, all: bool) {
        if all && self.kind().has_own_length() {
            list.push_key(cx.names().length);
        }
        for entry in self.shape(cx).entries() {
            if entry.key.as_name().is_some() && (all || entry.has(ENUMERABLE)) {
                list.push_key(entry.key);
            }
        }
    }

    fn push_symbols(self, cx: &Context, list: &ValueList<'_>) {
        for entry in self.shape(cx).entries() {
            if !entry.has(PRIVATE) && entry.key.is_symbol() {
                list.push_key(entry.key);
            }
        }
    }
}

/// Adds the indices that the elements hold, in ascending order.
pub(crate) fn push_element_keys(cx: &Context, o: Gc<Object>, list: &ValueList<'_>) -> JsResult<()> {
    let elements = o.elements.get();
    if let Some(sparse) = elements.as_sparse() {
        let first = list.len();
        for p in sparse.iter() {
            list.push_key(PropertyKey::index(p.index));
        }
        sort_indices(list, first);
        return Ok(());
    }
    for i in 0..elements.len() {
        if i % POLL_INTERVAL == 0 {
            cx.poll()?;
        }
        // Read again each time: a poll may have moved the cell.
        if !o.elements.get().get(i).is_empty() {
            list.push_key(PropertyKey::index(i as u32));
        }
    }
    Ok(())
}

/// Sorts the keys from position `first` on, which are indices.
pub(crate) fn sort_indices(list: &ValueList<'_>, first: usize) {
    let mut indices: Vec<u32> = (first..list.len()).filter_map(|i| list.key(i).as_index()).collect();
    indices.sort_unstable();
    for (i, index) in indices.into_iter().enumerate() {
        list.set(first + i, Value::from_bits(PropertyKey::index(index).bits()));
    }
}

impl Context {
    /// The property key of an integer index: beyond the array indices it is a string.
    pub fn index_key(&self, i: u64) -> PropertyKey {
        match u32::try_from(i) {
            Ok(i) if i <= crate::key::MAX_INDEX => PropertyKey::index(i),
            _ => self.key_from_utf8(&i.to_string()),
        }
    }

    /// EnumerableOwnProperties (§7.3.24) of kind key: strings as values.
    pub fn enumerable_own_keys<'a>(&'a self, o: Gc<Object>) -> JsResult<ValueList<'a>> {
        let list = self.enumerable_own_property_keys(o)?;
        for i in 0..list.len() {
            let value = list.key(i).to_value(self);
            list.set(i, value);
        }
        Ok(list)
    }

    /// As [`Context::enumerable_own_keys`], as property keys.
    pub fn enumerable_own_property_keys<'a>(&'a self, o: Gc<Object>) -> JsResult<ValueList<'a>> {
        if self.has_plain_enumeration(o) {
            let list = ValueList::with_capacity(self, o.shape(self).property_count());
            o.push_indices(self, &list)?;
            o.push_names(self, &list, false);
            return Ok(list);
        }
        let keys = o.own_property_keys(self)?;
        let list = ValueList::new(self);
        for i in 0..keys.len() {
            let key = keys.key(i);
            if !key.is_symbol() && o.get_own(self, key)?.is_some_and(|d| d.enumerable == Some(true)) {
                list.push_key(key);
            }
        }
        Ok(list)
    }

    /// Whether shape and elements alone say which own properties are enumerable.
    pub(crate) fn has_plain_enumeration(&self, o: Gc<Object>) -> bool {
        match o.kind() {
            Kind::Proxy | Kind::ModuleNamespace | Kind::MappedArguments => false,
            _ => match o.elements.get().as_sparse() {
                None => true,
                Some(sparse) => sparse.iter().all(|p| p.attributes & ENUMERABLE != 0),
            },
        }
    }
}
