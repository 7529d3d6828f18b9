// Destructuring, spread, rest, defaults; order of evaluation; iterator closing.
const log = []; const out = (...a) => console.log(a.join(" "));
const { a, b: { c = 5, ...rest } = {}, ["d" + 1]: d1 = a } = { a: 1, b: { x: 1, y: 2 }, e: 3 }; out(a, c, JSON.stringify(rest), d1);
const [x, , y = 3, ...z] = [1, 2, undefined, 4, 5]; out(x, y, z);
let p = 1, q = 2;[p, q] = [q, p]; out(p, q); const o = {};[o.a, o["b"], ...o.c] = "hello"; out(JSON.stringify(o)); ({ a: o.x, ...o.rest } = { a: 1, b: 2, c: 3 }); out(JSON.stringify(o));
function* gen() { try { log.push("start"); yield 1; yield 2; yield 3; } finally { log.push("closed"); } }
const [g1] = gen(); out(g1, log); log.length = 0; const [h1, ...h] = gen(); out(h1, h, log); log.length = 0;
for (const v of gen()) { if (v == 2) break; } out(log); log.length = 0;
try { for (const v of gen()) throw new Error("mid"); } catch (e) { out(e.message, log); } log.length = 0;
const it = { [Symbol.iterator]() { return { next() { return { value: 1, done: false }; }, return() { log.push("return"); throw new Error("from return"); } }; } };
try { const [v] = it; } catch (e) { out(e.message, log); } log.length = 0;
try { for (const v of it) throw new Error("body"); } catch (e) { out(e.message, log); } log.length = 0;
try { for (const v of it) break; } catch (e) { out(e.message, log); } log.length = 0;
(function () { try { for (const v of gen()) return; } finally { log.push("outer"); } })(); out(log); log.length = 0;
function f({ a = 1, b } = { b: 2 }, [c, d = c] = [3], ...[e, g]) { return [a, b, c, d, e, g].join(); } out(f(), f({}, [9]), f({ a: 5, b: 6 }, [7, 8], 9, 10), f.length);
try { const { n } = null; } catch (e) { out(e.name); } try { const [n] = {}; } catch (e) { out(e.name); } try { const { n: { m } } = {}; } catch (e) { out(e.name); }
out(Math.max(...[1, 5, 3], ...new Set([9, 2])), [..."ab", ...[1], ...new Map([[1, 2]])].join("|"), JSON.stringify({ ...{ a: 1 }, ...null, ..."hi", ...[7] }));
const order = []; const key = (k) => (order.push("key " + k), k), val = (v) => (order.push("val " + v), v);
({ [key("a")]: val(1), [key("b")]: val(2) }); ({ [key("z")]: order[key("t")] = val(3) } = {}); out(order.join(", "));
let evals = 0; const arr = [1]; arr[evals++] += 5; out(arr, evals); let m = null; m ??= 4; let n = 0; n ||= 5; let k = 1; k &&= 6; out(m, n, k); const frozen = Object.freeze({ v: 1 }); out(frozen.v ??= 2);
out(null?.x, undefined?.[1], ({ f() { return this.v; }, v: 3 })?.f(), ({})?.a?.b.c.d, (void 0)?.(), delete ({ a: 1 })?.a);
out(((a, b) => a + b)(...[1, 2]), new Date(...[2020, 1, 3]).getDate(), [, 1, , 2, ,].length, 1 in [, 1], 0 in [, 1], [..."a😀b"].length);
const tag = (s, ...v) => s.raw.join("|") + "/" + s.join("|") + "/" + v.join(); out(tag`a${1}\n${2}c`, `x${1 + 1}y${`n${3}`}`); const same = () => ((s) => s)`t`; out(same() === same());
for (const [k, v] of Object.entries({ a: 1, b: 2 })) out(k, v); for (const { length } of ["ab", "c"]) out(length); for (var { u = 7 } of [{}]); out(u);
