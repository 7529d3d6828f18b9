//! Value types.
//!
//! A type is one byte: the lane type in the low four bits, the vector width in the next two. Scalars have width 0.
//!
//! * `i8 i16 i32 i64`: integers without a sign; ops decide how to read them. A boolean is an `i8` that is 0 or 1.
//! * `f32 f64`: IEEE 754. Arithmetic leaves the payload and sign of a NaN result unspecified; `fcanon` makes it canonical.
//! * `ptr`: 64 bits, a machine address. One that is derived from a `tagged` base (see the verifier's rule `derived`) may be
//!   rebased by the collector together with its base.
//! * `tagged`: 64 bits, a NaN-boxed JavaScript value that the collector traces and may move.
//! * `i32x4`, `f64x8`, …: vectors of 128, 256 or 512 bits over the integer and float lanes.

use std::fmt;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Type(u8);

const LANE_NAMES: [&str; 9] = ["void", "i8", "i16", "i32", "i64", "f32", "f64", "ptr", "tagged"];
const LANE_BITS: [u32; 9] = [0, 8, 16, 32, 64, 32, 64, 64, 64];

impl Type {
    /// No type: what `ty` holds in instructions that have no controlling type.
    pub const VOID: Type = Type(0);
    /// 8-bit integer; also booleans.
    pub const I8: Type = Type(1);
    /// 16-bit integer.
    pub const I16: Type = Type(2);
    /// 32-bit integer.
    pub const I32: Type = Type(3);
    /// 64-bit integer.
    pub const I64: Type = Type(4);
    /// Single-precision float.
    pub const F32: Type = Type(5);
    /// Double-precision float.
    pub const F64: Type = Type(6);
    /// Machine address.
    pub const PTR: Type = Type(7);
    /// NaN-boxed JavaScript value.
    pub const TAGGED: Type = Type(8);
    /// Result type of comparisons.
    pub const BOOL: Type = Type::I8;

    /// Every type that a value can have.
    pub fn all() -> impl Iterator<Item = Type> {
        let scalars = (1..=8).map(Type);
        scalars.chain((1..=3).flat_map(|width| (1..=6).map(move |lane| Type(lane | width << 4))))
    }

    /// The vector of `bits` (128, 256 or 512) with lanes of this scalar type; `None` for lanes that have no vectors.
    pub fn vector(self, bits: u32) -> Option<Type> {
        let width = match bits {
            128 => 1,
            256 => 2,
            512 => 3,
            _ => return None,
        };
        (1..=6).contains(&self.0).then_some(Type(self.0 | width << 4))
    }

    /// The lane type of a vector; a scalar is its own lane.
    #[inline]
    pub fn lane(self) -> Type {
        Type(self.0 & 15)
    }

    /// How many lanes there are; 1 for scalars.
    #[inline]
    pub fn lanes(self) -> u32 {
        if self.is_vector() { self.bits() / self.lane_bits() } else { 1 }
    }

    /// Width of a lane in bits.
    #[inline]
    pub fn lane_bits(self) -> u32 {
        LANE_BITS[(self.0 & 15) as usize]
    }

    /// Width of the whole value in bits.
    #[inline]
    pub fn bits(self) -> u32 {
        match self.0 >> 4 {
            0 => self.lane_bits(),
            width => 64 << width,
        }
    }

    /// Width of the whole value in bytes.
    #[inline]
    pub fn bytes(self) -> u32 {
        self.bits() / 8
    }

    /// Whether this is a vector type.
    #[inline]
    pub fn is_vector(self) -> bool {
        self.0 >> 4 != 0
    }

    /// Whether this is a scalar integer type (not `ptr`, not `tagged`).
    #[inline]
    pub fn is_int(self) -> bool {
        matches!(self.0, 1..=4)
    }

    /// Whether this is a scalar float type.
    #[inline]
    pub fn is_float(self) -> bool {
        matches!(self.0, 5 | 6)
    }

    /// Whether the lanes are floats.
    #[inline]
    pub fn has_float_lanes(self) -> bool {
        self.lane().is_float()
    }

    /// Whether values live in general-purpose registers: integers, `ptr`, `tagged`.
    #[inline]
    pub fn is_general(self) -> bool {
        self.0 < 16 && !self.is_float() && self.0 != 0
    }

    /// The integer vector that a lane-wise comparison of this vector type yields: lanes of the same width, all ones or zero.
    pub fn mask(self) -> Type {
        let lane = match self.lane_bits() {
            8 => 1,
            16 => 2,
            32 => 3,
            _ => 4,
        };
        Type(lane | self.0 & 0xf0)
    }

    /// All ones in the low `lane_bits` bits: the mask that truncates a lane.
    #[inline]
    pub fn lane_mask(self) -> u64 {
        u64::MAX >> (64 - self.lane_bits())
    }

    /// [`Type::lane_mask`], and all ones where there is no type.
    #[inline]
    pub(crate) fn lane_mask_or_ones(self) -> u64 {
        if self == Type::VOID { u64::MAX } else { self.lane_mask() }
    }

    /// Index below 64, unique for each type: the bit of [`TypeSet`].
    #[inline]
    pub fn bit(self) -> u32 {
        self.0 as u32
    }

    /// The type with this index; the reverse of [`Type::bit`] for indices that it returned.
    #[inline]
    pub(crate) fn from_bit(bit: u8) -> Type {
        Type(bit)
    }

    /// The type with this name.
    pub fn from_name(name: &str) -> Option<Type> {
        Type::all().find(|ty| ty.to_string() == name)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(LANE_NAMES[(self.0 & 15) as usize])?;
        if self.is_vector() {
            write!(f, "x{}", self.lanes())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The value modulo the width of a scalar type, sign-extended: the form in which integer immediates are kept.
#[inline]
pub fn sign_extend(value: i64, ty: Type) -> i64 {
    let shift = 64 - ty.lane_bits();
    value << shift >> shift
}

/// A set of types, as the op table uses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeSet(u64);

impl TypeSet {
    /// The empty set: an op without a controlling type.
    pub const NONE: TypeSet = TypeSet(0);

    /// The set of the given types.
    pub const fn of(types: &[Type]) -> TypeSet {
        let mut bits = 0;
        let mut index = 0;
        while index < types.len() {
            bits |= 1 << types[index].0;
            index += 1;
        }
        TypeSet(bits)
    }

    /// All vectors whose lanes are in this set of scalars.
    pub const fn vectors(self) -> TypeSet {
        TypeSet(self.0 << 16 | self.0 << 32 | self.0 << 48)
    }

    /// Union.
    pub const fn or(self, other: TypeSet) -> TypeSet {
        TypeSet(self.0 | other.0)
    }

    /// Membership.
    #[inline]
    pub fn contains(self, ty: Type) -> bool {
        self.0 >> ty.0 & 1 == 1 && ty != Type::VOID
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The only member, if there is exactly one.
    pub fn single(self) -> Option<Type> {
        (self.0.count_ones() == 1).then(|| Type(self.0.trailing_zeros() as u8))
    }

    /// The members.
    pub fn iter(self) -> impl Iterator<Item = Type> {
        Type::all().filter(move |&ty| self.contains(ty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        assert_eq!(Type::all().count(), 8 + 18);
        for ty in Type::all() {
            assert_eq!(Type::from_name(&ty.to_string()), Some(ty));
        }
        assert_eq!(Type::I32.vector(256).unwrap().to_string(), "i32x8");
        assert_eq!(Type::F64.vector(512).unwrap().lanes(), 8);
        assert_eq!(Type::F32.vector(128).unwrap().mask().to_string(), "i32x4");
        assert_eq!(Type::TAGGED.vector(128), None);
    }
}
