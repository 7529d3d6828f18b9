//! Ranges that are made a loop at a time against ranges that are made a block at a time.

#[path = "../../../tests/support/shapes.rs"]
mod shapes;

use super::*;
use crate::Options;
use crate::x64::inst::MOp;
use crate::x64::lower::lower;
use tercel_ir::Function;
use tercel_ir::generate::{Config, generate};

fn code_of(func: &Function) -> Option<Code<MOp>> {
    Some(lower(func, &Options::default(), &mut Scratch::new()).ok()?.code)
}

fn lives_of(code: &Code<MOp>) -> Lives {
    Lives::compute(code, &mut Scratch::new())
}

/// The same code as if nothing were known of its loops.
fn without_loops(code: &Code<MOp>) -> Code<MOp> {
    let mut code = code.clone();
    code.loops.clear();
    code.blocks.iter_mut().for_each(|block| block.in_loop = NO_LOOP);
    code
}

fn all_ranges(lives: &Lives) -> Vec<&[Range]> {
    lives.ranges_of.iter().map(|&(first, end)| &lives.ranges[first as usize..end as usize]).collect()
}

#[test]
fn loops_at_once_give_what_blocks_one_by_one_give() {
    let mut in_loops = 0;
    for seed in 0..300 {
        for func in generate(seed, &Config::default()).module.functions.values() {
            let Some(code) = code_of(func) else { continue };
            in_loops += code.loops.len();
            let (quick, slow) = (lives_of(&code), lives_of(&without_loops(&code)));
            assert_eq!(all_ranges(&quick), all_ranges(&slow), "seed {seed}");
        }
    }
    assert!(in_loops > 300, "the programs have only {in_loops} loops");
}

#[test]
fn a_deep_nest_has_few_ranges() {
    let nest = shapes::SHAPES.iter().find(|shape| shape.0 == "loops, all nested").expect("there is such a shape").1;
    let code = code_of(&nest(3_000)).expect("it compiles");
    let lives = lives_of(&code);
    assert_eq!(all_ranges(&lives), all_ranges(&lives_of(&without_loops(&code))));
    let tree = LoopTree::new(&code, &mut Scratch::new());
    let mut walked = 0;
    for of in 0..code.loops.len() as u32 {
        tree.for_each_run(of, |_, _| walked += 1);
    }
    assert!(code.loops.iter().any(|of| of.depth > 200));
    assert!(walked < 3 * code.loops.len(), "{} loops lie in {walked} runs", code.loops.len());
    assert!(
        lives.ranges.len() < 2 * code.vregs.len(),
        "{} ranges of {} registers",
        lives.ranges.len(),
        code.vregs.len()
    );
}
