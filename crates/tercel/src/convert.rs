//! Conversions between Rust and JavaScript.

use crate::engine::Engine;
use crate::error::Error;
use crate::value::{Function, Object, Value};

/// A Rust type that a JavaScript value can become.
pub trait FromJs: Sized {
    /// # Errors
    /// A conversion error that says what was expected and what was found.
    fn from_js(engine: &Engine, value: Value) -> Result<Self, Error>;
}

/// A Rust type that can become a JavaScript value.
pub trait IntoJs {
    /// # Errors
    /// If the value cannot be made, for want of memory for example.
    fn into_js(self, engine: &Engine) -> Result<Value, Error>;
}

/// Arguments of a call: a tuple of up to eight values, a `Vec<Value>`, or `()`.
pub trait IntoArgs {
    /// # Errors
    /// As [`IntoJs::into_js`].
    fn into_args(self, engine: &Engine) -> Result<Vec<Value>, Error>;
}

impl FromJs for Value {
    fn from_js(_: &Engine, value: Value) -> Result<Value, Error> {
        Ok(value)
    }
}

impl FromJs for () {
    fn from_js(_: &Engine, _: Value) -> Result<(), Error> {
        Ok(())
    }
}

impl FromJs for bool {
    fn from_js(_: &Engine, value: Value) -> Result<bool, Error> {
        match value {
            Value::Bool(b) => Ok(b),
            other => Err(Error::conversion("a boolean", other.type_name())),
        }
    }
}

impl FromJs for f64 {
    fn from_js(_: &Engine, value: Value) -> Result<f64, Error> {
        value.as_f64().ok_or_else(|| Error::conversion("a number", value.type_name()))
    }
}

impl FromJs for f32 {
    fn from_js(engine: &Engine, value: Value) -> Result<f32, Error> {
        Ok(f64::from_js(engine, value)? as f32)
    }
}

macro_rules! integers {
    ($($t:ty),*) => {
        $(
            /// The number must be an integer in range.
            impl FromJs for $t {
                fn from_js(engine: &Engine, value: Value) -> Result<$t, Error> {
                    let n = f64::from_js(engine, value)?;
                    let i = n as $t;
                    if i as f64 == n { Ok(i) } else { Err(Error::conversion(concat!("an integer of type ", stringify!($t)), &n.to_string())) }
                }
            }
            impl IntoJs for $t {
                fn into_js(self, _: &Engine) -> Result<Value, Error> {
                    Ok(Value::Number(self as f64))
                }
            }
        )*
    };
}

integers!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize);

impl FromJs for String {
    fn from_js(_: &Engine, value: Value) -> Result<String, Error> {
        match value {
            Value::String(s) => Ok(s),
            other => Err(Error::conversion("a string", other.type_name())),
        }
    }
}

/// `undefined` and `null` are `None`.
impl<T: FromJs> FromJs for Option<T> {
    fn from_js(engine: &Engine, value: Value) -> Result<Option<T>, Error> {
        match value {
            Value::Undefined | Value::Null => Ok(None),
            other => T::from_js(engine, other).map(Some),
        }
    }
}

/// Any array-like object.
impl<T: FromJs> FromJs for Vec<T> {
    fn from_js(engine: &Engine, value: Value) -> Result<Vec<T>, Error> {
        let Value::Object(object) = value else { return Err(Error::conversion("an array", value.type_name())) };
        let length: usize = object.get(engine, "length")?;
        (0..length).map(|i| object.get(engine, &i.to_string())).collect()
    }
}

impl FromJs for Object {
    fn from_js(_: &Engine, value: Value) -> Result<Object, Error> {
        match value {
            Value::Object(o) => Ok(o),
            other => Err(Error::conversion("an object", other.type_name())),
        }
    }
}

impl FromJs for Function {
    fn from_js(engine: &Engine, value: Value) -> Result<Function, Error> {
        match value {
            Value::Object(o) if o.is_callable(engine) => Ok(Function(o)),
            other => Err(Error::conversion("a function", other.type_name())),
        }
    }
}

impl IntoJs for Value {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(self)
    }
}

impl IntoJs for &Value {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(self.clone())
    }
}

impl IntoJs for () {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Undefined)
    }
}

impl IntoJs for bool {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Bool(self))
    }
}

impl IntoJs for f64 {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Number(self))
    }
}

impl IntoJs for f32 {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Number(f64::from(self)))
    }
}

impl IntoJs for &str {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::String(self.to_owned()))
    }
}

impl IntoJs for String {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::String(self))
    }
}

impl<T: IntoJs> IntoJs for Option<T> {
    fn into_js(self, engine: &Engine) -> Result<Value, Error> {
        self.map_or(Ok(Value::Undefined), |v| v.into_js(engine))
    }
}

/// A new Array.
impl<T: IntoJs> IntoJs for Vec<T> {
    fn into_js(self, engine: &Engine) -> Result<Value, Error> {
        let items = self.into_iter().map(|v| v.into_js(engine)).collect::<Result<Vec<Value>, Error>>()?;
        engine.array(&items).map(Value::Object)
    }
}

impl IntoJs for Object {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Object(self))
    }
}

impl IntoJs for &Object {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Object(self.clone()))
    }
}

impl IntoJs for Function {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Object(self.0))
    }
}

impl IntoJs for &Function {
    fn into_js(self, _: &Engine) -> Result<Value, Error> {
        Ok(Value::Object(self.0.clone()))
    }
}

impl<T: IntoJs> IntoJs for Result<T, Error> {
    fn into_js(self, engine: &Engine) -> Result<Value, Error> {
        self?.into_js(engine)
    }
}

impl IntoArgs for () {
    fn into_args(self, _: &Engine) -> Result<Vec<Value>, Error> {
        Ok(Vec::new())
    }
}

impl IntoArgs for Vec<Value> {
    fn into_args(self, _: &Engine) -> Result<Vec<Value>, Error> {
        Ok(self)
    }
}

impl IntoArgs for &[Value] {
    fn into_args(self, _: &Engine) -> Result<Vec<Value>, Error> {
        Ok(self.to_vec())
    }
}

macro_rules! tuples {
    ($(($($t:ident $i:tt),+))*) => {
        $(impl<$($t: IntoJs),+> IntoArgs for ($($t,)+) {
            fn into_args(self, engine: &Engine) -> Result<Vec<Value>, Error> {
                Ok(vec![$(self.$i.into_js(engine)?),+])
            }
        })*
    };
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
