//! Bugs put into the encoder on purpose, one at a time in a copy of the crate: the round trip must fail for each.
//!
//! `cargo test -p tercel-asm --test seeded_bugs -- --ignored --nocapture` (some minutes); `.ci/seeded-bugs` runs it together with
//! the faults of the code generator.

use std::fs;
use std::path::Path;
use std::process::Command;

/// File, what is there, what takes its place.
const BUGS: &[(&str, &str, &str)] = &[
    ("encode.rs", "if inst.map == Map::M0F && !inst.w && x | b == 0 {", "if inst.map == Map::M38 && b > 1 {"),
    ("encode.rs", "mem.disp == 0 && base & 7 != 5", "mem.disp == 0 && base != 5"),
    ("encode.rs", "i32::from(scaled as i8) << disp8_shift == mem.disp", "i32::from(scaled as i8) == mem.disp"),
    ("encode.rs", "let addend = mem.disp.wrapping_sub(to_end);", "let addend = mem.disp.wrapping_sub(to_end.min(4));"),
    ("encode.rs", "v4 = (mem.index >> 4) & 1;", "v4 = 0;"),
    ("inst.rs", "(Disp8::Full8, true) => 3,", "(Disp8::Full8, true) => 2,"),
    ("gpr.rs", "(reg & 0xFC) == 4", "(reg & 0xFE) == 4"),
    ("gpr.rs", "(true, true) if size != Size::S8 =>", "(true, true) if size == Size::S16 =>"),
    ("vector.rs", "(VecShape::Rm, 0x10 | 0x28, pp) =>", "(VecShape::Rm, 0x10, pp) =>"),
    ("rows_avx512.rs", "_ vpermw P66 M38 0x8D NV (W1 Vl)", "_ vpermw P66 M38 0x8D NV (W1 Vl2)"),
    ("branch.rs", "i8::try_from(distance - 2).is_ok()", "i8::try_from(distance - 3).is_ok()"),
];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The workspace's manifest with this crate as its only member.
fn manifest_of_one(manifest: &str) -> String {
    let mut lines = Vec::new();
    for line in manifest.lines() {
        match line.split('=').next().map(str::trim) {
            Some("members") => lines.push("members = [\"crates/asm\"]"),
            Some("default-members") => {}
            _ => lines.push(line),
        }
    }
    lines.join("\n") + "\n"
}

/// What a build and run of the copied crate's round trip says, and whether it passes.
fn round_trip(workspace: &Path) -> (bool, String) {
    let cargo = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--test", "roundtrip"])
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", workspace.join("target"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&cargo.stdout).into_owned() + &String::from_utf8_lossy(&cargo.stderr);
    (cargo.status.success(), text)
}

#[test]
fn the_reduced_workspace_is_one_that_cargo_reads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reduced");
    let _ = fs::remove_dir_all(&workspace);
    copy(&root.join("crates/asm"), &workspace.join("crates/asm"));
    fs::write(workspace.join("Cargo.toml"), manifest_of_one(&fs::read_to_string(root.join("Cargo.toml")).unwrap()))
        .unwrap();
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(&workspace)
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
}

#[test]
fn all_seeded_bugs_have_a_place() {
    for (file, right, _) in BUGS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/x64").join(file);
        assert!(fs::read_to_string(path).unwrap().contains(right), "{file} has changed: {right}");
    }
}

#[test]
#[ignore = "compiles the crate once per bug"]
fn every_seeded_bug_is_caught() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seeded");
    let _ = fs::remove_dir_all(workspace.join("crates"));
    copy(&root.join("crates/asm"), &workspace.join("crates/asm"));
    fs::write(workspace.join("Cargo.toml"), manifest_of_one(&fs::read_to_string(root.join("Cargo.toml")).unwrap()))
        .unwrap();
    let _ = fs::copy(root.join("Cargo.lock"), workspace.join("Cargo.lock"));
    let (passes, text) = round_trip(&workspace);
    assert!(passes, "without a bug: {text}");
    let mut missed = Vec::new();
    for (file, right, wrong) in BUGS {
        let path = workspace.join("crates/asm/src/x64").join(file);
        let source = fs::read_to_string(&path).unwrap();
        assert!(source.contains(right), "{file} has changed: {right}");
        fs::write(&path, source.replacen(right, wrong, 1)).unwrap();
        let (passes, text) = round_trip(&workspace);
        fs::write(&path, source).unwrap();
        // A bug that does not compile would prove nothing.
        assert!(passes || text.contains("mismatches"), "{file}: {text}");
        let how = text.lines().find(|line| line.contains("mismatches")).unwrap_or("-").trim();
        // The script of all seeded faults reads these lines.
        println!("{}\tencoder\t{file}: {wrong}\t{how}", if passes { "missed" } else { "caught" });
        if passes {
            missed.push(format!("{file}: {wrong}"));
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}");
}
