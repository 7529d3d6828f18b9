//! Functions that are lowered at their first call: their bytecode is the same, to the byte, as that of functions lowered with the source.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use tercel_bytecode::print::Print;
use tercel_bytecode::verify::verify;
use tercel_bytecode::{Source, Template, TemplateFlags};
use tercel_front::{CompileError, Options, compile_module, compile_script};

fn compile(
    name: &str,
    text: &str,
    module: bool,
    defer_from: usize,
    keep_trees: bool,
) -> Result<Arc<Template>, CompileError> {
    let source = Arc::new(Source::new(name, text));
    let options = Options { natives: true, defer_from, keep_trees, native_stack: 4 << 20, ..Options::default() };
    if module { compile_module(&source, &options) } else { compile_script(&source, &options) }
}

/// Templates inside a template, itself included, that are outlines, and all of them.
fn outlines(template: &Template) -> (usize, usize) {
    let (mut deferred, mut all) = (0, 0);
    let mut work = vec![template];
    while let Some(template) = work.pop() {
        all += 1;
        deferred += usize::from(template.deferred.is_some());
        let whole = template.whole(4 << 20);
        verify(whole).expect("valid bytecode");
        outline_agrees(template, whole);
        work.extend(whole.functions.iter().map(|f| &**f));
    }
    (deferred, all)
}

/// Compares what the text form does not show: positions, templates of scopes, places of evals.
fn all_fields_agree(name: &str, at_once: &Template, later: &Template) {
    let mut work = vec![(at_once, later)];
    while let Some((a, b)) = work.pop() {
        let b = b.whole(4 << 20);
        let at = format!("{name}: {}", a.name);
        assert_eq!(a.positions, b.positions, "{at}");
        assert_eq!(a.scopes, b.scopes, "{at}");
        assert_eq!(a.evals, b.evals, "{at}");
        assert_eq!(a.constants, b.constants, "{at}");
        assert_eq!(
            (a.num_registers, &a.handlers, &a.mapped_params),
            (b.num_registers, &b.handlers, &b.mapped_params),
            "{at}"
        );
        outline_agrees(a, b);
        work.extend(a.functions.iter().zip(&b.functions).map(|(a, b)| (&**a, &**b)));
    }
}

/// What an outline says is what the whole template says.
fn outline_agrees(outline: &Template, whole: &Template) {
    let header = |t: &Template| (t.kind, t.flags, t.name.clone(), t.num_params, t.length, t.span.clone());
    assert_eq!(header(outline), header(whole));
    assert_eq!(outline.source.name, whole.source.name);
}

/// Compares the ways of lowering: at once, later from the tree, later from the text. How many functions waited.
fn same(name: &str, text: &str, module: bool) -> usize {
    let deferred = compare(name, text, module, false);
    assert_eq!(compare(name, text, module, true), deferred, "{name}");
    deferred
}

fn compare(name: &str, text: &str, module: bool, keep_trees: bool) -> usize {
    let at_once = compile(name, text, module, usize::MAX, keep_trees);
    let later = compile(name, text, module, 0, keep_trees);
    match (at_once, later) {
        (Ok(at_once), Ok(later)) => {
            let (deferred, all) = outlines(&later);
            assert_eq!(outlines(&at_once), (0, all), "{name}");
            all_fields_agree(name, &at_once, &later);
            let (at_once, later) = (format!("{:#}", Print(&at_once)), format!("{:#}", Print(&later)));
            let different = at_once.lines().zip(later.lines()).find(|(a, b)| a != b);
            assert!(at_once == later, "{name}: lowered at once, lowered later: {different:#?}");
            deferred
        }
        (at_once, later) => {
            assert_eq!(at_once.err(), later.err(), "{name}");
            0
        }
    }
}

/// All programs below a folder.
fn programs(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            programs(&path, list);
        } else if path.extension().is_some_and(|e| e == "js" || e == "mjs") {
            list.push(path);
        }
    }
}

#[test]
fn bytecode_is_the_same_whenever_it_is_made() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut list = Vec::new();
    for folder in ["tests/filetests", "../../tests/js", "../builtins/src/js"] {
        programs(&manifest.join(folder), &mut list);
    }
    // Other programs, if somebody names a folder.
    if let Some(folder) = std::env::var_os("TERCEL_PROGRAMS") {
        programs(Path::new(&folder), &mut list);
    }
    let mut deferred = 0;
    for path in list {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let name = path.display().to_string();
        deferred += same(&name, &text, false) + same(&name, &text, true);
    }
    assert!(deferred > 1000, "{deferred}");
}

#[test]
fn every_kind_of_function_can_wait() {
    for (text, expected) in [
        ("function f(a, b = a) { return a + b; }", 1),
        ("let f = function g(n) { return n ? g(n - 1) : 0; };", 1),
        ("async function f() { await 1; } function* g() { yield 1; } async function* h() { yield await 1; }", 3),
        ("let f = (a, ...rest) => rest[a], g = async x => { await x; };", 2),
        ("let o = { m() { return super.x; }, get p() { return 1; }, set p(v) {}, async *[f()]() {}, 'a b'() {} };", 5),
        ("class C { #x = 1; m() { return this.#x; } static get [y]() { return super.y; } async #n() {} }", 3),
        ("function f() { return eval('x'); }", 1),
        ("function f() { return () => this; }", 2),
        ("function f() { return () => new.target; }", 1),
        ("function f(a) { return function (b) { return () => [a, b, arguments]; }; }", 3),
        ("function* yield() {} async function await() {} async function* f() { return function* () {}; }", 4),
        ("with (o) { f = function () { return x; }; }", 1),
    ] {
        assert_eq!(same("t.js", text, false), expected, "{text}");
    }
}

#[test]
fn what_runs_at_once_or_depends_on_its_place_does_not_wait() {
    for text in [
        "(function () { return 1; })();",
        "(() => 1)();",
        "!function () {}();",
        "new function () {};",
        "class C extends B { constructor() { super(); } }",
        "class C extends B { constructor() { (function () {}); () => super(); } }",
        "class C { x = () => this; static { () => this.x; } }",
    ] {
        assert_eq!(same("t.js", text, false), 0, "{text}");
    }
}

#[test]
fn dead_zones_of_variables_around_are_known() {
    // Whether a check is needed depends on where the function is created, and the same function may be inside of several.
    for text in [
        "let a = 1; { let b = 2; var f = function () { return a + b; }; }",
        "function f() { let a = 1; function hoisted() { return a; } return function () { return a + hoisted(); }; }",
        "function f() { return function () { return () => later; }; let later = 1; }",
        "function f() { var g = function () { return h; }; const h = 1; return [g, function () { return h = 2; }]; }",
        "function f(x) { switch (x) { case 1: let a = 1; default: return function () { return a; }; } }",
        "function f(a = () => b, b = 1) { return () => a() + b; }",
        "function f() { let a = 1; return function () { eval(''); return function () { return a; }; }; }",
        "class A { static m() { return A; } } function f() { class B { m() { return () => B; } } return B; }",
    ] {
        assert!(same("t.js", text, false) > 0, "{text}");
    }
}

#[test]
fn errors_are_early() {
    for text in [
        "function f() { return 1 +; }",
        "function f() { let a; let a; }",
        "function f() { 'use strict'; with (o) {} }",
        "function f() { break; }",
        "function f() { await 1; }",
        "function f() { class C { accessor x = 1; } }",
        "function f() { return import.defer('x'); }",
        "function f() { return %Name(...x); }",
        "class C { m() { return this.#y; } }",
        "function f() { f() = 1; 1 = 2; }",
    ] {
        assert!(compile("t.js", text, false, 0, true).is_err(), "{text}");
        same("t.js", text, false);
    }
}

#[test]
fn a_function_beyond_the_limits_throws_when_called() {
    let text = format!("function f(a, b) {{ return [{}]; }}", "f(".repeat(30_000) + &")".repeat(30_000));
    let template = compile("t.js", &text, false, 0, true).expect("the source is valid");
    let outline = &template.functions[0];
    let whole = outline.whole(4 << 20);
    outline_agrees(outline, whole);
    verify(whole).expect("valid bytecode");
    assert!(format!("{}", Print(whole)).contains("ThrowError"));
    assert!(whole.flags.contains(TemplateFlags::CONSTRUCTOR));
}
