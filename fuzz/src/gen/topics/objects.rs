//! Objects: shapes, prototypes, accessors, attributes, proxies.

use super::block;
use crate::features::Feature;
use crate::r#gen::{Gen, PROPERTIES, Ty};
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

/// Objects of `count` shapes that share a property `v` and a method `m`, as an array expression.
fn shapes(g: &mut Gen, count: usize) -> Node {
    let all: Vec<Node> = (0..count)
        .map(|k| {
            let value = if g.chance(75) { g.int(1) } else { g.primitive(1) };
            let extra: Vec<Node> = (0..k % 7).map(|e| item!("e@_@: @, ", k, e, e)).collect();
            let method = match g.below(6) {
                0 => item!("m(q) { return this.v + q; }, "),
                1 => item!("m(q) { return q - this.v | 0; }, "),
                2 => item!("m: (q) => @, ", g.int(0)),
                3 => item!("m(q) { this.v = q & 15; return q; }, "),
                4 => item!("m(q = 3, ...r) { return r.length + q; }, "),
                _ => item!("m() { return this.v; }, "),
            };
            match g.below(7) {
                0 => item!("Object.create({ @@ v: @ }), ", extra, method, value),
                1 => item!("({ @@ get v() { return @; }, set v(q) { } }), ", extra, method, value),
                2 => item!("Object.freeze({ @ v: @, @ }), ", extra, value, method),
                3 => item!("Object.assign(Object.create(null), { @ v: @, @ }), ", extra, value, method),
                4 => item!("Object.assign(() => 1, { @ v: @, @ }), ", extra, value, method),
                _ => item!("({ @ v: @, @ }), ", extra, value, method),
            }
        })
        .collect();
    expr!("[@]", all)
}

/// What a site does with an object `o` at turn `k`, into `r`.
fn site(g: &mut Gen, r: &str) -> Node {
    let r = || r.to_owned();
    match g.below(9) {
        0 | 1 => fixed!("@ = $bound(@ + o.v);", r(), r()),
        2 | 3 => fixed!("@ = $bound(@ + o.m(k));", r(), r()),
        4 => fixed!("try { o.v = k & 31; } catch (e) { @++; } @ = $bound(@ + o.v);", r(), r(), r()),
        5 => fixed!("@ = (@ + (\"v\" in o ? 1 : 2)) | 0;", r(), r()),
        6 => fixed!("@ = $bound(@ + o[k & 1 ? \"v\" : \"m\"]);", r(), r()),
        7 => fixed!("const { v = 5, m } = o; @ = $bound(@ + v + m.length);", r(), r()),
        _ => fixed!("@ = $bound(@ ^ o?.v);", r(), r()),
    }
}

pub fn poly_sites(g: &mut Gen) -> Node {
    let (objects, f, r) = (g.name("os"), g.name("F"), g.name("r"));
    let count = *[1usize, 2, 4, 4, 6, 12].get(g.below(6)).expect("an index");
    let made = shapes(g, count);
    let strict = if !g.context.strict && g.chance(50) { "\"use strict\"; " } else { "" };
    let site = site(g, "r");
    let rest = g.below(3);
    let tail = if rest == 0 { fixed!("@", g.bool(1)) } else { fixed!("1") };
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        let index = g.pick(&["%", "%", "% 3 %"]);
        fixed!("@ = @(@[@ @ @.length], @, @);\n", &r, &f, &objects, i.to_owned(), index, &objects, i.to_owned(), &r)
    });
    block(vec![
        stmt!("const @ = @; let @ = 0;\n", &objects, made, &r),
        stmt!("function @(o, k, r) { @@ void @; return r; }\n", &f, strict, site, tail),
        body,
        stmt!("$log(@, @);\n", &r, &objects),
    ])
}

pub fn megamorphic(g: &mut Gen) -> Node {
    let (objects, r) = (g.name("os"), g.name("r"));
    let count = g.between(13, 30);
    let site = site(g, &r);
    let name = g.pick(&["\"p\" + (i % 5)", "i % 7", "\"v\" + i", "(i * 7 % 11) + \"q\""]);
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        fixed!("const k = @, o = @[k % @]; @\n", i.to_owned(), &objects, count, site)
    });
    block(vec![
        stmt!("const @ = []; let @ = 0;\n", &objects, &r),
        stmt!(
            "for (let i = 0; i < @; i++) { const o = {}; o[@] = i; if (i & 1) o.z = 1; o.v = i * @; o.m = (q) => q + i | 0; @.push(o); }\n",
            count,
            name,
            g.small_int(),
            &objects
        ),
        body,
        stmt!("$log(@, @[3], @[12]);\n", &r, &objects, &objects),
    ])
}

pub fn shape_changes(g: &mut Gen) -> Node {
    let (o, r, f) = (g.name("o"), g.name("r"), g.name("F"));
    let changes = g.some(1, 4, |g| {
        let name = g.pick(&PROPERTIES);
        let turn = g.turn();
        let change = match g.below(11) {
            0 | 1 => fixed!("o.@ = @", name, g.primitive(1)),
            2 | 3 => fixed!("delete o.@", name),
            4 => fixed!(
                "Object.defineProperty(o, \"@\", { get() { return @; }, configurable: true })",
                name,
                g.small_int()
            ),
            5 => fixed!(
                "Object.defineProperty(o, \"@\", { value: @, writable: @, configurable: true, enumerable: true })",
                name,
                g.int(1),
                if g.chance(50) { "true" } else { "false" }
            ),
            6 => fixed!("Object.setPrototypeOf(o, { @: @ })", name, g.int(1)),
            7 => fixed!("o = { @: 1, x: @ }", name, g.int(1)),
            8 => fixed!("Object.preventExtensions(o)"),
            9 => fixed!("for (let j = 0; j < 40; j++) o[\"j\" + j] = j"),
            _ => fixed!("o[@] = @", g.primitive(0), g.primitive(0)),
        };
        stmt!("if (k === @) { @; }\n", turn, change)
    });
    let (a, b) = (g.pick(&PROPERTIES), g.pick(&PROPERTIES));
    let use_site = match g.below(4) {
        0 => fixed!("r = $bound(r + o.@);", a),
        1 => fixed!("o.@ = k; r = $bound(r + o.@);", a, b),
        2 => fixed!("o.@++; r = $bound(r + o.@ + (o.@ === undefined));", a, a, b),
        _ => fixed!("r = $bound((r ^ o.@) + o.@);", a, b),
    };
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        fixed!(
            "try { @ = @(@, @, @); } catch (e) { if (@ < 9 || @ % 100 === 0) $caught(e); }\n",
            &r,
            &f,
            &o,
            i.to_owned(),
            &r,
            i.to_owned(),
            i.to_owned()
        )
    });
    block(vec![
        stmt!("let @ = @, @ = 0;\n", &o, g.fresh_object(1), &r),
        stmt!("function @(o, k, r) { @@ return r; }\n", &f, changes, use_site),
        body,
        stmt!("$log(@, @);\n", &r, &o),
    ])
}

pub fn prototype_changes(g: &mut Gen) -> Node {
    let (p, q, o, r) = (g.name("P"), g.name("P"), g.name("o"), g.name("r"));
    let turn = g.turn();
    let change = match g.below(10) {
        0 => fixed!("@.prototype.m = function (a) { return a * 2; }", &p),
        1 => fixed!("delete @.prototype.m", &q),
        2 => fixed!("@.prototype.m = (a) => -a", &q),
        3 => fixed!("Object.setPrototypeOf(@.prototype, { m() { return 77; }, c: 5 })", &q),
        4 => fixed!("Object.setPrototypeOf(@, @.prototype)", &o, &p),
        5 => fixed!("@.m = () => 1000", &o),
        6 => fixed!("@.prototype.c = @", &q, g.primitive(1)),
        7 => fixed!("Object.defineProperty(@.prototype, \"c\", { get() { return this.d * 2; } })", &q),
        8 => fixed!("@.prototype = { m() { return 5; }, c: 6 }; @ = new @()", &q, &o, &q),
        _ => fixed!("@.prototype.d = 4; delete @.d", &p, &o),
    };
    let back = match g.below(3) {
        0 => stmt!("if (k === 200) { @.prototype.m = @.prototype.m0; }\n", &p, &p),
        1 => stmt!("if (k === 150) { delete @.m; @.prototype.c = 1; }\n", &o, &q),
        _ => fixed!(""),
    };
    let sites = match g.below(4) {
        0 => fixed!("@ = $bound(@ + @.m(k));", &r, &r, &o),
        1 => fixed!("@ = $bound(@ + @.c);", &r, &r, &o),
        2 => fixed!("@ = $bound(@ + @.m(k) + @.c);", &r, &r, &o, &o),
        _ => fixed!("@ = $bound(@ + @.m(@.c) + @.d);", &r, &r, &o, &o, &o),
    };
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        fixed!(
            "const k = @; try { @ } catch (e) { if (k % 64 === 0) $caught(e); }\nif (k === @) { @; }\n@",
            i.to_owned(),
            sites,
            turn,
            change,
            back
        )
    });
    block(vec![
        stmt!("function @() {} function @() { this.d = 1; }\n", &p, &q),
        stmt!(
            "@.prototype.m = @.prototype.m0 = function (a) { return a + @ | 0; }; @.prototype.c = @;\n",
            &p,
            &p,
            g.int(0),
            &p,
            g.int(1)
        ),
        stmt!("@.prototype = Object.create(@.prototype); let @ = new @(), @ = 0;\n", &q, &p, &o, &q, &r),
        body,
        stmt!("$log(@, @);\n", &r, &o),
    ])
}

pub fn getters_setters(g: &mut Gen) -> Node {
    let (o, r, log) = (g.name("o"), g.name("r"), g.name("c"));
    let operand = g.int(1);
    let setter = match g.below(4) {
        0 => fixed!("this._v = q;"),
        1 => fixed!("@ += q | 0;", &log),
        2 => fixed!("if (q === 20) throw new RangeError(); this._v = q;"),
        _ => fixed!("this._v = $bound(q); return 5;"),
    };
    let inherited = g.chance(40);
    let uses = match g.below(6) {
        0 => fixed!("@.v = k; @ = $bound(@ + @.v);", &o, &r, &r, &o),
        1 => fixed!("@.v += k; @ = @.v;", &o, &r, &o),
        2 => fixed!("@ = @.v++;", &r, &o),
        3 => fixed!("@.v ??= k; @ = @.v;", &o, &r, &o),
        4 => fixed!("[@.v, @] = [k, @.v];", &o, &r, &o),
        _ => fixed!("@ = (@.v = k);", &r, &o),
    };
    let body = g.loop_of(120, |g, i| {
        g.charge(8);
        fixed!("const k = @; try { @ } catch (e) { $caught(e); }\n", i.to_owned(), uses)
    });
    let made = expr!("{ _v: @, get v() { @++; return this._v; }, set v(q) { @ } }", g.primitive(0), &log, setter);
    let made = if inherited { expr!("Object.create(@)", made) } else { made };
    let get_only = g.chance(25);
    let change =
        if get_only { stmt!("Object.defineProperty(@, \"v\", { set: undefined });\n", &o) } else { fixed!("") };
    block(vec![
        stmt!("let @ = 0, @ = @;\nconst @ = @;\n", &log, &r, operand, &o, made),
        change,
        body,
        stmt!("$log(@, @, @);\n", &r, &log, &o),
    ])
}

pub fn define_property(g: &mut Gen) -> Node {
    let o = g.name("o");
    let mut parts = vec![stmt!("const @ = @;\n", &o, if g.chance(70) { g.fresh_object(1) } else { g.fresh_array(1) })];
    for _ in 0..g.between(2, 6) {
        let name = g.pick(&["x", "y", "z", "0", "2", "length", "n"]);
        let value = g.primitive(1);
        let o = || o.clone();
        let change = match g.below(12) {
            0 => stmt!("Object.defineProperty(@, \"@\", { value: @ });\n", o(), name, value),
            1 => stmt!("Object.defineProperty(@, \"@\", { writable: false });\n", o(), name),
            2 => stmt!(
                "Object.defineProperty(@, \"@\", { get() { return @; }, configurable: @ });\n",
                o(),
                name,
                g.small_int(),
                if g.rng.chance(60) { "true" } else { "false" }
            ),
            3 => stmt!("Object.defineProperty(@, \"@\", { enumerable: false, configurable: false });\n", o(), name),
            4 => stmt!("@.@ = @;\n", o(), if name.len() == 1 && name > "9" { name } else { "x" }, value),
            5 => stmt!("@[\"@\"] = @;\n", o(), name, value),
            6 => stmt!("delete @[\"@\"];\n", o(), name),
            7 => stmt!("Object.@(@);\n", g.pick(&["freeze", "seal", "preventExtensions"]), o()),
            8 => stmt!("$log(Object.getOwnPropertyDescriptor(@, \"@\"));\n", o(), name),
            9 => stmt!("$log(Object.isFrozen({ ...@ }), Object.isSealed(@), Object.isExtensible(@));\n", o(), o(), o()),
            10 => stmt!("$log(Object.getOwnPropertyNames(@), @.propertyIsEnumerable(\"@\"));\n", o(), o(), name),
            _ => stmt!(
                "Object.defineProperties(@, { @: { value: @, configurable: true }, q: { get: () => 3 } });\n",
                o(),
                if name.len() == 1 && name > "9" { name } else { "x" },
                value
            ),
        };
        parts.push(stmt!("try { @} catch (e) { $caught(e); }\n", change));
    }
    parts.push(stmt!("$log(@);\n", &o));
    block(parts)
}

pub fn for_in(g: &mut Gen) -> Node {
    let (o, k) = (g.name("o"), g.name("key"));
    let object = match g.below(6) {
        0 => g.fresh_array(1),
        1 => expr!(
            "Object.create(@, { hidden: { value: 1 }, x: { value: 2, enumerable: @ } })",
            g.fresh_object(1),
            if g.rng.chance(50) { "true" } else { "false" }
        ),
        2 => expr!("new (class { a = 1; [Symbol.iterator] = 2; 5 = 3; b = 4; 1 = 5; })"),
        3 => g.string(1),
        4 => expr!("Object.assign(@, { late: 1, 7: 2 })", g.fresh_array(0)),
        _ => g.fresh_object(1),
    };
    let body = match g.below(5) {
        0 => fixed!("delete @[@ === \"x\" ? \"y\" : \"x\"]; $log(@);", &o, &k, &k),
        1 => fixed!("if (@ === \"y\") continue; $log(@, @[@]);", &k, &k, &o, &k),
        2 => fixed!("$log(@); if (@) break;", &k, g.bool(1)),
        3 => fixed!("@[@] = @; $log(@);", &o, &k, g.primitive(0), &k),
        _ => fixed!("$log((() => @)());", &k),
    };
    let head = g.pick(&["const", "let", "var"]);
    block(vec![
        stmt!("const @ = @;\n", &o, object),
        stmt!("for (@ @ in @) { @ }\n", head, &k, &o, body),
        stmt!("{ let n = 0; for (let i = 0; i < 30; i++) for (const q in @) n += q.length; $log(n, @); }\n", &o, &o),
    ])
}

pub fn to_primitive(g: &mut Gen) -> Node {
    let (o, r) = (g.name("o"), g.name("r"));
    let value = g.primitive(0);
    let object = match g.below(5) {
        0 => expr!("{ [Symbol.toPrimitive](hint) { $log(hint); return hint === \"string\" ? \"p\" : @; } }", value),
        1 => expr!(
            "{ valueOf() { $log(\"valueOf\"); return @; }, toString() { $log(\"toString\"); return @; } }",
            value,
            g.string(0)
        ),
        2 => expr!("{ valueOf() { return {}; }, toString() { return @; } }", value),
        3 => expr!("{ valueOf() { throw @; } }", value),
        _ => expr!("{ valueOf: null, toString() { return @; } }", value),
    };
    let uses = g.some(2, 6, |g| {
        let op = g.pick(&["+", "-", "*", "==", "<", ">=", "&", "<<", "===", "%"]);
        let other = g.primitive(0);
        match g.below(7) {
            0 => item!("() => @ @ @, ", &o, op, other),
            1 => item!("() => @ @ @, ", other, op, &o),
            2 => item!("() => `${@}`, ", &o),
            3 => item!("() => [1, 2, 3][@], ", &o),
            4 => item!("() => -@, ", &o),
            5 => item!("() => ({ 1: 2, p: 3 })[@], ", &o),
            _ => item!("() => { let t = @; t@; return t; }, ", &o, g.pick(&["++", "--", " += 1"])),
        }
    });
    block(vec![
        stmt!("const @ = @;\n", &o, object),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", uses),
        // In a loop, without logging hooks.
        stmt!(
            "let @ = 0; { const h = { n: 0, valueOf() { return this.n++; } }; for (let k = 0; k < 90; k++) { @ = @ + (k > 80 ? h : k) | 0; if (h < 5) @ ^= h; } $log(@); }\n",
            &r,
            &r,
            &r,
            &r,
            &r
        ),
    ])
}

pub fn instance_of(g: &mut Gen) -> Node {
    let (a, b, r, os) = (g.name("C"), g.name("C"), g.name("r"), g.name("os"));
    let has = g.pick(&[
        "return typeof o === \"number\";",
        "return o;",
        "throw new TypeError();",
        "return super[Symbol.hasInstance](o);",
        "",
    ]);
    let has = if has.is_empty() { item!("") } else { item!("static [Symbol.hasInstance](o) { @ }", has) };
    let turn = g.turn();
    let change = g.pick(&[
        "Object.setPrototypeOf(X, null);",
        "Y = { [Symbol.hasInstance]: () => true };",
        "Object.setPrototypeOf(Y.prototype, {});",
        "Y = 5;",
        "Y = () => 1;",
        "",
    ]);
    let body = g.loop_of(200, |g, i| {
        g.charge(6);
        fixed!("try { @ += (X instanceof Y) + (@[@ % @.length] instanceof @); if (@ === @) { @ } } catch (e) { if (@ % 50 === 0) $caught(e); }\n",
            &r, &os, i.to_owned(), &os, &b, i.to_owned(), turn, change, i.to_owned())
    });
    block(vec![
        stmt!("class @ {} class @ extends @ { @ }\n", &a, &b, &a, has),
        stmt!(
            "let @ = 0, X = new @(), Y = @; const @ = [new @(), new @(), @, @, {}];\n",
            &r,
            &b,
            &a,
            &os,
            &a,
            &b,
            g.primitive(0),
            g.any(0)
        ),
        body,
        stmt!("$log(@);\n", &r),
    ])
}

pub fn proxy(g: &mut Gen) -> Node {
    let (p, t) = (g.name("p"), g.name("t"));
    const TRAPS: [(&str, &str); 12] = [
        ("get(t, k, r)", "return Reflect.get(t, k, r);"),
        ("set(t, k, v, r)", "return Reflect.set(t, k, v, r);"),
        ("has(t, k)", "return Reflect.has(t, k);"),
        ("deleteProperty(t, k)", "return Reflect.deleteProperty(t, k);"),
        ("ownKeys(t)", "return Reflect.ownKeys(t);"),
        ("getOwnPropertyDescriptor(t, k)", "return Reflect.getOwnPropertyDescriptor(t, k);"),
        ("defineProperty(t, k, d)", "return Reflect.defineProperty(t, k, d);"),
        ("getPrototypeOf(t)", "return Reflect.getPrototypeOf(t);"),
        ("isExtensible(t)", "return Reflect.isExtensible(t);"),
        ("apply(t, s, a)", "return Reflect.apply(t, s, a);"),
        ("construct(t, a, n)", "return Reflect.construct(t, a, n);"),
        ("preventExtensions(t)", "return Reflect.preventExtensions(t);"),
    ];
    let traps = g.some(1, 5, |g| {
        let (head, body) = TRAPS[g.below(TRAPS.len())];
        let body = if g.chance(75) {
            body
        } else {
            g.pick(&["return 1;", "return false;", "return;", "throw 3;", "return [];", "return {};"])
        };
        item!("@ { if ($fuel-- > 3900) $log(\"@\"); @ }, ", head, head.split('(').next().unwrap_or(head), body)
    });
    let target = match g.below(4) {
        0 => g.fresh_array(0),
        1 => expr!("function (a) { this && (this.a = a); return a; }"),
        2 => expr!("Object.freeze({ x: 1 })"),
        _ => g.fresh_object(1),
    };
    let target = if g.context.strict { target } else { target.strictly() };
    let uses = g.some(3, 8, |g| {
        let p = || p.clone();
        match g.below(15) {
            0 => item!("() => @.x, ", p()),
            1 => item!("() => { @.x = @; }, ", p(), g.primitive(0)),
            2 => item!("() => \"x\" in @, ", p()),
            3 => item!("() => delete @.x, ", p()),
            4 => item!("() => Object.keys(@), ", p()),
            5 => item!("() => ({ ...@ }), ", p()),
            6 => item!("() => { const s = []; for (const k in @) s.push(k); return s; }, ", p()),
            7 => item!("() => Object.defineProperty(@, \"y\", { value: 1, configurable: true }) === @, ", p(), p()),
            8 => item!("() => JSON.stringify(@), ", p()),
            9 => item!("() => @ instanceof Object, ", p()),
            10 => item!("() => @(4), ", p()),
            11 => item!("() => typeof new @(5), ", p()),
            12 => item!(
                "() => Object.@(@), ",
                g.pick(&["isExtensible", "getPrototypeOf", "entries", "preventExtensions", "isSealed"]),
                p()
            ),
            13 => item!("() => Object.create(@).x, ", p()),
            _ => item!("() => [].concat(@).length, ", p()),
        }
    });
    block(vec![
        stmt!("const @ = @, @ = new Proxy(@, { @ });\n", &t, target, &p, &t, traps),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", uses),
        stmt!(
            "{ let n = 0; try { for (let k = 0; k < 60; k++) { n += @.x === undefined ? 1 : 2; } } catch (e) { $caught(e); } $log(n, @); }\n",
            &p,
            &t
        ),
    ])
}

trait Strictly {
    fn strictly(self) -> Node;
}

impl Strictly for Node {
    /// A target function that does not reach the global object through `this`.
    fn strictly(self) -> Node {
        if self.to_string().starts_with("function") {
            expr!("function (a) { \"use strict\"; this && (this.a = a); return a; }")
        } else {
            self
        }
    }
}

pub fn reflect(g: &mut Gen) -> Node {
    let o = g.name("o");
    let calls = g.some(2, 6, |g| {
        let o = || o.clone();
        let value = g.primitive(0);
        match g.below(11) {
            0 => item!("() => Reflect.set(@, \"x\", @, @), ", o(), value, g.any(0)),
            1 => item!("() => Reflect.get({ get x() { return this; } }, \"x\", @), ", value),
            2 => item!("() => Reflect.ownKeys(@), ", o()),
            3 => item!("() => Reflect.defineProperty(@, \"x\", { value: @ }), ", o(), value),
            4 => item!("() => Reflect.has(@, @), ", o(), value),
            5 => item!("() => Reflect.setPrototypeOf(@, Object.create(@)), ", o(), o()),
            6 => item!("() => Reflect.apply(Math.max, @, [1, @]), ", value.clone(), value),
            7 => item!("() => Reflect.construct(Array, [3]).length, "),
            8 => item!("() => Reflect.deleteProperty(@, \"x\"), ", o()),
            9 => item!("() => Reflect.getOwnPropertyDescriptor(@, \"x\"), ", o()),
            _ => item!("() => Reflect.isExtensible(@), ", value),
        }
    });
    block(vec![
        stmt!("const @ = @;\n", &o, g.fresh_object(1)),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", calls),
        stmt!("$log(@);\n", &o),
    ])
}

pub fn missing_methods(g: &mut Gen) -> Node {
    let (f, os) = (g.name("F"), g.name("os"));
    let access = g.pick(&[
        "o.m()",
        "o.m.n",
        "o()",
        "o.m(o.x)",
        "new o.m()",
        "o.x.y.z",
        "o[0]()",
        "o?.m()",
        "o.m?.()",
        "o`a`",
        "o.x = 1",
        "(0, o.m)()",
        "[...o]",
        "o in o",
        "1 + o.m.q",
    ]);
    let members = g.some(1, 5, |g| {
        let v = g.any(1);
        item!("@, ", v)
    });
    block(vec![
        stmt!("function @(o) { \"use strict\"; return @; }\n", &f, access),
        stmt!("const @ = [{ m() { return 3; }, x: { y: 1 } }, @];\n", &os, members),
        stmt!(
            "for (let k = 0; k < 200; k++) { const o = @[k > 120 ? k % @.length : 0]; try { const v = @(o); if (k % 40 === 0 || k > 190) $log(typeof v); } catch (e) { if (k % 40 === 0 || k > 190) $caught(e); } }\n",
            &os,
            &os,
            &f
        ),
    ])
}

pub fn object_spread(g: &mut Gen) -> Node {
    g.mark(Feature::Spread);
    let (a, b) = (g.name("o"), g.name("o"));
    let (first, second) = (g.of(Ty::Any, 1), g.object(1));
    let uses = g.some(2, 5, |g| {
        let (a, b) = (|| a.clone(), || b.clone());
        let name = g.pick(&PROPERTIES);
        match g.below(9) {
            0 => item!("{ ...@, @: @, ...@ }, ", a(), name, g.primitive(0), b()),
            1 => item!("Object.assign({}, @, @), ", a(), b()),
            2 => item!("Object.entries(@), ", b()),
            3 => item!("Object.fromEntries([[@, 1], [\"x\", @]]), ", g.primitive(0), a()),
            4 => item!("{ __proto__: @, q: 1 }, ", b()),
            5 => item!("{ get [\"a\" + @]() { return 1; }, @ }, ", g.primitive(0), a()),
            6 => item!("Object.values(@), ", b()),
            7 => item!("Object.hasOwn(@, \"@\"), ", b(), name),
            _ => item!("(({ @, ...rest }) => rest)(@), ", name, b()),
        }
    });
    block(vec![stmt!("const @ = @, @ = @;\n", &a, first, &b, second), stmt!("$log(@);\n", uses)])
}
