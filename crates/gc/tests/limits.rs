//! Heap limit, triggers, external memory, finalizers, shape ids, the interrupt word.

mod toy;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use tercel_gc::{CellHeader, CollectKind, Heap, HeapConfig, LimitStatus, Verify};
use toy::*;

fn limited(limit: usize) -> HeapConfig {
    HeapConfig { heap_limit: limit, verify: Verify::Never, ..config() }
}

#[test]
fn a_program_of_garbage_runs_at_twice_the_live_data() {
    let toy = Toy::new(limited(8 << 20));
    // 4 MB of live data.
    let list = toy.root(0);
    for _ in 0..(4 << 20) / 32 {
        let head = toy.roots.slots.borrow()[list].get();
        toy.set(list, toy.pair(head, 0) as u64);
        toy.safepoint();
    }
    for n in 0..2_000_000 {
        toy.pair(int(n), 0);
        if n % 1000 == 0 {
            toy.array(5000, int(n));
        }
        toy.safepoint();
        assert_eq!(toy.heap.limit_status(), LimitStatus::Within);
        assert!(toy.heap.used_bytes() < 9 << 20);
    }
}

#[test]
fn the_limit_is_an_error_first_and_the_end_then() {
    let toy = Toy::new(limited(4 << 20));
    let list = toy.root(0);
    let mut seen = Vec::new();
    for _ in 0..200_000 {
        let head = toy.roots.slots.borrow()[list].get();
        toy.set(list, toy.pair(head, 0) as u64);
        if toy.safepoint() {
            let status = toy.heap.limit_status();
            if seen.last() != Some(&status) {
                seen.push(status);
            }
            if status == LimitStatus::Exhausted {
                break;
            }
        }
    }
    assert_eq!(seen, [LimitStatus::Within, LimitStatus::Exceeded, LimitStatus::Exhausted]);
    assert!(toy.heap.used_bytes() < 6 << 20, "{}", toy.heap.used_bytes());
    // The heap can be used afterwards.
    toy.set(list, 0);
    toy.full();
    assert_eq!(toy.heap.limit_status(), LimitStatus::Within);
    toy.pair(0, 0);
}

#[test]
fn an_error_that_frees_memory_is_forgotten() {
    let toy = Toy::new(limited(4 << 20));
    for _ in 0..3 {
        let root = toy.root(0);
        while toy.heap.limit_status() == LimitStatus::Within {
            let head = toy.roots.slots.borrow()[root].get();
            toy.set(root, toy.pair(head, 0) as u64);
            toy.safepoint();
        }
        assert_eq!(toy.heap.limit_status(), LimitStatus::Exceeded);
        toy.set(root, 0);
        toy.full();
        assert!(!toy.heap.limit_exceeded());
    }
}

#[test]
fn large_and_external_memory_beyond_the_headroom_is_refused() {
    let toy = Toy::new(limited(16 << 20));
    assert!(toy.heap.alloc_large(19 << 20).is_err());
    assert!(toy.heap.alloc_large(1 << 40).is_err());
    assert!(toy.heap.add_external(19 << 20).is_err());
    assert!(toy.heap.add_external(isize::MAX).is_err());
    assert_eq!(toy.heap.stats().external_bytes, 0);
    // The second of two that do not fit together asks for a full collection, after which it fits.
    toy.array((12 << 20) / 8, 0);
    assert!(toy.heap.alloc_large(12 << 20).is_err());
    assert_eq!(toy.heap.should_collect(), Some(CollectKind::Full));
    toy.safepoint();
    toy.array((12 << 20) / 8, 0);
}

#[test]
fn external_memory_brings_collections_and_its_owners_give_it_back() {
    let toy = Toy::new(config());
    for _ in 0..100 {
        toy.resource();
        toy.heap.add_external(1 << 20).unwrap();
        if toy.safepoint() {
            let dead = take_deaths().len() as isize;
            assert!(dead > 0);
            toy.heap.add_external(-dead << 20).unwrap();
        }
        assert!(toy.heap.stats().external_bytes <= 6 << 20);
    }
}

#[test]
fn finalizers_run_once_for_each_dead_cell_at_any_age() {
    let toy = Toy::new(config());
    let roots: Vec<usize> = (0..4).map(|_| toy.root_cell(toy.resource())).collect();
    let fixed = toy.root_cell(toy.fixed_resource());
    let ids: Vec<u64> = roots.iter().map(|&root| id(toy.get(root))).collect();
    let fixed_id = id(toy.get(fixed));
    let young = id(toy.resource());
    toy.minor();
    assert_eq!(take_deaths(), [young]);
    toy.set(roots[0], 0);
    toy.minor();
    assert_eq!(take_deaths(), [ids[0]]);
    toy.set(roots[1], 0);
    toy.minor();
    assert_eq!(take_deaths(), [], "it is old");
    toy.full();
    assert_eq!(take_deaths(), [ids[1]]);
    toy.set(fixed, 0);
    toy.full();
    assert_eq!(take_deaths(), [fixed_id]);
    toy.full();
    assert_eq!(take_deaths(), []);
    drop(toy);
    assert_eq!(take_deaths(), [ids[2], ids[3]], "the heap's end is theirs");
}

#[test]
fn shape_ids_are_used_again_only_after_a_later_full_collection() {
    let toy = Toy::new(config());
    let shape = toy.shape(0);
    assert_ne!(shape, 0);
    assert_eq!(toy.heap.shape_id(toy.heap.shape(shape)), shape);
    toy.full();
    assert_eq!(take_deaths().len(), 1);
    let others: Vec<u32> = (0..10).map(|_| toy.shape(0)).collect();
    assert!(!others.contains(&shape), "in quarantine");
    toy.roots.shapes.borrow_mut().extend(others);
    // Neither a full collection with native frames, nor one the machine objects to, ends it.
    toy.pin(0);
    toy.full();
    toy.unpin_all();
    toy.roots.keep_shape_ids.set(true);
    toy.full();
    toy.roots.keep_shape_ids.set(false);
    toy.minor();
    let other = toy.shape(0);
    assert_ne!(other, shape);
    toy.roots.shapes.borrow_mut().push(other);
    toy.full();
    assert_eq!(toy.shape(0), shape);
}

#[test]
fn the_shape_region_ends_in_an_error() {
    let toy = Toy::new(HeapConfig { shape_bytes: 128 << 10, ..config() });
    let mut count = 0;
    while toy.heap.alloc_shape(32).is_ok_and(|memory| {
        toy.roots.shapes.borrow_mut().push(toy.heap.shape_id(memory.as_ptr() as Ref));
        // SAFETY: fresh memory for a shape.
        unsafe { std::ptr::write_bytes(memory.as_ptr(), 0, 32) };
        // SAFETY: as above.
        unsafe { (memory.as_ptr() as Ref).write(tercel_gc::CellHeader::new(0, SHAPE, 0, 0)) };
        true
    }) {
        count += 1;
    }
    assert_eq!(count, (128 << 10) / 32 - 1, "all but the place with the id 0");
    toy.full();
    assert_eq!(toy.count(SHAPE), count);
}

#[test]
fn a_full_nursery_sets_the_flag_and_the_interrupt_word() {
    let toy = Toy::new(config());
    let word = AtomicU32::new(4);
    // SAFETY: the word outlives the heap's use of it: it is taken away below.
    unsafe { toy.heap.set_interrupt_word(Some((NonNull::from(&word), 2))) };
    let tripwire = AtomicUsize::new(7);
    // SAFETY: likewise.
    unsafe { toy.heap.set_tripwire(Some(NonNull::from(&tripwire))) };
    // The first eden is half a megabyte.
    for _ in 0..(1 << 19) / 32 {
        toy.pair(0, 0);
    }
    assert!(!toy.heap.gc_pending.get());
    assert_eq!(tripwire.load(Ordering::Relaxed), 7);
    for _ in 0..(1 << 19) / 32 {
        toy.pair(0, 0);
    }
    assert!(toy.heap.gc_pending.get());
    assert_eq!(word.load(Ordering::Relaxed), 6);
    assert_eq!(tripwire.load(Ordering::Relaxed), 0);
    assert_eq!(toy.heap.should_collect(), Some(CollectKind::Minor));
    assert!(toy.safepoint());
    assert_eq!(word.load(Ordering::Relaxed), 4);
    assert_eq!(tripwire.load(Ordering::Relaxed), 0, "its owner's to set again");
    // SAFETY: nothing is promised.
    unsafe { toy.heap.set_interrupt_word(None) };
    // SAFETY: nothing is promised.
    unsafe { toy.heap.set_tripwire(None) };
}

#[test]
fn gc_every_collects_at_every_nth_safepoint() {
    let toy = Toy::new(HeapConfig { gc_every: Some(5), ..config() });
    let collected = (0..100).filter(|_| toy.safepoint()).count();
    assert_eq!(collected, 20);
    let stats = toy.heap.stats();
    assert_eq!((stats.minor_collections, stats.full_collections), (15, 5));
}

#[test]
fn large_garbage_is_collected_by_minor_collections() {
    let toy = Toy::new(config());
    for _ in 0..500 {
        toy.array(20_000, 0);
        toy.safepoint();
        assert!(toy.heap.used_bytes() < 6 << 20);
    }
    let stats = toy.heap.stats();
    assert_eq!(stats.full_collections, 0);
    assert!(stats.minor_collections > 10);
}

#[test]
fn growth_brings_full_collections_and_the_peak_is_bounded() {
    let toy = Toy::new(HeapConfig { verify: Verify::Never, poison: false, ..config() });
    let slots: Vec<usize> = (0..20).map(|_| toy.root(0)).collect();
    let mut rng = Rng(3);
    for _ in 0..400 {
        // Replace one of twenty lists of 1 MB.
        let slot = slots[rng.below(slots.len())];
        toy.set(slot, 0);
        for _ in 0..(1 << 20) / 32 {
            let head = toy.roots.slots.borrow()[slot].get();
            toy.set(slot, toy.pair(head, 0) as u64);
            toy.safepoint();
        }
    }
    let stats = toy.heap.stats();
    assert!(stats.full_collections > 5);
    assert!(stats.peak_bytes < (2 * 20 + 16) << 20, "{} MB", stats.peak_bytes >> 20);
}

/// A heap with the smallest reservation: 48 MB of blocks, of which half may be live.
fn cramped() -> Toy {
    let toy = Toy::new(HeapConfig { reserve_bytes: 1, verify: Verify::Never, ..config() });
    assert_eq!(toy.heap.config().heap_limit, 24 << 20);
    toy
}

#[test]
fn a_collection_without_memory_for_copies_leaves_the_cells_in_place() {
    for kind in [CollectKind::Minor, CollectKind::Full] {
        let toy = cramped();
        // 40 MB of live data without a safepoint: there is no room to copy them to.
        let list = toy.root(0);
        let count = (40 << 20) / 32;
        for n in 0..count {
            let head = toy.roots.slots.borrow()[list].get();
            toy.set(list, toy.pair(head, int(n)) as u64);
        }
        for _ in 0..4 {
            toy.collect(kind);
            assert_eq!(toy.heap.stats().pinned_cells, 0);
            let mut at = toy.get(list);
            for n in (0..count).rev() {
                assert_eq!(word(at, 3).get(), int(n));
                at = word(at, 2).get() as Ref;
            }
            assert!(at.is_null());
        }
        toy.heap.verify(&toy.roots);
        toy.set(list, 0);
        toy.full();
        assert_eq!(toy.heap.used_bytes(), 0);
    }
}

#[test]
fn what_is_refused_for_lack_of_address_space_can_be_had_later() {
    let toy = cramped();
    let first = toy.root_cell(toy.array((20 << 20) / 8, 0));
    assert!(toy.heap.try_alloc(20 << 20).is_err());
    toy.set(first, 0);
    toy.safepoint();
    toy.array((20 << 20) / 8, 0);
}

#[test]
fn the_end_of_memory_is_a_heap_limit() {
    let toy = cramped();
    let list = toy.root(0);
    let mut seen = Vec::new();
    while seen.last() != Some(&LimitStatus::Exhausted) {
        let head = toy.roots.slots.borrow()[list].get();
        toy.set(list, toy.pair(head, 0) as u64);
        if toy.safepoint() && seen.last() != Some(&toy.heap.limit_status()) {
            seen.push(toy.heap.limit_status());
        }
    }
    assert_eq!(seen, [LimitStatus::Within, LimitStatus::Exceeded, LimitStatus::Exhausted]);
}

#[test]
fn machine_code_can_allocate_with_the_fields_at_their_offsets() {
    let toy = Toy::new(config());
    toy.pair(int(0), 0);
    let field = |offset: usize| {
        // SAFETY: the offsets are those of `Cell<usize>` fields of the heap.
        unsafe { &*((&raw const toy.heap as *const u8).add(offset) as *const std::cell::Cell<usize>) }
    };
    let (bump, limit) = (field(Heap::BUMP_OFFSET), field(Heap::LIMIT_OFFSET));
    let cell = bump.get() as Ref;
    assert!(bump.get() + 32 <= limit.get());
    bump.set(bump.get() + 32);
    // SAFETY: fresh memory for a pair.
    unsafe { cell.write(CellHeader::new(0, PAIR, 0, 0)) };
    for index in 1..4 {
        word(cell, index).set(int(index as u32));
    }
    let root = toy.root_cell(cell);
    assert_eq!(toy.count(PAIR), 2);
    toy.minor();
    assert_eq!(toy.count(PAIR), 1);
    assert_eq!(word(toy.get(root), 3).get(), int(3));
}
