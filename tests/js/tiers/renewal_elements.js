// Code that is made anew because sites for elements, keys and globals were cold when it was made: what they met before and meet afterwards is the same.
// large
const log = (...values) => console.log(...values);
const kind = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const types = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
let binding = 1; var property = 2;

// One copy of each function for each type, so that its sites meet that first.
const make = body => Function(`return function (a, n, hot, k) { let s = 0; if (hot) { ${body} } return s; }`)();
for (const T of types) {
  const big = T.name.startsWith('Big'), of = n => big ? BigInt(n) : n;
  const a = new T([1, 2, 3, 4, 5, 250, 7, 100].map(of));
  const read = make('for (let i = 0; i < n; i++) s = a[i & 7];'), outside = make('for (let i = 0; i < n; i++) s = a[i & 15];');
  const write = make('for (let i = 0; i < n; i++) { a[i & 7] = k; s = a[(i + 1) & 7]; }'), update = make('for (let i = 0; i < n; i++) { a[i & 7]++; s = a[i & 3]; }');
  for (const f of [read, outside, write, update]) for (let i = 0; i < 30; i++) f(a, 8, false, of(1));
  let last;
  for (let i = 0; i < 60; i++) last = [read(a, 30, true), outside(a, 30 + i % 5, true), write(a, 30, true, of(300)), update(a, 33, true)];
  log(T.name, last.join(), [...a].join());
  // Then others, at the same sites.
  for (const b of [[1, 2, 3], [1.5, , 3], { 3: 'three', length: 4 }, 'text', new Float64Array([0.5, -0]), new Uint32Array([2 ** 32 - 1]), (function () { return arguments; })(1, 2)]) {
    let r;
    for (let i = 0; i < 60; i++) r = [String(read(b, 12, true)), kind(() => String(outside(b, 9, true))), kind(() => String(write(b, 12, true, 1.5)))];
    log('  ', r.join(), kind(() => Array.prototype.join.call(b)));
  }
}
// Keys that are names, holes and what is outside, after indices; globals of both kinds; a resized and a detached buffer.
const mixed = make('for (let i = 0; i < n; i++) { s = a[k]; }'), store = make('for (let i = 0; i < n; i++) { a[k] = i; }');
const globals = make('for (let i = 0; i < n; i++) { binding = i; property = binding + 1; s = binding + property + later; }');
for (let i = 0; i < 40; i++) { mixed([1, 2], 4, true, 1); store([1, 2], 4, true, 1); globals([], 4, false); }
const symbol = Symbol('s');
for (const [a, k] of [[{ x: 'x' }, 'x'], [{ get x() { return 'got'; }, set x(v) {} }, 'x'], [[1, , 3], 1], [[1], 7], [[1], -1], [{ [symbol]: 's' }, symbol], ['abc', 'length'], [[1], 1.5], [new Uint8Array(2), '1'], [new Uint8Array(2), 'x']]) {
  let r;
  for (let i = 0; i < 200; i++) r = [String(mixed(a, 10, true, k)), kind(() => store(a, 3, true, k)), String(mixed(a, 2, true, k))];
  log(r.join());
}
log(kind(() => globals([], 4, true)));
globalThis.later = 1000;
for (let i = 0; i < 100; i++) globals([], 30, true);
log(globals([], 30, true), binding, property);
const buffer = new ArrayBuffer(8, { maxByteLength: 16 }), view = new Uint8Array(buffer);
for (let i = 0; i < 100; i++) { view[3] = i; mixed(view, 20, true, 3); store(view, 5, true, 3); }
log(mixed(view, 2, true, 3), (buffer.resize(2), mixed(view, 2, true, 3)), store(view, 2, true, 3), (buffer.resize(16), mixed(view, 2, true, 3)), mixed(view, 2, true, 12));
buffer.transfer();
log(mixed(view, 2, true, 0), store(view, 2, true, 0), view.length);
