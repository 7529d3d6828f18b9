//! How fast the baseline compiler is: time and code for a bytecode instruction, for all functions of programs.
//!
//! `cargo bench -p tercel-jit --bench baseline_speed -- FILE…` (without files: a program of its own; with `--ops`: bytes of code by op)
//!
//! Every function is compiled once a round, with the feedback of before its first run; with `--run`: the program is interpreted first, and what is compiled
//! are the functions that were called at least ten times, with their feedback, as the engine does. *compile* is from bytecode to code with its tables,
//! *publish* is what placing it in executable memory adds, in batches as the engine makes them. The figures are the quickest rounds, in time that the thread spent on a processor. The bar
//! is 100 ns an instruction.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use tercel_bytecode::{Op, Source};
use tercel_gc::cpu_time;
use tercel_jit::baseline::Scratch;
use tercel_vm::code::{CodeBlock, code_flag};
use tercel_vm::context::{Context, Options, Thresholds};
use tercel_vm::{Gc, Kind};

const BAR: f64 = 100.0;
const ROUNDS: usize = 15;
/// Code that is published stays: fewer rounds.
const PUBLISHED_ROUNDS: usize = 4;

/// The least time of some rounds, in nanoseconds.
fn best(rounds: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..rounds).map(|_| {
        let start = cpu_time();
        work();
        cpu_time() - start
    });
    times.min().unwrap_or_default() as f64
}

/// The code blocks of a program.
fn blocks(cx: &Context, name: &str, text: &str) -> Result<Vec<Gc<CodeBlock>>, String> {
    let source = Arc::new(Source::new(name, text));
    let template = tercel_front::compile_script(&source, &tercel_front::Options::default())
        .map_err(|_| format!("{name} does not compile"))?;
    let mut all = vec![cx.new_code_block(template, cx.realm())];
    let mut next = 0;
    while let Some(&block) = all.get(next) {
        next += 1;
        cx.prepare_code(block);
        all.extend((0..block.template().functions.len()).map(|i| block.function(cx, i)));
    }
    Ok(all)
}

/// Calls after which `--run` takes a function for warm.
const WARM: u32 = 10;

/// Interprets a program, and gives its functions that are warm then.
fn run(cx: &Context, name: &str, text: &str) -> Result<Vec<Gc<CodeBlock>>, String> {
    let text = format!("globalThis.print = function () {{}};\n{text}");
    let source = Arc::new(Source::new(name, text));
    let template = tercel_front::compile_script(&source, &tercel_front::Options::default())
        .map_err(|_| format!("{name} does not compile"))?;
    cx.run_script_template(template).map_err(|_| format!("{name} throws"))?;
    let mut warm = Vec::new();
    cx.heap.for_each_cell(&mut |cell, _| {
        // SAFETY: the heap shows cells that are initialised; a code block does not move, and nothing is collected before this program ends.
        let block: Gc<CodeBlock> = unsafe {
            if (*cell).kind.get() != Kind::CodeBlock as u8 {
                return;
            }
            Gc::from_addr(cell as usize)
        };
        if block.calls.get() >= WARM && !block.has(code_flag::BUILTIN) {
            warm.push(block);
        }
    });
    Ok(warm)
}

/// Bytes of code by op, most first.
fn print_ops(cx: &Context, blocks: &[Gc<CodeBlock>]) {
    let mut ops: HashMap<&str, [usize; 3]> = HashMap::new();
    let mut scratch = Scratch::default();
    for &block in blocks {
        let Ok(compiled) = tercel_jit::baseline::compile_with(cx, block, &mut scratch, true) else { continue };
        let positions = &compiled.positions;
        let ends = positions.iter().skip(1).map(|row| row.0).chain([compiled.pads]);
        let (mut last, mut slow) = (None, 0);
        for (&(start, pc), end) in positions.iter().zip(ends) {
            // Slow paths come in another order than instructions.
            slow = if last.is_some_and(|last| last >= pc) { 1 } else { slow };
            last = Some(pc);
            let op = Op::from_unit(block.template().code[pc as usize]).map_or("?", |op| op.info().name);
            let row = ops.entry(op).or_default();
            row[slow] += (end - start) as usize;
            row[2] += 1 - slow;
        }
    }
    let mut rows: Vec<_> = ops.into_iter().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row[0] + row[1]));
    for (op, [fast, slow, count]) in rows.into_iter().take(25) {
        let each = |bytes: usize| bytes as f64 / count.max(1) as f64;
        println!("{op:20} {count:7} times  {:6.1} bytes in line  {:6.1} behind", each(fast), each(slow));
    }
}

fn measure(cx: &Context, name: &str, text: &str) -> Result<f64, String> {
    let ran = std::env::args().any(|arg| arg == "--run");
    let blocks = if ran { run(cx, name, text)? } else { blocks(cx, name, text)? };
    if std::env::args().any(|arg| arg == "--ops") {
        print_ops(cx, &blocks);
    }
    let (mut instructions, mut bytecode, mut code) = (0, 0, 0);
    let mut scratch = Scratch::default();
    for &block in &blocks {
        let compiled =
            tercel_jit::baseline::compile(cx, block, &mut scratch).map_err(|refusal| refusal.reason().to_owned())?;
        instructions += u64::from(compiled.instructions);
        bytecode += compiled.bytecode_bytes;
        code += compiled.assembly.code.len();
    }
    let compile = best(ROUNDS, || {
        for &block in &blocks {
            std::hint::black_box(tercel_jit::baseline::compile(cx, block, &mut scratch)).ok();
        }
    });
    let hooks = cx.interp.tiers.hooks.get().ok_or("there is no compiler")?;
    let whole = best(PUBLISHED_ROUNDS, || {
        // As if all became warm one after the other.
        for &block in &blocks {
            block.forget_machine_code(cx);
            std::hint::black_box((hooks.compile)(cx, block, false));
        }
        if let Some(&last) = blocks.last() {
            std::hint::black_box((hooks.compile)(cx, last, true));
        }
    });
    let each = |time: f64| time / instructions as f64;
    println!(
        "{name}: {} functions, {instructions} instructions: compile {:.0} ns, publish {:.0} ns, together {:.0} ns an instruction; {:.1} bytes of code an instruction, {:.1} a byte of bytecode",
        blocks.len(),
        each(compile),
        each(whole - compile),
        each(whole),
        code as f64 / instructions as f64,
        code as f64 / bytecode as f64,
    );
    Ok(each(whole))
}

/// A program with a bit of everything, repeated.
fn sample() -> String {
    const FUNCTIONS: &str = "
        function Point$(x, y) { this.x = x; this.y = y; }
        Point$.prototype.add = function (other) { return new Point$(this.x + other.x, this.y + other.y); };
        function sum$(list) { let s = 0; for (let i = 0; i < list.length; i++) { if (list[i] > 3 && s !== null) s += list[i] * 2; } return s; }
        function walk$(node, f) { while (node !== null) { f(node.key, node.next); node = node.next; } return node === undefined; }
        function text$(a, b) { switch (a) { case 1: return `${a}-${b}`; case 2: return a + b | 0; default: return [a, b, { a, b }]; } }
    ";
    (0..100).map(|n| FUNCTIONS.replace('$', &n.to_string())).collect()
}

fn main() -> ExitCode {
    // Nothing is compiled but by the bench itself.
    let thresholds = Thresholds { baseline_calls: u32::MAX, baseline_iterations: u32::MAX, ..Thresholds::default() };
    let cx = Context::new(Options { thresholds, ..Options::default() }, &tercel_builtins::BUILTINS)
        .expect("there is memory for a context");
    tercel_jit::install(&cx);
    cx.enter_thread();
    let files: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let mut programs: Vec<(String, String)> = Vec::new();
    for file in files {
        match std::fs::read_to_string(&file) {
            Ok(text) => programs.push((file, text)),
            Err(error) => eprintln!("{file}: {error}"),
        }
    }
    if programs.is_empty() {
        programs.push(("sample".into(), sample()));
    }
    let mut missed = false;
    for (name, text) in programs {
        match cx.native_scope(|| measure(&cx, &name, &text)) {
            Ok(time) => missed |= time > BAR,
            Err(reason) => {
                eprintln!("{name}: {reason}");
                missed = true;
            }
        }
    }
    ExitCode::from(u8::from(missed))
}
