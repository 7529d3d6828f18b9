function dense(x) {
  switch (x) { case 0: return 1; case 1: case 2: return 3; case 3: break; case 5: x++; default: return x; }
  return 9;
}
function sparse(x, y) {
  switch (x) { case "a": return 1; case y: return 2; case 1000: return 3; }
}
