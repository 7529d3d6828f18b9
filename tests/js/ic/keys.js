// Sites with computed keys, `in`, `instanceof`, and characters of strings, through all states.
function site(body) { return new Function("o", "k", "x", body); }
const sym = Symbol("s");
{
  const read = site("return o[k];"), write = site("o[k] = x; return o[k];"), update = site("o[k] += x; return o[k];");
  const objs = [{ a: 1, b: 2, [sym]: 3 }, { b: 4, a: 5 }, { c: 1, [sym]: 6 }, Object.create({ a: 7, [sym]: 8 }), [9, 10], "str", new Uint8Array([1, 2, 3])];
  const keys = ["a", "b", sym, 0, 1, "0", "length", "nope", 1.5, -1, "-1", "a" + "b".slice(1)];
  const look = () => { let r; for (let i = 0; i < 40; i++) r = objs.map((o) => keys.map((k) => read(o, k)).join()).join(";"); return r; };
  console.log(look()); objs[3].a = "own"; delete objs[0].a; Object.getPrototypeOf(objs[3])[sym] = "S"; console.log(look());
  Object.prototype.nope = "N"; Object.prototype[-1] = "M"; console.log(look()); delete Object.prototype.nope; delete Object.prototype[-1]; console.log(look());
  let r; for (let i = 0; i < 40; i++) r = objs.slice(0, 5).map((o) => ["a", sym, 0, "fresh" + i % 3].map((k) => write(o, k, i)).join()).join(";"); console.log(r);
  for (let i = 0; i < 40; i++) r = objs.slice(0, 5).map((o) => ["a", sym, 0].map((k) => update(o, k, 1)).join()).join(";"); console.log(r);
  const frozen = Object.freeze({ a: 1 }); for (let i = 0; i < 40; i++) r = write(frozen, "a", i); console.log(r);
  const acc = { get a() { return "got"; }, set a(v) { this.z = v; } }; for (let i = 0; i < 40; i++) r = write(acc, "a", i) + acc.z; console.log(r);
  for (const o of [null, undefined]) { try { read(o, "a"); } catch (e) { console.log(e.message); } }
}
{
  const has = site("return k in o;");
  const proto = { inherited: 1 }, objs = [{ a: 1 }, { b: 1 }, Object.create(proto), [1, , 3], { get a() { throw 1; } }, new Uint8Array(2)];
  const keys = ["a", "b", "inherited", "length", 0, 1, 7, sym, "in" + "herited".slice(0)];
  const look = () => { let r; for (let i = 0; i < 40; i++) r = objs.map((o) => keys.map((k) => +has(o, k)).join("")).join(); return r; };
  console.log(look()); delete proto.inherited; objs[0][sym] = 1; delete objs[1].b; console.log(look());
  Object.prototype.b = 1; console.log(look()); delete Object.prototype.b; console.log(look());
  const one = site("return 'a' in o;"); let r;
  for (let i = 0; i < 40; i++) r = objs.map((o) => +one(o)).join(""); delete objs[0].a; r += "/" + objs.map((o) => +one(o)).join(""); console.log(r);
  for (const o of [1, "s", null]) { try { has(o, "a"); } catch (e) { console.log(e.name); } }
  const proxy = new Proxy({}, { has(t, k) { return k === "magic"; } }); for (let i = 0; i < 20; i++) r = [has(proxy, "magic"), has(proxy, "a"), has(Object.create(proxy), "magic")].join(); console.log(r);
}
{
  const is = site("return o instanceof k;");
  class A {} class B extends A {} class C {} function F() {} const bound = F.bind(null);
  const objs = [new A(), new B(), new C(), new F(), {}, [], 1, "s", null, undefined, F, Object.create(null), Object.create(Object.create(new B()))];
  const classes = [A, B, C, F, Object, Array, Function, bound];
  const look = () => { let r; for (let i = 0; i < 40; i++) r = objs.map((o) => classes.map((c) => +is(o, c)).join("")).join(); return r; };
  new F(); console.log(look()); const old = F.prototype; F.prototype = { other: 1 }; console.log(look()); F.prototype = old; console.log(look());
  Object.setPrototypeOf(objs[2], A.prototype); Object.setPrototypeOf(B.prototype, C.prototype); console.log(look());
  Object.defineProperty(C, Symbol.hasInstance, { value: () => true, configurable: true }); console.log(look()); delete C[Symbol.hasInstance]; console.log(look());
  const mono = site("return o instanceof k;"); let n = 0; for (let i = 0; i < 100; i++) n += mono(i % 3 ? new B() : {}, B); console.log(n);
  Object.defineProperty(B, Symbol.hasInstance, { value: () => true }); n = 0; for (let i = 0; i < 100; i++) n += mono({}, B); console.log(n);
  const proxy = new Proxy(new A(), { getPrototypeOf() { return C.prototype; } }); console.log(is(proxy, A), is(proxy, C), is(Object.create(proxy), C));
  F.prototype = 5; for (const k of [{}, 1, () => 1, F]) { try { console.log(is({}, k)); } catch (e) { console.log(e.name); } }
}
{
  const at = site("return o[k];"); const flat = "hällo", wide = "x\u0416\u{1F600}y", slice = "0123456789".repeat(9).slice(3, 60); let rope = "ab"; rope += "c".repeat(40);
  let r; for (let i = 0; i < 40; i++) r = [flat, wide, slice, rope].map((s) => [0, 1, 3, 4, 39, 56, 57, -1].map((k) => at(s, k)).join("|")).join(); console.log(r);
  String.prototype[57] = "beyond"; console.log(at(slice, 57), at(slice, 56)); delete String.prototype[57]; console.log(at(slice, 57));
  const o = [1, , 3]; for (let i = 0; i < 40; i++) r = [at(o, 1), at(o, 5), at(o, -1)].join(); console.log(r); Array.prototype[1] = "hole"; console.log(at(o, 1), at(o, 5)); delete Array.prototype[1]; console.log(at(o, 1));
}
{
  class P { #x = 1; static #count = 0; get x() { return this.#x; } bump() { this.#x++; P.#count++; return P.#count; } static has(o) { return #x in o; } }
  class Q extends P { constructor() { super(); this.q = 1; } }
  const objs = [new P(), new Q(), Object.assign(new P(), { z: 1 })]; let r; for (let i = 0; i < 40; i++) r = objs.map((o) => o.bump() + ":" + o.x + P.has(o) + P.has({})).join(); console.log(r);
}
