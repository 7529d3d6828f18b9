//! Making objects: ordinary ones, from constructors, with slack tracking; iterator results; bound functions.

use super::kinds::{Collection, FieldsObject};
use super::{Object, object_flag};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::function::{BoundFunction, ConstructState, Function, NativeFunction};
use crate::key::PropertyKey;
use crate::realm::{Intrinsic, RealmShape};
use crate::shape::transition::TRACKED_INSTANCES;
use crate::shape::{CONFIGURABLE, DEFAULT_INLINE, Shape, WATCHED, WRITABLE};
use crate::value::Value;
use std::cell::Cell;

impl Context {
    /// `{}` of the current realm.
    #[inline]
    pub fn new_object(&self) -> Gc<Object> {
        self.alloc_object_raw(self.realm_shape(RealmShape::Object), Kind::Object)
    }

    /// OrdinaryObjectCreate (§10.1.12).
    pub fn new_object_with_prototype(&self, prototype: Option<Gc<Object>>) -> Gc<Object> {
        self.alloc_object_raw(self.root_shape(prototype, Kind::Object, DEFAULT_INLINE), Kind::Object)
    }

    /// An object of `kind`, its own fields `EMPTY`, for the builtins' classes.
    pub fn new_object_of_kind(&self, kind: Kind, prototype: impl Into<Option<Gc<Object>>>) -> Gc<Object> {
        self.alloc_object_raw(self.root_shape(prototype.into(), kind, 0), kind)
    }

    /// A Map, Set, WeakMap or WeakSet without table.
    pub fn new_collection(&self, kind: Kind, prototype: Gc<Object>) -> Gc<Collection> {
        self.alloc_object_raw(self.root_shape(Some(prototype), kind, 0), kind)
    }

    /// An iterator or disposable stack with these fields; the rest are undefined.
    pub fn new_fields_object(&self, kind: Kind, prototype: Gc<Object>, fields: &[Value]) -> Gc<FieldsObject> {
        debug_assert!(matches!(kind, Kind::NativeIterator | Kind::DisposableStack));
        let o: Gc<FieldsObject> = self.alloc_object_raw(self.root_shape(Some(prototype), kind, 0), kind);
        for (i, field) in o.fields.iter().enumerate() {
            field.set(fields.get(i).copied().unwrap_or(Value::UNDEFINED));
        }
        o
    }

    /// The root shape of an object literal with `properties` properties, in the current realm: the interpreter follows transitions
    /// from there.
    pub fn literal_shape(&self, properties: usize) -> Gc<Shape> {
        if properties <= DEFAULT_INLINE {
            return self.realm_shape(RealmShape::Object);
        }
        self.root_shape(Some(self.intrinsic(Intrinsic::ObjectPrototype)), Kind::Object, properties)
    }

    /// A fresh object of a shape of the realm, whose first properties have these values.
    pub fn object_of_shape(&self, which: RealmShape, values: &[Value]) -> Gc<Object> {
        let o = self.new_object_of_shape(self.realm_shape(which));
        self.set_own_slots(o, values);
        o
    }

    /// CreateIterResultObject (§7.4.14).
    #[inline]
    pub fn new_iterator_result(&self, value: Value, done: bool) -> Gc<Object> {
        self.object_of_shape(RealmShape::IteratorResult, &[value, done.into()])
    }

    /// An object with these enumerable data properties.
    pub fn new_object_from(&self, properties: &[(PropertyKey, Value)]) -> JsResult<Gc<Object>> {
        let o = self.new_object_of_shape(self.literal_shape(properties.len()));
        for &(key, value) in properties {
            o.create_data(self, key, value)?;
        }
        Ok(o)
    }

    /// GetPrototypeFromConstructor (§10.1.14): the prototype that instances of `new_target` get. `new_target` undefined (a plain
    /// call) means the default.
    pub fn prototype_from_new_target(&self, new_target: Value, default: Intrinsic) -> JsResult<Gc<Object>> {
        let Some(constructor) = new_target.as_object() else { return Ok(self.intrinsic(default)) };
        let prototype = constructor.get(self, self.names().prototype)?;
        match prototype.as_object() {
            Some(prototype) => Ok(prototype),
            None => {
                let realm = self.function_realm(constructor)?;
                Ok(self.intrinsic_in(realm, default))
            }
        }
    }

    /// OrdinaryCreateFromConstructor (§10.1.13): an object of `kind` whose shape `new_target` remembers. Its own fields are `EMPTY`.
    pub fn ordinary_create_from_constructor(
        &self,
        new_target: Value,
        default: Intrinsic,
        kind: Kind,
    ) -> JsResult<Gc<Object>> {
        let shape = self.initial_shape(new_target, default, kind, || 0)?;
        Ok(self.new_object_of_shape(shape))
    }

    /// The `this` that `new f` begins with, `f` being a base constructor and `new_target` what was called. `expected`: how many
    /// properties its code suggests.
    #[inline]
    pub fn new_this(&self, new_target: Gc<Object>, expected: impl FnOnce() -> usize) -> JsResult<Gc<Object>> {
        let shape = self.initial_shape(new_target.value(), Intrinsic::ObjectPrototype, Kind::Object, expected)?;
        Ok(self.alloc_object_raw(shape, Kind::Object))
    }

    /// The shape that instances of `new_target` begin with; settles its inline capacity when enough were made.
    #[inline]
    pub fn initial_shape(
        &self,
        new_target: Value,
        default: Intrinsic,
        kind: Kind,
        expected: impl FnOnce() -> usize,
    ) -> JsResult<Gc<Shape>> {
        if let Some(state) = construct_state(new_target)
            && state.shape.get() != 0
        {
            let shape = self.shape_of_id(state.shape.get());
            if shape.object_kind() == kind {
                if state.tracking.get() != 0 {
                    self.track_instance(&state.tracking, shape);
                }
                return Ok(shape);
            }
        }
        self.find_initial_shape(new_target, default, kind, expected())
    }

    #[cold]
    fn track_instance(&self, tracking: &Cell<u32>, shape: Gc<Shape>) {
        let left = tracking.get() - 1;
        tracking.set(left);
        if left == 0 {
            self.settle_slack(shape);
        }
    }

    #[cold]
    fn find_initial_shape(
        &self,
        new_target: Value,
        default: Intrinsic,
        kind: Kind,
        expected: usize,
    ) -> JsResult<Gc<Shape>> {
        let prototype = self.prototype_from_new_target(new_target, default)?;
        let inline = if kind == Kind::Object { DEFAULT_INLINE } else { 0 };
        let (Some(state), Some(f)) = (construct_state(new_target), new_target.as_object()) else {
            return Ok(self.root_shape(Some(prototype), kind, inline));
        };
        // Remembered only while `prototype` is the function's own data property with that value. A write to a watched one clears
        // the state; one that is neither writable nor configurable does not change.
        let own = f.shape(self).lookup(self, self.names().prototype);
        let Some(own) = own.filter(|e| e.is_plain() && f.slot(e.location) == prototype.value()) else {
            return Ok(self.root_shape(Some(prototype), kind, inline));
        };
        if !own.has(WATCHED) {
            let shape = self.root_shape(Some(prototype), kind, inline);
            if !own.has(WRITABLE | CONFIGURABLE) {
                state.shape.set(self.shape_id(shape));
                state.tracking.set(0);
            }
            return Ok(shape);
        }
        let shape = self.new_initial_shape(prototype, kind, expected);
        state.shape.set(self.shape_id(shape));
        state.tracking.set(TRACKED_INSTANCES);
        Ok(shape)
    }

    /// BoundFunctionCreate (§10.4.1.3). `length` and `name` are the caller's to define.
    pub fn new_bound_function(
        &self,
        target: Gc<Object>,
        this: Value,
        args: &[Cell<Value>],
    ) -> JsResult<Gc<BoundFunction>> {
        let prototype = target.prototype(self)?;
        let shape = self.root_shape(prototype, Kind::BoundFunction, 2);
        let f: Gc<BoundFunction> = self.alloc_object_raw(shape, Kind::BoundFunction);
        f.target.set(target.into());
        f.this.set(this);
        f.args.set(if args.is_empty() { Value::UNDEFINED } else { self.value_array_from(args)?.into() });
        f.object().set_flag(object_flag::CALLABLE);
        if target.is_constructor() {
            f.object().set_flag(object_flag::CONSTRUCTOR);
        }
        Ok(f)
    }

    /// CopyDataProperties (§7.3.26): own enumerable properties of `source`, without those of `excluded`.
    pub fn copy_data_properties(&self, target: Gc<Object>, source: Value, excluded: &[PropertyKey]) -> JsResult<()> {
        if source.is_nullish() {
            return Ok(());
        }
        let from = self.to_object(source)?;
        let keys = from.own_property_keys(self)?;
        for i in 0..keys.len() {
            let key = keys.key(i);
            if excluded.contains(&key) {
                continue;
            }
            let value = if from.kind() == Kind::Proxy || from.kind() == Kind::ModuleNamespace {
                match from.get_own(self, key)? {
                    Some(d) if d.enumerable == Some(true) => from.get(self, key)?,
                    _ => continue,
                }
            } else {
                // What is not enumerable is passed over before it is made.
                if from.shape(self).lookup(self, key).is_some_and(|e| !e.has(crate::shape::ENUMERABLE)) {
                    continue;
                }
                match from.own_property(self, key)? {
                    Some(p) if p.has(crate::shape::ENUMERABLE) => p.read(self, from.value())?,
                    _ => continue,
                }
            };
            target.create_data_or_throw(self, key, value)?;
        }
        Ok(())
    }
}

/// Where a function keeps the initial shape of its instances.
#[inline]
fn construct_state<'a>(f: Value) -> Option<&'a ConstructState> {
    let o = f.as_object()?;
    // SAFETY: the kinds are checked; the cell is alive as the value is reachable, and the reference is not kept across a
    // safepoint that could move it: callers use it before and after allocation only.
    unsafe {
        match o.kind() {
            Kind::Function => Some(&(*o.cast::<Function>().as_ptr()).construct),
            Kind::NativeFunction => Some(&(*o.cast::<NativeFunction>().as_ptr()).construct),
            _ => None,
        }
    }
}
