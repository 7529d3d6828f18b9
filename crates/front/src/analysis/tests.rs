//! Which variables are captured, assigned, in their dead zones; which functions need what.

use super::*;
use oxc_parser::Parser;
use oxc_span::SourceType;

/// Analyses a script and hands the result to `check`.
fn with(text: &str, check: impl FnOnce(&Analysis<'_>)) {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::script()).parse();
    assert!(parsed.diagnostics.is_empty(), "{text}");
    let program = parsed.program;
    let analysis = analyse(&program, FunctionKind::Script, None, false, None, 0, &allocator);
    match analysis {
        Ok(analysis) => check(&analysis),
        Err(finding) => panic!("{text}: {finding:?}"),
    }
}

/// The first variable of a name.
fn var<'v, 'a>(analysis: &'v Analysis<'a>, name: &str) -> &'v Var<'a> {
    analysis
        .scopes
        .iter()
        .flat_map(|scope| &scope.vars)
        .find(|var| var.name == name)
        .unwrap_or_else(|| panic!("no variable {name}"))
}

fn captured(text: &str, name: &str) -> bool {
    let mut result = false;
    with(text, |analysis| result = var(analysis, name).captured);
    result
}

fn zone(text: &str, name: &str) -> bool {
    let mut result = false;
    with(text, |analysis| result = var(analysis, name).tdz);
    result
}

#[test]
fn closures_capture_what_they_mention() {
    assert!(captured("function f() { let a; return () => a; }", "a"));
    assert!(!captured("function f() { let a; return a; }", "a"));
    assert!(!captured("function f() { let a; return (a) => a; }", "a"));
    assert!(captured("function f(p) { return function () { p = 1; }; }", "p"));
    assert!(captured("function f() { for (let i;;) () => i; }", "i"));
    assert!(captured("function f() { { let a; { () => a; } } }", "a"));
}

#[test]
fn eval_and_with_capture_everything_they_can_see() {
    assert!(captured("function f() { let a; eval('a'); }", "a"));
    assert!(captured("function f(o) { let a; with (o) a; }", "a"));
    assert!(!captured("function f(o) { let a; with (o) b; }", "a"));
    assert!(captured("function f() { let a; () => eval('a'); }", "a"));
    assert!(!captured("function f() { let a; a.eval('a'); }", "a"));
}

#[test]
fn dead_zones_are_known_from_the_order_of_the_source() {
    assert!(!zone("function f() { let a = 1; a; }", "a"));
    assert!(zone("function f() { a; let a = 1; }", "a"));
    assert!(zone("function f() { let a = a; }", "a"));
    assert!(!zone("function f() { let a = 1; return () => a; }", "a"));
    assert!(zone("function f() { g(); let a = 1; function g() { a; } }", "a"));
    assert!(!zone("function f() { const a = () => a; }", "a"));
    assert!(zone("function f() { for (let a of a) ; }", "a"));
    assert!(zone("function f(x) { switch (x) { case 0: let a; case 1: a; } }", "a"));
    assert!(zone("function f(a = b, b) { }", "b"));
    assert!(!zone("function f(a, b = a) { }", "a"));
}

#[test]
fn functions_in_blocks_become_variables_unless_that_clashes() {
    let hoisted = |text: &str| {
        let mut result = false;
        with(text, |analysis| result = !analysis.annex_b.is_empty());
        result
    };
    assert!(hoisted("function f() { { function g() {} } }"));
    assert!(!hoisted("function f() { 'use strict'; { function g() {} } }"));
    assert!(!hoisted("function f() { let g; { function g() {} } }"));
    assert!(!hoisted("function f(g) { { let g; { function g() {} } } }"));
    assert!(!hoisted("function f() { { function* g() {} } }"));
    assert!(hoisted("{ function g() {} }"));
    assert!(!hoisted("let g; { function g() {} }"));
    assert!(hoisted("try {} catch (g) { { function g() {} } }"));
    assert!(!hoisted("try {} catch ([g]) { { function g() {} } }"));
}

#[test]
fn sloppy_arguments_alias_parameters_only_if_it_shows() {
    let mapped = |text: &str| {
        let mut result = false;
        with(text, |analysis| result = analysis.functions[1].mapped_arguments);
        result
    };
    assert!(mapped("function f(a) { g(arguments); }"));
    assert!(mapped("function f(a) { a = 1; return arguments[0]; }"));
    assert!(mapped("function f(a) { arguments[0] = 1; return a; }"));
    assert!(!mapped("function f(a) { return arguments[0] + arguments.length; }"));
    assert!(!mapped("function f() { g(arguments); }"));
    assert!(!mapped("function f(a) { 'use strict'; g(arguments); }"));
    assert!(!mapped("function f(a = 1) { g(arguments); }"));
    assert!(mapped("function f(a) { () => arguments[0]++; }"));
    assert!(mapped("function f(a) { arguments[0](); }"));
}

#[test]
fn arrow_functions_take_this_from_around() {
    with("function f() { () => this; }", |analysis| {
        assert!(analysis.functions[1].uses_this);
        assert!(var(analysis, internal::THIS).captured);
    });
    with("function f() { this; }", |analysis| {
        assert!(analysis.functions[1].uses_this);
        let scope = &analysis.scopes[analysis.functions[1].scope as usize];
        assert!(scope.vars.is_empty(), "read from the frame");
    });
    with("function f() { function g() { this; } }", |analysis| {
        assert!(!analysis.functions[1].uses_this);
    });
}

#[test]
fn only_sloppy_eval_makes_lookups_dynamic() {
    let found = |text: &str| {
        let mut dynamic = false;
        with(text, |analysis| {
            let scope = analysis.functions[1].scope;
            let found = analysis.lookup(scope, Ident::from("x"));
            dynamic = matches!(found, Found::Dynamic);
        });
        dynamic
    };
    assert!(found("function f() { eval(''); }"));
    assert!(!found("function f() { 'use strict'; eval(''); }"));
    assert!(!found("function f() { (0, eval)(''); }"));
}
