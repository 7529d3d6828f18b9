// super reads and calls, and `#x in o`, at hot sites: of one class, of many, and of classes that change.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };

class Base {
  constructor() { this.v = 1; }
  add(x) { return this.v + x; }
  get twice() { return this.v * 2; }
  set twice(v) { this.v = v / 2; }
  static make() { return new this(); }
  static get label() { return 'base ' + this.name; }
}
Base.prototype.data = 'data';
class Mid extends Base {}
class Leaf extends Mid {
  add(x) { return super.add(x) * 10; }
  get twice() { return super.twice + 1; }
  set twice(v) { super.twice = v; }
  read() { return [super.data, super.missing, super.twice, typeof super.add, super.constructor.name].join(); }
  keyed(k) { return super[k]; }
  call(k, x) { return super[k](x); }
  write(v) { super.own = v; return this.own; }
  arrow() { return (() => super.add(1))(); }
  static make() { return super.make(); }
  static get label() { return super.label + '!'; }
}
const leaf = new Leaf();
log(times(50, i => leaf.add(i)), times(50, i => { leaf.twice = i; return leaf.twice; }), times(50, () => leaf.read()));
log(times(50, i => leaf.keyed(['data', 'twice', 'none', 'add'][i % 3])), times(50, i => leaf.call('add', i)), times(50, i => leaf.write(i)), times(50, () => leaf.arrow()));
log(times(50, () => Leaf.make() instanceof Leaf), times(50, () => Leaf.label));
const method = Leaf.prototype.add;
log([{ v: 5 }, [], 'text', 5, leaf].map(o => times(20, () => method.call(o, 1))).join(), guarded(() => times(20, () => method.call(undefined, 1))));
log(guarded(() => times(20, () => Leaf.prototype.call.call(leaf, 'none', 1))));
const receivers = [];
Object.defineProperty(Base.prototype, 'who', { get() { 'use strict'; receivers.push(typeof this); return this; }, configurable: true });
log(times(20, i => Leaf.prototype.keyed.call([leaf, 5, 'text'][i % 3], 'who')) === 'text', receivers.slice(-6).join());

// What is found changes.
Base.prototype.add = function (x) { return 'new ' + x; };
log(times(20, i => leaf.add(i)), times(20, () => leaf.arrow()));
Mid.prototype.add = x => 'mid ' + x;
log(leaf.call('add', 1), times(20, () => leaf.call('add', 2)));
delete Mid.prototype.add;
log(times(20, () => leaf.call('add', 3)));
Base.prototype.missing = 'there';
log(times(20, () => leaf.read()));
Object.setPrototypeOf(Leaf.prototype, { add: x => 'other ' + x, get data() { return 'accessor ' + this.v; } });
log(times(20, () => leaf.call('add', 4)), times(20, () => leaf.keyed('data')), times(20, () => leaf.keyed('toString') === Object.prototype.toString));
Object.setPrototypeOf(Leaf.prototype, new Proxy({}, { get: (t, k, r) => [String(k), r === leaf].join() }));
log(times(20, () => leaf.keyed('data')), times(20, () => leaf.keyed('x')));
Object.setPrototypeOf(Leaf.prototype, null);
log(guarded(() => leaf.keyed('data')), guarded(() => leaf.add(1)));
Object.setPrototypeOf(Leaf.prototype, Mid.prototype);
log(times(20, () => leaf.keyed('data')), [0, 1, '2'].map(k => times(10, () => leaf.keyed(k))).join());
Object.setPrototypeOf(Leaf.prototype, [7, 8]);
log([0, 1, '2', 'length'].map(k => times(10, () => leaf.keyed(k))).join());

// Many classes at one site.
const derive = i => class extends (class { ['m' + i % 3]() { return i; } common(x) { return i + x; } get got() { return [i, this.tag].join('/'); } }) {
  constructor() { super(); this.tag = 't' + i; }
  common(x) { return super.common(x) + 0.5; }
  get got() { return super.got; }
};
const objects = Array.from({ length: 20 }, (_, i) => new (derive(i))());
let text = '';
for (let round = 0; round < 20; round++) { text = ''; for (const o of objects) text += o.common(round) + o.got + ' '; }
log(text);
const literal = { __proto__: { m(x) { return x + this.k; }, k: 1 }, k: 2, m(x) { return super.m(x) + super.k; } };
log(times(40, i => literal.m(i)));
const moved = { __proto__: { m: () => 'elsewhere' }, m: literal.m };
log(times(40, i => moved.m(i)));
function* generate() { yield* [1]; }
class Async extends Base { async later() { return super.data + (await 1) + super.data; } *each() { yield super.data; yield super.data; } }
log([...times(20, () => new Async().each())].join());
new Async().later().then(log);

// Private names.
const make = () => class { #x = 1; #m() { return 1; } get #a() { return 2; } static has(o) { return [#x in o, #m in o, #a in o].join(); } static only(o) { return #x in o; } };
const A = make(), B = make(), C = class extends A { y = 1; };
log([new A(), new B(), new C(), {}, A, [], Object.freeze(new A()), new Proxy(new A(), {})].map(o => times(30, () => A.has(o)) + ' ' + times(30, () => A.only(o))).join('; '));
log([5, null, undefined, 'text'].map(o => guarded(() => times(30, () => A.only(o)))).join());
const wide = Array.from({ length: 20 }, (_, i) => Object.assign(i % 2 ? new A() : new B(), { ['w' + i]: i }));
let count = 0;
for (let round = 0; round < 20; round++) for (const o of wide) count += A.only(o) + 2 * B.only(o);
log(count);
class Stamp extends (function (o) { return o; }) { #s = 1; static has(o) { return #s in o; } }
const late = { a: 1 };
log(times(30, () => Stamp.has(late)), times(30, i => { if (i === 20) new Stamp(late); return Stamp.has(late); }), Stamp.has({ a: 1 }));
