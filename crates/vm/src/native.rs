//! Natives: how functions in Rust receive their arguments, and the static tables that describe the standard library.
//!
//! A realm starts with almost nothing: the tables below say what each intrinsic object consists of, and the slow path of a
//! property access makes a function or an object when it is first touched (the attribute `LAZY` of a slot). So the tables are
//! the library as far as start-up is concerned, and cost no time and no memory until they are used.
//!
//! ```ignore
//! static MATH: ObjectSpec = ObjectSpec::plain(Intrinsic::Math, Intrinsic::ObjectPrototype, &[
//!     PropertySpec::method(names::ABS, 1, math_abs),
//!     PropertySpec::constant(names::PI, PropertyValue::Number(std::f64::consts::PI)),
//! ]);
//! ```

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::fast_native::FastNative;
use crate::frame::{self, Frame};
use crate::function::NativeFunction;
use crate::key::PropertyKey;
use crate::names::Name;
use crate::object::Object;
use crate::realm::Intrinsic;
use crate::shape::{ACCESSOR, CONFIGURABLE, ENUMERABLE, WRITABLE};
use crate::value::Value;
use std::cell::Cell;

/// A function implemented in Rust.
pub type NativeFn = fn(&Context, &Args) -> JsResult<Value>;

/// The window of a native's frame. The values live on the VM stack, so reading them again after a call into
/// JavaScript is always right.
pub struct Args {
    pub(crate) frame: Frame,
    pub(crate) argc: usize,
}

impl Args {
    #[inline(always)]
    pub fn this(&self) -> Value {
        self.frame.get(frame::THIS)
    }
    /// The argument `i`, undefined when absent.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Value {
        if i < self.argc { self.frame.get(frame::FIRST_ARG + i) } else { Value::UNDEFINED }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.argc
    }
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.argc == 0
    }
    /// undefined in a plain call.
    #[inline(always)]
    pub fn new_target(&self) -> Value {
        self.frame.get(frame::NEW_TARGET)
    }
    #[inline(always)]
    pub fn callee(&self) -> Value {
        self.frame.get(frame::CALLEE)
    }
    /// The native that runs.
    #[inline]
    pub fn callee_native(&self) -> Gc<NativeFunction> {
        self.frame.native_function()
    }
    #[inline(always)]
    pub fn slice(&self) -> &[Cell<Value>] {
        // SAFETY: the frame's window holds `argc` arguments from FIRST_ARG on for as long as the native runs; the VM
        // stack does not move, and `Cell<Value>` has the layout of `Value`.
        unsafe { std::slice::from_raw_parts(self.frame.0.add(frame::FIRST_ARG).cast(), self.argc) }
    }
    /// The arguments from `start` on (none, if there are fewer).
    #[inline]
    pub fn rest(&self, start: usize) -> &[Cell<Value>] {
        &self.slice()[start.min(self.argc)..]
    }
    /// Replaces argument `i` (must be present): for natives that keep converted arguments rooted.
    #[inline(always)]
    pub fn set(&self, i: usize, v: Value) {
        debug_assert!(i < self.argc);
        self.frame.set(frame::FIRST_ARG + i, v);
    }
}

/// The name of a property in a static table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpecKey {
    /// A row of the table of well-known names: the usual case, found without hashing.
    Name(Name),
    /// Any other text.
    Text(&'static str),
}

impl From<Name> for SpecKey {
    fn from(name: Name) -> SpecKey {
        SpecKey::Name(name)
    }
}

impl SpecKey {
    /// The property key.
    pub fn key(self, cx: &Context) -> PropertyKey {
        match self {
            SpecKey::Name(name) => cx.name(name),
            SpecKey::Text(text) => cx.key_from_utf8(text),
        }
    }

    /// The text: a symbol's is its description.
    pub const fn text(self) -> &'static str {
        match self {
            SpecKey::Name(name) => name.text(),
            SpecKey::Text(text) => text,
        }
    }

    pub const fn is_symbol(self) -> bool {
        matches!(self, SpecKey::Name(name) if name.is_symbol())
    }
}

/// What `name` begins with (SetFunctionName, §10.2.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NamePrefix {
    None,
    Get,
    Set,
}

/// A native function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionSpec {
    pub name: SpecKey,
    pub prefix: NamePrefix,
    /// The value of `length`.
    pub length: u8,
    /// It has [[Construct]]; it is called with `new.target` set then.
    pub constructor: bool,
    /// What the interpreter does instead of calling it: `function::native_special`.
    pub special: u8,
    /// Machine code has code of its own for it.
    pub fast: FastNative,
    pub function: NativeFn,
}

impl FunctionSpec {
    pub const fn new(name: Name, length: u8, function: NativeFn) -> FunctionSpec {
        FunctionSpec::named(SpecKey::Name(name), length, function)
    }

    pub const fn named(name: SpecKey, length: u8, function: NativeFn) -> FunctionSpec {
        FunctionSpec {
            name,
            prefix: NamePrefix::None,
            length,
            constructor: false,
            special: 0,
            fast: FastNative::None,
            function,
        }
    }

    /// A function with [[Construct]].
    pub const fn constructor(name: Name, length: u8, function: NativeFn) -> FunctionSpec {
        FunctionSpec { constructor: true, ..FunctionSpec::new(name, length, function) }
    }

    /// An anonymous function: its `name` is the empty string.
    pub const fn anonymous(length: u8, function: NativeFn) -> FunctionSpec {
        FunctionSpec::named(SpecKey::Text(""), length, function)
    }

    pub const fn with_special(mut self, special: u32) -> FunctionSpec {
        self.special = special as u8;
        self
    }

    const fn with_prefix(mut self, prefix: NamePrefix) -> FunctionSpec {
        self.prefix = prefix;
        self
    }
}

/// A function of the standard library that is written in JavaScript.
#[derive(Clone, Copy, Debug)]
pub struct SelfHostedSpec {
    pub source: &'static SelfHostedSource,
    /// The top-level function in `source`.
    pub function: &'static str,
    /// The value of `name`.
    pub name: SpecKey,
    pub prefix: NamePrefix,
    /// The value of `length`.
    pub length: u8,
}

/// A file of self-hosted functions.
#[derive(Debug)]
pub struct SelfHostedSource {
    /// Shown in stacks and dumps.
    pub name: &'static str,
    pub text: &'static str,
}

/// What a property of an intrinsic object is, until it is touched.
#[derive(Clone, Copy, Debug)]
pub enum PropertyValue {
    Undefined,
    Int(i32),
    Number(f64),
    String(&'static str),
    /// A well-known symbol.
    Symbol(Name),
    /// Another intrinsic: a constructor, a prototype.
    Intrinsic(Intrinsic),
    Function(&'static FunctionSpec),
    InlineFunction(FunctionSpec),
    SelfHosted(SelfHostedSpec),
    Accessor {
        getter: Option<FunctionSpec>,
        setter: Option<FunctionSpec>,
    },
    /// An accessor with this intrinsic function as both getter and setter.
    AccessorOf(Intrinsic),
    /// The same value as another property of the same object (`Array.prototype[Symbol.iterator]` is `values`).
    Alias(SpecKey),
    /// Made by a function, which must not run script. It gets the object.
    Computed(fn(&Context, Gc<Object>) -> Value),
}

/// One property of an intrinsic object.
#[derive(Clone, Copy, Debug)]
pub struct PropertySpec {
    pub key: SpecKey,
    /// `WRITABLE | ENUMERABLE | CONFIGURABLE`, and `ACCESSOR` for accessors.
    pub attributes: u8,
    pub value: PropertyValue,
}

impl PropertySpec {
    /// Marks a method, or a getter, as one that machine code has code of its own for.
    pub const fn fast(mut self, fast: FastNative) -> PropertySpec {
        match self.value {
            PropertyValue::InlineFunction(function) => {
                self.value = PropertyValue::InlineFunction(FunctionSpec { fast, ..function });
            }
            PropertyValue::Accessor { getter: Some(getter), setter } => {
                self.value = PropertyValue::Accessor { getter: Some(FunctionSpec { fast, ..getter }), setter };
            }
            _ => {}
        }
        self
    }

    /// A method: writable, configurable, not enumerable.
    pub const fn method(name: Name, length: u8, function: NativeFn) -> PropertySpec {
        PropertySpec::function(FunctionSpec::new(name, length, function))
    }

    /// A method of this spec.
    pub const fn function(function: FunctionSpec) -> PropertySpec {
        PropertySpec {
            key: function.name,
            attributes: WRITABLE | CONFIGURABLE,
            value: PropertyValue::InlineFunction(function),
        }
    }

    /// A method with a symbol as key; its name is the description in brackets.
    pub const fn symbol_method(symbol: Name, length: u8, function: NativeFn) -> PropertySpec {
        PropertySpec::function(FunctionSpec::new(symbol, length, function))
    }

    /// A method written in JavaScript: function `function` of `source`.
    pub const fn self_hosted(
        name: Name,
        length: u8,
        source: &'static SelfHostedSource,
        function: &'static str,
    ) -> PropertySpec {
        let spec = SelfHostedSpec { source, function, name: SpecKey::Name(name), prefix: NamePrefix::None, length };
        PropertySpec {
            key: SpecKey::Name(name),
            attributes: WRITABLE | CONFIGURABLE,
            value: PropertyValue::SelfHosted(spec),
        }
    }

    /// An accessor without setter: configurable, not enumerable.
    pub const fn getter(name: Name, getter: NativeFn) -> PropertySpec {
        PropertySpec {
            key: SpecKey::Name(name),
            attributes: CONFIGURABLE | ACCESSOR,
            value: PropertyValue::Accessor {
                getter: Some(FunctionSpec::new(name, 0, getter).with_prefix(NamePrefix::Get)),
                setter: None,
            },
        }
    }

    /// An accessor: configurable, not enumerable.
    pub const fn accessor(name: Name, getter: NativeFn, setter: NativeFn) -> PropertySpec {
        PropertySpec {
            key: SpecKey::Name(name),
            attributes: CONFIGURABLE | ACCESSOR,
            value: PropertyValue::Accessor {
                getter: Some(FunctionSpec::new(name, 0, getter).with_prefix(NamePrefix::Get)),
                setter: Some(FunctionSpec::new(name, 1, setter).with_prefix(NamePrefix::Set)),
            },
        }
    }

    /// Neither writable, enumerable nor configurable: `Math.PI`, `Number.MAX_VALUE`, `C.prototype`.
    pub const fn constant(name: Name, value: PropertyValue) -> PropertySpec {
        PropertySpec { key: SpecKey::Name(name), attributes: 0, value }
    }

    /// Configurable only: `Symbol.toStringTag`.
    pub const fn tag(value: &'static str) -> PropertySpec {
        PropertySpec {
            key: SpecKey::Name(crate::names::SYMBOL_TO_STRING_TAG),
            attributes: CONFIGURABLE,
            value: PropertyValue::String(value),
        }
    }

    /// Writable and configurable, as methods are: `prototype.constructor`, the properties of the global object.
    pub const fn hidden(name: Name, value: PropertyValue) -> PropertySpec {
        PropertySpec { key: SpecKey::Name(name), attributes: WRITABLE | CONFIGURABLE, value }
    }

    /// A plain property: writable, enumerable, configurable.
    pub const fn plain(name: Name, value: PropertyValue) -> PropertySpec {
        PropertySpec { key: SpecKey::Name(name), attributes: WRITABLE | ENUMERABLE | CONFIGURABLE, value }
    }

    /// `C.prototype` of a built-in class.
    pub const fn prototype(prototype: Intrinsic) -> PropertySpec {
        PropertySpec::constant(crate::names::PROTOTYPE, PropertyValue::Intrinsic(prototype))
    }

    /// `C.prototype.constructor` of a built-in class.
    pub const fn constructor_link(constructor: Intrinsic) -> PropertySpec {
        PropertySpec::hidden(crate::names::CONSTRUCTOR, PropertyValue::Intrinsic(constructor))
    }

    /// The same value as the property `of` of the same object.
    pub const fn alias(key: Name, of: Name) -> PropertySpec {
        PropertySpec::hidden(key, PropertyValue::Alias(SpecKey::Name(of)))
    }

    /// With other attributes.
    pub const fn with_attributes(mut self, attributes: u8) -> PropertySpec {
        self.attributes = attributes;
        self
    }

    /// Under another key than the function's name says.
    pub const fn with_key(mut self, key: SpecKey) -> PropertySpec {
        self.key = key;
        self
    }
}

/// How an intrinsic object comes into being.
#[derive(Clone, Copy, Debug)]
pub enum ObjectForm {
    /// An ordinary object of this kind, whose own fields are all empty.
    Object(Kind),
    /// A native function.
    Function(FunctionSpec),
    /// A native function that is frozen as soon as it is made.
    FrozenFunction(FunctionSpec),
    /// A self-hosted function.
    SelfHosted(SelfHostedSpec),
    /// Made by a function, which must not run script and gets the object's prototype.
    Custom(fn(&Context, Option<Gc<Object>>) -> Gc<Object>),
}

/// An intrinsic object.
#[derive(Clone, Copy, Debug)]
pub struct ObjectSpec {
    pub intrinsic: Intrinsic,
    /// Its [[Prototype]]; `None` is null.
    pub prototype: Option<Intrinsic>,
    pub form: ObjectForm,
    pub properties: &'static [PropertySpec],
}

impl ObjectSpec {
    /// An ordinary object: a prototype or a namespace.
    pub const fn plain(intrinsic: Intrinsic, prototype: Intrinsic, properties: &'static [PropertySpec]) -> ObjectSpec {
        ObjectSpec { intrinsic, prototype: Some(prototype), form: ObjectForm::Object(Kind::Object), properties }
    }

    /// A constructor, whose prototype is `Function.prototype`.
    pub const fn class(
        intrinsic: Intrinsic,
        function: FunctionSpec,
        properties: &'static [PropertySpec],
    ) -> ObjectSpec {
        ObjectSpec {
            intrinsic,
            prototype: Some(Intrinsic::FunctionPrototype),
            form: ObjectForm::Function(function),
            properties,
        }
    }

    pub const fn with_prototype(mut self, prototype: Option<Intrinsic>) -> ObjectSpec {
        self.prototype = prototype;
        self
    }

    pub const fn with_form(mut self, form: ObjectForm) -> ObjectSpec {
        self.form = form;
        self
    }
}

/// The standard library, as the crate of builtins describes it.
#[derive(Debug)]
pub struct Builtins {
    /// Groups of intrinsic objects, in no particular order.
    pub objects: &'static [&'static [ObjectSpec]],
    /// Groups of properties of the global object.
    pub globals: &'static [&'static [PropertySpec]],
    /// The functions behind `%Name(…)` in self-hosted code, by name.
    pub runtime: &'static [&'static [FunctionSpec]],
    /// `JSON.parse` without reviver, for JSON modules.
    pub parse_json: Option<fn(&Context, Value) -> JsResult<Value>>,
}

impl Builtins {
    /// No library at all: what the tests of the core use.
    pub const EMPTY: Builtins = Builtins { objects: &[], globals: &[], runtime: &[], parse_json: None };
}
