//! A small JIT that anyone can use: a stack bytecode over 64-bit values, compiled to x86-64 in one of two ways.
//!
//! * [`Mode::Template`]: each instruction becomes a fixed sequence of machine code that works on the machine stack. Compiling
//!   costs next to nothing; the code does what an interpreter does, less its dispatch.
//! * [`Mode::Optimized`] (the default): the bytecode becomes SSA, goes through the optimizer and the register allocator.
//!
//! Both give the same results and the same errors. Bytecode is verified before anything is generated from it.
//!
//! ```
//! use tercel_codegen::stackvm::{Function, Instruction, JitCompiler, Opcode, Value};
//!
//! let mut jit = JitCompiler::new();
//! let double = Function::new("double", 1, 1, vec![
//!     Instruction::new(Opcode::LoadLocal, 0),
//!     Instruction::new(Opcode::LoadConst, 2),
//!     Instruction::new(Opcode::Mul, 0),
//!     Instruction::new(Opcode::Return, 0),
//! ]);
//! # if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
//! jit.compile(&double)?;
//! assert_eq!(jit.call("double", &[Value::Int(21)])?, Value::Int(42));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Values
//! A value is 64 bits without a tag; instructions decide how to read them: as an `i64` (arithmetic wraps), as the bits of an
//! `f64`, or as a reference to an array. Array references are checked wherever they are used, so that no number can be
//! mistaken for one.
//!
//! # Errors
//! Bad bytecode is a [`CompileError`] that names the instruction. At run time division by zero, `i64::MIN / -1`, an index
//! outside an array, what is no array, and exhaustion of the stack end the call with a [`RunError`].

mod arrays;
mod optimized;
mod template;
mod verify;

pub use arrays::Arrays;
pub use verify::{Callee, MAX_ARGS, Unit};

use crate::image::{Handlers, Image, link_image};
use crate::runtime::Context;
use crate::{CodegenError, Options};
use rustc_hash::FxHashMap;
use std::cell::{RefCell, UnsafeCell};
use std::fmt;
use tercel_ir::{Signature, TrapCode, Type};

macro_rules! opcodes {
    ($($(#[doc = $doc:literal])+ $name:ident ($pops:literal -> $pushes:literal);)+) => {
        /// An operation. What it takes from the stack is said with the topmost value last.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Opcode { $($(#[doc = $doc])+ $name),+ }

        impl Opcode {
            /// All operations, by code.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$name),+];

            /// How many values it pops and pushes; calls pop their arguments besides.
            pub fn stack_effect(self) -> (usize, usize) {
                match self { $(Opcode::$name => ($pops, $pushes)),+ }
            }
        }
    };
}

opcodes! {
    /// Pushes the operand, sign-extended.
    LoadConst (0 -> 1);
    /// Pushes local number `operand`. Parameters are the first locals; the others begin as 0.
    LoadLocal (0 -> 1);
    /// Pops into local number `operand`.
    StoreLocal (1 -> 0);
    /// Pops a, b; pushes a + b, wrapping.
    Add (2 -> 1);
    /// Pops a, b; pushes a - b, wrapping.
    Sub (2 -> 1);
    /// Pops a, b; pushes a * b, wrapping.
    Mul (2 -> 1);
    /// Pops a, b; pushes a / b towards zero. Errors for b = 0 and for `i64::MIN / -1`.
    Div (2 -> 1);
    /// Goes to instruction number `operand`.
    Jump (0 -> 0);
    /// Pops a value; goes to instruction number `operand` if it is 0.
    JumpIfFalse (1 -> 0);
    /// Calls: `operand` is `callee << 8 | count`. Callee 0 is the function itself, callee n its n-th name in
    /// [`Function::callees`]. Pops `count` arguments, the last one topmost; pushes the result.
    Call (0 -> 1);
    /// Pops the result and returns it.
    Return (1 -> 0);
    /// Pops a, b; pushes 1 if a = b, else 0.
    Equal (2 -> 1);
    /// Pops a, b; pushes 1 if a < b (signed), else 0.
    LessThan (2 -> 1);
    /// Pops a, b; pushes 1 if a > b (signed), else 0.
    GreaterThan (2 -> 1);
    /// Pops a, b; pushes the remainder with the sign of a. An error for b = 0; `i64::MIN % -1` is 0.
    Rem (2 -> 1);
    /// Pops a; pushes -a, wrapping.
    Neg (1 -> 1);
    /// Pops a, b; pushes a & b.
    And (2 -> 1);
    /// Pops a, b; pushes a | b.
    Or (2 -> 1);
    /// Pops a, b; pushes a ^ b.
    Xor (2 -> 1);
    /// Pops a, b; pushes a << (b mod 64).
    Shl (2 -> 1);
    /// Pops a, b; pushes a >> (b mod 64), bringing in the sign.
    Shr (2 -> 1);
    /// Pops a value and drops it.
    Pop (1 -> 0);
    /// Pushes the topmost value once more.
    Dup (1 -> 2);
    /// Exchanges the two topmost values.
    Swap (2 -> 2);
    /// Pushes entry number `operand` of [`Function::constants`].
    LoadPool (0 -> 1);
    /// Pops floats a, b; pushes a + b.
    FAdd (2 -> 1);
    /// Pops floats a, b; pushes a - b.
    FSub (2 -> 1);
    /// Pops floats a, b; pushes a * b.
    FMul (2 -> 1);
    /// Pops floats a, b; pushes a / b.
    FDiv (2 -> 1);
    /// Pops floats a, b; pushes 1 if a < b, else 0.
    FLessThan (2 -> 1);
    /// Pops floats a, b; pushes 1 if a = b, else 0.
    FEqual (2 -> 1);
    /// Pops an integer; pushes it as a float.
    IntToFloat (1 -> 1);
    /// Pops a float; pushes it as an integer, towards zero, saturating; NaN gives 0.
    FloatToInt (1 -> 1);
    /// Pops a length; pushes a new array of zeros. An error for a length below 0 or above [`Arrays::MAX_LENGTH`].
    NewArray (1 -> 1);
    /// Pops an array; pushes its length.
    ArrayLength (1 -> 1);
    /// Pops an array and an index; pushes the element.
    ArrayGet (2 -> 1);
    /// Pops an array, an index and a value; writes the element.
    ArraySet (3 -> 0);
}

/// An instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// What it does.
    pub opcode: Opcode,
    /// What the opcode says: a value, a local, a target, a callee; 0 where it says nothing.
    pub operand: i32,
}

impl Instruction {
    /// An instruction.
    pub const fn new(opcode: Opcode, operand: i32) -> Instruction {
        Instruction { opcode, operand }
    }

    /// The operand of a call.
    pub const fn call(callee: u32, count: u32) -> Instruction {
        Instruction::new(Opcode::Call, (callee << 8 | count & 0xff) as i32)
    }
}

/// A constant of a function's table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Value {
    /// Its 64 bits.
    pub fn bits(self) -> i64 {
        match self {
            Value::Int(value) => value,
            Value::Float(value) => value.to_bits() as i64,
        }
    }

    /// As an integer: the bits of a float.
    pub fn as_int(self) -> i64 {
        self.bits()
    }

    /// As a float: the bits of an integer.
    pub fn as_float(self) -> f64 {
        f64::from_bits(self.bits() as u64)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Float(value)
    }
}

/// A function in bytecode.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its instructions.
    pub bytecode: Vec<Instruction>,
    /// How many locals there are, parameters included.
    pub num_locals: usize,
    /// How many parameters there are.
    pub num_params: usize,
    /// What `LoadPool` pushes.
    pub constants: Vec<Value>,
    /// Names of callees: functions compiled before, host functions.
    pub callees: Vec<String>,
}

impl Function {
    /// A function without constants and callees.
    pub fn new(name: &str, num_params: usize, num_locals: usize, bytecode: Vec<Instruction>) -> Function {
        Function { name: name.to_string(), bytecode, num_locals, num_params, ..Function::default() }
    }
}

/// Why a function was not compiled.
#[derive(Clone, PartialEq, Debug)]
pub enum CompileError {
    /// The way of compiling does not know the opcode, on this processor.
    UnsupportedOpcode(Opcode),
    /// The bytecode breaks a rule.
    BadBytecode {
        /// Number of the instruction; the length of the bytecode if its end is the fault.
        at: usize,
        /// What is wrong there.
        what: BadBytecode,
    },
    /// More parameters, locals or results than a call can carry.
    Signature(&'static str),
    /// Code space is used up, or executable memory is refused. What was compiled before runs on.
    Code(CodegenError),
}

/// A rule of bytecode that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadBytecode {
    /// A jump leads outside the function.
    JumpOutside,
    /// The stack has fewer values than the instruction pops.
    StackUnderflow,
    /// Two ways to the instruction leave different numbers of values on the stack.
    StackMismatch,
    /// There is no such local.
    UnknownLocal,
    /// There is no such callee.
    UnknownCallee,
    /// The callee has another number of parameters.
    ArgumentCount,
    /// There is no such constant.
    UnknownConstant,
    /// Execution can run past the last instruction.
    NoReturn,
}

impl fmt::Display for BadBytecode {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            BadBytecode::JumpOutside => "the jump leads outside the function",
            BadBytecode::StackUnderflow => "the stack has too few values",
            BadBytecode::StackMismatch => "the stack has different heights on two ways here",
            BadBytecode::UnknownLocal => "there is no such local",
            BadBytecode::UnknownCallee => "there is no such callee",
            BadBytecode::ArgumentCount => "the callee takes another number of arguments",
            BadBytecode::UnknownConstant => "there is no such constant",
            BadBytecode::NoReturn => "execution can run past the end",
        })
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            CompileError::UnsupportedOpcode(op) => write!(f, "{op:?} is not supported"),
            CompileError::BadBytecode { at, what } => write!(f, "instruction {at}: {what}"),
            CompileError::Signature(what) => f.write_str(what),
            CompileError::Code(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CompileError {}

/// Why a call has no result.
#[derive(Clone, PartialEq, Debug)]
pub enum RunError {
    /// No function has this name.
    UnknownFunction(String),
    /// The function takes another number of arguments.
    ArgumentCount {
        /// What it takes.
        expected: usize,
        /// What it was given.
        given: usize,
    },
    /// Division or remainder by zero.
    DivisionByZero,
    /// `i64::MIN / -1`.
    Overflow,
    /// The stack is used up.
    StackOverflow,
    /// An index outside its array, a length that no array can have, or a value that is no array.
    OutOfBounds,
    /// Anything else: compiled bytecode does not do this.
    Trap(TrapCode),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            RunError::UnknownFunction(name) => write!(f, "there is no function {name}"),
            RunError::ArgumentCount { expected, given } => write!(f, "{given} arguments where {expected} are needed"),
            RunError::DivisionByZero => f.write_str("division by zero"),
            RunError::Overflow => f.write_str("integer overflow in a division"),
            RunError::StackOverflow => f.write_str("stack overflow"),
            RunError::OutOfBounds => f.write_str("array index out of range"),
            RunError::Trap(code) => write!(f, "trap: {code}"),
        }
    }
}

impl std::error::Error for RunError {}

impl RunError {
    fn of(trap: u32) -> RunError {
        match TrapCode::from_code(trap as u16) {
            TrapCode::DivideByZero => RunError::DivisionByZero,
            TrapCode::Overflow => RunError::Overflow,
            TrapCode::StackOverflow => RunError::StackOverflow,
            TrapCode::OutOfBounds => RunError::OutOfBounds,
            code => RunError::Trap(code),
        }
    }
}

/// How bytecode is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// A fixed sequence an instruction, on the machine stack.
    Template,
    /// SSA, passes, linear scan.
    #[default]
    Optimized,
}

/// A function of the host, called with pointers to as many arguments as it was registered with.
pub type HostFunction = fn(&[i64]) -> i64;

/// Compiles functions and runs them. Recompiling a name replaces the function for later calls from outside; functions that were
/// compiled against the old one go on calling that.
pub struct JitCompiler {
    mode: Mode,
    options: Options,
    /// How many bytes of code there may be.
    code_limit: usize,
    code_used: usize,
    compiled: Vec<Compiled>,
    names: FxHashMap<String, verify::Callable>,
    context: RefCell<Box<Context>>,
    /// In a box of its own: compiled code holds its address.
    arrays: Box<UnsafeCell<Arrays>>,
}

struct Compiled {
    image: Image,
    num_params: usize,
    code: Vec<u8>,
}

impl fmt::Debug for JitCompiler {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("JitCompiler").field("mode", &self.mode).field("functions", &self.compiled.len()).finish()
    }
}

impl Default for JitCompiler {
    fn default() -> JitCompiler {
        JitCompiler::new()
    }
}

/// What compiled code calls to reach a host function.
unsafe extern "C" fn call_host(function: u64, args: *const i64, count: u64) -> i64 {
    // SAFETY: the address comes from `register`, which was given a function pointer of this type.
    let function: HostFunction = unsafe { std::mem::transmute(function) };
    // SAFETY: compiled code has just stored `count` arguments there, in its own frame.
    let args = unsafe { std::slice::from_raw_parts(args, count as usize) };
    // A panic must not unwind through compiled code; the host's value is then 0.
    std::panic::catch_unwind(|| function(args)).unwrap_or(0)
}

impl JitCompiler {
    /// A compiler in the default mode.
    pub fn new() -> JitCompiler {
        JitCompiler::with_mode(Mode::default())
    }

    /// A compiler in a mode.
    pub fn with_mode(mode: Mode) -> JitCompiler {
        JitCompiler {
            mode,
            options: Options::default(),
            code_limit: 64 << 20,
            code_used: 0,
            compiled: Vec::new(),
            names: FxHashMap::default(),
            context: RefCell::default(),
            arrays: Box::default(),
        }
    }

    /// Limits the machine code that may be made, in bytes. A function that does not fit is an error; the others stay.
    pub fn set_code_limit(&mut self, bytes: usize) {
        self.code_limit = bytes;
    }

    /// How code is generated; a fault to inject, for tests.
    pub fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// The arrays that running code made. They live as long as the compiler.
    pub fn arrays(&mut self) -> &mut Arrays {
        self.arrays.get_mut()
    }

    /// Makes a host function callable by name.
    pub fn register(&mut self, name: &str, num_params: usize, function: HostFunction) {
        let callable = verify::Callable { num_params, target: verify::Target::Host(function as usize as u64) };
        self.names.insert(name.to_string(), callable);
    }

    /// Compiles a function.
    ///
    /// # Errors
    /// Bad bytecode, or no room for code. What was compiled before stays as it is.
    pub fn compile(&mut self, function: &Function) -> Result<(), CompileError> {
        let unit = verify::verify(function, &self.names)?;
        let arrays: *mut Arrays = self.arrays.get();
        let (compiled, signature) = match self.mode {
            Mode::Template => template::compile(&unit, arrays as u64)?,
            Mode::Optimized => optimized::compile(&unit, arrays as u64, &self.options)?,
        };
        let code = compiled.assembly.code[..compiled.assembly.code_len as usize].to_vec();
        let size = compiled.assembly.code.len();
        if self.code_used + size > self.code_limit {
            return Err(CompileError::Code(CodegenError::Asm(tercel_asm::AsmError::BufferFull {
                limit: self.code_limit,
            })));
        }
        let image =
            link_image(vec![compiled], vec![signature], Handlers::default(), self.options.cpu, optimized::helper)
                .map_err(CompileError::Code)?;
        self.code_used += size;
        let entry = image.entry(0) as u64;
        let num_params = function.num_params;
        let index = self.compiled.len();
        self.compiled.push(Compiled { image, num_params, code });
        let target = verify::Target::Compiled { entry, index };
        self.names.insert(function.name.clone(), verify::Callable { num_params, target });
        Ok(())
    }

    /// The machine code of a function, for disassembly, and the address that it runs at.
    pub fn code(&self, name: &str) -> Option<(&[u8], u64)> {
        match self.names.get(name)?.target {
            verify::Target::Compiled { entry, index } => Some((&self.compiled[index].code, entry)),
            verify::Target::Host(_) => None,
        }
    }

    /// Calls a function.
    ///
    /// # Errors
    /// No such function, a wrong number of arguments, or what went wrong while it ran.
    pub fn call(&self, name: &str, args: &[Value]) -> Result<Value, RunError> {
        let index = match self.names.get(name).map(|callable| &callable.target) {
            Some(&verify::Target::Compiled { index, .. }) => index,
            _ => return Err(RunError::UnknownFunction(name.to_string())),
        };
        let expected = self.compiled[index].num_params;
        if expected != args.len() {
            return Err(RunError::ArgumentCount { expected, given: args.len() });
        }
        let mut cells = [[0u64; 8]; MAX_ARGS];
        for (cell, value) in cells.iter_mut().zip(args) {
            cell[0] = value.bits() as u64;
        }
        self.run(index, &cells).map(Value::Int)
    }

    /// Calls a function with integers, as [`JitCompiler::call`].
    ///
    /// # Errors
    /// As [`JitCompiler::call`].
    pub fn call_ints(&self, name: &str, args: &[i64]) -> Result<i64, RunError> {
        let args: Vec<Value> = args.iter().map(|&value| Value::Int(value)).collect();
        self.call(name, &args).map(Value::as_int)
    }

    fn run(&self, index: usize, cells: &[[u64; 8]; MAX_ARGS]) -> Result<i64, RunError> {
        let compiled = &self.compiled[index];
        let mut context = self.context.borrow_mut();
        compiled.image.attach(&mut context);
        let mut result = [[0u64; 8]];
        // SAFETY: verified bytecode touches nothing but its own stack, arrays that are checked, and host functions, which
        // are safe; there is a cell for each parameter and for the result.
        let trap = unsafe { compiled.image.call_raw(&mut context, 0, cells.as_ptr(), result.as_mut_ptr()) };
        match trap {
            None => Ok(result[0][0] as i64),
            Some(code) => Err(RunError::of(code)),
        }
    }

    /// Calls a function without parameters and reads its result as an `R`; none if there is no such function, or if it ended
    /// with an error ([`JitCompiler::call`] says which).
    ///
    /// # Safety
    /// `R` must be a type of at most eight bytes for which every bit pattern of the result is valid.
    pub unsafe fn execute<R>(&self, name: &str) -> Option<R> {
        if size_of::<R>() > 8 {
            return None;
        }
        let bits = self.call(name, &[]).ok()?.bits();
        // SAFETY: `R` is not larger than the eight bytes read; their validity is the caller's promise.
        Some(unsafe { std::mem::transmute_copy(&bits) })
    }
}

/// The signature of a bytecode function: all values are words.
fn signature(num_params: usize) -> Signature {
    Signature::new(&vec![Type::I64; num_params], &[Type::I64])
}
