//! The methods of RegExp.prototype where nothing of what they read was changed by a script: a RegExp of this realm with no
//! property but a writable `lastIndex`, and a prototype whose `exec` and flags are the engine's own. Then no step of theirs runs
//! a script (but for a replacer), and no result objects are needed: matches go straight from the matcher to the result.

use super::object::{advance, as_regexp, builtin_exec, builtin_match, capture, compiled, run, set_last_index};
use super::substitution;
use crate::table::own_species;
use tercel_regexp::{Flags, Scratch};
use tercel_vm::native::NativeFn;
use tercel_vm::object::kinds::ForeignObject;
use tercel_vm::string::{Chars, StringBuilder, search as text_search};
use tercel_vm::{Context, Gc, Intrinsic, JsResult, JsString, Object, Value, ValueList};

/// Which of the probes of [`Context::is_native_own`] is for which property.
mod probe {
    pub const EXEC: usize = 0;
    pub const FLAGS: usize = 1;
    /// The first of eight.
    pub const FLAG_GETTERS: usize = 2;
}

/// A RegExp that `exec`, `test` and `search` may treat as the engine made it.
#[inline]
pub fn plain(cx: &Context, o: Gc<Object>) -> Option<Gc<ForeignObject>> {
    let r = as_regexp(o.into())?;
    r.plain_last_index(cx)?;
    let proto = cx.intrinsic(Intrinsic::RegExpPrototype);
    cx.is_native_own(proto, probe::EXEC, cx.names().exec, super::exec_method).then_some(r)
}

/// The same for methods that read the flags, which are nine getters.
pub fn plain_with_flags(cx: &Context, o: Gc<Object>) -> Option<Gc<ForeignObject>> {
    let r = plain(cx, o)?;
    let n = cx.names();
    let proto = cx.intrinsic(Intrinsic::RegExpPrototype);
    let getters: [(_, NativeFn); 8] = [
        (n.has_indices, super::has_indices),
        (n.global, super::global),
        (n.ignore_case, super::ignore_case),
        (n.multiline, super::multiline),
        (n.dot_all, super::dot_all),
        (n.unicode, super::unicode),
        (n.unicode_sets, super::unicode_sets),
        (n.sticky, super::sticky),
    ];
    let own = cx.is_native_own(proto, probe::FLAGS, n.flags, super::flags)
        && getters.iter().enumerate().all(|(i, &(key, f))| cx.is_native_own(proto, probe::FLAG_GETTERS + i, key, f));
    own.then_some(r)
}

/// The same where SpeciesConstructor gives %RegExp%.
pub fn plain_with_species(cx: &Context, o: Gc<Object>) -> Option<Gc<ForeignObject>> {
    let r = plain_with_flags(cx, o)?;
    let getter = cx.native_species(Intrinsic::RegExpPrototype, Intrinsic::RegExp)?;
    std::ptr::fn_addr_eq(getter.function.get(), own_species as NativeFn).then_some(r)
}

/// Start and end of the match.
fn whole(scratch: &Scratch) -> (usize, usize) {
    scratch.group(0).unwrap_or((0, 0))
}

/// RegExp.prototype[@@match] (§22.2.6.8).
pub fn match_(cx: &Context, r: Gc<ForeignObject>, s: Gc<JsString>) -> JsResult<Value> {
    let Some(regex) = compiled(r) else { return Ok(Value::NULL) };
    if !regex.flags().contains(Flags::GLOBAL) {
        return builtin_exec(cx, r, s);
    }
    let unicode = regex.flags().unicode_mode();
    let out = cx.new_array(0);
    let mut at = 0;
    set_last_index(cx, r.object(), Value::ZERO)?;
    while at <= s.len()
        && let Some((start, end)) = run(cx, r, s, at, |_, scratch| whole(scratch))?
    {
        cx.array_push(out, cx.substring(s, start, end)?.into())?;
        at = if start == end { advance(cx, s, end as u64, unicode)? as usize } else { end };
        cx.poll()?;
    }
    Ok(if out.is_empty() { Value::NULL } else { out.into() })
}

/// RegExp.prototype[@@search] (§22.2.6.12): `lastIndex` is as before in the end.
pub fn search(cx: &Context, r: Gc<ForeignObject>, s: Gc<JsString>) -> JsResult<Value> {
    let found = run(cx, r, s, 0, |_, scratch| whole(scratch))?;
    Ok(found.map_or(Value::int32(-1), |(start, _)| Value::length(start)))
}

/// What takes the place of a match.
pub enum Replacement {
    Function(Value),
    Template(Gc<JsString>),
}

/// RegExp.prototype[@@replace] (§22.2.6.11) without named groups.
pub fn replace(cx: &Context, r: Gc<ForeignObject>, s: Gc<JsString>, with: Replacement) -> JsResult<Value> {
    let Some(regex) = compiled(r) else { return Ok(s.into()) };
    let global = regex.flags().contains(Flags::GLOBAL);
    match with {
        Replacement::Template(template) => replace_by_template(cx, r, s, template, global),
        Replacement::Function(function) => replace_by_function(cx, r, s, function, global),
    }
}

/// Has `each`, which runs no script, look at every match, or at the one that a RegExp without `g` finds.
fn each_match(
    cx: &Context,
    r: Gc<ForeignObject>,
    s: Gc<JsString>,
    global: bool,
    mut each: impl FnMut(&Scratch) -> JsResult<()>,
) -> JsResult<()> {
    if !global {
        return builtin_match(cx, r, s, |_, scratch| each(scratch))?.unwrap_or(Ok(()));
    }
    let unicode = compiled(r).is_some_and(|regex| regex.flags().unicode_mode());
    set_last_index(cx, r.object(), Value::ZERO)?;
    let mut at = 0;
    while at <= s.len() {
        let found = run(cx, r, s, at, |_, scratch| each(scratch).map(|()| whole(scratch)))?;
        let Some(found) = found else { break };
        let (start, end) = found?;
        at = if start == end { advance(cx, s, end as u64, unicode)? as usize } else { end };
        cx.poll()?;
    }
    Ok(())
}

fn replace_by_template(
    cx: &Context,
    r: Gc<ForeignObject>,
    s: Gc<JsString>,
    template: Gc<JsString>,
    global: bool,
) -> JsResult<Value> {
    let plain = text_search::index_of(template.chars(cx)?, Chars::Latin1(b"$"), 0).is_none();
    let groups = compiled(r).map_or(0, |regex| regex.group_count());
    let mut out = StringBuilder::new(cx);
    let list = ValueList::new(cx);
    let (mut next, mut found) = (0, false);
    each_match(cx, r, s, global, |scratch| {
        let (start, end) = whole(scratch);
        found = true;
        out.push_substring(s, next, start)?;
        next = end;
        if plain {
            return out.push_string(template);
        }
        list.clear();
        for group in 1..=groups {
            list.push(capture(cx, scratch, s, group)?);
        }
        let matched = cx.substring(s, start, end)?;
        let m = substitution::Match { string: s, position: start, matched, captures: list.cells(), groups: None };
        substitution::expand(cx, &mut out, &m, template)
    })?;
    if !found {
        return Ok(s.into());
    }
    out.push_substring(s, next, s.len())?;
    Ok(out.finish()?.into())
}

fn replace_by_function(
    cx: &Context,
    r: Gc<ForeignObject>,
    s: Gc<JsString>,
    function: Value,
    global: bool,
) -> JsResult<Value> {
    let groups = compiled(r).map_or(0, |regex| regex.group_count()) + 1;
    // Start and end of each group of each match; `u32::MAX` for a group that took no part.
    let mut captures: Vec<u32> = Vec::new();
    each_match(cx, r, s, global, |scratch| {
        if captures.try_reserve(2 * groups).is_err() {
            return Err(cx.throw_out_of_memory(format_args!("Out of memory: the matches of a regular expression")));
        }
        captures.extend_from_slice(scratch.captures());
        Ok(())
    })?;
    if captures.is_empty() {
        return Ok(s.into());
    }
    let mut out = StringBuilder::new(cx);
    let list = ValueList::new(cx);
    let mut next = 0;
    for found in captures.chunks_exact(2 * groups) {
        let (start, end) = (found[0] as usize, found[1] as usize);
        list.clear();
        for &[start, end] in found.as_chunks::<2>().0 {
            list.push(match start {
                u32::MAX => Value::UNDEFINED,
                _ => cx.substring(s, start as usize, end as usize)?.into(),
            });
        }
        list.push(Value::length(start));
        list.push(s);
        let replaced = cx.call_cells(function, Value::UNDEFINED, list.cells())?;
        let replaced = cx.to_string(replaced)?;
        out.push_substring(s, next, start)?;
        out.push_string(replaced)?;
        next = end;
    }
    out.push_substring(s, next, s.len())?;
    Ok(out.finish()?.into())
}

/// RegExp.prototype[@@split] (§22.2.6.14) without limit, for a RegExp that is not sticky. The method's splitter is: it is tried at
/// each position in turn, which finds what a search finds.
pub fn split(cx: &Context, r: Gc<ForeignObject>, s: Gc<JsString>) -> JsResult<Value> {
    let out = cx.new_array(0);
    let Some(regex) = compiled(r) else { return Ok(out.into()) };
    let (unicode, groups) = (regex.flags().unicode_mode(), regex.group_count());
    let size = s.len();
    // Where the piece begins, and where to look for its end.
    let (mut piece, mut at) = (0, 0);
    while at < size || size == 0 {
        let found = run(cx, r, s, at, |_, scratch| {
            let (start, end) = whole(scratch);
            if size == 0 || start >= size {
                return Ok((start, end));
            }
            if end != piece {
                cx.array_push(out, cx.substring(s, piece, start)?.into())?;
                for group in 1..=groups {
                    cx.array_push(out, capture(cx, scratch, s, group)?)?;
                }
            }
            Ok((start, end))
        })?;
        let Some(found) = found else { break };
        let (start, end) = found?;
        if size == 0 {
            return Ok(out.into());
        }
        if start >= size {
            break;
        }
        at = if end == piece { advance(cx, s, start as u64, unicode)? as usize } else { end };
        if end != piece {
            piece = end;
        }
        cx.poll()?;
    }
    cx.array_push(out, cx.substring(s, piece, size)?.into())?;
    Ok(out.into())
}
