// Sorts of every length and order by comparators, stable; and comparators that are no orders, for which programs expect what other engines give.
let seed=1; const rnd=()=>(seed=(seed*1103515245+12345)&0x7fffffff);
for (const n of [0, 1, 2, 3, 5, 6, 7, 11, 12, 13, 19]) for (const kind of ['rnd','asc','desc','few','organ','eq']) { const a=Array.from({length:n},(_,i)=>({k: kind==='rnd'?rnd()%1000:kind==='asc'?i:kind==='desc'?-i:kind==='few'?rnd()%3:kind==='organ'?Math.min(i,n-i):1, i}));
 const s=[...a].sort((x,y)=>x.k-y.k); for(let i=1;i<n;i++) if(s[i-1].k>s[i].k||(s[i-1].k===s[i].k&&s[i-1].i>s[i].i)) throw new Error(kind+n); if(new Set(s).size!==n) throw 1; const t=a.toSorted((x,y)=>y.k-x.k); for(let i=1;i<n;i++) if(t[i-1].k<t[i].k||(t[i-1].k===t[i].k&&t[i-1].i>t[i].i)) throw new Error(kind+n); }
console.log("sorted");
const odd = [() => 1, () => -1, () => 0, (a, b) => a > b, (a, b) => a < b, (a, b) => a > b ? 1 : 0, (a, b) => a < b ? -1 : 0, () => NaN, () => undefined, () => "-1"];
for (const f of odd) console.log([1, 2, 3, 5, 6, 7, 10, 20].map((n) => [...Array(n)].map((_, i) => (i * 7) % 11).sort(f).join("")).join(" "));
for (const f of odd) console.log([3, , undefined, 1].sort(f));
for (const f of [() => { throw new RangeError("no"); }, () => 1n, () => Symbol()]) try { [2, 1].sort(f); } catch (e) { console.log(e.constructor.name); }
