//! Iterators that are implemented in Rust over arrays, Maps, Sets and strings: what a step of one gives.
//!
//! Their `next` wraps that in a result object. Whoever takes result objects apart at once (`for`-`of`, destructuring, spread, the library) needs none:
//! where an iteration's `next` is the very function that belongs to the iterator ([`own`]), nobody can see that the object was never made.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::function::{NativeFunction, native_special};
use crate::object::array::ArrayObject;
use crate::object::kinds::FieldsObject;
use crate::value::Value;

/// Field 0 of native iterators: which kind of iterator it is. The classes below [`class::STEPPED`] are those of this file.
pub mod class {
    pub const ARRAY: i32 = 0;
    pub const MAP: i32 = 1;
    pub const SET: i32 = 2;
    pub const STRING: i32 = 3;
    pub const STEPPED: i32 = 4;
}

/// Field numbers: the class, what is iterated over (undefined when done), the position, and what each step gives.
pub mod field {
    pub const CLASS: usize = 0;
    pub const TARGET: usize = 1;
    pub const POSITION: usize = 2;
    pub const WHAT: usize = 3;
    pub const EXTRA: usize = 4;
}

/// What an iterator of a collection gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Gives {
    Keys = 0,
    Values = 1,
    Entries = 2,
}

/// What a `next` method has as its [`NativeFunction::special`], if it belongs to iterators of the class.
pub const fn next_of(class: i32) -> u32 {
    native_special::NEXT_OF_CLASS + class as u32
}

/// The iterator, if `next` is the method of its own class, in the current realm (in which a step makes arrays and errors).
#[inline]
pub fn own(cx: &Context, iterator: Value, next: Gc<NativeFunction>) -> Option<Gc<FieldsObject>> {
    let class = next.special.get().wrapping_sub(native_special::NEXT_OF_CLASS);
    if class >= class::STEPPED as u32 {
        return None;
    }
    let it: Gc<FieldsObject> = iterator.as_kind(Kind::NativeIterator)?;
    (it.field(field::CLASS) == Value::int32(class as i32) && next.realm.get() == cx.realm().into()).then_some(it)
}

/// One step of an iterator of one of the classes of this file.
///
/// # Errors
/// What getters of an array's elements throw; TypeError for typed arrays that are out of bounds.
pub fn step(cx: &Context, it: Gc<FieldsObject>) -> JsResult<Option<Value>> {
    match it.field(field::CLASS).as_int32() {
        class::ARRAY => array_step(cx, it),
        class::STRING => string_step(cx, it),
        class => Ok(table_step(cx, it, class == class::SET)),
    }
}

/// At the end an iterator forgets what it went over.
fn finish(it: Gc<FieldsObject>) {
    it.fields[field::TARGET].set(Value::UNDEFINED);
}

/// %ArrayIteratorPrototype%.next (§23.1.5.2.1).
fn array_step(cx: &Context, it: Gc<FieldsObject>) -> JsResult<Option<Value>> {
    let Some(array) = it.field(field::TARGET).as_object() else { return Ok(None) };
    let index = it.field(field::POSITION);
    let what = it.field(field::WHAT).as_int32();
    // Elements of arrays that are there and need no getter.
    let plain = match (array.value().as_kind::<ArrayObject>(Kind::Array), index.is_int32()) {
        (Some(array), true) => {
            let at = index.as_int32() as u32;
            if at < array.length.get() { array.elements().get(at as usize) } else { Value::EMPTY }
        }
        _ => Value::EMPTY,
    };
    if plain.is_empty() {
        let length = match array.kind() {
            Kind::TypedArray => cx.validated_typed_length(array)? as f64,
            _ => cx.length_of(array)? as f64,
        };
        if index.as_number() >= length {
            finish(it);
            return Ok(None);
        }
    }
    // A number needs no barrier.
    it.fields[field::POSITION].set(Value::number(index.as_number() + 1.0));
    if what == Gives::Keys as i32 {
        return Ok(Some(index));
    }
    let value = if plain.is_empty() { cx.get_element(array.into(), index)? } else { plain };
    Ok(Some(if what == Gives::Values as i32 { value } else { cx.array_of(&[index, value]).into() }))
}

/// The next entry of a Map's or Set's table, which is the target (§24.1.5.1, §24.2.6.1).
fn table_step(cx: &Context, it: Gc<FieldsObject>, set: bool) -> Option<Value> {
    let table = it.field(field::TARGET);
    if table.is_undefined() {
        return None;
    }
    let Some(step) = cx.ordered_step(table, it.field(field::POSITION).as_int32() as u32) else {
        finish(it);
        return None;
    };
    if step.table != table {
        it.set_field(cx, field::TARGET, step.table);
    }
    it.fields[field::POSITION].set(Value::int32(step.next as i32));
    let (key, value) = (step.key, if set { step.key } else { step.value });
    Some(match it.field(field::WHAT).as_int32() {
        what if what == Gives::Keys as i32 => key,
        what if what == Gives::Values as i32 => value,
        _ => cx.array_of(&[key, value]).into(),
    })
}

/// %StringIteratorPrototype%.next (§22.1.5.1.1): code points.
fn string_step(cx: &Context, it: Gc<FieldsObject>) -> JsResult<Option<Value>> {
    let Some(s) = it.field(field::TARGET).as_string() else { return Ok(None) };
    let position = it.field(field::POSITION).as_number() as usize;
    if position >= s.len() {
        finish(it);
        return Ok(None);
    }
    let (_, units) = s.chars(cx)?.code_point_at(position);
    it.fields[field::POSITION].set(Value::length(position + units));
    Ok(Some(cx.substring(s, position, position + units)?.into()))
}
