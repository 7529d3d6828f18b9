//! Weak references between cells: WeakRef, WeakMap and WeakSet, FinalizationRegistry, and the engine's own weak lists.
//!
//! - [`WeakArray`]: a list whose dead entries are dropped, and whose order is kept otherwise.
//! - [`Ephemerons`]: the hash table of WeakMap and WeakSet, from key (an object or symbol, by identity hash) to value; an entry
//!   keeps its value alive only while its key is alive by other means.
//! - FinalizationRegistry: a `WeakArray` whose entries come in threes: target (weak), held value (strong), token (weak). When a
//!   target has died its held value waits, marked, until the job that the registry's owner queues takes it
//!   ([`Context::take_dead_registrations`]).
//!
//! A WeakRef whose target was read in the current job keeps it alive until the job ends (§9.9): [`Context::keep_during_job`].

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::list::ValueList;
use crate::object::Object;
use crate::object::kinds::{FinalizationRegistry, WeakRef};
use crate::symbol::Symbol;
use crate::typed::ArrayBuffer;
use crate::value::Value;
use std::cell::Cell;
use tercel_gc::{Tracer, WeakSweep};

/// Kind::WeakArray; `capacity` values follow, `length` of them in use.
#[repr(C)]
pub struct WeakArray {
    /// flags = [`REGISTRATIONS`].
    pub header: CellHeader,
    pub capacity: Cell<u32>,
    pub length: Cell<u32>,
}

/// Header flag of a [`WeakArray`]: entries are registrations, in threes.
pub const REGISTRATIONS: u8 = 1;
/// Values of a registration.
const REGISTRATION: usize = 3;

impl Gc<WeakArray> {
    #[inline]
    pub fn len(self) -> usize {
        self.length.get() as usize
    }
    #[inline]
    pub fn is_empty(self) -> bool {
        self.length.get() == 0
    }
    fn slot<'a>(self, i: usize) -> &'a Cell<Value> {
        debug_assert!(i < self.capacity.get() as usize);
        // SAFETY: below the capacity; used at once, with no safepoint in between.
        unsafe { &*((self.addr() + size_of::<WeakArray>()) as *const Cell<Value>).add(i) }
    }
    /// The entry at `i`, which is less than the length.
    pub fn get(self, i: usize) -> Value {
        assert!(i < self.len());
        self.slot(i).get()
    }
}

/// Kind::Ephemerons; `capacity` (a power of two) entries follow.
#[repr(C)]
pub struct Ephemerons {
    pub header: CellHeader,
    capacity: Cell<u32>,
    count: Cell<u32>,
    /// Entries that live, and tombstones.
    used: Cell<u32>,
    _reserved: Cell<u32>,
}

#[repr(C)]
struct Entry {
    /// An object or symbol; `EMPTY`: never used; `UNDEFINED`: a tombstone.
    key: Cell<Value>,
    value: Cell<Value>,
    /// The hash of the key's identity.
    hash: Cell<u64>,
}

impl Gc<Ephemerons> {
    fn entry<'a>(self, i: usize) -> &'a Entry {
        debug_assert!(i < self.capacity.get() as usize);
        // SAFETY: below the capacity; used at once, with no safepoint in between.
        unsafe { &*((self.addr() + size_of::<Ephemerons>()) as *const Entry).add(i) }
    }

    fn find<'a>(self, key: Value, hash: u32) -> Option<&'a Entry> {
        let mask = self.capacity.get() as usize - 1;
        let mut at = hash as usize & mask;
        loop {
            let e = self.entry(at);
            if e.key.get() == key {
                return Some(e);
            }
            if e.key.get().is_empty() {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    fn insert_new(self, cx: &Context, key: Value, value: Value, hash: u32) {
        let mask = self.capacity.get() as usize - 1;
        let mut at = hash as usize & mask;
        while self.entry(at).key.get().is_cell() {
            at = (at + 1) & mask;
        }
        let e = self.entry(at);
        if e.key.get().is_empty() {
            self.used.set(self.used.get() + 1);
        }
        self.count.set(self.count.get() + 1);
        e.key.set(key);
        e.value.set(value);
        e.hash.set(hash as u64);
        cx.write_barrier_slot(self.header_ptr(), e.key.as_ptr(), key);
        cx.write_barrier_slot(self.header_ptr(), e.value.as_ptr(), value);
    }
}

/// The hash of a key that exists; `None` if it never got one, so that no table has it.
fn known_hash(key: Value) -> Option<u32> {
    match key.as_kind::<Symbol>(Kind::Symbol) {
        Some(symbol) => Some(symbol.hash.get()),
        None => key.as_object()?.known_identity_hash(),
    }
}

impl Context {
    /// An empty weak array.
    pub fn new_weak_array(&self, capacity: usize) -> JsResult<Gc<WeakArray>> {
        let array: Gc<WeakArray> = self.try_alloc_raw(Kind::WeakArray, size_of::<WeakArray>() + capacity * 8)?;
        array.capacity.set(capacity as u32);
        array.length.set(0);
        for i in 0..capacity {
            array.slot(i).set(Value::EMPTY);
        }
        Ok(array)
    }

    /// Adds an entry; gives the array that has it (a larger one, when the old was full).
    pub fn weak_array_push(&self, array: Gc<WeakArray>, v: Value) -> JsResult<Gc<WeakArray>> {
        let target = self.weak_array_reserve(array, 1)?;
        let i = target.len();
        target.length.set(i as u32 + 1);
        target.slot(i).set(v);
        self.write_barrier_slot(target.header_ptr(), target.slot(i).as_ptr(), v);
        Ok(target)
    }

    /// Makes room for `extra` entries; gives the array that has it.
    fn weak_array_reserve(&self, array: Gc<WeakArray>, extra: usize) -> JsResult<Gc<WeakArray>> {
        if array.len() + extra <= array.capacity.get() as usize {
            return Ok(array);
        }
        let target = self.new_weak_array(array.len() * 2 + extra)?;
        target.header.flags.set(array.header.flags.get() & REGISTRATIONS);
        for i in 0..array.len() {
            target.slot(i).set(array.get(i));
        }
        target.length.set(array.length.get());
        Ok(target)
    }

    fn new_ephemerons(&self, capacity: usize) -> JsResult<Gc<Ephemerons>> {
        let size = size_of::<Ephemerons>() + capacity * size_of::<Entry>();
        let table: Gc<Ephemerons> = self.try_alloc_raw(Kind::Ephemerons, size)?;
        table.capacity.set(capacity as u32);
        table.count.set(0);
        table.used.set(0);
        // SAFETY: fresh memory of this size; 0 is EMPTY.
        unsafe {
            std::ptr::write_bytes((table.addr() + size_of::<Ephemerons>()) as *mut Entry, 0, capacity);
        }
        Ok(table)
    }

    fn weak_hash(&self, key: Value) -> JsResult<u32> {
        match key.as_object() {
            Some(o) => o.identity_hash(self),
            None => Ok(known_hash(key).unwrap_or_default()),
        }
    }

    /// The value of `key` in a WeakMap's table (`EMPTY` for one that has none).
    pub fn ephemeron_get(&self, table: Value, key: Value) -> Option<Value> {
        let table = table.as_kind::<Ephemerons>(Kind::Ephemerons)?;
        Some(table.find(key, known_hash(key)?)?.value.get())
    }

    /// Sets the value of `key`; gives the table to keep. `key` can be held weakly.
    pub fn ephemeron_set(&self, table: Value, key: Value, value: Value) -> JsResult<Gc<Ephemerons>> {
        let hash = self.weak_hash(key)?;
        let mut target = match table.as_kind::<Ephemerons>(Kind::Ephemerons) {
            Some(table) => table,
            None => self.new_ephemerons(8)?,
        };
        if let Some(e) = target.find(key, hash) {
            e.value.set(value);
            self.write_barrier_slot(target.header_ptr(), e.value.as_ptr(), value);
            return Ok(target);
        }
        if (target.used.get() as usize + 1) * 4 > target.capacity.get() as usize * 3 {
            let old = target;
            let capacity = (old.count.get() as usize + 1).next_power_of_two() * 2;
            target = self.new_ephemerons(capacity.max(8))?;
            for i in 0..old.capacity.get() as usize {
                let e = old.entry(i);
                if e.key.get().is_cell() {
                    target.insert_new(self, e.key.get(), e.value.get(), e.hash.get() as u32);
                }
            }
        }
        target.insert_new(self, key, value, hash);
        Ok(target)
    }

    /// Removes `key`; whether it was there.
    pub fn ephemeron_delete(&self, table: Value, key: Value) -> bool {
        let found =
            table.as_kind::<Ephemerons>(Kind::Ephemerons).and_then(|t| Some((t, t.find(key, known_hash(key)?)?)));
        let Some((table, e)) = found else { return false };
        e.key.set(Value::UNDEFINED);
        e.value.set(Value::EMPTY);
        table.count.set(table.count.get() - 1);
        true
    }

    /// A WeakRef to `target`, which can be held weakly (§26.1.1.1).
    pub fn new_weak_ref(&self, prototype: Gc<Object>, target: Value) -> JsResult<Gc<WeakRef>> {
        let weak: Gc<WeakRef> =
            self.alloc_object_raw(self.root_shape(Some(prototype), Kind::WeakRef, 0), Kind::WeakRef);
        weak.target.set(target);
        self.keep_during_job(target);
        Ok(weak)
    }

    /// WeakRefDeref (§26.1.4.1).
    pub fn weak_ref_deref(&self, weak: Gc<WeakRef>) -> Value {
        let target = weak.target.get();
        self.keep_during_job(target);
        target
    }

    /// AddToKeptObjects (§9.9): alive until [`Context::clear_kept_objects`].
    pub fn keep_during_job(&self, v: Value) {
        if v.is_cell() {
            let kept = &self.objects.kept;
            if kept.last() != Some(v) {
                kept.push(v);
            }
        }
    }

    /// ClearKeptObjects (§9.10): to be called when the job queue is empty.
    pub fn clear_kept_objects(&self) {
        self.objects.kept.clear();
    }

    // ---- FinalizationRegistry (§26.2).

    /// Registers `target` with a held value; `token` is an object, a symbol, or undefined.
    pub fn finalization_register(
        &self,
        registry: Gc<FinalizationRegistry>,
        target: Value,
        held: Value,
        token: Value,
    ) -> JsResult<()> {
        let mut array = match registry.registrations.get().as_kind::<WeakArray>(Kind::WeakArray) {
            Some(array) => array,
            None => {
                let array = self.new_weak_array(REGISTRATION * 4)?;
                array.header.flags.set(REGISTRATIONS);
                array
            }
        };
        // Room for all three at once: an array of registrations never holds a part of one.
        array = self.weak_array_reserve(array, REGISTRATION)?;
        for v in [target, held, token] {
            array = self.weak_array_push(array, v)?;
        }
        registry.registrations.set(array.into());
        self.write_barrier(registry.header_ptr(), array.into());
        Ok(())
    }

    /// Removes the registrations with this token; whether there were any.
    pub fn finalization_unregister(&self, registry: Gc<FinalizationRegistry>, token: Value) -> bool {
        let Some(array) = registry.registrations.get().as_kind::<WeakArray>(Kind::WeakArray) else { return false };
        remove_registrations(array, |array, i| array.get(i + 2) == token)
    }

    /// Takes the held values of registrations whose targets have died.
    pub fn take_dead_registrations<'a>(&'a self, registry: Gc<FinalizationRegistry>) -> ValueList<'a> {
        let list = ValueList::new(self);
        if let Some(array) = registry.registrations.get().as_kind::<WeakArray>(Kind::WeakArray) {
            for i in (0..array.len()).step_by(REGISTRATION) {
                if array.get(i).is_empty() {
                    list.push(array.get(i + 1));
                }
            }
            remove_registrations(array, |array, i| array.get(i).is_empty());
        }
        list
    }

    /// Whether some registration's target has died.
    pub fn has_dead_registrations(&self, registry: Gc<FinalizationRegistry>) -> bool {
        registry
            .registrations
            .get()
            .as_kind::<WeakArray>(Kind::WeakArray)
            .is_some_and(|array| (0..array.len()).step_by(REGISTRATION).any(|i| array.get(i).is_empty()))
    }
}

/// Removes the registrations of which `gone` is true; whether there were any.
fn remove_registrations(array: Gc<WeakArray>, gone: impl Fn(Gc<WeakArray>, usize) -> bool) -> bool {
    let mut to = 0;
    for i in (0..array.len()).step_by(REGISTRATION) {
        if !gone(array, i) {
            for k in 0..REGISTRATION {
                array.slot(to + k).set(array.get(i + k));
            }
            to += REGISTRATION;
        }
    }
    let removed = to < array.len();
    array.length.set(to as u32);
    removed
}

// ---- The collector's side.

fn bits(slot: &Cell<Value>) -> &Cell<u64> {
    // SAFETY: a Value is one transparent word.
    unsafe { &*std::ptr::from_ref(slot).cast() }
}

pub(crate) unsafe fn size_of_weak_array(cell: *const CellHeader) -> usize {
    // SAFETY: the collector calls this for weak arrays only.
    size_of::<WeakArray>() + unsafe { (*cell.cast::<WeakArray>()).capacity.get() } as usize * 8
}

/// Held values of registrations are strong.
pub(crate) unsafe fn trace_weak_array(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: the collector calls this for weak arrays only.
    let array: Gc<WeakArray> = unsafe { Gc::from_addr(cell as usize) };
    if array.header.flags.get() & REGISTRATIONS != 0 {
        for i in (0..array.len()).step_by(REGISTRATION) {
            tracer.visit_value(bits(array.slot(i + 1)));
        }
    }
}

pub(crate) unsafe fn sweep_weak_array(cell: *mut CellHeader, sweep: &WeakSweep) {
    // SAFETY: as above.
    let array: Gc<WeakArray> = unsafe { Gc::from_addr(cell as usize) };
    if array.header.flags.get() & REGISTRATIONS != 0 {
        for i in (0..array.len()).step_by(REGISTRATION) {
            if !sweep.forward_value(bits(array.slot(i))) {
                array.slot(i).set(Value::EMPTY);
            }
            if !sweep.forward_value(bits(array.slot(i + 2))) {
                array.slot(i + 2).set(Value::UNDEFINED);
            }
        }
        return;
    }
    let mut to = 0;
    for i in 0..array.len() {
        if sweep.forward_value(bits(array.slot(i))) {
            array.slot(to).set(array.get(i));
            to += 1;
        }
    }
    array.length.set(to as u32);
}

/// Names each registry with registrations to the machine, which then looks for dead targets
/// ([`Context::has_dead_registrations`]): the order in which cells are swept says nothing here.
pub(crate) unsafe fn sweep_registry(cell: *mut CellHeader, sweep: &WeakSweep) {
    // SAFETY: the collector calls this for registries only.
    let registry: Gc<FinalizationRegistry> = unsafe { Gc::from_addr(cell as usize) };
    if registry.registrations.get().is_cell() {
        sweep.notify(cell);
    }
}

pub(crate) unsafe fn size_of_ephemerons(cell: *const CellHeader) -> usize {
    // SAFETY: the collector calls this for ephemeron tables only.
    size_of::<Ephemerons>() + unsafe { (*cell.cast::<Ephemerons>()).capacity.get() } as usize * size_of::<Entry>()
}

pub(crate) unsafe fn trace_nothing(_: *mut CellHeader, _: &mut Tracer) {}

pub(crate) unsafe fn trace_ephemerons(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: the collector calls this for ephemeron tables only.
    let table: Gc<Ephemerons> = unsafe { Gc::from_addr(cell as usize) };
    for i in 0..table.capacity.get() as usize {
        let e = table.entry(i);
        if e.key.get().is_cell() {
            tracer.visit_ephemeron(cell, e.key.get().bits() as usize as *mut CellHeader, bits(&e.value));
        }
    }
}

pub(crate) unsafe fn sweep_ephemerons(cell: *mut CellHeader, sweep: &WeakSweep) {
    // SAFETY: as above.
    let table: Gc<Ephemerons> = unsafe { Gc::from_addr(cell as usize) };
    for i in 0..table.capacity.get() as usize {
        let e = table.entry(i);
        if e.key.get().is_cell() && !sweep.forward_value(bits(&e.key)) {
            e.key.set(Value::UNDEFINED);
            e.value.set(Value::EMPTY);
            table.count.set(table.count.get() - 1);
        }
    }
}

pub(crate) unsafe fn sweep_weak_ref(cell: *mut CellHeader, sweep: &WeakSweep) {
    // SAFETY: the collector calls this for WeakRefs only.
    let weak: Gc<WeakRef> = unsafe { Gc::from_addr(cell as usize) };
    if !sweep.forward_value(bits(&weak.target)) {
        weak.target.set(Value::UNDEFINED);
    }
}

/// The one view of a buffer is weak; a list of views is the buffer's own, and strong.
pub(crate) unsafe fn trace_buffer_views(cell: *mut CellHeader, tracer: &mut Tracer) {
    // SAFETY: the collector calls this for buffers only.
    let buffer: Gc<ArrayBuffer> = unsafe { Gc::from_addr(cell as usize) };
    if buffer.has(crate::typed::buffer_flag::VIEW_LIST) {
        tracer.visit_value(bits(&buffer.views));
    }
}

pub(crate) unsafe fn sweep_buffer(cell: *mut CellHeader, sweep: &WeakSweep) {
    // SAFETY: the collector calls this for buffers only.
    let buffer: Gc<ArrayBuffer> = unsafe { Gc::from_addr(cell as usize) };
    let single = !buffer.has(crate::typed::buffer_flag::VIEW_LIST);
    if single && buffer.views.get().is_cell() && !sweep.forward_value(bits(&buffer.views)) {
        buffer.views.set(Value::EMPTY);
    }
}
