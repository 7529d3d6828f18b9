//! Literals: arrays, objects, templates.

use super::emit::{decode_string, number_constant};
use super::expr::is_index;
use super::{Builder, Reg};
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use oxc_str::Ident;
use rustc_hash::FxHashSet;
use tercel_bytecode::op::{Const, Count, Dst, Imm8, Run, Src, U16};
use tercel_bytecode::{Constant, FeedbackKind, JsStr, instr};

/// The most values that an object or array literal takes from registers; the rest follows one by one.
const RUN: usize = 64;

/// A property key that is known, or evaluated.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// A string that is no array index.
    Name(Ident<'a>),
    /// In a register: a number, or a property key.
    Value(Reg),
}

impl<'s, 'a> Builder<'s, 'a> {
    /// The index of a constant without a value of its own.
    pub fn singleton(&mut self, constant: Constant) -> Const {
        // Few templates have any: a search is cheap.
        let found = self.constants.iter().take(256).position(|known| *known == constant);
        match found {
            Some(index) => Const(index as u32),
            None => self.constant(constant),
        }
    }

    // ---- Arrays -------------------------------------------------------------------------------------------------------------

    pub fn new_array(&mut self, dst: Reg, capacity: usize) {
        let slot = self.slot(FeedbackKind::Literal);
        self.emit(instr::NewArray { dst: Dst(dst), capacity: U16(capacity.min(usize::from(u16::MAX)) as u16), slot });
    }

    pub fn push_into(&mut self, array: Reg, e: &'s Expression<'a>) {
        let mark = self.mark_registers();
        let value = self.expr(e);
        self.emit(instr::ArrayPush { array: Src(array), src: Src(value) });
        self.release(mark);
    }

    pub fn array_literal(&mut self, array: &'s ArrayExpression<'a>, dst: Reg) {
        if let Some(keys) = self.constant_elements(&array.elements) {
            let slot = self.slot(FeedbackKind::Literal);
            self.emit(instr::NewArrayConst { dst: Dst(dst), keys, slot });
            return;
        }
        let simple = array.elements.iter().take(RUN).take_while(|element| !element.is_spread()).count();
        if simple == 0 {
            self.new_array(dst, array.elements.len());
        } else {
            let values = self.run(simple);
            for (i, element) in array.elements.iter().take(simple).enumerate() {
                let register = values + i as Reg;
                match element.as_expression() {
                    Some(e) => self.expr_to(e, register),
                    None => self.emit(instr::LoadEmpty { dst: Dst(register) }),
                }
            }
            let slot = self.slot(FeedbackKind::Literal);
            self.emit(instr::NewArrayFrom { dst: Dst(dst), values: Run(values), count: Count(simple as u16), slot });
        }
        for element in array.elements.iter().skip(simple) {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    self.spread_into(dst, &spread.argument);
                }
                ArrayExpressionElement::Elision(_) => {
                    self.emit(instr::ArrayHole { array: Src(dst) });
                }
                other => {
                    if let Some(e) = other.as_expression() {
                        self.push_into(dst, e);
                    }
                }
            }
        }
    }

    /// If all of at least two elements are constants: their list.
    fn constant_elements(&mut self, elements: &'s [ArrayExpressionElement<'a>]) -> Option<tercel_bytecode::op::Keys> {
        let constant = |element: &ArrayExpressionElement<'a>| match element {
            ArrayExpressionElement::Elision(_) => true,
            ArrayExpressionElement::SpreadElement(_) => false,
            other => other.as_expression().is_some_and(|e| {
                matches!(
                    e,
                    Expression::NumericLiteral(_)
                        | Expression::StringLiteral(_)
                        | Expression::BooleanLiteral(_)
                        | Expression::NullLiteral(_)
                ) || number_literal(e).is_some()
            }),
        };
        if elements.len() < 2 || !elements.iter().all(constant) {
            return None;
        }
        let mut list = Vec::with_capacity(elements.len());
        for element in elements {
            let index = match element.as_expression() {
                None => self.singleton(Constant::Hole),
                Some(Expression::StringLiteral(literal)) => {
                    self.string(decode_string(&literal.value, literal.lone_surrogates))
                }
                Some(Expression::BooleanLiteral(literal)) => self.singleton(Constant::Bool(literal.value)),
                Some(Expression::NullLiteral(_)) => self.singleton(Constant::Null),
                Some(e) => self.number(number_literal(e).unwrap_or(0.0)),
            };
            list.push(index.0);
        }
        Some(self.keys(list))
    }

    // ---- Objects ------------------------------------------------------------------------------------------------------------

    pub fn object_literal(&mut self, object: &'s ObjectExpression<'a>, dst: Reg) {
        let simple = self.simple_properties(object);
        if simple.is_empty() {
            let slot = self.slot(FeedbackKind::Literal);
            self.emit(instr::NewObject { dst: Dst(dst), slot });
        } else {
            let mark = self.mark_registers();
            let values = self.run(simple.len());
            for (i, (name, value)) in simple.iter().enumerate() {
                self.name_anonymous(value, name.as_str());
                self.property_value(object, i, value, values + i as Reg);
                self.pending_name = None;
            }
            let list = simple.iter().map(|(name, _)| self.name(*name).0).collect();
            let keys = self.keys(list);
            let slot = self.slot(FeedbackKind::Literal);
            self.emit(instr::NewObjectFrom {
                dst: Dst(dst),
                values: Run(values),
                count: Count(simple.len() as u16),
                keys,
                slot,
            });
            self.release(mark);
        }
        for property in object.properties.iter().skip(simple.len()) {
            let mark = self.mark_registers();
            match property {
                ObjectPropertyKind::ObjectProperty(property) => self.property(property, dst),
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let source = self.expr(&spread.argument);
                    self.at_span(spread.span);
                    self.copy_data_properties(dst, source, dst, 0);
                }
            }
            self.release(mark);
        }
    }

    /// The leading properties whose values can be computed before the object exists.
    fn simple_properties(&self, object: &'s ObjectExpression<'a>) -> Vec<(Ident<'a>, &'s Expression<'a>)> {
        let mut list: Vec<(Ident<'a>, &'s Expression<'a>)> = Vec::new();
        let mut seen = FxHashSet::default();
        for property in object.properties.iter().take(RUN) {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                break;
            };
            let Some(name) = plain_key(&property.key, property.computed) else {
                break;
            };
            let plain = property.kind == PropertyKind::Init
                && name.as_str() != "__proto__"
                && !self.needs_home(&property.value, property.method);
            if !plain || !seen.insert(name) {
                break;
            }
            list.push((name, &property.value));
        }
        list
    }

    fn property_value(&mut self, object: &'s ObjectExpression<'a>, index: usize, value: &'s Expression<'a>, dst: Reg) {
        let method = matches!(
            &object.properties[index],
            ObjectPropertyKind::ObjectProperty(property) if property.method
        );
        match value {
            Expression::FunctionExpression(function) if method => self.method(function, dst),
            value => self.expr_to(value, dst),
        }
    }

    /// Whether a method refers to `super`, so that it must know its object.
    fn needs_home(&self, value: &Expression<'a>, method: bool) -> bool {
        match value {
            Expression::FunctionExpression(function) if method => self.function_uses_home(function),
            _ => false,
        }
    }

    fn property(&mut self, property: &'s ObjectProperty<'a>, dst: Reg) {
        let name = plain_key(&property.key, property.computed);
        if let Some(name) = name
            && name.as_str() == "__proto__"
            && property.kind == PropertyKind::Init
            && !property.shorthand
            && !property.method
        {
            let value = self.expr(&property.value);
            self.emit(instr::SetProto { obj: Src(dst), value: Src(value) });
            return;
        }
        let key = self.property_key(&property.key, property.computed);
        let accessor = match property.kind {
            PropertyKind::Init => None,
            PropertyKind::Get => Some((1, "get ")),
            PropertyKind::Set => Some((2, "set ")),
        };
        let is_method = property.method || accessor.is_some();
        let prefix = accessor.map_or("", |a| a.1);
        let is_anonymous = is_method || is_anonymous_function(&property.value);
        let static_name = match key {
            Key::Name(name) => Some(format!("{prefix}{name}")),
            Key::Value(_) => numeric_name(&property.key, property.computed).map(|name| format!("{prefix}{name}")),
        };
        if is_anonymous && let Some(name) = &static_name {
            self.pending_name = Some(name.as_str().into());
        }
        let value = self.temp();
        match &property.value {
            Expression::FunctionExpression(function) if is_method => {
                self.method(function, value);
                if self.function_uses_home(function) {
                    self.emit(instr::SetHomeObject { func: Src(value), obj: Src(dst) });
                }
            }
            // A class is named before its static elements run.
            Expression::ClassExpression(class) if is_anonymous && static_name.is_none() => {
                if let Key::Value(key) = key {
                    self.class_named_by(class, value, key);
                }
            }
            e => self.expr_to(e, value),
        }
        self.pending_name = None;
        let is_class = matches!(property.value, Expression::ClassExpression(_));
        if is_anonymous
            && static_name.is_none()
            && !is_class
            && let Key::Value(key) = key
        {
            self.emit(instr::SetFunctionName {
                prefix: Imm8(accessor.map_or(0, |a| a.0)),
                func: Src(value),
                key: Src(key),
            });
        }
        self.at_span(property.key.span());
        match (accessor, key) {
            (Some((what, _)), key) => {
                let key = self.key_register(key);
                self.emit(instr::DefineMethod { what: Imm8(what + 4), obj: Src(dst), key: Src(key), func: Src(value) });
            }
            (None, Key::Name(name)) => {
                let name = self.name(name);
                self.define_named(dst, name, value);
            }
            (None, Key::Value(key)) => self.define_elem(dst, key, value),
        }
    }

    /// Evaluates a property key.
    pub fn property_key(&mut self, key: &'s PropertyKey<'a>, computed: bool) -> Key<'a> {
        if let Some(name) = plain_key(key, computed) {
            return Key::Name(name);
        }
        let register = self.temp();
        match key {
            PropertyKey::StringLiteral(literal) => {
                let text = decode_string(&literal.value, literal.lone_surrogates);
                self.load_string(register, text);
            }
            PropertyKey::NumericLiteral(literal) => self.load_number(register, literal.value),
            PropertyKey::BigIntLiteral(literal) if !computed => {
                self.load_string(register, literal.value.as_str().into());
            }
            other => {
                if let Some(e) = other.as_expression() {
                    self.expr_to(e, register);
                    self.at_span(e.span());
                    self.emit(instr::ToPropertyKey { dst: Dst(register), src: Src(register) });
                }
            }
        }
        Key::Value(register)
    }

    /// The key in a register.
    pub fn key_register(&mut self, key: Key<'a>) -> Reg {
        match key {
            Key::Value(register) => register,
            Key::Name(name) => {
                let register = self.temp();
                self.load_string(register, name.as_str().into());
                register
            }
        }
    }

    /// If `e` is an anonymous function or class, it gets this name when it is lowered, which must come next.
    pub fn name_anonymous(&mut self, e: &Expression<'a>, name: &str) {
        if is_anonymous_function(e) {
            self.pending_name = Some(name.into());
        }
    }

    // ---- Templates ----------------------------------------------------------------------------------------------------------

    pub fn template_literal(&mut self, template: &'s TemplateLiteral<'a>, dst: Reg) {
        let mut parts: Vec<Part<'s, 'a>> = Vec::new();
        for (i, quasi) in template.quasis.iter().enumerate() {
            let cooked = quasi.value.cooked.as_ref().map_or("", |text| text.as_str());
            if !cooked.is_empty() {
                parts.push(Part::Text(decode_string(cooked, quasi.lone_surrogates)));
            }
            if let Some(e) = template.expressions.get(i) {
                parts.push(Part::Value(e));
            }
        }
        if parts.is_empty() {
            return self.load_string(dst, JsStr::default());
        }
        if parts.len() == 1 {
            return self.template_part(&parts[0], dst);
        }
        // Long templates are joined in pieces, the first register holding what is there so far.
        let values = self.run(parts.len().min(RUN));
        let mut filled = 0;
        for part in &parts {
            if filled == RUN {
                self.concat(values, values, filled);
                filled = 1;
            }
            self.template_part(part, values + filled as Reg);
            filled += 1;
        }
        self.concat(dst, values, filled);
    }

    fn template_part(&mut self, part: &Part<'s, 'a>, dst: Reg) {
        match part {
            Part::Text(text) => self.load_string(dst, text.clone()),
            Part::Value(e) => {
                self.expr_to(e, dst);
                self.at_span(e.span());
                self.emit(instr::ToString { dst: Dst(dst), src: Src(dst) });
            }
        }
    }

    fn concat(&mut self, dst: Reg, values: Reg, count: usize) {
        self.emit(instr::Concat { dst: Dst(dst), values: Run(values), count: Count(count as u16) });
    }
}

enum Part<'s, 'a> {
    Text(JsStr),
    Value(&'s Expression<'a>),
}

fn number_literal(e: &Expression<'_>) -> Option<f64> {
    match e {
        Expression::NumericLiteral(literal) => Some(literal.value),
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::UnaryNegation => match &unary.argument {
            Expression::NumericLiteral(literal) => Some(-literal.value),
            _ => None,
        },
        _ => None,
    }
}

/// The name of a key that is a known string and no array index.
pub fn plain_key<'a>(key: &PropertyKey<'a>, computed: bool) -> Option<Ident<'a>> {
    match key {
        PropertyKey::StaticIdentifier(id) => Some(id.name),
        PropertyKey::StringLiteral(literal) if !literal.lone_surrogates && !is_index(&literal.value) && !computed => {
            Some(Ident::from(literal.value.as_str()))
        }
        _ => None,
    }
}

/// The function name that a numeric or index key gives.
pub fn numeric_name(key: &PropertyKey<'_>, computed: bool) -> Option<String> {
    match key {
        PropertyKey::StringLiteral(literal) if !computed && !literal.lone_surrogates => Some(literal.value.to_string()),
        PropertyKey::NumericLiteral(literal) => match number_constant(literal.value) {
            Constant::Int(value) => Some(value.to_string()),
            _ => None,
        },
        PropertyKey::BigIntLiteral(literal) => Some(literal.value.to_string()),
        _ => None,
    }
}

/// IsAnonymousFunctionDefinition.
pub fn is_anonymous_function(e: &Expression<'_>) -> bool {
    match e.without_parentheses() {
        Expression::FunctionExpression(function) => function.id.is_none(),
        Expression::ArrowFunctionExpression(_) => true,
        Expression::ClassExpression(class) => class.id.is_none(),
        _ => false,
    }
}
