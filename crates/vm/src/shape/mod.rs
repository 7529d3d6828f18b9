//! Shapes (hidden classes): what properties an object has, where they are, and what its prototype is.
//!
//! ```text
//!   {}  ──x──▶ {x} ──y──▶ {x, y}          shared: a tree of transitions, the parent strong, the children weak
//!                └───z──▶ {x, z}
//!   Array.prototype, globalThis, {…200 properties…}     unique: a shape of one object, changed in place
//! ```
//!
//! A *shared* shape never changes (but for its inline capacity, see [`slack`](transition)): an object that gains a property
//! moves to a child. All shapes on a chain use one property table, which only grows at its end; a shape sees the first `count`
//! entries. A branch copies the table.
//!
//! A *unique* shape belongs to one object: a prototype, a global object, or an object used as a dictionary. It is changed in
//! place, as long as nobody has drawn conclusions from it; whoever does (an inline cache, compiled code) sets [`flag::CACHED`],
//! and then the next structural change gives the object a fresh shape with a fresh id ([`proto`]).
//!
//! So a guard on a shape's id proves: the object's kind, its prototype, extensibility, and the location and attributes of every
//! named property, also the absence of a property. It proves nothing about elements, about properties that are not in the table
//! (`length` of arrays and strings, everything of proxies and namespaces), and nothing about values.
//!
//! Shapes do not move, are named by 32-bit ids, and die like any cell. Their tables lie outside the heap, are counted as
//! external memory, and go with the last shape that uses them.

pub mod proto;
pub mod table;
pub mod transition;

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::key::PropertyKey;
use crate::object::Object;
use crate::value::Value;
use std::cell::Cell;
use table::PropertyTable;

pub use proto::Validity;

// Attributes of a property, as the table holds them.
pub const WRITABLE: u8 = 1;
pub const ENUMERABLE: u8 = 2;
pub const CONFIGURABLE: u8 = 4;
/// The slot holds an `Accessor` cell.
pub const ACCESSOR: u8 = 8;
/// The slot does not hold the value yet: `object::lazy` makes it. Never cached.
pub const LAZY: u8 = 16;
/// A private element: invisible to all reflection.
pub const PRIVATE: u8 = 32;
/// Writes take the slow path: a constructor's `prototype`, from which its instances' initial shape is derived. Reads are plain.
pub const WATCHED: u8 = 64;
/// The attributes of a property made by assignment.
pub const DEFAULT: u8 = WRITABLE | ENUMERABLE | CONFIGURABLE;

/// Bits of [`Shape::flags`].
pub mod flag {
    /// Belongs to one object and is changed in place.
    pub const UNIQUE: u32 = 1;
    /// The object is (or was) a prototype. Implies UNIQUE; its elements are sparse.
    pub const PROTOTYPE: u32 = 2;
    /// Something depends on facts about this unique shape: the next structural change makes a new one.
    pub const CACHED: u32 = 4;
    /// [[Extensible]] is false.
    pub const NON_EXTENSIBLE: u32 = 8;
    /// Some property is an accessor or not writable, so an assignment that finds this object on its way must look.
    pub const SPECIAL_SET: u32 = 16;
    /// A unique shape of a dictionary, which goes back to a shared one when it has become small.
    pub const DICTIONARY: u32 = 32;
    /// A constructor's initial shape or a descendant, whose inline capacity is still an estimate.
    pub const TRACKING: u32 = 64;
    /// [[Prototype]] may not change (Object.prototype).
    pub const IMMUTABLE_PROTOTYPE: u32 = 128;
    /// Flags that a child inherits.
    pub const INHERITED: u32 = NON_EXTENSIBLE | SPECIAL_SET | TRACKING | IMMUTABLE_PROTOTYPE;
}

/// Most properties of a shared shape; an object with more becomes a dictionary.
pub const MAX_SHARED: u32 = 128;
/// A dictionary that has shrunk to this many properties gets a shared shape again.
pub const DICTIONARY_TO_SHARED: u32 = 8;
/// An object with at most this many properties stays out of dictionary mode when one is deleted.
pub const MAX_DELETE_REPLAY: u32 = 16;
/// What a structural change adds to a dictionary's unrest, and the most that it comes to; a look takes one away.
const UNREST_OF_CHANGE: u32 = 4;
const MOST_UNREST: u32 = 256;
/// A dictionary with this much unrest is no matter for caches.
const RESTLESS: u32 = 64;
/// Shapes that deletions may make below one root; where there are more, objects that lose other properties than their last become dictionaries.
const MOST_SHAPES_OF_DELETIONS: u32 = 256;
/// Most inline slots of an object.
pub const MAX_INLINE: usize = 32;
/// Inline slots of `{}` and of `Object.create`.
pub const DEFAULT_INLINE: usize = 4;

/// Kind::Shape. See the module's text.
#[repr(C)]
pub struct Shape {
    pub header: CellHeader,
    /// [[Prototype]]: an object or null.
    pub prototype: Cell<Value>,
    table: Cell<*mut PropertyTable>,
    /// How many entries of the table are this shape's, tombstones of unique tables included.
    count: Cell<u32>,
    flags: Cell<u32>,
    /// Slots in use, inline and out of line: the number of the next one.
    slot_count: Cell<u32>,
    /// The kind of the objects.
    kind: Cell<u8>,
    /// Word index of the first inline slot.
    inline_base: Cell<u8>,
    inline_capacity: Cell<u8>,
    /// What the transition from the parent was: `transition::ADD`, ….
    step: Cell<u8>,
    parent: Cell<Option<Gc<Shape>>>,
    /// The key of the transition from the parent.
    key: Cell<PropertyKey>,
    /// Children, weakly: see `transition`.
    transitions: Cell<usize>,
    /// Of a dictionary's shape: how much its structure changes, in relation to how often it is looked at ([`Shape::is_restless`]). Of a root: how many
    /// shapes deletions have made below it.
    unrest: Cell<u32>,
    /// The enumerable string keys as a `ValueArray`, or empty: see `object::for_in`.
    pub enum_cache: Cell<Value>,
    /// Of unique shapes of prototypes.
    info: Cell<*mut proto::ProtoInfo>,
}

/// Where a property's value is: a word index from the object's start, or an index into its out-of-line slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct SlotLocation(u32);

impl SlotLocation {
    const OUT_OF_LINE: u32 = 1 << 31;
    #[inline(always)]
    pub const fn inline(word: usize) -> SlotLocation {
        SlotLocation(word as u32)
    }
    #[inline(always)]
    pub const fn out_of_line(index: usize) -> SlotLocation {
        SlotLocation(index as u32 | Self::OUT_OF_LINE)
    }
    #[inline(always)]
    pub const fn is_inline(self) -> bool {
        self.0 & Self::OUT_OF_LINE == 0
    }
    /// The word index (inline) or the index into the out-of-line slots.
    #[inline(always)]
    pub const fn index(self) -> usize {
        (self.0 & !Self::OUT_OF_LINE) as usize
    }
    #[inline(always)]
    pub const fn bits(self) -> u32 {
        self.0
    }
    #[inline(always)]
    pub const fn from_bits(bits: u32) -> SlotLocation {
        SlotLocation(bits)
    }
}

/// A property as its shape knows it.
#[derive(Clone, Copy, Debug)]
pub struct PropertyEntry {
    pub key: PropertyKey,
    pub location: SlotLocation,
    pub attributes: u8,
    /// Its place in the table: ascending in the order of creation.
    pub position: u32,
}

impl PropertyEntry {
    #[inline(always)]
    pub fn has(&self, attribute: u8) -> bool {
        self.attributes & attribute != 0
    }
    /// A plain value that can be read from the slot.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        self.attributes & (ACCESSOR | LAZY) == 0
    }
    /// A property that EnumerableOwnProperties (§7.3.24) lists.
    #[inline]
    pub fn is_enumerable_name(&self) -> bool {
        self.has(ENUMERABLE) && self.key.as_name().is_some()
    }
    /// A plain value that an assignment replaces in the slot.
    #[inline(always)]
    pub fn is_plain_writable(&self) -> bool {
        self.attributes & (WRITABLE | ACCESSOR | LAZY | WATCHED) == WRITABLE
    }
}

/// What a new shape begins with.
struct Blueprint {
    prototype: Value,
    table: *mut PropertyTable,
    count: u32,
    flags: u32,
    slot_count: u32,
    kind: u8,
    inline_base: u8,
    inline_capacity: u8,
    step: u8,
    parent: Option<Gc<Shape>>,
    key: PropertyKey,
}

impl Shape {
    /// Where the kind of the objects and their inline capacity (a byte each) are, for machine code.
    pub const KIND_OFFSET: usize = std::mem::offset_of!(Shape, kind);
    pub const INLINE_CAPACITY_OFFSET: usize = std::mem::offset_of!(Shape, inline_capacity);
}

impl Gc<Shape> {
    #[inline(always)]
    pub fn has(self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }
    #[inline(always)]
    pub fn flags(self) -> u32 {
        self.flags.get()
    }
    #[inline(always)]
    pub(crate) fn set_flag(self, flag: u32) {
        self.flags.set(self.flags.get() | flag);
    }
    #[inline(always)]
    pub(crate) fn clear_flag(self, flag: u32) {
        self.flags.set(self.flags.get() & !flag);
    }
    #[inline(always)]
    pub fn is_unique(self) -> bool {
        self.has(flag::UNIQUE)
    }
    #[inline(always)]
    pub fn is_extensible(self) -> bool {
        !self.has(flag::NON_EXTENSIBLE)
    }
    #[inline(always)]
    pub fn object_kind(self) -> Kind {
        Kind::from_u8(self.kind.get())
    }
    #[inline(always)]
    pub fn prototype(self) -> Option<Gc<Object>> {
        let v = self.prototype.get();
        // SAFETY: the prototype of a shape is an object or null.
        if v.is_null() { None } else { Some(unsafe { Gc::from_addr(v.bits() as usize) }) }
    }
    #[inline(always)]
    pub fn inline_capacity(self) -> usize {
        self.inline_capacity.get() as usize
    }
    #[inline(always)]
    pub fn inline_base(self) -> usize {
        self.inline_base.get() as usize
    }
    #[inline(always)]
    pub fn slot_count(self) -> usize {
        self.slot_count.get() as usize
    }
    /// The shape that this one is a child of.
    pub fn parent(self) -> Option<Gc<Shape>> {
        self.parent.get()
    }
    /// Named properties, private ones included.
    pub fn property_count(self) -> usize {
        match self.table() {
            Some(table) if self.is_unique() => table.live(),
            _ => self.count.get() as usize,
        }
    }
    #[inline(always)]
    pub(crate) fn table<'a>(self) -> Option<&'a PropertyTable> {
        // SAFETY: a table lives as long as a shape that refers to it, and is changed only behind `Cell`s by the thread that owns
        // the context; callers do not keep the reference across changes of the shape.
        unsafe { self.table.get().as_ref() }
    }
    #[inline(always)]
    pub fn id(self, cx: &Context) -> u32 {
        cx.shape_id(self)
    }

    /// The property `key`, if objects of this shape have it.
    #[inline]
    pub fn lookup(self, _cx: &Context, key: PropertyKey) -> Option<PropertyEntry> {
        self.table()?.find(key, self.count.get())
    }

    /// All properties in the order of their creation, private ones included.
    pub fn entries(self) -> impl Iterator<Item = PropertyEntry> {
        let count = self.count.get();
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < count {
                at += 1;
                let entry = self.table()?.entry(at - 1);
                if entry.is_some() {
                    return entry;
                }
            }
            None
        })
    }

    /// Positions of entries, those of deleted properties included.
    pub(crate) fn positions(self) -> u32 {
        self.count.get()
    }

    /// The entry at a position, unless it was deleted.
    #[inline]
    pub(crate) fn entry_at(self, position: u32) -> Option<PropertyEntry> {
        if position < self.count.get() { self.table()?.entry(position) } else { None }
    }

    /// The location of slot number `n`.
    #[inline(always)]
    pub(crate) fn location_of_slot(self, n: usize) -> SlotLocation {
        let inline = self.inline_capacity();
        if n < inline { SlotLocation::inline(self.inline_base() + n) } else { SlotLocation::out_of_line(n - inline) }
    }

    /// Slots that objects of this shape need out of line.
    #[inline(always)]
    pub fn out_of_line_count(self) -> usize {
        self.slot_count().saturating_sub(self.inline_capacity())
    }

    /// Shows the words of the cells that keep being needed while the shape lives: its parent and its keys, all of which do not move.
    /// A shape with a parent has its other keys through it.
    pub(crate) fn each_strong_word(self, visit: &mut dyn FnMut(u64)) {
        match self.parent.get() {
            Some(parent) => {
                visit(parent.addr() as u64);
                visit(self.key.get().bits());
            }
            None => self.entries().for_each(|entry| visit(entry.key.bits())),
        }
    }

    pub(crate) fn free_table(self) {
        // SAFETY: the shape's own reference, given up once.
        unsafe { PropertyTable::release(self.table.replace(std::ptr::null_mut())) };
    }

    /// Whether this is the shape of a dictionary whose structure changes so often that what a cache learned of it would soon be wrong, and learning would cost
    /// it a new shape. To be asked once for each access: when the changes have ceased for some time, the answer becomes no.
    #[inline]
    pub fn is_restless(self) -> bool {
        if !self.has(flag::DICTIONARY) || self.unrest.get() < RESTLESS {
            return false;
        }
        self.unrest.set(self.unrest.get() - 1);
        true
    }

    /// A dictionary's structure changes.
    #[inline]
    fn stir(self) {
        if self.has(flag::DICTIONARY) {
            self.unrest.set((self.unrest.get() + UNREST_OF_CHANGE).min(MOST_UNREST));
        }
    }

    /// Notes that someone depends on facts about this shape: see [`flag::CACHED`]. Means nothing for shared shapes.
    #[inline]
    pub fn mark_cached(self) {
        if self.is_unique() {
            self.set_flag(flag::CACHED);
        }
    }
}

impl Context {
    fn new_shape(&self, blueprint: Blueprint) -> Gc<Shape> {
        let Ok(place) = self.heap.alloc_shape(size_of::<Shape>()) else {
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<Shape>())
        };
        let shape: *mut Shape = place.as_ptr().cast();
        // SAFETY: fresh memory of this size.
        unsafe {
            shape.write(Shape {
                header: CellHeader::new(0, Kind::Shape as u8, 0, 0),
                prototype: Cell::new(blueprint.prototype),
                table: Cell::new(blueprint.table),
                count: Cell::new(blueprint.count),
                flags: Cell::new(blueprint.flags),
                slot_count: Cell::new(blueprint.slot_count),
                kind: Cell::new(blueprint.kind),
                inline_base: Cell::new(blueprint.inline_base),
                inline_capacity: Cell::new(blueprint.inline_capacity),
                step: Cell::new(blueprint.step),
                parent: Cell::new(blueprint.parent),
                key: Cell::new(blueprint.key),
                transitions: Cell::new(0),
                unrest: Cell::new(0),
                enum_cache: Cell::new(Value::EMPTY),
                info: Cell::new(std::ptr::null_mut()),
            });
            Gc::from_addr(shape as usize)
        }
    }

    /// The empty shape of objects of `kind` with this prototype and `inline` inline slots: the root of a tree. The prototype
    /// becomes one, if it was none.
    pub fn root_shape(&self, prototype: Option<Gc<Object>>, kind: Kind, inline: usize) -> Gc<Shape> {
        let inline = inline.min(MAX_INLINE);
        if let Some(found) = self.find_root(prototype, kind, inline) {
            return found;
        }
        let shape = self.new_root(prototype, kind, inline, 0);
        self.remember_root(prototype, shape);
        shape
    }

    /// A root that nobody else gets: for one constructor, or one object.
    pub(crate) fn new_root(&self, prototype: Option<Gc<Object>>, kind: Kind, inline: usize, flags: u32) -> Gc<Shape> {
        if let Some(p) = prototype {
            self.make_prototype(p);
        }
        self.new_shape(Blueprint {
            prototype: prototype.map_or(Value::NULL, Value::from),
            table: std::ptr::null_mut(),
            count: 0,
            flags,
            slot_count: 0,
            kind: kind as u8,
            inline_base: crate::object::layout::base_words(kind) as u8,
            inline_capacity: inline as u8,
            step: transition::ROOT,
            parent: None,
            key: PropertyKey::index(0),
        })
    }
}
