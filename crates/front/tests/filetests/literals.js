const data = [1, 2.5, "x", null, true, , -3];
const mixed = [data, 1, ...data, 2];
const object = { a: 1, "b": 2, 3: 4, [data]: 5, get c() { return 1; }, __proto__: data, ...mixed, m() { return super.x; } };
const text = `a${data}b${object}`;
const pattern = /a(b)/giu;
const big = 123n;
const names = { f: () => 1, g: class {}, [text]: function () {} };
