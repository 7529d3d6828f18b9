//! Generated programs as machine code: run in this process, and compared with the interpreter.

use tercel_asm::x64::CpuFeatures;
use tercel_codegen::CompiledFunction;
use tercel_codegen::image::{Handlers, link_image};
use tercel_codegen::x64::lower::HELPER_SYMBOLS;
use tercel_ir::generate::{Coverage, Program, REGION_BYTES, TestHost};
use tercel_ir::interp::{Interpreter, Outcome};
use tercel_ir::{FuncId, Module};

/// Inputs that each program is run with.
pub const RUNS: u64 = 2;

/// What differs between two runs, if anything.
pub fn difference((outcome, memory): &Observed, (right, right_memory): &Observed) -> Option<String> {
    if outcome != right {
        return Some(format!("{outcome:?}, not {right:?}"));
    }
    memory.iter().zip(right_memory).enumerate().find_map(|(region, (found, right))| {
        let at = (0..REGION_BYTES).find(|&at| found[at] != right[at])?;
        Some(format!("region {region} differs at {at}"))
    })
}

/// The widest vectors that this processor has, in bits.
pub fn vector_bits(cpu: CpuFeatures) -> u32 {
    let wide = CpuFeatures::AVX512F.with(CpuFeatures::AVX512BW).with(CpuFeatures::AVX512DQ).with(CpuFeatures::AVX512VL);
    if cpu.has(wide) { 512 } else { 256 }
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

/// How a run ended, and the regions after it.
pub type Observed = (Outcome, Vec<Vec<u8>>);

/// What the interpreter does in one run, or nothing if it takes too long. Marks the functions that are entered.
pub fn interpret(program: &Program, run: u64, coverage: &mut Coverage, entered: &mut [bool]) -> Option<Observed> {
    let mut host = TestHost;
    let mut interpreter = Interpreter::new(&program.module, &mut host);
    interpreter.fuel = 3_000_000;
    let args = program.interpreter_inputs(run, &mut interpreter.memory);
    let outcome = interpreter.run(FuncId::from_u32(0), &args);
    if outcome == Outcome::OutOfFuel {
        return None;
    }
    coverage.add(&interpreter.op_counts);
    for (entered, &count) in entered.iter_mut().zip(&interpreter.entered) {
        *entered |= count > 0;
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

/// Runs machine code on the inputs of a program.
///
/// # Errors
/// Why it cannot be linked.
pub fn execute(functions: Vec<CompiledFunction>, module: &Module, program: &Program) -> Result<Vec<Observed>, String> {
    let signatures = module.functions.values().map(|func| func.signature.clone()).collect();
    let image = link_image(functions, signatures, Handlers::default(), CpuFeatures::detect(), resolve)
        .map_err(|error| error.to_string())?;
    let mut context = image.context();
    let mut memory = Box::new(Regions([[0; REGION_BYTES]; 3]));
    let bases = std::array::from_fn(|index| memory.0[index].as_ptr() as u64);
    let one = |run| {
        let (args, contents) = program.inputs(run, bases);
        for (region, bytes) in memory.0.iter_mut().zip(contents) {
            region.copy_from_slice(&bytes);
        }
        // SAFETY: generated programs keep to their regions, whose addresses these are, and the helpers do too.
        let outcome = unsafe { image.call(&mut context, 0, &args) };
        (outcome, memory.0.iter().map(|region| region.to_vec()).collect())
    };
    Ok((0..RUNS).map(one).collect())
}
