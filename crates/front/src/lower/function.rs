//! Functions: closures, prologues (FunctionDeclarationInstantiation, ECMA-262 10.2.11), bodies, templates.

use super::deferred::Candidate;
use super::pattern::Bind;
use super::{Builder, Reg};
use crate::analysis::{Declared, FunctionId, ScopeId, internal};
use crate::trees::NodeAddress;
use oxc_ast::ast::*;
use oxc_span::Span;
use oxc_str::Ident;
use std::sync::Arc;
use tercel_bytecode::op::{Block, Dst, Func, Src, U16};
use tercel_bytecode::{FeedbackKind, FunctionKind, JsStr, Template, TemplateFlags, frame, instr};

/// What a template needs that its builder does not know.
pub struct Outline {
    pub name: JsStr,
    pub span: Span,
    pub num_params: usize,
    pub length: usize,
    pub flags: TemplateFlags,
    pub mapped_params: Vec<u16>,
}

impl Outline {
    /// That of a function with these parameters.
    pub fn of(name: JsStr, span: Span, params: &FormalParameters<'_>, flags: TemplateFlags) -> Outline {
        Outline {
            name,
            span,
            num_params: params.items.len().min(MOST_PARAMS),
            length: params.items.iter().take_while(|param| param.initializer.is_none()).count(),
            flags,
            mapped_params: Vec::new(),
        }
    }
}

/// Parameters that a function can have: each has a register.
const MOST_PARAMS: usize = 60_000;

/// The source of a function's body.
#[derive(Clone, Copy)]
pub enum Body<'s, 'a> {
    Statements(&'s [Statement<'a>]),
    Expression(&'s Expression<'a>),
}

impl<'s, 'a> Body<'s, 'a> {
    /// An arrow function's.
    pub fn of_arrow(arrow: &'s ArrowFunctionExpression<'a>) -> Option<Body<'s, 'a>> {
        match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Some(Body::Statements(&body.statements)),
            body => body.as_expression().map(Body::Expression),
        }
    }
}

impl<'s, 'a> Builder<'s, 'a> {
    // ---- Closures ---------------------------------------------------------------------------------------------------------------

    pub fn closure(&mut self, dst: Reg, func: Func) {
        let slot = self.slot(FeedbackKind::Closure);
        let scope = Src(self.scope_reg);
        self.emit(instr::Closure { dst: Dst(dst), func, scope, slot });
    }

    pub fn function_expression(&mut self, function: &'s Function<'a>, dst: Reg) {
        let pending = self.pending_name.take();
        let name = match &function.id {
            Some(id) => id.name.as_str().into(),
            None => pending.unwrap_or_default(),
        };
        let called = std::mem::take(&mut self.calls_next) || function.pife;
        let template = if called { self.lower_now(function, name, None) } else { self.lower_method(function, name) };
        let func = self.inner(template);
        self.closure(dst, func);
    }

    /// A function declaration's closure. Unnamed only in `export default`.
    pub fn function_declaration(&mut self, function: &'s Function<'a>, dst: Reg) {
        let name = match &function.id {
            Some(id) => id.name.as_str().into(),
            None => "default".into(),
        };
        let template = self.lower_method(function, name);
        let func = self.inner(template);
        self.closure(dst, func);
    }

    /// A method, getter or setter, which takes the pending name.
    pub fn method(&mut self, function: &'s Function<'a>, dst: Reg) {
        let name = self.pending_name.take().unwrap_or_default();
        let template = self.lower_method(function, name);
        let func = self.inner(template);
        self.closure(dst, func);
    }

    pub fn arrow_function(&mut self, arrow: &'s ArrowFunctionExpression<'a>, dst: Reg) {
        let name = self.pending_name.take().unwrap_or_default();
        let called = std::mem::take(&mut self.calls_next) || arrow.pife;
        let Some(body) = Body::of_arrow(arrow) else { return };
        let id = self.function_of(arrow.scope_id.get());
        let candidate = Candidate {
            id,
            node: NodeAddress::of_arrow(arrow),
            params: &arrow.params,
            span: arrow.span,
            name: &name,
            called,
            declared: false,
            binds_name: false,
        };
        let template = self
            .deferred(&candidate)
            .unwrap_or_else(|| Builder::new(self.cx, id).whole_function(&arrow.params, body, name, arrow.span));
        let func = self.inner(template);
        self.closure(dst, func);
    }

    /// The template of a function node, or its outline.
    pub fn lower_method(&self, function: &'s Function<'a>, name: JsStr) -> Arc<Template> {
        let candidate = Candidate {
            id: self.function_of(function.scope_id.get()),
            node: NodeAddress::of_function(function),
            params: &function.params,
            span: self.method_span(function),
            name: &name,
            called: false,
            declared: function.id.is_some() && function.r#type == FunctionType::FunctionDeclaration,
            binds_name: function.id.is_some() && function.r#type == FunctionType::FunctionExpression,
        };
        self.deferred(&candidate).unwrap_or_else(|| self.lower_now(function, name, None))
    }

    /// The whole template of a function node. `span` overrides its own (class constructors).
    pub fn lower_now(&self, function: &'s Function<'a>, name: JsStr, span: Option<Span>) -> Arc<Template> {
        let id = self.function_of(function.scope_id.get());
        let mut inner = Builder::new(self.cx, id);
        let statements: &'s [Statement<'a>] = match &function.body {
            Some(body) => &body.statements,
            None => &[],
        };
        let body = Body::Statements(statements);
        let span = span.unwrap_or_else(|| self.method_span(function));
        inner.whole_function(&function.params, body, name, span)
    }

    /// The source range of a function; that of a method begins at its modifiers and key, which its function node leaves out.
    fn method_span(&self, function: &Function<'a>) -> Span {
        match self.cx.analysis.method_spans.get(&function.span.start) {
            Some(&span) => span,
            None => function.span,
        }
    }

    fn function_of(&self, scope: Option<oxc_syntax::scope::ScopeId>) -> FunctionId {
        scope.map_or(0, |scope| self.cx.analysis.scopes[scope.index()].function)
    }

    pub fn function_uses_home(&self, function: &Function<'a>) -> bool {
        let id = self.function_of(function.scope_id.get());
        self.cx.analysis.functions[id as usize].uses_home
    }

    // ---- Whole functions --------------------------------------------------------------------------------------------------------

    /// Lowers parameters and body; the builder is used up.
    pub fn whole_function(
        &mut self,
        params: &'s FormalParameters<'a>,
        body: Body<'s, 'a>,
        name: JsStr,
        span: Span,
    ) -> Arc<Template> {
        let function = &self.cx.analysis.functions[self.id as usize];
        if params.items.len() > MOST_PARAMS {
            self.too_large("too many parameters");
        }
        let mut outline = Outline::of(name, span, params, TemplateFlags::default());
        self.run(outline.num_params);
        outline.flags.set(TemplateFlags::SIMPLE_PARAMS, function.simple_params);
        self.at(span.start);
        let is_async_function = function.is_async && !function.generator;
        if is_async_function {
            self.start_async();
        }
        self.async_region(is_async_function, |this| {
            this.prologue(params, &mut outline);
            if function.generator {
                let coroutine = this.temp();
                this.coroutine = Some(coroutine);
                this.emit(instr::CreateGenerator { coroutine: Dst(coroutine) });
            }
            this.async_region(function.generator, |this| this.body(params, body));
        });
        self.template(outline)
    }

    /// An async function's coroutine.
    pub fn start_async(&mut self) {
        let coroutine = self.temp();
        self.coroutine = Some(coroutine);
        self.emit(instr::AsyncStart { coroutine: Dst(coroutine) });
    }

    /// If `wrap`: what `body` throws completes the coroutine.
    pub fn async_region(&mut self, wrap: bool, body: impl FnOnce(&mut Self)) {
        if !wrap {
            return body(self);
        }
        let exception = self.temp();
        let handler = self.label();
        let region = self.open_region();
        body(self);
        self.close_region(region, handler, exception);
        self.bind(handler);
        let (src, coroutine) = (Src(exception), Src(self.coroutine.unwrap_or(frame::CALLEE)));
        if self.cx.analysis.functions[self.id as usize].is_async || self.kind == FunctionKind::Module {
            self.emit(instr::AsyncThrow { src, coroutine });
        } else {
            self.emit(instr::GeneratorThrow { src, coroutine });
        }
    }

    fn body(&mut self, params: &'s FormalParameters<'a>, body: Body<'s, 'a>) {
        let function = &self.cx.analysis.functions[self.id as usize];
        let entered = (function.body_scope != function.scope).then(|| {
            let entered = self.enter_scope(function.body_scope);
            self.copy_params(function.scope, function.body_scope);
            entered
        });
        if self.kind == FunctionKind::ClassConstructor && self.class_has_init() {
            self.run_class_init(frame::CALLEE, frame::THIS);
        }
        match body {
            Body::Expression(e) => self.return_expression(e),
            Body::Statements(statements) => {
                self.with_resources(statements, |this| this.statements(statements));
                if !ends(statements) || super::using::has_resources(statements) {
                    self.return_undefined();
                }
            }
        }
        if let Some(entered) = entered {
            self.leave_scope(entered);
        }
        let _ = params;
    }

    /// Whether the class whose constructor this is has instance fields or private methods.
    pub fn class_has_init(&self) -> bool {
        self.function_parent().is_some_and(|scope| self.cx.analysis.scopes[scope as usize].class_init.is_some())
    }

    /// Variables of the body that have the name of a parameter start with its value.
    fn copy_params(&mut self, from: ScopeId, to: ScopeId) {
        let analysis = self.cx.analysis;
        for (index, var) in analysis.scopes[to as usize].vars.iter().enumerate() {
            let is_var = matches!(var.declared, Declared::Var | Declared::Function);
            if is_var && let Some(&param) = analysis.scopes[from as usize].map.get(&var.name) {
                if analysis.scopes[from as usize].vars[param as usize].declared == Declared::FunctionName {
                    continue;
                }
                let mark = self.mark_registers();
                let value = self.load_var(from, param, u32::MAX, None);
                self.init_var(to, index as u32, value);
                self.release(mark);
            }
        }
    }

    // ---- The prologue -----------------------------------------------------------------------------------------------------------

    fn prologue(&mut self, params: &'s FormalParameters<'a>, outline: &mut Outline) {
        let analysis = self.cx.analysis;
        let function = &analysis.functions[self.id as usize];
        let scope_id = function.scope;
        let scope = &analysis.scopes[scope_id as usize];
        if function.uses_this && !function.strict && analysis.has_own_this(self.id) {
            self.emit(instr::CoerceThis { dst: Dst(frame::THIS), src: Src(frame::THIS) });
        }
        self.make_heap_scope(scope_id);
        // Plain parameters stay where the call put them; the last of equal names counts.
        let plain = |param: &FormalParameter<'a>| match &param.pattern {
            BindingPattern::BindingIdentifier(id) => scope.map.get(&id.name).copied(),
            _ => None,
        };
        let mut placed = vec![false; scope.vars.len()];
        let mut mapped = vec![u16::MAX; outline.num_params];
        for (i, param) in params.items.iter().enumerate().take(outline.num_params) {
            if let Some(var) = plain(param) {
                let v = &scope.vars[var as usize];
                if function.mapped_arguments {
                    mapped.iter_mut().filter(|m| **m == v.slot).for_each(|m| *m = u16::MAX);
                    mapped[i] = v.slot;
                }
                // One in its dead zone must not show the argument early.
                if !v.captured && !v.tdz {
                    v.register.set(param_register(i));
                    placed[var as usize] = true;
                }
            }
        }
        if function.mapped_arguments {
            outline.mapped_params = mapped;
        }
        for (var, placed) in scope.vars.iter().zip(placed) {
            if !var.captured && !placed && var.declared != Declared::FunctionName {
                let register = self.temp();
                var.register.set(register);
            }
        }
        self.begin_temps();
        self.mark_dead_zones(scope_id);
        self.implicit_variables(scope_id, outline);
        if function.simple_params {
            self.store_captured_params(params, scope_id);
        }
        self.create_arguments(scope_id);
        if !function.simple_params {
            self.in_params = function.body_scope != function.scope;
            self.bind_params(params, scope_id, outline);
            self.in_params = false;
        }
    }

    /// Captured variables that the frame's header gives: `this` and its like, the function's own name.
    fn implicit_variables(&mut self, scope_id: ScopeId, outline: &mut Outline) {
        let scope = &self.cx.analysis.scopes[scope_id as usize];
        for (index, var) in scope.vars.iter().enumerate() {
            let index = index as u32;
            match (var.declared, var.name.as_str()) {
                // `this` of a derived constructor is bound by `super()`.
                (Declared::Internal, internal::THIS) if self.kind != FunctionKind::DerivedConstructor => {
                    self.init_var(scope_id, index, frame::THIS);
                }
                (Declared::Internal, internal::NEW_TARGET) => {
                    self.init_var(scope_id, index, frame::NEW_TARGET);
                }
                (Declared::Internal, internal::CALLEE) => {
                    self.init_var(scope_id, index, frame::CALLEE);
                }
                (Declared::Internal, internal::HOME) => {
                    let mark = self.mark_registers();
                    let home = self.temp();
                    self.emit(instr::LoadHomeObject { dst: Dst(home) });
                    self.init_var(scope_id, index, home);
                    self.release(mark);
                }
                (Declared::FunctionName, _) if var.captured => {
                    self.init_var(scope_id, index, frame::CALLEE);
                }
                (Declared::Arguments, _) => {
                    outline.flags.set(TemplateFlags::USES_EXTRA_ARGS, true);
                }
                _ => {}
            }
        }
    }

    fn store_captured_params(&mut self, params: &'s FormalParameters<'a>, scope_id: ScopeId) {
        let scope = &self.cx.analysis.scopes[scope_id as usize];
        for (i, param) in params.items.iter().enumerate() {
            if let BindingPattern::BindingIdentifier(id) = &param.pattern
                && let Some(&var) = scope.map.get(&id.name)
                && scope.vars[var as usize].captured
            {
                self.init_var(scope_id, var, param_register(i));
            }
        }
    }

    fn create_arguments(&mut self, scope_id: ScopeId) {
        let function = &self.cx.analysis.functions[self.id as usize];
        let scope = &self.cx.analysis.scopes[scope_id as usize];
        let Some(&var) = scope.map.get(&Ident::from("arguments")) else {
            return;
        };
        if scope.vars[var as usize].declared != Declared::Arguments {
            return;
        }
        let mark = self.mark_registers();
        let v = &scope.vars[var as usize];
        let dst = if v.captured { self.temp() } else { v.register.get() };
        if function.mapped_arguments {
            let scope = Src(scope.register.get());
            self.emit(instr::CreateMappedArguments { dst: Dst(dst), scope });
        } else {
            let sloppy = !function.strict && function.simple_params;
            self.emit(instr::CreateArguments { sloppy: Self::imm(sloppy), dst: Dst(dst) });
        }
        self.init_var(scope_id, var, dst);
        self.release(mark);
    }

    /// Parameters with defaults or patterns, and the rest, in order.
    fn bind_params(&mut self, params: &'s FormalParameters<'a>, scope_id: ScopeId, outline: &mut Outline) {
        for (i, param) in params.items.iter().enumerate().take(outline.num_params) {
            let register = param_register(i);
            let mark = self.mark_registers();
            if let Some(default) = &param.initializer {
                let given = self.label();
                self.jump_if_not_undefined(register, given);
                if let BindingPattern::BindingIdentifier(id) = &param.pattern {
                    self.name_anonymous(default, id.name.as_str());
                }
                self.expr_to(default, register);
                self.pending_name = None;
                self.bind(given);
            }
            match &param.pattern {
                BindingPattern::BindingIdentifier(id) => {
                    if let Some(&var) = self.cx.analysis.scopes[scope_id as usize].map.get(&id.name) {
                        self.init_var(scope_id, var, register);
                    }
                }
                pattern => self.bind_pattern(pattern, register, Bind::Init),
            }
            self.release(mark);
        }
        if let Some(rest) = &params.rest {
            outline.flags.set(TemplateFlags::USES_EXTRA_ARGS, true);
            let mark = self.mark_registers();
            let array = self.temp();
            self.emit(instr::CreateRest { dst: Dst(array), first: U16(outline.num_params as u16) });
            self.bind_pattern(&rest.rest.argument, array, Bind::Init);
            self.release(mark);
        }
    }

    // ---- Functions that the source does not spell out ----------------------------------------------------------------------------

    pub fn default_constructor(&self, id: FunctionId, name: JsStr, span: Span) -> Arc<Template> {
        let mut inner = Builder::new(self.cx, id);
        inner.at(span.start);
        let mut outline = Outline {
            name,
            span,
            num_params: 0,
            length: 0,
            flags: TemplateFlags::DEFAULT_CONSTRUCTOR,
            mapped_params: Vec::new(),
        };
        if inner.kind == FunctionKind::DerivedConstructor {
            outline.flags.set(TemplateFlags::USES_EXTRA_ARGS, true);
            inner.default_derived(span.start);
        } else {
            if inner.class_has_init() {
                inner.run_class_init(frame::CALLEE, frame::THIS);
            } else {
                outline.flags.set(TemplateFlags::EMPTY_BODY, true);
            }
            inner.emit(instr::ReturnUndefined {});
        }
        inner.template(outline)
    }

    /// `constructor(...args) { super(...args); }`, not observably iterating `args`.
    fn default_derived(&mut self, pos: u32) {
        let (args, result) = (self.temp(), self.temp());
        self.emit(instr::CreateRest { dst: Dst(args), first: U16(0) });
        let block = self.call_block(0, None);
        self.emit(instr::GetSuperConstructor { dst: Dst(block), func: Src(frame::CALLEE) });
        let slot = self.slot(FeedbackKind::Construct);
        self.emit(instr::ConstructSpread {
            dst: Dst(result),
            block: Block(block),
            args: Src(args),
            new_target: Src(frame::NEW_TARGET),
            slot,
        });
        self.mov(frame::THIS, result);
        if self.class_has_init() {
            self.run_class_init(frame::CALLEE, result);
        }
        let _ = pos;
        self.emit(instr::Return { src: Src(result) });
    }

    /// The template of a class's initializer.
    pub fn lower_initializer(
        &self,
        class: &'s Class<'a>,
        scope: ScopeId,
        id: FunctionId,
        is_static: bool,
    ) -> Arc<Template> {
        let mut inner = Builder::new(self.cx, id);
        inner.at(class.span.start);
        let function = &self.cx.analysis.functions[id as usize];
        let mut outline = Outline {
            name: if is_static { "<static_initializer>".into() } else { "<instance_members_initializer>".into() },
            span: class.span,
            num_params: 0,
            length: 0,
            flags: TemplateFlags::default(),
            mapped_params: Vec::new(),
        };
        inner.make_heap_scope(function.scope);
        inner.place_variables(function.scope);
        inner.implicit_variables(function.scope, &mut outline);
        inner.initializer_body(class, scope, is_static);
        inner.emit(instr::ReturnUndefined {});
        inner.template(outline)
    }

    // ---- Templates --------------------------------------------------------------------------------------------------------------

    /// The finished template; the builder is used up.
    pub fn template(&mut self, outline: Outline) -> Arc<Template> {
        Arc::new(self.bare_template(outline))
    }

    pub fn bare_template(&mut self, outline: Outline) -> Template {
        let parts = self.finish();
        let mut template = self.outline_template(self.id, outline);
        template.num_registers = self.most;
        template.code = parts.code;
        template.constants = std::mem::take(&mut self.constants).into();
        template.functions = std::mem::take(&mut self.functions).into();
        template.scopes = std::mem::take(&mut self.scopes).into();
        template.key_lists = std::mem::take(&mut self.key_lists).into();
        template.switch_tables = parts.switch_tables;
        template.handlers = parts.handlers;
        template.slots = std::mem::take(&mut self.slots).into();
        template.evals = std::mem::take(&mut self.evals).into();
        template.positions = parts.positions;
        template
    }

    /// What a function's template says without its code.
    pub fn outline_template(&self, id: FunctionId, outline: Outline) -> Template {
        let function = &self.cx.analysis.functions[id as usize];
        let builtin = self.cx.options.builtin;
        let mut flags = outline.flags;
        flags.set(TemplateFlags::STRICT, function.strict);
        flags.set(TemplateFlags::ASYNC, function.is_async);
        flags.set(TemplateFlags::GENERATOR, function.generator);
        flags.set(TemplateFlags::HAS_DIRECT_EVAL, function.has_eval);
        flags.set(TemplateFlags::USES_THIS, function.uses_this);
        flags.set(TemplateFlags::BUILTIN, builtin);
        let plain = function.kind == FunctionKind::Normal && !function.is_async && !function.generator;
        let class = matches!(function.kind, FunctionKind::ClassConstructor | FunctionKind::DerivedConstructor);
        flags.set(TemplateFlags::CONSTRUCTOR, plain && !builtin || class);
        let span = self.source_offset(outline.span.start)..self.source_offset(outline.span.end);
        let mut template = Template::without_code(function.kind, self.cx.source.clone(), span);
        template.flags = flags;
        template.name = outline.name;
        template.num_params = outline.num_params as u16;
        template.length = outline.length.min(usize::from(u16::MAX)) as u16;
        template.mapped_params = outline.mapped_params.into();
        template
    }

    /// Whether a function with this scope makes its `arguments`.
    pub fn makes_arguments(&self, scope: ScopeId) -> bool {
        self.cx.analysis.scopes[scope as usize].vars.iter().any(|var| var.declared == Declared::Arguments)
    }
}

fn param_register(index: usize) -> Reg {
    frame::FIRST_PARAM + index as Reg
}

/// Whether control cannot reach the end of a statement list.
fn ends(statements: &[Statement<'_>]) -> bool {
    statements.iter().any(|statement| matches!(statement, Statement::ReturnStatement(_) | Statement::ThrowStatement(_)))
}
