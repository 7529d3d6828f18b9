//! [[GetOwnProperty]], [[DefineOwnProperty]], [[PreventExtensions]], and integrity levels.

use super::array::ArrayObject;
use super::descriptor::PropertyDescriptor;
use super::property::Property;
use super::{Object, arguments, integer_indexed, namespace, proxy, string};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::elements::MAX_DENSE;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::shape::{ACCESSOR, CONFIGURABLE, DEFAULT, ENUMERABLE, LAZY, PRIVATE, WATCHED, WRITABLE, flag};
use crate::value::Value;

/// SetIntegrityLevel's levels (§7.3.15).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntegrityLevel {
    Sealed,
    Frozen,
}

/// Attributes that scripts see.
const VISIBLE: u8 = DEFAULT | ACCESSOR;

impl Gc<Object> {
    /// The own property `key` of any object but a proxy, exotic or not. Errors come from bindings of a namespace only.
    #[inline]
    pub(crate) fn own_property(self, cx: &Context, key: PropertyKey) -> JsResult<Option<Property>> {
        match self.kind() {
            Kind::Array if key == cx.names().length => {
                // SAFETY: the kind was checked.
                let array: Gc<ArrayObject> = unsafe { self.cast() };
                let attributes = if array.length_is_writable() { WRITABLE } else { 0 };
                return Ok(Some(Property { value: Value::uint32(array.len()), attributes }));
            }
            Kind::StringObject => {
                if let Some(p) = string::own_property(cx, self, key)? {
                    return Ok(Some(p));
                }
            }
            Kind::MappedArguments => {
                if let Some(p) = arguments::own_property(cx, self, key) {
                    return Ok(Some(p));
                }
            }
            Kind::TypedArray => {
                if let Some(index) = cx.canonical_numeric_index(key) {
                    let value = integer_indexed::get(cx, self, index);
                    return Ok(value.map(|value| Property { value, attributes: DEFAULT }));
                }
            }
            Kind::ModuleNamespace => return namespace::own_property(cx, self, key),
            Kind::Proxy => debug_assert!(false, "a proxy's properties are its handler's"),
            _ => {}
        }
        Ok(self.ordinary_own(cx, key))
    }

    /// OrdinaryGetOwnProperty (§10.1.5.1) without completing a descriptor.
    #[inline]
    pub(crate) fn ordinary_own(self, cx: &Context, key: PropertyKey) -> Option<Property> {
        match key.as_index() {
            Some(index) => self.own_element(index),
            None => self.own_named(cx, key),
        }
    }

    /// [[GetOwnProperty]].
    pub fn get_own(self, cx: &Context, key: PropertyKey) -> JsResult<Option<PropertyDescriptor>> {
        if self.kind() == Kind::Proxy {
            return proxy::get_own(cx, self, key);
        }
        Ok(self.own_property(cx, key)?.map(PropertyDescriptor::of))
    }

    /// [[DefineOwnProperty]]; `Ok(false)` is a refusal.
    pub fn define_own(self, cx: &Context, key: PropertyKey, d: &PropertyDescriptor) -> JsResult<bool> {
        match self.kind() {
            Kind::Proxy => proxy::define_own(cx, self, key, d),
            Kind::Array => {
                // SAFETY: the kind was checked.
                let array: Gc<ArrayObject> = unsafe { self.cast() };
                if key == cx.names().length {
                    return cx.array_define_length(array, d);
                }
                if key.as_index().is_some_and(|i| i >= array.len()) && !array.length_is_writable() {
                    return Ok(false);
                }
                self.ordinary_define(cx, key, d)
            }
            Kind::StringObject => match string::own_property(cx, self, key)? {
                Some(current) => Ok(is_compatible(cx, false, d, Some(current))?),
                None => self.ordinary_define(cx, key, d),
            },
            Kind::MappedArguments => arguments::define_own(cx, self, key, d),
            Kind::TypedArray => match cx.canonical_numeric_index(key) {
                Some(index) => integer_indexed::define_own(cx, self, index, d),
                None => self.ordinary_define(cx, key, d),
            },
            Kind::ModuleNamespace => namespace::define_own(cx, self, key, d),
            _ => self.ordinary_define(cx, key, d),
        }
    }

    /// OrdinaryDefineOwnProperty (§10.1.6.1): ValidateAndApplyPropertyDescriptor on what the object itself holds.
    pub(crate) fn ordinary_define(self, cx: &Context, key: PropertyKey, d: &PropertyDescriptor) -> JsResult<bool> {
        let current = self.ordinary_own(cx, key);
        let extensible = self.shape(cx).is_extensible();
        if !is_compatible(cx, extensible, d, current)? {
            return Ok(false);
        }
        let Some(current) = current else {
            let p = d.to_property(cx);
            match key.as_index() {
                Some(index) => self.add_element(cx, index, p.value, p.attributes)?,
                None => self.add_property(cx, key, p.value, p.attributes)?,
            }
            return Ok(true);
        };
        let p = merge(cx, d, current);
        if p.attributes == current.attributes & VISIBLE && p.value == current.value {
            return Ok(true);
        }
        match key.as_index() {
            Some(index) => self.configure_element(cx, index, p.value, p.attributes)?,
            None => {
                // A plain new value is no structural change; anything else is.
                if let Some(entry) = self.shape(cx).lookup(cx, key) {
                    if p.attributes == current.attributes & VISIBLE && !p.is_accessor() {
                        self.store_entry(cx, entry, p.value);
                    } else {
                        self.configure_property(cx, entry, p.value, p.attributes);
                    }
                }
            }
        }
        Ok(true)
    }

    /// DefinePropertyOrThrow (§7.3.8).
    pub fn define_or_throw(self, cx: &Context, key: PropertyKey, d: &PropertyDescriptor) -> JsResult<()> {
        if self.define_own(cx, key, d)? {
            return Ok(());
        }
        Err(self.throw_redefine(cx, key))
    }

    #[cold]
    fn throw_redefine(self, cx: &Context, key: PropertyKey) -> crate::error::Throw {
        let name = key.display(cx);
        // Asking a proxy would run its traps, which the program sees.
        if self.kind() == Kind::Proxy {
            return cx.throw_type(format_args!("Cannot define property {name} on a proxy"));
        }
        match self.has_own(cx, key) {
            Ok(false) => cx.throw_type(format_args!("Cannot define property {name}, object is not extensible")),
            Ok(true) => cx.throw_type(format_args!("Cannot redefine property: {name}")),
            Err(throw) => throw,
        }
    }

    /// CreateDataProperty (§7.3.5).
    pub fn create_data(self, cx: &Context, key: PropertyKey, v: Value) -> JsResult<bool> {
        // The usual case: an ordinary extensible object that does not have it.
        if matches!(self.kind(), Kind::Object | Kind::Array) {
            match key.as_index() {
                None => {
                    let shape = self.shape(cx);
                    if shape.is_extensible()
                        && shape.lookup(cx, key).is_none()
                        && !(self.kind() == Kind::Array && key == cx.names().length)
                    {
                        self.add_property(cx, key, v, DEFAULT)?;
                        return Ok(true);
                    }
                }
                Some(index) => {
                    // Dense elements promise everything.
                    let elements = self.elements.get();
                    if !elements.is_sparse() && (index as usize) < MAX_DENSE {
                        if elements.get(index as usize).is_empty() {
                            self.add_element(cx, index, v, DEFAULT)?;
                        } else {
                            self.store_element(cx, index, v);
                        }
                        return Ok(true);
                    }
                }
            }
        }
        self.define_own(cx, key, &PropertyDescriptor::data(v, DEFAULT))
    }

    /// CreateDataPropertyOrThrow (§7.3.6).
    pub fn create_data_or_throw(self, cx: &Context, key: PropertyKey, v: Value) -> JsResult<()> {
        if self.create_data(cx, key, v)? { Ok(()) } else { Err(self.throw_redefine(cx, key)) }
    }

    /// CreateNonEnumerableDataPropertyOrThrow (§7.3.7).
    pub fn create_hidden(self, cx: &Context, key: PropertyKey, v: Value) -> JsResult<()> {
        self.define_or_throw(cx, key, &PropertyDescriptor::data(v, WRITABLE | CONFIGURABLE))
    }

    /// [[PreventExtensions]].
    pub fn prevent_extensions(self, cx: &Context) -> JsResult<bool> {
        match self.kind() {
            Kind::Proxy => return proxy::prevent_extensions(cx, self),
            Kind::TypedArray if !integer_indexed::has_fixed_length(self) => return Ok(false),
            _ => {}
        }
        if !self.shape(cx).is_extensible() {
            return Ok(true);
        }
        self.make_elements_sparse_or_throw(cx)?;
        let shape = self.shape(cx);
        if shape.is_unique() {
            cx.structure_changes(self).set_flag(flag::NON_EXTENSIBLE);
        } else {
            let child = shape.prevent_extensions_transition(cx);
            self.set_shape(cx, child);
        }
        Ok(true)
    }
}

/// IsCompatiblePropertyDescriptor (§10.1.6.2): steps 2–5 of ValidateAndApplyPropertyDescriptor.
pub(crate) fn is_compatible(
    cx: &Context,
    extensible: bool,
    d: &PropertyDescriptor,
    current: Option<Property>,
) -> JsResult<bool> {
    let Some(current) = current else { return Ok(extensible) };
    if current.has(CONFIGURABLE) {
        return Ok(true);
    }
    if d.configurable == Some(true) || d.enumerable.is_some_and(|e| e != current.has(ENUMERABLE)) {
        return Ok(false);
    }
    if !d.is_accessor() && !d.is_data() {
        return Ok(true);
    }
    if d.is_accessor() != current.is_accessor() {
        return Ok(false);
    }
    if let Some(accessor) = current.accessor() {
        let same = |new: Option<Value>, old: Value| new.is_none_or(|v| v == old);
        return Ok(same(d.getter, accessor.getter.get()) && same(d.setter, accessor.setter.get()));
    }
    if !current.has(WRITABLE) {
        if d.writable == Some(true) {
            return Ok(false);
        }
        if let Some(v) = d.value {
            return cx.same_value(v, current.value);
        }
    }
    Ok(true)
}

/// Step 6 of ValidateAndApplyPropertyDescriptor: the property that results.
fn merge(cx: &Context, d: &PropertyDescriptor, current: Property) -> Property {
    let kept = current.attributes & (ENUMERABLE | CONFIGURABLE);
    if d.is_accessor() {
        let attributes = d.attributes_over(kept) | ACCESSOR;
        let old = current.accessor();
        let getter = d.getter.or(old.map(|a| a.getter.get())).unwrap_or(Value::UNDEFINED);
        let setter = d.setter.or(old.map(|a| a.setter.get())).unwrap_or(Value::UNDEFINED);
        if let Some(old) = old
            && old.getter.get() == getter
            && old.setter.get() == setter
        {
            return Property { value: current.value, attributes };
        }
        return Property { value: cx.new_accessor(getter, setter).into(), attributes };
    }
    if current.is_accessor() {
        if d.is_data() {
            let attributes = d.attributes_over(kept);
            return Property { value: d.value.unwrap_or(Value::UNDEFINED), attributes };
        }
        return Property { value: current.value, attributes: d.attributes_over(kept) | ACCESSOR };
    }
    let attributes = d.attributes_over(kept | current.attributes & WRITABLE);
    Property { value: d.value.unwrap_or(current.value), attributes }
}

impl Context {
    /// SetIntegrityLevel (§7.3.15).
    pub fn set_integrity_level(&self, o: Gc<Object>, level: IntegrityLevel) -> JsResult<bool> {
        if is_plainly_held(o) {
            o.prevent_extensions(self)?;
            self.restrict_own(o, level);
            if let Some(array) = o.as_kind::<ArrayObject>(Kind::Array)
                && level == IntegrityLevel::Frozen
            {
                array.flags.set(array.flags.get() | super::array::LENGTH_READONLY);
            }
            return Ok(true);
        }
        if !o.prevent_extensions(self)? {
            return Ok(false);
        }
        let keys = o.own_property_keys(self)?;
        for i in 0..keys.len() {
            let key = keys.key(i);
            let mut d = PropertyDescriptor { configurable: Some(false), ..PropertyDescriptor::default() };
            if level == IntegrityLevel::Frozen {
                let Some(current) = o.get_own(self, key)? else { continue };
                if !current.is_accessor() {
                    d.writable = Some(false);
                }
            }
            o.define_or_throw(self, key, &d)?;
        }
        Ok(true)
    }

    /// Takes attributes from everything that shape and elements hold. The object is not extensible, so its elements are sparse.
    fn restrict_own(&self, o: Gc<Object>, level: IntegrityLevel) {
        let restricted = |attributes: u8| match level {
            IntegrityLevel::Frozen if attributes & ACCESSOR == 0 => attributes & !(CONFIGURABLE | WRITABLE),
            _ => attributes & !CONFIGURABLE,
        };
        if let Some(sparse) = o.elements.get().as_sparse() {
            for position in 0..sparse.capacity() {
                if let Some(p) = sparse.at(position) {
                    sparse.write(self, position, p.value, restricted(p.attributes));
                }
            }
        }
        for position in 0..o.shape(self).positions() {
            // Each step may give the object another shape, with the same positions.
            if let Some(entry) = o.shape(self).entry_at(position).filter(|e| !e.has(PRIVATE)) {
                o.set_attributes(self, entry, restricted(entry.attributes));
            }
        }
    }

    /// TestIntegrityLevel (§7.3.16).
    pub fn test_integrity_level(&self, o: Gc<Object>, level: IntegrityLevel) -> JsResult<bool> {
        if o.is_extensible(self)? {
            return Ok(false);
        }
        if is_plainly_held(o) {
            let fits = |attributes: u8| {
                attributes & CONFIGURABLE == 0
                    && (level == IntegrityLevel::Sealed || attributes & ACCESSOR != 0 || attributes & WRITABLE == 0)
            };
            let array = o.as_kind::<ArrayObject>(Kind::Array);
            let elements = o.elements.get();
            return Ok(o.shape(self).entries().all(|e| e.has(PRIVATE) || fits(e.attributes))
                && elements.is_empty()
                && elements.as_sparse().is_none_or(|sparse| sparse.iter().all(|p| fits(p.attributes)))
                && (level == IntegrityLevel::Sealed || array.is_none_or(|a| !a.length_is_writable())));
        }
        let keys = o.own_property_keys(self)?;
        for i in 0..keys.len() {
            if let Some(d) = o.get_own(self, keys.key(i))? {
                if d.configurable == Some(true) {
                    return Ok(false);
                }
                if level == IntegrityLevel::Frozen && d.is_data() && d.writable == Some(true) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Whether everything the object has is in its shape and elements (and an array's length, but not a string's).
fn is_plainly_held(o: Gc<Object>) -> bool {
    !o.may_intercept_indices() && o.kind() != Kind::StringObject
}

const _: () = assert!(VISIBLE & (LAZY | WATCHED | PRIVATE) == 0);
