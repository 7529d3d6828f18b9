//! Symbol (ECMA-262 §20.4) and BigInt (§21.2).

use crate::table::*;
use tercel_vm::symbol::Symbol;
use tercel_vm::{Args, Context, Gc, JsResult, Kind, Object, Value, names};

fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
    if !args.new_target().is_undefined() {
        return Err(cx.throw_type(format_args!("Symbol is not a constructor")));
    }
    let description = if args.get(0).is_undefined() { Value::UNDEFINED } else { cx.to_string(args.get(0))?.into() };
    Ok(cx.new_symbol(description).into())
}

fn for_(cx: &Context, args: &Args) -> JsResult<Value> {
    let key = cx.to_string(args.get(0))?;
    Ok(cx.symbol_for(key)?.into())
}

fn key_for(cx: &Context, args: &Args) -> JsResult<Value> {
    match args.get(0).as_kind::<Symbol>(Kind::Symbol) {
        Some(symbol) => Ok(cx.symbol_key_for(symbol)),
        None => Err(cx.throw_type(format_args!("{} is not a symbol", cx.describe(args.get(0))))),
    }
}

/// ThisSymbolValue (§20.4.3).
fn this_symbol(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<Symbol>> {
    let this = args.this();
    let value = match this.as_kind::<Object>(Kind::SymbolObject) {
        Some(o) => o.primitive_value(),
        None => this,
    };
    match value.as_kind::<Symbol>(Kind::Symbol) {
        Some(symbol) => Ok(symbol),
        None => Err(cx.throw_type(format_args!("{method} requires that 'this' be a Symbol"))),
    }
}

fn description(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(this_symbol(cx, args, "Symbol.prototype.description")?.description.get())
}

fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
    let symbol = this_symbol(cx, args, "Symbol.prototype.toString")?;
    Ok(cx.symbol_descriptive_string(symbol.into())?.into())
}

fn value_of(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(this_symbol(cx, args, "Symbol.prototype.valueOf")?.into())
}

fn to_primitive(cx: &Context, args: &Args) -> JsResult<Value> {
    Ok(this_symbol(cx, args, "Symbol.prototype [ @@toPrimitive ]")?.into())
}

pub static CONSTRUCTOR: FunctionSpec = class("Symbol", 0, constructor);

pub static STATICS: &[PropertySpec] = &[
    prototype(Intrinsic::SymbolPrototype),
    well_known("asyncDispose", names::SYMBOL_ASYNC_DISPOSE),
    well_known("asyncIterator", names::SYMBOL_ASYNC_ITERATOR),
    well_known("dispose", names::SYMBOL_DISPOSE),
    well_known("hasInstance", names::SYMBOL_HAS_INSTANCE),
    well_known("isConcatSpreadable", names::SYMBOL_IS_CONCAT_SPREADABLE),
    well_known("iterator", names::SYMBOL_ITERATOR),
    well_known("match", names::SYMBOL_MATCH),
    well_known("matchAll", names::SYMBOL_MATCH_ALL),
    well_known("replace", names::SYMBOL_REPLACE),
    well_known("search", names::SYMBOL_SEARCH),
    well_known("species", names::SYMBOL_SPECIES),
    well_known("split", names::SYMBOL_SPLIT),
    well_known("toPrimitive", names::SYMBOL_TO_PRIMITIVE),
    well_known("toStringTag", names::SYMBOL_TO_STRING_TAG),
    well_known("unscopables", names::SYMBOL_UNSCOPABLES),
    method("for", 1, for_),
    method("keyFor", 1, key_for),
];

pub static PROTOTYPE: &[PropertySpec] = &[
    constructor_of(Intrinsic::Symbol),
    getter("description", description),
    method("toString", 0, to_string),
    method("valueOf", 0, value_of),
    read_only(symbol_method(names::SYMBOL_TO_PRIMITIVE, 1, to_primitive)),
    to_string_tag("Symbol"),
];

pub mod bigint {
    use super::*;
    use tercel_vm::bigint::BigInt;
    use tercel_vm::convert::Hint;

    fn constructor(cx: &Context, args: &Args) -> JsResult<Value> {
        if !args.new_target().is_undefined() {
            return Err(cx.throw_type(format_args!("BigInt is not a constructor")));
        }
        let primitive = cx.to_primitive(args.get(0), Hint::Number)?;
        if primitive.is_number() {
            return Ok(cx.number_to_bigint(primitive.as_number())?.into());
        }
        Ok(cx.to_bigint(primitive)?.into())
    }

    /// ThisBigIntValue (§21.2.3).
    fn this_bigint(cx: &Context, args: &Args, method: &str) -> JsResult<Gc<BigInt>> {
        let this = args.this();
        let value = match this.as_kind::<Object>(Kind::BigIntObject) {
            Some(o) => o.primitive_value(),
            None => this,
        };
        match value.as_kind::<BigInt>(Kind::BigInt) {
            Some(b) => Ok(b),
            None => Err(cx.throw_type(format_args!("BigInt.prototype.{method} requires that 'this' be a BigInt"))),
        }
    }

    fn as_int_n(cx: &Context, args: &Args) -> JsResult<Value> {
        let bits = cx.to_index(args.get(0))?;
        let b = cx.to_bigint(args.get(1))?;
        Ok(cx.bigint_as_int_n(bits, b)?.into())
    }

    fn as_uint_n(cx: &Context, args: &Args) -> JsResult<Value> {
        let bits = cx.to_index(args.get(0))?;
        let b = cx.to_bigint(args.get(1))?;
        Ok(cx.bigint_as_uint_n(bits, b)?.into())
    }

    fn to_string(cx: &Context, args: &Args) -> JsResult<Value> {
        let b = this_bigint(cx, args, "toString")?;
        let radix = if args.get(0).is_undefined() { 10.0 } else { cx.to_integer_or_infinity(args.get(0))? };
        if !(2.0..=36.0).contains(&radix) {
            return Err(cx.throw_range(format_args!("toString() radix must be between 2 and 36")));
        }
        Ok(cx.bigint_to_string(b, radix as u32)?.into())
    }

    fn to_locale_string(cx: &Context, args: &Args) -> JsResult<Value> {
        let b = this_bigint(cx, args, "toLocaleString")?;
        let digits = cx.bigint_to_string(b, 10)?.to_rust(cx);
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |d| ("-", d));
        let mut text = sign.to_owned();
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(c);
        }
        Ok(cx.string_from_utf8(&text).into())
    }

    fn value_of(cx: &Context, args: &Args) -> JsResult<Value> {
        Ok(this_bigint(cx, args, "valueOf")?.into())
    }

    pub static CONSTRUCTOR: FunctionSpec = class("BigInt", 1, constructor);
    pub static STATICS: &[PropertySpec] =
        &[prototype(Intrinsic::BigIntPrototype), method("asIntN", 2, as_int_n), method("asUintN", 2, as_uint_n)];
    pub static PROTOTYPE: &[PropertySpec] = &[
        constructor_of(Intrinsic::BigInt),
        method("toLocaleString", 0, to_locale_string),
        method("toString", 0, to_string),
        method("valueOf", 0, value_of),
        to_string_tag("BigInt"),
    ];
}
