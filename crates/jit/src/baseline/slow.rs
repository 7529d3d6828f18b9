//! Calls of helpers, by their styles.

use super::{CX, Compiler, FRAME, SITES};
use crate::stubs;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Mem, Reg, Size};
use tercel_bytecode::Op;
use tercel_vm::helpers::{self, Style};
use tercel_vm::layout::context;

impl<'a> Compiler<'a> {
    /// The address of the current instruction's bytecode.
    fn pc_address(&self) -> i64 {
        self.code.code().wrapping_add(self.pc) as i64
    }

    /// The feedback sites of the function: after whatever changes r13.
    pub fn load_sites(&mut self) {
        let sites = self.code.sites() as i64;
        self.asm.mov_imm64(SITES, sites);
    }

    /// Context, frame and instruction as the first three arguments.
    pub fn helper_arguments(&mut self) {
        self.asm.mov(Size::S64, Reg::RDI, CX);
        self.asm.mov(Size::S64, Reg::RSI, FRAME);
        let pc = self.pc_address();
        self.asm.mov_imm64(Reg::RDX, pc);
    }

    /// Calls a helper that may collect, throw or run script.
    pub fn call_helper(&mut self, symbol: Symbol) {
        self.asm.mov(Size::S64, Mem::base(CX, context::EXIT_SP), Reg::RSP);
        self.asm.call_near(symbol.target());
    }

    /// Calls a helper that looks at its arguments only.
    pub fn call_leaf(&mut self, symbol: Symbol) {
        self.asm.call_near(symbol.target());
    }

    /// The op's helper, through its stub, which deals with throws and with frames that were pushed.
    fn call_stub(&mut self, op: Op) {
        let pc = self.pc_address();
        self.asm.mov_imm64(Reg::RDX, pc);
        self.stubs.insert(op);
        self.asm.call_near(stubs::of_op(op).target());
    }

    /// The whole op by its helper of style `Leave`.
    pub fn leave_helper(&mut self, op: Op) {
        self.helper_arguments();
        self.call_helper(Symbol::helper(op));
        let (throw, done, elsewhere) = (self.throw, self.asm.new_label(), self.asm.new_label());
        self.asm.cmp(Size::S64, Reg::RAX, 1);
        self.asm.jb(done);
        self.asm.je(throw);
        self.asm.cmp(Size::S64, Reg::RAX, 2);
        self.asm.jne(elsewhere);
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(CX, context::RESULT));
        self.asm.pop(Reg::RBP);
        self.asm.ret();
        self.asm.bind(elsewhere);
        self.asm.mov(Size::S64, FRAME, Mem::base(CX, context::FRAME));
        self.asm.jmp(Reg::RAX);
        self.asm.bind(done);
    }

    /// The whole op by its helper, whatever its style; `Relation`s excepted.
    pub fn whole_op(&mut self, op: Op) {
        match helpers::of_op(op).map(|h| h.style) {
            Some(Style::Plain | Style::Call) => self.call_stub(op),
            Some(Style::Leave) => self.leave_helper(op),
            Some(Style::Jump) => {
                let jump = op.jump_targets(&self.template.code, self.pc).next();
                let target = self.label(jump.expect("ops of this style have a target") as usize);
                self.call_stub(op);
                self.asm.je(target);
            }
            Some(Style::Relation) | None => unreachable!("{op:?} has code of its own"),
        }
    }

    /// A label whose code, behind the function, does the whole op by its helper and comes back to `done`.
    pub fn slow_op(&mut self, op: Op, done: Label) -> Label {
        let slow = self.asm.new_label();
        self.later(move |this| {
            this.asm.bind(slow);
            this.whole_op(op);
            this.asm.jmp_to(done);
        });
        slow
    }
}
