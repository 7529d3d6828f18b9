// flags: --stack-limit=64K
// large
// Steps of iterations over generators and native iterators take no result objects apart: nothing of that may be seen.
function log(...parts) { console.log(parts.join(" ")); }
function text(f) { try { return String(f()); } catch (e) { return e.name + ": " + e.message; } }
function times(n, f) { let last; for (let i = 0; i < n; i++) last = f(i); return last; }

function* count(n) { for (let i = 0; i < n; i++) yield i; return "end"; }
function sum(it) { let s = 0; for (const x of it) s += x; return s; }
log("for-of", times(50, () => sum(count(100))), sum(count(0)), sum(count(1)));
log("spread", [...count(5)], Math.max(...count(7)), [..."a\u{1F600}b"].length);
log("destructuring", times(50, () => { const [a, , b, ...c] = count(6); return [a, b, c]; }));
log("short", times(50, () => { const [a, b = 7, c = 8] = count(1); return [a, b, c]; }));
log("rest", times(50, () => { const [...all] = count(4); return all; }));

// What is sent, returned and thrown.
function* echo() {
  const got = [];
  try { for (;;) got.push(yield got.length); } catch (e) { got.push("caught " + e); yield "c" + got; } finally { got.push("finally"); }
  return got.join();
}
log("sent", times(50, () => { const g = echo(); const r = [g.next("lost"), g.next(1), g.next(), g.next("x"), g.throw("t"), g.next(), g.next()];
  return JSON.stringify(r); }));
log("returned", times(50, () => { const g = echo(); g.next(); return JSON.stringify([g.return(5), g.next(6), g.return(7)]); }));
log("result objects", times(50, () => { const g = count(1), a = g.next(), b = g.next(); a.more = 1;
  return [Object.keys(a), Object.keys(b), b.value, b.done, Object.getPrototypeOf(a) === Object.prototype]; }));

// Leaving a loop closes the generator.
const events = [];
function* closing() { try { yield 1; yield 2; yield 3; } finally { events.push("closed"); } }
function first(it) { for (const x of it) return x; }
log("break", times(20, () => { for (const x of closing()) if (x === 2) break; return first(closing()); }), events.length);
log("thrown in body", text(() => times(20, () => { for (const x of closing()) if (x === 2) throw new Error("body"); })), events.length);
function* failing(at) { for (let i = 0; ; i++) { if (i === at) throw new RangeError("at " + i); yield i; } }
log("thrown in generator", times(50, () => text(() => sum(failing(3)))), times(20, () => text(() => [...failing(2)])),
  times(20, () => text(() => { const [a, b, c] = failing(1); return a; })));
function caught(n) { const out = []; try { for (const x of failing(n)) out.push(x); } catch (e) { out.push(e.message); } finally { out.push("f"); } return out; }
log("caught", times(50, () => caught(2)));

// A generator that asks itself.
let self;
function* recursive() { yield text(() => self.next()); yield text(() => [...self]); for (const x of self) yield x; }
log("running", times(30, () => { self = recursive(); return [text(() => [...self])]; }));

// yield* passes the inner iterator's result objects on, and asks them once.
const asked = [];
const strange = { [Symbol.iterator]() { return this; }, n: 0,
  next(v) { const n = this.n++; asked.push("next " + v); return { get done() { asked.push("done"); return n === 2; }, get value() { asked.push("value"); return "v" + n; } }; },
  return(v) { asked.push("return"); return { value: v, done: true }; } };
function* outer(inner) { return "got " + (yield* inner); }
function fresh() { strange.n = 0; asked.length = 0; return outer(strange); }
log("yield* for-of", times(30, () => { const out = []; for (const x of fresh()) out.push(x); return out; }), asked);
log("yield* spread", times(30, () => [...fresh()]), asked);
log("yield* next", times(30, () => { const g = fresh(); const a = g.next("p"); return [a.done, a.value, g.next("q").done, JSON.stringify(g.next("r"))]; }), asked);
log("yield* break", times(30, () => first(fresh())), asked);
log("yield* destructuring", times(30, () => { const [a, b] = fresh(); return [a, b]; }), asked);
const throwing = { [Symbol.iterator]() { return this; }, next() { return { done: false, get value() { throw new TypeError("value"); } }; } };
log("yield* throws", times(30, () => text(() => [...outer(throwing)])), times(30, () => text(() => sum(outer(throwing)))),
  times(30, () => { const g = outer(throwing); return [text(() => first(g)), JSON.stringify(g.next && text(() => g.next().value))]; }));
function* nest(n) { if (n > 0) yield* nest(n - 1); yield n; }
log("yield* deep", times(30, () => sum(nest(20))), [...nest(5)]);
log("yield* value", times(30, () => { const g = outer(count(2)); return JSON.stringify([g.next(), g.next(), g.next(), g.next()]); }));
log("yield* array", times(30, () => [...outer([1, 2, , 3])]), [...outer(new Set("ab"))], [...outer("xy")]);
function* relay() { const r = []; try { r.push(yield* echo()); } catch (e) { r.push("out " + e); } return r; }
log("yield* sends", times(30, () => { const g = relay(); return JSON.stringify([g.next(), g.next("a"), g.next(), g.throw("b"), g.next("c"), g.next()]); }));
log("yield* returns", times(30, () => { const g = relay(); g.next(); return JSON.stringify([g.return(9), g.next()]); }));

// Many places of suspension, arguments, `this`, closures.
function* many(a, b) { yield a; yield b; yield arguments.length; yield this.k; yield* [1]; let c = yield () => c; yield c; yield a + b; yield new.target; yield arguments[2]; yield 11; yield 12; }
log("many", times(30, () => { const g = many.call({ k: "k" }, 1, 2, 3); const out = []; for (;;) { const r = g.next("s"); if (r.done) break; out.push(typeof r.value === "function" ? r.value.name : r.value); } return out; }));
function extra() { let s = arguments.length; for (const x of count(3)) s += x; return [s, ...count(2), arguments[4]]; }
log("extra arguments", times(30, () => extra(1, 2, 3, 4, 5)));

// Collections that change while they are gone over.
log("map", times(30, () => { const m = new Map([[1, "a"], [2, "b"], [3, "c"]]); const out = []; for (const [k, v] of m) { out.push(k + v); if (k === 1) { m.delete(2); m.set(4, "d"); } } return out; }));
log("map keys", times(30, () => { const m = new Map([[1, 2], [3, 4]]); const out = []; for (const k of m.keys()) { out.push(k); if (out.length < 40) m.set(100 + out.length, 0); } return out.length; }));
log("map values", times(30, () => { const m = new Map(); for (let i = 0; i < 100; i++) m.set(i, i); let s = 0; for (const v of m.values()) { s += v; for (let j = v + 1; j < 90; j++) m.delete(j); } return s; }));
log("set clear", times(30, () => { const t = new Set([1, 2, 3]); const out = []; for (const x of t) { out.push(x); if (x === 2) { t.clear(); t.add(9); t.add(8); } } return out; }));
log("set again", times(30, () => { const t = new Set([1, 2, 3]); const out = []; for (const x of t) { out.push(x); if (out.length < 9) { t.delete(x); t.add(x); } } return out; }));
log("ended", times(30, () => { const t = new Set([1]), it = t.values(); const a = [...it]; t.add(2); return [a, [...it], JSON.stringify(it.next())]; }));
log("entries", times(30, () => { const it = new Set("ab").entries(); const [x, y] = it; return [x, y, Array.isArray(x)]; }));
log("shared", times(30, () => { const it = new Map([[1, 2], [3, 4], [5, 6]]).keys(); for (const k of it) break; return [[...it]]; }));

// Arrays.
log("array", times(30, () => { const a = [1, 2, 3], out = []; for (const x of a.values()) { out.push(x); if (out.length < 6) a.push(x * 10); } return out; }),
  times(30, () => { const a = [1, 2, 3, 4], out = []; for (const [i, x] of a.entries()) { out.push(i + ":" + x); a.length = 3; } return out; }));
log("holes", times(30, () => { const out = []; for (const x of [1, , 3].values()) out.push(x); for (const k of [, ,].keys()) out.push(k); return JSON.stringify(out); }));
log("getters", times(30, () => { const a = [0, 1, 2]; Object.defineProperty(a, 1, { get() { a.push(7); return "g" + a.length; } }); return [...a.values()]; }),
  text(() => { const a = [0]; Object.defineProperty(a, 0, { get() { throw new Error("getter"); } }); return [...a.values()]; }));
log("typed", times(30, () => { let s = 0; for (const [i, x] of new Uint8Array([5, 6, 7]).entries()) s += i * x; return s; }),
  text(() => { const b = new ArrayBuffer(8, { maxByteLength: 16 }), t = new Uint8Array(b, 4); for (const x of t) b.resize(2); return "no"; }).split(":")[0]);
log("array-like", [...Array.prototype.values.call({ length: 2, 0: "p", 1: "q" })], [...[].keys.call("abc")]);
log("strings", times(30, () => { const out = []; for (const c of "a\u{10437}\uD801z") out.push(c.length); return out; }));

// From Rust.
log("library", Array.from(count(4)), new Set(count(3)).size, new Map([...count(2)].map(x => [x, x])).size, Object.fromEntries(new Map([["a", 1]])).a,
  Array.from(new Map([[1, 2]]).values(), x => x * 2), new Set(new Set([1, 2]).values()).size, text(() => new Set(failing(2))), text(() => new Map(count(2))));
log("library closes", (() => { const before = events.length; const r = text(() => new Map(closing())); return [r, events.length - before]; })());
log("library yield*", new Set(fresh()).size, asked, Array.from(outer(count(2))), text(() => new Set(outer(throwing))));
let inside; const busy = (function* () { yield text(() => new Set(inside)); })(); inside = busy;
log("library running", [...busy]);

// Another `next`: on the generator, in the middle, on the prototypes.
log("own next", times(30, () => { const g = count(5); g.next = () => ({ done: g.k++ > 1, value: "mine" }); g.k = 0; return [...g]; }));
log("later next", times(30, () => { const g = count(3); const out = []; for (const x of g) { out.push(x); g.next = null; } return out; }));
log("foreign next", text(() => { const g = count(2); g.next = new Map().keys().next; return [...g]; }).split(":")[0],
  text(() => { const it = new Set([1]).values(); it.next = new Map().keys().next; for (const x of it) return x; }).split(":")[0],
  text(() => { const it = [1].values(); it.next = count(0).next; return [...it]; }).split(":")[0]);
const protos = [count.prototype.__proto__, Object.getPrototypeOf(new Map().keys()), Object.getPrototypeOf(new Set().keys()), Object.getPrototypeOf([].keys()), Object.getPrototypeOf(""[Symbol.iterator]())];
function all() { return [sum(count(3)), [...new Map([[1, 2]])], [...new Set([3])], [...[4].values()], [..."5"], Array.from(count(2)), [...outer(count(2))]].join("|"); }
log("before", times(20, all));
for (const proto of protos) {
  const original = proto.next; let calls = 0;
  proto.next = function (...args) { calls++; return original.apply(this, args); };
  log("replaced", times(20, all), calls);
  proto.next = original;
}
log("after", times(20, all));

// Depth.
function* descend(n) { if (n > 0) for (const x of descend(n - 1)) yield x + 1; else yield 0; }
log("nested for-of", times(20, () => sum(descend(30))), first(descend(200)));
function* forever() { for (const x of forever()) yield x; }
log("overflow", text(() => sum(forever())).split(":")[0], text(() => [...forever()]).split(":")[0]);
function* viaNext(n) { if (n > 0) { const g = viaNext(n - 1); for (;;) { const r = g.next(); if (r.done) break; yield r.value + 1; } } else yield 0; }
log("nested next", times(10, () => sum(viaNext(25))));
// Objects that move.
function* boxes(n) { for (let i = 0; i < n; i++) { const box = { i, next: { i: i + 1 } }; yield box; if (box.next.i !== i + 1) throw new Error("moved"); } }
let kept = []; let total = 0;
for (const b of boxes(3000)) { total += b.i + b.next.i; if (b.i % 100 === 0) kept.push(b, "x".repeat(b.i % 7)); }
log("moving", total, kept.length, kept[58].i);
