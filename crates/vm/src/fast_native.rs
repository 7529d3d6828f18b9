//! Natives that machine code has code of its own for, and the short cuts behind it.
//!
//! The library's tables mark these functions ([`FastNative`]); a call site whose target is one of them gets its code in line, guarded by the
//! identity of the callee. What is too long for that is a *short cut*: a function that neither collects, throws nor runs script, and gives `EMPTY` where the case is not the common one; then
//! the native is called as usual.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::function::{NativeFunction, native_flag};
use crate::object::array::ArrayObject;
use crate::object::kinds::{Collection, ForeignObject};
use crate::value::Value;

macro_rules! fast_natives {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The natives; `None` for all others.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum FastNative { None, $($(#[$doc])* $name,)* }
        impl FastNative {
            const ALL: &'static [FastNative] = &[FastNative::None, $(FastNative::$name,)*];
        }
    };
}

fast_natives! {
    MathAbs,
    MathCeil,
    MathFloor,
    MathImul,
    MathMax,
    MathMin,
    MathSqrt,
    MathTrunc,
    StringCharCodeAt,
    ArrayPush,
    ArrayPop,
    MapGet,
    MapHas,
    MapSet,
    MapDelete,
    SetHas,
    SetAdd,
    SetDelete,
    RegExpTest,
    /// The getter `length` of typed arrays.
    TypedArrayLength,
    /// The getter `size` of maps.
    MapSize,
    /// The getter `size` of sets.
    SetSize,
}

impl Gc<NativeFunction> {
    /// Which of the natives with machine code it is.
    #[inline]
    pub fn fast_native(self) -> FastNative {
        let number = self.flags.get() >> native_flag::FAST_SHIFT & native_flag::FAST_MASK;
        FastNative::ALL.get(number as usize).copied().unwrap_or(FastNative::None)
    }
}

/// The value of an operation that may report an error: the error is dropped, because the native itself will come upon it.
fn common<T>(cx: &Context, result: crate::error::JsResult<T>, value: impl FnOnce(T) -> Value) -> Value {
    match result {
        Ok(v) => value(v),
        Err(_) if cx.is_terminating() => Value::EMPTY,
        Err(_) => {
            let _ = cx.take_exception();
            Value::EMPTY
        }
    }
}

/// `string.charCodeAt(index)` within the string.
pub extern "C" fn char_code_at(cx: &Context, this: Value, index: Value) -> Value {
    let Some(string) = this.as_string() else { return Value::EMPTY };
    if !index.is_int32() || index.as_int32() < 0 || index.as_int32() as usize >= string.len() {
        return Value::EMPTY;
    }
    common(cx, string.char_at(cx, index.as_int32() as usize), |unit| Value::int32(i32::from(unit)))
}

/// A plain array whose elements are all there is.
fn full_array(cx: &Context, v: Value) -> Option<Gc<ArrayObject>> {
    let array: Gc<ArrayObject> = v.as_kind(Kind::Array)?;
    (array.elements().len() == array.len() as usize && array.length_is_writable() && cx.is_appendable(array.object()))
        .then_some(array)
}

/// `array.push(v)`.
pub extern "C" fn array_push(cx: &Context, this: Value, v: Value) -> Value {
    match full_array(cx, this) {
        Some(array) if array.len() < u32::MAX - 1 => {
            common(cx, cx.array_push(array, v), |()| Value::uint32(array.len()))
        }
        _ => Value::EMPTY,
    }
}

/// `array.pop()` of an array that is not empty and has no hole at its end.
pub extern "C" fn array_pop(cx: &Context, this: Value) -> Value {
    let Some(array) = full_array(cx, this) else { return Value::EMPTY };
    let elements = array.elements();
    let Some(last) = elements.len().checked_sub(1) else { return Value::EMPTY };
    let v = elements.get(last);
    if !v.is_empty() {
        elements.length.set(last as u32);
        array.length.set(last as u32);
    }
    v
}

fn collection(this: Value, kind: Kind) -> Option<Gc<Collection>> {
    this.as_kind(kind)
}

/// `map.get(key)`.
pub extern "C" fn map_get(cx: &Context, this: Value, key: Value) -> Value {
    match collection(this, Kind::Map) {
        Some(map) => common(cx, cx.ordered_get(map, key), |v| v.unwrap_or(Value::UNDEFINED)),
        None => Value::EMPTY,
    }
}

/// `map.has(key)`.
pub extern "C" fn map_has(cx: &Context, this: Value, key: Value) -> Value {
    match collection(this, Kind::Map) {
        Some(map) => common(cx, cx.ordered_has(map, key), Value::boolean),
        None => Value::EMPTY,
    }
}

/// `map.set(key, value)`.
pub extern "C" fn map_set(cx: &Context, this: Value, key: Value, value: Value) -> Value {
    match collection(this, Kind::Map) {
        Some(map) => common(cx, cx.ordered_set(map, key, value), |()| this),
        None => Value::EMPTY,
    }
}

/// `map.delete(key)`.
pub extern "C" fn map_delete(cx: &Context, this: Value, key: Value) -> Value {
    match collection(this, Kind::Map) {
        Some(map) => common(cx, cx.ordered_delete(map, key), Value::boolean),
        None => Value::EMPTY,
    }
}

/// `set.add(key)`.
pub extern "C" fn set_add(cx: &Context, this: Value, key: Value) -> Value {
    match collection(this, Kind::Set) {
        Some(set) => common(cx, cx.ordered_set(set, key, key), |()| this),
        None => Value::EMPTY,
    }
}

/// `set.delete(key)`.
pub extern "C" fn set_delete(cx: &Context, this: Value, key: Value) -> Value {
    match collection(this, Kind::Set) {
        Some(set) => common(cx, cx.ordered_delete(set, key), Value::boolean),
        None => Value::EMPTY,
    }
}

/// `set.has(key)`.
pub extern "C" fn set_has(cx: &Context, this: Value, key: Value) -> Value {
    match collection(this, Kind::Set) {
        Some(set) => common(cx, cx.ordered_has(set, key), Value::boolean),
        None => Value::EMPTY,
    }
}

/// `regexp.test(string)` of a RegExp as the engine made it, which neither reads nor writes `lastIndex`, if the match takes no long time. The innermost
/// frame must be known.
pub extern "C" fn regexp_test(cx: &Context, this: Value, string: Value) -> Value {
    let Some((regexp, string)) = this.as_kind::<ForeignObject>(Kind::RegExp).zip(string.as_string()) else {
        return Value::EMPTY;
    };
    cx.test_briefly(regexp, string).map_or(Value::EMPTY, Value::boolean)
}
