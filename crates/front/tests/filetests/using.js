function f(a) {
  using x = a();
  if (x) return 1;
}
async function g(a) {
  await using y = a();
}
