//! Explicit resource management: `using` and `await using`. A block with such declarations is lowered like a `try` whose `finally` disposes of
//! the resources, last first, each error suppressing the one before (DisposeResources).

use super::{Builder, Reg};
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use tercel_bytecode::assembler::Label;
use tercel_bytecode::instr;
use tercel_bytecode::op::{BlockOut, Dst, Imm8, Src};

impl<'s, 'a> Builder<'s, 'a> {
    /// Lowers the body of a statement list; if that declares resources, disposes of them at the end.
    pub fn with_resources(&mut self, statements: &'s [Statement<'a>], body: impl FnOnce(&mut Self)) {
        let has_using = statements
            .iter()
            .any(|statement| matches!(statement, Statement::VariableDeclaration(d) if d.kind.is_using()));
        if has_using {
            self.with_dispose(body);
        } else {
            body(self);
        }
    }

    /// Lowers `body` with a stack of resources.
    pub fn with_dispose(&mut self, body: impl FnOnce(&mut Self)) {
        let mark = self.mark_registers();
        let stack = self.temp();
        self.emit(instr::NewDisposeStack { dst: Dst(stack) });
        let outer = self.resources.replace(stack);
        self.with_finally(body, |this, reason, value| {
            this.dispose(stack, reason, value);
        });
        self.resources = outer;
        self.release(mark);
    }

    fn dispose(&mut self, stack: Reg, reason: Reg, value: Reg) {
        let mark = self.mark_registers();
        let is_async = self.temp();
        let (result, exception) = (self.temp(), self.temp());
        let block = self.call_block(0, None);
        let (done, handler, next) = (self.label(), self.label(), self.label());
        let top = self.asm.here();
        let target = self.to(done);
        self.emit(instr::DisposeNext { block: BlockOut(block), stack: Src(stack), is_async: Dst(is_async), target });
        let region = self.open_region();
        self.dispose_one(block, result, is_async);
        self.close_region(region, handler, exception);
        self.jump(next);
        self.bind(handler);
        let first = self.label();
        self.jump_unless_thrown(reason, first);
        self.emit(instr::NewSuppressedError { dst: Dst(exception), error: Src(exception), suppressed: Src(value) });
        self.bind(first);
        self.mov(value, exception);
        self.set_thrown(reason);
        self.bind(next);
        self.loop_back(top);
        self.bind(done);
        self.release(mark);
    }

    /// Calls the dispose method in `block`, if there is one, and awaits the result if that is due.
    fn dispose_one(&mut self, block: Reg, result: Reg, is_async: Reg) {
        let (call, after, end): (Label, Label, Label) = (self.label(), self.label(), self.label());
        self.jump_if_not_undefined(block, call);
        self.load_undefined(result);
        self.jump(after);
        self.bind(call);
        self.call_method(result, block, 0);
        self.bind(after);
        if self.can_await() {
            self.jump_if_false(is_async, end);
            self.emit_await(result, result);
        }
        self.bind(end);
    }

    pub fn add_resource(&mut self, value: Reg, is_async: bool, e: &Expression<'a>) {
        self.add_resource_at(value, is_async, e.span().start);
    }

    /// Puts a resource onto the stack of the innermost block that has one.
    pub fn add_resource_at(&mut self, value: Reg, is_async: bool, pos: u32) {
        let Some(stack) = self.resources else {
            return self.syntax_error(pos, "'using' is not allowed here");
        };
        self.at(pos);
        self.emit(instr::AddDisposable { hint: Imm8(u8::from(is_async)), stack: Src(stack), src: Src(value) });
    }
}

/// Whether a statement list declares resources.
pub fn has_resources(statements: &[Statement<'_>]) -> bool {
    statements.iter().any(|statement| matches!(statement, Statement::VariableDeclaration(d) if d.kind.is_using()))
}
