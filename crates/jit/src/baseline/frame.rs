//! Prologue, calls and returns.

use super::{CX, Compiler, FRAME, SITES, TAG, site_field, vm};
use crate::stubs::shared;
use tercel_asm::Label;
use tercel_asm::x64::{Mem, Reg, Size, Xmm};
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
    /// {return address, saved rbp}: what a frame with the flag MACHINE has.
    pub fn make_native_frame(&mut self) {
        self.asm.push(Reg::RBP);
        self.asm.mov(Size::S64, Reg::RBP, Reg::RSP);
    }

    pub fn prologue(&mut self) {
        let (entry, start) = (self.entry, self.start);
        let (slow, arity, arguments_there) = (self.no_room, self.arity, self.arguments_there);
        let (params, registers) = (self.code.num_params(), self.code.num_registers());

        self.asm.bind(entry);
        self.make_native_frame();
        self.load_sites();
        // The limit leaves room for a small frame.
        let top = if registers <= SMALL_FRAME { FRAME } else { Reg::RCX };
        if top != FRAME {
            self.asm.lea(Size::S64, top, Mem::base(FRAME, registers as i32 * 8));
        }
        self.asm.cmp(Size::S64, top, Mem::base(CX, context::MACHINE_LIMIT));
        self.asm.ja(slow);
        // Arguments beyond the parameters are dropped or, in some functions, kept above the registers.
        if params > 0 || self.code.keeps_extra_args() {
            // Calls in machine code have fewer arguments than 2^16: the number is the word's low half.
            self.asm.cmp(Size::S16, vm(frame::CALL_WORD as u16), params as i32);
            self.asm.jne(if params > 0 { arity } else { slow });
        }
        self.asm.bind(arguments_there);
        self.fill_undefined(frame::HEADER + params, registers);
        // Whoever wants functions to come to a safepoint has made the limit 0: no poll here.
        self.asm.bind(start);
        self.asm.inc(Size::S32, Mem::base(SITES, CodeBlock::CALLS_BEFORE_SITES));
    }

    /// The prologue's other ways in, and what it seldom does.
    pub fn behind_prologue(&mut self) {
        self.pc = 0;
        self.note_position();
        let (filled, start, arguments_there) = (self.filled, self.start, self.arguments_there);
        self.asm.bind(filled);
        self.make_native_frame();
        self.asm.bind(self.filled_inside);
        self.load_sites();
        self.poll();
        self.asm.jmp_to(start);

        if self.asm.is_used(self.arity) {
            // Fewer arguments than parameters, or more.
            self.asm.bind(self.arity);
            self.asm.ja(if self.code.keeps_extra_args() { self.no_room } else { arguments_there });
            self.asm.mov(Size::S32, Reg::RCX, self.code.num_params() as i32);
            self.call_leaf(shared::FILL_ARGUMENTS);
            self.asm.jmp_to(arguments_there);
        }

        // No room, or arguments to be moved.
        self.asm.bind(self.no_room);
        self.call_leaf(shared::FILL_FRAME);
        self.asm.jmp_to(start);
        // The poll's.
        self.slow_paths();
    }

    fn fill_undefined(&mut self, from: usize, to: usize) {
        let at = |r: usize| Mem::base(FRAME, r as i32 * 8);
        let count = to.saturating_sub(from);
        if count <= SINGLE_STORES {
            for r in from..to {
                self.asm.mov(Size::S64, at(r), undefined());
            }
            return;
        }
        self.asm.movups(Xmm::XMM0, Mem::base(CX, context::UNDEFINED_PAIR));
        let pairs = count / 2;
        if pairs <= 16 {
            for pair in 0..pairs {
                self.asm.movups_store(at(from + pair * 2), Xmm::XMM0);
            }
        } else {
            self.asm.lea(Size::S64, Reg::RCX, at(from));
            self.asm.mov(Size::S32, Reg::RDX, pairs as i32);
            let next = self.asm.here();
            self.asm.movups_store(Mem::base(Reg::RCX, 0), Xmm::XMM0);
            self.asm.add(Size::S64, Reg::RCX, 16);
            self.asm.dec(Size::S32, Reg::RDX);
            self.asm.jne(next);
        }
        if count % 2 == 1 {
            self.asm.mov(Size::S64, at(to - 1), undefined());
        }
    }

    /// A safepoint: collections and interrupts. Clobbers rax.
    pub fn poll(&mut self) {
        let done = self.asm.new_label();
        let slow = self.slow_poll(done);
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(CX, context::INTERRUPT_WORD));
        self.asm.cmp(Size::S32, Mem::base(Reg::RAX, 0), 0);
        self.asm.jne(slow);
        self.asm.bind(done);
    }

    /// Returns rax.
    fn return_rax(&mut self) {
        if self.code.has(code_flag::CONSTRUCTOR) {
            let ret = self.asm.new_label();
            let construct = self.slow_shared(shared::CONSTRUCTED, None, None, ret);
            self.asm.test(Size::S8, Mem::base(FRAME, FLAG_BYTE), CONSTRUCT_BIT);
            self.asm.jne(construct);
            self.asm.bind(ret);
        }
        self.asm.pop(Reg::RBP);
        self.asm.ret();
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
        let done = self.asm.new_label();
        let slow = self.slow_op(op, done);
        let known = self.asm.new_label();
        let header_at = |i: usize| vm(block.0 + i as u16);

        self.load(Reg::RAX, block.0);
        if self.feedback(slot).state.get() < SiteState::Polymorphic {
            // The very function that the site has called before.
            let other = self.slow_shared(shared::CALLEE, Some(slot), Some(slow), known);
            self.asm.cmp(Size::S64, Reg::RAX, site_field(slot, site::STUBS));
            self.asm.jne(other);
            self.asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::FUNCTION_CODE));
        } else {
            // Different functions are called here: which one comes next is of no interest.
            self.code_of_function(slow);
        }
        self.asm.bind(known);
        self.asm.mov(Size::S64, Reg::RCX, Mem::base(Reg::RAX, object::FUNCTION_ENV));
        self.asm.mov(Size::S64, header_at(frame::ENV), Reg::RCX);
        self.asm.mov(Size::S64, header_at(frame::NEW_TARGET), undefined());
        if plain {
            self.asm.mov(Size::S64, header_at(frame::THIS), undefined());
        }
        let entry = Mem::base(Reg::RDX, CodeBlock::ENTRY_OFFSET as i32);
        self.enter_callee(dst, block, argc, len, flag::MACHINE, entry, done);
    }

    /// rdx = the code of the function in rax; jumps to `no` if that is none. Clobbers rcx.
    fn code_of_function(&mut self, no: Label) {
        self.check_cell(Reg::RAX, no);
        self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Function as i32);
        self.asm.jne(no);
        self.asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::FUNCTION_CODE));
    }

    /// Writes link and call word of the callee's frame at `block`, calls `entry`, and stores the result.
    #[allow(clippy::too_many_arguments)]
    fn enter_callee(&mut self, dst: Dst, block: Block, argc: Argc, len: usize, flags: u64, entry: Mem, done: Label) {
        let link = Link::new(self.pc + len, block.0 as usize).0;
        self.asm.mov_imm64(Reg::RCX, link as i64);
        self.asm.mov(Size::S64, vm(block.0 + frame::LINK as u16), Reg::RCX);
        let word = frame::call_word(argc.0 as usize, dst.0, flags).bits();
        self.asm.mov_imm64(Reg::RCX, word as i64);
        self.asm.mov(Size::S64, vm(block.0 + frame::CALL_WORD as u16), Reg::RCX);
        self.asm.add(Size::S64, FRAME, i32::from(block.0) * 8);
        self.asm.call(entry);
        self.asm.sub(Size::S64, FRAME, i32::from(block.0) * 8);
        self.load_sites();
        self.finish_with(dst.0, done);
    }

    /// `new` of a base constructor whose instances' shape is known: `this` is allocated by a short cut, and the constructor is called as any function.
    /// Everything else is the helper's.
    pub fn construct(&mut self) {
        const BITS: u32 = code_flag::CONSTRUCTOR | code_flag::DERIVED | code_flag::READY;
        let i: instr::Construct = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::Construct, done);
        let block = i.block.0;
        self.load(Reg::RAX, block);
        self.check_cell(Reg::RAX, slow);
        self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Function as i32);
        self.asm.jne(slow);
        // The first calls of a site record their target in the helper.
        self.asm.cmp(Size::S64, Reg::RAX, site_field(i.slot, site::CELL));
        self.asm.jne(slow);
        self.asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::FUNCTION_CODE));
        self.asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RDX, CodeBlock::FLAGS_OFFSET as i32));
        self.asm.and(Size::S32, Reg::RCX, BITS as i32);
        self.asm.cmp(Size::S32, Reg::RCX, (code_flag::CONSTRUCTOR | code_flag::READY) as i32);
        self.asm.jne(slow);
        self.asm.mov(Size::S64, Reg::RSI, Reg::RAX);
        self.asm.call_near(shared::NEW_THIS.target());
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
        self.store(block + frame::THIS as u16, Reg::RAX);
        self.load(Reg::RAX, block);
        self.store(block + frame::NEW_TARGET as u16, Reg::RAX);
        self.asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::FUNCTION_CODE));
        self.asm.mov(Size::S64, Reg::RCX, Mem::base(Reg::RAX, object::FUNCTION_ENV));
        self.store(block + frame::ENV as u16, Reg::RCX);
        let flags = flag::MACHINE | flag::CONSTRUCT;
        let entry = Mem::base(Reg::RDX, CodeBlock::CONSTRUCT_ENTRY_OFFSET as i32);
        self.enter_callee(i.dst, i.block, i.argc, instr::Construct::LEN, flags, entry, done);
    }

    /// The back-edge of a loop.
    pub fn loop_back(&mut self) {
        let i: instr::LoopBack = self.decode();
        // Iterations in machine code are counted apart from the interpreter's, in the low half of an int32 value.
        let counter = &self.feedback(i.slot).cell;
        if !counter.get().is_int32() {
            counter.set(Value::ZERO);
        }
        self.asm.inc(Size::S32, site_field(i.slot, site::CELL));
        self.poll();
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

/// The bits of undefined, as an immediate.
pub(super) fn undefined() -> i32 {
    Value::UNDEFINED.bits() as i32
}
