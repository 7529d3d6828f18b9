//! Writing JSON: objects whose keys keep their order, so that the same data gives the same bytes.

use std::fmt::Write;

/// What the report is made of.
pub enum Json {
    Number(usize),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// With an indentation of one space a level, and a line break at the end.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, level: usize) {
        match self {
            Json::Number(n) => drop(write!(out, "{n}")),
            Json::Text(text) => quote(out, text),
            Json::List(items) => block(out, level, ['[', ']'], items, |out, item| item.write(out, level + 1)),
            Json::Object(entries) => block(out, level, ['{', '}'], entries, |out, (key, value)| {
                quote(out, key);
                out.push_str(": ");
                value.write(out, level + 1);
            }),
        }
    }
}

fn block<T>(out: &mut String, level: usize, ends: [char; 2], items: &[T], mut item: impl FnMut(&mut String, &T)) {
    out.push(ends[0]);
    for (i, one) in items.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(out, "{comma}\n{:width$}", "", width = level + 1);
        item(out, one);
    }
    if !items.is_empty() {
        let _ = write!(out, "\n{:level$}", "");
    }
    out.push(ends[1]);
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' || c == '\u{7f}' => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values_are_indented_and_texts_escaped() {
        let value = Json::Object(vec![
            ("a".into(), Json::List(vec![Json::Number(1), Json::Text("\"\\\n\u{1}é".into())])),
            ("b".into(), Json::Object(Vec::new())),
        ]);
        assert_eq!(value.pretty(), "{\n \"a\": [\n  1,\n  \"\\\"\\\\\\n\\u0001é\"\n ],\n \"b\": {}\n}\n");
    }
}
