//! Limits and hostile input, each in a child process: whatever a script does ends in a clean result, never in a signal,
//! a panic or an abort.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn tercel(flags: &[&str], code: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tercel")).args(flags).arg("-e").arg(code).output().unwrap()
}

/// Standard output of a run that must end normally.
fn prints(flags: &[&str], code: &str) -> String {
    let output = tercel(flags, code);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{code}\nended with {}: {err}", output.status);
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// The run must end by itself, with a failure's exit code and a message, neither killed nor panicking.
fn fails_cleanly(output: &Output, what: &str) -> String {
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(code.is_some_and(|c| c != 0 && c != 101 && c < 128), "{what}: {} {err}", output.status);
    assert!(!err.contains("panicked"), "{what}: {err}");
    assert!(!err.is_empty(), "{what}: no message");
    err
}

#[test]
fn plain_recursion_reaches_8000_frames_and_then_throws_range_error() {
    let code = "let d = 0; function f() { d++; f(); } try { f(); } catch (e) { print(e instanceof RangeError, d >= 8000, e.message); } \
                d = 0; try { f(); } catch (e) { print(d >= 8000); }";
    assert_eq!(prints(&[], code), "true true Maximum call stack size exceeded\ntrue");
}

/// Recursion through Rust: each must end in RangeError, at a depth of at least 8,000, and leave the engine usable.
#[test]
fn recursion_through_builtins_ends_in_range_error() {
    let cases: &[(&str, &str)] = &[
        ("getter", "const o = { get x() { d++; return this.x; } }; o.x"),
        ("setter", "const o = { set x(v) { d++; this.x = v; } }; o.x = 1"),
        ("proxy get", "const p = new Proxy({}, { get(t, k, r) { d++; return r[k]; } }); p.x"),
        ("proxy has", "const p = new Proxy({}, { has(t, k) { d++; return k in p; } }); 'x' in p"),
        ("sort", "function f() { d++; [2, 1].sort(f); return 0; } f()"),
        ("JSON.stringify", "const o = { toJSON() { d++; return JSON.stringify(o); } }; JSON.stringify(o)"),
        ("JSON.parse", "function f() { d++; JSON.parse('[1]', f); } f()"),
        ("toString", "const o = { toString() { d++; return '' + o; } }; '' + o"),
        ("valueOf", "const o = { valueOf() { d++; return +o; } }; +o"),
        ("toPrimitive", "const o = { [Symbol.toPrimitive]() { d++; return o + 1; } }; o + 1"),
        ("replace", "function f() { d++; return 'x'.replace(/x/, f); } f()"),
        ("map", "function f() { d++; [1].map(f); } f()"),
        ("forEach on Map", "const m = new Map([[1, 1]]); function f() { d++; m.forEach(f); } f()"),
        ("Reflect.apply", "function f() { d++; Reflect.apply(f, null, []); } f()"),
        ("call", "function f() { d++; f.call(); return 1; } f()"),
        ("bound", "const f = (() => { d++; f(); return 1; }).bind(); f()"),
        ("construct", "class A { constructor() { d++; new A(); } } new A()"),
        ("Reflect.construct", "function A() { d++; Reflect.construct(A, []); } new A()"),
        ("iterator", "const o = { [Symbol.iterator]() { d++; return [...o]; } }; [...o]"),
        ("generator", "function* g() { d++; yield* g(); } [...g()]"),
        ("instanceof", "const C = { [Symbol.hasInstance](v) { d++; return v instanceof C; } }; 1 instanceof C"),
        ("spread", "function f(...a) { d++; f(...a); return 1; } f(1, 2)"),
        ("eval", "function f() { d++; eval('f()'); } f()"),
        ("tag", "function f() { d++; f`x`; return 1; } f()"),
        ("proxy call", "const p = new Proxy(function () {}, { apply() { d++; return p(); } }); p()"),
        (
            "proxy prototype",
            "const p = new Proxy({}, { getPrototypeOf() { d++; return Object.getPrototypeOf(p); } }); Object.getPrototypeOf(p)",
        ),
        ("proxy keys", "const p = new Proxy({}, { ownKeys() { d++; return Reflect.ownKeys(p); } }); Object.keys(p)"),
        ("join", "const a = []; a.toString = function () { d++; return [a].join(); }; [a].join()"),
        ("toStringTag", "class A { get [Symbol.toStringTag]() { d++; return '' + this; } } '' + new A()"),
    ];
    for (name, body) in cases {
        let code = format!(
            "let d = 0; try {{ (function () {{ {body}; }})(); print('returned'); }} catch (e) {{ \
             print(e instanceof RangeError, d >= 8000 ? 'deep' : d); }} print([1, 2].map((x) => x + 1).join());"
        );
        let out = prints(&[], &code);
        if *name == "eval" {
            assert!(out.starts_with("true ") && out.ends_with("\n2,3"), "{name}: {out}");
        } else {
            assert_eq!(out, "true deep\n2,3", "{name}");
        }
    }
}

#[test]
fn deeply_nested_data_ends_cleanly() {
    let cases = [
        "JSON.parse('['.repeat(1e6) + ']'.repeat(1e6))",
        "JSON.parse('{\"a\":'.repeat(1e6) + '1' + '}'.repeat(1e6))",
        "let a = []; for (let i = 0; i < 1e6; i++) a = [a]; JSON.stringify(a)",
        "let a = []; for (let i = 0; i < 1e6; i++) a = [a]; String(a)",
        "let a = []; for (let i = 0; i < 1e6; i++) a = [a]; a.flat(Infinity)",
        "let p = {}; for (let i = 0; i < 1e6; i++) p = Object.create(p); p.x",
        "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x",
        "let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(); f()",
        "let s = 'x'; for (let i = 0; i < 1e6; i++) s = s + 'ab'; s.length + s.charCodeAt(5)",
        "let s = 'x'; for (let i = 0; i < 1e6; i++) s = 'ab' + s; s.length + s.charCodeAt(5)",
        "let e; for (let i = 0; i < 1e5; i++) e = new Error('x', { cause: e }); e",
        "new RegExp('('.repeat(1e6) + ')'.repeat(1e6))",
        "let n = null; for (let i = 0; i < 1e6; i++) n = { n }; for (let i = 0; n; i++) n = n.n;",
        "let p = Promise.resolve(); for (let i = 0; i < 1e5; i++) p = p.then(() => p);",
    ];
    for code in cases {
        let out = prints(
            &[],
            &format!(
                "try {{ {code}; }} catch (e) {{ if (!(e instanceof RangeError || e instanceof SyntaxError)) throw e; }} print('ok')"
            ),
        );
        assert_eq!(out, "ok", "{code}");
    }
}

#[test]
fn nested_sources_are_a_clean_error_or_run() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("((", "))"),
        ("!", "1"),
        ("-", "1"),
        ("- -", "1"),
        ("a=", "1"),
        ("a?", ":1"),
        ("if(1)", ";"),
        ("if(0);else ", ";"),
        ("()=>", "1"),
        ("`${", "}`"),
        ("function f(){", "}"),
        ("class A{m(){", "}}"),
        ("f(", ")"),
        ("a[", "]"),
        ("{a:", "}"),
        ("x=>{", "}"),
        ("new ", "A"),
        ("while(0)", ";"),
        ("l:", ";"),
        ("1+(", ")"),
        ("a.b(", ")"),
        ("try{", "}catch{}"),
        ("async()=>await ", "1"),
        ("1,", "1"),
        ("1+", "1"),
        ("1**", "1"),
        ("''+", "''"),
        ("typeof ", "1"),
        ("/(/,/", "/"),
        ("({a:", "})"),
        ("[...", "]"),
        ("for(;;)", ";"),
        ("switch(1){case 1:", "}"),
        ("with(a)", ";"),
        ("a||", "1"),
        ("a??", "1"),
        ("a&&", "1"),
    ] {
        {
            let n = 100_000usize;
            let mut file =
                temporary(&format!("nested-{}.js", open.bytes().map(|b| format!("{b:02x}")).collect::<String>()));
            std::fs::write(
                &file,
                format!(
                    "if (false) {{ {}{} }}\nprint('ran');",
                    open.repeat(n),
                    if close.len() == 1 && ";1A".contains(close) { close.to_owned() } else { close.repeat(n) }
                ),
            )
            .unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_tercel")).arg("run").arg(&file).output().unwrap();
            let _ = std::fs::remove_file(std::mem::take(&mut file));
            if output.status.success() {
                assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "ran", "{open}");
            } else {
                let err = fails_cleanly(&output, open);
                assert!(err.contains("SyntaxError") || err.contains("RangeError"), "{open}: {err}");
            }
        }
    }
}

#[test]
fn strings_have_a_greatest_length() {
    let code = "let s = 'x'; try { while (true) s += s; } catch (e) { print(e instanceof RangeError, s.length >= 2 ** 28, e.message); } \
                try { 'x'.repeat(2 ** 30); print('made'); } catch (e) { print(e instanceof RangeError); } \
                try { 'x'.padEnd(2 ** 31); } catch (e) { print(e instanceof RangeError); } \
                try { new Array(2 ** 31).join('ab'); } catch (e) { print(e instanceof RangeError); } print('usable'.length)";
    let out = prints(&[], code);
    assert!(out.starts_with("true true Invalid string length\n") && out.ends_with("\ntrue\ntrue\n6"), "{out}");
    // The limit is V8's, 2^29 − 24 code units.
    let long = "const s = 'ab'.repeat(2 ** 27); print(s.length, s[2 ** 28 - 1], (s + s.slice(1, 3)).length)";
    assert_eq!(prints(&[], long), "268435456 b 268435458");
}

#[test]
fn the_heap_limit_ends_scripts_cleanly() {
    for code in [
        "const a = []; while (true) a.push({ i: a.length });",
        "const a = []; while (true) a.push(new Array(1000).fill(1));",
        "const a = []; while (true) a.push(new Uint8Array(1 << 20));",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, i);",
        "let a = [1]; while (true) a = a.concat(a);",
        "const o = {}; for (let i = 0; ; i++) o['k' + i] = i;",
        "const a = []; try { while (true) a.push('x'.repeat(1e6) + a.length); } finally { while (true) a.push({}); }",
        "let s = 'abc'; const keep = []; while (true) { keep.push((s + keep.length).toUpperCase()); }",
        "let b = 1n; while (true) b = (b << 64n) * b + 1n;",
        "JSON.stringify(Array.from({ length: 1e8 }, (_, i) => ({ i })));",
        "'x'.repeat(5e8).split('');",
        "const f = []; while (true) f.push(() => f);",
        "function* g() { yield* g(); } const k = []; while (true) { const i = (function* () { yield 1; })(); i.next(); k.push(i); }",
    ] {
        let start = Instant::now();
        let output = tercel(&["--heap-limit=32M", "--timeout=60s"], code);
        // A RangeError that the script could have caught or a termination: both are clean.
        fails_cleanly(&output, code);
        assert!(start.elapsed() < Duration::from_secs(60), "{code}");
    }
    // The engine can be used afterwards, where the error was one that scripts may catch.
    let code = "try { new Uint8Array(1 << 30); print('made'); } catch (e) { print(e.name); } print([1, 2, 3].length)";
    assert_eq!(prints(&["--heap-limit=32M"], code), "RangeError\n3");
}

/// One huge request each, made inside a builtin: a RangeError that the script catches, or success, and the engine goes on.
#[test]
fn allocation_beyond_the_limit_inside_builtins_can_be_caught() {
    for code in [
        "'ab'.repeat(2 ** 27).replace(/a/g, 'xyz')",
        "JSON.parse('[' + '1,'.repeat(2e7) + '1]')",
        "new Array(2 ** 30).fill(1).sort()",
        "'x'.repeat(2 ** 28).split('')",
        "1n << 1000000000n",
        "Array.from({ length: 1e8 })",
        "'a'.repeat(1e7).match(/a/g)",
        "Object.fromEntries(Array.from({ length: 1e6 }, (_, i) => ['k' + i, i]))",
        "new ArrayBuffer(1e9, { maxByteLength: 2e9 })",
        "encodeURIComponent('\\u1234'.repeat(5e6))",
        "new Function('a'.repeat(1e8))",
        "eval('[' + '1,'.repeat(3e6) + ']')",
        "'a'.repeat(2 ** 26).normalize('NFD').toUpperCase()",
        "Math.max(...new Array(1e7).fill(1))",
        "(function () {}).apply(null, { length: 1e9 })",
        "let a = []; for (;;) a = [...a, ...a, 1]",
        "const kept = [], s = new Set(new Array(1e5).keys()); for (;;) kept.push(new Set(s))",
        "const kept = [], s = new Set(new Array(1e5).keys()); for (;;) kept.push([...s])",
        "const kept = [], m = new Map(new Array(1e4).entries()); for (;;) kept.push(new Map(m), new Set(m.keys()), Array.from(m.values()))",
    ] {
        let out = prints(
            &["--heap-limit=32M", "--timeout=60s"],
            &format!(
                "try {{ {code}; print('made'); }} catch (e) {{ print(e.name); }} print([1, 2].concat([3]).length)"
            ),
        );
        assert!(out == "RangeError\n3", "{code}: {out}");
    }
}

#[test]
fn garbage_runs_for_ever_under_a_limit_of_twice_the_live_data() {
    let code = "const live = []; for (let i = 0; i < 2e5; i++) live.push({ a: i, b: [i] }); \
                let n = 0; for (let i = 0; i < 2e6; i++) { const t = { x: i, y: [i, i + 1], z: 's' + i }; n += t.y.length; } print(n, live.length)";
    assert_eq!(prints(&["--heap-limit=64M"], code), "4000000 200000");
    let strings = "let n = 0; for (let i = 0; i < 3000; i++) n += ('x' + i).repeat(20000).length; print(n > 0)";
    assert_eq!(prints(&["--heap-limit=32M"], strings), "true");
    let buffers = "let n = 0; for (let i = 0; i < 5000; i++) n += new Uint8Array(1 << 20).length; print(n)";
    assert_eq!(prints(&["--heap-limit=32M"], buffers), "5242880000");
    // Arrays of arrays become text in builtins alone, and each level's text is garbage when the next one has it.
    let nested = "let v = 'abc\\u{d800}'; for (let i = 0; i < 9; i++) v = [v, '-1', 0n, v, v, v]; console.log(String(v).length, v.toLocaleString().length)";
    assert_eq!(prints(&["--heap-limit=40M"], nested), "1747624 1747624");
}

#[test]
fn endless_programs_stop_at_the_deadline() {
    for code in [
        "while (true);",
        "for (;;) ;",
        "do {} while (1)",
        "function f() { 'use strict'; return f(); } f()",
        "try { while (true); } finally { while (true); }",
        "try { while (true); } catch (e) { print('caught'); } print('went on');",
        "/(a+)+b/.test('a'.repeat(40))",
        "/(x+x+)+y/.test('x'.repeat(60))",
        "'a'.repeat(50).replace(/(a|aa)+$/g, 'b').match(/^(([a-z])+.)+[A-Z]([a-z])+$/) || /^(a?){50}a{50}$/.test('a'.repeat(49) + 'b'); while (true) /(.*)*x/.test('y'.repeat(500))",
        "[1, 2, 3].forEach(function f() { [1, 2].forEach(f); while (true); })",
        "new Array(1e9).fill(0).map((x) => x).sort()",
        "let a = []; a.length = 4294967295; a.indexOf(1); while (true) a.join === 1;",
        "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "Array.prototype.forEach.call({ length: 2 ** 53 - 1 }, () => 0)",
        "Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
        "const p = () => Promise.resolve().then(p); p()",
        "(async () => { while (true) await null; })()",
        "function* g() { while (true) yield 1; } for (const x of g());",
        "new Proxy({}, { ownKeys: () => { while (true); } }), Object.keys(new Proxy({}, { ownKeys: () => { while (true); } }))",
        "let b = 3n; while (true) b = b * b % (2n ** 5000n);",
        "for (const x of { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }) }) });",
        "[...{ [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }) }) }]",
        "setInterval(() => {}, 1)",
        "new Set(new Array(2 ** 32 - 1)); while (true);",
        "const s = new Set(new Array(1e6).keys()); while (true) Array.from(new Map(new Set([...s].values()).entries()).keys());",
        "class A { static { while (true); } }",
        "JSON.stringify({ toJSON() { while (true); } })",
        "'x'.repeat(1e8).split('').map((c) => c + c).join('').split('y'); while (true);",
        "eval('while (true);')",
        "new Function('while (true);')()",
        "with ({}) { while (true); }",
        "label: while (true) { continue label; }",
    ] {
        let start = Instant::now();
        let output = tercel(&["--timeout=200ms", "--heap-limit=512M"], code);
        let took = start.elapsed();
        let err = fails_cleanly(&output, code);
        assert!(!String::from_utf8_lossy(&output.stdout).contains("caught"), "{code}: a time-out was caught");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("went on"), "{code}: ran on");
        assert!(took < Duration::from_secs(8), "{code}: took {took:?}; {err}");
    }
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tercel-test-{}-{name}", std::process::id()))
}

#[test]
fn files_of_any_bytes_are_read_or_refused_cleanly() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    let mut contents: Vec<Vec<u8>> = (0..20).map(|n| (0..n * 50).map(|_| random()).collect()).collect();
    contents.push(b"print('caf\xe9 \xff\xfe')".to_vec());
    contents.push(b"\xef\xbb\xbfprint('bom')".to_vec());
    contents.push(b"#!/usr/bin/env tercel\nprint('hashbang')".to_vec());
    contents.push(vec![0; 4096]);
    contents.push(std::fs::read(env!("CARGO_BIN_EXE_tercel")).unwrap().into_iter().take(100_000).collect());
    for (i, bytes) in contents.iter().enumerate() {
        let file = temporary(&format!("bytes-{i}.js"));
        std::fs::File::create(&file).unwrap().write_all(bytes).unwrap();
        let output =
            Command::new(env!("CARGO_BIN_EXE_tercel")).args(["run", "--timeout=5s"]).arg(&file).output().unwrap();
        let _ = std::fs::remove_file(&file);
        assert!(output.status.code().is_some_and(|c| c != 101), "file {i}: {}", output.status);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "file {i}");
    }
    let missing = Command::new(env!("CARGO_BIN_EXE_tercel")).args(["run", "/nonexistent/file.js"]).output().unwrap();
    assert!(fails_cleanly(&missing, "missing file").contains("/nonexistent/file.js"));
    let folder = Command::new(env!("CARGO_BIN_EXE_tercel")).args(["run", "/"]).output().unwrap();
    fails_cleanly(&folder, "folder");
}
