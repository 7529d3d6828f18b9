//! Patterns and inputs of any size end in a result or a clean error: no crash, no unbounded stack, no long silence.

use tercel_regexp::{ExecError, Flags, Input, Regex, Scratch};

fn compile(pattern: &str, flags: &str) -> Regex {
    let flags = Flags::parse(flags.chars()).unwrap();
    Regex::compile(pattern, flags).unwrap_or_else(|e| panic!("{e}"))
}

fn message(pattern: &str, flags: &str) -> String {
    let flags = Flags::parse(flags.chars()).unwrap();
    let error = Regex::compile(pattern, flags).err().expect("the pattern is refused");
    error.message.into_owned()
}

fn exec(regex: &Regex, text: &str) -> Result<Option<(usize, usize)>, ExecError> {
    let mut scratch = Scratch::new();
    let found = regex.exec(Input::Latin1(text.as_bytes()), 0, &mut scratch, &mut || true)?;
    Ok(found.then(|| scratch.group(0).unwrap()))
}

/// Runs on a thread with a small stack, as a regular expression may be used deep in a program's recursion.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 10);
    let outcome = thread.spawn(work).unwrap().join();
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn nesting_needs_no_native_stack() {
    on_small_stack(|| {
        const DEPTH: usize = 100_000;
        assert_eq!(message(&nested("(", "a", ")", DEPTH), ""), "Too many captures");
        assert_eq!(message(&"(?:".repeat(DEPTH), ""), "Unterminated group");
        assert_eq!(message(&")".repeat(DEPTH), ""), "Unmatched ')'");
        let regex = compile(&nested("(?:", "a", ")", DEPTH), "");
        assert_eq!(exec(&regex, "ba"), Ok(Some((1, 2))));
        let regex = compile(&nested("(?:x|", "a", ")", DEPTH), "");
        assert_eq!(exec(&regex, "ba"), Ok(Some((1, 2))));
        let regex = compile(&nested("(?:b", "a", "c)", DEPTH), "");
        assert_eq!(exec(&regex, "ba"), Ok(None));
        let regex = compile(&nested("(?=", "a", ")", DEPTH), "");
        assert_eq!(exec(&regex, "ba"), Ok(Some((1, 1))));
        let regex = compile(&nested("(?<!b", "a", ")", DEPTH), "");
        assert!(exec(&regex, "ba").is_ok());
        let regex = compile(&nested("(?:", "a", ")*", 2_000), "");
        assert_eq!(exec(&regex, "aab"), Ok(Some((0, 2))));
        let regex = compile(&nested("(", "a", ")", 30_000), "");
        assert_eq!(exec(&regex, "ba"), Ok(Some((1, 2))));
        assert_eq!(regex.group_count(), 30_000);
        let regex = compile(&nested("[", "a", "]", DEPTH), "v");
        assert_eq!(exec(&regex, "ba"), Ok(Some((1, 2))));
        assert_eq!(message(&"[".repeat(DEPTH), "v"), "Unterminated character class");
        let regex = compile(&nested("(?i:(?-i:", "a", "))", DEPTH / 2), "");
        assert_eq!(exec(&regex, "Aa"), Ok(Some((1, 2))));
    });
}

#[test]
fn too_many_groups_or_classes_are_refused() {
    assert_eq!(compile(&"()".repeat(32_767), "").group_count(), 32_767);
    assert_eq!(message(&"()".repeat(32_768), ""), "Too many captures");
    let classes: String =
        (0..70_000u32).map(|i| format!("[\\u{{{:x}}}x\\u{{{:x}}}]", 0x1_0000 + 2 * i, 0x1_0001 + 4 * i)).collect();
    assert_eq!(message(&classes, "u"), "Regular expression too large");
}

#[test]
fn large_classes_and_alternations_compile_in_reasonable_time() {
    let ranges: String = (0..50_000u32).map(|i| format!("\\u{{{:x}}}", 0x100 + 3 * i)).collect();
    for flags in ["u", "v", "iu"] {
        let regex = compile(&format!("[a{ranges}]"), flags);
        assert_eq!(exec(&regex, "ba"), Ok(Some((1, 2))));
    }
    let words: Vec<String> = (0..100_000).map(|i| format!("word{i}")).collect();
    let regex = compile(&words.join("|"), "");
    assert_eq!(exec(&regex, "a word99"), Ok(Some((2, 7))));
    let singles: Vec<&str> = std::iter::repeat_n("a", 100_000).collect();
    assert_eq!(exec(&compile(&singles.join("|"), ""), "ba"), Ok(Some((1, 2))));
    let literal = "ab".repeat(500_000);
    assert_eq!(exec(&compile(&literal, ""), &literal), Ok(Some((0, 1_000_000))));
    assert_eq!(exec(&compile(&literal, "i"), &literal), Ok(Some((0, 1_000_000))));
    assert_eq!(exec(&compile(&format!("(?<={literal})"), ""), &literal), Ok(Some((1_000_000, 1_000_000))));
}

#[test]
fn huge_bounds_are_bounds() {
    for (pattern, text, expected) in [
        ("a{0,4294967295}", "aaa", Some((0, 3))),
        ("a{0,4294967296}b", "aaab", Some((0, 4))),
        ("(?:ab){0,99999999999999999999}", "abab", Some((0, 4))),
        ("a{4294967295}", "aaa", None),
        ("(?:ab?){4294967295,}", "aaa", None),
        ("(?:a{65536}){65536}", "aaa", None),
        ("(?:){4294967295}", "", Some((0, 0))),
        ("(?:\\b|^){99999999999}x", "x", Some((0, 1))),
        ("(a{2147483648}){2147483648}", "aaa", None),
        ("a{2147483648,4294967297}?", "aaa", None),
    ] {
        assert_eq!(exec(&compile(pattern, ""), text), Ok(expected), "/{pattern}/");
    }
    assert_eq!(message("a{99999999999999999999,99999999999999999998}", ""), "numbers out of order in {} quantifier");
    compile("a{00000000000000000000002,3}", "");
    // Required empty iterations are really made, each of them: the poll ends them.
    let regex = compile("(a?){4294967295}", "");
    let mut polls = 0;
    let mut poll = || {
        polls += 1;
        polls < 100
    };
    let found = regex.exec(Input::Latin1(b"b"), 0, &mut Scratch::new(), &mut poll);
    assert_eq!(found, Err(ExecError::Interrupted));
}

#[test]
fn catastrophic_patterns_end_by_the_poll() {
    let text = "a".repeat(60);
    for (pattern, flags) in [
        ("(a+)+b", ""),
        ("(a*)*b", ""),
        ("(?:a|aa)+$b", ""),
        ("(a?){60}a{60}b", ""),
        ("^(?:a+?)+?b", ""),
        ("(?=(a+)+b)", ""),
        ("(?!(a+)+b)x", ""),
        ("(?<=b(a+)+)c|c", ""),
        ("(?:(a)|a)+b", ""),
        ("(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x\\1", ""),
        ("([a-z]+)*A", "u"),
    ] {
        let regex = compile(pattern, flags);
        let mut polls = 0;
        let mut poll = || {
            polls += 1;
            polls < 100
        };
        let mut scratch = Scratch::new();
        let found = regex.exec(Input::Latin1(text.as_bytes()), 0, &mut scratch, &mut poll);
        // A few are not catastrophic here; what counts is that the others stop when told to.
        if found != Ok(false) {
            assert_eq!((found, polls), (Err(ExecError::Interrupted), 100), "/{pattern}/");
        }
    }
    // The classic does need the poll.
    let regex = compile("(a+)+b", "");
    let mut scratch = Scratch::new();
    let found = regex.exec(Input::Latin1(text.as_bytes()), 0, &mut scratch, &mut || false);
    assert_eq!(found, Err(ExecError::Interrupted));
}

#[test]
fn the_backtrack_stack_is_bounded_and_counted() {
    let regex = compile("(?:a|b|ab)*c", "");
    let text = "ab".repeat(1_000_000);
    let mut scratch = Scratch::with_limit(1 << 20);
    let found = regex.exec(Input::Latin1(text.as_bytes()), 0, &mut scratch, &mut || true);
    assert_eq!(found, Err(ExecError::StackLimit));
    assert!(scratch.bytes() <= (1 << 20) + 1024, "{}", scratch.bytes());
    assert!(scratch.bytes() > 1 << 19, "{}", scratch.bytes());
    // It can be used again, and its memory given back.
    let found = regex.exec(Input::Latin1(b"abc"), 0, &mut scratch, &mut || true);
    assert_eq!((found, scratch.group(0)), (Ok(true), Some((0, 3))));
    scratch.shrink_to(4096);
    assert!(scratch.bytes() <= 4096 + 1024, "{}", scratch.bytes());
    let mut nothing = Scratch::with_limit(0);
    let found = regex.exec(Input::Latin1(b"abab"), 0, &mut nothing, &mut || true);
    assert_eq!(found, Err(ExecError::StackLimit));
}

#[test]
fn matching_again_allocates_nothing() {
    let regex = compile("(\\w+?)(?:,|;)(?=(x|y)*z)\\1", "i");
    let mut scratch = Scratch::new();
    let text = Input::Latin1(b"ab,xyz AB;ab;zzz--ab,ab,ab");
    let first = regex.exec(text, 0, &mut scratch, &mut || true);
    let bytes = scratch.bytes();
    for _ in 0..100 {
        assert_eq!(regex.exec(text, 0, &mut scratch, &mut || true), first);
        assert_eq!(scratch.bytes(), bytes);
    }
}

/// Every kind of scan and loop over a long text polls, in proportion to the text.
#[test]
fn long_scans_poll() {
    const LEN: usize = 4 << 20;
    let narrow = vec![b'a'; LEN];
    let wide = vec![u16::from(b'a'); LEN];
    for (pattern, flags, least) in [
        ("x", "", 20),
        ("xyz", "", 20),
        ("x[yz]w", "", 20),
        ("[xyz][vw]", "", 20),
        ("[b-z]", "", 100),
        ("^x", "m", 100),
        ("(?<=xy)z", "", 20),
        ("[^b]*", "", 100),
        ("[a-c]*", "", 100),
        ("[^b]*?b", "", 100),
        ("a*b", "", 100),
        ("(?:aa)*b", "y", 100),
        ("(?:a|b)*?c", "y", 100),
        ("(?:ab?)*", "y", 100),
        ("(a*)\\1$", "y", 100),
        (".*", "u", 100),
        ("[^b]*?b", "u", 100),
        ("(?=[^b]*b)", "y", 100),
        ("(?<!c)(?!a)", "", 100),
    ] {
        let regex = compile(pattern, flags);
        let mut scratch = Scratch::new();
        for input in [Input::Latin1(&narrow), Input::Utf16(&wide)] {
            let mut polls = 0u32;
            let mut poll = || {
                polls += 1;
                polls < 5000
            };
            let _ = regex.exec(input, 0, &mut scratch, &mut poll);
            assert!(polls >= least, "/{pattern}/{flags} polled {polls} times");
            let width = matches!(input, Input::Utf16(_));
            let found = regex.exec(input, 0, &mut scratch, &mut || false);
            assert_eq!(found, Err(ExecError::Interrupted), "/{pattern}/{flags}, UTF-16: {width}");
        }
    }
}

/// A loop at the start of a pattern that fails is not tried again from within the same run.
#[test]
fn failing_leading_loops_take_linear_time() {
    const LEN: usize = 1 << 20;
    let blanks = vec![b' '; LEN];
    for pattern in ["\\s+$x", "^\\s+x|\\s+x", "\\s*?x", "(\\s+)-", "(?:(\\s{2,})y|(?:\\s+)z)"] {
        let regex = compile(pattern, "");
        let mut polls = 0u32;
        let mut poll = || {
            polls += 1;
            polls < 20_000
        };
        let mut scratch = Scratch::new();
        let found = regex.exec(Input::Latin1(&blanks), 0, &mut scratch, &mut poll);
        assert_eq!(found, Ok(false), "/{pattern}/ after {polls} polls");
    }
}
