// Code from strings: what eval and Function make of texts that no file could hold, and of the places where they stand.
const unit = (text) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16)).join(" ");

// Lone surrogates are kept, wherever a text may have them.
console.log(unit(eval('"a\ud800b"')), unit(eval("`\udc00`")), unit(eval("'\\ud801\ud802'")));
console.log(unit(eval("/\ud800/").source), eval("/^[\ud800]$/").test("\ud800"), eval("/^\ud800$/u").test("\ud800"));
console.log(unit(String(new Function("a = '\ud800'", "return a + '\udfff'")).slice(20, 27)));
console.log(unit(new Function("a = '\ud800'", "return a + '\udfff'")()));
console.log(Object.keys(eval("({ '\ud800': 1 })")).map(unit).join(), eval("({ '\ud800': 2 })['\ud800']"));
console.log(unit(eval("(s, ...v) => s.raw[0]")`\u{1F600}`), unit(eval("((s) => s.raw[0])`\ud800`")));
console.log(eval("/* \ud800 */ 1 // \udc00"));
try { eval("var \ud800 = 1"); } catch (e) { console.log(e.name); }

// A hashbang comment begins a text, and only there.
console.log(eval("#!first line\n1"), (function () { "use strict"; return eval("#!\n2"); })());
try { eval(" #!\n1"); } catch (e) { console.log(e.name); }

// The caller and arguments of functions are no longer told.
for (const f of [function () { "use strict"; }, () => {}, class {}, function* () {}, async () => {}, { m() {} }.m, Math.max])
  for (const name of ["caller", "arguments"]) {
    try { f[name]; console.log("no error"); } catch (e) { console.log(name, e.name, Object.hasOwn(f, name)); }
  }
