//! Random patterns and inputs, compared with the crate `regress`.
//!
//! `TERCEL_REGEXP_CASES=100000 cargo test --release -p tercel-regexp --test regress` is the long run.

mod common;

use common::{Captures, Case, Generator, Options, Outcome, Rng, case_count, compile, first_seed, run};
use tercel_regexp::Scratch;

fn options() -> Options {
    Options {
        es2025: false,
        lookbehind: true,
        unicode_sets: false,
        lone_surrogates: false,
        annex_b: false,
        plain: true,
    }
}

fn theirs(case: &Case) -> Option<Vec<Option<Captures>>> {
    let unicode = case.flags.contains('u');
    let flags = regress::Flags::new(case.flags.chars().map(u32::from));
    let pattern = String::from_utf16(&case.pattern).expect("no lone surrogates");
    let regex = regress::Regex::with_flags(&pattern, flags).ok()?;
    let find = |(text, start): &(Vec<u16>, usize)| {
        let found = if unicode {
            regex.find_from_utf16(text, *start).next()
        } else {
            regex.find_from_ucs2(text, *start).next()
        };
        found.map(|m| m.groups().map(|g| g.map(|r| (r.start, r.end))).collect())
    };
    Some(case.inputs.iter().map(find).collect())
}

#[test]
fn random_patterns_match_as_in_regress() {
    let mut scratch = Scratch::new();
    let (mut failures, mut matched, mut cases) = (0, 0, 0);
    let mut refused = 0;
    let seed = first_seed();
    for seed in seed..seed + case_count(3000) {
        let mut case = Generator::case(&mut Rng::new(seed ^ 0x5555_0000), options());
        case.flags.retain(|f| f != 'y');
        // A character after `\0` may make the pattern invalid.
        let (Some(regex), Some(theirs)) = (compile(&case), theirs(&case)) else {
            refused += 1;
            continue;
        };
        cases += 1;
        for ((input, start), theirs) in case.inputs.iter().zip(theirs) {
            let ours = match run(&regex, input, *start, &mut scratch) {
                Outcome::Match(groups) => Some(groups),
                Outcome::NoMatch => None,
                Outcome::GaveUp => continue,
            };
            matched += usize::from(ours.is_some());
            if ours != theirs {
                failures += 1;
                if failures <= 20 {
                    let pattern = String::from_utf16_lossy(&case.pattern);
                    let text = String::from_utf16_lossy(input);
                    eprintln!("seed {seed}: /{pattern}/{} on {text:?} from {start}", case.flags);
                    eprintln!("  ours   {ours:?}\n  theirs {theirs:?}");
                }
            }
        }
    }
    eprintln!("{cases} cases, {matched} matches, {failures} different, {refused} refused");
    assert_eq!(failures, 0);
    assert!(matched > cases && refused * 20 < cases);
}
