//! Names looked up at run time: inside `with`, and where sloppy direct eval may have added variables (ECMA-262 §9.4.2).

use super::Pc;
use super::globals::{find_binding, load_global, store_global, throw_dead_zone, throw_not_defined};
use crate::cell::{Gc, Kind};
use crate::code::{CodeBlock, code_flag};
use crate::context::Context;
use crate::error::JsResult;
use crate::frame::{self, Frame};
use crate::key::PropertyKey;
use crate::object::Object;
use crate::scope::Scope;
use crate::value::Value;
use tercel_bytecode::op::instr;
use tercel_bytecode::{JsStr, ScopeKind, VarKind};

/// What binds a name.
#[derive(Clone, Copy)]
enum Binding {
    /// The object of a `with` scope.
    With(Gc<Scope>, Gc<Object>),
    /// A slot.
    Slot(Gc<Scope>, usize, VarKind),
    /// A variable that eval added: the scope and the object that holds it.
    Eval(Gc<Scope>, Gc<Object>),
}

/// Whether the scope itself binds the name.
fn binding_in(cx: &Context, scope: Gc<Scope>, text: &JsStr, key: PropertyKey) -> JsResult<Option<Binding>> {
    let template = scope.template();
    if template.kind == ScopeKind::With {
        let Some(object) = scope.slot(0).as_object() else { return Ok(None) };
        if !object.has_property(cx, key)? {
            return Ok(None);
        }
        // @@unscopables (§9.1.1.2.1).
        let unscopables = object.get(cx, cx.names().symbol_unscopables)?;
        if let Some(u) = unscopables.as_object()
            && u.get(cx, key)?.to_boolean()
        {
            return Ok(None);
        }
        return Ok(Some(Binding::With(scope, object)));
    }
    for (at, var) in template.vars.iter().enumerate() {
        match var.kind {
            VarKind::Internal => {}
            VarKind::EvalVars => {
                if let Some(vars) = scope.slot(at).as_object()
                    && vars.has_own(cx, key)?
                {
                    return Ok(Some(Binding::Eval(scope, vars)));
                }
            }
            kind if var.name == *text => return Ok(Some(Binding::Slot(scope, at, kind))),
            _ => {}
        }
    }
    Ok(None)
}

/// Looks the name up from `scope` outwards; `None`: the global scopes decide.
fn resolve(cx: &Context, code: Gc<CodeBlock>, scope: Value, name: u32) -> JsResult<Option<Binding>> {
    let text = code.template().string(name);
    let key = code.key(name as usize);
    let mut next: Option<Gc<Scope>> = scope.as_kind(Kind::Scope);
    while let Some(s) = next {
        if let Some(binding) = binding_in(cx, s, text, key)? {
            return Ok(Some(binding));
        }
        next = s.parent_scope();
    }
    Ok(None)
}

/// The value of a slot binding.
fn load_slot(cx: &Context, scope: Gc<Scope>, at: usize, kind: VarKind, key: PropertyKey) -> JsResult<Value> {
    let v = scope.slot(at);
    let v = if kind == VarKind::Import { crate::module::import_value(v) } else { v };
    if v.is_empty() { Err(throw_dead_zone(cx, key)) } else { Ok(v) }
}

/// GetBindingValue (§9.1.1.2.6 for objects).
fn load_binding(cx: &Context, binding: Binding, key: PropertyKey, strict: bool) -> JsResult<Value> {
    match binding {
        Binding::With(_, object) => {
            if !object.has_property(cx, key)? {
                return if strict { Err(throw_not_defined(cx, key)) } else { Ok(Value::UNDEFINED) };
            }
            object.get(cx, key)
        }
        Binding::Slot(scope, at, kind) => load_slot(cx, scope, at, kind, key),
        Binding::Eval(_, vars) => vars.get(cx, key),
    }
}

/// The value of a name and, for `with` bindings, the object.
fn load(cx: &Context, code: Gc<CodeBlock>, scope: Value, name: u32) -> JsResult<Option<(Value, Value)>> {
    let key = code.key(name as usize);
    match resolve(cx, code, scope, name)? {
        Some(binding) => {
            let this = if let Binding::With(_, object) = binding { object.into() } else { Value::UNDEFINED };
            Ok(Some((load_binding(cx, binding, key, code.has(code_flag::STRICT))?, this)))
        }
        None => Ok(load_global(cx, code.realm(), key)?.map(|v| (v, Value::UNDEFINED))),
    }
}

#[inline(never)]
pub fn load_name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::LoadName = pc.decode();
    let code = frame.code();
    match load(cx, code, frame.get(i.scope.0 as usize), i.name.0)? {
        Some((v, _)) => {
            frame.set(i.dst.0 as usize, v);
            Ok(())
        }
        None => Err(throw_not_defined(cx, code.key(i.name.0 as usize))),
    }
}

#[inline(never)]
pub fn typeof_name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::TypeofName = pc.decode();
    let found = load(cx, frame.code(), frame.get(i.scope.0 as usize), i.name.0)?;
    let v = found.map_or(Value::UNDEFINED, |(v, _)| v);
    frame.set(i.dst.0 as usize, cx.type_of(v).into());
    Ok(())
}

#[inline(never)]
pub fn load_name_for_call(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::LoadNameForCall = pc.decode();
    let code = frame.code();
    match load(cx, code, frame.get(i.scope.0 as usize), i.name.0)? {
        Some((v, this)) => {
            frame.set(i.block.0 as usize, v);
            frame.set(i.block.0 as usize + frame::THIS, this);
            Ok(())
        }
        None => Err(throw_not_defined(cx, code.key(i.name.0 as usize))),
    }
}

#[inline(never)]
pub fn resolve_name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ResolveName = pc.decode();
    let code = frame.code();
    let resolved = match resolve(cx, code, frame.get(i.scope.0 as usize), i.name.0)? {
        Some(Binding::With(scope, _) | Binding::Slot(scope, ..) | Binding::Eval(scope, _)) => scope.into(),
        None => {
            let key = code.key(i.name.0 as usize);
            let realm = code.realm();
            let global = find_binding(cx, realm, key).is_some() || realm.global_object().has_property(cx, key)?;
            if global { Value::NULL } else { Value::UNDEFINED }
        }
    };
    frame.set(i.dst.0 as usize, resolved);
    Ok(())
}

/// The binding that a resolved scope has now, without @@unscopables and with no further scopes.
fn again(cx: &Context, scope: Gc<Scope>, text: &JsStr, key: PropertyKey) -> JsResult<Option<Binding>> {
    if scope.template().kind == ScopeKind::With {
        return Ok(scope.slot(0).as_object().map(|object| Binding::With(scope, object)));
    }
    binding_in(cx, scope, text, key)
}

#[inline(never)]
pub fn load_resolved(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::LoadResolved = pc.decode();
    let code = frame.code();
    let key = code.key(i.name.0 as usize);
    let resolved = frame.get(i.resolved.0 as usize);
    let found = if let Some(scope) = resolved.as_kind::<Scope>(Kind::Scope) {
        match again(cx, scope, code.template().string(i.name.0), key)? {
            Some(binding) => Some(load_binding(cx, binding, key, i.strict.0 != 0)?),
            None => None,
        }
    } else if resolved.is_null() {
        load_global(cx, code.realm(), key)?
    } else {
        None
    };
    match found {
        Some(v) => {
            frame.set(i.dst.0 as usize, v);
            Ok(())
        }
        None => Err(throw_not_defined(cx, key)),
    }
}

#[inline(never)]
pub fn store_resolved(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::StoreResolved = pc.decode();
    let code = frame.code();
    let key = code.key(i.name.0 as usize);
    let strict = i.strict.0 != 0;
    let v = frame.get(i.src.0 as usize);
    let resolved = frame.get(i.resolved.0 as usize);
    let Some(scope) = resolved.as_kind::<Scope>(Kind::Scope) else {
        if resolved.is_undefined() && strict {
            return Err(throw_not_defined(cx, key));
        }
        if resolved.is_undefined() {
            let global = code.realm().global_object();
            return global.set(cx, key, v, global.into()).map(drop);
        }
        return store_global(cx, code.realm(), key, v, strict);
    };
    match again(cx, scope, code.template().string(i.name.0), key)? {
        Some(Binding::With(_, object)) => {
            if !object.has_property(cx, key)? && strict {
                return Err(throw_not_defined(cx, key));
            }
            if !object.set(cx, key, v, object.into())? && strict {
                return Err(cx.throw_refused_set(object.into(), key));
            }
            Ok(())
        }
        Some(Binding::Eval(_, vars)) => vars.put(cx, key, v),
        Some(Binding::Slot(scope, at, kind)) => match kind {
            VarKind::FunctionName if !strict => Ok(()),
            VarKind::Const | VarKind::Import | VarKind::FunctionName => {
                if scope.slot(at).is_empty() {
                    return Err(throw_dead_zone(cx, key));
                }
                Err(cx.throw_type(format_args!("Assignment to constant variable.")))
            }
            _ => {
                if scope.slot(at).is_empty() {
                    return Err(throw_dead_zone(cx, key));
                }
                scope.set_slot(cx, at, v);
                Ok(())
            }
        },
        // The variable that eval added was deleted meanwhile.
        None if strict => Err(throw_not_defined(cx, key)),
        None => declare_again(cx, scope, key, v),
    }
}

/// A sloppy assignment to a variable of eval that was deleted: it comes back (SetMutableBinding of a missing binding, §9.1.1.1.5).
fn declare_again(cx: &Context, scope: Gc<Scope>, key: PropertyKey, v: Value) -> JsResult<()> {
    match scope.template().vars.iter().position(|var| var.kind == VarKind::EvalVars) {
        Some(at) => match scope.slot(at).as_object() {
            Some(vars) => vars.create_data_or_throw(cx, key, v),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

#[inline(never)]
pub fn delete_name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::DeleteName = pc.decode();
    let code = frame.code();
    let key = code.key(i.name.0 as usize);
    let done = match resolve(cx, code, frame.get(i.scope.0 as usize), i.name.0)? {
        Some(Binding::With(_, object)) => object.delete(cx, key)?,
        Some(Binding::Eval(_, vars)) => vars.delete(cx, key)?,
        Some(Binding::Slot(..)) => false,
        None => {
            let realm = code.realm();
            if find_binding(cx, realm, key).is_some() {
                false
            } else if realm.global_object().has_property(cx, key)? {
                realm.global_object().delete(cx, key)?
            } else {
                true
            }
        }
    };
    frame.set(i.dst.0 as usize, Value::boolean(done));
    Ok(())
}
