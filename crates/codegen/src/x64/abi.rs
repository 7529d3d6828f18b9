//! Calling conventions: where arguments and results are, and what calls change. `docs/ABI.md` has the whole picture.

use crate::lir::*;
use tercel_ir::{CallConv, Signature, Type};

const fn ints<const N: usize>(numbers: [u8; N]) -> [PReg; N] {
    let mut regs = [PReg(0); N];
    let mut index = 0;
    while index < N {
        regs[index] = PReg::int(numbers[index]);
        index += 1;
    }
    regs
}

/// RDI RSI RDX RCX R8 R9, then RAX RBX R12 R13 R14 (the engine's convention only).
const INT_ARGS: [PReg; 11] = ints([7, 6, 2, 1, 8, 9, 0, 3, 12, 13, 14]);
/// RAX RDX, then RCX RSI RDI R8 (the engine's convention only).
const INT_RESULTS: [PReg; 6] = ints([0, 2, 1, 6, 7, 8]);
/// What the allocator hands out, cheapest encodings first.
pub const ALLOCATABLE_INT: [PReg; 12] = ints([0, 1, 2, 6, 7, 3, 8, 9, 10, 12, 13, 14]);
/// Callee-saved in System V, RBP (the frame pointer) apart.
pub const SYSV_SAVED: [PReg; 5] = ints([3, 12, 13, 14, 15]);
/// The address of an indirect callee: an argument in neither convention.
pub const INDIRECT: PReg = PReg::int(10);

/// Vector registers that the allocator hands out.
pub fn allocatable_float() -> Vec<PReg> {
    (0..15).map(PReg::float).collect()
}

/// Where an argument or result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgLoc {
    /// In a register.
    Reg(PReg),
    /// In the argument area, at this offset in bytes.
    Stack(u32),
}

/// Where all arguments of a call are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// A place for each argument.
    pub locs: Vec<ArgLoc>,
    /// Size of the argument area in bytes, a multiple of 16.
    pub stack: u32,
    /// How many vector registers hold arguments.
    pub vectors: u8,
}

/// Places of arguments.
///
/// System V AMD64 ABI section 3.2.3 for scalars: six integer and eight vector registers, the rest in memory, each in a
/// multiple of eight bytes. The engine's convention has eleven and fourteen.
pub fn arguments(conv: CallConv, types: &[Type]) -> Args {
    let (int_limit, float_limit) = match conv {
        CallConv::Tercel => (INT_ARGS.len(), 14),
        CallConv::SystemV => (6, 8),
    };
    let (mut ints, mut floats, mut stack) = (0, 0, 0u32);
    let locs = types
        .iter()
        .map(|&ty| match Class::of(ty) {
            Class::Int if ints < int_limit => {
                ints += 1;
                ArgLoc::Reg(INT_ARGS[ints - 1])
            }
            Class::Float if floats < float_limit => {
                floats += 1;
                ArgLoc::Reg(PReg::float(floats as u8 - 1))
            }
            _ => {
                let at = stack;
                stack += ty.bytes().max(8);
                ArgLoc::Stack(at)
            }
        })
        .collect();
    Args { locs, stack: stack.next_multiple_of(16), vectors: floats as u8 }
}

/// Places of results; none if they do not fit the registers.
pub fn results(conv: CallConv, types: &[Type]) -> Option<Vec<PReg>> {
    let (int_limit, float_limit) = match conv {
        CallConv::Tercel => (INT_RESULTS.len(), 8),
        CallConv::SystemV => (2, 2),
    };
    let (mut ints, mut floats) = (0, 0);
    types
        .iter()
        .map(|&ty| match Class::of(ty) {
            Class::Int => {
                ints += 1;
                (ints <= int_limit).then(|| INT_RESULTS[ints - 1])
            }
            Class::Float => {
                floats += 1;
                (floats <= float_limit).then(|| PReg::float(floats as u8 - 1))
            }
        })
        .collect()
}

/// Registers that a call may change, of those that the allocator knows.
pub fn clobbers(conv: CallConv) -> PRegSet {
    let mut set = PRegSet(0xffff_0000);
    for reg in ALLOCATABLE_INT {
        if conv == CallConv::Tercel || !SYSV_SAVED.contains(&reg) {
            set = set.with(reg);
        }
    }
    set
}

/// Registers that a function must leave as it finds them, of those that the allocator knows.
pub fn preserved(conv: CallConv) -> PRegSet {
    match conv {
        CallConv::Tercel => PRegSet::EMPTY,
        CallConv::SystemV => SYSV_SAVED.iter().fold(PRegSet::EMPTY, |set, &reg| set.with(reg)),
    }
}

/// What a field of a C structure is, for [`flatten_struct`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CField {
    /// An integer or pointer of 1, 2, 4 or 8 bytes.
    Int(u32),
    /// `float`.
    Float,
    /// `double`.
    Double,
}

impl CField {
    fn bytes(self) -> u32 {
        match self {
            CField::Int(bytes) => bytes,
            CField::Float => 4,
            CField::Double => 8,
        }
    }
}

/// The scalars that a C structure of up to 16 bytes is passed as: one for each of its eightbytes (System V AMD64 ABI section
/// 3.2.3: an eightbyte is of class INTEGER if any field in it is). None if it is larger and so passed in memory.
///
/// The caller packs the fields into the eightbytes: an `i64` has them at their offsets, an `f64` holds one `double`, or two
/// `float`s, the first in its low half. A structure is in registers as a whole or not at all: [`struct_fits`] tells.
pub fn flatten_struct(fields: &[CField]) -> Option<Vec<Type>> {
    let mut eightbytes: Vec<Type> = Vec::new();
    let mut offset = 0u32;
    for field in fields {
        offset = offset.next_multiple_of(field.bytes().max(1));
        let index = (offset / 8) as usize;
        if index >= 2 {
            return None;
        }
        let ty = if matches!(field, CField::Int(_)) { Type::I64 } else { Type::F64 };
        match eightbytes.get_mut(index) {
            Some(known) if ty == Type::I64 => *known = ty,
            Some(_) => {}
            None => eightbytes.push(ty),
        }
        offset += field.bytes();
    }
    Some(eightbytes)
}

/// Whether the eightbytes of a structure all get registers after the scalars `before` in a System V call.
pub fn struct_fits(before: &[Type], eightbytes: &[Type]) -> bool {
    let all: Vec<Type> = before.iter().chain(eightbytes).copied().collect();
    let args = arguments(CallConv::SystemV, &all);
    args.locs[before.len()..].iter().all(|loc| matches!(loc, ArgLoc::Reg(_)))
}

/// Why a signature cannot be compiled; none if it can.
pub fn unsupported(signature: &Signature) -> Option<&'static str> {
    if results(signature.conv, &signature.returns).is_none() {
        return Some("the results do not fit the registers");
    }
    let all = || signature.params.iter().chain(&signature.returns);
    if signature.conv == CallConv::SystemV && all().any(|ty| ty.is_vector() && ty.bits() > 128) {
        return Some("wide vectors in a System V signature");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_v_places() {
        let types = [Type::I64, Type::F64, Type::I32, Type::PTR, Type::I64, Type::I64, Type::I64, Type::I64, Type::F32];
        let args = arguments(CallConv::SystemV, &types);
        assert_eq!(args.locs[0], ArgLoc::Reg(PReg::int(7)));
        assert_eq!(args.locs[1], ArgLoc::Reg(PReg::float(0)));
        assert_eq!(args.locs[7], ArgLoc::Stack(0));
        assert_eq!((args.stack, args.vectors), (16, 2));
    }

    #[test]
    fn structures_flatten_to_eightbytes() {
        use CField::*;
        assert_eq!(flatten_struct(&[Int(4), Int(4), Double]), Some(vec![Type::I64, Type::F64]));
        assert_eq!(flatten_struct(&[Float, Float]), Some(vec![Type::F64]));
        assert_eq!(flatten_struct(&[Float, Int(4)]), Some(vec![Type::I64]));
        assert_eq!(flatten_struct(&[Int(8), Int(8), Int(1)]), None);
        assert!(struct_fits(&[Type::I64; 4], &[Type::I64, Type::I64]));
        assert!(!struct_fits(&[Type::I64; 5], &[Type::I64, Type::I64]));
    }
}
