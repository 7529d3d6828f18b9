//! Functions and classes: their scopes, and the order in which their parts are walked.

use super::declare::Walker;
use super::{Declared, Place, ScopeId};
use oxc_ast::ast::*;
use oxc_ast_visit::Visit;
use oxc_str::Ident;
use oxc_syntax::scope::ScopeId as NodeScopeId;
use std::cell::Cell;
use tercel_bytecode::FunctionKind;

impl<'a> Walker<'a> {
    pub(super) fn mark(cell: &Cell<Option<NodeScopeId>>, id: Option<ScopeId>) {
        cell.set(id.map(|id| NodeScopeId::from_usize(id as usize)));
    }

    /// A function: `kind` says which; the body may be missing in TypeScript.
    pub(super) fn walk_function(
        &mut self,
        node: FunctionParts<'_, 'a>,
        kind: FunctionKind,
        class_element: bool,
        own_name: Option<Ident<'a>>,
    ) {
        let outer_strict = self.strict;
        let outer_no_arguments = self.no_arguments;
        if kind != FunctionKind::Arrow {
            self.no_arguments = false;
        }
        self.strict |= node.directives.iter().any(|directive| directive.directive.as_str() == "use strict");
        self.enter_function(kind, node.span.start);
        let params_scope = self.enter_scope(Place::Function);
        Self::mark(node.scope, Some(params_scope));
        {
            let strict = self.strict;
            let function = self.function();
            function.strict = strict;
            function.generator = node.generator;
            function.is_async = node.is_async;
            function.hoisted = node.hoisted;
            function.class_element = class_element;
            function.simple_params = node.params.rest.is_none()
                && node
                    .params
                    .items
                    .iter()
                    .all(|param| param.initializer.is_none() && param.pattern.is_binding_identifier());
        }
        let expressions =
            node.params.items.iter().any(|param| param.initializer.is_some() || pattern_has_expression(&param.pattern))
                || node.params.rest.as_ref().is_some_and(|rest| pattern_has_expression(&rest.rest.argument));
        for param in &node.params.items {
            for id in param.pattern.get_binding_identifiers() {
                self.declare(id.name, Declared::Param);
            }
        }
        if let Some(rest) = &node.params.rest {
            for id in rest.rest.argument.get_binding_identifiers() {
                self.declare(id.name, Declared::Param);
            }
        }
        if expressions {
            self.end_param_zones(node.params);
            for param in &node.params.items {
                self.visit_binding_pattern(&param.pattern);
                if let Some(initializer) = &param.initializer {
                    self.visit_expression(initializer);
                }
            }
            if let Some(rest) = &node.params.rest {
                self.visit_binding_pattern(&rest.rest.argument);
            }
            let body_scope = self.enter_scope(Place::Body);
            self.function().body_scope = body_scope;
            // The body's `var`s go to a scope of their own: not where an eval in the parameters puts its own.
        }
        match node.body {
            Body::Statements(statements) => {
                self.declare_top(statements, None);
                self.visit_statements_of(statements);
            }
            Body::Expression(expression) => self.visit_expression(expression),
        }
        if expressions {
            let arguments = Ident::from("arguments");
            let is_var = self.scope().map.contains_key(&arguments);
            self.leave_scope();
            // A `var arguments` of the body starts with the arguments object.
            if is_var {
                self.reference(arguments, node.span.start, 0);
            }
        }
        if let Some(name) = own_name {
            self.declare(name, Declared::FunctionName);
        }
        self.leave_function();
        self.strict = outer_strict;
        self.no_arguments = outer_no_arguments;
    }

    /// Notes where each parameter is initialized: defaults may refer to earlier ones only.
    pub(super) fn end_param_zones(&mut self, params: &FormalParameters<'a>) {
        let rest = params.rest.iter().map(|rest| (&rest.rest.argument, rest.span.end));
        let items = params.items.iter().map(|param| (&param.pattern, param.span.end));
        for (pattern, end) in items.chain(rest) {
            for id in pattern.get_binding_identifiers() {
                let scope = self.scope();
                if let Some(&var) = scope.map.get(&id.name) {
                    scope.vars[var as usize].init_end = end;
                }
            }
        }
    }

    pub fn walk_plain_function(
        &mut self,
        it: &Function<'a>,
        kind: FunctionKind,
        class_element: bool,
        own_name: Option<Ident<'a>>,
    ) {
        let Some(body) = &it.body else { return };
        let parts = FunctionParts {
            span: it.span,
            scope: &it.scope_id,
            params: &it.params,
            directives: &body.directives,
            body: Body::Statements(&body.statements),
            generator: it.generator,
            is_async: it.r#async,
            hoisted: it.r#type == FunctionType::FunctionDeclaration,
        };
        self.walk_function(parts, kind, class_element, own_name);
    }

    pub(super) fn walk_class_elements(&mut self, class: &Class<'a>) {
        let has_constructor = class
            .body
            .body
            .iter()
            .any(|element| matches!(element, ClassElement::MethodDefinition(m) if m.kind.is_constructor()));
        if !has_constructor {
            let kind = match class.heritage {
                Some(_) => FunctionKind::DerivedConstructor,
                None => FunctionKind::ClassConstructor,
            };
            let id = self.enter_function(kind, class.span.start);
            self.enter_scope(Place::Function);
            self.leave_function();
            self.scope().default_constructor = Some(id);
        }
        // First what is evaluated while the class is defined: methods and computed keys.
        let (mut instance, mut statics) = (false, false);
        for element in &class.body.body {
            match element {
                ClassElement::MethodDefinition(method) => {
                    if method.computed {
                        self.visit_property_key(&method.key);
                    }
                    let kind = match method.kind {
                        MethodDefinitionKind::Constructor if class.heritage.is_some() => {
                            FunctionKind::DerivedConstructor
                        }
                        MethodDefinitionKind::Constructor => FunctionKind::ClassConstructor,
                        MethodDefinitionKind::Method => FunctionKind::Method,
                        MethodDefinitionKind::Get => FunctionKind::Getter,
                        MethodDefinitionKind::Set => FunctionKind::Setter,
                    };
                    let span = match method.r#static {
                        true => self.after_static(method.span),
                        false => method.span,
                    };
                    self.out.method_spans.insert(method.value.span.start, span);
                    self.walk_plain_function(&method.value, kind, true, None);
                    if method.key.is_private_identifier() {
                        instance |= !method.r#static;
                        let var = self.declare_hidden("%method");
                        self.out.hidden.insert(method.span.start, var);
                    }
                }
                ClassElement::PropertyDefinition(field) => {
                    if field.computed {
                        self.visit_property_key(&field.key);
                        if static_key(&field.key).is_none() {
                            let var = self.declare_hidden("%key");
                            self.out.hidden.insert(field.span.start, var);
                        }
                    }
                    if field.r#static {
                        statics = true;
                    } else {
                        instance = true;
                    }
                }
                ClassElement::StaticBlock(_) => statics = true,
                ClassElement::AccessorProperty(_) => self.lower_at_once(),
                _ => {}
            }
        }
        let no_arguments = std::mem::replace(&mut self.no_arguments, true);
        if instance {
            let id = self.enter_initializer(FunctionKind::ClassInit, class.span.start);
            for element in &class.body.body {
                if let ClassElement::PropertyDefinition(field) = element
                    && !field.r#static
                    && let Some(value) = &field.value
                {
                    self.visit_expression(value);
                }
            }
            self.leave_function();
            self.scope().class_init = Some(id);
        }
        if statics {
            let id = self.enter_initializer(FunctionKind::StaticInit, class.span.start);
            for element in &class.body.body {
                match element {
                    ClassElement::PropertyDefinition(field) if field.r#static => {
                        if let Some(value) = &field.value {
                            self.visit_expression(value);
                        }
                    }
                    ClassElement::StaticBlock(block) => {
                        let scope = self.enter_scope(Place::Body);
                        Self::mark(&block.scope_id, Some(scope));
                        self.declare_top(&block.body, None);
                        self.visit_statements_of(&block.body);
                        self.leave_scope();
                    }
                    _ => {}
                }
            }
            self.leave_function();
            self.scope().static_init = Some(id);
        }
        self.no_arguments = no_arguments;
    }

    /// The source range of a method without its `static`.
    pub(super) fn after_static(&self, span: oxc_span::Span) -> oxc_span::Span {
        let text = &self.text[span.start as usize..span.end as usize];
        let mut rest = text.strip_prefix("static").unwrap_or(text);
        loop {
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
            let end = match trimmed.get(..2) {
                Some("//") => trimmed.find(['\n', '\r', '\u{2028}', '\u{2029}']),
                Some("/*") => trimmed.find("*/").map(|at| at + 2),
                _ => None,
            };
            match end {
                Some(end) => rest = &trimmed[end..],
                None => {
                    let start = span.end - trimmed.len() as u32;
                    return oxc_span::Span::new(start, span.end);
                }
            }
        }
    }

    pub(super) fn enter_initializer(&mut self, kind: FunctionKind, start: u32) -> u32 {
        let id = self.enter_function(kind, start);
        self.enter_scope(Place::Function);
        let function = self.function();
        function.class_element = true;
        function.uses_this = true;
        id
    }
}

/// What functions and arrow functions have in common.
pub(super) struct FunctionParts<'s, 'a> {
    pub span: oxc_span::Span,
    pub scope: &'s Cell<Option<NodeScopeId>>,
    pub params: &'s FormalParameters<'a>,
    pub directives: &'s [Directive<'a>],
    pub body: Body<'s, 'a>,
    pub generator: bool,
    pub is_async: bool,
    pub hoisted: bool,
}

pub(super) enum Body<'s, 'a> {
    Statements(&'s [Statement<'a>]),
    Expression(&'s Expression<'a>),
}

/// Whether evaluating a binding pattern evaluates expressions: defaults or computed keys.
pub fn pattern_has_expression(pattern: &BindingPattern<'_>) -> bool {
    match pattern {
        BindingPattern::BindingIdentifier(_) => false,
        BindingPattern::AssignmentPattern(_) => true,
        BindingPattern::ObjectPattern(object) => {
            object.properties.iter().any(|p| p.computed || pattern_has_expression(&p.value))
                || object.rest.as_ref().is_some_and(|r| pattern_has_expression(&r.argument))
        }
        BindingPattern::ArrayPattern(array) => {
            array.elements.iter().flatten().any(pattern_has_expression)
                || array.rest.as_ref().is_some_and(|r| pattern_has_expression(&r.argument))
        }
    }
}

/// The constant name of a property key, if it has one that needs no evaluation and is a string.
pub fn static_key<'a>(key: &PropertyKey<'a>) -> Option<&'a str> {
    match key {
        PropertyKey::StaticIdentifier(id) => Some(id.name.as_str()),
        PropertyKey::StringLiteral(literal) if !literal.lone_surrogates => Some(literal.value.as_str()),
        _ => None,
    }
}
