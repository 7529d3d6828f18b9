// What every batch begins with: how programs print values, and how they are run one after another.
//
// All that is printed is fixed by ECMA-262. Of errors only the constructor's name is printed (texts and stacks are the
// engine's own), of functions name and length. Getters are not called. Names begin with a dollar sign; programs have none.
// No directive: it would make all programs strict.
const $print = typeof print === "function" ? print : console.log;
const $programs = [];
const $MAX_LINES = 300, $MAX_LENGTH = 3000;
let $lines = [], $dropped = 0, $ends = [];
// What dynamic calls may cost; a hook that finds it used up does nothing.
let $fuel = 0;

const $nameOf = (f) => {
  try {
    const d = Object.getOwnPropertyDescriptor(f, "name");
    return d && typeof d.value === "string" ? d.value : "?";
  } catch { return "!"; }
};

// The constructor's name of an object with a prototype of its own.
const $kindOf = (o) => {
  const p = Object.getPrototypeOf(o);
  if (p === null) return "null:";
  if (p === Object.prototype) return "";
  const d = Object.getOwnPropertyDescriptor(p, "constructor");
  if (d && typeof d.value === "function") return $nameOf(d.value) + (p === d.value.prototype ? ":" : "*:");
  return "?:";
};

const $key = (k) => typeof k === "symbol" ? "[" + String(k) + "]" : /^[\w$]+$/.test(k) ? k : JSON.stringify(k);

const $property = (o, k, depth, seen) => {
  const d = Object.getOwnPropertyDescriptor(o, k);
  if (d === undefined) return $key(k) + ": gone";
  const flags = (d.enumerable ? "" : "-e") + (d.configurable ? "" : "-c") + ("value" in d && !d.writable ? "-w" : "");
  const value = "value" in d ? $show(d.value, depth - 1, seen) : (d.get ? "get" : "") + (d.set ? "set" : "");
  return $key(k) + flags + ": " + value;
};

const $isIndex = (k) => typeof k === "string" && String(k >>> 0) === k;

const $elements = (a, depth, seen) => {
  const parts = [];
  let holes = 0;
  const n = Math.min(a.length, 40);
  for (let i = 0; i < n; i++) {
    if (!Object.prototype.hasOwnProperty.call(a, i)) { holes++; continue; }
    if (holes) { parts.push("<" + holes + " holes>"); holes = 0; }
    const d = Object.getOwnPropertyDescriptor(a, i);
    parts.push(d && d.writable && d.enumerable && d.configurable ? $show(d.value, depth - 1, seen)
      : "{" + $property(a, String(i), depth, seen) + "}");
  }
  if (holes) parts.push("<" + holes + " holes>");
  if (a.length > n) parts.push("..." + a.length);
  return parts.join(", ");
};

const $errors = [Error, TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError, AggregateError];
const $views = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array];

// Prototypes of builtins are printed by name: the order of their properties is the engine's own.
const $builtins = new Map();
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const d = Object.getOwnPropertyDescriptor(globalThis, name);
  if (typeof d.value === "function" && typeof d.value.prototype === "object") $builtins.set(d.value.prototype, name);
}
$builtins.set(Object.getPrototypeOf([].values()), "ArrayIterator").set(Object.getPrototypeOf(Int8Array.prototype), "TypedArray");
$builtins.set(Object.getPrototypeOf(function* () {}), "GeneratorFunction").set(Object.getPrototypeOf(function* () {}).prototype, "Generator");

// Object.isFrozen (TestIntegrityLevel) by its definition: V8 calls empty sealed arrays frozen, whose length is writable.
const $isFrozen = (v, own) => own.every((k) => {
  const d = Object.getOwnPropertyDescriptor(v, k);
  return d === undefined || !d.configurable && d.writable !== true;
});

const $object = (v, depth, seen) => {
  if ($builtins.has(v)) return "<" + $builtins.get(v) + ".prototype>";
  if (v === globalThis) return "<global>";
  if (v instanceof Error) return "<" + $nameOf(v.constructor) + ">";
  if (depth <= 0) return Array.isArray(v) ? "[...]" : "{...}";
  const at = seen.indexOf(v);
  if (at >= 0) return "<cycle " + (seen.length - at) + ">";
  seen.push(v);
  let text = "", skip = $isIndex, hidden = "";
  const own = Reflect.ownKeys(v);
  if (Array.isArray(v)) {
    const l = Object.getOwnPropertyDescriptor(v, "length");
    text = "[" + $elements(v, depth, seen) + "]" + (l && l.writable === false ? "-w" : "");
    hidden = "length";
  } else if (ArrayBuffer.isView(v) && !(v instanceof DataView)) {
    text = "[" + Array.prototype.map.call(Array.from(v.length > 40 ? v.subarray(0, 40) : v), (x) => $show(x, 1, seen)).join(", ") + "]"
      + (v.length > 40 ? "..." + v.length : "");
  } else if (v instanceof Map) {
    const parts = [];
    Map.prototype.forEach.call(v, (x, k) => { parts.push($show(k, depth - 1, seen) + " => " + $show(x, depth - 1, seen)); });
    text = "Map(" + parts.slice(0, 40).join(", ") + ")" + v.size;
    skip = () => false;
  } else if (v instanceof Set) {
    const parts = [];
    Set.prototype.forEach.call(v, (x) => { parts.push($show(x, depth - 1, seen)); });
    text = "Set(" + parts.slice(0, 40).join(", ") + ")" + v.size;
    skip = () => false;
  } else if (v instanceof ArrayBuffer) {
    text = "buffer(" + v.byteLength + ")";
  } else if (v instanceof Number || v instanceof String || v instanceof Boolean || v instanceof BigInt || v instanceof Symbol) {
    let inner;
    try { inner = Object.getPrototypeOf(v).valueOf === undefined ? "?" : $show(Object.getPrototypeOf(v).constructor.prototype.valueOf.call(v), 1, seen); } catch { inner = "!"; }
    text = "boxed(" + inner + ")";
    hidden = v instanceof String ? "length" : "";
  } else {
    skip = () => false;
  }
  const keys = own.filter((k) => !(skip(k) || k === hidden));
  const shown = keys.slice(0, 40).map((k) => $property(v, k, depth, seen));
  if (keys.length > 40) shown.push("..." + keys.length);
  const kind = $kindOf(v);
  if (text === "" || shown.length > 0) text += "{" + shown.join(", ") + "}";
  seen.pop();
  return (kind === "Array:" ? "" : kind) + text + (Object.isExtensible(v) ? "" : $isFrozen(v, own) ? "-frozen" : "-closed");
};

const $show = (v, depth, seen) => {
  switch (typeof v) {
    case "number": return Object.is(v, -0) ? "-0" : String(v);
    case "string": return v.length > 200 ? JSON.stringify(v.slice(0, 200)) + "..." + v.length : JSON.stringify(v);
    case "bigint": return String(v).slice(0, 200) + "n";
    case "symbol": return String(v);
    case "function": {
      const l = Object.getOwnPropertyDescriptor(v, "length");
      const n = Object.getOwnPropertyDescriptor(v, "name");
      return "<function " + (n && typeof n.value === "string" ? $key(n.value) : "?") + "/" + (l ? $show(l.value, 0, seen) : "?") + ">";
    }
    case "object":
      if (v === null) return "null";
      try { return $object(v, depth, seen); } catch (e) { return "<unprintable " + $error(e) + ">"; }
    default: return String(v);
  }
};

// `throw` of anything: errors by name, the rest by value.
const $error = (e) => {
  try { return e instanceof Error ? $nameOf(e.constructor) : $show(e, 3, []); } catch { return "?"; }
};

const $line = (text) => {
  if ($lines.length < $MAX_LINES) $lines.push(text.length > $MAX_LENGTH ? text.slice(0, $MAX_LENGTH) + "..." : text);
  else $dropped++;
};

// Logs values.
const $log = (...values) => { $line(values.map((v) => $show(v, 4, [])).join(" ")); };

// Logs an exception where it was caught.
const $caught = (e) => { $line("caught " + $error(e)); };

// Registers what is printed when the program has ended: a function a variable, for a variable may be in its dead zone.
const $end = (...thunks) => { $ends.push(...thunks); };

// Bounds what grows exponentially when a loop feeds it to itself.
const $bound = (v) => typeof v === "string" ? (v.length > 64 ? v.slice(-9) : v) : typeof v === "bigint" ? BigInt.asIntN(80, v) : v;

const $detach = (buffer) => {
  if (typeof buffer.transfer === "function") buffer.transfer();
  else structuredClone(buffer, { transfer: [buffer] });
};

const $program = (seed, body) => { $programs.push([seed, body]); };

// Promise jobs that a program may take: its asynchronous part is over after these turns, or is cut off the same way everywhere.
const $TURNS = 150;

const $run = async () => {
  for (const [seed, body] of $programs) {
    $lines = []; $dropped = 0; $ends = []; $fuel = 4000;
    let isAsync = false;
    try { isAsync = body(); } catch (e) { $line("uncaught " + $error(e)); }
    if (isAsync) for (let i = 0; i < $TURNS; i++) await 0;
    $fuel = 4000;
    for (const thunk of $ends) {
      try { $log(thunk()); } catch (e) { $caught(e); }
    }
    $print("#" + seed + "\n" + $lines.join("\n") + "\n+" + $dropped);
  }
  $print("#end");
};
