// Getters of the library, by a load or called, on a primitive too; and assignments to super: to a setter, to the receiver's property, to a new one.
class Point { constructor(x) { this.x = x; } get twice() { return this.x * 2; } set twice(v) { this.x = v / 2; } }
function size(m) { return m.size; }
function bytes(v) { return v.byteLength; }
function description(s) { return s.description; }
class Derived extends Point { constructor(x) { super(x); this.own = 0; } twice2(v) { super.twice = v; } own2(v) { super.own = v; } added2(v) { super.added = v; } }
const derived = Array.from({ length: 5 }, (_, i) => new Derived(i)), symbol = Symbol("s"), map = new Map(), view = new DataView(new ArrayBuffer(8));
for (const d of derived) { size(map); bytes(view); description(symbol); d.twice2(1); d.own2(2); d.added2(3); }
