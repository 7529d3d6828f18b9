// Getters and setters at sites that have learnt them: own and inherited, with every kind of function, and what changes them later.
const log = (...values) => console.log(...values);
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };

// Own and inherited, read and written, at one site each.
class Point {
  #x = 1;
  get x() { return this.#x; }
  set x(v) { this.#x = v; return 'dropped'; }
  get method() { return function () { return this instanceof Point; }; }
  static get count() { return 42; }
}
class Sub extends Point { get x() { return super.x + 100; } set x(v) { super.x = v * 2; } }
class Deep extends Sub {}
const read = o => o.x;
const write = (o, v) => o.x = v;
const p = new Point(), s = new Sub(), d = new Deep();
log(times(40, () => read(p)), times(40, () => read(s)), times(40, () => read(d)));
log(times(40, i => write(p, i)), p.x, times(40, i => write(s, i)), s.x, times(40, i => write(d, i)), d.x);
log(times(40, () => p.method()), times(40, () => Point.count));
const own = { a: 3, get x() { return this.a; }, set x(v) { this.a = v + 1; } };
const bump = o => { o.x += 2; return o.x++; };
log(times(30, () => bump(own)), own.a, own.x, times(30, () => bump(p)), p.x);

// Many shapes at one site.
const shapes = [];
for (let i = 0; i < 9; i++) {
  const o = {};
  for (let k = 0; k < i; k++) o['f' + k] = k;
  Object.defineProperty(o, 'x', { get() { return i; }, set(v) { this.seen = v + i; }, configurable: true });
  shapes.push(o);
}
let sum = 0;
for (let round = 0; round < 30; round++) for (const o of shapes) { sum += read(o); write(o, round); }
log(sum, shapes.map(o => o.seen).join());

// Out of line slots; parameters, arguments and rest of accessors.
const wide = {};
for (let k = 0; k < 30; k++) wide['w' + k] = k;
Object.defineProperty(wide, 'x', {
  get: function (a, b = 7, ...rest) { return [this === wide, a, b, rest.length, arguments.length].join(); },
  set: function (v, w, ...rest) { this.w0 = [v, w, rest.length, arguments.length].join(); },
});
log(times(30, () => read(wide)), times(30, i => write(wide, i)), wide.w0);

// Callers that keep extra arguments.
function extra() { let r = read2(arguments[0]); write2(arguments[0], arguments.length); return r + arguments.length + arguments[2]; }
const read2 = o => o.x, write2 = (o, v) => o.x = v;
function extraHere(o) { const r = o.x; o.x = arguments.length; return r + arguments[3]; }
log(times(30, () => extra(p, 1, 2, 3)), p.x, times(30, () => extraHere(p, 1, 2, 3, 4)), p.x);
function restHere(o, ...rest) { o.x = rest.length; return o.x + rest[1]; }
log(times(30, () => restHere(p, 10, 20, 30)), p.x);

// A length that is an accessor, by the name and by a key; globals that are accessors.
const long = { n: 0, get length() { return ++this.n; }, set length(v) { this.n = v; } };
const lengthOf = o => o.length, key = 'length';
log(times(30, () => lengthOf(long)), times(9, i => long.length = i), times(30, () => long[key]), times(30, i => lengthOf(i & 1 ? 'four' : long)));
Object.defineProperty(globalThis, 'viaGlobal', { get() { return typeof this; }, set(v) { long.n = v; }, configurable: true });
log(times(30, () => viaGlobal), times(30, i => viaGlobal = i), long.n);
with ({ get inWith() { return this.b; }, b: 6 }) log(times(30, () => inWith));
const { length: taken } = long, [first2] = { *[Symbol.iterator]() { yield long.length; } };
log(taken, first2, `${long.length}`, long.length?.toFixed(1), typeof long.length, delete long.length, long.length);

// No getter, no setter.
const onlySet = { set x(v) {} }, onlyGet = Object.create({ get x() { return 'only'; } });
log(times(30, () => read(onlySet)), times(30, () => read(onlyGet)));
const refused = [];
times(30, i => { 'use strict'; try { onlyGet.x = i; refused.push(i); } catch (e) { refused.push(e.constructor.name); } });
log(new Set(refused).size, refused[29]);
(function () { log(times(30, i => Function('o', 'i', 'o.x = i; return o.x')(onlyGet, i))); })();

// Errors go through the frames of accessors, in order.
const order = [];
const throwing = { get x() { try { throw new Error('from getter'); } finally { order.push('getter'); } }, set x(v) { try { null.f; } finally { order.push('setter'); } } };
const guarded = f => { try { try { return f(); } finally { order.push('inner'); } } catch (e) { order.push('caught'); return e.message; } };
log(times(20, () => guarded(() => throwing.x)), times(20, () => guarded(() => { throwing.x = 1; })));
log(order.length, order.slice(-6).join());
function Trace() { return new Error().stack.split('\n').length > 1; }
const traced = { get x() { return Trace(); } };
log(times(30, () => traced.x));
class C {} ;
const badGetter = Object.defineProperty({}, 'x', { get: C });
log(times(12, () => guarded(() => badGetter.x)));

// Generators, async functions, bound, native and proxied accessors.
const kinds = {};
Object.defineProperty(kinds, 'gen', { get: function* () { yield this === kinds; } });
Object.defineProperty(kinds, 'asy', { get: async function () { return 5; }, set: async function (v) { this.asyncValue = v; } });
Object.defineProperty(kinds, 'bound', { get: function () { return this.t; }.bind({ t: 'bound' }) });
Object.defineProperty(kinds, 'proxied', { get: new Proxy(function () { return 'proxied'; }, {}) });
log(times(20, () => kinds.gen.next().value), times(20, () => kinds.asy instanceof Promise), times(20, () => kinds.bound), times(20, () => kinds.proxied));
times(20, i => kinds.asy = i); log(kinds.asyncValue);
log(times(20, () => new Map([[1, 2]]).size), times(20, () => /a/gi.flags), times(20, () => new Uint8Array(5).length));

// What they are changes, and so do prototypes.
const proto = { get x() { return 'first'; } }, heir = Object.create(proto);
const reads = [];
for (let i = 0; i < 60; i++) {
  if (i === 20) Object.defineProperty(proto, 'x', { get() { return 'second'; }, configurable: true });
  if (i === 30) Object.defineProperty(heir, 'x', { value: 'own', configurable: true, writable: true });
  if (i === 35) delete heir.x;
  if (i === 40) delete proto.x;
  if (i === 45) Object.prototype.x = 'root';
  if (i === 50) { delete Object.prototype.x; Object.setPrototypeOf(heir, { set x(v) { reads.push('set' + v); }, get x() { return 'third'; } }); }
  if (i > 55) heir.x = i;
  reads.push(heir.x);
}
log([...new Set(reads)].join());

// Receivers that are no objects.
Object.defineProperty(String.prototype, 'x', { get() { 'use strict'; return typeof this + this.length; }, set(v) { 'use strict'; reads.push(typeof this); }, configurable: true });
Object.defineProperty(Number.prototype, 'x', { get() { 'use strict'; return typeof this + this; }, configurable: true });
Object.defineProperty(Boolean.prototype, 'x', { get() { return typeof this; }, configurable: true });
log(times(20, () => read('abc')), times(20, () => read(5)), times(20, () => read(true)), times(20, i => write('s', i)), reads.pop());

// Accessors that allocate, and elements that are accessors.
const maker = { get x() { const a = []; for (let i = 0; i < 9; i++) a.push({ i, o: this }); return a; } };
log(times(40, () => maker.x.length + maker.x[8].i), maker.x[3].o === maker);
const list = [1, 2, 3];
Object.defineProperty(list, 1, { get() { return 'element' + this.length; }, set(v) { this[0] = v; } });
log(times(30, i => { list[1] = i; return list[1] + list[0]; }));
const symbol = Symbol(), keyed = { get [symbol]() { return 'symbol'; }, get ['a b']() { return 'name'; }, set ['a b'](v) { this.v = v; } };
log(times(30, i => { const k = i & 1 ? symbol : 'a b'; keyed['a b'] = i; return keyed[k] + keyed.v; }));
