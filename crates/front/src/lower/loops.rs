//! Loops. The test stands at the top; the back-edge is a `LoopBack`.

use super::iterate::RECORD;
use super::pattern::Bind;
use super::vars::Entered;
use super::{Builder, Reg};
use crate::analysis::ScopeId;
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use tercel_bytecode::op::{Dst, Src};
use tercel_bytecode::{FeedbackKind, instr};

impl<'s, 'a> Builder<'s, 'a> {
    pub fn while_statement(&mut self, e: &'s WhileStatement<'a>) {
        self.clear_completion();
        let (next, end) = (self.label(), self.label());
        self.push_breakable(end, Some(next), true);
        let top = self.asm.here();
        self.jump_if(&e.test, end, false);
        self.statement(&e.body);
        self.bind(next);
        self.loop_back(top);
        self.pop_control();
        self.bind(end);
    }

    pub fn do_while_statement(&mut self, e: &'s DoWhileStatement<'a>) {
        self.clear_completion();
        let (next, end) = (self.label(), self.label());
        self.push_breakable(end, Some(next), true);
        let top = self.asm.here();
        self.statement(&e.body);
        self.bind(next);
        self.jump_if(&e.test, end, false);
        self.loop_back(top);
        self.pop_control();
        self.bind(end);
    }

    pub fn for_statement(&mut self, e: &'s ForStatement<'a>) {
        let Some(ForStatementInit::VariableDeclaration(declaration)) = &e.init else {
            return self.for_loop(e, None);
        };
        let entered = e.scope_id.get().map(|scope| self.enter_scope(scope.index() as u32));
        if declaration.kind.is_using() {
            self.with_dispose(|this| this.for_loop(e, None));
        } else {
            let copied = e.scope_id.get().filter(|_| declaration.kind == VariableDeclarationKind::Let);
            self.for_loop(e, copied.map(|scope| scope.index() as u32));
        }
        if let Some(entered) = entered {
            self.leave_scope(entered);
        }
    }

    /// A `for` loop; `copied` is the scope that each iteration gets a copy of.
    fn for_loop(&mut self, e: &'s ForStatement<'a>, copied: Option<ScopeId>) {
        let labels = std::mem::take(&mut self.pending_labels);
        match &e.init {
            Some(ForStatementInit::VariableDeclaration(declaration)) => self.variables(declaration),
            Some(init) => {
                if let Some(init) = init.as_expression() {
                    self.effect(init);
                }
            }
            None => {}
        }
        self.pending_labels = labels;
        self.clear_completion();
        let copied = copied.filter(|&id| self.cx.analysis.scopes[id as usize].heap.is_some());
        self.copy_scope(copied);
        let (next, end) = (self.label(), self.label());
        self.push_breakable(end, Some(next), true);
        let top = self.asm.here();
        if let Some(test) = &e.test {
            self.jump_if(test, end, false);
        }
        self.statement(&e.body);
        self.bind(next);
        self.copy_scope(copied);
        if let Some(update) = &e.update {
            self.effect(update);
        }
        self.loop_back(top);
        self.pop_control();
        self.bind(end);
    }

    /// CreatePerIterationEnvironment.
    fn copy_scope(&mut self, scope: Option<ScopeId>) {
        if let Some(id) = scope {
            let register = self.cx.analysis.scopes[id as usize].register.get();
            self.emit(instr::CloneScope { dst: Dst(register), src: Src(register) });
        }
    }

    /// Enters the scope of a `for-in` or `for-of` head, in which the right side is evaluated. Returns what leaves it, and the register
    /// of the scope around.
    fn enter_head(&mut self, scope: Option<ScopeId>) -> Option<(Entered, ScopeId, Reg)> {
        let id = scope?;
        let outer = self.scope_reg;
        let entered = self.enter_scope(id);
        Some((entered, id, outer))
    }

    /// A fresh scope for an iteration.
    fn renew_head(&mut self, head: &Option<(Entered, ScopeId, Reg)>) {
        if let Some((_, id, outer)) = head {
            self.renew_heap_scope(*id, *outer);
            self.mark_dead_zones(*id);
        }
    }

    /// Binds the loop variable of an iteration, then the body.
    fn loop_body(&mut self, left: &'s ForStatementLeft<'a>, value: Reg, body: &'s Statement<'a>) {
        let ForStatementLeft::VariableDeclaration(declaration) = left else {
            if let Some(target) = left.as_assignment_target() {
                self.assign_target(target, value);
            }
            return self.statement(body);
        };
        let kind = declaration.kind;
        let bind = if kind.is_var() { Bind::Var } else { Bind::Init };
        let Some(declarator) = declaration.declarations.first() else {
            return;
        };
        if kind.is_using() {
            self.with_dispose(|this| {
                let is_async = kind == VariableDeclarationKind::AwaitUsing;
                this.add_resource_at(value, is_async, declarator.span.start);
                this.bind_pattern(&declarator.id, value, bind);
                this.statement(body);
            });
        } else {
            self.bind_pattern(&declarator.id, value, bind);
            self.statement(body);
        }
    }

    pub fn for_in_statement(&mut self, e: &'s ForInStatement<'a>) {
        let labels = std::mem::take(&mut self.pending_labels);
        // `for (var x = 1 in o)`, Annex B.
        if let ForStatementLeft::VariableDeclaration(declaration) = &e.left
            && declaration.kind.is_var()
        {
            self.variables(declaration);
        }
        self.clear_completion();
        let head = self.enter_head(e.scope_id.get().map(|scope| scope.index() as u32));
        let object = self.expr(&e.right);
        let enumerator = self.temp();
        let (next, end) = (self.label(), self.label());
        self.at_span(e.right.span());
        let target = self.to(end);
        let slot = self.slot(FeedbackKind::Iterate);
        self.emit(instr::ForInStart { dst: Dst(enumerator), src: Src(object), target, slot });
        self.pending_labels = labels;
        self.push_breakable(end, Some(next), true);
        let top = self.asm.here();
        let value = match self.loop_register(&e.left) {
            Some(register) => register,
            None => self.temp(),
        };
        self.at_span(e.right.span());
        let target = self.to(end);
        let slot = self.slot(FeedbackKind::Iterate);
        self.emit(instr::ForInNext { dst: Dst(value), iter: Src(enumerator), target, slot });
        self.renew_head(&head);
        self.loop_body(&e.left, value, &e.body);
        self.bind(next);
        self.loop_back(top);
        self.pop_control();
        self.bind(end);
        if let Some((entered, ..)) = head {
            self.leave_scope(entered);
        }
    }

    pub fn for_of_statement(&mut self, e: &'s ForOfStatement<'a>) {
        let labels = std::mem::take(&mut self.pending_labels);
        self.clear_completion();
        let head = self.enter_head(e.scope_id.get().map(|scope| scope.index() as u32));
        let pos = e.right.span().start;
        let iter = self.run(RECORD);
        let mark = self.mark_registers();
        let iterable = self.expr(&e.right);
        if e.r#await {
            self.get_async_iterator(iter, iterable, pos);
        } else {
            self.get_iterator(iter, iterable, true, pos);
        }
        self.release(mark);
        let value = match self.loop_register(&e.left) {
            Some(register) => register,
            None => self.temp(),
        };
        let exception = self.temp();
        let (next, end, exhausted, handler) = (self.label(), self.label(), self.label(), self.label());
        self.pending_labels = labels;
        self.push_breakable(end, Some(next), true);
        let top = self.asm.here();
        if e.r#await {
            let mark = self.mark_registers();
            let result = self.temp();
            self.at(pos);
            self.iter_call(result, iter);
            self.emit_await(result, result);
            self.iter_result(value, result, exhausted);
            self.release(mark);
        } else {
            self.iter_step(value, iter, exhausted, pos);
        }
        self.push_iterator(iter, e.r#await);
        let region = self.open_region();
        self.renew_head(&head);
        self.loop_body(&e.left, value, &e.body);
        self.close_region(region, handler, exception);
        self.pop_control();
        self.bind(next);
        self.loop_back(top);
        self.pop_control();
        self.bind(handler);
        self.iter_close_quietly(iter, e.r#await);
        self.emit(instr::Throw { src: Src(exception) });
        self.bind(exhausted);
        self.bind(end);
        if let Some((entered, ..)) = head {
            self.leave_scope(entered);
        }
    }
}
