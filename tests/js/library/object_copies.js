// Copies of objects' properties: spread, rest and Object.assign, of every kind of source and target.
const show = (...values) => console.log(...values.map((o) => Reflect.ownKeys(o).map((k) => {
  const d = Object.getOwnPropertyDescriptor(o, k);
  return String(k) + (d.get || d.set ? "!" : "=" + String(d.value)) + (d.writable === false ? "-w" : "") + (d.enumerable ? "" : "-e") + (d.configurable ? "" : "-c");
}).join(" ") || "empty"));
const symbol = Symbol("s");
class A { x = 1; y = 2; #z = 3; static z(o) { return #z in o; } get g() { return 1; } }
class B extends A { constructor() { super(); for (let i = 0; i < 12; i++) this["p" + i] = i; } }
const many = {}, huge = {};
for (let i = 0; i < 40; i++) many["m" + i] = i;
for (let i = 0; i < 200; i++) huge["h" + i] = i;
const deleted = { a: 1, b: 2, c: 3 }, readded = { a: 1, b: 2, c: 3 }, reconfigured = { a: 1, b: 2 };
delete deleted.b;
delete readded.a; readded.a = 9;
Object.defineProperty(reconfigured, "a", { enumerable: false });
const restored = Object.defineProperty(Object.defineProperty({ a: 1, b: 2 }, "a", { writable: false }), "a", { writable: true });
const sources = {
  empty: {}, one: { a: 1 }, literal: { a: 1, b: 2, c: 3 }, symbols: { a: 1, [symbol]: 2, b: 3 }, indices: { 1: 1, a: 2, 0: 3 }, getter: { get a() { return 7; }, b: 1 },
  method: { f: 1, ["g"]: 2 }, instance: new A(), derived: new B(), noProto: Object.assign(Object.create(null), { n: 1 }), proto: Object.create({ inherited: 1 }, { own: { value: 1, enumerable: true } }),
  many, deleted, readded, reconfigured, restored, frozen: Object.freeze({ a: 1, b: 2 }), sealed: Object.seal({ a: 1 }), closed: Object.preventExtensions({ a: 1, b: 2 }),
  named: { ["__proto__"]: 5, q: 1 }, array: [1, 2], string: "ab", fn: Object.assign(() => 1, { a: 1 }), number: 5,
  proxy: new Proxy({ a: 1, b: 2 }, { ownKeys: () => ["b", "a"], getOwnPropertyDescriptor: (t, k) => ({ value: 1, enumerable: k === "a", configurable: true, writable: true }) }),
};
for (let round = 0; round < 3; round++) {
  for (const [name, source] of Object.entries(sources)) {
    const copy = { ...source }, after = { ...source, z: 1 }, before = { a: 0, ...source }, assigned = Object.assign({}, source), onto = Object.assign({ a: 0, k: 1 }, source);
    const { a, ...rest } = source, { ...all } = source;
    if (round === 2) {
      console.log(name);
      show(copy, after, before, assigned, onto, rest, all);
      console.log(A.z(Object(copy)), A.z(Object(source)), Object.isExtensible(copy), Object.isFrozen(copy), Object.getPrototypeOf(copy) === Object.prototype);
      copy.a = copy.added = assigned.x = all.y = 1;
      show(copy, assigned, all);
    }
  }
}
const copy = { ...huge };
console.log(Object.keys(copy).length, copy.h199, Object.keys(Object.assign({}, huge)).length);

// Assignments call setters and heed what cannot be written; definitions do not.
Object.prototype.trap = 1;
Object.defineProperty(Object.prototype, "readOnly", { value: 1, writable: false, configurable: true });
let seen = 0;
Object.defineProperty(Object.prototype, "setter", { set(v) { seen = v; }, configurable: true });
show(Object.assign({}, { trap: 2, b: 1 }), { ...{ readOnly: 5, setter: 6 } });
try { Object.assign({}, { b: 1, readOnly: 2 }); } catch (e) { console.log(e.constructor.name); }
show(Object.assign({}, { b: 1, setter: 3 }));
console.log(seen);
delete Object.prototype.trap; delete Object.prototype.readOnly; delete Object.prototype.setter;

// Sources that change while they are copied.
const changing = { get a() { delete changing.b; changing.d = 1; return 1; }, b: 2, c: 3 };
show(Object.assign({}, changing), { ...changing });
const target = { set b(v) { source.c = "changed"; } }, source = { a: 1, b: 2, c: 3 };
show(Object.assign(target, source));

// Values that are young, and targets that are old.
const old = [];
for (let i = 0; i < 200; i++) old.push({});
for (let i = 0; i < 200; i++) Object.assign(old[i], { v: { i }, w: "w" + i });
console.log(old.every((o, i) => o.v.i === i && o.w === "w" + i));
