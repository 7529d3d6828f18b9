//! Probes: where an own property of an object is, remembered by the object's shape.
//!
//! The library asks again and again whether a script has replaced a property of a prototype. A probe makes that a comparison of
//! the shape and a load. Plain assignments leave the shape as it is, so a probe gives the value that is there now.

use crate::cell::Gc;
use crate::context::Context;
use crate::key::PropertyKey;
use crate::object::Object;
use crate::shape::SlotLocation;
use crate::value::Value;
use std::cell::Cell;

/// Where one own property of objects of a shape is.
pub struct Probe {
    /// The shape's id; 0: nothing is known.
    shape: Cell<u32>,
    location: Cell<SlotLocation>,
}

impl Default for Probe {
    fn default() -> Probe {
        Probe { shape: Cell::new(0), location: Cell::new(SlotLocation::inline(0)) }
    }
}

impl Probe {
    /// The value (an accessor's cell, for accessors) of own property `key` of `o`; a lazy one is made. A probe is for one key.
    /// Runs no script.
    #[inline]
    pub fn value(&self, cx: &Context, o: Gc<Object>, key: PropertyKey) -> Option<Value> {
        if self.shape.get() != o.shape_id() && !self.find(cx, o, key) {
            return None;
        }
        Some(o.slot(self.location.get()))
    }

    #[cold]
    fn find(&self, cx: &Context, o: Gc<Object>, key: PropertyKey) -> bool {
        // Made if it is lazy, so that its slot has the value.
        if o.own_named(cx, key).is_none() {
            return false;
        }
        let shape = o.shape(cx);
        let Some(entry) = shape.lookup(cx, key) else { return false };
        shape.mark_cached();
        self.shape.set(o.shape_id());
        self.location.set(entry.location);
        true
    }

    /// Forgets what is known: a full collection may give the ids of shapes to others.
    pub(crate) fn forget(&self) {
        self.shape.set(0);
    }
}
