//! What is known about a place in code, found by its offset: sorted arrays and binary search.
//!
//! Offsets are those of return addresses (the instruction after a call), so that what a frame holds while the call runs is
//! found by the address on the stack; positions hold from their offset up to the next one's.

use std::collections::HashMap;

/// Values by code offset.
#[derive(Clone, Debug)]
pub struct OffsetTable<T> {
    offsets: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for OffsetTable<T> {
    fn default() -> Self {
        OffsetTable { offsets: Vec::new(), values: Vec::new() }
    }
}

impl<T> OffsetTable<T> {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value. Offsets mostly come in ascending order, which is fast; an equal offset replaces its value.
    pub fn push(&mut self, offset: u32, value: T) {
        if self.offsets.last().is_none_or(|&last| last < offset) {
            self.offsets.push(offset);
            self.values.push(value);
            return;
        }
        match self.offsets.binary_search(&offset) {
            Ok(index) => self.values[index] = value,
            Err(index) => {
                self.offsets.insert(index, offset);
                self.values.insert(index, value);
            }
        }
    }

    /// The value at exactly this offset.
    #[inline]
    pub fn find(&self, offset: u32) -> Option<&T> {
        self.offsets.binary_search(&offset).ok().map(|index| &self.values[index])
    }

    /// The value at this offset or the nearest before it, with its own offset.
    #[inline]
    pub fn find_at_or_before(&self, offset: u32) -> Option<(u32, &T)> {
        let after = self.offsets.partition_point(|&start| start <= offset);
        let index = after.checked_sub(1)?;
        Some((self.offsets[index], &self.values[index]))
    }

    /// Offsets and values, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.offsets.iter().copied().zip(&self.values)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// The largest offset.
    pub fn last_offset(&self) -> Option<u32> {
        self.offsets.last().copied()
    }

    /// Bytes of memory used.
    pub fn bytes(&self) -> usize {
        self.offsets.capacity() * size_of::<u32>() + self.values.capacity() * size_of::<T>()
    }
}

impl<T> FromIterator<(u32, T)> for OffsetTable<T> {
    fn from_iter<I: IntoIterator<Item = (u32, T)>>(entries: I) -> Self {
        let mut table = OffsetTable::default();
        for (offset, value) in entries {
            table.push(offset, value);
        }
        table
    }
}

/// Which slots of a frame hold tagged values at a call, and which hold pointers derived from others. What a slot number
/// means is for the code generator to say. Equal maps are stored once.
#[derive(Clone, Debug, Default)]
pub struct StackMaps {
    places: OffsetTable<u32>,
    /// Per map: where its words and pairs begin; the next map's beginnings are the ends.
    maps: Vec<(u32, u32)>,
    words: Vec<u64>,
    derived: Vec<(u16, u16)>,
    known: HashMap<MapKey, u32>,
}

/// A map's words and pairs.
type MapKey = (Vec<u64>, Vec<(u16, u16)>);

/// One stack map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackMap<'a> {
    words: &'a [u64],
    /// (base, derived) pairs of slots: when the object that `base` points to moves, `derived` moves by as much.
    pub derived: &'a [(u16, u16)],
}

impl StackMap<'_> {
    /// Whether the slot holds a tagged value.
    #[inline]
    pub fn is_tagged(&self, slot: u16) -> bool {
        let word = self.words.get(usize::from(slot) / 64).copied().unwrap_or(0);
        word >> (slot % 64) & 1 == 1
    }

    /// The slots that hold tagged values, ascending.
    pub fn tagged(&self) -> impl Iterator<Item = u16> {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
                (bit < 64).then_some((index as u32 * 64 + bit) as u16)
            })
        })
    }
}

impl StackMaps {
    /// The map of the call that returns to `offset`.
    pub fn push(&mut self, offset: u32, tagged: impl IntoIterator<Item = u16>, derived: &[(u16, u16)]) {
        let mut words = Vec::new();
        for slot in tagged {
            let word = usize::from(slot) / 64;
            if words.len() <= word {
                words.resize(word + 1, 0u64);
            }
            words[word] |= 1 << (slot % 64);
        }
        let key = (words, derived.to_vec());
        let map = match self.known.get(&key) {
            Some(&map) => map,
            None => {
                let map = self.maps.len() as u32;
                self.maps.push((self.words.len() as u32, self.derived.len() as u32));
                self.words.extend(&key.0);
                self.derived.extend(&key.1);
                self.known.insert(key, map);
                map
            }
        };
        self.places.push(offset, map);
    }

    /// The map of the call that returns to `offset`.
    pub fn find(&self, offset: u32) -> Option<StackMap<'_>> {
        let map = *self.places.find(offset)? as usize;
        let (word, pair) = self.maps[map];
        let (word_end, pair_end) =
            self.maps.get(map + 1).copied().unwrap_or((self.words.len() as u32, self.derived.len() as u32));
        Some(StackMap {
            words: &self.words[word as usize..word_end as usize],
            derived: &self.derived[pair as usize..pair_end as usize],
        })
    }

    /// The offsets that have maps, ascending.
    pub fn offsets(&self) -> impl Iterator<Item = u32> {
        self.places.iter().map(|(offset, _)| offset)
    }

    /// Number of calls with a map.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no call has a map.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Forgets what only building needs.
    pub(crate) fn seal(&mut self) {
        self.known = HashMap::new();
    }

    /// Bytes of memory used.
    pub fn bytes(&self) -> usize {
        self.places.bytes() + self.maps.capacity() * 8 + self.words.capacity() * 8 + self.derived.capacity() * 4
    }
}

/// Everything that is found by an address in one piece of code.
#[derive(Clone, Debug, Default)]
pub struct CodeTables {
    /// By return address: where the tagged values of the frame are.
    pub stack_maps: StackMaps,
    /// By return address: offset in the same code where an exception thrown by the call is handled.
    pub handlers: OffsetTable<u32>,
    /// By the address of an exit or the return address of a call with a lazy exit: where its recipe begins in
    /// `deopt_bytes`.
    pub deopts: OffsetTable<u32>,
    /// The recipes that rebuild interpreter frames, in the optimizer's encoding.
    pub deopt_bytes: Vec<u8>,
    /// From this offset on: the position in bytecode (or whatever the code was compiled from).
    pub positions: OffsetTable<u32>,
    /// From this offset on: the line in the source text, from 1.
    pub lines: OffsetTable<u32>,
}

impl CodeTables {
    /// Bytes of memory used.
    pub fn bytes(&self) -> usize {
        let small = [&self.handlers, &self.deopts, &self.positions, &self.lines];
        self.stack_maps.bytes() + self.deopt_bytes.capacity() + small.iter().map(|table| table.bytes()).sum::<usize>()
    }

    /// Whether there is nothing in them.
    pub fn is_empty(&self) -> bool {
        let small = [&self.handlers, &self.deopts, &self.positions, &self.lines];
        self.stack_maps.is_empty() && self.deopt_bytes.is_empty() && small.iter().all(|table| table.is_empty())
    }

    /// What contradicts a code of `len` bytes, if anything.
    pub(crate) fn check(&self, len: u32) -> Result<(), &'static str> {
        let last = [&self.handlers, &self.deopts, &self.positions, &self.lines]
            .iter()
            .filter_map(|table| table.last_offset())
            .chain(self.stack_maps.places.last_offset())
            .max();
        if last.is_some_and(|last| last > len) {
            return Err("a table's offset lies outside the code");
        }
        if self.handlers.iter().any(|(_, &handler)| handler >= len) {
            return Err("a handler lies outside the code");
        }
        if self.deopts.iter().any(|(_, &recipe)| recipe as usize > self.deopt_bytes.len()) {
            return Err("a deoptimization's recipe is missing");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_offset() {
        let table: OffsetTable<char> = [(8, 'b'), (2, 'a'), (20, 'd'), (8, 'c')].into_iter().collect();
        assert_eq!((table.find(8), table.find(9)), (Some(&'c'), None));
        assert_eq!(table.find_at_or_before(1), None);
        assert_eq!(table.find_at_or_before(2), Some((2, &'a')));
        assert_eq!(table.find_at_or_before(19), Some((8, &'c')));
        assert_eq!(table.find_at_or_before(u32::MAX), Some((20, &'d')));
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn stack_maps_name_their_slots() {
        let mut maps = StackMaps::default();
        maps.push(10, [0, 3, 64, 200], &[(3, 5)]);
        maps.push(20, [], &[]);
        maps.push(30, [0, 3, 64, 200], &[(3, 5)]);
        let map = maps.find(10).unwrap();
        assert_eq!(map.tagged().collect::<Vec<_>>(), [0, 3, 64, 200]);
        assert!(map.is_tagged(64) && !map.is_tagged(65) && !map.is_tagged(u16::MAX));
        assert_eq!(map.derived, [(3, 5)]);
        assert_eq!(maps.find(20).unwrap().tagged().count(), 0);
        assert_eq!((maps.find(30), maps.find(11)), (Some(map), None));
        assert_eq!((maps.len(), maps.maps.len()), (3, 2));
    }

    #[test]
    fn tables_that_point_outside_are_refused() {
        let mut tables = CodeTables::default();
        tables.positions.push(16, 1);
        assert!(tables.check(16).is_ok() && tables.check(15).is_err());
        tables.handlers.push(4, 16);
        assert!(tables.check(16).is_err() && tables.check(17).is_ok());
        tables.deopts.push(4, 1);
        assert!(tables.check(17).is_err());
    }
}
