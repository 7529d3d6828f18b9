// Integral keys are the same key whether arithmetic made them int32 or double.
// large
const m = new Map(), s = new Set();
for (let i = 0; i < 300000; i++) { const k = (i * 7919) % 50021; m.set(k, (m.get(k) || 0) + 1); s.add(k / 2); }
let n = 0, sum = 0;
for (const [k, v] of m) { n++; sum += v; if (!m.has(k | 0) || !s.has(k / 2)) console.log("lost", k); }
console.log(n, sum, s.size, m.get(2 ** 31 * 0.5), m.delete(4 / 2), m.has(2), m.size);
