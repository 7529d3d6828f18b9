//! Regular expressions of ECMAScript 2026: pattern to program, and the matcher.
//!
//! [`Regex::compile`] parses a pattern into a tree, simplifies it, and emits a [`Program`]; [`Regex::exec`] runs the
//! program over Latin-1 or UTF-16 input with a backtracking matcher. Everything between a pattern and its program
//! is one crate with no heap of JavaScript values: captures are numbers.
//!
//! ```
//! use tercel_regexp::{Flags, Input, Regex, Scratch};
//!
//! let regex = Regex::compile("(?<year>\\d{4})-(?<month>\\d\\d)", Flags::default())?;
//! let mut scratch = Scratch::new();
//! let text = Input::Latin1(b"on 2026-05-01");
//! let mut poll = || true;
//! assert_eq!(regex.exec(text, 0, &mut scratch, &mut poll), Ok(true));
//! assert_eq!(scratch.group(0), Some((3, 10)));
//! assert_eq!(scratch.group(2), Some((8, 10)));
//! assert_eq!(regex.group_names().next(), Some(("year", &[1][..])));
//! # Ok::<(), tercel_regexp::SyntaxError>(())
//! ```
//!
//! ## The stages
//!
//! | module | from → to |
//! | --- | --- |
//! | `parse` | UTF-16 pattern → [`hir`](crate) tree: escapes, classes, flags and names resolved |
//! | `hir` | the tree, each node with lengths, first set, groups |
//! | `compile` | tree → [`Program`]: choices decided where the next character decides them |
//! | `program` | the table of ops, and the listing |
//! | `exec` | [`Program`] and input → captures |
//!
//! `classes`, `fold` and `unicode` are what these know about characters.
//!
//! ## Invariants
//!
//! - No recursion, neither over patterns nor over inputs: native stack use is constant.
//! - A match polls for interrupts at least every 10 µs of work or so, and its backtrack stack is bounded.
//! - Matching again with the same [`Scratch`] allocates nothing.

#![forbid(unsafe_code)]

mod classes;
mod compile;
mod exec;
mod flags;
mod fold;
mod hir;
mod parse;
mod program;
mod unicode;

pub use classes::{CharClass, FirstSet};
pub use exec::{ExecError, Scratch};
pub use flags::Flags;
pub use fold::CaseRule;
pub use program::{ClassId, FirstId, LeadingLoop, Literal, LoopMode, Op, Program, Start, UNSET, Window};

use std::borrow::Cow;
use std::fmt;

/// Why a pattern is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, without "Invalid regular expression" and the pattern.
    pub message: Cow<'static, str>,
    /// Where, in UTF-16 code units from the start of the pattern.
    pub offset: usize,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.message, self.offset)
    }
}

impl std::error::Error for SyntaxError {}

/// The text of a pattern in any of the forms that strings have.
#[derive(Clone, Copy, Debug)]
pub enum PatternSource<'a> {
    /// UTF-8
    Utf8(&'a str),
    /// Latin-1, a byte a character
    Latin1(&'a [u8]),
    /// UTF-16, lone surrogates allowed
    Utf16(&'a [u16]),
}

impl<'a> From<&'a str> for PatternSource<'a> {
    fn from(text: &'a str) -> PatternSource<'a> {
        PatternSource::Utf8(text)
    }
}

impl<'a> From<&'a [u16]> for PatternSource<'a> {
    fn from(units: &'a [u16]) -> PatternSource<'a> {
        PatternSource::Utf16(units)
    }
}

impl<'a> PatternSource<'a> {
    fn units(self) -> Cow<'a, [u16]> {
        match self {
            PatternSource::Utf8(text) => text.encode_utf16().collect(),
            PatternSource::Latin1(bytes) => bytes.iter().map(|&b| u16::from(b)).collect(),
            PatternSource::Utf16(units) => Cow::Borrowed(units),
        }
    }
}

/// The text to search.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A byte a character.
    Latin1(&'a [u8]),
    /// UTF-16, lone surrogates allowed.
    Utf16(&'a [u16]),
}

/// A compiled regular expression.
pub struct Regex {
    program: Program,
    names: Vec<(String, Vec<u32>)>,
}

impl Regex {
    /// Compiles a pattern (RegExpInitialize, ECMA-262 22.2.3.3).
    ///
    /// # Errors
    /// If the pattern is not one under these flags, has more than 32,767 groups, or is too large.
    pub fn compile<'a>(pattern: impl Into<PatternSource<'a>>, flags: Flags) -> Result<Regex, SyntaxError> {
        let parsed = parse::parse(&pattern.into().units(), flags)?;
        let program = compile::compile(&parsed, flags)?;
        Ok(Regex { program, names: parsed.names })
    }

    /// Checks a pattern without compiling it: the early errors of a regular expression literal.
    ///
    /// # Errors
    /// As [`Regex::compile`]'s, but for the size of the program.
    pub fn validate<'a>(pattern: impl Into<PatternSource<'a>>, flags: Flags) -> Result<(), SyntaxError> {
        parse::parse(&pattern.into().units(), flags).map(drop)
    }

    /// Looks for the first match at or after `last_index` (a position in code units, possibly beyond the end); with
    /// the flag `y`, for a match exactly there. What `g` means is the caller's business.
    ///
    /// On `Ok(true)`, `scratch` holds the captures. `poll` is called at least about every 10 µs of work, and stops the
    /// match by returning false.
    ///
    /// # Errors
    /// If `poll` said so, or the backtrack stack reached its limit.
    pub fn exec(
        &self,
        input: Input<'_>,
        last_index: usize,
        scratch: &mut Scratch,
        poll: &mut dyn FnMut() -> bool,
    ) -> Result<bool, ExecError> {
        match input {
            Input::Latin1(text) => exec::execute(&self.program, text, last_index, scratch, poll),
            Input::Utf16(text) => exec::execute(&self.program, text, last_index, scratch, poll),
        }
    }

    /// The number of capture groups, without group 0.
    pub fn group_count(&self) -> usize {
        self.program.groups as usize - 1
    }

    /// The group names in the order in which they first occur, each with the numbers of its groups (several, if the
    /// name is in several alternatives), in ascending order.
    pub fn group_names(&self) -> impl ExactSizeIterator<Item = (&str, &[u32])> {
        self.names.iter().map(|(name, groups)| (&name[..], &groups[..]))
    }

    /// The flags it was compiled with.
    pub fn flags(&self) -> Flags {
        self.program.flags
    }

    /// The program, for dumps and compilers.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The memory that it holds, in bytes.
    pub fn bytes(&self) -> usize {
        let names = self.names.iter();
        self.program.bytes() + names.map(|(n, g)| n.len() + 4 * g.len() + 48).sum::<usize>()
    }
}
