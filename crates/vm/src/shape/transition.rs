//! Transitions: from a shape to the shape of an object that changed in one way, and slack tracking.
//!
//! A transition is named by a step (`ADD` a property, `CONFIGURE` one, forbid extensions) with a key and attributes. Most shapes
//! have no child or one, so the word `transitions` is 0, a child's address, or (lowest bit set) the address of a hash map.
//! Children are weak: a full collection removes the dead ones (`sweep`), and a child's strong link keeps its parent.
//!
//! **Slack tracking.** The first instances of a constructor get more inline slots than they may need. When [`TRACKED_INSTANCES`]
//! have been made, the capacity of the whole tree is lowered to what the largest shape in it uses: locations that were given out
//! stay right, because none lies beyond; later instances are smaller. Earlier ones keep their unused words, nobody looks there.

use super::table::PropertyTable;
use super::{
    ACCESSOR, Blueprint, DEFAULT, MAX_INLINE, MOST_SHAPES_OF_DELETIONS, PropertyEntry, Shape, SlotLocation, WRITABLE,
    flag,
};
use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::key::PropertyKey;
use crate::object::Object;
use crate::string::JsString;
use crate::value::Value;
use rustc_hash::FxHashMap;
use tercel_gc::WeakSweep;

/// Instances of a constructor that are made before its inline capacity is settled.
pub const TRACKED_INSTANCES: u32 = 8;
/// Inline slots of the first instances beyond what the constructor's code suggests.
pub const TRACKED_SLACK: usize = 8;

// Steps.
pub(super) const ROOT: u8 = 0;
pub(super) const ADD: u8 = 1;
pub(super) const CONFIGURE: u8 = 2;
pub(super) const PREVENT_EXTENSIONS: u8 = 3;
/// No parent is kept: the shape was made whole.
pub(super) const DETACHED: u8 = 4;

/// Names a child: key, step and attributes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Name {
    key: u64,
    what: u16,
}

impl Name {
    fn new(step: u8, key: PropertyKey, attributes: u8) -> Name {
        Name { key: key.bits(), what: (step as u16) << 8 | attributes as u16 }
    }
}

/// Children by name; values are addresses of shapes, weak.
type Children = FxHashMap<Name, usize>;

impl Gc<Shape> {
    fn children<'a>(self) -> Option<&'a mut Children> {
        let word = self.transitions.get();
        // SAFETY: a word with the lowest bit set is the address of a boxed map that this shape owns; the reference does not
        // outlive the calling function, and those do not nest.
        if word & 1 != 0 { Some(unsafe { &mut *((word & !1) as *mut Children) }) } else { None }
    }

    fn only_child(self) -> Option<Gc<Shape>> {
        let word = self.transitions.get();
        // SAFETY: a word that is not 0 and has no low bit is the address of a child that has not died.
        if word != 0 && word & 1 == 0 { Some(unsafe { Gc::from_addr(word) }) } else { None }
    }

    /// The one way on that is known from this (shared) shape, if it adds a property as plain assignments do: the name, and where it
    /// leads. What objects of this shape got so far, they probably get again.
    #[inline]
    pub fn likely_addition(self) -> Option<(Gc<JsString>, Gc<Shape>)> {
        let child = self.only_child().filter(|child| child.step.get() == ADD && !self.is_unique())?;
        let entry = child.table()?.entry(child.count.get() - 1)?;
        if entry.attributes != DEFAULT {
            return None;
        }
        entry.key.as_name().map(|name| (name, child))
    }

    /// The name under which this shape is its parent's child.
    fn name(self) -> Name {
        let attributes = match self.step.get() {
            ADD => self.table().and_then(|t| t.entry(self.count.get() - 1)).map_or(0, |e| e.attributes),
            CONFIGURE => {
                self.table().and_then(|t| t.find(self.key.get(), self.count.get())).map_or(0, |e| e.attributes)
            }
            _ => 0,
        };
        Name::new(self.step.get(), self.key.get(), attributes)
    }

    fn find_child(self, name: Name) -> Option<Gc<Shape>> {
        if let Some(child) = self.only_child() {
            return (child.key.get().bits() == name.key && child.name() == name).then_some(child);
        }
        // SAFETY: dead children were removed when they died.
        self.children()?.get(&name).map(|&address| unsafe { Gc::from_addr(address) })
    }

    fn add_child(self, name: Name, child: Gc<Shape>) {
        if let Some(children) = self.children() {
            children.insert(name, child.addr());
        } else if let Some(only) = self.only_child() {
            let mut children = Children::default();
            children.insert(only.name(), only.addr());
            children.insert(name, child.addr());
            self.transitions.set(Box::into_raw(Box::new(children)) as usize | 1);
        } else {
            self.transitions.set(child.addr());
        }
    }

    /// Every child that lives.
    pub(crate) fn each_child(self, visit: &mut dyn FnMut(Gc<Shape>)) {
        if let Some(child) = self.only_child() {
            visit(child);
        } else if let Some(children) = self.children() {
            // SAFETY: dead children were removed when they died.
            children.values().for_each(|&address| visit(unsafe { Gc::from_addr(address) }));
        }
    }

    /// Forgets the children that died in this (full) collection.
    pub(crate) fn sweep_children(self, sweep: &WeakSweep) {
        if let Some(child) = self.only_child() {
            if sweep.forward(child.header_ptr()).is_none() {
                self.transitions.set(0);
            }
        } else if let Some(children) = self.children() {
            children.retain(|_, address| sweep.forward(*address as *mut CellHeader).is_some());
        }
    }

    /// Frees what the shape owns outside the heap. Called once, by its finalizer.
    pub(crate) fn free_transitions(self) {
        let word = self.transitions.replace(0);
        if word & 1 != 0 {
            // SAFETY: the map is this shape's, boxed in `add_child`; nobody uses the shape any more.
            drop(unsafe { Box::from_raw((word & !1) as *mut Children) });
        }
    }

    /// The shape of an object of this (shared) shape that gained the property `key` at its end. The key is not in the shape.
    pub fn add_transition(self, cx: &Context, key: PropertyKey, attributes: u8) -> Gc<Shape> {
        debug_assert!(!self.is_unique() && !key.is_index());
        let name = Name::new(ADD, key, attributes);
        if let Some(child) = self.find_child(name) {
            return child;
        }
        let count = self.count.get();
        let location = self.location_of_slot(self.slot_count());
        let table = match self.table() {
            None => PropertyTable::new(&cx.heap),
            // The newest on the chain extends the table; anyone else would disturb its descendants.
            Some(table) if table.len() == count => {
                table.retain();
                self.table.get()
            }
            Some(table) => table.copy(&cx.heap, count),
        };
        // SAFETY: a reference was taken just now.
        unsafe { &*table }.push(key, location, attributes);
        let child = cx.new_shape(Blueprint {
            table,
            count: count + 1,
            flags: self.flags.get() & flag::INHERITED | special_set(attributes),
            slot_count: self.slot_count.get() + 1,
            ..self.child_blueprint(ADD, key)
        });
        self.add_child(name, child);
        child
    }

    /// The shape of an object of this (shared) shape of which the property `entry` got other attributes.
    pub fn configure_transition(self, cx: &Context, entry: PropertyEntry, attributes: u8) -> Gc<Shape> {
        debug_assert!(!self.is_unique());
        let name = Name::new(CONFIGURE, entry.key, attributes);
        if let Some(child) = self.find_child(name) {
            return child;
        }
        let table = self.table().map_or_else(|| PropertyTable::new(&cx.heap), |t| t.copy(&cx.heap, self.count.get()));
        // SAFETY: the copy is ours, and shared tables have no tombstones, so positions are the same.
        unsafe { &*table }.set_attributes(entry.position, attributes);
        let child = cx.new_shape(Blueprint {
            table,
            flags: self.flags.get() & flag::INHERITED | special_set(attributes),
            ..self.child_blueprint(CONFIGURE, entry.key)
        });
        self.add_child(name, child);
        child
    }

    /// The shape of an object of this (shared) shape that is no longer extensible.
    pub fn prevent_extensions_transition(self, cx: &Context) -> Gc<Shape> {
        debug_assert!(!self.is_unique());
        if self.has(flag::NON_EXTENSIBLE) {
            return self;
        }
        let key = PropertyKey::index(0);
        let name = Name::new(PREVENT_EXTENSIONS, key, 0);
        if let Some(child) = self.find_child(name) {
            return child;
        }
        if let Some(table) = self.table() {
            table.retain();
        }
        let child = cx.new_shape(Blueprint {
            table: self.table.get(),
            flags: self.flags.get() & flag::INHERITED | flag::NON_EXTENSIBLE,
            ..self.child_blueprint(PREVENT_EXTENSIONS, key)
        });
        self.add_child(name, child);
        child
    }

    fn child_blueprint(self, step: u8, key: PropertyKey) -> Blueprint {
        Blueprint {
            prototype: self.prototype.get(),
            table: std::ptr::null_mut(),
            count: self.count.get(),
            flags: 0,
            slot_count: self.slot_count.get(),
            kind: self.kind.get(),
            inline_base: self.inline_base.get(),
            inline_capacity: self.inline_capacity.get(),
            step,
            parent: Some(self),
            key,
        }
    }

    /// The key and location of the property that the step from the parent added, if it was one that added.
    pub fn added(self) -> Option<(PropertyKey, SlotLocation)> {
        (self.step.get() == ADD).then(|| (self.key.get(), self.location_of_slot(self.slot_count() - 1)))
    }
}

/// The shape's flag for a property with these attributes.
pub(super) fn special_set(attributes: u8) -> u32 {
    if attributes & (ACCESSOR | WRITABLE) == WRITABLE { 0 } else { flag::SPECIAL_SET }
}

impl Context {
    /// The shape with the properties of `shape` (shared) over another root, in the same order: for changes of the prototype.
    pub(crate) fn replay(&self, shape: Gc<Shape>, root: Gc<Shape>) -> Gc<Shape> {
        let mut result = root;
        for entry in shape.entries() {
            result = result.add_transition(self, entry.key, entry.attributes);
        }
        if shape.has(flag::NON_EXTENSIBLE) { result.prevent_extensions_transition(self) } else { result }
    }

    /// The shape with these properties (key, attributes) below `root`, for an object that has lost others. `None` where deletions have made so many shapes below
    /// that root that the object should rather be a dictionary: as one that many names come to and go from.
    pub(crate) fn replay_after_deletion(
        &self,
        root: Gc<Shape>,
        entries: impl Iterator<Item = (PropertyKey, u8)>,
        extensible: bool,
    ) -> Option<Gc<Shape>> {
        let mut result = root;
        for (key, attributes) in entries {
            result = match result.find_child(Name::new(ADD, key, attributes)) {
                Some(known) => known,
                None if root.unrest.get() >= MOST_SHAPES_OF_DELETIONS => return None,
                None => {
                    root.unrest.set(root.unrest.get() + 1);
                    result.add_transition(self, key, attributes)
                }
            };
        }
        Some(if extensible { result } else { result.prevent_extensions_transition(self) })
    }

    /// `shape` (shared) with another prototype. Properties keep their slots.
    pub fn shape_with_prototype(&self, shape: Gc<Shape>, prototype: Option<Gc<Object>>) -> Gc<Shape> {
        if shape.prototype() == prototype {
            return shape;
        }
        let root = self.root_shape(prototype, shape.object_kind(), shape.inline_capacity());
        self.replay(shape, root)
    }

    /// The shape of an object of the shared shape `shape` that gains a property; `shape` itself where the object would become a
    /// dictionary.
    pub fn add_transition(&self, shape: Gc<Shape>, key: PropertyKey, attributes: u8) -> Gc<Shape> {
        if shape.property_count() as u32 >= super::MAX_SHARED {
            shape
        } else {
            shape.add_transition(self, key, attributes)
        }
    }

    /// The initial shape for a constructor's instances: a root of its own whose capacity is tracked. `expected`: how many
    /// properties its code suggests.
    pub(crate) fn new_initial_shape(&self, prototype: Gc<Object>, kind: Kind, expected: usize) -> Gc<Shape> {
        let inline = (expected + TRACKED_SLACK).min(MAX_INLINE);
        self.new_root(Some(prototype), kind, inline, flag::TRACKING)
    }

    /// Ends slack tracking of the tree under `root`.
    pub(crate) fn settle_slack(&self, root: Gc<Shape>) {
        if !root.has(flag::TRACKING) {
            return;
        }
        // The tree is walked with a stack of addresses: shapes do not move, and nothing is allocated in the heap meanwhile.
        let mut pending = vec![root.addr()];
        let mut tree = Vec::new();
        let mut most = 0;
        while let Some(address) = pending.pop() {
            // SAFETY: addresses of live shapes, pushed below.
            let shape: Gc<Shape> = unsafe { Gc::from_addr(address) };
            most = most.max(shape.slot_count());
            tree.push(address);
            shape.each_child(&mut |child| pending.push(child.addr()));
        }
        let capacity = most.min(root.inline_capacity());
        for address in tree {
            // SAFETY: as above.
            let shape: Gc<Shape> = unsafe { Gc::from_addr(address) };
            shape.inline_capacity.set(capacity as u8);
            shape.clear_flag(flag::TRACKING);
        }
    }

    /// A shape that equals `shape` but is unique: it has a table of its own. `flags` are added.
    pub(super) fn unique_copy(&self, shape: Gc<Shape>, flags: u32) -> Gc<Shape> {
        let count = shape.property_count() as u32;
        let table = match shape.table() {
            Some(table) => table.copy(&self.heap, shape.count.get()),
            None => PropertyTable::new(&self.heap),
        };
        self.new_shape(Blueprint {
            table,
            count,
            flags: shape.flags.get() & (flag::INHERITED & !flag::TRACKING) | flag::UNIQUE | flags,
            parent: None,
            ..shape.child_blueprint(DETACHED, PropertyKey::index(0))
        })
    }

    /// A shape that takes over everything from `old` (unique), which is then empty.
    pub(super) fn unique_successor(&self, old: Gc<Shape>) -> Gc<Shape> {
        let new = self.new_shape(Blueprint {
            table: old.table.replace(std::ptr::null_mut()),
            flags: old.flags.get() & !flag::CACHED,
            parent: None,
            ..old.child_blueprint(DETACHED, PropertyKey::index(0))
        });
        new.info.set(old.info.replace(std::ptr::null_mut()));
        new.unrest.set(old.unrest.get());
        old.count.set(0);
        new
    }
}

/// Operations on the table of a unique shape. The caller has dealt with `CACHED` (`proto::structure_changes`).
impl Gc<Shape> {
    /// Adds a property, in a slot that a deleted one left or in a new one; gives the location.
    pub(crate) fn unique_add(self, key: PropertyKey, attributes: u8) -> SlotLocation {
        debug_assert!(self.is_unique() && !self.has(flag::CACHED));
        let Some(table) = self.table() else { unreachable!("a unique shape has a table") };
        let location = table.take_free_slot().unwrap_or_else(|| {
            self.slot_count.set(self.slot_count.get() + 1);
            self.location_of_slot(self.slot_count() - 1)
        });
        table.push(key, location, attributes);
        self.count.set(table.len());
        self.set_flag(special_set(attributes));
        self.enum_cache.set(Value::EMPTY);
        location
    }

    pub(crate) fn unique_configure(self, entry: PropertyEntry, attributes: u8) {
        debug_assert!(self.is_unique());
        if let Some(table) = self.table() {
            table.set_attributes(entry.position, attributes);
        }
        self.set_flag(special_set(attributes));
        self.enum_cache.set(Value::EMPTY);
    }

    pub(crate) fn unique_delete(self, entry: PropertyEntry) {
        debug_assert!(self.is_unique() && !self.has(flag::CACHED));
        if let Some(table) = self.table() {
            table.delete(entry.position);
            self.count.set(table.len());
        }
        self.enum_cache.set(Value::EMPTY);
    }
}
