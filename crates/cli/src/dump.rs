//! `tercel dump`: what the engine makes of a program.

use std::path::Path;
use std::sync::Arc;
use tercel::internals::bytecode::{Source, print::Print};
use tercel::internals::{front, jit};
use tercel::{Engine, Options};

/// Prints the bytecode of a program, or its machine code; the exit code.
pub fn file(path: &Path, module: bool, asm: bool) -> u8 {
    let source = match tercel_runtime::read_source(path) {
        Ok(source) => source,
        Err(e) => {
            eprintln!("tercel: {e}");
            return 1;
        }
    };
    let name = path.display().to_string();
    let module = module || path.extension().is_some_and(|e| e == "mjs");
    let source = Arc::new(Source::new(&name, &source));
    let options = front::Options { natives: true, ..front::Options::default() };
    let compiled =
        if module { front::compile_module(&source, &options) } else { front::compile_script(&source, &options) };
    match compiled {
        Ok(template) if asm => match Engine::with_options(Options::default()) {
            Ok(engine) => {
                let text = engine.run(|cx| jit::dump::assembly(cx, cx.new_code_block(template, cx.realm())));
                print!("{text}");
                0
            }
            Err(e) => {
                eprintln!("tercel: {e}");
                1
            }
        },
        Ok(template) => {
            print!("{:#}", Print(&template));
            0
        }
        Err(e) => {
            eprintln!("{name}:{e}");
            1
        }
    }
}
