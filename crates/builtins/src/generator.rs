//! Generator, async generator and async function objects (ECMA-262 §27.3–§27.7): their prototypes and constructors.

use crate::table::*;
use tercel_vm::generator::ResumeMode;
use tercel_vm::{Args, Context, JsResult, Value};

fn resume(cx: &Context, args: &Args, mode: ResumeMode) -> JsResult<Value> {
    cx.generator_resume(args.this(), mode, args.get(0))
}

fn enqueue(cx: &Context, args: &Args, mode: ResumeMode) -> JsResult<Value> {
    cx.async_generator_enqueue(args.this(), mode, args.get(0))
}

fn next(cx: &Context, args: &Args) -> JsResult<Value> {
    resume(cx, args, ResumeMode::Next)
}

fn return_(cx: &Context, args: &Args) -> JsResult<Value> {
    resume(cx, args, ResumeMode::Return)
}

fn throw(cx: &Context, args: &Args) -> JsResult<Value> {
    resume(cx, args, ResumeMode::Throw)
}

fn async_next(cx: &Context, args: &Args) -> JsResult<Value> {
    enqueue(cx, args, ResumeMode::Next)
}

fn async_return(cx: &Context, args: &Args) -> JsResult<Value> {
    enqueue(cx, args, ResumeMode::Return)
}

fn async_throw(cx: &Context, args: &Args) -> JsResult<Value> {
    enqueue(cx, args, ResumeMode::Throw)
}

/// A `constructor` or `prototype` that is configurable only (§27.3.3.1, §27.5.1.1 …).
const fn link(name: &'static str, value: Intrinsic) -> PropertySpec {
    PropertySpec { key: SpecKey::Text(name), attributes: CONFIGURABLE, value: PropertyValue::Intrinsic(value) }
}

pub static GENERATOR_PROTOTYPE: &[PropertySpec] = &[
    link("constructor", Intrinsic::GeneratorFunctionPrototype),
    special_method("next", 1, next, special::GENERATOR_NEXT),
    special_method("return", 1, return_, special::GENERATOR_RETURN),
    special_method("throw", 1, throw, special::GENERATOR_THROW),
    to_string_tag("Generator"),
];

pub static ASYNC_GENERATOR_PROTOTYPE: &[PropertySpec] = &[
    link("constructor", Intrinsic::AsyncGeneratorFunctionPrototype),
    method("next", 1, async_next),
    method("return", 1, async_return),
    method("throw", 1, async_throw),
    to_string_tag("AsyncGenerator"),
];

pub static GENERATOR_FUNCTION: FunctionSpec = class("GeneratorFunction", 1, crate::function::generator_constructor);
pub static GENERATOR_FUNCTION_STATICS: &[PropertySpec] = &[prototype(Intrinsic::GeneratorFunctionPrototype)];
pub static GENERATOR_FUNCTION_PROTOTYPE: &[PropertySpec] = &[
    link("constructor", Intrinsic::GeneratorFunction),
    link("prototype", Intrinsic::GeneratorPrototype),
    to_string_tag("GeneratorFunction"),
];

pub static ASYNC_FUNCTION: FunctionSpec = class("AsyncFunction", 1, crate::function::async_constructor);
pub static ASYNC_FUNCTION_STATICS: &[PropertySpec] = &[prototype(Intrinsic::AsyncFunctionPrototype)];
pub static ASYNC_FUNCTION_PROTOTYPE: &[PropertySpec] =
    &[link("constructor", Intrinsic::AsyncFunction), to_string_tag("AsyncFunction")];

pub static ASYNC_GENERATOR_FUNCTION: FunctionSpec =
    class("AsyncGeneratorFunction", 1, crate::function::async_generator_constructor);
pub static ASYNC_GENERATOR_FUNCTION_STATICS: &[PropertySpec] = &[prototype(Intrinsic::AsyncGeneratorFunctionPrototype)];
pub static ASYNC_GENERATOR_FUNCTION_PROTOTYPE: &[PropertySpec] = &[
    link("constructor", Intrinsic::AsyncGeneratorFunction),
    link("prototype", Intrinsic::AsyncGeneratorPrototype),
    to_string_tag("AsyncGeneratorFunction"),
];
