// Loops that change tiers while they run: the sums are known, so a repeated or skipped iteration shows.
function sum(n) { let s = 0; for (let i = 1; i <= n; i++) s += i; return s; }
console.log(sum(15000));
console.log((function (n) { let s = 0; for (let i = 1; i < n; i++) s += 2 * i; return s; })(12000));
console.log((function (n) { let s = 1; let i = 0; while (i < n) { s += 2 * i; i++; } return s; })(11001));
console.log((function (n) { var s = 0, i = 0; do { s += i; } while (i++ < n); return s; })(49999) + 50000);
console.log((function (n) { let s = 0; for (let i = 1; i <= n; i++) s += 3 * i; return s; })(40000));
console.log((function (n) { let s = 0; for (let i = 1; i < n; i++) s += 3 * i; return s; })(30000));
// Several loops in one function, nested ones, labels, and a local, a global and a closure carried through.
var global = 0;
function several(n) {
  let a = 0, b = 0, c = [], fs = [];
  for (let i = 0; i < n; i++) { a += i; global += 1; }
  outer: for (let i = 0; i < n; i++) {
    for (let j = 0; j < 10; j++) { if (j === 7) continue outer; if (i === n - 3) break outer; b += j; }
  }
  for (const x of [1, 2, 3]) for (let k = 0; k < n; k += 100) c.push(x * k);
  for (let i = 0; i < n; i++) if (i % 1000 === 0) fs.push(() => i);
  for (const key in { p: 1, q: 2 }) c.push(key);
  return [a, b, c.length, c[c.length - 3], c.slice(-2).join(), fs.map((f) => f()).join()].join(" ");
}
console.log(several(5000), global);
// Types and shapes that change in the middle.
function changing(n) {
  let s = 0, text = "";
  for (let i = 0; i < n; i++) {
    const v = i < 1500 ? i : i < 1600 ? i + 0.5 : i < 1700 ? String(i % 10) : { valueOf: () => 1 };
    if (typeof v === "string") text += v; else s += +v;
  }
  return s + " " + text.length;
}
console.log(changing(2000));
// Leaving int32, −0 and NaN in a loop that is hot.
function edges(n) {
  let x = 2147480000, z = 0, nan = 0;
  for (let i = 0; i < n; i++) { x += 1; z = i === n - 1 ? -0 * 1 : 0; nan = i === n - 1 ? 0 / 0 : i; }
  return [x, Object.is(z, -0), nan, (x | 0), x >>> 0].join(" ");
}
console.log(edges(5000));
