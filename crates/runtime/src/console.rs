//! `console` and `print`. Strings go out as they are; anything else is formatted by `js/inspect.js`, which is compiled when
//! the first such value is met.

use crate::Shared;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;
use tercel::{Arguments, Engine, Error, Function, Object, Value};

#[derive(Default)]
pub struct Counters {
    counts: BTreeMap<String, u64>,
    starts: BTreeMap<String, Instant>,
    indent: usize,
    format: Option<Function>,
}

const INSPECT: &str = include_str!("js/inspect.js");

/// Where a line goes.
#[derive(Clone, Copy, PartialEq)]
enum Stream {
    Out,
    Err,
}

fn write_line(stream: Stream, line: &str) {
    // A closed pipe is no reason to fail: the program goes on, as node's does.
    let _ = match stream {
        Stream::Out => {
            let mut out = std::io::stdout().lock();
            out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n"))
        }
        Stream::Err => {
            let mut err = std::io::stderr().lock();
            err.write_all(line.as_bytes()).and_then(|()| err.write_all(b"\n"))
        }
    };
}

fn formatter(engine: &Engine, state: &Shared) -> Result<Function, Error> {
    if let Some(f) = state.lock().ok().and_then(|s| s.console.format.clone()) {
        return Ok(f);
    }
    let make: Function = engine.eval_named(INSPECT, "tercel:inspect")?;
    let host = engine.inspection_host()?;
    let interface: Object = make.call(engine, (host,))?;
    let format: Function = interface.get(engine, "formatLog")?;
    if let Ok(mut state) = state.lock() {
        state.console.format = Some(format.clone());
    }
    Ok(format)
}

/// A value as `console.log` shows it inside others: strings in quotes.
pub fn inspect(engine: &Engine, state: &Shared, value: &Value) -> Result<String, Error> {
    match value {
        Value::String(_) => format_all(engine, state, &[Value::String("%o".to_owned()), value.clone()]),
        _ => format_all(engine, state, std::slice::from_ref(value)),
    }
}

/// The arguments as `console.log` shows them.
fn format(engine: &Engine, state: &Shared, values: &[Value]) -> Result<String, Error> {
    match values {
        [] => Ok(String::new()),
        [Value::String(s)] => Ok(s.clone()),
        [Value::String(first), ..] if first.contains('%') => format_all(engine, state, values),
        _ if values.iter().all(|v| matches!(v, Value::String(_))) => {
            Ok(values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        _ => format_all(engine, state, values),
    }
}

fn format_all(engine: &Engine, state: &Shared, values: &[Value]) -> Result<String, Error> {
    let list = engine.array(values)?;
    formatter(engine, state)?.call(engine, (list,))
}

fn emit(engine: &Engine, state: &Shared, stream: Stream, values: &[Value]) -> Result<(), Error> {
    let text = format(engine, state, values)?;
    let indent = state.lock().map_or(0, |s| s.console.indent);
    if indent == 0 {
        write_line(stream, &text);
    } else {
        let pad = " ".repeat(indent);
        for line in text.split('\n') {
            write_line(stream, &format!("{pad}{line}"));
        }
    }
    Ok(())
}

fn label(engine: &Engine, args: &Arguments) -> Result<String, Error> {
    match args.values().first() {
        None | Some(Value::Undefined) => Ok("default".to_owned()),
        Some(v) => v.to_text(engine),
    }
}

/// Adds a method to the console.
fn method<R: tercel::IntoJs>(
    engine: &Engine,
    console: &Object,
    state: &Shared,
    name: &'static str,
    f: impl Fn(&Engine, &Arguments, &Shared) -> Result<R, Error> + Send + 'static,
) -> Result<(), Error> {
    let state = state.clone();
    let function = engine.function(name, move |engine: &Engine, args: &Arguments| f(engine, args, &state))?;
    console.set(engine, name, function)
}

pub fn install(engine: &Engine, state: &Shared) -> Result<(), Error> {
    let console = engine.object();
    for (name, stream) in [
        ("log", Stream::Out),
        ("info", Stream::Out),
        ("debug", Stream::Out),
        ("dir", Stream::Out),
        ("error", Stream::Err),
        ("warn", Stream::Err),
        ("trace", Stream::Err),
    ] {
        method(engine, &console, state, name, move |engine, args, state| {
            let values = if name == "dir" { args.values().get(..1).unwrap_or(&[]) } else { args.values() };
            emit(engine, state, stream, values)
        })?;
    }
    method(engine, &console, state, "assert", |engine, args, state| {
        if args.get::<Value>(engine, 0)?.truthy() {
            return Ok(());
        }
        let mut values = vec![Value::String("Assertion failed".to_owned())];
        match args.values().get(1..) {
            Some([Value::String(first), rest @ ..]) => {
                values[0] = Value::String(format!("Assertion failed: {first}"));
                values.extend_from_slice(rest);
            }
            Some(rest) => values.extend_from_slice(rest),
            None => {}
        }
        emit(engine, state, Stream::Err, &values)
    })?;
    method(engine, &console, state, "count", |engine, args, state| {
        let name = label(engine, args)?;
        let n = state.lock().map_or(0, |mut s| {
            let n = s.console.counts.entry(name.clone()).or_default();
            *n += 1;
            *n
        });
        emit(engine, state, Stream::Out, &[Value::String(format!("{name}: {n}"))])
    })?;
    method(engine, &console, state, "countReset", |engine, args, state| {
        let name = label(engine, args)?;
        if let Ok(mut s) = state.lock() {
            s.console.counts.remove(&name);
        }
        Ok(())
    })?;
    method(engine, &console, state, "time", |engine, args, state| {
        let name = label(engine, args)?;
        if let Ok(mut s) = state.lock() {
            s.console.starts.insert(name, Instant::now());
        }
        Ok(())
    })?;
    for (name, end) in [("timeEnd", true), ("timeLog", false)] {
        method(engine, &console, state, name, move |engine, args, state| {
            let name = label(engine, args)?;
            let start = state.lock().ok().and_then(|mut s| {
                if end { s.console.starts.remove(&name) } else { s.console.starts.get(&name).copied() }
            });
            match start {
                Some(start) => {
                    let ms = start.elapsed().as_secs_f64() * 1e3;
                    emit(engine, state, Stream::Out, &[Value::String(format!("{name}: {ms:.3}ms"))])
                }
                None => Ok(()),
            }
        })?;
    }
    for name in ["group", "groupCollapsed"] {
        method(engine, &console, state, name, |engine, args, state| {
            if !args.is_empty() {
                emit(engine, state, Stream::Out, args.values())?;
            }
            if let Ok(mut s) = state.lock() {
                s.console.indent += 2;
            }
            Ok(())
        })?;
    }
    method(engine, &console, state, "groupEnd", |_, _, state| {
        if let Ok(mut s) = state.lock() {
            s.console.indent = s.console.indent.saturating_sub(2);
        }
        Ok(())
    })?;
    engine.set_global("console", console)?;
    engine.register("print", |engine: &Engine, args: &Arguments| -> Result<(), Error> {
        let mut line = String::new();
        for (i, v) in args.values().iter().enumerate() {
            if i > 0 {
                line.push(' ');
            }
            line.push_str(&v.to_text(engine)?);
        }
        write_line(Stream::Out, &line);
        Ok(())
    })
}
