//! Modules: records, loading, linking (ECMA-262 §16.2.1.5–§16.2.1.8).
//!
//! A module is a cell with fields of values. Its scope is made with it, so that imports can be bound to slots of scopes that
//! have no values yet: an import is a record {scope, slot} in a slot of the importer's scope, and reading it reads the exporter's slot.
//! Evaluation, with its asynchronous part, is in [`crate::module_evaluation`].

use crate::cell::{CellHeader, Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::frame::Frame;
use crate::interp::Pc;
use crate::object::Object;
use crate::promise::{Capability, Promise, continuation};
use crate::record::Record;
use crate::scope::Scope;
use crate::value::Value;
use crate::values::ValueArray;
use std::cell::Cell;
use std::rc::Rc;
use tercel_bytecode::op::instr;
use tercel_bytecode::{ExportEntry, ImportName, JsStr, ModuleInfo};

/// What a host's loader found.
pub enum LoadedSource {
    /// The text of a module.
    JavaScript(String),
    /// A JSON module: its `default` export is the value.
    Json(String),
}

/// How a host finds modules.
pub trait ModuleLoader {
    /// The canonical name of the module that `specifier` names in the module or script `referrer`; one name, one module.
    ///
    /// # Errors
    /// The message of the TypeError to be thrown.
    fn resolve(&self, referrer: &str, specifier: &str) -> Result<String, String>;

    /// The source of the module with a canonical name. `attributes` are those of the import.
    ///
    /// # Errors
    /// The message of the TypeError to be thrown.
    fn load(&self, name: &str, attributes: &[(String, String)]) -> Result<LoadedSource, String>;

    /// Adds properties to a module's `import.meta`.
    fn import_meta(&self, cx: &Context, name: &str, meta: Gc<Object>) -> JsResult<()> {
        let url = cx.string_from_utf8(name);
        meta.create_data_or_throw(cx, cx.names().url, url.into())
    }
}

/// What the host supplies, and the modules that were loaded, by name. A registered root.
#[derive(Default)]
pub struct HostHooks {
    pub loader: Option<Rc<dyn ModuleLoader>>,
    modules: Vec<(String, Cell<Value>)>,
}

impl HostHooks {
    /// Shows every module to `visit`.
    pub fn trace(&self, visit: &mut dyn FnMut(&Cell<Value>)) {
        self.modules.iter().for_each(|(_, m)| visit(m));
    }
}

/// [[Status]] of a cyclic module (§16.2.1.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum ModuleStatus {
    Unlinked,
    Linking,
    Linked,
    Evaluating,
    EvaluatingAsync,
    Evaluated,
}

macro_rules! module_fields {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Kind::Module: nothing but values.
        #[repr(C)]
        pub struct Module {
            pub header: CellHeader,
            $($(#[$doc])* pub $name: Cell<Value>,)*
        }
        /// Values of a module.
        pub const MODULE_VALUES: usize = [$(stringify!($name)),*].len();
    };
}

module_fields! {
    /// The code block of the body; undefined for JSON modules.
    code,
    /// The `Scope` of its variables.
    scope,
    /// The canonical name, a string.
    name,
    /// The namespace object, once asked for.
    namespace,
    /// `import.meta`, once asked for.
    meta,
    /// A `ValueArray` of the requested modules, in the order of `ModuleInfo::requests`; undefined until loaded.
    requested,
    /// A [`ModuleStatus`] as int32.
    status_word,
    /// A record with the exception of a failed evaluation, else undefined.
    error,
    /// [[DFSIndex]] and [[DFSAncestorIndex]] as int32.
    dfs_index,
    dfs_ancestor,
    /// [[CycleRoot]].
    cycle_root,
    /// [[AsyncEvaluationOrder]]: an int32 above 0, 0 if unset, −1 when done.
    async_order,
    /// [[TopLevelCapability]]: a promise.
    top_promise,
    /// [[AsyncParentModules]]: a list of records {next, module}.
    async_parents,
    /// [[PendingAsyncDependencies]] as int32.
    pending,
    /// For JSON modules: true.
    is_json,
}

impl Gc<Module> {
    pub fn status(self) -> ModuleStatus {
        match self.status_word.get().as_int32() {
            0 => ModuleStatus::Unlinked,
            1 => ModuleStatus::Linking,
            2 => ModuleStatus::Linked,
            3 => ModuleStatus::Evaluating,
            4 => ModuleStatus::EvaluatingAsync,
            _ => ModuleStatus::Evaluated,
        }
    }
    pub fn set_status(self, status: ModuleStatus) {
        self.status_word.set(Value::int32(status as i32));
    }
    pub(crate) fn set(self, cx: &Context, field: impl Fn(&Module) -> &Cell<Value>, v: Value) {
        field(&self).set(v);
        cx.write_barrier(self.header_ptr(), v);
    }
    pub(crate) fn code_block(self) -> Option<Gc<CodeBlock>> {
        self.code.get().as_kind(Kind::CodeBlock)
    }
    /// The linking data. Good while the module is reachable.
    pub(crate) fn info<'a>(self) -> Option<&'a ModuleInfo> {
        self.code_block().and_then(|code| code.template::<'a>().module.as_deref())
    }
    pub(crate) fn scope_cell(self) -> Gc<Scope> {
        self.scope.get().as_kind(Kind::Scope).expect("a module has a scope")
    }
    pub(crate) fn has_tla(self) -> bool {
        self.info().is_some_and(|info| info.has_top_level_await)
    }
    /// The module that request `i` stands for.
    pub(crate) fn request(self, i: usize) -> Option<Gc<Module>> {
        self.requested.get().as_kind::<ValueArray>(Kind::ValueArray).and_then(|a| a.get(i).as_kind(Kind::Module))
    }
    pub(crate) fn request_count(self) -> usize {
        self.requested.get().as_kind::<ValueArray>(Kind::ValueArray).map_or(0, |a| a.len())
    }
    pub fn name_text(self, cx: &Context) -> String {
        self.name.get().as_string().map_or_else(String::new, |s| s.to_rust(cx))
    }
}

/// Where an export is.
#[derive(Clone, Copy)]
enum Resolution {
    /// A slot of a module's scope.
    Slot(Gc<Module>, u16),
    /// The namespace object of a module.
    Namespace(Gc<Module>),
    NotFound,
    Ambiguous,
}

impl Context {
    /// Sets how modules are found.
    pub fn set_module_loader(&self, loader: Rc<dyn ModuleLoader>) {
        self.interp.host.borrow_mut().loader = Some(loader);
    }

    fn new_module(&self, name: &str) -> Gc<Module> {
        let module: Gc<Module> = self.alloc_raw(Kind::Module, size_of::<Module>());
        let first = (module.addr() + size_of::<CellHeader>()) as *mut Value;
        for i in 0..MODULE_VALUES {
            // SAFETY: the cell is fresh and has this many values.
            unsafe { *first.add(i) = Value::UNDEFINED };
        }
        module.name.set(self.string_from_utf8(name).into());
        module.set_status(ModuleStatus::Unlinked);
        for field in [&module.dfs_index, &module.dfs_ancestor, &module.async_order, &module.pending] {
            field.set(Value::ZERO);
        }
        module.is_json.set(Value::FALSE);
        module
    }

    fn register_module(&self, name: &str, module: Gc<Module>) {
        self.interp.host.borrow_mut().modules.push((name.to_string(), Cell::new(module.into())));
    }

    fn find_module(&self, name: &str) -> Option<Gc<Module>> {
        self.interp
            .host
            .borrow()
            .modules
            .iter()
            .find(|(n, _)| n == name)
            .and_then(|(_, m)| m.get().as_kind(Kind::Module))
    }

    fn forget_module(&self, name: &str) {
        self.interp.host.borrow_mut().modules.retain(|(n, _)| n != name);
    }

    /// Parses a module and registers it under its name.
    pub fn parse_module(&self, source: &str, name: &str) -> JsResult<Gc<Module>> {
        let template = self.compile_module_source(source, name)?;
        let code = self.new_code_block(template, self.realm());
        let module = self.new_module(name);
        module.code.set(code.into());
        code.module.set(module.into());
        self.write_barrier(code.header_ptr(), module.into());
        let index = module.info().map_or(0, |info| info.scope as usize);
        module.scope.set(self.new_scope(code, index, Value::NULL)?.into());
        self.register_module(name, module);
        Ok(module)
    }

    /// A JSON module (CreateDefaultExportSyntheticModule, §16.2.1.8.1).
    fn parse_json_module(&self, text: &str, name: &str) -> JsResult<Gc<Module>> {
        let source = self.try_string_from_utf8(text)?;
        let json = self.intrinsic(crate::realm::Intrinsic::Json);
        let value = self.invoke(json.into(), self.names().parse, &[source.into()])?;
        // A module with one variable; its body, which would initialize it, never runs.
        let template = self.compile_module_source("let value; export { value as default };", name)?;
        let code = self.new_code_block(template, self.realm());
        let module = self.new_module(name);
        module.code.set(code.into());
        let index = module.info().map_or(0, |info| info.scope as usize);
        let scope = self.new_scope(code, index, Value::NULL)?;
        module.scope.set(scope.into());
        if let Some(ExportEntry::Local { slot, .. }) = module.info().and_then(|info| info.exports.first()) {
            scope.set_slot(self, *slot as usize, value);
        }
        module.is_json.set(Value::TRUE);
        self.register_module(name, module);
        Ok(module)
    }

    fn loader(&self) -> Option<Rc<dyn ModuleLoader>> {
        self.interp.host.borrow().loader.clone()
    }

    /// The module that `specifier` names in `referrer`, loaded and parsed if it was not before.
    fn load_module(&self, referrer: &str, specifier: &str, attributes: &[(String, String)]) -> JsResult<Gc<Module>> {
        let Some(loader) = self.loader() else {
            return Err(self.throw_type(format_args!("Cannot find module '{specifier}' imported from {referrer}")));
        };
        let fail = |message: String| self.throw_type(format_args!("{message}"));
        let name = loader.resolve(referrer, specifier).map_err(fail)?;
        let json = attributes.iter().any(|(key, value)| key == "type" && value == "json");
        // The same file with and without the attribute is two modules.
        let registered = if json { format!("{name}\0json") } else { name.clone() };
        if let Some(module) = self.find_module(&registered) {
            return Ok(module);
        }
        match loader.load(&name, attributes).map_err(fail)? {
            LoadedSource::Json(text) if json => self.parse_json_module(&text, &registered),
            LoadedSource::Json(_) => {
                Err(self.throw_type(format_args!("Module '{name}' needs an import attribute of \"type: json\"")))
            }
            LoadedSource::JavaScript(_) if json => {
                Err(self.throw_type(format_args!("Module '{name}' is not of type \"json\"")))
            }
            LoadedSource::JavaScript(text) => self.parse_module(&text, &registered),
        }
    }

    /// LoadRequestedModules (§16.2.1.6.1.1): the module's requests and, recursively, theirs.
    pub fn load_requested_modules(&self, module: Gc<Module>) -> JsResult<()> {
        let work = crate::list::ValueList::new(self);
        work.push(module);
        while let Some(next) = work.pop() {
            let Some(module) = next.as_kind::<Module>(Kind::Module) else { continue };
            if !module.requested.get().is_undefined() {
                continue;
            }
            let Some(info) = module.info() else { continue };
            let array = self.new_value_array(info.requests.len())?;
            let referrer = module.name_text(self);
            for (i, request) in info.requests.iter().enumerate() {
                // AllImportAttributesSupported.
                if let Some((key, _)) = request.attributes.iter().find(|(key, _)| !key.eq_str("type")) {
                    return Err(self.throw_syntax(format_args!("Import attribute '{key}' is not supported")));
                }
                let attributes: Vec<_> =
                    request.attributes.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
                let requested = self.load_module(&referrer, &request.specifier.to_string(), &attributes)?;
                array.set(self, i, requested.into());
                work.push(requested);
            }
            // Only when all are there, so that a failed load is tried again.
            module.set(self, |m| &m.requested, array.into());
        }
        Ok(())
    }

    // ---- Linking

    /// Link() (§16.2.1.6.1.2).
    pub fn link_module(&self, module: Gc<Module>) -> JsResult<()> {
        let stack = crate::list::ValueList::new(self);
        let mut index = 0;
        if let Err(throw) = self.inner_link(module, &stack, &mut index) {
            for v in stack.iter() {
                if let Some(m) = v.as_kind::<Module>(Kind::Module) {
                    m.set_status(ModuleStatus::Unlinked);
                }
            }
            return Err(throw);
        }
        Ok(())
    }

    /// InnerModuleLinking (§16.2.1.6.1.2.1).
    fn inner_link(&self, module: Gc<Module>, stack: &crate::list::ValueList<'_>, index: &mut i32) -> JsResult<()> {
        self.check_native_stack()?;
        if module.status() != ModuleStatus::Unlinked {
            return Ok(());
        }
        module.set_status(ModuleStatus::Linking);
        module.dfs_index.set(Value::int32(*index));
        module.dfs_ancestor.set(Value::int32(*index));
        *index += 1;
        stack.push(module);
        for i in 0..module.request_count() {
            let Some(required) = module.request(i) else { continue };
            self.inner_link(required, stack, index)?;
            if required.status() == ModuleStatus::Linking {
                let least = module.dfs_ancestor.get().as_int32().min(required.dfs_ancestor.get().as_int32());
                module.dfs_ancestor.set(Value::int32(least));
            }
        }
        self.initialize_environment(module)?;
        if module.dfs_ancestor.get() == module.dfs_index.get() {
            while let Some(v) = stack.pop() {
                if let Some(m) = v.as_kind::<Module>(Kind::Module) {
                    m.set_status(ModuleStatus::Linked);
                }
                if v == module.into() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// InitializeEnvironment (§16.2.1.7.3.1): checks the indirect exports, binds the imports, makes the hoisted functions.
    fn initialize_environment(&self, module: Gc<Module>) -> JsResult<()> {
        let Some(info) = module.info() else { return Ok(()) };
        for export in &info.exports {
            if let ExportEntry::Indirect { name, import: ImportName::Name(_), .. } = export {
                self.expect_resolution(module, name, module)?;
            }
        }
        let scope = module.scope_cell();
        for import in &info.imports {
            let Some(required) = module.request(import.request as usize) else { continue };
            let cell = match &import.import {
                ImportName::Namespace => self.namespace_cell(required)?,
                ImportName::Name(name) => match self.expect_resolution(required, name, module)? {
                    Resolution::Slot(target, slot) => {
                        self.new_record(0, &[target.scope.get(), Value::int32(slot as i32)]).into()
                    }
                    Resolution::Namespace(target) => self.namespace_cell(target)?,
                    _ => Value::UNDEFINED,
                },
            };
            scope.set_slot(self, import.slot as usize, cell);
        }
        if module.is_json.get().is_true() {
            return Ok(());
        }
        if let Some(code) = module.code_block() {
            for &(slot, function) in &info.functions {
                let f = self.new_function(code.function(self, function as usize), scope.into());
                scope.set_slot(self, slot as usize, f.into());
            }
        }
        Ok(())
    }

    /// An import cell for a namespace object.
    fn namespace_cell(&self, module: Gc<Module>) -> JsResult<Value> {
        let namespace = self.module_namespace(module)?;
        Ok(self.new_record(0, &[namespace.into(), Value::int32(-1)]).into())
    }

    #[cold]
    fn throw_unresolved(&self, name: &JsStr, module: Gc<Module>, ambiguous: bool) -> Throw {
        let from = module.name_text(self);
        if ambiguous {
            self.throw_syntax(format_args!(
                "The requested module '{from}' contains conflicting star exports for name '{name}'"
            ))
        } else {
            self.throw_syntax(format_args!("The requested module '{from}' does not provide an export named '{name}'"))
        }
    }

    fn expect_resolution(&self, module: Gc<Module>, name: &JsStr, _importer: Gc<Module>) -> JsResult<Resolution> {
        match self.resolve_export(module, name, &mut Vec::new())? {
            Resolution::NotFound => Err(self.throw_unresolved(name, module, false)),
            Resolution::Ambiguous => Err(self.throw_unresolved(name, module, true)),
            found => Ok(found),
        }
    }

    /// ResolveExport (§16.2.1.7.2.2). `seen`: the (module, name) pairs on the way; modules by address, which is good because nothing here
    /// allocates cells or calls anything.
    fn resolve_export(&self, module: Gc<Module>, name: &JsStr, seen: &mut Vec<(usize, JsStr)>) -> JsResult<Resolution> {
        self.check_native_stack()?;
        if seen.iter().any(|(m, n)| *m == module.addr() && n == name) {
            return Ok(Resolution::NotFound);
        }
        seen.push((module.addr(), name.clone()));
        let Some(info) = module.info() else { return Ok(Resolution::NotFound) };
        for export in &info.exports {
            match export {
                ExportEntry::Local { name: exported, slot } if exported == name => {
                    return Ok(Resolution::Slot(module, *slot));
                }
                ExportEntry::Indirect { name: exported, request, import, .. } if exported == name => {
                    let Some(required) = module.request(*request as usize) else { return Ok(Resolution::NotFound) };
                    return match import {
                        ImportName::Namespace => Ok(Resolution::Namespace(required)),
                        ImportName::Name(imported) => self.resolve_export(required, imported, seen),
                    };
                }
                _ => {}
            }
        }
        if name.eq_str("default") {
            return Ok(Resolution::NotFound);
        }
        let mut found = Resolution::NotFound;
        for export in &info.exports {
            let ExportEntry::Star { request } = export else { continue };
            let Some(required) = module.request(*request as usize) else { continue };
            match (self.resolve_export(required, name, seen)?, found) {
                (Resolution::Ambiguous, _) => return Ok(Resolution::Ambiguous),
                (Resolution::NotFound, _) => {}
                (resolution, Resolution::NotFound) => found = resolution,
                (Resolution::Slot(a, i), Resolution::Slot(b, j)) if a == b && i == j => {}
                (Resolution::Namespace(a), Resolution::Namespace(b)) if a == b => {}
                _ => return Ok(Resolution::Ambiguous),
            }
        }
        Ok(found)
    }

    /// GetExportedNames (§16.2.1.7.2.1).
    fn exported_names(&self, module: Gc<Module>, names: &mut Vec<JsStr>, seen: &mut Vec<usize>) -> JsResult<()> {
        self.check_native_stack()?;
        if seen.contains(&module.addr()) {
            return Ok(());
        }
        seen.push(module.addr());
        let is_root = seen.len() == 1;
        let Some(info) = module.info() else { return Ok(()) };
        for export in &info.exports {
            match export {
                ExportEntry::Local { name, .. } | ExportEntry::Indirect { name, .. } => {
                    if (is_root || !name.eq_str("default")) && !names.contains(name) {
                        names.push(name.clone());
                    }
                }
                ExportEntry::Star { .. } => {}
            }
        }
        for export in &info.exports {
            if let ExportEntry::Star { request } = export
                && let Some(required) = module.request(*request as usize)
            {
                self.exported_names(required, names, seen)?;
            }
        }
        Ok(())
    }

    /// GetModuleNamespace (§16.2.1.10).
    pub fn module_namespace(&self, module: Gc<Module>) -> JsResult<Gc<Object>> {
        if let Some(namespace) = module.namespace.get().as_object() {
            return Ok(namespace);
        }
        let mut names = Vec::new();
        self.exported_names(module, &mut names, &mut Vec::new())?;
        names.sort_by(|a, b| a.units().cmp(b.units()));
        let list = crate::list::ValueList::new(self);
        let mut nested = Vec::new();
        for name in &names {
            let (target, slot) = match self.resolve_export(module, name, &mut Vec::new())? {
                Resolution::Slot(target, slot) => {
                    let scope = target.scope_cell();
                    // An import that is exported again: what it stands for.
                    match scope.slot(slot as usize).as_kind::<Record>(Kind::Record) {
                        Some(cell) if scope.template().vars[slot as usize].kind == tercel_bytecode::VarKind::Import => {
                            (cell.get(0), cell.get(1).as_int32())
                        }
                        _ => (scope.into(), slot as i32),
                    }
                }
                Resolution::Namespace(target) => {
                    nested.push((list.len() + 1, Value::from(target)));
                    (Value::UNDEFINED, -1)
                }
                _ => continue,
            };
            // A name that is an array index is a property key all the same.
            list.push(self.export_key(name)?);
            list.push(target);
            list.push(Value::int32(slot));
        }
        let exports = self.value_array_from(list.cells())?;
        let namespace = self.new_module_namespace(module.into(), exports)?;
        module.set(self, |m| &m.namespace, namespace.into());
        // Namespaces in namespaces, which may be this one.
        for (at, target) in nested {
            if let Some(target) = target.as_kind::<Module>(Kind::Module) {
                let inner = self.module_namespace(target)?;
                exports.set(self, at, inner.into());
            }
        }
        Ok(namespace)
    }

    fn export_key(&self, name: &JsStr) -> JsResult<Value> {
        let text = self.intern_text(name);
        Ok(Value::from_bits(self.key_from_string(text)?.bits()))
    }

    // ---- Entry points

    /// Parses, loads, links and evaluates a module; jobs run until its promise settles or nothing is left to do. Its namespace object.
    pub fn eval_module(&self, source: &str, name: &str) -> JsResult<Value> {
        self.native_scope(|| {
            let module = self.parse_module(source, name)?;
            if let Err(throw) = self.load_requested_modules(module).and_then(|()| self.link_module(module)) {
                self.forget_module(name);
                return Err(throw);
            }
            let promise = self.evaluate_module(module)?;
            self.run_jobs()?;
            self.finish_module_promise(promise)?;
            Ok(self.module_namespace(module)?.into())
        })
    }

    /// Throws what a module's evaluation was rejected with.
    fn finish_module_promise(&self, promise: Gc<Promise>) -> JsResult<()> {
        if promise.state() == crate::promise::PromiseState::Rejected {
            if !promise.is_handled() {
                self.interp.jobs.remove_unhandled(promise);
                promise.handled.set(Value::TRUE);
            }
            return Err(self.throw(promise.result.get()));
        }
        Ok(())
    }

    /// The namespace of a module that was evaluated; for hosts.
    pub fn import_module(&self, referrer: &str, specifier: &str) -> JsResult<Gc<Promise>> {
        let promise = self.new_promise();
        let capability = Capability { promise: promise.into(), resolve: Value::UNDEFINED, reject: Value::UNDEFINED };
        if let Err(throw) = self.start_import(referrer, specifier, &[], promise) {
            self.reject_with(capability, throw)?;
        }
        Ok(promise)
    }

    /// ContinueDynamicImport (§13.3.10.3).
    fn start_import(
        &self,
        referrer: &str,
        specifier: &str,
        attributes: &[(String, String)],
        promise: Gc<Promise>,
    ) -> JsResult<()> {
        let module = self.load_module(referrer, specifier, attributes)?;
        let loaded = self.new_promise();
        match self.load_requested_modules(module) {
            Ok(()) => self.fulfill_promise(loaded, Value::UNDEFINED),
            Err(throw) => {
                let error = self.catch(throw)?;
                self.reject_promise(loaded, error);
            }
        }
        let data = self.new_record(0, &[promise.into(), module.into()]);
        self.promise_continue(loaded, continuation::DYNAMIC_IMPORT_LOADED, data.into());
        Ok(())
    }
}

/// The promise and the module of a dynamic import, in a record.
fn dynamic_import(data: Value) -> Option<(Gc<Promise>, Gc<Module>)> {
    let data = data.as_kind::<Record>(Kind::Record)?;
    Some((data.get(0).as_kind(Kind::Promise)?, data.get(1).as_kind(Kind::Module)?))
}

/// A dynamically imported module and what it requests are loaded: now it is linked and evaluated, in a job, so that no evaluation
/// that is under way is entered again (linkAndEvaluateClosure of §13.3.10.3).
pub(crate) fn dynamic_import_loaded(cx: &Context, data: Value, argument: Value, rejected: bool) -> JsResult<()> {
    let Some((promise, module)) = dynamic_import(data) else { return Ok(()) };
    if rejected {
        cx.reject_promise(promise, argument);
        return Ok(());
    }
    match cx.link_module(module).and_then(|()| cx.evaluate_module(module)) {
        Ok(evaluated) => cx.promise_continue(evaluated, continuation::DYNAMIC_IMPORT, data),
        Err(throw) => {
            let error = cx.catch(throw)?;
            cx.reject_promise(promise, error);
        }
    }
    Ok(())
}

/// The evaluation that a dynamic import waited for is done.
pub(crate) fn dynamic_import_settled(cx: &Context, data: Value, argument: Value, rejected: bool) -> JsResult<()> {
    let Some((promise, module)) = dynamic_import(data) else { return Ok(()) };
    if rejected {
        cx.reject_promise(promise, argument);
        return Ok(());
    }
    let namespace = cx.module_namespace(module)?;
    cx.resolve_promise(promise, namespace.into())
}

pub(crate) use crate::module_evaluation::async_module_settled;

// ---- Ops

/// What an import cell stands for; empty in its dead zone.
pub(crate) fn import_value(cell: Value) -> Value {
    let mut cell = cell;
    loop {
        let Some(record) = cell.as_kind::<Record>(Kind::Record) else { return Value::EMPTY };
        let slot = record.get(1).as_int32();
        let Some(scope) = record.get(0).as_kind::<Scope>(Kind::Scope) else { return record.get(0) };
        let v = scope.slot(slot as usize);
        // An import that is exported again.
        if v.kind() != Some(Kind::Record) {
            return v;
        }
        cell = v;
    }
}

#[inline(never)]
pub(crate) fn load_import(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::LoadImport = pc.decode();
    let scope: Gc<Scope> = frame.get(i.scope.0 as usize).as_kind(Kind::Scope).expect("the operand is a scope");
    let v = import_value(scope.ancestor(i.depth.0 as usize).slot(i.index.0 as usize));
    if v.is_empty() {
        return Err(crate::interp::control::throw_tdz(cx, frame.code(), i.name.0));
    }
    frame.set(i.dst.0 as usize, v);
    Ok(())
}

#[inline(never)]
pub(crate) fn import_meta(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ImportMeta = pc.decode();
    let Some(module) = frame.code().module.get().as_kind::<Module>(Kind::Module) else {
        return Err(cx.throw_syntax(format_args!("Cannot use 'import.meta' outside a module")));
    };
    if module.meta.get().is_undefined() {
        let meta = cx.new_object_with_prototype(None);
        module.set(cx, |m| &m.meta, meta.into());
        if let Some(loader) = cx.loader() {
            loader.import_meta(cx, &module.name_text(cx), meta)?;
        }
    }
    frame.set(i.dst.0 as usize, module.meta.get());
    Ok(())
}

/// EvaluateImportCall (§13.3.10.2).
#[inline(never)]
pub(crate) fn import_call(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ImportCall = pc.decode();
    let capability = cx.new_ordinary_capability();
    let promise: Gc<Promise> = capability.promise.as_kind(Kind::Promise).expect("made just now");
    let (specifier, options) = (frame.get(i.specifier.0 as usize), frame.get(i.options.0 as usize));
    let code = frame.code();
    let referrer = match code.module.get().as_kind::<Module>(Kind::Module) {
        Some(module) => module.name_text(cx),
        None => {
            let source = &code.template().source;
            source.referrer.as_ref().unwrap_or(&source.name).clone()
        }
    };
    let started = (|| {
        let specifier = cx.to_string(specifier)?.to_rust(cx);
        let attributes = import_attributes(cx, options)?;
        cx.start_import(&referrer, &specifier, &attributes, promise)
    })();
    if let Err(throw) = started {
        cx.reject_with(capability, throw)?;
    }
    frame.set(i.dst.0 as usize, capability.promise);
    Ok(())
}

/// The attributes in the second argument of `import()`.
fn import_attributes(cx: &Context, options: Value) -> JsResult<Vec<(String, String)>> {
    if options.is_undefined() {
        return Ok(Vec::new());
    }
    let Some(options) = options.as_object() else {
        return Err(cx.throw_type(format_args!("The second argument of import() must be an object")));
    };
    let with = options.get(cx, cx.names().with)?;
    if with.is_undefined() {
        return Ok(Vec::new());
    }
    let Some(with) = with.as_object() else {
        return Err(cx.throw_type(format_args!("The 'with' option of import() must be an object")));
    };
    let mut attributes = Vec::new();
    let keys = cx.enumerable_own_keys(with)?;
    for n in 0..keys.len() {
        let key = keys.key(n);
        let value = with.get(cx, key)?;
        let Some(value) = value.as_string() else {
            return Err(cx.throw_type(format_args!("Import attribute values must be strings")));
        };
        let key = key.display(cx);
        if key != "type" {
            return Err(cx.throw_type(format_args!("Import attribute '{key}' is not supported")));
        }
        attributes.push((key, value.to_rust(cx)));
    }
    Ok(attributes)
}
