//! What a host adds to the engine: the event loop with its timers, the console, files, and the shell's functions.
//!
//! [`Runtime::new`] installs the globals into an engine; [`Runtime::run`] runs jobs and timers until nothing is left to do.

#![forbid(unsafe_code)]

mod console;
mod globals;
mod modules;
mod timers;

pub use modules::{FileLoader, name_of as module_name};
use std::path::Path;
use std::time::Duration;
use tercel::{Engine, Error, Value};

/// The state that the globals of one engine share. (Host functions must be `Send`, because engines move between threads; the state
/// moves with its engine and is never used from two threads at once, so a mutex that is never contended serves.)
pub(crate) type Shared = std::sync::Arc<std::sync::Mutex<State>>;

#[derive(Default)]
pub(crate) struct State {
    pub timers: timers::Timers,
    /// The exit code that `quit` asked for.
    pub quit: Option<i32>,
    pub console: console::Counters,
}

/// How long the event loop sleeps before it looks at interrupts.
const LONGEST_SLEEP: Duration = Duration::from_millis(10);

/// A host around an engine.
pub struct Runtime {
    engine: Engine,
    state: Shared,
}

/// How a program ended.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing was left to do.
    Finished,
    /// `quit(code)` was called.
    Quit(i32),
}

impl Runtime {
    /// Installs console, timers, files and the shell's functions into the engine. `args` become `scriptArgs`.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn new(engine: Engine, args: &[String]) -> Result<Runtime, Error> {
        let state = Shared::default();
        globals::install(&engine, &state, args)?;
        console::install(&engine, &state)?;
        timers::install(&engine, &state)?;
        engine.vm().set_module_loader(std::rc::Rc::new(modules::FileLoader));
        Ok(Runtime { engine, state })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs a script file, as UTF-8 (malformed bytes become U+FFFD, as everywhere on the web).
    ///
    /// # Errors
    /// The file's, or what the script throws.
    pub fn run_file(&self, path: &Path) -> Result<(), Error> {
        let source = read_source(path)?;
        if path.extension().is_some_and(|e| e == "mjs") {
            self.engine.eval_module(&source, &modules::name_of(path)).map(drop)
        } else {
            self.engine.eval_named::<()>(&source, &path.display().to_string())
        }
    }

    /// Runs jobs and timers until nothing is left to do, or `quit` was called. An uncaught exception or an unhandled rejection ends
    /// the program.
    ///
    /// # Errors
    /// What was not caught.
    pub fn run(&self) -> Result<Outcome, Error> {
        loop {
            self.drain_jobs()?;
            if let Some(code) = self.quit_code() {
                return Ok(Outcome::Quit(code));
            }
            let due = timers::next(&self.state);
            match due {
                timers::Next::Nothing => return Ok(Outcome::Finished),
                timers::Next::Wait(duration) => {
                    // In slices: a deadline or an interrupt ends the wait too.
                    std::thread::sleep(duration.min(LONGEST_SLEEP));
                    self.engine.check_interrupts()?;
                }
                timers::Next::Call(callback, args) => {
                    // A short callback may have no safepoint of its own.
                    self.engine.check_interrupts()?;
                    callback.call::<()>(&self.engine, args)?;
                }
            }
        }
    }

    fn drain_jobs(&self) -> Result<(), Error> {
        self.engine.run_jobs()?;
        match self.engine.take_unhandled_rejection() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// A value as the console shows it.
    ///
    /// # Errors
    /// What showing it throws.
    pub fn inspect(&self, value: &Value) -> Result<String, Error> {
        console::inspect(&self.engine, &self.state, value)
    }

    /// The code that `quit` was called with, if it was.
    pub fn quit_code(&self) -> Option<i32> {
        self.state.lock().ok().and_then(|s| s.quit)
    }
}

/// Reads a source file; a byte order mark is dropped.
///
/// # Errors
/// The system's, with the path.
pub fn read_source(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::host(format!("cannot read {}: {e}", path.display())))?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
    };
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
