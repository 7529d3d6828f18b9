//! Faults in the allocator and in what uses the encoder are seen: by the allocation checker, or by comparing with the
//! interpreter. A test that finds no fault when there is one would be worth nothing.

use tercel_codegen::image::{Handlers, link_image};
use tercel_codegen::{CodegenError, Fault, Options, compile};
use tercel_ir::FuncId;
use tercel_ir::generate::{Config, Program, generate};
use tercel_ir::interp::{Datum, Outcome};

const CONFIG: Config = Config { vector_bits: 0, guards: true, calls: false, host_calls: false, min_ops: 0 };

fn programs() -> impl Iterator<Item = Program> {
    (0..200).map(|seed| generate(seed, &CONFIG))
}

/// In how many programs the checker rejects the allocation of the entry function.
fn rejected(fault: Option<Fault>) -> usize {
    let options = Options { check: true, fault, ..Options::default() };
    let reject = |program: &Program| {
        let result = compile(&program.module.functions[FuncId::from_u32(0)], &options);
        assert!(!matches!(&result, Err(error) if !matches!(error, CodegenError::Check(_))), "{result:?}");
        result.is_err()
    };
    programs().filter(reject).count()
}

#[test]
fn the_checker_sees_faults_of_the_allocator() {
    assert_eq!(rejected(None), 0);
    for fault in [Fault::LoseReload, Fault::SwapOperand] {
        let count = rejected(Some(fault));
        assert!(count > 20, "{fault:?} was seen in {count} programs only");
    }
}

#[test]
fn the_checker_sees_that_calls_change_registers() {
    let text = "\
function @fib(i64) -> (i64) {
  sig0 = (i64) -> i64
  fn0 = func0 @fib sig0
block0(v0: i64):
  v4 = call fn0(v0)
  v5 = call fn0(v4)
  v6 = iadd.i64 v5, v0
  v7 = imul.i64 v6, v4
  return v7
}
";
    let module = tercel_ir::parse::parse_module(text).unwrap();
    let func = &module.functions[FuncId::from_u32(0)];
    let options = |fault| Options { check: true, fault, ..Options::default() };
    assert!(compile(func, &options(None)).is_ok());
    let result = compile(func, &options(Some(Fault::ForgetClobbers)));
    assert!(matches!(result, Err(CodegenError::Check(_))), "{result:?}");
}

/// What a module's first function returns.
fn run(text: &str, args: &[i64], fault: Option<Fault>) -> Outcome {
    let module = tercel_ir::parse::parse_module(text).unwrap();
    let options = Options { check: true, fault, ..Options::default() };
    let functions = module.functions.values().map(|func| compile(func, &options).unwrap()).collect();
    let signatures = module.functions.values().map(|func| func.signature.clone()).collect();
    let image = link_image(functions, signatures, Handlers::default(), options.cpu, |_| None).unwrap();
    let mut context = image.context();
    let args: Vec<Datum> = args.iter().map(|&arg| Datum::i64(arg)).collect();
    // SAFETY: the functions below touch no memory, and have no loops that a fault could make endless.
    unsafe { image.call(&mut context, 0, &args) }
}

/// The checker proves where values are, not what instructions do with them: that only running the code shows.
fn seen_by_running(text: &str, args: &[i64], result: i64, fault: Fault) {
    let expected = Outcome::Return(vec![Datum::i64(result)]);
    assert_eq!(run(text, args, None), expected);
    assert_ne!(run(text, args, Some(fault)), expected, "{fault:?} was not seen");
}

#[test]
fn moves_done_one_after_the_other_are_seen() {
    let text = "\
function @f(i64, i64) -> i64 {
  sig0 = (i64, i64) -> i64
  fn0 = func1 @g sig0
block0(v0: i64, v1: i64):
  v2 = call fn0(v1, v0)
  return v2
}
function @g(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2 = isub.i64 v0, v1
  return v2
}
";
    seen_by_running(text, &[1, 10], 9, Fault::SequentialMoves);
}

#[test]
fn wrong_conditions_are_seen() {
    let text = "\
function @f(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
  v2 = icmp.i64 slt v0, v1
  branch v2, block1, block2
block1:
  return v0
block2:
  return v1
}
";
    seen_by_running(text, &[1, 10], 1, Fault::WrongCondition);
}

#[test]
fn exchanged_operands_of_a_subtraction_are_seen() {
    let text = "\
function @f(i64) -> i64 {
block0(v0: i64):
  v1 = iconst.i64 100
  v2 = isub.i64 v1, v0
  return v2
}
";
    seen_by_running(text, &[1], 99, Fault::SwapSubtraction);
}
