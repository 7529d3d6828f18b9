//! Classes.

use super::block;
use crate::features::Feature;
use crate::r#gen::{Context, Gen, PROPERTIES, Ty};
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

/// An expression on `this` and a parameter `q`.
fn member_expression(g: &mut Gen, private: bool) -> Node {
    let context = Context { strict: true, in_function: true, ..Context::default() };
    g.leaf_body(context, |g| {
        g.declare("q", Ty::Int, true);
        let name = g.pick(&PROPERTIES);
        let operand = g.int(1);
        match g.below(6) {
            0 if private => expr!("(this.#p = $bound(this.#p + @))", operand),
            1 if private => expr!("(this.#p++, this.#m(q))"),
            2 => expr!("(this.@ = @)", name, operand),
            3 => expr!("$bound(this.@ + @)", name, operand),
            4 => expr!("(this.@ - q | 0)", name),
            _ => expr!("(@)", operand),
        }
    })
}

fn members(g: &mut Gen) -> Vec<Node> {
    g.mark(Feature::PrivateMembers);
    let mut all = vec![item!("#p = @;\n", g.int(1)), item!("#m(q) { return this.#p + q | 0; }\n")];
    let count = g.between(2, 6);
    for _ in 0..count {
        let name = g.pick(&PROPERTIES);
        all.push(match g.below(9) {
            0 | 1 => item!("@ = @;\n", name, g.primitive(1)),
            2 => {
                g.mark(Feature::Accessors);
                item!("get g@() { return @; }\n", name, member_expression(g, true))
            }
            3 => {
                g.mark(Feature::Accessors);
                item!("set g@(q) { @; }\n", name, member_expression(g, true))
            }
            4 => item!("static s@ = @;\n", name, g.primitive(1)),
            5 => {
                g.mark(Feature::StaticBlocks);
                item!("static { this.t@ = @; $log(\"static\", this.name); }\n", name, g.primitive(1))
            }
            6 => item!("[\"c\" + @](q) { return @; }\n", g.primitive(0), member_expression(g, true)),
            7 => item!("static #sp = @; static sm(q) { return $bound(this.#sp = this.#sp + q); }\n", g.small_int())
                .once(&all),
            _ => item!("f@ = (q) => @;\n", name, member_expression(g, true)),
        });
    }
    all.push(item!("m(q) { return @; }\n", member_expression(g, true)));
    all.push(item!("n(q) { return @; }\n", member_expression(g, true)));
    all
}

trait Once {
    fn once(self, others: &[Node]) -> Node;
}

impl Once for Node {
    /// This member, unless it is there: private names may be declared once only.
    fn once(self, others: &[Node]) -> Node {
        if others.iter().any(|o| o.to_string().contains("#sp")) { item!("") } else { self }
    }
}

/// A loop that calls methods of an object.
fn use_object(g: &mut Gen, object: &str) -> Node {
    let r = g.name("r");
    let name = g.pick(&PROPERTIES);
    let call = match g.below(5) {
        0 => fixed!("@ = @.m(k);", &r, object.to_owned()),
        1 => fixed!("@ = $bound(@ + @.n(@));", &r, &r, object.to_owned(), g.int(1)),
        2 => fixed!("@.g@ = k; @ = @.g@;", object.to_owned(), name, &r, object.to_owned(), name),
        3 => fixed!("@ = @.@; @.@ = k;", &r, object.to_owned(), name, object.to_owned(), name),
        _ => fixed!("@ = @.m(@.n(k));", &r, object.to_owned(), object.to_owned()),
    };
    let trip = g.trip().min(300);
    g.charge(trip * 4);
    stmt!("{ let @ = 0; for (let k = 0; k < @; k++) { @ } $log(@, @); }\n", &r, trip, call, &r, object.to_owned())
}

pub fn class(g: &mut Gen) -> Node {
    let (c, o) = (g.name("C"), g.name("o"));
    let mut parts =
        vec![stmt!("class @ {\n@}\n", &c, members(g)), stmt!("const @ = new @(@);\n", &o, &c, g.primitive(0))];
    for _ in 0..g.between(1, 2) {
        parts.push(use_object(g, &o));
    }
    if g.chance(30) {
        parts.push(stmt!("$log(Reflect.ownKeys(@.prototype), @);\n", &c, &c));
    }
    if g.chance(30) {
        // Allocation in a loop.
        let r = g.name("r");
        let trip = g.trip().min(300);
        g.charge(trip * 8);
        parts.push(stmt!("let @; for (let k = 0; k < @; k++) { @ = new @(k); } $log(@);\n", &r, trip, &r, &c, &r));
    }
    block(parts)
}

pub fn inheritance(g: &mut Gen) -> Node {
    g.mark(Feature::Super);
    let (base, derived, o, p) = (g.name("C"), g.name("C"), g.name("o"), g.name("o"));
    let base_members = members(g);
    let name = g.pick(&PROPERTIES);
    let constructor = match g.below(7) {
        0 => item!("constructor(q) { super(q); this.@ = @; }\n", name, g.primitive(0)),
        1 => item!("constructor(...q) { const f = () => super(...q); f(); this.d = 1; }\n"),
        2 => {
            item!("constructor(q) { if (q > 2) return { other: q, m() { return 1; }, n() { return 2; } }; super(); }\n")
        }
        3 => item!(
            "constructor(q) { try { this.x; } catch (e) { $caught(e); } super(q); try { super(q); } catch (e) { $caught(e); } }\n"
        ),
        4 => item!("constructor(q) { super(q); return q > 1 ? this : undefined; }\n"),
        _ => item!(""),
    };
    let methods = g.some(1, 3, |g| {
        let name = g.pick(&PROPERTIES);
        let operand = member_expression(g, false);
        match g.below(6) {
            0 => item!("m(q) { return $bound(super.m(q) + @); }\n", operand),
            1 => item!("n(q) { const f = () => super.n(q); return f(); }\n"),
            2 => item!("get g@() { return [super.g@, @]; }\n", name, name, operand),
            3 => item!("set g@(q) { super.@ = q; super.g@ = @; }\n", name, name, name, operand),
            4 => item!("@ = super.m(1);\n", name),
            _ => item!("static sm(q) { return [super.sm && super.sm(q), super.name]; }\n"),
        }
    });
    let mut parts = vec![
        stmt!("class @ {\n@}\n", &base, base_members),
        stmt!("class @ extends @ {\n@@}\n", &derived, &base, constructor, methods),
        stmt!("const @ = new @(@), @ = new @(1);\n", &o, &derived, g.primitive(0), &p, &base),
    ];
    parts.push(use_object(g, &o));
    if g.chance(50) {
        let r = g.name("r");
        let turn = g.turn();
        parts.push(stmt!(
            "{ let @ = 0; for (let k = 0; k < 120; k++) { const t = k % 3 ? @ : @; @ = $bound(@ + t.m(k & 3)); if (k === @) @.prototype.m = function (q) { return q * 2; }; } $log(@); }\n",
            &r, &o, &p, &r, &r, turn, if g.chance(50) { &base } else { &derived }, &r
        ));
        g.charge(600);
    }
    if g.chance(40) {
        parts.push(stmt!(
            "$log(@ instanceof @, @ instanceof @, @.sm && @.sm(2), @);\n",
            &o,
            &base,
            &p,
            &derived,
            &derived,
            &derived,
            &derived
        ));
    }
    if g.chance(25) {
        parts.push(stmt!(
            "Object.setPrototypeOf(@, @); $log(new @(1));\n",
            &derived,
            g.pick(&["null", "Object", "class { z = 9 }"]),
            &derived
        ));
    }
    block(parts)
}

pub fn new_target(g: &mut Gen) -> Node {
    let (f, n) = (g.name("F"), g.name("N"));
    let value = g.primitive(0);
    let returned = g.pick(&["", "return 5;", "return {};", "return null;", "return [this];"]);
    block(vec![
        stmt!(
            "function @(a) { if (!new.target) return new @(a); const f = () => new.target; this.v = a; this.t = f() === @; @ }\n",
            &f,
            &f,
            &f,
            returned
        ),
        stmt!("class @ extends @ { constructor(a) { super(a); this.u = new.target.name; } }\n", &n, &f),
        stmt!("for (let k = 0; k < 30; k++) { @(k); new @(k); new @(k); }\n", &f, &f, &n),
        stmt!(
            "$log(@(@), new @(@), new @(1), Reflect.construct(@, [3], @), Reflect.construct(@, [4], Array));\n",
            &f,
            value.clone(),
            &f,
            value,
            &n,
            &f,
            &n,
            &f
        ),
        stmt!("$log(Object.getPrototypeOf(@(1)) === @.prototype);\n", &f, &f),
    ])
}

pub fn private_brands(g: &mut Gen) -> Node {
    g.mark(Feature::PrivateMembers);
    let (c, o) = (g.name("C"), g.name("o"));
    let kind = g.pick(&[
        "#b = 1;",
        "#b() { return 3; }",
        "get #b() { return 4; }",
        "set #b(v) { $log(v); }",
        "static #b = 2;",
    ]);
    let other = g.any(1);
    let access = g.pick(&[
        "o.#b",
        "o.#b = 5",
        "o.#b++",
        "o?.#b",
        "o.#b()",
        "o.#b ??= 7",
        "delete o.q, #b in o",
        "({ x: o.#b } = { x: 1 })",
    ]);
    block(vec![
        stmt!("class @ { @ static has(o) { return #b in o; } static get(o) { return @; } }\n", &c, kind, access),
        stmt!("const @ = [new @(), @, {}, new (class extends @ {})(), @];\n", &o, &c, &c, other, &c),
        stmt!(
            "for (let k = 0; k < 60; k++) { const o = @[k % 5]; try { const h = @.has(o); if (k < 10) $log(h); const v = @.get(o); if (k < 10 || k > 55) $log(typeof v); } catch (e) { if (k < 10) $caught(e); } }\n",
            &o,
            &c,
            &c
        ),
    ])
}

pub fn extend_builtins(g: &mut Gen) -> Node {
    let (c, o) = (g.name("C"), g.name("o"));
    let form = g.below(5);
    let (base, uses) = match form {
        0 => {
            ("Array", expr!("[@.push(4), @.length, @.map((v) => v).constructor === @, @.slice(1)]", &o, &o, &o, &c, &o))
        }
        1 => ("Map", expr!("[@.set(1, 2).size, @.extra]", &o, &o)),
        2 => ("Error", expr!("[@ instanceof Error, @.name, Object.keys(@)]", &o, &o, &o)),
        3 => ("Function", expr!("[typeof @, @ instanceof Function]", &o, &o)),
        _ => ("Uint8Array", expr!("[@.length, @.map((v) => v + 1), @ instanceof @]", &o, &o, &o, &c)),
    };
    let arg = match form {
        0 | 4 => g.pick(&["3", "1", "0"]),
        2 => "\"m\"",
        3 => "\"return 1\"",
        _ => "",
    };
    block(vec![
        stmt!(
            "class @ extends @ { extra = @; constructor(...q) { super(...q); } double() { return this.length * 2; } }\n",
            &c,
            base,
            g.primitive(0)
        ),
        stmt!("const @ = new @(@);\n", &o, &c, arg),
        stmt!("for (let k = 0; k < 20; k++) @.double();\n", &o),
        stmt!("$log(@, @);\n", uses, if form == 3 { "0".to_owned() } else { o.clone() }),
    ])
}
