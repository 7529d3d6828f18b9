//! Own named properties: finding, adding, changing and deleting them in shape and slots. Nothing here asks for permission:
//! extensibility, attributes and exotic behaviour are the callers' business (`define`, `access`).

use super::Object;
use super::property::Property;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::feedback::NO_SHAPE;
use crate::key::PropertyKey;
use crate::shape::{
    ACCESSOR, DEFAULT, DICTIONARY_TO_SHARED, LAZY, MAX_DELETE_REPLAY, MAX_SHARED, PRIVATE, PropertyEntry, Shape,
    WATCHED, flag,
};
use crate::value::Value;
use std::cell::Cell;

impl Gc<Object> {
    /// The named property `key` as the shape has it. A lazy one is made.
    #[inline]
    pub(crate) fn own_named(self, cx: &Context, key: PropertyKey) -> Option<Property> {
        let entry = self.shape(cx).lookup(cx, key)?;
        if entry.has(LAZY) {
            return Some(self.lazy_property(cx, entry));
        }
        Some(Property { value: self.slot(entry.location), attributes: entry.attributes & !WATCHED })
    }

    /// Adds a named property that the object does not have.
    ///
    /// # Errors
    /// RangeError when memory for a very large number of properties is refused.
    pub fn add_property(self, cx: &Context, key: PropertyKey, value: Value, attributes: u8) -> JsResult<()> {
        debug_assert!(!key.is_index());
        let shape = self.shape(cx);
        if shape.is_unique() {
            return self.add_to_unique(cx, key, value, attributes);
        }
        if shape.property_count() as u32 >= MAX_SHARED {
            cx.ensure_unique(self, flag::DICTIONARY);
            return self.add_to_unique(cx, key, value, attributes);
        }
        let child = shape.add_transition(cx, key, attributes);
        self.ensure_slots(cx, child.out_of_line_count())?;
        let location = child.location_of_slot(child.slot_count() - 1);
        self.set_slot(cx, location, value);
        self.set_shape(cx, child);
        Ok(())
    }

    /// Adds the property that [`Gc::<Shape>::likely_addition`] names, if it is `key`; `false` if it is not.
    ///
    /// # Errors
    /// As [`Gc::<Object>::add_property`].
    #[inline]
    pub fn add_likely(self, cx: &Context, key: PropertyKey, value: Value) -> JsResult<bool> {
        let Some((name, child)) = self.shape(cx).likely_addition() else { return Ok(false) };
        if PropertyKey::name(name) != key {
            return Ok(false);
        }
        self.ensure_slots(cx, child.out_of_line_count())?;
        self.set_slot(cx, child.location_of_slot(child.slot_count() - 1), value);
        self.set_shape(cx, child);
        Ok(true)
    }

    /// Gives an ordinary object that has no named property copies of all that another one has, if they are ordinary data properties.
    /// `false`: that is not so, and nothing was done.
    ///
    /// # Errors
    /// As [`Gc::<Object>::add_property`].
    pub fn adopt_properties(self, cx: &Context, from: Gc<Object>) -> JsResult<bool> {
        let (own, source) = (self.shape(cx), from.shape(cx));
        let ordinary = |o: Gc<Object>| o.kind() == Kind::Object;
        if !ordinary(self) || !ordinary(from) || from.has_elements() {
            return Ok(false);
        }
        let Some(shape) = cx.adopting_shape(own, source) else { return Ok(false) };
        self.ensure_slots(cx, shape.out_of_line_count())?;
        for n in 0..shape.slot_count() {
            self.set_slot(cx, shape.location_of_slot(n), from.slot(source.location_of_slot(n)));
        }
        self.set_shape(cx, shape);
        Ok(true)
    }

    #[cold]
    fn add_to_unique(self, cx: &Context, key: PropertyKey, value: Value, attributes: u8) -> JsResult<()> {
        // The room is made first, so that a refusal leaves the object as it was.
        self.ensure_slots(cx, self.shape(cx).out_of_line_count() + 1)?;
        let shape = cx.structure_changes(self);
        let location = shape.unique_add(key, attributes);
        // Keys of a unique table are the shape's own references; they do not move and are not young: no barrier.
        self.set_slot(cx, location, value);
        Ok(())
    }

    /// Gives an existing named property another value, of the same attributes.
    #[inline]
    pub(crate) fn store_entry(self, cx: &Context, entry: PropertyEntry, value: Value) {
        if entry.has(LAZY | WATCHED) {
            return self.store_special(cx, entry, value);
        }
        self.set_slot(cx, entry.location, value);
    }

    #[cold]
    fn store_special(self, cx: &Context, entry: PropertyEntry, value: Value) {
        if entry.has(LAZY) {
            self.settle_lazy(cx, entry, value);
        } else {
            self.set_slot(cx, entry.location, value);
        }
        self.forget_initial_shape();
    }

    /// A constructor's `prototype` changes: what `new` makes is found anew.
    pub(crate) fn forget_initial_shape(self) {
        if let Some(f) = self.as_kind::<crate::function::Function>(Kind::Function) {
            f.construct.shape.set(0);
        } else if let Some(f) = self.as_kind::<crate::function::NativeFunction>(Kind::NativeFunction) {
            f.construct.shape.set(0);
        }
    }

    /// Gives an existing named property other attributes, and a value.
    pub(crate) fn configure_property(self, cx: &Context, entry: PropertyEntry, value: Value, attributes: u8) {
        // The mark of a constructor's `prototype` stays for as long as it is a data property.
        let watched = if attributes & ACCESSOR == 0 { entry.attributes & WATCHED } else { 0 };
        let attributes = attributes | watched | entry.attributes & PRIVATE;
        if entry.has(WATCHED) {
            self.forget_initial_shape();
        }
        if entry.has(ACCESSOR) && self.shape(cx).is_unique() {
            // Caches know what the library's getters do: another pair is another structure.
            cx.structure_changes(self);
        }
        self.set_attributes(cx, entry, attributes);
        // A lazy property of a function may have no slots yet.
        if self.ensure_slots(cx, self.shape(cx).out_of_line_count()).is_ok() {
            self.set_slot(cx, entry.location, value);
        }
    }

    /// Gives an existing named property these attributes. It keeps its slot.
    pub(crate) fn set_attributes(self, cx: &Context, entry: PropertyEntry, attributes: u8) {
        if attributes == entry.attributes {
            return;
        }
        let shape = self.shape(cx);
        if shape.is_unique() {
            let shape = cx.structure_changes(self);
            shape.unique_configure(entry, attributes);
        } else {
            let child = shape.configure_transition(cx, entry, attributes);
            self.set_shape(cx, child);
        }
    }

    /// Deletes a named property.
    pub(crate) fn remove_property(self, cx: &Context, entry: PropertyEntry) {
        if entry.has(WATCHED) {
            self.forget_initial_shape();
        }
        let shape = self.shape(cx);
        if shape.is_unique() {
            let shape = cx.structure_changes(self);
            shape.unique_delete(entry);
            self.set_slot(cx, entry.location, Value::EMPTY);
            self.leave_dictionary(cx);
            return;
        }
        // The property that came last goes as it came.
        if let (Some((key, _)), Some(parent)) = (shape.added(), shape.parent())
            && key == entry.key
        {
            self.set_slot(cx, entry.location, Value::EMPTY);
            self.set_shape(cx, parent);
            return;
        }
        if shape.property_count() as u32 > MAX_DELETE_REPLAY || !self.replay_without(cx, entry) {
            cx.ensure_unique(self, flag::DICTIONARY);
            self.remove_property(cx, entry);
        }
    }

    /// Gives an object of a small shared shape the shape that it would have had without `entry`, and moves its values up. `false`: nothing was done.
    fn replay_without(self, cx: &Context, entry: PropertyEntry) -> bool {
        let old = self.shape(cx);
        let Some(root) = std::iter::successors(Some(old), |s| s.parent()).last() else { return false };
        let kept = old.entries().filter(|e| e.key != entry.key).map(|e| (e.key, e.attributes));
        let Some(new) = cx.replay_after_deletion(root, kept, old.is_extensible()) else { return false };
        self.move_values(cx, old, new);
        true
    }

    /// Changes to the shared shape `new`, whose properties are some of `old`'s in the same order, at the same or earlier slots.
    fn move_values(self, cx: &Context, old: Gc<crate::shape::Shape>, new: Gc<crate::shape::Shape>) {
        // Lazy properties of functions may have no slots at all; then there is nothing to move, or `slot` gives EMPTY.
        for entry in new.entries() {
            if let Some(from) = old.lookup(cx, entry.key) {
                let v = self.slot(from.location);
                self.set_slot(cx, entry.location, v);
            }
        }
        for n in new.slot_count()..old.slot_count() {
            self.set_slot(cx, old.location_of_slot(n), Value::EMPTY);
        }
        self.set_shape(cx, new);
    }

    /// A dictionary that has become small gets a shared shape again.
    fn leave_dictionary(self, cx: &Context) {
        let shape = self.shape(cx);
        let wanted = flag::UNIQUE | flag::DICTIONARY;
        if shape.flags() & (wanted | flag::PROTOTYPE) != wanted || shape.property_count() as u32 > DICTIONARY_TO_SHARED
        {
            return;
        }
        let root = cx.root_shape(shape.prototype(), shape.object_kind(), shape.inline_capacity());
        let kept = shape.entries().map(|e| (e.key, e.attributes));
        let Some(new) = cx.replay_after_deletion(root, kept, shape.is_extensible()) else { return };
        // Slots were given out anew after deletions, so values may cross: they are taken out first. There are at most
        // `DICTIONARY_TO_SHARED`, and nothing collects in between.
        let mut values = [Value::EMPTY; DICTIONARY_TO_SHARED as usize];
        for (value, entry) in values.iter_mut().zip(shape.entries()) {
            *value = self.slot(entry.location);
        }
        for n in 0..shape.slot_count() {
            self.set_slot(cx, shape.location_of_slot(n), Value::EMPTY);
        }
        if has_room(self, new) {
            for (value, entry) in values.iter().zip(new.entries()) {
                self.set_slot(cx, entry.location, *value);
            }
            self.set_shape(cx, new);
        }
    }

    // ---- Private elements (ECMA-262 §7.3.27–31): named properties with the attribute PRIVATE.

    /// The private element `key`, if the object has it. A proxy may have private elements of its own.
    #[inline]
    pub fn private_element(self, cx: &Context, key: PropertyKey) -> Option<Property> {
        let entry = self.shape(cx).lookup(cx, key)?;
        Some(Property { value: self.slot(entry.location), attributes: entry.attributes & !PRIVATE })
    }

    /// PrivateFieldAdd, PrivateMethodOrAccessorAdd (§7.3.28–29): `attributes` as for any property. The object does not have it yet.
    ///
    /// # Errors
    /// TypeError if the object is not extensible.
    pub fn add_private_element(self, cx: &Context, key: PropertyKey, value: Value, attributes: u8) -> JsResult<()> {
        debug_assert!(key.is_private());
        if !self.shape(cx).is_extensible() {
            return Err(cx.throw_type(format_args!("Cannot define {}, object is not extensible", key.display(cx))));
        }
        self.add_property(cx, key, value, attributes | PRIVATE)
    }

    /// Writes a private field, or completes a private accessor pair: the object has it.
    pub fn set_private_element(self, cx: &Context, key: PropertyKey, value: Value) {
        if let Some(entry) = self.shape(cx).lookup(cx, key) {
            self.set_slot(cx, entry.location, value);
        }
    }
}

/// Whether the slots that the object has are enough for `shape`: they are, when it was larger before.
fn has_room(object: Gc<Object>, shape: Gc<crate::shape::Shape>) -> bool {
    shape.out_of_line_count() <= object.slots.get().map_or(0, |s| s.capacity())
}

/// Rows of [`CopiedShapes`], a power of two.
const COPIED_SHAPES: usize = 32;

/// The shapes that objects without properties got with copies of all properties of others: by both shapes. Weak: a full collection empties it.
pub struct CopiedShapes([Cell<(u32, u32, u32)>; COPIED_SHAPES]);

impl Default for CopiedShapes {
    fn default() -> CopiedShapes {
        CopiedShapes(std::array::from_fn(|_| Cell::new((NO_SHAPE, NO_SHAPE, NO_SHAPE))))
    }
}

impl CopiedShapes {
    pub fn clear(&self) {
        self.0.iter().for_each(|row| row.set((NO_SHAPE, NO_SHAPE, NO_SHAPE)));
    }
}

impl Context {
    /// The shape of an object of shape `own`, without properties, after it got copies of the properties of one of shape `source`, slot by slot. `None`:
    /// not all of them are ordinary data properties, or the shapes are not of the kind for which that is all.
    fn adopting_shape(&self, own: Gc<Shape>, source: Gc<Shape>) -> Option<Gc<Shape>> {
        let (own_id, source_id) = (own.id(self), source.id(self));
        let row = &self.objects.copied_shapes.0[(own_id.wrapping_mul(31) ^ source_id) as usize % COPIED_SHAPES];
        let (first, second, result) = row.get();
        if (first, second) == (own_id, source_id) {
            return Some(self.shape_of_id(result));
        }
        let shared = !own.is_unique() && !source.is_unique();
        // Each property in the slot of its number: so it is in shapes that properties were only added to.
        let counts =
            own.slot_count() == 0 && own.property_count() == 0 && source.slot_count() == source.property_count();
        if !shared || !counts || own.flags() != 0 || source.entries().any(|entry| entry.attributes != DEFAULT) {
            return None;
        }
        if source.entries().enumerate().any(|(n, entry)| entry.location != source.location_of_slot(n)) {
            return None;
        }
        let shape = source.entries().fold(own, |shape, entry| shape.add_transition(self, entry.key, DEFAULT));
        row.set((own_id, source_id, shape.id(self)));
        Some(shape)
    }
}
