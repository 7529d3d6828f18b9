//! What the collector knows of itself: collections, pauses, bytes.

use crate::config::BLOCK_BYTES;
use crate::heap::Heap;
use crate::roots::CollectKind;

/// A histogram of durations in nanoseconds: eight buckets for each power of two, so that a quantile is within an eighth
/// of the truth.
#[derive(Clone, Default)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
    sum: u64,
}

impl Histogram {
    fn bucket(nanoseconds: u64) -> usize {
        let value = nanoseconds.max(8);
        let power = value.ilog2();
        power as usize * 8 + (value >> (power - 3)) as usize % 8
    }

    pub(crate) fn add(&mut self, nanoseconds: u64) {
        let bucket = Histogram::bucket(nanoseconds);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.sum += nanoseconds;
        self.max = self.max.max(nanoseconds);
    }

    /// How many durations were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The longest, in nanoseconds.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The sum, in nanoseconds.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The duration in nanoseconds that the share `quantile` (0 to 1) of all do not exceed, rounded up to its bucket's
    /// end; 0 if there are none.
    pub fn quantile(&self, quantile: f64) -> u64 {
        let wanted = (self.count as f64 * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if *count > 0 && seen >= wanted {
                let (power, part) = (bucket / 8, bucket as u64 % 8);
                return (((8 + part + 1) << power) / 8).min(self.max);
            }
        }
        self.max
    }
}

/// What one collection did.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Minor or full.
    pub kind: CollectKind,
    /// Why it was asked for, in the machine's words.
    pub reason: &'static str,
    /// How long the mutator stood still, in nanoseconds.
    pub pause: u64,
    /// How long the thread was running meanwhile, in nanoseconds: what is left of the pause on a machine with nothing else to do.
    pub cpu: u64,
    /// Bytes copied into the old generation (in full collections with those evacuated).
    pub promoted_bytes: usize,
    /// Bytes copied within the nursery.
    pub survived_bytes: usize,
    /// Movable cells that a conservative word held in place: exact, and 0 if there were no conservative ranges.
    pub pinned_cells: usize,
    /// Blocks with such cells.
    pub pinned_blocks: usize,
    /// Old blocks that were emptied.
    pub evacuated_blocks: usize,
    /// Bytes in use before and after.
    pub used_before: usize,
    /// Bytes in use afterwards.
    pub used_after: usize,
}

/// A snapshot of the collector's statistics.
#[derive(Clone)]
pub struct Stats {
    /// Minor collections so far.
    pub minor_collections: u64,
    /// Full collections so far.
    pub full_collections: u64,
    /// Pauses of minor collections.
    pub minor_pauses: Histogram,
    /// Pauses of full collections.
    pub full_pauses: Histogram,
    /// The time that the thread was running in minor collections.
    pub minor_cpu: Histogram,
    /// … and in full ones.
    pub full_cpu: Histogram,
    /// Bytes promoted so far.
    pub promoted_bytes: u64,
    /// Movable cells that conservative words held in place in the last collection.
    pub pinned_cells: usize,
    /// The last collection.
    pub last: Option<Collection>,
    /// Bytes in use, external ones included.
    pub used_bytes: usize,
    /// Bytes alive after the last full collection.
    pub live_bytes: usize,
    /// The largest `used_bytes` seen before a collection.
    pub peak_bytes: usize,
    /// Bytes outside the heap that cells own.
    pub external_bytes: usize,
    /// Bytes of lines in use in the movable old generation.
    pub old_bytes: usize,
    /// Bytes of non-moving cells.
    pub nonmoving_bytes: usize,
    /// Bytes of shapes.
    pub shape_bytes: usize,
    /// Bytes of large cells.
    pub large_bytes: usize,
    /// Blocks of the nursery, of the movable old generation, of the non-moving space and of shapes.
    pub blocks: [usize; 4],
    /// Free blocks that still have memory behind them.
    pub free_blocks: usize,
    /// Bytes of address space in use by blocks and large cells.
    pub footprint_bytes: usize,
    /// How many blocks eden may fill before the next collection.
    pub eden_blocks: usize,
}

/// What is recorded as collections happen.
#[derive(Default)]
pub(crate) struct Recorder {
    minor: Histogram,
    full: Histogram,
    minor_cpu: Histogram,
    full_cpu: Histogram,
    promoted: u64,
    peak: usize,
    last: Option<Collection>,
}

impl Recorder {
    pub fn record(&mut self, collection: Collection) {
        let (pauses, cpu) = match collection.kind {
            CollectKind::Minor => (&mut self.minor, &mut self.minor_cpu),
            CollectKind::Full => (&mut self.full, &mut self.full_cpu),
        };
        pauses.add(collection.pause);
        cpu.add(collection.cpu);
        self.promoted += collection.promoted_bytes as u64;
        self.peak = self.peak.max(collection.used_before);
        self.last = Some(collection);
    }
}

/// The live cells of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindCensus {
    /// The kind's name.
    pub name: &'static str,
    /// How many cells.
    pub cells: usize,
    /// Their bytes.
    pub bytes: usize,
}

impl Heap {
    /// The statistics as they are now.
    pub fn stats(&self) -> Stats {
        let recorder = self.recorder.borrow();
        let nursery = self.nursery.borrow();
        let old = self.old.borrow();
        let fixed = self.fixed.borrow();
        let shapes = self.shapes.borrow();
        let large = self.large.borrow();
        let pool = self.pool.borrow();
        Stats {
            minor_collections: recorder.minor.count(),
            full_collections: recorder.full.count(),
            minor_pauses: recorder.minor.clone(),
            full_pauses: recorder.full.clone(),
            minor_cpu: recorder.minor_cpu.clone(),
            full_cpu: recorder.full_cpu.clone(),
            promoted_bytes: recorder.promoted,
            pinned_cells: recorder.last.map_or(0, |last| last.pinned_cells),
            last: recorder.last,
            used_bytes: self.used_bytes(),
            live_bytes: self.live_bytes(),
            peak_bytes: recorder.peak.max(self.used_bytes()),
            external_bytes: self.policy.external.get(),
            old_bytes: old.bytes(),
            nonmoving_bytes: fixed.bytes(),
            shape_bytes: shapes.bytes(),
            large_bytes: large.young_bytes() + large.old_bytes(),
            blocks: [nursery.blocks.len(), old.blocks().len(), fixed.blocks().len(), shapes.blocks().len()],
            free_blocks: pool.warm(),
            footprint_bytes: pool.used() * BLOCK_BYTES + shapes.footprint(),
            eden_blocks: nursery.budget,
        }
    }

    /// Counts the cells by kind, the largest kinds first. Dead cells that no collection has freed yet are counted too;
    /// after a full collection there are none. To be called where every cell is initialised.
    pub fn census(&self) -> Vec<KindCensus> {
        let mut kinds: Vec<KindCensus> =
            self.kinds.iter().map(|kind| KindCensus { name: kind.name, cells: 0, bytes: 0 }).collect();
        self.for_each_cell(&mut |cell, bytes| {
            // SAFETY: the walk passes initialised cells.
            let kind = &mut kinds[unsafe { &*cell }.kind.get() as usize];
            kind.cells += 1;
            kind.bytes += bytes;
        });
        kinds.retain(|kind| kind.cells > 0);
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.bytes));
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn quantiles_are_within_an_eighth_above() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0);
        for n in 1..=1000 {
            histogram.add(n * 1000);
        }
        for (quantile, exact) in [(0.01, 10_000), (0.5, 500_000), (0.9, 900_000), (0.99, 990_000)] {
            let found = histogram.quantile(quantile);
            assert!((exact..=exact + exact / 8).contains(&found), "{quantile}: {found}");
        }
        assert_eq!(histogram.quantile(1.0), 1_000_000);
        assert_eq!((histogram.count(), histogram.max(), histogram.sum()), (1000, 1_000_000, 500_500_000));
    }

    #[test]
    fn tiny_durations_have_a_bucket() {
        let mut histogram = Histogram::default();
        histogram.add(0);
        histogram.add(3);
        assert_eq!(histogram.quantile(1.0), 3);
    }
}
