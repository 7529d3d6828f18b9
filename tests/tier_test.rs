//! The tiers, from outside: that code runs where it should, that the engine does without machine code, and that limits hold in both.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn tercel(flags: &[&str], code: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tercel")).args(flags).arg("-e").arg(code).output().unwrap()
}

/// What a run that must succeed prints.
fn prints(flags: &[&str], code: &str) -> String {
    let output = tercel(flags, code);
    assert!(output.status.success(), "{flags:?} {code}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A figure of `--stats`, and what else the run printed.
fn figure(flags: &[&str], code: &str, key: &str) -> Option<u64> {
    let output = tercel(&[flags, &["--stats"]].concat(), code);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

const PROGRAM: &str = "function f(n) { let s = 0; for (let i = 0; i < n; i++) s += g(i); return s; } \
                       function g(x) { return x & 7; } let t = 0; for (let k = 0; k < 50; k++) t += f(1000); print(t);";

#[test]
fn forced_baseline_runs_in_baseline_code() {
    assert!(figure(&["--always-baseline"], PROGRAM, "work.baseline.share_percent").unwrap() >= 99);
    assert_eq!(figure(&["--always-baseline"], PROGRAM, "work.interpreter.calls"), Some(0));
    assert!(figure(&[], PROGRAM, "work.baseline.share_percent").unwrap() >= 90, "hot code is compiled by default");
}

#[test]
fn the_interpreter_alone_compiles_nothing() {
    assert_eq!(prints(&["--jitless"], PROGRAM), prints(&["--always-baseline"], PROGRAM));
    assert_eq!(figure(&["--jitless"], PROGRAM, "baseline.functions"), None);
}

#[test]
fn running_loops_change_tiers_unless_told_otherwise() {
    let one_loop = "let s = 0; for (let i = 0; i < 100000; i++) s += i; print(s);";
    assert_eq!(prints(&[], one_loop), "4999950000");
    assert!(figure(&[], one_loop, "work.baseline.iterations").unwrap() > 90_000);
    assert_eq!(figure(&["--no-osr"], one_loop, "work.baseline.iterations").unwrap_or(0), 0);
}

#[test]
fn without_executable_memory_programs_run_and_the_statistics_say_why() {
    assert_eq!(prints(&["--fail-code-alloc"], PROGRAM), prints(&[], PROGRAM));
    let refused = tercel(&["--fail-code-alloc", "--stats"], PROGRAM);
    let text = String::from_utf8_lossy(&refused.stdout).into_owned() + &String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("baseline.refused.NoExecutableMemory"), "{text}");
}

/// Sites that had not run when their function was compiled call stubs; when that has become dear, and they know more, the function is compiled again.
#[test]
fn code_whose_cold_sites_become_hot_is_made_anew_and_other_code_is_not() {
    let program = |second: bool| {
        format!(
            "function f(o, second) {{ return second ? o.a + o.b + o.c : o.a; }} const o = {{ a: 1, b: 2, c: 3 }}; \
             for (let i = 0; i < 100; i++) f(o, false); let s = 0; for (let i = 0; i < 100000; i++) s += f(o, {second}); print(s);"
        )
    };
    assert_eq!(figure(&[], &program(true), "baseline.renewed"), Some(1));
    assert_eq!(figure(&[], &program(false), "baseline.renewed"), Some(0));
    assert_eq!(prints(&[], &program(true)), "600000");
    // A site that meets one shape more each time is no reason to go on for ever.
    let restless = "const fs = []; for (let i = 0; i < 400; i++) fs.push(Function('return { s' + i + ': 1, a: 1 }')); \
                    function f(o, second) { return second ? o.a : 1; } for (let i = 0; i < 100; i++) f({}, false); \
                    let s = 0; for (const g of fs) for (let i = 0; i < 3000; i++) s += f(g(), true); print(s);";
    assert!((1..=3).contains(&figure(&[], restless, "baseline.renewed").unwrap()));
}

/// So do accesses to typed arrays and to globals, which have code of their own where they have been met, but not those to arrays, which need no feedback.
#[test]
fn code_whose_cold_elements_and_globals_become_hot_is_made_anew() {
    let renewed = |set_up: &str, access: &str| {
        let program = format!(
            "{set_up} function f(second) {{ let s = 0; if (second) for (let i = 0; i < 10; i++) {{ {access} }} return s; }} \
             for (let i = 0; i < 100; i++) f(false); let s = 0; for (let i = 0; i < 10000; i++) s += f(true); print(s);"
        );
        (figure(&[], &program, "baseline.renewed"), prints(&[], &program))
    };
    let once = |sum: &str| (Some(1), sum.to_owned());
    assert_eq!(renewed("const a = new Uint8Array([1, 2]);", "s += a[i & 1];"), once("150000"));
    assert_eq!(renewed("const a = new Float32Array(4);", "a[i & 1] = i; s += i;"), once("450000"));
    assert_eq!(renewed("let G = 2;", "s += G;"), once("200000"));
    assert_eq!(renewed("var G = 2;", "G = i; s += i;"), once("450000"));
    assert_eq!(renewed("", "s += [1, 2][i & 1];"), (Some(0), "150000".to_owned()));
}

/// A kernel that maps nothing executable: the child asks for that before the engine starts.
#[cfg(target_os = "linux")]
#[test]
fn where_the_system_denies_executable_mappings_programs_run() {
    use std::os::unix::process::CommandExt;
    const PR_SET_NO_NEW_PRIVS: i32 = 38;
    const PR_SET_SECCOMP: i32 = 22;
    const MODE_FILTER: u64 = 2;
    // Classic BPF (linux/filter.h): mmap and mprotect whose third argument has PROT_EXEC on a shared mapping give EPERM. Private ones are those of the
    // dynamic loader.
    #[repr(C)]
    struct Instruction(u16, u8, u8, u32);
    #[repr(C)]
    struct Program {
        length: u16,
        instructions: *const Instruction,
    }
    const LOAD: u16 = 0x20;
    const JUMP_EQUAL: u16 = 0x15;
    const JUMP_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const ALLOW: u32 = 0x7fff_0000;
    const DENY: u32 = 0x0005_0001;
    // Offsets in seccomp_data: the call's number, and the low halves of its arguments.
    const NUMBER: u32 = 0;
    const fn argument(i: u32) -> u32 {
        16 + 8 * i
    }
    const MMAP: u32 = 9;
    static FILTER: [Instruction; 8] = [
        Instruction(LOAD, 0, 0, NUMBER),
        Instruction(JUMP_EQUAL, 0, 4, MMAP),
        Instruction(LOAD, 0, 0, argument(2)),
        Instruction(JUMP_ANY_BIT, 0, 2, 4),
        Instruction(LOAD, 0, 0, argument(3)),
        Instruction(JUMP_ANY_BIT, 1, 0, 1),
        Instruction(RETURN, 0, 0, ALLOW),
        Instruction(RETURN, 0, 0, DENY),
    ];
    unsafe extern "C" {
        fn prctl(option: i32, a: u64, b: u64, c: u64, d: u64) -> i32;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_tercel"));
    command.args(["--stats", "-e", PROGRAM]);
    // SAFETY: only the prctl system call is made between fork and exec.
    unsafe {
        command.pre_exec(|| {
            let program = Program { length: FILTER.len() as u16, instructions: FILTER.as_ptr() };
            if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || prctl(PR_SET_SECCOMP, MODE_FILTER, (&raw const program) as u64, 0, 0) != 0
            {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    let output = command.output().expect("the filter is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.starts_with("175000"), "{text}");
    assert!(text.contains("baseline.refused.NoExecutableMemory"), "{text}");
}

#[test]
fn a_small_budget_for_code_evicts_and_computes_the_same() {
    let many = "let fs = []; for (let k = 0; k < 200; k++) fs.push(new Function('x', `let s = 0; for (let i = 0; i < 20; i++) s += x * ${k} + i; return s;`)); \
                let t = 0; for (let r = 0; r < 30; r++) for (const f of fs) t += f(r); print(t);";
    assert_eq!(prints(&["--always-baseline", "--code-limit=64K"], many), prints(&["--jitless"], many));
    assert!(figure(&["--always-baseline", "--code-limit=64K"], many, "baseline.evicted").unwrap() > 0);
}

#[test]
fn recursion_overflows_at_the_same_depth_in_both_tiers() {
    let code = "let d = 0; function f(a, b) { d++; return f(b, a) + 1; } try { f(1, 2); } catch (e) { print(e instanceof RangeError ? d : e); }";
    let depth = |flags: &[&str]| prints(flags, code).parse::<f64>().unwrap();
    let (interpreter, baseline) = (depth(&["--jitless"]), depth(&["--always-baseline"]));
    assert!(interpreter >= 8000.0 && (0.8..1.2).contains(&(baseline / interpreter)), "{interpreter} and {baseline}");
}

#[test]
fn endless_loops_end_with_the_deadline_in_both_tiers() {
    let loops = [
        "for (;;);",
        "while (true) { Math.sqrt(2); }",
        "function f() { return f(); } 'use strict'; (function () { 'use strict'; return function g() { return g(); }; })()()",
        "for (;;) try { throw 1; } catch {}",
    ];
    for flags in [&["--jitless"][..], &["--always-baseline"]] {
        let start = Instant::now();
        prints(flags, "");
        let empty = start.elapsed();
        for code in loops {
            let start = Instant::now();
            let output = tercel(&[flags, &["--timeout=200ms"]].concat(), code);
            let late = start.elapsed().saturating_sub(empty + Duration::from_millis(200));
            assert_eq!(output.status.code(), Some(124), "{flags:?} {code}");
            // The bar is 10 ms on an idle machine; this one may be busy.
            assert!(late < Duration::from_millis(500), "{flags:?} {code}: {late:?} late");
        }
    }
}

#[test]
fn stacks_are_the_same_in_all_tiers() {
    let code = "function a() { return b(); } function b() { return [1].map(() => c())[0]; } function c() { return new Error('x').stack; } \
                let s; for (let i = 0; i < 30; i++) s = a(); print(s);";
    let expected = prints(&["--jitless"], code);
    for flags in [&["--always-baseline"][..], &[], &["--baseline-calls=5"]] {
        assert_eq!(prints(flags, code), expected, "{flags:?}");
    }
}
