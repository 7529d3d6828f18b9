//! `tercel dump`: what the engine makes of a program.

use std::path::Path;
use std::sync::Arc;
use tercel::internals::bytecode::{Source, print::Print};
use tercel::internals::vm::ic::dump::inline_caches;
use tercel::internals::{front, jit};
use tercel::{Engine, Options};
use tercel_runtime::Runtime;

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

/// Runs a script, then prints its inline caches, or the machine code that its feedback makes; the exit code.
pub fn after_run(path: &Path, caches: bool) -> u8 {
    let options = Options { count_ic_hits: caches, ..Options::default() };
    let runtime = match Engine::with_options(options).and_then(|engine| Runtime::new(engine, &[])) {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("tercel: {e}");
            return 1;
        }
    };
    let name = path.display().to_string();
    let source = match tercel_runtime::read_source(path) {
        Ok(source) => source,
        Err(e) => {
            eprintln!("tercel: {e}");
            return 1;
        }
    };
    runtime.engine().run(|cx| {
        let Ok(template) = cx.compile_script(&source, &name) else {
            eprintln!("tercel: {name} does not compile");
            return 1;
        };
        let function = cx.function_from_template(template);
        let threw = cx.call(function.into(), cx.realm().global_this().into(), &[]).is_err() || runtime.run().is_err();
        if threw {
            eprintln!("tercel: {name} threw; what it has learnt until then:");
        }
        let code = function.code();
        print!("{}", if caches { inline_caches(cx, code) } else { jit::dump::assembly(cx, code) });
        u8::from(threw)
    })
}
