// flags: --baseline-calls=2
// Generators and async functions that are suspended and resumed in machine code.
function* numbers(n) { for (let i = 0; i < n; i++) { const got = yield i; if (got) i += got; } return "end"; }
let it = numbers(5000), total = 0, steps = 0, r;
while (!(r = it.next(steps % 100 === 99 ? 3 : 0)).done) { total += r.value; steps++; }
console.log(total, steps, r.value);
function* tree(d) { if (d > 0) { yield* tree(d - 1); yield d; yield* tree(d - 1); } }
console.log([...tree(7)].reduce((a, b) => a * 31 % 1000003 + b, 0));
function* closing() { try { for (let i = 0; ; i++) yield i; } finally { total = -1; } }
for (const v of closing()) if (v > 3000) break;
console.log(total);
const order = [];
async function add(a, b) { order.push("a" + a); const x = await a; const y = await b; return x + y; }
async function loop(n) { let s = 0; for (let i = 0; i < n; i++) { s = await add(s, i); if (i === 500) { try { await Promise.reject(new Error("no")); } catch (e) { order.push(e.message); } } } return s; }
async function* stream(n) { for (let i = 0; i < n; i++) { if (i % 3) await null; yield i; } }
(async () => {
  console.log(await loop(1200), order.length, order.filter((x) => x === "no").length);
  let s = 0;
  for await (const v of stream(1500)) { s += v; if (v === 1400) break; }
  console.log(s);
  const gen = stream(10);
  console.log(JSON.stringify(await Promise.all([gen.next(), gen.next(), gen.return("r"), gen.next()])));
})();
