//! The stack VM's two ways of compiling, compared: template code on the machine stack against SSA and linear scan.
//!
//! `cargo bench -p tercel-codegen --bench jit_benchmark`. Medians of interleaved runs.

use std::time::Instant;
use tercel_codegen::stackvm::{Function, Instruction, JitCompiler, Mode, Opcode, Value};

const RUNS: usize = 7;

fn i(opcode: Opcode, operand: i32) -> Instruction {
    Instruction::new(opcode, operand)
}

fn fib() -> Function {
    use Opcode::*;
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

/// `for (k = 0, s = 0; k < n; k++) { body }; return s` with n, k, s as locals 0, 1, 2.
fn counted(name: &str, body: &[Instruction]) -> Function {
    use Opcode::*;
    let end = 4 + body.len() as i32 + 5;
    let mut code = vec![i(LoadLocal, 1), i(LoadLocal, 0), i(LessThan, 0), i(JumpIfFalse, end)];
    code.extend_from_slice(body);
    code.extend([
        i(LoadLocal, 1),
        i(LoadConst, 1),
        i(Add, 0),
        i(StoreLocal, 1),
        i(Jump, 0),
        i(LoadLocal, 2),
        i(Return, 0),
    ]);
    Function::new(name, 1, 4, code)
}

/// `s += k`
fn sum() -> Function {
    use Opcode::*;
    counted("sum", &[i(LoadLocal, 2), i(LoadLocal, 1), i(Add, 0), i(StoreLocal, 2)])
}

/// `s = (s * 31 + k) ^ (k & 255)`
fn mix() -> Function {
    use Opcode::*;
    let body = [
        i(LoadLocal, 2),
        i(LoadConst, 31),
        i(Mul, 0),
        i(LoadLocal, 1),
        i(Add, 0),
        i(LoadLocal, 1),
        i(LoadConst, 255),
        i(And, 0),
        i(Xor, 0),
        i(StoreLocal, 2),
    ];
    counted("mix", &body)
}

/// `if (k & 3 == 0) s += k; else s -= 1`, by way of local 3
fn branches() -> Function {
    use Opcode::*;
    let at = 4;
    let body = [
        i(LoadLocal, 1),
        i(LoadConst, 3),
        i(And, 0),
        i(LoadConst, 0),
        i(Equal, 0),
        i(JumpIfFalse, at + 10),
        i(LoadLocal, 2),
        i(LoadLocal, 1),
        i(Add, 0),
        i(Jump, at + 13),
        i(LoadLocal, 2),
        i(LoadConst, 1),
        i(Sub, 0),
        i(StoreLocal, 2),
    ];
    counted("branches", &body)
}

fn main() {
    let cases = [(fib(), 20), (fib(), 30), (sum(), 10_000_000), (mix(), 10_000_000), (branches(), 10_000_000)];
    println!("{:<12} {:>12} {:>12} {:>8}", "program", "template ms", "SSA ms", "ratio");
    for (function, argument) in cases {
        let jits = [Mode::Template, Mode::Optimized].map(|mode| {
            let mut jit = JitCompiler::with_mode(mode);
            jit.compile(&function).expect("the benchmark's bytecode is valid");
            jit
        });
        let mut times = [Vec::new(), Vec::new()];
        let mut results = [0; 2];
        for _ in 0..RUNS {
            for (index, jit) in jits.iter().enumerate() {
                let start = Instant::now();
                results[index] = jit.call(&function.name, &[Value::Int(argument)]).expect("it runs").as_int();
                times[index].push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        assert_eq!(results[0], results[1], "{} differs between the modes", function.name);
        let [template, optimized] = times.map(|mut list| {
            list.sort_by(f64::total_cmp);
            list[RUNS / 2]
        });
        let name = format!("{}({argument})", function.name);
        println!("{name:<14} {template:>10.3} {optimized:>12.3} {:>7.2}x", template / optimized);
    }
}
