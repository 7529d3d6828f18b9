//! Random IR functions: the reference interpreter against compiled code.
//!
//! Each program (an entry function and the one to three that it calls) is compiled as it is, with every value kept in memory
//! (`spill-all`), after each pass alone, and after all passes; the allocation checker must accept each, and each must return,
//! trap or exit as the interpreter does and leave the same memory. One context serves all compilations of a thread. A function that a pass left alone has the code that it
//! had without. The report ([`tally`]) counts the functions that ran the same in all modes.
//!
//! | variable | sets |
//! |---|---|
//! | `TERCEL_CODEGEN_ROUNDS` | the number of programs |
//! | `TERCEL_CODEGEN_SEED` | the first seed |
//! | `TERCEL_CODEGEN_TALLY` | a folder for a run in pieces: the report sums over all pieces whose tallies are in it |
//! | `TERCEL_CODEGEN_VECTORS` | the width of the widest vectors in bits, instead of what the processor has |
//!
//! 200,000 functions and some: `TERCEL_CODEGEN_ROUNDS=68000 cargo test --release -p tercel-codegen --test differential --
//! --nocapture`.

mod support;
#[path = "support/tally.rs"]
mod tally;

use std::sync::atomic::{AtomicU64, Ordering};
use support::native::{Observed, RUNS, difference, execute, interpret, program, vector_bits};
use support::{Optimized, optimized};
use tally::Tally;
use tercel_asm::x64::CpuFeatures;
use tercel_codegen::passes::{Pass, PassSet};
use tercel_codegen::regalloc::frame::FramePlacement;
use tercel_codegen::{CompiledFunction, Compiler, Options};
use tercel_ir::Module;
use tercel_ir::generate::{Config, Program};
use tercel_ir::interp::Outcome;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Compiles the functions of a module that differ from those that there is code for; the allocation checker looks at each.
fn compiled(
    compiler: &mut Compiler,
    module: &Module,
    options: &Options,
    known: &[Option<&CompiledFunction>],
) -> Result<Vec<CompiledFunction>, String> {
    let mut one = |(func, known): (_, &Option<&CompiledFunction>)| match known {
        Some(code) => Ok(CompiledFunction::clone(code)),
        None => compiler.compile(func, options).map_err(|error| format!("{error}\n{func}")),
    };
    module.functions.values().zip(known).map(&mut one).collect()
}

/// Without these the test would say nothing of frames that are made on some ways only.
const FRAMES_INSIDE: &str = "functions that make their frame further inside";

/// How a program is compiled.
#[derive(Clone, Copy)]
enum Mode {
    SpillAll,
    Passes(PassSet),
}

/// Compares one program in all modes.
fn compare(compiler: &mut Compiler, seed: u64, config: &Config, tally: &mut Tally) -> Result<(), String> {
    let program = program(seed, config);
    let count = program.module.functions.len();
    let mut entered = vec![false; count];
    let expected: Vec<Option<Observed>> =
        (0..RUNS).map(|run| interpret(&program, run, &mut tally.coverage, &mut entered)).collect();
    if expected.iter().all(Option::is_none) {
        return Ok(());
    }
    let at = |name: &str, error| format!("seed {seed}, {name}: {error}");
    let options = Options { check: true, ..Options::default() };
    let plain =
        compiled(compiler, &program.module, &options, &vec![None; count]).map_err(|error| at("plain", error))?;
    tally.add("functions compiled and checked", count as u64);
    let inside = plain.iter().filter(|function| function.stats.frame == FramePlacement::Inside).count();
    tally.add(FRAMES_INSIDE, inside as u64);
    let spills: Vec<bool> = plain.iter().map(|function| function.stats.spilled > 0).collect();
    check_runs(plain.clone(), &program.module, &program, &expected, tally).map_err(|error| at("plain", error))?;
    let passes = Pass::ALL.iter().map(|&pass| (pass.name(), Mode::Passes(PassSet::only(pass))));
    for (name, mode) in passes.chain([("all passes", Mode::Passes(PassSet::ALL)), ("spill-all", Mode::SpillAll)]) {
        in_mode(compiler, &program, mode, &plain, &expected, tally).map_err(|error| at(name, error))?;
    }
    tally.add("programs", 1);
    for ((features, entered), spills) in program.features.iter().zip(entered).zip(spills) {
        tally.function(features, entered, spills);
    }
    Ok(())
}

fn in_mode(
    compiler: &mut Compiler,
    program: &Program,
    mode: Mode,
    plain: &[CompiledFunction],
    expected: &[Option<Observed>],
    tally: &mut Tally,
) -> Result<(), String> {
    let options = Options { spill_all: matches!(mode, Mode::SpillAll), check: true, ..Options::default() };
    let count = plain.len();
    let (functions, module) = match mode {
        Mode::Passes(enabled) => {
            let Optimized { module, changed, .. } = optimized(&program.module, enabled)?;
            let known: Vec<_> = plain.iter().zip(&changed).map(|(code, &changed)| (!changed).then_some(code)).collect();
            let new = changed.iter().filter(|&&changed| changed).count();
            tally.add("functions compiled and checked", new as u64);
            tally.add("functions that a pass left alone", (count - new) as u64);
            if new == 0 {
                // It is the plain program.
                return Ok(());
            }
            (compiled(compiler, &module, &options, &known)?, module)
        }
        Mode::SpillAll => {
            tally.add("functions compiled and checked", count as u64);
            (compiled(compiler, &program.module, &options, &vec![None; count])?, program.module.clone())
        }
    };
    check_runs(functions, &module, program, expected, tally)
}

/// Runs code and compares with what the interpreter did.
fn check_runs(
    functions: Vec<CompiledFunction>,
    module: &Module,
    program: &Program,
    expected: &[Option<Observed>],
    tally: &mut Tally,
) -> Result<(), String> {
    let observed = execute(functions, module, program)?;
    for (run, (observed, expected)) in observed.iter().zip(expected).enumerate() {
        let Some(expected) = expected else { continue };
        if let Some(what) = difference(observed, expected) {
            return Err(format!("run {run}: {what}\n{module}"));
        }
        tally.add("runs compared", 1);
        tally.add("runs that returned", matches!(observed.0, Outcome::Return(_)) as u64);
    }
    Ok(())
}

#[test]
fn compiled_code_does_what_the_interpreter_does() {
    let bits = setting("TERCEL_CODEGEN_VECTORS", vector_bits(CpuFeatures::detect()) as u64) as u32;
    let config = Config { vector_bits: bits, ..Config::default() };
    let (first, rounds) = (setting("TERCEL_CODEGEN_SEED", 0), setting("TERCEL_CODEGEN_ROUNDS", 600));
    let next = AtomicU64::new(first);
    let work = || {
        let (mut tally, mut compiler) = (Tally::default(), Compiler::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + rounds {
                return Ok(tally);
            }
            if seed > first && (seed - first).is_multiple_of(10_000) {
                println!("{} programs begun", seed - first);
            }
            if let Err(error) = compare(&mut compiler, seed, &config, &mut tally) {
                // The others need not go on.
                next.store(first + rounds, Ordering::Relaxed);
                return Err(error);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join().expect("compiling does not panic") {
                Ok(tally) => all.merge(&tally),
                Err(error) => panic!("{error}"),
            }
        }
    });
    assert!(all.count("programs") * 10 >= rounds * 9, "too many programs run too long");
    if let Some(folder) = std::env::var_os("TERCEL_CODEGEN_TALLY") {
        all = all.gathered(folder.as_ref(), first..first + rounds);
    }
    print!("{}", all.report());
    let (returned, compared) = (all.count("runs that returned"), all.count("runs compared"));
    assert!(returned * 2 > compared, "only {returned} of {compared} runs return");
    let functions = all.count(tally::FUNCTIONS);
    for what in tally::FEATURES {
        assert!(all.count(what) * 3 >= functions, "only {} of {functions} {what}", all.count(what));
    }
    let inside = all.count(FRAMES_INSIDE);
    assert!(inside * 4 >= functions, "only {inside} of {functions} make their frame further inside");
    // Narrower machines have no programs with the widest vectors, but every op has narrower forms.
    let rare = all.coverage.below(1_000 * functions / 200_000);
    assert!(rare.is_empty(), "ops executed too seldom: {rare:?}");
}
