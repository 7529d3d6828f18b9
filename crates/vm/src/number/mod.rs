//! Numbers: arithmetic that Rust's operators do not give, conversion to and from text, and a cache of the texts.
//!
//! * [`format`](mod@format): Number::toString in every radix, toFixed, toExponential, toPrecision.
//! * [`parse`]: StringToNumber, parseFloat, parseInt.
//! * [`arith`]: ToInt32 and its family, remainder, exponentiation.
//! * here: the cache.

pub mod arith;
pub mod format;
pub mod half;
pub mod parse;

pub use arith::{pow, remainder, to_int32, to_integer_or_infinity, to_uint8_clamp, to_uint32};

use crate::cell::Gc;
use crate::context::Context;
use crate::string::JsString;
use crate::value::Value;
use std::cell::Cell;
use tercel_gc::Tracer;

/// Entries of the cache of number texts; a power of two.
const CACHE_ENTRIES: usize = 256;
/// Small integers whose texts are kept as they are asked for.
const SMALL_INTEGERS: usize = 1024;

/// Texts of numbers that were converted lately: small integers each in a place of its own, other numbers in a
/// direct-mapped table by their bits. A strong root, bounded by its size.
pub struct NumberCache {
    small: Box<[Cell<Value>]>,
    entries: Box<[(Cell<u64>, Cell<Value>)]>,
}

impl Default for NumberCache {
    fn default() -> NumberCache {
        NumberCache {
            small: (0..SMALL_INTEGERS).map(|_| Cell::new(Value::UNDEFINED)).collect(),
            entries: (0..CACHE_ENTRIES).map(|_| (Cell::new(0), Cell::new(Value::UNDEFINED))).collect(),
        }
    }
}

impl NumberCache {
    pub fn trace(&self, tracer: &mut Tracer) {
        for value in self.small.iter().chain(self.entries.iter().map(|entry| &entry.1)) {
            // SAFETY: a Value is one word in the collector's encoding.
            tracer.visit_value(unsafe { &*std::ptr::from_ref(value).cast::<Cell<u64>>() });
        }
    }

    #[inline]
    fn slot(&self, bits: u64) -> &(Cell<u64>, Cell<Value>) {
        let hash = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        &self.entries[hash as usize & (CACHE_ENTRIES - 1)]
    }
}

impl Context {
    /// Number::toString (§6.1.6.1.20) in radix 10.
    pub fn string_from_number(&self, n: f64) -> Gc<JsString> {
        if n as i32 as f64 == n {
            // −0 prints as 0.
            return self.string_from_i32(n as i32);
        }
        let (key, cached) = self.text.numbers.slot(n.to_bits());
        if key.get() == n.to_bits()
            && let Some(string) = cached.get().as_string()
        {
            return string;
        }
        let string = self.ascii_string(format::Buffer::new().format(n).as_bytes());
        key.set(n.to_bits());
        cached.set(string.into());
        string
    }

    #[inline]
    pub fn string_from_i32(&self, n: i32) -> Gc<JsString> {
        if n >= 0 {
            self.string_from_u32(n as u32)
        } else {
            self.ascii_string(format::Buffer::new().digits_of(n as i64))
        }
    }

    pub fn string_from_u32(&self, n: u32) -> Gc<JsString> {
        if n < 10 {
            return self.single_char(b'0' as u16 + n as u16);
        }
        let Some(cached) = self.text.numbers.small.get(n as usize) else {
            return self.ascii_string(format::Buffer::new().digits_of(n as i64));
        };
        if let Some(string) = cached.get().as_string() {
            return string;
        }
        let string = self.ascii_string(format::Buffer::new().digits_of(n as i64));
        cached.set(string.into());
        string
    }

    /// A string of short ASCII text.
    fn ascii_string(&self, text: &[u8]) -> Gc<JsString> {
        self.string_from_latin1(text).unwrap_or_else(|_| {
            // Not reached: memory for a small cell is not refused.
            self.take_exception();
            self.empty_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::context;

    #[test]
    fn texts_of_numbers_are_cached() {
        let cx = context();
        assert_eq!(cx.string_from_number(0.1), cx.string_from_number(0.1));
        assert_eq!(cx.string_from_i32(777), cx.string_from_number(777.0));
        for (n, text) in
            [(0.0, "0"), (-0.0, "0"), (7.0, "7"), (-12.0, "-12"), (4294967295.0, "4294967295"), (1.5e300, "1.5e+300")]
        {
            assert_eq!(cx.string_from_number(n).to_rust(&cx), text);
        }
        assert_eq!(cx.string_from_number(f64::NAN).to_rust(&cx), "NaN");
        assert_eq!(cx.string_from_i32(i32::MIN).to_rust(&cx), "-2147483648");
    }
}
