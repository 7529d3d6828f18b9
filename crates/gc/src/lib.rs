//! The moving generational garbage collector.
//!
//! A [`Heap`] holds *cells*, each beginning with a [`CellHeader`] whose kind byte indexes a table of [`KindInfo`] that the virtual machine supplies:
//! how long cells of that kind are, and where their references are. Nothing else is known of the machine here.
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
//! * **Allocation never collects** ([`Heap::alloc`]): it takes another block and sets [`Heap::gc_pending`]. Collection happens where the machine calls
//!   [`Heap::collect`], at safepoints ([`Heap::safepoint`]). So code between two safepoints can hold plain addresses.
//! * **Roots are precise** ([`Roots::trace`]), except for native frames that the machine names as conservative ranges; what these refer to is pinned
//!   ([`pins`]).
//! * **Stores are followed by a write barrier** ([`barrier`]), stores of weak references too ([`weak`]).
//! * **The gc byte is the collector's**; allocation initialises it to 0.
//! * **The heap limit is judged after full collections only** ([`policy`]).
//!
//! Reading order: [`cell`], [`config`], [`memory`], [`heap`], [`collect`], [`tracer`], then the spaces.

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
pub use config::{
    BLOCK_BYTES, CARD_BYTES, GRANULE, HeapConfig, LINE_BYTES, MAX_SMALL, MIN_CELL, OutOfMemory,
    POISON,
};
pub use handles::{Handle, HandleTable};
pub use heap::Heap;
pub use policy::LimitStatus;
pub use roots::{CollectKind, Roots};
pub use stats::{Collection, Histogram, KindCensus, Stats};
pub use tracer::Tracer;
pub use weak::WeakSweep;
