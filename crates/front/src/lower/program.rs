//! Scripts, eval code, functions from `new Function`.

use super::function::Outline;
use super::{Builder, Shared};
use crate::analysis::{declared_lexical_names, function_declaration, is_constant_declaration};
use oxc_ast::ast::*;
use oxc_str::Ident;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tercel_bytecode::op::Src;
use tercel_bytecode::{
    FunctionKind, GlobalDeclarations, GlobalFunction, JsStr, ScopeKind, Template, TemplateFlags, VarKind, frame, instr,
};

/// A parsed program and the part of it that is the code.
#[derive(Clone, Copy)]
pub struct Program<'s, 'a> {
    /// The statements; of eval code those inside the wrapper that told the parser the context.
    pub statements: &'s [Statement<'a>],
    /// The directives before them.
    pub directives: &'s [Directive<'a>],
    /// The range of the code in the text as parsed.
    pub span: oxc_span::Span,
}

/// Lowers a script, module or eval code.
pub fn lower_program<'s, 'a>(cx: &'s Shared<'s, 'a>, program: Program<'s, 'a>) -> Arc<Template> {
    let mut builder = Builder::new(cx, 0);
    match builder.kind {
        FunctionKind::Module => builder.module(program),
        _ => builder.script(program),
    }
}

/// Lowers the one function that the program declares.
pub fn lower_function<'s, 'a>(cx: &'s Shared<'s, 'a>, function: &'s Function<'a>) -> Arc<Template> {
    let builder = Builder::new(cx, 0);
    let name = function.id.as_ref().map_or(JsStr::default(), |id| id.name.as_str().into());
    builder.lower_now(function, name, None)
}

impl<'s, 'a> Builder<'s, 'a> {
    /// The template of the whole code.
    pub fn program_outline(&self, span: oxc_span::Span) -> Outline {
        Outline {
            name: JsStr::default(),
            span,
            num_params: 0,
            length: 0,
            flags: TemplateFlags::default(),
            mapped_params: Vec::new(),
        }
    }

    fn script(&mut self, program: Program<'s, 'a>) -> Arc<Template> {
        let analysis = self.cx.analysis;
        let own_vars = self.kind == FunctionKind::Eval && self.strict;
        self.at(program.span.start);
        if self.cx.options.completion || self.kind == FunctionKind::Eval {
            let completion = self.temp();
            self.completion = Some(completion);
            // Directives are statements too: they have a value.
            if let Some(last) = program.directives.last()
                && last.span.start >= program.span.start
            {
                let literal = &last.expression;
                let text = super::emit::decode_string(&literal.value, literal.lone_surrogates);
                self.load_string(completion, text);
            }
        }
        let outer_scope = self.scope_reg;
        self.make_heap_scope(0);
        self.place_variables(0);
        self.begin_temps();
        self.script_this();
        let mut globals = GlobalDeclarations::default();
        if own_vars {
            self.hoist_functions(program.statements.iter());
        } else {
            globals = self.global_declarations(program.statements);
            let closure_scope = Src(self.scope_reg);
            let empty = globals.lexical.is_empty()
                && globals.functions.is_empty()
                && globals.var_names.is_empty()
                && globals.annex_b_names.is_empty();
            match self.kind {
                _ if empty => {}
                FunctionKind::Eval => self.emit(instr::DeclareEvalVars { scope: Src(outer_scope), closure_scope }),
                _ => self.emit(instr::DeclareGlobals { closure_scope }),
            }
        }
        self.with_resources(program.statements, |this| {
            this.statements_in_order(program.statements);
        });
        match self.completion {
            Some(completion) => self.emit(instr::Return { src: Src(completion) }),
            None => self.emit(instr::ReturnUndefined {}),
        }
        let mut outline = self.program_outline(program.span);
        outline.flags.set(TemplateFlags::OWN_VARS, own_vars);
        let mut template = self.bare_template(outline);
        let _ = analysis;
        template.globals = (!own_vars).then(|| Box::new(globals));
        Arc::new(template)
    }

    /// Stores `this` where arrow functions find it.
    fn script_this(&mut self) {
        let scope = &self.cx.analysis.scopes[0];
        let this = Ident::from(crate::analysis::internal::THIS);
        if let Some(&var) = scope.map.get(&this) {
            self.init_var(0, var, frame::THIS);
        }
    }

    /// The declarations of global code, or of sloppy eval code, whose lexical ones are its own.
    fn global_declarations(&mut self, statements: &'s [Statement<'a>]) -> GlobalDeclarations {
        let is_eval = self.kind == FunctionKind::Eval;
        let mut last = FxHashMap::default();
        for statement in statements {
            if let Some(function) = function_declaration(statement)
                && let Some(id) = &function.id
            {
                last.insert(id.name, function.span.start);
            }
        }
        let mut functions = Vec::new();
        let mut lexical = Vec::new();
        for statement in statements {
            if let Some(function) = function_declaration(statement)
                && let Some(id) = &function.id
                && last.get(&id.name) == Some(&function.span.start)
            {
                let template = self.lower_method(function, id.name.as_str().into());
                let index = self.inner(template);
                functions.push(GlobalFunction { name: id.name.as_str().into(), function: index.0 });
            }
            if !is_eval {
                let constant = is_constant_declaration(statement);
                for name in declared_lexical_names(statement) {
                    lexical.push(tercel_bytecode::GlobalLexical { name: name.as_str().into(), constant });
                }
            }
        }
        let names = |list: &[Ident<'a>]| -> Vec<JsStr> { list.iter().map(|name| name.as_str().into()).collect() };
        let mut annex_b = names(&self.cx.analysis.global_annex_b);
        let var_names = names(&self.cx.analysis.global_vars);
        if is_eval {
            for name in functions.iter().map(|f| &f.name).chain(&var_names) {
                self.check_eval_name(name);
            }
            annex_b.retain(|name| !self.eval_conflict(name));
        }
        GlobalDeclarations {
            lexical: lexical.into(),
            functions: functions.into(),
            var_names: var_names.into(),
            annex_b_names: annex_b.into(),
        }
    }

    fn check_eval_name(&self, name: &JsStr) {
        if self.eval_conflict(name) {
            self.syntax_error(self.cx.analysis.origin.prefix, format!("'{name}' has already been declared"));
        }
    }

    /// Whether a `var` of sloppy eval code clashes with a declaration between the eval and its variable scope (19.2.1.3, step 3).
    fn eval_conflict(&self, name: &JsStr) -> bool {
        let Some(outer) = &self.cx.analysis.outer else {
            return false;
        };
        let in_parameters = self.cx.eval.is_some_and(|eval| eval.in_parameters);
        for scope in outer.iter() {
            let is_var_scope = scope.vars.iter().any(|var| var.kind == VarKind::EvalVars);
            if scope.kind != ScopeKind::With {
                let clash = scope.vars.iter().any(|var| {
                    let lexical = matches!(var.kind, VarKind::Let | VarKind::Const);
                    var.name == *name && (lexical || is_var_scope && in_parameters)
                });
                if clash {
                    return true;
                }
            }
            if is_var_scope {
                return false;
            }
        }
        false
    }
}
