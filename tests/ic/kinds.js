// What sites learn: own, inherited and missing properties, lengths, accessors, writes, additions, `in`, calls.
class Point { constructor(x) { this.x = x; } get twice() { return this.x * 2; } set twice(v) { this.x = v / 2; } norm() { return this.x; } }
function read(p) { return p.x; }
function call(p) { return p.norm(); }
function missing(p) { return p.nowhere; }
function getter(p) { return p.twice; }
function setter(p) { p.twice = 4; }
function has(p) { return "x" in p; }
function several(p) { return p.x; }
const p = new Point(1);
for (let i = 0; i < 5; i++) { read(p); call(p); missing(p); getter(p); setter(p); has(p); several(i % 2 ? p : { x: i }); }
