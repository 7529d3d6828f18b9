//! Slow paths of the arithmetic operators (ECMA-262 §13.15.3), for operands of any kind.
//!
//! The interpreter and compiled code handle int32 and double themselves and come here for the rest: BigInts, strings, and whatever must be
//! converted first. Numbers are taken care of here too, so that a caller may use these functions for everything.

use crate::bigint::BigInt;
use crate::bigint::arithmetic::Bitwise;
use crate::cell::Gc;
use crate::context::Context;
use crate::convert::{Hint, Numeric};
use crate::error::{JsResult, Throw};
use crate::number;
use crate::value::Value;

/// Both operands after ToNumeric: of one type, or there is a TypeError.
enum Operands {
    Numbers(f64, f64),
    BigInts(Gc<BigInt>, Gc<BigInt>),
}

/// A binary operator: on numbers, and on BigInts.
macro_rules! binary {
    ($($(#[doc = $doc:literal])* $name:ident: |$x:ident, $y:ident| $number:expr, |$cx:ident, $p:ident, $q:ident| $bigint:expr;)*) => {
        impl Context {
            $($(#[doc = $doc])*
            pub fn $name(&self, a: Value, b: Value) -> JsResult<Value> {
                match self.numeric_operands(a, b)? {
                    Operands::Numbers($x, $y) => Ok($number),
                    Operands::BigInts($p, $q) => {
                        let $cx = self;
                        $bigint.map(Value::cell)
                    }
                }
            })*
        }
    };
}

binary! {
    /// The operator `-`.
    sub_slow: |x, y| Value::number(x - y), |cx, p, q| cx.bigint_sub(p, q);
    /// The operator `*`.
    mul_slow: |x, y| Value::number(x * y), |cx, p, q| cx.bigint_mul(p, q);
    /// The operator `/`.
    div_slow: |x, y| Value::number(x / y), |cx, p, q| cx.bigint_div(p, q);
    /// The operator `%`.
    mod_slow: |x, y| Value::number(number::remainder(x, y)), |cx, p, q| cx.bigint_rem(p, q);
    /// The operator `**`.
    exp_slow: |x, y| Value::number(number::pow(x, y)), |cx, p, q| cx.bigint_pow(p, q);
    /// The operator `&`.
    bitand_slow: |x, y| Value::int32(number::to_int32(x) & number::to_int32(y)), |cx, p, q| cx.bigint_bitwise(Bitwise::And, p, q);
    /// The operator `|`.
    bitor_slow: |x, y| Value::int32(number::to_int32(x) | number::to_int32(y)), |cx, p, q| cx.bigint_bitwise(Bitwise::Or, p, q);
    /// The operator `^`.
    bitxor_slow: |x, y| Value::int32(number::to_int32(x) ^ number::to_int32(y)), |cx, p, q| cx.bigint_bitwise(Bitwise::Xor, p, q);
    /// The operator `<<`.
    shl_slow: |x, y| Value::int32(number::to_int32(x) << (number::to_int32(y) & 31)), |cx, p, q| cx.bigint_shl(p, q);
    /// The operator `>>`.
    shr_slow: |x, y| Value::int32(number::to_int32(x) >> (number::to_int32(y) & 31)), |cx, p, q| cx.bigint_shr(p, q);
    /// The operator `>>>`, which BigInts do not have.
    ushr_slow: |x, y| Value::uint32(number::to_uint32(x) >> (number::to_int32(y) & 31)), |cx, _p, _q| cx.no_unsigned_shift();
}

/// A unary operator: on a number, and on a BigInt.
macro_rules! unary {
    ($($(#[doc = $doc:literal])* $name:ident: |$x:ident| $number:expr, |$cx:ident, $p:ident| $bigint:expr;)*) => {
        impl Context {
            $($(#[doc = $doc])*
            pub fn $name(&self, a: Value) -> JsResult<Value> {
                match self.to_numeric(a)? {
                    Numeric::Number($x) => Ok($number),
                    Numeric::BigInt($p) => {
                        let $cx = self;
                        $bigint.map(Value::cell)
                    }
                }
            })*
        }
    };
}

unary! {
    /// The operator `++` on its operand's value.
    inc_slow: |x| Value::number(x + 1.0), |cx, p| cx.bigint_inc(p);
    /// The operator `--` on its operand's value.
    dec_slow: |x| Value::number(x - 1.0), |cx, p| cx.bigint_dec(p);
    /// The prefix operator `-`.
    neg_slow: |x| Value::number(-x), |cx, p| cx.bigint_neg(p);
    /// The operator `~`.
    bitnot_slow: |x| Value::int32(!number::to_int32(x)), |cx, p| cx.bigint_not(p);
    /// ToNumeric as a value: what `x++` gives back.
    to_numeric_value: |x| Value::number(x), |_cx, p| JsResult::Ok(p);
}

impl Context {
    /// The operator `+`: concatenates if either operand is a string after ToPrimitive.
    pub fn add_slow(&self, a: Value, b: Value) -> JsResult<Value> {
        if a.is_number() && b.is_number() {
            return Ok(Value::number(a.as_number() + b.as_number()));
        }
        let with_integer = match (a.as_string(), b.as_string()) {
            (Some(s), None) if b.is_int32() => self.concat_integer(s, b.as_int32(), false),
            (None, Some(s)) if a.is_int32() => self.concat_integer(s, a.as_int32(), true),
            _ => None,
        };
        if let Some(string) = with_integer {
            return Ok(Value::cell(string));
        }
        let a = if a.is_object() { self.to_primitive(a, Hint::Default)? } else { a };
        let b = if b.is_object() { self.to_primitive(b, Hint::Default)? } else { b };
        if a.is_string() || b.is_string() {
            let a = self.to_string(a)?;
            let b = self.to_string(b)?;
            return self.concat(a, b).map(Value::cell);
        }
        match self.numeric_operands(a, b)? {
            Operands::Numbers(x, y) => Ok(Value::number(x + y)),
            Operands::BigInts(p, q) => self.bigint_add(p, q).map(Value::cell),
        }
    }

    /// The prefix operator `+`.
    pub fn to_number_value(&self, a: Value) -> JsResult<Value> {
        self.to_number(a).map(Value::number)
    }

    #[inline]
    fn numeric_operands(&self, a: Value, b: Value) -> JsResult<Operands> {
        if a.is_number() && b.is_number() {
            return Ok(Operands::Numbers(a.as_number(), b.as_number()));
        }
        let a = self.to_numeric(a)?;
        let b = self.to_numeric(b)?;
        match (a, b) {
            (Numeric::Number(x), Numeric::Number(y)) => Ok(Operands::Numbers(x, y)),
            (Numeric::BigInt(p), Numeric::BigInt(q)) => Ok(Operands::BigInts(p, q)),
            _ => Err(self.throw_mixed_types()),
        }
    }

    #[cold]
    fn throw_mixed_types(&self) -> Throw {
        self.throw_type(format_args!("Cannot mix BigInt and other types, use explicit conversions"))
    }

    #[cold]
    fn no_unsigned_shift(&self) -> JsResult<Gc<BigInt>> {
        Err(self.throw_type(format_args!("BigInts have no unsigned right shift, use >> instead")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    #[test]
    fn addition_concatenates_with_strings_only() {
        let cx = context();
        let text = |s: &str| Value::cell(cx.string_from_utf8(s));
        let shown = |v: JsResult<Value>| cx.to_string(v.unwrap()).unwrap().to_rust(&cx);
        assert_eq!(shown(cx.add_slow(text("a"), Value::int32(1))), "a1");
        assert_eq!(shown(cx.add_slow(Value::NULL, text("b"))), "nullb");
        assert_eq!(cx.add_slow(Value::NULL, Value::TRUE), Ok(Value::int32(1)));
        assert_eq!(cx.add_slow(Value::int32(i32::MAX), Value::int32(1)), Ok(Value::double(2147483648.0)));
        assert_eq!(shown(cx.add_slow(cx.bigint_from_i64(2).into(), cx.bigint_from_i64(3).into())), "5");
        assert_eq!(shown(cx.add_slow(cx.bigint_from_i64(2).into(), text("!"))), "2!");
        assert!(cx.add_slow(cx.bigint_from_i64(2).into(), Value::int32(1)).is_err());
        cx.take_exception();
        assert!(cx.add_slow(text("x"), cx.new_symbol(Value::UNDEFINED).into()).is_err());
        cx.take_exception();
    }

    #[test]
    fn numbers_and_conversions() {
        let cx = context();
        let text = |s: &str| Value::cell(cx.string_from_utf8(s));
        assert_eq!(cx.sub_slow(text("5"), text("2")), Ok(Value::int32(3)));
        assert_eq!(cx.mul_slow(Value::int32(-1), Value::ZERO), Ok(Value::double(-0.0)));
        assert_eq!(cx.div_slow(Value::int32(1), Value::ZERO), Ok(Value::double(f64::INFINITY)));
        assert_eq!(cx.mod_slow(Value::int32(-4), Value::int32(2)), Ok(Value::double(-0.0)));
        assert_eq!(cx.exp_slow(Value::int32(2), Value::int32(-1)), Ok(Value::double(0.5)));
        assert_eq!(cx.shl_slow(Value::int32(1), Value::int32(33)), Ok(Value::int32(2)));
        assert_eq!(cx.ushr_slow(Value::int32(-1), Value::ZERO), Ok(Value::double(4294967295.0)));
        assert_eq!(cx.bitor_slow(Value::double(4294967296.5), Value::int32(3)), Ok(Value::int32(3)));
        assert_eq!(cx.bitnot_slow(Value::UNDEFINED), Ok(Value::int32(-1)));
        assert_eq!(cx.neg_slow(Value::ZERO), Ok(Value::double(-0.0)));
        assert_eq!(cx.inc_slow(text("9")), Ok(Value::int32(10)));
        assert_eq!(cx.to_numeric_value(text("9.5")), Ok(Value::double(9.5)));
        assert!(cx.ushr_slow(cx.bigint_from_i64(1).into(), cx.bigint_from_i64(1).into()).is_err());
        cx.take_exception();
        let minus_two = cx.neg_slow(cx.bigint_from_i64(2).into()).unwrap();
        assert_eq!(
            cx.to_string(cx.shr_slow(minus_two, cx.bigint_from_i64(9).into()).unwrap()).unwrap().to_rust(&cx),
            "-1"
        );
    }
}
