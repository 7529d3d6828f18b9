//! An allocator of ranges inside an area: best fit among freed ranges, then the untouched end.
//!
//! It knows offsets only, never memory, so that its metadata cannot be reached from generated code.

use std::collections::{BTreeMap, BTreeSet};

/// Free ranges of an area of `capacity` bytes. Sizes and offsets are multiples of [`GRANULE`].
#[derive(Debug)]
pub struct Ranges {
    capacity: u32,
    /// Everything from here on was never handed out.
    untouched: u32,
    by_start: BTreeMap<u32, u32>,
    by_len: BTreeSet<(u32, u32)>,
    used: u32,
}

/// The unit of allocation, in bytes: the alignment that branch targets like, small enough for stubs.
pub const GRANULE: u32 = 16;

/// `len` rounded up to whole granules; none if that overflows.
pub fn round_up(len: usize, align: u32) -> Option<u32> {
    u32::try_from(len).ok()?.checked_next_multiple_of(align)
}

impl Ranges {
    pub fn new(capacity: u32) -> Self {
        Ranges { capacity, untouched: 0, by_start: BTreeMap::new(), by_len: BTreeSet::new(), used: 0 }
    }

    /// Bytes handed out now.
    pub fn used(&self) -> u32 {
        self.used
    }

    /// The end of what was ever handed out: memory below it is reused, memory above is fresh.
    pub fn untouched(&self) -> u32 {
        self.untouched
    }

    /// A free range of `len` bytes, a multiple of the granule, at a multiple of `align`, a power of two.
    pub fn alloc(&mut self, len: u32, align: u32) -> Option<u32> {
        debug_assert!(len > 0 && len.is_multiple_of(GRANULE) && align.is_power_of_two());
        let align = align.max(GRANULE);
        let fit = self.by_len.range((len, 0)..).find_map(|&(size, start)| {
            let aligned = start.checked_next_multiple_of(align)?;
            (aligned.checked_add(len)? <= start + size).then_some((start, size, aligned))
        });
        let start = match fit {
            Some((start, size, aligned)) => {
                self.remove(start, size);
                self.insert(start, aligned - start);
                self.insert(aligned + len, start + size - aligned - len);
                aligned
            }
            None => {
                let aligned = self.untouched.checked_next_multiple_of(align)?;
                let end = aligned.checked_add(len).filter(|&end| end <= self.capacity)?;
                let gap = self.untouched;
                self.untouched = end;
                self.insert(gap, aligned - gap);
                aligned
            }
        };
        self.used += len;
        Some(start)
    }

    /// Gives back what [`Ranges::alloc`] returned, wholly or in parts.
    pub fn free(&mut self, mut start: u32, mut len: u32) {
        debug_assert!(len > 0 && start + len <= self.untouched);
        self.used -= len;
        if let Some((&before, &size)) = self.by_start.range(..start).next_back()
            && before + size == start
        {
            self.remove(before, size);
            (start, len) = (before, size + len);
        }
        if let Some(&size) = self.by_start.get(&(start + len)) {
            self.remove(start + len, size);
            len += size;
        }
        self.insert(start, len);
    }

    fn insert(&mut self, start: u32, len: u32) {
        if len > 0 {
            self.by_start.insert(start, len);
            self.by_len.insert((len, start));
        }
    }

    fn remove(&mut self, start: u32, len: u32) {
        self.by_start.remove(&start);
        self.by_len.remove(&(len, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_neighbours_merge() {
        let mut ranges = Ranges::new(1024);
        let [a, b, c] = [0; 3].map(|_| ranges.alloc(64, 16).unwrap());
        ranges.free(a, 64);
        ranges.free(c, 64);
        ranges.free(b, 64);
        assert_eq!(ranges.by_start.len(), 1);
        assert_eq!(ranges.alloc(192, 16), Some(a));
        assert_eq!(ranges.used(), 192);
    }

    #[test]
    fn random_use_never_overlaps_and_all_comes_back() {
        let mut seed = 3u64;
        let mut random = move |bound: u32| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as u32 % bound
        };
        let mut ranges = Ranges::new(1 << 16);
        let mut live: Vec<(u32, u32)> = Vec::new();
        let mut refused = 0;
        for _ in 0..20_000 {
            if random(100) < 55 {
                let (len, align) = (16 * (1 + random(60)), 1 << random(8));
                match ranges.alloc(len, align) {
                    Some(start) => {
                        assert!(start % align == 0 && start + len <= 1 << 16);
                        assert!(live.iter().all(|&(other, size)| start + len <= other || other + size <= start));
                        live.push((start, len));
                    }
                    None => refused += 1,
                }
            } else if !live.is_empty() {
                let (start, len) = live.swap_remove(random(live.len() as u32) as usize);
                ranges.free(start, len);
            }
            assert_eq!(ranges.used(), live.iter().map(|range| range.1).sum());
        }
        assert!(refused > 0);
        for (start, len) in live {
            ranges.free(start, len);
        }
        assert!(ranges.by_start.len() <= 1 && ranges.used() == 0);
    }
}
