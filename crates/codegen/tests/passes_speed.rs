//! The optimizer's own speed: time for an instruction, and that it grows in proportion to size.
//!
//! Four shapes at 10,000 and 100,000 instructions: straight lines, thousands of blocks (all checks sharing one exit), deep
//! loops, one large switch. `cargo test --release -p tercel-codegen --test passes_speed -- --nocapture` prints the share of
//! each pass.

use std::time::Duration;
use tercel_codegen::Compiler;
use tercel_codegen::clock;
use tercel_codegen::passes::{Options, Pass};
use tercel_ir::Function;
use tercel_ir::verifier::verify;

#[path = "support/shapes.rs"]
mod shapes;

/// How much longer ten times the instructions may take; quadratic work would be 100.
///
/// What is left above 10 are the caches: the small functions stay in the second level, the large ones do not. Builds with debug
/// assertions are mostly run with everything else, which takes the caches away from the large functions: on a machine with two
/// processors and six programs the best of the attempts were 9.4 to 11.9, single ones up to 14. The figure that counts is the release
/// build's.
const MOST: f64 = if cfg!(debug_assertions) { 14.0 } else { 12.0 };
const ATTEMPTS: usize = 8;

/// Time for one run, and the share of each pass in percent.
fn measure(compiler: &mut Compiler, func: &Function, rounds: u32) -> (Duration, Vec<(Pass, f64)>) {
    let options = Options { verify: false, ..Options::default() };
    let mut shares = vec![Duration::ZERO; Pass::ALL.len()];
    // Several runs are measured together: what the allocator of memory does differs from one to the next.
    let mut copies: Vec<Function> = (0..rounds).map(|_| func.clone()).collect();
    let start = clock::thread();
    for copy in &mut copies {
        let statistics = compiler.optimize(copy, &options, None).expect("nothing is verified");
        for (share, &pass) in shares.iter_mut().zip(Pass::ALL) {
            *share += statistics.time(pass);
        }
    }
    let time = (clock::thread() - start) / rounds;
    let sum: Duration = shares.iter().sum();
    let percent = |share: Duration| share.as_secs_f64() * 100.0 / sum.as_secs_f64();
    (time, Pass::ALL.iter().copied().zip(shares.into_iter().map(percent)).collect())
}

#[test]
fn time_grows_in_proportion_to_size() {
    let (mut slow, mut compiler) = (Vec::new(), Compiler::new());
    let only = std::env::var("TERCEL_SHAPE").unwrap_or_default();
    for &(name, make) in shapes::SHAPES.iter().filter(|(name, _)| name.contains(&only)) {
        let (small, large) = (make(10_000), make(100_000));
        verify(&small).expect("the shape is valid");
        let (ops, many_ops) = (small.inst_count(), large.inst_count());
        // Other programs disturb caches even where only the processor's time is counted, and the large function more than the
        // small one: a few attempts, of which the best counts.
        let mut attempts = Vec::new();
        while attempts.len() < ATTEMPTS {
            let (time, _) = measure(&mut compiler, &small, 20);
            let (long, shares) = measure(&mut compiler, &large, 2);
            let size = 10.0 * ops as f64 / many_ops as f64;
            let ratio = long.as_secs_f64() / time.as_secs_f64() * size;
            attempts.push((ratio, long, shares));
            if ratio <= MOST {
                break;
            }
        }
        let best = attempts.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, long, shares) = best.expect("there is an attempt");
        let each = long.as_secs_f64() * 1e9 / many_ops as f64;
        println!("{name}: {ops} and {many_ops} ops, {each:.0} ns an op, ratio {ratio:.1}");
        for (pass, share) in shares {
            println!("    {:>14} {share:4.0} %", pass.name());
        }
        if ratio > MOST {
            slow.push(format!("{name}: {ratio:.1}"));
        }
        if !cfg!(debug_assertions) && each > 1_000.0 {
            slow.push(format!("{name}: {each:.0} ns an op"));
        }
    }
    assert!(slow.is_empty(), "too slow: {slow:?}");
}
