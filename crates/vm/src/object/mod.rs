//! Objects: layout and internal methods. (Contract; the owner writes the bodies and splits this into a folder.)

use crate::cell::{CellHeader, Gc};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::list::ValueList;
use crate::shape::Shape;
use crate::value::Value;
use std::cell::Cell;

/// Every object begins so. After the fields of its kind come `header.words` inline property slots.
/// A property's location in its shape is a `SlotLocation`: a word index from the object's start (inline, so it
/// already includes the kind's own fields) or an index into `slots` (out of line).
#[repr(C)]
pub struct Object {
    /// shape = the hidden class; words = inline property slots; flags = object flags (EXTENSIBLE …).
    pub header: CellHeader,
    pub slots: Cell<Option<Gc<Slots>>>,
    /// Never null: a shared empty `Elements` when there are none.
    pub elements: Cell<Gc<crate::elements::Elements>>,
}

/// Out-of-line property values; also carries the identity hash.
#[repr(C)]
pub struct Slots {
    pub header: CellHeader,
    pub capacity: Cell<u32>,
    pub identity_hash: Cell<u32>,
}

/// A property descriptor (§6.2.6); absent fields are `None`.
#[derive(Clone, Copy, Default)]
pub struct PropertyDescriptor {
    pub value: Option<Value>,
    pub getter: Option<Value>,
    pub setter: Option<Value>,
    pub writable: Option<bool>,
    pub enumerable: Option<bool>,
    pub configurable: Option<bool>,
}

/// The essential internal methods (§6.1.7.2), dispatched by kind, and the abstract operations on objects (§7.3).
impl Gc<Object> {
    pub fn shape(self, _cx: &Context) -> Gc<Shape> { todo!() }
    // [[Get]], with the object itself as receiver / with a receiver.
    pub fn get(self, _cx: &Context, _key: PropertyKey) -> JsResult<Value> { todo!() }
    pub fn get_receiver(self, _cx: &Context, _key: PropertyKey, _receiver: Value) -> JsResult<Value> { todo!() }
    /// [[Set]]; `Ok(false)` is a refusal.
    pub fn set(self, _cx: &Context, _key: PropertyKey, _value: Value, _receiver: Value) -> JsResult<bool> { todo!() }
    /// Set(O, P, V, true): throws TypeError on refusal.
    pub fn put(self, _cx: &Context, _key: PropertyKey, _value: Value) -> JsResult<()> { todo!() }
    pub fn has_property(self, _cx: &Context, _key: PropertyKey) -> JsResult<bool> { todo!() }
    pub fn has_own(self, _cx: &Context, _key: PropertyKey) -> JsResult<bool> { todo!() }
    pub fn get_own(self, _cx: &Context, _key: PropertyKey) -> JsResult<Option<PropertyDescriptor>> { todo!() }
    pub fn define_own(self, _cx: &Context, _key: PropertyKey, _d: &PropertyDescriptor) -> JsResult<bool> { todo!() }
    pub fn define_or_throw(self, _cx: &Context, _key: PropertyKey, _d: &PropertyDescriptor) -> JsResult<()> { todo!() }
    pub fn create_data(self, _cx: &Context, _key: PropertyKey, _v: Value) -> JsResult<bool> { todo!() }
    pub fn create_data_or_throw(self, _cx: &Context, _key: PropertyKey, _v: Value) -> JsResult<()> { todo!() }
    pub fn delete(self, _cx: &Context, _key: PropertyKey) -> JsResult<bool> { todo!() }
    pub fn own_keys<'a>(self, _cx: &'a Context) -> JsResult<ValueList<'a>> { todo!() }
    pub fn prototype(self, _cx: &Context) -> JsResult<Option<Gc<Object>>> { todo!() }
    pub fn set_prototype(self, _cx: &Context, _proto: Option<Gc<Object>>) -> JsResult<bool> { todo!() }
    pub fn is_extensible(self, _cx: &Context) -> JsResult<bool> { todo!() }
    pub fn prevent_extensions(self, _cx: &Context) -> JsResult<bool> { todo!() }
    pub fn is_callable(self) -> bool { todo!() }
    pub fn is_constructor(self) -> bool { todo!() }
}
