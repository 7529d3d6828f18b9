//! A toy object model: the kinds of cells that the collector's tests are written with.
//!
//! Every cell carries an identity in its second word, so that tests recognise it wherever it moves.
#![allow(dead_code, reason = "each test program uses a part of this module")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use tercel_gc::{
    CellHeader, CollectKind, HandleTable, Heap, HeapConfig, KindInfo, Roots, Tracer, Verify, WeakHooks, WeakSweep,
    value_is_cell,
};

/// A cell's address.
pub type Ref = *mut CellHeader;

pub const PAIR: u8 = 0;
pub const ARRAY: u8 = 1;
pub const BYTES: u8 = 2;
pub const SHAPE: u8 = 3;
pub const WEAK_MAP: u8 = 4;
pub const WEAK_REF: u8 = 5;
pub const RESOURCE: u8 = 6;

/// The encoding of an integer as a value.
pub const fn int(n: u32) -> u64 {
    0xFFFE_0000_0000_0000 | n as u64
}

pub static KINDS: [KindInfo; 7] = [
    KindInfo::new("pair", pair_size, pair_trace).with_shape(),
    KindInfo::new("array", array_size, array_trace).with_trace_range(array_trace_range),
    KindInfo::leaf("bytes", bytes_size),
    KindInfo::new("shape", shape_size, shape_trace)
        .with_finalize(record_death)
        .with_weak(WeakHooks { trace_ephemerons: None, sweep: shape_sweep }),
    KindInfo::new("weak map", array_size, nothing)
        .with_weak(WeakHooks { trace_ephemerons: Some(map_ephemerons), sweep: map_sweep }),
    KindInfo::new("weak ref", pair_size, nothing)
        .with_weak(WeakHooks { trace_ephemerons: None, sweep: weak_ref_sweep }),
    KindInfo::leaf("resource", pair_size).with_finalize(record_death),
];

thread_local! {
    static DEATHS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The identities of the cells that were finalized since the last call, in ascending order.
pub fn take_deaths() -> Vec<u64> {
    let mut deaths = DEATHS.take();
    deaths.sort_unstable();
    deaths
}

unsafe fn record_death(cell: Ref) {
    DEATHS.with_borrow_mut(|deaths| deaths.push(id(cell)));
}

unsafe fn nothing(_: Ref, _: &mut Tracer) {}

/// The word at an index; word 0 is the header, word 1 the identity.
pub fn word(cell: *const CellHeader, index: usize) -> &'static Cell<u64> {
    // SAFETY: tests pass live cells and indices of words that these have.
    unsafe { &*(cell as *const Cell<u64>).add(index) }
}

pub fn id(cell: *const CellHeader) -> u64 {
    word(cell, 1).get()
}

pub fn kind(cell: *const CellHeader) -> u8 {
    // SAFETY: tests pass live cells.
    unsafe { (*cell).kind.get() }
}

fn words(cell: *const CellHeader, from: usize, count: usize) -> &'static [Cell<u64>] {
    // SAFETY: as in `word`.
    unsafe { std::slice::from_raw_parts(word(cell, from), count) }
}

// Pairs and weak references: header, identity, two words.

unsafe fn pair_size(_: *const CellHeader) -> usize {
    32
}

unsafe fn pair_trace(cell: Ref, tracer: &mut Tracer) {
    tracer.visit_values(words(cell, 2, 2));
}

// Arrays and weak maps: header, identity, length, elements.

unsafe fn array_size(cell: *const CellHeader) -> usize {
    24 + length(cell) * 8
}

/// The length of an array or a weak map (of the latter, twice its entries).
pub fn length(cell: *const CellHeader) -> usize {
    word(cell, 2).get() as usize
}

unsafe fn array_trace(cell: Ref, tracer: &mut Tracer) {
    tracer.visit_values(words(cell, 3, length(cell)));
}

unsafe fn array_trace_range(cell: Ref, from: *mut u8, to: *mut u8, tracer: &mut Tracer) {
    let offset = |address: *mut u8| (address as usize - cell as usize) / 8;
    let (from, to) = (offset(from).max(3), offset(to).min(3 + length(cell)));
    if from < to {
        tracer.visit_values(words(cell, from, to - from));
    }
}

unsafe fn bytes_size(cell: *const CellHeader) -> usize {
    24 + length(cell).next_multiple_of(8)
}

// Shapes: header, identity, parent's id (strong), child's id (weak).

unsafe fn shape_size(_: *const CellHeader) -> usize {
    32
}

unsafe fn shape_trace(cell: Ref, tracer: &mut Tracer) {
    tracer.visit_shape(word(cell, 2).get() as u32);
}

unsafe fn shape_sweep(cell: Ref, sweep: &WeakSweep) {
    let child = word(cell, 3);
    if child.get() != 0 && !sweep.shape_is_live(child.get() as u32) {
        child.set(0);
    }
}

// Weak maps: keys at even, values at odd elements; a free entry has the key 0.

unsafe fn map_ephemerons(map: Ref, tracer: &mut Tracer) {
    for entry in words(map, 3, length(map)).chunks_exact(2) {
        if value_is_cell(entry[0].get()) {
            tracer.visit_ephemeron(map, entry[0].get() as Ref, &entry[1]);
        }
    }
}

unsafe fn map_sweep(map: Ref, sweep: &WeakSweep) {
    for entry in words(map, 3, length(map)).chunks_exact(2) {
        if !sweep.forward_value(&entry[0]) {
            entry[0].set(0);
            entry[1].set(0);
        }
    }
}

// Weak references: word 2 is the target, word 3 whether to notify.

unsafe fn weak_ref_sweep(cell: Ref, sweep: &WeakSweep) {
    if !sweep.forward_value(word(cell, 2)) {
        word(cell, 2).set(0);
        if word(cell, 3).get() != 0 {
            sweep.notify(cell);
        }
    }
}

/// The roots of a test: slots, handles, and words that play a native frame.
#[derive(Default)]
pub struct TestRoots {
    pub slots: RefCell<Vec<Cell<u64>>>,
    pub handles: HandleTable,
    pub native: RefCell<Vec<usize>>,
    /// Shape ids held strongly.
    pub shapes: RefCell<Vec<u32>>,
    /// Weak references outside the heap, by the identity of their targets.
    pub weak: RefCell<BTreeMap<u64, Ref>>,
    pub keep_shape_ids: Cell<bool>,
}

impl Roots for TestRoots {
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_values(&self.slots.borrow());
        self.handles.trace(tracer);
        for &shape in self.shapes.borrow().iter() {
            tracer.visit_shape(shape);
        }
    }

    fn conservative_ranges(&self, visit: &mut dyn FnMut(*const usize, *const usize)) {
        let native = self.native.borrow();
        if !native.is_empty() {
            let range = native.as_ptr_range();
            visit(range.start, range.end);
        }
    }

    fn sweep_weak(&self, sweep: &WeakSweep) {
        self.weak.borrow_mut().retain(|_, target| match sweep.forward(*target) {
            Some(now) => {
                *target = now;
                true
            }
            None => false,
        });
    }

    fn may_reuse_shape_ids(&self) -> bool {
        !self.keep_shape_ids.get()
    }
}

/// A heap with its roots.
pub struct Toy {
    pub heap: Heap,
    pub roots: TestRoots,
    next_id: Cell<u64>,
}

/// A configuration for tests: a small reservation, memory poisoned, verified after each collection.
pub fn config() -> HeapConfig {
    HeapConfig {
        reserve_bytes: 1 << 30,
        shape_bytes: 64 << 20,
        poison: true,
        verify: Verify::Everything,
        ..HeapConfig::default()
    }
}

impl Toy {
    pub fn new(config: HeapConfig) -> Toy {
        take_deaths();
        let heap = Heap::new(config, &KINDS).expect("address space");
        Toy { heap, roots: TestRoots::default(), next_id: Cell::new(1) }
    }

    fn init(&self, cell: *mut u8, kind: u8, shape: u32) -> Ref {
        let cell = cell as Ref;
        // SAFETY: the memory was just allocated for a cell of this kind.
        unsafe { cell.write(CellHeader::new(shape, kind, 0, 0)) };
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        word(cell, 1).set(id);
        cell
    }

    pub fn pair(&self, a: u64, b: u64) -> Ref {
        self.shaped_pair(0, a, b)
    }

    pub fn shaped_pair(&self, shape: u32, a: u64, b: u64) -> Ref {
        let cell = self.init(self.heap.alloc(32).as_ptr(), PAIR, shape);
        word(cell, 2).set(a);
        word(cell, 3).set(b);
        cell
    }

    fn elements(&self, cell: Ref, count: usize, value: u64) {
        word(cell, 2).set(count as u64);
        for element in words(cell, 3, count) {
            element.set(value);
        }
    }

    pub fn array(&self, count: usize, value: u64) -> Ref {
        let memory = self.heap.try_alloc(24 + count * 8).expect("memory");
        let cell = self.init(memory.as_ptr(), ARRAY, 0);
        self.elements(cell, count, value);
        cell
    }

    /// A string-like leaf of `count` bytes (a multiple of 8), each the low byte of its identity.
    pub fn bytes(&self, count: usize) -> Ref {
        let memory = self.heap.try_alloc(24 + count).expect("memory");
        let cell = self.init(memory.as_ptr(), BYTES, 0);
        self.elements(cell, count / 8, 0x0101_0101_0101_0101 * (id(cell) & 0xFF));
        word(cell, 2).set(count as u64);
        cell
    }

    pub fn fixed_array(&self, count: usize, value: u64) -> Ref {
        let memory = self.heap.alloc_nonmoving(24 + count * 8).expect("memory");
        let cell = self.init(memory.as_ptr(), ARRAY, 0);
        self.elements(cell, count, value);
        cell
    }

    pub fn shape(&self, parent: u32) -> u32 {
        let cell = self.init(self.heap.alloc_shape(32).expect("memory").as_ptr(), SHAPE, 0);
        word(cell, 2).set(parent as u64);
        word(cell, 3).set(0);
        self.heap.shape_id(cell)
    }

    pub fn weak_map(&self, entries: usize) -> Ref {
        let memory = self.heap.try_alloc(24 + entries * 16).expect("memory");
        let cell = self.init(memory.as_ptr(), WEAK_MAP, 0);
        self.elements(cell, entries * 2, 0);
        cell
    }

    pub fn map_set(&self, map: Ref, entry: usize, key: u64, value: u64) {
        self.store(map, 3 + entry * 2, key);
        self.store(map, 4 + entry * 2, value);
    }

    pub fn weak_ref(&self, target: Ref, notify: bool) -> Ref {
        let cell = self.init(self.heap.alloc(32).as_ptr(), WEAK_REF, 0);
        word(cell, 2).set(target as u64);
        word(cell, 3).set(notify as u64);
        cell
    }

    pub fn resource(&self) -> Ref {
        let cell = self.init(self.heap.alloc(32).as_ptr(), RESOURCE, 0);
        word(cell, 2).set(0);
        word(cell, 3).set(0);
        // SAFETY: a live cell of a kind with a finalizer.
        unsafe { self.heap.register_finalizer(cell) };
        cell
    }

    pub fn fixed_resource(&self) -> Ref {
        let cell = self.init(self.heap.alloc_nonmoving(32).expect("memory").as_ptr(), RESOURCE, 0);
        word(cell, 2).set(0);
        word(cell, 3).set(0);
        cell
    }

    /// Stores a value into a word of a cell, with the barrier.
    pub fn store(&self, cell: Ref, index: usize, value: u64) {
        word(cell, index).set(value);
        // SAFETY: tests pass live cells.
        unsafe { self.heap.write_barrier_value(cell, word(cell, index).as_ptr() as *const u8, value) };
    }

    /// Adds a root slot; returns its index.
    pub fn root(&self, value: u64) -> usize {
        self.roots.slots.borrow_mut().push(Cell::new(value));
        self.roots.slots.borrow().len() - 1
    }

    pub fn root_cell(&self, cell: Ref) -> usize {
        self.root(cell as u64)
    }

    pub fn get(&self, root: usize) -> Ref {
        self.roots.slots.borrow()[root].get() as Ref
    }

    pub fn set(&self, root: usize, value: u64) {
        self.roots.slots.borrow()[root].set(value);
    }

    /// Has a native frame hold this word.
    pub fn pin(&self, word: usize) {
        self.roots.native.borrow_mut().push(word);
    }

    pub fn unpin_all(&self) {
        self.roots.native.borrow_mut().clear();
    }

    pub fn collect(&self, kind: CollectKind) {
        // SAFETY: tests keep what they use in the roots.
        unsafe { self.heap.collect(kind, &self.roots, "test") };
    }

    pub fn minor(&self) {
        self.collect(CollectKind::Minor);
    }

    pub fn full(&self) {
        self.collect(CollectKind::Full);
    }

    /// What the machine does at a safepoint. Returns whether it collected.
    pub fn safepoint(&self) -> bool {
        if !self.heap.gc_pending.get() {
            return false;
        }
        match self.heap.safepoint() {
            Some(kind) => {
                self.collect(kind);
                true
            }
            None => false,
        }
    }

    /// How many cells of a kind there are.
    pub fn count(&self, kind: u8) -> usize {
        let name = KINDS[kind as usize].name;
        self.heap.census().iter().find(|entry| entry.name == name).map_or(0, |entry| entry.cells)
    }
}

/// Marsaglia's xorshift64*.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}
