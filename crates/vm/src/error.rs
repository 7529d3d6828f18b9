//! How an exception travels through Rust code.
//!
//! The thrown value lies in `Context::exception` (a precise root); the `Err` that travels is an empty token. So a
//! result is two words, and no value hides in an `Err` where the collector could not see it.
//! A termination (time-out, interrupt, heap limit without progress) is also an `Err(Throw)`, with
//! `Context::termination` set; no script handler catches it.

/// An exception is pending in the context. Produced only by the `throw_*` functions of the context and by calls
/// that return it; consumed by `Context::take_exception`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Throw;

/// The result of anything that may run script or throw.
pub type JsResult<T> = Result<T, Throw>;

/// The classes of errors that the engine itself throws (ECMA-262 §20.5.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ErrorKind {
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    UriError,
    AggregateError,
    SuppressedError,
}
