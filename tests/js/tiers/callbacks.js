// flags: --baseline-calls=2 --baseline-iterations=20
// Callbacks of the library's loops: what the loops' results are filled with, arguments that are missing or too many, functions that take turns,
// elements that come and go meanwhile, and numbers that become doubles late.
function log(...parts) { console.log(parts.map((p) => (Array.isArray(p) ? "[" + Array.from(p, (x, i) => (i in p ? (Object.is(x, -0) ? "-0" : String(x)) : "hole")).join() + "]" : String(p))).join(" ")); }
function text(f) { try { return f(); } catch (e) { return e.name; } }
const ints = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], o = {};

// Results of all kinds, and that change their kind on the way.
for (let r = 0; r < 4; r++) ints.map((x) => x + r);
log("kinds", ints.map((x) => x * 2), ints.map((x) => x / 4), ints.map((x) => "s" + x), ints.map((x) => (x < 4 ? x : x / 4)), ints.map((x) => (x < 3 ? x : x < 6 ? x / 8 : x < 8 ? o : -0)), ints.map((x) => (x < 5 ? x / 2 : x)));
log("nan", [0.5, 1.5].map((x) => (x < 1 ? NaN : x)), [0.5, 1.5, 2].map((x) => (x < 1 ? x : x < 2 ? NaN : -0)), ints.map(() => undefined).length);
log("filter", ints.filter((x) => x & 1), ints.filter((x) => x > 20), ints.map((x) => x / 2).filter((x) => x > 2), ["a", o, 1].filter(() => true).length, ints.flatMap((x) => (x < 4 ? [x, x / 2] : [])));
log("holes", [1, , 3].map((x) => x * 2), [, , 1].filter(() => true), [1, , 3].map((x) => x).length, new Array(3).map((x) => 1), [, 1].some((x) => x === undefined), [, 1].findIndex((x) => x === undefined));
const objects = ints.map((x) => ({ x })); for (let r = 0; r < 3; r++) objects.map((v) => ({ v })); log("objects", objects.map((v) => ({ v })).map((w) => w.v.x), objects.every((v, i) => v.x === i + 1));
const full = ints.map((x) => x); full.push("more"); full.length = 3; full.push(7); log("after", full, full.length, ints.map((x) => x).concat([11]).length);

// Species: arrays that are not empty, frozen, of other kinds, or no arrays.
class Mine extends Array {} const mine = Mine.from([1, 2, 3]); log("subclass", mine.map((x) => x * 2), mine.map((x) => x) instanceof Mine, mine.filter((x) => x > 1).constructor.name);
function species(make) { const a = [1, 2, 3]; a.constructor = { get [Symbol.species]() { return make; } }; return a; }
log("species", species(function () { return [9, 9, 9, 9, 9]; }).map((x) => x), species(function () { return [0.5]; }).map((x) => "t" + x), text(() => species(function () { return Object.freeze([]); }).map((x) => x)), text(() => species(function () { return Object.freeze([1, 2, 3]); }).filter((x) => x)));
log("not extensible", text(() => species(function () { return Object.preventExtensions([7]); }).map((x) => x)), text(() => species(function () { return Object.defineProperty([], "length", { writable: false }); }).map((x) => x)), Object.keys(species(function () { return {}; }).map((x) => x)), species(function () { return new Uint8Array(4); }).map((x) => x + 255.7).length);
const proto = []; const heir = Object.create(proto); species(function () { return proto; }).map((x) => x * 3); log("prototype", heir[1], 1 in heir, heir.length, [, 1].map((x) => x), [, , ,].some((x) => true));
Array.prototype[4] = "inherited"; log("inherited", [1, 2, 3, , , 6].map((x) => x), [, , , , ,].filter(() => true), 4 in [], 4 in [1, , ,]); delete Array.prototype[4];
const keyed = (a, b, c) => ({ [a]: 1, [b]: 2, [c]: 3 }); for (let i = 0; i < 30; i++) keyed(i, "k", -1); log("literals", JSON.stringify(keyed(0, 1, 2)), JSON.stringify(keyed(2, 1, "x")), Object.keys(keyed(1, 1, 1)));

// Arguments: too few, too many, kept, by default, at rest.
function times(f) { const out = []; for (let i = 0; i < 30; i++) out[0] = f(i); return out[0]; }
log("arguments", times(() => ints.map(() => 1)), times(() => ints.map((a, b, c, d) => d === undefined && c.length)), times(() => ints.map(function () { return arguments.length; })), times(() => ints.map(function (a, b, c, d, e) { e = 1; return arguments.length + e; })));
log("more", times(() => ints.map((a, b = 5, c, d = 7) => a + b + d)), times(() => ints.map((...r) => r.length)), times(() => ints.map(function (a) { "use strict"; return this; })[0]), times(() => [5].map(function (x) { return this.k + x; }, { k: 1 })), times(() => ints.reduce((p) => p + 1, 0)), times(() => ints.reduceRight((p, x, i, a) => p + i + a.length)));
function few(a, b, c) { let l = a, m = b, n = c; return [l, m, n]; } log("direct", times(() => few(1)), times(() => few()), times(() => few(1, 2, 3, 4, 5)), times(() => (function (a) { let x, y, z; return [a, x, y, z]; })(1, 2, 3, 4, 5, 6)));

// Functions that take turns at one site; natives and others among them.
const add = (k) => (x) => x + k, fs = [add(1), add(2), (x) => x * 3, function (x) { return -x; }];
let turns = 0; for (let i = 0; i < 300; i++) turns += [i].map(fs[i % 4])[0]; log("turns", turns, ints.map(add(5)), ["1", "2"].map(Number), ["a", "b"].map(String.prototype.toUpperCase.call, String.prototype.toUpperCase), ints.map(Math.sqrt).length, [1].map(new Proxy((x) => x + 1, {})), [2].map(fs[0].bind(null)));
let made = 0; for (let i = 0; i < 60; i++) { const here = i; made += ints.reduce((p, x) => p + x + here, 0); } log("closures", made, text(() => ints.map(null)), text(() => ints.map(class {})), text(() => ints.forEach(() => { throw new RangeError(); })));

// Elements that change meanwhile.
const growing = [1, 2, 3]; log("growing", growing.map((x) => (growing.push(x), x)), growing.length); const shrinking = [1, 2, 3, 4]; log("shrinking", shrinking.map((x) => (shrinking.pop(), x)), shrinking.filter((x, i) => (delete shrinking[1], true)));
const turned = [1, 2, 3]; log("turned", turned.map((x, i) => ((turned[2] = i ? "s" : 2.5), x)), [1, 2, 3].map((x, i, a) => ((a.length = 0), x)), [3, 4].map((x, i, a) => (Object.freeze(a), x)));
log("in", [0, 1, 2, -1, 2.5, 4294967295, "1", "x", 1e9].map((k) => k in [7, 8, ,]), [0, 1].map((k) => k in "ab".split("")), [0, 5].map((k) => k in new Uint8Array(3)), [0, 1].map((k) => k in { 0: 1 }), (function () { return [0, 1].map((k) => k in arguments); })(1), text(() => [0].map((k) => k in "ab")), [0, 1].map((k) => k in new Proxy([1], {})));

// Sorting: numbers that become doubles late, and what a comparator may give.
const many = []; let seed = 42; for (let i = 0; i < 60; i++) { seed = (seed * 16807) % 2147483647; many.push(seed); }
const sorted = (a) => a.every((x, i) => i === 0 || !(a[i - 1] > x));
for (let r = 0; r < 3; r++) many.map((x) => x % 100).sort((p, q) => p - q);
log("sorted", sorted(many.slice().sort((p, q) => p - q)), sorted(many.map((x) => x / 3).sort((p, q) => p - q)), sorted(many.map((x) => x % 7).sort((p, q) => (p < q ? -1 : p > q ? 1 : 0))), sorted(many.map(String).sort()), many.toSorted((p, q) => q - p)[0] === Math.max(...many));
log("comparators", [3, 1, 2].sort(() => NaN), [3, 1, 2].sort(() => undefined), [3, 1, 2].sort((p, q) => String(p - q)), [3, 1, 2].sort((p, q) => ({ valueOf: () => p - q })), text(() => [1, 2].sort(() => 1n)), text(() => [1, 2].sort(() => Symbol())), [2, , undefined, 1].sort((p, q) => p - q), [1, 2].sort(() => -0));
const stable = many.map((x, i) => ({ k: x % 5, i })).sort((p, q) => p.k - q.k); log("stable", stable.every((x, i) => i === 0 || stable[i - 1].k < x.k || stable[i - 1].i < x.i), text(() => many.slice().sort((p, q) => { if (p === many[40]) throw new RangeError(); return p - q; })));
function late(n, f) { let s = 0, i = 0; for (; i < n; i++) { s = s + (f ? 0.5 : 1); if (s > 1e6) s -= 1; s = -s; s = -s; } return s < 10.5 ? s * 2 : s / 2; }
for (let i = 0; i < 10; i++) late(30, false); log("late", late(3000, true), late(3000, true), late(30, false), late(20, true), late(3, NaN));
