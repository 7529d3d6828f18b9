//! Escapes: `\…` outside classes, `\…` inside them, and group names.

use super::{Parser, Result, number};
use crate::classes::{CodePointSet, DIGITS, MAX_CODE_POINT, WHITE_SPACE};
use crate::fold::CaseRule;
use crate::hir::{NodeId, Span};
use crate::unicode::{self, Property, StringProperty};

/// What an escape inside a class stands for.
pub(super) enum ClassEscape {
    Character(u32),
    Set(CodePointSet),
    /// A property of strings (`v` only).
    Strings(StringProperty),
}

impl Parser<'_> {
    /// AtomEscape, after the backslash at `start`; `\b` and `\B` were taken before.
    pub(super) fn atom_escape(&mut self, start: usize) -> Result<NodeId> {
        let Some(c) = self.ascii_at(0) else {
            return self.identity_node(start);
        };
        match c {
            '1'..='9' => {
                let end = self.digits_end();
                let index = number(&self.src[self.pos..end]);
                if index <= self.total_groups {
                    self.pos = end;
                    return Ok(self.back_reference(&[index]));
                }
                if self.unicode {
                    return self.error(start, "Invalid escape");
                }
            }
            'k' if self.unicode || self.has_names => {
                self.pos += 1;
                if !self.eat('<') {
                    return self.error(start, "Invalid named reference");
                }
                let name = self.group_name(start)?;
                let fold = self.case_rule();
                let unresolved = Span { start: 0, len: 0 };
                let node = self.hir.back_reference(unresolved, fold);
                self.named_references.push((start, node, name));
                return Ok(node);
            }
            _ => {}
        }
        if let Some(escape) = self.character_class_escape(start)? {
            return match escape {
                ClassEscape::Set(set) => Ok(self.set(set)),
                ClassEscape::Strings(property) => self.string_property_node(property),
                ClassEscape::Character(c) => Ok(self.character(c)),
            };
        }
        match self.character_escape(start)? {
            Some(c) => Ok(self.character(c)),
            None => self.identity_node(start),
        }
    }

    fn identity_node(&mut self, start: usize) -> Result<NodeId> {
        let c = self.identity_escape(start)?;
        Ok(self.character(c))
    }

    fn digits_end(&self) -> usize {
        let rest = &self.src[self.pos..];
        self.pos + rest.iter().take_while(|&&u| super::is_digit(u)).count()
    }

    /// `\d \D \s \S \w \W` and, in Unicode mode, `\p{…} \P{…}`.
    pub(super) fn character_class_escape(&mut self, start: usize) -> Result<Option<ClassEscape>> {
        let Some(c) = self.ascii_at(0) else {
            return Ok(None);
        };
        let set = match c {
            'd' | 'D' => CodePointSet::from_ranges(DIGITS),
            's' | 'S' => CodePointSet::from_ranges(WHITE_SPACE),
            'w' | 'W' => self.word_set(),
            'p' | 'P' if self.unicode => return self.property_escape(start).map(Some),
            _ => return Ok(None),
        };
        self.pos += 1;
        let set = self.maybe_simple_fold(set);
        let set = if c.is_ascii_uppercase() { self.complement(&set) } else { set };
        Ok(Some(ClassEscape::Set(set)))
    }

    fn property_escape(&mut self, start: usize) -> Result<ClassEscape> {
        let negative = self.ascii_at(0) == Some('P');
        self.pos += 1;
        let invalid = "Invalid property name";
        if !self.eat('{') {
            return self.error(start, invalid);
        }
        let mut text = String::new();
        loop {
            match self.ascii_at(0) {
                Some('}') => break,
                Some(c @ ('A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '=')) => text.push(c),
                _ => return self.error(start, invalid),
            }
            self.pos += 1;
        }
        self.pos += 1;
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (&text[..], None),
        };
        match unicode::property(name, value) {
            Some(Property::Characters(set)) => {
                let set = self.maybe_simple_fold(set);
                Ok(ClassEscape::Set(if negative { self.complement(&set) } else { set }))
            }
            Some(Property::Strings(property)) if self.sets && !negative => Ok(ClassEscape::Strings(property)),
            _ => self.error(start, invalid),
        }
    }

    /// MaybeSimpleCaseFolding (22.2.2.9.5): with both `v` and `i`, set operations work on folded sets.
    pub(super) fn maybe_simple_fold(&self, set: CodePointSet) -> CodePointSet {
        if self.sets && self.mods.ignore_case { CaseRule::SimpleFold.canonical_set(&set) } else { set }
    }

    /// CharacterComplement (22.2.2.9.4).
    pub(super) fn complement(&self, set: &CodePointSet) -> CodePointSet {
        if self.sets && self.mods.ignore_case {
            crate::fold::simple_fold_fixpoints().subtract(set)
        } else {
            set.complement(self.max_char())
        }
    }

    /// CharacterEscape but IdentityEscape, after the backslash; `None` (nothing consumed) if none is here.
    pub(super) fn character_escape(&mut self, start: usize) -> Result<Option<u32>> {
        let Some(c) = self.ascii_at(0) else {
            return Ok(None);
        };
        let simple = match c {
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'v' => 0x0b,
            'c' => {
                if let Some(letter @ ('a'..='z' | 'A'..='Z')) = self.ascii_at(1) {
                    self.pos += 2;
                    return Ok(Some(u32::from(letter) % 32));
                }
                if self.unicode {
                    return self.error(start, "Invalid unicode escape");
                }
                // `\` stands for itself and `c` is read next (B.1.2).
                return Ok(Some(u32::from('\\')));
            }
            '0'..='9' => return self.digit_escape(c, start),
            'x' => {
                if let Some(value) = self.hex_digits_at(self.pos + 1, 2) {
                    self.pos += 3;
                    return Ok(Some(value));
                }
                if self.unicode {
                    return self.error(start, "Invalid escape");
                }
                return Ok(None);
            }
            'u' => return self.unicode_escape(start, self.unicode),
            _ => return Ok(None),
        };
        self.pos += 1;
        Ok(Some(simple))
    }

    /// `\0` and, outside Unicode mode, LegacyOctalEscapeSequence.
    fn digit_escape(&mut self, first: char, start: usize) -> Result<Option<u32>> {
        if self.unicode {
            if first != '0' || matches!(self.ascii_at(1), Some('0'..='9')) {
                return self.error(start, "Invalid decimal escape");
            }
            self.pos += 1;
            return Ok(Some(0));
        }
        if first >= '8' {
            return Ok(None);
        }
        let longest = if first <= '3' { 3 } else { 2 };
        let mut value = 0;
        for _ in 0..longest {
            let Some(digit @ '0'..='7') = self.ascii_at(0) else {
                break;
            };
            value = value * 8 + u32::from(digit) - u32::from('0');
            self.pos += 1;
        }
        Ok(Some(value))
    }

    /// RegExpUnicodeEscapeSequence at `u`; `None` (nothing consumed) if that is only a `u`.
    fn unicode_escape(&mut self, start: usize, unicode: bool) -> Result<Option<u32>> {
        let digits = self.pos + 1;
        if let Some(value) = self.hex_digits_at(digits, 4) {
            self.pos = digits + 4;
            let is_escape = self.ascii_at(0) == Some('\\') && self.ascii_at(1) == Some('u');
            if unicode
                && (0xd800..=0xdbff).contains(&value)
                && is_escape
                && let Some(trail @ 0xdc00..=0xdfff) = self.hex_digits_at(self.pos + 2, 4)
            {
                self.pos += 6;
                return Ok(Some(crate::hir::decode_pair(value as u16, trail as u16)));
            }
            return Ok(Some(value));
        }
        if !unicode {
            return Ok(None);
        }
        let message = "Invalid Unicode escape";
        self.pos = digits;
        if !self.eat('{') {
            return self.error(start, message);
        }
        let mut value = 0u32;
        let mut any = false;
        while let Some(digit) = self.ascii_at(0).and_then(|c| c.to_digit(16)) {
            value = value.saturating_mul(16).saturating_add(digit);
            any = true;
            self.pos += 1;
        }
        if !any || value > MAX_CODE_POINT || !self.eat('}') {
            return self.error(start, message);
        }
        Ok(Some(value))
    }

    fn hex_digits_at(&self, at: usize, count: usize) -> Option<u32> {
        let digits = self.src.get(at..at + count)?;
        digits.iter().try_fold(0, |value, &unit| {
            let digit = char::from(u8::try_from(unit).ok()?).to_digit(16)?;
            Some(value * 16 + digit)
        })
    }

    /// IdentityEscape, after the backslash.
    pub(super) fn identity_escape(&mut self, start: usize) -> Result<u32> {
        let Some(c) = self.peek_char() else {
            return self.error(start, "\\ at end of pattern");
        };
        let allowed = if self.unicode {
            char::from_u32(c).is_some_and(|c| "^$\\.*+?()[]{}|/".contains(c))
        } else {
            !(self.has_names && c == u32::from('k'))
        };
        if !allowed {
            return self.error(start, "Invalid escape");
        }
        self.next_char();
        Ok(c)
    }

    /// ClassEscape (without `v`) and the escapes of ClassSetOperand (with it), after the backslash.
    pub(super) fn class_escape(&mut self, start: usize) -> Result<ClassEscape> {
        let c = self.ascii_at(0);
        match c {
            Some('b') => {
                self.pos += 1;
                return Ok(ClassEscape::Character(0x08));
            }
            Some('-') if self.unicode && !self.sets => {
                self.pos += 1;
                return Ok(ClassEscape::Character(u32::from('-')));
            }
            Some(c) if self.sets && "&-!#%,:;<=>@`~".contains(c) => {
                self.pos += 1;
                return Ok(ClassEscape::Character(u32::from(c)));
            }
            // ClassControlLetter (B.1.2)
            Some('c') if !self.unicode => {
                if let Some(control @ ('0'..='9' | '_')) = self.ascii_at(1) {
                    self.pos += 2;
                    return Ok(ClassEscape::Character(u32::from(control) % 32));
                }
            }
            _ => {}
        }
        if let Some(escape) = self.character_class_escape(start)? {
            return Ok(escape);
        }
        match self.character_escape(start)? {
            Some(c) => Ok(ClassEscape::Character(c)),
            None => self.identity_escape(start).map(ClassEscape::Character),
        }
    }

    /// RegExpIdentifierName and `>`, after `<`.
    pub(super) fn group_name(&mut self, start: usize) -> Result<String> {
        let message = "Invalid capture group name";
        let mut name = String::new();
        loop {
            let c = match self.ascii_at(0) {
                Some('>') if !name.is_empty() => {
                    self.pos += 1;
                    return Ok(name);
                }
                Some('\\') => {
                    self.pos += 1;
                    if self.ascii_at(0) != Some('u') {
                        return self.error(start, message);
                    }
                    self.unicode_escape(start, true)?
                }
                // Names are code points in either mode.
                _ => match self.pair_at(self.pos) {
                    Some(c) => {
                        self.pos += 2;
                        Some(c)
                    }
                    None => {
                        let unit = self.peek_unit();
                        self.pos += 1;
                        unit.map(u32::from)
                    }
                },
            };
            match c.and_then(char::from_u32) {
                Some(c) if name.is_empty() && unicode::is_name_start(c) => name.push(c),
                Some(c) if !name.is_empty() && unicode::is_name_part(c) => name.push(c),
                _ => return self.error(start, message),
            }
        }
    }
}
