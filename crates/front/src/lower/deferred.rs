//! Functions that are lowered when they are first called.
//!
//! A source is parsed, checked for early errors and analysed whole; but most functions of large programs never run, so what an inner
//! function gets at first is an *outline*: all that a closure shows and a call must know beforehand, without code. The syntax tree is
//! kept for a while ([`trees`]), so that functions that are called soon are lowered from it. But it takes some ten times the source's bytes:
//! a later call parses the function's own text again, without the semantic checks that it has passed, and lowers that. Functions inside of it may be
//! outlines in turn.
//!
//! The code is the same, to the byte, as if it had been lowered with the rest:
//!
//! * **Names.** What a function refers to outside of itself is captured, so it lies in a heap scope, and the chain of heap scopes around the function
//!   (which the templates of scopes describe, as for direct eval) is all that lookups need. Whether a variable there may be in its dead zone
//!   depends on where the function around the reference is created: [`DeferredFunction::around`] and [`ScopeVar::init_end`].
//! * **Context.** What the parser must know of the place is the goal (script or module) and strictness. `await`, `yield` and private names
//!   mean the same to it wherever a text that passed all checks stands.
//! * **Positions.** The text is parsed behind a few bytes that tell what it is; offsets are those in the source, shifted.
//!
//! Lowered at once are: functions in parentheses and callees, which presumably run at once; short ones; constructors and initializers of classes,
//! which refer to the class around them; arrow functions that refer to what only their place knows (eval, `super`, `new.target`);
//! and functions around a construct that lowering itself rejects ([`Function::lower_at_once`](crate::analysis::Function)).
//!
//! [`ScopeVar::init_end`]: tercel_bytecode::ScopeVar

use super::function::{Body, Outline};
use super::{Builder, Shared};
use crate::analysis::{Analysis, Around, FunctionId, Origin, analyse_deferred};
use crate::trees::{self, NodeAddress};
use crate::{CompileError, CompileErrorKind, Options, finish, parse};
use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_span::Span;
use std::sync::Arc;
use tercel_bytecode::assembler::Assembler;
use tercel_bytecode::op::{Const, Imm8};
use tercel_bytecode::{
    Constant, Deferred, ErrorKind, FunctionKind, JsStr, Lower, ScopeChain, Source, Template, TemplateFlags, frame,
    instr,
};

/// What the deferred functions of one compilation share.
#[derive(Debug)]
pub struct Unit {
    pub source: Arc<Source>,
    pub options: Options,
    pub module: bool,
    /// Bounds the stack that any of its functions takes.
    pub nesting: parse::Nesting,
}

/// How a function's text begins, which says how to parse it alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A declaration with a name, which may be `yield` or `await` where an expression's may not.
    Declaration,
    /// With `function`, `async`, or as arrow functions do.
    Expression,
    /// With a method's modifiers and key; the parameters begin at this source offset.
    Method { params: u32, generator: bool, is_async: bool },
}

/// A function whose code is still to be made.
#[derive(Debug)]
struct DeferredFunction {
    unit: Arc<Unit>,
    /// Its number in the analysis of the whole source; `None` within a function that was parsed again.
    id: Option<FunctionId>,
    class_element: bool,
    form: Form,
    /// Binds its own name inside.
    binds_name: bool,
    /// The heap scopes around it.
    outer: Option<Arc<ScopeChain>>,
    /// Which of them belong to which function.
    around: Box<[Around]>,
}

/// A longer function (bytes of source) is lowered at once where it would have to be parsed again, which takes as long as all the rest.
const LONGEST_PARSED_AGAIN: usize = 16 << 10;

/// What the parent's lowering knows of a function that it would defer.
pub struct Candidate<'s, 'a> {
    pub id: FunctionId,
    pub node: NodeAddress,
    pub params: &'s FormalParameters<'a>,
    /// Of the whole function, in the text as parsed.
    pub span: Span,
    pub name: &'s JsStr,
    /// Presumably called at once.
    pub called: bool,
    /// A declaration with a name.
    pub declared: bool,
    /// A function expression with a name.
    pub binds_name: bool,
}

impl<'s, 'a> Builder<'s, 'a> {
    /// The outline of a function that can wait.
    pub fn deferred(&self, candidate: &Candidate<'_, 'a>) -> Option<Arc<Template>> {
        let unit = self.cx.unit.as_ref()?;
        let analysis = self.cx.analysis;
        let function = &analysis.functions[candidate.id as usize];
        let Candidate { params, span, .. } = *candidate;
        let size = span.size() as usize;
        if candidate.called || size < self.cx.options.defer_from || function.lower_at_once {
            return None;
        }
        // Nobody waits long for a function at its first call.
        if size > LONGEST_PARSED_AGAIN && !(self.cx.options.keep_trees && trees::may_be_kept(&self.cx.source)) {
            return None;
        }
        let is_method = match function.kind {
            FunctionKind::Normal => false,
            FunctionKind::Arrow if self.arrow_can_wait(candidate.id) => false,
            FunctionKind::Method | FunctionKind::Getter | FunctionKind::Setter => true,
            _ => return None,
        };
        let form = if is_method {
            let (generator, is_async) = (function.generator, function.is_async);
            Form::Method { params: self.source_offset(params.span.start), generator, is_async }
        } else if candidate.declared {
            Form::Declaration
        } else {
            Form::Expression
        };
        let mut flags = TemplateFlags::default();
        flags.set(TemplateFlags::SIMPLE_PARAMS, function.simple_params);
        flags.set(TemplateFlags::USES_EXTRA_ARGS, params.rest.is_some() || self.makes_arguments(function.scope));
        let outline = Outline::of(candidate.name.clone(), candidate.span, params, flags);
        let mut template = self.outline_template(candidate.id, outline);
        let again = analysis.is_of_function;
        if !again {
            self.cx.nodes.borrow_mut().insert(candidate.id, candidate.node);
        }
        template.deferred = Some(Box::new(Deferred::new(Box::new(DeferredFunction {
            unit: unit.clone(),
            id: (!again).then_some(candidate.id),
            class_element: function.class_element,
            form,
            binds_name: candidate.binds_name,
            outer: self.scope_chain_from(analysis.scopes[function.scope as usize].parent),
            around: analysis.around(candidate.id),
        }))));
        Some(Arc::new(template))
    }

    /// Whether an arrow function needs nothing of its place but variables.
    fn arrow_can_wait(&self, id: FunctionId) -> bool {
        let analysis = self.cx.analysis;
        let function = &analysis.functions[id as usize];
        if function.has_eval || function.uses_home || function.uses_new_target {
            return false;
        }
        let mut at = analysis.scopes[function.scope as usize].parent;
        while let Some(scope) = at {
            let scope = &analysis.scopes[scope as usize];
            match analysis.functions[scope.function as usize].kind {
                FunctionKind::Arrow => at = scope.parent,
                FunctionKind::Eval => return analysis.outer.is_none(),
                FunctionKind::Normal
                | FunctionKind::Method
                | FunctionKind::Getter
                | FunctionKind::Setter
                | FunctionKind::Script
                | FunctionKind::Module => return true,
                _ => return false,
            }
        }
        false
    }
}

impl Lower for DeferredFunction {
    fn lower(&self, outline: &Template, native_stack: usize) -> Arc<Template> {
        let options = Options { native_stack, ..self.unit.options.clone() };
        let fits = self.unit.nesting.of_part(native_stack);
        if fits.is_some()
            && let Some(id) = self.id
            && let Some(lowered) = trees::lower(&self.unit, id, outline, &options)
        {
            return lowered.unwrap_or_else(|error| Arc::new(self.throwing(outline, &error)));
        }
        let (text, prefix) = self.text(outline);
        let compile = |nesting| self.compile(outline, &text, prefix, nesting, &options);
        let lowered = match fits {
            Some(nesting) => compile(nesting),
            None => parse::with_stack(&self.unit.source, &text, &options, compile),
        };
        lowered.unwrap_or_else(|error| Arc::new(self.throwing(outline, &error)))
    }
}

impl DeferredFunction {
    /// The function's text as the parser gets it, and the length of what was put before.
    fn text(&self, outline: &Template) -> (String, u32) {
        let (start, end) = (outline.span.start as usize, outline.span.end as usize);
        let source = &self.unit.source.text;
        let mut text = String::with_capacity(end - start + 24);
        if outline.flags.contains(TemplateFlags::STRICT) && !self.unit.module {
            text.push_str("\"use strict\";");
        }
        let prefix = match self.form {
            Form::Declaration => {
                let prefix = text.len();
                text.push_str(&source[start..end]);
                prefix
            }
            Form::Expression => {
                text.push('(');
                let prefix = text.len();
                text.push_str(&source[start..end]);
                text.push(')');
                prefix
            }
            // The key, which is evaluated where the method is defined, is blanked out.
            Form::Method { params, generator, is_async } => {
                text.push_str("({");
                let (prefix, params) = (text.len(), params as usize);
                text.push_str(match (is_async, generator) {
                    (false, false) => "m",
                    (false, true) => "*m",
                    (true, false) => "async m",
                    (true, true) => "async*m",
                });
                let blank = (params - start).saturating_sub(text.len() - prefix);
                text.extend(std::iter::repeat_n(' ', blank));
                text.push_str(&source[params..end]);
                text.push_str("})");
                prefix
            }
        };
        (text, prefix as u32)
    }

    fn compile(
        &self,
        outline: &Template,
        text: &str,
        prefix: u32,
        nesting: parse::Nesting,
        options: &Options,
    ) -> Result<Arc<Template>, CompileError> {
        let source = &self.unit.source;
        let allocator = Allocator::default();
        let program = parse::parse(&allocator, source, text, self.unit.module, prefix, nesting, options)?;
        let node = Node::find(&program).ok_or_else(|| CompileError::range(source, "function does not stand alone"))?;
        let origin = Origin { prefix, base: outline.span.start };
        let around = (self.outer.clone(), self.around.clone());
        let analysis = analyse_deferred(
            &allocator,
            text,
            outline.flags.contains(TemplateFlags::STRICT),
            origin,
            around,
            |walker| match node {
                Node::Function(function) => {
                    let name = function.id.as_ref().filter(|_| self.binds_name).map(|id| id.name);
                    walker.walk_plain_function(function, outline.kind, self.class_element, name);
                }
                Node::Arrow(arrow) => oxc_ast_visit::Visit::visit_arrow_function_expression(walker, arrow),
            },
        )
        .map_err(|finding| CompileError::of_finding(source, finding, prefix))?;
        let shared = Shared::new(&analysis, options, source, Some(self.unit.clone()));
        let (params, body) = node.parts().ok_or_else(|| CompileError::range(source, "function has no body"))?;
        let span = Span::new(prefix, prefix + (outline.span.end - outline.span.start));
        let template = Builder::new(&shared, DEFERRED).whole_function(params, body, outline.name.clone(), span);
        finish(shared.error.into_inner(), template)
    }

    /// What takes the place of a function that does not fit the bytecode's limits.
    fn throwing(&self, outline: &Template, error: &CompileError) -> Template {
        let kind = match error.kind {
            CompileErrorKind::Syntax => ErrorKind::Syntax,
            CompileErrorKind::Range => ErrorKind::Range,
        };
        let mut asm = Assembler::default();
        asm.mark(outline.span.start);
        asm.emit(instr::ThrowError { kind: Imm8(kind as u8), message: Const(0) });
        let code = asm.finish();
        let mut template = Template::without_code(outline.kind, self.unit.source.clone(), outline.span.clone());
        template.flags = outline.flags;
        template.name = outline.name.clone();
        template.num_params = outline.num_params;
        template.length = outline.length;
        template.num_registers = frame::FIRST_PARAM + outline.num_params;
        template.code = code.code;
        template.constants = [Constant::String(error.message.as_str().into())].into();
        template.positions = code.positions;
        template
    }
}

/// Lowers a function of a tree that was kept.
pub fn lower_parts<'s, 'a>(
    cx: &Shared<'s, 'a>,
    id: FunctionId,
    params: &'s FormalParameters<'a>,
    body: Body<'s, 'a>,
    name: JsStr,
    span: Span,
) -> Arc<Template> {
    Builder::new(cx, id).whole_function(params, body, name, span)
}

/// The function that is lowered: number 0 stands for what is around it.
const DEFERRED: FunctionId = 1;

/// The function in the text that [`DeferredFunction::text`] made.
#[derive(Clone, Copy)]
enum Node<'s, 'a> {
    Function(&'s Function<'a>),
    Arrow(&'s ArrowFunctionExpression<'a>),
}

impl<'s, 'a> Node<'s, 'a> {
    fn find(program: &'s Program<'a>) -> Option<Node<'s, 'a>> {
        let statement = match program.body.as_slice() {
            [Statement::ExpressionStatement(statement)] => statement,
            [Statement::FunctionDeclaration(function)] => return Some(Node::Function(function)),
            _ => return None,
        };
        match statement.expression.without_parentheses() {
            Expression::FunctionExpression(function) => Some(Node::Function(function)),
            Expression::ArrowFunctionExpression(arrow) => Some(Node::Arrow(arrow)),
            Expression::ObjectExpression(object) => match object.properties.as_slice() {
                [ObjectPropertyKind::ObjectProperty(property)] => match &property.value {
                    Expression::FunctionExpression(function) => Some(Node::Function(function)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    fn parts(self) -> Option<(&'s FormalParameters<'a>, Body<'s, 'a>)> {
        match self {
            Node::Function(function) => Some((&function.params, Body::Statements(&function.body.as_ref()?.statements))),
            Node::Arrow(arrow) => Some((&arrow.params, Body::of_arrow(arrow)?)),
        }
    }
}

impl Analysis<'_> {
    /// The functions around a function, innermost first: how many heap scopes each has there, and where the function inside of it is created.
    fn around(&self, id: FunctionId) -> Box<[Around]> {
        let mut list: Vec<Around> = Vec::new();
        let mut inner = &self.functions[id as usize];
        let mut at = self.scopes[inner.scope as usize].parent;
        while let Some(scope) = at {
            let owner = self.scopes[scope as usize].function;
            let mut scopes = 0;
            while let Some(id) = at
                && self.scopes[id as usize].function == owner
            {
                let scope = &self.scopes[id as usize];
                scopes += u32::from(scope.heap.is_some());
                at = scope.parent;
            }
            if scopes != 0 {
                let created = if inner.hoisted { 0 } else { self.origin.to_source(inner.start) };
                list.push(Around { scopes, created });
            }
            inner = &self.functions[owner as usize];
        }
        list.extend_from_slice(&self.around);
        list.into()
    }
}
