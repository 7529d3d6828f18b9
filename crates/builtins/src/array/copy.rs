//! Methods that make a new array from parts of others: ECMA-262 §23.1.3.

use super::*;

/// IsConcatSpreadable (§23.1.3.2.1).
pub(super) fn is_concat_spreadable(cx: &Context, v: Value) -> JsResult<bool> {
    let Some(o) = v.as_object() else { return Ok(false) };
    let spreadable = o.get(cx, cx.names().symbol_is_concat_spreadable)?;
    if spreadable.is_undefined() { cx.is_array(v) } else { Ok(spreadable.to_boolean()) }
}

pub(super) fn concat(cx: &Context, args: &Args) -> JsResult<Value> {
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
pub(super) fn append_all(cx: &Context, to: Gc<ArrayObject>, from: Gc<Elements>) -> JsResult<()> {
    let (old, count) = (to.elements(), from.len());
    let at = old.len();
    let total = at + count;
    if total > u32::MAX as usize {
        return Err(cx.throw_range(format_args!("Invalid array length")));
    }
    let kind = if at == 0 { from.dense_kind() } else { old.dense_kind().max(from.dense_kind()) };
    let new = if at > 0 && total <= old.capacity() && old.dense_kind() == kind {
        old
    } else {
        let new =
            cx.new_elements(kind, if at == 0 { total } else { Elements::grown_capacity(old.capacity(), total) })?;
        copy_words(cx, old, 0, new, 0, at);
        if old.is_holey() {
            new.set_holey();
        }
        to.object().set_elements(cx, new);
        new
    };
    copy_words(cx, from, 0, new, at, count);
    if from.is_holey() {
        new.set_holey();
    }
    to.length.set(total as u32);
    if count > 4096 { cx.poll() } else { Ok(()) }
}

/// FlattenIntoArray (§23.1.3.13.1); gives the next target index.
pub(super) fn flatten(
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

pub(super) fn flat(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let depth = if args.get(0).is_undefined() { 1.0 } else { cx.to_integer_or_infinity(args.get(0))?.max(0.0) };
    let a = species_create(cx, o, 0)?;
    flatten(cx, a, o, length, 0, depth)?;
    Ok(a.into())
}

pub(super) fn slice(cx: &Context, args: &Args) -> JsResult<Value> {
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

/// Copies elements, holes included, behind the elements of another cell, whose kind is not narrower and which ends with them then.
fn copy_words(cx: &Context, from: Gc<Elements>, start: usize, to: Gc<Elements>, at: usize, count: usize) {
    assert!(start + count <= from.len() && at + count <= to.capacity() && from != to);
    to.length.set((at + count) as u32);
    if (from.kind() == Kind::ElementsDouble) != (to.kind() == Kind::ElementsDouble) {
        for i in 0..count {
            to.set_raw(cx, at + i, from.get(start + i));
        }
        return;
    }
    // SAFETY: the ranges lie within the cells, which differ, and words of int32 elements are the same as values.
    unsafe { std::ptr::copy_nonoverlapping(from.data().add(start), to.data().add(at), count) };
    if from.kind() == Kind::ElementsValue {
        // SAFETY: the cell is live; it is remembered as a whole, since any of its words may be young.
        unsafe { cx.heap.write_barrier_cell(to.header_ptr()) };
    }
}

/// Makes a fresh, empty array hold `count` words of `e` from `start` on.
pub(super) fn copy_range(
    cx: &Context,
    out: Gc<ArrayObject>,
    e: Gc<Elements>,
    start: usize,
    count: usize,
) -> JsResult<()> {
    if count == 0 {
        return Ok(());
    }
    let new = cx.new_elements(e.dense_kind(), count)?;
    copy_words(cx, e, start, new, 0, count);
    if e.is_holey() {
        new.set_holey();
    }
    out.object().set_elements(cx, new);
    out.length.set(count as u32);
    if count > 4096 { cx.poll() } else { Ok(()) }
}

/// A new array's length for the copying methods, which make real arrays (§23.1.3.33 ff.).
pub(super) fn copy_length(cx: &Context, length: u64) -> JsResult<u64> {
    if length > u64::from(u32::MAX) {
        return Err(cx.throw_range(format_args!("Invalid array length")));
    }
    Ok(length)
}

/// The elements of a plain array without holes that still has `length` of them.
pub(super) fn packed(cx: &Context, o: Gc<Object>, length: u64) -> Option<Gc<Elements>> {
    full_plain(cx, o.into()).map(|(_, e)| e).filter(|e| !e.is_holey() && e.len() as u64 == length)
}

pub(super) fn to_reversed(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let out = cx.new_array(0);
    if let Some(e) = packed(cx, o, length) {
        copy_range(cx, out, e, 0, e.len())?;
        let copy = out.elements();
        // SAFETY: the copy's own words; nothing runs meanwhile.
        unsafe { std::slice::from_raw_parts_mut(copy.data(), copy.len()) }.reverse();
        return Ok(out.into());
    }
    for k in (0..copy_length(cx, length)?).rev() {
        poll_at(cx, k)?;
        cx.array_push(out, get_index(cx, o, k)?)?;
    }
    Ok(out.into())
}

pub(super) fn to_spliced(cx: &Context, args: &Args) -> JsResult<Value> {
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

pub(super) fn with(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    let index = if n < 0.0 { length as f64 + n } else { n };
    if index < 0.0 || index >= length as f64 {
        return Err(cx.throw_range(format_args!("Invalid index : {n}")));
    }
    let out = cx.new_array(0);
    if let Some(e) = packed(cx, o, length) {
        copy_range(cx, out, e, 0, e.len())?;
        out.elements().widen_for(cx, args.get(1));
        out.elements().set_raw(cx, index as usize, args.get(1));
        return Ok(out.into());
    }
    for k in 0..copy_length(cx, length)? {
        poll_at(cx, k)?;
        let v = if k == index as u64 { args.get(1) } else { get_index(cx, o, k)? };
        cx.array_push(out, v)?;
    }
    Ok(out.into())
}
