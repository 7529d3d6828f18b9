// Closures: fresh bindings per iteration, shared cells, TDZ, hoisting, named function expressions, arguments aliasing.
const fs = []; for (let i = 0; i < 3; i++) { fs.push(() => i++); }
console.log(fs.map((f) => f()).join(), fs.map((f) => f()).join());
var gs = []; for (var j = 0; j < 3; j++) gs.push(() => j); console.log(gs.map((f) => f()).join());
const hs = []; for (const k in { a: 1, b: 2 }) hs.push(() => k); for (const k of [7, 8]) hs.push(() => k); console.log(hs.map((f) => f()).join());
const ws = []; for (let i = 0, inc = () => i++; i < 3; inc(), i++) { ws.push(() => i); if (ws.length > 5) break; } console.log(ws.map((f) => f()).join());
function counter() { let n = 0; return { inc: () => ++n, get: () => n }; }
const a = counter(), b = counter(); a.inc(); a.inc(); b.inc(); console.log(a.get(), b.get());
try { tdz; let tdz = 1; } catch (e) { console.log(e.name, e.message); }
try { (() => { f(); let x = 1; function f() { return x; } })(); } catch (e) { console.log(e.name, e.message); }
try { const c = 1; c = 2; } catch (e) { console.log(e.name, e.message); }
try { (function (p = q, q = 1) { })(); } catch (e) { console.log(e.name, e.message); }
console.log(typeof hoisted, hoisted()); function hoisted() { return "up"; } var hoisted2; console.log(typeof hoisted2);
console.log((function fact(n) { return n < 2 ? 1 : n * fact(n - 1); })(10));
console.log((function self() { self = 1; return typeof self; })());
console.log((function self() { "use strict"; try { self = 1; } catch (e) { return e.name; } })());
function sloppy(x, y) { arguments[0] = "changed"; y = "set"; return [x, arguments[1], arguments.length].join(); } console.log(sloppy(1, 2, 3), sloppy(1));
function strict(x) { "use strict"; arguments[0] = "changed"; return x; } console.log(strict(1));
function simple(x, y = 2) { arguments[0] = 9; return x + ":" + y + ":" + arguments.length; } console.log(simple(1), simple(1, undefined, 3));
function rest(a, ...r) { return a + "|" + r.join() + "|" + r.length + "|" + rest.length; } console.log(rest(), rest(1), rest(1, 2, 3));
function deflt(a, b = a + 1, c = () => a + b) { a = 10; return c(); } console.log(deflt(1), deflt(1, 5));
function shadow(x, f = () => x) { var x; const before = x; x = 2; return before + "," + x + "," + f(); } console.log(shadow(1));
{ function block() { return 1; } } console.log(typeof block);
console.log(typeof undeclared, (() => { try { undeclared; } catch (e) { return e.message; } })());
var self = this; console.log((function () { return this === self || this === globalThis; })(), (function () { "use strict"; return this; })());
const obj = { n: 1, arrow() { return (() => this.n)(); }, fn() { return (function () { return this === undefined || this === globalThis; })(); } }; console.log(obj.arrow(), obj.fn());
console.log([1, 2, 3].map(function () { return this.k; }, { k: 5 }).join());
console.log(new (function () { this.a = 1; return { a: 2 }; })().a, new (function () { this.a = 1; return 5; })().a);
switch (3) { case 1: let z = 1; case 3: try { z; } catch (e) { console.log(e.message); } }
label: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j == 1) continue label; if (i == 2) break label; console.log(i, j); } }
console.log(eval("var ev = 5; ev * 2"), typeof ev, (0, eval)("typeof obj"), (function () { var loc = 3; return eval("loc + 1"); })());
console.log((function () { "use strict"; eval("var hidden = 1"); return typeof hidden; })(), new Function("a", "b", "return a * b")(6, 7), new Function("a,b", "c", "return a+b+c").toString().replace(/\n/g, "~"));
with ({ wx: 1, wy: 2 }) { var wz = wx + wy; wx = 10; } console.log(wz);
