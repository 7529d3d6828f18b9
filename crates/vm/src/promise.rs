//! Promises: core operations. (Contract; bodies follow.)

use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use crate::object::Object;
use crate::value::Value;
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PromiseState { Pending, Fulfilled, Rejected }

/// Kind::Promise.
#[repr(C)]
pub struct Promise {
    pub object: Object,
    pub state: Cell<Value>,
    /// The result or reason.
    pub result: Cell<Value>,
    /// The list of reactions while pending.
    pub reactions: Cell<Value>,
    pub flags: Cell<Value>,
}

/// PromiseCapability (§27.2.1.1); lives in locals only.
#[derive(Clone, Copy)]
pub struct Capability { pub promise: Value, pub resolve: Value, pub reject: Value }

impl Context {
    pub fn new_promise(&self) -> Gc<Promise> { todo!() }
    pub fn new_promise_with_proto(&self, _proto: Gc<Object>) -> Gc<Promise> { todo!() }
    /// The promise's resolve function's steps (§27.2.1.3.2) without "already resolved".
    pub fn resolve_promise(&self, _p: Gc<Promise>, _v: Value) -> JsResult<()> { todo!() }
    pub fn reject_promise(&self, _p: Gc<Promise>, _reason: Value) { todo!() }
    pub fn fulfill_promise(&self, _p: Gc<Promise>, _v: Value) { todo!() }
    /// CreateResolvingFunctions: (resolve, reject).
    pub fn resolving_functions(&self, _p: Gc<Promise>) -> (Gc<Object>, Gc<Object>) { todo!() }
    /// PromiseResolve(C, x).
    pub fn promise_resolve(&self, _constructor: Gc<Object>, _v: Value) -> JsResult<Gc<Object>> { todo!() }
    pub fn new_promise_capability(&self, _constructor: Value) -> JsResult<Capability> { todo!() }
    /// PerformPromiseThen.
    pub fn promise_then(&self, _p: Gc<Promise>, _on_fulfilled: Value, _on_rejected: Value, _capability: Option<Capability>) { todo!() }
}
