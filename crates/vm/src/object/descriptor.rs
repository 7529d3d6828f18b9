//! Property descriptors (ECMA-262 §6.2.6).

use super::Object;
use super::property::{Accessor, Property};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::realm::RealmShape;
use crate::shape::{ACCESSOR, CONFIGURABLE, ENUMERABLE, WRITABLE};
use crate::value::Value;

/// A property descriptor; absent fields are `None`.
#[derive(Clone, Copy, Default, Debug)]
pub struct PropertyDescriptor {
    pub value: Option<Value>,
    pub getter: Option<Value>,
    pub setter: Option<Value>,
    pub writable: Option<bool>,
    pub enumerable: Option<bool>,
    pub configurable: Option<bool>,
}

impl PropertyDescriptor {
    /// A complete data descriptor with these attributes (`shape::WRITABLE | …`).
    pub fn data(value: Value, attributes: u8) -> PropertyDescriptor {
        PropertyDescriptor {
            value: Some(value),
            writable: Some(attributes & WRITABLE != 0),
            enumerable: Some(attributes & ENUMERABLE != 0),
            configurable: Some(attributes & CONFIGURABLE != 0),
            ..PropertyDescriptor::default()
        }
    }

    /// The value alone: what an assignment defines.
    pub fn value_only(value: Value) -> PropertyDescriptor {
        PropertyDescriptor { value: Some(value), ..PropertyDescriptor::default() }
    }

    pub fn is_accessor(&self) -> bool {
        self.getter.is_some() || self.setter.is_some()
    }

    pub fn is_data(&self) -> bool {
        self.value.is_some() || self.writable.is_some()
    }

    /// The attributes, absent ones taken from `default`.
    pub(crate) fn attributes_over(&self, default: u8) -> u8 {
        let bit = |field: Option<bool>, bit: u8| match field {
            Some(true) => bit,
            Some(false) => 0,
            None => default & bit,
        };
        let writable = if self.is_accessor() { 0 } else { bit(self.writable, WRITABLE) };
        writable | bit(self.enumerable, ENUMERABLE) | bit(self.configurable, CONFIGURABLE)
    }

    /// The descriptor of an existing property.
    pub fn of(property: Property) -> PropertyDescriptor {
        let mut d = PropertyDescriptor {
            enumerable: Some(property.has(ENUMERABLE)),
            configurable: Some(property.has(CONFIGURABLE)),
            ..PropertyDescriptor::default()
        };
        match property.accessor() {
            Some(accessor) => {
                d.getter = Some(accessor.getter.get());
                d.setter = Some(accessor.setter.get());
            }
            None => {
                d.value = Some(property.value);
                d.writable = Some(property.has(WRITABLE));
            }
        }
        d
    }

    /// The property that this (completed) descriptor describes.
    pub(crate) fn to_property(self, cx: &Context) -> Property {
        let attributes = self.attributes_over(0);
        if self.is_accessor() {
            let accessor =
                cx.new_accessor(self.getter.unwrap_or(Value::UNDEFINED), self.setter.unwrap_or(Value::UNDEFINED));
            Property { value: accessor.into(), attributes: attributes | ACCESSOR }
        } else {
            Property { value: self.value.unwrap_or(Value::UNDEFINED), attributes }
        }
    }
}

impl Context {
    /// A getter-setter pair; absent ones are undefined.
    pub fn new_accessor(&self, getter: Value, setter: Value) -> Gc<Accessor> {
        let accessor: Gc<Accessor> = self.alloc_raw(Kind::Accessor, size_of::<Accessor>());
        accessor.getter.set(getter);
        accessor.setter.set(setter);
        accessor
    }

    /// ToPropertyDescriptor (§6.2.6.5).
    pub fn to_property_descriptor(&self, v: Value) -> JsResult<PropertyDescriptor> {
        let Some(o) = v.as_object() else {
            return Err(self.throw_type(format_args!("Property description must be an object: {}", self.describe(v))));
        };
        let field = |key: PropertyKey| -> JsResult<Option<Value>> {
            if o.has_property(self, key)? { Ok(Some(o.get(self, key)?)) } else { Ok(None) }
        };
        let names = self.names();
        let mut d = PropertyDescriptor {
            enumerable: field(names.enumerable)?.map(Value::to_boolean),
            configurable: field(names.configurable)?.map(Value::to_boolean),
            value: field(names.value)?,
            writable: field(names.writable)?.map(Value::to_boolean),
            ..PropertyDescriptor::default()
        };
        let function = |v: Option<Value>, what: &str| match v {
            Some(f) if !f.is_undefined() && !self.is_callable(f) => {
                Err(self.throw_type(format_args!("{what} must be a function: {}", self.describe(f))))
            }
            v => Ok(v),
        };
        d.getter = function(field(names.get)?, "Getter")?;
        d.setter = function(field(names.set)?, "Setter")?;
        if d.is_accessor() && d.is_data() {
            return Err(self.throw_type(format_args!(
                "Invalid property descriptor. Cannot both specify accessors and a value or writable attribute"
            )));
        }
        Ok(d)
    }

    /// FromPropertyDescriptor (§6.2.6.4) of a descriptor that exists.
    pub fn from_property_descriptor(&self, d: &PropertyDescriptor) -> Gc<Object> {
        let names = self.names();
        // The usual two forms have their shapes preset.
        if let (Some(value), Some(writable), Some(enumerable), Some(configurable)) =
            (d.value, d.writable, d.enumerable, d.configurable)
        {
            let values = [value, writable.into(), enumerable.into(), configurable.into()];
            return self.object_of_shape(RealmShape::DataDescriptor, &values);
        }
        if let (Some(getter), Some(setter), Some(enumerable), Some(configurable)) =
            (d.getter, d.setter, d.enumerable, d.configurable)
        {
            let values = [getter, setter, enumerable.into(), configurable.into()];
            return self.object_of_shape(RealmShape::AccessorDescriptor, &values);
        }
        let o = self.new_object();
        let fields = [
            (names.value, d.value),
            (names.writable, d.writable.map(Value::from)),
            (names.get, d.getter),
            (names.set, d.setter),
            (names.enumerable, d.enumerable.map(Value::from)),
            (names.configurable, d.configurable.map(Value::from)),
        ];
        for (key, value) in fields {
            if let Some(value) = value {
                // Six properties of a fresh object: nothing can refuse them.
                let added = o.add_property(self, key, value, crate::shape::DEFAULT);
                debug_assert!(added.is_ok());
            }
        }
        o
    }
}
