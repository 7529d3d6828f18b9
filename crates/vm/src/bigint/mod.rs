//! BigInt: sign and magnitude, 64-bit limbs inside the cell. (Signatures; bodies follow.)
use crate::cell::{CellHeader, Gc};
use crate::context::Context;
use crate::error::JsResult;
use crate::value::Value;
use std::cell::Cell;

/// Header (flags bit 0: negative) | length u32 | capacity u32 | limbs, least significant first.
/// Normalised: no leading zero limb; zero has no limbs and no sign. The collector sizes the cell by `capacity`.
#[repr(C)]
pub struct BigInt {
    pub header: CellHeader,
    pub length: Cell<u32>,
    pub capacity: Cell<u32>,
}

impl Gc<BigInt> {
    pub fn is_zero(self) -> bool { self.length.get() == 0 }
    pub fn is_negative(self) -> bool { self.header.flags.get() & 1 != 0 }
}

impl Context {
    pub fn bigint_from_i64(&self, _i: i64) -> Gc<BigInt> { todo!() }
    pub fn bigint_from_u64(&self, _i: u64) -> Gc<BigInt> { todo!() }
    pub fn bigint_to_string(&self, _b: Gc<BigInt>, _radix: u32) -> JsResult<Gc<crate::string::JsString>> { todo!() }
    pub fn bigint_as_int_n(&self, _bits: u64, _b: Gc<BigInt>) -> JsResult<Gc<BigInt>> { todo!() }
    pub fn bigint_as_uint_n(&self, _bits: u64, _b: Gc<BigInt>) -> JsResult<Gc<BigInt>> { todo!() }
    /// BigInt(v) for a number (NumberToBigInt, §21.2.1.1.1): RangeError unless integral.
    pub fn number_to_bigint(&self, _n: f64) -> JsResult<Gc<BigInt>> { todo!() }
    /// Numeric literal text as bytecode carries it (decimal, 0x, 0o, 0b; no suffix n).
    pub fn bigint_from_literal(&self, _text: &str) -> JsResult<Gc<BigInt>> { todo!() }
}
#[allow(unused)]
fn unused(_: Value) {}
