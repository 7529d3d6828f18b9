//! Assignment: plain, compound, logical, `++` and `--`.

use super::ops::{Right, int_literal};
use super::vars::Target;
use super::{Builder, Reg};
use crate::analysis::Found;
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use tercel_bytecode::op::{Dst, Imm8, Src};
use tercel_bytecode::{ErrorKind, FeedbackKind, instr};

/// What a target is evaluated for.
#[derive(Clone, Copy)]
pub enum Use<'s, 'a> {
    /// To be assigned after this expression has been evaluated.
    Before(&'s Expression<'a>),
    /// To be read, then assigned after this expression, if any, has been evaluated.
    Update(Option<&'s Expression<'a>>),
    /// To be assigned after who knows what.
    Unknown,
}

impl<'s, 'a> Builder<'s, 'a> {
    /// An assignment expression; its value goes to `dst`, if given.
    pub fn assignment(&mut self, e: &'s AssignmentExpression<'a>, dst: Option<Reg>) {
        match e.operator {
            AssignmentOperator::Assign => self.plain_assignment(e, dst),
            AssignmentOperator::LogicalAnd | AssignmentOperator::LogicalOr | AssignmentOperator::LogicalNullish => {
                self.logical_assignment(e, dst)
            }
            _ => self.compound_assignment(e, dst),
        }
    }

    fn plain_assignment(&mut self, e: &'s AssignmentExpression<'a>, dst: Option<Reg>) {
        if let Some(pattern) = e.left.as_assignment_target_pattern() {
            let value = match dst {
                Some(dst) => {
                    self.expr_to(&e.right, dst);
                    dst
                }
                None => self.operand_for_pattern(&e.right),
            };
            self.assign_pattern(pattern, value);
            return;
        }
        let Some(target) = e.left.as_simple_assignment_target() else {
            return;
        };
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(id) = target {
            let named = e.span.start == id.span.start;
            if named {
                self.name_anonymous(&e.right, id.name.as_str());
            }
            // `x = …` with `x` in a register: the value is computed right there.
            if let Some(register) = self.assign_register(id.name, id.span.start) {
                self.expr_to(&e.right, register);
                self.pending_name = None;
                if let Some(dst) = dst {
                    self.mov(dst, register);
                }
                return;
            }
        }
        let target = self.target(target, Use::Before(&e.right));
        let value = match dst {
            Some(dst) => {
                self.expr_to(&e.right, dst);
                dst
            }
            None => self.expr(&e.right),
        };
        self.pending_name = None;
        self.store(&target, value);
    }

    /// The right side of a destructuring assignment whose value nobody wants.
    fn operand_for_pattern(&mut self, e: &'s Expression<'a>) -> Reg {
        // The pattern may assign the variable that the value is in.
        match e.without_parentheses() {
            Expression::Identifier(_) => self.expr_temp(e),
            _ => self.expr(e),
        }
    }

    fn compound_assignment(&mut self, e: &'s AssignmentExpression<'a>, dst: Option<Reg>) {
        let (Some(operator), Some(target)) = (e.operator.to_binary_operator(), e.left.as_simple_assignment_target())
        else {
            return;
        };
        let right = |this: &mut Self| match int_literal(&e.right) {
            Some(imm) if super::ops::immediate_fits(operator, imm) => Right::Imm(imm),
            _ => Right::Reg(this.expr(&e.right)),
        };
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(id) = target
            && let Some(register) = self.assign_register(id.name, id.span.start)
        {
            let old = if super::expr::may_assign(&e.right) {
                let old = self.temp();
                self.mov(old, register);
                old
            } else {
                register
            };
            let right = right(self);
            self.at_span(e.span);
            self.binary_op(operator, register, old, right);
            if let Some(dst) = dst {
                self.mov(dst, register);
            }
            return;
        }
        let target = self.target(target, Use::Update(Some(&e.right)));
        let old = self.temp();
        self.load_target(&target, old);
        let right = right(self);
        self.at_span(e.span);
        let value = dst.unwrap_or(old);
        self.binary_op(operator, value, old, right);
        self.store(&target, value);
    }

    fn logical_assignment(&mut self, e: &'s AssignmentExpression<'a>, dst: Option<Reg>) {
        let Some(simple) = e.left.as_simple_assignment_target() else {
            return;
        };
        let target = self.target(simple, Use::Update(Some(&e.right)));
        if let Target::Call { pos } = target {
            self.syntax_error(pos, "invalid assignment target");
        }
        let value = match dst {
            Some(dst) => dst,
            None => self.temp(),
        };
        self.load_target(&target, value);
        let end = self.label();
        match e.operator {
            AssignmentOperator::LogicalAnd => self.jump_if_false(value, end),
            AssignmentOperator::LogicalOr => self.jump_if_true(value, end),
            _ => self.jump_if_not_nullish(value, end),
        }
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(id) = simple
            && e.span.start == id.span.start
        {
            self.name_anonymous(&e.right, id.name.as_str());
        }
        self.expr_to(&e.right, value);
        self.pending_name = None;
        self.store(&target, value);
        self.bind(end);
    }

    /// `++x`, `x++` and so on; the value goes to `dst`, if given.
    pub fn update(&mut self, e: &'s UpdateExpression<'a>, dst: Option<Reg>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(id) = &e.argument
            && let Some(register) = self.assign_register(id.name, id.span.start)
        {
            self.at_span(e.span);
            match dst {
                Some(dst) if !e.prefix => {
                    self.emit_to_numeric(dst, register);
                    self.step(e.operator, register, dst);
                }
                _ => {
                    self.step(e.operator, register, register);
                    if let Some(dst) = dst {
                        self.mov(dst, register);
                    }
                }
            }
            return;
        }
        let target = self.target(&e.argument, Use::Update(None));
        let value = self.temp();
        self.load_target(&target, value);
        self.at_span(e.span);
        if let Some(dst) = dst
            && !e.prefix
        {
            self.emit_to_numeric(dst, value);
            self.step(e.operator, value, dst);
        } else {
            self.step(e.operator, value, value);
            if let Some(dst) = dst {
                self.mov(dst, value);
            }
        }
        self.store(&target, value);
    }

    fn emit_to_numeric(&mut self, dst: Reg, src: Reg) {
        let slot = self.slot(FeedbackKind::Arith);
        self.emit(instr::ToNumeric { dst: Dst(dst), src: Src(src), slot });
    }

    fn step(&mut self, operator: UpdateOperator, dst: Reg, a: Reg) {
        let (dst, a, slot) = (Dst(dst), Src(a), self.slot(FeedbackKind::Arith));
        match operator {
            UpdateOperator::Increment => self.emit(instr::Inc { dst, a, slot }),
            UpdateOperator::Decrement => self.emit(instr::Dec { dst, a, slot }),
        }
    }

    // ---- Targets --------------------------------------------------------------------------------------------------------

    /// Evaluates an assignment target up to the point where the value is stored.
    pub fn target(&mut self, target: &'s SimpleAssignmentTarget<'a>, wanted: Use<'s, 'a>) -> Target<'a> {
        let start = target.span().start;
        // What is evaluated between the target and the store may assign variables that the target is in.
        let protect = match wanted {
            Use::Before(e) | Use::Update(Some(e)) => super::expr::may_assign(e),
            Use::Update(None) => false,
            Use::Unknown => true,
        };
        let update = matches!(wanted, Use::Update(_));
        match target {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(id) => {
                let eager = match wanted {
                    Use::Before(e) | Use::Update(Some(e)) => super::expr::may_assign_anything(e),
                    Use::Update(None) => false,
                    Use::Unknown => true,
                };
                self.name_target(id.name, id.span.start, eager)
            }
            SimpleAssignmentTarget::StaticMemberExpression(member) => {
                if matches!(member.object, Expression::Super(_)) {
                    let key = self.temp();
                    self.load_string(key, member.property.name.as_str().into());
                    return self.super_target(start, key);
                }
                if let Some(target) = self.call_target(start, &member.object, None) {
                    return target;
                }
                let obj = self.protected(&member.object, &[], protect);
                Target::Named { obj, name: self.name(member.property.name), pos: member.property.span.start }
            }
            SimpleAssignmentTarget::ComputedMemberExpression(member) => {
                if matches!(member.object, Expression::Super(_)) {
                    let key = self.super_key(member);
                    return self.super_target(start, key);
                }
                if let Some(target) = self.call_target(start, &member.object, Some(&member.expression)) {
                    return target;
                }
                let obj = self.protected(&member.object, &[&member.expression], protect);
                let pos = member.expression.span().start;
                if let Some(name) = self.constant_key(&member.expression) {
                    return Target::Named { obj, name, pos };
                }
                let key = self.protected(&member.expression, &[], protect && !update);
                let new_key = if update { self.temp() } else { key };
                Target::Elem { obj, key, new_key, pos }
            }
            SimpleAssignmentTarget::PrivateFieldExpression(member) => {
                let obj = self.protected(&member.object, &[], protect);
                let key = self.load_private_name(&member.field);
                Target::Private { obj, key, pos: member.field.span.start }
            }
            SimpleAssignmentTarget::TSAsExpression(e) => self.expression_target(&e.expression),
            SimpleAssignmentTarget::TSSatisfiesExpression(e) => self.expression_target(&e.expression),
            SimpleAssignmentTarget::TSNonNullExpression(e) => self.expression_target(&e.expression),
            SimpleAssignmentTarget::TSTypeAssertion(e) => self.expression_target(&e.expression),
        }
    }

    /// The operand, copied if it is a variable and something unknown may assign that.
    fn protected(&mut self, e: &'s Expression<'a>, later: &[&'s Expression<'a>], protect: bool) -> Reg {
        let before = self.mark_registers();
        let register = self.operand(e, later);
        let variable = register < before && matches!(e.without_parentheses(), Expression::Identifier(_));
        if protect && variable {
            let copy = self.temp();
            self.mov(copy, register);
            return copy;
        }
        register
    }

    /// A target that TypeScript syntax wraps.
    fn expression_target(&mut self, e: &'s Expression<'a>) -> Target<'a> {
        match e.get_inner_expression() {
            Expression::Identifier(id) => self.name_target(id.name, id.span.start, false),
            Expression::StaticMemberExpression(member) => {
                let obj = self.protected(&member.object, &[], true);
                Target::Named { obj, name: self.name(member.property.name), pos: member.property.span.start }
            }
            Expression::ComputedMemberExpression(member) => {
                let obj = self.protected(&member.object, &[&member.expression], true);
                let key = self.expr_temp(&member.expression);
                Target::Elem { obj, key, new_key: key, pos: member.expression.span().start }
            }
            other => {
                self.syntax_error(other.span().start, "invalid assignment target");
                Target::Call { pos: other.span().start }
            }
        }
    }

    fn super_target(&mut self, pos: u32, key: Reg) -> Target<'a> {
        let (base, this) = self.super_base(pos);
        Target::Super { base, key, this, pos }
    }

    /// A call as the target, which the parser was shown as a member expression: the call is made, then a ReferenceError thrown.
    fn call_target(
        &mut self,
        start: u32,
        callee: &'s Expression<'a>,
        argument: Option<&'s Expression<'a>>,
    ) -> Option<Target<'a>> {
        let end = *self.cx.call_targets.get(&start)?;
        if end != callee.span().end {
            return None;
        }
        if self.strict {
            self.syntax_error(start, "invalid assignment target");
        }
        let mark = self.mark_registers();
        let dst = self.temp();
        self.call_with(callee, argument, start, dst);
        self.release(mark);
        // Nothing else of the assignment is evaluated.
        self.at(start);
        self.throw_error(ErrorKind::Reference, "invalid assignment target");
        Some(Target::Call { pos: start })
    }

    /// The present value of a target.
    pub fn load_target(&mut self, target: &Target<'a>, dst: Reg) {
        match *target {
            Target::Name { name, pos, found: Found::Dynamic, base } => {
                self.at(pos);
                let name = self.name(name);
                let strict = Imm8(u8::from(self.strict));
                self.emit(instr::LoadResolved { strict, dst: Dst(dst), resolved: Src(base), name });
            }
            Target::Name { name, pos, .. } => {
                self.load_name(name, pos, Some(dst));
            }
            Target::Named { obj, name, pos } => {
                self.at(pos);
                self.get_named(dst, obj, name);
            }
            Target::Elem { obj, key, new_key, pos } => {
                self.at(pos);
                let slot = self.slot(FeedbackKind::GetElem);
                self.emit(instr::GetElemUpdate {
                    dst: Dst(dst),
                    new_key: Dst(new_key),
                    obj: Src(obj),
                    key: Src(key),
                    slot,
                });
            }
            Target::Super { base, key, this, pos } => {
                self.at(pos);
                self.emit(instr::ToPropertyKey { dst: Dst(key), src: Src(key) });
                let slot = self.slot(FeedbackKind::GetElem);
                self.emit(instr::GetSuper { dst: Dst(dst), base: Src(base), key: Src(key), this: Src(this), slot });
            }
            Target::Private { obj, key, pos } => {
                self.at(pos);
                let slot = self.slot(FeedbackKind::GetElem);
                self.emit(instr::GetPrivate { dst: Dst(dst), obj: Src(obj), key: Src(key), slot });
            }
            // Not reached.
            Target::Call { .. } => {}
        }
    }

    /// Stores to a target.
    pub fn store(&mut self, target: &Target<'a>, src: Reg) {
        match *target {
            Target::Name { name, pos, found, base } => self.store_name(name, pos, found, base, src),
            Target::Named { obj, name, pos } => {
                self.at(pos);
                self.set_named(obj, name, src);
            }
            Target::Elem { obj, new_key, pos, .. } => {
                self.at(pos);
                self.set_elem(obj, new_key, src);
            }
            Target::Super { base, key, this, pos } => {
                self.at(pos);
                let slot = self.slot(FeedbackKind::SetElem);
                let strict = Imm8(u8::from(self.strict));
                self.emit(instr::SetSuper {
                    strict,
                    base: Src(base),
                    key: Src(key),
                    this: Src(this),
                    src: Src(src),
                    slot,
                });
            }
            Target::Private { obj, key, pos } => {
                self.at(pos);
                let slot = self.slot(FeedbackKind::SetElem);
                self.emit(instr::SetPrivate { obj: Src(obj), key: Src(key), src: Src(src), slot });
            }
            Target::Call { .. } => {}
        }
    }
}
