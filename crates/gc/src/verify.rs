//! The verifier: checks what the collector relies on, for tests and debug builds.
//!
//! For each cell: its kind is known, its size is plausible, no collection left a mark, a pin or a forwarding address
//! behind. For each strong reference: the target is a cell. For each reference from an old cell to a young one: the
//! cell is remembered, or the card of the slot is.

use crate::cell::{CellHeader, FORWARDED, MARK, OLD_CLEAN, PINNED};
use crate::config::{MAX_SMALL, MIN_CELL};
use crate::fixed::FixedSpace;
use crate::heap::Heap;
use crate::memory::flag;
use crate::roots::Roots;
use crate::tracer::Tracer;
use rustc_hash::FxHashSet;

impl Heap {
    /// Checks the heap and the roots; panics with a description of the first violation. To be called where every cell
    /// is initialised and no weak reference is shown as a strong one.
    pub fn verify(&self, roots: &dyn Roots) {
        let mut young = FxHashSet::default();
        let mut cells = Vec::new();
        self.for_each_cell(&mut |cell, bytes| {
            self.verify_header(cell, bytes);
            if self.is_young(cell) {
                young.insert(cell as usize);
            }
            cells.push(cell);
        });
        let remembered: FxHashSet<usize> = self.remembered.borrow().iter().map(|&cell| cell as usize).collect();
        for cell in cells {
            // SAFETY: the walk found initialised cells.
            let header = unsafe { &*cell };
            let kind = &self.kinds[header.kind.get() as usize];
            let is_young = self.is_young(cell);
            if !is_young && !header.has_gc(OLD_CLEAN) {
                assert!(
                    remembered.contains(&(cell as usize)),
                    "an old {} at {cell:p} is neither clean nor remembered",
                    kind.name
                );
            }
            let mut check = |slot: usize, target: *mut CellHeader| {
                self.verify_target(target, &young, kind.name, cell);
                if !is_young && self.is_young(target) && header.has_gc(OLD_CLEAN) {
                    let offset = slot.wrapping_sub(cell as usize);
                    let large = self.tables.flags_at(cell as usize) & flag::LARGE != 0;
                    assert!(
                        large && self.large.borrow().card_is_dirty(cell, offset),
                        "an old clean {} at {cell:p} refers to the young cell {target:p} at offset {offset}: a write barrier is missing",
                        kind.name
                    );
                }
            };
            Tracer::observe(self, &mut check, |tracer| {
                if kind.has_shape {
                    tracer.visit_shape(header.shape.get());
                }
                if !kind.leaf {
                    // SAFETY: the function is made for cells of this kind.
                    unsafe { (kind.trace)(cell, tracer) };
                }
            });
        }
        let mut check =
            |_: usize, target: *mut CellHeader| self.verify_target(target, &young, "root", std::ptr::null_mut());
        Tracer::observe(self, &mut check, |tracer| roots.trace(tracer));
    }

    fn verify_header(&self, cell: *mut CellHeader, bytes: usize) {
        // SAFETY: the walk passes initialised cells.
        let header = unsafe { &*cell };
        let Some(kind) = self.kinds.get(header.kind.get() as usize) else {
            panic!("the cell at {cell:p} is of the unknown kind {}", header.kind.get())
        };
        let large = self.tables.flags_at(cell as usize) & flag::LARGE != 0;
        assert!(bytes.is_multiple_of(8) && bytes >= MIN_CELL, "the {} at {cell:p} has {bytes} bytes", kind.name);
        assert!(large || bytes <= MAX_SMALL, "the {} at {cell:p} has {bytes} bytes", kind.name);
        assert!(
            header.gc.get() & (MARK | PINNED) == 0,
            "the {} at {cell:p} kept a mark: {:#x}",
            kind.name,
            header.gc.get()
        );
        assert!(header.flags.get() & FORWARDED == 0, "the {} at {cell:p} is forwarded", kind.name);
    }

    fn verify_target(&self, target: *mut CellHeader, young: &FxHashSet<usize>, name: &str, cell: *mut CellHeader) {
        let address = target as usize;
        assert!(self.tables.contains(address), "a {name} at {cell:p} refers to {target:p}, which is not in the heap");
        let flags = self.tables.flags_at(address);
        let good = if flags & flag::LARGE != 0 {
            self.tables.address(self.tables.block_of(address)) == address
        } else if flags & flag::MARK_IN_CELL != 0 {
            FixedSpace::cell_at(&self.tables, address) == Some(address)
        } else if flags & flag::YOUNG != 0 {
            young.contains(&address)
        } else {
            flags & flag::OLD != 0 && self.tables.is_start(address)
        };
        assert!(good, "a {name} at {cell:p} refers to {target:p}, where no cell starts (block flags {flags:#x})");
    }
}
