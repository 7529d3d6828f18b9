//! `JSON.stringify` (ECMA-262 §25.5.4). It recurses through what the script can see, and checks the native stack at each level.
//!
//! Objects whose shape says all are read slot by slot, and dense arrays element by element, for as long as they stay so: a
//! getter or `toJSON` may change anything in between. That an object has no `toJSON` is asked once a shape, and again after
//! anything that may have run a script or a collection ([`Serializer::forget`]).

use super::{POLL_UNITS, plain_prefix};
use std::collections::HashMap;
use tercel_vm::number::format::Buffer;
use tercel_vm::shape::Shape;
use tercel_vm::string::{Chars, StringBuilder};
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Object, PropertyKey, Value, ValueList};

/// Shapes about which it is remembered that their objects have no `toJSON`.
const REMEMBERED: usize = 8;

/// So many enclosing objects are compared one by one.
const LINEAR_DEPTH: usize = 64;

struct Serializer<'cx> {
    cx: &'cx Context,
    out: StringBuilder<'cx>,
    replacer: Value,
    /// The keys that a replacer array allows.
    allowed: Option<ValueList<'cx>>,
    /// Objects that are being written, to find cycles.
    stack: ValueList<'cx>,
    /// How many of the objects beyond the first [`LINEAR_DEPTH`] have this identity hash: looking through all of a deep stack at
    /// every level would take quadratic time.
    deep: HashMap<u32, u32>,
    gap: Vec<u16>,
    next_poll: usize,
    /// Ids of shapes whose objects are known to have no `toJSON`, own or inherited; 0 is none's.
    without_to_json: [u32; REMEMBERED],
    digits: Buffer,
}

impl<'cx> Serializer<'cx> {
    /// SerializeJSONProperty (§25.5.2.2): whether something was written. `before` runs just before anything is.
    fn property(
        &mut self,
        holder: Option<Gc<Object>>,
        key: PropertyKey,
        value: Value,
        before: &mut dyn FnMut(&mut Self) -> JsResult<()>,
    ) -> JsResult<bool> {
        let cx = self.cx;
        let mut value = value;
        if (value.is_object() || value.is_bigint()) && !self.lacks_to_json(value) {
            let to_json = cx.get_value(value, cx.names().to_json)?;
            if cx.is_callable(to_json) {
                value = cx.call(to_json, value, &[key.to_value(cx)])?;
            }
            self.forget();
        }
        if !self.replacer.is_undefined() {
            self.forget();
            let holder = match holder {
                Some(holder) => holder,
                None => {
                    let root = cx.new_object();
                    root.create_data(cx, cx.names().empty, value)?;
                    root
                }
            };
            value = cx.call(self.replacer, holder.into(), &[key.to_value(cx), value])?;
        }
        if let Some(object) = value.as_object() {
            value = match object.kind() {
                Kind::NumberObject => {
                    self.forget();
                    Value::number(cx.to_number(value)?)
                }
                Kind::StringObject => {
                    self.forget();
                    cx.to_string(value)?.into()
                }
                Kind::BooleanObject | Kind::BigIntObject => object.primitive_value(),
                _ => value,
            };
        }
        if value.is_undefined() || value.is_symbol() || (value.is_object() && cx.is_callable(value)) {
            return Ok(false);
        }
        before(self)?;
        if let Some(s) = value.as_string() {
            quote(&mut self.out, s.chars(cx)?)?;
        } else if value.is_int32() {
            self.out.push_latin1(self.digits.integer(i64::from(value.as_int32())).as_bytes())?;
        } else if value.is_number() {
            if value.as_number().is_finite() {
                self.out.push_latin1(self.digits.format(value.as_number()).as_bytes())?;
            } else {
                self.out.push_latin1(b"null")?;
            }
        } else if value.is_boolean() {
            self.out.push_latin1(if value.as_boolean() { b"true" } else { b"false" })?;
        } else if value.is_null() {
            self.out.push_latin1(b"null")?;
        } else if value.is_bigint() {
            return Err(cx.throw_type(format_args!("Do not know how to serialize a BigInt")));
        } else if let Some(object) = value.as_object() {
            if object.kind() == Kind::RawJson {
                let text = object.get(cx, cx.key_from_utf8("rawJSON"))?;
                self.out.push_string(cx.to_string(text)?)?;
            } else {
                self.container(object)?;
            }
        }
        Ok(true)
    }

    fn newline(&mut self, depth: usize) -> JsResult<()> {
        if !self.gap.is_empty() {
            self.out.push_unit(0x0a)?;
            for _ in 0..depth {
                self.out.push_utf16(&self.gap)?;
            }
        }
        Ok(())
    }

    fn container(&mut self, object: Gc<Object>) -> JsResult<()> {
        let cx = self.cx;
        cx.check_native_stack()?;
        let depth = self.stack.len();
        let hash = if depth < LINEAR_DEPTH { 0 } else { object.identity_hash(cx)? };
        let near = depth < LINEAR_DEPTH || self.deep.contains_key(&hash);
        let looked_at = if near { depth } else { LINEAR_DEPTH };
        if (0..looked_at).any(|i| self.stack.get(i) == Value::from(object)) {
            return Err(cx.throw_type(format_args!("Converting circular structure to JSON")));
        }
        if self.out.len() >= self.next_poll {
            self.next_poll = self.out.len() + POLL_UNITS;
            self.forget();
            cx.poll()?;
        }
        self.stack.push(object);
        if depth >= LINEAR_DEPTH {
            *self.deep.entry(hash).or_insert(0) += 1;
        }
        if cx.is_array(object.into())? {
            self.array(object)?
        } else {
            self.object(object)?
        }
        self.stack.pop();
        if depth >= LINEAR_DEPTH
            && let Some(count) = self.deep.get_mut(&hash)
        {
            *count -= 1;
            if *count == 0 {
                self.deep.remove(&hash);
            }
        }
        Ok(())
    }

    /// SerializeJSONArray (§25.5.2.6).
    fn array(&mut self, array: Gc<Object>) -> JsResult<()> {
        let cx = self.cx;
        let depth = self.stack.len();
        if array.kind() != Kind::Array {
            self.forget();
        }
        let length = cx.length_of(array)?;
        self.out.push_unit(0x5b)?;
        for i in 0..length {
            if i > 0 {
                self.out.push_unit(0x2c)?;
            }
            self.newline(depth)?;
            let element = dense_element(array, i);
            if let Some(element) = element
                && self.scalar(false, None, element)?
            {
                continue;
            }
            let key = cx.index_key(i);
            let element = match element {
                Some(element) => element,
                None => {
                    self.forget();
                    array.get(cx, key)?
                }
            };
            if !self.property(Some(array), key, element, &mut |_| Ok(()))? {
                self.out.push_latin1(b"null")?;
            }
        }
        if length > 0 {
            self.newline(depth - 1)?;
        }
        self.out.push_unit(0x5d)
    }

    /// SerializeJSONObject (§25.5.2.5).
    fn object(&mut self, object: Gc<Object>) -> JsResult<()> {
        let depth = self.stack.len();
        self.out.push_unit(0x7b)?;
        let mut first = true;
        match object.plain_shape(self.cx) {
            Some(shape) if self.allowed.is_none() => self.members_of_shape(object, shape, &mut first)?,
            _ => {
                self.forget();
                let own = if self.allowed.is_some() { None } else { Some(self.cx.enumerable_own_keys(object)?) };
                let count = own.as_ref().or(self.allowed.as_ref()).map_or(0, |keys| keys.len());
                for i in 0..count {
                    let name = own.as_ref().or(self.allowed.as_ref()).map_or(Value::UNDEFINED, |keys| keys.get(i));
                    let key = self.cx.to_property_key(name)?;
                    self.member_by_key(object, key, &mut first)?;
                }
            }
        }
        if !first {
            self.newline(depth - 1)?;
        }
        self.out.push_unit(0x7d)
    }

    /// The enumerable string keys that an object of this shape has, with the values that the object then has: the keys are those
    /// of the shape at the beginning, whatever happens.
    fn members_of_shape(&mut self, object: Gc<Object>, shape: Gc<Shape>, first: &mut bool) -> JsResult<()> {
        for entry in shape.entries() {
            if !entry.is_enumerable_name() {
                continue;
            }
            if entry.is_plain() && object.shape(self.cx) == shape {
                self.member(object, entry.key, object.slot(entry.location), first)?;
            } else {
                self.member_by_key(object, entry.key, first)?;
            }
        }
        Ok(())
    }

    fn member_by_key(&mut self, object: Gc<Object>, key: PropertyKey, first: &mut bool) -> JsResult<()> {
        self.forget();
        let value = object.get(self.cx, key)?;
        self.member(object, key, value, first)
    }

    /// Writes a value that nothing is asked about, a number, a boolean, null or a string without escapes, where there is neither replacer nor
    /// gap: behind a comma and a name (one that needs no escapes) if so told. `false`: it is something else, and nothing was written.
    #[inline]
    fn scalar(&mut self, comma: bool, name: Option<&[u8]>, value: Value) -> JsResult<bool> {
        /// A number's text has no more characters; nor do the other words.
        const LONGEST_NUMBER: usize = 32;
        if !self.replacer.is_undefined() || !self.gap.is_empty() {
            return Ok(false);
        }
        let text = match value.as_string() {
            Some(s) => match s.chars(self.cx)? {
                Chars::Latin1(text) if plain_prefix(text) == text.len() => Some(text),
                _ => return Ok(false),
            },
            None if value.is_number() || value.is_boolean() || value.is_null() => None,
            None => return Ok(false),
        };
        let room = 4 + name.map_or(0, <[u8]>::len) + 2 + text.map_or(LONGEST_NUMBER, <[u8]>::len);
        let Some(out) = self.out.latin1_with_room(room)? else { return Ok(false) };
        if comma {
            out.push(b',');
        }
        if let Some(name) = name {
            out.push(b'"');
            out.extend_from_slice(name);
            out.extend_from_slice(b"\":");
        }
        match text {
            Some(text) => {
                out.push(b'"');
                out.extend_from_slice(text);
                out.push(b'"');
            }
            None if value.is_int32() => out.extend_from_slice(self.digits.digits_of(i64::from(value.as_int32()))),
            None if value.is_number() && value.as_number().is_finite() => {
                out.extend_from_slice(self.digits.format(value.as_number()).as_bytes());
            }
            None if value.is_boolean() => out.extend_from_slice(if value.as_boolean() { b"true" } else { b"false" }),
            None => out.extend_from_slice(b"null"),
        }
        Ok(true)
    }

    /// `"key":value`, behind a comma unless it is the first; nothing for what JSON has no form for.
    fn member(&mut self, object: Gc<Object>, key: PropertyKey, value: Value, first: &mut bool) -> JsResult<()> {
        let cx = self.cx;
        let depth = self.stack.len();
        let follows = !*first;
        if let Some(name) = key.as_name()
            && let Chars::Latin1(name) = name.flat_chars()
            && plain_prefix(name) == name.len()
            && self.scalar(follows, Some(name), value)?
        {
            *first = false;
            return Ok(());
        }
        let mut write_name = |s: &mut Self| -> JsResult<()> {
            if follows {
                s.out.push_unit(0x2c)?;
            }
            s.newline(depth)?;
            let text = match key.as_name() {
                Some(name) => name,
                None => cx.to_string(key.to_value(cx))?,
            };
            quote(&mut s.out, text.chars(cx)?)?;
            s.out.push_unit(0x3a)?;
            if s.gap.is_empty() { Ok(()) } else { s.out.push_unit(0x20) }
        };
        if self.property(Some(object), key, value, &mut write_name)? {
            *first = false;
        }
        Ok(())
    }

    /// Whether reading `toJSON` of this value gives undefined and runs no script.
    fn lacks_to_json(&mut self, value: Value) -> bool {
        let Some(object) = value.as_object() else { return false };
        let id = object.shape_id();
        let place = id as usize % REMEMBERED;
        if self.without_to_json[place] == id {
            return true;
        }
        let lacks = object.lacks_named(self.cx, self.cx.names().to_json);
        if lacks && !object.shape(self.cx).is_unique() {
            self.without_to_json[place] = id;
        }
        lacks
    }

    /// To be called where a script or a collection may run: what is known about shapes may no longer hold.
    #[inline]
    fn forget(&mut self) {
        self.without_to_json = [0; REMEMBERED];
    }
}

/// An element that is there for all to see.
#[inline]
fn dense_element(array: Gc<Object>, i: u64) -> Option<Value> {
    let elements = array.elements.get();
    if array.kind() != Kind::Array || elements.is_sparse() || i >= elements.len() as u64 {
        return None;
    }
    let v = elements.get(i as usize);
    (!v.is_empty()).then_some(v)
}

/// QuoteJSONString (§25.5.2.3).
fn quote(out: &mut StringBuilder<'_>, text: Chars<'_>) -> JsResult<()> {
    out.push_unit(0x22)?;
    let mut start = 0;
    let length = text.len();
    let plain = match text {
        Chars::Latin1(bytes) => plain_prefix(bytes),
        Chars::Utf16(_) => 0,
    };
    for i in plain..length {
        let unit = text.at(i);
        let escaped: Option<&[u8]> = match unit {
            0x08 => Some(b"\\b"),
            0x09 => Some(b"\\t"),
            0x0a => Some(b"\\n"),
            0x0c => Some(b"\\f"),
            0x0d => Some(b"\\r"),
            0x22 => Some(b"\\\""),
            0x5c => Some(b"\\\\"),
            0..0x20 => None,
            0xd800..=0xdbff if text.get(i + 1).is_some_and(|n| (0xdc00..0xe000).contains(&n)) => continue,
            0xdc00..=0xdfff if i > 0 && (0xd800..0xdc00).contains(&text.at(i - 1)) => continue,
            0xd800..=0xdfff => None,
            _ => continue,
        };
        out.push_chars(text.slice(start, i))?;
        match escaped {
            Some(short) => out.push_latin1(short)?,
            None => out.push_str(&format!("\\u{unit:04x}"))?,
        }
        start = i + 1;
    }
    out.push_chars(text.slice(start, length))?;
    out.push_unit(0x22)
}

pub fn stringify(cx: &Context, args: &Args) -> JsResult<Value> {
    let (value, mut replacer, mut space) = (args.get(0), args.get(1), args.get(2));
    let mut allowed = None;
    if !cx.is_callable(replacer) {
        if let Some(list) = replacer.as_object()
            && cx.is_array(replacer)?
        {
            allowed = Some(allowed_keys(cx, list)?);
        }
        replacer = Value::UNDEFINED;
    }
    if let Some(o) = space.as_object() {
        match o.kind() {
            Kind::NumberObject => space = Value::number(cx.to_number(space)?),
            Kind::StringObject => space = cx.to_string(space)?.into(),
            _ => {}
        }
    }
    let gap = if space.is_number() {
        vec![0x20; cx.to_integer_or_infinity(space)?.clamp(0.0, 10.0) as usize]
    } else if let Some(s) = space.as_string() {
        s.chars(cx)?.slice(0, s.len().min(10)).to_units()
    } else {
        Vec::new()
    };
    let mut s = Serializer {
        cx,
        out: StringBuilder::new(cx),
        replacer,
        allowed,
        stack: ValueList::new(cx),
        deep: HashMap::new(),
        gap,
        next_poll: POLL_UNITS,
        without_to_json: [0; REMEMBERED],
        digits: Buffer::new(),
    };
    if s.property(None, cx.names().empty, value, &mut |_| Ok(()))? {
        return Ok(s.out.finish()?.into());
    }
    Ok(Value::UNDEFINED)
}

/// The property list of a replacer array (§25.5.2 step 4.b).
fn allowed_keys<'cx>(cx: &'cx Context, list: Gc<Object>) -> JsResult<ValueList<'cx>> {
    let keys = ValueList::new(cx);
    let length = cx.length_of(list)?;
    for i in 0..length {
        let v = list.get(cx, cx.index_key(i))?;
        let wrapped = v.as_object().is_some_and(|o| matches!(o.kind(), Kind::NumberObject | Kind::StringObject));
        if !(v.is_string() || v.is_number() || wrapped) {
            continue;
        }
        let name = cx.to_string(v)?;
        let key = cx.key_from_string(name)?.to_value(cx);
        let mut seen = false;
        for j in 0..keys.len() {
            seen |= cx.strictly_equal(keys.get(j), key)?;
        }
        if !seen {
            keys.push(key);
        }
    }
    Ok(keys)
}
