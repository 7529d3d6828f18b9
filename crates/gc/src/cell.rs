//! What the collector knows about a cell: its header, and a table of facts about its kind.
//!
//! A *cell* is one object of the heap. It begins with one word, [`CellHeader`]; everything behind it is the virtual
//! machine's affair. The collector never guesses at a layout: it looks `kind` up in a table of [`KindInfo`] that the
//! machine supplies and calls the functions there.
//!
//! ```text
//!   byte  0        4      5      6       7      8
//!        ┌────────┬──────┬──────┬───────┬──────┬────────────────
//!        │ shape  │ kind │  gc  │ words │flags │ the kind's own …
//!        └────────┴──────┴──────┴───────┴──────┴────────────────
//!          u32      u8     u8     u8      u8
//! ```
//!
//! * `shape`: the granule offset of the cell's hidden class in the shape region ([`crate::Heap::alloc_shape`]), traced
//!   by the collector itself for kinds with [`KindInfo::has_shape`]. Kinds without a shape may use the 32 bits as they
//!   like.
//! * `kind`: an index into the kind table. [`FILLER_KIND`] is the collector's.
//! * `gc`: the collector's. **Initialised to 0 by whoever allocates, never written by anyone else afterwards**: 0 means
//!   "young, or remembered", and that is right for every kind of allocation.
//! * `words`, `flags`: the machine's, except bit 7 of `flags` ([`FORWARDED`]).
//!
//! A cell is a multiple of [`crate::GRANULE`] bytes long, and at least [`crate::MIN_CELL`]: a moved cell leaves its new
//! address in its second word.

use crate::tracer::Tracer;
use crate::weak::WeakSweep;
use std::cell::Cell;
use std::mem::offset_of;

/// Bit of [`CellHeader::gc`]: the cell is old, and the collector does not have it on a list of cells that may point
/// into the nursery. The write barrier's inline test is this one bit.
pub const OLD_CLEAN: u8 = 1 << 0;
/// Bit of [`CellHeader::gc`]: reached in the full collection that is going on. Only cells of the non-moving, shape and
/// large spaces carry it; the others have their mark in the start bitmap.
pub(crate) const MARK: u8 = 1 << 1;
/// Bit of [`CellHeader::gc`]: a conservative word names this cell in the collection that is going on.
pub(crate) const PINNED: u8 = 1 << 2;

/// Bit 7 of [`CellHeader::flags`]: the cell has moved, and its second word is its new address. Seen only during a
/// collection.
pub const FORWARDED: u8 = 1 << 7;

/// The kind byte of a gap that [`crate::Heap::fill_gap`] made: no cell, only a length in granules in the `shape` field.
/// The machine's kind table must not reach this far.
pub const FILLER_KIND: u8 = 0xFF;

/// The first word of every cell. See the module's documentation for who owns which byte.
#[repr(C)]
pub struct CellHeader {
    /// The shape id, for kinds with [`KindInfo::has_shape`]; free for other kinds.
    pub shape: Cell<u32>,
    /// The index into the kind table.
    pub kind: Cell<u8>,
    /// The collector's byte; 0 at allocation.
    pub gc: Cell<u8>,
    /// The machine's: for objects, the number of inline slots.
    pub words: Cell<u8>,
    /// The machine's, except [`FORWARDED`].
    pub flags: Cell<u8>,
}

impl CellHeader {
    /// The offset of the kind byte in bytes, for machine code.
    pub const KIND_OFFSET: usize = offset_of!(CellHeader, kind);
    /// The offset of the collector's byte in bytes, for machine code: the write barrier tests [`OLD_CLEAN`] there.
    pub const GC_OFFSET: usize = offset_of!(CellHeader, gc);
    /// The offset of the `words` byte in bytes, for machine code.
    pub const WORDS_OFFSET: usize = offset_of!(CellHeader, words);
    /// The offset of the flags byte in bytes, for machine code.
    pub const FLAGS_OFFSET: usize = offset_of!(CellHeader, flags);

    /// A header for a cell that was just allocated, in whatever space.
    #[inline]
    pub const fn new(shape: u32, kind: u8, words: u8, flags: u8) -> CellHeader {
        CellHeader {
            shape: Cell::new(shape),
            kind: Cell::new(kind),
            gc: Cell::new(0),
            words: Cell::new(words),
            flags: Cell::new(flags),
        }
    }

    #[inline]
    pub(crate) fn is_forwarded(&self) -> bool {
        self.flags.get() & FORWARDED != 0
    }

    #[inline]
    pub(crate) fn set_gc(&self, bits: u8) {
        self.gc.set(self.gc.get() | bits);
    }

    #[inline]
    pub(crate) fn clear_gc(&self, bits: u8) {
        self.gc.set(self.gc.get() & !bits);
    }

    #[inline]
    pub(crate) fn has_gc(&self, bits: u8) -> bool {
        self.gc.get() & bits != 0
    }
}

/// Whether the 64 bits of a NaN-boxed value are a cell's address: zero in the top 15 bits and in bit 1, and not the
/// empty value 0. (`null` is 2, `undefined` 0xa, `false` 6, `true` 7; int32 and doubles have high bits.)
#[inline(always)]
pub const fn value_is_cell(bits: u64) -> bool {
    bits & 0xFFFE_0000_0000_0002 == 0 && bits != 0
}

/// The length in bytes of a cell: a multiple of 8, at least 16, the same from allocation until death, and found from
/// the cell alone (its header and fields that never change, never through a pointer: what it points to may have moved
/// already).
pub type SizeFn = unsafe fn(*const CellHeader) -> usize;
/// Shows every strong reference of a cell to the tracer. Must not read other cells: they may be in the middle of a
/// move.
pub type TraceFn = unsafe fn(*mut CellHeader, &mut Tracer);
/// Like [`TraceFn`], for the references whose slots lie in the address range `from..to` (bytes) only. The ranges of all
/// calls together cover the cell from its start to the size that it was allocated with, so a range may begin in the
/// header, and end behind a cell that has shrunk.
pub type TraceRangeFn = unsafe fn(*mut CellHeader, from: *mut u8, to: *mut u8, &mut Tracer);
/// Gives back what a dead cell owns outside the heap. May call [`crate::Heap::add_external`]; must not allocate, and
/// must not read other cells.
pub type FinalizeFn = unsafe fn(*mut CellHeader);
/// Shows the ephemerons of a cell to the tracer, with [`Tracer::visit_ephemeron`].
pub type EphemeronFn = unsafe fn(*mut CellHeader, &mut Tracer);
/// Clears or updates the weak references of a cell once it is known what lives.
pub type WeakSweepFn = unsafe fn(*mut CellHeader, &WeakSweep);

/// What a kind with weak references adds to its [`KindInfo`]. There is no registration: the collector meets such cells
/// as it traces, and calls the hooks of those that live and can have changed (see the module [`crate::weak`]).
#[derive(Clone, Copy)]
pub struct WeakHooks {
    /// For WeakMap-like tables: called once in each collection that traces the cell.
    pub trace_ephemerons: Option<EphemeronFn>,
    /// Called once after marking, for each live cell of the kind that the collection traced.
    pub sweep: WeakSweepFn,
}

/// The facts about one kind of cell. A table of these, indexed by the header's kind byte, is all that the collector
/// knows of the machine.
///
/// Built with [`KindInfo::new`] and the `const` setters; the crate's documentation has an example.
#[derive(Clone, Copy)]
pub struct KindInfo {
    /// The name in statistics and in the verifier's reports.
    pub name: &'static str,
    /// See [`SizeFn`].
    pub size: SizeFn,
    /// See [`TraceFn`]; not called for leaves.
    pub trace: TraceFn,
    /// For kinds that can be large and hold references: lets the collector trace by cards.
    pub trace_range: Option<TraceRangeFn>,
    /// Run once when the cell has died or the heap is dropped: by the sweep for cells that do not move, and for movable
    /// ones if [`crate::Heap::register_finalizer`] was called for them.
    pub finalize: Option<FinalizeFn>,
    /// Hooks for kinds with weak references.
    pub weak: Option<WeakHooks>,
    /// Whether the header's `shape` field is a shape id (0: none), which full collections trace.
    pub has_shape: bool,
    /// Whether the cell has no references besides its shape.
    pub leaf: bool,
}

impl KindInfo {
    /// A kind with strong references, no shape, no finalizer.
    pub const fn new(name: &'static str, size: SizeFn, trace: TraceFn) -> KindInfo {
        KindInfo { name, size, trace, trace_range: None, finalize: None, weak: None, has_shape: false, leaf: false }
    }

    /// A kind without references.
    pub const fn leaf(name: &'static str, size: SizeFn) -> KindInfo {
        unsafe fn nothing(_: *mut CellHeader, _: &mut Tracer) {}
        let mut kind = KindInfo::new(name, size, nothing);
        kind.leaf = true;
        kind
    }

    /// The header's `shape` field is a shape id.
    pub const fn with_shape(mut self) -> KindInfo {
        self.has_shape = true;
        self
    }

    /// Large cells of this kind are traced in pieces and remembered by cards.
    pub const fn with_trace_range(mut self, trace_range: TraceRangeFn) -> KindInfo {
        self.trace_range = Some(trace_range);
        self
    }

    /// See [`KindInfo::finalize`].
    pub const fn with_finalize(mut self, finalize: FinalizeFn) -> KindInfo {
        self.finalize = Some(finalize);
        self
    }

    /// See [`WeakHooks`].
    pub const fn with_weak(mut self, weak: WeakHooks) -> KindInfo {
        self.weak = Some(weak);
        self
    }
}

const _: () = assert!(size_of::<CellHeader>() == 8);
