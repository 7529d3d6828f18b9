// Searches in and copies of arrays and typed arrays, of every kind of elements.
const ints = Array.from({ length: 50 }, (_, i) => i * 3), doubles = ints.map((x) => x + 0.5), strings = ints.map((x) => "s" + x);
const objects = ints.map((x) => ({ x })), mixed = [0, 1.5, "a", null, undefined, true, 7n, NaN, -0, ints, Symbol.iterator];
const holey = [1, , 3, , 5], holeyDoubles = [1.5, , NaN, , 2.5];
const all = (list, x, ...from) => [list.indexOf(x, ...from), list.lastIndexOf(x, ...from), list.includes(x, ...from)].join(" ");

for (const x of [0, -0, 3, 147, 147.5, 1, "3", NaN, undefined, null, 2 ** 40, -3]) console.log("ints", x, all(ints, x), all(ints, x, 1), all(ints, x, -2));
for (const x of [0.5, 147.5, 3, NaN, undefined, Infinity]) console.log("doubles", x, all(doubles, x), all(doubles, x, 49), all(doubles, x, 100));
for (const x of ["s0", "s" + 147, "s1", "", "S0", 0, 7n]) console.log("strings", x, all(strings, x), all(strings, x, -1));
console.log("objects", all(objects, objects[31]), all(objects, {}), all(objects, undefined));
for (const x of mixed) console.log("mixed", String(x).length, all(mixed, x));
console.log("mixed", all(mixed, 7n), all(mixed, BigInt("7")), all(mixed, "A".toLowerCase()), all(mixed, 0), all(mixed, false));
for (const x of [undefined, 3, 5, NaN, 2.5]) console.log("holey", x, all(holey, x), all(holeyDoubles, x), all([, ,], x), all([], x));
console.log(all([1, 2, 1, 2, 1], 1, 3), all([1, 2, 1, 2, 1], 1, -4), all([1, 2], 1, -9), all([1, 2], 2, NaN), all([1, 2], 2, undefined));

// A start whose conversion changes the array.
const shrinking = (list, to) => ({ valueOf() { list.length = to; return 0; } });
for (const x of [undefined, 4, 2]) {
  const make = () => [1, 2, 3, 4];
  let a;
  console.log("shrinks", x, (a = make()).indexOf(x, shrinking(a, 2)), (a = make()).includes(x, shrinking(a, 2)), (a = make()).lastIndexOf(x, { valueOf() { a.length = 2; return 3; } }));
}
{
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 }), t = new Int8Array(buffer);
  t.fill(5);
  console.log("shrinks", t.includes(undefined, { valueOf() { buffer.resize(4); return 0; } }), t.includes(undefined), t.indexOf(undefined, { valueOf() { buffer.resize(2); return 0; } }), t.includes(5, { valueOf() { buffer.resize(16); return 1; } }), t.indexOf(0), t.lastIndexOf(5));
}

// Indices that prototypes have.
{
  const o = Object.setPrototypeOf([, , 1], [9, 8]);
  console.log("inherited", all(o, 9), all(o, 8), all(o, 1), all(o, undefined));
}

// Typed arrays: what is looked for is compared as a number, not converted.
for (const T of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float16Array, Float32Array, Float64Array]) {
  const t = new T([0, 1, -1, 127, 200, 255, 300, 1.5, NaN, -0, 70000, 2 ** 31]);
  console.log(T.name, [0, -0, 1, -1, 200, 255, 300, 1.5, 0.1, NaN, 70000, 2 ** 31, 4294967295, "1", 1n, undefined].map((x) => all(t, x)).join(", "));
  const long = new T(100);
  long[97] = 1;
  console.log(all(long, 1), all(long, 0), all(long, 0, 98), all(long, 1, -4), all(long.fill(3, 20, 30), 3), long.fill(2).join("").length, [...long.fill(9, -5)].lastIndexOf(2));
}
for (const T of [BigInt64Array, BigUint64Array]) {
  const t = new T([0n, 1n, -1n, 2n ** 63n]);
  console.log(T.name, [0n, 1n, -1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), 2n ** 64n, 1, 0, NaN, undefined].map((x) => all(t, x)).join(", "), t.fill(3n, 1).join());
}

// Copies.
for (const list of [ints.slice(0, 6), doubles.slice(0, 6), strings.slice(0, 6), holey, holeyDoubles, mixed.slice(0, 8)]) {
  const n = list.length;
  console.log(list.with(1, "w"), list.with(-1, 2.5), list.with(0, 3), list.toReversed());
  console.log(list.slice().copyWithin(0, 2), list.slice().copyWithin(2, 0), list.slice().copyWithin(1, 0, n - 2), list.slice().copyWithin(0, -2, -1));
  console.log(list.concat(ints.slice(0, 2)), list.concat(doubles.slice(0, 2), list), list.concat(strings.slice(0, 1), 1, [, 2]), [].concat(list), [1].concat([], list, [[3]]));
}
const frozen = Object.freeze([1, 2, 3]), sealed = Object.seal([1, 2, 3]);
for (const f of [() => frozen.copyWithin(0, 1), () => sealed.copyWithin(0, 1), () => frozen.concat(sealed), () => frozen.with(0, 9), () => frozen.toReversed(), () => sealed.fill(4), () => [1].with(1, 2)]) {
  try { console.log(f()); } catch (e) { console.log(e.constructor.name, frozen, sealed); }
}

// Arrays into typed arrays.
for (const T of [Int8Array, Uint8ClampedArray, Uint16Array, Int32Array, Uint32Array, Float16Array, Float32Array, Float64Array]) {
  const t = new T(8);
  t.set([1, -1, 300], 1);
  t.set([1.5, NaN, -0, 2 ** 33 + 5], 4);
  console.log(t, new T([1, "2", { valueOf: () => 3 }]), new T([1, , 3]), T.from([5, 6.5]));
  try { t.set([1, 2, 3], 6); } catch (e) { console.log(e.constructor.name); }
}
try { new BigInt64Array(2).set([1]); } catch (e) { console.log(e.constructor.name); }
{
  const seen = [], t = new Int32Array(4);
  try { t.set([1, { valueOf() { seen.push(t[0]); return 2; } }, { valueOf() { throw new RangeError(); } }]); } catch (e) { seen.push(e.constructor.name); }
  console.log(seen, t);
}
{
  class Sub extends Float64Array {}
  console.log(new Sub([1, 2.5]), Sub.from([1, 2.5]), Uint8Array.from([1, 300, -1], (x) => x * 2), new Int16Array([]), Int8Array.from([, 1]));
  const next = Object.getPrototypeOf([][Symbol.iterator]()), original = next.next;
  next.next = function () { const r = original.call(this); if (!r.done) r.value *= 10; return r; };
  const seen = [new Int8Array([1, 2]), Int8Array.from([3, 4])];
  next.next = original;
  console.log(seen, new Int8Array([1, 2]), Int8Array.from([3, 4]), new Float64Array(Object.assign([1, 2], { [Symbol.iterator]: function* () { yield 7; } })));
}
