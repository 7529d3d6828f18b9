//! String constants: Latin-1 where every character fits, else UTF-16 (lone surrogates allowed).

use std::fmt;

/// An immutable JS string of a template. Strings that fit Latin-1 are always stored so: equal strings are equal values.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum JsStr {
    /// One byte a code unit, U+0000 to U+00FF.
    Latin1(Box<[u8]>),
    /// UTF-16 code units, at least one above U+00FF.
    Utf16(Box<[u16]>),
}

impl JsStr {
    /// From UTF-16 code units, narrowed to Latin-1 if they fit.
    pub fn from_units(units: &[u16]) -> JsStr {
        if units.iter().all(|&unit| unit <= 0xFF) {
            JsStr::Latin1(units.iter().map(|&unit| unit as u8).collect())
        } else {
            JsStr::Utf16(units.into())
        }
    }

    /// Length in UTF-16 code units.
    pub fn len(&self) -> usize {
        match self {
            JsStr::Latin1(bytes) => bytes.len(),
            JsStr::Utf16(units) => units.len(),
        }
    }

    /// Whether the string has no code units.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code units in order.
    pub fn units(&self) -> impl Iterator<Item = u16> + '_ {
        let (bytes, wide): (&[u8], &[u16]) = match self {
            JsStr::Latin1(bytes) => (bytes, &[]),
            JsStr::Utf16(units) => (&[], units),
        };
        bytes.iter().map(|&byte| u16::from(byte)).chain(wide.iter().copied())
    }

    /// Whether the string equals `text`.
    pub fn eq_str(&self, text: &str) -> bool {
        match self {
            JsStr::Latin1(bytes) if text.is_ascii() => **bytes == *text.as_bytes(),
            _ => self.units().eq(text.encode_utf16()),
        }
    }
}

impl From<&str> for JsStr {
    fn from(text: &str) -> JsStr {
        if text.is_ascii() {
            return JsStr::Latin1(text.as_bytes().into());
        }
        if text.chars().all(|c| c as u32 <= 0xFF) {
            JsStr::Latin1(text.chars().map(|c| c as u8).collect())
        } else {
            JsStr::Utf16(text.encode_utf16().collect())
        }
    }
}

impl Default for JsStr {
    fn default() -> JsStr {
        JsStr::Latin1(Box::default())
    }
}

/// The text; lone surrogates as U+FFFD.
impl fmt::Display for JsStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in char::decode_utf16(self.units()) {
            fmt::Write::write_char(f, c.unwrap_or('\u{FFFD}'))?;
        }
        Ok(())
    }
}

/// The text in double quotes, escaped so that it stays on one line and shows every code unit.
impl fmt::Debug for JsStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in char::decode_utf16(self.units()) {
            match c {
                Ok('"') => f.write_str("\\\"")?,
                Ok('\\') => f.write_str("\\\\")?,
                Ok('\n') => f.write_str("\\n")?,
                Ok(c) if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}') => {
                    write!(f, "\\u{:04x}", c as u32)?;
                }
                Ok(c) => fmt::Write::write_char(f, c)?,
                Err(lone) => write!(f, "\\u{:04x}", lone.unpaired_surrogate())?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_have_one_representation() {
        assert_eq!(JsStr::from("é"), JsStr::from_units(&[0xE9]), "Latin-1 from either source");
        assert!(matches!(JsStr::from("ā"), JsStr::Utf16(_)));
        assert!(JsStr::from("ā").eq_str("ā"));
        assert!(!JsStr::from("a").eq_str("ab"));
    }

    #[test]
    fn lone_surrogates_are_kept_and_shown() {
        let text = JsStr::from_units(&[0x61, 0xD800, 0x0A]);
        assert_eq!(text.len(), 3);
        assert_eq!(format!("{text:?}"), "\"a\\ud800\\n\"");
        assert_eq!(text.to_string(), "a\u{FFFD}\n");
    }
}
