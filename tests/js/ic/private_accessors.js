// Private accessors and methods at hot sites: of instances and classes, of one class and many, with one half, and of others' objects.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e.constructor.name + ': ' + e.message.length; } };
const kind = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
class A {
  #v = 1;
  get #x() { return this.#v; } set #x(v) { this.#v = v; return 'dropped'; }
  get #readOnly() { return 'read ' + this.#v; } set #writeOnly(v) { this.#v = v; }
  #m(...args) { return [this.#v, ...args].join(); }
  get #f() { return this.#m; }
  static #count = 0;
  static get #c() { return A.#count; } static set #c(v) { A.#count = v; }
  static #sm(x) { return this.#count + x; }
  static is(o) { return [#v in o, #x in o, #m in o, #readOnly in o].join(); }
  static bump(n) { for (let i = 0; i < n; i++) { A.#c += i; A.#c++; } return [A.#c, A.#sm(1), A.#sm.call(A, 2)].join(); }
  static other(o) { return kind(() => o.#c); }
  get(o) { return o.#x; }
  set(o, v) { return o.#x = v; }
  add(o, v) { return o.#x += v; }
  post(o) { return o.#x++; }
  call(o, a) { return o.#m(a, 'b') + o.#f(a); }
  callF(o, a) { return o.#f.call(o, a); }
  read(o) { return o.#readOnly; } write(o, v) { o.#writeOnly = v; }
  readWrite(o) { return o.#writeOnly; } writeRead(o, v) { o.#readOnly = v; }
  writeMethod(o) { o.#m = 1; }
  optional(o) { return o?.#x; }
  get v() { return this.#v; }
  extra(o) { o.#x = arguments.length; return o.#x + arguments[2]; }
  *gen(o) { for (let i = 0; i < 10; i++) o.#x += yield o.#x; }
  throwing(o) { try { return o.#x; } catch (e) { return e instanceof TypeError; } finally { this.#v++; } }
}
class B extends A { own = 1; }
class C extends A { constructor() { super(); this.late = 1; delete this.late; this.more = 2; } }
const a = new A(), b = new B(), c = new C(), receivers = [a, b, c];
for (const o of receivers)
  log(times(40, () => a.get(o)), times(40, i => a.set(o, i)), o.v, times(40, i => a.add(o, i)), times(40, () => a.post(o)), o.v, times(40, i => a.call(o, i)), times(40, i => kind(() => a.callF(o, i))), times(40, () => a.read(o)), times(40, i => a.write(o, i)), o.v, times(40, () => a.optional(o)));
log(times(40, () => kind(() => a.readWrite(a))), times(40, () => kind(() => a.writeRead(a, 1))), times(40, () => kind(() => a.writeMethod(a))), a.optional(null), kind(() => a.get(null)));
const others = [{}, [], 'text', 5, null, undefined, function () {}, Object.create(a), new Proxy(a, {}), A, A.prototype];
for (const f of ['get', 'set', 'add', 'post', 'call', 'read', 'write']) log(f, times(20, () => others.map(o => kind(() => a[f](o, 1))).join()));
log(times(30, () => others.map(o => kind(() => A.is(o))).join(' ')), times(30, () => receivers.map(o => A.is(o)).join(' ')));
log(times(5, () => A.bump(20)), A.other(A), A.other(B), A.other(a), times(40, () => a.extra(b, 1, 2)));
const g = a.gen(c); const got = []; for (let i = 0; i < 10; i++) got.push(g.next(i).value); log(got.join(), c.v);
log(times(30, () => others.map(o => a.throwing(o)).join()), a.v);

// Statics of a class that is a prototype, and of its heirs.
class S { static #n = 0; static get #acc() { return ++S.#n; } static #meth() { return S.#n; } static run(k) { let r; for (let i = 0; i < k; i++) r = S.#acc + S.#meth(); return r; } static has(o) { return #acc in o; } static inc(v) { S.#n += v; return S.#n; } static later() { S['extra' + S.#n] = 1; } static here() { return this.#acc; } }
class T extends S {}
log(S.run(30), T.run(30), times(30, () => [S, T, {}].map(o => S.has(o)).join()), times(30, i => S.inc(i)), times(10, () => { S.later(); return S.run(5); }), kind(() => T.here()), S.here());

// Many classes from one source, so that a site meets many names; frozen receivers; fields beside accessors.
const make = i => class { #w = i; get #y() { return this.#w + i; } set #y(v) { this.#w = v; } #z() { return 'z' + i; } read() { return this.#y; } write(v) { this.#y = v; return this.#y; } call() { return this.#z(); } static test(o) { return (#y in o) + '' + (#z in o); } };
const classes = Array.from({ length: 12 }, (_, i) => make(i)), instances = classes.map(K => new K());
log(times(20, r => instances.map(o => [o.read(), o.write(r), o.call()].join()).join(' ')));
log(times(20, () => classes.map((K, i) => K.test(instances[i]) + K.test(instances[(i + 1) % 12])).join()));
log(times(20, () => kind(() => classes[0].prototype.read.call(instances[1]))), times(20, () => { const o = Object.freeze(new classes[3]()); return o.write(9); }));
// Added to objects that exist already.
class Stamp extends (function (o) { return o; }) { #mark = 1; get #k() { return this.#mark++; } static k(o) { return o.#k; } static has(o) { return #k in o; } }
const targets = [{}, { a: 1 }, [1], function () {}, new Map(), Object.create(null)];
for (const o of targets) { log(Stamp.has(o), kind(() => Stamp.k(o))); new Stamp(o); log(times(30, () => Stamp.k(o)), Stamp.has(o), kind(() => new Stamp(o)), Object.keys(o).join()); }
