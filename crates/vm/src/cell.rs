//! Heap cells: the pointer type [`Gc`], and the one table of cell kinds.
//!
//! A `Gc<T>` is a raw, `Copy` pointer to a cell whose fields are interior-mutable (`Cell`). It is valid until
//! the next safepoint unless something roots or pins it (the rules are in `tercel_gc` and in
//! `docs/Internals.md`): a leaf function, which cannot reach a safepoint, needs no rooting at all; a native
//! function that calls into JavaScript has its native frame scanned, so what it refers to from locals is pinned.
//! Never keep a `Gc` or a `Value` in a heap container of Rust: use `ValueList` or a cell.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

pub use tercel_gc::CellHeader;

/// A cell of which nothing but the header is known.
#[repr(C)]
pub struct Cell64 {
    pub header: CellHeader,
}

impl Gc<Cell64> {
    #[inline(always)]
    pub fn kind(self) -> Kind {
        // SAFETY: every live cell's kind byte was written from a `Kind`.
        unsafe { std::mem::transmute::<u8, Kind>(self.header.kind.get()) }
    }
}

/// A pointer to a heap cell. See the module's text for how long it stays valid.
#[repr(transparent)]
pub struct Gc<T>(NonNull<T>, PhantomData<T>);

impl<T> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> PartialEq for Gc<T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Gc<T> {}

impl<T> Gc<T> {
    /// # Safety
    /// `addr` is the address of a live cell that is a `T`.
    #[inline(always)]
    pub const unsafe fn from_addr(addr: usize) -> Gc<T> {
        // SAFETY: no live cell has address 0.
        Gc(unsafe { NonNull::new_unchecked(addr as *mut T) }, PhantomData)
    }
    #[inline(always)]
    pub fn addr(self) -> usize {
        self.0.as_ptr() as usize
    }
    #[inline(always)]
    pub fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }
    #[inline(always)]
    pub fn header_ptr(self) -> *mut CellHeader {
        self.0.as_ptr().cast()
    }
    /// The same cell as another type.
    /// # Safety
    /// The cell is a `U`: its kind says so, or `T` begins with a `U`.
    #[inline(always)]
    pub const unsafe fn cast<U>(self) -> Gc<U> {
        Gc(self.0.cast(), PhantomData)
    }
}

impl<T> Deref for Gc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: a Gc is valid until the next safepoint, and cells are only mutated through `Cell`s,
        // so shared references may coexist.
        unsafe { self.0.as_ref() }
    }
}

impl<T> std::fmt::Debug for Gc<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gc({:p})", self.0)
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// What a cell is. One Rust layout belongs to each kind; the order carries meaning: strings are
        /// contiguous, elements are contiguous, and everything from `Object` on is a JavaScript object.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum Kind { $($(#[doc = $doc])* $name,)* }

        impl Kind {
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => stringify!($name),)* }
            }
        }
    };
}

kinds! {
    /// Not a cell: free memory.
    Free,
    /// Hidden class (`shape::Shape`), in the shape region.
    Shape,
    /// `string::JsString`, characters in the cell (Latin-1 or UTF-16; interned ones do not move).
    StringFlat,
    /// `string::JsString`, an unflattened concatenation.
    StringRope,
    /// `string::JsString`, a window into a flat string.
    StringSlice,
    /// `symbol::Symbol` (does not move); private names are symbols too.
    Symbol,
    /// `bigint::BigInt`: limbs in the cell.
    BigInt,
    /// `scope::Scope`: captured variables.
    Scope,
    /// `object::Slots`: out-of-line property values and the identity hash.
    Slots,
    /// `elements::Elements` of int32 numbers only (values in boxed form).
    ElementsInt32,
    /// `elements::Elements` of raw doubles; the hole is a reserved NaN.
    ElementsDouble,
    /// `elements::Elements` of any values; the hole is `empty`.
    ElementsValue,
    /// `elements::SparseElements`: index → value and attributes, for sparse, frozen or accessor elements.
    ElementsSparse,
    /// A plain vector of values used by builtins (hash tables of Map and Set, queues, argument lists).
    ValueArray,
    /// Raw bytes without pointers.
    Bytes,
    /// `weak::WeakArray`: weak references, compacted as they die (the views of a buffer, registrations).
    WeakArray,
    /// `weak::Ephemerons`: the hash table of WeakMap and WeakSet.
    Ephemerons,
    /// `object::for_in::ForIn`: the state of one `for (… in …)`.
    ForIn,
    /// A pair {getter, setter} held in the slot of an accessor property.
    Accessor,
    /// `code::CodeBlock`: a template instantiated in a realm, with constants and feedback (does not move).
    CodeBlock,
    /// `realm::Realm` (does not move).
    Realm,
    /// `ic` stub data.
    IcStub,
    /// `module::Module` record.
    Module,
    /// A registered job, reaction or capability record of promises.
    Record,

    // Objects from here on.
    /// Ordinary object.
    Object,
    Array,
    /// Function with bytecode.
    Function,
    /// Function implemented in Rust.
    NativeFunction,
    BoundFunction,
    Error,
    BooleanObject,
    NumberObject,
    StringObject,
    SymbolObject,
    BigIntObject,
    /// Arguments object whose elements alias parameters (sloppy, simple parameters).
    MappedArguments,
    /// Arguments object without aliasing.
    Arguments,
    Date,
    RegExp,
    Map,
    Set,
    WeakMap,
    WeakSet,
    WeakRef,
    FinalizationRegistry,
    Promise,
    Proxy,
    /// Generator, and async function activation.
    Generator,
    AsyncGenerator,
    ArrayBuffer,
    TypedArray,
    DataView,
    ModuleNamespace,
    /// The global object.
    Global,
    /// Iterators implemented in Rust (array, map, set, string, regexp-string, wrapped …): state in internal fields.
    NativeIterator,
    /// A Rust type exposed by an embedder.
    HostObject,
    DisposableStack,
    /// What `JSON.rawJSON` makes.
    RawJson,
}

impl Kind {
    #[inline(always)]
    pub const fn is_string(self) -> bool {
        self as u8 >= Kind::StringFlat as u8 && self as u8 <= Kind::StringSlice as u8
    }
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self as u8 >= Kind::Object as u8
    }
    /// The kind with this number.
    #[inline(always)]
    pub const fn from_u8(byte: u8) -> Kind {
        debug_assert!((byte as usize) < Kind::ALL.len());
        // SAFETY: callers pass a byte that was a `Kind`; the enum is `repr(u8)` and without gaps.
        unsafe { std::mem::transmute::<u8, Kind>(byte) }
    }
    #[inline(always)]
    pub const fn is_elements(self) -> bool {
        self as u8 >= Kind::ElementsInt32 as u8 && self as u8 <= Kind::ElementsSparse as u8
    }
}
