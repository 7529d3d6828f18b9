//! Promise (ECMA-262 §27.2) on the core operations of `tercel_vm::promise`.

use crate::iterator::{Iteration, get_iterator};
use crate::table::*;
use tercel_vm::object::array::ArrayObject;
use tercel_vm::promise::{Capability, Promise};
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Value};

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    if args.new_target().is_undefined() {
        return Err(cx.throw_type(format_args!("Promise constructor cannot be invoked without 'new'")));
    }
    if !cx.is_callable(args.get(0)) {
        return Err(cx.throw_type(format_args!("Promise resolver {} is not a function", cx.describe(args.get(0)))));
    }
    let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::PromisePrototype)?;
    let promise = cx.new_promise_with_proto(proto);
    let (resolve, reject) = cx.resolving_functions(promise);
    if let Err(throw) = cx.call(args.get(0), Value::UNDEFINED, &[resolve.into(), reject.into()]) {
        let reason = cx.catch(throw)?;
        cx.call(reject.into(), Value::UNDEFINED, &[reason])?;
    }
    Ok(promise.into())
}

/// Which combinator: they differ in what happens to each element's outcome.
#[derive(Clone, Copy, PartialEq)]
enum Combinator {
    All,
    AllSettled,
    Any,
    Race,
}

/// State that the element functions of one combinator call share, in an object of the heap: an array of results, and in
/// a record {remaining, resolve or reject, values}.
mod state {
    pub const REMAINING: usize = 0;
    pub const SETTLE: usize = 1;
    pub const VALUES: usize = 2;
}

/// Promise.all and its siblings (§27.2.4.1–§27.2.4.5).
fn combine(cx: &Context, args: &Args, which: Combinator) -> JsResult<Value> {
    let constructor = args.this();
    let capability = cx.new_promise_capability(constructor)?;
    match combine_into(cx, constructor, args.get(0), capability, which) {
        Ok(v) => Ok(v),
        Err(throw) => cx.reject_with(capability, throw),
    }
}

fn combine_into(
    cx: &Context,
    constructor: Value,
    iterable: Value,
    capability: Capability,
    which: Combinator,
) -> JsResult<Value> {
    // GetPromiseResolve (§27.2.4.1.1).
    let resolve = cx.get_value(constructor, cx.names().resolve)?;
    if !cx.is_callable(resolve) {
        return Err(cx.throw_type(format_args!("Promise resolve or reject function is not callable")));
    }
    let iteration = get_iterator(cx, iterable)?;
    let values = cx.new_array(0);
    let settle = if which == Combinator::Any { capability.reject } else { capability.resolve };
    let shared = cx.new_record(0, &[Value::int32(1), settle, values.into()]);
    let mut index = 0u32;
    let result = elements(cx, &iteration, constructor, resolve, capability, which, shared.into(), values, &mut index);
    match result {
        Err(throw) if !iteration.is_done() => return Err(iteration.close_with(cx, throw)),
        Err(throw) => return Err(throw),
        Ok(()) => {}
    }
    if which != Combinator::Race && decrement(cx, shared.into()) == 0 {
        finish(cx, shared.into(), which)?;
    }
    Ok(capability.promise)
}

#[allow(clippy::too_many_arguments)]
fn elements(
    cx: &Context,
    iteration: &Iteration<'_>,
    constructor: Value,
    resolve: Value,
    capability: Capability,
    which: Combinator,
    shared: Value,
    values: Gc<ArrayObject>,
    index: &mut u32,
) -> JsResult<()> {
    while let Some(element) = iteration.step(cx)? {
        let promise = cx.call(resolve, constructor, &[element])?;
        let (on_fulfilled, on_rejected) = if which == Combinator::Race {
            (capability.resolve, capability.reject)
        } else {
            cx.array_push(values, Value::UNDEFINED)?;
            increment(cx, shared);
            let element = |spec: &'static FunctionSpec| {
                Value::from(cx.new_native_with_data(spec, [shared, Value::uint32(*index)]))
            };
            match which {
                Combinator::All => (element(&ALL_ELEMENT), capability.reject),
                Combinator::Any => (capability.resolve, element(&ANY_ELEMENT)),
                _ => {
                    // Whichever of the two is called first disables both: they share a record.
                    let pair = cx.new_record(0, &[shared, Value::uint32(*index)]);
                    let settled = |spec: &'static FunctionSpec| {
                        Value::from(cx.new_native_with_data(spec, [pair.into(), Value::EMPTY]))
                    };
                    (settled(&SETTLED_FULFILLED), settled(&SETTLED_REJECTED))
                }
            }
        };
        *index += 1;
        cx.invoke(promise, cx.names().then, &[on_fulfilled, on_rejected])?;
    }
    Ok(())
}

fn record(v: Value) -> Option<Gc<tercel_vm::record::Record>> {
    v.as_kind(Kind::Record)
}

fn increment(cx: &Context, shared: Value) {
    if let Some(r) = record(shared) {
        r.set(cx, state::REMAINING, Value::int32(r.get(state::REMAINING).as_int32() + 1));
    }
}

/// Counts one element (or the loop itself) as finished: how many remain.
fn decrement(cx: &Context, shared: Value) -> i32 {
    let Some(r) = record(shared) else { return -1 };
    let remaining = r.get(state::REMAINING).as_int32() - 1;
    r.set(cx, state::REMAINING, Value::int32(remaining));
    remaining
}

/// All elements are settled: the combined promise settles.
fn finish(cx: &Context, shared: Value, which: Combinator) -> JsResult<Value> {
    let Some(r) = record(shared) else { return Ok(Value::UNDEFINED) };
    let (settle, mut values) = (r.get(state::SETTLE), r.get(state::VALUES));
    if which == Combinator::Any {
        let error = cx.new_error(tercel_vm::ErrorKind::AggregateError, format_args!("All promises were rejected"));
        crate::error::define_hidden(cx, error, cx.names().errors, values)?;
        values = error.into();
    }
    cx.call(settle, Value::UNDEFINED, &[values])
}

/// Stores an element's result once, and finishes when it was the last one.
fn element_settled(cx: &Context, shared: Value, index: u32, value: Value, which: Combinator) -> JsResult<Value> {
    if let Some(values) = record(shared).and_then(|r| r.get(state::VALUES).as_object()) {
        values.create_data(cx, cx.index_key(u64::from(index)), value)?;
    }
    if decrement(cx, shared) == 0 {
        return finish(cx, shared, which);
    }
    Ok(Value::UNDEFINED)
}

fn element_once(cx: &Context, args: &Args, which: Combinator) -> JsResult<Value> {
    let f = args.callee_native();
    let shared = f.data(0);
    if shared.is_undefined() {
        return Ok(Value::UNDEFINED);
    }
    f.set_data(cx, 0, Value::UNDEFINED);
    element_settled(cx, shared, f.data(1).as_number() as u32, args.get(0), which)
}

fn settled_once(cx: &Context, args: &Args, fulfilled: bool) -> JsResult<Value> {
    let Some(pair) = record(args.callee_native().data(0)) else { return Ok(Value::UNDEFINED) };
    let (shared, index) = (pair.get(0), pair.get(1));
    if shared.is_undefined() {
        return Ok(Value::UNDEFINED);
    }
    pair.set(cx, 0, Value::UNDEFINED);
    let outcome = cx.new_object();
    let names = cx.names();
    let (status, key) = if fulfilled { (names.fulfilled, names.value) } else { (names.rejected, names.reason) };
    outcome.create_data(cx, names.status, status.to_value(cx))?;
    outcome.create_data(cx, key, args.get(0))?;
    element_settled(cx, shared, index.as_number() as u32, outcome.into(), Combinator::AllSettled)
}

static ALL_ELEMENT: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| element_once(cx, args, Combinator::All));
static ANY_ELEMENT: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| element_once(cx, args, Combinator::Any));
static SETTLED_FULFILLED: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| settled_once(cx, args, true));
static SETTLED_REJECTED: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| settled_once(cx, args, false));

fn all(cx: &Context, args: &Args) -> JsResult<Value> {
    combine(cx, args, Combinator::All)
}

fn all_settled(cx: &Context, args: &Args) -> JsResult<Value> {
    combine(cx, args, Combinator::AllSettled)
}

fn any(cx: &Context, args: &Args) -> JsResult<Value> {
    combine(cx, args, Combinator::Any)
}

fn race(cx: &Context, args: &Args) -> JsResult<Value> {
    combine(cx, args, Combinator::Race)
}

fn reject(cx: &Context, args: &Args) -> JsResult<Value> {
    let capability = cx.new_promise_capability(args.this())?;
    cx.capability_reject(capability, args.get(0))?;
    Ok(capability.promise)
}

fn resolve(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.this().as_object() {
        Some(c) => Ok(cx.promise_resolve(c, args.get(0))?.into()),
        None => Err(cx.throw_type(format_args!("PromiseResolve called on non-object"))),
    }
}

fn try_(cx: &Context, args: &Args) -> JsResult<Value> {
    if !args.this().is_object() {
        return Err(cx.throw_type(format_args!("Promise.try called on non-object")));
    }
    let capability = cx.new_promise_capability(args.this())?;
    match cx.call_cells(args.get(0), Value::UNDEFINED, args.rest(1)) {
        Ok(v) => cx.capability_resolve(capability, v)?,
        Err(throw) => return cx.reject_with(capability, throw),
    }
    Ok(capability.promise)
}

fn with_resolvers(cx: &Context, args: &Args) -> JsResult<Value> {
    let capability = cx.new_promise_capability(args.this())?;
    let out = cx.new_object();
    out.create_data(cx, cx.names().promise, capability.promise)?;
    out.create_data(cx, cx.names().resolve, capability.resolve)?;
    out.create_data(cx, cx.names().reject, capability.reject)?;
    Ok(out.into())
}

fn catch(cx: &Context, args: &Args) -> JsResult<Value> {
    cx.invoke(args.this(), cx.names().then, &[Value::UNDEFINED, args.get(0)])
}

/// The functions that `finally` passes to `then` (§27.2.5.3): data is {constructor, onFinally}.
fn after_finally(cx: &Context, args: &Args, rejected: bool) -> JsResult<Value> {
    let f = args.callee_native();
    let (constructor, on_finally) = (f.data(0), f.data(1));
    let outcome = args.get(0);
    let result = cx.call(on_finally, Value::UNDEFINED, &[])?;
    let Some(constructor) = constructor.as_object() else { return Ok(Value::UNDEFINED) };
    let promise = cx.promise_resolve(constructor, result)?;
    let spec = if rejected { &THROWER } else { &VALUE_THUNK };
    let next = cx.new_native_with_data(spec, [outcome, Value::UNDEFINED]);
    cx.invoke(promise.into(), cx.names().then, &[next.into()])
}

static THEN_FINALLY: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| after_finally(cx, args, false));
static CATCH_FINALLY: FunctionSpec = FunctionSpec::anonymous(1, |cx, args| after_finally(cx, args, true));
static VALUE_THUNK: FunctionSpec = FunctionSpec::anonymous(0, |_, args| Ok(args.callee_native().data(0)));
static THROWER: FunctionSpec = FunctionSpec::anonymous(0, |cx, args| Err(cx.throw(args.callee_native().data(0))));

fn finally(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(promise) = args.this().as_object() else {
        return Err(cx.throw_type(format_args!("Promise.prototype.finally called on a non-object")));
    };
    let constructor = cx.species_constructor(promise, Intrinsic::Promise)?;
    let on_finally = args.get(0);
    let (then, catch) = if cx.is_callable(on_finally) {
        let data = [constructor.into(), on_finally];
        (cx.new_native_with_data(&THEN_FINALLY, data).into(), cx.new_native_with_data(&CATCH_FINALLY, data).into())
    } else {
        (on_finally, on_finally)
    };
    cx.invoke(args.this(), cx.names().then, &[then, catch])
}

fn then(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(promise) = args.this().as_kind::<Promise>(Kind::Promise) else {
        return Err(cx.throw_type(format_args!(
            "Method Promise.prototype.then called on incompatible receiver {}",
            cx.describe(args.this())
        )));
    };
    let constructor = cx.species_constructor(promise.object(), Intrinsic::Promise)?;
    let capability = if constructor == cx.intrinsic(Intrinsic::Promise) {
        cx.new_ordinary_capability()
    } else {
        cx.new_promise_capability(constructor.into())?
    };
    // The receiver is read again: making the capability may have run script, which may have moved it.
    let Some(promise) = args.this().as_kind::<Promise>(Kind::Promise) else { return Ok(Value::UNDEFINED) };
    cx.promise_then(promise, args.get(0), args.get(1), Some(capability));
    Ok(capability.promise)
}

pub static CONSTRUCTOR: FunctionSpec = class("Promise", 1, constructor);
pub static RESOLVE: FunctionSpec = FunctionSpec::named(SpecKey::Text("resolve"), 1, resolve);
pub static THEN: FunctionSpec = FunctionSpec::named(SpecKey::Text("then"), 2, then);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::PromisePrototype),
    method("all", 1, all),
    method("allSettled", 1, all_settled),
    method("any", 1, any),
    method("race", 1, race),
    method("reject", 1, reject),
    intrinsic("resolve", Intrinsic::PromiseResolve),
    method("try", 1, try_),
    method("withResolvers", 0, with_resolvers),
    species(),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Promise),
    method("catch", 1, catch),
    method("finally", 1, finally),
    intrinsic("then", Intrinsic::PromiseThen),
    to_string_tag("Promise"),
];
