//! Ordered hash tables: what Map and Set are made of (ECMA-262 §24.1, §24.2).
//!
//! Entries lie in an array in the order of insertion; buckets chain them by index. This is Tyler Close's deterministic hash table,
//! which makes iteration with mutation behave as the specification demands: an iterator is an index. A deletion leaves a hole;
//! when the array is full, the live entries are copied to a new table, and the old one gets a link to it, by which iterators that
//! still stand in the old one find their place in the new.
//!
//! A table is a `ValueArray`, all of whose words are values:
//!
//! ```text
//!   successor | used | deleted | buckets − 1 | stride | buckets: entry number or −1 … | entries: key, (value,) chain …
//! ```
//!
//! Keys are compared by SameValueZero; a hole's key is `EMPTY`. Strings hash by text, objects by identity hash.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::object::kinds::Collection;
use crate::value::Value;
use crate::values::{VALUES_OFFSET, ValueArray};
use std::ops::Range;

const SUCCESSOR: usize = 0;
const USED: usize = 1;
const DELETED: usize = 2;
const MASK: usize = 3;
const STRIDE: usize = 4;
const BUCKETS: usize = 5;

/// Entries for each bucket.
const LOAD: usize = 2;
const MIN_BUCKETS: usize = 2;
const NONE: i32 = -1;

/// Words of an entry.
const MAP_STRIDE: usize = 3;
const SET_STRIDE: usize = 2;

/// Entries that are handled between two polls.
const POLL_INTERVAL: usize = 4096;
/// Words that are copied between two polls: 64 KB.
const WORDS_A_POLL: usize = 8192;

/// Most entries of a table: 2^24, as in V8, so that no size or index leaves its type.
pub const MAX_ENTRIES: usize = 1 << 24;

/// A table as seen through its array.
#[derive(Clone, Copy)]
pub struct OrderedTable(Gc<ValueArray>);

/// An iterator's place: what it keeps is the table as a value, and the number of the next entry.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub table: Value,
    pub next: u32,
    pub key: Value,
    /// `undefined` for sets.
    pub value: Value,
}

/// Where a table has the numbers of its entries and of those that are holes, in bytes.
pub(crate) const USED_OFFSET: usize = VALUES_OFFSET + USED * 8;
pub(crate) const DELETED_OFFSET: usize = VALUES_OFFSET + DELETED * 8;

impl Gc<Collection> {
    /// How many entries a map or set has.
    #[inline]
    pub fn size(self) -> usize {
        OrderedTable::of(self.table.get()).map_or(0, OrderedTable::live)
    }
}

impl OrderedTable {
    pub(crate) fn of(v: Value) -> Option<OrderedTable> {
        v.as_kind(Kind::ValueArray).map(OrderedTable)
    }

    fn int(self, i: usize) -> i32 {
        self.0.get(i).as_int32()
    }
    fn set_int(self, cx: &Context, i: usize, n: i32) {
        self.0.set(cx, i, Value::int32(n));
    }
    /// How many entries there are, holes among them: the number of the next one.
    pub(crate) fn used(self) -> usize {
        self.int(USED) as usize
    }
    fn live(self) -> usize {
        (self.int(USED) - self.int(DELETED)) as usize
    }
    fn buckets(self) -> usize {
        self.int(MASK) as usize + 1
    }
    fn stride(self) -> usize {
        self.int(STRIDE) as usize
    }
    fn capacity(self) -> usize {
        self.buckets() * LOAD
    }
    /// The first word of entry `n`.
    fn entry(self, n: usize) -> usize {
        BUCKETS + self.buckets() + n * self.stride()
    }
    fn key(self, n: usize) -> Value {
        self.0.get(self.entry(n))
    }
    fn value(self, n: usize) -> Value {
        if self.stride() == MAP_STRIDE { self.0.get(self.entry(n) + 1) } else { Value::UNDEFINED }
    }
    /// How many entries from number `n` on are alive.
    pub(crate) fn live_from(self, n: usize) -> usize {
        if n == 0 { self.live() } else { (n..self.used()).filter(|&n| !self.key(n).is_empty()).count() }
    }

    /// Calls `body` with the keys and values (for sets, the keys again) of the live entries among those with the numbers `range`. No safepoint
    /// may come meanwhile.
    #[inline(always)]
    pub(crate) fn each(self, range: Range<usize>, mut body: impl FnMut(Value, Value) -> JsResult<()>) -> JsResult<()> {
        let stride = self.stride();
        let words = &self.0.cells()[self.entry(range.start)..self.entry(range.end)];
        for entry in words.chunks_exact(stride) {
            let key = entry[0].get();
            if !key.is_empty() {
                body(key, if stride == MAP_STRIDE { entry[1].get() } else { key })?;
            }
        }
        Ok(())
    }

    fn bucket(self, hash: u32) -> usize {
        BUCKETS + (spread(hash) as usize & (self.buckets() - 1))
    }

    fn append(self, cx: &Context, key: Value, value: Value, hash: u32) {
        let n = self.used();
        let at = self.entry(n);
        let bucket = self.bucket(hash);
        let head = self.int(bucket);
        self.0.set(cx, at, key);
        if self.stride() == MAP_STRIDE {
            self.0.set(cx, at + 1, value);
        }
        self.set_int(cx, at + self.stride() - 1, head);
        self.set_int(cx, bucket, n as i32);
        self.set_int(cx, USED, n as i32 + 1);
    }
}

/// Words of an entry of a Map or Set.
fn stride_of(collection: Gc<Collection>) -> usize {
    if collection.object.header.kind.get() == Kind::Map as u8 { MAP_STRIDE } else { SET_STRIDE }
}

/// Buckets of a table with room for `entries`.
fn buckets_for(entries: usize) -> usize {
    entries.div_ceil(LOAD).next_power_of_two().max(MIN_BUCKETS)
}

/// Small integers hash to themselves or nearly so: spread them.
fn spread(hash: u32) -> u32 {
    let h = hash.wrapping_mul(0x9e37_79b1);
    h ^ h >> 15
}

impl Context {
    /// The hash of any value as a key of a Map or Set.
    pub fn key_hash(&self, v: Value) -> JsResult<u32> {
        // An integral double is the same key as its int32.
        let v = if v.is_double() { Value::number(v.as_double() + 0.0) } else { v };
        if v.is_int32() {
            return Ok(v.as_int32() as u32);
        }
        match self.primitive_hash(v)? {
            Some(hash) => Ok(hash),
            None => match v.as_object() {
                Some(o) => o.identity_hash(self),
                None => Ok(0),
            },
        }
    }

    fn keys_are_same(&self, a: Value, b: Value) -> JsResult<bool> {
        if a == b {
            return Ok(true);
        }
        // Different words are the same key only for numbers, strings and BigInts.
        if a.is_empty() || a.is_object() || b.is_object() {
            return Ok(false);
        }
        self.same_value_zero(a, b)
    }

    fn new_ordered_table(&self, buckets: usize, stride: usize) -> JsResult<OrderedTable> {
        let entries = buckets * LOAD;
        if entries > MAX_ENTRIES * LOAD {
            return Err(self.throw_range(format_args!("Map or Set maximum size exceeded")));
        }
        let table = OrderedTable(self.new_value_array(BUCKETS + buckets + entries * stride)?);
        table.set_int(self, USED, 0);
        table.set_int(self, DELETED, 0);
        table.set_int(self, MASK, buckets as i32 - 1);
        table.set_int(self, STRIDE, stride as i32);
        for bucket in BUCKETS..BUCKETS + buckets {
            table.set_int(self, bucket, NONE);
        }
        Ok(table)
    }

    fn ordered_find(&self, table: OrderedTable, key: Value, hash: u32) -> JsResult<Option<usize>> {
        // Keys that are the same have the same word, but for doubles, strings and BigInts.
        let by_word = if key.is_cell() { key.is_object() } else { !key.is_double() };
        let (words, first, stride) = (table.0.cells(), table.entry(0), table.stride());
        let mut n = words[table.bucket(hash)].get().as_int32();
        while n != NONE {
            let at = first + n as usize * stride;
            let found = words[at].get();
            if found == key || !by_word && self.keys_are_same(found, key)? {
                return Ok(Some(n as usize));
            }
            n = words[at + stride - 1].get().as_int32();
        }
        Ok(None)
    }

    /// Entries of the collection.
    pub fn ordered_size(&self, collection: Gc<Collection>) -> usize {
        collection.size()
    }

    /// The value of `key`; for a set, `undefined` if it is there.
    pub fn ordered_get(&self, collection: Gc<Collection>, key: Value) -> JsResult<Option<Value>> {
        let Some(table) = OrderedTable::of(collection.table.get()) else { return Ok(None) };
        if key.is_object() && key.as_object().is_some_and(|o| o.known_identity_hash().is_none()) {
            return Ok(None);
        }
        let hash = self.key_hash(key)?;
        Ok(self.ordered_find(table, key, hash)?.map(|n| table.value(n)))
    }

    pub fn ordered_has(&self, collection: Gc<Collection>, key: Value) -> JsResult<bool> {
        Ok(self.ordered_get(collection, key)?.is_some())
    }

    /// Sets the value of `key`, at the end if it is new; −0 becomes +0. `value` is ignored by sets.
    ///
    /// # Errors
    /// RangeError when the table cannot grow.
    pub fn ordered_set(&self, collection: Gc<Collection>, key: Value, value: Value) -> JsResult<()> {
        let key = if key.is_double() { Value::number(key.as_double() + 0.0) } else { key };
        let hash = self.key_hash(key)?;
        let stride = stride_of(collection);
        let table = match OrderedTable::of(collection.table.get()) {
            Some(table) => table,
            None => {
                let table = self.new_ordered_table(MIN_BUCKETS, stride)?;
                self.set_table(collection, table);
                table
            }
        };
        if let Some(n) = self.ordered_find(table, key, hash)? {
            if stride == MAP_STRIDE {
                table.0.set(self, table.entry(n) + 1, value);
            }
            return Ok(());
        }
        let table = if table.used() == table.capacity() { self.ordered_rehash(collection, table)? } else { table };
        table.append(self, key, value, hash);
        Ok(())
    }

    fn set_table(&self, collection: Gc<Collection>, table: OrderedTable) {
        collection.table.set(table.0.into());
        self.write_barrier(collection.header_ptr(), table.0.into());
    }

    /// Copies the live entries to a table with room for as many again; the old one points to it.
    fn ordered_rehash(&self, collection: Gc<Collection>, old: OrderedTable) -> JsResult<OrderedTable> {
        self.ordered_rehash_to(collection, old, old.live().max(1).next_power_of_two().max(MIN_BUCKETS))
    }

    fn ordered_rehash_to(
        &self,
        collection: Gc<Collection>,
        old: OrderedTable,
        buckets: usize,
    ) -> JsResult<OrderedTable> {
        let new = self.new_ordered_table(buckets, old.stride())?;
        for n in 0..old.used() {
            let key = old.key(n);
            if !key.is_empty() {
                let hash = self.key_hash(key)?;
                new.append(self, key, old.value(n), hash);
            }
        }
        old.0.set(self, SUCCESSOR, new.0.into());
        self.set_table(collection, new);
        Ok(new)
    }

    /// Makes room for `entries` entries in all, as far as memory is had for the asking.
    pub fn ordered_reserve(&self, collection: Gc<Collection>, entries: usize) {
        let buckets = buckets_for(entries.min(MAX_ENTRIES));
        let made = match OrderedTable::of(collection.table.get()) {
            Some(table) if table.buckets() >= buckets => return,
            Some(table) => self.ordered_rehash_to(collection, table, buckets).map(drop),
            None => {
                self.new_ordered_table(buckets, stride_of(collection)).map(|table| self.set_table(collection, table))
            }
        };
        if made.is_err() {
            self.take_exception();
        }
    }

    /// Gives a collection that has no entries yet the live ones of `from`, from number `start` on. A Map made from a Set's entries maps each to
    /// itself. May collect, with the native frames pinned.
    ///
    /// # Errors
    /// RangeError when memory is refused; a termination that is due.
    pub(crate) fn ordered_fill(&self, collection: Gc<Collection>, from: OrderedTable, start: usize) -> JsResult<()> {
        debug_assert!(collection.size() == 0);
        let (live, stride) = (from.live_from(start), stride_of(collection));
        if live == 0 {
            return Ok(());
        }
        if start == 0 && live == from.used() && stride == from.stride() && from.buckets() <= 2 * buckets_for(live) {
            let copy = self.copy_ordered_table(from)?;
            self.set_table(collection, copy);
            return Ok(());
        }
        let table = self.new_ordered_table(buckets_for(live), stride)?;
        for n in start..from.used() {
            let key = from.key(n);
            if !key.is_empty() {
                // The keys of one table differ from each other.
                let value = if from.stride() == MAP_STRIDE { from.value(n) } else { key };
                table.append(self, key, value, self.key_hash(key)?);
            }
            if n % POLL_INTERVAL == 0 {
                self.poll()?;
            }
        }
        self.set_table(collection, table);
        Ok(())
    }

    /// Gives a new Set the entries of another, as [`Context::ordered_fill`] does.
    ///
    /// # Errors
    /// As there.
    pub fn ordered_copy(&self, to: Gc<Collection>, from: Gc<Collection>) -> JsResult<()> {
        OrderedTable::of(from.table.get()).map_or(Ok(()), |table| self.ordered_fill(to, table, 0))
    }

    /// A copy of a table that has no holes and no successor: all of its words.
    fn copy_ordered_table(&self, from: OrderedTable) -> JsResult<OrderedTable> {
        let copy = self.new_value_array(from.0.len())?;
        let words = from.entry(from.used());
        for first in (0..words).step_by(WORDS_A_POLL) {
            let chunk = first..words.min(first + WORDS_A_POLL);
            let to = &copy.cells()[chunk.clone()];
            for (to, from) in to.iter().zip(&from.0.cells()[chunk]) {
                to.set(from.get());
            }
            // A large cell grows old if a poll collects.
            self.write_barrier_range(copy.header_ptr(), to);
            self.poll()?;
        }
        Ok(OrderedTable(copy))
    }

    /// Removes `key`; whether it was there.
    pub fn ordered_delete(&self, collection: Gc<Collection>, key: Value) -> JsResult<bool> {
        let Some(table) = OrderedTable::of(collection.table.get()) else { return Ok(false) };
        let hash = self.key_hash(key)?;
        let Some(n) = self.ordered_find(table, key, hash)? else { return Ok(false) };
        let at = table.entry(n);
        table.0.set(self, at, Value::EMPTY);
        if table.stride() == MAP_STRIDE {
            table.0.set(self, at + 1, Value::EMPTY);
        }
        table.set_int(self, DELETED, table.int(DELETED) + 1);
        // A table that is nearly empty is copied, so that iteration over a queue does not pass the same holes again and again.
        if table.used() >= 32 && table.live() * 4 < table.used() {
            // Without memory for the small copy the large table goes on.
            if self.ordered_rehash(collection, table).is_err() {
                self.take_exception();
            }
        }
        Ok(true)
    }

    /// Removes everything. Iterators that are under way end, or see what is added from now on.
    pub fn ordered_clear(&self, collection: Gc<Collection>) -> JsResult<()> {
        let Some(old) = OrderedTable::of(collection.table.get()) else { return Ok(()) };
        let new = self.new_ordered_table(MIN_BUCKETS, old.stride())?;
        // With every entry a hole, an iterator's place in the new table is its beginning.
        for n in 0..old.used() {
            old.0.set(self, old.entry(n), Value::EMPTY);
            if old.stride() == MAP_STRIDE {
                old.0.set(self, old.entry(n) + 1, Value::EMPTY);
            }
        }
        old.set_int(self, DELETED, old.int(USED));
        old.0.set(self, SUCCESSOR, new.0.into());
        self.set_table(collection, new);
        Ok(())
    }

    /// The table that an iterator over `collection` begins with, at entry 0. Never `EMPTY`: a collection without table gets one.
    pub fn ordered_start(&self, collection: Gc<Collection>) -> JsResult<Value> {
        if collection.table.get().is_empty() {
            let table = self.new_ordered_table(MIN_BUCKETS, stride_of(collection))?;
            self.set_table(collection, table);
        }
        Ok(collection.table.get())
    }

    /// The table that has replaced `table`, or `table` itself, and the place there of what stood before number `next`.
    #[inline]
    pub(crate) fn ordered_place(&self, table: Value, next: u32) -> Option<(OrderedTable, usize)> {
        let mut table = OrderedTable::of(table)?;
        let mut next = next as usize;
        while let Some(successor) = OrderedTable::of(table.0.get(SUCCESSOR)) {
            // Holes before the place were left out in the copy. (Entries die in a table only while it is current.)
            next = (0..next.min(table.used())).filter(|&n| !table.key(n).is_empty()).count();
            table = successor;
        }
        Some((table, next))
    }

    /// The entry at or after number `next` of the table `table`, or of the one that replaced it; `None` at the end.
    pub fn ordered_step(&self, table: Value, next: u32) -> Option<Step> {
        let (table, mut next) = self.ordered_place(table, next)?;
        while next < table.used() {
            let key = table.key(next);
            if !key.is_empty() {
                return Some(Step { table: table.0.into(), next: next as u32 + 1, key, value: table.value(next) });
            }
            next += 1;
        }
        None
    }
}
