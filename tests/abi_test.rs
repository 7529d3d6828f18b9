//! Calls between compiled code and C: the System V AMD64 ABI, and what happens where it is broken on purpose.

// 3.14 is the given input of the test, not an approximation of π.
#![allow(clippy::approx_constant)]
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::ffi::{c_char, c_int, c_void};
use tercel_asm::x64::{Assembler, Mem, Reg, Size, Xmm};
use tercel_codegen::image::{Handlers, Image, link_image};
use tercel_codegen::x64::abi::{CField, flatten_struct, struct_fits};
use tercel_codegen::{Fault, Options, compile};
use tercel_ir::interp::{Datum, Outcome};
use tercel_ir::parse::parse_module;
use tercel_ir::verifier::verify_module;

/// Compiles a module in text form; `@@name` in it is the address of that C function.
fn build(text: &str, addresses: &[(&str, *const u8)], options: &Options) -> Image {
    let mut text = text.to_string();
    for (name, address) in addresses {
        text = text.replace(&format!("@@{name}"), &format!("addr {:#x} @{name}", *address as u64));
    }
    let module = parse_module(&text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    verify_module(&module).unwrap();
    let functions = module.functions.values().map(|func| compile(func, options).unwrap()).collect();
    let signatures = module.functions.values().map(|func| func.signature.clone()).collect();
    link_image(functions, signatures, Handlers::default(), options.cpu, |_| None).unwrap()
}

fn run(text: &str, addresses: &[(&str, *const u8)], args: &[Datum]) -> Vec<Datum> {
    let image = build(text, addresses, &Options { check: true, ..Options::default() });
    let mut context = image.context();
    // SAFETY: each test passes what its functions expect.
    match unsafe { image.call(&mut context, 0, args) } {
        Outcome::Return(values) => values,
        other => panic!("{other:?}"),
    }
}

extern "C" fn add(a: i64, b: i64) -> i64 {
    a + b
}

// ----- A5 (a): callee-saved registers -----------------------------------------------------------------------------

/// Calls a C function, with a value that has to survive the call: the allocator keeps it in a callee-saved register.
const KEEPS_A_VALUE: &str = "\
function @keeps(i64, i64) -> i64 sysv {
  sig0 = (i64, i64) -> i64 sysv
  fn0 = @@add sig0
block0(v0: i64, v1: i64):
  v2 = call fn0(v0, v1)
  v3 = isub.i64 v2, v0
  v4 = iadd.i64 v3, v0
  return v4
}
";

const CANARY: i64 = 0x0BAD_CAFE;
const SAVED: [Reg; 5] = [Reg::RBX, Reg::R12, Reg::R13, Reg::R14, Reg::R15];

/// Calls `function(100, 42)` with canaries in the callee-saved registers. Gives the result, and how many canaries changed.
fn with_canaries(function: *const u8) -> (i64, u64) {
    let mut asm = Assembler::new();
    asm.push(Reg::RBP);
    for reg in SAVED {
        asm.push(reg);
    }
    asm.push(Reg::RDI);
    asm.sub(Size::S64, Reg::RSP, 8);
    for (index, reg) in SAVED.into_iter().enumerate() {
        asm.mov_imm64(reg, CANARY + index as i64);
    }
    asm.mov_imm64(Reg::RDI, 100);
    asm.mov_imm64(Reg::RSI, 42);
    asm.call_extern(function);
    asm.mov_imm64(Reg::RCX, 0);
    for (index, reg) in SAVED.into_iter().enumerate() {
        let same = asm.new_label();
        asm.cmp(Size::S64, reg, (CANARY + index as i64) as i32);
        asm.je(same);
        asm.add(Size::S64, Reg::RCX, 1);
        asm.bind(same);
    }
    asm.add(Size::S64, Reg::RSP, 8);
    asm.pop(Reg::RDI);
    asm.mov(Size::S64, Mem::base(Reg::RDI, 0), Reg::RCX);
    for reg in SAVED.into_iter().rev() {
        asm.pop(reg);
    }
    asm.pop(Reg::RBP);
    asm.ret();
    let code = asm.finalize().unwrap();
    let mut damaged = 0u64;
    // SAFETY: the code is a C function of one pointer, which it writes a word to; it restores all saved registers itself.
    let result: i64 = unsafe { code.call_with((&mut damaged as *mut u64,)) };
    (result, damaged)
}

#[test]
fn callee_saved_registers_survive_a_call_to_c() {
    let image = build(KEEPS_A_VALUE, &[("add", add as *const u8)], &Options::default());
    assert_eq!(with_canaries(image.entry(0)), (142, 0));
}

#[test]
fn forgetting_callee_saved_registers_is_seen() {
    let options = Options { fault: Some(Fault::ForgetCalleeSaved), ..Options::default() };
    let image = build(KEEPS_A_VALUE, &[("add", add as *const u8)], &options);
    let (_, damaged) = with_canaries(image.entry(0));
    assert!(damaged > 0, "no canary noticed that registers were not saved");
}

// ----- A5 (b): stack alignment ------------------------------------------------------------------------------------

/// A C function that doubles its argument and keeps it on the stack with MOVAPS, as compilers do with vectors.
fn doubler() -> tercel_asm::ExecutableCode {
    let mut asm = Assembler::new();
    asm.sub(Size::S64, Reg::RSP, 24);
    asm.movaps_ptr_xmm(Mem::base(Reg::RSP, 0), Xmm::XMM0);
    asm.xorps(Xmm::XMM0, Xmm::XMM0);
    asm.movaps_xmm_ptr(Xmm::XMM0, Mem::base(Reg::RSP, 0));
    asm.addsd_xmm_xmm(Xmm::XMM0, Xmm::XMM0);
    asm.add(Size::S64, Reg::RSP, 24);
    asm.ret();
    asm.finalize().unwrap()
}

const CALLS_DOUBLER: &str = "\
function @f(f64) -> f64 sysv {
  sig0 = (f64) -> f64 sysv
  fn0 = @@double sig0
block0(v0: f64):
  v1 = call fn0(v0)
  return v1
}
";

fn double_pi(fault: Option<Fault>) -> f64 {
    let doubler = doubler();
    let image = build(CALLS_DOUBLER, &[("double", doubler.as_ptr())], &Options { fault, ..Options::default() });
    // SAFETY: the function has this signature and calls only the doubler, which is alive.
    let function: extern "C" fn(f64) -> f64 = unsafe { std::mem::transmute(image.entry(0)) };
    function(3.14)
}

#[test]
#[allow(clippy::approx_constant)]
fn the_stack_is_aligned_for_movaps() {
    assert_eq!(double_pi(None), 6.28);
}

/// Only does something in the child process of the next test.
#[test]
fn child_with_a_misaligned_stack() {
    if std::env::var_os("TERCEL_MISALIGN").is_some() {
        double_pi(Some(Fault::MisalignStack));
        println!("survived");
    }
}

#[test]
fn a_misaligned_stack_crashes() {
    use std::os::unix::process::ExitStatusExt;
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_with_a_misaligned_stack", "--nocapture"])
        .env("TERCEL_MISALIGN", "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(!output.contains("survived"), "{output}");
    assert_eq!(child.status.signal(), Some(libc::SIGSEGV), "{:?}\n{output}", child.status);
}

// ----- A4: arguments and results ----------------------------------------------------------------------------------

extern "C" fn many(a: i64, b: i32, c: f64, d: i64, e: i64, f: f32, g: i64, h: i64, i: i64, j: i64, k: f64) -> f64 {
    let ints = a + 10 * b as i64 + 100 * d + 1000 * e + 10_000 * g + 100_000 * h + 1_000_000 * i + 10_000_000 * j;
    ints as f64 + c * 1e-1 + f as f64 * 1e-2 + k * 1e-3
}

#[test]
fn more_than_six_arguments_of_mixed_classes() {
    let text = "\
function @f(i64, f64) -> f64 {
  sig0 = (i64, i32, f64, i64, i64, f32, i64, i64, i64, i64, f64) -> f64 sysv
  fn0 = @@many sig0
block0(v0: i64, v1: f64):
  v2 = iconst.i32 2
  v3 = iconst.i64 3
  v4 = iconst.i64 4
  v5 = fconst.f32 6.0
  v6 = iconst.i64 5
  v7 = iconst.i64 6
  v8 = iconst.i64 7
  v9 = iconst.i64 8
  v10 = fconst.f64 9.0
  v11 = call fn0(v0, v2, v1, v3, v4, v5, v6, v7, v8, v9, v10)
  return v11
}
";
    let expected = many(1, 2, 5.0, 3, 4, 6.0, 5, 6, 7, 8, 9.0);
    assert_eq!(run(text, &[("many", many as *const u8)], &[Datum::i64(1), Datum::f64(5.0)]), [Datum::f64(expected)]);
}

#[test]
fn vectors_are_passed_in_vector_registers() {
    use std::arch::x86_64::{__m128, _mm_mul_ps};
    #[allow(improper_ctypes_definitions)]
    extern "C" fn multiply(a: __m128, b: __m128) -> __m128 {
        // SAFETY: SSE is part of x86-64.
        unsafe { _mm_mul_ps(a, b) }
    }
    let text = "\
function @f(f32x4, f32x4) -> f32x4 {
  sig0 = (f32x4, f32x4) -> f32x4 sysv
  fn0 = @@multiply sig0
block0(v0: f32x4, v1: f32x4):
  v2 = call fn0(v1, v1)
  v3 = fadd.f32x4 v2, v0
  return v3
}
";
    let vector = |lanes: [f32; 4]| {
        let word = |at: usize| lanes[at].to_bits() as u64 | (lanes[at + 1].to_bits() as u64) << 32;
        let ty = tercel_ir::Type::F32.vector(128).unwrap();
        Datum { ty, words: [word(0), word(2), 0, 0, 0, 0, 0, 0] }
    };
    let result = run(text, &[("multiply", multiply as *const u8)], &[vector([1.0; 4]), vector([1.0, 2.0, 3.0, 4.0])]);
    assert_eq!(result, [vector([2.0, 5.0, 10.0, 17.0])]);
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Mixed {
    a: i32,
    b: i32,
    c: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Floats {
    x: f32,
    y: f32,
}

extern "C" fn exchange(mixed: Mixed, floats: Floats) -> Mixed {
    Mixed { a: mixed.b, b: mixed.a, c: mixed.c + (floats.x * 10.0 + floats.y) as f64 }
}

#[test]
fn structures_travel_by_value_in_two_registers() {
    let mixed = flatten_struct(&[CField::Int(4), CField::Int(4), CField::Double]).unwrap();
    let floats = flatten_struct(&[CField::Float, CField::Float]).unwrap();
    assert_eq!(format!("{mixed:?} {floats:?}"), "[i64, f64] [f64]");
    assert!(struct_fits(&mixed, &floats));
    let text = "\
function @f(i64, f64, f64) -> (i64, f64) {
  sig0 = (i64, f64, f64) -> (i64, f64) sysv
  fn0 = @@exchange sig0
block0(v0: i64, v1: f64, v2: f64):
  v3, v4 = call fn0(v0, v1, v2)
  return v3, v4
}
";
    let pack = |low: u32, high: u32| low as u64 | (high as u64) << 32;
    let args = [
        Datum::i64(pack(7, 9) as i64),
        Datum::f64(0.5),
        Datum::f64(f64::from_bits(pack(2.0f32.to_bits(), 3.0f32.to_bits()))),
    ];
    let result = run(text, &[("exchange", exchange as *const u8)], &args);
    assert_eq!(result, [Datum::i64(pack(9, 7) as i64), Datum::f64(23.5)]);
}

unsafe extern "C" {
    fn snprintf(buffer: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
    fn qsort(
        base: *mut c_void,
        count: usize,
        size: usize,
        compare: extern "C" fn(*const c_void, *const c_void) -> c_int,
    );
}

#[test]
fn variadic_callees_learn_the_number_of_vector_registers() {
    let text = "\
function @f(ptr, i64, ptr, i32, f64, ptr, f64) -> i32 {
  sig0 = (ptr, i64, ptr, i32, f64, ptr, f64) -> i32 sysv variadic
  fn0 = @@snprintf sig0
block0(v0: ptr, v1: i64, v2: ptr, v3: i32, v4: f64, v5: ptr, v6: f64):
  v7 = call fn0(v0, v1, v2, v3, v4, v5, v6)
  return v7
}
";
    let mut buffer = [0u8; 64];
    let args = [
        Datum::ptr(buffer.as_mut_ptr() as u64),
        Datum::i64(64),
        Datum::ptr(c"%d %.2f %s %g".as_ptr() as u64),
        Datum::i32(-42),
        Datum::f64(2.5),
        Datum::ptr(c"text".as_ptr() as u64),
        Datum::f64(1e10),
    ];
    let result = run(text, &[("snprintf", snprintf as *const u8)], &args);
    let written = std::ffi::CStr::from_bytes_until_nul(&buffer).unwrap().to_str().unwrap();
    assert_eq!((written, &result[..]), ("-42 2.50 text 1e+10", &[Datum::i32(written.len() as i32)][..]));
}

#[test]
fn c_calls_compiled_code_back() {
    let text = "\
function @compare(ptr, ptr) -> i32 sysv {
block0(v0: ptr, v1: ptr):
  v2 = load.i64 v0+0
  v3 = load.i64 v1+0
  v4 = icmp.i64 sgt v2, v3
  v5 = icmp.i64 slt v2, v3
  v6 = zext.i32 v4
  v7 = zext.i32 v5
  v8 = isub.i32 v6, v7
  return v8
}
";
    let image = build(text, &[], &Options::default());
    // SAFETY: the function has this signature and reads one word behind each pointer.
    let compare: extern "C" fn(*const c_void, *const c_void) -> c_int = unsafe { std::mem::transmute(image.entry(0)) };
    let mut items: Vec<i64> =
        (0..1000).map(|index: i64| index.wrapping_mul(0x9E37_79B9_7F4A_7C15u64 as i64) >> 20).collect();
    let mut expected = items.clone();
    expected.sort();
    // SAFETY: the array has that many elements of that size.
    unsafe { qsort(items.as_mut_ptr().cast(), items.len(), 8, compare) };
    assert_eq!(items, expected);
}
