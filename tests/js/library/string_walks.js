// Strings that are iterated over by the library: spread, Array.from, collections; code points, lone surrogates, and what scripts can see.
// large
const texts = ["", "a", "abc", "aé中", "\u{1F600}x\u{1F601}", "\uD83D", "x\uD83D", "\uDE00\uD83D", "\uD83D\uD83D\uDE00", "ab".repeat(3000), "\u{1F600}中".repeat(2000)];
const show = (list) => list.length > 20 ? list.length + " " + list.slice(-3).map(escape).join() : list.map(escape).join();
for (const s of texts) {
  const rope = s.slice(0, 1) + s.slice(1);
  console.log(show([...s]), show([...rope, ...s]), show(Array.from(s)), show([...new Set(s)]), show([1, ...s, 2]), Math.max(...s.slice(0, 0), 1));
  if ([...s].join("") !== s || Array.from(s, (c) => c).join("") !== s) console.log("differs", escape(s).slice(0, 30));
}
console.log(show([...new String("hi\u{1F600}")]), show([..."abc"[Symbol.iterator]()]), show([...Object("q")]));
try { new Map("ab"); } catch (e) { console.log(e.constructor.name); }
console.log(new Map("").size, String.fromCharCode(..."abc".split("").map((c) => c.charCodeAt(0))), Array.from.call(Object, "xy").length);

// What lies in the way is heeded, and nothing of it later.
const proto = Object.getPrototypeOf(""[Symbol.iterator]()), next = proto.next, iterator = String.prototype[Symbol.iterator];
for (let round = 0; round < 3; round++) {
  proto.next = function () { const r = next.call(this); return r.done ? r : { done: false, value: r.value + "!" }; };
  const patched = [..."ab"], from = Array.from("cd"), set = [...new Set("ee")];
  proto.next = next;
  String.prototype[Symbol.iterator] = function* () { yield "it"; yield this.length; };
  const own = [..."abc"], ownFrom = Array.from("abc");
  String.prototype[Symbol.iterator] = iterator;
  console.log(patched, from, set, own, ownFrom, [..."ab"]);
}
