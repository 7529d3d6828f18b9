//! What the standard library and hosts ask of the engine beyond the language's own operations, and the small state behind it:
//! random numbers, the arrays that are being joined, statistics.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::function::NativeFunction;
use crate::key::PropertyKey;
use crate::object::Object;
use crate::object::array::ArrayObject;
use crate::realm::{Intrinsic, Realm, RealmShape};
use crate::regexp::Regexps;
use crate::typed::{ArrayBuffer, TypedArray};
use crate::value::Value;
use crate::walk::IterationProbes;
use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, Hasher, RandomState};

/// The library's state in a context.
pub struct Library {
    random: Cell<[u64; 2]>,
    /// Addresses of the arrays that `join` works on. Their natives' frames hold them, so they are pinned.
    joining: RefCell<Vec<usize>>,
    pub(crate) regexps: Regexps,
    pub(crate) iteration: IterationProbes,
    /// Why the last termination happened.
    termination: Cell<&'static str>,
}

impl Default for Library {
    fn default() -> Library {
        // RandomState is seeded by the system.
        let seed = |n: u64| {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u64(n);
            hasher.finish() | 1
        };
        Library {
            random: Cell::new([seed(1), seed(2)]),
            joining: RefCell::default(),
            regexps: Regexps::default(),
            iteration: IterationProbes::default(),
            termination: Cell::new("terminated"),
        }
    }
}

impl Context {
    /// A random number in [0, 1). (Vigna, "Further scramblings of Marsaglia's xorshift generators", 2017: xorshift128+.)
    pub fn random(&self) -> f64 {
        let [mut a, b] = self.library.random.get();
        a ^= a << 23;
        a ^= a >> 17;
        a ^= b ^ (b >> 26);
        self.library.random.set([b, a]);
        (a.wrapping_add(b) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Begins to join `o`; `false` if that is under way already (a cycle).
    pub fn enter_join(&self, o: Gc<Object>) -> bool {
        let mut joining = self.library.joining.borrow_mut();
        if joining.contains(&o.addr()) {
            return false;
        }
        joining.push(o.addr());
        true
    }

    pub fn leave_join(&self, _: Gc<Object>) {
        self.library.joining.borrow_mut().pop();
    }

    /// Whether ArraySpeciesCreate of `o` makes a plain array whatever a script could see: an array of the current realm without own
    /// properties whose constructor is %Array%, which is its own species.
    pub fn has_default_array_species(&self, o: Gc<Object>) -> bool {
        if o.kind() != Kind::Array || o.shape_id() != self.realm_shape(RealmShape::Array).id(self) {
            return false;
        }
        self.native_species(Intrinsic::ArrayPrototype, Intrinsic::Array).is_some()
    }

    /// The native getter that SpeciesConstructor asks for an object that has nothing own and inherits from the intrinsic `prototype`, if
    /// the own `constructor` there is still the intrinsic `constructor`. Runs no script.
    pub fn native_species(&self, prototype: Intrinsic, constructor: Intrinsic) -> Option<Gc<NativeFunction>> {
        let (prototype, constructor) = (self.intrinsic(prototype), self.intrinsic(constructor));
        let own = |o: Gc<Object>, key| o.get_own(self, key).ok().flatten();
        if own(prototype, self.names().constructor)?.value != Some(constructor.into()) {
            return None;
        }
        own(constructor, self.names().symbol_species)?.getter?.as_kind(Kind::NativeFunction)
    }

    /// Whether indices can be assigned behind the elements of an array without looking further: its elements are dense, it may grow,
    /// and no prototype has a setter for an index.
    pub fn is_appendable(&self, o: Gc<Object>) -> bool {
        !o.elements.get().is_sparse() && o.shape(self).is_extensible() && self.holes_are_undefined()
    }

    /// Calls the method `key` of `v` without arguments, if there is one.
    pub fn invoke_if_present(&self, v: Value, key: PropertyKey) -> JsResult<Option<Value>> {
        match self.get_method(v, key)? {
            Some(method) => self.call(method, v, &[]).map(Some),
            None => Ok(None),
        }
    }

    /// The length of a typed array that an iterator stands on (§23.1.5.2.1 step 8).
    pub fn validated_typed_length(&self, o: Gc<Object>) -> JsResult<usize> {
        match o.as_kind::<TypedArray>(Kind::TypedArray) {
            Some(t) if !t.is_out_of_bounds() => Ok(t.len()),
            _ => Err(self.throw_type(format_args!("Cannot iterate a detached or out-of-bounds typed array"))),
        }
    }

    /// An array without prototype: a list of the engine's own.
    pub fn new_list_array(&self) -> Gc<ArrayObject> {
        let shape = self.root_shape(None, Kind::Array, 0);
        self.alloc_object_raw(shape, Kind::Array)
    }

    /// An ArrayBuffer with these bytes.
    pub fn new_array_buffer_from(&self, bytes: &[u8]) -> JsResult<Gc<ArrayBuffer>> {
        let proto = self.intrinsic(Intrinsic::ArrayBufferPrototype);
        let buffer = self.new_array_buffer(proto, bytes.len(), None, false)?;
        for (to, from) in buffer.bytes().iter().zip(bytes) {
            to.set(*from);
        }
        Ok(buffer)
    }

    /// The realm that is current while no function runs.
    pub fn main_realm(&self) -> Gc<Realm> {
        self.realm()
    }

    /// The global object of the current realm.
    pub fn global_object(&self) -> Gc<Object> {
        self.realm().global_object()
    }

    /// Says why the termination that begins happens.
    pub fn set_termination_reason(&self, why: &'static str) {
        self.library.termination.set(why);
    }

    /// Why the last termination happened.
    pub fn termination_reason(&self) -> &'static str {
        self.library.termination.get()
    }

    /// Collects all garbage now. For hosts and tests.
    ///
    /// # Errors
    /// A termination that is due.
    pub fn collect_now(&self) -> JsResult<()> {
        self.heap.request_full_collection();
        self.poll()
    }
}

impl Context {
    /// Gives a collection its table.
    pub fn set_collection_table(&self, c: Gc<crate::object::kinds::Collection>, table: Value) {
        c.table.set(table);
        self.write_barrier(c.header_ptr(), table);
    }

    /// A FinalizationRegistry of the current realm (§26.2.1.1).
    pub fn new_finalization_registry(&self, prototype: Gc<Object>, cleanup: Value) -> Gc<Object> {
        let object = self.new_object_of_kind(Kind::FinalizationRegistry, prototype);
        if let Some(registry) = object.as_kind::<crate::object::kinds::FinalizationRegistry>(Kind::FinalizationRegistry)
        {
            registry.cleanup.set(cleanup);
            registry.realm.set(self.realm().into());
            self.write_barrier(registry.header_ptr(), cleanup);
        }
        object
    }
}
