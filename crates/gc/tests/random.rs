//! A random mutator against a model of what it did: after each collection the heap must be the model's graph, cell for
//! cell.

mod toy;
use std::collections::{BTreeMap, BTreeSet};
use tercel_gc::{CollectKind, HeapConfig, Verify, value_is_cell};
use toy::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Val {
    Empty,
    Int(u32),
    Node(u64),
}

/// The model of a cell.
struct Node {
    kind: u8,
    /// Strong references, by word; for weak maps keys and values in turn; for weak references the target.
    fields: Vec<Val>,
    /// Where the fields start.
    first: usize,
    movable: bool,
}

/// A word in a native frame that points into a cell.
struct Pin {
    id: u64,
    address: usize,
}

struct Mutator {
    toy: Toy,
    rng: Rng,
    nodes: BTreeMap<u64, Node>,
    roots: Vec<Val>,
    pins: Vec<Pin>,
    collections: usize,
    /// Sizes of arrays that are large cells; 0 for none.
    large: usize,
}

const ROOTS: usize = 24;

impl Mutator {
    fn new(config: HeapConfig, seed: u64, large: usize) -> Mutator {
        let toy = Toy::new(config);
        for _ in 0..ROOTS {
            toy.root(0);
        }
        Mutator {
            toy,
            rng: Rng(seed * 0x9E37_79B9 + 1),
            nodes: BTreeMap::new(),
            roots: vec![Val::Empty; ROOTS],
            pins: Vec::new(),
            collections: 0,
            large,
        }
    }

    fn bits(&self, val: Val, cell: Ref) -> u64 {
        match val {
            Val::Empty => 0,
            Val::Int(n) => int(n),
            Val::Node(_) => cell as u64,
        }
    }

    /// A value and, if it is a cell, its address: found by a random walk from a root.
    fn pick(&mut self) -> (Val, Ref) {
        if self.rng.below(6) == 0 {
            return (Val::Int(self.rng.below(1000) as u32), std::ptr::null_mut());
        }
        let root = self.rng.below(ROOTS);
        let mut found = (self.roots[root], self.toy.get(root));
        for _ in 0..self.rng.below(6) {
            let (Val::Node(id), cell) = found else { break };
            let node = &self.nodes[&id];
            if node.fields.is_empty() || node.kind == WEAK_MAP || node.kind == WEAK_REF {
                break;
            }
            let index = self.rng.below(node.fields.len().min(60));
            let next = node.fields[index];
            if let Val::Node(_) = next {
                found = (next, word(cell, node.first + index).get() as Ref);
            }
        }
        found
    }

    fn allocate(&mut self) {
        let (a, b) = (self.pick(), self.pick());
        let choice = self.rng.below(22);
        let small = self.rng.below(40);
        let toy = &self.toy;
        let (cell, fields, first, movable) = match choice {
            0..8 => (toy.pair(self.bits(a.0, a.1), self.bits(b.0, b.1)), vec![a.0, b.0], 2, true),
            8..13 => (toy.array(small, self.bits(a.0, a.1)), vec![a.0; small], 3, true),
            13 if self.large > 0 => {
                let count = self.large + small;
                (toy.array(count, self.bits(a.0, a.1)), vec![a.0; count], 3, false)
            }
            13 | 14 => (toy.fixed_array(small, self.bits(a.0, a.1)), vec![a.0; small], 3, false),
            15 => (toy.bytes(small * 8), vec![], 3, true),
            16 | 17 => {
                let entries = small / 4 + 1;
                (toy.weak_map(entries), vec![Val::Empty; entries * 2], 3, true)
            }
            18 if self.large > 0 => (toy.weak_map(self.large / 2), vec![Val::Empty; self.large / 2 * 2], 3, false),
            18 | 19 => match a {
                (Val::Node(_), target) => (toy.weak_ref(target, false), vec![a.0], 2, true),
                _ => return,
            },
            _ => (toy.resource(), vec![], 2, true),
        };
        let root = self.rng.below(ROOTS);
        self.nodes.insert(id(cell), Node { kind: kind(cell), fields, first, movable });
        self.toy.set(root, cell as u64);
        self.roots[root] = Val::Node(id(cell));
    }

    fn store(&mut self) {
        let (target, value, key) = (self.pick(), self.pick(), self.pick());
        let (Val::Node(target_id), cell) = target else {
            return;
        };
        let node = self.nodes.get_mut(&target_id).unwrap();
        if node.fields.is_empty() || node.kind == WEAK_REF {
            return;
        }
        // Large arrays: also far from the beginning.
        let reach = if self.rng.below(2) == 0 { node.fields.len().min(60) } else { node.fields.len() };
        let index = self.rng.below(reach);
        let bits = match value.0 {
            Val::Empty => 0,
            Val::Int(n) => int(n),
            Val::Node(_) => value.1 as u64,
        };
        if node.kind == WEAK_MAP {
            let Val::Node(_) = key.0 else { return };
            let entry = index / 2;
            node.fields[entry * 2] = key.0;
            node.fields[entry * 2 + 1] = value.0;
            self.toy.map_set(cell, entry, key.1 as u64, bits);
        } else {
            node.fields[index] = value.0;
            self.toy.store(cell, node.first + index, bits);
        }
    }

    fn pin(&mut self) {
        if let (Val::Node(id), cell) = self.pick() {
            // An address inside: the start would also be the end of the cell before.
            self.toy.pin(cell as usize + 1 + self.rng.below(16));
            self.pins.push(Pin { id, address: cell as usize });
        }
    }

    fn step(&mut self) {
        match self.rng.below(20) {
            0..8 => self.allocate(),
            8..16 => self.store(),
            16 => {
                let root = self.rng.below(ROOTS);
                self.toy.set(root, 0);
                self.roots[root] = Val::Empty;
            }
            17 => {
                let (val, cell) = self.pick();
                let root = self.rng.below(ROOTS);
                self.toy.set(root, self.bits(val, cell));
                self.roots[root] = val;
            }
            18 if self.pins.len() < 4 => self.pin(),
            _ if self.rng.below(3) == 0 => {
                self.toy.unpin_all();
                self.pins.clear();
            }
            _ => {}
        }
        if self.toy.safepoint() {
            self.collections += 1;
            self.check();
        }
    }

    /// What is reachable in the model: strongly, from roots and pins, with ephemerons.
    fn reachable(&self) -> BTreeSet<u64> {
        let mut reached = BTreeSet::new();
        let start = self.roots.iter().filter_map(|&val| if let Val::Node(id) = val { Some(id) } else { None });
        let mut work: Vec<u64> = start.chain(self.pins.iter().map(|pin| pin.id)).collect();
        loop {
            while let Some(id) = work.pop() {
                let node = &self.nodes[&id];
                if reached.insert(id) && node.kind != WEAK_MAP && node.kind != WEAK_REF {
                    work.extend(node.fields.iter().filter_map(
                        |&val| {
                            if let Val::Node(id) = val { Some(id) } else { None }
                        },
                    ));
                }
            }
            for &map in &reached {
                let node = &self.nodes[&map];
                if node.kind == WEAK_MAP {
                    for entry in node.fields.chunks_exact(2) {
                        if let (Val::Node(key), Val::Node(value)) = (entry[0], entry[1])
                            && reached.contains(&key)
                            && !reached.contains(&value)
                        {
                            work.push(value);
                        }
                    }
                }
            }
            if work.is_empty() {
                return reached;
            }
        }
    }

    fn check(&mut self) {
        let full = self.toy.heap.stats().last.unwrap().kind == CollectKind::Full;
        let reachable = self.reachable();
        let mut places: BTreeMap<u64, Ref> = BTreeMap::new();
        let mut work: Vec<(u64, Ref)> = Vec::new();
        for (index, &val) in self.roots.iter().enumerate() {
            match val {
                Val::Node(id) => work.push((id, self.toy.get(index))),
                _ => assert_eq!(self.toy.get(index) as u64, self.bits(val, std::ptr::null_mut())),
            }
        }
        let mut pinned = BTreeSet::new();
        for pin in &self.pins {
            if self.nodes[&pin.id].movable {
                pinned.insert(pin.id);
            }
            work.push((pin.id, pin.address as Ref));
        }
        assert_eq!(self.toy.heap.stats().pinned_cells, pinned.len());
        let mut maps = Vec::new();
        loop {
            while let Some((node_id, cell)) = work.pop() {
                if let Some(&before) = places.get(&node_id) {
                    assert_eq!(before, cell, "node {node_id} has two places");
                    continue;
                }
                places.insert(node_id, cell);
                let node = &self.nodes[&node_id];
                assert_eq!((id(cell), kind(cell)), (node_id, node.kind), "the cell at {cell:p}");
                if node.kind == WEAK_MAP || node.kind == WEAK_REF {
                    maps.push((node_id, cell));
                    continue;
                }
                for (index, &val) in node.fields.iter().enumerate() {
                    let bits = word(cell, node.first + index).get();
                    match val {
                        Val::Node(id) => work.push((id, bits as Ref)),
                        _ => assert_eq!(bits, self.bits(val, std::ptr::null_mut()), "node {node_id} word {index}"),
                    }
                }
            }
            // Values of reachable keys may be reachable through the map only.
            for &(map, cell) in &maps {
                let node = &self.nodes[&map];
                if node.kind == WEAK_MAP {
                    for (entry, pair) in node.fields.chunks_exact(2).enumerate() {
                        if let (Val::Node(key), Val::Node(value)) = (pair[0], pair[1])
                            && reachable.contains(&key)
                            && !places.contains_key(&value)
                        {
                            work.push((value, word(cell, 4 + entry * 2).get() as Ref));
                        }
                    }
                }
            }
            if work.is_empty() {
                break;
            }
        }
        assert!(reachable.iter().all(|id| places.contains_key(id)) && places.len() == reachable.len());
        for (node_id, cell) in maps {
            let node = self.nodes.get_mut(&node_id).unwrap();
            let step = if node.kind == WEAK_MAP { 2 } else { 1 };
            for index in (0..node.fields.len()).step_by(step) {
                let Val::Node(target) = node.fields[index] else {
                    continue;
                };
                let bits = word(cell, node.first + index).get();
                if reachable.contains(&target) {
                    assert_eq!(bits, places[&target] as u64, "a weak reference to a live cell");
                    continue;
                }
                if full {
                    assert_eq!(bits, 0, "a weak reference to a dead cell survived a full collection");
                }
                if bits == 0 {
                    node.fields[index] = Val::Empty;
                    if step == 2 {
                        node.fields[index + 1] = Val::Empty;
                    }
                } else {
                    assert!(
                        value_is_cell(bits) && id(bits as Ref) == target,
                        "a dead key that is still there is intact"
                    );
                }
            }
        }
        if full {
            let census: usize = self.toy.heap.census().iter().map(|entry| entry.cells).sum();
            assert_eq!(census, reachable.len(), "a full collection frees exactly the unreachable");
            // Keys that are dead but referenced from maps are gone now, so the model can forget all dead nodes.
            let deaths: BTreeSet<u64> = take_deaths().into_iter().collect();
            let dead: BTreeSet<u64> = self
                .nodes
                .iter()
                .filter(|(id, node)| node.kind == RESOURCE && !reachable.contains(id))
                .map(|(&id, _)| id)
                .collect();
            assert_eq!(deaths, dead, "finalized resources");
            self.nodes.retain(|id, _| reachable.contains(id));
        }
    }
}

fn run(config: HeapConfig, seed: u64, steps: usize, large: usize) -> usize {
    let mut mutator = Mutator::new(config, seed, large);
    for _ in 0..steps {
        mutator.step();
    }
    mutator.collections
}

#[test]
fn the_heap_is_the_model_under_collection_at_every_safepoint() {
    for seed in 0..12 {
        let collections = run(HeapConfig { gc_every: Some(1), ..config() }, seed, 1500, 0);
        assert_eq!(collections, 1500);
    }
}

#[test]
fn the_heap_is_the_model_with_large_cells() {
    for seed in 100..106 {
        run(HeapConfig { gc_every: Some(1), ..config() }, seed, 500, 2100);
    }
}

#[test]
fn the_heap_is_the_model_under_rare_collections() {
    for seed in 200..206 {
        let collections = run(HeapConfig { gc_every: Some(37), ..config() }, seed, 20_000, 0);
        assert!(collections >= 540);
    }
}

#[test]
fn the_heap_is_the_model_under_the_normal_triggers() {
    let config = HeapConfig {
        nursery_bytes: 256 << 10,
        growth_floor: 256 << 10,
        poison: true,
        verify: Verify::Everything,
        ..config()
    };
    let collections = run(config, 7, 60_000, 3000);
    assert!(collections > 20, "{collections} collections");
}
