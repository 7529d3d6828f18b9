//! Generators, async functions, promises.

use super::block;
use crate::features::Feature;
use crate::r#gen::{Context, Gen, Ty};
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

fn generator_context(g: &Gen, is_async: bool) -> Context {
    Context { strict: g.context.strict, in_function: true, is_generator: true, is_async, ..Context::default() }
}

/// A statement that yields.
fn yields(g: &mut Gen) -> Node {
    g.growing = false;
    let value = g.primitive(1);
    let name = g.name("y");
    match g.below(5) {
        0 => stmt!("$log(yield @);\n", value),
        1 => stmt!("const @ = yield @; $log(typeof @);\n", &name, value, &name),
        2 => stmt!("for (let k = 0; k < @; k++) yield k * @;\n", g.between(1, 5), g.small_int()),
        3 => stmt!("$log([yield @, yield 1].length);\n", value),
        _ => stmt!("yield @;\n", value),
    }
}

fn generator_body(g: &mut Gen) -> Node {
    let mut parts = vec![];
    for _ in 0..g.between(1, 3) {
        parts.push(yields(g));
        match g.below(4) {
            0 => parts.push(g.body(1, 2)),
            1 => {
                let (a, b) = (yields(g), yields(g));
                g.mark(Feature::Finally);
                parts.push(stmt!("try {\n@} finally {\n@$log(\"f\");\n}\n", a, b));
            }
            2 => {
                let (a, b) = (yields(g), yields(g));
                parts.push(stmt!("try {\n@} catch (e) {\n$caught(e);\n@}\n", a, b));
            }
            _ => {}
        }
    }
    let result = g.primitive(1);
    fixed!("@return @;\n", parts, result)
}

/// Steps of a generator object: next, return and throw with values; each outcome is logged.
fn steps(g: &mut Gen, it: &str) -> Vec<Node> {
    g.some(2, 7, |g| {
        let method = g.pick(&["next", "next", "next", "return", "throw"]);
        if method != "next" {
            g.mark(Feature::GeneratorReturn);
        }
        stmt!("try { $log(@.@(@)); } catch (e) { $caught(e); }\n", it.to_owned(), method, g.primitive(0))
    })
}

pub fn generator(g: &mut Gen) -> Node {
    let (f, it, p) = (g.name("G"), g.name("g"), g.name("p"));
    let context = generator_context(g, false);
    let body = g.leaf_body(context, |g| {
        g.declare(&p, Ty::Any, true);
        generator_body(g)
    });
    let mut parts = vec![stmt!("function* @(@) {\n@}\n", &f, &p, body)];
    match g.below(4) {
        0 => {
            parts.push(stmt!("const @ = @(@);\n", &it, &f, g.primitive(1)));
            parts.extend(steps(g, &it));
        }
        1 => parts.push(stmt!("$log([...@(@)], Array.from(@(1)).length);\n", &f, g.primitive(1), &f)),
        2 => {
            let total = g.name("r");
            let stop = g.below(6);
            parts.push(stmt!("let @ = 0;\n", &total));
            parts.push(g.loop_of(40, |g, i| {
                g.charge(20);
                stmt!(
                    "for (const e of @(@)) { @ = (@ + (e === undefined ? 1 : 2)) | 0; if (@ % 7 === @) break; }\n",
                    &f,
                    i.to_owned(),
                    &total,
                    &total,
                    &total,
                    stop
                )
            }));
            parts.push(stmt!("$log(@);\n", &total));
        }
        _ => {
            let (a, b) = (g.name("u"), g.name("u"));
            parts.push(stmt!("const [@, , @ = 3] = @(@); $log(@, @);\n", &a, &b, &f, g.primitive(0), &a, &b));
        }
    }
    // A hot generator: numbers summed.
    if g.chance(50) {
        let (h, total) = (g.name("G"), g.name("r"));
        let trip = g.trip();
        let step = g.pick(&["i", "i * 0.5", "i & 7", "i % 3 === 0 ? -i : i"]);
        g.charge(trip * 2);
        parts.push(stmt!(
            "function* @(n) { for (let i = 0; i < n; i++) { try { yield @; } finally { if (i === 90) yield -1; } } }\n",
            &h,
            step
        ));
        parts.push(stmt!("let @ = 0; for (const e of @(@)) @ += e; $log(@);\n", &total, &h, trip, &total, &total));
    }
    block(parts)
}

pub fn generator_finally(g: &mut Gen) -> Node {
    g.mark(Feature::GeneratorReturn);
    g.mark(Feature::Finally);
    let (f, it) = (g.name("G"), g.name("g"));
    let last = match g.below(6) {
        0 => fixed!("yield \"cleanup\";"),
        1 => fixed!("return \"override\";"),
        2 => fixed!("throw \"from finally\";"),
        3 => fixed!("if (n++ < 1) continue;"),
        4 => fixed!("break;"),
        _ => fixed!("$log(\"done\", n);"),
    };
    let inner = match g.below(3) {
        0 => fixed!("yield n; yield n + 1;"),
        1 => fixed!("try { yield n; } finally { $log(\"inner\"); yield 7; }"),
        _ => fixed!("try { yield n; } catch (e) { $caught(e); yield 8; }"),
    };
    let mut parts = vec![
        stmt!(
            "function* @() { let n = 0; while (n < 3) { try { @ } finally { n++; @ } } return \"end\"; }\n",
            &f,
            inner,
            last
        ),
        stmt!("const @ = @();\n", &it, &f),
    ];
    parts.extend(steps(g, &it));
    parts.push(stmt!("for (let k = 0; k < 20; k++) { for (const e of @()) { if (e === (k & 1)) break; } }\n", &f));
    g.charge(200);
    block(parts)
}

pub fn delegation(g: &mut Gen) -> Node {
    let (inner, outer, it) = (g.name("G"), g.name("G"), g.name("g"));
    let context = generator_context(g, false);
    let body = g.leaf_body(context, generator_body);
    let source = match g.below(4) {
        0 => expr!("@()", &inner),
        1 => g.array(1),
        2 => g.string(0),
        _ => expr!(
            "{ [Symbol.iterator]() { let n = 0; return { next(v) { $log(\"next\", v); return { done: n++ > 2, value: n }; }, @ }; } }",
            g.some(0, 2, |g| {
                let kind = g.pick(&["return", "throw"]);
                let result = g.pick(&["{ done: true, value: v }", "{ done: false, value: 4 }", "5", "{}"]);
                item!("@(v) { $log(\"@\", v); return @; }, ", kind, kind, result)
            })
        ),
    };
    let mut parts = vec![
        stmt!("function* @() {\n@}\n", &inner, body),
        stmt!("function* @() { try { $log(\"result\", yield* @); } finally { $log(\"out\"); } }\n", &outer, source),
        stmt!("const @ = @();\n", &it, &outer),
    ];
    parts.extend(steps(g, &it));
    block(parts)
}

fn async_body(g: &mut Gen) -> Node {
    let mut parts = vec![];
    for _ in 0..g.between(1, 3) {
        g.growing = false;
        let awaited = match g.below(6) {
            0 => g.primitive(1),
            1 => expr!("Promise.resolve(@)", g.primitive(1)),
            2 => expr!("Promise.reject(@)", g.primitive(0)),
            3 => expr!("({ then(ok, no) { @(@); } })", if g.rng.chance(70) { "ok" } else { "no" }, g.primitive(0)),
            4 => expr!("(async () => @)()", g.primitive(1)),
            _ => g.small_int(),
        };
        parts.push(match g.below(5) {
            0 => stmt!("$log(await @);\n", awaited),
            1 => stmt!("try { $log(await @); } catch (e) { $caught(e); } finally { $log(\"f\"); }\n", awaited),
            2 => stmt!("try { return await @; } finally { await 0; $log(\"fin\"); }\n", awaited),
            3 => stmt!("for (let k = 0; k < 3; k++) { $log(k, await @); }\n", awaited),
            _ => g.body(1, 2),
        });
    }
    let result = g.primitive(1);
    fixed!("@return @;\n", parts, result)
}

pub fn async_function(g: &mut Gen) -> Node {
    g.is_async = true;
    let f = g.name("A");
    let context = Context { strict: g.context.strict, in_function: true, is_async: true, ..Context::default() };
    let body = g.leaf_body(context, async_body);
    let tag = g.below(100);
    let mut parts = vec![if g.chance(50) {
        stmt!("async function @(p) {\n@}\n", &f, body)
    } else {
        stmt!("const @ = async (p) => {\n@};\n", &f, body)
    }];
    for _ in 0..g.between(1, 2) {
        parts.push(stmt!("@(@).then((v) => $log(@, v), (e) => $caught(e));\n", &f, g.primitive(0), tag));
    }
    parts.push(stmt!("$log(\"sync @\");\n", tag));
    block(parts)
}

pub fn async_generator(g: &mut Gen) -> Node {
    g.is_async = true;
    let f = g.name("A");
    let context = generator_context(g, true);
    let body = g.leaf_body(context, |g| {
        let first = yields(g);
        let second = async_body(g);
        fixed!("@@", first, second)
    });
    let mut parts = vec![stmt!("async function* @(p) {\n@}\n", &f, body)];
    if g.chance(60) {
        g.mark(Feature::ForAwait);
        let end = g.pick(&["", "if (n > 1) break;", "if (n > 0) continue;", "if (n > 2) throw n;"]);
        parts.push(stmt!(
            "(async () => { let n = 0; try { for await (const v of @(1)) { n++; $log(\"got\", v); @ } } catch (e) { $caught(e); } $log(\"n\", n); })();\n",
            &f, end
        ));
    } else {
        let it = g.name("g");
        parts.push(stmt!("const @ = @(1);\n", &it, &f));
        parts.extend(g.some(2, 5, |g| {
            let method = g.pick(&["next", "next", "return", "throw"]);
            let n = g.below(50);
            stmt!(
                "@.@(@).then((v) => $log(@, v), (e) => { $log(@); $caught(e); });\n",
                &it,
                method,
                g.primitive(0),
                n,
                n
            )
        }));
    }
    if g.chance(30) {
        g.mark(Feature::ForAwait);
        let array = g.fresh_array(0);
        parts.push(stmt!(
            "(async () => { for await (const v of @) $log(\"each\", v); })().catch((e) => $caught(e));\n",
            array
        ));
    }
    block(parts)
}

pub fn promises(g: &mut Gen) -> Node {
    g.is_async = true;
    let combinator = g.pick(&["all", "allSettled", "race", "any"]);
    let members = g.some(0, 4, |g| {
        let value = g.primitive(0);
        match g.below(5) {
            0 => item!("Promise.resolve(@), ", value),
            1 => item!("Promise.reject(@), ", value),
            2 => item!("new Promise((ok, no) => { @(@); }), ", if g.chance(60) { "ok" } else { "no" }, value),
            3 => item!("Promise.resolve(1).then(() => { throw @; }), ", value),
            _ => item!("@, ", value),
        }
    });
    let mut chain = vec![];
    for _ in 0..g.between(1, 3) {
        let n = g.below(100);
        chain.push(match g.below(4) {
            0 => item!(".then((v) => { $log(@, v); return v; })", n),
            1 => item!(".catch((e) => { $log(@); $caught(e); return @; })", n, n),
            2 => item!(".finally(() => { $log(@); return @; })", n, n),
            _ => item!(".then(() => { throw @; })", n),
        });
    }
    block(vec![stmt!(
        "Promise.@([@])@.then((v) => $log(\"last\", v), (e) => $caught(e));\n",
        combinator,
        members,
        chain
    )])
}
