//! Inline handlers of comparisons and jumps.

use super::machine::{Machine, Step, both_int, both_number, right};
use crate::feedback::type_bits;
use crate::interp::entry::SegmentExit;
use crate::interp::{Pc, arithmetic, control};
use crate::value::Value;
use crate::{interrupt, tier};
use std::sync::atomic::Ordering::Relaxed;
use tercel_bytecode::op::instr;

/// ToBoolean.
#[inline(always)]
pub(super) fn truth(v: Value) -> bool {
    if v.is_boolean() { v.as_boolean() } else { v.to_boolean() }
}

/// Leaves the handler with `Step::Throw`, or gives the relation of two values: `$cmp` on numbers, else the handler.
macro_rules! relation {
    ($m:ident, $i:ident, $b:ident, $cmp:tt, $slow:path) => {{
        let (a, b) = ($m.get($i.a.0), right!($m, $i, $b));
        if both_int(a, b) {
            a.as_int32() $cmp b.as_int32()
        } else if both_number(a, b) {
            $m.site($i.slot.0).record(type_bits::DOUBLE);
            a.as_number() $cmp b.as_number()
        } else {
            $m.sync();
            match $slow($m.cx, a, b, $m.site($i.slot.0)) {
                Ok(r) => r,
                Err(_) => return Step::Throw,
            }
        }
    }};
}

/// Comparisons whose result is a boolean: it is the relation, or (`false`) its opposite.
macro_rules! compares {
    ($($name:ident: $op:ident, $cmp:tt, $expect:literal, $slow:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let r = relation!(m, i, reg, $cmp, $slow);
            m.set(i.dst.0, Value::boolean(r == $expect));
            m.next::<instr::$op>()
        }
    )*};
}

compares! {
    eq: Eq, ==, true, arithmetic::equal;
    not_eq: NotEq, ==, false, arithmetic::equal;
    strict_eq: StrictEq, ==, true, arithmetic::strictly_equal;
    strict_not_eq: StrictNotEq, ==, false, arithmetic::strictly_equal;
    less: Less, <, true, arithmetic::less;
    less_eq: LessEq, <=, true, arithmetic::less_eq;
    greater: Greater, >, true, arithmetic::greater;
    greater_eq: GreaterEq, >=, true, arithmetic::greater_eq;
}

/// Jumps that are taken where the relation holds, or (`false`) where it does not.
macro_rules! relation_jumps {
    ($($name:ident: $op:ident, $b:ident, $cmp:tt, $expect:literal, $slow:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            if relation!(m, i, $b, $cmp, $slow) == $expect { m.jump(i.target.0) } else { m.next::<instr::$op>() }
        }
    )*};
}

relation_jumps! {
    if_eq: JumpIfEq, reg, ==, true, arithmetic::equal;
    if_not_eq: JumpIfNotEq, reg, ==, false, arithmetic::equal;
    if_strict_eq: JumpIfStrictEq, reg, ==, true, arithmetic::strictly_equal;
    if_strict_not_eq: JumpIfStrictNotEq, reg, ==, false, arithmetic::strictly_equal;
    if_less: JumpIfLess, reg, <, true, arithmetic::less;
    if_less_eq: JumpIfLessEq, reg, <=, true, arithmetic::less_eq;
    if_greater: JumpIfGreater, reg, >, true, arithmetic::greater;
    if_greater_eq: JumpIfGreaterEq, reg, >=, true, arithmetic::greater_eq;
    if_not_less: JumpIfNotLess, reg, <, false, arithmetic::less;
    if_not_less_eq: JumpIfNotLessEq, reg, <=, false, arithmetic::less_eq;
    if_not_greater: JumpIfNotGreater, reg, >, false, arithmetic::greater;
    if_not_greater_eq: JumpIfNotGreaterEq, reg, >=, false, arithmetic::greater_eq;
    if_eq_imm: JumpIfEqImm, imm, ==, true, arithmetic::equal;
    if_not_eq_imm: JumpIfNotEqImm, imm, ==, false, arithmetic::equal;
    if_strict_eq_imm: JumpIfStrictEqImm, imm, ==, true, arithmetic::strictly_equal;
    if_strict_not_eq_imm: JumpIfStrictNotEqImm, imm, ==, false, arithmetic::strictly_equal;
    if_less_imm: JumpIfLessImm, imm, <, true, arithmetic::less;
    if_less_eq_imm: JumpIfLessEqImm, imm, <=, true, arithmetic::less_eq;
    if_greater_imm: JumpIfGreaterImm, imm, >, true, arithmetic::greater;
    if_greater_eq_imm: JumpIfGreaterEqImm, imm, >=, true, arithmetic::greater_eq;
    if_not_less_imm: JumpIfNotLessImm, imm, <, false, arithmetic::less;
    if_not_less_eq_imm: JumpIfNotLessEqImm, imm, <=, false, arithmetic::less_eq;
    if_not_greater_imm: JumpIfNotGreaterImm, imm, >, false, arithmetic::greater;
    if_not_greater_eq_imm: JumpIfNotGreaterEqImm, imm, >=, false, arithmetic::greater_eq;
}

/// Jumps that are taken for values of a kind.
macro_rules! value_jumps {
    ($($name:ident: $op:ident, $test:expr;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let test: fn(Value) -> bool = $test;
            if test(m.get(i.a.0)) { m.jump(i.target.0) } else { m.next::<instr::$op>() }
        }
    )*};
}

value_jumps! {
    if_true: JumpIfTrue, truth;
    if_false: JumpIfFalse, |a| !truth(a);
    if_nullish: JumpIfNullish, |a| a.is_nullish();
    if_not_nullish: JumpIfNotNullish, |a| !a.is_nullish();
    if_undefined: JumpIfUndefined, |a| a.is_undefined();
    if_not_undefined: JumpIfNotUndefined, |a| !a.is_undefined();
    if_null: JumpIfNull, |a| a.is_null();
    if_not_null: JumpIfNotNull, |a| !a.is_null();
}

#[inline(always)]
pub(super) fn jump(m: &mut Machine) -> Step {
    m.jump(m.decode::<instr::Jump>().target.0)
}

/// Serves interrupts, if there are any; the pc is this instruction's.
#[inline(always)]
pub(super) fn poll(m: &mut Machine) -> Result<(), Step> {
    // SAFETY: the word lives as long as the engine.
    if unsafe { (*m.state().interrupt_word).load(Relaxed) } != 0 {
        m.sync();
        if interrupt::poll_in_interpreter(m.cx).is_err() {
            return Err(Step::Throw);
        }
    }
    Ok(())
}

#[inline(always)]
pub(super) fn loop_back(m: &mut Machine) -> Step {
    let i = m.decode::<instr::LoopBack>();
    let site = m.site(i.slot.0);
    let count = site.aux.get().wrapping_add(1);
    site.aux.set(count);
    // SAFETY: the verifier has bounded the jump.
    let head = unsafe { m.pc.offset(i.target.0 as isize) };
    if count >= m.state().tiers.loop_threshold.get()
        && let Some(target) = tier::target_of_loop(m.cx, m.code, m.code.offset_of(head))
    {
        m.state().pc.set(head);
        m.state().tiers.target.set(target);
        return Step::Leave(SegmentExit::EnterCode);
    }
    match poll(m) {
        Ok(()) => m.jump(i.target.0),
        Err(step) => step,
    }
}

#[inline(always)]
pub(super) fn switch_table(m: &mut Machine) -> Step {
    match control::switch_target(m.code, m.frame(), Pc(m.pc)) {
        0 => m.next::<instr::SwitchTable>(),
        distance => m.jump(distance),
    }
}
