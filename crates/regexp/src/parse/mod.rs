//! The parser: pattern text to [`Hir`] (ECMA-262 22.2.1 with Annex B.1.2).
//!
//! Patterns are UTF-16, as `new RegExp` gets them, and may hold lone surrogates. The parser keeps its own
//! stack of open groups, so nesting is bounded by memory alone. It is the project's own, and not
//! `oxc_regular_expression`, because that parser recurses, takes only well-formed UTF-8, and (0.146.0) reads
//! `[\cA]`, `\477`, `(?i:a)\1`, `\k<\u0061>`, `a{99999999999}` and other forms differently from the
//! standard.
//!
//! - `mod.rs`: disjunctions, groups, assertions, quantifiers
//! - `escape.rs`: escapes outside and inside classes, group names
//! - `class.rs`: classes and, with `v`, set operations and strings

mod class;
mod escape;

use crate::SyntaxError;
use crate::classes::{CodePointSet, LINE_TERMINATORS, MAX_CODE_POINT, MAX_CODE_UNIT, WORD};
use crate::flags::Flags;
use crate::fold::CaseRule;
use crate::hir::{Hir, INFINITE, Node, NodeId, Span, decode_pair};
use rustc_hash::{FxHashMap, FxHashSet};

/// More capture groups than this are refused (as V8 does), so that group and register numbers are small.
pub(crate) const MAX_GROUPS: u32 = 32_767;

/// A parsed pattern.
pub(crate) struct Parsed {
    pub(crate) hir: Hir,
    pub(crate) root: NodeId,
    /// Capture groups, without group 0.
    pub(crate) group_count: u32,
    /// Names in the order in which they first occur, each with its groups in ascending order.
    pub(crate) names: Vec<(String, Vec<u32>)>,
}

/// Parses `pattern` under `flags`.
pub(crate) fn parse(pattern: &[u16], flags: Flags) -> Result<Parsed, SyntaxError> {
    let mut parser = Parser {
        src: pattern,
        pos: 0,
        unicode: flags.unicode_mode(),
        sets: flags.contains(Flags::UNICODE_SETS),
        mods: Modifiers {
            ignore_case: flags.contains(Flags::IGNORE_CASE),
            multiline: flags.contains(Flags::MULTILINE),
            dot_all: flags.contains(Flags::DOT_ALL),
        },
        behind: false,
        total_groups: 0,
        has_names: false,
        groups: 0,
        names: Vec::new(),
        name_ids: FxHashMap::default(),
        named_references: Vec::new(),
        hir: Hir::new(flags.unicode_mode()),
    };
    parser.count_groups()?;
    let root = parser.disjunction()?;
    parser.resolve_names()?;
    Ok(Parsed { hir: parser.hir, root, group_count: parser.groups, names: parser.names })
}

type Result<T, E = SyntaxError> = std::result::Result<T, E>;

/// The flags that `(?ims-ims:…)` changes.
#[derive(Clone, Copy)]
struct Modifiers {
    ignore_case: bool,
    multiline: bool,
    dot_all: bool,
}

struct Parser<'s> {
    src: &'s [u16],
    pos: usize,
    /// `u` or `v`
    unicode: bool,
    /// `v`
    sets: bool,
    mods: Modifiers,
    /// Within a lookbehind (and no lookahead within that)?
    behind: bool,
    /// CountLeftCapturingParensWithin the pattern
    total_groups: u32,
    /// Is there a group name anywhere (`+NamedCaptureGroups`)?
    has_names: bool,
    /// Groups opened so far.
    groups: u32,
    names: Vec<(String, Vec<u32>)>,
    name_ids: FxHashMap<String, u32>,
    /// `\k<name>` seen: offset, node, name.
    named_references: Vec<(usize, NodeId, String)>,
    hir: Hir,
}

enum GroupKind {
    Pattern,
    Capture(u32),
    NonCapture,
    Look { behind: bool, negative: bool },
}

/// A group whose `)` has not come yet.
struct OpenGroup {
    kind: GroupKind,
    start: usize,
    alternatives: Vec<NodeId>,
    terms: Vec<NodeId>,
    /// What holds again after the group.
    outer_mods: Modifiers,
    outer_behind: bool,
    /// Names in the current alternative, and in all: a name may occur once in each alternative.
    names_here: FxHashSet<u32>,
    names_before: FxHashSet<u32>,
}

impl<'s> Parser<'s> {
    // ---- Reading ----

    fn peek_unit(&self) -> Option<u16> {
        self.src.get(self.pos).copied()
    }

    /// The unit `ahead` units from here, as a `char` if it is ASCII.
    fn ascii_at(&self, ahead: usize) -> Option<char> {
        let unit = *self.src.get(self.pos + ahead)?;
        (unit < 0x80).then(|| char::from(unit as u8))
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.ascii_at(0) == Some(c);
        self.pos += usize::from(found);
        found
    }

    fn eat_str(&mut self, text: &str) -> bool {
        let found = text.chars().enumerate().all(|(i, c)| self.ascii_at(i) == Some(c));
        if found {
            self.pos += text.len();
        }
        found
    }

    /// The pattern character here: a code point in Unicode mode, else a code unit.
    fn peek_char(&self) -> Option<u32> {
        let unit = self.peek_unit()?;
        if self.unicode
            && let Some(c) = self.pair_at(self.pos)
        {
            return Some(c);
        }
        Some(u32::from(unit))
    }

    fn next_char(&mut self) -> Option<u32> {
        let c = self.peek_char()?;
        self.pos += if c > MAX_CODE_UNIT { 2 } else { 1 };
        Some(c)
    }

    /// The code point of the surrogate pair at `at`, if there is one.
    fn pair_at(&self, at: usize) -> Option<u32> {
        match *self.src.get(at..at + 2)? {
            [lead @ 0xd800..=0xdbff, trail @ 0xdc00..=0xdfff] => Some(decode_pair(lead, trail)),
            _ => None,
        }
    }

    fn error<T>(&self, offset: usize, message: &'static str) -> Result<T> {
        Err(SyntaxError { message: message.into(), offset })
    }

    // ---- Before parsing ----

    /// Counts the capture groups and looks for names: both decide how escapes before them are read.
    fn count_groups(&mut self) -> Result<()> {
        let mut depth = 0usize;
        let mut at = 0;
        while let Some(&unit) = self.src.get(at) {
            match u8::try_from(unit) {
                Ok(b'\\') => at += 1,
                Ok(b'[') if self.sets || depth == 0 => depth += 1,
                Ok(b']') => depth = depth.saturating_sub(1),
                Ok(b'(') if depth == 0 => {
                    let ascii = |i: usize| self.src.get(at + i).copied().unwrap_or(0);
                    if ascii(1) != u16::from(b'?') {
                        self.total_groups += 1;
                    } else if ascii(2) == u16::from(b'<') && ![u16::from(b'='), u16::from(b'!')].contains(&ascii(3)) {
                        self.total_groups += 1;
                        self.has_names = true;
                    }
                    if self.total_groups > MAX_GROUPS {
                        return self.error(at, "Too many captures");
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Ok(())
    }

    // ---- Disjunction, Alternative, Term ----

    fn disjunction(&mut self) -> Result<NodeId> {
        let mut stack = vec![self.open_group(GroupKind::Pattern, 0)];
        loop {
            let start = self.pos;
            let Some(c) = self.peek_char() else {
                break;
            };
            // Invariant: the frame of the pattern itself is never popped inside the loop.
            let Some(top) = stack.last_mut() else {
                break;
            };
            let ascii = if c < 0x80 { c as u8 } else { 0 };
            let quantifiable = match ascii {
                b'|' => {
                    self.pos += 1;
                    self.end_alternative(top);
                    false
                }
                b'(' => {
                    self.pos += 1;
                    let group = self.group_head(start, top)?;
                    stack.push(group);
                    false
                }
                b')' => {
                    if stack.len() == 1 {
                        return self.error(start, "Unmatched ')'");
                    }
                    self.pos += 1;
                    let Some(group) = stack.pop() else { break };
                    let outer = stack.last_mut();
                    match outer {
                        Some(outer) => self.close_group(group, outer)?,
                        None => break,
                    }
                }
                b'^' | b'$' => {
                    self.pos += 1;
                    let node = match (ascii, self.mods.multiline) {
                        (b'^', false) => Node::InputStart,
                        (b'^', true) => Node::LineStart,
                        (_, false) => Node::InputEnd,
                        (_, true) => Node::LineEnd,
                    };
                    let node = self.hir.assertion(node);
                    top.terms.push(node);
                    false
                }
                b'\\' if matches!(self.ascii_at(1), Some('b' | 'B')) => {
                    let negative = self.ascii_at(1) == Some('B');
                    self.pos += 2;
                    let word = self.word_set();
                    let word = self.hir.set_id(word);
                    let node = self.hir.assertion(Node::WordBoundary { word, negative });
                    top.terms.push(node);
                    false
                }
                b'*' | b'+' | b'?' => return self.error(start, "Nothing to repeat"),
                b'{' if self.unicode => return self.error(start, "Nothing to repeat"),
                b'{' if self.braces()?.is_some() => {
                    return self.error(start, "Nothing to repeat");
                }
                b'}' | b']' if self.unicode => {
                    return self.error(start, "Lone quantifier brackets");
                }
                b'.' => {
                    self.pos += 1;
                    let node = self.dot();
                    top.terms.push(node);
                    true
                }
                b'[' => {
                    self.pos += 1;
                    let node = self.class(start)?;
                    top.terms.push(node);
                    true
                }
                b'\\' => {
                    self.pos += 1;
                    let node = self.atom_escape(start)?;
                    top.terms.push(node);
                    true
                }
                _ => {
                    self.next_char();
                    let node = self.character(c);
                    top.terms.push(node);
                    true
                }
            };
            if quantifiable && let Some(top) = stack.last_mut() {
                self.quantifier(top)?;
            }
        }
        match stack.pop() {
            Some(mut pattern) if stack.is_empty() => {
                self.end_alternative(&mut pattern);
                Ok(self.hir.alternatives(&pattern.alternatives))
            }
            Some(open) => self.error(open.start, "Unterminated group"),
            None => self.error(self.pos, "Unmatched ')'"),
        }
    }

    fn open_group(&self, kind: GroupKind, start: usize) -> OpenGroup {
        OpenGroup {
            kind,
            start,
            alternatives: Vec::new(),
            terms: Vec::new(),
            outer_mods: self.mods,
            outer_behind: self.behind,
            names_here: FxHashSet::default(),
            names_before: FxHashSet::default(),
        }
    }

    fn end_alternative(&mut self, group: &mut OpenGroup) {
        let node = self.hir.sequence(&group.terms);
        group.alternatives.push(node);
        group.terms.clear();
        merge(&mut group.names_before, std::mem::take(&mut group.names_here));
    }

    /// After `(`: what kind of group it is.
    fn group_head(&mut self, start: usize, outer: &mut OpenGroup) -> Result<OpenGroup> {
        let look = |behind, negative| GroupKind::Look { behind, negative };
        let kind = if !self.eat('?') {
            GroupKind::Capture(self.new_group())
        } else if self.eat(':') {
            GroupKind::NonCapture
        } else if self.eat('=') {
            look(false, false)
        } else if self.eat('!') {
            look(false, true)
        } else if self.eat_str("<=") {
            look(true, false)
        } else if self.eat_str("<!") {
            look(true, true)
        } else if self.eat('<') {
            let name = self.group_name(start)?;
            let index = self.new_group();
            let next_id = self.names.len() as u32;
            let id = *self.name_ids.entry(name.clone()).or_insert(next_id);
            if id == next_id {
                self.names.push((name, Vec::new()));
            }
            self.names[id as usize].1.push(index);
            if !outer.names_here.insert(id) {
                return self.error(start, "Duplicate capture group name");
            }
            GroupKind::Capture(index)
        } else {
            let outer_mods = self.mods;
            let mods = self.modifiers(start)?;
            let mut group = self.open_group(GroupKind::NonCapture, start);
            group.outer_mods = outer_mods;
            self.mods = mods;
            return Ok(group);
        };
        let group = self.open_group(kind, start);
        if let GroupKind::Look { behind, .. } = group.kind {
            self.behind = behind;
        }
        Ok(group)
    }

    fn new_group(&mut self) -> u32 {
        self.groups += 1;
        self.groups
    }

    /// `ims-ims:` after `(?`.
    fn modifiers(&mut self, start: usize) -> Result<Modifiers> {
        let mut mods = self.mods;
        let mut seen = String::new();
        let mut adding = true;
        loop {
            let Some(c) = self.ascii_at(0) else {
                return self.error(start, "Invalid group");
            };
            self.pos += 1;
            let flag = match c {
                'i' => &mut mods.ignore_case,
                'm' => &mut mods.multiline,
                's' => &mut mods.dot_all,
                '-' if adding => {
                    adding = false;
                    continue;
                }
                ':' if !seen.is_empty() => return Ok(mods),
                '-' => return self.error(start, "Multiple dashes in flag group"),
                ':' => return self.error(start, "Invalid flag group"),
                _ => return self.error(start, "Invalid group"),
            };
            if seen.contains(c) {
                return self.error(start, "Repeated flag in flag group");
            }
            seen.push(c);
            *flag = adding;
        }
    }

    /// At `)`: makes the group's node a term of `outer`. Says whether a quantifier may follow.
    fn close_group(&mut self, mut group: OpenGroup, outer: &mut OpenGroup) -> Result<bool> {
        self.end_alternative(&mut group);
        let body = self.hir.alternatives(&group.alternatives);
        self.mods = group.outer_mods;
        self.behind = group.outer_behind;
        let (node, quantifiable) = match group.kind {
            GroupKind::Capture(index) => (self.hir.group(index, body), true),
            GroupKind::NonCapture | GroupKind::Pattern => (body, true),
            GroupKind::Look { behind, negative } => (self.hir.look(body, behind, negative), !behind && !self.unicode),
        };
        if group.names_before.iter().any(|id| outer.names_here.contains(id)) {
            return self.error(group.start, "Duplicate capture group name");
        }
        merge(&mut outer.names_here, group.names_before);
        outer.terms.push(node);
        Ok(quantifiable)
    }

    // ---- Quantifiers ----

    /// A quantifier, if one is here, applied to the last term.
    fn quantifier(&mut self, group: &mut OpenGroup) -> Result<()> {
        let start = self.pos;
        let (min, max) = match self.ascii_at(0) {
            Some('*') => (0, INFINITE),
            Some('+') => (1, INFINITE),
            Some('?') => (0, 1),
            Some('{') => match self.braces()? {
                Some((min, max, len)) => {
                    self.pos += len - 1;
                    (min, max)
                }
                None if self.unicode => return self.error(start, "Incomplete quantifier"),
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        self.pos += 1;
        let greedy = !self.eat('?');
        if let Some(body) = group.terms.pop() {
            let node = self.hir.repeat(body, min, max, greedy);
            group.terms.push(node);
        }
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}` at `pos`, not consumed: its bounds and its length in code units. Bounds
    /// beyond `u32` become [`INFINITE`], which no input is long enough to tell apart.
    fn braces(&self) -> Result<Option<(u32, u32, usize)>> {
        let rest = &self.src[self.pos..];
        let digits_from = |at: usize| {
            let digits = rest[at..].iter().take_while(|&&u| is_digit(u)).count();
            &rest[at..at + digits]
        };
        let is = |at: usize, c: u8| rest.get(at) == Some(&u16::from(c));
        let min = digits_from(1);
        let mut at = 1 + min.len();
        let mut max = min;
        let mut bounded = true;
        if is(at, b',') {
            max = digits_from(at + 1);
            at += 1 + max.len();
            bounded = !max.is_empty();
        }
        if min.is_empty() || !is(at, b'}') {
            return Ok(None);
        }
        if bounded && number_key(min) > number_key(max) {
            return self.error(self.pos, "numbers out of order in {} quantifier");
        }
        let max = if bounded { number(max) } else { INFINITE };
        Ok(Some((number(min), max, at + 1)))
    }

    // ---- Characters ----

    /// The rule for comparing without regard to case, if that is on.
    fn case_rule(&self) -> Option<CaseRule> {
        self.mods.ignore_case.then_some(if self.unicode { CaseRule::SimpleFold } else { CaseRule::Uppercase })
    }

    /// The largest character: AllCharacters without `v`.
    fn max_char(&self) -> u32 {
        if self.unicode { MAX_CODE_POINT } else { MAX_CODE_UNIT }
    }

    /// A node that matches the one character `c`, with the case rule applied.
    fn character(&mut self, c: u32) -> NodeId {
        if let Some(rule) = self.case_rule() {
            let caseless_ascii = c < 0x80 && !(c as u8).is_ascii_alphabetic();
            if !caseless_ascii {
                let set = rule.close(&CodePointSet::single(c));
                if set.only_member().is_none() {
                    return self.hir.set(set);
                }
            }
        }
        if self.unicode && (0xd800..=0xdfff).contains(&c) {
            return self.hir.set(CodePointSet::single(c));
        }
        if c > MAX_CODE_UNIT {
            let lead = 0xd800 + ((c - 0x1_0000) >> 10) as u16;
            let trail = 0xdc00 + (c & 0x3ff) as u16;
            self.hir.literal(&[lead, trail])
        } else {
            self.hir.literal(&[c as u16])
        }
    }

    /// A set node whose members are matched as they are or, with `i`, in every case.
    fn set(&mut self, set: CodePointSet) -> NodeId {
        let closed = match self.case_rule() {
            Some(rule) => rule.close(&set),
            None => set,
        };
        self.hir.set(closed)
    }

    fn dot(&mut self) -> NodeId {
        let excluded =
            if self.mods.dot_all { CodePointSet::new() } else { CodePointSet::from_ranges(LINE_TERMINATORS) };
        let max = self.max_char();
        self.hir.set(excluded.complement(max))
    }

    /// WordCharacters (22.2.2.9.3): with Unicode folding, also what folds to a word character.
    fn word_set(&self) -> CodePointSet {
        let word = CodePointSet::from_ranges(WORD);
        match self.case_rule() {
            Some(CaseRule::SimpleFold) => CaseRule::SimpleFold.close(&word),
            _ => word,
        }
    }

    // ---- After parsing ----

    fn resolve_names(&mut self) -> Result<()> {
        for (offset, node, name) in std::mem::take(&mut self.named_references) {
            let Some(&id) = self.name_ids.get(&name) else {
                return self.error(offset, "Invalid named capture referenced");
            };
            self.hir.resolve_reference(node, &self.names[id as usize].1);
        }
        Ok(())
    }

    fn back_reference(&mut self, groups: &[u32]) -> NodeId {
        let fold = self.case_rule();
        let unresolved = Span { start: 0, len: 0 };
        let node = self.hir.back_reference(unresolved, fold);
        self.hir.resolve_reference(node, groups);
        node
    }
}

/// Moves `from` into `to`, the smaller into the larger.
fn merge(to: &mut FxHashSet<u32>, mut from: FxHashSet<u32>) {
    if from.len() > to.len() {
        std::mem::swap(to, &mut from);
    }
    to.extend(from);
}

fn is_digit(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|b| b.is_ascii_digit())
}

/// The value of decimal digits, at most [`INFINITE`].
fn number(digits: &[u16]) -> u32 {
    digits.iter().fold(0, |n: u32, &d| n.saturating_mul(10).saturating_add(u32::from(d - u16::from(b'0'))))
}

/// Orders digit strings of any length by value.
fn number_key(digits: &[u16]) -> (usize, &[u16]) {
    let zeros = digits.iter().take_while(|&&d| d == u16::from(b'0')).count();
    (digits.len() - zeros, &digits[zeros..])
}
