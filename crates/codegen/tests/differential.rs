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
use tercel_ir::{FuncId, InstSpec, Module, Op, StackSlot, Type};

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
    let config =
        Config { vector_bits: setting("TERCEL_CODEGEN_VECTORS", vector_bits(cpu) as u64) as u32, ..Config::default() };
    let first = setting("TERCEL_CODEGEN_SEED", 0);
    let modes: [(&str, bool, bool); 3] = [("plain", false, false), ("spill-all", true, false), ("passes", false, true)];
    let (mut returned, mut compared) = (0, 0);
    for seed in first..first + setting("TERCEL_CODEGEN_ROUNDS", 1500) {
        let mut program = generate(seed, &config);
        settle_slots(&mut program.module);
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
                let differs = (0..3 * REGION_BYTES).find(|&at| {
                    observed.1[at / REGION_BYTES][at % REGION_BYTES] != memory[at / REGION_BYTES][at % REGION_BYTES]
                });
                if let Some(at) = differs {
                    let (found, right) = (&observed.1[at / REGION_BYTES], &memory[at / REGION_BYTES]);
                    let (region, at) = (at / REGION_BYTES, (at % REGION_BYTES) & !15);
                    panic!(
                        "seed {seed}, run {run}, {name}, {outcome:?}: region {region} at {at}: {:x?}, not {:x?}\n{module}",
                        &found[at..at + 16],
                        &right[at..at + 16]
                    );
                }
                returned += matches!(outcome, Outcome::Return(_)) as u64;
                compared += 1;
            }
        }
    }
    println!("{compared} runs compared, {returned} returned");
    assert!(returned * 2 > compared, "only {returned} of {compared} runs return");
}

/// Gives each stack slot the size of a region and zeros at entry: a slot may be passed where a region is expected.
fn settle_slots(module: &mut Module) {
    for func in module.functions.values_mut() {
        let entry = func.entry();
        for index in 0..func.slots.len() as u32 {
            let slot = StackSlot::from_u32(index);
            func.slots[slot].size = REGION_BYTES as u32;
            let zero = func.make(InstSpec::new(Op::Iconst, Type::I64, &[]));
            let address = func.make(InstSpec::new(Op::SlotAddr, Type::PTR, &[]).imm(index as i64));
            let (value, base) = (func.result(zero), func.result(address));
            for at in (0..REGION_BYTES as i64).step_by(8) {
                let store = func.make(InstSpec::new(Op::Store, Type::I64, &[base, value]).imm(at));
                func.prepend(entry, store);
            }
            func.prepend(entry, address);
            func.prepend(entry, zero);
        }
    }
}

/// Runs all passes.
fn optimize(module: &mut Module) {
    let options = passes::Options { verify: true, ..passes::Options::default() };
    for func in module.functions.values_mut() {
        passes::optimize(func, &options, None).unwrap_or_else(|error| panic!("{error}\n{func}"));
    }
}
