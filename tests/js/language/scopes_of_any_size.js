// A scope with thousands of captured variables is larger than a small cell of the heap.
// large
const count = 5000;
const names = Array.from({ length: count }, (_, i) => "v" + i);
const make = new Function(`
  ${names.map((name, i) => `let ${name} = ${i};`).join("\n")}
  return { sum: () => ${names.join("+")}, set: (i, v) => { switch (i) { ${names.map((n, i) => `case ${i}: ${n} = v; break;`).join(" ")} } } };
`);
const a = make(), b = make();
console.log(a.sum());
a.set(4999, { valueOf: () => 1 });
const garbage = [];
for (let i = 0; i < 20000; i++) garbage[i % 100] = { i };
console.log(a.sum(), b.sum());

// The same as one scope an iteration of a loop.
const loop = new Function(`
  const all = [];
  for (let ${names.map((name) => name + " = 1").join(", ")}; v0 < 4; v0++) all.push(() => v0 + v4999);
  return all.map((f) => f()).join();
`);
console.log(loop());
