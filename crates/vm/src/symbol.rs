//! Symbols (ECMA-262 §6.1.5) and private names (§6.2.12): cells that do not move, compared by identity.
//!
//! The registry of `Symbol.for` (§20.4.2.2) is shared by all realms of an engine. Its symbols stay alive with the
//! engine: a program could not observe their collection except as memory, but their keys are program text, so few.

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::string::JsString;
use crate::value::Value;
use std::cell::Cell;

#[repr(C)]
pub struct Symbol {
    pub header: CellHeader,
    /// Hash of the identity; symbols do not move, but their hash must not reveal addresses.
    pub hash: Cell<u32>,
    /// [`PRIVATE`], [`REGISTERED`], [`WELL_KNOWN`].
    pub flags: Cell<u32>,
    /// A string or undefined.
    pub description: Cell<Value>,
}

/// Flag: a private name of a class.
pub const PRIVATE: u32 = 1;
/// Flag: made by `Symbol.for`; its description is its key.
pub const REGISTERED: u32 = 2;
/// Flag: one of the well-known symbols.
pub const WELL_KNOWN: u32 = 4;
/// Flag: a private method or accessor, which cannot be assigned (§7.3.31).
pub const PRIVATE_METHOD: u32 = 8;

impl Gc<Symbol> {
    #[inline(always)]
    pub fn is_private(self) -> bool {
        self.flags.get() & PRIVATE != 0
    }
    #[inline(always)]
    pub fn is_registered(self) -> bool {
        self.flags.get() & REGISTERED != 0
    }
    /// CanBeHeldWeakly (§9.14) for symbols: registered ones cannot.
    pub fn can_be_held_weakly(self) -> bool {
        !self.is_registered()
    }
    /// SymbolDescriptiveString (§20.4.3.3.1) as Rust text; a private name shows as `#name`.
    pub fn descriptive_string(self, cx: &Context) -> String {
        let description = self.description.get().as_string().map_or_else(String::new, |s| s.to_rust(cx));
        if self.is_private() { description } else { format!("Symbol({description})") }
    }
}

impl Context {
    /// A fresh symbol; `description` is a string or undefined.
    pub fn new_symbol(&self, description: Value) -> Gc<Symbol> {
        self.symbol_with_flags(description, 0)
    }

    /// A fresh private name; its description is its source text with the `#`.
    pub fn new_private_name(&self, description: Value) -> Gc<Symbol> {
        self.symbol_with_flags(description, PRIVATE)
    }

    /// Where memory for a symbol is refused, a collection is pending, and the next safepoint ends a script that
    /// holds on to too much; until then one spare symbol serves.
    pub(crate) fn symbol_with_flags(&self, description: Value, flags: u32) -> Gc<Symbol> {
        debug_assert!(description.is_undefined() || description.is_string());
        let symbol: Gc<Symbol> = match self.alloc_fixed_text_cell(Kind::Symbol, size_of::<Symbol>(), 0) {
            Ok(symbol) => symbol,
            Err(_) => {
                self.take_exception();
                return self.text.spare_symbol().expect("a fresh heap has room for its first cells");
            }
        };
        let serial = self.text.next_symbol.get();
        self.text.next_symbol.set(serial.wrapping_add(1));
        // A fresh cell starts out remembered, so its young description needs no barrier.
        symbol.hash.set(serial.wrapping_mul(0x9e37_79b9) | 1);
        symbol.flags.set(flags);
        symbol.description.set(description);
        symbol
    }

    /// SymbolDescriptiveString (§20.4.3.3.1) of a symbol value.
    pub fn symbol_descriptive_string(&self, symbol: Value) -> JsResult<Gc<JsString>> {
        let description = symbol.as_symbol().and_then(|s| s.description.get().as_string());
        let open = self.string_from_latin1(b"Symbol(")?;
        let text = self.concat(open, description.unwrap_or_else(|| self.empty_string()))?;
        self.concat(text, self.single_char(b')' as u16))
    }

    /// `Symbol.for(key)` (§20.4.2.2).
    pub fn symbol_for(&self, key: Gc<JsString>) -> JsResult<Gc<Symbol>> {
        let key = self.intern(key)?;
        if let Some(symbol) = self.text.registered(key) {
            return Ok(symbol);
        }
        let symbol = self.symbol_with_flags(key.into(), REGISTERED);
        self.text.register(key, symbol);
        Ok(symbol)
    }

    /// `Symbol.keyFor(symbol)` (§20.4.2.6): the key, or undefined.
    pub fn symbol_key_for(&self, symbol: Gc<Symbol>) -> Value {
        if symbol.is_registered() { symbol.description.get() } else { Value::UNDEFINED }
    }
}

#[cfg(test)]
mod tests {
    use crate::key::PropertyKey;
    use crate::names;
    use crate::testing::context;

    #[test]
    fn the_registry_finds_by_text_and_knows_its_own() {
        let cx = context();
        let a = cx.symbol_for(cx.string_from_utf8("app.key")).unwrap();
        assert_eq!(cx.symbol_for(cx.intern_utf8("app.key")).unwrap(), a);
        assert!(!a.can_be_held_weakly());
        assert_eq!(cx.symbol_key_for(a).as_string().unwrap().to_rust(&cx), "app.key");
        let fresh = cx.new_symbol(cx.string_from_utf8("app.key").into());
        assert_ne!(fresh, a);
        assert!(cx.symbol_key_for(fresh).is_undefined());
        assert_eq!(fresh.descriptive_string(&cx), "Symbol(app.key)");
        assert_eq!(cx.symbol_descriptive_string(fresh.into()).unwrap().to_rust(&cx), "Symbol(app.key)");
    }

    #[test]
    fn well_known_symbols_are_keys_of_the_table() {
        let cx = context();
        let iterator = cx.well_known_symbol(names::SYMBOL_ITERATOR);
        assert_eq!(iterator.descriptive_string(&cx), "Symbol(Symbol.iterator)");
        assert_eq!(cx.names().symbol_iterator, PropertyKey::symbol(iterator));
        assert!(!cx.names().symbol_iterator.is_private());
        let private = cx.new_private_name(cx.string_from_utf8("#x").into());
        assert!(PropertyKey::symbol(private).is_private());
        assert_eq!(private.descriptive_string(&cx), "#x");
    }
}
