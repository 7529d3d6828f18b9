//! Expressions: the three ways to lower one, and the dispatch by kind.
//!
//! * [`Builder::expr`]: the value in some register, perhaps a variable's own;
//! * [`Builder::expr_to`]: the value in a given register; a variable's register is written only when the value is complete;
//! * [`Builder::effect`]: no value.

use super::emit::decode_string;
use super::{Builder, Reg};
use crate::analysis::internal;
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use tercel_bytecode::op::{Const, Dst, Src};
use tercel_bytecode::{Constant, ErrorKind, FeedbackKind, frame, instr};

impl<'s, 'a> Builder<'s, 'a> {
    /// The value of `e` in a register: the variable's own if `e` is a variable in a register, else a new temporary.
    pub fn expr(&mut self, e: &'s Expression<'a>) -> Reg {
        match e.without_parentheses() {
            Expression::Identifier(id) => self.load_name(id.name, id.span.start, None),
            Expression::ThisExpression(this) => self.this(this.span.start),
            e => {
                let dst = self.temp();
                self.expr_to(e, dst);
                dst
            }
        }
    }

    /// The value of `e`, safe from assignments in the expressions `later`, which are evaluated before it is used.
    pub fn operand(&mut self, e: &'s Expression<'a>, later: &[&'s Expression<'a>]) -> Reg {
        let before = self.mark_registers();
        let register = self.expr(e);
        // A register that was there before is a variable's.
        if register < before && later.iter().any(|e| may_assign(e)) {
            let copy = self.temp();
            self.mov(copy, register);
            return copy;
        }
        register
    }

    /// The value of `e`, which is about to be used up by an op that writes `dst`: in `dst` itself rather than in a new register.
    pub fn expr_in(&mut self, e: &'s Expression<'a>, dst: Reg) -> Reg {
        let direct = matches!(e.without_parentheses(), Expression::Identifier(_) | Expression::ThisExpression(_));
        if direct || self.is_variable(dst) {
            return self.expr(e);
        }
        self.expr_to(e, dst);
        dst
    }

    /// The value of `e` in a new temporary.
    pub fn expr_temp(&mut self, e: &'s Expression<'a>) -> Reg {
        let dst = self.temp();
        self.expr_to(e, dst);
        dst
    }

    /// The value of `e` in `dst`.
    pub fn expr_to(&mut self, e: &'s Expression<'a>, dst: Reg) {
        if self.failed {
            return;
        }
        let mark = self.mark_registers();
        self.dispatch(e.without_parentheses(), dst);
        self.release(mark);
    }

    fn dispatch(&mut self, e: &'s Expression<'a>, dst: Reg) {
        // What writes `dst` before it has read everything must not do so to a variable.
        let partial = matches!(
            e,
            Expression::LogicalExpression(_)
                | Expression::ConditionalExpression(_)
                | Expression::ArrayExpression(_)
                | Expression::ObjectExpression(_)
                | Expression::ClassExpression(_)
                | Expression::ChainExpression(_)
                | Expression::TemplateLiteral(_)
                | Expression::YieldExpression(_)
                | Expression::AssignmentExpression(_)
                | Expression::UpdateExpression(_)
        );
        if partial && self.is_variable(dst) {
            let value = self.temp();
            self.dispatch(e, value);
            self.mov(dst, value);
            return;
        }
        match e {
            Expression::BooleanLiteral(literal) => self.load_bool(dst, literal.value),
            Expression::NullLiteral(_) => self.emit(instr::LoadNull { dst: Dst(dst) }),
            Expression::NumericLiteral(literal) => self.load_number(dst, literal.value),
            Expression::StringLiteral(literal) => {
                let text = decode_string(&literal.value, literal.lone_surrogates);
                self.load_string(dst, text);
            }
            Expression::BigIntLiteral(literal) => {
                let value = self.bigint(literal);
                self.load_const(dst, value);
            }
            Expression::RegExpLiteral(literal) => self.regexp(literal, dst),
            Expression::TemplateLiteral(template) => self.template_literal(template, dst),
            Expression::TaggedTemplateExpression(tagged) => self.tagged_template(tagged, dst),
            Expression::Identifier(id) => {
                self.load_name(id.name, id.span.start, Some(dst));
            }
            Expression::ThisExpression(this) => {
                let this = self.this(this.span.start);
                self.mov(dst, this);
            }
            Expression::ArrayExpression(array) => self.array_literal(array, dst),
            Expression::ObjectExpression(object) => self.object_literal(object, dst),
            Expression::FunctionExpression(function) => self.function_expression(function, dst),
            Expression::ArrowFunctionExpression(arrow) => self.arrow_function(arrow, dst),
            Expression::ClassExpression(class) => self.class(class, dst),
            Expression::AssignmentExpression(assignment) => {
                self.assignment(assignment, Some(dst));
            }
            Expression::UpdateExpression(update) => self.update(update, Some(dst)),
            Expression::UnaryExpression(unary) => self.unary(unary, dst),
            Expression::BinaryExpression(binary) => self.binary(binary, dst),
            Expression::LogicalExpression(logical) => self.logical(logical, dst),
            Expression::ConditionalExpression(conditional) => self.conditional(conditional, dst),
            Expression::SequenceExpression(sequence) => {
                if let Some((last, others)) = sequence.expressions.split_last() {
                    for e in others {
                        self.effect(e);
                    }
                    self.expr_to(last, dst);
                }
            }
            Expression::CallExpression(call) => self.call_expression(call, dst),
            Expression::NewExpression(new) => self.new_expression(new, dst),
            Expression::ChainExpression(chain) => self.chain(chain, dst),
            Expression::ComputedMemberExpression(member) => self.computed_member(member, dst),
            Expression::StaticMemberExpression(member) => self.static_member(member, dst),
            Expression::PrivateFieldExpression(member) => self.private_member(member, dst),
            Expression::PrivateInExpression(test) => {
                let key = self.load_private_name(&test.left);
                let obj = self.expr(&test.right);
                self.at_span(test.span);
                let slot = self.slot(FeedbackKind::Has);
                self.emit(instr::HasPrivate { dst: Dst(dst), obj: Src(obj), key: Src(key), slot });
            }
            Expression::AwaitExpression(await_) => {
                let value = self.expr(&await_.argument);
                self.at_span(await_.span);
                self.emit_await(dst, value);
            }
            Expression::YieldExpression(yield_) => self.yield_expression(yield_, dst),
            Expression::NewTarget(_) => {
                let value = self.load_internal(internal::NEW_TARGET, frame::NEW_TARGET);
                self.mov(dst, value);
            }
            Expression::ImportMeta(meta) => {
                self.at_span(meta.span);
                self.emit(instr::ImportMeta { dst: Dst(dst) });
            }
            Expression::ImportExpression(import) => self.import_call(import, dst),
            Expression::V8IntrinsicExpression(call) => self.runtime_call(call, dst),
            Expression::ParenthesizedExpression(inner) => self.expr_to(&inner.expression, dst),
            Expression::TSAsExpression(e) => self.expr_to(&e.expression, dst),
            Expression::TSSatisfiesExpression(e) => self.expr_to(&e.expression, dst),
            Expression::TSTypeAssertion(e) => self.expr_to(&e.expression, dst),
            Expression::TSNonNullExpression(e) => self.expr_to(&e.expression, dst),
            Expression::TSInstantiationExpression(e) => self.expr_to(&e.expression, dst),
            Expression::Super(e) => self.syntax_error(e.span.start, "'super' is not allowed here"),
            Expression::JSXElement(e) => self.syntax_error(e.span.start, "JSX is not supported"),
            Expression::JSXFragment(e) => self.syntax_error(e.span.start, "JSX is not supported"),
        }
    }

    /// Evaluates `e` for its effects.
    pub fn effect(&mut self, e: &'s Expression<'a>) {
        let mark = self.mark_registers();
        match e.without_parentheses() {
            Expression::AssignmentExpression(assignment) => {
                self.assignment(assignment, None);
            }
            Expression::UpdateExpression(update) => self.update(update, None),
            Expression::SequenceExpression(sequence) => {
                for e in &sequence.expressions {
                    self.effect(e);
                }
            }
            Expression::ConditionalExpression(conditional) => {
                let (otherwise, end) = (self.label(), self.label());
                self.jump_if(&conditional.test, otherwise, false);
                self.effect(&conditional.consequent);
                self.jump(end);
                self.bind(otherwise);
                self.effect(&conditional.alternate);
                self.bind(end);
            }
            Expression::LogicalExpression(logical) if logical.operator != LogicalOperator::Coalesce => {
                let end = self.label();
                self.jump_if(&logical.left, end, logical.operator == LogicalOperator::Or);
                self.effect(&logical.right);
                self.bind(end);
            }
            Expression::UnaryExpression(unary)
                if matches!(unary.operator, UnaryOperator::Void | UnaryOperator::LogicalNot) =>
            {
                self.effect(&unary.argument);
            }
            Expression::BooleanLiteral(_)
            | Expression::NullLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::StringLiteral(_)
            | Expression::BigIntLiteral(_)
            | Expression::FunctionExpression(_)
            | Expression::ArrowFunctionExpression(_) => {}
            e => {
                self.expr(e);
            }
        }
        self.release(mark);
    }

    /// `this`, checked in derived constructors.
    pub fn this(&mut self, pos: u32) -> Reg {
        let register = self.load_internal(internal::THIS, frame::THIS);
        if self.this_may_be_empty() {
            self.at(pos);
            self.emit(instr::CheckThis { src: Src(register) });
        }
        register
    }

    /// Whether `this` here may be that of a derived constructor before `super()`.
    pub fn this_may_be_empty(&self) -> bool {
        let analysis = self.cx.analysis;
        let mut at = Some(self.scope);
        while let Some(id) = at {
            let scope = &analysis.scopes[id as usize];
            if analysis.has_own_this(scope.function) {
                let kind = analysis.functions[scope.function as usize].kind;
                return kind == tercel_bytecode::FunctionKind::DerivedConstructor;
            }
            at = scope.parent;
        }
        self.cx.eval.is_some_and(|eval| eval.super_call)
    }

    fn bigint(&mut self, literal: &BigIntLiteral<'a>) -> Const {
        self.constant(Constant::BigInt(literal.value.as_str().into()))
    }

    fn regexp(&mut self, literal: &RegExpLiteral<'a>, dst: Reg) {
        let mut flags = String::new();
        for (flag, letter) in [
            (RegExpFlags::D, 'd'),
            (RegExpFlags::G, 'g'),
            (RegExpFlags::I, 'i'),
            (RegExpFlags::M, 'm'),
            (RegExpFlags::S, 's'),
            (RegExpFlags::U, 'u'),
            (RegExpFlags::V, 'v'),
            (RegExpFlags::Y, 'y'),
        ] {
            if literal.regex.flags.contains(flag) {
                flags.push(letter);
            }
        }
        let pattern = self.string(literal.regex.pattern.text.as_str().into());
        let flags = self.string(flags.as_str().into());
        let slot = self.slot(FeedbackKind::Literal);
        self.emit(instr::NewRegExp { dst: Dst(dst), pattern, flags, slot });
    }

    fn conditional(&mut self, e: &'s ConditionalExpression<'a>, dst: Reg) {
        let (mut test, mut consequent, mut alternate) = (&e.test, &e.consequent, &e.alternate);
        let end = self.label();
        loop {
            let otherwise = self.label();
            self.jump_if(test, otherwise, false);
            self.expr_to(consequent, dst);
            self.jump(end);
            self.bind(otherwise);
            // `a ? b : c ? d : …` without recursion.
            match alternate.without_parentheses() {
                Expression::ConditionalExpression(next) => {
                    (test, consequent, alternate) = (&next.test, &next.consequent, &next.alternate);
                }
                last => {
                    self.expr_to(last, dst);
                    break;
                }
            }
        }
        self.bind(end);
    }

    /// An optional chain: the first nullish base that an `?.` meets ends it with undefined.
    fn chain(&mut self, chain: &'s ChainExpression<'a>, dst: Reg) {
        let exit = self.label();
        let end = self.label();
        let outer = self.chain_exit.replace(exit);
        self.chain_element(&chain.expression, dst);
        self.chain_exit = outer;
        self.jump(end);
        self.bind(exit);
        self.load_undefined(dst);
        self.bind(end);
    }

    fn chain_element(&mut self, element: &'s ChainElement<'a>, dst: Reg) {
        match element {
            ChainElement::CallExpression(call) => self.call_expression(call, dst),
            ChainElement::TSNonNullExpression(e) => self.expr_to(&e.expression, dst),
            ChainElement::ComputedMemberExpression(member) => self.computed_member(member, dst),
            ChainElement::StaticMemberExpression(member) => self.static_member(member, dst),
            ChainElement::PrivateFieldExpression(member) => self.private_member(member, dst),
        }
    }

    /// If `optional`, leaves the chain when `value` is nullish.
    pub fn optional(&mut self, optional: bool, value: Reg) {
        if optional && let Some(exit) = self.chain_exit {
            self.jump_if_nullish(value, exit);
        }
    }

    fn static_member(&mut self, member: &'s StaticMemberExpression<'a>, dst: Reg) {
        if matches!(member.object, Expression::Super(_)) {
            let key = self.temp();
            self.load_string(key, member.property.name.as_str().into());
            self.super_member(member.span.start, key, dst);
            return;
        }
        let obj = self.expr_in(&member.object, dst);
        self.optional(member.optional, obj);
        let name = self.name(member.property.name);
        self.at_span(member.property.span);
        self.get_named(dst, obj, name);
    }

    fn computed_member(&mut self, member: &'s ComputedMemberExpression<'a>, dst: Reg) {
        if matches!(member.object, Expression::Super(_)) {
            let key = self.super_key(member);
            self.super_member(member.span.start, key, dst);
            return;
        }
        let obj = match may_assign(&member.expression) {
            true => self.operand(&member.object, &[&member.expression]),
            false => self.expr_in(&member.object, dst),
        };
        self.optional(member.optional, obj);
        if let Some(name) = self.constant_key(&member.expression) {
            self.at_span(member.expression.span());
            self.get_named(dst, obj, name);
            return;
        }
        let key = self.expr(&member.expression);
        self.at_span(member.expression.span());
        self.get_elem(dst, obj, key);
    }

    /// `obj["name"]` is `obj.name`, unless the string is an array index.
    pub fn constant_key(&mut self, key: &'s Expression<'a>) -> Option<Const> {
        match key.without_parentheses() {
            Expression::StringLiteral(literal) if !literal.lone_surrogates && !is_index(&literal.value) => {
                Some(self.string(literal.value.as_str().into()))
            }
            _ => None,
        }
    }

    fn private_member(&mut self, member: &'s PrivateFieldExpression<'a>, dst: Reg) {
        let obj = self.expr_in(&member.object, dst);
        self.optional(member.optional, obj);
        let key = self.load_private_name(&member.field);
        self.at_span(member.field.span);
        let slot = self.slot(FeedbackKind::GetElem);
        self.emit(instr::GetPrivate { dst: Dst(dst), obj: Src(obj), key: Src(key), slot });
    }

    /// The key of `super[key]`: `this` is looked at first.
    pub fn super_key(&mut self, member: &'s ComputedMemberExpression<'a>) -> Reg {
        if self.this_may_be_empty() {
            self.this(member.span.start);
        }
        self.expr_temp(&member.expression)
    }

    /// The base of `super.x` and its `this`.
    pub fn super_base(&mut self, pos: u32) -> (Reg, Reg) {
        let this = self.this(pos);
        let home = self.home_object();
        let base = self.temp();
        self.at(pos);
        self.emit(instr::GetSuperBase { dst: Dst(base), home: Src(home) });
        (base, this)
    }

    fn home_object(&mut self) -> Reg {
        let register = self.load_internal(internal::HOME, frame::CALLEE);
        if register == frame::CALLEE {
            let home = self.temp();
            self.emit(instr::LoadHomeObject { dst: Dst(home) });
            return home;
        }
        register
    }

    fn super_member(&mut self, pos: u32, key: Reg, dst: Reg) {
        let (base, this) = self.super_base(pos);
        let slot = self.slot(FeedbackKind::GetElem);
        self.emit(instr::GetSuper { dst: Dst(dst), base: Src(base), key: Src(key), this: Src(this), slot });
    }

    /// `delete e`.
    pub fn delete(&mut self, e: &'s Expression<'a>, pos: u32, dst: Reg) {
        match e.without_parentheses() {
            Expression::Identifier(id) => self.delete_name(id, dst),
            Expression::ChainExpression(chain) => {
                let exit = self.label();
                let end = self.label();
                let outer = self.chain_exit.replace(exit);
                match &chain.expression {
                    ChainElement::ComputedMemberExpression(m) => self.delete_computed(m, pos, dst),
                    ChainElement::StaticMemberExpression(m) => self.delete_static(m, pos, dst),
                    other => {
                        self.chain_element(other, dst);
                        self.load_bool(dst, true);
                    }
                }
                self.chain_exit = outer;
                self.jump(end);
                self.bind(exit);
                self.load_bool(dst, true);
                self.bind(end);
            }
            Expression::ComputedMemberExpression(m) => self.delete_computed(m, pos, dst),
            Expression::StaticMemberExpression(m) => self.delete_static(m, pos, dst),
            other => {
                self.effect(other);
                self.load_bool(dst, true);
            }
        }
    }

    fn delete_name(&mut self, id: &IdentifierReference<'a>, dst: Reg) {
        use crate::analysis::Found;
        match self.cx.analysis.lookup(self.scope, id.name) {
            Found::Here { .. } | Found::Outer { .. } => self.load_bool(dst, false),
            Found::Global | Found::Dynamic => {
                self.at_span(id.span);
                let name = self.name(id.name);
                let scope = Src(self.scope_reg);
                self.emit(instr::DeleteName { dst: Dst(dst), scope, name });
            }
        }
    }

    fn delete_static(&mut self, member: &'s StaticMemberExpression<'a>, pos: u32, dst: Reg) {
        if matches!(member.object, Expression::Super(_)) {
            return self.delete_super(None, pos);
        }
        let obj = self.operand(&member.object, &[]);
        self.optional(member.optional, obj);
        let name = self.name(member.property.name);
        self.at_span(member.property.span);
        let slot = self.slot(FeedbackKind::Delete);
        let strict = tercel_bytecode::op::Imm8(u8::from(self.strict));
        self.emit(instr::DeleteNamed { strict, dst: Dst(dst), obj: Src(obj), name, slot });
    }

    fn delete_computed(&mut self, member: &'s ComputedMemberExpression<'a>, pos: u32, dst: Reg) {
        if matches!(member.object, Expression::Super(_)) {
            return self.delete_super(Some(&member.expression), pos);
        }
        let obj = self.operand(&member.object, &[&member.expression]);
        self.optional(member.optional, obj);
        let key = self.expr(&member.expression);
        self.at_span(member.expression.span());
        let slot = self.slot(FeedbackKind::Delete);
        let strict = tercel_bytecode::op::Imm8(u8::from(self.strict));
        self.emit(instr::DeleteElem { strict, dst: Dst(dst), obj: Src(obj), key: Src(key), slot });
    }

    fn delete_super(&mut self, key: Option<&'s Expression<'a>>, pos: u32) {
        self.this(pos);
        if let Some(key) = key {
            self.effect(key);
        }
        self.at(pos);
        self.throw_error(ErrorKind::Reference, "cannot delete a property of super");
    }
}

/// Whether a string is an array index (so that it does not name a property of its own kind).
pub fn is_index(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty() && bytes.len() <= 10 && bytes.iter().all(u8::is_ascii_digit)
}

/// Whether evaluating `e` may assign a variable that lives in a register of this function. Looks at a few nodes only; if in doubt: yes.
pub fn may_assign(e: &Expression<'_>) -> bool {
    fn visit(e: &Expression<'_>, budget: &mut u32) -> bool {
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
        let arguments = |list: &[Argument<'_>], budget: &mut u32| {
            list.iter().any(|argument| match argument {
                Argument::SpreadElement(spread) => visit(&spread.argument, budget),
                other => other.as_expression().is_none_or(|e| visit(e, budget)),
            })
        };
        match e {
            Expression::BooleanLiteral(_)
            | Expression::NullLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::BigIntLiteral(_)
            | Expression::RegExpLiteral(_)
            | Expression::StringLiteral(_)
            | Expression::Identifier(_)
            | Expression::Super(_)
            | Expression::FunctionExpression(_)
            | Expression::ArrowFunctionExpression(_)
            | Expression::NewTarget(_)
            | Expression::ImportMeta(_)
            | Expression::ThisExpression(_) => false,
            Expression::ParenthesizedExpression(e) => visit(&e.expression, budget),
            Expression::StaticMemberExpression(e) => visit(&e.object, budget),
            Expression::PrivateFieldExpression(e) => visit(&e.object, budget),
            Expression::ComputedMemberExpression(e) => visit(&e.object, budget) || visit(&e.expression, budget),
            Expression::UnaryExpression(e) => visit(&e.argument, budget),
            Expression::BinaryExpression(e) => visit(&e.left, budget) || visit(&e.right, budget),
            Expression::LogicalExpression(e) => visit(&e.left, budget) || visit(&e.right, budget),
            Expression::ConditionalExpression(e) => {
                visit(&e.test, budget) || visit(&e.consequent, budget) || visit(&e.alternate, budget)
            }
            Expression::CallExpression(e) => visit(&e.callee, budget) || arguments(&e.arguments, budget),
            Expression::NewExpression(e) => visit(&e.callee, budget) || arguments(&e.arguments, budget),
            Expression::TemplateLiteral(e) => e.expressions.iter().any(|e| visit(e, budget)),
            _ => true,
        }
    }
    visit(e, &mut 24)
}

/// Whether evaluating `e` may run code that creates or removes global variables.
pub fn may_assign_anything(e: &Expression<'_>) -> bool {
    !matches!(
        e.without_parentheses(),
        Expression::BooleanLiteral(_)
            | Expression::NullLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::BigIntLiteral(_)
            | Expression::RegExpLiteral(_)
            | Expression::StringLiteral(_)
            | Expression::FunctionExpression(_)
            | Expression::ArrowFunctionExpression(_)
            | Expression::ThisExpression(_)
    )
}
