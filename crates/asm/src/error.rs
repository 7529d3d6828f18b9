//! What can go wrong between the first instruction and mapped code.

use std::fmt;

/// The first mistake made while assembling, linking or mapping code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsmError {
    /// The code does not fit the configured limit (bytes).
    BufferFull {
        /// The limit in bytes.
        limit: usize,
    },
    /// A label is used and bound nowhere.
    UnboundLabel {
        /// The label's name, or its number if it has none.
        name: String,
    },
    /// A label is bound twice.
    DuplicateLabel {
        /// The label's name, or its number if it has none.
        name: String,
    },
    /// An instruction has no encoding for the operands that it was given.
    InvalidOperands {
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A branch that was asked to be short does not reach its label.
    BranchRange {
        /// The offset of its last byte in the code.
        offset: u32,
    },
    /// A relative relocation does not reach its target.
    RelocationRange {
        /// The field's offset in the code.
        offset: u32,
    },
    /// A relocation lies outside the code that it should patch.
    RelocationOffset {
        /// The field's offset in the code.
        offset: u32,
    },
    /// A relocation names a symbol that nobody defines.
    UnknownSymbol {
        /// The symbol's number.
        symbol: u32,
    },
    /// The operating system refuses executable memory, with its error number.
    Map {
        /// `errno`, or 0 where the platform is not supported.
        errno: i32,
    },
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AsmError::BufferFull { limit } => write!(f, "the code exceeds its limit of {limit} bytes"),
            AsmError::UnboundLabel { name } => write!(f, "label {name} is used but bound nowhere"),
            AsmError::DuplicateLabel { name } => write!(f, "label {name} is bound twice"),
            AsmError::InvalidOperands { reason } => write!(f, "no encoding for these operands: {reason}"),
            AsmError::BranchRange { offset } => {
                write!(f, "the short branch at offset {offset} does not reach its label")
            }
            AsmError::RelocationRange { offset } => {
                write!(f, "the relocation at offset {offset} does not reach its target")
            }
            AsmError::RelocationOffset { offset } => {
                write!(f, "the relocation at offset {offset} lies outside the code")
            }
            AsmError::UnknownSymbol { symbol } => write!(f, "symbol {symbol} is not defined"),
            AsmError::Map { errno: 0 } => write!(f, "executable memory is not supported on this platform"),
            AsmError::Map { errno } => write!(f, "executable memory was refused (errno {errno})"),
        }
    }
}

impl std::error::Error for AsmError {}
