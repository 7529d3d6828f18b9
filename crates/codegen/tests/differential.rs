//! Random IR functions: the reference interpreter against compiled code.
//!
//! Each program is compiled as it is, with every value kept in memory, and after the passes; the allocation checker must accept
//! each, and each must return, trap or exit as the interpreter does and leave the same memory.
//!
//! `TERCEL_CODEGEN_ROUNDS` sets the number of programs, `TERCEL_CODEGEN_SEED` the first seed.

use tercel_asm::x64::CpuFeatures;
use tercel_codegen::image::{Handlers, link_image};
use tercel_codegen::x64::lower::HELPER_SYMBOLS;
use tercel_codegen::{Options, compile, passes};
use tercel_ir::generate::{Config, Program, REGION_BYTES, TestHost, generate};
use tercel_ir::interp::{Interpreter, Outcome};
use tercel_ir::{FuncId, Module, TrapCode};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Helper 1 of the generator.
unsafe extern "C" fn exchange_add(address: *mut i64, by: i64) -> i64 {
    // SAFETY: generated programs keep accesses inside their regions.
    unsafe {
        let old = address.read_unaligned();
        address.write_unaligned(old.wrapping_add(by));
        old
    }
}

fn resolve(symbol: u32) -> Option<u64> {
    match symbol.checked_sub(HELPER_SYMBOLS)? {
        0 => Some(TestHost::mix as *const () as u64),
        1 => Some(exchange_add as *const () as u64),
        _ => None,
    }
}

#[repr(align(64))]
struct Regions([[u8; REGION_BYTES]; 3]);

type Observed = (Outcome, Vec<Vec<u8>>);

fn interpret(program: &Program, run: u64) -> Option<Observed> {
    let mut host = TestHost;
    let mut interpreter = Interpreter::new(&program.module, &mut host);
    interpreter.fuel = 3_000_000;
    let args = program.interpreter_inputs(run, &mut interpreter.memory);
    let outcome = interpreter.run(FuncId::from_u32(0), &args);
    if outcome == Outcome::OutOfFuel {
        return None;
    }
    let mut memory = Vec::new();
    for base in tercel_ir::generate::REGION_BASES {
        let mut bytes = Vec::new();
        for at in 0..REGION_BYTES as u64 / 8 {
            let mut word = [0];
            interpreter.memory.read(base + at * 8, 8, &mut word).unwrap();
            bytes.extend_from_slice(&word[0].to_le_bytes());
        }
        memory.push(bytes);
    }
    Some((outcome, memory))
}

fn execute(module: &Module, program: &Program, options: &Options, runs: u64) -> Vec<Observed> {
    let functions = module
        .functions
        .values()
        .map(|func| compile(func, options).unwrap_or_else(|error| panic!("seed {}: {error}\n{func}", program.seed)))
        .collect();
    let signatures = module.functions.values().map(|func| func.signature.clone()).collect();
    let image = link_image(functions, signatures, Handlers::default(), options.cpu, resolve).unwrap();
    let mut context = image.context();
    let mut memory = Box::new(Regions([[0; REGION_BYTES]; 3]));
    let bases = std::array::from_fn(|index| memory.0[index].as_ptr() as u64);
    (0..runs)
        .map(|run| {
            let (args, contents) = program.inputs(run, bases);
            for (region, bytes) in memory.0.iter_mut().zip(contents) {
                region.copy_from_slice(&bytes);
            }
            // SAFETY: generated programs keep to their regions, whose addresses these are, and the helpers do too.
            let outcome = unsafe { image.call(&mut context, 0, &args) };
            (outcome, memory.0.iter().map(|region| region.to_vec()).collect())
        })
        .collect()
}

fn vector_bits(cpu: CpuFeatures) -> u32 {
    let wide = CpuFeatures::AVX512F.with(CpuFeatures::AVX512BW).with(CpuFeatures::AVX512DQ).with(CpuFeatures::AVX512VL);
    if cpu.has(wide) { 512 } else { 256 }
}

#[test]
fn compiled_code_does_what_the_interpreter_does() {
    const RUNS: u64 = 2;
    let cpu = CpuFeatures::detect();
    let config = Config { vector_bits: setting("TERCEL_CODEGEN_VECTORS", vector_bits(cpu) as u64) as u32, ..Config::default() };
    let first = setting("TERCEL_CODEGEN_SEED", 0);
    let modes: [(&str, bool, bool); 3] = [("plain", false, false), ("spill-all", true, false), ("passes", false, true)];
    let (mut returned, mut compared) = (0, 0);
    for seed in first..first + setting("TERCEL_CODEGEN_ROUNDS", 1500) {
        let program = generate(seed, &config);
        let expected: Vec<Option<Observed>> = (0..RUNS).map(|run| interpret(&program, run)).collect();
        for (name, spill_all, passes) in modes {
            let mut module = program.module.clone();
            if passes {
                optimize(&mut module);
            }
            let options = Options { spill_all, check: true, ..Options::default() };
            for (run, observed) in execute(&module, &program, &options, RUNS).into_iter().enumerate() {
                let Some((outcome, memory)) = &expected[run] else { continue };
                assert_eq!(&observed.0, outcome, "seed {seed}, run {run}, {name}\n{}", module);
                // What a trap leaves in memory is not observable: passes may move stores over it.
                if !matches!(outcome, Outcome::Trap(TrapCode::MemoryFault)) {
                    assert!(observed.1 == *memory, "seed {seed}, run {run}, {name}: memory differs\n{module}");
                }
                returned += matches!(outcome, Outcome::Return(_)) as u64;
                compared += 1;
            }
        }
    }
    println!("{compared} runs compared, {returned} returned");
    assert!(returned * 2 > compared, "only {returned} of {compared} runs return");
}

/// Runs all passes.
fn optimize(module: &mut Module) {
    let options = passes::Options { verify: true, ..passes::Options::default() };
    for func in module.functions.values_mut() {
        passes::optimize(func, &options, None).unwrap_or_else(|error| panic!("{error}\n{func}"));
    }
}
