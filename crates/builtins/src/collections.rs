//! Map, Set, WeakMap, WeakSet, WeakRef, FinalizationRegistry (ECMA-262 §24.1–§24.4, §26.1–§26.2).

use crate::iterator::{
    Gives, Iteration, for_each, group_by, iterate_array_from, iterate_through, new_map_iterator, new_set_iterator,
};
use crate::table::*;
use std::cell::Cell;
use tercel_vm::fast_native::FastNative;
use tercel_vm::object::array::ArrayObject;
use tercel_vm::object::kinds::{Collection, FinalizationRegistry, WeakRef};
use tercel_vm::walk::Room;
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Object, PropertyKey, Value, ValueList, names};

/// The receiver as a collection of a kind.
fn receiver(cx: &Context, args: &Args, kind: Kind, method: &str) -> JsResult<Gc<Collection>> {
    match args.this().as_kind::<Collection>(kind) {
        Some(c) => Ok(c),
        None => Err(cx.throw_type(format_args!(
            "Method {}.prototype.{method} called on incompatible receiver {}",
            kind.name(),
            cx.describe(args.this())
        ))),
    }
}

/// The constructors: an empty collection, filled through its own `set` or `add` (§24.1.1.1 and its like).
fn construct(cx: &Context, args: &Args, kind: Kind, proto: Intrinsic) -> JsResult<Value> {
    if args.new_target().is_undefined() {
        return Err(cx.throw_type(format_args!("Constructor {} requires 'new'", kind.name())));
    }
    let proto = cx.prototype_from_new_target(args.new_target(), proto)?;
    let collection = cx.new_collection(kind, proto);
    let iterable = args.get(0);
    if iterable.is_nullish() {
        return Ok(collection.into());
    }
    let object: Gc<Object> = collection.object();
    let pairs = matches!(kind, Kind::Map | Kind::WeakMap);
    let adder = object.get(cx, if pairs { cx.names().set } else { cx.names().add })?;
    if !cx.is_callable(adder) {
        let name = if pairs { "set" } else { "add" };
        return Err(cx.throw_type(format_args!(
            "'{}' returned for property '{name}' of object is not a function",
            cx.describe(adder)
        )));
    }
    // The library's own adders run no script.
    let original = cx.is_original_adder(collection, adder);
    let walk = if original { cx.walk(iterable) } else { None };
    if !pairs {
        if walk.map_or(Ok(false), |walk| walk.fill_collection(cx, collection))? {
            return Ok(object.into());
        }
        for_each(cx, iterable, |item| match original {
            true => cx.ordered_set(collection, item, item),
            false => cx.call(adder, object.into(), &[item]).map(drop),
        })?;
        return Ok(object.into());
    }
    let add = |item: Value| {
        let Some(entry) = item.as_object() else {
            return Err(cx.throw_type(format_args!("Iterator value {} is not an entry object", cx.describe(item))));
        };
        let k = entry.get(cx, PropertyKey::index(0))?;
        let v = entry.get(cx, PropertyKey::index(1))?;
        match original {
            true => cx.ordered_set(collection, k, v),
            false => cx.call(adder, object.into(), &[k, v]).map(drop),
        }
    };
    match walk {
        Some(walk) if walk.fill_collection(cx, collection)? => {}
        Some(walk) if let Some((array, start)) = walk.elements_of() => {
            let taken = add_plain_pairs(cx, collection, array, start)?;
            if taken < array.len() as usize {
                iterate_array_from(cx, array.object(), walk.iterator(), taken)?.each(cx, add)?;
            } else {
                walk.finish();
            }
        }
        _ => for_each(cx, iterable, add)?,
    }
    Ok(object.into())
}

/// Adds the pairs in an array to a new Map, from number `start` on, as long as each is an array whose two elements are there and need no getter.
/// The number of the first that was not added.
fn add_plain_pairs(cx: &Context, map: Gc<Collection>, array: Gc<ArrayObject>, start: usize) -> JsResult<usize> {
    let mut room = Room::new(cx, map, array.elements().len().saturating_sub(start));
    for n in start..array.elements().len() {
        let Some(pair) = array.elements().get(n).as_kind::<ArrayObject>(Kind::Array) else { return Ok(n) };
        let (key, value) = (pair.elements().get(0), pair.elements().get(1));
        if key.is_empty() || value.is_empty() {
            return Ok(n);
        }
        room.make();
        cx.ordered_set(map, key, value)?;
        if n % 1024 == 1023 {
            cx.poll()?;
        }
    }
    Ok(array.elements().len().max(start))
}

/// −0 is stored as +0 (CanonicalizeKeyedCollectionKey, §24.5.1).
fn canonical(key: Value) -> Value {
    if key.is_double() && key.as_double() == 0.0 { Value::ZERO } else { key }
}

/// A walk over the entries of a Map or Set that sees what is added and not what is deleted on the way. It lies in the frame of the native that
/// walks, which is scanned while script runs.
struct Entries {
    table: Cell<Value>,
    /// The number of the next entry.
    next: Cell<u32>,
}

impl Entries {
    fn new(cx: &Context, c: Gc<Collection>) -> JsResult<Entries> {
        Ok(Entries { table: Cell::new(cx.ordered_start(c)?), next: Cell::new(0) })
    }

    fn next(&self, cx: &Context) -> Option<(Value, Value)> {
        let step = cx.ordered_step(self.table.get(), self.next.get())?;
        self.table.set(step.table);
        self.next.set(step.next);
        Some((step.key, step.value))
    }
}

/// Map.prototype.forEach and Set.prototype.forEach: sees entries that are added while it runs.
fn for_each_method(cx: &Context, args: &Args, kind: Kind) -> JsResult<Value> {
    let c = receiver(cx, args, kind, "forEach")?;
    let callback = args.get(0);
    if !cx.is_callable(callback) {
        return Err(cx.throw_not_callable(callback));
    }
    let entries = Entries::new(cx, c)?;
    while let Some((k, v)) = entries.next(cx) {
        let first = if kind == Kind::Set { k } else { v };
        cx.call(callback, args.get(1), &[first, k, args.this()])?;
    }
    Ok(Value::UNDEFINED)
}

pub mod map {
    use super::*;

    fn this(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<Collection>> {
        receiver(cx, args, Kind::Map, method)
    }

    fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        construct(cx, args, Kind::Map, Intrinsic::MapPrototype)
    }

    fn clear(cx: &Context, args: &Args) -> JsResult<Value> {
        cx.ordered_clear(this(cx, args, "clear")?)?;
        Ok(Value::UNDEFINED)
    }

    fn delete(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(cx.ordered_delete(this(cx, args, "delete")?, args.get(0))?.into())
    }

    fn get(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(cx.ordered_get(this(cx, args, "get")?, args.get(0))?.unwrap_or(Value::UNDEFINED))
    }

    fn has(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(cx.ordered_get(this(cx, args, "has")?, args.get(0))?.is_some().into())
    }

    fn set(cx: &Context, args: &Args) -> JsResult<Value> {
        cx.ordered_set(this(cx, args, "set")?, canonical(args.get(0)), args.get(1))?;
        Ok(args.this())
    }

    fn size(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(Value::length(cx.ordered_size(this(cx, args, "size")?)))
    }

    fn for_each(cx: &Context, args: &Args) -> JsResult<Value> {
        for_each_method(cx, args, Kind::Map)
    }

    fn keys(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(new_map_iterator(cx, this(cx, args, "keys")?, Gives::Keys)?.into())
    }

    fn values(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(new_map_iterator(cx, this(cx, args, "values")?, Gives::Values)?.into())
    }

    fn entries(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(new_map_iterator(cx, this(cx, args, "entries")?, Gives::Entries)?.into())
    }

    /// Map.prototype.getOrInsert (ECMAScript 2026).
    fn get_or_insert(cx: &Context, args: &Args) -> JsResult<Value> {
        let m = this(cx, args, "getOrInsert")?;
        let key = canonical(args.get(0));
        if let Some(v) = cx.ordered_get(m, key)? {
            return Ok(v);
        }
        cx.ordered_set(m, key, args.get(1))?;
        Ok(args.get(1))
    }

    fn get_or_insert_computed(cx: &Context, args: &Args) -> JsResult<Value> {
        let m = this(cx, args, "getOrInsertComputed")?;
        if !cx.is_callable(args.get(1)) {
            return Err(cx.throw_not_callable(args.get(1)));
        }
        let key = canonical(args.get(0));
        if let Some(v) = cx.ordered_get(m, key)? {
            return Ok(v);
        }
        let v = cx.call(args.get(1), Value::UNDEFINED, &[key])?;
        cx.ordered_set(m, canonical(args.get(0)), v)?;
        Ok(v)
    }

    fn group(cx: &Context, args: &Args) -> JsResult<Value> {
        let groups = group_by(cx, args.get(0), args.get(1), false)?;
        let m = cx.new_collection(Kind::Map, cx.intrinsic(Intrinsic::MapPrototype));
        for i in (0..groups.len()).step_by(2) {
            cx.ordered_set(m, groups.get(i), groups.get(i + 1))?;
        }
        Ok(m.into())
    }

    pub static CONSTRUCTOR: FunctionSpec = class("Map", 0, constructor);
    pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::MapPrototype), method("groupBy", 2, group), species()];
    pub static PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::Map),
        method("clear", 0, clear),
        method("delete", 1, delete).fast(FastNative::MapDelete),
        method("entries", 0, entries),
        method("forEach", 1, for_each),
        method("get", 1, get).fast(FastNative::MapGet),
        method("getOrInsert", 2, get_or_insert),
        method("getOrInsertComputed", 2, get_or_insert_computed),
        method("has", 1, has).fast(FastNative::MapHas),
        method("keys", 0, keys),
        method("set", 2, set).fast(FastNative::MapSet),
        getter("size", size).fast(FastNative::MapSize),
        method("values", 0, values),
        symbol_alias(names::SYMBOL_ITERATOR, "entries"),
        to_string_tag("Map"),
    ];
}

pub mod set {
    use super::*;

    fn this(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<Collection>> {
        receiver(cx, args, Kind::Set, method)
    }

    fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        construct(cx, args, Kind::Set, Intrinsic::SetPrototype)
    }

    fn add(cx: &Context, args: &Args) -> JsResult<Value> {
        let key = canonical(args.get(0));
        cx.ordered_set(this(cx, args, "add")?, key, key)?;
        Ok(args.this())
    }

    fn clear(cx: &Context, args: &Args) -> JsResult<Value> {
        cx.ordered_clear(this(cx, args, "clear")?)?;
        Ok(Value::UNDEFINED)
    }

    fn delete(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(cx.ordered_delete(this(cx, args, "delete")?, args.get(0))?.into())
    }

    fn has(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(cx.ordered_get(this(cx, args, "has")?, args.get(0))?.is_some().into())
    }

    fn size(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(Value::length(cx.ordered_size(this(cx, args, "size")?)))
    }

    fn for_each(cx: &Context, args: &Args) -> JsResult<Value> {
        for_each_method(cx, args, Kind::Set)
    }

    fn values(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(new_set_iterator(cx, this(cx, args, "values")?, Gives::Values)?.into())
    }

    fn entries(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(new_set_iterator(cx, this(cx, args, "entries")?, Gives::Entries)?.into())
    }

    /// A set record (§24.2.1.2): a set-like object with its size and methods.
    struct Record<'cx> {
        /// The object, `has`, `keys`.
        roots: ValueList<'cx>,
        size: f64,
        /// The object is a Set, and `has` is Set.prototype.has.
        is_set: bool,
    }

    fn record<'cx>(cx: &'cx Context, v: Value) -> JsResult<Record<'cx>> {
        let Some(o) = v.as_object() else {
            return Err(cx.throw_type(format_args!("{} is not a set-like object", cx.describe(v))));
        };
        let size = o.get(cx, cx.names().size)?;
        let number = cx.to_number(size)?;
        if number.is_nan() {
            return Err(cx.throw_type(format_args!("The 'size' property must be a number")));
        }
        let size = cx.to_integer_or_infinity(Value::number(number))?;
        if size < 0.0 {
            return Err(cx.throw_range(format_args!("'{size}' is an invalid size")));
        }
        let roots = ValueList::with_capacity(cx, 3);
        roots.push(o);
        for key in [cx.names().has, cx.names().keys] {
            let f = o.get(cx, key)?;
            if !cx.is_callable(f) {
                return Err(cx.throw_type(format_args!("The '{}' property must be a function", key.display(cx))));
            }
            roots.push(f);
        }
        let is_set = o.kind() == Kind::Set && cx.is_library_function(roots.get(1), Intrinsic::SetPrototype, names::HAS);
        Ok(Record { roots, size, is_set })
    }

    impl Record<'_> {
        fn has(&self, cx: &Context, key: Value) -> JsResult<bool> {
            if self.is_set {
                cx.poll()?;
                if let Some(set) = self.roots.get(0).as_kind::<Collection>(Kind::Set) {
                    return cx.ordered_has(set, key);
                }
            }
            Ok(cx.call(self.roots.get(1), self.roots.get(0), &[key])?.to_boolean())
        }

        /// What `keys()` gives.
        fn keys<'cx>(&self, cx: &'cx Context) -> JsResult<Iteration<'cx>> {
            let iterator = cx.call(self.roots.get(2), self.roots.get(0), &[])?;
            match iterator.as_object() {
                Some(iterator) => iterate_through(cx, iterator),
                None => Err(cx.throw_type(format_args!("{} is not an object", cx.describe(iterator)))),
            }
        }
    }

    /// Calls `body` with each of the keys, until it says no (and the iterator is closed).
    fn each_key(cx: &Context, keys: &Iteration, mut body: impl FnMut(Value) -> JsResult<bool>) -> JsResult<()> {
        while let Some(value) = keys.step(cx)? {
            if !body(canonical(value))? {
                return keys.close(cx);
            }
        }
        Ok(())
    }

    fn new_set(cx: &Context) -> Gc<Collection> {
        cx.new_collection(Kind::Set, cx.intrinsic(Intrinsic::SetPrototype))
    }

    fn copy_of(cx: &Context, c: Gc<Collection>) -> JsResult<Gc<Collection>> {
        let out = new_set(cx);
        cx.ordered_copy(out, c)?;
        Ok(out)
    }

    fn union(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = this(cx, args, "union")?;
        let other = record(cx, args.get(0))?;
        let keys = other.keys(cx)?;
        let out = copy_of(cx, c)?;
        each_key(cx, &keys, |k| cx.ordered_set(out, k, k).map(|()| true))?;
        Ok(out.into())
    }

    fn intersection(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = this(cx, args, "intersection")?;
        let other = record(cx, args.get(0))?;
        let out = new_set(cx);
        if cx.ordered_size(c) as f64 <= other.size {
            let entries = Entries::new(cx, c)?;
            while let Some((k, _)) = entries.next(cx) {
                if other.has(cx, k)? {
                    cx.ordered_set(out, k, k)?;
                }
            }
        } else {
            each_key(cx, &other.keys(cx)?, |k| {
                if cx.ordered_get(c, k)?.is_some() {
                    cx.ordered_set(out, k, k)?;
                }
                Ok(true)
            })?;
        }
        Ok(out.into())
    }

    fn difference(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = this(cx, args, "difference")?;
        let other = record(cx, args.get(0))?;
        let out = copy_of(cx, c)?;
        if cx.ordered_size(c) as f64 <= other.size {
            let entries = Entries::new(cx, c)?;
            while let Some((k, _)) = entries.next(cx) {
                if other.has(cx, k)? {
                    cx.ordered_delete(out, k)?;
                }
            }
        } else {
            each_key(cx, &other.keys(cx)?, |k| cx.ordered_delete(out, k).map(|_| true))?;
        }
        Ok(out.into())
    }

    fn symmetric_difference(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = this(cx, args, "symmetricDifference")?;
        let other = record(cx, args.get(0))?;
        let keys = other.keys(cx)?;
        let out = copy_of(cx, c)?;
        each_key(cx, &keys, |k| {
            if cx.ordered_get(c, k)?.is_some() {
                cx.ordered_delete(out, k)?;
            } else {
                cx.ordered_set(out, k, k)?;
            }
            Ok(true)
        })?;
        Ok(out.into())
    }

    fn is_subset_of(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = this(cx, args, "isSubsetOf")?;
        let other = record(cx, args.get(0))?;
        if cx.ordered_size(c) as f64 > other.size {
            return Ok(Value::FALSE);
        }
        let entries = Entries::new(cx, c)?;
        while let Some((k, _)) = entries.next(cx) {
            if !other.has(cx, k)? {
                return Ok(Value::FALSE);
            }
        }
        Ok(Value::TRUE)
    }

    fn is_superset_of(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = this(cx, args, "isSupersetOf")?;
        let other = record(cx, args.get(0))?;
        if (cx.ordered_size(c) as f64) < other.size {
            return Ok(Value::FALSE);
        }
        let mut all = true;
        each_key(cx, &other.keys(cx)?, |k| {
            all = cx.ordered_get(c, k)?.is_some();
            Ok(all)
        })?;
        Ok(all.into())
    }

    fn is_disjoint_from(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = this(cx, args, "isDisjointFrom")?;
        let other = record(cx, args.get(0))?;
        if cx.ordered_size(c) as f64 <= other.size {
            let entries = Entries::new(cx, c)?;
            while let Some((k, _)) = entries.next(cx) {
                if other.has(cx, k)? {
                    return Ok(Value::FALSE);
                }
            }
            return Ok(Value::TRUE);
        }
        let mut disjoint = true;
        each_key(cx, &other.keys(cx)?, |k| {
            disjoint = cx.ordered_get(c, k)?.is_none();
            Ok(disjoint)
        })?;
        Ok(disjoint.into())
    }

    pub static CONSTRUCTOR: FunctionSpec = class("Set", 0, constructor);
    pub static STATICS: &[PropertySpec] = &[prototype(Intrinsic::SetPrototype), species()];
    pub static PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::Set),
        method("add", 1, add).fast(FastNative::SetAdd),
        method("clear", 0, clear),
        method("delete", 1, delete).fast(FastNative::SetDelete),
        method("difference", 1, difference),
        method("entries", 0, entries),
        method("forEach", 1, for_each),
        method("has", 1, has).fast(FastNative::SetHas),
        method("intersection", 1, intersection),
        method("isDisjointFrom", 1, is_disjoint_from),
        method("isSubsetOf", 1, is_subset_of),
        method("isSupersetOf", 1, is_superset_of),
        alias("keys", "values"),
        getter("size", size).fast(FastNative::SetSize),
        method("symmetricDifference", 1, symmetric_difference),
        method("union", 1, union),
        method("values", 0, values),
        symbol_alias(names::SYMBOL_ITERATOR, "values"),
        to_string_tag("Set"),
    ];
}

pub mod weak {
    use super::*;

    fn map_constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        construct(cx, args, Kind::WeakMap, Intrinsic::WeakMapPrototype)
    }

    fn set_constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        construct(cx, args, Kind::WeakSet, Intrinsic::WeakSetPrototype)
    }

    /// The receiver, where the first argument can be a key of it.
    fn receiver_for_key(cx: &Context, args: &Args, kind: Kind, method: &str) -> JsResult<Gc<Collection>> {
        let c = receiver(cx, args, kind, method)?;
        if !cx.can_be_held_weakly(args.get(0)) {
            let what = if kind == Kind::WeakMap { "weak map key" } else { "weak set" };
            return Err(cx.throw_type(format_args!("Invalid value used as {what}: {}", cx.describe(args.get(0)))));
        }
        Ok(c)
    }

    fn insert(cx: &Context, c: Gc<Collection>, key: Value, value: Value) -> JsResult<()> {
        let table = cx.ephemeron_set(c.table.get(), key, value)?;
        cx.set_collection_table(c, table.into());
        Ok(())
    }

    fn store(cx: &Context, args: &Args, kind: Kind, method: &str, value: Value) -> JsResult<Value> {
        let c = receiver_for_key(cx, args, kind, method)?;
        insert(cx, c, args.get(0), value)?;
        Ok(args.this())
    }

    /// WeakMap.prototype.getOrInsert (ECMAScript 2026).
    fn map_get_or_insert(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = receiver_for_key(cx, args, Kind::WeakMap, "getOrInsert")?;
        if let Some(v) = cx.ephemeron_get(c.table.get(), args.get(0)) {
            return Ok(v);
        }
        insert(cx, c, args.get(0), args.get(1))?;
        Ok(args.get(1))
    }

    /// WeakMap.prototype.getOrInsertComputed (ECMAScript 2026).
    fn map_get_or_insert_computed(cx: &Context, args: &Args) -> JsResult<Value> {
        let c = receiver_for_key(cx, args, Kind::WeakMap, "getOrInsertComputed")?;
        if !cx.is_callable(args.get(1)) {
            return Err(cx.throw_not_callable(args.get(1)));
        }
        if let Some(v) = cx.ephemeron_get(c.table.get(), args.get(0)) {
            return Ok(v);
        }
        let v = cx.call(args.get(1), Value::UNDEFINED, &[args.get(0)])?;
        // Whatever the callback stored under the key is overwritten.
        insert(cx, c, args.get(0), v)?;
        Ok(v)
    }

    fn map_set(cx: &Context, args: &Args) -> JsResult<Value> {
        store(cx, args, Kind::WeakMap, "set", args.get(1))
    }

    fn set_add(cx: &Context, args: &Args) -> JsResult<Value> {
        store(cx, args, Kind::WeakSet, "add", Value::TRUE)
    }

    fn find(cx: &Context, args: &Args, kind: Kind, method: &str) -> JsResult<Option<Value>> {
        let c = receiver(cx, args, kind, method)?;
        if !cx.can_be_held_weakly(args.get(0)) {
            return Ok(None);
        }
        Ok(cx.ephemeron_get(c.table.get(), args.get(0)))
    }

    fn map_get(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(find(cx, args, Kind::WeakMap, "get")?.unwrap_or(Value::UNDEFINED))
    }

    fn map_has(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(find(cx, args, Kind::WeakMap, "has")?.is_some().into())
    }

    fn set_has(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(find(cx, args, Kind::WeakSet, "has")?.is_some().into())
    }

    fn remove(cx: &Context, args: &Args, kind: Kind) -> JsResult<Value> {
        let c = receiver(cx, args, kind, "delete")?;
        if !cx.can_be_held_weakly(args.get(0)) {
            return Ok(Value::FALSE);
        }
        Ok(cx.ephemeron_delete(c.table.get(), args.get(0)).into())
    }

    fn map_delete(cx: &Context, args: &Args) -> JsResult<Value> {
        remove(cx, args, Kind::WeakMap)
    }

    fn set_delete(cx: &Context, args: &Args) -> JsResult<Value> {
        remove(cx, args, Kind::WeakSet)
    }

    fn ref_constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        if args.new_target().is_undefined() {
            return Err(cx.throw_type(format_args!("Constructor WeakRef requires 'new'")));
        }
        if !cx.can_be_held_weakly(args.get(0)) {
            return Err(cx.throw_type(format_args!("WeakRef: invalid target {}", cx.describe(args.get(0)))));
        }
        let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::WeakRefPrototype)?;
        Ok(cx.new_weak_ref(proto, args.get(0))?.into())
    }

    fn deref(cx: &Context, args: &Args) -> JsResult<Value> {
        match args.this().as_kind::<WeakRef>(Kind::WeakRef) {
            Some(r) => Ok(cx.weak_ref_deref(r)),
            None => Err(cx.throw_type(format_args!("Method WeakRef.prototype.deref called on incompatible receiver"))),
        }
    }

    fn registry_constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        if args.new_target().is_undefined() {
            return Err(cx.throw_type(format_args!("Constructor FinalizationRegistry requires 'new'")));
        }
        if !cx.is_callable(args.get(0)) {
            return Err(cx.throw_type(format_args!("FinalizationRegistry: cleanup must be callable")));
        }
        let proto = cx.prototype_from_new_target(args.new_target(), Intrinsic::FinalizationRegistryPrototype)?;
        Ok(cx.new_finalization_registry(proto, args.get(0)).into())
    }

    fn registry(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<FinalizationRegistry>> {
        args.this().as_kind(Kind::FinalizationRegistry).ok_or_else(|| {
            cx.throw_type(format_args!(
                "Method FinalizationRegistry.prototype.{method} called on incompatible receiver"
            ))
        })
    }

    fn register(cx: &Context, args: &Args) -> JsResult<Value> {
        let r = registry(cx, args, "register")?;
        let (target, held, token) = (args.get(0), args.get(1), args.get(2));
        if !cx.can_be_held_weakly(target) {
            return Err(cx.throw_type(format_args!("FinalizationRegistry.prototype.register: invalid target")));
        }
        if cx.same_value(target, held)? {
            return Err(cx.throw_type(format_args!(
                "FinalizationRegistry.prototype.register: target and holdings must not be same"
            )));
        }
        if !cx.can_be_held_weakly(token) && !token.is_undefined() {
            return Err(cx.throw_type(format_args!("Invalid unregister token ('{}')", cx.describe(token))));
        }
        cx.finalization_register(r, target, held, token)?;
        Ok(Value::UNDEFINED)
    }

    fn unregister(cx: &Context, args: &Args) -> JsResult<Value> {
        let r = registry(cx, args, "unregister")?;
        if !cx.can_be_held_weakly(args.get(0)) {
            return Err(cx.throw_type(format_args!("Invalid unregister token ('{}')", cx.describe(args.get(0)))));
        }
        Ok(cx.finalization_unregister(r, args.get(0)).into())
    }

    pub static MAP_CONSTRUCTOR: FunctionSpec = class("WeakMap", 0, map_constructor);
    pub static MAP_STATICS: &[PropertySpec] = &[prototype(Intrinsic::WeakMapPrototype)];
    pub static MAP_PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::WeakMap),
        method("delete", 1, map_delete),
        method("get", 1, map_get),
        method("getOrInsert", 2, map_get_or_insert),
        method("getOrInsertComputed", 2, map_get_or_insert_computed),
        method("has", 1, map_has),
        method("set", 2, map_set),
        to_string_tag("WeakMap"),
    ];
    pub static SET_CONSTRUCTOR: FunctionSpec = class("WeakSet", 0, set_constructor);
    pub static SET_STATICS: &[PropertySpec] = &[prototype(Intrinsic::WeakSetPrototype)];
    pub static SET_PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::WeakSet),
        method("add", 1, set_add),
        method("delete", 1, set_delete),
        method("has", 1, set_has),
        to_string_tag("WeakSet"),
    ];
    pub static REF_CONSTRUCTOR: FunctionSpec = class("WeakRef", 1, ref_constructor);
    pub static REF_STATICS: &[PropertySpec] = &[prototype(Intrinsic::WeakRefPrototype)];
    pub static REF_PROTOTYPE: &[PropertySpec] =
        &[constructor_of(Intrinsic::WeakRef), method("deref", 0, deref), to_string_tag("WeakRef")];
    pub static REGISTRY_CONSTRUCTOR: FunctionSpec = class("FinalizationRegistry", 1, registry_constructor);
    pub static REGISTRY_STATICS: &[PropertySpec] = &[prototype(Intrinsic::FinalizationRegistryPrototype)];
    pub static REGISTRY_PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::FinalizationRegistry),
        method("register", 2, register),
        method("unregister", 1, unregister),
        to_string_tag("FinalizationRegistry"),
    ];
}
