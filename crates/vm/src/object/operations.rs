//! Abstract operations on values that are, or may become, objects (ECMA-262 §7.1–7.3).

use super::Object;
use super::proxy::Proxy;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::convert::Hint;
use crate::error::JsResult;
use crate::function::BoundFunction;
use crate::key::PropertyKey;
use crate::list::ValueList;
use crate::names;
use crate::realm::{Intrinsic, Realm};
use crate::value::Value;

/// Elements between two polls.
const POLL_INTERVAL: u64 = 4096;

impl Context {
    /// ToPrimitive (§7.1.1).
    pub fn to_primitive(&self, v: Value, hint: Hint) -> JsResult<Value> {
        let Some(o) = v.as_object() else { return Ok(v) };
        if let Some(f) = self.get_method(v, self.names().symbol_to_primitive)? {
            let name = match hint {
                Hint::Default => names::DEFAULT,
                Hint::Number => names::NUMBER,
                Hint::String => names::STRING,
            };
            let result = self.call(f, v, &[self.name_string(name).into()])?;
            if !result.is_object() {
                return Ok(result);
            }
            return Err(self.throw_type(format_args!("Cannot convert object to primitive value")));
        }
        self.ordinary_to_primitive(o, if hint == Hint::Default { Hint::Number } else { hint })
    }

    /// OrdinaryToPrimitive (§7.1.1.1).
    pub fn ordinary_to_primitive(&self, o: Gc<Object>, hint: Hint) -> JsResult<Value> {
        let (to_string, value_of) = (self.names().to_string, self.names().value_of);
        let order = if hint == Hint::String { [to_string, value_of] } else { [value_of, to_string] };
        for key in order {
            let f = o.get(self, key)?;
            if self.is_callable(f) {
                let result = self.call(f, o.value(), &[])?;
                if !result.is_object() {
                    return Ok(result);
                }
            }
        }
        Err(self.throw_type(format_args!("Cannot convert object to primitive value")))
    }

    /// ToObject (§7.1.18).
    #[inline]
    pub fn to_object(&self, v: Value) -> JsResult<Gc<Object>> {
        match v.as_object() {
            Some(o) => Ok(o),
            None => self.wrap_primitive(v),
        }
    }

    #[cold]
    fn wrap_primitive(&self, v: Value) -> JsResult<Gc<Object>> {
        let kind = if v.is_string() {
            Kind::StringObject
        } else if v.is_number() {
            Kind::NumberObject
        } else if v.is_boolean() {
            Kind::BooleanObject
        } else if v.is_symbol() {
            Kind::SymbolObject
        } else {
            Kind::BigIntObject
        };
        match self.prototype_of_primitive(v) {
            Some(prototype) => Ok(self.new_primitive_object(kind, v, prototype)),
            None => Err(self.throw_type(format_args!("Cannot convert undefined or null to object"))),
        }
    }

    /// RequireObjectCoercible (§7.2.1).
    pub fn require_object_coercible(&self, v: Value) -> JsResult<Value> {
        if v.is_nullish() {
            return Err(self.throw_type(format_args!("{} is not an object", self.describe(v))));
        }
        Ok(v)
    }

    /// IsCallable (§7.2.3) of any value.
    #[inline]
    pub fn is_callable(&self, v: Value) -> bool {
        v.as_object().is_some_and(|o| o.is_callable())
    }

    /// IsConstructor (§7.2.4) of any value.
    #[inline]
    pub fn is_constructor(&self, v: Value) -> bool {
        v.as_object().is_some_and(|o| o.is_constructor())
    }

    /// IsArray (§7.2.2): looks through proxies.
    pub fn is_array(&self, v: Value) -> JsResult<bool> {
        let Some(mut o) = v.as_object() else { return Ok(false) };
        while let Some(proxy) = o.as_kind::<Proxy>(Kind::Proxy) {
            match proxy.target.get().as_object() {
                Some(target) => o = target,
                None => {
                    return Err(
                        self.throw_type(format_args!("Cannot perform 'IsArray' on a proxy that has been revoked"))
                    );
                }
            }
        }
        Ok(o.kind() == Kind::Array)
    }

    /// IsRegExp (§7.2.8).
    pub fn is_regexp(&self, v: Value) -> JsResult<bool> {
        let Some(o) = v.as_object() else { return Ok(false) };
        let matcher = o.get(self, self.names().symbol_match)?;
        Ok(if matcher.is_undefined() { o.kind() == Kind::RegExp } else { matcher.to_boolean() })
    }

    /// GetMethod (§7.3.11): `None` for undefined and null.
    pub fn get_method(&self, v: Value, key: PropertyKey) -> JsResult<Option<Value>> {
        let f = self.get_value(v, key)?;
        if f.is_nullish() {
            return Ok(None);
        }
        if !self.is_callable(f) {
            return Err(self.throw_type(format_args!("{} is not a function", self.describe(f))));
        }
        Ok(Some(f))
    }

    /// Invoke (§7.3.21).
    pub fn invoke(&self, v: Value, key: PropertyKey, args: &[Value]) -> JsResult<Value> {
        let f = self.get_value(v, key)?;
        if !self.is_callable(f) {
            return Err(self.throw_type(format_args!("{}.{} is not a function", self.describe(v), key.display(self))));
        }
        self.call(f, v, args)
    }

    /// LengthOfArrayLike (§7.3.19).
    #[inline]
    pub fn length_of(&self, o: impl Into<Gc<Object>>) -> JsResult<u64> {
        let o: Gc<Object> = o.into();
        if let Some(array) = o.as_kind::<super::array::ArrayObject>(Kind::Array) {
            return Ok(array.len() as u64);
        }
        let length = o.get(self, self.names().length)?;
        self.to_length(length)
    }

    /// LengthOfArrayLike (§7.3.19), under its full name.
    pub fn length_of_array_like(&self, o: Gc<Object>) -> JsResult<u64> {
        self.length_of(o)
    }

    /// CreateListFromArrayLike (§7.3.20) of values of all types.
    pub fn list_from_array_like<'a>(&'a self, v: Value) -> JsResult<ValueList<'a>> {
        let Some(o) = v.as_object() else {
            return Err(self.throw_type(format_args!("CreateListFromArrayLike called on non-object")));
        };
        let list = ValueList::new(self);
        if let Some(array) = self.as_plain_array(v) {
            let elements = array.elements();
            for i in 0..array.len() as usize {
                let item = elements.get(i);
                list.push(if item.is_empty() { Value::UNDEFINED } else { item });
            }
            return Ok(list);
        }
        let length = self.length_of(o)?;
        if length > crate::frame::MAX_ARGC as u64 {
            return Err(self.throw_range(format_args!("Too many arguments")));
        }
        for i in 0..length {
            if i % POLL_INTERVAL == 0 {
                self.poll()?;
            }
            let item = o.get(self, self.index_key(i))?;
            list.push(item);
        }
        Ok(list)
    }

    /// OrdinaryHasInstance (§7.3.22).
    pub fn ordinary_has_instance(&self, c: Value, v: Value) -> JsResult<bool> {
        let Some(constructor) = c.as_object().filter(|o| o.is_callable()) else { return Ok(false) };
        if let Some(bound) = constructor.as_kind::<BoundFunction>(Kind::BoundFunction) {
            return self.instance_of(v, bound.target.get());
        }
        let Some(mut o) = v.as_object() else { return Ok(false) };
        let prototype = constructor.get(self, self.names().prototype)?;
        let Some(prototype) = prototype.as_object() else {
            return Err(self.throw_type(format_args!(
                "Function has non-object prototype '{}' in instanceof check",
                self.describe(prototype)
            )));
        };
        let mut hops = 0u64;
        while let Some(next) = o.prototype(self)? {
            if next == prototype {
                return Ok(true);
            }
            o = next;
            hops += 1;
            if hops.is_multiple_of(POLL_INTERVAL) {
                self.poll()?;
            }
        }
        Ok(false)
    }

    /// InstanceofOperator (§13.10.2).
    pub fn instance_of(&self, v: Value, target: Value) -> JsResult<bool> {
        self.check_native_stack()?;
        if !target.is_object() {
            return Err(self.throw_type(format_args!("Right-hand side of 'instanceof' is not an object")));
        }
        if let Some(f) = self.get_method(target, self.names().symbol_has_instance)? {
            return Ok(self.call(f, target, &[v])?.to_boolean());
        }
        if !self.is_callable(target) {
            return Err(self.throw_type(format_args!("Right-hand side of 'instanceof' is not callable")));
        }
        self.ordinary_has_instance(target, v)
    }

    /// SpeciesConstructor (§7.3.23).
    pub fn species_constructor(&self, o: Gc<Object>, default: Intrinsic) -> JsResult<Gc<Object>> {
        let c = o.get(self, self.names().constructor)?;
        if c.is_undefined() {
            return Ok(self.intrinsic(default));
        }
        let Some(constructor) = c.as_object() else {
            return Err(
                self.throw_type(format_args!("The .constructor property is not an object: {}", self.describe(c)))
            );
        };
        let species = constructor.get(self, self.names().symbol_species)?;
        if species.is_nullish() {
            return Ok(self.intrinsic(default));
        }
        match species.as_object().filter(|o| o.is_constructor()) {
            Some(species) => Ok(species),
            None => Err(self.throw_type(format_args!("object.constructor[Symbol.species] is not a constructor"))),
        }
    }

    /// ArraySpeciesCreate (§10.4.2.3).
    pub fn array_species_create(&self, original: Gc<Object>, length: u64) -> JsResult<Gc<Object>> {
        if !self.is_array(original.value())? {
            return Ok(self.array_create(length, None)?.object());
        }
        let mut c = original.get(self, self.names().constructor)?;
        if let Some(constructor) = c.as_object() {
            if constructor.is_constructor() {
                let realm: Gc<Realm> = self.function_realm(constructor)?;
                if realm != self.realm() && constructor == self.intrinsic_in(realm, Intrinsic::Array) {
                    c = Value::UNDEFINED;
                }
            }
            if c.is_object() {
                c = constructor.get(self, self.names().symbol_species)?;
                if c.is_null() {
                    c = Value::UNDEFINED;
                }
            }
        }
        if c.is_undefined() || c == self.intrinsic(Intrinsic::Array).value() {
            return Ok(self.array_create(length, None)?.object());
        }
        let Some(constructor) = c.as_object().filter(|o| o.is_constructor()) else {
            return Err(self.throw_type(format_args!("object.constructor[Symbol.species] is not a constructor")));
        };
        let made = self.construct(constructor, &[Value::number(length as f64)], constructor)?;
        match made.as_object() {
            Some(o) => Ok(o),
            None => Err(self.throw_type(format_args!("{} is not an object", self.describe(made)))),
        }
    }

    /// CanBeHeldWeakly (§9.14).
    pub fn can_be_held_weakly(&self, v: Value) -> bool {
        match v.as_kind::<crate::symbol::Symbol>(Kind::Symbol) {
            Some(symbol) => symbol.can_be_held_weakly(),
            None => v.is_object(),
        }
    }
}
