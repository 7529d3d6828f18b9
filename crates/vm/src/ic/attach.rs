//! Attaching: from an access that missed to a stub that will hit the next one.
//!
//! First comes a *fact*: where a property is, found by walking shapes without running script ([`super::facts`]). A fact
//! becomes an entry of the megamorphic cache, or a stub with its decoded form.

use super::facts::{DeleteFact, GetFact, SetFact, SuperSetFact, find_set};
use super::megamorphic::{Access, Hit, Manner};
use super::stub::{Decoded, IcStub};
use super::writer::IcWriter;
use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::fast_native::FastNative;
use crate::feedback::{Form, Loc, MAX_ATTACHES, MAX_STUBS, Site, SiteState};
use crate::function::NativeFunction;
use crate::interp::state::count;
use crate::key::PropertyKey;
use crate::object::{Accessor, Object, Slots};
use crate::shape::{ACCESSOR, SlotLocation};
use crate::tier;
use crate::value::Value;

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

/// Notes in the megamorphic cache where an assignment of `super.key` goes, whose lookup begins at an object of shape `base`.
pub fn cache_super_set(cx: &Context, base: u32, key: PropertyKey, receiver: Value, fact: SuperSetFact) {
    let state = &cx.interp;
    let epoch = state.proto_epoch.get();
    let (hit, epoch) = match fact {
        SuperSetFact::Setter { hops, location, .. } => accessor_hit(hops, location, epoch),
        SuperSetFact::Receiver(_) => {
            if let Some(receiver) = receiver.as_object() {
                // What ordinary assignments do is the other half where they add or write an own property.
                cache_set(cx, receiver.shape_id(), key, find_set(cx, receiver, key));
            }
            (Hit::plain(Loc::NONE, 0), epoch)
        }
        SuperSetFact::Unknown => return,
    };
    state.megamorphic.put(base, key, Access::SuperSet, epoch, hit);
}

/// An assignment of `super.key` in the megamorphic cache.
pub fn megamorphic_super_set(
    cx: &Context,
    base: Gc<Object>,
    key: PropertyKey,
    receiver: Option<Gc<Object>>,
    value: Value,
) -> Stored {
    let state = &cx.interp;
    let Some(hit) = state.megamorphic.get(base.shape_id(), key, Access::SuperSet, state.proto_epoch.get()) else {
        count(&state.statistics.megamorphic_misses);
        return Stored::Unknown;
    };
    if hit.manner == Manner::Accessor {
        count(&state.statistics.megamorphic_hits);
        return accessor_of_hit(cx, base, hit);
    }
    // A setter of the receiver is not called by such an assignment.
    match receiver {
        Some(receiver) => megamorphic_store(cx, receiver, key, value, false),
        None => Stored::Unknown,
    }
}

/// The setter's pair for an assignment to a primitive whose prototype this is, in the megamorphic cache.
pub fn megamorphic_primitive_set(cx: &Context, prototype: Gc<Object>, key: PropertyKey) -> Stored {
    let state = &cx.interp;
    match state.megamorphic.get(prototype.shape_id(), key, Access::Set, state.proto_epoch.get()) {
        Some(hit) if hit.manner == Manner::Accessor => {
            count(&state.statistics.megamorphic_hits);
            accessor_of_hit(cx, prototype, hit)
        }
        _ => {
            count(&state.statistics.megamorphic_misses);
            Stored::Unknown
        }
    }
}

fn accessor_of_hit(cx: &Context, object: Gc<Object>, hit: Hit) -> Stored {
    match holder_of_hit(cx, object, hit) {
        Some(holder) => Stored::Setter(super::interpret::load(holder, hit.loc)),
        None => Stored::Unknown,
    }
}

/// Notes where a private element is in objects of this shape, which is shared by many: in the megamorphic cache; a field or method also as the decoded
/// form of the site, with its name in `cell`. An accessor pair has the half that the access asks for: pairs of one name and shape do not differ in that.
pub fn attach_private(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    object: Gc<Object>,
    key: PropertyKey,
    access: Access,
) {
    let shape = object.shape(cx);
    if cx.interp.no_ic {
        return;
    }
    let Some(entry) = shape.lookup(cx, key) else { return };
    shape.mark_cached();
    let (id, loc, name) = (object.shape_id(), own_loc(entry.location), Value::from_bits(key.bits()));
    let mut hit = Hit::plain(loc, 0);
    if entry.has(ACCESSOR) {
        hit.manner = Manner::Accessor;
    } else {
        site.guard.set(id);
        site.loc.set(loc);
        site.cell.set(name);
        cx.write_barrier(code.header_ptr(), name);
    }
    cx.interp.megamorphic.put(id, key, access, 0, hit);
}

/// The private field or method that the site's decoded form names, if it is for this object and name; else empty.
#[inline]
pub fn private_of_form(site: &Site, object: Gc<Object>, key: PropertyKey) -> Value {
    if site.cell.get().bits() == key.bits() && site.guard.get() == object.shape_id() {
        super::interpret::load(object, site.loc.get())
    } else {
        Value::EMPTY
    }
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
    megamorphic_store(cx, object, key, value, true)
}

/// `setters`: whether an entry for one is of use.
#[inline]
fn megamorphic_store(cx: &Context, object: Gc<Object>, key: PropertyKey, value: Value, setters: bool) -> Stored {
    let state = &cx.interp;
    let Some(hit) = state.megamorphic.get(object.shape_id(), key, Access::Set, state.proto_epoch.get()) else {
        count(&state.statistics.megamorphic_misses);
        return Stored::Unknown;
    };
    count(&state.statistics.megamorphic_hits);
    match hit.manner {
        Manner::Plain => super::interpret::store(cx, object, hit.loc, value),
        Manner::Accessor if setters => return accessor_of_hit(cx, object, hit),
        Manner::Accessor => return Stored::Unknown,
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

/// Ends the program with the holder's slot as its result.
fn load_slot(w: &mut IcWriter, holder: u8, location: SlotLocation) {
    if location.is_inline() {
        let offset = w.word(inline_offset(location));
        w.LoadInlineSlot(holder, offset);
    } else {
        let offset = w.word(slots_offset(location));
        w.LoadOutOfLineSlot(holder, offset);
    }
}

/// Ends the program by storing the value in the object's slot, which it has.
fn store_slot(w: &mut IcWriter, object: u8, location: SlotLocation, value: u8) {
    if location.is_inline() {
        let offset = w.word(inline_offset(location));
        w.StoreInlineSlot(object, offset, value);
    } else {
        let offset = w.word(slots_offset(location));
        w.StoreOutOfLineSlot(object, offset, value);
    }
}

/// Ends the program by storing the value in a new slot of the object, which gets the shape.
fn add_slot(w: &mut IcWriter, object: u8, location: SlotLocation, shape: u32, value: u8) {
    let shape = w.shape(shape);
    if location.is_inline() {
        let offset = w.word(inline_offset(location));
        w.AddInlineSlot(object, offset, shape, value);
    } else {
        let offset = w.word(slots_offset(location));
        w.AddOutOfLineSlot(object, offset, shape, value);
    }
}

/// The form for an accessor pair of a prototype whose getter is one of the library's that machine code does by itself, for objects of this kind.
fn form_of_getter(kind: Kind, accessor: Value) -> Option<Form> {
    let pair: Gc<Accessor> = accessor.as_kind(Kind::Accessor)?;
    let getter: Gc<NativeFunction> = pair.getter.get().as_kind(Kind::NativeFunction)?;
    match (getter.fast_native(), kind) {
        (FastNative::TypedArrayLength, Kind::TypedArray) => Some(Form::TypedArrayLength),
        (FastNative::MapSize, Kind::Map) | (FastNative::SetSize, Kind::Set) => Some(Form::CollectionSize),
        _ => None,
    }
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
            load_slot(&mut w, from, location);
            if hops == 0 {
                Decoded { guard: shape, loc: own_loc(location), cell: Value::EMPTY, aux: 0 }
            } else {
                Decoded { guard: shape, loc: holder_loc(location), cell: holder.into(), aux: epoch }
            }
        }
        GetFact::Accessor { holder, hops, location } => {
            // A prototype's pair is part of its structure: another one moves the epoch on.
            match form_of_getter(object.kind(), holder.slot(location)).filter(|_| hops > 0) {
                Some(form) => {
                    guard_prototypes(cx, &mut w);
                    if form == Form::CollectionSize {
                        w.LoadCollectionSize(0);
                    } else {
                        w.LoadTypedLength(0);
                    }
                    Decoded { guard: shape, loc: Loc::new(form, 0), cell: Value::EMPTY, aux: epoch }
                }
                None => {
                    let from = holder_operand(cx, &mut w, holder, hops);
                    let accessor = read_slot(&mut w, from, location);
                    w.CallGetter(0, accessor);
                    Decoded { guard: shape, ..Decoded::NONE }
                }
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
            load_slot(&mut w, from, location);
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

/// Attaches a stub for an assignment to `super.key`. `receiver`: the receiver's shape before it.
pub fn attach_super_set(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    base: Gc<Object>,
    key: PropertyKey,
    receiver: u32,
    fact: SuperSetFact,
) {
    let shape = base.shape_id();
    // Inputs: base, key, receiver, value.
    let mut w = IcWriter::new(4);
    let word = guard_receiver_and_key(&mut w, shape, key);
    // The receiver's shape tells such stubs of one base and key apart; `aux` is no decoded form's here.
    let mut decoded = Decoded { guard: shape, cell: word, ..Decoded::NONE };
    match fact {
        SuperSetFact::Setter { holder, hops, location } => {
            let from = holder_operand(cx, &mut w, holder, hops);
            // The holder's place is the pair's: registers are few.
            let accessor = if hops == 0 { w.define() } else { from };
            if location.is_inline() {
                let offset = w.word(inline_offset(location));
                w.ReadInlineSlot(accessor, from, offset);
            } else {
                let offset = w.word(slots_offset(location));
                w.ReadOutOfLineSlot(accessor, from, offset);
            }
            w.CallSetter(2, accessor, 3);
        }
        SuperSetFact::Receiver(set @ (SetFact::Own { .. } | SetFact::Add { .. })) => {
            guard_prototypes(cx, &mut w);
            let id = w.shape(receiver);
            w.GuardObject(2).GuardShape(2, id);
            decoded.aux = receiver;
            match set {
                SetFact::Own { location } => store_slot(&mut w, 2, location, 3),
                SetFact::Add { location, shape } => add_slot(&mut w, 2, location, shape.id(cx), 3),
                SetFact::Setter { .. } | SetFact::Unknown => {}
            }
        }
        SuperSetFact::Receiver(_) | SuperSetFact::Unknown => return,
    }
    attach(cx, code, site, &w, decoded);
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

/// Attaches a stub for a read from a primitive that is a cell (a string, a symbol, a BigInt), whose prototype chain begins with `prototype`.
pub fn attach_primitive_get(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    v: Value,
    prototype: Gc<Object>,
    fact: GetFact,
) {
    let (GetFact::Slot { holder, location, .. } | GetFact::Accessor { holder, location, .. }) = fact else { return };
    prototype.shape(cx).mark_cached();
    let mut w = IcWriter::new(1);
    if v.is_string() {
        w.GuardString(0);
    } else if v.is_symbol() {
        w.GuardSymbol(0);
    } else if v.is_bigint() {
        w.GuardBigInt(0);
    } else {
        return;
    }
    let from = holder_operand(cx, &mut w, holder, 1);
    // All primitives have shape 0.
    let mut decoded = Decoded { guard: 0, ..Decoded::NONE };
    if let GetFact::Accessor { .. } = fact {
        let accessor = read_slot(&mut w, from, location);
        w.CallGetter(0, accessor);
    } else {
        load_slot(&mut w, from, location);
        if v.is_string() {
            let (form, index) = if location.is_inline() {
                (Form::StringHolderInline, inline_offset(location))
            } else {
                (Form::StringHolderOutOfLine, slots_offset(location))
            };
            let aux = cx.interp.proto_epoch.get();
            decoded = Decoded { guard: 0, loc: Loc::new(form, index), cell: holder.into(), aux };
        }
    }
    attach(cx, code, site, &w, decoded);
}

/// Attaches a stub for a write (or a definition) of a constant name. `shape`: the receiver's before the write.
pub fn attach_set(cx: &Context, code: Gc<CodeBlock>, site: &Site, shape: u32, fact: SetFact) {
    let epoch = cx.interp.proto_epoch.get();
    // Inputs: receiver, value.
    let mut w = IcWriter::new(2);
    guard_receiver(&mut w, shape);
    let decoded = match fact {
        SetFact::Own { location } => {
            store_slot(&mut w, 0, location, 1);
            Decoded { guard: shape, loc: own_loc(location), cell: Value::EMPTY, aux: 0 }
        }
        SetFact::Add { location, shape: new } => {
            guard_prototypes(cx, &mut w);
            let id = new.id(cx);
            add_slot(&mut w, 0, location, id, 1);
            let loc = if location.is_inline() {
                Loc::new(Form::AddInline, inline_offset(location))
            } else {
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
/// for the same key, which such stubs have in `cell`, and second receiver, whose shape is in `aux`.
fn replaces(stub: Gc<IcStub>, decoded: &Decoded) -> bool {
    let has_form = stub.loc.get() != Loc::NONE || decoded.loc != Loc::NONE;
    let same_aux = has_form || stub.cell.get() == decoded.cell && stub.aux.get() == decoded.aux;
    stub.guarded_shape() == decoded.guard && same_aux
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
