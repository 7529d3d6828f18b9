// Copies and spread of arrays, Maps, Sets and their iterators are loops over words where no script can see them: what must come out, and all
// that leads off that way.
function show(v) {
  if (Object.is(v, -0)) return "-0";
  if (Array.isArray(v)) return "[" + Array.prototype.map.call(Array.from({ length: v.length }, (_, i) => (i in v ? show(v[i]) : "hole")), String).join() + "]";
  if (v instanceof Map) { const out = []; v.forEach((x, k) => out.push(show(k) + "=>" + show(x))); return v.constructor.name + "{" + out.join() + "}"; }
  if (v instanceof Set) { const out = []; v.forEach((x) => out.push(show(x))); return v.constructor.name + "{" + out.join() + "}"; }
  return typeof v === "object" && v ? JSON.stringify(v) : String(v);
}
function log(...parts) { let line = ""; for (let i = 0; i < parts.length; i++) line += (i ? " " : "") + show(parts[i]); console.log(line); }
function text(f) { try { return f(); } catch (e) { return e.name + ": " + e.message; } }
// Every way of copying an iterable of values, and of pairs.
function values(make) { return [[...make()], ["x", ...make()], Array.from(make()), new Set(make()), Array.from(make(), (x) => x)]; }
function pairs(make) { return [new Map(make()), Object.fromEntries(make()), [...make()]]; }

// What is given: keys of all kinds, holes where entries were deleted, NaN and −0.
const odd = {}, sym = Symbol("s"), S = new Set([1, 2.5, "a", -0, NaN, null, undefined, odd, 10n, "b".repeat(20)]);
const M = new Map([[1, "one"], ["k", odd], [-0, -0], [NaN, 2], [undefined, undefined], [true, null]]);
log("set", ...values(() => S)); log("map", ...pairs(() => M)); log("map keys", ...values(() => M.keys())); log("map values", ...values(() => M.values()));
log("entries", ...pairs(() => M.entries()), ...pairs(() => new Set(["p", "q"]).entries())); log("set of entries", new Set(M), new Set(new Set([1]).entries()));
log("array", ...values(() => [3, 1, 3, 2, 1])); log("doubles", ...values(() => [0.5, -0, NaN, 1])); log("array iterators", ...values(() => [7, 8].values()), ...values(() => [7, 8].keys()));
log("array entries", ...pairs(() => [7, 8].entries())); log("pairs", ...pairs(() => [["a", 1], ["b", 2], ["a", 3]]));
log("empty", ...values(() => new Set()), ...pairs(() => new Map()), ...values(() => []), ...values(() => new Map().keys()));
const copied = new Map(M); copied.set("new", 1).delete(1); M.set("k2", 2); log("apart", copied, M.size, copied.get(NaN), copied.get(0), copied.has("k2")); M.delete("k2");
const gone = new Set(); for (let i = 0; i < 30; i++) gone.add(i); for (let i = 0; i < 30; i++) if (i % 7) gone.delete(i);
log("deleted", ...values(() => gone), ...values(() => gone.entries())); const again = new Set(gone); again.add(1); again.delete(7); log(again, gone, again.has(28), again.has(7));
const cleared = new Map([[1, 2]]), before = cleared.keys(); cleared.clear(); cleared.set(3, 4); log("cleared", new Map(cleared), [...before]);

// Growth of copies, and of what was read from a table that another has replaced.
// (Without loops, so that collections at each safepoint are few.)
const upTo = (n) => [...new Array(n).keys()], numbers = new Set(upTo(1500)), byNumber = new Map([...upTo(1500).entries()]);
const wide = new Set(numbers), wideMap = new Map(byNumber), fromKeys = new Set(byNumber.keys()), fromArray = new Set([...numbers, ...numbers, "more"]);
for (let i = 0; i < 9; i++) { wide.add(i * 300); wideMap.set(i * 300, -i); fromKeys.add(-1 - i); }
log("grown", wide.size, wideMap.size, fromKeys.size, fromArray.size, numbers.size, wide.has(2400), wideMap.get(2400), wideMap.get(1499), fromKeys.has(1234), fromKeys.has(-9), fromArray.has("more"), [...wide].length, [...wideMap].length, new Map([...byNumber]).get(7), new Map([...byNumber, ["z", 1]]).size);
log("few of many", new Set([..."ab".repeat(700)]), new Map(new Array(1300).fill([1, 2])), new Set(new Array(1300).fill(0.5)));
const moved = new Set([0, 1, 2, 3]), standing = moved.values(); standing.next(); standing.next(); moved.delete(0); for (let i = 4; i < 20; i++) moved.add(i);
log("standing", [...standing].length, standing.next().done);

// Script's own iterators: they go on where they stand, and have ended afterwards.
for (const make of [() => new Set([1, 2, 3]).values(), () => new Map([[1, 2], [3, 4], [5, 6]]).entries(), () => [1, 2, 3].values(), () => [1, 2, 3].entries()]) {
  const it = make(); it.next(); const rest = [...it]; const twin = make(); twin.next(); const third = make(); third.next();
  log("rest", rest, [...it], it.next(), Array.from(twin), new Set(twin), twin.next().done, new Set(third).size, third.next().done);
}
const live = new Set([1]), liveIt = live.values(); log("ended", [...liveIt]); live.add(2); log([...liveIt], new Set(liveIt));
const grow = [1], growIt = grow.values(); log([...growIt]); grow.push(2); log([...growIt]); const halfway = new Map([[1, 2], [3, 4]]).entries(); halfway.next(); log(new Map(halfway), halfway.next().done);

// Holes, getters, sparse arrays, lengths without elements.
log("holes", ...values(() => [1, , 3]), ...values(() => [, ,].keys()), ...values(() => new Array(3)));
Array.prototype[1] = "inherited"; log("inherited", ...values(() => [1, , 3])); delete Array.prototype[1];
const got = [1, 2, 3]; Object.defineProperty(got, 1, { get() { return "got " + this.length; }, enumerable: true, configurable: true }); log("getter", ...values(() => got));
const shrinking = [1, 2, 3]; Object.defineProperty(shrinking, 0, { get() { shrinking.length = 2; return 0; }, configurable: true }); log("shrinking", [...shrinking], shrinking.length);
const frozen = Object.freeze([1, , "f"]); log("sparse", ...values(() => frozen));
log("bad pairs", text(() => new Map([[1, 2], 3])), text(() => new Map([[1], [, 2], []])), text(() => new Map(new Set([1]))), text(() => new Map(M.keys())), text(() => new Map([[1, 2], , [3, 4]])));
log("odd pairs", new Map([[1, 2], { 0: "o", 1: "p" }, new Array(2), [5, 6]]), new Map([["a", "b", "c"], Object.freeze(["d", "e"])]));

// Pairs whose getters run script: what that does to the array is seen, what it does to the prototypes not.
function pairGetter(f) { return { get 0() { f(); return "g"; }, 1: 1 }; }
const list = [[1, 1], pairGetter(() => { list.push([9, 9]); list[2] = ["changed", 2]; }), [3, 3]]; log("mutated", new Map(list));
const emptied = [[1, 1], pairGetter(() => { emptied.length = 0; }), [3, 3]]; log("emptied", new Map(emptied));
const arrayNext = Object.getPrototypeOf([].values()), originalNext = arrayNext.next;
log("late", new Map([[1, 1], pairGetter(() => { arrayNext.next = null; }), [3, 3]])); arrayNext.next = originalNext;
const iterated = [[0, 0], [1, 1], pairGetter(() => {}), [3, 3]].values(); iterated.next(); log("pairs left", new Map(iterated), iterated.next().done);
let closed = 0; arrayNext.return = function () { closed++; return {}; };
log("closing", text(() => new Map([[1, 2], "no"])), text(() => new Map([[1, 2], pairGetter(() => { throw new RangeError("mine"); })])), closed, [...[1]].length, new Set([1]).size, closed); delete arrayNext.return;

// Adders.
class LoudSet extends Set { add(v) { LoudSet.calls++; return super.add(v); } } LoudSet.calls = 0; class LoudMap extends Map { set(k, v) { LoudMap.calls++; return super.set(k, v); } } LoudMap.calls = 0;
class PlainSet extends Set {} class PlainMap extends Map {}
log("subclasses", new LoudSet(S).size, LoudSet.calls, new LoudMap(M).size, LoudMap.calls, new PlainSet([1, 2]), new PlainMap([[1, 2]]), new PlainSet(new PlainSet([3])), new Set(new LoudSet([4])), LoudSet.calls, new Map(new PlainMap([[5, 6]])));
const { add } = Set.prototype, { set } = Map.prototype; let added = [];
Set.prototype.add = function (v) { added.push(v); return add.call(this, v); }; Map.prototype.set = function (k, v) { added.push(k); return set.call(this, k, v); };
log("patched", new Set([1, 2]), new Set(new Set([3])), new Map([[4, 5]]), new Map(new Map([[6, 7]])), new Set(M.keys()).size, added);
Set.prototype.add = add; Map.prototype.set = set; added = [];
let asked = 0; Object.defineProperty(Set.prototype, "add", { get() { asked++; add.call(this, "early"); return add; }, configurable: true });
log("getter of add", new Set([1, "early"]), new Set(new Set([2])), asked); Object.defineProperty(Set.prototype, "add", { value: add, writable: true, configurable: true });
log("no adder", text(() => { Set.prototype.add = 1; return new Set([1]); })); Set.prototype.add = add;
class Filled extends Set { constructor(x) { super(x); this.add("last"); } } log("constructor", new Filled(S).size, new Filled(gone));

// Iterators that are replaced: of the prototypes, of their iterators, of one object.
function all() { return [[...new Set([1, 2])], [...new Map([[1, 2]])], [...new Map([[1, 2]]).keys()], [...[3, 4]], [...[3, 4].values()], Array.from(new Set([5])), Array.from([6]), new Set(new Set([7])), new Map(new Map([[8, 9]])), new Set([1]), new Map([[1, 2]])]; }
log("all", ...all());
for (const [holder, key] of [[Set.prototype, Symbol.iterator], [Map.prototype, Symbol.iterator], [Array.prototype, Symbol.iterator], [Object.getPrototypeOf(new Set().keys()), "next"], [Object.getPrototypeOf(new Map().keys()), "next"], [arrayNext, "next"], [Iterator.prototype, Symbol.iterator]]) {
  const was = holder[key]; let calls = 0;
  holder[key] = function () { calls++; return was.call(this); };
  const seen = all(); holder[key] = was;
  log("replaced", calls, ...seen);
}
log("all", ...all());
for (const proto of [Object.getPrototypeOf(new Set().keys()), Object.getPrototypeOf(new Map().keys()), arrayNext]) {
  proto[Symbol.iterator] = function () { return ["own"].values(); }; const seen = all(); delete proto[Symbol.iterator]; log("nearer", ...seen);
}
const own = new Set([1]); own[Symbol.iterator] = function* () { yield "mine"; }; const ownMap = new Map([[1, 2]]); ownMap[Symbol.iterator] = () => [["a", "b"]].values(); const ownIt = new Set([1, 2]).values(); ownIt.next = () => ({ done: true });
const bare = new Set([1, 2]).values(); Object.setPrototypeOf(bare, { __proto__: Object.getPrototypeOf(bare), next() { return { done: !(this.n = -~this.n % 3), value: this.n }; } });
log("own", ...values(() => own), ...pairs(() => ownMap), [...ownIt], [...bare]);
const strayed = new Set([1, 2]); Object.setPrototypeOf(strayed, null); log("no prototype", text(() => [...strayed]), text(() => Array.from(strayed).length)); const swapped = Object.setPrototypeOf(new Map([[1, 2]]), Set.prototype); log("other prototype", text(() => [...swapped]), text(() => new Set(swapped)));
log("constructors", Array.from.call(function (n) { this.made = n; }, new Set([1, 2])), Array.from.call(Object, [1]), Array.from.call(undefined, new Set([3])), Array.from(M, ([k]) => k));
class List extends Array {} log("lists", List.from(new Set([1, 2])) instanceof List, [...List.from([3])], text(() => Array.from(null)), text(() => [...1]), text(() => new Set(1)));

// Set algebra: the other's own `has` and `keys`, in their order, and iterators that are closed.
const A = new Set([1, 2, 3, 4]), B = new Set([3, 4, 5]);
log("algebra", A.union(B), A.intersection(B), B.intersection(A), A.difference(B), B.difference(A), A.symmetricDifference(B), A.isSubsetOf(B), new Set([3]).isSubsetOf(B), A.isSupersetOf(new Set([1])), A.isDisjointFrom(B), B.isDisjointFrom(new Set([9])));
const events = []; const like = { get size() { events.push("size"); return 2; }, get has() { events.push("get has"); return (v) => (events.push("has " + v), v === 3); }, get keys() { events.push("get keys"); return () => (events.push("keys"), { next() { events.push("next"); return { done: this.n++ > 1, value: this.n }; }, n: 1, return() { events.push("return"); return {}; } }); } };
log("set-like", A.union(like), A.intersection(like), B.difference(like), A.symmetricDifference(like), new Set([3]).isSubsetOf(like), A.isSupersetOf(like), A.isDisjointFrom(like), events.length, events.join("/"));
const grown = new Set([1]); log("order", grown.union({ size: 1, has() {}, keys() { grown.add("late"); return [2].values(); } }), grown.symmetricDifference({ size: 1, has() {}, keys() { grown.add("later"); return [1].values(); } }));
log("closing", text(() => A.isDisjointFrom({ size: 0, has() {}, keys: () => ({ next: () => ({ value: 1, done: false }), return: () => 1 }) })), text(() => new Set([1]).isSupersetOf({ size: 0, has() {}, keys: () => ({ next: () => ({ value: 7, done: false }), return() { throw new RangeError("closed"); } }) })));
const { has } = Set.prototype; Set.prototype.has = function (v) { return v === 1; }; log("patched has", A.intersection(new Set([7, 8, 9, 10])), A.isSubsetOf(new Set([5, 6, 7, 8]))); Set.prototype.has = has;
