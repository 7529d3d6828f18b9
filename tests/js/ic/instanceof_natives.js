// `instanceof` with constructors of the library, at sites that have learnt them, and what changes their answers.
const log = (...values) => console.log(...values);
const kind = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
const is = Array.from({ length: 8 }, () => Function('v', 'C', 'return v instanceof C'));
const values = [[], {}, new Map, /x/, new Error, new TypeError, () => {}, function () {}, 5, 'text', null, Symbol(), new Number(1), Object.create(null), new Proxy([], {}), new (class extends Array {})];
const constructors = [Array, Object, Map, RegExp, Error, TypeError, Function, Number];
constructors.forEach((C, i) => log(C.name, times(40, () => values.map(v => is[i](v, C))).join()));
// Many at one site.
const all = (v, C) => v instanceof C;
log(times(40, () => constructors.map(C => values.map(v => all(v, C)).filter(x => x).length)).join());
// Bound functions ask their target, whatever `prototype` they have; natives without one throw, and say what they are told once they have one.
const bound = Array.bind(null), max = Math.max, to = (v, C) => v instanceof C;
bound.prototype = Map.prototype;
log(times(40, () => [to([], bound), to(new Map, bound), to([], Array), kind(() => to([], max)), kind(() => to(1, max))]).join());
max.prototype = Map.prototype;
log(times(40, () => [to([], bound), to(new Map, bound), to(new Map, max), to([], max)]).join());
max.prototype = Array.prototype;
log(times(40, () => [to(new Map, max), to([], max)]).join());
Object.defineProperty(max, 'prototype', { get() { return Map.prototype; }, configurable: true });
log(times(40, () => [to(new Map, max), to([], max)]).join());
Object.defineProperty(max, 'prototype', { value: 5 });
log(times(40, () => [kind(() => to(new Map, max)), kind(() => to(1, max))]).join());
// A handler of its own, and the prototype of a constructor's instances.
log(times(40, () => all([], Map)), (Object.defineProperty(Map, Symbol.hasInstance, { value: v => v === 5, configurable: true }), times(40, () => [all(5, Map), all(new Map, Map)]).join()), (delete Map[Symbol.hasInstance], times(40, () => [all(5, Map), all(new Map, Map)]).join()));
const o = Object.setPrototypeOf({}, RegExp.prototype);
log(times(40, () => all(o, RegExp)), (Object.setPrototypeOf(o, null), times(40, () => all(o, RegExp))), (Object.setPrototypeOf(RegExp.prototype, Array.prototype), times(40, () => [all(/x/, Array), all(/x/, RegExp)]).join()));
// A getter of `prototype` is called for objects only.
let asked = 0; const arrow = () => {};
for (const f of [arrow, Math.min]) Object.defineProperty(f, 'prototype', { get() { asked++; return Map.prototype; } });
log(times(40, () => [1, 'a', null, undefined, Symbol(), 1n].map(v => [arrow, Math.min].map(f => v instanceof f)).join()), asked, times(3, () => [new Map, {}].map(v => [arrow, Math.min].map(f => v instanceof f)).join()), asked);
