//! Module namespace objects (ECMA-262 §10.4.6): the sorted names of a module's exports, each bound to a variable of some module.
//!
//! A binding is a slot of a module's scope (which may hold an import cell of its own: `scope` resolves it), or, for a
//! re-exported namespace, the namespace itself.

use super::Object;
use super::define::is_compatible;
use super::descriptor::PropertyDescriptor;
use super::property::Property;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::key::PropertyKey;
use crate::list::ValueList;
use crate::names;
use crate::scope::Scope;
use crate::shape::{ENUMERABLE, WRITABLE};
use crate::value::Value;
use crate::values::ValueArray;
use std::cell::Cell;

/// Kind::ModuleNamespace.
#[repr(C)]
pub struct ModuleNamespace {
    pub object: Object,
    /// The `Module` record.
    pub module: Cell<Value>,
    /// A `ValueArray` of triples in the order of the names: name (a property key's word), scope or value, slot as int32 or −1.
    pub exports: Cell<Value>,
}

const STRIDE: usize = 3;

fn exports(o: Gc<Object>) -> Option<Gc<ValueArray>> {
    o.as_kind::<ModuleNamespace>(Kind::ModuleNamespace)?.exports.get().as_kind(Kind::ValueArray)
}

fn find(o: Gc<Object>, key: PropertyKey) -> Option<(Gc<ValueArray>, usize)> {
    let exports = exports(o)?;
    (0..exports.len()).step_by(STRIDE).find(|&i| exports.get(i).bits() == key.bits()).map(|i| (exports, i))
}

/// Whether `key` names an export, or is `Symbol.toStringTag`.
pub(crate) fn has(cx: &Context, o: Gc<Object>, key: PropertyKey) -> bool {
    find(o, key).is_some() || (key.is_symbol() && o.shape(cx).lookup(cx, key).is_some())
}

/// Exports cannot be deleted; neither can the tag.
pub(crate) fn is_deletable(_key: PropertyKey) -> bool {
    false
}

/// [[GetOwnProperty]] (§10.4.6.5); ReferenceError for a binding that is not initialised.
pub(crate) fn own_property(cx: &Context, o: Gc<Object>, key: PropertyKey) -> JsResult<Option<Property>> {
    if key.is_symbol() {
        return Ok(o.own_named(cx, key));
    }
    let Some((exports, i)) = find(o, key) else { return Ok(None) };
    let (target, slot) = (exports.get(i + 1), exports.get(i + 2).as_int32());
    let value = match target.as_kind::<Scope>(Kind::Scope) {
        Some(scope) if slot >= 0 => scope.slot(slot as usize),
        _ => target,
    };
    if value.is_empty() {
        return Err(cx.throw_reference(format_args!("Cannot access '{}' before initialization", key.display(cx))));
    }
    Ok(Some(Property { value, attributes: WRITABLE | ENUMERABLE }))
}

/// [[DefineOwnProperty]] (§10.4.6.6): only what changes nothing succeeds.
pub(crate) fn define_own(cx: &Context, o: Gc<Object>, key: PropertyKey, d: &PropertyDescriptor) -> JsResult<bool> {
    if key.is_symbol() {
        return o.ordinary_define(cx, key, d);
    }
    let Some(current) = own_property(cx, o, key)? else { return Ok(false) };
    if d.configurable == Some(true) || d.enumerable == Some(false) || d.is_accessor() || d.writable == Some(false) {
        return Ok(false);
    }
    match d.value {
        Some(v) => cx.same_value(v, current.value),
        None => is_compatible(cx, false, d, Some(current)),
    }
}

/// Adds the names of the exports in code unit order.
pub(crate) fn push_keys(_cx: &Context, o: Gc<Object>, list: &ValueList<'_>) {
    if let Some(exports) = exports(o) {
        for i in (0..exports.len()).step_by(STRIDE) {
            list.push_key(PropertyKey::from_bits(exports.get(i).bits()));
        }
    }
}

impl Context {
    /// ModuleNamespaceCreate (§10.4.6.12). `exports`: the triples of [`ModuleNamespace::exports`], sorted by name.
    pub fn new_module_namespace(&self, module: Value, exports: Gc<ValueArray>) -> JsResult<Gc<Object>> {
        let shape = self.root_shape(None, Kind::ModuleNamespace, 1);
        let namespace: Gc<ModuleNamespace> = self.alloc_object_raw(shape, Kind::ModuleNamespace);
        namespace.module.set(module);
        namespace.exports.set(exports.into());
        let o = namespace.object();
        let tag = self.name_string_of("Module");
        o.add_property(self, self.name(names::SYMBOL_TO_STRING_TAG), tag, 0)?;
        o.prevent_extensions(self)?;
        Ok(o)
    }

    fn name_string_of(&self, text: &str) -> Value {
        self.intern_utf8(text).into()
    }
}
