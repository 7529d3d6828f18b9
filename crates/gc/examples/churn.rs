//! Measures the collector alone: `cargo run --release -p tercel-gc --example churn
//! [garbage|survival|trees16|trees20|churn …]`.
//!
//! Allocation rate of garbage, nursery pauses by the share that survives, a full collection of a big heap, and the peak
//! memory of programs like binary_trees and Splay beside their live data.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::time::Instant;
use tercel_gc::{CellHeader, CollectKind, Heap, HeapConfig, KindInfo, Roots, Tracer, cpu_time};

type Ref = *mut CellHeader;

/// Nodes: header, two references, a number.
const NODE_BYTES: usize = 32;
const NODE: u8 = 0;

static KINDS: [KindInfo; 1] = [KindInfo::new("node", node_size, node_trace)];

unsafe fn node_size(_: *const CellHeader) -> usize {
    NODE_BYTES
}

unsafe fn node_trace(cell: Ref, tracer: &mut Tracer) {
    // SAFETY: a node has four words.
    tracer.visit_values(unsafe { std::slice::from_raw_parts((cell as *const Cell<u64>).add(1), 2) });
}

fn slot(cell: Ref, index: usize) -> &'static Cell<u64> {
    // SAFETY: live nodes, indices 1 to 3.
    unsafe { &*(cell as *const Cell<u64>).add(index) }
}

#[derive(Default)]
struct Slots(RefCell<Vec<Cell<u64>>>);

impl Roots for Slots {
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_values(&self.0.borrow());
    }
}

struct Bench {
    heap: Heap,
    roots: Slots,
    /// The running time of each minor collection in nanoseconds: what pauses are on a machine that has nothing else to
    /// do.
    minor: RefCell<Vec<u64>>,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            heap: Heap::new(HeapConfig::default(), &KINDS).expect("address space"),
            roots: Slots::default(),
            minor: RefCell::default(),
        }
    }

    #[inline(always)]
    fn node(&self, left: u64, right: u64) -> Ref {
        let cell = self.heap.alloc(NODE_BYTES).as_ptr() as Ref;
        // SAFETY: fresh memory for a node.
        unsafe { cell.write(CellHeader::new(0, NODE, 0, 0)) };
        slot(cell, 1).set(left);
        slot(cell, 2).set(right);
        slot(cell, 3).set(0);
        cell
    }

    fn push(&self, value: u64) -> usize {
        self.roots.0.borrow_mut().push(Cell::new(value));
        self.roots.0.borrow().len() - 1
    }

    fn pop(&self) -> u64 {
        self.roots.0.borrow_mut().pop().map_or(0, Cell::into_inner)
    }

    fn get(&self, index: usize) -> u64 {
        self.roots.0.borrow()[index].get()
    }

    fn set(&self, index: usize, value: u64) {
        self.roots.0.borrow()[index].set(value);
    }

    fn store(&self, cell: Ref, index: usize, value: u64) {
        slot(cell, index).set(value);
        // SAFETY: live nodes.
        unsafe { self.heap.write_barrier_value(cell, slot(cell, index).as_ptr() as *const u8, value) };
    }

    #[inline(always)]
    fn safepoint(&self) {
        if self.heap.gc_pending.get() {
            self.collect();
        }
    }

    #[cold]
    fn collect(&self) {
        if let Some(kind) = self.heap.safepoint() {
            let began = cpu_time();
            // SAFETY: all nodes that are used afterwards are in the root slots.
            unsafe { self.heap.collect(kind, &self.roots, "bench") };
            if kind == CollectKind::Minor {
                self.minor.borrow_mut().push(cpu_time() - began);
            }
        }
    }

    /// A complete tree, built bottom-up with its parts in the root slots.
    fn tree(&self, depth: u32) -> u64 {
        if depth == 0 {
            let node = self.node(0, 0) as u64;
            self.push(node);
            self.safepoint();
            return self.pop();
        }
        let left = self.tree(depth - 1);
        self.push(left);
        let right = self.tree(depth - 1);
        let left = self.pop();
        self.node(left, right) as u64
    }

    fn report(&self, name: &str) {
        let stats = self.heap.stats();
        let (minor, full) = (&stats.minor_pauses, &stats.full_pauses);
        let mut times = self.minor.borrow_mut();
        times.sort_unstable();
        let running = |quantile: f64| {
            times.get((times.len() as f64 * quantile).ceil().max(1.0) as usize - 1).map_or(0, |time| time / 1000)
        };
        println!(
            "{name:16} minor {:5}: p50 {:4} us, p99 {:4} us, max {:5} us (running {:4}, {:4}, {:4}) | full {:3}: p50 {:6} us, max {:6} us | eden {} | promoted {} MB",
            minor.count(),
            minor.quantile(0.5) / 1000,
            minor.quantile(0.99) / 1000,
            minor.max() / 1000,
            running(0.5),
            running(0.99),
            running(1.0),
            full.count(),
            full.quantile(0.5) / 1000,
            full.max() / 1000,
            stats.eden_blocks,
            stats.promoted_bytes >> 20,
        );
    }
}

/// The peak of the resident set since the last call, in MB.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn garbage() {
    let bench = Bench::new();
    let count = 200_000_000u64;
    let began = Instant::now();
    for n in 0..count {
        black_box(bench.node(n << 49 | 2, 2));
        bench.safepoint();
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "garbage: {:.2} ns a node of 32 bytes, {:.1} GB/s",
        seconds * 1e9 / count as f64,
        count as f64 * 32.0 / seconds / 1e9
    );
    bench.report("garbage");
}

/// A share of the nodes is kept long enough to be promoted: in 64 lists, which are dropped in turn.
fn survival(percent: u64) {
    let bench = Bench::new();
    for _ in 0..64 {
        bench.push(2);
    }
    for n in 0..20_000_000u64 {
        let cell = bench.node(2, 2) as u64;
        if n * 61 % 100 < percent {
            let list = (n % 64) as usize;
            slot(cell as Ref, 1).set(bench.get(list));
            bench.set(list, cell);
        }
        if n % 10_000 == 0 {
            bench.set((n / 10_000 % 64) as usize, 2);
        }
        bench.safepoint();
    }
    bench.report(&format!("{percent}% survive"));
}

fn binary_trees(depth: u32) {
    peak_mb();
    let base = peak_mb();
    let bench = Bench::new();
    let began = Instant::now();
    let long = bench.tree(depth);
    bench.push(long);
    for small in (4..=depth).step_by(4) {
        for _ in 0..1u64 << (depth - small + 2) {
            black_box(bench.tree(small));
        }
    }
    let live = (2u64 << depth) as f64 * 2.0 * 32.0 / 1048576.0;
    let peak = peak_mb() - base;
    println!(
        "binary trees, depth {depth}: {:.2} s, peak {peak:.1} MB; two such trees are {live:.1} MB: bound {:.1}",
        began.elapsed().as_secs_f64(),
        live * 2.0 + 16.0
    );
    bench.report("binary trees");
}

/// A big mutable heap: a table of lists, each step replaces a node somewhere in the middle of one.
fn churn(lists: usize, length: usize) {
    peak_mb();
    let base = peak_mb();
    let bench = Bench::new();
    let began = Instant::now();
    for list in 0..lists {
        bench.push(2);
        for _ in 0..length {
            let node = bench.node(bench.get(list), 2) as u64;
            bench.set(list, node);
            bench.safepoint();
        }
    }
    let live = (lists * length * 32) as f64 / 1048576.0;
    let mut seed = 1u64;
    for _ in 0..10_000_000 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let random = (seed >> 33) as usize;
        let mut cell = bench.get(random % lists) as Ref;
        for _ in 0..random / lists % 16 {
            cell = slot(cell, 1).get() as Ref;
        }
        let next = slot(cell, 1).get() as Ref;
        if next as u64 != 2 {
            let node = bench.node(slot(next, 1).get(), 2) as u64;
            bench.store(cell, 1, node);
        }
        bench.safepoint();
    }
    let peak = peak_mb() - base;
    println!(
        "churn: {:.2} s, peak {peak:.1} MB, live {live:.1} MB: bound {:.1}",
        began.elapsed().as_secs_f64(),
        live * 2.0 + 16.0
    );
    bench.report("churn");
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let runs: [(&str, &dyn Fn()); 5] = [
        ("garbage", &garbage),
        ("survival", &|| [1, 10, 25, 50, 100].into_iter().for_each(survival)),
        ("trees16", &|| binary_trees(16)),
        ("trees20", &|| binary_trees(20)),
        ("churn", &|| churn(20_000, 100)),
    ];
    for (name, run) in runs {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            run();
        }
    }
}
