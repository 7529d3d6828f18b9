// Elements that are not there, arguments objects, `in` with indices and names, at hot sites of one and of many kinds.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };
const NONE = undefined;

// Reads outside the bounds and of holes.
const upTo = a => { let n = 0, x; while ((x = a[n]) !== undefined) n++; return n; };
const read = (o, i) => o[i];
const many = [[1, 2, 3], [1.5, 2.5], ['a', 'b'], [, 1, , 2], [, 1.5], { 0: 1, 2: 3 }, 'text', '\u1234ü', new Uint8Array(3), new Float64Array(2),
  (function () { return arguments; })(1, 2), (function () { 'use strict'; return arguments; })(1, 2), new String('ab'), [], new BigInt64Array(1), new Array(5)];
log(many.map(o => times(30, () => upTo(o))).join());
for (const o of many) log([-1, 0, 1, 2, 3, 4, 100, 2 ** 31 - 1].map(i => String(times(30, () => read(o, i)))).join());
const grown = [1];
log(times(50, i => { const before = grown[i]; grown[i] = i; return String(before) + grown[i]; }), grown.length);
const filled = [, , 3];
log(times(30, i => { const r = filled[1]; if (i === 20) filled[1] = 'now'; return r; }), filled[0], filled[1]);
const negative = []; negative[-1] = 'minus one';
log(times(30, () => read(negative, -1)), times(30, () => read(negative, 0)));
const frozen = Object.freeze([1, , 3]), sealedTyped = Object.preventExtensions(new Uint8Array(1));
log(times(30, i => read(frozen, i % 5)), times(30, () => read(sealedTyped, 1)));
const shrunk = [1, 2, 3];
log(times(30, i => { if (i === 15) shrunk.length = 1; return read(shrunk, 2); }), times(30, () => upTo(shrunk)));

// Prototypes with elements.
const proto = [10, 11, 12];
const child = Object.setPrototypeOf([, 1], proto);
log(times(30, () => [read(child, 0), read(child, 1), read(child, 2), read(child, 3)].join()));
Array.prototype[1] = 'inherited';
log(times(30, () => read([0], 1)), times(30, () => read([0, , 2], 1)), times(30, () => read([0], 2)), upTo([5]));
delete Array.prototype[1];
log(times(30, () => read([0], 1)));
const trap = Object.setPrototypeOf([], new Proxy({}, { get: (t, k) => 'trapped ' + String(k), has: (t, k) => k === '7' }));
log(times(30, () => read(trap, 3)), times(30, () => 7 in trap), times(30, () => 8 in trap));
Object.defineProperty(Object.prototype, 5, { get() { return this.length; }, set(v) { Object.defineProperty(this, 5, { value: v, writable: true, configurable: true, enumerable: true }); }, configurable: true });
{ const found = [times(30, () => read([1, 2], 5)), times(30, () => read('abc', 5)), times(30, () => 5 in []), times(30, () => 5 in new Uint8Array(2)), times(30, () => read(new Uint8Array(2), 5))];
delete Object.prototype[5];
log(found.join()); }
log(times(30, () => read([1, 2], 5)));

// Arguments.
function mapped(a, b) { arguments[0] = a + 1; arguments[2] = 'extra'; b = 9; return [a, arguments[0], arguments[1], arguments[2], arguments[3], arguments.length].join(); }
function unmapped(a, b) { 'use strict'; arguments[0] = a + 1; arguments[1] = 'x'; b = 9; return [a, arguments[0], arguments[1], arguments[2], b].join(); }
log(times(50, i => mapped(i, 2)), times(50, i => mapped(i)), times(50, i => mapped(i, 2, 3)), times(50, i => unmapped(i, 2)));
function sum() { let s = 0; for (let i = 0; i < arguments.length; i++) { s += arguments[i]; arguments[i] = -1; } return s + arguments[0]; }
function sumOf(a) { let s = 0; for (let i = 0; i < arguments.length; i++) { s += arguments[i]; arguments[i] = -1; } return s + a; }
log(times(50, i => sum(i, 1, 2)), times(50, i => sumOf(i, 1, 2)), guarded(() => times(50, () => sum())));
function ended(a, how) {
  if (how === 1) delete arguments[0];
  if (how === 2) Object.defineProperty(arguments, 0, { value: 'fixed', writable: false });
  if (how === 3) Object.freeze(arguments);
  if (how === 4) Object.defineProperty(arguments, 0, { get: () => 'got', set(v) { a = 'set ' + v; } });
  const before = arguments[0];
  arguments[0] = 'new';
  return [before, a, arguments[0], 0 in arguments, 1 in arguments, 5 in arguments].join();
}
for (let how = 0; how < 5; how++) log(times(30, () => ended('a', how)));
function strictFrozen() { 'use strict'; Object.freeze(arguments); arguments[0] = 1; }
log(times(30, () => guarded(() => strictFrozen(5))));

// `in`.
const has = (o, k) => k in o;
for (const o of many.filter(o => typeof o === 'object')) log([-1, 0, 1, 2, 3, '1', '-0', 1.5, 2 ** 32, 'length'].map(k => times(30, () => has(o, k))).join());
log(guarded(() => has('text', 0)), guarded(() => has(5, 'x')), guarded(() => has(null, 1)));
const shapes = Array.from({ length: 30 }, (_, i) => ({ ['p' + i]: 1, ['q' + i % 3]: 1 }));
let count = 0;
for (let round = 0; round < 20; round++) for (const s of shapes) count += has(s, 'q1') + ('q2' in s) + has(s, 'toString') + has(s, 'never');
log(count);
Object.prototype.never = 1;
for (const s of shapes) count += has(s, 'never');
delete Object.prototype.never;
for (const s of shapes) count += has(s, 'never');
shapes[1].q2 = 1; delete shapes[2].q2;
log(count, shapes.map(s => +has(s, 'q2')).join(''), has(new Proxy(shapes[1], {}), 'q2'));
