// An elision in an array pattern steps the iterator, but does not read the result's value.
const iterable = (log, count) => ({
  [Symbol.iterator]() {
    let i = 0;
    return {
      next() {
        log.push("next");
        return {
          get done() { log.push("done"); return i >= count; },
          get value() { log.push("value"); return i++; },
        };
      },
      return() { log.push("return"); return {}; },
    };
  },
});

const show = (name, f) => {
  const log = [];
  let result;
  try { result = f(log); } catch (e) { result = e.constructor.name; }
  console.log(name, String(result), log.join());
};

show("assignment", (log) => { [, ] = iterable(log, 9); });
show("two", (log) => { [, , ] = iterable(log, 9); });
show("declaration", (log) => { const [, a] = iterable(log, 9); return a; });
show("middle", (log) => { const [a, , b] = iterable(log, 9); return [a, b]; });
show("exhausted", (log) => { const [a, , b] = iterable(log, 0); return [a, b]; });
show("rest", (log) => { const [, ...a] = iterable(log, 2); return a; });
show("parameter", (log) => (([, a]) => a)(iterable(log, 9)));
show("throwing done", (log) => {
  [, ] = { [Symbol.iterator]: () => ({ next: () => ({ get done() { throw new RangeError(); } }), return() { log.push("closed"); } }) };
});
show("no object", (log) => {
  [, ] = { [Symbol.iterator]: () => ({ next: () => 5, return() { log.push("closed"); } }) };
});
const hot = (a) => { const [, b, , c = 7] = a; return b + c; };
let sum = 0;
for (let i = 0; i < 3000; i++) sum += hot(i & 1 ? [1, i, 3] : [1, 2, 3, i]);
console.log(sum, hot("abcd"), hot(new Set([1, 2, 3, 4])));
