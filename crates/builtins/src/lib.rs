//! The standard library: static tables of what each intrinsic object is, leaf functions in Rust, higher-order ones in JavaScript
//! (`js/`), compiled when they are first touched.
//!
//! A realm starts with nothing of this: the engine makes an object when something reaches for it, and its functions one by one
//! when they are touched ([`tercel_vm::native`]). Each file is one chapter of ECMA-262 or a few: the functions first, then the
//! tables that name them; [`BUILTINS`] puts the tables together.

mod array;
mod base64;
mod buffer;
mod collate;
mod collections;
mod date;
mod disposable;
mod error;
mod function;
mod generator;
mod global;
mod iterator;
mod json;
mod math;
mod number;
mod object;
mod promise;
mod reflect;
mod regexp;
mod runtime;
mod string;
mod sum;
mod symbol;
mod table;
mod typed_array;
mod uri;

use table::{FunctionSpec, Intrinsic, ObjectForm, ObjectSpec, PropertySpec, SpecKey};
use tercel_vm::native::Builtins;
use tercel_vm::{Context, Gc, Kind, Object, Value};

/// A class: its constructor and its prototype.
macro_rules! classes {
    ($($class:ident, $proto:ident, $constructor:expr, $statics:expr, $prototype:expr;)*) => {
        &[$(
            ObjectSpec::class(Intrinsic::$class, $constructor, $statics),
            ObjectSpec::plain(Intrinsic::$proto, Intrinsic::ObjectPrototype, $prototype).with_form(prototype_form(Intrinsic::$proto)),
        )*]
    };
}

/// The subclasses of Error: constructors inherit from Error, prototypes from Error.prototype.
macro_rules! error_classes {
    ($($class:ident, $proto:ident, $constructor:expr, $statics:expr, $prototype:expr;)*) => {
        &[$(
            ObjectSpec::class(Intrinsic::$class, $constructor, $statics).with_prototype(Some(Intrinsic::Error)),
            ObjectSpec::plain(Intrinsic::$proto, Intrinsic::ErrorPrototype, $prototype),
        )*]
    };
}

/// The prototypes of Boolean, Number and String are wrapper objects themselves (§20.3.3, §21.1.3, §22.1.3).
const fn prototype_form(prototype: Intrinsic) -> ObjectForm {
    match prototype {
        Intrinsic::BooleanPrototype => {
            ObjectForm::Custom(|cx, proto| wrapper(cx, proto, Kind::BooleanObject, Value::FALSE))
        }
        Intrinsic::NumberPrototype => {
            ObjectForm::Custom(|cx, proto| wrapper(cx, proto, Kind::NumberObject, Value::ZERO))
        }
        Intrinsic::StringPrototype => {
            ObjectForm::Custom(|cx, proto| wrapper(cx, proto, Kind::StringObject, cx.names().empty.to_value(cx)))
        }
        _ => ObjectForm::Object(Kind::Object),
    }
}

fn wrapper(cx: &Context, proto: Option<Gc<Object>>, kind: Kind, value: Value) -> Gc<Object> {
    let proto = proto.unwrap_or_else(|| cx.intrinsic(Intrinsic::ObjectPrototype));
    cx.new_primitive_object(kind, value, proto)
}

static CLASSES: &[ObjectSpec] = classes! {
    String, StringPrototype, string::CONSTRUCTOR, string::STATICS, string::PROTOTYPE;
    Number, NumberPrototype, number::CONSTRUCTOR, number::STATICS, number::PROTOTYPE;
    Boolean, BooleanPrototype, number::boolean::CONSTRUCTOR, number::boolean::STATICS, number::boolean::PROTOTYPE;
    Symbol, SymbolPrototype, symbol::CONSTRUCTOR, symbol::STATICS, symbol::PROTOTYPE;
    BigInt, BigIntPrototype, symbol::bigint::CONSTRUCTOR, symbol::bigint::STATICS, symbol::bigint::PROTOTYPE;
    Error, ErrorPrototype, error::CONSTRUCTOR, error::STATICS, error::PROTOTYPE;
    Iterator, IteratorPrototype, iterator::CONSTRUCTOR, iterator::STATICS, iterator::PROTOTYPE;
    Promise, PromisePrototype, promise::CONSTRUCTOR, promise::STATICS, promise::PROTOTYPE;
    Map, MapPrototype, collections::map::CONSTRUCTOR, collections::map::STATICS, collections::map::PROTOTYPE;
    Set, SetPrototype, collections::set::CONSTRUCTOR, collections::set::STATICS, collections::set::PROTOTYPE;
    WeakMap, WeakMapPrototype, collections::weak::MAP_CONSTRUCTOR, collections::weak::MAP_STATICS, collections::weak::MAP_PROTOTYPE;
    WeakSet, WeakSetPrototype, collections::weak::SET_CONSTRUCTOR, collections::weak::SET_STATICS, collections::weak::SET_PROTOTYPE;
    WeakRef, WeakRefPrototype, collections::weak::REF_CONSTRUCTOR, collections::weak::REF_STATICS, collections::weak::REF_PROTOTYPE;
    FinalizationRegistry, FinalizationRegistryPrototype, collections::weak::REGISTRY_CONSTRUCTOR, collections::weak::REGISTRY_STATICS, collections::weak::REGISTRY_PROTOTYPE;
    Date, DatePrototype, date::CONSTRUCTOR, date::STATICS, date::PROTOTYPE;
    RegExp, RegExpPrototype, regexp::CONSTRUCTOR, regexp::STATICS, regexp::PROTOTYPE;
    ArrayBuffer, ArrayBufferPrototype, buffer::CONSTRUCTOR, buffer::STATICS, buffer::PROTOTYPE;
    DataView, DataViewPrototype, buffer::data_view::CONSTRUCTOR, buffer::data_view::STATICS, buffer::data_view::PROTOTYPE;
    DisposableStack, DisposableStackPrototype, disposable::sync::CONSTRUCTOR, disposable::sync::STATICS, disposable::sync::PROTOTYPE;
    AsyncDisposableStack, AsyncDisposableStackPrototype, disposable::asynchronous::CONSTRUCTOR, disposable::asynchronous::STATICS, disposable::asynchronous::PROTOTYPE;
    TypedArray, TypedArrayPrototype, typed_array::CONSTRUCTOR, typed_array::STATICS, typed_array::PROTOTYPE;
};

static ERRORS: &[ObjectSpec] = error_classes! {
    EvalError, EvalErrorPrototype, error::EVAL_ERROR, error::EVAL_ERROR_STATICS, error::EVAL_ERROR_PROTOTYPE;
    RangeError, RangeErrorPrototype, error::RANGE_ERROR, error::RANGE_ERROR_STATICS, error::RANGE_ERROR_PROTOTYPE;
    ReferenceError, ReferenceErrorPrototype, error::REFERENCE_ERROR, error::REFERENCE_ERROR_STATICS, error::REFERENCE_ERROR_PROTOTYPE;
    SyntaxError, SyntaxErrorPrototype, error::SYNTAX_ERROR, error::SYNTAX_ERROR_STATICS, error::SYNTAX_ERROR_PROTOTYPE;
    TypeError, TypeErrorPrototype, error::TYPE_ERROR, error::TYPE_ERROR_STATICS, error::TYPE_ERROR_PROTOTYPE;
    UriError, UriErrorPrototype, error::URI_ERROR, error::URI_ERROR_STATICS, error::URI_ERROR_PROTOTYPE;
    AggregateError, AggregateErrorPrototype, error::AGGREGATE_ERROR, error::AGGREGATE_ERROR_STATICS, error::AGGREGATE_ERROR_PROTOTYPE;
    SuppressedError, SuppressedErrorPrototype, error::SUPPRESSED_ERROR, error::SUPPRESSED_ERROR_STATICS, error::SUPPRESSED_ERROR_PROTOTYPE;
};

/// A function that is an intrinsic by itself.
const fn function_object(intrinsic: Intrinsic, function: FunctionSpec) -> ObjectSpec {
    ObjectSpec::class(intrinsic, function, &[])
}

/// An iterator prototype: it inherits from %Iterator.prototype%.
const fn iterator_prototype(intrinsic: Intrinsic, properties: &'static [PropertySpec]) -> ObjectSpec {
    ObjectSpec::plain(intrinsic, Intrinsic::IteratorPrototype, properties)
}

static OTHERS: &[ObjectSpec] = &[
    ObjectSpec::class(Intrinsic::Object, object::CONSTRUCTOR, object::STATICS),
    ObjectSpec::plain(Intrinsic::ObjectPrototype, Intrinsic::ObjectPrototype, object::PROTOTYPE).with_prototype(None),
    ObjectSpec::class(Intrinsic::Function, function::CONSTRUCTOR, function::STATICS),
    ObjectSpec::plain(Intrinsic::FunctionPrototype, Intrinsic::ObjectPrototype, function::PROTOTYPE)
        .with_form(ObjectForm::Function(FunctionSpec::named(SpecKey::Text(""), 0, function::prototype_function))),
    ObjectSpec::class(Intrinsic::Array, array::CONSTRUCTOR, array::STATICS),
    ObjectSpec::plain(Intrinsic::ArrayPrototype, Intrinsic::ObjectPrototype, array::PROTOTYPE)
        .with_form(ObjectForm::Object(Kind::Array)),
    function_object(Intrinsic::ArrayValues, array::VALUES),
    function_object(Intrinsic::ThrowTypeError, function::THROW_TYPE_ERROR)
        .with_form(ObjectForm::FrozenFunction(function::THROW_TYPE_ERROR)),
    function_object(Intrinsic::PromiseThen, promise::THEN),
    function_object(Intrinsic::PromiseResolve, promise::RESOLVE),
    ObjectSpec::plain(Intrinsic::Math, Intrinsic::ObjectPrototype, math::PROPERTIES),
    ObjectSpec::plain(Intrinsic::Json, Intrinsic::ObjectPrototype, json::PROPERTIES),
    ObjectSpec::plain(Intrinsic::Reflect, Intrinsic::ObjectPrototype, reflect::PROPERTIES),
    ObjectSpec::class(Intrinsic::Proxy, reflect::proxy::CONSTRUCTOR, reflect::proxy::STATICS),
    iterator_prototype(Intrinsic::ArrayIteratorPrototype, iterator::ARRAY_ITERATOR),
    iterator_prototype(Intrinsic::MapIteratorPrototype, iterator::MAP_ITERATOR),
    iterator_prototype(Intrinsic::SetIteratorPrototype, iterator::SET_ITERATOR),
    iterator_prototype(Intrinsic::StringIteratorPrototype, iterator::STRING_ITERATOR),
    iterator_prototype(Intrinsic::RegExpStringIteratorPrototype, iterator::REGEXP_STRING_ITERATOR),
    iterator_prototype(Intrinsic::IteratorHelperPrototype, iterator::HELPER_PROTOTYPE),
    iterator_prototype(Intrinsic::WrapForValidIteratorPrototype, iterator::WRAP_PROTOTYPE),
    iterator_prototype(Intrinsic::GeneratorPrototype, generator::GENERATOR_PROTOTYPE),
    ObjectSpec::plain(Intrinsic::AsyncIteratorPrototype, Intrinsic::ObjectPrototype, iterator::ASYNC_ITERATOR),
    ObjectSpec::plain(
        Intrinsic::AsyncGeneratorPrototype,
        Intrinsic::AsyncIteratorPrototype,
        generator::ASYNC_GENERATOR_PROTOTYPE,
    ),
    subclass_of_function(
        Intrinsic::GeneratorFunction,
        generator::GENERATOR_FUNCTION,
        generator::GENERATOR_FUNCTION_STATICS,
    ),
    subclass_of_function(Intrinsic::AsyncFunction, generator::ASYNC_FUNCTION, generator::ASYNC_FUNCTION_STATICS),
    subclass_of_function(
        Intrinsic::AsyncGeneratorFunction,
        generator::ASYNC_GENERATOR_FUNCTION,
        generator::ASYNC_GENERATOR_FUNCTION_STATICS,
    ),
    ObjectSpec::plain(
        Intrinsic::GeneratorFunctionPrototype,
        Intrinsic::FunctionPrototype,
        generator::GENERATOR_FUNCTION_PROTOTYPE,
    ),
    ObjectSpec::plain(
        Intrinsic::AsyncFunctionPrototype,
        Intrinsic::FunctionPrototype,
        generator::ASYNC_FUNCTION_PROTOTYPE,
    ),
    ObjectSpec::plain(
        Intrinsic::AsyncGeneratorFunctionPrototype,
        Intrinsic::FunctionPrototype,
        generator::ASYNC_GENERATOR_FUNCTION_PROTOTYPE,
    ),
];

/// GeneratorFunction and its like inherit from Function.
const fn subclass_of_function(intrinsic: Intrinsic, f: FunctionSpec, statics: &'static [PropertySpec]) -> ObjectSpec {
    ObjectSpec::class(intrinsic, f, statics).with_prototype(Some(Intrinsic::Function))
}

/// The whole library.
pub static BUILTINS: Builtins = Builtins {
    objects: &[OTHERS, CLASSES, ERRORS, typed_array::OBJECTS, global::FUNCTIONS],
    globals: &[global::VALUES, global::CLASSES],
    runtime: &[runtime::FUNCTIONS],
    parse_json: Some(json::parse_value),
};
