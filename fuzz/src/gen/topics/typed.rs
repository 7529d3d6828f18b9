//! Typed arrays of every kind, and the buffers below them.

use super::block;
use crate::features::Feature;
use crate::r#gen::Gen;
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

const NUMBER_KINDS: [&str; 9] = [
    "Int8Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
];
const INT_KINDS: [&str; 7] =
    ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"];
const BIG_KINDS: [&str; 2] = ["BigInt64Array", "BigUint64Array"];

/// Hot loops over one or several kinds, with indices outside and values that need conversion.
pub fn kinds(g: &mut Gen) -> Node {
    let (f, ts, r) = (g.name("F"), g.name("ts"), g.name("r"));
    let big = g.chance(20);
    let n = g.between(1, 12);
    let members = g.some(1, 4, |g| {
        let kind = if big { g.pick(&BIG_KINDS) } else { g.pick(&NUMBER_KINDS) };
        item!("new @(@), ", kind, n)
    });
    let index = g
        .pick(&[
            "i % N",
            "i % N",
            "i & 7",
            "i % (N + 2)",
            "i - 1",
            "N - i",
            "i * 0.5",
            "\"1\"",
            "-0",
            "\"-0\"",
            "i > 90 ? -1 : i % N",
            "i === 77 ? \"x\" : i % N",
        ])
        .replace('N', &n.to_string());
    let value = if big {
        expr!("BigInt.asIntN(70, @ + BigInt(i))", g.big(0))
    } else {
        g.scoped(|g| {
            g.declare_counter("i");
            g.num(2)
        })
    };
    let op = if big { g.pick(&["=", "+=", "^="]) } else { g.pick(&["=", "+=", "-=", "*=", "|=", ">>>=", "="]) };
    let loose = if g.chance(25) && !big { g.primitive(1) } else { expr!("0") };
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        fixed!("const i = @, t = @[i % @.length]; @ = $bound(@(t, i, @));\n", i.to_owned(), &ts, &ts, &r, &f, &r)
    });
    let accumulate = if big {
        expr!("(t[@] === undefined ? r : BigInt.asIntN(64, r + t[@]))", &index, &index)
    } else {
        expr!("(r + t[@])", &index)
    };
    let hits = if big { expr!("0n") } else { expr!("0") };
    block(vec![
        stmt!("const @ = [@]; let @ = @;\n", &ts, members, &r, hits),
        stmt!("function @(t, i, r) { t[@] @ @; return @; }\n", &f, &index, op, value, accumulate),
        stmt!("try {\n@} catch (e) { $caught(e); }\n", body),
        stmt!("try { @[0][1] = @; } catch (e) { $caught(e); }\n", &ts, loose),
        stmt!("$log(@, @);\n", &r, &ts),
    ])
}

/// A buffer is detached while a loop works on its views.
pub fn detached(g: &mut Gen) -> Node {
    g.mark(Feature::TypedArrays);
    let (b, t, r, f) = (g.name("B"), g.name("t"), g.name("r"), g.name("F"));
    let kind = g.pick(&INT_KINDS);
    let turn = g.turn();
    let use_it = g.pick(&[
        "r + (t[i & 7] | 0)",
        "(t[i & 7] = i, r + t.length)",
        "r + (t[3] === undefined)",
        "r + t.byteOffset + t.byteLength",
        "r + (2 in t)",
        "r + Object.keys(t).length",
        "(t[0]++, r + (t[0] | 0))",
    ]);
    let after = g.some(1, 4, |g| {
        let call = g.pick(&[
            "@.fill(1)",
            "@.slice(0)",
            "[...@]",
            "@.at(0)",
            "@.set([1])",
            "@.subarray(1)",
            "new DataView(@.buffer)",
            "new Uint8Array(@.buffer)",
            "Object.getOwnPropertyNames(@)",
            "@.map((v) => v)",
            "@.includes(undefined)",
            "@.join()",
            "@.buffer.byteLength",
            "@.buffer.slice(0)",
            "Reflect.set(@, 0, 1)",
            "Reflect.defineProperty(@, 0, { value: 1 })",
        ]);
        item!("() => @, ", call.replace('@', &t))
    });
    let body = g.hot_loop(|g, i| {
        g.charge(6);
        fixed!("if (@ === @) $detach(@); @ = @(@, @, @);\n", i.to_owned(), turn, &b, &r, &f, &t, i.to_owned(), &r)
    });
    block(vec![
        stmt!("const @ = new ArrayBuffer(32), @ = new @(@); let @ = 0; @[2] = 9;\n", &b, &t, kind, &b, &r, &t),
        stmt!("function @(t, i, r) { return @; }\n", &f, use_it),
        stmt!("try {\n@} catch (e) { $caught(e); }\n", body),
        stmt!("$detach(new ArrayBuffer(1)); $log(@, @.length);\n", &r, &t),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", after),
    ])
}

pub fn resizable(g: &mut Gen) -> Node {
    g.mark(Feature::TypedArrays);
    let (b, t, u, r) = (g.name("B"), g.name("t"), g.name("t"), g.name("r"));
    let kind = g.pick(&INT_KINDS);
    let offset = g.pick(&["0", "8", "4"]);
    let sizes: Vec<&str> = (0..3).map(|_| g.pick(&["0", "4", "8", "12", "16", "32", "40"])).collect();
    let turn = g.turn();
    let body = g.loop_of(300, |g, i| {
        g.charge(6);
        fixed!(
            "@ = (@ + (@[@ & 7] | 0) + @.length) | 0; @[@ & 7] = @; if (@ === @) @.resize(@); else if (@ === 200) @.resize(@);\n",
            &r, &r, &t, i.to_owned(), &u, &u, i.to_owned(), i.to_owned(), i.to_owned(), turn, &b, sizes[0], i.to_owned(), &b, sizes[1]
        )
    });
    let uses = g.some(1, 4, |g| {
        let call = g.pick(&[
            "@.length",
            "@.byteOffset",
            "[...@]",
            "@.slice(1)",
            "@.fill(2)",
            "Object.keys(@)",
            "@.at(-1)",
            "@.byteLength",
            "@.map((v) => v + 1)",
            "@.subarray(1).length",
        ]);
        let which = if g.chance(50) { &t } else { &u };
        item!("() => @, ", call.replace('@', which))
    });
    block(vec![
        stmt!(
            "const @ = new ArrayBuffer(16, { maxByteLength: 40 }), @ = new @(@, @), @ = new @(@, @, 1); let @ = 0;\n",
            &b,
            &t,
            kind,
            &b,
            offset,
            &u,
            kind,
            &b,
            offset,
            &r
        ),
        stmt!("try {\n@} catch (e) { $caught(e); }\n", body),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", uses),
        stmt!(
            "try { @.resize(@); } catch (e) { $caught(e); } $log(@, @.byteLength, @.resizable, @);\n",
            &b,
            sizes[2],
            &r,
            &b,
            &b,
            &t
        ),
    ])
}

pub fn data_view(g: &mut Gen) -> Node {
    let (v, r) = (g.name("D"), g.name("r"));
    // Floats are written and read as floats of the same kind only: the bits of a NaN are the engine's.
    let calls = g.some(2, 6, |g| {
        let kind = g.pick(&["Int8", "Uint8", "Int16", "Uint16", "Int32", "Uint32"]);
        let at = g.pick(&["0", "1", "5", "12", "15", "16", "-1", "\"2\"", "1.5", "undefined"]);
        let end = g.pick(&["true", "false", "1", "undefined"]);
        match g.below(5) {
            0 | 1 => item!("() => @.set@(@, @, @), ", &v, kind, at, g.num(1), end),
            2 => item!("() => [@.setFloat64(0, @, @), @.getFloat64(0, @)], ", &v, g.num(0), end, &v, end),
            3 => item!("() => [@.setBigInt64(@, @), @.getBigUint64(@)], ", &v, at, g.big(0), &v, at),
            _ => item!("() => @.get@(@, @), ", &v, kind, at, end),
        }
    });
    block(vec![
        stmt!("const @ = new DataView(new ArrayBuffer(24), 8); let @ = 0;\n", &v, &r),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } @.setFloat64(0, 0); }\n", calls, &v),
        stmt!(
            "for (let k = 0; k < 120; k++) { @.setInt16(k % 13, k * 77, k & 1); @ = (@ * 3 + @.getUint32(k % 11, true)) | 0; } $log(@);\n",
            &v,
            &r,
            &r,
            &v,
            &r
        ),
    ])
}

pub fn methods(g: &mut Gen) -> Node {
    g.mark(Feature::TypedArrays);
    let t = g.name("t");
    let kind = g.pick(&NUMBER_KINDS);
    let values = g.some(1, 6, |g| item!("@, ", g.num(1)));
    let calls = g.some(2, 6, |g| {
        let (n, m) = (g.pick(&["0", "1", "-1", "2", "9"]), g.pick(&["0", "2", "-1", "5"]));
        let t = || t.clone();
        let value = g.primitive(0);
        match g.below(15) {
            0 => item!("() => @.fill(@, @, @), ", t(), value, n, m),
            1 => item!("() => @.subarray(@, @), ", t(), n, m),
            2 => item!("() => @.slice(@, @), ", t(), n, m),
            3 => item!("() => @.set([@, 2], @), ", t(), value, n),
            4 => item!("() => @.indexOf(@), ", t(), value),
            5 => item!("() => @.sort(), ", t()),
            6 => item!("() => @.with(@, @), ", t(), n, value),
            7 => item!("() => @.map((v, i) => v * i), ", t()),
            8 => item!("() => @.reduce((a, b) => a + b, 0), ", t()),
            9 => item!("() => @.copyWithin(@, @), ", t(), n, m),
            10 => item!("() => @.from([@, 3]), ", kind, value),
            11 => item!("() => @.of(@), ", kind, value),
            12 => item!("() => @.toReversed().at(@), ", t(), n),
            13 => item!("() => new @(@), ", g.pick(&INT_KINDS), t()),
            _ => item!("() => @.findLast((v) => v > 1), ", t()),
        }
    });
    block(vec![
        stmt!("const @ = new @([@]);\n", &t, kind, values),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", calls),
        stmt!("$log(@);\n", &t),
    ])
}
