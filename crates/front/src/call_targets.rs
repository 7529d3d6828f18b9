//! Calls as assignment targets: `f() = 1`, `f() += 1`, `f()++`, `--f()`, `for (f() in o)`, `for (f() of o)`. Sloppy code may contain these;
//! running them calls `f`, then throws a ReferenceError (ECMA-262 13.15.1, for the sake of old web pages).
//!
//! The parser knows no such targets. If a source fails to parse where a call is assigned to, the call is shown to the parser as a member
//! expression of equal length, `f(x)` as `f[x]` and `f()` as `f.a`, and remembered; lowering makes it a call again.

use crate::{CompileError, Options, parse};
use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use rustc_hash::FxHashMap;
use tercel_bytecode::Source;

/// Calls that one source may have as targets; each costs another attempt to parse.
const MAX_TARGETS: usize = 16;

/// Parses a text that failed to parse, with calls as targets replaced. Also gives, for each, where it begins and where its callee ends.
pub fn parse<'a>(
    allocator: &'a Allocator,
    source: &Source,
    text: &str,
    prefix: u32,
    nesting: parse::Nesting,
    options: &Options,
) -> Option<(Program<'a>, FxHashMap<u32, u32>)> {
    let mut text = text.to_string();
    let mut targets = FxHashMap::default();
    for _ in 0..MAX_TARGETS {
        let attempt = allocator.alloc_str(&text);
        let error = match parse::parse(allocator, source, attempt, false, prefix, nesting, options) {
            Ok(program) => return (!targets.is_empty()).then_some((program, targets)),
            Err(error) => error,
        };
        let (start, open) = call_at(&text, &error, prefix)?;
        replace(&mut text, open)?;
        targets.insert(start, open as u32);
    }
    None
}

/// The call that an error blames for being a target: its start, and the position of its last argument list's parenthesis.
fn call_at(text: &str, error: &CompileError, prefix: u32) -> Option<(u32, usize)> {
    if !error.message.contains("assign") && !error.message.contains("left-hand") {
        return None;
    }
    let start = (error.offset + prefix) as usize;
    // The callee is a plain name or a chain of names: enough for what such code looks like.
    let bytes = text.as_bytes();
    let mut at = start;
    while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.')) {
        at += 1;
    }
    (at > start && bytes.get(at) == Some(&b'(')).then_some((start as u32, at))
}

/// Turns the parentheses that open at `open` into a member access.
fn replace(text: &mut String, open: usize) -> Option<()> {
    let bytes = text.as_bytes();
    let mut depth = 0;
    let mut close = None;
    for (i, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    close = Some(i);
                    break;
                }
            }
            // Anything that could hide a parenthesis: left alone.
            b'"' | b'\'' | b'`' | b'/' => return None,
            _ => {}
        }
    }
    let close = close?;
    if text[open + 1..close].trim().is_empty() {
        if close == open + 1 {
            text.replace_range(open..=close, ".a");
        } else {
            let name = format!(".{:1$}", "a", close - open);
            text.replace_range(open..=close, &name);
        }
    } else {
        text.replace_range(open..=open, "[");
        text.replace_range(close..=close, "]");
    }
    Some(())
}
