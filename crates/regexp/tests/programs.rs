//! What patterns compile to: the listing, and the decisions that speed rests on.

use tercel_regexp::{Flags, Regex};

fn listing(pattern: &str, flags: &str) -> String {
    let flags = Flags::parse(flags.chars()).unwrap();
    let regex = Regex::compile(pattern, flags).unwrap_or_else(|e| panic!("/{pattern}/: {e}"));
    regex.program().to_string()
}

#[track_caller]
fn compiles_to(pattern: &str, flags: &str, expected: &str) {
    let listing = listing(pattern, flags);
    let lines =
        |text: &str| -> Vec<String> { text.lines().map(|l| l.trim().to_string()).filter(|l| !l.is_empty()).collect() };
    assert_eq!(lines(&listing), lines(expected), "\n{listing}");
}

#[test]
fn a_loop_before_what_it_cannot_match_gives_nothing_back() {
    compiles_to(
        r"(\w+)@(\d{2})",
        "",
        r#"
        flags "", 3 groups, 6 registers, at least 4 units, start: [0-9A-Z_a-z], skipping runs
        0  save            r2
        1  loop            [0-9A-Z_a-z] {1,} possessive
        2  save            r3
        3  unit            "@"
        4  loop            [0-9] {2,2} possessive
        5  save-span       group 2, 2 back
        6  match
        "#,
    );
}

#[test]
fn a_loop_gives_back_only_where_the_rest_can_go_on() {
    compiles_to(
        r"\w+\d",
        "",
        r#"
        flags "", 1 groups, 2 registers, at least 2 units, start: [0-9A-Z_a-z], skipping runs
        0  loop            [0-9A-Z_a-z] {1,} greedy, before [0-9]
        1  set             [0-9]
        2  match
        "#,
    );
}

#[test]
fn alternatives_are_chosen_by_the_next_character() {
    compiles_to(
        "(?:foo|bar)+$",
        "",
        r#"
        flags "", 1 groups, 2 registers, at least 3 units, start: window of 3, by "bf" at 0
        0  choose          3; here [f], there [b]
        1  literal         "foo"
        2  jump            4
        3  literal         "bar"
        4  choose          6; here [bf], there [] or end
        5  jump            0
        6  input-end
        7  match
        "#,
    );
}

#[test]
fn characters_in_a_repetition_are_taken_in_runs() {
    compiles_to(
        r#""(?:[^"\\]|\\.)*""#,
        "s",
        r#"
        flags "s", 1 groups, 2 registers, at least 2 units, start: one of "\""
        0  unit            "\""
        1  choose          8; here [\x00-!#-\uffff], there [\"]
        2  choose          5; here [\x00-!#-\[\]-\uffff], there [\\]
        3  loop            [\x00-!#-\[\]-\uffff] {1,} possessive
        4  jump            7
        5  unit            "\\"
        6  set             [\x00-\uffff]
        7  jump            1
        8  unit            "\""
        9  match
        "#,
    );
}

#[test]
fn case_is_folded_into_masks() {
    compiles_to(
        "say1k",
        "i",
        r#"
        flags "i", 1 groups, 2 registers, at least 5 units, start: window of 5, by "1" at 3
        0  literal-masked  "say1k" in any case
        1  match
        "#,
    );
}

#[test]
fn lookbehind_moves_back_first() {
    compiles_to(
        "(?<=ab[cd])x(?!y)",
        "",
        r#"
        flags "", 1 groups, 4 registers, at least 1 units, start: one of "x"
        0  look-start      r2
        1  back            1
        2  set             [cd]
        3  back            1
        4  back            2
        5  literal         "ab"
        6  back            2
        7  look-end        r2
        8  unit            "x"
        9  ahead           not [y]
        10  match
        "#,
    );
}

#[test]
fn nested_counted_loops_keep_registers() {
    compiles_to(
        "(?:a(b*)){2,5}?c",
        "",
        r#"
        flags "", 2 groups, 5 registers, at least 3 units, start: one of "a"
        0  zero            r4
        1  count-below     r4 < 2: 5
        2  count-reached   r4 >= 5: 11
        3  choose          5; here [c], there [a]
        4  jump            11
        5  increment       r4
        6  unit            "a"
        7  save            r2
        8  loop            [b] {0,} possessive
        9  save            r3
        10  jump            1
        11  unit            "c"
        12  match
        "#,
    );
}

#[test]
fn every_op_can_be_listed() {
    let everything = [
        (r"(?:(a|b*?c)\1)*?(?<=[^\n]d)", "iu"),
        (r"^$(?=(x)+)(?!(?:y|zz)*)\b\B(?<!q)", "m"),
        (r"(?:a?){2,}(?:^x|[^]y)(?:ab|a)(?:)(?<=😀)", "v"),
        (r"^(?:\W*|\d){0,2}$", "iuy"),
    ];
    for (pattern, flags) in everything {
        let listing = listing(pattern, flags);
        assert!(listing.lines().count() > 8, "{listing}");
        assert!(listing.ends_with("match\n"), "{listing}");
    }
}
