function f({ a, b: { c = 1 }, ...rest }, [d, , e = a, ...more]) {
  let x, y;
  [x, y] = [y, x];
  ({ a: x.y, [d]: y[0] = 2 } = rest);
  return c + e + more;
}
