//! Tercel's code generator: passes over the IR, instruction selection, linear scan, emission; and the stack-bytecode JIT.
//!
//! The way of a function:
//!
//! ```text
//! ir::Function ─ passes ─ x64::lower ─ regalloc ─ (checker) ─ x64::emit ─ CompiledFunction ─ image (or the engine's code space)
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`Compiler`] | all of it in one context, which is used again |
//! | [`passes`] | the machine-independent optimizer |
//! | [`lir`] | machine instructions over virtual registers; positions |
//! | [`x64`] | the target: conventions, machine ops, instruction selection, emission |
//! | [`regalloc`] | linear scan, parallel moves, the symbolic checker |
//! | [`clock`] | what stages are timed with |
//! | [`seeded`] | faults to switch on, so that tests can show that they would be caught |
//! | [`runtime`] | what compiled code expects to find while it runs |
//! | [`image`] | compiled functions linked into executable memory, and calls into them |
//! | [`stackvm`] | a small JIT for a stack bytecode, on all of this |

pub mod clock;
pub mod image;
pub mod lir;
pub mod passes;
pub mod regalloc;
pub mod runtime;
pub mod seeded;
pub mod stackvm;
pub mod x64;

use std::fmt;
use std::time::Duration;
use tercel_asm::AsmError;
use tercel_asm::x64::CpuFeatures;
use tercel_ir::{Function, Scratch};

pub use x64::emit::{CompiledFunction, ExitFrame, Place, Site, SiteKind};

/// How to compile.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the processor can do; code generation needs x86-64-v3.
    pub cpu: CpuFeatures,
    /// Keep every value in memory between instructions (a mode for tests).
    pub spill_all: bool,
    /// Run the allocation checker; on by default in debug builds.
    pub check: bool,
    /// Make the frame only on the ways that need one ([`regalloc::frame`]).
    pub shrink_wrap: bool,
    /// Compare the stack pointer with the context's limit where a frame is made.
    pub stack_check: bool,
    /// Address of the context, for functions with the System V convention: they are not given one.
    pub context: u64,
    /// What stages are timed with.
    pub clock: clock::Clock,
    /// A fault to inject, so that tests can show that it is caught.
    pub fault: Option<Fault>,
}

/// Faults against the calling convention that can be injected, for tests that show the damage. What is wrong with passes,
/// allocation and emission is seeded otherwise, see [`seeded`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A function with the System V convention does not save the registers that it must.
    ForgetCalleeSaved,
    /// The stack is misaligned by eight bytes at calls.
    MisalignStack,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cpu: CpuFeatures::detect(),
            spill_all: false,
            check: cfg!(debug_assertions),
            shrink_wrap: true,
            stack_check: true,
            context: 0,
            clock: clock::wall,
            fault: None,
        }
    }
}

/// What the stages of [`compile`] took, the checker apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageTimes {
    /// Instruction selection.
    pub lower: Duration,
    /// Register allocation.
    pub allocate: Duration,
    /// Emission.
    pub emit: Duration,
}

/// Why there is no code.
#[derive(Clone, Debug, PartialEq)]
pub enum CodegenError {
    /// The processor lacks a feature that code generation needs.
    Cpu(&'static str),
    /// Something that this compiler does not do.
    Unsupported(&'static str),
    /// An instruction needs more registers than there are.
    Registers(regalloc::AllocError),
    /// The checker rejects the allocation: a bug in the allocator.
    Check(regalloc::checker::CheckError),
    /// The assembler's error.
    Asm(AsmError),
}

impl fmt::Display for CodegenError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            CodegenError::Cpu(what) => write!(f, "the processor has no {what}"),
            CodegenError::Unsupported(what) => write!(f, "not supported: {what}"),
            CodegenError::Registers(error) => error.fmt(f),
            CodegenError::Check(error) => error.fmt(f),
            CodegenError::Asm(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CodegenError {}

impl From<AsmError> for CodegenError {
    fn from(error: AsmError) -> CodegenError {
        CodegenError::Asm(error)
    }
}

/// Processor features that generated code may use without asking: x86-64-v3.
const BASELINE: &[(&str, CpuFeatures)] = &[
    ("SSE4.2", CpuFeatures::SSE42),
    ("POPCNT", CpuFeatures::POPCNT),
    ("LZCNT", CpuFeatures::LZCNT),
    ("BMI1", CpuFeatures::BMI1),
    ("BMI2", CpuFeatures::BMI2),
    ("AVX2", CpuFeatures::AVX2),
];

/// A compilation context: what compilations leave to the next one, their storage. A thread that compiles has one.
///
/// Code does not depend on it: a context may be used for any functions in any order.
#[derive(Debug)]
pub struct Compiler {
    scratch: Scratch,
    bound: usize,
}

impl Default for Compiler {
    fn default() -> Compiler {
        Compiler::with_bound(Compiler::BOUND)
    }
}

impl Compiler {
    /// Bytes that a context keeps at most between compilations, unless it is told otherwise: what a function of 100,000 ops takes.
    pub const BOUND: usize = 64 << 20;

    /// A new context, which keeps nothing yet.
    pub fn new() -> Compiler {
        Compiler::default()
    }

    /// A context that keeps at most `bound` bytes.
    pub fn with_bound(bound: usize) -> Compiler {
        Compiler { scratch: Scratch::new(), bound }
    }

    /// Returns what is kept to the system: for a thread that will not compile for a while.
    pub fn release(&mut self) {
        self.scratch = Scratch::new();
    }

    /// The bytes that are kept.
    pub fn kept(&self) -> usize {
        self.scratch.bytes()
    }

    /// Optimizes a function: see [`passes::optimize`].
    ///
    /// # Errors
    /// Those of [`passes::optimize`].
    pub fn optimize(
        &mut self,
        func: &mut Function,
        options: &passes::Options,
        observer: Option<&mut dyn passes::Observer>,
    ) -> Result<passes::Statistics, passes::PassError> {
        let result = passes::optimize_in(func, options, observer, &mut self.scratch);
        self.scratch.trim(self.bound);
        result
    }

    /// Compiles one function. It must be valid ([`tercel_ir::verifier::verify`]) and free of ops of the `js` level.
    ///
    /// # Errors
    /// What the processor or this compiler cannot do; nothing else, for valid functions.
    pub fn compile(&mut self, func: &Function, options: &Options) -> Result<CompiledFunction, CodegenError> {
        if let Some((name, _)) = BASELINE.iter().find(|(_, feature)| !options.cpu.has(*feature)) {
            return Err(CodegenError::Cpu(name));
        }
        let scratch = &mut self.scratch;
        let clock = options.clock;
        let start = clock();
        let lowered = x64::lower::lower(func, options, scratch)?;
        let lower = clock() - start;
        let env = regalloc::Env {
            int: x64::abi::ALLOCATABLE_INT.to_vec(),
            float: x64::abi::allocatable_float(),
            spill_all: options.spill_all,
            shrink_wrap: options.shrink_wrap,
            preserved: x64::abi::preserved(func.signature.conv),
        };
        let start = clock();
        let allocation = regalloc::allocate(&lowered.code, &env, scratch).map_err(CodegenError::Registers)?;
        let allocate = clock() - start;
        if options.check {
            regalloc::checker::check(&lowered.code, &env, &allocation).map_err(CodegenError::Check)?;
        }
        let start = clock();
        let mut compiled = x64::emit::emit(func, &lowered, &allocation, options, scratch)?;
        lowered.give(scratch);
        allocation.give(scratch);
        scratch.trim(self.bound);
        compiled.times = StageTimes { lower, allocate, emit: clock() - start };
        Ok(compiled)
    }
}

/// Compiles one function in a context of its own: see [`Compiler::compile`].
///
/// # Errors
/// Those of [`Compiler::compile`].
pub fn compile(func: &Function, options: &Options) -> Result<CompiledFunction, CodegenError> {
    Compiler::new().compile(func, options)
}
