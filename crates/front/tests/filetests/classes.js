class Base {
  #secret = 1;
  static count = 0;
  plain = () => this;
  [computed()] = 2;
  static { Base.count++; }
  #method() { return this.#secret; }
  get value() { return this.#method(); }
  static make() { return new Base; }
  has(o) { return #secret in o; }
}
class Derived extends Base {
  field = super.value;
  constructor(...args) {
    super(...args);
    (() => this.field++)();
  }
  get value() { return super.value; }
}
class Implied extends Derived {}
