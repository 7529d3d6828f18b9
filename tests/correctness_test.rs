//! Every program under `tests/js` prints what its `.out` file says, in every mode of the engine.
//!
//! A program may begin with directives: `// flags: --x --y` adds flags of the command, `// exit: N` expects exit code N,
//! `// stderr: TEXT` expects TEXT in what it writes to standard error.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The modes that every program runs in: a name, and the flags that make it.
const MODES: &[(&str, &[&str])] = &[
    ("default", &[]),
    ("interpreter", &["--jitless"]),
    ("all-functions-deferred", &["--defer-from=0"]),
    ("no-functions-deferred", &["--defer-from=1G"]),
    ("no-ic", &["--no-ic"]),
    ("baseline", &["--always-baseline"]),
    ("baseline-no-ic", &["--always-baseline", "--no-ic"]),
    ("baseline-gc-every-7", &["--always-baseline", "--gc-every=7"]),
    ("no-machine-code", &["--fail-code-alloc"]),
    ("small-code-budget", &["--always-baseline", "--code-limit=100K"]),
    ("gc-every-1", &["--gc-every=1"]),
    ("gc-every-7", &["--gc-every=7"]),
];

/// Programs that do so much that a collection at every safepoint, with the verifier of debug builds, would take minutes: they run
/// at a longer interval there. In release builds, which only poison, they run as all others do.
const GC_INTERVAL_WHEN_LARGE: &str = "--gc-every=1009";

/// Programs that are known to fail in a mode; each has its row in docs/STATUS.md (D1). They run, and what they do is printed.
const KNOWN_FAILURES: &[(&str, &str)] = &[];

fn programs(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|e| e == "js" || e == "mjs") && path.with_extension("out").exists() {
            found.push(path);
        }
    }
}

#[derive(Default)]
struct Directives {
    flags: Vec<String>,
    exit: i32,
    stderr: Option<String>,
    large: bool,
}

fn directives(source: &str) -> Directives {
    let mut d = Directives::default();
    for line in source.lines().take_while(|l| l.starts_with("//")) {
        let line = line.trim_start_matches('/').trim();
        if let Some(flags) = line.strip_prefix("flags:") {
            d.flags.extend(flags.split_whitespace().map(str::to_owned));
        } else if let Some(code) = line.strip_prefix("exit:") {
            d.exit = code.trim().parse().unwrap();
        } else if let Some(text) = line.strip_prefix("stderr:") {
            d.stderr = Some(text.trim().to_owned());
        } else if line == "large" {
            d.large = true;
        }
    }
    d
}

/// Runs one program in one mode; `Err` describes what differed.
fn check(path: &Path, mode: &str, mode_flags: &[&str]) -> Result<(), String> {
    let source = std::fs::read_to_string(path).unwrap();
    let d = directives(&source);
    let expected = std::fs::read_to_string(path.with_extension("out")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tercel"));
    command.arg("run");
    for flag in mode_flags {
        command.arg(if d.large && cfg!(debug_assertions) && flag.starts_with("--gc-every") {
            GC_INTERVAL_WHEN_LARGE
        } else {
            flag
        });
    }
    let output = command.args(&d.flags).arg(path).env("TZ", "UTC").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let name = path.file_name().unwrap().to_string_lossy();
    if output.status.code() != Some(d.exit) {
        return Err(format!("{name} [{mode}]: {} instead of exit code {}\n{out}{err}", output.status, d.exit));
    }
    if out != expected {
        let (line, (got, want)) = out
            .lines()
            .chain(std::iter::repeat("<nothing>"))
            .zip(expected.lines().chain(std::iter::repeat("<nothing>")))
            .enumerate()
            .find(|(_, (a, b))| a != b)
            .unwrap_or((0, ("<line ends>", "<line ends>")));
        return Err(format!("{name} [{mode}], line {}:\n  printed  {got}\n  expected {want}\n{err}", line + 1));
    }
    match d.stderr {
        Some(text) if !err.contains(&text) => Err(format!("{name} [{mode}]: standard error lacks {text:?}:\n{err}")),
        _ => Ok(()),
    }
}

#[test]
fn programs_print_what_is_expected_in_every_mode() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/js");
    let mut found = Vec::new();
    programs(&root, &mut found);
    assert!(found.len() >= 14, "only {} programs found under {}", found.len(), root.display());
    let jobs: Vec<_> = found.iter().flat_map(|p| MODES.iter().map(move |m| (p, m))).collect();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, |n| n.get()) {
            scope.spawn(|| {
                while let Some((path, (mode, flags))) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(failure) = check(path, mode, flags) {
                        let name = path.file_name().unwrap().to_string_lossy();
                        if KNOWN_FAILURES.contains(&(&*name, mode)) {
                            println!("known failure: {failure}");
                        } else {
                            failures.lock().unwrap().push(failure);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} runs failed:\n\n{}", failures.len(), jobs.len(), failures.join("\n"));
}
