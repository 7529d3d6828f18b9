//! Realms (ECMA-262 §9.3) and their intrinsic objects.
//!
//! A realm is one cell: the global object, an array of intrinsics by [`Intrinsic`] (empty until asked for), and the shapes that
//! the engine itself begins objects with. Intrinsics are made from the static tables of the library (`native`) when they are
//! first needed, and their properties when those are first touched (`object::lazy`), so that a realm costs next to nothing.

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::frame::Frame;
use crate::function::{Function, FunctionShape, NativeFunction};
use crate::key::PropertyKey;
use crate::native::{FunctionSpec, ObjectForm, ObjectSpec, PropertySpec, PropertyValue, SelfHostedSpec, SpecKey};
use crate::object::lazy::recipe;
use crate::object::{IntegrityLevel, Object};
use crate::shape::{ACCESSOR, CONFIGURABLE, DEFAULT, DEFAULT_INLINE, LAZY, Shape, WATCHED, WRITABLE, flag};
use crate::value::Value;
use std::cell::Cell;

macro_rules! intrinsics {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// The intrinsic objects (§6.1.7.4): constructors under their names, prototypes with the suffix `Prototype`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Intrinsic { $($(#[doc = $doc])* $name,)* }

        impl Intrinsic {
            pub const ALL: &'static [Intrinsic] = &[$(Intrinsic::$name,)*];
            pub const COUNT: usize = Intrinsic::ALL.len();
            pub const fn name(self) -> &'static str {
                match self { $(Intrinsic::$name => stringify!($name),)* }
            }
        }
    };
}

intrinsics! {
    Object, ObjectPrototype, Function, FunctionPrototype,
    Array, ArrayPrototype, ArrayIteratorPrototype,
    /// %Array.prototype.values%
    ArrayValues,
    /// %ArrayIteratorPrototype%.next
    ArrayIteratorNext,
    /// Function.prototype[Symbol.hasInstance]
    FunctionPrototypeHasInstance,
    String, StringPrototype, StringIteratorPrototype,
    Number, NumberPrototype, Boolean, BooleanPrototype, Symbol, SymbolPrototype, BigInt, BigIntPrototype,
    Math, Json, Reflect, Proxy, Atomics,
    Error, ErrorPrototype, EvalError, EvalErrorPrototype, RangeError, RangeErrorPrototype,
    ReferenceError, ReferenceErrorPrototype, SyntaxError, SyntaxErrorPrototype, TypeError, TypeErrorPrototype,
    UriError, UriErrorPrototype, AggregateError, AggregateErrorPrototype, SuppressedError, SuppressedErrorPrototype,
    Iterator, IteratorPrototype, IteratorHelperPrototype, WrapForValidIteratorPrototype,
    AsyncIteratorPrototype, AsyncFromSyncIteratorPrototype,
    GeneratorFunction,
    /// %GeneratorFunction.prototype%
    GeneratorFunctionPrototype,
    /// %GeneratorFunction.prototype.prototype%
    GeneratorPrototype,
    AsyncGeneratorFunction, AsyncGeneratorFunctionPrototype, AsyncGeneratorPrototype,
    AsyncFunction, AsyncFunctionPrototype,
    Promise, PromisePrototype,
    /// %Promise.prototype.then%
    PromiseThen,
    /// %Promise.resolve%
    PromiseResolve,
    Map, MapPrototype, MapIteratorPrototype, Set, SetPrototype, SetIteratorPrototype,
    WeakMap, WeakMapPrototype, WeakSet, WeakSetPrototype, WeakRef, WeakRefPrototype,
    FinalizationRegistry, FinalizationRegistryPrototype,
    Date, DatePrototype, RegExp, RegExpPrototype, RegExpStringIteratorPrototype,
    ArrayBuffer, ArrayBufferPrototype, SharedArrayBuffer, SharedArrayBufferPrototype, DataView, DataViewPrototype,
    /// %TypedArray%
    TypedArray,
    /// %TypedArray.prototype%
    TypedArrayPrototype,
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
    Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array,
    Int8ArrayPrototype, Uint8ArrayPrototype, Uint8ClampedArrayPrototype, Int16ArrayPrototype, Uint16ArrayPrototype,
    Int32ArrayPrototype, Uint32ArrayPrototype, Float16ArrayPrototype, Float32ArrayPrototype, Float64ArrayPrototype,
    BigInt64ArrayPrototype, BigUint64ArrayPrototype,
    DisposableStack, DisposableStackPrototype, AsyncDisposableStack, AsyncDisposableStackPrototype,
    /// %ThrowTypeError%
    ThrowTypeError,
    Eval, ParseInt, ParseFloat, IsNan, IsFinite,
    DecodeUri, DecodeUriComponent, EncodeUri, EncodeUriComponent, Escape, Unescape,
    Console, Performance, Intl, Temporal,
    /// Free for the host.
    Host0, Host1, Host2, Host3,
}

impl Intrinsic {
    /// The constructor of a typed array type, by `typed::ElementType`.
    pub const fn typed_array(element: crate::typed::ElementType) -> Intrinsic {
        Intrinsic::ALL[Intrinsic::Int8Array as usize + element as usize]
    }
    /// The prototype of a typed array type.
    pub const fn typed_array_prototype(element: crate::typed::ElementType) -> Intrinsic {
        Intrinsic::ALL[Intrinsic::Int8ArrayPrototype as usize + element as usize]
    }
}

/// Shapes that the engine begins objects with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum RealmShape {
    /// `{}`
    Object,
    Array,
    /// { value, done }
    IteratorResult,
    /// { value, writable, enumerable, configurable }
    DataDescriptor,
    /// { get, set, enumerable, configurable }
    AccessorDescriptor,
    /// length, Symbol.iterator, callee (accessor)
    UnmappedArguments,
    /// length, Symbol.iterator, callee
    MappedArguments,
    /// The same, without aliasing
    SloppyArguments,
    Proxy,
    /// lastIndex
    RegExp,
    /// An array with index, input, groups
    MatchResult,
}

impl RealmShape {
    pub const COUNT: usize = RealmShape::MatchResult as usize + 1;
}

/// Kind::Realm; does not move.
#[repr(C)]
pub struct Realm {
    pub header: CellHeader,
    /// The global object.
    pub global: Cell<Value>,
    /// The value of `this` at global level.
    pub global_this: Cell<Value>,
    /// See [`Gc::lexicals`].
    pub lexical: Cell<Value>,
    /// The embedder's.
    pub host: Cell<Value>,
    intrinsics: [Cell<Value>; Intrinsic::COUNT],
    shapes: [Cell<u32>; RealmShape::COUNT],
    function_shapes: [Cell<u32>; FunctionShape::COUNT],
    /// Counted from 0 in the order of creation.
    pub index: Cell<u32>,
}

impl Realm {
    /// Where the intrinsics are, in bytes, for machine code.
    pub const INTRINSICS_OFFSET: usize = std::mem::offset_of!(Realm, intrinsics);
}

/// The values of a realm, as the collector sees them.
pub(crate) const REALM_VALUES: usize = 4 + Intrinsic::COUNT;

impl Gc<Realm> {
    #[inline(always)]
    pub fn global_object(self) -> Gc<Object> {
        debug_assert!(self.global.get().is_object());
        // SAFETY: set when the realm is made, before anyone sees it.
        unsafe { Gc::from_addr(self.global.get().bits() as usize) }
    }

    /// The value of `this` at global level.
    #[inline(always)]
    pub fn global_this(self) -> Gc<Object> {
        debug_assert!(self.global_this.get().is_object());
        // SAFETY: as above.
        unsafe { Gc::from_addr(self.global_this.get().bits() as usize) }
    }

    /// The object without prototype that maps the names of the scripts' lexical declarations to their bindings.
    #[inline(always)]
    pub fn lexicals(self) -> Gc<Object> {
        debug_assert!(self.lexical.get().is_object());
        // SAFETY: as above.
        unsafe { Gc::from_addr(self.lexical.get().bits() as usize) }
    }

    /// %eval%, if it was ever touched (else nobody can hold it), or `EMPTY`.
    #[inline(always)]
    pub fn eval_function(self) -> Value {
        self.intrinsics[Intrinsic::Eval as usize].get()
    }

    /// An intrinsic, if it was made.
    #[inline]
    pub fn made_intrinsic(self, intrinsic: Intrinsic) -> Option<Gc<Object>> {
        self.intrinsics[intrinsic as usize].get().as_object()
    }

    pub fn async_from_sync_prototype(self) -> Option<Gc<Object>> {
        self.made_intrinsic(Intrinsic::AsyncFromSyncIteratorPrototype)
    }

    pub fn set_async_from_sync_prototype(self, cx: &Context, prototype: Gc<Object>) {
        cx.set_intrinsic(self, Intrinsic::AsyncFromSyncIteratorPrototype, prototype);
    }

    /// The preset shape of functions of this form.
    #[inline]
    pub fn function_shape(self, cx: &Context, form: FunctionShape) -> Gc<Shape> {
        match self.function_shapes[form as usize].get() {
            0 => cx.make_function_shape(self, form),
            id => cx.shape_of_id(id),
        }
    }

    /// Ids of the shapes that the realm keeps alive; 0: none.
    pub(crate) fn shape_ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.shapes.iter().chain(&self.function_shapes).map(Cell::get)
    }
}

/// The realm of a function; `None` for other values and functions without one.
pub(crate) fn realm_of_callee(callee: Value) -> Option<Gc<Realm>> {
    if let Some(f) = callee.as_kind::<Function>(Kind::Function) {
        return Some(f.code().realm());
    }
    callee.as_kind::<NativeFunction>(Kind::NativeFunction)?.realm.get().as_kind(Kind::Realm)
}

impl Context {
    /// A realm with all intrinsics still to be made. Its global object has the library's global properties, lazily.
    pub fn new_realm(&self) -> Gc<Realm> {
        let realm: Gc<Realm> = self.alloc_fixed(Kind::Realm, size_of::<Realm>());
        let index = self.objects.realm_count.get();
        // SAFETY: the cell is fresh and of this size.
        unsafe {
            realm.as_ptr().write(Realm {
                header: CellHeader::new(0, Kind::Realm as u8, 0, 0),
                global: Cell::new(Value::UNDEFINED),
                global_this: Cell::new(Value::UNDEFINED),
                lexical: Cell::new(Value::UNDEFINED),
                host: Cell::new(Value::UNDEFINED),
                intrinsics: [const { Cell::new(Value::EMPTY) }; Intrinsic::COUNT],
                shapes: [const { Cell::new(0) }; RealmShape::COUNT],
                function_shapes: [const { Cell::new(0) }; FunctionShape::COUNT],
                index: Cell::new(index),
            });
        }
        self.objects.realm_count.set(index + 1);
        self.objects.realms.borrow_mut().push(realm.addr());
        let prototype = self.intrinsic_in(realm, Intrinsic::ObjectPrototype);
        let groups = self.builtins.globals;
        let count = groups.iter().map(|g| g.len()).sum();
        let global = self.new_intrinsic_object(Kind::Global, Some(prototype), count);
        for spec in groups.iter().copied().flatten() {
            self.add_lazy(global, spec);
        }
        // A handful of properties of a fresh object: nothing refuses one.
        let added = global.add_property(self, self.names().global_this, global.into(), WRITABLE | CONFIGURABLE);
        debug_assert!(added.is_ok());
        realm.global.set(global.into());
        realm.global_this.set(global.into());
        let lexicals = self.new_object_with_prototype(None);
        self.ensure_unique(lexicals, 0);
        realm.lexical.set(lexicals.into());
        self.write_barrier(realm.header_ptr(), global.into());
        self.write_barrier(realm.header_ptr(), lexicals.into());
        realm
    }

    /// The realm at this address, which is in the weak list of realms.
    fn live_realm(&self, address: usize) -> Option<Gc<Realm>> {
        // SAFETY: dead realms were removed from the list when they died; realms do not move.
        (address != 0).then(|| unsafe { Gc::from_addr(address) })
    }

    pub(crate) fn set_main_realm(&self, realm: Gc<Realm>) {
        self.objects.main_realm.set(Some(realm));
    }

    /// Has natives called from Rust run in `realm`; gives the realm that was current.
    pub fn enter_realm(&self, realm: Gc<Realm>) -> Gc<Realm> {
        self.objects.main_realm.replace(Some(realm)).unwrap_or(realm)
    }

    /// The realm of the running function (§9.4): with a single realm, without looking.
    #[inline]
    pub(crate) fn current_realm(&self) -> Gc<Realm> {
        match self.objects.main_realm.get() {
            Some(realm) if self.objects.realm_count.get() <= 1 => realm,
            main => self.realm_of_frame(self.interp.frame.get(), main),
        }
    }

    #[cold]
    fn realm_of_frame(&self, frame: Frame, main: Option<Gc<Realm>>) -> Gc<Realm> {
        let mut frame = frame;
        loop {
            if let Some(realm) = realm_of_callee(frame.callee()) {
                return realm;
            }
            // The block of a call that is being prepared (of a proxy) has no realm of its own: its caller's counts. Below all calls,
            // the host says.
            let caller = frame.caller();
            match main {
                _ if caller != frame => frame = caller,
                Some(realm) => return realm,
                None => unreachable!("the context is being constructed: its realm does not exist yet"),
            }
        }
    }

    /// The realm of the function that called the running one.
    pub(crate) fn caller_realm(&self) -> Gc<Realm> {
        self.realm_of_frame(self.interp.frame.get().caller(), self.objects.main_realm.get())
    }

    /// An intrinsic of the current realm.
    #[inline]
    pub fn intrinsic(&self, intrinsic: Intrinsic) -> Gc<Object> {
        self.intrinsic_in(self.realm(), intrinsic)
    }

    /// An intrinsic of `realm`, made when it is first asked for.
    #[inline]
    pub fn intrinsic_in(&self, realm: Gc<Realm>, intrinsic: Intrinsic) -> Gc<Object> {
        let v = realm.intrinsics[intrinsic as usize].get();
        if !v.is_empty() {
            // SAFETY: only objects are stored there.
            return unsafe { Gc::from_addr(v.bits() as usize) };
        }
        self.make_intrinsic(realm, intrinsic)
    }

    /// Replaces an intrinsic, before it was made: for hosts and tests.
    pub fn set_intrinsic(&self, realm: Gc<Realm>, intrinsic: Intrinsic, object: Gc<Object>) {
        realm.intrinsics[intrinsic as usize].set(object.into());
        self.write_barrier(realm.header_ptr(), object.into());
    }

    #[cold]
    #[inline(never)]
    fn make_intrinsic(&self, realm: Gc<Realm>, intrinsic: Intrinsic) -> Gc<Object> {
        // What no table describes (a library that leaves it out) is a plain object.
        let fallback_prototype =
            if intrinsic == Intrinsic::ObjectPrototype { None } else { Some(Intrinsic::ObjectPrototype) };
        let fallback = ObjectSpec {
            intrinsic,
            prototype: fallback_prototype,
            form: match intrinsic {
                Intrinsic::FunctionPrototype => ObjectForm::Function(FunctionSpec::anonymous(0, nothing)),
                _ => ObjectForm::Object(Kind::Object),
            },
            properties: &[],
        };
        let spec = self.objects.spec(intrinsic).copied().unwrap_or(fallback);
        let prototype = spec.prototype.map(|p| self.intrinsic_in(realm, p));
        let object = match spec.form {
            ObjectForm::Object(kind) => self.new_intrinsic_object(kind, prototype, spec.properties.len()),
            ObjectForm::Function(function) => {
                self.new_intrinsic_function(realm, &function, prototype, spec.properties.len())
            }
            ObjectForm::FrozenFunction(function) => {
                let f = self.new_intrinsic_function(realm, &function, prototype, spec.properties.len());
                let frozen = self.set_integrity_level(f, IntegrityLevel::Frozen);
                debug_assert!(matches!(frozen, Ok(true)));
                f
            }
            ObjectForm::SelfHosted(function) => self.self_hosted_function(realm, &function),
            ObjectForm::Custom(make) => make(self, prototype),
        };
        self.set_intrinsic(realm, intrinsic, object);
        for property in spec.properties {
            self.add_lazy(object, property);
        }
        if intrinsic == Intrinsic::ObjectPrototype {
            object.shape(self).set_flag(flag::IMMUTABLE_PROTOTYPE);
        }
        object
    }

    /// An object whose shape is unique from the start, with room for `properties`.
    fn new_intrinsic_object(&self, kind: Kind, prototype: Option<Gc<Object>>, properties: usize) -> Gc<Object> {
        let root = self.root_shape(prototype, kind, 0);
        let object = self.new_object_of_shape(root);
        self.ensure_unique(object, 0);
        // Tables of the library are bounded: a small cell is never refused.
        let room = object.ensure_slots(self, properties);
        debug_assert!(room.is_ok());
        object
    }

    /// A native constructor or function that will have properties of its own.
    fn new_intrinsic_function(
        &self,
        realm: Gc<Realm>,
        spec: &FunctionSpec,
        prototype: Option<Gc<Object>>,
        properties: usize,
    ) -> Gc<Object> {
        let root = self.root_shape(prototype, Kind::NativeFunction, 0);
        let shape = self.with_lazy_length_and_name(root);
        let f = self.new_native_of_shape(realm, spec, shape).object();
        if properties > 0 {
            self.ensure_unique(f, 0);
            let room = f.ensure_slots(self, properties + 2);
            debug_assert!(room.is_ok());
        }
        f
    }

    /// Adds a property that is made when it is touched.
    pub fn add_lazy(&self, object: Gc<Object>, spec: &'static PropertySpec) {
        let key = spec.key.key(self);
        let attributes = spec.attributes & (DEFAULT | ACCESSOR);
        let added = match (spec.value, key.as_index()) {
            (_, Some(_)) => return,
            // What costs nothing is there at once.
            (PropertyValue::Undefined, _) => object.add_property(self, key, Value::UNDEFINED, attributes),
            (PropertyValue::Int(i), _) => object.add_property(self, key, Value::int32(i), attributes),
            (PropertyValue::Number(n), _) => object.add_property(self, key, Value::number(n), attributes),
            _ => object.add_property(self, key, recipe(spec), attributes | LAZY),
        };
        debug_assert!(added.is_ok());
    }

    /// The value of a lazy property of `object`: see [`PropertyValue`].
    pub(crate) fn make_property(&self, object: Gc<Object>, spec: &PropertySpec) -> Value {
        let realm = self.realm_of_object(object);
        match spec.value {
            PropertyValue::Undefined => Value::UNDEFINED,
            PropertyValue::Int(i) => Value::int32(i),
            PropertyValue::Number(n) => Value::number(n),
            PropertyValue::String(text) => self.intern_utf8(text).into(),
            PropertyValue::Symbol(name) => self.well_known_symbol(name).into(),
            PropertyValue::Intrinsic(intrinsic) => self.intrinsic_in(realm, intrinsic).into(),
            PropertyValue::Function(function) => self.new_native_in(realm, function).object().into(),
            PropertyValue::InlineFunction(function) => self.new_native_in(realm, &function).object().into(),
            PropertyValue::SelfHosted(function) => self.self_hosted_function(realm, &function).into(),
            PropertyValue::Accessor { getter, setter } => {
                let make = |f: Option<FunctionSpec>| match f {
                    Some(f) => self.new_native_in(realm, &f).object().into(),
                    None => Value::UNDEFINED,
                };
                self.new_accessor(make(getter), make(setter)).into()
            }
            PropertyValue::AccessorOf(intrinsic) => {
                let f = self.intrinsic_in(realm, intrinsic).into();
                self.new_accessor(f, f).into()
            }
            PropertyValue::Alias(of) => self.alias_target(object, of),
            PropertyValue::Computed(make) => make(self, object),
        }
    }

    fn alias_target(&self, object: Gc<Object>, of: SpecKey) -> Value {
        // Plain properties of an intrinsic object: reading one runs no script.
        object.own_named(self, of.key(self)).map_or(Value::UNDEFINED, |p| p.value)
    }

    /// The realm that an intrinsic object belongs to: that of the constructor or function it is, else by its prototype chain's
    /// function; with one realm there is nothing to find.
    fn realm_of_object(&self, object: Gc<Object>) -> Gc<Realm> {
        if self.objects.realm_count.get() <= 1 {
            return self.realm();
        }
        if let Some(f) = object.as_kind::<NativeFunction>(Kind::NativeFunction)
            && let Some(realm) = f.realm.get().as_kind::<Realm>(Kind::Realm)
        {
            return realm;
        }
        // A lazy property may be read from any realm: the object's own is found among those that know it.
        let realms = self.objects.realms.borrow();
        let realms = realms.iter().filter_map(|&address| self.live_realm(address));
        realms.into_iter().find(|r| r.owns(object)).unwrap_or_else(|| self.realm())
    }

    /// A self-hosted function of `realm`.
    fn self_hosted_function(&self, realm: Gc<Realm>, spec: &SelfHostedSpec) -> Gc<Object> {
        // Each row of a table is a function object of its own, whatever other rows share the code.
        let shared = self.instantiate_self_hosted(realm, spec.source, spec.function);
        let f = self.new_function(shared.code(), shared.env.get());
        let template = f.code().template();
        if template.length != spec.length as u16 {
            let defined = self.define_function_length(f, Value::int32(spec.length as i32));
            debug_assert!(defined.is_ok());
        }
        let key = spec.name.key(self);
        let prefix = match spec.prefix {
            crate::native::NamePrefix::None => "",
            crate::native::NamePrefix::Get => "get",
            crate::native::NamePrefix::Set => "set",
        };
        // The template's own name is the JavaScript function's; usually it is the same.
        if !prefix.is_empty() || key.is_symbol() || template.name.to_string() != spec.name.text() {
            let named = self.set_function_name(f.object(), key, prefix);
            debug_assert!(named.is_ok());
        }
        f.object()
    }

    // ---- Shapes that objects begin with.

    /// A shape of the current realm.
    #[inline]
    pub fn realm_shape(&self, which: RealmShape) -> Gc<Shape> {
        self.realm_shape_in(self.realm(), which)
    }

    #[inline]
    pub fn realm_shape_in(&self, realm: Gc<Realm>, which: RealmShape) -> Gc<Shape> {
        match realm.shapes[which as usize].get() {
            0 => self.make_realm_shape(realm, which),
            id => self.shape_of_id(id),
        }
    }

    #[cold]
    fn make_realm_shape(&self, realm: Gc<Realm>, which: RealmShape) -> Gc<Shape> {
        let names = self.names();
        let object_prototype = || Some(self.intrinsic_in(realm, Intrinsic::ObjectPrototype));
        let from = |prototype: Intrinsic, kind: Kind, keys: &[(PropertyKey, u8)]| {
            let root = self.root_shape(Some(self.intrinsic_in(realm, prototype)), kind, keys.len());
            keys.iter().fold(root, |shape, &(key, attributes)| shape.add_transition(self, key, attributes))
        };
        let plain = |kind: Kind, keys: &[(PropertyKey, u8)]| from(Intrinsic::ObjectPrototype, kind, keys);
        let hidden = WRITABLE | CONFIGURABLE;
        let shape = match which {
            RealmShape::Object => self.root_shape(object_prototype(), Kind::Object, DEFAULT_INLINE),
            RealmShape::Array => {
                self.root_shape(Some(self.intrinsic_in(realm, Intrinsic::ArrayPrototype)), Kind::Array, 0)
            }
            RealmShape::IteratorResult => plain(Kind::Object, &[(names.value, DEFAULT), (names.done, DEFAULT)]),
            RealmShape::DataDescriptor => plain(
                Kind::Object,
                &[
                    (names.value, DEFAULT),
                    (names.writable, DEFAULT),
                    (names.enumerable, DEFAULT),
                    (names.configurable, DEFAULT),
                ],
            ),
            RealmShape::AccessorDescriptor => plain(
                Kind::Object,
                &[
                    (names.get, DEFAULT),
                    (names.set, DEFAULT),
                    (names.enumerable, DEFAULT),
                    (names.configurable, DEFAULT),
                ],
            ),
            RealmShape::UnmappedArguments => plain(
                Kind::Arguments,
                &[(names.length, hidden), (names.symbol_iterator, hidden), (names.callee, ACCESSOR)],
            ),
            RealmShape::MappedArguments => plain(
                Kind::MappedArguments,
                &[(names.length, hidden), (names.symbol_iterator, hidden), (names.callee, hidden)],
            ),
            RealmShape::SloppyArguments => plain(
                Kind::Arguments,
                &[(names.length, hidden), (names.symbol_iterator, hidden), (names.callee, hidden)],
            ),
            RealmShape::Proxy => self.root_shape(None, Kind::Proxy, 0),
            RealmShape::RegExp => from(Intrinsic::RegExpPrototype, Kind::RegExp, &[(names.last_index, WRITABLE)]),
            RealmShape::MatchResult => from(
                Intrinsic::ArrayPrototype,
                Kind::Array,
                &[(names.index, DEFAULT), (names.input, DEFAULT), (names.groups, DEFAULT)],
            ),
        };
        realm.shapes[which as usize].set(self.shape_id(shape));
        shape
    }

    #[cold]
    fn make_function_shape(&self, realm: Gc<Realm>, form: FunctionShape) -> Gc<Shape> {
        let prototype = match form {
            FunctionShape::Generator => Intrinsic::GeneratorFunctionPrototype,
            FunctionShape::AsyncGenerator => Intrinsic::AsyncGeneratorFunctionPrototype,
            FunctionShape::Async => Intrinsic::AsyncFunctionPrototype,
            _ => Intrinsic::FunctionPrototype,
        };
        let kind = if form == FunctionShape::Native { Kind::NativeFunction } else { Kind::Function };
        let root = self.root_shape(Some(self.intrinsic_in(realm, prototype)), kind, 0);
        let base = self.with_lazy_length_and_name(root);
        let attributes = match form {
            FunctionShape::Constructor | FunctionShape::Generator | FunctionShape::AsyncGenerator => {
                Some(WRITABLE | LAZY | WATCHED)
            }
            FunctionShape::Class => Some(LAZY | WATCHED),
            _ => None,
        };
        let shape = match attributes {
            Some(attributes) => base.add_transition(self, self.names().prototype, attributes),
            None => base,
        };
        realm.function_shapes[form as usize].set(self.shape_id(shape));
        shape
    }

    fn with_lazy_length_and_name(&self, root: Gc<Shape>) -> Gc<Shape> {
        let with_length = root.add_transition(self, self.names().length, CONFIGURABLE | LAZY);
        with_length.add_transition(self, self.names().name, CONFIGURABLE | LAZY)
    }

    /// GetFunctionRealm (§7.3.25).
    pub fn function_realm(&self, f: Gc<Object>) -> JsResult<Gc<Realm>> {
        let mut f = f;
        loop {
            match f.kind() {
                Kind::Function => {
                    // SAFETY: the kind was checked.
                    return Ok(unsafe { f.cast::<Function>() }.code().realm());
                }
                Kind::NativeFunction => {
                    // SAFETY: the kind was checked.
                    let native: Gc<NativeFunction> = unsafe { f.cast() };
                    return Ok(native.realm.get().as_kind(Kind::Realm).unwrap_or_else(|| self.realm()));
                }
                Kind::BoundFunction => {
                    // SAFETY: the kind was checked.
                    let target = unsafe { f.cast::<crate::function::BoundFunction>() }.target.get();
                    match target.as_object() {
                        Some(target) => f = target,
                        None => return Ok(self.realm()),
                    }
                }
                Kind::Proxy => {
                    // SAFETY: the kind was checked.
                    let target = unsafe { f.cast::<crate::object::proxy::Proxy>() }.target.get();
                    match target.as_object() {
                        Some(target) => f = target,
                        None => {
                            return Err(
                                self.throw_type(format_args!("Cannot perform 'get' on a proxy that has been revoked"))
                            );
                        }
                    }
                }
                _ => return Ok(self.realm()),
            }
        }
    }
}

impl Gc<Realm> {
    /// Whether `object` is the global object or an intrinsic of this realm.
    fn owns(self, object: Gc<Object>) -> bool {
        let v = Value::from(object);
        self.global.get() == v || self.intrinsics.iter().any(|i| i.get() == v)
    }
}

/// Function.prototype of a library without one: accepts anything, returns undefined.
fn nothing(_: &Context, _: &crate::native::Args) -> JsResult<Value> {
    Ok(Value::UNDEFINED)
}

const _: () = assert!(size_of::<Realm>() <= tercel_gc::MAX_SMALL);
