//! RegExp and RegExp.prototype (ECMA-262 §22.2), with Annex B's `compile` (§B.2.4.1).

pub mod object;
mod short_ways;
pub mod substitution;

use crate::table::*;
use object::{
    advance, alloc, as_regexp, builtin_exec, builtin_match, compiled, flags_text, initialize, last_index, source,
};
pub use object::{create, set_last_index};
use short_ways::Replacement;
use tercel_regexp::Flags;
use tercel_vm::fast_native::FastNative;
use tercel_vm::string::{Chars, StringBuilder, search};
use tercel_vm::{Args, Context, Gc, JsResult, JsString, Object, PropertyKey, Value, ValueList, names};

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    let (pattern, flags) = (args.get(0), args.get(1));
    let is_regexp = cx.is_regexp(pattern)?;
    let mut nt = args.new_target();
    if nt.is_undefined() {
        nt = args.callee();
        if is_regexp
            && flags.is_undefined()
            && let Some(o) = pattern.as_object()
            && o.get(cx, cx.names().constructor)? == nt
        {
            return Ok(pattern);
        }
    }
    let (p, f) = if let Some(r) = as_regexp(pattern) {
        (source(cx, r).into(), if flags.is_undefined() { flags_text(cx, r).into() } else { flags })
    } else if is_regexp && let Some(o) = pattern.as_object() {
        let p = o.get(cx, cx.names().source)?;
        (p, if flags.is_undefined() { o.get(cx, cx.names().flags)? } else { flags })
    } else {
        (pattern, flags)
    };
    // Kept rooted in the frame: the prototype getter below may run script.
    let roots = ValueList::with_capacity(cx, 2);
    roots.push(p);
    roots.push(f);
    let proto = cx.prototype_from_new_target(nt, Intrinsic::RegExpPrototype)?;
    let r = alloc(cx, proto)?;
    initialize(cx, r, roots.get(0), roots.get(1))?;
    Ok(r.into())
}

/// RegExp.escape (§22.2.5.1).
fn escape(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(s) = args.get(0).as_string() else {
        return Err(cx.throw_type(format_args!("Input argument must be a string")));
    };
    let mut out = StringBuilder::new(cx);
    for (i, c) in s.chars(cx)?.code_points().enumerate() {
        let ascii = u8::try_from(c).ok().filter(u8::is_ascii);
        match ascii {
            Some(b) if i == 0 && b.is_ascii_alphanumeric() => out.push_str(&format!("\\x{b:02x}"))?,
            Some(b) if b"^$\\.*+?()[]{}|/".contains(&b) => out.push_str(&format!("\\{}", b as char))?,
            Some(b'\t') => out.push_str("\\t")?,
            Some(b'\n') => out.push_str("\\n")?,
            Some(0x0b) => out.push_str("\\v")?,
            Some(0x0c) => out.push_str("\\f")?,
            Some(b'\r') => out.push_str("\\r")?,
            Some(b) if b",-=<>#&!%:;@~'`\"".contains(&b) || b == b' ' => out.push_str(&format!("\\x{b:02x}"))?,
            Some(_) => out.push_code_point(c)?,
            None => {
                let unit = u16::try_from(c).unwrap_or(0);
                if c < 0x10000 && (tercel_vm::string::chars::is_white_space(unit) || (0xd800..0xe000).contains(&c)) {
                    if c < 256 { out.push_str(&format!("\\x{c:02x}"))? } else { out.push_str(&format!("\\u{c:04x}"))? }
                } else {
                    out.push_code_point(c)?;
                }
            }
        }
    }
    Ok(out.finish()?.into())
}

fn this_object(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<Object>> {
    match args.this().as_object() {
        Some(o) => Ok(o),
        None => Err(cx.throw_type(format_args!(
            "RegExp.prototype.{method} called on incompatible receiver {}",
            cx.describe(args.this())
        ))),
    }
}

fn exec_method(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(r) = as_regexp(args.this()) else {
        return Err(cx.throw_type(format_args!("Receiver is not a RegExp")));
    };
    let s = cx.to_string(args.get(0))?;
    builtin_exec(cx, r, s)
}

/// RegExpExec (§22.2.7.1): the result object, or null.
pub fn exec(cx: &Context, r: Gc<Object>, s: Gc<JsString>) -> JsResult<Value> {
    if let Some(regexp) = short_ways::plain(cx, r) {
        return builtin_exec(cx, regexp, s);
    }
    let exec = r.get(cx, cx.names().exec)?;
    if cx.is_callable(exec) {
        let result = cx.call(exec, r.into(), &[s.into()])?;
        if !result.is_object() && !result.is_null() {
            return Err(cx.throw_type(format_args!("object null is not a function")));
        }
        return Ok(result);
    }
    let Some(regexp) = as_regexp(r.into()) else {
        return Err(cx.throw_type(format_args!("Receiver is not a RegExp")));
    };
    builtin_exec(cx, regexp, s)
}

/// Moves lastIndex past an empty match.
pub fn advance_last_index(cx: &Context, r: Gc<Object>, s: Gc<JsString>, unicode: bool) -> JsResult<()> {
    let next = advance(cx, s, last_index(cx, r)?, unicode)?;
    set_last_index(cx, r, Value::number(next as f64))
}

fn test(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "test")?;
    let s = cx.to_string(args.get(0))?;
    if let Some(regexp) = short_ways::plain(cx, r) {
        return Ok(builtin_match(cx, regexp, s, |_, _| ())?.is_some().into());
    }
    Ok((!exec(cx, r, s)?.is_null()).into())
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "toString")?;
    let pattern = r.get(cx, cx.names().source)?;
    let pattern = cx.to_string(pattern)?;
    let flags = r.get(cx, cx.names().flags)?;
    let flags = cx.to_string(flags)?;
    let mut out = StringBuilder::new(cx);
    out.push_str("/")?;
    out.push_string(pattern)?;
    out.push_str("/")?;
    out.push_string(flags)?;
    Ok(out.finish()?.into())
}

fn compile_method(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(r) = as_regexp(args.this()) else {
        return Err(cx.throw_type(format_args!("RegExp.prototype.compile called on incompatible receiver")));
    };
    if let Some(other) = as_regexp(args.get(0)) {
        if !args.get(1).is_undefined() {
            return Err(cx.throw_type(format_args!("Invalid flags")));
        }
        let (p, f) = (source(cx, other).into(), flags_text(cx, other).into());
        initialize(cx, r, p, f)?;
    } else {
        initialize(cx, r, args.get(0), args.get(1))?;
    }
    Ok(args.this())
}

/// The flags as text, from the object's properties (§22.2.6.4).
fn flags(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "flags")?;
    let n = cx.names();
    let mut out = StringBuilder::new(cx);
    for (key, letter) in [
        (n.has_indices, b'd'),
        (n.global, b'g'),
        (n.ignore_case, b'i'),
        (n.multiline, b'm'),
        (n.dot_all, b's'),
        (n.unicode, b'u'),
        (n.unicode_sets, b'v'),
        (n.sticky, b'y'),
    ] {
        if r.get(cx, key)?.to_boolean() {
            out.push_unit(u16::from(letter))?;
        }
    }
    Ok(out.finish()?.into())
}

/// RegExpHasFlag (§22.2.6.4.1).
fn has_flag(cx: &Context, args: &Args, letter: u8, name: &str) -> JsResult<Value> {
    if let Some(r) = as_regexp(args.this()) {
        let text = flags_text(cx, r);
        return Ok(search::index_of(text.chars(cx)?, Chars::Latin1(&[letter]), 0).is_some().into());
    }
    if args.this() == cx.intrinsic(Intrinsic::RegExpPrototype).into() {
        return Ok(Value::UNDEFINED);
    }
    Err(cx.throw_type(format_args!("RegExp.prototype.{name} getter called on non-RegExp object")))
}

macro_rules! flag_getters {
    ($($f:ident, $letter:literal, $name:literal;)*) => {
        $(fn $f(cx: &Context, args: &Args) -> JsResult<Value> {
            has_flag(cx, args, $letter, $name)
        })*
    };
}

flag_getters! {
    has_indices, b'd', "hasIndices";
    global, b'g', "global";
    ignore_case, b'i', "ignoreCase";
    multiline, b'm', "multiline";
    dot_all, b's', "dotAll";
    unicode, b'u', "unicode";
    unicode_sets, b'v', "unicodeSets";
    sticky, b'y', "sticky";
}

/// EscapeRegExpPattern (§22.2.6.13.1): slashes outside classes and line ends are escaped.
fn source_getter(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(r) = as_regexp(args.this()) else {
        if args.this() == cx.intrinsic(Intrinsic::RegExpPrototype).into() {
            return Ok(cx.string_from_utf8("(?:)").into());
        }
        return Err(cx.throw_type(format_args!("RegExp.prototype.source getter called on non-RegExp object")));
    };
    let pattern = source(cx, r);
    if pattern.is_empty() {
        return Ok(cx.string_from_utf8("(?:)").into());
    }
    let text = pattern.chars(cx)?;
    if !text.units().any(|u| matches!(u, 0x2f | 0x0a | 0x0d | 0x2028 | 0x2029)) {
        return Ok(pattern.into());
    }
    let mut out = StringBuilder::new(cx);
    let (mut in_class, mut escaped) = (false, false);
    for unit in text.units() {
        match unit {
            0x2f if !in_class && !escaped => out.push_str("\\/")?,
            0x0a => out.push_str(if escaped { "n" } else { "\\n" })?,
            0x0d => out.push_str(if escaped { "r" } else { "\\r" })?,
            0x2028 => out.push_str(if escaped { "u2028" } else { "\\u2028" })?,
            0x2029 => out.push_str(if escaped { "u2029" } else { "\\u2029" })?,
            _ => out.push_unit(unit)?,
        }
        if !escaped {
            in_class = if unit == 0x5b { true } else { in_class && unit != 0x5d };
        }
        escaped = unit == 0x5c && !escaped;
    }
    Ok(out.finish()?.into())
}

/// RegExp.prototype[@@match] (§22.2.6.8).
fn match_(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "[Symbol.match]")?;
    let s = cx.to_string(args.get(0))?;
    if let Some(regexp) = short_ways::plain_with_flags(cx, r) {
        return short_ways::match_(cx, regexp, s);
    }
    let flags = r.get(cx, cx.names().flags)?;
    let flags = cx.to_string(flags)?;
    let has = |letter: &[u8]| -> JsResult<bool> {
        Ok(search::index_of(flags.chars(cx)?, Chars::Latin1(letter), 0).is_some())
    };
    if !has(b"g")? {
        return exec(cx, r, s);
    }
    let unicode = has(b"u")? || has(b"v")?;
    set_last_index(cx, r, Value::ZERO)?;
    let out = cx.new_array(0);
    loop {
        let result = exec(cx, r, s)?;
        let Some(found) = result.as_object() else {
            return Ok(if out.is_empty() { Value::NULL } else { out.into() });
        };
        let text = found.get(cx, PropertyKey::index(0))?;
        let text = cx.to_string(text)?;
        cx.array_push(out, text.into())?;
        if text.is_empty() {
            advance_last_index(cx, r, s, unicode)?;
        }
    }
}

/// RegExp.prototype[@@matchAll] (§22.2.6.9).
fn match_all(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "[Symbol.matchAll]")?;
    let s = cx.to_string(args.get(0))?;
    let c = cx.species_constructor(r, Intrinsic::RegExp)?;
    let flags = r.get(cx, cx.names().flags)?;
    let flags = cx.to_string(flags)?;
    let matcher = cx.construct(c, &[r.into(), flags.into()], c)?;
    let matcher = cx.to_object(matcher)?;
    set_last_index(cx, matcher, Value::number(last_index(cx, r)? as f64))?;
    let has = |letter: &[u8]| -> JsResult<bool> {
        Ok(search::index_of(flags.chars(cx)?, Chars::Latin1(letter), 0).is_some())
    };
    let (global, unicode) = (has(b"g")?, has(b"u")? || has(b"v")?);
    Ok(crate::iterator::new_regexp_string_iterator(cx, matcher, s, global, unicode).into())
}

/// RegExp.prototype[@@search] (§22.2.6.12).
fn search_method(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "[Symbol.search]")?;
    let s = cx.to_string(args.get(0))?;
    if let Some(regexp) = short_ways::plain(cx, r) {
        return short_ways::search(cx, regexp, s);
    }
    let previous = r.get(cx, cx.names().last_index)?;
    if !cx.same_value(previous, Value::ZERO)? {
        set_last_index(cx, r, Value::ZERO)?;
    }
    let result = exec(cx, r, s)?;
    let current = r.get(cx, cx.names().last_index)?;
    if !cx.same_value(current, previous)? {
        set_last_index(cx, r, previous)?;
    }
    match result.as_object() {
        Some(found) => found.get(cx, cx.names().index),
        None => Ok(Value::int32(-1)),
    }
}

/// RegExp.prototype[@@replace] (§22.2.6.11).
fn replace(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "[Symbol.replace]")?;
    let s = cx.to_string(args.get(0))?;
    let callable = cx.is_callable(args.get(1));
    let template = if callable { cx.empty_string() } else { cx.to_string(args.get(1))? };
    if let Some(regexp) = short_ways::plain_with_flags(cx, r)
        && compiled(regexp).is_some_and(|regex| regex.group_names().len() == 0)
    {
        let replacement = if callable { Replacement::Function(args.get(1)) } else { Replacement::Template(template) };
        return short_ways::replace(cx, regexp, s, replacement);
    }
    let flags = r.get(cx, cx.names().flags)?;
    let flags = cx.to_string(flags)?;
    let has = |letter: &[u8]| -> JsResult<bool> {
        Ok(search::index_of(flags.chars(cx)?, Chars::Latin1(letter), 0).is_some())
    };
    let global = has(b"g")?;
    let unicode = global && (has(b"u")? || has(b"v")?);
    if global {
        set_last_index(cx, r, Value::ZERO)?;
    }
    let results = ValueList::new(cx);
    loop {
        let result = exec(cx, r, s)?;
        let Some(found) = result.as_object() else { break };
        results.push(result);
        if !global {
            break;
        }
        let text = found.get(cx, PropertyKey::index(0))?;
        if cx.to_string(text)?.is_empty() {
            advance_last_index(cx, r, s, unicode)?;
        }
        cx.poll()?;
    }
    let mut out = StringBuilder::new(cx);
    let mut next = 0usize;
    for i in 0..results.len() {
        let Some(found) = results.get(i).as_object() else { continue };
        let captures_length = cx.length_of(found)?.max(1);
        let matched = found.get(cx, PropertyKey::index(0))?;
        let matched = cx.to_string(matched)?;
        let position = found.get(cx, cx.names().index)?;
        let position = cx.to_integer_or_infinity(position)?.clamp(0.0, s.len() as f64) as usize;
        // matched, captures, position, string, groups: in the order in which a replacer gets them.
        let list = ValueList::new(cx);
        list.push(matched);
        for n in 1..captures_length {
            let mut capture = found.get(cx, cx.index_key(n))?;
            if !capture.is_undefined() {
                capture = cx.to_string(capture)?.into();
            }
            list.push(capture);
        }
        let groups = found.get(cx, cx.names().groups)?;
        let count = list.len();
        if callable {
            list.push(Value::length(position));
            list.push(s);
            if !groups.is_undefined() {
                list.push(groups);
            }
            let replaced = cx.call_cells(args.get(1), Value::UNDEFINED, list.cells())?;
            let replaced = cx.to_string(replaced)?;
            if position >= next {
                out.push_substring(s, next, position)?;
                out.push_string(replaced)?;
                next = position + matched.len();
            }
        } else {
            let groups = if groups.is_undefined() { None } else { Some(cx.to_object(groups)?) };
            let mut piece = StringBuilder::new(cx);
            let m = substitution::Match { string: s, position, matched, captures: &list.cells()[1..count], groups };
            substitution::expand(cx, &mut piece, &m, template)?;
            if position >= next {
                out.push_substring(s, next, position)?;
                out.push_chars(piece.chars())?;
                next = position + matched.len();
            }
        }
    }
    if next >= s.len() {
        return Ok(out.finish()?.into());
    }
    out.push_substring(s, next, s.len())?;
    Ok(out.finish()?.into())
}

/// RegExp.prototype[@@split] (§22.2.6.14).
fn split(cx: &Context, args: &Args) -> JsResult<Value> {
    let r = this_object(cx, args, "[Symbol.split]")?;
    let s = cx.to_string(args.get(0))?;
    if let Some(regexp) = short_ways::plain_with_species(cx, r)
        && args.get(1).is_undefined()
        && compiled(regexp).is_some_and(|regex| !regex.flags().contains(Flags::STICKY))
    {
        return short_ways::split(cx, regexp, s);
    }
    let c = cx.species_constructor(r, Intrinsic::RegExp)?;
    let flags = r.get(cx, cx.names().flags)?;
    let flags = cx.to_string(flags)?;
    let has = |letter: &[u8]| -> JsResult<bool> {
        Ok(search::index_of(flags.chars(cx)?, Chars::Latin1(letter), 0).is_some())
    };
    let unicode = has(b"u")? || has(b"v")?;
    let new_flags = if has(b"y")? { flags } else { cx.concat(flags, cx.single_char(u16::from(b'y')))? };
    let splitter = cx.construct(c, &[r.into(), new_flags.into()], c)?;
    let splitter = cx.to_object(splitter)?;
    let out = cx.new_array(0);
    let limit = if args.get(1).is_undefined() { u32::MAX } else { cx.to_uint32(args.get(1))? };
    if limit == 0 {
        return Ok(out.into());
    }
    let size = s.len();
    if size == 0 {
        if exec(cx, splitter, s)?.is_null() {
            cx.array_push(out, s.into())?;
        }
        return Ok(out.into());
    }
    let (mut p, mut q) = (0usize, 0usize);
    while q < size {
        cx.poll()?;
        set_last_index(cx, splitter, Value::length(q))?;
        let result = exec(cx, splitter, s)?;
        let Some(found) = result.as_object() else {
            q = advance(cx, s, q as u64, unicode)? as usize;
            continue;
        };
        let e = (last_index(cx, splitter)?).min(size as u64) as usize;
        if e == p {
            q = advance(cx, s, q as u64, unicode)? as usize;
            continue;
        }
        cx.array_push(out, cx.substring(s, p, q)?.into())?;
        if out.len() == limit {
            return Ok(out.into());
        }
        p = e;
        let count = cx.length_of(found)?.max(1);
        for i in 1..count {
            let capture = found.get(cx, cx.index_key(i))?;
            cx.array_push(out, capture)?;
            if out.len() == limit {
                return Ok(out.into());
            }
        }
        q = p;
    }
    cx.array_push(out, cx.substring(s, p, size)?.into())?;
    Ok(out.into())
}

pub static CONSTRUCTOR: FunctionSpec = class("RegExp", 2, constructor);

pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::RegExpPrototype), method("escape", 1, escape), species()];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::RegExp),
    method("compile", 2, compile_method),
    method("exec", 1, exec_method),
    getter("dotAll", dot_all),
    getter("flags", flags),
    getter("global", global),
    getter("hasIndices", has_indices),
    getter("ignoreCase", ignore_case),
    getter("multiline", multiline),
    getter("source", source_getter),
    getter("sticky", sticky),
    getter("unicode", unicode),
    getter("unicodeSets", unicode_sets),
    method("test", 1, test).fast(FastNative::RegExpTest),
    method("toString", 0, to_string),
    symbol_method(names::SYMBOL_MATCH, 1, match_),
    symbol_method(names::SYMBOL_MATCH_ALL, 1, match_all),
    symbol_method(names::SYMBOL_REPLACE, 2, replace),
    symbol_method(names::SYMBOL_SEARCH, 1, search_method),
    symbol_method(names::SYMBOL_SPLIT, 2, split),
];
