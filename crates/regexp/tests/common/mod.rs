//! Random patterns and inputs, and the matcher behind a plain interface, for the differential tests.

#![allow(dead_code)] // Each test program uses its part.

use tercel_regexp::{ExecError, Flags, Input, Regex, Scratch};

/// A small generator of pseudo-random numbers (SplitMix64), so that a seed names a test case.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// One case: a pattern, flags, and inputs with the index to start at.
#[derive(Debug, Clone)]
pub struct Case {
    pub pattern: Vec<u16>,
    pub flags: String,
    pub inputs: Vec<(Vec<u16>, usize)>,
}

/// What the cases may use.
#[derive(Clone, Copy)]
pub struct Options {
    /// `(?i-m:…)` and a name in several alternatives
    pub es2025: bool,
    pub lookbehind: bool,
    pub unicode_sets: bool,
    pub lone_surrogates: bool,
    pub annex_b: bool,
    /// Only what all engines agree on: characters of the BMP that fold as anyone would guess, plain quantifiers.
    pub plain: bool,
}

/// Characters that patterns and inputs share: letters with unusual case mappings, digits, line ends, a
/// surrogate pair.
const CHARS: [&str; 24] = [
    "a", "a", "a", "b", "b", "c", "A", "B", "k", "K", "s", "S", "1", "_", " ", "-", "\n", "\u{212a}", "\u{17f}", "é",
    "É", "µ", "ß", "😀",
];

const PLAIN: [&str; 14] = ["a", "a", "a", "b", "b", "c", "A", "B", "1", "_", " ", "-", "\n", "é"];

pub struct Generator<'r> {
    rng: &'r mut Rng,
    options: Options,
    unicode: bool,
    sets: bool,
    /// `v` and `i`: V8 folds `\p{ASCII}`, `\q{…}` and subtractions wrongly there, so these are left out.
    folded_sets: bool,
    groups: usize,
    names: usize,
    looks: usize,
    out: Vec<u16>,
}

impl<'r> Generator<'r> {
    pub fn case(rng: &'r mut Rng, options: Options) -> Case {
        let mut flags = String::new();
        for flag in ["i", "m", "s", "y"] {
            if rng.chance(if flag == "i" { 3 } else { 6 }) {
                flags.push_str(flag);
            }
        }
        match rng.below(4) {
            0 => flags.push('u'),
            1 if options.unicode_sets => flags.push('v'),
            _ => {}
        }
        let mut generator = Generator {
            unicode: flags.contains(['u', 'v']),
            sets: flags.contains('v'),
            folded_sets: flags.contains('v') && flags.contains('i'),
            rng,
            options,
            groups: 0,
            names: 0,
            looks: 0,
            out: Vec::new(),
        };
        let depth = 1 + generator.rng.below(4);
        generator.disjunction(depth);
        let pattern = std::mem::take(&mut generator.out);
        let inputs = (0..4).map(|_| generator.input()).collect();
        Case { pattern, flags, inputs }
    }

    fn push(&mut self, text: &str) {
        self.out.extend(text.encode_utf16());
    }

    fn pick_char(&mut self) -> &'static str {
        let chars: &[&str] = if self.options.plain { &PLAIN } else { &CHARS };
        chars[self.rng.below(chars.len())]
    }

    fn input(&mut self) -> (Vec<u16>, usize) {
        let mut units: Vec<u16> = Vec::new();
        for _ in 0..self.rng.below(12) {
            if self.options.lone_surrogates && self.rng.chance(16) {
                units.push(if self.rng.chance(2) { 0xd83d } else { 0xde00 });
            } else {
                units.extend(self.pick_char().encode_utf16());
            }
        }
        let mut start = 0;
        if self.rng.chance(3) {
            start = self.rng.below(units.len() + 1);
            // Where an attempt from within a surrogate pair begins, V8 decides by the kind of pattern.
            if self.unicode && start > 0 && (0xd800..0xdc00).contains(&units[start - 1]) {
                start -= 1;
            }
        }
        (units, start)
    }

    fn disjunction(&mut self, depth: usize) {
        for i in 0..[1, 1, 1, 2, 2, 3, 4][self.rng.below(7)] {
            if i > 0 {
                self.push("|");
            }
            for _ in 0..self.rng.below(4) {
                self.term(depth);
            }
        }
    }

    fn term(&mut self, depth: usize) {
        let kind = self.rng.below(if depth == 0 { 10 } else { 16 });
        match kind {
            0 => {
                let assertion = self.rng.pick(&["^", "$", "\\b", "\\B"]);
                self.push(assertion);
                return;
            }
            1 => self.class(),
            2 => self.escape(),
            3 => self.reference(),
            4 => self.push("."),
            5..=9 => self.character(),
            10..=12 => self.group(depth),
            // With `u`, V8 (14) reads classes wrongly near modifiers; out of lookarounds, it leaks them.
            13 if self.options.es2025 && !self.unicode && self.looks == 0 => {
                let modifiers = self.rng.pick(&["(?i:", "(?-i:", "(?s-i:", "(?m:", "(?-ms:", "(?i-s:"]);
                self.enclosed(modifiers, depth);
            }
            14 if self.options.es2025 => {
                self.names += 1;
                self.groups += 2;
                let n = self.names;
                self.enclosed(&format!("(?:(?<n{n}>"), depth);
                self.enclosed(&format!("|x?(?<n{n}>"), depth);
                self.push(")");
            }
            15 if self.options.lookbehind && self.rng.chance(2) => {
                let open = self.rng.pick(&["(?<=", "(?<!"]);
                self.look(open, depth);
                return;
            }
            _ => {
                let open = self.rng.pick(&["(?=", "(?!"]);
                self.look(open, depth);
                if self.unicode || !self.options.annex_b {
                    return;
                }
            }
        }
        // Loops over groups that may be empty take `regress` for ever.
        if self.rng.chance(3) && !(self.options.plain && kind >= 10) {
            let all = ["*", "+", "?", "*", "+", "{2}", "{0,1}", "{1,2}", "{2,}", "{0}", "{0,3}", "{1}"];
            let quantifier = self.rng.pick(&all);
            self.push(quantifier);
            if self.rng.chance(3) {
                self.push("?");
            }
        }
    }

    fn enclosed(&mut self, open: &str, depth: usize) {
        self.push(open);
        self.disjunction(depth - 1);
        self.push(")");
    }

    fn look(&mut self, open: &str, depth: usize) {
        self.looks += 1;
        self.enclosed(open, depth);
        self.looks -= 1;
    }

    fn group(&mut self, depth: usize) {
        if self.rng.chance(3) {
            return self.enclosed("(?:", depth);
        }
        self.groups += 1;
        if self.rng.chance(5) {
            self.names += 1;
            let open = format!("(?<n{}>", self.names);
            self.enclosed(&open, depth);
        } else {
            self.enclosed("(", depth);
        }
    }

    fn character(&mut self) {
        if self.options.lone_surrogates && self.rng.chance(20) {
            let unit = if self.rng.chance(2) { 0xd83d } else { 0xde00 };
            self.out.push(unit);
            return;
        }
        let c = self.pick_char();
        self.push(if c == "\n" { "\\n" } else { c });
    }

    fn escape(&mut self) {
        let common = ["\\d", "\\D", "\\s", "\\S", "\\w", "\\W", "\\x61", "\\u0061", "\\n", "\\/", "\\.", "\\cA", "\\0"];
        let unicode = [
            "\\u{61}",
            "\\u{1f600}",
            "\\ud83d\\ude00",
            "\\p{Lu}",
            "\\P{Lu}",
            "\\p{ASCII}",
            "\\P{L}",
            "\\u{d83d}",
            "\\p{Script=Greek}",
            "\\p{Ll}",
        ];
        let annex_b = ["\\a", "\\8", "\\07", "\\377", "\\u{2}", "\\c", "\\x1", "]", "}", "\\-"];
        let lone = ["\\ud83d", "\\ude00"];
        let text = match self.rng.below(4) {
            0 if self.unicode && !self.folded_sets && !self.options.plain => self.rng.pick(&unicode),
            0 if self.options.annex_b => self.rng.pick(&annex_b),
            1 if self.options.lone_surrogates => self.rng.pick(&lone),
            _ => self.rng.pick(&common),
        };
        self.push(text);
    }

    fn reference(&mut self) {
        // `regress` keeps the captures of abandoned alternatives for backreferences.
        if self.options.plain {
            return self.character();
        }
        if self.names > 0 && self.rng.chance(3) {
            let name = format!("\\k<n{}>", 1 + self.rng.below(self.names));
            self.push(&name);
        } else if self.groups > 0 {
            let group = format!("(?:\\{})", 1 + self.rng.below(self.groups));
            self.push(&group);
        } else {
            self.character();
        }
    }

    fn class(&mut self) {
        let open = self.rng.pick(&["[", "[", "[^"]);
        self.push(open);
        if self.sets && self.rng.chance(2) {
            self.set_operation(open == "[^");
        } else {
            // V8 (11) loses the quantifier after `[^]` with `v`.
            for _ in 0..usize::from(self.sets) + self.rng.below(4) {
                self.class_item();
            }
        }
        self.push("]");
    }

    fn class_item(&mut self) {
        match self.rng.below(8) {
            0 => self.push("a-c"),
            1 => {
                let range = self.rng.pick(&["A-Z", "0-9", "a-z", "\\x00-\\x7f", "à-ÿ", "\\u2000-\\u2fff", "I-t"]);
                self.push(range);
            }
            2 => {
                let set = self.rng.pick(&["\\d", "\\D", "\\s", "\\S", "\\w", "\\W"]);
                self.push(set);
            }
            3 if self.unicode && !self.options.plain => {
                let property = self.rng.pick(&["\\p{Lu}", "\\P{Lu}", "\\p{L}", "\\u{1f600}", "😀-😃"]);
                self.push(property);
            }
            4 if self.options.lone_surrogates => {
                let unit = self.rng.pick(&["\\ud83d", "\\ude00"]);
                self.push(unit);
            }
            _ => match self.pick_char() {
                "-" => self.push("\\-"),
                c => self.push(c),
            },
        }
    }

    fn set_operation(&mut self, negated: bool) {
        if self.folded_sets {
            let operation =
                self.rng.pick(&["[a-c]\\d", "\\w&&[a-c]", "[A-Zk][ab😀]", "\\W&&[^\\d]", "\\p{Lu}k", "\\P{Lu}&&[b-f]"]);
            return self.push(operation);
        }
        let operator = self.rng.pick(&["", "&&", "--"]);
        for i in 0..2 + self.rng.below(2) {
            if i > 0 {
                self.push(operator);
            }
            let operand = self.rng.pick(&[
                "[a-c]",
                "[^a]",
                "\\w",
                "\\W",
                "\\p{Lu}",
                "\\P{Lu}",
                "\\p{ASCII}",
                "[A-Zk]",
                "a",
                "K",
                "\\d",
                "[ab😀]",
            ]);
            self.push(operand);
            if !negated && self.rng.chance(3) {
                self.push(operator);
                let strings = self.rng.pick(&[
                    "\\q{a|ab|abc}",
                    "\\q{bc|b}",
                    "\\q{|aa|K}",
                    "[\\q{ab|a}b]",
                    "\\p{Emoji_Keycap_Sequence}",
                ]);
                self.push(strings);
            }
        }
    }
}

/// The captures of one match, each start and end; `None` for groups that took no part.
pub type Captures = Vec<Option<(usize, usize)>>;

/// What one input gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Match(Captures),
    NoMatch,
    GaveUp,
}

/// Runs the matcher over an input, in both widths where the input allows it, and demands equal results.
pub fn run(regex: &Regex, input: &[u16], start: usize, scratch: &mut Scratch) -> Outcome {
    let wide = run_one(regex, Input::Utf16(input), start, scratch);
    if input.iter().all(|&u| u < 0x100) {
        let bytes: Vec<u8> = input.iter().map(|&u| u as u8).collect();
        let narrow = run_one(regex, Input::Latin1(&bytes), start, scratch);
        assert_eq!(narrow, wide, "Latin-1 and UTF-16 differ\n{}", regex.program());
    }
    wide
}

pub fn run_one(regex: &Regex, input: Input<'_>, start: usize, scratch: &mut Scratch) -> Outcome {
    let mut polls = 0;
    let mut poll = || {
        polls += 1;
        polls < 2000
    };
    match regex.exec(input, start, scratch, &mut poll) {
        Ok(true) => Outcome::Match((0..=regex.group_count()).map(|g| scratch.group(g)).collect()),
        Ok(false) => Outcome::NoMatch,
        Err(ExecError::Interrupted | ExecError::StackLimit) => Outcome::GaveUp,
    }
}

/// Compiles a case's pattern; `None` if it is a syntax error.
pub fn compile(case: &Case) -> Option<Regex> {
    let flags = Flags::parse(case.flags.chars()).expect("generated flags are valid");
    Regex::compile(&case.pattern[..], flags).ok()
}

/// The size of a random test: `TERCEL_REGEXP_CASES`, or the default.
pub fn case_count(default: u64) -> u64 {
    let wanted = std::env::var("TERCEL_REGEXP_CASES").ok();
    wanted.map_or(default, |n| n.parse().expect("TERCEL_REGEXP_CASES is a number"))
}

/// The first seed: `TERCEL_REGEXP_SEED`, or 0.
pub fn first_seed() -> u64 {
    let wanted = std::env::var("TERCEL_REGEXP_SEED").ok();
    wanted.map_or(0, |n| n.parse().expect("TERCEL_REGEXP_SEED is a number"))
}
