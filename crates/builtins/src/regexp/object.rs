//! RegExp objects: their fields, compilation with a cache, and RegExpBuiltinExec (ECMA-262 §22.2.7.2).

use std::sync::Arc;
use tercel_regexp::{ExecError, Flags, Input, PatternSource, Regex, Scratch};
use tercel_vm::object::array::ArrayObject;
use tercel_vm::object::kinds::ForeignObject;
use tercel_vm::regexp::field;
use tercel_vm::string::Chars;
use tercel_vm::{Context, Gc, Intrinsic, JsResult, JsString, Kind, Object, PropertyKey, Value};

/// The RegExp behind a value.
pub fn as_regexp(v: Value) -> Option<Gc<ForeignObject>> {
    v.as_kind(Kind::RegExp)
}

/// The compiled form; `None` before RegExpInitialize has succeeded.
pub fn compiled<'a>(r: Gc<ForeignObject>) -> Option<&'a Regex> {
    // SAFETY: `foreign` is null or the reference that `initialize` gave away, which lives until this object or its origin dies; the
    // object keeps its origin, and callers hold the object.
    unsafe { r.foreign.get().cast::<Regex>().as_ref() }
}

/// [[OriginalSource]].
pub fn source(cx: &Context, r: Gc<ForeignObject>) -> Gc<JsString> {
    r.value_at(field::SOURCE).as_string().unwrap_or(cx.empty_string())
}

/// [[OriginalFlags]].
pub fn flags_text(cx: &Context, r: Gc<ForeignObject>) -> Gc<JsString> {
    r.value_at(field::FLAGS).as_string().unwrap_or(cx.empty_string())
}

unsafe fn release(foreign: *mut u8) {
    // SAFETY: `initialize` made this of a counted reference and handed it over with this function, which is called once.
    drop(unsafe { Arc::from_raw(foreign.cast::<Regex>().cast_const()) });
}

/// RegExpAlloc (§22.2.3.2): an object with `lastIndex` and no pattern yet.
pub fn alloc(cx: &Context, proto: Gc<Object>) -> JsResult<Gc<ForeignObject>> {
    if proto == cx.intrinsic(Intrinsic::RegExpPrototype) {
        return Ok(cx.new_regexp_object());
    }
    let object = cx.new_object_of_kind(Kind::RegExp, proto);
    cx.define_last_index(object)?;
    match object.as_kind(Kind::RegExp) {
        Some(r) => Ok(r),
        None => Err(cx.throw_type(format_args!("not a RegExp"))),
    }
}

/// RegExpInitialize (§22.2.3.3).
pub fn initialize(cx: &Context, r: Gc<ForeignObject>, pattern: Value, flags: Value) -> JsResult<()> {
    let pattern = if pattern.is_undefined() { cx.empty_string() } else { cx.to_string(pattern)? };
    let flags = if flags.is_undefined() { cx.empty_string() } else { cx.to_string(flags)? };
    let regex = compile(cx, pattern, flags)?;
    r.set_value_at(cx, field::SOURCE, pattern.into());
    r.set_value_at(cx, field::FLAGS, flags.into());
    let fresh = Arc::into_raw(regex).cast_mut().cast::<u8>();
    if r.release.get().is_some() {
        // SAFETY: the old reference came from here; nothing borrows it, since matching runs no script and so no `compile`.
        unsafe { release(r.foreign.replace(fresh)) };
    } else {
        // None yet, or its origin's, which stays the origin's.
        r.set_value_at(cx, field::ORIGIN, Value::EMPTY);
        // SAFETY: `release` gives up exactly this reference, and touches nothing else.
        unsafe { r.adopt(cx, fresh, release) };
    }
    set_last_index(cx, r.object(), Value::ZERO)
}

/// Compiles, or finds the program in the context's cache.
fn compile(cx: &Context, pattern: Gc<JsString>, flags: Gc<JsString>) -> JsResult<Arc<Regex>> {
    let flag_text = flags.to_rust(cx);
    let Some(parsed) = Flags::parse(flag_text.chars()) else {
        return Err(cx.throw_syntax(format_args!("Invalid flags supplied to RegExp constructor '{flag_text}'")));
    };
    let source = match pattern.chars(cx)? {
        Chars::Latin1(bytes) => PatternSource::Latin1(bytes),
        Chars::Utf16(units) => PatternSource::Utf16(units),
    };
    cx.compile_regexp(source, parsed).map_err(|e| {
        cx.throw_syntax(format_args!("Invalid regular expression: /{}/{flag_text}: {}", pattern.to_rust(cx), e.message))
    })
}

/// Set(R, "lastIndex", v, true).
#[inline]
pub fn set_last_index(cx: &Context, r: Gc<Object>, v: Value) -> JsResult<()> {
    if let Some(location) = as_regexp(r.into()).and_then(|r| r.plain_last_index(cx)) {
        r.set_slot(cx, location, v);
        return Ok(());
    }
    r.put(cx, cx.names().last_index, v)
}

/// ToLength(R.lastIndex).
#[inline]
pub fn last_index(cx: &Context, r: Gc<Object>) -> JsResult<u64> {
    let v = match as_regexp(r.into()).and_then(|r| r.plain_last_index(cx)) {
        Some(location) => r.slot(location),
        None => r.get(cx, cx.names().last_index)?,
    };
    if v.is_int32() { Ok(v.as_int32().max(0) as u64) } else { cx.to_length(v) }
}

/// AdvanceStringIndex (§22.2.7.3).
pub fn advance(cx: &Context, s: Gc<JsString>, index: u64, unicode: bool) -> JsResult<u64> {
    if !unicode || index >= s.len() as u64 {
        return Ok(index + 1);
    }
    Ok(index + s.chars(cx)?.code_point_at(index as usize).1 as u64)
}

/// Runs the matcher at `at`: whether it matched, with the captures given to `read`, which runs no script.
pub fn run<R>(
    cx: &Context,
    r: Gc<ForeignObject>,
    s: Gc<JsString>,
    at: usize,
    read: impl FnOnce(&Regex, &Scratch) -> R,
) -> JsResult<Option<R>> {
    let Some(regex) = compiled(r) else { return Ok(None) };
    let input = match s.chars(cx)? {
        Chars::Latin1(bytes) => Input::Latin1(bytes),
        Chars::Utf16(units) => Input::Utf16(units),
    };
    let mut interrupted = None;
    let mut poll = || match cx.poll() {
        Ok(()) => true,
        Err(throw) => {
            interrupted = Some(throw);
            false
        }
    };
    let result = cx.with_regexp_scratch(|scratch| {
        let result = regex.exec(input, at, scratch, &mut poll);
        // The characters are read behind the collector's back: their string has to stay where it is until here.
        std::hint::black_box((s, r));
        result.map(|matched| matched.then(|| read(regex, scratch)))
    });
    match result {
        Ok(found) => Ok(found),
        Err(ExecError::Interrupted) => match interrupted {
            Some(throw) => Err(throw),
            None => Ok(None),
        },
        Err(ExecError::StackLimit) => {
            Err(cx.throw_range(format_args!("Regular expression too complex: its backtrack stack is full")))
        }
    }
}

/// RegExpBuiltinExec with what `read` makes of the captures: reads and updates lastIndex. `read` runs no script.
pub fn builtin_match<R>(
    cx: &Context,
    r: Gc<ForeignObject>,
    s: Gc<JsString>,
    read: impl FnOnce(&Regex, &Scratch) -> R,
) -> JsResult<Option<R>> {
    let object = r.object();
    let last = last_index(cx, object)?;
    let Some(regex) = compiled(r) else { return Ok(None) };
    let flags = regex.flags();
    let tracks = flags.contains(Flags::GLOBAL) || flags.contains(Flags::STICKY);
    let at = if tracks { last } else { 0 };
    if at > s.len() as u64 {
        if tracks {
            set_last_index(cx, object, Value::ZERO)?;
        }
        return Ok(None);
    }
    let found = run(cx, r, s, at as usize, |regex, scratch| {
        (scratch.group(0).map_or(0, |(_, end)| end), read(regex, scratch))
    })?;
    if tracks {
        let end = found.as_ref().map_or(0, |(end, _)| *end);
        set_last_index(cx, object, Value::length(end))?;
    }
    Ok(found.map(|(_, result)| result))
}

/// RegExpBuiltinExec (§22.2.7.2): the result array, or null.
pub fn builtin_exec(cx: &Context, r: Gc<ForeignObject>, s: Gc<JsString>) -> JsResult<Value> {
    match builtin_match(cx, r, s, |regex, scratch| match_array(cx, regex, scratch, s))? {
        Some(array) => array.map(Value::from),
        None => Ok(Value::NULL),
    }
}

/// The text of a capture, or undefined.
pub fn capture(cx: &Context, scratch: &Scratch, s: Gc<JsString>, group: usize) -> JsResult<Value> {
    match scratch.group(group) {
        Some((start, end)) => cx.substring(s, start, end).map(Value::from),
        None => Ok(Value::UNDEFINED),
    }
}

/// The result array of RegExpBuiltinExec (§22.2.7.2 steps 18–34).
fn match_array(cx: &Context, regex: &Regex, scratch: &Scratch, s: Gc<JsString>) -> JsResult<Gc<ArrayObject>> {
    let start = scratch.group(0).map_or(0, |(start, _)| start);
    let array = cx.new_match_result(regex.group_count() + 1, |i| capture(cx, scratch, s, i), start, s)?;
    if regex.group_names().len() > 0 {
        let groups = groups_object(cx, regex, scratch, array.object())?;
        cx.set_match_groups(array, groups);
    }
    if regex.flags().contains(Flags::HAS_INDICES) {
        let indices = indices_array(cx, regex, scratch)?;
        array.object().create_data(cx, cx.names().indices, indices)?;
    }
    Ok(array)
}

/// The object of the named groups: for each the element of `array` of the group that took part.
fn groups_object(cx: &Context, regex: &Regex, scratch: &Scratch, array: Gc<Object>) -> JsResult<Value> {
    let object = cx.new_object_with_prototype(None);
    for (name, numbers) in regex.group_names() {
        let v = match numbers.iter().find(|&&n| scratch.group(n as usize).is_some()) {
            Some(&n) => array.get(cx, PropertyKey::index(n))?,
            None => Value::UNDEFINED,
        };
        object.create_data(cx, cx.key_from_utf8(name), v)?;
    }
    Ok(object.into())
}

/// MakeMatchIndicesIndexPairArray (§22.2.7.8).
fn indices_array(cx: &Context, regex: &Regex, scratch: &Scratch) -> JsResult<Value> {
    let count = regex.group_count() + 1;
    let array = cx.new_array_with_capacity(count);
    for i in 0..count {
        let v = match scratch.group(i) {
            Some((start, end)) => cx.array_of(&[Value::length(start), Value::length(end)]).into(),
            None => Value::UNDEFINED,
        };
        cx.array_push(array, v)?;
    }
    let groups = if regex.group_names().len() > 0 {
        groups_object(cx, regex, scratch, array.object())?
    } else {
        Value::UNDEFINED
    };
    array.object().create_data(cx, cx.names().groups, groups)?;
    Ok(array.into())
}

/// RegExpCreate (§22.2.3.1).
pub fn create(cx: &Context, pattern: Value, flags: &str) -> JsResult<Gc<Object>> {
    let r = alloc(cx, cx.intrinsic(Intrinsic::RegExpPrototype))?;
    initialize(cx, r, pattern, cx.string_from_utf8(flags).into())?;
    Ok(r.object())
}
