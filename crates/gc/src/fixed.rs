//! Cells that never move: blocks of one cell size each, with free lists, swept by full collections.
//!
//! Two spaces work this way. The *non-moving* space holds what machine code or tables outside the heap name by address:
//! interned strings, symbols, code blocks. The *shape* space draws its blocks from the front of the reservation, so
//! that the offset of a shape in granules is a 32-bit id; and it holds a dead shape's place back (the *quarantine*)
//! until a later full collection has seen that nobody can still use the id.
//!
//! Invariants: a bit in the start bitmap is a cell that is allocated and not finalized; the slots below `top` without a
//! bit are in the block's free list or in quarantine; between collections no cell has its mark bit set.

use crate::cell::{CellHeader, MARK};
use crate::config::{BLOCK_BYTES, GRANULE, MAX_SMALL, POISON};
use crate::memory::{Block, BlockPool, Tables, flag};
use std::ptr;

/// The cell sizes, in bytes: at most a fifth is lost.
const CLASSES: [u32; 30] = [
    16,
    32,
    48,
    64,
    80,
    96,
    112,
    128,
    160,
    192,
    224,
    256,
    320,
    384,
    448,
    512,
    640,
    768,
    896,
    1024,
    1280,
    1536,
    2048,
    2560,
    3264,
    4096,
    5440,
    8192,
    10920,
    MAX_SMALL as u32,
];

fn class_of(bytes: usize) -> usize {
    CLASSES.partition_point(|&size| (size as usize) < bytes)
}

/// A space of cells that do not move.
pub(crate) struct FixedSpace {
    tables: Tables,
    /// The blocks of the shape region that were never used, `next..end`; `None` for a space that draws on the pool.
    region: Option<(Block, Block)>,
    blocks: Vec<Block>,
    /// For each class, the blocks that have room; the last one is allocated from.
    available: [Vec<Block>; CLASSES.len()],
    /// Places of shapes that died in the last full collection or before.
    quarantine: Vec<usize>,
    bytes: usize,
    poison: bool,
}

impl FixedSpace {
    pub fn new(tables: Tables, region: Option<(Block, Block)>, poison: bool) -> FixedSpace {
        FixedSpace {
            tables,
            region,
            blocks: Vec::new(),
            available: Default::default(),
            quarantine: Vec::new(),
            bytes: 0,
            poison,
        }
    }

    /// How many bytes the allocated cells take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The blocks of the space.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// How many bytes of blocks the space holds.
    pub fn footprint(&self) -> usize {
        self.blocks.len() * BLOCK_BYTES
    }

    /// A place for a cell of `bytes`; its contents are arbitrary.
    pub fn alloc(&mut self, bytes: usize, pool: &mut BlockPool) -> Option<usize> {
        let class = class_of(bytes);
        let cell_bytes = CLASSES[class] as usize;
        loop {
            let Some(&block) = self.available[class].last() else {
                self.new_block(class, pool)?;
                continue;
            };
            let info = self.tables.info(block);
            let start = self.tables.address(block);
            let cell = if info.link.get() != 0 {
                let cell = start + info.link.get() as usize - 1;
                // SAFETY: a free slot of this block: its second word is the link that `free_slot` left there.
                info.link.set(unsafe { *((cell + 8) as *const u32) });
                cell
            } else if info.top.get() as usize + cell_bytes <= BLOCK_BYTES {
                info.top.set(info.top.get() + cell_bytes as u32);
                start + info.top.get() as usize - cell_bytes
            } else {
                self.available[class].pop();
                continue;
            };
            info.live.set(info.live.get() + 1);
            self.bytes += cell_bytes;
            self.tables.set_start(cell);
            return Some(cell);
        }
    }

    fn new_block(&mut self, class: usize, pool: &mut BlockPool) -> Option<()> {
        let block = match &mut self.region {
            None => pool.block()?,
            Some((next, end)) => {
                if *next == *end || !pool.commit(*next, *next + 1) {
                    return None;
                }
                *next += 1;
                *next - 1
            }
        };
        let info = self.tables.info(block);
        info.class.set(class as u32);
        info.link.set(0);
        info.live.set(0);
        // The first place of the region would have the id 0, which is no shape.
        info.top.set(if block == 0 { CLASSES[class] } else { 0 });
        self.tables.set_flags(block, flag::MARK_IN_CELL);
        self.blocks.push(block);
        self.available[class].push(block);
        Some(())
    }

    /// The cell that `address`, in a block of this kind of space, points into.
    pub fn cell_at(tables: &Tables, address: usize) -> Option<usize> {
        let block = tables.block_of(address);
        let cell_bytes = CLASSES[tables.info(block).class.get() as usize] as usize;
        let start = tables.address(block);
        let cell = start + (address - start) / cell_bytes * cell_bytes;
        // The slack at a block's end belongs to no slot.
        (cell + cell_bytes <= start + BLOCK_BYTES && tables.is_start(cell)).then_some(cell)
    }

    /// Finalizes and frees the cells that are not marked, and clears the marks of the others. `reuse_ids`: the places
    /// that were in quarantine before this collection may be used again.
    pub fn sweep(&mut self, pool: &mut BlockPool, reuse_ids: bool, finalize: &mut dyn FnMut(*mut CellHeader)) {
        if reuse_ids {
            for cell in std::mem::take(&mut self.quarantine) {
                self.free_slot(cell);
            }
        }
        let tables = self.tables;
        for available in &mut self.available {
            available.clear();
        }
        let blocks = std::mem::take(&mut self.blocks);
        for block in blocks {
            let info = tables.info(block);
            let cell_bytes = CLASSES[info.class.get() as usize] as usize;
            tables.each_start(block, |address| {
                let cell = address as *mut CellHeader;
                // SAFETY: a start bit of a fixed block is an allocated cell.
                let header = unsafe { &*cell };
                if header.has_gc(MARK) {
                    header.clear_gc(MARK);
                    return;
                }
                finalize(cell);
                tables.clear_start(address);
                info.live.set(info.live.get() - 1);
                self.bytes -= cell_bytes;
                if self.region.is_some() {
                    self.wipe(address, cell_bytes);
                    self.quarantine.push(address);
                } else {
                    self.free_slot(address);
                }
            });
            if info.live.get() == 0 && self.region.is_none() {
                pool.free_block(block);
                continue;
            }
            self.blocks.push(block);
            if info.link.get() != 0 || info.top.get() as usize + cell_bytes <= BLOCK_BYTES {
                self.available[info.class.get() as usize].push(block);
            }
        }
    }

    fn wipe(&self, cell: usize, bytes: usize) {
        if self.poison {
            // SAFETY: the slot is free.
            unsafe { ptr::write_bytes(cell as *mut u8, POISON, bytes) };
        }
    }

    fn free_slot(&mut self, cell: usize) {
        let block = self.tables.block_of(cell);
        let info = self.tables.info(block);
        self.wipe(cell, CLASSES[info.class.get() as usize] as usize);
        // SAFETY: the slot is free, and at least 16 bytes long.
        unsafe { *((cell + 8) as *mut u32) = info.link.get() };
        info.link.set((cell - self.tables.address(block)) as u32 + 1);
    }
}

const _: () = {
    assert!(CLASSES[CLASSES.len() - 1] as usize == MAX_SMALL);
    let mut index = 0;
    while index < CLASSES.len() {
        assert!((CLASSES[index] as usize).is_multiple_of(GRANULE));
        index += 1;
    }
};
