//! %TypedArray%, its prototype, and the constructors of the element types (ECMA-262 §23.2): what is not in `js/array.js`.

use crate::array::{Equality, SOURCE, find, full_plain, get_index, last_start, position, relative_index};
use crate::base64;
use crate::iterator::{Gives, new_array_iterator};
use crate::table::*;
use std::cell::Cell;
use std::ops::Range;
use tercel_vm::elements::{Dense, Elements};
use tercel_vm::fast_native::FastNative;
use tercel_vm::string::StringBuilder;
use tercel_vm::typed::{ArrayBuffer, ElementType, TRACKS_LENGTH, TypedArray, Words, element_fast, number_to_bits};
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Object, Value, ValueList, names};

/// ValidateTypedArray (§23.2.4.4).
pub fn validate(cx: &Context, v: Value) -> JsResult<Gc<TypedArray>> {
    let Some(t) = v.as_kind::<TypedArray>(Kind::TypedArray) else {
        return Err(cx.throw_type(format_args!("this is not a typed array.")));
    };
    if t.is_out_of_bounds() {
        return Err(
            cx.throw_type(format_args!("Cannot perform the operation on a detached or out-of-bounds ArrayBuffer"))
        );
    }
    Ok(t)
}

fn receiver(cx: &Context, args: &Args) -> JsResult<Gc<TypedArray>> {
    validate(cx, args.this())
}

/// The intrinsic constructor and prototype of an element type.
fn intrinsics(element: ElementType) -> (Intrinsic, Intrinsic) {
    (Intrinsic::typed_array(element), Intrinsic::typed_array_prototype(element))
}

/// A new array with a buffer of its own (AllocateTypedArrayBuffer, §23.2.5.1.6).
pub fn allocate(cx: &Context, proto: Gc<Object>, element: ElementType, length: u64) -> JsResult<Gc<TypedArray>> {
    let Some(bytes) = length.checked_mul(element.size() as u64).filter(|&n| n <= tercel_vm::typed::MAX_BYTES as u64)
    else {
        return Err(cx.throw_range(format_args!("Invalid typed array length: {length}")));
    };
    let buffer = cx.new_array_buffer(cx.intrinsic(Intrinsic::ArrayBufferPrototype), bytes as usize, None, false)?;
    cx.new_typed_array(proto, element, buffer, 0, length as usize)
}

/// Stores `v` at `i` as an assignment does: converted first, dropped where the index is gone by then.
fn assign(cx: &Context, t: Gc<TypedArray>, i: usize, v: Value) -> JsResult<()> {
    let bits = cx.to_element_bits(t.element_type(), v)?;
    if i < t.len() {
        t.set_bits(i, bits);
    }
    Ok(())
}

fn construct(cx: &Context, args: &Args, element: ElementType) -> JsResult<Value> {
    if args.new_target().is_undefined() {
        return Err(cx.throw_type(format_args!("Constructor {} requires 'new'", element.name())));
    }
    let first = args.get(0);
    let proto = || cx.prototype_from_new_target(args.new_target(), intrinsics(element).1);
    if !first.is_object() {
        let length = cx.to_index(first)?;
        return Ok(allocate(cx, proto()?, element, length)?.into());
    }
    let proto = proto()?;
    if let Some(buffer) = first.as_kind::<ArrayBuffer>(Kind::ArrayBuffer) {
        return from_buffer(cx, args, element, proto, buffer);
    }
    if let Some(source) = first.as_kind::<TypedArray>(Kind::TypedArray) {
        if source.is_out_of_bounds() {
            return Err(cx.throw_type(format_args!("Cannot construct from a detached or out-of-bounds typed array")));
        }
        let new = allocate(cx, proto, element, source.len() as u64)?;
        copy_elements(cx, source, new, 0)?;
        return Ok(new.into());
    }
    if let Some(new) = from_plain_numbers(cx, proto, element, first)? {
        return Ok(new.into());
    }
    let method = cx.get_method(first, cx.names().symbol_iterator)?;
    let items = match method {
        None => cx.list_from_array_like(first)?,
        Some(method) => {
            let items = ValueList::new(cx);
            let iteration = crate::iterator::iterate_with(cx, first, method)?;
            while let Some(v) = iteration.step(cx)? {
                items.push(v);
            }
            items
        }
    };
    let new = allocate(cx, proto, element, items.len() as u64)?;
    for i in 0..items.len() {
        assign(cx, new, i, items.get(i))?;
    }
    Ok(new.into())
}

/// A new array with the elements of an ordinary one that has nothing but numbers; `None` if it is another, or a script could see how it is iterated.
fn from_plain_numbers(
    cx: &Context,
    proto: Gc<Object>,
    element: ElementType,
    source: Value,
) -> JsResult<Option<Gc<TypedArray>>> {
    let Some(e) = cx.unobservable_array(source).and_then(|_| plain_numbers(cx, element, source)) else {
        return Ok(None);
    };
    let new = allocate(cx, proto, element, e.len() as u64)?;
    set_numbers(new, 0, e);
    Ok(Some(new))
}

/// The elements of an array that has nothing but numbers, which an array of this type takes without running script.
fn plain_numbers(cx: &Context, element: ElementType, source: Value) -> Option<Gc<Elements>> {
    let (_, e) = full_plain(cx, source)?;
    (e.dense_kind() != Dense::Value && !e.is_holey() && !element.is_bigint()).then_some(e)
}

/// Stores all of those elements from index `at` on.
fn set_numbers(t: Gc<TypedArray>, at: usize, e: Gc<Elements>) {
    let numbers = (0..e.len()).map(|i| e.get(i).as_number());
    t.set_numbers(at, e.dense_kind() == Dense::Int32, numbers);
}

/// InitializeTypedArrayFromArrayBuffer (§23.2.5.1.3).
fn from_buffer(
    cx: &Context,
    args: &Args,
    element: ElementType,
    proto: Gc<Object>,
    buffer: Gc<ArrayBuffer>,
) -> JsResult<Value> {
    let size = element.size() as u64;
    let offset = cx.to_index(args.get(1))?;
    if offset % size != 0 {
        return Err(cx.throw_range(format_args!("start offset of {} should be a multiple of {size}", element.name())));
    }
    let given = if args.get(2).is_undefined() { None } else { Some(cx.to_index(args.get(2))?) };
    if buffer.is_detached() {
        return Err(cx.throw_type(format_args!("Cannot perform Construct on a detached ArrayBuffer")));
    }
    let bytes = buffer.len() as u64;
    let length = match given {
        None if buffer.is_resizable() => {
            if offset > bytes {
                return Err(cx.throw_range(format_args!("Start offset {offset} is outside the bounds of the buffer")));
            }
            TRACKS_LENGTH
        }
        None => {
            if !bytes.is_multiple_of(size) {
                return Err(
                    cx.throw_range(format_args!("byte length of {} should be a multiple of {size}", element.name()))
                );
            }
            if offset > bytes {
                return Err(cx.throw_range(format_args!("Start offset {offset} is outside the bounds of the buffer")));
            }
            ((bytes - offset) / size) as usize
        }
        Some(n) => {
            if n.checked_mul(size).and_then(|b| b.checked_add(offset)).is_none_or(|end| end > bytes) {
                return Err(cx.throw_range(format_args!("Invalid typed array length: {n}")));
            }
            n as usize
        }
    };
    Ok(cx.new_typed_array(proto, element, buffer, offset as usize, length)?.into())
}

/// Copies all elements of `from` to `to` from `at` on, converting; the ranges were checked. TypeError if one is of BigInts only.
fn copy_elements(cx: &Context, from: Gc<TypedArray>, to: Gc<TypedArray>, at: usize) -> JsResult<()> {
    let (source, target) = (from.element_type(), to.element_type());
    if source.is_bigint() != target.is_bigint() {
        return Err(cx.throw_type(format_args!("Cannot mix BigInt and other types, use explicit conversions")));
    }
    let same = source == target || (source.size() == 1 && target.size() == 1 && target != ElementType::Uint8Clamped);
    let count = from.len();
    if same {
        let shift = source.shift();
        // SAFETY: `count` elements lie in the source and, from `at` on, in the target; they may overlap.
        unsafe { std::ptr::copy(from.data.get(), to.data.get().add(at << shift), count << shift) };
        return Ok(());
    }
    // Overlapping views of one buffer are read before they are written.
    let mut bits = Vec::with_capacity(count);
    for i in 0..count {
        bits.push(cx.to_element_bits(target, from.get(cx, i))?);
    }
    for (i, b) in bits.into_iter().enumerate() {
        to.set_bits(at + i, b);
    }
    Ok(())
}

/// TypedArrayCreateFromConstructor (§23.2.4.2).
fn create_from(cx: &Context, c: Gc<Object>, list: &[Value]) -> JsResult<Gc<TypedArray>> {
    let made = cx.construct(c, list, c)?;
    let t = validate(cx, made)?;
    if let [n] = list
        && n.is_number()
        && (t.len() as f64) < n.as_number()
    {
        return Err(cx.throw_type(format_args!("Derived TypedArray constructor created an array which was too small")));
    }
    Ok(t)
}

/// TypedArraySpeciesCreate (§23.2.4.1).
fn species_create(cx: &Context, exemplar: Gc<TypedArray>, list: &[Value]) -> JsResult<Gc<TypedArray>> {
    let element = exemplar.element_type();
    let c = cx.species_constructor(exemplar.object(), intrinsics(element).0)?;
    let t = create_from(cx, c, list)?;
    if t.element_type().is_bigint() != element.is_bigint() {
        return Err(cx.throw_type(format_args!("Content type of the species differs")));
    }
    Ok(t)
}

fn abstract_constructor(cx: &Context, _: &Args) -> JsResult<Value> {
    Err(cx.throw_type(format_args!("Abstract class TypedArray not directly constructable")))
}

/// The receiver of the static methods as a constructor.
fn this_constructor(cx: &Context, args: &Args) -> JsResult<Gc<Object>> {
    match args.this().as_object().filter(|c| c.is_constructor()) {
        Some(c) => Ok(c),
        None => Err(cx.throw_not_constructor(args.this())),
    }
}

fn from(cx: &Context, args: &Args) -> JsResult<Value> {
    let c = this_constructor(cx, args)?;
    let mapper = args.get(1);
    if !mapper.is_undefined() && !cx.is_callable(mapper) {
        return Err(cx.throw_not_callable(mapper));
    }
    let is_made_by = |element: &ElementType| cx.intrinsic(intrinsics(*element).0) == c;
    if mapper.is_undefined()
        && let Some(&element) = ElementType::ALL.iter().find(|element| is_made_by(element))
        && let Some(new) = from_plain_numbers(cx, cx.intrinsic(intrinsics(element).1), element, args.get(0))?
    {
        return Ok(new.into());
    }
    let method = cx.get_method(args.get(0), cx.names().symbol_iterator)?;
    let items = ValueList::new(cx);
    let Some(method) = method else {
        let source = cx.to_object(args.get(0))?;
        let length = cx.length_of(source)?;
        let target = create_from(cx, c, &[Value::number(length as f64)])?;
        for k in 0..length {
            let v = source.get(cx, cx.index_key(k))?;
            store_mapped(cx, target, k as usize, v, mapper, args.get(2))?;
        }
        return Ok(target.into());
    };
    let iteration = crate::iterator::iterate_with(cx, args.get(0), method)?;
    while let Some(v) = iteration.step(cx)? {
        items.push(v);
    }
    let target = create_from(cx, c, &[Value::length(items.len())])?;
    for i in 0..items.len() {
        store_mapped(cx, target, i, items.get(i), mapper, args.get(2))?;
    }
    Ok(target.into())
}

fn store_mapped(cx: &Context, t: Gc<TypedArray>, i: usize, v: Value, mapper: Value, this: Value) -> JsResult<()> {
    let v = if mapper.is_undefined() { v } else { cx.call(mapper, this, &[v, Value::length(i)])? };
    t.object().put(cx, cx.index_key(i as u64), v)
}

fn of(cx: &Context, args: &Args) -> JsResult<Value> {
    let c = this_constructor(cx, args)?;
    let t = create_from(cx, c, &[Value::length(args.len())])?;
    for i in 0..args.len() {
        t.object().put(cx, cx.index_key(i as u64), args.get(i))?;
    }
    Ok(t.into())
}

// ---- Accessors

fn this_any(cx: &Context, args: &Args, name: &str) -> JsResult<Gc<TypedArray>> {
    match args.this().as_kind::<TypedArray>(Kind::TypedArray) {
        Some(t) => Ok(t),
        None => Err(cx.throw_type(format_args!("get TypedArray.prototype.{name} called on incompatible receiver"))),
    }
}

fn buffer(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(this_any(cx, args, "buffer")?.buffer.get())
}

fn byte_length(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::length(this_any(cx, args, "byteLength")?.byte_length()))
}

fn byte_offset(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = this_any(cx, args, "byteOffset")?;
    Ok(if t.is_out_of_bounds() { Value::ZERO } else { Value::length(t.byte_offset.get()) })
}

fn length(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::length(this_any(cx, args, "length")?.len()))
}

fn tag(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(match args.this().as_kind::<TypedArray>(Kind::TypedArray) {
        Some(t) => cx.key_from_utf8(t.element_type().name()).to_value(cx),
        None => Value::UNDEFINED,
    })
}

// ---- Methods

fn element_at(cx: &Context, t: Gc<TypedArray>, i: usize) -> Value {
    if i < t.len() { t.get(cx, i) } else { Value::UNDEFINED }
}

fn at(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len();
    let n = cx.to_integer_or_infinity(args.get(0))?;
    // The length is what it was before; what the conversion took away reads as undefined.
    let k = if n < 0.0 { length as f64 + n } else { n };
    Ok(if k < 0.0 || k >= length.min(t.len()) as f64 { Value::UNDEFINED } else { element_at(cx, t, k as usize) })
}

fn copy_within(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len() as u64;
    let to = relative_index(cx, args.get(0), length, 0)?;
    let start = relative_index(cx, args.get(1), length, 0)?;
    let end = relative_index(cx, args.get(2), length, length)?;
    let count = end.saturating_sub(start).min(length - to);
    if count > 0 {
        let t = validate(cx, args.this())?;
        // The conversions may have shrunk the buffer.
        let now = t.len() as u64;
        let count = count.min(now.saturating_sub(start)).min(now.saturating_sub(to)) as usize;
        let shift = t.element_type().shift();
        let data = t.data.get();
        // SAFETY: both ranges end at or before the present length.
        unsafe {
            std::ptr::copy(data.add((start as usize) << shift), data.add((to as usize) << shift), count << shift)
        };
    }
    Ok(args.this())
}

fn entries(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, receiver(cx, args)?.object(), Gives::Entries).into())
}

fn keys(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, receiver(cx, args)?.object(), Gives::Keys).into())
}

fn values(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(new_array_iterator(cx, receiver(cx, args)?.object(), Gives::Values).into())
}

fn fill(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len() as u64;
    let bits = cx.to_element_bits(t.element_type(), args.get(0))?;
    let start = relative_index(cx, args.get(1), length, 0)?;
    let end = relative_index(cx, args.get(2), length, length)?;
    let t = validate(cx, args.this())?;
    t.fill_bits(start as usize..end as usize, bits);
    Ok(args.this())
}

/// The first index of a range (the last, `backwards`) whose element is `needle`. The range is cut at the length.
fn position_of(
    t: Gc<TypedArray>,
    range: Range<usize>,
    backwards: bool,
    needle: Value,
    equality: Equality,
) -> Option<usize> {
    let element = t.element_type();
    let range = range.start.min(t.len())..range.end.min(t.len());
    let bits = if element.is_bigint() {
        let wanted = needle.as_bigint()?;
        match element {
            ElementType::BigInt64 => wanted.to_i64()? as u64,
            _ => wanted.to_u64()?,
        }
    } else {
        let n = if needle.is_number() { needle.as_number() } else { return None };
        let bits = number_to_bits(element, n);
        let is_float = matches!(element, ElementType::Float16 | ElementType::Float32 | ElementType::Float64);
        // Of zeros and of NaNs there are several.
        if is_float && (n == 0.0 || n.is_nan()) {
            let same = |i: usize| element_number(t, i) == 0.0;
            let both_nan = |i: usize| element_number(t, i).is_nan();
            return match equality {
                _ if n == 0.0 => find(range, backwards, same),
                Equality::SameValueZero => find(range, backwards, both_nan),
                Equality::Strict => None,
            };
        }
        // What is another number as an element is equal to none.
        if element.number_of_bits(bits) != n {
            return None;
        }
        bits
    };
    match t.words() {
        Words::One(words) => find_word(words, range, backwards, bits as u8),
        Words::Two(words) => find_word(words, range, backwards, bits as u16),
        Words::Four(words) => find_word(words, range, backwards, bits as u32),
        Words::Eight(words) => find_word(words, range, backwards, bits),
    }
}

fn find_word<T: Copy + PartialEq>(words: &[Cell<T>], range: Range<usize>, backwards: bool, word: T) -> Option<usize> {
    let words = &words[..range.end];
    find(range, backwards, |i| words[i].get() == word)
}

fn element_number(t: Gc<TypedArray>, i: usize) -> f64 {
    element_fast(t.object(), i).as_number()
}

fn includes(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len();
    if length == 0 {
        return Ok(Value::FALSE);
    }
    let start = relative_index(cx, args.get(1), length as u64, 0)? as usize;
    // What the conversion of the start took away reads as undefined.
    let gone = args.get(0).is_undefined() && start < length && t.len() < length;
    let found = position_of(t, start..length, false, args.get(0), Equality::SameValueZero);
    Ok((gone || found.is_some()).into())
}

fn index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len();
    if length == 0 {
        return Ok(Value::int32(-1));
    }
    let start = relative_index(cx, args.get(1), length as u64, 0)? as usize;
    Ok(position(position_of(t, start..length, false, args.get(0), Equality::Strict)))
}

fn last_index_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len();
    if length == 0 {
        return Ok(Value::int32(-1));
    }
    let Some(start) = last_start(cx, args, length as u64)? else { return Ok(Value::int32(-1)) };
    Ok(position(position_of(t, 0..start as usize + 1, true, args.get(0), Equality::Strict)))
}

fn join(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len();
    let separator =
        if args.get(0).is_undefined() { cx.single_char(u16::from(b',')) } else { cx.to_string(args.get(0))? };
    let mut out = StringBuilder::new(cx);
    for i in 0..length {
        if i > 0 {
            out.push_string(separator)?;
        }
        if i % 1024 == 1023 {
            cx.poll()?;
        }
        if i < t.len() {
            out.push_string(cx.to_string(t.get(cx, i))?)?;
        }
    }
    Ok(out.finish()?.into())
}

fn to_locale_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len();
    let mut out = StringBuilder::new(cx);
    for i in 0..length {
        if i > 0 {
            out.push_str(",")?;
        }
        let v = element_at(cx, t, i);
        if !v.is_undefined() {
            let shown = cx.invoke(v, cx.names().to_locale_string, &[])?;
            out.push_string(cx.to_string(shown)?)?;
        }
    }
    Ok(out.finish()?.into())
}

fn reverse(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let (size, bytes) = (t.element_type().size(), t.bytes());
    let n = t.len();
    for i in 0..n / 2 {
        for b in 0..size {
            bytes[i * size + b].swap(&bytes[(n - 1 - i) * size + b]);
        }
    }
    Ok(args.this())
}

fn set(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(t) = args.this().as_kind::<TypedArray>(Kind::TypedArray) else {
        return Err(cx.throw_type(format_args!("this is not a typed array.")));
    };
    let offset = cx.to_integer_or_infinity(args.get(1))?;
    if offset < 0.0 {
        return Err(cx.throw_range(format_args!("offset is out of bounds")));
    }
    let t = validate(cx, t.into())?;
    if let Some(source) = args.get(0).as_kind::<TypedArray>(Kind::TypedArray) {
        if source.is_out_of_bounds() {
            return Err(cx.throw_type(format_args!("Cannot perform set from a detached or out-of-bounds typed array")));
        }
        if source.element_type().is_bigint() != t.element_type().is_bigint() {
            return Err(cx.throw_type(format_args!("Cannot mix BigInt and other types, use explicit conversions")));
        }
        if source.len() as f64 + offset > t.len() as f64 {
            return Err(cx.throw_range(format_args!("offset is out of bounds")));
        }
        copy_elements(cx, source, t, offset as usize)?;
        return Ok(Value::UNDEFINED);
    }
    let length = t.len() as f64;
    let source = cx.to_object(args.get(0))?;
    let count = cx.length_of(source)?;
    if count as f64 + offset > length {
        return Err(cx.throw_range(format_args!("offset is out of bounds")));
    }
    let offset = offset as usize;
    if let Some(e) = plain_numbers(cx, t.element_type(), source.into()) {
        set_numbers(t, offset, e);
        return Ok(Value::UNDEFINED);
    }
    for k in 0..count {
        if k % 1024 == 1023 {
            cx.poll()?;
        }
        let v = get_index(cx, source, k)?;
        assign(cx, t, offset + k as usize, v)?;
    }
    Ok(Value::UNDEFINED)
}

fn slice(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let length = t.len() as u64;
    let start = relative_index(cx, args.get(0), length, 0)?;
    let end = relative_index(cx, args.get(1), length, length)?;
    let count = end.saturating_sub(start);
    let a = species_create(cx, t, &[Value::number(count as f64)])?;
    if count == 0 {
        return Ok(a.into());
    }
    let t = validate(cx, args.this())?;
    let end = end.min(t.len() as u64);
    if a.element_type() == t.element_type() {
        let shift = t.element_type().shift();
        let bytes = (end.saturating_sub(start) as usize) << shift;
        // Byte by byte in ascending order, as the specification has it for overlapping views.
        for (to, from) in
            a.bytes().iter().zip(&t.bytes()[((start as usize) << shift).min(t.byte_length())..]).take(bytes)
        {
            to.set(from.get());
        }
    } else {
        for (n, k) in (start..end).enumerate() {
            assign(cx, a, n, element_at(cx, t, k as usize))?;
        }
    }
    Ok(a.into())
}

fn subarray(cx: &Context, args: &Args) -> JsResult<Value> {
    let Some(t) = args.this().as_kind::<TypedArray>(Kind::TypedArray) else {
        return Err(cx.throw_type(format_args!("this is not a typed array.")));
    };
    let length = t.len() as u64;
    let start = relative_index(cx, args.get(0), length, 0)?;
    let tracking = t.tracks_length() && args.get(1).is_undefined();
    let end = relative_index(cx, args.get(1), length, length)?;
    let count = end.saturating_sub(start);
    let byte_offset = t.byte_offset.get() as u64 + start * t.element_type().size() as u64;
    let list = [t.buffer.get(), Value::number(byte_offset as f64), Value::number(count as f64)];
    Ok(species_create(cx, t, if tracking { &list[..2] } else { &list })?.into())
}

fn to_reversed(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let n = t.len();
    let a = allocate(cx, cx.intrinsic(intrinsics(t.element_type()).1), t.element_type(), n as u64)?;
    for i in 0..n {
        let bits = cx.to_element_bits(a.element_type(), t.get(cx, n - 1 - i))?;
        a.set_bits(i, bits);
    }
    Ok(a.into())
}

fn with(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = receiver(cx, args)?;
    let n = t.len();
    let relative = cx.to_integer_or_infinity(args.get(0))?;
    let index = if relative < 0.0 { n as f64 + relative } else { relative };
    let element = t.element_type();
    let value =
        if element.is_bigint() { cx.to_bigint(args.get(1))?.into() } else { Value::number(cx.to_number(args.get(1))?) };
    if index < 0.0 || index >= t.len() as f64 {
        return Err(cx.throw_range(format_args!("Invalid typed array index")));
    }
    let a = allocate(cx, cx.intrinsic(intrinsics(element).1), element, n as u64)?;
    for i in 0..n {
        assign(cx, a, i, if i == index as usize { value } else { element_at(cx, t, i) })?;
    }
    Ok(a.into())
}

// ---- For the JavaScript half

/// `%ValidateTypedArray(v)`: the length, or a TypeError.
pub fn rt_validate(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::length(validate(cx, args.get(0))?.len()))
}

/// `%TypedArraySpeciesCreate(exemplar, length)`.
pub fn rt_species_create(cx: &Context, args: &Args) -> JsResult<Value> {
    // It was validated when the method began; a callback may have detached or shrunk its buffer since.
    let Some(t) = args.get(0).as_kind::<TypedArray>(Kind::TypedArray) else {
        return Err(cx.throw_type(format_args!("this is not a typed array")));
    };
    Ok(species_create(cx, t, &[args.get(1)])?.into())
}

/// `%TypedArrayCreateSameType(exemplar, length)`.
pub fn rt_create_same_type(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = validate(cx, args.get(0))?;
    let proto = cx.intrinsic(intrinsics(t.element_type()).1);
    Ok(allocate(cx, proto, t.element_type(), args.get(1).as_number() as u64)?.into())
}

/// `%TypedSortDefault(t)`: ascending, −0 before +0, NaN last (§23.2.4.7).
pub fn rt_sort_default(cx: &Context, args: &Args) -> JsResult<Value> {
    let t = validate(cx, args.get(0))?;
    let n = t.len();
    if t.element_type().is_bigint() {
        let signed = t.element_type() == ElementType::BigInt64;
        let mut words: Vec<u64> = Vec::with_capacity(n);
        for i in 0..n {
            words.push(cx.to_big_uint64(t.get(cx, i))?);
        }
        if signed {
            words.sort_unstable_by_key(|&w| w as i64)
        } else {
            words.sort_unstable()
        }
        for (i, w) in words.into_iter().enumerate() {
            t.set_bits(i, w);
        }
        return Ok(args.get(0));
    }
    let mut numbers: Vec<f64> = (0..n).map(|i| t.get(cx, i).as_number()).collect();
    // The total order of IEEE 754 puts −0 before +0; NaNs are canonical and positive, so they come last.
    numbers.sort_unstable_by(f64::total_cmp);
    for (i, x) in numbers.into_iter().enumerate() {
        t.set_bits(i, tercel_vm::typed::number_to_bits(t.element_type(), x));
    }
    Ok(args.get(0))
}

pub static CONSTRUCTOR: FunctionSpec = class("TypedArray", 0, abstract_constructor);

pub static STATICS: &[PropertySpec] =
    &[prototype(Intrinsic::TypedArrayPrototype), method("from", 1, from), method("of", 0, of), species()];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::TypedArray),
    method("at", 1, at),
    getter("buffer", buffer),
    getter("byteLength", byte_length),
    getter("byteOffset", byte_offset),
    method("copyWithin", 2, copy_within),
    method("entries", 0, entries),
    js_method("every", 1, &SOURCE, "typedEvery"),
    method("fill", 1, fill),
    js_method("filter", 1, &SOURCE, "typedFilter"),
    js_method("find", 1, &SOURCE, "typedFind"),
    js_method("findIndex", 1, &SOURCE, "typedFindIndex"),
    js_method("findLast", 1, &SOURCE, "typedFindLast"),
    js_method("findLastIndex", 1, &SOURCE, "typedFindLastIndex"),
    js_method("forEach", 1, &SOURCE, "typedForEach"),
    method("includes", 1, includes),
    method("indexOf", 1, index_of),
    method("join", 1, join),
    method("keys", 0, keys),
    method("lastIndexOf", 1, last_index_of),
    getter("length", length).fast(FastNative::TypedArrayLength),
    js_method("map", 1, &SOURCE, "typedMap"),
    js_method("reduce", 1, &SOURCE, "typedReduce"),
    js_method("reduceRight", 1, &SOURCE, "typedReduceRight"),
    method("reverse", 0, reverse),
    method("set", 1, set),
    method("slice", 2, slice),
    js_method("some", 1, &SOURCE, "typedSome"),
    js_method("sort", 1, &SOURCE, "typedSort"),
    method("subarray", 2, subarray),
    method("toLocaleString", 0, to_locale_string),
    method("toReversed", 0, to_reversed),
    js_method("toSorted", 1, &SOURCE, "typedToSorted"),
    PropertySpec {
        key: SpecKey::Text("toString"),
        attributes: WRITABLE | CONFIGURABLE,
        value: PropertyValue::Computed(crate::array::to_string_function),
    },
    method("values", 0, values),
    method("with", 2, with),
    symbol_alias(names::SYMBOL_ITERATOR, "values"),
    symbol_getter(names::SYMBOL_TO_STRING_TAG, tag),
];

/// What each element type's constructor and prototype have of their own.
macro_rules! element_types {
    ($($module:ident $name:literal $element:ident $class:ident $proto:ident $bytes:literal
        $({ $($static:expr),*; $($method:expr),* })?;)*) => {
        $(pub mod $module {
            use super::*;
            fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
                construct(cx, args, ElementType::$element)
            }
            pub static CONSTRUCTOR: FunctionSpec = class($name, 3, constructor);
            pub static STATICS: &[PropertySpec] = &[
                prototype(Intrinsic::$proto),
                constant("BYTES_PER_ELEMENT", $bytes),
                $($($static),*)?
            ];
            pub static PROTOTYPE: &[PropertySpec] =
                &[constructor_of(Intrinsic::$class), constant("BYTES_PER_ELEMENT", $bytes), $($($method),*)?];
        })*
        /// The constructors and prototypes of all element types.
        pub static OBJECTS: &[ObjectSpec] = &[
            $(ObjectSpec::class(Intrinsic::$class, $module::CONSTRUCTOR, $module::STATICS)
                .with_prototype(Some(Intrinsic::TypedArray)),
            ObjectSpec::plain(Intrinsic::$proto, Intrinsic::TypedArrayPrototype, $module::PROTOTYPE),)*
        ];
    };
}

element_types! {
    int8 "Int8Array" Int8 Int8Array Int8ArrayPrototype 1.0;
    uint8 "Uint8Array" Uint8 Uint8Array Uint8ArrayPrototype 1.0 {
        base64::FROM_BASE64, base64::FROM_HEX;
        base64::SET_FROM_BASE64, base64::SET_FROM_HEX, base64::TO_BASE64, base64::TO_HEX
    };
    uint8_clamped "Uint8ClampedArray" Uint8Clamped Uint8ClampedArray Uint8ClampedArrayPrototype 1.0;
    int16 "Int16Array" Int16 Int16Array Int16ArrayPrototype 2.0;
    uint16 "Uint16Array" Uint16 Uint16Array Uint16ArrayPrototype 2.0;
    int32 "Int32Array" Int32 Int32Array Int32ArrayPrototype 4.0;
    uint32 "Uint32Array" Uint32 Uint32Array Uint32ArrayPrototype 4.0;
    float16 "Float16Array" Float16 Float16Array Float16ArrayPrototype 2.0;
    float32 "Float32Array" Float32 Float32Array Float32ArrayPrototype 4.0;
    float64 "Float64Array" Float64 Float64Array Float64ArrayPrototype 8.0;
    bigint64 "BigInt64Array" BigInt64 BigInt64Array BigInt64ArrayPrototype 8.0;
    biguint64 "BigUint64Array" BigUint64 BigUint64Array BigUint64ArrayPrototype 8.0;
}
