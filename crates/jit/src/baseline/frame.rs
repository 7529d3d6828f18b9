//! Prologue, calls and returns.

use super::emit::Emit;
use super::{CX, Compiler, FRAME, SITES, TAG};
use crate::stubs::shared;
use tercel_asm::x64::{Chain, Cond, Reg, Run, Size, Xmm, opcode};
use tercel_bytecode::op::{Argc, Block, Dst, Instr, Slot, instr};
use tercel_bytecode::{FeedbackKind, Op, op::Src};
use tercel_vm::code::{CodeBlock, code_flag};
use tercel_vm::feedback::SiteState;
use tercel_vm::frame::{self, Link, SMALL_FRAME, flag};
use tercel_vm::layout::{context, header, object, site};
use tercel_vm::{Kind, Value};

/// The byte of the call word that holds the flags from bit 40 on, and a flag in it.
const FLAG_BYTE: i32 = frame::CALL_WORD as i32 * 8 + 5;
const CONSTRUCT_BIT: i32 = (flag::CONSTRUCT >> 40) as i32;

/// Registers filled with undefined by single stores; more by stores of two.
const SINGLE_STORES: usize = 3;

impl<'a> Compiler<'a> {
    pub fn prologue(&mut self) {
        let (no_room, arity) = (self.no_room, self.arity);
        let (params, registers) = (self.code.num_params(), self.code.num_registers());
        let (sites, keeps_extra_args) = (self.code.sites() as u64, self.code.keeps_extra_args());
        (self.arguments_there, self.start) = self.asm.run(|run| {
            run.enter();
            run.mov64(SITES, sites);
            // The limit leaves room for a small frame.
            let top = if registers <= SMALL_FRAME { FRAME } else { Reg::RCX };
            if top != FRAME {
                run.mem(Size::S64, opcode::LEA, top, FRAME, registers as i32 * 8);
            }
            run.context_field(Size::S64, opcode::CMP_REG_RM, top, context::MACHINE_LIMIT);
            run.jcc_to(Cond::A, no_room);
            // Arguments beyond the parameters are dropped or, in some functions, kept above the registers.
            if params > 0 || keeps_extra_args {
                // Calls in machine code have fewer arguments than 2^16: the number is the word's low half.
                run.cmp_mem16(FRAME, frame::CALL_WORD as i32 * 8, params as i16);
                let other = if keeps_extra_args { Cond::NE } else { Cond::B };
                run.jcc_to(other, if params > 0 { arity } else { no_room });
            }
            let arguments_there = run.here();
            fill_undefined(run, frame::HEADER + params, registers);
            // Whoever wants functions to come to a safepoint has made the limit 0: no poll here.
            let start = run.here();
            run.inc_mem32(SITES, CodeBlock::CALLS_BEFORE_SITES);
            (arguments_there, start)
        });
    }

    /// The prologue's other ways in, and what it seldom does.
    pub fn behind_prologue(&mut self) {
        self.pc = 0;
        self.note_position();
        let (start, arguments_there, no_room) = (self.start, self.arguments_there, self.no_room);
        self.filled = self.asm.emitted() as u32;
        self.filled_inside = self.asm.run(|run| {
            run.enter();
            let inside = run.here();
            run.call_near(shared::ENTER_FILLED.target());
            run.jmp_back(start);
            inside
        });
        if self.asm.is_used(self.arity) {
            // Fewer arguments than parameters, or more that are kept.
            let (params, keeps_extra_args) = (self.code.num_params() as i32, self.code.keeps_extra_args());
            self.asm.bind(self.arity);
            self.asm.run(|run| {
                if keeps_extra_args {
                    run.jcc_to(Cond::A, no_room);
                }
                run.mov32(Reg::RCX, params);
                run.call_near(shared::FILL_ARGUMENTS.target());
                run.jmp_back(arguments_there);
            });
        }
        // No room, or arguments to be moved.
        self.asm.bind(no_room);
        self.asm.run(|run| {
            run.call_near(shared::FILL_FRAME.target());
            run.jmp_back(start);
        });
    }

    /// Returns rax.
    fn return_rax(&mut self) {
        let mut construct = Chain::NONE;
        let constructs = self.code.has(code_flag::CONSTRUCTOR);
        let ret = self.asm.run(|run| {
            if constructs {
                run.test_mem8(FRAME, FLAG_BYTE, CONSTRUCT_BIT as u8);
                run.jcc(Cond::NE, &mut construct);
            }
            let ret = run.here();
            run.leave();
            ret
        });
        if construct.is_used() {
            self.constructed_behind(construct, ret);
        }
    }

    pub fn return_value(&mut self, src: Src) {
        self.load(Reg::RAX, src.0);
        self.return_rax();
    }

    pub fn return_undefined(&mut self) {
        self.asm.mov(Size::S32, Reg::RAX, undefined());
        self.return_rax();
    }

    pub fn call(&mut self) {
        let i: instr::Call = self.decode();
        if self.fast_native_call(Op::Call, i.dst, i.block, i.argc, i.slot) {
            return;
        }
        self.call_function(Op::Call, i.dst, i.block, i.argc, i.slot, instr::Call::LEN, true);
    }

    pub fn call_method(&mut self) {
        let i: instr::CallMethod = self.decode();
        if self.fast_native_call(Op::CallMethod, i.dst, i.block, i.argc, i.slot) {
            return;
        }
        self.call_function(Op::CallMethod, i.dst, i.block, i.argc, i.slot, instr::CallMethod::LEN, false);
    }

    /// A call of an ordinary function goes from machine code to whatever entry its code block has; everything else to the helper.
    #[allow(clippy::too_many_arguments)]
    fn call_function(&mut self, op: Op, dst: Dst, block: Block, argc: Argc, slot: Slot, len: usize, plain: bool) {
        if self.is_cold(slot) {
            self.whole_op(op);
            self.in_rax = Some((dst.0, self.asm.emitted()));
            return;
        }
        let in_rax = self.is_in_rax(block.0);
        let several = self.feedback(slot).state.get() >= SiteState::Polymorphic;
        let enter = Enter::new(self, dst, block, argc, len, flag::MACHINE);
        let (mut slow, mut other) = (Chain::NONE, Chain::NONE);
        let known = self.asm.run(|run| {
            run.load_or_keep(Reg::RAX, block.0, in_rax);
            if several {
                // Different functions are called here: which one comes next is of no interest.
                let first = run.check_cell(Reg::RAX, &mut slow);
                run.mem_imm8(opcode::CMP, Reg::RAX, header::KIND, Kind::Function as u8);
                run.jcc_again(Cond::NE, first);
            } else {
                // The very function that the site has called before.
                run.site_field(Size::S64, opcode::CMP_REG_RM, Reg::RAX, slot, site::STUBS);
                run.jcc(Cond::NE, &mut other);
            }
            let known = run.here();
            run.mem(Size::S64, opcode::LOAD, Reg::RDX, Reg::RAX, object::FUNCTION_CODE);
            run.mem(Size::S64, opcode::LOAD, Reg::RCX, Reg::RAX, object::FUNCTION_ENV);
            enter.begin(run);
            run.store(frame::ENV as u16, Reg::RCX);
            run.store_vm(frame::NEW_TARGET as u16, undefined());
            if plain {
                run.store_vm(frame::THIS as u16, undefined());
            }
            enter.call(run, CodeBlock::ENTRY_OFFSET as i32);
            known
        });
        self.callee_behind(op, slot, other, slow, known);
        self.store_and_keep(dst.0);
    }

    /// `new` of a base constructor whose instances' shape is known: `this` is allocated by a short cut, and the constructor is called as any function.
    /// Everything else is the helper's.
    pub fn construct(&mut self) {
        const BITS: u32 = code_flag::CONSTRUCTOR | code_flag::DERIVED | code_flag::READY;
        let i: instr::Construct = self.decode();
        let block = i.block.0;
        let in_rax = self.is_in_rax(block);
        let enter = Enter::new(self, i.dst, i.block, i.argc, instr::Construct::LEN, flag::MACHINE | flag::CONSTRUCT);
        let mut slow = Chain::NONE;
        self.asm.run(|run| {
            run.load_or_keep(Reg::RAX, block, in_rax);
            let first = run.check_cell(Reg::RAX, &mut slow);
            run.mem_imm8(opcode::CMP, Reg::RAX, header::KIND, Kind::Function as u8);
            run.jcc_again(Cond::NE, first);
            // The first calls of a site record their target in the helper.
            run.site_field(Size::S64, opcode::CMP_REG_RM, Reg::RAX, i.slot, site::CELL);
            run.jcc_again(Cond::NE, first);
            run.mem(Size::S64, opcode::LOAD, Reg::RDX, Reg::RAX, object::FUNCTION_CODE);
            run.mem(Size::S32, opcode::LOAD, Reg::RCX, Reg::RDX, CodeBlock::FLAGS_OFFSET as i32);
            run.ri(Size::S32, opcode::AND, Reg::RCX, BITS as i32);
            run.ri(Size::S32, opcode::CMP, Reg::RCX, (code_flag::CONSTRUCTOR | code_flag::READY) as i32);
            run.jcc_again(Cond::NE, first);
            run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RSI);
            run.call_near(shared::NEW_THIS.target());
            run.rr(Size::S64, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
            run.jcc(Cond::E, &mut slow);
            enter.begin(run);
            run.store(frame::THIS as u16, Reg::RAX);
            run.load(Reg::RAX, frame::CALLEE as u16);
            run.store(frame::NEW_TARGET as u16, Reg::RAX);
            run.mem(Size::S64, opcode::LOAD, Reg::RDX, Reg::RAX, object::FUNCTION_CODE);
            run.mem(Size::S64, opcode::LOAD, Reg::RCX, Reg::RAX, object::FUNCTION_ENV);
            run.store(frame::ENV as u16, Reg::RCX);
            enter.call(run, CodeBlock::CONSTRUCT_ENTRY_OFFSET as i32);
        });
        self.whole_behind(Op::Construct, slow);
        self.store_and_keep(i.dst.0);
    }

    /// The back-edge of a loop.
    pub fn loop_back(&mut self) {
        let i: instr::LoopBack = self.decode();
        // Iterations in machine code are counted apart from the interpreter's, in the low half of an int32 value.
        let counter = &self.feedback(i.slot).cell;
        if !counter.get().is_int32() {
            counter.set(Value::ZERO);
        }
        let mut wanted = Chain::NONE;
        self.asm.run(|run| {
            run.inc_site(i.slot, site::CELL);
            // A safepoint: collections and interrupts.
            run.context_field(Size::S64, opcode::LOAD, Reg::RAX, context::INTERRUPT_WORD);
            run.mem_imm(Size::S32, opcode::CMP, Reg::RAX, 0, 0);
            run.jcc(Cond::NE, &mut wanted);
        });
        self.poll_behind(wanted);
        let head = (self.pc as i64 + i64::from(i.target.0)) as usize;
        if !self.tests_at(head) {
            return self.asm.jmp_to(self.label(head));
        }
        // The loop's test is here too: one jump an iteration, not two.
        let test = self.op_at(head);
        self.body = Some(self.label(head + test.units()));
        self.pc = head;
        self.op(test);
    }

    /// Whether the instruction at a loop's head is a comparison that decides whether the loop goes on.
    pub(super) fn tests_at(&self, head: usize) -> bool {
        let op = self.op_at(head);
        op.info().feedback == FeedbackKind::Compare && op.jump_targets(&self.template.code, head).next().is_some()
    }

    /// Boxes the int32 in the low half of `value`, whose upper half is 0.
    pub fn box_int32(&mut self, value: Reg) {
        self.asm.or(Size::S64, value, TAG);
    }
}

/// VM registers are undefined. Clobbers rcx, rdx, xmm0.
#[inline(always)]
fn fill_undefined(run: &mut Run<'_>, from: usize, to: usize) {
    /// Stores of two at most; more are a loop.
    const MOST_PAIRS: usize = 16;
    let at = |r: usize| r as i32 * 8;
    let count = to.saturating_sub(from);
    if count <= SINGLE_STORES {
        for r in from..to {
            run.store_imm(FRAME, at(r), undefined());
        }
        return;
    }
    run.movups_load(Xmm::XMM0, CX, context::UNDEFINED_PAIR);
    let pairs = count / 2;
    if pairs <= MOST_PAIRS {
        for pair in 0..pairs {
            run.movups_store(FRAME, at(from + pair * 2), Xmm::XMM0);
        }
    } else {
        run.mem(Size::S64, opcode::LEA, Reg::RCX, FRAME, at(from));
        run.mov32(Reg::RDX, pairs as i32);
        let next = run.here();
        run.movups_store(Reg::RCX, 0, Xmm::XMM0);
        run.ri(Size::S64, opcode::ADD, Reg::RCX, 16);
        run.ri(Size::S32, opcode::SUB, Reg::RDX, 1);
        run.jcc_back(Cond::NE, next);
    }
    if count % 2 == 1 {
        run.store_imm(FRAME, at(to - 1), undefined());
    }
}

/// The bits of undefined, as an immediate.
pub(super) fn undefined() -> i32 {
    Value::UNDEFINED.bits() as i32
}

/// The last part of a call: link and call word of the callee's frame, and the call itself.
struct Enter {
    block: u16,
    link: u64,
    word: u64,
    sites: u64,
}

impl Enter {
    fn new(compiler: &Compiler<'_>, dst: Dst, block: Block, argc: Argc, len: usize, flags: u64) -> Enter {
        Enter {
            block: block.0,
            link: Link::new(compiler.pc + len, block.0 as usize).0,
            word: frame::call_word(argc.0 as usize, dst.0, flags).bits(),
            sites: compiler.code.sites() as u64,
        }
    }

    /// From here on, the callee's registers are the frame's: those of its header are near.
    #[inline(always)]
    fn begin(&self, run: &mut Run<'_>) {
        run.ri(Size::S64, opcode::ADD, FRAME, i32::from(self.block) * 8);
    }

    /// Calls the entry of the code in rdx; afterwards rax is the result, and rbx and r13 are the caller's again.
    #[inline(always)]
    fn call(&self, run: &mut Run<'_>, entry: i32) {
        run.mov64(Reg::RCX, self.link);
        run.store(frame::LINK as u16, Reg::RCX);
        run.mov64(Reg::RCX, self.word);
        run.store(frame::CALL_WORD as u16, Reg::RCX);
        run.call_mem(Reg::RDX, entry);
        run.ri(Size::S64, opcode::SUB, FRAME, i32::from(self.block) * 8);
        run.mov64(SITES, self.sites);
    }
}
