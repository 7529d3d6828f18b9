//! Conversions and comparisons of values (ECMA-262 §7.1, §7.2).
//!
//! Everything here begins with the cases that need no work and leaves the rest to an out-of-line function. Objects are first turned into
//! primitives by `Context::to_primitive`, which may run script; a `Gc` or `Value` held here meanwhile lies in a
//! native frame, which the collector pins.

use crate::bigint::BigInt;
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::{JsResult, Throw};
use crate::names::{self, Name};
use crate::number::{self, parse};
use crate::string::JsString;
use crate::symbol::Symbol;
use crate::value::Value;
use std::cmp::Ordering;

/// Preferred type of ToPrimitive (§7.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hint {
    Default,
    Number,
    String,
}

/// The result of ToNumeric (§7.1.3).
#[derive(Clone, Copy)]
pub enum Numeric {
    Number(f64),
    BigInt(Gc<BigInt>),
}

/// 2^53 − 1.
pub const MAX_SAFE_INTEGER: f64 = 9007199254740991.0;

impl Value {
    /// ToBoolean (§7.1.2).
    #[inline]
    pub fn to_boolean(self) -> bool {
        if self.is_boolean() {
            return self.is_true();
        }
        if self.is_int32() {
            return self.as_int32() != 0;
        }
        if self.is_double() {
            let d = self.as_double();
            return d != 0.0 && !d.is_nan();
        }
        if let Some(s) = self.as_string() {
            return !s.is_empty();
        }
        if let Some(b) = self.as_bigint() {
            return !b.is_zero();
        }
        !self.is_nullish() && !self.is_empty()
    }

    #[inline(always)]
    pub fn as_bigint(self) -> Option<Gc<BigInt>> {
        self.as_kind(Kind::BigInt)
    }

    #[inline(always)]
    pub fn as_symbol(self) -> Option<Gc<Symbol>> {
        self.as_kind(Kind::Symbol)
    }

    /// IsIntegralNumber (§7.2.6).
    pub fn is_integral_number(self) -> bool {
        self.is_int32() || (self.is_double() && self.as_double().is_finite() && self.as_double().fract() == 0.0)
    }
}

/// Numbers.
impl Context {
    /// ToNumber (§7.1.4).
    #[inline]
    pub fn to_number(&self, v: Value) -> JsResult<f64> {
        if v.is_number() { Ok(v.as_number()) } else { self.to_number_slow(v) }
    }

    fn to_number_slow(&self, v: Value) -> JsResult<f64> {
        match self.to_numeric_slow(v)? {
            Numeric::Number(n) => Ok(n),
            Numeric::BigInt(_) => Err(self.throw_type(format_args!("Cannot convert a BigInt value to a number"))),
        }
    }

    /// ToNumeric (§7.1.3).
    #[inline]
    pub fn to_numeric(&self, v: Value) -> JsResult<Numeric> {
        if v.is_number() { Ok(Numeric::Number(v.as_number())) } else { self.to_numeric_slow(v) }
    }

    fn to_numeric_slow(&self, v: Value) -> JsResult<Numeric> {
        let v = if v.is_object() { self.to_primitive(v, Hint::Number)? } else { v };
        if let Some(b) = v.as_bigint() {
            return Ok(Numeric::BigInt(b));
        }
        self.primitive_to_number(v).map(Numeric::Number)
    }

    /// ToNumber of a primitive other than a BigInt.
    fn primitive_to_number(&self, v: Value) -> JsResult<f64> {
        if v.is_number() {
            return Ok(v.as_number());
        }
        if let Some(s) = v.as_string() {
            return Ok(parse::string_to_number(s.chars(self)?));
        }
        if v.is_symbol() {
            return Err(self.throw_type(format_args!("Cannot convert a Symbol value to a number")));
        }
        Ok(match v {
            Value::NULL | Value::FALSE => 0.0,
            Value::TRUE => 1.0,
            _ => f64::NAN,
        })
    }

    /// ToInt32 (§7.1.6).
    #[inline]
    pub fn to_int32(&self, v: Value) -> JsResult<i32> {
        if v.is_int32() { Ok(v.as_int32()) } else { self.to_number(v).map(number::to_int32) }
    }
    /// ToUint32 (§7.1.7).
    #[inline]
    pub fn to_uint32(&self, v: Value) -> JsResult<u32> {
        self.to_int32(v).map(|i| i as u32)
    }
    /// ToInt16 (§7.1.8).
    pub fn to_int16(&self, v: Value) -> JsResult<i16> {
        self.to_int32(v).map(|i| i as i16)
    }
    /// ToUint16 (§7.1.9).
    pub fn to_uint16(&self, v: Value) -> JsResult<u16> {
        self.to_int32(v).map(|i| i as u16)
    }
    /// ToInt8 (§7.1.10).
    pub fn to_int8(&self, v: Value) -> JsResult<i8> {
        self.to_int32(v).map(|i| i as i8)
    }
    /// ToUint8 (§7.1.11).
    pub fn to_uint8(&self, v: Value) -> JsResult<u8> {
        self.to_int32(v).map(|i| i as u8)
    }
    /// ToUint8Clamp (§7.1.12).
    pub fn to_uint8_clamp(&self, v: Value) -> JsResult<u8> {
        self.to_number(v).map(number::to_uint8_clamp)
    }

    /// ToIntegerOrInfinity (§7.1.5); never −0.
    #[inline]
    pub fn to_integer_or_infinity(&self, v: Value) -> JsResult<f64> {
        if v.is_int32() { Ok(v.as_int32() as f64) } else { self.to_number(v).map(number::to_integer_or_infinity) }
    }

    /// ToLength (§7.1.20), at most 2^53 − 1.
    #[inline]
    pub fn to_length(&self, v: Value) -> JsResult<u64> {
        Ok(self.to_integer_or_infinity(v)?.clamp(0.0, MAX_SAFE_INTEGER) as u64)
    }

    /// ToIndex (§7.1.22), at most 2^53 − 1; RangeError outside.
    pub fn to_index(&self, v: Value) -> JsResult<u64> {
        let integer = self.to_integer_or_infinity(v)?;
        if (0.0..=MAX_SAFE_INTEGER).contains(&integer) {
            Ok(integer as u64)
        } else {
            Err(self.throw_range(format_args!("Invalid index: not an integer from 0 to 2^53 - 1")))
        }
    }

    /// A relative index as the methods of arrays and strings take it (`slice`, `at`, `fill` …): `v` counts from the end if negative, and is
    /// clamped to `0..=length`.
    pub fn to_relative_index(&self, v: Value, length: u64) -> JsResult<u64> {
        let relative = self.to_integer_or_infinity(v)?;
        let length_number = length as f64;
        Ok(if relative < 0.0 { (length_number + relative).max(0.0) as u64 } else { relative.min(length_number) as u64 })
    }

    /// As [`Context::to_relative_index`], with `undefined` meaning the length.
    pub fn to_relative_end(&self, v: Value, length: u64) -> JsResult<u64> {
        if v.is_undefined() { Ok(length) } else { self.to_relative_index(v, length) }
    }
}

/// BigInts.
impl Context {
    /// ToBigInt (§7.1.13).
    pub fn to_bigint(&self, v: Value) -> JsResult<Gc<BigInt>> {
        let v = if v.is_object() { self.to_primitive(v, Hint::Number)? } else { v };
        if let Some(b) = v.as_bigint() {
            return Ok(b);
        }
        if v.is_boolean() {
            return Ok(self.bigint_from_i64(v.is_true() as i64));
        }
        if let Some(s) = v.as_string() {
            return match self.string_to_bigint(s)? {
                Some(b) => Ok(b),
                None => Err(self.throw_syntax(format_args!("Cannot convert {} to a BigInt", self.describe(v)))),
            };
        }
        Err(self.throw_type(format_args!("Cannot convert {} to a BigInt", self.describe(v))))
    }

    /// ToBigInt64 (§7.1.15).
    pub fn to_big_int64(&self, v: Value) -> JsResult<i64> {
        self.to_bigint(v).map(Gc::<BigInt>::to_i64_wrapping)
    }

    /// ToBigUint64 (§7.1.16).
    pub fn to_big_uint64(&self, v: Value) -> JsResult<u64> {
        self.to_bigint(v).map(Gc::<BigInt>::to_u64_wrapping)
    }
}

/// Strings.
impl Context {
    /// ToString (§7.1.17).
    #[inline]
    pub fn to_string(&self, v: Value) -> JsResult<Gc<JsString>> {
        if let Some(s) = v.as_string() {
            return Ok(s);
        }
        if v.is_int32() {
            return Ok(self.string_from_i32(v.as_int32()));
        }
        self.to_string_slow(v)
    }

    fn to_string_slow(&self, v: Value) -> JsResult<Gc<JsString>> {
        let v = if v.is_object() { self.to_primitive(v, Hint::String)? } else { v };
        if let Some(s) = v.as_string() {
            return Ok(s);
        }
        if v.is_number() {
            return Ok(self.string_from_number(v.as_number()));
        }
        if let Some(b) = v.as_bigint() {
            return self.bigint_to_string(b, 10);
        }
        if v.is_symbol() {
            return Err(self.throw_symbol_to_string());
        }
        Ok(self.name_string(match v {
            Value::NULL => names::NULL,
            Value::TRUE => names::TRUE,
            Value::FALSE => names::FALSE,
            _ => names::UNDEFINED,
        }))
    }

    #[cold]
    fn throw_symbol_to_string(&self) -> Throw {
        self.throw_type(format_args!("Cannot convert a Symbol value to a string"))
    }

    /// Number::toString (§6.1.6.1.20) in a radix from 2 to 36.
    pub fn number_to_string_radix(&self, n: f64, radix: u32) -> Gc<JsString> {
        if radix == 10 {
            self.string_from_number(n)
        } else {
            self.string_from_utf8(&number::format::to_radix(n, radix))
        }
    }

    /// The result of `typeof` (§13.5.3), as a row of the table of names.
    pub fn type_name(&self, v: Value) -> Name {
        if v.is_number() {
            return names::NUMBER;
        }
        if v.is_boolean() {
            return names::BOOLEAN;
        }
        if v.is_null() {
            return names::OBJECT;
        }
        match v.kind() {
            None => names::UNDEFINED,
            Some(kind) if kind.is_string() => names::STRING,
            Some(Kind::Symbol) => names::SYMBOL,
            Some(Kind::BigInt) => names::BIGINT,
            Some(_) if v.as_object().is_some_and(|o| o.is_callable()) => names::FUNCTION,
            Some(_) => names::OBJECT,
        }
    }

    /// The result of `typeof` (§13.5.3).
    pub fn type_of(&self, v: Value) -> Gc<JsString> {
        self.name_string(self.type_name(v))
    }
}

/// Equality and order.
impl Context {
    /// IsStrictlyEqual (§7.2.15). Fails only where a large rope cannot be flattened.
    #[inline]
    pub fn strictly_equal(&self, a: Value, b: Value) -> JsResult<bool> {
        if a == b {
            return Ok(a != Value::NAN);
        }
        if a.is_number() {
            return Ok(b.is_number() && a.as_number() == b.as_number());
        }
        self.equal_cells(a, b)
    }

    /// Equality of different words that are no numbers: texts and BigInts are compared by value.
    fn equal_cells(&self, a: Value, b: Value) -> JsResult<bool> {
        if let (Some(a), Some(b)) = (a.as_string(), b.as_string()) {
            return a.equals(self, b);
        }
        if let (Some(a), Some(b)) = (a.as_bigint(), b.as_bigint()) {
            return Ok(a.equals(b));
        }
        Ok(false)
    }

    /// SameValue (§7.2.9): NaN is itself, 0 and −0 differ.
    pub fn same_value(&self, a: Value, b: Value) -> JsResult<bool> {
        if a.is_number() && b.is_number() {
            let (a, b) = (a.as_number(), b.as_number());
            return Ok(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
        }
        Ok(a == b || self.equal_cells(a, b)?)
    }

    /// SameValueZero (§7.2.10): NaN is itself, 0 and −0 are equal.
    pub fn same_value_zero(&self, a: Value, b: Value) -> JsResult<bool> {
        if a.is_number() && b.is_number() {
            let (a, b) = (a.as_number(), b.as_number());
            return Ok(a == b || (a.is_nan() && b.is_nan()));
        }
        Ok(a == b || self.equal_cells(a, b)?)
    }

    /// A hash that values equal by SameValueZero share, for Map and Set. `None` for objects: they hash by identity.
    pub fn primitive_hash(&self, v: Value) -> JsResult<Option<u32>> {
        if v.is_number() {
            // One word for each number: int32 where it is one, 0 for −0.
            let bits = Value::number(v.as_number() + 0.0).bits();
            return Ok(Some((bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32));
        }
        if let Some(s) = v.as_string() {
            return s.hash(self).map(Some);
        }
        Ok(match v.kind() {
            None => Some((v.bits() as u32).wrapping_mul(0x9e37_79b9)),
            Some(Kind::BigInt) => v.as_bigint().map(|b| b.hash()),
            Some(Kind::Symbol) => v.as_symbol().map(|s| s.hash.get()),
            Some(_) => None,
        })
    }

    /// IsLooselyEqual (§7.2.14).
    pub fn loosely_equal(&self, a: Value, b: Value) -> JsResult<bool> {
        let (mut a, mut b) = (a, b);
        loop {
            if a.is_nullish() || b.is_nullish() {
                return Ok(a.is_nullish() && b.is_nullish());
            }
            if a.is_object() != b.is_object() {
                // The other is a primitive; the object becomes one too, whatever that is.
                if a.is_object() {
                    a = self.to_primitive(a, Hint::Default)?;
                } else {
                    b = self.to_primitive(b, Hint::Default)?;
                }
                continue;
            }
            let same_type = (a.is_number() && b.is_number())
                || (a.is_boolean() && b.is_boolean())
                || (a.is_cell() && b.is_cell() && type_class(a) == type_class(b));
            if same_type || a.is_symbol() || b.is_symbol() {
                return self.strictly_equal(a, b);
            }
            // Left are pairs of different types among Boolean, Number, BigInt, String.
            if a.is_boolean() {
                a = Value::int32(a.is_true() as i32);
                continue;
            }
            if b.is_boolean() {
                b = Value::int32(b.is_true() as i32);
                continue;
            }
            return Ok(self.compare_mixed(a, b)? == Some(Ordering::Equal));
        }
    }

    /// Order of two primitives of different types among Number, BigInt and String, where a string is converted to what the other is;
    /// `None` if they are not comparable.
    fn compare_mixed(&self, a: Value, b: Value) -> JsResult<Option<Ordering>> {
        if let Some(big) = a.as_bigint() {
            return Ok(match b.as_string() {
                Some(s) => self.compare_bigint_with_string(big, s)?,
                None => big.compare_number(b.as_number()),
            });
        }
        if let Some(big) = b.as_bigint() {
            let order = match a.as_string() {
                Some(s) => self.compare_bigint_with_string(big, s)?,
                None => big.compare_number(a.as_number()),
            };
            return Ok(order.map(Ordering::reverse));
        }
        Ok(self.primitive_to_number(a)?.partial_cmp(&self.primitive_to_number(b)?))
    }

    fn compare_bigint_with_string(&self, big: Gc<BigInt>, s: Gc<JsString>) -> JsResult<Option<Ordering>> {
        // A text beyond the largest BigInt is an error where a BigInt is made of it; compared, it is only very large.
        match crate::bigint::text::parse(s.chars(self)?) {
            Ok(parsed) => {
                let other = self.bigint_from_limbs(&parsed.limbs, parsed.negative)?;
                Ok(Some(big.compare(other)))
            }
            Err(crate::bigint::text::ParseError::Syntax) => Ok(None),
            Err(crate::bigint::text::ParseError::TooLarge) => {
                let negative = s.chars(self)?.trim().get(0) == Some(b'-' as u16);
                Ok(Some(if negative { Ordering::Greater } else { Ordering::Less }))
            }
        }
    }

    /// IsLessThan (§7.2.13): whether `a < b`; `None` is undefined (a NaN, or a string that is no BigInt). `left_first` is the
    /// order in which objects are converted.
    pub fn is_less_than(&self, a: Value, b: Value, left_first: bool) -> JsResult<Option<bool>> {
        Ok(self.order(a, b, left_first)?.map(Ordering::is_lt))
    }

    fn order(&self, a: Value, b: Value, left_first: bool) -> JsResult<Option<Ordering>> {
        if a.is_number() && b.is_number() {
            return Ok(a.as_number().partial_cmp(&b.as_number()));
        }
        let (a, b) = if left_first {
            let a = self.to_primitive(a, Hint::Number)?;
            (a, self.to_primitive(b, Hint::Number)?)
        } else {
            let b = self.to_primitive(b, Hint::Number)?;
            (self.to_primitive(a, Hint::Number)?, b)
        };
        if let (Some(a), Some(b)) = (a.as_string(), b.as_string()) {
            return a.compare(self, b).map(Some);
        }
        if let (Some(a), Some(b)) = (a.as_bigint(), b.as_bigint()) {
            return Ok(Some(a.compare(b)));
        }
        let bigint_and_string = (a.is_bigint() && b.is_string()) || (a.is_string() && b.is_bigint());
        if bigint_and_string {
            return self.compare_mixed(a, b);
        }
        // ToNumeric of both, in this order (both are primitives, but symbols throw).
        let number = |v: Value| if v.is_bigint() { Ok(v) } else { self.primitive_to_number(v).map(Value::double) };
        let (a, b) = (number(a)?, number(b)?);
        self.compare_mixed(a, b)
    }

    /// The operator `<` for any operands.
    pub fn less_slow(&self, a: Value, b: Value) -> JsResult<bool> {
        Ok(self.order(a, b, true)?.is_some_and(Ordering::is_lt))
    }
    /// The operator `<=` for any operands.
    pub fn less_equal_slow(&self, a: Value, b: Value) -> JsResult<bool> {
        Ok(self.order(a, b, true)?.is_some_and(Ordering::is_le))
    }
    /// The operator `>` for any operands.
    pub fn greater_slow(&self, a: Value, b: Value) -> JsResult<bool> {
        Ok(self.order(a, b, true)?.is_some_and(Ordering::is_gt))
    }
    /// The operator `>=` for any operands.
    pub fn greater_equal_slow(&self, a: Value, b: Value) -> JsResult<bool> {
        Ok(self.order(a, b, true)?.is_some_and(Ordering::is_ge))
    }
}

/// A number for the type of a cell as IsLooselyEqual tells types apart.
fn type_class(v: Value) -> u8 {
    if v.is_object() {
        0
    } else if v.is_string() {
        1
    } else if v.is_bigint() {
        2
    } else {
        3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    fn text(cx: &Context, s: &str) -> Value {
        cx.string_from_utf8(s).into()
    }

    fn big(cx: &Context, i: i64) -> Value {
        cx.bigint_from_i64(i).into()
    }

    #[test]
    fn truth() {
        let cx = context();
        for v in [
            Value::UNDEFINED,
            Value::NULL,
            Value::FALSE,
            Value::ZERO,
            Value::double(-0.0),
            Value::NAN,
            text(&cx, ""),
            big(&cx, 0),
        ] {
            assert!(!v.to_boolean(), "{v:?}");
        }
        let symbol = cx.new_symbol(Value::UNDEFINED).into();
        for v in [Value::TRUE, Value::int32(-1), Value::double(0.1), text(&cx, "0"), big(&cx, -1), symbol] {
            assert!(v.to_boolean(), "{v:?}");
        }
    }

    #[test]
    fn numbers_of_primitives() {
        let cx = context();
        assert_eq!(cx.to_number(Value::NULL), Ok(0.0));
        assert_eq!(cx.to_number(Value::TRUE), Ok(1.0));
        assert!(cx.to_number(Value::UNDEFINED).unwrap().is_nan());
        assert_eq!(cx.to_number(text(&cx, " 0x10 ")), Ok(16.0));
        assert_eq!(cx.to_int32(text(&cx, "4294967297")), Ok(1));
        assert_eq!(cx.to_uint16(Value::int32(-1)), Ok(0xFFFF));
        assert_eq!(cx.to_length(Value::int32(-5)), Ok(0));
        assert_eq!(cx.to_length(Value::double(1e300)), Ok((1 << 53) - 1));
        assert_eq!(cx.to_relative_index(Value::int32(-2), 5), Ok(3));
        assert_eq!(cx.to_relative_index(Value::double(f64::NEG_INFINITY), 5), Ok(0));
        assert_eq!(cx.to_relative_end(Value::UNDEFINED, 5), Ok(5));
        assert_eq!(cx.to_relative_end(Value::int32(9), 5), Ok(5));
        for v in [cx.new_symbol(Value::UNDEFINED).into(), big(&cx, 1)] {
            assert!(cx.to_number(v).is_err());
            cx.take_exception();
        }
        assert!(cx.to_index(Value::int32(-1)).is_err());
        cx.take_exception();
        assert_eq!(cx.to_index(Value::UNDEFINED), Ok(0));
        assert_eq!(cx.to_big_int64(text(&cx, "18446744073709551615")), Ok(-1));
        for v in [Value::int32(1), Value::UNDEFINED, text(&cx, "1.5")] {
            assert!(cx.to_bigint(v).is_err());
            cx.take_exception();
        }
    }

    #[test]
    fn strings_of_primitives() {
        let cx = context();
        for (v, s) in [
            (Value::UNDEFINED, "undefined"),
            (Value::NULL, "null"),
            (Value::TRUE, "true"),
            (Value::double(1.5), "1.5"),
            (Value::int32(-3), "-3"),
            (big(&cx, -12), "-12"),
            (text(&cx, "x"), "x"),
        ] {
            assert_eq!(cx.to_string(v).unwrap().to_rust(&cx), s);
        }
        assert!(cx.to_string(cx.new_symbol(Value::UNDEFINED).into()).is_err());
        cx.take_exception();
        assert_eq!(cx.type_of(Value::NULL).to_rust(&cx), "object");
        assert_eq!(cx.type_of(big(&cx, 1)).to_rust(&cx), "bigint");
        assert_eq!(cx.type_of(Value::UNDEFINED).to_rust(&cx), "undefined");
        assert_eq!(cx.number_to_string_radix(255.0, 16).to_rust(&cx), "ff");
    }

    #[test]
    fn keys() {
        let cx = context();
        let index = |v| cx.to_property_key(v).unwrap().as_index();
        assert_eq!(index(Value::int32(7)), Some(7));
        assert_eq!(index(Value::double(-0.0)), Some(0));
        assert_eq!(index(Value::double(4294967294.0)), Some(u32::MAX - 1));
        assert_eq!(index(Value::double(4294967295.0)), None);
        assert_eq!(index(text(&cx, "4294967294")), Some(u32::MAX - 1));
        assert_eq!(index(Value::int32(-1)), None);
        assert_eq!(cx.to_property_key(Value::int32(-1)), cx.to_property_key(text(&cx, "-1")));
        assert_eq!(cx.to_property_key(Value::NAN).unwrap().display(&cx), "NaN");
        let numeric = |s: &str| cx.canonical_numeric_index(cx.key_from_utf8(s));
        assert_eq!(numeric("1.5"), Some(1.5));
        assert_eq!(numeric("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
        assert_eq!(numeric("Infinity"), Some(f64::INFINITY));
        assert_eq!(numeric("4294967295"), Some(4294967295.0));
        assert!(numeric("NaN").is_some_and(f64::is_nan));
        for s in ["1.50", "+1", "1e3", "foo", "00", "Infinit"] {
            assert_eq!(numeric(s), None, "{s:?}");
        }
    }

    #[test]
    fn kinds_of_equality() {
        let cx = context();
        let s = cx.string_from_utf8("equal text").into();
        let t = text(&cx, "equal text");
        let (zero, minus_zero) = (Value::ZERO, Value::double(-0.0));
        // (a, b, ==, ===, SameValue, SameValueZero)
        for (a, b, loose, strict, same, same_zero) in [
            (Value::NAN, Value::NAN, false, false, true, true),
            (zero, minus_zero, true, true, false, true),
            (Value::int32(1), Value::double(1.0), true, true, true, true),
            (s, t, true, true, true, true),
            (Value::NULL, Value::UNDEFINED, true, false, false, false),
            (Value::NULL, Value::ZERO, false, false, false, false),
            (Value::FALSE, text(&cx, ""), true, false, false, false),
            (Value::int32(1), text(&cx, "1"), true, false, false, false),
            (big(&cx, 1), Value::int32(1), true, false, false, false),
            (big(&cx, 1), text(&cx, "0x1"), true, false, false, false),
            (big(&cx, 1), text(&cx, "1n"), false, false, false, false),
            (big(&cx, 7), big(&cx, 7), true, true, true, true),
            (Value::TRUE, big(&cx, 1), true, false, false, false),
            (Value::TRUE, Value::TRUE, true, true, true, true),
        ] {
            for (a, b) in [(a, b), (b, a)] {
                assert_eq!(cx.loosely_equal(a, b), Ok(loose), "{a:?} == {b:?}");
                assert_eq!(cx.strictly_equal(a, b), Ok(strict), "{a:?} === {b:?}");
                assert_eq!(cx.same_value(a, b), Ok(same), "SameValue {a:?} {b:?}");
                assert_eq!(cx.same_value_zero(a, b), Ok(same_zero), "SameValueZero {a:?} {b:?}");
                if same_zero {
                    assert_eq!(cx.primitive_hash(a), cx.primitive_hash(b));
                }
            }
        }
        let symbol = cx.new_symbol(Value::UNDEFINED).into();
        assert_eq!(cx.loosely_equal(symbol, Value::int32(1)), Ok(false));
        assert_eq!(cx.loosely_equal(symbol, symbol), Ok(true));
    }

    #[test]
    fn relations() {
        let cx = context();
        let relations = |a, b| {
            [cx.less_slow(a, b), cx.less_equal_slow(a, b), cx.greater_slow(a, b), cx.greater_equal_slow(a, b)]
                .map(Result::unwrap)
        };
        const LESS: [bool; 4] = [true, true, false, false];
        const EQUAL: [bool; 4] = [false, true, false, true];
        const NEITHER: [bool; 4] = [false; 4];
        for (a, b, expected) in [
            (Value::int32(1), Value::int32(2), LESS),
            (Value::NAN, Value::int32(2), NEITHER),
            (text(&cx, "10"), text(&cx, "9"), LESS),
            (Value::int32(9), text(&cx, "10"), LESS),
            (Value::UNDEFINED, Value::int32(0), NEITHER),
            (Value::NULL, Value::int32(0), EQUAL),
            (big(&cx, 1), Value::double(1.5), LESS),
            (big(&cx, 2), text(&cx, "3"), LESS),
            (big(&cx, 2), text(&cx, "x"), NEITHER),
            (big(&cx, 2), text(&cx, "2.5"), NEITHER),
            (big(&cx, 1), Value::TRUE, EQUAL),
            (big(&cx, 1), Value::UNDEFINED, NEITHER),
        ] {
            assert_eq!(relations(a, b), expected, "{a:?} {b:?}");
        }
        assert!(cx.less_slow(cx.new_symbol(Value::UNDEFINED).into(), Value::ZERO).is_err());
        cx.take_exception();
        assert_eq!(cx.is_less_than(Value::NAN, Value::ZERO, true), Ok(None));
    }
}
