//! Arrays: builtins with callbacks, kinds of elements, holes, lengths.

use super::block;
use crate::features::Feature;
use crate::r#gen::Gen;
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

pub fn callbacks(g: &mut Gen) -> Node {
    let (a, r) = (g.name("a"), g.name("r"));
    let array = g.fresh_array(1);
    let mutation = match g.below(9) {
        0 => fixed!("if (a.length < 40) a.push(v);"),
        1 => fixed!("a.pop();"),
        2 => fixed!("a.length = @;", g.below(5)),
        3 => fixed!("a[i + 1] = @;", g.primitive(0)),
        4 => fixed!("delete a[@];", g.below(4)),
        5 => fixed!("if (i === 1) throw @;", g.thrown()),
        6 => fixed!("a.shift();"),
        _ => fixed!(""),
    };
    let value = match g.below(5) {
        0 => expr!("v > @", g.small_int()),
        1 => expr!("i"),
        2 => expr!("$bound(v + i)"),
        3 => expr!("[v]"),
        _ => expr!("v"),
    };
    let method = g.pick(&[
        "forEach",
        "map",
        "filter",
        "some",
        "every",
        "find",
        "findIndex",
        "findLast",
        "findLastIndex",
        "flatMap",
    ]);
    let call = match g.below(5) {
        0 => fixed!("@.reduce((p, v, i, a) => { @ return $bound(p + v); }, @)", &a, mutation, g.primitive(0)),
        1 => fixed!("@.reduceRight((p, v, i, a) => { @ return i; })", &a, mutation),
        2 => fixed!("Array.from(@, function (v, i) { return this.q + i; }, { q: @ })", &a, g.primitive(0)),
        _ => fixed!("@.@((v, i, a) => { @ return @; })", &a, method, mutation, value),
    };
    let hot = g.loop_of(60, |g, i| {
        g.charge(15);
        let f = g
            .pick(&[
                "map((v) => v).length",
                "filter((v) => v > 1).length",
                "reduce((p, v) => (p + v) | 0, 0)",
                "some((v) => v === K)",
                "indexOf(K)",
                "findIndex((v) => v == K)",
            ])
            .replace('K', i);
        fixed!("@ = (@ + @.@) | 0;\n", &r, &r, &a, f)
    });
    block(vec![
        stmt!("const @ = @; let @ = 0;\n", &a, array, &r),
        hot,
        stmt!("try { $log(@); } catch (e) { $caught(e); }\n", call),
        stmt!("$log(@, @);\n", &a, &r),
    ])
}

pub fn methods(g: &mut Gen) -> Node {
    let a = g.name("a");
    let mut parts = vec![stmt!("let @ = @;\n", &a, g.fresh_array(1))];
    for _ in 0..g.between(2, 6) {
        let (value, other) = (g.primitive(1), g.primitive(0));
        let (n, m) = (
            g.pick(&["0", "1", "2", "-1", "-2", "9", "undefined", "NaN", "1.7", "\"1\""]),
            g.pick(&["0", "1", "2", "-1", "5"]),
        );
        let a = || a.clone();
        let call = match g.below(28) {
            0 => expr!("@.splice(@, @, @)", a(), n, m, value),
            1 => expr!("@.slice(@, @)", a(), n, m),
            2 => expr!("@.concat(@, [@, , 1])", a(), value, other),
            3 => expr!("@.fill(@, @, @)", a(), value, n, m),
            4 => expr!("@.copyWithin(@, @)", a(), n, m),
            5 => expr!("@.indexOf(@, @)", a(), value, n),
            6 => expr!("@.includes(@)", a(), value),
            7 => expr!("@.lastIndexOf(@)", a(), value),
            8 => expr!("@.join(@)", a(), other),
            9 => expr!("@.at(@)", a(), n),
            10 => expr!("@.with(@, @)", a(), n, value),
            11 => expr!("@.toSpliced(@, @, @)", a(), n, m, value),
            12 => expr!("@.toReversed()", a()),
            13 => expr!("@.reverse()", a()),
            14 => expr!("@.flat(@)", a(), m),
            15 => expr!("@.unshift(@, @)", a(), value, other),
            16 => expr!("@.push(@)", a(), value),
            17 => expr!("@.pop()", a()),
            18 => expr!("@.shift()", a()),
            19 => expr!("[...@.keys(), ...@.entries()].length", a(), a()),
            20 => expr!("Array.of(@, @).concat(@)", value, other, a()),
            21 => expr!(
                "Array.prototype.@.call(@, @)",
                g.pick(&["slice", "concat", "indexOf", "at", "join", "flat", "toReversed"]),
                g.pick(&["\"abc\"", "{ length: 3, 1: 5 }", "{ length: \"2\", 0: 1, 1: 2 }", "5"]),
                n
            ),
            22 => expr!("(@.length = @)", a(), m.trim_start_matches('-').to_owned()),
            23 => expr!("delete @[@]", a(), n),
            24 => expr!("(@[@] = @)", a(), n, value),
            25 => expr!("String(@)", a()),
            26 => expr!("Array.isArray(@.entries())", a()),
            _ => expr!("Object.keys(@)", a()),
        };
        parts.push(stmt!("try { $log(@); } catch (e) { $caught(e); }\n", call));
    }
    parts.push(stmt!("$log(@, @.length);\n", &a, &a));
    block(parts)
}

/// A function that works on elements sees arrays of changing kinds.
pub fn kinds(g: &mut Gen) -> Node {
    let (f, as_, r) = (g.name("F"), g.name("as"), g.name("r"));
    let arrays = g.some(2, 6, |g| match g.below(9) {
        0 => item!("[1, 2, 3], "),
        1 => item!("[1.5, 2, -0, NaN], "),
        2 => item!("[1, , 3], "),
        3 => item!("[\"a\", @, {}], ", g.primitive(0)),
        4 => item!("[0.5, , 1e300], "),
        5 => item!("new Array(5), "),
        6 => item!("Object.freeze([4, 5]), "),
        7 => item!("Object.assign([7, 8], { 100: 1, x: 2 }), "),
        _ => item!("@, ", g.fresh_array(0)),
    });
    let read = g.pick(&[
        "a[i & 3]",
        "a[i % a.length]",
        "a[a.length - 1]",
        "a[-1]",
        "a[i]",
        "a[\"1\"]",
        "a[i & 1 ? 0 : \"length\"]",
        "a.at(-1)",
    ]);
    let write = match g.below(8) {
        0 => fixed!("a[i & 3] = i;"),
        1 => fixed!("a[i & 3] = i * 0.5;"),
        2 => fixed!("a[1] = @;", g.primitive(1)),
        3 => fixed!("if (a.length < 50) a[a.length] = i;"),
        4 => fixed!("if (i === @) a[0] = @;", g.turn(), g.primitive(1)),
        5 => fixed!("a[i & 3]++;"),
        6 => fixed!("if (i % 90 === 3) delete a[2];"),
        _ => fixed!(""),
    };
    let turn = g.turn();
    let proto = g.chance(15);
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        fixed!(
            "@ = $bound(@(@[@ > @ ? @ % @.length : 0], @, @));\n",
            &r,
            &f,
            &as_,
            i.to_owned(),
            turn,
            i.to_owned(),
            &as_,
            i.to_owned(),
            &r
        )
    });
    let strict = if !g.context.strict && g.chance(40) { "\"use strict\"; " } else { "" };
    // An element on the prototype shows through holes; it is taken away again before anything else runs.
    let (before, after) = if proto {
        ("Array.prototype[1] = \"P\"; try {\n", "} finally { delete Array.prototype[1]; }\n")
    } else {
        ("", "")
    };
    block(vec![
        stmt!("const @ = [@]; let @ = 0;\n", &as_, arrays, &r),
        stmt!("function @(a, i, r) { @try { @ } catch (e) { r++; } return r + @; }\n", &f, strict, write, read),
        fixed!("@@@", before, body, after),
        stmt!("$log(@, @);\n", &r, &as_),
    ])
}

pub fn sort(g: &mut Gen) -> Node {
    let a = g.name("a");
    // Comparators are consistent and without effects: everything else is the engine's choice.
    let comparator = g.pick(&[
        "(a, b) => a - b",
        "(a, b) => b - a",
        "(a, b) => (a % 7) - (b % 7)",
        "undefined",
        "(a, b) => a < b ? -1 : a > b ? 1 : 0",
        "(a, b) => (a > b) - (a < b)",
        "() => 0",
    ]);
    let length = g.pick(&["3", "8", "20", "70", "200"]);
    let element = g.pick(&["i * 7919 % 101", "(i * 31 % 17) * 0.5", "-i", "i & 3", "i % 5 - 2"]);
    let n: u64 = length.parse().expect("a number");
    g.charge(n * 4);
    let mut parts = vec![
        stmt!("const @ = []; for (let i = 0; i < @; i++) @.push(@);\n", &a, length, &a, element),
        stmt!("$log(@.sort(@).slice(0, 20));\n", &a, comparator),
    ];
    if g.chance(50) {
        parts.push(stmt!("$log(@.sort());\n", g.fresh_array(0)));
    }
    if g.chance(40) {
        parts.push(stmt!("$log([{ k: 1, i: 0 }, { k: 0, i: 1 }, { k: 1, i: 2 }, { k: 0, i: 3 }].toSorted((a, b) => a.k - b.k).map((o) => o.i));\n"));
    }
    if g.chance(30) {
        parts.push(stmt!(
            "try { [3, 1, 2].sort(@); } catch (e) { $caught(e); }\n",
            g.pick(&["() => { throw 1; }", "5", "null", "() => ({ valueOf() { throw 2; } })"])
        ));
    }
    if g.chance(40) {
        parts.push(stmt!("$log([3, , undefined, 1, \"10\", 9].sort(), [...@.entries()].length);\n", &a));
    }
    block(parts)
}

pub fn lengths(g: &mut Gen) -> Node {
    let a = g.name("a");
    let mut parts = vec![stmt!("const @ = @;\n", &a, g.fresh_array(0))];
    for _ in 0..g.between(2, 6) {
        let value = g.primitive(0);
        let index = g.pick(&[
            "0",
            "\"1\"",
            "\"01\"",
            "1.5",
            "-1",
            "\"-0\"",
            "-0",
            "4294967294",
            "4294967295",
            "\"4294967296\"",
            "1e3",
            "true",
            "null",
            "2147483648",
            "[2]",
        ]);
        let a = || a.clone();
        parts.push(match g.below(7) {
            0 => stmt!("try { @.length = @; } catch (e) { $caught(e); }\n", a(), g.pick(&["0", "2", "2.5", "-1", "\"3\"", "NaN", "4294967295", "4294967296", "{ valueOf() { return 2; } }", "true", "1e5"])),
            1 | 2 => stmt!("@[@] = @;\n", a(), index, value),
            3 => stmt!("$log(@[@], @ in @);\n", a(), index, index, a()),
            4 => stmt!("delete @[@];\n", a(), index),
            5 => stmt!("$log(@.length, Object.keys(@).slice(0, 12));\n", a(), a()),
            _ => stmt!("try { Object.defineProperty(@, @, { value: @, writable: @, enumerable: true, configurable: true }); } catch (e) { $caught(e); }\n", a(), index, value, g.pick(&["true", "false"])),
        });
    }
    parts.push(stmt!("$log(@.length, @);\n", &a, &a));
    let list = Node::list(parts);
    block(vec![stmt!("try {\n@} catch (e) { $caught(e); }\n", list)])
}

pub fn hot(g: &mut Gen) -> Node {
    g.mark(Feature::Elements);
    let (f, a, r) = (g.name("F"), g.name("a"), g.name("r"));
    let n = g.pick(&["10", "30", "100"]);
    let length: u64 = n.parse().expect("a number");
    let element = g.pick(&[
        "i",
        "i * 0.5",
        "i & 1 ? i : i + 0.5",
        "i % 9 === 8 ? \"s\" : i",
        "{ v: i }",
        "[i]",
        "String.fromCharCode(97 + i % 26)",
        "BigInt(i)",
    ]);
    let inner = match g.below(9) {
        0 => fixed!("s += a[i];"),
        1 => fixed!("s = (s + a[i]) | 0;"),
        2 => fixed!("a[i] = a[n - 1 - i];"),
        3 => fixed!("if (a[i] > s) s = a[i];"),
        4 => fixed!("const t = a[i]; a[i] = a[(i * 7) % n]; a[(i * 7) % n] = t;"),
        5 => fixed!("s ^= a[i] & 255;"),
        6 => fixed!("s = s + (a[i] === a[i + 1] ? 1 : 2);"),
        7 => fixed!("s += a[i].v | 0;"),
        _ => fixed!("a[i] = a[i] * 3 % 1000;"),
    };
    let bound = g.pick(&["i < n", "i < a.length", "i <= n", "i < n - 1"]);
    let times = g.trip().min(20);
    g.charge(length * times * 2 + length);
    let extra = g.type_change_of("a", n);
    block(vec![
        stmt!("const @ = []; for (let i = 0; i < @; i++) @.push(@);\n", &a, n, &a, element),
        stmt!(
            "function @(a, n, k) { let s = 0; for (let i = 0; @; i++) { @ } @ return $bound(s); }\n",
            &f,
            bound,
            inner,
            extra
        ),
        stmt!(
            "let @ = 0; try { for (let k = 0; k < @; k++) @ = @(@, @, k); } catch (e) { $caught(e); }\n",
            &r,
            times,
            &r,
            &f,
            &a,
            n
        ),
        stmt!("$log(@, @);\n", &r, &a),
    ])
}

impl Gen {
    /// Breaks the kind of an array's elements at one call.
    fn type_change_of(&mut self, array: &'static str, n: &'static str) -> Node {
        if self.chance(50) {
            return fixed!("");
        }
        self.mark(Feature::TypeChange);
        let value = self.primitive(0);
        let turn = self.pick(&["2", "5", "9"]);
        stmt!("if (k === @) @[@] = @;", turn, array, self.pick(&["0", "3", "7", n]), value)
    }
}
