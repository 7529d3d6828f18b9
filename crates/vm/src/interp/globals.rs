//! Global variables: the script declarations of a realm (let, const, class: binding records) and the global object
//! (ECMA-262 §9.1.1.4).
//!
//! A site caches either the binding's record, which never moves to another name, or a slot of the global object, guarded by
//! that object's shape and the prototype epoch. A new script declaration may shadow a cached global property, so it moves the epoch on.

use super::Pc;
use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::feedback::{Form, Loc, NO_SHAPE, Site, SiteState};
use crate::frame::Frame;
use crate::ic::facts::{GetFact, SetFact, find_get, find_set};
use crate::ic::interpret::{load, store};
use crate::key::PropertyKey;
use crate::object::{Object, PropertyDescriptor};
use crate::realm::Realm;
use crate::record::Record;
use crate::scope::Scope;
use crate::value::Value;
use tercel_bytecode::op::instr;
use tercel_bytecode::{GlobalDeclarations, JsStr, VarKind};
use tercel_gc::WeakSweep;

/// Fields of a binding record.
pub mod binding {
    /// The value; empty in the dead zone.
    pub const VALUE: usize = 0;
    /// Whether it is a constant.
    pub const CONSTANT: usize = 1;
}

/// What `Site::bits` says of a global's site; 0: nothing is cached. Whoever clears the site's cell clears these too.
pub mod cached {
    pub const BINDING: u8 = 1;
    pub const PROPERTY: u8 = 2;
}

/// The value of a global that the site knows; empty if it does not.
#[inline(always)]
pub fn cached(cx: &Context, site: &Site) -> Value {
    match site.bits.get() {
        // SAFETY: with this bit the site's cell is a binding record.
        cached::BINDING => unsafe { Gc::<Record>::from_addr(site.cell.get().bits() as usize) }.get(binding::VALUE),
        cached::PROPERTY => {
            // SAFETY: with this bit the site's cell is the global object.
            let global: Gc<Object> = unsafe { Gc::from_addr(site.cell.get().bits() as usize) };
            if global.shape_id() == site.guard.get() && site.aux.get() == cx.interp.proto_epoch.get() {
                load(global, site.loc.get())
            } else {
                Value::EMPTY
            }
        }
        _ => Value::EMPTY,
    }
}

/// Stores to a global that the site knows; `false` if it does not.
#[inline(always)]
pub fn cached_set(cx: &Context, site: &Site, v: Value) -> bool {
    match site.bits.get() {
        cached::BINDING => {
            // SAFETY: as in `cached`.
            let record: Gc<Record> = unsafe { Gc::from_addr(site.cell.get().bits() as usize) };
            if record.get(binding::VALUE).is_empty() {
                return false;
            }
            record.set(cx, binding::VALUE, v);
            true
        }
        cached::PROPERTY => {
            // SAFETY: as in `cached`.
            let global: Gc<Object> = unsafe { Gc::from_addr(site.cell.get().bits() as usize) };
            if global.shape_id() == site.guard.get() && site.aux.get() == cx.interp.proto_epoch.get() {
                store(cx, global, site.loc.get(), v);
                true
            } else {
                false
            }
        }
        _ => false,
    }
}

fn cache_binding(cx: &Context, code: Gc<CodeBlock>, site: &Site, record: Gc<Record>) {
    site.guard.set(NO_SHAPE);
    site.bits.set(cached::BINDING);
    site.state.set(SiteState::Monomorphic);
    site.cell.set(record.into());
    cx.write_barrier(code.header_ptr(), record.into());
}

fn cache_property(
    cx: &Context,
    code: Gc<CodeBlock>,
    site: &Site,
    global: Gc<Object>,
    location: crate::shape::SlotLocation,
) {
    if cx.interp.no_ic {
        return;
    }
    // A site whose object keeps on changing gives up.
    if site.misses.get() > 200 {
        site.state.set(SiteState::Megamorphic);
        site.bits.set(0);
        return;
    }
    site.misses.set(site.misses.get() + 1);
    site.bits.set(cached::PROPERTY);
    site.state.set(SiteState::Monomorphic);
    site.guard.set(global.shape_id());
    site.aux.set(cx.interp.proto_epoch.get());
    site.cell.set(global.into());
    site.loc.set(if location.is_inline() {
        Loc::new(Form::OwnInline, location.index() as u32 * 8)
    } else {
        Loc::new(Form::OwnOutOfLine, (size_of::<crate::object::Slots>() + location.index() * 8) as u32)
    });
    cx.write_barrier(code.header_ptr(), global.into());
}

/// After a full collection: forgets a global property whose guard names a shape that died.
pub(super) fn sweep_site(site: &Site, sweep: &WeakSweep) {
    if site.bits.get() == cached::PROPERTY && !sweep.shape_is_live(site.guard.get()) {
        site.bits.set(0);
        site.state.set(SiteState::Uninitialized);
        site.clear_form();
    }
}

impl Context {
    /// The script declarations of a realm: an object without prototype, from names to binding records.
    pub(crate) fn global_lexicals(&self, realm: Gc<Realm>) -> Gc<Object> {
        if let Some(object) = realm.lexical.get().as_object() {
            return object;
        }
        let object = self.new_object_with_prototype(None);
        realm.lexical.set(object.into());
        self.write_barrier(realm.header_ptr(), object.into());
        object
    }
}

/// The binding record of a script declaration.
pub fn find_binding(cx: &Context, realm: Gc<Realm>, key: PropertyKey) -> Option<Gc<Record>> {
    let lexicals = cx.global_lexicals(realm);
    match find_get(cx, lexicals, key) {
        GetFact::Slot { holder, location, .. } => holder.slot(location).as_kind(Kind::Record),
        _ => None,
    }
}

#[cold]
#[inline(never)]
pub fn throw_not_defined(cx: &Context, key: PropertyKey) -> Throw {
    let name = key.display(cx);
    cx.throw_reference(format_args!("{name} is not defined"))
}

#[cold]
#[inline(never)]
pub fn throw_dead_zone(cx: &Context, key: PropertyKey) -> Throw {
    let name = key.display(cx);
    cx.throw_reference(format_args!("Cannot access '{name}' before initialization"))
}

/// The value of global `key`; `None` if it is unresolvable. Caches at the site.
fn lookup(cx: &Context, code: Gc<CodeBlock>, site: &Site, key: PropertyKey) -> JsResult<Option<Value>> {
    let realm = code.realm();
    if let Some(record) = find_binding(cx, realm, key) {
        let v = record.get(binding::VALUE);
        if v.is_empty() {
            return Err(throw_dead_zone(cx, key));
        }
        cache_binding(cx, code, site, record);
        return Ok(Some(v));
    }
    let global = realm.global_object();
    match find_get(cx, global, key) {
        GetFact::Slot { hops: 0, location, .. } => {
            cache_property(cx, code, site, global, location);
            Ok(Some(global.slot(location)))
        }
        GetFact::Slot { holder, location, .. } => Ok(Some(holder.slot(location))),
        GetFact::Missing => Ok(None),
        _ => {
            if !global.has_property(cx, key)? {
                return Ok(None);
            }
            global.get(cx, key).map(Some)
        }
    }
}

/// The value of global `key` outside any site.
pub fn load_global(cx: &Context, realm: Gc<Realm>, key: PropertyKey) -> JsResult<Option<Value>> {
    if let Some(record) = find_binding(cx, realm, key) {
        let v = record.get(binding::VALUE);
        return if v.is_empty() { Err(throw_dead_zone(cx, key)) } else { Ok(Some(v)) };
    }
    let global = realm.global_object();
    if !global.has_property(cx, key)? { Ok(None) } else { global.get(cx, key).map(Some) }
}

#[inline(never)]
pub fn get_global(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::GetGlobal = pc.decode();
    let code = frame.code();
    let key = code.key(i.name.0 as usize);
    match lookup(cx, code, code.site(i.slot.0 as usize), key)? {
        Some(v) => {
            frame.set(i.dst.0 as usize, v);
            Ok(())
        }
        None => Err(throw_not_defined(cx, key)),
    }
}

#[inline(never)]
pub fn typeof_global(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::TypeofGlobal = pc.decode();
    let code = frame.code();
    let v = lookup(cx, code, code.site(i.slot.0 as usize), code.key(i.name.0 as usize))?.unwrap_or(Value::UNDEFINED);
    frame.set(i.dst.0 as usize, cx.type_of(v).into());
    Ok(())
}

#[inline(never)]
pub fn has_global(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::HasGlobal = pc.decode();
    let code = frame.code();
    let key = code.key(i.name.0 as usize);
    let found = find_binding(cx, code.realm(), key).is_some() || code.realm().global_object().has_property(cx, key)?;
    frame.set(i.dst.0 as usize, Value::boolean(found));
    Ok(())
}

#[inline(never)]
pub fn set_global(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::SetGlobal = pc.decode();
    let code = frame.code();
    let site = code.site(i.slot.0 as usize);
    let key = code.key(i.name.0 as usize);
    let v = frame.get(i.src.0 as usize);
    let realm = code.realm();
    if let Some(record) = find_binding(cx, realm, key) {
        set_binding(cx, record, key, v)?;
        cache_binding(cx, code, site, record);
        return Ok(());
    }
    let global = realm.global_object();
    if let SetFact::Own { location } = find_set(cx, global, key) {
        cache_property(cx, code, site, global, location);
        global.set_slot(cx, location, v);
        return Ok(());
    }
    set_global_property(cx, global, key, v, i.strict.0 != 0)
}

/// Assigns to a script declaration.
fn set_binding(cx: &Context, record: Gc<Record>, key: PropertyKey, v: Value) -> JsResult<()> {
    if record.get(binding::VALUE).is_empty() {
        return Err(throw_dead_zone(cx, key));
    }
    if record.get(binding::CONSTANT).is_true() {
        return Err(cx.throw_type(format_args!("Assignment to constant variable.")));
    }
    record.set(cx, binding::VALUE, v);
    Ok(())
}

/// SetMutableBinding of the global object's record (§9.1.1.2.5), or PutValue of an unresolvable reference.
fn set_global_property(cx: &Context, global: Gc<Object>, key: PropertyKey, v: Value, strict: bool) -> JsResult<()> {
    if strict && !global.has_property(cx, key)? {
        return Err(throw_not_defined(cx, key));
    }
    if !global.set(cx, key, v, global.into())? && strict {
        return Err(cx.throw_refused_set(global.into(), key));
    }
    Ok(())
}

/// Assigns to global `key` outside any site.
pub fn store_global(cx: &Context, realm: Gc<Realm>, key: PropertyKey, v: Value, strict: bool) -> JsResult<()> {
    match find_binding(cx, realm, key) {
        Some(record) => set_binding(cx, record, key, v),
        None => set_global_property(cx, realm.global_object(), key, v, strict),
    }
}

#[inline(never)]
pub fn init_global(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::InitGlobal = pc.decode();
    let code = frame.code();
    if let Some(record) = find_binding(cx, code.realm(), code.key(i.name.0 as usize)) {
        record.set(cx, binding::VALUE, frame.get(i.src.0 as usize));
    }
    Ok(())
}

// ---- Declarations

fn key_of(cx: &Context, name: &JsStr) -> PropertyKey {
    // A variable's name is never an array index.
    PropertyKey::name(cx.intern_text(name))
}

fn throw_redeclared(cx: &Context, name: &JsStr) -> Throw {
    cx.throw_syntax(format_args!("Identifier '{name}' has already been declared"))
}

/// CanDeclareGlobalVar (§9.1.1.4.14).
fn can_declare_var(cx: &Context, global: Gc<Object>, key: PropertyKey) -> JsResult<bool> {
    Ok(global.has_own(cx, key)? || global.is_extensible(cx)?)
}

/// CanDeclareGlobalFunction (§9.1.1.4.15).
fn can_declare_function(cx: &Context, global: Gc<Object>, key: PropertyKey) -> JsResult<bool> {
    Ok(match global.get_own(cx, key)? {
        None => global.is_extensible(cx)?,
        Some(d) if d.configurable == Some(true) => true,
        Some(d) => d.value.is_some() && d.writable == Some(true) && d.enumerable == Some(true),
    })
}

/// CreateGlobalVarBinding (§9.1.1.4.16).
fn create_global_var(cx: &Context, global: Gc<Object>, key: PropertyKey, deletable: bool) -> JsResult<()> {
    if !global.has_own(cx, key)? && global.is_extensible(cx)? {
        let d = PropertyDescriptor {
            value: Some(Value::UNDEFINED),
            writable: Some(true),
            enumerable: Some(true),
            configurable: Some(deletable),
            ..PropertyDescriptor::default()
        };
        global.define_or_throw(cx, key, &d)?;
    }
    Ok(())
}

/// CreateGlobalFunctionBinding (§9.1.1.4.17).
fn create_global_function(
    cx: &Context,
    global: Gc<Object>,
    key: PropertyKey,
    f: Value,
    deletable: bool,
) -> JsResult<()> {
    let d = match global.get_own(cx, key)? {
        Some(d) if d.configurable != Some(true) => {
            PropertyDescriptor { value: Some(f), ..PropertyDescriptor::default() }
        }
        _ => PropertyDescriptor {
            value: Some(f),
            writable: Some(true),
            enumerable: Some(true),
            configurable: Some(deletable),
            ..PropertyDescriptor::default()
        },
    };
    global.define_or_throw(cx, key, &d)?;
    global.put(cx, key, f)
}

/// GlobalDeclarationInstantiation (§16.1.7).
#[inline(never)]
pub fn declare_globals(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DeclareGlobals = pc.decode();
    let code = frame.code();
    let Some(declarations) = &code.template().globals else { return Ok(()) };
    let realm = code.realm();
    let global = realm.global_object();
    for lexical in &declarations.lexical {
        let key = key_of(cx, &lexical.name);
        let restricted = global.get_own(cx, key)?.is_some_and(|d| d.configurable == Some(false));
        if restricted || find_binding(cx, realm, key).is_some() {
            return Err(throw_redeclared(cx, &lexical.name));
        }
    }
    check_var_names(cx, realm, declarations)?;
    for function in &declarations.functions {
        if !can_declare_function(cx, global, key_of(cx, &function.name))? {
            return Err(cx.throw_type(format_args!("Cannot declare global function '{}'", function.name)));
        }
    }
    for name in &declarations.var_names {
        if !can_declare_var(cx, global, key_of(cx, name))? {
            return Err(cx.throw_type(format_args!("Cannot declare global variable '{name}'")));
        }
    }
    for name in &declarations.annex_b_names {
        let key = key_of(cx, name);
        if find_binding(cx, realm, key).is_none() && can_declare_function(cx, global, key)? {
            create_global_var(cx, global, key, false)?;
        }
    }
    if !declarations.lexical.is_empty() {
        for lexical in &declarations.lexical {
            let record = cx.new_record(0, &[Value::EMPTY, Value::boolean(lexical.constant)]);
            cx.global_lexicals(realm).add_property(
                cx,
                key_of(cx, &lexical.name),
                record.into(),
                crate::shape::DEFAULT,
            )?;
        }
        // Cached global properties of these names are shadowed now.
        cx.interp.bump_proto_epoch();
    }
    for function in &declarations.functions {
        let inner = code.function(cx, function.function as usize);
        let f = cx.new_function(inner, frame.get(i.closure_scope.0 as usize));
        create_global_function(cx, global, key_of(cx, &function.name), f.into(), false)?;
    }
    for name in &declarations.var_names {
        create_global_var(cx, global, key_of(cx, name), false)?;
    }
    Ok(())
}

/// SyntaxError if a script declaration has the name of a `var` or function.
fn check_var_names(cx: &Context, realm: Gc<Realm>, declarations: &GlobalDeclarations) -> JsResult<()> {
    let names = declarations.functions.iter().map(|f| &f.name).chain(&declarations.var_names);
    for name in names {
        if find_binding(cx, realm, key_of(cx, name)).is_some() {
            return Err(throw_redeclared(cx, name));
        }
    }
    Ok(())
}

/// EvalDeclarationInstantiation (§19.2.1.3) for sloppy eval code.
#[inline(never)]
pub fn declare_eval_vars(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DeclareEvalVars = pc.decode();
    let code = frame.code();
    let Some(declarations) = &code.template().globals else { return Ok(()) };
    let closure_scope = frame.get(i.closure_scope.0 as usize);
    let closure = |n: u32| -> Value { cx.new_function(code.function(cx, n as usize), closure_scope).into() };
    let mut scope: Option<Gc<Scope>> = frame.get(i.scope.0 as usize).as_kind(Kind::Scope);
    while let Some(s) = scope {
        if let Some(at) = s.template().vars.iter().position(|v| v.kind == VarKind::EvalVars) {
            for function in &declarations.functions {
                declare_in(cx, s, at, &function.name, Some(closure(function.function)))?;
            }
            for name in declarations.var_names.iter().chain(&declarations.annex_b_names) {
                declare_in(cx, s, at, name, None)?;
            }
            return Ok(());
        }
        scope = s.parent_scope();
    }
    let realm = code.realm();
    let global = realm.global_object();
    check_var_names(cx, realm, declarations)?;
    for function in &declarations.functions {
        if !can_declare_function(cx, global, key_of(cx, &function.name))? {
            return Err(cx.throw_type(format_args!("Cannot declare global function '{}'", function.name)));
        }
    }
    for name in &declarations.var_names {
        if !can_declare_var(cx, global, key_of(cx, name))? {
            return Err(cx.throw_type(format_args!("Cannot declare global variable '{name}'")));
        }
    }
    for name in &declarations.annex_b_names {
        let key = key_of(cx, name);
        if find_binding(cx, realm, key).is_none() && can_declare_function(cx, global, key)? {
            create_global_var(cx, global, key, true)?;
        }
    }
    for function in &declarations.functions {
        create_global_function(cx, global, key_of(cx, &function.name), closure(function.function), true)?;
    }
    for name in &declarations.var_names {
        create_global_var(cx, global, key_of(cx, name), true)?;
    }
    Ok(())
}

/// Declares a variable of a function's scope; `slot` is its [`VarKind::EvalVars`] slot. Without a value an existing variable stays as it is.
fn declare_in(cx: &Context, scope: Gc<Scope>, slot: usize, name: &JsStr, value: Option<Value>) -> JsResult<()> {
    let own = scope
        .template()
        .vars
        .iter()
        .position(|v| v.name == *name && matches!(v.kind, VarKind::Var | VarKind::FunctionName));
    if let Some(at) = own {
        if let Some(v) = value {
            scope.set_slot(cx, at, v);
        }
        return Ok(());
    }
    let vars = match scope.slot(slot).as_object() {
        Some(vars) => vars,
        None => {
            let vars = cx.new_object_with_prototype(None);
            scope.set_slot(cx, slot, vars.into());
            vars
        }
    };
    let key = key_of(cx, name);
    if value.is_some() || !vars.has_own(cx, key)? {
        vars.create_data_or_throw(cx, key, value.unwrap_or(Value::UNDEFINED))?;
    }
    Ok(())
}
