//! Template code: each instruction becomes a fixed sequence on the machine stack.
//!
//! The frame is RBP's, with the locals below it; the VM's stack is the machine's. Nothing is kept in a register from one
//! instruction to the next. The height of the stack is known everywhere, so calls are aligned statically.

use super::verify::{Callee, Unit};
use super::{CompileError, Instruction, MAX_ARGS, Opcode, optimized, signature};
use crate::runtime::offsets;
use crate::x64::abi;
use crate::x64::inst::CONTEXT;
use crate::{CodegenError, CompiledFunction};
use tercel_asm::x64::{Assembler, Cond, Mem, Reg, Size, Xmm};
use tercel_asm::{Label, RelocTarget};
use tercel_ir::{CallConv, Signature, TrapCode};

const S64: Size = Size::S64;

pub fn compile(unit: &Unit, arrays: u64) -> Result<(CompiledFunction, Signature), CompileError> {
    let mut asm = Assembler::new();
    let labels = unit.function.bytecode.iter().map(|_| asm.new_label()).collect();
    let traps = [(); 4].map(|()| asm.new_label());
    let mut template = Template { asm, unit, labels, traps, arrays, height: 0 };
    template.prologue();
    for (at, &inst) in unit.function.bytecode.iter().enumerate() {
        template.asm.bind(template.labels[at]);
        if let Some(height) = unit.heights[at] {
            template.height = height;
            template.inst(inst);
        }
    }
    template.stubs();
    let assembly = template.asm.assemble().map_err(|error| CompileError::Code(CodegenError::Asm(error)))?;
    let compiled = CompiledFunction {
        name: unit.function.name.clone(),
        assembly,
        frame_size: 0,
        sites: Vec::new(),
        positions: Vec::new(),
        unwind: Vec::new(),
        stats: Default::default(),
        times: Default::default(),
    };
    Ok((compiled, signature(unit.function.num_params)))
}

/// Traps that template code takes, in the order of its labels.
const TRAPS: [TrapCode; 4] =
    [TrapCode::DivideByZero, TrapCode::Overflow, TrapCode::StackOverflow, TrapCode::OutOfBounds];
const DIVIDE_BY_ZERO: usize = 0;
const OVERFLOW: usize = 1;
const STACK_OVERFLOW: usize = 2;
const OUT_OF_BOUNDS: usize = 3;

struct Template<'a> {
    asm: Assembler,
    unit: &'a Unit<'a>,
    labels: Vec<Label>,
    traps: [Label; 4],
    arrays: u64,
    /// Height of the VM's stack before the instruction.
    height: usize,
}

impl Template<'_> {
    fn local(&self, index: usize) -> Mem {
        Mem::base(Reg::RBP, -8 * (index as i32 + 1))
    }

    fn prologue(&mut self) {
        let function = self.unit.function;
        let frame = 8 * (function.num_locals + self.unit.max_height + MAX_ARGS + 4) as i32;
        self.asm.lea(S64, Reg::R11, Mem::base(Reg::RSP, -frame));
        self.asm.cmp(S64, Reg::R11, Mem::base(CONTEXT, offsets::STACK_LIMIT));
        self.asm.jb(self.traps[STACK_OVERFLOW]);
        self.asm.push(Reg::RBP);
        self.asm.mov(S64, Reg::RBP, Reg::RSP);
        if function.num_locals > 0 {
            self.asm.sub(S64, Reg::RSP, 8 * function.num_locals as i32);
        }
        let own = signature(function.num_params);
        for (index, place) in abi::arguments(CallConv::Tercel, &own.params).locs.into_iter().enumerate() {
            if let abi::ArgLoc::Reg(reg) = place {
                let local = self.local(index);
                self.asm.mov(S64, local, Reg::from_index(reg.number()));
            }
        }
        for index in function.num_params..function.num_locals {
            let local = self.local(index);
            self.asm.mov(S64, local, 0);
        }
    }

    fn stubs(&mut self) {
        for (index, code) in TRAPS.into_iter().enumerate() {
            self.asm.bind(self.traps[index]);
            self.asm.mov(Size::S32, Mem::base(CONTEXT, offsets::TRAP), code as i32);
            self.asm.jmp(Mem::base(CONTEXT, offsets::TRAP_EXIT));
        }
    }

    fn inst(&mut self, inst: Instruction) {
        let operand = inst.operand;
        match inst.opcode {
            Opcode::LoadConst => self.asm.push(operand),
            Opcode::LoadPool => {
                self.asm.mov_imm64(Reg::RAX, self.unit.function.constants[operand as usize].bits());
                self.asm.push(Reg::RAX);
            }
            Opcode::LoadLocal => {
                let local = self.local(operand as usize);
                self.asm.push(local);
            }
            Opcode::StoreLocal => {
                let local = self.local(operand as usize);
                self.asm.pop(local);
            }
            Opcode::Add => self.binary(|asm| asm.add(S64, Reg::RAX, Reg::RCX)),
            Opcode::Sub => self.binary(|asm| asm.sub(S64, Reg::RAX, Reg::RCX)),
            Opcode::Mul => self.binary(|asm| asm.imul(S64, Reg::RAX, Reg::RCX)),
            Opcode::And => self.binary(|asm| asm.and(S64, Reg::RAX, Reg::RCX)),
            Opcode::Or => self.binary(|asm| asm.or(S64, Reg::RAX, Reg::RCX)),
            Opcode::Xor => self.binary(|asm| asm.xor(S64, Reg::RAX, Reg::RCX)),
            Opcode::Shl => self.binary(|asm| asm.shl(S64, Reg::RAX, tercel_asm::x64::Count::Cl)),
            Opcode::Shr => self.binary(|asm| asm.sar(S64, Reg::RAX, tercel_asm::x64::Count::Cl)),
            Opcode::Div => self.divide(false),
            Opcode::Rem => self.divide(true),
            Opcode::Neg => self.asm.neg(S64, Mem::base(Reg::RSP, 0)),
            Opcode::Equal => self.compare(Cond::E),
            Opcode::LessThan => self.compare(Cond::L),
            Opcode::GreaterThan => self.compare(Cond::G),
            Opcode::Jump => self.asm.jmp_to(self.labels[operand as usize]),
            Opcode::JumpIfFalse => {
                self.asm.pop(Reg::RAX);
                self.asm.test(S64, Reg::RAX, Reg::RAX);
                self.asm.je(self.labels[operand as usize]);
            }
            Opcode::Call => self.call(operand as u32),
            Opcode::Return => {
                self.asm.pop(Reg::RAX);
                self.asm.leave();
                self.asm.ret();
            }
            Opcode::Pop => self.asm.pop(Reg::RAX),
            Opcode::Dup => self.asm.push(Mem::base(Reg::RSP, 0)),
            Opcode::Swap => {
                self.asm.pop(Reg::RCX);
                self.asm.pop(Reg::RAX);
                self.asm.push(Reg::RCX);
                self.asm.push(Reg::RAX);
            }
            Opcode::FAdd => self.float_binary(|asm| asm.addsd(Xmm::XMM0, Xmm::XMM1)),
            Opcode::FSub => self.float_binary(|asm| asm.subsd(Xmm::XMM0, Xmm::XMM1)),
            Opcode::FMul => self.float_binary(|asm| asm.mulsd(Xmm::XMM0, Xmm::XMM1)),
            Opcode::FDiv => self.float_binary(|asm| asm.divsd(Xmm::XMM0, Xmm::XMM1)),
            Opcode::FLessThan => {
                // a < b is b > a: "above" is false for NaN.
                self.pop_floats();
                self.asm.ucomisd(Xmm::XMM1, Xmm::XMM0);
                self.push_flag(Cond::A);
            }
            Opcode::FEqual => {
                self.pop_floats();
                self.asm.ucomisd(Xmm::XMM0, Xmm::XMM1);
                self.asm.set(Cond::NP, Reg::RCX);
                self.asm.set(Cond::E, Reg::RAX);
                self.asm.and(Size::S8, Reg::RAX, Reg::RCX);
                self.asm.movzx(Size::S32, Size::S8, Reg::RAX, Reg::RAX);
                self.asm.push(Reg::RAX);
            }
            Opcode::IntToFloat => {
                self.asm.pop(Reg::RAX);
                self.asm.xorps(Xmm::XMM0, Xmm::XMM0);
                self.asm.cvtsi2sd(S64, Xmm::XMM0, Reg::RAX);
                self.asm.movq_to_gpr(Reg::RAX, Xmm::XMM0);
                self.asm.push(Reg::RAX);
            }
            Opcode::FloatToInt => self.float_to_int(),
            Opcode::NewArray => self.array(optimized::helper_address(0), 1, true),
            Opcode::ArrayLength => self.array(optimized::helper_address(1), 1, true),
            Opcode::ArrayGet => self.array(optimized::helper_address(2), 2, true),
            Opcode::ArraySet => self.array(optimized::helper_address(3), 3, false),
        }
    }

    fn binary(&mut self, emit: impl FnOnce(&mut Assembler)) {
        self.asm.pop(Reg::RCX);
        self.asm.pop(Reg::RAX);
        emit(&mut self.asm);
        self.asm.push(Reg::RAX);
    }

    fn compare(&mut self, cond: Cond) {
        self.asm.pop(Reg::RCX);
        self.asm.pop(Reg::RAX);
        self.asm.cmp(S64, Reg::RAX, Reg::RCX);
        self.push_flag(cond);
    }

    fn push_flag(&mut self, cond: Cond) {
        self.asm.set(cond, Reg::RAX);
        self.asm.movzx(Size::S32, Size::S8, Reg::RAX, Reg::RAX);
        self.asm.push(Reg::RAX);
    }

    fn divide(&mut self, rem: bool) {
        self.asm.pop(Reg::RCX);
        self.asm.pop(Reg::RAX);
        let (divide, done) = (self.asm.new_label(), self.asm.new_label());
        self.asm.test(S64, Reg::RCX, Reg::RCX);
        self.asm.je(self.traps[DIVIDE_BY_ZERO]);
        self.asm.cmp(S64, Reg::RCX, -1);
        self.asm.jne(divide);
        if rem {
            self.asm.zero(Reg::RDX);
        } else {
            self.asm.neg(S64, Reg::RAX);
            self.asm.jo(self.traps[OVERFLOW]);
        }
        self.asm.jmp_to(done);
        self.asm.bind(divide);
        self.asm.cqo();
        self.asm.idiv(S64, Reg::RCX);
        self.asm.bind(done);
        self.asm.push(if rem { Reg::RDX } else { Reg::RAX });
    }

    fn pop_floats(&mut self) {
        self.asm.movsd(Xmm::XMM1, Mem::base(Reg::RSP, 0));
        self.asm.movsd(Xmm::XMM0, Mem::base(Reg::RSP, 8));
        self.asm.add(S64, Reg::RSP, 16);
    }

    fn float_binary(&mut self, emit: impl FnOnce(&mut Assembler)) {
        self.pop_floats();
        emit(&mut self.asm);
        self.asm.movq_to_gpr(Reg::RAX, Xmm::XMM0);
        self.asm.push(Reg::RAX);
    }

    fn float_to_int(&mut self) {
        let (done, ordered) = (self.asm.new_label(), self.asm.new_label());
        self.asm.movsd(Xmm::XMM0, Mem::base(Reg::RSP, 0));
        self.asm.cvttsd2si(S64, Reg::RAX, Xmm::XMM0);
        // Only the answer for what does not fit overflows here.
        self.asm.cmp(S64, Reg::RAX, 1);
        self.asm.jno(done);
        self.asm.xorps(Xmm::XMM1, Xmm::XMM1);
        self.asm.ucomisd(Xmm::XMM0, Xmm::XMM1);
        self.asm.jnp(ordered);
        self.asm.mov_imm64(Reg::RAX, 0);
        self.asm.jmp_to(done);
        self.asm.bind(ordered);
        self.asm.jb(done);
        self.asm.mov_imm64(Reg::RAX, i64::MAX);
        self.asm.bind(done);
        self.asm.mov(S64, Mem::base(Reg::RSP, 0), Reg::RAX);
    }

    /// Emits a call with the stack pointer rounded down to a multiple of 16; `words` are on the stack besides the locals.
    fn aligned_call(&mut self, words: usize, call: impl FnOnce(&mut Assembler)) {
        let odd = (words + self.unit.function.num_locals) % 2 == 1;
        if odd {
            self.asm.sub(S64, Reg::RSP, 8);
        }
        call(&mut self.asm);
        if odd {
            self.asm.add(S64, Reg::RSP, 8);
        }
    }

    fn call(&mut self, operand: u32) {
        let count = operand as usize & 0xff;
        let callee = self.unit.callees[(operand >> 8) as usize];
        if let Callee::Host(address) = callee {
            return self.call_host(address, count);
        }
        let own = signature(count);
        for place in abi::arguments(CallConv::Tercel, &own.params).locs.into_iter().rev() {
            if let abi::ArgLoc::Reg(reg) = place {
                self.asm.pop(Reg::from_index(reg.number()));
            }
        }
        self.aligned_call(self.height - count, |asm| match callee {
            Callee::Compiled(entry) => {
                let slot = Mem::label(asm.address_constant(RelocTarget::Address(entry)));
                asm.call(slot);
            }
            _ => asm.call_near(RelocTarget::Symbol(0)),
        });
        self.asm.push(Reg::RAX);
    }

    /// Arguments of host functions are an array: they are copied, the first lowest.
    fn call_host(&mut self, address: u64, count: usize) {
        let area = (count.max(1) * 8).next_multiple_of(16) as i32;
        self.asm.mov(S64, Reg::R10, Reg::RSP);
        self.asm.sub(S64, Reg::RSP, area);
        for index in 0..count {
            let from = Mem::base(Reg::R10, 8 * (count - 1 - index) as i32);
            self.asm.mov(S64, Reg::RAX, from);
            self.asm.mov(S64, Mem::base(Reg::RSP, 8 * index as i32), Reg::RAX);
        }
        self.asm.mov(S64, Reg::RSI, Reg::RSP);
        self.asm.mov_imm64(Reg::RDI, address as i64);
        self.asm.mov_imm64(Reg::RDX, count as i64);
        self.aligned_call(self.height, |asm| asm.call_extern(optimized::helper_address(4)));
        self.asm.add(S64, Reg::RSP, area + 8 * count as i32);
        self.asm.push(Reg::RAX);
    }

    fn array(&mut self, helper: *const u8, operands: usize, has_value: bool) {
        for reg in [Reg::RSI, Reg::RDX, Reg::RCX][..operands].iter().rev() {
            self.asm.pop(*reg);
        }
        self.asm.mov_imm64(Reg::RDI, self.arrays as i64);
        self.aligned_call(self.height - operands, |asm| asm.call_extern(helper));
        self.asm.test(S64, Reg::RDX, Reg::RDX);
        self.asm.je(self.traps[OUT_OF_BOUNDS]);
        if has_value {
            self.asm.push(Reg::RAX);
        }
    }
}
