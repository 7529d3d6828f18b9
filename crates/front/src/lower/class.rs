//! Classes (ClassDefinitionEvaluation, ECMA-262 15.7.14).
//!
//! Instance fields and private methods become one function, the class's [[ClassInit]], which constructors call on `this`; static fields
//! and blocks become another, which is called once. Private names, computed keys of fields, and private methods are variables of
//! the class's scope.

use super::literal::{Key, is_anonymous_function, numeric_name};
use super::{Builder, Reg};
use crate::analysis::{FunctionId, ScopeId};
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use rustc_hash::FxHashSet;
use tercel_bytecode::op::{Dst, DstPair, Imm8, Src};
use tercel_bytecode::{FeedbackKind, JsStr, frame, instr};

/// What a private method's or accessor's receiver must be, for the message about one that is not: it follows the private name's
/// description, behind a NUL.
fn brand(class: &Class<'_>, is_static: bool) -> String {
    let name = class.id.as_ref().map_or("anonymous", |id| id.name.as_str());
    if is_static { format!("class {name}") } else { format!("an instance of class {name}") }
}

/// The `what` operand of `DefinePrivate` and, less one, of `DefineMethod`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Field = 0,
    Method = 1,
    Getter = 2,
    Setter = 3,
}

impl What {
    fn of(kind: MethodDefinitionKind) -> What {
        match kind {
            MethodDefinitionKind::Get => What::Getter,
            MethodDefinitionKind::Set => What::Setter,
            _ => What::Method,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            What::Getter => "get ",
            What::Setter => "set ",
            _ => "",
        }
    }
}

impl<'s, 'a> Builder<'s, 'a> {
    /// A class; anonymous ones take the pending name.
    pub fn class(&mut self, class: &'s Class<'a>, dst: Reg) {
        let pending = self.pending_name.take();
        let name = match &class.id {
            Some(id) => id.name.as_str().into(),
            None => pending.unwrap_or_default(),
        };
        self.class_with(class, dst, name, None);
    }

    /// An anonymous class that is named by a property key in a register.
    pub fn class_named_by(&mut self, class: &'s Class<'a>, dst: Reg, key: Reg) {
        self.pending_name = None;
        self.class_with(class, dst, JsStr::default(), Some(key));
    }

    fn class_with(&mut self, class: &'s Class<'a>, dst: Reg, name: JsStr, key: Option<Reg>) {
        let Some(scope) = class.scope_id.get().map(|id| id.index() as u32) else {
            return;
        };
        let mark = self.mark_registers();
        let outer_strict = std::mem::replace(&mut self.strict, true);
        let entered = self.enter_scope(scope);
        self.private_names(class, scope);
        let pair = self.run(2);
        let (ctor, proto) = (pair, pair + 1);
        let heritage = self.temp();
        match &class.heritage {
            Some(parent) => self.expr_to(&parent.expression, heritage),
            None => self.emit(instr::LoadEmpty { dst: Dst(heritage) }),
        }
        let func = self.constructor(class, scope, name);
        self.at_span(class.span);
        let scope_reg = Src(self.scope_reg);
        self.emit(instr::DefineClass { dst: DstPair(pair), func, scope: scope_reg, heritage: Src(heritage) });
        if let Some(key) = key {
            self.emit(instr::SetFunctionName { prefix: Imm8(0), func: Src(ctor), key: Src(key) });
        }
        for element in &class.body.body {
            let mark = self.mark_registers();
            match element {
                ClassElement::MethodDefinition(method) if method.kind != MethodDefinitionKind::Constructor => {
                    self.class_method(method, scope, ctor, proto);
                }
                ClassElement::PropertyDefinition(field) => {
                    // The key is evaluated now, the value later.
                    if let Some(&var) = self.cx.analysis.hidden.get(&field.span.start)
                        && let Key::Value(key) = self.property_key(&field.key, field.computed)
                    {
                        self.init_var(scope, var, key);
                    }
                }
                ClassElement::AccessorProperty(accessor) => {
                    self.syntax_error(accessor.span.start, "'accessor' properties are not supported")
                }
                _ => {}
            }
            self.release(mark);
        }
        if let Some(id) = &class.id
            && let Some(&var) = self.cx.analysis.scopes[scope as usize].map.get(&id.name)
        {
            self.init_var(scope, var, ctor);
        }
        self.initializers(class, scope, ctor, proto);
        self.mov(dst, ctor);
        self.leave_scope(entered);
        self.strict = outer_strict;
        self.release(mark);
    }

    /// A new private name for each `#x` that the class declares.
    fn private_names(&mut self, class: &'s Class<'a>, scope: ScopeId) {
        let mut seen = FxHashSet::default();
        for element in &class.body.body {
            let key = match element {
                ClassElement::MethodDefinition(method) => &method.key,
                ClassElement::PropertyDefinition(field) => &field.key,
                _ => continue,
            };
            let PropertyKey::PrivateIdentifier(id) = key else {
                continue;
            };
            let name = self.cx.analysis.private_name(id);
            if !seen.insert(name) {
                continue;
            }
            if let Some(&var) = self.cx.analysis.scopes[scope as usize].map.get(&name) {
                let mark = self.mark_registers();
                let value = self.temp();
                let text = match element {
                    ClassElement::MethodDefinition(method) => {
                        let brand = brand(class, method.r#static);
                        self.string(format!("{name}\0{brand}").as_str().into())
                    }
                    _ => self.name(name),
                };
                self.emit(instr::NewPrivateName { dst: Dst(value), name: text });
                self.init_var(scope, var, value);
                self.release(mark);
            }
        }
    }

    fn constructor(&mut self, class: &'s Class<'a>, scope: ScopeId, name: JsStr) -> tercel_bytecode::op::Func {
        let spelt = class.body.body.iter().find_map(|element| match element {
            ClassElement::MethodDefinition(method) if method.kind.is_constructor() => Some(&method.value),
            _ => None,
        });
        let template = match spelt {
            Some(function) => self.lower_now(function, name, Some(class.span)),
            None => {
                let id = self.cx.analysis.scopes[scope as usize].default_constructor;
                self.default_constructor(id.unwrap_or(0), name, class.span)
            }
        };
        self.inner(template)
    }

    fn class_method(&mut self, method: &'s MethodDefinition<'a>, scope: ScopeId, ctor: Reg, proto: Reg) {
        let target = if method.r#static { ctor } else { proto };
        let what = What::of(method.kind);
        if let PropertyKey::PrivateIdentifier(id) = &method.key {
            // Static ones are added to the class later, with the other static elements.
            if let Some(&var) = self.cx.analysis.hidden.get(&method.span.start) {
                let func = self.private_method(method, id, what, target);
                self.init_var(scope, var, func);
            }
            return;
        }
        let key = self.property_key(&method.key, method.computed);
        let name = match key {
            Key::Name(name) => Some(name.to_string()),
            Key::Value(_) => numeric_name(&method.key, method.computed),
        };
        let func = self.temp();
        self.pending_name = name.as_ref().map(|name| format!("{}{name}", what.prefix()).as_str().into());
        self.method(&method.value, func);
        self.pending_name = None;
        if self.function_uses_home(&method.value) {
            self.emit(instr::SetHomeObject { func: Src(func), obj: Src(target) });
        }
        let key = self.key_register(key);
        if name.is_none() {
            self.emit(instr::SetFunctionName { prefix: Imm8(what as u8 - 1), func: Src(func), key: Src(key) });
        }
        self.at_span(method.key.span());
        self.emit(instr::DefineMethod { what: Imm8(what as u8 - 1), obj: Src(target), key: Src(key), func: Src(func) });
    }

    fn private_method(
        &mut self,
        method: &'s MethodDefinition<'a>,
        id: &PrivateIdentifier<'a>,
        what: What,
        home: Reg,
    ) -> Reg {
        let func = self.temp();
        let name = format!("{}#{}", what.prefix(), id.name);
        self.pending_name = Some(name.as_str().into());
        self.method(&method.value, func);
        self.pending_name = None;
        if self.function_uses_home(&method.value) {
            self.emit(instr::SetHomeObject { func: Src(func), obj: Src(home) });
        }
        func
    }

    /// The functions of instance and static elements; static private methods; then runs the static elements.
    fn initializers(&mut self, class: &'s Class<'a>, scope: ScopeId, ctor: Reg, proto: Reg) {
        let (class_init, static_init) = {
            let scope = &self.cx.analysis.scopes[scope as usize];
            (scope.class_init, scope.static_init)
        };
        if let Some(id) = class_init {
            let mark = self.mark_registers();
            let init = self.initializer_closure(class, scope, id, false, proto);
            self.emit(instr::SetClassInit { ctor: Src(ctor), init: Src(init) });
            self.release(mark);
        }
        for element in &class.body.body {
            let ClassElement::MethodDefinition(method) = element else {
                continue;
            };
            let PropertyKey::PrivateIdentifier(id) = &method.key else {
                continue;
            };
            if method.r#static
                && let Some(&var) = self.cx.analysis.hidden.get(&method.span.start)
            {
                let mark = self.mark_registers();
                let func = self.load_var(scope, var, u32::MAX, None);
                let key = self.load_private_name(id);
                self.at_span(method.span);
                self.define_private(What::of(method.kind), ctor, key, func);
                self.release(mark);
            }
        }
        if let Some(id) = static_init {
            let mark = self.mark_registers();
            let init = self.initializer_closure(class, scope, id, true, ctor);
            let block = self.call_block(0, Some(init));
            self.mov(block, init);
            self.mov(block + frame::THIS, ctor);
            let ignored = block;
            self.at_span(class.span);
            self.call_method(ignored, block, 0);
            self.release(mark);
        }
    }

    fn initializer_closure(
        &mut self,
        class: &'s Class<'a>,
        scope: ScopeId,
        id: FunctionId,
        is_static: bool,
        home: Reg,
    ) -> Reg {
        let template = self.lower_initializer(class, scope, id, is_static);
        let func = self.inner(template);
        let init = self.temp();
        self.closure(init, func);
        if self.cx.analysis.functions[id as usize].uses_home {
            self.emit(instr::SetHomeObject { func: Src(init), obj: Src(home) });
        }
        init
    }

    /// The body of a class's initializer: in its own builder.
    pub fn initializer_body(&mut self, class: &'s Class<'a>, scope: ScopeId, is_static: bool) {
        if !is_static {
            for element in &class.body.body {
                if let ClassElement::MethodDefinition(method) = element
                    && !method.r#static
                    && let PropertyKey::PrivateIdentifier(id) = &method.key
                    && let Some(&var) = self.cx.analysis.hidden.get(&method.span.start)
                {
                    let mark = self.mark_registers();
                    let func = self.load_var(scope, var, u32::MAX, None);
                    let key = self.load_private_name(id);
                    self.at_span(method.span);
                    self.define_private(What::of(method.kind), frame::THIS, key, func);
                    self.release(mark);
                }
            }
        }
        for element in &class.body.body {
            let mark = self.mark_registers();
            match element {
                ClassElement::PropertyDefinition(field) if field.r#static == is_static => {
                    self.field(field, scope);
                }
                ClassElement::StaticBlock(block) if is_static => {
                    let entered = block.scope_id.get().map(|id| self.enter_scope(id.index() as u32));
                    if let Some(id) = block.scope_id.get() {
                        self.clear_variables(id.index() as u32);
                    }
                    self.with_resources(&block.body, |this| this.statements(&block.body));
                    if let Some(entered) = entered {
                        self.leave_scope(entered);
                    }
                }
                _ => {}
            }
            self.release(mark);
        }
    }

    /// `var`s in registers that were used before: undefined again.
    fn clear_variables(&mut self, scope: ScopeId) {
        let scope = &self.cx.analysis.scopes[scope as usize];
        for var in &scope.vars {
            if !var.captured && !var.tdz {
                self.load_undefined(var.register.get());
            }
        }
    }

    fn field(&mut self, field: &'s PropertyDefinition<'a>, scope: ScopeId) {
        let this = frame::THIS;
        let anonymous = field.value.as_ref().is_some_and(is_anonymous_function);
        if let PropertyKey::PrivateIdentifier(id) = &field.key {
            let name = format!("#{}", id.name);
            let value = self.field_value(field, Some(&name), None);
            let key = self.load_private_name(id);
            self.at_span(field.key.span());
            return self.define_private(What::Field, this, key, value);
        }
        let key = match self.cx.analysis.hidden.get(&field.span.start) {
            Some(&var) => Key::Value(self.load_var(scope, var, u32::MAX, None)),
            None => self.property_key(&field.key, field.computed),
        };
        let name = match key {
            Key::Name(name) => Some(name.to_string()),
            Key::Value(_) => numeric_name(&field.key, field.computed),
        };
        let dynamic = match (key, &name) {
            (Key::Value(key), None) if anonymous => Some(key),
            _ => None,
        };
        let value = self.field_value(field, name.as_deref(), dynamic);
        self.at_span(field.key.span());
        match key {
            Key::Name(name) => {
                let name = self.name(name);
                self.define_named(this, name, value);
            }
            Key::Value(key) => self.define_elem(this, key, value),
        }
    }

    /// The value of a field; an anonymous function is named by `name` or by the key in the register `dynamic`.
    fn field_value(&mut self, field: &'s PropertyDefinition<'a>, name: Option<&str>, dynamic: Option<Reg>) -> Reg {
        let value = self.temp();
        let Some(e) = &field.value else {
            self.load_undefined(value);
            return value;
        };
        match (e.without_parentheses(), dynamic) {
            (Expression::ClassExpression(class), Some(key)) if class.id.is_none() => {
                self.class_named_by(class, value, key);
            }
            (_, Some(key)) => {
                self.expr_to(e, value);
                self.emit(instr::SetFunctionName { prefix: Imm8(0), func: Src(value), key: Src(key) });
            }
            (_, None) => {
                if let Some(name) = name {
                    self.name_anonymous(e, name);
                }
                self.expr_to(e, value);
                self.pending_name = None;
            }
        }
        value
    }

    fn define_private(&mut self, what: What, obj: Reg, key: Reg, src: Reg) {
        let slot = self.slot(FeedbackKind::DefineElem);
        self.emit(instr::DefinePrivate { what: Imm8(what as u8), obj: Src(obj), key: Src(key), src: Src(src), slot });
    }
}
