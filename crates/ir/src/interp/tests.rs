use super::*;
use crate::parse::parse_module;

fn run(text: &str, args: &[Datum]) -> (Outcome, Memory) {
    let module = parse_module(text).unwrap();
    crate::verifier::verify_module(&module).unwrap();
    let mut host = NoHost;
    let mut interpreter = Interpreter::new(&module, &mut host);
    interpreter.memory.map(0x1000, vec![0; 64]);
    interpreter.fuel = 1_000_000;
    let outcome = interpreter.run(FuncId::new(0), args);
    (outcome, interpreter.memory.clone())
}

#[test]
fn recursion_works() {
    let text = "function @fib(i64) -> i64 {
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
}";
    assert_eq!(run(text, &[Datum::i64(15)]).0, Outcome::Return(vec![Datum::i64(610)]));
}

#[test]
fn endless_recursion_is_a_trap_and_an_endless_loop_uses_up_the_fuel() {
    let text = "function @f() {\n  sig0 = ()\n  fn0 = func0 @f sig0\nblock0:\n  call fn0()\n  return\n}";
    assert_eq!(run(text, &[]).0, Outcome::Trap(TrapCode::StackOverflow));
    let tail = "function @f() {\n  sig0 = ()\n  fn0 = func0 @f sig0\nblock0:\n  tail_call fn0()\n}";
    assert_eq!(run(tail, &[]).0, Outcome::OutOfFuel);
}

#[test]
fn memory_is_bytes_and_faults_outside() {
    let text = "function @f(ptr) -> i64 {
block0(v0: ptr):
  v1 = iconst.i32 -2
  store.i32 v0+3, v1
  v2 = load.i64 v0+0
  return v2
}";
    let (outcome, memory) = run(text, &[Datum::ptr(0x1000)]);
    assert_eq!(outcome, Outcome::Return(vec![Datum::i64(0x00ff_ffff_fe00_0000)]));
    assert_eq!(memory.regions()[1].bytes[3..7], [0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(run(text, &[Datum::ptr(0x1000 + 58)]).0, Outcome::Trap(TrapCode::MemoryFault));
    assert_eq!(run(text, &[Datum::ptr(u64::MAX - 2)]).0, Outcome::Trap(TrapCode::MemoryFault));
}

#[test]
fn edges_assign_in_parallel() {
    let text = "function @swap(i32, i32) -> (i32, i32) {
block0(v0: i32, v1: i32):
  v2 = iconst.i32 3
  jump block1(v0, v1, v2)
block1(v3: i32, v4: i32, v5: i32):
  v6 = iconst.i32 1
  v7 = isub.i32 v5, v6
  branch v7, block1(v4, v3, v7), block2
block2:
  return v3, v4
}";
    let (outcome, _) = run(text, &[Datum::i32(10), Datum::i32(20)]);
    assert_eq!(outcome, Outcome::Return(vec![Datum::i32(10), Datum::i32(20)]));
}

#[test]
fn exits_show_the_frames_from_inside_out() {
    let text = "function @f(i32) {
  frame0 = template1 at 5 [v0, -]
  frame1 = template2 at 9 [v1] in frame0
block0(v0: i32):
  v1 = iconst.i64 7
  guard v0 frame1
  return
}";
    assert_eq!(run(text, &[Datum::i32(1)]).0, Outcome::Return(vec![]));
    let Outcome::Exit(frames) = run(text, &[Datum::i32(0)]).0 else { panic!("an exit") };
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0].values, [Some(Datum::i64(7))]);
    assert_eq!((frames[1].template, frames[1].position), (TemplateId(1), 5));
    assert_eq!(frames[1].values, [Some(Datum::i32(0)), None]);
}

#[test]
fn switches_have_a_default() {
    let text = "function @f(i32) -> i32 {
block0(v0: i32):
  v1 = iconst.i32 10
  v2 = iconst.i32 20
  v3 = iconst.i32 30
  switch v0, block1(v3), [block1(v1), block1(v2)]
block1(v4: i32):
  return v4
}";
    for (index, expected) in [(0, 10), (1, 20), (2, 30), (-1, 30)] {
        assert_eq!(run(text, &[Datum::i32(index)]).0, Outcome::Return(vec![Datum::i32(expected)]));
    }
}

#[test]
fn calls_through_addresses_and_slots() {
    let text = "function @f(i32) -> i32 {
  sig0 = (ptr) -> i32
  fn0 = func1 @g sig0
  slot0 = 4 align 4
  slot1 = 16 align 16
block0(v0: i32):
  v1 = slot_addr slot1
  store.i32 v1+4, v0
  v2 = func_addr fn0
  v3 = call_indirect sig0 v2, v1
  return v3
}
function @g(ptr) -> i32 {
block0(v0: ptr):
  v1 = load.i32 v0+4
  v2 = iadd.i32 v1, v1
  return v2
}";
    assert_eq!(run(text, &[Datum::i32(21)]).0, Outcome::Return(vec![Datum::i32(42)]));
}
