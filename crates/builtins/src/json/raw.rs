//! Raw JSON: `JSON.rawJSON` and `JSON.isRawJSON` (ECMAScript 2026), text that `stringify` copies as it is.

use super::parse::Parser;
use tercel_vm::{Args, Context, IntegrityLevel, JsResult, Kind, Value};

/// JSON.rawJSON: a frozen object that stands for the text of one primitive.
pub fn raw_json(cx: &Context, args: &Args) -> JsResult<Value> {
    let text = cx.to_string(args.get(0))?;
    let chars = text.chars(cx)?;
    let outer = |unit: Option<u16>| matches!(unit, None | Some(0x09 | 0x0a | 0x0d | 0x20));
    if outer(chars.get(0)) || outer(chars.get(chars.len().wrapping_sub(1))) {
        return Err(cx.throw_syntax(format_args!("Raw JSON may not be empty, nor begin or end with white space")));
    }
    if let Some(0x5b | 0x7b) = chars.get(0) {
        return Err(cx.throw_syntax(format_args!("Raw JSON must be a primitive, not an object or array")));
    }
    Parser::new(cx, chars, None).document()?;
    let raw = cx.new_object_of_kind(Kind::RawJson, None);
    raw.create_data(cx, cx.key_from_utf8("rawJSON"), text.into())?;
    cx.set_integrity_level(raw, IntegrityLevel::Frozen)?;
    Ok(raw.into())
}

/// JSON.isRawJSON.
pub fn is_raw_json(_: &Context, args: &Args) -> JsResult<Value> {
    Ok((args.get(0).kind() == Some(Kind::RawJson)).into())
}
