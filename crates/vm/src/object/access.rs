//! [[Get]], [[Set]], [[HasProperty]], [[Delete]], [[GetPrototypeOf]], [[SetPrototypeOf]], and access to properties of any value.
//!
//! Chains are walked in loops. A proxy on the way is left to its handler; one without the trap in question hands over to its
//! target, and the loop goes on there.

use super::array::ArrayObject;
use super::descriptor::PropertyDescriptor;
use super::property::Property;
use super::{Object, arguments, integer_indexed, namespace, proxy};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::realm::Intrinsic;
use crate::shape::{CONFIGURABLE, DEFAULT, WRITABLE, flag};
use crate::value::Value;

/// Objects passed on a chain of proxies between two polls.
const POLL_INTERVAL: u32 = 1024;

/// What a step along a chain of proxies and prototypes found.
enum Step {
    /// The property.
    Found(Property),
    /// A typed array or namespace answers: not there, and the chain ends.
    Absent,
    /// A proxy answers.
    Proxy(Gc<Object>),
}

impl Gc<Object> {
    /// Finds `key` on this object or up the chain, up to the first proxy.
    #[inline]
    fn find(self, cx: &Context, key: PropertyKey) -> JsResult<Step> {
        let mut object = self;
        loop {
            match object.kind() {
                Kind::Proxy => return Ok(Step::Proxy(object)),
                Kind::TypedArray if cx.canonical_numeric_index(key).is_some() => {
                    return Ok(match object.own_property(cx, key)? {
                        Some(p) => Step::Found(p),
                        None => Step::Absent,
                    });
                }
                _ => {}
            }
            if let Some(p) = object.own_property(cx, key)? {
                return Ok(Step::Found(p));
            }
            // Past the receiver, no object has indexed properties while the fuse is intact.
            if key.is_index() && cx.holes_are_undefined() {
                return Ok(Step::Absent);
            }
            match object.shape_prototype(cx) {
                Some(p) => object = p,
                None => return Ok(Step::Absent),
            }
        }
    }

    /// [[Get]] with the object itself as receiver.
    #[inline]
    pub fn get(self, cx: &Context, key: PropertyKey) -> JsResult<Value> {
        self.get_receiver(cx, key, self.value())
    }

    /// [[Get]].
    pub fn get_receiver(self, cx: &Context, key: PropertyKey, receiver: Value) -> JsResult<Value> {
        let mut object = self;
        let mut hops = 0u32;
        loop {
            match object.find(cx, key)? {
                Step::Found(p) => return p.read(cx, receiver),
                Step::Absent => return Ok(Value::UNDEFINED),
                Step::Proxy(p) => match proxy::get(cx, p, key, receiver)? {
                    proxy::Answer::Done(v) => return Ok(v),
                    proxy::Answer::Target(target) => object = target,
                },
            }
            count_hop(cx, &mut hops)?;
        }
    }

    /// Whether neither the object nor what it inherits from has the named property `key`, as far as shapes say: asks no proxy and
    /// runs no script.
    pub fn lacks_named(self, cx: &Context, key: PropertyKey) -> bool {
        let mut next = Some(self);
        while let Some(object) = next {
            let shape = object.shape(cx);
            if object.kind().has_exotic_names() || shape.lookup(cx, key).is_some() {
                return false;
            }
            next = shape.prototype();
        }
        true
    }

    /// [[HasProperty]].
    pub fn has_property(self, cx: &Context, key: PropertyKey) -> JsResult<bool> {
        let mut object = self;
        let mut hops = 0u32;
        loop {
            // A namespace's binding that is not initialised exists all the same.
            if object.kind() == Kind::ModuleNamespace {
                return Ok(namespace::has(cx, object, key));
            }
            match object.find(cx, key)? {
                Step::Found(_) => return Ok(true),
                Step::Absent => return Ok(false),
                Step::Proxy(p) => match proxy::has(cx, p, key)? {
                    proxy::Answer::Done(v) => return Ok(v),
                    proxy::Answer::Target(target) => object = target,
                },
            }
            count_hop(cx, &mut hops)?;
        }
    }

    /// HasOwnProperty (§7.3.13).
    pub fn has_own(self, cx: &Context, key: PropertyKey) -> JsResult<bool> {
        match self.kind() {
            Kind::Proxy => Ok(proxy::get_own(cx, self, key)?.is_some()),
            Kind::ModuleNamespace | Kind::TypedArray | Kind::StringObject | Kind::MappedArguments => {
                Ok(self.own_property(cx, key)?.is_some())
            }
            Kind::Array if key == cx.names().length => Ok(true),
            // Shape and elements say it, without making a lazy property.
            _ => Ok(match key.as_index() {
                Some(index) => self.own_element(index).is_some(),
                None => self.shape(cx).lookup(cx, key).is_some(),
            }),
        }
    }

    /// [[Set]]; `Ok(false)` is a refusal.
    pub fn set(self, cx: &Context, key: PropertyKey, value: Value, receiver: Value) -> JsResult<bool> {
        let mut object = self;
        let mut hops = 0u32;
        loop {
            // A typed array on the way decides about numeric keys itself (§10.4.5.6).
            if object.kind() == Kind::TypedArray
                && let Some(index) = cx.canonical_numeric_index(key)
            {
                if receiver == object.value() {
                    integer_indexed::set(cx, object, index, value)?;
                    return Ok(true);
                }
                if !integer_indexed::is_valid(object, index) {
                    return Ok(true);
                }
                return set_on_receiver(cx, key, value, receiver);
            }
            match object.kind() {
                Kind::ModuleNamespace => return Ok(false),
                Kind::Proxy => match proxy::set(cx, object, key, value, receiver)? {
                    proxy::Answer::Done(v) => return Ok(v),
                    proxy::Answer::Target(target) => {
                        object = target;
                        count_hop(cx, &mut hops)?;
                        continue;
                    }
                },
                _ => {}
            }
            if let Some(p) = object.own_for_set(cx, key)? {
                if let Some(accessor) = p.accessor() {
                    return cx.call_setter(accessor, receiver, value);
                }
                if !p.has(WRITABLE) {
                    return Ok(false);
                }
                if receiver == object.value() {
                    return object.write_own(cx, key, value);
                }
                return set_on_receiver(cx, key, value, receiver);
            }
            if key.is_index() && cx.holes_are_undefined() {
                return set_on_receiver(cx, key, value, receiver);
            }
            match object.shape_prototype(cx) {
                Some(p) => object = p,
                None => return set_on_receiver(cx, key, value, receiver),
            }
        }
    }

    /// As [`Gc::own_property`], without making a lazy property only to overwrite it.
    #[inline]
    fn own_for_set(self, cx: &Context, key: PropertyKey) -> JsResult<Option<Property>> {
        if matches!(self.kind(), Kind::Object | Kind::Function | Kind::Global | Kind::NativeFunction) && !key.is_index()
        {
            let Some(entry) = self.shape(cx).lookup(cx, key) else { return Ok(None) };
            if entry.has(crate::shape::LAZY) && !entry.has(crate::shape::ACCESSOR) {
                return Ok(Some(Property { value: Value::UNDEFINED, attributes: entry.attributes & DEFAULT }));
            }
        }
        self.own_property(cx, key)
    }

    /// Gives an own writable data property a value: OrdinarySetWithOwnDescriptor where the receiver is the object itself.
    fn write_own(self, cx: &Context, key: PropertyKey, value: Value) -> JsResult<bool> {
        match self.kind() {
            Kind::Array if key == cx.names().length => {
                // SAFETY: the kind was checked.
                let array: Gc<ArrayObject> = unsafe { self.cast() };
                return cx.array_define_length(array, &PropertyDescriptor::value_only(value));
            }
            Kind::MappedArguments => {
                return arguments::define_own(cx, self, key, &PropertyDescriptor::value_only(value));
            }
            _ => {}
        }
        match key.as_index() {
            Some(index) => self.store_element(cx, index, value),
            None => {
                if let Some(entry) = self.shape(cx).lookup(cx, key) {
                    self.store_entry(cx, entry, value);
                }
            }
        }
        Ok(true)
    }

    /// Set(O, P, V, true) (§7.3.4): throws TypeError on refusal.
    #[inline]
    pub fn put(self, cx: &Context, key: PropertyKey, value: Value) -> JsResult<()> {
        if self.set(cx, key, value, self.value())? { Ok(()) } else { Err(cx.throw_refused_set(self.value(), key)) }
    }

    /// [[Delete]].
    pub fn delete(self, cx: &Context, key: PropertyKey) -> JsResult<bool> {
        let mut object = self;
        let mut hops = 0u32;
        while object.kind() == Kind::Proxy {
            match proxy::delete(cx, object, key)? {
                proxy::Answer::Done(v) => return Ok(v),
                proxy::Answer::Target(target) => object = target,
            }
            count_hop(cx, &mut hops)?;
        }
        match object.kind() {
            Kind::ModuleNamespace => return Ok(!namespace::has(cx, object, key) || namespace::is_deletable(key)),
            Kind::TypedArray => {
                if let Some(index) = cx.canonical_numeric_index(key) {
                    return Ok(!integer_indexed::is_valid(object, index));
                }
            }
            Kind::Array if key == cx.names().length => return Ok(false),
            Kind::StringObject if super::string::own_property(cx, object, key)?.is_some() => return Ok(false),
            Kind::MappedArguments => {
                if let Some(index) = key.as_index() {
                    return arguments::delete(cx, object, index);
                }
            }
            _ => {}
        }
        match key.as_index() {
            Some(index) => match object.own_element(index) {
                None => Ok(true),
                Some(p) if !p.has(CONFIGURABLE) => Ok(false),
                Some(_) => {
                    object.remove_element(cx, index);
                    Ok(true)
                }
            },
            None => match object.shape(cx).lookup(cx, key) {
                None => Ok(true),
                Some(entry) if !entry.has(CONFIGURABLE) => Ok(false),
                Some(entry) => {
                    object.remove_property(cx, entry);
                    Ok(true)
                }
            },
        }
    }

    /// [[GetPrototypeOf]].
    #[inline]
    pub fn prototype(self, cx: &Context) -> JsResult<Option<Gc<Object>>> {
        if self.kind() == Kind::Proxy { proxy::prototype(cx, self) } else { Ok(self.shape_prototype(cx)) }
    }

    /// [[SetPrototypeOf]].
    pub fn set_prototype(self, cx: &Context, proto: Option<Gc<Object>>) -> JsResult<bool> {
        match self.kind() {
            Kind::Proxy => return proxy::set_prototype(cx, self, proto),
            Kind::ModuleNamespace => return Ok(proto.is_none()),
            _ => {}
        }
        let shape = self.shape(cx);
        if shape.prototype() == proto {
            return Ok(true);
        }
        if !shape.is_extensible() || shape.has(flag::IMMUTABLE_PROTOTYPE) {
            return Ok(false);
        }
        // OrdinarySetPrototypeOf (§10.1.2.1): no cycles, as far as one can look.
        let mut next = proto;
        while let Some(p) = next {
            if p == self {
                return Ok(false);
            }
            if p.kind() == Kind::Proxy {
                break;
            }
            next = p.shape_prototype(cx);
        }
        self.replace_prototype(cx, proto);
        Ok(true)
    }

    /// Gives the object another prototype, whatever it is.
    pub(crate) fn replace_prototype(self, cx: &Context, proto: Option<Gc<Object>>) {
        let shape = self.shape(cx);
        if shape.is_unique() {
            let shape = cx.structure_changes(self);
            shape.set_unique_prototype(cx, proto);
        } else {
            let shape = cx.shape_with_prototype(shape, proto);
            self.set_shape(cx, shape);
        }
    }

    /// [[IsExtensible]].
    pub fn is_extensible(self, cx: &Context) -> JsResult<bool> {
        if self.kind() == Kind::Proxy { proxy::is_extensible(cx, self) } else { Ok(self.shape(cx).is_extensible()) }
    }
}

#[inline]
fn count_hop(cx: &Context, hops: &mut u32) -> JsResult<()> {
    *hops += 1;
    if hops.is_multiple_of(POLL_INTERVAL) { cx.poll() } else { Ok(()) }
}

/// OrdinarySetWithOwnDescriptor (§10.1.9.2) step 2: a data property is created or changed on the receiver.
fn set_on_receiver(cx: &Context, key: PropertyKey, value: Value, receiver: Value) -> JsResult<bool> {
    let Some(o) = receiver.as_object() else { return Ok(false) };
    // A private copy of the object's own view: proxies answer for themselves.
    let existing = match o.kind() {
        Kind::Proxy => o.get_own(cx, key)?,
        _ => match o.own_for_set(cx, key)? {
            None => {
                return match o.kind() {
                    Kind::Object | Kind::Array => o.create_data(cx, key, value),
                    _ => o.define_own(cx, key, &PropertyDescriptor::data(value, DEFAULT)),
                };
            }
            Some(p) => Some(PropertyDescriptor::of(p)),
        },
    };
    match existing {
        None => o.create_data(cx, key, value),
        Some(d) if d.is_accessor() || d.writable == Some(false) => Ok(false),
        Some(_) => o.define_own(cx, key, &PropertyDescriptor::value_only(value)),
    }
}

impl Context {
    /// GetV (§7.3.3): the property of any value; no wrapper is made. TypeError for undefined and null.
    #[inline]
    pub fn get_value(&self, v: Value, key: PropertyKey) -> JsResult<Value> {
        match v.as_object() {
            Some(o) => o.get_receiver(self, key, v),
            None => self.get_primitive(v, key),
        }
    }

    fn get_primitive(&self, v: Value, key: PropertyKey) -> JsResult<Value> {
        if let Some(s) = v.as_string() {
            if key == self.names().length {
                return Ok(Value::length(s.len()));
            }
            if let Some(i) = key.as_index()
                && (i as usize) < s.len()
            {
                return Ok(self.single_char(s.char_at(self, i as usize)?).into());
            }
        }
        match self.prototype_of_primitive(v) {
            Some(p) => p.get_receiver(self, key, v),
            None => Err(self.throw_type(format_args!(
                "Cannot read properties of {} (reading '{}')",
                if v.is_null() { "null" } else { "undefined" },
                key.display(self)
            ))),
        }
    }

    /// Where the properties of a primitive are looked up; `None` for undefined and null.
    pub fn prototype_of_primitive(&self, v: Value) -> Option<Gc<Object>> {
        let intrinsic = if v.is_number() {
            Intrinsic::NumberPrototype
        } else if v.is_string() {
            Intrinsic::StringPrototype
        } else if v.is_boolean() {
            Intrinsic::BooleanPrototype
        } else if v.is_symbol() {
            Intrinsic::SymbolPrototype
        } else if v.is_bigint() {
            Intrinsic::BigIntPrototype
        } else {
            return None;
        };
        Some(self.intrinsic(intrinsic))
    }

    /// `v[k]` for any values.
    #[inline]
    pub fn get_element(&self, v: Value, k: Value) -> JsResult<Value> {
        if k.is_int32()
            && k.as_int32() >= 0
            && let Some(o) = v.as_object()
            && matches!(o.kind(), Kind::Array | Kind::Object | Kind::Arguments)
        {
            let found = o.elements.get().get(k.as_int32() as usize);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        self.get_element_slow(v, k)
    }

    fn get_element_slow(&self, v: Value, k: Value) -> JsResult<Value> {
        // An undefined base is reported before the key is converted (§13.3.2 and §6.2.5.5 ToObject first).
        if v.is_nullish() {
            return Err(self.throw_type(format_args!(
                "Cannot read properties of {} (reading '{}')",
                if v.is_null() { "null" } else { "undefined" },
                self.describe_key(k)
            )));
        }
        // A string that never named a property names none here: nothing is interned for a miss on plain objects.
        if let (Some(o), Some(s)) = (v.as_object(), k.as_string())
            && !s.is_interned()
            && matches!(o.kind(), Kind::Object | Kind::Array)
        {
            return match self.existing_key(s)? {
                Some(key) => o.get_receiver(self, key, v),
                None if self.chain_is_plain(o) => Ok(Value::UNDEFINED),
                None => {
                    let key = self.key_from_string(s)?;
                    o.get_receiver(self, key, v)
                }
            };
        }
        let key = self.to_property_key(k)?;
        self.get_value(v, key)
    }

    /// Whether no object of the chain answers for names that are not in shapes.
    fn chain_is_plain(&self, o: Gc<Object>) -> bool {
        let mut next = Some(o);
        while let Some(o) = next {
            if o.kind().has_exotic_names() {
                return false;
            }
            next = o.shape_prototype(self);
        }
        true
    }

    /// `v[k] = value` for any values; a refusal throws if `strict`.
    #[inline]
    pub fn set_element(&self, v: Value, k: Value, value: Value, strict: bool) -> JsResult<()> {
        if k.is_int32()
            && k.as_int32() >= 0
            && let Some(o) = v.as_object()
            && matches!(o.kind(), Kind::Array | Kind::Object | Kind::Arguments)
        {
            let elements = o.elements.get();
            let i = k.as_int32() as usize;
            if !elements.is_sparse() {
                // Dense elements promise that everything is writable and the object extensible.
                if !elements.get(i).is_empty() {
                    o.store_element(self, i as u32, value);
                    return Ok(());
                }
                if self.holes_are_undefined() {
                    return o.add_element(self, i as u32, value, DEFAULT);
                }
            }
        }
        if v.is_nullish() {
            return Err(self.throw_type(format_args!(
                "Cannot set properties of {} (setting '{}')",
                if v.is_null() { "null" } else { "undefined" },
                self.describe_key(k)
            )));
        }
        let key = self.to_property_key(k)?;
        self.set_value(v, key, value, strict)
    }

    /// PutValue on a property reference (§6.2.5.6): `v.key = value` for any value.
    pub fn set_value(&self, v: Value, key: PropertyKey, value: Value, strict: bool) -> JsResult<()> {
        let object = match v.as_object() {
            Some(o) => o,
            None => match self.prototype_of_primitive(v) {
                // An own property of a string, which cannot be written.
                Some(_) if self.is_own_of_string(v, key) => {
                    return if strict { Err(self.throw_refused_set(v, key)) } else { Ok(()) };
                }
                Some(p) => p,
                None => {
                    return Err(self.throw_type(format_args!(
                        "Cannot set properties of {} (setting '{}')",
                        if v.is_null() { "null" } else { "undefined" },
                        key.display(self)
                    )));
                }
            },
        };
        if object.set(self, key, value, v)? || !strict { Ok(()) } else { Err(self.throw_refused_set(v, key)) }
    }

    fn is_own_of_string(&self, v: Value, key: PropertyKey) -> bool {
        v.as_string()
            .is_some_and(|s| key == self.names().length || key.as_index().is_some_and(|i| (i as usize) < s.len()))
    }

    /// `k in v`, `v` being an object.
    pub fn has_element(&self, o: Gc<Object>, k: Value) -> JsResult<bool> {
        let key = self.to_property_key(k)?;
        o.has_property(self, key)
    }

    /// The TypeError of an assignment that was refused in strict code.
    #[cold]
    pub fn throw_refused_set(&self, target: Value, key: PropertyKey) -> crate::error::Throw {
        let name = key.display(self);
        let Some(o) = target.as_object() else {
            return self.throw_type(format_args!("Cannot create property '{name}' on {}", self.describe(target)));
        };
        // Walks what no proxy hides, to tell the cases apart.
        let mut next = Some(o);
        while let Some(holder) = next {
            if holder.kind() == Kind::Proxy {
                return self.throw_type(format_args!("'set' on proxy: trap returned falsish for property '{name}'"));
            }
            match holder.own_property(self, key) {
                Ok(Some(p)) if p.is_accessor() => {
                    return self.throw_type(format_args!(
                        "Cannot set property {name} of {} which has only a getter",
                        self.describe(target)
                    ));
                }
                Ok(Some(_)) => {
                    return self.throw_type(format_args!(
                        "Cannot assign to read only property '{name}' of object {}",
                        self.describe(target)
                    ));
                }
                Ok(None) => next = holder.shape_prototype(self),
                Err(throw) => return throw,
            }
        }
        self.throw_type(format_args!("Cannot add property {name}, object is not extensible"))
    }

    /// A key that was not converted yet, for a message; runs no script.
    fn describe_key(&self, k: Value) -> String {
        match k.as_string() {
            Some(s) => s.to_rust(self),
            None => self.describe(k),
        }
    }
}
