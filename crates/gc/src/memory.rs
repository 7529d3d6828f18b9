//! The heap's address space: one reservation, cut into blocks of 64 KB, with what is known of each block in tables
//! beside it.
//!
//! ```text
//!   base                base + shape_bytes         frontier                        end
//!    ├───────────────────┼──────────────────────────┼───────────────────────────────┤
//!    │ shapes, by id     │ blocks and large cells   │ never used: no memory behind  │
//! ```
//!
//! Why one reservation: whether a word can be a heap address is one comparison; a shape id is an offset; and facts
//! about a block are found by shifting an address. Why the tables lie *beside* the blocks and not in a header at each
//! block's start: headers at 64 KB strides all fall into the same few sets of every cache, and the collector asks "what
//! block is this in?" for each pointer that it sees. The flags of a whole gigabyte are 16 KB here, and stay in the
//! first-level cache.
//!
//! For each block there are: a byte of flags; a *start bitmap* with a bit a granule (the 1/64 of the heap that says
//! where cells begin); a *line bitmap* with a bit a 256-byte line; and a [`BlockInfo`]. What the bitmaps mean depends
//! on the block:
//!
//! | block | start bitmap | lines |
//! |---|---|---|
//! | young | empty; the block is walked linearly up to `top` | unused |
//! | old | the cells; during a full collection, the cells marked so far | in use at the last full collection |
//! | fixed (non-moving, shapes) | the allocated cells; marks are in the cells | unused |
//! | large | unused: one cell, at the block's start | unused |

use crate::cell::CellHeader;
use crate::config::{
    BLOCK_BYTES, BLOCK_SHIFT, COMMIT_BLOCKS, GIVEN_BACK_AT_ONCE, GRANULE, HeapConfig, LINE_BYTES, LINES, OutOfMemory,
    SMALL_HEAP_BLOCKS,
};
use std::cell::Cell;
use std::ptr;

/// An index of a 64 KB block in the reservation.
pub(crate) type Block = u32;

/// The flags of a block. A block that belongs to nobody has none.
pub(crate) mod flag {
    /// The cells are young.
    pub const YOUNG: u8 = 1 << 0;
    /// The cells leave this block in the collection that is going on.
    pub const FROM: u8 = 1 << 1;
    /// The cells stay in the collection that is going on, although others of their space may leave: a pin, or a failed
    /// copy.
    pub const IN_PLACE: u8 = 1 << 2;
    /// The mark is the bit [`crate::cell::MARK`] of the cell.
    pub const MARK_IN_CELL: u8 = 1 << 3;
    /// Young cells that have survived one collection: the next one makes them old.
    pub const AGED: u8 = 1 << 4;
    /// The first block of a large cell.
    pub const LARGE: u8 = 1 << 5;
    /// A block of the old generation's movable part.
    pub const OLD: u8 = 1 << 6;
    /// A further block of a large cell.
    pub const TAIL: u8 = 1 << 7;
}

/// What is known of a block beyond its flags.
#[repr(C)]
pub(crate) struct BlockInfo {
    /// Young and fixed blocks: how many bytes from the start are in use.
    pub top: Cell<u32>,
    /// Fixed blocks: the index of the size class.
    pub class: Cell<u32>,
    /// Fixed blocks: the offset + 1 of the first free cell below `top`. Large cells: the index of the record.
    pub link: Cell<u32>,
    /// Fixed blocks: how many cells are allocated. Old blocks: how many bytes were alive at the last full collection or
    /// may have been filled since.
    pub live: Cell<u32>,
}

const STARTS_WORDS: usize = BLOCK_BYTES / GRANULE / 64;
const LINES_WORDS: usize = LINES / 64;

/// The reservation and the tables beside it: a few addresses, copied freely to where they are needed.
#[derive(Clone, Copy)]
pub(crate) struct Tables {
    base: usize,
    blocks: u32,
    flags: *mut u8,
    starts: *mut u64,
    lines: *mut u64,
    infos: *mut BlockInfo,
}

impl Tables {
    /// The address of the reservation: of granule 0 of the shape region.
    #[inline(always)]
    pub fn base(&self) -> usize {
        self.base
    }

    /// Whether the address lies in the reservation.
    #[inline(always)]
    pub fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) >> BLOCK_SHIFT < self.blocks as usize
    }

    /// The block that an address of the reservation lies in.
    #[inline(always)]
    pub fn block_of(&self, address: usize) -> Block {
        debug_assert!(self.contains(address), "{address:#x} is not in the heap");
        ((address - self.base) >> BLOCK_SHIFT) as u32
    }

    /// The address of a block.
    #[inline(always)]
    pub fn address(&self, block: Block) -> usize {
        self.base + ((block as usize) << BLOCK_SHIFT)
    }

    #[inline(always)]
    pub fn flags(&self, block: Block) -> u8 {
        debug_assert!(block < self.blocks);
        // SAFETY: `flags` has a byte for each block of the reservation, and blocks come from `block_of` or the pool,
        // which stay within it.
        unsafe { *self.flags.add(block as usize) }
    }

    /// The flags of the block that an address lies in.
    #[inline(always)]
    pub fn flags_at(&self, address: usize) -> u8 {
        self.flags(self.block_of(address))
    }

    #[inline]
    pub fn set_flags(&self, block: Block, flags: u8) {
        debug_assert!(block < self.blocks);
        // SAFETY: as in `flags`; the heap is used by one thread at a time, and no reference into the table exists.
        unsafe { *self.flags.add(block as usize) = flags }
    }

    #[inline]
    pub fn info(&self, block: Block) -> &BlockInfo {
        debug_assert!(block < self.blocks);
        // SAFETY: the table has an entry for each block, zeroed by the system, which is a valid `BlockInfo`; it lives
        // as long as the heap, whose borrow `self` stands for; all fields are `Cell`s.
        unsafe { &*self.infos.add(block as usize) }
    }

    #[inline(always)]
    fn start_bit(&self, cell: usize) -> (*mut u64, u64) {
        debug_assert!(self.contains(cell) && cell.is_multiple_of(GRANULE));
        let granule = (cell - self.base) / GRANULE;
        // SAFETY: the bitmap has a bit for each granule of the reservation, which contains `cell`.
        (unsafe { self.starts.add(granule / 64) }, 1 << (granule % 64))
    }

    /// Whether a cell starts at this address, by the bitmap.
    #[inline]
    pub fn is_start(&self, cell: usize) -> bool {
        let (word, bit) = self.start_bit(cell);
        // SAFETY: `start_bit` points into the bitmap.
        unsafe { *word & bit != 0 }
    }

    /// Sets the start bit; returns whether it was set before.
    #[inline(always)]
    pub fn set_start(&self, cell: usize) -> bool {
        let (word, bit) = self.start_bit(cell);
        // SAFETY: `start_bit` points into the bitmap, and only this thread uses it.
        unsafe {
            let before = *word;
            *word = before | bit;
            before & bit != 0
        }
    }

    /// Clears the start bit.
    #[inline]
    pub fn clear_start(&self, cell: usize) {
        let (word, bit) = self.start_bit(cell);
        // SAFETY: as in `set_start`.
        unsafe { *word &= !bit }
    }

    fn starts_of(&self, block: Block) -> *mut u64 {
        // SAFETY: the bitmap has STARTS_WORDS words for each block.
        unsafe { self.starts.add(block as usize * STARTS_WORDS) }
    }

    fn lines_of(&self, block: Block) -> *mut u64 {
        // SAFETY: the bitmap has LINES_WORDS words for each block.
        unsafe { self.lines.add(block as usize * LINES_WORDS) }
    }

    /// Empties the block's start bitmap.
    pub fn clear_starts(&self, block: Block) {
        // SAFETY: the words of this block, which no reference points to.
        unsafe { ptr::write_bytes(self.starts_of(block), 0, STARTS_WORDS) }
    }

    /// Empties the block's line bitmap.
    pub fn clear_lines(&self, block: Block) {
        // SAFETY: the words of this block, which no reference points to.
        unsafe { ptr::write_bytes(self.lines_of(block), 0, LINES_WORDS) }
    }

    /// Calls `f` with the address of each cell in the start bitmap, in order. `f` may change bits at or below the cell
    /// that it is given.
    pub fn each_start(&self, block: Block, mut f: impl FnMut(usize)) {
        for index in 0..STARTS_WORDS {
            // SAFETY: within the words of this block.
            let mut word = unsafe { *self.starts_of(block).add(index) };
            while word != 0 {
                let bit = word.trailing_zeros() as usize;
                word &= word - 1;
                f(self.address(block) + (index * 64 + bit) * GRANULE);
            }
        }
    }

    /// The first cell that starts at or after `from`, by the bitmap, or `limit`, the end of the block.
    pub fn next_start(&self, from: usize, limit: usize) -> usize {
        let granule = (from - self.base) / GRANULE;
        let last = (limit - GRANULE - self.base) / GRANULE / 64;
        let mut index = granule / 64;
        // SAFETY: from here to `last` are words of the block that contains `from`.
        let mut word = unsafe { *self.starts.add(index) } & (u64::MAX << (granule % 64));
        while word == 0 {
            if index == last {
                return limit;
            }
            index += 1;
            // SAFETY: as above.
            word = unsafe { *self.starts.add(index) };
        }
        self.base + (index * 64 + word.trailing_zeros() as usize) * GRANULE
    }

    /// The last cell of the block that starts at or below `address`, by the bitmap.
    pub fn start_at_or_below(&self, block: Block, address: usize) -> Option<usize> {
        let granule = (address - self.address(block)) / GRANULE;
        let mut index = granule / 64;
        let mut keep = u64::MAX >> (63 - granule % 64);
        loop {
            // SAFETY: `index` is at most the index of a granule of this block.
            let word = unsafe { *self.starts_of(block).add(index) } & keep;
            if word != 0 {
                return Some(self.address(block) + (index * 64 + 63 - word.leading_zeros() as usize) * GRANULE);
            }
            keep = u64::MAX;
            index = index.checked_sub(1)?;
        }
    }

    /// Marks the lines that a cell of a block touches as in use.
    #[inline]
    pub fn use_lines(&self, cell: usize, bytes: usize) {
        let line = (cell - self.base) / LINE_BYTES;
        let last = (cell + bytes - 1 - self.base) / LINE_BYTES;
        // SAFETY: the bitmap has a bit for each line of the reservation, and cells lie in it.
        unsafe { *self.lines.add(line / 64) |= 1 << (line % 64) };
        for line in line + 1..=last {
            // SAFETY: as above.
            unsafe { *self.lines.add(line / 64) |= 1 << (line % 64) };
        }
    }

    /// How many lines of the block are in use.
    pub fn used_lines(&self, block: Block) -> u32 {
        // SAFETY: within the words of this block.
        (0..LINES_WORDS).map(|index| unsafe { *self.lines_of(block).add(index) }.count_ones()).sum()
    }

    /// The next run `from..to` of free lines of the block, at or after line `from`.
    pub fn free_lines(&self, block: Block, from: usize) -> Option<(usize, usize)> {
        let start = self.next_line(block, from, false)?;
        Some((start, self.next_line(block, start, true).unwrap_or(LINES)))
    }

    fn next_line(&self, block: Block, from: usize, used: bool) -> Option<usize> {
        let mut line = from;
        while line < LINES {
            // SAFETY: within the words of this block.
            let word = unsafe { *self.lines_of(block).add(line / 64) };
            let word = (if used { word } else { !word }) >> (line % 64);
            if word != 0 {
                return Some(line + word.trailing_zeros() as usize);
            }
            line = (line / 64 + 1) * 64;
        }
        None
    }

    /// The address of the shape cell with this id.
    #[inline(always)]
    pub fn shape(&self, id: u32) -> *mut CellHeader {
        (self.base + id as usize * GRANULE) as *mut CellHeader
    }
}

/// The blocks that nobody uses, and the mapping itself, which ends with it.
pub(crate) struct BlockPool {
    tables: Tables,
    /// Free single blocks that still have memory behind them; the last one freed is the warmest.
    warm: Vec<Block>,
    /// Free runs (first, length) without memory behind them, by address, coalesced.
    runs: Vec<(Block, u32)>,
    /// Free long runs whose memory the system still has to be given: too much for a pause.
    leaving: Vec<(Block, u32)>,
    /// The first block that was never used; from here on `committed` says what is accessible.
    frontier: Block,
    committed: Block,
    /// The system refused memory since this was last asked.
    refused: bool,
    reserved: usize,
    table_bytes: usize,
    /// Blocks in use, for statistics and the footprint.
    used: usize,
}

fn map(bytes: usize, protection: libc::c_int) -> Option<usize> {
    // SAFETY: a fresh private mapping at an address of the system's choice touches no existing memory.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            protection,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    (address != libc::MAP_FAILED).then_some(address as usize)
}

fn unmap(address: usize, bytes: usize) {
    if bytes > 0 {
        // SAFETY: callers pass (parts of) mappings of their own that nothing refers to any more.
        unsafe { libc::munmap(address as *mut libc::c_void, bytes) };
    }
}

impl BlockPool {
    /// Reserves the address space. Halves the sizes until the system agrees, down to 64 MiB.
    pub fn new(config: &HeapConfig) -> Result<(Tables, BlockPool, Block), OutOfMemory> {
        let mut bytes = config.reserve_bytes.next_multiple_of(BLOCK_BYTES).max(64 << 20);
        loop {
            let shape_bytes =
                config.shape_bytes.next_multiple_of(BLOCK_BYTES).clamp(BLOCK_BYTES, (bytes / 4).min(32 << 30));
            if let Some(made) = BlockPool::reserve(bytes, shape_bytes) {
                return Ok(made);
            }
            if bytes == 64 << 20 {
                return Err(OutOfMemory { bytes });
            }
            bytes = (bytes / 2).next_multiple_of(BLOCK_BYTES).max(64 << 20);
        }
    }

    fn reserve(bytes: usize, shape_bytes: usize) -> Option<(Tables, BlockPool, Block)> {
        let mapped = map(bytes + BLOCK_BYTES, libc::PROT_NONE)?;
        let base = mapped.next_multiple_of(BLOCK_BYTES);
        unmap(mapped, base - mapped);
        unmap(base + bytes, mapped + BLOCK_BYTES - base);
        let blocks = (bytes >> BLOCK_SHIFT) as u32;
        let shape_blocks = (shape_bytes >> BLOCK_SHIFT) as u32;
        let per_block = STARTS_WORDS * 8 + LINES_WORDS * 8 + size_of::<BlockInfo>() + 1;
        let table_bytes = blocks as usize * per_block;
        let Some(tables) = map(table_bytes, libc::PROT_READ | libc::PROT_WRITE) else {
            unmap(base, bytes);
            return None;
        };
        // Largest alignment first, so that each table is aligned.
        let starts = tables as *mut u64;
        let lines = (tables + blocks as usize * STARTS_WORDS * 8) as *mut u64;
        let infos = (lines as usize + blocks as usize * LINES_WORDS * 8) as *mut BlockInfo;
        let flags = (infos as usize + blocks as usize * size_of::<BlockInfo>()) as *mut u8;
        let tables = Tables { base, blocks, flags, starts, lines, infos };
        let pool = BlockPool {
            tables,
            warm: Vec::new(),
            runs: Vec::new(),
            leaving: Vec::new(),
            frontier: shape_blocks,
            committed: shape_blocks,
            refused: false,
            reserved: bytes,
            table_bytes,
            used: 0,
        };
        Some((tables, pool, shape_blocks))
    }

    /// Makes blocks `from..to` accessible.
    pub fn commit(&self, from: Block, to: Block) -> bool {
        let bytes = (to - from) as usize * BLOCK_BYTES;
        // SAFETY: the blocks belong to the reservation and are unused so far.
        unsafe { libc::mprotect(self.tables.address(from) as *mut _, bytes, libc::PROT_READ | libc::PROT_WRITE) == 0 }
    }

    /// Has the system put memory behind a block.
    fn populate(&self, block: Block) {
        let address = self.tables.address(block) as *mut libc::c_void;
        // SAFETY: the block is free, and stays as it is. A system that cannot (Linux before 5.14), or has no memory, says so; then page faults do
        // it, or fail, as ever.
        unsafe { libc::madvise(address, BLOCK_BYTES, libc::MADV_POPULATE_WRITE) };
    }

    /// A free block with a clean start bitmap and no flags. `None` if neither the system nor the reserve has one.
    pub fn block(&mut self) -> Option<Block> {
        if let Some(block) = self.warm.pop() {
            self.used += 1;
            return Some(block);
        }
        self.run(1)
    }

    /// `count` free blocks in a row.
    pub fn run(&mut self, count: u32) -> Option<Block> {
        if count > 1 {
            // Before more is asked for.
            self.give_back(usize::MAX);
        }
        let block = self.cold_run(count).or_else(|| {
            // Warm blocks may be what splits the free space.
            self.release_warm(0);
            self.give_back(usize::MAX);
            self.cold_run(count)
        })?;
        // A block is filled from one end to the other, so all of its pages will be touched: having them at once costs a tenth of as many page
        // faults, and much of that would fall into pauses. The first blocks of a heap are perhaps all it needs.
        if count == 1 && self.used >= SMALL_HEAP_BLOCKS {
            self.populate(block);
        }
        self.used += count as usize;
        Some(block)
    }

    fn cold_run(&mut self, count: u32) -> Option<Block> {
        if let Some(index) = self.runs.iter().position(|&(_, length)| length >= count) {
            let (first, length) = self.runs[index];
            if length == count {
                self.runs.remove(index);
            } else {
                self.runs[index] = (first + count, length - count);
            }
            return Some(first);
        }
        let first = self.frontier;
        let end = first.checked_add(count).filter(|&end| end <= self.tables.blocks)?;
        let wanted = end.saturating_add(COMMIT_BLOCKS).min(self.tables.blocks);
        if wanted > self.committed {
            let to = wanted.next_multiple_of(COMMIT_BLOCKS).min(self.tables.blocks);
            if self.commit(self.committed, to) {
                self.committed = to;
            } else {
                // The system refuses: what was committed ahead is the reserve.
                self.refused = true;
                if end > self.committed {
                    return None;
                }
            }
        }
        self.frontier = end;
        Some(first)
    }

    /// Gives a single block back, with its memory.
    pub fn free_block(&mut self, block: Block) {
        self.tables.set_flags(block, 0);
        self.tables.clear_starts(block);
        self.warm.push(block);
        self.used -= 1;
    }

    /// Gives a run of blocks back, and its memory to the system.
    pub fn free_run(&mut self, first: Block, count: u32) {
        for block in first..first + count {
            self.tables.set_flags(block, 0);
        }
        self.used -= count as usize;
        if count as usize > GIVEN_BACK_AT_ONCE {
            self.leaving.push((first, count));
        } else {
            self.insert_run(first, count);
        }
    }

    /// Gives the system memory of up to `blocks` blocks that [`BlockPool::free_run`] left for later.
    pub fn give_back(&mut self, blocks: usize) {
        let mut left = blocks;
        while left > 0
            && let Some((first, length)) = self.leaving.pop()
        {
            let part = (length as usize).min(left) as u32;
            left -= part as usize;
            if part < length {
                self.leaving.push((first, length - part));
            }
            self.insert_run(first + length - part, part);
        }
    }

    /// Gives the memory of all but `keep` free blocks back to the system.
    pub fn release_warm(&mut self, keep: usize) {
        if self.warm.len() <= keep {
            return;
        }
        // The oldest are the coldest, and are in front.
        let surplus: Vec<Block> = self.warm.drain(..self.warm.len() - keep).collect();
        for block in surplus {
            self.insert_run(block, 1);
        }
    }

    fn insert_run(&mut self, first: Block, count: u32) {
        let bytes = count as usize * BLOCK_BYTES;
        // SAFETY: the blocks are free, so nothing refers to their memory.
        unsafe { libc::madvise(self.tables.address(first) as *mut _, bytes, libc::MADV_DONTNEED) };
        let index = self.runs.partition_point(|&(start, _)| start < first);
        let joins_next = self.runs.get(index).is_some_and(|&(start, _)| first + count == start);
        let joins_previous = index > 0 && self.runs[index - 1].0 + self.runs[index - 1].1 == first;
        match (joins_previous, joins_next) {
            (true, true) => {
                self.runs[index - 1].1 += count + self.runs[index].1;
                self.runs.remove(index);
            }
            (true, false) => self.runs[index - 1].1 += count,
            (false, true) => self.runs[index] = (first, count + self.runs[index].1),
            (false, false) => self.runs.insert(index, (first, count)),
        }
    }

    /// How many blocks are in use.
    pub fn used(&self) -> usize {
        self.used
    }

    /// How many free blocks have memory behind them.
    pub fn warm(&self) -> usize {
        self.warm.len()
    }

    /// How many bytes the blocks outside the shape region can be at most.
    pub fn capacity(&self) -> usize {
        (self.tables.blocks - self.frontier) as usize * BLOCK_BYTES + self.used * BLOCK_BYTES
    }

    /// Whether not even the reserve can be had: neither is there as much that is free, nor does the system grant it.
    pub fn is_low(&mut self) -> bool {
        self.give_back(usize::MAX);
        let reserve = COMMIT_BLOCKS as usize;
        let free = self.warm.len() + self.runs.iter().map(|&(_, length)| length as usize).sum::<usize>();
        if free >= reserve {
            return false;
        }
        let wanted = self.frontier.saturating_add(COMMIT_BLOCKS);
        if wanted > self.committed && wanted <= self.tables.blocks && self.commit(self.committed, wanted) {
            self.committed = wanted;
        }
        free + ((self.committed - self.frontier) as usize) < reserve
    }

    /// Whether the system has refused memory since this was last asked.
    pub fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }
}

impl Drop for BlockPool {
    fn drop(&mut self) {
        unmap(self.tables.base, self.reserved);
        unmap(self.tables.starts as usize, self.table_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> BlockPool {
        let config = HeapConfig { reserve_bytes: 64 << 20, shape_bytes: BLOCK_BYTES, ..HeapConfig::default() };
        BlockPool::new(&config).expect("address space").1
    }

    #[test]
    fn memory_of_long_runs_goes_back_piece_by_piece() {
        let mut pool = pool();
        let first = pool.run(100).expect("room");
        pool.free_run(first, 100);
        assert_eq!((pool.leaving.as_slice(), pool.runs.len()), (&[(first, 100)][..], 0));
        pool.give_back(GIVEN_BACK_AT_ONCE);
        assert_eq!(pool.leaving, [(first, 100 - GIVEN_BACK_AT_ONCE as u32)]);
        // One piece beside the other: they are one run again.
        pool.give_back(GIVEN_BACK_AT_ONCE);
        assert_eq!(pool.runs, [(first + 100 - 2 * GIVEN_BACK_AT_ONCE as u32, 2 * GIVEN_BACK_AT_ONCE as u32)]);
        pool.give_back(usize::MAX);
        assert_eq!((pool.leaving.len(), pool.runs.as_slice()), (0, &[(first, 100)][..]));
    }

    #[test]
    fn what_is_leaving_is_found_when_it_is_needed() {
        let mut pool = pool();
        let first = pool.run(100).expect("room");
        pool.free_run(first, 100);
        assert_eq!(pool.run(90), Some(first));
        // All but the guarded rest: single blocks are found too.
        let mut taken = 0;
        while pool.block().is_some() {
            taken += 1;
        }
        pool.free_run(first, 90);
        assert!(taken > 100 && pool.block().is_some());
    }
}
