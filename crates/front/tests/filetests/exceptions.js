function f(a) {
  for (const x of a) {
    try {
      if (x) return x;
      if (a.b) break;
      continue;
    } catch ({ message }) {
      a.log(message);
    } finally {
      a.done();
    }
  }
}
