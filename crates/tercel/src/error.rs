//! What went wrong, as Rust sees it.

use crate::value::Value;
use std::fmt;

/// The kind of an [`Error`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A script threw this value.
    Thrown(Value),
    /// The script was stopped: a deadline, an [`InterruptHandle`](crate::InterruptHandle), or memory that ran out without progress. No
    /// handler of the script saw it.
    Terminated,
    /// A value was not what a conversion to Rust needs.
    Conversion,
    /// The system refused memory when the engine was made.
    OutOfMemory,
    /// A file could not be read.
    Io(std::io::ErrorKind),
    /// A failure reported by a Rust function; thrown into the script as an Error.
    Host,
}

/// One line of a stack trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's name; empty for top-level code and functions without one.
    pub function: String,
    /// The name of the source; empty for functions of the engine.
    pub source: String,
    /// Counted from 1; 0 where there is no source.
    pub line: u32,
    /// Counted from 1, in UTF-16 code units.
    pub column: u32,
}

/// An error: its kind, a message, and for thrown Error objects the frames that they captured.
#[derive(Clone, Debug)]
pub struct Error {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) stack: String,
    pub(crate) frames: Vec<Frame>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), stack: String::new(), frames: Vec::new() }
    }

    /// A failure of a Rust function that scripts see as an Error with this message.
    pub fn host(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Host, message)
    }

    pub(crate) fn conversion(expected: &str, found: &str) -> Error {
        Error::new(ErrorKind::Conversion, format!("expected {expected}, found {found}"))
    }

    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The thrown value.
    pub fn thrown(&self) -> Option<&Value> {
        match &self.kind {
            ErrorKind::Thrown(value) => Some(value),
            _ => None,
        }
    }

    pub fn is_termination(&self) -> bool {
        matches!(self.kind, ErrorKind::Terminated)
    }

    /// One line: `TypeError: x is not a function`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The `stack` text of a thrown Error object, else empty.
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// The frames of a thrown Error object, innermost first.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
