//! The nursery: where cells are born, and where those that have survived once wait for the second time.
//!
//! *Eden* is a list of blocks that the mutator fills by bumping a pointer. A full block is replaced by another one, whatever the budget says: it
//! is the safepoint that stops the growth, not the allocation. *Survivors* of a minor collection are copied into blocks of their own, flagged
//! [`flag::AGED`]; what the next collection finds alive in these goes to the old generation. So a cell's age is its block's.
//!
//! The budget adapts: when minor collections take longer than the pause target the next eden is smaller, when they are quick it grows back.

use crate::config::{BLOCK_BYTES, MIN_EDEN_BLOCKS, PAUSE_TARGET_NS};
use crate::memory::{Block, Tables, flag};

/// The young blocks.
pub(crate) struct Nursery {
    /// All young blocks: survivors of the last collection first, then eden.
    pub blocks: Vec<Block>,
    /// How many of `blocks` are survivors'.
    pub survivors: usize,
    /// The block that the mutator is filling: the last one, if this is set.
    pub open: bool,
    /// How many blocks eden may have before a collection is due.
    pub budget: usize,
    /// The budget's bound: what the configuration allows.
    pub max_budget: usize,
}

impl Nursery {
    pub fn new(bytes: usize) -> Nursery {
        let max_budget = (bytes / BLOCK_BYTES).max(1);
        Nursery {
            blocks: Vec::new(),
            survivors: 0,
            open: false,
            budget: max_budget,
            max_budget,
        }
    }

    /// How many blocks eden has.
    pub fn eden_blocks(&self) -> usize {
        self.blocks.len() - self.survivors
    }

    /// Sets the budget after a minor collection that took `pause` nanoseconds.
    pub fn adapt(&mut self, pause: u64) {
        let low = MIN_EDEN_BLOCKS.min(self.max_budget);
        if pause > PAUSE_TARGET_NS {
            let scaled = (self.budget as u64 * PAUSE_TARGET_NS / pause) as usize;
            // At most by half at once: one slow collection may be the system's doing.
            self.budget = scaled.max(self.budget / 2).max(low);
        } else if pause < PAUSE_TARGET_NS / 2 {
            self.budget += (self.budget / 4).max(1);
        }
        // Survivors take from the nursery's share, but eden keeps at least half of it.
        let room = self
            .max_budget
            .saturating_sub(self.survivors)
            .max(self.max_budget / 2);
        self.budget = self.budget.min(room).max(low.min(room)).max(1);
    }
}

/// The blocks that one minor collection copies survivors into.
pub(crate) struct Survivors {
    tables: Tables,
    pub blocks: Vec<Block>,
    cursor: usize,
    limit: usize,
}

impl Survivors {
    pub fn new(tables: Tables) -> Survivors {
        Survivors {
            tables,
            blocks: Vec::new(),
            cursor: 0,
            limit: 0,
        }
    }

    /// A place for the copy of a cell.
    #[inline]
    pub fn alloc(
        &mut self,
        bytes: usize,
        more: &mut impl FnMut() -> Option<Block>,
    ) -> Option<usize> {
        if self.cursor + bytes > self.limit {
            self.next_block(more)?;
        }
        self.cursor += bytes;
        Some(self.cursor - bytes)
    }

    #[cold]
    #[inline(never)]
    fn next_block(&mut self, more: &mut impl FnMut() -> Option<Block>) -> Option<()> {
        let block = more()?;
        self.close();
        self.tables.set_flags(block, flag::YOUNG | flag::AGED);
        self.blocks.push(block);
        self.cursor = self.tables.address(block);
        self.limit = self.cursor + BLOCK_BYTES;
        Some(())
    }

    /// Notes how far the last block is filled.
    pub fn close(&mut self) {
        if let Some(&block) = self.blocks.last() {
            self.tables
                .info(block)
                .top
                .set((self.cursor - self.tables.address(block)) as u32);
        }
    }
}
