//! Property keys: an array index, or a unique cell (an interned string that is no array index, a symbol, a
//! private name). Keys compare by identity of bits. (Contract.)

use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use crate::string::JsString;
use crate::symbol::Symbol;
use crate::value::Value;

/// Encoded as a `Value`'s bits: index i → `INT32_TAG | i as u32` (all of u32 but 2^32 − 1), else the cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct PropertyKey(pub(crate) u64);

impl PropertyKey {
    pub fn index(_i: u32) -> PropertyKey { todo!() }
    pub fn symbol(_s: Gc<Symbol>) -> PropertyKey { todo!() }
    /// `s` must be interned and not an array index.
    pub fn name(_s: Gc<JsString>) -> PropertyKey { todo!() }
    pub fn as_index(self) -> Option<u32> { todo!() }
    pub fn as_name(self) -> Option<Gc<JsString>> { todo!() }
    pub fn as_symbol(self) -> Option<Gc<Symbol>> { todo!() }
    pub fn is_private(self) -> bool { todo!() }
    /// The key as JavaScript sees it: a string or a symbol.
    pub fn to_value(self, _cx: &Context) -> Value { todo!() }
}

impl Context {
    /// ToPropertyKey (§7.1.19) for primitives and objects.
    pub fn to_property_key(&self, _v: Value) -> JsResult<PropertyKey> { todo!() }
    pub fn key_from_string(&self, _s: Gc<JsString>) -> JsResult<PropertyKey> { todo!() }
    pub fn key_from_utf8(&self, _s: &str) -> PropertyKey { todo!() }
}
