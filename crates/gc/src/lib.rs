//! The moving generational garbage collector.
//!
//! A [`Heap`] holds *cells*, each beginning with a [`CellHeader`] whose kind byte indexes a table of [`KindInfo`] that
//! the virtual machine supplies: how long cells of that kind are, and where their references are. Nothing else is known
//! of the machine here.
//!
//! # The spaces
//!
//! | space | cells | allocation | freed by |
//! |---|---|---|---|
//! | nursery ([`nursery`]) | everything, at first | a pointer bump | copying out what lives; all else is gone |
//! | old ([`old`]) | what has survived twice, or was pinned while young | by promotion only | full collections, by lines; sparse blocks are evacuated |
//! | large ([`large`]) | more than [`MAX_SMALL`] bytes; young or old by flag | a run of blocks each | their generation's collection; never moved |
//! | non-moving, shapes ([`fixed`]) | what is named by address or id from outside | free lists by size | full collections; never moved |
//!
//! # The contract with the machine
//!
//! * **Allocation never collects** ([`Heap::alloc`]): it takes another block and sets [`Heap::gc_pending`]. Collection
//!   happens where the machine calls [`Heap::collect`], at safepoints ([`Heap::safepoint`]). So code between two
//!   safepoints can hold plain addresses.
//! * **Roots are precise** ([`Roots::trace`]), except for native frames that the machine names as conservative ranges;
//!   what these refer to is pinned ([`pins`]).
//! * **Stores are followed by a write barrier** ([`barrier`]), stores of weak references too ([`weak`]).
//! * **The gc byte is the collector's**; allocation initialises it to 0.
//! * **The heap limit is judged after full collections only** ([`policy`]).
//!
//! # An example
//!
//! ```
//! use std::cell::Cell;
//! use tercel_gc::{CellHeader, CollectKind, Heap, HeapConfig, KindInfo, Roots, Tracer};
//!
//! // One kind of cell: a header and two values.
//! #[repr(C)]
//! struct Pair {
//!     header: CellHeader,
//!     slots: [Cell<u64>; 2],
//! }
//! unsafe fn size(_: *const CellHeader) -> usize {
//!     size_of::<Pair>()
//! }
//! unsafe fn trace(cell: *mut CellHeader, tracer: &mut Tracer) {
//!     // SAFETY: called for pairs only.
//!     tracer.visit_values(&unsafe { &*(cell as *const Pair) }.slots);
//! }
//! static KINDS: [KindInfo; 1] = [KindInfo::new("pair", size, trace)];
//!
//! // One root.
//! struct Root(Cell<u64>);
//! impl Roots for Root {
//!     fn trace(&self, tracer: &mut Tracer) {
//!         tracer.visit_value(&self.0);
//!     }
//! }
//!
//! let heap = Heap::new(HeapConfig::default(), &KINDS).unwrap();
//! let make = |a, b| {
//!     let pair = heap.alloc(size_of::<Pair>()).cast::<Pair>();
//!     // SAFETY: fresh memory of this size.
//!     unsafe { pair.write(Pair { header: CellHeader::new(0, 0, 0, 0), slots: [Cell::new(a), Cell::new(b)] }) };
//!     pair.as_ptr() as u64
//! };
//! let null = 2;
//! let root = Root(Cell::new(make(make(null, null), null)));
//! make(null, null);
//! let before = root.0.get();
//! // SAFETY: `root` holds all that is used afterwards.
//! unsafe { heap.collect(CollectKind::Minor, &root, "an example") };
//! assert_ne!(root.0.get(), before, "the pair has moved");
//! assert_eq!(heap.census()[0].cells, 2, "the one that nothing refers to is gone");
//! ```
//!
//! Reading order: [`cell`], [`config`], [`memory`], [`heap`], [`collect`], [`tracer`], then the spaces.

#![allow(rustdoc::private_intra_doc_links, reason = "the essays are for readers of the source")]

pub mod barrier;
pub mod cell;
pub mod collect;
pub mod config;
pub(crate) mod fixed;
pub mod handles;
pub mod heap;
pub(crate) mod large;
pub(crate) mod memory;
pub(crate) mod nursery;
pub(crate) mod old;
pub(crate) mod pins;
pub mod policy;
pub mod roots;
pub mod stats;
pub mod tracer;
pub mod verify;
pub mod walk;
pub mod weak;

pub use cell::{CellHeader, FILLER_KIND, FORWARDED, KindInfo, OLD_CLEAN, WeakHooks, value_is_cell};
pub use collect::cpu_time;
pub use config::{BLOCK_BYTES, CARD_BYTES, GRANULE, HeapConfig, LINE_BYTES, MAX_SMALL, MIN_CELL, OutOfMemory, POISON};
pub use handles::{Handle, HandleTable};
pub use heap::Heap;
pub use policy::LimitStatus;
pub use roots::{CollectKind, Roots};
pub use stats::{Collection, Histogram, KindCensus, Stats};
pub use tracer::Tracer;
pub use verify::Verify;
pub use weak::WeakSweep;
