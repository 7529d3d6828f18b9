//! Values that Rust holds.
//!
//! A heap object is held by a [`Handle`]: a slot in a table that the collector traces and updates. Dropping the last clone of a
//! handle frees its slot, from whatever thread; the slot is cleared the next time the engine is used.

use crate::convert::{FromJs, IntoArgs, IntoJs};
use crate::engine::Engine;
use crate::error::Error;
use std::sync::{Arc, Mutex};

/// Slots whose handles were dropped, waiting to be freed by their engine.
pub(crate) type Dropped = Arc<Mutex<Vec<tercel_gc::Handle>>>;

#[derive(Debug)]
struct Slot {
    handle: tercel_gc::Handle,
    dropped: Dropped,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Ok(mut list) = self.dropped.lock() {
            list.push(self.handle);
        }
    }
}

/// A rooted reference to a heap object of one engine. Using it with another engine is an error, never undefined behaviour.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Slot>);

impl Handle {
    pub(crate) fn new(engine: &Engine, value: tercel_vm::Value) -> Handle {
        let handle = engine.handles().insert(value.bits());
        Handle(Arc::new(Slot { handle, dropped: engine.dropped().clone() }))
    }

    /// The value, if the handle belongs to `engine`.
    pub(crate) fn get(&self, engine: &Engine) -> Result<tercel_vm::Value, Error> {
        if !Arc::ptr_eq(&self.0.dropped, engine.dropped()) {
            return Err(Error::host("the value belongs to another engine"));
        }
        Ok(tercel_vm::Value::from_bits(engine.handles().get(self.0.handle)))
    }
}

/// A JavaScript value.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Value {
    #[default]
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    /// Text; lone surrogates were replaced by U+FFFD.
    String(String),
    /// A BigInt, in decimal.
    BigInt(String),
    Symbol(Handle),
    Object(Object),
}

impl Value {
    /// What `typeof` would call it (functions are "object" here unless asked through [`Object::is_callable`]).
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Undefined => "undefined",
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::BigInt(_) => "bigint",
            Value::Symbol(_) => "symbol",
            Value::Object(_) => "object",
        }
    }

    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(n) => Some(*n),
            _ => None,
        }
    }

    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined)
    }

    /// The value as a string, as the script's `String(v)` would make it.
    ///
    /// # Errors
    /// What a `toString` of the script throws.
    pub fn to_text(&self, engine: &Engine) -> Result<String, Error> {
        engine.run(|cx| {
            let v = self.to_vm(engine)?;
            let s = if v.is_symbol() {
                cx.symbol_descriptive_string(v).map_err(|t| engine.error(t))?
            } else {
                cx.to_string(v).map_err(|t| engine.error(t))?
            };
            Ok(s.to_rust(cx))
        })
    }

    pub(crate) fn to_vm(&self, engine: &Engine) -> Result<tercel_vm::Value, Error> {
        let cx = engine.vm();
        Ok(match self {
            Value::Undefined => tercel_vm::Value::UNDEFINED,
            Value::Null => tercel_vm::Value::NULL,
            Value::Bool(b) => tercel_vm::Value::boolean(*b),
            Value::Number(n) => tercel_vm::Value::number(*n),
            Value::String(s) => cx.try_string_from_utf8(s).map_err(|t| engine.error(t))?.into(),
            Value::BigInt(text) => {
                let s = cx.try_string_from_utf8(text).map_err(|t| engine.error(t))?;
                cx.to_bigint(s.into()).map_err(|t| engine.error(t))?.into()
            }
            Value::Symbol(handle) => handle.get(engine)?,
            Value::Object(object) => object.0.get(engine)?,
        })
    }

    pub(crate) fn from_vm(engine: &Engine, v: tercel_vm::Value) -> Value {
        let cx = engine.vm();
        if v.is_number() {
            Value::Number(v.as_number())
        } else if let Some(s) = v.as_string() {
            Value::String(s.to_rust(cx))
        } else if v.is_boolean() {
            Value::Bool(v.as_boolean())
        } else if v.is_null() {
            Value::Null
        } else if v.is_object() {
            Value::Object(Object(Handle::new(engine, v)))
        } else if v.is_symbol() {
            Value::Symbol(Handle::new(engine, v))
        } else if v.is_bigint() {
            let text = cx.to_string(v).map(|s| s.to_rust(cx)).unwrap_or_default();
            Value::BigInt(text)
        } else {
            Value::Undefined
        }
    }
}

/// A rooted JavaScript object.
#[derive(Clone, Debug)]
pub struct Object(pub(crate) Handle);

impl Object {
    /// Reads a property, running getters.
    ///
    /// # Errors
    /// What a getter or proxy throws; a conversion that fails.
    pub fn get<T: FromJs>(&self, engine: &Engine, key: &str) -> Result<T, Error> {
        let v = engine.run(|cx| {
            let o = self.vm(engine)?;
            let v = o.get(cx, cx.key_from_utf8(key)).map_err(|t| engine.error(t))?;
            Ok(Value::from_vm(engine, v))
        })?;
        T::from_js(engine, v)
    }

    /// Writes a property, running setters; a refusal is an error.
    ///
    /// # Errors
    /// What a setter or proxy throws, TypeError for read-only properties.
    pub fn set(&self, engine: &Engine, key: &str, value: impl IntoJs) -> Result<(), Error> {
        let value = value.into_js(engine)?;
        engine.run(|cx| {
            let v = value.to_vm(engine)?;
            let o = self.vm(engine)?;
            o.put(cx, cx.key_from_utf8(key), v).map_err(|t| engine.error(t))
        })
    }

    /// The names of the own enumerable string-keyed properties, in the language's order.
    ///
    /// # Errors
    /// What a proxy throws.
    pub fn keys(&self, engine: &Engine) -> Result<Vec<String>, Error> {
        engine.run(|cx| {
            let o = self.vm(engine)?;
            let keys = cx.enumerable_own_keys(o).map_err(|t| engine.error(t))?;
            let mut names = Vec::with_capacity(keys.len());
            for key in keys.iter() {
                names.push(cx.to_string(key).map_err(|t| engine.error(t))?.to_rust(cx));
            }
            Ok(names)
        })
    }

    /// Calls the method `name` with this object as `this`.
    ///
    /// # Errors
    /// What the method throws; TypeError if it is none.
    pub fn call_method<T: FromJs>(&self, engine: &Engine, name: &str, args: impl IntoArgs) -> Result<T, Error> {
        let method: Value = self.get(engine, name)?;
        engine.call_value(&method, &Value::Object(self.clone()), args.into_args(engine)?)
    }

    pub fn is_callable(&self, engine: &Engine) -> bool {
        self.vm(engine).is_ok_and(|o| o.is_callable())
    }

    pub(crate) fn vm(&self, engine: &Engine) -> Result<tercel_vm::Gc<tercel_vm::Object>, Error> {
        let v = self.0.get(engine)?;
        v.as_object().ok_or_else(|| Error::conversion("an object", "something else"))
    }
}

/// A rooted JavaScript function.
#[derive(Clone, Debug)]
pub struct Function(pub(crate) Object);

impl Function {
    /// Calls the function with `this` undefined.
    ///
    /// ```
    /// # use tercel::{Engine, Function};
    /// let engine = Engine::new()?;
    /// let multiply: Function = engine.eval("(a, b) => a * b")?;
    /// let product: f64 = multiply.call(&engine, (6, 7))?;
    /// assert_eq!(product, 42.0);
    /// # Ok::<(), tercel::Error>(())
    /// ```
    ///
    /// # Errors
    /// What the function throws; a conversion that fails.
    pub fn call<T: FromJs>(&self, engine: &Engine, args: impl IntoArgs) -> Result<T, Error> {
        engine.call_value(&Value::Object(self.0.clone()), &Value::Undefined, args.into_args(engine)?)
    }

    /// Calls the function with a `this`.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn call_with_this<T: FromJs>(&self, engine: &Engine, this: &Value, args: impl IntoArgs) -> Result<T, Error> {
        engine.call_value(&Value::Object(self.0.clone()), this, args.into_args(engine)?)
    }

    /// `new f(…)`.
    ///
    /// # Errors
    /// What the constructor throws; TypeError if the function is none.
    pub fn construct(&self, engine: &Engine, args: impl IntoArgs) -> Result<Object, Error> {
        let args = args.into_args(engine)?;
        engine.run(|cx| {
            let list = engine.vm_args(&args)?;
            let f = self.0.vm(engine)?;
            let v = cx.construct_cells(f, list.cells(), f).map_err(|t| engine.error(t))?;
            Ok(Object(Handle::new(engine, v)))
        })
    }

    pub fn as_object(&self) -> &Object {
        &self.0
    }
}

impl Value {
    /// ToBoolean (ECMA-262 §7.1.2).
    pub fn truthy(&self) -> bool {
        match self {
            Value::Undefined | Value::Null => false,
            Value::Bool(b) => *b,
            Value::Number(n) => !n.is_nan() && *n != 0.0,
            Value::String(s) => !s.is_empty(),
            Value::BigInt(text) => text != "0",
            Value::Symbol(_) | Value::Object(_) => true,
        }
    }
}
