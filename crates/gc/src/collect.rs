//! A collection, from beginning to end.
//!
//! Minor and full collections are the same procedure with another idea of what may die:
//!
//! 1. close the nursery, declare its blocks to be emptied;
//! 2. resolve the conservative words; their blocks stay ([`crate::pins`]);
//! 3. full: choose sparse old blocks to be emptied, forget the old marks ([`OldSpace::begin_full`]);
//! 4. trace from pins, roots, and (minor) the remembered cells and dirty cards ([`crate::tracer`]);
//! 5. ephemerons, weak references, finalizers ([`crate::weak`]);
//! 6. sweep: young blocks become free, or old where something stayed in them; large cells; full: old and fixed blocks;
//! 7. thresholds, limit, statistics.
//!
//! After a full collection nothing is young, nothing is remembered, and each start bit is a live cell.

use crate::cell::{CellHeader, PINNED};
use crate::config::{BLOCK_BYTES, POISON};
use crate::heap::Heap;
use crate::memory::{Block, flag};
use crate::old::OldSpace;
use crate::pins::Pins;
use crate::roots::{CollectKind, Roots};
use crate::stats::Collection;
use crate::tracer::{Tracer, live_address, prefetch};
use crate::verify::Verify;
use crate::weak::WeakSweep;
use std::ptr;
use std::time::Instant;

impl Heap {
    /// Collects garbage. Cells move: what refers to them must be among the roots, or be found by conservative ranges.
    ///
    /// # Safety
    /// Every cell is initialised. Every reference to a cell that is used afterwards is shown by `roots`, lies in a cell
    /// that is alive, or lies in a conservative range (then it keeps its address); stores of references into cells went
    /// through the write barrier.
    pub unsafe fn collect(&self, kind: CollectKind, roots: &dyn Roots, reason: &'static str) {
        let began = Instant::now();
        let cpu_began = cpu_time();
        let full = kind == CollectKind::Full;
        let used_before = self.used_bytes();
        self.collecting.set(true);
        self.close_nursery_block();

        let eden_blocks = self.nursery.borrow().eden_blocks();
        let young = std::mem::take(&mut self.nursery.borrow_mut().blocks);
        let young_blocks = young.len();
        for &block in &young {
            self.tables.set_flags(block, self.tables.flags(block) | flag::FROM);
        }
        let pins = self.resolve_pins(roots);
        let old = self.old.replace(OldSpace::new(self.tables));
        let mut tracer = Tracer::new(self, full, old);
        let evacuated_blocks = if full { tracer.old.begin_full() } else { 0 };

        let roots_time = self.trace_strong(&mut tracer, &pins, roots);
        self.process_weak(&mut tracer, roots);
        self.run_finalizers(&tracer);

        let ids_free = full && !pins.ranges && roots.may_reuse_shape_ids();
        for &cell in &pins.cells {
            // SAFETY: pinned cells are alive and have not moved.
            unsafe { &*cell }.clear_gc(PINNED);
        }
        for &block in &pins.blocks {
            if self.tables.flags(block) & flag::OLD != 0 {
                self.tables.set_flags(block, self.tables.flags(block) & !flag::IN_PLACE);
            }
        }
        tracer.survivors.close();
        let Tracer { mut old, survivors, remembered, promoted_bytes, survived_bytes, eden_bytes, .. } = tracer;
        self.free_young(young, &mut old);
        self.sweep_others(full, ids_free, &mut old);
        self.old.replace(old);
        self.remembered.replace(remembered);
        {
            let mut nursery = self.nursery.borrow_mut();
            nursery.note_survival(eden_blocks, eden_bytes);
            nursery.survivors = survivors.blocks.len();
            nursery.blocks = survivors.blocks;
        }
        self.collecting.set(false);

        let used_after = self.used_bytes();
        self.policy.after_any();
        self.policy.minors.set(if full { 0 } else { self.policy.minors.get() + 1 });
        let pause = began.elapsed().as_nanos() as u64;
        let cpu = cpu_time().saturating_sub(cpu_began);
        if full {
            let low = self.pool.borrow_mut().is_low();
            self.policy.after_full(&self.config, used_after, low);
            let (bytes, footprint) = {
                let old = self.old.borrow();
                (old.bytes(), old.footprint())
            };
            self.policy.set_blocks_threshold(&self.config, bytes, footprint);
            // Keep what the nursery and promotion will take up to the next: page faults would be the better part of a minor collection's pause.
            let keep = self.nursery.borrow().max_budget + self.config.growth_floor / BLOCK_BYTES;
            self.pool.borrow_mut().release_warm(keep);
        } else {
            self.nursery.borrow_mut().adapt(young_blocks, cpu, roots_time);
        }
        self.set_pending(self.config.gc_every.is_some() || (!full && self.full_is_due()));
        self.recorder.borrow_mut().record(Collection {
            kind,
            reason,
            pause,
            cpu,
            promoted_bytes,
            survived_bytes,
            pinned_cells: pins.movable,
            pinned_blocks: pins.blocks.len(),
            evacuated_blocks,
            used_before,
            used_after,
        });
        match self.config.verify {
            Verify::Never => {}
            Verify::Part => self.verify_part(roots),
            Verify::Everything => self.verify(roots),
        }
    }

    /// Traces all that is strongly reachable. Returns how long the machine took to show its roots, in nanoseconds.
    fn trace_strong(&self, tracer: &mut Tracer, pins: &Pins, roots: &dyn Roots) -> u64 {
        for &cell in &pins.cells {
            let flags = self.tables.flags_at(cell as usize);
            if tracer.is_full() || flags & flag::YOUNG != 0 {
                tracer.mark(cell, flags);
            }
        }
        let began = cpu_time();
        roots.trace(tracer);
        let roots_time = cpu_time().saturating_sub(began);
        for cell in self.notified.borrow_mut().iter_mut() {
            // SAFETY: the list holds live cells, and is a root.
            unsafe { tracer.visit(cell) };
        }
        let remembered = self.remembered.take();
        if !tracer.is_full() {
            for (index, &cell) in remembered.iter().enumerate() {
                // They lie all over the old generation.
                if let Some(&ahead) = remembered.get(index + 8) {
                    prefetch(ahead);
                }
                tracer.trace_cell(cell);
            }
            let cards = self.large.borrow_mut().take_dirty();
            for (cell, from, to) in cards {
                tracer.trace_range(cell, from, to);
            }
        } else {
            // Tracing makes the set anew, and it will be empty.
            self.large.borrow_mut().take_dirty();
        }
        tracer.drain();
        roots_time
    }

    fn process_weak(&self, tracer: &mut Tracer, roots: &dyn Roots) {
        roots.trace_ephemerons(tracer);
        tracer.drain();
        let mut done = 0;
        while let Some(&cell) = tracer.weak_cells.get(done) {
            done += 1;
            if let Some(trace) = self.weak_hooks(cell).and_then(|hooks| hooks.trace_ephemerons) {
                // SAFETY: the hook is made for cells of this kind; the cell is alive and at its final place.
                unsafe { trace(cell, tracer) };
                tracer.drain();
            }
        }
        let sweep = WeakSweep::new(self.tables, tracer.is_full());
        roots.sweep_weak(&sweep);
        for cell in std::mem::take(&mut tracer.weak_cells) {
            sweep.take_found_young();
            if let Some(hooks) = self.weak_hooks(cell) {
                // SAFETY: as above.
                unsafe { (hooks.sweep)(cell, &sweep) };
            }
            if sweep.take_found_young() && !tracer.is_young_afterwards(cell) {
                tracer.remember(cell);
            }
        }
        self.notified.borrow_mut().extend(sweep.into_notified());
    }

    fn weak_hooks(&self, cell: *mut CellHeader) -> Option<crate::cell::WeakHooks> {
        // SAFETY: callers pass live cells at their final place.
        self.kinds[unsafe { &*cell }.kind.get() as usize].weak
    }

    /// Runs the finalizers of the dead movable cells, and follows the living ones.
    fn run_finalizers(&self, tracer: &Tracer) {
        let mut lists = self.finalizers.take();
        let mut pending = std::mem::take(&mut lists.young);
        if tracer.is_full() {
            pending.append(&mut lists.old);
        }
        for cell in pending {
            match live_address(&self.tables, tracer.is_full(), cell) {
                None => self.finalize(cell),
                Some(now) if tracer.is_young_afterwards(now) => lists.young.push(now),
                Some(now) => lists.old.push(now),
            }
        }
        self.finalizers.replace(lists);
    }

    /// Frees the blocks that were emptied; gives those where something stayed to the old generation.
    fn free_young(&self, young: Vec<Block>, old: &mut OldSpace) {
        let mut pool = self.pool.borrow_mut();
        for block in young {
            if self.tables.flags(block) & flag::IN_PLACE != 0 {
                old.adopt(block);
                if self.config.poison {
                    self.poison_gaps(block);
                }
                continue;
            }
            if self.config.poison {
                // What was not filled since the block was last poisoned still is.
                let filled = self.tables.info(block).top.get() as usize;
                // SAFETY: everything alive has left the block.
                unsafe { ptr::write_bytes(self.tables.address(block) as *mut u8, POISON, filled) };
            }
            pool.free_block(block);
        }
    }

    fn sweep_others(&self, full: bool, reuse_ids: bool, old: &mut OldSpace) {
        let mut pool = self.pool.borrow_mut();
        let pool = &mut *pool;
        let mut finalize = |cell: *mut CellHeader| self.finalize(cell);
        if !full {
            self.large.borrow_mut().sweep_young(pool, &mut finalize);
            return;
        }
        self.large.borrow_mut().sweep_all(pool, &mut finalize);
        self.fixed.borrow_mut().sweep(pool, false, &mut finalize);
        self.shapes.borrow_mut().sweep(pool, reuse_ids, &mut finalize);
        old.end_full(pool, self.config.poison, |block| self.poison_gaps(block));
    }

    /// Poisons what lies between the cells of an old block.
    fn poison_gaps(&self, block: Block) {
        let poison = |from: usize, to: usize| {
            // SAFETY: no live cell touches the range, and nothing is being allocated into it yet.
            unsafe { ptr::write_bytes(from as *mut u8, POISON, to - from) };
        };
        let mut free = self.tables.address(block);
        self.tables.each_start(block, |cell| {
            poison(free, cell);
            free = cell + self.cell_bytes(cell as *const CellHeader);
        });
        poison(free, self.tables.address(block) + BLOCK_BYTES);
    }
}

/// The time that this thread has been running, in nanoseconds. The pause controller goes by it: what the system gives
/// to others while a collection is going on says nothing of the nursery's size.
pub fn cpu_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to the structure it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
