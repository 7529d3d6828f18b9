//! Methods that change the array: ECMA-262 §23.1.3.

use super::*;

pub(super) fn copy_within(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let to = relative_index(cx, args.get(0), length, 0)?;
    let from = relative_index(cx, args.get(1), length, 0)?;
    let end = relative_index(cx, args.get(2), length, length)?;
    let count = end.saturating_sub(from).min(length - to);
    if let Some(e) = packed(cx, o, length) {
        move_words(cx, e, from as usize, to as usize, count as usize);
        return Ok(o.into());
    }
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
pub(super) fn delete_or_throw(cx: &Context, o: Gc<Object>, key: PropertyKey) -> JsResult<()> {
    if o.delete(cx, key)? {
        return Ok(());
    }
    Err(cx.throw_type(format_args!("Cannot delete property '{}' of {}", key.display(cx), cx.describe(o.into()))))
}

pub(super) fn fill(cx: &Context, args: &Args) -> JsResult<Value> {
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

pub(super) fn pop(cx: &Context, args: &Args) -> JsResult<Value> {
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

pub(super) fn push(cx: &Context, args: &Args) -> JsResult<Value> {
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

pub(super) fn reverse(cx: &Context, args: &Args) -> JsResult<Value> {
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

pub(super) fn shift(cx: &Context, args: &Args) -> JsResult<Value> {
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
pub(super) fn move_words(cx: &Context, e: Gc<Elements>, from: usize, to: usize, count: usize) {
    debug_assert!(from.max(to) + count <= e.capacity());
    // SAFETY: both ranges lie within the capacity; the words are moved as they are, whatever the dense kind.
    unsafe { std::ptr::copy(e.data().add(from), e.data().add(to), count) };
    if e.kind() == Kind::ElementsValue {
        // SAFETY: the cell is live; it is remembered as a whole, since any of its words may be young.
        unsafe { cx.heap.write_barrier_cell(e.header_ptr()) };
    }
}

/// Moves property `from` to `to`, or deletes `to` where `from` is absent.
pub(super) fn move_property(cx: &Context, o: Gc<Object>, from: u64, to: u64) -> JsResult<()> {
    let (from, to) = (cx.index_key(from), cx.index_key(to));
    if o.has_property(cx, from)? {
        let v = o.get(cx, from)?;
        o.put(cx, to, v)
    } else {
        delete_or_throw(cx, o, to)
    }
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
    // Each item beside its text, sorted by the text: stable. A single one is compared with nothing, so it is not converted either.
    let texts = ValueList::with_capacity(cx, items.len());
    for i in 0..if items.len() > 1 { items.len() } else { 0 } {
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

pub(super) fn splice(cx: &Context, args: &Args) -> JsResult<Value> {
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

pub(super) fn splice_dense(
    cx: &Context,
    array: Gc<ArrayObject>,
    start: usize,
    removed: usize,
    args: &Args,
) -> JsResult<Value> {
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

pub(super) fn unshift(cx: &Context, args: &Args) -> JsResult<Value> {
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
