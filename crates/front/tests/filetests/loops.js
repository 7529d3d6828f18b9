function counted(n) {
  var sum = 0;
  for (var i = 0; i < n; i++) {
    if (i % 3 === 0) continue;
    sum += i;
  }
  return sum;
}
function nested(a) {
  outer: for (const row of a) {
    for (const cell in row) {
      if (cell) break outer;
      if (row) continue outer;
    }
  }
}
function fresh(n) {
  const list = [];
  for (let i = 0; i < n; i++) list.push(() => i);
  return list;
}
function forever(f) {
  while (true) if (f()) break;
  do f(); while (f() > 1);
}
