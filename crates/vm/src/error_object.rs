//! Error objects, stack capture, and the `throw_*` helpers. (Contract; bodies follow.)

use crate::cell::Gc;
use crate::context::Context;
use crate::error::{ErrorKind, JsResult, Throw};
use crate::object::Object;
use crate::value::Value;
use std::cell::Cell;
use std::fmt::Arguments;

/// Kind::Error. The captured stack is formatted when `stack` is first read.
#[repr(C)]
pub struct ErrorObject {
    pub object: Object,
    /// `ValueArray` of (code block or native function, bytecode offset) pairs, or the string, or undefined.
    pub trace: Cell<Value>,
}

impl Context {
    /// Makes `value` the pending exception.
    pub fn throw(&self, _value: Value) -> Throw { todo!() }
    /// The pending exception, which is then no longer pending. (Never call it for a termination: see `is_terminating`.)
    pub fn take_exception(&self) -> Value { todo!() }
    /// Whether the `Throw` that travels is a termination, which no handler catches.
    pub fn is_terminating(&self) -> bool { todo!() }
    /// A new error of the current realm with the message, its stack captured here.
    pub fn new_error(&self, _kind: ErrorKind, _message: Arguments<'_>) -> Gc<Object> { todo!() }
    /// An Error object of the prototype `proto` without properties, its stack captured here (for the constructors).
    pub fn new_error_object(&self, _proto: Gc<Object>) -> Gc<Object> { todo!() }
    pub fn throw_error(&self, _kind: ErrorKind, _message: Arguments<'_>) -> Throw { todo!() }
    pub fn throw_type(&self, _message: Arguments<'_>) -> Throw { todo!() }
    pub fn throw_range(&self, _message: Arguments<'_>) -> Throw { todo!() }
    pub fn throw_reference(&self, _message: Arguments<'_>) -> Throw { todo!() }
    pub fn throw_syntax(&self, _message: Arguments<'_>) -> Throw { todo!() }
    /// RangeError for memory that cannot be had ("Array buffer allocation failed", …).
    pub fn throw_out_of_memory(&self, _message: Arguments<'_>) -> Throw { todo!() }
    /// RangeError "Maximum call stack size exceeded".
    pub fn throw_stack_overflow(&self) -> Throw { todo!() }
    /// How the value would be shown in an error message (short; runs no script).
    pub fn describe(&self, _v: Value) -> String { todo!() }
    /// The `stack` text of an Error object (formats and caches).
    pub fn error_stack(&self, _error: Gc<Object>) -> JsResult<Value> { todo!() }
}
