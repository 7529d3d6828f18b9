// `test` and `split` take short ways while nothing that they read was changed by a script; each change must be seen at a site that is warm.
function log(...parts) { console.log(parts.join(" ")); }
function text(f) { try { return String(f()); } catch (e) { return e.name; } }
function times(n, f) { let last; for (let i = 0; i < n; i++) last = f(i); return last; }

function test(re, s) { return re.test(s); }
log("plain", times(50, i => test(/^a+b?c$/, i & 1 ? "aaabc" : "aaabd")), test(/^a+b?c$/, "aac"));
log("ropes", times(50, i => test(/1x2/, "a".repeat(20) + i + "x" + (i + 1))), test(/x/, "a".repeat(20) + "x"));
log("wide", test(/\u{1F600}/u, "\u{1F600}"), test(/é/, "é"), test(/\u0100/, "é"), test(/é/i, "É\u0100"));
log("other arguments", test(/^1$/, 1), test(/null/, null), test(/undefined/), test(/o/, { toString() { return "foo"; } }), text(() => test(/x/, Symbol())));
const global = /a/g;
log("global", test(global, "aa"), global.lastIndex, test(global, "aa"), global.lastIndex, test(global, "aa"), global.lastIndex);
const sticky = /b/y;
sticky.lastIndex = 1;
log("sticky", test(sticky, "ab"), sticky.lastIndex, test(sticky, "ab"), sticky.lastIndex);
const kept = /a/;
kept.lastIndex = 7;
log("lastIndex stays", test(kept, "a"), kept.lastIndex);
let read = 0;
kept.lastIndex = { valueOf() { read++; return 0; } };
log("lastIndex is read", test(kept, "a"), read, typeof kept.lastIndex);
kept.lastIndex = Symbol();
log("lastIndex is no number", text(() => test(kept, "a")));
const frozen = Object.freeze(/a/);
log("frozen", test(frozen, "a"), test(frozen, "b"), text(() => test(Object.freeze(/a/g), "b")));
const own = /a/;
own.exec = () => ({});
log("own exec", test(own, "b"), test(/a/, "b"));
class Sub extends RegExp { exec(s) { return s === "sub" ? [] : null; } }
log("subclass", test(new Sub("a"), "sub"), test(new Sub("a"), "a"));
log("receiver", text(() => RegExp.prototype.test.call({ exec: () => null }, "a")), text(() => RegExp.prototype.test.call(1, "a")),
  text(() => RegExp.prototype.test.call(RegExp.prototype, "a")));
log("backtracking", test(/^(?:a|aa|aaa)*b$/, "a".repeat(18)), test(/(x+x+)+y/, "x".repeat(15) + "y"));
log("long", test(/b$/, "a".repeat(200000) + "b"), test(/c/, "a".repeat(200000) + "b"), test(/(?:a|b)*c/, "ab".repeat(4000)));
log("compile", times(20, i => { const r = /a/; r.compile(i & 1 ? "b" : "c"); return [test(r, "b"), test(r, "c")]; }));

function split(re, s) { return s.split(re).join("|"); }
log("split", times(30, () => split(/[,;]\s*/, "a, b;c,,d")), split(/(x)|(y)/, "1x2y3"), split(/(?:)/u, "a\u{1F600}b").length, split(/,/, ""), split(/(?:)/, "") === "");
log("split ends", split(/,/, ",a,"), split(/a|$/, "bab"), split(/^/m, "a\nb"), split(/(?=b)/, "abab"), split(/,/y, "a,b,c"), "a,b,c".split(/,/, 2));

const exec = RegExp.prototype.exec;
RegExp.prototype.exec = function (s) { return exec.call(this, s + "!"); };
log("replaced exec", test(/a!$/, "a"), split(/!/, "ab"));
RegExp.prototype.exec = 5;
log("no exec", test(/a!$/, "a"), test(/a$/, "a"));
RegExp.prototype.exec = exec;
log("exec again", test(/a!$/, "a"), test(/a$/, "a"));
const species = Object.getOwnPropertyDescriptor(RegExp, Symbol.species);
Object.defineProperty(RegExp, Symbol.species, { configurable: true, get() { return function (re, flags) { log("species", flags); return new RegExp("b", flags); }; } });
log("other species", split(/,/, "a,b,c"));
Object.defineProperty(RegExp, Symbol.species, species);
log("species again", split(/,/, "a,b,c"));
