//! Collections, JSON, strings, regular expressions, BigInts in loops.

use super::block;
use crate::features::Feature;
use crate::r#gen::Gen;
use crate::tree::Node;
use crate::{expr, fixed, item, stmt};

pub fn map_set(g: &mut Gen) -> Node {
    let (m, r) = (g.name("m"), g.name("r"));
    let is_map = g.chance(50);
    let key = g.pick(&[
        "k & 7",
        "k % 5 * 0.5",
        "\"s\" + k % 6",
        "k % 2 ? k & 3 : String(k & 3)",
        "k % 4 === 0 ? NaN : -0",
        "k % 3 ? undefined : null",
        "BigInt(k % 5)",
        "[1, \"1\", 1n, true, {}][k % 5]",
    ]);
    let put = if is_map { expr!("@.set(@, @)", &m, key, g.primitive(0)) } else { expr!("@.add(@)", &m, key) };
    let mutation = match g.below(6) {
        0 => fixed!("@.delete(x);", &m),
        1 => fixed!(
            "if (@.size < 30) @;",
            &m,
            if is_map { expr!("@.set(n, n)", &m) } else { expr!("@.add(\"n\" + n)", &m) }
        ),
        2 => fixed!("if (n === 3) @.clear();", &m),
        3 => fixed!(
            "@.delete(x); if (n < 9) @;",
            &m,
            if is_map { expr!("@.set(x, n)", &m) } else { expr!("@.add(x)", &m) }
        ),
        _ => fixed!(""),
    };
    let iterate = match g.below(4) {
        0 => fixed!("for (const x of @.keys()) { if (n++ > 40) break; @ }", &m, mutation),
        1 => fixed!("@.forEach((v, x) => { if (n++ < 40) { @ } });", &m, mutation),
        2 => fixed!("for (const [x, y] of @.entries()) { if (n++ > 40) break; @ }", &m, mutation),
        _ => fixed!(
            "for (const e of @) { const x = @; if (n++ > 40) break; @ }",
            &m,
            if is_map { "e[0]" } else { "e" },
            mutation
        ),
    };
    let hot = g.hot_loop(|g, i| {
        g.charge(6);
        let remove = if g.chance(40) { fixed!("if (k % 13 === 7) @.delete(@);", &m, key) } else { fixed!("") };
        fixed!("const k = @; if (@.has(@)) @++; else @; @\n", i.to_owned(), &m, key, &r, put, remove)
    });
    block(vec![
        stmt!("const @ = new @(); let @ = 0, n = 0;\n", &m, if is_map { "Map" } else { "Set" }, &r),
        hot,
        stmt!("$log(@, @.size);\n", &r, &m),
        stmt!("@\n", iterate),
        stmt!("$log(n, @);\n", &m),
    ])
}

pub fn weak(g: &mut Gen) -> Node {
    let (w, os, r) = (g.name("w"), g.name("os"), g.name("r"));
    let kind = g.pick(&["WeakMap", "WeakSet"]);
    let put = if kind == "WeakMap" { fixed!("@.set(o, k)", &w) } else { fixed!("@.add(o)", &w) };
    let value = g.any(0);
    block(vec![
        stmt!("const @ = new @(), @ = []; let @ = 0;\n", &w, kind, &os, &r),
        stmt!(
            "for (let k = 0; k < 50; k++) { const o = k & 1 ? {} : [k]; if (k % 3) @.push(o); @; if (@.has(@[k % @.length])) @++; }\n",
            &os,
            put.clone(),
            &w,
            &os,
            &os,
            &r
        ),
        stmt!("for (const o of @) if (@.delete(o) && @.has(o)) @ = -1;\n", &os, &w, &w, &r),
        stmt!(
            "try { const o = @, k = 1; @; } catch (e) { $caught(e); } $log(@, new WeakRef(@).deref() === @);\n",
            value,
            put,
            &r,
            &w,
            &w
        ),
    ])
}

pub fn json(g: &mut Gen) -> Node {
    let value = match g.below(6) {
        0 => expr!("{ a: [@, { b: @ }], toJSON: undefined, u: undefined, f() {} }", g.primitive(1), g.primitive(1)),
        1 => expr!("{ toJSON(k) { return [k, @]; } }", g.primitive(0)),
        2 => expr!("[@, @, new Map(), Symbol(), undefined]", g.any(1), g.any(1)),
        3 => expr!("Object.assign([1, , 2], { x: 1 })"),
        _ => g.any(2),
    };
    let rest = g.pick(&[
        "",
        ", null, 2",
        ", [\"a\", \"b\", \"x\"], \"--\"",
        ", (k, v) => typeof v === \"number\" ? v + 1 : v",
        ", function (k, v) { return this === v ? 1 : v; }",
        ", undefined, 20",
        ", [\"x\", 1, \"y\"]",
    ]);
    let text = g.pick(&[
        "{\"a\":[1,2.50,-0,1e400],\"__proto__\":3}",
        "[1,,2]",
        "\"\\ud83d\\u0041\"",
        " [ null , true ] ",
        "{\"a\":1,\"a\":2,\"1\":3}",
        "01",
        "{\"x\":{\"y\":[{}]}}",
        "nul",
        "-",
        "\"\t\"",
        "1 2",
        "",
    ]);
    let reviver = g.pick(&[
        "",
        ", (k, v) => v === 2 ? undefined : v",
        ", function (k, v) { if (k === \"a\") delete this.x; return v; }",
        ", (k, v) => { $log(k); return v; }",
    ]);
    block(vec![
        stmt!("try { $log(JSON.stringify(@@)); } catch (e) { $caught(e); }\n", value, rest),
        stmt!("try { $log(JSON.parse(@@)); } catch (e) { $caught(e); }\n", quoted(text), reviver),
    ])
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"))
}

pub fn string_building(g: &mut Gen) -> Node {
    let (s, r) = (g.name("s"), g.name("r"));
    let piece = match g.below(7) {
        0 => fixed!("@ += @;", &s, g.primitive(1)),
        1 => fixed!("@ = @ + @;", &s, g.primitive(1), &s),
        2 => fixed!("@ += String.fromCharCode(97 + k % 26);", &s),
        3 => fixed!("@ += k;", &s),
        4 => fixed!("@ = `${@}${k}@`;", &s, &s, ","),
        5 => fixed!("@ += k & 1 ? \"é\" : \"\\u{1F600}\";", &s),
        _ => fixed!("@ += (k * 0.1).toFixed(1) + \"|\";", &s),
    };
    let cut = match g.below(4) {
        0 => fixed!("if (@.length > 90) @ = @.slice(-30);", &s, &s, &s),
        1 => fixed!("if (@.length > 200) @ = \"\";", &s, &s),
        _ => fixed!("if (@.length > 500) @ = @.substring(3, 40);", &s, &s, &s),
    };
    let read = match g.below(5) {
        0 => fixed!("@ = (@ * 31 + @.charCodeAt(k % @.length)) | 0;", &r, &r, &s, &s),
        1 => fixed!("@ += @[k % 9] === \"1\" ? 1 : 0;", &r, &s),
        2 => fixed!("if (@ === \"abc\" || @ > \"b\") @++;", &s, &s, &r),
        3 => fixed!("@ += @.indexOf(\"1\");", &r, &s),
        _ => fixed!("@ += @.length;", &r, &s),
    };
    let start = g.string(0);
    let body = g.hot_loop(|g, i| {
        g.charge(8);
        fixed!("const k = @; @ @ @\n", i.to_owned(), piece, cut, read)
    });
    block(vec![stmt!("let @ = @, @ = 0;\n", &s, start, &r), body, stmt!("$log(@, @, @.length);\n", &s, &r, &s)])
}

pub fn string_loops(g: &mut Gen) -> Node {
    let (f, r) = (g.name("F"), g.name("r"));
    let inner = match g.below(7) {
        0 => fixed!("h = (h * 33 ^ s.charCodeAt(i)) >>> 0;"),
        1 => fixed!(
            "switch (s[i]) { case \"a\": h++; break; case \"é\": h += 2; break; case undefined: h += 3; break; default: h += 5; }"
        ),
        2 => fixed!("h += s.codePointAt(i) & 255;"),
        3 => fixed!("if (s[i] === s[s.length - 1 - i]) h++;"),
        4 => fixed!("h += s.charAt(i) < s.charAt(i + 1) ? 1 : 2;"),
        5 => fixed!("h = h * 2 + (s[i] >= \"0\" && s[i] <= \"9\" ? +s[i] : 1) | 0;"),
        _ => fixed!("h += s.at(-i) === undefined;"),
    };
    let bound = g.pick(&["i < s.length", "i <= s.length", "i < 6"]);
    let subjects = g.some(2, 5, |g| item!("@, ", if g.rng.chance(80) { g.string(1) } else { g.any(0) }));
    let body = g.loop_of(100, |g, i| {
        g.charge(15);
        fixed!(
            "try { const t = @_s[@ % @_s.length]; @ = (@ + @(t)) | 0; } catch (e) { if (@ < 10) $caught(e); }\n",
            &f,
            i.to_owned(),
            &f,
            &r,
            &r,
            &f,
            i.to_owned()
        )
    });
    block(vec![
        stmt!("const @_s = [@]; let @ = 0;\n", &f, subjects, &r),
        stmt!("function @(s) { let h = 7; for (let i = 0; @; i++) { @ } return h; }\n", &f, bound, inner),
        body,
        stmt!("$log(@);\n", &r),
        stmt!("$log(@.split(@), [...@], @.split(\"\").length);\n", g.string(1), g.string(0), g.string(1), g.string(0)),
    ])
}

pub fn regexps(g: &mut Gen) -> Node {
    let (x, s) = (g.name("x"), g.name("s"));
    let pattern = g.pick(&[
        "/a(b)?/",
        "/(\\d+)-(\\d+)/",
        "/[a-c]+/g",
        "/^.|.$/gm",
        "/(?<y>\\w)(?<z>\\w)/",
        "/(?=l)./g",
        "/(?<!h)e/i",
        "/\\u{1F600}/u",
        "/(.)\\1/",
        "/x*/y",
        "/b|(c)/g",
        "/[^\\s]{2,3}?/",
        "/(a|ab)(c|bcd)(d*)/",
        "/(?:)/g",
        "/\\bw/",
        "/(z)((a+)?(b+)?(c))*/",
    ]);
    let subject = g.pick(&[
        "\"abcabc\"",
        "\"12-34\"",
        "\"hello world\"",
        "\"aabbcc\"",
        "\"zaacbbbcac\"",
        "\"\\u{1F600}x\"",
        "\"\"",
        "\"a\\nb\"",
        "\"abcd\"",
    ]);
    let uses = g.some(2, 5, |g| {
        let (x, s) = (|| x.clone(), || s.clone());
        match g.below(9) {
            0 => item!("() => @.exec(@), ", x(), s()),
            1 => item!("() => [@.test(@), @.lastIndex], ", x(), s(), x()),
            2 => item!("() => @.match(@), ", s(), x()),
            3 => item!("() => @.replace(@, \"<$&$1>\"), ", s(), x()),
            4 => item!("() => @.replace(@, (m, ...r) => r.length + m), ", s(), x()),
            5 => item!("() => @.split(@), ", s(), x()),
            6 => item!("() => @.search(@), ", s(), x()),
            7 => item!("() => [...@.matchAll(new RegExp(@, \"g\"))].map((m) => [m.index, m[1]]), ", s(), x()),
            _ => item!("() => { @.lastIndex = @; return @.exec(@); }, ", x(), g.below(4), x(), s()),
        }
    });
    block(vec![
        stmt!("const @ = @, @ = @;\n", &x, pattern, &s, subject),
        stmt!("for (const f of [@]) { try { $log(f()); } catch (e) { $caught(e); } }\n", uses),
        stmt!(
            "{ let n = 0; for (let k = 0; k < 40; k++) { if (@.test(@ + k)) n += @.lastIndex + 1; } $log(n); }\n",
            &x,
            &s,
            &x
        ),
    ])
}

pub fn big_loops(g: &mut Gen) -> Node {
    g.mark(Feature::BigInt);
    let (n, f) = (g.name("n"), g.name("F"));
    let step = match g.below(7) {
        0 => fixed!("n = BigInt.asIntN(64, n * 6364136223846793005n + i);"),
        1 => fixed!("n = BigInt.asUintN(64, (n << 7n) ^ i);"),
        2 => fixed!("n = n + i; if (n > 0xffffffffffn) n >>= 20n;"),
        3 => fixed!("n = (n * n + i) % 1000000007n;"),
        4 => fixed!("n ^= i << (i & 63n); n = BigInt.asIntN(100, n);"),
        5 => fixed!("n = -n - i; n = n / (i + 1n) + @;", g.big(0)),
        _ => fixed!("n++; n = BigInt.asIntN(32, n * 3n);"),
    };
    let mixed = if g.chance(30) { fixed!("if (i === 40n) n = @;", g.primitive(0)) } else { fixed!("") };
    let trip = g.trip().min(300);
    g.charge(trip * 8);
    block(vec![
        stmt!("function @(n, m) { for (let i = 0n; i < m; i++) { @ @ } return n; }\n", &f, step, mixed),
        stmt!(
            "let @ = 0n; try { @ = @(@, @n); @ = @(@, 20n); } catch (e) { $caught(e); } $log(@, typeof @);\n",
            &n,
            &n,
            &f,
            g.big(0),
            trip,
            &n,
            &f,
            &n,
            &n,
            &n
        ),
        stmt!(
            "try { $log(@ < @, @ == @, @ ** @, BigInt(@), Number(@)); } catch (e) { $caught(e); }\n",
            g.big(0),
            g.num(0),
            g.big(0),
            g.primitive(0),
            g.pick(&["3n", "(-2n)", "10n"]),
            g.pick(&["5n", "0n", "40n", "(-1n)"]),
            g.primitive(0),
            g.big(1)
        ),
    ])
}
