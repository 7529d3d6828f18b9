// delete at hot sites: of the property that came last, of others, of none, of what cannot go; by name and by key.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
const shown = o => Reflect.ownKeys(o).map(k => String(k) + '=' + String(o[k])).join();
const last = o => delete o.t, key = (o, k) => delete o[k], strict = o => { 'use strict'; return delete o.t; }, strictKey = (o, k) => { 'use strict'; return delete o[k]; };
log(times(50, i => { const o = { a: i, t: 1 }; return [last(o), shown(o), 't' in o, last(o), shown(o)].join(' '); }));
log(times(50, i => { const o = { a: 1 }; o.t = i; o.b = 2; return [last(o), shown(o), (o.t = 3, shown(o)), last(o), shown(o)].join(' '); }));
log(times(50, i => { const o = {}; for (let j = 0; j < 20; j++) o['p' + j] = j; o.t = i; const r = [last(o), Object.keys(o).length, o.p19]; o.u = 'u'; return [...r, o.u, o.t, shown(o).length].join(); }));
log(times(50, i => { const o = { x: 1, t: { deep: i } }; const t = o.t; last(o); o.t2 = 5; return [t.deep, shown(o), o.t].join(' '); }));
for (const o of [[], [1], 'text', 5, function () {}, new Map(), new Date(0), new Uint8Array(2), new String('s'), new Proxy({ t: 1 }, {}), Object.create({ t: 'inherited' })])
  log(times(30, () => guarded(() => last(o))), times(30, () => guarded(() => key(o, 'length'))), times(30, () => guarded(() => strictKey(o, 'length'))), times(30, () => guarded(() => key(o, 0))), o.t);
log(guarded(() => last(null)), guarded(() => last(undefined)), guarded(() => key(null, 't')));
const fixed = Object.defineProperty({}, 't', { value: 1 }), frozen = Object.freeze({ t: 1 }), sealed = Object.seal({ a: 1 });
log([fixed, frozen, sealed].map(o => [times(30, () => last(o)), times(30, () => guarded(() => strict(o)))].join()).join(' '), shown(fixed) + shown(frozen));
const accessor = i => ({ n: i, get t() { return this.n; }, set t(v) { this.n = v; } });
log(times(40, i => { const o = accessor(i); const before = o.t; return [before, last(o), o.t, (o.t = 'data', o.t), shown(o)].join(); }));
const unextensible = () => { const o = { a: 1, t: 2 }; return Object.preventExtensions(o); };
log(times(40, () => { const o = unextensible(); return [last(o), shown(o), guarded(() => { 'use strict'; o.t = 1; }), Object.isExtensible(o)].join(); }));
const symbol = Symbol('s'), names = ['a', 'b', symbol, 'c', '0', 'none'];
log(times(60, i => { const o = { a: 1, b: 2 }; o[symbol] = 3; o.c = 4; o[0] = 5; const r = []; for (let j = names.length - 1; j >= 0; j--) r.push(key(o, names[j]), Reflect.ownKeys(o).length); return r.join(); }));
log(times(40, i => { const o = { ['a' + 1]: 1 }; return [key(o, 'a' + 1), key(o, 'a' + 1), shown(o)].join(); }));
// Objects that are prototypes, and reads of what is gone.
const proto = { keep: 1 }; proto.t = 'from proto';
const child = Object.create(proto), read = o => o.t;
log(times(30, () => read(child)), last(proto), times(30, () => read(child)), (proto.t = 'again', times(30, () => read(child))), last(proto), read(child));
const shadow = Object.create({ t: 'under' });
log(times(50, i => { shadow.t = i; const over = read(shadow); last(shadow); return over + read(shadow); }));
// Many shapes, dictionaries, classes.
const many = Array.from({ length: 30 }, (_, i) => i);
log(times(20, round => many.map(i => { const o = { ['m' + i]: 1 }; o.t = round; return +last(o) + Object.keys(o).length; }).join('')));
const big = {}; for (let i = 0; i < 3000; i++) big['k' + i] = i;
log(times(40, i => { big.t = i; return last(big); }), times(40, i => key(big, 'k' + i)), Object.keys(big).length);
class C { constructor() { this.a = 1; this.t = 2; } drop() { return delete this.t; } }
log(times(60, () => { const c = new C(); c.drop(); return shown(c) + Object.keys(new C()); }), times(30, () => { const f = function () {}; return [delete f.name, delete f.prototype, delete f.length, 'name' in f, Object.hasOwn(f, 'prototype')].join(); }));
class P { #t = 1; t = 2; has() { return #t in this; } } log(times(30, () => { const p = new P(); return last(p) + ' ' + p.has() + shown(p); }));
globalThis.t = 1; log(times(1, () => last(globalThis)), typeof t, times(20, () => last(globalThis)));
