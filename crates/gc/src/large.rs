//! Large cells: one run of blocks each, never copied.
//!
//! A large cell begins at the start of its first block. It is born young like any other (so that a big temporary array
//! costs only a minor collection), ages, and becomes old in place. Old large cells whose kind has a `trace_range` are
//! remembered by *cards* of 1 KB: they keep [`crate::cell::OLD_CLEAN`] set, so that each store of a pointer comes to
//! the barrier's slow path, which marks the card of the slot. Other old large cells are remembered whole, like small
//! ones.

use crate::cell::{CellHeader, KindInfo, MARK};
use crate::config::{BLOCK_BYTES, BLOCK_SHIFT, CARD_BYTES};
use crate::memory::{Block, BlockPool, Tables, flag};

/// A large cell.
pub(crate) struct Large {
    pub block: Block,
    pub blocks: u32,
    /// How many bytes were asked for.
    pub bytes: usize,
    /// A bit a card; empty if the cell is young or is remembered whole.
    cards: Vec<u64>,
    /// Whether the cell is in the list of those with dirty cards.
    dirty: bool,
}

impl Large {
    /// What the cell takes of the heap, in whole pages.
    fn footprint(&self) -> usize {
        self.bytes.next_multiple_of(4096)
    }
}

/// All large cells.
pub(crate) struct LargeSpace {
    tables: Tables,
    records: Vec<Large>,
    young: Vec<Block>,
    dirty: Vec<Block>,
    young_bytes: usize,
    old_bytes: usize,
}

impl LargeSpace {
    pub fn new(tables: Tables) -> LargeSpace {
        LargeSpace { tables, records: Vec::new(), young: Vec::new(), dirty: Vec::new(), young_bytes: 0, old_bytes: 0 }
    }

    /// The bytes of the large cells that are young.
    pub fn young_bytes(&self) -> usize {
        self.young_bytes
    }

    /// The bytes of the large cells that are old.
    pub fn old_bytes(&self) -> usize {
        self.old_bytes
    }

    /// All large cells, in no particular order.
    pub fn records(&self) -> &[Large] {
        &self.records
    }

    /// A place for a cell of `bytes`; its contents are arbitrary. `young` is false for cells of the non-moving space.
    pub fn alloc(&mut self, bytes: usize, young: bool, pool: &mut BlockPool) -> Option<usize> {
        let blocks = u32::try_from(bytes.div_ceil(BLOCK_BYTES)).ok()?;
        let block = if blocks == 1 { pool.block()? } else { pool.run(blocks)? };
        let age = if young { flag::YOUNG } else { 0 };
        self.tables.set_flags(block, flag::LARGE | flag::MARK_IN_CELL | age);
        for tail in block + 1..block + blocks {
            self.tables.set_flags(tail, flag::TAIL);
        }
        self.tables.info(block).link.set(self.records.len() as u32);
        let record = Large { block, blocks, bytes, cards: Vec::new(), dirty: false };
        if young {
            self.young.push(block);
            self.young_bytes += record.footprint();
        } else {
            self.old_bytes += record.footprint();
        }
        self.records.push(record);
        Some(self.tables.address(block))
    }

    /// The large cell that `address`, in one of its blocks, points into.
    pub fn cell_at(&self, address: usize) -> Option<usize> {
        let mut block = self.tables.block_of(address);
        while self.tables.flags(block) & flag::TAIL != 0 {
            block -= 1;
        }
        let record = &self.records[self.tables.info(block).link.get() as usize];
        let cell = self.tables.address(block);
        (address < cell + record.bytes).then_some(cell)
    }

    /// The record of a large cell.
    pub fn record(&self, cell: *const CellHeader) -> &Large {
        &self.records[self.tables.info(self.tables.block_of(cell as usize)).link.get() as usize]
    }

    fn record_mut(&mut self, cell: *const CellHeader) -> &mut Large {
        &mut self.records[self.tables.info(self.tables.block_of(cell as usize)).link.get() as usize]
    }

    /// Whether the cell is remembered by cards.
    pub fn has_cards(&self, cell: *const CellHeader) -> bool {
        !self.record(cell).cards.is_empty()
    }

    /// Gives an old large cell cards, if its kind can be traced by range.
    pub fn add_cards(&mut self, cell: *const CellHeader, kind: &KindInfo) {
        if kind.trace_range.is_some() && kind.weak.is_none() {
            let record = self.record_mut(cell);
            record.cards = vec![0; record.bytes.div_ceil(CARD_BYTES).div_ceil(64)];
        }
    }

    /// Remembers the cards that the bytes `from..to` (offsets in the cell) touch.
    pub fn mark_cards(&mut self, cell: *const CellHeader, from: usize, to: usize) {
        let record = self.record_mut(cell);
        // A slot that is not in the cell (in memory that it owns elsewhere) remembers all of it.
        let (from, to) = if from < record.bytes { (from, to.min(record.bytes)) } else { (0, record.bytes) };
        let last = (to - 1) / CARD_BYTES;
        for card in from / CARD_BYTES..=last {
            record.cards[card / 64] |= 1 << (card % 64);
        }
        if !std::mem::replace(&mut record.dirty, true) {
            let block = record.block;
            self.dirty.push(block);
        }
    }

    /// Whether the card of the byte at this offset is remembered.
    pub fn card_is_dirty(&self, cell: *const CellHeader, offset: usize) -> bool {
        let card = offset / CARD_BYTES;
        self.record(cell).cards.get(card / 64).is_some_and(|word| word & (1 << (card % 64)) != 0)
    }

    /// Takes all dirty cards, which are clean afterwards: the cell and the offsets of the card's bytes.
    pub fn take_dirty(&mut self) -> Vec<(*mut CellHeader, usize, usize)> {
        let mut cards = Vec::new();
        for block in std::mem::take(&mut self.dirty) {
            let cell = self.tables.address(block) as *mut CellHeader;
            let record = self.record_mut(cell);
            record.dirty = false;
            let bytes = record.bytes;
            for (index, word) in record.cards.iter_mut().enumerate() {
                let mut bits = std::mem::take(word);
                while bits != 0 {
                    let from = (index * 64 + bits.trailing_zeros() as usize) * CARD_BYTES;
                    bits &= bits - 1;
                    cards.push((cell, from, (from + CARD_BYTES).min(bytes)));
                }
            }
        }
        cards
    }

    /// Ends a minor collection: young cells that are not marked are finalized and freed, the others age.
    pub fn sweep_young(&mut self, pool: &mut BlockPool, finalize: &mut dyn FnMut(*mut CellHeader)) {
        for block in std::mem::take(&mut self.young) {
            self.sweep_one(block, false, pool, finalize);
        }
    }

    /// Ends a full collection: cells that are not marked are finalized and freed, the others are old.
    pub fn sweep_all(&mut self, pool: &mut BlockPool, finalize: &mut dyn FnMut(*mut CellHeader)) {
        self.young.clear();
        let blocks: Vec<Block> = self.records.iter().map(|record| record.block).collect();
        for block in blocks {
            self.sweep_one(block, true, pool, finalize);
        }
    }

    fn sweep_one(&mut self, block: Block, full: bool, pool: &mut BlockPool, finalize: &mut dyn FnMut(*mut CellHeader)) {
        let flags = self.tables.flags(block);
        let was_young = flags & flag::YOUNG != 0;
        let cell = self.tables.address(block) as *mut CellHeader;
        // SAFETY: the first block of a large cell begins with its header.
        let header = unsafe { &*cell };
        let footprint = self.record(cell).footprint();
        if !header.has_gc(MARK) {
            finalize(cell);
            if was_young {
                self.young_bytes -= footprint;
            } else {
                self.old_bytes -= footprint;
            }
            self.free(cell, pool);
            return;
        }
        header.clear_gc(MARK);
        if !was_young {
            return;
        }
        if full || flags & flag::AGED != 0 {
            self.tables.set_flags(block, flag::LARGE | flag::MARK_IN_CELL);
            self.young_bytes -= footprint;
            self.old_bytes += footprint;
        } else {
            self.tables.set_flags(block, flags | flag::AGED);
            self.young.push(block);
        }
    }

    fn free(&mut self, cell: *mut CellHeader, pool: &mut BlockPool) {
        let index = self.tables.info(self.tables.block_of(cell as usize)).link.get();
        let record = self.records.swap_remove(index as usize);
        if let Some(moved) = self.records.get(index as usize) {
            self.tables.info(moved.block).link.set(index);
        }
        if record.dirty {
            self.dirty.retain(|&block| block != record.block);
        }
        if record.blocks == 1 {
            pool.free_block(record.block);
        } else {
            pool.free_run(record.block, record.blocks);
        }
    }
}

const _: () = assert!(BLOCK_BYTES == 1 << BLOCK_SHIFT && BLOCK_BYTES.is_multiple_of(CARD_BYTES));
