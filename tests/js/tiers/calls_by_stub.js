// large
// Calls by the stubs: of functions that a site did not expect when it was compiled, and from sites that had not run.
"use strict";
function mk(n) { return function (x) { return x + n; }; }
const fs = [mk(1), mk(2), mk(3), (x) => x * 2, function (a, b, c) { return c === undefined ? a : b; }, Math.abs, (...r) => r.length];
function call(f, x) { return f(x); }
let s = 0;
for (let i = 0; i < 100; i++) s += call(fs[0], i);
for (let i = 0; i < 200; i++) s += call(fs[i % 7], i & 1023);
console.log(s);
function cold(f, flag) { if (flag) return f(1, 2); return 0; }
for (let i = 0; i < 50; i++) cold(fs[0], false);
for (let i = 0; i < 200; i++) s += cold(fs[i % 7], true);
console.log(s);
const o = { m(x) { return this.k + x; }, k: 5 };
function coldm(o, flag) { if (flag) return o.m(1); return 0; }
for (let i = 0; i < 50; i++) coldm(o, false);
for (let i = 0; i < 200; i++) s += coldm(o, true);
console.log(s);
class A {}
function cc(f) { return f(); }
for (let i = 0; i < 50; i++) cc(() => 1);
try { cc(A); } catch (e) { console.log(e.message); }
try { cc(5); } catch (e) { console.log(e.message); }
function deep(n) { return n === 0 ? 0 : 1 + call2(deep, n - 1); }
function call2(f, n) { return f(n); }
console.log(deep(50));
