//! `tercel test262`: runs the suite of TC39 (<https://github.com/tc39/test262>) against this engine.
//!
//! The way of a run: [`plan`] finds the files and the modes that each is to be run in; [`pool`] hands them to child processes, so
//! that a test that crashes or hangs takes only its own process with it; a child is a [`worker`], which runs each test in an
//! engine of its own ([`execute`]) with the host functions that the suite asks for ([`host`]); [`tally`] counts;
//! [`expect`] compares with the list of known failures, so that the command fails where something got worse, and where something
//! got better and the list was not shortened.

mod execute;
mod expect;
mod host;
mod json;
mod metadata;
mod plan;
mod pool;
mod skips;
mod tally;
mod worker;

use crate::options::EngineFlags;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    pub flags: EngineFlags,
    /// The suite: a checkout of github.com/tc39/test262.
    dir: PathBuf,
    /// Files or folders below DIR/test [default: language, built-ins, annexB].
    paths: Vec<PathBuf>,
    /// Runs only tests whose path matches this regular expression.
    #[arg(long, value_name = "RE")]
    filter: Option<String>,
    /// Fails on what is not in this list of known failures, and on what is in it and passes.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Rewrites the list of --expect from this run: causes are kept, new failures are marked as unexplained.
    #[arg(long, requires = "expect")]
    record: bool,
    /// Writes totals and failures as JSON; the same run gives the same bytes.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Child processes [default: one a core].
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// What a single run may take.
    #[arg(long, value_name = "TIME", value_parser = crate::options::duration, default_value = "10s")]
    test_timeout: Duration,
    /// Prints each failure.
    #[arg(short, long)]
    verbose: bool,
    /// This process is a child: it reads runs from standard input.
    #[arg(long, hide = true)]
    worker: bool,
}

/// Runs the suite; the exit code: 0 if all is as expected, 1 if not, 2 if the suite could not be run.
pub fn main(arguments: &Arguments) -> u8 {
    if arguments.worker {
        return worker::main(arguments);
    }
    match suite(arguments) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(message) => {
            eprintln!("tercel test262: {message}");
            2
        }
    }
}

fn suite(arguments: &Arguments) -> Result<bool, String> {
    let filter = plan::Filter::new(arguments.filter.as_deref())?;
    let plan = plan::make(&arguments.dir, &arguments.paths, &filter)?;
    if plan.runs.is_empty() && plan.skipped.is_empty() {
        return Err("no test fits".into());
    }
    // Before the long run: a list with an error in it is noticed at once.
    let known = arguments.expect.as_deref().map(|file| expect::Known::read(file, arguments.record)).transpose()?;
    let outcomes = pool::run(arguments, &plan.runs)?;
    let tally = tally::Tally::new(&plan, &outcomes);
    print!("{}", tally.text());
    if arguments.verbose {
        print!("{}", tally.failures_text());
    }
    if let Some(file) = &arguments.json {
        std::fs::write(file, tally.json()).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    let (Some(known), Some(file)) = (known, &arguments.expect) else {
        return Ok(tally.all_passed());
    };
    if arguments.record {
        let text = known.recorded(&plan.runs, &outcomes);
        std::fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        return Ok(true);
    }
    let differences = known.compare(&plan.runs, &outcomes);
    print!("{}", differences.text());
    Ok(differences.is_empty())
}
