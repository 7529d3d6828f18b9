// Generators and iterators: protocol, delegation, finally order, reentrancy, spread, infinite.
const out = (...a) => console.log(a.map((x) => typeof x === "object" && x ? JSON.stringify(x) : String(x)).join(" "));
function* g(a) { const b = yield a; try { const c = yield a + b; out("c", c); } catch (e) { out("caught", e); yield "recovered"; } finally { out("cleanup"); } return "end"; }
let it = g(1); out(it.next("ignored"), it.next(10), it.throw("boom"), it.next(), it.next()); it = g(1); it.next(); it.next(2); out(it.return("early"), it.next());
it = g(1); out(it.return(5), it.next()); it = g(1); try { it.throw(new Error("before start")); } catch (e) { out(e.message); } out(it.next());
function* fin() { try { yield 1; } finally { yield "in finally"; out("rest of finally"); } } it = fin(); it.next(); out(it.return("r"), it.next(), it.next());
function* over() { try { yield 1; } finally { return "override"; } } it = over(); it.next(); out(it.return("lost")); it = over(); it.next(); out(it.throw(new Error("lost")));
function* mid() { try { try { yield 1; } finally { out("inner"); throw new Error("from finally"); } } catch (e) { out("outer caught", e.message); yield 2; } finally { out("outer"); } } it = mid(); it.next(); out(it.return(9), it.next());
function* inner() { try { const x = yield "i1"; out("got", x); yield "i2"; return "ret"; } finally { out("inner closed"); } } function* outer() { const r = yield* inner(); out("r", r); yield* [10, 20]; yield* "ab"; }
it = outer(); out(it.next(), it.next("sent"), it.next(), it.next(), it.next(), it.next(), it.next()); it = outer(); it.next(); out(it.return("stop"));
it = outer(); it.next(); try { it.throw(new Error("thrown in")); } catch (e) { out(e.message); }
function* fibs() { let [a, b] = [0, 1]; for (; ;) { yield a;[a, b] = [b, a + b]; } } const first = []; for (const f of fibs()) { if (f > 100) break; first.push(f); } out(first);
const re = (function* () { try { re.next(); } catch (e) { yield e.name + ": " + e.message; } })(); out(re.next()); out(Object.prototype.toString.call(it), typeof it.next, it[Symbol.iterator]() === it);
const thrower = { [Symbol.iterator]: () => ({ next() { return 5; } }) }; try { for (const x of thrower); } catch (e) { out(e.name); } try { [...{}]; } catch (e) { out(e.name); }
const noThrow = { [Symbol.iterator]() { return this; }, next() { return { value: 1, done: false }; }, return() { out("closed because no throw"); return {}; } }; it = (function* () { yield* noThrow; })(); it.next(); try { it.throw("x"); } catch (e) { out(e.name); }
function* args() { yield* arguments; } out([...args(1, 2, 3)]); out(Array.from({ length: 3 }, (_, i) => i * 2), Array.from(new Map([["k", 1]])), Object.fromEntries([["a", 1]]));
const m = { *[Symbol.iterator]() { yield 1; yield 2; } }; const [p, ...q] = m; out(p, q, Math.max(...m)); out((function* () { }).constructor.name, (() => { try { new g(); } catch (e) { return e.name; } })());
function* deep(n) { if (n > 0) yield* deep(n - 1); yield n; } out([...deep(50)].length); const lazy = (function* () { out("never before next"); yield 1; })(); out("created"); lazy.next();
const set = new Set([1, 2, 3]); for (const v of set) { if (v < 3) set.add(v + 10); set.delete(v); } out([...set]); const arr = [1, 2, 3]; const seen = []; for (const v of arr) { seen.push(v); if (v < 3) arr.push(v * 10); } out(seen);
const map = new Map([[1, "a"], [2, "b"]]); for (const [k] of map) { if (k === 1) map.delete(2), map.set(3, "c"); } out([...map.keys()]); out([...[1, , 3].entries()], [..."x😀"].length, [...[7, 8].keys()]);
out([1, 2, 3, 4].values().filter((x) => x % 2 == 0).map((x) => x * 10).toArray(), fibs().take(5).toArray(), fibs().drop(3).take(2).reduce((a, b) => a + b));
