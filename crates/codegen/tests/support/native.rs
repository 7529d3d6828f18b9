//! Generated programs as machine code: run in this process, and compared with the interpreter.

use tercel_asm::x64::CpuFeatures;
use tercel_codegen::CompiledFunction;
use tercel_codegen::image::{Handlers, link_image};
use tercel_codegen::x64::lower::HELPER_SYMBOLS;
use tercel_ir::generate::{Config, Coverage, Program, REGION_BYTES, TestHost, generate};
use tercel_ir::interp::{Interpreter, Outcome};
use tercel_ir::{FuncId, InstSpec, Module, Op, StackSlot, Type};

/// Inputs that each program is run with.
pub const RUNS: u64 = 2;

/// A generated program that can run as machine code.
pub fn program(seed: u64, config: &Config) -> Program {
    let mut program = generate(seed, config);
    settle_slots(&mut program.module, config.vector_bits);
    program
}

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

/// Gives each stack slot the size of a region and zeros at entry: a slot may be passed where a region is expected.
fn settle_slots(module: &mut Module, bits: u32) {
    for func in module.functions.values_mut() {
        let entry = func.entry();
        for index in 0..func.slots.len() as u32 {
            let slot = StackSlot::from_u32(index);
            func.slots[slot].size = REGION_BYTES as u32;
            let zero = func.make(InstSpec::new(Op::Iconst, Type::I64, &[]));
            let address = func.make(InstSpec::new(Op::SlotAddr, Type::PTR, &[]).imm(index as i64));
            let (mut value, base) = (func.result(zero), func.result(address));
            let wide = Type::I64.vector(bits);
            let splat = wide.map(|ty| func.make(InstSpec::new(Op::Splat, ty, &[value])));
            if let Some(splat) = splat {
                value = func.result(splat);
            }
            let ty = wide.unwrap_or(Type::I64);
            for at in (0..REGION_BYTES as i64).step_by(ty.bytes() as usize) {
                let store = func.make(InstSpec::new(Op::Store, ty, &[base, value]).imm(at));
                func.prepend(entry, store);
            }
            splat.into_iter().for_each(|splat| func.prepend(entry, splat));
            func.prepend(entry, address);
            func.prepend(entry, zero);
        }
    }
}
