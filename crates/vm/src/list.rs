//! `ValueList`: a growable list of values that native code may keep across calls into JavaScript.
//!
//! Values in a Rust `Vec` are invisible to the collector. A `ValueList` is registered with the context for as long as it
//! lives, and its elements are precise roots: objects in it may move, and the list has their new addresses. Use it wherever a
//! native collects an unknown number of values; nothing else in the crate may hold values in a heap container of Rust.
//!
//! The list's node is boxed and linked into a ring of the context, so that making and dropping a list is a few stores.

use crate::context::Context;
use crate::key::PropertyKey;
use crate::value::Value;
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomPinned;
use std::ptr;
use tercel_gc::Tracer;

/// A rooted list of values (or of property keys, see [`ValueList::push_key`]).
///
/// Like a cell it is shared and interior-mutable. While a borrow of [`ValueList::cells`], [`ValueList::iter`] or
/// [`ValueList::keys`] is alive, nothing may be pushed: these check nothing.
pub struct ValueList<'a> {
    node: Box<Node>,
    cx: &'a Context,
}

struct Node {
    previous: Cell<*const Node>,
    next: Cell<*const Node>,
    values: UnsafeCell<Vec<Cell<Value>>>,
    _pinned: PhantomPinned,
}

/// All lists of a context.
pub struct Lists {
    first: Cell<*const Node>,
}

impl Lists {
    pub(crate) fn new() -> Lists {
        Lists { first: Cell::new(ptr::null()) }
    }

    /// Shows every element of every list.
    pub(crate) fn trace(&self, tracer: &mut Tracer) {
        let mut node = self.first.get();
        while !node.is_null() {
            // SAFETY: nodes are unlinked before they are freed; no list is being changed during a collection, and `Cell<Value>` is
            // one word in the collector's encoding.
            unsafe {
                let values = &*(*node).values.get();
                tracer.visit_values(std::slice::from_raw_parts(values.as_ptr().cast(), values.len()));
                node = (*node).next.get();
            }
        }
    }
}

/// Values that a part of the context itself holds for long: traced by its owner.
#[derive(Default)]
pub struct RootedValues {
    values: UnsafeCell<Vec<Cell<Value>>>,
}

impl RootedValues {
    #[allow(clippy::mut_from_ref)]
    fn vec(&self) -> &mut Vec<Cell<Value>> {
        // SAFETY: used by one thread, and the reference does not outlive the calling method, none of which calls out.
        unsafe { &mut *self.values.get() }
    }
    pub fn push(&self, v: Value) {
        self.vec().push(Cell::new(v));
    }
    pub fn last(&self) -> Option<Value> {
        self.vec().last().map(Cell::get)
    }
    pub fn clear(&self) {
        *self.vec() = Vec::new();
    }
    pub fn len(&self) -> usize {
        self.vec().len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub(crate) fn trace(&self, tracer: &mut Tracer) {
        let values = self.vec();
        // SAFETY: `Cell<Value>` is one word in the collector's encoding.
        tracer.visit_values(unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) });
    }
}

impl<'a> ValueList<'a> {
    pub fn new(cx: &'a Context) -> ValueList<'a> {
        ValueList::with_capacity(cx, 0)
    }

    /// An empty list with room for `capacity` values.
    pub fn with_capacity(cx: &'a Context, capacity: usize) -> ValueList<'a> {
        let lists = &cx.objects.lists;
        let first = lists.first.get();
        let node = Box::new(Node {
            previous: Cell::new(ptr::null()),
            next: Cell::new(first),
            values: UnsafeCell::new(Vec::with_capacity(capacity)),
            _pinned: PhantomPinned,
        });
        if !first.is_null() {
            // SAFETY: the first node of the ring is alive: it is unlinked when it is dropped.
            unsafe { (*first).previous.set(&*node) };
        }
        lists.first.set(&*node);
        ValueList { node, cx }
    }

    #[inline]
    fn values(&self) -> &Vec<Cell<Value>> {
        // SAFETY: the list is used by one thread; see the struct's text for borrows.
        unsafe { &*self.node.values.get() }
    }

    #[inline]
    #[allow(clippy::mut_from_ref)]
    fn values_mut(&self) -> &mut Vec<Cell<Value>> {
        // SAFETY: one thread uses the list, and the reference does not outlive the calling method, none of which calls out; the
        // borrows that `cells` and `iter` hand out are guarded by the rule in the struct's text.
        unsafe { &mut *self.node.values.get() }
    }

    #[inline]
    pub fn push(&self, v: impl Into<Value>) {
        let v = v.into();
        self.values_mut().push(Cell::new(v));
    }

    /// Adds a property key; read it back with [`ValueList::key`]. A list holds values or keys, not both.
    #[inline]
    pub fn push_key(&self, key: PropertyKey) {
        self.values_mut().push(Cell::new(Value::from_bits(key.bits())));
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.values().len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.values().is_empty()
    }

    /// The value at `i`, which must be less than the length.
    #[inline]
    pub fn get(&self, i: usize) -> Value {
        self.values()[i].get()
    }

    /// The property key at `i`, which must be less than the length.
    #[inline]
    pub fn key(&self, i: usize) -> PropertyKey {
        PropertyKey::from_bits(self.values()[i].get().bits())
    }

    /// The keys of a list of keys.
    pub fn keys(&self) -> impl Iterator<Item = PropertyKey> + '_ {
        self.values().iter().map(|v| PropertyKey::from_bits(v.get().bits()))
    }

    pub fn set(&self, i: usize, v: Value) {
        self.values()[i].set(v);
    }

    pub fn pop(&self) -> Option<Value> {
        self.values_mut().pop().map(Cell::into_inner)
    }

    /// The last value.
    #[inline]
    pub fn last(&self) -> Option<Value> {
        self.values().last().map(Cell::get)
    }

    pub fn truncate(&self, length: usize) {
        self.values_mut().truncate(length);
    }

    pub fn clear(&self) {
        self.values_mut().clear();
    }

    pub fn swap(&self, i: usize, j: usize) {
        self.values_mut().swap(i, j);
    }

    /// The elements. They stay rooted, and may be handed to [`Context::call_cells`].
    #[inline]
    pub fn cells(&self) -> &[Cell<Value>] {
        self.values()
    }

    /// The elements for sorting and the like: nothing that may collect can be called while the slice is borrowed and changed.
    pub fn as_mut_slice(&mut self) -> &mut [Cell<Value>] {
        self.values_mut()
    }

    pub fn extend_from(&self, values: &[Cell<Value>]) {
        self.values_mut().extend(values.iter().cloned());
    }

    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        self.values().iter().map(Cell::get)
    }

    pub fn context(&self) -> &'a Context {
        self.cx
    }
}

impl Drop for ValueList<'_> {
    fn drop(&mut self) {
        let (previous, next) = (self.node.previous.get(), self.node.next.get());
        if previous.is_null() {
            self.cx.objects.lists.first.set(next);
        } else {
            // SAFETY: neighbours in the ring are alive: each unlinks itself when it is dropped.
            unsafe { (*previous).next.set(next) };
        }
        if !next.is_null() {
            // SAFETY: as above.
            unsafe { (*next).previous.set(previous) };
        }
    }
}
