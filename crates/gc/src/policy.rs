//! When to collect, and when to give up: triggers, the heap limit, safepoints.
//!
//! **Growth.** A minor collection is due when eden is full, or when young large cells or external memory have grown by
//! as much. A full one is due when what only a full one can free has grown by [`HeapConfig::growth_percent`] of what
//! was live after the last, but at least by the floor. The decision is made *before* a nursery is collected, so that
//! promotion does not overshoot it. With 70 percent, the nursery (4 MiB), its copies (at most as much) and the
//! evacuation reserve (a sixteenth), the peak stays below twice the live data + 16 MiB.
//!
//! **Limit.** It is judged only after a full collection, when it is known what is live. Until then small allocations
//! draw on the headroom, an eighth of the limit, and beyond it if they must; large and external ones are refused beyond
//! it. When a full collection finds more than the limit alive, the status is [`LimitStatus::Exceeded`]: the machine
//! throws an error that the script may catch. If the next full collection finds no less, the status is
//! [`LimitStatus::Exhausted`]: the machine ends the script.

use crate::config::{BYTES_PER_MINOR, FULL_EVERY, HeapConfig, OutOfMemory};
use crate::heap::Heap;
use crate::roots::CollectKind;
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// What the last full collection found out about the heap limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LimitStatus {
    /// The live data is within the limit.
    #[default]
    Within,
    /// The live data is beyond the limit, for the first time: an error that can be caught.
    Exceeded,
    /// Still beyond the limit after one more full collection: the script must end, and cannot catch it.
    Exhausted,
}

/// The counters that decisions are made from.
pub(crate) struct Policy {
    /// Bytes outside the heap that cells own.
    pub external: Cell<usize>,
    /// `external` after the last collection.
    external_base: Cell<usize>,
    /// Collect fully when the old bytes reach this.
    pub full_at: Cell<usize>,
    /// … or when the blocks of the movable old generation do: dead space that nothing fits into counts here.
    pub blocks_at: Cell<usize>,
    /// The next collection is to be a full one.
    pub force_full: Cell<bool>,
    pub status: Cell<LimitStatus>,
    /// Bytes live after the last full collection.
    pub live: Cell<usize>,
    old_allocated: Cell<usize>,
    safepoints: Cell<u32>,
    /// Minor collections since the last full one.
    pub minors: Cell<usize>,
    interrupt: Cell<Option<(NonNull<AtomicU32>, u32)>>,
    tripwire: Cell<Option<NonNull<AtomicUsize>>>,
}

impl Policy {
    pub fn new(config: &HeapConfig) -> Policy {
        let policy = Policy {
            external: Cell::new(0),
            external_base: Cell::new(0),
            full_at: Cell::new(0),
            blocks_at: Cell::new(0),
            force_full: Cell::new(false),
            status: Cell::default(),
            live: Cell::new(0),
            old_allocated: Cell::new(0),
            safepoints: Cell::new(0),
            minors: Cell::new(0),
            interrupt: Cell::new(None),
            tripwire: Cell::new(None),
        };
        policy.set_threshold(config, 0);
        policy.set_blocks_threshold(config, 0, 0);
        policy
    }

    /// Notes an allocation in the non-moving spaces; whether it is time to look at the triggers.
    pub fn allocated_old(&self, bytes: usize) -> bool {
        let sum = self.old_allocated.get() + bytes;
        let due = sum >= 64 << 10;
        self.old_allocated.set(if due { 0 } else { sum });
        due
    }

    fn set_threshold(&self, config: &HeapConfig, live: usize) {
        let growth = (live / 100 * config.growth_percent).max(config.growth_floor);
        // Before the limit is reached there must have been a full collection; near it, not at every nursery.
        let headroom = config.heap_limit / 8;
        let before_limit = config.heap_limit.saturating_sub(nursery_bytes(config)).max(live + headroom / 4);
        self.full_at.set((live + growth).min(before_limit));
    }

    /// Sets the threshold of the old generation's movable blocks, of which there are `blocks` bytes with `live` bytes
    /// of cells.
    pub fn set_blocks_threshold(&self, config: &HeapConfig, live: usize, blocks: usize) {
        let grown = live + live / 100 * config.growth_percent;
        let most = grown.max(blocks + live / 8) + config.growth_floor;
        self.blocks_at.set(most);
    }

    /// Judges the limit and sets the next threshold after a full collection. `low`: the system has no more memory,
    /// whatever the limit says.
    pub fn after_full(&self, config: &HeapConfig, live: usize, low: bool) {
        let status = match self.status.get() {
            _ if live <= config.heap_limit && !low => LimitStatus::Within,
            LimitStatus::Within => LimitStatus::Exceeded,
            _ => LimitStatus::Exhausted,
        };
        self.status.set(status);
        self.live.set(live);
        self.force_full.set(false);
        self.set_threshold(config, live);
    }

    pub fn after_any(&self) {
        self.external_base.set(self.external.get());
    }
}

/// The nursery's size under a limit: at most an eighth of it.
fn nursery_bytes(config: &HeapConfig) -> usize {
    config.nursery_bytes.min((config.heap_limit / 8).max(256 << 10))
}

impl Heap {
    /// Has a word that the machine polls carry the request for a collection: `bit` is set when [`Heap::gc_pending`] is,
    /// and cleared after the collection. `None` takes the word away.
    ///
    /// # Safety
    /// The word stays valid until it is taken away or the heap is dropped.
    pub unsafe fn set_interrupt_word(&self, word: Option<(NonNull<AtomicU32>, u32)>) {
        self.policy.interrupt.set(word);
        self.set_pending(self.gc_pending.get());
    }

    /// A word that becomes 0 whenever a collection is asked for; nobody but its owner sets it again.
    ///
    /// # Safety
    /// As for [`Heap::set_interrupt_word`].
    pub unsafe fn set_tripwire(&self, word: Option<NonNull<AtomicUsize>>) {
        self.policy.tripwire.set(word);
        self.set_pending(self.gc_pending.get());
    }

    pub(crate) fn set_pending(&self, pending: bool) {
        self.gc_pending.set(pending);
        if pending && let Some(word) = self.policy.tripwire.get() {
            // SAFETY: `set_tripwire`'s caller keeps the word valid.
            unsafe { word.as_ref() }.store(0, Ordering::Relaxed);
        }
        if let Some((word, bit)) = self.policy.interrupt.get() {
            // SAFETY: `set_interrupt_word`'s caller keeps the word valid.
            let word = unsafe { word.as_ref() };
            if pending {
                word.fetch_or(bit, Ordering::Relaxed);
            } else {
                word.fetch_and(!bit, Ordering::Relaxed);
            }
        }
    }

    /// Asks for a collection at the next safepoint.
    pub fn request_collection(&self) {
        if !self.gc_pending.get() {
            self.set_pending(true);
        }
    }

    /// Asks for a full collection at the next safepoint.
    pub fn request_full_collection(&self) {
        self.policy.force_full.set(true);
        self.request_collection();
    }

    /// What a safepoint has to do: to be called where [`Heap::gc_pending`] is set (with `gc_every` that is always). If
    /// it answers with a kind, the machine calls [`Heap::collect`] with it.
    pub fn safepoint(&self) -> Option<CollectKind> {
        let Some(every) = self.config.gc_every else {
            return self.should_collect();
        };
        let count = self.policy.safepoints.get() + 1;
        self.policy.safepoints.set(count);
        if !count.is_multiple_of(every) {
            // The triggers still count, or a large N would mean an unbounded nursery.
            return if self.is_due() { self.should_collect() } else { None };
        }
        let between = FULL_EVERY.max(self.policy.live.get() / BYTES_PER_MINOR);
        let full = self.policy.force_full.get() || self.policy.minors.get() + 1 >= between;
        Some(if full { CollectKind::Full } else { CollectKind::Minor })
    }

    /// Whether a collection is due, and of which kind.
    pub fn should_collect(&self) -> Option<CollectKind> {
        if !self.gc_pending.get() {
            return None;
        }
        let full = self.policy.force_full.get() || self.full_is_due();
        Some(if full { CollectKind::Full } else { CollectKind::Minor })
    }

    fn is_due(&self) -> bool {
        let nursery = self.nursery.borrow();
        nursery.eden_blocks() > nursery.budget
            || self.policy.force_full.get()
            || self.triggers_reached(nursery.max_budget)
    }

    fn triggers_reached(&self, nursery_blocks: usize) -> bool {
        let nursery = nursery_blocks * crate::config::BLOCK_BYTES;
        self.large.borrow().young_bytes() + self.young_external() > nursery || self.full_is_due()
    }

    /// Whether the old generation has reached one of its thresholds.
    pub(crate) fn full_is_due(&self) -> bool {
        self.old_bytes() >= self.policy.full_at.get() || self.old.borrow().footprint() >= self.policy.blocks_at.get()
    }

    /// External bytes that came since the last collection: their owners are young, for the most part.
    fn young_external(&self) -> usize {
        self.policy.external.get() - self.policy.external_base.get()
    }

    /// Looks at the triggers other than eden's.
    pub(crate) fn check_triggers(&self) {
        let blocks = self.nursery.borrow().max_budget;
        if self.triggers_reached(blocks) {
            self.request_collection();
        }
    }

    /// Bytes that only a full collection can free.
    pub(crate) fn old_bytes(&self) -> usize {
        self.old.borrow().bytes()
            + self.fixed.borrow().bytes()
            + self.shapes.borrow().bytes()
            + self.large.borrow().old_bytes()
            + self.policy.external_base.get()
    }

    /// Bytes in use: the nursery's blocks, the cells of the other spaces, and external memory.
    pub fn used_bytes(&self) -> usize {
        self.nursery.borrow().blocks.len() * crate::config::BLOCK_BYTES
            + self.large.borrow().young_bytes()
            + self.young_external()
            + self.old_bytes()
    }

    /// Bytes that the last full collection found alive.
    pub fn live_bytes(&self) -> usize {
        self.policy.live.get()
    }

    /// Whether `bytes` more stay within limit and headroom; if not, a full collection is requested.
    pub(crate) fn check_limit(&self, bytes: usize) -> Result<(), OutOfMemory> {
        let most = self.config.heap_limit.saturating_add(self.config.heap_limit / 8);
        if self.used_bytes().saturating_add(bytes) > most {
            self.request_full_collection();
            return Err(OutOfMemory { bytes });
        }
        Ok(())
    }

    /// Counts memory outside the heap that cells own, `bytes` more or (negative) less: stores of ArrayBuffers, tables
    /// of shapes. Finalizers may call this.
    ///
    /// # Errors
    /// As [`Heap::alloc_large`], and then nothing was counted. Giving back never fails.
    pub fn add_external(&self, bytes: isize) -> Result<(), OutOfMemory> {
        let external = self.policy.external.get();
        if bytes < 0 {
            let left = external.saturating_sub(bytes.unsigned_abs());
            self.policy.external.set(left);
            self.policy.external_base.set(self.policy.external_base.get().min(left));
            return Ok(());
        }
        if !self.collecting.get() {
            self.check_limit(bytes as usize)?;
        }
        self.policy.external.set(external + bytes as usize);
        if !self.collecting.get() {
            self.check_triggers();
        }
        Ok(())
    }

    /// What the last full collection said of the heap limit.
    pub fn limit_status(&self) -> LimitStatus {
        self.policy.status.get()
    }

    /// Whether the last full collection found more alive than the limit allows.
    pub fn limit_exceeded(&self) -> bool {
        self.limit_status() != LimitStatus::Within
    }
}
