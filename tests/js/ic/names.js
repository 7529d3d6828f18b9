// Sites of named properties: one shape, several, too many; prototypes that change under them; deletion; shapes that die.
function shaped(n) { const o = {}; for (let i = 0; i < n; i++) o["f" + i] = i; o.v = 100 + n; return o; }
function get(o) { return o.v; }
function set(o, x) { o.v = x; return o.v; }
function add(o, x) { o.fresh = x; return o; }
function sum(objs, times) { let s = 0; for (let k = 0; k < times; k++) for (const o of objs) s += get(o); return s; }
for (const shapes of [1, 2, 4, 6, 7, 12, 40]) {
  const objs = []; for (let i = 0; i < shapes; i++) objs.push(shaped(i));
  console.log(shapes, sum(objs, 300 / shapes | 0), objs.map((o, i) => set(o, i * i)).join());
  for (let r = 0; r < 40; r++) for (let i = 0; i < shapes; i++) set(objs[i], r * i);
  console.log(objs.map(get).join(), Object.keys(add(objs[shapes - 1], 5)).length, objs[shapes - 1].fresh);
}
// A function of its own for each state of the site, so that no state hides another.
function site(body) { return new Function("o", "x", body); }
// Prototype chains: values, replaced values, shadowing, deletion, another prototype.
{
  const read = site("return o.p;");
  const root = { p: "root" }, mid = Object.create(root), leaf = Object.create(mid), other = Object.create(mid); other.q = 1;
  const look = () => { let r; for (let i = 0; i < 60; i++) r = read(leaf) + "/" + read(other); return r; };
  console.log(look()); root.p = "changed"; console.log(look()); mid.p = "mid"; console.log(look());
  leaf.p = "own"; console.log(look()); delete leaf.p; console.log(look()); delete mid.p; console.log(look());
  delete root.p; console.log(look()); root.p = "back"; console.log(look());
  Object.setPrototypeOf(other, { p: "else" }); console.log(look());
  Object.setPrototypeOf(mid, { p: "above" }); console.log(look());
  Object.defineProperty(mid, "p", { get() { return this === leaf ? "getter:leaf" : "getter"; }, configurable: true }); console.log(look());
  Object.defineProperty(mid, "p", { value: "data" , configurable: true }); console.log(look());
}
// Missing properties that appear.
{
  const read = site("return o.nowhere;");
  const objs = [{}, { a: 1 }, { b: 1 }, { c: 1 }, Object.create(null), [], function () {}];
  const look = () => { let r; for (let i = 0; i < 60; i++) r = objs.map((o) => read(o)).join(); return r; };
  console.log(look()); Object.prototype.nowhere = "P"; console.log(look());
  Array.prototype.nowhere = "A"; console.log(look()); delete Object.prototype.nowhere; delete Array.prototype.nowhere; console.log(look());
}
// Getters and setters, own and inherited, several shapes.
{
  const read = site("return o.acc;"), write = site("'use strict'; o.acc = x; return o.log;");
  class A { constructor() { this.log = 0; } get acc() { return "A" + this.log; } set acc(v) { this.log += v; } }
  class B extends A { constructor() { super(); this.b = 1; } }
  class C extends A { constructor() { super(); this.c = 1; } get acc() { return "C" + super.acc; } set acc(v) { super.acc = v * 2; } }
  const own = { log: 1, get acc() { return "own" + this.log; }, set acc(v) { this.log -= v; } };
  const objs = [new A(), new B(), new C(), own];
  let r; for (let i = 0; i < 60; i++) r = objs.map((o) => write(o, i) + read(o)).join(); console.log(r);
  Object.defineProperty(A.prototype, "acc", { get() { return "only"; }, configurable: true });
  for (const o of objs) { try { console.log(write(o, 1), read(o)); } catch (e) { console.log(e.name, read(o)); } }
}
// Writes: read-only, frozen, added while a setter or a read-only property lies on the chain, shapes out of line.
{
  const write = site("o.w = x; return o.w;"), strictly = site("'use strict'; o.w = x; return o.w;");
  const plain = () => ({}), wide = () => { const o = {}; for (let i = 0; i < 30; i++) o["k" + i] = i; return o; };
  let r; for (let i = 0; i < 60; i++) r = [write(plain(), i), write(wide(), i), write({ w: 0 }, i), write({ a: 1, w: 0 }, i)].join(); console.log(r);
  const frozen = Object.freeze({ w: "f" }), inherits = Object.create(frozen);
  for (let i = 0; i < 30; i++) r = [write(frozen, i), write(inherits, i)].join(); console.log(r);
  for (const o of [frozen, inherits, Object.preventExtensions({})]) { try { for (let i = 0; i < 30; i++) strictly(o, i); console.log("no throw"); } catch (e) { console.log(e.name); } }
  Object.defineProperty(Object.prototype, "w", { set(v) { Object.prototype.seen = v; }, get() { return "set" + this.seen; }, configurable: true });
  console.log(write(plain(), 7), write(wide(), 8), write({ w: 0 }, 9)); delete Object.prototype.w; delete Object.prototype.seen;
  console.log(write(plain(), 7), write(wide(), 8));
}
// Receivers that are no objects; lengths.
{
  const read = site("return o.length;"), method = site("return o.toString();"), any = site("return o.zzz;");
  const things = ["abc", [1, 2], new Uint8Array(7), { length: "l" }, function (a, b, c) {}, new String("four"), "x".repeat(40).slice(1)];
  let r; for (let i = 0; i < 60; i++) r = things.map((o) => read(o)).join(); console.log(r);
  const prims = [1, 2.5, true, "s", Symbol("q"), 10n, {}, [3]];
  for (let i = 0; i < 60; i++) r = prims.map((o) => method(o)).join(); console.log(r);
  Number.prototype.zzz = "N"; String.prototype.zzz = "S"; for (let i = 0; i < 60; i++) r = prims.map((o) => any(o)).join(); console.log(r);
  String.prototype.zzz = "S2"; delete Number.prototype.zzz; for (let i = 0; i < 60; i++) r = prims.map((o) => any(o)).join(); console.log(r);
  delete String.prototype.zzz; console.log(prims.map((o) => any(o)).join());
  for (const o of [null, undefined]) { try { any(o); } catch (e) { console.log(e.message); } try { site("o.zzz = 1;")(o); } catch (e) { console.log(e.message); } }
  Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), "length", { get() { return "patched"; }, configurable: true });
  for (let i = 0; i < 60; i++) r = things.map((o) => read(o)).join(); console.log(r);
}
// Shapes that die while sites remember them: each round's shapes are garbage in the next.
{
  const read = site("return o.p + o.q;"); let total = 0;
  for (let round = 0; round < 40; round++) {
    const made = []; for (let i = 0; i < 5; i++) { const o = {}; o["r" + round + "_" + i] = 1; o.p = i; o.q = round; made.push(o); }
    for (let k = 0; k < 5; k++) for (const o of made) total += read(o);
    if (typeof gc === "function") gc();
  }
  console.log(total);
}
// Objects that turn into dictionaries and back; deletion in the middle.
{
  const read = site("return o.keep;"); const o = { keep: 1 }; let r = 0;
  for (let i = 0; i < 200; i++) { o["t" + i] = i; r += read(o); } for (let i = 0; i < 200; i++) { delete o["t" + i]; r += read(o); }
  console.log(r); o.keep = 5; console.log(read(o)); delete o.keep; console.log(read(o));
}
