// The order of effects where something throws: operands, arguments, sort callbacks, generators left in mid-finally.
let log = [];
function note(name, value) {
  log.push(name);
  return value;
}
function fail(name) {
  log.push(name + "!");
  throw new Error(name);
}
function show(title, f) {
  log = [];
  let end;
  try {
    end = "returned " + String(f());
  } catch (e) {
    end = "threw " + (e instanceof Error ? `${e.name}: ${e.message.split("\n")[0]}` : String(e));
  }
  console.log(`${title}: ${log.join(" ")} -> ${end}`);
}

// ---- A thrown error

show("operands go left to right", () => note("a", 1) + fail("b") + note("c", 3));
show("the left operand is converted last", () => note("a", { valueOf: () => fail("a.valueOf") }) + note("b", 1));
show("both operands are evaluated before either is converted", () =>
  note("a", { valueOf: () => note("a.valueOf", 1) }) - note("b", { valueOf: () => fail("b.valueOf") }));
show("a comparison converts left to right", () =>
  note("a", { valueOf: () => note("a.valueOf", 1) }) > note("b", { valueOf: () => note("b.valueOf", 2) }));
show("the callee is read before the arguments, and tested after them", () => {
  const o = { get f() { return note("get f", 5); } };
  return o.f(note("argument", 1));
});
show("an argument that throws ends the call", () => note("callee", () => note("body"))(note("x"), fail("y"), note("z")));
show("an assignment's target comes first", () => {
  const o = {};
  note("object", o)[note("key", "k")] = fail("value");
});
show("a key is converted after the value is evaluated", () => {
  const o = {};
  note("object", o)[note("key", { toString: () => fail("toString") })] = note("value", 1);
});
show("a null target is noticed after the value", () => {
  const nothing = null;
  nothing.x = note("value", 1);
});
show("compound assignment reads before the right side", () => {
  const o = { get x() { return note("get", 1); }, set x(v) { note("set " + v); } };
  o.x += fail("right");
});
show("logical assignment skips the right side", () => {
  const o = { get x() { return note("get", 1); }, set x(v) { note("set"); } };
  return o.x ||= fail("right");
});
show("the properties of a literal in order", () => ({ a: note("a"), [note("b", "b")]: fail("b value"), c: note("c") }));
show("the elements of a class in order", () => {
  class C extends note("heritage", Object) {
    static [note("first key", "x")] = note("first value");
    [note("second key", "y")]() {}
    static { note("block"); fail("static block"); }
    static z = note("never");
  }
});
show("destructuring stops and closes the iterator", () => {
  const iterable = {
    [Symbol.iterator]: () => ({
      next: () => note("next", { value: undefined, done: false }),
      return: () => note("return", {}),
    }),
  };
  const [a = note("default a"), b = fail("default b"), c] = iterable;
});
show("an error of next does not close", () => {
  const iterable = { [Symbol.iterator]: () => ({ next: () => fail("next"), return: () => note("return", {}) }) };
  for (const x of iterable) note("body");
});
show("the body's error wins over return's", () => {
  const iterable = {
    [Symbol.iterator]: () => ({ next: () => note("next", { done: false }), return: () => fail("return") }),
  };
  for (const x of iterable) fail("body");
});
show("without an error, return's counts", () => {
  const iterable = {
    [Symbol.iterator]: () => ({ next: () => note("next", { done: false }), return: () => fail("return") }),
  };
  for (const x of iterable) break;
});
show("a template converts one by one", () =>
  `${note("a", { toString: () => note("a.toString", "") })}${note("b", { toString: () => fail("b.toString") })}${note("c")}`);
show("finally blocks run from the inside out", () => {
  try {
    try { fail("body"); } finally { note("inner"); }
  } catch (e) {
    note("caught " + e.message);
    throw new TypeError("again");
  } finally {
    note("outer");
  }
});
show("finally replaces an error", () => {
  try { fail("body"); } finally { fail("finally"); }
});
show("finally drops an error", () => {
  for (;;) {
    try { fail("body"); } finally { break; }
  }
  return "after";
});
show("spread arguments are read before the call", () => {
  function* arguments_() { yield note("one", 1); fail("two"); }
  return Math.max(note("first", 0), ...arguments_(), note("last", 9));
});

// ---- Callbacks of sort

show("sort: what a comparison throws comes out, and nothing is lost", () => {
  const a = [4, 2, 3, 1];
  try {
    a.sort((x, y) => (x + y > 5 ? fail("compare") : x - y));
  } finally {
    note("elements " + [...a].sort((x, y) => x - y).join(""));
  }
});
show("sort: the array is written only when all is compared", () => {
  const a = [3, 2, 1];
  let calls = 0;
  try {
    a.sort((x, y) => { if (++calls === 2) fail("second"); return x - y; });
  } finally {
    note("still " + a.join(""));
  }
});
show("sort: getters are read first, in order", () => {
  const a = { length: 3, get 0() { return note("get 0", "b"); }, get 1() { return fail("get 1"); }, 2: "a" };
  Array.prototype.sort.call(a, () => note("compare", 0));
});
show("sort: a comparison that is no function is refused before length", () => {
  Array.prototype.sort.call({ get length() { return note("length", 0); } }, {});
});
show("sort: conversions of the result", () => [2, 1].sort(() => ({ valueOf: () => fail("valueOf") })));
show("sort: undefined is never compared, holes go last", () => {
  const a = [undefined, 3, , 1];
  a.sort((x, y) => (note(`${x},${y}`.split(",").sort().join()), x - y));
  return `${a.join()} ${3 in a}`;
});
show("sort: a setter that throws stops the writing", () => {
  const a = { length: 2, 0: "b", get 1() { return "a"; }, set 1(v) { fail("set 1 " + v); } };
  try {
    Array.prototype.sort.call(a);
  } finally {
    note("0 is " + a[0]);
  }
});
show("toSorted leaves the array alone", () => {
  const a = [2, 1];
  try { a.toSorted(() => fail("compare")); } finally { note(a.join("")); }
});
show("typed arrays are written only when all is compared", () => {
  const t = new Int8Array([3, 1, 2]);
  let calls = 0;
  try {
    t.sort((x, y) => { if (++calls === 2) fail("second"); return x - y; });
  } finally {
    note(t.join(""));
  }
});

// ---- Generators left in mid-finally

function* resource(name) {
  try {
    note("open " + name);
    yield 1;
    yield 2;
  } finally {
    note("closing " + name);
    yield "from finally";
    note("closed " + name);
  }
}
show("return enters finally, whose yield keeps the generator alive", () => {
  const g = resource("g");
  g.next();
  const a = g.return("result");
  note(`${a.value},${a.done}`);
  const b = g.next("ignored");
  note(`${b.value},${b.done}`);
  const c = g.next();
  return `${c.value},${c.done}`;
});
show("a generator left in mid-finally stays there", () => {
  const g = resource("g");
  g.next();
  g.return("result");
  return "left";
});
show("a second return in mid-finally takes its place", () => {
  const g = resource("g");
  g.next();
  g.return("first");
  const r = g.return("second");
  return `${r.value},${r.done} ${g.next().done}`;
});
show("throw in mid-finally leaves at once", () => {
  const g = resource("g");
  g.next();
  g.return("first");
  g.throw(new RangeError("thrown in"));
});
show("break: the loop does not wait for a finally that yields", () => {
  for (const x of resource("g")) {
    note("x" + x);
    break;
  }
  return "after the loop";
});
show("an error in the body enters finally and wins", () => {
  for (const x of resource("g")) fail("body");
});
show("return before the start runs nothing", () => {
  const g = resource("g");
  const r = g.return("r");
  return `${r.value},${r.done} ${g.next().done}`;
});
show("a return in finally replaces what was returned", () => {
  function* g() { try { yield 1; } finally { return note("finally", "replaced"); } }
  const it = g();
  it.next();
  const r = it.return("mine");
  return `${r.value},${r.done}`;
});
show("an error in finally replaces what was thrown", () => {
  function* g() { try { yield 1; } finally { fail("finally"); } }
  const it = g();
  it.next();
  try { it.throw(new Error("thrown in")); } finally { note("done " + it.next().done); }
});
show("delegation passes return on, inner finally first", () => {
  function* inner() { try { yield 1; } finally { note("inner finally"); yield "inner"; note("inner end"); } }
  function* outer() { try { yield* inner(); } finally { note("outer finally"); } }
  const it = outer();
  it.next();
  const r = it.return("r");
  note(`${r.value},${r.done}`);
  const s = it.next();
  return `${s.value},${s.done}`;
});
show("delegation to an iterator without throw closes it", () => {
  const inner = {
    [Symbol.iterator]() { return this; },
    next: () => note("next", { value: 1, done: false }),
    return: () => note("return", {}),
  };
  function* outer() { try { yield* inner; } finally { note("outer finally"); } }
  const it = outer();
  it.next();
  it.throw(new Error("lost"));
});
show("a running generator is not entered again", () => {
  let it;
  function* g() { try { it.next(); } finally { note("finally"); } }
  it = g();
  it.next();
});
show("array destructuring leaves the generator in its finally", () => {
  const [a] = resource("g");
  return a;
});

// ---- Asynchronous functions and generators

async function later() {
  log = [];
  async function* source() {
    try {
      yield note("first", 1);
      yield note("second", 2);
    } finally {
      note("cleanup begins");
      await null;
      note("cleanup ends");
    }
  }
  try {
    for await (const x of source()) fail("body");
  } catch (e) {
    note("caught " + e.message);
  }
  console.log("for await waits for the cleanup:", log.join(" "));

  log = [];
  const it = source();
  await it.next();
  const results = await Promise.allSettled([it.return("r"), it.next(), it.throw(new Error("late"))]);
  console.log("requests are served in order:", log.join(" "),
    results.map((r) => (r.status === "fulfilled" ? `${r.value.value},${r.value.done}` : r.reason.message)).join(" "));

  log = [];
  const f = async () => { try { await Promise.reject(new Error("reason")); } finally { note("finally"); } };
  const pending = f().catch((e) => note("caught " + e.message));
  note("after the call");
  await pending;
  console.log("an async function is left and entered again:", log.join(" "));
}
later();
