//! Async generators: the queue of requests (ECMA-262 §27.6.3).
//!
//! Each call of `next`, `throw` or `return` is a request: a record {next, mode, value, promise} in a list that the generator
//! holds from the oldest to the newest. The oldest is the one that the running body serves.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{ErrorKind, JsResult};
use crate::generator::{self, CoroutineState, Generator, ResumeMode};
use crate::promise::{Promise, continuation};
use crate::record::Record;
use crate::value::Value;

/// Fields of a request.
mod field {
    pub const NEXT: usize = 0;
    pub const MODE: usize = 1;
    pub const VALUE: usize = 2;
    pub const PROMISE: usize = 3;
}

fn oldest(gen_: Gc<Generator>) -> Option<Gc<Record>> {
    gen_.queue.get().as_kind(Kind::Record)
}

fn mode_of(request: Gc<Record>) -> ResumeMode {
    match request.get(field::MODE).as_int32() {
        0 => ResumeMode::Next,
        1 => ResumeMode::Throw,
        _ => ResumeMode::Return,
    }
}

fn enqueue(cx: &Context, gen_: Gc<Generator>, mode: ResumeMode, value: Value) -> Gc<Promise> {
    let promise = cx.new_promise();
    let request = cx.new_record(0, &[Value::UNDEFINED, Value::int32(mode as i32), value, promise.into()]);
    match gen_.queue_tail.get().as_kind::<Record>(Kind::Record) {
        Some(tail) => tail.set(cx, field::NEXT, request.into()),
        None => gen_.queue.set(request.into()),
    }
    gen_.queue_tail.set(request.into());
    cx.write_barrier(gen_.header_ptr(), request.into());
    promise
}

/// Takes the oldest request: its promise.
fn dequeue(cx: &Context, gen_: Gc<Generator>) -> Option<Gc<Promise>> {
    let request = oldest(gen_)?;
    let next = request.get(field::NEXT);
    gen_.queue.set(next);
    if next.is_undefined() {
        gen_.queue_tail.set(Value::UNDEFINED);
    }
    cx.write_barrier(gen_.header_ptr(), next);
    request.get(field::PROMISE).as_kind(Kind::Promise)
}

/// AsyncGeneratorCompleteStep with a normal completion (§27.6.3.5).
fn resolve_oldest(cx: &Context, gen_: Gc<Generator>, value: Value, done: bool) -> JsResult<()> {
    if let Some(promise) = dequeue(cx, gen_) {
        let result = cx.iter_result(value, done);
        cx.resolve_promise(promise, result)?;
    }
    Ok(())
}

fn reject_oldest(cx: &Context, gen_: Gc<Generator>, reason: Value) {
    if let Some(promise) = dequeue(cx, gen_) {
        cx.reject_promise(promise, reason);
    }
}

impl Context {
    /// %AsyncGeneratorPrototype%.next/return/throw (§27.6.1): gives a promise.
    pub fn async_generator_enqueue(&self, this: Value, mode: ResumeMode, value: Value) -> JsResult<Value> {
        let Some(gen_) = this.as_kind::<Generator>(Kind::AsyncGenerator) else {
            let promise = self.new_promise();
            let text = self.describe(this);
            let error = self.new_error(
                ErrorKind::TypeError,
                format_args!("AsyncGenerator method called on incompatible receiver {text}"),
            );
            self.reject_promise(promise, error.into());
            return Ok(promise.into());
        };
        let promise = enqueue(self, gen_, mode, value);
        match (gen_.state(), mode) {
            (CoroutineState::SuspendedStart, ResumeMode::Return) => {
                gen_.set_state(CoroutineState::AwaitingReturn);
                await_return(self, gen_)?;
            }
            (CoroutineState::SuspendedStart, ResumeMode::Throw) => {
                gen_.set_state(CoroutineState::Completed);
                drain(self, gen_)?;
            }
            (CoroutineState::SuspendedStart | CoroutineState::SuspendedYield, _) => {
                generator::resume(self, gen_, mode, value)?;
            }
            (CoroutineState::Completed, _) => drain(self, gen_)?,
            _ => {}
        }
        Ok(promise.into())
    }
}

/// A `yield` of the body: the oldest request gets {value, done: false}.
pub(crate) fn yield_value(cx: &Context, gen_: Gc<Generator>, value: Value) -> JsResult<()> {
    resolve_oldest(cx, gen_, value, false)
}

/// The request that the body is to serve next, if one waits.
pub(crate) fn next_request(gen_: Gc<Generator>) -> Option<(ResumeMode, Value)> {
    oldest(gen_).map(|request| (mode_of(request), request.get(field::VALUE)))
}

/// The body has returned or thrown.
pub(crate) fn finish(cx: &Context, gen_: Gc<Generator>, outcome: Result<Value, Value>) -> JsResult<()> {
    match outcome {
        Ok(value) => resolve_oldest(cx, gen_, value, true)?,
        Err(reason) => reject_oldest(cx, gen_, reason),
    }
    drain(cx, gen_)
}

/// The body could not go on.
pub(crate) fn fail(cx: &Context, gen_: Gc<Generator>, reason: Value) {
    while oldest(gen_).is_some() {
        reject_oldest(cx, gen_, reason);
    }
}

/// AsyncGeneratorDrainQueue (§27.6.3.10): serves the requests to a completed generator, up to the first that has to be awaited.
fn drain(cx: &Context, gen_: Gc<Generator>) -> JsResult<()> {
    while let Some(request) = oldest(gen_) {
        match mode_of(request) {
            ResumeMode::Next => resolve_oldest(cx, gen_, Value::UNDEFINED, true)?,
            ResumeMode::Throw => reject_oldest(cx, gen_, request.get(field::VALUE)),
            ResumeMode::Return => {
                gen_.set_state(CoroutineState::AwaitingReturn);
                return await_return(cx, gen_);
            }
        }
    }
    Ok(())
}

/// AsyncGeneratorAwaitReturn (§27.6.3.9): the oldest request is a `return`; its value is awaited.
fn await_return(cx: &Context, gen_: Gc<Generator>) -> JsResult<()> {
    let Some((_, value)) = next_request(gen_) else { return Ok(()) };
    match cx.await_promise(value) {
        Ok(promise) => {
            cx.promise_continue(promise, continuation::ASYNC_GENERATOR_RETURN, gen_.into());
            Ok(())
        }
        Err(throw) => {
            let reason = cx.catch(throw)?;
            gen_.set_state(CoroutineState::Completed);
            reject_oldest(cx, gen_, reason);
            drain(cx, gen_)
        }
    }
}

/// The value of a `return` request has settled.
pub(crate) fn await_return_settled(cx: &Context, gen_: Value, argument: Value, rejected: bool) -> JsResult<()> {
    let Some(gen_) = gen_.as_kind::<Generator>(Kind::AsyncGenerator) else { return Ok(()) };
    gen_.set_state(CoroutineState::Completed);
    if rejected {
        reject_oldest(cx, gen_, argument);
    } else {
        resolve_oldest(cx, gen_, argument, true)?;
    }
    drain(cx, gen_)
}
