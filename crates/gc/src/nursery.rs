//! The nursery: where cells are born, and where those that have survived once wait for the second time.
//!
//! *Eden* is a list of blocks that the mutator fills by bumping a pointer. A full block is replaced by another one,
//! whatever the budget says: it is the safepoint that stops the growth, not the allocation. *Survivors* of a minor
//! collection are copied into blocks of their own, flagged [`flag::AGED`]; what the next collection finds alive in
//! these goes to the old generation. So a cell's age is its block's.
//!
//! A program that builds something big keeps nearly all that it allocates. While that goes on (measured on the last
//! eden), survivors are promoted at once, since the second copy would be wasted.
//!
//! The budget adapts: it begins small, since the first eden of a program that builds something may survive as a whole;
//! when minor collections take longer than the pause target the next eden is smaller, when they are quick it grows
//! back, but only as far as a pause would stay bounded if as much survived as at the worst collection of late: phases in which nearly all dies
//! alternate with others, and the first collection of another phase would be the slow one.

use crate::config::{
    BLOCK_BYTES, BOUNDED_EDEN_BLOCKS, FIRST_EDEN_BLOCKS, FORGET, MIN_EDEN_BLOCKS, PAUSE_BOUND_NS, PAUSE_TARGET_NS,
};
use crate::memory::{Block, Tables, flag};
use crate::old::Supply;

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
    /// Nearly all of the last eden survived: promote what survives the next at once.
    pub tenure: bool,
    /// What a young block cost at the worst collection, which is slowly forgotten, in nanoseconds.
    worst: u64,
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
            budget: max_budget.min(FIRST_EDEN_BLOCKS),
            tenure: false,
            worst: 0,
            max_budget,
        }
    }

    /// How many blocks eden has.
    pub fn eden_blocks(&self) -> usize {
        self.blocks.len() - self.survivors
    }

    /// Notes how many bytes of an eden of so many blocks survived.
    pub fn note_survival(&mut self, eden_blocks: usize, bytes: usize) {
        // A small eden (tests, explicit collections) says nothing.
        self.tenure = eden_blocks >= MIN_EDEN_BLOCKS && bytes > eden_blocks * BLOCK_BYTES / 5 * 3;
    }

    /// Sets the budget after a minor collection of `young` blocks that took `pause` nanoseconds, `roots` of these to enumerate the roots.
    /// A smaller eden does not make the latter fewer, so only the rest is steered, to what the roots leave of the
    /// target, but at least to a third of it.
    pub fn adapt(&mut self, young: usize, pause: u64, roots: u64) {
        let target = PAUSE_TARGET_NS.saturating_sub(roots).max(PAUSE_TARGET_NS / 3);
        let rest = pause.saturating_sub(roots);
        let low = MIN_EDEN_BLOCKS.min(self.max_budget);
        if rest > target {
            let scaled = (self.budget as u64 * target / rest) as usize;
            // At most by half at once: one slow collection may be the system's doing.
            self.budget = scaled.max(self.budget / 2).max(low);
        } else if rest < target / 2 {
            self.budget += (self.budget / 4).max(1);
        }
        self.worst -= self.worst.div_ceil(FORGET);
        // A small eden (explicit collections, large cells) says nothing.
        if young >= low {
            self.worst = self.worst.max(rest / young.max(1) as u64);
        }
        let bounded = (PAUSE_BOUND_NS / self.worst.max(1)).min(self.max_budget as u64) as usize;
        self.budget = self.budget.min(bounded.saturating_sub(self.survivors).max(BOUNDED_EDEN_BLOCKS));
        // Survivors take from the nursery's share, but eden keeps at least half of it.
        let room = self.max_budget.saturating_sub(self.survivors).max(self.max_budget / 2);
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
        Survivors { tables, blocks: Vec::new(), cursor: 0, limit: 0 }
    }

    /// A place for the copy of a cell.
    #[inline]
    pub fn alloc(&mut self, bytes: usize, supply: &impl Supply) -> Option<usize> {
        if self.cursor + bytes > self.limit {
            self.next_block(supply)?;
        }
        self.cursor += bytes;
        Some(self.cursor - bytes)
    }

    #[cold]
    #[inline(never)]
    fn next_block(&mut self, supply: &impl Supply) -> Option<()> {
        let block = supply.block()?;
        self.close();
        self.tables.set_flags(block, flag::YOUNG | flag::AGED);
        self.tables.info(block).live.set(0);
        self.tables.clear_lines(block);
        self.blocks.push(block);
        self.cursor = self.tables.address(block);
        self.limit = self.cursor + BLOCK_BYTES;
        Some(())
    }

    /// Notes how far the last block is filled.
    pub fn close(&mut self) {
        if let Some(&block) = self.blocks.last() {
            self.tables.info(block).top.set((self.cursor - self.tables.address(block)) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn grown() -> Nursery {
        let mut nursery = Nursery::new(64 * BLOCK_BYTES);
        for _ in 0..40 {
            nursery.adapt(nursery.budget, MS / 100, 0);
        }
        assert_eq!(nursery.budget, 64);
        nursery
    }

    #[test]
    fn eden_stays_small_for_a_while_after_a_slow_collection() {
        let mut nursery = grown();
        nursery.adapt(64, 2 * MS, 0);
        let young = 64 * PAUSE_BOUND_NS / (2 * MS);
        for _ in 0..10 {
            nursery.adapt(nursery.budget, MS / 100, 0);
            assert!(nursery.budget as u64 <= young * 11 / 10, "{}", nursery.budget);
        }
        for _ in 0..1000 {
            nursery.adapt(nursery.budget, MS / 100, 0);
        }
        assert_eq!(nursery.budget, 64);
    }

    #[test]
    fn what_is_remembered_does_not_make_eden_tiny() {
        let mut nursery = grown();
        nursery.adapt(64, 100 * MS, 0);
        for _ in 0..20 {
            nursery.adapt(nursery.budget, MS / 100, 0);
        }
        assert_eq!(nursery.budget, BOUNDED_EDEN_BLOCKS);
    }
}
