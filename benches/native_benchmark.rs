//! How fast generated code runs: kernels in IR against the same kernels from a C compiler and from an assembly programmer.
//!
//! `cargo bench -p tercel-codegen --bench native_benchmark [-- NAME …]`
//!
//! Three versions of each kernel run interleaved, on the same data, and must return the same bits: `native/kernels.tir` through all
//! passes and the whole code generator; `native/kernels.c` through `gcc -O2 -fno-inline -fno-tree-vectorize`; `native/hand.s`. The
//! figures are minima of many short runs (what disturbs a run only makes it longer); the bar is 1.2 times the C compiler's time,
//! and the hand-written version, within 5 % of it or better, shows that the C compiler's time is a fair mark. Without `gcc` the
//! comparison is with the hand-written code alone, and that is said. The exit code is 1 if a bar is missed.
//!
//! With `TERCEL_DUMP=1` the generated code of each kernel is printed before the figures.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;
use tercel_codegen::image::{Handlers, Image, link_image};
use tercel_codegen::{Options, compile, passes};
use tercel_ir::FuncId;
use tercel_ir::entity::Entity;
use tercel_ir::parse::parse_module;

std::arch::global_asm!(include_str!("native/hand.s"));

type Kernel = unsafe extern "C" fn(*mut u8, i64) -> i64;

unsafe extern "C" {
    fn tercel_hand_fib(data: *mut u8, n: i64) -> i64;
    fn tercel_hand_arith(data: *mut u8, n: i64) -> i64;
    fn tercel_hand_arith_nat(data: *mut u8, n: i64) -> i64;
    fn tercel_hand_sum_i32(data: *mut u8, n: i64) -> i64;
    fn tercel_hand_sum_f64(data: *mut u8, n: i64) -> i64;
    fn tercel_hand_sieve(data: *mut u8, n: i64) -> i64;
    fn tercel_hand_mandelbrot(data: *mut u8, n: i64) -> i64;
}

/// A kernel's data before a run.
#[derive(Clone, Copy, PartialEq)]
enum Data {
    None,
    Ints,
    Floats,
    Zeros,
}

/// Name, hand-written version, number, data; in the order of `tercel_kernels` in `kernels.c`.
const KERNELS: [(&str, Kernel, i64, Data); 7] = [
    ("fib", tercel_hand_fib, 35, Data::None),
    ("arith", tercel_hand_arith, 10_000_000, Data::None),
    ("arith_nat", tercel_hand_arith_nat, 20_000_000, Data::None),
    ("sum_i32", tercel_hand_sum_i32, 1_000_000, Data::Ints),
    ("sum_f64", tercel_hand_sum_f64, 1_000_000, Data::Floats),
    ("sieve", tercel_hand_sieve, 2_000_000, Data::Zeros),
    ("mandelbrot", tercel_hand_mandelbrot, 200, Data::None),
];

/// Bytes of memory that kernels work on.
const BYTES: usize = 8 << 20;
/// What one kernel may take, in seconds, over all versions and runs.
const PATIENCE: f64 = 12.0;
/// Runs of each version at least.
const RUNS: usize = 15;
const BAR: f64 = 1.2;
const HAND_BAR: f64 = 1.05;

fn fill(memory: &mut [u8], data: Data) {
    match data {
        Data::None => {}
        Data::Zeros => memory.fill(0),
        Data::Ints => {
            for (index, word) in memory.chunks_exact_mut(4).enumerate() {
                word.copy_from_slice(&((index as i32 & 1023) * 3).to_le_bytes());
            }
        }
        Data::Floats => {
            for (index, word) in memory.chunks_exact_mut(8).enumerate() {
                word.copy_from_slice(&((index & 1023) as f64 * 0.5).to_le_bytes());
            }
        }
    }
}

/// The C versions, if there is a compiler.
fn c_kernels() -> Option<Vec<Kernel>> {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../benches/native/kernels.c");
    let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("native_kernels.so");
    let flags = ["-O2", "-fno-inline", "-fno-tree-vectorize", "-shared", "-fPIC", "-o"];
    let status = Command::new("gcc").args(flags).arg(&library).arg(&source).status();
    if !status.is_ok_and(|status| status.success()) {
        return None;
    }
    let path = std::ffi::CString::new(library.to_str()?).ok()?;
    // SAFETY: the library was made just now from our source; loading it runs no code of its own. The symbol is an array of as
    // many functions of the kernels' signature as the table has rows. The library is never unloaded.
    unsafe {
        let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
        let table = if handle.is_null() { handle } else { libc::dlsym(handle, c"tercel_kernels".as_ptr()) };
        if table.is_null() {
            return None;
        }
        Some(std::slice::from_raw_parts(table.cast::<Kernel>(), KERNELS.len()).to_vec())
    }
}

fn compiled() -> Image {
    let mut module = parse_module(include_str!("native/kernels.tir")).expect("the kernels are IR");
    tercel_ir::verifier::verify_module(&module).expect("the kernels are valid");
    let options = Options { check: true, ..Options::default() };
    for (index, func) in module.functions.values_mut().enumerate() {
        let pass_options =
            passes::Options { self_id: Some(FuncId::new(index)), verify: true, ..passes::Options::default() };
        passes::optimize(func, &pass_options, None).expect("the passes keep the rules");
    }
    let functions = module.functions.values().map(|func| compile(func, &options).expect("it compiles")).collect();
    let signatures = module.functions.values().map(|func| func.signature.clone()).collect();
    link_image(functions, signatures, Handlers::default(), options.cpu, |_| None).expect("it links")
}

fn dump(image: &Image) {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    for (index, function) in image.functions().iter().enumerate() {
        println!("{}:", function.name);
        let mut formatter = IntelFormatter::new();
        let start = image.entry(index) as u64;
        let mut decoder = Decoder::with_ip(64, &function.assembly.code, start, DecoderOptions::NONE);
        while decoder.can_decode() {
            let inst = decoder.decode();
            let mut text = String::new();
            formatter.format(&inst, &mut text);
            println!("  {:4x}  {text}", inst.ip() - start);
        }
    }
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let image = compiled();
    if std::env::var_os("TERCEL_DUMP").is_some() {
        dump(&image);
    }
    let c = c_kernels();
    if c.is_none() {
        println!("NO COMPARISON WITH C: gcc is missing or does not work; the mark is the hand-written code.");
    }
    let mut context = image.context();
    let mut memory = vec![0u8; BYTES];
    let mut missed = Vec::new();
    println!(
        "{:<12} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "kernel", "ours ms", "gcc ms", "hand ms", "ours/gcc", "hand/gcc"
    );
    for (number, &(name, hand, n, data)) in KERNELS.iter().enumerate() {
        if !wanted.is_empty() && !wanted.iter().any(|want| want == name) {
            continue;
        }
        let index = image.functions().iter().position(|function| function.name == name).expect("the kernel is there");
        let mut ours = |memory: &mut [u8]| {
            let mut args = [[0u64; 8]; 2];
            (args[0][0], args[1][0]) = (memory.as_mut_ptr() as u64, n as u64);
            let mut result = [0u64; 8];
            // SAFETY: the kernel has two parameters and a result, and stays within the memory for this number.
            let trap = unsafe { image.call_raw(&mut context, index, args.as_ptr(), &mut result) };
            assert_eq!(trap, None, "{name} traps");
            result[0] as i64
        };
        let native = |kernel: Kernel, memory: &mut [u8]| {
            // SAFETY: as above, for the versions in C and assembly.
            unsafe { kernel(memory.as_mut_ptr(), n) }
        };
        let versions = if c.is_some() { 3 } else { 2 };
        let mut best = [f64::INFINITY; 3];
        let mut results = [0i64; 3];
        let begun = Instant::now();
        for run in 0.. {
            if run >= RUNS && (begun.elapsed().as_secs_f64() > PATIENCE || run >= 20 * RUNS) {
                break;
            }
            for version in 0..versions {
                fill(&mut memory, data);
                let start = Instant::now();
                results[version] = match (version, &c) {
                    (0, _) => ours(&mut memory),
                    (1, _) => native(hand, &mut memory),
                    (_, Some(c)) => native(c[number], &mut memory),
                    (_, None) => unreachable!("there is no third version"),
                };
                best[version] = best[version].min(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        assert!(results[..versions].iter().all(|&result| result == results[0]), "{name}: {results:?}");
        let [ours, hand, gcc] = best;
        let mark = if c.is_some() { gcc } else { hand };
        println!("{name:<12} {ours:>10.3} {gcc:>10.3} {hand:>10.3} {:>10.2} {:>10.2}", ours / mark, hand / mark);
        if ours / mark > BAR {
            missed.push(format!("{name} takes {:.2} times as long", ours / mark));
        }
        if hand / mark > HAND_BAR {
            missed.push(format!("the hand-written {name} takes {:.2} times as long as the compiler's", hand / mark));
        }
    }
    for miss in &missed {
        println!("MISSED: {miss}");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
