//! What inline caches learn: `tercel dump --ic` of the programs under `tests/ic` says what their `.out` files say.

use std::path::Path;
use std::process::Command;

#[test]
fn sites_have_the_stubs_that_are_expected_of_their_feedback() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/ic");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "js") {
            continue;
        }
        let output = Command::new(env!("CARGO_BIN_EXE_tercel")).args(["dump", "--ic"]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let (got, want) =
            (String::from_utf8(output.stdout).unwrap(), std::fs::read_to_string(path.with_extension("out")).unwrap());
        let differs = got.lines().zip(want.lines()).position(|(got, want)| got != want);
        assert!(got == want, "{} differs from line {:?} on:\n{got}", path.display(), differs.map(|n| n + 1));
        seen += 1;
    }
    assert!(seen > 0);
}

/// The code that a run's feedback makes names the location that the run has found.
#[test]
fn machine_code_can_be_shown_with_the_feedback_of_a_run() {
    let file = std::env::temp_dir().join(format!("tercel-ic-test-{}.js", std::process::id()));
    std::fs::write(&file, "function read(p) { return p.x; } const p = { x: 1 }; for (let i = 0; i < 9; i++) read(p);")
        .unwrap();
    let dump = |flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tercel")).arg("dump").args(flags).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (before, after) = (dump(&["--asm"]), dump(&["--asm", "--after-run"]));
    std::fs::remove_file(&file).unwrap();
    let load = "mov rax, [rax+0x18]";
    let of_read = |text: &str| text.split("function \"read\"").nth(1).unwrap().contains(load);
    assert!(!of_read(&before) && of_read(&after), "{after}");
}
