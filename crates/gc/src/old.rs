//! The movable part of the old generation: blocks of 256-byte lines, after Immix (Blackburn & McKinley, PLDI 2008).
//!
//! Promotion bumps a cursor through *holes*, runs of free lines, of partly used blocks, then through fresh blocks. A cell larger than a line that
//! does not fit into the hole goes to an overflow block instead, so that small holes are not thrown away for it. Full collections mark in place,
//! cell by cell and line by line; blocks with few used lines are *evacuated*: their live cells are copied out, and the block becomes free.
//!
//! Invariants between collections: a line bit is set if a live cell touches the line, or the line belongs to the hole that the cursor is in; start
//! bits are exact for what was live at the last full collection or was promoted since.

use crate::config::{BLOCK_BYTES, EVACUATE_LINES, EVACUATE_SHARE, LINE_BYTES, LINES, POISON};
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
    /// The block whose holes are being filled, and the line to go on at.
    current: Option<(Block, usize)>,
    hole: Bump,
    overflow: Bump,
    /// Bytes of lines in use.
    bytes: usize,
}

impl OldSpace {
    pub fn new(tables: Tables) -> OldSpace {
        OldSpace {
            tables,
            blocks: Vec::new(),
            recyclable: Vec::new(),
            current: None,
            hole: Bump::default(),
            overflow: Bump::default(),
            bytes: 0,
        }
    }

    /// How many bytes of lines are in use.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The blocks of the space.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// A place for a cell of at most `MAX_SMALL` bytes, with its start bit set.
    #[inline]
    pub fn alloc(
        &mut self,
        bytes: usize,
        pool: &mut impl FnMut() -> Option<Block>,
    ) -> Option<usize> {
        let cell = match self.hole.take(bytes) {
            Some(cell) => cell,
            None => self.alloc_slow(bytes, pool)?,
        };
        self.tables.set_start(cell);
        Some(cell)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(
        &mut self,
        bytes: usize,
        pool: &mut impl FnMut() -> Option<Block>,
    ) -> Option<usize> {
        if bytes > LINE_BYTES {
            if let Some(cell) = self.overflow.take(bytes) {
                return Some(cell);
            }
            // What the last overflow block has left is given up until the next full collection.
            self.overflow = self.fresh(pool)?;
            return self.overflow.take(bytes);
        }
        loop {
            self.next_hole(pool)?;
            if let Some(cell) = self.hole.take(bytes) {
                return Some(cell);
            }
        }
    }

    fn next_hole(&mut self, pool: &mut impl FnMut() -> Option<Block>) -> Option<()> {
        loop {
            let hole = self
                .current
                .and_then(|(block, line)| Some((block, self.tables.free_lines(block, line)?)));
            if let Some((block, (from, to))) = hole {
                self.current = Some((block, to));
                self.tables.set_lines(block, from, to, true);
                self.bytes += (to - from) * LINE_BYTES;
                let start = self.tables.address(block);
                self.hole = Bump {
                    cursor: start + from * LINE_BYTES,
                    limit: start + to * LINE_BYTES,
                };
                return Some(());
            }
            match self.recyclable.pop() {
                Some(block) => self.current = Some((block, 0)),
                None => {
                    self.current = None;
                    self.hole = self.fresh(pool)?;
                    return Some(());
                }
            }
        }
    }

    fn fresh(&mut self, pool: &mut impl FnMut() -> Option<Block>) -> Option<Bump> {
        let block = pool()?;
        self.tables.set_flags(block, flag::OLD);
        self.tables.clear_lines(block);
        self.tables.set_lines(block, 0, LINES, true);
        self.bytes += BLOCK_BYTES;
        self.blocks.push(block);
        let start = self.tables.address(block);
        Some(Bump {
            cursor: start,
            limit: start + BLOCK_BYTES,
        })
    }

    /// Takes over a young block in which cells were marked in place: start and line bits are set for these.
    pub fn adopt(&mut self, block: Block) {
        self.tables.set_flags(block, flag::OLD);
        self.bytes += self.tables.used_lines(block) as usize * LINE_BYTES;
        self.blocks.push(block);
        self.recyclable.push(block);
    }

    /// Begins a full collection: chooses the blocks to evacuate, sparse ones that nothing pins, and forgets all start and line bits of the space.
    /// Returns how many blocks will be evacuated.
    pub fn begin_full(&mut self) -> usize {
        self.recyclable.clear();
        self.current = None;
        self.hole = Bump::default();
        self.overflow = Bump::default();
        let budget = (self.blocks.len() / EVACUATE_SHARE + 2) * LINES;
        let mut sparse: Vec<(u32, Block)> = self
            .blocks
            .iter()
            .filter(|&&block| self.tables.flags(block) & flag::IN_PLACE == 0)
            .map(|&block| (self.tables.used_lines(block), block))
            .filter(|&(lines, _)| lines <= EVACUATE_LINES)
            .collect();
        sparse.sort_unstable();
        let mut lines = 0;
        let chosen = sparse
            .iter()
            .take_while(|&&(used, _)| {
                lines += used as usize;
                lines <= budget
            })
            .count();
        // One sparse block alone would only be copied to another place.
        let chosen = if chosen > 1 { chosen } else { 0 };
        for &(_, block) in &sparse[..chosen] {
            self.tables
                .set_flags(block, self.tables.flags(block) | flag::FROM);
        }
        for &block in &self.blocks {
            self.tables.clear_starts(block);
            self.tables.clear_lines(block);
        }
        self.bytes = 0;
        chosen
    }

    /// Ends a full collection: frees the blocks without a marked cell, and finds the holes of the others. `poison_gaps` is called for each block
    /// that is kept.
    pub fn end_full(
        &mut self,
        pool: &mut BlockPool,
        poison: bool,
        mut poison_gaps: impl FnMut(Block),
    ) {
        self.free_tail(self.hole);
        self.free_tail(self.overflow);
        self.hole = Bump::default();
        self.overflow = Bump::default();
        self.current = None;
        self.recyclable.clear();
        self.bytes = 0;
        let tables = self.tables;
        self.blocks.retain(|&block| {
            let used = tables.used_lines(block) as usize;
            if used == 0 {
                if poison {
                    // SAFETY: no cell of the block is marked, so nothing refers to it.
                    unsafe {
                        ptr::write_bytes(tables.address(block) as *mut u8, POISON, BLOCK_BYTES)
                    };
                }
                pool.free_block(block);
                return false;
            }
            tables.set_flags(block, flag::OLD);
            self.bytes += used * LINE_BYTES;
            if used < LINES {
                self.recyclable.push(block);
            }
            if poison {
                poison_gaps(block);
            }
            true
        });
    }

    /// Returns the lines of a bump region that nothing was put into.
    fn free_tail(&mut self, bump: Bump) {
        let from = bump.cursor.next_multiple_of(LINE_BYTES);
        if from < bump.limit {
            let block = self.tables.block_of(from);
            let start = self.tables.address(block);
            self.tables.set_lines(
                block,
                (from - start) / LINE_BYTES,
                (bump.limit - start) / LINE_BYTES,
                false,
            );
        }
    }
}
