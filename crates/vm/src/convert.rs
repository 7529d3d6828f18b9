//! Conversions and comparisons of values (ECMA-262 §7.1, §7.2). (Signatures; bodies follow.)
use crate::bigint::BigInt;
use crate::cell::Gc;
use crate::context::Context;
use crate::error::JsResult;
use crate::string::JsString;
use crate::value::Value;

/// Preferred type of ToPrimitive (§7.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hint { Default, Number, String }

/// The result of ToNumeric (§7.1.3).
#[derive(Clone, Copy)]
pub enum Numeric { Number(f64), BigInt(Gc<BigInt>) }

impl Value {
    /// ToBoolean (§7.1.2).
    pub fn to_boolean(self) -> bool { todo!() }
}

impl Context {
    pub fn to_number(&self, _v: Value) -> JsResult<f64> { todo!() }
    pub fn to_numeric(&self, _v: Value) -> JsResult<Numeric> { todo!() }
    pub fn to_int32(&self, _v: Value) -> JsResult<i32> { todo!() }
    pub fn to_uint32(&self, _v: Value) -> JsResult<u32> { todo!() }
    pub fn to_int16(&self, _v: Value) -> JsResult<i16> { todo!() }
    pub fn to_uint16(&self, _v: Value) -> JsResult<u16> { todo!() }
    pub fn to_int8(&self, _v: Value) -> JsResult<i8> { todo!() }
    pub fn to_uint8(&self, _v: Value) -> JsResult<u8> { todo!() }
    pub fn to_uint8_clamp(&self, _v: Value) -> JsResult<u8> { todo!() }
    pub fn to_integer_or_infinity(&self, _v: Value) -> JsResult<f64> { todo!() }
    /// ToLength (§7.1.20), at most 2^53 − 1.
    pub fn to_length(&self, _v: Value) -> JsResult<u64> { todo!() }
    /// ToIndex (§7.1.22), at most 2^53 − 1; RangeError outside.
    pub fn to_index(&self, _v: Value) -> JsResult<u64> { todo!() }
    pub fn to_string(&self, _v: Value) -> JsResult<Gc<JsString>> { todo!() }
    pub fn to_bigint(&self, _v: Value) -> JsResult<Gc<BigInt>> { todo!() }
    pub fn to_big_int64(&self, _v: Value) -> JsResult<i64> { todo!() }
    pub fn to_big_uint64(&self, _v: Value) -> JsResult<u64> { todo!() }
    pub fn string_from_number(&self, _n: f64) -> Gc<JsString> { todo!() }
    pub fn string_from_i32(&self, _n: i32) -> Gc<JsString> { todo!() }
    pub fn string_from_u32(&self, _n: u32) -> Gc<JsString> { todo!() }
    /// The result of `typeof`.
    pub fn type_of(&self, _v: Value) -> Gc<JsString> { todo!() }
    pub fn strictly_equal(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
    pub fn loosely_equal(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
    pub fn same_value(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
    pub fn same_value_zero(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
    /// Hash compatible with SameValueZero (Map, Set). Objects: identity hash by the caller.
    pub fn primitive_hash(&self, _v: Value) -> JsResult<u32> { todo!() }
    /// IsLessThan (§7.2.12): `None` is undefined (a NaN).
    pub fn is_less_than(&self, _a: Value, _b: Value, _left_first: bool) -> JsResult<Option<bool>> { todo!() }
    // The operators `<`, `<=`, `>`, `>=`.
    pub fn less_slow(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
    pub fn less_equal_slow(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
    pub fn greater_slow(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
    pub fn greater_equal_slow(&self, _a: Value, _b: Value) -> JsResult<bool> { todo!() }
}
