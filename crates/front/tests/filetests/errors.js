function f() {
  let a;
  let a;
}
