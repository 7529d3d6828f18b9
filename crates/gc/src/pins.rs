//! Conservative roots: from words of native stack frames to the cells that they keep in place.
//!
//! A Rust frame may hold a cell's address anywhere, in any shape that the compiler liked: the cell's start, a pointer
//! into it, a pointer one past its end. So each aligned word that lies in the heap is resolved to a cell, and that cell
//! is kept where it is. A word that is one cell's start and another's end keeps both.
//!
//! Young blocks have no index of their cells (inline allocation would have to maintain it), but can be walked from the
//! start: the words are sorted, so that each block is walked once.

use crate::cell::{CellHeader, PINNED};
use crate::fixed::FixedSpace;
use crate::heap::Heap;
use crate::memory::{Block, flag};
use crate::roots::Roots;

/// The cells that conservative words name.
#[derive(Default)]
pub(crate) struct Pins {
    /// Every cell named, once.
    pub cells: Vec<*mut CellHeader>,
    /// How many of them could have moved.
    pub movable: usize,
    /// The blocks these are in.
    pub blocks: Vec<Block>,
    /// Whether there were any ranges.
    pub ranges: bool,
}

impl Heap {
    /// Resolves the conservative words, and has the blocks of what they name stay in place.
    pub(crate) fn resolve_pins(&self, roots: &dyn Roots) -> Pins {
        let mut pins = Pins::default();
        let mut words = Vec::new();
        roots.conservative_ranges(&mut |from, to| {
            pins.ranges = true;
            let mut at = from;
            while at < to {
                // SAFETY: the machine names ranges of stack that can be read. They may hold anything, also
                // uninitialised padding, hence volatile.
                let word = unsafe { at.read_volatile() };
                // One past the end may be the first byte after the reservation's last block.
                if self.tables.contains(word) || self.tables.contains(word.wrapping_sub(1)) {
                    words.push(word);
                }
                at = at.wrapping_add(1);
            }
        });
        words.sort_unstable();
        words.dedup();
        let mut young = YoungWalk::default();
        for word in words {
            // The cell that ends here, if the word is one past its end; first, so that addresses ascend.
            if self.tables.contains(word.wrapping_sub(1)) {
                self.pin(self.cell_at(word - 1, &mut young), &mut pins);
            }
            if self.tables.contains(word) {
                self.pin(self.cell_at(word, &mut young), &mut pins);
            }
        }
        pins
    }

    fn pin(&self, cell: Option<usize>, pins: &mut Pins) {
        let Some(address) = cell else { return };
        let cell = address as *mut CellHeader;
        // SAFETY: `cell_at` finds initialised cells only.
        let header = unsafe { &*cell };
        if header.has_gc(PINNED) {
            return;
        }
        header.set_gc(PINNED);
        pins.cells.push(cell);
        let block = self.tables.block_of(address);
        let flags = self.tables.flags(block);
        if flags & flag::MARK_IN_CELL == 0 {
            pins.movable += 1;
            if flags & flag::IN_PLACE == 0 {
                self.tables.set_flags(block, (flags & !flag::FROM) | flag::IN_PLACE);
                pins.blocks.push(block);
            }
        }
    }

    /// The cell that contains `address`, which lies in the reservation.
    fn cell_at(&self, address: usize, young: &mut YoungWalk) -> Option<usize> {
        let block = self.tables.block_of(address);
        let flags = self.tables.flags(block);
        if flags & (flag::LARGE | flag::TAIL) != 0 {
            return self.large.borrow().cell_at(address);
        }
        if flags & flag::MARK_IN_CELL != 0 {
            return FixedSpace::cell_at(&self.tables, address);
        }
        if flags & flag::YOUNG != 0 {
            return young.cell_at(self, block, address);
        }
        if flags & flag::OLD == 0 {
            return None;
        }
        let cell = self.tables.start_at_or_below(block, address)?;
        (address < cell + self.cell_bytes(cell as *mut CellHeader)).then_some(cell)
    }

    /// The size of a cell in bytes.
    pub(crate) fn cell_bytes(&self, cell: *const CellHeader) -> usize {
        // SAFETY: callers pass initialised cells, and the table's functions are made for cells of their kind.
        unsafe { (self.kinds[(*cell).kind.get() as usize].size)(cell) }
    }
}

/// A walk through a young block that goes on from word to word, since they come in ascending order.
#[derive(Default)]
struct YoungWalk {
    block: Option<Block>,
    /// The last cell that was passed, and its end.
    last: (usize, usize),
    next: usize,
}

impl YoungWalk {
    fn cell_at(&mut self, heap: &Heap, block: Block, address: usize) -> Option<usize> {
        let start = heap.tables.address(block);
        if self.block != Some(block) {
            *self = YoungWalk { block: Some(block), last: (0, 0), next: start };
        }
        let end = start + heap.tables.info(block).top.get() as usize;
        if address < self.last.1 {
            return (self.last.0 != 0).then_some(self.last.0);
        }
        let mut at = self.next;
        while at < end && at <= address {
            let (bytes, filler) = heap.young_step(at);
            self.last = (if filler { 0 } else { at }, at + bytes);
            at += bytes;
            self.next = at;
            if address < at {
                return (!filler).then_some(self.last.0);
            }
        }
        None
    }
}
