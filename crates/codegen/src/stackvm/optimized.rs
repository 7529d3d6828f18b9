//! Bytecode to SSA: locals and places of the stack are variables, so that what the stack did disappears in the translation.

use super::verify::{Callee, Unit};
use super::{CompileError, Instruction, Opcode, arrays, call_host, signature};
use crate::passes;
use crate::x64::lower::HELPER_SYMBOLS;
use crate::{CompiledFunction, Options};
use tercel_ir::builder::FunctionBuilder;
use tercel_ir::{
    AliasClass, Block, CallTarget, FloatCc, FuncId, FuncRef, HelperId, IntCc, MemFlags, Op, Signature, StackSlot,
    TrapCode, Type, Value, Variable,
};

/// Runtime helpers, by number.
const CREATE: u32 = 0;
const LENGTH: u32 = 1;
const READ: u32 = 2;
const WRITE: u32 = 3;
const HOST: u32 = 4;

/// The address of a helper's symbol.
pub fn helper(symbol: u32) -> Option<u64> {
    Some(match symbol.checked_sub(HELPER_SYMBOLS)? {
        CREATE => arrays::create as *const () as u64,
        LENGTH => arrays::length as *const () as u64,
        READ => arrays::read as *const () as u64,
        WRITE => arrays::write as *const () as u64,
        HOST => call_host as *const () as u64,
        _ => return None,
    })
}

pub fn compile(unit: &Unit, arrays: u64, options: &Options) -> Result<(CompiledFunction, Signature), CompileError> {
    let mut func = build(unit, arrays);
    // Recursion without end is promised to be an error.
    let pass_options =
        passes::Options { self_id: Some(FuncId::from_u32(0)), accumulate: false, ..passes::Options::default() };
    if let Err(error) = passes::optimize(&mut func, &pass_options, None) {
        debug_assert!(false, "{error}");
        func = build(unit, arrays);
    }
    let compiled = crate::compile(&func, options).map_err(CompileError::Code)?;
    Ok((compiled, signature(unit.function.num_params)))
}

/// The SSA form, before any pass.
pub fn build(unit: &Unit, arrays: u64) -> tercel_ir::Function {
    let function = unit.function;
    let own = signature(function.num_params);
    let mut b = FunctionBuilder::new(&function.name, own.clone());
    let locals: Vec<Variable> = (0..function.num_locals).map(|_| b.declare(Type::I64)).collect();
    let stack: Vec<Variable> = (0..unit.max_height).map(|_| b.declare(Type::I64)).collect();
    for (index, &local) in locals.iter().enumerate() {
        let value = if index < function.num_params { b.param(index) } else { b.iconst(Type::I64, 0) };
        b.define(local, value);
    }
    let calls = function.bytecode.iter().filter(|inst| is_self_call(inst)).count();
    let inline_depth = match (calls, function.bytecode.len()) {
        (0, _) => 0,
        (1..=2, ..=INLINE_LENGTH) => INLINE_DEPTH,
        _ => 0,
    };
    let mut builder = Builder {
        unit,
        b,
        locals,
        stack,
        blocks: Vec::new(),
        height: 0,
        arrays,
        host_args: None,
        inline_depth,
        back: None,
    };
    builder.body();
    builder.b.finish()
}

/// How deep a function is inlined into itself: one frame then serves up to 2^depth - 1 activations of a function that calls
/// itself twice. Deeper makes the code larger than it makes it faster.
const INLINE_DEPTH: u32 = 2;
/// The longest function, in instructions, that is inlined into itself.
const INLINE_LENGTH: usize = 48;

fn is_self_call(inst: &Instruction) -> bool {
    inst.opcode == Opcode::Call && inst.operand as u32 >> 8 == 0
}

struct Builder<'a> {
    unit: &'a Unit<'a>,
    b: FunctionBuilder,
    locals: Vec<Variable>,
    stack: Vec<Variable>,
    /// The block that begins at an instruction, if a jump leads there.
    blocks: Vec<Option<Block>>,
    height: usize,
    arrays: u64,
    /// Where arguments of host functions are stored.
    host_args: Option<StackSlot>,
    /// How many more levels of calls of itself are inlined.
    inline_depth: u32,
    /// In an inlined activation: the variable for the result, and where a return goes.
    back: Option<(Variable, Block)>,
}

impl Builder<'_> {
    /// Translates the whole function into the current block.
    fn body(&mut self) {
        let unit = self.unit;
        self.blocks = unit.is_target.iter().map(|&is_target| is_target.then(|| self.b.add_block())).collect();
        for (at, &inst) in unit.function.bytecode.iter().enumerate() {
            let Some(height) = unit.heights[at] else {
                continue;
            };
            if let Some(block) = self.blocks[at] {
                if !self.b.is_terminated() {
                    self.b.jump(block, &[]);
                }
                self.b.switch_to(block);
            }
            self.height = height;
            self.inst(at, inst);
        }
    }

    /// A call of the function by itself, as another translation of its body with variables of its own.
    fn inline(&mut self, args: &[Value]) {
        let count = self.locals.len();
        let locals: Vec<Variable> = (0..count).map(|_| self.b.declare(Type::I64)).collect();
        let stack: Vec<Variable> = (0..self.stack.len()).map(|_| self.b.declare(Type::I64)).collect();
        for (index, &local) in locals.iter().enumerate() {
            let value = args.get(index).copied().unwrap_or_else(|| self.b.iconst(Type::I64, 0));
            self.b.define(local, value);
        }
        let (result, after) = (self.b.declare(Type::I64), self.b.add_block());
        let outer = (
            std::mem::replace(&mut self.locals, locals),
            std::mem::replace(&mut self.stack, stack),
            std::mem::take(&mut self.blocks),
            self.height,
            self.back.replace((result, after)),
        );
        self.inline_depth -= 1;
        self.body();
        self.inline_depth += 1;
        (self.locals, self.stack, self.blocks, self.height, self.back) = outer;
        self.b.switch_to(after);
        let value = self.b.read(result);
        self.push(value);
    }

    fn pop(&mut self) -> Value {
        self.height -= 1;
        self.b.read(self.stack[self.height])
    }

    fn push(&mut self, value: Value) {
        self.b.define(self.stack[self.height], value);
        self.height += 1;
    }

    fn binary(&mut self, op: Op) {
        let right = self.pop();
        let left = self.pop();
        let value = self.b.binary(op, left, right);
        self.push(value);
    }

    fn compare(&mut self, cc: IntCc) {
        let right = self.pop();
        let left = self.pop();
        let holds = self.b.icmp(cc, left, right);
        let value = self.b.convert(Op::Zext, Type::I64, holds);
        self.push(value);
    }

    fn float(&mut self, value: Value) -> Value {
        self.b.convert(Op::Bitcast, Type::F64, value)
    }

    fn floats(&mut self) -> (Value, Value) {
        let right = self.pop();
        let left = self.pop();
        (self.float(left), self.float(right))
    }

    fn float_binary(&mut self, op: Op) {
        let (left, right) = self.floats();
        let value = self.b.binary(op, left, right);
        let bits = self.b.convert(Op::Bitcast, Type::I64, value);
        self.push(bits);
    }

    fn float_compare(&mut self, cc: FloatCc) {
        let (left, right) = self.floats();
        let holds = self.b.fcmp(cc, left, right);
        let value = self.b.convert(Op::Zext, Type::I64, holds);
        self.push(value);
    }

    fn inst(&mut self, at: usize, inst: Instruction) {
        let operand = inst.operand;
        match inst.opcode {
            Opcode::LoadConst => {
                let value = self.b.iconst(Type::I64, operand as i64);
                self.push(value);
            }
            Opcode::LoadPool => {
                let value = self.b.iconst(Type::I64, self.unit.function.constants[operand as usize].bits());
                self.push(value);
            }
            Opcode::LoadLocal => {
                let value = self.b.read(self.locals[operand as usize]);
                self.push(value);
            }
            Opcode::StoreLocal => {
                let value = self.pop();
                self.b.define(self.locals[operand as usize], value);
            }
            Opcode::Add => self.binary(Op::Iadd),
            Opcode::Sub => self.binary(Op::Isub),
            Opcode::Mul => self.binary(Op::Imul),
            Opcode::Div => self.binary(Op::Sdiv),
            Opcode::Rem => self.binary(Op::Srem),
            Opcode::And => self.binary(Op::Band),
            Opcode::Or => self.binary(Op::Bor),
            Opcode::Xor => self.binary(Op::Bxor),
            Opcode::Shl => self.binary(Op::Ishl),
            Opcode::Shr => self.binary(Op::Sshr),
            Opcode::Neg => {
                let value = self.pop();
                let value = self.b.unary(Op::Ineg, value);
                self.push(value);
            }
            Opcode::Equal => self.compare(IntCc::Eq),
            Opcode::LessThan => self.compare(IntCc::Slt),
            Opcode::GreaterThan => self.compare(IntCc::Sgt),
            Opcode::Pop => self.height -= 1,
            Opcode::Dup => {
                let value = self.pop();
                self.push(value);
                self.push(value);
            }
            Opcode::Swap => {
                let (b, a) = (self.pop(), self.pop());
                self.push(b);
                self.push(a);
            }
            Opcode::FAdd => self.float_binary(Op::Fadd),
            Opcode::FSub => self.float_binary(Op::Fsub),
            Opcode::FMul => self.float_binary(Op::Fmul),
            Opcode::FDiv => self.float_binary(Op::Fdiv),
            Opcode::FLessThan => self.float_compare(FloatCc::Lt),
            Opcode::FEqual => self.float_compare(FloatCc::Eq),
            Opcode::IntToFloat => {
                let value = self.pop();
                let value = self.b.convert(Op::SintToFloat, Type::F64, value);
                let bits = self.b.convert(Op::Bitcast, Type::I64, value);
                self.push(bits);
            }
            Opcode::FloatToInt => {
                let value = self.pop();
                let value = self.float(value);
                let value = self.b.convert(Op::FloatToSintSat, Type::I64, value);
                self.push(value);
            }
            Opcode::Jump => {
                if let Some(target) = self.blocks[operand as usize] {
                    self.b.jump(target, &[]);
                }
            }
            Opcode::JumpIfFalse => self.jump_if_false(at, operand as usize),
            Opcode::Return => {
                let value = self.pop();
                match self.back {
                    Some((result, after)) => {
                        self.b.define(result, value);
                        self.b.jump(after, &[]);
                    }
                    None => self.b.ret(&[value]),
                }
            }
            Opcode::Call => self.call(operand as u32),
            Opcode::NewArray => self.array(CREATE, 1, true),
            Opcode::ArrayLength => self.array(LENGTH, 1, true),
            Opcode::ArrayGet => self.array(READ, 2, true),
            Opcode::ArraySet => self.array(WRITE, 3, false),
        }
    }

    fn jump_if_false(&mut self, at: usize, target: usize) {
        let value = self.pop();
        let Some(target) = self.blocks[target] else {
            return;
        };
        match self.blocks.get(at + 1).copied().flatten() {
            // The next instruction begins a block anyway, which is switched to there.
            Some(next) => self.b.branch(value, (next, &[]), (target, &[])),
            None => {
                let next = self.b.add_block();
                self.b.branch(value, (next, &[]), (target, &[]));
                self.b.switch_to(next);
            }
        }
    }

    fn args(&mut self, count: usize) -> Vec<Value> {
        let mut args: Vec<Value> = (0..count).map(|_| self.pop()).collect();
        args.reverse();
        args
    }

    fn call(&mut self, operand: u32) {
        let count = operand as usize & 0xff;
        let args = self.args(count);
        let target = match self.unit.callees[(operand >> 8) as usize] {
            Callee::Itself if self.inline_depth > 0 => return self.inline(&args),
            Callee::Itself => CallTarget::Function(FuncId::from_u32(0)),
            Callee::Compiled(entry) => CallTarget::Address(entry),
            Callee::Host(address) => return self.call_host(address, &args),
        };
        let callee = self.b.func_mut().import_function("callee", signature(count), target);
        let call = self.b.call(callee, &args);
        let value = self.b.func().result(call);
        self.push(value);
    }

    fn helper(&mut self, number: u32, params: &[Type], returns: &[Type]) -> FuncRef {
        let signature = Signature::new(params, returns).system_v();
        self.b.func_mut().import_function("helper", signature, CallTarget::Helper(HelperId(number)))
    }

    fn call_host(&mut self, address: u64, args: &[Value]) {
        let slot = match self.host_args {
            Some(slot) => slot,
            None => self.b.func_mut().add_slot(8 * super::MAX_ARGS as u32, 8),
        };
        self.host_args = Some(slot);
        let base = self.b.slot_addr(slot);
        let flags = MemFlags::new(AliasClass::ANY).no_trap();
        for (index, &arg) in args.iter().enumerate() {
            self.b.store(base, arg, index as i32 * 8, flags);
        }
        let callee = self.helper(HOST, &[Type::I64, Type::PTR, Type::I64], &[Type::I64]);
        let address = self.b.iconst(Type::I64, address as i64);
        let count = self.b.iconst(Type::I64, args.len() as i64);
        let call = self.b.call(callee, &[address, base, count]);
        let value = self.b.func().result(call);
        self.push(value);
    }

    /// Calls a helper for arrays; an answer that is not good traps.
    fn array(&mut self, number: u32, operands: usize, has_value: bool) {
        let args = self.args(operands);
        let mut params = vec![Type::PTR];
        params.extend(std::iter::repeat_n(Type::I64, operands));
        let callee = self.helper(number, &params, &[Type::I64, Type::I64]);
        let mut all = vec![self.b.iconst(Type::PTR, self.arrays as i64)];
        all.extend(args);
        let call = self.b.call(callee, &all);
        let mut results = self.b.func().results(call);
        let (Some(value), Some(good)) = (results.next(), results.next()) else {
            return;
        };
        let zero = self.b.iconst(Type::I64, 0);
        let bad = self.b.icmp(IntCc::Eq, good, zero);
        self.b.trap_if(bad, TrapCode::OutOfBounds);
        if has_value {
            self.push(value);
        }
    }
}

/// The address of a helper by its number; null for one that does not exist.
pub fn helper_address(number: u32) -> *const u8 {
    helper(HELPER_SYMBOLS | number).unwrap_or(0) as *const u8
}
