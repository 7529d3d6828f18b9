//! Random patterns and inputs, compared with V8 in node.
//!
//! `TERCEL_REGEXP_CASES=100000 cargo test --release -p tercel-regexp --test node` is the long run; `TERCEL_NODE` names
//! another program than `node` (with its first arguments, blank-separated), and `TERCEL_NODE_ES2025=1` says that it
//! knows modifiers and duplicate named groups. Without node the test is skipped and says so.

mod common;

use common::{Case, Generator, Options, Outcome, Rng, case_count, compile, first_seed, run};
use std::io::Write;
use std::process::{Command, Stdio};
use tercel_regexp::Scratch;

/// Reads cases, a line each: pattern units; flags; inputs, each `start:units`. Writes a line each: `E` for a syntax
/// error, `T` if it took too long, else the results of the inputs: `N`, or the indices of each group, `-` for those
/// that took no part.
const SCRIPT: &str = r#"
const vm = require("vm");
const text = require("fs").readFileSync(process.argv[2], "utf8");
const decode = (s) => s === "" ? "" : String.fromCharCode(...s.split(",").map(Number));
const match = (re, inputs) => inputs.map((input) => {
  const [start, units] = input.split(":");
  re.lastIndex = Number(start);
  const m = re.exec(decode(units));
  return m === null ? "N" : m.indices.map((i) => i === undefined ? "-" : i[0] + "," + i[1]).join(" ");
}).join(";");
const context = vm.createContext({ match });
const script = new vm.Script("match(re, inputs)");
const out = [];
for (const line of text.split("\n")) {
  if (line === "") continue;
  const [pattern, flags, ...inputs] = line.split(";");
  try { context.re = new RegExp(decode(pattern), flags + "dg"); } catch (e) { out.push("E"); continue; }
  context.inputs = inputs;
  try { out.push(script.runInContext(context, { timeout: 300 })); } catch (e) { out.push("T"); }
}
process.stdout.write(out.join("\n"));
"#;

fn line_of(case: &Case) -> String {
    let units = |units: &[u16]| {
        let numbers: Vec<String> = units.iter().map(u16::to_string).collect();
        numbers.join(",")
    };
    let inputs: Vec<String> = case.inputs.iter().map(|(text, start)| format!("{start}:{}", units(text))).collect();
    format!("{};{};{}\n", units(&case.pattern), case.flags, inputs.join(";"))
}

fn result_line(case: &Case, scratch: &mut Scratch) -> Option<String> {
    let Some(regex) = compile(case) else {
        return Some("E".to_string());
    };
    let mut results = Vec::new();
    for (input, start) in &case.inputs {
        results.push(match run(&regex, input, *start, scratch) {
            Outcome::NoMatch => "N".to_string(),
            Outcome::GaveUp => return None,
            Outcome::Match(groups) => {
                let groups: Vec<String> =
                    groups.iter().map(|g| g.map_or("-".to_string(), |(a, b)| format!("{a},{b}"))).collect();
                groups.join(" ")
            }
        });
    }
    Some(results.join(";"))
}

/// The results of all cases from node, or `None` if there is no node.
fn ask_node(cases: &[Case], tag: &str) -> Option<Vec<String>> {
    let node = std::env::var("TERCEL_NODE").unwrap_or_else(|_| "node".to_string());
    let mut words = node.split_whitespace();
    let dir = std::env::temp_dir();
    let script = dir.join(format!("tercel-regexp-{}-{tag}.cjs", std::process::id()));
    let data = script.with_extension("txt");
    std::fs::write(&script, SCRIPT).expect("the temporary directory is writable");
    let mut file = std::fs::File::create(&data).expect("the temporary directory is writable");
    for case in cases {
        file.write_all(line_of(case).as_bytes()).expect("the temporary directory is writable");
    }
    let output = Command::new(words.next()?).args(words).args([&script, &data]).stderr(Stdio::inherit()).output();
    let _ = std::fs::remove_file(&script);
    let _ = std::fs::remove_file(&data);
    let output = output.ok()?;
    assert!(output.status.success(), "{node} failed");
    let text = String::from_utf8(output.stdout).expect("the script writes ASCII");
    Some(text.split('\n').map(str::to_string).collect())
}

fn compare(cases: Vec<Case>, tag: &str) {
    let Some(theirs) = ask_node(&cases, tag) else {
        // Not by a print macro, whose output a passing test swallows.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {tag}: there is no node to compare with");
        return;
    };
    assert_eq!(theirs.len(), cases.len());
    let mut scratch = Scratch::new();
    let (mut failures, mut matched, mut gave_up) = (0, 0, 0);
    for (i, (case, theirs)) in cases.iter().zip(&theirs).enumerate() {
        let Some(ours) = result_line(case, &mut scratch) else {
            gave_up += 1;
            continue;
        };
        let duplicate_names = theirs == "E" && repeats_a_name(case) && !options().es2025;
        if theirs == "T" || duplicate_names {
            gave_up += 1;
            continue;
        }
        matched += usize::from(ours.contains(','));
        if ours != *theirs && !splits_pair(case, theirs) {
            failures += 1;
            if failures <= 20 {
                let pattern = String::from_utf16_lossy(&case.pattern);
                let inputs: Vec<_> =
                    case.inputs.iter().map(|(text, start)| (String::from_utf16_lossy(text), *start)).collect();
                eprintln!(
                    "{tag} {i}: /{pattern}/{}\n  inputs {inputs:?}\n  ours   {ours}\n  theirs {theirs}",
                    case.flags
                );
                eprintln!("  {}", line_of(case).trim_end());
            }
        }
    }
    eprintln!("{tag}: {} cases, {matched} with a match, {gave_up} given up, {failures} different", cases.len());
    assert_eq!(failures, 0);
    assert!(matched * 5 > cases.len() && gave_up * 50 < cases.len(), "the cases test too little");
}

/// V8 makes attempts between the halves of a surrogate pair even with `u`, where the standard steps over both
/// (AdvanceStringIndex, ECMA-262 22.2.7.3): does one of its results begin there?
fn splits_pair(case: &Case, results: &str) -> bool {
    case.flags.contains(['u', 'v'])
        && case.inputs.iter().zip(results.split(';')).any(|((text, _), result)| {
            let start: Option<usize> = result.split(',').next().and_then(|s| s.parse().ok());
            start.is_some_and(|at| {
                at > 0
                    && (0xd800..0xdc00).contains(&text[at - 1])
                    && text.get(at).is_some_and(|u| (0xdc00..0xe000).contains(u))
            })
        })
}

/// Older V8 knows no names in several alternatives.
fn repeats_a_name(case: &Case) -> bool {
    let pattern = String::from_utf16_lossy(&case.pattern);
    let names: Vec<&str> = pattern.split("(?<n").skip(1).filter_map(|s| s.split('>').next()).collect();
    names.iter().enumerate().any(|(i, name)| names[..i].contains(name))
}

fn options() -> Options {
    Options {
        es2025: std::env::var("TERCEL_NODE_ES2025").is_ok(),
        lookbehind: true,
        unicode_sets: true,
        lone_surrogates: true,
        annex_b: true,
        plain: false,
    }
}

#[test]
fn random_patterns_match_as_in_v8() {
    let seed = first_seed();
    let cases = (seed..seed + case_count(4000)).map(|seed| Generator::case(&mut Rng::new(seed), options())).collect();
    compare(cases, "patterns");
}

/// Patterns with a few characters changed: mostly they are errors, and in the rest notation is read in odd ways.
#[test]
fn mutilated_patterns_are_read_as_in_v8() {
    let seed = first_seed();
    let noise = "()[]{}|?*+^$.\\-:<>=!,0123789akxucbBdpn_&~/😀";
    let noise: Vec<char> = noise.chars().collect();
    let cases = (seed..seed + case_count(4000))
        .map(|seed| {
            let mut rng = Rng::new(!seed);
            let mut case = Generator::case(&mut rng, options());
            for _ in 0..1 + rng.below(3) {
                let at = rng.below(case.pattern.len() + 1);
                if rng.chance(2) && at < case.pattern.len() {
                    case.pattern.remove(at);
                }
                let mut buffer = [0; 2];
                let units = noise[rng.below(noise.len())].encode_utf16(&mut buffer);
                let at = at.min(case.pattern.len());
                case.pattern.splice(at..at, units.iter().copied());
            }
            case
        })
        .collect();
    compare(cases, "mutilated");
}
