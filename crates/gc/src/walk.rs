//! Walks over all cells of the heap: for statistics, natives of tests, and the verifier.

use crate::cell::{CellHeader, FILLER_KIND};
use crate::config::GRANULE;
use crate::heap::Heap;
use crate::memory::Block;

impl Heap {
    /// Calls `f` with each cell and its size in bytes. Cells that died since the last full collection are passed too.
    /// To be called where every cell is initialised; `f` must not allocate.
    pub fn for_each_cell(&self, f: &mut dyn FnMut(*mut CellHeader, usize)) {
        if self.nursery.borrow().open {
            self.close_nursery_block();
        }
        for &block in &self.nursery.borrow().blocks {
            self.each_young_cell(block, f);
        }
        for &block in self.old.borrow().blocks() {
            self.tables
                .each_start(block, |cell| f(cell as *mut CellHeader, self.cell_bytes(cell as *const CellHeader)));
        }
        for space in [&self.fixed, &self.shapes] {
            for &block in space.borrow().blocks() {
                self.tables
                    .each_start(block, |cell| f(cell as *mut CellHeader, self.cell_bytes(cell as *const CellHeader)));
            }
        }
        for record in self.large.borrow().records() {
            f(self.tables.address(record.block) as *mut CellHeader, record.bytes);
        }
    }

    /// Walks the cells of a young block.
    pub(crate) fn each_young_cell(&self, block: Block, f: &mut dyn FnMut(*mut CellHeader, usize)) {
        let mut at = self.tables.address(block);
        let end = at + self.tables.info(block).top.get() as usize;
        while at < end {
            let (bytes, filler) = self.young_step(at);
            if !filler {
                f(at as *mut CellHeader, bytes);
            }
            at += bytes;
        }
    }

    /// The size of the cell or gap at an address of a young block, and whether it is a gap.
    pub(crate) fn young_step(&self, at: usize) -> (usize, bool) {
        // SAFETY: walks start at a block's first cell and step by sizes, so `at` is a header.
        let header = unsafe { &*(at as *const CellHeader) };
        if header.kind.get() == FILLER_KIND {
            return (header.shape.get() as usize * GRANULE, true);
        }
        (self.cell_bytes(at as *const CellHeader), false)
    }
}
