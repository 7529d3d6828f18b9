//! The command `tercel`.

#![forbid(unsafe_code)]

mod dump;
mod options;
mod report;
mod run;
mod test262;

use clap::{Parser, Subcommand};
use options::EngineFlags;
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Examples:
  tercel run program.js one two     run a file; scriptArgs is [\"one\", \"two\"]
  tercel run module.mjs             files named .mjs are modules
  tercel -e 'print(6 * 7)'          run a piece of code
  tercel run --timeout=2s --heap-limit=64M untrusted.js
  tercel dump --bytecode program.js what the engine makes of it

Exit codes: 0 all is well, 1 uncaught exception, 9 bad arguments, 124 time-out; quit(n) exits with n.";

/// Tercel runs JavaScript.
#[derive(Parser)]
#[command(version, about, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
struct Command {
    /// Runs this code.
    #[arg(short = 'e', long = "eval", value_name = "CODE", allow_hyphen_values = true)]
    eval: Option<String>,
    /// Treats the code of -e as a module.
    #[arg(long)]
    module: bool,
    #[command(flatten)]
    flags: EngineFlags,
    /// Arguments for the code of -e.
    #[arg(value_name = "ARGS", trailing_var_arg = true)]
    args: Vec<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Runs a file.
    Run {
        #[command(flatten)]
        flags: EngineFlags,
        /// The file; `-` is standard input.
        file: PathBuf,
        /// What the program finds in scriptArgs.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Prints what the engine makes of a program.
    Dump {
        /// The bytecode of every function, with its source lines (the default).
        #[arg(long)]
        bytecode: bool,
        /// The machine code of every function as the baseline compiler makes it before the first run, beside bytecode and source lines.
        #[arg(long, conflicts_with = "bytecode")]
        asm: bool,
        /// Runs the file, then prints the inline caches of every function: state, stubs, hits.
        #[arg(long, conflicts_with_all = ["bytecode", "asm", "module"])]
        ic: bool,
        /// With --asm: runs the file first, so that the code is what the feedback of that run makes it.
        #[arg(long, requires = "asm", conflicts_with = "module")]
        after_run: bool,
        /// Treats the file as a module.
        #[arg(long)]
        module: bool,
        file: PathBuf,
    },
    /// Runs the conformance suite of TC39.
    Test262(test262::Arguments),
}

/// Native stack for scripts: deep recursion through builtins is the script's right. Only what is used is ever committed.
const STACK_BYTES: usize = 256 << 20;

fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(e) => {
            let _ = e.print();
            return if e.use_stderr() { ExitCode::from(9) } else { ExitCode::SUCCESS };
        }
    };
    tercel::prepare_process();
    // Scripts run on a thread of their own, whose stack is as large as we say.
    // The process ends there too: nothing is left for the first thread to do, and the stack need not be given back before.
    let work = move || -> () { std::process::exit(i32::from(dispatch(command))) };
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
    match worker.map(std::thread::JoinHandle::join) {
        // It panicked.
        Ok(_) => ExitCode::from(70),
        Err(e) => {
            eprintln!("tercel: cannot start a thread: {e}");
            ExitCode::from(71)
        }
    }
}

fn dispatch(command: Command) -> u8 {
    match (command.action, command.eval) {
        (Some(Action::Run { flags, file, args }), _) => run::file(&flags, &file, args),
        (Some(Action::Dump { ic: true, file, .. }), _) => dump::after_run(&file, true),
        (Some(Action::Dump { after_run: true, file, .. }), _) => dump::after_run(&file, false),
        (Some(Action::Dump { asm, module, file, .. }), _) => dump::file(&file, module, asm),
        (Some(Action::Test262(arguments)), _) => test262::main(&arguments),
        (None, Some(code)) => run::code(&command.flags, &code, command.module, command.args),
        (None, None) => {
            use clap::CommandFactory;
            let _ = Command::command().print_help();
            9
        }
    }
}
