//! Array and Array.prototype (ECMA-262 §23.1): what is not in `js/array.js`.
//!
//! Each method is written as the specification has it, on generic objects, preceded where it pays by a path for *plain*
//! arrays (`Context::as_plain_array`): dense elements whose reads run no script.
//!
//! Here are the constructor, the tables and what the methods share; the methods by what they do: [`read`], [`search`], [`mutate`], [`copy`].

mod copy;
mod mutate;
mod read;
mod search;

use crate::iterator::{Gives, new_array_iterator};
use crate::table::*;
use copy::*;
use mutate::*;
use read::*;
use search::*;
use tercel_vm::elements::{Dense, Elements};
use tercel_vm::fast_native::FastNative;
use tercel_vm::object::array::ArrayObject;
use tercel_vm::string::StringBuilder;
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Object, PropertyKey, Value, ValueList, names};

pub use mutate::rt_sort_default;
pub use read::values;
pub use search::{Equality, find, last_start, position};

/// Iterations of a generic loop between polls.
const POLL_EVERY: u64 = 1024;

fn poll_at(cx: &Context, k: u64) -> JsResult<()> {
    if k % POLL_EVERY == POLL_EVERY - 1 { cx.poll() } else { Ok(()) }
}

/// A relative index argument (§23.1.3.28 steps 3–5 and their like): clamped to `0..=length`.
pub fn relative_index(cx: &Context, v: Value, length: u64, default: u64) -> JsResult<u64> {
    if v.is_undefined() {
        return Ok(default);
    }
    let n = if v.is_int32() { f64::from(v.as_int32()) } else { cx.to_integer_or_infinity(v)? };
    Ok(if n < 0.0 { (length as f64 + n).max(0.0) } else { n.min(length as f64) } as u64)
}

/// The receiver as an object, and its length.
fn receiver(cx: &Context, args: &Args) -> JsResult<(Gc<Object>, u64)> {
    let o = cx.to_object(args.this())?;
    let length = cx.length_of(o)?;
    Ok((o, length))
}

/// Sets `length` of an array-like; over 2^53 − 1 is a TypeError at the callers.
fn set_length(cx: &Context, o: Gc<Object>, length: u64) -> JsResult<()> {
    o.put(cx, cx.names().length, Value::number(length as f64))
}

/// The receiver as a plain array whose elements are all there is: `length` equals the dense length.
pub fn full_plain(cx: &Context, v: Value) -> Option<(Gc<ArrayObject>, Gc<Elements>)> {
    let array = cx.as_plain_array(v)?;
    let elements = array.elements();
    (elements.len() == array.len() as usize && array.length_is_writable()).then_some((array, elements))
}

fn element(e: Gc<Elements>, i: usize) -> Value {
    let v = e.get(i);
    if v.is_empty() { Value::UNDEFINED } else { v }
}

/// ArraySpeciesCreate (§10.4.2.3), quickly where nothing of it can be observed.
pub fn species_create(cx: &Context, original: Gc<Object>, length: u64) -> JsResult<Gc<Object>> {
    if cx.has_default_array_species(original) {
        return Ok(cx.array_create(length, None)?.object());
    }
    cx.array_species_create(original, length)
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    let nt = if args.new_target().is_undefined() { args.callee() } else { args.new_target() };
    let proto =
        if nt == args.callee() { None } else { Some(cx.prototype_from_new_target(nt, Intrinsic::ArrayPrototype)?) };
    if args.len() == 1 {
        let n = args.get(0);
        if !n.is_number() {
            let array = cx.array_create(0, proto)?;
            cx.array_push(array, n)?;
            return Ok(array.into());
        }
        let length = n.as_number();
        if length as u32 as f64 != length {
            return Err(cx.throw_range(format_args!("Invalid array length")));
        }
        return Ok(cx.array_create(length as u64, proto)?.into());
    }
    let array = cx.array_create(0, proto)?;
    for v in args.slice() {
        cx.array_push(array, v.get())?;
    }
    Ok(array.into())
}

fn is_array(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.is_array(args.get(0))?.into())
}

fn of(cx: &Context, args: &Args) -> JsResult<Value> {
    let length = Value::length(args.len());
    let a = match args.this().as_object().filter(|c| c.is_constructor()) {
        Some(c) if Value::from(c) != cx.intrinsic(Intrinsic::Array).into() => {
            let made = cx.construct(c, &[length], c)?;
            cx.to_object(made)?
        }
        _ => return Ok(cx.array_from_cells(args.slice())?.into()),
    };
    for i in 0..args.len() {
        a.create_data_or_throw(cx, cx.index_key(i as u64), args.get(i))?;
    }
    set_length(cx, a, args.len() as u64)?;
    Ok(a.into())
}

/// `o[k]`, quickly for plain arrays.
#[inline]
pub fn get_index(cx: &Context, o: Gc<Object>, k: u64) -> JsResult<Value> {
    let e = o.elements.get();
    if (k as usize) < e.len() && o.kind() == Kind::Array {
        let v = e.get(k as usize);
        if !v.is_empty() {
            return Ok(v);
        }
    }
    o.get(cx, cx.index_key(k))
}

/// %Array.prototype.toString%, which %TypedArray%.prototype shares (§23.2.3.32).
pub fn to_string_function(cx: &Context, _: Gc<Object>) -> Value {
    // An own data property of an ordinary object: reading it runs no script; if a script made it an accessor, it is called as such.
    cx.intrinsic(Intrinsic::ArrayPrototype).get(cx, cx.names().to_string).unwrap_or_else(|_| {
        cx.take_exception();
        Value::UNDEFINED
    })
}

pub static VALUES: FunctionSpec = FunctionSpec::named(SpecKey::Text("values"), 0, values);

/// Array.prototype[@@unscopables] (§23.1.3.41).
fn unscopables(cx: &Context, _: Gc<Object>) -> Value {
    let list = cx.new_object_with_prototype(None);
    for name in [
        "at",
        "copyWithin",
        "entries",
        "fill",
        "find",
        "findIndex",
        "findLast",
        "findLastIndex",
        "flat",
        "flatMap",
        "includes",
        "keys",
        "toReversed",
        "toSorted",
        "toSpliced",
        "values",
    ] {
        // An ordinary extensible object accepts every property; only the heap's limit could refuse, at the next safepoint.
        let _ = list.create_data(cx, cx.key_from_utf8(name), Value::TRUE);
    }
    list.into()
}

pub static SOURCE: SelfHostedSource = SelfHostedSource { name: "tercel:array", text: include_str!("../js/array.js") };

pub static CONSTRUCTOR: FunctionSpec = class("Array", 1, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::ArrayPrototype),
    js_method("from", 1, &SOURCE, "from"),
    js_method("fromAsync", 1, &SOURCE, "fromAsync"),
    method("isArray", 1, is_array),
    method("of", 0, of),
    species(),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Array),
    method("at", 1, at),
    method("concat", 1, concat),
    method("copyWithin", 2, copy_within),
    method("entries", 0, entries),
    js_method("every", 1, &SOURCE, "every"),
    method("fill", 1, fill),
    js_method("filter", 1, &SOURCE, "filter"),
    js_method("find", 1, &SOURCE, "find"),
    js_method("findIndex", 1, &SOURCE, "findIndex"),
    js_method("findLast", 1, &SOURCE, "findLast"),
    js_method("findLastIndex", 1, &SOURCE, "findLastIndex"),
    method("flat", 0, flat),
    js_method("flatMap", 1, &SOURCE, "flatMap"),
    js_method("forEach", 1, &SOURCE, "forEach"),
    method("includes", 1, includes),
    method("indexOf", 1, index_of),
    method("join", 1, join),
    method("keys", 0, keys),
    method("lastIndexOf", 1, last_index_of),
    js_method("map", 1, &SOURCE, "map"),
    method("pop", 0, pop).fast(FastNative::ArrayPop),
    method("push", 1, push).fast(FastNative::ArrayPush),
    js_method("reduce", 1, &SOURCE, "reduce"),
    js_method("reduceRight", 1, &SOURCE, "reduceRight"),
    method("reverse", 0, reverse),
    method("shift", 0, shift),
    method("slice", 2, slice),
    js_method("some", 1, &SOURCE, "some"),
    js_method("sort", 1, &SOURCE, "sort"),
    method("splice", 2, splice),
    method("toLocaleString", 0, to_locale_string),
    method("toReversed", 0, to_reversed),
    js_method("toSorted", 1, &SOURCE, "toSorted"),
    method("toSpliced", 2, to_spliced),
    method("toString", 0, to_string),
    method("unshift", 1, unshift),
    intrinsic("values", Intrinsic::ArrayValues),
    method("with", 2, with),
    symbol_alias(names::SYMBOL_ITERATOR, "values"),
    PropertySpec {
        key: SpecKey::Name(names::SYMBOL_UNSCOPABLES),
        attributes: CONFIGURABLE,
        value: PropertyValue::Computed(unscopables),
    },
];
