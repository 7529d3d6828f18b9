//! Reflect (ECMA-262 §28.1) and the Proxy constructor (§28.2).

use crate::table::*;
use tercel_vm::{Args, Context, Gc, JsResult, Object, Value};

fn target(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<Object>> {
    match args.get(0).as_object() {
        Some(o) => Ok(o),
        None => Err(cx.throw_type(format_args!("Reflect.{method} called on non-object"))),
    }
}

fn apply(cx: &Context, args: &Args) -> JsResult<Value> {
    if !cx.is_callable(args.get(0)) {
        return Err(cx.throw_type(format_args!("{} is not a function", cx.describe(args.get(0)))));
    }
    let list = cx.list_from_array_like(args.get(2))?;
    cx.call_cells(args.get(0), args.get(1), list.cells())
}

fn construct(cx: &Context, args: &Args) -> JsResult<Value> {
    let constructor = |v: Value| match v.as_object() {
        Some(o) if o.is_constructor() => Ok(o),
        _ => Err(cx.throw_type(format_args!("{} is not a constructor", cx.describe(v)))),
    };
    let f = constructor(args.get(0))?;
    let new_target = if args.len() > 2 { constructor(args.get(2))? } else { f };
    let list = cx.list_from_array_like(args.get(1))?;
    cx.construct_cells(f, list.cells(), new_target)
}

fn define_property(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "defineProperty")?;
    let key = cx.to_property_key(args.get(1))?;
    let d = cx.to_property_descriptor(args.get(2))?;
    Ok(o.define_own(cx, key, &d)?.into())
}

fn delete_property(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "deleteProperty")?;
    let key = cx.to_property_key(args.get(1))?;
    Ok(o.delete(cx, key)?.into())
}

fn get(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "get")?;
    let key = cx.to_property_key(args.get(1))?;
    o.get_receiver(cx, key, if args.len() > 2 { args.get(2) } else { args.get(0) })
}

fn get_own_property_descriptor(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "getOwnPropertyDescriptor")?;
    let key = cx.to_property_key(args.get(1))?;
    Ok(o.get_own(cx, key)?.map_or(Value::UNDEFINED, |d| cx.from_property_descriptor(&d).into()))
}

fn get_prototype_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "getPrototypeOf")?;
    Ok(o.prototype(cx)?.map_or(Value::NULL, Value::from))
}

fn has(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "has")?;
    let key = cx.to_property_key(args.get(1))?;
    Ok(o.has_property(cx, key)?.into())
}

fn is_extensible(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(target(cx, args, "isExtensible")?.is_extensible(cx)?.into())
}

fn own_keys(cx: &Context, args: &Args) -> JsResult<Value> {
    let keys = target(cx, args, "ownKeys")?.own_keys(cx)?;
    let out = cx.new_array(0);
    for i in 0..keys.len() {
        cx.array_push(out, keys.get(i))?;
    }
    Ok(out.into())
}

fn prevent_extensions(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(target(cx, args, "preventExtensions")?.prevent_extensions(cx)?.into())
}

fn set(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "set")?;
    let key = cx.to_property_key(args.get(1))?;
    let receiver = if args.len() > 3 { args.get(3) } else { args.get(0) };
    Ok(o.set(cx, key, args.get(2), receiver)?.into())
}

fn set_prototype_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = target(cx, args, "setPrototypeOf")?;
    let proto = match args.get(1) {
        v if v.is_null() => None,
        v => match v.as_object() {
            Some(p) => Some(p),
            None => {
                return Err(
                    cx.throw_type(format_args!("Object prototype may only be an Object or null: {}", cx.describe(v)))
                );
            }
        },
    };
    Ok(o.set_prototype(cx, proto)?.into())
}

pub static PROPERTIES: &[PropertySpec] = &[
    special_method("apply", 3, apply, special::REFLECT_APPLY),
    special_method("construct", 2, construct, special::REFLECT_CONSTRUCT),
    method("defineProperty", 3, define_property),
    method("deleteProperty", 2, delete_property),
    method("get", 2, get),
    method("getOwnPropertyDescriptor", 2, get_own_property_descriptor),
    method("getPrototypeOf", 1, get_prototype_of),
    method("has", 2, has),
    method("isExtensible", 1, is_extensible),
    method("ownKeys", 1, own_keys),
    method("preventExtensions", 1, prevent_extensions),
    method("set", 3, set),
    method("setPrototypeOf", 2, set_prototype_of),
    to_string_tag("Reflect"),
];

pub mod proxy {
    use super::*;

    /// ProxyCreate's arguments (§10.5.14).
    fn create(cx: &Context, args: &Args) -> JsResult<Gc<Object>> {
        match (args.get(0).as_object(), args.get(1).as_object()) {
            (Some(target), Some(handler)) => Ok(cx.new_proxy(target, handler)),
            _ => Err(cx.throw_type(format_args!("Cannot create proxy with a non-object as target or handler"))),
        }
    }

    fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        if args.new_target().is_undefined() {
            return Err(cx.throw_type(format_args!("Constructor Proxy requires 'new'")));
        }
        Ok(create(cx, args)?.into())
    }

    fn revoke(cx: &Context, args: &Args) -> JsResult<Value> {
        let f = args.callee_native();
        if let Some(proxy) = f.data(0).as_object() {
            f.set_data(cx, 0, Value::NULL);
            cx.revoke_proxy(proxy);
        }
        Ok(Value::UNDEFINED)
    }

    static REVOKER: FunctionSpec = FunctionSpec::anonymous(0, revoke);

    fn revocable(cx: &Context, args: &Args) -> JsResult<Value> {
        let proxy = create(cx, args)?;
        let revoker = cx.new_native_with_data(&REVOKER, [proxy.into(), Value::UNDEFINED]);
        let result = cx.new_object();
        result.create_data(cx, cx.names().proxy, proxy.into())?;
        result.create_data(cx, cx.names().revoke, revoker.into())?;
        Ok(result.into())
    }

    pub static CONSTRUCTOR: FunctionSpec = class("Proxy", 2, constructor);
    pub static STATICS: &[PropertySpec] = &[method("revocable", 2, revocable)];
}
