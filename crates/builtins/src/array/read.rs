//! Methods that look: elements, positions, text, iterators (ECMA-262 §23.1.3).

use super::*;

pub(super) fn at(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let n = cx.to_integer_or_infinity(args.get(0))?;
    let k = if n < 0.0 { length as f64 + n } else { n };
    if k < 0.0 || k >= length as f64 {
        return Ok(Value::UNDEFINED);
    }
    o.get(cx, cx.index_key(k as u64))
}

pub(super) fn entries(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, cx.to_object(args.this())?, Gives::Entries).into())
}

pub(super) fn keys(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, cx.to_object(args.this())?, Gives::Keys).into())
}

pub fn values(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, cx.to_object(args.this())?, Gives::Values).into())
}

pub(super) fn join(cx: &Context, args: &Args) -> JsResult<Value> {
    let (o, length) = receiver(cx, args)?;
    let separator =
        if args.get(0).is_undefined() { cx.single_char(u16::from(b',')) } else { cx.to_string(args.get(0))? };
    join_with(cx, o, length, separator, |cx, v| cx.to_string(v))
}

pub(super) fn join_with(
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
                // What nested arrays became is dead now, and arrays of arrays run no code that would poll.
                cx.poll()?;
            }
        }
        Ok(out.finish()?.into())
    };
    let result = build();
    cx.leave_join(o);
    result
}

pub(super) fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.this())?;
    let join = o.get(cx, cx.names().join)?;
    if cx.is_callable(join) {
        return cx.call(join, o.into(), &[]);
    }
    let tag = crate::object::to_string(cx, args)?;
    Ok(tag)
}

pub(super) fn to_locale_string(cx: &Context, args: &Args) -> JsResult<Value> {
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
                cx.poll()?;
            }
        }
        Ok(out.finish()?.into())
    };
    let result = build();
    cx.leave_join(o);
    result
}
