//! `indexOf`, `lastIndexOf` and `includes` of arrays (ECMA-262 §23.1.3.16, .17, .20), and the search that typed arrays share with them.
//!
//! Dense elements are words of one encoding, so what is looked for is turned into a test of words once, and [`find`] applies it
//! to many words together.

use super::*;
use std::ops::Range;
use tercel_vm::elements::HOLE;

/// Elements that are tested together: without a branch for each, which lets the compiler use vector instructions.
const BLOCK: usize = 16;
/// Elements between polls.
const PIECE: usize = 1 << 16;

/// The first index of a range (the last, `backwards`) for which the test holds. The test is called for any index of the range.
#[inline]
pub fn find(range: Range<usize>, backwards: bool, is: impl Fn(usize) -> bool) -> Option<usize> {
    let in_block = |start: usize| (0..BLOCK).fold(false, |found, k| found | is(start + k));
    let Range { mut start, mut end } = range;
    if backwards {
        while end - start >= BLOCK && !in_block(end - BLOCK) {
            end -= BLOCK;
        }
        (start.max(end.saturating_sub(BLOCK))..end).rev().find(|&i| is(i))
    } else {
        while end - start >= BLOCK && !in_block(start) {
            start += BLOCK;
        }
        (start..end.min(start + BLOCK)).find(|&i| is(i))
    }
}

/// How elements are compared with what is looked for.
#[derive(Clone, Copy, PartialEq)]
pub enum Equality {
    /// IsStrictlyEqual; absent elements are passed over.
    Strict,
    /// SameValueZero; absent elements are undefined.
    SameValueZero,
}

/// Where `needle` is in a range of dense elements. Runs no script.
fn find_dense(
    cx: &Context,
    e: Gc<Elements>,
    range: Range<usize>,
    backwards: bool,
    needle: Value,
    equality: Equality,
) -> JsResult<Option<usize>> {
    let Range { mut start, mut end } = range.start..range.end.min(e.len());
    while start < end {
        let piece = if backwards { start.max(end.saturating_sub(PIECE))..end } else { start..end.min(start + PIECE) };
        let found = match needle.is_string() || needle.is_bigint() {
            true => find_by_value(cx, e, piece.clone(), backwards, needle)?,
            false => find_word(e, piece.clone(), backwards, needle, equality),
        };
        if found.is_some() {
            return Ok(found);
        }
        if backwards {
            end = piece.start
        } else {
            start = piece.end
        }
        cx.poll()?;
    }
    Ok(None)
}

/// The same, of what is equal by its word, or a number.
fn find_word(
    e: Gc<Elements>,
    range: Range<usize>,
    backwards: bool,
    needle: Value,
    equality: Equality,
) -> Option<usize> {
    assert!(range.end <= e.len());
    let data = e.data();
    // SAFETY: the test is called below the length only.
    let word = |i: usize| unsafe { *data.add(i) };
    let same_value = equality == Equality::SameValueZero;
    let kind = e.kind();
    if !needle.is_number() {
        let (bits, hole) = (needle.bits(), if kind == Kind::ElementsDouble { HOLE } else { Value::EMPTY.bits() });
        return match same_value && needle.is_undefined() {
            true => find(range, backwards, |i| word(i) == hole || word(i) == bits),
            false if kind == Kind::ElementsValue => find(range, backwards, |i| word(i) == bits),
            false => None,
        };
    }
    let n = needle.as_number();
    if n.is_nan() {
        let is_nan = |i: usize| e.get(i).is_double() && e.get(i).as_number().is_nan();
        return if same_value && kind != Kind::ElementsInt32 { find(range, backwards, is_nan) } else { None };
    }
    match kind {
        Kind::ElementsDouble => find(range, backwards, |i| f64::from_bits(word(i)) == n),
        Kind::ElementsInt32 => {
            let bits = (f64::from(n as i32) == n).then(|| Value::int32(n as i32).bits())?;
            find(range, backwards, |i| word(i) == bits)
        }
        _ => find(range, backwards, |i| {
            let v = Value::from_bits(word(i));
            v.is_number() && v.as_number() == n
        }),
    }
}

/// The same, of a string or a BigInt.
fn find_by_value(
    cx: &Context,
    e: Gc<Elements>,
    range: Range<usize>,
    backwards: bool,
    needle: Value,
) -> JsResult<Option<usize>> {
    if e.kind() != Kind::ElementsValue {
        return Ok(None);
    }
    let (mut start, mut end) = (range.start, range.end);
    while start < end {
        let i = if backwards { end - 1 } else { start };
        let v = e.get(i);
        let equal = match (v.as_string(), needle.as_string()) {
            (Some(v), Some(needle)) => v.len() == needle.len() && v.equals(cx, needle)?,
            (None, None) => !v.is_number() && !v.is_empty() && cx.strictly_equal(v, needle)?,
            _ => false,
        };
        if equal {
            return Ok(Some(i));
        }
        if backwards { end = i } else { start = i + 1 }
    }
    Ok(None)
}

/// The dense elements of an array that still has all of its elements below `length`: conversions of arguments may have changed it.
fn dense_up_to(cx: &Context, o: Gc<Object>, length: u64) -> Option<Gc<Elements>> {
    full_plain(cx, o.into()).map(|(_, e)| e).filter(|e| e.len() as u64 >= length)
}

/// What the methods give for a position.
pub fn position(found: Option<usize>) -> Value {
    found.map_or(Value::int32(-1), Value::length)
}

pub(super) fn includes(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        return Ok(Value::FALSE);
    }
    let start = relative_index(cx, args.get(1), length, 0)?;
    let needle = args.get(0);
    if let Some(e) = dense_up_to(cx, o, length) {
        let found = find_dense(cx, e, start as usize..length as usize, false, needle, Equality::SameValueZero)?;
        return Ok(found.is_some().into());
    }
    for k in start..length {
        poll_at(cx, k)?;
        let v = get_index(cx, o, k)?;
        if v == needle && !v.is_double() || cx.same_value_zero(v, needle)? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

/// The first of some indices of any object whose property is strictly equal to `needle`.
fn search_properties(
    cx: &Context,
    o: Gc<Object>,
    indices: impl Iterator<Item = u64>,
    needle: Value,
) -> JsResult<Value> {
    for k in indices {
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

pub(super) fn index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        return Ok(Value::int32(-1));
    }
    let start = relative_index(cx, args.get(1), length, 0)?;
    let needle = args.get(0);
    if let Some(e) = dense_up_to(cx, o, length) {
        let found = find_dense(cx, e, start as usize..length as usize, false, needle, Equality::Strict)?;
        return Ok(position(found));
    }
    search_properties(cx, o, start..length, needle)
}

/// The last index that `lastIndexOf` looks at; none if there is none.
pub fn last_start(cx: &Context, args: &Args, length: u64) -> JsResult<Option<u64>> {
    let n = if args.len() > 1 { cx.to_integer_or_infinity(args.get(1))? } else { length as f64 - 1.0 };
    let start = if n >= 0.0 { n.min(length as f64 - 1.0) } else { length as f64 + n };
    Ok((start >= 0.0).then_some(start as u64))
}

pub(super) fn last_index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    if length == 0 {
        return Ok(Value::int32(-1));
    }
    let Some(start) = last_start(cx, args, length)? else { return Ok(Value::int32(-1)) };
    let needle = args.get(0);
    if let Some(e) = dense_up_to(cx, o, length) {
        return Ok(position(find_dense(cx, e, 0..start as usize + 1, true, needle, Equality::Strict)?));
    }
    search_properties(cx, o, (0..=start).rev(), needle)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn finds_the_first_and_the_last_of_any_range() {
        for length in [0, 1, 15, 16, 17, 40, 64] {
            for start in 0..=length {
                for at in 0..length {
                    let is = |i: usize| i == at || i + 3 == at;
                    let expected: Vec<usize> = (start..length).filter(|&i| is(i)).collect();
                    assert_eq!(find(start..length, false, is), expected.first().copied(), "{start} {length} {at}");
                    assert_eq!(find(start..length, true, is), expected.last().copied(), "{start} {length} {at}");
                }
            }
        }
    }
}
