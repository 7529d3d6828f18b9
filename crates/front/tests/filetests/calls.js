function f(o, k, a) {
  "use strict";
  o.method(1)(2).chain(3);
  o[k](...a);
  new o.Class(a, ...a);
  o?.a?.[k]?.(1);
  o.tag`x${a}y`;
  delete o?.b;
  return f(o, k, a);
}
function g() { return %Native(1, 2); }
