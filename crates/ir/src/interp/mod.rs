//! The reference interpreter: what a function means, for differential tests.
//!
//! It favours being obviously right over being fast: ops are evaluated by [`crate::eval`], memory is a list of byte arrays,
//! frames are an explicit stack (a program that recurses deeply ends with a `stack` trap, not with an overflow of the host's
//! stack). Every run has *fuel*, an instruction count after which it stops, so that any program can be run.
//!
//! What a run shows is its [`Outcome`] and the final memory; two versions of a function agree if both are equal. Comparing
//! frames of an exit compares what the interpreter would go on with, not the numbers of frame states.

mod memory;

pub use memory::{Memory, Region};

use crate::entity::*;
use crate::eval::{EvalOp, Stop, VectorWords, eval_scalar, eval_vector};
use crate::function::*;
use crate::imm::{TemplateId, TrapCode};
use crate::ops::Op;
use crate::types::Type;
use std::fmt;

/// A value with its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Datum {
    /// Its type.
    pub ty: Type,
    /// Its bits, see [`crate::eval`].
    pub words: VectorWords,
}

impl Datum {
    /// A scalar from its bits.
    pub fn scalar(ty: Type, bits: u64) -> Datum {
        let mut words = [0; 8];
        words[0] = bits & ty.lane_mask();
        Datum { ty, words }
    }

    /// An `i32`.
    pub fn i32(value: i32) -> Datum {
        Datum::scalar(Type::I32, value as u64)
    }

    /// An `i64`.
    pub fn i64(value: i64) -> Datum {
        Datum::scalar(Type::I64, value as u64)
    }

    /// An `f64`.
    pub fn f64(value: f64) -> Datum {
        Datum::scalar(Type::F64, value.to_bits())
    }

    /// An address.
    pub fn ptr(value: u64) -> Datum {
        Datum::scalar(Type::PTR, value)
    }

    fn used_words(&self) -> usize {
        word_count(self.ty)
    }
}

impl fmt::Debug for Datum {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.ty {
            Type::F64 => write!(f, "f64:{:?}", f64::from_bits(self.words[0])),
            Type::F32 => write!(f, "f32:{:?}", f32::from_bits(self.words[0] as u32)),
            ty if ty.is_int() => write!(f, "{ty}:{}", crate::eval::signed(self.words[0], ty)),
            ty => write!(f, "{ty}:{:x?}", &self.words[..self.used_words()]),
        }
    }
}

/// One interpreter frame as an exit describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitFrame {
    /// The function whose frame it is.
    pub template: TemplateId,
    /// Where it goes on.
    pub position: u32,
    /// Its slots; `None` for dead ones.
    pub values: Vec<Option<Datum>>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function returned these values.
    Return(Vec<Datum>),
    /// It left with a trap.
    Trap(TrapCode),
    /// It left through a frame state: frames from the innermost outwards.
    Exit(Vec<ExitFrame>),
    /// The fuel was used up.
    OutOfFuel,
}

/// What the interpreter does not know itself: calls out of the module, and the rows of the op table for JavaScript.
pub trait Host {
    /// Calls an address or a helper.
    ///
    /// # Errors
    /// The trap with which the call ends.
    fn call(
        &mut self,
        callee: &FuncRefData,
        returns: &[Type],
        args: &[Datum],
        memory: &mut Memory,
    ) -> Result<Vec<Datum>, Stop>;

    /// Executes an op of the `js` rows.
    ///
    /// # Errors
    /// The trap or exit that it takes.
    fn js(&mut self, data: &InstData, args: &[Datum], memory: &mut Memory) -> Result<Option<Datum>, Stop>;
}

/// A host without anything: every request traps `unreachable`.
#[derive(Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn call(&mut self, _: &FuncRefData, _: &[Type], _: &[Datum], _: &mut Memory) -> Result<Vec<Datum>, Stop> {
        Err(Stop::Trap(TrapCode::Unreachable))
    }

    fn js(&mut self, _: &InstData, _: &[Datum], _: &mut Memory) -> Result<Option<Datum>, Stop> {
        Err(Stop::Trap(TrapCode::Unreachable))
    }
}

/// Address of the region for stack slots.
pub const STACK_BASE: u64 = 0x7000_0000_0000;
/// Addresses of functions: this plus 16 times the index.
pub const CODE_BASE: u64 = 0x4000_0000_0000;
const STACK_BYTES: usize = 1 << 16;
const MAX_FRAMES: usize = 2_000;

/// Runs functions of a module.
pub struct Interpreter<'a> {
    module: &'a Module,
    /// The memory that programs see. The first region is the interpreter's own, for stack slots.
    pub memory: Memory,
    /// Instructions that may still be executed.
    pub fuel: u64,
    /// How often each op was executed; index by `op as usize`.
    pub op_counts: Vec<u64>,
    /// How often each function was entered.
    pub entered: Vec<u64>,
    host: &'a mut dyn Host,
    places: Vec<Option<Places>>,
    registers: Vec<u64>,
    frames: Vec<Frame>,
    stack_top: u64,
}

/// Where the values of a function are kept: offsets into its part of the registers.
#[derive(Clone)]
struct Places {
    offsets: Vec<u32>,
    words: usize,
    slot_offsets: Vec<u64>,
    slot_bytes: u64,
}

struct Frame {
    func: FuncId,
    base: usize,
    inst: Inst,
    stack_base: u64,
}

enum Next {
    Inst(Inst),
    Enter,
    Stop(Outcome),
}

fn word_count(ty: Type) -> usize {
    (ty.bits() as usize).div_ceil(64)
}

impl<'a> Interpreter<'a> {
    /// An interpreter with its own stack region, no other memory, and fuel for ten million instructions.
    pub fn new(module: &'a Module, host: &'a mut dyn Host) -> Interpreter<'a> {
        let mut memory = Memory::new();
        memory.map(STACK_BASE, vec![0; STACK_BYTES]);
        Interpreter {
            module,
            memory,
            fuel: 10_000_000,
            op_counts: vec![0; Op::ALL.len()],
            entered: vec![0; module.functions.len()],
            host,
            places: vec![None; module.functions.len()],
            registers: Vec::new(),
            frames: Vec::new(),
            stack_top: STACK_BASE,
        }
    }

    /// Runs a function to its end.
    ///
    /// # Panics
    /// If the arguments do not fit the signature.
    pub fn run(&mut self, func: FuncId, args: &[Datum]) -> Outcome {
        let types: Vec<Type> = args.iter().map(|arg| arg.ty).collect();
        assert_eq!(types, self.module.functions[func].signature.params, "arguments of the wrong types");
        self.frames.clear();
        self.registers.clear();
        self.stack_top = STACK_BASE;
        if let Err(outcome) = self.enter(func, args) {
            return outcome;
        }
        loop {
            let frame = self.frames.last().expect("the run ends before the last frame is gone");
            let (func, mut inst) = (frame.func, frame.inst);
            loop {
                if self.fuel == 0 {
                    return Outcome::OutOfFuel;
                }
                self.fuel -= 1;
                match self.step(func, inst) {
                    Next::Inst(next) => inst = next,
                    Next::Enter => break,
                    Next::Stop(outcome) => return outcome,
                }
            }
        }
    }

    fn function(&self, func: FuncId) -> &'a Function {
        &self.module.functions[func]
    }

    fn enter(&mut self, func: FuncId, args: &[Datum]) -> Result<(), Outcome> {
        let function = self.function(func);
        let places = self.places[func.index()].get_or_insert_with(|| Places::new(function));
        let base = self.registers.len();
        let stack_base = self.stack_top;
        if self.frames.len() >= MAX_FRAMES || stack_base + places.slot_bytes > STACK_BASE + STACK_BYTES as u64 {
            return Err(Outcome::Trap(TrapCode::StackOverflow));
        }
        self.entered[func.index()] += 1;
        self.registers.resize(base + places.words, 0);
        self.stack_top = stack_base + places.slot_bytes;
        let inst = function.first_inst(function.entry()).expect("blocks are not empty");
        self.frames.push(Frame { func, base, inst, stack_base });
        for (&param, arg) in function.params(function.entry()).iter().zip(args) {
            self.set(param, arg);
        }
        Ok(())
    }

    fn leave(&mut self) {
        let frame = self.frames.pop().expect("a frame is active");
        self.registers.truncate(frame.base);
        self.stack_top = frame.stack_base;
    }

    fn frame(&self) -> &Frame {
        self.frames.last().expect("a frame is active")
    }

    fn place(&self, value: Value) -> usize {
        let frame = self.frame();
        let places = self.places[frame.func.index()].as_ref().expect("made at entry");
        frame.base + places.offsets[value.index()] as usize
    }

    fn bits(&self, value: Value) -> u64 {
        self.registers[self.place(value)]
    }

    fn get(&self, function: &Function, value: Value) -> Datum {
        let ty = function.value_type(value);
        let at = self.place(value);
        let count = word_count(ty);
        let mut words = [0; 8];
        words[..count].copy_from_slice(&self.registers[at..at + count]);
        Datum { ty, words }
    }

    fn set(&mut self, value: Value, datum: &Datum) {
        let at = self.place(value);
        let count = datum.used_words();
        self.registers[at..at + count].copy_from_slice(&datum.words[..count]);
    }

    fn set_bits(&mut self, value: Value, bits: u64) {
        let at = self.place(value);
        self.registers[at] = bits;
    }

    fn step(&mut self, func: FuncId, inst: Inst) -> Next {
        let function = self.function(func);
        let data = function.inst(inst);
        self.op_counts[data.op as usize] += 1;
        let done = match data.op {
            Op::Jump => return self.take_edge(function, inst, 0),
            Op::Branch => {
                let index = (self.bits(function.arg(inst, 0)) == 0) as usize;
                return self.take_edge(function, inst, index);
            }
            Op::Switch => {
                let index = self.bits(function.arg(inst, 0)) as usize + 1;
                return self.take_edge(function, inst, if index < data.edge_count() { index } else { 0 });
            }
            Op::Return => return self.ret(function, inst),
            Op::Trap => Err(Stop::Trap(data.trap_code())),
            Op::Exit => Err(Stop::Exit),
            Op::Call | Op::CallIndirect | Op::TailCall | Op::TailCallIndirect => {
                match self.call(function, inst, data) {
                    Ok(Some(next)) => return next,
                    Ok(None) => Ok(()),
                    Err(stop) => Err(stop),
                }
            }
            Op::Load | Op::Store => self.access(function, inst, data).map_err(Stop::Trap),
            Op::SlotAddr => {
                let places = self.places[func.index()].as_ref().expect("made at entry");
                let address = self.frame().stack_base + places.slot_offsets[data.slot().index()];
                self.set_bits(function.result(inst), address);
                Ok(())
            }
            Op::FuncAddr => {
                let address = match function.funcs[data.func_ref()].target {
                    CallTarget::Function(id) => CODE_BASE + id.as_u32() as u64 * 16,
                    CallTarget::Address(address) => address,
                    CallTarget::Helper(helper) => helper.0 as u64,
                };
                self.set_bits(function.result(inst), address);
                Ok(())
            }
            Op::Poll => Ok(()),
            op if op >= Op::JsConst => self.js(function, inst, data),
            _ => self.evaluate(function, inst, data),
        };
        match done {
            Ok(()) => Next::Inst(function.next_inst(inst).expect("a block ends with a terminator")),
            Err(Stop::Trap(code)) => Next::Stop(Outcome::Trap(code)),
            Err(Stop::Exit) => Next::Stop(self.exit(function, data)),
        }
    }

    fn evaluate(&mut self, function: &Function, inst: Inst, data: &InstData) -> Result<(), Stop> {
        let args = function.args(inst);
        let from = args.first().map_or(Type::VOID, |&arg| function.value_type(arg));
        let what = EvalOp { op: data.op, ty: data.ty, from, aux: data.aux, imm: data.imm };
        if data.ty.is_vector() {
            let mut operands = [[0; 8]; 3];
            for (operand, &arg) in operands.iter_mut().zip(args) {
                *operand = self.get(function, arg).words;
            }
            let list: [&[u64]; 3] = [&operands[0], &operands[1], &operands[2]];
            let words = eval_vector(&what, &list[..args.len()]);
            let result = function.result(inst);
            self.set(result, &Datum { ty: function.value_type(result), words });
            return Ok(());
        }
        let mut operands = [0; 3];
        for (operand, &arg) in operands.iter_mut().zip(args) {
            *operand = self.bits(arg);
        }
        let (first, second) = eval_scalar(&what, &operands[..args.len()])?;
        let mut results = function.results(inst);
        if let Some(value) = results.next() {
            self.set_bits(value, first);
        }
        if let Some(value) = results.next() {
            self.set_bits(value, second);
        }
        Ok(())
    }

    fn take_edge(&mut self, function: &Function, inst: Inst, index: usize) -> Next {
        let edge = function.edges(inst)[index];
        // All arguments are read before any parameter is written.
        let args: Vec<Datum> = function.edge_args(edge).iter().map(|&arg| self.get(function, arg)).collect();
        for (&param, arg) in function.params(edge.block).iter().zip(&args) {
            self.set(param, arg);
        }
        Next::Inst(function.first_inst(edge.block).expect("blocks are not empty"))
    }

    fn ret(&mut self, function: &Function, inst: Inst) -> Next {
        let values: Vec<Datum> = function.args(inst).iter().map(|&arg| self.get(function, arg)).collect();
        self.leave();
        let Some(caller) = self.frames.last() else {
            return Next::Stop(Outcome::Return(values));
        };
        let (caller_func, call) = (caller.func, caller.inst);
        self.finish_call(caller_func, call, &values);
        Next::Enter
    }

    /// Stores the results of a call in the frame on top, which goes on after it.
    fn finish_call(&mut self, func: FuncId, call: Inst, values: &[Datum]) {
        let function = self.function(func);
        for (result, value) in function.results(call).zip(values) {
            self.set(result, value);
        }
        let next = function.next_inst(call).expect("a call is not a terminator");
        self.frames.last_mut().expect("a frame is active").inst = next;
    }

    fn call(&mut self, function: &'a Function, inst: Inst, data: &InstData) -> Result<Option<Next>, Stop> {
        let mut args: Vec<Datum> = function.args(inst).iter().map(|&arg| self.get(function, arg)).collect();
        let is_tail = data.op.is_terminator();
        let target = match data.op {
            Op::Call | Op::TailCall => function.funcs[data.func_ref()].target,
            _ => {
                let address = args.remove(0).words[0];
                let index = address.wrapping_sub(CODE_BASE) / 16;
                if address < CODE_BASE || !address.is_multiple_of(16) || index >= self.module.functions.len() as u64 {
                    return Err(Stop::Trap(TrapCode::MemoryFault));
                }
                CallTarget::Function(FuncId::new(index as usize))
            }
        };
        if let CallTarget::Function(callee) = target {
            if is_tail {
                self.leave();
            } else {
                self.frames.last_mut().expect("a frame is active").inst = inst;
            }
            return Ok(Some(match self.enter(callee, &args) {
                Ok(()) => Next::Enter,
                Err(outcome) => Next::Stop(outcome),
            }));
        }
        let callee = &function.funcs[data.func_ref()];
        let returns = &function.signatures[callee.signature].returns;
        let values = self.host.call(callee, returns, &args, &mut self.memory)?;
        if is_tail {
            self.leave();
            let Some(caller) = self.frames.last() else {
                return Ok(Some(Next::Stop(Outcome::Return(values))));
            };
            let (caller_func, call) = (caller.func, caller.inst);
            self.finish_call(caller_func, call, &values);
            return Ok(Some(Next::Enter));
        }
        for (result, value) in function.results(inst).zip(&values) {
            self.set(result, value);
        }
        Ok(None)
    }

    fn access(&mut self, function: &Function, inst: Inst, data: &InstData) -> Result<(), TrapCode> {
        let address = self.bits(function.arg(inst, 0)).wrapping_add(data.imm as u64);
        let len = data.ty.bytes() as usize;
        if data.op == Op::Store {
            let value = self.get(function, function.arg(inst, 1));
            return self.memory.write(address, len, &value.words);
        }
        let mut words = [0; 8];
        self.memory.read(address, len, &mut words)?;
        self.set(function.result(inst), &Datum { ty: data.ty, words });
        Ok(())
    }

    fn js(&mut self, function: &Function, inst: Inst, data: &InstData) -> Result<(), Stop> {
        let args: Vec<Datum> = function.args(inst).iter().map(|&arg| self.get(function, arg)).collect();
        let result = self.host.js(data, &args, &mut self.memory)?;
        if let (Some(value), Some(datum)) = (function.results(inst).next(), result) {
            self.set(value, &datum);
        }
        Ok(())
    }

    fn exit(&self, function: &Function, data: &InstData) -> Outcome {
        let Some(frame) = data.frame() else {
            return Outcome::Trap(TrapCode::Unreachable);
        };
        let frames = function.frame_chain(frame).map(|frame| {
            let state = &function.frames[frame];
            let values = function.frame_values(frame).iter().map(|value| value.some().map(|v| self.get(function, v)));
            ExitFrame { template: state.template, position: state.position, values: values.collect() }
        });
        Outcome::Exit(frames.collect())
    }
}

impl Places {
    fn new(function: &Function) -> Places {
        let mut words = 0;
        let offsets = (0..function.value_capacity())
            .map(|index| {
                let at = words as u32;
                words += word_count(function.value_type(Value::new(index)));
                at
            })
            .collect();
        let mut slot_bytes = 0;
        let slot_offsets = function.slots.values().map(|slot| {
            let at = u64::next_multiple_of(slot_bytes, slot.align.max(1) as u64);
            slot_bytes = at + slot.size as u64;
            at
        });
        let slot_offsets = slot_offsets.collect();
        Places { offsets, words, slot_offsets, slot_bytes: slot_bytes.next_multiple_of(64) }
    }
}

#[cfg(test)]
mod tests;
