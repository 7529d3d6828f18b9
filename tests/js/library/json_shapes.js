// JSON.stringify reads objects slot by slot while their shapes say all, and JSON.parse expects the keys of the last object again:
// what scripts do in between must be seen, and texts that differ read right.

function check(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${actual}, not ${expected}`);
}
const show = JSON.stringify;

// ---- Scripts that run while an object is written

const point = (x, y) => ({ x, y });
{
  const late = { a: 1, get b() { Object.prototype.toJSON = function () { return "late"; }; return 2; }, c: point(1, 2), d: [point(3, 4)] };
  const list = [point(0, 0), late, point(5, 6)];
  const text = show(list);
  delete Object.prototype.toJSON;
  check(text, '[{"x":0,"y":0},{"a":1,"b":2,"c":"late","d":"late"},"late"]', "toJSON appears on Object.prototype");
  check(show(point(1, 2)), '{"x":1,"y":2}', "and goes away");
}
{
  const o = { a: { toJSON() { delete o.b; o.c = "new"; o.z = "unseen"; return 1; } }, b: 2, c: 3, d: 4 };
  check(show(o), '{"a":1,"c":"new","d":4}', "toJSON deletes, changes and adds");
  const p = { a: { toJSON() { Object.defineProperty(p, "b", { get: () => "got" }); return 1; } }, b: 2, c: 3 };
  check(show(p), '{"a":1,"b":"got","c":3}', "toJSON redefines");
  const q = { a: { toJSON() { q.b = 20; return 1; } }, b: 2 };
  check(show(q), '{"a":1,"b":20}', "toJSON assigns");
  const r = { a: { toJSON() { Object.setPrototypeOf(r, { b: "inherited" }); delete r.b; return 1; } }, b: 2, c: 3 };
  check(show(r), '{"a":1,"b":"inherited","c":3}', "a value is then inherited");
}
{
  const list = [{ toJSON() { list[1] = "changed"; list.length = 3; list.push("more"); return 0; } }, 1, 2, 3];
  check(show(list), '[0,"changed",2,"more"]', "an array changes while it is written");
  const short = [{ toJSON() { short.length = 1; return 0; } }, 1, 2];
  check(show(short), "[0,null,null]", "an array gets shorter");
  const holes = [1, , 3];
  check(show(holes), "[1,null,3]", "holes");
  Array.prototype[1] = "from the prototype";
  check(show(holes), '[1,"from the prototype",3]', "holes that are inherited");
  delete Array.prototype[1];
}
{
  class Money { constructor(n) { this.n = n; } toJSON(key) { return `${key}:${this.n}`; } }
  check(show([new Money(1), { m: new Money(2) }, point(1, 2)]), '["0:1",{"m":"m:2"},{"x":1,"y":2}]', "toJSON of a class");
  const same = [point(1, 2), point(3, 4)];
  same[1].toJSON = () => "own";
  check(show(same), '[{"x":1,"y":2},"own"]', "own toJSON");
  Array.prototype.toJSON = function () { return this.length; };
  check(show([[1, 2], point(1, [3])]), "2", "toJSON of arrays");
  delete Array.prototype.toJSON;
  check(show([[1, 2]]), "[[1,2]]", "and without");
  const inherits = Object.create({ toJSON: undefined }, { v: { value: 1, enumerable: true } });
  check(show(inherits), '{"v":1}', "toJSON that is no function");
}
{
  const s = Symbol("s");
  const o = { a: undefined, f() {}, [s]: 1, n: null, 2: "two", 1: "one", t: true, z: -0, i: Infinity, d: 1.5, e: 1e21, m: -2147483648 };
  Object.defineProperty(o, "hidden", { value: 1 });
  check(show(o), '{"1":"one","2":"two","n":null,"t":true,"z":0,"i":null,"d":1.5,"e":1e+21,"m":-2147483648}', "kinds of values");
  check(show({ a: undefined, b: undefined }), "{}", "nothing to write");
  check(show([undefined, () => 1, s]), "[null,null,null]", "nothing in arrays");
  check(show({ a: [], b: {}, c: [[]] }, null, 1), '{\n "a": [],\n "b": {},\n "c": [\n  []\n ]\n}', "gaps");
  check(show({ b: 1, a: { b: 2, c: 3 } }, ["a", "b"]), '{"a":{"b":2},"b":1}', "a list of keys");
  check(show({ a: point(1, 2) }, (k, v) => (k === "x" ? undefined : v)), '{"a":{"y":2}}', "a replacer");
  const dictionary = {};
  for (let i = 0; i < 3000; i++) dictionary["k" + i] = i;
  for (let i = 0; i < 2998; i++) delete dictionary["k" + i];
  check(show(dictionary), '{"k2998":2998,"k2999":2999}', "a dictionary");
  check(show({ 'q"': "\u0001\n\"\\é\ud800\u{1f4a9}" }), '{"q\\"":"\\u0001\\n\\"\\\\é\\ud800💩"}', "quoting");
  check(show({ "é\ud800": "é" }), '{"é\\ud800":"é"}', "names in two bytes");
  let deep = 1;
  for (let i = 0; i < 200; i++) deep = i & 1 ? [deep] : { deep };
  check(show(deep).length, 200 / 2 * (2 + 9) + 1, "nesting");
  const cycle = { a: [] };
  cycle.a.push(cycle);
  let error;
  try { show(cycle); } catch (e) { error = e; }
  check(error instanceof TypeError, true, "a cycle");
}

// ---- Keys that come as expected, and others

const round = (text) => show(JSON.parse(text));
for (let i = 0; i < 3; i++) {
  check(round('[{"one":1,"two":2,"three":3},{"one":4,"two":5,"three":6}]'), '[{"one":1,"two":2,"three":3},{"one":4,"two":5,"three":6}]', "the same");
  check(round('[{"one":1,"two":2},{"one":1,"twofold":2},{"one":1,"tw":2}]'), '[{"one":1,"two":2},{"one":1,"twofold":2},{"one":1,"tw":2}]', "longer and shorter");
  check(round('[{"one":1,"two":2},{"two":1,"one":2}]'), '[{"one":1,"two":2},{"two":1,"one":2}]', "another order");
  check(round('{"one":1,"one":2,"two":3,"one":{"two":4,"two":5}}'), '{"one":{"two":5},"two":3}', "twice");
  check(round('[{"\\u006fne":1,"t\\u0077o":2}]'), '[{"one":1,"two":2}]', "escapes");
  check(round('[{"one" : 1 , "two" :2}]'), '[{"one":1,"two":2}]', "spaces");
  check(round('[{"é":1,"→":2},{"é":1,"→":2}]'), '[{"é":1,"→":2},{"é":1,"→":2}]', "two bytes");
  check(round('[{"one":{"one":{"two":1}}},{"one":1,"0":2,"01":3}]'), '[{"one":{"one":{"two":1}}},{"0":2,"one":1,"01":3}]', "nested, indices");
  const proto = JSON.parse('{"one":1,"__proto__":{"two":2},"constructor":3}');
  check(Object.keys(proto).join() + Object.getPrototypeOf(proto).constructor.name, "one,__proto__,constructorObject", "__proto__");
  for (const bad of ['{"one', '{"one"', '{"one":', '{"one":1', '{"one":1,', '{"one":1,"two', '{"one":1,"two"', '{"one":1,"two":2', '{"one":1,two:2}', '{"one":1,"two\n":2}']) {
    let error;
    try { JSON.parse(bad); } catch (e) { error = e; }
    check(error instanceof SyntaxError, true, bad);
  }
}
{
  const setter = [];
  Object.defineProperty(Object.prototype, "watched", { set(v) { setter.push(v); }, configurable: true });
  check(round('[{"one":1,"watched":2},{"one":1,"watched":3}]') + setter.length, '[{"one":1,"watched":2},{"one":1,"watched":3}]0', "inherited setters");
  delete Object.prototype.watched;
}
console.log("ok");
