//! Prototypes: objects whose shape is unique because other objects' behaviour depends on it, and the fuses that say so.
//!
//! When an object first becomes a prototype it gets a unique shape with the flag `PROTOTYPE`, and its elements turn sparse, so
//! that no fast path adds an element behind our back. Whoever caches a fact about a chain of prototypes marks the shapes on it
//! (`CACHED`). A structural change of an object with a marked shape (a property added, deleted, reconfigured; another prototype;
//! no longer extensible) does three things:
//!
//! - the object gets a fresh shape, so that guards on its own id fail;
//! - the context's prototype epoch moves on (not for a dictionary, which is no prototype): the interpreter's caches compare it;
//! - the object's [`Validity`] breaks, and with it those of all prototypes that inherit from it: what compiled code compares.
//!
//! Plain assignments to existing properties are no structural change: caches load the value each time. Nor is the making of a
//! lazy property: nobody may depend on one before.

use super::{Shape, flag};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::object::Object;
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use tercel_gc::WeakSweep;

/// A fuse: intact as long as a prototype and everything it inherits from keep their structure. A broken one stays broken; the
/// next user gets a new one ([`Context::validity_of`]).
#[derive(Debug)]
#[repr(C)]
pub struct Validity {
    broken: Cell<u32>,
    /// Fuses of prototypes that inherit from this one.
    heirs: RefCell<Vec<Weak<Validity>>>,
    /// What to tell: bytes of compiled code.
    watchers: RefCell<Vec<Weak<Cell<u8>>>>,
}

impl Validity {
    /// Byte offset of the state, a `u32` that is 0 while the fuse is intact.
    pub const STATE_OFFSET: usize = std::mem::offset_of!(Validity, broken);

    fn new() -> Rc<Validity> {
        Rc::new(Validity { broken: Cell::new(0), heirs: RefCell::default(), watchers: RefCell::default() })
    }

    #[inline(always)]
    pub fn is_intact(&self) -> bool {
        self.broken.get() == 0
    }

    /// Has `flag` set to 1 when the fuse breaks.
    pub fn watch(&self, flag: &Rc<Cell<u8>>) {
        let mut watchers = self.watchers.borrow_mut();
        if watchers.len() == watchers.capacity() {
            watchers.retain(|w| w.strong_count() > 0);
        }
        watchers.push(Rc::downgrade(flag));
    }

    fn add_heir(&self, heir: &Rc<Validity>) {
        let mut heirs = self.heirs.borrow_mut();
        if heirs.len() == heirs.capacity() {
            heirs.retain(|w| w.upgrade().is_some_and(|h| h.is_intact()));
        }
        heirs.push(Rc::downgrade(heir));
    }

    /// Breaks this fuse and those of all heirs. Iterative: chains may be long.
    fn break_all(self: Rc<Validity>) {
        let mut pending = vec![self];
        while let Some(fuse) = pending.pop() {
            if fuse.broken.replace(1) != 0 {
                continue;
            }
            pending.extend(fuse.heirs.take().iter().filter_map(Weak::upgrade));
            for watcher in fuse.watchers.take() {
                if let Some(flag) = watcher.upgrade() {
                    flag.set(1);
                }
            }
        }
    }
}

/// What a prototype's shape knows besides.
pub(super) struct ProtoInfo {
    validity: Option<Rc<Validity>>,
    /// Ids of the root shapes of objects with this prototype; weak.
    roots: Vec<u32>,
}

impl Gc<Shape> {
    fn info<'a>(self) -> Option<&'a mut ProtoInfo> {
        // SAFETY: the info is boxed and owned by this shape; the reference does not outlive the calling function, and those do
        // not nest.
        unsafe { self.info.get().as_mut() }
    }

    fn info_or_new<'a>(self) -> &'a mut ProtoInfo {
        if self.info.get().is_null() {
            self.info.set(Box::into_raw(Box::new(ProtoInfo { validity: None, roots: Vec::new() })));
        }
        // SAFETY: as above; it was made just now.
        unsafe { &mut *self.info.get() }
    }

    pub(crate) fn free_info(self) {
        let info = self.info.replace(std::ptr::null_mut());
        if !info.is_null() {
            // SAFETY: the info is this shape's, boxed in `info_or_new`; nobody uses the shape any more.
            drop(unsafe { Box::from_raw(info) });
        }
    }

    /// Forgets the root shapes that died in this (full) collection.
    pub(crate) fn sweep_roots(self, sweep: &WeakSweep) {
        if let Some(info) = self.info() {
            info.roots.retain(|&id| sweep.shape_is_live(id));
        }
    }
}

impl Context {
    pub(super) fn find_root(&self, prototype: Option<Gc<Object>>, kind: Kind, inline: usize) -> Option<Gc<Shape>> {
        let find = |roots: &[u32]| {
            roots
                .iter()
                .map(|&id| self.shape_of_id(id))
                .find(|s| s.kind.get() == kind as u8 && s.inline_capacity() == inline)
        };
        match prototype {
            None => find(&self.objects.null_roots.borrow()),
            Some(p) => find(&p.shape(self).info()?.roots),
        }
    }

    pub(super) fn remember_root(&self, prototype: Option<Gc<Object>>, shape: Gc<Shape>) {
        let id = self.shape_id(shape);
        match prototype {
            None => self.objects.null_roots.borrow_mut().push(id),
            Some(p) => p.shape(self).info_or_new().roots.push(id),
        }
    }

    /// Gives `object` what a prototype needs: see the module's text. Nothing happens the second time.
    #[inline]
    pub fn make_prototype(&self, object: Gc<Object>) {
        if !object.shape(self).has(flag::PROTOTYPE) {
            self.make_prototype_slow(object);
        }
    }

    #[cold]
    fn make_prototype_slow(&self, object: Gc<Object>) {
        self.ensure_unique(object, flag::PROTOTYPE);
        let shape = object.shape(self);
        shape.set_flag(flag::PROTOTYPE);
        shape.clear_flag(flag::DICTIONARY);
        if object.may_intercept_indices() || object.has_elements() {
            self.break_indexed_fuse();
        }
        object.guard_empty_elements(self);
    }

    /// Gives `object` a unique shape, if it has none.
    pub(crate) fn ensure_unique(&self, object: Gc<Object>, flags: u32) {
        let shape = object.shape(self);
        if !shape.is_unique() {
            let unique = self.unique_copy(shape, flags);
            object.set_shape(self, unique);
        }
    }

    /// To be called before any structural change of an object with a unique shape; gives the shape that may be changed.
    #[inline]
    pub(crate) fn structure_changes(&self, object: Gc<Object>) -> Gc<Shape> {
        let shape = object.shape(self);
        debug_assert!(shape.is_unique());
        shape.stir();
        if shape.has(flag::CACHED) { self.structure_changes_slow(object) } else { shape }
    }

    #[cold]
    fn structure_changes_slow(&self, object: Gc<Object>) -> Gc<Shape> {
        let old = object.shape(self);
        let new = self.unique_successor(old);
        object.set_shape(self, new);
        if new.has(flag::DICTIONARY) {
            // It is no prototype: only guards on its own id depended on it.
            return new;
        }
        self.interp.bump_proto_epoch();
        if let Some(validity) = new.info().and_then(|info| info.validity.take()) {
            validity.break_all();
        }
        new
    }

    /// The fuse of `prototype` and everything it inherits from. Marks the shapes on the way, so that a change of any breaks it.
    /// `None` if the chain has an object (a proxy, …) whose behaviour no shape describes.
    pub fn validity_of(&self, prototype: Gc<Object>) -> Option<Rc<Validity>> {
        let mut next = Some(prototype);
        let mut heir: Option<Rc<Validity>> = None;
        let mut first = None;
        while let Some(object) = next {
            self.make_prototype(object);
            let shape = object.shape(self);
            if shape.object_kind().has_exotic_names() {
                return None;
            }
            shape.set_flag(flag::CACHED);
            let info = shape.info_or_new();
            let known = info.validity.as_ref().filter(|v| v.is_intact()).cloned();
            let validity = known.clone().unwrap_or_else(|| {
                let fresh = Validity::new();
                info.validity = Some(fresh.clone());
                fresh
            });
            if let Some(heir) = heir {
                validity.add_heir(&heir);
            }
            first.get_or_insert_with(|| validity.clone());
            if known.is_some() {
                // Its ancestors are linked already.
                break;
            }
            heir = Some(validity);
            next = shape.prototype();
        }
        first
    }

    /// The fuse "no object that is a prototype has an indexed property, or intercepts indices": while it is intact, a hole
    /// reads as undefined, and a new element shadows no setter.
    #[inline(always)]
    pub fn holes_are_undefined(&self) -> bool {
        self.objects.indexed_fuse.get()
    }

    #[cold]
    pub(crate) fn break_indexed_fuse(&self) {
        if self.objects.indexed_fuse.replace(false) {
            self.interp.bump_proto_epoch();
            if let Some(validity) = self.objects.indexed_validity.take() {
                validity.break_all();
            }
        }
    }

    /// The same fuse in the form that compiled code watches; `None` if it is broken.
    pub fn indexed_validity(&self) -> Option<Rc<Validity>> {
        if !self.holes_are_undefined() {
            return None;
        }
        Some(self.objects.indexed_validity.borrow_mut().get_or_insert_with(Validity::new).clone())
    }
}

impl Kind {
    /// Whether objects of this kind answer for named properties that are not in their shape.
    #[inline]
    pub const fn has_exotic_names(self) -> bool {
        matches!(self, Kind::Proxy | Kind::ModuleNamespace | Kind::TypedArray)
    }

    /// Whether the property `length` of objects of this kind is not in their shape.
    #[inline]
    pub const fn has_own_length(self) -> bool {
        matches!(self, Kind::Array | Kind::StringObject)
    }
}

/// Ties a shape's prototype to another one: for unique shapes, after `structure_changes`.
impl Gc<Shape> {
    pub(crate) fn set_unique_prototype(self, cx: &Context, prototype: Option<Gc<Object>>) {
        debug_assert!(self.is_unique() && !self.has(flag::CACHED));
        if let Some(p) = prototype {
            cx.make_prototype(p);
        }
        let value = prototype.map_or(Value::NULL, Value::from);
        self.prototype.set(value);
        cx.write_barrier(self.header_ptr(), value);
    }
}
