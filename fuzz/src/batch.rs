//! Many programs in one script, and its output taken apart again.
//!
//! Starting node takes forty milliseconds, running a program two. So a script holds many programs, each the body of a function, run one
//! after another by the prelude; each prints a section of lines that begins with its seed.

use std::collections::HashMap;
use std::fmt::Write;

/// What a script begins with: the printer and the driver.
pub const PRELUDE: &str = include_str!("prelude.js");

/// A script of programs: seed and text.
pub fn script<'a>(programs: impl IntoIterator<Item = (u64, &'a str)>) -> String {
    let mut out = PRELUDE.to_owned();
    for (seed, text) in programs {
        writeln!(out, "$program({seed}, function () {{\n{text}}});").expect("strings take all");
    }
    out.push_str("$run();\n");
    out
}

/// The output of a script, by seed.
pub struct Sections {
    pub by_seed: HashMap<u64, String>,
    /// All programs ran.
    pub complete: bool,
}

pub fn sections(output: &str) -> Sections {
    let mut found = Sections { by_seed: HashMap::new(), complete: false };
    let mut seed = None;
    let mut text = String::new();
    let mut close = |seed: &mut Option<u64>, text: &mut String| {
        // A section without its last line was cut off.
        if let Some(seed) = seed.take()
            && text.lines().next_back().is_some_and(|line| line.starts_with('+'))
        {
            found.by_seed.insert(seed, std::mem::take(text));
        }
        text.clear();
    };
    let mut complete = false;
    for line in output.lines() {
        match line.strip_prefix('#') {
            Some("end") => {
                close(&mut seed, &mut text);
                complete = true;
            }
            Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
                close(&mut seed, &mut text);
                seed = number.parse().ok();
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    close(&mut seed, &mut text);
    found.complete = complete;
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_taken_apart_by_seed() {
        let found = sections("#1\na\nb\n+0\n#2\n\n+3\n#end\n");
        assert_eq!(found.by_seed[&1], "a\nb\n+0\n");
        assert_eq!(found.by_seed[&2], "\n+3\n");
        assert!(found.complete);
    }

    #[test]
    fn a_section_that_was_cut_off_is_missing() {
        let found = sections("#1\na\n+0\n#2\nb\n");
        assert_eq!(found.by_seed.len(), 1);
        assert!(!found.complete);
    }
}
