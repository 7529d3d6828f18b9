//! Strings: Latin-1 or UTF-16; flat, rope, slice, interned.
//!
//! ```text
//!   all     header (8) | length u32 | hash u32 | payload
//!   flat    payload = the characters, in the cell
//!   rope    payload = left, right: a concatenation that nobody has read yet
//!   slice   payload = base, offset: a window into a flat string
//! ```
//!
//! Why three forms: a concatenation costs one small cell whatever its length, so that building a string piece by
//! piece is linear; a substring of a long string copies nothing. Whoever reads the characters of a rope has it
//! flattened first, and the rope *becomes* a slice of the result (same cell size, only the kind byte and the payload
//! change), so that it is flattened once.
//!
//! Invariants:
//! - The length never changes, and the text never does. The kind goes from rope to slice at most, never back.
//! - Ropes are at least [`MIN_ROPE`] long, slices at least [`MIN_SLICE`]: shorter texts are copied.
//! - The base of a slice is flat: never a rope, never another slice.
//! - `TWO_BYTE` says how the characters are stored (for a rope: will be), not what they need: equality, order and
//!   hash go by code units.
//! - Interned strings are flat, unique by text, and do not move: the identity of one is the identity of its text.
//! - A flat string with `BUFFER` is never a value: it is the growing store behind slices (see [`rope`]); its
//!   length is its capacity, and its `hash` field counts the units in use.

pub mod builder;
pub mod case;
pub mod chars;
mod create;
pub mod hash;
pub mod intern;
pub mod normalize;
mod rope;
pub mod search;

pub use builder::StringBuilder;
pub use chars::{Chars, MAX_INDEX_DIGITS, array_index, is_white_space};
pub use normalize::NormalizationForm;

use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use std::cell::Cell;
use std::cmp::Ordering;

/// Longest string in UTF-16 code units: 2^29 − 24, as in V8, so that programs that probe the limit find the one
/// they know, and so that a sum of two lengths fits 32 bits. Exceeding it throws RangeError "Invalid string length".
pub const MAX_LENGTH: usize = (1 << 29) - 24;
/// Shortest concatenation that becomes a rope. A flat string of 24 Latin-1 characters is hardly larger than a rope.
pub const MIN_ROPE: usize = 24;
/// Shortest substring that becomes a slice.
pub const MIN_SLICE: usize = 24;

/// Header flag: two bytes a character.
pub const TWO_BYTE: u8 = 1 << 0;
/// Header flag: interned.
pub const INTERNED: u8 = 1 << 1;
/// Header flag: interned, and spells an array index, so it is no property name.
pub const INDEX: u8 = 1 << 2;
/// Header flag: not a value, but the growing store behind slices.
pub const BUFFER: u8 = 1 << 3;

/// Byte offset of a flat string's characters; also of a rope's `left` and a slice's `base`.
pub const PAYLOAD: usize = 16;

/// What all strings begin with. See the module's text for the payload.
#[repr(C)]
pub struct JsString {
    /// flags = [`TWO_BYTE`], [`INTERNED`], [`INDEX`], [`BUFFER`].
    pub header: CellHeader,
    /// Length in code units.
    pub length: Cell<u32>,
    /// The seeded hash of the text, 0 if not computed.
    pub hash: Cell<u32>,
}

/// `Kind::StringRope`.
#[repr(C)]
pub struct Rope {
    pub string: JsString,
    pub left: Cell<Gc<JsString>>,
    pub right: Cell<Gc<JsString>>,
}

/// `Kind::StringSlice`; as large as a [`Rope`], because a rope becomes one in place.
#[repr(C)]
pub struct Slice {
    pub string: JsString,
    /// A flat string of the same encoding.
    pub base: Cell<Gc<JsString>>,
    /// First code unit of the window.
    pub offset: Cell<u32>,
    _reserved: Cell<u32>,
}

const _: () = assert!(size_of::<JsString>() == PAYLOAD);
const _: () = assert!(size_of::<Rope>() == size_of::<Slice>());

/// Size in bytes of a flat string's cell.
#[inline(always)]
pub const fn flat_size(length: usize, two_byte: bool) -> usize {
    (PAYLOAD + (length << two_byte as usize) + 7) & !7
}

impl Gc<JsString> {
    /// Length in code units.
    #[inline(always)]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(self) -> usize {
        self.length.get() as usize
    }
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.length.get() == 0
    }
    #[inline(always)]
    fn kind_byte(self) -> u8 {
        self.header.kind.get()
    }
    #[inline(always)]
    pub fn is_rope(self) -> bool {
        self.kind_byte() == Kind::StringRope as u8
    }
    #[inline(always)]
    pub fn is_slice(self) -> bool {
        self.kind_byte() == Kind::StringSlice as u8
    }
    #[inline(always)]
    pub fn is_flat(self) -> bool {
        self.kind_byte() == Kind::StringFlat as u8
    }
    #[inline(always)]
    fn has_flag(self, flag: u8) -> bool {
        self.header.flags.get() & flag != 0
    }
    #[inline(always)]
    pub fn is_two_byte(self) -> bool {
        self.has_flag(TWO_BYTE)
    }
    #[inline(always)]
    pub fn is_interned(self) -> bool {
        self.has_flag(INTERNED)
    }
    /// The array index that an interned string spells. (Interning finds it, so for names this is one test.)
    #[inline(always)]
    pub fn interned_index(self) -> Option<u32> {
        if self.has_flag(INDEX) { array_index(self.flat_chars()) } else { None }
    }

    #[inline(always)]
    pub(crate) fn as_rope(self) -> Option<Gc<Rope>> {
        // SAFETY: the kind was checked.
        if self.is_rope() { Some(unsafe { self.cast() }) } else { None }
    }
    #[inline(always)]
    pub(crate) fn as_slice(self) -> Option<Gc<Slice>> {
        // SAFETY: the kind was checked.
        if self.is_slice() { Some(unsafe { self.cast() }) } else { None }
    }

    /// The first character of a flat string's payload.
    #[inline(always)]
    pub(crate) fn payload(self) -> *mut u8 {
        debug_assert!(self.is_flat());
        // SAFETY: the payload begins within the cell or one past its end (empty string).
        unsafe { self.as_ptr().cast::<u8>().add(PAYLOAD) }
    }

    /// The characters of a string that is no rope, by a pointer that the caller keeps within the rules of [`Chars`].
    /// # Safety
    /// The result is not used after the next safepoint, unless the cell (and a slice's base) is known not to move.
    #[inline(always)]
    unsafe fn unbounded_chars<'a>(self) -> Chars<'a> {
        debug_assert!(!self.is_rope());
        let (base, offset) = match self.as_slice() {
            Some(slice) => (slice.base.get(), slice.offset.get() as usize),
            None => (self, 0),
        };
        // SAFETY: a flat string has `length` characters of its encoding from PAYLOAD on, and a slice's window lies inside its
        // base (checked when it was made). They are initialised: strings are filled before anyone sees them.
        unsafe {
            if base.is_two_byte() {
                Chars::Utf16(std::slice::from_raw_parts(base.payload().cast::<u16>().add(offset), self.len()))
            } else {
                Chars::Latin1(std::slice::from_raw_parts(base.payload().add(offset), self.len()))
            }
        }
    }

    /// The characters of a string that is known to be no rope (interned ones, single characters, what [`Gc::chars`] was called
    /// for). A rope shows as empty.
    #[inline]
    pub fn flat_chars(&self) -> Chars<'_> {
        debug_assert!(!self.is_rope());
        if self.is_rope() {
            return Chars::Latin1(&[]);
        }
        // SAFETY: the borrow of the local reference is the caller's scope; `Chars` documents the safepoint rule.
        unsafe { self.unbounded_chars() }
    }

    /// Flattens a rope (in place: it becomes a slice) and gives the characters. Iterative. Fails only for a large rope for whose
    /// characters there is no memory.
    #[inline(always)]
    pub fn chars<'a>(self, cx: &'a Context) -> JsResult<Chars<'a>> {
        if self.is_rope() {
            cx.flatten(self)?;
        }
        // SAFETY: `Chars` documents the safepoint rule.
        Ok(unsafe { self.unbounded_chars() })
    }

    /// The code unit at `i`, which must be less than the length. Flattens when needed.
    #[inline]
    pub fn char_at(self, cx: &Context, i: usize) -> JsResult<u16> {
        Ok(self.chars(cx)?.at(i))
    }

    /// The cached hash of the text; flattens when needed.
    #[inline]
    pub fn hash(self, cx: &Context) -> JsResult<u32> {
        let cached = self.hash.get();
        if cached != 0 {
            return Ok(cached);
        }
        let hash = hash::hash(self.chars(cx)?, cx.text.seed);
        self.hash.set(hash);
        Ok(hash)
    }

    /// Equality of texts.
    #[inline]
    pub fn equals(self, cx: &Context, other: Gc<JsString>) -> JsResult<bool> {
        if self == other {
            return Ok(true);
        }
        if self.len() != other.len() || (self.is_interned() && other.is_interned()) {
            return Ok(false);
        }
        let (a, b) = (self.hash.get(), other.hash.get());
        if a != 0 && b != 0 && a != b {
            return Ok(false);
        }
        // Both are flattened before the characters of either are taken; neither can move in between.
        let (a, b) = (self.chars(cx)?, other.chars(cx)?);
        Ok(a.equals(b))
    }

    pub fn compare(self, cx: &Context, other: Gc<JsString>) -> JsResult<Ordering> {
        if self == other {
            return Ok(Ordering::Equal);
        }
        let (a, b) = (self.chars(cx)?, other.chars(cx)?);
        Ok(a.compare(b))
    }

    /// Lossy UTF-8: lone surrogates become U+FFFD. A rope too large to be flattened shows as "…".
    pub fn to_rust(self, cx: &Context) -> String {
        match self.chars(cx) {
            Ok(chars) => chars.to_utf8_lossy(),
            Err(_) => {
                cx.take_exception();
                "…".to_string()
            }
        }
    }
}

impl Context {
    /// `s.toLowerCase()` without a locale (§22.1.3.28).
    pub fn string_to_lower(&self, s: Gc<JsString>) -> JsResult<Gc<JsString>> {
        let converted = case::to_lower(s.chars(self)?);
        self.string_from_converted(s, converted)
    }

    /// `s.toUpperCase()` without a locale (§22.1.3.30).
    pub fn string_to_upper(&self, s: Gc<JsString>) -> JsResult<Gc<JsString>> {
        let converted = case::to_upper(s.chars(self)?);
        self.string_from_converted(s, converted)
    }

    fn string_from_converted(&self, s: Gc<JsString>, converted: case::Converted) -> JsResult<Gc<JsString>> {
        match converted {
            case::Converted::Unchanged => Ok(s),
            case::Converted::Latin1(bytes) => self.string_from_latin1(&bytes),
            case::Converted::Utf16(units) => self.string_from_utf16(&units),
        }
    }

    /// TrimString (§22.1.3.32.1).
    pub fn string_trim(&self, s: Gc<JsString>, at_start: bool, at_end: bool) -> JsResult<Gc<JsString>> {
        let (start, end) = s.chars(self)?.trimmed_range(at_start, at_end);
        self.substring(s, start, end)
    }
}
