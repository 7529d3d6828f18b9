use super::*;
use crate::parse::parse_function;

fn broken(text: &str) -> &'static str {
    verify(&parse_function(text).unwrap()).expect_err("a rule is broken").rule
}

#[test]
fn an_entry_with_predecessors_is_rejected() {
    assert_eq!(broken("function @f() {\nblock0:\n  jump block0\n}"), "entry");
    assert_eq!(broken("function @f(i32) {\nblock0:\n  return\n}"), "entry");
}

#[test]
fn a_block_ends_with_its_only_terminator() {
    assert_eq!(broken("function @f() {\nblock0:\n  v0 = iconst.i32 1\n}"), "block");
    assert_eq!(broken("function @f() {\nblock0:\n  return\n  return\n}"), "block");
    assert_eq!(broken("function @f() {\nblock0:\n}"), "block");
}

#[test]
fn operands_have_the_types_of_the_row() {
    assert_eq!(
        broken("function @f(i32, i64) {\nblock0(v0: i32, v1: i64):\n  v2 = iadd.i32 v0, v1\n  return\n}"),
        "operands"
    );
    assert_eq!(broken("function @f() -> i32 {\nblock0:\n  return\n}"), "operands");
    assert_eq!(broken("function @f(i32) {\nblock0(v0: i32):\n  v1 = sext.i16 v0\n  return\n}"), "operands");
    assert_eq!(broken("function @f(i32) {\nblock0(v0: i32):\n  v1 = iadd.i32 v0\n  return\n}"), "operands");
}

#[test]
fn an_edge_passes_what_its_target_wants() {
    let text = "function @f() {\nblock0:\n  jump block1\nblock1(v0: i32):\n  return\n}";
    assert_eq!(broken(text), "edge");
}

#[test]
fn a_use_is_dominated() {
    let text = "function @f(i32) -> i32 {
block0(v0: i32):
  branch v0, block1, block2
block1:
  v1 = iconst.i32 1
  jump block2
block2:
  return v1
}";
    assert_eq!(broken(text), "dominance");
    let text = "function @f(i32) -> i32 {
block0(v0: i32):
  v2 = iadd.i32 v0, v1
  v1 = iconst.i32 1
  return v2
}";
    assert_eq!(broken(text), "dominance");
    let text = "function @f(i32) {
  frame0 = template1 at 2 [v1]
block0(v0: i32):
  guard v0 frame0
  v1 = iconst.i32 1
  return
}";
    assert_eq!(broken(text), "dominance");
}

#[test]
fn immediates_are_in_range() {
    assert_eq!(
        broken("function @f(i32x4) {\nblock0(v0: i32x4):\n  v1 = extract.i32x4 v0, 4\n  return\n}"),
        "immediate"
    );
    let mut func = parse_function("function @f() {\nblock0:\n  v0 = iconst.i8 1\n  return\n}").unwrap();
    let inst = func.first_inst(func.entry()).unwrap();
    func.inst_mut(inst).imm = 255;
    assert_eq!(verify(&func).unwrap_err().rule, "immediate");
}

#[test]
fn guards_have_a_frame_state() {
    assert_eq!(broken("function @f(i32) {\nblock0(v0: i32):\n  guard v0\n  return\n}"), "frame");
}

#[test]
fn a_derived_pointer_is_only_an_address() {
    let text = "function @f(tagged) -> i64 {
block0(v0: tagged):
  v1 = ptr_add v0+8
  v2 = bitcast.i64 v1
  return v2
}";
    assert_eq!(broken(text), "derived");
}

#[test]
fn tail_calls_return_what_the_caller_returns() {
    let text = "function @f() -> i32 {
  sig0 = () -> i64
  fn0 = func0 @g sig0
block0:
  tail_call fn0()
}";
    assert_eq!(broken(text), "tail");
}

#[test]
fn aliases_do_not_survive_a_pass() {
    let text = "function @f(i32, i32) -> i32 {
block0(v0: i32, v1: i32):
  v2 = iadd.i32 v0, v1
  v3 = isub.i32 v0, v1
  v4 = imul.i32 v2, v3
  return v4
}";
    let mut func = parse_function(text).unwrap();
    let product = func.arg(func.terminator(func.entry()), 0);
    let mul = func.def_inst(product).unwrap();
    let (sum, difference) = (func.arg(mul, 0), func.arg(mul, 1));
    func.replace(difference, sum);
    assert_eq!(verify(&func).unwrap_err().rule, "results");
    let sub = func.next_inst(func.def_inst(sum).unwrap()).unwrap();
    func.remove(sub);
    assert_eq!(verify(&func).unwrap_err().rule, "alias");
    func.resolve_aliases();
    verify(&func).unwrap();
    assert_eq!(func.args(mul), &[sum, sum]);
}
