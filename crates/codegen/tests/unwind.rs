//! Frames of compiled IR are found by those who look from outside: a walk along the RBP chain (`perf record --call-graph fp`
//! does no more), and GDB, which is told the rules and stops at every instruction.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::cell::Cell;
use tercel_code::listen::{CodeListener, Gdb, JitDump};
use tercel_code::{CodeConfig, CodeImage, CodeKind, CodeSpace, Unwind};
use tercel_codegen::image::stack_limit;
use tercel_codegen::runtime::Context;
use tercel_codegen::x64::lower::HELPER_SYMBOLS;
use tercel_codegen::{CompiledFunction, Options, compile};
use tercel_ir::FuncId;
use tercel_ir::parse::parse_module;

/// `outer` is called from Rust, `inner` calls Rust. `middle` has values across its call, and a way that needs no frame.
const PROGRAM: &str = "\
function @outer(i64) -> i64 sysv {
  sig0 = (i64) -> i64
  fn0 = func1 @middle sig0
block0(v0: i64):
  v1 = call fn0(v0)
  v2 = iadd.i64 v1, v0
  return v2
}
function @middle(i64) -> i64 {
  sig0 = (i64) -> i64
  fn0 = func2 @inner sig0
block0(v0: i64):
  v1 = iconst.i64 100
  v2 = icmp.i64 sgt v0, v1
  branch v2, block1, block2
block1:
  return v1
block2:
  v3 = imul.i64 v0, v0
  v4 = call fn0(v3)
  v5 = iadd.i64 v4, v3
  v6 = iadd.i64 v5, v0
  return v6
}
function @inner(i64) -> i64 {
  sig0 = (i64) -> i64 sysv
  fn0 = helper0 @stop sig0
block0(v0: i64):
  v1 = iconst.i64 7
  v2 = iadd.i64 v0, v1
  v3 = call fn0(v2)
  v4 = iadd.i64 v3, v0
  return v4
}
";
const NAMES: [&str; 3] = ["outer", "middle", "inner"];

/// Published code, and the context that it uses.
struct Compiled {
    space: CodeSpace,
    entries: [usize; 3],
    _context: Box<Context>,
}

fn code_image(function: &CompiledFunction) -> CodeImage {
    let mut image = CodeImage::new(&function.name[..], CodeKind::Optimized, function.assembly.clone());
    image.unwind = Unwind::Rows(function.unwind.clone().into());
    image
}

fn publish(stop: extern "C" fn(i64) -> i64, listeners: Vec<Box<dyn CodeListener>>) -> Compiled {
    let context = Box::new(Context { stack_limit: stack_limit(), ..Context::default() });
    let options = Options { check: true, context: &raw const *context as u64, ..Options::default() };
    let module = parse_module(PROGRAM).unwrap();
    let mut space =
        CodeSpace::new(CodeConfig { code_reserve: 1 << 20, data_reserve: 1 << 20, budget: 1 << 20 }).unwrap();
    for listener in listeners {
        space.add_listener(listener);
    }
    space.define_symbol(HELPER_SYMBOLS, stop as *const () as u64);
    let mut entries = [0; 3];
    for index in [2, 1, 0] {
        let function = compile(&module.functions[FuncId::from_u32(index as u32)], &options).unwrap();
        let code = space.publish_image(code_image(&function)).unwrap();
        entries[index] = space.get(code).unwrap().entry() as usize;
        space.define_symbol(index as u32, entries[index] as u64);
    }
    Compiled { space, entries, _context: context }
}

impl Compiled {
    fn call(&self, argument: i64) -> i64 {
        // SAFETY: `outer` has this signature and the C calling convention; it touches no memory, and its context lives.
        let outer: extern "C" fn(i64) -> i64 = unsafe { std::mem::transmute(self.entries[0]) };
        outer(argument)
    }

    /// The name of the function that an address lies in.
    fn name(&self, address: usize) -> Option<&'static str> {
        let (code, _) = self.space.find(address)?;
        let entry = self.space.get(code)?.entry() as usize;
        NAMES.into_iter().zip(self.entries).find(|row| row.1 == entry).map(|row| row.0)
    }
}

/// What `outer` returns for 5 if `stop` returns its argument.
const RESULT: i64 = (25 + 7) + 25 + 25 + 5 + 5;

thread_local!(static CHAIN: Cell<[usize; 4]> = const { Cell::new([0; 4]) });

/// Remembers the return addresses of the innermost frames, by way of RBP.
#[unsafe(naked)]
extern "C" fn walk(argument: i64) -> i64 {
    std::arch::naked_asm!("mov rsi, [rsp]", "mov rdx, rbp", "jmp {}", sym remember)
}

extern "C" fn remember(argument: i64, return_address: usize, mut frame: *const usize) -> i64 {
    let mut chain = [return_address, 0, 0, 0];
    for place in &mut chain[1..] {
        // SAFETY: the frame is that of a compiled function or of its caller; each begins with its caller's RBP and holds
        // the return address above it. The last one read is that of `outer`, which saved what RBP was.
        unsafe {
            *place = frame.add(1).read();
            frame = frame.read() as *const usize;
        }
    }
    CHAIN.set(chain);
    argument
}

#[test]
fn the_chain_of_frame_pointers_leads_through_compiled_frames() {
    let compiled = publish(walk, Vec::new());
    assert_eq!(compiled.call(5), RESULT);
    let [first, second, third, fourth] = CHAIN.get().map(|address| compiled.name(address));
    assert_eq!([first, second, third], [Some("inner"), Some("middle"), Some("outer")]);
    assert_eq!(fourth, None, "outer is called from Rust");
}

extern "C" fn same(argument: i64) -> i64 {
    argument
}

/// What the debugged process does: it stops before the call, and the debugger steps from there.
fn debugged() {
    let compiled = publish(same, vec![Box::new(Gdb::new())]);
    // SAFETY: the debugger stops at this trap; without one the process ends.
    unsafe { std::arch::asm!("int3") };
    assert_eq!(compiled.call(5), RESULT);
    assert_eq!(compiled.call(101), 100 + 101);
    println!("function returned");
}

/// The names in one backtrace, innermost first, up to this file's function.
fn frames(trace: &[&str]) -> Vec<String> {
    let known = ["opt:outer", "opt:middle", "opt:inner", "same", "debugged"];
    let name = |line: &&str| {
        known.into_iter().find(|name| line.contains(&format!("{name} (")) || line.contains(&format!("::{name}")))
    };
    trace.iter().map(|line| name(line).unwrap_or("?").to_string()).collect()
}

#[test]
fn gdb_finds_the_callers_at_every_instruction() {
    const TEST: &str = "gdb_finds_the_callers_at_every_instruction";
    if std::env::var_os("TERCEL_DEBUGGED").is_some() {
        return debugged();
    }
    let steps = "set $step = 0\nwhile $step < 150\nstepi\nprintf \"STEP %d\\n\", $step\nbacktrace 6\nset $step = $step + 1\nend\n";
    let script = std::env::temp_dir().join(format!("tercel-{}-unwind.gdb", std::process::id()));
    std::fs::write(&script, format!("set env TERCEL_DEBUGGED=1\nrun\n{steps}continue\n")).unwrap();
    let output = std::process::Command::new("gdb")
        .args(["-nx", "-batch", "-x"])
        .arg(&script)
        .arg("--args")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture", "--test-threads=1"])
        .output();
    let _ = std::fs::remove_file(&script);
    let Ok(output) = output else {
        eprintln!("SKIPPED: there is no gdb, so nobody has looked at its backtraces");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if !text.contains("SIGTRAP") {
        eprintln!("SKIPPED: gdb cannot run a process here: {text}");
        return;
    }
    assert!(text.contains("function returned"), "{text}");
    let mut seen = [0; 3];
    for step in text.split("STEP ").skip(1) {
        let lines: Vec<&str> = step.lines().filter(|line| line.starts_with('#')).collect();
        let found = frames(&lines);
        let Some(innermost) = found.first().filter(|name| name.starts_with("opt:")) else { continue };
        let depth = match &innermost[..] {
            "opt:outer" => 1,
            "opt:middle" => 2,
            _ => 3,
        };
        let mut expected = ["opt:inner", "opt:middle", "opt:outer"][3 - depth..].to_vec();
        expected.push("debugged");
        seen[depth - 1] += 1;
        let found: Vec<&str> = found.iter().map(|name| &name[..]).filter(|&name| name != "?").collect();
        assert_eq!(found[..], expected[..], "{step}");
    }
    assert!(seen.iter().all(|&count| count > 5), "few steps were in compiled code: {seen:?}\n{text}");
}

/// Not a test of its own: something for perf to look at, whose backtraces are to go from `opt:inner` to this function. Samples that
/// fall between a call and the end of the prologue lack the caller, as with all code that keeps a frame pointer.
///
/// `perf record -k 1 -e cpu-clock --call-graph fp -o raw TEST --exact busy --ignored && perf inject --jit -i raw -o full &&
/// perf report -i full --no-children`
#[test]
#[ignore = "runs for some seconds, for a profiler"]
fn busy() {
    let compiled = publish(same, vec![Box::new(JitDump::new().unwrap())]);
    let start = std::time::Instant::now();
    while start.elapsed().as_secs() < 3 {
        for _ in 0..10_000 {
            assert_eq!(compiled.call(5), RESULT);
        }
    }
}
