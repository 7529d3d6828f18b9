//! The verifier: checks what the collector relies on, for tests and debug builds.
//!
//! For each cell: its kind is known, its size is plausible, no collection left a mark, a pin or a forwarding address
//! behind. For each strong reference: the target is a cell. For each reference from an old cell to a young one: the
//! cell is remembered, or the card of the slot is.

use crate::cell::{CellHeader, FORWARDED, MARK, OLD_CLEAN, PINNED};
use crate::config::{BLOCK_BYTES, MAX_SMALL, MIN_CELL};
use crate::fixed::FixedSpace;
use crate::heap::Heap;
use crate::memory::flag;
use crate::roots::Roots;
use crate::tracer::Tracer;
use rustc_hash::FxHashSet;

/// How much the collector verifies after each collection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verify {
    /// Nothing.
    #[default]
    Never,
    /// Roots, young and remembered cells, and one block's worth of the rest, in turn: in time everything, at a cost that does not
    /// grow with the heap. A reference that a collection missed dangles from then on, so its turn comes if it stays.
    Part,
    /// Everything.
    Everything,
}

/// A cell to verify, and which of its bytes: all, or a range of a large one.
struct Piece {
    cell: *mut CellHeader,
    range: Option<(usize, usize)>,
}

impl Piece {
    fn whole(cell: *mut CellHeader) -> Piece {
        Piece { cell, range: None }
    }
}

impl Heap {
    /// Checks the heap and the roots; panics with a description of the first violation. To be called where every cell
    /// is initialised and no weak reference is shown as a strong one.
    pub fn verify(&self, roots: &dyn Roots) {
        let mut pieces = Vec::new();
        self.for_each_cell(&mut |cell, _| pieces.push(Piece::whole(cell)));
        self.verify_pieces(&pieces, roots);
    }

    /// [`Verify::Part`]: to be called after a collection.
    pub(crate) fn verify_part(&self, roots: &dyn Roots) {
        let mut pieces: Vec<Piece> = self.remembered.borrow().iter().map(|&cell| Piece::whole(cell)).collect();
        for &block in &self.nursery.borrow().blocks {
            self.each_young_cell(block, &mut |cell, _| pieces.push(Piece::whole(cell)));
        }
        self.push_turn(&mut pieces);
        self.verify_pieces(&pieces, roots);
    }

    /// Adds what is in the block whose turn it is, and passes the turn on.
    fn push_turn(&self, pieces: &mut Vec<Piece>) {
        let mut turn = self.verified.get();
        self.verified.set(turn + 1);
        for blocks in [self.old.borrow().blocks(), self.fixed.borrow().blocks(), self.shapes.borrow().blocks()] {
            if let Some(&block) = blocks.get(turn) {
                self.tables.each_start(block, |cell| pieces.push(Piece::whole(cell as *mut CellHeader)));
                return;
            }
            turn -= blocks.len();
        }
        for record in self.large.borrow().records() {
            if turn < record.blocks as usize {
                let cell = self.tables.address(record.block) as *mut CellHeader;
                let from = turn * BLOCK_BYTES;
                pieces.push(Piece { cell, range: Some((from, (from + BLOCK_BYTES).min(record.bytes))) });
                return;
            }
            turn -= record.blocks as usize;
        }
        self.verified.set(0);
    }

    fn verify_pieces(&self, pieces: &[Piece], roots: &dyn Roots) {
        let mut young = FxHashSet::default();
        for piece in pieces {
            self.verify_header(piece.cell, self.cell_bytes(piece.cell));
            if self.is_young(piece.cell) {
                young.insert(piece.cell as usize);
            }
        }
        let remembered: FxHashSet<usize> = self.remembered.borrow().iter().map(|&cell| cell as usize).collect();
        for piece in pieces {
            self.verify_piece(piece, &young, &remembered);
        }
        let mut check =
            |_: usize, target: *mut CellHeader| self.verify_target(target, &young, "root", std::ptr::null_mut());
        Tracer::observe(self, &mut check, |tracer| roots.trace(tracer));
    }

    fn verify_piece(&self, piece: &Piece, young: &FxHashSet<usize>, remembered: &FxHashSet<usize>) {
        let cell = piece.cell;
        // SAFETY: pieces are of initialised cells.
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
            self.verify_target(target, young, kind.name, cell);
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
            // SAFETY: the functions are made for cells of this kind, and the range lies within the cell.
            match (piece.range, kind.trace_range) {
                _ if kind.leaf => {}
                (Some((from, to)), Some(trace_range)) => unsafe {
                    let start = cell.cast::<u8>();
                    trace_range(cell, start.add(from), start.add(to), tracer);
                },
                _ => unsafe { (kind.trace)(cell, tracer) },
            }
        });
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
