//! Programs that are wrong: which errors, where; and programs that only look wrong.

use std::sync::Arc;
use tercel_bytecode::{EvalInfo, Op, Source, Template, op::instructions};
use tercel_front::{
    CompileError, CompileErrorKind, DynamicFunction, Options, compile_eval, compile_function, compile_module,
    compile_script,
};

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("test.js", text))
}

fn script(text: &str) -> Result<Arc<Template>, CompileError> {
    compile_script(&source(text), &Options::default())
}

fn eval(text: &str, info: &EvalInfo) -> Result<Arc<Template>, CompileError> {
    compile_eval(&source(text), info, &Options::default())
}

#[track_caller]
fn rejects(text: &str) -> CompileError {
    let error = script(text).expect_err(text);
    assert_eq!(error.kind, CompileErrorKind::Syntax, "{text}");
    error
}

fn contains(template: &Template, op: Op) -> bool {
    instructions(&template.code).any(|(_, found)| found == op)
        || template.functions.iter().any(|inner| contains(inner, op))
}

#[test]
fn an_error_names_its_place() {
    let error = rejects("var a;\nlet b = 1;\nlet b = 2;");
    assert_eq!((error.position.line, error.position.column), (2, 5));
    let error = rejects("f(\n  1 +\n)");
    assert_eq!(error.position.line, 3);
}

#[test]
fn early_errors() {
    for text in [
        "let a; var a;",
        "break;",
        "continue;",
        "return 1;",
        "x: x: ;",
        "'use strict'; with (a) b;",
        "'use strict'; delete a;",
        "'use strict'; 010;",
        "'use strict'; eval = 1;",
        "class A { constructor() {} constructor() {} }",
        "class A { constructor() { super(); } }",
        "class A { m() { this.#x; } }",
        "function f() { new.target = 1; }",
        "new.target",
        "super.x",
        "await 1",
        "yield: 1; function* g() { yield = 1; }",
        "/(/",
        "/a/gg",
        "/(?<a>x)(?<a>y)/",
        "`${",
        "({ a: 1, a }) = 1",
        "for (let a of b, c) ;",
        "if (1) class A {}",
        "label: function* g() {}",
        "import 'x'",
        "export {}",
        "class A { x = arguments; }",
        "class A { static { arguments; } }",
        "a ?? b || c",
        "-1 ** 2",
        "'\\08'; function f() { 'use strict'; '\\08'; }",
    ] {
        rejects(text);
    }
}

#[test]
fn things_that_only_look_wrong() {
    for text in [
        "let let_ = 1; var yield_ = let_;",
        "var let; let = 1;",
        "yield: 1;",
        "await: 1; var await;",
        "async: 1; async = 2;",
        "if (a) function f() {}",
        "x: function f() {}",
        "{ function f() {} function f() {} }",
        "try {} catch (e) { var e; }",
        "function f(a, a) {}",
        "for (var a = 1 in b) ;",
        "a\n<!-- b\n--> c",
        "x = /[/]\\/(?<a>.)\\k<a>/u",
        "({ __proto__: a, ['__proto__']: b, __proto__() {} })",
        "#!/usr/bin/env tercel\n1",
        "class A { static async *#m() {} static { A.#m; } }",
        "async () => { for await (x of y) ; }",
        "function f() { return\n1 }",
        "a?.b?.[c]?.(d)",
        "a ||= b &&= c ??= d",
        "class A { 'constructor'() {} }",
        "({ get a() {}, set a(x) {}, async b() {}, *c() {}, async *d() {} })",
    ] {
        if let Err(error) = script(text) {
            panic!("{text}: {error}");
        }
    }
}

#[test]
fn calls_as_targets_fail_when_they_run() {
    for text in ["f() = 1", "f(1, 2) = 1", "f() += 1", "f()++", "--f()", "for (f() in a) ;", "for (f() of a) ;"] {
        let template = script(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(contains(&template, Op::ThrowError), "{text}");
        assert!(contains(&template, Op::Call) || contains(&template, Op::CallMethod), "{text}");
        rejects(&format!("'use strict'; {text}"));
    }
    rejects("f() &&= 1");
    rejects("[f()] = 1");
}

#[test]
fn modules_have_their_own_rules() {
    let module = |text: &str| compile_module(&source(text), &Options::default());
    for text in [
        "import a from 'x'; import a from 'y';",
        "export { a };",
        "export default 1; export default 2;",
        "with (a) b;",
        "a\n<!-- b",
        "import { a as eval } from 'x';",
    ] {
        assert!(module(text).is_err(), "{text}");
    }
    let template = module("import { a } from 'x'; export { a as b }; await a;").expect("valid");
    let info = template.module.as_ref().expect("linking data");
    assert!(info.has_top_level_await);
    assert_eq!(info.requests.len(), 1);
}

#[test]
fn eval_code_knows_its_place() {
    let top = EvalInfo::default();
    let function = EvalInfo { new_target: true, ..EvalInfo::default() };
    let method = EvalInfo { new_target: true, super_property: true, ..EvalInfo::default() };
    let strict = EvalInfo { strict: true, ..EvalInfo::default() };
    assert!(eval("new.target", &top).is_err());
    assert!(eval("new.target", &function).is_ok());
    assert!(eval("super.x", &function).is_err());
    assert!(eval("super.x", &method).is_ok());
    assert!(eval("super()", &method).is_err());
    assert!(eval("with (a) b", &strict).is_err());
    assert!(eval("with (a) b", &top).is_ok());
    assert!(eval("return 1", &top).is_err());
    assert!(eval("this.#x", &top).is_err());
    let initializer = EvalInfo { class_init: true, ..EvalInfo::default() };
    assert!(eval("arguments", &initializer).is_err());
    assert!(eval("() => arguments", &initializer).is_err());
    assert!(eval("(function () { arguments })", &initializer).is_ok());
}

#[test]
fn eval_code_cannot_leave_its_wrapper() {
    let method = EvalInfo { new_target: true, super_property: true, ..EvalInfo::default() };
    let function = EvalInfo { new_target: true, ..EvalInfo::default() };
    for text in ["}); (function () {", "}}); ({m(){", "}, n() {", "}", "return 1", "/*", "a }) => ({"] {
        assert!(eval(text, &method).is_err(), "{text}");
        assert!(eval(text, &function).is_err(), "{text}");
    }
    assert!(eval("a // comment", &method).is_ok());
    assert!(eval("'}'; `}`; /}/", &function).is_ok());
}

#[test]
fn errors_in_eval_code_are_placed_in_the_eval_source() {
    let method = EvalInfo { new_target: true, super_property: true, ..EvalInfo::default() };
    let error = eval("a;\n  let a, a;", &method).expect_err("declared twice");
    assert_eq!((error.position.line, error.position.column), (2, 7));
}

#[test]
fn dynamic_functions_keep_parameters_and_body_apart() {
    let make =
        |parameters: &str, body: &str| compile_function(parameters, body, DynamicFunction::Normal, &Options::default());
    let template = make("a, b = 1", "return a + b").expect("valid");
    assert_eq!(template.name.to_string(), "anonymous");
    assert_eq!(template.length, 1);
    let span = template.span.start as usize..template.span.end as usize;
    assert_eq!(&template.source.text[span], "function anonymous(a, b = 1\n) {\nreturn a + b\n}");
    assert!(make("a // comment", "return a // comment").is_ok());
    for (parameters, body) in [
        ("a) { }, function (", ""),
        ("/*", "*/) {"),
        ("", "} function g() {"),
        ("a = `", "`) {"),
        (") {}; (function (", ""),
        ("a, a = 1", ""),
        ("", "super()"),
    ] {
        assert!(make(parameters, body).is_err(), "{parameters:?} {body:?}");
    }
    let generator = compile_function("", "yield 1", DynamicFunction::Generator, &Options::default());
    assert!(generator.is_ok());
}

#[test]
fn natives_are_an_option() {
    assert!(script("%Name(1)").is_err());
    let options = Options { natives: true, ..Options::default() };
    let template = compile_script(&source("a % b(1); %Name(1)"), &options).expect("valid");
    assert!(contains(&template, Op::CallRuntime));
}

#[test]
fn positions_lead_back_to_the_source() {
    let text = "var a = 1;\nfunction f(o) {\n  return o.x.y();\n}";
    let template = script(text).expect("valid");
    let f = &template.functions[0];
    let (pc, _) = instructions(&f.code).find(|(_, op)| *op == Op::CallMethod).expect("a call");
    let position = f.position_at(pc as u32);
    assert_eq!((position.line, position.column), (3, 14));
}
