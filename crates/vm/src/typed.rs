//! ArrayBuffer, typed arrays, DataView: layouts, memory, and reading and writing numbers in it (ECMA-262 §25.1, §10.4.5, §25.3).
//!
//! The bytes lie outside the heap, in a [`BackingStore`] that buffers share by reference counting (SharedArrayBuffer) or own. A
//! typed array holds the address of its first element and its length *at present*, so that an access is one comparison and one
//! load, for every kind of buffer: when a buffer is detached or resized (rare), it updates its views (which it knows weakly). A
//! view that is out of bounds, or whose buffer is detached, has length 0.
//!
//! A resizable buffer reserves its largest size at once, so its address never changes.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::number::half;
use crate::object::Object;
use crate::value::Value;
use crate::weak::WeakArray;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Largest buffer in bytes: 2^33, so that element counts of all types are exact and sums do not overflow.
pub const MAX_BYTES: usize = 1 << 33;
/// Bytes are aligned so that vector loads of whole lines do not split.
const ALIGNMENT: usize = 64;

/// Memory of a buffer.
pub struct BackingStore {
    data: *mut u8,
    capacity: usize,
    /// Bytes in use; of shared growable stores the other owners may add to it.
    length: AtomicUsize,
}

// SAFETY: the bytes are plain memory; what is shared between threads is accessed by the rules of SharedArrayBuffer, through
// raw pointers.
unsafe impl Send for BackingStore {}
// SAFETY: as above.
unsafe impl Sync for BackingStore {}

impl BackingStore {
    /// `capacity` zero bytes, of which `length` are in use; `None` if the system refuses.
    pub fn new(length: usize, capacity: usize) -> Option<Arc<BackingStore>> {
        let data = if capacity == 0 {
            std::ptr::without_provenance_mut(ALIGNMENT)
        } else {
            let layout = Layout::from_size_align(capacity, ALIGNMENT).ok()?;
            // SAFETY: the layout's size is not 0.
            let data = unsafe { alloc_zeroed(layout) };
            if data.is_null() {
                return None;
            }
            data
        };
        Some(Arc::new(BackingStore { data, capacity, length: AtomicUsize::new(length) }))
    }

    pub fn data(&self) -> *mut u8 {
        self.data
    }

    pub fn len(&self) -> usize {
        self.length.load(Ordering::SeqCst)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for BackingStore {
    fn drop(&mut self) {
        if self.capacity != 0
            && let Ok(layout) = Layout::from_size_align(self.capacity, ALIGNMENT)
        {
            // SAFETY: allocated in `new` with this layout; nobody else refers to it.
            unsafe { dealloc(self.data, layout) };
        }
    }
}

/// Bits of [`ArrayBuffer::flags`].
pub mod buffer_flag {
    pub const DETACHED: u32 = 1;
    /// Has a maximal length (resizable, or growable if shared).
    pub const RESIZABLE: u32 = 2;
    pub const SHARED: u32 = 4;
    pub const IMMUTABLE: u32 = 8;
    /// `views` is a list, not a single view.
    pub const VIEW_LIST: u32 = 16;
}

/// Kind::ArrayBuffer: ArrayBuffer and SharedArrayBuffer.
#[repr(C)]
pub struct ArrayBuffer {
    pub object: Object,
    /// [[ArrayBufferDetachKey]].
    pub detach_key: Cell<Value>,
    /// The one view (weak), a `WeakArray` of views, or `EMPTY`.
    pub(crate) views: Cell<Value>,
    pub data: Cell<*mut u8>,
    pub byte_length: Cell<usize>,
    pub max_byte_length: Cell<usize>,
    store: Cell<*const BackingStore>,
    /// Bytes counted as external memory.
    charged: Cell<usize>,
    /// The heap that counts them.
    heap: Cell<*const tercel_gc::Heap>,
    pub flags: Cell<u32>,
    _reserved: Cell<u32>,
}

impl ArrayBuffer {
    /// Values that the collector visits as such; `views` is the weak kind's own affair.
    pub const VALUES: usize = 1;
}

/// The types of elements, in the order of the constructors' table (§23.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ElementType {
    Int8,
    Uint8,
    Uint8Clamped,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Float16,
    Float32,
    Float64,
    BigInt64,
    BigUint64,
}

impl ElementType {
    pub const ALL: [ElementType; 12] = [
        ElementType::Int8,
        ElementType::Uint8,
        ElementType::Uint8Clamped,
        ElementType::Int16,
        ElementType::Uint16,
        ElementType::Int32,
        ElementType::Uint32,
        ElementType::Float16,
        ElementType::Float32,
        ElementType::Float64,
        ElementType::BigInt64,
        ElementType::BigUint64,
    ];

    /// Base-2 logarithm of the size in bytes.
    #[inline(always)]
    pub const fn shift(self) -> u32 {
        match self {
            ElementType::Int8 | ElementType::Uint8 | ElementType::Uint8Clamped => 0,
            ElementType::Int16 | ElementType::Uint16 | ElementType::Float16 => 1,
            ElementType::Int32 | ElementType::Uint32 | ElementType::Float32 => 2,
            ElementType::Float64 | ElementType::BigInt64 | ElementType::BigUint64 => 3,
        }
    }

    /// Size in bytes.
    #[inline(always)]
    pub const fn size(self) -> usize {
        1 << self.shift()
    }

    #[inline(always)]
    pub const fn is_bigint(self) -> bool {
        matches!(self, ElementType::BigInt64 | ElementType::BigUint64)
    }

    /// The constructor's name.
    pub const fn name(self) -> &'static str {
        match self {
            ElementType::Int8 => "Int8Array",
            ElementType::Uint8 => "Uint8Array",
            ElementType::Uint8Clamped => "Uint8ClampedArray",
            ElementType::Int16 => "Int16Array",
            ElementType::Uint16 => "Uint16Array",
            ElementType::Int32 => "Int32Array",
            ElementType::Uint32 => "Uint32Array",
            ElementType::Float16 => "Float16Array",
            ElementType::Float32 => "Float32Array",
            ElementType::Float64 => "Float64Array",
            ElementType::BigInt64 => "BigInt64Array",
            ElementType::BigUint64 => "BigUint64Array",
        }
    }

    const fn from_u8(byte: u8) -> ElementType {
        ElementType::ALL[byte as usize]
    }

    /// The number that bits are as an element of a type that is no BigInt's: [`number_to_bits`] backwards.
    pub fn number_of_bits(self, bits: u64) -> f64 {
        let bytes = bits.to_le_bytes();
        // SAFETY: an element has at most eight bytes.
        unsafe { load_number(self, bytes.as_ptr()) }.as_number()
    }
}

/// The elements of a typed array as the unsigned words that hold their bits.
pub enum Words<'a> {
    One(&'a [Cell<u8>]),
    Two(&'a [Cell<u16>]),
    Four(&'a [Cell<u32>]),
    Eight(&'a [Cell<u64>]),
}

/// The length of a view that follows its buffer's.
pub const TRACKS_LENGTH: usize = usize::MAX;

/// Kind::TypedArray.
#[repr(C)]
pub struct TypedArray {
    pub object: Object,
    /// The `ArrayBuffer`.
    pub buffer: Cell<Value>,
    /// The first element.
    pub data: Cell<*mut u8>,
    /// Elements at present.
    pub length: Cell<usize>,
    pub byte_offset: Cell<usize>,
    /// Elements as constructed, or [`TRACKS_LENGTH`].
    pub fixed_length: Cell<usize>,
    element: Cell<u8>,
    out_of_bounds: Cell<bool>,
    _reserved: [Cell<u8>; 6],
}

impl TypedArray {
    /// Offset in bytes of the element type, for machine code.
    pub const ELEMENT_OFFSET: usize = std::mem::offset_of!(TypedArray, element);
    pub const VALUES: usize = 1;
}

/// Kind::DataView. `length`s in bytes.
#[repr(C)]
pub struct DataView {
    pub object: Object,
    pub buffer: Cell<Value>,
    pub data: Cell<*mut u8>,
    pub length: Cell<usize>,
    pub byte_offset: Cell<usize>,
    pub fixed_length: Cell<usize>,
    pub out_of_bounds: Cell<u64>,
}

impl DataView {
    pub const VALUES: usize = 1;
}

impl Gc<ArrayBuffer> {
    #[inline]
    pub fn has(self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }
    #[inline]
    pub fn is_detached(self) -> bool {
        self.has(buffer_flag::DETACHED)
    }
    #[inline]
    pub fn is_shared(self) -> bool {
        self.has(buffer_flag::SHARED)
    }
    #[inline]
    pub fn is_resizable(self) -> bool {
        self.has(buffer_flag::RESIZABLE)
    }
    #[inline]
    pub fn len(self) -> usize {
        self.byte_length.get()
    }
    #[inline]
    pub fn is_empty(self) -> bool {
        self.byte_length.get() == 0
    }

    /// The bytes. Not to be kept across anything that may run script: that may detach the buffer.
    #[inline]
    pub fn bytes<'a>(self) -> &'a [Cell<u8>] {
        // SAFETY: the store has `byte_length` initialised bytes, and the buffer owns a reference to it; `Cell<u8>` allows others to
        // write through their own pointers.
        unsafe { std::slice::from_raw_parts(self.data.get().cast(), self.byte_length.get()) }
    }

    fn store(self) -> Option<Arc<BackingStore>> {
        let store = self.store.get();
        if store.is_null() {
            return None;
        }
        // SAFETY: from `Arc::into_raw`; the buffer's own count stays.
        unsafe {
            Arc::increment_strong_count(store);
            Some(Arc::from_raw(store))
        }
    }

    /// Gives the store up, and what was counted for it.
    fn drop_store(self) {
        let store = self.store.replace(std::ptr::null());
        if !store.is_null() {
            // SAFETY: from `Arc::into_raw`; this was the buffer's own count. The heap outlives its cells.
            unsafe {
                drop(Arc::from_raw(store));
                let _ = (*self.heap.get()).add_external(-(self.charged.replace(0) as isize));
            }
        }
    }
}

/// The finalizer of buffers.
///
/// # Safety
/// `cell` is a dead `ArrayBuffer`; called once.
pub(crate) unsafe fn finalize_buffer(cell: *mut crate::cell::CellHeader) {
    // SAFETY: by the caller's promise.
    let buffer: Gc<ArrayBuffer> = unsafe { Gc::from_addr(cell as usize) };
    buffer.drop_store();
}

impl Context {
    /// AllocateArrayBuffer (§25.1.3.1) of zero bytes. `max`: the maximal length of a resizable one.
    ///
    /// # Errors
    /// RangeError when memory is refused.
    pub fn new_array_buffer(
        &self,
        prototype: Gc<Object>,
        length: usize,
        max: Option<usize>,
        shared: bool,
    ) -> JsResult<Gc<ArrayBuffer>> {
        let capacity = max.unwrap_or(length);
        if capacity > MAX_BYTES || length > capacity {
            return Err(self.throw_buffer_allocation());
        }
        self.heap.add_external(length as isize).map_err(|_| self.throw_buffer_allocation())?;
        let Some(store) = BackingStore::new(length, capacity) else {
            let _ = self.heap.add_external(-(length as isize));
            return Err(self.throw_buffer_allocation());
        };
        let buffer = self.array_buffer_of_store(prototype, store, max.is_some(), shared);
        buffer.charged.set(length);
        Ok(buffer)
    }

    /// A buffer over a store that exists (shared memory of another engine, a transferred one). Nothing is counted.
    pub fn array_buffer_of_store(
        &self,
        prototype: Gc<Object>,
        store: Arc<BackingStore>,
        resizable: bool,
        shared: bool,
    ) -> Gc<ArrayBuffer> {
        let shape = self.root_shape(Some(prototype), Kind::ArrayBuffer, 0);
        let buffer: Gc<ArrayBuffer> = self.alloc_object_raw(shape, Kind::ArrayBuffer);
        buffer.detach_key.set(Value::UNDEFINED);
        buffer.data.set(store.data());
        buffer.byte_length.set(store.len());
        buffer.max_byte_length.set(store.capacity);
        buffer.heap.set(&self.heap);
        let mut flags = 0;
        if resizable {
            flags |= buffer_flag::RESIZABLE;
        }
        if shared {
            flags |= buffer_flag::SHARED;
        }
        buffer.flags.set(flags);
        buffer.store.set(Arc::into_raw(store));
        // SAFETY: a live cell of a kind with a finalizer, registered here only.
        unsafe { self.heap.register_finalizer(buffer.header_ptr()) };
        buffer
    }

    #[cold]
    pub fn throw_buffer_allocation(&self) -> Throw {
        self.throw_out_of_memory(format_args!("Array buffer allocation failed"))
    }

    /// The store of a buffer, to share or transfer it; `None` if it is detached.
    pub fn backing_store(&self, buffer: Gc<ArrayBuffer>) -> Option<Arc<BackingStore>> {
        buffer.store()
    }

    /// DetachArrayBuffer (§25.1.3.5), the key having been compared.
    pub fn detach_array_buffer(&self, buffer: Gc<ArrayBuffer>) {
        debug_assert!(!buffer.is_shared());
        buffer.flags.set(buffer.flags.get() | buffer_flag::DETACHED);
        buffer.byte_length.set(0);
        buffer.max_byte_length.set(0);
        buffer.data.set(std::ptr::without_provenance_mut(ALIGNMENT));
        self.update_views(buffer);
        buffer.drop_store();
    }

    /// Sets the length of a resizable buffer, at most its maximal length: ArrayBuffer.prototype.resize, SharedArrayBuffer.prototype.grow.
    ///
    /// # Errors
    /// RangeError when memory is refused.
    pub fn resize_array_buffer(&self, buffer: Gc<ArrayBuffer>, length: usize) -> JsResult<()> {
        debug_assert!(buffer.is_resizable() && length <= buffer.max_byte_length.get());
        let old = buffer.byte_length.get();
        let change = length as isize - old as isize;
        self.heap.add_external(change).map_err(|_| self.throw_buffer_allocation())?;
        buffer.charged.set((buffer.charged.get() as isize + change).max(0) as usize);
        if length < old {
            // What is given up reads as zero when it comes back.
            // SAFETY: below the old length, which lies in the store.
            unsafe { std::ptr::write_bytes(buffer.data.get().add(length), 0, old - length) };
        }
        if let Some(store) = buffer.store() {
            store.length.store(length, Ordering::SeqCst);
        }
        buffer.byte_length.set(length);
        self.update_views(buffer);
        Ok(())
    }

    fn update_views(&self, buffer: Gc<ArrayBuffer>) {
        let views = buffer.views.get();
        match views.as_kind::<WeakArray>(Kind::WeakArray) {
            Some(array) => {
                for i in 0..array.len() {
                    update_view(buffer, array.get(i));
                }
            }
            None => update_view(buffer, views),
        }
    }

    fn register_view(&self, buffer: Gc<ArrayBuffer>, view: Value) -> JsResult<()> {
        let views = buffer.views.get();
        let registered = if views.is_empty() {
            view
        } else {
            let array = match views.as_kind::<WeakArray>(Kind::WeakArray) {
                Some(array) => array,
                None => {
                    let array = self.new_weak_array(4)?;
                    let array = self.weak_array_push(array, views)?;
                    buffer.flags.set(buffer.flags.get() | buffer_flag::VIEW_LIST);
                    // The flag and the list belong together.
                    buffer.views.set(array.into());
                    array
                }
            };
            self.weak_array_push(array, view)?.into()
        };
        buffer.views.set(registered);
        self.write_barrier(buffer.header_ptr(), registered);
        Ok(())
    }

    /// A typed array over `buffer`, from `byte_offset` on; `length` in elements, or [`TRACKS_LENGTH`]. The range was checked.
    pub fn new_typed_array(
        &self,
        prototype: Gc<Object>,
        element: ElementType,
        buffer: Gc<ArrayBuffer>,
        byte_offset: usize,
        length: usize,
    ) -> JsResult<Gc<TypedArray>> {
        let shape = self.root_shape(Some(prototype), Kind::TypedArray, 0);
        let array: Gc<TypedArray> = self.alloc_object_raw(shape, Kind::TypedArray);
        array.buffer.set(buffer.into());
        array.byte_offset.set(byte_offset);
        array.fixed_length.set(length);
        array.element.set(element as u8);
        update_view(buffer, array.into());
        self.register_view(buffer, array.into())?;
        Ok(array)
    }

    /// A DataView over `buffer`; `length` in bytes, or [`TRACKS_LENGTH`]. The range was checked.
    pub fn new_data_view(
        &self,
        prototype: Gc<Object>,
        buffer: Gc<ArrayBuffer>,
        byte_offset: usize,
        length: usize,
    ) -> JsResult<Gc<DataView>> {
        let shape = self.root_shape(Some(prototype), Kind::DataView, 0);
        let view: Gc<DataView> = self.alloc_object_raw(shape, Kind::DataView);
        view.buffer.set(buffer.into());
        view.byte_offset.set(byte_offset);
        view.fixed_length.set(length);
        update_view(buffer, view.into());
        self.register_view(buffer, view.into())?;
        Ok(view)
    }
}

/// What a view sees of its buffer (IsTypedArrayOutOfBounds, TypedArrayLength, §10.4.5.13–14): elements, and whether it is out of
/// bounds.
fn visible(buffer: Gc<ArrayBuffer>, offset: usize, fixed: usize, shift: u32) -> (usize, bool) {
    let bytes = buffer.byte_length.get();
    if buffer.is_detached() || offset > bytes {
        return (0, true);
    }
    if fixed == TRACKS_LENGTH {
        return ((bytes - offset) >> shift, false);
    }
    if fixed << shift > bytes - offset { (0, true) } else { (fixed, false) }
}

fn update_view(buffer: Gc<ArrayBuffer>, view: Value) {
    if let Some(array) = view.as_kind::<TypedArray>(Kind::TypedArray) {
        let offset = array.byte_offset.get();
        let (length, out) = visible(buffer, offset, array.fixed_length.get(), array.element_type().shift());
        array.length.set(length);
        array.out_of_bounds.set(out);
        array.data.set(buffer.data.get().wrapping_add(if out { 0 } else { offset }));
    } else if let Some(view) = view.as_kind::<DataView>(Kind::DataView) {
        let offset = view.byte_offset.get();
        let (length, out) = visible(buffer, offset, view.fixed_length.get(), 0);
        view.length.set(length);
        view.out_of_bounds.set(out as u64);
        view.data.set(buffer.data.get().wrapping_add(if out { 0 } else { offset }));
    }
}

impl Gc<TypedArray> {
    #[inline(always)]
    pub fn element_type(self) -> ElementType {
        ElementType::from_u8(self.element.get())
    }
    /// Elements at present.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.length.get()
    }
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.length.get() == 0
    }
    #[inline]
    pub fn array_buffer(self) -> Gc<ArrayBuffer> {
        debug_assert!(self.buffer.get().kind() == Some(Kind::ArrayBuffer));
        // SAFETY: set at construction, never changed.
        unsafe { Gc::from_addr(self.buffer.get().bits() as usize) }
    }
    /// IsTypedArrayOutOfBounds (§10.4.5.13); a detached buffer counts.
    #[inline]
    pub fn is_out_of_bounds(self) -> bool {
        self.out_of_bounds.get()
    }
    #[inline]
    pub fn tracks_length(self) -> bool {
        self.fixed_length.get() == TRACKS_LENGTH
    }
    /// Length in bytes at present.
    #[inline]
    pub fn byte_length(self) -> usize {
        self.len() << self.element_type().shift()
    }
    /// The bytes at present. Not to be kept across anything that may run script.
    #[inline]
    pub fn bytes<'a>(self) -> &'a [Cell<u8>] {
        // SAFETY: `length` elements from `data` on lie in the buffer's store (`update_view`).
        unsafe { std::slice::from_raw_parts(self.data.get().cast(), self.byte_length()) }
    }

    /// The elements at present. Not to be kept across anything that may run script.
    pub fn words<'a>(self) -> Words<'a> {
        let (data, length) = (self.data.get(), self.len());
        debug_assert!(data.addr().is_multiple_of(self.element_type().size()));
        // SAFETY: `length` elements from `data` on lie in the buffer's store (`update_view`). Stores are aligned for all types, and
        // offsets of views are multiples of their elements' size.
        unsafe {
            match self.element_type().shift() {
                0 => Words::One(std::slice::from_raw_parts(data.cast(), length)),
                1 => Words::Two(std::slice::from_raw_parts(data.cast(), length)),
                2 => Words::Four(std::slice::from_raw_parts(data.cast(), length)),
                _ => Words::Eight(std::slice::from_raw_parts(data.cast(), length)),
            }
        }
    }

    /// Stores the bits of a converted value in a range of elements, as far as the length.
    pub fn fill_bits(self, range: std::ops::Range<usize>, bits: u64) {
        fn fill<T: Copy>(words: &[Cell<T>], range: std::ops::Range<usize>, word: T) {
            if let Some(words) = words.get(range.start..range.end.min(words.len())) {
                words.iter().for_each(|cell| cell.set(word));
            }
        }
        match self.words() {
            Words::One(words) => fill(words, range, bits as u8),
            Words::Two(words) => fill(words, range, bits as u16),
            Words::Four(words) => fill(words, range, bits as u32),
            Words::Eight(words) => fill(words, range, bits),
        }
    }

    /// Stores numbers from element `at` on, as far as the length, of a type that is no BigInt's. `int32`: all of them are int32.
    pub fn set_numbers(self, at: usize, int32: bool, numbers: impl Iterator<Item = f64>) {
        debug_assert!(!self.element_type().is_bigint());
        fn store<T>(words: &[Cell<T>], at: usize, numbers: impl Iterator<Item = f64>, convert: impl Fn(f64) -> T) {
            for (cell, n) in words[at.min(words.len())..].iter().zip(numbers) {
                cell.set(convert(n));
            }
        }
        let element = self.element_type();
        match (element, self.words()) {
            (ElementType::Float64, Words::Eight(words)) => store(words, at, numbers, f64::to_bits),
            (ElementType::Float32, Words::Four(words)) => store(words, at, numbers, |n| (n as f32).to_bits()),
            (ElementType::Int8 | ElementType::Uint8, Words::One(words)) if int32 => {
                store(words, at, numbers, |n| n as i32 as u8)
            }
            (ElementType::Int16 | ElementType::Uint16, Words::Two(words)) if int32 => {
                store(words, at, numbers, |n| n as i32 as u16)
            }
            (ElementType::Int32 | ElementType::Uint32, Words::Four(words)) if int32 => {
                store(words, at, numbers, |n| n as i32 as u32)
            }
            (_, Words::One(words)) => store(words, at, numbers, |n| number_to_bits(element, n) as u8),
            (_, Words::Two(words)) => store(words, at, numbers, |n| number_to_bits(element, n) as u16),
            (_, Words::Four(words)) => store(words, at, numbers, |n| number_to_bits(element, n) as u32),
            (_, Words::Eight(words)) => store(words, at, numbers, |n| number_to_bits(element, n)),
        }
    }

    /// The element at `i`, which is less than the length.
    #[inline]
    pub fn get(self, cx: &Context, i: usize) -> Value {
        assert!(i < self.len());
        let element = self.element_type();
        // SAFETY: an element below the length lies in the buffer's store.
        unsafe { load(cx, element, self.data.get().add(i << element.shift())) }
    }

    /// Stores the bits of a converted value at `i`, which is less than the length.
    #[inline]
    pub fn set_bits(self, i: usize, bits: u64) {
        assert!(i < self.len());
        let element = self.element_type();
        // SAFETY: an element below the length lies in the buffer's store.
        unsafe { store_bits(element, self.data.get().add(i << element.shift()), bits) }
    }
}

/// RawBytesToNumeric (§25.1.3.13) of the element at `at`, in the machine's byte order.
///
/// # Safety
/// An element's bytes at `at` can be read; alignment does not matter.
#[inline]
pub unsafe fn load(cx: &Context, element: ElementType, at: *const u8) -> Value {
    // SAFETY: by the caller's promise.
    unsafe {
        match element {
            ElementType::BigInt64 => cx.bigint_from_i64(at.cast::<i64>().read_unaligned()).into(),
            ElementType::BigUint64 => cx.bigint_from_u64(at.cast::<u64>().read_unaligned()).into(),
            _ => load_number(element, at),
        }
    }
}

/// As [`load`], of a type that is no BigInt's.
///
/// # Safety
/// As for [`load`].
#[inline]
pub unsafe fn load_number(element: ElementType, at: *const u8) -> Value {
    // SAFETY: by the caller's promise.
    unsafe {
        match element {
            ElementType::Int8 => Value::int32(at.cast::<i8>().read() as i32),
            ElementType::Uint8 | ElementType::Uint8Clamped => Value::int32(at.read() as i32),
            ElementType::Int16 => Value::int32(at.cast::<i16>().read_unaligned() as i32),
            ElementType::Uint16 => Value::int32(at.cast::<u16>().read_unaligned() as i32),
            ElementType::Int32 => Value::int32(at.cast::<i32>().read_unaligned()),
            ElementType::Uint32 => Value::uint32(at.cast::<u32>().read_unaligned()),
            ElementType::Float16 => Value::number(half::half_to_f64(at.cast::<u16>().read_unaligned())),
            ElementType::Float32 => Value::number(at.cast::<f32>().read_unaligned() as f64),
            _ => Value::number(at.cast::<f64>().read_unaligned()),
        }
    }
}

/// Writes the low bytes of `bits` as an element, in the machine's byte order.
///
/// # Safety
/// An element's bytes at `at` can be written.
#[inline]
pub unsafe fn store_bits(element: ElementType, at: *mut u8, bits: u64) {
    // SAFETY: by the caller's promise.
    unsafe {
        match element.shift() {
            0 => at.write(bits as u8),
            1 => at.cast::<u16>().write_unaligned(bits as u16),
            2 => at.cast::<u32>().write_unaligned(bits as u32),
            _ => at.cast::<u64>().write_unaligned(bits),
        }
    }
}

/// The element `i` of a typed array that holds numbers; `EMPTY` for BigInts and beyond the end.
#[inline]
pub fn element_fast(o: Gc<Object>, i: usize) -> Value {
    let Some(array) = o.as_kind::<TypedArray>(Kind::TypedArray) else { return Value::EMPTY };
    let element = array.element_type();
    if i >= array.len() || element.is_bigint() {
        return Value::EMPTY;
    }
    // SAFETY: an element below the length lies in the buffer's store.
    unsafe { load_number(element, array.data.get().add(i << element.shift())) }
}

/// Stores a number in a typed array that holds numbers; `false` for BigInts and beyond the end.
#[inline]
pub fn set_element_fast(o: Gc<Object>, i: usize, n: f64) -> bool {
    let Some(array) = o.as_kind::<TypedArray>(Kind::TypedArray) else { return false };
    let element = array.element_type();
    if i >= array.len() || element.is_bigint() {
        return false;
    }
    array.set_bits(i, number_to_bits(element, n));
    true
}

impl Context {
    /// NumericToRawBytes (§25.1.3.16) after ToNumber or ToBigInt: the bits of an element. Runs script.
    #[inline]
    pub fn to_element_bits(&self, element: ElementType, v: Value) -> JsResult<u64> {
        Ok(match element {
            ElementType::BigInt64 | ElementType::BigUint64 => self.to_big_uint64(v)?,
            _ if v.is_int32() => int32_to_bits(element, v.as_int32()),
            _ => number_to_bits(element, self.to_number(v)?),
        })
    }
}

fn int32_to_bits(element: ElementType, i: i32) -> u64 {
    match element {
        ElementType::Uint8Clamped => i.clamp(0, 255) as u64,
        ElementType::Float16 | ElementType::Float32 | ElementType::Float64 => number_to_bits(element, i as f64),
        _ => i as u32 as u64,
    }
}

/// The bits of a number as an element of a type that is no BigInt's.
pub fn number_to_bits(element: ElementType, n: f64) -> u64 {
    match element {
        ElementType::Uint8Clamped => crate::number::to_uint8_clamp(n) as u64,
        ElementType::Float16 => half::f64_to_half(n) as u64,
        ElementType::Float32 => (n as f32).to_bits() as u64,
        ElementType::Float64 => n.to_bits(),
        _ => crate::number::to_int32(n) as u32 as u64,
    }
}
