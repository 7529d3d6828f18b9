//! Statements other than loops and `try`.

use super::pattern::Bind;
use super::{Builder, Reg};
use crate::analysis::{Found, Place, function_declaration};
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use rustc_hash::FxHashMap;
use tercel_bytecode::assembler::Label;
use tercel_bytecode::op::{Dst, I16, Src, U16};
use tercel_bytecode::{FeedbackKind, frame, instr};

impl<'s, 'a> Builder<'s, 'a> {
    /// A statement list in a scope that is entered already: functions first.
    pub fn statements(&mut self, statements: &'s [Statement<'a>]) {
        self.hoist_functions(statements.iter());
        self.statements_in_order(statements);
    }

    /// The statements as they come; what follows a jump cannot be reached.
    pub fn statements_in_order(&mut self, statements: &'s [Statement<'a>]) {
        for statement in statements {
            self.statement(statement);
            if matches!(
                statement,
                Statement::ReturnStatement(_)
                    | Statement::ThrowStatement(_)
                    | Statement::BreakStatement(_)
                    | Statement::ContinueStatement(_)
            ) {
                break;
            }
        }
    }

    /// Creates the functions that a statement list declares. The last of a name wins.
    pub fn hoist_functions(&mut self, statements: impl Iterator<Item = &'s Statement<'a>> + Clone)
    where
        'a: 's,
    {
        let functions = || statements.clone().filter_map(declared_function);
        let mut last = FxHashMap::default();
        let mut count = 0;
        for function in functions() {
            if let Some(id) = &function.id {
                last.insert(id.name, function.span.start);
                count += 1;
            }
        }
        if count == 0 {
            return;
        }
        for function in functions() {
            if let Some(id) = &function.id
                && last.get(&id.name) == Some(&function.span.start)
                && let Found::Here { scope, var } = self.cx.analysis.lookup(self.scope, id.name)
            {
                let mark = self.mark_registers();
                let dst = match self.init_register(id.name) {
                    Some(register) => register,
                    None => self.temp(),
                };
                self.function_declaration(function, dst);
                self.init_var(scope, var, dst);
                self.release(mark);
            }
        }
    }

    /// A block: its scope, its functions, its statements, its resources.
    pub fn block(&mut self, block: &'s BlockStatement<'a>) {
        let entered = block.scope_id.get().map(|scope| self.enter_scope(scope.index() as u32));
        self.with_resources(&block.body, |this| this.statements(&block.body));
        if let Some(entered) = entered {
            self.leave_scope(entered);
        }
    }

    /// The completion value becomes undefined.
    pub fn clear_completion(&mut self) {
        if let Some(completion) = self.completion {
            self.load_undefined(completion);
        }
    }

    pub fn statement(&mut self, statement: &'s Statement<'a>) {
        if self.failed {
            return;
        }
        let is_loop = matches!(
            statement,
            Statement::LabeledStatement(_)
                | Statement::ForStatement(_)
                | Statement::ForInStatement(_)
                | Statement::ForOfStatement(_)
                | Statement::WhileStatement(_)
                | Statement::DoWhileStatement(_)
                | Statement::SwitchStatement(_)
        );
        if !is_loop && !self.pending_labels.is_empty() {
            return self.labelled(statement);
        }
        let mark = self.mark_registers();
        match statement {
            Statement::EmptyStatement(_) => {}
            Statement::ExpressionStatement(e) => match self.completion {
                Some(completion) => self.expr_to(&e.expression, completion),
                None => self.effect(&e.expression),
            },
            Statement::BlockStatement(block) => self.block(block),
            Statement::VariableDeclaration(declaration) => self.variables(declaration),
            Statement::IfStatement(e) => self.if_statement(e),
            Statement::ForStatement(e) => self.for_statement(e),
            Statement::ForInStatement(e) => self.for_in_statement(e),
            Statement::ForOfStatement(e) => self.for_of_statement(e),
            Statement::WhileStatement(e) => self.while_statement(e),
            Statement::DoWhileStatement(e) => self.do_while_statement(e),
            Statement::ReturnStatement(e) => match &e.argument {
                Some(argument) => self.return_expression(argument),
                None => self.return_undefined(),
            },
            Statement::ThrowStatement(e) => {
                let value = self.expr(&e.argument);
                self.at_span(e.span);
                self.emit(instr::Throw { src: Src(value) });
            }
            Statement::BreakStatement(e) => self.break_statement(e),
            Statement::ContinueStatement(e) => self.continue_statement(e),
            Statement::LabeledStatement(e) => {
                self.pending_labels.push(e.label.name);
                self.statement(&e.body);
                self.pending_labels.clear();
            }
            Statement::SwitchStatement(e) => self.switch_statement(e),
            Statement::TryStatement(e) => self.try_statement(e),
            Statement::WithStatement(e) => self.with_statement(e),
            Statement::DebuggerStatement(e) => {
                self.at_span(e.span);
                self.emit(instr::Debugger {});
            }
            Statement::FunctionDeclaration(function) => self.assign_hoisted(function),
            Statement::ClassDeclaration(class) => self.class_declaration(class),
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::VariableDeclaration(declaration) => self.variables(declaration),
                Declaration::ClassDeclaration(class) => self.class_declaration(class),
                _ => {}
            },
            Statement::ExportDefaultDeclaration(export) => self.export_default(export),
            Statement::ImportDeclaration(_)
            | Statement::ExportAllDeclaration(_)
            | Statement::ExportNamedDeclaration(_)
            | Statement::ExportFromDeclaration(_) => {}
            other => {
                self.syntax_error(other.span().start, "this TypeScript syntax is not supported");
            }
        }
        self.release(mark);
    }

    /// A statement with labels that is no loop: `break label` ends it.
    fn labelled(&mut self, statement: &'s Statement<'a>) {
        let end = self.label();
        self.push_breakable(end, None, false);
        self.statement(statement);
        self.pop_control();
        self.bind(end);
    }

    fn if_statement(&mut self, e: &'s IfStatement<'a>) {
        self.clear_completion();
        let end = self.label();
        let mut current = e;
        // `else if` chains without recursion.
        loop {
            let otherwise = self.label();
            match self.plain_jump(&current.consequent) {
                Some(target) => {
                    self.jump_if(&current.test, target, true);
                    self.bind(otherwise);
                    let Some(alternate) = &current.alternate else {
                        break;
                    };
                    match alternate {
                        Statement::IfStatement(next) => {
                            current = next;
                            continue;
                        }
                        other => {
                            self.branch(other);
                            break;
                        }
                    }
                }
                None => self.jump_if(&current.test, otherwise, false),
            }
            self.branch(&current.consequent);
            let Some(alternate) = &current.alternate else {
                self.bind(otherwise);
                break;
            };
            self.jump(end);
            self.bind(otherwise);
            match alternate {
                Statement::IfStatement(next) => current = next,
                other => {
                    self.branch(other);
                    break;
                }
            }
        }
        self.bind(end);
    }

    fn branch(&mut self, statement: &'s Statement<'a>) {
        let scope = match statement {
            Statement::FunctionDeclaration(function) => self.cx.analysis.if_functions.get(&function.span.start),
            _ => None,
        };
        let Some(&scope) = scope else {
            return self.statement(statement);
        };
        let entered = self.enter_scope(scope);
        self.hoist_functions(std::iter::once(statement));
        self.statement(statement);
        self.leave_scope(entered);
    }

    /// Annex B 3.3: evaluating a function declaration in a block assigns the `var` of the same name.
    fn assign_hoisted(&mut self, function: &'s Function<'a>) {
        let Some(id) = &function.id else { return };
        if !self.cx.analysis.annex_b.contains(&function.span.start) {
            return;
        }
        let mark = self.mark_registers();
        let value = self.load_name(id.name, u32::MAX, None);
        let analysis = self.cx.analysis;
        let mut target = self.scope;
        while !analysis.scopes[target as usize].is_var_scope {
            target = analysis.scopes[target as usize].parent.unwrap_or(0);
        }
        match analysis.lookup(target, id.name) {
            Found::Here { scope, var } => self.init_var(scope, var, value),
            Found::Global => self.set_global(id.name, value),
            found => {
                let base = self.temp();
                let heap = analysis.heap_scope(Some(target));
                let register = match heap {
                    Some(heap) if analysis.scopes[heap as usize].function == self.id => {
                        analysis.scopes[heap as usize].register.get()
                    }
                    _ => frame::ENV,
                };
                if matches!(found, Found::Dynamic) {
                    let name = self.name(id.name);
                    self.emit(instr::ResolveName { dst: Dst(base), scope: Src(register), name });
                }
                self.store_name(id.name, id.span.start, found, base, value);
            }
        }
        self.release(mark);
    }

    /// `var`, `let`, `const`, `using`.
    pub fn variables(&mut self, declaration: &'s VariableDeclaration<'a>) {
        for declarator in &declaration.declarations {
            let mark = self.mark_registers();
            self.variable(declaration.kind, declarator);
            self.release(mark);
        }
    }

    fn variable(&mut self, kind: VariableDeclarationKind, declarator: &'s VariableDeclarator<'a>) {
        let bind = if kind.is_var() { Bind::Var } else { Bind::Init };
        let Some(init) = &declarator.init else {
            if bind == Bind::Init
                && let BindingPattern::BindingIdentifier(id) = &declarator.id
            {
                let value = match self.init_register(id.name) {
                    Some(register) => register,
                    None => self.temp(),
                };
                self.load_undefined(value);
                self.init_name(id.name, id.span.start, value);
            }
            return;
        };
        let BindingPattern::BindingIdentifier(id) = &declarator.id else {
            // The pattern may assign the variable that the value is in.
            let value = match bind {
                Bind::Init => self.expr(init),
                Bind::Var => self.expr_temp(init),
            };
            return self.bind_pattern(&declarator.id, value, bind);
        };
        self.name_anonymous(init, id.name.as_str());
        let direct = match bind {
            Bind::Var => self.assign_register(id.name, id.span.start),
            Bind::Init => self.init_register(id.name),
        };
        if let Some(register) = direct
            && !kind.is_using()
        {
            if bind == Bind::Init && !self.is_observable(id.name) {
                self.initializing = Some(register);
            }
            self.expr_to(init, register);
            self.initializing = None;
        } else if bind == Bind::Init {
            let value = self.temp();
            self.expr_to(init, value);
            if kind.is_using() {
                self.add_resource(value, kind == VariableDeclarationKind::AwaitUsing, init);
            }
            self.init_name(id.name, id.span.start, value);
        } else {
            let target = self.name_target(id.name, id.span.start, false);
            let value = self.expr(init);
            self.store(&target, value);
        }
        self.pending_name = None;
    }

    /// Whether a variable may be seen before it is initialized.
    fn is_observable(&self, name: oxc_str::Ident<'a>) -> bool {
        match self.cx.analysis.lookup(self.scope, name) {
            Found::Here { scope, var } => self.var(scope, var).tdz,
            _ => true,
        }
    }

    /// The register of the variable that a loop's head assigns, if storing into that is all there is to it.
    pub fn loop_register(&self, left: &ForStatementLeft<'a>) -> Option<Reg> {
        let ForStatementLeft::VariableDeclaration(declaration) = left else {
            return None;
        };
        let BindingPattern::BindingIdentifier(id) = &declaration.declarations.first()?.id else {
            return None;
        };
        match declaration.kind {
            VariableDeclarationKind::Var => self.assign_register(id.name, id.span.start),
            kind if kind.is_using() || self.is_observable(id.name) => None,
            _ => self.init_register(id.name),
        }
    }

    fn with_statement(&mut self, e: &'s WithStatement<'a>) {
        self.clear_completion();
        let object = self.expr_temp(&e.object);
        self.at_span(e.object.span());
        self.emit(instr::ToObject { dst: Dst(object), src: Src(object) });
        let Some(scope) = e.scope_id.get() else {
            return;
        };
        let entered = self.enter_scope(scope.index() as u32);
        self.emit(instr::StoreScoped { src: Src(object), scope: Src(self.scope_reg), depth: U16(0), index: U16(0) });
        self.statement(&e.body);
        self.leave_scope(entered);
    }

    // ---- switch -------------------------------------------------------------------------------------------------------------------

    fn switch_statement(&mut self, e: &'s SwitchStatement<'a>) {
        self.clear_completion();
        let value = self.expr_temp(&e.discriminant);
        let end = self.label();
        self.push_breakable(end, None, true);
        let scope = e.scope_id.get().map(|scope| scope.index() as u32);
        let entered = scope.map(|scope| self.enter_scope(scope));
        debug_assert!(scope.is_none_or(|s| self.cx.analysis.scopes[s as usize].place == Place::Switch));
        self.hoist_functions(e.cases.iter().flat_map(|case| case.consequent.iter()));
        let labels: Vec<Label> = e.cases.iter().map(|_| self.label()).collect();
        let default = e.cases.iter().position(SwitchCase::is_default_case);
        let otherwise = default.map_or(end, |i| labels[i]);
        if !self.dense_switch(value, &e.cases, &labels) {
            for (case, &label) in e.cases.iter().zip(&labels) {
                if let Some(test) = &case.test {
                    self.case_test(value, test, label);
                }
            }
        }
        self.jump(otherwise);
        for (case, &label) in e.cases.iter().zip(&labels) {
            self.bind(label);
            self.statements_in_order(&case.consequent);
        }
        if let Some(entered) = entered {
            self.leave_scope(entered);
        }
        self.pop_control();
        self.bind(end);
    }

    fn case_test(&mut self, value: Reg, test: &'s Expression<'a>, label: Label) {
        let mark = self.mark_registers();
        self.at_span(test.span());
        match super::ops::int_literal(test) {
            Some(imm) => {
                let target = self.to(label);
                let slot = self.slot(FeedbackKind::Compare);
                self.emit(instr::JumpIfStrictEqImm { a: Src(value), imm: I16(imm), target, slot });
            }
            None => {
                let test = self.expr(test);
                self.jump_if_same(value, test, label);
            }
        }
        self.release(mark);
    }

    /// A switch over integers that lie close together jumps by a table.
    fn dense_switch(&mut self, value: Reg, cases: &'s [SwitchCase<'a>], labels: &[Label]) -> bool {
        let mut tests = Vec::new();
        for (case, &label) in cases.iter().zip(labels) {
            if let Some(test) = &case.test {
                match super::ops::int_literal(test) {
                    Some(int) => tests.push((i32::from(int), label)),
                    None => return false,
                }
            }
        }
        let low = tests.iter().map(|t| t.0).min().unwrap_or(0);
        let high = tests.iter().map(|t| t.0).max().unwrap_or(0);
        let size = (high - low) as usize + 1;
        if tests.len() < 4 || size > tests.len() * 4 {
            return false;
        }
        let mut targets = vec![None; size];
        for (int, label) in tests {
            // The first of equal cases is taken.
            targets[(int - low) as usize].get_or_insert(label);
        }
        let table = self.switch_table(low, targets);
        self.emit(instr::SwitchTable { src: Src(value), table });
        true
    }

    /// A class declaration: the class, then its variable.
    fn class_declaration(&mut self, class: &'s Class<'a>) {
        let mark = self.mark_registers();
        let value = self.temp();
        self.class(class, value);
        if let Some(id) = &class.id {
            self.init_name(id.name, id.span.start, value);
        }
        self.release(mark);
    }
}

/// The function that a statement declares, exported ones included.
pub fn declared_function<'s, 'a>(statement: &'s Statement<'a>) -> Option<&'s Function<'a>> {
    match statement {
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::FunctionDeclaration(function) => Some(function),
            _ => None,
        },
        _ => function_declaration(statement),
    }
}
