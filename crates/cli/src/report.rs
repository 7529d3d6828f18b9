//! How an uncaught error is shown: where it happened, with the line and a caret, then message and stack.

use std::fmt::Write;
use std::path::Path;
use tercel::{Error, Frame};
use tercel_runtime::Runtime;

/// The text for standard error. `source` gives the text of a source by its name, where it is still known.
pub fn uncaught(runtime: &Runtime, error: &Error, source: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    if let Some(frame) = error.frames().iter().find(|f| f.line > 0 && !f.source.starts_with("tercel:")) {
        excerpt(&mut out, frame, source(&frame.source));
    }
    let _ = match error.thrown() {
        // A failure of the host: a file that cannot be read.
        None => writeln!(out, "tercel: {}", error.message()),
        Some(thrown) => {
            let plain = if error.stack().is_empty() { error.message() } else { error.stack() };
            // With causes and other properties, unless the program broke what shows them.
            let shown = runtime.inspect(thrown).unwrap_or_else(|_| plain.to_owned());
            let head = if error.stack().is_empty() { "Uncaught " } else { "" };
            writeln!(out, "{head}{}", shown.trim_end())
        }
    };
    out
}

/// The longest line that is shown whole.
const MAX_LINE: usize = 200;

fn excerpt(out: &mut String, frame: &Frame, source: Option<String>) {
    let _ = writeln!(out, "{}:{}", frame.source, frame.line);
    let Some(line) = source.as_deref().and_then(|s| s.lines().nth(frame.line as usize - 1)) else { return };
    let column = (frame.column as usize).saturating_sub(1);
    let start = column.saturating_sub(MAX_LINE / 2);
    let shown: String = line.chars().skip(start).take(MAX_LINE).collect();
    let pad: String = shown.chars().take(column - start).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let _ = writeln!(out, "{shown}\n{pad}^\n");
}

/// A source that was read from a file, by its name.
pub fn from_file(name: &str) -> Option<String> {
    tercel_runtime::read_source(Path::new(name)).ok()
}
