//! Weak maps, weak references, shapes' weak children: in both kinds of collection, at every age.

mod toy;
use std::time::Instant;
use tercel_gc::{CollectKind, HeapConfig, Verify};
use toy::*;

const BOTH: [CollectKind; 2] = [CollectKind::Minor, CollectKind::Full];

#[test]
fn an_entry_lives_with_its_key() {
    for kind in BOTH {
        let toy = Toy::new(config());
        let map = toy.root_cell(toy.weak_map(2));
        let key = toy.root_cell(toy.pair(int(1), 0));
        toy.map_set(toy.get(map), 0, toy.get(key) as u64, toy.pair(int(2), 0) as u64);
        toy.map_set(toy.get(map), 1, toy.pair(int(3), 0) as u64, toy.pair(int(4), 0) as u64);
        for _ in 0..4 {
            toy.collect(kind);
            let cell = toy.get(map);
            assert_eq!(word(cell, 3).get(), toy.get(key) as u64);
            assert_eq!(word(word(cell, 4).get() as Ref, 2).get(), int(2));
            assert_eq!((word(cell, 5).get(), word(cell, 6).get()), (0, 0), "the entry of the dead key");
            assert_eq!(toy.count(PAIR), 2);
        }
        toy.set(key, 0);
        toy.full();
        assert_eq!(toy.count(PAIR), 0);
        assert_eq!(word(toy.get(map), 3).get(), 0);
    }
}

#[test]
fn a_young_key_in_an_old_map_dies_in_a_minor_collection() {
    let toy = Toy::new(config());
    let map = toy.root_cell(toy.weak_map(2));
    toy.full();
    assert!(!toy.heap.is_young(toy.get(map)));
    let key = toy.root_cell(toy.pair(int(1), 0));
    toy.map_set(toy.get(map), 0, toy.get(key) as u64, toy.pair(int(2), 0) as u64);
    toy.map_set(toy.get(map), 1, toy.pair(int(3), 0) as u64, int(4));
    toy.minor();
    let cell = toy.get(map);
    assert_eq!(word(cell, 5).get(), 0);
    assert_eq!(word(cell, 3).get(), toy.get(key) as u64);
    assert_eq!(word(word(cell, 4).get() as Ref, 2).get(), int(2));
    // The map stays remembered while its key is young.
    toy.set(key, 0);
    toy.minor();
    assert_eq!(word(cell, 3).get(), 0);
    assert_eq!(toy.count(PAIR), 0);
}

#[test]
fn a_young_value_of_an_old_key_stays_alive() {
    let toy = Toy::new(config());
    let map = toy.root_cell(toy.weak_map(1));
    let key = toy.root_cell(toy.pair(int(1), 0));
    toy.full();
    toy.map_set(toy.get(map), 0, toy.get(key) as u64, toy.pair(int(2), 0) as u64);
    for _ in 0..3 {
        toy.minor();
        assert_eq!(word(word(toy.get(map), 4).get() as Ref, 2).get(), int(2));
    }
}

#[test]
fn a_value_that_refers_to_its_key_does_not_keep_it() {
    for kind in BOTH {
        let toy = Toy::new(config());
        let map = toy.root_cell(toy.weak_map(1));
        let key = toy.pair(int(1), 0);
        toy.map_set(toy.get(map), 0, key as u64, toy.pair(key as u64, 0) as u64);
        toy.collect(kind);
        assert_eq!(word(toy.get(map), 3).get(), 0);
        assert_eq!(toy.count(PAIR), 0);
    }
}

#[test]
fn ephemerons_across_maps_are_followed() {
    for kind in BOTH {
        let toy = Toy::new(config());
        // first: a → b, where b is a map; b: a → c; c is the key of `second`, which was traced before.
        let second = toy.root_cell(toy.weak_map(1));
        let first = toy.root_cell(toy.weak_map(1));
        let a = toy.root_cell(toy.pair(int(1), 0));
        let c = toy.pair(int(3), 0);
        let b = toy.weak_map(1);
        toy.map_set(toy.get(first), 0, toy.get(a) as u64, b as u64);
        toy.map_set(b, 0, toy.get(a) as u64, c as u64);
        toy.map_set(toy.get(second), 0, c as u64, toy.pair(int(4), 0) as u64);
        for _ in 0..3 {
            toy.collect(kind);
            let value = word(toy.get(second), 4).get() as Ref;
            assert_eq!(word(value, 2).get(), int(4));
        }
        toy.set(a, 0);
        toy.full();
        assert_eq!(word(toy.get(second), 3).get(), 0);
        assert_eq!((toy.count(PAIR), toy.count(WEAK_MAP)), (0, 2));
    }
}

#[test]
fn a_chain_of_ephemerons_takes_linear_time() {
    let toy = Toy::new(HeapConfig { verify: Verify::Never, ..config() });
    let count = 200_000;
    let map = toy.root_cell(toy.weak_map(count));
    let keys: Vec<usize> = (0..=count).map(|n| toy.root_cell(toy.pair(int(n as u32), 0))).collect();
    // The last entry's key is alive, and each value is the key of the entry before.
    for entry in 0..count {
        toy.map_set(toy.get(map), entry, toy.get(keys[entry + 1]) as u64, toy.get(keys[entry]) as u64);
    }
    for &key in &keys[..count] {
        toy.set(key, 0);
    }
    let began = Instant::now();
    toy.full();
    assert_eq!(toy.count(PAIR), count + 1);
    assert!(began.elapsed().as_secs() < 5);
    toy.set(keys[count], 0);
    toy.full();
    assert_eq!(toy.count(PAIR), 0);
}

#[test]
fn a_large_weak_map_is_treated_like_a_small_one() {
    let toy = Toy::new(config());
    let map = toy.root_cell(toy.weak_map(4000));
    let key = toy.root_cell(toy.pair(int(1), 0));
    for entry in 0..4000 {
        let key = if entry % 2 == 0 { toy.get(key) } else { toy.pair(int(9), 0) };
        toy.map_set(toy.get(map), entry, key as u64, toy.pair(int(entry as u32), 0) as u64);
    }
    for _ in 0..3 {
        toy.minor();
        for entry in 0..4000 {
            let cell = toy.get(map);
            if entry % 2 == 0 {
                assert_eq!(word(cell, 3 + entry * 2).get(), toy.get(key) as u64);
                assert_eq!(word(word(cell, 4 + entry * 2).get() as Ref, 2).get(), int(entry as u32));
            } else {
                assert_eq!(word(cell, 3 + entry * 2).get(), 0);
            }
        }
    }
}

#[test]
fn weak_references_are_cleared_and_can_notify() {
    for kind in BOTH {
        let toy = Toy::new(config());
        let target = toy.root_cell(toy.pair(int(1), 0));
        let live = toy.root_cell(toy.weak_ref(toy.get(target), true));
        let dead = toy.root_cell(toy.weak_ref(toy.pair(int(2), 0), true));
        let quiet = toy.root_cell(toy.weak_ref(toy.pair(int(3), 0), false));
        toy.collect(kind);
        assert_eq!(word(toy.get(live), 2).get(), toy.get(target) as u64);
        assert_eq!(word(toy.get(dead), 2).get(), 0);
        assert_eq!(word(toy.get(quiet), 2).get(), 0);
        // The list is a root until it is fetched.
        let identity = id(toy.get(dead));
        toy.set(dead, 0);
        toy.minor();
        toy.full();
        let notified = toy.heap.take_notified();
        assert_eq!(notified.iter().map(|&cell| id(cell)).collect::<Vec<_>>(), [identity]);
        assert!(toy.heap.take_notified().is_empty());
    }
}

#[test]
fn weak_tables_outside_the_heap_follow_their_targets() {
    let toy = Toy::new(config());
    let kept = toy.root_cell(toy.pair(int(1), 0));
    let dying = toy.pair(int(2), 0);
    toy.roots.weak.borrow_mut().insert(id(toy.get(kept)), toy.get(kept));
    toy.roots.weak.borrow_mut().insert(id(dying), dying);
    for kind in [CollectKind::Minor, CollectKind::Minor, CollectKind::Full] {
        toy.collect(kind);
        let weak = toy.roots.weak.borrow();
        assert_eq!(weak.values().copied().collect::<Vec<_>>(), [toy.get(kept)]);
    }
}

#[test]
fn a_pinned_key_keeps_its_entry() {
    for kind in BOTH {
        let toy = Toy::new(config());
        let map = toy.root_cell(toy.weak_map(1));
        let key = toy.pair(int(1), 0);
        toy.map_set(toy.get(map), 0, key as u64, toy.pair(int(2), 0) as u64);
        toy.pin(key as usize + 8);
        toy.collect(kind);
        assert_eq!(word(toy.get(map), 3).get(), key as u64);
        assert_eq!(word(word(toy.get(map), 4).get() as Ref, 2).get(), int(2));
    }
}

#[test]
fn a_shape_forgets_its_dead_child() {
    let toy = Toy::new(config());
    let parent = toy.shape(0);
    let child = toy.shape(parent);
    toy.store(toy.heap.shape(parent), 3, 0);
    word(toy.heap.shape(parent), 3).set(child as u64);
    toy.root_cell(toy.shaped_pair(child, 0, 0));
    toy.full();
    assert_eq!(toy.count(SHAPE), 2);
    assert_eq!(word(toy.heap.shape(parent), 3).get(), child as u64);
    toy.set(0, 0);
    toy.roots.shapes.borrow_mut().push(parent);
    toy.full();
    assert_eq!(toy.count(SHAPE), 1);
    assert_eq!(word(toy.heap.shape(parent), 3).get(), 0);
}
