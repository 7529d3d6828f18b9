//! Layouts of the kinds of objects that have nothing but a few fields. The kinds with behaviour of their own are in files of
//! their own: arrays, arguments, typed arrays, proxies, namespaces, functions.

use super::Object;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::value::Value;
use std::cell::Cell;

/// Kinds BooleanObject, NumberObject, StringObject, SymbolObject, BigIntObject (the wrapped primitive) and Date (the time value).
#[repr(C)]
pub struct PrimitiveObject {
    pub object: Object,
    pub value: Cell<Value>,
}

/// Kind::MappedArguments: see `arguments`.
#[repr(C)]
pub struct MappedArguments {
    pub object: Object,
    /// The `Scope` whose slots are the parameters.
    pub scope: Cell<Value>,
    /// A `ValueArray`: for each argument the slot in the scope as int32, or `EMPTY` where it is not (or no longer) mapped.
    pub map: Cell<Value>,
}

/// Values of a [`ForeignObject`].
pub const FOREIGN_VALUES: usize = 4;

/// Kinds RegExp and HostObject: values, and something outside the heap that belongs to the object.
#[repr(C)]
pub struct ForeignObject {
    pub object: Object,
    /// RegExp: see `regexp::field`. HostObject: the embedder's.
    pub values: [Cell<Value>; FOREIGN_VALUES],
    /// What `release` frees; null: nothing. A RegExp without `release` shares it with the one that it names.
    pub foreign: Cell<*mut u8>,
    /// Called once when the object has died. Must not touch the heap.
    pub release: Cell<Option<unsafe fn(*mut u8)>>,
}

/// Kinds Map and Set (`table`: `collections::OrderedTable`), WeakMap and WeakSet (`table`: `weak::Ephemerons`).
#[repr(C)]
pub struct Collection {
    pub object: Object,
    pub table: Cell<Value>,
}

/// Kind::WeakRef.
#[repr(C)]
pub struct WeakRef {
    pub object: Object,
    /// An object, a symbol, or undefined after its death. Weak.
    pub target: Cell<Value>,
}

/// Kind::FinalizationRegistry: see `weak`.
#[repr(C)]
pub struct FinalizationRegistry {
    pub object: Object,
    pub cleanup: Cell<Value>,
    /// A `WeakArray` of registrations, or `EMPTY`.
    pub registrations: Cell<Value>,
    pub realm: Cell<Value>,
}

/// Fields of a [`FieldsObject`].
pub const FIELDS: usize = 5;

/// Kinds NativeIterator and DisposableStack: internal slots that the builtins number as they like.
#[repr(C)]
pub struct FieldsObject {
    pub object: Object,
    pub fields: [Cell<Value>; FIELDS],
}

/// Gives a struct that begins with an [`Object`] the accessor `object()`.
macro_rules! objects {
    ($($name:ty),* $(,)?) => {
        $(impl Gc<$name> {
            /// As the object that it is.
            #[inline(always)]
            pub fn object(self) -> Gc<Object> {
                // SAFETY: the struct begins with an Object, and its kind is an object's.
                unsafe { self.cast() }
            }
        }
        impl From<Gc<$name>> for Gc<Object> {
            #[inline(always)]
            fn from(o: Gc<$name>) -> Gc<Object> {
                o.object()
            }
        })*
    };
}

objects!(
    PrimitiveObject,
    MappedArguments,
    ForeignObject,
    Collection,
    WeakRef,
    FinalizationRegistry,
    FieldsObject,
    super::array::ArrayObject,
    super::proxy::Proxy,
    super::namespace::ModuleNamespace,
    crate::function::Function,
    crate::function::NativeFunction,
    crate::function::BoundFunction,
    crate::error_object::ErrorObject,
    crate::promise::Promise,
    crate::generator::Generator,
    crate::typed::ArrayBuffer,
    crate::typed::TypedArray,
    crate::typed::DataView,
);

impl Gc<FieldsObject> {
    #[inline]
    pub fn field(self, i: usize) -> Value {
        self.fields[i].get()
    }
    #[inline]
    pub fn set_field(self, cx: &Context, i: usize, v: Value) {
        self.fields[i].set(v);
        cx.write_barrier(self.header_ptr(), v);
    }
}

impl Gc<ForeignObject> {
    #[inline]
    pub fn value_at(self, i: usize) -> Value {
        self.values[i].get()
    }
    #[inline]
    pub fn set_value_at(self, cx: &Context, i: usize, v: Value) {
        self.values[i].set(v);
        cx.write_barrier(self.header_ptr(), v);
    }

    /// Hands `foreign` over to the object: `release` is called with it when the object has died. Once for each object.
    ///
    /// # Safety
    /// `release(foreign)` may be called once, on any thread that then owns the engine, and does not touch the heap.
    pub unsafe fn adopt(self, cx: &Context, foreign: *mut u8, release: unsafe fn(*mut u8)) {
        debug_assert!(self.release.get().is_none());
        self.foreign.set(foreign);
        self.release.set(Some(release));
        // SAFETY: a live cell of a kind with a finalizer, registered here only.
        unsafe { cx.heap.register_finalizer(self.header_ptr()) };
    }
}

impl Gc<Object> {
    /// The primitive in a wrapper object, the time value of a Date; `EMPTY` for other objects.
    pub fn primitive_value(self) -> Value {
        match self.kind() {
            Kind::BooleanObject
            | Kind::NumberObject
            | Kind::StringObject
            | Kind::SymbolObject
            | Kind::BigIntObject
            | Kind::Date => {
                // SAFETY: objects of these kinds are PrimitiveObjects.
                unsafe { self.cast::<PrimitiveObject>() }.value.get()
            }
            _ => Value::EMPTY,
        }
    }

    pub fn set_primitive_value(self, cx: &Context, v: Value) {
        debug_assert!(!self.primitive_value().is_cell() || v.is_cell());
        if matches!(
            self.kind(),
            Kind::BooleanObject
                | Kind::NumberObject
                | Kind::StringObject
                | Kind::SymbolObject
                | Kind::BigIntObject
                | Kind::Date
        ) {
            // SAFETY: objects of these kinds are PrimitiveObjects.
            unsafe { self.cast::<PrimitiveObject>() }.value.set(v);
            cx.write_barrier(self.header_ptr(), v);
        }
    }
}
