//! The Fibonacci numbers in the bytecode of the stack VM: compiled both ways, run, and disassembled.
//!
//! `cargo run --release -p tercel-codegen --example fibonacci [n]`

use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction as Decoded, IntelFormatter};
use std::time::Instant;
use tercel_codegen::stackvm::{Function, Instruction, JitCompiler, Mode, Opcode, Value};

/// `fib(n) = n < 2 ? n : fib(n - 1) + fib(n - 2)`
fn fibonacci() -> Function {
    use Opcode::*;
    let i = Instruction::new;
    let code = vec![
        i(LoadLocal, 0),
        i(LoadConst, 2),
        i(LessThan, 0),
        i(JumpIfFalse, 6),
        i(LoadLocal, 0),
        i(Return, 0),
        i(LoadLocal, 0),
        i(LoadConst, 1),
        i(Sub, 0),
        Instruction::call(0, 1),
        i(LoadLocal, 0),
        i(LoadConst, 2),
        i(Sub, 0),
        Instruction::call(0, 1),
        i(Add, 0),
        i(Return, 0),
    ];
    Function::new("fib", 1, 1, code)
}

fn disassemble(code: &[u8], address: u64) {
    let mut formatter = IntelFormatter::new();
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let mut inst = Decoded::default();
    while decoder.can_decode() {
        decoder.decode_out(&mut inst);
        let mut text = String::new();
        formatter.format(&inst, &mut text);
        println!("  {:4x}  {text}", inst.ip() - address);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let n: i64 = std::env::args().nth(1).map_or(Ok(30), |text| text.parse())?;
    for mode in [Mode::Template, Mode::Optimized] {
        let mut jit = JitCompiler::with_mode(mode);
        let start = Instant::now();
        jit.compile(&fibonacci())?;
        let compiled = start.elapsed();
        let start = Instant::now();
        let result = jit.call("fib", &[Value::Int(n)])?.as_int();
        println!("{mode:?}: fib({n}) = {result} in {:?}, compiled in {compiled:?}", start.elapsed());
        if let Some((code, address)) = jit.code("fib") {
            disassemble(code, address);
        }
        println!();
    }
    Ok(())
}
