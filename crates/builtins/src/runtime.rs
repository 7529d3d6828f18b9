//! The functions behind `%Name(…)` in the library's JavaScript. None of them is visible to scripts.

use crate::table::*;
use tercel_vm::generator::{CoroutineState, Generator, ResumeMode};
use tercel_vm::object::array::ArrayObject;
use tercel_vm::{Args, Context, JsResult, Kind, Value};

fn is_callable(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.is_callable(args.get(0)).into())
}

fn is_constructor(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(args.get(0).as_object().is_some_and(|o| o.is_constructor()).into())
}

fn is_object(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(args.get(0).is_object().into())
}

fn is_array(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.is_array(args.get(0))?.into())
}

fn to_object(cx: &Context, args: &Args) -> JsResult<Value> {
    let v = args.get(0);
    if v.is_object() { Ok(v) } else { Ok(cx.to_object(v)?.into()) }
}

fn length_of(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    Ok(Value::number(cx.length_of(o)? as f64))
}

fn to_integer_or_infinity(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(Value::number(cx.to_integer_or_infinity(args.get(0))?))
}

/// How a value is shown in a message.
fn describe(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.string_from_utf8(&cx.describe(args.get(0))).into())
}

fn throw_type_error(cx: &Context, args: &Args) -> JsResult<Value> {
    let message = cx.to_string(args.get(0))?.to_rust(cx);
    Err(cx.throw_type(format_args!("{message}")))
}

fn throw_range_error(cx: &Context, args: &Args) -> JsResult<Value> {
    let message = cx.to_string(args.get(0))?.to_rust(cx);
    Err(cx.throw_range(format_args!("{message}")))
}

fn array_species_create(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    let length = args.get(1).as_number() as u64;
    let a = crate::array::species_create(cx, o, length)?;
    // An array as long as one that is full will be filled from its start.
    if length as usize <= o.elements.get().len()
        && let Some(array) = a.as_kind::<ArrayObject>(Kind::Array)
    {
        cx.reserve_elements(array, length as usize);
    }
    Ok(a.into())
}

/// CreateDataPropertyOrThrow with an index.
fn define_element(cx: &Context, args: &Args) -> JsResult<Value> {
    let o = cx.to_object(args.get(0))?;
    let key = cx.to_property_key(args.get(1))?;
    o.create_data_or_throw(cx, key, args.get(2))?;
    Ok(Value::UNDEFINED)
}

/// A list of the engine's own: an array without prototype, so that nothing a script did to Array.prototype shows.
fn new_list(cx: &Context, args: &Args) -> JsResult<Value> {
    let list = cx.new_list_array();
    for _ in 0..args.get(0).as_number() as usize {
        cx.array_push(list, Value::UNDEFINED)?;
    }
    Ok(list.into())
}

fn new_array(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.array_create(args.get(0).as_number() as u64, None)?.into())
}

fn get_method(cx: &Context, args: &Args) -> JsResult<Value> {
    let key = cx.to_property_key(args.get(1))?;
    Ok(cx.get_method(args.get(0), key)?.unwrap_or(Value::UNDEFINED))
}

fn symbol_iterator(cx: &Context, _: &Args) -> JsResult<Value> {
    Ok(cx.names().symbol_iterator.to_value(cx))
}

fn symbol_async_iterator(cx: &Context, _: &Args) -> JsResult<Value> {
    Ok(cx.names().symbol_async_iterator.to_value(cx))
}

/// `%GeneratorResume(generator, mode, value)`: mode 0 next, 1 throw, 2 return.
fn generator_resume(cx: &Context, args: &Args) -> JsResult<Value> {
    let mode = match args.get(1).as_int32() {
        0 => ResumeMode::Next,
        1 => ResumeMode::Throw,
        _ => ResumeMode::Return,
    };
    cx.generator_resume(args.get(0), mode, args.get(2))
}

fn generator_not_started(_: &Context, args: &Args) -> JsResult<Value> {
    Ok(args
        .get(0)
        .as_kind::<Generator>(Kind::Generator)
        .is_some_and(|g| g.state() == CoroutineState::SuspendedStart)
        .into())
}

fn is_iterator_instance(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(cx.ordinary_has_instance(cx.intrinsic(Intrinsic::Iterator).into(), args.get(0))?.into())
}

const fn row(name: &'static str, f: NativeFn) -> FunctionSpec {
    FunctionSpec::named(SpecKey::Text(name), 0, f)
}

pub static FUNCTIONS: &[FunctionSpec] = &[
    row("AsyncDisposeBegin", crate::disposable::rt_begin),
    row("AsyncDisposeKind", crate::disposable::rt_kind),
    row("AsyncDisposeNext", crate::disposable::rt_next),
    row("ArrayFromWalk", crate::iterator::rt_array_from_walk),
    row("ArraySpeciesCreate", array_species_create),
    row("DefineElement", define_element),
    row("Describe", describe),
    row("GeneratorNotStarted", generator_not_started),
    row("GeneratorResume", generator_resume),
    row("GetMethod", get_method),
    row("IsArray", is_array),
    row("IsCallable", is_callable),
    row("IsConstructor", is_constructor),
    row("IsIteratorInstance", is_iterator_instance),
    row("IsObject", is_object),
    row("IterateWith", crate::iterator::rt_iterate_with),
    row("IteratorHelperGenerator", crate::iterator::rt_iterator_helper_generator),
    row("IteratorHelperUnderlying", crate::iterator::rt_iterator_helper_underlying),
    row("LengthOf", length_of),
    row("NewArray", new_array),
    row("NewIteratorHelper", crate::iterator::rt_new_iterator_helper),
    row("NewList", new_list),
    row("NewSuppressedError", crate::disposable::rt_suppressed),
    row("NewWrappedIterator", crate::iterator::rt_new_wrapped_iterator),
    row("SortDefault", crate::array::rt_sort_default),
    row("SymbolAsyncIterator", symbol_async_iterator),
    row("SymbolIterator", symbol_iterator),
    row("ThrowRangeError", throw_range_error),
    row("ThrowTypeError", throw_type_error),
    row("ToIntegerOrInfinity", to_integer_or_infinity),
    row("ToObject", to_object),
    row("TypedArrayCreateSameType", crate::typed_array::rt_create_same_type),
    row("TypedArraySpeciesCreate", crate::typed_array::rt_species_create),
    row("TypedSortDefault", crate::typed_array::rt_sort_default),
    row("ValidateTypedArray", crate::typed_array::rt_validate),
];
