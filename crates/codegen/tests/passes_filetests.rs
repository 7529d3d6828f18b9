//! Filetests of passes: `tests/filetests/PASS/NAME.tir` holds functions, and after a line `; after PASS:` what the pass makes of
//! them. `TERCEL_RECORD=1` writes the second half anew; review the difference.
//!
//! Lines before the first function that begin with `; set NAME = VALUE` set tunables.

use std::fs;
use std::path::Path;
use tercel_codegen::passes::{Options, Pass, Tunables, run_pass};
use tercel_ir::FuncId;
use tercel_ir::entity::Entity;
use tercel_ir::parse::parse_module;
use tercel_ir::verifier::verify_module;

#[test]
fn passes_do_what_their_files_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests");
    let record = std::env::var_os("TERCEL_RECORD").is_some();
    let mut failures = Vec::new();
    for &pass in Pass::ALL {
        let folder = root.join(pass.name());
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{pass} has no filetest");
        for path in paths {
            let text = fs::read_to_string(&path).unwrap();
            let marker = format!("; after {pass}:\n");
            let (before, expected) = text.split_once(&marker).unwrap_or((&text, ""));
            let actual = apply(pass, before).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            if record {
                let before = before.trim_end();
                fs::write(&path, format!("{before}\n\n{marker}\n{actual}")).unwrap();
            } else if actual.trim() != expected.trim() {
                failures.push(format!("{}:\n--- expected\n{expected}\n--- actual\n{actual}", path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn apply(pass: Pass, text: &str) -> Result<String, String> {
    let mut tunables = Tunables::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("; set ")) {
        let (name, value) = line.split_once(" = ").ok_or("a setting is `NAME = VALUE`")?;
        let value = value.trim().parse().map_err(|_| format!("`{value}` is no number"))?;
        if !tunables.set(name.trim(), value) {
            return Err(format!("no tunable `{name}`"));
        }
    }
    let mut module = parse_module(text).map_err(|error| error.to_string())?;
    verify_module(&module)?;
    let mut counts = String::new();
    for (index, func) in module.functions.values_mut().enumerate() {
        let options = Options {
            verify: true,
            self_id: Some(FuncId::new(index)),
            tunables: tunables.clone(),
            ..Options::default()
        };
        let run = run_pass(func, pass, &options).map_err(|error| error.to_string())?;
        for (name, count) in run.counts {
            counts.push_str(&format!("; @{}: {name}: {count}\n", func.name));
        }
    }
    Ok(format!("{module}{counts}"))
}
