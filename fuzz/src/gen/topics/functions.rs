//! Functions: hot kernels, closures, arguments, recursion, exceptions through frames.

use super::block;
use crate::features::Feature;
use crate::r#gen::{Context, Gen, Kernel, Ty};
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

/// A function with loops; later statements may call it.
pub fn kernel(g: &mut Gen) -> Node {
    let name = g.name("K");
    let hard = g.chance(45);
    let params: Vec<String> = (0..g.between(1, 4)).map(|_| g.name("x")).collect();
    let strict = g.context.strict || g.chance(30);
    let context = Context { strict, in_function: true, ..Context::default() };
    if strict {
        g.mark(Feature::Strict);
    }
    let (body, cost) = g.function_body(context, hard, |g| {
        for param in &params {
            let ty = if g.chance(60) { Ty::Int } else { Ty::Num };
            g.declare(param, ty, true);
        }
        let locals = g.some(1, 4, Gen::declaration);
        let first = g.hot_loop(|g, _| {
            g.depth += 1;
            let made = Node::list(g.some(1, 5, Gen::statement));
            g.depth -= 1;
            made
        });
        let rest = g.body(0, 2);
        let result = if g.hard { g.num(2) } else { g.any(2) };
        fixed!("@@@return @;\n", locals, first, rest, g.bounded(result))
    });
    let directive = if strict && !g.context.strict { "\"use strict\";\n" } else { "" };
    let list: Vec<Node> = params.iter().map(|p| fixed!("@, ", p)).collect();
    g.kernels.push(Kernel { name: name.clone(), params: params.len(), hard, cost });
    stmt!("function @(@) {\n@@}\n", name, list, directive, body)
}

/// Calls kernels, or makes one here and calls it.
pub fn kernel_use(g: &mut Gen) -> Node {
    let count = g.kernels.len();
    let mut parts = vec![];
    if count == 0 || g.chance(40) {
        parts.push(kernel(g));
    }
    let trip = g.pick(&["3", "8", "20", "40"]);
    let times: u64 = trip.parse().expect("a number");
    let i = g.name("k");
    let (call, total) = g.scoped(|g| {
        g.declare_counter(&i);
        let call = g.repeated(times, |g| g.kernel_call(2));
        (call, g.name("r"))
    });
    match call {
        Some(call) => parts.push(stmt!(
            "let @ = 0; for (let @ = 0; @ < @; @++) { @ = @; } $log(@);\n",
            &total,
            &i,
            &i,
            trip,
            &i,
            &total,
            call,
            &total
        )),
        None => {
            if let Some(call) = g.kernel_call(1) {
                parts.push(stmt!("$log(@);\n", call));
            }
        }
    }
    // A kernel made in this block is not visible after it.
    g.kernels.truncate(count);
    block(parts)
}

pub fn closures_in_loop(g: &mut Gen) -> Node {
    let (fs, v) = (g.name("fs"), g.name("c"));
    let kind = g.pick(&["let", "let", "var", "const"]);
    let trip = g.trip().min(60);
    let i = g.name("k");
    let update = g.pick(&["++", "+= 1", "*= 2", "-= 3"]);
    let body = g.scoped(|g| {
        g.declare_counter(&i);
        g.loop_body(trip, |g| g.body(0, 2))
    });
    let value = g.int(1);
    let call = g.loop_of(7, |_, k| fixed!("$log(@[@ % @.length](@));\n", &fs, k.to_owned(), &fs, k.to_owned()));
    let change = if kind == "const" { expr!("0") } else { expr!("(@ @)", &v, update) };
    block(vec![
        stmt!("const @ = [(q) => q];\n", &fs),
        stmt!(
            "for (let @ = 0; @ < @; @++) {\n@ @ = (@ + @) | 0;\n@.push((q) => (@, @ + @ + q | 0));\n@}\n",
            &i,
            &i,
            trip,
            &i,
            kind,
            &v,
            value,
            &i,
            &fs,
            change,
            &v,
            &i,
            body
        ),
        call,
    ])
}

pub fn sloppy_arguments(g: &mut Gen) -> Node {
    if g.context.strict {
        return strict_arguments(g);
    }
    let (f, a, b) = (g.name("F"), g.name("p"), g.name("p"));
    let context = g.plain_context();
    let body = g.leaf_body(context, |g| {
        g.declare(&a, Ty::Int, true);
        g.declare(&b, Ty::Any, true);
        let parts = g.some(1, 4, |g| {
            let value = g.primitive(1);
            match g.below(9) {
                0 => stmt!("arguments[@] = @;\n", g.below(3), value),
                1 => stmt!("@ = @;\n", &a, value),
                2 => stmt!("@ = @;\n", &b, value),
                3 => stmt!("delete arguments[@];\n", g.below(2)),
                4 => stmt!(
                    "Object.defineProperty(arguments, @, { value: @, writable: @ });\n",
                    g.below(2),
                    value,
                    g.below(2)
                ),
                5 => stmt!("arguments.length = @;\n", g.below(4)),
                6 => stmt!("(() => { @ = arguments[@]; })();\n", &b, g.below(3)),
                // V8 lets frozen arguments change.
                7 => stmt!("Object.preventExtensions(arguments);\n"),
                _ => stmt!("arguments[@]++;\n", g.below(2)),
            }
        });
        fixed!("@return [@, @, arguments.length, arguments[0], arguments[1], ...arguments];\n", parts, &a, &b)
    });
    let calls = call_with_counts(g, &f);
    block(vec![stmt!("function @(@, @) {\n@}\n", &f, &a, &b, body), calls])
}

/// Calls of a function with 0 to 4 arguments, in a loop; the last results are logged.
fn call_with_counts(g: &mut Gen, f: &str) -> Node {
    g.mark(Feature::ArityMismatch);
    let r = g.name("r");
    let values: Vec<Node> = (0..4).map(|_| g.primitive(1)).collect();
    let counts: Vec<usize> = (0..3).map(|_| g.below(5)).collect();
    let calls: Vec<Node> = counts
        .iter()
        .map(|&n| {
            let args: Vec<Node> = values[..n].iter().map(|v| item!("@, ", v.clone())).collect();
            item!("@(@), ", f.to_owned(), args)
        })
        .collect();
    let calls = Node::list(calls);
    let body = g.loop_of(40, |g, _| {
        g.charge(20);
        stmt!("@ = [@];\n", &r, calls)
    });
    fixed!("let @;\n@$log(@);\n", &r, body, &r)
}

pub fn strict_arguments(g: &mut Gen) -> Node {
    let (f, a, b) = (g.name("F"), g.name("p"), g.name("p"));
    g.mark(Feature::Strict);
    let context = Context { strict: true, in_function: true, ..Context::default() };
    let body = g.leaf_body(context, |g| {
        g.declare(&a, Ty::Int, true);
        let parts = g.some(1, 3, |g| {
            let value = g.primitive(1);
            match g.below(5) {
                0 => stmt!("arguments[@] = @;\n", g.below(3), value),
                1 => stmt!("@ = @;\n", &a, value),
                2 => stmt!("delete arguments[@];\n", g.below(2)),
                3 => stmt!("@ = this;\n", &a),
                _ => stmt!("arguments[@]++;\n", g.below(2)),
            }
        });
        fixed!("@return [@, @, arguments.length, arguments[0], typeof this, ...arguments];\n", parts, &a, &b)
    });
    let calls = call_with_counts(g, &f);
    let simple = g.chance(70);
    if simple {
        return block(vec![stmt!("function @(@, @) {\n\"use strict\";\n@}\n", &f, &a, &b, body), calls]);
    }
    // Defaults make arguments unmapped, too.
    g.mark(Feature::Defaults);
    block(vec![stmt!("function @(@, @ = @) {\n@}\n", &f, &a, &b, g.primitive(1), body), calls])
}

pub fn rest_spread(g: &mut Gen) -> Node {
    g.mark(Feature::Rest);
    g.mark(Feature::Spread);
    let (f, a, r, sum) = (g.name("F"), g.name("p"), g.name("p"), g.name("r"));
    let array = g.array(1);
    let form = g.below(4);
    let call = match form {
        0 => expr!("@(...@, @)", &f, array, g.int(1)),
        1 => expr!("@(@, ...@, ...@)", &f, g.int(1), array, g.string(0)),
        2 => expr!("new @(...@).q", &f, array),
        _ => expr!("Math.max(...@, @(...@))", array.clone(), &f, array),
    };
    let body = match g.below(3) {
        0 => fixed!("@.push(@); new.target && (this.q = @.length); return @.length + @.length;\n", &r, &a, &r, &r, &r),
        1 => fixed!("let s = 0; for (const e of @) s = (s + e) | 0; return new.target ? { q: s } : s;\n", &r),
        _ => fixed!("return [...@, @].length;\n", &r, &a),
    };
    let calls = g.loop_of(60, |g, _| {
        g.charge(20);
        stmt!("@ = @;\n", &sum, call)
    });
    block(vec![
        stmt!("let @;\n", &sum),
        stmt!("function @(@, ...@) {\n@}\n", &f, &a, &r, body),
        calls,
        stmt!("$log(@, @.length);\n", &sum, &f),
    ])
}

/// Parameters with initializers have a scope of their own, which closures see.
pub fn parameter_scopes(g: &mut Gen) -> Node {
    g.mark(Feature::Defaults);
    let (f, a, b, c) = (g.name("F"), g.name("p"), g.name("p"), g.name("p"));
    let value = g.primitive(1);
    let shadow = g.pick(&["var", "let"]);
    let inner = if shadow == "var" {
        fixed!("var @; const before = @; @ = @; return [before, @, @(), @];\n", &a, &a, &a, value, &a, &b, &c)
    } else {
        fixed!("{ let @ = @; $log(@); } @ = @; return [@, @(), @];\n", &a, value.clone(), &a, &a, value, &a, &b, &c)
    };
    let third = g.pick(&["arguments.length", "b => b", "this === undefined", "[...arguments].length"]);
    let third = if third == "b => b" { expr!("@()", &b) } else { expr!("@", third) };
    let arg = g.primitive(1);
    block(vec![
        stmt!("function @(@ = 1, @ = () => @, @ = @) {\n@}\n", &f, &a, &b, &a, &c, third, inner),
        stmt!("for (let k = 0; k < 12; k++) { @(k); }\n", &f),
        stmt!("$log(@(), @(@), @(undefined, () => 5), @(1, undefined, 3));\n", &f, &f, arg, &f, &f),
    ])
}

pub fn recursion(g: &mut Gen) -> Node {
    let (f, n, acc) = (g.name("R"), g.name("p"), g.name("p"));
    let context = g.plain_context();
    let extra = g.leaf_body(context, |g| {
        g.declare(&acc, Ty::Int, true);
        g.declare_counter(&n);
        g.growing = false;
        let value = g.int(2);
        g.bounded(value)
    });
    match g.below(4) {
        0 => {
            g.charge(250);
            block(vec![
                stmt!(
                    "const @ = (@, @) => @ < 2 ? @ : @(@ - 1, @) + @(@ - 2, @) | 0;\n",
                    &f,
                    &n,
                    &acc,
                    &n,
                    extra,
                    &f,
                    &n,
                    &acc,
                    &f,
                    &n,
                    &acc
                ),
                stmt!("$log(@(10, @), @(9, @));\n", &f, g.int(1), &f, g.num(1)),
            ])
        }
        1 => {
            let (e, o) = (g.name("R"), g.name("R"));
            g.charge(200);
            block(vec![
                stmt!(
                    "function @(@, @) { return @ === 0 ? @ : @(@ - 1, @); }\n",
                    &e,
                    &n,
                    &acc,
                    &n,
                    &acc,
                    &o,
                    &n,
                    extra
                ),
                stmt!(
                    "function @(@, @) { return @ === 0 ? -@ : @(@ - 1, @ - 1); }\n",
                    &o,
                    &n,
                    &acc,
                    &n,
                    &acc,
                    &e,
                    &n,
                    &acc
                ),
                stmt!("$log(@(100, @), @(33, 5), @(100, 1.5));\n", &e, g.primitive(1), &o, &e),
            ])
        }
        2 => {
            g.charge(300);
            let deep = g.pick(&["200", "500", "900"]);
            let context = g.plain_context();
            let jump = g.leaf_body(context, Gen::jump);
            block(vec![
                stmt!(
                    "function @(@, @) {\nif (@ <= 0) { @return @; }\ntry { return 1 + @(@ - 1, @); } finally { @ = @; }\n}\n",
                    &f,
                    &n,
                    &acc,
                    &n,
                    jump,
                    &acc,
                    &f,
                    &n,
                    &acc,
                    &acc,
                    extra
                ),
                stmt!("$log(@(@, @));\n", &f, deep, g.primitive(1)),
            ])
        }
        _ => {
            g.charge(100);
            block(vec![
                stmt!(
                    "const @ = function self(@, @ = []) {\n@.push(@);\nif (@ > 0) self(@ - 1, @);\n@.push(typeof self);\nreturn @; };\n",
                    &f,
                    &n,
                    &acc,
                    &acc,
                    extra,
                    &n,
                    &n,
                    &acc,
                    &acc,
                    &acc
                ),
                stmt!("$log(@(12));\n", &f),
            ])
        }
    }
}

pub fn tail_calls(g: &mut Gen) -> Node {
    g.mark(Feature::Strict);
    let (f, h, n, acc) = (g.name("T"), g.name("T"), g.name("p"), g.name("p"));
    let step = g.int(1);
    g.charge(400);
    let form = g.pick(&["@", "c", "l", "s"]);
    let tail = match form {
        "c" => expr!("(@ % 2 ? @(@ - 1, @ + 1 | 0) : @(@ - 1, @))", &n, &h, &n, &acc, &h, &n, &acc),
        "l" => expr!("(@ < 0 || @(@ - 1, @ ^ @))", &n, &h, &n, &acc, &n),
        "s" => expr!("(@++, @(@ - 2, @))", &acc, &f, &n, &acc),
        _ => expr!("@(@ - 1, @, 7)", &h, &n, &acc),
    };
    block(vec![
        stmt!(
            "function @(@, @) { \"use strict\"; if (@ <= 0) return [@, arguments.length]; return @; }\n",
            &f,
            &n,
            &acc,
            &n,
            &acc,
            tail
        ),
        stmt!(
            "function @(@, @, z) { \"use strict\"; @ = (@ + @) | 0; return @(@ - 1, @); }\n",
            &h,
            &n,
            &acc,
            &acc,
            &acc,
            step,
            &f,
            &n,
            &acc
        ),
        stmt!("$log(@(600, @), @(31, 0.5), @(4, \"s\"));\n", &f, g.int(1), &f, &f),
    ])
}

pub fn hot_redefinition(g: &mut Gen) -> Node {
    let (f, total, o) = (g.name("f"), g.name("r"), g.name("o"));
    let (first, second, third) = (g.leaf(0), g.leaf(0), g.leaf(0));
    let value = g.int(1);
    let turn = g.turn();
    let on_object = g.chance(50);
    let target = if on_object { expr!("@.m", &o) } else { expr!("@", &f) };
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        let change = if g.chance(70) {
            stmt!("if (@ === @) @ = @;\n", i.to_owned(), turn, target.clone(), second)
        } else {
            stmt!(
                "if (@ % 50 === 49) @ = @ % 100 === 99 ? @ : @;\n",
                i.to_owned(),
                target.clone(),
                i.to_owned(),
                second,
                third
            )
        };
        fixed!(
            "@@ = $bound(@ + @(@, @));\n@",
            change,
            &total,
            &total,
            target.clone(),
            i.to_owned(),
            value,
            g.body(0, 1)
        )
    });
    block(vec![
        stmt!("let @ = @, @ = 0; const @ = { m: @ };\n", &f, first, &total, &o, &f),
        body,
        stmt!("$log(@);\n", &total),
    ])
}

pub fn nested_throw(g: &mut Gen) -> Node {
    let (f, count) = (g.name("N"), g.name("r"));
    let depth = g.between(1, 10);
    let mut parts = vec![stmt!("let @ = 0;\n", &count)];
    let thrown = g.thrown();
    let condition = g.pick(&["n % 3 === 0", "n > 90", "n === 57", "(n & 1) === 0", "n % 7 < 3"]);
    parts.push(stmt!("function @_0(n) { if (@) throw @; return n | 0; }\n", &f, condition, thrown));
    for level in 1..=depth {
        let call = expr!("@_@(n)", &f, level - 1);
        let body = match g.below(6) {
            0 => fixed!("try { return @; } finally { @++; }", call, &count),
            1 => fixed!(
                "try { return @ + 1; } catch (e) { @ += 2; if (@) throw e; return -1; }",
                call,
                &count,
                g.bool(1)
            ),
            2 => fixed!("const x = @; @ = (@ + x) | 0; return x;", call, &count, &count),
            3 => fixed!("for (const e of [1, 2]) { @ += @; } return 3;", &count, call),
            4 => fixed!("try { @; } finally { if (n % 11 === 5) return @; }", call, g.int(1)),
            _ => fixed!("return @ + 1;", call),
        };
        parts.push(stmt!("function @_@(n) { @ }\n", &f, level, body));
    }
    let r = g.name("r");
    parts.push(g.loop_of(120, |g, i| {
        g.charge(depth as u64 * 3);
        fixed!(
            "try { @ = @_@(@); } catch (e) { if (@ < 12) $caught(e); @ += 3; }\n",
            &r,
            &f,
            depth,
            i.to_owned(),
            i.to_owned(),
            &count
        )
    }));
    parts.insert(0, stmt!("let @;\n", &r));
    parts.push(stmt!("$log(@, @);\n", &count, &r));
    block(parts)
}

/// `finally` blocks inside one another inside loops, with jumps out of each.
pub fn finally_maze(g: &mut Gen) -> Node {
    g.mark(Feature::Finally);
    g.mark(Feature::AbruptFinally);
    let (f, i, t) = (g.name("M"), g.name("k"), g.name("c"));
    fn maze(g: &mut Gen, i: &str, t: &str, label: &str, depth: usize) -> Node {
        let jump = |g: &mut Gen| {
            let condition = g.pick(&["& 1", "& 2", "& 4", "% 3", "% 5", "& 8"]);
            let n = g.below(90);
            let what = match g.below(7) {
                0 => fixed!("return @", n),
                1 => fixed!("throw @", n),
                2 => fixed!("break"),
                3 => fixed!("continue"),
                4 => fixed!("break @", label.to_owned()),
                5 => fixed!("continue @", label.to_owned()),
                _ => fixed!("@ = (@ * 3 + @) | 0", t.to_owned(), t.to_owned(), n),
            };
            stmt!("if (@ @) @;\n", i.to_owned(), condition, what)
        };
        let step = g.below(50);
        let step = stmt!("@ = (@ * 5 + @) | 0;\n", t.to_owned(), t.to_owned(), step);
        if depth == 0 {
            let first = jump(g);
            return fixed!("@@", step, first);
        }
        let inner = maze(g, i, t, label, depth - 1);
        let before = jump(g);
        let last = if g.chance(45) { jump(g) } else { step.clone() };
        match g.below(4) {
            0 => stmt!("try {\n@@} finally {\n@}\n", before, inner, last),
            1 => stmt!(
                "try {\n@@} catch (e) {\n@ ^= typeof e === 'number' ? e : 1;\n@} finally {\n@}\n",
                inner,
                before,
                t.to_owned(),
                step,
                last
            ),
            2 => stmt!("for (const q of [1, 2]) {\ntry {\n@@} finally {\n@}\n}\n", before, inner, last),
            _ => stmt!("try {\n@} catch (e) {\n@@}\n@", inner, before, step, last),
        }
    }
    let label = g.name("L");
    let depth = g.between(1, 4);
    let body = maze(g, &i, &t, &label, depth);
    g.charge(400);
    block(vec![
        stmt!(
            "function @(n) {\nlet @ = 1;\n@: for (let @ = 0; @ < n; @++) {\ndo {\n@} while (false);\n}\nreturn @; }\n",
            &f,
            &t,
            &label,
            &i,
            &i,
            &i,
            body,
            &t
        ),
        stmt!("for (let n = 0; n < 25; n++) { try { $log(@(n)); } catch (e) { $caught(e); } }\n", &f),
    ])
}

pub fn bind_call_apply(g: &mut Gen) -> Node {
    let (f, b) = (g.name("F"), g.name("B"));
    let args = g.some(0, 3, |g| item!(", @", g.primitive(1)));
    let this = g.pick(&["{ t: 1 }", "1", "\"s\"", "[1]"]);
    let more = g.some(0, 2, |g| item!("@, ", g.primitive(1)));
    block(vec![
        stmt!("function @(a, b, ...c) { return [typeof this, a, b, c.length, new.target === @]; }\n", &f, &f),
        stmt!("const @ = @.bind(@@);\n", &b, &f, this, args.clone()),
        stmt!("for (let k = 0; k < 30; k++) { @(k); @.call(k@); }\n", &b, &f, args),
        stmt!(
            "$log(@(@), @.name, @.length, new @(@).length, @.apply(@, [1, , 3]));\n",
            &b,
            more.clone(),
            &b,
            &b,
            &b,
            more,
            &f,
            this
        ),
        stmt!("$log(@.call(null, 1)[1], Reflect.apply(@, 5, { length: 2, 0: \"z\" }));\n", &f, &f),
    ])
}
