//! GetSubstitution (ECMA-262 §22.1.3.19.1).

use tercel_vm::string::{Chars, StringBuilder};
use tercel_vm::{Context, Gc, JsResult, JsString, Object, Value};

/// What is being replaced.
pub struct Match<'a> {
    pub string: Gc<JsString>,
    pub position: usize,
    pub matched: Gc<JsString>,
    /// Captures from group 1 on: strings or undefined.
    pub captures: &'a [std::cell::Cell<Value>],
    /// The `groups` object, if there is one.
    pub groups: Option<Gc<Object>>,
}

/// Appends the expansion of `template` to `out`.
pub fn expand(cx: &Context, out: &mut StringBuilder<'_>, m: &Match<'_>, template: Gc<JsString>) -> JsResult<()> {
    let text = template.chars(cx)?;
    let length = text.len();
    let dollar = u16::from(b'$');
    let mut at = 0;
    while at < length {
        let Some(offset) = find(text, at, dollar) else { break };
        out.push_chars(text.slice(at, offset))?;
        at = offset;
        let digit = |i: usize| text.get(i).filter(|u| (0x30..=0x39).contains(u)).map(|u| usize::from(u - 0x30));
        match text.get(at + 1).map(|u| u8::try_from(u).unwrap_or(0)) {
            Some(b'$') => {
                out.push_unit(dollar)?;
                at += 2;
            }
            Some(b'&') => {
                out.push_string(m.matched)?;
                at += 2;
            }
            Some(b'`') => {
                out.push_substring(m.string, 0, m.position)?;
                at += 2;
            }
            Some(b'\'') => {
                let end = (m.position + m.matched.len()).min(m.string.len());
                out.push_substring(m.string, end, m.string.len())?;
                at += 2;
            }
            Some(b'0'..=b'9') => {
                let one = digit(at + 1).unwrap_or(0);
                let two = digit(at + 2).map(|d| one * 10 + d);
                let (group, width) = match two {
                    Some(n) if (1..=m.captures.len()).contains(&n) => (n, 3),
                    _ => (one, 2),
                };
                if (1..=m.captures.len()).contains(&group) {
                    if let Some(s) = m.captures[group - 1].get().as_string() {
                        out.push_string(s)?;
                    }
                } else {
                    out.push_chars(text.slice(at, at + width))?;
                }
                at += width;
            }
            Some(b'<') => match (m.groups, find(text, at + 2, u16::from(b'>'))) {
                (Some(groups), Some(end)) => {
                    let name = cx.string_from_chars(text.slice(at + 2, end))?;
                    let key = cx.key_from_string(name)?;
                    let v = groups.get(cx, key)?;
                    if !v.is_undefined() {
                        out.push_string(cx.to_string(v)?)?;
                    }
                    at = end + 1;
                }
                _ => {
                    out.push_unit(dollar)?;
                    at += 1;
                }
            },
            _ => {
                out.push_unit(dollar)?;
                at += 1;
            }
        }
    }
    if at < length {
        out.push_chars(text.slice(at, length))?;
    }
    Ok(())
}

fn find(text: Chars<'_>, from: usize, unit: u16) -> Option<usize> {
    (from..text.len()).find(|&i| text.at(i) == unit)
}
