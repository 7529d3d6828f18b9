//! Storage that outlives the compilation that it was made for.
//!
//! A compiler makes tables whose size is that of the function, uses each for a while, and drops them. If they go back to the system's
//! allocator, the large ones go back to the system, and the next compilation pays a page fault for every 4 KB that it touches:
//! for functions of 100,000 ops that was a third of all time. So a compiler that runs often keeps a [`Scratch`]: vectors are taken from
//! it and given back, emptied but with their storage, and the next stage or pass finds them warm in the caches.
//!
//! Rejected: tables that each stage owns for ever (no two stages would share storage: twice the memory, and cold); an arena of bytes
//! (tables grow, and it needs unsafe code).
//!
//! # Invariants
//! * What is taken is empty: nothing of one function is seen in another.
//! * Not giving back is no mistake, only a loss.
//! * [`Scratch::trim`] bounds what is kept.

use std::any::{Any, TypeId};
use std::fmt;

/// A store of vectors that are not in use.
///
/// Not shared: each thread that compiles has its own.
#[derive(Default)]
pub struct Scratch {
    /// One shelf for each type of element; a dozen.
    shelves: Vec<(TypeId, Box<dyn Shelf>)>,
    /// What is not a vector, with its bytes.
    objects: Vec<(TypeId, usize, Box<dyn Any + Send>)>,
}

/// The vectors of one type of element.
trait Shelf: Send {
    fn bytes(&self) -> usize;
    /// The bytes of the largest vector.
    fn largest(&self) -> usize;
    fn drop_largest(&mut self);
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<T: Send + 'static> Shelf for Vec<Vec<T>> {
    fn bytes(&self) -> usize {
        self.iter().map(|vector| vector.capacity() * size_of::<T>()).sum()
    }

    fn largest(&self) -> usize {
        self.iter().map(|vector| vector.capacity() * size_of::<T>()).max().unwrap_or(0)
    }

    fn drop_largest(&mut self) {
        if let Some(index) = (0..self.len()).max_by_key(|&index| self[index].capacity()) {
            self.swap_remove(index);
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Scratch {
    /// A store with nothing in it.
    pub fn new() -> Scratch {
        Scratch::default()
    }

    fn shelf<T: Send + 'static>(&mut self) -> &mut Vec<Vec<T>> {
        let id = TypeId::of::<T>();
        let index = self.shelves.iter().position(|shelf| shelf.0 == id).unwrap_or_else(|| {
            self.shelves.push((id, Box::new(Vec::<Vec<T>>::new())));
            self.shelves.len() - 1
        });
        self.shelves[index].1.as_any().downcast_mut().expect("a shelf holds what its key says")
    }

    /// An empty vector with room for `len` elements: of those that have it the smallest, of equals the one used last.
    pub fn list<T: Send + 'static>(&mut self, len: usize) -> Vec<T> {
        if len == 0 {
            return Vec::new();
        }
        let shelf = self.shelf::<T>();
        let mut best: Option<(usize, usize)> = None;
        for (index, vector) in shelf.iter().enumerate().rev() {
            let capacity = vector.capacity();
            if capacity >= len && best.is_none_or(|(_, so_far)| capacity < so_far) {
                best = Some((index, capacity));
            }
        }
        match best {
            Some((index, _)) => shelf.swap_remove(index),
            None => {
                // What is too small would be too small next time as well.
                shelf.pop();
                Vec::with_capacity(len)
            }
        }
    }

    /// An empty vector for a list of unknown length, probably at least `len`: the one with the most room.
    pub fn growing<T: Send + 'static>(&mut self, len: usize) -> Vec<T> {
        let shelf = self.shelf::<T>();
        let most = (0..shelf.len()).max_by_key(|&index| shelf[index].capacity());
        let vector = most.map(|index| shelf.swap_remove(index));
        vector.filter(|vector| vector.capacity() >= len).unwrap_or_else(|| Vec::with_capacity(len))
    }

    /// A vector of `len` equal elements.
    pub fn table<T: Clone + Send + 'static>(&mut self, value: T, len: usize) -> Vec<T> {
        let mut vector = self.list(len);
        vector.resize(len, value);
        vector
    }

    /// Takes a vector back.
    pub fn give<T: Send + 'static>(&mut self, mut vector: Vec<T>) {
        if vector.capacity() > 0 {
            vector.clear();
            self.shelf().push(vector);
        }
    }

    /// Keeps something else than a vector for the next [`Scratch::recall`]. It is empty, and has storage of about `bytes` bytes.
    pub fn keep<T: Send + 'static>(&mut self, object: T, bytes: usize) {
        self.objects.push((TypeId::of::<T>(), bytes, Box::new(object)));
    }

    /// What was kept of this type, or a new one.
    pub fn recall<T: Default + Send + 'static>(&mut self) -> T {
        let id = TypeId::of::<T>();
        let found = self.objects.iter().position(|object| object.0 == id);
        let object = found.and_then(|index| self.objects.swap_remove(index).2.downcast().ok());
        object.map_or_else(T::default, |object| *object)
    }

    /// The bytes that are kept.
    pub fn bytes(&self) -> usize {
        let objects = self.objects.iter().map(|object| object.1);
        self.shelves.iter().map(|shelf| shelf.1.bytes()).chain(objects).sum()
    }

    /// Returns what is more than `bound` bytes to the system: the largest vectors, since the smaller ones will do for most functions. To return
    /// everything would make all the next large function's storage new if it needs a little more than the bound.
    pub fn trim(&mut self, bound: usize) {
        while self.bytes() > bound {
            match self.shelves.iter_mut().map(|shelf| &mut shelf.1).max_by_key(|shelf| shelf.largest()) {
                Some(shelf) if shelf.largest() > 0 => shelf.drop_largest(),
                _ => return self.objects.clear(),
            }
        }
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Scratch({} bytes)", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_taken_again_and_empty() {
        let mut scratch = Scratch::new();
        let table = scratch.table(7u32, 100);
        let place = table.as_ptr();
        scratch.give(table);
        let again = scratch.list::<u32>(50);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        assert_eq!(scratch.bytes(), 0, "it is in use");
    }

    #[test]
    fn the_smallest_that_suffices_is_taken_and_the_largest_to_grow() {
        let mut scratch = Scratch::new();
        for capacity in [1000, 10, 100] {
            scratch.give(Vec::<u8>::with_capacity(capacity));
        }
        assert_eq!(scratch.list::<u8>(50).capacity(), 100);
        assert_eq!(scratch.growing::<u8>(1).capacity(), 1000);
        assert_eq!(scratch.growing::<u8>(1).capacity(), 10);
        assert_eq!(scratch.growing::<u8>(0).capacity(), 0);
    }

    #[test]
    fn trimming_returns_what_is_over_the_bound() {
        let mut scratch = Scratch::new();
        scratch.give(Vec::<u64>::with_capacity(1000));
        assert_eq!(scratch.bytes(), 8000);
        scratch.trim(8000);
        assert_eq!(scratch.bytes(), 8000);
        scratch.give(Vec::<u8>::with_capacity(100));
        scratch.trim(8000);
        assert_eq!(scratch.bytes(), 100, "the largest goes first");
        scratch.keep(7u64, 1000);
        scratch.trim(99);
        assert_eq!(scratch.bytes(), 0);
    }
}
