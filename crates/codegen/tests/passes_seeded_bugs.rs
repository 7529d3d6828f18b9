//! Each seeded fault of each pass is noticed: by the verifier, or because a random program runs differently.
//!
//! `cargo test -p tercel-codegen --features seeded-bugs --test passes_seeded_bugs -- --nocapture` lists them.
#![cfg(feature = "seeded-bugs")]

mod support;

use support::{compare, reference};
use tercel_codegen::passes::seeded::{Bug, set};
use tercel_codegen::passes::{Pass, PassSet};
use tercel_ir::generate::{Config, generate};

/// Programs after which a fault counts as not noticed.
const PATIENCE: u64 = 3_000;

#[test]
fn every_pass_has_three_faults_and_each_is_noticed() {
    for &pass in Pass::ALL {
        let count = Bug::ALL.iter().filter(|bug| bug.pass() == pass).count();
        assert!(count >= 3, "{pass} has {count} seeded faults");
    }
    let mut missed = Vec::new();
    for &bug in Bug::ALL {
        match first_notice(bug) {
            Some((seed, how)) => println!("{bug:?} ({}: {}): program {seed}: {how}", bug.pass(), bug.what()),
            None => missed.push(bug),
        }
    }
    assert!(missed.is_empty(), "not noticed: {missed:?}");
}

/// The first program that shows a fault, with the pass alone or with all passes.
fn first_notice(bug: Bug) -> Option<(u64, String)> {
    (0..PATIENCE).find_map(|seed| {
        let program = generate(seed, &Config::default());
        let original = reference(&program, None)?;
        [PassSet::only(bug.pass()), PassSet::ALL].into_iter().find_map(|enabled| {
            set(Some(bug));
            // A fault may also make a pass run into its own assertions.
            let result = std::panic::catch_unwind(|| compare(&program, &original, enabled));
            set(None);
            match result {
                Ok(Ok(_)) => None,
                Ok(Err(difference)) => Some((seed, difference.lines().next().unwrap_or_default().to_string())),
                Err(_) => Some((seed, "an assertion failed".to_string())),
            }
        })
    })
}
