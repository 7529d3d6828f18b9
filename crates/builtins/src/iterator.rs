//! Iteration from Rust (ECMA-262 §7.4), and the iterators that are implemented in Rust: array, map, set, string and
//! regexp-string iterators, wrapped iterators and iterator helpers. Their state lies in the fields of a `FieldsObject`;
//! field 0 says which kind of iterator it is.

use crate::table::*;
use tercel_vm::function::{NativeFunction, native_special};
use tercel_vm::generator;
pub use tercel_vm::native_iterator::Gives;
use tercel_vm::native_iterator::field::{CLASS, EXTRA, POSITION, TARGET, WHAT};
use tercel_vm::native_iterator::{self, next_of};
use tercel_vm::object::array::ArrayObject;
use tercel_vm::object::kinds::{Collection, FieldsObject};
use tercel_vm::{Args, Context, Gc, JsResult, JsString, Kind, Object, PropertyKey, Throw, Value, ValueList, names};

/// An iterator record (§7.4.1), rooted: the iterator, its `next`, and whether it is done or broken.
pub struct Iteration<'cx> {
    state: ValueList<'cx>,
    done: std::cell::Cell<bool>,
}

/// GetIterator(v, sync) (§7.4.4).
pub fn get_iterator(cx: &Context, v: Value) -> JsResult<Iteration<'_>> {
    match cx.get_method(v, cx.names().symbol_iterator)? {
        Some(method) => iterate_with(cx, v, method),
        None => Err(cx.throw_not_iterable(v)),
    }
}

/// GetIteratorFromMethod (§7.4.3).
pub fn iterate_with(cx: &Context, v: Value, method: Value) -> JsResult<Iteration<'_>> {
    let iterator = cx.call(method, v, &[])?;
    match iterator.as_object() {
        Some(object) => iterate_through(cx, object),
        None => Err(cx.throw_type(format_args!("Result of the Symbol.iterator method is not an object"))),
    }
}

/// GetIteratorDirect (§7.4.2).
pub fn iterate_through(cx: &Context, object: Gc<Object>) -> JsResult<Iteration<'_>> {
    let next = object.get(cx, cx.names().next)?;
    let state = ValueList::with_capacity(cx, 2);
    state.push(object);
    state.push(next);
    Ok(Iteration { state, done: std::cell::Cell::new(false) })
}

impl Iteration<'_> {
    /// IteratorStepValue (§7.4.10): the next value, or `None` at the end. After an error or the end, [`Iteration::is_done`].
    pub fn step(&self, cx: &Context) -> JsResult<Option<Value>> {
        cx.poll()?;
        self.done.set(true);
        if let Some(step) = self.quick_step(cx)? {
            self.done.set(step.is_none());
            return Ok(step);
        }
        let result = cx.call(self.state.get(1), self.state.get(0), &[])?;
        let Some(object) = result.as_object() else {
            return Err(cx.throw_type(format_args!("Iterator result {} is not an object", cx.describe(result))));
        };
        if object.get(cx, cx.names().done)?.to_boolean() {
            return Ok(None);
        }
        let value = object.get(cx, cx.names().value)?;
        self.done.set(false);
        Ok(Some(value))
    }

    /// A step without a result object, where `next` is the library's for native iterators and generators. `None`: `next` must be called.
    #[inline]
    fn quick_step(&self, cx: &Context) -> JsResult<Option<Option<Value>>> {
        let Some(next) = self.state.get(1).as_kind::<NativeFunction>(Kind::NativeFunction) else { return Ok(None) };
        if next.special.get() == native_special::GENERATOR_NEXT {
            return generator::step_from_rust(cx, self.state.get(0));
        }
        match native_iterator::own(cx, self.state.get(0), next) {
            Some(it) => native_iterator::step(cx, it).map(Some),
            None => Ok(None),
        }
    }

    /// Calls `body` with each value that is left; an error of `body` closes the iterator.
    pub fn each(&self, cx: &Context, mut body: impl FnMut(Value) -> JsResult<()>) -> JsResult<()> {
        while let Some(value) = self.step(cx)? {
            if let Err(throw) = body(value) {
                return Err(self.close_with(cx, throw));
            }
        }
        Ok(())
    }

    /// Whether the iterator is exhausted or broken, and must not be closed.
    pub fn is_done(&self) -> bool {
        self.done.get()
    }

    /// IteratorClose with a normal completion (§7.4.11).
    pub fn close(&self, cx: &Context) -> JsResult<()> {
        match cx.invoke_if_present(self.state.get(0), cx.names().return_)? {
            Some(result) if !result.is_object() => {
                let shown = cx.describe(result);
                Err(cx.throw_type(format_args!("Iterator result {shown} is not an object")))
            }
            _ => Ok(()),
        }
    }

    /// IteratorClose with a throw completion (§7.4.11): what `return` throws is lost. Gives the same exception back.
    pub fn close_with(&self, cx: &Context, throw: Throw) -> Throw {
        if cx.is_terminating() {
            return throw;
        }
        let pending = ValueList::with_capacity(cx, 1);
        pending.push(cx.take_exception());
        match cx.invoke_if_present(self.state.get(0), cx.names().return_) {
            Err(inner) if cx.is_terminating() => return inner,
            Err(_) => drop(cx.take_exception()),
            Ok(_) => {}
        }
        cx.throw(pending.get(0))
    }
}

/// What is left of the array that an iterator stands on at `position`, if its `next` is the library's: the iteration goes on through the iterator.
pub fn iterate_array_from(
    cx: &Context,
    array: Gc<Object>,
    iterator: Option<Gc<FieldsObject>>,
    position: usize,
) -> JsResult<Iteration<'_>> {
    let object = iterator.map_or_else(|| new_array_iterator(cx, array, Gives::Values), |it| it.object());
    if let Some(it) = object.value().as_kind::<FieldsObject>(Kind::NativeIterator) {
        // A number needs no barrier.
        it.fields[POSITION].set(Value::length(position));
    }
    iterate_through(cx, object)
}

/// Calls `body` with each value of an iterable; an error of `body` closes the iterator.
pub fn for_each(cx: &Context, iterable: Value, body: impl FnMut(Value) -> JsResult<()>) -> JsResult<()> {
    get_iterator(cx, iterable)?.each(cx, body)
}

/// GroupBy (§7.3.35): a list of keys and arrays in turn. `as_properties`: keys become property keys, else −0 becomes +0.
pub fn group_by<'cx>(cx: &'cx Context, items: Value, callback: Value, as_properties: bool) -> JsResult<ValueList<'cx>> {
    if items.is_nullish() {
        return Err(cx.throw_not_iterable(items));
    }
    if !cx.is_callable(callback) {
        return Err(cx.throw_not_callable(callback));
    }
    let groups = ValueList::new(cx);
    // Finds the group of a key: a Map of the engine's own, from key to position in the list.
    let positions = cx.new_collection(Kind::Map, cx.intrinsic(Intrinsic::MapPrototype));
    let mut k = 0usize;
    for_each(cx, items, |value| {
        let key = cx.call(callback, Value::UNDEFINED, &[value, Value::length(k)])?;
        k += 1;
        let key = if as_properties {
            cx.to_property_key(key)?.to_value(cx)
        } else if key.is_double() && key.as_double() == 0.0 {
            Value::ZERO
        } else {
            key
        };
        let position = match cx.ordered_get(positions, key)? {
            Some(p) => p.as_int32() as usize,
            None => {
                let p = groups.len() + 1;
                groups.push(key);
                groups.push(cx.new_array(0));
                cx.ordered_set(positions, key, Value::int32(p as i32))?;
                p
            }
        };
        match groups.get(position).as_kind::<ArrayObject>(Kind::Array) {
            Some(array) => cx.array_push(array, value).map(drop),
            None => Ok(()),
        }
    })?;
    Ok(groups)
}

// ---- Iterators implemented in Rust

/// Field 0 of the native iterators that only this file knows.
mod class {
    pub use tercel_vm::native_iterator::class::*;
    pub const REGEXP_STRING: i32 = STEPPED;
    pub const WRAPPED: i32 = STEPPED + 1;
    pub const HELPER: i32 = STEPPED + 2;
}

fn new_iterator(cx: &Context, proto: Intrinsic, class: i32, target: Value, what: Value, extra: Value) -> Gc<Object> {
    let fields = [Value::int32(class), target, Value::ZERO, what, extra];
    cx.new_fields_object(Kind::NativeIterator, cx.intrinsic(proto), &fields).object()
}

/// CreateArrayIterator (§23.1.5.1).
pub fn new_array_iterator(cx: &Context, array: Gc<Object>, gives: Gives) -> Gc<Object> {
    let what = Value::int32(gives as i32);
    new_iterator(cx, Intrinsic::ArrayIteratorPrototype, class::ARRAY, array.into(), what, Value::UNDEFINED)
}

pub fn new_map_iterator(cx: &Context, map: Gc<Collection>, gives: Gives) -> JsResult<Gc<Object>> {
    let (what, table) = (Value::int32(gives as i32), cx.ordered_start(map)?);
    Ok(new_iterator(cx, Intrinsic::MapIteratorPrototype, class::MAP, table, what, Value::UNDEFINED))
}

pub fn new_set_iterator(cx: &Context, set: Gc<Collection>, gives: Gives) -> JsResult<Gc<Object>> {
    let (what, table) = (Value::int32(gives as i32), cx.ordered_start(set)?);
    Ok(new_iterator(cx, Intrinsic::SetIteratorPrototype, class::SET, table, what, Value::UNDEFINED))
}

pub fn new_string_iterator(cx: &Context, s: Gc<JsString>) -> Gc<Object> {
    new_iterator(cx, Intrinsic::StringIteratorPrototype, class::STRING, s.into(), Value::UNDEFINED, Value::UNDEFINED)
}

/// CreateRegExpStringIterator (§22.2.9.1). `global` and `unicode` are the matcher's flags.
pub fn new_regexp_string_iterator(
    cx: &Context,
    matcher: Gc<Object>,
    s: Gc<JsString>,
    global: bool,
    unicode: bool,
) -> Gc<Object> {
    let flags = Value::int32(i32::from(global) | i32::from(unicode) << 1);
    new_iterator(cx, Intrinsic::RegExpStringIteratorPrototype, class::REGEXP_STRING, matcher.into(), flags, s.into())
}

/// The receiver of a `next`, if it is a native iterator of the class.
fn receiver(cx: &Context, args: &Args, class: i32, method: &str) -> JsResult<Gc<FieldsObject>> {
    match args.this().as_kind::<FieldsObject>(Kind::NativeIterator) {
        Some(it) if it.field(CLASS) == Value::int32(class) => Ok(it),
        _ => Err(
            cx.throw_type(format_args!("Method {method} called on incompatible receiver {}", cx.describe(args.this())))
        ),
    }
}

fn finish(cx: &Context, it: Gc<FieldsObject>) -> Value {
    it.set_field(cx, TARGET, Value::UNDEFINED);
    cx.new_iterator_result(Value::UNDEFINED, true).into()
}

/// The `next` of iterators of a class, as a method: the step's result as an object.
fn next_by_steps(cx: &Context, args: &Args, class: i32, method: &str) -> JsResult<Value> {
    let it = receiver(cx, args, class, method)?;
    Ok(match native_iterator::step(cx, it)? {
        Some(value) => cx.new_iterator_result(value, false).into(),
        None => cx.new_iterator_result(Value::UNDEFINED, true).into(),
    })
}

fn array_next(cx: &Context, args: &Args) -> JsResult<Value> {
    next_by_steps(cx, args, class::ARRAY, "Array Iterator.prototype.next")
}

fn map_next(cx: &Context, args: &Args) -> JsResult<Value> {
    next_by_steps(cx, args, class::MAP, "Map Iterator.prototype.next")
}

fn set_next(cx: &Context, args: &Args) -> JsResult<Value> {
    next_by_steps(cx, args, class::SET, "Set Iterator.prototype.next")
}

fn string_next(cx: &Context, args: &Args) -> JsResult<Value> {
    next_by_steps(cx, args, class::STRING, "String Iterator.prototype.next")
}

/// %RegExpStringIteratorPrototype%.next (§22.2.9.2.1).
fn regexp_string_next(cx: &Context, args: &Args) -> JsResult<Value> {
    let it = receiver(cx, args, class::REGEXP_STRING, "%RegExpStringIterator%.prototype.next")?;
    let Some(matcher) = it.field(TARGET).as_object() else {
        return Ok(cx.new_iterator_result(Value::UNDEFINED, true).into());
    };
    let Some(s) = it.field(EXTRA).as_string() else { return Ok(finish(cx, it)) };
    let flags = it.field(WHAT).as_int32();
    let result = crate::regexp::exec(cx, matcher, s)?;
    let Some(found) = result.as_object() else { return Ok(finish(cx, it)) };
    if flags & 1 == 0 {
        it.set_field(cx, TARGET, Value::UNDEFINED);
        return Ok(cx.new_iterator_result(result, false).into());
    }
    let matched = cx.to_string(found.get(cx, PropertyKey::index(0))?)?;
    if matched.is_empty() {
        crate::regexp::advance_last_index(cx, matcher, s, flags & 2 != 0)?;
    }
    Ok(cx.new_iterator_result(result, false).into())
}

/// %WrapForValidIteratorPrototype% (§27.1.3.2.1.1).
fn wrapped_next(cx: &Context, args: &Args) -> JsResult<Value> {
    let it = receiver(cx, args, class::WRAPPED, "%WrapForValidIteratorPrototype%.next")?;
    cx.call(it.field(EXTRA), it.field(TARGET), &[])
}

fn wrapped_return(cx: &Context, args: &Args) -> JsResult<Value> {
    let it = receiver(cx, args, class::WRAPPED, "%WrapForValidIteratorPrototype%.return")?;
    Ok(match cx.invoke_if_present(it.field(TARGET), cx.names().return_)? {
        Some(result) => result,
        None => cx.new_iterator_result(Value::UNDEFINED, true).into(),
    })
}

/// `%NewWrappedIterator(iterator, next)`.
pub fn rt_new_wrapped_iterator(cx: &Context, args: &Args) -> JsResult<Value> {
    let proto = Intrinsic::WrapForValidIteratorPrototype;
    Ok(new_iterator(cx, proto, class::WRAPPED, args.get(0), Value::UNDEFINED, args.get(1)).into())
}

/// `%NewIteratorHelper(generator, underlying)`.
pub fn rt_new_iterator_helper(cx: &Context, args: &Args) -> JsResult<Value> {
    let proto = Intrinsic::IteratorHelperPrototype;
    Ok(new_iterator(cx, proto, class::HELPER, args.get(0), Value::UNDEFINED, args.get(1)).into())
}

/// `%IteratorHelperGenerator(helper)`: TypeError if it is none.
pub fn rt_iterator_helper_generator(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(helper(cx, args.get(0))?.field(TARGET))
}

/// `%IteratorHelperUnderlying(helper)`.
pub fn rt_iterator_helper_underlying(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(helper(cx, args.get(0))?.field(EXTRA))
}

fn helper(cx: &Context, v: Value) -> JsResult<Gc<FieldsObject>> {
    match v.as_kind::<FieldsObject>(Kind::NativeIterator) {
        Some(it) if it.field(CLASS) == Value::int32(class::HELPER) => Ok(it),
        _ => {
            Err(cx
                .throw_type(format_args!("Iterator helper method called on incompatible receiver {}", cx.describe(v))))
        }
    }
}

/// `%ArrayFromWalk(C, items)`: the array that `Array.from` makes of an iterable, if no script can see that; else undefined.
pub fn rt_array_from_walk(cx: &Context, args: &Args) -> JsResult<Value> {
    if args.get(0) != cx.intrinsic(Intrinsic::Array).into() {
        return Ok(Value::UNDEFINED);
    }
    let Some(walk) = cx.walk(args.get(1)) else { return Ok(Value::UNDEFINED) };
    let array = cx.new_array(0);
    Ok(if walk.append_to(cx, array)? { array.into() } else { Value::UNDEFINED })
}

/// `%IterateWith(items, method, is_async)`: an iterable whose @@iterator (or @@asyncIterator) calls `method` of `items` (for `for`-`of` in JavaScript).
pub fn rt_iterate_with(cx: &Context, args: &Args) -> JsResult<Value> {
    static ONCE: FunctionSpec = FunctionSpec::anonymous(0, |cx, args| {
        let f = args.callee_native();
        cx.call(f.data(1), f.data(0), &[])
    });
    let iterable = cx.new_object_with_prototype(None);
    let method = cx.new_native_with_data(&ONCE, [args.get(0), args.get(1)]);
    let symbol = if args.get(2) == Value::TRUE { cx.names().symbol_async_iterator } else { cx.names().symbol_iterator };
    iterable.create_data(cx, symbol, method.object().into())?;
    Ok(iterable.into())
}

fn return_this(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(args.this())
}

/// Iterator.prototype[Symbol.dispose] (§27.1.3.2).
fn dispose(cx: &Context, args: &Args) -> JsResult<Value> {
    cx.invoke_if_present(args.this(), cx.names().return_)?;
    Ok(Value::UNDEFINED)
}

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    let nt = args.new_target();
    if nt.is_undefined() || nt == args.callee() {
        return Err(cx.throw_type(format_args!("Abstract class Iterator not directly constructable")));
    }
    let proto = cx.prototype_from_new_target(nt, Intrinsic::IteratorPrototype)?;
    Ok(cx.new_object_with_prototype(Some(proto)).into())
}

/// SetterThatIgnoresPrototypeProperties (§7.3.36), for Iterator.prototype's two odd accessors.
fn weird_setter(cx: &Context, args: &Args, key: PropertyKey) -> JsResult<Value> {
    let Some(this) = args.this().as_object() else {
        return Err(cx.throw_type(format_args!("Iterator.prototype accessor called on non-object")));
    };
    if this == cx.intrinsic(Intrinsic::IteratorPrototype) {
        return Err(cx.throw_type(format_args!("Cannot assign to this property of Iterator.prototype")));
    }
    if this.has_own(cx, key)? {
        this.put(cx, key, args.get(0))?
    } else {
        this.create_data_or_throw(cx, key, args.get(0))?
    }
    Ok(Value::UNDEFINED)
}

fn tag_getter(cx: &Context, _: &Args) -> JsResult<Value> {
    Ok(cx.string_from_utf8("Iterator").into())
}

fn tag_setter(cx: &Context, args: &Args) -> JsResult<Value> {
    weird_setter(cx, args, cx.names().symbol_to_string_tag)
}

fn constructor_getter(cx: &Context, _: &Args) -> JsResult<Value> {
    Ok(cx.intrinsic(Intrinsic::Iterator).into())
}

fn constructor_setter(cx: &Context, args: &Args) -> JsResult<Value> {
    weird_setter(cx, args, cx.names().constructor)
}

static SOURCE: SelfHostedSource = SelfHostedSource { name: "tercel:iterator", text: include_str!("js/iterator.js") };

pub static CONSTRUCTOR: FunctionSpec = class("Iterator", 0, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::IteratorPrototype),
    js_method("concat", 0, &SOURCE, "concat"),
    js_method("from", 1, &SOURCE, "from"),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    accessor("constructor", constructor_getter, constructor_setter),
    js_method("drop", 1, &SOURCE, "drop"),
    js_method("every", 1, &SOURCE, "every"),
    js_method("filter", 1, &SOURCE, "filter"),
    js_method("find", 1, &SOURCE, "find"),
    js_method("flatMap", 1, &SOURCE, "flatMap"),
    js_method("forEach", 1, &SOURCE, "forEach"),
    js_method("map", 1, &SOURCE, "map"),
    js_method("reduce", 1, &SOURCE, "reduce"),
    js_method("some", 1, &SOURCE, "some"),
    js_method("take", 1, &SOURCE, "take"),
    js_method("toArray", 0, &SOURCE, "toArray"),
    symbol_method(names::SYMBOL_DISPOSE, 0, dispose),
    symbol_method(names::SYMBOL_ITERATOR, 0, return_this),
    symbol_accessor(names::SYMBOL_TO_STRING_TAG, tag_getter, tag_setter),
];

pub static HELPER_PROTOTYPE: &[PropertySpec] = &[
    js_method("next", 0, &SOURCE, "helperNext"),
    js_method("return", 0, &SOURCE, "helperReturn"),
    to_string_tag("Iterator Helper"),
];

pub static WRAP_PROTOTYPE: &[PropertySpec] = &[method("next", 0, wrapped_next), method("return", 0, wrapped_return)];
pub static ARRAY_ITERATOR: &[PropertySpec] =
    &[special_method("next", 0, array_next, next_of(class::ARRAY)), to_string_tag("Array Iterator")];
pub static MAP_ITERATOR: &[PropertySpec] =
    &[special_method("next", 0, map_next, next_of(class::MAP)), to_string_tag("Map Iterator")];
pub static SET_ITERATOR: &[PropertySpec] =
    &[special_method("next", 0, set_next, next_of(class::SET)), to_string_tag("Set Iterator")];
pub static STRING_ITERATOR: &[PropertySpec] =
    &[special_method("next", 0, string_next, next_of(class::STRING)), to_string_tag("String Iterator")];
pub static REGEXP_STRING_ITERATOR: &[PropertySpec] =
    &[method("next", 0, regexp_string_next), to_string_tag("RegExp String Iterator")];
pub static ASYNC_ITERATOR: &[PropertySpec] =
    &[symbol_method(names::SYMBOL_ASYNC_ITERATOR, 0, return_this), crate::disposable::ASYNC_ITERATOR_DISPOSE];
