//! Sites of inline caches: accessors of several shapes, keys that vary, private members; hot, and changed in mid-run.

use super::block;
use crate::r#gen::Gen;
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

/// An object with an accessor `v`, of one of many makes.
fn with_accessor(g: &mut Gen, k: usize) -> Node {
    let extra: Vec<Node> = (0..k % 5).map(|e| item!("e@_@: @, ", k, e, e)).collect();
    let getter = match g.below(6) {
        0 => fixed!("get v() { return this._v; }"),
        1 => fixed!("get v() { return this._v + arguments.length; }"),
        2 => fixed!("get v() { this.n = (this.n | 0) + 1; return this.n; }"),
        3 => {
            fixed!("get v() { const a = []; for (let i = 0; i < 3; i++) a.push({ i }); return a[2].i + @; }", g.int(0))
        }
        4 => fixed!("get v() { if (this._v === 21) throw new RangeError(); return this._v; }"),
        _ => fixed!("get v() { try { return this.w; } finally { this._v = 3; } }"),
    };
    let setter = match g.below(5) {
        0 => fixed!("set v(q) { this._v = q & 255; }"),
        1 => fixed!("set v(q = 9) { this._v = q | 0; return 5; }"),
        2 => fixed!("set v(q) { this[\"d\" + (q & 3)] = q; }"),
        3 => fixed!("get w() { return 4; }"),
        _ => fixed!("set v(q) { if (q === 33) throw new TypeError(); this._v = q % 7; }"),
    };
    match g.below(5) {
        0 => item!("Object.create({ @ _v: 1, @, @ }), ", extra, getter, setter),
        1 => item!("Object.create(Object.create({ @ _v: 2, @, @ })), ", extra, getter, setter),
        2 => item!("new (class { _v = 3; @ @ })(), ", getter, setter),
        3 => item!("({ @ v: @, w: 1 }), ", extra, g.int(0)),
        _ => item!("({ @ _v: 4, @, @ }), ", extra, getter, setter),
    }
}

pub fn accessor_sites(g: &mut Gen) -> Node {
    let (os, r, turn) = (g.name("os"), g.name("r"), g.turn());
    let count = g.between(1, 9);
    let objects: Vec<Node> = (0..count).map(|k| with_accessor(g, k)).collect();
    let change = match g.below(8) {
        0 => fixed!("Object.defineProperty(o, \"v\", { value: 7, writable: true, configurable: true })"),
        1 => fixed!("Object.defineProperty(o, \"v\", { get() { return 11; }, configurable: true })"),
        2 => fixed!("Object.setPrototypeOf(o, { get v() { return 12; }, set v(q) { this._v = q & 3; } })"),
        3 => fixed!("delete o.v; delete Object.getPrototypeOf(o).v"),
        4 => fixed!(
            "Object.defineProperty(Object.getPrototypeOf(o) ?? o, \"v\", { set(q) { this._v = 1; }, configurable: true })"
        ),
        5 => fixed!("Object.freeze(o)"),
        6 => fixed!("@.push(@)", &os, g.primitive(0)),
        _ => fixed!("o.later = 1"),
    };
    let uses = match g.below(6) {
        0 => fixed!("@ = $bound(@ + o.v);", &r, &r),
        1 => fixed!("o.v = k; @ = $bound(@ + o.v);", &r, &r),
        2 => fixed!("o.v += 2; @ = $bound(@ + (o._v | 0));", &r, &r),
        3 => fixed!("@ = $bound(@ + o.v++);", &r, &r),
        4 => fixed!("(function (...p) { o.v = p.length; @ = $bound(@ + o.v + p[1]); })(k, 1, 2);", &r, &r),
        _ => fixed!("(() => { \"use strict\"; o.v = k; @ = $bound(@ + o.v); })();", &r, &r),
    };
    let body = g.hot_loop(|g, i| {
        g.charge(16);
        fixed!(
            "const k = @, o = @[k % @.length]; try { if (k === @) { @; } @ } catch (e) { if (k % 32 === 0) $caught(e); }\n",
            i.to_owned(),
            &os,
            &os,
            turn,
            change,
            uses
        )
    });
    block(vec![stmt!("const @ = [@]; let @ = 0;\n", &os, objects, &r), body, stmt!("$log(@, @);\n", &r, &os)])
}

pub fn keyed_sites(g: &mut Gen) -> Node {
    let (o, ks, r, turn) = (g.name("o"), g.name("ks"), g.name("r"), g.turn());
    let object = match g.below(8) {
        0 => expr!("{ a: 1, b: 2, get c() { return 3; }, 0: 4, 1: 5 }"),
        1 => expr!("[1, , 3.5, , \"x\"]"),
        2 => expr!("(function (p, q) { return arguments; })(1, 2, 3)"),
        3 => expr!("(function (p, q) { \"use strict\"; return arguments; })(1, 2, 3)"),
        4 => expr!(
            "new @(5)",
            g.pick(&["Int8Array", "Uint8ClampedArray", "Float32Array", "Uint32Array", "Float64Array"])
        ),
        5 => expr!("Object.create({ a: 1, 2: 7, get b() { return this.z; } }, { 1: { value: 6 } })"),
        6 => expr!("Object(\"h\\u1234l\\u00e9o\")"),
        _ => expr!("new (class extends Array { a = 1; get b() { return this.length; } })(3)"),
    };
    let keys = g.pick(&[
        "[\"a\", \"b\", \"c\", \"z\"]",
        "[0, 1, 2, 3, 4, 5]",
        "[0, \"1\", \"a\", -1, 1.5, 2]",
        "[\"length\", \"a\", 1]",
        "[Symbol.iterator, \"a\", 0, \"b\"]",
        "[2 ** 31, 4, -0, \"-0\", \"02\"]",
    ]);
    let change = match g.below(6) {
        0 => fixed!("delete @[key]", &o),
        // Enumerable: V8 does not list hidden elements among the keys of mapped arguments.
        1 => fixed!("Object.defineProperty(@, key, { get() { return 9; }, configurable: true, enumerable: true })", &o),
        2 => fixed!("Object.prototype[2] = 5; Object.prototype.z = 6"),
        3 => fixed!("@.length = 2", &o),
        4 => fixed!("Object.setPrototypeOf(@, { a: 8, 3: 9 })", &o),
        _ => fixed!("@[key] = @", &o, g.primitive(0)),
    };
    let uses = match g.below(8) {
        0 => fixed!("@ = $bound(@ + @[key]);", &r, &r, &o),
        1 => fixed!("@[key] = k & 127; @ = $bound(@ + @[key]);", &o, &r, &r, &o),
        2 => fixed!("if (key in @) @++;", &o, &r),
        3 => fixed!("if (delete @[key]) @++; @[key] = k & 63;", &o, &r, &o),
        4 => fixed!("@[key] += 1;", &o),
        5 => fixed!("for (const q in @) @ = $bound(@ + @[q]);", &o, &r, &r, &o),
        6 => fixed!("@ = $bound(@ + (@[key]?.length ?? 1));", &r, &r, &o),
        _ => fixed!("if (Object.hasOwn(@, key)) @++; else @ = $bound(@ + @[key]);", &o, &r, &r, &r, &o),
    };
    let body = g.loop_of(200, |g, i| {
        g.charge(16);
        fixed!(
            "const k = @, key = @[k % @.length]; try { if (k === @) { @; } @ } catch (e) { if (k % 32 === 0) $caught(e); }\n",
            i.to_owned(),
            &ks,
            &ks,
            turn,
            change,
            uses
        )
    });
    block(vec![
        stmt!("const @ = @, @ = @; let @ = 0;\n", &o, object, &ks, keys, &r),
        stmt!("try {\n@} finally { delete Object.prototype[2]; delete Object.prototype.z; }\n", body),
        stmt!("$log(@, @);\n", &r, &o),
    ])
}

pub fn private_sites(g: &mut Gen) -> Node {
    let (make, os, r) = (g.name("make"), g.name("os"), g.name("r"));
    let member = match g.below(5) {
        0 => fixed!("#v = 1; get() { return this.#v; } set(q) { this.#v = q & 255; }"),
        1 => fixed!("#v = 1; get() { return this.#v++; } set(q) { this.#v += q & 3; }"),
        2 => fixed!(
            "#u = 2; get #v() { return this.#u; } set #v(q) { this.#u = q & 15; } get() { return this.#v; } set(q) { this.#v = q; }"
        ),
        3 => fixed!("#v() { return 5; } get() { return this.#v(); } set(q) { if (q === 40) this.#v = q; }"),
        _ => fixed!("#v = {}; get() { return #v in this ? 1 : 0; } set(q) { this.#v = { q }; }"),
    };
    let odd = g.pick(&["{}", "5", "new Proxy(@[0], {})", "Object.freeze(@[0])", "null"]);
    let body = g.hot_loop(|g, i| {
        g.charge(16);
        fixed!(
            "const k = @, o = @[k % @.length]; try { @[0].set.call(o, k); @ = $bound(@ + @[0].get.call(o)); } catch (e) { if (k % 64 === 0) $caught(e); }\n",
            i.to_owned(),
            &os,
            &os,
            &os,
            &r,
            &r,
            &os
        )
    });
    let odd = if odd.contains('@') { odd.replace('@', &os) } else { odd.to_owned() };
    block(vec![
        stmt!("const @ = () => class { @ };\n", &make, member),
        stmt!("const @A = @(), @B = @();\n", &make, &make, &make, &make),
        stmt!(
            "const @ = [new @A(), new @A(), Object.assign(new @A(), { extra: 1 }), new (class extends @A { more = 2; })()]; let @ = 0;\n",
            &os,
            &make,
            &make,
            &make,
            &make,
            &r
        ),
        stmt!("if (@) @.push(new @B()); if (@) @.push(@);\n", g.bool(0), &os, &make, g.bool(0), &os, odd),
        body,
        stmt!("$log(@);\n", &r),
    ])
}

/// `super` in classes of one shape or of many, whose parents change.
pub fn super_sites(g: &mut Gen) -> Node {
    let (make, os, r, turn) = (g.name("make"), g.name("os"), g.name("r"), g.turn());
    let parent = g.pick(&[
        "{ m(x) { return x + this.v; } get g() { return this.v * 2; } set g(q) { this.v = q & 63; } }",
        "{ m(x) { return (x | 0) - this.v; } get g() { if (this.v === 9) throw new RangeError(); return 3; } }",
        "extends Array { m(x) { return this.push(x) & 7; } get g() { return this.length; } }",
        "extends (class { get g() { return 4; } }) { m() { return arguments.length; } }",
    ]);
    let method = g.pick(&[
        "m(x) { return super.m(x) + 1; }",
        "m(x) { return super.m(x) + super.g; }",
        "m(x) { return (() => super.m(x))() | 0; }",
        "m(x) { const k = [\"m\", \"g\", \"none\"][x % 3]; const q = super[k]; return typeof q === \"function\" ? q.call(this, x) : q; }",
        "m(x) { super.own = x; return super.g + this.own; }",
        "m(x) { try { return super.m(x); } finally { this.v = x & 15; } }",
    ]);
    let change = match g.below(6) {
        0 => fixed!("Object.getPrototypeOf(Object.getPrototypeOf(o)).m = () => 5"),
        1 => fixed!("Object.setPrototypeOf(Object.getPrototypeOf(o), { m: x => -x, get g() { return this.v; } })"),
        2 => fixed!(
            "Object.defineProperty(Object.getPrototypeOf(Object.getPrototypeOf(o)), \"g\", { value: 6, configurable: true })"
        ),
        3 => fixed!("delete Object.getPrototypeOf(Object.getPrototypeOf(o)).m"),
        4 => fixed!("Object.setPrototypeOf(Object.getPrototypeOf(o), null)"),
        _ => fixed!("@.push(@())", &os, &make),
    };
    let count = g.between(1, 9);
    let body = g.hot_loop(|g, i| {
        g.charge(20);
        fixed!(
            "const k = @, o = @[k % @.length]; try { if (k === @) { @; } @ = $bound(@ + Number(o.m(k))); } catch (e) { if (k % 32 === 0) $caught(e); }\n",
            i.to_owned(),
            &os,
            &os,
            turn,
            change,
            &r,
            &r
        )
    });
    block(vec![
        stmt!(
            "const @ = () => new (class extends (class @) { v = 1; @ })(); const @ = []; let @ = 0;\n",
            &make,
            parent.to_owned(),
            method.to_owned(),
            &os,
            &r
        ),
        stmt!("for (let i = 0; i < @; i++) @.push(@());\n", count.to_string(), &os, &make),
        body,
        stmt!("$log(@);\n", &r),
    ])
}

/// Properties added by name and by key to objects of many shapes.
pub fn added_sites(g: &mut Gen) -> Node {
    let (make, p, r, turn) = (g.name("make"), g.name("p"), g.name("r"), g.turn());
    let proto = g.pick(&["{}", "{ get a() { return 1; } }", "[1, 2]", "null", "Object.create({ b: 5 })"]);
    let change = match g.below(7) {
        0 => fixed!("Object.defineProperty(@, \"b\", { set(q) { this._b = q; }, configurable: true })", &p),
        1 => fixed!("Object.defineProperty(@, \"c\", { value: 2, writable: false, configurable: true })", &p),
        2 => fixed!("Object.setPrototypeOf(@, { set a(q) { if (q === 50) throw new TypeError(); } })", &p),
        3 => fixed!("Object.freeze(@)", &p),
        4 => fixed!("Object.preventExtensions(o)"),
        5 => fixed!("delete @.b", &p),
        _ => fixed!("Object.prototype.d = 1; delete Object.prototype.d"),
    };
    let uses = g.pick(&[
        "o.a = k; o.b = k + 1; o.c = k + 2;",
        "for (const n of [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"]) o[n] = k & 31;",
        "(() => { \"use strict\"; o.b = k; o.c = k; })();",
        "(() => { \"use strict\"; const n = [\"a\", \"b\", \"c\"][k % 3]; o[n] = n; })();",
        "o.a = k; delete o.a; o.b = k; o.a = 3;",
    ]);
    let count = g.pick(&["1", "3", "9", "30"]);
    let body = g.hot_loop(|g, i| {
        g.charge(24);
        fixed!(
            "const k = @, o = @(k % @); try { if (k === @) { @; } @ } catch (e) { if (k % 32 === 0) $caught(e); } @ = $bound(@ + Reflect.ownKeys(o).length + (o.b | 0));\n",
            i.to_owned(),
            &make,
            count.to_owned(),
            turn,
            change,
            uses.to_owned(),
            &r,
            &r
        )
    });
    block(vec![
        stmt!(
            "const @ = @; let @ = 0;\n",
            &p,
            if proto == "null" { "{ __proto__: null }" } else { proto }.to_owned(),
            &r
        ),
        stmt!(
            "const @ = n => { const o = Object.create(@); for (let i = 0; i < n; i++) o[\"f\" + i] = i; return o; };\n",
            &make,
            &p
        ),
        body,
        stmt!("$log(@);\n", &r),
    ])
}
