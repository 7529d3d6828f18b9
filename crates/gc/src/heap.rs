//! The heap: allocation, and the state that the other modules work on.
//!
//! All methods take `&self`: the heap is used by one thread at a time, and its parts are behind `Cell`s and `RefCell`s.
//! The fields that the allocation fast path touches are plain cells at fixed offsets ([`Heap::BUMP_OFFSET`],
//! [`Heap::LIMIT_OFFSET`]), so that machine code allocates with an add, a compare and a store, provided that whoever
//! embeds a `Heap` does not move it afterwards.

use crate::cell::{CellHeader, FILLER_KIND, KindInfo};
use crate::config::{BLOCK_BYTES, GRANULE, HeapConfig, MAX_SMALL, MIN_CELL, OutOfMemory};
use crate::fixed::FixedSpace;
use crate::large::LargeSpace;
use crate::memory::{Block, BlockPool, Tables, flag};
use crate::nursery::Nursery;
use crate::old::{OldSpace, Supply};
use crate::policy::Policy;
use crate::stats::Recorder;
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::mem::offset_of;
use std::ptr::NonNull;

/// A garbage-collected heap. See the crate's documentation.
#[repr(C)]
pub struct Heap {
    /// The next free byte of the nursery block that is being filled, and that block's end.
    bump: Cell<usize>,
    limit: Cell<usize>,
    /// The next safepoint should call [`Heap::safepoint`].
    pub gc_pending: Cell<bool>,
    /// A collection is going on.
    pub(crate) collecting: Cell<bool>,
    pub(crate) tables: Tables,
    pub(crate) kinds: &'static [KindInfo],
    pub(crate) config: HeapConfig,
    pub(crate) policy: Policy,
    pub(crate) nursery: RefCell<Nursery>,
    pub(crate) old: RefCell<OldSpace>,
    pub(crate) fixed: RefCell<FixedSpace>,
    pub(crate) shapes: RefCell<FixedSpace>,
    pub(crate) large: RefCell<LargeSpace>,
    /// Old cells that may refer to young ones; none of them has `OLD_CLEAN`.
    pub(crate) remembered: RefCell<Vec<*mut CellHeader>>,
    pub(crate) finalizers: RefCell<Finalizers>,
    pub(crate) notified: RefCell<Vec<*mut CellHeader>>,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) pool: RefCell<BlockPool>,
    /// Whose turn it is to be verified, where that goes by turns: a number of the old blocks and pieces of large cells.
    pub(crate) verified: Cell<usize>,
}

/// The movable cells that own something outside the heap.
#[derive(Default)]
pub(crate) struct Finalizers {
    pub young: Vec<*mut CellHeader>,
    pub old: Vec<*mut CellHeader>,
}

// SAFETY: all that a heap refers to is its own, and is not tied to a thread. It is not `Sync`: nothing in it is
// synchronized.
unsafe impl Send for Heap {}

impl Heap {
    /// The offset in bytes of the bump pointer (a `usize`) in a `Heap`: an allocation of n bytes takes its value, if
    /// that plus n is at most the limit, and stores the sum.
    pub const BUMP_OFFSET: usize = offset_of!(Heap, bump);
    /// The offset in bytes of the limit (a `usize`) in a `Heap`.
    pub const LIMIT_OFFSET: usize = offset_of!(Heap, limit);

    /// A new heap whose cells are of the kinds in the table.
    ///
    /// # Errors
    /// If the system grants no address space.
    pub fn new(mut config: HeapConfig, kinds: &'static [KindInfo]) -> Result<Heap, OutOfMemory> {
        assert!(kinds.len() <= FILLER_KIND as usize, "kind {FILLER_KIND} is the collector's");
        let (tables, pool, shape_blocks) = BlockPool::new(&config)?;
        config.heap_limit = config.heap_limit.min(pool.capacity() / 2);
        let nursery = Nursery::new(config.nursery_bytes.min((config.heap_limit / 8).max(256 << 10)));
        let poison = config.poison;
        let heap = Heap {
            bump: Cell::new(0),
            limit: Cell::new(0),
            gc_pending: Cell::new(config.gc_every.is_some()),
            collecting: Cell::new(false),
            tables,
            kinds,
            policy: Policy::new(&config),
            config,
            nursery: RefCell::new(nursery),
            old: RefCell::new(OldSpace::new(tables)),
            fixed: RefCell::new(FixedSpace::new(tables, None, poison)),
            shapes: RefCell::new(FixedSpace::new(tables, Some((0, shape_blocks)), poison)),
            large: RefCell::new(LargeSpace::new(tables)),
            remembered: RefCell::default(),
            finalizers: RefCell::default(),
            notified: RefCell::default(),
            recorder: RefCell::default(),
            pool: RefCell::new(pool),
            verified: Cell::new(0),
        };
        Ok(heap)
    }

    /// A place in the nursery for a cell of `size` bytes, a multiple of [`GRANULE`] between [`MIN_CELL`] and
    /// [`MAX_SMALL`]. Never collects, never fails: it takes from the headroom and asks for a collection.
    ///
    /// **The memory's contents are arbitrary.** The caller initialises the whole cell, header first, before the next
    /// safepoint; no collection looks at it before.
    #[inline(always)]
    pub fn alloc(&self, size: usize) -> NonNull<u8> {
        debug_assert!(
            size.is_multiple_of(GRANULE) && (MIN_CELL..=MAX_SMALL).contains(&size),
            "{size} bytes are no small cell"
        );
        let cell = self.bump.get();
        let end = cell + size;
        if end <= self.limit.get() {
            self.bump.set(end);
            // SAFETY: a limit that is not 0 is the end of a block, and blocks do not lie at address 0.
            return unsafe { NonNull::new_unchecked(cell as *mut u8) };
        }
        self.alloc_slow(size)
    }

    /// The slow path of [`Heap::alloc`], for machine code: takes the next block.
    #[cold]
    #[inline(never)]
    pub fn alloc_slow(&self, size: usize) -> NonNull<u8> {
        debug_assert!(!self.collecting.get(), "allocation during a collection");
        self.close_nursery_block();
        let mut nursery = self.nursery.borrow_mut();
        let block = {
            let mut pool = self.pool.borrow_mut();
            pool.give_back(crate::config::GIVEN_BACK_AT_ONCE);
            pool.block()
        };
        let Some(block) = block else {
            // The system is out of memory, and so is the reserve.
            exhausted(size)
        };
        self.tables.set_flags(block, flag::YOUNG);
        self.tables.info(block).live.set(0);
        self.tables.clear_lines(block);
        nursery.blocks.push(block);
        nursery.open = true;
        let start = self.tables.address(block);
        self.bump.set(start + size);
        self.limit.set(start + BLOCK_BYTES);
        let over = nursery.eden_blocks() > nursery.budget;
        drop(nursery);
        if over || self.pool.borrow_mut().take_refused() {
            self.request_collection();
        }
        // SAFETY: blocks do not lie at address 0.
        unsafe { NonNull::new_unchecked(start as *mut u8) }
    }

    /// Notes how far the nursery's last block is filled, and closes it.
    pub(crate) fn close_nursery_block(&self) {
        let mut nursery = self.nursery.borrow_mut();
        if std::mem::take(&mut nursery.open)
            && let Some(&block) = nursery.blocks.last()
        {
            let used = self.bump.get() - self.tables.address(block);
            self.tables.info(block).top.set(used as u32);
        }
        self.bump.set(0);
        self.limit.set(0);
    }

    /// A place for a cell of any size: [`Heap::alloc`] or [`Heap::alloc_large`].
    ///
    /// # Errors
    /// As [`Heap::alloc_large`].
    #[inline]
    pub fn try_alloc(&self, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        if size <= MAX_SMALL { Ok(self.alloc(size)) } else { self.alloc_large(size) }
    }

    /// A place for a cell of more than [`MAX_SMALL`] bytes: young, but never moved. The contents are arbitrary, as with
    /// [`Heap::alloc`].
    ///
    /// # Errors
    /// If the heap would go beyond its limit and the headroom, or the system refuses. A collection is then pending:
    /// where the caller can get to a safepoint, it may try once more after it.
    pub fn alloc_large(&self, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        self.alloc_run(size, true)
    }

    fn alloc_run(&self, size: usize, young: bool) -> Result<NonNull<u8>, OutOfMemory> {
        debug_assert!(size.is_multiple_of(GRANULE) && size > MAX_SMALL, "{size} bytes are no large cell");
        self.check_limit(size)?;
        let cell = self.large.borrow_mut().alloc(size, young, &mut self.pool.borrow_mut());
        let Some(cell) = cell else {
            self.request_full_collection();
            return Err(OutOfMemory { bytes: size });
        };
        self.check_triggers();
        // SAFETY: blocks do not lie at address 0.
        Ok(unsafe { NonNull::new_unchecked(cell as *mut u8) })
    }

    /// A place for a cell that is old and never moves, of any size: interned strings, symbols, code data. The contents
    /// are arbitrary, as with [`Heap::alloc`].
    ///
    /// # Errors
    /// As [`Heap::alloc_large`].
    pub fn alloc_nonmoving(&self, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        let cell = if size > MAX_SMALL {
            self.alloc_run(size, false)?
        } else {
            debug_assert!(size.is_multiple_of(GRANULE) && size >= MIN_CELL, "{size} bytes are no cell");
            let cell = self.fixed.borrow_mut().alloc(size, &mut self.pool.borrow_mut());
            self.old_cell(cell, size)?
        };
        self.remembered.borrow_mut().push(cell.as_ptr() as *mut CellHeader);
        Ok(cell)
    }

    /// A place for a shape of at most [`MAX_SMALL`] bytes; its id is [`Heap::shape_id`]. The contents are arbitrary, as
    /// with [`Heap::alloc`].
    ///
    /// # Errors
    /// If the shape region is full or the system refuses.
    pub fn alloc_shape(&self, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        debug_assert!(
            size.is_multiple_of(GRANULE) && (MIN_CELL..=MAX_SMALL).contains(&size),
            "{size} bytes are no shape"
        );
        let cell = self.shapes.borrow_mut().alloc(size, &mut self.pool.borrow_mut());
        let cell = self.old_cell(cell, size)?;
        self.remembered.borrow_mut().push(cell.as_ptr() as *mut CellHeader);
        Ok(cell)
    }

    fn old_cell(&self, cell: Option<usize>, size: usize) -> Result<NonNull<u8>, OutOfMemory> {
        match cell.and_then(|cell| NonNull::new(cell as *mut u8)) {
            Some(cell) => {
                if self.policy.allocated_old(size) {
                    self.check_triggers();
                }
                Ok(cell)
            }
            None => {
                self.request_full_collection();
                Err(OutOfMemory { bytes: size })
            }
        }
    }

    /// The address that shape ids are offsets from, in granules.
    #[inline]
    pub fn shape_base(&self) -> *mut u8 {
        self.tables.base() as *mut u8
    }

    /// The id of a shape cell.
    #[inline]
    pub fn shape_id(&self, shape: *const CellHeader) -> u32 {
        ((shape as usize - self.tables.base()) / GRANULE) as u32
    }

    /// The shape cell with this id.
    #[inline(always)]
    pub fn shape(&self, id: u32) -> *mut CellHeader {
        self.tables.shape(id)
    }

    /// Makes a gap of `bytes` (a multiple of [`GRANULE`]) at `address` that walks over the heap step over: the end of a
    /// cell that has shrunk. This is the only way in which a cell's size may change.
    ///
    /// # Safety
    /// The gap is the end of a live cell, whose size no longer contains it.
    pub unsafe fn fill_gap(&self, address: *mut u8, bytes: usize) {
        if bytes > 0 {
            // SAFETY: by the caller's promise the memory is the heap's and unused.
            unsafe { (address as *mut CellHeader).write(CellHeader::new((bytes / GRANULE) as u32, FILLER_KIND, 0, 0)) };
        }
    }

    /// Has [`KindInfo::finalize`] called for a movable cell when it dies. Cells that never move need no registration.
    ///
    /// # Safety
    /// `cell` is a live cell of this heap, of a kind with a finalizer, and is registered once.
    pub unsafe fn register_finalizer(&self, cell: *mut CellHeader) {
        let flags = self.tables.flags_at(cell as usize);
        if flags & flag::MARK_IN_CELL == 0 {
            let mut finalizers = self.finalizers.borrow_mut();
            let list = if flags & flag::YOUNG != 0 { &mut finalizers.young } else { &mut finalizers.old };
            list.push(cell);
        }
    }

    /// The cells whose weak hooks called [`crate::WeakSweep::notify`] since the last call.
    pub fn take_notified(&self) -> Vec<*mut CellHeader> {
        self.notified.take()
    }

    /// The configuration, with the limit that is in force.
    pub fn config(&self) -> &HeapConfig {
        &self.config
    }

    /// Whether the address lies in the heap's reservation.
    #[inline]
    pub fn contains(&self, address: *const u8) -> bool {
        self.tables.contains(address as usize)
    }

    pub(crate) fn finalize(&self, cell: *mut CellHeader) {
        // SAFETY: called once for each dead cell, whose memory is still intact.
        unsafe {
            if let Some(finalize) = self.kinds[(*cell).kind.get() as usize].finalize {
                finalize(cell);
            }
        }
    }
}

impl Supply for Heap {
    fn block(&self) -> Option<Block> {
        self.pool.borrow_mut().block()
    }

    fn size(&self, cell: *const CellHeader) -> usize {
        self.cell_bytes(cell)
    }
}

impl Drop for Heap {
    /// Runs the finalizers of all cells that are left.
    fn drop(&mut self) {
        self.collecting.set(true);
        let finalizers = self.finalizers.take();
        for cell in finalizers.young.into_iter().chain(finalizers.old) {
            self.finalize(cell);
        }
        for space in [&self.fixed, &self.shapes] {
            for &block in space.borrow().blocks() {
                self.tables.each_start(block, |cell| self.finalize(cell as *mut CellHeader));
            }
        }
        for record in self.large.borrow().records() {
            self.finalize(self.tables.address(record.block) as *mut CellHeader);
        }
    }
}

#[cold]
fn exhausted(size: usize) -> ! {
    std::alloc::handle_alloc_error(Layout::from_size_align(size, GRANULE).unwrap_or(Layout::new::<u64>()))
}
