// Getters and setters of primitives, of callers that keep extra arguments, and of `super` at sites that have met many bases.
// large
const log = (...values) => console.log(...values);
const kind = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
const show = v => typeof v + (v === null || typeof v !== 'object' ? '' : ' ' + Object.prototype.toString.call(v));

// Primitives: strict functions get the primitive, sloppy ones its wrapper; natives and bound functions too.
const got = [];
const define = (C, name, descriptor) => Object.defineProperty(C.prototype, name, { configurable: true, ...descriptor });
for (const C of [Number, Boolean, String, Symbol, BigInt]) {
  define(C, 'strict', { get() { 'use strict'; return show(this); }, set(v) { 'use strict'; got.push(show(this), v); } });
  define(C, 'sloppy', { get() { return show(this); }, set(v) { got.push(show(this), v); } });
  define(C, 'native', { get: C.prototype.valueOf });
  define(C, 'bound', { get: function () { return show(this); }.bind('bound'), set: function (v) { got.push(show(this), v); }.bind(1) });
  define(C, 'onlyRead', { get() { return 'read'; } });
  define(C, 'onlyWrite', { set(v) { got.push('written', v); } });
  define(C, 'data', { value: 'data', writable: true });
  define(C, 'fixed', { value: 'fixed', writable: false });
  define(C, 'method', { value() { 'use strict'; return show(this); } });
}
const primitives = [5, -0, 1.5, NaN, true, false, 'text', 'a' + 'b'.repeat(3), Symbol('s'), 7n];
function reads(v) { return [v.strict, v.sloppy, String(v.native), v.bound, v.onlyRead, v.onlyWrite, v.data, v.fixed, v.missing, v.method(), typeof v.length, v.constructor.name].join(); }
function writes(v) { v.strict = 1; v.sloppy = 2; v.bound = 3; v.onlyRead = 4; v.onlyWrite = 5; v.data = 6; v.fixed = 7; v.missing = 8; v.length = 9; const r = got.join(); got.length = 0; return r; }
function strictWrites(v) {
  'use strict';
  const r = [kind(() => v.strict = 1), kind(() => v.sloppy = 2), kind(() => v.bound = 3), kind(() => v.onlyRead = 4), kind(() => v.onlyWrite = 5), kind(() => v.data = 6), kind(() => v.fixed = 7), kind(() => v.missing = 8), kind(() => v.length = 9)];
  got.length = 0;
  return r.join();
}
for (const v of primitives) log(times(40, () => reads(v)), times(40, () => writes(v)), times(40, () => strictWrites(v)));
// All at one site, with objects among them, and what has no properties.
const mixed = [...primitives, { strict: 'own' }, Object(5), new String('x'), null, undefined, [], () => {}];
for (let turn = 0; turn < 30; turn++) { const r = mixed.map(v => kind(() => v.strict)).join(); if (turn === 29) log(r); }
for (let turn = 0; turn < 30; turn++) { const r = mixed.map(v => kind(() => v.sloppy = turn)).join(); if (turn === 29) log(r, got.length); }
got.length = 0;
// What is found changes.
const half = v => v.half, put = (v, x) => { v.half = x; return got.splice(0).join(); };
log(half(4), put(4, 1));
define(Object, 'half', { get() { return 'of Object'; }, set(v) { got.push('of Object', v); } });
log(times(30, () => half(4)), times(30, i => put(4, i)), times(30, () => half(true)), times(30, () => half('s')), times(30, i => put('s', i)));
define(Number, 'half', { get() { return this / 2; }, set(v) { got.push('of Number', v); } });
log(times(30, () => half(4)), times(30, i => put(4, i)), times(30, () => half(true)), times(30, i => put(true, i)));
define(Number, 'half', { get: undefined, set: undefined });
log(times(30, () => half(4)), times(30, i => put(4, i)));
delete Number.prototype.half;
log(times(30, () => half(4)), times(30, i => put(4, i)));
Object.setPrototypeOf(Number.prototype, { get half() { return 'new prototype'; }, set half(v) { got.push('new prototype', v); } });
log(times(30, () => half(4)), times(30, i => put(4, i)), half(true));
Object.setPrototypeOf(Number.prototype, Object.prototype);
delete Object.prototype.half;
log(times(30, () => half(4)), times(30, i => put(4, i)), times(30, () => half('s')));
// A string's own properties cannot be written, whatever its prototypes have.
define(Object, 'length', { set(v) { got.push('never', v); } });
log(times(30, () => { 'use strict'; return kind(() => { 'text'.length = 1; }); }), got.length, times(30, i => { (5).length = i; return got.splice(0).join(); }));
delete Object.prototype.length;

// Callers that keep extra arguments: accessors' frames lie above those.
class P {
  #p = 0;
  get v() { return this.kept; }
  set v(x) { this.kept = x; }
  get many() { let a = 1, b = 2, c = [a, b]; return [...c, this.kept].join(); }
  get throws() { throw new RangeError('thrown'); }
  get args() { return arguments.length; }
  get #secret() { return this.#p; }
  set #secret(x) { this.#p = x; }
  static secret(o) { let r = 0; for (let i = 0; i < 30; i++) { o.#secret = i; r += o.#secret; } return r + ' ' + Array.from(arguments).slice(1); }
}
class Q extends P {
  get v() { return super.v + arguments.length; }
  set v(x) { super.v = x; }
  base() { let r; for (let i = 0; i < 30; i++) { super.v = i; r = super.v; } return r + ' ' + Array.from(arguments); }
}
const size = Object.getOwnPropertyDescriptor(Map.prototype, 'size');
function sloppy(o, a) { let r = 0; for (let i = 0; i < 30; i++) { o.v = i; r += o.v; } return [r, o.many, o.args, kind(() => o.throws), a, ...arguments].join(); }
function mapped(o, a) { for (let i = 0; i < 30; i++) { a = i; o.v = arguments[1]; arguments[1] = o.v + 1; arguments[4] = i; } return [a, arguments[3], arguments[4], arguments.length].join(); }
function strict(o, a) { 'use strict'; let r = 0; for (let i = 0; i < 30; i++) { o.v = i; r += o.v; } return [r, o.many, kind(() => o.throws), a, ...arguments].join(); }
function rest(o, ...more) { let r = 0; for (let i = 0; i < 30; i++) { o.v = i; r += o.v; } return [r, o.many, kind(() => o.throws), ...more].join(); }
function native(m, ...more) { let r = 0; for (let i = 0; i < 30; i++) r += m.size; return [r, ...more].join(); }
function* gen(o, ...more) { for (let i = 0; i < 3; i++) { o.v = yield o.v; } return [o.v, ...more].join(); }
function keyed(o, k) { let r = 0; for (let i = 0; i < 30; i++) { o[k] = i; r += o[k]; o[k] += 1; } return [r, o[k], ...arguments].join(); }
P.prototype.toString = Q.prototype.toString = () => 'o';
for (let turn = 0; turn < 20; turn++) {
  const lines = [];
  for (const o of [new P, new Q]) {
    for (const f of [sloppy, strict, rest]) lines.push(f(o, 1), f(o, 1, 2), f(o, 1, 2, 3, 4, 5), f(o));
    lines.push(mapped(o, 1), mapped(o, 1, 2, 3, 4), P.secret(o), P.secret(o, 1, 2), keyed(o, 'v'), keyed(o, 'v', 7, 8));
    const g = gen(o, 'x', 'y', 'z');
    lines.push([g.next(), g.next(4), g.next(5), g.next(6)].map(r => r.value).join());
  }
  lines.push(native(new Map([[1, 2]]), 1, 2), native(new Map, 3), new Q().base(1, 2), new Q().base(), rest(new P, ...Array.from({ length: 3000 }, (_, i) => i)).length);
  if (turn === 19) lines.forEach(line => log(line));
}

// super at sites that have met many bases: to setters, to the receiver's own properties, to new ones, to what refuses.
const fixed = {};
Object.defineProperty(fixed, 'data', { value: 'fixed', writable: false, configurable: true });
const homes = Array.from({ length: 24 }, (_, i) => ({
  __proto__: { __proto__: i % 8 === 7 ? fixed : P.prototype, ['own' + i]: 1, ...(i % 3 ? { data: i } : {}) },
  set(x) { 'use strict'; super.v = x; return this.kept; }, get() { return super.v; }, put(x) { 'use strict'; super.data = x; return this.data; },
  add(x) { 'use strict'; super.added = x; return this.added; }, key(k, x) { 'use strict'; super[k] = x; return super[k]; },
}));
const receivers = i => [homes[i], { kept: 'k', data: 'd' }, Object.freeze({ data: 1 }), Object.defineProperty({}, 'data', { get() { return 'accessor'; }, set() { log('never'); }, configurable: true }), { __proto__: { set data(v) { log('never'); }, set added(v) { log('never'); } } }, [], new Proxy({}, {}), 5, undefined];
for (let turn = 0; turn < 6; turn++) {
  const lines = homes.map((h, i) => receivers(i).map(r => ['set', 'get', 'put', 'add'].map(f => String(kind(() => h[f].call(r, i)))).join('/')).join(' '));
  if (turn === 5) lines.forEach((line, i) => { if (i < 4 || i === 7 || i === 23) log(line); });
}
log(times(100, i => homes[i % 24].key(['v', 'data', 'added', 'k' + i % 5, Symbol.iterator, 3][i % 6], i)));
// An array's length is a property that a plain object might have got here.
for (let i = 0; i < 100; i++) homes[i % 24].key.call(i % 2 ? {} : [1, 2, 3], 'length', i % 4);
const array = [1, 2, 3]; homes[5].key.call(array, 'length', 1); log(array.length, Object.keys(array).join());
// The first setter is replaced, the base gets one, the property becomes unwritable.
Object.defineProperty(P.prototype, 'v', { get() { return 'replaced'; }, set(x) { this.kept = -x; }, configurable: true });
log(times(100, i => homes[i % 24].set(i)), homes[2].get(), times(100, i => homes[i % 6].add(i)));
Object.defineProperty(P.prototype, 'added', { set(x) { this.viaSetter = x; }, configurable: true });
log(times(100, i => kind(() => homes[i % 24].add.call({}, i))), times(96, i => kind(() => { const o = {}; homes[i % 24].add.call(o, i); return o.viaSetter; })));
Object.defineProperty(P.prototype, 'added', { value: 1, writable: false });
log(times(100, i => kind(() => homes[i % 24].add.call({}, i))));
