//! What the tests of passes share: running programs before and after passes, and comparing.
#![allow(dead_code)] // Each test uses a part.

pub mod native;

use tercel_codegen::passes::{Change, Observer, Options, Pass, PassRun, PassSet, Statistics, optimize};
use tercel_ir::entity::Entity;
use tercel_ir::generate::{Coverage, Program, TestHost};
use tercel_ir::interp::{Interpreter, Memory, Outcome};
use tercel_ir::verifier::verify_module;
use tercel_ir::{FuncId, Function, Module};

/// Instructions that the original may execute; programs that need more are skipped.
const FUEL: u64 = 400_000;

/// What a run shows: how it ended, and the memory without the stack.
#[derive(PartialEq)]
pub struct Observation {
    pub outcome: Outcome,
    pub memory: Vec<Vec<u8>>,
}

/// Runs function 0 of a module on the inputs of a program.
pub fn observe(program: &Program, module: &Module, fuel: u64, coverage: Option<&mut Coverage>) -> Observation {
    let mut host = TestHost;
    let mut interpreter = Interpreter::new(module, &mut host);
    interpreter.fuel = fuel;
    let args = program.interpreter_inputs(0, &mut interpreter.memory);
    let outcome = interpreter.run(FuncId::new(0), &args);
    if let Some(coverage) = coverage {
        coverage.add(&interpreter.op_counts);
    }
    Observation { outcome, memory: regions(&interpreter.memory) }
}

fn regions(memory: &Memory) -> Vec<Vec<u8>> {
    memory.regions()[1..].iter().map(|region| region.bytes.clone()).collect()
}

/// A module after passes.
pub struct Optimized {
    pub module: Module,
    /// Whether anything changed, for each function.
    pub changed: Vec<bool>,
    pub statistics: Vec<Statistics>,
}

/// Runs passes on every function of a module.
///
/// # Errors
/// The broken rule of the verifier's.
pub fn optimized(module: &Module, enabled: PassSet) -> Result<Optimized, String> {
    struct Changed(bool);
    impl Observer for Changed {
        fn after_pass(&mut self, _: &PassRun, change: Change, _: &Function) {
            self.0 |= change != Change::None;
        }
    }
    let mut result = Optimized { module: module.clone(), changed: Vec::new(), statistics: Vec::new() };
    for (index, func) in result.module.functions.values_mut().enumerate() {
        let options = Options { enabled, verify: true, self_id: Some(FuncId::new(index)), ..Options::default() };
        let mut changed = Changed(false);
        let statistics =
            optimize(func, &options, Some(&mut changed)).map_err(|error| format!("@{}: {error}", func.name))?;
        result.changed.push(changed.0);
        result.statistics.push(statistics);
    }
    verify_module(&result.module)?;
    Ok(result)
}

/// Runs a program as it is and after passes. `Ok(None)`: it runs too long to tell.
///
/// # Errors
/// What differs.
pub fn compare(program: &Program, original: &Observation, enabled: PassSet) -> Result<Vec<Statistics>, String> {
    let Optimized { module, statistics, .. } = optimized(&program.module, enabled)?;
    let now = observe(program, &module, 4 * FUEL + 10_000, None);
    if now == *original {
        return Ok(statistics);
    }
    if now.outcome != original.outcome {
        return Err(format!("{:?} became {:?}", original.outcome, now.outcome));
    }
    Err("the memory differs".to_string())
}

/// The observation of the unchanged program; `None` if it runs too long.
pub fn reference(program: &Program, coverage: Option<&mut Coverage>) -> Option<Observation> {
    let original = observe(program, &program.module, FUEL, coverage);
    (original.outcome != Outcome::OutOfFuel).then_some(original)
}

/// For a program that all passes break: the run of a pass after which it is wrong.
pub fn culprit(program: &Program, original: &Observation) -> String {
    struct Snapshots(Vec<(Pass, Function)>);
    impl Observer for Snapshots {
        fn after_pass(&mut self, run: &PassRun, _: Change, func: &Function) {
            self.0.push((run.pass, func.clone()));
        }
    }
    for index in 0..program.module.functions.len() {
        let id = FuncId::new(index);
        let mut snapshots = Snapshots(Vec::new());
        let options = Options { verify: false, self_id: Some(id), ..Options::default() };
        let mut func = program.module.functions[id].clone();
        let _ = optimize(&mut func, &options, Some(&mut snapshots));
        for (number, (pass, func)) in snapshots.0.iter().enumerate() {
            let mut module = program.module.clone();
            module.functions[id] = func.clone();
            let broken = match verify_module(&module) {
                Err(error) => Some(error),
                Ok(()) => {
                    let now = observe(program, &module, 4 * FUEL + 10_000, None);
                    (now != *original).then(|| "it runs differently".to_string())
                }
            };
            if let Some(error) = broken {
                return format!("function {index}, run {number}: {pass}: {error}");
            }
        }
    }
    "only all functions together".to_string()
}
