//! Executable memory, the code in it, and what is known about that code.
//!
//! One [`CodeSpace`] per engine reserves one range of addresses, so that every near call reaches. Code is assembled in
//! plain memory and *published*: linked, written to the file behind the mapping, and never changed afterwards. All that
//! changes (inline caches, counters, constants that the collector moves) lives in a data block beside the code.
//!
//! ```text
//! ┌───────┬──────────────────────┬───────────────┬───────┬─────────────────────┬───────────────┬───────┐
//! │ guard │ code  r-x, published │ not written   │ guard │ data  rw-, per code │ not committed │ guard │
//! └───────┴──────────────────────┴───────────────┴───────┴─────────────────────┴───────────────┴───────┘
//!           ▲ a file of the engine's own, written by system calls only
//! ```
//!
//! Invariants:
//!
//! * W^X: the executable view is never writable, and there is no other view.
//! * Executable memory that holds no code is filled with trapping instructions. Behind the last page that code was ever written to there is no memory.
//! * Published bytes change only when their code was [retired](CodeSpace::retire) and the caller has vouched, in
//!   [`CodeSpace::reclaim`], that no frame runs it. Before reused memory runs, every thread of the process executes a
//!   serialising instruction (Intel SDM volume 3, 9.1.3, "Handling Self- and Cross-Modifying Code").
//! * A failure to publish (budget, address space, a relocation out of reach) changes nothing: what was published runs on.
//!
//! Where to look: `space.rs` is the API, `os.rs` everything that depends on the platform, `ranges.rs` the allocator,
//! `tables.rs` what is found by return address, `listen/` profilers and debuggers.

#![deny(unsafe_code)]

mod batch;
mod error;
pub mod listen;
mod object;
#[allow(unsafe_code)]
mod os;
mod ranges;
mod space;
mod tables;

pub use batch::Batch;
pub use error::CodeError;
pub use object::{CallerFrame, CodeImage, CodeInfo, CodeKind, CodeObject, CodeRef, DataBlock, Unwind, UnwindRow};
pub use os::{SUPPORTED, prepare_process};
pub use space::{CodeConfig, CodeSpace, CodeStats, DATA, Reclaimed};
pub use tables::{CodeTables, OffsetTable, StackMap, StackMaps};
