//! The layout of objects in memory: which words of a cell are what, and making, reading and writing them.
//!
//! ```text
//!   word 0       header: shape id, kind, gc, inline slot count, object flags
//!   word 1       out-of-line slots, or null
//!   word 2       elements
//!   word 3 …     the kind's own fields: first values, then raw words
//!   …            `header.words` inline property slots
//! ```
//!
//! [`KIND_LAYOUTS`] has, for each kind, how many words come before the inline slots, and how many of the kind's own are values.
//! The collector, the allocator and the shapes all read this one table.
//!
//! Invariants: all words of an object are initialised when it is made (unused slots and fields are `EMPTY`, which is 0); only
//! setters of this module write values into objects, and each is followed by its write barrier.

use super::{Object, Slots};
use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::elements::Elements;
use crate::error::JsResult;
use crate::shape::{Shape, SlotLocation};
use crate::value::Value;
use std::cell::Cell;

/// Words of an object's common part.
pub const OBJECT_WORDS: usize = size_of::<Object>() / 8;

/// What the collector and the allocator know about a kind of object.
#[derive(Clone, Copy, Debug)]
pub struct KindLayout {
    /// Words before the inline slots.
    pub base: u8,
    /// How many of the words after the common part are values (or cell pointers that may be null).
    pub values: u8,
}

/// The layout of a kind whose struct is `T` and has `values` values first.
const fn layout_of<T>(values: usize) -> KindLayout {
    assert!(size_of::<T>().is_multiple_of(8) && size_of::<T>() / 8 >= OBJECT_WORDS + values);
    KindLayout { base: (size_of::<T>() / 8) as u8, values: values as u8 }
}

/// The layout of a kind whose struct has nothing but values.
const fn values_of<T>() -> KindLayout {
    layout_of::<T>(size_of::<T>() / 8 - OBJECT_WORDS)
}

const fn kind_layout(kind: Kind) -> KindLayout {
    use super::kinds::*;
    use crate::function::{BoundFunction, Function, NativeFunction};
    use crate::typed::{ArrayBuffer, DataView, TypedArray};
    match kind {
        Kind::Array => layout_of::<super::array::ArrayObject>(0),
        Kind::Function => layout_of::<Function>(4),
        Kind::NativeFunction => layout_of::<NativeFunction>(3),
        Kind::BoundFunction => values_of::<BoundFunction>(),
        Kind::Error => values_of::<crate::error_object::ErrorObject>(),
        Kind::BooleanObject
        | Kind::NumberObject
        | Kind::StringObject
        | Kind::SymbolObject
        | Kind::BigIntObject
        | Kind::Date => values_of::<PrimitiveObject>(),
        Kind::MappedArguments => layout_of::<MappedArguments>(2),
        Kind::RegExp | Kind::HostObject => layout_of::<ForeignObject>(FOREIGN_VALUES),
        Kind::Map | Kind::Set | Kind::WeakMap | Kind::WeakSet => values_of::<Collection>(),
        // The target is weak: not among the values that the collector visits.
        Kind::WeakRef => layout_of::<WeakRef>(0),
        Kind::FinalizationRegistry => values_of::<FinalizationRegistry>(),
        Kind::Promise => values_of::<crate::promise::Promise>(),
        Kind::Proxy => values_of::<super::proxy::Proxy>(),
        Kind::Generator | Kind::AsyncGenerator => values_of::<crate::generator::Generator>(),
        Kind::ArrayBuffer => layout_of::<ArrayBuffer>(ArrayBuffer::VALUES),
        Kind::TypedArray => layout_of::<TypedArray>(TypedArray::VALUES),
        Kind::DataView => layout_of::<DataView>(DataView::VALUES),
        Kind::ModuleNamespace => values_of::<super::namespace::ModuleNamespace>(),
        Kind::NativeIterator | Kind::DisposableStack => values_of::<FieldsObject>(),
        _ => layout_of::<Object>(0),
    }
}

/// By kind; meaningful for objects.
pub static KIND_LAYOUTS: [KindLayout; Kind::ALL.len()] = {
    let mut table = [KindLayout { base: OBJECT_WORDS as u8, values: 0 }; Kind::ALL.len()];
    let mut i = Kind::Object as usize;
    while i < table.len() {
        table[i] = kind_layout(Kind::ALL[i]);
        i += 1;
    }
    table
};

/// Words of an object of this kind before its inline slots.
#[inline(always)]
pub fn base_words(kind: Kind) -> usize {
    KIND_LAYOUTS[kind as usize].base as usize
}

/// Out-of-line capacity that the first growth gives.
const FIRST_CAPACITY: usize = 4;

impl Gc<Slots> {
    #[inline(always)]
    pub(crate) fn data(self) -> *mut Value {
        (self.addr() + size_of::<Slots>()) as *mut Value
    }
    #[inline(always)]
    pub fn capacity(self) -> usize {
        self.capacity.get() as usize
    }
    #[inline(always)]
    pub fn get(self, i: usize) -> Value {
        debug_assert!(i < self.capacity());
        // SAFETY: the index is below the capacity; all slots are initialised.
        unsafe { *self.data().add(i) }
    }
}

impl Gc<Object> {
    /// The shape.
    #[inline(always)]
    pub fn shape(self, cx: &Context) -> Gc<Shape> {
        cx.shape_of_id(self.header.shape.get())
    }
    #[inline(always)]
    pub fn shape_id(self) -> u32 {
        self.header.shape.get()
    }
    /// Gives the object another shape, for which it has the slots. Shapes are never young, so no barrier is due.
    #[inline(always)]
    pub(crate) fn set_shape(self, cx: &Context, shape: Gc<Shape>) {
        self.header.shape.set(cx.shape_id(shape));
    }
    #[inline(always)]
    pub fn kind(self) -> Kind {
        Kind::from_u8(self.header.kind.get())
    }
    /// The object as its kind's struct.
    #[inline(always)]
    pub fn as_kind<T>(self, kind: Kind) -> Option<Gc<T>> {
        // SAFETY: the kind was checked; each kind has one Rust layout.
        if self.kind() == kind { Some(unsafe { self.cast() }) } else { None }
    }
    #[inline(always)]
    pub fn value(self) -> Value {
        Value::cell(self)
    }

    #[inline(always)]
    fn word(self, index: usize) -> *mut Value {
        // SAFETY: callers pass a word index inside the cell.
        unsafe { self.as_ptr().cast::<Value>().add(index) }
    }

    /// The value at a location that the object's shape gave. Out of line without slots: `EMPTY` (lazy properties of functions).
    #[inline(always)]
    pub fn slot(self, location: SlotLocation) -> Value {
        if location.is_inline() {
            // SAFETY: an inline location of this object's shape lies among its inline slots.
            unsafe { *self.word(location.index()) }
        } else {
            match self.slots.get() {
                Some(slots) => slots.get(location.index()),
                None => Value::EMPTY,
            }
        }
    }

    /// Writes a location that the object's shape gave, and for which there is room.
    #[inline(always)]
    pub fn set_slot(self, cx: &Context, location: SlotLocation, v: Value) {
        if location.is_inline() {
            // SAFETY: as in `slot`.
            unsafe { *self.word(location.index()) = v };
            cx.write_barrier(self.header_ptr(), v);
        } else if let Some(slots) = self.slots.get() {
            debug_assert!(location.index() < slots.capacity());
            // SAFETY: the index is below the capacity.
            let slot = unsafe { slots.data().add(location.index()) };
            // SAFETY: as above.
            unsafe { *slot = v };
            cx.write_barrier_slot(slots.header_ptr(), slot, v);
        }
    }

    /// Makes room for `count` out-of-line slots; capacities grow geometrically.
    ///
    /// # Errors
    /// RangeError when the memory for a large number of slots is refused.
    #[inline]
    pub fn ensure_slots(self, cx: &Context, count: usize) -> JsResult<()> {
        if self.slots.get().map_or(0, |s| s.capacity()) < count { self.grow_slots(cx, count) } else { Ok(()) }
    }

    #[cold]
    fn grow_slots(self, cx: &Context, count: usize) -> JsResult<()> {
        let old = self.slots.get();
        let have = old.map_or(0, |s| s.capacity());
        let capacity = count.max(if have == 0 { FIRST_CAPACITY } else { have * 2 });
        let slots: Gc<Slots> = cx.try_alloc_raw(Kind::Slots, size_of::<Slots>() + capacity * 8)?;
        let hash = old.map_or(0, |s| s.identity_hash.get());
        // SAFETY: the cell is fresh and of this size; the old slots have `have` values.
        unsafe {
            let p = slots.as_ptr();
            (&raw mut (*p).capacity).write(Cell::new(capacity as u32));
            (&raw mut (*p).identity_hash).write(Cell::new(hash));
            if let Some(old) = old {
                std::ptr::copy_nonoverlapping(old.data(), slots.data(), have);
            }
            std::ptr::write_bytes(slots.data().add(have), 0, capacity - have);
        }
        self.slots.set(Some(slots));
        cx.write_barrier(self.header_ptr(), slots.into());
        Ok(())
    }

    /// The identity hash, given on first use; it travels with the object and says nothing about its address.
    pub fn identity_hash(self, cx: &Context) -> JsResult<u32> {
        if let Some(slots) = self.slots.get() {
            if slots.identity_hash.get() == 0 {
                slots.identity_hash.set(cx.fresh_identity_hash());
            }
            return Ok(slots.identity_hash.get());
        }
        self.grow_slots(cx, 0)?;
        self.identity_hash(cx)
    }

    /// The identity hash, if one was given.
    #[inline]
    pub fn known_identity_hash(self) -> Option<u32> {
        self.slots.get().map(|s| s.identity_hash.get()).filter(|&h| h != 0)
    }

    #[inline(always)]
    pub fn set_elements(self, cx: &Context, elements: Gc<Elements>) {
        self.elements.set(elements);
        cx.write_barrier(self.header_ptr(), elements.into());
    }
}

impl Context {
    /// A young object of `shape`, whose kind is `kind`: no properties' values, no elements, its own fields `EMPTY` (0).
    #[inline(always)]
    pub fn alloc_object_raw<T>(&self, shape: Gc<Shape>, kind: Kind) -> Gc<T> {
        debug_assert_eq!(shape.object_kind(), kind);
        let inline = shape.inline_capacity();
        let words = shape.inline_base() + inline;
        let place: *mut u64 = self.heap.alloc(words * 8).as_ptr().cast();
        // SAFETY: fresh memory of `words` words, at least those of an object.
        unsafe {
            place.cast::<CellHeader>().write(CellHeader::new(self.shape_id(shape), kind as u8, inline as u8, 0));
            place.add(1).write(0);
            place.add(2).write(self.empty_elements().addr() as u64);
            for i in OBJECT_WORDS..words {
                place.add(i).write(0);
            }
            Gc::from_addr(place as usize)
        }
    }

    /// A young object of `shape`; see [`Context::alloc_object_raw`].
    #[inline]
    pub fn new_object_of_shape(&self, shape: Gc<Shape>) -> Gc<Object> {
        self.alloc_object_raw(shape, shape.object_kind())
    }
}
