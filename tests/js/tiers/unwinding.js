// flags: --baseline-calls=3
// Exceptions through frames of both tiers: the order of effects is that of the language.
const log = [];
function level(n, fail) {
  try {
    if (n === 0) { if (fail) throw new RangeError("deep " + fail); return "bottom"; }
    return level(n - 1, fail);
  } finally {
    log.push(n);
  }
}
for (let i = 0; i < 6; i++) {
  try { log.push(level(10, i % 2 ? i : 0)); } catch (e) { log.push(e.constructor.name + ":" + e.message); }
}
console.log(log.join(" "));
// Through natives, getters, proxies, generators and callbacks.
function thrower() { throw new TypeError("inner"); }
const routes = {
  sort: () => [3, 2, 1].sort(thrower),
  map: () => [1].map(thrower),
  replace: () => "x".replace(/x/, thrower),
  getter: () => ({ get p() { return thrower(); } }).p,
  setter: () => { ({ set p(v) { thrower(); } }).p = 1; },
  proxy: () => new Proxy({}, { get: thrower }).p,
  bound: () => thrower.bind(null)(),
  call: () => thrower.call(),
  apply: () => Reflect.apply(thrower, null, []),
  construct: () => new (class { constructor() { thrower(); } })(),
  derived: () => new (class extends Object { constructor() { super(); thrower(); } })(),
  field: () => new (class { x = thrower(); })(),
  generator: () => { function* g() { try { yield 1; thrower(); } finally { log.push("g"); } } for (const v of g()) log.push(v); },
  valueOf: () => +{ valueOf: thrower },
  toString: () => `${{ toString: thrower }}`,
  iterator: () => [...{ [Symbol.iterator]: thrower }],
  eval: () => eval("thrower()"),
  newFunction: () => new Function("f", "f()")(thrower),
};
for (const name in routes) {
  log.length = 0;
  for (let i = 0; i < 8; i++) {
    try { routes[name](); log.push("no"); } catch (e) { log.push(e.message); } finally { log.push("f"); }
  }
  console.log(name, log.join(" "));
}
// A generator that is resumed with a throw and with a return while it is in a finally.
function* stubborn() {
  for (let i = 0; ; i++) {
    try { yield i; } catch (e) { log.push("caught " + e); } finally { log.push("fin" + i); if (i > 5) yield "last"; }
  }
}
log.length = 0;
const g = stubborn();
for (let i = 0; i < 4; i++) log.push(g.next().value, g.throw("t" + i).value);
log.push(JSON.stringify(g.return("r")), JSON.stringify(g.next()), JSON.stringify(g.next()));
console.log(log.join(" "));
// Handlers that throw again, nested, with values kept in registers.
function nested(n) {
  let kept = n * 2;
  try { try { thrower(); } catch (e) { kept++; throw e; } finally { kept += 10; } }
  catch (e) { return kept + e.message; } finally { log.push("done"); }
}
log.length = 0;
let out = "";
for (let i = 0; i < 12; i++) out = nested(i);
console.log(out, log.length);
// Class constructors are not callable in any tier; a missing method is the same error everywhere.
class C { constructor() { this.n = (C.count = (C.count || 0) + 1); } }
for (let i = 0; i < 8; i++) new C();
const messages = new Set();
for (let i = 0; i < 20; i++) {
  try { C(); } catch (e) { messages.add(e.constructor.name); }
  try { ({}).missing(); } catch (e) { messages.add(e.constructor.name); }
  try { undefined.x; } catch (e) { messages.add(e.constructor.name); }
  try { null.x = 1; } catch (e) { messages.add(e.constructor.name); }
  try { later; } catch (e) { messages.add(e.constructor.name); }
}
let later = 1;
console.log(C.count, [...messages].join());
