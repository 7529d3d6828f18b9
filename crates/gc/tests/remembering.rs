//! The write barrier, cards, and what is born remembered.

mod toy;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tercel_gc::{CARD_BYTES, HeapConfig, MAX_SMALL, Verify};
use toy::*;

/// An old cell of the kind that `make` makes.
fn old(toy: &Toy, make: impl Fn() -> Ref) -> Ref {
    let root = toy.root_cell(make());
    toy.minor();
    toy.minor();
    toy.get(root)
}

#[test]
fn a_young_cell_lives_by_a_reference_from_an_old_one() {
    let toy = Toy::new(config());
    let parent = old(&toy, || toy.pair(0, 0));
    toy.store(parent, 2, toy.pair(int(5), 0) as u64);
    for _ in 0..3 {
        toy.minor();
        let child = word(parent, 2).get() as Ref;
        assert_eq!(word(child, 2).get(), int(5));
    }
    assert!(!toy.heap.is_young(word(parent, 2).get() as Ref));
}

#[test]
fn the_verifier_finds_a_store_without_a_barrier() {
    let toy = Toy::new(config());
    let parent = old(&toy, || toy.pair(0, 0));
    word(parent, 2).set(toy.pair(int(5), 0) as u64);
    let found = catch_unwind(AssertUnwindSafe(|| toy.heap.verify(&toy.roots))).unwrap_err();
    let message = found.downcast_ref::<String>().unwrap();
    assert!(message.contains("a write barrier is missing"), "{message}");
    word(parent, 2).set(0);
}

#[test]
fn without_a_barrier_the_reference_is_lost() {
    let toy = Toy::new(HeapConfig { verify: Verify::Never, ..config() });
    let parent = old(&toy, || toy.pair(0, 0));
    let child = toy.pair(int(5), 0);
    word(parent, 2).set(child as u64);
    toy.minor();
    assert_eq!(word(parent, 2).get(), child as u64, "nobody updated the slot");
    assert_eq!(toy.count(PAIR), 1, "and the child was freed");
    word(parent, 2).set(0);
}

#[test]
fn cells_that_are_born_old_are_born_remembered() {
    let toy = Toy::new(config());
    let child = toy.pair(int(8), 0);
    let fixed = toy.fixed_array(3, child as u64);
    let large = toy.fixed_array(MAX_SMALL / 8 + 100, child as u64);
    toy.root_cell(fixed);
    toy.root_cell(large);
    for _ in 0..3 {
        toy.minor();
        let child = word(fixed, 3).get();
        assert_eq!(word(large, 3 + MAX_SMALL / 8 + 99).get(), child);
        assert_eq!(word(child as Ref, 2).get(), int(8));
    }
    toy.full();
    assert_eq!(toy.count(PAIR), 1);
    toy.set(0, 0);
    toy.set(1, 0);
    toy.full();
    assert_eq!(toy.count(ARRAY), 0);
}

#[test]
fn a_large_cell_is_remembered_by_cards() {
    let toy = Toy::new(config());
    let count = 50_000;
    let array = old(&toy, || toy.array(count, 0));
    for index in [0, 1, 20_000, count - 1] {
        toy.store(array, 3 + index, toy.pair(int(index as u32), 0) as u64);
    }
    // One store beside the cards, without a barrier, would be found.
    let stray = toy.pair(int(1), 0);
    word(array, 3 + 40_000).set(stray as u64);
    assert!(catch_unwind(AssertUnwindSafe(|| toy.heap.verify(&toy.roots))).is_err());
    word(array, 3 + 40_000).set(0);
    for _ in 0..3 {
        toy.minor();
        for index in [0, 1, 20_000, count - 1] {
            let child = word(array, 3 + index).get() as Ref;
            assert_eq!(word(child, 2).get(), int(index as u32));
        }
    }
    assert_eq!(toy.count(PAIR), 4);
}

#[test]
fn a_store_at_each_place_of_a_card_is_seen() {
    let toy = Toy::new(config());
    let array = old(&toy, || toy.array(10_000, 0));
    for index in 0..CARD_BYTES / 8 * 3 {
        toy.store(array, 3 + index, toy.pair(int(index as u32), 0) as u64);
        toy.minor();
        let child = word(array, 3 + index).get() as Ref;
        assert_eq!(word(child, 2).get(), int(index as u32));
    }
}

#[test]
fn range_and_cell_barriers_remember() {
    let toy = Toy::new(config());
    for (count, whole) in [(10, false), (10, true), (10_000, false), (10_000, true)] {
        let array = old(&toy, || toy.array(count, 0));
        // SAFETY: the elements of a live array.
        let elements = unsafe { std::slice::from_raw_parts(word(array, 3), count) };
        for (index, element) in elements.iter().enumerate() {
            element.set(if index % 3 == 0 { toy.pair(int(index as u32), 0) as u64 } else { int(7) });
        }
        // SAFETY: the array and its elements are live.
        unsafe {
            if whole {
                toy.heap.write_barrier_cell(array);
            } else {
                toy.heap.write_barrier_range(array, elements);
            }
        }
        toy.minor();
        toy.minor();
        for index in (0..count).step_by(3) {
            assert_eq!(word(elements[index].get() as Ref, 2).get(), int(index as u32));
        }
    }
}

#[test]
fn a_shape_of_young_cells_is_alive_by_full_collections() {
    let toy = Toy::new(config());
    let shape = toy.shape(0);
    toy.root_cell(toy.shaped_pair(shape, int(1), 0));
    toy.minor();
    toy.full();
    assert_eq!(toy.count(SHAPE), 1);
    toy.set(0, 0);
    toy.full();
    assert_eq!(toy.count(SHAPE), 0);
}
