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
