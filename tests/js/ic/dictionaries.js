// Objects used as tables: names come and go at hot sites, then stay; what is read, inherited, shadowed and listed is right at every moment.
const log = (...values) => console.log(...values);
const read = (o, k) => o[k], write = (o, k, v) => o[k] = v, drop = (o, k) => delete o[k], has = (o, k) => k in o, named = o => o.k5, call = (o, k) => o[k]();
const keys = Array.from({ length: 300 }, (_, i) => 'k' + i);
// A window of names that moves, of several widths: each step is compared with a Map.
for (const width of [1, 3, 7, 8, 9, 15, 17, 40, 150]) {
  const o = {}, model = new Map(); let wrong = 0;
  for (let i = 0; i < 900; i++) {
    const k = keys[i % 300]; write(o, k, i); model.delete(k); model.set(k, i);
    const old = keys[(i + 300 - width) % 300]; drop(o, old); model.delete(old);
    const probe = keys[(i * 7) % 300];
    if (read(o, probe) !== model.get(probe) || has(o, probe) !== model.has(probe) || named(o) !== model.get('k5')) wrong++;
  }
  log(width, wrong, Object.keys(o).join() === [...model.keys()].join(), Object.keys(o).length);
}
// A table that grows, rests and is read, grows again, shrinks to nothing, and is used as a record.
const table = {};
let sum = 0;
for (let round = 0; round < 3; round++) {
  for (let i = 0; i < 250; i++) write(table, keys[i], i + round);
  for (let i = 0; i < 2000; i++) sum += read(table, keys[i % 250]) + named(table);
  for (let i = 0; i < 50; i++) drop(table, keys[i * 5]);
  for (let i = 0; i < 2000; i++) sum += (read(table, keys[i % 250]) ?? -1) + (named(table) ?? -1);
}
log(sum, Object.keys(table).length, keys.every(k => drop(table, k)), Object.keys(table).length);
table.x = 1; table.y = 2; log(JSON.stringify(table), table.x + table.y, named(table));
// What is inherited shows through where a name is gone; setters and accessors of prototypes; the table's own accessors.
const below = { k5: 'inherited', k7() { return 'method'; }, set k9(v) { this.caught = v; } }, heir = Object.create(below);
let text = '';
for (let i = 0; i < 600; i++) {
  write(heir, keys[i % 120 + 20], i);
  if (i % 3 === 0) write(heir, 'k5', i); else if (i % 3 === 1) drop(heir, 'k5');
  if (i % 100 === 0) text += [named(heir), call(heir, 'k7'), write(heir, 'k9', i), heir.caught, Object.hasOwn(heir, 'k9')].join() + ' ';
  drop(heir, keys[(i + 60) % 120 + 20]);
}
log(text);
for (let i = 0; i < 500; i++) { named(heir); read(heir, 'k7'); }
below.k5 = 'changed'; drop(heir, 'k5'); log(named(heir), read(heir, 'k5'), (delete below.k5, named(heir)), (heir.k5 = 'own', named(heir)));
Object.defineProperty(heir, 'k9', { value: 'own nine', writable: true, configurable: true });
log(write(heir, 'k9', 'written'), heir.k9, heir.caught, drop(heir, 'k9'), write(heir, 'k9', 'setter'), heir.caught);
const busy = {}; for (const k of keys) busy[k] = k;
Object.defineProperty(busy, 'k5', { get() { return 'got ' + Object.keys(this).length; }, set(v) { this.k6 = v; }, enumerable: false, configurable: true });
for (let i = 0; i < 400; i++) { drop(busy, keys[100 + i % 50]); write(busy, 'k5', i); write(busy, keys[100 + (i + 25) % 50], i); }
log(named(busy), busy.k6, read(busy, 'k5'), (Object.defineProperty(busy, 'k5', { get: () => 'other' }), named(busy)), drop(busy, 'k5'), named(busy));
// Tables that become prototypes, are frozen, sealed; with symbols, indices, private names.
const proto = {}; for (const k of keys) proto[k] = k;
const child = Object.create(proto);
for (let i = 0; i < 300; i++) { if (named(child) !== (i % 2 ? undefined : 'k5')) log('wrong', i); if (i % 2) proto.k5 = 'k5'; else drop(proto, 'k5'); }
const strict = f => { 'use strict'; try { return f(); } catch (e) { return e.constructor.name; } };
const fixed = {}; for (const k of keys) fixed[k] = 1;
for (let i = 0; i < 100; i++) { drop(fixed, keys[i]); }
Object.preventExtensions(fixed); log(write(fixed, 'k0', 5), fixed.k0, drop(fixed, 'k200'), write(fixed, 'k200', 1), fixed.k200, Object.keys(fixed).length);
Object.freeze(fixed); log(write(fixed, 'k201', 5), fixed.k201, drop(fixed, 'k201'), strict(() => { 'use strict'; fixed.k201 = 1; }), strict(() => { 'use strict'; delete fixed.k201; }));
const symbols = Array.from({ length: 30 }, (_, i) => Symbol(i)), mixed = {};
for (let i = 0; i < 500; i++) { mixed[symbols[i % 30]] = i; mixed[i % 9] = i; mixed['s' + i % 25] = i; drop(mixed, symbols[(i + 11) % 30]); drop(mixed, (i + 4) % 9); drop(mixed, 's' + (i + 9) % 25); }
log(Reflect.ownKeys(mixed).map(String).join());
class Counted { #n = 0; bump() { return ++this.#n; } static has(o) { return #n in o; } }
const counted = new Counted(); let last;
for (let i = 0; i < 400; i++) { counted[keys[i % 40]] = i; drop(counted, keys[(i + 20) % 40]); last = counted.bump(); }
log(last, Counted.has(counted), Object.keys(counted).length);
// Many records that lose a property that is not their last: one form, many forms.
const records = Array.from({ length: 200 }, (_, i) => { const r = { id: i, tmp: 1, name: 'n' + i }; delete r.tmp; r.late = i; return r; });
log(records.reduce((s, r) => s + r.id + r.late + r.name.length + Object.keys(r).length, 0), JSON.stringify(records[199]));
const forms = Array.from({ length: 400 }, (_, i) => { const r = { ['a' + i % 37]: 1, ['b' + i % 41]: 2, c: 3 }; delete r['a' + i % 37]; r.d = 4; return r; });
let total = 0; for (let i = 0; i < 5; i++) for (const r of forms) total += r.c + r.d + Object.keys(r).length + (r.none === undefined);
log(total, JSON.stringify(forms[399]), JSON.stringify(forms[0]));
// for-in while names go and come.
const visited = []; const walked = {}; for (let i = 0; i < 40; i++) walked[keys[i]] = i;
for (const k in walked) { visited.push(k); drop(walked, keys[visited.length * 2]); walked['new' + visited.length] = 1; }
log(visited.length, visited.slice(-3).join(), Object.keys(walked).length);
