// flags: --baseline-calls=4
// What machine code allocates without a call: literals, arrays, closures, scopes, instances. All survive collections, are told apart, and have
// the properties that the interpreter gives them.
"use strict";
function literals(i) { return [{}, { a: i }, { a: i, b: "b", c: [i] }, { x: i + 0.5, y: -i, z: null, w: undefined, v: {} }, []]; }
const kept = [];
for (let i = 0; i < 60000; i++) { const made = literals(i); if (i % 997 === 0) kept.push(made); }
console.log(kept.length, JSON.stringify(kept[5]), JSON.stringify(kept[60]));
console.log(Object.keys(kept[7][3]).join(), Object.getPrototypeOf(kept[7][0]) === Object.prototype, Array.isArray(kept[7][4]), kept[7][4].length);
const grown = kept[3][0];
for (let i = 0; i < 12; i++) grown["p" + i] = i;
console.log(JSON.stringify(grown), JSON.stringify(kept[4][0]));

// Arrays that are appended to.
function squares(n) { const a = []; for (let i = 0; i < n; i++) a.push(i * i); return a; }
function mixed(n) { const a = [, ]; a[1] = n; a[2] = n / 2; a[3] = "s" + n; return a; }
let sum = 0;
for (let i = 0; i < 20000; i++) sum += squares(i % 9).length + mixed(i).length;
console.log(sum, squares(7).join(), mixed(3).join());

// Closures, each with its own scope; the scopes of loops.
function counter(start) { let n = start; return { next: () => n++, reset: () => { n = start; } }; }
const counters = [];
for (let i = 0; i < 30000; i++) { const c = counter(i); c.next(); if (i % 1009 === 0) counters.push(c); }
console.log(counters.map((c) => c.next()).join());
counters[3].reset();
console.log(counters[3].next(), counters[4].next());
function loop(n) { const fs = []; for (let i = 0, j = n; i < n; i++, j--) { fs.push(() => i * 100 + j); } return fs; }
for (let i = 0; i < 3000; i++) loop(5);
console.log(loop(5).map((f) => f()).join());
const f = loop(1)[0];
console.log(typeof f, f.length, f.name === "", "prototype" in f, Object.getPrototypeOf(f) === Function.prototype);
function outer() { return function inner(a, b) { return a + b; }; }
for (let i = 0; i < 3000; i++) outer();
const inner = outer();
console.log(inner.name, inner.length, inner.prototype.constructor === inner, inner !== outer(), new inner() instanceof inner);
function late() { return early(); let x = 1; function early() { return () => x; } }
for (let i = 0; i < 100; i++) late();
try { late()(); } catch (e) { console.log(e.name, e.message); }

// Instances: while their capacity is estimated, after it is settled, with another prototype, of other kinds.
function Point(x, y) { this.x = x; this.y = y; }
Point.prototype.norm = function () { return this.x * this.x + this.y * this.y; };
class Animal { constructor(name) { this.name = name; this.legs = 4; this.a = this.b = this.c = this.d = 1; } }
class Bird extends Animal { constructor(name) { super(name); this.legs = 2; } }
let norm = 0;
const animals = [];
for (let i = 0; i < 20000; i++) {
  norm += new Point(i, 1).norm() % 7;
  const animal = i % 2 ? new Animal("a" + i) : new Bird("b" + i);
  if (i % 2003 === 0) animals.push(animal);
}
console.log(norm, animals.map((a) => a.name + a.legs + (a instanceof Bird)).join());
function make() { return new Point(1, 2); }
for (let i = 0; i < 100; i++) make();
Point.prototype = { norm() { return "replaced"; } };
console.log(make().norm(), make() instanceof Point);
function Odd(v) { if (v) return v; }
const own = {};
for (let i = 0; i < 100; i++) new Odd(own);
console.log(new Odd(own) === own, new Odd(0) instanceof Odd);
function Listed() { return Reflect.construct(Array, [1, 2], Listed); }
for (let i = 0; i < 100; i++) new Listed();
console.log(Array.isArray(new Listed()), new Listed().length, new Listed() instanceof Listed);
