//! Sources that nest 100,000 deep compile or are refused cleanly; they never overflow the native stack.

use std::sync::Arc;
use tercel_bytecode::{EvalInfo, Source, Template};
use tercel_front::{CompileError, CompileErrorKind, Options, compile_eval, compile_script};

const DEEP: usize = 100_000;

fn compile(text: String) -> Result<Arc<Template>, CompileError> {
    compile_script(&Arc::new(Source::new("deep.js", text)), &Options::default())
}

/// `open` × n, `middle`, `close` × n.
fn nest(open: &str, middle: &str, close: &str) -> String {
    let mut text = String::with_capacity((open.len() + close.len()) * DEEP + middle.len());
    for _ in 0..DEEP {
        text.push_str(open);
    }
    text.push_str(middle);
    for _ in 0..DEEP {
        text.push_str(close);
    }
    text
}

/// Compiles, or is a RangeError or SyntaxError; dropping the result is safe too.
fn clean(text: String) {
    if let Err(error) = compile(text) {
        assert!(
            error.message.contains("deep")
                || error.message.contains("registers")
                || error.kind == CompileErrorKind::Syntax,
            "a clean refusal, not a panic: {error}"
        );
    }
}

/// Compiles.
fn works(text: String) {
    if let Err(error) = compile(text) {
        panic!("{error}");
    }
}

#[test]
fn brackets() {
    works(nest("(", "1", ")"));
    clean(nest("[", "1", "]"));
    clean(nest("{", "1", "}"));
    clean(nest("f(", "1", ")"));
    clean(nest("a[", "1", "]"));
    clean(nest("new (", "a", ")"));
}

#[test]
fn unbalanced_brackets() {
    clean("(".repeat(DEEP));
    clean("[".repeat(DEEP));
    clean("{".repeat(DEEP));
    clean("`${".repeat(DEEP));
    clean("function f(){".repeat(DEEP));
}

#[test]
fn object_literals_and_patterns() {
    clean(format!("x = {}", nest("{a:", "1", "}")));
    clean(format!("var {} = 1", nest("[", "a", "]")));
    clean(format!("({} = 1)", nest("{a:", "a", "}")));
}

#[test]
fn unary_operators() {
    works(nest("!", "a", ""));
    works(nest("typeof ", "a", ""));
    works(nest("- ", "a", ""));
    clean(nest("new ", "a", ""));
}

#[test]
fn binary_chains() {
    works(nest("a+", "a", ""));
    works(nest("a||", "a", ""));
    clean(nest("a**", "a", ""));
    works(nest("a,", "a", ""));
    works(format!("if ({}) b", nest("a&&", "a", "")));
}

#[test]
fn a_million_terms() {
    works(format!("{}a", "a+".repeat(1_000_000)));
}

#[test]
fn member_and_call_chains() {
    works(nest("", "a", ".a"));
    works(nest("", "a", "()"));
    works(nest("", "a", "?.a"));
    works(nest("", "a", "``"));
}

#[test]
fn conditionals_and_assignments() {
    works(nest("a?b:", "c", ""));
    works(nest("a?", "b", ":c"));
    clean(nest("a=", "1", ""));
    clean(nest("a.b=", "1", ""));
}

#[test]
fn statements() {
    works(nest("if(a);else ", ";", ""));
    works(nest("if(a)", ";", ""));
    works(nest("while(a)", ";", ""));
    clean(nest("for(;;)", ";", ""));
    works(nest("do ", "a\n", "while(a)\n"));
    clean(nest("try{", "a", "}finally{}"));
    clean(nest("with(a)", ";", ""));
    clean(nest("for(let a of b)", ";", ""));
    clean(nest("switch(a){case 1:", "", "}"));
    let labels: String = (0..DEEP).map(|i| format!("a{i}:")).collect();
    clean(format!("{labels};"));
    clean(nest("{function f(){}", "", "}"));
}

#[test]
fn functions() {
    clean(nest("function f(){", "", "}"));
    clean(nest("(function(){", "", "})"));
    clean(nest("a=>", "1", ""));
    clean(nest("(a)=>", "1", ""));
    clean(nest("(a=", "1", ")=>1"));
    clean(nest("class A{a(){", "", "}}"));
    clean(nest("(class extends ", "a", "{})"));
    clean(nest("async()=>{", "", "}"));
}

#[test]
fn templates_and_regular_expressions() {
    works(nest("`${", "1", "}`"));
    clean(format!("/{}/", nest("(", "a", ")")));
    clean(format!("/{}/v", nest("[", "a", "]")));
    clean(format!("/{}/", "(".repeat(DEEP)));
}

#[test]
fn many_siblings_are_not_nesting() {
    works("a();".repeat(DEEP));
    works("function f(){}\n".repeat(DEEP));
    works(format!("x = [{}]", "a,".repeat(DEEP)));
    works(format!("x = {{{}}}", "a:a,".repeat(DEEP)));
    works(format!("f({})", vec!["a"; DEEP].join()));
    works(format!("switch(a){{{}}}", "case 1:".repeat(DEEP)));
    works(format!("x = `{}`", "${a}".repeat(DEEP)));
}

/// Joins with commas.
trait Join {
    fn join(&self) -> String;
}

impl Join for Vec<&str> {
    fn join(&self) -> String {
        self.as_slice().join(",")
    }
}

#[test]
fn too_many_variables_are_a_range_error() {
    let names: Vec<String> = (0..70_000).map(|i| format!("v{i}")).collect();
    let text = format!("function f() {{ var {}; }}", names.join(","));
    let error = compile(text).expect_err("more variables than registers");
    assert_eq!(error.kind, CompileErrorKind::Range);
}

#[test]
fn deep_evals_share_their_scope_chains() {
    let text = format!("{}eval(''){}", "(function(){var a;".repeat(2000), "})".repeat(2000));
    works(text);
    let eval =
        compile_eval(&Arc::new(Source::new("eval.js", nest("(", "1", ")"))), &EvalInfo::default(), &Options::default());
    assert!(eval.is_ok());
}
