use super::*;
use crate::verifier::verify;

const EVERYTHING: &str = "\
function @main(i32, ptr, f64, tagged) -> (i32, f64) {
  sig0 = (i32, i32) -> i32
  sig1 = (ptr, f64) -> i32 sysv variadic
  fn0 = func1 @callee sig0
  fn1 = addr 0x1000 @printf sig1
  fn2 = helper7 @helper sig0 effects reads traps
  slot0 = 16 align 8
  frame0 = template3 at 17 [v0, -, v3]
  frame1 = template4 at 2 [v2] in frame0
block0(v0: i32, v1: ptr, v2: f64, v3: tagged):
  v4 = iconst.i32 -5
  v5 = iconst.ptr 0xdeadbeef
  v6 = fconst.f64 1.5
  v7 = fconst.f64 -inf
  v8 = fconst.f32 nan:0x7fc00001
  v9 = fconst.f64 -0.0
  v10 = iadd.i32 v0, v4
  v11, v12 = sadd_overflow.i32 v0, v4
  v13 = sadd_guard.i32 v0, v4 frame1
  v14 = ssub_trap.i32 v0, v4 overflow @12
  v15 = icmp.i32 slt v0, v4
  v16 = fcmp.f64 ult v2, v6
  v17 = load.i32 v1+16 class3 no_trap
  v18 = load.f64x4 v1-32
  store.i32 v1+0, v17 class3
  store.tagged v3+8, v3 no_trap
  v19 = sext.i64 v0
  v20 = ptr_index v1, v19*8-4
  v21 = slot_addr slot0
  v22 = func_addr fn0
  v23 = call fn0(v0, v4) frame0
  v24 = call fn1(v1, v2)
  v25 = call_indirect sig0 v22, v0, v4
  v26 = splat.i32x8 v0
  v27 = extract.i32x8 v26, 7
  v28 = vreduce.i32x8 umax v26
  v29 = vicmp.i32x8 sgt v26, v26
  v30 = js_guard_int32 v3 frame0
  js_guard_shape shape9 v3 frame0
  v31 = js_const heap4
  poll
  trap_if v15 bounds
  guard v16 frame1
  switch v0, block1, [block2(v0), block1, block2(v4)]
block1 cold:
  exit frame0
block2(v32: i32):
  branch v32, block3, block4(v32, v6)
block3:
  trap unreachable
block4(v33: i32, v34: f64):
  return v33, v34
}
";

#[test]
fn text_reads_back_to_itself() {
    let text = EVERYTHING;
    let func = parse_function(text).unwrap();
    verify(&func).unwrap();
    assert_eq!(func.to_string(), text);
}

#[test]
fn faults_name_their_line() {
    let line = |text: &str| parse_function(text).unwrap_err().line;
    assert_eq!(line("function @f() {\nblock0:\n  nonsense\n}"), 3);
    assert_eq!(line("function @f() {\n\n; a comment\nblock0:\n  return v9\n}"), 5);
    assert_eq!(line("function @f() {\nblock0:\n  v0 = iconst 4\n}"), 3);
    assert_eq!(line("function @f() {\nblock0:\n  v0 = iconst.i32 4\n  v0 = iconst.i32 4\n  return\n}"), 4);
    assert_eq!(line("function @f() {\nblock0:\n  jump block7\n}"), 1);
}

#[test]
fn arbitrary_bytes_are_an_error_and_no_panic() {
    let mut state = 1u64;
    for _ in 0..2_000 {
        let mut text = EVERYTHING.to_string();
        for _ in 0..4 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let at = (state >> 33) as usize % text.len();
            let with = ["v", "0", "(", "-", " ", "\n", "block", "4294967295"][(state >> 60) as usize % 8];
            text.replace_range(at..at + 1, with);
        }
        if let Ok(func) = parse_function(&text) {
            let _ = verify(&func);
        }
    }
}
