//! Random IR functions: the reference interpreter against compiled code.
//!
//! Each program is compiled as it is, with every value kept in memory (`spill-all`), after each pass alone, and after all
//! passes; the allocation checker must accept each, and each must return, trap or exit as the interpreter does and leave
//! the same memory. The report says how often the interpreter executed each op, and in how many programs there are nested
//! loops, spills, calls, and more than 500 ops in the entry function; too little of anything fails.
//!
//! `TERCEL_CODEGEN_ROUNDS` sets the number of programs, `TERCEL_CODEGEN_SEED` the first seed. In full:
//! `TERCEL_CODEGEN_ROUNDS=200000 cargo test --release -p tercel-codegen --test differential -- --nocapture`.

mod support;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use support::optimized;
use tercel_asm::x64::CpuFeatures;
use tercel_codegen::image::{Handlers, link_image};
use tercel_codegen::passes::{Pass, PassSet};
use tercel_codegen::x64::lower::HELPER_SYMBOLS;
use tercel_codegen::{CompiledFunction, Options, compile};
use tercel_ir::generate::{Config, Coverage, Program, REGION_BYTES, TestHost, generate};
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

fn interpret(program: &Program, run: u64, coverage: &mut Coverage) -> Option<Observed> {
    let mut host = TestHost;
    let mut interpreter = Interpreter::new(&program.module, &mut host);
    interpreter.fuel = 3_000_000;
    let args = program.interpreter_inputs(run, &mut interpreter.memory);
    let outcome = interpreter.run(FuncId::from_u32(0), &args);
    coverage.add(&interpreter.op_counts);
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

/// Compiles a module; the allocation checker looks at every function.
fn compiled(module: &Module, options: &Options) -> Result<Vec<CompiledFunction>, String> {
    let one = |func| compile(func, options).map_err(|error| format!("{error}\n{func}"));
    module.functions.values().map(one).collect()
}

fn execute(
    functions: Vec<CompiledFunction>,
    module: &Module,
    program: &Program,
    options: &Options,
) -> Result<Vec<Observed>, String> {
    let signatures = module.functions.values().map(|func| func.signature.clone()).collect();
    let image = link_image(functions, signatures, Handlers::default(), options.cpu, resolve)
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

fn vector_bits(cpu: CpuFeatures) -> u32 {
    let wide = CpuFeatures::AVX512F.with(CpuFeatures::AVX512BW).with(CpuFeatures::AVX512DQ).with(CpuFeatures::AVX512VL);
    if cpu.has(wide) { 512 } else { 256 }
}

/// Inputs that each program is run with.
const RUNS: u64 = 2;

/// How a program is compiled.
#[derive(Clone, Copy)]
enum Mode {
    Plain,
    SpillAll,
    Passes(PassSet),
}

/// Everything that one worker found out.
#[derive(Default)]
struct Part {
    programs: u64,
    compared: u64,
    returned: u64,
    compiled: u64,
    unchanged: u64,
    nested_loops: u64,
    spills: u64,
    calls: u64,
    over_500_ops: u64,
    coverage: Coverage,
}

impl Part {
    fn merge(&mut self, other: &Part) {
        self.programs += other.programs;
        self.compared += other.compared;
        self.returned += other.returned;
        self.compiled += other.compiled;
        self.unchanged += other.unchanged;
        self.nested_loops += other.nested_loops;
        self.spills += other.spills;
        self.calls += other.calls;
        self.over_500_ops += other.over_500_ops;
        self.coverage.merge(&other.coverage);
    }

    /// Compares one program in all modes.
    fn program(&mut self, seed: u64, config: &Config) -> Result<(), String> {
        let mut program = generate(seed, config);
        settle_slots(&mut program.module, config.vector_bits);
        let expected: Vec<Option<Observed>> =
            (0..RUNS).map(|run| interpret(&program, run, &mut self.coverage)).collect();
        if expected.iter().all(Option::is_none) {
            return Ok(());
        }
        self.programs += 1;
        self.nested_loops += program.features.nested_loops as u64;
        self.calls += program.features.calls as u64;
        self.over_500_ops += program.features.over_500_ops as u64;
        let passes = Pass::ALL.iter().map(|&pass| (pass.name(), Mode::Passes(PassSet::only(pass))));
        let modes = [("plain", Mode::Plain), ("spill-all", Mode::SpillAll)].into_iter().chain(passes);
        for (name, mode) in modes.chain([("all passes", Mode::Passes(PassSet::ALL))]) {
            self.mode(&program, mode, &expected).map_err(|error| format!("seed {seed}, {name}: {error}"))?;
        }
        Ok(())
    }

    fn mode(&mut self, program: &Program, mode: Mode, expected: &[Option<Observed>]) -> Result<(), String> {
        let module = match mode {
            Mode::Passes(enabled) => {
                let (module, changed, _) = optimized(&program.module, enabled)?;
                if !changed {
                    // It is the plain program.
                    self.unchanged += 1;
                    return Ok(());
                }
                module
            }
            _ => program.module.clone(),
        };
        let options = Options { spill_all: matches!(mode, Mode::SpillAll), check: true, ..Options::default() };
        let functions = compiled(&module, &options)?;
        self.compiled += functions.len() as u64;
        if matches!(mode, Mode::Plain) {
            self.spills += (functions[0].stats.spilled > 0) as u64;
        }
        let observed = execute(functions, &module, program, &options)?;
        for (run, (outcome, memory)) in observed.into_iter().enumerate() {
            let Some((right, right_memory)) = &expected[run] else { continue };
            if outcome != *right {
                return Err(format!("run {run}: {outcome:?}, not {right:?}\n{module}"));
            }
            for (region, (found, right)) in memory.iter().zip(right_memory).enumerate() {
                if let Some(at) = (0..REGION_BYTES).find(|&at| found[at] != right[at]) {
                    return Err(format!("run {run}: region {region} differs at {at}\n{module}"));
                }
            }
            self.returned += matches!(outcome, Outcome::Return(_)) as u64;
            self.compared += 1;
        }
        Ok(())
    }

    fn report(&self) -> String {
        let mut text = format!(
            "{} programs: {} functions compiled and checked, {} runs compared ({} returned), {} times a pass changed nothing\n",
            self.programs, self.compiled, self.compared, self.returned, self.unchanged
        );
        for (what, count) in self.features() {
            let _ = writeln!(text, "    with {what}: {:.1} %", count as f64 * 100.0 / self.programs as f64);
        }
        let counts = Op::ALL.iter().filter(|&&op| op < Op::JsConst).map(|&op| (self.coverage.count(op), op));
        let mut counts: Vec<(u64, Op)> = counts.collect();
        counts.sort_unstable();
        let _ = writeln!(text, "    executions of each of {} ops, the rarest first:", counts.len());
        for row in counts.chunks(6) {
            let row: Vec<String> = row.iter().map(|(count, op)| format!("{} {count}", op.name())).collect();
            let _ = writeln!(text, "        {}", row.join(", "));
        }
        text
    }

    fn features(&self) -> [(&'static str, u64); 4] {
        [
            ("nested loops", self.nested_loops),
            ("spills", self.spills),
            ("calls", self.calls),
            ("over 500 ops", self.over_500_ops),
        ]
    }
}

#[test]
fn compiled_code_does_what_the_interpreter_does() {
    let bits = setting("TERCEL_CODEGEN_VECTORS", vector_bits(CpuFeatures::detect()) as u64) as u32;
    let config = Config { vector_bits: bits, ..Config::default() };
    let (first, rounds) = (setting("TERCEL_CODEGEN_SEED", 0), setting("TERCEL_CODEGEN_ROUNDS", 600));
    let next = AtomicU64::new(first);
    let work = || {
        let mut part = Part::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + rounds {
                return Ok(part);
            }
            if std::env::var_os("TERCEL_TRACE").is_some() {
                eprintln!("{seed}");
            }
            if seed > first && (seed - first).is_multiple_of(10_000) {
                println!("{} programs begun", seed - first);
            }
            if let Err(error) = part.program(seed, &config) {
                // The others need not go on.
                next.store(first + rounds, Ordering::Relaxed);
                return Err(error);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let mut all = Part::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join().expect("compiling does not panic") {
                Ok(part) => all.merge(&part),
                Err(error) => panic!("{error}"),
            }
        }
    });
    print!("{}", all.report());
    assert!(all.returned * 2 > all.compared, "only {} of {} runs return", all.returned, all.compared);
    assert!(all.programs * 10 >= rounds * 9, "too many programs run too long");
    for (what, count) in all.features() {
        assert!(count * 3 >= all.programs, "only {count} of {} programs have {what}", all.programs);
    }
    // Narrower machines have no programs with the widest vectors, but every op has narrower forms.
    let rare = all.coverage.below(1_000 * rounds / 200_000);
    assert!(rare.is_empty(), "ops executed too seldom: {rare:?}");
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
