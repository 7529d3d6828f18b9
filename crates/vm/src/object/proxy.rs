//! Proxies (ECMA-262 §10.5): each internal method calls the handler's trap and checks the invariants of the target.
//!
//! A missing trap hands over to the target. The methods that loops walk ([[Get]], [[Set]], [[HasProperty]], [[Delete]]) say so with
//! [`Answer::Target`], so that a chain of proxies does not grow the native stack; the others call themselves on the target and
//! check the stack.

use super::Object;
use super::define::is_compatible;
use super::descriptor::PropertyDescriptor;
use super::object_flag;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::key::PropertyKey;
use crate::list::ValueList;
use crate::names::{self, Name};
use crate::realm::RealmShape;
use crate::value::Value;
use rustc_hash::FxHashSet;
use std::cell::Cell;

/// Kind::Proxy. Callable and constructor are object flags, which do not change.
#[repr(C)]
pub struct Proxy {
    pub object: Object,
    /// An object; null when revoked.
    pub target: Cell<Value>,
    pub handler: Cell<Value>,
}

/// What a proxy's method decided.
pub enum Answer<T> {
    Done(T),
    /// There is no trap: the target is to be asked.
    Target(Gc<Object>),
}

fn as_proxy(o: Gc<Object>) -> Gc<Proxy> {
    debug_assert!(o.kind() == Kind::Proxy);
    // SAFETY: callers dispatch on the kind.
    unsafe { o.cast() }
}

/// The target, the handler, and the trap if there is one (the common beginning of all methods).
struct Trap {
    target: Gc<Object>,
    handler: Gc<Object>,
    function: Option<Value>,
}

fn trap(cx: &Context, o: Gc<Object>, name: Name) -> JsResult<Trap> {
    cx.check_native_stack()?;
    let proxy = as_proxy(o);
    let (Some(target), Some(handler)) = (proxy.target.get().as_object(), proxy.handler.get().as_object()) else {
        return Err(cx.throw_type(format_args!("Cannot perform '{}' on a proxy that has been revoked", name.text())));
    };
    let function = cx.get_method(handler.value(), cx.name(name))?;
    Ok(Trap { target, handler, function })
}

impl Trap {
    fn call(&self, cx: &Context, f: Value, args: &[Value]) -> JsResult<Value> {
        cx.call(f, self.handler.value(), args)
    }
}

fn violation(cx: &Context, trap: &str, key: Option<PropertyKey>, what: &str) -> Throw {
    match key {
        Some(key) => cx.throw_type(format_args!("'{trap}' on proxy: {what} for property '{}'", key.display(cx))),
        None => cx.throw_type(format_args!("'{trap}' on proxy: {what}")),
    }
}

/// [[GetPrototypeOf]] (§10.5.1).
pub(crate) fn prototype(cx: &Context, o: Gc<Object>) -> JsResult<Option<Gc<Object>>> {
    let t = trap(cx, o, names::GET_PROTOTYPE_OF)?;
    let Some(f) = t.function else { return t.target.prototype(cx) };
    let result = t.call(cx, f, &[t.target.value()])?;
    if !result.is_object() && !result.is_null() {
        return Err(violation(cx, "getPrototypeOf", None, "trap returned neither object nor null"));
    }
    let result = result.as_object();
    if !t.target.is_extensible(cx)? && t.target.prototype(cx)? != result {
        return Err(violation(
            cx,
            "getPrototypeOf",
            None,
            "proxy target is non-extensible but the trap did not return its actual prototype",
        ));
    }
    Ok(result)
}

/// [[SetPrototypeOf]] (§10.5.2).
pub(crate) fn set_prototype(cx: &Context, o: Gc<Object>, proto: Option<Gc<Object>>) -> JsResult<bool> {
    let t = trap(cx, o, names::SET_PROTOTYPE_OF)?;
    let Some(f) = t.function else { return t.target.set_prototype(cx, proto) };
    if !t.call(cx, f, &[t.target.value(), proto.map_or(Value::NULL, Value::from)])?.to_boolean() {
        return Ok(false);
    }
    if !t.target.is_extensible(cx)? && t.target.prototype(cx)? != proto {
        return Err(violation(
            cx,
            "setPrototypeOf",
            None,
            "trap returned truish for setting a new prototype on the non-extensible proxy target",
        ));
    }
    Ok(true)
}

/// [[IsExtensible]] (§10.5.3).
pub(crate) fn is_extensible(cx: &Context, o: Gc<Object>) -> JsResult<bool> {
    let t = trap(cx, o, names::IS_EXTENSIBLE)?;
    let Some(f) = t.function else { return t.target.is_extensible(cx) };
    let result = t.call(cx, f, &[t.target.value()])?.to_boolean();
    if result != t.target.is_extensible(cx)? {
        return Err(violation(cx, "isExtensible", None, "trap result does not reflect extensibility of proxy target"));
    }
    Ok(result)
}

/// [[PreventExtensions]] (§10.5.4).
pub(crate) fn prevent_extensions(cx: &Context, o: Gc<Object>) -> JsResult<bool> {
    let t = trap(cx, o, names::PREVENT_EXTENSIONS)?;
    let Some(f) = t.function else { return t.target.prevent_extensions(cx) };
    let result = t.call(cx, f, &[t.target.value()])?.to_boolean();
    if result && t.target.is_extensible(cx)? {
        return Err(violation(
            cx,
            "preventExtensions",
            None,
            "trap returned truish but the proxy target is extensible",
        ));
    }
    Ok(result)
}

/// [[GetOwnProperty]] (§10.5.5).
pub(crate) fn get_own(cx: &Context, o: Gc<Object>, key: PropertyKey) -> JsResult<Option<PropertyDescriptor>> {
    let t = trap(cx, o, names::GET_OWN_PROPERTY_DESCRIPTOR)?;
    let Some(f) = t.function else { return t.target.get_own(cx, key) };
    const NAME: &str = "getOwnPropertyDescriptor";
    let result = t.call(cx, f, &[t.target.value(), key.to_value(cx)])?;
    if !result.is_object() && !result.is_undefined() {
        return Err(violation(cx, NAME, Some(key), "trap returned neither object nor undefined"));
    }
    let current = t.target.get_own(cx, key)?;
    if result.is_undefined() {
        let Some(current) = current else { return Ok(None) };
        if current.configurable == Some(false) {
            return Err(violation(
                cx,
                NAME,
                Some(key),
                "trap returned undefined, which is not allowed for a non-configurable property in the proxy target,",
            ));
        }
        if !t.target.is_extensible(cx)? {
            return Err(violation(
                cx,
                NAME,
                Some(key),
                "trap returned undefined, but the property exists in the non-extensible proxy target,",
            ));
        }
        return Ok(None);
    }
    let extensible = t.target.is_extensible(cx)?;
    let d = complete(cx.to_property_descriptor(result)?);
    if !is_compatible(cx, extensible, &d, current.map(|c| c.to_property(cx)))? {
        return Err(violation(
            cx,
            NAME,
            Some(key),
            "trap returned a descriptor that is incompatible with the existing property in the proxy target",
        ));
    }
    if d.configurable == Some(false) {
        let fits = current
            .is_some_and(|c| c.configurable == Some(false) && !(d.writable == Some(false) && c.writable == Some(true)));
        if !fits {
            return Err(violation(
                cx,
                NAME,
                Some(key),
                "trap reported non-configurability, but the proxy target's property is missing, configurable or writable,",
            ));
        }
    }
    Ok(Some(d))
}

/// CompletePropertyDescriptor (§6.2.6.6).
fn complete(mut d: PropertyDescriptor) -> PropertyDescriptor {
    if d.is_accessor() {
        d.getter.get_or_insert(Value::UNDEFINED);
        d.setter.get_or_insert(Value::UNDEFINED);
    } else {
        d.value.get_or_insert(Value::UNDEFINED);
        d.writable.get_or_insert(false);
    }
    d.enumerable.get_or_insert(false);
    d.configurable.get_or_insert(false);
    d
}

/// [[DefineOwnProperty]] (§10.5.6).
pub(crate) fn define_own(cx: &Context, o: Gc<Object>, key: PropertyKey, d: &PropertyDescriptor) -> JsResult<bool> {
    let t = trap(cx, o, names::DEFINE_PROPERTY)?;
    let Some(f) = t.function else { return t.target.define_own(cx, key, d) };
    const NAME: &str = "defineProperty";
    let shown = cx.from_property_descriptor(d);
    if !t.call(cx, f, &[t.target.value(), key.to_value(cx), shown.into()])?.to_boolean() {
        return Ok(false);
    }
    let current = t.target.get_own(cx, key)?;
    let extensible = t.target.is_extensible(cx)?;
    let fixed = d.configurable == Some(false);
    let Some(current) = current else {
        if !extensible || fixed {
            return Err(violation(
                cx,
                NAME,
                Some(key),
                "trap returned truish for adding a property that the proxy target cannot have,",
            ));
        }
        return Ok(true);
    };
    if !is_compatible(cx, extensible, d, Some(current.to_property(cx)))? {
        return Err(violation(
            cx,
            NAME,
            Some(key),
            "trap returned truish for a descriptor that is incompatible with the existing property in the proxy target",
        ));
    }
    let freezes = current.configurable == Some(false) && current.writable == Some(true) && d.writable == Some(false);
    if (fixed && current.configurable == Some(true)) || freezes {
        return Err(violation(
            cx,
            NAME,
            Some(key),
            "trap returned truish for defining a non-configurable property which is not so in the proxy target",
        ));
    }
    Ok(true)
}

/// [[HasProperty]] (§10.5.7).
pub(crate) fn has(cx: &Context, o: Gc<Object>, key: PropertyKey) -> JsResult<Answer<bool>> {
    let t = trap(cx, o, names::HAS)?;
    let Some(f) = t.function else { return Ok(Answer::Target(t.target)) };
    let result = t.call(cx, f, &[t.target.value(), key.to_value(cx)])?.to_boolean();
    if !result && let Some(current) = t.target.get_own(cx, key)? {
        if current.configurable == Some(false) {
            return Err(violation(
                cx,
                "has",
                Some(key),
                "trap returned falsish, but the property exists in the proxy target as non-configurable",
            ));
        }
        if !t.target.is_extensible(cx)? {
            return Err(violation(
                cx,
                "has",
                Some(key),
                "trap returned falsish, but the proxy target is not extensible",
            ));
        }
    }
    Ok(Answer::Done(result))
}

/// [[Get]] (§10.5.8).
pub(crate) fn get(cx: &Context, o: Gc<Object>, key: PropertyKey, receiver: Value) -> JsResult<Answer<Value>> {
    let t = trap(cx, o, names::GET)?;
    let Some(f) = t.function else { return Ok(Answer::Target(t.target)) };
    let v = t.call(cx, f, &[t.target.value(), key.to_value(cx), receiver])?;
    if let Some(current) = t.target.get_own(cx, key)?
        && current.configurable == Some(false)
    {
        if let (Some(false), Some(actual)) = (current.writable, current.value)
            && !cx.same_value(v, actual)?
        {
            return Err(violation(
                cx,
                "get",
                Some(key),
                "trap did not return the actual value of a read-only and non-configurable data property of the proxy target",
            ));
        }
        if current.is_accessor() && current.getter == Some(Value::UNDEFINED) && !v.is_undefined() {
            return Err(violation(
                cx,
                "get",
                Some(key),
                "trap returned a value, but the proxy target has a non-configurable accessor without a getter",
            ));
        }
    }
    Ok(Answer::Done(v))
}

/// [[Set]] (§10.5.9).
pub(crate) fn set(cx: &Context, o: Gc<Object>, key: PropertyKey, v: Value, receiver: Value) -> JsResult<Answer<bool>> {
    let t = trap(cx, o, names::SET)?;
    let Some(f) = t.function else { return Ok(Answer::Target(t.target)) };
    if !t.call(cx, f, &[t.target.value(), key.to_value(cx), v, receiver])?.to_boolean() {
        return Ok(Answer::Done(false));
    }
    if let Some(current) = t.target.get_own(cx, key)?
        && current.configurable == Some(false)
    {
        if let (Some(false), Some(actual)) = (current.writable, current.value)
            && !cx.same_value(v, actual)?
        {
            return Err(violation(
                cx,
                "set",
                Some(key),
                "trap returned truish, but the proxy target has a read-only, non-configurable property of another value",
            ));
        }
        if current.is_accessor() && current.setter == Some(Value::UNDEFINED) {
            return Err(violation(
                cx,
                "set",
                Some(key),
                "trap returned truish, but the proxy target has a non-configurable accessor without a setter",
            ));
        }
    }
    Ok(Answer::Done(true))
}

/// [[Delete]] (§10.5.10).
pub(crate) fn delete(cx: &Context, o: Gc<Object>, key: PropertyKey) -> JsResult<Answer<bool>> {
    let t = trap(cx, o, names::DELETE_PROPERTY)?;
    let Some(f) = t.function else { return Ok(Answer::Target(t.target)) };
    if !t.call(cx, f, &[t.target.value(), key.to_value(cx)])?.to_boolean() {
        return Ok(Answer::Done(false));
    }
    if let Some(current) = t.target.get_own(cx, key)? {
        if current.configurable == Some(false) {
            return Err(violation(
                cx,
                "deleteProperty",
                Some(key),
                "trap returned truish, but the property is non-configurable in the proxy target",
            ));
        }
        if !t.target.is_extensible(cx)? {
            return Err(violation(
                cx,
                "deleteProperty",
                Some(key),
                "trap returned truish, but the proxy target is non-extensible",
            ));
        }
    }
    Ok(Answer::Done(true))
}

/// [[OwnPropertyKeys]] (§10.5.11).
pub(crate) fn own_keys<'a>(cx: &'a Context, o: Gc<Object>) -> JsResult<ValueList<'a>> {
    let t = trap(cx, o, names::OWN_KEYS)?;
    let Some(f) = t.function else { return t.target.own_property_keys(cx) };
    const NAME: &str = "ownKeys";
    let result = t.call(cx, f, &[t.target.value()])?;
    let list = property_keys_from_array_like(cx, result)?;
    // Keys are words of cells that do not move; the list keeps them alive.
    let mut unchecked: FxHashSet<PropertyKey> = FxHashSet::default();
    for key in list.keys() {
        if !unchecked.insert(key) {
            return Err(violation(cx, NAME, Some(key), "trap returned duplicate entries"));
        }
    }
    let extensible = t.target.is_extensible(cx)?;
    let target_keys = t.target.own_property_keys(cx)?;
    let configurable = ValueList::new(cx);
    for i in 0..target_keys.len() {
        let key = target_keys.key(i);
        if t.target.get_own(cx, key)?.is_some_and(|d| d.configurable == Some(false)) {
            if !unchecked.remove(&key) {
                return Err(violation(cx, NAME, Some(key), "trap result did not include a non-configurable key"));
            }
        } else {
            configurable.push_key(key);
        }
    }
    if extensible {
        return Ok(list);
    }
    for key in configurable.keys() {
        if !unchecked.remove(&key) {
            return Err(violation(
                cx,
                NAME,
                Some(key),
                "trap result did not include a key of the non-extensible proxy target",
            ));
        }
    }
    if let Some(&key) = unchecked.iter().next() {
        return Err(violation(cx, NAME, Some(key), "trap returned extra keys but proxy target is non-extensible"));
    }
    Ok(list)
}

/// CreateListFromArrayLike (§7.3.20) of strings and symbols.
fn property_keys_from_array_like<'a>(cx: &'a Context, v: Value) -> JsResult<ValueList<'a>> {
    let Some(o) = v.as_object() else {
        return Err(cx.throw_type(format_args!("CreateListFromArrayLike called on non-object")));
    };
    let length = cx.length_of(o)?;
    let list = ValueList::new(cx);
    for i in 0..length {
        let item = o.get(cx, cx.index_key(i))?;
        if !item.is_string() && !item.is_symbol() {
            return Err(cx.throw_type(format_args!("{} is not a valid property name", cx.describe(item))));
        }
        let key = cx.to_property_key(item)?;
        list.push_key(key);
    }
    Ok(list)
}

impl Context {
    /// ProxyCreate (§10.5.14) of two objects.
    pub fn new_proxy(&self, target: Gc<Object>, handler: Gc<Object>) -> Gc<Object> {
        let proxy: Gc<Proxy> = self.alloc_object_raw(self.realm_shape(RealmShape::Proxy), Kind::Proxy);
        proxy.target.set(target.into());
        proxy.handler.set(handler.into());
        let o = proxy.object();
        if target.is_callable() {
            o.set_flag(object_flag::CALLABLE);
        }
        if target.is_constructor() {
            o.set_flag(object_flag::CONSTRUCTOR);
        }
        o
    }

    /// Revokes a proxy (§28.2.2.1.1).
    pub fn revoke_proxy(&self, o: Gc<Object>) {
        if let Some(proxy) = o.as_kind::<Proxy>(Kind::Proxy) {
            proxy.target.set(Value::NULL);
            proxy.handler.set(Value::NULL);
        }
    }

    /// [[Call]] of a proxy (§10.5.12): the function to call, `this`, and the arguments, if there is a trap; else the target.
    pub fn proxy_call(&self, o: Gc<Object>, this: Value, args: &[Cell<Value>]) -> JsResult<Value> {
        let t = trap(self, o, names::APPLY)?;
        let Some(f) = t.function else { return self.call_cells(t.target.into(), this, args) };
        let list = self.array_from_cells(args)?;
        t.call(self, f, &[t.target.value(), this, list.into()])
    }

    /// [[Construct]] of a proxy (§10.5.13).
    pub fn proxy_construct(&self, o: Gc<Object>, args: &[Cell<Value>], new_target: Gc<Object>) -> JsResult<Value> {
        let t = trap(self, o, names::CONSTRUCT)?;
        let Some(f) = t.function else { return self.construct_cells(t.target, args, new_target) };
        let list = self.array_from_cells(args)?;
        let result = t.call(self, f, &[t.target.value(), list.into(), new_target.into()])?;
        if !result.is_object() {
            return Err(violation(self, "construct", None, "trap returned a value that is no object"));
        }
        Ok(result)
    }
}
