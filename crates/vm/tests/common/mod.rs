//! A host for tests: runs programs with a few natives, in several modes, and compares what they print.
#![allow(dead_code)]

use std::cell::RefCell;
use tercel_vm::context::Options;
use tercel_vm::names;
use tercel_vm::native::{Builtins, FunctionSpec, PropertySpec, PropertyValue, SpecKey};
use tercel_vm::{Args, Context, JsResult, Value};

thread_local! {
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// `print(…)`: a line of the values as strings.
fn print(cx: &Context, args: &Args) -> JsResult<Value> {
    let mut line = String::new();
    for i in 0..args.len() {
        if i > 0 {
            line.push(' ');
        }
        line.push_str(&cx.to_string(args.get(i))?.to_rust(cx));
    }
    line.push('\n');
    OUTPUT.with_borrow_mut(|o| o.push_str(&line));
    Ok(Value::UNDEFINED)
}

/// `address(o)`: where the object is now.
fn address(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::number(args.get(0).bits() as f64))
}

/// `requestCollection()`: the next safepoint collects.
fn request_collection(cx: &Context, _: &Args) -> JsResult<Value> {
    cx.heap.request_full_collection();
    Ok(Value::UNDEFINED)
}

/// `pinned()`: cells that the last collection found pinned.
fn pinned(cx: &Context, _: &Args) -> JsResult<Value> {
    Ok(Value::number(cx.heap.stats().pinned_cells as f64))
}

/// `callWith(f, o)`: calls `f()` with `o` in a local of the native; whether `o` stayed where it was.
fn call_with(cx: &Context, args: &Args) -> JsResult<Value> {
    let held = args.get(1);
    // The argument's own register is cleared, so that only this frame refers to the object.
    args.set(1, Value::UNDEFINED);
    cx.call(args.get(0), Value::UNDEFINED, &[])?;
    Ok(std::hint::black_box(held))
}

/// `call(f, …args)`: calls through the native stack.
fn call(cx: &Context, args: &Args) -> JsResult<Value> {
    cx.call_cells(args.get(0), Value::UNDEFINED, args.rest(1))
}

/// `proxy(target, handler)`.
fn proxy(cx: &Context, args: &Args) -> JsResult<Value> {
    match (args.get(0).as_object(), args.get(1).as_object()) {
        (Some(target), Some(handler)) => Ok(cx.new_proxy(target, handler).into()),
        _ => Err(cx.throw_type(format_args!("not objects"))),
    }
}

/// `terminate()`: as if another thread had asked for it.
fn terminate(cx: &Context, _: &Args) -> JsResult<Value> {
    cx.interrupt_handle().terminate();
    Ok(Value::UNDEFINED)
}

const fn native(name: &'static str, length: u8, f: tercel_vm::native::NativeFn) -> PropertySpec {
    PropertySpec::function(FunctionSpec::named(SpecKey::Text(name), length, f))
}

static GLOBALS: &[PropertySpec] = &[
    native("print", 1, print),
    native("address", 1, address),
    native("requestCollection", 0, request_collection),
    native("pinned", 0, pinned),
    native("callWith", 2, call_with),
    native("call", 1, call),
    native("proxy", 2, proxy),
    native("terminate", 0, terminate),
    PropertySpec::hidden(names::UNDEFINED, PropertyValue::Undefined),
];

static BUILTINS: Builtins = Builtins { globals: &[GLOBALS], ..Builtins::EMPTY };

/// What a program did.
pub struct Outcome {
    pub printed: String,
    /// The text of what was thrown and not caught, or "terminated: …".
    pub error: Option<String>,
}

pub fn options() -> Options {
    Options::default()
}

/// Takes what was printed so far.
pub fn take_output() -> String {
    OUTPUT.with_borrow_mut(std::mem::take)
}

/// A context with the tests' natives.
pub fn context(options: Options) -> Box<Context> {
    let cx = Context::new(options, &BUILTINS).expect("memory for a heap");
    cx.enter_thread();
    cx
}

/// Runs a script and its jobs in a context.
pub fn run_in(cx: &Context, source: &str) -> Outcome {
    let result = cx.eval_script(source, "test.js").and_then(|_| cx.run_jobs());
    let error = result.err().map(|_| {
        if cx.take_termination() {
            format!("terminated: {}", cx.termination_reason())
        } else {
            let thrown = cx.take_exception();
            cx.error_text(thrown)
        }
    });
    Outcome { printed: take_output(), error }
}

/// Runs on a thread with a large stack, as the command does.
pub fn on_large_stack<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    std::thread::Builder::new().stack_size(512 << 20).spawn(body).unwrap().join().unwrap()
}

/// Runs a program in all modes; it must print `expected` in each, and throw nothing.
#[track_caller]
pub fn check(source: &'static str, expected: &'static str) {
    let modes: [(&str, fn(&mut Options)); 4] = [
        ("default", |_| {}),
        ("no-ic", |o| o.no_ic = true),
        ("gc-every-1", |o| o.gc_every = Some(1)),
        ("gc-every-3", |o| o.gc_every = Some(3)),
    ];
    for (mode, set) in modes {
        let mut options = options();
        set(&mut options);
        let outcome = on_large_stack(move || run_in(&context(options), source));
        assert_eq!(outcome.error, None, "in mode {mode}; printed {}", outcome.printed);
        let printed: Vec<_> = outcome.printed.lines().map(str::trim_end).collect();
        let wanted: Vec<_> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(printed, wanted, "in mode {mode}");
    }
}
