// Operands that never reach memory: overflow, doubles, strings, objects and throws in the midst of expressions; tests at the ends of loops; reads of what was just written.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e instanceof Error ? e.constructor.name : 'caught ' + e; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
const MAX = 2147483647, MIN = -2147483648;
const odd = [1, 0, -0, MAX, MIN, 0.5, -1.5, NaN, Infinity, 2 ** 31, 'x', '7', true, null, undefined, { valueOf: () => 3 }, [4], 1e300];
const shown = v => Object.is(v, -0) ? '-0' : typeof v === 'bigint' ? v + 'n' : String(v);
const all = f => odd.map(a => odd.map(b => shown(guarded(() => f(a, b)))).join(' ')).join('\n');
let sum = 0;
const digest = text => { let h = 7; for (let i = 0; i < text.length; i++) h = (h * 31 + text.charCodeAt(i)) | 0; return h; };

const o = { v: 1 };
const functions = [
  (a, b) => a + b + 1, (a, b) => a - b - 70000, (a, b) => (a + b) * (a - b), (a, b) => (a + 1) * -0, (a, b) => a * b * 65535,
  (a, b) => (a + b) & 65535, (a, b) => (a - b) | 0, (a, b) => (a ^ 99999) ^ b, (a, b) => (a + b) >>> 1 << 3 >> 1, (a, b) => ~(a + b) & ~b,
  (a, b) => (a + b) / 3 % 100000, (a, b) => (a + b) % (a - b), (a, b) => -(a + b) - -b, (a, b) => (a + b) < (a - b), (a, b) => (a + b) === (b + a) ? a - 100000 > b : a + 100000 < b,
  (a, b) => { const t = a + b; return t + t; }, (a, b) => { const t = a - b; return t * t; }, (a, b) => { const t = a + b; return t & t; }, (a, b) => { let t = a + b; t += 1; t *= 2; t -= b; return t; },
  (a, b) => { let r = 0; if (a + b) r += 1; if (!(a - b)) r += 2; if (a * 1 == null) r += 4; return (a + b ?? 5) + r; },
  (a, b) => { o.v = a + b; return o.v; }, (a, b) => { o.v = a; return o.v + o.v; }, (a, b) => (o.v = a - b, o.v) + (o.v = b), (a, b) => { a = a + b; return a; },
  (a, b) => `${a + b}` + (a + b), (a, b) => [a + b, a - b, (a + b) | 65536].join(), (a, b) => { switch (a + b) { case 2: return 'two'; case '1x': return 'one x'; default: return a - 1; } },
];
for (const f of functions) { for (let i = 0; i < 30; i++) f(i, i + 1); log(digest(times(3, () => all(f)))); }
for (const f of functions) log(digest(all(eval('(' + f + ')'))));

// Throws in mid-expression leave variables as they were.
const bad = { valueOf() { throw 'bad'; } };
function mid(a, b) {
  let x = 1, y = 2;
  try { x = a + 1 + (y = b + 2) + 65537; y = x & 70000; } catch (e) { return [e, x, y].join(); } finally { x += 5; sum += x; }
  return [x, y].join();
}
log(times(50, i => mid(i, i)), times(20, () => mid(1, bad)), times(20, () => mid(bad, 1)), times(20, () => guarded(() => mid(1n, 1))), times(20, () => mid('s', 0.5)), sum);
function* across(a) { const r = a + (yield a + 1) + (yield a - 1); return r & 65535; }
log(times(30, i => { const g = across(i); return [g.next().value, g.next(70000).value, g.next(5).value].join(); }));

// Setters and changed shapes between a write and a read.
class P { constructor() { this.w = 0; } set x(v) { this.w = v * 2; } get x() { return this.w + 1; } put(v) { this.w = v; return this.w; } putX(v) { this.x = v; return this.x; } }
const p = new P(), q = Object.assign(new P(), { extra: 1 }), f = Object.freeze(new P());
log(times(60, i => p.put(i)), times(60, i => p.putX(i)), times(60, i => q.put('s' + i)), guarded(() => f.put(1)), [5, 'text'].map(v => guarded(() => P.prototype.put.call(v, 1))).join());
const loose = v => { 0, 'text'.w = v; return 'text'.w; };
log(times(30, loose), times(30, i => { const fresh = {}; fresh.a = i; return fresh.a; }));
function redefine(i) { const r = { n: 1 }; if (i > 40) Object.defineProperty(r, 'n', { set(v) { sum = v; }, get: () => 'got' }); r.n = i; return r.n; }
log(times(60, redefine), sum, times(20, i => { const pr = new Proxy({}, { set: () => true }); pr.n = 1; return pr.n; }));

// Loops whose test compares doubles, NaN, strings, objects, and one that never holds.
const count = (from, to, by) => { let n = 0; for (let x = from; x < to; x += by) if (++n > 500) break; return n; };
log(times(20, () => count(0, 10, 1)), count(0, 1, 0.125), count(0, NaN, 1), count(NaN, 5, 1), count(5, 5, 1), count('1', 3, 1), count(0, { valueOf: () => 4 }, 1), count(MAX - 2, 2 ** 31 + 2, 1), count(0, Infinity, 1e308));
const until = (a, end) => { let i = 0; while (a[i] !== end) i++; return i; };
log(until([1, 2, 3], 3), until(['a', 'b'], 'b'), until([1, 2], undefined), times(50, i => { let n = 0; do { n++; } while (n <= i); return n; }));
let nested = 0;
for (let i = 0; i < 40; i++) for (let j = i; j >= 0; j--) { if (j % 7 === 3) continue; if (j > 35) break; nested += j; }
log(nested, guarded(() => { for (let i = 0; i < bad; i++); }));
const tree = (d) => d === 0 ? [] : [tree(d - 1), tree(d - 1)];
const size = t => t.length ? size(t[0]) + size(t[1]) : 1;
log(times(5, () => size(tree(12))));
