//! Registers, sizes, conditions.

use std::fmt;

/// Defines a register file: an enum numbered as the hardware does, with look-up by number.
macro_rules! register_file {
    ($(#[$doc:meta])* $type:ident, $mask:literal, [$($name:ident)*]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum $type { $($name),* }

        impl $type {
            /// All registers, by number.
            pub const ALL: &[$type] = &[$($type::$name),*];

            /// The register with this number (taken modulo the size of the file).
            #[inline]
            pub const fn from_index(index: u8) -> Self {
                const ALL: [$type; $mask + 1] = [$($type::$name),*];
                ALL[(index & $mask) as usize]
            }

            /// The register's number in the hardware's encoding.
            #[inline]
            pub const fn index(self) -> u8 {
                self as u8
            }
        }
    };
}

register_file! {
    /// A general-purpose register; how much of it an instruction uses is said by a [`Size`].
    Reg, 15, [RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15]
}

register_file! {
    /// A vector register; how much of it an instruction uses is said by the instruction or a [`VecLen`].
    /// Numbers from 16 need AVX-512.
    Xmm, 31, [
        XMM0 XMM1 XMM2 XMM3 XMM4 XMM5 XMM6 XMM7 XMM8 XMM9 XMM10 XMM11 XMM12 XMM13 XMM14 XMM15 XMM16 XMM17 XMM18 XMM19
        XMM20 XMM21 XMM22 XMM23 XMM24 XMM25 XMM26 XMM27 XMM28 XMM29 XMM30 XMM31
    ]
}

register_file! {
    /// An AVX-512 mask register. As the mask of an operation, `K0` means "no mask".
    Mask, 7, [K0 K1 K2 K3 K4 K5 K6 K7]
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_ascii_lowercase())
    }
}

impl fmt::Display for Xmm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xmm{}", self.index())
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", self.index())
    }
}

/// Operand size of an integer instruction. 32-bit results clear the upper half of their register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Size {
    S8,
    S16,
    S32,
    S64,
}

impl Size {
    /// All sizes, smallest first.
    pub const ALL: [Size; 4] = [Size::S8, Size::S16, Size::S32, Size::S64];

    /// Size in bits.
    #[inline]
    pub const fn bits(self) -> u32 {
        8 << self as u32
    }

    /// Size in bytes.
    #[inline]
    pub const fn bytes(self) -> u32 {
        1 << self as u32
    }
}

/// Vector length of an AVX or AVX-512 instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum VecLen {
    L128,
    L256,
    L512,
}

impl VecLen {
    /// All lengths, shortest first.
    pub const ALL: [VecLen; 3] = [VecLen::L128, VecLen::L256, VecLen::L512];

    /// Length in bytes.
    #[inline]
    pub const fn bytes(self) -> u32 {
        16 << self as u32
    }
}

/// A condition of `jcc`, `setcc` and `cmovcc`, numbered as the hardware does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cond {
    /// Overflow.
    O,
    /// No overflow.
    NO,
    /// Below: unsigned less; carry.
    B,
    /// Above or equal: unsigned; no carry.
    AE,
    /// Equal; zero.
    E,
    /// Not equal; not zero.
    NE,
    /// Below or equal: unsigned.
    BE,
    /// Above: unsigned greater.
    A,
    /// Sign: negative.
    S,
    /// No sign.
    NS,
    /// Parity: after a floating-point compare, unordered.
    P,
    /// No parity: ordered.
    NP,
    /// Less: signed.
    L,
    /// Greater or equal: signed.
    GE,
    /// Less or equal: signed.
    LE,
    /// Greater: signed.
    G,
}

impl Cond {
    /// Zero: another name of [`Cond::E`].
    pub const Z: Cond = Cond::E;
    /// Not zero: another name of [`Cond::NE`].
    pub const NZ: Cond = Cond::NE;
    /// Carry: another name of [`Cond::B`].
    pub const C: Cond = Cond::B;
    /// No carry: another name of [`Cond::AE`].
    pub const NC: Cond = Cond::AE;

    /// All conditions, by number.
    pub const ALL: [Cond; 16] = {
        use Cond::*;
        [O, NO, B, AE, E, NE, BE, A, S, NS, P, NP, L, GE, LE, G]
    };

    /// The condition's number in the hardware's encoding.
    #[inline]
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// The opposite condition: true exactly where this one is false.
    #[inline]
    pub const fn invert(self) -> Cond {
        Cond::ALL[(self as u8 ^ 1) as usize]
    }

    /// The condition that holds for `b ? a` where this one holds for `a ? b` (integer compares).
    pub const fn swap_operands(self) -> Cond {
        use Cond::*;
        match self {
            B => A,
            A => B,
            AE => BE,
            BE => AE,
            L => G,
            G => L,
            GE => LE,
            LE => GE,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_invert_and_swap() {
        assert_eq!(Cond::L.invert(), Cond::GE);
        assert_eq!(Cond::BE.invert(), Cond::A);
        assert_eq!(Cond::L.swap_operands(), Cond::G);
        assert_eq!(Cond::E.swap_operands(), Cond::E);
        for (index, cond) in Cond::ALL.iter().enumerate() {
            assert_eq!(cond.index() as usize, index);
        }
    }

    #[test]
    fn registers_are_numbered_as_the_hardware_does() {
        assert_eq!((Reg::RSP.index(), Reg::RDI.index(), Reg::R15.index()), (4, 7, 15));
        assert_eq!(Reg::from_index(16 + 3), Reg::RBX);
        assert_eq!(Xmm::ALL.len(), 32);
        assert_eq!(format!("{} {} {}", Reg::R8, Xmm::XMM17, Mask::K1), "r8 xmm17 k1");
    }
}
