//! Why code could not be published.

use std::fmt;

use tercel_asm::AsmError;

/// Why executable memory is not there, or code did not get into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// There is no implementation for this operating system and processor.
    Unsupported,
    /// The system refuses executable memory or the means to fill it.
    Denied {
        /// The system's error number.
        errno: i32,
    },
    /// The budget or the reserved addresses are used up.
    Exhausted {
        /// Bytes asked for, code and data.
        requested: usize,
        /// Bytes that the budget still allows.
        available: usize,
    },
    /// The code cannot be linked.
    Link(AsmError),
    /// The image contradicts itself.
    Invalid {
        /// In what.
        reason: &'static str,
    },
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeError::Unsupported => write!(f, "executable memory is not supported on this platform"),
            CodeError::Denied { errno } => {
                write!(f, "executable memory was refused: {}", std::io::Error::from_raw_os_error(*errno))
            }
            CodeError::Exhausted { requested, available } => {
                write!(f, "code memory is used up: {requested} bytes were asked for, {available} are left")
            }
            CodeError::Link(error) => write!(f, "code cannot be linked: {error}"),
            CodeError::Invalid { reason } => write!(f, "code cannot be published: {reason}"),
        }
    }
}

impl std::error::Error for CodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CodeError::Link(error) => Some(error),
            _ => None,
        }
    }
}

impl From<AsmError> for CodeError {
    fn from(error: AsmError) -> Self {
        CodeError::Link(error)
    }
}
