//! The job queue. (Contract; bodies follow.)

use crate::context::Context;
use crate::error::JsResult;
use crate::native::NativeFn;
use crate::value::Value;

impl Context {
    /// Enqueues a job that calls `f` with `args` in the current realm (HostEnqueuePromiseJob).
    pub fn enqueue_job(&self, _f: NativeFn, _args: &[Value]) { todo!() }
    /// Enqueues a job that calls a function.
    pub fn enqueue_call(&self, _f: Value, _args: &[Value]) { todo!() }
    /// Runs jobs until the queue is empty. An error is a termination, or what a job of `enqueue_call` threw.
    pub fn run_jobs(&self) -> JsResult<()> { todo!() }
}
