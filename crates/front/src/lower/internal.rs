//! The compiler's own variables: `this`, `new.target`, the home object, the running constructor, private names.

use super::{Builder, Reg};
use crate::analysis::Found;
use oxc_str::Ident;
use tercel_bytecode::op::{Dst, Src, U16};
use tercel_bytecode::{frame, instr};

impl<'s, 'a> Builder<'s, 'a> {
    /// One of `%this`, `%new.target`, `%home`, `%callee`: from the frame in the function that has it, else from the scopes.
    pub fn load_internal(&mut self, name: &'static str, own: Reg) -> Reg {
        let analysis = self.cx.analysis;
        let ident = Ident::from(name);
        let mut at = Some(self.scope);
        while let Some(id) = at {
            let scope = &analysis.scopes[id as usize];
            if let Some(&var) = scope.map.get(&ident) {
                return self.load_var(id, var, 0, None);
            }
            if scope.function == self.id && analysis.has_own_this(self.id) {
                let body = &analysis.functions[self.id as usize];
                if body.scope == id {
                    return own;
                }
            }
            at = scope.parent;
        }
        if let Some(outer) = &analysis.outer {
            for (depth, scope) in outer.iter().enumerate() {
                if let Some(slot) = scope.vars.iter().position(|var| var.name.eq_str(name)) {
                    let (reg, depth) = self.outer_ref(depth.min(usize::from(u16::MAX)) as u16);
                    let dst = self.temp();
                    self.emit(instr::LoadScoped { dst: Dst(dst), scope: Src(reg), depth, index: U16(slot as u16) });
                    return dst;
                }
            }
        }
        // The top of a module, where `this` is undefined.
        let dst = self.temp();
        self.load_undefined(dst);
        dst
    }

    /// Stores `%this` after `super()`, wherever it lives.
    pub fn store_this(&mut self, src: Reg) {
        let analysis = self.cx.analysis;
        let ident = Ident::from(crate::analysis::internal::THIS);
        let mut at = Some(self.scope);
        while let Some(id) = at {
            let scope = &analysis.scopes[id as usize];
            if let Some(&var) = scope.map.get(&ident) {
                self.init_var(id, var, src);
                // The constructor itself returns r5.
                if scope.function == self.id {
                    self.mov(frame::THIS, src);
                }
                return;
            }
            if scope.function == self.id && analysis.has_own_this(self.id) {
                let body = &analysis.functions[self.id as usize];
                if body.scope == id {
                    break;
                }
            }
            at = scope.parent;
        }
        if at.is_none()
            && let Some(outer) = &analysis.outer
        {
            for (depth, scope) in outer.iter().enumerate() {
                if let Some(slot) = scope.vars.iter().position(|var| var.name.eq_str(ident.as_str())) {
                    let (reg, depth) = self.outer_ref(depth.min(usize::from(u16::MAX)) as u16);
                    self.emit(instr::StoreScoped { src: Src(src), scope: Src(reg), depth, index: U16(slot as u16) });
                    return;
                }
            }
        }
        self.mov(frame::THIS, src);
    }

    /// The private name `#x` as a value.
    pub fn load_private_name(&mut self, id: &oxc_ast::ast::PrivateIdentifier<'a>) -> Reg {
        let name = self.cx.analysis.private_name(id);
        match self.cx.analysis.lookup(self.scope, name) {
            // Private names cannot be hidden by eval or `with`.
            Found::Dynamic | Found::Global => self.load_private_dynamic(name),
            found => self.load_found(name, id.span.start, found, None),
        }
    }

    fn load_private_dynamic(&mut self, name: Ident<'a>) -> Reg {
        let analysis = self.cx.analysis;
        let mut at = Some(self.scope);
        while let Some(id) = at {
            let scope = &analysis.scopes[id as usize];
            if let Some(&var) = scope.map.get(&name) {
                return self.load_var(id, var, u32::MAX, None);
            }
            at = scope.parent;
        }
        if let Some(outer) = &analysis.outer {
            for (depth, scope) in outer.iter().enumerate() {
                if let Some(slot) = scope.vars.iter().position(|var| var.name.eq_str(name.as_str())) {
                    let (reg, depth) = self.outer_ref(depth.min(usize::from(u16::MAX)) as u16);
                    let dst = self.temp();
                    self.emit(instr::LoadScoped { dst: Dst(dst), scope: Src(reg), depth, index: U16(slot as u16) });
                    return dst;
                }
            }
        }
        self.syntax_error(0, format!("private name {name} is not declared"));
        self.temp()
    }
}
