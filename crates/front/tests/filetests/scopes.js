function withs(o, x) {
  with (o) { x = y; x(); var z = 1; }
  return z;
}
function evals(a) {
  let b = 1;
  eval("var c = a + b");
  return c + (() => c)();
}
function sloppyArguments(a, b) {
  arguments[0] = 1;
  return a + b;
}
function readsArguments(a) {
  return arguments.length + arguments[1] + a;
}
{ function annexB() {} }
