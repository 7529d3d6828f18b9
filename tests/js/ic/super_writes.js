// super.x = v, super[k] = v and what is made of them: to setters, to the receiver's own properties, to new ones; and what changes them.
const log = (...values) => console.log(...values);
const kind = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
const shown = o => Reflect.ownKeys(o).map(k => String(k) + '=' + String(o[k])).join();
class Base { get acc() { return this.kept; } set acc(v) { this.kept = v; return 1; } get ro() { return 'ro'; } m(x) { return 'base' + x; } static set s(v) { this.stat = v; } }
Base.prototype.data = 'in base';
Object.defineProperty(Base.prototype, 'fixed', { value: 'fixed', writable: false, configurable: true });
class Mid extends Base {}
class Sub extends Mid {
  constructor() { super(); this.own = 0; }
  acc1(v) { return super.acc = v; } data1(v) { return super.data = v; } own1(v) { return super.own = v; } new1(v) { return super.added = v; }
  fixed1(v) { return super.fixed = v; } ro1(v) { return super.ro = v; }
  key(k, v) { return super[k] = v; } add(k, v) { return super[k] += v; } post(k) { return super[k]++; } addNamed(v) { return super.acc += v; } logical(v) { return super.none ??= v; }
  arrow(v) { return (() => super.acc = v)(); }
  static s1(v) { return super.s = v; } static t1(v) { return super.t = v; }
  call(k, x) { return super[k](x); } computed(v) { return super['a' + 'cc'] = v; }
  destructure(list) { [super.acc, super.other] = list; return shown(this); }
  forOf(list) { for (super.acc of list); return this.kept; }
}
const s = new Sub();
log(times(40, i => s.acc1(i)), s.kept, times(40, i => s.data1(i)), s.data, Base.prototype.data, times(40, i => s.own1(i)), s.own, times(40, i => s.new1(i)), shown(s));
log(times(40, i => { const o = new Sub(); o.new1(i); return shown(o); }), times(40, i => { const o = new Sub(); for (let j = 0; j < 20; j++) o.key('p' + j, i + j); return shown(o); }));
log(times(40, i => kind(() => s.fixed1(i))), times(40, i => kind(() => s.ro1(i))), s.fixed, times(40, () => { const o = Object.freeze(new Sub()); return [kind(() => o.own1(1)), kind(() => o.new1(1)), shown(o)].join(); }));
log(times(40, i => s.key(['acc', 'data', 'own', 'fresh', Symbol.iterator, 'x' + i % 3, 0, '1'][i % 8], i)), shown(s));
log(times(40, i => s.add('acc', i)), times(40, () => s.post('acc')), s.kept, times(40, i => s.addNamed(i)), times(40, i => s.logical(i)), times(40, i => s.arrow(i)), times(40, i => s.computed(i)), s.kept);
log(times(40, i => Sub.s1(i)), Sub.stat, times(40, i => Sub.t1(i)), Sub.t, Base.t, s.destructure([5, 6]), times(20, () => s.forOf([1, 2, 3])), times(30, i => s.call('m', i)));
// Receivers of other kinds; the lookup begins where the method's home says.
const { acc1, own1, new1, key, data1 } = Sub.prototype;
for (const o of [{}, [], function () {}, Object.create({ own: 'inherited', set added(v) { this.viaOwn = v; } }), new Uint8Array(2), new Map(), new Proxy({}, {}), Object.defineProperty({}, 'own', { get() { return 1; }, set() { log('never'); } }), Object.defineProperty({}, 'own', { value: 1, configurable: true })])
  log(times(30, i => kind(() => acc1.call(o, i))), o.kept, times(30, i => kind(() => own1.call(o, i))), o.own, times(30, i => kind(() => new1.call(o, i))), Object.hasOwn(o, 'added'), times(30, i => kind(() => key.call(o, 'length', i))), String(o.length));
log(['text', 5, undefined, null].map(o => times(10, () => kind(() => own1.call(o, 1))) + ' ' + times(10, () => kind(() => acc1.call(o, 1)))).join());
// What is found changes: base data becomes an accessor, unwritable, gone; the home gets another prototype; the receiver's property changes.
Object.defineProperty(Mid.prototype, 'data', { set(v) { this.viaMid = v; }, configurable: true });
log(times(30, i => s.data1(i)), s.viaMid, s.data);
Object.defineProperty(Mid.prototype, 'data', { value: 1, writable: false, configurable: true });
log(times(30, i => kind(() => s.data1(i))), delete Mid.prototype.data, times(30, i => s.data1(i)), s.data);
Object.defineProperty(Base.prototype, 'acc', { set(v) { this.replaced = v; }, configurable: true });
log(times(30, i => s.acc1(i)), s.replaced, delete Base.prototype.acc, times(30, i => s.acc1(i)), shown(s).includes('acc='));
Object.defineProperty(s, 'own', { writable: false }); log(times(30, i => kind(() => s.own1(i))), s.own);
Object.defineProperty(s, 'own', { writable: true }); log(times(30, i => s.own1(i)), s.own);
Object.defineProperty(s, 'own', { get() { return 'accessor'; }, set() { log('never'); }, configurable: true }); log(times(30, i => kind(() => s.own1(i))), s.own);
Object.setPrototypeOf(Sub.prototype, { set own(v) { this.viaNew = v; } });
log(times(30, i => s.own1(i)), s.viaNew, times(30, i => s.new1(i)), s.added);
Object.setPrototypeOf(Sub.prototype, new Proxy({}, { set(t, k, v, r) { return r === s && Reflect.defineProperty(r, 'trapped', { value: String(k) + v, writable: true, configurable: true }); } }));
log(times(30, i => s.new1(i)), s.trapped);
Object.setPrototypeOf(Sub.prototype, null); log(times(10, i => kind(() => s.new1(i))));
Object.setPrototypeOf(Sub.prototype, [1, 2]); log(times(30, i => kind(() => s.key('length', i))), times(30, i => s.key(1, i)), s[1], s.length);
// Setters that throw and collect; object literals; many homes.
const lit = i => ({ __proto__: { set x(v) { if (v === 20) throw new RangeError(); let a = []; for (let j = 0; j < 20; j++) a = [a]; this.got = v + i; } }, put(v) { try { super.x = v; return this.got; } catch (e) { return e.constructor.name; } } });
const lits = Array.from({ length: 12 }, (_, i) => lit(i));
log(times(40, i => lits[0].put(i)), times(21, i => lits[0].put(i)), times(20, i => lits.map(l => l.put(i)).join()));
