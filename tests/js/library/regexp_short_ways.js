// The methods of RegExp.prototype take short ways while nothing that they read was changed by a script: each of these changes
// must be seen, in code that ran the short way before.

function check(actual, expected, what) {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`${what}: ${a}, not ${e}`);
}
const prototype = RegExp.prototype;
/** Runs `test` with a property of `object` redefined. */
function redefined(object, key, descriptor, test) {
  const old = Object.getOwnPropertyDescriptor(object, key);
  Object.defineProperty(object, key, { configurable: true, ...descriptor });
  try { test(); } finally {
    if (old) Object.defineProperty(object, key, old); else delete object[key];
  }
}

// ---- What the short ways give

const literal = () => /(\d)(x)?/g;
check(literal() === literal(), false, "each evaluation makes an object");
check([literal().source, literal().flags, String(literal())], ["(\\d)(x)?", "g", "/(\\d)(x)?/g"], "copies");
{
  const first = literal();
  first.lastIndex = 7;
  first.extra = 1;
  check([literal().lastIndex, literal().extra], [0, undefined], "copies share nothing that can change");
  first.compile("other", "i");
  check([first.source, first.flags, literal().source, literal().test("5")], ["other", "i", "(\\d)(x)?", true], "compile");
  first.compile("again");
  check([first.test("again"), literal().test("5")], [true, true], "compile again");
}
check("a1b2xc".replace(literal(), "<$1|$2|$&>"), "a<1||1>b<2|x|2x>c", "template");
check("a1b2xc".replace(literal(), (...args) => JSON.stringify(args.slice(1))),
  'a["1",null,1,"a1b2xc"]b["2","x",3,"a1b2xc"]c', "function");
check("a1b2".replace(/\d/, (m) => m + m), "a11b2", "function, first match only");
check("a1b2".replace(/\d/, "$$"), "a$b2", "template, first match only");
check("aaa".replace(/x/g, "y"), "aaa", "nothing replaced");
check("abc".replace(/(?:)/g, "-"), "-a-b-c-", "empty matches");
check("💩".replace(/(?:)/gu, "-"), "-💩-", "empty matches move on by code points");
check("💩".replace(/(?:)/g, "-").length, 5, "or by units");
check("2020-05".replace(/(?<y>\d+)-(?<m>\d+)/, "$<m>/$<y>"), "05/2020", "named groups");
check("aab".replace(/a/y, "x"), "xab", "sticky");
check("baa".replace(/a/gy, "x"), "baa", "global and sticky");
check("a1b22".match(/\d+/g), ["1", "22"], "match");
check("ab".match(/\d+/g), null, "no match");
check([..."a1b22".match(/(\d)(z)?/)], ["1", "1", null].map((x) => x ?? undefined), "match without g");
check("ab1".search(/\d/), 2, "search");
{
  const re = /\d/g;
  re.lastIndex = 3;
  check(["ab1".search(re), re.lastIndex], [2, 3], "search leaves lastIndex");
}
for (const [text, re, pieces] of [
  ["a,b,,c", /,/, ["a", "b", "", "c"]],
  ["", /,/, [""]],
  ["", /(?:)/, []],
  ["abc", /(?:)/, ["a", "b", "c"]],
  ["a1b2", /(\d)/, ["a", "1", "b", "2", ""]],
  ["a1b2", /(\d)(x)?/, ["a", "1", undefined, "b", "2", undefined, ""]],
  ["aXbxc", /x/i, ["a", "b", "c"]],
  ["💩a", /(?:)/u, ["💩", "a"]],
  ["aab", /a*?/, ["a", "a", "b"]],
  ["aab", /a*/, ["", "b"]],
  ["test", /(?=s)/, ["te", "st"]],
  ["aba", /a/y, ["", "b", ""]],
  ["ab", /$/, ["ab"]],
]) check(text.split(re), pieces, `split ${re}`);
{
  const m = /(?<n>b)(c)?/d.exec("abz");
  check(Object.keys(m), ["0", "1", "2", "index", "input", "groups", "indices"], "properties of a result");
  check([m.index, m.input, m.groups.n, m[2], m.length, m.indices[1], m.indices.groups.n, m.indices[2]],
    [1, "abz", "b", undefined, 3, [1, 2], [1, 2], undefined], "a result");
  check(Array.isArray(m), true, "a result is an array");
  m.push("more");
  m.index = "changed";
  check([m.length, m.index, Object.keys(/b/.exec("b"))], [4, "changed", ["0", "index", "input", "groups"]], "a result can change");
}

// ---- lastIndex

{
  const re = /a/g;
  re.lastIndex = { valueOf() { return 1; } };
  check([re.test("aba"), re.lastIndex], [true, 3], "lastIndex is converted");
  re.lastIndex = -5;
  check([re.test("aba"), re.lastIndex], [true, 1], "a negative one is 0");
  re.lastIndex = 2 ** 40;
  check([re.test("aba"), re.lastIndex], [false, 0], "one beyond the end fails");
  Object.freeze(re);
  for (const f of [() => re.test("aba"), () => "aba".replace(re, ""), () => "aba".match(re)]) {
    let error;
    try { f(); } catch (e) { error = e; }
    check(error instanceof TypeError, true, "a read-only lastIndex throws");
  }
  check("aba".search(Object.freeze(/b/)), 1, "where it is not written, not");
}

// ---- What scripts may change

const uses = {
  exec: () => /b/.exec("abc"),
  test: () => /b/.test("abc"),
  search: () => "abc".search(/b/),
  match: () => "abc".match(/b/g),
  replace: () => "abc".replace(/b/g, "-"),
  split: () => "abc".split(/b/),
};
for (const use of Object.values(uses)) use();
{
  let calls = 0;
  const native = prototype.exec;
  redefined(prototype, "exec", { value(s) { calls++; return native.call(this, s); }, writable: true }, () => {
    check([uses.test(), calls], [true, 1], "exec by test");
    for (const name of ["search", "match", "replace", "split"]) {
      const before = calls;
      uses[name]();
      check(calls > before, true, `exec by ${name}`);
    }
  });
  const assigned = prototype.exec;
  prototype.exec = () => null;
  check([uses.test(), uses.search(), uses.match(), uses.replace(), uses.split()], [false, -1, null, "abc", ["abc"]], "exec, assigned");
  prototype.exec = assigned;
  check(uses.test(), true, "exec, put back");
}
for (const flag of ["hasIndices", "global", "ignoreCase", "multiline", "dotAll", "unicode", "unicodeSets", "sticky", "flags"]) {
  let reads = 0;
  const native = Object.getOwnPropertyDescriptor(prototype, flag).get;
  redefined(prototype, flag, { get() { reads++; return native.call(this); } }, () => {
    for (const name of ["match", "replace", "split"]) {
      const before = reads;
      uses[name]();
      check(reads > before, true, `${flag} read by ${name}`);
    }
  });
}
redefined(prototype, "global", { get: () => false }, () => check("abcb".replace(/b/g, "-"), "a-cb", "global is what the getter says"));
redefined(RegExp, Symbol.species, { get() { return function () { return { exec: () => null }; }; } },
  () => check(uses.split(), ["abc"], "species"));
redefined(prototype, "constructor", { value: { [Symbol.species]: function () { return { exec: () => null }; } } },
  () => check(uses.split(), ["abc"], "constructor"));
redefined(prototype, Symbol.split, { value: () => "mine", writable: true }, () => check(uses.split(), "mine", "Symbol.split"));
{
  const own = /b/;
  own.exec = () => ({ index: 2, 0: "c", length: 1 });
  check(["abc".search(own), "abc".replace(own, "-"), own.test("")], [2, "ab-", true], "own exec");
  class Sub extends RegExp {
    exec(s) { const r = super.exec(s); if (r) r[0] = "sub"; return r; }
  }
  check(["abc".replace(new Sub("b", "g"), "[$&]"), "abc".split(new Sub("b")).length], ["a[sub]", 2], "subclass");
}
check(Object.entries(uses).map(([name, use]) => [name, use()]),
  [["exec", uses.exec()], ["test", true], ["search", 1], ["match", ["b"]], ["replace", "a-c"], ["split", ["a", "c"]]], "all as before");

// ---- Replacers that do what they like

{
  const re = /\d/g;
  const seen = [];
  const out = "1a2b3".replace(re, (m) => {
    re.compile("[a-z]", "g");
    re.lastIndex = 4;
    seen.push(m, /x(y)/.exec("xy")[1]);
    return `<${"zz".replace(/z/g, () => m)}>`;
  });
  check([out, seen], ["<11>a<22>b<33>", ["1", "y", "2", "y", "3", "y"]], "nested");
  let error;
  try { "aXb".replace(/x/i, () => { throw new RangeError("mine"); }); } catch (e) { error = e.message; }
  check(error, "mine", "a replacer's exception");
}
console.log("ok");
