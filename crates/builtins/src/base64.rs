//! Base64 and hexadecimal text of Uint8Array (ECMAScript 2026, proposal-arraybuffer-base64).
//!
//! Decoding gives what it read and wrote so far even where the text is malformed: `setFromBase64` and `setFromHex` store it before they
//! throw.

use crate::table::*;
use crate::typed_array::{allocate, validate};
use tercel_vm::string::{Chars, MAX_LENGTH};
use tercel_vm::typed::{ElementType, TypedArray};
use tercel_vm::{Args, Context, Gc, JsResult, Kind, PropertyKey, Value};

/// Code units or bytes between polls.
const POLL: usize = 1 << 16;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What to do with the last group of characters, if it is no group of four.
#[derive(Clone, Copy, PartialEq)]
enum LastChunk {
    Loose,
    Strict,
    StopBeforePartial,
}

/// How far a decoder came.
struct Decoded {
    /// Code units that were consumed.
    read: usize,
    bytes: Vec<u8>,
    /// Why it stopped, if the text is malformed.
    error: Option<&'static str>,
}

/// ValidateUint8Array.
fn receiver(cx: &Context, args: &Args) -> JsResult<Gc<TypedArray>> {
    match args.this().as_kind::<TypedArray>(Kind::TypedArray) {
        Some(t) if t.element_type() == ElementType::Uint8 => Ok(t),
        _ => Err(cx.throw_type(format_args!("this is not a Uint8Array"))),
    }
}

fn require_string(cx: &Context, v: Value) -> JsResult<Chars<'_>> {
    match v.as_string() {
        Some(text) => text.chars(cx),
        None => Err(cx.throw_type(format_args!("{} is not a string", cx.describe(v)))),
    }
}

/// An option that must be one of these strings; the first is the default. Its index.
fn choice(cx: &Context, options: Value, name: &str, choices: &[&str]) -> JsResult<usize> {
    let Some(options) = options.as_object() else { return Ok(0) };
    let v = options.get(cx, cx.key_from_utf8(name))?;
    if v.is_undefined() {
        return Ok(0);
    }
    let text = v.as_string().map(|s| s.to_rust(cx));
    match text.and_then(|text| choices.iter().position(|c| *c == text)) {
        Some(index) => Ok(index),
        None => Err(cx.throw_type(format_args!("Invalid value {} for the option {name}", cx.describe(v)))),
    }
}

/// GetOptionsObject.
fn check_options(cx: &Context, options: Value) -> JsResult<()> {
    if options.is_undefined() || options.is_object() {
        return Ok(());
    }
    Err(cx.throw_type(format_args!("The options must be an object")))
}

fn alphabet(cx: &Context, options: Value) -> JsResult<&'static [u8; 64]> {
    Ok([STANDARD, URL][choice(cx, options, "alphabet", &["base64", "base64url"])?])
}

fn last_chunk(cx: &Context, options: Value) -> JsResult<LastChunk> {
    let all = [LastChunk::Loose, LastChunk::Strict, LastChunk::StopBeforePartial];
    Ok(all[choice(cx, options, "lastChunkHandling", &["loose", "strict", "stop-before-partial"])?])
}

/// The six bits of a character, or `None`.
fn digit(unit: u16, alphabet: &[u8; 64]) -> Option<u32> {
    let value = match u8::try_from(unit).ok()? {
        c @ b'A'..=b'Z' => c - b'A',
        c @ b'a'..=b'z' => c - b'a' + 26,
        c @ b'0'..=b'9' => c - b'0' + 52,
        c if c == alphabet[62] => 62,
        c if c == alphabet[63] => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// The first position from `at` on that is no ASCII white space.
fn skip_space(text: Chars<'_>, mut at: usize) -> usize {
    while let Some(0x09 | 0x0a | 0x0c | 0x0d | 0x20) = text.get(at) {
        at += 1;
    }
    at
}

/// A group of four characters that is not complete yet.
#[derive(Default)]
struct Chunk {
    bits: u32,
    length: u32,
}

impl Chunk {
    /// DecodeFinalBase64Chunk: the one or two bytes of a group of two or three; `None` where `strict` and bits are left that are not 0.
    fn finish(&self, strict: bool, bytes: &mut Vec<u8>) -> bool {
        let spare = if self.length == 2 { 4 } else { 2 };
        if strict && self.bits & ((1 << spare) - 1) != 0 {
            return false;
        }
        let whole = self.bits >> spare;
        if self.length == 3 {
            bytes.push((whole >> 8) as u8);
        }
        bytes.push(whole as u8);
        true
    }
}

/// FromBase64: at most `limit` bytes.
fn decode(cx: &Context, text: Chars<'_>, alphabet: &[u8; 64], last: LastChunk, limit: usize) -> JsResult<Decoded> {
    let mut out = Decoded { read: 0, bytes: Vec::new(), error: None };
    if limit == 0 {
        return Ok(out);
    }
    let mut chunk = Chunk::default();
    let mut at = 0;
    let mut next_poll = POLL;
    let error = |mut out: Decoded, what| {
        out.error = Some(what);
        Ok(out)
    };
    loop {
        if at >= next_poll {
            next_poll = at + POLL;
            cx.poll()?;
        }
        at = skip_space(text, at);
        let Some(unit) = text.get(at) else {
            match (chunk.length, last) {
                (0, _) => {}
                (_, LastChunk::StopBeforePartial) => return Ok(out),
                (1, _) | (_, LastChunk::Strict) => return error(out, "the last group of characters is not complete"),
                _ => drop(chunk.finish(false, &mut out.bytes)),
            }
            out.read = text.len();
            return Ok(out);
        };
        at += 1;
        if unit == u16::from(b'=') {
            if chunk.length < 2 {
                return error(out, "padding in the wrong place");
            }
            at = skip_space(text, at);
            if chunk.length == 2 {
                match text.get(at) {
                    None if last == LastChunk::StopBeforePartial => return Ok(out),
                    None => return error(out, "padding is not complete"),
                    Some(unit) if unit == u16::from(b'=') => at = skip_space(text, at + 1),
                    Some(_) => {}
                }
            }
            if at < text.len() {
                return error(out, "characters after the padding");
            }
            if !chunk.finish(last == LastChunk::Strict, &mut out.bytes) {
                return error(out, "bits are left behind the last byte");
            }
            out.read = text.len();
            return Ok(out);
        }
        let Some(bits) = digit(unit, alphabet) else {
            return error(out, "a character that is not of the alphabet");
        };
        // A group that has no room is not begun to be stored.
        let room = limit - out.bytes.len();
        if (room == 1 && chunk.length == 2) || (room == 2 && chunk.length == 3) {
            return Ok(out);
        }
        chunk.bits = chunk.bits << 6 | bits;
        chunk.length += 1;
        if chunk.length == 4 {
            out.bytes.extend_from_slice(&chunk.bits.to_be_bytes()[1..]);
            chunk = Chunk::default();
            out.read = at;
            if out.bytes.len() == limit {
                return Ok(out);
            }
        }
    }
}

/// FromHex: at most `limit` bytes.
fn decode_hex(cx: &Context, text: Chars<'_>, limit: usize) -> JsResult<Decoded> {
    let mut out = Decoded { read: 0, bytes: Vec::new(), error: None };
    if !text.len().is_multiple_of(2) {
        out.error = Some("the text has an odd number of characters");
        return Ok(out);
    }
    let nibble = |i: usize| char::from_u32(u32::from(text.at(i))).and_then(|c| c.to_digit(16));
    while out.read < text.len() && out.bytes.len() < limit {
        if out.read.is_multiple_of(POLL) {
            cx.poll()?;
        }
        let (Some(high), Some(low)) = (nibble(out.read), nibble(out.read + 1)) else {
            out.error = Some("a character that is no hexadecimal digit");
            return Ok(out);
        };
        out.bytes.push((high << 4 | low) as u8);
        out.read += 2;
    }
    Ok(out)
}

/// A new Uint8Array of what was decoded, or the SyntaxError.
fn new_array(cx: &Context, decoded: Decoded) -> JsResult<Value> {
    if let Some(what) = decoded.error {
        return Err(cx.throw_syntax(format_args!("Malformed text: {what}")));
    }
    let proto = cx.intrinsic(Intrinsic::Uint8ArrayPrototype);
    let array = allocate(cx, proto, ElementType::Uint8, decoded.bytes.len() as u64)?;
    store(array, &decoded.bytes);
    Ok(array.into())
}

fn store(array: Gc<TypedArray>, bytes: &[u8]) {
    for (to, from) in array.bytes().iter().zip(bytes) {
        to.set(*from);
    }
}

/// Stores what was decoded, then throws if the text is malformed; `{ read, written }`.
fn fill(cx: &Context, array: Gc<TypedArray>, decoded: Decoded) -> JsResult<Value> {
    store(array, &decoded.bytes);
    if let Some(what) = decoded.error {
        return Err(cx.throw_syntax(format_args!("Malformed text: {what}")));
    }
    let field = |name| -> PropertyKey { cx.key_from_utf8(name) };
    let result = [(field("read"), Value::length(decoded.read)), (field("written"), Value::length(decoded.bytes.len()))];
    Ok(cx.new_object_from(&result)?.into())
}

fn from_base64(cx: &Context, args: &Args) -> JsResult<Value> {
    require_string(cx, args.get(0))?;
    check_options(cx, args.get(1))?;
    let (alphabet, last) = (alphabet(cx, args.get(1))?, last_chunk(cx, args.get(1))?);
    let decoded = decode(cx, require_string(cx, args.get(0))?, alphabet, last, usize::MAX)?;
    new_array(cx, decoded)
}

fn from_hex(cx: &Context, args: &Args) -> JsResult<Value> {
    let decoded = decode_hex(cx, require_string(cx, args.get(0))?, usize::MAX)?;
    new_array(cx, decoded)
}

fn set_from_base64(cx: &Context, args: &Args) -> JsResult<Value> {
    let array = receiver(cx, args)?;
    require_string(cx, args.get(0))?;
    check_options(cx, args.get(1))?;
    let (alphabet, last) = (alphabet(cx, args.get(1))?, last_chunk(cx, args.get(1))?);
    validate(cx, args.this())?;
    let decoded = decode(cx, require_string(cx, args.get(0))?, alphabet, last, array.len())?;
    fill(cx, array, decoded)
}

fn set_from_hex(cx: &Context, args: &Args) -> JsResult<Value> {
    let array = receiver(cx, args)?;
    let text = require_string(cx, args.get(0))?;
    validate(cx, args.this())?;
    let decoded = decode_hex(cx, text, array.len())?;
    fill(cx, array, decoded)
}

/// Room for a text of this length.
fn output(cx: &Context, length: usize) -> JsResult<Vec<u8>> {
    let mut out = Vec::new();
    match length <= MAX_LENGTH && out.try_reserve_exact(length).is_ok() {
        true => Ok(out),
        false => Err(cx.throw_range(format_args!("Invalid string length"))),
    }
}

fn to_base64(cx: &Context, args: &Args) -> JsResult<Value> {
    let array = receiver(cx, args)?;
    check_options(cx, args.get(0))?;
    let alphabet = alphabet(cx, args.get(0))?;
    let omit_padding = match args.get(0).as_object() {
        Some(options) => options.get(cx, cx.key_from_utf8("omitPadding"))?.to_boolean(),
        None => false,
    };
    validate(cx, args.this())?;
    let bytes = array.bytes();
    let mut out = output(cx, bytes.len().div_ceil(3) * 4)?;
    for (n, group) in bytes.chunks(3).enumerate() {
        if n.is_multiple_of(POLL) {
            cx.poll()?;
        }
        let byte = |i: usize| group.get(i).map_or(0, |b| u32::from(b.get()));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            if i <= group.len() {
                out.push(alphabet[(bits >> (18 - 6 * i)) as usize & 63]);
            } else if !omit_padding {
                out.push(b'=');
            }
        }
    }
    Ok(cx.string_from_latin1(&out)?.into())
}

fn to_hex(cx: &Context, args: &Args) -> JsResult<Value> {
    let array = receiver(cx, args)?;
    validate(cx, args.this())?;
    let bytes = array.bytes();
    let mut out = output(cx, bytes.len() * 2)?;
    for (n, byte) in bytes.iter().enumerate() {
        if n.is_multiple_of(POLL) {
            cx.poll()?;
        }
        for nibble in [byte.get() >> 4, byte.get() & 15] {
            out.push(b"0123456789abcdef"[nibble as usize]);
        }
    }
    Ok(cx.string_from_latin1(&out)?.into())
}

pub const FROM_BASE64: PropertySpec = method("fromBase64", 1, from_base64);
pub const FROM_HEX: PropertySpec = method("fromHex", 1, from_hex);
pub const SET_FROM_BASE64: PropertySpec = method("setFromBase64", 1, set_from_base64);
pub const SET_FROM_HEX: PropertySpec = method("setFromHex", 1, set_from_hex);
pub const TO_BASE64: PropertySpec = method("toBase64", 0, to_base64);
pub const TO_HEX: PropertySpec = method("toHex", 0, to_hex);
