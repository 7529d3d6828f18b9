//! What a collection starts from.

use crate::tracer::Tracer;
use crate::weak::WeakSweep;

/// The machine's side of a collection. [`crate::Heap::collect`] calls the methods in this order: `conservative_ranges`,
/// `trace`, `trace_ephemerons`, `sweep_weak`, and `may_reuse_shape_ids` (full collections). None of them may allocate
/// in the heap.
pub trait Roots {
    /// Shows every precise root to the tracer: VM stack, contexts, code data blocks, handles, optimized frames. What is
    /// referenced only from here moves, and the slots are updated.
    fn trace(&self, tracer: &mut Tracer);

    /// Names the address ranges `from..to` of native frames that hold references the machine cannot enumerate. Each
    /// aligned word in them that is an address in a cell, or one past its end, keeps that cell alive and in place. With
    /// no ranges nothing is pinned.
    fn conservative_ranges(&self, visit: &mut dyn FnMut(*const usize, *const usize)) {
        let _ = visit;
    }

    /// Shows ephemerons that live outside cells to the tracer ([`Tracer::visit_ephemeron`]). Those in cells come
    /// through [`crate::WeakHooks::trace_ephemerons`].
    fn trace_ephemerons(&self, tracer: &mut Tracer) {
        let _ = tracer;
    }

    /// Clears or updates weak references that live outside cells (the intern table, code's lists of shapes, …), in
    /// minor collections too; tables of non-moving cells may return at once if [`WeakSweep::is_full`] is false. Runs
    /// before the hooks of weak cells, and before any finalizer.
    fn sweep_weak(&self, sweep: &WeakSweep) {
        let _ = sweep;
    }

    /// Whether ids of shapes that died in *earlier* collections may be given out again: no invalidated user of one is
    /// on a stack any more. The collector itself adds the condition that there are no conservative ranges.
    fn may_reuse_shape_ids(&self) -> bool {
        true
    }
}

/// How much a collection looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectKind {
    /// The nursery only: cells are copied, those that survive for the second time into the old generation.
    Minor,
    /// Everything. All that is young and lives becomes old.
    Full,
}
