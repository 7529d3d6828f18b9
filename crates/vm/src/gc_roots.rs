//! What the collector is told: the table of kinds, and the roots of a context.
//!
//! Objects need no function of their own for each kind: `object::layout::KIND_LAYOUTS` says which words are values. The parts of
//! the crate that own other kinds declare their rows, and the table is put together here, at compile time.

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::elements::sparse::{ENTRIES_OFFSET, ENTRY_BYTES, SparseElements, VALUE_OFFSET};
use crate::elements::{DATA_OFFSET, Elements};
use crate::frame::Frame;
use crate::function::{Function, NativeFunction};
use crate::object::kinds::ForeignObject;
use crate::object::layout::{KIND_LAYOUTS, OBJECT_WORDS};
use crate::object::property::Accessor;
use crate::object::{Object, Slots, for_in::ForIn};
use crate::realm::{REALM_VALUES, Realm};
use crate::record::Record;
use crate::scope::{SLOTS_OFFSET, Scope};
use crate::shape::Shape;
use crate::values::{VALUES_OFFSET, ValueArray};
use crate::weak;
use std::cell::Cell;
use tercel_gc::{KindInfo, Roots, Tracer, WeakHooks, WeakSweep};

const COUNT: usize = Kind::ALL.len();

/// The collector's facts about all kinds, by kind byte.
pub static KINDS: [KindInfo; COUNT] = build();

const fn build() -> [KindInfo; COUNT] {
    let mut t = [KindInfo::leaf("free", size_of_header); COUNT];
    let mut i = Kind::Object as usize;
    while i < COUNT {
        t[i] = KindInfo::new(Kind::ALL[i].name(), size_of_object, trace_object).with_shape();
        i += 1;
    }
    const fn weak(
        trace_ephemerons: Option<tercel_gc::cell::EphemeronFn>,
        sweep: tercel_gc::cell::WeakSweepFn,
    ) -> WeakHooks {
        WeakHooks { trace_ephemerons, sweep }
    }
    macro_rules! row {
        ($kind:ident, $info:expr) => {
            t[Kind::$kind as usize] = $info;
        };
    }
    row!(
        Shape,
        KindInfo::new("shape", size_of_fixed::<Shape>, trace_shape)
            .with_finalize(finalize_shape)
            .with_weak(weak(None, sweep_shape))
    );
    row!(Scope, KindInfo::new("scope", size_of_scope, trace_scope).with_trace_range(trace_scope_range));
    row!(Slots, KindInfo::new("slots", size_of_slots, trace_slots).with_trace_range(trace_slots_range));
    row!(ElementsInt32, KindInfo::leaf("int32 elements", size_of_elements));
    row!(ElementsDouble, KindInfo::leaf("double elements", size_of_elements));
    row!(
        ElementsValue,
        KindInfo::new("elements", size_of_elements, trace_elements).with_trace_range(trace_elements_range)
    );
    row!(
        ElementsSparse,
        KindInfo::new("sparse elements", size_of_sparse, trace_sparse).with_trace_range(trace_sparse_range)
    );
    row!(ValueArray, KindInfo::new("value array", size_of_values, trace_values).with_trace_range(trace_values_range));
    row!(Bytes, KindInfo::leaf("bytes", size_of_values));
    row!(
        WeakArray,
        KindInfo::new("weak array", weak::size_of_weak_array, weak::trace_weak_array)
            .with_weak(weak(None, weak::sweep_weak_array))
    );
    row!(
        Ephemerons,
        KindInfo::new("ephemerons", weak::size_of_ephemerons, weak::trace_nothing)
            .with_weak(weak(Some(weak::trace_ephemerons), weak::sweep_ephemerons))
    );
    row!(ForIn, KindInfo::new("for-in", size_of_fixed::<ForIn>, trace_for_in));
    row!(Accessor, KindInfo::new("accessor", size_of_fixed::<Accessor>, trace_accessor));
    row!(Realm, KindInfo::new("realm", size_of_fixed::<Realm>, trace_realm));
    row!(Record, KindInfo::new("record", size_of_record, trace_record));
    row!(Function, KindInfo::new("Function", size_of_object, trace_function).with_shape());
    row!(NativeFunction, KindInfo::new("NativeFunction", size_of_object, trace_native_function).with_shape());
    row!(RegExp, KindInfo::new("RegExp", size_of_object, trace_object).with_shape().with_finalize(finalize_foreign));
    row!(
        HostObject,
        KindInfo::new("HostObject", size_of_object, trace_object).with_shape().with_finalize(finalize_foreign)
    );
    row!(
        WeakRef,
        KindInfo::new("WeakRef", size_of_object, trace_object).with_shape().with_weak(weak(None, weak::sweep_weak_ref))
    );
    row!(
        FinalizationRegistry,
        KindInfo::new("FinalizationRegistry", size_of_object, trace_object)
            .with_shape()
            .with_weak(weak(None, weak::sweep_registry))
    );
    row!(
        ArrayBuffer,
        KindInfo::new("ArrayBuffer", size_of_object, trace_buffer)
            .with_shape()
            .with_finalize(crate::typed::finalize_buffer)
            .with_weak(weak(None, weak::sweep_buffer))
    );
    // Rows of other parts.
    let mut i = 0;
    while i < crate::interp::gc::KINDS.len() {
        t[crate::interp::gc::KINDS[i].0 as usize] = crate::interp::gc::KINDS[i].1;
        i += 1;
    }
    let mut i = 0;
    while i < crate::text::KINDS.len() {
        t[crate::text::KINDS[i].0 as usize] = crate::text::KINDS[i].1;
        i += 1;
    }
    t
}

/// Values as the collector sees them.
///
/// # Safety
/// `count` values at `at` are initialised and belong to the cell that is being traced.
unsafe fn visit_at(tracer: &mut Tracer, at: *const u8, count: usize) {
    // SAFETY: by the caller's promise; a value is one word in the collector's encoding, and cells are interior-mutable.
    tracer.visit_values(unsafe { std::slice::from_raw_parts(at.cast::<Cell<u64>>(), count) });
}

/// The values of `at[..count]` that lie in the address range `from..to`.
///
/// # Safety
/// As for [`visit_at`].
unsafe fn visit_range(tracer: &mut Tracer, at: *mut u8, count: usize, from: *mut u8, to: *mut u8) {
    let start = (from as usize).max(at as usize).next_multiple_of(8);
    let end = (to as usize).min(at as usize + count * 8);
    if start < end {
        // SAFETY: a part of the range that the caller names.
        unsafe { visit_at(tracer, start as *const u8, (end - start).div_ceil(8)) };
    }
}

// SAFETY, for all functions below: the collector calls each only for live cells of the kind in whose row it stands.

unsafe fn size_of_header(_: *const CellHeader) -> usize {
    tercel_gc::MIN_CELL
}

unsafe fn size_of_fixed<T>(_: *const CellHeader) -> usize {
    size_of::<T>().next_multiple_of(8)
}

unsafe fn size_of_object(cell: *const CellHeader) -> usize {
    // SAFETY: see above.
    let header = unsafe { &*cell };
    (KIND_LAYOUTS[header.kind.get() as usize].base as usize + header.words.get() as usize) * 8
}

unsafe fn trace_object(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above; slots and elements are cell addresses (slots may be null), the next `values` words values, and the inline
    // slots begin at `base`.
    unsafe {
        let object = cell.cast::<Object>();
        tracer.visit((&raw mut (*object).slots).cast());
        tracer.visit((&raw mut (*object).elements).cast());
        let layout = KIND_LAYOUTS[(*cell).kind.get() as usize];
        let words = cell.cast::<u64>();
        visit_at(tracer, words.add(OBJECT_WORDS).cast(), layout.values as usize);
        visit_at(tracer, words.add(layout.base as usize).cast(), (*cell).words.get() as usize);
    }
}

unsafe fn trace_function(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above.
    unsafe {
        trace_object(cell, tracer);
        tracer.visit_shape((*cell.cast::<Function>()).construct.shape.get());
    }
}

unsafe fn trace_native_function(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above.
    unsafe {
        trace_object(cell, tracer);
        tracer.visit_shape((*cell.cast::<NativeFunction>()).construct.shape.get());
    }
}

unsafe fn trace_buffer(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above.
    unsafe {
        trace_object(cell, tracer);
        weak::trace_buffer_views(cell, tracer);
    }
}

unsafe fn finalize_foreign(cell: *mut CellHeader) {
    // SAFETY: see above; `adopt`'s caller promised what `release` may do, and finalizers run once.
    unsafe {
        let object = &*cell.cast::<ForeignObject>();
        if let Some(release) = object.release.take() {
            release(object.foreign.get());
        }
    }
}

unsafe fn trace_shape(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above. Parent and keys do not move, so that they are shown by copies.
    unsafe {
        let shape: Gc<Shape> = Gc::from_addr(cell as usize);
        visit_at(tracer, (&raw const (*cell.cast::<Shape>()).prototype).cast(), 1);
        visit_at(tracer, (&raw const (*cell.cast::<Shape>()).enum_cache).cast(), 1);
        // What follows is never young.
        if tracer.is_full() {
            shape.each_strong_word(&mut |word| tracer.visit_value(&Cell::new(word)));
        }
    }
}

unsafe fn sweep_shape(cell: *mut CellHeader, sweep: &WeakSweep) {
    if sweep.is_full() {
        // SAFETY: see above.
        let shape: Gc<Shape> = unsafe { Gc::from_addr(cell as usize) };
        shape.sweep_children(sweep);
        shape.sweep_roots(sweep);
    }
}

unsafe fn finalize_shape(cell: *mut CellHeader) {
    // SAFETY: see above; the shape is dead, and what it owns outside the heap is freed once.
    unsafe {
        let shape: Gc<Shape> = Gc::from_addr(cell as usize);
        shape.free_transitions();
        shape.free_info();
        shape.free_table();
    }
}

unsafe fn size_of_scope(cell: *const CellHeader) -> usize {
    // SAFETY: see above.
    SLOTS_OFFSET + unsafe { (*cell.cast::<Scope>()).slot_count.get() } as usize * 8
}

unsafe fn trace_scope(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above; parent and owner are one value and one cell address.
    unsafe {
        let scope = &*cell.cast::<Scope>();
        visit_at(tracer, (&raw const scope.parent).cast(), 1);
        visit_at(tracer, (&raw const scope.owner).cast(), 1);
        visit_at(tracer, cell.cast::<u8>().add(SLOTS_OFFSET), scope.slot_count.get() as usize);
    }
}

unsafe fn trace_scope_range(cell: *mut CellHeader, from: *mut u8, to: *mut u8, tracer: &mut Tracer) {
    // SAFETY: see above.
    unsafe {
        let scope = &*cell.cast::<Scope>();
        visit_range(tracer, (&raw const scope.parent).cast_mut().cast(), 1, from, to);
        visit_range(tracer, (&raw const scope.owner).cast_mut().cast(), 1, from, to);
        visit_range(tracer, cell.cast::<u8>().add(SLOTS_OFFSET), scope.slot_count.get() as usize, from, to);
    }
}

/// Size and values of a kind that is a header struct of `$offset` bytes and then values.
macro_rules! vector_kind {
    ($struct:ty, $size:ident, $trace:ident, $range:ident, $offset:expr, $capacity:expr, $used:expr) => {
        unsafe fn $size(cell: *const CellHeader) -> usize {
            // SAFETY: see above.
            let this = unsafe { &*cell.cast::<$struct>() };
            let capacity: fn(&$struct) -> usize = $capacity;
            (($offset) + capacity(this) * 8).max(tercel_gc::MIN_CELL)
        }
        unsafe fn $trace(cell: *mut CellHeader, tracer: &mut Tracer) {
            // SAFETY: see above.
            unsafe {
                let used: fn(&$struct) -> usize = $used;
                visit_at(tracer, cell.cast::<u8>().add($offset), used(&*cell.cast::<$struct>()));
            }
        }
        unsafe fn $range(cell: *mut CellHeader, from: *mut u8, to: *mut u8, tracer: &mut Tracer) {
            // SAFETY: see above.
            unsafe {
                let used: fn(&$struct) -> usize = $used;
                visit_range(tracer, cell.cast::<u8>().add($offset), used(&*cell.cast::<$struct>()), from, to);
            }
        }
    };
}

vector_kind!(
    Slots,
    size_of_slots,
    trace_slots,
    trace_slots_range,
    size_of::<Slots>(),
    |s| s.capacity.get() as usize,
    |s| s.capacity.get() as usize
);
vector_kind!(
    Elements,
    size_of_elements,
    trace_elements,
    trace_elements_range,
    DATA_OFFSET,
    |e| e.capacity.get() as usize,
    |e| e.length.get() as usize
);
vector_kind!(
    ValueArray,
    size_of_values,
    trace_values,
    trace_values_range,
    VALUES_OFFSET,
    |v| v.length.get() as usize,
    |v| v.length.get() as usize
);

unsafe fn size_of_sparse(cell: *const CellHeader) -> usize {
    // SAFETY: see above.
    ENTRIES_OFFSET + unsafe { (*cell.cast::<SparseElements>()).elements.capacity.get() } as usize * ENTRY_BYTES
}

unsafe fn trace_sparse(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above; the values of unused entries are EMPTY.
    unsafe {
        let capacity = (*cell.cast::<SparseElements>()).elements.capacity.get() as usize;
        for i in 0..capacity {
            visit_at(tracer, cell.cast::<u8>().add(ENTRIES_OFFSET + i * ENTRY_BYTES + VALUE_OFFSET), 1);
        }
    }
}

unsafe fn trace_sparse_range(cell: *mut CellHeader, from: *mut u8, to: *mut u8, tracer: &mut Tracer) {
    let first = cell as usize + ENTRIES_OFFSET;
    // SAFETY: see above.
    let capacity = unsafe { (*cell.cast::<SparseElements>()).elements.capacity.get() } as usize;
    let start = (from as usize).saturating_sub(first) / ENTRY_BYTES;
    let end = ((to as usize).saturating_sub(first)).div_ceil(ENTRY_BYTES).min(capacity);
    for i in start..end {
        let at = first + i * ENTRY_BYTES + VALUE_OFFSET;
        if at >= from as usize && at < to as usize {
            // SAFETY: see above.
            unsafe { visit_at(tracer, at as *const u8, 1) };
        }
    }
}

unsafe fn size_of_record(cell: *const CellHeader) -> usize {
    // SAFETY: see above.
    size_of::<CellHeader>() + unsafe { (*cell).words.get() } as usize * 8
}

unsafe fn trace_record(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above.
    unsafe { visit_at(tracer, cell.cast::<u8>().add(size_of::<Record>()), (*cell).words.get() as usize) }
}

unsafe fn trace_for_in(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above. The shape in the header is compared, not used: if it dies and its id comes again, the keys in hand are
    // those of an object that no longer had that shape; so it is kept alive.
    unsafe {
        let state = &*cell.cast::<ForIn>();
        tracer.visit_shape(state.header.shape.get());
        visit_at(tracer, (&raw const state.object).cast(), 1);
        visit_at(tracer, (&raw const state.keys).cast(), 1);
    }
}

unsafe fn trace_accessor(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above.
    unsafe { visit_at(tracer, (&raw const (*cell.cast::<Accessor>()).getter).cast(), 2) }
}

unsafe fn trace_realm(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: see above; the values are the first fields.
    unsafe {
        visit_at(tracer, (&raw const (*cell.cast::<Realm>()).global).cast(), REALM_VALUES);
        let realm: Gc<Realm> = Gc::from_addr(cell as usize);
        realm.shape_ids().for_each(|id| tracer.visit_shape(id));
    }
}

/// The roots of a context.
pub struct ContextRoots<'a> {
    pub cx: &'a Context,
    /// The stack pointer of the native frames that hold references above the innermost entry, if there are any.
    top: Option<usize>,
    /// Where the registers of the VM stack end. Found before anything moves.
    stack_top: Frame,
}

impl<'a> ContextRoots<'a> {
    /// `top` as in the field of this name.
    pub fn new(cx: &'a Context, top: Option<usize>) -> ContextRoots<'a> {
        ContextRoots { cx, top, stack_top: cx.interp.registers_end() }
    }
}

impl Roots for ContextRoots<'_> {
    fn trace(&self, tracer: &mut Tracer) {
        let cx = self.cx;
        // SAFETY: a value is one word in the collector's encoding.
        tracer.visit_value(unsafe { &*(&raw const cx.exception).cast::<Cell<u64>>() });
        cx.interp.trace(tracer, self.stack_top);
        cx.text.trace(tracer);
        cx.objects.trace(tracer);
    }

    fn conservative_ranges(&self, visit: &mut dyn FnMut(*const usize, *const usize)) {
        crate::interp::entry::conservative_ranges(self.cx, self.top, visit);
    }

    fn sweep_weak(&self, sweep: &WeakSweep) {
        self.cx.text.sweep(sweep);
        self.cx.objects.sweep(sweep);
        self.cx.interp.sweep(sweep);
        self.cx.library.regexps.sweep(sweep);
        self.cx.library.iteration.sweep(sweep);
    }
}
