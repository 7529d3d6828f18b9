//! Parsing: the parser behind a bound on native stack use, early errors, and wrappers that tell the parser where eval code stands.
//!
//! What compiling a source takes of native stack is bounded by [`crate::nesting`]. Sources whose bound fits the present stack are
//! compiled in place; others on a thread with a stack of the bound's size, of which only what is used costs memory.

use crate::{CompileError, Options, nesting};
use oxc_allocator::Allocator;
use oxc_ast::ast::{Function, LabeledStatement, Program, Statement};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_semantic::SemanticBuilder;
use oxc_span::{SourceType, Span};
use oxc_syntax::scope::{ScopeFlags, ScopeId};
use std::cell::Cell;
use tercel_bytecode::{EvalInfo, Source, VarKind};

/// What compiling takes at least.
const BASE: usize = 128 << 10;
/// Bytes from which on counting the characters that could open levels is not tried before the scan.
const LONG: usize = 16 << 10;
/// The largest stack that is reserved.
const MAX_STACK: usize = 64 << 30;

/// Runs `compile` with a stack that suffices for `text`.
pub fn with_stack<T: Send>(
    source: &Source,
    text: &str,
    options: &Options,
    compile: impl FnOnce(Nesting) -> Result<T, CompileError> + Send,
) -> Result<T, CompileError> {
    if text.len() > u32::MAX as usize / 2 {
        return Err(CompileError::range(source, "source is too long"));
    }
    // The scan takes longer than counting, but for a long text the count would be too large anyway.
    let mut crude = usize::MAX;
    if text.len() < LONG {
        crude = BASE + nesting::crude_bound(text);
        if crude <= options.native_stack {
            return compile(Nesting(crude));
        }
    }
    let scanned = nesting::scanned_bound(text).map(|bound| BASE + bound);
    if let Some(bound) = scanned
        && bound <= options.native_stack
    {
        return compile(Nesting(bound));
    }
    if crude == usize::MAX {
        crude = BASE + nesting::crude_bound(text);
    }
    let needed = scanned.map_or(crude, |bound| crude.min(bound));
    let compile = || compile(Nesting(needed));
    if needed <= options.native_stack {
        return compile();
    }
    if needed > MAX_STACK {
        return Err(CompileError::range(source, "source nests too deep"));
    }
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().name("tercel-compile".into()).stack_size(needed).spawn_scoped(scope, compile);
        match thread.map(|thread| thread.join()) {
            Ok(Ok(result)) => result,
            // A panic of the parser or of ours: a defect, but the script must not bring the process down.
            Ok(Err(_)) => Err(CompileError::range(source, "internal error in the compiler")),
            Err(_) => Err(CompileError::range(source, "source nests too deep")),
        }
    })
}

/// What is known of a text's nesting before it is parsed: the native stack that its levels take at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nesting(usize);

impl Nesting {
    /// More than [`MAX_DEPTH`] levels are possible.
    fn is_deep(self) -> bool {
        self.0 >= MAX_DEPTH * nesting::LEAST_COST
    }

    /// That of a part of the text with a few brackets around it, if it fits a stack.
    pub fn of_part(self, stack: usize) -> Option<Nesting> {
        let part = Nesting(self.0.saturating_add(BASE));
        (part.0 <= stack).then_some(part)
    }
}

/// Parses a text and checks its early errors. `prefix` is the length of what was put before the source.
pub fn parse<'a>(
    allocator: &'a Allocator,
    source: &Source,
    text: &'a str,
    module: bool,
    prefix: u32,
    nesting: Nesting,
    options: &Options,
) -> Result<Program<'a>, CompileError> {
    let parsed = run_parser(allocator, text, module, options);
    if let Some(error) = first_error(source, parsed.diagnostics.iter(), prefix) {
        return Err(error);
    }
    if nesting.is_deep() && Depth::of(&parsed.program) > MAX_DEPTH {
        return Err(CompileError::range(source, "statements nest too deep"));
    }
    Ok(parsed.program)
}

fn run_parser<'a>(allocator: &'a Allocator, text: &'a str, module: bool, options: &Options) -> ParserReturn<'a> {
    let source_type = if module { SourceType::mjs() } else { SourceType::script() };
    let parse_options = ParseOptions {
        parse_regular_expression: true,
        allow_v8_intrinsics: options.natives,
        ..ParseOptions::default()
    };
    Parser::new(allocator, text, source_type).with_options(parse_options).parse()
}

/// The early errors that the parser leaves to semantic analysis.
pub fn check<'a>(source: &Source, program: &'a Program<'a>, prefix: u32) -> Result<(), CompileError> {
    let checked = SemanticBuilder::new_compiler().build(program);
    match first_error(source, checked.diagnostics.iter(), prefix) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Scopes and labels may nest so deep. What resolves names takes time proportional to the depth, here and in the parser's own checks.
const MAX_DEPTH: usize = 10_000;

/// Measures how deep scopes and labels nest.
#[derive(Default)]
struct Depth {
    now: usize,
    most: usize,
}

impl Depth {
    fn of(program: &Program<'_>) -> usize {
        let mut depth = Depth::default();
        depth.visit_program(program);
        depth.most
    }

    fn enter(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }
}

impl<'a> Visit<'a> for Depth {
    fn enter_scope(&mut self, _: ScopeFlags, _: &Cell<Option<ScopeId>>) {
        self.enter();
    }

    fn leave_scope(&mut self) {
        self.now -= 1;
    }

    fn visit_labeled_statement(&mut self, it: &LabeledStatement<'a>) {
        self.enter();
        walk::walk_labeled_statement(self, it);
        self.now -= 1;
    }
}

fn first_error<'d>(
    source: &Source,
    diagnostics: impl Iterator<Item = &'d oxc_diagnostics::OxcDiagnostic>,
    prefix: u32,
) -> Option<CompileError> {
    let mut first: Option<(u32, String)> = None;
    for diagnostic in diagnostics {
        if diagnostic.severity != oxc_diagnostics::Severity::Error {
            continue;
        }
        let offset = diagnostic.labels.iter().map(|label| label.offset()).min().unwrap_or(prefix);
        if first.as_ref().is_none_or(|known| offset < known.0) {
            first = Some((offset, diagnostic.message.to_string()));
        }
    }
    first.map(|(offset, message)| {
        let offset = offset.saturating_sub(prefix).min(source.text.len() as u32);
        CompileError::syntax(source, offset, message)
    })
}

/// Text before and after eval code that tells the parser what is allowed there.
pub struct Wrapper {
    pub before: String,
    pub after: &'static str,
    form: Form,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Nothing, or a directive.
    Plain,
    /// The body of a function.
    Function,
    /// The body of a method of an object literal.
    Method,
    /// The body of a class's constructor or method.
    Class { constructor: bool },
}

impl Wrapper {
    /// The wrapper for eval code at a place.
    pub fn new(info: &EvalInfo) -> Wrapper {
        let private = private_names(info);
        let strict = if info.strict { "\"use strict\";" } else { "" };
        // A newline ends a line comment at the end of the source.
        let (before, after, form) = if !private.is_empty() || info.super_call {
            let constructor = info.super_call;
            let mut before = String::from("(class extends null {");
            for name in private {
                before.push_str(&name);
                before.push(';');
            }
            before.push_str(if constructor { "constructor(){" } else { "m(){" });
            (before, "\n}})", Form::Class { constructor })
        } else if info.super_property {
            (format!("({{m(){{{strict}"), "\n}})", Form::Method)
        } else if info.new_target {
            (format!("(function(){{{strict}"), "\n})", Form::Function)
        } else {
            (strict.to_string(), "", Form::Plain)
        };
        Wrapper { before, after, form }
    }

    /// The eval code's statements within the parsed text; `None` if the code escaped from the wrapper.
    pub fn body<'s, 'a>(
        &self,
        program: &'s Program<'a>,
    ) -> Option<(&'s [Statement<'a>], Option<&'s oxc_ast::ast::FunctionBody<'a>>)> {
        use oxc_ast::ast::{ClassElement, Expression, ObjectPropertyKind};
        if self.form == Form::Plain {
            return Some((&program.body, None));
        }
        let [Statement::ExpressionStatement(statement)] = program.body.as_slice() else {
            return None;
        };
        let function: &Function<'a> = match (statement.expression.without_parentheses(), self.form) {
            (Expression::FunctionExpression(function), Form::Function) => function,
            (Expression::ObjectExpression(object), Form::Method) => {
                let [ObjectPropertyKind::ObjectProperty(property)] = object.properties.as_slice() else {
                    return None;
                };
                match &property.value {
                    Expression::FunctionExpression(function) => function,
                    _ => return None,
                }
            }
            (Expression::ClassExpression(class), Form::Class { .. }) => {
                let ClassElement::MethodDefinition(method) = class.body.body.last()? else {
                    return None;
                };
                // Everything before the method is the wrapper's.
                if class.body.body.len() > 1 && class.body.body[class.body.body.len() - 2].span_end() > self.start() {
                    return None;
                }
                &method.value
            }
            _ => return None,
        };
        let body = function.body.as_ref()?;
        let end = program.source_text.len() - self.after.len();
        let expected = Span::new(self.body_start(), end as u32 + 2);
        (body.span == expected).then_some((&body.statements[..], Some(&**body)))
    }

    fn start(&self) -> u32 {
        self.before.len() as u32
    }

    /// Where the function's brace opens.
    fn body_start(&self) -> u32 {
        self.before.rfind('{').unwrap_or(0) as u32
    }
}

trait SpanEnd {
    fn span_end(&self) -> u32;
}

impl SpanEnd for oxc_ast::ast::ClassElement<'_> {
    fn span_end(&self) -> u32 {
        use oxc_span::GetSpan;
        self.span().end
    }
}

/// The private names that eval code may use.
fn private_names(info: &EvalInfo) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for scope in info.scopes.iter().flat_map(|chain| chain.iter()) {
        for var in &scope.vars {
            if var.kind == VarKind::Internal && var.name.units().next() == Some(u16::from(b'#')) {
                let name = var.name.to_string();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}
