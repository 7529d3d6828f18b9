function* plain(a) {
  try { const b = yield a; yield b; } finally { a.close(); }
}
function* delegates(a) { return yield* a; }
async function waits(a) { for await (const x of a) await x; }
async function* both(a = 1) { yield a; return yield* a; }
const arrow = async x => await x;
