function f(a, b, c) {
  if (a && b || !c) return 1;
  if (a < b && b >= c) return 2;
  if (a == null || b === undefined) return 3;
  if (typeof a === "string") return 4;
  if (!(a > 10)) return 5;
  return a ? b : c ?? 6;
}
