//! The bytecode of small programs, as text: `filetests/NAME.js` lowers to `filetests/NAME.txt`.
//!
//! After a change of the lowering, `TERCEL_RECORD=1 cargo test -p tercel-front --test filetests` writes the new texts; review the difference.
//! A first line `// module` or `// eval …` chooses how the program is compiled; `eval` takes the flags of its place: `strict`, `new.target`, `super`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tercel_bytecode::print::Print;
use tercel_bytecode::verify::verify;
use tercel_bytecode::{EvalInfo, Source};
use tercel_front::{Options, compile_eval, compile_module, compile_script};

fn lower(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = std::fs::read_to_string(path).expect("readable");
    let head = text.lines().next().unwrap_or("").to_string();
    let source = Arc::new(Source::new(name, text));
    let options = Options { natives: true, ..Options::default() };
    let result = if head.starts_with("// module") {
        compile_module(&source, &options)
    } else if head.starts_with("// eval") {
        let info = EvalInfo {
            strict: head.contains("strict"),
            new_target: head.contains("new.target"),
            super_property: head.contains("super"),
            ..EvalInfo::default()
        };
        compile_eval(&source, &info, &options)
    } else {
        compile_script(&source, &options)
    };
    match result {
        Ok(template) => {
            verify(&template).expect("valid bytecode");
            format!("{:#}", Print(&template))
        }
        Err(error) => format!("{error}\n"),
    }
}

#[test]
fn programs_lower_to_the_recorded_bytecode() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests");
    let mut programs: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "js"))
        .collect();
    programs.sort();
    assert!(!programs.is_empty());
    let record = std::env::var_os("TERCEL_RECORD").is_some();
    let mut different = Vec::new();
    for program in programs {
        let expected = program.with_extension("txt");
        let text = lower(&program);
        if record {
            std::fs::write(&expected, &text).expect("writable");
        } else if std::fs::read_to_string(&expected).ok().as_deref() != Some(&text) {
            different.push(format!("--- {}\n{text}", program.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
