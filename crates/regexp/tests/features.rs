//! What each piece of syntax matches.

use tercel_regexp::{Flags, Input, Regex, Scratch, SyntaxError};

fn compile(pattern: &str, flags: &str) -> Regex {
    let flags = Flags::parse(flags.chars()).expect("the flags of a test are valid");
    Regex::compile(pattern, flags).unwrap_or_else(|e| panic!("/{pattern}/: {e}"))
}

/// The text of each group, `None` for those that took no part; `None` altogether without a match.
fn exec_from(pattern: &str, flags: &str, text: &str, start: usize) -> Option<Vec<Option<String>>> {
    let regex = compile(pattern, flags);
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut scratch = Scratch::new();
    let found = regex.exec(Input::Utf16(&units), start, &mut scratch, &mut || true);
    let groups = |scratch: &Scratch| -> Vec<Option<String>> {
        (0..=regex.group_count())
            .map(|g| scratch.group(g).map(|(a, b)| String::from_utf16_lossy(&units[a..b])))
            .collect()
    };
    let wide = found.expect("no limit is reached").then(|| groups(&scratch));
    let bytes: Option<Vec<u8>> = units.iter().map(|&u| u8::try_from(u).ok()).collect();
    if let Some(bytes) = bytes {
        let found = regex.exec(Input::Latin1(&bytes), start, &mut scratch, &mut || true);
        let narrow = found.expect("no limit is reached").then(|| groups(&scratch));
        assert_eq!(narrow, wide, "/{pattern}/{flags} on {text:?}: Latin-1 and UTF-16 differ");
    }
    wide
}

/// Demands that the groups of the first match are these (`"-"` for a group that took no part).
#[track_caller]
fn matches(pattern: &str, flags: &str, text: &str, groups: &[&str]) {
    let found =
        exec_from(pattern, flags, text, 0).unwrap_or_else(|| panic!("/{pattern}/{flags} does not match {text:?}"));
    let found: Vec<String> = found.into_iter().map(|g| g.unwrap_or("-".into())).collect();
    assert_eq!(found, groups, "/{pattern}/{flags} on {text:?}");
}

#[track_caller]
fn fails(pattern: &str, flags: &str, text: &str) {
    let found = exec_from(pattern, flags, text, 0);
    assert_eq!(found, None, "/{pattern}/{flags} on {text:?}");
}

#[track_caller]
fn refused(pattern: &str, flags: &str, message: &str) {
    let flags = Flags::parse(flags.chars()).expect("the flags of a test are valid");
    let error = Regex::compile(pattern, flags).err();
    let error = error.unwrap_or_else(|| panic!("/{pattern}/{flags} compiles"));
    assert!(error.message.contains(message), "/{pattern}/{flags}: {error}");
    let validated = Regex::validate(pattern, flags);
    assert_eq!(validated, Err(error));
}

#[test]
fn alternatives_are_tried_in_order() {
    matches("a|ab", "", "abc", &["a"]);
    matches("((a)|(ab))((c)|(bc))", "", "abc", &["abc", "a", "a", "-", "bc", "-", "bc"]);
    matches("|a", "", "a", &[""]);
    matches("x|y|[p-r]|s", "", "--q", &["q"]);
    matches("(?:abc|abd|ab|e)f", "", "abf", &["abf"]);
}

#[test]
fn quantifiers_are_greedy_or_lazy_within_bounds() {
    matches("a*", "", "aab", &["aa"]);
    matches("a*?b", "", "aab", &["aab"]);
    matches("a+?", "", "aab", &["a"]);
    matches("a?a", "", "a", &["a"]);
    matches("a{2,3}", "", "aaaa", &["aaa"]);
    matches("a{2,3}?", "", "aaaa", &["aa"]);
    matches("(?:ab){2}", "", "ababab", &["abab"]);
    matches("(?:ab){1,2}?c", "", "ababc", &["ababc"]);
    matches("a{0}b", "", "ab", &["b"]);
    matches("(a){0}b", "", "ab", &["b", "-"]);
    matches("<.*>", "", "<a><b>", &["<a><b>"]);
    matches("<.*?>", "", "<a><b>", &["<a>"]);
    matches("a[a-z]{2,4}", "", "abcdefghi", &["abcde"]);
    matches("\\w+\\d", "", "ab12cd", &["ab12"]);
    fails("a{3}", "", "aa");
}

/// The examples of RepeatMatcher's notes (22.2.2.3.1).
#[test]
fn captures_are_reset_at_each_iteration() {
    matches("(z)((a+)?(b+)?(c))*", "", "zaacbbbcac", &["zaacbbbcac", "z", "ac", "a", "-", "c"]);
    matches("(?:(a)|b)*", "", "ab", &["ab", "-"]);
    matches("(?:(a)|(b)|c)+", "", "abc", &["abc", "-", "-"]);
    matches("(?:(a)b?)+", "", "aba", &["aba", "a"]);
}

#[test]
fn iterations_that_match_nothing_end_a_loop() {
    matches("(a*)*", "", "b", &["", "-"]);
    matches("(a*)+", "", "b", &["", ""]);
    matches("(?:a*?)*b", "", "aab", &["aab"]);
    matches("(?=(a+))a*b\\1", "", "baaabac", &["aba", "a"]);
    matches("(?:|a)+b", "", "ab", &["ab"]);
    matches("(|a){2}b", "", "ab", &["ab", "a"]);
    matches("(a?)?", "", "b", &["", "-"]);
    matches("(?:(?:)|b){3,5}$", "", "bb", &["bb"]);
}

#[test]
fn assertions_look_at_the_neighbours() {
    matches("^b", "m", "a\nb", &["b"]);
    fails("^b", "", "a\nb");
    matches("a$", "m", "a\u{2028}b", &["a"]);
    fails("a$", "", "a\nb");
    matches("\\bfoo\\b", "", "a foo b", &["foo"]);
    fails("\\bfoo\\b", "", "afoo");
    matches("\\Boo\\B", "", "fools", &["oo"]);
    matches("^", "m", "", &[""]);
    matches("\\w+\\b", "", "ab cd", &["ab"]);
}

#[test]
fn lookahead_does_not_consume() {
    matches("a(?=b)", "", "acab", &["a"]);
    matches("a(?!b)", "", "abac", &["a"]);
    matches("(?=(a+))", "", "baaabac", &["", "aaa"]);
    matches("(.*?)a(?!(a+)b\\2c)\\2(.*)", "", "baaabaac", &["baaabaac", "ba", "-", "abaac"]);
    matches("(?=(?:a|(b))+)", "", "ab", &["", "b"]);
    // What a lookahead found is final, but undone when matching goes back before it.
    fails("(?=(a+))a\\1b", "", "aaab");
    matches("(?:(?=(a))a)+b?", "", "aac", &["aa", "a"]);
    matches("(?:(?=(a))|b)*?c", "", "bc", &["bc", "-"]);
    matches("(?!(?!(a)))a", "", "a", &["a", "-"]);
}

#[test]
fn lookbehind_matches_backwards() {
    matches("(?<=\\$)\\d+", "", "a10 $42", &["42"]);
    matches("(?<!\\$)\\b\\d+", "", "$42 17", &["17"]);
    matches("(?<=(\\d+)(\\d+))$", "", "1053", &["", "1", "053"]);
    matches("(?<=\\1(a))b", "", "aab", &["b", "a"]);
    matches("(?<=(a)\\1)b", "", "aab", &["b", "a"]);
    matches("(?<=^abc)d", "", "abcd", &["d"]);
    matches("(?<=a{2,3}?)b", "", "aaab", &["b"]);
    matches("(?<=([abc]+)).", "", "abcdef", &["b", "a"]);
}

#[test]
fn backreferences_match_what_their_group_matched() {
    matches("(.)\\1", "", "abba", &["bb", "b"]);
    matches("(?<q>['\"]).*?\\k<q>", "", "say \"it's\"", &["\"it's\"", "\""]);
    matches("\\1(a)", "", "aa", &["a", "a"]);
    matches("(a\\1)", "", "aa", &["a", "a"]);
    matches("(a)\\1", "i", "aA", &["aA", "a"]);
    matches("(ſ)\\1", "iu", "ſS", &["ſS", "ſ"]);
    fails("(ſ)\\1", "i", "ſS");
    matches("(\u{10400})\\1", "iu", "\u{10400}\u{10428}", &["\u{10400}\u{10428}", "\u{10400}"]);
    matches("(?:(?<n>a)|(?<n>b))\\k<n>", "", "abb", &["bb", "-", "b"]);
    // A group beyond those there are is an octal escape.
    matches("(a)\\2", "", "a\u{2}", &["a\u{2}", "a"]);
    matches("(?i:a)\\1", "", "A\u{1}", &["A\u{1}"]);
}

#[test]
fn names_are_listed_with_their_groups() {
    let names = |pattern: &str| -> Vec<(String, Vec<u32>)> {
        let regex = compile(pattern, "");
        let names = regex.group_names();
        names.map(|(name, groups)| (name.to_string(), groups.to_vec())).collect()
    };
    assert_eq!(names("(?<b>x)(y)(?<a>z)"), [("b".into(), vec![1]), ("a".into(), vec![3])]);
    assert_eq!(names("(?<y>a)|(?<x>b)(?<y>c)|(?<y>)"), [("y".into(), vec![1, 3, 4]), ("x".into(), vec![2])]);
    assert_eq!(names("(?<\\u0061\\u{62}𠮷$_>)"), [("ab𠮷$_".into(), vec![1])]);
    assert_eq!(compile("(?<b>x)(y)", "").group_count(), 2);
}

#[test]
fn a_name_may_occur_once_in_each_alternative() {
    compile("(?:(?<a>x)|(?<a>y))|(?<a>z)", "");
    compile("(?<a>x)|(?:(?:(?<a>y)))", "");
    for pattern in [
        "(?<a>x)(?<a>y)",
        "(?<a>(?<a>x))",
        "(?:(?<a>x)|y)(?<a>z)",
        "(?<a>x)(?:y|(?<\\u0061>z))",
        "(?:(?<a>x)|(?<a>y))(?<a>z)",
    ] {
        refused(pattern, "", "Duplicate capture group name");
    }
}

#[test]
fn classes_are_sets_of_characters() {
    matches("[a-c]+", "", "xabcd", &["abc"]);
    matches("[^a-c]+", "", "abxyc", &["xy"]);
    matches("[-a]+", "", "x-a-", &["-a-"]);
    matches("[a-]+", "", "x-a-", &["-a-"]);
    matches("[\\w-]+", "", " a-b", &["a-b"]);
    matches("[\\d-x]+", "", "a1-x", &["1-x"]);
    matches("[^]", "", "\n", &["\n"]);
    fails("[]", "", "a");
    matches("[]|a", "", "a", &["a"]);
    matches("[\\]\\b^]+", "", "a]\u{8}^", &["]\u{8}^"]);
    matches("[\\s\\S]", "", "\n", &["\n"]);
    matches("\\s+", "", "a\u{feff}\u{a0}\t\u{2029}b", &["\u{feff}\u{a0}\t\u{2029}"]);
    matches("[\u{400}-\u{4ff}]+", "", "abПривет", &["Привет"]);
    fails("\\w", "", "é");
}

#[test]
fn dot_stops_at_line_terminators() {
    for end in ["\n", "\r", "\u{2028}", "\u{2029}"] {
        matches(".*", "", &format!("ab{end}c"), &["ab"]);
        matches(".*", "s", &format!("ab{end}c"), &[&format!("ab{end}c")]);
    }
    matches("a.c", "", "a\u{85}c", &["a\u{85}c"]);
}

#[test]
fn case_is_folded_by_the_rule_of_the_mode() {
    matches("hello", "i", "say HeLLo", &["HeLLo"]);
    matches("[a-z]+", "i", "ABCxyz", &["ABCxyz"]);
    matches("[^a-z]", "i", "Ab!", &["!"]);
    matches("é", "i", "É", &["É"]);
    matches("µ", "i", "μ", &["μ"]);
    matches("ÿ", "i", "Ÿ", &["Ÿ"]);
    // U+212A (Kelvin) and U+017F (long s) fold into ASCII only in Unicode mode.
    for (pattern, text) in [("k", "\u{212a}"), ("S", "\u{17f}"), ("[a-z]", "\u{212a}"), ("\\w", "\u{17f}")] {
        fails(pattern, "i", text);
        matches(pattern, "iu", text, &[text]);
        matches(pattern, "iv", text, &[text]);
    }
    // ß and ẞ: only Unicode's folding joins them; ß has no single uppercase letter.
    matches("ß", "iu", "ẞ", &["ẞ"]);
    fails("ß", "i", "ẞ");
    matches("\u{10400}", "iu", "\u{10428}", &["\u{10428}"]);
    fails("\u{10400}", "i", "\u{10428}");
    matches("Σ", "i", "ς", &["ς"]);
    matches("\\u0390", "iu", "\u{1fd3}", &["\u{1fd3}"]);
    matches("\\b", "iu", "\u{17f}", &[""]);
    matches("\\W", "i", "\u{212a}", &["\u{212a}"]);
    fails("\\W", "iu", "\u{212a}");
}

#[test]
fn modifiers_hold_within_their_group() {
    matches("(?i:a)b", "", "Ab", &["Ab"]);
    fails("(?i:a)b", "", "AB");
    matches("(?-i:a)b", "i", "aB", &["aB"]);
    fails("(?-i:a)b", "i", "AB");
    matches("(?s:.)(?-s:.)?", "s", "\n\n", &["\n"]);
    matches("(?m:^a)", "", "b\na", &["a"]);
    matches("(?ms-i:^A.)", "i", "b\nA\n", &["A\n"]);
    matches("(?i:(?-i:a)b)", "", "aB", &["aB"]);
    matches("(?i:(b))\\1", "", "BB", &["BB", "B"]);
    fails("(?i:(b))\\1", "", "Bb");
    for (pattern, message) in [
        ("(?ii:a)", "Repeated flag"),
        ("(?i-i:a)", "Repeated flag"),
        ("(?-:a)", "Invalid flag group"),
        ("(?i--s:a)", "Multiple dashes"),
        ("(?g:a)", "Invalid group"),
        ("(?i)a", "Invalid group"),
    ] {
        refused(pattern, "", message);
    }
}

#[test]
fn unicode_mode_matches_code_points() {
    matches("^.$", "u", "😀", &["😀"]);
    fails("^.$", "", "😀");
    matches("😀{2}", "u", "😀😀", &["😀😀"]);
    matches("[😀-😃]+", "u", "x😁😂", &["😁😂"]);
    matches("\\u{1f600}", "u", "😀", &["😀"]);
    matches("\\ud83d\\ude00", "u", "😀", &["😀"]);
    matches("[^x]", "u", "😀", &["😀"]);
    matches("(?<=.)b", "u", "😀b", &["b"]);
    matches("(?<=^(.))b", "u", "😀b", &["b", "😀"]);
    matches("u{2}", "", "uu", &["uu"]);
    matches(".*b", "u", "😀😀b", &["😀😀b"]);
    matches(".*?b", "u", "😀😀b", &["😀😀b"]);
    matches("(?:😀|a)+", "u", "a😀b", &["a😀"]);
}

#[test]
fn surrogates_match_alone_only_where_they_stand_alone() {
    let exec = |pattern: &[u16], flags: &str, text: &[u16], start: usize| {
        let regex = Regex::compile(pattern, Flags::parse(flags.chars()).unwrap()).unwrap();
        let mut scratch = Scratch::new();
        let found = regex.exec(Input::Utf16(text), start, &mut scratch, &mut || true);
        found.unwrap().then(|| scratch.group(0).unwrap())
    };
    let (lead, trail) = (0xd83d, 0xde00);
    let escape: Vec<u16> = "\\ud83d".encode_utf16().collect();
    for pattern in [&[lead][..], &escape] {
        assert_eq!(exec(pattern, "u", &[lead, trail], 0), None);
        assert_eq!(exec(pattern, "u", &[lead, trail, lead], 0), Some((2, 3)));
        assert_eq!(exec(pattern, "", &[lead, trail], 0), Some((0, 1)));
    }
    assert_eq!(exec(&[trail], "u", &[lead, trail], 0), None);
    assert_eq!(exec(&[trail], "u", &[lead, trail], 1), None);
    assert_eq!(exec(&[trail], "u", &[trail], 0), Some((0, 1)));
    // An escaped lead and a literal trail are two characters, which no text has side by side.
    let mixed: Vec<u16> = escape.iter().copied().chain([trail]).collect();
    assert_eq!(exec(&mixed, "u", &[lead, trail], 0), None);
    assert_eq!(exec(&mixed, "", &[lead, trail], 0), Some((0, 2)));
    let class: Vec<u16> = "[^a]".encode_utf16().collect();
    assert_eq!(exec(&class, "u", &[lead, trail], 1), Some((0, 2)));
    assert_eq!(exec(&class, "u", &[trail, lead], 0), Some((0, 1)));
    // A backreference does not split a pair either.
    let reference: Vec<u16> = "(\\ud83d)\\1".encode_utf16().collect();
    assert_eq!(exec(&reference, "u", &[lead, lead, trail], 0), None);
    assert_eq!(exec(&reference, "u", &[lead, lead], 0), Some((0, 2)));
}

#[test]
fn property_escapes_name_sets() {
    matches("\\p{Lu}\\p{Ll}+", "u", "the Straße", &["Straße"]);
    matches("\\P{L}", "u", "ab1", &["1"]);
    matches("\\p{Script=Cyrillic}+", "u", "abПривет", &["Привет"]);
    matches("\\p{scx=Deva}", "u", "\u{951}", &["\u{951}"]);
    matches("[\\p{N}_]+", "u", "a1٣_", &["1٣_"]);
    matches("\\p{Emoji_Presentation}", "u", "a😀", &["😀"]);
    matches("p{Lu}", "", "p{Lu}", &["p{Lu}"]);
    matches("\\p{Lu}", "", "p{Lu}", &["p{Lu}"]);
    matches("\\p{Lu}", "iu", "a", &["a"]);
    matches("\\P{Lu}", "iu", "A", &["A"]);
    matches("[^\\P{Lu}]", "u", "aB", &["B"]);
    for pattern in ["\\p{Foo}", "\\p", "\\p{", "\\p{Lu", "\\p{lu}", "\\p{L=u}", "\\p{RGI_Emoji}", "\\p{ Lu}"] {
        refused(pattern, "u", "Invalid property name");
    }
    refused("\\P{RGI_Emoji}", "v", "Invalid property name");
}

#[test]
fn class_sets_combine() {
    matches("[\\w--\\d]+", "v", "12ab3", &["ab"]);
    matches("[\\w&&[a-f0-3]]+", "v", "xyzab12z", &["ab12"]);
    matches("[[a-z]--[aeiou]]+", "v", "aeobcd", &["bcd"]);
    matches("[^[a-z]--[aeiou]]", "v", "bce", &["e"]);
    matches("[[a-c][x-z]5]+", "v", "-by5", &["by5"]);
    matches("[\\p{L}--[a-z]]", "v", "abÇ", &["Ç"]);
    matches("[\\q{abc|d|ab}]", "v", "xabcd", &["abc"]);
    matches("[\\q{abc|d|ab}]+", "v", "ababcd", &["ababcd"]);
    matches("[\\q{|a}]", "v", "b", &[""]);
    matches("^[\\q{KM|m}k]+$", "iv", "kmMKm", &["kmMKm"]);
    matches("[\\q{abc|d}--\\q{abc}]", "v", "abcd", &["d"]);
    matches("[\\q{abc|d}&&\\q{abc|e}]", "v", "dabc", &["abc"]);
    matches("(?<=[\\q{ab|b|xab}])c", "v", "xabc", &["c"]);
    matches("[\\u{1f600}\\q{a}]", "v", "😀", &["😀"]);
    // Folded before the operation: `\P{Lu}` holds no letter that has case.
    fails("\\P{Lu}", "iv", "aA");
    matches("[^\\P{Lu}]", "iv", "a", &["a"]);
    matches("[\\w--[k]]", "iv", "K\u{212a}s", &["s"]);
    for pattern in [
        "[a--b&&c]",
        "[a&&b--c]",
        "[a-z&&b]",
        "[ab--c]",
        "[a--]",
        "[a&&&b]",
        "[(]",
        "[a-]",
        "[&&a]",
        "[a!!b]",
        "[|]",
        "[^\\q{ab}]",
        "[[\\q{ab}a]",
        "[^\\p{RGI_Emoji}]",
        "[\\q{a]",
    ] {
        let flags = Flags::parse("v".chars()).unwrap();
        assert!(Regex::compile(pattern, flags).is_err(), "/{pattern}/v compiles");
    }
    compile("[^[\\q{ab}a]&&b]", "v");
    compile("[\\&\\-\\!\\#\\%\\,\\:\\;\\<\\=\\>\\@\\`\\~\\(\\)\\[\\]\\{\\}\\/\\|]", "v");
}

#[test]
fn properties_of_strings_prefer_the_longest() {
    let family = "👨‍👩‍👧‍👦";
    matches("\\p{RGI_Emoji}", "v", family, &[family]);
    matches("^\\p{RGI_Emoji}{2}$", "v", "👍🏽🇩🇪", &["👍🏽🇩🇪"]);
    matches("\\p{Emoji_Keycap_Sequence}", "v", "3\u{fe0f}\u{20e3}", &["3\u{fe0f}\u{20e3}"]);
    // One regional indicator is no flag.
    fails("\\p{RGI_Emoji}", "v", "🇩");
}

#[test]
fn annex_b_reads_what_unicode_mode_refuses() {
    for (pattern, text, all) in [
        ("\\a", "a", "a"),
        ("\\8", "8", "8"),
        ("\\07", "\u{7}", "\u{7}"),
        ("\\477", "'7", "'7"),
        ("\\08", "\08", "\08"),
        ("\\c", "\\c", "\\c"),
        ("\\c1", "\\c1", "\\c1"),
        ("[\\c]", "\\", "\\"),
        ("[\\c1]", "\u{11}", "\u{11}"),
        ("[\\c_]", "\u{1f}", "\u{1f}"),
        ("\\x1", "x1", "x1"),
        ("\\u1", "u1", "u1"),
        ("\\u{1}", "u", "u"),
        ("a{", "a{", "a{"),
        ("a{1", "a{1", "a{1"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("]", "]", "]"),
        ("}", "}", "}"),
        ("x{1}}", "x}", "x}"),
        ("\\k<a>", "k<a>", "k<a>"),
        ("\\-", "-", "-"),
        ("(?=a)*b", "b", "b"),
        ("(?=a)?a", "a", "a"),
        ("(?!a){1}b", "b", "b"),
        ("[a-\\d]+", "-a1", "-a1"),
        ("[\\d-z]+", "1-z", "1-z"),
    ] {
        matches(pattern, "", text, &[all]);
        let unicode = Flags::parse("u".chars()).unwrap();
        let accepted = Regex::compile(pattern, unicode).is_ok();
        assert_eq!(accepted, pattern == "\\u{1}", "/{pattern}/u");
    }
    matches("[\\cA]", "", "\u{1}", &["\u{1}"]);
    matches("\\cj", "", "\n", &["\n"]);
    matches("[\\b]", "", "\u{8}", &["\u{8}"]);
    matches("\\/\\.\\$", "u", "/.$", &["/.$"]);
    // `\k` is an escape once there is a name.
    refused("\\k(?<a>)", "", "Invalid named reference");
    refused("[\\k](?<a>)", "", "Invalid escape");
}

#[test]
fn syntax_errors_say_what_and_where() {
    let at = |pattern: &str, flags: &str| -> (String, usize) {
        let flags = Flags::parse(flags.chars()).unwrap();
        let SyntaxError { message, offset } = Regex::compile(pattern, flags).err().unwrap();
        (message.into_owned(), offset)
    };
    assert_eq!(at("a(b", ""), ("Unterminated group".into(), 1));
    assert_eq!(at("ab)", ""), ("Unmatched ')'".into(), 2));
    assert_eq!(at("a**", ""), ("Nothing to repeat".into(), 2));
    assert_eq!(at("+", ""), ("Nothing to repeat".into(), 0));
    assert_eq!(at("^*", ""), ("Nothing to repeat".into(), 1));
    assert_eq!(at("(?<=a)*", ""), ("Nothing to repeat".into(), 6));
    assert_eq!(at("(?=a)*", "u"), ("Nothing to repeat".into(), 5));
    assert_eq!(at("a{2,1}", ""), ("numbers out of order in {} quantifier".into(), 1));
    assert_eq!(at("a{1", "u"), ("Incomplete quantifier".into(), 1));
    assert_eq!(at("a}", "u"), ("Lone quantifier brackets".into(), 1));
    assert_eq!(at("😀[a", ""), ("Unterminated character class".into(), 2));
    assert_eq!(at("[b-a]", ""), ("Range out of order in character class".into(), 1));
    assert_eq!(at("[\\d-z]", "u"), ("Invalid character class".into(), 1));
    assert_eq!(at("a\\", ""), ("\\ at end of pattern".into(), 1));
    assert_eq!(at("\\a", "u"), ("Invalid escape".into(), 0));
    assert_eq!(at("\\1", "u"), ("Invalid escape".into(), 0));
    assert_eq!(at("\\01", "u"), ("Invalid decimal escape".into(), 0));
    assert_eq!(at("\\u{110000}", "u"), ("Invalid Unicode escape".into(), 0));
    assert_eq!(at("(?<a", ""), ("Invalid capture group name".into(), 0));
    assert_eq!(at("(?<1>a)", ""), ("Invalid capture group name".into(), 0));
    assert_eq!(at("(?<a>)\\k<b>", ""), ("Invalid named capture referenced".into(), 6));
    assert_eq!(at("(?a", ""), ("Invalid group".into(), 0));
}

#[test]
fn sticky_matches_only_at_the_index() {
    assert_eq!(exec_from("b", "y", "ab", 0), None);
    assert_eq!(exec_from("b", "y", "ab", 1), Some(vec![Some("b".into())]));
    assert_eq!(exec_from("^b", "y", "ab", 1), None);
    assert_eq!(exec_from("^b", "my", "\nb", 1), Some(vec![Some("b".into())]));
    assert_eq!(exec_from("", "y", "ab", 2), Some(vec![Some("".into())]));
}

#[test]
fn the_index_may_be_anywhere() {
    assert_eq!(exec_from("a", "", "aba", 1), Some(vec![Some("a".into())]));
    assert_eq!(exec_from("a", "", "aba", 3), None);
    assert_eq!(exec_from("", "", "aba", 3), Some(vec![Some("".into())]));
    assert_eq!(exec_from("", "", "aba", 4), None);
    assert_eq!(exec_from("(?<=a)b", "", "ab", 1), Some(vec![Some("b".into())]));
    assert_eq!(exec_from("\\bb", "", "ab", 1), None);
}

/// Every way to scan for candidates finds the same first match, wherever it is.
#[test]
fn scans_find_every_candidate() {
    let patterns = [
        ("needle", ""),
        ("needle", "i"),
        ("n[a-f]{2}dle", ""),
        ("[m-o]eedle", ""),
        ("(?<=xx)needle", ""),
        ("(?:needle|nadel|aiguille)", ""),
        ("[^x\n]+", ""),
        ("n", ""),
        ("^needle", "m"),
        ("[nz]\\w+e", ""),
        ("\\bneedle\\b|$z", ""),
        ("needle|^q", ""),
        ("e+dle(?<=needle)", ""),
    ];
    for (pattern, flags) in patterns {
        let regex = compile(pattern, flags);
        for gap in [0, 1, 2, 7, 12, 13, 100, 8190, 8192, 8193, 20_000] {
            for fill in ["x", "\u{44f}"] {
                let mut units: Vec<u16> = fill.encode_utf16().cycle().take(gap).collect();
                let at = if pattern.contains("^n") || pattern.contains("\\b") {
                    units.push(10);
                    gap + 1
                } else if pattern.contains("(?<=xx") {
                    units.extend([120, 120]);
                    gap + 2
                } else {
                    gap
                };
                let start = at + if pattern.starts_with("e+") { 1 } else { 0 };
                units.extend("needle\nxx".encode_utf16());
                let mut scratch = Scratch::new();
                let found = regex.exec(Input::Utf16(&units), 0, &mut scratch, &mut || true);
                assert_eq!(found, Ok(true), "/{pattern}/ after {gap}");
                let expected = match pattern {
                    "[^x\n]+" if fill != "x" => 0,
                    _ => start,
                };
                assert_eq!(scratch.group(0).map(|g| g.0), Some(expected), "/{pattern}/ after {gap}");
                if let Some(bytes) = units.iter().map(|&u| u8::try_from(u).ok()).collect::<Option<Vec<u8>>>() {
                    let found = regex.exec(Input::Latin1(&bytes), 0, &mut scratch, &mut || true);
                    assert_eq!(found, Ok(true), "/{pattern}/ after {gap}");
                    assert_eq!(scratch.group(0).map(|g| g.0), Some(expected), "/{pattern}/ after {gap}");
                }
            }
        }
    }
}
