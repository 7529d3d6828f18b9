//! `tercel run` and `tercel -e`.

use crate::options::EngineFlags;
use crate::report;
use std::io::{Read, Write};
use std::path::Path;
use tercel::{Engine, Error};
use tercel_runtime::{Outcome, Runtime};

/// The exit code of a program that was stopped by its deadline, as timeout(1) has it.
const TIMED_OUT: u8 = 124;

/// Runs a file; the exit code.
pub fn file(flags: &EngineFlags, path: &Path, args: Vec<String>) -> u8 {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        if let Err(e) = std::io::stdin().read_to_end(&mut bytes) {
            eprintln!("tercel: cannot read standard input: {e}");
            return 1;
        }
        let source = String::from_utf8_lossy(&bytes).into_owned();
        return program(
            flags,
            args,
            |runtime| runtime.engine().eval_named::<()>(&source, "<stdin>"),
            |name| (name == "<stdin>").then(|| source.clone()),
        );
    }
    program(flags, args, |runtime| runtime.run_file(path), |_| None)
}

/// Runs code of the command line; the exit code.
pub fn code(flags: &EngineFlags, source: &str, module: bool, args: Vec<String>) -> u8 {
    let run = |runtime: &Runtime| {
        if module {
            runtime.engine().eval_module(source, "<eval>").map(drop)
        } else {
            runtime.engine().eval_named::<()>(source, "<eval>")
        }
    };
    program(flags, args, run, |name| (name == "<eval>").then(|| source.to_owned()))
}

fn program(
    flags: &EngineFlags,
    args: Vec<String>,
    run: impl FnOnce(&Runtime) -> Result<(), Error>,
    source: impl Fn(&str) -> Option<String>,
) -> u8 {
    let runtime = match Engine::with_options(flags.options()).and_then(|engine| Runtime::new(engine, &args)) {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("tercel: {e}");
            return 1;
        }
    };
    runtime.engine().set_time_limit(flags.timeout);
    let result = run(&runtime).and_then(|()| runtime.run());
    let _ = std::io::stdout().flush();
    if flags.stats {
        eprint!("{}", runtime.engine().statistics());
    }
    if let Some(file) = &flags.stats_json
        && let Err(e) = std::fs::write(file, runtime.engine().statistics().to_json())
    {
        eprintln!("tercel: cannot write {}: {e}", file.display());
    }
    let code = match result {
        _ if runtime.quit_code().is_some() => runtime.quit_code().unwrap_or(0) as u8,
        Ok(Outcome::Finished) => 0,
        Ok(Outcome::Quit(code)) => code as u8,
        Err(error) if error.is_termination() => {
            eprintln!("tercel: {error}");
            if flags.timeout.is_some() && error.message().contains("time") { TIMED_OUT } else { 1 }
        }
        Err(error) => {
            eprint!("{}", report::uncaught(&error, |name| source(name).or_else(|| report::from_file(name))));
            1
        }
    };
    // The process ends here: giving the heap back page by page would only cost time.
    std::mem::forget(runtime);
    code
}
