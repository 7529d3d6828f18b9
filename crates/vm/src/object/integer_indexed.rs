//! Typed arrays as exotic objects (ECMA-262 §10.4.5): every canonical numeric string is an index, and what lies outside is absent.

use super::Object;
use super::descriptor::PropertyDescriptor;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::typed::TypedArray;
use crate::value::Value;

fn array(o: Gc<Object>) -> Gc<TypedArray> {
    debug_assert!(o.kind() == Kind::TypedArray);
    // SAFETY: callers dispatch on the kind.
    unsafe { o.cast() }
}

/// The element number of a valid integer index (IsValidIntegerIndex, §10.4.5.14).
#[inline]
fn position(o: Gc<Object>, index: f64) -> Option<usize> {
    let i = index as usize;
    (i as f64 == index && !(index == 0.0 && index.is_sign_negative()) && i < array(o).len()).then_some(i)
}

pub(crate) fn is_valid(o: Gc<Object>, index: f64) -> bool {
    position(o, index).is_some()
}

/// The elements at present.
pub(crate) fn length(o: Gc<Object>) -> usize {
    array(o).len()
}

/// TypedArrayGetElement (§10.4.5.17).
pub(crate) fn get(cx: &Context, o: Gc<Object>, index: f64) -> Option<Value> {
    Some(array(o).get(cx, position(o, index)?))
}

/// TypedArraySetElement (§10.4.5.18): the conversion may run script, after which the index may be gone.
pub(crate) fn set(cx: &Context, o: Gc<Object>, index: f64, value: Value) -> JsResult<()> {
    let bits = cx.to_element_bits(array(o).element_type(), value)?;
    if let Some(i) = position(o, index) {
        array(o).set_bits(i, bits);
    }
    Ok(())
}

/// [[DefineOwnProperty]] (§10.4.5.3) of a numeric index.
pub(crate) fn define_own(cx: &Context, o: Gc<Object>, index: f64, d: &PropertyDescriptor) -> JsResult<bool> {
    if !is_valid(o, index)
        || d.configurable == Some(false)
        || d.enumerable == Some(false)
        || d.is_accessor()
        || d.writable == Some(false)
    {
        return Ok(false);
    }
    if let Some(value) = d.value {
        set(cx, o, index, value)?;
    }
    Ok(true)
}

/// IsTypedArrayFixedLength (§10.4.5.2): whether extensions can be prevented.
pub(crate) fn has_fixed_length(o: Gc<Object>) -> bool {
    let array = array(o);
    let buffer = array.array_buffer();
    !array.tracks_length() && (!buffer.is_resizable() || buffer.is_shared())
}
