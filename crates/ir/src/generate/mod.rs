//! Random IR: well-typed functions that terminate, for differential tests of passes, register allocation and emission.
//!
//! A generated [`Program`] is a module whose function 0 is entered with fixed parameters ([`entry_signature`]): three
//! addresses of memory regions and a few numbers. It has nested loops, calls, recursion, tail positions, memory traffic,
//! switches, guards, an occasional cycle with two entries, and every machine op of the table with every type it admits.
//!
//! What makes it useful for testing:
//! * **Everything matters.** Most values are folded into an accumulator that the function returns, so a wrong result anywhere
//!   shows. A few values are left dead, for dead-code elimination to find.
//! * **There is something to optimize.** Expressions repeat, operands are constants or loop-invariant, checks are redundant,
//!   induction variables are multiplied, stores are overwritten, arms of branches are small, calls are in tail position.
//! * **Runs are deterministic.** Addresses are never observed (a harness may put the regions wherever it likes, at 64-byte
//!   alignment, without overlap); NaNs are canonicalised before their bits can be seen; accesses stay inside their regions
//!   and keep to the promises of their alias classes; slots are written before they are read.
//! * **Runs are short.** Loops are bounded by small counts; trapping operands are tamed, so that most runs get to the end.
//! * **All functions are alike.** Entry and callees are drawn from the same sizes, so what a third of functions is to have
//!   (nested loops, calls, over 500 instructions) does not depend on which of them are counted.

mod access;
mod accumulate;
mod body;
mod control;
mod idioms;
mod ops;
mod rng;

pub use rng::Rng;

use crate::function::*;
use crate::interp::{Datum, Host, Memory};
use crate::ops::Op;
use crate::types::Type;

/// What a program may contain.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Widest vectors in bits: 0 (none), 128, 256 or 512.
    pub vector_bits: u32,
    /// Whether there are guards and exits with frame states.
    pub guards: bool,
    /// Whether functions call each other.
    pub calls: bool,
    /// Whether there are calls of the helpers that [`TestHost`] serves.
    pub host_calls: bool,
    /// Least number of instructions in the entry function, roughly; 0 for a random size. (Of all functions, more than a third have
    /// over 500.)
    pub min_ops: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config { vector_bits: 512, guards: true, calls: true, host_calls: true, min_ops: 0 }
    }
}

/// What a function turned out to contain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// A loop inside a loop.
    pub nested_loops: bool,
    /// A call.
    pub calls: bool,
    /// More than 500 instructions.
    pub over_500_ops: bool,
}

impl Features {
    fn of(func: &Function, nested_loops: bool) -> Features {
        let ops = [Op::Call, Op::CallIndirect, Op::TailCall, Op::TailCallIndirect];
        let is_call = |inst| ops.contains(&func.inst(inst).op);
        let calls = func.blocks().iter().any(|&block| func.insts(block).any(is_call));
        Features { nested_loops, calls, over_500_ops: func.inst_count() > 500 }
    }
}

/// A generated module with inputs for its function 0.
#[derive(Clone, Debug)]
pub struct Program {
    /// The functions.
    pub module: Module,
    /// The seed that it was made from.
    pub seed: u64,
    /// What is in each function.
    pub features: Vec<Features>,
}

/// Size in bytes of each of the three memory regions.
pub const REGION_BYTES: usize = 256;
/// Addresses of the regions in the reference interpreter.
pub const REGION_BASES: [u64; 3] = [0x10_0000, 0x20_0000, 0x30_0000];

/// Parameters of function 0: regions (class 1, class 2, read-only class 3), numbers; it returns an `i64` and an `f64`.
pub fn entry_signature() -> Signature {
    use Type as T;
    Signature::new(&[T::PTR, T::PTR, T::PTR, T::I64, T::I32, T::F64, T::F32, T::I64], &[T::I64, T::F64])
}

/// Makes a program. The same seed and configuration make the same program.
pub fn generate(seed: u64, config: &Config) -> Program {
    let mut rng = Rng::new(seed);
    let target = match config.min_ops {
        0 => random_size(&mut rng),
        least => least,
    };
    let count = if config.calls { rng.range(1, 4) } else { 0 };
    let callees: Vec<body::Callee> = (0..count)
        .map(|_| {
            let signature = body::callee_signature(&mut rng);
            let accumulates = matches!(signature.returns[..], [ty] if ty.is_int()) && rng.chance(60);
            body::Callee { signature, target: random_size(&mut rng), accumulates }
        })
        .collect();
    let context = body::Context { config, callees: &callees };
    let (mut module, mut features) = (Module::new(), Vec::new());
    for index in 0..=callees.len() {
        let (function, has_nested) = match index {
            0 => body::entry(&context, &mut rng, entry_signature(), target),
            _ => body::callee(&context, &mut rng, index),
        };
        features.push(Features::of(&function, has_nested));
        module.add(function);
    }
    Program { module, seed, features }
}

/// Instructions of a function before its end, which looks at all that was computed and is about as long.
fn random_size(rng: &mut Rng) -> usize {
    if rng.chance(46) { rng.range(300, 560) } else { rng.range(10, 120) }
}

impl Program {
    /// Arguments and initial memory regions of run number `run`, for the given addresses of the regions.
    pub fn inputs(&self, run: u64, bases: [u64; 3]) -> (Vec<Datum>, [Vec<u8>; 3]) {
        let mut rng = Rng::new(self.seed ^ run.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
        let mut args: Vec<Datum> = bases.map(Datum::ptr).to_vec();
        args.push(Datum::i64(rng.interesting_int(Type::I64)));
        args.push(Datum::scalar(Type::I32, rng.interesting_int(Type::I32) as u64));
        args.push(Datum::scalar(Type::F64, rng.interesting_float(Type::F64)));
        args.push(Datum::scalar(Type::F32, rng.interesting_float(Type::F32)));
        args.push(Datum::i64(rng.range(0, 12) as i64));
        let regions = [(); 3].map(|()| (0..REGION_BYTES).map(|_| rng.next() as u8).collect());
        (args, regions)
    }

    /// The same with the addresses and memory that the reference interpreter uses.
    pub fn interpreter_inputs(&self, run: u64, memory: &mut Memory) -> Vec<Datum> {
        let (args, regions) = self.inputs(run, REGION_BASES);
        for (base, bytes) in REGION_BASES.into_iter().zip(regions) {
            memory.map(base, bytes);
        }
        args
    }
}

/// The helpers that generated programs call.
///
/// | helper | signature | does |
/// |---|---|---|
/// | 0 | `(i64, i64) -> i64` | [`TestHost::mix`]; declared without effects |
/// | 1 | `(ptr, i64) -> i64` | adds the number to the `i64` at the address and returns the old one; reads and writes |
#[derive(Debug, Default)]
pub struct TestHost;

impl TestHost {
    /// Helper 0.
    pub extern "C" fn mix(a: i64, b: i64) -> i64 {
        a.rotate_left(17).wrapping_mul(0x9e37_79b1).wrapping_add(b ^ 0x55)
    }
}

impl Host for TestHost {
    fn call(
        &mut self,
        callee: &FuncRefData,
        _: &[Type],
        args: &[Datum],
        memory: &mut Memory,
    ) -> Result<Vec<Datum>, crate::eval::Stop> {
        let arg = |index: usize| args[index].words[0] as i64;
        match callee.target {
            CallTarget::Helper(crate::HelperId(0)) => Ok(vec![Datum::i64(TestHost::mix(arg(0), arg(1)))]),
            _ => {
                let mut word = [0];
                memory.read(args[0].words[0], 8, &mut word).map_err(crate::eval::Stop::Trap)?;
                let sum = (word[0] as i64).wrapping_add(arg(1));
                memory.write(args[0].words[0], 8, &[sum as u64]).map_err(crate::eval::Stop::Trap)?;
                Ok(vec![Datum::i64(word[0] as i64)])
            }
        }
    }

    fn js(&mut self, _: &InstData, _: &[Datum], _: &mut Memory) -> Result<Option<Datum>, crate::eval::Stop> {
        Err(crate::eval::Stop::Trap(crate::TrapCode::Unreachable))
    }
}

/// How often each op was executed, summed over many runs.
#[derive(Clone, Debug)]
pub struct Coverage {
    counts: Vec<u64>,
}

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage { counts: vec![0; Op::ALL.len()] }
    }
}

impl Coverage {
    /// Adds the counts of a run.
    pub fn add(&mut self, counts: &[u64]) {
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum += count;
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Coverage) {
        self.add(&other.counts);
    }

    /// How often an op was executed.
    pub fn count(&self, op: Op) -> u64 {
        self.counts[op as usize]
    }

    /// The machine ops that were executed less than `least` times, with their counts.
    pub fn below(&self, least: u64) -> Vec<(Op, u64)> {
        let machine = Op::ALL.iter().copied().filter(|&op| op < Op::JsConst);
        machine.map(|op| (op, self.count(op))).filter(|&(_, count)| count < least).collect()
    }
}

#[cfg(test)]
mod tests;
