// Private members at hot sites, properties added by a key, and for-in over elements.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };

const make = () => class {
  #v = 1;
  static #count = 0;
  get #twice() { return this.#v * 2; }
  set #twice(v) { this.#v = v / 2; }
  #method() { return this.#v + 1; }
  static read(o) { return o.#v; }
  static write(o, v) { o.#v = v; return o.#v; }
  static bump(o) { return ++o.#v + o.#v++; }
  static accessor(o, v) { o.#twice = v; return o.#twice; }
  static call(o) { return o.#method(); }
  static overwrite(o) { o.#method = 1; }
  static has(o) { return #v in o; }
  static next() { return ++this.#count; }
};
const A = make(), B = make();
const a = new A(), b = new B(), wide = Object.assign(new A(), { x: 1, y: 2, z: 3, w: 4, u: 5, t: 6, s: 7, r: 8, q: 9 });
const sub = new (class extends A { more = 1; })(), frozen = Object.freeze(new A());
log(times(30, () => A.read(a)), times(30, i => A.write(a, i)), times(30, () => A.bump(a)), A.read(a));
log(times(30, () => A.accessor(a, 8)), times(30, () => A.call(a)), times(30, () => A.has(a)), times(30, () => A.next()));
for (const o of [wide, sub, frozen]) log(times(30, i => A.write(o, i)), times(30, () => A.bump(o)), A.call(o));
log([b, {}, 5, null, new Proxy(a, {}), 'text'].map(o => guarded(() => A.read(o)) + guarded(() => A.write(o, 1))).join());
log(guarded(() => A.overwrite(a)), A.has(b), B.has(b), guarded(() => B.next.call(A)));
const mixed = [a, wide, sub, frozen, b];
let sum = 0, errors = 0;
for (let i = 0; i < 200; i++) try { sum += A.write(mixed[i % 5], i); } catch { errors++; }
log(sum, errors, times(30, () => A.write(a, { deep: [1] }).deep[0]));

// By a key: added, found, refused.
const keys = ['k0', 'k1', 'k2', Symbol('s')];
const fill = o => { for (let i = 0; i < keys.length; i++) o[keys[i]] = i; return o; };
const shown = o => Reflect.ownKeys(o).map(k => String(k) + '=' + String(o[k])).join();
log(shown(times(50, () => fill({}))), shown(times(50, () => fill([]))), shown(times(50, () => fill(Object.create({ k1: 5 })))));
const log2 = [];
const proto = { set k1(v) { log2.push(v); }, get k1() { return 'got'; } };
log(shown(times(20, () => fill(Object.create(proto)))), log2.length);
const readOnly = Object.defineProperty({}, 'k2', { value: 'fixed' });
log(times(20, () => guarded(() => { 'use strict'; fill(Object.create(readOnly)); })), times(20, () => guarded(() => (function () { 'use strict'; return fill(Object.preventExtensions({})); })())));
const many = {};
for (let i = 0; i < 300; i++) many['n' + i] = i;
log(Object.keys(many).length, many.n299, delete many.n5, Object.keys(many)[5]);
const built = times(40, i => { const o = {}; for (const k of ['x', 'y', 'z', 'x']) o[k] = i + k; return o; });
log(JSON.stringify(built), Object.keys(times(20, () => fill(fill))).length);

// For-in.
const collect = o => { const r = []; for (const k in o) r.push(typeof k === 'string' ? k : typeof k); return r.join(); };
const array = [1, , 3]; array.name = 'n'; array[Symbol()] = 1;
log(collect(array), collect([]), collect({ 5: 1, b: 2, 1: 3, a: 4 }), collect('abc'), collect(new Int8Array(2)), collect([1.5, 2.5]), collect(new Array(3)));
const removed = [];
for (const k in [10, 11, 12].map((v, i, all) => v)) removed.push(k);
const shrinking = [1, 2, 3, 4]; for (const k in shrinking) { removed.push('s' + k); if (k === '1') shrinking.length = 2; }
const growing = [1, 2]; for (const k in growing) { growing.push(1); removed.push('g' + k); }
log(removed.join());
Array.prototype.extra = 1; log(collect([7]), collect({ 3: 1 })); delete Array.prototype.extra;
Object.prototype[4] = 1; log(collect([7]), collect({ 3: 1 })); delete Object.prototype[4];
log(collect(Object.assign(Object.create([8, 9]), { 0: 1 })), collect((function () { return arguments; })(1, 2)), collect(Object.freeze([1, 2])));
log(times(30, () => { let n = 0; for (const k in array) n += array[k] === undefined ? 1 : array[k].length ?? array[k]; return n; }));
