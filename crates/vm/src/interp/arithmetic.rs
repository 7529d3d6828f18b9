//! Operators, conversions and comparisons out of line: what the loop's int32 and double fast paths do not cover.

use super::Pc;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::feedback::{Site, type_bits};
use crate::frame::Frame;
use crate::object::Object;
use crate::string::JsString;
use crate::value::Value;
use tercel_bytecode::op::instr;

/// ToInt32 (§7.1.6) of a number.
#[inline(always)]
pub fn number_to_int32(v: Value) -> i32 {
    if v.is_int32() {
        return v.as_int32();
    }
    let d = v.as_double();
    if d.abs() < 9.2e18 {
        // SAFETY: the value is finite and fits i64.
        return unsafe { d.to_int_unchecked::<i64>() } as i32;
    }
    wide_to_int32(d)
}

#[cold]
#[inline(never)]
fn wide_to_int32(d: f64) -> i32 {
    if !d.is_finite() {
        return 0;
    }
    // 2^63 and more: mantissa × 2^shift; only bits below 2^32 matter.
    let bits = d.to_bits();
    let shift = (bits >> 52 & 0x7ff) as i32 - 1075;
    if shift >= 32 {
        return 0;
    }
    let magnitude = (((bits & ((1 << 52) - 1)) | 1 << 52) as u32).wrapping_shl(shift as u32);
    if d < 0.0 { (magnitude as i32).wrapping_neg() } else { magnitude as i32 }
}

#[inline(always)]
fn record(frame: Frame, slot: u32, a: Value, b: Value) {
    frame.code().site(slot as usize).record(type_bits::of(a) | type_bits::of(b));
}

macro_rules! binary {
    ($($name:ident: $op:ident => $slow:ident;)*) => {$(
        #[inline(never)]
        pub fn $name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
            let i: instr::$op = pc.decode();
            let (a, b) = (frame.get(i.a.0 as usize), frame.get(i.b.0 as usize));
            record(frame, i.slot.0, a, b);
            let v = cx.$slow(a, b)?;
            frame.set(i.dst.0 as usize, v);
            Ok(())
        }
    )*};
}

binary! {
    sub: Sub => sub_slow;
    mul: Mul => mul_slow;
    div: Div => div_slow;
    exp: Exp => exp_slow;
    bit_and: BitAnd => bitand_slow;
    bit_or: BitOr => bitor_slow;
    bit_xor: BitXor => bitxor_slow;
    shl: Shl => shl_slow;
    shr: Shr => shr_slow;
    ushr: UShr => ushr_slow;
}

macro_rules! binary_imm {
    ($($name:ident: $op:ident => $slow:ident;)*) => {$(
        #[inline(never)]
        pub fn $name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
            let i: instr::$op = pc.decode();
            let (a, b) = (frame.get(i.a.0 as usize), Value::int32(i.imm.0 as i32));
            record(frame, i.slot.0, a, b);
            let v = cx.$slow(a, b)?;
            frame.set(i.dst.0 as usize, v);
            Ok(())
        }
    )*};
}

binary_imm! {
    sub_imm: SubImm => sub_slow;
    mul_imm: MulImm => mul_slow;
    div_imm: DivImm => div_slow;
    bit_and_imm: BitAndImm => bitand_slow;
    bit_or_imm: BitOrImm => bitor_slow;
    bit_xor_imm: BitXorImm => bitxor_slow;
    shl_imm: ShlImm => shl_slow;
    shr_imm: ShrImm => shr_slow;
    ushr_imm: UShrImm => ushr_slow;
}

macro_rules! unary {
    ($($name:ident: $op:ident $field:ident => $slow:ident;)*) => {$(
        #[inline(never)]
        pub fn $name(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
            let i: instr::$op = pc.decode();
            let a = frame.get(i.$field.0 as usize);
            record(frame, i.slot.0, a, Value::ZERO);
            let v = cx.$slow(a)?;
            frame.set(i.dst.0 as usize, v);
            Ok(())
        }
    )*};
}

unary! {
    inc: Inc a => inc_slow;
    dec: Dec a => dec_slow;
    neg: Neg a => neg_slow;
    bit_not: BitNot a => bitnot_slow;
    to_numeric: ToNumeric src => to_numeric_value;
}

/// The string of a value that is one; `None` for everything else.
#[inline(always)]
fn string(v: Value) -> Option<Gc<JsString>> {
    v.as_string()
}

#[inline(always)]
fn add_values(cx: &Context, a: Value, b: Value) -> JsResult<Value> {
    if let (Some(a), Some(b)) = (string(a), string(b)) {
        return Ok(cx.concat(a, b)?.into());
    }
    cx.add_slow(a, b)
}

#[inline(never)]
pub fn add(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::Add = pc.decode();
    let (a, b) = (frame.get(i.a.0 as usize), frame.get(i.b.0 as usize));
    record(frame, i.slot.0, a, b);
    let v = add_values(cx, a, b)?;
    frame.set(i.dst.0 as usize, v);
    Ok(())
}

#[inline(never)]
pub fn add_imm(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::AddImm = pc.decode();
    let a = frame.get(i.a.0 as usize);
    record(frame, i.slot.0, a, Value::ZERO);
    let v = cx.add_slow(a, Value::int32(i.imm.0 as i32))?;
    frame.set(i.dst.0 as usize, v);
    Ok(())
}

/// `%` of numbers, the sign of zero included.
#[inline(always)]
fn modulo_values(cx: &Context, a: Value, b: Value) -> JsResult<Value> {
    if a.is_number() && b.is_number() {
        if a.is_int32() && b.is_int32() && b.as_int32() != 0 {
            let r = a.as_int32().wrapping_rem(b.as_int32());
            return Ok(if r == 0 && a.as_int32() < 0 { Value::double(-0.0) } else { Value::int32(r) });
        }
        return Ok(Value::double(a.as_number() % b.as_number()));
    }
    cx.mod_slow(a, b)
}

#[inline(never)]
pub fn modulo(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::Mod = pc.decode();
    let (a, b) = (frame.get(i.a.0 as usize), frame.get(i.b.0 as usize));
    record(frame, i.slot.0, a, b);
    let v = modulo_values(cx, a, b)?;
    frame.set(i.dst.0 as usize, v);
    Ok(())
}

#[inline(never)]
pub fn modulo_imm(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ModImm = pc.decode();
    let (a, b) = (frame.get(i.a.0 as usize), Value::int32(i.imm.0 as i32));
    record(frame, i.slot.0, a, b);
    let v = modulo_values(cx, a, b)?;
    frame.set(i.dst.0 as usize, v);
    Ok(())
}

// ---- Conversions

#[inline(never)]
pub fn to_property_key(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ToPropertyKey = pc.decode();
    let v = frame.get(i.src.0 as usize);
    let key = if v.is_string() || v.is_symbol() || v.is_int32() {
        v
    } else {
        let primitive = cx.to_primitive(v, crate::convert::Hint::String)?;
        if primitive.is_symbol() || primitive.is_string() || primitive.is_int32() {
            primitive
        } else {
            cx.to_string(primitive)?.into()
        }
    };
    frame.set(i.dst.0 as usize, key);
    Ok(())
}

#[inline(never)]
pub fn to_number(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ToNumber = pc.decode();
    let a = frame.get(i.src.0 as usize);
    record(frame, i.slot.0, a, Value::ZERO);
    let n = cx.to_number(a)?;
    frame.set(i.dst.0 as usize, Value::number(n));
    Ok(())
}

#[inline(never)]
pub fn to_string(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ToString = pc.decode();
    let s = cx.to_string(frame.get(i.src.0 as usize))?;
    frame.set(i.dst.0 as usize, s.into());
    Ok(())
}

#[inline(never)]
pub fn to_object(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::ToObject = pc.decode();
    let o = cx.to_object(frame.get(i.src.0 as usize))?;
    frame.set(i.dst.0 as usize, o.into());
    Ok(())
}

/// The `this` of a sloppy function (§10.2.1.2 OrdinaryCallBindThis).
#[inline(never)]
pub fn coerce_this(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::CoerceThis = pc.decode();
    let v = frame.get(i.src.0 as usize);
    let this: Gc<Object> = if v.is_nullish() { frame.code().realm().global_this() } else { cx.to_object(v)? };
    frame.set(i.dst.0 as usize, this.into());
    Ok(())
}

#[inline(never)]
pub fn concat(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::Concat = pc.decode();
    let first = i.values.0 as usize;
    let string_at = |n: usize| frame.get(first + n).as_string().unwrap_or_else(|| cx.empty_string());
    let mut result = string_at(0);
    for n in 1..i.count.0 as usize {
        result = cx.concat(result, string_at(n))?;
    }
    frame.set(i.dst.0 as usize, result.into());
    Ok(())
}

#[inline(never)]
pub fn type_of(cx: &Context, frame: Frame, pc: Pc) -> JsResult<()> {
    let i: instr::TypeOf = pc.decode();
    let s = cx.type_of(frame.get(i.a.0 as usize));
    frame.set(i.dst.0 as usize, s.into());
    Ok(())
}

/// Whether `typeof v` is the type numbered `what` in the op table.
#[inline(never)]
pub fn type_of_is(v: Value, what: u8) -> bool {
    let kind = v.kind();
    let callable = || v.as_object().is_some_and(|o| o.is_callable());
    match what {
        0 => v.is_undefined(),
        1 => v.is_null() || kind.is_some_and(|k| k.is_object()) && !callable(),
        2 => v.is_boolean(),
        3 => v.is_number(),
        4 => kind.is_some_and(|k| k.is_string()),
        5 => kind == Some(Kind::Symbol),
        6 => kind == Some(Kind::BigInt),
        _ => kind.is_some_and(|k| k.is_object()) && callable(),
    }
}

// ---- Comparisons

#[inline(never)]
pub fn equal(cx: &Context, a: Value, b: Value, site: &Site) -> JsResult<bool> {
    if a.is_nullish() || b.is_nullish() {
        return Ok(a.is_nullish() && b.is_nullish());
    }
    site.record(type_bits::of(a) | type_bits::of(b));
    cx.loosely_equal(a, b)
}

#[inline(never)]
pub fn strictly_equal(cx: &Context, a: Value, b: Value, site: &Site) -> JsResult<bool> {
    // Numbers were compared before; of all others the same bits are the same value.
    if a == b {
        return Ok(true);
    }
    let (Some(ka), Some(kb)) = (a.kind(), b.kind()) else { return Ok(false) };
    if ka.is_string() && kb.is_string() {
        site.record(type_bits::STRING);
        return string(a).zip(string(b)).map_or(Ok(false), |(a, b)| a.equals(cx, b));
    }
    if ka == Kind::BigInt && kb == Kind::BigInt {
        site.record(type_bits::BIGINT);
        return cx.strictly_equal(a, b);
    }
    Ok(false)
}

macro_rules! relations {
    ($($name:ident => $slow:ident;)*) => {$(
        #[inline(never)]
        pub fn $name(cx: &Context, a: Value, b: Value, site: &Site) -> JsResult<bool> {
            site.record(type_bits::of(a) | type_bits::of(b));
            cx.$slow(a, b)
        }
    )*};
}

relations! {
    less => less_slow;
    less_eq => less_equal_slow;
    greater => greater_slow;
    greater_eq => greater_equal_slow;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_int32_wraps_modulo_two_to_the_32() {
        for (d, expected) in [
            (2147483648.0, i32::MIN),
            (4294967296.5, 0),
            (-1.9, -1),
            (1e20, 1661992960),
            (-1e20, -1661992960),
            (9.3e18, wide_to_int32(9.3e18)),
            (f64::NAN, 0),
            (f64::INFINITY, 0),
            (1e300, 0),
        ] {
            assert_eq!(number_to_int32(Value::double(d)), expected, "{d}");
        }
        assert_eq!(wide_to_int32(9223372036854775808.0 + 4096.0), 4096);
    }
}
