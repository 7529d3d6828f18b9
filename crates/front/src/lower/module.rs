//! Modules: the linking data (ECMA-262 16.2.1.7) and the body.

use super::program::Program;
use super::stmt::declared_function;
use super::{Builder, Reg};
use crate::analysis::Declared;
use oxc_ast::ast::*;
use oxc_str::Ident;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tercel_bytecode::template::ModuleRequest;
use tercel_bytecode::{
    ExportEntry, ImportEntry, ImportName, JsStr, ModuleInfo, ScopeKind, ScopeTemplate, Template, TemplateFlags, frame,
};

/// An import that may be exported again.
struct Imported {
    request: u32,
    import: ImportName,
}

/// Import attributes: keys and values.
type Attributes = Box<[(JsStr, JsStr)]>;

/// Collects a module's linking data.
#[derive(Default)]
struct Linking<'a> {
    requests: Vec<ModuleRequest>,
    known: FxHashMap<(JsStr, Attributes), u32>,
    imports: Vec<ImportEntry>,
    exports: Vec<ExportEntry>,
    /// Local names of imports.
    imported: FxHashMap<Ident<'a>, Imported>,
}

impl<'s, 'a> Builder<'s, 'a> {
    pub fn module(&mut self, program: Program<'s, 'a>) -> Arc<Template> {
        let analysis = self.cx.analysis;
        let has_await = analysis.functions[0].has_await;
        self.at(program.span.start);
        // The linker makes the module's scope, which is the body's r2.
        let scope = &analysis.scopes[0];
        scope.register.set(frame::ENV);
        let template =
            scope.heap.clone().unwrap_or_else(|| Arc::new(ScopeTemplate { kind: ScopeKind::Module, vars: [].into() }));
        let scope_index = self.add_scope(&template);
        let mut linking = Linking::default();
        for statement in program.statements {
            self.imports(statement, &mut linking);
        }
        for statement in program.statements {
            self.exports(statement, &mut linking);
        }
        let functions = self.module_functions(program.statements);
        if has_await {
            self.start_async();
        }
        self.async_region(has_await, |this| {
            this.place_variables(0);
            this.begin_temps();
            this.with_resources(program.statements, |this| {
                this.statements_in_order(program.statements);
            });
            this.return_undefined();
        });
        let mut outline = self.program_outline(program.span);
        outline.flags.set(TemplateFlags::OWN_VARS, true);
        let mut template = self.bare_template(outline);
        template.flags.set(TemplateFlags::ASYNC, has_await);
        template.module = Some(Box::new(ModuleInfo {
            requests: linking.requests.into(),
            imports: linking.imports.into(),
            exports: linking.exports.into(),
            functions: functions.into(),
            scope: scope_index,
            has_top_level_await: has_await,
        }));
        Arc::new(template)
    }

    /// The functions that the linker creates.
    fn module_functions(&mut self, statements: &'s [Statement<'a>]) -> Vec<(u16, u32)> {
        let mut list: Vec<(u16, u32)> = Vec::new();
        let functions = statements.iter().filter_map(|statement| match statement {
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(function) => Some(&**function),
                _ => None,
            },
            other => declared_function(other),
        });
        for function in functions {
            let (name, shown) = match &function.id {
                Some(id) => (id.name, id.name.as_str()),
                None => (Ident::from("*default*"), "default"),
            };
            let Some(slot) = self.module_slot(name) else {
                continue;
            };
            let template = self.lower_method(function, shown.into());
            let index = self.inner(template).0;
            list.retain(|known| known.0 != slot);
            list.push((slot, index));
        }
        list
    }

    /// The slot of a variable of the module's scope.
    fn module_slot(&self, name: Ident<'a>) -> Option<u16> {
        let scope = &self.cx.analysis.scopes[0];
        let var = &scope.vars[*scope.map.get(&name)? as usize];
        var.captured.then_some(var.slot)
    }

    fn request(&mut self, linking: &mut Linking<'a>, source: &StringLiteral<'a>, with: Option<&WithClause<'a>>) -> u32 {
        let text = |literal: &StringLiteral<'a>| super::emit::decode_string(&literal.value, literal.lone_surrogates);
        let attributes: Attributes = with
            .iter()
            .flat_map(|with| &with.with_entries)
            .map(|entry| {
                let key = match &entry.key {
                    ImportAttributeKey::Identifier(id) => id.name.as_str().into(),
                    ImportAttributeKey::StringLiteral(literal) => text(literal),
                };
                (key, text(&entry.value))
            })
            .collect();
        let specifier = text(source);
        let mut sorted = attributes.clone();
        sorted.sort_by(|a, b| a.0.units().cmp(b.0.units()));
        let next = linking.requests.len() as u32;
        let index = *linking.known.entry((specifier.clone(), sorted)).or_insert(next);
        if index == next {
            linking.requests.push(ModuleRequest {
                specifier,
                attributes,
                offset: self.source_offset(source.span.start),
            });
        }
        index
    }

    fn imports(&mut self, statement: &'s Statement<'a>, linking: &mut Linking<'a>) {
        match statement {
            Statement::ImportDeclaration(import) => {
                if import.phase.is_some() {
                    self.syntax_error(import.span.start, "import phases are not supported");
                }
                let request = self.request(linking, &import.source, import.with_clause.as_deref());
                for specifier in import.specifiers.iter().flatten() {
                    let (name, local) = match specifier {
                        ImportDeclarationSpecifier::ImportSpecifier(specifier) => {
                            (ImportName::Name(export_name(&specifier.imported)), &specifier.local)
                        }
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => {
                            (ImportName::Name("default".into()), &specifier.local)
                        }
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => {
                            (ImportName::Namespace, &specifier.local)
                        }
                    };
                    let imported = Imported { request, import: name.clone() };
                    linking.imported.insert(local.name, imported);
                    if let Some(slot) = self.module_slot(local.name) {
                        linking.imports.push(ImportEntry {
                            request,
                            import: name,
                            slot,
                            offset: self.source_offset(local.span.start),
                        });
                    }
                }
            }
            // Requests count in the order of the source.
            Statement::ExportFromDeclaration(export) => {
                self.request(linking, &export.source, export.with_clause.as_deref());
            }
            Statement::ExportAllDeclaration(export) => {
                self.request(linking, &export.source, export.with_clause.as_deref());
            }
            _ => {}
        }
    }

    fn exports(&mut self, statement: &'s Statement<'a>, linking: &mut Linking<'a>) {
        match statement {
            Statement::ExportNamedDeclaration(export) => {
                for specifier in &export.specifiers {
                    let name = export_name(&specifier.exported);
                    let Some(local) = specifier.local.identifier_name() else {
                        continue;
                    };
                    let offset = self.source_offset(specifier.span.start);
                    match linking.imported.get(&local) {
                        Some(imported) => linking.exports.push(ExportEntry::Indirect {
                            name,
                            request: imported.request,
                            import: imported.import.clone(),
                            offset,
                        }),
                        None => self.export_local(linking, name, local),
                    }
                }
            }
            Statement::ExportFromDeclaration(export) => {
                let request = self.request(linking, &export.source, export.with_clause.as_deref());
                for specifier in &export.specifiers {
                    linking.exports.push(ExportEntry::Indirect {
                        name: export_name(&specifier.exported),
                        request,
                        import: ImportName::Name(export_name(&specifier.local)),
                        offset: self.source_offset(specifier.span.start),
                    });
                }
            }
            Statement::ExportAllDeclaration(export) => {
                let request = self.request(linking, &export.source, export.with_clause.as_deref());
                linking.exports.push(match &export.exported {
                    None => ExportEntry::Star { request },
                    Some(name) => ExportEntry::Indirect {
                        name: export_name(name),
                        request,
                        import: ImportName::Namespace,
                        offset: self.source_offset(export.span.start),
                    },
                });
            }
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::VariableDeclaration(declaration) => {
                    for declarator in &declaration.declarations {
                        for id in declarator.id.get_binding_identifiers() {
                            self.export_local(linking, id.name.as_str().into(), id.name);
                        }
                    }
                }
                Declaration::FunctionDeclaration(function) => {
                    if let Some(id) = &function.id {
                        self.export_local(linking, id.name.as_str().into(), id.name);
                    }
                }
                Declaration::ClassDeclaration(class) => {
                    if let Some(id) = &class.id {
                        self.export_local(linking, id.name.as_str().into(), id.name);
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
                let local = id.map_or(Ident::from("*default*"), |id| id.name);
                self.export_local(linking, "default".into(), local);
            }
            _ => {}
        }
    }

    fn export_local(&mut self, linking: &mut Linking<'a>, name: JsStr, local: Ident<'a>) {
        if let Some(slot) = self.module_slot(local) {
            linking.exports.push(ExportEntry::Local { name, slot });
        }
    }

    /// `export default` of something that is evaluated.
    pub fn export_default(&mut self, export: &'s ExportDefaultDeclaration<'a>) {
        let mark = self.mark_registers();
        let value: Reg = self.temp();
        let local = match &export.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(_)
            | ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => {
                return self.release(mark);
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                if class.id.is_none() {
                    self.pending_name = Some("default".into());
                }
                self.class(class, value);
                class.id.as_ref().map(|id| id.name)
            }
            other => {
                if let Some(e) = other.as_expression() {
                    self.name_anonymous(e, "default");
                    self.expr_to(e, value);
                }
                None
            }
        };
        self.pending_name = None;
        let local = local.unwrap_or(Ident::from("*default*"));
        let scope = &self.cx.analysis.scopes[0];
        if let Some(&var) = scope.map.get(&local) {
            debug_assert_ne!(scope.vars[var as usize].declared, Declared::Import);
            self.init_var(0, var, value);
        }
        self.release(mark);
    }
}

fn export_name(name: &ModuleExportName<'_>) -> JsStr {
    match name {
        ModuleExportName::IdentifierName(id) => id.name.as_str().into(),
        ModuleExportName::IdentifierReference(id) => id.name.as_str().into(),
        ModuleExportName::StringLiteral(literal) => super::emit::decode_string(&literal.value, literal.lone_surrogates),
    }
}
