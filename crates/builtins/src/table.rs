//! The vocabulary of the tables that describe the library: constructors of property and function specs by plain text,
//! over the engine's own (`tercel_vm::native`).

pub use tercel_vm::function::native_special as special;
use tercel_vm::names::{self, Name};
pub use tercel_vm::native::{
    FunctionSpec, NativeFn, ObjectForm, ObjectSpec, PropertySpec, PropertyValue, SelfHostedSource, SpecKey,
};
use tercel_vm::native::{NamePrefix, SelfHostedSpec};
pub use tercel_vm::realm::Intrinsic;
pub use tercel_vm::shape::{ACCESSOR, CONFIGURABLE, ENUMERABLE, WRITABLE};
use tercel_vm::{Args, Context, JsResult, Value};

const HIDDEN: u8 = WRITABLE | CONFIGURABLE;

const fn spec(key: SpecKey, attributes: u8, value: PropertyValue) -> PropertySpec {
    PropertySpec { key, attributes, value }
}

/// A native method.
pub const fn method(name: &'static str, length: u8, f: NativeFn) -> PropertySpec {
    PropertySpec::function(FunctionSpec::named(SpecKey::Text(name), length, f))
}

/// A native method that the interpreter forwards ([`special`]).
pub const fn special_method(name: &'static str, length: u8, f: NativeFn, what: u32) -> PropertySpec {
    PropertySpec::function(FunctionSpec::named(SpecKey::Text(name), length, f).with_special(what))
}

/// A native method under a well-known symbol.
pub const fn symbol_method(symbol: Name, length: u8, f: NativeFn) -> PropertySpec {
    PropertySpec::function(FunctionSpec::named(SpecKey::Name(symbol), length, f))
}

/// A method of `source`, written in JavaScript: its function `function`.
pub const fn js_method(
    name: &'static str,
    length: u8,
    source: &'static SelfHostedSource,
    function: &'static str,
) -> PropertySpec {
    let key = SpecKey::Text(name);
    let value = SelfHostedSpec { source, function, name: key, prefix: NamePrefix::None, length };
    spec(key, HIDDEN, PropertyValue::SelfHosted(value))
}

/// The same, under a well-known symbol.
pub const fn js_symbol_method(
    symbol: Name,
    length: u8,
    source: &'static SelfHostedSource,
    function: &'static str,
) -> PropertySpec {
    let key = SpecKey::Name(symbol);
    let value = SelfHostedSpec { source, function, name: key, prefix: NamePrefix::None, length };
    spec(key, HIDDEN, PropertyValue::SelfHosted(value))
}

const fn prefixed(key: SpecKey, length: u8, prefix: NamePrefix, f: NativeFn) -> FunctionSpec {
    let mut function = FunctionSpec::named(key, length, f);
    function.prefix = prefix;
    function
}

/// An accessor without setter.
pub const fn getter(name: &'static str, f: NativeFn) -> PropertySpec {
    getter_at(SpecKey::Text(name), f)
}

/// An accessor without setter under a well-known symbol.
pub const fn symbol_getter(symbol: Name, f: NativeFn) -> PropertySpec {
    getter_at(SpecKey::Name(symbol), f)
}

const fn getter_at(key: SpecKey, f: NativeFn) -> PropertySpec {
    let value = PropertyValue::Accessor { getter: Some(prefixed(key, 0, NamePrefix::Get, f)), setter: None };
    spec(key, CONFIGURABLE | ACCESSOR, value)
}

/// An accessor with a setter.
pub const fn accessor(name: &'static str, get: NativeFn, set: NativeFn) -> PropertySpec {
    accessor_at(SpecKey::Text(name), get, set)
}

/// An accessor with a setter under a well-known symbol.
pub const fn symbol_accessor(symbol: Name, get: NativeFn, set: NativeFn) -> PropertySpec {
    accessor_at(SpecKey::Name(symbol), get, set)
}

const fn accessor_at(key: SpecKey, get: NativeFn, set: NativeFn) -> PropertySpec {
    let value = PropertyValue::Accessor {
        getter: Some(prefixed(key, 0, NamePrefix::Get, get)),
        setter: Some(prefixed(key, 1, NamePrefix::Set, set)),
    };
    spec(key, CONFIGURABLE | ACCESSOR, value)
}

/// `get [Symbol.species]`, which returns `this`.
pub const fn species() -> PropertySpec {
    symbol_getter(names::SYMBOL_SPECIES, own_species)
}

/// The getter of [`species`]. Never inlined: it is known by its address, and a function that the compiler may inline has one in each unit that names it.
#[inline(never)]
pub fn own_species(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(args.this())
}

/// A number that cannot be changed.
pub const fn constant(name: &'static str, n: f64) -> PropertySpec {
    spec(SpecKey::Text(name), 0, PropertyValue::Number(n))
}

/// An ordinary number property.
pub const fn data(name: &'static str, n: f64) -> PropertySpec {
    spec(SpecKey::Text(name), WRITABLE | ENUMERABLE | CONFIGURABLE, PropertyValue::Number(n))
}

/// A string property with a method's attributes.
pub const fn hidden_string(name: &'static str, text: &'static str) -> PropertySpec {
    spec(SpecKey::Text(name), HIDDEN, PropertyValue::String(text))
}

pub const fn to_string_tag(tag: &'static str) -> PropertySpec {
    PropertySpec::tag(tag)
}

/// `Symbol.iterator` and its like.
pub const fn well_known(name: &'static str, symbol: Name) -> PropertySpec {
    spec(SpecKey::Text(name), 0, PropertyValue::Symbol(symbol))
}

/// The same function object as another property of the same object.
pub const fn alias(name: &'static str, of: &'static str) -> PropertySpec {
    spec(SpecKey::Text(name), HIDDEN, PropertyValue::Alias(SpecKey::Text(of)))
}

/// The same, under a well-known symbol.
pub const fn symbol_alias(symbol: Name, of: &'static str) -> PropertySpec {
    spec(SpecKey::Name(symbol), HIDDEN, PropertyValue::Alias(SpecKey::Text(of)))
}

/// Another intrinsic, with a method's attributes.
pub const fn intrinsic(name: &'static str, value: Intrinsic) -> PropertySpec {
    spec(SpecKey::Text(name), HIDDEN, PropertyValue::Intrinsic(value))
}

/// A constructor function.
pub const fn class(name: &'static str, length: u8, f: NativeFn) -> FunctionSpec {
    let mut function = FunctionSpec::named(SpecKey::Text(name), length, f);
    function.constructor = true;
    function
}

/// Configurable, not writable: `Symbol.prototype[Symbol.toPrimitive]`.
pub const fn read_only(p: PropertySpec) -> PropertySpec {
    p.with_attributes(CONFIGURABLE)
}

/// Neither writable nor configurable: `Function.prototype[Symbol.hasInstance]`.
pub const fn frozen(p: PropertySpec) -> PropertySpec {
    p.with_attributes(0)
}

/// `C.prototype` in the properties of a constructor.
pub const fn prototype(p: Intrinsic) -> PropertySpec {
    PropertySpec::prototype(p)
}

/// `constructor` in the properties of a prototype.
pub const fn constructor_of(c: Intrinsic) -> PropertySpec {
    PropertySpec::constructor_link(c)
}
