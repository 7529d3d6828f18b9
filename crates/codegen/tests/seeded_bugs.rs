//! Each seeded fault of each pass and of every stage behind them is noticed: a test that finds nothing when there is something
//! would be worth nothing.
//!
//! A fault of a pass is noticed by the verifier, or because a random program runs differently in the interpreter. One of the
//! stages behind is noticed by the allocation checker, or because the machine code of a random program does not do what
//! the interpreter does.
//!
//! `cargo test -p tercel-codegen --features seeded-bugs --test seeded_bugs -- --nocapture` lists them; `.ci/seeded-bugs` runs
//! them together with those of the encoder.
#![cfg(feature = "seeded-bugs")]

mod support;

use std::panic::catch_unwind;
use support::native::{Observed, RUNS, difference, execute, interpret, program, vector_bits};
use support::{compare, reference};
use tercel_asm::x64::CpuFeatures;
use tercel_codegen::passes::{Pass, PassSet};
use tercel_codegen::seeded::{Bug, Stage, set};
use tercel_codegen::{CodegenError, CompiledFunction, Options, compile};
use tercel_ir::generate::{Config, Coverage, Program, generate};

/// Programs after which a fault counts as not noticed.
const PATIENCE: u64 = 3_000;

#[test]
fn every_stage_has_three_faults_and_each_is_noticed() {
    let passes = Pass::ALL.iter().map(|&pass| Stage::Pass(pass));
    for stage in passes.chain([Stage::Lowering, Stage::Allocator, Stage::Emission]) {
        let count = Bug::ALL.iter().filter(|bug| bug.stage() == stage).count();
        assert!(count >= 3, "{stage} has {count} seeded faults");
    }
    let mut missed = Vec::new();
    for &bug in Bug::ALL {
        let found = (0..PATIENCE).find_map(|seed| {
            let how = match bug.stage() {
                Stage::Pass(pass) => noticed_in_pass(seed, bug, pass),
                _ => noticed_in_code(seed, bug),
            }?;
            Some(format!("program {seed}: {}", how.lines().next().unwrap_or_default()))
        });
        // The script of all seeded faults reads these lines.
        let state = if found.is_some() { "caught" } else { "missed" };
        println!("{state}\t{}\t{bug:?}: {}\t{}", bug.stage(), bug.what(), found.as_deref().unwrap_or("-"));
        if found.is_none() {
            missed.push(bug);
        }
    }
    assert!(missed.is_empty(), "not noticed: {missed:?}");
}

/// How a program shows a fault of a pass, with the pass alone or with all passes.
fn noticed_in_pass(seed: u64, bug: Bug, pass: Pass) -> Option<String> {
    let program = generate(seed, &Config::default());
    let original = reference(&program, None)?;
    [PassSet::only(pass), PassSet::ALL].into_iter().find_map(|enabled| {
        set(Some(bug));
        // A fault may also make a pass run into its own assertions.
        let result = catch_unwind(|| compare(&program, &original, enabled));
        set(None);
        match result {
            Ok(Ok(_)) => None,
            Ok(Err(difference)) => Some(difference),
            Err(_) => Some("an assertion failed".to_string()),
        }
    })
}

/// How a program shows a fault of a stage that makes machine code.
fn noticed_in_code(seed: u64, bug: Bug) -> Option<String> {
    let config = Config { vector_bits: vector_bits(CpuFeatures::detect()), ..Config::default() };
    let program = program(seed, &config);
    let mut entered = vec![false; program.module.functions.len()];
    let mut run = |run| interpret(&program, run, &mut Coverage::default(), &mut entered);
    let expected: Vec<Observed> = (0..RUNS).filter_map(&mut run).collect();
    if expected.len() < RUNS as usize {
        return None;
    }
    set(Some(bug));
    let result = catch_unwind(|| {
        let options = Options { check: true, ..Options::default() };
        program.module.functions.values().map(|func| compile(func, &options)).collect::<Result<Vec<_>, CodegenError>>()
    });
    set(None);
    match result {
        Ok(Ok(functions)) => in_child(&program, functions, &expected),
        Ok(Err(CodegenError::Check(error))) => Some(format!("the checker: {error}")),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("an assertion failed".to_string()),
    }
}

/// Runs code that may do anything in a process of its own, and tells how it differs from what is right.
fn in_child(program: &Program, functions: Vec<CompiledFunction>, expected: &[Observed]) -> Option<String> {
    const SECONDS: u32 = 5;
    // SAFETY: the child runs the code and leaves without unwinding, atexit handlers or output; no other thread of this process
    // holds a lock that it could need, since the test harness only waits.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no child process");
    if child == 0 {
        // SAFETY: no pointers are passed.
        unsafe { libc::alarm(SECONDS) };
        let same = execute(functions, &program.module, program)
            .is_ok_and(|observed| observed.iter().zip(expected).all(|(now, right)| difference(now, right).is_none()));
        // SAFETY: as above.
        unsafe { libc::_exit(if same { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: the status is a live variable, and the child is this process's own.
    let waited = unsafe { libc::waitpid(child, &mut status, 0) };
    assert_eq!(waited, child, "the child is lost");
    match () {
        () if libc::WIFSIGNALED(status) => Some(format!("the code ends with signal {}", libc::WTERMSIG(status))),
        () if libc::WEXITSTATUS(status) != 0 => Some("the code runs differently".to_string()),
        () => None,
    }
}
