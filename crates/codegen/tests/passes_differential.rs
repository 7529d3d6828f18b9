//! Random programs give the same result unoptimized, with each pass alone, and with all passes.
//!
//! `TERCEL_ROUNDS` sets how many programs are made (default 1500), `TERCEL_SEED` the first seed.

mod support;

use std::collections::BTreeMap;
use support::{compare, culprit, reference};
use tercel_codegen::passes::{Pass, PassSet, Statistics, rule_names};
use tercel_ir::generate::{Config, Coverage, generate};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn passes_keep_what_random_programs_do() {
    let rounds = setting("TERCEL_ROUNDS", 1_500);
    let first = setting("TERCEL_SEED", 0);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64).min(rounds);
    let workers: Vec<_> =
        (0..threads).map(|worker| std::thread::spawn(move || run(first + worker, first + rounds, threads))).collect();
    let mut coverage = Coverage::default();
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut ran, mut functions, mut done, mut features) = (0, 0, vec![0u64; Pass::ALL.len()], [0u64; 3]);
    for worker in workers {
        let part = worker.join().expect("a worker found a difference");
        ran += part.ran;
        functions += part.functions;
        coverage.merge(&part.coverage);
        for (sum, count) in done.iter_mut().zip(part.done) {
            *sum += count;
        }
        for (sum, count) in features.iter_mut().zip(part.features) {
            *sum += count;
        }
        for (name, count) in part.rules {
            *rules.entry(name).or_insert(0) += count;
        }
    }
    println!(
        "{ran} of {rounds} programs, {functions} functions compared; nested loops, calls, over 500 ops: {features:?}"
    );
    for (&pass, count) in Pass::ALL.iter().zip(&done) {
        println!("{pass:>14}: {count} changes");
        assert!(*count > 0, "{pass} never did anything");
    }
    let unused: Vec<&str> = rule_names().filter(|name| !rules.contains_key(name)).collect();
    println!("rules that never applied: {unused:?}");
    assert!(unused.is_empty() || rounds < 1_500, "rules that never applied: {unused:?}");
    let rare = coverage.below(1_000 * rounds / 200_000);
    println!("ops executed seldom: {rare:?}");
    assert!(rare.is_empty(), "ops executed too seldom: {rare:?}");
    for count in features {
        assert!(count * 3 >= functions, "a feature is in too few functions: {features:?} of {functions}");
    }
    assert!(ran * 10 >= rounds * 9, "too many programs run too long");
}

struct Part {
    ran: u64,
    functions: u64,
    coverage: Coverage,
    done: Vec<u64>,
    features: [u64; 3],
    rules: BTreeMap<&'static str, u64>,
}

impl Part {
    fn count_rules(&mut self, statistics: &[Statistics]) {
        for run in statistics.iter().flat_map(|one| &one.runs).filter(|run| run.pass == Pass::Fold) {
            for &(name, count) in &run.counts {
                *self.rules.entry(name).or_insert(0) += count;
            }
        }
    }
}

fn run(start: u64, end: u64, step: u64) -> Part {
    let mut part = Part {
        ran: 0,
        functions: 0,
        coverage: Coverage::default(),
        done: vec![0; Pass::ALL.len()],
        features: [0; 3],
        rules: BTreeMap::new(),
    };
    for seed in (start..end).step_by(step as usize) {
        let program = generate(seed, &Config::default());
        let Some(original) = reference(&program, Some(&mut part.coverage)) else {
            continue;
        };
        part.ran += 1;
        part.functions += program.features.len() as u64;
        for one in &program.features {
            for (sum, has) in part.features.iter_mut().zip([one.nested_loops, one.calls, one.over_500_ops]) {
                *sum += has as u64;
            }
        }
        for &pass in Pass::ALL {
            match compare(&program, &original, PassSet::only(pass)) {
                Ok(statistics) => part.count_rules(&statistics),
                Err(difference) => panic!("seed {seed}, {pass} alone: {difference}"),
            }
        }
        match compare(&program, &original, PassSet::ALL) {
            Ok(statistics) => {
                part.count_rules(&statistics);
                for run in statistics.iter().flat_map(|one| &one.runs) {
                    let changes = run.counts.iter().filter(|(name, _)| !name.starts_with("refused"));
                    part.done[run.pass as usize] += changes.map(|(_, count)| count).sum::<u64>();
                }
            }
            Err(difference) => {
                panic!("seed {seed}, all passes: {difference}; {}", culprit(&program, &original));
            }
        }
    }
    part
}
