//! `tercel dump`: what the engine makes of a program.

use std::path::Path;
use tercel::internals::front;

/// Prints what was asked for; the exit code.
pub fn file(path: &Path, bytecode: bool, regexp: bool, module: bool) -> u8 {
    let source = match tercel_runtime::read_source(path) {
        Ok(source) => source,
        Err(e) => {
            eprintln!("tercel: {e}");
            return 1;
        }
    };
    let name = path.display().to_string();
    let module = module || path.extension().is_some_and(|e| e == "mjs");
    match front::dump::program(&source, &name, module, bytecode, regexp) {
        Ok(text) => {
            print!("{text}");
            0
        }
        Err(e) => {
            eprintln!("{name}:{e}");
            1
        }
    }
}
