use super::*;
use crate::entity::{Entity, FuncId};
use crate::interp::{Interpreter, Outcome};
use crate::parse::parse_module;
use crate::verifier::verify_module;

/// How many programs the tests make; raise it for a longer look.
fn rounds() -> u64 {
    std::env::var("TERCEL_IR_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

#[test]
fn programs_are_valid_terminate_and_mostly_reach_their_end() {
    let mut coverage = Coverage::default();
    let (mut returned, mut functions, mut entered) = (0, 0, 0);
    let (mut nested, mut calls, mut large) = (0, 0, 0);
    for seed in 0..rounds() {
        let program = generate(seed, &Config::default());
        verify_module(&program.module).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", program.module));
        functions += program.features.len() as u64;
        for features in &program.features {
            nested += features.nested_loops as u64;
            calls += features.calls as u64;
            large += features.over_500_ops as u64;
        }
        let mut host = TestHost;
        let mut interpreter = Interpreter::new(&program.module, &mut host);
        interpreter.fuel = 3_000_000;
        let args = program.interpreter_inputs(0, &mut interpreter.memory);
        match interpreter.run(FuncId::new(0), &args) {
            Outcome::Return(_) => returned += 1,
            Outcome::OutOfFuel => panic!("seed {seed} runs too long"),
            Outcome::Trap(crate::TrapCode::MemoryFault | crate::TrapCode::StackOverflow) => {
                panic!("seed {seed} leaves its regions")
            }
            _ => {}
        }
        coverage.add(&interpreter.op_counts);
        entered += interpreter.entered.iter().filter(|&&count| count > 0).count() as u64;
    }
    let rounds = rounds();
    for (what, count) in [("nested loops", nested), ("calls", calls), ("over 500 ops", large)] {
        assert!(count * 3 >= functions, "only {count} of {functions} have {what}");
    }
    assert!(entered * 10 > functions * 8, "only {entered} of {functions} functions are entered");
    assert!(returned * 2 > rounds, "only {returned} of {rounds} return");
    assert_eq!(coverage.below(rounds / 100), []);
}

#[test]
fn a_seed_makes_the_same_program_each_time() {
    let config = Config::default();
    assert_eq!(generate(5, &config).module.to_string(), generate(5, &config).module.to_string());
}

#[test]
fn the_text_form_carries_everything() {
    for seed in 0..40 {
        let program = generate(seed, &Config::default());
        let first = parse_module(&program.module.to_string()).unwrap();
        let text = first.to_string();
        let second = parse_module(&text).unwrap();
        assert_eq!(second.to_string(), text, "seed {seed}");
        let run = |module: &Module| {
            let mut host = TestHost;
            let mut interpreter = Interpreter::new(module, &mut host);
            interpreter.fuel = 3_000_000;
            let args = program.interpreter_inputs(0, &mut interpreter.memory);
            (interpreter.run(FuncId::new(0), &args), interpreter.memory.clone())
        };
        assert!(run(&first) == run(&program.module), "seed {seed}");
    }
}

#[test]
fn configurations_limit_what_is_made() {
    let config = Config { vector_bits: 0, guards: false, calls: false, host_calls: false, min_ops: 50 };
    for seed in 0..30 {
        let text = generate(seed, &config).module.to_string();
        for word in ["i32x", "f64x", "guard", "call", "exit"] {
            assert!(!text.contains(word), "seed {seed} has {word}");
        }
    }
}
