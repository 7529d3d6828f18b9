// Array.prototype's higher-order methods (ECMA-262 §23.1.3) and Array.from (§23.1.2.1), in JavaScript so that callbacks
// run in the caller's tier and can be inlined. Each top-level function is a built-in by its name; `length`s that differ
// from the parameter count are given in the table that refers to it. `%Name(…)` are the engine's runtime functions.
// Nothing here may be observable: no property of a user's object is read that the specification does not read.

function requireCallable(f) {
  if (!%IsCallable(f)) %ThrowTypeError(%Describe(f) + " is not a function");
}

function forEach(callback, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(callback)) requireCallable(callback);
  for (let k = 0; k < length; k++) if (k in o) %Call(callback, thisArg, o[k], k, o);
}

function map(callback, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(callback)) requireCallable(callback);
  const a = %ArraySpeciesCreate(o, length);
  for (let k = 0; k < length; k++) if (k in o) %DefineElement(a, k, %Call(callback, thisArg, o[k], k, o));
  return a;
}

function filter(callback, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(callback)) requireCallable(callback);
  const a = %ArraySpeciesCreate(o, 0);
  let to = 0;
  for (let k = 0; k < length; k++) {
    if (k in o) {
      const value = o[k];
      if (%Call(callback, thisArg, value, k, o)) %DefineElement(a, to++, value);
    }
  }
  return a;
}

function some(callback, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(callback)) requireCallable(callback);
  for (let k = 0; k < length; k++) if (k in o && %Call(callback, thisArg, o[k], k, o)) return true;
  return false;
}

function every(callback, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(callback)) requireCallable(callback);
  for (let k = 0; k < length; k++) if (k in o && !%Call(callback, thisArg, o[k], k, o)) return false;
  return true;
}

function reduce(callback, ...initial) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(callback)) requireCallable(callback);
  let k = 0, accumulator;
  if (initial.length > 0) accumulator = initial[0];
  else {
    let found = false;
    for (; k < length && !found; k++) {
      if (k in o) {
        found = true;
        accumulator = o[k];
      }
    }
    if (!found) %ThrowTypeError("Reduce of empty array with no initial value");
  }
  for (; k < length; k++) if (k in o) accumulator = callback(accumulator, o[k], k, o);
  return accumulator;
}

function reduceRight(callback, ...initial) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(callback)) requireCallable(callback);
  let k = length - 1, accumulator;
  if (initial.length > 0) accumulator = initial[0];
  else {
    let found = false;
    for (; k >= 0 && !found; k--) {
      if (k in o) {
        found = true;
        accumulator = o[k];
      }
    }
    if (!found) %ThrowTypeError("Reduce of empty array with no initial value");
  }
  for (; k >= 0; k--) if (k in o) accumulator = callback(accumulator, o[k], k, o);
  return accumulator;
}

function find(predicate, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = 0; k < length; k++) {
    const value = o[k];
    if (%Call(predicate, thisArg, value, k, o)) return value;
  }
  return undefined;
}

function findIndex(predicate, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = 0; k < length; k++) if (%Call(predicate, thisArg, o[k], k, o)) return k;
  return -1;
}

function findLast(predicate, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = length - 1; k >= 0; k--) {
    const value = o[k];
    if (%Call(predicate, thisArg, value, k, o)) return value;
  }
  return undefined;
}

function findLastIndex(predicate, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = length - 1; k >= 0; k--) if (%Call(predicate, thisArg, o[k], k, o)) return k;
  return -1;
}

// FlattenIntoArray (§23.1.3.13.1) with a mapper; plain flattening is native and shares the stack check.
function flatMap(mapper, thisArg) {
  const o = %ToObject(this), length = %LengthOf(o);
  if (!%IsCallable(mapper)) %ThrowTypeError("flatMap mapper function is not callable");
  const a = %ArraySpeciesCreate(o, 0);
  let to = 0;
  for (let k = 0; k < length; k++) {
    if (k in o) {
      const value = %Call(mapper, thisArg, o[k], k, o);
      if (%IsArray(value)) {
        const inner = %LengthOf(value);
        for (let j = 0; j < inner; j++) if (j in value) %DefineElement(a, to++, value[j]);
      } else %DefineElement(a, to++, value);
    }
  }
  return a;
}

// SortIndexedProperties (§23.1.3.30.1) with a comparator: a stable merge sort, runs of 6 by insertion. What the
// comparator does to the receiver cannot disturb it: it works on lists of its own. What is in order, or in the opposite one, is only looked through.
// The later element is always the comparator's first argument, as in other engines: programs depend on it whose comparators are no orders.
function mergeSort(list, length, compare) {
  if (leadingRun(list, length, compare) === length) return list;
  for (let start = 0; start < length; start += 6) insertionSort(list, start, start + 6 < length ? start + 6 : length, compare);
  if (length <= 6) return list;
  let from = list, to = %NewList(length);
  for (let width = 6; width < length; width *= 2) {
    for (let low = 0; low < length; low += 2 * width) {
      const middle = low + width < length ? low + width : length, high = middle + width < length ? middle + width : length;
      merge(from, to, low, middle, high, compare);
    }
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

// How many elements from the first on are in order. If they were in the opposite order, strictly, they are turned round.
function leadingRun(list, length, compare) {
  if (length < 2) return length;
  let run = 2;
  if (+compare(list[1], list[0]) < 0) {
    while (run < length && +compare(list[run], list[run - 1]) < 0) run++;
    for (let i = 0, j = run - 1; i < j; i++, j--) {
      const x = list[i];
      list[i] = list[j];
      list[j] = x;
    }
  } else {
    while (run < length && !(+compare(list[run], list[run - 1]) < 0)) run++;
  }
  return run;
}

function insertionSort(list, start, end, compare) {
  for (let i = start + 1; i < end; i++) {
    const x = list[i];
    let j = i - 1;
    for (; j >= start; j--) {
      const y = list[j];
      if (!(+compare(x, y) < 0)) break;
      list[j + 1] = y;
    }
    list[j + 1] = x;
  }
}

// The sorted parts low…middle and middle…high of a list, merged into another one.
function merge(from, to, low, middle, high, compare) {
  let i = low, j = middle, k = low;
  // Already in order: the halves are copied as they are.
  if (j >= high || !(+compare(from[j], from[j - 1]) < 0)) {
    for (; k < high; k++) to[k] = from[k];
    return;
  }
  let x = from[i], y = from[j];
  for (; ;) {
    if (+compare(y, x) < 0) {
      to[k++] = y;
      if (++j >= high) break;
      y = from[j];
    } else {
      to[k++] = x;
      if (++i >= middle) break;
      x = from[i];
    }
  }
  for (; i < middle; i++) to[k++] = from[i];
  for (; j < high; j++) to[k++] = from[j];
}

function sort(compare) {
  if (compare !== undefined && !%IsCallable(compare)) %ThrowTypeError("The comparison function must be either a function or undefined");
  const o = %ToObject(this), length = %LengthOf(o);
  if (compare === undefined) return %SortDefault(o, length);
  const list = %NewList(0);
  let count = 0, undefineds = 0, holes = 0;
  for (let k = 0; k < length; k++) {
    if (k in o) {
      const value = o[k];
      if (value === undefined) undefineds++;
      else list[count++] = value;
    } else holes++;
  }
  const sorted = mergeSort(list, count, compare);
  let k = 0;
  for (; k < count; k++) o[k] = sorted[k];
  for (; undefineds > 0; undefineds--) o[k++] = undefined;
  for (; holes > 0; holes--, k++) if (k in o) delete o[k];
  return o;
}

function toSorted(compare) {
  if (compare !== undefined && !%IsCallable(compare)) %ThrowTypeError("The comparison function must be either a function or undefined");
  const o = %ToObject(this), length = %LengthOf(o);
  const a = %NewArray(length), list = %NewList(0);
  let count = 0, undefineds = 0;
  for (let k = 0; k < length; k++) {
    const value = o[k];
    if (value === undefined) undefineds++;
    else list[count++] = value;
  }
  const sorted = compare === undefined ? %SortDefault(list, count) : mergeSort(list, count, compare);
  let k = 0;
  for (; k < count; k++) %DefineElement(a, k, sorted[k]);
  for (; undefineds > 0; undefineds--) %DefineElement(a, k++, undefined);
  return a;
}

// %TypedArray%.prototype's methods share the shape of the above, on validated views (§23.2.3).
function typedForEach(callback, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(callback)) requireCallable(callback);
  for (let k = 0; k < length; k++) %Call(callback, thisArg, this[k], k, this);
}

function typedMap(callback, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(callback)) requireCallable(callback);
  const a = %TypedArraySpeciesCreate(this, length);
  for (let k = 0; k < length; k++) a[k] = %Call(callback, thisArg, this[k], k, this);
  return a;
}

function typedFilter(callback, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(callback)) requireCallable(callback);
  const kept = %NewList(0);
  let count = 0;
  for (let k = 0; k < length; k++) {
    const value = this[k];
    if (%Call(callback, thisArg, value, k, this)) kept[count++] = value;
  }
  const a = %TypedArraySpeciesCreate(this, count);
  for (let k = 0; k < count; k++) a[k] = kept[k];
  return a;
}

function typedSome(callback, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(callback)) requireCallable(callback);
  for (let k = 0; k < length; k++) if (%Call(callback, thisArg, this[k], k, this)) return true;
  return false;
}

function typedEvery(callback, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(callback)) requireCallable(callback);
  for (let k = 0; k < length; k++) if (!%Call(callback, thisArg, this[k], k, this)) return false;
  return true;
}

function typedReduce(callback, ...initial) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(callback)) requireCallable(callback);
  let k = 0, accumulator = initial[0];
  if (initial.length === 0) {
    if (length === 0) %ThrowTypeError("Reduce of empty array with no initial value");
    accumulator = this[k++];
  }
  for (; k < length; k++) accumulator = callback(accumulator, this[k], k, this);
  return accumulator;
}

function typedReduceRight(callback, ...initial) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(callback)) requireCallable(callback);
  let k = length - 1, accumulator = initial[0];
  if (initial.length === 0) {
    if (length === 0) %ThrowTypeError("Reduce of empty array with no initial value");
    accumulator = this[k--];
  }
  for (; k >= 0; k--) accumulator = callback(accumulator, this[k], k, this);
  return accumulator;
}

function typedFind(predicate, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = 0; k < length; k++) {
    const value = this[k];
    if (%Call(predicate, thisArg, value, k, this)) return value;
  }
  return undefined;
}

function typedFindIndex(predicate, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = 0; k < length; k++) if (%Call(predicate, thisArg, this[k], k, this)) return k;
  return -1;
}

function typedFindLast(predicate, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = length - 1; k >= 0; k--) {
    const value = this[k];
    if (%Call(predicate, thisArg, value, k, this)) return value;
  }
  return undefined;
}

function typedFindLastIndex(predicate, thisArg) {
  const length = %ValidateTypedArray(this);
  if (!%IsCallable(predicate)) requireCallable(predicate);
  for (let k = length - 1; k >= 0; k--) if (%Call(predicate, thisArg, this[k], k, this)) return k;
  return -1;
}

function typedSort(compare) {
  if (compare !== undefined && !%IsCallable(compare)) %ThrowTypeError("The comparison function must be either a function or undefined");
  const length = %ValidateTypedArray(this);
  if (compare === undefined) return %TypedSortDefault(this);
  const list = %NewList(0);
  for (let k = 0; k < length; k++) list[k] = this[k];
  const sorted = mergeSort(list, length, compare);
  for (let k = 0; k < length; k++) this[k] = sorted[k];
  return this;
}

function typedToSorted(compare) {
  if (compare !== undefined && !%IsCallable(compare)) %ThrowTypeError("The comparison function must be either a function or undefined");
  const length = %ValidateTypedArray(this);
  const a = %TypedArrayCreateSameType(this, length), list = %NewList(0);
  for (let k = 0; k < length; k++) list[k] = this[k];
  if (compare === undefined) {
    for (let k = 0; k < length; k++) a[k] = list[k];
    return %TypedSortDefault(a);
  }
  const sorted = mergeSort(list, length, compare);
  for (let k = 0; k < length; k++) a[k] = sorted[k];
  return a;
}

// Array.from (§23.1.2.1).
function from(items, mapper, thisArg) {
  const C = this, mapping = mapper !== undefined;
  if (mapping && !%IsCallable(mapper)) requireCallable(mapper);
  if (!mapping) {
    const a = %ArrayFromWalk(C, items);
    if (a !== undefined) return a;
  }
  const method = %GetMethod(items, %SymbolIterator());
  if (method !== undefined) {
    const a = %IsConstructor(C) ? new C() : %NewArray(0);
    let k = 0;
    for (const value of %IterateWith(items, method)) {
      %DefineElement(a, k, mapping ? %Call(mapper, thisArg, value, k) : value);
      k++;
    }
    a.length = k;
    return a;
  }
  const source = %ToObject(items), length = %LengthOf(source);
  const a = %IsConstructor(C) ? new C(length) : %NewArray(length);
  for (let k = 0; k < length; k++) {
    const value = source[k];
    %DefineElement(a, k, mapping ? %Call(mapper, thisArg, value, k) : value);
  }
  a.length = length;
  return a;
}

// Array.fromAsync (§23.1.2.2). `for await` gives what the specification's loop does: awaits, closing, sync iterators wrapped.
function fromAsync(items, mapper, thisArg) {
  return collectAsync(this, items, mapper, thisArg);
}

async function collectAsync(C, items, mapper, thisArg) {
  const mapping = mapper !== undefined;
  if (mapping && !%IsCallable(mapper)) requireCallable(mapper);
  let method = %GetMethod(items, %SymbolAsyncIterator()), isAsync = true;
  if (method === undefined) {
    method = %GetMethod(items, %SymbolIterator());
    isAsync = false;
  }
  let k = 0, a;
  if (method !== undefined) {
    a = %IsConstructor(C) ? new C() : [];
    for await (const item of %IterateWith(items, method, isAsync)) {
      %DefineElement(a, k, mapping ? await %Call(mapper, thisArg, item, k) : item);
      k++;
    }
  } else {
    const o = %ToObject(items), length = %LengthOf(o);
    a = %IsConstructor(C) ? new C(length) : %NewArray(length);
    for (; k < length; k++) {
      const item = await o[k];
      %DefineElement(a, k, mapping ? await %Call(mapper, thisArg, item, k) : item);
    }
  }
  a.length = k;
  return a;
}
