// The short ways of library functions and literals over plain arrays and objects, and what must lead off them.
const log = (...a) => console.log(...a);

// Callbacks over packed, holey, double and growing arrays.
function run(name, a) {
  log(name, a.map((x) => x * 2), a.filter((x) => x > 1), a.reduce((p, x) => p + x, 0), a.some((x) => x === 3));
  let seen = 0;
  a.forEach(() => seen++);
  log(seen, 0 in a, 1 in a, 5 in a, -1 in a, 1.5 in a, "1" in a, "length" in a);
}
for (let i = 0; i < 30; i++) {
  const quiet = i < 29;
  const f = quiet ? () => {} : log;
  f([1, 2, 3].map((x) => x + 0.5).map((x) => (x > 2 ? "s" + x : x)));
}
run("int32", [1, 2, 3]);
run("double", [1.5, 2.5, 3]);
run("holey", [1, , 3]);
run("holey double", [1.5, , 3]);
Array.prototype[1] = 7;
run("filled from the prototype", [1, , 3]);
delete Array.prototype[1];
log([1, 2, 3, 4].map((x, i, a) => { if (i === 0) a.pop(); return x; }));
log([1, 2].map((x, i, a) => { if (i === 0) a[5] = 1; return x; }).length);
class Mine extends Array {}
log(Mine.from([1, 2]).map((x) => x) instanceof Mine);
const frozen = class extends Array { static get [Symbol.species]() { return function () { return Object.freeze([0]); }; } };
try { frozen.from([1]).map((x) => x); } catch (e) { log(e.constructor.name); }
const short = class extends Array { static get [Symbol.species]() { return function () { return [9, , 9]; }; } };
log(short.from([1, 2, 3, 4]).map((x) => x / 2));

// Spread and destructuring, before and after a script has looked at the iterator's `next`, and after it has replaced it.
function spread(a) { const [x, y] = a; return [x, y, ...a]; }
for (let i = 0; i < 30; i++) spread([i, i]);
log(spread([1, 2]));
const proto = Object.getPrototypeOf([][Symbol.iterator]());
const next = proto.next;
log(typeof next, spread([3, 4]));
let calls = 0;
proto.next = function () { calls++; return next.call(this); };
let got = spread([5, 6]);
proto.next = next;
log(got, calls, spread([7, 8]), calls);
const values = Array.prototype[Symbol.iterator];
Array.prototype[Symbol.iterator] = function* () { yield "own"; };
got = spread([1]);
Array.prototype[Symbol.iterator] = values;
log(got, spread([1]));
const own = [1, 2];
own[Symbol.iterator] = function* () { yield 8; };
log(spread(own));
Object.defineProperty(proto, "next", { get() { calls += 100; return next; }, configurable: true });
got = spread([1, 2]);
Object.defineProperty(proto, "next", { value: next, writable: true, configurable: true });
log(got, calls);
calls = 0;
log(spread([1, 2]), calls);

// Object spread: order, getters, hidden and symbol properties, setters of prototypes, the target's own properties.
const s = Symbol("s");
function copy(o) { return { z: 0, ...o, last: 1 }; }
const hidden = Object.defineProperty({ a: 1, b: 2 }, "h", { value: 3, enumerable: false });
for (let i = 0; i < 30; i++) { copy({ a: i }); copy(hidden); }
log(copy({ b: 1, a: 2 }), copy(hidden), copy({ z: 5 }), copy({ 1: 1, a: 2 }));
log(copy({ get g() { return "got"; }, x: 1 }), Reflect.ownKeys(copy({ [s]: 1, a: 2 })).map(String));
log(copy("ab"), copy(null), copy([1]), copy(new Proxy({ p: 1 }, {})));
class P { #x = 1; y = 2; }
log(copy(new P()));
log(Object.keys({ __proto__: null, ...{ ["__proto__"]: 1 } }));

// Generators: several places to come back to, from loops and by hand.
function* g(n) { let got = yield "first"; for (let i = 0; i < n; i++) got = yield [i, got]; try { yield "in"; } finally { yield "out"; } return "end"; }
for (let i = 0; i < 30; i++) for (const x of g(i)) if (i === 3) log(x);
const it = g(2);
log(it.next("ignored").value, it.next("a").value, it.next("b").value, it.next().value, it.return(5), it.next(), it.next());
function* outer() { const r = yield* g(1); return yield r; }
log([...outer()]);

// Forwarded arguments objects.
function target(...a) { return a.length + ":" + a; }
function pass() { return target.apply(null, arguments); }
function strict() { "use strict"; return Reflect.apply(target, null, arguments); }
function mapped(a, b) { a = "changed"; return target.apply(null, arguments); }
for (let i = 0; i < 30; i++) { pass(i, i); strict(i); mapped(i, i, i); }
log(pass(), pass(1), pass(1, 2, 3), strict(), strict(1, 2), mapped(1), mapped(1, 2, 3));
function shorter() { arguments.length = 1; return target.apply(null, arguments); }
function longer() { arguments.length = 4; arguments[2] = "x"; return target.apply(null, arguments); }
function holed() { delete arguments[0]; return target.apply(null, arguments); }
function odd() { arguments.length = "2"; return target.apply(null, arguments); }
function watched() { Object.defineProperty(arguments, "length", { get() { return 1; } }); return target.apply(null, arguments); }
function element() { Object.defineProperty(arguments, 0, { get() { return "got"; } }); return target.apply(null, arguments); }
log(shorter(1, 2), longer(1, 2), holed(1, 2), odd(1, 2, 3), watched(1, 2), element(1, 2));
Object.prototype[3] = "inherited";
got = [longer(1, 2), pass(1)];
delete Object.prototype[3];
log(got);

// Maps and sets from hot sites: keys that are the same, deletion under an iterator, receivers of other kinds.
function fill(m, s, k, v) { return [m.set(k, v) === m, s.add(k) === s, m.size, s.size]; }
function drop(m, s, k) { return [m.delete(k), m.delete(k), s.delete(k), s.delete(k)]; }
const m = new Map(), set = new Set();
for (let i = 0; i < 40; i++) fill(m, set, i & 7, i);
log(fill(m, set, -0, "zero"), [...m.keys()].map((k) => Object.is(k, -0)).includes(true), m.get(0));
log(fill(m, set, NaN, 1), fill(m, set, 0 / 0, 2), fill(m, set, "a" + "b", 3), fill(m, set, "ab", 4), fill(m, set, 2.5 * 2, 5), fill(m, set, 10n, 6), fill(m, set, 9n + 1n, 7));
for (let i = 0; i < 40; i++) drop(m, set, i + 100);
log(drop(m, set, NaN), drop(m, set, "ab"), drop(m, set, 10n), drop(m, set, 5), m.size, set.size);
const order = [];
for (const k of set) { order.push(k); drop(m, set, k); if (k < 3) fill(m, set, k + 50, 0); }
log(order, m.size, set.size);
for (const wrong of [new Set(), new WeakMap(), {}, 1]) {
  try { Map.prototype.set.call(wrong, {}, 1); log("set"); } catch (e) { log(e.constructor.name); }
  try { fill(wrong, set, {}, 1); log("fill"); } catch (e) { log(e.constructor.name); }
}
const big = new Map();
for (let i = 0; i < 5000; i++) { fill(big, set, { i }, i); if (i % 3) big.delete(i); }
log(big.size, set.size);
