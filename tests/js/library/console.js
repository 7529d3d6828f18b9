// How console.log shows values: as node does.
const show = (...values) => console.log(...values);

// Lines end at 80 columns; what is short goes on one.
show({ value: 0, writable: false, enumerable: false, configurable: false });
for (const n of [10, 50, 53, 54, 55, 56, 60]) {
  const o = { a: "x".repeat(n >> 1), b: "y".repeat(n - (n >> 1)) };
  show(o);
  show([[o]], n);
}
show({ a: { b: { c: {} } } }, { a: { b: { c: { d: 1 } } } });

// Lists.
show([], [1, 2, 3], ["a", "b"], [undefined, null], [, 1, , , 2], Array(3));
show(Array.from({ length: 7 }, (_, i) => i), Array.from({ length: 30 }, (_, i) => i * i));
show(Array.from({ length: 120 }, (_, i) => "item " + i));
show(Object.assign([1, 2], { extra: true, "two words": 1 }));
show(new Uint8Array([1, 2, 3]), new Float64Array(2), new BigInt64Array(1));

// Collections.
show(new Map(), new Map([["a", 1], [{ k: 1 }, [2]]]), new Set([1, "two", [3]]));
show([1, 2].values());

// Primitives and their wrappers.
show(1, -0, [-0], 1n, [1n], "text", ["te'xt", 'dou"ble', "both'\"", "line\nbreak"], true, Symbol("s"), [Symbol.iterator]);
show([new String("abc"), new Number(-0), new Boolean(false), Object(Symbol("q")), Object(5n)]);

// Functions, classes, instances.
class A { constructor() { this.x = 1; } get y() { return 2; } static s = 1; }
class B extends A { #hidden = 1; z = () => 1; }
show(function f() {}, () => {}, async () => {}, function* g() {}, async function* h() {}, class {}, A, B);
show(new A(), new B(), [A, B], Object.create(null), Object.create({ a: 1 }), Object.create(A.prototype));
show({ f() {}, get a() { return 1; }, set a(v) {}, get b() { return 1; }, set c(v) {}, [Symbol("k")]: 1, "a-b": 2, 3: 4 });

// Cycles.
const cycle = { name: "c", list: [] };
cycle.self = cycle;
cycle.list.push(cycle, { cycle });
show(cycle);

// Others.
show([new Date(0)], [/a+/gi], [Promise.resolve(1)], new WeakMap(), (function () { return arguments; })(1, "2"), (function () { return arguments; })());
show("%s is %d years and %i, %f, %j %O %%", "Bob", 42.5, 42.9, "1.5", { a: 1 }, [1], "rest", { b: 2 });
show({ [Symbol.toStringTag]: "Tagged", a: 1 }, new (class extends Map {})([[1, 2]]), new (class Stack extends Array {})(1, 2));
class Sub extends Map {}
class Bytes extends Uint8Array {}
class Tagged { get [Symbol.toStringTag]() { return "T"; } }
show(new Sub([[1, 2]]), new Bytes(2), new Tagged(), new (class extends Set {})([1]), Object.setPrototypeOf(new Map([[1, 2]]), null), Object.setPrototypeOf([1], null), Object.setPrototypeOf(new Error("e"), null) instanceof Error);
