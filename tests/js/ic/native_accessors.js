// Getters and setters of the library at hot sites: by name, by key, in calls, on primitives; what they throw; and what replaces them.
const log = (...values) => console.log(...values);
const guarded = f => { try { return f(); } catch (e) { return e.constructor.name; } };
const times = (n, f) => { let r; for (let i = 0; i < n; i++) r = f(i); return r; };

// One site a name.
const map = new Map([[1, 2], [3, 4]]), set = new Set('abc'), bytes = new Uint8Array(24), part = new Int32Array(bytes.buffer, 8, 3);
const view = new DataView(bytes.buffer, 4, 6), re = /a+/gi, symbol = Symbol('about');
const size = o => o.size, length = o => o.length, byteLength = o => o.byteLength, byteOffset = o => o.byteOffset, buffer = o => o.buffer;
const global = o => o.global, flags = o => o.flags, source = o => o.source, description = o => o.description, proto = o => o.__proto__;
log(times(50, () => size(map)), times(50, () => size(set)), times(50, () => length(bytes)), times(50, () => length(part)));
log(times(50, () => byteLength(bytes)), times(50, () => byteLength(part)), times(50, () => byteLength(view)), times(50, () => byteLength(bytes.buffer)));
log(times(50, () => byteOffset(part)), times(50, () => byteOffset(view)), times(50, () => buffer(part) === bytes.buffer), times(50, () => buffer(view) === bytes.buffer));
log(times(50, () => global(re)), times(50, () => flags(re)), times(50, () => source(re)), times(50, () => description(symbol)), times(50, () => proto(map) === Map.prototype));
log(times(50, i => { map.set(i, i); set.add(i); return size(map) + '/' + size(set); }), times(20, i => { map.delete(i); return size(map); }), (map.clear(), size(map)));

// One site for all; many receivers; receivers that have none of their own.
const all = [map, set, bytes, part, view, bytes.buffer, re, symbol, {}, [], 'text', 5, 5n, true, function () {}, new Map(), { size: 'own' }, Object.create(re)];
for (const k of ['size', 'length', 'byteLength', 'byteOffset', 'global', 'source', 'description'])
  log(k, times(30, () => all.map(o => guarded(() => { const v = o[k]; return typeof v === 'object' ? 'object' : v; })).join()));
log(times(30, () => all.map(o => guarded(() => size(o))).join()), times(30, () => all.map(o => guarded(() => byteLength(o))).join()));
log(times(30, () => all.map(o => guarded(() => description(o))).join()), times(30, () => [symbol, Symbol(), Symbol(''), Object(symbol), Symbol.iterator].map(description).join()));

// Receivers of which the getter says no: it throws, again and again, from the place where it was called.
const wrong = Object.create(Map.prototype), wrongBytes = Object.create(Uint8Array.prototype);
const caught = f => { try { return f(); } catch (e) { return e instanceof TypeError; } finally { wrong.seen = (wrong.seen | 0) + 1; } };
log(times(50, () => caught(() => size(wrong))), wrong.seen, times(50, () => caught(() => wrongBytes.byteLength)), times(50, () => caught(() => wrongBytes.length)));
const lines = f => { try { f(); } catch (e) { return e.stack.split('\n').filter(line => line.includes('here')).length; } };
log(times(50, () => lines(function here() { return wrong.size; })));

// A length that changes below the site.
const growing = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 32 }));
log(times(4, i => { growing.buffer.resize(8 + 8 * i); return [times(20, () => length(growing)), times(20, () => byteLength(growing)), times(20, () => growing.buffer.byteLength)].join(); }));
const gone = new Uint8Array(8); times(20, () => length(gone)); gone.buffer.transfer(); log(times(20, () => [length(gone), byteLength(gone), byteOffset(gone)].join()));

// Setters of the library; getters that run script, and natives that are called as something else.
const tied = { set proto(v) { this.__proto__ = v; } };
log(times(30, i => { const o = { a: 1 }; o.__proto__ = { b: i }; return o.b; }), times(30, i => { const o = {}; o['__proto__'] = { b: i }; const k = '__proto__'; o[k] = { c: i }; return o.c + String(o.b); }));
log(times(30, i => { tied.proto = { n: i }; return tied.n; }), guarded(() => times(30, () => { const o = Object.preventExtensions({}); o.__proto__ = {}; })));
const traced = []; const pretend = { get hasIndices() { traced.push('d'); return 1; }, get global() { traced.push('g'); return this.g; }, g: 1 };
Object.defineProperty(pretend, 'flags', Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags'));
log(times(30, () => flags(pretend)), traced.length);
const odd = {};
Object.defineProperty(odd, 'called', { get: Function.prototype.call, set: Function.prototype.call });
Object.defineProperty(odd, 'next', { get: (function* () {})().next });
Object.defineProperty(odd, 'bound', { get: function () { return [this.tag, arguments.length].join(); }.bind({ tag: 'bound' }), set: function (v) { this.v = v; }.bind(odd) });
Object.defineProperty(odd, 'proxy', { get: new Proxy(function () { return this === odd; }, {}) });
Object.defineProperty(odd, 'isArray', { get: Array.isArray, set: Array.isArray });
Object.defineProperty(odd, 'half', { set(v) { this.v = v; } });
log(times(30, () => guarded(() => odd.called)), times(30, () => guarded(() => odd.next)), times(30, () => odd.bound), times(30, () => odd.proxy), times(30, () => odd.isArray), times(30, () => odd.half));
log(times(30, i => guarded(() => odd.called = i)), times(30, i => guarded(() => odd.bound = i)), odd.v, times(30, i => odd.isArray = i), times(30, i => odd.half = i), odd.v);
const callable = function () { return typeof this; };
Object.defineProperty(callable, 'self', { get: Function.prototype.call });
log(times(30, () => callable.self));

// In calls: what a getter gives is called.
const species = class extends Array {};
log(times(30, () => species[Symbol.species] === species), times(30, () => [].concat(new species(1, 2)).length), times(30, () => bytes[Symbol.toStringTag]), times(30, () => guarded(() => map.size())));
Object.defineProperty(Map.prototype, 'make', { get: Object.getOwnPropertyDescriptor(Object.prototype, '__proto__').get, configurable: true });
log(times(30, () => guarded(() => map.make())), delete Map.prototype.make);

// Callers that keep extra arguments; generators; callers with large frames.
function extra(o) { return o.size + arguments.length + arguments[2]; }
function rest(o, ...more) { return o.size + more.length + o.size; }
function* gives(o) { for (let i = 0; i < 30; i++) yield o.size; }
log(times(30, () => extra(set, 1, 2)), times(30, () => rest(set, 1, 2)), [...gives(set)].join());

// What a site has learnt is replaced: the pair, one half, the property, the prototype.
const sizes = Object.getOwnPropertyDescriptor(Map.prototype, 'size');
Object.defineProperty(Map.prototype, 'size', { get() { return 'replaced ' + sizes.get.call(this); }, configurable: true });
log(times(30, () => size(map)), times(30, () => size(set)));
Object.defineProperty(Map.prototype, 'size', sizes);
log(times(30, () => size(map)));
Object.defineProperty(Map.prototype, 'size', { value: 'a value', configurable: true });
log(times(30, () => size(map)), delete Map.prototype.size, times(30, () => size(map)));
Object.defineProperty(Map.prototype, 'size', sizes);
log(times(30, () => size(map)), Object.setPrototypeOf(map, Set.prototype) === map, guarded(() => times(30, () => size(map))));
const lengths = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length');
Object.defineProperty(bytes, 'length', { ...lengths, configurable: true });
log(times(30, () => length(bytes)));
Object.defineProperty(bytes, 'length', { get: () => 'own getter', configurable: true });
log(times(30, () => length(bytes)));
Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), 'length', { get: () => 'other getter' });
log(times(30, () => length(part)));
Object.defineProperty(Symbol.prototype, 'description', { get() { 'use strict'; return typeof this; } });
log(times(30, () => description(symbol)));
Object.defineProperty(String.prototype, 'kind', { get() { return typeof this; } });
Object.defineProperty(Number.prototype, 'kind', { get() { 'use strict'; return typeof this; } });
Object.defineProperty(BigInt.prototype, 'kind', { get() { 'use strict'; return typeof this + this; } });
const kind = o => o.kind;
log(times(30, () => ['a', 1, 1.5, 10n, 'b'].map(kind).join()));
// Maps and sets that never had an entry.
const empties = [() => new Set().size, () => new Map().size, () => new Set(undefined).size, () => { const s = new Set([1]); s.clear(); return s.size; }];
log(empties.map(f => times(300, f)).join());
