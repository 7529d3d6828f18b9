//! Operators: unary, binary, logical; and conditions, which become jumps.

use super::{Builder, Reg};
use oxc_ast::ast::*;
use tercel_bytecode::assembler::Label;
use tercel_bytecode::op::{Dst, I16, Imm8, Slot, Src};
use tercel_bytecode::{FeedbackKind, instr};

/// The right operand of an arithmetic op.
#[derive(Clone, Copy)]
pub enum Right {
    Reg(Reg),
    Imm(i16),
}

/// Emits a jump op with the operands `a`, `target` and what else is given.
macro_rules! emit_jump {
    ($self:ident, $op:ident, $a:expr, $target:expr) => {{
        let target = $self.to($target);
        $self.emit(instr::$op { a: Src($a), target });
    }};
    ($self:ident, $op:ident, $a:expr, b $b:expr, $target:expr) => {{
        let target = $self.to($target);
        let slot = $self.slot(FeedbackKind::Compare);
        $self.emit(instr::$op { a: Src($a), b: Src($b), target, slot });
    }};
    ($self:ident, $op:ident, $a:expr, imm $imm:expr, $target:expr) => {{
        let target = $self.to($target);
        let slot = $self.slot(FeedbackKind::Compare);
        $self.emit(instr::$op { a: Src($a), imm: I16($imm), target, slot });
    }};
}

/// Emits an op of the form `dst, a, b, slot`.
macro_rules! emit_binary {
    ($self:ident, $kind:ident, $dst:expr, $a:expr, $b:expr, $($operator:ident => $op:ident),* ; $value:expr) => {{
        let slot = $self.slot(FeedbackKind::$kind);
        let (dst, a, b) = (Dst($dst), Src($a), Src($b));
        match $value {
            $(BinaryOperator::$operator => $self.emit(instr::$op { dst, a, b, slot }),)*
            _ => {}
        }
    }};
}

impl<'s, 'a> Builder<'s, 'a> {
    pub fn unary(&mut self, unary: &'s UnaryExpression<'a>, dst: Reg) {
        match unary.operator {
            UnaryOperator::Void => {
                self.effect(&unary.argument);
                self.load_undefined(dst);
            }
            UnaryOperator::Delete => self.delete(&unary.argument, unary.span.start, dst),
            UnaryOperator::Typeof => match unary.argument.without_parentheses() {
                Expression::Identifier(id) => self.typeof_name(id.name, id.span.start, dst),
                argument => {
                    let a = self.expr_in(argument, dst);
                    self.emit(instr::TypeOf { dst: Dst(dst), a: Src(a) });
                }
            },
            UnaryOperator::LogicalNot => {
                let a = self.expr_in(&unary.argument, dst);
                self.emit(instr::Not { dst: Dst(dst), a: Src(a) });
            }
            UnaryOperator::UnaryNegation => {
                if let Expression::NumericLiteral(literal) = unary.argument.without_parentheses() {
                    return self.load_number(dst, -literal.value);
                }
                let a = self.expr_in(&unary.argument, dst);
                self.at_span(unary.span);
                let (dst, a, slot) = (Dst(dst), Src(a), self.slot(FeedbackKind::Arith));
                self.emit(instr::Neg { dst, a, slot });
            }
            UnaryOperator::BitwiseNot => {
                let a = self.expr_in(&unary.argument, dst);
                self.at_span(unary.span);
                let (dst, a, slot) = (Dst(dst), Src(a), self.slot(FeedbackKind::Arith));
                self.emit(instr::BitNot { dst, a, slot });
            }
            UnaryOperator::UnaryPlus => {
                let a = self.expr_in(&unary.argument, dst);
                self.at_span(unary.span);
                let slot = self.slot(FeedbackKind::Arith);
                self.emit(instr::ToNumber { dst: Dst(dst), src: Src(a), slot });
            }
        }
    }

    /// A binary expression. Chains such as `a + b + c + …` lean to the left; they are walked with a list, not by recursion.
    pub fn binary(&mut self, e: &'s BinaryExpression<'a>, dst: Reg) {
        let mut chain = vec![e];
        let mut left = e.left.without_parentheses();
        while let Expression::BinaryExpression(inner) = left {
            chain.push(inner);
            left = inner.left.without_parentheses();
        }
        let start = self.mark_registers();
        // Intermediate results share one register.
        let between = if chain.len() > 1 { self.temp() } else { dst };
        let mut value = self.operand(left, &[&chain[chain.len() - 1].right]);
        for (i, e) in chain.into_iter().enumerate().rev() {
            let mark = self.mark_registers();
            let right = self.right_operand(e);
            self.at_span(e.span);
            let result = if i == 0 { dst } else { between };
            self.binary_op(e.operator, result, value, right);
            self.release(mark);
            value = between;
        }
        self.release(start);
    }

    fn right_operand(&mut self, e: &'s BinaryExpression<'a>) -> Right {
        match int_literal(&e.right) {
            Some(imm) if immediate_fits(e.operator, imm) => Right::Imm(imm),
            _ => Right::Reg(self.expr(&e.right)),
        }
    }

    /// `dst = a operator right`.
    pub fn binary_op(&mut self, operator: BinaryOperator, dst: Reg, a: Reg, right: Right) {
        match right {
            Right::Imm(imm) => self.immediate_op(operator, dst, a, imm),
            Right::Reg(b) => self.register_op(operator, dst, a, b),
        }
    }

    fn immediate_op(&mut self, operator: BinaryOperator, dst: Reg, a: Reg, imm: i16) {
        let slot: Slot = self.slot(FeedbackKind::Arith);
        let (dst, a, imm) = (Dst(dst), Src(a), I16(imm));
        match operator {
            BinaryOperator::Addition => self.emit(instr::AddImm { dst, a, imm, slot }),
            BinaryOperator::Subtraction => self.emit(instr::SubImm { dst, a, imm, slot }),
            BinaryOperator::Multiplication => self.emit(instr::MulImm { dst, a, imm, slot }),
            BinaryOperator::Division => self.emit(instr::DivImm { dst, a, imm, slot }),
            BinaryOperator::Remainder => self.emit(instr::ModImm { dst, a, imm, slot }),
            BinaryOperator::BitwiseAnd => self.emit(instr::BitAndImm { dst, a, imm, slot }),
            BinaryOperator::BitwiseOR => self.emit(instr::BitOrImm { dst, a, imm, slot }),
            BinaryOperator::BitwiseXOR => self.emit(instr::BitXorImm { dst, a, imm, slot }),
            BinaryOperator::ShiftLeft => self.emit(instr::ShlImm { dst, a, imm, slot }),
            BinaryOperator::ShiftRight => self.emit(instr::ShrImm { dst, a, imm, slot }),
            BinaryOperator::ShiftRightZeroFill => self.emit(instr::UShrImm { dst, a, imm, slot }),
            _ => {}
        }
    }

    fn register_op(&mut self, operator: BinaryOperator, dst: Reg, a: Reg, b: Reg) {
        match operator {
            BinaryOperator::Equality
            | BinaryOperator::Inequality
            | BinaryOperator::StrictEquality
            | BinaryOperator::StrictInequality
            | BinaryOperator::LessThan
            | BinaryOperator::LessEqualThan
            | BinaryOperator::GreaterThan
            | BinaryOperator::GreaterEqualThan => emit_binary!(self, Compare, dst, a, b,
                Equality => Eq, Inequality => NotEq, StrictEquality => StrictEq, StrictInequality => StrictNotEq,
                LessThan => Less, LessEqualThan => LessEq, GreaterThan => Greater, GreaterEqualThan => GreaterEq;
                operator),
            BinaryOperator::In => {
                let slot = self.slot(FeedbackKind::Has);
                self.emit(instr::In { dst: Dst(dst), key: Src(a), obj: Src(b), slot });
            }
            BinaryOperator::Instanceof => {
                let slot = self.slot(FeedbackKind::InstanceOf);
                self.emit(instr::InstanceOf { dst: Dst(dst), a: Src(a), b: Src(b), slot });
            }
            _ => emit_binary!(self, Arith, dst, a, b,
                Addition => Add, Subtraction => Sub, Multiplication => Mul, Division => Div, Remainder => Mod,
                Exponential => Exp, BitwiseAnd => BitAnd, BitwiseOR => BitOr, BitwiseXOR => BitXor,
                ShiftLeft => Shl, ShiftRight => Shr, ShiftRightZeroFill => UShr;
                operator),
        }
    }

    /// `a && b`, `a || b`, `a ?? b` as a value. Chains lean to the left, as in [`Self::binary`].
    pub fn logical(&mut self, e: &'s LogicalExpression<'a>, dst: Reg) {
        let mut chain = vec![e];
        let mut left = e.left.without_parentheses();
        while let Expression::LogicalExpression(inner) = left {
            chain.push(inner);
            left = inner.left.without_parentheses();
        }
        self.expr_to(left, dst);
        // While the operator stays the same, all short circuits go to one place.
        let mut end = self.label();
        let mut operator = chain[chain.len() - 1].operator;
        for e in chain.into_iter().rev() {
            if e.operator != operator {
                self.bind(end);
                end = self.label();
                operator = e.operator;
            }
            match e.operator {
                LogicalOperator::And => self.jump_if_false(dst, end),
                LogicalOperator::Or => self.jump_if_true(dst, end),
                LogicalOperator::Coalesce => emit_jump!(self, JumpIfNotNullish, dst, end),
            }
            self.expr_to(&e.right, dst);
        }
        self.bind(end);
    }

    /// Jumps to `target` if the truth value of `e` is `when`; else falls through.
    pub fn jump_if(&mut self, e: &'s Expression<'a>, target: Label, when: bool) {
        let mark = self.mark_registers();
        self.condition(e.without_parentheses(), target, when);
        self.release(mark);
    }

    fn condition(&mut self, e: &'s Expression<'a>, target: Label, when: bool) {
        match e {
            Expression::BooleanLiteral(literal) => {
                if literal.value == when {
                    self.jump(target);
                }
            }
            Expression::NumericLiteral(literal) => {
                let truth = literal.value != 0.0 && !literal.value.is_nan();
                if truth == when {
                    self.jump(target);
                }
            }
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::LogicalNot => {
                self.jump_if(&unary.argument, target, !when);
            }
            Expression::LogicalExpression(logical) if logical.operator != LogicalOperator::Coalesce => {
                self.logical_condition(logical, target, when);
            }
            Expression::BinaryExpression(binary) if is_comparison(binary.operator) => {
                self.comparison(binary, target, when);
            }
            Expression::SequenceExpression(sequence) => {
                if let Some((last, others)) = sequence.expressions.split_last() {
                    for e in others {
                        self.effect(e);
                    }
                    self.jump_if(last, target, when);
                }
            }
            e => {
                let value = self.expr(e);
                if when {
                    self.jump_if_true(value, target);
                } else {
                    self.jump_if_false(value, target);
                }
            }
        }
    }

    fn logical_condition(&mut self, e: &'s LogicalExpression<'a>, target: Label, when: bool) {
        // `a || b || c` jumps when true, `a && b && c` when false, each part to the target; the rest needs a way around.
        let direct = (e.operator == LogicalOperator::Or) == when;
        let skip = self.label();
        let mut chain = vec![&e.right];
        let mut left = e.left.without_parentheses();
        while let Expression::LogicalExpression(inner) = left
            && inner.operator == e.operator
        {
            chain.push(&inner.right);
            left = inner.left.without_parentheses();
        }
        chain.push(left);
        while let Some(part) = chain.pop() {
            let last = chain.is_empty();
            match (direct, last) {
                (true, _) | (false, true) => self.jump_if(part, target, when),
                (false, false) => self.jump_if(part, skip, !when),
            }
        }
        self.bind(skip);
    }

    /// A comparison as a jump.
    fn comparison(&mut self, e: &'s BinaryExpression<'a>, target: Label, when: bool) {
        if self.special_comparison(e, target, when) {
            return;
        }
        let a = self.operand(&e.left, &[&e.right]);
        let imm = int_literal(&e.right);
        use BinaryOperator as B;
        if let Some(imm) = imm {
            self.at_span(e.span);
            match (e.operator, when) {
                (B::Equality, true) | (B::Inequality, false) => {
                    emit_jump!(self, JumpIfEqImm, a, imm imm, target);
                }
                (B::Equality, false) | (B::Inequality, true) => {
                    emit_jump!(self, JumpIfNotEqImm, a, imm imm, target);
                }
                (B::StrictEquality, true) | (B::StrictInequality, false) => {
                    emit_jump!(self, JumpIfStrictEqImm, a, imm imm, target);
                }
                (B::StrictEquality, false) | (B::StrictInequality, true) => {
                    emit_jump!(self, JumpIfStrictNotEqImm, a, imm imm, target);
                }
                (B::LessThan, true) => emit_jump!(self, JumpIfLessImm, a, imm imm, target),
                (B::LessThan, false) => emit_jump!(self, JumpIfNotLessImm, a, imm imm, target),
                (B::LessEqualThan, true) => emit_jump!(self, JumpIfLessEqImm, a, imm imm, target),
                (B::LessEqualThan, false) => {
                    emit_jump!(self, JumpIfNotLessEqImm, a, imm imm, target);
                }
                (B::GreaterThan, true) => emit_jump!(self, JumpIfGreaterImm, a, imm imm, target),
                (B::GreaterThan, false) => {
                    emit_jump!(self, JumpIfNotGreaterImm, a, imm imm, target);
                }
                (_, true) => emit_jump!(self, JumpIfGreaterEqImm, a, imm imm, target),
                (_, false) => emit_jump!(self, JumpIfNotGreaterEqImm, a, imm imm, target),
            }
            return;
        }
        let b = self.expr(&e.right);
        self.at_span(e.span);
        match (e.operator, when) {
            (B::Equality, true) | (B::Inequality, false) => {
                emit_jump!(self, JumpIfEq, a, b b, target);
            }
            (B::Equality, false) | (B::Inequality, true) => {
                emit_jump!(self, JumpIfNotEq, a, b b, target);
            }
            (B::StrictEquality, true) | (B::StrictInequality, false) => {
                emit_jump!(self, JumpIfStrictEq, a, b b, target);
            }
            (B::StrictEquality, false) | (B::StrictInequality, true) => {
                emit_jump!(self, JumpIfStrictNotEq, a, b b, target);
            }
            (B::LessThan, true) => emit_jump!(self, JumpIfLess, a, b b, target),
            (B::LessThan, false) => emit_jump!(self, JumpIfNotLess, a, b b, target),
            (B::LessEqualThan, true) => emit_jump!(self, JumpIfLessEq, a, b b, target),
            (B::LessEqualThan, false) => emit_jump!(self, JumpIfNotLessEq, a, b b, target),
            (B::GreaterThan, true) => emit_jump!(self, JumpIfGreater, a, b b, target),
            (B::GreaterThan, false) => emit_jump!(self, JumpIfNotGreater, a, b b, target),
            (_, true) => emit_jump!(self, JumpIfGreaterEq, a, b b, target),
            (_, false) => emit_jump!(self, JumpIfNotGreaterEq, a, b b, target),
        }
    }

    /// Comparisons with null, undefined and `typeof` strings have ops of their own.
    fn special_comparison(&mut self, e: &'s BinaryExpression<'a>, target: Label, when: bool) -> bool {
        let (strict, equal) = match e.operator {
            BinaryOperator::Equality => (false, true),
            BinaryOperator::Inequality => (false, false),
            BinaryOperator::StrictEquality => (true, true),
            BinaryOperator::StrictInequality => (true, false),
            _ => return false,
        };
        let jump_when_equal = equal == when;
        let (left, right) = (e.left.without_parentheses(), e.right.without_parentheses());
        if let Some((argument, what)) = typeof_test(left, right).or_else(|| typeof_test(right, left))
            && !matches!(argument, Expression::Identifier(id) if self.typeof_is_special(id.name))
        {
            let a = self.expr(argument);
            let result = self.temp();
            self.emit(instr::TypeOfIs { what: Imm8(what), dst: Dst(result), a: Src(a) });
            if jump_when_equal {
                self.jump_if_true(result, target);
            } else {
                self.jump_if_false(result, target);
            }
            return true;
        }
        let is_null = |e: &Expression<'a>| matches!(e, Expression::NullLiteral(_));
        let undefined = |this: &Self, e: &Expression<'a>| match e {
            Expression::UnaryExpression(u) => {
                u.operator == UnaryOperator::Void && matches!(u.argument, Expression::NumericLiteral(_))
            }
            Expression::Identifier(id) => {
                id.name.as_str() == "undefined"
                    && matches!(this.cx.analysis.lookup(this.scope, id.name), crate::analysis::Found::Global)
            }
            _ => false,
        };
        let (operand, null) = if is_null(right) {
            (left, true)
        } else if undefined(self, right) {
            (left, false)
        } else if is_null(left) {
            (right, true)
        } else if undefined(self, left) {
            (right, false)
        } else {
            return false;
        };
        let a = self.expr(operand);
        match (strict, null, jump_when_equal) {
            (false, _, true) => emit_jump!(self, JumpIfNullish, a, target),
            (false, _, false) => emit_jump!(self, JumpIfNotNullish, a, target),
            (true, true, true) => emit_jump!(self, JumpIfNull, a, target),
            (true, true, false) => emit_jump!(self, JumpIfNotNull, a, target),
            (true, false, true) => emit_jump!(self, JumpIfUndefined, a, target),
            (true, false, false) => emit_jump!(self, JumpIfNotUndefined, a, target),
        }
        true
    }

    pub fn jump_if_not_nullish(&mut self, a: Reg, label: Label) {
        emit_jump!(self, JumpIfNotNullish, a, label);
    }

    /// Jumps if `a === b`.
    pub fn jump_if_same(&mut self, a: Reg, b: Reg, label: Label) {
        emit_jump!(self, JumpIfStrictEq, a, b b, label);
    }
}

/// `typeof x == "type"`: x and the number of the type in `TypeOfIs`.
fn typeof_test<'s, 'a>(left: &'s Expression<'a>, right: &'s Expression<'a>) -> Option<(&'s Expression<'a>, u8)> {
    let (Expression::UnaryExpression(unary), Expression::StringLiteral(text)) = (left, right) else {
        return None;
    };
    if unary.operator != UnaryOperator::Typeof {
        return None;
    }
    let types = ["undefined", "object", "boolean", "number", "string", "symbol", "bigint", "function"];
    let what = types.iter().position(|t| *t == text.value.as_str())?;
    Some((unary.argument.without_parentheses(), what as u8))
}

/// The value of an integer literal that fits an immediate.
pub fn int_literal(e: &Expression<'_>) -> Option<i16> {
    let value = match e.without_parentheses() {
        Expression::NumericLiteral(literal) => literal.value,
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::UnaryNegation => {
            match unary.argument.without_parentheses() {
                Expression::NumericLiteral(literal) => -literal.value,
                _ => return None,
            }
        }
        _ => return None,
    };
    let int = value as i16;
    (f64::from(int) == value && (int != 0 || value.is_sign_positive())).then_some(int)
}

/// Whether the operator has an op with this immediate.
pub fn immediate_fits(operator: BinaryOperator, imm: i16) -> bool {
    use BinaryOperator as B;
    match operator {
        B::Addition
        | B::Subtraction
        | B::Multiplication
        | B::Division
        | B::Remainder
        | B::BitwiseAnd
        | B::BitwiseOR
        | B::BitwiseXOR => true,
        B::ShiftLeft | B::ShiftRight | B::ShiftRightZeroFill => (0..32).contains(&imm),
        _ => false,
    }
}

fn is_comparison(operator: BinaryOperator) -> bool {
    use BinaryOperator as B;
    matches!(
        operator,
        B::Equality
            | B::Inequality
            | B::StrictEquality
            | B::StrictInequality
            | B::LessThan
            | B::LessEqualThan
            | B::GreaterThan
            | B::GreaterEqualThan
    )
}
