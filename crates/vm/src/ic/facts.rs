//! Facts: where a property is, or what an access will do, found by walking shapes without running script.
//!
//! What is found holds as long as the shapes that were looked at stay what they are. Shared ones do; unique ones are marked, so that a later structural
//! change gives them a new id, and moves the prototype epoch on.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::key::PropertyKey;
use crate::object::Object;
use crate::shape::{self, ACCESSOR, LAZY, Shape, SlotLocation};
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
    if object.shape(cx).is_restless() {
        return GetFact::Unknown;
    }
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
    if receiver.is_restless() {
        return SetFact::Unknown;
    }
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
                // That the receiver has no property of its own is a part of the fact.
                receiver.mark_cached();
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

/// Where an assignment of `super.key` goes.
#[derive(Clone, Copy)]
pub enum SuperSetFact {
    /// To a setter, in the base or `hops` prototypes up.
    Setter {
        holder: Gc<Object>,
        hops: u32,
        location: SlotLocation,
    },
    /// Into the receiver, by what its shape says.
    Receiver(SetFact),
    Unknown,
}

/// Looks up where an assignment of `key` goes whose lookup begins at `base` and whose receiver is `receiver`, by shapes alone (OrdinarySet, §10.1.9.2).
pub fn find_super_set(cx: &Context, base: Gc<Object>, key: PropertyKey, receiver: Value) -> SuperSetFact {
    match find_get(cx, base, key) {
        GetFact::Accessor { holder, hops, location } => SuperSetFact::Setter { holder, hops, location },
        fact @ (GetFact::Slot { .. } | GetFact::Missing) => {
            if let GetFact::Slot { holder, .. } = fact
                && !holder.shape(cx).lookup(cx, key).is_some_and(|entry| entry.has(shape::WRITABLE))
            {
                return SuperSetFact::Unknown;
            }
            let Some(object) = receiver.as_object() else { return SuperSetFact::Unknown };
            let shape = object.shape(cx);
            let kind = shape.object_kind();
            if !shape_tells(kind, key) || kind.has_own_length() && key == cx.names().length {
                return SuperSetFact::Unknown;
            }
            match shape.lookup(cx, key) {
                Some(entry) if entry.is_plain_writable() => {
                    shape.mark_cached();
                    SuperSetFact::Receiver(SetFact::Own { location: entry.location })
                }
                Some(_) => SuperSetFact::Unknown,
                None => SuperSetFact::Receiver(find_add(cx, shape, key)),
            }
        }
        GetFact::ArrayLength | GetFact::Unknown => SuperSetFact::Unknown,
    }
}
