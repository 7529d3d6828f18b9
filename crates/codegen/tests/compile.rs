//! IR text to machine code, run.

use tercel_codegen::image::{Handlers, link_image};
use tercel_codegen::{Compiler, Options, compile};
use tercel_ir::generate::{Config, generate};
use tercel_ir::interp::{Datum, Outcome};
use tercel_ir::parse::parse_module;

#[path = "support/shapes.rs"]
mod shapes;

fn run(text: &str, args: &[Datum], options: &Options) -> Outcome {
    let module = parse_module(text).unwrap();
    tercel_ir::verifier::verify_module(&module).unwrap();
    let functions = module.functions.values().map(|func| compile(func, options).unwrap()).collect();
    let signatures = module.functions.values().map(|func| func.signature.clone()).collect();
    let image = link_image(functions, signatures, Handlers::default(), options.cpu, |_| None).unwrap();
    let mut context = image.context();
    // SAFETY: the programs below touch no memory but their own.
    unsafe { image.call(&mut context, 0, args) }
}

const FIB: &str = "\
function @fib(i64) -> (i64) {
  sig0 = (i64) -> i64
  fn0 = func0 @fib sig0
block0(v0: i64):
  v1 = iconst.i64 2
  v2 = icmp.i64 slt v0, v1
  branch v2, block1, block2
block1:
  return v0
block2:
  v3 = iconst.i64 1
  v4 = isub.i64 v0, v3
  v5 = call fn0(v4)
  v6 = isub.i64 v0, v1
  v7 = call fn0(v6)
  v8 = iadd.i64 v5, v7
  return v8
}
";

#[test]
fn fib() {
    for spill_all in [false, true] {
        let options = Options { spill_all, check: true, ..Options::default() };
        assert_eq!(run(FIB, &[Datum::i64(20)], &options), Outcome::Return(vec![Datum::i64(6765)]));
    }
}

#[test]
fn a_used_context_makes_the_code_of_a_new_one() {
    let options = Options::default();
    let mut compiler = Compiler::new();
    for seed in 0..60 {
        for func in generate(seed, &Config::default()).module.functions.values() {
            let (again, new) = (compiler.compile(func, &options).unwrap(), compile(func, &options).unwrap());
            assert_eq!(again.assembly.code, new.assembly.code, "seed {seed}, @{}", func.name);
            assert_eq!(again.positions, new.positions);
        }
    }
}

#[test]
fn a_context_keeps_no_more_than_its_bound() {
    let module = parse_module(FIB).unwrap();
    let fib = module.functions.values().next().unwrap();
    let mut generous = Compiler::new();
    generous.compile(fib, &Options::default()).unwrap();
    assert!(generous.kept() > 1000);
    generous.release();
    assert_eq!(generous.kept(), 0);
    let mut miserly = Compiler::with_bound(1000);
    miserly.compile(fib, &Options::default()).unwrap();
    assert!(miserly.kept() <= 1000);
}

/// A value that is used deep in a nest only, or only outside, would be loaded on the edge back to each header between if it went round those
/// loops in a register that it loses in them.
#[test]
fn edges_back_to_headers_load_no_unused_values() {
    let (_, nest) = shapes::SHAPES.iter().find(|(name, _)| *name == "loops, all nested").unwrap();
    for ops in [2_000, 20_000] {
        let func = nest(ops);
        let reloads = compile(&func, &Options::default()).unwrap().stats.reloads;
        let loops = ops as u32 / 14;
        assert!(reloads < 5 * loops, "{reloads} reloads in {loops} loops");
    }
}
