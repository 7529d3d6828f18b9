// Iterator helpers (ECMA-262 §27.1.2 – §27.1.4). A helper object holds a generator of this file and the underlying iterator;
// its `next` and `return` drive the generator, so that re-entry and completion are the generator's own.

function requireObject(o) {
  if (!%IsObject(o)) %ThrowTypeError("Iterator helper called on non-object");
}

// IteratorClose with a throw completion: what `return` does or throws is lost.
function closeQuietly(iterator) {
  try {
    const method = iterator.return;
    if (method !== undefined && method !== null) %Call(method, iterator);
  } catch { }
}

// IteratorClose with a normal or return completion.
function close(iterator) {
  const method = iterator.return;
  if (method === undefined || method === null) return;
  const result = %Call(method, iterator);
  if (!%IsObject(result)) %ThrowTypeError("iterator.return() did not return an object");
}

function closeAndThrowType(iterator, message) {
  closeQuietly(iterator);
  %ThrowTypeError(message);
}

function step(iterator, next) {
  const result = %Call(next, iterator);
  if (!%IsObject(result)) %ThrowTypeError("Iterator result " + %Describe(result) + " is not an object");
  return result;
}

function requireCallableOrClose(f, iterator) {
  if (!%IsCallable(f)) closeAndThrowType(iterator, %Describe(f) + " is not a function");
}

function* mapGenerator(iterator, next, mapper) {
  for (let counter = 0; ; counter++) {
    const result = step(iterator, next);
    if (result.done) return;
    const value = result.value;
    let mapped;
    try {
      mapped = mapper(value, counter);
    } catch (e) {
      closeQuietly(iterator);
      throw e;
    }
    let resumed = false;
    try {
      yield mapped;
      resumed = true;
    } finally {
      if (!resumed) close(iterator);
    }
  }
}

function map(mapper) {
  requireObject(this);
  requireCallableOrClose(mapper, this);
  return %NewIteratorHelper(mapGenerator(this, this.next, mapper), this);
}

function* filterGenerator(iterator, next, predicate) {
  for (let counter = 0; ; counter++) {
    const result = step(iterator, next);
    if (result.done) return;
    const value = result.value;
    let selected;
    try {
      selected = predicate(value, counter);
    } catch (e) {
      closeQuietly(iterator);
      throw e;
    }
    if (!selected) continue;
    let resumed = false;
    try {
      yield value;
      resumed = true;
    } finally {
      if (!resumed) close(iterator);
    }
  }
}

function filter(predicate) {
  requireObject(this);
  requireCallableOrClose(predicate, this);
  return %NewIteratorHelper(filterGenerator(this, this.next, predicate), this);
}

// ToIntegerOrInfinity of a limit; RangeError (after closing) for NaN, negative numbers and finite ones that are no safe integers.
function toLimit(iterator, limit) {
  let number;
  try {
    number = +limit;
  } catch (e) {
    closeQuietly(iterator);
    throw e;
  }
  const integer = %ToIntegerOrInfinity(number);
  if (number !== number || integer < 0 || integer > 9007199254740991 && integer !== 1 / 0) {
    closeQuietly(iterator);
    %ThrowRangeError(%Describe(limit) + " must be positive and a safe integer");
  }
  return integer;
}

function* takeGenerator(iterator, next, remaining) {
  for (; ;) {
    if (remaining === 0) return close(iterator);
    remaining--;
    const result = step(iterator, next);
    if (result.done) return;
    const value = result.value;
    let resumed = false;
    try {
      yield value;
      resumed = true;
    } finally {
      if (!resumed) close(iterator);
    }
  }
}

function take(limit) {
  requireObject(this);
  const n = toLimit(this, limit);
  return %NewIteratorHelper(takeGenerator(this, this.next, n), this);
}

function* dropGenerator(iterator, next, remaining) {
  for (; remaining > 0; remaining--) if (step(iterator, next).done) return;
  for (; ;) {
    const result = step(iterator, next);
    if (result.done) return;
    const value = result.value;
    let resumed = false;
    try {
      yield value;
      resumed = true;
    } finally {
      if (!resumed) close(iterator);
    }
  }
}

function drop(limit) {
  requireObject(this);
  const n = toLimit(this, limit);
  return %NewIteratorHelper(dropGenerator(this, this.next, n), this);
}

// GetIteratorFlattenable (§7.4.15), strings rejected: the iterator, whose `next` the caller reads.
function flattenable(value, allowStrings) {
  if (!%IsObject(value) && !(allowStrings && typeof value === "string")) %ThrowTypeError(%Describe(value) + " is not an object");
  const method = %GetMethod(value, %SymbolIterator());
  const iterator = method === undefined ? value : %Call(method, value);
  if (!%IsObject(iterator)) %ThrowTypeError(%Describe(iterator) + " is not an object");
  return iterator;
}

function* flatMapGenerator(iterator, next, mapper) {
  for (let counter = 0; ; counter++) {
    const result = step(iterator, next);
    if (result.done) return;
    const value = result.value;
    let inner, innerNext;
    try {
      inner = flattenable(mapper(value, counter), false);
      innerNext = inner.next;
    } catch (e) {
      closeQuietly(iterator);
      throw e;
    }
    for (; ;) {
      let item;
      try {
        const r = step(inner, innerNext);
        if (r.done) break;
        item = r.value;
      } catch (e) {
        closeQuietly(iterator);
        throw e;
      }
      let resumed = false;
      try {
        yield item;
        resumed = true;
      } finally {
        if (!resumed) {
          try {
            close(inner);
          } catch (e) {
            closeQuietly(iterator);
            throw e;
          }
          close(iterator);
        }
      }
    }
  }
}

function flatMap(mapper) {
  requireObject(this);
  requireCallableOrClose(mapper, this);
  return %NewIteratorHelper(flatMapGenerator(this, this.next, mapper), this);
}

function reduce(reducer, ...initial) {
  requireObject(this);
  requireCallableOrClose(reducer, this);
  const next = this.next;
  let accumulator = initial[0], counter = 0;
  if (initial.length === 0) {
    const first = step(this, next);
    if (first.done) %ThrowTypeError("Reduce of a done iterator with no initial value");
    accumulator = first.value;
    counter = 1;
  }
  for (; ; counter++) {
    const result = step(this, next);
    if (result.done) return accumulator;
    const value = result.value;
    try {
      accumulator = reducer(accumulator, value, counter);
    } catch (e) {
      closeQuietly(this);
      throw e;
    }
  }
}

function toArray() {
  requireObject(this);
  const next = this.next, items = %NewArray(0);
  for (let k = 0; ; k++) {
    const result = step(this, next);
    if (result.done) return items;
    %DefineElement(items, k, result.value);
  }
}

function forEach(callback) {
  requireObject(this);
  requireCallableOrClose(callback, this);
  const next = this.next;
  for (let counter = 0; ; counter++) {
    const result = step(this, next);
    if (result.done) return;
    const value = result.value;
    try {
      callback(value, counter);
    } catch (e) {
      closeQuietly(this);
      throw e;
    }
  }
}

function some(predicate) {
  requireObject(this);
  requireCallableOrClose(predicate, this);
  const next = this.next;
  for (let counter = 0; ; counter++) {
    const result = step(this, next);
    if (result.done) return false;
    const value = result.value;
    let selected;
    try {
      selected = predicate(value, counter);
    } catch (e) {
      closeQuietly(this);
      throw e;
    }
    if (selected) {
      close(this);
      return true;
    }
  }
}

function every(predicate) {
  requireObject(this);
  requireCallableOrClose(predicate, this);
  const next = this.next;
  for (let counter = 0; ; counter++) {
    const result = step(this, next);
    if (result.done) return true;
    const value = result.value;
    let selected;
    try {
      selected = predicate(value, counter);
    } catch (e) {
      closeQuietly(this);
      throw e;
    }
    if (!selected) {
      close(this);
      return false;
    }
  }
}

function find(predicate) {
  requireObject(this);
  requireCallableOrClose(predicate, this);
  const next = this.next;
  for (let counter = 0; ; counter++) {
    const result = step(this, next);
    if (result.done) return undefined;
    const value = result.value;
    let selected;
    try {
      selected = predicate(value, counter);
    } catch (e) {
      closeQuietly(this);
      throw e;
    }
    if (selected) {
      close(this);
      return value;
    }
  }
}

// %IteratorHelperPrototype%.next and .return (§27.1.2.1).
function helperNext() {
  return %GeneratorResume(%IteratorHelperGenerator(this), 0, undefined);
}

function helperReturn() {
  const generator = %IteratorHelperGenerator(this);
  if (%GeneratorNotStarted(generator)) {
    %GeneratorResume(generator, 2, undefined);
    const underlying = %IteratorHelperUnderlying(this);
    if (underlying !== undefined) close(underlying);
    return { value: undefined, done: true };
  }
  return %GeneratorResume(generator, 2, undefined);
}

// Iterator.from (§27.1.3.2.1); the wrapper's methods are native.
function from(value) {
  const iterator = flattenable(value, true);
  const next = iterator.next;
  return %IsIteratorInstance(iterator) ? iterator : %NewWrappedIterator(iterator, next);
}

function* concatGenerator(pairs, count) {
  for (let i = 0; i < count; i += 2) {
    const iterator = %Call(pairs[i + 1], pairs[i]);
    if (!%IsObject(iterator)) %ThrowTypeError(%Describe(iterator) + " is not an object");
    const next = iterator.next;
    for (; ;) {
      const result = step(iterator, next);
      if (result.done) break;
      const value = result.value;
      let resumed = false;
      try {
        yield value;
        resumed = true;
      } finally {
        if (!resumed) close(iterator);
      }
    }
  }
}

// Iterator.concat (§27.1.3.2.2 of ECMAScript 2026).
function concat(...items) {
  const pairs = %NewList(0);
  let count = 0;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (!%IsObject(item)) %ThrowTypeError(%Describe(item) + " is not an object");
    const method = %GetMethod(item, %SymbolIterator());
    if (method === undefined) %ThrowTypeError(%Describe(item) + " is not iterable");
    pairs[count++] = item;
    pairs[count++] = method;
  }
  return %NewIteratorHelper(concatGenerator(pairs, count), undefined);
}
