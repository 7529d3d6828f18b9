//! The tracer: what a collection does with each reference that it is shown.
//!
//! The machine's functions see one type, [`Tracer`], whatever the collection is. They show it slots; it marks or copies
//! what the slots refer to, and writes the new addresses back:
//!
//! * a cell in a block that is being emptied ([`flag::FROM`]: the nursery; in full collections also sparse old blocks)
//!   is *copied*, once; it leaves its new address behind;
//! * any other cell is *marked in place*: in its gc byte (large, fixed) or in the start bitmap;
//! * in a minor collection, what is old is not looked at: it is alive by assumption.
//!
//! Cells that were reached but whose own references were not yet shown wait on an explicit stack, so that no heap can
//! overflow the native one; large cells wait on a stack of their own and are traced a card at a time, so that a huge
//! array does not put all its elements on the stack at once.
//!
//! **Remembering falls out of tracing.** While a cell is traced the tracer notes whether any target is young *after*
//! this collection (`found_young`). An old cell for which that holds is remembered; any other gets [`OLD_CLEAN`], and
//! the write barrier guards it from then on.

use crate::cell::{CellHeader, FORWARDED, KindInfo, MARK, OLD_CLEAN, value_is_cell};
use crate::config::{CARD_BYTES, MAX_SMALL};
use crate::heap::Heap;
use crate::memory::{Tables, flag};
use crate::nursery::Survivors;
use crate::old::OldSpace;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::ptr::NonNull;

/// What the tracer does with a reference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Copy the young.
    Minor,
    /// Copy or mark everything.
    Full,
    /// Report the reference and leave it alone: the verifier and heap walks.
    Observe,
}

/// A value that is alive if its key is.
struct Ephemeron {
    owner: *mut CellHeader,
    value: *const Cell<u64>,
}

/// Receives each reference in [`Mode::Observe`]: the slot's address (0 for references that have none) and the target.
pub(crate) type Observer<'a> = dyn FnMut(usize, *mut CellHeader) + 'a;

/// The collection as the machine's trace functions see it: see the module's documentation.
pub struct Tracer {
    mode: Mode,
    pub(crate) tables: Tables,
    kinds: &'static [KindInfo],
    /// A target of the cell that is being traced stays young.
    found_young: bool,
    stack: Vec<*mut CellHeader>,
    /// Large cells, and the offset up to which they were traced.
    large: Vec<(*mut CellHeader, usize)>,
    heap: NonNull<Heap>,
    observer: Option<NonNull<Observer<'static>>>,
    pub(crate) old: OldSpace,
    pub(crate) survivors: Survivors,
    /// The old cells found to point to young ones.
    pub(crate) remembered: Vec<*mut CellHeader>,
    /// The live cells with weak hooks, as they are traced.
    pub(crate) weak_cells: Vec<*mut CellHeader>,
    /// Values that wait for their key, by the key's address before the collection.
    waiting: FxHashMap<usize, Vec<Ephemeron>>,
    /// Values whose key was reached while they waited.
    woken: Vec<Ephemeron>,
    /// Cells become old at their first survival already ([`crate::nursery::Nursery::tenure`]).
    tenure: bool,
    pub(crate) promoted_bytes: usize,
    pub(crate) survived_bytes: usize,
    /// Bytes copied out of eden, wherever to.
    pub(crate) eden_bytes: usize,
}

impl Tracer {
    pub(crate) fn new(heap: &Heap, full: bool, old: OldSpace) -> Tracer {
        Tracer {
            mode: if full { Mode::Full } else { Mode::Minor },
            tables: heap.tables,
            kinds: heap.kinds,
            found_young: false,
            stack: Vec::new(),
            large: Vec::new(),
            heap: NonNull::from(heap),
            observer: None,
            old,
            survivors: Survivors::new(heap.tables),
            remembered: Vec::new(),
            weak_cells: Vec::new(),
            waiting: FxHashMap::default(),
            woken: Vec::new(),
            tenure: full || heap.nursery.borrow().tenure,
            promoted_bytes: 0,
            survived_bytes: 0,
            eden_bytes: 0,
        }
    }

    /// Runs `body` with a tracer that changes nothing, and reports each reference that it is shown to `observer`.
    pub(crate) fn observe(heap: &Heap, observer: &mut Observer<'_>, body: impl FnOnce(&mut Tracer)) {
        let mut tracer = Tracer::new(heap, false, OldSpace::new(heap.tables));
        tracer.mode = Mode::Observe;
        // SAFETY: only the lifetime changes; the tracer does not outlive this function, and so not the observer.
        tracer.observer = Some(unsafe {
            std::mem::transmute::<NonNull<Observer<'_>>, NonNull<Observer<'static>>>(NonNull::from(observer))
        });
        body(&mut tracer);
    }

    fn heap<'h>(&self) -> &'h Heap {
        // SAFETY: a tracer lives within a call on the heap that made it; the references made here do not leave the
        // tracer's methods.
        unsafe { self.heap.as_ref() }
    }

    /// Whether the collection is a full one.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.mode == Mode::Full
    }

    /// Shows a slot that holds a cell's address or null.
    ///
    /// # Safety
    /// `slot` can be read and written, and its contents are null or the address of a live cell of this heap.
    #[inline(always)]
    pub unsafe fn visit(&mut self, slot: *mut *mut CellHeader) {
        // SAFETY: by the caller's promise.
        let cell = unsafe { *slot };
        if !cell.is_null() {
            let moved = self.reach(cell, slot as usize);
            if moved != cell {
                // SAFETY: by the caller's promise.
                unsafe { *slot = moved };
            }
        }
    }

    /// Shows a slot that holds a NaN-boxed value ([`value_is_cell`]). A value that is a cell is one of this heap's live
    /// cells.
    #[inline(always)]
    pub fn visit_value(&mut self, slot: &Cell<u64>) {
        let bits = slot.get();
        if value_is_cell(bits) {
            let moved = self.reach(bits as usize as *mut CellHeader, slot.as_ptr() as usize);
            if moved as u64 != bits {
                slot.set(moved as u64);
            }
        }
    }

    /// [`Tracer::visit_value`] for each slot of a range.
    #[inline]
    pub fn visit_values(&mut self, slots: &[Cell<u64>]) {
        for slot in slots {
            self.visit_value(slot);
        }
    }

    /// [`Tracer::visit_values`], and whether the next collection of young cells may pass the slots over if nothing is stored in them: this is
    /// one, too, and none of their targets stays young.
    #[inline]
    pub fn visit_settling(&mut self, slots: &[Cell<u64>]) -> bool {
        self.found_young = false;
        self.visit_values(slots);
        self.mode == Mode::Minor && !self.found_young
    }

    /// Whether this is a collection of young cells only.
    #[inline]
    pub fn is_minor(&self) -> bool {
        self.mode == Mode::Minor
    }

    /// Shows a shape id that is held outside a header; 0 is none. Shapes do not move.
    #[inline]
    pub fn visit_shape(&mut self, id: u32) {
        if id != 0 && self.mode != Mode::Minor {
            self.reach(self.tables.shape(id), 0);
        }
    }

    /// Rebases `derived`, an address computed from the cell whose address or value is in `base` (an untagged interior
    /// pointer in an optimized frame). To be called *before* `base` itself is visited; it keeps the cell alive but does
    /// not change `base`.
    pub fn visit_derived(&mut self, base: &Cell<u64>, derived: &Cell<u64>) {
        let bits = base.get();
        if value_is_cell(bits) {
            let moved = self.reach(bits as usize as *mut CellHeader, 0) as u64;
            derived.set(derived.get().wrapping_sub(bits).wrapping_add(moved));
        }
    }

    /// Shows an ephemeron (a WeakMap's entry): `value` is visited if `key` is alive, now or later in this collection.
    /// `key` is the address as the table has it; the table's sweep hook updates it, or removes the entry. `owner` is
    /// the cell that `value` lies in (its present address, as passed to the hook), or null for tables outside the heap.
    pub fn visit_ephemeron(&mut self, owner: *mut CellHeader, key: *mut CellHeader, value: &Cell<u64>) {
        if self.mode == Mode::Observe {
            return self.visit_value(value);
        }
        if self.is_live(key) {
            self.visit_owned(owner, value);
        } else if value_is_cell(value.get()) {
            self.waiting.entry(key as usize).or_default().push(Ephemeron { owner, value });
        }
    }

    fn visit_owned(&mut self, owner: *mut CellHeader, value: &Cell<u64>) {
        self.found_young = false;
        self.visit_value(value);
        if self.found_young && !owner.is_null() {
            self.remember(owner);
        }
    }

    /// Puts an old cell on the remembered list, if it is not there.
    pub(crate) fn remember(&mut self, cell: *mut CellHeader) {
        // SAFETY: callers pass live cells.
        let header = unsafe { &*cell };
        if header.has_gc(OLD_CLEAN) {
            header.clear_gc(OLD_CLEAN);
            self.remembered.push(cell);
        }
    }

    /// Whether the cell at this address (before the collection) is known to be alive so far.
    fn is_live(&self, cell: *mut CellHeader) -> bool {
        live_address(&self.tables, self.is_full(), cell).is_some()
    }

    /// Marks or copies a cell; returns where it is from now on.
    #[inline(always)]
    fn reach(&mut self, cell: *mut CellHeader, slot: usize) -> *mut CellHeader {
        let flags = self.tables.flags_at(cell as usize);
        if self.mode == Mode::Minor {
            if flags & flag::YOUNG == 0 {
                return cell;
            }
        } else if self.mode == Mode::Observe {
            return self.report(cell, slot);
        }
        if flags & flag::FROM != 0 { self.copy(cell, flags) } else { self.mark(cell, flags) }
    }

    #[cold]
    fn report(&mut self, cell: *mut CellHeader, slot: usize) -> *mut CellHeader {
        if let Some(mut observer) = self.observer {
            // SAFETY: `observe` keeps the observer alive and unused by others while the tracer exists.
            unsafe { observer.as_mut()(slot, cell) };
        }
        cell
    }

    /// Reaches a cell of a block that is being emptied.
    #[inline(never)]
    fn copy(&mut self, cell: *mut CellHeader, flags: u8) -> *mut CellHeader {
        // SAFETY: trace functions show references to live cells only, and a block that is being emptied keeps its
        // contents.
        let header = unsafe { &*cell };
        if header.is_forwarded() {
            // SAFETY: a cell is at least two words long, and the second of a forwarded one is its new address.
            let moved = unsafe { *(cell as *mut *mut CellHeader).add(1) };
            self.found_young |= self.tables.flags_at(moved as usize) & flag::YOUNG != 0;
            return moved;
        }
        let kind = &self.kinds[header.kind.get() as usize];
        // SAFETY: the table's functions are made for cells of their kind.
        let bytes = unsafe { (kind.size)(cell) };
        debug_assert!(bytes.is_multiple_of(8) && (16..=MAX_SMALL).contains(&bytes), "a {} of {bytes} bytes", kind.name);
        let promote = self.tenure || flags & flag::AGED != 0;
        let heap = self.heap();
        let place = if promote { self.old.alloc(bytes, heap) } else { self.survivors.alloc(bytes, heap) };
        let Some(place) = place else {
            return self.stay(cell, flags);
        };
        let moved = place as *mut CellHeader;
        // SAFETY: `place` is `bytes` of free memory of the heap; `cell` is a cell of that size; afterwards only the
        // header and the second word of the old place are looked at. Tracing sets the new gc byte, except that of
        // leaves, which minor collections do not trace.
        unsafe {
            copy_words(cell as *const u64, moved as *mut u64, bytes / 8);
            (*moved).gc.set(if promote && kind.leaf { OLD_CLEAN } else { 0 });
            header.flags.set(header.flags.get() | FORWARDED);
            *(cell as *mut *mut CellHeader).add(1) = moved;
        }
        if promote {
            self.promoted_bytes += bytes;
        } else {
            self.survived_bytes += bytes;
            self.found_young = true;
        }
        if flags & flag::AGED == 0 {
            self.eden_bytes += bytes;
        }
        if !(kind.leaf && self.mode == Mode::Minor) {
            self.stack.push(moved);
        }
        if !self.waiting.is_empty() {
            self.wake(cell);
        }
        moved
    }

    /// No memory for a copy: the cell, and what else of its block was not copied yet, stays where it is.
    #[cold]
    fn stay(&mut self, cell: *mut CellHeader, flags: u8) -> *mut CellHeader {
        let block = self.tables.block_of(cell as usize);
        let flags = (flags & !flag::FROM) | flag::IN_PLACE;
        self.tables.set_flags(block, flags);
        self.mark(cell, flags)
    }

    /// Reaches a cell that stays in its place.
    #[inline(never)]
    pub(crate) fn mark(&mut self, cell: *mut CellHeader, flags: u8) -> *mut CellHeader {
        // SAFETY: as in `copy`.
        let header = unsafe { &*cell };
        if flags & flag::MARK_IN_CELL != 0 {
            self.found_young |= self.mode == Mode::Minor && flags & flag::AGED == 0;
            if header.has_gc(MARK) {
                return cell;
            }
            header.set_gc(MARK);
        } else {
            if flags & flag::IN_PLACE != 0 && header.is_forwarded() {
                // It was copied before its block had to stay.
                // SAFETY: as in `copy`.
                let moved = unsafe { *(cell as *mut *mut CellHeader).add(1) };
                self.found_young |= self.tables.flags_at(moved as usize) & flag::YOUNG != 0;
                return moved;
            }
            if self.mode == Mode::Minor && flags & flag::IN_PLACE == 0 {
                // The slot was visited before, and refers to the copy already.
                self.found_young = true;
                return cell;
            }
            if self.tables.set_start(cell as usize) {
                return cell;
            }
        }
        self.stack.push(cell);
        if !self.waiting.is_empty() {
            self.wake(cell);
        }
        cell
    }

    /// Wakes the values that waited for this key, which has just been reached. They are visited by `drain`: at once
    /// would be a recursion as deep as a chain of ephemerons is long.
    #[cold]
    fn wake(&mut self, key: *mut CellHeader) {
        if let Some(entries) = self.waiting.remove(&(key as usize)) {
            self.woken.extend(entries);
        }
    }

    /// Traces everything that was reached and what it reaches.
    pub(crate) fn drain(&mut self) {
        loop {
            if self.mode == Mode::Full {
                self.drain_with_prefetch();
            } else {
                while let Some(cell) = self.stack.pop() {
                    self.trace_cell(cell);
                }
            }
            if let Some(entry) = self.woken.pop() {
                // SAFETY: the slot lies in a live table, which does not move again in this collection.
                self.visit_owned(entry.owner, unsafe { &*entry.value });
                continue;
            }
            // A large cell's next card only when the last one's consequences are done with.
            let Some((cell, from)) = self.large.pop() else {
                return;
            };
            self.trace_card(cell, from);
        }
    }

    /// Marking misses the cache at nearly each cell: fetch the header some cells before it is needed (Cher, Hosking &
    /// Vitek, "Software prefetching for mark-sweep garbage collection", ASPLOS 2004).
    fn drain_with_prefetch(&mut self) {
        const AHEAD: usize = 8;
        let mut ring = [std::ptr::null_mut::<CellHeader>(); AHEAD];
        let mut at = 0;
        let mut filled = 0;
        loop {
            let next = match self.stack.pop() {
                Some(cell) => {
                    prefetch(cell);
                    cell
                }
                None if filled == 0 => return,
                None => std::ptr::null_mut(),
            };
            let cell = std::mem::replace(&mut ring[at], next);
            at = (at + 1) % AHEAD;
            filled += usize::from(!next.is_null());
            if !cell.is_null() {
                filled -= 1;
                self.trace_cell(cell);
            }
        }
    }

    /// Traces one cell, and finds out whether it is to be remembered.
    pub(crate) fn trace_cell(&mut self, cell: *mut CellHeader) {
        // SAFETY: only live cells, at their final place, are on the stack and in the remembered set.
        let header = unsafe { &*cell };
        let kind = &self.kinds[header.kind.get() as usize];
        let flags = self.tables.flags_at(cell as usize);
        self.found_young = false;
        if self.mode == Mode::Full && kind.has_shape {
            self.visit_shape(header.shape.get());
        }
        if flags & flag::MARK_IN_CELL == 0 && (self.mode == Mode::Full || flags & flag::IN_PLACE != 0) {
            // SAFETY: the table's functions are made for cells of their kind.
            let bytes = unsafe { (kind.size)(cell) };
            self.tables.use_lines(cell as usize, bytes);
            let info = self.tables.info(self.tables.block_of(cell as usize));
            info.live.set(info.live.get() + bytes as u32);
        }
        let stays_young = self.mode == Mode::Minor && stays_young(flags);
        if flags & flag::LARGE != 0 && !kind.leaf && kind.trace_range.is_some() {
            return self.begin_large(cell, kind, stays_young);
        }
        if kind.weak.is_some() {
            self.weak_cells.push(cell);
        }
        if !kind.leaf {
            // SAFETY: as above.
            unsafe { (kind.trace)(cell, self) };
        }
        if stays_young {
            return;
        }
        if self.found_young {
            header.clear_gc(OLD_CLEAN);
            self.remembered.push(cell);
        } else if !header.has_gc(OLD_CLEAN) {
            header.set_gc(OLD_CLEAN);
        }
    }

    /// Puts a large cell on the stack of those that are traced by cards.
    fn begin_large(&mut self, cell: *mut CellHeader, kind: &'static KindInfo, stays_young: bool) {
        if kind.weak.is_some() {
            self.weak_cells.push(cell);
        }
        if !stays_young {
            let mut large = self.heap().large.borrow_mut();
            if !large.has_cards(cell) {
                large.add_cards(cell, kind);
            }
            // Also for a weak table, which has no cards: `trace_card` remembers it whole if need be.
            // SAFETY: as in `trace_cell`.
            unsafe { &*cell }.set_gc(OLD_CLEAN);
        }
        self.large.push((cell, 0));
    }

    /// Traces one card of a large cell, and puts the cell back for the next.
    fn trace_card(&mut self, cell: *mut CellHeader, from: usize) {
        let bytes = self.heap().large.borrow().record(cell).bytes;
        let to = (from + CARD_BYTES).min(bytes);
        if to < bytes {
            self.large.push((cell, to));
        }
        self.trace_range(cell, from, to);
    }

    /// Traces the references in the bytes `from..to` of a large cell, which is remembered for them if need be.
    pub(crate) fn trace_range(&mut self, cell: *mut CellHeader, from: usize, to: usize) {
        // SAFETY: as in `trace_cell`.
        let header = unsafe { &*cell };
        let Some(trace_range) = self.kinds[header.kind.get() as usize].trace_range else {
            return;
        };
        self.found_young = false;
        let start = cell as *mut u8;
        // SAFETY: the function is made for cells of this kind, and the range lies within the cell.
        unsafe { trace_range(cell, start.add(from), start.add(to), self) };
        if self.found_young && header.has_gc(OLD_CLEAN) {
            let mut large = self.heap().large.borrow_mut();
            if large.has_cards(cell) {
                large.mark_cards(cell, from, to);
            } else {
                drop(large);
                self.remember(cell);
            }
        }
    }

    /// Whether the cell at its present place is young after this collection.
    pub(crate) fn is_young_afterwards(&self, cell: *mut CellHeader) -> bool {
        self.mode == Mode::Minor && stays_young(self.tables.flags_at(cell as usize))
    }
}

/// Whether cells in a block with these flags, reached in a minor collection and at their final place, are young after
/// it.
fn stays_young(flags: u8) -> bool {
    flags & flag::YOUNG != 0
        && flags & flag::IN_PLACE == 0
        && flags & (flag::LARGE | flag::AGED) != flag::LARGE | flag::AGED
}

/// Where the cell that was at this address before the collection is now; `None` if nothing has reached it. Addresses of
/// copies are found alive.
pub(crate) fn live_address(tables: &Tables, full: bool, cell: *mut CellHeader) -> Option<*mut CellHeader> {
    let flags = tables.flags_at(cell as usize);
    if !full && flags & flag::YOUNG == 0 {
        return Some(cell);
    }
    // SAFETY: weak references and keys are addresses of cells that were alive before the collection, whose memory is
    // not yet given back.
    let header = unsafe { &*cell };
    if flags & flag::MARK_IN_CELL != 0 {
        return header.has_gc(MARK).then_some(cell);
    }
    if flags & (flag::FROM | flag::IN_PLACE) != 0 && header.is_forwarded() {
        // SAFETY: the second word of a forwarded cell is its new address.
        return Some(unsafe { *(cell as *mut *mut CellHeader).add(1) });
    }
    if flags & flag::FROM != 0 {
        return None;
    }
    if !full && flags & flag::IN_PLACE == 0 {
        return Some(cell);
    }
    tables.is_start(cell as usize).then_some(cell)
}

/// Copies `count` words (two at least) between places that do not overlap. Most cells are a few words: a call of memcpy
/// costs more than it does.
///
/// # Safety
/// As for [`std::ptr::copy_nonoverlapping`].
#[inline(always)]
unsafe fn copy_words(from: *const u64, to: *mut u64, count: usize) {
    if count <= 8 {
        // SAFETY: the words below `count`.
        unsafe {
            *to = *from;
            *to.add(1) = *from.add(1);
            let mut index = 2;
            while index < count {
                let word = *from.add(index);
                // What it refers to is visited soon.
                if value_is_cell(word) {
                    prefetch(word as usize as *mut CellHeader);
                }
                to.add(index).write_volatile(word);
                index += 1;
            }
        }
    } else {
        // SAFETY: by the caller's promise.
        unsafe { std::ptr::copy_nonoverlapping(from, to, count) };
    }
}

/// Fetches a cell's header into the cache.
#[inline(always)]
pub(crate) fn prefetch(cell: *mut CellHeader) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; it reads nothing.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(cell as *const i8)
    };
    #[cfg(not(target_arch = "x86_64"))]
    let _ = cell;
}
