//! One run of one test, in an engine of its own.

use super::host;
use super::metadata::{Metadata, Phase};
use super::plan::Mode;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tercel::internals::bytecode::Template;
use tercel::internals::vm::promise::PromiseState;
use tercel::internals::vm::{Context, Gc, JsResult, Object, Throw};
use tercel::{Engine, Options};

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    Passed,
    /// With what was wrong.
    Failed(String),
    /// The process died or the engine panicked, with how.
    Crashed(String),
    TimedOut,
}

/// Runs tests one after the other.
pub struct Executor {
    dir: PathBuf,
    options: Options,
    time_limit: Duration,
    /// Harness files, compiled once: a template knows nothing of any engine.
    harness: RefCell<HashMap<String, Arc<Template>>>,
}

/// An error that a test ended with.
struct Failure {
    phase: Phase,
    throw: Throw,
}

fn at(phase: Phase) -> impl Fn(Throw) -> Failure {
    move |throw| Failure { phase, throw }
}

impl Executor {
    pub fn new(dir: &Path, options: Options, time_limit: Duration) -> Executor {
        Executor { dir: dir.to_path_buf(), options, time_limit, harness: RefCell::default() }
    }

    /// Runs the test at `path` below `test`.
    pub fn run(&self, path: &str, mode: Mode) -> Outcome {
        let file = self.dir.join("test").join(path);
        let source = match std::fs::read(&file) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) => return Outcome::Failed(format!("cannot read the test: {e}")),
        };
        let metadata = match Metadata::parse(&source) {
            Ok(metadata) => metadata,
            Err(e) => return Outcome::Failed(e),
        };
        let engine = match Engine::with_options(self.options.clone()) {
            Ok(engine) => engine,
            Err(e) => return Outcome::Failed(format!("no engine: {e}")),
        };
        let name = tercel_runtime::module_name(&file);
        engine.run(|cx| {
            cx.set_module_loader(Rc::new(tercel_runtime::FileLoader));
            host::install(cx);
            if let Err(message) = self.prepare(cx, &metadata, mode) {
                return Outcome::Failed(message);
            }
            engine.set_time_limit(Some(self.time_limit));
            let result = if mode.is_module() { module(cx, &source, &name) } else { script(cx, &source, &name, mode) };
            let result = result.and_then(|()| cx.run_jobs().map_err(at(Phase::Runtime)));
            judge(cx, &metadata, result)
        })
    }

    /// Runs the harness files that the test asks for.
    fn prepare(&self, cx: &Context, metadata: &Metadata, mode: Mode) -> Result<(), String> {
        if !mode.has_harness() {
            return Ok(());
        }
        let done = metadata.has_flag("async").then_some("doneprintHandle.js");
        let files = ["assert.js", "sta.js"].into_iter().chain(done).chain(metadata.includes.iter().map(String::as_str));
        for file in files {
            let template = self.harness_template(cx, file)?;
            cx.run_script_template(template).map_err(|throw| format!("harness/{file}: {}", thrown(cx, throw).text))?;
        }
        Ok(())
    }

    fn harness_template(&self, cx: &Context, file: &str) -> Result<Arc<Template>, String> {
        if let Some(template) = self.harness.borrow().get(file) {
            return Ok(template.clone());
        }
        let path = self.dir.join("harness").join(file);
        let source = std::fs::read_to_string(&path).map_err(|e| format!("harness/{file}: {e}"))?;
        let template = cx
            .compile_script(&source, &path.to_string_lossy())
            .map_err(|throw| format!("harness/{file}: {}", thrown(cx, throw).text))?;
        self.harness.borrow_mut().insert(file.to_string(), template.clone());
        Ok(template)
    }
}

fn script(cx: &Context, source: &str, name: &str, mode: Mode) -> Result<(), Failure> {
    let strict = (mode == Mode::Strict).then(|| format!("\"use strict\";\n{source}"));
    let template = cx.compile_script(strict.as_deref().unwrap_or(source), name).map_err(at(Phase::Parse))?;
    cx.run_script_template(template).map(drop).map_err(at(Phase::Runtime))
}

fn module(cx: &Context, source: &str, name: &str) -> Result<(), Failure> {
    let module = cx.parse_module(source, name).map_err(at(Phase::Parse))?;
    cx.load_requested_modules(module).and_then(|()| cx.link_module(module)).map_err(at(Phase::Resolution))?;
    let evaluated = cx.evaluate_module(module).map_err(at(Phase::Runtime))?;
    cx.run_jobs().map_err(at(Phase::Runtime))?;
    match evaluated.state() {
        PromiseState::Fulfilled => Ok(()),
        PromiseState::Rejected => Err(at(Phase::Runtime)(cx.throw(evaluated.result.get()))),
        // An asynchronous test says itself when it is done.
        PromiseState::Pending => Ok(()),
    }
}

/// Whether that is what the test is to do.
fn judge(cx: &Context, metadata: &Metadata, result: Result<(), Failure>) -> Outcome {
    let wrong = |text: String| Outcome::Failed(text);
    match (result, &metadata.negative) {
        (Err(Failure { throw, .. }), _) if cx.is_terminating() => {
            let reason = thrown(cx, throw).text;
            if reason.contains("time") { Outcome::TimedOut } else { wrong(reason) }
        }
        (Ok(()), Some(negative)) => {
            wrong(format!("expected a {} ({:?}), but nothing was thrown", negative.error, negative.phase))
        }
        (Err(failure), Some(negative)) => {
            let error = thrown(cx, failure.throw);
            if error.constructor != negative.error {
                wrong(format!("expected a {}, but {} was thrown", negative.error, error.text))
            } else if failure.phase != negative.phase {
                let (found, expected) = (failure.phase, negative.phase);
                wrong(format!("{} in phase {found:?}, expected in phase {expected:?}", error.text))
            } else {
                Outcome::Passed
            }
        }
        (Err(failure), None) => wrong(format!("{} ({:?})", thrown(cx, failure.throw).text, failure.phase)),
        (Ok(()), None) if metadata.has_flag("async") => match host::printed().as_slice() {
            [one] if one == "Test262:AsyncTestComplete" => Outcome::Passed,
            [] => wrong("asynchronous test was never done".into()),
            lines => wrong(lines.join(" | ")),
        },
        (Ok(()), None) => Outcome::Passed,
    }
}

struct Thrown {
    /// The name of its constructor; empty where there is none.
    constructor: String,
    text: String,
}

/// Looks at a pending exception.
fn thrown(cx: &Context, _: Throw) -> Thrown {
    if cx.is_terminating() {
        cx.take_termination();
        return Thrown { constructor: String::new(), text: cx.termination_reason().to_string() };
    }
    let value = cx.take_exception();
    // Errors of the harness are no Error objects: they have a constructor and a message.
    let property = |object: Gc<Object>, key| -> JsResult<Option<String>> {
        let value = object.get(cx, key)?;
        if value.is_undefined() { Ok(None) } else { Ok(Some(cx.to_string(value)?.to_rust(cx))) }
    };
    let describe = |object: Gc<Object>| -> JsResult<(String, Option<String>)> {
        let names = cx.names();
        let constructor = object.get(cx, names.constructor)?.as_object();
        let constructor = constructor.map(|c| property(c, names.name)).transpose()?.flatten();
        Ok((constructor.unwrap_or_default(), property(object, names.message)?))
    };
    let described = value.as_object().map(describe);
    match described {
        Some(Ok((constructor, Some(message)))) => Thrown { text: format!("{constructor}: {message}"), constructor },
        Some(Ok((constructor, None))) => Thrown { text: cx.error_text(value), constructor },
        Some(Err(_)) => {
            cx.take_exception();
            Thrown { constructor: String::new(), text: "an error that cannot be read".into() }
        }
        None => Thrown { constructor: String::new(), text: cx.error_text(value) },
    }
}
