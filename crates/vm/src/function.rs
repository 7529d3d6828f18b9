//! Layouts of function objects, and how they are made.
//!
//! A closure is one cell with a preset shape: `length`, `name` and `prototype` are in the shape as lazy properties, and come
//! into being when they are touched (`object::lazy`). So making a closure is a bump and seven stores.

use crate::cell::{Gc, Kind};
use crate::code::{CodeBlock, code_flag};
use crate::context::Context;
use crate::native::{FunctionSpec, NamePrefix, NativeFn};
use crate::object::Object;
use crate::realm::{Intrinsic, Realm};
use crate::shape::Shape;
use crate::value::Value;
use std::cell::Cell;

/// Kind::Function: a closure.
#[repr(C)]
pub struct Function {
    pub object: Object,
    pub code: Cell<Gc<CodeBlock>>,
    /// The captured scope, or null.
    pub env: Cell<Value>,
    /// [[HomeObject]], or undefined.
    pub home: Cell<Value>,
    /// [[ClassInit]] of a class constructor: the function that adds fields to its `this`, or undefined.
    pub class_init: Cell<Value>,
    /// What `new` with this function as new.target makes.
    pub construct: ConstructState,
}

/// The initial shape of a constructor's instances, and how many were made while its inline capacity is still an estimate
/// (slack tracking: `shape::slack`).
#[repr(C)]
pub struct ConstructState {
    /// Id of the initial shape; 0: none yet.
    pub shape: Cell<u32>,
    /// Instances left to see before the capacity is settled; 0: settled.
    pub tracking: Cell<u32>,
}

impl Gc<Function> {
    #[inline(always)]
    pub fn code(self) -> Gc<CodeBlock> {
        self.code.get()
    }
}

impl Context {
    /// Whether `v` is a function of sloppy code that is no arrow, method, generator or async function: those are the functions that
    /// may have the legacy properties `caller` and `arguments` (ECMA-262 §17.1).
    pub fn is_sloppy_function(&self, v: Value) -> bool {
        v.as_kind::<Function>(Kind::Function).is_some_and(|f| {
            let code = f.code();
            code.has(code_flag::CONSTRUCTOR) && !code.has(code_flag::STRICT)
        })
    }
}

/// Kind::NativeFunction.
#[repr(C)]
pub struct NativeFunction {
    pub object: Object,
    pub realm: Cell<Value>,
    /// State of closures made by builtins (promise resolvers …).
    pub data: [Cell<Value>; 2],
    pub function: Cell<NativeFn>,
    /// What the interpreter does instead of calling it: see `native_special`. 0: just call.
    pub special: Cell<u32>,
    /// [`native_flag`].
    pub flags: Cell<u32>,
    /// What `name` is made from.
    pub name: Cell<&'static str>,
    pub construct: ConstructState,
}

/// Bits of [`NativeFunction::flags`].
pub mod native_flag {
    /// It has [[Construct]].
    pub const CONSTRUCTOR: u32 = 1;
    /// `name` begins with "get ".
    pub const GETTER: u32 = 2;
    /// `name` begins with "set ".
    pub const SETTER: u32 = 4;
    /// `name` is in brackets.
    pub const SYMBOL_NAME: u32 = 8;
    /// Where the number of a `FastNative` begins, and its bits.
    pub const FAST_SHIFT: u32 = 8;
    pub const FAST_MASK: u32 = 0xff;
    /// Where the value of `length` begins.
    pub const LENGTH_SHIFT: u32 = 16;
}

/// `NativeFunction::special`: natives that the interpreter turns into a call of something else, so that no native
/// frame lies under it (tail-forwarding: DESIGN "proper tail calls").
pub mod native_special {
    pub const NONE: u32 = 0;
    /// Function.prototype.call
    pub const CALL: u32 = 1;
    /// Function.prototype.apply
    pub const APPLY: u32 = 2;
    /// Reflect.apply
    pub const REFLECT_APPLY: u32 = 3;
    /// %GeneratorPrototype%.next, .return, .throw
    pub const GENERATOR_NEXT: u32 = 4;
    pub const GENERATOR_RETURN: u32 = 5;
    pub const GENERATOR_THROW: u32 = 6;
    /// Reflect.construct
    pub const REFLECT_CONSTRUCT: u32 = 7;
    /// From here on: the `next` methods of native iterators, by class ([`crate::native_iterator`]). They are called like any native.
    pub const NEXT_OF_CLASS: u32 = 16;
}

/// Kind::BoundFunction.
#[repr(C)]
pub struct BoundFunction {
    pub object: Object,
    pub target: Cell<Value>,
    pub this: Cell<Value>,
    /// A `ValueArray` of the bound arguments, or undefined.
    pub args: Cell<Value>,
}

impl Context {
    /// A closure of `code` over `env` (OrdinaryFunctionCreate, §10.2.3, with MakeConstructor's `prototype` still to come into being).
    #[inline]
    pub fn new_function(&self, code: Gc<CodeBlock>, env: Value) -> Gc<Function> {
        let shape = code.realm().function_shape(self, FunctionShape::of_code(code));
        self.new_function_with_shape(code, env, shape)
    }

    /// As [`Context::new_function`] with another [[Prototype]] (classes with heritage, `Reflect.construct` of `Function`).
    pub fn new_function_with_proto(&self, code: Gc<CodeBlock>, env: Value, proto: Option<Gc<Object>>) -> Gc<Function> {
        let standard = code.realm().function_shape(self, FunctionShape::of_code(code));
        let shape = self.shape_with_prototype(standard, proto);
        self.new_function_with_shape(code, env, shape)
    }

    #[inline]
    fn new_function_with_shape(&self, code: Gc<CodeBlock>, env: Value, shape: Gc<Shape>) -> Gc<Function> {
        let f: Gc<Function> = self.alloc_object_raw(shape, Kind::Function);
        // SAFETY: the cell is fresh and a Function; its object part is initialised.
        unsafe {
            let p = f.as_ptr();
            (&raw mut (*p).code).write(Cell::new(code));
            (&raw mut (*p).env).write(Cell::new(env));
            (&raw mut (*p).home).write(Cell::new(Value::UNDEFINED));
            (&raw mut (*p).class_init).write(Cell::new(Value::UNDEFINED));
            (&raw mut (*p).construct).write(ConstructState { shape: Cell::new(0), tracking: Cell::new(0) });
        }
        f
    }

    /// CreateBuiltinFunction (§10.3.4) in the current realm.
    pub fn new_native(&self, spec: &FunctionSpec) -> Gc<NativeFunction> {
        self.new_native_in(self.realm(), spec)
    }

    /// CreateBuiltinFunction (§10.3.4) in `realm`.
    pub fn new_native_in(&self, realm: Gc<Realm>, spec: &FunctionSpec) -> Gc<NativeFunction> {
        let shape = realm.function_shape(self, FunctionShape::Native);
        self.new_native_of_shape(realm, spec, shape)
    }

    /// A native closure: `data` is its state, which the native finds through [`crate::native::Args::callee_native`].
    pub fn new_native_closure(
        &self,
        name: &'static str,
        length: u8,
        function: NativeFn,
        data: [Value; 2],
    ) -> Gc<NativeFunction> {
        let f = self.new_native(&FunctionSpec::named(crate::native::SpecKey::Text(name), length, function));
        f.data[0].set(data[0]);
        f.data[1].set(data[1]);
        f
    }

    pub(crate) fn new_native_of_shape(
        &self,
        realm: Gc<Realm>,
        spec: &FunctionSpec,
        shape: Gc<Shape>,
    ) -> Gc<NativeFunction> {
        let mut flags =
            (spec.length as u32) << native_flag::LENGTH_SHIFT | (spec.fast as u32) << native_flag::FAST_SHIFT;
        for (bit, on) in [
            (native_flag::CONSTRUCTOR, spec.constructor),
            (native_flag::GETTER, spec.prefix == NamePrefix::Get),
            (native_flag::SETTER, spec.prefix == NamePrefix::Set),
            (native_flag::SYMBOL_NAME, spec.name.is_symbol()),
        ] {
            if on {
                flags |= bit;
            }
        }
        let f: Gc<NativeFunction> = self.alloc_object_raw(shape, Kind::NativeFunction);
        // SAFETY: the cell is fresh and a NativeFunction; its object part is initialised.
        unsafe {
            let p = f.as_ptr();
            (&raw mut (*p).realm).write(Cell::new(realm.into()));
            (&raw mut (*p).data).write([Cell::new(Value::UNDEFINED), Cell::new(Value::UNDEFINED)]);
            (&raw mut (*p).function).write(Cell::new(spec.function));
            (&raw mut (*p).special).write(Cell::new(spec.special as u32));
            (&raw mut (*p).flags).write(Cell::new(flags));
            (&raw mut (*p).name).write(Cell::new(spec.name.text()));
            (&raw mut (*p).construct).write(ConstructState { shape: Cell::new(0), tracking: Cell::new(0) });
        }
        f
    }

    /// The default prototype of instances of `f`, where GetPrototypeFromConstructor falls back to its realm (§10.1.14).
    pub fn function_realm_intrinsic(&self, f: Gc<Object>, default: Intrinsic) -> crate::error::JsResult<Gc<Object>> {
        let realm = self.function_realm(f)?;
        Ok(self.intrinsic_in(realm, default))
    }
}

/// The preset shapes of functions, by what own properties they begin with. Each is `length`, `name`, and then `prototype` or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FunctionShape {
    /// Arrow functions, methods, async functions: no `prototype`.
    Plain,
    /// `function` with [[Construct]]: a writable `prototype`, made on first touch.
    Constructor,
    /// Classes: a `prototype` that is not writable.
    Class,
    /// Generator functions: a writable `prototype` without `constructor`.
    Generator,
    AsyncGenerator,
    /// Async functions and async arrow functions: no `prototype`.
    Async,
    /// Natives: no `prototype`.
    Native,
}

impl FunctionShape {
    pub const COUNT: usize = 7;

    /// The shape for closures of this code.
    pub fn of_code(code: Gc<CodeBlock>) -> FunctionShape {
        match (code.has(code_flag::GENERATOR), code.has(code_flag::ASYNC)) {
            (true, true) => FunctionShape::AsyncGenerator,
            (true, false) => FunctionShape::Generator,
            (false, true) => FunctionShape::Async,
            _ if code.has(code_flag::CLASS) => FunctionShape::Class,
            _ if code.has(code_flag::CONSTRUCTOR) && !code.has(code_flag::BUILTIN) => FunctionShape::Constructor,
            _ => FunctionShape::Plain,
        }
    }
}

impl Gc<NativeFunction> {
    #[inline]
    pub fn is_constructor(self) -> bool {
        self.flags.get() & native_flag::CONSTRUCTOR != 0
    }
    #[inline]
    pub fn data(self, i: usize) -> Value {
        self.data[i].get()
    }
    #[inline]
    pub fn set_data(self, cx: &Context, i: usize, v: Value) {
        self.data[i].set(v);
        cx.write_barrier(self.header_ptr(), v);
    }
}
