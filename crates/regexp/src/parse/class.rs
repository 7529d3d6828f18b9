//! Character classes: ranges and, with `v`, set operations and strings.

use super::escape::ClassEscape;
use super::{Parser, Result};
use crate::classes::CodePointSet;
use crate::hir::NodeId;
use crate::unicode::StringProperty;
use std::collections::BTreeSet;

/// The CharSet of a class with `v`: characters, and strings of any length but one.
#[derive(Default)]
struct ClassSet {
    characters: CodePointSet,
    strings: BTreeSet<Vec<u32>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SetOperation {
    /// One operand so far: it may become any of the others.
    Undecided,
    Union,
    Intersection,
    Subtraction,
}

/// A `[` of a class with `v` whose `]` has not come yet.
struct OpenClass {
    negated: bool,
    operation: SetOperation,
    operands: usize,
    /// After `&&` or `--`
    expects_operand: bool,
    value: ClassSet,
    /// Characters still to be added to `value`: long unions are normalized once.
    pending: Vec<(u32, u32)>,
    /// MayContainStrings of what was read so far (22.2.1.5), which goes by form, not by value.
    may_contain_strings: bool,
}

/// An operand of a set operation.
struct Operand {
    value: ClassSet,
    may_contain_strings: bool,
    is_range: bool,
}

impl Operand {
    fn characters(characters: CodePointSet) -> Operand {
        Operand {
            value: ClassSet { characters, strings: BTreeSet::new() },
            may_contain_strings: false,
            is_range: false,
        }
    }
}

impl OpenClass {
    fn add(&mut self, operand: Operand) {
        let ClassSet { characters, strings } = operand.value;
        self.operands += 1;
        self.expects_operand = false;
        match self.operation {
            SetOperation::Undecided | SetOperation::Union => {
                self.pending.extend_from_slice(characters.ranges());
                self.value.strings.extend(strings);
                self.may_contain_strings |= operand.may_contain_strings;
            }
            SetOperation::Intersection => {
                self.flush();
                self.value.characters = self.value.characters.intersect(&characters);
                self.value.strings.retain(|s| strings.contains(s));
                self.may_contain_strings &= operand.may_contain_strings;
            }
            SetOperation::Subtraction => {
                self.flush();
                self.value.characters = self.value.characters.subtract(&characters);
                self.value.strings.retain(|s| !strings.contains(s));
            }
        }
    }

    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.value.characters.add_all(pending);
    }
}

/// Strings up to this length are matched through a tree of their common prefixes.
const LONGEST_IN_TREE: usize = 32;

impl Parser<'_> {
    /// A class, after its `[` at `start`.
    pub(super) fn class(&mut self, start: usize) -> Result<NodeId> {
        if self.sets {
            return self.set_class(start);
        }
        let negated = self.eat('^');
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        loop {
            if self.eat(']') {
                break;
            }
            let at = self.pos;
            let from = self.class_atom(start)?;
            // `-` before `]` is a member; elsewhere after an atom it makes a range.
            if self.ascii_at(0) != Some('-') || self.ascii_at(1) == Some(']') {
                push_atom(&mut ranges, &from);
                continue;
            }
            self.pos += 1;
            let to = self.class_atom(start)?;
            match (&from, &to) {
                (ClassEscape::Character(lo), ClassEscape::Character(hi)) => {
                    if lo > hi {
                        return self.error(at, "Range out of order in character class");
                    }
                    ranges.push((*lo, *hi));
                }
                _ if self.unicode => return self.error(at, "Invalid character class"),
                _ => {
                    push_atom(&mut ranges, &from);
                    ranges.push((u32::from('-'), u32::from('-')));
                    push_atom(&mut ranges, &to);
                }
            }
        }
        let mut set = CodePointSet::from_ranges(ranges);
        if let Some(rule) = self.case_rule() {
            set = rule.close(&set);
        }
        if negated {
            set = set.complement(self.max_char());
        }
        Ok(self.hir.set(set))
    }

    fn class_atom(&mut self, class_start: usize) -> Result<ClassEscape> {
        let start = self.pos;
        match self.next_char() {
            None => self.error(class_start, "Unterminated character class"),
            Some(c) if c == u32::from('\\') => self.class_escape(start),
            Some(c) => Ok(ClassEscape::Character(c)),
        }
    }

    // ---- With `v` ----

    fn set_class(&mut self, start: usize) -> Result<NodeId> {
        let mut stack = vec![self.open_class()];
        loop {
            let Some(top) = stack.last_mut() else {
                return self.error(start, "Unterminated character class");
            };
            if self.ascii_at(0) == Some(']') && !top.expects_operand {
                self.pos += 1;
                let Some(closed) = stack.pop() else { continue };
                let operand = self.close_class(closed, start)?;
                match stack.last_mut() {
                    Some(outer) => outer.add(operand),
                    None => return self.class_set_node(operand.value),
                }
                continue;
            }
            if !top.expects_operand && top.operands > 0 {
                if self.operator(top)? {
                    continue;
                }
                top.operation = SetOperation::Union;
            }
            if self.eat('[') {
                let nested = self.open_class();
                stack.push(nested);
                continue;
            }
            let operand = self.set_operand(start)?;
            if operand.is_range {
                if top.expects_operand {
                    return self.error(self.pos, "Invalid set operation in character class");
                }
                top.operation = SetOperation::Union;
            }
            top.add(operand);
        }
    }

    fn open_class(&mut self) -> OpenClass {
        OpenClass {
            negated: self.eat('^'),
            operation: SetOperation::Undecided,
            operands: 0,
            expects_operand: false,
            value: ClassSet::default(),
            pending: Vec::new(),
            may_contain_strings: false,
        }
    }

    fn close_class(&self, mut class: OpenClass, start: usize) -> Result<Operand> {
        class.flush();
        if class.negated {
            if class.may_contain_strings {
                return self.error(start, "Negated character class may contain strings");
            }
            class.value.characters = self.complement(&class.value.characters);
        }
        Ok(Operand { value: class.value, may_contain_strings: class.may_contain_strings, is_range: false })
    }

    /// Takes `&&` or `--` after an operand, if one is here. A class is all union, all intersection or all
    /// subtraction.
    fn operator(&mut self, class: &mut OpenClass) -> Result<bool> {
        let message = "Invalid set operation in character class";
        let next_two = (self.ascii_at(0), self.ascii_at(1));
        let found = match next_two {
            (Some('&'), Some('&')) => SetOperation::Intersection,
            (Some('-'), Some('-')) => SetOperation::Subtraction,
            _ => {
                return match class.operation {
                    SetOperation::Undecided | SetOperation::Union => Ok(false),
                    _ => self.error(self.pos, message),
                };
            }
        };
        if class.operation != SetOperation::Undecided && class.operation != found {
            return self.error(self.pos, message);
        }
        self.pos += 2;
        if found == SetOperation::Intersection && self.ascii_at(0) == Some('&') {
            return self.error(self.pos, "Invalid character in character class");
        }
        class.operation = found;
        class.expects_operand = true;
        Ok(true)
    }

    /// A ClassSetRange, or a ClassSetOperand other than a nested class.
    fn set_operand(&mut self, class_start: usize) -> Result<Operand> {
        if self.eat_str("\\q{") {
            return self.string_disjunction(class_start);
        }
        let start = self.pos;
        let lo = match self.set_atom(class_start)? {
            ClassEscape::Set(set) => return Ok(Operand::characters(set)),
            ClassEscape::Strings(property) => {
                return Ok(Operand {
                    value: self.property_strings(property),
                    may_contain_strings: true,
                    is_range: false,
                });
            }
            ClassEscape::Character(c) => c,
        };
        if self.ascii_at(0) != Some('-') || self.ascii_at(1) == Some('-') {
            return Ok(Operand::characters(self.folded_character(lo)));
        }
        self.pos += 1;
        let hi = self.set_character(class_start)?;
        if lo > hi {
            return self.error(start, "Range out of order in character class");
        }
        let range = self.maybe_simple_fold(CodePointSet::from_ranges([(lo, hi)]));
        Ok(Operand { is_range: true, ..Operand::characters(range) })
    }

    fn folded_character(&self, c: u32) -> CodePointSet {
        CodePointSet::single(self.folded(c))
    }

    fn folded(&self, c: u32) -> u32 {
        match self.case_rule() {
            Some(rule) => rule.canonicalize(c),
            None => c,
        }
    }

    /// A ClassSetCharacter or an escape for a set.
    fn set_atom(&mut self, class_start: usize) -> Result<ClassEscape> {
        let start = self.pos;
        let Some(c) = self.next_char() else {
            return self.error(class_start, "Unterminated character class");
        };
        let Some(ascii) = u8::try_from(c).ok().filter(u8::is_ascii).map(char::from) else {
            return Ok(ClassEscape::Character(c));
        };
        if ascii == '\\' {
            return self.class_escape(start);
        }
        if "()[]{}/-|".contains(ascii) {
            return self.error(start, "Invalid character in character class");
        }
        if "&!#$%*+,.:;<=>?@^`~".contains(ascii) && self.ascii_at(0) == Some(ascii) {
            return self.error(start, "Invalid set operation in character class");
        }
        Ok(ClassEscape::Character(c))
    }

    fn set_character(&mut self, class_start: usize) -> Result<u32> {
        let start = self.pos;
        match self.set_atom(class_start)? {
            ClassEscape::Character(c) => Ok(c),
            _ => self.error(start, "Invalid character class"),
        }
    }

    /// `\q{…|…}`, after its `{`.
    fn string_disjunction(&mut self, class_start: usize) -> Result<Operand> {
        let mut operand = Operand::characters(CodePointSet::new());
        let mut characters = Vec::new();
        let mut string = Vec::new();
        loop {
            let end = self.eat('}');
            if end || self.eat('|') {
                let string = std::mem::take(&mut string);
                match string[..] {
                    [c] => characters.push((c, c)),
                    _ => {
                        operand.may_contain_strings = true;
                        operand.value.strings.insert(string);
                    }
                }
                if end {
                    operand.value.characters.add_all(characters);
                    return Ok(operand);
                }
                continue;
            }
            let c = self.set_character(class_start)?;
            string.push(self.folded(c));
        }
    }

    fn property_strings(&self, property: StringProperty) -> ClassSet {
        let strings = property.strings().into_iter();
        ClassSet {
            characters: self.maybe_simple_fold(property.characters()),
            strings: strings.map(|s| s.into_iter().map(|c| self.folded(c)).collect()).collect(),
        }
    }

    pub(super) fn string_property_node(&mut self, property: StringProperty) -> Result<NodeId> {
        let value = self.property_strings(property);
        self.class_set_node(value)
    }

    /// A node that tries the strings longest first (CompileAtom of CharacterClass, 22.2.2.7).
    fn class_set_node(&mut self, value: ClassSet) -> Result<NodeId> {
        let characters = self.set(value.characters.clone());
        let mut strings: Vec<Vec<u32>> = value.strings.into_iter().collect();
        if strings.is_empty() {
            return Ok(characters);
        }
        let has_empty = strings.first().is_some_and(|s| s.is_empty());
        if has_empty {
            strings.remove(0);
        }
        let mut alternatives = Vec::new();
        if self.behind || strings.iter().any(|s| s.len() > LONGEST_IN_TREE) {
            // Backwards, the tree's order would not be that of the lengths.
            strings.sort_by_key(|s| std::cmp::Reverse(s.len()));
            for string in &strings {
                let items: Vec<NodeId> = string.iter().map(|&c| self.character(c)).collect();
                alternatives.push(self.hir.sequence(&items));
            }
        } else {
            let strings: Vec<&[u32]> = strings.iter().map(Vec::as_slice).collect();
            self.prefix_tree(&strings, &mut alternatives);
        }
        if !value.characters.is_empty() {
            alternatives.push(characters);
        }
        if has_empty {
            alternatives.push(self.hir.empty());
        }
        Ok(self.hir.alternatives(&alternatives))
    }

    /// Alternatives for the non-empty, sorted `strings`, those with a common first character sharing it. As
    /// all candidates are prefixes of one text, going down the tree first is trying the longest first.
    fn prefix_tree(&mut self, strings: &[&[u32]], alternatives: &mut Vec<NodeId>) {
        let mut ends = Vec::new();
        for run in strings.chunk_by(|a, b| a.first() == b.first()) {
            let Some(&c) = run[0].first() else { continue };
            let rests: Vec<&[u32]> = run.iter().map(|s| &s[1..]).collect();
            let ends_here = rests[0].is_empty();
            let longer = &rests[usize::from(ends_here)..];
            if longer.is_empty() {
                ends.push((c, c));
                continue;
            }
            let mut branches = Vec::new();
            self.prefix_tree(longer, &mut branches);
            if ends_here {
                branches.push(self.hir.empty());
            }
            let rest = self.hir.alternatives(&branches);
            let first = self.character(c);
            alternatives.push(self.hir.sequence(&[first, rest]));
        }
        if !ends.is_empty() {
            let ends = self.set(CodePointSet::from_ranges(ends));
            alternatives.push(ends);
        }
    }
}

fn push_atom(ranges: &mut Vec<(u32, u32)>, atom: &ClassEscape) {
    match atom {
        ClassEscape::Character(c) => ranges.push((*c, *c)),
        ClassEscape::Set(set) => ranges.extend_from_slice(set.ranges()),
        // Only `v` has properties of strings, and its classes are read by `set_class`.
        ClassEscape::Strings(_) => {}
    }
}
