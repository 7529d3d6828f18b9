// eval new.target
var a = 1;
let b = 2;
function c() { return b; }
new.target;
this;
a
