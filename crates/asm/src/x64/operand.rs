//! Operands: memory references, and the unions of operand kinds that instructions accept.

use super::reg::{Mask, Reg, Xmm};
use crate::Label;

/// No register in [`Mem::base`] or [`Mem::index`].
/// Its low bits are those that a missing index has in a SIB byte, and it has no extension bits.
pub(crate) const NONE: u8 = 0x44;
/// The instruction pointer in [`Mem::base`].
pub(crate) const RIP: u8 = 0x85;
/// The instruction pointer in [`Mem::base`], with a symbol's number in [`Mem::label`].
pub(crate) const RIP_SYMBOL: u8 = 0x95;
/// No label in [`Mem::label`].
pub(crate) const NO_LABEL: u32 = u32::MAX;

/// Factor of an index register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Scale {
    X1,
    X2,
    X4,
    X8,
}

impl Scale {
    /// All factors, smallest first.
    pub const ALL: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

    /// The scale for elements of `bytes` bytes, if there is one.
    pub const fn of_bytes(bytes: usize) -> Option<Scale> {
        match bytes {
            1 => Some(Scale::X1),
            2 => Some(Scale::X2),
            4 => Some(Scale::X4),
            8 => Some(Scale::X8),
            _ => None,
        }
    }
}

/// A memory reference: `[base + index * scale + disp]`, `[rip + label + disp]` or `[disp]`.
///
/// Constructors choose the shortest of the encodings that mean the same; a reference that has none (RSP scaled as
/// an index) makes the instruction that uses it an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mem {
    pub(crate) base: u8,
    pub(crate) index: u8,
    pub(crate) scale: Scale,
    /// The index is a vector register (gathers and scatters).
    pub(crate) vector_index: bool,
    pub(crate) disp: i32,
    pub(crate) label: u32,
}

impl Mem {
    const EMPTY: Mem = Mem { base: NONE, index: NONE, scale: Scale::X1, vector_index: false, disp: 0, label: NO_LABEL };

    /// `[base + disp]`.
    #[inline]
    pub const fn base(base: Reg, disp: i32) -> Mem {
        Mem { base: base as u8, disp, ..Mem::EMPTY }
    }

    /// `[base + index * scale + disp]`.
    #[inline]
    pub const fn index(base: Reg, index: Reg, scale: Scale, disp: i32) -> Mem {
        let (mut base, mut index) = (base as u8, index as u8);
        if let Scale::X1 = scale {
            // RSP cannot be an index. RBP and R13 as base cost a displacement even if it is 0.
            let swap = index == Reg::RSP as u8 || (disp == 0 && base & 7 == 5 && index & 7 != 5);
            if swap && base != Reg::RSP as u8 {
                (base, index) = (index, base);
            }
        }
        Mem { base, index, scale, disp, ..Mem::EMPTY }
    }

    /// `[index * scale + disp]`, without a base.
    #[inline]
    pub const fn scaled(index: Reg, scale: Scale, disp: i32) -> Mem {
        match scale {
            Scale::X1 => Mem::base(index, disp),
            // Without a base, the displacement takes four bytes.
            Scale::X2 if index as u8 != Reg::RSP as u8 => Mem::index(index, index, Scale::X1, disp),
            _ => Mem { index: index as u8, scale, disp, ..Mem::EMPTY },
        }
    }

    /// `[disp]`: an absolute address, sign-extended from 32 bits.
    #[inline]
    pub const fn absolute(disp: i32) -> Mem {
        Mem { disp, ..Mem::EMPTY }
    }

    /// `[rip + label]`: a place in the same code.
    #[inline]
    pub const fn label(label: Label) -> Mem {
        Mem { base: RIP, label: label.0, ..Mem::EMPTY }
    }

    /// `[rip + symbol + addend]`: a place that whoever places the code knows, within reach (±2 GB).
    #[inline]
    pub const fn symbol(symbol: u32, addend: i32) -> Mem {
        Mem { base: RIP_SYMBOL, label: symbol, disp: addend, ..Mem::EMPTY }
    }

    /// `[rip + disp]`, relative to the end of the instruction.
    #[inline]
    pub const fn rip(disp: i32) -> Mem {
        Mem { base: RIP, disp, ..Mem::EMPTY }
    }

    /// `[base + index * scale + disp]` with a vector of indices, for gathers and scatters.
    #[inline]
    pub const fn vector_index(base: Reg, index: Xmm, scale: Scale, disp: i32) -> Mem {
        Mem { base: base as u8, index: index as u8, scale, vector_index: true, disp, ..Mem::EMPTY }
    }

    /// The base register.
    pub const fn base_reg(&self) -> Option<Reg> {
        if self.base < 16 { Some(Reg::from_index(self.base)) } else { None }
    }

    /// The index register, if it is an integer one.
    pub const fn index_reg(&self) -> Option<Reg> {
        if self.index < 16 && !self.vector_index { Some(Reg::from_index(self.index)) } else { None }
    }

    /// The vector of indices.
    pub const fn vector_index_reg(&self) -> Option<Xmm> {
        if self.vector_index { Some(Xmm::from_index(self.index)) } else { None }
    }

    /// The index's factor.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// The displacement; relative to the label or the instruction's end, where there is one.
    pub const fn disp(&self) -> i32 {
        self.disp
    }

    /// Whether the reference is relative to the instruction pointer.
    pub const fn is_rip(&self) -> bool {
        matches!(self.base, RIP | RIP_SYMBOL)
    }

    /// The same reference `by` bytes further; none if the displacement would overflow.
    pub const fn offset(self, by: i32) -> Option<Mem> {
        match self.disp.checked_add(by) {
            Some(disp) => Some(Mem { disp, ..self }),
            None => None,
        }
    }

    /// As a vector operand: one element, broadcast to all lanes (AVX-512).
    #[inline]
    pub const fn broadcast(self) -> XmmMem {
        XmmMem::Broadcast(self)
    }

    /// As the target of a store that writes only the lanes selected by `mask` (AVX-512).
    #[inline]
    pub const fn masked(self, mask: Mask) -> Masked<XmmMem> {
        Masked { inner: XmmMem::Mem(self), mask, zero: false }
    }
}

/// A register or memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RegMem {
    Reg(Reg),
    Mem(Mem),
}

/// A register, memory or immediate. Immediates are sign-extended to the operation's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operand {
    Reg(Reg),
    Mem(Mem),
    Imm(i32),
}

/// A vector register, memory, or one element in memory broadcast to all lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum XmmMem {
    Xmm(Xmm),
    Mem(Mem),
    Broadcast(Mem),
}

/// A shift's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// A constant.
    Imm(u8),
    /// The register CL.
    Cl,
}

/// A destination that keeps (or zeroes) the lanes that a mask does not select (AVX-512).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masked<T> {
    /// The destination.
    pub inner: T,
    /// The mask; `K0` is none.
    pub mask: Mask,
    /// Lanes not selected become zero; otherwise they stay.
    pub zero: bool,
}

impl Xmm {
    /// As a destination: only the lanes selected by `mask` are written.
    #[inline]
    pub const fn masked(self, mask: Mask) -> Masked<Xmm> {
        Masked { inner: self, mask, zero: false }
    }

    /// As a destination: the lanes not selected by `mask` become zero.
    #[inline]
    pub const fn zeroing(self, mask: Mask) -> Masked<Xmm> {
        Masked { inner: self, mask, zero: true }
    }
}

impl Mask {
    /// As the destination of a compare: the lanes not selected by `mask` become zero.
    #[inline]
    pub const fn masked(self, mask: Mask) -> Masked<Mask> {
        Masked { inner: self, mask, zero: false }
    }
}

/// `impl From<A> for B` through a constructor.
macro_rules! from {
    ($($from:ty => $to:ty: $value:ident => $result:expr;)*) => {
        $(impl From<$from> for $to {
            #[inline]
            fn from($value: $from) -> $to {
                $result
            }
        })*
    };
}

from! {
    Reg => RegMem: reg => RegMem::Reg(reg);
    Mem => RegMem: mem => RegMem::Mem(mem);
    Reg => Operand: reg => Operand::Reg(reg);
    Mem => Operand: mem => Operand::Mem(mem);
    i32 => Operand: imm => Operand::Imm(imm);
    RegMem => Operand: rm => match rm {
        RegMem::Reg(reg) => Operand::Reg(reg),
        RegMem::Mem(mem) => Operand::Mem(mem),
    };
    Xmm => XmmMem: xmm => XmmMem::Xmm(xmm);
    Mem => XmmMem: mem => XmmMem::Mem(mem);
    u8 => Count: count => Count::Imm(count);
    Xmm => Masked<Xmm>: xmm => xmm.masked(Mask::K0);
    Mask => Masked<Mask>: mask => mask.masked(Mask::K0);
    Mem => Masked<XmmMem>: mem => mem.masked(Mask::K0);
    Xmm => Masked<XmmMem>: xmm => Masked { inner: XmmMem::Xmm(xmm), mask: Mask::K0, zero: false };
    XmmMem => Masked<XmmMem>: inner => Masked { inner, mask: Mask::K0, zero: false };
    Masked<Xmm> => Masked<XmmMem>: dst => Masked { inner: XmmMem::Xmm(dst.inner), mask: dst.mask, zero: dst.zero };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors_choose_the_shortest_form() {
        let swapped = Mem::index(Reg::RBP, Reg::RAX, Scale::X1, 0);
        assert_eq!((swapped.base, swapped.index), (Reg::RAX as u8, Reg::RBP as u8));
        let rsp = Mem::index(Reg::RAX, Reg::RSP, Scale::X1, 8);
        assert_eq!((rsp.base, rsp.index), (Reg::RSP as u8, Reg::RAX as u8));
        assert_eq!(Mem::scaled(Reg::RCX, Scale::X1, 4), Mem::base(Reg::RCX, 4));
        assert_eq!(Mem::scaled(Reg::RCX, Scale::X2, 4), Mem::index(Reg::RCX, Reg::RCX, Scale::X1, 4));
        assert_eq!(Mem::base(Reg::RAX, i32::MAX).offset(1), None);
    }
}
