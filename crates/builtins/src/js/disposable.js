// The asynchronous half of explicit resource management (ECMA-262 §27.4.3.3, §27.1.4.2, DisposeResources of §9.5.9).

async function disposeAsync() {
  %AsyncDisposeBegin(this);
  let needsAwait = false, hasAwaited = false, thrown = false, error;
  for (let kind; (kind = %AsyncDisposeKind(this)) !== 0;) {
    if (kind === 1) {
      %AsyncDisposeNext(this);
      needsAwait = true;
      continue;
    }
    try {
      const result = %AsyncDisposeNext(this);
      hasAwaited = true;
      await result;
    } catch (e) {
      error = thrown ? %NewSuppressedError(e, error) : e;
      thrown = true;
    }
  }
  if (needsAwait && !hasAwaited) await undefined;
  if (thrown) throw error;
}

async function asyncIteratorDispose() {
  const method = %GetMethod(this, "return");
  if (method !== undefined) await %Call(method, this, undefined);
}
