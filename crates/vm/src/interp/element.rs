//! Elements: properties with computed keys.
//!
//! The loop tries [`get_fast`] and [`set_fast`] inline: dense elements with an int32 key. Typed arrays, strings, appends, names and everything
//! else come here out of line.

use super::property::{Got, add_slot, call_setter, give, setter_of, throw_read_of_nullish, throw_write_of_nullish};
use super::{Flow, Pc};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::elements::{DATA_OFFSET, Elements, HOLE};
use crate::error::JsResult;
use crate::feedback::{Site, element_bits};
use crate::frame::{self, Frame};
use crate::ic::attach::{Stored, cache_get, cache_set, megamorphic_find, megamorphic_set};
use crate::ic::facts::{SetFact, find_get, find_set};
use crate::key::PropertyKey;
use crate::object::Object;
use crate::object::arguments::{mapped_get, mapped_set};
use crate::object::array::ArrayObject;
use crate::string::Chars;
use crate::typed::{ElementType, TypedArray};
use crate::value::Value;
use tercel_bytecode::op::instr;

/// The element of dense elements at an int32 key; empty for anything else (holes included).
#[inline(always)]
pub fn get_fast(obj: Value, key: Value, site: &Site) -> Value {
    if !obj.is_cell() || !key.is_int32() {
        return Value::EMPTY;
    }
    let cell = obj.as_cell();
    if !matches!(cell.kind(), Kind::Array | Kind::Object | Kind::Arguments) {
        return Value::EMPTY;
    }
    // SAFETY: the kind is an object's.
    let object: Gc<Object> = unsafe { cell.cast() };
    let elements = object.elements.get();
    let i = key.as_int32() as u32;
    if i >= elements.length.get() {
        return Value::EMPTY;
    }
    // SAFETY: below the length of dense elements (sparse ones have length 0).
    let word = unsafe { *((elements.addr() + DATA_OFFSET) as *const u64).add(i as usize) };
    if elements.header.kind.get() != Kind::ElementsDouble as u8 {
        return Value::from_bits(word);
    }
    site.record(element_bits::DOUBLE);
    if word == HOLE { Value::EMPTY } else { Value::double(f64::from_bits(word)) }
}

/// Stores in dense elements at an int32 key below their length, where the value fits. `false` for anything else.
#[inline(always)]
pub fn set_fast(cx: &Context, obj: Value, key: Value, v: Value, _site: &Site) -> bool {
    if !obj.is_cell() || !key.is_int32() {
        return false;
    }
    let cell = obj.as_cell();
    if !matches!(cell.kind(), Kind::Array | Kind::Object | Kind::Arguments) {
        return false;
    }
    // SAFETY: the kind is an object's.
    let object: Gc<Object> = unsafe { cell.cast() };
    let elements = object.elements.get();
    let i = key.as_int32() as u32;
    if i >= elements.length.get() {
        return false;
    }
    // SAFETY: below the length of dense elements.
    let slot = unsafe { ((elements.addr() + DATA_OFFSET) as *mut u64).add(i as usize) };
    let kind = elements.header.kind.get();
    // SAFETY: as above. A hole may be shadowed by a setter on a prototype: that is the slow path's.
    unsafe {
        if kind == Kind::ElementsValue as u8 {
            if *slot == 0 {
                return false;
            }
            *slot = v.bits();
            cx.write_barrier_slot(elements.header_ptr(), slot.cast(), v);
            true
        } else if kind == Kind::ElementsInt32 as u8 {
            if !v.is_int32() || *slot == 0 {
                return false;
            }
            *slot = v.bits();
            true
        } else {
            if !v.is_number() || *slot == HOLE {
                return false;
            }
            *slot = v.as_number().to_bits();
            true
        }
    }
}

/// An int32 index from a key that may be an integral double.
#[inline(always)]
fn index_of(key: Value) -> Option<u32> {
    if key.is_int32() {
        return u32::try_from(key.as_int32()).ok();
    }
    if key.is_number() {
        let d = key.as_double();
        let i = d as u32;
        return (i as f64 == d && i <= crate::key::MAX_INDEX).then_some(i);
    }
    None
}

/// An element of a typed array of numbers; empty outside its bounds, and for BigInts.
#[inline(always)]
fn typed_element(object: Gc<Object>, i: usize) -> Value {
    // SAFETY: the caller checked the kind.
    let array: Gc<TypedArray> = unsafe { object.cast() };
    if i >= array.len() {
        return Value::EMPTY;
    }
    let at = array.data.get();
    // SAFETY: an element below the length lies in the buffer's store.
    unsafe {
        match array.element_type() {
            ElementType::Int8 => Value::int32(at.add(i).cast::<i8>().read() as i32),
            ElementType::Uint8 | ElementType::Uint8Clamped => Value::int32(at.add(i).read() as i32),
            ElementType::Int16 => Value::int32(at.cast::<i16>().add(i).read_unaligned() as i32),
            ElementType::Uint16 => Value::int32(at.cast::<u16>().add(i).read_unaligned() as i32),
            ElementType::Int32 => Value::int32(at.cast::<i32>().add(i).read_unaligned()),
            ElementType::Uint32 => Value::uint32(at.cast::<u32>().add(i).read_unaligned()),
            ElementType::Float32 => Value::double(at.cast::<f32>().add(i).read_unaligned() as f64),
            ElementType::Float64 => Value::double(at.cast::<f64>().add(i).read_unaligned()),
            _ => Value::EMPTY,
        }
    }
}

/// Stores a number in a typed array of numbers; `false` outside its bounds, and for BigInts.
#[inline(always)]
fn set_typed_element(object: Gc<Object>, i: usize, v: Value) -> bool {
    // SAFETY: the caller checked the kind.
    let array: Gc<TypedArray> = unsafe { object.cast() };
    if i >= array.len() {
        return false;
    }
    let at = array.data.get();
    let int = || super::arithmetic::number_to_int32(v);
    // SAFETY: an element below the length lies in the buffer's store.
    unsafe {
        match array.element_type() {
            ElementType::Int8 | ElementType::Uint8 => at.add(i).write(int() as u8),
            ElementType::Int16 | ElementType::Uint16 => at.cast::<u16>().add(i).write_unaligned(int() as u16),
            ElementType::Int32 | ElementType::Uint32 => at.cast::<i32>().add(i).write_unaligned(int()),
            ElementType::Float32 => at.cast::<f32>().add(i).write_unaligned(v.as_number() as f32),
            ElementType::Float64 => at.cast::<f64>().add(i).write_unaligned(v.as_number()),
            ElementType::BigInt64 | ElementType::BigUint64 => return false,
            element => array.set_bits(i, crate::typed::number_to_bits(element, v.as_number())),
        }
    }
    true
}

/// Notes the type of a typed array: its bit in `aux`.
#[inline]
fn record_typed(obj: Value, site: &Site) {
    site.record(element_bits::TYPED);
    if let Some(array) = obj.as_kind::<TypedArray>(Kind::TypedArray) {
        site.aux.set(site.aux.get() | 1 << array.element_type() as u32);
    }
}

/// The element of a typed array at a key within its bounds; empty for anything else.
#[inline]
pub fn typed_get(obj: Value, key: Value) -> Value {
    match (obj.as_object(), index_of(key)) {
        (Some(object), Some(i)) if object.kind() == Kind::TypedArray => typed_element(object, i as usize),
        _ => Value::EMPTY,
    }
}

/// Stores a number in a typed array at a key within its bounds; `false` for anything else.
#[inline]
pub fn typed_set(obj: Value, key: Value, v: Value) -> bool {
    match (obj.as_object(), index_of(key)) {
        (Some(object), Some(i)) if object.kind() == Kind::TypedArray && v.is_number() => {
            set_typed_element(object, i as usize, v)
        }
        _ => false,
    }
}

/// `index in object` for an index of elements; `None` where prototypes or an object of another kind have a say.
pub fn has_element(cx: &Context, object: Gc<Object>, i: u32) -> Option<bool> {
    let kind = object.kind();
    if kind == Kind::TypedArray {
        // SAFETY: the kind was checked.
        let array: Gc<TypedArray> = unsafe { object.cast() };
        return Some((i as usize) < array.len());
    }
    if kind == Kind::MappedArguments && !mapped_get(object, i).is_empty() {
        return Some(true);
    }
    if !matches!(kind, Kind::Array | Kind::Object | Kind::Arguments | Kind::MappedArguments) {
        return None;
    }
    let elements = object.elements.get();
    if elements.is_sparse() {
        return None;
    }
    let found = !elements.get(i as usize).is_empty();
    (found || cx.holes_are_undefined()).then_some(found)
}

/// A character of a flat string; empty for anything else.
#[inline]
pub fn string_get(cx: &Context, obj: Value, key: Value) -> Value {
    let (Some(string), Some(i)) = (obj.as_string(), index_of(key)) else { return Value::EMPTY };
    if i as usize >= string.len() {
        return Value::EMPTY;
    }
    match string.chars(cx) {
        Ok(Chars::Latin1(units)) => cx.single_char(units[i as usize] as u16).into(),
        Ok(Chars::Utf16(units)) => cx.single_char(units[i as usize]).into(),
        Err(_) => {
            // The generic path reports it.
            let _ = cx.take_exception();
            Value::EMPTY
        }
    }
}

/// GetValue of `obj[key]`.
fn get(cx: &Context, obj: Value, key: Value, site: &Site) -> JsResult<Got> {
    if obj.is_cell() {
        let kind = obj.as_cell().kind();
        if let Some(i) = index_of(key) {
            if kind == Kind::TypedArray {
                record_typed(obj, site);
                let v = typed_get(obj, key);
                if !v.is_empty() {
                    return Ok(Got::Value(v));
                }
            } else if kind.is_string() {
                site.record(element_bits::STRING);
                let v = string_get(cx, obj, key);
                if !v.is_empty() {
                    return Ok(Got::Value(v));
                }
                if i as usize >= obj.as_string().map_or(0, |s| s.len()) && cx.holes_are_undefined() {
                    return Ok(Got::Value(Value::UNDEFINED));
                }
            } else if kind.is_object() {
                // SAFETY: the kind is an object's.
                let object: Gc<Object> = unsafe { obj.as_cell().cast() };
                if kind == Kind::MappedArguments {
                    let v = mapped_get(object, i);
                    if !v.is_empty() {
                        return Ok(Got::Value(v));
                    }
                }
                if matches!(kind, Kind::Array | Kind::Object | Kind::Arguments | Kind::MappedArguments) {
                    let v = object.elements.get().get(i as usize);
                    if !v.is_empty() {
                        return Ok(Got::Value(v));
                    }
                    site.record(element_bits::HOLE_OR_OUTSIDE);
                    if !object.elements.get().is_sparse() && cx.holes_are_undefined() {
                        return Ok(Got::Value(Value::UNDEFINED));
                    }
                }
            }
            return cx.get_value(obj, PropertyKey::index(i)).map(Got::Value);
        }
        if kind.is_object() && (key.is_string() || key.is_symbol()) {
            site.record(element_bits::NAME);
            // SAFETY: the kind is an object's.
            let object: Gc<Object> = unsafe { obj.as_cell().cast() };
            let key = cx.to_property_key(key)?;
            if !key.is_index() && !cx.interp.no_ic {
                if let Some(got) = Got::of_cache(megamorphic_find(cx, object, key)) {
                    return Ok(got);
                }
                let fact = find_get(cx, object, key);
                cache_get(cx, object, key, fact);
                if let Some(got) = Got::of_fact(fact) {
                    return Ok(got);
                }
            }
            return object.get_receiver(cx, key, obj).map(Got::Value);
        }
    }
    site.record(element_bits::OTHER);
    if obj.is_nullish() {
        // The key is shown, but not converted.
        let shown = if key.is_object() { cx.names().empty } else { cx.to_property_key(key)? };
        return Err(throw_read_of_nullish(cx, obj, shown));
    }
    let key = cx.to_property_key(key)?;
    cx.get_value(obj, key).map(Got::Value)
}

#[inline(never)]
pub fn get_elem(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetElem = pc.decode();
    let (obj, key) = (frame.get(i.obj.0 as usize), frame.get(i.key.0 as usize));
    let got = get(cx, obj, key, frame.code().site(i.slot.0 as usize))?;
    give::<instr::GetElem>(cx, frame, pc, got, obj, i.dst.0)
}

/// `obj[key] op= …`: the read, and the key converted once for the write that follows.
#[inline(never)]
pub fn get_elem_update(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetElemUpdate = pc.decode();
    let (obj, key) = (frame.get(i.obj.0 as usize), frame.get(i.key.0 as usize));
    let site = frame.code().site(i.slot.0 as usize);
    let fast = get_fast(obj, key, site);
    if !fast.is_empty() {
        frame.set(i.new_key.0 as usize, key);
        frame.set(i.dst.0 as usize, fast);
        return Ok(Flow::Next);
    }
    if obj.is_nullish() {
        let shown = if key.is_object() { cx.names().empty } else { cx.to_property_key(key)? };
        return Err(throw_read_of_nullish(cx, obj, shown));
    }
    let key =
        if key.is_number() || key.is_string() || key.is_symbol() { key } else { cx.to_property_key(key)?.to_value(cx) };
    let obj = frame.get(i.obj.0 as usize);
    frame.set(i.new_key.0 as usize, key);
    let got = get(cx, obj, key, site)?;
    give::<instr::GetElemUpdate>(cx, frame, pc, got, obj, i.dst.0)
}

#[inline(never)]
pub fn get_method_elem(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetMethodElem = pc.decode();
    let (obj, key) = (frame.get(i.obj.0 as usize), frame.get(i.key.0 as usize));
    let site = frame.code().site(i.slot.0 as usize);
    let fast = get_fast(obj, key, site);
    let got = if fast.is_empty() { get(cx, obj, key, site)? } else { Got::Value(fast) };
    let block = i.block.0;
    // It may have moved while a key was converted.
    let obj = frame.get(i.obj.0 as usize);
    let flow = give::<instr::GetMethodElem>(cx, frame, pc, got, obj, block)?;
    frame.set(block as usize + frame::THIS, obj);
    Ok(flow)
}

/// Appends to an array with dense elements whose length is `key`. `false` if that is not so.
pub fn append(cx: &Context, object: Gc<Object>, key: Value, v: Value) -> bool {
    let Some(array) = object.as_kind::<ArrayObject>(Kind::Array) else { return false };
    let Some(i) = index_of(key) else { return false };
    let elements: Gc<Elements> = object.elements.get();
    if i != array.length.get()
        || elements.len() != i as usize
        || elements.is_sparse()
        || !cx.holes_are_undefined()
        || i == u32::MAX
    {
        return false;
    }
    match cx.array_push(array, v) {
        Ok(()) => true,
        Err(_) => {
            // The generic path reports it.
            let _ = cx.take_exception();
            false
        }
    }
}

/// PutValue of `obj[key]`; gives a setter that is to be called.
fn set(cx: &Context, obj: Value, key: Value, v: Value, strict: bool, site: &Site) -> JsResult<Option<Value>> {
    if obj.is_cell() {
        let kind = obj.as_cell().kind();
        if let Some(i) = index_of(key) {
            if kind == Kind::TypedArray {
                record_typed(obj, site);
                if typed_set(obj, key, v) {
                    return Ok(None);
                }
            } else if kind == Kind::MappedArguments {
                // SAFETY: the kind was checked.
                if mapped_set(cx, unsafe { obj.as_cell().cast() }, i, v) {
                    return Ok(None);
                }
            } else if kind == Kind::Array {
                // SAFETY: the kind was checked.
                let object: Gc<Object> = unsafe { obj.as_cell().cast() };
                if append(cx, object, key, v) {
                    return Ok(None);
                }
                let elements = object.elements.get();
                if (i as usize) < elements.len() && !elements.get(i as usize).is_empty() {
                    // Within the length: only the kind of the elements stood in the way.
                    elements.widen_for(cx, v);
                    elements.set_raw(cx, i as usize, v);
                    return Ok(None);
                }
            }
            return cx.set_value(obj, PropertyKey::index(i), v, strict).map(|()| None);
        }
        if kind.is_object() && (key.is_string() || key.is_symbol()) {
            site.record(element_bits::NAME);
            // SAFETY: the kind is an object's.
            let object: Gc<Object> = unsafe { obj.as_cell().cast() };
            let key = cx.to_property_key(key)?;
            if !key.is_index() && !cx.interp.no_ic {
                match megamorphic_set(cx, object, key, v) {
                    Stored::Done => return Ok(None),
                    Stored::Setter(accessor) => return setter_of(cx, obj, key, accessor, strict),
                    Stored::Unknown => {}
                }
                let shape = object.shape_id();
                let fact = find_set(cx, object, key);
                cache_set(cx, shape, key, fact);
                match fact {
                    SetFact::Own { location } => {
                        object.set_slot(cx, location, v);
                        return Ok(None);
                    }
                    SetFact::Add { location, shape } => return add_slot(cx, object, location, shape, v).map(|()| None),
                    SetFact::Setter { holder, location, .. } => {
                        return setter_of(cx, obj, key, holder.slot(location), strict);
                    }
                    SetFact::Unknown => {}
                }
            }
            return cx.set_value(obj, key, v, strict).map(|()| None);
        }
    }
    if obj.is_nullish() {
        let shown = if key.is_object() { cx.names().empty } else { cx.to_property_key(key)? };
        return Err(throw_write_of_nullish(cx, obj, shown));
    }
    let key = cx.to_property_key(key)?;
    cx.set_value(obj, key, v, strict).map(|()| None)
}

#[inline(never)]
pub fn set_elem(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::SetElem = pc.decode();
    let (obj, key, v) = (frame.get(i.obj.0 as usize), frame.get(i.key.0 as usize), frame.get(i.src.0 as usize));
    match set(cx, obj, key, v, i.strict.0 != 0, frame.code().site(i.slot.0 as usize))? {
        None => Ok(Flow::Next),
        Some(setter) => call_setter::<instr::SetElem>(cx, frame, pc, setter, obj, v),
    }
}
