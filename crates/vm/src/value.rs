//! The 64-bit value: one NaN-boxed word, JSC's way.
//!
//! ```text
//!   pointer   0000 pppp pppp pppp      a heap cell, usable with no untagging (8-byte aligned)
//!   empty     0000 0000 0000 0000      no JavaScript value: a hole, an uninitialised binding
//!   null      0000 0000 0000 0002
//!   false     0000 0000 0000 0006
//!   true      0000 0000 0000 0007
//!   undefined 0000 0000 0000 000a
//!   double    0002 … fffc              the IEEE bits plus 2^49
//!   int32     fffe 0000 iiii iiii
//! ```
//!
//! Why: pointers are the most frequent payload of an object language, so they cost nothing to use; one
//! comparison tells int32 (`v >= INT32_TAG`); one mask tells a cell.
//!
//! Invariants:
//! - −0 and NaN are never int32; a NaN is always the canonical one, so no bit pattern read from a typed
//!   array can forge a pointer ([`Value::double`] canonicalises).
//! - An integral double that fits int32 *may* stay a double: equality of numbers is never equality of bits.
//!   [`Value::number`] normalises and is what producers of results use.

use crate::cell::{Cell64, Gc, Kind};
use crate::object::Object;
use crate::string::JsString;

/// A JavaScript value, or `empty`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Value(u64);

/// Tag of int32 values: all of the top 15 bits set.
pub const INT32_TAG: u64 = 0xfffe_0000_0000_0000;
/// Added to the bits of a double.
pub const DOUBLE_OFFSET: u64 = 1 << 49;
/// A value is a cell or empty iff none of these bits is set.
pub const NOT_CELL_MASK: u64 = INT32_TAG | 2;

impl Value {
    pub const EMPTY: Value = Value(0);
    pub const NULL: Value = Value(2);
    pub const FALSE: Value = Value(6);
    pub const TRUE: Value = Value(7);
    pub const UNDEFINED: Value = Value(10);
    pub const NAN: Value = Value(0x7ff8_0000_0000_0000 + DOUBLE_OFFSET);
    pub const ZERO: Value = Value(INT32_TAG);

    /// The raw word.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// A value from its raw word, which must have come from [`Value::bits`].
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Value {
        Value(bits)
    }

    #[inline(always)]
    pub const fn int32(i: i32) -> Value {
        Value(INT32_TAG | i as u32 as u64)
    }

    #[inline(always)]
    pub const fn boolean(b: bool) -> Value {
        Value(6 | b as u64)
    }

    /// A double, kept as a double whatever its value. NaNs are canonicalised.
    #[inline(always)]
    pub fn double(d: f64) -> Value {
        if d.is_nan() { Value::NAN } else { Value(d.to_bits() + DOUBLE_OFFSET) }
    }

    /// A number in its preferred form: int32 where it is one (never for −0), else a double.
    #[inline(always)]
    pub fn number(d: f64) -> Value {
        let i = d as i32;
        // −0 compares equal to 0, so its sign has to be looked at.
        if i as f64 == d && (i != 0 || d.to_bits() == 0) { Value::int32(i) } else { Value::double(d) }
    }

    /// An unsigned integer as a number.
    #[inline(always)]
    pub fn uint32(u: u32) -> Value {
        if u <= i32::MAX as u32 { Value::int32(u as i32) } else { Value::double(u as f64) }
    }

    /// A length or index as a number (exact up to 2^53).
    #[inline(always)]
    pub fn length(n: usize) -> Value {
        if n <= i32::MAX as usize { Value::int32(n as i32) } else { Value::double(n as f64) }
    }

    #[inline(always)]
    pub fn cell<T>(cell: Gc<T>) -> Value {
        Value(cell.addr() as u64)
    }

    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    #[inline(always)]
    pub const fn is_undefined(self) -> bool {
        self.0 == Value::UNDEFINED.0
    }
    #[inline(always)]
    pub const fn is_null(self) -> bool {
        self.0 == Value::NULL.0
    }
    /// `undefined` or `null`.
    #[inline(always)]
    pub const fn is_nullish(self) -> bool {
        self.0 & !8 == 2
    }
    #[inline(always)]
    pub const fn is_boolean(self) -> bool {
        self.0 & !1 == 6
    }
    #[inline(always)]
    pub const fn is_true(self) -> bool {
        self.0 == Value::TRUE.0
    }
    #[inline(always)]
    pub const fn is_false(self) -> bool {
        self.0 == Value::FALSE.0
    }
    #[inline(always)]
    pub const fn is_int32(self) -> bool {
        self.0 >= INT32_TAG
    }
    #[inline(always)]
    pub const fn is_number(self) -> bool {
        self.0 & INT32_TAG != 0
    }
    #[inline(always)]
    pub const fn is_double(self) -> bool {
        self.is_number() && !self.is_int32()
    }
    /// A heap cell of any kind (and not empty).
    #[inline(always)]
    pub const fn is_cell(self) -> bool {
        self.0 & NOT_CELL_MASK == 0 && self.0 != 0
    }

    /// The int32 payload; meaningful only when [`Value::is_int32`].
    #[inline(always)]
    pub const fn as_int32(self) -> i32 {
        self.0 as u32 as i32
    }
    /// The double payload; meaningful only when [`Value::is_double`].
    #[inline(always)]
    pub fn as_double(self) -> f64 {
        f64::from_bits(self.0.wrapping_sub(DOUBLE_OFFSET))
    }
    /// The number; meaningful only when [`Value::is_number`].
    #[inline(always)]
    pub fn as_number(self) -> f64 {
        if self.is_int32() { self.as_int32() as f64 } else { self.as_double() }
    }
    #[inline(always)]
    pub const fn as_boolean(self) -> bool {
        self.0 & 1 != 0
    }
    /// The cell; meaningful only when [`Value::is_cell`].
    #[inline(always)]
    pub fn as_cell(self) -> Gc<Cell64> {
        debug_assert!(self.is_cell());
        // SAFETY: a cell value is the non-zero address of a live cell (the encoding above).
        unsafe { Gc::from_addr(self.0 as usize) }
    }

    /// The kind of the cell, or `None` for immediates.
    #[inline(always)]
    pub fn kind(self) -> Option<Kind> {
        if self.is_cell() { Some(self.as_cell().kind()) } else { None }
    }
    #[inline(always)]
    pub fn is_object(self) -> bool {
        self.is_cell() && self.as_cell().kind().is_object()
    }
    #[inline(always)]
    pub fn is_string(self) -> bool {
        self.is_cell() && self.as_cell().kind().is_string()
    }
    #[inline(always)]
    pub fn is_symbol(self) -> bool {
        self.is_cell() && self.as_cell().kind() == Kind::Symbol
    }
    #[inline(always)]
    pub fn is_bigint(self) -> bool {
        self.is_cell() && self.as_cell().kind() == Kind::BigInt
    }
    #[inline(always)]
    pub fn as_object(self) -> Option<Gc<Object>> {
        // SAFETY: the kind was checked.
        if self.is_object() { Some(unsafe { self.as_cell().cast() }) } else { None }
    }
    #[inline(always)]
    pub fn as_string(self) -> Option<Gc<JsString>> {
        // SAFETY: the kind was checked.
        if self.is_string() { Some(unsafe { self.as_cell().cast() }) } else { None }
    }
    /// The cell as a `T`, when its kind is `kind`.
    #[inline(always)]
    pub fn as_kind<T>(self, kind: Kind) -> Option<Gc<T>> {
        // SAFETY: the kind was checked; each kind has one Rust layout (see `cell::Kind`).
        if self.is_cell() && self.as_cell().kind() == kind { Some(unsafe { self.as_cell().cast() }) } else { None }
    }
}

impl<T> From<Gc<T>> for Value {
    #[inline(always)]
    fn from(cell: Gc<T>) -> Value {
        Value::cell(cell)
    }
}

impl From<bool> for Value {
    #[inline(always)]
    fn from(b: bool) -> Value {
        Value::boolean(b)
    }
}

impl From<i32> for Value {
    #[inline(always)]
    fn from(i: i32) -> Value {
        Value::int32(i)
    }
}

impl From<f64> for Value {
    #[inline(always)]
    fn from(d: f64) -> Value {
        Value::number(d)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Value::EMPTY => f.write_str("empty"),
            Value::NULL => f.write_str("null"),
            Value::UNDEFINED => f.write_str("undefined"),
            v if v.is_boolean() => write!(f, "{}", v.as_boolean()),
            v if v.is_int32() => write!(f, "{}", v.as_int32()),
            v if v.is_number() => write!(f, "{:?}", v.as_double()),
            v if v.is_cell() => write!(f, "{:?}@{:#x}", v.as_cell().kind(), v.bits()),
            v => write!(f, "raw {:#x}", v.bits()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_zero_and_nan_are_never_int32() {
        assert!(!Value::number(-0.0).is_int32());
        assert!(Value::number(-0.0).as_double().is_sign_negative());
        assert!(!Value::number(f64::NAN).is_int32());
        assert!(Value::number(0.0).is_int32());
        assert_eq!(Value::number(-1.0), Value::int32(-1));
        assert!(Value::number(2147483648.0).is_double());
    }

    #[test]
    fn every_nan_becomes_the_canonical_one() {
        let forged = f64::from_bits(0xffff_ffff_ffff_1234);
        assert_eq!(Value::double(forged), Value::NAN);
        assert!(Value::double(forged).is_number());
    }

    #[test]
    fn the_tags_do_not_overlap() {
        for d in [0.5, -0.5, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE] {
            let v = Value::double(d);
            assert!(v.is_double() && !v.is_int32() && !v.is_cell() && !v.is_nullish() && !v.is_boolean());
            assert_eq!(v.as_double(), d);
        }
        for i in [0, 1, -1, i32::MAX, i32::MIN] {
            let v = Value::int32(i);
            assert!(v.is_int32() && v.is_number() && !v.is_double() && !v.is_cell());
            assert_eq!(v.as_int32(), i);
        }
        assert!(Value::NULL.is_nullish() && Value::UNDEFINED.is_nullish());
        assert!(!Value::FALSE.is_nullish() && !Value::EMPTY.is_nullish());
    }
}
