//! The program that a pattern compiles to.
//!
//! A program is a list of [`Op`]s and the tables that they index. It says everything a matcher must know, for
//! both widths of input: the interpreter (`exec`) runs it, and a native compiler can translate it op by op.
//!
//! ## State
//!
//! | part | meaning |
//! | --- | --- |
//! | `pc` | the op to execute, from 0 |
//! | `pos` | the position in the input, in code units |
//! | registers | `u32` each; [`UNSET`] at the start of an attempt. 2·g and 2·g+1 are start and end of group g; the others belong to loops and lookarounds |
//! | stack | what to do on failure, last in first out: resume at an op and position; set registers back; give back or take one more character of a single-set loop |
//!
//! An op either **continues** (with the next op, unless it says otherwise) or **fails**. Failing pops the stack up
//! to and including the first entry that resumes. When the stack is empty, the attempt has failed, and the next one
//! begins at the next candidate that [`Start`] allows. Every change of a register is undone by failing past it.
//!
//! All ops read forwards. Lookbehind moves back first: `back 1; unit c; back 1` matches `c` backwards.
//!
//! ## Reading characters
//!
//! Ops named `Wide…` read a code point: a surrogate pair counts as one character, which makes a difference only
//! in UTF-16 input. All other ops read code units. Outside Unicode mode there are only the latter; in Unicode mode
//! they are used wherever no surrogate can be involved.

use crate::classes::{CharClass, FirstSet, write_char};
use crate::flags::Flags;
use crate::fold::CaseRule;
use crate::hir::INFINITE;
use std::fmt;

/// The value of a register that holds no position.
pub const UNSET: u32 = u32::MAX;

/// Index into [`Program::classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassId(pub u16);

/// Index into [`Program::firsts`], or "anything may come".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstId(pub u16);

impl FirstId {
    /// Nothing is known about what comes next.
    pub const ANY: FirstId = FirstId(u16::MAX);
}

/// How a loop over one set gives back what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopMode {
    /// Takes all it can, then gives back one by one.
    Greedy,
    /// Takes the least, then one more by one.
    Lazy,
    /// Takes all it can and gives nothing back: the compiler has shown that no shorter match can succeed.
    Possessive,
}

/// One instruction. Targets are indices of ops; `len` and counts are in code units or characters as said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    // ---- Characters: fail unless they match at `pos`, then step over them ----
    /// One code unit.
    Unit(u16),
    /// One code unit `u` with `u & mask == value`: two letters that differ in one bit, without regard to case.
    UnitMasked { mask: u16, value: u16 },
    /// `len` units of `literals` from `start`. `latin1`: all are below 256 (else Latin-1 input cannot match).
    Literal { start: u32, len: u32, latin1: bool },
    /// `len` units, each compared as in `UnitMasked` with the pairs of `masked` from `start`.
    LiteralMasked { start: u32, len: u32 },
    /// One code unit of a class.
    Set(ClassId),
    /// One code point of a class.
    WideSet(ClassId),
    /// Moves back `n` code units; fails if there are fewer.
    Back(u32),
    /// Moves back one code point; fails at the start of the input.
    BackPoint,

    // ---- Loops over one class ----
    /// Between `min` and `max` code units of `class` ([`u32::MAX`]: no upper bound). Positions where `next` does not
    /// admit the code unit that follows need not be tried: what comes after the loop would fail there.
    Loop { class: ClassId, next: FirstId, min: u32, max: u32, mode: LoopMode },
    /// The same for code points.
    WideLoop { class: ClassId, next: FirstId, min: u32, max: u32, mode: LoopMode },

    // ---- Captures ----
    /// `register = pos`.
    Save(u32),
    /// Sets start and end of `group` to `pos - len` and `pos`.
    SaveSpan { group: u32, len: u32 },
    /// Unsets the groups `first..end`.
    Clear { first: u32, end: u32 },

    // ---- Control ----
    /// Goes on at the target.
    Jump(u32),
    /// Goes on with the next op at the start of the input, elsewhere at the target.
    JumpUnlessStart(u32),
    /// Goes on with the next op; on failure resumes at `target` with the present `pos`.
    Split(u32),
    /// `Split`, decided by the code unit at `pos` where possible: if `there` does not admit it, just goes on; if
    /// `here` does not, goes on at `target`; if neither does, fails. At the end of the input the sets' `end` decides.
    Choose { here: FirstId, there: FirstId, target: u32 },

    // ---- Counted loops and loops over what may match nothing ----
    /// `register = 0`.
    Zero(u32),
    /// `register += 1`, up to [`u32::MAX`] - 1.
    Increment(u32),
    /// Goes on at `target` if the register is less than `min`.
    CountBelow { register: u32, min: u32, target: u32 },
    /// Goes on at `target` if the register is at least `max`.
    CountReached { register: u32, max: u32, target: u32 },
    /// `register = pos`, at the start of an iteration.
    Mark(u32),
    /// Fails if `pos` is what `Mark` noted: an iteration that matched nothing ends its loop (RepeatMatcher step 2.b).
    Progress(u32),
    /// `Progress`, but only if register `count` exceeds `min`: required iterations may be empty.
    ProgressAfter { mark: u32, count: u32, min: u32 },

    // ---- Assertions ----
    /// Fails unless at the start of the input.
    InputStart,
    /// Fails unless at the end of the input.
    InputEnd,
    /// Fails unless at the start of the input or after a line terminator.
    LineStart,
    /// Fails unless at the end of the input or before a line terminator.
    LineEnd,
    /// Fails unless exactly one of the units before and after is in the class (`negative`: both or neither).
    WordBoundary { word: ClassId, negative: bool },
    /// Fails unless there is a next unit and it is in the class (`negative`: unless there is none such).
    Ahead { class: ClassId, negative: bool },
    /// The same for the unit before `pos`.
    Behind { class: ClassId, negative: bool },

    // ---- Lookaround ----
    /// Notes `pos` in `register` and the height of the stack in `register + 1`.
    LookStart(u32),
    /// Ends a lookaround that matched: `pos` as noted; forgets how to resume anything since `LookStart`, but (if
    /// `captures`) not how to set registers back.
    LookEnd { register: u32, captures: bool },
    /// Notes the height of the stack in `register`, then like `Split(target)`.
    NegativeLookStart { register: u32, target: u32 },
    /// Takes the stack back to the height noted, setting registers back, that is, drops the entry for `target`
    /// too; then fails.
    NegativeLookEnd(u32),

    // ---- Backreferences ----
    /// Matches the text of the first group among `references[start..start + len]` that has both ends set, or nothing.
    /// `behind`: the text must end at `pos`, and `pos` moves back.
    BackReference { start: u32, len: u16, fold: Option<CaseRule>, behind: bool },

    // ---- The rest ----
    /// Counts as `n` ops for the interrupt poll; stands where much code runs without a jump back.
    Charge(u32),
    /// The attempt succeeds; group 0 is from where it began to `pos`.
    Match,
}

/// Where attempts may begin: the scan for candidates. Every position where the pattern matches is a candidate.
pub enum Start {
    /// Everywhere.
    Anywhere,
    /// At the start of the input only.
    InputStart,
    /// At the start of the input and after line terminators.
    LineStart,
    /// Where this literal (at least two units) is.
    Literal(Literal),
    /// Where this literal ends: the pattern begins with a lookbehind for it.
    AfterLiteral(Literal),
    /// Where one of these one to three units is.
    Units(Vec<u16>),
    /// Where this set admits the unit.
    First(FirstSet),
    /// Where each of a few units admits its position.
    Window(Window),
}

/// A literal to search for, prepared for Latin-1 and UTF-16.
pub struct Literal {
    /// The units.
    pub units: Vec<u16>,
    /// The index of the unit that is probably the rarest.
    pub rare: usize,
    /// A searcher for the bytes, if all units are Latin-1.
    pub finder: Option<memchr::memmem::Finder<'static>>,
}

/// A prefix of 2 to 8 sets.
///
/// If one position has few possible units, all rare, the search is for those; else it goes as Horspool's: the last
/// unit of the window says how far to move.
pub struct Window {
    /// The number of positions.
    pub len: usize,
    /// For each Latin-1 unit, bit `i`: may it stand at position `i`?
    pub latin1: Box<[u8; 256]>,
    /// The same for all other units.
    pub high: u8,
    /// For each Latin-1 unit: how far the window must move if it is under its last position.
    pub moves: Box<[u8; 256]>,
    /// The same for all other units.
    pub high_move: u8,
    /// A position and the one to three units that may stand there, if these are rare.
    pub rare: Option<(usize, Vec<u16>)>,
}

/// A compiled pattern.
pub struct Program {
    /// The code; the last op is `Match`.
    pub ops: Vec<Op>,
    /// The classes.
    pub classes: Vec<CharClass>,
    /// The first sets.
    pub firsts: Vec<FirstSet>,
    /// The units of all literals.
    pub literals: Vec<u16>,
    /// `literals` as bytes, where the unit is one.
    pub literals_latin1: Vec<u8>,
    /// `(mask, value)` of all masked literals.
    pub masked: Vec<(u16, u16)>,
    /// Group numbers of all backreferences.
    pub references: Vec<u32>,
    /// Number of capture groups, group 0 included.
    pub groups: u32,
    /// Number of registers, those of the groups included.
    pub registers: u32,
    /// Where to try.
    pub start: Start,
    /// The pattern (each of its alternatives, but for those that begin with `^`) begins with an unbounded loop over this
    /// class, and what follows does not depend on where the loop began: after a failure, no position within the same run
    /// of members can succeed.
    pub leading_loop: Option<LeadingLoop>,
    /// Can a match leave a group unset, or can a backreference read one that is? Then the groups must be unset before
    /// each attempt; else only before the first.
    pub unset_matters: bool,
    /// No match is shorter than this, in code units.
    pub min_len: u32,
    /// The flags of the pattern.
    pub flags: Flags,
}

/// See [`Program::leading_loop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadingLoop {
    /// What it loops over.
    pub class: ClassId,
    /// Are its characters code points?
    pub wide: bool,
}

impl Program {
    /// The memory that the program holds, in bytes.
    pub fn bytes(&self) -> usize {
        let ranges: usize = self.classes.iter().map(|c| c.ranges.len() * 8).sum();
        let start = match &self.start {
            Start::Window(_) => 512,
            Start::Literal(literal) | Start::AfterLiteral(literal) => 4 * literal.units.len(),
            _ => 0,
        };
        size_of::<Program>()
            + start
            + self.ops.capacity() * size_of::<Op>()
            + self.classes.capacity() * size_of::<CharClass>()
            + ranges
            + self.firsts.capacity() * size_of::<FirstSet>()
            + self.literals.capacity() * 2
            + self.literals_latin1.capacity()
            + self.masked.capacity() * 4
            + self.references.capacity() * 4
    }

    fn write_op(&self, f: &mut fmt::Formatter<'_>, op: &Op) -> fmt::Result {
        let class = |id: ClassId| &self.classes[usize::from(id.0)];
        match *op {
            Op::Unit(unit) => {
                f.write_str("unit            \"")?;
                write_char(f, unit.into())?;
                f.write_str("\"")
            }
            Op::UnitMasked { mask, value } => {
                f.write_str("unit-masked     ")?;
                write_masked(f, &[(mask, value)])
            }
            Op::Literal { start, len, .. } => {
                f.write_str("literal         \"")?;
                let units = &self.literals[start as usize..(start + len) as usize];
                units.iter().try_for_each(|&u| write_char(f, u.into()))?;
                f.write_str("\"")
            }
            Op::LiteralMasked { start, len } => {
                f.write_str("literal-masked  ")?;
                write_masked(f, &self.masked[start as usize..(start + len) as usize])
            }
            Op::Set(id) => write!(f, "set             {}", class(id)),
            Op::WideSet(id) => write!(f, "wide-set        {}", class(id)),
            Op::Back(n) => write!(f, "back            {n}"),
            Op::BackPoint => write!(f, "back-point"),
            Op::Loop { class: id, next, min, max, mode } => {
                write!(f, "loop            {}", class(id))?;
                self.write_loop(f, next, min, max, mode)
            }
            Op::WideLoop { class: id, next, min, max, mode } => {
                write!(f, "wide-loop       {}", class(id))?;
                self.write_loop(f, next, min, max, mode)
            }
            Op::Save(register) => write!(f, "save            r{register}"),
            Op::SaveSpan { group, len } => write!(f, "save-span       group {group}, {len} back"),
            Op::Clear { first, end } => write!(f, "clear           groups {first}..{end}"),
            Op::Jump(target) => write!(f, "jump            {target}"),
            Op::JumpUnlessStart(target) => write!(f, "jump-unless-start {target}"),
            Op::Split(target) => write!(f, "split           {target}"),
            Op::Choose { here, there, target } => {
                write!(f, "choose          {target}; here ")?;
                self.write_first(f, here)?;
                f.write_str(", there ")?;
                self.write_first(f, there)
            }
            Op::Zero(register) => write!(f, "zero            r{register}"),
            Op::Increment(register) => write!(f, "increment       r{register}"),
            Op::CountBelow { register, min, target } => {
                write!(f, "count-below     r{register} < {min}: {target}")
            }
            Op::CountReached { register, max, target } => {
                write!(f, "count-reached   r{register} >= {max}: {target}")
            }
            Op::Mark(register) => write!(f, "mark            r{register}"),
            Op::Progress(register) => write!(f, "progress        r{register}"),
            Op::ProgressAfter { mark, count, min } => {
                write!(f, "progress-after  r{mark}, if r{count} > {min}")
            }
            Op::InputStart => write!(f, "input-start"),
            Op::InputEnd => write!(f, "input-end"),
            Op::LineStart => write!(f, "line-start"),
            Op::LineEnd => write!(f, "line-end"),
            Op::WordBoundary { word, negative } => {
                write!(f, "word-boundary   {}{}", not(negative), class(word))
            }
            Op::Ahead { class: id, negative } => {
                write!(f, "ahead           {}{}", not(negative), class(id))
            }
            Op::Behind { class: id, negative } => {
                write!(f, "behind          {}{}", not(negative), class(id))
            }
            Op::LookStart(register) => write!(f, "look-start      r{register}"),
            Op::LookEnd { register, captures } => {
                let kept = if captures { ", keeping captures" } else { "" };
                write!(f, "look-end        r{register}{kept}")
            }
            Op::NegativeLookStart { register, target } => {
                write!(f, "neg-look-start  r{register}, {target}")
            }
            Op::NegativeLookEnd(register) => write!(f, "neg-look-end    r{register}"),
            Op::BackReference { start, len, fold, behind } => {
                let groups = &self.references[start as usize..][..usize::from(len)];
                write!(f, "back-reference  {groups:?}")?;
                if fold.is_some() {
                    f.write_str(", any case")?;
                }
                if behind {
                    f.write_str(", behind")?;
                }
                Ok(())
            }
            Op::Charge(n) => write!(f, "charge          {n}"),
            Op::Match => write!(f, "match"),
        }
    }

    fn write_loop(&self, f: &mut fmt::Formatter<'_>, next: FirstId, min: u32, max: u32, mode: LoopMode) -> fmt::Result {
        match max {
            INFINITE => write!(f, " {{{min},}}")?,
            _ => write!(f, " {{{min},{max}}}")?,
        }
        f.write_str(match mode {
            LoopMode::Greedy => " greedy",
            LoopMode::Lazy => " lazy",
            LoopMode::Possessive => " possessive",
        })?;
        if next != FirstId::ANY {
            f.write_str(", before ")?;
            self.write_first(f, next)?;
        }
        Ok(())
    }

    fn write_first(&self, f: &mut fmt::Formatter<'_>, id: FirstId) -> fmt::Result {
        match self.firsts.get(usize::from(id.0)) {
            Some(first) => write!(f, "{first}"),
            None => f.write_str("[any]"),
        }
    }
}

fn not(negative: bool) -> &'static str {
    if negative { "not " } else { "" }
}

/// Writes masked units by the larger of the two that match, which for letters is the lower case.
fn write_masked(f: &mut fmt::Formatter<'_>, units: &[(u16, u16)]) -> fmt::Result {
    f.write_str("\"")?;
    for &(mask, value) in units {
        write_char(f, u32::from(value | !mask))?;
    }
    f.write_str("\" in any case")
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = |f: &mut fmt::Formatter<'_>, units: &[u16]| units.iter().try_for_each(|&u| write_char(f, u.into()));
        match self {
            Start::Anywhere => f.write_str("anywhere"),
            Start::InputStart => f.write_str("input start"),
            Start::LineStart => f.write_str("line start"),
            Start::Literal(literal) => {
                f.write_str("literal \"")?;
                units(f, &literal.units)?;
                f.write_str("\"")
            }
            Start::AfterLiteral(literal) => {
                f.write_str("after literal \"")?;
                units(f, &literal.units)?;
                f.write_str("\"")
            }
            Start::Units(set) => {
                f.write_str("one of \"")?;
                units(f, set)?;
                f.write_str("\"")
            }
            Start::First(first) => write!(f, "{first}"),
            Start::Window(window) => {
                write!(f, "window of {}", window.len)?;
                let Some((at, set)) = &window.rare else {
                    return Ok(());
                };
                write!(f, ", by \"")?;
                units(f, set)?;
                write!(f, "\" at {at}")
            }
        }
    }
}

/// The listing that `tercel dump` shows: a head line, then an op a line.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "flags \"{}\", {} groups, {} registers, at least {} units, start: {}{}",
            self.flags,
            self.groups,
            self.registers,
            self.min_len,
            self.start,
            match self.leading_loop {
                Some(_) => ", skipping runs",
                None => "",
            },
        )?;
        let width = self.ops.len().to_string().len();
        for (pc, op) in self.ops.iter().enumerate() {
            write!(f, "{pc:>width$}  ")?;
            self.write_op(f, op)?;
            writeln!(f)?;
        }
        Ok(())
    }
}
