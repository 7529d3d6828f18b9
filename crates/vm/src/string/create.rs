//! Making strings: from text of every encoding, from templates, windows into other strings.

use super::chars::{Chars, split_code_point, units_fit_latin1};
use super::{INTERNED, JsString, MAX_LENGTH, MIN_SLICE, Slice, TWO_BYTE, flat_size};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use std::cell::Cell;
use tercel_bytecode::JsStr;

/// Largest cell, in bytes, that the infallible constructors make.
const SMALL_CELL: usize = 8 * 1024;
/// Longest literal that is interned.
const MAX_INTERNED_LITERAL: usize = 64;

impl Context {
    /// A flat string of `length` characters that are not written yet.
    /// # Safety
    /// The caller fills the payload before anyone else sees the string.
    #[inline]
    pub(crate) unsafe fn new_flat(&self, length: usize, two_byte: bool) -> JsResult<Gc<JsString>> {
        if length > MAX_LENGTH {
            return Err(self.throw_string_length());
        }
        let flags = if two_byte { TWO_BYTE } else { 0 };
        let size = flat_size(length, two_byte);
        let string = if size <= SMALL_CELL {
            self.alloc_text_cell(Kind::StringFlat, size, flags)
        } else {
            self.try_alloc_text_cell(Kind::StringFlat, size, flags)?
        };
        init_string(string, length);
        Ok(string)
    }

    #[cold]
    pub fn throw_string_length(&self) -> Throw {
        self.throw_range(format_args!("Invalid string length"))
    }

    /// A string of UTF-8 text of bounded size: a message, a name. What memory has no room for is cut; where
    /// that matters, use [`Context::try_string_from_utf8`].
    pub fn string_from_utf8(&self, s: &str) -> Gc<JsString> {
        if let Ok(string) = self.try_string_from_utf8(s) {
            return string;
        }
        self.take_exception();
        let mut end = SMALL_CELL / 4;
        while !s.is_char_boundary(end) {
            end -= 1;
        }
        self.try_string_from_utf8(&s[..end]).unwrap_or_else(|_| {
            self.take_exception();
            self.empty_string()
        })
    }

    pub fn try_string_from_utf8(&self, s: &str) -> JsResult<Gc<JsString>> {
        if s.is_ascii() {
            return self.string_from_latin1(s.as_bytes());
        }
        let (mut units, mut two_byte) = (0, false);
        for c in s.chars() {
            units += c.len_utf16();
            two_byte |= c as u32 > 0xFF;
        }
        // SAFETY: both arms write exactly `units` characters, the number counted above.
        unsafe {
            let string = self.new_flat(units, two_byte)?;
            if two_byte {
                let out = string.payload().cast::<u16>();
                s.encode_utf16().enumerate().for_each(|(i, unit)| out.add(i).write(unit));
            } else {
                let out = string.payload();
                s.chars().enumerate().for_each(|(i, c)| out.add(i).write(c as u8));
            }
            Ok(string)
        }
    }

    pub fn string_from_latin1(&self, s: &[u8]) -> JsResult<Gc<JsString>> {
        match *s {
            [] => Ok(self.empty_string()),
            [unit] => Ok(self.single_char(unit as u16)),
            // SAFETY: the payload is filled at once.
            _ => unsafe {
                let string = self.new_flat(s.len(), false)?;
                std::ptr::copy_nonoverlapping(s.as_ptr(), string.payload(), s.len());
                Ok(string)
            },
        }
    }

    /// A string of these code units, in Latin-1 when they fit.
    pub fn string_from_utf16(&self, s: &[u16]) -> JsResult<Gc<JsString>> {
        match *s {
            [] => return Ok(self.empty_string()),
            [unit] => return Ok(self.single_char(unit)),
            _ => {}
        }
        let two_byte = !units_fit_latin1(s);
        // SAFETY: the payload is filled at once, in the encoding it was allocated for.
        unsafe {
            let string = self.new_flat(s.len(), two_byte)?;
            if two_byte {
                std::ptr::copy_nonoverlapping(s.as_ptr(), string.payload().cast(), s.len());
            } else {
                narrow_to(s, string.payload());
            }
            Ok(string)
        }
    }

    /// A copy of these characters.
    pub fn string_from_chars(&self, chars: Chars<'_>) -> JsResult<Gc<JsString>> {
        match chars {
            Chars::Latin1(s) => self.string_from_latin1(s),
            Chars::Utf16(s) => self.string_from_utf16(s),
        }
    }

    /// A string of one code point (which may be a lone surrogate).
    pub fn string_from_code_point(&self, c: u32) -> Gc<JsString> {
        if c <= 0xFFFF {
            return self.single_char(c as u16);
        }
        let (lead, trail) = split_code_point(c);
        // SAFETY: the payload's two units are written at once.
        unsafe {
            let string: Gc<JsString> = self.alloc_text_cell(Kind::StringFlat, flat_size(2, true), TWO_BYTE);
            init_string(string, 2);
            string.payload().cast::<[u16; 2]>().write([lead, trail]);
            string
        }
    }

    /// A string constant of a template. Short ones are interned, so that comparing and using them as keys is fast.
    pub fn string_from_template(&self, s: &JsStr) -> JsResult<Gc<JsString>> {
        if s.len() <= MAX_INTERNED_LITERAL {
            return self.intern_template(s);
        }
        self.string_from_chars(template_chars(s))
    }

    /// The interned string of a template's constant (property names).
    pub fn intern_template(&self, s: &JsStr) -> JsResult<Gc<JsString>> {
        self.intern_chars(template_chars(s))
    }

    /// The property key that a template's constant names.
    pub fn key_from_template(&self, s: &JsStr) -> JsResult<crate::key::PropertyKey> {
        let interned = self.intern_template(s)?;
        self.key_from_string(interned)
    }

    /// Code units `start..end` (within the string): a slice when long, a copy when short, the single-character table for one.
    pub fn substring(&self, s: Gc<JsString>, start: usize, end: usize) -> JsResult<Gc<JsString>> {
        debug_assert!(start <= end && end <= s.len());
        let length = end - start;
        if length == s.len() {
            return Ok(s);
        }
        let chars = s.chars(self)?.slice(start, end);
        if length < MIN_SLICE {
            return self.string_from_chars(chars);
        }
        let (base, offset) = match s.as_slice() {
            Some(slice) => (slice.base.get(), slice.offset.get() + start as u32),
            None => (s, start as u32),
        };
        let flags = base.header.flags.get() & TWO_BYTE;
        let string: Gc<JsString> = self.alloc_text_cell(Kind::StringSlice, size_of::<Slice>(), flags);
        init_string(string, length);
        // SAFETY: the fresh cell has the size of a Slice.
        unsafe { init_slice(string, base, offset) };
        Ok(string)
    }

    /// The string of one code unit; one of the table's if it is Latin-1.
    #[inline]
    pub fn single_char(&self, unit: u16) -> Gc<JsString> {
        match self.text.single_chars().get(unit as usize) {
            Some(&string) => string,
            None => {
                let string: Gc<JsString> = self.alloc_text_cell(Kind::StringFlat, flat_size(1, true), TWO_BYTE);
                init_string(string, 1);
                // SAFETY: the payload's one unit is written at once.
                unsafe { string.payload().cast::<u16>().write(unit) };
                string
            }
        }
    }

    #[inline(always)]
    pub fn empty_string(&self) -> Gc<JsString> {
        self.text.empty()
    }

    /// The string at `i` of `s` as the element of a string: `s[i]` (`i` less than the length).
    #[inline]
    pub fn string_element(&self, s: Gc<JsString>, i: usize) -> JsResult<Gc<JsString>> {
        Ok(self.single_char(s.char_at(self, i)?))
    }
}

/// Writes length and hash of a fresh string.
#[inline(always)]
pub(super) fn init_string(string: Gc<JsString>, length: usize) {
    debug_assert!(length <= MAX_LENGTH);
    string.length.set(length as u32);
    string.hash.set(0);
}

/// Writes the payload of a slice.
/// # Safety
/// The cell is as large as a [`Slice`] and known to the collector as one or about to be; the caller takes care of the write barrier where
/// the cell is not fresh.
#[inline(always)]
pub(super) unsafe fn init_slice(string: Gc<JsString>, base: Gc<JsString>, offset: u32) {
    debug_assert!(base.is_flat() && offset as usize + string.len() <= base.len());
    let slice = string.as_ptr().cast::<Slice>();
    // SAFETY: the caller vouches for the size; raw writes, so that nothing is read from uninitialised fields.
    unsafe {
        (&raw mut (*slice).base).write(Cell::new(base));
        (&raw mut (*slice).offset).write(Cell::new(offset));
        (&raw mut (*slice)._reserved).write(Cell::new(0));
    }
}

/// # Safety
/// `out` has room for as many bytes as there are units, and every unit fits Latin-1.
unsafe fn narrow_to(units: &[u16], out: *mut u8) {
    for (i, &unit) in units.iter().enumerate() {
        // SAFETY: `i` is less than the number of units.
        unsafe { out.add(i).write(unit as u8) };
    }
}

fn template_chars(s: &JsStr) -> Chars<'_> {
    match s {
        JsStr::Latin1(bytes) => Chars::Latin1(bytes),
        JsStr::Utf16(units) => Chars::Utf16(units),
    }
}

/// Flags that an interned copy of a string carries.
pub(super) fn interned_flags(chars: Chars<'_>) -> u8 {
    let two_byte = if chars.fits_latin1() { 0 } else { TWO_BYTE };
    let index = if super::array_index(chars).is_some() { super::INDEX } else { 0 };
    INTERNED | two_byte | index
}

/// Writes the characters into a fresh flat string, which is two-byte or holds only Latin-1.
/// # Safety
/// The string's payload has room for the characters.
pub(super) unsafe fn fill_flat(string: Gc<JsString>, chars: Chars<'_>) {
    // SAFETY: the caller vouches for the room, and the cell is fresh, so it overlaps nothing.
    unsafe {
        match chars {
            Chars::Latin1(s) => std::ptr::copy_nonoverlapping(s.as_ptr(), string.payload(), s.len()),
            Chars::Utf16(s) if string.is_two_byte() => {
                std::ptr::copy_nonoverlapping(s.as_ptr(), string.payload().cast(), s.len());
            }
            Chars::Utf16(s) => narrow_to(s, string.payload()),
        }
    }
}
