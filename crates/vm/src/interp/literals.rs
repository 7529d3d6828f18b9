//! Literals and definitions: objects, arrays, closures, templates, regular expressions.

use super::Pc;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::elements::{Dense, Elements};
use crate::error::JsResult;
use crate::feedback::{NO_SHAPE, Site, SiteState};
use crate::frame::Frame;
use crate::ic::attach::attach_set;
use crate::ic::facts::{SetFact, find_add};
use crate::ic::interpret::{Outcome, run_stubs};
use crate::key::PropertyKey;
use crate::object::array::ArrayObject;
use crate::object::define::IntegrityLevel;
use crate::object::{Object, PropertyDescriptor};
use crate::realm::Intrinsic;
use crate::shape::{self, DEFAULT};
use crate::value::Value;
use tercel_bytecode::op::instr;

#[inline(never)]
pub fn new_object(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewObject = pc.decode();
    frame.set(i.dst.0 as usize, cx.new_object().into());
    Ok(())
}

/// An object literal whose keys are known: its shape is found once and kept in the site.
#[inline(never)]
pub fn new_object_from(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewObjectFrom = pc.decode();
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    let count = i.count.0 as usize;
    let first = i.values.0 as usize;
    let object = if site.guard.get() != NO_SHAPE {
        cx.new_object_of_shape(cx.shape_of_id(site.guard.get()))
    } else {
        let keys = &code.template().key_lists[i.keys.0 as usize];
        let prototype = cx.intrinsic(Intrinsic::ObjectPrototype);
        let mut shape = cx.root_shape(Some(prototype), Kind::Object, count);
        let root = shape;
        for &constant in keys.iter() {
            shape = shape.add_transition(cx, code.key(constant as usize), shape::DEFAULT);
        }
        if shape.is_unique() || shape.out_of_line_count() != 0 {
            // Too many keys for a shared shape, or for inline slots: one by one.
            let object = cx.new_object_of_shape(root);
            frame.set(i.dst.0 as usize, object.into());
            for (n, &constant) in keys.iter().enumerate() {
                object.create_data_or_throw(cx, code.key(constant as usize), frame.get(first + n))?;
            }
            return Ok(());
        }
        site.guard.set(shape.id(cx));
        site.state.set(SiteState::Monomorphic);
        cx.new_object_of_shape(shape)
    };
    // The shape's properties are in the order of the keys, each in the next inline slot.
    let base = (object.addr() + object.shape(cx).inline_base() * 8) as *mut Value;
    for n in 0..count {
        // SAFETY: the shape has `count` inline slots; the object is young, so no barrier is due.
        unsafe { *base.add(n) = frame.get(first + n) };
    }
    frame.set(i.dst.0 as usize, object.into());
    Ok(())
}

#[inline(never)]
pub fn new_array(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewArray = pc.decode();
    let array = cx.new_array_with_capacity(i.capacity.0 as usize);
    frame.set(i.dst.0 as usize, array.into());
    Ok(())
}

impl Context {
    /// Dense elements of `count` values of the least kind that holds them; empty values are holes.
    pub(crate) fn new_dense_elements(&self, count: usize, value: impl Fn(usize) -> Value) -> JsResult<Gc<Elements>> {
        if count == 0 {
            return Ok(self.empty_elements());
        }
        let mut kind = Dense::Int32;
        let mut holey = false;
        for n in 0..count {
            let v = value(n);
            if v.is_empty() {
                holey = true;
            } else {
                kind = kind.max(Gc::<Elements>::kind_for(v));
            }
        }
        let elements = self.new_elements(kind, count)?;
        elements.length.set(count as u32);
        for n in 0..count {
            elements.set_raw(self, n, value(n));
        }
        if holey {
            elements.set_holey();
        }
        Ok(elements)
    }

    /// An array of the current realm with these dense elements.
    pub(crate) fn new_array_of_elements(&self, elements: Gc<Elements>) -> Gc<ArrayObject> {
        let array = self.new_array(0);
        array.length.set(elements.len() as u32);
        array.object().set_elements(self, elements);
        array
    }
}

#[inline(never)]
pub fn new_array_from(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewArrayFrom = pc.decode();
    let first = i.values.0 as usize;
    let elements = cx.new_dense_elements(i.count.0 as usize, |n| frame.get(first + n))?;
    frame.set(i.dst.0 as usize, cx.new_array_of_elements(elements).into());
    Ok(())
}

/// An array of constants: the elements are made once, and copied for each evaluation.
#[inline(never)]
pub fn new_array_const(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewArrayConst = pc.decode();
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    let cached = site.cell.get();
    let original: Gc<Elements> = if cached.is_cell() {
        // SAFETY: the site's cell is what this op put there.
        unsafe { cached.as_cell().cast() }
    } else {
        let keys = &code.template().key_lists[i.keys.0 as usize];
        let elements = cx.new_dense_elements(keys.len(), |n| code.constant(keys[n] as usize))?;
        site.cell.set(elements.into());
        cx.write_barrier(code.header_ptr(), elements.into());
        elements
    };
    let copy = if original.is_empty() { original } else { cx.copy_elements(original, original.len())? };
    frame.set(i.dst.0 as usize, cx.new_array_of_elements(copy).into());
    Ok(())
}

/// The array in a register that only array ops have touched.
fn array(frame: Frame, register: u16) -> Gc<ArrayObject> {
    frame.get(register as usize).as_kind(Kind::Array).expect("the operand is an array in the making")
}

#[inline(never)]
pub fn array_push(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ArrayPush = pc.decode();
    cx.array_push(array(frame, i.array.0), frame.get(i.src.0 as usize))
}

#[inline(never)]
pub fn array_hole(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ArrayHole = pc.decode();
    let array = array(frame, i.array.0);
    cx.array_set_length(array, array.len() + 1).map(drop)
}

/// `true`: the elements were appended.
#[inline(never)]
pub fn array_spread(cx: &Context, frame: Frame, pc: Pc) -> JsResult<bool> {
    let i: instr::ArraySpread = pc.decode();
    match cx.walk(frame.get(i.src.0 as usize)) {
        Some(walk) => walk.append_to(cx, array(frame, i.array.0)),
        None => Ok(false),
    }
}

/// CreateDataPropertyOrThrow of a constant name.
#[inline(never)]
pub fn define_named(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DefineNamed = pc.decode();
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    let (obj, v) = (frame.get(i.obj.0 as usize), frame.get(i.src.0 as usize));
    if site.stubs.get().is_cell() && matches!(run_stubs(cx, site.stubs.get(), &[obj, v]), Outcome::Done(_)) {
        return Ok(());
    }
    let object = obj.as_object().expect("the operand is an object");
    let key = code.key(i.name.0 as usize);
    if learn_define(cx, code, site, object, key, v)? {
        return Ok(());
    }
    object.create_data_or_throw(cx, key, v)
}

/// Defines a new plain property of an object with a shared shape, and attaches a stub for the next one. `false`: not that case.
fn learn_define(
    cx: &Context,
    code: Gc<crate::code::CodeBlock>,
    site: &Site,
    object: Gc<Object>,
    key: crate::key::PropertyKey,
    v: Value,
) -> JsResult<bool> {
    let shape = object.shape(cx);
    let kind = shape.object_kind();
    if kind.has_exotic_names() || kind.has_own_length() || shape.is_unique() || shape.lookup(cx, key).is_some() {
        return Ok(false);
    }
    let fact = find_add(cx, shape, key);
    let SetFact::Add { location, shape: new } = fact else { return Ok(false) };
    if !location.is_inline() {
        object.ensure_slots(cx, location.index() + 1)?;
    }
    object.header.shape.set(new.id(cx));
    object.set_slot(cx, location, v);
    if !cx.interp.no_ic && site.state.get() != SiteState::Megamorphic {
        attach_set(cx, code, site, shape.id(cx), fact);
    }
    Ok(true)
}

#[inline(never)]
pub fn define_elem(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DefineElem = pc.decode();
    // Filling an array from its start to its end is the usual case.
    let (index, v) = (frame.get(i.key.0 as usize), frame.get(i.src.0 as usize));
    if index.is_int32()
        && let Some(array) = frame.get(i.obj.0 as usize).as_kind::<ArrayObject>(Kind::Array)
        && let Ok(at) = u32::try_from(index.as_int32())
        && array.elements().len() >= at as usize
        && !array.elements().is_sparse()
    {
        // Dense elements are plain properties, of an extensible object that is no prototype for which one more would be news.
        let elements = array.elements();
        if elements.len() == at as usize {
            // Behind the elements: an array that was made with its length is filled in, or one grows.
            if at as usize >= elements.capacity() {
                return array.object().add_element(cx, at, v, DEFAULT);
            }
            elements.widen_for(cx, v);
            elements.set_raw(cx, at as usize, v);
            elements.length.set(at + 1);
            array.length.set(array.len().max(at + 1));
            return Ok(());
        }
        if !elements.fits(v) {
            elements.widen_for(cx, v);
        }
        elements.set_raw(cx, at as usize, v);
        return Ok(());
    }
    let key = cx.to_property_key(frame.get(i.key.0 as usize))?;
    let object = frame.get(i.obj.0 as usize).as_object().expect("the operand is an object");
    object.create_data_or_throw(cx, key, frame.get(i.src.0 as usize))
}

#[inline(never)]
pub fn set_proto(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::SetProto = pc.decode();
    let v = frame.get(i.value.0 as usize);
    if (v.is_object() || v.is_null())
        && let Some(object) = frame.get(i.obj.0 as usize).as_object()
    {
        object.set_prototype(cx, v.as_object())?;
    }
    Ok(())
}

/// CopyDataProperties from an object whose own properties are plain ones with string keys, all named by its shape: no script runs.
/// `false`: it is not of that kind, and nothing was done.
fn copy_plain_properties(
    cx: &Context,
    from: Gc<Object>,
    target: Gc<Object>,
    excluded: &[PropertyKey],
) -> JsResult<bool> {
    if excluded.is_empty() && target.adopt_properties(cx, from)? {
        return Ok(true);
    }
    let Some(shape) = from.plain_shape(cx) else { return Ok(false) };
    let copied = |entry: &shape::PropertyEntry| !entry.has(shape::PRIVATE);
    if shape.entries().filter(copied).any(|entry| !entry.is_plain() || entry.key.as_name().is_none()) {
        return Ok(false);
    }
    for entry in shape.entries().filter(|entry| entry.is_enumerable_name() && !excluded.contains(&entry.key)) {
        target.create_data_or_throw(cx, entry.key, from.slot(entry.location))?;
    }
    Ok(true)
}

/// Excluded keys that are kept without a list.
const FEW_EXCLUDED: usize = 8;

/// CopyDataProperties (§7.3.26).
#[inline(never)]
pub fn copy_data_properties(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CopyDataProperties = pc.decode();
    let source = frame.get(i.source.0 as usize);
    if source.is_nullish() {
        return Ok(());
    }
    let from = cx.to_object(source)?;
    let target = frame.get(i.target.0 as usize).as_object().expect("the operand is an object");
    let (first, count) = (i.excluded.0 as usize, i.count.0 as usize);
    if count <= FEW_EXCLUDED {
        let mut excluded = [cx.names().length; FEW_EXCLUDED];
        for (n, key) in excluded[..count].iter_mut().enumerate() {
            *key = cx.to_property_key(frame.get(first + n))?;
        }
        if copy_plain_properties(cx, from, target, &excluded[..count])? {
            return Ok(());
        }
    }
    let keys = from.own_property_keys(cx)?;
    for n in 0..keys.len() {
        let key = keys.key(n);
        let mut excluded = false;
        for e in 0..count {
            excluded |= cx.to_property_key(frame.get(first + e))? == key;
        }
        if excluded {
            continue;
        }
        if let Some(d) = from.get_own(cx, key)?
            && d.enumerable == Some(true)
        {
            let v = from.get(cx, key)?;
            target.create_data_or_throw(cx, key, v)?;
        }
    }
    Ok(())
}

/// A regular expression literal (§13.2.7.3): a copy of the site's own object, which no script sees.
#[inline(never)]
pub fn new_regexp(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewRegExp = pc.decode();
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    if !site.cell.get().is_cell() {
        let constructor = cx.intrinsic(Intrinsic::RegExp);
        let arguments = [code.constant(i.pattern.0 as usize), code.constant(i.flags.0 as usize)];
        let origin = cx.construct(constructor, &arguments, constructor)?;
        site.cell.set(origin);
        cx.write_barrier(code.header_ptr(), origin);
    }
    let origin = site.cell.get().as_kind(Kind::RegExp).expect("%RegExp% makes RegExps");
    frame.set(i.dst.0 as usize, cx.copy_regexp(origin).into());
    Ok(())
}

/// GetTemplateObject (§13.2.8.4).
#[inline(never)]
pub fn template_object(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::TemplateObject = pc.decode();
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    if !site.cell.get().is_cell() {
        let keys = &code.template().key_lists[i.keys.0 as usize];
        let (cooked, raw) = keys.split_at(keys.len() / 2);
        let cooked = cx.new_dense_elements(cooked.len(), |n| code.constant(cooked[n] as usize))?;
        let raw = cx.new_dense_elements(raw.len(), |n| code.constant(raw[n] as usize))?;
        let template = cx.new_array_of_elements(cooked).object();
        let raw = cx.new_array_of_elements(raw).object();
        cx.set_integrity_level(raw, IntegrityLevel::Frozen)?;
        let d = PropertyDescriptor {
            value: Some(raw.into()),
            writable: Some(false),
            enumerable: Some(false),
            configurable: Some(false),
            ..PropertyDescriptor::default()
        };
        template.define_or_throw(cx, cx.names().raw, &d)?;
        cx.set_integrity_level(template, IntegrityLevel::Frozen)?;
        site.cell.set(template.into());
        cx.write_barrier(code.header_ptr(), template.into());
    }
    frame.set(i.dst.0 as usize, site.cell.get());
    Ok(())
}

#[inline(never)]
pub fn closure(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::Closure = pc.decode();
    let code = frame.code().function(cx, i.func.0 as usize);
    let function = cx.new_function(code, frame.get(i.scope.0 as usize));
    frame.set(i.dst.0 as usize, function.into());
    Ok(())
}
