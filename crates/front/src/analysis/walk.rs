//! The walk over the syntax tree.

use super::declare::{WRITE, Walker};
use super::functions::{Body, FunctionParts};
use super::hoist::declared_lexical_names;
use super::{Analysis, Around, Declared, Finding, Origin, Place, internal};
use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;
use oxc_str::{Ident, IdentHashSet};
use oxc_syntax::scope::{ScopeFlags, ScopeId as NodeScopeId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::Cell;
use std::sync::Arc;
use tercel_bytecode::{EvalInfo, FunctionKind, ScopeChain};

/// Analyses a program. `kind` is `Script`, `Module` or `Eval`; for eval code `body` overrides the program's own statements (the
/// source is wrapped, by `prefix` bytes in front, so that the parser knows its context), and `eval` describes the place of the call.
pub fn analyse<'a>(
    program: &Program<'a>,
    kind: FunctionKind,
    body: Option<&FunctionBody<'a>>,
    strict: bool,
    eval: Option<&EvalInfo>,
    prefix: u32,
    allocator: &'a Allocator,
) -> Result<Analysis<'a>, Finding> {
    let mut walker = Walker::new(allocator, program.source_text, strict);
    walker.out.origin.prefix = prefix;
    walker.out.outer = eval.and_then(|info: &EvalInfo| -> Option<Arc<ScopeChain>> { info.scopes.clone() });
    walker.no_arguments = eval.is_some_and(|info| info.class_init);
    walker.enter_function(kind, 0);
    walker.enter_scope(match kind {
        FunctionKind::Module => Place::Module,
        FunctionKind::Eval => Place::Eval,
        _ => Place::Global,
    });
    let statements: &[Statement<'a>] = body.map_or(&program.body, |body| &body.statements);
    let mut globals = IdentHashSet::default();
    match kind {
        FunctionKind::Module => {
            walker.declare_top(statements, Some(&mut globals));
            walker.declare_module_bindings(statements);
            globals.clear();
        }
        FunctionKind::Eval => {
            let sink = if strict { None } else { Some(&mut globals) };
            walker.declare_eval(statements, sink);
        }
        // Script variables are global: nothing to declare but what they hide from the `var` lists.
        _ => {
            walker.global_functions(statements, &mut globals);
            for statement in statements {
                walker.global_lexical.extend(declared_lexical_names(statement));
            }
        }
    }
    walker.visit_statements_of(statements);
    walker.leave_function();
    walker.finish_globals(&globals);
    match walker.error {
        Some(finding) => Err(finding),
        None => Ok(walker.out),
    }
}

/// Analyses one function, which `walk` walks, apart from the source that it was taken from. It becomes function 1 in a scope that is empty: what
/// is around it is known already, and given.
pub fn analyse_deferred<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    strict: bool,
    origin: Origin,
    (outer, around): (Option<Arc<ScopeChain>>, Box<[Around]>),
    walk: impl FnOnce(&mut Walker<'a>),
) -> Result<Analysis<'a>, Finding> {
    let mut walker = Walker::new(allocator, text, strict);
    walker.out.origin = origin;
    walker.out.outer = outer;
    walker.out.around = around;
    walker.out.is_of_function = true;
    walker.enter_function(FunctionKind::Script, 0);
    walker.enter_scope(Place::Global);
    walk(&mut walker);
    match walker.error {
        Some(finding) => Err(finding),
        None => Ok(walker.out),
    }
}

impl<'a> Walker<'a> {
    fn new(allocator: &'a Allocator, text: &'a str, strict: bool) -> Walker<'a> {
        Walker {
            out: Analysis {
                allocator,
                scopes: Vec::new(),
                functions: Vec::new(),
                global_vars: Vec::new(),
                global_annex_b: Vec::new(),
                annex_b: FxHashSet::default(),
                if_functions: FxHashMap::default(),
                hidden: FxHashMap::default(),
                method_spans: FxHashMap::default(),
                outer: None,
                around: Box::default(),
                origin: Origin::default(),
                is_of_function: false,
            },
            pending: Vec::new(),
            open: Vec::new(),
            functions: Vec::new(),
            strict,
            error: None,
            global_lexical: IdentHashSet::default(),
            no_arguments: false,
            text,
        }
    }

    pub(super) fn visit_statements_of(&mut self, statements: &[Statement<'a>]) {
        for statement in statements {
            self.visit_statement(statement);
        }
    }
    /// A reference to one of the compiler's own variables.
    fn internal(&mut self, name: &'static str, pos: u32) {
        self.reference(Ident::from(name), pos, 0);
        let home = name == internal::HOME;
        let this = name == internal::THIS;
        let new_target = name == internal::NEW_TARGET;
        for &id in self.functions.iter().rev() {
            let function = &mut self.out.functions[id as usize];
            function.uses_this |= this;
            function.uses_home |= home;
            function.uses_new_target |= new_target;
            if !function.is_arrow() {
                break;
            }
        }
    }

    fn walk_loop_head(
        &mut self,
        left: &ForStatementLeft<'a>,
        right: &Expression<'a>,
        body: &Statement<'a>,
        cell: &Cell<Option<NodeScopeId>>,
    ) {
        let lexical = match left {
            ForStatementLeft::VariableDeclaration(declaration) if !declaration.kind.is_var() => Some(declaration),
            _ => None,
        };
        let id = lexical.map(|declaration| {
            let id = self.enter_scope(Place::For);
            self.declare_let_const(declaration);
            for var in &mut self.scope().vars {
                var.init_end = right.span().end;
            }
            id
        });
        Self::mark(cell, id);
        // The variables are in their dead zone while the right side is evaluated.
        self.visit_expression(right);
        match left {
            ForStatementLeft::VariableDeclaration(declaration) => {
                for declarator in &declaration.declarations {
                    if declaration.kind.is_var() {
                        self.var_pattern(&declarator.id, true);
                        // `for (var x = 1 in o)`, Annex B.
                        if let Some(init) = &declarator.init {
                            self.visit_expression(init);
                        }
                    }
                    self.visit_binding_pattern(&declarator.id);
                }
            }
            _ => {
                if let Some(target) = left.as_assignment_target() {
                    self.visit_assignment_target(target);
                }
            }
        }
        self.visit_statement(body);
        if id.is_some() {
            self.leave_scope();
        }
    }

    fn var_pattern(&mut self, pattern: &BindingPattern<'a>, assigned: bool) {
        for id in pattern.get_binding_identifiers() {
            self.declare_var(id.name);
            if assigned {
                self.reference(id.name, id.span.start, WRITE);
            }
        }
    }

    /// A use of `arguments` that lets it be seen elsewhere or changed, unless it is one of the reads that cannot.
    fn check_arguments(&mut self, id: &IdentifierReference<'a>) {
        if id.name.as_str() == "arguments" {
            if self.no_arguments {
                self.find(Finding {
                    offset: id.span.start,
                    message: "'arguments' is not allowed in class initializers",
                    too_large: false,
                });
            }
            for &id in self.functions.iter().rev() {
                let function = &mut self.out.functions[id as usize];
                if !function.is_arrow() {
                    function.arguments_escape = true;
                    break;
                }
            }
        }
    }
}

impl<'a> Visit<'a> for Walker<'a> {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.check_arguments(it);
        self.reference(it.name, it.span.start, 0);
    }

    fn visit_this_expression(&mut self, it: &ThisExpression) {
        self.internal(internal::THIS, it.span.start);
    }

    fn visit_new_target(&mut self, it: &NewTarget) {
        self.internal(internal::NEW_TARGET, it.span.start);
    }

    fn visit_super(&mut self, it: &Super) {
        // `super.x`; `super()` does not come here.
        self.internal(internal::HOME, it.span.start);
        self.internal(internal::THIS, it.span.start);
    }

    fn visit_await_expression(&mut self, it: &AwaitExpression<'a>) {
        self.function().has_await = true;
        walk::walk_await_expression(self, it);
    }

    fn visit_return_statement(&mut self, it: &ReturnStatement<'a>) {
        // The parser sees eval code in a function.
        if self.function().kind == FunctionKind::Eval {
            self.find(Finding {
                offset: it.span.start,
                message: "'return' is only allowed in functions",
                too_large: false,
            });
        }
        walk::walk_return_statement(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if let Expression::Super(call) = &it.callee {
            let pos = call.span.start;
            self.internal(internal::CALLEE, pos);
            self.internal(internal::NEW_TARGET, pos);
            self.internal(internal::THIS, pos);
            self.visit_arguments(&it.arguments);
            return;
        }
        if let Expression::ComputedMemberExpression(member) = &it.callee
            && let Expression::Identifier(id) = &member.object
        {
            // The callee's `this` would be `arguments`.
            self.check_arguments(id);
        }
        walk::walk_call_expression(self, it);
        if is_direct_eval(it) {
            self.direct_eval();
        }
    }

    fn visit_computed_member_expression(&mut self, it: &ComputedMemberExpression<'a>) {
        match &it.object {
            // A read of an element: `arguments` goes nowhere. (Calls and assignments of elements come another way.)
            Expression::Identifier(id) if id.name.as_str() == "arguments" && !self.no_arguments => {
                self.reference(id.name, id.span.start, 0);
            }
            object => self.visit_expression(object),
        }
        self.visit_expression(&it.expression);
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        match &it.object {
            Expression::Identifier(id)
                if id.name.as_str() == "arguments" && it.property.name.as_str() == "length" && !self.no_arguments =>
            {
                self.reference(id.name, id.span.start, 0);
            }
            object => self.visit_expression(object),
        }
    }

    fn visit_private_field_expression(&mut self, it: &PrivateFieldExpression<'a>) {
        self.visit_expression(&it.object);
        self.visit_private_identifier(&it.field);
    }

    fn visit_private_identifier(&mut self, it: &PrivateIdentifier<'a>) {
        let name = self.out.private_name(it);
        self.reference(name, it.span.start, 0);
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        match it {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(id) => {
                self.check_arguments(id);
                self.reference(id.name, id.span.start, WRITE);
            }
            SimpleAssignmentTarget::ComputedMemberExpression(member) => {
                // Assigning to an element of `arguments` is no mere read.
                self.visit_expression(&member.object);
                self.visit_expression(&member.expression);
            }
            SimpleAssignmentTarget::StaticMemberExpression(member) => {
                self.visit_expression(&member.object);
            }
            _ => walk::walk_simple_assignment_target(self, it),
        }
    }

    fn visit_assignment_target_property_identifier(&mut self, it: &AssignmentTargetPropertyIdentifier<'a>) {
        self.check_arguments(&it.binding);
        self.reference(it.binding.name, it.binding.span.start, WRITE);
        if let Some(init) = &it.init {
            self.visit_expression(init);
        }
    }

    fn visit_assignment_target_property_property(&mut self, it: &AssignmentTargetPropertyProperty<'a>) {
        if it.computed {
            self.visit_property_key(&it.name);
        }
        self.visit_assignment_target_maybe_default(&it.binding);
    }

    fn visit_tagged_template_expression(&mut self, it: &TaggedTemplateExpression<'a>) {
        if let Expression::ComputedMemberExpression(member) = &it.tag
            && let Expression::Identifier(id) = &member.object
        {
            self.check_arguments(id);
        }
        walk::walk_tagged_template_expression(self, it);
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        // `delete arguments[0]` changes it.
        if it.operator == UnaryOperator::Delete
            && let Expression::ComputedMemberExpression(member) = it.argument.without_parentheses()
        {
            self.visit_expression(&member.object);
            self.visit_expression(&member.expression);
            return;
        }
        walk::walk_unary_expression(self, it);
    }

    fn visit_binding_identifier(&mut self, _it: &BindingIdentifier<'a>) {
        // Declared at the entry of its scope.
    }

    fn visit_binding_property(&mut self, it: &BindingProperty<'a>) {
        if it.computed {
            self.visit_property_key(&it.key);
        }
        self.visit_binding_pattern(&it.value);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        if it.computed {
            self.visit_property_key(&it.key);
        }
        let is_method = it.method || it.kind != PropertyKind::Init;
        match &it.value {
            Expression::FunctionExpression(function) if is_method => {
                let kind = match it.kind {
                    PropertyKind::Init => FunctionKind::Method,
                    PropertyKind::Get => FunctionKind::Getter,
                    PropertyKind::Set => FunctionKind::Setter,
                };
                self.out.method_spans.insert(function.span.start, it.span);
                self.walk_plain_function(function, kind, false, None);
            }
            value => self.visit_expression(value),
        }
    }

    fn visit_property_key(&mut self, it: &PropertyKey<'a>) {
        // Only computed keys come here.
        if let Some(expression) = it.as_expression() {
            self.visit_expression(expression);
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, _flags: ScopeFlags) {
        let own_name = match (&it.id, it.r#type) {
            (Some(id), FunctionType::FunctionExpression) => Some(id.name),
            _ => None,
        };
        self.walk_plain_function(it, FunctionKind::Normal, false, own_name);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        let (directives, body): (&[Directive<'a>], _) = match &it.body {
            ArrowFunctionBody::FunctionBody(body) => (&body.directives, Body::Statements(&body.statements)),
            body => match body.as_expression() {
                Some(expression) => (&[], Body::Expression(expression)),
                None => return,
            },
        };
        let parts = FunctionParts {
            span: it.span,
            scope: &it.scope_id,
            params: &it.params,
            directives,
            body,
            generator: false,
            is_async: it.r#async,
            hoisted: false,
        };
        self.walk_function(parts, FunctionKind::Arrow, false, None);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        let outer_strict = std::mem::replace(&mut self.strict, true);
        let scope = self.enter_scope(Place::Class);
        Self::mark(&it.scope_id, Some(scope));
        if let Some(id) = &it.id {
            let var = self.declare(id.name, Declared::ClassName);
            self.scope().vars[var as usize].init_end = it.span.end;
        }
        for element in &it.body.body {
            let key = match element {
                ClassElement::MethodDefinition(method) => &method.key,
                ClassElement::PropertyDefinition(field) => &field.key,
                _ => continue,
            };
            if let PropertyKey::PrivateIdentifier(id) = key {
                let var = self.declare_private(id);
                // Instances' initializers and methods reach it from inner functions.
                self.capture(scope, var);
            }
        }
        if let Some(heritage) = &it.heritage {
            self.visit_expression(&heritage.expression);
        }
        self.walk_class_elements(it);
        self.leave_scope();
        self.strict = outer_strict;
    }

    fn visit_block_statement(&mut self, it: &BlockStatement<'a>) {
        let scoped = Self::has_lexical(&it.body);
        let id = scoped.then(|| self.enter_scope(Place::Block));
        Self::mark(&it.scope_id, id);
        if scoped {
            self.declare_block(it.body.iter());
        }
        self.visit_statements_of(&it.body);
        if scoped {
            self.leave_scope();
        }
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        self.visit_expression(&it.test);
        for branch in std::iter::once(&it.consequent).chain(&it.alternate) {
            // `if (x) function f() {}`, Annex B: as if in a block.
            match branch {
                Statement::FunctionDeclaration(function) => {
                    let id = self.enter_scope(Place::Block);
                    self.out.if_functions.insert(function.span.start, id);
                    self.declare_block(std::iter::once(branch));
                    self.visit_statement(branch);
                    self.leave_scope();
                }
                _ => self.visit_statement(branch),
            }
        }
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        let lexical = match &it.init {
            Some(ForStatementInit::VariableDeclaration(declaration)) if !declaration.kind.is_var() => Some(declaration),
            _ => None,
        };
        let id = lexical.map(|declaration| {
            let id = self.enter_scope(Place::For);
            self.declare_let_const(declaration);
            id
        });
        Self::mark(&it.scope_id, id);
        walk_for(self, it);
        if id.is_some() {
            self.leave_scope();
        }
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        self.walk_loop_head(&it.left, &it.right, &it.body, &it.scope_id);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if it.r#await {
            self.function().has_await = true;
        }
        self.walk_loop_head(&it.left, &it.right, &it.body, &it.scope_id);
    }

    fn visit_switch_statement(&mut self, it: &SwitchStatement<'a>) {
        self.visit_expression(&it.discriminant);
        let scoped = it.cases.iter().any(|case| Self::has_lexical(&case.consequent));
        let id = scoped.then(|| self.enter_scope(Place::Switch));
        Self::mark(&it.scope_id, id);
        if scoped {
            self.declare_block(it.cases.iter().flat_map(|case| case.consequent.iter()));
        }
        for case in &it.cases {
            if let Some(test) = &case.test {
                self.visit_expression(test);
            }
            self.visit_statements_of(&case.consequent);
        }
        if scoped {
            self.leave_scope();
        }
    }

    fn visit_catch_clause(&mut self, it: &CatchClause<'a>) {
        let id = it.param.as_ref().map(|param| {
            let id = self.enter_scope(Place::Catch);
            let declared = match param.pattern {
                BindingPattern::BindingIdentifier(_) => Declared::CatchSimple,
                _ => Declared::CatchPattern,
            };
            for name in param.pattern.get_binding_identifiers() {
                self.declare(name.name, declared);
            }
            self.visit_binding_pattern(&param.pattern);
            id
        });
        Self::mark(&it.scope_id, id);
        self.visit_block_statement(&it.body);
        if id.is_some() {
            self.leave_scope();
        }
    }

    fn visit_with_statement(&mut self, it: &WithStatement<'a>) {
        self.visit_expression(&it.object);
        let id = self.enter_scope(Place::With);
        Self::mark(&it.scope_id, Some(id));
        self.visit_statement(&it.body);
        self.leave_scope();
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        if it.phase.is_some() {
            self.lower_at_once();
        }
        walk::walk_import_expression(self, it);
    }

    fn visit_v8_intrinsic_expression(&mut self, it: &V8IntrinsicExpression<'a>) {
        if it.arguments.iter().any(Argument::is_spread) {
            self.lower_at_once();
        }
        walk::walk_v8_intrinsic_expression(self, it);
    }

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        if it.kind.is_using() {
            self.lower_at_once();
        }
        if it.kind == VariableDeclarationKind::AwaitUsing {
            self.function().has_await = true;
        }
        for declarator in &it.declarations {
            if it.kind.is_var() {
                self.var_pattern(&declarator.id, declarator.init.is_some());
            } else {
                // A function expression does not run while it is evaluated: what it captures is initialized when it runs.
                let init_end = match declarator.init.as_ref().map(Expression::without_parentheses) {
                    Some(Expression::FunctionExpression(function)) => function.span.start,
                    Some(Expression::ArrowFunctionExpression(function)) => function.span.start,
                    _ => declarator.span.end,
                };
                for id in declarator.id.get_binding_identifiers() {
                    let scope = self.scope();
                    if let Some(&var) = scope.map.get(&id.name) {
                        scope.vars[var as usize].init_end = init_end;
                    }
                }
            }
            self.visit_binding_pattern(&declarator.id);
            if let Some(init) = &declarator.init {
                self.visit_expression(init);
            }
        }
    }

    fn visit_export_named_declaration(&mut self, _it: &ExportNamedDeclaration<'a>) {}

    fn visit_import_declaration(&mut self, _it: &ImportDeclaration<'a>) {}

    fn visit_export_from_declaration(&mut self, _it: &ExportFromDeclaration<'a>) {}

    fn visit_export_all_declaration(&mut self, _it: &ExportAllDeclaration<'a>) {}
}

fn walk_for<'a>(walker: &mut Walker<'a>, it: &ForStatement<'a>) {
    if let Some(init) = &it.init {
        walker.visit_for_statement_init(init);
    }
    if let Some(test) = &it.test {
        walker.visit_expression(test);
    }
    if let Some(update) = &it.update {
        walker.visit_expression(update);
    }
    walker.visit_statement(&it.body);
}

/// Whether a call is a direct eval by its form.
pub fn is_direct_eval(call: &CallExpression<'_>) -> bool {
    !call.optional && matches!(&call.callee, Expression::Identifier(id) if id.name.as_str() == "eval")
}
