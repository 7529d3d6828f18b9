// What misses of an inline cache cost: the same loop over objects of one shape, with one access in twenty to an object of another shape,
// and of one of forty others, which makes the site megamorphic. Prints nanoseconds an access and the ratio to no misses.
function makeOther(n) { const o = {}; for (let i = 0; i < n; i++) o["f" + i] = i; o.v = 1; return o; }
// Each kind has its own loop, so that none inherits another's feedback.
function loop() {
  return new Function("objs", "n", "let s = 0, j = 0; const m = objs.length; for (let i = 0; i < n; i++) { s = (s + objs[j].v) | 0; if (++j === m) j = 0; } return s;");
}
const same = () => ({ v: 1 });
const kinds = {
  none: () => { const a = []; for (let i = 0; i < 800; i++) a.push(same()); return a; },
  oneOther: () => { const a = []; for (let i = 0; i < 800; i++) a.push(i % 20 ? same() : makeOther(3)); return a; },
  fortyOthers: () => { const a = []; for (let i = 0; i < 800; i++) a.push(i % 20 ? same() : makeOther(1 + i / 20)); return a; },
};
const now = typeof performance === "object" && performance.now ? () => performance.now() : () => preciseTime() * 1000;
const say = typeof print === "function" ? print : console.log;
const n = 5e6, best = {};
const loops = {}; for (const k in kinds) loops[k] = loop();
for (let round = 0; round < 7; round++) {
  for (const k in kinds) {
    const objs = kinds[k](), t = now();
    if (loops[k](objs, n) !== n) throw new Error("wrong sum");
    const ns = (now() - t) * 1e6 / n;
    best[k] = Math.min(best[k] || Infinity, ns);
  }
}
for (const k in kinds) say(k + " " + best[k].toFixed(2) + " ns, " + (best[k] / best.none).toFixed(2));
