//! How deep a source text nests, found by a scan over its tokens: what bounds the native stack that compiling it takes.
//!
//! The parser, its semantic checks, the analysis and the lowering all recurse over the source's nesting. Two bounds of it are known here:
//!
//! * [`crude_bound`] counts the characters that can open a level at all. It is sound for any text, valid or not, and needs no tokens; but
//!   it grows with the length of a text that is merely long.
//! * [`scanned_bound`] follows the brackets. Within a pair, levels without brackets (operators, prefixes, chains of `else`) add up until the
//!   statement, or the element between commas, ends: what follows is beside them, not inside.
//!
//! The scan must tell a regular expression from a division, and where it cannot do so without parsing (a `/` behind a closing brace, or
//! behind `yield`), it gives up: `None`. So it never takes a bracket for text or text for a bracket. A text that is no program may come out
//! wrong only behind the place where the parser stops.

/// Native stack of a level that a bracket opens: the parser tries several readings of what an opening parenthesis may begin.
const BRACKET_COST: usize = if cfg!(debug_assertions) { 24 << 10 } else { 8 << 10 };
/// Native stack of any other level.
const OTHER_COST: usize = if cfg!(debug_assertions) { 6 << 10 } else { 2 << 10 };
/// What each level counts for at least.
pub const LEAST_COST: usize = OTHER_COST;

/// What a byte is to the scans: bits.
mod class {
    /// Opens a level: `(`, `[`, `{`, `` ` ``.
    pub const BRACKET: u8 = 1;
    /// A level without a bracket: an operator.
    pub const OPERATOR: u8 = 2;
    /// Goes on a word: ASCII letters, digits, `_`, `$`.
    pub const WORD: u8 = 4;
    /// May begin a word that is a level: `typeof`, `await`, `else`, `in`, …
    pub const LOWER: u8 = 8;
    /// `\\` and what is not ASCII: counts like a word, and goes on one.
    pub const OTHER: u8 = 16;
    /// White space but for line ends that are not ASCII.
    pub const SPACE: u8 = 32;
}

/// The classes of all bytes: scanning is most of what long texts cost before they are parsed, so a byte is looked up, not compared.
const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        table[i] = match byte {
            b'(' | b'[' | b'{' | b'`' => class::BRACKET,
            b'.' | b'=' | b'+' | b'-' | b'*' | b'/' | b'%' | b'!' | b'~' => class::OPERATOR,
            b'<' | b'>' | b'&' | b'|' | b'^' | b'?' | b':' | b'@' => class::OPERATOR,
            b'a'..=b'z' => class::WORD | class::LOWER,
            b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' => class::WORD,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => class::SPACE,
            0x80.. | b'\\' => class::OTHER,
            _ => 0,
        };
        i += 1;
    }
    table
};

fn is(byte: u8, classes: u8) -> bool {
    CLASSES[usize::from(byte)] & classes != 0
}

/// What the scan wants to know of a word: bits.
mod word {
    /// A `/` behind it begins a regular expression.
    pub const BEFORE_OPERAND: u8 = 1;
    /// Whether one does depends on the place.
    pub const AMBIGUOUS: u8 = 2;
    /// Its parenthesis is followed by a statement.
    pub const CONTROL: u8 = 4;
    /// A statement goes on with it behind `}` or `;`.
    pub const CONTINUES: u8 = 8;
}

/// The first eight bytes of a word, so that words are compared as numbers.
const fn key(word: &[u8]) -> u64 {
    let (mut key, mut i) = (0, 0);
    while i < word.len() && i < 8 {
        key |= (word[i] as u64) << (8 * i);
        i += 1;
    }
    key
}

macro_rules! words {
    ($($bits:expr => $($word:literal)*;)*) => {
        /// The bits of a word; 0 for most.
        fn bits_of_word(word: &[u8]) -> u8 {
            // Names in minified programs are mostly shorter, and others mostly longer.
            if word.len() < 2 || word.len() > 10 {
                return 0;
            }
            // All words that are looked for differ in their first eight bytes.
            let (known, bits): (&[u8], u8) = match key(word) {
                $($(k if k == const { key($word) } => ($word, $bits),)*)*
                _ => return 0,
            };
            if known == word { bits } else { 0 }
        }
    };
}

words! {
    word::BEFORE_OPERAND => b"case" b"default" b"delete" b"do" b"new" b"return" b"throw" b"typeof" b"void";
    word::BEFORE_OPERAND | word::CONTINUES => b"else" b"extends" b"in" b"instanceof";
    word::AMBIGUOUS => b"await" b"yield";
    word::AMBIGUOUS | word::CONTINUES => b"of";
    word::CONTROL => b"for" b"if";
    word::CONTROL | word::CONTINUES => b"while" b"with";
    word::CONTINUES => b"as" b"catch" b"finally" b"from" b"satisfies";
}

/// An upper bound of the stack that nesting takes, in bytes, for any text.
pub fn crude_bound(text: &str) -> usize {
    count(text.as_bytes())
}

fn count(text: &[u8]) -> usize {
    let (mut brackets, mut others) = (0usize, 0usize);
    let mut previous = class::SPACE;
    for &byte in text {
        let class = CLASSES[usize::from(byte)];
        brackets += usize::from(class & class::BRACKET != 0);
        others += usize::from(class & (class::OPERATOR | class::OTHER) != 0);
        // A word after a space or an operator.
        others += usize::from(class & class::LOWER != 0 && previous & class::WORD == 0);
        previous = class;
    }
    brackets * BRACKET_COST + others * OTHER_COST
}

fn is_operator(byte: u8) -> bool {
    is(byte, class::OPERATOR)
}

fn is_word(byte: u8) -> bool {
    is(byte, class::WORD)
}

/// As [`crude_bound`], but close for programs that are long and not deep; `None` where tokens cannot be told apart.
pub fn scanned_bound(text: &str) -> Option<usize> {
    Scanner { text: text.as_bytes(), at: 0, levels: vec![Level::default()], previous: Previous::Start }.run()
}

/// What the last token was, as far as a `/` behind it is concerned.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Previous {
    Start,
    /// A value ends here: a `/` divides.
    Operand,
    /// A value must follow: a `/` begins a regular expression.
    BeforeOperand,
    /// `.`: a word behind it is a property.
    Dot,
    /// `if`, `while`, …
    Control,
    /// `}`, `yield`, a prefix `++`: it depends on more than tokens.
    Unknown,
}

/// An open bracket, or the whole text.
#[derive(Default)]
struct Level {
    /// The character that ends it; 0: the end of the text.
    closer: u8,
    /// The parenthesis of `if (…)` and its like.
    control: bool,
    /// `${ … }` in a template.
    substitution: bool,
    /// Levels without brackets in the statement so far.
    own: usize,
    /// Of those, what the elements between commas have in common.
    prefix: Option<usize>,
    /// The deepest bracket in the statement or element so far, in bytes.
    inner: usize,
    /// The deepest of the statements and elements that have ended, in bytes.
    most: usize,
}

impl Level {
    fn total(&self) -> usize {
        self.most.max(self.own * OTHER_COST + self.inner)
    }

    fn end_statement(&mut self) {
        *self = Level { most: self.total(), own: 0, prefix: None, inner: 0, ..*self };
    }

    /// What stood before the first comma may enclose all elements.
    fn end_element(&mut self) {
        let prefix = self.prefix.unwrap_or(self.own);
        *self = Level { most: self.total(), own: prefix, prefix: Some(prefix), inner: 0, ..*self };
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    previous: Previous,
}

impl Scanner<'_> {
    fn run(mut self) -> Option<usize> {
        if self.text.starts_with(b"#!") {
            self.line_comment();
        }
        loop {
            self.skip_space()?;
            let Some(byte) = self.peek(0) else { break };
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => self.word(),
                b'(' | b'[' | b'{' => self.open(byte),
                b')' | b']' | b'}' => self.close(byte)?,
                b'"' | b'\'' => self.string(byte)?,
                b'`' => {
                    self.at += 1;
                    self.count_suffix();
                    self.template()?;
                }
                b'/' => self.slash()?,
                b'0'..=b'9' => self.number(),
                b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit()) => self.number(),
                b';' => {
                    self.at += 1;
                    self.previous = Previous::BeforeOperand;
                    if !self.statement_continues()? {
                        self.top().end_statement();
                    }
                }
                b',' => {
                    self.at += 1;
                    self.previous = Previous::BeforeOperand;
                    self.top().end_element();
                }
                _ if is(byte, class::WORD | class::OTHER) => self.word(),
                _ => self.operator(byte)?,
            }
        }
        // Levels that are never closed: the parser sees the end in their midst.
        while self.levels.len() > 1 {
            self.pop();
        }
        Some(self.top().total())
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    fn top(&mut self) -> &mut Level {
        self.levels.last_mut().expect("the level of the whole text is never popped")
    }

    fn pop(&mut self) -> Level {
        let level = self.levels.pop().expect("callers have seen a level above the first");
        let cost = if level.substitution { 2 * BRACKET_COST } else { BRACKET_COST };
        let top = self.top();
        top.inner = top.inner.max(level.total() + cost);
        level
    }

    /// White space and comments.
    #[inline]
    fn skip_space(&mut self) -> Option<()> {
        match self.peek(0) {
            Some(byte) if byte == b'/' || is(byte, class::SPACE) => self.skip_some_space(),
            _ => Some(()),
        }
    }

    #[inline(never)]
    fn skip_some_space(&mut self) -> Option<()> {
        loop {
            self.at += self.rest().iter().take_while(|&&b| is(b, class::SPACE)).count();
            if self.peek(0) != Some(b'/') {
                return Some(());
            }
            match self.peek(1) {
                Some(b'/') => self.line_comment(),
                Some(b'*') => {
                    let end = memchr::memmem::find(&self.text[self.at + 2..], b"*/")?;
                    self.at += end + 4;
                }
                _ => return Some(()),
            }
        }
    }

    fn line_comment(&mut self) {
        loop {
            let next = memchr::memchr3(b'\n', b'\r', 0xE2, self.rest());
            self.at = next.map_or(self.text.len(), |next| self.at + next);
            if next.is_none() || self.at_line_end() {
                return;
            }
            self.at += 1;
        }
    }

    /// LF, CR, U+2028 or U+2029.
    fn at_line_end(&self) -> bool {
        matches!(self.peek(0), Some(b'\n' | b'\r')) || matches!(self.rest(), [0xE2, 0x80, 0xA8 | 0xA9, ..])
    }

    fn open(&mut self, byte: u8) {
        self.at += 1;
        let closer = match byte {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        let control = self.previous == Previous::Control;
        self.count_suffix();
        self.levels.push(Level { closer, control, ..Level::default() });
        self.previous = Previous::BeforeOperand;
    }

    /// What stands behind a value (arguments, an index, a tagged template) has that value inside of it: in `a()()` brackets stand side by side and
    /// the calls nest.
    fn count_suffix(&mut self) {
        if matches!(self.previous, Previous::Operand | Previous::Unknown) {
            self.top().own += 1;
        }
    }

    fn close(&mut self, byte: u8) -> Option<()> {
        if self.top().closer != byte {
            return None;
        }
        self.at += 1;
        let level = self.pop();
        if level.substitution {
            return self.template();
        }
        self.previous = match byte {
            b'}' => Previous::Unknown,
            b')' if level.control => Previous::BeforeOperand,
            _ => Previous::Operand,
        };
        if byte == b'}' && self.new_statement_follows()? {
            self.top().end_statement();
        }
        Some(())
    }

    /// The word that comes next, behind white space and comments, without consuming it.
    fn next_word(&mut self) -> Option<&[u8]> {
        self.skip_space()?;
        let rest = self.rest();
        let length = rest.iter().take_while(|&&b| is_word(b)).count();
        Some(&rest[..length])
    }

    fn statement_continues(&mut self) -> Option<bool> {
        let word = self.next_word()?;
        Some(bits_of_word(word) & word::CONTINUES != 0)
    }

    /// Whether what follows a `}` cannot belong to its statement.
    fn new_statement_follows(&mut self) -> Option<bool> {
        let word = self.next_word()?;
        let starts = word.first().is_some_and(|b| b.is_ascii_alphabetic());
        Some(starts && bits_of_word(word) & word::CONTINUES == 0)
    }

    fn string(&mut self, quote: u8) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek(0)? {
                b'\\' => self.at += 2,
                b'\n' | b'\r' => return None,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        self.previous = Previous::Operand;
                        return Some(());
                    }
                }
            }
        }
    }

    /// A template's text, up to its end or the next substitution.
    fn template(&mut self) -> Option<()> {
        loop {
            match (self.peek(0)?, self.peek(1)) {
                (b'\\', _) => self.at += 2,
                (b'`', _) => {
                    self.at += 1;
                    self.previous = Previous::Operand;
                    return Some(());
                }
                (b'$', Some(b'{')) => {
                    self.at += 2;
                    self.levels.push(Level { closer: b'}', substitution: true, ..Level::default() });
                    self.previous = Previous::BeforeOperand;
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    fn slash(&mut self) -> Option<()> {
        match self.previous {
            Previous::Operand => self.operator(b'/'),
            Previous::BeforeOperand | Previous::Start => self.regexp(),
            Previous::Control | Previous::Dot | Previous::Unknown => None,
        }
    }

    /// A regular expression, whose own nesting is bounded crudely.
    fn regexp(&mut self) -> Option<()> {
        let start = self.at;
        let mut in_class = false;
        loop {
            self.at += 1;
            if self.at_line_end() {
                return None;
            }
            match self.peek(0)? {
                b'\\' => self.at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                _ => {}
            }
        }
        let cost = count(&self.text[start..self.at]);
        self.at += 1;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        let top = self.top();
        top.inner = top.inner.max(cost);
        self.previous = Previous::Operand;
        Some(())
    }

    /// A number, with what may follow it directly: `1.5e+3n`, `1..x`.
    fn number(&mut self) {
        let radix = matches!(self.rest(), [b'0', b'x' | b'X' | b'b' | b'B' | b'o' | b'O', ..]);
        while let Some(byte) = self.peek(0) {
            let exponent = !radix && matches!(byte, b'e' | b'E') && matches!(self.peek(1), Some(b'+' | b'-'));
            match byte {
                _ if exponent => self.at += 2,
                b'.' => {
                    self.top().own += 1;
                    self.at += 1;
                }
                _ if is_word(byte) => self.at += 1,
                _ => break,
            }
        }
        self.previous = Previous::Operand;
    }

    fn word(&mut self) {
        let start = self.at;
        loop {
            self.at += self.rest().iter().take_while(|&&b| is(b, class::WORD)).count();
            match self.peek(0) {
                Some(other) if is(other, class::OTHER) => {}
                _ => break,
            }
            // The braces of an escape such as \u{61} belong to the word.
            if self.rest().starts_with(b"\\u{") {
                self.at += self.rest().iter().take_while(|&&b| b != b'}').count();
            }
            self.at += 1;
        }
        self.at = self.at.min(self.text.len());
        let word = &self.text[start..self.at];
        let top = self.levels.last_mut().expect("the level of the whole text is never popped");
        top.own += 1;
        let bits = bits_of_word(word);
        if bits & word::CONTINUES != 0 {
            // Elements that end behind an `else` are inside of what stood before it.
            top.prefix = None;
        }
        self.previous = match self.previous {
            Previous::Dot => Previous::Operand,
            // `for await (`
            Previous::Control if word == b"await" => Previous::Control,
            _ if bits & word::BEFORE_OPERAND != 0 => Previous::BeforeOperand,
            _ if bits & word::AMBIGUOUS != 0 => Previous::Unknown,
            _ if bits & word::CONTROL != 0 => Previous::Control,
            _ => Previous::Operand,
        };
    }

    fn operator(&mut self, byte: u8) -> Option<()> {
        // What begins or ends a comment as in HTML does so in scripts only.
        let html = match byte {
            b'<' => self.rest().starts_with(b"<!--"),
            b'-' => self.rest().starts_with(b"-->"),
            _ => false,
        };
        if html {
            return None;
        }
        self.top().own += usize::from(is_operator(byte));
        if matches!(byte, b'+' | b'-') && self.peek(1) == Some(byte) {
            self.top().own += 1;
            self.at += 2;
            // Behind a value on the same line it is a postfix; a value has ended then too.
            let line_break =
                self.text[..self.at - 2].iter().rev().take_while(|b| b.is_ascii_whitespace()).any(|&b| b == b'\n');
            let postfix = self.previous == Previous::Operand && !line_break;
            self.previous = if postfix { Previous::Operand } else { Previous::Unknown };
            return Some(());
        }
        self.at += 1;
        self.previous =
            if byte == b'.' && self.peek(0) != Some(b'.') { Previous::Dot } else { Previous::BeforeOperand };
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that nest `n` levels deep, each in its own way.
    fn nested(n: usize) -> Vec<String> {
        let around = |open: &str, middle: &str, close: &str| open.repeat(n) + middle + &close.repeat(n);
        vec![
            around("(", "1", ")"),
            around("[", "", "]"),
            around("{", "", "}"),
            around("({a:", "1", "})"),
            around("(function(){", "", "})"),
            around("`${", "1", "}`"),
            around("try{", "", "}finally{}"),
            around("(class extends ", "Object", "{})"),
            around("class extends ", "Object", "{}"),
            around("!", "1", ""),
            around("typeof ", "1", ""),
            around("if(1)", ";", ""),
            around("if(0);else ", ";", ""),
            around("if(0){}else ", ";", ""),
            around("do ", ";", "while(0);"),
            around("do{x}while(0)", "", ""),
            around("0?1:", "2", ""),
            around("a=>", "1", ""),
            around("a=", "1", ""),
            around("1+", "1", ""),
            around("", "a", "()"),
            around("", "a", "[0]"),
            around("", "a", "``"),
            around("a.b", "", ""),
            around("f()", "", ""),
            around("new ", "A", ""),
            around("x:", ";", ""),
            around("0xE+", "1", ""),
            around("1e+1+", "1", ""),
            around("if(a)b,c;else ", "d", ""),
            format!("/{}/", around("(", "", ")")),
            format!("a[{}]", around("-", "1", "")),
            // Not closed, as a parser meets it before it reports the end.
            "(".repeat(n),
        ]
    }

    #[test]
    fn every_way_of_nesting_counts() {
        for text in nested(1000) {
            let start = &text[..text.len().min(40)];
            let found = scanned_bound(&text).unwrap_or_else(|| panic!("gave up: {start}"));
            assert!(found >= 1000 * OTHER_COST, "{start}: {found}");
            assert!(found <= 2 * crude_bound(&text), "{start}: {found}");
        }
    }

    #[test]
    fn what_stands_side_by_side_does_not_add_up() {
        let line =
            "function f(a,b){if(a>b){return a.x[b](c+'(',[1,2,{a:1}]);}else{return/[(]/.test(b)?a++/b:`x${a}`;}}\n";
        let one = scanned_bound(line).unwrap();
        assert_eq!(scanned_bound(&line.repeat(1000)), Some(one));
        assert!(one < 20 * BRACKET_COST);
        let array = format!("x=[{}]", "a.b(c),{d:e+f},".repeat(1000));
        assert!(scanned_bound(&array).unwrap() < 10 * BRACKET_COST);
        let class = format!("class C {{{}}}", "m(a) { return a.b; }\n".repeat(1000));
        assert!(scanned_bound(&class).unwrap() < 10 * BRACKET_COST);
    }

    #[test]
    fn text_is_told_from_brackets() {
        for text in [
            "'#'",
            "\"\\\"#\"",
            "`#`",
            "`${`#`}`",
            "// #",
            "/* # */",
            "/[#]/",
            "/[/#]/",
            "x = /\\/[#]/",
            "return /[#]/",
            "a.b = /[#]/",
            "if (x) /[#]/.test()",
            "for await (x) /[#]/",
            "(/[#]/)",
            "a ? /[#]/ : 1",
            "`a${b}#`",
        ] {
            // Closing brackets that no token opens end the scan, so they were not taken for tokens.
            assert!(scanned_bound(&text.replace('#', ")}(")).is_some(), "{text}");
        }
        for text in
            ["a / # / 2", "a++ / # / 2", "f(x) / # / 2", "a.return / # / 2", "a[0] / # / 2", "1. / # / 2", "`a` / # /1"]
        {
            let deep = scanned_bound(&text.replace('#', &("(".repeat(100) + "1")));
            assert!(deep.is_some_and(|bound| bound >= 100 * BRACKET_COST), "{text}");
        }
    }

    #[test]
    fn what_needs_a_parser_is_left_to_the_crude_bound() {
        for text in ["{} /[(]/", "yield /[(]/", "++/[(]/", "a <!-- (", "--> (", "'a\n'", "`", "/*", "(]", "/a\n/"] {
            assert_eq!(scanned_bound(text), None, "{text}");
        }
    }
}
