// The default comparison converts nothing when there is nothing to compare: undefined and holes are set aside.
let n = 0; const o = { toString() { n++; return "a"; } };
const t = (f) => { n = 0; try { const r = f(); console.log(r.length, n); } catch (e) { console.log(e.constructor.name, n); } };
t(() => [Symbol()].sort()); t(() => [Symbol(), undefined].sort()); t(() => [, Symbol(), , undefined].toSorted());
t(() => [o].sort()); t(() => [o, undefined].toSorted()); t(() => [Symbol(), 1].sort()); t(() => [o, 1].sort().slice(0, 1));
