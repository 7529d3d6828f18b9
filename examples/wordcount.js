// Counts words: Maps, sorting, destructuring, regular expressions, files.
// Run: cargo run --release -- run examples/wordcount.js FILE…
const counts = new Map();
for (const file of scriptArgs.length ? scriptArgs : ["README.md"]) {
  for (const [word] of read(file).toLowerCase().matchAll(/\p{L}[\p{L}'-]*/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
}
const top = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 10);
for (const [word, n] of top) console.log(String(n).padStart(6), word);
console.log({ distinct: counts.size, total: [...counts.values()].reduce((a, b) => a + b, 0) });
