//! What inline caches learn: `tercel dump --ic` of the programs under `tests/ic` says what their `.out` files say. And that accesses of certain forms come to the
//! helpers only until they are learnt, by the statistics.

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

/// How many accesses to properties a program leaves to the helpers.
fn misses_of(name: &str, source: &str) -> u64 {
    let file = |suffix| std::env::temp_dir().join(format!("tercel-ic-{name}-{}.{suffix}", std::process::id()));
    let (program, figures) = (file("js"), file("json"));
    std::fs::write(&program, source).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tercel"));
    let output = command.args(["run", "--stats-json"]).arg(&figures).arg(&program).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&figures).unwrap();
    for path in [program, figures] {
        std::fs::remove_file(path).unwrap();
    }
    let behind = text.split("\"ic.misses\":").nth(1).unwrap_or_else(|| panic!("{name}: {text}"));
    behind.trim_start().split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// Forms that have no stubs of their own, or are called from frames that end elsewhere: each program does one of them 20,000 times.
#[test]
fn getters_and_setters_of_all_receivers_and_callers_are_found_by_machine_code() {
    // The interpreter does a thousand iterations, and two entries of the megamorphic cache may want the same place.
    const TIMES: u64 = 20_000;
    const CLASS: &str = "class P { get g() { return this.v; } set s(x) { this.v = x; } #p = 1; get #q() { return this.#p; } \
        static q(o) { arguments; let r = 0; for (let i = 0; i < 20000; i++) r += o.#q; return r; } } \
        const check = (a, b) => { if (a !== b) throw new Error(a + ' is not ' + b); };";
    let prelude = |of: &str| {
        format!(
            "{CLASS} for (const C of [{of}]) Object.defineProperty(C.prototype, 'h', \
            {{ get() {{ 'use strict'; return typeof this; }}, set(x) {{ 'use strict'; check(typeof this, x); }} }});"
        )
    };
    let primitives = |of: &str, value: &str| {
        format!(
            "{} function f(v) {{ const t = typeof v; for (let i = 0; i < 20000; i++) {{ check(v.h, t); v.h = t; }} }} f({value});",
            prelude(of)
        )
    };
    // Methods of one code have nine homes: more than a site has stubs.
    let by_super = |access: &str| {
        format!(
            "{CLASS} const all = Array.from({{ length: 9 }}, (_, i) => ({{ __proto__: {{ __proto__: P.prototype, ['own' + i]: 1, data: i }}, \
            set(x) {{ super.s = x; }}, get() {{ return super.g; }}, put(x) {{ super.data = x; }}, add(x) {{ super.added = x; }} }})); \
            for (let i = 0; i < 20000; i++) {{ const o = all[i % 9]; {access}; }}"
        )
    };
    let programs = [
        (
            "arguments",
            format!(
                "{CLASS} function f(o) {{ let r = 0; for (let i = 0; i < 20000; i++) {{ o.s = i; r += o.g - i; }} return r + arguments.length; }} check(f(new P, 1, 2, 3), 4);"
            ),
        ),
        (
            "rest",
            format!(
                "{CLASS} function f(o, ...rest) {{ let r = 0; for (let i = 0; i < 20000; i++) {{ o.s = i; r += o.g - i; }} return r + rest[1]; }} check(f(new P, 1, 2), 2);"
            ),
        ),
        ("private", format!("{CLASS} check(P.q(new P, 1, 2), 20000);")),
        ("numbers", primitives("Number", "5")),
        ("doubles", primitives("Number", "5.5")),
        ("booleans", primitives("Boolean", "true")),
        ("strings", primitives("String", "'text'")),
        ("symbols", primitives("Symbol", "Symbol()")),
        ("bigints", primitives("BigInt", "5n")),
        (
            "mixed",
            format!(
                "{} const vs = [1, true, 'a', Symbol(), 2n]; function f() {{ for (let i = 0; i < 20000; i++) {{ const v = vs[i % 5]; check(v.h, typeof v); v.h = typeof v; }} }} f();",
                prelude("Number, Boolean, String, Symbol, BigInt")
            ),
        ),
        ("super-setter", by_super("o.set(i)")),
        ("super-getter", by_super("check(o.get(), undefined)")),
        ("super-write", by_super("o.put(i)")),
        ("super-addition", by_super("o.add.call({}, i)")),
    ];
    for (name, source) in programs {
        let misses = misses_of(name, &source);
        assert!(misses < TIMES / 2, "{name}: {misses} accesses by the helpers\n{source}");
    }
}
