//! How fast the compiler is: time for an op of IR end to end, each stage's share, and that time grows in proportion to size.
//!
//! `cargo bench -p tercel-codegen --bench compile_speed`
//!
//! *End to end* is from IR to code with tables: passes (all of them, or none), instruction selection, register allocation, emission.
//! The figures are minima of several runs, in time of this thread on a processor; shares come from runs of their own, since that clock is
//! slow. As in a JIT, one context ([`Compiler`]) serves the thread from the first function to the last, whatever their sizes; *first use* is
//! what the same takes with a context that is new, and has no bar. Bars, for each shape and for a mix of random functions: 1.5 µs an op with all passes,
//! 0.5 µs with none; 100,000 ops at most 12 times what 10,000 take. The exit code is 1 if one is missed.

#[path = "../crates/codegen/tests/support/shapes.rs"]
mod shapes;

use std::process::ExitCode;
use std::time::{Duration, Instant};
use tercel_codegen::clock::{self, Clock};
use tercel_codegen::passes::{self, Pass, PassSet, Statistics};
use tercel_codegen::{Compiler, Options, StageTimes};
use tercel_ir::Function;
use tercel_ir::generate::{Config, generate};

const BAR_ALL: f64 = 1_500.0;
const BAR_NONE: f64 = 500.0;
const BAR_GROWTH: f64 = 12.0;

/// One run over some functions.
struct Run {
    time: Duration,
    statistics: Vec<Statistics>,
    stages: [Duration; 3],
}

/// Compiles all functions; stages are timed with the given clock.
fn run(compiler: &mut Compiler, functions: &[Function], enabled: PassSet, clock: Clock) -> Run {
    let options = Options { check: false, clock, ..Options::default() };
    let pass_options = passes::Options { enabled, verify: false, clock, ..passes::Options::default() };
    let mut copies = functions.to_vec();
    let mut run = Run { time: Duration::ZERO, statistics: Vec::new(), stages: [Duration::ZERO; 3] };
    let start = clock::thread();
    for func in &mut copies {
        if enabled != PassSet::NONE {
            run.statistics.push(compiler.optimize(func, &pass_options, None).expect("nothing is verified"));
        }
        let StageTimes { lower, allocate, emit } = compiler.compile(func, &options).expect("it compiles").times;
        for (sum, time) in run.stages.iter_mut().zip([lower, allocate, emit]) {
            *sum += time;
        }
    }
    run.time = clock::thread() - start;
    run
}

/// The quickest of several runs, and the shares of the quickest of some others.
fn best(compiler: &mut Compiler, functions: &[Function], enabled: PassSet, runs: usize) -> Run {
    let mut best = |runs: usize, clock| {
        let runs = (0..runs).map(|_| run(compiler, functions, enabled, clock));
        runs.min_by_key(|run| run.time).expect("there is a run")
    };
    let time = best(runs, clock::wall).time;
    Run { time, ..best(runs / 2, clock::thread) }
}

fn ops(functions: &[Function]) -> f64 {
    functions.iter().map(Function::inst_count).sum::<usize>() as f64
}

struct Bars {
    /// The context of this thread.
    compiler: Compiler,
    missed: Vec<String>,
}

impl Bars {
    fn check(&mut self, what: &str, figure: f64, bar: f64, unit: &str) {
        if figure > bar {
            self.missed.push(format!("{what}: {figure:.1}{unit}, not {bar}{unit}"));
        }
    }

    /// Prints the figures of one set of functions; the times without and with passes.
    fn report(&mut self, name: &str, functions: &[Function], runs: usize) -> [f64; 2] {
        let count = ops(functions);
        let first = |enabled| {
            let runs = (0..3).map(|_| run(&mut Compiler::new(), functions, enabled, clock::wall).time);
            runs.min().expect("there is a run")
        };
        let (first_none, first_all) = (first(PassSet::NONE), first(PassSet::ALL));
        let none = best(&mut self.compiler, functions, PassSet::NONE, runs);
        let all = best(&mut self.compiler, functions, PassSet::ALL, runs);
        let each = |time: Duration| time.as_secs_f64() * 1e9 / count;
        println!(
            "{name}: {count:.0} ops; no pass {:.0} ns an op, all passes {:.0} ns an op; first use {:.0} and {:.0}",
            each(none.time),
            each(all.time),
            each(first_none),
            each(first_all)
        );
        let stages = |run: &Run| {
            let row = ["select", "allocate", "emit"].iter().zip(run.stages);
            row.map(|(stage, time)| format!("{stage} {:.0}", each(time))).collect::<Vec<_>>().join(", ")
        };
        println!("    no pass: {}", stages(&none));
        let time = |pass: Pass| all.statistics.iter().map(|one| one.time(pass)).sum::<Duration>();
        let row: Vec<String> =
            Pass::ALL.iter().map(|&pass| format!("{} {:.0}", pass.name(), each(time(pass)))).collect();
        println!("    all: {}, {}", row.join(", "), stages(&all));
        self.check(&format!("{name}, all passes"), each(all.time), BAR_ALL, " ns an op");
        self.check(&format!("{name}, no pass"), each(none.time), BAR_NONE, " ns an op");
        [none.time.as_secs_f64(), all.time.as_secs_f64()]
    }
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|want| name.contains(want.as_str()));
    let begun = Instant::now();
    let mut bars = Bars { compiler: Compiler::new(), missed: Vec::new() };
    if is_wanted("random") {
        let random: Vec<Function> = (0..60)
            .flat_map(|seed| generate(seed, &Config::default()).module.functions.values().cloned().collect::<Vec<_>>())
            .collect();
        bars.report("random functions", &random, 9);
    }
    for &(name, make) in shapes::SHAPES.iter().filter(|shape| is_wanted(shape.0)) {
        let (small, large) = ([make(10_000)], [make(100_000)]);
        let size = ops(&large) / ops(&small) / 10.0;
        let few = bars.report(&format!("{name}, small"), &small, 9);
        let many = bars.report(&format!("{name}, large"), &large, 4);
        for (index, passes) in ["no pass", "all passes"].into_iter().enumerate() {
            let growth = many[index] / few[index] / size;
            println!("    {passes}: ten times the ops take {growth:.1} times as long");
            bars.check(&format!("{name}, {passes}"), growth, BAR_GROWTH, " times");
        }
    }
    for miss in &bars.missed {
        println!("MISSED: {miss}");
    }
    println!("{:.0} s", begun.elapsed().as_secs_f64());
    if bars.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
