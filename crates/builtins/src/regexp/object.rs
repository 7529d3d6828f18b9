//! RegExp objects: their fields, compilation with a cache, and RegExpBuiltinExec (ECMA-262 §22.2.7.2).

use std::cell::RefCell;
use std::sync::Arc;
use tercel_regexp::{ExecError, Flags, Input, PatternSource, Regex, Scratch};
use tercel_vm::object::kinds::ForeignObject;
use tercel_vm::string::Chars;
use tercel_vm::{Context, Gc, Intrinsic, JsResult, JsString, Kind, Object, PropertyKey, Value};

/// Fields of a RegExp's `ForeignObject`.
const SOURCE: usize = 0;
const FLAGS: usize = 1;

/// What a RegExp object owns outside the heap.
pub struct Compiled {
    pub regex: Arc<Regex>,
    scratch: RefCell<Scratch>,
}

/// The RegExp behind a value.
pub fn as_regexp(v: Value) -> Option<Gc<ForeignObject>> {
    v.as_kind(Kind::RegExp)
}

/// The compiled form; `None` before RegExpInitialize has succeeded.
pub fn compiled<'a>(r: Gc<ForeignObject>) -> Option<&'a Compiled> {
    // SAFETY: `foreign` is null or the box that `initialize` leaked, which lives until the object dies; callers hold the object.
    unsafe { r.foreign.get().cast::<Compiled>().as_ref() }
}

/// [[OriginalSource]].
pub fn source(cx: &Context, r: Gc<ForeignObject>) -> Gc<JsString> {
    r.value_at(SOURCE).as_string().unwrap_or(cx.empty_string())
}

/// [[OriginalFlags]].
pub fn flags_text(cx: &Context, r: Gc<ForeignObject>) -> Gc<JsString> {
    r.value_at(FLAGS).as_string().unwrap_or(cx.empty_string())
}

unsafe fn release(foreign: *mut u8) {
    // SAFETY: `initialize` leaked this box and handed it over with this function, which is called once.
    drop(unsafe { Box::from_raw(foreign.cast::<Compiled>()) });
}

/// RegExpAlloc (§22.2.3.2): an object with `lastIndex` and no pattern yet.
pub fn alloc(cx: &Context, proto: Gc<Object>) -> JsResult<Gc<ForeignObject>> {
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
    r.set_value_at(cx, SOURCE, pattern.into());
    r.set_value_at(cx, FLAGS, flags.into());
    let fresh = Box::into_raw(Box::new(Compiled { regex, scratch: RefCell::new(Scratch::new()) }));
    let old = r.foreign.get();
    if old.is_null() {
        // SAFETY: `release` frees exactly this box, and touches nothing else.
        unsafe { r.adopt(cx, fresh.cast(), release) };
    } else {
        // SAFETY: the old box came from here; nothing borrows it, since `compile` of a running match cannot happen: matching runs
        // no script.
        unsafe { release(old) };
        r.foreign.set(fresh.cast());
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
pub fn set_last_index(cx: &Context, r: Gc<Object>, v: Value) -> JsResult<()> {
    r.put(cx, cx.names().last_index, v)
}

/// ToLength(R.lastIndex).
pub fn last_index(cx: &Context, r: Gc<Object>) -> JsResult<u64> {
    let v = r.get(cx, cx.names().last_index)?;
    if v.is_int32() { Ok(v.as_int32().max(0) as u64) } else { cx.to_length(v) }
}

/// AdvanceStringIndex (§22.2.7.3).
pub fn advance(cx: &Context, s: Gc<JsString>, index: u64, unicode: bool) -> JsResult<u64> {
    if !unicode || index >= s.len() as u64 {
        return Ok(index + 1);
    }
    Ok(index + s.chars(cx)?.code_point_at(index as usize).1 as u64)
}

/// Runs the matcher at `at`: whether it matched, with the captures given to `read`.
pub fn run<R>(
    cx: &Context,
    r: Gc<ForeignObject>,
    s: Gc<JsString>,
    at: usize,
    read: impl FnOnce(&Regex, &Scratch) -> R,
) -> JsResult<Option<R>> {
    let Some(c) = compiled(r) else { return Ok(None) };
    let input = match s.chars(cx)? {
        Chars::Latin1(bytes) => Input::Latin1(bytes),
        Chars::Utf16(units) => Input::Utf16(units),
    };
    let mut scratch = c.scratch.borrow_mut();
    let mut interrupted = None;
    let mut poll = || match cx.poll() {
        Ok(()) => true,
        Err(throw) => {
            interrupted = Some(throw);
            false
        }
    };
    let result = c.regex.exec(input, at, &mut scratch, &mut poll);
    // The characters are read behind the collector's back: their string has to stay where it is until here.
    std::hint::black_box((s, r));
    match result {
        Ok(true) => Ok(Some(read(&c.regex, &scratch))),
        Ok(false) => Ok(None),
        Err(ExecError::Interrupted) => match interrupted {
            Some(throw) => Err(throw),
            None => Ok(None),
        },
        Err(ExecError::StackLimit) => {
            Err(cx.throw_range(format_args!("Regular expression too complex: its backtrack stack is full")))
        }
    }
}

/// The captures of a match: positions, group 0 first.
pub type Captures = Vec<Option<(u32, u32)>>;

/// RegExpBuiltinExec up to the match: updates lastIndex, gives the captures.
pub fn builtin_match(cx: &Context, r: Gc<ForeignObject>, s: Gc<JsString>) -> JsResult<Option<Captures>> {
    let object = r.object();
    let last = last_index(cx, object)?;
    let Some(c) = compiled(r) else { return Ok(None) };
    let flags = c.regex.flags();
    let tracks = flags.contains(Flags::GLOBAL) || flags.contains(Flags::STICKY);
    let at = if tracks { last } else { 0 };
    if at > s.len() as u64 {
        if tracks {
            set_last_index(cx, object, Value::ZERO)?;
        }
        return Ok(None);
    }
    let found = run(cx, r, s, at as usize, |regex, scratch| -> Captures {
        (0..=regex.group_count()).map(|i| scratch.group(i).map(|(a, b)| (a as u32, b as u32))).collect()
    })?;
    match &found {
        Some(captures) if tracks => {
            let end = captures[0].map_or(0, |(_, end)| end);
            set_last_index(cx, object, Value::uint32(end))?;
        }
        None if tracks => set_last_index(cx, object, Value::ZERO)?,
        _ => {}
    }
    Ok(found)
}

/// The result array of RegExpBuiltinExec (§22.2.7.2 steps 18–34).
pub fn match_array(cx: &Context, r: Gc<ForeignObject>, s: Gc<JsString>, captures: &Captures) -> JsResult<Value> {
    let array = cx.new_array_with_capacity(captures.len());
    for range in captures {
        let v = match range {
            Some((a, b)) => cx.substring(s, *a as usize, *b as usize)?.into(),
            None => Value::UNDEFINED,
        };
        cx.array_push(array, v)?;
    }
    let o = array.object();
    let names = cx.names();
    let start = captures[0].map_or(0, |(a, _)| a);
    o.create_data(cx, names.index, Value::uint32(start))?;
    o.create_data(cx, names.input, s.into())?;
    let Some(c) = compiled(r) else { return Ok(array.into()) };
    let mut groups = Value::UNDEFINED;
    if c.regex.group_names().len() > 0 {
        let object = cx.new_object_with_prototype(None);
        for (name, numbers) in c.regex.group_names() {
            let matched = numbers.iter().find(|&&n| captures[n as usize].is_some());
            let v = match matched {
                Some(&n) => o.get(cx, PropertyKey::index(n))?,
                None => Value::UNDEFINED,
            };
            object.create_data(cx, cx.key_from_utf8(name), v)?;
        }
        groups = object.into();
    }
    o.create_data(cx, names.groups, groups)?;
    if c.regex.flags().contains(Flags::HAS_INDICES) {
        let indices = indices_array(cx, &c.regex, captures)?;
        o.create_data(cx, names.indices, indices)?;
    }
    Ok(array.into())
}

/// MakeMatchIndicesIndexPairArray (§22.2.7.8).
fn indices_array(cx: &Context, regex: &Regex, captures: &Captures) -> JsResult<Value> {
    let array = cx.new_array_with_capacity(captures.len());
    for range in captures {
        let v = match range {
            Some((a, b)) => cx.array_of(&[Value::uint32(*a), Value::uint32(*b)]).into(),
            None => Value::UNDEFINED,
        };
        cx.array_push(array, v)?;
    }
    let o = array.object();
    let mut groups = Value::UNDEFINED;
    if regex.group_names().len() > 0 {
        let object = cx.new_object_with_prototype(None);
        for (name, numbers) in regex.group_names() {
            let v = match numbers.iter().find(|&&n| captures[n as usize].is_some()) {
                Some(&n) => o.get(cx, PropertyKey::index(n))?,
                None => Value::UNDEFINED,
            };
            object.create_data(cx, cx.key_from_utf8(name), v)?;
        }
        groups = object.into();
    }
    o.create_data(cx, cx.names().groups, groups)?;
    Ok(array.into())
}

/// RegExpCreate (§22.2.3.1).
pub fn create(cx: &Context, pattern: Value, flags: &str) -> JsResult<Gc<Object>> {
    let r = alloc(cx, cx.intrinsic(Intrinsic::RegExpPrototype))?;
    initialize(cx, r, pattern, cx.string_from_utf8(flags).into())?;
    Ok(r.object())
}

/// Whether this RegExp has only its `lastIndex`, and what its prototype's methods read of the prototype is the engine's own:
/// then the methods may take their short ways.
pub fn is_pristine(cx: &Context, o: Gc<Object>) -> Option<Gc<ForeignObject>> {
    let r = as_regexp(o.into())?;
    let shape = o.shape(cx);
    let proto = cx.intrinsic(Intrinsic::RegExpPrototype);
    let pristine = shape.property_count() == 1
        && shape.prototype() == Some(proto)
        && cx.is_native_property(proto, cx.names().exec, super::exec_method)
        && cx.is_native_property(proto, cx.names().flags, super::flags);
    pristine.then_some(r)
}
