//! Entities: `u32` indices into the arenas of a function, and the containers that they index.
//!
//! Why indices and not references: functions stay `Clone + Send`, passes may hold names of things that they are about to
//! change, and side tables are plain vectors. An index is meaningful only together with the function that made it.

use crate::scratch::Scratch;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// What all entity types have in common.
pub trait Entity: Copy + Eq + std::hash::Hash + fmt::Debug {
    /// The entity with this index.
    fn new(index: usize) -> Self;
    /// The index of this entity in its arena.
    fn index(self) -> usize;
}

macro_rules! entity {
    ($(#[doc = $doc:literal])+ $name:ident, $prefix:literal) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// A reserved index that names nothing; it stands for "none" in packed fields.
            pub const NONE: $name = $name(u32::MAX);

            /// Whether this is the reserved index.
            #[inline]
            pub fn is_none(self) -> bool {
                self.0 == u32::MAX
            }

            /// `None` for the reserved index.
            #[inline]
            pub fn some(self) -> Option<$name> {
                if self.is_none() { None } else { Some(self) }
            }

            /// The raw index.
            #[inline]
            pub fn as_u32(self) -> u32 {
                self.0
            }

            /// The entity with a raw index.
            #[inline]
            pub fn from_u32(index: u32) -> $name {
                $name(index)
            }
        }

        impl Entity for $name {
            #[inline]
            fn new(index: usize) -> $name {
                debug_assert!(index < u32::MAX as usize);
                $name(index as u32)
            }
            #[inline]
            fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

entity! {
    /// An SSA value: a result of an instruction or a parameter of a block.
    Value, "v"
}
entity! {
    /// An instruction.
    Inst, "inst"
}
entity! {
    /// A basic block.
    Block, "block"
}
entity! {
    /// A piece of the native frame with an address of its own.
    StackSlot, "slot"
}
entity! {
    /// A signature that a function's calls refer to.
    SigRef, "sig"
}
entity! {
    /// A callee that a function refers to.
    FuncRef, "fn"
}
entity! {
    /// A description of the interpreter's state at an exit.
    FrameState, "frame"
}
entity! {
    /// A function of a module.
    FuncId, "func"
}
entity! {
    /// A variable of the source program; it exists only while the builder runs.
    Variable, "var"
}

/// A growing arena: the owner of its entities.
#[derive(Clone)]
pub struct Arena<K: Entity, V> {
    items: Vec<V>,
    key: PhantomData<K>,
}

impl<K: Entity, V> Arena<K, V> {
    /// An empty arena.
    pub fn new() -> Self {
        Arena { items: Vec::new(), key: PhantomData }
    }

    /// Adds an item and returns its name.
    #[inline]
    pub fn push(&mut self, item: V) -> K {
        let key = K::new(self.items.len());
        self.items.push(item);
        key
    }

    /// The name that the next `push` will return.
    #[inline]
    pub fn next_key(&self) -> K {
        K::new(self.items.len())
    }

    /// How many items there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item of a key that may be out of range.
    pub fn get(&self, key: K) -> Option<&V> {
        self.items.get(key.index())
    }

    /// All names, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator + use<K, V> {
        (0..self.items.len()).map(K::new)
    }

    /// All names with their items.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.items.iter().enumerate().map(|(index, item)| (K::new(index), item))
    }

    /// All items.
    pub fn values(&self) -> std::slice::Iter<'_, V> {
        self.items.iter()
    }

    /// All items, to be changed.
    pub fn values_mut(&mut self) -> std::slice::IterMut<'_, V> {
        self.items.iter_mut()
    }
}

impl<K: Entity, V> Default for Arena<K, V> {
    fn default() -> Self {
        Arena::new()
    }
}

impl<K: Entity, V> Index<K> for Arena<K, V> {
    type Output = V;
    #[inline]
    fn index(&self, key: K) -> &V {
        &self.items[key.index()]
    }
}

impl<K: Entity, V> IndexMut<K> for Arena<K, V> {
    #[inline]
    fn index_mut(&mut self, key: K) -> &mut V {
        &mut self.items[key.index()]
    }
}

impl<K: Entity, V: fmt::Debug> fmt::Debug for Arena<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_list().entries(&self.items).finish()
    }
}

/// A side table over entities that another arena owns: reads beyond its end see the default.
#[derive(Clone)]
pub struct Secondary<K: Entity, V: Clone> {
    items: Vec<V>,
    default: V,
    key: PhantomData<K>,
}

impl<K: Entity, V: Clone> Secondary<K, V> {
    /// A table in which every entity has `default`; room is made for `len` entities at once.
    pub fn with_default(default: V, len: usize) -> Self {
        Secondary { items: vec![default.clone(); len], default, key: PhantomData }
    }
}

impl<K: Entity, V: Clone + Send + 'static> Secondary<K, V> {
    /// [`Secondary::with_default`] with storage from `scratch`.
    pub fn take(scratch: &mut Scratch, default: V, len: usize) -> Self {
        Secondary { items: scratch.table(default.clone(), len), default, key: PhantomData }
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        scratch.give(self.items);
    }
}

impl<K: Entity, V: Clone + Default> Secondary<K, V> {
    /// A table of `V::default()` for `len` entities.
    pub fn new(len: usize) -> Self {
        Secondary::with_default(V::default(), len)
    }
}

impl<K: Entity, V: Clone> Index<K> for Secondary<K, V> {
    type Output = V;
    #[inline]
    fn index(&self, key: K) -> &V {
        self.items.get(key.index()).unwrap_or(&self.default)
    }
}

impl<K: Entity, V: Clone> IndexMut<K> for Secondary<K, V> {
    #[inline]
    fn index_mut(&mut self, key: K) -> &mut V {
        let index = key.index();
        if index >= self.items.len() {
            self.items.resize(index + 1, self.default.clone());
        }
        &mut self.items[index]
    }
}

/// A list of values in a function's pool. Copying it copies the name of the list, not the list.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct ValueList {
    start: u32,
    len: u32,
}

/// The storage behind every [`ValueList`] of a function.
///
/// A list of length `n` owns `n.next_power_of_two()` places, so that a push is amortised O(1). Places that a grown list
/// leaves behind are not used again: a function lives for one compilation, and growth wastes less than its final size.
#[derive(Clone, Default, Debug)]
pub struct ValuePool {
    items: Vec<Value>,
}

impl ValuePool {
    /// Stores a copy of `values`.
    pub fn list(&mut self, values: &[Value]) -> ValueList {
        let start = self.items.len() as u32;
        if !values.is_empty() {
            self.items.extend_from_slice(values);
            self.items.resize(start as usize + values.len().next_power_of_two(), Value::NONE);
        }
        ValueList { start, len: values.len() as u32 }
    }

    /// The values of a list.
    #[inline]
    pub fn get(&self, list: ValueList) -> &[Value] {
        &self.items[list.start as usize..(list.start + list.len) as usize]
    }

    /// The values of a list, to be changed in place.
    #[inline]
    pub fn get_mut(&mut self, list: ValueList) -> &mut [Value] {
        &mut self.items[list.start as usize..(list.start + list.len) as usize]
    }

    /// Appends a value to a list.
    pub fn push(&mut self, list: &mut ValueList, value: Value) {
        let len = list.len as usize;
        if len == 0 || len.is_power_of_two() {
            let start = self.items.len();
            let from = list.start as usize;
            self.items.extend_from_within(from..from + len);
            self.items.resize(start + (len + 1).next_power_of_two(), Value::NONE);
            list.start = start as u32;
        }
        self.items[list.start as usize + len] = value;
        list.len += 1;
    }

    /// Keeps the elements for whose position `keep` is true, in order.
    ///
    /// A list that shrinks below half of what it owns forgets part of its room; that is only a loss of room.
    pub fn retain(&mut self, list: &mut ValueList, mut keep: impl FnMut(usize) -> bool) {
        let items = self.get_mut(*list);
        let mut kept = 0;
        for position in 0..items.len() {
            if keep(position) {
                items[kept] = items[position];
                kept += 1;
            }
        }
        list.len = kept as u32;
    }
}

impl ValueList {
    /// How many values the list has.
    #[inline]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether the list is empty.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Where the list begins in its pool (for instructions, which store the place themselves).
    #[inline]
    pub(crate) fn start(self) -> u32 {
        self.start
    }

    /// The list at a place.
    #[inline]
    pub(crate) fn at(start: u32, len: usize) -> ValueList {
        ValueList { start, len: len as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_grow_without_touching_their_neighbours() {
        let mut pool = ValuePool::default();
        let v = |index| Value::new(index);
        let mut first = pool.list(&[v(1), v(2), v(3)]);
        let second = pool.list(&[v(7)]);
        for index in 10..40 {
            pool.push(&mut first, v(index));
        }
        assert_eq!(pool.get(second), &[v(7)]);
        assert_eq!(first.len(), 33);
        assert_eq!(pool.get(first)[2..5], [v(3), v(10), v(11)]);
        pool.retain(&mut first, |position| position % 11 == 0);
        assert_eq!(pool.get(first), &[v(1), v(18), v(29)]);
        pool.push(&mut first, v(99));
        assert_eq!(pool.get(first), &[v(1), v(18), v(29), v(99)]);
        let mut empty = pool.list(&[]);
        pool.push(&mut empty, v(5));
        pool.push(&mut empty, v(6));
        assert_eq!(pool.get(empty), &[v(5), v(6)]);
    }

    #[test]
    fn secondary_tables_answer_beyond_their_end() {
        let mut table: Secondary<Value, u32> = Secondary::with_default(9, 0);
        assert_eq!(table[Value::new(100)], 9);
        table[Value::new(3)] = 1;
        assert_eq!((table[Value::new(2)], table[Value::new(3)], table[Value::new(4)]), (9, 1, 9));
    }
}
