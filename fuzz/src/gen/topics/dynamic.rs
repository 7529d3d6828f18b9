//! Names that are resolved late: `with`, `eval`, globals, dead zones, hoisting; and tagged templates.

use super::block;
use crate::features::Feature;
use crate::r#gen::Gen;
use crate::tree::Node;
use crate::{expr, fixed, stmt};

/// `with` is sloppy: strict programs get an `eval` instead.
pub fn with(g: &mut Gen) -> Node {
    if g.context.strict {
        return eval(g);
    }
    let (o, a) = (g.name("o"), g.name("w"));
    // Traps log nothing: V8 asks another number of times than the specification says.
    let object = match g.below(4) {
        0 => expr!(
            "{ x: @, @: 5, [Symbol.unscopables]: { x: @ } }",
            g.primitive(0),
            &a,
            if g.rng.chance(50) { "true" } else { "false" }
        ),
        1 => expr!("Object.create({ x: 1, @: @ })", &a, g.primitive(0)),
        2 => expr!("new Proxy({ x: 1 }, { has(t, k) { return k in t; } })"),
        _ => expr!(
            "{ @: @, get x() { return @; }, set x(v) { $log(v); }, f() { return this.@; } }",
            &a,
            g.primitive(0),
            g.small_int(),
            &a
        ),
    };
    let inner = g.some(1, 4, |g| {
        let a = || a.clone();
        let value = g.primitive(0);
        match g.below(8) {
            0 => stmt!("$log(@, typeof x);\n", a()),
            1 => stmt!("@ = @;\n", a(), value),
            2 => stmt!("x = @;\n", value),
            3 => stmt!("delete @.@; $log(@);\n", &o, a(), a()),
            4 => stmt!("@ += 1;\n", a()),
            5 => stmt!("var @_v = @; @_v++;\n", a(), value, a()),
            6 => stmt!("for (let k = 0; k < 60; k++) { @ = k; }\n", a()),
            _ => stmt!("(() => { @ = typeof @; })();\n", a(), a()),
        }
    });
    block(vec![
        stmt!("let x = 10, @ = 20; const @ = @;\n", &a, &o, object),
        stmt!("try { with (@) {\n@} } catch (e) { $caught(e); }\n", &o, inner),
        stmt!("$log(x, @, @.@, Object.keys(@));\n", &a, &o, &a, &o),
    ])
}

pub fn eval(g: &mut Gen) -> Node {
    let (f, a, b) = (g.name("F"), g.name("p"), g.name("q"));
    let text = match g.below(9) {
        0 => fixed!("@ + 1", &a),
        1 => fixed!("var @ = @ + 1; @", &b, &a, &b),
        2 => fixed!("let @ = 9; @", &a, &a),
        3 => fixed!("@ = typeof @; 3", &a, &b),
        4 => fixed!("function @() { return 4; } @()", &b, &b),
        5 => fixed!("for (var @ = 0; @ < 5; @++) @", &b, &b, &b, &a),
        6 => fixed!("(() => @ + arguments.length)()", &a),
        7 => fixed!("if (@) { 1 } else { 'two' }", &a),
        _ => fixed!("new.target === undefined ? this === undefined : 7"),
    };
    let again = g.pick(&["typeof Q", "(() => typeof Q)()", "eval(\"typeof Q\")", "1"]).replace('Q', &b);
    block(vec![
        stmt!("function @(@) { const r = eval(\"@\"); return [r, @, @]; }\n", &f, &a, text, &a, again),
        stmt!(
            "for (let k = 0; k < 12; k++) { try { const r = @(k); if (k > 9) $log(r); } catch (e) { if (k > 9) $caught(e); } }\n",
            &f
        ),
        stmt!("try { $log(@(@)); } catch (e) { $caught(e); }\n", &f, g.primitive(1)),
    ])
}

pub fn indirect(g: &mut Gen) -> Node {
    let (f, r) = (g.name("F"), g.name("r"));
    let op = g.pick(&["+", "*", "-", "&", "<"]);
    let text = g.pick(&[
        "1 + 1",
        "var q; typeof q",
        "typeof notThere",
        "(function () { 'use strict'; return this; })()",
        "{ let z = 3; z }",
        "}",
        "throw 5",
    ]);
    block(vec![
        stmt!("const @ = new Function(\"a\", \"b = 2\", \"return a @ b\"); let @ = 0;\n", &f, op, &r),
        stmt!("for (let k = 0; k < 100; k++) @ = (@ + @(k, @)) | 0;\n", &r, &r, &f, g.num(0)),
        stmt!("$log(@, @.length, @.name, @(1));\n", &r, &f, &f, &f),
        stmt!("try { $log((0, eval)(\"@\")); } catch (e) { $caught(e); }\n", text),
    ])
}

pub fn tagged_templates(g: &mut Gen) -> Node {
    let (t, f) = (g.name("T"), g.name("F"));
    let (a, b) = (g.primitive(1), g.primitive(1));
    let raw = g.pick(&["\\n", "a\\u0041", "\\unicode", "é", "\\`", ""]);
    block(vec![
        stmt!(
            "const @_c = new Set(); function @(s, ...v) { @_c.add(s); return [s.length, s.raw[0], s[0], v, Object.isFrozen(s)]; }\n",
            &t,
            &t,
            &t
        ),
        stmt!("function @(x) { return @`@${x}|${@}`; }\n", &f, &t, raw, a),
        stmt!("for (let k = 0; k < 40; k++) @(k); $log(@(@), @_c.size);\n", &f, &f, b.clone(), &t),
        stmt!("$log(String.raw`a${@}\\n`, @`x`, ({ t: @ }).t`q${1}`.length);\n", b, &t, &t),
    ])
}

pub fn dead_zones(g: &mut Gen) -> Node {
    let (f, x) = (g.name("F"), g.name("z"));
    let kind = g.pick(&["let", "const", "class"]);
    let use_it = match g.below(7) {
        0 => fixed!("@", &x),
        1 => fixed!("typeof @", &x),
        2 => fixed!("(() => @)()", &x),
        3 => fixed!("@ = 1", &x),
        4 => fixed!("@++", &x),
        5 => fixed!("[@] = [1]", &x),
        _ => fixed!("delete { @ }", &x),
    };
    let declare = match kind {
        "class" => fixed!("class @ { static s = @.name; }", &x, &x),
        _ => fixed!("@ @ = @", kind, &x, g.primitive(1)),
    };
    let early = g.pick(&["k === 30", "k % 10 === 9", "k > 95", "k < 2"]);
    block(vec![
        stmt!(
            "function @(k) { const get = () => @; if (@) { @; } @; if (k & 1) get(); return typeof get(); }\n",
            &f,
            &x,
            early,
            use_it,
            declare
        ),
        stmt!(
            "for (let k = 0; k < 100; k++) { try { const r = @(k); if (k % 33 === 0) $log(r); } catch (e) { $caught(e); } }\n",
            &f
        ),
        match g.below(4) {
            0 => stmt!(
                "try { switch (@) { case 0: let @ = 1; case 1: $log(@); } } catch (e) { $caught(e); }\n",
                g.below(3),
                &x,
                &x
            ),
            1 => stmt!("try { const @ = @ + 1; } catch (e) { $caught(e); }\n", &x, &x),
            2 => stmt!(
                "try { const @ = 1; @ @; } catch (e) { $caught(e); }\n",
                &x,
                &x,
                g.pick(&["= 2", "+= 1", "++", "??= 1", "&&= 2", "||= 3"])
            ),
            _ => stmt!("try { for (const @ of [@]) $log(1); } catch (e) { $caught(e); }\n", &x, &x),
        },
    ])
}

/// Properties of the global object, taken away again.
pub fn globals(g: &mut Gen) -> Node {
    let (n, f, r) = (g.name("glob"), g.name("F"), g.name("r"));
    let turn = g.pick(&["5", "60", "99"]);
    let change = match g.below(6) {
        0 => fixed!("globalThis.@ = @", &n, g.primitive(0)),
        1 => fixed!("delete globalThis.@", &n),
        2 => fixed!("Object.defineProperty(globalThis, \"@\", { get() { return 8; }, configurable: true })", &n),
        3 => fixed!("Object.defineProperty(globalThis, \"@\", { writable: false })", &n),
        4 => fixed!("globalThis.@ = () => 1", &n),
        _ => fixed!("globalThis.@ = 1.5", &n),
    };
    let use_it = match g.below(5) {
        0 => fixed!("return @;", &n),
        1 => fixed!("@ = k & 7; return @;", &n, &n),
        2 => fixed!("return typeof @;", &n),
        3 => fixed!("@++; return @;", &n, &n),
        _ => fixed!("return globalThis.@;", &n),
    };
    block(vec![
        stmt!("globalThis.@ = 3; let @ = 0;\n", &n, &r),
        stmt!("function @(k) { @ }\n", &f, use_it),
        stmt!(
            "try { for (let k = 0; k < 130; k++) { if (k === @) { @; } @ = @(k); } } catch (e) { $caught(e); }\n",
            turn,
            change,
            &r,
            &f
        ),
        stmt!("$log(@, typeof @); delete globalThis.@;\n", &r, &n, &n),
    ])
}

pub fn hoisting(g: &mut Gen) -> Node {
    let (f, h) = (g.name("F"), g.name("h"));
    g.mark(Feature::Closures);
    let condition = g.bool(1);
    let form = match g.below(4) {
        0 => fixed!("if (@) { function @() { return 1; } } return typeof @;", condition, &h, &h),
        1 => fixed!("const r = typeof @; { function @() { return 2; } } return [r, typeof @];", &h, &h, &h),
        2 => fixed!("var @ = @; function @() { return 3; } return typeof @;", &h, g.primitive(0), &h, &h),
        _ => fixed!(
            "switch (@) { case 1: function @() { return 4; } } try { return @(); } catch (e) { return e.constructor.name; }",
            g.below(3),
            &h,
            &h
        ),
    };
    block(vec![
        stmt!("function @(@_p) { @ }\n", &f, &h, form),
        stmt!("for (let k = 0; k < 20; k++) { try { @(k); } catch (e) { } }\n", &f),
        stmt!("try { $log(@()); } catch (e) { $caught(e); }\n", &f),
    ])
}
