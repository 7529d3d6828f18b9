// Arrays that are made with their length and filled in: by the library's methods, whatever callbacks do to them meanwhile.
const log = (...values) => console.log(...values);
const kinds = [x => x, x => x + 0.5, x => 's' + x, x => (x % 3 ? x : undefined), x => (x < 3 ? x : x < 6 ? x / 2 : {}), x => (x === 7 ? -0 : x)];
for (const n of [0, 1, 5, 64, 65, 200]) {
  const a = Array.from({ length: n }, (_, i) => i);
  log(n, kinds.map(f => { const m = a.map(f); return m.length + ':' + m.slice(0, 4).join() + ':' + Object.keys(m).length + ':' + m.map(x => typeof x).at(-1); }).join(' '));
  log(a.flatMap(x => [x, x]).length, Array.from(a, x => x * 2).at(-1), a.filter(x => x % 2).length, a.toReversed().length);
}
// Holes stay holes; a species' array is what it makes of itself; the result grows a prototype's role, is frozen or shortened by a callback.
log(JSON.stringify([1, , 3].map(x => x * 2)), 1 in [1, , 3].map(x => x), [, , 3].map(x => x).length);
let made;
class A extends Array { constructor(n) { super(n); made = this; } }
const from = n => A.from({ length: n }, (_, i) => i);
log(from(5).map(x => { if (x === 2) made.length = 1; return x; }).join());
log(from(5).map(x => { if (x === 1) Object.setPrototypeOf({}, made); return x; }).join());
const heir = {}; log(from(4).map(x => { if (x === 1) Object.setPrototypeOf(heir, made); return x; }).join(), heir[3], [, 1][0]);
try { from(5).map(x => { if (x === 2) Object.freeze(made); return x; }); } catch (e) { log(e.constructor.name, made.slice(0, 3).join()); }
try { from(5).map(x => { if (x === 2) Object.preventExtensions(made); return x; }); } catch (e) { log(e.constructor.name, made.join()); }
log(from(4).map(x => { if (x === 1) made[3] = 'set'; return x; }).join(), from(4).map(x => { if (x === 0) made[9] = 'far'; return x; }).join());
log(from(4).map(x => { if (x === 1) Object.defineProperty(made, 2, { get: () => 'getter', configurable: true }); return x; }).join());
try { from(4).map(x => { if (x === 1) Object.defineProperty(made, 2, { value: 'fixed' }); return x; }); } catch (e) { log(e.constructor.name); }
try { from(4).map(x => { if (x === 1) Object.defineProperty(made, 'length', { writable: false }); return x; }); } catch (e) { log(e.constructor.name); }
log(made.join());
