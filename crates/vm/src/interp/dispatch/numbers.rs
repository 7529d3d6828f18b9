//! Inline handlers of arithmetic: int32 first, then doubles; everything else is out of line.

use super::machine::{Machine, Step, both_int, both_number, right};
use crate::feedback::type_bits;
use crate::interp::arithmetic;
use crate::value::Value;
use tercel_bytecode::op::instr;

/// Sums and differences.
macro_rules! sums {
    ($($name:ident: $op:ident, $b:ident, $checked:ident, $double:tt, $slow:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let (a, b) = (m.get(i.a.0), right!(m, i, $b));
            if both_int(a, b)
                && let Some(r) = a.as_int32().$checked(b.as_int32())
            {
                m.set(i.dst.0, Value::int32(r));
                return m.next::<instr::$op>();
            }
            if both_number(a, b) {
                m.site(i.slot.0).record(type_bits::DOUBLE);
                m.set(i.dst.0, Value::double(a.as_number() $double b.as_number()));
                return m.next::<instr::$op>();
            }
            m.simple::<instr::$op>($slow)
        }
    )*};
}

sums! {
    add: Add, reg, checked_add, +, arithmetic::add;
    add_imm: AddImm, imm, checked_add, +, arithmetic::add_imm;
    sub: Sub, reg, checked_sub, -, arithmetic::sub;
    sub_imm: SubImm, imm, checked_sub, -, arithmetic::sub_imm;
}

macro_rules! products {
    ($($name:ident: $op:ident, $b:ident, $slow:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let (a, b) = (m.get(i.a.0), right!(m, i, $b));
            if both_int(a, b)
                && let Some(r) = a.as_int32().checked_mul(b.as_int32())
                // A zero result may be −0.
                && (r != 0 || (a.as_int32() | b.as_int32()) >= 0)
            {
                m.set(i.dst.0, Value::int32(r));
                return m.next::<instr::$op>();
            }
            if both_number(a, b) {
                m.site(i.slot.0).record(type_bits::DOUBLE);
                m.set(i.dst.0, Value::double(a.as_number() * b.as_number()));
                return m.next::<instr::$op>();
            }
            m.simple::<instr::$op>($slow)
        }
    )*};
}

products! {
    mul: Mul, reg, arithmetic::mul;
    mul_imm: MulImm, imm, arithmetic::mul_imm;
}

macro_rules! quotients {
    ($($name:ident: $op:ident, $b:ident, $slow:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let (a, b) = (m.get(i.a.0), right!(m, i, $b));
            if both_int(a, b) {
                let v = Value::number(a.as_int32() as f64 / b.as_int32() as f64);
                if !v.is_int32() {
                    m.site(i.slot.0).record(type_bits::OVERFLOW);
                }
                m.set(i.dst.0, v);
                return m.next::<instr::$op>();
            }
            if both_number(a, b) {
                m.site(i.slot.0).record(type_bits::DOUBLE);
                m.set(i.dst.0, Value::double(a.as_number() / b.as_number()));
                return m.next::<instr::$op>();
            }
            m.simple::<instr::$op>($slow)
        }
    )*};
}

quotients! {
    div: Div, reg, arithmetic::div;
    div_imm: DivImm, imm, arithmetic::div_imm;
}

macro_rules! remainders {
    ($($name:ident: $op:ident, $b:ident, $slow:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let (a, b) = (m.get(i.a.0), right!(m, i, $b));
            if both_int(a, b) && a.as_int32() >= 0 && b.as_int32() > 0 {
                m.set(i.dst.0, Value::int32((a.as_int32() as u32 % b.as_int32() as u32) as i32));
                return m.next::<instr::$op>();
            }
            m.simple::<instr::$op>($slow)
        }
    )*};
}

remainders! {
    modulo: Mod, reg, arithmetic::modulo;
    modulo_imm: ModImm, imm, arithmetic::modulo_imm;
}

fn and(a: i32, b: i32) -> Value {
    Value::int32(a & b)
}

fn or(a: i32, b: i32) -> Value {
    Value::int32(a | b)
}

fn xor(a: i32, b: i32) -> Value {
    Value::int32(a ^ b)
}

fn left(a: i32, b: i32) -> Value {
    Value::int32(a.wrapping_shl(b as u32))
}

fn signed_right(a: i32, b: i32) -> Value {
    Value::int32(a.wrapping_shr(b as u32))
}

fn unsigned_right(a: i32, b: i32) -> Value {
    Value::uint32((a as u32).wrapping_shr(b as u32))
}

/// Bit operations on numbers.
macro_rules! bits {
    ($($name:ident: $op:ident, $b:ident, $f:ident, $slow:path;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(m: &mut Machine) -> Step {
            let i = m.decode::<instr::$op>();
            let (a, b) = (m.get(i.a.0), right!(m, i, $b));
            if both_int(a, b) {
                m.set(i.dst.0, $f(a.as_int32(), b.as_int32()));
                return m.next::<instr::$op>();
            }
            if both_number(a, b) {
                m.site(i.slot.0).record(type_bits::DOUBLE);
                m.set(i.dst.0, $f(arithmetic::number_to_int32(a), arithmetic::number_to_int32(b)));
                return m.next::<instr::$op>();
            }
            m.simple::<instr::$op>($slow)
        }
    )*};
}

bits! {
    bit_and: BitAnd, reg, and, arithmetic::bit_and;
    bit_and_imm: BitAndImm, imm, and, arithmetic::bit_and_imm;
    bit_or: BitOr, reg, or, arithmetic::bit_or;
    bit_or_imm: BitOrImm, imm, or, arithmetic::bit_or_imm;
    bit_xor: BitXor, reg, xor, arithmetic::bit_xor;
    bit_xor_imm: BitXorImm, imm, xor, arithmetic::bit_xor_imm;
    shl: Shl, reg, left, arithmetic::shl;
    shl_imm: ShlImm, imm, left, arithmetic::shl_imm;
    shr: Shr, reg, signed_right, arithmetic::shr;
    shr_imm: ShrImm, imm, signed_right, arithmetic::shr_imm;
    ushr: UShr, reg, unsigned_right, arithmetic::ushr;
    ushr_imm: UShrImm, imm, unsigned_right, arithmetic::ushr_imm;
}

#[inline(always)]
pub(super) fn inc(m: &mut Machine) -> Step {
    let i = m.decode::<instr::Inc>();
    let a = m.get(i.a.0);
    if a.is_int32() && a.as_int32() != i32::MAX {
        m.set(i.dst.0, Value::int32(a.as_int32() + 1));
        return m.next::<instr::Inc>();
    }
    m.simple::<instr::Inc>(arithmetic::inc)
}

#[inline(always)]
pub(super) fn dec(m: &mut Machine) -> Step {
    let i = m.decode::<instr::Dec>();
    let a = m.get(i.a.0);
    if a.is_int32() && a.as_int32() != i32::MIN {
        m.set(i.dst.0, Value::int32(a.as_int32() - 1));
        return m.next::<instr::Dec>();
    }
    m.simple::<instr::Dec>(arithmetic::dec)
}

#[inline(always)]
pub(super) fn neg(m: &mut Machine) -> Step {
    let i = m.decode::<instr::Neg>();
    let a = m.get(i.a.0);
    // 0 becomes −0, and MIN leaves int32: both have no bits below the sign.
    if a.is_int32() && a.as_int32() & i32::MAX != 0 {
        m.set(i.dst.0, Value::int32(-a.as_int32()));
        return m.next::<instr::Neg>();
    }
    if a.is_number() {
        m.site(i.slot.0).record(type_bits::DOUBLE);
        m.set(i.dst.0, Value::double(-a.as_number()));
        return m.next::<instr::Neg>();
    }
    m.simple::<instr::Neg>(arithmetic::neg)
}

#[inline(always)]
pub(super) fn bit_not(m: &mut Machine) -> Step {
    let i = m.decode::<instr::BitNot>();
    let a = m.get(i.a.0);
    if a.is_number() {
        m.set(i.dst.0, Value::int32(!arithmetic::number_to_int32(a)));
        return m.next::<instr::BitNot>();
    }
    m.simple::<instr::BitNot>(arithmetic::bit_not)
}

#[inline(always)]
pub(super) fn not(m: &mut Machine) -> Step {
    let i = m.decode::<instr::Not>();
    m.set(i.dst.0, Value::boolean(!super::compare::truth(m.get(i.a.0))));
    m.next::<instr::Not>()
}

#[inline(always)]
pub(super) fn type_of_is(m: &mut Machine) -> Step {
    let i = m.decode::<instr::TypeOfIs>();
    m.set(i.dst.0, Value::boolean(arithmetic::type_of_is(m.get(i.a.0), i.what.0)));
    m.next::<instr::TypeOfIs>()
}
