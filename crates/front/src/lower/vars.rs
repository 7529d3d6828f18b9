//! Variables: entering scopes, reading, writing, resolving names.

use super::{Builder, Reg};
use crate::analysis::{Declared, Found, Place, ScopeId, Var};
use oxc_str::Ident;
use std::sync::Arc;
use tercel_bytecode::op::{Const, Dst, Imm8, Scope, Slot, Src, U16};
use tercel_bytecode::{ErrorKind, FeedbackKind, ScopeChain, VarKind, frame, instr};

/// A place that a value can be stored to, resolved before the value is computed.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// A name, and where it was found.
    Name {
        name: Ident<'a>,
        pos: u32,
        found: Found,
        /// `Found::Dynamic`: the register with the resolved base. Strict globals: whether the name was there (0: not asked).
        base: Reg,
    },
    /// `obj.name`.
    Named { obj: Reg, name: Const, pos: u32 },
    /// `obj[key]`; reading it for an update leaves the converted key in `new_key`, which the store uses.
    Elem { obj: Reg, key: Reg, new_key: Reg, pos: u32 },
    /// `super[key]`.
    Super { base: Reg, key: Reg, this: Reg, pos: u32 },
    /// `obj.#key`.
    Private { obj: Reg, key: Reg, pos: u32 },
    /// `f() = …`: the call was made and the error thrown; what is stored does not matter.
    Call { pos: u32 },
}

/// What the scope state was before [`Builder::enter_scope`].
#[must_use]
pub struct Entered {
    scope: ScopeId,
    scope_reg: Reg,
    registers: Reg,
    first_temp: Reg,
}

impl<'s, 'a> Builder<'s, 'a> {
    pub fn var(&self, scope: ScopeId, var: u32) -> &'s Var<'a> {
        &self.cx.analysis.scopes[scope as usize].vars[var as usize]
    }

    /// Whether a register may be that of a variable, or of the completion value: such a register is written only with complete values.
    pub fn is_variable(&self, register: Reg) -> bool {
        let variable = register < self.first_temp && self.initializing != Some(register);
        variable || self.completion == Some(register)
    }

    /// Registers taken from now on are temporaries.
    pub fn begin_temps(&mut self) {
        self.first_temp = self.next;
    }

    /// Enters a scope: makes its heap scope, gives its other variables registers, marks dead zones.
    pub fn enter_scope(&mut self, id: ScopeId) -> Entered {
        let entered =
            Entered { scope: self.scope, scope_reg: self.scope_reg, registers: self.next, first_temp: self.first_temp };
        self.scope = id;
        self.make_heap_scope(id);
        self.place_variables(id);
        self.begin_temps();
        entered
    }

    /// Makes the heap scope of `id`, if it has one, in a register of its own.
    pub fn make_heap_scope(&mut self, id: ScopeId) {
        let scope = &self.cx.analysis.scopes[id as usize];
        if let Some(template) = &scope.heap {
            let register = self.temp();
            scope.register.set(register);
            let index = self.scope_index(template);
            let parent = self.scope_parent_reg();
            self.emit(instr::NewScope { dst: Dst(register), parent: Src(parent), scope: index });
            self.scope_reg = register;
        }
    }

    fn scope_parent_reg(&self) -> Reg {
        self.scope_reg
    }

    /// Makes a fresh heap scope for `id` in the register that it has already (each iteration of a loop).
    pub fn renew_heap_scope(&mut self, id: ScopeId, parent: Reg) {
        let scope = &self.cx.analysis.scopes[id as usize];
        if let Some(template) = &scope.heap {
            let index = self.scope_index(template);
            self.emit(instr::NewScope { dst: Dst(scope.register.get()), parent: Src(parent), scope: index });
        }
    }

    fn scope_index(&mut self, template: &Arc<tercel_bytecode::ScopeTemplate>) -> Scope {
        self.scopes.push(template.clone());
        Scope(self.scopes.len() as u32 - 1)
    }

    /// The index of a scope template that the function itself does not create (modules).
    pub fn add_scope(&mut self, template: &Arc<tercel_bytecode::ScopeTemplate>) -> u32 {
        self.scope_index(template).0
    }

    /// Gives the variables of a scope that are not captured their registers.
    pub fn place_variables(&mut self, id: ScopeId) {
        let scope = &self.cx.analysis.scopes[id as usize];
        for var in &scope.vars {
            if !var.captured && !matches!(var.declared, Declared::FunctionName) {
                let register = self.temp();
                var.register.set(register);
            }
        }
        self.mark_dead_zones(id);
    }

    /// Stores `empty` where a variable's dead zone can be seen.
    pub fn mark_dead_zones(&mut self, id: ScopeId) {
        let scope = &self.cx.analysis.scopes[id as usize];
        for var in &scope.vars {
            if !var.captured && var.tdz {
                self.emit(instr::LoadEmpty { dst: Dst(var.register.get()) });
            }
        }
    }

    /// Leaves a scope: its registers are free again.
    pub fn leave_scope(&mut self, entered: Entered) {
        self.scope = entered.scope;
        self.scope_reg = entered.scope_reg;
        self.first_temp = entered.first_temp;
        self.release(entered.registers);
    }

    /// The register and depth that reach the heap scope `target` from here.
    pub fn scope_ref(&mut self, target: ScopeId) -> (Reg, U16) {
        let scopes = &self.cx.analysis.scopes;
        if scopes[target as usize].function == self.id {
            return (scopes[target as usize].register.get(), U16(0));
        }
        let mut depth = 0usize;
        let mut at = self.function_parent();
        while let Some(id) = at {
            if id == target {
                break;
            }
            let scope = &scopes[id as usize];
            depth += usize::from(scope.heap.is_some());
            at = scope.parent;
        }
        (frame::ENV, self.depth(depth))
    }

    fn depth(&self, depth: usize) -> U16 {
        if depth > usize::from(u16::MAX) {
            self.too_large("functions nest too deep");
        }
        U16(depth as u16)
    }

    /// The scope around this function.
    pub fn function_parent(&self) -> Option<ScopeId> {
        let function = &self.cx.analysis.functions[self.id as usize];
        self.cx.analysis.scopes[function.scope as usize].parent
    }

    /// The register and depth that reach a scope around the eval code, `depth` links from the eval's own r2.
    pub fn outer_ref(&mut self, depth: u16) -> (Reg, U16) {
        let mut total = usize::from(depth);
        let mut at = self.function_parent();
        while let Some(id) = at {
            let scope = &self.cx.analysis.scopes[id as usize];
            total += usize::from(scope.heap.is_some());
            at = scope.parent;
        }
        (frame::ENV, self.depth(total))
    }

    /// The chain of scope templates that begins with the innermost heap scope here, for eval sites.
    pub fn scope_chain(&self) -> Option<Arc<ScopeChain>> {
        self.scope_chain_from(Some(self.scope))
    }

    /// The same from another scope on.
    pub fn scope_chain_from(&self, scope: Option<ScopeId>) -> Option<Arc<ScopeChain>> {
        let analysis = self.cx.analysis;
        let mut missing = Vec::new();
        let mut at = analysis.heap_scope(scope);
        let mut chain = analysis.outer.clone();
        let mut chains = self.cx.chains.borrow_mut();
        while let Some(id) = at {
            if let Some(known) = chains.get(&id) {
                chain = Some(known.clone());
                break;
            }
            missing.push(id);
            at = analysis.heap_scope(analysis.scopes[id as usize].parent);
        }
        for id in missing.into_iter().rev() {
            if let Some(template) = &analysis.scopes[id as usize].heap {
                let longer = Arc::new(ScopeChain { scope: template.clone(), parent: chain });
                chains.insert(id, longer.clone());
                chain = Some(longer);
            }
        }
        chain
    }

    // ---- Reading --------------------------------------------------------------------------------------------------------

    /// The value of a name: in `dst` if given, else in the variable's own register or a new one.
    pub fn load_name(&mut self, name: Ident<'a>, pos: u32, dst: Option<Reg>) -> Reg {
        let found = self.cx.analysis.lookup(self.scope, name);
        self.load_found(name, pos, found, dst)
    }

    pub fn load_found(&mut self, name: Ident<'a>, pos: u32, found: Found, dst: Option<Reg>) -> Reg {
        match found {
            Found::Here { scope, var } => self.load_var(scope, var, pos, dst),
            Found::Outer { depth, slot, kind, checked } => {
                let dst = dst.unwrap_or_else(|| self.temp());
                let (scope, depth) = self.outer_ref(depth);
                let kind = match kind {
                    VarKind::Import => VarKind::Import,
                    _ if checked => VarKind::Let,
                    _ => VarKind::Var,
                };
                self.load_slot(name, pos, dst, scope, depth, slot, kind);
                dst
            }
            Found::Global if name.as_str() == "undefined" => {
                let dst = dst.unwrap_or_else(|| self.temp());
                self.load_undefined(dst);
                dst
            }
            Found::Global => {
                let dst = dst.unwrap_or_else(|| self.temp());
                self.at(pos);
                let name = self.name(name);
                let slot = self.slot(FeedbackKind::GetGlobal);
                self.emit(instr::GetGlobal { dst: Dst(dst), name, slot });
                dst
            }
            Found::Dynamic => {
                let dst = dst.unwrap_or_else(|| self.temp());
                self.at(pos);
                let name = self.name(name);
                let slot = self.slot(FeedbackKind::GetGlobal);
                let scope = Src(self.scope_reg);
                self.emit(instr::LoadName { dst: Dst(dst), scope, name, slot });
                dst
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn load_slot(&mut self, name: Ident<'a>, pos: u32, dst: Reg, scope: Reg, depth: U16, slot: u16, kind: VarKind) {
        let (dst, scope, index) = (Dst(dst), Src(scope), U16(slot));
        match kind {
            VarKind::Let | VarKind::Const => {
                self.at(pos);
                let name = self.name(name);
                self.emit(instr::LoadScopedChecked { dst, scope, depth, index, name });
            }
            VarKind::Import => {
                self.at(pos);
                let name = self.name(name);
                self.emit(instr::LoadImport { dst, scope, depth, index, name });
            }
            _ => self.emit(instr::LoadScoped { dst, scope, depth, index }),
        }
    }

    /// Whether a reference at `pos` may meet the variable in its dead zone.
    fn needs_check(&self, scope: ScopeId, var: &Var<'a>, pos: u32) -> bool {
        if !var.tdz {
            return false;
        }
        let analysis = self.cx.analysis;
        let place = &analysis.scopes[scope as usize];
        if place.place == Place::Switch || place.has_eval {
            return true;
        }
        if place.function == self.id {
            return pos < var.init_end;
        }
        // In an inner function it depends on when the outermost function around the reference is created.
        let mut function = &analysis.functions[self.id as usize];
        while let Some(parent) = analysis.scopes[function.scope as usize].parent {
            let parent = &analysis.scopes[parent as usize];
            if parent.function == place.function {
                break;
            }
            function = &analysis.functions[parent.function as usize];
        }
        function.hoisted || function.start < var.init_end
    }

    /// The value of a variable.
    pub fn load_var(&mut self, scope: ScopeId, index: u32, pos: u32, dst: Option<Reg>) -> Reg {
        let var = self.var(scope, index);
        if var.captured {
            let dst = dst.unwrap_or_else(|| self.temp());
            let (reg, depth) = self.scope_ref(scope);
            let kind = match var.declared {
                Declared::Import => VarKind::Import,
                _ if self.needs_check(scope, var, pos) => VarKind::Let,
                _ => VarKind::Var,
            };
            self.load_slot(var.name, pos, dst, reg, depth, var.slot, kind);
            return dst;
        }
        let register = self.register_of(var);
        if self.needs_check(scope, var, pos) {
            self.at(pos);
            let name = self.name(var.name);
            self.emit(instr::CheckTdz { src: Src(register), name });
        }
        match dst {
            Some(dst) => {
                self.mov(dst, register);
                dst
            }
            None => register,
        }
    }

    /// The register of a variable that is not captured.
    pub fn register_of(&self, var: &Var<'a>) -> Reg {
        match var.declared {
            Declared::FunctionName => frame::CALLEE,
            _ => var.register.get(),
        }
    }

    /// `typeof name`.
    pub fn typeof_name(&mut self, name: Ident<'a>, pos: u32, dst: Reg) {
        let found = self.cx.analysis.lookup(self.scope, name);
        match found {
            Found::Global => {
                self.at(pos);
                let name = self.name(name);
                let slot = self.slot(FeedbackKind::GetGlobal);
                self.emit(instr::TypeofGlobal { dst: Dst(dst), name, slot });
            }
            Found::Dynamic => {
                self.at(pos);
                let name = self.name(name);
                let slot = self.slot(FeedbackKind::GetGlobal);
                let scope = Src(self.scope_reg);
                self.emit(instr::TypeofName { dst: Dst(dst), scope, name, slot });
            }
            _ => {
                let mark = self.mark_registers();
                let value = self.load_found(name, pos, found, None);
                self.emit(instr::TypeOf { dst: Dst(dst), a: Src(value) });
                self.release(mark);
            }
        }
    }

    /// `typeof name` needs the name op; `false` if the variable's value will do.
    pub fn typeof_is_special(&self, name: Ident<'a>) -> bool {
        matches!(self.cx.analysis.lookup(self.scope, name), Found::Global | Found::Dynamic)
    }

    // ---- Writing ----------------------------------------------------------------------------------------------------------

    /// Resolves a name as the target of an assignment. `eager`: what is evaluated before the store may change the resolution.
    pub fn name_target(&mut self, name: Ident<'a>, pos: u32, eager: bool) -> Target<'a> {
        let found = self.cx.analysis.lookup(self.scope, name);
        let base = match found {
            Found::Dynamic => {
                let base = self.temp();
                self.at(pos);
                let name = self.name(name);
                let scope = Src(self.scope_reg);
                self.emit(instr::ResolveName { dst: Dst(base), scope, name });
                base
            }
            Found::Global if eager && self.strict => {
                let base = self.temp();
                self.at(pos);
                let name = self.name(name);
                let slot = self.slot(FeedbackKind::GetGlobal);
                self.emit(instr::HasGlobal { dst: Dst(base), name, slot });
                base
            }
            _ => 0,
        };
        Target::Name { name, pos, found, base }
    }

    /// Assigns to a name that was resolved before.
    pub fn store_name(&mut self, name: Ident<'a>, pos: u32, found: Found, base: Reg, src: Reg) {
        match found {
            Found::Here { scope, var } => self.assign_var(scope, var, pos, src),
            Found::Outer { depth, slot, kind, checked } => {
                let (reg, depth) = self.outer_ref(depth);
                let kind = match kind {
                    VarKind::Const | VarKind::Import | VarKind::FunctionName => kind,
                    _ if checked => VarKind::Let,
                    _ => VarKind::Var,
                };
                self.store_slot(name, pos, src, reg, depth, slot, kind);
            }
            Found::Global => {
                self.at(pos);
                if base != 0 {
                    let there = self.label();
                    self.jump_if_true(base, there);
                    let message = format!("{name} is not defined");
                    self.throw_error(ErrorKind::Reference, &message);
                    self.bind(there);
                }
                self.set_global(name, src);
            }
            Found::Dynamic => {
                self.at(pos);
                let name = self.name(name);
                let strict = Imm8(u8::from(self.strict));
                self.emit(instr::StoreResolved { strict, resolved: Src(base), name, src: Src(src) });
            }
        }
    }

    pub fn set_global(&mut self, name: Ident<'a>, src: Reg) {
        let name = self.name(name);
        let slot = self.slot(FeedbackKind::SetGlobal);
        let strict = Imm8(u8::from(self.strict));
        self.emit(instr::SetGlobal { strict, name, src: Src(src), slot });
    }

    #[allow(clippy::too_many_arguments)]
    fn store_slot(&mut self, name: Ident<'a>, pos: u32, src: Reg, scope: Reg, depth: U16, slot: u16, kind: VarKind) {
        let (scope, index) = (Src(scope), U16(slot));
        match kind {
            VarKind::Const => {
                self.at(pos);
                let text = self.name(name);
                let mark = self.mark_registers();
                let old = self.temp();
                self.emit(instr::LoadScopedChecked { dst: Dst(old), scope, depth, index, name: text });
                self.release(mark);
                self.emit(instr::ThrowConstAssign { name: text });
            }
            VarKind::Import => {
                self.at(pos);
                let name = self.name(name);
                self.emit(instr::ThrowConstAssign { name });
            }
            VarKind::FunctionName => {
                if self.strict {
                    self.at(pos);
                    let name = self.name(name);
                    self.emit(instr::ThrowConstAssign { name });
                }
            }
            VarKind::Let => {
                self.at(pos);
                let name = self.name(name);
                self.emit(instr::StoreScopedChecked { src: Src(src), scope, depth, index, name });
            }
            _ => self.emit(instr::StoreScoped { src: Src(src), scope, depth, index }),
        }
    }

    /// Assigns to a variable: constants and dead zones throw.
    fn assign_var(&mut self, scope: ScopeId, index: u32, pos: u32, src: Reg) {
        let var = self.var(scope, index);
        let check = self.needs_check(scope, var, pos);
        if var.captured {
            let kind = match var.declared {
                Declared::Const | Declared::ClassName => VarKind::Const,
                Declared::Import => VarKind::Import,
                Declared::FunctionName => VarKind::FunctionName,
                _ if check => VarKind::Let,
                _ => VarKind::Var,
            };
            let (reg, depth) = self.scope_ref(scope);
            self.store_slot(var.name, pos, src, reg, depth, var.slot, kind);
            return;
        }
        let register = self.register_of(var);
        if check {
            self.at(pos);
            let name = self.name(var.name);
            self.emit(instr::CheckTdz { src: Src(register), name });
        }
        let throws = var.declared.is_constant() || var.declared == Declared::FunctionName && self.strict;
        if throws {
            self.at(pos);
            let name = self.name(var.name);
            self.emit(instr::ThrowConstAssign { name });
        } else if var.declared != Declared::FunctionName {
            self.mov(register, src);
        }
    }

    /// Initializes a variable: no checks.
    pub fn init_var(&mut self, scope: ScopeId, index: u32, src: Reg) {
        let var = self.var(scope, index);
        if var.captured {
            let (reg, depth) = self.scope_ref(scope);
            self.emit(instr::StoreScoped { src: Src(src), scope: Src(reg), depth, index: U16(var.slot) });
        } else {
            let register = self.register_of(var);
            self.mov(register, src);
        }
    }

    /// Initializes the variable that a declaration here declares. In the global scope of a script that is a global lexical declaration.
    pub fn init_name(&mut self, name: Ident<'a>, pos: u32, src: Reg) {
        match self.cx.analysis.lookup(self.scope, name) {
            Found::Here { scope, var } => self.init_var(scope, var, src),
            _ => {
                self.at(pos);
                let name = self.name(name);
                let slot: Slot = self.slot(FeedbackKind::SetGlobal);
                self.emit(instr::InitGlobal { name, src: Src(src), slot });
            }
        }
    }

    /// If the variable that a declaration initializes has a register of its own: that register.
    pub fn init_register(&self, name: Ident<'a>) -> Option<Reg> {
        match self.cx.analysis.lookup(self.scope, name) {
            Found::Here { scope, var } => {
                let var = self.var(scope, var);
                (!var.captured && var.declared != Declared::FunctionName).then(|| var.register.get())
            }
            _ => None,
        }
    }

    /// If assigning to the name is a plain move into a register: that register.
    pub fn assign_register(&self, name: Ident<'a>, pos: u32) -> Option<Reg> {
        match self.cx.analysis.lookup(self.scope, name) {
            Found::Here { scope, var } => {
                let v = self.var(scope, var);
                let plain = !v.captured
                    && !v.declared.is_constant()
                    && v.declared != Declared::FunctionName
                    && !self.needs_check(scope, v, pos);
                plain.then(|| v.register.get())
            }
            _ => None,
        }
    }
}
