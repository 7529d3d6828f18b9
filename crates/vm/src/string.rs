//! Strings: Latin-1 or UTF-16, flat, rope, slice, interned; hash cached. (Contract; the owner writes the bodies.)

use crate::cell::{CellHeader, Gc};
use crate::context::Context;
use crate::error::JsResult;
use std::cell::Cell;

/// Longest string, in UTF-16 code units: 2^30 − 25 … choose and document; exceeding it throws RangeError.
pub const MAX_LENGTH: usize = (1 << 30) - 1;

/// header | length u32 | hash u32 (0: not computed) | payload.
/// Payload: characters (flat), {left, right} (rope), {base flat string, offset} (slice). Flags in `header.flags`:
/// TWO_BYTE, INTERNED, INDEX (an interned array index is never a property name) …
#[repr(C)]
pub struct JsString {
    pub header: CellHeader,
    pub length: Cell<u32>,
    pub hash: Cell<u32>,
}

/// The characters of a flat string. Valid until the next safepoint (or as long as the cell is pinned).
#[derive(Clone, Copy)]
pub enum Chars<'a> {
    Latin1(&'a [u8]),
    Utf16(&'a [u16]),
}

impl Gc<JsString> {
    #[inline(always)]
    pub fn len(self) -> usize {
        self.length.get() as usize
    }
    /// Flattens a rope (in place: it becomes a slice) and gives the characters. Iterative; infallible for the
    /// small, and a failed large allocation throws RangeError.
    pub fn chars<'a>(self, _cx: &'a Context) -> JsResult<Chars<'a>> { todo!() }
    /// Code unit at `i` (must be < len). Flattens when needed.
    pub fn char_at(self, _cx: &Context, _i: usize) -> JsResult<u16> { todo!() }
    pub fn equals(self, _cx: &Context, _other: Gc<JsString>) -> JsResult<bool> { todo!() }
    pub fn compare(self, _cx: &Context, _other: Gc<JsString>) -> JsResult<std::cmp::Ordering> { todo!() }
    /// Lossy UTF-8 (lone surrogates become U+FFFD).
    pub fn to_rust(self, _cx: &Context) -> String { todo!() }
}

impl Context {
    pub fn string_from_utf8(&self, _s: &str) -> Gc<JsString> { todo!() }
    pub fn string_from_latin1(&self, _s: &[u8]) -> JsResult<Gc<JsString>> { todo!() }
    pub fn string_from_utf16(&self, _s: &[u16]) -> JsResult<Gc<JsString>> { todo!() }
    /// `a + b`: a rope when long, flat when short; RangeError over MAX_LENGTH.
    pub fn concat(&self, _a: Gc<JsString>, _b: Gc<JsString>) -> JsResult<Gc<JsString>> { todo!() }
    /// Code units `start..end`: a slice when long, a copy when short, the single-character table for one.
    pub fn substring(&self, _s: Gc<JsString>, _start: usize, _end: usize) -> JsResult<Gc<JsString>> { todo!() }
    pub fn single_char(&self, _unit: u16) -> Gc<JsString> { todo!() }
    pub fn empty_string(&self) -> Gc<JsString> { todo!() }
    /// The interned (non-moving, unique) string of equal content.
    pub fn intern(&self, _s: Gc<JsString>) -> JsResult<Gc<JsString>> { todo!() }
    pub fn intern_utf8(&self, _s: &str) -> Gc<JsString> { todo!() }
}
