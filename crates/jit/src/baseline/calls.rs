//! Calls of helpers, by their styles, and of stubs.

use super::operands::Spill;
use super::{CX, Compiler, FRAME};
use crate::stubs;
use crate::symbols::Symbol;
use std::sync::LazyLock;
use tercel_asm::x64::{Chain, Mem, Reg, Size};
use tercel_bytecode::Op;
use tercel_vm::helpers::{self, Style};
use tercel_vm::layout::context;

/// The styles of the ops' helpers.
static STYLES: LazyLock<[Option<Style>; 256]> = LazyLock::new(|| {
    let mut styles = [None; 256];
    for &op in Op::ALL {
        styles[op as usize] = helpers::of_op(op).map(|helper| helper.style);
    }
    styles
});

/// Calls.
impl<'a> Compiler<'a> {
    /// The address of the current instruction's bytecode.
    fn pc_address(&self) -> i64 {
        self.code.code().wrapping_add(self.pc) as i64
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

    /// The current instruction, as stubs want it.
    pub fn offset_argument(&mut self) {
        // The verifier bounds code.
        self.asm.mov(Size::S32, Reg::RDX, self.pc as i32 * 2);
    }

    /// An op of [`stubs::named`] by its stub, which reads the operands itself.
    pub fn call_named(&mut self, op: Op) {
        debug_assert!(stubs::named::is_named(op));
        self.stubs.insert(op);
        let next = self.return_pc();
        self.asm.run(|run| {
            run.mov32(Reg::RSI, next);
            run.call_near(stubs::named::by_offset(op).target());
        });
    }

    /// A slow path that is the whole op.
    pub(super) fn whole_from(&mut self, op: Op, entry: Chain, spill: Spill, done: u32) {
        self.asm.bind_chain(entry);
        self.spill(spill);
        self.count_site(op, context::missed);
        self.stubs.insert(op);
        let offset = self.pc as i32 * 2;
        self.asm.run(|run| {
            run.mov32(Reg::RDX, offset);
            run.call_near(stubs::of_op(op).target());
            run.jmp_back(done);
        });
    }

    /// The op's helper, through its stub, which deals with throws and with frames that were pushed.
    pub(super) fn call_stub(&mut self, op: Op) {
        self.offset_argument();
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
        self.count_site(op, context::missed);
        match STYLES[op as usize] {
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
}
