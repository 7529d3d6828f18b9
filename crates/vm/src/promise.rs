//! Promises: the core operations of ECMA-262 §27.2.1 and §27.2.2.
//!
//! A pending promise keeps its reactions as a list of records, newest first. A reaction says what happens when the promise
//! settles: a handler of `then` with the capability of the derived promise, or an awaiting coroutine. Awaiting needs no function
//! objects and no derived promise; nor does `then` need resolving functions where the derived promise is an ordinary one.

use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::generator::{self, ResumeMode};
use crate::native::{Args, FunctionSpec};
use crate::object::Object;
use crate::realm::Intrinsic;
use crate::record::Record;
use crate::value::Value;
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PromiseState {
    Pending,
    Fulfilled,
    Rejected,
}

/// Kind::Promise.
#[repr(C)]
pub struct Promise {
    pub object: Object,
    /// A [`PromiseState`] as int32.
    pub state_word: Cell<Value>,
    /// The result or reason.
    pub result: Cell<Value>,
    /// The newest reaction while pending.
    pub reactions: Cell<Value>,
    /// [[PromiseIsHandled]].
    pub handled: Cell<Value>,
}

impl Gc<Promise> {
    #[inline]
    pub fn state(self) -> PromiseState {
        match self.state_word.get().as_int32() {
            0 => PromiseState::Pending,
            1 => PromiseState::Fulfilled,
            _ => PromiseState::Rejected,
        }
    }
    fn set_state(self, state: PromiseState) {
        self.state_word.set(Value::int32(state as i32));
    }
    pub fn is_handled(self) -> bool {
        self.handled.get().is_true()
    }
}

/// PromiseCapability (§27.2.1.1); lives in locals only. `resolve` and `reject` are undefined for an ordinary promise that the
/// engine itself made: then it settles it directly.
#[derive(Clone, Copy)]
pub struct Capability {
    pub promise: Value,
    pub resolve: Value,
    pub reject: Value,
}

/// Tags of reaction records.
mod tag {
    /// next, on_fulfilled, on_rejected, promise, resolve, reject
    pub const THEN: u32 = 1;
    /// next, coroutine
    pub const AWAIT: u32 = 2;
    /// next, native data: `on_settled` of the engine's own (modules): function index, data
    pub const INTERNAL: u32 = 3;
}

/// Engine-internal continuation of a promise.
pub(crate) type Continuation = fn(&Context, data: Value, argument: Value, rejected: bool) -> JsResult<()>;

static RESOLVE: FunctionSpec = FunctionSpec::anonymous(1, resolve_function);
static REJECT: FunctionSpec = FunctionSpec::anonymous(1, reject_function);
static EXECUTOR: FunctionSpec = FunctionSpec::anonymous(2, capability_executor);

/// The continuations that reactions may name: an index instead of an address, so that records hold only values.
static CONTINUATIONS: &[Continuation] = &[
    crate::module::async_module_settled,
    crate::async_generator::await_return_settled,
    crate::module::dynamic_import_settled,
    crate::iterators::async_from_sync_settled,
    crate::module::dynamic_import_loaded,
];

/// Indices into [`CONTINUATIONS`].
pub(crate) mod continuation {
    pub const MODULE: i32 = 0;
    pub const ASYNC_GENERATOR_RETURN: i32 = 1;
    pub const DYNAMIC_IMPORT: i32 = 2;
    pub const ASYNC_FROM_SYNC: i32 = 3;
    pub const DYNAMIC_IMPORT_LOADED: i32 = 4;
}

impl Context {
    pub fn new_promise(&self) -> Gc<Promise> {
        self.new_promise_with_proto(self.intrinsic(Intrinsic::PromisePrototype))
    }

    pub fn new_promise_with_proto(&self, proto: Gc<Object>) -> Gc<Promise> {
        // SAFETY: objects of the kind are Promises.
        let promise: Gc<Promise> = unsafe { self.new_object_of_kind(Kind::Promise, proto).cast() };
        promise.set_state(PromiseState::Pending);
        promise.result.set(Value::UNDEFINED);
        promise.reactions.set(Value::UNDEFINED);
        promise.handled.set(Value::FALSE);
        promise
    }

    /// The promise's resolve function's steps (§27.2.1.3.2) without "already resolved". Errors of a `then` getter reject the promise; an `Err` is
    /// a termination.
    pub fn resolve_promise(&self, p: Gc<Promise>, v: Value) -> JsResult<()> {
        if v == p.into() {
            let error = self.new_error(
                crate::error::ErrorKind::TypeError,
                format_args!("Chaining cycle detected for promise #<Promise>"),
            );
            self.reject_promise(p, error.into());
            return Ok(());
        }
        let Some(object) = v.as_object() else {
            self.fulfill_promise(p, v);
            return Ok(());
        };
        let then = match object.get(self, self.names().then) {
            Ok(then) => then,
            Err(throw) => {
                let reason = self.catch(throw)?;
                self.reject_promise(p, reason);
                return Ok(());
            }
        };
        if self.is_callable(then) {
            self.enqueue_thenable(p, v, then);
        } else {
            self.fulfill_promise(p, v);
        }
        Ok(())
    }

    pub fn reject_promise(&self, p: Gc<Promise>, reason: Value) {
        let reactions = p.reactions.get();
        self.settle(p, PromiseState::Rejected, reason);
        if !p.is_handled() {
            self.interp.jobs.add_unhandled(p);
        }
        self.trigger(reactions, reason, true);
    }

    pub fn fulfill_promise(&self, p: Gc<Promise>, v: Value) {
        let reactions = p.reactions.get();
        self.settle(p, PromiseState::Fulfilled, v);
        self.trigger(reactions, v, false);
    }

    fn settle(&self, p: Gc<Promise>, state: PromiseState, v: Value) {
        p.set_state(state);
        p.result.set(v);
        p.reactions.set(Value::UNDEFINED);
        self.write_barrier(p.header_ptr(), v);
    }

    /// Enqueues a job for each reaction, oldest first.
    fn trigger(&self, reactions: Value, argument: Value, rejected: bool) {
        let mut newest: Option<Gc<Record>> = reactions.as_kind(Kind::Record);
        let mut oldest: Option<Gc<Record>> = None;
        while let Some(reaction) = newest {
            newest = reaction.record(0);
            reaction.set(self, 0, oldest.map_or(Value::UNDEFINED, Value::from));
            oldest = Some(reaction);
        }
        while let Some(reaction) = oldest {
            oldest = reaction.record(0);
            self.enqueue_reaction(reaction, argument, rejected);
        }
    }

    /// CreateResolvingFunctions (§27.2.1.3): (resolve, reject).
    pub fn resolving_functions(&self, p: Gc<Promise>) -> (Gc<Object>, Gc<Object>) {
        let already_resolved = self.new_record(0, &[Value::FALSE]);
        let data = [p.into(), already_resolved.into()];
        (self.new_native_with_data(&RESOLVE, data).object(), self.new_native_with_data(&REJECT, data).object())
    }

    /// PromiseResolve(C, x) (§27.2.4.7.1).
    pub fn promise_resolve(&self, constructor: Gc<Object>, v: Value) -> JsResult<Gc<Object>> {
        if let Some(p) = v.as_kind::<Promise>(Kind::Promise) {
            let c = p.object().get(self, self.names().constructor)?;
            if c == constructor.into() {
                return Ok(p.object());
            }
        }
        let capability = if constructor == self.intrinsic(Intrinsic::Promise) {
            self.new_ordinary_capability()
        } else {
            self.new_promise_capability(constructor.into())?
        };
        self.capability_resolve(capability, v)?;
        Ok(capability.promise.as_object().expect("a capability's promise is an object"))
    }

    /// The promise that `await v` waits for: PromiseResolve(%Promise%, v).
    pub(crate) fn await_promise(&self, v: Value) -> JsResult<Gc<Promise>> {
        let constructor = self.intrinsic(Intrinsic::Promise);
        if let Some(p) = v.as_kind::<Promise>(Kind::Promise) {
            let c = p.object().get(self, self.names().constructor)?;
            if c == constructor.into() {
                return Ok(p);
            }
        }
        let p = self.new_promise();
        self.resolve_promise(p, v)?;
        Ok(p)
    }

    /// NewPromiseCapability (§27.2.1.5).
    pub fn new_promise_capability(&self, constructor: Value) -> JsResult<Capability> {
        if constructor == self.intrinsic(Intrinsic::Promise).into() {
            let promise = self.new_promise();
            let (resolve, reject) = self.resolving_functions(promise);
            return Ok(Capability { promise: promise.into(), resolve: resolve.into(), reject: reject.into() });
        }
        let Some(c) = constructor.as_object().filter(|c| c.is_constructor()) else {
            return Err(self.throw_not_constructor(constructor));
        };
        let slots = self.new_record(0, &[Value::UNDEFINED, Value::UNDEFINED]);
        let executor = self.new_native_with_data(&EXECUTOR, [slots.into(), Value::UNDEFINED]);
        let promise = self.construct(c, &[executor.into()], c)?;
        let (resolve, reject) = (slots.get(0), slots.get(1));
        if !self.is_callable(resolve) || !self.is_callable(reject) {
            return Err(self.throw_type(format_args!("Promise resolve or reject function is not callable")));
        }
        Ok(Capability { promise, resolve, reject })
    }

    /// A capability of a new ordinary promise.
    pub fn new_ordinary_capability(&self) -> Capability {
        Capability { promise: self.new_promise().into(), resolve: Value::UNDEFINED, reject: Value::UNDEFINED }
    }

    /// Calls the capability's resolve function.
    pub fn capability_resolve(&self, c: Capability, v: Value) -> JsResult<()> {
        if c.resolve.is_undefined() {
            return match c.promise.as_kind(Kind::Promise) {
                Some(p) => self.resolve_promise(p, v),
                None => Ok(()),
            };
        }
        self.call(c.resolve, Value::UNDEFINED, &[v]).map(drop)
    }

    /// Calls the capability's reject function.
    pub fn capability_reject(&self, c: Capability, reason: Value) -> JsResult<()> {
        if c.reject.is_undefined() {
            if let Some(p) = c.promise.as_kind(Kind::Promise) {
                self.reject_promise(p, reason);
            }
            return Ok(());
        }
        self.call(c.reject, Value::UNDEFINED, &[reason]).map(drop)
    }

    /// IfAbruptRejectPromise (§27.2.1.1.1): the capability's promise, rejected with what was thrown.
    pub fn reject_with(&self, c: Capability, throw: Throw) -> JsResult<Value> {
        let reason = self.catch(throw)?;
        self.capability_reject(c, reason)?;
        Ok(c.promise)
    }

    /// Takes the exception that `throw` announced; a termination goes on travelling.
    pub fn catch(&self, throw: Throw) -> JsResult<Value> {
        if self.is_terminating() { Err(throw) } else { Ok(self.take_exception()) }
    }

    /// PerformPromiseThen (§27.2.5.4.1).
    pub fn promise_then(
        &self,
        p: Gc<Promise>,
        on_fulfilled: Value,
        on_rejected: Value,
        capability: Option<Capability>,
    ) {
        let callable = |v: Value| if self.is_callable(v) { v } else { Value::UNDEFINED };
        let (promise, resolve, reject) = capability
            .map_or((Value::UNDEFINED, Value::UNDEFINED, Value::UNDEFINED), |c| (c.promise, c.resolve, c.reject));
        let reaction = self.new_record(
            tag::THEN,
            &[Value::UNDEFINED, callable(on_fulfilled), callable(on_rejected), promise, resolve, reject],
        );
        self.add_reaction(p, reaction);
    }

    /// The coroutine goes on when the promise settles.
    pub(crate) fn promise_await(&self, p: Gc<Promise>, coroutine: Value) {
        let reaction = self.new_record(tag::AWAIT, &[Value::UNDEFINED, coroutine]);
        self.add_reaction(p, reaction);
    }

    /// A continuation of the engine itself runs, as a job, when the promise settles.
    pub(crate) fn promise_continue(&self, p: Gc<Promise>, continuation: i32, data: Value) {
        let reaction = self.new_record(tag::INTERNAL, &[Value::UNDEFINED, Value::int32(continuation), data]);
        self.add_reaction(p, reaction);
    }

    fn add_reaction(&self, p: Gc<Promise>, reaction: Gc<Record>) {
        match p.state() {
            PromiseState::Pending => {
                reaction.set(self, 0, p.reactions.get());
                p.reactions.set(reaction.into());
                self.write_barrier(p.header_ptr(), reaction.into());
            }
            state => {
                if state == PromiseState::Rejected && !p.is_handled() {
                    self.interp.jobs.remove_unhandled(p);
                }
                self.enqueue_reaction(reaction, p.result.get(), state == PromiseState::Rejected);
            }
        }
        p.handled.set(Value::TRUE);
    }
}

/// NewPromiseReactionJob (§27.2.2.1).
pub(crate) fn run_reaction(cx: &Context, reaction: Gc<Record>, argument: Value, rejected: bool) -> JsResult<()> {
    match reaction.tag() {
        tag::AWAIT => {
            let mode = if rejected { ResumeMode::Throw } else { ResumeMode::Next };
            return generator::resume_from_job(cx, reaction.get(1), mode, argument);
        }
        tag::INTERNAL => {
            let continuation = CONTINUATIONS[reaction.get(1).as_int32() as usize];
            return continuation(cx, reaction.get(2), argument, rejected);
        }
        _ => {}
    }
    let handler = reaction.get(if rejected { 2 } else { 1 });
    let outcome = if !handler.is_undefined() {
        cx.call(handler, Value::UNDEFINED, &[argument]).map_err(|throw| cx.catch(throw))
    } else if rejected {
        Err(Ok(argument))
    } else {
        Ok(argument)
    };
    let capability = Capability { promise: reaction.get(3), resolve: reaction.get(4), reject: reaction.get(5) };
    if capability.promise.is_undefined() {
        // The handler was the engine's or the result is not wanted: only a termination goes on.
        return match outcome {
            Err(Err(termination)) => Err(termination),
            _ => Ok(()),
        };
    }
    let settled = match outcome {
        Ok(v) => cx.capability_resolve(capability, v),
        Err(reason) => cx.capability_reject(capability, reason?),
    };
    // What a foreign resolve function throws is lost (the job's completion is ignored), but not a termination.
    ignore_exception(cx, settled)
}

fn ignore_exception(cx: &Context, result: JsResult<()>) -> JsResult<()> {
    match result {
        Err(throw) => cx.catch(throw).map(drop),
        Ok(()) => Ok(()),
    }
}

/// NewPromiseResolveThenableJob (§27.2.2.2).
pub(crate) fn run_thenable(cx: &Context, promise: Gc<Promise>, thenable: Value, then: Value) -> JsResult<()> {
    // A native promise with the intrinsic `then`: the job's steps without the resolving functions, which nobody could see.
    if let Some(p) = thenable.as_kind::<Promise>(Kind::Promise)
        && then == cx.intrinsic(Intrinsic::PromiseThen).into()
    {
        let c = match cx.species_constructor(p.object(), Intrinsic::Promise) {
            Ok(c) => c,
            Err(throw) => {
                let reason = cx.catch(throw)?;
                cx.reject_promise(promise, reason);
                return Ok(());
            }
        };
        if c == cx.intrinsic(Intrinsic::Promise) {
            let capability =
                Capability { promise: promise.into(), resolve: Value::UNDEFINED, reject: Value::UNDEFINED };
            cx.promise_then(p, Value::UNDEFINED, Value::UNDEFINED, Some(capability));
            return Ok(());
        }
    }
    let (resolve, reject) = cx.resolving_functions(promise);
    if let Err(throw) = cx.call(then, thenable, &[resolve.into(), reject.into()]) {
        let reason = cx.catch(throw)?;
        ignore_exception(cx, cx.call(reject.into(), Value::UNDEFINED, &[reason]).map(drop))?;
    }
    Ok(())
}

/// The data of a resolving function, if it has not been used: the promise.
fn claim(cx: &Context, args: &Args) -> Option<Gc<Promise>> {
    let callee = args.callee_native();
    let (promise, used) = (callee.data(0), callee.data(1));
    let used: Gc<Record> = used.as_kind(Kind::Record)?;
    if used.get(0).is_true() {
        return None;
    }
    used.set(cx, 0, Value::TRUE);
    promise.as_kind(Kind::Promise)
}

fn resolve_function(cx: &Context, args: &Args) -> JsResult<Value> {
    if let Some(promise) = claim(cx, args) {
        cx.resolve_promise(promise, args.get(0))?;
    }
    Ok(Value::UNDEFINED)
}

fn reject_function(cx: &Context, args: &Args) -> JsResult<Value> {
    if let Some(promise) = claim(cx, args) {
        cx.reject_promise(promise, args.get(0));
    }
    Ok(Value::UNDEFINED)
}

/// GetCapabilitiesExecutor functions (§27.2.1.5.1).
fn capability_executor(cx: &Context, args: &Args) -> JsResult<Value> {
    if let Some(slots) = args.callee_native().data(0).as_kind::<Record>(Kind::Record) {
        if !slots.get(0).is_undefined() || !slots.get(1).is_undefined() {
            return Err(
                cx.throw_type(format_args!("Promise executor has already been invoked with non-undefined arguments"))
            );
        }
        slots.set(cx, 0, args.get(0));
        slots.set(cx, 1, args.get(1));
    }
    Ok(Value::UNDEFINED)
}
