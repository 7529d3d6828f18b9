//! The shell's functions: files, clocks, microtasks, and leaving.

use crate::{Shared, read_source};
use std::path::Path;
use std::time::Instant;
use tercel::{Arguments, Engine, Error, Function, Value};

pub fn install(engine: &Engine, state: &Shared, args: &[String]) -> Result<(), Error> {
    let list = engine.array(&args.iter().map(|a| Value::String(a.clone())).collect::<Vec<_>>())?;
    engine.set_global("scriptArgs", list)?;

    let origin = Instant::now();
    let performance = engine.object();
    performance.set(engine, "now", engine.function("now", move || origin.elapsed().as_secs_f64() * 1e3)?)?;
    let since_epoch =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64() * 1e3);
    performance.set(engine, "timeOrigin", since_epoch)?;
    engine.set_global("performance", performance)?;

    engine.register("queueMicrotask", |engine: &Engine, args: &Arguments| {
        let callback: Function = args.get(engine, 0)?;
        engine.enqueue_job(&callback, ())
    })?;

    engine.register("load", |engine: &Engine, args: &Arguments| -> Result<(), Error> {
        for path in args.values() {
            let path = path.to_text(engine)?;
            let source = read_source(Path::new(&path))?;
            engine.eval_named::<()>(&source, &path)?;
        }
        Ok(())
    })?;

    for name in ["read", "readFile"] {
        engine.register(name, |engine: &Engine, args: &Arguments| -> Result<Value, Error> {
            let path: String = args.get(engine, 0)?;
            let kind: Option<String> = args.get(engine, 1)?;
            if kind.as_deref() == Some("binary") {
                let bytes = std::fs::read(&path).map_err(|e| Error::host(format!("cannot read {path}: {e}")))?;
                return engine.bytes(&bytes).map(Value::Object);
            }
            Ok(Value::String(read_source(Path::new(&path))?))
        })?;
    }

    for name in ["quit", "exit"] {
        let state = state.clone();
        engine.register(name, move |engine: &Engine, args: &Arguments| -> Result<(), Error> {
            let code = match args.values().first() {
                Some(Value::Number(n)) => *n as i32,
                _ => 0,
            };
            if let Ok(mut s) = state.lock() {
                s.quit = Some(code);
            }
            Err(engine.termination())
        })?;
    }
    Ok(())
}
