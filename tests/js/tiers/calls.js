// flags: --baseline-calls=4
// Calls of all kinds between the tiers: arguments, receivers, results, tail calls.
"use strict";
function arity(a, b = 7, ...rest) { return [a, b, rest.length, arguments.length].join(); }
function sloppyish() { return typeof this; }
const seen = new Set();
for (let i = 0; i < 30; i++) {
  seen.add(arity()); seen.add(arity(1)); seen.add(arity(1, 2)); seen.add(arity(1, 2, 3, 4));
  seen.add(arity.call(null, i % 2)); seen.add(arity.apply(null, [5, 6, 7])); seen.add(Reflect.apply(arity, null, [8]));
  seen.add(arity.bind(null, 9)(10)); seen.add(arity(...[1, 2, 3])); seen.add(sloppyish()); seen.add(sloppyish.call(1));
}
console.log([...seen].join(" | "));
// Strict tail calls: a function that stays in the interpreter (its own each time) and one that is compiled, in turn.
function even(n) { return n === 0 ? "even" : odd(n - 1); }
function odd(n) { return n === 0 ? "odd" : even(n - 1); }
console.log(even(1000000), odd(1000001));
function alternate(n) { return n <= 0 ? "end" : new Function("f", "n", "'use strict'; return f(n - 1);")(alternate, n); }
console.log(alternate(3000));
const bound = function (n) { return n === 0 ? "bound" : bound(n - 1); }.bind(null);
console.log(bound(20000));
// Polymorphic and megamorphic targets, natives among them.
const targets = [(x) => x + 1, (x) => x * 2, Math.sqrt, String, (x) => [x], function (x) { return typeof this + x; }, Math.abs, Number];
let text = "";
for (let i = 0; i < 80; i++) text += targets[i % targets.length](i % 17) + ";";
console.log(text.length, text.slice(0, 60));
// Natives that have code of their own, with what they usually do not get.
function math(x, y) { return [Math.floor(x), Math.ceil(x), Math.trunc(x), Math.sqrt(x), Math.abs(x), Math.max(x, y), Math.min(x, y), Math.imul(x, y)].map((v) => Object.is(v, -0) ? "-0" : v).join(); }
for (let i = 0; i < 20; i++) math(i, i + 1);
for (const [x, y] of [[2.5, 1], [-2.5, 3], [-0.5, 0], [0, -0], [-0, 0], [NaN, 1], [1, NaN], [Infinity, -Infinity], [-2147483648, 2147483647], [4294967297.5, 3], ["7", "8"], [{ valueOf: () => 3 }, 2], [undefined, null]]) console.log(math(x, y));
function strings(s, i) { return s.charCodeAt(i); }
for (let i = 0; i < 20; i++) strings("abc", i % 3);
console.log([strings("abc", 1), strings("abc", 3), strings("abc", -1), strings("a\u1234", 1), strings("x".repeat(40) + "y", 40), strings(("ab" + "c".repeat(50)).slice(1), 0), strings("abc", 1.9), strings("abc", "2"), strings(new String("zz"), 0)].join());
function arrays(a, v) { const n = a.push(v); return n + ":" + a.pop(); }
for (let i = 0; i < 20; i++) arrays([1, 2], i);
const frozen = Object.freeze([1]);
console.log(arrays([], 1), arrays([1, , ], 2), arrays({ length: 2, push: Array.prototype.push, pop: Array.prototype.pop }, 5));
try { arrays(frozen, 1); } catch (e) { console.log(e.constructor.name); }
function maps(m, k) { return m.get(k) + "," + m.has(k); }
const m = new Map([[1, "one"], ["a", "A"], [NaN, "nan"], [0, "zero"]]);
for (let i = 0; i < 20; i++) maps(m, i);
console.log(maps(m, 1.0), maps(m, "a"), maps(m, NaN), maps(m, -0), maps(new Map(), 1));
// Constructors: base, derived, with fields, returning objects, new.target.
function Point(x, y) { this.x = x; if (y !== undefined) this.y = y; }
class A { f = 1; #p = 2; constructor(v) { this.v = v; } get p() { return this.#p; } static s = new.target === undefined; }
class B extends A { g = this.f + 1; constructor(v) { super(v); this.w = new.target.name; } }
function Odd() { return { odd: true }; }
function Prim() { this.q = 1; return 5; }
let made;
for (let i = 0; i < 40; i++) made = [new Point(i, i % 2 ? i : undefined), new A(i), new B(i), new Odd(), new Prim()];
console.log(JSON.stringify(made), made[2].p, made[2].w, A.s, made[0] instanceof Point, Reflect.construct(A, [3], B) instanceof B);
