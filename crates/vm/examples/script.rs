//! Runs a script file with a global `print`, on a thread with a large stack: the smallest host there is.

use std::time::Instant;
use tercel_vm::context::Options;
use tercel_vm::names;
use tercel_vm::native::{Builtins, FunctionSpec, PropertySpec, SpecKey};
use tercel_vm::{Args, Context, JsResult, Value};

fn print(cx: &Context, args: &Args) -> JsResult<Value> {
    let mut line = String::new();
    for i in 0..args.len() {
        if i > 0 {
            line.push(' ');
        }
        line.push_str(&cx.to_string(args.get(i))?.to_rust(cx));
    }
    println!("{line}");
    Ok(Value::UNDEFINED)
}

fn now(_: &Context, _: &Args) -> JsResult<Value> {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    Ok(Value::number(START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1000.0))
}

static GLOBALS: &[PropertySpec] = &[
    PropertySpec::function(FunctionSpec::named(SpecKey::Text("print"), 1, print)),
    PropertySpec::function(FunctionSpec::named(SpecKey::Text("now"), 0, now)),
    PropertySpec::hidden(names::UNDEFINED, tercel_vm::native::PropertyValue::Undefined),
];

static BUILTINS: Builtins = Builtins { globals: &[GLOBALS], ..Builtins::EMPTY };

fn run(path: &str) -> i32 {
    let source = match std::fs::read_to_string(path) {
        Ok(source) => source,
        Err(e) => {
            eprintln!("{path}: {e}");
            return 1;
        }
    };
    let gc_every = std::env::var("GC_EVERY").ok().and_then(|n| n.parse().ok());
    let no_ic = std::env::var("NO_IC").is_ok();
    let Ok(cx) = Context::new(Options { gc_every, no_ic, ..Options::default() }, &BUILTINS) else {
        eprintln!("no memory");
        return 1;
    };
    cx.enter_thread();
    let result = cx.native_scope(|| cx.eval_script(&source, path).and_then(|_| cx.run_jobs()));
    if result.is_err() {
        if cx.take_termination() {
            eprintln!("terminated: {}", cx.termination_reason());
            return 1;
        }
        let thrown = cx.take_exception();
        eprintln!("uncaught {}", cx.error_text(thrown));
        for f in cx.error_frames(thrown) {
            eprintln!("    at {} ({}:{}:{})", f.function, f.source, f.line, f.column);
        }
        return 1;
    }
    0
}

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: script FILE");
        std::process::exit(2);
    };
    let code = std::thread::Builder::new().stack_size(256 << 20).spawn(move || run(&path)).map(|t| t.join());
    std::process::exit(match code {
        Ok(Ok(code)) => code,
        _ => 70,
    });
}
