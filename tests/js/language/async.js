// Promises, async functions, async generators: order of jobs, errors, thenables, combinators.
const log = (...a) => console.log(a.map((x) => x instanceof Error ? x.name + ":" + x.message : typeof x === "object" && x ? JSON.stringify(x) : String(x)).join(" "));
log("sync start");
Promise.resolve().then(() => log("then 1")).then(() => log("then 2"));
queueMicrotask(() => log("microtask")); setTimeout(() => log("timeout 0"), 0); setTimeout(() => log("timeout 900"), 900);
(async () => { log("async body"); await null; log("after await 1"); await new Promise((r) => r()); log("after await 2"); })();
const thenable = { then(res) { log("thenable called"); res("tv"); } }; (async () => log(await thenable))();
(async () => { try { await Promise.reject(new Error("rej")); } catch (e) { log("caught", e); } finally { log("finally"); } })();
async function ret() { return Promise.resolve("nested"); } ret().then(log);
async function thr() { throw new TypeError("thrown"); } thr().catch((e) => log("catch", e));
Promise.all([1, Promise.resolve(2), thenable]).then((v) => log("all", v)); Promise.allSettled([1, Promise.reject(new Error("x"))]).then((v) => log("settled", v.map((o) => o.status)));
Promise.race([new Promise((r) => setTimeout(r, 500, "slow")), Promise.resolve("fast")]).then((v) => log("race", v)); Promise.any([Promise.reject(1), Promise.resolve(2)]).then((v) => log("any", v)); Promise.any([Promise.reject(1)]).catch((e) => log("any", e, e.errors));
Promise.reject(1).finally(() => { log("fin"); return 2; }).catch((v) => log("kept", v)); Promise.resolve(1).finally(() => { throw new Error("fin threw"); }).catch(log);
new Promise((res, rej) => { res(1); rej(2); res(3); }).then((v) => log("first wins", v)); new Promise(() => { throw new Error("executor"); }).catch(log);
const p = Promise.resolve(7); log(p === Promise.resolve(p)); const selfp = new Promise((r) => setTimeout(() => r(selfp), 0)); selfp.catch((e) => log("self", e.name));
async function* ag() { try { yield 1; yield Promise.resolve(2); await null; yield 3; } finally { log("ag closed"); } }
(async () => { for await (const v of ag()) { log("for await", v); if (v === 2) break; } for await (const v of [Promise.resolve("a"), "b"]) log(v); const it = ag(); log(await Promise.all([it.next(), it.next(), it.return("r"), it.next()])); })();
(async () => { const it = ag(); await it.next(); try { await it.throw(new Error("into ag")); } catch (e) { log("out of ag", e); } log(await it.next()); })();
(async () => { const r = []; for (const f of [async () => 1, async () => { throw new Error("z"); }]) try { r.push(await f()); } catch (e) { r.push(e.message); } log(r); })();
const { promise, resolve } = Promise.withResolvers(); promise.then((v) => log("withResolvers", v)); resolve("wr"); const t = setInterval(() => { log("tick"); clearInterval(t); }, 1);
(async function named() { const self = this; const arrow = async () => [this === self, arguments.length]; log(await arrow()); })(1, 2);
class C { async m() { return await this.#p(); } async #p() { return "private async"; } static async *s() { yield* [1, 2]; yield* ag(); } } new C().m().then(log); (async () => { const v = []; for await (const x of C.s()) v.push(x); log("delegated", v); })();
Promise.try(() => { throw new Error("try"); }).catch(log); log("sync end");
