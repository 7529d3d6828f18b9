//! Times of matching, in nanoseconds per pass over a text: `bench [FILTER]`; `bench --js` prints the same program in
//! JavaScript, for other engines.

use std::hint::black_box;
use std::time::Instant;
use tercel_regexp::{Flags, Input, Regex, Scratch};

/// Name, pattern, flags, text. A pass counts all matches, one after the other.
const CASES: &[(&str, &str, &str, Text)] = &[
    ("email", r"(\w+)@(\w+)\.example\.(org|com)", "", Text::Log),
    ("date", r"(\d{4})-(\d\d)-(\d\d)", "", Text::Log),
    ("separators", r"[,;]\s*", "", Text::Log),
    ("digits-of-date", r"1\d-0[1-5]-", "", Text::Log),
    ("anchored", r"^a+b?c$", "", Text::Short),
    ("url", r"^(([^:\/?#]+):)?(\/\/([^\/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?$", "", Text::Url),
    ("literal", r"Sherlock", "", Text::Prose),
    ("literal-i", r"sherlock", "i", Text::Prose),
    ("alternatives", r"Holmes|Watson|Adler|Moriarty", "", Text::Prose),
    ("alternatives-i", r"holmes|watson|adler|moriarty", "i", Text::Prose),
    ("keywords", r"\b(?:the|and|was|that|with|have|from)\b", "", Text::Prose),
    ("words", r"\b\w+\b", "", Text::Prose),
    ("ing", r"[a-z]+ing\b", "", Text::Prose),
    ("before-literal", r"\w+\s+Holmes", "", Text::Prose),
    ("quoted", r#""(?:[^"\\]|\\.)*""#, "", Text::Json),
    ("lazy", r#""(.*?)""#, "", Text::Json),
    ("number", r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", "", Text::Json),
    ("token", r#"\s*(?:([{}\[\],:])|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)|(true|false|null))"#, "y", Text::Json),
    ("trim", r"^\s+|\s+$", "", Text::Prose),
    ("spaces", r"\s+", "", Text::Prose),
    ("dot-star", r".*Holmes.*", "", Text::Prose),
    ("doubled", r"(\w)\1", "", Text::Prose),
    ("lookahead", r"\w+(?=,)", "", Text::Prose),
    ("lookbehind", r"(?<=Mr\. )\w+", "", Text::Prose),
    ("capitalized-u", r"\p{Lu}\p{Ll}+", "u", Text::Prose),
    ("class-utf16", r"[^\x00-\x7f]+", "", Text::Wide),
    ("words-utf16", r"\b\w+\b", "", Text::Wide),
    ("dot-u-utf16", r".", "u", Text::Wide),
    ("literal-utf16", r"Holmes", "", Text::Wide),
    ("group-star", r"(?:[a-z]+ )+", "", Text::Prose),
    ("counted", r"(?:\w{3,8}\s){2,4}", "", Text::Prose),
    ("catastrophic", r"(x+x+)+y", "", Text::Exes),
];

#[derive(Clone, Copy, PartialEq)]
enum Text {
    Log,
    Short,
    Url,
    Prose,
    Json,
    Wide,
    Exes,
}

impl Text {
    /// JavaScript that makes the text; Rust below makes the same.
    fn js(self) -> &'static str {
        match self {
            Text::Log => {
                "(() => { let s = ''; for (let i = 0; i < 2000; i++) s += 'user' + i + '@host' + (i % 97) + '.example.org, 20' + (10 + i % 20) + '-0' + (1 + i % 9) + '-1' + (i % 10) + '; '; return s; })()"
            }
            Text::Short => "'aaabc'",
            Text::Url => "'http://www.example.org:8080/a/path/to/some?query=1&x=2#fragment'",
            Text::Prose => {
                "'It was the best of times; Mr. Watson had been talking and walking with Sherlock Holmes, from the morning on. \"I have thought that little letters, for the most part, keep happening\", said Holmes.\\n  '.repeat(200)"
            }
            Text::Json => {
                "'{\"name\": \"a \\\\\"quoted\\\\\" name\", \"values\": [1, -2.5, 3e10, true, null], \"text\": \"some longer text here\"}, '.repeat(200)"
            }
            Text::Wide => "'Привет мир, Sherlock Holmes \u{1f600} met 福尔摩斯 and naïve café goers; '.repeat(200)",
            Text::Exes => "'x'.repeat(18)",
        }
    }

    fn make(self) -> Vec<u16> {
        let text = match self {
            Text::Log => (0..2000)
                .map(|i| {
                    format!(
                        "user{i}@host{}.example.org, 20{}-0{}-1{}; ",
                        i % 97,
                        10 + i % 20,
                        1 + i % 9,
                        i % 10
                    )
                })
                .collect(),
            Text::Short => "aaabc".to_string(),
            Text::Url => {
                "http://www.example.org:8080/a/path/to/some?query=1&x=2#fragment".to_string()
            }
            Text::Prose => "It was the best of times; Mr. Watson had been talking and walking with Sherlock Holmes, from the morning on. \"I have thought that little letters, for the most part, keep happening\", said Holmes.\n  ".repeat(200),
            Text::Json => "{\"name\": \"a \\\"quoted\\\" name\", \"values\": [1, -2.5, 3e10, true, null], \"text\": \"some longer text here\"}, ".repeat(200),
            Text::Wide => "Привет мир, Sherlock Holmes \u{1f600} met 福尔摩斯 and naïve café goers; ".repeat(200),
            Text::Exes => "x".repeat(18),
        };
        text.encode_utf16().collect()
    }
}

fn count(regex: &Regex, input: Input<'_>, len: usize, scratch: &mut Scratch) -> usize {
    let (mut count, mut at) = (0, 0);
    while at <= len && regex.exec(input, at, scratch, &mut || true) == Ok(true) {
        count += 1;
        let (start, end) = scratch.group(0).unwrap_or((len, len));
        at = if end == start { end + 1 } else { end };
    }
    count
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    if filter == "--js" {
        return print_js();
    }
    let mut scratch = Scratch::new();
    for &(name, pattern, flags, text) in CASES.iter().filter(|c| c.0.contains(&filter)) {
        let flags = Flags::parse(flags.chars()).unwrap_or_default();
        let regex = match Regex::compile(pattern, flags) {
            Ok(regex) => regex,
            Err(error) => {
                eprintln!("{name}: {error}");
                std::process::exit(1);
            }
        };
        let units = text.make();
        let bytes: Option<Vec<u8>> = units.iter().map(|&u| u8::try_from(u).ok()).collect();
        let input = match &bytes {
            Some(bytes) => Input::Latin1(bytes),
            None => Input::Utf16(&units),
        };
        let mut best = f64::INFINITY;
        let mut found = 0;
        for _ in 0..5 {
            let (mut passes, start) = (0, Instant::now());
            while start.elapsed().as_millis() < 20 {
                found = black_box(count(&regex, black_box(input), units.len(), &mut scratch));
                passes += 1;
            }
            best = best.min(start.elapsed().as_nanos() as f64 / f64::from(passes));
        }
        println!("{name:16} {best:12.0} {found:8}");
    }
}

fn print_js() {
    println!("const out = typeof print === 'function' ? print : console.log;");
    println!("const cases = [");
    for (name, pattern, flags, text) in CASES {
        println!("[{name:?}, /{pattern}/g{flags}, {}],", text.js());
    }
    println!("];");
    println!("{JS_LOOP}");
}

/// Counts and times as `main` does.
const JS_LOOP: &str = r#"function count(re, t) { let n = 0; re.lastIndex = 0; while (true) { const at = re.lastIndex; if (!re.test(t)) return n; n++; if (re.lastIndex === at) re.lastIndex++; } }
for (const [name, re, text] of cases) {
  let best = Infinity, n = 0;
  for (let i = 0; i < 5; i++) {
    let passes = 0; const start = performance.now();
    while (performance.now() - start < 20) { n = count(re, text); passes++; }
    best = Math.min(best, (performance.now() - start) * 1e6 / passes);
  }
  out(name.padEnd(16) + " " + best.toFixed(0).padStart(12) + " " + String(n).padStart(8));
}"#;
