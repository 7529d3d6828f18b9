//! The movable part of the old generation: blocks of 256-byte lines, after Immix (Blackburn & McKinley, PLDI 2008).
//!
//! Full collections mark in place, and note for each block which lines are in use and how many bytes are alive. What is
//! dead comes back in three ways:
//!
//! * *Holes*, runs of free lines, are filled by promotion. A cell larger than a line that does not fit goes to an
//!   overflow block instead, so that small holes are not thrown away for it.
//! * *Gaps*: where cells have died one by one, hardly a line is free although half of the block is dead. In such blocks
//!   cells of up to 64 bytes are put into the exact gaps between the living, which the start bitmap and the sizes of
//!   the cells show. Without this, a heap of small nodes replaced at random would grow to several times its live size.
//! * *Evacuation*: the sparsest blocks are emptied by copying, within a budget, and become free.
//!
//! Invariants between collections: a start bit is a cell that was live at the last full collection or was promoted
//! since; free lines and gaps contain no part of such a cell; a block is in at most one of the lists `recyclable` and
//! `gappy`.

use crate::cell::CellHeader;
use crate::config::{BLOCK_BYTES, EVACUATE_BYTES, EVACUATE_SHARE, GAP_BYTES, GAP_CELL, LINE_BYTES, LINES, POISON};
use crate::memory::{Block, BlockPool, Tables, flag};
use std::ptr;

/// A run of bytes that is being filled.
#[derive(Clone, Copy, Default)]
struct Bump {
    cursor: usize,
    limit: usize,
}

impl Bump {
    #[inline(always)]
    fn take(&mut self, bytes: usize) -> Option<usize> {
        let end = self.cursor + bytes;
        if end > self.limit {
            return None;
        }
        Some(std::mem::replace(&mut self.cursor, end))
    }
}

/// The old generation's movable part.
pub(crate) struct OldSpace {
    tables: Tables,
    blocks: Vec<Block>,
    /// Blocks with holes that were not tried since the last full collection; taken from the end.
    recyclable: Vec<Block>,
    /// Blocks with gaps, likewise.
    gappy: Vec<Block>,
    /// The block whose holes are being filled, and the line to go on at.
    current: Option<(Block, usize)>,
    /// The address at which the search for gaps goes on, and its block's end.
    gaps: Bump,
    gap: Bump,
    hole: Bump,
    overflow: Bump,
    /// Bytes of cells.
    bytes: usize,
}

/// Where promotion gets what it needs to know: free blocks, and the sizes of the cells around a gap.
pub(crate) trait Supply {
    /// A free block.
    fn block(&self) -> Option<Block>;
    /// The size of a cell in bytes.
    fn size(&self, cell: *const CellHeader) -> usize;
}

impl OldSpace {
    pub fn new(tables: Tables) -> OldSpace {
        OldSpace {
            tables,
            blocks: Vec::new(),
            recyclable: Vec::new(),
            gappy: Vec::new(),
            current: None,
            gaps: Bump::default(),
            gap: Bump::default(),
            hole: Bump::default(),
            overflow: Bump::default(),
            bytes: 0,
        }
    }

    /// How many bytes the cells take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many bytes of blocks the space holds.
    pub fn footprint(&self) -> usize {
        self.blocks.len() * BLOCK_BYTES
    }

    /// The blocks of the space.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// A place for a cell of at most `MAX_SMALL` bytes, with its start bit set.
    #[inline]
    pub fn alloc(&mut self, bytes: usize, supply: &impl Supply) -> Option<usize> {
        let cell = match self.gap.take(bytes) {
            Some(cell) => cell,
            None => self.alloc_slow(bytes, supply)?,
        };
        self.bytes += bytes;
        self.tables.set_start(cell);
        Some(cell)
    }

    fn alloc_slow(&mut self, bytes: usize, supply: &impl Supply) -> Option<usize> {
        if bytes <= GAP_CELL {
            while self.next_gap(supply) {
                if let Some(cell) = self.gap.take(bytes) {
                    return Some(cell);
                }
            }
        }
        match self.hole.take(bytes) {
            Some(cell) => Some(cell),
            None => self.alloc_slower(bytes, supply),
        }
    }

    #[cold]
    #[inline(never)]
    fn alloc_slower(&mut self, bytes: usize, supply: &impl Supply) -> Option<usize> {
        if bytes > LINE_BYTES {
            if let Some(cell) = self.overflow.take(bytes) {
                return Some(cell);
            }
            // What the last overflow block has left is given up until the next full collection.
            self.overflow = self.fresh(supply)?;
            return self.overflow.take(bytes);
        }
        loop {
            self.next_hole(supply)?;
            if let Some(cell) = self.hole.take(bytes) {
                return Some(cell);
            }
        }
    }

    /// Makes the next gap the current one; false if there are no more.
    fn next_gap(&mut self, supply: &impl Supply) -> bool {
        loop {
            while self.gaps.cursor < self.gaps.limit {
                let from = self.gaps.cursor;
                let to = self.tables.next_start(from, self.gaps.limit);
                // Go on behind the cell that ends this gap.
                self.gaps.cursor = if to < self.gaps.limit { to + supply.size(to as *const CellHeader) } else { to };
                if to - from >= GAP_BYTES {
                    self.gap = Bump { cursor: from, limit: to };
                    return true;
                }
            }
            let Some(block) = self.gappy.pop() else {
                self.gap = Bump::default();
                return false;
            };
            self.tables.info(block).live.set(BLOCK_BYTES as u32);
            let start = self.tables.address(block);
            self.gaps = Bump { cursor: start, limit: start + BLOCK_BYTES };
        }
    }

    fn next_hole(&mut self, supply: &impl Supply) -> Option<()> {
        loop {
            let hole = self.current.and_then(|(block, line)| Some((block, self.tables.free_lines(block, line)?)));
            if let Some((block, (from, to))) = hole {
                self.current = Some((block, to));
                let info = self.tables.info(block);
                info.live.set(info.live.get() + ((to - from) * LINE_BYTES) as u32);
                let start = self.tables.address(block);
                self.hole = Bump { cursor: start + from * LINE_BYTES, limit: start + to * LINE_BYTES };
                return Some(());
            }
            match self.recyclable.pop() {
                Some(block) => self.current = Some((block, 0)),
                None => {
                    self.current = None;
                    self.hole = self.fresh(supply)?;
                    return Some(());
                }
            }
        }
    }

    fn fresh(&mut self, supply: &impl Supply) -> Option<Bump> {
        let block = supply.block()?;
        self.tables.set_flags(block, flag::OLD);
        self.tables.clear_lines(block);
        // In a full collection the cells are counted as they are traced, and this is set anew at its end.
        self.tables.info(block).live.set(0);
        self.blocks.push(block);
        let start = self.tables.address(block);
        Some(Bump { cursor: start, limit: start + BLOCK_BYTES })
    }

    /// Takes over a young block in which cells were marked in place: start and line bits and the live bytes are set for
    /// these.
    pub fn adopt(&mut self, block: Block) {
        self.tables.set_flags(block, flag::OLD);
        self.bytes += self.tables.info(block).live.get() as usize;
        self.blocks.push(block);
        self.recyclable.push(block);
    }

    fn forget_free_space(&mut self) {
        self.recyclable.clear();
        self.gappy.clear();
        self.current = None;
        self.gaps = Bump::default();
        self.gap = Bump::default();
        self.hole = Bump::default();
        self.overflow = Bump::default();
    }

    /// Begins a full collection: chooses the blocks to evacuate, sparse ones that nothing pins, and forgets all start
    /// and line bits of the space. Returns how many blocks will be evacuated.
    pub fn begin_full(&mut self) -> usize {
        self.forget_free_space();
        let mut sparse: Vec<(u32, Block)> = self
            .blocks
            .iter()
            .filter(|&&block| self.tables.flags(block) & flag::IN_PLACE == 0)
            .map(|&block| (self.tables.info(block).live.get(), block))
            .filter(|&(live, _)| live > 0 && live <= EVACUATE_BYTES)
            .collect();
        sparse.sort_unstable();
        let budget = (self.blocks.len() / EVACUATE_SHARE + 2) * BLOCK_BYTES;
        let mut bytes = 0;
        let chosen = sparse
            .iter()
            .take_while(|&&(live, _)| {
                bytes += live as usize;
                bytes <= budget
            })
            .count();
        // One sparse block alone would only be copied to another place.
        let chosen = if chosen > 1 { chosen } else { 0 };
        for &(_, block) in &sparse[..chosen] {
            self.tables.set_flags(block, self.tables.flags(block) | flag::FROM);
        }
        for &block in &self.blocks {
            self.tables.clear_starts(block);
            self.tables.clear_lines(block);
            self.tables.info(block).live.set(0);
        }
        self.bytes = 0;
        chosen
    }

    /// Ends a full collection: frees the blocks without a marked cell, and finds the holes and gaps of the others.
    /// `poison_gaps` is called for each block that is kept.
    pub fn end_full(&mut self, pool: &mut BlockPool, poison: bool, mut poison_gaps: impl FnMut(Block)) {
        self.forget_free_space();
        self.bytes = 0;
        let tables = self.tables;
        self.blocks.retain(|&block| {
            let live = tables.info(block).live.get() as usize;
            if live == 0 {
                if poison {
                    // SAFETY: no cell of the block is marked, so nothing refers to it.
                    unsafe { ptr::write_bytes(tables.address(block) as *mut u8, POISON, BLOCK_BYTES) };
                }
                pool.free_block(block);
                return false;
            }
            tables.set_flags(block, flag::OLD);
            self.bytes += live;
            let free = BLOCK_BYTES - live;
            let free_lines = (LINES - tables.used_lines(block) as usize) * LINE_BYTES;
            if free >= BLOCK_BYTES / 8 && free_lines < free / 2 {
                self.gappy.push(block);
            } else if free_lines > 0 {
                self.recyclable.push(block);
            }
            if poison {
                poison_gaps(block);
            }
            true
        });
    }
}
