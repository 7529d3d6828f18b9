//! Arguments objects (ECMA-262 §10.4.4).
//!
//! The unmapped form is ordinary. The mapped one aliases parameters, which live in the function's heap scope: `map` says for each
//! index which slot. A mapped index is a hole in the elements, so that no fast path sees a stale value; its attributes, as long as
//! it is mapped, are the default ones, or have lost `enumerable` or `configurable` (then the map keeps them).

use super::Object;
use super::define::is_compatible;
use super::descriptor::PropertyDescriptor;
use super::kinds::MappedArguments;
use super::property::Property;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::list::ValueList;
use crate::realm::RealmShape;
use crate::scope::Scope;
use crate::shape::{CONFIGURABLE, DEFAULT, ENUMERABLE, WRITABLE};
use crate::value::Value;
use crate::values::ValueArray;

/// Where a mapped argument is: the slot in the scope, and the attributes other than `writable`.
///
/// In the map it is an int32: slot × 4 + attributes that were lost.
#[derive(Clone, Copy)]
struct Mapping {
    slot: usize,
    attributes: u8,
}

const LOST_ENUMERABLE: i32 = 1;
const LOST_CONFIGURABLE: i32 = 2;

impl Mapping {
    fn decode(v: Value) -> Option<Mapping> {
        if !v.is_int32() {
            return None;
        }
        let bits = v.as_int32();
        let mut attributes = DEFAULT;
        if bits & LOST_ENUMERABLE != 0 {
            attributes &= !ENUMERABLE;
        }
        if bits & LOST_CONFIGURABLE != 0 {
            attributes &= !CONFIGURABLE;
        }
        Some(Mapping { slot: (bits >> 2) as usize, attributes })
    }

    fn encode(self) -> Value {
        let lost = |attribute: u8, bit: i32| if self.attributes & attribute == 0 { bit } else { 0 };
        Value::int32(
            (self.slot as i32) << 2 | lost(ENUMERABLE, LOST_ENUMERABLE) | lost(CONFIGURABLE, LOST_CONFIGURABLE),
        )
    }
}

fn parts(o: Gc<Object>) -> Option<(Gc<Scope>, Gc<ValueArray>)> {
    let arguments = o.as_kind::<MappedArguments>(Kind::MappedArguments)?;
    Some((arguments.scope.get().as_kind(Kind::Scope)?, arguments.map.get().as_kind(Kind::ValueArray)?))
}

fn mapping(o: Gc<Object>, index: u32) -> Option<(Gc<Scope>, Gc<ValueArray>, Mapping)> {
    let (scope, map) = parts(o)?;
    if index as usize >= map.len() {
        return None;
    }
    Some((scope, map, Mapping::decode(map.get(index as usize))?))
}

/// The value of a mapped index; empty if the index is not mapped.
pub(crate) fn mapped_get(o: Gc<Object>, index: u32) -> Value {
    mapping(o, index).map_or(Value::EMPTY, |(scope, _, mapping)| scope.slot(mapping.slot))
}

/// Stores the value of a mapped index. `false`: the index is not mapped.
pub(crate) fn mapped_set(cx: &Context, o: Gc<Object>, index: u32, v: Value) -> bool {
    let found = mapping(o, index);
    if let Some((scope, _, mapping)) = found {
        scope.set_slot(cx, mapping.slot, v);
    }
    found.is_some()
}

/// The property of a mapped index.
pub(crate) fn own_property(_cx: &Context, o: Gc<Object>, key: PropertyKey) -> Option<Property> {
    let (scope, _, mapping) = mapping(o, key.as_index()?)?;
    Some(Property { value: scope.slot(mapping.slot), attributes: mapping.attributes })
}

/// [[DefineOwnProperty]] (§10.4.4.2).
pub(crate) fn define_own(cx: &Context, o: Gc<Object>, key: PropertyKey, d: &PropertyDescriptor) -> JsResult<bool> {
    let Some((scope, map, m)) = key.as_index().and_then(|i| mapping(o, i)) else {
        return o.ordinary_define(cx, key, d);
    };
    let index = key.as_index().unwrap_or_default();
    let current = Property { value: scope.slot(m.slot), attributes: m.attributes };
    if !is_compatible(cx, true, d, Some(current))? {
        return Ok(false);
    }
    if d.is_accessor() || d.writable == Some(false) {
        // The mapping ends: the value, as it is now, becomes an element.
        if let (false, Some(v)) = (d.is_accessor(), d.value) {
            scope.set_slot(cx, m.slot, v);
        }
        let value = scope.slot(m.slot);
        map.set(cx, index as usize, Value::EMPTY);
        o.add_element(cx, index, value, m.attributes)?;
        return o.ordinary_define(cx, key, d);
    }
    if let Some(v) = d.value {
        scope.set_slot(cx, m.slot, v);
    }
    let attributes = d.attributes_over(m.attributes) | WRITABLE;
    map.set(cx, index as usize, Mapping { attributes, ..m }.encode());
    Ok(true)
}

/// [[Delete]] (§10.4.4.5) of an index.
pub(crate) fn delete(cx: &Context, o: Gc<Object>, index: u32) -> JsResult<bool> {
    if let Some((_, map, m)) = mapping(o, index) {
        if m.attributes & CONFIGURABLE == 0 {
            return Ok(false);
        }
        map.set(cx, index as usize, Value::EMPTY);
        return Ok(true);
    }
    match o.own_element(index) {
        Some(p) if !p.has(CONFIGURABLE) => Ok(false),
        Some(_) => {
            o.remove_element(cx, index);
            Ok(true)
        }
        None => Ok(true),
    }
}

/// Adds the indices in ascending order: mapped ones and elements.
pub(crate) fn push_indices(cx: &Context, o: Gc<Object>, list: &ValueList<'_>) -> JsResult<()> {
    let first = list.len();
    if let Some((_, map)) = parts(o) {
        for i in (0..map.len()).filter(|&i| map.get(i).is_int32()) {
            list.push_key(PropertyKey::index(i as u32));
        }
    }
    super::keys::push_element_keys(cx, o, list)?;
    super::keys::sort_indices(list, first);
    Ok(())
}

impl Context {
    /// CreateUnmappedArgumentsObject (§10.4.4.6).
    pub fn new_unmapped_arguments(&self, args: impl ExactSizeIterator<Item = Value>) -> JsResult<Gc<Object>> {
        let o = self.new_object_of_shape(self.realm_shape(RealmShape::UnmappedArguments));
        let length = args.len();
        self.fill_arguments(o, args, &[])?;
        let thrower: Value = self.intrinsic(crate::realm::Intrinsic::ThrowTypeError).into();
        let pair = self.new_accessor(thrower, thrower);
        self.set_own_slots(o, &[Value::length(length), self.array_values(), pair.into()]);
        Ok(o)
    }

    /// The arguments object of a sloppy function without parameters to alias: `callee` is the function.
    pub fn new_sloppy_arguments(
        &self,
        callee: Value,
        args: impl ExactSizeIterator<Item = Value>,
    ) -> JsResult<Gc<Object>> {
        let o = self.new_object_of_shape(self.realm_shape(RealmShape::SloppyArguments));
        let length = args.len();
        self.fill_arguments(o, args, &[])?;
        self.set_own_slots(o, &[Value::length(length), self.array_values(), callee]);
        Ok(o)
    }

    /// CreateMappedArgumentsObject (§10.4.4.7). `slots`: for each parameter its slot in `scope`, or `u16::MAX` where a later one
    /// of the same name hides it.
    pub fn new_mapped_arguments(
        &self,
        callee: Value,
        args: impl ExactSizeIterator<Item = Value>,
        scope: Gc<Scope>,
        slots: &[u16],
    ) -> JsResult<Gc<Object>> {
        let shape = self.realm_shape(RealmShape::MappedArguments);
        let arguments: Gc<MappedArguments> = self.alloc_object_raw(shape, Kind::MappedArguments);
        let o = arguments.object();
        let mapped = &slots[..slots.len().min(args.len())];
        let map = self.new_value_array(mapped.len())?;
        for (i, &slot) in mapped.iter().enumerate() {
            if slot != u16::MAX {
                map.set(self, i, Mapping { slot: slot as usize, attributes: DEFAULT }.encode());
            }
        }
        arguments.scope.set(scope.into());
        arguments.map.set(map.into());
        let length = args.len();
        self.fill_arguments(o, args, mapped)?;
        self.set_own_slots(o, &[Value::length(length), self.array_values(), callee]);
        Ok(o)
    }

    /// Elements of the arguments; mapped ones stay holes.
    fn fill_arguments(
        &self,
        o: Gc<Object>,
        args: impl ExactSizeIterator<Item = Value>,
        mapped: &[u16],
    ) -> JsResult<()> {
        if args.len() == 0 {
            return Ok(());
        }
        let elements = self.new_elements(crate::elements::Dense::Value, args.len())?;
        elements.length.set(args.len() as u32);
        for (i, v) in args.enumerate() {
            let hole = mapped.get(i).is_some_and(|&slot| slot != u16::MAX);
            elements.set_raw(self, i, if hole { Value::EMPTY } else { v });
            if hole {
                elements.set_holey();
            }
        }
        o.set_elements(self, elements);
        Ok(())
    }

    /// %Array.prototype.values%.
    fn array_values(&self) -> Value {
        self.intrinsic(crate::realm::Intrinsic::ArrayValues).into()
    }

    /// Writes the first properties of a fresh object with a preset shape, in order.
    pub(crate) fn set_own_slots(&self, o: Gc<Object>, values: &[Value]) {
        let shape = o.shape(self);
        for (n, &v) in values.iter().enumerate() {
            o.set_slot(self, shape.location_of_slot(n), v);
        }
    }
}
