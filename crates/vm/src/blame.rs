//! Finds, in the source text, the expression that an error message names: "a.b is not a function".
//!
//! An instruction's position is one offset. The expression around it is found by matching brackets in the text: good
//! enough for a message, and free until something is thrown.

/// Longer expressions say less than the value does.
const MAX_BYTES: usize = 120;

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'#') || b >= 0x80
}

/// The callee or object expression around byte `offset` of `text`.
pub fn expression_at(text: &str, offset: usize) -> Option<String> {
    let bytes = text.as_bytes();
    if offset >= bytes.len() {
        return None;
    }
    let mut offset = offset;
    if bytes[offset..].starts_with(b"new ") {
        offset += 4;
    }
    let (start, end) = if is_property(bytes, offset) {
        (start_of_chain(bytes, offset)?, end_of_name(bytes, offset))
    } else {
        (offset, end_of_chain(bytes, offset)?)
    };
    if end <= start || end - start > MAX_BYTES || !text.is_char_boundary(start) || !text.is_char_boundary(end) {
        return None;
    }
    let found = text[start..end].trim();
    (!found.is_empty() && !found.contains('\n')).then(|| found.to_string())
}

/// Whether a name after a dot begins at `at`.
fn is_property(bytes: &[u8], at: usize) -> bool {
    is_name(bytes[at]) && at > 0 && bytes[at - 1] == b'.'
}

fn end_of_name(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && is_name(bytes[at]) {
        at += 1;
    }
    at
}

/// From a property name back to the beginning of its chain.
fn start_of_chain(bytes: &[u8], name: usize) -> Option<usize> {
    let mut at = name;
    loop {
        // `at` is behind a dot (or `?.`).
        at -= 1;
        if at > 0 && bytes[at - 1] == b'?' {
            at -= 1;
        }
        // Calls, indexes and names, innermost last.
        loop {
            match at.checked_sub(1).map(|i| bytes[i]) {
                Some(b')') => at = open_bracket(bytes, at - 1, b'(', b')')?,
                Some(b']') => at = open_bracket(bytes, at - 1, b'[', b']')?,
                _ => break,
            }
        }
        while at > 0 && is_name(bytes[at - 1]) {
            at -= 1;
        }
        if at == 0 || bytes[at - 1] != b'.' {
            return Some(at);
        }
    }
}

/// The opening bracket that belongs to the closing one at `at`.
fn open_bracket(bytes: &[u8], at: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0;
    for i in (0..=at).rev() {
        if bytes[i] == close {
            depth += 1;
        } else if bytes[i] == open {
            depth -= 1;
            if depth == 0 {
                return Some(i);
            }
        }
    }
    None
}

fn close_bracket(bytes: &[u8], at: usize, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0;
    for (i, &b) in bytes.iter().enumerate().skip(at) {
        if b == open {
            depth += 1;
        } else if b == close {
            depth -= 1;
            if depth == 0 {
                return Some(i + 1);
            }
        }
    }
    None
}

/// The end of the chain of names, indexes and calls that begins at `start`; a last call is not part of it.
fn end_of_chain(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = match bytes[start] {
        b'(' => close_bracket(bytes, start, b'(', b')')?,
        b if is_name(b) => {
            let end = end_of_name(bytes, start);
            if matches!(&bytes[start..end], b"new" | b"await" | b"typeof" | b"void" | b"yield" | b"delete") {
                return None;
            }
            end
        }
        _ => return None,
    };
    // The end before the last call seen, if nothing follows that call.
    let mut before_call = None;
    loop {
        match bytes.get(at) {
            Some(b'.') => {
                let name = at + 1;
                at = end_of_name(bytes, name);
                if at == name {
                    return before_call.or(Some(name - 1));
                }
                before_call = None;
            }
            Some(b'[') => {
                at = close_bracket(bytes, at, b'[', b']')?;
                before_call = None;
            }
            Some(b'(') => {
                before_call = Some(at);
                at = close_bracket(bytes, at, b'(', b')')?;
            }
            _ => return before_call.or(Some(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_called() {
        let at = |text: &str, offset| expression_at(text, offset);
        assert_eq!(at("foo(1)", 0).as_deref(), Some("foo"));
        assert_eq!(at("let x = a.b.c(1, 2);", 8).as_deref(), Some("a.b.c"));
        assert_eq!(at("let x = a.b.c(1, 2);", 12).as_deref(), Some("a.b.c"));
        assert_eq!(at("a[i + (1)].f(2)", 11).as_deref(), Some("a[i + (1)].f"));
        assert_eq!(at("f(1)(2)", 0).as_deref(), Some("f(1)"));
        assert_eq!(at("new a.B(1)", 0).as_deref(), Some("a.B"));
        assert_eq!(at("  ", 1), None);
        assert_eq!(at("a.b", 9), None);
    }
}
