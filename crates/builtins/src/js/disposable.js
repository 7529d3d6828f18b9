// The asynchronous half of explicit resource management (ECMA-262 §27.4.3.3, §27.1.4.2, DisposeResources of §9.5.9).

function disposeAsync() {
  return disposeResources(this);
}

async function disposeResources(stack) {
  %AsyncDisposeBegin(stack);
  let needsAwait = false, hasAwaited = false, thrown = false, error;
  for (let kind; (kind = %AsyncDisposeKind(stack)) !== 0;) {
    if (kind === 1) {
      %AsyncDisposeNext(stack);
      needsAwait = true;
      continue;
    }
    try {
      const result = %AsyncDisposeNext(stack);
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

async function disposeIterator(iterator) {
  const method = %GetMethod(iterator, "return");
  if (method !== undefined) await %Call(method, iterator);
}

// Built-in functions that return promises are no async functions: their prototype is Function.prototype.
function asyncIteratorDispose() {
  return disposeIterator(this);
}
