//! Property keys (ECMA-262 §6.1.7): an array index, or a unique cell.
//!
//! A key is one word, and two keys are the same property exactly when their words are equal. That holds because
//! an array index is always an integer here (never a string), every other string key is interned, and symbols
//! are unique by nature. Private names (§6.2.12) are symbols with a flag.
//!
//! Interned strings and symbols never move, so the word of a key never changes and its hash may come from it.

use crate::cell::{Cell64, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::string::{self, JsString, array_index};
use crate::symbol::Symbol;
use crate::value::{INT32_TAG, Value};

/// Encoded as a `Value`'s bits: index i → `INT32_TAG | i as u32` (all of u32 but 2^32 − 1), else the cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct PropertyKey(pub(crate) u64);

/// The largest array index, 2^32 − 2 (§6.1.7).
pub const MAX_INDEX: u32 = u32::MAX - 1;

impl PropertyKey {
    /// The key of an array index; `i` is at most [`MAX_INDEX`].
    #[inline(always)]
    pub const fn index(i: u32) -> PropertyKey {
        debug_assert!(i <= MAX_INDEX);
        PropertyKey(INT32_TAG | i as u64)
    }

    #[inline(always)]
    pub fn symbol(s: Gc<Symbol>) -> PropertyKey {
        PropertyKey(s.addr() as u64)
    }

    /// `s` must be interned and not an array index.
    #[inline(always)]
    pub fn name(s: Gc<JsString>) -> PropertyKey {
        debug_assert!(s.is_interned() && s.interned_index().is_none());
        PropertyKey(s.addr() as u64)
    }

    /// The key that a string constant of a template names (those are interned), or a symbol, or an index.
    #[inline]
    pub fn from_constant(constant: Value) -> PropertyKey {
        match constant.as_string() {
            Some(s) if s.is_interned() => s.interned_index().map_or(PropertyKey(s.addr() as u64), PropertyKey::index),
            _ if constant.is_int32() && constant.as_int32() >= 0 => PropertyKey::index(constant.as_int32() as u32),
            _ => PropertyKey(constant.bits()),
        }
    }

    /// The raw word, as shapes and inline caches compare it.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The key of this raw word, which came from [`PropertyKey::bits`].
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> PropertyKey {
        PropertyKey(bits)
    }

    #[inline(always)]
    pub const fn is_index(self) -> bool {
        self.0 >= INT32_TAG
    }

    #[inline(always)]
    pub const fn as_index(self) -> Option<u32> {
        if self.is_index() { Some(self.0 as u32) } else { None }
    }

    /// The cell of a string or symbol key.
    #[inline(always)]
    pub fn as_cell(self) -> Option<Gc<Cell64>> {
        // SAFETY: what is no index is the address of an interned string or a symbol, kept alive by whoever holds the key.
        if self.is_index() { None } else { Some(unsafe { Gc::from_addr(self.0 as usize) }) }
    }

    #[inline]
    pub fn as_name(self) -> Option<Gc<JsString>> {
        let cell = self.as_cell()?;
        // SAFETY: the kind was checked.
        if cell.kind().is_string() { Some(unsafe { cell.cast() }) } else { None }
    }

    #[inline]
    pub fn as_symbol(self) -> Option<Gc<Symbol>> {
        let cell = self.as_cell()?;
        // SAFETY: the kind was checked.
        if cell.kind() == Kind::Symbol { Some(unsafe { cell.cast() }) } else { None }
    }

    pub fn is_symbol(self) -> bool {
        self.as_symbol().is_some()
    }

    /// A private name (`#x`): no reflection shows it.
    #[inline]
    pub fn is_private(self) -> bool {
        self.as_symbol().is_some_and(|s| s.is_private())
    }

    /// A hash of the key's word, for tables inside the engine. Stable while the key lives.
    #[inline(always)]
    pub const fn hash(self) -> u32 {
        // Cells are granule-aligned, so the low bits say nothing; a multiplication spreads the rest upwards.
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }

    /// The key as JavaScript sees it: a string or a symbol.
    pub fn to_value(self, cx: &Context) -> Value {
        match self.as_index() {
            Some(i) => cx.string_from_u32(i).into(),
            // The word of a cell key is the word of the cell as a value.
            None => Value::from_bits(self.0),
        }
    }

    /// The key for messages: `foo`, `12`, `Symbol(bar)`.
    pub fn display(self, cx: &Context) -> String {
        match (self.as_index(), self.as_symbol()) {
            (Some(i), _) => i.to_string(),
            (_, Some(s)) => s.descriptive_string(cx),
            _ => Value::from_bits(self.0).as_string().map_or_else(String::new, |s| s.to_rust(cx)),
        }
    }
}

impl std::fmt::Debug for PropertyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.as_index() {
            Some(i) => write!(f, "[{i}]"),
            None => write!(f, "key@{:#x}", self.0),
        }
    }
}

impl Context {
    /// ToPropertyKey (§7.1.19).
    #[inline]
    pub fn to_property_key(&self, v: Value) -> JsResult<PropertyKey> {
        if v.is_int32() && v.as_int32() >= 0 {
            return Ok(PropertyKey::index(v.as_int32() as u32));
        }
        self.to_property_key_slow(v)
    }

    fn to_property_key_slow(&self, v: Value) -> JsResult<PropertyKey> {
        if let Some(s) = v.as_string() {
            return self.key_from_string(s);
        }
        if v.is_double() {
            let d = v.as_double();
            let i = d as u32;
            // −0 prints as "0", so it is index 0 like +0.
            if i as f64 == d && i <= MAX_INDEX {
                return Ok(PropertyKey::index(i));
            }
        }
        if v.is_object() {
            let primitive = self.to_primitive(v, crate::convert::Hint::String)?;
            return self.to_property_key(primitive);
        }
        if let Some(symbol) = v.as_kind::<Symbol>(Kind::Symbol) {
            return Ok(PropertyKey::symbol(symbol));
        }
        let s = self.to_string(v)?;
        self.key_from_string(s)
    }

    /// The key that a string names.
    #[inline]
    pub fn key_from_string(&self, s: Gc<JsString>) -> JsResult<PropertyKey> {
        if s.is_interned() {
            return Ok(s.interned_index().map_or(PropertyKey(s.addr() as u64), PropertyKey::index));
        }
        self.key_from_string_slow(s)
    }

    fn key_from_string_slow(&self, s: Gc<JsString>) -> JsResult<PropertyKey> {
        if s.len() <= string::MAX_INDEX_DIGITS
            && let Some(i) = array_index(s.chars(self)?)
        {
            return Ok(PropertyKey::index(i));
        }
        Ok(PropertyKey::name(self.intern(s)?))
    }

    /// The key that a string names, if some key of that name was ever made: a lookup that creates nothing. `None`
    /// means that no object of this engine can have such a property.
    pub fn existing_key(&self, s: Gc<JsString>) -> JsResult<Option<PropertyKey>> {
        if s.is_interned() || s.len() <= string::MAX_INDEX_DIGITS {
            return self.key_from_string(s).map(Some);
        }
        Ok(self.find_interned(s)?.map(PropertyKey::name))
    }

    /// The key that these characters spell.
    pub fn key_from_chars(&self, chars: string::Chars<'_>) -> JsResult<PropertyKey> {
        match array_index(chars) {
            Some(i) => Ok(PropertyKey::index(i)),
            None => self.intern_chars(chars).map(PropertyKey::name),
        }
    }

    pub fn key_from_utf8(&self, s: &str) -> PropertyKey {
        match array_index(string::Chars::Latin1(s.as_bytes())) {
            Some(i) => PropertyKey::index(i),
            None => PropertyKey::name(self.intern_utf8(s)),
        }
    }

    /// CanonicalNumericIndexString (§7.1.21) of a key: the number that a typed array takes it for, or `None` where it
    /// is an ordinary property.
    pub fn canonical_numeric_index(&self, key: PropertyKey) -> Option<f64> {
        if let Some(i) = key.as_index() {
            return Some(i as f64);
        }
        let s = key.as_name()?;
        // Only digits, a sign, or the first letters of Infinity and NaN can begin the name of a number.
        let chars = s.flat_chars();
        if !matches!(chars.get(0)?, 0x30..=0x39 | 0x2d | 0x49 | 0x4e) || chars.len() > 32 {
            return None;
        }
        if chars.equals_ascii(b"-0") {
            return Some(-0.0);
        }
        let n = crate::number::parse::string_to_number(chars);
        let mut buffer = crate::number::format::Buffer::new();
        chars.equals_ascii(buffer.format(n).as_bytes()).then_some(n)
    }
}
