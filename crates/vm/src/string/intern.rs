//! The intern table: one string for each text that ever named a property.
//!
//! The table holds its strings weakly: a full collection removes those that nothing else refers to
//! ([`InternTable::sweep`]). Interned strings do not move, so the table, inline caches, shapes and code may hold
//! their addresses.

use super::chars::Chars;
use super::create::{fill_flat, init_string, interned_flags};
use super::{JsString, TWO_BYTE, flat_size};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use hashbrown::HashTable;
use std::cell::RefCell;

/// The set of interned strings of a context, found by text.
#[derive(Default)]
pub struct InternTable {
    strings: RefCell<HashTable<Gc<JsString>>>,
}

/// The table's hash function needs 64 bits, of which it uses the lowest and the highest.
#[inline(always)]
fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl InternTable {
    pub fn with_capacity(strings: usize) -> InternTable {
        InternTable { strings: RefCell::new(HashTable::with_capacity(strings)) }
    }

    #[inline]
    fn find(&self, hash: u32, chars: Chars<'_>) -> Option<Gc<JsString>> {
        self.strings
            .borrow()
            .find(spread(hash), |s| s.hash.get() == hash && s.len() == chars.len() && s.flat_chars().equals(chars))
            .copied()
    }

    fn insert(&self, string: Gc<JsString>) {
        self.strings.borrow_mut().insert_unique(spread(string.hash.get()), string, |s| spread(s.hash.get()));
    }

    /// Interned strings at present.
    pub fn len(&self) -> usize {
        self.strings.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the strings that a full collection found dead, before their memory is reused.
    pub fn sweep(&self, is_live: &mut dyn FnMut(usize) -> bool) {
        self.strings.borrow_mut().retain(|s| is_live(s.addr()));
    }
}

impl Context {
    /// The interned (non-moving, unique) string of equal text. Fails only where memory for a large one does.
    #[inline]
    pub fn intern(&self, s: Gc<JsString>) -> JsResult<Gc<JsString>> {
        if s.is_interned() { Ok(s) } else { self.intern_slow(s) }
    }

    fn intern_slow(&self, s: Gc<JsString>) -> JsResult<Gc<JsString>> {
        if let Some(found) = interned_base(s) {
            return Ok(found);
        }
        let hash = s.hash(self)?;
        let interned = self.intern_hashed(hash, s.chars(self)?)?;
        // A slice (a former rope, often) may as well be a window into the interned text: then the next look-up is one comparison, and
        // its base can die.
        if let Some(slice) = s.as_slice()
            && interned.is_two_byte() == s.is_two_byte()
        {
            slice.base.set(interned);
            slice.offset.set(0);
            self.text_write_barrier(s, interned);
        }
        Ok(interned)
    }

    /// The interned string of these characters.
    pub fn intern_chars(&self, chars: Chars<'_>) -> JsResult<Gc<JsString>> {
        self.intern_hashed(super::hash::hash(chars, self.text.seed), chars)
    }

    /// The interned string of a text of bounded size (a name). Where memory is refused, the empty string: a collection is
    /// pending then, and the next safepoint ends a script that holds on to too much. Where that is not good enough,
    /// use [`Context::intern_chars`].
    pub fn intern_utf8(&self, s: &str) -> Gc<JsString> {
        if s.is_ascii() {
            self.intern_latin1(s.as_bytes())
        } else {
            self.intern_utf16(&s.encode_utf16().collect::<Vec<u16>>())
        }
    }

    /// As [`Context::intern_utf8`], from Latin-1.
    pub fn intern_latin1(&self, s: &[u8]) -> Gc<JsString> {
        self.intern_or_empty(Chars::Latin1(s))
    }

    /// As [`Context::intern_utf8`], from UTF-16.
    pub fn intern_utf16(&self, s: &[u16]) -> Gc<JsString> {
        self.intern_or_empty(Chars::Utf16(s))
    }

    fn intern_or_empty(&self, chars: Chars<'_>) -> Gc<JsString> {
        self.intern_chars(chars).unwrap_or_else(|_| {
            self.take_exception();
            self.empty_string()
        })
    }

    /// The interned string of equal text, if there is one.
    pub fn find_interned(&self, s: Gc<JsString>) -> JsResult<Option<Gc<JsString>>> {
        if s.is_interned() {
            return Ok(Some(s));
        }
        if let Some(found) = interned_base(s) {
            return Ok(Some(found));
        }
        let hash = s.hash(self)?;
        Ok(self.text.interned.find(hash, s.chars(self)?))
    }

    fn intern_hashed(&self, hash: u32, chars: Chars<'_>) -> JsResult<Gc<JsString>> {
        if let Some(found) = self.text.interned.find(hash, chars) {
            return Ok(found);
        }
        let flags = interned_flags(chars);
        let size = flat_size(chars.len(), flags & TWO_BYTE != 0);
        let string: Gc<JsString> = self.alloc_fixed_text_cell(Kind::StringFlat, size, flags)?;
        init_string(string, chars.len());
        // SAFETY: the fresh payload has room for the characters in the encoding that the flags name.
        unsafe { fill_flat(string, chars) };
        string.hash.set(hash);
        self.text.interned.insert(string);
        Ok(string)
    }
}

/// The interned string that a slice shows completely.
fn interned_base(s: Gc<JsString>) -> Option<Gc<JsString>> {
    let base = s.as_slice()?.base.get();
    (base.is_interned() && base.len() == s.len()).then_some(base)
}

#[cfg(test)]
mod tests {
    use crate::testing::context;

    #[test]
    fn equal_texts_intern_to_one_string_whatever_their_form() {
        let cx = context();
        let text = "a rather long property name, so that ropes occur";
        let interned = cx.intern_utf8(text);
        let (a, b) = text.split_at(25);
        let rope = cx.concat(cx.string_from_utf8(a), cx.string_from_utf8(b)).unwrap();
        assert!(rope.is_rope());
        assert_eq!(cx.intern(rope).unwrap(), interned);
        assert_eq!(rope.as_slice().unwrap().base.get(), interned, "the former rope now shows the interned text");
        let wide: Vec<u16> = format!("{text}→").encode_utf16().collect();
        let source = cx.string_from_utf16(&wide).unwrap();
        let window = cx.substring(source, 0, text.len()).unwrap();
        assert!(window.is_two_byte());
        assert_eq!(cx.intern(window).unwrap(), interned);
        assert_eq!(cx.find_interned(cx.string_from_utf8("never seen before")).unwrap(), None);
    }

    #[test]
    fn names_and_indices_are_told_apart_once() {
        let cx = context();
        assert_eq!(cx.intern_utf8("42").interned_index(), Some(42));
        assert_eq!(cx.intern_utf8("042").interned_index(), None);
        assert_eq!(cx.key_from_utf8("42").as_index(), Some(42));
        assert_eq!(cx.key_from_string(cx.string_from_utf8("7")).unwrap().as_index(), Some(7));
        assert_eq!(cx.key_from_utf8("length"), cx.names().length);
    }

    #[test]
    fn a_sweep_forgets_the_dead() {
        let cx = context();
        let before = cx.text.interned.len();
        let (kept, dead) = (cx.intern_utf8("kept alive"), cx.intern_utf8("about to die"));
        assert_eq!(cx.text.interned.len(), before + 2);
        cx.text.interned.sweep(&mut |addr| addr != dead.addr());
        assert_eq!(cx.text.interned.len(), before + 1);
        assert_eq!(cx.intern_utf8("kept alive"), kept);
        assert_ne!(cx.intern_utf8("about to die"), dead);
    }
}
