//! Lowering: the syntax tree to bytecode, one function at a time.
//!
//! A [`Builder`] holds the state of one function. Expressions are lowered by topic: [`expr`], [`ops`], [`assign`], [`pattern`], [`call`],
//! [`literal`], [`class`]; statements in [`stmt`], [`loops`], [`control`]; whole functions and programs in [`function`], [`program`].
//!
//! Registers are a stack: parameters, the function's variables, then variables of inner blocks and temporaries, each given back when its
//! block or expression ends. An expression's value may be a variable's own register ([`Builder::expr`]); where something
//! evaluated later could assign that variable, the value is copied first ([`Builder::operand`]).
//!
//! Errors do not travel back: the first one is kept in [`Shared::error`], and lowering goes on with harmless values.

mod assign;
mod call;
mod class;
mod control;
mod deferred;
mod emit;
mod expr;
mod function;
mod internal;
mod iterate;
mod literal;
mod loops;
mod module;
mod ops;
mod pattern;
mod program;
mod stmt;
mod using;
mod vars;
mod yields;

pub use deferred::{Unit, lower_parts};
pub use function::Body;
pub use program::{Program, lower_function, lower_program};

use crate::analysis::{Analysis, FunctionId, ScopeId};
use crate::{CompileError, Options};
use control::{Control, Region};
use oxc_str::IdentHashMap;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::sync::Arc;
use tercel_bytecode::assembler::{Assembler, Label};
use tercel_bytecode::{
    Constant, EvalInfo, FeedbackKind, FunctionKind, JsStr, KeyList, ScopeChain, ScopeTemplate, Source, Template,
};

/// A register.
pub type Reg = u16;

/// What the functions of one compilation share.
pub struct Shared<'s, 'a> {
    pub analysis: &'s Analysis<'a>,
    pub options: &'s Options,
    pub source: Arc<Source>,
    pub error: RefCell<Option<CompileError>>,
    /// Chains of scopes that begin at a scope, for eval sites.
    pub chains: RefCell<FxHashMap<ScopeId, Arc<ScopeChain>>>,
    /// For eval code: the place of the call.
    pub eval: Option<&'s EvalInfo>,
    /// Member expressions (by start offset) that stand for calls as assignment targets.
    pub call_targets: FxHashMap<u32, u32>,
    /// What functions that are lowered at their first call need then; `None`: all are lowered at once.
    pub unit: Option<Arc<Unit>>,
    /// Where deferred functions lie in the tree.
    pub nodes: RefCell<crate::trees::Nodes>,
}

impl<'s, 'a> Shared<'s, 'a> {
    /// For a compilation that is no eval and has no calls as assignment targets.
    pub fn new(
        analysis: &'s Analysis<'a>,
        options: &'s Options,
        source: &Arc<Source>,
        unit: Option<Arc<Unit>>,
    ) -> Shared<'s, 'a> {
        Shared {
            analysis,
            options,
            source: source.clone(),
            error: RefCell::default(),
            chains: RefCell::default(),
            eval: None,
            call_targets: FxHashMap::default(),
            unit,
            nodes: RefCell::default(),
        }
    }
}

/// The state of lowering one function.
pub struct Builder<'s, 'a> {
    pub cx: &'s Shared<'s, 'a>,
    pub id: FunctionId,
    pub kind: FunctionKind,
    pub strict: bool,
    pub asm: Assembler,
    constants: Vec<Constant>,
    names: IdentHashMap<'a, u32>,
    strings: FxHashMap<JsStr, u32>,
    numbers: FxHashMap<u64, u32>,
    functions: Vec<Arc<Template>>,
    scopes: Vec<Arc<ScopeTemplate>>,
    key_lists: Vec<KeyList>,
    /// Targets as labels; distances are known at the end.
    switch_tables: Vec<(u32, i32, Vec<Option<Label>>)>,
    slots: Vec<FeedbackKind>,
    evals: Vec<EvalInfo>,
    /// The first free register.
    next: Reg,
    /// The most registers in use so far.
    most: Reg,
    /// Registers from here on are no variables.
    first_temp: Reg,
    /// The register of the variable that is being initialized, if nothing can see it before it is complete.
    initializing: Option<Reg>,
    /// The innermost scope, as the analysis numbers them.
    pub scope: ScopeId,
    /// The register of the innermost heap scope.
    pub scope_reg: Reg,
    control: Vec<Control<'a>>,
    regions: Vec<Region>,
    /// Labels that stand right before the statement about to be lowered.
    pending_labels: Vec<oxc_str::Ident<'a>>,
    /// Scripts and evals: the register of the completion value.
    completion: Option<Reg>,
    /// Generators and async functions: the register of the coroutine.
    coroutine: Option<Reg>,
    /// Where a short-circuited optional chain goes on.
    chain_exit: Option<Label>,
    /// The stack of resources of the innermost block with `using`.
    resources: Option<Reg>,
    /// The name that the next anonymous function or class gets.
    pending_name: Option<JsStr>,
    in_params: bool,
    /// The function expression that comes next is a callee.
    calls_next: bool,
    /// Out of registers: expressions and statements are skipped.
    failed: bool,
}

impl<'s, 'a> Builder<'s, 'a> {
    pub fn new(cx: &'s Shared<'s, 'a>, id: FunctionId) -> Box<Builder<'s, 'a>> {
        let function = &cx.analysis.functions[id as usize];
        Box::new(Builder {
            cx,
            id,
            kind: function.kind,
            strict: function.strict,
            asm: Assembler::default(),
            constants: Vec::new(),
            names: IdentHashMap::default(),
            strings: FxHashMap::default(),
            numbers: FxHashMap::default(),
            functions: Vec::new(),
            scopes: Vec::new(),
            key_lists: Vec::new(),
            switch_tables: Vec::new(),
            slots: Vec::new(),
            evals: Vec::new(),
            next: tercel_bytecode::frame::FIRST_PARAM,
            most: tercel_bytecode::frame::FIRST_PARAM,
            first_temp: tercel_bytecode::frame::FIRST_PARAM,
            initializing: None,
            scope: function.scope,
            scope_reg: tercel_bytecode::frame::ENV,
            control: Vec::new(),
            regions: Vec::new(),
            pending_labels: Vec::new(),
            completion: None,
            coroutine: None,
            chain_exit: None,
            resources: None,
            pending_name: None,
            in_params: false,
            calls_next: false,
            failed: false,
        })
    }
}
