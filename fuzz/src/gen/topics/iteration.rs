//! Iteration: the protocol, destructuring, for-of.

use super::block;
use crate::features::Feature;
use crate::r#gen::Gen;
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

/// An iterable that logs each step, of `n` values at most, with an end that may misbehave.
fn logging_iterable(g: &mut Gen) -> Node {
    let n = g.below(5);
    let value = g.pick(&["i", "i * 2", "[i, i]", "{ x: i }", "undefined", "\"ab\""]);
    let bad = match g.below(8) {
        0 => fixed!("if (i === @) throw \"next\";", g.below(4)),
        1 => fixed!("if (i === @) return 5;", g.below(4)),
        _ => fixed!(""),
    };
    let last = match g.below(6) {
        0 => item!(""),
        1 => item!("return() { $log(\"return\"); throw \"in return\"; }, "),
        2 => item!("return() { $log(\"return\"); return 1; }, "),
        3 => item!("return: null, "),
        4 => item!("get return() { $log(\"get return\"); return undefined; }, "),
        _ => item!("return(v) { $log(\"return\", v); return {}; }, "),
    };
    let done = g.pick(&[
        "done: i++ >= N, value: V",
        "get done() { $log(\"done\"); return i++ >= N; }, get value() { $log(\"value\"); return V; }",
    ]);
    let done = done.replace('N', &n.to_string()).replace('V', value);
    expr!(
        "{ [Symbol.iterator]() { let i = 0; return { next() { $log(\"next\"); @ return { @ }; }, @ }; } }",
        bad,
        done,
        last
    )
}

fn iterable(g: &mut Gen) -> Node {
    match g.below(7) {
        0..=2 => logging_iterable(g),
        3 => g.string(1),
        4 => expr!("new Map([[1, @], [\"x\", 2]])", g.primitive(0)),
        5 => expr!("new Set([@, 1, 2])", g.primitive(0)),
        _ => g.array(1),
    }
}

pub fn protocol(g: &mut Gen) -> Node {
    let source = logging_iterable(g);
    let it = g.name("it");
    let uses = g.some(1, 4, |g| {
        let n = g.below(4);
        match g.below(10) {
            0 => item!("() => { for (const v of @) if (@) break; }, ", &it, g.bool(1)),
            1 => item!("() => { for (const v of @) { $log(v); throw @; } }, ", &it, g.thrown()),
            2 => item!("() => { for (const v of @) { try { return v; } finally { $log(\"f\"); } } }, ", &it),
            3 => item!("() => { const [a, b = $log(\"default\")] = @; return [a, b]; }, ", &it),
            4 => item!("() => { const [...a] = @; return a; }, ", &it),
            5 => item!("() => Math.max(...@), ", &it),
            6 => item!("() => new Set(@).size, ", &it),
            7 => item!("() => { L: for (let k = 0; k < 2; k++) for (const v of @) { if (v) continue L; if (k === @) break L; } }, ", &it, n),
            8 => item!("() => { let a; [a, a.b] = @; }, ", &it),
            _ => item!("() => Array.from(@, (v, i) => { if (i > @) throw \"mapper\"; return i; }), ", &it, n),
        }
    });
    block(vec![
        stmt!("const @ = @;\n", &it, source),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", uses),
    ])
}

/// A pattern that declares names; the names are added to `names`.
fn pattern(g: &mut Gen, names: &mut Vec<String>, depth: usize) -> Node {
    if depth == 0 || g.chance(35) {
        let name = g.name("u");
        names.push(name.clone());
        return fixed!("@", name);
    }
    let count = g.between(1, 3);
    let array = g.chance(50);
    let mut parts = vec![];
    for _ in 0..count {
        let inner = pattern(g, names, depth - 1);
        let default = if g.chance(35) { expr!(" = @", g.any(1)) } else { fixed!("") };
        parts.push(match (array, g.below(5)) {
            (true, 0) => fixed!(", @@, ", inner, default),
            (true, _) => fixed!("@@, ", inner, default),
            (false, 0) => fixed!("[@ + \"\"]: @@, ", g.primitive(0), inner, default),
            (false, 1) => fixed!("@: @@, ", g.below(3), inner, default),
            (false, _) => fixed!("@: @@, ", g.pick(&["x", "y", "z", "length", "w"]), inner, default),
        });
    }
    if g.chance(25) {
        let name = g.name("u");
        names.push(name.clone());
        g.mark(Feature::Rest);
        parts.push(fixed!("...@", name));
    }
    if array { fixed!("[@]", parts) } else { fixed!("{ @ }", parts) }
}

pub fn destructuring(g: &mut Gen) -> Node {
    let mut names = vec![];
    let made = pattern(g, &mut names, 2);
    let source = match g.below(4) {
        0 => expr!("[@, @, @]", g.any(1), g.object(1), g.array(1)),
        1 => expr!("{ x: @, y: @, z: @, 1: @ }", g.any(1), g.array(1), g.object(1), g.primitive(0)),
        2 => iterable(g),
        _ => g.any(1),
    };
    let list: Vec<Node> = names.iter().map(|n| item!("@, ", n)).collect();
    match g.below(4) {
        0 | 1 => {
            let head = if made.to_string().starts_with(['[', '{']) { g.pick(&["const", "let", "var"]) } else { "let" };
            block(vec![stmt!("@ @ = @;\n", head, made, source), stmt!("$log(@);\n", list)])
        }
        2 => {
            let f = g.name("F");
            let call = g.loop_of(40, |g, _| {
                g.charge(10);
                fixed!("@(v);\n", &f)
            });
            block(vec![
                stmt!("function @(@) { return [@]; }\n", &f, made, list),
                stmt!("const v = @; let r;\n", source),
                call,
                stmt!("$log(@(v), @.length);\n", &f, &f),
            ])
        }
        _ => block(vec![stmt!("for (const @ of [@, @]) $log(@);\n", made, source, g.any(1), list)]),
    }
}

pub fn destructuring_assignment(g: &mut Gen) -> Node {
    let (o, a, b) = (g.name("o"), g.name("u"), g.name("u"));
    let source = iterable(g);
    let targets = g.some(1, 4, |g| {
        let default = if g.chance(30) { expr!(" = @", g.primitive(1)) } else { fixed!("") };
        match g.below(6) {
            0 => item!("@@, ", &a, default),
            1 => item!("@.x@, ", &o, default),
            2 => item!("@[($log(\"key\"), \"y\")]@, ", &o, default),
            3 => item!(", "),
            4 => item!("[@, @.z]@, ", &b, &o, default),
            _ => item!("{ x: @, length: @.n }@, ", &b, &o, default),
        }
    });
    let object = match g.below(3) {
        0 => fixed!("({ x: @, y: @.y = @ } = @);", &a, &o, g.primitive(0), g.any(1)),
        1 => fixed!("for ([@, @.q] of [[1, 2], @]) $log(@);", &a, &o, g.array(1), &a),
        _ => fixed!("[@, @] = [@, @]; [@[0], @.w] = [@];", &a, &b, &b, &a, &o, &o, g.primitive(0)),
    };
    let swap = g.loop_of(150, |g, i| {
        g.charge(3);
        fixed!("[@.p, @.q] = [@.q, @.p + @ & 255];\n", &o, &o, &o, &o, i.to_owned())
    });
    block(vec![
        stmt!("let @, @; const @ = { p: 1, q: 2, set s(v) { $log(v); } };\n", &a, &b, &o),
        stmt!("try { [@] = @; } catch (e) { $caught(e); }\n", targets, source),
        stmt!("try { @ } catch (e) { $caught(e); }\n", object),
        swap,
        stmt!("$log(@, @, @);\n", &a, &b, &o),
    ])
}

pub fn for_of(g: &mut Gen) -> Node {
    let (v, r, a) = (g.name("e"), g.name("r"), g.name("a"));
    let source = if g.chance(60) { expr!("@", &a) } else { iterable(g) };
    let mutation = match g.below(7) {
        0 => fixed!("if (@.length < 30) @.push(@);", &a, &a, &v),
        1 => fixed!("@.pop();", &a),
        2 => fixed!("@.length = 2;", &a),
        3 => fixed!("@[5] = @;", &a, g.primitive(0)),
        4 => fixed!("@.shift();", &a),
        _ => fixed!(""),
    };
    let head = g.pick(&["const", "let", "var"]);
    let body = g.body(0, 2);
    let jump = match g.below(4) {
        0 => fixed!("if (@ === 3) break;", &r),
        1 => fixed!("if (@ & 1) continue;", &r),
        _ => fixed!(""),
    };
    let array = g.fresh_array(1);
    let sum = g.loop_of(30, |g, i| {
        g.charge(30);
        fixed!("for (const e of @) @ = @ + (e > @ ? 1 : e === undefined ? 2 : 3) | 0;\n", &a, &r, &r, i.to_owned())
    });
    block(vec![
        stmt!("let @ = 0; const @ = @;\n", &r, &a, array),
        stmt!("for (@ @ of @) {\n@++; @\n@ @}\n", head, &v, source, &r, mutation, jump, body),
        sum,
        stmt!("$log(@, @);\n", &r, &a),
    ])
}

pub fn helpers(g: &mut Gen) -> Node {
    let source = if g.chance(50) {
        expr!("[1, 2, @, 4].values()", g.primitive(0))
    } else {
        expr!("(function* () { try { yield 1; yield @; yield 3; } finally { $log(\"closed\"); } })()", g.primitive(0))
    };
    let chain = g.some(1, 3, |g| {
        let n = g.below(4);
        match g.below(6) {
            0 => item!(".map((v, i) => $bound(v + i))"),
            1 => item!(".filter((v) => v != @)", g.primitive(0)),
            2 => item!(".take(@)", n),
            3 => item!(".drop(@)", n),
            4 => item!(".flatMap((v) => [v, @])", n),
            _ => item!(".map((v) => { if (v === @) throw \"m\"; return v; })", n),
        }
    });
    let end = g.pick(&[
        ".toArray()",
        ".reduce((a, b) => $bound(a + b), 0)",
        ".some((v) => v === 2)",
        ".find((v) => v > 1)",
        ".every((v) => v < 3)",
        ".next()",
        ".forEach((v) => $log(v))",
    ]);
    block(vec![stmt!("try { $log(@@@); } catch (e) { $caught(e); }\n", source, chain, end)])
}
