//! Checks, throws, scopes and switches out of line.

use super::Pc;
use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::error::{ErrorKind, JsResult, Throw};
use crate::frame::Frame;
use crate::value::Value;
use tercel_bytecode::op::instr;

#[cold]
#[inline(never)]
pub fn throw_tdz(cx: &Context, code: Gc<CodeBlock>, name: u32) -> Throw {
    let name = code.template().string(name);
    cx.throw_reference(format_args!("Cannot access '{name}' before initialization"))
}

const NO_THIS: &str =
    "Must call super constructor in derived class before accessing 'this' or returning from derived constructor";

#[cold]
#[inline(never)]
pub fn throw_no_this(cx: &Context) -> Throw {
    cx.throw_reference(format_args!("{NO_THIS}"))
}

#[cold]
#[inline(never)]
pub fn throw_super_twice(cx: &Context) -> Throw {
    cx.throw_reference(format_args!("Super constructor may only be called once"))
}

#[cold]
#[inline(never)]
pub fn check_object(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CheckObject = pc.decode();
    let v = frame.get(i.src.0 as usize);
    Err(match i.what.0 {
        1 => cx.throw_type(format_args!("Result of the Symbol.iterator method is not an object")),
        2 => cx.throw_type(format_args!("Iterator result {} of 'return' is not an object", cx.describe(v))),
        _ => cx.throw_type(format_args!("Iterator result {} is not an object", cx.describe(v))),
    })
}

#[cold]
#[inline(never)]
pub fn throw_not_coercible(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CheckCoercible = pc.decode();
    let v = frame.get(i.src.0 as usize);
    let text = cx.blamed_expression();
    let v = cx.describe(v);
    Err(match text {
        Some(text) if text != v => cx.throw_type(format_args!("Cannot destructure '{text}' as it is {v}.")),
        _ => cx.throw_type(format_args!("Cannot destructure '{v}' as it is {v}.")),
    })
}

#[inline(never)]
pub fn check_callable(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CheckCallable = pc.decode();
    let v = frame.get(i.src.0 as usize);
    if cx.is_callable(v) {
        return Ok(());
    }
    let name = frame.code().template().string(i.name.0).to_string();
    Err(cx.throw_type(format_args!("{name} is not a function: {}", cx.describe(v))))
}

#[cold]
#[inline(never)]
pub fn throw_error(cx: &Context, frame: Frame, pc: Pc) -> Throw {
    let i: instr::ThrowError = pc.decode();
    let message = frame.code().template().string(i.message.0);
    let kind = match i.kind.0 {
        0 => ErrorKind::TypeError,
        1 => ErrorKind::ReferenceError,
        2 => ErrorKind::SyntaxError,
        _ => ErrorKind::RangeError,
    };
    cx.throw_error(kind, format_args!("{message}"))
}

#[cold]
#[inline(never)]
pub fn throw_const_assign(cx: &Context, _frame: Frame, _pc: Pc) -> Throw {
    cx.throw_type(format_args!("Assignment to constant variable."))
}

#[inline(never)]
pub fn new_scope(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::NewScope = pc.decode();
    let scope = cx.new_scope(frame.code(), i.scope.0 as usize, frame.get(i.parent.0 as usize))?;
    frame.set(i.dst.0 as usize, scope.into());
    Ok(())
}

#[inline(never)]
pub fn clone_scope(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CloneScope = pc.decode();
    let source = frame.get(i.src.0 as usize).as_kind(Kind::Scope).expect("operand is a scope");
    frame.set(i.dst.0 as usize, cx.clone_scope(source)?.into());
    Ok(())
}

/// The offset of the jump that the table has for the register's value; 0: none.
#[inline(never)]
pub fn switch_target(code: Gc<CodeBlock>, frame: Frame, pc: Pc) -> i32 {
    let i: instr::SwitchTable = pc.decode();
    let v = frame.get(i.src.0 as usize);
    let table = &code.template().switch_tables[i.table.0 as usize];
    let n = if v.is_int32() {
        v.as_int32()
    } else if v.is_number() && v.as_double() as i32 as f64 == v.as_double() {
        v.as_double() as i32
    } else {
        return 0;
    };
    let index = n as i64 - table.low as i64;
    usize::try_from(index).ok().and_then(|at| table.targets.get(at)).copied().unwrap_or(0)
}

/// What a derived constructor returns (§10.2.2 step 12 and after). The function is left by then: errors are of its caller's realm.
#[inline(never)]
pub fn check_constructor_return(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CheckConstructorReturn = pc.decode();
    let v = frame.get(i.value.0 as usize);
    let result = if v.is_object() {
        v
    } else if !v.is_undefined() {
        let message = format_args!("Derived constructors may only return object or undefined");
        let error = cx.new_error_in(cx.caller_realm(), ErrorKind::TypeError, message);
        return Err(cx.throw(error.into()));
    } else {
        let this = frame.get(i.this.0 as usize);
        if this.is_empty() {
            let error = cx.new_error_in(cx.caller_realm(), ErrorKind::ReferenceError, format_args!("{NO_THIS}"));
            return Err(cx.throw(error.into()));
        }
        this
    };
    frame.set(i.dst.0 as usize, result);
    Ok(())
}

/// Registers by operand, for handlers: `reg(frame, i.src)`.
#[inline(always)]
pub fn reg(frame: Frame, index: u16) -> Value {
    frame.get(index as usize)
}
