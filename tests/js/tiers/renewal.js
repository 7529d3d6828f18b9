// Machine code that is made anew: ways that were cold when it was made become hot, while frames of the old code are live, suspended, or throw.
// large
const log = (...values) => console.log(...values);
class P { constructor(a, b) { this.a = a; this.b = b; for (let i = 0; i < 12; i++) this['w' + i] = i; this.late = a + b; } get sum() { return this.a + this.late; } set sum(v) { this.late = v; } m(x) { return this.late + x; } }
const p = new P(1, 2), q = { late: 10, x: 1 }, r = Object.create({ late: 20 });

// A function whose second half is cold for long.
function work(o, n, second) {
  let s = 0;
  for (let i = 0; i < n; i++) {
    if (second) { s += o.late + o.w11; o.late = i; s += o.sum; o.sum = i + 1; s += o.m(i); o.fresh = s; s += o.none === undefined; } else s += o.a + o.b;
  }
  return s;
}
for (let i = 0; i < 40; i++) work(p, 50, false);
log(work(p, 20000, true), p.late, p.fresh);
log(work(p, 20000, true), work(p, 20000, false));

// Recursion: frames of the old code go on after the new one was made, and throw through it.
function deep(o, n, second) {
  if (n === 0) { let s = 0; for (let i = 0; i < 3000; i++) s += second ? probe(o, i) : 1; return s; }
  try {
    const v = deep(o, n - 1, second);
    return v + (second ? o.late : o.a);
  } catch (e) { o.caught = (o.caught | 0) + 1; throw e; } finally { o.left = n; }
}
function probe(o, i) { if (i === 2999 && o.bad) throw new RangeError('deep ' + o.late); return o.late + i; }
for (let i = 0; i < 30; i++) deep(p, 10, false);
for (let i = 0; i < 40; i++) deep(p, 10, true);
p.bad = true;
try { for (let i = 0; i < 20; i++) deep(p, 10, true); } catch (e) { log(e.message, p.caught, p.left); }
p.bad = false;
log(deep(p, 10, true), deep(q, 3, true), deep(r, 3, true));

// The function is made anew by a call of itself from a getter, a setter, a callback, and goes on in its old frame.
const nest = { depth: 0, v: 1, get again() { return this.depth-- > 0 ? loop(this, 400, true) : 1; }, set again(v) { this.v = v; } };
function loop(o, n, second) { let s = 0; for (let i = 0; i < n; i++) if (second) { s += o.again + o.v; o.again = i; } else s += 1; return s; }
for (let i = 0; i < 40; i++) loop(nest, 50, false);
for (let i = 0; i < 60; i++) { nest.depth = 3; loop(nest, 400, true); }
log(nest.depth, nest.v, [1, 2, 3].map(x => loop({ again: x, v: 2 }, 500, true)).join());

// Generators and async functions that were suspended in the old code.
function* steps(o, second) { for (let i = 0; i < 4000; i++) { if (second) { o.late = o.late + 1; if (i % 500 === 0) yield o.late; } else if (i % 500 === 0) yield 0; } return o.late; }
for (let i = 0; i < 30; i++) [...steps({ late: 0 }, false)];
const suspended = Array.from({ length: 5 }, (_, i) => steps({ late: i * 1000, ['k' + i]: 1 }, true));
let seen = []; for (let i = 0; i < 9; i++) seen.push(suspended.map(g => g.next().value).join('/')); log(seen.join(' '));
const thrown = steps({ late: 5 }, true); thrown.next(); try { thrown.throw(new TypeError('sent')); } catch (e) { log(e.message, thrown.next().done); }
async function later(o, second) { let s = 0; for (let i = 0; i < 600; i++) { s += second ? o.late + o.x : 1; if (i % 100 === 0) await 0; } return s; }
(async () => { for (let i = 0; i < 20; i++) await later(q, false); log(await Promise.all([q, { x: 1, late: 3 }, { y: 0, x: 2, late: 4 }].flatMap(o => Array(8).fill(o)).map(o => later(o, true)))); })();

// Constructors, derived ones too; classes that may not be called; closures of one code; what a shape was guarded by dies.
class A { constructor(n, second) { this.n = n; if (second) { this.extra = n; this.more = this.extra + 1; this.list = [this.more, this.n]; } } }
class B extends A { constructor(n, second) { super(n, second); if (second) { this.own = this.more * 2; this.n = this.own; } } }
for (let i = 0; i < 100; i++) { new A(i, false); new B(i, false); }
let total = 0; for (let i = 0; i < 20000; i++) total += new A(i, true).more + new B(i, true).own; log(total, JSON.stringify(new B(1, true)), (() => { try { A(); } catch (e) { return e.constructor.name; } })());
const closures = Array.from({ length: 4 }, (_, k) => (o, second) => second ? o.late + k + (o.x = k) : k);
for (let i = 0; i < 50; i++) for (const f of closures) f(q, false);
total = 0; for (let i = 0; i < 8000; i++) total += closures[i & 3]({ late: i, x: 0 }, true) + closures[i & 3](q, true); log(total);
function shapes(o, second) { return second ? o.late + (o.tail ?? 0) : 0; }
for (let i = 0; i < 50; i++) shapes(q, false);
total = 0; for (let k = 0; k < 30; k++) { const make = Function('i', `return { s${k}: 1, late: i, tail: 1 }`); for (let i = 0; i < 1500; i++) total += shapes(make(i), true); } log(total);

// Sites that learn again and again, and prototypes that change between.
let proto = { late: 1 }; const heir = Object.create(proto);
function inherited(o, second) { return second ? o.late : 0; }
for (let i = 0; i < 50; i++) inherited(heir, false);
total = 0; for (let i = 0; i < 30000; i++) { total += inherited(heir, true); if (i % 5000 === 4999) { proto['p' + i] = i; proto.late++; if (i === 19999) delete proto.late; if (i === 24999) proto.late = 'now text'; } } log(String(total).length, String(total).slice(-24), inherited(heir, true));
