//! Attaching: from an access that missed to a stub that will hit the next one.
//!
//! First comes a *fact*: where a property is, found by walking shapes without running script ([`find_get`], [`find_set`]). A fact
//! becomes an entry of the megamorphic cache, or a stub with its decoded form. Facts about unique shapes mark those shapes, so
//! that a later structural change gives them a new id.

use super::megamorphic::{Access, Hit, Manner};
use super::stub::{Decoded, IcStub};
use super::writer::IcWriter;
use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::feedback::{Form, Loc, MAX_ATTACHES, MAX_STUBS, Site, SiteState};
use crate::interp::state::count;
use crate::key::PropertyKey;
use crate::object::{Object, Slots};
use crate::shape::{self, ACCESSOR, LAZY, Shape, SlotLocation};
use crate::tier;
use crate::value::Value;

/// Longest chain of prototypes that a fact is made about.
const MAX_HOPS: u32 = 32;

/// Where a read finds its value.
#[derive(Clone, Copy)]
pub enum GetFact {
    /// In the receiver, or `hops` prototypes up in `holder`.
    Slot { holder: Gc<Object>, hops: u32, location: SlotLocation },
    /// The slot holds an accessor pair.
    Accessor { holder: Gc<Object>, hops: u32, location: SlotLocation },
    /// Nowhere: undefined.
    Missing,
    /// The length of an array.
    ArrayLength,
    /// Only the generic operation knows.
    Unknown,
}

/// Where a write goes.
#[derive(Clone, Copy)]
pub enum SetFact {
    /// Into the receiver's slot.
    Own {
        location: SlotLocation,
    },
    /// Into a new slot of the receiver, which gets another shape.
    Add {
        location: SlotLocation,
        shape: Gc<Shape>,
    },
    /// To a setter, in the receiver or `hops` prototypes up.
    Setter {
        holder: Gc<Object>,
        hops: u32,
        location: SlotLocation,
    },
    Unknown,
}

/// Whether named properties of objects of this kind are what their shape says, for this key.
fn shape_tells(kind: Kind, key: PropertyKey) -> bool {
    !kind.has_exotic_names() || kind == Kind::TypedArray && key.is_symbol()
}

/// Looks `key` up from `object` on, by shapes alone.
pub fn find_get(cx: &Context, object: Gc<Object>, key: PropertyKey) -> GetFact {
    let mut holder = object;
    for hops in 0..MAX_HOPS {
        let shape = holder.shape(cx);
        let kind = shape.object_kind();
        if !shape_tells(kind, key) && (kind != Kind::TypedArray || !is_plain_name(cx, key)) {
            return GetFact::Unknown;
        }
        if kind.has_own_length() && key == cx.names().length {
            return if hops == 0 && kind == Kind::Array { GetFact::ArrayLength } else { GetFact::Unknown };
        }
        if let Some(entry) = shape.lookup(cx, key) {
            shape.mark_cached();
            return if entry.has(LAZY) {
                GetFact::Unknown
            } else if entry.has(ACCESSOR) {
                GetFact::Accessor { holder, hops, location: entry.location }
            } else {
                GetFact::Slot { holder, hops, location: entry.location }
            };
        }
        shape.mark_cached();
        match shape.prototype() {
            Some(prototype) => holder = prototype,
            None => return GetFact::Missing,
        }
    }
    GetFact::Unknown
}

/// Whether a typed array treats the name as any object does: it begins with a small letter, so it is no canonical numeric string.
fn is_plain_name(cx: &Context, key: PropertyKey) -> bool {
    key.as_name().is_some_and(|name| {
        !name.is_empty() && name.char_at(cx, 0).is_ok_and(|c| (b'a' as u16..=b'z' as u16).contains(&c))
    })
}

/// Looks up where an assignment of `key` to `object` goes, by shapes alone.
pub fn find_set(cx: &Context, object: Gc<Object>, key: PropertyKey) -> SetFact {
    let receiver = object.shape(cx);
    let kind = receiver.object_kind();
    if !shape_tells(kind, key) || kind.has_own_length() && key == cx.names().length {
        return SetFact::Unknown;
    }
    if let Some(entry) = receiver.lookup(cx, key) {
        receiver.mark_cached();
        return if entry.is_plain_writable() {
            SetFact::Own { location: entry.location }
        } else if entry.has(ACCESSOR) && !entry.has(LAZY) {
            SetFact::Setter { holder: object, hops: 0, location: entry.location }
        } else {
            SetFact::Unknown
        };
    }
    let mut next = receiver.prototype();
    let mut hops = 1;
    while let Some(holder) = next {
        let shape = holder.shape(cx);
        if hops > MAX_HOPS
            || !shape_tells(shape.object_kind(), key)
            || shape.object_kind().has_own_length() && key == cx.names().length
        {
            return SetFact::Unknown;
        }
        if let Some(entry) = shape.lookup(cx, key) {
            shape.mark_cached();
            if entry.has(LAZY) {
                return SetFact::Unknown;
            }
            if entry.has(ACCESSOR) {
                return SetFact::Setter { holder, hops, location: entry.location };
            }
            if !entry.has(shape::WRITABLE) {
                return SetFact::Unknown;
            }
            break;
        }
        shape.mark_cached();
        next = shape.prototype();
        hops += 1;
    }
    find_add(cx, receiver, key)
}

/// The shape that an object of `shape` gets by a new plain property.
pub fn find_add(cx: &Context, shape: Gc<Shape>, key: PropertyKey) -> SetFact {
    if shape.is_unique() || !shape.is_extensible() {
        return SetFact::Unknown;
    }
    let new = shape.add_transition(cx, key, shape::DEFAULT);
    if new.is_unique() {
        return SetFact::Unknown;
    }
    match new.lookup(cx, key) {
        Some(entry) => SetFact::Add { location: entry.location, shape: new },
        None => SetFact::Unknown,
    }
}

/// What deleting a property does.
#[derive(Clone, Copy)]
pub enum DeleteFact {
    /// Nothing: it is not there.
    Absent,
    /// It is the one that was added last: the object gets its former shape.
    Last {
        location: SlotLocation,
        shape: Gc<Shape>,
    },
    Unknown,
}

/// What `delete object[key]` does, by shapes alone. All answers but `Unknown` mean true.
pub fn find_delete(cx: &Context, object: Gc<Object>, key: PropertyKey) -> DeleteFact {
    let shape = object.shape(cx);
    let kind = shape.object_kind();
    if shape.is_unique() || !shape_tells(kind, key) || kind.has_own_length() && key == cx.names().length {
        return DeleteFact::Unknown;
    }
    let Some(entry) = shape.lookup(cx, key) else { return DeleteFact::Absent };
    if !entry.has(shape::CONFIGURABLE) || entry.has(LAZY) || entry.has(shape::WATCHED) {
        return DeleteFact::Unknown;
    }
    match (shape.added(), shape.parent()) {
        (Some((added, _)), Some(parent)) if added == key && !parent.is_unique() => {
            DeleteFact::Last { location: entry.location, shape: parent }
        }
        _ => DeleteFact::Unknown,
    }
}

/// Attaches a stub for `delete object.key`, or for `delete object[key]` if `keyed`. `shape`: the object's before that.
pub fn attach_delete(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    shape: u32,
    key: PropertyKey,
    keyed: bool,
    fact: DeleteFact,
) {
    // Inputs: object, and perhaps the key.
    let mut w = IcWriter::new(1 + u8::from(keyed));
    guard_receiver(&mut w, shape);
    let word = if keyed { Value::from_bits(key.bits()) } else { Value::EMPTY };
    if keyed {
        let cell = w.cell(word);
        w.GuardCell(1, cell);
    }
    match fact {
        DeleteFact::Absent => {
            w.LoadBoolean(1);
        }
        DeleteFact::Last { location, shape } => {
            let shape = w.shape(shape.id(cx));
            if location.is_inline() {
                let offset = w.word(inline_offset(location));
                w.RemoveInlineSlot(0, offset, shape);
            } else {
                let offset = w.word(slots_offset(location));
                w.RemoveOutOfLineSlot(0, offset, shape);
            }
        }
        DeleteFact::Unknown => return,
    }
    attach(cx, code, site, &w, Decoded { guard: shape, cell: word, ..Decoded::NONE });
}

/// The decoded location of an own slot.
fn own_loc(location: SlotLocation) -> Loc {
    if location.is_inline() {
        Loc::new(Form::OwnInline, inline_offset(location))
    } else {
        Loc::new(Form::OwnOutOfLine, slots_offset(location))
    }
}

/// Byte offset from the object's start.
fn inline_offset(location: SlotLocation) -> u32 {
    location.index() as u32 * 8
}

/// Byte offset from the slots' start.
fn slots_offset(location: SlotLocation) -> u32 {
    (size_of::<Slots>() + location.index() * 8) as u32
}

fn holder_loc(location: SlotLocation) -> Loc {
    if location.is_inline() {
        Loc::new(Form::HolderInline, inline_offset(location))
    } else {
        Loc::new(Form::HolderOutOfLine, slots_offset(location))
    }
}

/// Notes a read in the megamorphic cache.
pub fn cache_get(cx: &Context, object: Gc<Object>, key: PropertyKey, fact: GetFact) {
    let state = &cx.interp;
    let epoch = state.proto_epoch.get();
    let (hit, epoch) = match fact {
        GetFact::Slot { hops: 0, location, .. } => (Hit::plain(own_loc(location), 0), 0),
        GetFact::Slot { hops, location, .. } => (Hit::plain(own_loc(location), hops as u8), epoch),
        GetFact::Accessor { hops, location, .. } => accessor_hit(hops, location, epoch),
        GetFact::Missing => (Hit::plain(Loc::new(Form::Missing, 0), 0), epoch),
        GetFact::ArrayLength | GetFact::Unknown => return,
    };
    state.megamorphic.put(object.shape_id(), key, Access::Get, epoch, hit);
}

/// The entry for an accessor pair, and the epoch that it depends on.
fn accessor_hit(hops: u32, location: SlotLocation, epoch: u32) -> (Hit, u32) {
    let hit = Hit { manner: Manner::Accessor, ..Hit::plain(own_loc(location), hops as u8) };
    (hit, if hops == 0 { 0 } else { epoch })
}

/// Notes a write in the megamorphic cache. `shape`: the receiver's before the write.
pub fn cache_set(cx: &Context, shape: u32, key: PropertyKey, fact: SetFact) {
    let state = &cx.interp;
    let epoch = state.proto_epoch.get();
    let (hit, epoch) = match fact {
        SetFact::Own { location } => (Hit::plain(own_loc(location), 0), 0),
        SetFact::Setter { hops, location, .. } => accessor_hit(hops, location, epoch),
        // It is the prototypes that would have a setter, or forbid it.
        SetFact::Add { location, shape: new } => {
            (Hit { manner: Manner::Add, new_shape: new.id(cx), ..Hit::plain(own_loc(location), 0) }, epoch)
        }
        SetFact::Unknown => return,
    };
    state.megamorphic.put(shape, key, Access::Set, epoch, hit);
}

/// Notes where a private field is in objects of this shape, which is shared by many: as the decoded form of the site, with the field's name in
/// `cell`, and in the megamorphic cache.
pub fn attach_private(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    object: Gc<Object>,
    key: PropertyKey,
    access: Access,
) {
    let shape = object.shape(cx);
    if cx.interp.no_ic || shape.is_unique() {
        return;
    }
    let Some(entry) = shape.lookup(cx, key) else { return };
    let (id, loc, name) = (object.shape_id(), own_loc(entry.location), Value::from_bits(key.bits()));
    site.guard.set(id);
    site.loc.set(loc);
    site.cell.set(name);
    cx.write_barrier(code.header_ptr(), name);
    cx.interp.megamorphic.put(id, key, access, 0, Hit::plain(loc, 0));
}

/// What the megamorphic cache knows of a read.
pub enum Found {
    Value(Value),
    /// The getter of this accessor pair is to be called.
    Accessor(Value),
}

/// What the megamorphic cache did of a write.
pub enum Stored {
    Done,
    /// The setter of this accessor pair is to be called.
    Setter(Value),
    Unknown,
}

/// A read in the megamorphic cache.
#[inline]
pub fn megamorphic_find(cx: &Context, object: Gc<Object>, key: PropertyKey) -> Option<Found> {
    let state = &cx.interp;
    let Some(hit) = state.megamorphic.get(object.shape_id(), key, Access::Get, state.proto_epoch.get()) else {
        count(&state.statistics.megamorphic_misses);
        return None;
    };
    count(&state.statistics.megamorphic_hits);
    if hit.loc.form() == Form::Missing {
        return Some(Found::Value(Value::UNDEFINED));
    }
    let v = super::interpret::load(holder_of_hit(cx, object, hit)?, hit.loc);
    Some(if hit.manner == Manner::Accessor { Found::Accessor(v) } else { Found::Value(v) })
}

/// The object that has the location.
fn holder_of_hit(cx: &Context, object: Gc<Object>, hit: Hit) -> Option<Gc<Object>> {
    let mut holder = object;
    for _ in 0..hit.hops {
        holder = holder.shape(cx).prototype()?;
    }
    Some(holder)
}

/// A read of a value in the megamorphic cache; empty for everything else.
#[inline]
pub fn megamorphic_get(cx: &Context, object: Gc<Object>, key: PropertyKey) -> Value {
    match megamorphic_find(cx, object, key) {
        Some(Found::Value(v)) => v,
        _ => Value::EMPTY,
    }
}

/// A write in the megamorphic cache.
#[inline]
pub fn megamorphic_set(cx: &Context, object: Gc<Object>, key: PropertyKey, value: Value) -> Stored {
    let state = &cx.interp;
    let Some(hit) = state.megamorphic.get(object.shape_id(), key, Access::Set, state.proto_epoch.get()) else {
        count(&state.statistics.megamorphic_misses);
        return Stored::Unknown;
    };
    count(&state.statistics.megamorphic_hits);
    match hit.manner {
        Manner::Plain => super::interpret::store(cx, object, hit.loc, value),
        Manner::Accessor => {
            let Some(holder) = holder_of_hit(cx, object, hit) else { return Stored::Unknown };
            return Stored::Setter(super::interpret::load(holder, hit.loc));
        }
        Manner::Add if hit.loc.is_own_inline() => {
            super::interpret::add_inline(cx, object, hit.new_shape, hit.loc.index(), value);
        }
        Manner::Add => {
            if !super::interpret::add_out_of_line(cx, object, hit.new_shape, hit.loc.index(), value) {
                return Stored::Unknown;
            }
        }
    }
    Stored::Done
}

/// Operand 0: the receiver, guarded by its shape.
fn guard_receiver(w: &mut IcWriter, shape: u32) {
    let id = w.shape(shape);
    w.GuardObject(0).GuardShape(0, id);
}

/// Operand 0 as [`guard_receiver`]; operand 1: the key, whose value it gives.
fn guard_receiver_and_key(w: &mut IcWriter, shape: u32, key: PropertyKey) -> Value {
    guard_receiver(w, shape);
    let key = Value::from_bits(key.bits());
    let cell = w.cell(key);
    w.GuardCell(1, cell);
    key
}

fn guard_prototypes(cx: &Context, w: &mut IcWriter) -> u32 {
    let epoch = cx.interp.proto_epoch.get();
    let word = w.word(epoch);
    w.GuardPrototypes(word);
    epoch
}

/// The operand for the holder: the receiver, or a cell `hops` up.
fn holder_operand(cx: &Context, w: &mut IcWriter, holder: Gc<Object>, hops: u32) -> u8 {
    if hops == 0 {
        return 0;
    }
    guard_prototypes(cx, w);
    let result = w.define();
    let cell = w.cell(holder.into());
    w.UseCell(result, cell);
    result
}

fn read_slot(w: &mut IcWriter, holder: u8, location: SlotLocation) -> u8 {
    let result = w.define();
    if location.is_inline() {
        let offset = w.word(inline_offset(location));
        w.ReadInlineSlot(result, holder, offset);
    } else {
        let offset = w.word(slots_offset(location));
        w.ReadOutOfLineSlot(result, holder, offset);
    }
    result
}

/// Whether the accessor's getter is the library's `length` of typed arrays.
fn is_typed_length(accessor: Value) -> bool {
    accessor
        .as_kind::<crate::object::Accessor>(Kind::Accessor)
        .and_then(|pair| pair.getter.get().as_kind::<crate::function::NativeFunction>(Kind::NativeFunction))
        .is_some_and(|getter| getter.fast_native() == crate::fast_native::FastNative::TypedArrayLength)
}

/// Attaches a stub for a read of a constant name. `object`'s shape is the one that was looked at.
pub fn attach_get(cx: &Context, code: Gc<CodeBlock>, site: &Site, object: Gc<Object>, fact: GetFact) {
    let shape = object.shape_id();
    let epoch = cx.interp.proto_epoch.get();
    let mut w = IcWriter::new(1);
    guard_receiver(&mut w, shape);
    let decoded = match fact {
        GetFact::Slot { holder, hops, location } => {
            let from = holder_operand(cx, &mut w, holder, hops);
            if location.is_inline() {
                let offset = w.word(inline_offset(location));
                w.LoadInlineSlot(from, offset);
            } else {
                let offset = w.word(slots_offset(location));
                w.LoadOutOfLineSlot(from, offset);
            }
            if hops == 0 {
                Decoded { guard: shape, loc: own_loc(location), cell: Value::EMPTY, aux: 0 }
            } else {
                Decoded { guard: shape, loc: holder_loc(location), cell: holder.into(), aux: epoch }
            }
        }
        GetFact::Accessor { holder, hops, location } => {
            if object.kind() == Kind::TypedArray && is_typed_length(holder.slot(location)) {
                guard_prototypes(cx, &mut w);
                w.LoadTypedLength(0);
                Decoded { guard: shape, loc: Loc::new(Form::TypedArrayLength, 0), cell: Value::EMPTY, aux: epoch }
            } else {
                let from = holder_operand(cx, &mut w, holder, hops);
                let accessor = read_slot(&mut w, from, location);
                w.CallGetter(0, accessor);
                Decoded { guard: shape, ..Decoded::NONE }
            }
        }
        GetFact::Missing => {
            guard_prototypes(cx, &mut w);
            w.LoadUndefined();
            Decoded { guard: shape, loc: Loc::new(Form::Missing, 0), cell: Value::EMPTY, aux: epoch }
        }
        GetFact::ArrayLength => {
            w.LoadArrayLength(0);
            Decoded { guard: shape, loc: Loc::new(Form::ArrayLength, 0), cell: Value::EMPTY, aux: 0 }
        }
        GetFact::Unknown => return,
    };
    attach(cx, code, site, &w, decoded);
}

/// Attaches a stub for `key in object` with the answer that shapes give.
pub fn attach_has(cx: &Context, code: Gc<CodeBlock>, site: &Site, object: Gc<Object>, key: PropertyKey, fact: GetFact) {
    let shape = object.shape_id();
    // Inputs: object, key.
    let mut w = IcWriter::new(2);
    let word = guard_receiver_and_key(&mut w, shape, key);
    let (depends, found) = match fact {
        GetFact::Slot { hops, .. } | GetFact::Accessor { hops, .. } => (hops > 0, true),
        GetFact::Missing => (true, false),
        GetFact::ArrayLength | GetFact::Unknown => return,
    };
    if depends {
        guard_prototypes(cx, &mut w);
    }
    w.LoadBoolean(u8::from(found));
    attach(cx, code, site, &w, Decoded { guard: shape, cell: word, ..Decoded::NONE });
}

/// Attaches a stub for `#key in object`: private elements are own ones, of which a shape says whether they are there.
pub fn attach_has_private(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    object: Gc<Object>,
    key: PropertyKey,
    found: bool,
) {
    let shape = object.shape_id();
    // Inputs: object, key.
    let mut w = IcWriter::new(2);
    let word = guard_receiver_and_key(&mut w, shape, key);
    w.LoadBoolean(u8::from(found));
    attach(cx, code, site, &w, Decoded { guard: shape, cell: word, ..Decoded::NONE });
}

/// Attaches a stub for a read of `super.key`. `base`: where the lookup begins; a getter is called with another receiver.
pub fn attach_super_get(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    base: Gc<Object>,
    key: PropertyKey,
    fact: GetFact,
) {
    let shape = base.shape_id();
    // Inputs: base, key, receiver.
    let mut w = IcWriter::new(3);
    let word = guard_receiver_and_key(&mut w, shape, key);
    match fact {
        GetFact::Slot { holder, hops, location } => {
            let from = holder_operand(cx, &mut w, holder, hops);
            if location.is_inline() {
                let offset = w.word(inline_offset(location));
                w.LoadInlineSlot(from, offset);
            } else {
                let offset = w.word(slots_offset(location));
                w.LoadOutOfLineSlot(from, offset);
            }
        }
        GetFact::Accessor { holder, hops, location } => {
            let from = holder_operand(cx, &mut w, holder, hops);
            let accessor = read_slot(&mut w, from, location);
            w.CallGetter(2, accessor);
        }
        GetFact::Missing => {
            guard_prototypes(cx, &mut w);
            w.LoadUndefined();
        }
        GetFact::ArrayLength | GetFact::Unknown => return,
    }
    attach(cx, code, site, &w, Decoded { guard: shape, cell: word, ..Decoded::NONE });
}

/// Attaches a stub for `value instanceof target`, where the function `target` inherits the original @@hasInstance, which cannot be
/// replaced, and has its prototype in an own slot.
pub fn attach_instanceof(cx: &Context, code: Gc<CodeBlock>, site: &Site, target: Gc<Object>, prototype: SlotLocation) {
    let shape = target.shape_id();
    // Inputs: target, value.
    let mut w = IcWriter::new(2);
    guard_receiver(&mut w, shape);
    guard_prototypes(cx, &mut w);
    let prototype = read_slot(&mut w, 0, prototype);
    w.GuardObject(prototype).HasPrototype(1, prototype);
    attach(cx, code, site, &w, Decoded { guard: shape, ..Decoded::NONE });
}

/// Attaches a stub for a read from a string, whose prototype chain begins with `prototype`.
pub fn attach_string_get(cx: &Context, code: Gc<CodeBlock>, site: &Site, prototype: Gc<Object>, fact: GetFact) {
    let GetFact::Slot { holder, location, .. } = fact else { return };
    prototype.shape(cx).mark_cached();
    let mut w = IcWriter::new(1);
    w.GuardString(0);
    let from = holder_operand(cx, &mut w, holder, 1);
    let (form, index) = if location.is_inline() {
        let offset = w.word(inline_offset(location));
        w.LoadInlineSlot(from, offset);
        (Form::StringHolderInline, inline_offset(location))
    } else {
        let offset = w.word(slots_offset(location));
        w.LoadOutOfLineSlot(from, offset);
        (Form::StringHolderOutOfLine, slots_offset(location))
    };
    let aux = cx.interp.proto_epoch.get();
    attach(cx, code, site, &w, Decoded { guard: 0, loc: Loc::new(form, index), cell: holder.into(), aux });
}

/// Attaches a stub for a write (or a definition) of a constant name. `shape`: the receiver's before the write.
pub fn attach_set(cx: &Context, code: Gc<CodeBlock>, site: &Site, shape: u32, fact: SetFact) {
    let epoch = cx.interp.proto_epoch.get();
    // Inputs: receiver, value.
    let mut w = IcWriter::new(2);
    guard_receiver(&mut w, shape);
    let decoded = match fact {
        SetFact::Own { location } => {
            if location.is_inline() {
                let offset = w.word(inline_offset(location));
                w.StoreInlineSlot(0, offset, 1);
            } else {
                let offset = w.word(slots_offset(location));
                w.StoreOutOfLineSlot(0, offset, 1);
            }
            Decoded { guard: shape, loc: own_loc(location), cell: Value::EMPTY, aux: 0 }
        }
        SetFact::Add { location, shape: new } => {
            guard_prototypes(cx, &mut w);
            let id = new.id(cx);
            let new_shape = w.shape(id);
            let loc = if location.is_inline() {
                let offset = w.word(inline_offset(location));
                w.AddInlineSlot(0, offset, new_shape, 1);
                Loc::new(Form::AddInline, inline_offset(location))
            } else {
                let offset = w.word(slots_offset(location));
                w.AddOutOfLineSlot(0, offset, new_shape, 1);
                Loc::new(Form::AddOutOfLine, slots_offset(location))
            };
            Decoded { guard: shape, loc, cell: Value::int32(id as i32), aux: epoch }
        }
        SetFact::Setter { holder, hops, location } => {
            let from = holder_operand(cx, &mut w, holder, hops);
            let accessor = read_slot(&mut w, from, location);
            w.CallSetter(0, accessor, 1);
            Decoded { guard: shape, ..Decoded::NONE }
        }
        SetFact::Unknown => return,
    };
    attach(cx, code, site, &w, decoded);
}

/// Whether a new stub of this form makes `stub` superfluous: it answers for the same receivers, and (where the key is no constant)
/// for the same key, which such stubs have in `cell`.
fn replaces(stub: Gc<IcStub>, decoded: &Decoded) -> bool {
    let has_form = stub.loc.get() != Loc::NONE || decoded.loc != Loc::NONE;
    stub.guarded_shape() == decoded.guard && (has_form || stub.cell.get() == decoded.cell)
}

/// Adds the stub to the site's list, replacing one for the same shape; or makes the site megamorphic.
pub fn attach(cx: &Context, code: Gc<CodeBlock>, site: &Site, w: &IcWriter, decoded: Decoded) {
    let statistics = &cx.interp.statistics;
    site.misses.set(site.misses.get().saturating_add(1));
    if site.misses.get() > MAX_ATTACHES {
        return make_megamorphic(cx, site);
    }
    // Unlink the stub that this one replaces, and count the others.
    let mut others = 0;
    let mut previous: Option<Gc<IcStub>> = None;
    let mut next = site.stubs.get().as_kind::<IcStub>(Kind::IcStub);
    while let Some(stub) = next {
        next = stub.next_stub();
        if stub.dead.get() || replaces(stub, &decoded) {
            match previous {
                Some(p) => {
                    p.next.set(stub.next.get());
                    cx.write_barrier(p.header_ptr(), stub.next.get());
                }
                None => site.stubs.set(stub.next.get()),
            }
        } else {
            others += 1;
            previous = Some(stub);
        }
    }
    if others >= MAX_STUBS {
        return make_megamorphic(cx, site);
    }
    let stub = cx.new_stub(w, decoded, site.stubs.get());
    tier::stub_attached(cx, stub);
    site.stubs.set(stub.into());
    site.state.set(if others == 0 { SiteState::Monomorphic } else { SiteState::Polymorphic });
    // The newest stub is what the handler checks first.
    if decoded.loc != Loc::NONE && !cx.options.count_ic_hits {
        site.guard.set(decoded.guard);
        site.loc.set(decoded.loc);
        site.cell.set(decoded.cell);
        site.aux.set(decoded.aux);
    }
    cx.write_barrier(code.header_ptr(), stub.into());
    cx.write_barrier(code.header_ptr(), decoded.cell);
    count(&statistics.ic_attached);
}

/// From now on the site uses the megamorphic cache, behind the decoded form that it has: one shape may be commoner than all others.
#[cold]
pub fn make_megamorphic(cx: &Context, site: &Site) {
    if site.state.get() != SiteState::Megamorphic {
        count(&cx.interp.statistics.ic_megamorphic_sites);
        site.state.set(SiteState::Megamorphic);
    }
    site.stubs.set(Value::EMPTY);
}
