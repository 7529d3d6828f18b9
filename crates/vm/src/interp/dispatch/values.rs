//! Inline handlers of moves, constants, checks, scopes and conversions.

use super::machine::{Machine, Step};
use crate::cell::Gc;
use crate::error::Throw;
use crate::interp::{Pc, arithmetic, control};
use crate::scope::Scope;
use crate::value::Value;
use tercel_bytecode::op::instr;

#[inline(always)]
pub(super) fn mov(m: &mut Machine) -> Step {
    let i = m.decode::<instr::Move>();
    m.set(i.dst.0, m.get(i.src.0));
    m.next::<instr::Move>()
}

/// Ops that load a constant of the language.
macro_rules! loads {
    ($($name:ident: $op:ident, $value:expr;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            m.set(m.decode::<instr::$op>().dst.0, $value);
            m.next::<instr::$op>()
        }
    )*};
}

loads! {
    load_undefined: LoadUndefined, Value::UNDEFINED;
    load_null: LoadNull, Value::NULL;
    load_true: LoadTrue, Value::TRUE;
    load_false: LoadFalse, Value::FALSE;
    load_empty: LoadEmpty, Value::EMPTY;
}

#[inline(always)]
pub(super) fn load_int(m: &mut Machine) -> Step {
    let i = m.decode::<instr::LoadInt>();
    m.set(i.dst.0, Value::int32(i.value.0 as i32));
    m.next::<instr::LoadInt>()
}

#[inline(always)]
pub(super) fn load_int32(m: &mut Machine) -> Step {
    let i = m.decode::<instr::LoadInt32>();
    m.set(i.dst.0, Value::int32(i.value.0));
    m.next::<instr::LoadInt32>()
}

#[inline(always)]
pub(super) fn load_const(m: &mut Machine) -> Step {
    let i = m.decode::<instr::LoadConst>();
    m.set(i.dst.0, m.code.constant(i.value.0 as usize));
    m.next::<instr::LoadConst>()
}

// ---- Checks

/// Throws what `error` makes.
#[inline(always)]
fn throw(m: &mut Machine, error: impl Fn(&Machine) -> Throw) -> Step {
    m.sync();
    let _ = error(m);
    Step::Throw
}

/// The error of a binding that is read or written before its initialization.
#[inline(always)]
fn throw_tdz(m: &mut Machine, name: u32) -> Step {
    m.sync();
    let _ = control::throw_tdz(m.cx, m.code, name);
    Step::Throw
}

#[inline(always)]
pub(super) fn check_tdz(m: &mut Machine) -> Step {
    let i = m.decode::<instr::CheckTdz>();
    if m.get(i.src.0).is_empty() {
        return throw_tdz(m, i.name.0);
    }
    m.next::<instr::CheckTdz>()
}

#[inline(always)]
pub(super) fn check_this(m: &mut Machine) -> Step {
    if m.get(m.decode::<instr::CheckThis>().src.0).is_empty() {
        return throw(m, |m| control::throw_no_this(m.cx));
    }
    m.next::<instr::CheckThis>()
}

#[inline(always)]
pub(super) fn check_this_unbound(m: &mut Machine) -> Step {
    if !m.get(m.decode::<instr::CheckThisUnbound>().src.0).is_empty() {
        return throw(m, |m| control::throw_super_twice(m.cx));
    }
    m.next::<instr::CheckThisUnbound>()
}

#[inline(always)]
pub(super) fn check_object(m: &mut Machine) -> Step {
    if m.get(m.decode::<instr::CheckObject>().src.0).is_object() {
        return m.next::<instr::CheckObject>();
    }
    m.simple::<instr::CheckObject>(control::check_object)
}

#[inline(always)]
pub(super) fn check_coercible(m: &mut Machine) -> Step {
    if !m.get(m.decode::<instr::CheckCoercible>().src.0).is_nullish() {
        return m.next::<instr::CheckCoercible>();
    }
    m.simple::<instr::CheckCoercible>(control::throw_not_coercible)
}

#[inline(always)]
pub(super) fn throw_error(m: &mut Machine) -> Step {
    throw(m, |m| control::throw_error(m.cx, m.frame(), Pc(m.pc)))
}

#[inline(always)]
pub(super) fn throw_const_assign(m: &mut Machine) -> Step {
    throw(m, |m| control::throw_const_assign(m.cx, m.frame(), Pc(m.pc)))
}

#[inline(always)]
pub(super) fn throw_value(m: &mut Machine) -> Step {
    let value = m.get(m.decode::<instr::Throw>().src.0);
    throw(m, |m| m.cx.throw(value))
}

// ---- Scopes

/// The scope `depth` links above the one in a register.
#[inline(always)]
fn scope(m: &Machine, register: u16, depth: u16) -> Gc<Scope> {
    // SAFETY: the verifier made sure that the register holds a scope.
    let scope: Gc<Scope> = unsafe { Gc::from_addr(m.get(register).bits() as usize) };
    scope.ancestor(depth as usize)
}

#[inline(always)]
pub(super) fn load_scoped(m: &mut Machine) -> Step {
    let i = m.decode::<instr::LoadScoped>();
    m.set(i.dst.0, scope(m, i.scope.0, i.depth.0).slot(i.index.0 as usize));
    m.next::<instr::LoadScoped>()
}

#[inline(always)]
pub(super) fn load_scoped_checked(m: &mut Machine) -> Step {
    let i = m.decode::<instr::LoadScopedChecked>();
    let v = scope(m, i.scope.0, i.depth.0).slot(i.index.0 as usize);
    if v.is_empty() {
        return throw_tdz(m, i.name.0);
    }
    m.set(i.dst.0, v);
    m.next::<instr::LoadScopedChecked>()
}

#[inline(always)]
pub(super) fn store_scoped(m: &mut Machine) -> Step {
    let i = m.decode::<instr::StoreScoped>();
    scope(m, i.scope.0, i.depth.0).set_slot(m.cx, i.index.0 as usize, m.get(i.src.0));
    m.next::<instr::StoreScoped>()
}

#[inline(always)]
pub(super) fn store_scoped_checked(m: &mut Machine) -> Step {
    let i = m.decode::<instr::StoreScopedChecked>();
    let scope = scope(m, i.scope.0, i.depth.0);
    if scope.slot(i.index.0 as usize).is_empty() {
        return throw_tdz(m, i.name.0);
    }
    scope.set_slot(m.cx, i.index.0 as usize, m.get(i.src.0));
    m.next::<instr::StoreScopedChecked>()
}

// ---- Conversions: nothing to do for values that are of the type already

macro_rules! conversions {
    ($($name:ident: $op:ident, $is:ident, $handler:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let v = m.get(i.src.0);
            if v.$is() {
                m.set(i.dst.0, v);
                return m.next::<instr::$op>();
            }
            m.simple::<instr::$op>($handler)
        }
    )*};
}

conversions! {
    to_numeric: ToNumeric, is_number, arithmetic::to_numeric;
    to_number: ToNumber, is_number, arithmetic::to_number;
    to_string: ToString, is_string, arithmetic::to_string;
    coerce_this: CoerceThis, is_object, arithmetic::coerce_this;
}
