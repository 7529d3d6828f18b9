//! A campaign finds differences between commands, locates them, and the reducer keeps them.
//!
//! Engines are shell scripts that answer for the programs of a script: what is tested is the comparison, not a JavaScript engine.

use std::path::{Path, PathBuf};
use std::time::Duration;
use tercel_fuzz::campaign::{self, Options};
use tercel_fuzz::engine::{End, Engine};
use tercel_fuzz::features::Feature;
use tercel_fuzz::{batch, r#gen, reduce, report};

/// Prints a section for each program of a script; `bug` may change what awk does with a program's text in `body`.
fn awk_engine(dir: &Path, name: &str, bug: &str) -> Engine {
    let path = dir.join(format!("{name}.awk"));
    let text = format!(
        "function flush() {{ if (seed != \"\") {{ {bug} print \"#\" seed; print length(body) % 7; print \"+0\" }} seed = \"\"; body = \"\" }}\n\
         /^\\$program\\([0-9]+, function/ {{ flush(); seed = $0; sub(/^\\$program\\(/, \"\", seed); sub(/,.*/, \"\", seed); next }}\n\
         /^\\$run\\(\\);$/ {{ flush(); print \"#end\"; exit 0 }}\n\
         seed != \"\" {{ body = body $0 }}\n"
    );
    std::fs::write(&path, text).unwrap();
    Engine::parse(&format!("{name}=awk -f {}", path.display())).unwrap()
}

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        let dir = std::env::temp_dir().join(format!("tercel-fuzz-test-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Dir(dir)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn options(dir: &Dir, engines: Vec<Engine>, count: u64) -> Options {
    Options {
        first_seed: 0,
        count,
        batch: 10,
        jobs: 2,
        engines,
        time_limit: Duration::from_secs(40),
        dir: dir.0.clone(),
        verbose: false,
    }
}

/// Seeds below `count` whose programs contain a text.
fn seeds_with(text: &str, count: u64) -> Vec<u64> {
    (0..count).filter(|&seed| r#gen::program(seed).0.to_string().contains(text)).collect()
}

#[test]
fn equal_engines_do_not_differ() {
    let dir = Dir::new("equal");
    let engines = vec![awk_engine(&dir.0, "a", ""), awk_engine(&dir.0, "b", "")];
    let totals = campaign::run(&options(&dir, engines, 60)).unwrap();
    assert_eq!((totals.programs, totals.differences.len()), (60, 0));
}

#[test]
fn a_seeded_miscompare_is_found_and_reduced() {
    let dir = Dir::new("miscompare");
    let wanted = seeds_with("Math.imul(", 60);
    assert!(!wanted.is_empty() && wanted.len() < 60);
    let bug = "if (body ~ /Math\\.imul\\(/) body = \"wrong\";";
    let engines = vec![
        awk_engine(&dir.0, "a", "body = \"\";"),
        awk_engine(&dir.0, "b", &format!("if (body !~ /Math\\.imul\\(/) body = \"\"; {bug}")),
    ];
    let options = options(&dir, engines, 60);
    let totals = campaign::run(&options).unwrap();
    assert_eq!(totals.differences.iter().map(|d| d.seed).collect::<Vec<_>>(), wanted);
    assert!(totals.differences.iter().all(|d| !d.only_in_batch));
    let text = report::json(&options, &totals);
    assert!(text.contains(&format!("\"seed\": {}", wanted[0])) && text.contains("\"BigInt\": "));

    let (tree, _) = r#gen::program(wanted[0]);
    let mut runs = 0;
    let small = reduce::reduce(&tree, 400, |candidate| {
        runs += 1;
        let text = candidate.to_string();
        let run = |engine| campaign::behaviour(engine, 7, &text, &dir.0, Duration::from_secs(10)).unwrap();
        run(&options.engines[0]) != run(&options.engines[1])
    });
    assert!(small.to_string().contains("Math.imul("), "{small}");
    assert!(small.to_string().len() < tree.to_string().len() / 2, "{runs} runs\n{small}");
}

#[test]
fn a_crash_is_blamed_on_the_program_that_crashes_alone() {
    let dir = Dir::new("crash");
    let wanted = seeds_with("switch (", 40);
    assert!(!wanted.is_empty());
    let crash = "if (body ~ /switch \\(/) exit 3;";
    let engines = vec![awk_engine(&dir.0, "a", ""), awk_engine(&dir.0, "b", crash)];
    let totals = campaign::run(&options(&dir, engines, 40)).unwrap();
    let found: Vec<u64> = totals.differences.iter().map(|d| d.seed).collect();
    assert_eq!(found, wanted);
    assert!(totals.differences.iter().all(|d| d.other.end == End::Code(3) && d.other.section.is_none()));
}

#[test]
fn an_engine_that_does_not_work_is_told_apart() {
    let dir = Dir::new("probe");
    let missing = Engine::parse("none=/no/such/engine").unwrap();
    let wrong = Engine::parse("wrong=true").unwrap();
    let (good, bad) = campaign::probe(vec![missing, wrong], &dir.0);
    assert_eq!((good.len(), bad.len()), (0, 2));
}

#[test]
fn programs_with_what_an_engine_lacks_are_not_compared_with_it() {
    let dir = Dir::new("lacks");
    let helpers = |seed: u64| r#gen::program(seed).1.contains(Feature::IteratorHelpers);
    let seeds: Vec<u64> = (0..200).filter(|&seed| helpers(seed)).collect();
    assert!(!seeds.is_empty());
    let mut engines = vec![awk_engine(&dir.0, "a", ""), awk_engine(&dir.0, "b", "body = body \"x\";")];
    engines[1].lacks.insert(Feature::IteratorHelpers);
    let totals = campaign::run(&options(&dir, engines, 200)).unwrap();
    assert_eq!(totals.differences.len(), 200 - seeds.len());
    assert!(totals.differences.iter().all(|d| !helpers(d.seed)));
}

#[test]
fn programs_run_the_same_in_all_configurations_of_tercel() {
    // The command is built by another package: without it there is nothing to run.
    let beside = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("tercel");
    if !beside.exists() {
        eprintln!("SKIPPED: {} is not built", beside.display());
        return;
    }
    let dir = Dir::new("tercel");
    let engine = |name: &str, flag: &str| Engine::parse(&format!("{name}={} run {flag}", beside.display())).unwrap();
    let totals = campaign::run(&options(
        &dir,
        vec![engine("jitless", "--jitless"), engine("no-ic", "--no-ic"), engine("baseline", "--always-baseline")],
        60,
    ))
    .unwrap();
    assert_eq!(totals.programs, 60);
    assert!(totals.differences.is_empty(), "{:?}", totals.differences);
    assert!(batch::PRELUDE.contains("$program"));
}
