//! JSON (ECMA-262 §25.5).
//!
//! `parse` is one pass over the text with an explicit stack (nesting is bounded by memory, not by the native stack). For a reviver
//! it also notes where each value stood in the text ([`snapshot`]), so that the reviver can be shown the source of primitives.

mod parse;
mod raw;
mod revive;
mod snapshot;
mod stringify;

use crate::table::*;
use parse::Parser;
use tercel_vm::{Args, Context, JsResult, Value};

/// Work between polls, in code units.
const POLL_UNITS: usize = 1 << 16;

/// How many characters at the beginning of `bytes` are written in a JSON string as they are: up to a quote, a backslash or a control character.
/// (Eight at a time: a byte is below a bound if subtracting the bound borrows from its upper bit, which is exact up to the first that is.)
#[inline]
fn plain_prefix(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::MAX / 0xff;
    const UPPER: u64 = EACH << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, &word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(word);
        let (quote, backslash) = (word ^ (EACH * 0x22), word ^ (EACH * 0x5c));
        let control = word.wrapping_sub(EACH * 0x20) & !word;
        let special = control | quote.wrapping_sub(EACH) & !quote | backslash.wrapping_sub(EACH) & !backslash;
        if special & UPPER != 0 {
            return i * 8 + (special & UPPER).trailing_zeros() as usize / 8;
        }
    }
    let plain = |b: u8| b >= 0x20 && b != 0x22 && b != 0x5c;
    words.len() * 8 + rest.iter().position(|&b| !plain(b)).unwrap_or(rest.len())
}

/// The value of a JSON text, without reviver.
pub fn parse_value(cx: &Context, text: Value) -> JsResult<Value> {
    let text = cx.to_string(text)?;
    Parser::new(cx, text.chars(cx)?, None).document().map(|(value, _)| value)
}

fn parse(cx: &Context, args: &Args) -> JsResult<Value> {
    if cx.is_callable(args.get(1)) { revive::parse(cx, args.get(0), args.get(1)) } else { parse_value(cx, args.get(0)) }
}

pub static PROPERTIES: &[PropertySpec] = &[
    method("isRawJSON", 1, raw::is_raw_json),
    method("parse", 2, parse),
    method("rawJSON", 1, raw::raw_json),
    method("stringify", 3, stringify::stringify),
    to_string_tag("JSON"),
];

#[cfg(test)]
mod tests {
    use super::plain_prefix;

    #[test]
    fn the_first_special_character_is_found_wherever_it_stands() {
        for special in (0..=0xff).filter(|&b| b < 0x20 || b == 0x22 || b == 0x5c) {
            for at in 0..20 {
                for filler in [b' ', b'!', b'#', b'[', b']', b'~', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                    let mut text = [filler; 20];
                    text[at] = special;
                    assert_eq!(plain_prefix(&text), at, "{special:#x} among {filler:#x}");
                    assert_eq!(plain_prefix(&text[..at]), at);
                }
            }
        }
    }
}
