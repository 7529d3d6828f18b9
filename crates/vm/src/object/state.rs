//! What objects keep in the context: shared cells, fuses, rooted containers, realms.

use crate::cell::{CellHeader, Gc};
use crate::context::Context;
use crate::elements::Elements;
use crate::list::{Lists, RootedValues};
use crate::native::{Builtins, FunctionSpec, ObjectSpec};
use crate::object::own::CopiedShapes;
use crate::realm::{Intrinsic, Realm};
use crate::shape::Validity;
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use tercel_gc::{HandleTable, Tracer, WeakSweep};

/// See the module's text.
pub struct Objects {
    /// The elements of objects that have none; in the non-moving space.
    pub(crate) empty_elements: Cell<Option<Gc<Elements>>>,
    /// Roots of the trees of shapes without prototype; weak.
    pub(crate) null_roots: RefCell<Vec<u32>>,
    /// See [`Context::holes_are_undefined`].
    pub(crate) indexed_fuse: Cell<bool>,
    pub(crate) indexed_validity: RefCell<Option<Rc<Validity>>>,
    pub(crate) copied_shapes: CopiedShapes,
    pub(crate) lists: Lists,
    /// What WeakRefs keep alive until the job ends.
    pub(crate) kept: RootedValues,
    /// Values that the embedder holds.
    pub handles: HandleTable,
    /// The realm that is current while no function runs.
    pub(crate) main_realm: Cell<Option<Gc<Realm>>>,
    /// How many realms were made: with one, nobody has to look which is current.
    pub(crate) realm_count: Cell<u32>,
    /// Addresses of all realms; weak.
    pub(crate) realms: RefCell<Vec<usize>>,
    /// State of the generator of identity hashes.
    pub(crate) next_identity: Cell<u32>,
    specs: [Option<&'static ObjectSpec>; Intrinsic::COUNT],
    runtime: OnceCell<RuntimeFunctions>,
}

impl Objects {
    pub(crate) fn new(builtins: &'static Builtins) -> Objects {
        let mut specs = [None; Intrinsic::COUNT];
        for spec in builtins.objects.iter().copied().flatten() {
            specs[spec.intrinsic as usize] = Some(spec);
        }
        Objects {
            empty_elements: Cell::new(None),
            null_roots: RefCell::default(),
            copied_shapes: CopiedShapes::default(),
            indexed_fuse: Cell::new(true),
            indexed_validity: RefCell::default(),
            lists: Lists::new(),
            kept: RootedValues::default(),
            handles: HandleTable::new(),
            main_realm: Cell::new(None),
            realm_count: Cell::new(0),
            realms: RefCell::default(),
            next_identity: Cell::new(0x2545_f491),
            specs,
            runtime: OnceCell::new(),
        }
    }

    /// The table of an intrinsic object.
    #[inline]
    pub fn spec(&self, intrinsic: Intrinsic) -> Option<&'static ObjectSpec> {
        self.specs[intrinsic as usize]
    }

    /// Shows the roots of this part of the context.
    pub(crate) fn trace(&self, tracer: &mut Tracer) {
        self.lists.trace(tracer);
        self.kept.trace(tracer);
        self.handles.trace(tracer);
        if tracer.is_full() {
            // Cells that do not move, and are never young.
            if let Some(elements) = self.empty_elements.get() {
                tracer.visit_value(&Cell::new(Value::from(elements).bits()));
            }
            if let Some(realm) = self.main_realm.get() {
                tracer.visit_value(&Cell::new(Value::from(realm).bits()));
            }
        }
    }

    pub(crate) fn sweep(&self, sweep: &WeakSweep) {
        if sweep.is_full() {
            self.null_roots.borrow_mut().retain(|&id| sweep.shape_is_live(id));
            self.copied_shapes.clear();
            self.realms.borrow_mut().retain(|&address| sweep.forward(address as *mut CellHeader).is_some());
        }
    }
}

impl Context {
    /// Makes the shared cells. Once, when the names stand.
    pub(crate) fn init_objects(&self) {
        self.objects.empty_elements.set(Some(Elements::new_shared_empty(self)));
    }

    /// The elements of objects that have none.
    #[inline(always)]
    pub fn empty_elements(&self) -> Gc<Elements> {
        debug_assert!(self.objects.empty_elements.get().is_some());
        // SAFETY: set by `init_objects` before any object is made.
        unsafe { self.objects.empty_elements.get().unwrap_unchecked() }
    }

    /// A fresh identity hash, never 0. (Marsaglia, "Xorshift RNGs", 2003.)
    pub(crate) fn fresh_identity_hash(&self) -> u32 {
        let mut x = self.objects.next_identity.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.objects.next_identity.set(x);
        x
    }

    /// The functions behind `%name(…)` in self-hosted code.
    pub fn runtime_functions(&self) -> &RuntimeFunctions {
        self.objects.runtime.get_or_init(|| {
            let specs: Vec<_> = self.builtins.runtime.iter().copied().flatten().collect();
            let by_name = specs.iter().zip(0..).map(|(spec, index)| (spec.name.text(), index)).collect();
            RuntimeFunctions { specs, by_name }
        })
    }
}

/// The functions that self-hosted code calls by name. A call looks its function up once and keeps the index.
pub struct RuntimeFunctions {
    specs: Vec<&'static FunctionSpec>,
    by_name: FxHashMap<&'static str, u32>,
}

impl RuntimeFunctions {
    /// The index of the function of this name.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The function of this index.
    pub fn get(&self, index: u32) -> Option<&'static FunctionSpec> {
        self.specs.get(index as usize).copied()
    }
}
