//! Scope analysis: which variables there are, which of them closures capture, and where `this`, `arguments` and direct eval occur.
//!
//! One walk over the syntax tree ([`walk`]) declares variables and collects references; when a scope ends, the references that it binds are
//! resolved and the others go on to its parent. So everything is known about a scope when it ends, and lowering, which comes
//! afterwards, only looks names up. The walk stores the index of each scope in the `scope_id` cell of the scope's node.
//!
//! A variable is **captured**, and then lives in a heap scope, if an inner function refers to it, if a direct eval could, or if a reference to it lies
//! inside a `with` statement. All others live in registers. A scope without captured variables does not exist at run time.
//!
//! `this`, `new.target`, the home object and the callee are variables too (`%this`, …), declared in the nearest function that is not an
//! arrow function when an arrow function or an eval refers to them.

mod declare;
mod functions;
mod hoist;
mod walk;

#[cfg(test)]
mod tests;

use oxc_allocator::Allocator;
use oxc_ast::ast::PrivateIdentifier;
use oxc_span::Span;
use oxc_str::{Ident, IdentHashMap};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::Cell;
use std::sync::Arc;
use tercel_bytecode::{FunctionKind, ScopeChain, ScopeKind, ScopeTemplate, VarKind};

pub use hoist::{declared_lexical_names, function_declaration, is_constant_declaration};
pub use walk::{analyse, analyse_deferred, is_direct_eval};

/// Index of a [`Scope`].
pub type ScopeId = u32;
/// Index of a [`Function`].
pub type FunctionId = u32;

/// Names of the compiler's own variables.
pub mod internal {
    /// `this`.
    pub const THIS: &str = "%this";
    /// `new.target`.
    pub const NEW_TARGET: &str = "%new.target";
    /// The home object of `super.x`.
    pub const HOME: &str = "%home";
    /// The running constructor, whose parent `super()` calls.
    pub const CALLEE: &str = "%callee";
    /// The object of variables that eval added.
    pub const EVAL_VARS: &str = "%eval";
}

/// What makes a program invalid.
#[derive(Clone, Copy, Debug)]
pub struct Finding {
    /// Byte offset in the text as parsed.
    pub offset: u32,
    /// What is wrong.
    pub message: &'static str,
    /// A limit is exceeded (a RangeError); else a SyntaxError.
    pub too_large: bool,
}

/// The result of the analysis.
pub struct Analysis<'a> {
    /// The arena of the syntax tree.
    pub allocator: &'a Allocator,
    /// All scopes; parents come before their children.
    pub scopes: Vec<Scope<'a>>,
    /// All functions; number 0 is the script, module or eval code.
    pub functions: Vec<Function>,
    /// `var` names of scripts and sloppy evals in order.
    pub global_vars: Vec<Ident<'a>>,
    /// Names that Annex B 3.3 makes global `var`s.
    pub global_annex_b: Vec<Ident<'a>>,
    /// Function declarations in blocks (by start offset) whose evaluation also assigns the `var` of the same name.
    pub annex_b: FxHashSet<u32>,
    /// Scopes of function declarations that are the body of an `if` (by start offset of the function).
    pub if_functions: FxHashMap<u32, ScopeId>,
    /// Class elements (by start offset) with a hidden variable of the class scope: computed field keys and private methods.
    pub hidden: FxHashMap<u32, u32>,
    /// Source ranges of methods (by start offset of their function node, which begins at the parameters).
    pub method_spans: FxHashMap<u32, Span>,
    /// For eval code and functions that are analysed alone: the scopes around it.
    pub outer: Option<Arc<ScopeChain>>,
    /// For functions that are analysed alone: to which functions those belong.
    pub around: Box<[Around]>,
    /// Where the text as parsed stands in the source.
    pub origin: Origin,
    /// It is that of one function, apart from its source.
    pub is_of_function: bool,
}

/// A function around one that is analysed alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Around {
    /// How many heap scopes of it are around.
    pub scopes: u32,
    /// The source offset from which on the function inside of it may be created.
    pub created: u32,
}

/// Where a text that is parsed comes from.
#[derive(Clone, Copy, Default, Debug)]
pub struct Origin {
    /// Length of what was put before it.
    pub prefix: u32,
    /// Where it begins in the source.
    pub base: u32,
}

impl Origin {
    /// The source offset of an offset in the text as parsed.
    pub fn to_source(self, offset: u32) -> u32 {
        offset.saturating_sub(self.prefix).saturating_add(self.base)
    }
}

/// What a scope is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The top of a script: variables are global, not here.
    Global,
    /// The top of a module.
    Module,
    /// The top of eval code.
    Eval,
    /// A function: parameters, and its variables unless the body has a scope of its own.
    Function,
    /// A function's body, if the parameters contain expressions; or a static block.
    Body,
    /// A block.
    Block,
    /// A `for` statement's head.
    For,
    /// A `switch`: its declarations may be jumped over.
    Switch,
    /// A catch clause's parameter.
    Catch,
    /// A `with` statement.
    With,
    /// A class.
    Class,
}

/// A scope.
pub struct Scope<'a> {
    /// The scope around it.
    pub parent: Option<ScopeId>,
    /// The function that it belongs to.
    pub function: FunctionId,
    /// What it is of.
    pub place: Place,
    /// Its variables in order of declaration.
    pub vars: Vec<Var<'a>>,
    /// Name → index in `vars`; the compiler's nameless ones are left out.
    pub map: IdentHashMap<'a, u32>,
    /// `var` declarations go here.
    pub is_var_scope: bool,
    /// Sloppy direct eval may add variables here.
    pub extensible: bool,
    /// Contains a direct eval, at any depth.
    pub has_eval: bool,
    /// The heap scope, if there is one.
    pub heap: Option<Arc<ScopeTemplate>>,
    /// The register of the heap scope in the function that makes it; set by lowering.
    pub register: Cell<u16>,
    /// Class scopes: the functions of instance and static elements.
    pub class_init: Option<FunctionId>,
    /// See `class_init`.
    pub static_init: Option<FunctionId>,
    /// Class scopes: the constructor that the source does not spell out.
    pub default_constructor: Option<FunctionId>,
}

/// How a variable was declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Declared {
    /// `var`.
    Var,
    /// A parameter.
    Param,
    /// A function declaration at the top of a function (assigned at entry).
    Function,
    /// A function declaration in a block: let-like, assigned at the block's entry.
    BlockFunction,
    /// `let`.
    Let,
    /// A class declaration.
    Class,
    /// `const` or `using`.
    Const,
    /// The inner name of a class.
    ClassName,
    /// A simple catch parameter `catch (e)`.
    CatchSimple,
    /// A catch parameter in a pattern.
    CatchPattern,
    /// The name of a function expression.
    FunctionName,
    /// The implicit `arguments`.
    Arguments,
    /// An import.
    Import,
    /// The compiler's own.
    Internal,
    /// The variables that eval adds.
    EvalVars,
}

impl Declared {
    /// Has a temporal dead zone.
    pub fn is_lexical(self) -> bool {
        matches!(self, Declared::Let | Declared::Class | Declared::Const | Declared::ClassName)
    }

    /// Cannot be assigned.
    pub fn is_constant(self) -> bool {
        matches!(self, Declared::Const | Declared::ClassName | Declared::Import)
    }

    fn var_kind(self, tdz: bool) -> VarKind {
        match self {
            // A parameter that an earlier default may refer to.
            Declared::Param if tdz => VarKind::Let,
            Declared::Let | Declared::Class => VarKind::Let,
            Declared::Const | Declared::ClassName => VarKind::Const,
            Declared::FunctionName => VarKind::FunctionName,
            Declared::Import => VarKind::Import,
            Declared::Internal => VarKind::Internal,
            Declared::EvalVars => VarKind::EvalVars,
            _ => VarKind::Var,
        }
    }
}

/// A variable.
pub struct Var<'a> {
    /// Its name.
    pub name: Ident<'a>,
    /// How it was declared.
    pub declared: Declared,
    /// Lives in the heap scope.
    pub captured: bool,
    /// Is assigned after its initialization (`var` initializers count).
    pub assigned: bool,
    /// Some reference may come before the initialization: needs `empty` and checks.
    pub tdz: bool,
    /// Source offset from which on it is initialized, in straight-line code.
    pub init_end: u32,
    /// The slot in the heap scope, if captured.
    pub slot: u16,
    /// The register, if not captured; set by lowering.
    pub register: Cell<u16>,
}

/// A function, or what runs like one.
pub struct Function {
    /// The scope of its parameters.
    pub scope: ScopeId,
    /// The scope of its body's variables: `scope`, or one of its own.
    pub body_scope: ScopeId,
    /// What it is.
    pub kind: FunctionKind,
    /// Strict code.
    pub strict: bool,
    /// Generator.
    pub generator: bool,
    /// Async.
    pub is_async: bool,
    /// Refers to `this`, itself or through arrow functions and evals.
    pub uses_this: bool,
    /// Refers to `super.x`, likewise.
    pub uses_home: bool,
    /// Refers to `new.target` or calls `super`, likewise.
    pub uses_new_target: bool,
    /// Contains a direct eval outside inner functions that are not arrow functions.
    pub has_eval: bool,
    /// All parameters are plain identifiers.
    pub simple_params: bool,
    /// `arguments` and the parameters alias each other.
    pub mapped_arguments: bool,
    /// Some use of `arguments` is other than `arguments[i]` or `arguments.length` being read.
    pub arguments_escape: bool,
    /// Hoisted: may run before anything around it.
    pub hoisted: bool,
    /// A method or initializer of a class.
    pub class_element: bool,
    /// Contains `await` at its own level (modules: top-level await).
    pub has_await: bool,
    /// Start offset.
    pub start: u32,
    /// It, or a function in it, has what lowering may reject: it is lowered with the source.
    pub lower_at_once: bool,
}

impl Function {
    /// Has no `this` of its own.
    pub fn is_arrow(&self) -> bool {
        matches!(self.kind, FunctionKind::Arrow)
    }
}

/// Where a name was found at compile time.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// In a scope of this compilation.
    Here {
        /// The scope.
        scope: ScopeId,
        /// The variable.
        var: u32,
    },
    /// In a scope around the eval code: so many links from the eval's r2, that slot, of that kind.
    Outer {
        /// Parent links from r2.
        depth: u16,
        /// The slot.
        slot: u16,
        /// The variable's kind.
        kind: VarKind,
        /// May be in its dead zone.
        checked: bool,
    },
    /// Global.
    Global,
    /// Only at run time.
    Dynamic,
}

impl<'a> Analysis<'a> {
    /// Looks a name up from a scope outwards.
    pub fn lookup(&self, from: ScopeId, name: Ident<'a>) -> Found {
        let mut at = Some(from);
        let mut dynamic = false;
        while let Some(id) = at {
            let scope = &self.scopes[id as usize];
            if !scope.map.is_empty()
                && let Some(&var) = scope.map.get(&name)
            {
                // Eval may add a variable that hides the function's own name.
                let hidden = scope.extensible && scope.vars[var as usize].declared == Declared::FunctionName;
                if dynamic || hidden {
                    return Found::Dynamic;
                }
                return Found::Here { scope: id, var };
            }
            dynamic |= scope.extensible || scope.place == Place::With;
            at = scope.parent;
        }
        let Some(outer) = &self.outer else {
            return if dynamic { Found::Dynamic } else { Found::Global };
        };
        self.lookup_outer(outer, name.as_str(), dynamic)
    }

    /// Whether a function has a `this` (and what goes with it) of its own: from its frame.
    pub fn has_own_this(&self, id: FunctionId) -> bool {
        match self.functions[id as usize].kind {
            FunctionKind::Arrow | FunctionKind::Module => false,
            FunctionKind::Eval => !self.outer.as_ref().is_some_and(|outer| {
                outer.iter().any(|scope| {
                    scope.kind == ScopeKind::Module || scope.vars.iter().any(|var| var.name.eq_str(internal::THIS))
                })
            }),
            _ => true,
        }
    }

    /// The name of the variable that holds a private name: with its `#`, as no other variable's name begins.
    pub fn private_name(&self, id: &PrivateIdentifier<'a>) -> Ident<'a> {
        Ident::from_str_in(&format!("#{}", id.name), &self.allocator)
    }

    fn lookup_outer(&self, outer: &Arc<ScopeChain>, name: &str, mut dynamic: bool) -> Found {
        for (depth, scope) in outer.iter().enumerate() {
            let mut extensible = false;
            for (slot, var) in scope.vars.iter().enumerate() {
                extensible |= var.kind == VarKind::EvalVars;
                if var.name.eq_str(name) && scope.kind != ScopeKind::With {
                    let hidden =
                        var.kind == VarKind::FunctionName && scope.vars.iter().any(|v| v.kind == VarKind::EvalVars);
                    return match u16::try_from(depth) {
                        Ok(short) if !dynamic && !hidden => {
                            let checked = var.init_end > self.created_within(depth);
                            Found::Outer { depth: short, slot: slot as u16, kind: var.kind, checked }
                        }
                        _ => Found::Dynamic,
                    };
                }
            }
            dynamic |= extensible || scope.kind == ScopeKind::With;
        }
        if dynamic { Found::Dynamic } else { Found::Global }
    }

    /// Where the function is created that is inside of the one to which an outer scope belongs.
    fn created_within(&self, depth: usize) -> u32 {
        let mut left = depth;
        for around in &self.around {
            match left.checked_sub(around.scopes as usize) {
                Some(rest) => left = rest,
                None => return around.created,
            }
        }
        0
    }

    /// The nearest scope from `from` outwards that exists at run time, within this compilation.
    pub fn heap_scope(&self, from: Option<ScopeId>) -> Option<ScopeId> {
        let mut at = from;
        while let Some(id) = at {
            let scope = &self.scopes[id as usize];
            if scope.heap.is_some() {
                return Some(id);
            }
            at = scope.parent;
        }
        None
    }
}
