//! The stack VM: given results, bad bytecode, errors at run time, host functions, floats, arrays; both ways of compiling.

use Opcode::*;
use tercel_codegen::stackvm::{
    BadBytecode, CompileError, Function, Instruction, JitCompiler, Mode, Opcode, RunError, Value,
};

const MODES: [Mode; 2] = [Mode::Template, Mode::Optimized];

fn i(opcode: Opcode, operand: i32) -> Instruction {
    Instruction::new(opcode, operand)
}

fn compiled(mode: Mode, function: &Function) -> JitCompiler {
    let mut jit = JitCompiler::with_mode(mode);
    jit.compile(function).unwrap();
    jit
}

/// Runs code without locals beyond its parameters in both modes, which must agree.
fn run(params: usize, code: &[Instruction], args: &[i64]) -> Result<i64, RunError> {
    let function = Function::new("f", params, params + 2, code.to_vec());
    let [a, b] = MODES.map(|mode| compiled(mode, &function).call_ints("f", args));
    assert_eq!(a, b);
    a
}

#[test]
fn given_results() {
    assert_eq!(run(0, &[i(LoadConst, 5), i(LoadConst, 3), i(Add, 0), i(Return, 0)], &[]), Ok(8));
    let code = [
        i(LoadConst, 10),
        i(LoadConst, 5),
        i(Add, 0),
        i(LoadConst, 3),
        i(Mul, 0),
        i(LoadConst, 2),
        i(Sub, 0),
        i(Return, 0),
    ];
    assert_eq!(run(0, &code, &[]), Ok(43));
    for mode in MODES {
        let jit = compiled(mode, &Function::new("answer", 0, 0, vec![i(LoadConst, 42), i(Return, 0)]));
        // SAFETY: every bit pattern is an i64 and an i32.
        unsafe {
            assert_eq!(jit.execute::<i64>("answer"), Some(42));
            assert_eq!(jit.execute::<i32>("answer"), Some(42));
            assert_eq!(jit.execute::<i64>("nothing"), None);
        }
    }
}

fn mnemonics(jit: &JitCompiler, name: &str) -> Vec<String> {
    let (code, address) = jit.code(name).unwrap();
    let decoder = iced_x86::Decoder::with_ip(64, code, address, iced_x86::DecoderOptions::NONE);
    decoder.into_iter().map(|inst| format!("{inst}")).take_while(|text| text != "ud2").collect()
}

#[test]
fn return_42_is_a_move_and_a_return() {
    let jit = compiled(Mode::Optimized, &Function::new("f", 0, 0, vec![i(LoadConst, 42), i(Return, 0)]));
    let code = mnemonics(&jit, "f");
    assert!(code.contains(&"mov eax,2Ah".to_string()), "{code:?}");
    assert!(code.contains(&"ret".to_string()), "{code:?}");
}

#[test]
fn constants_leave_no_operation() {
    let code = vec![
        i(LoadConst, 2),
        i(LoadConst, 3),
        i(Add, 0),
        i(StoreLocal, 0),
        i(LoadLocal, 0),
        i(LoadConst, 5),
        i(Mul, 0),
        i(StoreLocal, 1),
        i(LoadLocal, 1),
        i(Return, 0),
    ];
    let function = Function::new("f", 0, 2, code);
    let jit = compiled(Mode::Optimized, &function);
    assert_eq!(jit.call_ints("f", &[]), Ok(25));
    let code = mnemonics(&jit, "f");
    assert!(code.contains(&"mov eax,19h".to_string()), "{code:?}");
    let computes = |text: &&String| ["add ", "imul", "lea ", "shl "].iter().any(|op| text.starts_with(op));
    assert_eq!(code.iter().find(computes), None, "{code:?}");
}

#[test]
fn arithmetic_wraps_and_compares() {
    let binary = |op, a: i64, b: i64| run(2, &[i(LoadLocal, 0), i(LoadLocal, 1), i(op, 0), i(Return, 0)], &[a, b]);
    assert_eq!(binary(Add, i64::MAX, 1), Ok(i64::MIN));
    assert_eq!(binary(Mul, i64::MAX, 2), Ok(-2));
    assert_eq!(binary(Sub, i64::MIN, 1), Ok(i64::MAX));
    assert_eq!(binary(Div, -7, 2), Ok(-3));
    assert_eq!(binary(Rem, -7, 2), Ok(-1));
    assert_eq!(binary(Shl, 1, 65), Ok(2));
    assert_eq!(binary(Shr, -8, 1), Ok(-4));
    assert_eq!((binary(Equal, 3, 3), binary(LessThan, -1, 0), binary(GreaterThan, -1, 0)), (Ok(1), Ok(1), Ok(0)));
}

#[test]
fn errors_reach_the_caller() {
    let binary = |op, a: i64, b: i64| run(2, &[i(LoadLocal, 0), i(LoadLocal, 1), i(op, 0), i(Return, 0)], &[a, b]);
    assert_eq!(binary(Div, 1, 0), Err(RunError::DivisionByZero));
    assert_eq!(binary(Rem, 1, 0), Err(RunError::DivisionByZero));
    assert_eq!(binary(Div, i64::MIN, -1), Err(RunError::Overflow));
    assert_eq!(binary(Rem, i64::MIN, -1), Ok(0));
    // 1 + f(x): not a tail call, so it uses up the stack.
    let code = [i(LoadConst, 1), i(LoadLocal, 0), Instruction::call(0, 1), i(Add, 0), i(Return, 0)];
    assert_eq!(run(1, &code, &[1]), Err(RunError::StackOverflow));
    let jit = JitCompiler::new();
    assert_eq!(jit.call("f", &[]), Err(RunError::UnknownFunction("f".into())));
    let jit = compiled(Mode::Optimized, &Function::new("f", 1, 1, vec![i(LoadLocal, 0), i(Return, 0)]));
    assert_eq!(jit.call("f", &[]), Err(RunError::ArgumentCount { expected: 1, given: 0 }));
}

#[test]
fn bad_bytecode_names_the_instruction() {
    let check = |code: &[Instruction], at, what| {
        for mode in MODES {
            let error = JitCompiler::with_mode(mode).compile(&Function::new("f", 0, 1, code.to_vec()));
            assert_eq!(error, Err(CompileError::BadBytecode { at, what }), "{code:?}");
        }
    };
    check(&[i(LoadConst, 1), i(Jump, 9)], 1, BadBytecode::JumpOutside);
    check(&[i(Jump, -1)], 0, BadBytecode::JumpOutside);
    check(&[i(LoadConst, 1), i(Add, 0), i(Return, 0)], 1, BadBytecode::StackUnderflow);
    check(&[i(LoadLocal, 1), i(Return, 0)], 0, BadBytecode::UnknownLocal);
    check(&[i(LoadPool, 0), i(Return, 0)], 0, BadBytecode::UnknownConstant);
    check(&[Instruction::call(3, 0), i(Return, 0)], 0, BadBytecode::UnknownCallee);
    check(&[i(LoadConst, 1), Instruction::call(0, 1), i(Return, 0)], 1, BadBytecode::ArgumentCount);
    check(&[i(LoadConst, 1)], 0, BadBytecode::NoReturn);
    check(&[], 0, BadBytecode::NoReturn);
    let code = [i(LoadConst, 1), i(JumpIfFalse, 3), i(LoadConst, 2), i(LoadConst, 3), i(Return, 0)];
    check(&code, 3, BadBytecode::StackMismatch);
}

#[test]
fn code_limit_is_an_error_and_the_rest_runs_on() {
    for mode in MODES {
        let mut jit = compiled(mode, &Function::new("f", 0, 0, vec![i(LoadConst, 42), i(Return, 0)]));
        jit.set_code_limit(1);
        let error = jit.compile(&Function::new("g", 0, 0, vec![i(LoadConst, 1), i(Return, 0)]));
        assert!(matches!(error, Err(CompileError::Code(_))), "{error:?}");
        assert_eq!(jit.call_ints("f", &[]), Ok(42));
    }
}

#[test]
fn host_functions_and_other_functions_are_called() {
    fn weigh(args: &[i64]) -> i64 {
        args.iter().fold(0, |sum, &arg| sum * 10 + arg)
    }
    for mode in MODES {
        let mut jit = JitCompiler::with_mode(mode);
        jit.register("weigh", 3, weigh);
        let mut inner = Function::new(
            "inner",
            2,
            2,
            vec![
                i(LoadConst, 9),
                i(LoadLocal, 0),
                i(LoadLocal, 1),
                i(LoadConst, 3),
                Instruction::call(1, 3),
                i(Add, 0),
                i(Return, 0),
            ],
        );
        inner.callees = vec!["weigh".into()];
        jit.compile(&inner).unwrap();
        let mut outer =
            Function::new("outer", 1, 1, vec![i(LoadLocal, 0), i(LoadConst, 2), Instruction::call(2, 2), i(Return, 0)]);
        outer.callees = vec!["weigh".into(), "inner".into()];
        jit.compile(&outer).unwrap();
        assert_eq!(jit.call_ints("outer", &[1]), Ok(9 + 123));
    }
}

#[test]
fn floats() {
    for mode in MODES {
        // x * 2.5 + int(y)
        let code = vec![
            i(LoadLocal, 0),
            i(LoadPool, 0),
            i(FMul, 0),
            i(LoadLocal, 1),
            i(IntToFloat, 0),
            i(FAdd, 0),
            i(Return, 0),
        ];
        let mut function = Function::new("f", 2, 2, code);
        function.constants = vec![Value::Float(2.5)];
        let jit = compiled(mode, &function);
        assert_eq!(jit.call("f", &[Value::Float(4.0), Value::Int(3)]).unwrap().as_float(), 13.0);
        let to_int = Function::new("i", 1, 1, vec![i(LoadLocal, 0), i(FloatToInt, 0), i(Return, 0)]);
        let jit = compiled(mode, &to_int);
        for (from, to) in
            [(2.9, 2), (-2.9, -2), (f64::NAN, 0), (1e300, i64::MAX), (-1e300, i64::MIN), (f64::INFINITY, i64::MAX)]
        {
            assert_eq!(jit.call("i", &[Value::Float(from)]), Ok(Value::Int(to)), "{from}");
        }
        for (op, a, b, holds) in [
            (FLessThan, 1.0, 2.0, 1),
            (FLessThan, f64::NAN, 2.0, 0),
            (FEqual, 0.0, -0.0, 1),
            (FEqual, f64::NAN, f64::NAN, 0),
        ] {
            let jit = compiled(
                mode,
                &Function::new("c", 2, 2, vec![i(LoadLocal, 0), i(LoadLocal, 1), i(op, 0), i(Return, 0)]),
            );
            assert_eq!(jit.call("c", &[a.into(), b.into()]), Ok(Value::Int(holds)), "{op:?} {a} {b}");
        }
    }
}

#[test]
fn arrays_are_checked() {
    // a = new [n]; a[k] = 7; return a[k] + length(a)
    let code = [
        i(LoadLocal, 0),
        i(NewArray, 0),
        i(StoreLocal, 2),
        i(LoadLocal, 2),
        i(LoadLocal, 1),
        i(LoadConst, 7),
        i(ArraySet, 0),
        i(LoadLocal, 2),
        i(LoadLocal, 1),
        i(ArrayGet, 0),
        i(LoadLocal, 2),
        i(ArrayLength, 0),
        i(Add, 0),
        i(Return, 0),
    ];
    assert_eq!(run(2, &code, &[10, 9]), Ok(17));
    assert_eq!(run(2, &code, &[10, 10]), Err(RunError::OutOfBounds));
    assert_eq!(run(2, &code, &[10, -1]), Err(RunError::OutOfBounds));
    assert_eq!(run(2, &code, &[-1, 0]), Err(RunError::OutOfBounds));
    let no_array = [i(LoadLocal, 0), i(LoadConst, 0), i(ArrayGet, 0), i(Return, 0)];
    for value in [0, -1, 12345, i64::MAX, i64::MIN, 0x5EED_0000_0000] {
        assert_eq!(run(1, &no_array, &[value]), Err(RunError::OutOfBounds));
    }
}

#[test]
fn random_bytecode_never_crashes_and_both_modes_agree() {
    let mut rng = tercel_ir::generate::Rng::new(11);
    let (mut valid, mut ran) = (0, 0);
    for _ in 0..6000 {
        let length = rng.range(2, 14);
        let code: Vec<Instruction> = (0..length)
            .map(|at| {
                let opcode = if rng.chance(40) { *rng.pick(&[LoadConst, LoadLocal]) } else { *rng.pick(Opcode::ALL) };
                let operand = match opcode {
                    // Only forwards, so that what runs ends.
                    Jump | JumpIfFalse => at as i32 + rng.range(1, 5) as i32,
                    Call => 0,
                    LoadConst => *rng.pick(&[0, 1, -1, 2, 3, i32::MIN, i32::MAX]),
                    _ => rng.below(3) as i32,
                };
                i(if opcode == Call { Neg } else { opcode }, operand)
            })
            .chain([i(Return, 0)])
            .collect();
        let function = Function::new("f", 2, 3, code);
        let results = MODES.map(|mode| {
            let mut jit = JitCompiler::with_mode(mode);
            jit.compile(&function).map(|()| jit.call_ints("f", &[i64::MIN, 3]))
        });
        assert_eq!(results[0], results[1], "{function:?}");
        valid += results[0].is_ok() as u32;
        ran += matches!(results[0], Ok(Ok(_))) as u32;
    }
    assert!(valid > 300 && ran > 200, "only {valid} were valid and {ran} ran to their end");
}
