// Getters and setters under keys that are no constants: read, written, updated and called; and what they do to the frame they are called from.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
const symbol = Symbol('s');
class Base {
  v = 1;
  get x() { return this.v; } set x(v) { this.v = v; return 'dropped'; }
  get [symbol]() { return this.v + 100; } set [symbol](v) { this.v = v - 100; }
  get f() { return function (...args) { return [this.v, ...args].join(); }; }
  get [7]() { return this.v * 7; } set [7](v) { this.v = v / 7; }
  get only() { return 'only'; }
  set sink(v) { this.v = v; }
}
class Sub extends Base { get x() { return super.x + 1; } set x(v) { super.x = v - 1; } }
const objects = [new Base(), new Sub(), Object.create(new Sub())];
const read = (o, k) => o[k], write = (o, k, v) => o[k] = v, add = (o, k, v) => o[k] += v, post = (o, k) => o[k]++, pre = (o, k) => --o[k];
const nullish = (o, k, v) => o[k] ??= v, or = (o, k, v) => o[k] ||= v, and = (o, k, v) => o[k] &&= v, power = (o, k) => o[k] **= 2, text = (o, k) => o[k] += '!';
const call = (o, k, ...args) => o[k](...args), one = (o, k, a) => o[k](a), none = (o, k) => o[k](), optional = (o, k) => o[k]?.(1), chain = (o, k) => o?.[k](2), tagged = (o, k) => o[k]`tag`;
for (const k of ['x', symbol, 7, '7', 'v']) {
  for (const o of objects) {
    o.v = 3;
    log(String(k), times(40, () => read(o, k)), times(40, i => write(o, k, i)), o.v, times(40, i => add(o, k, i)), o.v, times(40, () => post(o, k)), o.v, times(40, () => pre(o, k)), o.v);
    log(times(3, () => power(o, k)), times(20, i => nullish(o, k, i)), times(20, i => or(o, k, i)), times(20, i => and(o, k, i)), times(3, () => text(o, k)), typeof o.v);
  }
}
log(objects.map(o => times(40, i => [call(o, 'f', i, 2), one(o, 'f', i), none(o, 'f'), optional(o, 'f'), chain(o, 'f')].join(' '))).join(' / '));
log(times(30, () => tagged(objects[0], 'f')), times(30, () => guarded(() => none(objects[0], 'only'))), times(30, () => optional(objects[0], 'absent')), times(30, () => guarded(() => none(objects[0], 'absent'))));

// Halves that are missing: undefined, ignored, or a TypeError.
const strictWrite = (o, k, v) => { 'use strict'; return o[k] = v; }, strictAdd = (o, k, v) => { 'use strict'; return o[k] += v; };
for (const k of ['only', 'sink'])
  log(k, times(30, () => read(objects[0], k)), times(30, () => write(objects[0], k, 1)), times(30, () => guarded(() => strictWrite(objects[0], k, 2))), times(30, () => String(add(objects[0], k, 'a'))), times(30, () => guarded(() => String(strictAdd(objects[0], k, 'b')))), objects[0].v);

// Keys are converted once; what is evaluated in which order.
const order = [];
const key = { toString() { order.push('key'); return 'x'; } };
const traced = { get x() { order.push('get'); return 1; }, set x(v) { order.push('set ' + v); } };
times(12, () => { traced[(order.push('expr'), key)] += (order.push('right'), 1); }); log(order.slice(-5).join(), order.length);
order.length = 0; times(12, () => traced[key]++); log(order.join('').length, order.slice(-3).join());
log(guarded(() => times(12, () => { null[key] += 1; })), order.length);

// Accessors that throw, inside try; that change the object; that collect.
const bad = { get x() { throw new RangeError('get'); }, set x(v) { throw new SyntaxError('set'); } };
const attempt = f => { try { f(); return 'no'; } catch (e) { return e.message; } finally { order.push('finally'); } };
log(times(30, () => [attempt(() => read(bad, 'x')), attempt(() => write(bad, 'x', 1)), attempt(() => add(bad, 'x', 1)), attempt(() => none(bad, 'x'))].join()), order.filter(s => s === 'finally').length);
const shifting = { n: 0, get x() { const n = ++this.n; if (n === 25) Object.defineProperty(this, 'x', { value: 500, writable: true }); return n; }, set x(v) { this.last = v; } };
log(times(40, () => add(shifting, 'x', 1)), shifting.last, shifting.x);
const garbage = { get x() { let a = []; for (let i = 0; i < 40; i++) a = [a, { i }]; return this; }, set x(v) { for (let i = 0; i < 40; i++) [[i]]; this.kept = v; }, get m() { this.x; return function () { return this === garbage; }; }, toString() { return 'g'; } };
const alive = (o, k, other) => { const before = [other]; const r = o[k] += before; return r + before + (o[k](), '') ; };
log(times(30, i => guarded(() => alive(garbage, 'x', i))), times(30, i => add(garbage, 'x', i)), garbage.kept, times(30, () => none(garbage, 'm')));

// Callers of many kinds.
function extra(o, k) { return [o[k], o[k] += 1, o[k]++, arguments.length, arguments[3]].join(); }
function restOf(o, k, ...more) { return [o[k] += more.length, more[1]].join(); }
function* generator(o, k) { for (let i = 0; i < 10; i++) { o[k] += yield o[k]++; } }
const o = new Base();
log(times(30, () => extra(o, 'x', 5, 'fourth')), times(30, () => restOf(o, 'x', 1, 2)));
const g = generator(o, 'x'); const got = []; for (let i = 0; i < 10; i++) got.push(g.next(i).value); log(got.join(), o.v);
(async () => { for (let i = 0; i < 20; i++) o[['x'][0]] += await i; log('async', o.v); })();

// Many shapes and keys at one site; inherited by arrays, functions, strings, typed arrays.
const many = Array.from({ length: 40 }, (_, i) => { const m = { ['p' + i]: i }; Object.defineProperty(m, 'x', { get() { return i; }, set(v) { this.seen = v; } }); return m; });
log(times(20, r => many.reduce((sum, m) => sum + add(m, 'x', r), 0)), many.slice(0, 5).map(m => m.seen).join());
Object.defineProperty(Object.prototype, 'inherited', { get() { return typeof this + (this.n = (this.n | 0) + 1); }, set(v) { log.last = typeof v; }, configurable: true });
for (const r of [[], function () {}, new Uint8Array(2), new Map(), 'text', 5, true, Symbol.iterator, 5n]) log(times(10, () => read(r, 'inherited')), times(10, () => guarded(() => typeof add(r, 'inherited', '?'))), log.last, times(10, () => guarded(() => none(r, 'inherited'))));
delete Object.prototype.inherited;
