// How values look in a terminal: the notation that people know from node's console. Evaluated once, when
// the console first meets a value that is not a primitive. The last expression is the formatter's interface.
//
// `host` holds what script cannot ask by itself: proxyTarget(v) → [target, handler] or undefined,
// promiseState(v) → ["pending" | "fulfilled" | "rejected", value], mapEntries/setValues of iterators without advancing them.
(function (host) {
  "use strict";
  const MAX_DEPTH = 2, MAX_ITEMS = 100, WIDTH = 80, SHORT = 72, GROUP_FROM = 6, COMPACT = 3;
  const apply = Reflect.apply, tagOf = (v) => apply(Object.prototype.toString, v, []).slice(8, -1);
  const getter = (proto, name) => Object.getOwnPropertyDescriptor(proto, name).get;
  const TypedArray = Object.getPrototypeOf(Uint8Array);
  const typedTag = getter(TypedArray.prototype, Symbol.toStringTag), typedLength = getter(TypedArray.prototype, "length");
  const mapSize = getter(Map.prototype, "size"), setSize = getter(Set.prototype, "size"), byteLength = getter(ArrayBuffer.prototype, "byteLength");
  const viewBuffer = getter(DataView.prototype, "buffer");
  const identifier = /^[A-Za-z_$][\w$]*$/;
  const holds = (f, v, args) => { try { apply(f, v, args || []); return true; } catch { return false; } };

  function quote(s) {
    const q = !s.includes("'") ? "'" : !s.includes('"') ? '"' : !s.includes("`") && !s.includes("${") ? "`" : "'";
    let out = q;
    for (let i = 0; i < s.length; i++) {
      const c = s[i], n = s.charCodeAt(i);
      if (c === q || c === "\\") out += "\\" + c;
      else if (n === 10) out += "\\n";
      else if (n === 9) out += "\\t";
      else if (n === 13) out += "\\r";
      else if (n === 8) out += "\\b";
      else if (n === 12) out += "\\f";
      else if (n === 11) out += "\\v";
      else if (n < 32 || (n > 126 && n < 160)) out += "\\x" + n.toString(16).toUpperCase().padStart(2, "0");
      else if (n >= 0xd800 && n <= 0xdfff) {
        const next = s.charCodeAt(i + 1);
        if (n < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) out += c + s[++i];
        else out += "\\u" + n.toString(16).toUpperCase();
      } else out += c;
    }
    return out + q;
  }

  function primitive(v) {
    switch (typeof v) {
      case "string": return quote(v);
      case "number": return Object.is(v, -0) ? "-0" : String(v);
      case "bigint": return v + "n";
      case "symbol": return apply(Symbol.prototype.toString, v, []);
      default: return String(v);
    }
  }

  // The name of the nearest constructor on the prototype chain; null for an object without one.
  function constructorName(v) {
    for (let o = v, hops = 0; o !== null && hops < 1000; o = Object.getPrototypeOf(o), hops++) {
      const d = Object.getOwnPropertyDescriptor(o, "constructor");
      if (d && typeof d.value === "function" && d.value.name !== "" && (hops === 0 ? false : true || v instanceof d.value)) return String(d.value.name);
    }
    return null;
  }

  const key = (k) => typeof k === "symbol" ? primitive(k) : identifier.test(k) ? k : quote(k);
  const more = (n) => `... ${n} more item${n > 1 ? "s" : ""}`;

  function property(v, k, state, arrayItem) {
    const d = Object.getOwnPropertyDescriptor(v, k) || { value: v[k], enumerable: true };
    let text;
    if (d.get) text = d.set ? "[Getter/Setter]" : "[Getter]";
    else if (d.set) text = "[Setter]";
    else {
      state.indent += 2;
      text = format(d.value, state);
      state.indent -= 2;
    }
    if (arrayItem) return text;
    return (d.enumerable ? key(k) : "[" + (typeof k === "symbol" ? primitive(k) : k) + "]") + ": " + text;
  }

  function listItems(v, length, state, output) {
    let shown = 0, i = 0;
    while (i < length && shown < MAX_ITEMS) {
      if (!Object.hasOwn(v, i)) {
        let end = i + 1;
        if (length > 10000) {
          const next = Object.keys(v).find((k) => +k > i && +k < length && String(+k) === k);
          end = next === undefined ? length : +next;
        } else while (end < length && !Object.hasOwn(v, end)) end++;
        output.push(`<${end - i} empty item${end - i > 1 ? "s" : ""}>`);
        i = end;
      } else output.push(property(v, String(i++), state, true));
      shown++;
    }
    if (i < length) output.push(more(length - i));
  }

  function functionBase(v, name, tag) {
    const source = apply(Function.prototype.toString, v, []);
    if (source.startsWith("class") && source.endsWith("}")) {
      let s = `[class ${Object.hasOwn(v, "name") && v.name !== "" ? v.name : "(anonymous)"}`;
      if (name !== "Function" && name !== null) s += ` [${name}]`;
      const parent = Object.getPrototypeOf(v);
      if (parent && parent.name) s += ` extends ${parent.name}`;
      else if (parent === null) s += " extends [null prototype]";
      return s + "]";
    }
    const type = tag === "AsyncFunction" || tag === "GeneratorFunction" || tag === "AsyncGeneratorFunction" ? tag : "Function";
    let s = "[" + type;
    if (name === null) s += " (null prototype)";
    s += v.name === "" || typeof v.name !== "string" ? " (anonymous)" : ": " + v.name;
    return s + "]";
  }

  function errorBase(v) {
    const stack = typeof v.stack === "string" && v.stack !== "" ? v.stack : null;
    return stack === null ? "[" + apply(Error.prototype.toString, v, []) + "]" : stack;
  }

  // Puts many short items into aligned columns.
  function group(output, state, extra, value) {
    let total = 0, longest = 0, count = output.length;
    if (extra) count--;
    const lengths = [];
    for (let i = 0; i < count; i++) {
      const n = output[i].length;
      lengths.push(n);
      total += n + 2;
      if (n > longest) longest = n;
    }
    const actual = longest + 2;
    if (actual * 3 + state.indent >= WIDTH || !(total / actual > 5 || longest <= 6)) return output;
    const bias = Math.sqrt(actual - total / output.length), biased = Math.max(actual - 3 - bias, 1);
    const columns = Math.min(Math.round(Math.sqrt(2.5 * biased * count) / biased), Math.floor((WIDTH - state.indent) / actual), COMPACT * 4, 15);
    if (columns <= 1) return output;
    const widths = [];
    for (let i = 0; i < columns; i++) {
      let w = 0;
      for (let j = i; j < count; j += columns) if (lengths[j] > w) w = lengths[j];
      widths.push(w + 2);
    }
    const left = value === undefined || !output.every((_, i) => typeof value[i] === "number" || typeof value[i] === "bigint");
    const rows = [];
    for (let i = 0; i < count; i += columns) {
      const max = Math.min(i + columns, count);
      let row = "", j = i;
      for (; j < max - 1; j++) {
        const cell = output[j] + ", ";
        row += left ? cell.padEnd(widths[j - i]) : cell.padStart(widths[j - i]);
      }
      row += left ? output[j] : output[j].padStart(widths[j - i] - 2);
      rows.push(row);
    }
    if (extra) rows.push(output[count]);
    return rows;
  }

  function join(output, base, braces, state, kind, value, depthBelow) {
    const entries = output.length;
    if (kind === "list" && entries > GROUP_FROM) output = group(output, state, value.length > MAX_ITEMS, value.list);
    if (depthBelow < COMPACT && entries === output.length) {
      const start = output.length + state.indent + braces[0].length + base.length + 10;
      let total = output.length + start;
      for (const o of output) total += o.length;
      if (total <= WIDTH && !output.some((o) => o.includes("\n")) && !base.includes("\n"))
        return `${base ? base + " " : ""}${braces[0]} ${output.join(", ")} ${braces[1]}`;
    }
    const pad = "\n" + " ".repeat(state.indent);
    return `${base ? base + " " : ""}${braces[0]}${pad}  ${output.join("," + pad + "  ")}${pad}${braces[1]}`;
  }

  function format(v, state) {
    if ((typeof v !== "object" && typeof v !== "function") || v === null) return primitive(v);
    const proxy = host.proxyTarget(v);
    if (proxy !== undefined) return proxy === null ? "<Revoked Proxy>" : format(proxy[0], state);
    if (state.seen.includes(v)) {
      if (!state.circular.has(v)) state.circular.set(v, state.circular.size + 1);
      return `[Circular *${state.circular.get(v)}]`;
    }
    const custom = v[Symbol.for("nodejs.util.inspect.custom")];
    if (typeof custom === "function") {
      const r = apply(custom, v, [MAX_DEPTH - state.seen.length, {}, (x) => format(x, state)]);
      if (r !== v) return typeof r === "string" ? r.replaceAll("\n", "\n" + " ".repeat(state.indent)) : format(r, state);
    }
    const name = constructorName(v);
    let tag = "";
    try { tag = v[Symbol.toStringTag]; } catch { }
    // An own one that can be enumerated is shown as a property.
    if (typeof tag !== "string" || tag === name || apply(Object.prototype.propertyIsEnumerable, v, [Symbol.toStringTag])) tag = "";
    const prefix = (fallback, size) => (name === null ? `[${fallback}${size ?? ""}: null prototype] ` : `${name}${size ?? ""} `) + (tag !== "" && (name !== null || tag !== fallback) ? `[${tag}] ` : "");
    let keys = Object.keys(v);
    for (const s of Object.getOwnPropertySymbols(v)) if (apply(Object.prototype.propertyIsEnumerable, v, [s])) keys.push(s);
    const withoutIndices = () => { keys = keys.filter((k) => typeof k === "symbol" || !/^(0|[1-9]\d*)$/.test(k)); };
    let base = "", braces = ["{", "}"], kind = "object", list, fill = () => { };

    if (Array.isArray(v)) {
      withoutIndices();
      braces = [(name === "Array" && tag === "" ? "" : prefix("Array", `(${v.length})`)) + "[", "]"];
      kind = "list"; list = v;
      if (v.length === 0 && keys.length === 0) return braces[0] + "]";
      fill = (out) => listItems(v, v.length, state, out);
    } else if (holds(setSize, v)) {
      const size = apply(setSize, v, []);
      braces[0] = prefix("Set", `(${size})`) + "{";
      if (size === 0 && keys.length === 0) return braces[0] + "}";
      fill = (out) => { state.indent += 2; for (const x of Set.prototype.values.call(v)) { if (out.length >= MAX_ITEMS) { out.push(more(size - MAX_ITEMS)); break; } out.push(format(x, state)); } state.indent -= 2; };
    } else if (holds(mapSize, v)) {
      const size = apply(mapSize, v, []);
      braces[0] = prefix("Map", `(${size})`) + "{";
      if (size === 0 && keys.length === 0) return braces[0] + "}";
      fill = (out) => { state.indent += 2; for (const [k, x] of Map.prototype.entries.call(v)) { if (out.length >= MAX_ITEMS) { out.push(more(size - MAX_ITEMS)); break; } out.push(format(k, state) + " => " + format(x, state)); } state.indent -= 2; };
    } else if (apply(typedTag, v, []) !== undefined) {
      const n = apply(typedLength, v, []);
      withoutIndices();
      braces = [prefix(apply(typedTag, v, []), `(${n})`) + "[", "]"];
      kind = "list"; list = Array.from({ length: Math.min(n, MAX_ITEMS) }, (_, i) => v[i]);
      if (n === 0 && keys.length === 0) return braces[0] + "]";
      fill = (out) => { for (const x of list) out.push(primitive(x)); if (n > MAX_ITEMS) out.push(more(n - MAX_ITEMS)); };
    } else if (typeof v === "function") {
      base = functionBase(v, name, tagOf(v));
      if (keys.length === 0) return base;
    } else if (Error.isError ? Error.isError(v) : tagOf(v) === "Error") {
      keys = keys.filter((k) => k !== "stack" && k !== "message" && k !== "name");
      for (const k of ["cause", "errors"]) if (Object.hasOwn(v, k) && !keys.includes(k)) keys.push(k);
      base = errorBase(v).replaceAll("\n", "\n" + " ".repeat(state.indent));
      if (keys.length === 0) return base;
    } else if (holds(RegExp.prototype.exec, { __proto__: v }) === false && tagOf(v) === "RegExp") {
      base = apply(RegExp.prototype.toString, v, []);
      if (keys.length === 0) return base;
    } else if (holds(Date.prototype.getTime, v)) {
      base = Number.isNaN(apply(Date.prototype.getTime, v, [])) ? "Invalid Date" : apply(Date.prototype.toISOString, v, []);
      if (keys.length === 0) return base;
    } else if (holds(Number.prototype.valueOf, v)) {
      base = `[Number: ${primitive(apply(Number.prototype.valueOf, v, []))}]`;
      if (keys.length === 0) return base;
    } else if (holds(String.prototype.valueOf, v)) {
      withoutIndices();
      base = `[String: ${primitive(apply(String.prototype.valueOf, v, []))}]`;
      if (keys.length === 0) return base;
    } else if (holds(Boolean.prototype.valueOf, v)) {
      base = `[Boolean: ${apply(Boolean.prototype.valueOf, v, [])}]`;
      if (keys.length === 0) return base;
    } else if (holds(BigInt.prototype.valueOf, v)) {
      base = `[BigInt: ${primitive(apply(BigInt.prototype.valueOf, v, []))}]`;
      if (keys.length === 0) return base;
    } else if (holds(Symbol.prototype.valueOf, v)) {
      base = `[Symbol: ${primitive(apply(Symbol.prototype.valueOf, v, []))}]`;
      if (keys.length === 0) return base;
    } else if (holds(byteLength, v)) {
      braces[0] = prefix("ArrayBuffer") + "{";
      const bytes = Array.from(new Uint8Array(v).subarray(0, 50), (b) => b.toString(16).padStart(2, "0")).join(" ");
      fill = (out) => { const n = apply(byteLength, v, []); out.push(`[Uint8Contents]: <${bytes}${n > 50 ? ` ... ${n - 50} more byte${n > 51 ? "s" : ""}` : ""}>`, `[byteLength]: ${n}`); };
    } else if (holds(viewBuffer, v)) {
      braces[0] = prefix("DataView") + "{";
      fill = (out) => { for (const k of ["byteLength", "byteOffset", "buffer"]) { state.indent += 2; out.push(k + ": " + format(v[k], state)); state.indent -= 2; } };
    } else if (host.promiseState(v) !== undefined) {
      const [s, value] = host.promiseState(v);
      braces[0] = prefix("Promise") + "{";
      fill = (out) => { if (s === "pending") { out.push("<pending>"); return; } state.indent += 2; const t = format(value, state); state.indent -= 2; out.push(s === "rejected" ? "<rejected> " + t : t); };
    } else if (holds(WeakSet.prototype.has, v, [v])) { braces[0] = prefix("WeakSet") + "{"; fill = (out) => out.push("<items unknown>"); }
    else if (holds(WeakMap.prototype.has, v, [v])) { braces[0] = prefix("WeakMap") + "{"; fill = (out) => out.push("<items unknown>"); }
    else if (holds(WeakRef.prototype.deref, v)) { braces[0] = prefix("WeakRef") + "{"; fill = (out) => { state.indent += 2; out.push(format(apply(WeakRef.prototype.deref, v, []), state)); state.indent -= 2; }; }
    else {
      const what = tagOf(v);
      if (what === "Arguments") braces[0] = "[Arguments] {";
      else if (name !== "Object" || tag !== "") braces[0] = (what === "Generator" && tag === "Generator" ? "Object [Generator] " : prefix("Object")) + "{";
      if (keys.length === 0) return braces[0] + "}";
    }

    if (state.seen.length > MAX_DEPTH) {
      const shown = kind === "list" && name === "Array" ? "Array" : (name ?? "Object") + (tag !== "" ? ` [${tag}]` : "");
      return name === null ? `[${shown}: null prototype]` : `[${shown}]`;
    }
    state.seen.push(v);
    const below = state.deepest;
    state.deepest = state.seen.length;
    const output = [];
    fill(output);
    for (const k of keys) output.push(property(v, k, state, false));
    const depthBelow = state.deepest - state.seen.length;
    state.deepest = Math.max(below, state.deepest);
    state.seen.pop();
    if (state.circular.has(v)) {
      const ref = `<ref *${state.circular.get(v)}>`;
      if (base === "") braces[0] = ref + " " + braces[0]; else base = ref + " " + base;
    }
    return join(output, base, braces, state, kind, { length: list ? list.length : 0, list }, depthBelow);
  }

  const inspect = (v) => format(v, { seen: [], circular: new Map(), indent: 0, deepest: 0 });
  // console.log's arguments to one line: %-directives when the first is a string, strings bare, the rest inspected.
  function formatLog(args) {
    let i = 0, out = "";
    if (typeof args[0] === "string" && args.length > 1 && args[0].includes("%")) {
      i = 1;
      out = args[0].replace(/%[sdifjoOc%]/g, (d) => {
        if (d === "%%") return "%";
        if (i >= args.length) return d;
        const a = args[i++];
        switch (d) {
          case "%s": return typeof a === "string" ? a : typeof a === "object" && a !== null ? inspect(a) : primitive(a);
          case "%d": return typeof a === "bigint" ? a + "n" : typeof a === "symbol" ? "NaN" : primitive(Number(a));
          case "%i": return typeof a === "bigint" ? a + "n" : typeof a === "symbol" ? "NaN" : primitive(parseInt(a));
          case "%f": return typeof a === "symbol" ? "NaN" : primitive(parseFloat(a));
          case "%j": return JSON.stringify(a);
          case "%c": return "";
          default: return inspect(a);
        }
      });
    }
    for (; i < args.length; i++) out += (i > 0 ? " " : "") + (typeof args[i] === "string" ? args[i] : inspect(args[i]));
    return out;
  }
  return { inspect, formatLog };
});
