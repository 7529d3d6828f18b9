//! Named properties out of line: the other decoded forms, polymorphic and megamorphic sites, attaching, and the generic operations.

use super::{Flow, Pc};
use crate::call::{CallSite, prepare_call};
use crate::cell::{Cell64, Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::feedback::{Form, Loc, Site, SiteState};
use crate::frame::{self, Frame};
use crate::ic::attach::{
    Found, Stored, attach_delete, attach_get, attach_has, attach_instanceof, attach_primitive_get, attach_set,
    cache_get, cache_set, megamorphic_find, megamorphic_get, megamorphic_primitive_set, megamorphic_set,
};
use crate::ic::facts::{DeleteFact, GetFact, SetFact, find_delete, find_get, find_set};
use crate::ic::interpret::{Outcome, add_inline, add_out_of_line, load, out_of_line_slot, run_stubs};
use crate::ic::megamorphic::Access;
use crate::interp::calls::finish;
use crate::interp::element::has_element;
use crate::interp::state::count;
use crate::key::PropertyKey;
use crate::names;
use crate::object::array::ArrayObject;
use crate::object::kinds::Collection;
use crate::object::{Accessor, Object};
use crate::realm::Intrinsic;
use crate::shape::{CONFIGURABLE, Shape, SlotLocation, WRITABLE};
use crate::string::JsString;
use crate::value::Value;
use tercel_bytecode::op::{Instr, instr};

/// The length of an array or a string; empty for other cells.
#[inline(always)]
pub fn length_of_cell(cell: Gc<Cell64>) -> Value {
    let kind = cell.kind();
    if kind == Kind::Array {
        // SAFETY: the kind was checked.
        let array: Gc<ArrayObject> = unsafe { cell.cast() };
        Value::uint32(array.length.get())
    } else if kind.is_string() {
        // SAFETY: the kind was checked.
        let string: Gc<JsString> = unsafe { cell.cast() };
        Value::int32(string.length.get() as i32)
    } else {
        Value::EMPTY
    }
}

/// The length of a typed array.
#[inline]
pub fn typed_length(object: Gc<Object>) -> Value {
    // SAFETY: the guard is a typed array's shape.
    let array: Gc<crate::typed::TypedArray> = unsafe { object.cast() };
    Value::number(array.len() as f64)
}

/// The size of a map or set.
#[inline]
pub fn collection_size(object: Gc<Object>) -> Value {
    // SAFETY: the guard is the shape of a map or set.
    let collection: Gc<Collection> = unsafe { object.cast() };
    Value::length(collection.size())
}

/// The value that a site's decoded form finds, once the guard has matched; empty if the form does not apply.
#[inline(never)]
pub fn load_form(cx: &Context, site: &Site, cell: *const u8, loc: Loc) -> Value {
    // SAFETY: the guard is the id of a shape, which the cell has: it is an object; or it is 0 and the form is a string's.
    let object: Gc<Object> = unsafe { Gc::from_addr(cell as usize) };
    let fresh = || site.aux.get() == cx.interp.proto_epoch.get();
    // SAFETY: the holder of a form is an object.
    let holder = || unsafe { Gc::<Object>::from_addr(site.cell.get().bits() as usize) };
    let own = |form| Loc::new(form, loc.index() as u32);
    match loc.form() {
        Form::OwnOutOfLine => load(object, loc),
        Form::HolderInline if fresh() => load(holder(), own(Form::OwnInline)),
        Form::HolderOutOfLine if fresh() => load(holder(), own(Form::OwnOutOfLine)),
        Form::Missing if fresh() => Value::UNDEFINED,
        Form::StringHolderInline if fresh() && object.kind().is_string() => load(holder(), own(Form::OwnInline)),
        Form::StringHolderOutOfLine if fresh() && object.kind().is_string() => load(holder(), own(Form::OwnOutOfLine)),
        Form::TypedArrayLength if fresh() => typed_length(object),
        Form::CollectionSize if fresh() => collection_size(object),
        // SAFETY: the guard is an array's shape.
        Form::ArrayLength => length_of_cell(unsafe { object.cast() }),
        _ => Value::EMPTY,
    }
}

/// Writes by a site's decoded form, once the guard has matched. `false` if the form does not apply.
#[inline(never)]
pub fn store_form(cx: &Context, site: &Site, cell: *mut u8, loc: Loc, v: Value) -> bool {
    // SAFETY: as in `load_form`; writes are cached for objects only.
    let object: Gc<Object> = unsafe { Gc::from_addr(cell as usize) };
    match loc.form() {
        Form::OwnOutOfLine => {
            let (slots, slot) = out_of_line_slot(object, loc.index());
            // SAFETY: the location came from the shape that was compared.
            unsafe { *slot = v };
            cx.write_barrier_slot(slots.header_ptr(), slot, v);
            true
        }
        Form::AddInline if site.aux.get() == cx.interp.proto_epoch.get() => {
            add_inline(cx, object, site.cell.get().as_int32() as u32, loc.index(), v);
            true
        }
        Form::AddOutOfLine if site.aux.get() == cx.interp.proto_epoch.get() => {
            add_out_of_line(cx, object, site.cell.get().as_int32() as u32, loc.index(), v)
        }
        _ => false,
    }
}

/// What a read gave.
pub enum Got {
    Value(Value),
    /// The accessor's getter is to be called with the receiver.
    Getter(Value),
}

impl Got {
    /// What a site's stubs gave, if one of them applied.
    #[inline(always)]
    pub(super) fn of_stubs(outcome: Outcome) -> Option<Got> {
        match outcome {
            Outcome::Done(v) => Some(Got::Value(v)),
            Outcome::Getter(accessor) => Some(getter_of(accessor)),
            _ => None,
        }
    }

    /// What the megamorphic cache gave, if it knew.
    #[inline(always)]
    pub(super) fn of_cache(found: Option<Found>) -> Option<Got> {
        match found? {
            Found::Value(v) => Some(Got::Value(v)),
            Found::Accessor(accessor) => Some(getter_of(accessor)),
        }
    }

    /// What the shapes say, if they say all.
    #[inline(always)]
    pub(super) fn of_fact(fact: GetFact) -> Option<Got> {
        match fact {
            GetFact::Slot { holder, location, .. } => Some(Got::Value(holder.slot(location))),
            GetFact::Accessor { holder, location, .. } => Some(getter_of(holder.slot(location))),
            GetFact::Missing => Some(Got::Value(Value::UNDEFINED)),
            GetFact::ArrayLength | GetFact::Unknown => None,
        }
    }
}

/// A read of `key` from `v` at a site.
pub fn get_at_site(cx: &Context, code: Gc<CodeBlock>, site: &Site, v: Value, key: PropertyKey) -> JsResult<Got> {
    let statistics = &cx.interp.statistics;
    count(&statistics.ic_misses);
    if !v.is_cell() || !v.is_object() {
        return primitive_get(cx, code, site, v, key);
    }
    if cx.interp.no_ic {
        let object = v.as_object().expect("checked above");
        return object.get_receiver(cx, key, v).map(Got::Value);
    }
    if site.stubs.get().is_cell()
        && let Some(got) = Got::of_stubs(run_stubs(cx, site.stubs.get(), &[v]))
    {
        return Ok(got);
    }
    let object = v.as_object().expect("checked above");
    let megamorphic = site.state.get() == SiteState::Megamorphic;
    if megamorphic {
        forget_useless_form(site, object);
        if let Some(got) = Got::of_cache(megamorphic_find(cx, object, key)) {
            return Ok(got);
        }
    }
    let fact = find_get(cx, object, key);
    if megamorphic {
        cache_get(cx, object, key, fact);
    } else {
        learn(site, || attach_get(cx, code, site, object, fact));
    }
    match (Got::of_fact(fact), fact) {
        (Some(got), _) => Ok(got),
        (None, GetFact::ArrayLength) => Ok(Got::Value(length_of_cell(v.as_cell()))),
        (None, _) => object.get_receiver(cx, key, v).map(Got::Value),
    }
}

/// The decoded form of a megamorphic site that did not apply although its guard matched: a prototype has changed, and nothing will be attached.
#[inline(always)]
fn forget_useless_form(site: &Site, object: Gc<Object>) {
    if site.guard.get() == object.shape_id() {
        site.clear_form();
    }
}

/// The first access of a site learns nothing: much code runs once.
#[inline(always)]
pub(super) fn learn(site: &Site, attach: impl FnOnce()) {
    if site.state.get() == SiteState::Uninitialized && site.misses.get() == 0 {
        site.misses.set(1);
    } else {
        attach();
    }
}

pub(super) fn getter_of(accessor: Value) -> Got {
    match accessor.as_kind::<Accessor>(Kind::Accessor) {
        Some(pair) if !pair.getter.get().is_undefined() => Got::Getter(pair.getter.get()),
        _ => Got::Value(Value::UNDEFINED),
    }
}

/// GetV (§7.3.3) of a primitive.
fn primitive_get(cx: &Context, code: Gc<CodeBlock>, site: &Site, v: Value, key: PropertyKey) -> JsResult<Got> {
    if v.is_nullish() {
        return Err(throw_read_of_nullish(cx, v, key));
    }
    if v.is_string() && key == cx.names().length {
        return Ok(Got::Value(length_of_cell(v.as_cell())));
    }
    let Some(prototype) = prototype_of_primitive(cx, v).filter(|_| !cx.interp.no_ic) else {
        return cx.get_value(v, key).map(Got::Value);
    };
    if site.stubs.get().is_cell()
        && v.is_cell()
        && let Some(got) = Got::of_stubs(run_stubs(cx, site.stubs.get(), &[v]))
    {
        return Ok(got);
    }
    // Numbers and booleans are no cells: they have no stubs.
    let caches = !v.is_cell() || site.state.get() == SiteState::Megamorphic;
    if caches && let Some(got) = Got::of_cache(megamorphic_find(cx, prototype, key)) {
        return Ok(got);
    }
    let fact = find_get(cx, prototype, key);
    if caches {
        cache_get(cx, prototype, key, fact);
    } else {
        learn(site, || attach_primitive_get(cx, code, site, v, prototype, fact));
    }
    match Got::of_fact(fact) {
        // What the prototype lacks the primitive may have.
        Some(got) if !matches!(fact, GetFact::Missing) => Ok(got),
        _ => cx.get_value(v, key).map(Got::Value),
    }
}

/// Where the properties of a primitive are.
fn prototype_of_primitive(cx: &Context, v: Value) -> Option<Gc<Object>> {
    let intrinsic = if v.is_string() {
        Intrinsic::StringPrototype
    } else if v.is_number() {
        Intrinsic::NumberPrototype
    } else if v.is_boolean() {
        Intrinsic::BooleanPrototype
    } else if v.is_symbol() {
        Intrinsic::SymbolPrototype
    } else if v.is_bigint() {
        Intrinsic::BigIntPrototype
    } else {
        return None;
    };
    Some(cx.intrinsic(intrinsic))
}

#[cold]
#[inline(never)]
pub fn throw_read_of_nullish(cx: &Context, v: Value, key: PropertyKey) -> Throw {
    let (v, key) = (cx.describe(v), key.display(cx));
    cx.throw_type(format_args!("Cannot read properties of {v} (reading '{key}')"))
}

#[cold]
#[inline(never)]
pub fn throw_write_of_nullish(cx: &Context, v: Value, key: PropertyKey) -> Throw {
    let (v, key) = (cx.describe(v), key.display(cx));
    cx.throw_type(format_args!("Cannot set properties of {v} (setting '{key}')"))
}

/// Calls a getter: a JavaScript function's frame is pushed, so that it takes no native stack. Its result goes to `dst`.
pub(super) fn call_getter<I: Instr>(
    cx: &Context,
    frame: Frame,
    pc: Pc,
    getter: Value,
    this: Value,
    dst: u16,
) -> JsResult<Flow> {
    let size = frame.size();
    let base = frame.offset(size);
    if !cx.stack_has(base, frame::HEADER) {
        return Err(cx.throw_stack_overflow());
    }
    base.set(frame::CALLEE, getter);
    base.set(frame::THIS, this);
    let return_pc = frame.code().offset_of(pc.0) + I::LEN;
    finish(cx, frame, dst, prepare_call(cx, base, 0, CallSite { delta: size, return_pc, dst, flags: 0 }))
}

/// Ends a read: stores what was found in register `dst`, or calls the getter.
#[inline(always)]
pub(super) fn give<I: Instr>(cx: &Context, frame: Frame, pc: Pc, got: Got, obj: Value, dst: u16) -> JsResult<Flow> {
    match got {
        Got::Value(v) => {
            frame.set(dst as usize, v);
            Ok(Flow::Next)
        }
        Got::Getter(getter) => call_getter::<I>(cx, frame, pc, getter, obj, dst),
    }
}

fn get_to<I: Instr>(
    cx: &Context,
    frame: Frame,
    pc: Pc,
    obj: Value,
    key: PropertyKey,
    slot: u32,
    dst: u16,
) -> JsResult<Flow> {
    let code = frame.code();
    let got = get_at_site(cx, code, code.site(slot as usize), obj, key)?;
    give::<I>(cx, frame, pc, got, obj, dst)
}

#[inline(never)]
pub fn get_named(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetNamed = pc.decode();
    let key = frame.code().key(i.name.0 as usize);
    get_to::<instr::GetNamed>(cx, frame, pc, frame.get(i.obj.0 as usize), key, i.slot.0, i.dst.0)
}

#[inline(never)]
pub fn get_length(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetLength = pc.decode();
    get_to::<instr::GetLength>(cx, frame, pc, frame.get(i.obj.0 as usize), cx.names().length, i.slot.0, i.dst.0)
}

#[inline(never)]
pub fn get_method_op(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::GetMethod = pc.decode();
    let obj = frame.get(i.obj.0 as usize);
    let key = frame.code().key(i.name.0 as usize);
    let flow = get_to::<instr::GetMethod>(cx, frame, pc, obj, key, i.slot.0, i.block.0)?;
    frame.set(i.block.0 as usize + frame::THIS, obj);
    Ok(flow)
}

/// A write of `key` at a site. `Ok(Some(setter))`: the setter is to be called.
fn set_at_site(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    obj: Value,
    key: PropertyKey,
    v: Value,
    strict: bool,
) -> JsResult<Option<Value>> {
    count(&cx.interp.statistics.ic_misses);
    let Some(object) = obj.as_object() else { return primitive_set(cx, obj, key, v, strict) };
    if cx.interp.no_ic {
        if !object.set(cx, key, v, obj)? && strict {
            return Err(cx.throw_refused_set(obj, key));
        }
        return Ok(None);
    }
    if site.stubs.get().is_cell() {
        match run_stubs(cx, site.stubs.get(), &[obj, v]) {
            Outcome::Done(_) => return Ok(None),
            Outcome::Setter(accessor) => return setter_of(cx, obj, key, accessor, strict),
            _ => {}
        }
    }
    let megamorphic = site.state.get() == SiteState::Megamorphic;
    if megamorphic {
        forget_useless_form(site, object);
        match megamorphic_set(cx, object, key, v) {
            Stored::Done => return Ok(None),
            Stored::Setter(accessor) => return setter_of(cx, obj, key, accessor, strict),
            Stored::Unknown => {}
        }
    }
    let shape = object.shape_id();
    let fact = find_set(cx, object, key);
    if megamorphic {
        cache_set(cx, shape, key, fact);
    } else {
        learn(site, || attach_set(cx, code, site, shape, fact));
    }
    match fact {
        SetFact::Own { location } => object.set_slot(cx, location, v),
        SetFact::Add { location, shape } => add_slot(cx, object, location, shape, v)?,
        SetFact::Setter { holder, location, .. } => return setter_of(cx, obj, key, holder.slot(location), strict),
        SetFact::Unknown => {
            if !object.set(cx, key, v, obj)? && strict {
                return Err(cx.throw_refused_set(obj, key));
            }
        }
    }
    Ok(None)
}

/// A write to a primitive, which only a setter of its prototypes can take. There are no stubs for it: the megamorphic cache knows setters.
fn primitive_set(cx: &Context, obj: Value, key: PropertyKey, v: Value, strict: bool) -> JsResult<Option<Value>> {
    if let Some(prototype) = prototype_of_primitive(cx, obj).filter(|_| !cx.interp.no_ic) {
        if let Stored::Setter(accessor) = megamorphic_primitive_set(cx, prototype, key) {
            return setter_of(cx, obj, key, accessor, strict);
        }
        let fact = find_set(cx, prototype, key);
        if let SetFact::Setter { holder, location, .. } = fact {
            cache_set(cx, prototype.shape_id(), key, fact);
            return setter_of(cx, obj, key, holder.slot(location), strict);
        }
    }
    cx.set_value(obj, key, v, strict)?;
    Ok(None)
}

/// Writes a new property, which gives the object `shape` and goes to `location`.
pub(super) fn add_slot(
    cx: &Context,
    object: Gc<Object>,
    location: SlotLocation,
    shape: Gc<Shape>,
    v: Value,
) -> JsResult<()> {
    if !location.is_inline() {
        object.ensure_slots(cx, location.index() + 1)?;
    }
    object.header.shape.set(shape.id(cx));
    object.set_slot(cx, location, v);
    Ok(())
}

pub(super) fn setter_of(
    cx: &Context,
    obj: Value,
    key: PropertyKey,
    accessor: Value,
    strict: bool,
) -> JsResult<Option<Value>> {
    match accessor.as_kind::<Accessor>(Kind::Accessor) {
        Some(pair) if !pair.setter.get().is_undefined() => Ok(Some(pair.setter.get())),
        _ if strict => Err(cx.throw_refused_set(obj, key)),
        _ => Ok(None),
    }
}

#[inline(never)]
pub fn set_named(cx: &Context, frame: Frame, pc: Pc) -> JsResult<Flow> {
    let i: instr::SetNamed = pc.decode();
    let code = frame.code();
    let (obj, v) = (frame.get(i.obj.0 as usize), frame.get(i.src.0 as usize));
    let key = code.key(i.name.0 as usize);
    match set_at_site(cx, code, code.site(i.slot.0 as usize), obj, key, v, i.strict.0 != 0)? {
        None => Ok(Flow::Next),
        Some(setter) => call_setter::<instr::SetNamed>(cx, frame, pc, setter, obj, v),
    }
}

/// Calls a setter; its result is dropped into the first register above the frame, which nobody reads.
pub(super) fn call_setter<I: Instr>(
    cx: &Context,
    frame: Frame,
    pc: Pc,
    setter: Value,
    this: Value,
    v: Value,
) -> JsResult<Flow> {
    let size = frame.size();
    let base = frame.offset(size);
    let Ok(dst) = u16::try_from(size) else {
        cx.call(setter, this, &[v])?;
        return Ok(Flow::Next);
    };
    if !cx.stack_has(base, frame::HEADER + 1) {
        return Err(cx.throw_stack_overflow());
    }
    base.set(frame::CALLEE, setter);
    base.set(frame::THIS, this);
    base.set(frame::HEADER, v);
    let return_pc = frame.code().offset_of(pc.0) + I::LEN;
    finish(cx, frame, dst, prepare_call(cx, base, 1, CallSite { delta: size, return_pc, dst, flags: 0 }))
}

// ---- delete, in, instanceof

#[inline(never)]
pub fn delete_named(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DeleteNamed = pc.decode();
    let key = frame.code().key(i.name.0 as usize);
    let obj = frame.get(i.obj.0 as usize);
    let code = frame.code();
    let done = delete_at_site(cx, code, code.site(i.slot.0 as usize), obj, key, false, i.strict.0 != 0)?;
    frame.set(i.dst.0 as usize, Value::boolean(done));
    Ok(())
}

/// `delete obj.key` or `delete obj[key]` at a site.
fn delete_at_site(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    obj: Value,
    key: PropertyKey,
    keyed: bool,
    strict: bool,
) -> JsResult<bool> {
    let Some(object) = obj.as_object().filter(|_| !cx.interp.no_ic && !key.is_index()) else {
        return delete(cx, obj, key, strict);
    };
    if site.stubs.get().is_cell() {
        let inputs = [obj, Value::from_bits(key.bits())];
        if let Outcome::Done(_) = run_stubs(cx, site.stubs.get(), &inputs[..1 + usize::from(keyed)]) {
            return Ok(true);
        }
    }
    if site.state.get() != SiteState::Megamorphic {
        let fact = find_delete(cx, object, key);
        if !matches!(fact, DeleteFact::Unknown) {
            let shape = object.shape_id();
            learn(site, || attach_delete(cx, code, site, shape, key, keyed, fact));
        }
    }
    delete(cx, obj, key, strict)
}

#[inline(never)]
pub fn delete_elem(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DeleteElem = pc.decode();
    let obj = frame.get(i.obj.0 as usize);
    if obj.is_nullish() {
        let v = cx.describe(obj);
        return Err(cx.throw_type(format_args!("Cannot convert {v} to object")));
    }
    let key = cx.to_property_key(frame.get(i.key.0 as usize))?;
    let code = frame.code();
    let (site, obj) = (code.site(i.slot.0 as usize), frame.get(i.obj.0 as usize));
    let done = delete_at_site(cx, code, site, obj, key, true, i.strict.0 != 0)?;
    frame.set(i.dst.0 as usize, Value::boolean(done));
    Ok(())
}

/// The `delete` operator on a property reference (§13.5.1.2).
fn delete(cx: &Context, obj: Value, key: PropertyKey, strict: bool) -> JsResult<bool> {
    let object = cx.to_object(obj)?;
    let done = object.delete(cx, key)?;
    if !done && strict {
        let (text, shown) = (key.display(cx), cx.describe(obj));
        return Err(cx.throw_type(format_args!("Cannot delete property '{text}' of {shown}")));
    }
    Ok(done)
}

#[inline(never)]
pub fn has_in(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::In = pc.decode();
    let obj = frame.get(i.obj.0 as usize);
    let index = frame.get(i.key.0 as usize);
    if index.is_int32()
        && index.as_int32() >= 0
        && let Some(object) = obj.as_object()
        && let Some(found) = has_element(cx, object, index.as_int32() as u32)
    {
        frame.set(i.dst.0 as usize, Value::boolean(found));
        return Ok(());
    }
    if !obj.is_object() {
        let (key, v) = (frame.get(i.key.0 as usize), cx.describe(obj));
        let key = if key.is_string() { cx.describe(key).trim_matches('"').to_string() } else { cx.describe(key) };
        return Err(cx.throw_type(format_args!("Cannot use 'in' operator to search for '{key}' in {v}")));
    }
    let key = cx.to_property_key(frame.get(i.key.0 as usize))?;
    let object = frame.get(i.obj.0 as usize).as_object().expect("checked above");
    let found = match key.is_index() || cx.interp.no_ic {
        true => object.has_property(cx, key)?,
        false => {
            let code = frame.code();
            has_at_site(cx, code, code.site(i.slot.0 as usize), object, key)?
        }
    };
    frame.set(i.dst.0 as usize, Value::boolean(found));
    Ok(())
}

/// `key in object` at a site.
fn has_at_site(cx: &Context, code: Gc<CodeBlock>, site: &Site, object: Gc<Object>, key: PropertyKey) -> JsResult<bool> {
    if site.stubs.get().is_cell()
        && let Outcome::Done(found) = run_stubs(cx, site.stubs.get(), &[object.into(), Value::from_bits(key.bits())])
    {
        return Ok(found.is_true());
    }
    if site.state.get() == SiteState::Megamorphic {
        if let Some(found) = has_by_cache(cx, object, key) {
            return Ok(found);
        }
        cache_get(cx, object, key, find_get(cx, object, key));
    } else {
        let fact = find_get(cx, object, key);
        learn(site, || attach_has(cx, code, site, object, key, fact));
    }
    object.has_property(cx, key)
}

/// Whether the property is there, if the megamorphic cache knows.
fn has_by_cache(cx: &Context, object: Gc<Object>, key: PropertyKey) -> Option<bool> {
    let state = &cx.interp;
    let hit = state.megamorphic.get(object.shape_id(), key, Access::Get, state.proto_epoch.get())?;
    count(&state.statistics.megamorphic_hits);
    Some(hit.loc.form() != Form::Missing)
}

/// Whether the object `prototype` is on `v`'s chain; `None` if a proxy is.
pub fn has_prototype(cx: &Context, v: Value, prototype: Value) -> Option<bool> {
    let Some(mut object) = v.as_object() else { return Some(false) };
    loop {
        if object.kind() == Kind::Proxy {
            return None;
        }
        match object.shape(cx).prototype() {
            None => return Some(false),
            Some(p) if Value::from(p) == prototype => return Some(true),
            Some(p) => object = p,
        }
    }
}

/// A read of a property of an object by the megamorphic cache, or by shapes, or generically.
pub fn get_by_cache(cx: &Context, object: Gc<Object>, key: PropertyKey) -> JsResult<Value> {
    if cx.interp.no_ic {
        return object.get(cx, key);
    }
    let v = megamorphic_get(cx, object, key);
    if !v.is_empty() {
        return Ok(v);
    }
    let fact = find_get(cx, object, key);
    cache_get(cx, object, key, fact);
    match fact {
        GetFact::Slot { holder, location, .. } => Ok(holder.slot(location)),
        GetFact::Missing => Ok(Value::UNDEFINED),
        _ => object.get(cx, key),
    }
}

/// InstanceofOperator (§13.10.2).
pub fn instanceof(cx: &Context, v: Value, target: Value) -> JsResult<bool> {
    let Some(object) = target.as_object() else {
        return Err(cx.throw_type(format_args!("Right-hand side of 'instanceof' is not an object")));
    };
    let handler = get_by_cache(cx, object, cx.names().symbol_has_instance)?;
    if cx.is_library_function(handler, Intrinsic::FunctionPrototype, names::SYMBOL_HAS_INSTANCE) {
        if object.kind() == Kind::Function {
            let prototype = get_by_cache(cx, object, cx.names().prototype)?;
            if prototype.is_object()
                && let Some(found) = has_prototype(cx, v, prototype)
            {
                return Ok(found);
            }
        }
        return cx.ordinary_has_instance(target, v);
    }
    if !handler.is_nullish() {
        return Ok(cx.call(handler, target, &[v])?.to_boolean());
    }
    if !object.is_callable() {
        return Err(cx.throw_type(format_args!("Right-hand side of 'instanceof' is not callable")));
    }
    cx.ordinary_has_instance(target, v)
}

/// `v instanceof target` by the site's stubs; attaches one where that is possible.
fn instanceof_at_site(cx: &Context, code: Gc<CodeBlock>, site: &Site, v: Value, target: Value) -> Option<bool> {
    let function = target.as_kind::<Object>(Kind::Function)?;
    if cx.interp.no_ic || site.state.get() == SiteState::Megamorphic {
        return None;
    }
    if site.stubs.get().is_cell()
        && let Outcome::Done(found) = run_stubs(cx, site.stubs.get(), &[target, v])
    {
        return Some(found.is_true());
    }
    // The handler must be one that stays what it is: found in a prototype, where it is neither writable nor configurable.
    let key = cx.names().symbol_has_instance;
    let GetFact::Slot { holder, hops: 1.., location } = find_get(cx, function, key) else { return None };
    let fixed = holder.shape(cx).lookup(cx, key).is_some_and(|e| !e.has(WRITABLE) && !e.has(CONFIGURABLE));
    let handler = holder.slot(location);
    if !fixed || !cx.is_library_function(handler, Intrinsic::FunctionPrototype, names::SYMBOL_HAS_INSTANCE) {
        return None;
    }
    let GetFact::Slot { hops: 0, location, .. } = find_get(cx, function, cx.names().prototype) else { return None };
    learn(site, || attach_instanceof(cx, code, site, function, location));
    None
}

#[inline(never)]
pub fn instance_of(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::InstanceOf = pc.decode();
    let (v, target) = (frame.get(i.a.0 as usize), frame.get(i.b.0 as usize));
    let code = frame.code();
    let r = match instanceof_at_site(cx, code, code.site(i.slot.0 as usize), v, target) {
        Some(found) => found,
        None => instanceof(cx, v, target)?,
    };
    frame.set(i.dst.0 as usize, Value::boolean(r));
    Ok(())
}
