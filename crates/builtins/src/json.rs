//! JSON (ECMA-262 §25.5).
//!
//! `parse` is one pass over the text with an explicit stack (nesting is bounded by memory, not by the native stack);
//! containers under construction live in a rooted list. `stringify` recurses through script-visible objects and checks
//! the native stack at each level.

use crate::table::*;
use std::collections::HashMap;
use tercel_vm::object::array::ArrayObject;
use tercel_vm::string::{Chars, StringBuilder};
use tercel_vm::{Args, Context, Gc, JsResult, JsString, Kind, Object, PropertyKey, Throw, Value, ValueList};

/// Deepest nesting of arrays and objects that `parse` accepts; beyond it a RangeError.
const MAX_DEPTH: usize = 1 << 20;
/// Work between polls, in code units.
const POLL_UNITS: usize = 1 << 16;

struct Parser<'cx, 'a> {
    cx: &'cx Context,
    text: Chars<'a>,
    at: usize,
    next_poll: usize,
    /// The names of the properties being read, for the collector.
    names: ValueList<'cx>,
}

impl<'cx> Parser<'cx, '_> {
    #[inline]
    fn peek(&self) -> Option<u16> {
        self.text.get(self.at)
    }

    fn skip_space(&mut self) {
        while let Some(0x20 | 0x0a | 0x0d | 0x09) = self.peek() {
            self.at += 1;
        }
    }

    fn unexpected(&self) -> Throw {
        match self.peek() {
            None => self.cx.throw_syntax(format_args!("Unexpected end of JSON input")),
            Some(unit) => {
                let shown = char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}');
                let start = self.at.saturating_sub(10);
                let near = self.text.slice(start, (self.at + 10).min(self.text.len())).to_utf8_lossy();
                self.cx.throw_syntax(format_args!(
                    "Unexpected token '{shown}', \"{near}\" is not valid JSON at position {}",
                    self.at
                ))
            }
        }
    }

    fn expect(&mut self, unit: u8) -> JsResult<()> {
        if self.peek() != Some(u16::from(unit)) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, word: &[u8], value: Value) -> JsResult<Value> {
        for &b in word {
            self.expect(b)?;
        }
        Ok(value)
    }

    fn number(&mut self) -> JsResult<Value> {
        let start = self.at;
        let negative = self.peek() == Some(u16::from(b'-'));
        self.at += usize::from(negative);
        let digit = |unit: Option<u16>| unit.filter(|u| (0x30..=0x39).contains(u)).map(|u| u32::from(u) - 0x30);
        let Some(first) = digit(self.peek()) else { return Err(self.unexpected()) };
        self.at += 1;
        // Small integers without a conversion of text.
        let (mut small, mut digits) = (first as i32, 1);
        if first != 0 {
            while let Some(d) = digit(self.peek()) {
                self.at += 1;
                digits += 1;
                if digits <= 9 {
                    small = small * 10 + d as i32;
                }
            }
        }
        let mut integral = true;
        if self.peek() == Some(u16::from(b'.')) {
            integral = false;
            self.at += 1;
            if digit(self.peek()).is_none() {
                return Err(self.unexpected());
            }
            while digit(self.peek()).is_some() {
                self.at += 1;
            }
        }
        if let Some(0x65 | 0x45) = self.peek() {
            integral = false;
            self.at += 1;
            if let Some(0x2b | 0x2d) = self.peek() {
                self.at += 1;
            }
            if digit(self.peek()).is_none() {
                return Err(self.unexpected());
            }
            while digit(self.peek()).is_some() {
                self.at += 1;
            }
        }
        if integral && digits <= 9 {
            return Ok(if negative && small == 0 {
                Value::double(-0.0)
            } else {
                Value::int32(if negative { -small } else { small })
            });
        }
        let mut buffer = [0u8; 64];
        let length = self.at - start;
        let parsed = if length <= buffer.len() {
            for (slot, unit) in buffer.iter_mut().zip(self.text.slice(start, self.at).units()) {
                *slot = unit as u8;
            }
            std::str::from_utf8(&buffer[..length]).ok().and_then(|s| s.parse().ok())
        } else {
            self.text.slice(start, self.at).to_utf8_lossy().parse().ok()
        };
        Ok(Value::number(parsed.unwrap_or(f64::NAN)))
    }

    /// The end of the run of plain characters from here (before a quote, a backslash or a control character).
    fn plain_run(&self) -> usize {
        let plain = |unit: u16| unit >= 0x20 && unit != 0x22 && unit != 0x5c;
        match self.text {
            Chars::Latin1(bytes) => {
                bytes[self.at..].iter().position(|&b| !plain(u16::from(b))).map_or(bytes.len(), |n| self.at + n)
            }
            Chars::Utf16(units) => {
                units[self.at..].iter().position(|&u| !plain(u)).map_or(units.len(), |n| self.at + n)
            }
        }
    }

    /// A string token's text; `self.at` is behind the opening quote. `Ok` of a plain run gives the range only.
    fn string(&mut self) -> JsResult<Text<'cx>> {
        let start = self.at;
        let end = self.plain_run();
        self.at = end;
        if self.peek() == Some(0x22) {
            self.at += 1;
            return Ok(Text::Plain(start, end));
        }
        let mut out = StringBuilder::new(self.cx);
        out.push_chars(self.text.slice(start, end))?;
        loop {
            match self.peek() {
                Some(0x22) => {
                    self.at += 1;
                    return Ok(Text::Built(out));
                }
                Some(0x5c) => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                Some(unit) if unit < 0x20 => {
                    return Err(self.cx.throw_syntax(format_args!(
                        "Bad control character in string literal in JSON at position {}",
                        self.at
                    )));
                }
                Some(_) => {
                    let (from, to) = (self.at, self.plain_run());
                    out.push_chars(self.text.slice(from, to))?;
                    self.at = to;
                }
                None => {
                    return Err(self
                        .cx
                        .throw_syntax(format_args!("Unterminated string in JSON at position {}", self.at)));
                }
            }
        }
    }

    fn escape(&mut self, out: &mut StringBuilder<'_>) -> JsResult<()> {
        let Some(unit) = self.peek() else { return Err(self.unexpected()) };
        let plain = match u8::try_from(unit).unwrap_or(0) {
            c @ (b'"' | b'\\' | b'/') => u16::from(c),
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'u' => {
                self.at += 1;
                let mut code = 0u16;
                for _ in 0..4 {
                    let digit = self.peek().and_then(|u| char::from_u32(u32::from(u))).and_then(|c| c.to_digit(16));
                    let Some(digit) = digit else {
                        return Err(self
                            .cx
                            .throw_syntax(format_args!("Bad Unicode escape in JSON at position {}", self.at)));
                    };
                    code = code << 4 | digit as u16;
                    self.at += 1;
                }
                return out.push_unit(code);
            }
            _ => {
                return Err(self
                    .cx
                    .throw_syntax(format_args!("Bad escaped character in JSON at position {}", self.at)));
            }
        };
        self.at += 1;
        out.push_unit(plain)
    }

    fn string_value(&mut self) -> JsResult<Gc<JsString>> {
        match self.string()? {
            Text::Plain(a, b) => self.cx.string_from_chars(self.text.slice(a, b)),
            Text::Built(out) => out.finish(),
        }
    }

    fn key(&mut self) -> JsResult<PropertyKey> {
        self.expect(b'"')?;
        match self.string()? {
            Text::Plain(a, b) => self.cx.key_from_chars(self.text.slice(a, b)),
            Text::Built(out) => self.cx.key_from_string(out.finish()?),
        }
    }

    fn scalar(&mut self) -> JsResult<Value> {
        match u8::try_from(self.peek().unwrap_or(0)).unwrap_or(0) {
            b'"' => {
                self.at += 1;
                Ok(self.string_value()?.into())
            }
            b't' => self.literal(b"true", Value::TRUE),
            b'f' => self.literal(b"false", Value::FALSE),
            b'n' => self.literal(b"null", Value::NULL),
            _ => self.number(),
        }
    }

    /// The whole text. `open` holds the containers that are not closed yet, and for each object behind it the key of the
    /// property that is being read.
    fn document(&mut self) -> JsResult<Value> {
        let mut open = ValueList::new(self.cx);
        let mut keys: Vec<PropertyKey> = Vec::new();
        self.skip_space();
        'value: loop {
            if self.at >= self.next_poll {
                self.next_poll = self.at + POLL_UNITS;
                self.cx.poll()?;
            }
            let mut value = match self.peek() {
                Some(0x5b) => {
                    self.at += 1;
                    let array = self.cx.new_array(0);
                    self.skip_space();
                    if self.peek() == Some(0x5d) {
                        self.at += 1;
                        Value::from(array)
                    } else {
                        self.push_open(&mut open, array.into())?;
                        continue 'value;
                    }
                }
                Some(0x7b) => {
                    self.at += 1;
                    let object = self.cx.new_object();
                    self.skip_space();
                    if self.peek() == Some(0x7d) {
                        self.at += 1;
                        Value::from(object)
                    } else {
                        self.push_open(&mut open, object.into())?;
                        self.property_name(&mut keys)?;
                        continue 'value;
                    }
                }
                _ => self.scalar()?,
            };
            // The value belongs to the innermost open container; closing one makes it the value of the next.
            loop {
                self.skip_space();
                let Some(container) = open.last().and_then(Value::as_object) else {
                    if self.at < self.text.len() {
                        return Err(self.unexpected());
                    }
                    return Ok(value);
                };
                let array = container.as_kind::<ArrayObject>(Kind::Array);
                let is_array = array.is_some();
                if let Some(array) = array {
                    self.cx.array_push(array, value)?;
                } else if let Some(&key) = keys.last() {
                    container.create_data(self.cx, key, value)?;
                }
                match self.peek() {
                    Some(0x2c) => {
                        self.at += 1;
                        self.skip_space();
                        if !is_array {
                            keys.pop();
                            self.names.pop();
                            self.property_name(&mut keys)?;
                        }
                        continue 'value;
                    }
                    Some(0x5d) if is_array => {}
                    Some(0x7d) if !is_array => {
                        keys.pop();
                        self.names.pop();
                    }
                    _ => return Err(self.unexpected()),
                }
                self.at += 1;
                open.pop();
                value = container.into();
            }
        }
    }

    fn push_open(&self, open: &mut ValueList<'_>, container: Value) -> JsResult<()> {
        if open.len() >= MAX_DEPTH {
            return Err(self.cx.throw_range(format_args!("JSON is nested too deeply")));
        }
        open.push(container);
        Ok(())
    }

    fn property_name(&mut self, keys: &mut Vec<PropertyKey>) -> JsResult<()> {
        // An interned string lives as long as somebody holds it: until the property is defined, the rooted list does.
        let key = self.key()?;
        self.names.push(key.as_cell().map_or(Value::UNDEFINED, Value::cell));
        keys.push(key);
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        Ok(())
    }
}

enum Text<'cx> {
    /// Code units of the source without escapes.
    Plain(usize, usize),
    Built(StringBuilder<'cx>),
}

/// The value of a JSON text, without reviver.
pub fn parse_value(cx: &Context, text: Value) -> JsResult<Value> {
    let text = cx.to_string(text)?;
    Parser { cx, text: text.chars(cx)?, at: 0, next_poll: POLL_UNITS, names: ValueList::new(cx) }.document()
}

fn parse(cx: &Context, args: &Args) -> JsResult<Value> {
    let value = parse_value(cx, args.get(0))?;
    let reviver = args.get(1);
    if !cx.is_callable(reviver) {
        return Ok(value);
    }
    let root = cx.new_object();
    root.create_data(cx, cx.names().empty, value)?;
    internalize(cx, root, cx.names().empty, reviver)
}

/// InternalizeJSONProperty (§25.5.1.1).
fn internalize(cx: &Context, holder: Gc<Object>, key: PropertyKey, reviver: Value) -> JsResult<Value> {
    cx.check_native_stack()?;
    let value = holder.get(cx, key)?;
    if let Some(object) = value.as_object() {
        if cx.is_array(value)? {
            let length = cx.length_of(object)?;
            for i in 0..length {
                internalize_element(cx, object, cx.index_key(i), reviver)?;
            }
        } else {
            let keys = cx.enumerable_own_keys(object)?;
            for i in 0..keys.len() {
                let key = cx.to_property_key(keys.get(i))?;
                internalize_element(cx, object, key, reviver)?;
            }
        }
    }
    cx.call(reviver, holder.into(), &[key.to_value(cx), value])
}

fn internalize_element(cx: &Context, object: Gc<Object>, key: PropertyKey, reviver: Value) -> JsResult<()> {
    let element = internalize(cx, object, key, reviver)?;
    if element.is_undefined() {
        object.delete(cx, key)?;
    } else {
        object.create_data(cx, key, element)?;
    }
    Ok(())
}

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
        if value.is_object() || value.is_bigint() {
            let to_json = cx.get_value(value, cx.names().to_json)?;
            if cx.is_callable(to_json) {
                value = cx.call(to_json, value, &[key.to_value(cx)])?;
            }
        }
        if !self.replacer.is_undefined() {
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
                Kind::NumberObject => Value::number(cx.to_number(value)?),
                Kind::StringObject => cx.to_string(value)?.into(),
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
            self.out.push_str(&value.as_int32().to_string())?;
        } else if value.is_number() {
            if value.as_number().is_finite() {
                self.out.push_string(cx.string_from_number(value.as_number()))?;
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
            self.container(object)?;
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
        let looked_at = if self.deep.contains_key(&hash) { depth } else { depth.min(LINEAR_DEPTH) };
        if (0..looked_at).any(|i| self.stack.get(i) == Value::from(object)) {
            return Err(cx.throw_type(format_args!("Converting circular structure to JSON")));
        }
        if self.out.len() >= self.next_poll {
            self.next_poll = self.out.len() + POLL_UNITS;
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
        let length = cx.length_of(array)?;
        self.out.push_unit(0x5b)?;
        for i in 0..length {
            if i > 0 {
                self.out.push_unit(0x2c)?;
            }
            self.newline(depth)?;
            let key = cx.index_key(i);
            let element = array.get(cx, key)?;
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
        let cx = self.cx;
        let depth = self.stack.len();
        self.out.push_unit(0x7b)?;
        let own = if self.allowed.is_some() { None } else { Some(cx.enumerable_own_keys(object)?) };
        let count = own.as_ref().or(self.allowed.as_ref()).map_or(0, |keys| keys.len());
        let mut first = true;
        for i in 0..count {
            let name = own.as_ref().or(self.allowed.as_ref()).map_or(Value::UNDEFINED, |keys| keys.get(i));
            let key = cx.to_property_key(name)?;
            let value = object.get(cx, key)?;
            let spaced = !self.gap.is_empty();
            let mut write_name = |s: &mut Self| -> JsResult<()> {
                if !first {
                    s.out.push_unit(0x2c)?;
                }
                s.newline(depth)?;
                let text = match key.as_name() {
                    Some(name) => name,
                    None => cx.to_string(key.to_value(cx))?,
                };
                quote(&mut s.out, text.chars(cx)?)?;
                s.out.push_unit(0x3a)?;
                if spaced { s.out.push_unit(0x20) } else { Ok(()) }
            };
            if self.property(Some(object), key, value, &mut write_name)? {
                first = false;
            }
        }
        if !first {
            self.newline(depth - 1)?;
        }
        self.out.push_unit(0x7d)
    }
}

/// QuoteJSONString (§25.5.2.3).
fn quote(out: &mut StringBuilder<'_>, text: Chars<'_>) -> JsResult<()> {
    out.push_unit(0x22)?;
    let mut start = 0;
    let length = text.len();
    for i in 0..length {
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

fn stringify(cx: &Context, args: &Args) -> JsResult<Value> {
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

pub static PROPERTIES: &[PropertySpec] =
    &[method("parse", 2, parse), method("stringify", 3, stringify), to_string_tag("JSON")];
