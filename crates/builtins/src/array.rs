//! Array and Array.prototype (ECMA-262 §23.1): what is not in `js/array.js`.
//!
//! Each method is written as the specification has it, on generic objects, preceded where it pays by a path for *plain*
//! arrays (`Context::as_plain_array`): dense elements whose reads run no script.

use crate::iterator::{Gives, new_array_iterator};
use crate::table::*;
use tercel_vm::elements::{Dense, Elements};
use tercel_vm::fast_native::FastNative;
use tercel_vm::object::array::ArrayObject;
use tercel_vm::string::StringBuilder;
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Object, PropertyKey, Value, ValueList, names};

/// Iterations of a generic loop between polls.
const POLL_EVERY: u64 = 1024;

fn poll_at(cx: &Context, k: u64) -> JsResult<()> {
    if k % POLL_EVERY == POLL_EVERY - 1 { cx.poll() } else { Ok(()) }
}

/// A relative index argument (§23.1.3.28 steps 3–5 and their like): clamped to `0..=length`.
pub fn relative_index(cx: &Context, v: Value, length: u64, default: u64) -> JsResult<u64> {
    if v.is_undefined() {
        return Ok(default);
    }
    let n = if v.is_int32() { f64::from(v.as_int32()) } else { cx.to_integer_or_infinity(v)? };
    Ok(if n < 0.0 { (length as f64 + n).max(0.0) } else { n.min(length as f64) } as u64)
}

/// The receiver as an object, and its length.
fn receiver(cx: &Context, args: &Args) -> JsResult<(Gc<Object>, u64)> {
    let o = cx.to_object(args.this())?;
    let length = cx.length_of(o)?;
    Ok((o, length))
}

/// Sets `length` of an array-like; over 2^53 − 1 is a TypeError at the callers.
fn set_length(cx: &Context, o: Gc<Object>, length: u64) -> JsResult<()> {
    o.put(cx, cx.names().length, Value::number(length as f64))
}

/// The receiver as a plain array whose elements are all there is: `length` equals the dense length.
fn full_plain(cx: &Context, v: Value) -> Option<(Gc<ArrayObject>, Gc<Elements>)> {
    let array = cx.as_plain_array(v)?;
    let elements = array.elements();
    (elements.len() == array.len() as usize && array.length_is_writable()).then_some((array, elements))
}

fn element(e: Gc<Elements>, i: usize) -> Value {
    let v = e.get(i);
    if v.is_empty() { Value::UNDEFINED } else { v }
}

/// ArraySpeciesCreate (§10.4.2.3), quickly where nothing of it can be observed.
pub fn species_create(cx: &Context, original: Gc<Object>, length: u64) -> JsResult<Gc<Object>> {
    if cx.has_default_array_species(original) {
        return Ok(cx.array_create(length, None)?.object());
    }
    cx.array_species_create(original, length)
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    let nt = if args.new_target().is_undefined() { args.callee() } else { args.new_target() };
    let proto =
        if nt == args.callee() { None } else { Some(cx.prototype_from_new_target(nt, Intrinsic::ArrayPrototype)?) };
    if args.len() == 1 {
        let n = args.get(0);
        if !n.is_number() {
            let array = cx.array_create(0, proto)?;
            cx.array_push(array, n)?;
            return Ok(array.into());
        }
        let length = n.as_number();
        if length as u32 as f64 != length {
            return Err(cx.throw_range(format_args!("Invalid array length")));
        }
        return Ok(cx.array_create(length as u64, proto)?.into());
    }
    let array = cx.array_create(0, proto)?;
    for v in args.slice() {
        cx.array_push(array, v.get())?;
    }
    Ok(array.into())
}

fn is_array(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.is_array(args.get(0))?.into())
}

fn of(cx: &Context, args: &Args) -> JsResult<Value> {
    let length = Value::length(args.len());
    let a = match args.this().as_object().filter(|c| c.is_constructor()) {
        Some(c) if Value::from(c) != cx.intrinsic(Intrinsic::Array).into() => {
            let made = cx.construct(c, &[length], c)?;
            cx.to_object(made)?
        }
        _ => return Ok(cx.array_from_cells(args.slice())?.into()),
    };
    for i in 0..args.len() {
        a.create_data_or_throw(cx, cx.index_key(i as u64), args.get(i))?;
    }
    set_length(cx, a, args.len() as u64)?;
    Ok(a.into())
}

fn at(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    let k = if n < 0.0 { length as f64 + n } else { n };
    if k < 0.0 || k >= length as f64 {
        return Ok(Value::UNDEFINED);
    }
    o.get(cx, cx.index_key(k as u64))
}

/// IsConcatSpreadable (§23.1.3.2.1).
fn is_concat_spreadable(cx: &Context, v: Value) -> JsResult<bool> {
    let Some(o) = v.as_object() else { return Ok(false) };
    let spreadable = o.get(cx, cx.names().symbol_is_concat_spreadable)?;
    if spreadable.is_undefined() { cx.is_array(v) } else { Ok(spreadable.to_boolean()) }
}

fn concat(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.this())?;
    let a = species_create(cx, o, 0)?;
    let mut n = 0u64;
    for i in 0..=args.len() {
        let item = if i == 0 { o.into() } else { args.get(i - 1) };
        if is_concat_spreadable(cx, item)? {
            let Some(source) = item.as_object() else { continue };
            let length = cx.length_of(source)?;
            if n + length > (1 << 53) - 1 {
                return Err(cx.throw_type(format_args!("Invalid array length")));
            }
            if let (Some((from, e)), Some((to, _))) = (full_plain(cx, item), full_plain(cx, a.into()))
                && u64::from(to.len()) == n
                && from.object() != a
            {
                append_all(cx, to, e)?;
            } else {
                for k in 0..length {
                    poll_at(cx, k)?;
                    let key = cx.index_key(k);
                    if source.has_property(cx, key)? {
                        let v = source.get(cx, key)?;
                        a.create_data_or_throw(cx, cx.index_key(n + k), v)?;
                    }
                }
            }
            n += length;
        } else {
            if n >= (1 << 53) - 1 {
                return Err(cx.throw_type(format_args!("Invalid array length")));
            }
            a.create_data_or_throw(cx, cx.index_key(n), item)?;
            n += 1;
        }
    }
    set_length(cx, a, n)?;
    Ok(a.into())
}

/// Appends all words of dense elements to a plain array, holes included.
fn append_all(cx: &Context, to: Gc<ArrayObject>, from: Gc<Elements>) -> JsResult<()> {
    let (old, count) = (to.elements(), from.len());
    let at = old.len();
    let total = at + count;
    if total > u32::MAX as usize {
        return Err(cx.throw_range(format_args!("Invalid array length")));
    }
    let dense = |e: Gc<Elements>| match e.kind() {
        Kind::ElementsInt32 => Dense::Int32,
        Kind::ElementsDouble => Dense::Double,
        _ => Dense::Value,
    };
    let kind = if at == 0 { dense(from) } else { dense(old).max(dense(from)) };
    let new = if at > 0 && total <= old.capacity() && dense(old) == kind {
        old
    } else {
        let new =
            cx.new_elements(kind, if at == 0 { total } else { Elements::grown_capacity(old.capacity(), total) })?;
        new.length.set(at as u32);
        for i in 0..at {
            new.set_raw(cx, i, old.get(i));
        }
        if old.is_holey() {
            new.set_holey();
        }
        to.object().set_elements(cx, new);
        new
    };
    new.length.set(total as u32);
    for i in 0..count {
        new.set_raw(cx, at + i, from.get(i));
    }
    if from.is_holey() {
        new.set_holey();
    }
    to.length.set(total as u32);
    if count > 4096 { cx.poll() } else { Ok(()) }
}

fn copy_within(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let to = relative_index(cx, args.get(0), length, 0)?;
    let from = relative_index(cx, args.get(1), length, 0)?;
    let end = relative_index(cx, args.get(2), length, length)?;
    let count = end.saturating_sub(from).min(length - to);
    let backwards = from < to && to < from + count;
    for i in 0..count {
        poll_at(cx, i)?;
        let k = if backwards { count - 1 - i } else { i };
        let (source, target) = (cx.index_key(from + k), cx.index_key(to + k));
        if o.has_property(cx, source)? {
            let v = o.get(cx, source)?;
            o.put(cx, target, v)?;
        } else {
            delete_or_throw(cx, o, target)?;
        }
    }
    Ok(o.into())
}

/// DeletePropertyOrThrow (§7.3.10).
fn delete_or_throw(cx: &Context, o: Gc<Object>, key: PropertyKey) -> JsResult<()> {
    if o.delete(cx, key)? {
        return Ok(());
    }
    Err(cx.throw_type(format_args!("Cannot delete property '{}' of {}", key.display(cx), cx.describe(o.into()))))
}

fn entries(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, cx.to_object(args.this())?, Gives::Entries).into())
}

fn keys(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, cx.to_object(args.this())?, Gives::Keys).into())
}

pub fn values(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, cx.to_object(args.this())?, Gives::Values).into())
}

fn fill(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let start = relative_index(cx, args.get(1), length, 0)?;
    let end = relative_index(cx, args.get(2), length, length)?;
    let v = args.get(0);
    if start == 0
        && end == length
        && length > 0
        && let Some(array) = cx.as_plain_array(o.into())
        && u64::from(array.len()) == length
        && length <= tercel_vm::elements::MAX_DENSE as u64
        && array.length_is_writable()
        && cx.is_appendable(o)
    {
        let new = cx.new_elements(Gc::<Elements>::kind_for(v), length as usize)?;
        new.length.set(length as u32);
        for i in 0..length as usize {
            new.set_raw(cx, i, v);
        }
        o.set_elements(cx, new);
        cx.poll()?;
        return Ok(args.this());
    }
    for k in start..end {
        poll_at(cx, k)?;
        o.put(cx, cx.index_key(k), v)?;
    }
    Ok(o.into())
}

/// FlattenIntoArray (§23.1.3.13.1); gives the next target index.
fn flatten(
    cx: &Context,
    target: Gc<Object>,
    source: Gc<Object>,
    length: u64,
    mut at: u64,
    depth: f64,
) -> JsResult<u64> {
    cx.check_native_stack()?;
    for k in 0..length {
        poll_at(cx, k)?;
        let key = cx.index_key(k);
        if !source.has_property(cx, key)? {
            continue;
        }
        let v = source.get(cx, key)?;
        if depth > 0.0
            && cx.is_array(v)?
            && let Some(inner) = v.as_object()
        {
            let inner_length = cx.length_of(inner)?;
            at = flatten(cx, target, inner, inner_length, at, depth - 1.0)?;
        } else {
            target.create_data_or_throw(cx, cx.index_key(at), v)?;
            at += 1;
        }
    }
    Ok(at)
}

fn flat(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let depth = if args.get(0).is_undefined() { 1.0 } else { cx.to_integer_or_infinity(args.get(0))?.max(0.0) };
    let a = species_create(cx, o, 0)?;
    flatten(cx, a, o, length, 0, depth)?;
    Ok(a.into())
}

fn includes(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        return Ok(Value::FALSE);
    }
    let start = relative_index(cx, args.get(1), length, 0)?;
    let needle = args.get(0);
    for k in start..length {
        poll_at(cx, k)?;
        let v = get_index(cx, o, k)?;
        if v == needle && !v.is_double() || cx.same_value_zero(v, needle)? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

/// `o[k]`, quickly for plain arrays.
#[inline]
fn get_index(cx: &Context, o: Gc<Object>, k: u64) -> JsResult<Value> {
    let e = o.elements.get();
    if (k as usize) < e.len() && o.kind() == Kind::Array {
        let v = e.get(k as usize);
        if !v.is_empty() {
            return Ok(v);
        }
    }
    o.get(cx, cx.index_key(k))
}

fn index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        return Ok(Value::int32(-1));
    }
    let start = relative_index(cx, args.get(1), length, 0)?;
    let needle = args.get(0);
    if let Some((_, e)) = full_plain(cx, o.into()) {
        // The conversion of the start may have changed the array; the length is what it was before.
        for k in start as usize..e.len().min(length as usize) {
            poll_at(cx, k as u64)?;
            let v = e.get(k);
            if !v.is_empty() && (v == needle && !v.is_double() || cx.strictly_equal(v, needle)?) {
                return Ok(Value::length(k));
            }
        }
        return Ok(Value::int32(-1));
    }
    for k in start..length {
        poll_at(cx, k)?;
        let key = cx.index_key(k);
        if o.has_property(cx, key)? {
            let v = o.get(cx, key)?;
            if cx.strictly_equal(v, needle)? {
                return Ok(Value::number(k as f64));
            }
        }
    }
    Ok(Value::int32(-1))
}

fn last_index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        return Ok(Value::int32(-1));
    }
    let n = if args.len() > 1 { cx.to_integer_or_infinity(args.get(1))? } else { length as f64 - 1.0 };
    let start = if n >= 0.0 { n.min(length as f64 - 1.0) } else { length as f64 + n };
    let mut k = start;
    while k >= 0.0 {
        poll_at(cx, k as u64)?;
        let key = cx.index_key(k as u64);
        if o.has_property(cx, key)? {
            let v = o.get(cx, key)?;
            if cx.strictly_equal(v, args.get(0))? {
                return Ok(Value::number(k));
            }
        }
        k -= 1.0;
    }
    Ok(Value::int32(-1))
}

fn join(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let separator =
        if args.get(0).is_undefined() { cx.single_char(u16::from(b',')) } else { cx.to_string(args.get(0))? };
    join_with(cx, o, length, separator, |cx, v| cx.to_string(v))
}

fn join_with(
    cx: &Context,
    o: Gc<Object>,
    length: u64,
    separator: Gc<tercel_vm::JsString>,
    mut text: impl FnMut(&Context, Value) -> JsResult<Gc<tercel_vm::JsString>>,
) -> JsResult<Value> {
    cx.check_native_stack()?;
    if !cx.enter_join(o) {
        return Ok(cx.empty_string().into());
    }
    let mut build = || -> JsResult<Value> {
        let mut out = StringBuilder::new(cx);
        for k in 0..length {
            poll_at(cx, k)?;
            if k > 0 && !separator.is_empty() {
                out.push_string(separator)?;
            }
            let v = get_index(cx, o, k)?;
            if !v.is_nullish() {
                let s = match v.as_string() {
                    Some(s) => s,
                    None => text(cx, v)?,
                };
                out.push_string(s)?;
            }
        }
        Ok(out.finish()?.into())
    };
    let result = build();
    cx.leave_join(o);
    result
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.this())?;
    let join = o.get(cx, cx.names().join)?;
    if cx.is_callable(join) {
        return cx.call(join, o.into(), &[]);
    }
    let tag = crate::object::to_string(cx, args)?;
    Ok(tag)
}

fn to_locale_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let comma = cx.single_char(u16::from(b','));
    let separator = comma;
    // Strings too go through their toLocaleString.
    cx.check_native_stack()?;
    if !cx.enter_join(o) {
        return Ok(cx.empty_string().into());
    }
    let build = || -> JsResult<Value> {
        let mut out = StringBuilder::new(cx);
        for k in 0..length {
            poll_at(cx, k)?;
            if k > 0 {
                out.push_string(separator)?;
            }
            let v = get_index(cx, o, k)?;
            if !v.is_nullish() {
                let shown = cx.invoke(v, cx.names().to_locale_string, &[])?;
                out.push_string(cx.to_string(shown)?)?;
            }
        }
        Ok(out.finish()?.into())
    };
    let result = build();
    cx.leave_join(o);
    result
}

fn pop(cx: &Context, args: &Args) -> JsResult<Value> {
    if let Some((array, e)) = full_plain(cx, args.this())
        && !e.is_empty()
    {
        let last = e.len() - 1;
        let v = e.get(last);
        e.length.set(last as u32);
        array.length.set(last as u32);
        return Ok(if v.is_empty() { Value::UNDEFINED } else { v });
    }
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        set_length(cx, o, 0)?;
        return Ok(Value::UNDEFINED);
    }
    let key = cx.index_key(length - 1);
    let v = o.get(cx, key)?;
    delete_or_throw(cx, o, key)?;
    set_length(cx, o, length - 1)?;
    Ok(v)
}

fn push(cx: &Context, args: &Args) -> JsResult<Value> {
    if let Some((array, _)) = full_plain(cx, args.this())
        && cx.is_appendable(array.object())
        && (array.len() as usize) + args.len() < u32::MAX as usize
    {
        for v in args.slice() {
            cx.array_push(array, v.get())?;
        }
        return Ok(Value::uint32(array.len()));
    }
    let (o, length) = receiver(cx, args)?;
    if length + args.len() as u64 > (1 << 53) - 1 {
        return Err(cx.throw_type(format_args!(
            "Pushing {} elements on an array-like of length {length} is disallowed",
            args.len()
        )));
    }
    for i in 0..args.len() {
        o.put(cx, cx.index_key(length + i as u64), args.get(i))?;
    }
    let new = length + args.len() as u64;
    set_length(cx, o, new)?;
    Ok(Value::number(new as f64))
}

fn reverse(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    if let Some((_, e)) = full_plain(cx, o.into()) {
        let n = e.len();
        for i in 0..n / 2 {
            let (a, b) = (e.get(i), e.get(n - 1 - i));
            e.set_raw(cx, i, b);
            e.set_raw(cx, n - 1 - i, a);
        }
        cx.poll()?;
        return Ok(args.this());
    }
    for lower in 0..length / 2 {
        poll_at(cx, lower)?;
        let (low, high) = (cx.index_key(lower), cx.index_key(length - 1 - lower));
        let has_low = o.has_property(cx, low)?;
        let a = if has_low { o.get(cx, low)? } else { Value::UNDEFINED };
        let has_high = o.has_property(cx, high)?;
        let b = if has_high { o.get(cx, high)? } else { Value::UNDEFINED };
        match (has_low, has_high) {
            (true, true) => {
                o.put(cx, low, b)?;
                o.put(cx, high, a)?;
            }
            (false, true) => {
                o.put(cx, low, b)?;
                delete_or_throw(cx, o, high)?;
            }
            (true, false) => {
                delete_or_throw(cx, o, low)?;
                o.put(cx, high, a)?;
            }
            (false, false) => {}
        }
    }
    Ok(o.into())
}

fn shift(cx: &Context, args: &Args) -> JsResult<Value> {
    if let Some((array, e)) = full_plain(cx, args.this())
        && !e.is_empty()
    {
        let first = element(e, 0);
        move_words(cx, e, 1, 0, e.len() - 1);
        e.length.set(e.len() as u32 - 1);
        array.length.set(e.length.get());
        return Ok(first);
    }
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        set_length(cx, o, 0)?;
        return Ok(Value::UNDEFINED);
    }
    let first = o.get(cx, PropertyKey::index(0))?;
    for k in 1..length {
        poll_at(cx, k)?;
        move_property(cx, o, k, k - 1)?;
    }
    delete_or_throw(cx, o, cx.index_key(length - 1))?;
    set_length(cx, o, length - 1)?;
    Ok(first)
}

/// Moves `count` words of dense elements from `from` to `to` within the capacity, holes included.
fn move_words(cx: &Context, e: Gc<Elements>, from: usize, to: usize, count: usize) {
    debug_assert!(from.max(to) + count <= e.capacity());
    // SAFETY: both ranges lie within the capacity; the words are moved as they are, whatever the dense kind.
    unsafe { std::ptr::copy(e.data().add(from), e.data().add(to), count) };
    if e.kind() == Kind::ElementsValue {
        // SAFETY: the cell is live; it is remembered as a whole, since any of its words may be young.
        unsafe { cx.heap.write_barrier_cell(e.header_ptr()) };
    }
}

/// Moves property `from` to `to`, or deletes `to` where `from` is absent.
fn move_property(cx: &Context, o: Gc<Object>, from: u64, to: u64) -> JsResult<()> {
    let (from, to) = (cx.index_key(from), cx.index_key(to));
    if o.has_property(cx, from)? {
        let v = o.get(cx, from)?;
        o.put(cx, to, v)
    } else {
        delete_or_throw(cx, o, to)
    }
}

fn slice(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let start = relative_index(cx, args.get(0), length, 0)?;
    let end = relative_index(cx, args.get(1), length, length)?;
    let count = end.saturating_sub(start);
    if cx.has_default_array_species(o)
        && let Some((_, e)) = full_plain(cx, o.into())
        && end as usize <= e.len()
    {
        let out = cx.new_array(0);
        copy_range(cx, out, e, start as usize, count as usize)?;
        return Ok(out.into());
    }
    let a = species_create(cx, o, count)?;
    let mut n = 0;
    for k in start..end {
        poll_at(cx, k)?;
        let key = cx.index_key(k);
        if o.has_property(cx, key)? {
            let v = o.get(cx, key)?;
            a.create_data_or_throw(cx, cx.index_key(n), v)?;
        }
        n += 1;
    }
    set_length(cx, a, n)?;
    Ok(a.into())
}

/// Makes a fresh, empty array hold `count` words of `e` from `start` on.
fn copy_range(cx: &Context, out: Gc<ArrayObject>, e: Gc<Elements>, start: usize, count: usize) -> JsResult<()> {
    if count == 0 {
        return Ok(());
    }
    let kind = match e.kind() {
        Kind::ElementsInt32 => Dense::Int32,
        Kind::ElementsDouble => Dense::Double,
        _ => Dense::Value,
    };
    let new = cx.new_elements(kind, count)?;
    new.length.set(count as u32);
    // SAFETY: `start + count` is at most the length of `e`, and the cells differ.
    unsafe { std::ptr::copy_nonoverlapping(e.data().add(start), new.data(), count) };
    if e.is_holey() {
        new.set_holey();
    }
    out.object().set_elements(cx, new);
    out.length.set(count as u32);
    if count > 4096 { cx.poll() } else { Ok(()) }
}

/// `%SortDefault(o, length)`: sorts by the default comparison (numbers and strings as strings), in place.
pub fn rt_sort_default(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(o) = args.get(0).as_object() else { return Ok(Value::UNDEFINED) };
    let length = args.get(1).as_number() as u64;
    let items = ValueList::new(cx);
    let (mut undefineds, mut holes) = (0u64, 0u64);
    for k in 0..length {
        poll_at(cx, k)?;
        let key = cx.index_key(k);
        if !o.has_property(cx, key)? {
            holes += 1;
            continue;
        }
        let v = o.get(cx, key)?;
        if v.is_undefined() { undefineds += 1 } else { items.push(v) }
    }
    // Each item beside its text, sorted by the text: stable.
    let texts = ValueList::with_capacity(cx, items.len());
    for i in 0..items.len() {
        texts.push(cx.to_string(items.get(i))?);
        poll_at(cx, i as u64)?;
    }
    for text in texts.iter().filter_map(Value::as_string) {
        text.chars(cx)?;
    }
    let mut order: Vec<u32> = (0..items.len() as u32).collect();
    order.sort_by(|&a, &b| {
        let text = |i: u32| texts.get(i as usize).as_string();
        match (text(a), text(b)) {
            (Some(a), Some(b)) => a.flat_chars().compare(b.flat_chars()),
            _ => std::cmp::Ordering::Equal,
        }
    });
    let mut k = 0;
    for i in order {
        o.put(cx, cx.index_key(k), items.get(i as usize))?;
        k += 1;
        poll_at(cx, k)?;
    }
    for _ in 0..undefineds {
        o.put(cx, cx.index_key(k), Value::UNDEFINED)?;
        k += 1;
    }
    for _ in 0..holes {
        let key = cx.index_key(k);
        if o.has_own(cx, key)? {
            delete_or_throw(cx, o, key)?;
        }
        k += 1;
    }
    Ok(o.into())
}

fn splice(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let start = relative_index(cx, args.get(0), length, 0)?;
    let inserted = args.len().saturating_sub(2) as u64;
    let removed = match args.len() {
        0 => 0,
        1 => length - start,
        _ => cx.to_integer_or_infinity(args.get(1))?.clamp(0.0, (length - start) as f64) as u64,
    };
    if length + inserted - removed > (1 << 53) - 1 {
        return Err(cx.throw_type(format_args!("Invalid array length")));
    }
    if cx.has_default_array_species(o)
        && let Some((array, e)) = full_plain(cx, o.into())
        && e.len() as u64 == length
        && cx.is_appendable(o)
    {
        return splice_dense(cx, array, start as usize, removed as usize, args);
    }
    let a = species_create(cx, o, removed)?;
    for k in 0..removed {
        poll_at(cx, k)?;
        let key = cx.index_key(start + k);
        if o.has_property(cx, key)? {
            let v = o.get(cx, key)?;
            a.create_data_or_throw(cx, cx.index_key(k), v)?;
        }
    }
    set_length(cx, a, removed)?;
    if inserted < removed {
        for k in start..length - removed {
            poll_at(cx, k)?;
            move_property(cx, o, k + removed, k + inserted)?;
        }
        for k in (length - removed + inserted..length).rev() {
            poll_at(cx, k)?;
            delete_or_throw(cx, o, cx.index_key(k))?;
        }
    } else if inserted > removed {
        for k in (start..length - removed).rev() {
            poll_at(cx, k)?;
            move_property(cx, o, k + removed, k + inserted)?;
        }
    }
    for i in 0..inserted {
        o.put(cx, cx.index_key(start + i), args.get(i as usize + 2))?;
    }
    set_length(cx, o, length - removed + inserted)?;
    Ok(a.into())
}

fn splice_dense(cx: &Context, array: Gc<ArrayObject>, start: usize, removed: usize, args: &Args) -> JsResult<Value> {
    let out = cx.new_array(0);
    let e = array.elements();
    copy_range(cx, out, e, start, removed)?;
    let items = args.rest(2);
    let length = e.len();
    let new_length = length - removed + items.len();
    for v in items {
        array.elements().widen_for(cx, v.get());
    }
    let mut e = array.elements();
    if e.capacity() < new_length || (!items.is_empty() && e.capacity() == 0) {
        let kind = items.iter().map(|v| Gc::<Elements>::kind_for(v.get())).max().unwrap_or(Dense::Int32);
        let grown = if e.capacity() == 0 {
            cx.new_elements(kind, new_length.max(4))?
        } else {
            cx.copy_elements(e, Elements::grown_capacity(e.capacity(), new_length))?
        };
        array.object().set_elements(cx, grown);
        e = grown;
    }
    move_words(cx, e, start + removed, start + items.len(), length - start - removed);
    e.length.set(new_length as u32);
    array.length.set(new_length as u32);
    for (i, v) in items.iter().enumerate() {
        e.set_raw(cx, start + i, v.get());
    }
    Ok(out.into())
}

fn unshift(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let count = args.len() as u64;
    if let Some((array, e)) = full_plain(cx, o.into())
        && e.len() as u64 == length
        && cx.is_appendable(o)
        && count > 0
    {
        // An insertion at the front; what is removed is an empty array that nobody sees.
        let items = ValueList::with_capacity(cx, args.len());
        items.extend_from(args.slice());
        let e = array.elements();
        for v in items.iter() {
            e.widen_for(cx, v);
        }
        let total = e.len() + args.len();
        let kind = items.iter().map(Gc::<Elements>::kind_for).max().unwrap_or(Dense::Int32);
        let target = if e.capacity() >= total {
            e
        } else if e.capacity() == 0 {
            cx.new_elements(kind, total.max(4))?
        } else {
            cx.copy_elements(e, Elements::grown_capacity(e.capacity(), total))?
        };
        array.object().set_elements(cx, target);
        move_words(cx, target, 0, args.len(), length as usize);
        target.length.set(total as u32);
        array.length.set(total as u32);
        for (i, v) in items.iter().enumerate() {
            target.set_raw(cx, i, v);
        }
        return Ok(Value::length(total));
    }
    if count > 0 {
        if length + count > (1 << 53) - 1 {
            return Err(cx.throw_type(format_args!("Invalid array length")));
        }
        for k in (0..length).rev() {
            poll_at(cx, k)?;
            move_property(cx, o, k, k + count)?;
        }
        for i in 0..args.len() {
            o.put(cx, cx.index_key(i as u64), args.get(i))?;
        }
    }
    set_length(cx, o, length + count)?;
    Ok(Value::number((length + count) as f64))
}

/// A new array's length for the copying methods, which make real arrays (§23.1.3.33 ff.).
fn copy_length(cx: &Context, length: u64) -> JsResult<u64> {
    if length > u64::from(u32::MAX) {
        return Err(cx.throw_range(format_args!("Invalid array length")));
    }
    Ok(length)
}

fn to_reversed(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let out = cx.new_array(0);
    for k in (0..copy_length(cx, length)?).rev() {
        poll_at(cx, k)?;
        cx.array_push(out, get_index(cx, o, k)?)?;
    }
    Ok(out.into())
}

fn to_spliced(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let start = relative_index(cx, args.get(0), length, 0)?;
    let removed = match args.len() {
        0 => 0,
        1 => length - start,
        _ => cx.to_integer_or_infinity(args.get(1))?.clamp(0.0, (length - start) as f64) as u64,
    };
    let inserted = args.len().saturating_sub(2) as u64;
    let new_length = length + inserted - removed;
    if new_length > (1 << 53) - 1 {
        return Err(cx.throw_type(format_args!("Invalid array length")));
    }
    copy_length(cx, new_length)?;
    let out = cx.new_array(0);
    for k in 0..start {
        poll_at(cx, k)?;
        cx.array_push(out, get_index(cx, o, k)?)?;
    }
    for v in args.rest(2) {
        cx.array_push(out, v.get())?;
    }
    for k in start + removed..length {
        poll_at(cx, k)?;
        cx.array_push(out, get_index(cx, o, k)?)?;
    }
    Ok(out.into())
}

fn with(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    let index = if n < 0.0 { length as f64 + n } else { n };
    if index < 0.0 || index >= length as f64 {
        return Err(cx.throw_range(format_args!("Invalid index : {n}")));
    }
    let out = cx.new_array(0);
    for k in 0..copy_length(cx, length)? {
        poll_at(cx, k)?;
        let v = if k == index as u64 { args.get(1) } else { get_index(cx, o, k)? };
        cx.array_push(out, v)?;
    }
    Ok(out.into())
}

/// %Array.prototype.toString%, which %TypedArray%.prototype shares (§23.2.3.32).
pub fn to_string_function(cx: &Context, _: Gc<Object>) -> Value {
    // An own data property of an ordinary object: reading it runs no script; if a script made it an accessor, it is called as such.
    cx.intrinsic(Intrinsic::ArrayPrototype).get(cx, cx.names().to_string).unwrap_or_else(|_| {
        cx.take_exception();
        Value::UNDEFINED
    })
}

pub static VALUES: FunctionSpec = FunctionSpec::named(SpecKey::Text("values"), 0, values);

/// Array.prototype[@@unscopables] (§23.1.3.41).
fn unscopables(cx: &Context, _: Gc<Object>) -> Value {
    let list = cx.new_object_with_prototype(None);
    for name in [
        "at",
        "copyWithin",
        "entries",
        "fill",
        "find",
        "findIndex",
        "findLast",
        "findLastIndex",
        "flat",
        "flatMap",
        "includes",
        "keys",
        "toReversed",
        "toSorted",
        "toSpliced",
        "values",
    ] {
        // An ordinary extensible object accepts every property; only the heap's limit could refuse, at the next safepoint.
        let _ = list.create_data(cx, cx.key_from_utf8(name), Value::TRUE);
    }
    list.into()
}

pub static SOURCE: SelfHostedSource = SelfHostedSource { name: "tercel:array", text: include_str!("js/array.js") };

pub static CONSTRUCTOR: FunctionSpec = class("Array", 1, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::ArrayPrototype),
    js_method("from", 1, &SOURCE, "from"),
    js_method("fromAsync", 1, &SOURCE, "fromAsync"),
    method("isArray", 1, is_array),
    method("of", 0, of),
    species(),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Array),
    method("at", 1, at),
    method("concat", 1, concat),
    method("copyWithin", 2, copy_within),
    method("entries", 0, entries),
    js_method("every", 1, &SOURCE, "every"),
    method("fill", 1, fill),
    js_method("filter", 1, &SOURCE, "filter"),
    js_method("find", 1, &SOURCE, "find"),
    js_method("findIndex", 1, &SOURCE, "findIndex"),
    js_method("findLast", 1, &SOURCE, "findLast"),
    js_method("findLastIndex", 1, &SOURCE, "findLastIndex"),
    method("flat", 0, flat),
    js_method("flatMap", 1, &SOURCE, "flatMap"),
    js_method("forEach", 1, &SOURCE, "forEach"),
    method("includes", 1, includes),
    method("indexOf", 1, index_of),
    method("join", 1, join),
    method("keys", 0, keys),
    method("lastIndexOf", 1, last_index_of),
    js_method("map", 1, &SOURCE, "map"),
    method("pop", 0, pop).fast(FastNative::ArrayPop),
    method("push", 1, push).fast(FastNative::ArrayPush),
    js_method("reduce", 1, &SOURCE, "reduce"),
    js_method("reduceRight", 1, &SOURCE, "reduceRight"),
    method("reverse", 0, reverse),
    method("shift", 0, shift),
    method("slice", 2, slice),
    js_method("some", 1, &SOURCE, "some"),
    js_method("sort", 1, &SOURCE, "sort"),
    method("splice", 2, splice),
    method("toLocaleString", 0, to_locale_string),
    method("toReversed", 0, to_reversed),
    js_method("toSorted", 1, &SOURCE, "toSorted"),
    method("toSpliced", 2, to_spliced),
    method("toString", 0, to_string),
    method("unshift", 1, unshift),
    intrinsic("values", Intrinsic::ArrayValues),
    method("with", 2, with),
    symbol_alias(names::SYMBOL_ITERATOR, "values"),
    PropertySpec {
        key: SpecKey::Name(names::SYMBOL_UNSCOPABLES),
        attributes: CONFIGURABLE,
        value: PropertyValue::Computed(unscopables),
    },
];
