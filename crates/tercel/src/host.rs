//! Rust closures as JavaScript functions.

use crate::convert::{FromJs, IntoJs};
use crate::engine::Engine;
use crate::error::Error;
use crate::value::Value;

/// What a call passes to a Rust function.
pub struct Arguments {
    pub(crate) this: Value,
    pub(crate) values: Vec<Value>,
}

impl Arguments {
    pub fn this(&self) -> &Value {
        &self.this
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All arguments.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Argument `i`, converted; absent ones are `undefined`.
    ///
    /// # Errors
    /// The conversion's.
    pub fn get<T: FromJs>(&self, engine: &Engine, i: usize) -> Result<T, Error> {
        T::from_js(engine, self.values.get(i).cloned().unwrap_or_default())
    }
}

/// A Rust function that scripts can call: takes [`Arguments`], or up to six convertible values. `M` tells the forms apart and is
/// always inferred.
pub trait HostFunction<M>: 'static {
    /// The function's `length`.
    const LENGTH: u8;
    /// # Errors
    /// What the function reports; it is thrown into the script.
    fn call(&self, engine: &Engine, args: &Arguments) -> Result<Value, Error>;
}

impl<F, R> HostFunction<(Arguments,)> for F
where
    F: Fn(&Engine, &Arguments) -> R + 'static,
    R: IntoJs,
{
    const LENGTH: u8 = 0;
    fn call(&self, engine: &Engine, args: &Arguments) -> Result<Value, Error> {
        self(engine, args).into_js(engine)
    }
}

/// Marks the forms that take converted values.
pub struct Converted<T>(std::marker::PhantomData<T>);

macro_rules! host_functions {
    ($(($length:literal; $($t:ident $i:tt),*))*) => {
        $(impl<Func, R, $($t: FromJs),*> HostFunction<Converted<($($t,)*)>> for Func
        where
            Func: Fn($($t),*) -> R + 'static,
            R: IntoJs,
        {
            const LENGTH: u8 = $length;
            #[allow(unused_variables)]
            fn call(&self, engine: &Engine, args: &Arguments) -> Result<Value, Error> {
                self($(args.get::<$t>(engine, $i)?),*).into_js(engine)
            }
        })*
    };
}

host_functions! {
    (0; )
    (1; A 0)
    (2; A 0, B 1)
    (3; A 0, B 1, C 2)
    (4; A 0, B 1, C 2, D 3)
    (5; A 0, B 1, C 2, D 3, E 4)
    (6; A 0, B 1, C 2, D 3, E 4, F 5)
}

/// A stored closure.
pub(crate) type Stored = Box<dyn Fn(&Engine, &Arguments) -> Result<Value, Error>>;
