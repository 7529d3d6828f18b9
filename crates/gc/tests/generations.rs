//! Young cells move, age and are promoted; pinned ones stay; sparse old blocks are evacuated.

mod toy;
use tercel_gc::{BLOCK_BYTES, HeapConfig, Verify};
use toy::*;

#[test]
fn a_survivor_moves_twice_and_is_then_old() {
    let toy = Toy::new(config());
    let root = toy.root_cell(toy.pair(int(1), int(2)));
    let born = toy.get(root);
    toy.minor();
    let aged = toy.get(root);
    assert_ne!(aged, born);
    assert!(toy.heap.is_young(aged));
    toy.minor();
    let old = toy.get(root);
    assert_ne!(old, aged);
    assert!(!toy.heap.is_young(old));
    toy.minor();
    assert_eq!(toy.get(root), old);
    assert_eq!((word(old, 2).get(), word(old, 3).get()), (int(1), int(2)));
}

#[test]
fn garbage_in_the_nursery_is_gone_after_a_minor_collection() {
    let toy = Toy::new(config());
    for _ in 0..1000 {
        toy.pair(int(0), int(0));
    }
    assert_eq!(toy.count(PAIR), 1000);
    toy.minor();
    assert_eq!(toy.count(PAIR), 0);
    assert_eq!(toy.heap.used_bytes(), 0);
}

#[test]
fn cycles_and_shared_cells_keep_their_structure() {
    let toy = Toy::new(config());
    let a = toy.pair(0, 0);
    let b = toy.pair(a as u64, a as u64);
    toy.store(a, 2, b as u64);
    toy.store(a, 3, a as u64);
    let root = toy.root_cell(a);
    for _ in 0..3 {
        toy.minor();
        let a = toy.get(root);
        let b = word(a, 2).get() as Ref;
        assert_eq!(word(a, 3).get(), a as u64);
        assert_eq!((word(b, 2).get(), word(b, 3).get()), (a as u64, a as u64));
    }
    toy.set(root, 0);
    toy.full();
    assert_eq!(toy.count(PAIR), 0);
}

#[test]
fn a_full_collection_makes_everything_old_and_frees_every_dead_cell() {
    let toy = Toy::new(config());
    let keep = toy.root_cell(toy.pair(int(1), 0));
    let drop = toy.root_cell(toy.pair(int(2), 0));
    toy.minor();
    toy.minor();
    toy.set(drop, 0);
    toy.minor();
    assert_eq!(toy.count(PAIR), 2, "a minor collection frees nothing old");
    toy.full();
    assert_eq!(toy.count(PAIR), 1);
    assert!(!toy.heap.is_young(toy.get(keep)));
}

#[test]
fn nothing_is_pinned_without_native_frames() {
    let toy = Toy::new(config());
    for _ in 0..100 {
        toy.root_cell(toy.pair(int(1), 0));
    }
    toy.minor();
    assert_eq!(toy.heap.stats().pinned_cells, 0);
    toy.full();
    assert_eq!(toy.heap.stats().pinned_cells, 0);
}

#[test]
fn start_interior_and_end_addresses_pin_their_cell() {
    let toy = Toy::new(config());
    for offset in [0, 1, 8, 31, 32] {
        toy.pair(int(0), int(0));
        let cell = toy.pair(int(7), int(8));
        let other = toy.root_cell(toy.pair(int(0), int(0)));
        let identity = id(cell);
        toy.unpin_all();
        toy.pin(cell as usize + offset);
        toy.minor();
        assert_eq!((id(cell), word(cell, 2).get(), word(cell, 3).get()), (identity, int(7), int(8)), "offset {offset}");
        // The start is the end of the cell before, the end is the start of the one behind.
        let expected = if offset == 0 || offset == 32 { 2 } else { 1 };
        assert_eq!(toy.heap.stats().pinned_cells, expected, "offset {offset}");
        assert!(!toy.heap.is_young(cell), "a block with a pin is promoted in place");
        assert!(!toy.heap.is_young(toy.get(other)));
    }
}

#[test]
fn words_that_are_no_cell_pin_nothing() {
    let toy = Toy::new(config());
    let cell = toy.pair(int(0), int(0));
    let root = toy.root_cell(cell);
    for word in
        [0, 1, usize::MAX, cell as usize + 33, cell as usize - 1, cell as usize + BLOCK_BYTES, cell as usize | 1 << 60]
    {
        toy.pin(word);
    }
    toy.pin(toy.heap.shape_base() as usize + 64);
    toy.minor();
    assert_eq!(toy.heap.stats().pinned_cells, 0);
    assert_ne!(toy.get(root), cell);
}

#[test]
fn what_a_pinned_cell_refers_to_moves_unless_it_shares_the_block() {
    let toy = Toy::new(config());
    let far = toy.pair(int(5), int(6));
    // Fill the block, so that the next cell is in another one.
    while (toy.pair(0, 0) as usize) / BLOCK_BYTES == far as usize / BLOCK_BYTES {}
    let pinned = toy.pair(far as u64, 0);
    toy.pin(pinned as usize + 8);
    toy.minor();
    let moved = word(pinned, 2).get() as Ref;
    assert_ne!(moved, far);
    assert!(toy.heap.is_young(moved), "aged once, and remembered through the pinned cell");
    assert_eq!(word(moved, 2).get(), int(5));
    toy.minor();
    let promoted = word(pinned, 2).get() as Ref;
    assert_ne!(promoted, moved);
    assert!(!toy.heap.is_young(promoted));
}

#[test]
fn the_dead_space_of_a_pinned_block_is_used_again() {
    let toy = Toy::new(config());
    let pinned = toy.pair(int(1), 0);
    toy.pin(pinned as usize);
    for _ in 0..100 {
        toy.pair(int(9), int(9));
    }
    toy.minor();
    let stats = toy.heap.stats();
    assert_eq!((stats.blocks[0], stats.blocks[1]), (0, 1));
    assert_eq!(stats.old_bytes, 32, "one cell of the block is alive");
    toy.unpin_all();
    let roots: Vec<usize> = (0..1000).map(|n| toy.root_cell(toy.pair(int(n), 0))).collect();
    toy.minor();
    toy.minor();
    assert_eq!(toy.heap.stats().blocks[1], 1, "promoted into the holes");
    for (n, &root) in roots.iter().enumerate() {
        assert_eq!(word(toy.get(root), 2).get(), int(n as u32));
    }
    assert_eq!(word(pinned, 2).get(), int(1), "not reached any more, but not yet overwritten");
}

#[test]
fn sparse_old_blocks_are_evacuated_and_freed() {
    let toy = Toy::new(config());
    let per_block = BLOCK_BYTES / 32;
    let roots: Vec<usize> = (0..per_block * 40).map(|n| toy.root_cell(toy.pair(int(n as u32), 0))).collect();
    toy.full();
    let full = toy.heap.stats().blocks[1];
    assert!(full >= 40);
    // Keep one cell of 100: nearly every line is dead.
    for (n, &root) in roots.iter().enumerate() {
        if n % 100 != 0 {
            toy.set(root, 0);
        }
    }
    toy.full();
    let before: Vec<Ref> = roots.iter().map(|&root| toy.get(root)).collect();
    let mut evacuated = 0;
    for _ in 0..40 {
        toy.full();
        evacuated += toy.heap.stats().last.unwrap().evacuated_blocks;
    }
    let blocks = toy.heap.stats().blocks[1];
    assert!(blocks * 4 < full, "{blocks} blocks of {full} are left");
    assert!(evacuated > 0);
    assert!(roots.iter().zip(before).any(|(&root, before)| toy.get(root) != before));
    for (n, &root) in roots.iter().enumerate().step_by(100) {
        assert_eq!(word(toy.get(root), 2).get(), int(n as u32));
    }
    assert_eq!(toy.count(PAIR), roots.len().div_ceil(100));
}

#[test]
fn a_pinned_old_cell_is_not_evacuated() {
    let toy = Toy::new(config());
    let roots: Vec<usize> = (0..20_000).map(|n| toy.root_cell(toy.pair(int(n), 0))).collect();
    toy.full();
    for (n, &root) in roots.iter().enumerate() {
        if n % 200 != 0 {
            toy.set(root, 0);
        }
    }
    toy.full();
    let pinned = toy.get(roots[400]);
    toy.pin(pinned as usize + 16);
    for _ in 0..30 {
        toy.full();
        assert_eq!(toy.heap.stats().pinned_cells, 1);
        assert_eq!(toy.get(roots[400]), pinned);
    }
    toy.unpin_all();
    for root in roots {
        toy.set(root, 0);
    }
    toy.full();
    assert_eq!(toy.heap.stats().old_bytes, 0);
}

#[test]
fn cells_of_all_sizes_survive_promotion_and_evacuation() {
    let toy = Toy::new(config());
    let mut rng = Rng(99);
    let mut roots = Vec::new();
    for _ in 0..3000 {
        let size = match rng.below(10) {
            0 => 8 * rng.below(2000),
            1..4 => 8 * rng.below(100),
            _ => 8 * rng.below(8),
        };
        let cell = toy.bytes(size);
        roots.push((toy.root_cell(cell), size, id(cell)));
        if rng.below(3) == 0 {
            let victim = rng.below(roots.len());
            toy.set(roots.swap_remove(victim).0, 0);
        }
        if rng.below(200) == 0 {
            toy.minor();
        }
        if rng.below(600) == 0 {
            toy.full();
        }
    }
    toy.full();
    assert_eq!(toy.count(BYTES), roots.len());
    for (root, size, identity) in roots {
        let cell = toy.get(root);
        assert_eq!((id(cell), length(cell)), (identity, size));
        for index in 0..size / 8 {
            assert_eq!(word(cell, 3 + index).get(), 0x0101_0101_0101_0101 * (identity & 0xFF));
        }
    }
}

#[test]
fn deep_and_wide_structures_do_not_recurse() {
    let toy = Toy::new(HeapConfig { verify: Verify::Never, ..config() });
    let list = toy.root(int(0));
    for _ in 0..500_000 {
        let head = toy.roots.slots.borrow()[list].get();
        toy.set(list, toy.pair(head, int(1)) as u64);
        toy.safepoint();
    }
    toy.full();
    assert_eq!(toy.count(PAIR), 500_000);
    let array = toy.root_cell(toy.array(300_000, 0));
    for index in 0..300_000 {
        let cell = toy.pair(int(index), 0);
        toy.store(toy.get(array), 3 + index as usize, cell as u64);
        toy.safepoint();
    }
    toy.set(list, 0);
    toy.full();
    assert_eq!(toy.count(PAIR), 300_000);
    for index in 0..300_000 {
        let cell = word(toy.get(array), 3 + index as usize).get() as Ref;
        assert_eq!(word(cell, 2).get(), int(index));
    }
}

#[test]
fn large_cells_stay_in_place_age_and_die_young_or_old() {
    let toy = Toy::new(config());
    let kept = toy.array(10_000, int(3));
    let root = toy.root_cell(kept);
    toy.array(10_000, int(4));
    assert_eq!(toy.count(ARRAY), 2);
    toy.minor();
    assert_eq!(toy.count(ARRAY), 1, "a young large cell dies in a minor collection");
    assert!(toy.heap.is_young(kept));
    toy.minor();
    assert!(!toy.heap.is_young(kept));
    assert_eq!(toy.get(root), kept);
    toy.set(root, 0);
    toy.minor();
    assert_eq!(toy.count(ARRAY), 1);
    toy.full();
    assert_eq!(toy.count(ARRAY), 0);
    assert_eq!(toy.heap.used_bytes(), 0);
    assert_eq!(toy.heap.stats().footprint_bytes, 0);
}

#[test]
fn interior_addresses_deep_in_a_large_cell_keep_it() {
    let toy = Toy::new(config());
    let cell = toy.array(100_000, int(3));
    toy.pin(cell as usize + 790_000);
    toy.minor();
    toy.full();
    assert_eq!(toy.count(ARRAY), 1);
    assert_eq!(toy.heap.stats().pinned_cells, 0, "it could not have moved anyway");
    toy.unpin_all();
    toy.full();
    assert_eq!(toy.count(ARRAY), 0);
}

#[test]
fn a_cell_that_shrinks_leaves_a_walkable_gap() {
    let toy = Toy::new(config());
    let cell = toy.array(20, int(1));
    let next = toy.pair(int(2), 0);
    let (first, second) = (toy.root_cell(cell), toy.root_cell(next));
    word(cell, 2).set(5);
    // SAFETY: the gap is the end of the array, which no longer contains it.
    unsafe { toy.heap.fill_gap((cell as *mut u8).add(24 + 5 * 8), 15 * 8) };
    assert_eq!((toy.count(ARRAY), toy.count(PAIR)), (1, 1));
    toy.pin(next as usize + 8);
    toy.pin(cell as usize + 100);
    toy.minor();
    assert_eq!(toy.get(second), next);
    assert_eq!(toy.heap.stats().pinned_cells, 1, "the gap is no cell");
    assert_eq!(length(toy.get(first)), 5);
}

#[test]
fn derived_pointers_are_rebased() {
    use std::cell::Cell;
    use tercel_gc::{CollectKind, Roots, Tracer};
    struct Frame {
        base: Cell<u64>,
        derived: Cell<u64>,
    }
    impl Roots for Frame {
        fn trace(&self, tracer: &mut Tracer) {
            tracer.visit_derived(&self.base, &self.derived);
            tracer.visit_value(&self.base);
        }
    }
    let toy = Toy::new(config());
    let cell = toy.array(4, int(6)) as u64;
    let frame = Frame { base: Cell::new(cell), derived: Cell::new(cell + 24) };
    // SAFETY: the frame is all that refers to the heap.
    unsafe { toy.heap.collect(CollectKind::Minor, &frame, "test") };
    assert_ne!(frame.base.get(), cell);
    assert_eq!(frame.derived.get(), frame.base.get() + 24);
}

#[test]
fn handles_keep_cells_that_move() {
    let toy = Toy::new(config());
    let handle = toy.roots.handles.insert(toy.pair(int(4), 0) as u64);
    let number = toy.roots.handles.insert(int(12));
    let before = toy.roots.handles.get(handle);
    toy.minor();
    let after = toy.roots.handles.get(handle);
    assert_ne!(before, after);
    assert_eq!(word(after as Ref, 2).get(), int(4));
    assert_eq!(toy.roots.handles.get(number), int(12));
    toy.roots.handles.remove(handle);
    assert_eq!(toy.roots.handles.len(), 1);
    toy.full();
    assert_eq!(toy.count(PAIR), 0);
    assert_eq!(toy.roots.handles.insert(int(1)), handle, "slots are used again");
}

#[test]
fn small_cells_fill_the_gaps_between_the_living() {
    let toy = Toy::new(HeapConfig { verify: Verify::Never, ..config() });
    let mut rng = Rng(5);
    // Cells of 24 to 64 bytes, of which half die one by one: hardly a line becomes free.
    let make = |rng: &mut Rng| {
        let cell = toy.bytes(8 * rng.below(6));
        (id(cell), length(cell), toy.root_cell(cell))
    };
    let mut cells: Vec<_> = (0..60_000).map(|_| make(&mut rng)).collect();
    toy.full();
    let blocks = toy.heap.stats().blocks[1];
    for round in 0..6 {
        for cell in &mut cells {
            if rng.below(2) == 0 {
                toy.set(cell.2, 0);
                cell.2 = usize::MAX;
            }
        }
        toy.full();
        let dead = cells.iter().filter(|cell| cell.2 == usize::MAX).count();
        cells.retain(|cell| cell.2 != usize::MAX);
        cells.extend((0..dead).map(|_| make(&mut rng)));
        toy.minor();
        toy.minor();
        toy.heap.verify(&toy.roots);
        for &(identity, size, root) in &cells {
            let cell = toy.get(root);
            assert_eq!((id(cell), length(cell)), (identity, size));
            assert!((0..size / 8).all(|n| word(cell, 3 + n).get() == 0x0101_0101_0101_0101 * (identity & 0xFF)));
        }
        let now = toy.heap.stats().blocks[1];
        assert!(now * 4 < blocks * 5, "round {round}: {now} blocks, {blocks} at first");
    }
}
