// Object.defineProperty on a proxy calls no trap but defineProperty, also when it fails.
const handler = {
  getOwnPropertyDescriptor(t, k) { console.log("getOwnPropertyDescriptor", String(k)); return Reflect.getOwnPropertyDescriptor(t, k); },
  has(t, k) { console.log("has", String(k)); return k in t; },
};
const check = (target, key, descriptor, more) => {
  try {
    Object.defineProperty(new Proxy(target, { ...handler, ...more }), key, descriptor);
    console.log("defined");
  } catch (e) {
    console.log(e.constructor.name);
  }
};
check(Object.freeze({ x: 1 }), "y", { value: 1, configurable: true });
check(Object.freeze({ x: 1 }), "x", { value: 2 });
check({ x: 1 }, "x", { value: 2 });
check({}, "x", { value: 2 }, { defineProperty: () => false });
check(Object.freeze([1]), "0", { value: 2 });
