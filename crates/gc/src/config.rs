//! The collector's sizes and tunables, each in one place.

use crate::verify::Verify;

/// The unit of addresses and sizes, in bytes.
pub const GRANULE: usize = 8;
/// The smallest cell, in bytes: a header and a forwarding address.
pub const MIN_CELL: usize = 16;
/// The size and alignment of a block, in bytes.
pub const BLOCK_BYTES: usize = 1 << BLOCK_SHIFT;
pub(crate) const BLOCK_SHIFT: u32 = 16;
/// The unit in which the old generation finds and reuses free space, in bytes (Blackburn & McKinley, "Immix", PLDI
/// 2008).
pub const LINE_BYTES: usize = 256;
pub(crate) const LINES: usize = BLOCK_BYTES / LINE_BYTES;
/// The largest cell that lives in a block, in bytes; larger ones have a mapping of their own. A quarter of a block
/// bounds what is lost at a block's end, and what a copy costs.
pub const MAX_SMALL: usize = BLOCK_BYTES / 4;
/// The unit of remembering in large cells, in bytes.
pub const CARD_BYTES: usize = 1024;

/// How many blocks the frontier of the reservation commits at a time; as many stay committed ahead, as the reserve that
/// allocation and promotion live on when the system refuses more.
pub(crate) const COMMIT_BLOCKS: u32 = 16;
/// The memory of a longer run of free blocks goes back to the system piece by piece, as many blocks for each that eden takes.
pub(crate) const GIVEN_BACK_AT_ONCE: usize = 8;
/// Blocks beyond so many in use get all of their memory when they are taken.
pub(crate) const SMALL_HEAP_BLOCKS: usize = 6;
/// The smallest nursery that the pause controller shrinks to, in blocks.
pub(crate) const MIN_EDEN_BLOCKS: usize = 4;
/// The size of a new heap's eden, in blocks.
pub(crate) const FIRST_EDEN_BLOCKS: usize = 8;
/// The nursery pause that the controller steers below, in nanoseconds. D2 asks for a p99 below 1 ms.
pub(crate) const PAUSE_TARGET_NS: u64 = 500_000;
/// What a pause may take, in nanoseconds, should survival be as high as it was at worst of late.
pub(crate) const PAUSE_BOUND_NS: u64 = 800_000;
/// … but eden is not made smaller than this for it, in blocks.
pub(crate) const BOUNDED_EDEN_BLOCKS: usize = 16;
/// A collection lessens what is remembered of the worst one by this part.
pub(crate) const FORGET: u64 = 128;
/// Blocks with at most this many live bytes are candidates for evacuation: half of a block.
pub(crate) const EVACUATE_BYTES: u32 = BLOCK_BYTES as u32 / 2;
/// The share of the old blocks that one collection may evacuate into fresh ones: an eighth, which the growth policy
/// leaves room for.
pub(crate) const EVACUATE_SHARE: usize = 8;
/// The largest cell that is put into gaps between cells, in bytes.
pub(crate) const GAP_CELL: usize = 64;
/// The smallest gap that is looked at, in bytes: most cells are at least this large.
pub(crate) const GAP_BYTES: usize = 32;
/// Under `gc_every`, each this many collections one is full, if the heap is small.
pub(crate) const FULL_EVERY: usize = 4;
/// … and if it is large, there is a minor collection for each this many live bytes before the next full one, so that the cost
/// of a collection does not grow with the heap.
pub(crate) const BYTES_PER_MINOR: usize = 64 << 10;
/// What poisoned memory is filled with: as a word it is no cell's value and no canonical address, as a header an
/// unknown kind.
pub const POISON: u8 = 0xDB;

/// How a heap is set up. `HeapConfig::default()` is what the command uses.
#[derive(Clone, Debug)]
pub struct HeapConfig {
    /// The size of the nursery in bytes: how much is allocated between two minor collections, at most.
    pub nursery_bytes: usize,
    /// How many bytes of live data a script may hold, external memory included. If less address space than twice that
    /// could be reserved, the limit is half of what was.
    pub heap_limit: usize,
    /// How many bytes of address space to reserve; no memory is used by that. Halved until the system agrees.
    pub reserve_bytes: usize,
    /// How many bytes of the reservation belong to shapes. Shape ids are granule offsets, so at most 32 GiB.
    pub shape_bytes: usize,
    /// A full collection comes when the old generation has grown by this many percent since the last one. 70 keeps the
    /// peak, with the nursery and the evacuation reserve, below twice the live data + 16 MiB.
    pub growth_percent: usize,
    /// … but not before it has grown by this many bytes.
    pub growth_floor: usize,
    /// Collect at every N-th safepoint, for tests.
    pub gc_every: Option<u32>,
    /// Fill freed memory with [`POISON`].
    pub poison: bool,
    /// What to verify after each collection.
    pub verify: Verify,
}

impl Default for HeapConfig {
    fn default() -> HeapConfig {
        HeapConfig {
            nursery_bytes: 4 << 20,
            heap_limit: 4 << 30,
            reserve_bytes: 64 << 30,
            shape_bytes: 1 << 30,
            growth_percent: 70,
            growth_floor: 4 << 20,
            gc_every: None,
            poison: false,
            verify: Verify::Never,
        }
    }
}

impl HeapConfig {
    /// The default with a collection at every `n`-th safepoint, freed memory poisoned, and in debug builds the
    /// verifier.
    pub fn stress(n: u32) -> HeapConfig {
        let verify = if cfg!(debug_assertions) { Verify::Part } else { Verify::Never };
        HeapConfig { gc_every: Some(n.max(1)), poison: true, verify, ..HeapConfig::default() }
    }
}

/// Memory was refused: by the heap limit, or by the system. The engine can be used afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// How many bytes were asked for.
    pub bytes: usize,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "out of memory: {} bytes were asked for", self.bytes)
    }
}

impl std::error::Error for OutOfMemory {}
