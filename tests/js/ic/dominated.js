// Sites that have met too many shapes, most accesses having one: what such a site remembers must not outlive what it was true of.
function shaped(n) { const o = {}; for (let i = 0; i < n; i++) o["f" + i] = i; o.v = n; return o; }
function site(body) { return new Function("o", "x", body); }
{
  const read = site("return o.v;"), write = site("o.v = x; return o.v;");
  const others = []; for (let i = 1; i < 40; i++) others.push(shaped(i));
  const main = { v: 7 };
  let s = 0;
  for (let i = 0; i < 4000; i++) s += i % 20 ? read(main) : read(others[i / 20 % others.length]);
  for (let i = 0; i < 4000; i++) s += i % 20 ? write(main, 3) : write(others[i / 20 % others.length], i % 7);
  console.log(s, others.map(read).join(), read(main));
}
// The remembered form is a prototype's; then the prototype changes, is shadowed, loses the property.
{
  const read = site("return o.p;");
  const proto = { p: "proto" }, main = Object.create(proto); main.own = 1;
  const others = []; for (let i = 1; i < 40; i++) { const o = shaped(i); o.p = i; others.push(o); }
  const look = () => { let r; for (let k = 0; k < 50; k++) { for (const o of others) read(o); for (let i = 0; i < 40; i++) r = read(main); } return r; };
  console.log(look()); proto.p = "changed"; console.log(look());
  Object.setPrototypeOf(main, { p: "another" }); console.log(look());
  main.p = "own"; console.log(look()); delete main.p; console.log(look());
  Object.defineProperty(main, "p", { get() { return "getter"; } }); console.log(look());
}
// A site calls one function, another closure of the same code, another function, none, and a class.
{
  const make = k => function (x) { return x + k; };
  const call = site("return o(x);");
  const fs = [make(1), make(2), x => x * 2, make(3), Math.abs];
  let out = [];
  for (const f of fs) { let r; for (let i = 0; i < 200; i++) r = call(f, -5); out.push(r); }
  for (let i = 0; i < 200; i++) out[i % 5] = call(fs[i % 5], i);
  for (const f of [undefined, 5, class {}]) { try { call(f, 1); } catch (e) { out.push(e.constructor.name); } }
  console.log(out.join());
}
// Depth is bounded by whichever stack ends first, and the engine goes on.
{
  const f = n => n > 0 ? f(n - 1) + 1 : 0, g = (n, a, b, c) => g(n + 1);
  for (let k = 0; k < 20; k++) f(500);
  let caught; try { g(0); } catch (e) { caught = e instanceof RangeError; }
  console.log(f(2000), caught);
}
