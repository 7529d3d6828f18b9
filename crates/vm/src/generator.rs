//! Generators: objects whose frame is kept in a heap cell while suspended. (Contract; bodies follow.)

use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use crate::value::Value;

/// How a generator is resumed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ResumeMode { Next, Throw, Return }

impl Context {
    /// %GeneratorPrototype%.next/return/throw: `this` is checked here. Gives the iterator result object.
    pub fn generator_resume(&self, _this: Value, _mode: ResumeMode, _value: Value) -> JsResult<Value> { todo!() }
    /// %AsyncGeneratorPrototype%.next/return/throw: gives a promise.
    pub fn async_generator_enqueue(&self, _this: Value, _mode: ResumeMode, _value: Value) -> JsResult<Value> { todo!() }
}
