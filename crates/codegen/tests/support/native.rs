//! Generated programs as machine code: run in this process, and compared with the interpreter.

use tercel_asm::x64::CpuFeatures;
use tercel_codegen::CompiledFunction;
use tercel_codegen::image::{Handlers, link_image};
use tercel_codegen::x64::lower::HELPER_SYMBOLS;
use tercel_ir::builder::remove_trivial_params;
use tercel_ir::cfg::Cfg;
use tercel_ir::generate::{Config, Coverage, Program, REGION_BYTES, TestHost, generate};
use tercel_ir::interp::{Interpreter, Outcome};
use tercel_ir::{FuncId, InstSpec, Module, Op, Type, Value};

/// Inputs that each program is run with.
pub const RUNS: u64 = 2;

/// A generated program, some of whose functions have quick ways out.
pub fn program(seed: u64, config: &Config) -> Program {
    let mut program = generate(seed, config);
    add_quick_ways(&mut program.module, seed);
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

/// Gives functions a way out that needs no frame, taken for a quarter of the values of an argument: what was generated has stack
/// slots at its entry, so that otherwise no frame would ever be made further inside. In half of the functions the quick way
/// meets the others again, and a value of the entry is needed after that.
fn add_quick_ways(module: &mut Module, seed: u64) {
    for (index, func) in module.functions.values_mut().enumerate() {
        let choice = (seed + index as u64) % 4;
        let types = func.signature.params.clone();
        let returns = func.signature.returns.clone();
        let Some(tested) = types.iter().position(|&ty| ty == Type::I64 || ty == Type::I32) else { continue };
        let has_value = |ty: &Type| types.contains(ty) || matches!(*ty, Type::I64 | Type::I32 | Type::F64);
        if choice == 0 || !returns.iter().all(has_value) {
            continue;
        }
        let start = func.entry();
        let body = func.blocks().to_vec();
        let [entry, quick, join] = std::array::from_fn(|_| func.add_block());
        let params: Vec<Value> = types.iter().map(|&ty| func.add_param(entry, ty)).collect();
        let three = func.make(InstSpec::new(Op::Iconst, types[tested], &[]).imm(3));
        let test = func.make(InstSpec::new(Op::Band, types[tested], &[params[tested], func.result(three)]));
        func.append(entry, three);
        func.append(entry, test);
        let branch = func.make_terminator(Op::Branch, &[func.result(test)], &[(start, &params), (quick, &[])]);
        func.append(entry, branch);
        let mut results = Vec::new();
        for &ty in &returns {
            results.push(match types.iter().position(|&param| param == ty) {
                // Which NaN an argument is may differ; as generated returns do, this one says that it is a NaN and no more.
                Some(at) if ty.has_float_lanes() => {
                    let canonical = func.make(InstSpec::new(Op::Fcanon, ty, &[params[at]]));
                    func.append(quick, canonical);
                    func.result(canonical)
                }
                Some(at) => params[at],
                None => {
                    let op = if ty == Type::F64 { Op::Fconst } else { Op::Iconst };
                    let constant = func.make(InstSpec::new(op, ty, &[]).imm(0));
                    func.append(quick, constant);
                    func.result(constant)
                }
            });
        }
        let mut order = vec![entry];
        order.extend(&body);
        order.push(quick);
        if choice == 1 {
            let back = func.make(InstSpec::new(Op::Return, Type::VOID, &results));
            func.append(quick, back);
        } else {
            let jump = func.make_terminator(Op::Jump, &[], &[(join, &results)]);
            func.append(quick, jump);
            for &block in &body {
                let Some(end) = func.last_inst(block).filter(|&end| func.inst(end).op == Op::Return) else { continue };
                let values = func.args(end).to_vec();
                func.remove(end);
                let jump = func.make_terminator(Op::Jump, &[], &[(join, &values)]);
                func.append(block, jump);
            }
            let mut values: Vec<Value> = returns.iter().map(|&ty| func.add_param(join, ty)).collect();
            for (value, &ty) in values.iter_mut().zip(&returns).filter(|row| *row.1 == types[tested]) {
                let both = func.make(InstSpec::new(Op::Bxor, ty, &[*value, params[tested]]));
                func.append(join, both);
                *value = func.result(both);
            }
            let back = func.make(InstSpec::new(Op::Return, Type::VOID, &values));
            func.append(join, back);
            order.push(join);
        }
        func.set_layout(order);
        // So that the body uses values that are defined before there is a frame.
        remove_trivial_params(func, &Cfg::compute(func));
    }
}
