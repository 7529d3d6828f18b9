//! String objects (ECMA-262 §10.4.3): the characters of the wrapped string are properties, and so is `length`.

use super::Object;
use super::kinds::PrimitiveObject;
use super::property::Property;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::realm::Intrinsic;
use crate::shape::ENUMERABLE;
use crate::string::JsString;
use crate::value::Value;

fn text(o: Gc<Object>) -> Option<Gc<JsString>> {
    o.primitive_value().as_string()
}

/// The length of the wrapped string.
pub(crate) fn length(o: Gc<Object>) -> usize {
    text(o).map_or(0, |s| s.len())
}

/// StringGetOwnProperty (§10.4.3.5), and `length`.
pub(crate) fn own_property(cx: &Context, o: Gc<Object>, key: PropertyKey) -> JsResult<Option<Property>> {
    let Some(s) = text(o) else { return Ok(None) };
    if key == cx.names().length {
        return Ok(Some(Property { value: Value::length(s.len()), attributes: 0 }));
    }
    match key.as_index() {
        Some(i) if (i as usize) < s.len() => {
            let value = cx.single_char(s.char_at(cx, i as usize)?).into();
            Ok(Some(Property { value, attributes: ENUMERABLE }))
        }
        _ => Ok(None),
    }
}

impl Context {
    /// StringCreate (§10.4.3.4) in the current realm.
    pub fn new_string_object(&self, s: Gc<JsString>, prototype: Option<Gc<Object>>) -> Gc<Object> {
        let prototype = prototype.unwrap_or_else(|| self.intrinsic(Intrinsic::StringPrototype));
        self.new_primitive_object(Kind::StringObject, s.into(), prototype)
    }

    /// A wrapper of a primitive, or a Date.
    pub fn new_primitive_object(&self, kind: Kind, value: Value, prototype: Gc<Object>) -> Gc<Object> {
        let shape = self.root_shape(Some(prototype), kind, 0);
        let o: Gc<PrimitiveObject> = self.alloc_object_raw(shape, kind);
        o.value.set(value);
        o.object()
    }
}
