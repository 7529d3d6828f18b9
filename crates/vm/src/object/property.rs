//! Own properties as the engine sees them: a value or an accessor pair, and attributes.

use super::Object;
use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::shape::{ACCESSOR, WRITABLE};
use crate::value::Value;
use std::cell::Cell;

/// Kind::Accessor: what the slot of an accessor property holds. Never changed once it is in a slot.
#[repr(C)]
pub struct Accessor {
    pub header: CellHeader,
    /// A function or undefined.
    pub getter: Cell<Value>,
    pub setter: Cell<Value>,
}

/// An own property of an object.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// The value, or the `Accessor` cell.
    pub value: Value,
    /// `shape::WRITABLE | …`, and `ACCESSOR`.
    pub attributes: u8,
}

impl Property {
    #[inline(always)]
    pub fn has(&self, attribute: u8) -> bool {
        self.attributes & attribute != 0
    }

    #[inline(always)]
    pub fn is_accessor(&self) -> bool {
        self.has(ACCESSOR)
    }

    #[inline]
    pub fn is_writable_data(&self) -> bool {
        self.attributes & (ACCESSOR | WRITABLE) == WRITABLE
    }

    #[inline]
    pub fn accessor(&self) -> Option<Gc<Accessor>> {
        if self.is_accessor() { self.value.as_kind(Kind::Accessor) } else { None }
    }

    /// The property's value for `receiver`: calls the getter of an accessor.
    #[inline]
    pub fn read(&self, cx: &Context, receiver: Value) -> JsResult<Value> {
        match self.accessor() {
            None => Ok(self.value),
            Some(accessor) => cx.call_getter(accessor, receiver),
        }
    }
}

impl Context {
    /// Calls the getter of a pair; without one, undefined.
    pub fn call_getter(&self, accessor: Gc<Accessor>, receiver: Value) -> JsResult<Value> {
        let getter = accessor.getter.get();
        if getter.is_undefined() { Ok(Value::UNDEFINED) } else { self.call(getter, receiver, &[]) }
    }

    /// Calls the setter of a pair; `false` without one.
    pub fn call_setter(&self, accessor: Gc<Accessor>, receiver: Value, v: Value) -> JsResult<bool> {
        let setter = accessor.setter.get();
        if setter.is_undefined() {
            return Ok(false);
        }
        self.call(setter, receiver, &[v])?;
        Ok(true)
    }
}

impl Gc<Object> {
    /// The prototype that the shape names: [[GetPrototypeOf]] of everything but proxies.
    #[inline(always)]
    pub fn shape_prototype(self, cx: &Context) -> Option<Gc<Object>> {
        self.shape(cx).prototype()
    }
}
