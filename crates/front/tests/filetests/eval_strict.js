// eval strict
var a = 1;
function c() { return a; }
c()
