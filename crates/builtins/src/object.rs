//! Object and Object.prototype (ECMA-262 §20.1), with Annex B's accessor methods (§B.2.2).

use crate::table::*;
use tercel_vm::string::StringBuilder;
use tercel_vm::{
    Args, Context, Gc, IntegrityLevel, Intrinsic, JsResult, Kind, Object, PropertyDescriptor, PropertyKey, Value,
    ValueList,
};

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    let nt = args.new_target();
    if !nt.is_undefined() && nt != args.callee() {
        let proto = cx.prototype_from_new_target(nt, Intrinsic::ObjectPrototype)?;
        return Ok(cx.new_object_with_prototype(Some(proto)).into());
    }
    if args.get(0).is_nullish() {
        return Ok(cx.new_object().into());
    }
    Ok(cx.to_object(args.get(0))?.into())
}

fn assign(cx: &Context, args: &Args) -> JsResult<Value> {
    let to = cx.to_object(args.get(0))?;
    for i in 1..args.len() {
        if args.get(i).is_nullish() {
            continue;
        }
        let from = cx.to_object(args.get(i))?;
        if to.shape(cx).property_count() == 0 && !inherits_any(cx, to, from) && to.adopt_properties(cx, from)? {
            continue;
        }
        let keys = from.own_keys(cx)?;
        for k in 0..keys.len() {
            let key = cx.to_property_key(keys.get(k))?;
            if from.get_own(cx, key)?.is_some_and(|d| d.enumerable == Some(true)) {
                let value = from.get(cx, key)?;
                to.put(cx, key, value)?;
            }
        }
    }
    Ok(to.into())
}

/// Whether an assignment to `to` of some property of `from` might find it on the prototype chain, where it might be a setter or not writable.
fn inherits_any(cx: &Context, to: Gc<Object>, from: Gc<Object>) -> bool {
    let mut next = to.shape(cx).prototype();
    while let Some(p) = next {
        let shape = p.shape(cx);
        if p.kind() != Kind::Object || from.shape(cx).entries().any(|entry| shape.lookup(cx, entry.key).is_some()) {
            return true;
        }
        next = shape.prototype();
    }
    false
}

fn create(cx: &Context, args: &Args) -> JsResult<Value> {
    let proto = prototype_argument(cx, args.get(0))?;
    let o = cx.new_object_with_prototype(proto);
    if !args.get(1).is_undefined() {
        define_all(cx, o, args.get(1))?;
    }
    Ok(o.into())
}

fn prototype_argument(cx: &Context, v: Value) -> JsResult<Option<Gc<Object>>> {
    match v.as_object() {
        Some(o) => Ok(Some(o)),
        None if v.is_null() => Ok(None),
        None => Err(cx.throw_type(format_args!("Object prototype may only be an Object or null: {}", cx.describe(v)))),
    }
}

/// ObjectDefineProperties (§20.1.2.3.1): all descriptors are read before any is applied.
fn define_all(cx: &Context, o: Gc<Object>, properties: Value) -> JsResult<()> {
    let properties = cx.to_object(properties)?;
    let keys = properties.own_keys(cx)?;
    let list = ValueList::new(cx);
    for i in 0..keys.len() {
        let key = cx.to_property_key(keys.get(i))?;
        if properties.get_own(cx, key)?.is_some_and(|d| d.enumerable == Some(true)) {
            let attributes = properties.get(cx, key)?;
            let d = cx.to_property_descriptor(attributes)?;
            list.push(keys.get(i));
            list.push(cx.from_property_descriptor(&d));
        }
    }
    for i in (0..list.len()).step_by(2) {
        let key = cx.to_property_key(list.get(i))?;
        // The descriptor object was made above and nobody else has it: reading it back runs no script.
        let d = cx.to_property_descriptor(list.get(i + 1))?;
        o.define_or_throw(cx, key, &d)?;
    }
    Ok(())
}

fn object_argument(cx: &Context, v: Value, method: &str) -> JsResult<Gc<Object>> {
    match v.as_object() {
        Some(o) => Ok(o),
        None => Err(cx.throw_type(format_args!("{method} called on non-object"))),
    }
}

fn define_properties(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = object_argument(cx, args.get(0), "Object.defineProperties")?;
    define_all(cx, o, args.get(1))?;
    Ok(args.get(0))
}

fn define_property(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = object_argument(cx, args.get(0), "Object.defineProperty")?;
    let key = cx.to_property_key(args.get(1))?;
    let d = cx.to_property_descriptor(args.get(2))?;
    o.define_or_throw(cx, key, &d)?;
    Ok(args.get(0))
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Keys,
    Values,
    Entries,
}

/// EnumerableOwnProperties (§7.3.24) as an array.
fn enumerate(cx: &Context, args: &Args, what: What) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    let out = cx.new_array(0);
    if what == What::Keys {
        let keys = cx.enumerable_own_keys(o)?;
        for i in 0..keys.len() {
            cx.array_push(out, keys.get(i))?;
        }
        return Ok(out.into());
    }
    let keys = o.own_keys(cx)?;
    for i in 0..keys.len() {
        if keys.get(i).is_symbol() {
            continue;
        }
        let key = cx.to_property_key(keys.get(i))?;
        if o.get_own(cx, key)?.is_some_and(|d| d.enumerable == Some(true)) {
            let value = o.get(cx, key)?;
            let item = if what == What::Values { value } else { cx.array_of(&[keys.get(i), value]).into() };
            cx.array_push(out, item)?;
        }
    }
    Ok(out.into())
}

fn entries(cx: &Context, args: &Args) -> JsResult<Value> {
    enumerate(cx, args, What::Entries)
}

fn keys(cx: &Context, args: &Args) -> JsResult<Value> {
    enumerate(cx, args, What::Keys)
}

fn values(cx: &Context, args: &Args) -> JsResult<Value> {
    enumerate(cx, args, What::Values)
}

fn integrity(cx: &Context, args: &Args, level: IntegrityLevel) -> JsResult<Value> {
    let Some(o) = args.get(0).as_object() else { return Ok(args.get(0)) };
    if !cx.set_integrity_level(o, level)? {
        return Err(cx.throw_type(format_args!("Cannot freeze")));
    }
    Ok(args.get(0))
}

fn freeze(cx: &Context, args: &Args) -> JsResult<Value> {
    integrity(cx, args, IntegrityLevel::Frozen)
}

fn seal(cx: &Context, args: &Args) -> JsResult<Value> {
    integrity(cx, args, IntegrityLevel::Sealed)
}

fn prevent_extensions(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(o) = args.get(0).as_object() else { return Ok(args.get(0)) };
    if !o.prevent_extensions(cx)? {
        return Err(cx.throw_type(format_args!("Cannot prevent extensions")));
    }
    Ok(args.get(0))
}

fn is_extensible(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.get(0).as_object() {
        Some(o) => Ok(o.is_extensible(cx)?.into()),
        None => Ok(Value::FALSE),
    }
}

fn is_frozen(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.get(0).as_object() {
        Some(o) => Ok(cx.test_integrity_level(o, IntegrityLevel::Frozen)?.into()),
        None => Ok(Value::TRUE),
    }
}

fn is_sealed(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.get(0).as_object() {
        Some(o) => Ok(cx.test_integrity_level(o, IntegrityLevel::Sealed)?.into()),
        None => Ok(Value::TRUE),
    }
}

fn from_entries(cx: &Context, args: &Args) -> JsResult<Value> {
    if args.get(0).is_nullish() {
        return Err(cx.throw_type(format_args!("{} is not iterable", cx.describe(args.get(0)))));
    }
    let out = cx.new_object();
    crate::iterator::for_each(cx, args.get(0), |entry| {
        let Some(pair) = entry.as_object() else {
            return Err(cx.throw_type(format_args!("Iterator value {} is not an entry object", cx.describe(entry))));
        };
        let k = pair.get(cx, PropertyKey::index(0))?;
        let v = pair.get(cx, PropertyKey::index(1))?;
        let key = cx.to_property_key(k)?;
        out.create_data_or_throw(cx, key, v)
    })?;
    Ok(out.into())
}

fn get_own_property_descriptor(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    let key = cx.to_property_key(args.get(1))?;
    Ok(o.get_own(cx, key)?.map_or(Value::UNDEFINED, |d| cx.from_property_descriptor(&d).into()))
}

fn get_own_property_descriptors(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    let keys = o.own_keys(cx)?;
    let out = cx.new_object();
    for i in 0..keys.len() {
        let key = cx.to_property_key(keys.get(i))?;
        if let Some(d) = o.get_own(cx, key)? {
            let descriptor = cx.from_property_descriptor(&d);
            out.create_data_or_throw(cx, key, descriptor.into())?;
        }
    }
    Ok(out.into())
}

fn own_names(cx: &Context, args: &Args, symbols: bool) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    let keys = o.own_keys(cx)?;
    let out = cx.new_array(0);
    for i in 0..keys.len() {
        if keys.get(i).is_symbol() == symbols {
            cx.array_push(out, keys.get(i))?;
        }
    }
    Ok(out.into())
}

fn get_own_property_names(cx: &Context, args: &Args) -> JsResult<Value> {
    own_names(cx, args, false)
}

fn get_own_property_symbols(cx: &Context, args: &Args) -> JsResult<Value> {
    own_names(cx, args, true)
}

fn get_prototype_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    Ok(o.prototype(cx)?.map_or(Value::NULL, Value::from))
}

fn set_prototype_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let v = args.get(0);
    if v.is_nullish() {
        return Err(cx.throw_type(format_args!("Object.setPrototypeOf called on null or undefined")));
    }
    let proto = prototype_argument(cx, args.get(1))?;
    if let Some(o) = v.as_object()
        && !o.set_prototype(cx, proto)?
    {
        return Err(refused_prototype(cx, o));
    }
    Ok(v)
}

fn refused_prototype(cx: &Context, o: Gc<Object>) -> tercel_vm::Throw {
    match o.is_extensible(cx) {
        Ok(true) => cx.throw_type(format_args!("Cyclic __proto__ value")),
        Ok(false) => cx.throw_type(format_args!("{} is not extensible", cx.describe(o.into()))),
        Err(throw) => throw,
    }
}

fn group_by(cx: &Context, args: &Args) -> JsResult<Value> {
    let groups = crate::iterator::group_by(cx, args.get(0), args.get(1), true)?;
    let out = cx.new_object_with_prototype(None);
    for i in (0..groups.len()).step_by(2) {
        let key = cx.to_property_key(groups.get(i))?;
        out.create_data_or_throw(cx, key, groups.get(i + 1))?;
    }
    Ok(out.into())
}

fn has_own(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    let key = cx.to_property_key(args.get(1))?;
    Ok(o.has_own(cx, key)?.into())
}

fn is(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.same_value(args.get(0), args.get(1))?.into())
}

// ---- Object.prototype

fn has_own_property(cx: &Context, args: &Args) -> JsResult<Value> {
    let key = cx.to_property_key(args.get(0))?;
    let o = cx.to_object(args.this())?;
    Ok(o.has_own(cx, key)?.into())
}

fn is_prototype_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(v) = args.get(0).as_object() else { return Ok(Value::FALSE) };
    let o = cx.to_object(args.this())?;
    let mut hops = 0u32;
    let mut next = v.prototype(cx)?;
    while let Some(proto) = next {
        if proto == o {
            return Ok(Value::TRUE);
        }
        hops += 1;
        if hops.is_multiple_of(4096) {
            cx.poll()?;
        }
        next = proto.prototype(cx)?;
    }
    Ok(Value::FALSE)
}

fn property_is_enumerable(cx: &Context, args: &Args) -> JsResult<Value> {
    let key = cx.to_property_key(args.get(0))?;
    let o = cx.to_object(args.this())?;
    Ok(o.get_own(cx, key)?.is_some_and(|d| d.enumerable == Some(true)).into())
}

fn to_locale_string(cx: &Context, args: &Args) -> JsResult<Value> {
    cx.invoke(args.this(), cx.names().to_string, &[])
}

/// Object.prototype.toString (§20.1.3.6).
pub fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let this = args.this();
    if this.is_undefined() {
        return Ok(cx.string_from_utf8("[object Undefined]").into());
    }
    if this.is_null() {
        return Ok(cx.string_from_utf8("[object Null]").into());
    }
    let o = cx.to_object(this)?;
    let builtin: &[u8] = if cx.is_array(o.into())? {
        b"[object Array]"
    } else {
        match o.kind() {
            Kind::MappedArguments | Kind::Arguments => b"[object Arguments]",
            Kind::Error => b"[object Error]",
            Kind::BooleanObject => b"[object Boolean]",
            Kind::NumberObject => b"[object Number]",
            Kind::StringObject => b"[object String]",
            Kind::Date => b"[object Date]",
            Kind::RegExp => b"[object RegExp]",
            _ if o.is_callable() => b"[object Function]",
            _ => b"[object Object]",
        }
    };
    let tag = o.get(cx, cx.names().symbol_to_string_tag)?;
    let Some(tag) = tag.as_string() else { return Ok(cx.string_from_latin1(builtin)?.into()) };
    let mut text = StringBuilder::with_capacity(cx, tag.len() + 9)?;
    text.push_latin1(b"[object ")?;
    text.push_string(tag)?;
    text.push_latin1(b"]")?;
    Ok(text.finish()?.into())
}

fn value_of(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.to_object(args.this())?.into())
}

fn proto_getter(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.this())?;
    Ok(o.prototype(cx)?.map_or(Value::NULL, Value::from))
}

fn proto_setter(cx: &Context, args: &Args) -> JsResult<Value> {
    if args.this().is_nullish() {
        return Err(cx.throw_type(format_args!("Object.prototype.__proto__ called on null or undefined")));
    }
    let proto = match args.get(0) {
        v if v.is_null() => None,
        v => match v.as_object() {
            Some(o) => Some(o),
            None => return Ok(Value::UNDEFINED),
        },
    };
    if let Some(o) = args.this().as_object()
        && !o.set_prototype(cx, proto)?
    {
        return Err(refused_prototype(cx, o));
    }
    Ok(Value::UNDEFINED)
}

fn define_accessor(cx: &Context, args: &Args, setter: bool) -> JsResult<Value> {
    let o = cx.to_object(args.this())?;
    if !cx.is_callable(args.get(1)) {
        let name = if setter { "__defineSetter__" } else { "__defineGetter__" };
        return Err(cx.throw_type(format_args!("Object.prototype.{name}: Expecting function")));
    }
    let key = cx.to_property_key(args.get(0))?;
    let mut d = PropertyDescriptor { enumerable: Some(true), configurable: Some(true), ..Default::default() };
    if setter {
        d.setter = Some(args.get(1));
    } else {
        d.getter = Some(args.get(1));
    }
    o.define_or_throw(cx, key, &d)?;
    Ok(Value::UNDEFINED)
}

fn define_getter(cx: &Context, args: &Args) -> JsResult<Value> {
    define_accessor(cx, args, false)
}

fn define_setter(cx: &Context, args: &Args) -> JsResult<Value> {
    define_accessor(cx, args, true)
}

fn lookup_accessor(cx: &Context, args: &Args, setter: bool) -> JsResult<Value> {
    let o = cx.to_object(args.this())?;
    let key = cx.to_property_key(args.get(0))?;
    let mut next = Some(o);
    while let Some(o) = next {
        if let Some(d) = o.get_own(cx, key)? {
            return Ok(if setter { d.setter } else { d.getter }.unwrap_or(Value::UNDEFINED));
        }
        next = o.prototype(cx)?;
    }
    Ok(Value::UNDEFINED)
}

fn lookup_getter(cx: &Context, args: &Args) -> JsResult<Value> {
    lookup_accessor(cx, args, false)
}

fn lookup_setter(cx: &Context, args: &Args) -> JsResult<Value> {
    lookup_accessor(cx, args, true)
}

pub static CONSTRUCTOR: FunctionSpec = class("Object", 1, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::ObjectPrototype),
    method("assign", 2, assign),
    method("create", 2, create),
    method("defineProperties", 2, define_properties),
    method("defineProperty", 3, define_property),
    method("entries", 1, entries),
    method("freeze", 1, freeze),
    method("fromEntries", 1, from_entries),
    method("getOwnPropertyDescriptor", 2, get_own_property_descriptor),
    method("getOwnPropertyDescriptors", 1, get_own_property_descriptors),
    method("getOwnPropertyNames", 1, get_own_property_names),
    method("getOwnPropertySymbols", 1, get_own_property_symbols),
    method("getPrototypeOf", 1, get_prototype_of),
    method("groupBy", 2, group_by),
    method("hasOwn", 2, has_own),
    method("is", 2, is),
    method("isExtensible", 1, is_extensible),
    method("isFrozen", 1, is_frozen),
    method("isSealed", 1, is_sealed),
    method("keys", 1, keys),
    method("preventExtensions", 1, prevent_extensions),
    method("seal", 1, seal),
    method("setPrototypeOf", 2, set_prototype_of),
    method("values", 1, values),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Object),
    method("__defineGetter__", 2, define_getter),
    method("__defineSetter__", 2, define_setter),
    method("hasOwnProperty", 1, has_own_property),
    method("__lookupGetter__", 1, lookup_getter),
    method("__lookupSetter__", 1, lookup_setter),
    method("isPrototypeOf", 1, is_prototype_of),
    method("propertyIsEnumerable", 1, property_is_enumerable),
    method("toString", 0, to_string),
    method("valueOf", 0, value_of),
    accessor("__proto__", proto_getter, proto_setter),
    method("toLocaleString", 0, to_locale_string),
];
