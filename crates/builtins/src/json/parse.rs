//! The parser: one pass over the text with an explicit stack. Containers under construction live in a rooted list.

use super::snapshot::{Children, Node, Snapshot};
use super::{POLL_UNITS, plain_prefix};
use std::collections::HashMap;
use tercel_vm::object::array::ArrayObject;
use tercel_vm::string::{Chars, StringBuilder};
use tercel_vm::{Context, Gc, JsResult, JsString, Kind, Object, PropertyKey, Throw, Value, ValueList};

/// Deepest nesting of arrays and objects that `parse` accepts; beyond it a RangeError.
const MAX_DEPTH: usize = 1 << 20;

pub struct Parser<'cx, 'a> {
    cx: &'cx Context,
    text: Chars<'a>,
    at: usize,
    next_poll: usize,
    /// The names of the properties being read, for the collector.
    names: ValueList<'cx>,
    /// Where the values stood, if that is asked for.
    pub snapshot: Option<Snapshot<'cx>>,
}

impl<'cx, 'a> Parser<'cx, 'a> {
    /// A parser of `text`, which must stay where it is.
    pub fn new(cx: &'cx Context, text: Chars<'a>, snapshot: Option<Snapshot<'cx>>) -> Parser<'cx, 'a> {
        Parser { cx, text, at: 0, next_poll: POLL_UNITS, names: ValueList::new(cx), snapshot }
    }

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
            Chars::Latin1(bytes) => self.at + plain_prefix(&bytes[self.at..]),
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
    /// property that is being read. The value, and its place in the snapshot.
    pub fn document(&mut self) -> JsResult<(Value, Option<Node>)> {
        let mut open = ValueList::new(self.cx);
        // For each open container, if there is a snapshot.
        let mut children: Vec<Children> = Vec::new();
        let mut keys: Vec<PropertyKey> = Vec::new();
        self.skip_space();
        'value: loop {
            if self.at >= self.next_poll {
                self.next_poll = self.at + POLL_UNITS;
                self.cx.poll()?;
            }
            let (mut value, mut node) = match self.peek() {
                Some(0x5b) => {
                    self.at += 1;
                    let array = self.cx.new_array(0);
                    self.skip_space();
                    let nodes = Children::Array(Vec::new());
                    if self.peek() == Some(0x5d) {
                        self.at += 1;
                        let array = Value::from(array);
                        (array, self.snapshot.as_mut().map(|s| s.container(array, nodes)))
                    } else {
                        self.push_open(&mut open, array.into())?;
                        self.push_children(&mut children, nodes);
                        continue 'value;
                    }
                }
                Some(0x7b) => {
                    self.at += 1;
                    let object = self.cx.new_object();
                    self.skip_space();
                    let nodes = Children::Object(HashMap::default());
                    if self.peek() == Some(0x7d) {
                        self.at += 1;
                        let object = Value::from(object);
                        (object, self.snapshot.as_mut().map(|s| s.container(object, nodes)))
                    } else {
                        self.push_open(&mut open, object.into())?;
                        self.push_children(&mut children, nodes);
                        self.property_name(object, &mut keys)?;
                        continue 'value;
                    }
                }
                _ => {
                    let start = self.at;
                    let value = self.scalar()?;
                    let end = self.at;
                    (value, self.snapshot.as_mut().map(|s| s.primitive(value, start, end)))
                }
            };
            // The value belongs to the innermost open container; closing one makes it the value of the next.
            loop {
                self.skip_space();
                let Some(container) = open.last().and_then(Value::as_object) else {
                    if self.at < self.text.len() {
                        return Err(self.unexpected());
                    }
                    return Ok((value, node));
                };
                let array = container.as_kind::<ArrayObject>(Kind::Array);
                let is_array = array.is_some();
                if let Some(array) = array {
                    self.cx.array_push(array, value)?;
                } else if let Some(&key) = keys.last()
                    && !container.add_likely(self.cx, key, value)?
                {
                    container.create_data(self.cx, key, value)?;
                }
                if let (Some(snapshot), Some(nodes), Some(node)) = (&self.snapshot, children.last_mut(), node) {
                    snapshot.child(nodes, keys.last().filter(|_| !is_array).copied(), node);
                }
                match self.peek() {
                    Some(0x2c) => {
                        self.at += 1;
                        self.skip_space();
                        if !is_array {
                            keys.pop();
                            self.names.pop();
                            self.property_name(container, &mut keys)?;
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
                node = match (&mut self.snapshot, children.pop()) {
                    (Some(snapshot), Some(nodes)) => Some(snapshot.container(value, nodes)),
                    _ => None,
                };
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

    fn push_children(&self, children: &mut Vec<Children>, nodes: Children) {
        if self.snapshot.is_some() {
            children.push(nodes);
        }
    }

    /// The name that the text goes on with, if it is the one that `container` probably gets next: then nothing is to be looked up.
    #[inline]
    fn likely_name(&mut self, container: Gc<Object>) -> Option<PropertyKey> {
        let (name, _) = container.shape(self.cx).likely_addition()?;
        let Chars::Latin1(text) = self.text else { return None };
        let Chars::Latin1(expected) = name.flat_chars() else { return None };
        let end = self.at + 1 + expected.len();
        let plain = expected.iter().all(|&b| b >= 0x20 && b != 0x22 && b != 0x5c);
        if self.peek() != Some(0x22) || text.get(self.at + 1..end) != Some(expected) || !plain {
            return None;
        }
        if text.get(end) != Some(&0x22) {
            return None;
        }
        self.at = end + 1;
        Some(PropertyKey::name(name))
    }

    fn property_name(&mut self, container: Gc<Object>, keys: &mut Vec<PropertyKey>) -> JsResult<()> {
        // An interned string lives as long as somebody holds it: until the property is defined, the rooted list does.
        let key = match self.likely_name(container) {
            Some(key) => key,
            None => self.key()?,
        };
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
