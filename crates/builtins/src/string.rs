//! String and String.prototype (ECMA-262 §22.1), with Annex B's HTML methods and `substr` (§B.2.2).

use crate::table::*;
use tercel_vm::fast_native::FastNative;
use tercel_vm::string::normalize::NormalizationForm;
use tercel_vm::string::{Chars, StringBuilder, search};
use tercel_vm::{Args, Context, Gc, Intrinsic, JsResult, JsString, Kind, Object, PropertyKey, Value, names};

type Str = Gc<JsString>;

/// RequireObjectCoercible(this), then ToString.
fn this_string(cx: &Context, args: &Args, method: &str) -> JsResult<Str> {
    let this = args.this();
    if let Some(s) = this.as_string() {
        return Ok(s);
    }
    if this.is_nullish() {
        return Err(cx.throw_type(format_args!("String.prototype.{method} called on null or undefined")));
    }
    cx.to_string(this)
}

/// ThisStringValue (§22.1.3).
fn this_string_value(cx: &Context, args: &Args, method: &str) -> JsResult<Value> {
    let this = args.this();
    if this.is_string() {
        return Ok(this);
    }
    match this.as_kind::<Object>(Kind::StringObject) {
        Some(o) => Ok(o.primitive_value()),
        None => Err(cx.throw_type(format_args!("String.prototype.{method} requires that 'this' be a String"))),
    }
}

/// ToIntegerOrInfinity clamped to `0..=len`; undefined gives `default`.
fn clamped(cx: &Context, v: Value, len: usize, default: usize) -> JsResult<usize> {
    if v.is_int32() {
        return Ok((v.as_int32().max(0) as usize).min(len));
    }
    if v.is_undefined() {
        return Ok(default);
    }
    Ok(cx.to_integer_or_infinity(v)?.clamp(0.0, len as f64) as usize)
}

/// A relative index: negative counts from the end; clamped to `0..=len`.
fn relative(cx: &Context, v: Value, len: usize, default: usize) -> JsResult<usize> {
    if v.is_undefined() {
        return Ok(default);
    }
    let n = cx.to_integer_or_infinity(v)?;
    Ok(if n < 0.0 { (len as f64 + n).max(0.0) } else { n.min(len as f64) } as usize)
}

/// The argument as a search string; a RegExp is a TypeError (§22.1.3.8).
fn search_string(cx: &Context, args: &Args, method: &str) -> JsResult<Str> {
    if cx.is_regexp(args.get(0))? {
        return Err(
            cx.throw_type(format_args!("First argument to String.prototype.{method} must not be a regular expression"))
        );
    }
    cx.to_string(args.get(0))
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    let value = if args.is_empty() {
        cx.empty_string()
    } else if args.new_target().is_undefined() && args.get(0).is_symbol() {
        return cx.symbol_descriptive_string(args.get(0)).map(Value::from);
    } else {
        cx.to_string(args.get(0))?
    };
    if args.new_target().is_undefined() {
        return Ok(value.into());
    }
    let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::StringPrototype)?;
    Ok(cx.new_string_object(value, Some(proto)).into())
}

fn from_char_code(cx: &Context, args: &Args) -> JsResult<Value> {
    if let [one] = args.slice()
        && one.get().is_int32()
    {
        return Ok(cx.single_char(one.get().as_int32() as u16).into());
    }
    let mut out = StringBuilder::new(cx);
    for i in 0..args.len() {
        out.push_unit(cx.to_uint16(args.get(i))?)?;
    }
    Ok(out.finish()?.into())
}

fn from_code_point(cx: &Context, args: &Args) -> JsResult<Value> {
    let mut out = StringBuilder::new(cx);
    for i in 0..args.len() {
        let n = cx.to_number(args.get(i))?;
        if n.trunc() != n || !(0.0..=1_114_111.0).contains(&n) {
            return Err(cx.throw_range(format_args!("Invalid code point {}", cx.describe(args.get(i)))));
        }
        out.push_code_point(n as u32)?;
    }
    Ok(out.finish()?.into())
}

fn raw(cx: &Context, args: &Args) -> JsResult<Value> {
    let cooked = cx.to_object(args.get(0))?;
    let raw = cx.to_object(cooked.get(cx, cx.names().raw)?)?;
    let count = cx.length_of(raw)?;
    let mut out = StringBuilder::new(cx);
    for i in 0..count {
        let piece = raw.get(cx, cx.index_key(i))?;
        out.push_string(cx.to_string(piece)?)?;
        if i + 1 < count && (i as usize + 1) < args.len() {
            out.push_string(cx.to_string(args.get(i as usize + 1))?)?;
        }
    }
    Ok(out.finish()?.into())
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    this_string_value(cx, args, "toString")
}

fn value_of(cx: &Context, args: &Args) -> JsResult<Value> {
    this_string_value(cx, args, "valueOf")
}

fn at(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "at")?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    let k = if n < 0.0 { s.len() as f64 + n } else { n };
    if k < 0.0 || k >= s.len() as f64 {
        return Ok(Value::UNDEFINED);
    }
    Ok(cx.string_element(s, k as usize)?.into())
}

fn char_at(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "charAt")?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    if n < 0.0 || n >= s.len() as f64 {
        return Ok(cx.empty_string().into());
    }
    Ok(cx.string_element(s, n as usize)?.into())
}

fn char_code_at(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "charCodeAt")?;
    let v = args.get(0);
    let n = if v.is_int32() { v.as_int32() as f64 } else { cx.to_integer_or_infinity(v)? };
    if n < 0.0 || n >= s.len() as f64 {
        return Ok(Value::NAN);
    }
    Ok(Value::int32(s.char_at(cx, n as usize)? as i32))
}

fn code_point_at(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "codePointAt")?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    if n < 0.0 || n >= s.len() as f64 {
        return Ok(Value::UNDEFINED);
    }
    Ok(Value::int32(s.chars(cx)?.code_point_at(n as usize).0 as i32))
}

fn concat(cx: &Context, args: &Args) -> JsResult<Value> {
    let mut s = this_string(cx, args, "concat")?;
    for i in 0..args.len() {
        s = cx.concat(s, cx.to_string(args.get(i))?)?;
    }
    Ok(s.into())
}

fn ends_with(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "endsWith")?;
    let needle = search_string(cx, args, "endsWith")?;
    let end = clamped(cx, args.get(1), s.len(), s.len())?;
    Ok((needle.len() <= end && s.chars(cx)?.slice(0, end).ends_with(needle.chars(cx)?)).into())
}

fn starts_with(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "startsWith")?;
    let needle = search_string(cx, args, "startsWith")?;
    let start = clamped(cx, args.get(1), s.len(), 0)?;
    Ok(s.chars(cx)?.slice(start, s.len()).starts_with(needle.chars(cx)?).into())
}

fn includes(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "includes")?;
    let needle = search_string(cx, args, "includes")?;
    let start = clamped(cx, args.get(1), s.len(), 0)?;
    Ok(search::index_of(s.chars(cx)?, needle.chars(cx)?, start).is_some().into())
}

fn position(found: Option<usize>) -> Value {
    found.map_or(Value::int32(-1), Value::length)
}

fn index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "indexOf")?;
    let needle = cx.to_string(args.get(0))?;
    let start = clamped(cx, args.get(1), s.len(), 0)?;
    Ok(position(search::index_of(s.chars(cx)?, needle.chars(cx)?, start)))
}

fn last_index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "lastIndexOf")?;
    let needle = cx.to_string(args.get(0))?;
    let n = cx.to_number(args.get(1))?;
    let start = if n.is_nan() { s.len() } else { n.trunc().clamp(0.0, s.len() as f64) as usize };
    Ok(position(search::last_index_of(s.chars(cx)?, needle.chars(cx)?, start)))
}

fn is_well_formed(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(this_string(cx, args, "isWellFormed")?.chars(cx)?.is_well_formed().into())
}

fn to_well_formed(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "toWellFormed")?;
    if s.chars(cx)?.is_well_formed() {
        return Ok(s.into());
    }
    let mut out = StringBuilder::with_capacity(cx, s.len())?;
    for c in s.chars(cx)?.code_points() {
        out.push_code_point(if (0xd800..0xe000).contains(&c) { 0xfffd } else { c })?;
    }
    Ok(out.finish()?.into())
}

fn locale_compare(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "localeCompare")?;
    let other = cx.to_string(args.get(0))?;
    // Canonically equivalent strings are equal (§22.1.3.12); beyond that, case is a tie-break as in a root collation.
    let (a, b) = (cx.string_normalize(s, NormalizationForm::Nfc)?, cx.string_normalize(other, NormalizationForm::Nfc)?);
    Ok(Value::int32(crate::collate::compare(a.chars(cx)?, b.chars(cx)?) as i32))
}

fn normalize(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "normalize")?;
    let form = if args.get(0).is_undefined() {
        NormalizationForm::Nfc
    } else {
        let name = cx.to_string(args.get(0))?;
        match NormalizationForm::from_name(name.chars(cx)?) {
            Some(form) => form,
            None => {
                return Err(
                    cx.throw_range(format_args!("The normalization form should be one of NFC, NFD, NFKC, NFKD."))
                );
            }
        }
    };
    Ok(cx.string_normalize(s, form)?.into())
}

fn pad(cx: &Context, args: &Args, method: &str, at_start: bool) -> JsResult<Value> {
    let s = this_string(cx, args, method)?;
    let target = cx.to_length(args.get(0))?;
    if target <= s.len() as u64 {
        return Ok(s.into());
    }
    let filler = if args.get(1).is_undefined() { cx.single_char(0x20) } else { cx.to_string(args.get(1))? };
    if filler.is_empty() {
        return Ok(s.into());
    }
    if target > tercel_vm::string::MAX_LENGTH as u64 {
        return Err(cx.throw_string_length());
    }
    let missing = target as usize - s.len();
    let whole = repeat_string(cx, filler, missing.div_ceil(filler.len()))?;
    let padding = cx.substring(whole, 0, missing)?;
    Ok(if at_start { cx.concat(padding, s)? } else { cx.concat(s, padding)? }.into())
}

fn pad_end(cx: &Context, args: &Args) -> JsResult<Value> {
    pad(cx, args, "padEnd", false)
}

fn pad_start(cx: &Context, args: &Args) -> JsResult<Value> {
    pad(cx, args, "padStart", true)
}

/// `count` copies of `s`: a rope by doubling, so that huge repetitions cost nothing until they are read.
fn repeat_string(cx: &Context, s: Str, count: usize) -> JsResult<Str> {
    if count == 0 || s.is_empty() {
        return Ok(cx.empty_string());
    }
    if s.len().checked_mul(count).is_none_or(|n| n > tercel_vm::string::MAX_LENGTH) {
        return Err(cx.throw_string_length());
    }
    if s.len() * count <= 4096 {
        let mut out = StringBuilder::with_capacity(cx, s.len() * count)?;
        out.push_string(s)?;
        out.repeat(count)?;
        return out.finish();
    }
    let (mut result, mut power, mut left) = (None, s, count);
    loop {
        if left & 1 != 0 {
            result = Some(match result {
                None => power,
                Some(r) => cx.concat(r, power)?,
            });
        }
        left >>= 1;
        if left == 0 {
            return Ok(result.unwrap_or(power));
        }
        power = cx.concat(power, power)?;
    }
}

fn repeat(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "repeat")?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    if n < 0.0 || n == f64::INFINITY {
        return Err(cx.throw_range(format_args!("Invalid count value: {}", cx.describe(args.get(0)))));
    }
    if s.is_empty() {
        return Ok(s.into());
    }
    if n > tercel_vm::string::MAX_LENGTH as f64 {
        return Err(cx.throw_string_length());
    }
    Ok(repeat_string(cx, s, n as usize)?.into())
}

fn slice(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "slice")?;
    let len = s.len();
    let (from, to) = (relative(cx, args.get(0), len, 0)?, relative(cx, args.get(1), len, len)?);
    Ok(cx.substring(s, from, to.max(from))?.into())
}

fn substring(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "substring")?;
    let len = s.len();
    let (a, b) = (clamped(cx, args.get(0), len, 0)?, clamped(cx, args.get(1), len, len)?);
    Ok(cx.substring(s, a.min(b), a.max(b))?.into())
}

fn substr(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "substr")?;
    let start = relative(cx, args.get(0), s.len(), 0)?;
    let length = if args.get(1).is_undefined() { f64::INFINITY } else { cx.to_integer_or_infinity(args.get(1))? };
    let end = (start as f64 + length.max(0.0)).min(s.len() as f64) as usize;
    Ok(cx.substring(s, start, end.max(start))?.into())
}

fn to_lower_case(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.string_to_lower(this_string(cx, args, "toLowerCase")?)?.into())
}

fn to_upper_case(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.string_to_upper(this_string(cx, args, "toUpperCase")?)?.into())
}

fn trim(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.string_trim(this_string(cx, args, "trim")?, true, true)?.into())
}

fn trim_start(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.string_trim(this_string(cx, args, "trimStart")?, true, false)?.into())
}

fn trim_end(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.string_trim(this_string(cx, args, "trimEnd")?, false, true)?.into())
}

/// The method `key` of an argument that is an object, for delegation to patterns (§22.1.3.13 step 2 and its like).
fn pattern_method(cx: &Context, pattern: Value, key: PropertyKey) -> JsResult<Value> {
    let method = if pattern.is_object() { cx.get_method(pattern, key)? } else { None };
    Ok(method.unwrap_or(Value::UNDEFINED))
}

fn require_coercible(cx: &Context, args: &Args, method: &str) -> JsResult<()> {
    if args.this().is_nullish() {
        return Err(cx.throw_type(format_args!("String.prototype.{method} called on null or undefined")));
    }
    Ok(())
}

fn split(cx: &Context, args: &Args) -> JsResult<Value> {
    require_coercible(cx, args, "split")?;
    let (separator, limit) = (args.get(0), args.get(1));
    let splitter = pattern_method(cx, separator, cx.names().symbol_split)?;
    if !splitter.is_undefined() {
        return cx.call(splitter, separator, &[args.this(), limit]);
    }
    let s = cx.to_string(args.this())?;
    let limit = if limit.is_undefined() { u32::MAX } else { cx.to_uint32(limit)? };
    let needle = cx.to_string(separator)?;
    let out = cx.new_array(0);
    if limit == 0 {
        return Ok(out.into());
    }
    if separator.is_undefined() {
        cx.array_push(out, s.into())?;
        return Ok(out.into());
    }
    if s.is_empty() {
        if !needle.is_empty() {
            cx.array_push(out, s.into())?;
        }
        return Ok(out.into());
    }
    if needle.is_empty() {
        for i in 0..s.len().min(limit as usize) {
            if i % 8192 == 8191 {
                cx.poll()?;
            }
            let unit = s.char_at(cx, i)?;
            cx.array_push(out, cx.single_char(unit).into())?;
        }
        return Ok(out.into());
    }
    let (mut from, mut count, mut work) = (0, 0u32, 0);
    while let Some(hit) = search::index_of(s.chars(cx)?, needle.chars(cx)?, from) {
        work += hit - from + 16;
        if work > 65_536 {
            work = 0;
            cx.poll()?;
        }
        cx.array_push(out, cx.substring(s, from, hit)?.into())?;
        count += 1;
        if count == limit {
            return Ok(out.into());
        }
        from = hit + needle.len();
    }
    cx.array_push(out, cx.substring(s, from, s.len())?.into())?;
    Ok(out.into())
}

fn replace_with(cx: &Context, args: &Args, method: &str, all: bool) -> JsResult<Value> {
    require_coercible(cx, args, method)?;
    let (pattern, replacement) = (args.get(0), args.get(1));
    if pattern.is_object() {
        if all && cx.is_regexp(pattern)? {
            let flags = cx.get_value(pattern, cx.names().flags)?;
            if flags.is_nullish() {
                return Err(cx.throw_type(format_args!("flags of a regular expression must not be null or undefined")));
            }
            let text = cx.to_string(flags)?;
            if search::index_of(text.chars(cx)?, Chars::Latin1(b"g"), 0).is_none() {
                return Err(cx.throw_type(format_args!("replaceAll must be called with a global RegExp")));
            }
        }
        let replacer = pattern_method(cx, pattern, cx.names().symbol_replace)?;
        if !replacer.is_undefined() {
            return cx.call(replacer, pattern, &[args.this(), replacement]);
        }
    }
    let s = cx.to_string(args.this())?;
    let needle = cx.to_string(pattern)?;
    let callable = cx.is_callable(replacement);
    let template = if callable { cx.empty_string() } else { cx.to_string(replacement)? };
    let mut out = StringBuilder::new(cx);
    let (mut copied, mut from) = (0, 0);
    while from <= s.len()
        && let Some(hit) = search::index_of(s.chars(cx)?, needle.chars(cx)?, from)
    {
        out.push_substring(s, copied, hit)?;
        if callable {
            let r = cx.call(replacement, Value::UNDEFINED, &[needle.into(), Value::length(hit), s.into()])?;
            out.push_string(cx.to_string(r)?)?;
        } else {
            let m = crate::regexp::substitution::Match {
                string: s,
                position: hit,
                matched: needle,
                captures: &[],
                groups: None,
            };
            crate::regexp::substitution::expand(cx, &mut out, &m, template)?;
        }
        copied = hit + needle.len();
        from = hit + needle.len().max(1);
        if !all {
            break;
        }
        cx.poll()?;
    }
    if copied == 0 && out.is_empty() && from == 0 {
        return Ok(s.into());
    }
    out.push_substring(s, copied, s.len())?;
    Ok(out.finish()?.into())
}

fn replace(cx: &Context, args: &Args) -> JsResult<Value> {
    replace_with(cx, args, "replace", false)
}

fn replace_all(cx: &Context, args: &Args) -> JsResult<Value> {
    replace_with(cx, args, "replaceAll", true)
}

/// match, matchAll and search: delegate to the pattern, or to a RegExp made of it.
fn by_pattern(cx: &Context, args: &Args, method: &str, key: PropertyKey, flags: &str) -> JsResult<Value> {
    require_coercible(cx, args, method)?;
    let pattern = args.get(0);
    if pattern.is_object() {
        if method == "matchAll" && cx.is_regexp(pattern)? {
            let f = cx.get_value(pattern, cx.names().flags)?;
            if f.is_nullish() {
                return Err(cx.throw_type(format_args!("flags of a regular expression must not be null or undefined")));
            }
            let text = cx.to_string(f)?;
            if search::index_of(text.chars(cx)?, Chars::Latin1(b"g"), 0).is_none() {
                return Err(
                    cx.throw_type(format_args!("String.prototype.matchAll called with a non-global RegExp argument"))
                );
            }
        }
        let m = pattern_method(cx, pattern, key)?;
        if !m.is_undefined() {
            return cx.call(m, pattern, &[args.this()]);
        }
    }
    let s = cx.to_string(args.this())?;
    let regexp = crate::regexp::create(cx, pattern, flags)?;
    cx.invoke(regexp.into(), key, &[s.into()])
}

fn match_(cx: &Context, args: &Args) -> JsResult<Value> {
    by_pattern(cx, args, "match", cx.names().symbol_match, "")
}

fn match_all(cx: &Context, args: &Args) -> JsResult<Value> {
    by_pattern(cx, args, "matchAll", cx.names().symbol_match_all, "g")
}

fn search_method(cx: &Context, args: &Args) -> JsResult<Value> {
    by_pattern(cx, args, "search", cx.names().symbol_search, "")
}

fn iterator(cx: &Context, args: &Args) -> JsResult<Value> {
    let s = this_string(cx, args, "[Symbol.iterator]")?;
    Ok(crate::iterator::new_string_iterator(cx, s).into())
}

/// CreateHTML (§B.2.2.2.1).
fn html(cx: &Context, args: &Args, method: &str, tag: &str, attribute: &str) -> JsResult<Value> {
    let s = this_string(cx, args, method)?;
    let mut out = StringBuilder::new(cx);
    out.push_str("<")?;
    out.push_str(tag)?;
    if !attribute.is_empty() {
        let value = cx.to_string(args.get(0))?;
        out.push_str(" ")?;
        out.push_str(attribute)?;
        out.push_str("=\"")?;
        for unit in value.chars(cx)?.to_units() {
            if unit == u16::from(b'"') { out.push_str("&quot;")? } else { out.push_unit(unit)? }
        }
        out.push_str("\"")?;
    }
    out.push_str(">")?;
    out.push_string(s)?;
    out.push_str("</")?;
    out.push_str(tag)?;
    out.push_str(">")?;
    Ok(out.finish()?.into())
}

macro_rules! html_methods {
    ($($f:ident, $name:literal, $tag:literal, $attribute:literal;)*) => {
        $(fn $f(cx: &Context, args: &Args) -> JsResult<Value> {
            html(cx, args, $name, $tag, $attribute)
        })*
    };
}

html_methods! {
    anchor, "anchor", "a", "name";
    big, "big", "big", "";
    blink, "blink", "blink", "";
    bold, "bold", "b", "";
    fixed, "fixed", "tt", "";
    fontcolor, "fontcolor", "font", "color";
    fontsize, "fontsize", "font", "size";
    italics, "italics", "i", "";
    link, "link", "a", "href";
    small, "small", "small", "";
    strike, "strike", "strike", "";
    sub, "sub", "sub", "";
    sup, "sup", "sup", "";
}

pub static CONSTRUCTOR: FunctionSpec = class("String", 1, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::StringPrototype),
    method("fromCharCode", 1, from_char_code),
    method("fromCodePoint", 1, from_code_point),
    method("raw", 1, raw),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::String),
    method("at", 1, at),
    method("charAt", 1, char_at),
    method("charCodeAt", 1, char_code_at).fast(FastNative::StringCharCodeAt),
    method("codePointAt", 1, code_point_at),
    method("concat", 1, concat),
    method("endsWith", 1, ends_with),
    method("includes", 1, includes),
    method("indexOf", 1, index_of),
    method("isWellFormed", 0, is_well_formed),
    method("lastIndexOf", 1, last_index_of),
    method("localeCompare", 1, locale_compare),
    method("match", 1, match_),
    method("matchAll", 1, match_all),
    method("normalize", 0, normalize),
    method("padEnd", 1, pad_end),
    method("padStart", 1, pad_start),
    method("repeat", 1, repeat),
    method("replace", 2, replace),
    method("replaceAll", 2, replace_all),
    method("search", 1, search_method),
    method("slice", 2, slice),
    method("split", 2, split),
    method("startsWith", 1, starts_with),
    method("substr", 2, substr),
    method("substring", 2, substring),
    method("toLocaleLowerCase", 0, to_lower_case),
    method("toLocaleUpperCase", 0, to_upper_case),
    method("toLowerCase", 0, to_lower_case),
    method("toString", 0, to_string),
    method("toUpperCase", 0, to_upper_case),
    method("toWellFormed", 0, to_well_formed),
    method("trim", 0, trim),
    method("trimEnd", 0, trim_end),
    method("trimStart", 0, trim_start),
    alias("trimLeft", "trimStart"),
    alias("trimRight", "trimEnd"),
    method("valueOf", 0, value_of),
    symbol_method(names::SYMBOL_ITERATOR, 0, iterator),
    method("anchor", 1, anchor),
    method("big", 0, big),
    method("blink", 0, blink),
    method("bold", 0, bold),
    method("fixed", 0, fixed),
    method("fontcolor", 1, fontcolor),
    method("fontsize", 1, fontsize),
    method("italics", 0, italics),
    method("link", 1, link),
    method("small", 0, small),
    method("strike", 0, strike),
    method("sub", 0, sub),
    method("sup", 0, sup),
];
