// Sites that have met more shapes than they tell apart, and keys: getters, setters, properties added, inherited, refused.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e instanceof Error ? e.constructor.name : 'caught ' + e; } };
const COUNT = 24, ROUNDS = 12;
const make = (i, proto) => { const o = Object.create(proto); for (let j = 0; j <= i; j++) o['f' + i + '_' + j] = j; return o; };
const every = (objects, f) => { let r = ''; for (let round = 0; round < ROUNDS; round++) { r = ''; for (let i = 0; i < objects.length; i++) r += guarded(() => f(objects[i], i, round)) + ' '; } return r; };

// Getters and setters, own and inherited, by name and by key.
const calls = [];
class Base { get g() { return this.k * 2; } set s(v) { this.k = v; calls.length < 5 && calls.push(typeof v); } get only() { return 'only'; } set none(v) {} get thrower() { throw 'thrown'; } set thrower(v) { throw v; } }
const objects = Array.from({ length: COUNT }, (_, i) => { const o = make(i, Base.prototype); o.k = i; return o; });
const own = Array.from({ length: COUNT }, (_, i) => Object.defineProperty(make(i, null), 'g', { get() { return i + Object.keys(this).length; }, set(v) { this.set = v; }, configurable: true }));
const mixed = objects.map((o, i) => i % 3 ? o : own[i]);
log(every(objects, o => o.g), every(own, o => o.g), every(mixed, o => o.g));
log(every(objects, (o, i, r) => { o.s = r; return o.k; }), calls.join(), every(own, (o, i, r) => { o.g = r; return o.set; }));
const read = (o, k) => o[k], write = (o, k, v) => { o[k] = v; return v; }, strict = (o, k, v) => { 'use strict'; o[k] = v; return v; };
const update = (o, k) => (o[k] += 1, o[k]), callee = (o, k) => o[k]?.call?.(o);
log(every(objects, o => read(o, 'g')), every(mixed, o => read(o, 'g')), every(objects, (o, i, r) => write(o, 's', i + r) + o.k));
log(every(objects, o => o.thrower), every(objects, (o, i) => { o.thrower = i; }), every(objects, o => read(o, 'thrower')), every(objects, (o, i) => write(o, 'thrower', i)));
log(every(objects, o => { 'use strict'; o.only = 1; return 'quiet'; }), every(objects, o => strict(o, 'only', 1)), every(objects, o => write(o, 'only', 1)), every(objects, o => read(o, 'none')));
log(every(objects, (o, i) => update(o, 'k')), every(mixed, o => update(o, 'g')), every(objects, o => callee(o, 'hasOwnProperty')));
log([1, 'text', true, Symbol('s')].map(v => every([v, v], o => read(o, ['length', 'description', 'g'][typeof v === 'symbol' ? 1 : 0]))).join());
// The accessor changes, and what was one becomes data.
Object.defineProperty(Base.prototype, 'g', { get() { return 'new ' + this.k; } });
log(every(objects.slice(0, 9), o => o.g), every(objects.slice(0, 9), o => read(o, 'g')));
const lists = objects.map((o, i) => Object.create(o));
log(every(lists, o => o.g), every(lists, (o, i, r) => { o.s = r; return Object.keys(o).join(); }));
for (const o of own) Object.defineProperty(o, 'g', { value: 'data', writable: true, enumerable: true });
log(every(own, o => o.g), every(own, (o, i, r) => { o.g = r; return o.g; }));

// Properties added.
const fresh = () => Array.from({ length: COUNT }, (_, i) => make(i, Base.prototype));
const add = (o, v) => { o.added = v; o.more = v; o.third = v; o.fourth = v; return Object.keys(o).slice(-4).join() + o.added + o.more + o.third + o.fourth; };
let sample = '';
for (let round = 0; round < ROUNDS; round++) sample = fresh().map((o, i) => add(o, i + round)).join(' ');
log(sample);
const names = ['a', 'b', 'c', Symbol('d'), 'e', 'f', 'g2', 'h', 'i', 'j', 'k', 'l'];
const fill = (o, k) => { for (let i = 0; i < k.length; i++) o[k[i]] = i; return Reflect.ownKeys(o).map(x => String(x) + (typeof o[x] === 'object' ? '{}' : o[x])).join(); };
for (let round = 0; round < ROUNDS; round++) sample = fresh().map((o, i) => fill(o, names.slice(0, 1 + (i + round) % names.length))).join('\n');
log(sample);
const grouped = {};
for (let i = 0; i < 600; i++) { const r = {}; const keys = ['id', 'n' + i % 5, 'group', i % 2 ? 'odd' : 'even']; for (const k of keys) r[k] = k + i; (grouped[r.group.length] ??= []).push(r); }
log(Object.keys(grouped).map(k => grouped[k].length + JSON.stringify(grouped[k][grouped[k].length - 1])).join());
// What forbids or takes the write later.
const proto = {};
const children = () => Array.from({ length: COUNT }, (_, i) => make(i, proto));
const put = (o, v) => { 'use strict'; o.late = v; return Object.hasOwn(o, 'late'); };
const putKey = (o, k, v) => { 'use strict'; o[k] = v; return Object.hasOwn(o, k); };
const puts = () => children().map((o, i) => guarded(() => put(o, i)) + '/' + guarded(() => putKey(o, 'late2', i))).join(' ');
for (let round = 0; round < ROUNDS; round++) sample = puts();
log(sample);
Object.defineProperty(proto, 'late', { set(v) { this.taken = v; }, configurable: true });
Object.defineProperty(proto, 'late2', { value: 1, writable: false, configurable: true });
log(puts());
delete proto.late; delete proto.late2;
log(puts());
Object.setPrototypeOf(proto, { set late(v) { throw 'late'; }, get late2() { return 5; } });
log(puts());
Object.setPrototypeOf(proto, new Proxy({}, { set(t, k, v, r) { return k === 'late2' && Reflect.defineProperty(r, k, { value: v }); } }));
log(puts());
Object.setPrototypeOf(proto, Object.prototype);
const closed = children().map((o, i) => i % 4 === 1 ? Object.preventExtensions(o) : i % 4 === 2 ? Object.seal(o) : i % 4 === 3 ? Object.freeze(o) : o);
log(closed.map((o, i) => guarded(() => put(o, i)) + '/' + guarded(() => putKey(o, 'late2', i))).join(' '));
const arrays = Array.from({ length: COUNT }, (_, i) => Object.assign([i], { ['p' + i]: 1 }));
log(every(arrays, (o, i, r) => { o.label = r; return read(o, 'length') + write(o, 'length', 1) + o.label; }));
const dictionaries = Array.from({ length: 3 }, (_, i) => { const d = {}; for (let j = 0; j < 2000; j++) d['x' + j + i] = j; delete d['x5' + i]; return d; });
log(every(dictionaries, (o, i, r) => { o['new' + r] = r; o.same = i; return Object.keys(o).length + read(o, 'same'); }));
