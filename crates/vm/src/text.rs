//! The part of a context that belongs to strings, symbols, names and numbers.
//!
//! What the context does with it: it has a field `text: Text`, made by `Text::new()` before anything else; when the
//! heap stands, `cx.init_text()` interns the well-known names. Its root tracer calls [`Text::trace`]; after a full
//! marking, and before any mutator runs, the weak phase calls [`Text::sweep`].

use crate::cell::Gc;
use crate::context::Context;
use crate::names::Names;
use crate::string::JsString;
use crate::symbol::Symbol;
use crate::value::Value;
use std::cell::{Cell, UnsafeCell};

/// State of strings, symbols, names and number conversion in one context.
pub struct Text {
    pub(crate) names: UnsafeCell<Option<Box<Names>>>,
    pub(crate) next_symbol: Cell<u32>,
    pub(crate) registry: Registry,
}

/// `Symbol.for`'s table: interned key → symbol.
#[derive(Default)]
pub(crate) struct Registry;
impl Registry {
    pub fn get(&self, _key: Gc<JsString>) -> Option<Gc<Symbol>> { todo!() }
    pub fn insert(&self, _key: Gc<JsString>, _symbol: Gc<Symbol>) { todo!() }
}

impl Text {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Text { todo!() }
    /// Visits every strong root; a moving collector may update the slot.
    pub fn trace(&self, _visit: &mut dyn FnMut(&Cell<Value>)) { todo!() }
    /// Drops interned strings that a full collection found dead.
    pub fn sweep(&self, _is_live: &mut dyn FnMut(usize) -> bool) { todo!() }
}

impl Context {
    /// Interns the well-known names and symbols. Once, when the heap stands.
    pub fn init_text(&self) { todo!() }
    /// The keys of the well-known names.
    #[inline(always)]
    pub fn names(&self) -> &Names { todo!() }
}
