//! Source to bytecode: parser, scope analysis, lowering. Needs no heap; runs on any thread.
//!
//! * [`parse`]: the text to a syntax tree (by `oxc_parser` and `oxc_semantic`), on a native stack that suffices;
//! * [`analysis`]: variables, scopes, what closures capture;
//! * [`lower`]: the tree to [`Template`]s.
//!
//! Entry points: [`compile_script`], [`compile_module`], [`compile_eval`], [`compile_function`]. All return plain data; a program that
//! is wrong, or too large for the bytecode's limits, gives a [`CompileError`], never a panic.
#![deny(unsafe_code)]

mod analysis;
mod call_targets;
mod lower;
mod nesting;
mod parse;
mod trees;

pub use trees::{age as age_trees, forget as forget_trees};

use lower::{Program, Shared};
use oxc_allocator::Allocator;
use oxc_ast::ast::Statement;
use oxc_span::Span;
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::Arc;
use tercel_bytecode::{EvalInfo, FunctionKind, Position, Source, Template};

/// How to compile.
#[derive(Clone, Debug)]
pub struct Options {
    /// `%Name(…)` calls runtime functions.
    pub natives: bool,
    /// The engine's own code: functions are no constructors and show no source. The code should begin with `"use strict"`.
    pub builtin: bool,
    /// A script returns its completion value (evals always do).
    pub completion: bool,
    /// Bytes of native stack that the caller has left for compiling in place. Sources that may need more are compiled on a thread of
    /// their own.
    pub native_stack: usize,
    /// Bytes of source from which on an inner function is lowered at its first call; `usize::MAX`: all are lowered at once.
    pub defer_from: usize,
    /// The syntax trees of sources with such functions are kept for a while ([`trees`]).
    pub keep_trees: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            natives: false,
            builtin: false,
            completion: true,
            native_stack: 1 << 20,
            defer_from: usize::MAX,
            keep_trees: true,
        }
    }
}

/// What a [`CompileError`] is thrown as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompileErrorKind {
    /// A SyntaxError.
    Syntax,
    /// A RangeError: the source exceeds a limit.
    Range,
}

/// Why a source does not compile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompileError {
    /// SyntaxError or RangeError.
    pub kind: CompileErrorKind,
    /// What is wrong, without the place.
    pub message: String,
    /// Byte offset in the source.
    pub offset: u32,
    /// Line and column of the offset.
    pub position: Position,
}

impl CompileError {
    fn syntax(source: &Source, offset: u32, message: impl Into<String>) -> CompileError {
        CompileError {
            kind: CompileErrorKind::Syntax,
            message: message.into(),
            offset,
            position: source.position(offset),
        }
    }

    fn of_finding(source: &Source, finding: analysis::Finding, prefix: u32) -> CompileError {
        if finding.too_large {
            return CompileError::range(source, finding.message);
        }
        let offset = finding.offset.saturating_sub(prefix);
        CompileError::syntax(source, offset, finding.message)
    }

    fn range(source: &Source, message: &str) -> CompileError {
        CompileError { kind: CompileErrorKind::Range, ..CompileError::syntax(source, 0, message) }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            CompileErrorKind::Syntax => "SyntaxError",
            CompileErrorKind::Range => "RangeError",
        };
        let Position { line, column } = self.position;
        write!(f, "{line}:{column}: {kind}: {}", self.message)
    }
}

impl std::error::Error for CompileError {}

/// What `new Function` and its relatives make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DynamicFunction {
    /// `Function`.
    Normal,
    /// `GeneratorFunction`.
    Generator,
    /// `AsyncFunction`.
    Async,
    /// `AsyncGeneratorFunction`.
    AsyncGenerator,
}

impl DynamicFunction {
    /// What stands before the parameters, between them and the body, and behind it.
    pub fn frame(self) -> (&'static str, &'static str, &'static str) {
        let before = match self {
            DynamicFunction::Normal => "function anonymous(",
            DynamicFunction::Generator => "function* anonymous(",
            DynamicFunction::Async => "async function anonymous(",
            DynamicFunction::AsyncGenerator => "async function* anonymous(",
        };
        (before, "\n) {\n", "\n}")
    }
}

/// Compiles a script. Indirect eval is a script too, but for its variables: see [`compile_eval`].
pub fn compile_script(source: &Arc<Source>, options: &Options) -> Result<Arc<Template>, CompileError> {
    compile(source, FunctionKind::Script, None, options)
}

/// Compiles a module.
pub fn compile_module(source: &Arc<Source>, options: &Options) -> Result<Arc<Template>, CompileError> {
    compile(source, FunctionKind::Module, None, options)
}

/// Compiles eval code. `info` describes the place of a direct eval; for indirect eval it is the default.
pub fn compile_eval(source: &Arc<Source>, info: &EvalInfo, options: &Options) -> Result<Arc<Template>, CompileError> {
    compile(source, FunctionKind::Eval, Some(info), options)
}

/// Compiles a function from the texts of its parameters (joined by commas) and body (ECMA-262 20.2.1.1.1). The template is that of the
/// function; its source is the whole text that `toString` shows.
pub fn compile_function(
    parameters: &str,
    body: &str,
    kind: DynamicFunction,
    options: &Options,
) -> Result<Arc<Template>, CompileError> {
    let (before, between, after) = kind.frame();
    let source = Arc::new(Source::new("anonymous", format!("{before}{parameters}{between}{body}{after}")));
    compile_function_source(&source, before.len() + parameters.len(), options)
}

/// As [`compile_function`], of a whole text that [`DynamicFunction::frame`] was put around; the parameters end at byte `parameters_end`.
pub fn compile_function_source(
    source: &Arc<Source>,
    parameters_end: usize,
    options: &Options,
) -> Result<Arc<Template>, CompileError> {
    let body_start = parameters_end + "\n) ".len();
    parse::with_stack(source, &source.text, options, |nesting| {
        let allocator = Allocator::default();
        let program = parse::parse(&allocator, source, &source.text, false, 0, nesting, options)?;
        let escaped = || CompileError::syntax(source, 0, "invalid parameters or function body");
        let [Statement::FunctionDeclaration(function)] = program.body.as_slice() else {
            return Err(escaped());
        };
        let whole = Span::new(0, source.text.len() as u32);
        let body = Span::new(body_start as u32, source.text.len() as u32);
        let body_span = function.body.as_ref().map(|body| body.span);
        if function.span != whole || body_span != Some(body) || !program.directives.is_empty() {
            return Err(escaped());
        }
        parse::check(source, &program, 0)?;
        let analysis = analysis::analyse(&program, FunctionKind::Script, None, false, None, 0, &allocator)
            .map_err(|finding| CompileError::of_finding(source, finding, 0))?;
        let shared = Shared::new(&analysis, options, source, unit(source, options, false, nesting));
        let template = lower::lower_function(&shared, function);
        finish(shared.error.into_inner(), template)
    })
}

fn compile(
    source: &Arc<Source>,
    kind: FunctionKind,
    info: Option<&EvalInfo>,
    options: &Options,
) -> Result<Arc<Template>, CompileError> {
    let wrapper = info.map(parse::Wrapper::new);
    let (text, prefix) = match &wrapper {
        Some(wrapper) if !wrapper.before.is_empty() => {
            // A hashbang comment may only begin a text; behind the wrapper it is a line comment.
            let (comment, rest) = match source.text.strip_prefix("#!") {
                Some(rest) => ("//", rest),
                None => ("", &source.text[..]),
            };
            let text = format!("{}{comment}{rest}{}", wrapper.before, wrapper.after);
            (std::borrow::Cow::Owned(text), wrapper.before.len() as u32)
        }
        _ => (std::borrow::Cow::Borrowed(source.text.as_str()), 0),
    };
    parse::with_stack(source, &text, options, |nesting| {
        let other = match &text {
            std::borrow::Cow::Owned(text) => Some(text.as_str()),
            std::borrow::Cow::Borrowed(_) => None,
        };
        trees::compile(source, other, |allocator, text| {
            compile_text(allocator, source, text, prefix, nesting, kind, info, wrapper.as_ref(), options)
        })
    })
}

#[allow(clippy::too_many_arguments)]
fn compile_text<'a>(
    allocator: &'a Allocator,
    source: &Arc<Source>,
    text: &'a str,
    prefix: u32,
    nesting: parse::Nesting,
    kind: FunctionKind,
    info: Option<&EvalInfo>,
    wrapper: Option<&parse::Wrapper>,
    options: &Options,
) -> Result<(Arc<Template>, Option<trees::Remains<'a>>), CompileError> {
    let module = kind == FunctionKind::Module;
    let mut call_targets = FxHashMap::default();
    let program = match parse::parse(allocator, source, text, module, prefix, nesting, options) {
        Ok(program) => program,
        // Perhaps only for `f() = 1`, which sloppy code may say.
        Err(error) if !module => match call_targets::parse(allocator, source, text, prefix, nesting, options) {
            Some((program, targets)) => {
                call_targets = targets;
                program
            }
            None => return Err(error),
        },
        Err(error) => return Err(error),
    };
    // In the arena, as all of the tree.
    let program: &'a oxc_ast::ast::Program<'a> = allocator.alloc(program);
    let (statements, body) = match wrapper {
        None => (program.body.as_slice(), None),
        Some(wrapper) => wrapper.body(program).ok_or_else(|| CompileError::syntax(source, 0, "unexpected '}'"))?,
    };
    parse::check(source, program, prefix)?;
    let directives = body.map_or(program.directives.as_slice(), |body| &body.directives);
    let strict = module
        || options.builtin
        || info.is_some_and(|info| info.strict)
        || directives.iter().any(|directive| directive.directive.as_str() == "use strict");
    let analysis = analysis::analyse(program, kind, body, strict, info, prefix, allocator)
        .map_err(|finding| CompileError::of_finding(source, finding, prefix))?;
    let analysis = Box::new(analysis);
    let unit = if call_targets.is_empty() { unit(source, options, module, nesting) } else { None };
    let shared = Shared { eval: info, call_targets, ..Shared::new(&analysis, options, source, unit.clone()) };
    let span = Span::new(prefix, prefix + source.text.len() as u32);
    let program = Program { statements, directives, span };
    let template = lower::lower_program(&shared, program);
    let nodes = shared.nodes.take();
    let template = finish(shared.error.take(), template)?;
    let remains =
        unit.filter(|_| options.keep_trees && !nodes.is_empty()).map(|unit| trees::Remains { unit, analysis, nodes });
    Ok((template, remains))
}

/// What deferred functions share, unless there are none: the library's are few, and each is called.
fn unit(source: &Arc<Source>, options: &Options, module: bool, nesting: parse::Nesting) -> Option<Arc<lower::Unit>> {
    let wanted = options.defer_from != usize::MAX && !options.builtin;
    let unit = || lower::Unit { source: source.clone(), options: options.clone(), module, nesting };
    wanted.then(|| Arc::new(unit()))
}

/// The template, if nothing went wrong. In debug builds it is verified.
fn finish(error: Option<CompileError>, template: Arc<Template>) -> Result<Arc<Template>, CompileError> {
    if let Some(error) = error {
        return Err(error);
    }
    debug_assert_eq!(tercel_bytecode::verify::verify(&template).map_err(|e| e.to_string()), Ok(()));
    Ok(template)
}
