//! Declaring variables, and resolving references when scopes end.

use super::{Analysis, Declared, Finding, Function, FunctionId, Place, Scope, ScopeId, Var, internal};
use oxc_str::{Ident, IdentHashMap, IdentHashSet};
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::sync::Arc;
use tercel_bytecode::{FunctionKind, ScopeKind, ScopeTemplate, ScopeVar, VarKind};

/// A reference that is not resolved yet.
#[derive(Clone, Copy)]
pub struct Reference<'a> {
    pub name: Ident<'a>,
    /// Source offset from which on the reference can be evaluated: its own, or where the function around it is created.
    pub pos: u32,
    pub flags: u8,
}

/// The reference lies in an inner function of the scope being resolved.
pub(super) const INNER: u8 = 1;
/// It assigns.
pub(super) const WRITE: u8 = 2;
/// A `with` or a scope that eval can extend lies between.
pub(super) const DYNAMIC: u8 = 4;
/// It lies in a method of the class being resolved.
pub(super) const METHOD: u8 = 8;

/// The state of the walk.
pub struct Walker<'a> {
    pub out: Analysis<'a>,
    /// References of all open scopes, outermost first.
    pub pending: Vec<Reference<'a>>,
    /// Start of each open scope's references in `pending`.
    pub open: Vec<(ScopeId, usize)>,
    pub functions: Vec<FunctionId>,
    pub strict: bool,
    /// The first thing that makes the program invalid.
    pub error: Option<Finding>,
    /// Names that a script declares lexically at its top.
    pub global_lexical: IdentHashSet<'a>,
    /// In a class field initializer or static block: `arguments` is an error.
    pub no_arguments: bool,
    /// The text as parsed.
    pub text: &'a str,
}

/// Scopes may nest so deep; looking names up takes time proportional to the depth.
const MAX_SCOPES: usize = 10_000;

impl<'a> Walker<'a> {
    /// Keeps the first finding.
    pub fn find(&mut self, finding: Finding) {
        self.error.get_or_insert(finding);
    }

    pub fn scope_id(&self) -> ScopeId {
        self.open.last().map_or(0, |open| open.0)
    }

    pub fn scope(&mut self) -> &mut Scope<'a> {
        let id = self.scope_id();
        &mut self.out.scopes[id as usize]
    }

    pub fn function(&mut self) -> &mut Function {
        let id = self.functions.last().copied().unwrap_or(0);
        &mut self.out.functions[id as usize]
    }

    pub fn enter_scope(&mut self, place: Place) -> ScopeId {
        let id = self.out.scopes.len() as ScopeId;
        let parent = self.open.last().map(|open| open.0);
        self.out.scopes.push(Scope {
            parent,
            function: self.functions.last().copied().unwrap_or(0),
            place,
            vars: Vec::new(),
            map: IdentHashMap::default(),
            is_var_scope: matches!(place, Place::Global | Place::Module | Place::Eval | Place::Function | Place::Body),
            extensible: false,
            has_eval: false,
            heap: None,
            register: Cell::new(0),
            class_init: None,
            static_init: None,
            default_constructor: None,
        });
        self.open.push((id, self.pending.len()));
        if self.open.len() > MAX_SCOPES {
            self.find(Finding { offset: 0, message: "scopes nest too deep", too_large: true });
        }
        id
    }

    pub fn enter_function(&mut self, kind: FunctionKind, start: u32) -> FunctionId {
        let id = self.out.functions.len() as FunctionId;
        self.out.functions.push(Function {
            scope: self.out.scopes.len() as ScopeId,
            body_scope: self.out.scopes.len() as ScopeId,
            kind,
            strict: self.strict,
            generator: false,
            is_async: false,
            uses_this: false,
            uses_home: false,
            uses_new_target: false,
            has_eval: false,
            simple_params: true,
            mapped_arguments: false,
            arguments_escape: false,
            hoisted: false,
            class_element: false,
            has_await: false,
            start,
            lower_at_once: false,
        });
        self.functions.push(id);
        id
    }

    /// Declares a variable in a scope unless the name is taken; returns its index.
    pub fn declare_in(&mut self, scope: ScopeId, name: Ident<'a>, declared: Declared) -> u32 {
        let scope = &mut self.out.scopes[scope as usize];
        if let Some(&index) = scope.map.get(&name) {
            let var = &mut scope.vars[index as usize];
            if declared == Declared::Function && var.declared == Declared::Var {
                var.declared = Declared::Function;
            }
            return index;
        }
        let next = scope.vars.len() as u32;
        scope.map.insert(name, next);
        scope.vars.push(Var {
            name,
            declared,
            captured: false,
            assigned: false,
            tdz: false,
            init_end: u32::MAX,
            slot: 0,
            register: Cell::new(0),
        });
        next
    }

    pub fn declare(&mut self, name: Ident<'a>, declared: Declared) -> u32 {
        let scope = self.scope_id();
        self.declare_in(scope, name, declared)
    }

    /// A captured variable of the compiler's own in the current scope, found by index only.
    pub fn declare_hidden(&mut self, name: &'static str) -> u32 {
        let scope = self.scope();
        scope.vars.push(Var {
            name: Ident::from(name),
            declared: Declared::Internal,
            captured: true,
            assigned: false,
            tdz: false,
            init_end: 0,
            slot: 0,
            register: Cell::new(0),
        });
        scope.vars.len() as u32 - 1
    }

    /// The scope that `var` declarations here go to.
    pub fn var_scope(&self) -> ScopeId {
        let mut id = self.scope_id();
        while !self.out.scopes[id as usize].is_var_scope {
            id = self.out.scopes[id as usize].parent.unwrap_or(0);
        }
        id
    }

    /// Whether `var`s of this scope are global or belong to the caller of the eval.
    pub fn vars_are_outside(&self, scope: ScopeId) -> bool {
        match self.out.scopes[scope as usize].place {
            Place::Global => true,
            Place::Eval => !self.out.functions[0].strict,
            _ => false,
        }
    }

    pub fn declare_var(&mut self, name: Ident<'a>) {
        let scope = self.var_scope();
        if self.vars_are_outside(scope) {
            self.out.global_vars.push(name);
        } else {
            self.declare_in(scope, name, Declared::Var);
        }
    }

    /// Annex B 3.3: a sloppy function declaration in a block is also a `var`, unless that would clash.
    pub fn hoist_block_function(&mut self, name: Ident<'a>, start: u32) {
        let target = self.var_scope();
        // Nor may it replace an arguments object.
        let function = &self.out.functions[self.out.scopes[target as usize].function as usize];
        let has_arguments = !function.is_arrow() && !matches!(function.kind, FunctionKind::Script | FunctionKind::Eval);
        if has_arguments && name == "arguments" {
            return;
        }
        let mut id = self.out.scopes[self.scope_id() as usize].parent;
        while let Some(at) = id {
            let scope = &self.out.scopes[at as usize];
            if let Some(&var) = scope.map.get(&name) {
                let declared = scope.vars[var as usize].declared;
                let clash = !matches!(
                    declared,
                    Declared::Var
                        | Declared::Function
                        | Declared::CatchSimple
                        | Declared::FunctionName
                        | Declared::Arguments
                );
                if clash {
                    return;
                }
            }
            if at == target {
                break;
            }
            id = scope.parent;
        }
        // The parameters of a function whose body has its own scope.
        let place = self.out.scopes[target as usize].place;
        if place == Place::Body
            && let Some(params) = self.out.scopes[target as usize].parent
        {
            let params = &self.out.scopes[params as usize];
            let param = params.map.get(&name).map(|&v| params.vars[v as usize].declared);
            if params.place == Place::Function && param == Some(Declared::Param) {
                return;
            }
        }
        if place == Place::Global && self.global_lexical.contains(&name) {
            return;
        }
        self.out.annex_b.insert(start);
        if self.vars_are_outside(target) {
            self.out.global_annex_b.push(name);
        } else {
            self.declare_in(target, name, Declared::Var);
        }
    }

    /// Lowering may reject what stands here.
    pub fn lower_at_once(&mut self) {
        for &id in &self.functions {
            self.out.functions[id as usize].lower_at_once = true;
        }
    }

    pub fn reference(&mut self, name: Ident<'a>, pos: u32, flags: u8) {
        self.pending.push(Reference { name, pos, flags });
    }

    /// A direct eval call here: every variable around it must be findable by name.
    pub fn direct_eval(&mut self) {
        let mut at = Some(self.scope_id());
        while let Some(id) = at {
            let scope = &mut self.out.scopes[id as usize];
            if scope.has_eval {
                break;
            }
            scope.has_eval = true;
            at = scope.parent;
        }
        let target = self.var_scope();
        if !self.strict && !self.vars_are_outside(target) {
            self.out.scopes[target as usize].extensible = true;
        }
        for &id in self.functions.iter().rev() {
            let function = &mut self.out.functions[id as usize];
            function.has_eval = true;
            function.uses_this = true;
            function.uses_home = true;
            if !function.is_arrow() {
                break;
            }
        }
    }

    /// Ends the innermost scope: resolves what it binds, fixes its heap scope.
    pub fn leave_scope(&mut self) {
        let Some((id, start)) = self.open.pop() else {
            return;
        };
        let scope = &mut self.out.scopes[id as usize];
        let skip = scope.map.is_empty();
        let dynamic = scope.extensible || scope.place == Place::With;
        let is_class = scope.place == Place::Class;
        if !skip || dynamic || is_class {
            let mut keep = start;
            for i in start..self.pending.len() {
                let mut reference = self.pending[i];
                if let Some(&var) = scope.map.get(&reference.name) {
                    resolve(&mut scope.vars[var as usize], reference, scope.place);
                    continue;
                }
                if dynamic {
                    reference.flags |= DYNAMIC;
                }
                if is_class {
                    reference.flags &= !METHOD;
                }
                self.pending[keep] = reference;
                keep += 1;
            }
            self.pending.truncate(keep);
        }
        self.fix_heap(id);
    }

    /// Ends the function whose scopes have ended except its outermost one: adds what it declares implicitly, then ends that.
    pub fn leave_function(&mut self) {
        let Some(id) = self.functions.last().copied() else {
            return;
        };
        let Some(&(scope, start)) = self.open.last() else {
            return;
        };
        if self.out.has_own_this(id) {
            self.implicit_variables(id, scope, start);
        }
        self.map_arguments(id, scope);
        self.leave_scope();
        self.functions.pop();
        let function = &self.out.functions[id as usize];
        let pos = if function.hoisted { 0 } else { function.start };
        let method = if function.class_element { METHOD } else { 0 };
        for reference in &mut self.pending[start..] {
            reference.pos = pos;
            reference.flags |= INNER | method;
        }
        self.merge_pending(start);
    }

    /// `this`, `arguments` and their like, in a function that has its own.
    fn implicit_variables(&mut self, id: FunctionId, scope: ScopeId, start: usize) {
        let kind = self.out.functions[id as usize].kind;
        let has_eval = self.out.functions[id as usize].has_eval;
        let has_arguments = !matches!(
            kind,
            FunctionKind::Script | FunctionKind::Eval | FunctionKind::ClassInit | FunctionKind::StaticInit
        );
        let global = matches!(kind, FunctionKind::Script | FunctionKind::Eval);
        let mut wanted: [(&'static str, bool); 4] = [
            (internal::THIS, false),
            (internal::NEW_TARGET, false),
            (internal::HOME, false),
            (internal::CALLEE, false),
        ];
        let mut arguments = false;
        for reference in &self.pending[start..] {
            let name = reference.name.as_str();
            if name == "arguments" {
                arguments = true;
            } else if name.starts_with('%') {
                let captured = reference.flags & (INNER | DYNAMIC) != 0;
                for want in &mut wanted {
                    want.1 |= want.0 == name && captured;
                }
            }
        }
        if has_eval {
            let derived = kind == FunctionKind::DerivedConstructor;
            let methodic = !global && kind != FunctionKind::Normal;
            wanted[0].1 |= !global;
            wanted[1].1 |= !global;
            wanted[2].1 |= methodic;
            wanted[3].1 |= derived;
            arguments = true;
        }
        for (name, want) in wanted {
            if want {
                let var = self.declare_in(scope, Ident::from(name), Declared::Internal);
                self.out.scopes[scope as usize].vars[var as usize].captured = true;
            }
        }
        // `var arguments` declares nothing new.
        let name = Ident::from("arguments");
        let known = self.out.scopes[scope as usize].map.get(&name).copied();
        let declared = known.map(|index| self.out.scopes[scope as usize].vars[index as usize].declared);
        if has_arguments && (arguments && known.is_none() || declared == Some(Declared::Var)) {
            let index = self.declare_in(scope, name, Declared::Arguments);
            self.out.scopes[scope as usize].vars[index as usize].declared = Declared::Arguments;
        }
        // What is not captured is read from the frame: nothing to resolve.
        let mut keep = start;
        for i in start..self.pending.len() {
            let reference = self.pending[i];
            let own = reference.name.as_str().starts_with('%')
                && !self.out.scopes[scope as usize].map.contains_key(&reference.name);
            if !own {
                self.pending[keep] = reference;
                keep += 1;
            }
        }
        self.pending.truncate(keep);
    }

    /// Decides whether the parameters must alias the arguments object.
    fn map_arguments(&mut self, id: FunctionId, scope: ScopeId) {
        let function = &mut self.out.functions[id as usize];
        let scope = &mut self.out.scopes[scope as usize];
        let has = scope
            .map
            .get(&Ident::from("arguments"))
            .is_some_and(|&v| scope.vars[v as usize].declared == Declared::Arguments);
        if !has || function.strict || !function.simple_params {
            return;
        }
        let params = || scope.vars.iter().filter(|v| v.declared == Declared::Param);
        if params().next().is_none() {
            return;
        }
        // Reading elements of an object that nobody else sees, while no parameter changes, needs no aliases. Whether a parameter is
        // assigned shows in the references that this scope is about to resolve.
        let start = self.open.last().map_or(0, |open| open.1);
        let assigned = self.pending[start..].iter().any(|reference| {
            reference.flags & WRITE != 0
                && scope
                    .map
                    .get(&reference.name)
                    .is_some_and(|&v| scope.vars[v as usize].declared != Declared::Arguments)
        }) || params().any(|v| v.assigned);
        if function.arguments_escape || assigned || scope.has_eval {
            function.mapped_arguments = true;
            for var in &mut scope.vars {
                if var.declared == Declared::Param {
                    var.captured = true;
                }
            }
        }
    }

    /// References with the same name become one: so deep nesting stays linear.
    fn merge_pending(&mut self, start: usize) {
        if self.pending.len() - start < 16 {
            return;
        }
        let mut seen: FxHashMap<Ident<'a>, usize> = FxHashMap::default();
        let mut keep = start;
        for i in start..self.pending.len() {
            let reference = self.pending[i];
            if let Some(&at) = seen.get(&reference.name) {
                let first = &mut self.pending[at];
                first.pos = first.pos.min(reference.pos);
                // A method's reference stays one only if all are.
                let method = first.flags & reference.flags & METHOD;
                first.flags = (first.flags | reference.flags) & !METHOD | method;
                continue;
            }
            seen.insert(reference.name, keep);
            self.pending[keep] = reference;
            keep += 1;
        }
        self.pending.truncate(keep);
    }

    /// Gives the captured variables of a scope their slots.
    fn fix_heap(&mut self, id: ScopeId) {
        let origin = self.out.origin;
        let scope = &mut self.out.scopes[id as usize];
        if scope.extensible && !scope.map.contains_key(&Ident::from(internal::EVAL_VARS)) {
            scope.vars.push(Var {
                name: Ident::from(internal::EVAL_VARS),
                declared: Declared::EvalVars,
                captured: true,
                assigned: true,
                tdz: false,
                init_end: 0,
                slot: 0,
                register: Cell::new(0),
            });
        }
        if scope.has_eval {
            for var in &mut scope.vars {
                var.captured = true;
                var.tdz |= var.declared.is_lexical();
            }
        }
        let is_with = scope.place == Place::With;
        // What is initialized there is no matter of order in the source.
        let unordered = scope.place == Place::Switch || scope.has_eval;
        if !is_with && !scope.vars.iter().any(|var| var.captured) {
            return;
        }
        let mut vars = Vec::new();
        if is_with {
            vars.push(ScopeVar { name: "%with".into(), kind: VarKind::Internal, init_end: 0 });
        }
        for var in &mut scope.vars {
            if var.captured {
                var.slot = vars.len().min(usize::from(u16::MAX)) as u16;
                let init_end = match var.tdz {
                    false => 0,
                    true if unordered || var.init_end == u32::MAX => u32::MAX,
                    true => origin.to_source(var.init_end).max(1),
                };
                let kind = var.declared.var_kind(var.tdz);
                vars.push(ScopeVar { name: var.name.as_str().into(), kind, init_end });
            }
        }
        if vars.len() >= usize::from(u16::MAX) {
            self.find(Finding { offset: 0, message: "too many captured variables", too_large: true });
            return;
        }
        scope.heap = Some(Arc::new(ScopeTemplate {
            kind: match scope.place {
                Place::With => ScopeKind::With,
                Place::Module => ScopeKind::Module,
                _ if scope.is_var_scope => ScopeKind::Function,
                _ => ScopeKind::Block,
            },
            vars: vars.into(),
        }));
    }

    /// Drops duplicates from the lists of global names; functions are no `var` names.
    pub fn finish_globals(&mut self, functions: &IdentHashSet<'a>) {
        let mut seen = functions.clone();
        self.out.global_vars.retain(|name| seen.insert(*name));
        self.out.global_annex_b.retain(|name| seen.insert(*name));
    }
}

fn resolve(var: &mut Var<'_>, reference: Reference<'_>, place: Place) {
    if reference.flags & (INNER | DYNAMIC) != 0 {
        var.captured = true;
    }
    if reference.flags & WRITE != 0 {
        var.assigned = true;
    }
    let safe = match var.declared {
        Declared::ClassName => reference.flags & METHOD != 0,
        _ => place != Place::Switch && reference.pos >= var.init_end,
    };
    // Parameters have a dead zone where there are expressions among them.
    let has_zone = var.declared.is_lexical() || var.declared == Declared::Param && var.init_end != u32::MAX;
    if has_zone && !safe {
        var.tdz = true;
    }
}
