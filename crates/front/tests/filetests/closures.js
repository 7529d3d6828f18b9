function outer(a) {
  let count = 0;
  var captured = a;
  let plain = 1;
  function hoisted() { return count + captured; }
  const later = () => { count++; return later; };
  return [hoisted, later, plain];
}
function zones(f) {
  f(() => early);
  let early = 1;
  { inner; let inner = early; }
  switch (f) { case 1: let cased = 2; case 2: cased; }
}
