//! Declarations at the entry of scopes: what statement lists declare, before they are walked.

use super::declare::Walker;
use super::{Declared, Finding, ScopeId};
use oxc_ast::ast::*;
use oxc_str::{Ident, IdentHashSet};

/// The function declaration that a statement is, through labels.
pub fn function_declaration<'s, 'a>(mut statement: &'s Statement<'a>) -> Option<&'s Function<'a>> {
    loop {
        match statement {
            Statement::FunctionDeclaration(function) => return Some(function),
            Statement::LabeledStatement(labeled) => statement = &labeled.body,
            _ => return None,
        }
    }
}

/// The names that a statement at the top of a script declares lexically.
pub fn declared_lexical_names<'a>(statement: &Statement<'a>) -> Vec<Ident<'a>> {
    match statement {
        Statement::VariableDeclaration(declaration) if !declaration.kind.is_var() => declaration
            .declarations
            .iter()
            .flat_map(|declarator| declarator.id.get_binding_identifiers())
            .map(|id| id.name)
            .collect(),
        Statement::ClassDeclaration(class) => class.id.iter().map(|id| id.name).collect(),
        _ => Vec::new(),
    }
}

/// Whether what a statement declares is constant.
pub fn is_constant_declaration(statement: &Statement<'_>) -> bool {
    matches!(
        statement,
        Statement::VariableDeclaration(declaration)
            if !matches!(declaration.kind, VariableDeclarationKind::Var | VariableDeclarationKind::Let)
    )
}

fn is_plain(function: &Function<'_>) -> bool {
    !function.generator && !function.r#async
}
impl<'a> Walker<'a> {
    /// The lexical declarations of a statement list, except functions.
    pub(super) fn declare_lexical(&mut self, statement: &Statement<'a>) {
        match statement {
            Statement::VariableDeclaration(declaration) => self.declare_let_const(declaration),
            Statement::ClassDeclaration(class) => {
                if let Some(id) = &class.id {
                    let var = self.declare(id.name, Declared::Class);
                    self.scope().vars[var as usize].init_end = class.span.end;
                }
            }
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::VariableDeclaration(declaration) => {
                    self.declare_let_const(declaration);
                }
                Declaration::ClassDeclaration(class) => {
                    if let Some(id) = &class.id {
                        let var = self.declare(id.name, Declared::Class);
                        self.scope().vars[var as usize].init_end = class.span.end;
                    }
                }
                _ => {}
            },
            Statement::ExportDefaultDeclaration(export) => {
                if let ExportDefaultDeclarationKind::ClassDeclaration(class) = &export.declaration
                    && let Some(id) = &class.id
                {
                    let var = self.declare(id.name, Declared::Class);
                    self.scope().vars[var as usize].init_end = class.span.end;
                }
            }
            _ => {}
        }
    }

    pub(super) fn declare_let_const(&mut self, declaration: &VariableDeclaration<'a>) {
        let declared = match declaration.kind {
            VariableDeclarationKind::Var => return,
            VariableDeclarationKind::Let => Declared::Let,
            _ => Declared::Const,
        };
        for declarator in &declaration.declarations {
            for id in declarator.id.get_binding_identifiers() {
                self.declare(id.name, declared);
            }
        }
    }

    /// The declarations of a function body or module: functions are like `var`s.
    pub(super) fn declare_top(&mut self, statements: &[Statement<'a>], mut names: Option<&mut IdentHashSet<'a>>) {
        for statement in statements {
            self.declare_lexical(statement);
            let function = match statement {
                Statement::ExportDeclaration(export) => match &export.declaration {
                    Declaration::FunctionDeclaration(function) => Some(&**function),
                    _ => None,
                },
                Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => Some(&**function),
                    _ => None,
                },
                _ => function_declaration(statement),
            };
            if let Some(id) = function.and_then(|function| function.id.as_ref()) {
                let var = self.declare(id.name, Declared::Function);
                // A parameter of the same name is overwritten.
                self.scope().vars[var as usize].assigned = true;
                if let Some(names) = &mut names {
                    names.insert(id.name);
                }
            }
        }
    }

    /// Eval code: its lexical declarations are its own; functions too if it is strict.
    pub(super) fn declare_eval(&mut self, statements: &[Statement<'a>], names: Option<&mut IdentHashSet<'a>>) {
        for statement in statements {
            if let Statement::VariableDeclaration(declaration) = statement
                && declaration.kind.is_using()
            {
                self.find(Finding {
                    offset: declaration.span.start,
                    message: "'using' is not allowed at the top of eval code",
                    too_large: false,
                });
            }
        }
        let Some(names) = names else {
            return self.declare_top(statements, None);
        };
        for statement in statements {
            self.declare_lexical(statement);
        }
        self.global_functions(statements, names);
    }

    pub(super) fn global_functions(&mut self, statements: &[Statement<'a>], names: &mut IdentHashSet<'a>) {
        for statement in statements {
            if let Some(id) = function_declaration(statement).and_then(|f| f.id.as_ref()) {
                names.insert(id.name);
            }
        }
    }

    /// Imports, and everything exported: it lives in the module's scope, where other modules find it.
    pub(super) fn declare_module_bindings(&mut self, statements: &[Statement<'a>]) {
        let scope = self.scope_id();
        for statement in statements {
            if let Statement::ImportDeclaration(import) = statement {
                for specifier in import.specifiers.iter().flatten() {
                    let var = self.declare(specifier.local().name, Declared::Import);
                    self.capture(scope, var);
                }
            }
        }
        for statement in statements {
            match statement {
                Statement::ExportNamedDeclaration(export) => {
                    for specifier in &export.specifiers {
                        if let Some(name) = specifier.local.identifier_name() {
                            self.capture_name(name);
                        }
                    }
                }
                Statement::ExportDeclaration(export) => match &export.declaration {
                    Declaration::VariableDeclaration(declaration) => {
                        for declarator in &declaration.declarations {
                            for id in declarator.id.get_binding_identifiers() {
                                self.capture_name(id.name);
                            }
                        }
                    }
                    Declaration::FunctionDeclaration(function) => {
                        if let Some(id) = &function.id {
                            self.capture_name(id.name);
                        }
                    }
                    Declaration::ClassDeclaration(class) => {
                        if let Some(id) = &class.id {
                            self.capture_name(id.name);
                        }
                    }
                    _ => {}
                },
                Statement::ExportDefaultDeclaration(export) => {
                    let id = match &export.declaration {
                        ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.id.as_ref(),
                        ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
                        _ => None,
                    };
                    match id {
                        Some(id) => self.capture_name(id.name),
                        None => {
                            let hoisted =
                                matches!(export.declaration, ExportDefaultDeclarationKind::FunctionDeclaration(_));
                            let declared = if hoisted { Declared::Function } else { Declared::Let };
                            let var = self.declare(Ident::from("*default*"), declared);
                            self.capture(scope, var);
                        }
                    }
                }
                _ => {
                    if let Some(id) = function_declaration(statement).and_then(|f| f.id.as_ref()) {
                        self.capture_name(id.name);
                    }
                }
            }
        }
    }

    pub(super) fn capture(&mut self, scope: ScopeId, var: u32) {
        self.out.scopes[scope as usize].vars[var as usize].captured = true;
    }

    /// Marks the module's variable `name` as captured; a `var` that is not declared yet is declared now.
    pub(super) fn capture_name(&mut self, name: Ident<'a>) {
        let scope = self.scope_id();
        let var = self.declare_in(scope, name, Declared::Var);
        self.capture(scope, var);
    }

    /// Whether a block declares anything of its own.
    pub(super) fn has_lexical(statements: &[Statement<'a>]) -> bool {
        statements.iter().any(|statement| match statement {
            Statement::VariableDeclaration(declaration) => !declaration.kind.is_var(),
            Statement::ClassDeclaration(_) => true,
            _ => function_declaration(statement).is_some(),
        })
    }

    /// Declares the lexical names of a block (functions included), then Annex B's `var`s.
    pub(super) fn declare_block<'s>(&mut self, statements: impl Iterator<Item = &'s Statement<'a>> + Clone)
    where
        'a: 's,
    {
        for statement in statements.clone() {
            self.declare_lexical(statement);
            if let Some(id) = function_declaration(statement).and_then(|f| f.id.as_ref()) {
                self.declare(id.name, Declared::BlockFunction);
            }
        }
        if self.strict {
            return;
        }
        for statement in statements {
            if let Some(function) = function_declaration(statement)
                && is_plain(function)
                && let Some(id) = &function.id
            {
                self.hoist_block_function(id.name, function.span.start);
            }
        }
    }

    pub(super) fn declare_private(&mut self, id: &PrivateIdentifier<'a>) -> u32 {
        let name = self.out.private_name(id);
        self.declare(name, Declared::Internal)
    }
}
