//! Building a string from Rust, piece by piece.
//!
//! The buffer is Latin-1 until a character needs more, then it is widened once. Its memory is counted against the
//! heap's limit while it exists; growing over [`MAX_LENGTH`] throws RangeError, and so does a refusal of memory. A builder
//! holds no references into the heap, so it may live across calls into JavaScript.

use super::chars::{Chars, split_code_point};
use super::{JsString, MAX_LENGTH};
use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;

/// See the module's text.
pub struct StringBuilder<'cx> {
    cx: &'cx Context,
    buffer: Buffer,
    /// Bytes that are counted as external memory of the heap.
    charged: usize,
}

enum Buffer {
    Latin1(Vec<u8>),
    Utf16(Vec<u16>),
}

/// Buffers below this many bytes are not worth counting.
const UNCOUNTED: usize = 4096;

impl<'cx> StringBuilder<'cx> {
    pub fn new(cx: &'cx Context) -> StringBuilder<'cx> {
        StringBuilder { cx, buffer: Buffer::Latin1(Vec::new()), charged: 0 }
    }

    /// A builder with room for `length` Latin-1 characters.
    pub fn with_capacity(cx: &'cx Context, length: usize) -> JsResult<StringBuilder<'cx>> {
        let mut builder = StringBuilder::new(cx);
        builder.reserve(length)?;
        Ok(builder)
    }

    /// Length so far, in code units.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.buffer {
            Buffer::Latin1(v) => v.len(),
            Buffer::Utf16(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The characters so far.
    pub fn chars(&self) -> Chars<'_> {
        match &self.buffer {
            Buffer::Latin1(v) => Chars::Latin1(v),
            Buffer::Utf16(v) => Chars::Utf16(v),
        }
    }

    /// Takes the builder back to `length` code units (at most the present length).
    pub fn truncate(&mut self, length: usize) {
        match &mut self.buffer {
            Buffer::Latin1(v) => v.truncate(length),
            Buffer::Utf16(v) => v.truncate(length),
        }
    }

    #[inline]
    pub fn push_unit(&mut self, unit: u16) -> JsResult<()> {
        match &mut self.buffer {
            Buffer::Latin1(v) if unit <= 0xFF && v.len() < v.capacity() => v.push(unit as u8),
            Buffer::Utf16(v) if v.len() < v.capacity() => v.push(unit),
            _ => return self.push_unit_slow(unit),
        }
        Ok(())
    }

    #[cold]
    fn push_unit_slow(&mut self, unit: u16) -> JsResult<()> {
        if unit > 0xFF {
            self.widen()?;
        }
        self.reserve(1)?;
        match &mut self.buffer {
            Buffer::Latin1(v) => v.push(unit as u8),
            Buffer::Utf16(v) => v.push(unit),
        }
        Ok(())
    }

    /// One code point, which may be a lone surrogate.
    #[inline]
    pub fn push_code_point(&mut self, c: u32) -> JsResult<()> {
        if c <= 0xFFFF {
            return self.push_unit(c as u16);
        }
        let (lead, trail) = split_code_point(c);
        self.push_unit(lead)?;
        self.push_unit(trail)
    }

    pub fn push_char(&mut self, c: char) -> JsResult<()> {
        self.push_code_point(c as u32)
    }

    pub fn push_str(&mut self, s: &str) -> JsResult<()> {
        if s.is_ascii() {
            return self.push_latin1(s.as_bytes());
        }
        s.chars().try_for_each(|c| self.push_char(c))
    }

    pub fn push_latin1(&mut self, s: &[u8]) -> JsResult<()> {
        self.reserve(s.len())?;
        match &mut self.buffer {
            Buffer::Latin1(v) => v.extend_from_slice(s),
            Buffer::Utf16(v) => v.extend(s.iter().map(|&b| b as u16)),
        }
        Ok(())
    }

    /// The buffer with room for `more` characters, if it is Latin-1 so far: for pieces that are written in many small parts. The caller
    /// appends no more than that.
    #[inline]
    pub fn latin1_with_room(&mut self, more: usize) -> JsResult<Option<&mut Vec<u8>>> {
        self.reserve(more)?;
        Ok(match &mut self.buffer {
            Buffer::Latin1(v) => Some(v),
            Buffer::Utf16(_) => None,
        })
    }

    pub fn push_utf16(&mut self, s: &[u16]) -> JsResult<()> {
        if let Buffer::Latin1(_) = self.buffer {
            if super::chars::units_fit_latin1(s) {
                self.reserve(s.len())?;
                if let Buffer::Latin1(v) = &mut self.buffer {
                    v.extend(s.iter().map(|&u| u as u8));
                }
                return Ok(());
            }
            self.widen()?;
        }
        self.reserve(s.len())?;
        if let Buffer::Utf16(v) = &mut self.buffer {
            v.extend_from_slice(s);
        }
        Ok(())
    }

    pub fn push_chars(&mut self, chars: Chars<'_>) -> JsResult<()> {
        match chars {
            Chars::Latin1(s) => self.push_latin1(s),
            Chars::Utf16(s) => self.push_utf16(s),
        }
    }

    #[inline]
    pub fn push_string(&mut self, s: Gc<JsString>) -> JsResult<()> {
        let chars = s.chars(self.cx)?;
        self.push_chars(chars)
    }

    /// Code units `start..end` of a string.
    pub fn push_substring(&mut self, s: Gc<JsString>, start: usize, end: usize) -> JsResult<()> {
        let chars = s.chars(self.cx)?.slice(start, end);
        self.push_chars(chars)
    }

    /// Repeats what is there, so that it is there `count` times.
    pub fn repeat(&mut self, count: usize) -> JsResult<()> {
        fn extend<T: Copy>(v: &mut Vec<T>, total: usize) {
            while v.len() < total {
                v.extend_from_within(..v.len().min(total - v.len()));
            }
        }
        let total = self.len().saturating_mul(count);
        self.reserve(total.saturating_sub(self.len()))?;
        match &mut self.buffer {
            Buffer::Latin1(v) => extend(v, total),
            Buffer::Utf16(v) => extend(v, total),
        }
        Ok(())
    }

    /// The finished string.
    pub fn finish(self) -> JsResult<Gc<JsString>> {
        match &self.buffer {
            Buffer::Latin1(v) => self.cx.string_from_latin1(v),
            Buffer::Utf16(v) => self.cx.string_from_utf16(v),
        }
    }

    /// Makes room for `more` code units.
    #[inline]
    pub fn reserve(&mut self, more: usize) -> JsResult<()> {
        let (length, capacity) = match &self.buffer {
            Buffer::Latin1(v) => (v.len(), v.capacity()),
            Buffer::Utf16(v) => (v.len(), v.capacity()),
        };
        if more <= capacity - length { Ok(()) } else { self.grow(length, more) }
    }

    #[cold]
    fn grow(&mut self, length: usize, more: usize) -> JsResult<()> {
        if more > MAX_LENGTH - length {
            return Err(self.cx.throw_string_length());
        }
        let target = (length + more).max(length * 2).clamp(32, MAX_LENGTH);
        let bytes = if matches!(self.buffer, Buffer::Latin1(_)) { target } else { target * 2 };
        self.charge(bytes)?;
        let reserved = match &mut self.buffer {
            Buffer::Latin1(v) => v.try_reserve_exact(target - length),
            Buffer::Utf16(v) => v.try_reserve_exact(target - length),
        };
        reserved
            .map_err(|_| self.cx.throw_out_of_memory(format_args!("Out of memory: a string of {target} characters")))
    }

    /// Goes over to UTF-16.
    fn widen(&mut self) -> JsResult<()> {
        let Buffer::Latin1(narrow) = &self.buffer else { return Ok(()) };
        let capacity = narrow.capacity();
        self.charge(capacity * 2)?;
        let mut wide: Vec<u16> = Vec::new();
        if wide.try_reserve_exact(capacity).is_err() {
            return Err(self.cx.throw_out_of_memory(format_args!("Out of memory: a string of {capacity} characters")));
        }
        if let Buffer::Latin1(narrow) = &self.buffer {
            wide.extend(narrow.iter().map(|&b| b as u16));
        }
        self.buffer = Buffer::Utf16(wide);
        Ok(())
    }

    /// Counts the buffer as `bytes` large.
    fn charge(&mut self, bytes: usize) -> JsResult<()> {
        if bytes > UNCOUNTED && bytes > self.charged {
            self.cx.charge_external(bytes - self.charged)?;
            self.charged = bytes;
        }
        Ok(())
    }
}

impl Drop for StringBuilder<'_> {
    fn drop(&mut self) {
        if self.charged != 0 {
            self.cx.discharge_external(self.charged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    #[test]
    fn latin1_widens_once_and_only_when_it_must() {
        let cx = context();
        let mut b = StringBuilder::new(&cx);
        b.push_str("naïve ").unwrap();
        b.push_utf16(&[0xE9, 0x20]).unwrap();
        assert!(matches!(b.chars(), Chars::Latin1(_)));
        b.push_code_point(0x1F600).unwrap();
        b.push_unit(0xD800).unwrap();
        b.push_latin1(b"\xFF").unwrap();
        let s = b.finish().unwrap();
        let units: Vec<u16> = "naïve é 😀".encode_utf16().chain([0xD800, 0xFF]).collect();
        assert_eq!(s.chars(&cx).unwrap().to_units(), units);
    }

    #[test]
    fn what_fits_latin1_is_stored_so_even_after_widening() {
        let cx = context();
        let mut b = StringBuilder::new(&cx);
        b.push_str("x→").unwrap();
        b.truncate(1);
        b.push_str("yz").unwrap();
        let s = b.finish().unwrap();
        assert!(!s.is_two_byte());
        assert_eq!(s.to_rust(&cx), "xyz");
    }

    #[test]
    fn growing_over_the_limit_is_a_range_error() {
        let cx = context();
        let mut b = StringBuilder::new(&cx);
        b.push_str("abc").unwrap();
        assert!(b.reserve(MAX_LENGTH).is_err());
        cx.take_exception();
        assert_eq!(b.finish().unwrap().to_rust(&cx), "abc");
    }
}
