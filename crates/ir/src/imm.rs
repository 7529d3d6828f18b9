//! Immediates: what an instruction holds besides values.
//!
//! Each is a small `Copy` type that packs into `InstData::imm` (64 bits) or `InstData::aux` (16 bits) and has a name in the
//! text form. The identifiers of the engine ([`ShapeId`], …) are bare numbers here: only the JIT knows what they name.

use std::fmt;

macro_rules! named_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $vdoc:literal])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[doc = $vdoc])* $variant),+ }

        impl $name {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Its name in the text form.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The one with this name.
            pub fn from_name(name: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|item| item.name() == name)
            }

            /// The one with this code; the first for codes that do not exist (the verifier rejects those).
            #[inline]
            pub fn from_code(code: u16) -> $name {
                Self::ALL.get(code as usize).copied().unwrap_or(Self::ALL[0])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named_enum! {
    /// Condition of an integer comparison.
    IntCc {
        /// equal
        Eq = "eq",
        /// not equal
        Ne = "ne",
        /// signed less than
        Slt = "slt",
        /// signed less than or equal
        Sle = "sle",
        /// signed greater than
        Sgt = "sgt",
        /// signed greater than or equal
        Sge = "sge",
        /// unsigned less than
        Ult = "ult",
        /// unsigned less than or equal
        Ule = "ule",
        /// unsigned greater than
        Ugt = "ugt",
        /// unsigned greater than or equal
        Uge = "uge",
    }
}

impl IntCc {
    /// The condition that holds exactly when this one does not.
    pub fn negate(self) -> IntCc {
        use IntCc::*;
        match self {
            Eq => Ne,
            Ne => Eq,
            Slt => Sge,
            Sle => Sgt,
            Sgt => Sle,
            Sge => Slt,
            Ult => Uge,
            Ule => Ugt,
            Ugt => Ule,
            Uge => Ult,
        }
    }

    /// The condition with the operands exchanged: `a cc b == b cc.swap() a`.
    pub fn swap(self) -> IntCc {
        use IntCc::*;
        match self {
            Eq => Eq,
            Ne => Ne,
            Slt => Sgt,
            Sle => Sge,
            Sgt => Slt,
            Sge => Sle,
            Ult => Ugt,
            Ule => Uge,
            Ugt => Ult,
            Uge => Ule,
        }
    }

    /// Whether it reads its operands as signed numbers.
    pub fn is_signed(self) -> bool {
        matches!(self, IntCc::Slt | IntCc::Sle | IntCc::Sgt | IntCc::Sge)
    }
}

named_enum! {
    /// Condition of a float comparison. The names say what they answer when an operand is NaN: plain conditions are
    /// false (ordered), those with `u` are true (unordered); `ne` is true, as in JavaScript.
    FloatCc {
        /// ordered and equal
        Eq = "eq",
        /// unordered or not equal
        Ne = "ne",
        /// ordered and less than
        Lt = "lt",
        /// ordered and less than or equal
        Le = "le",
        /// ordered and greater than
        Gt = "gt",
        /// ordered and greater than or equal
        Ge = "ge",
        /// unordered or less than
        Ult = "ult",
        /// unordered or less than or equal
        Ule = "ule",
        /// unordered or greater than
        Ugt = "ugt",
        /// unordered or greater than or equal
        Uge = "uge",
        /// neither operand is NaN
        Ord = "ord",
        /// an operand is NaN
        Uno = "uno",
    }
}

impl FloatCc {
    /// The condition that holds exactly when this one does not.
    pub fn negate(self) -> FloatCc {
        use FloatCc::*;
        match self {
            Eq => Ne,
            Ne => Eq,
            Lt => Uge,
            Le => Ugt,
            Gt => Ule,
            Ge => Ult,
            Ult => Ge,
            Ule => Gt,
            Ugt => Le,
            Uge => Lt,
            Ord => Uno,
            Uno => Ord,
        }
    }

    /// The condition with the operands exchanged.
    pub fn swap(self) -> FloatCc {
        use FloatCc::*;
        match self {
            Lt => Gt,
            Le => Ge,
            Gt => Lt,
            Ge => Le,
            Ult => Ugt,
            Ule => Uge,
            Ugt => Ult,
            Uge => Ule,
            same => same,
        }
    }
}

named_enum! {
    /// Why a function stopped with a trap.
    TrapCode {
        /// control reached what was said to be unreachable
        Unreachable = "unreachable",
        /// integer division or remainder by zero
        DivideByZero = "div_zero",
        /// integer overflow, including `MIN / -1`
        Overflow = "overflow",
        /// an index outside its array
        OutOfBounds = "bounds",
        /// a float that the integer type cannot hold
        BadConversion = "conversion",
        /// the native stack is used up
        StackOverflow = "stack",
        /// an access outside every memory region (machine code would fault)
        MemoryFault = "fault",
        /// an interrupt was served
        Interrupt = "interrupt",
        /// for the front end's own use
        User0 = "user0",
        /// for the front end's own use
        User1 = "user1",
    }
}

named_enum! {
    /// How `vreduce` combines the lanes of an integer vector.
    ReduceOp {
        /// wrapping sum
        Add = "add",
        /// bitwise and
        And = "and",
        /// bitwise or
        Or = "or",
        /// bitwise exclusive or
        Xor = "xor",
        /// signed minimum
        Smin = "smin",
        /// signed maximum
        Smax = "smax",
        /// unsigned minimum
        Umin = "umin",
        /// unsigned maximum
        Umax = "umax",
    }
}

/// A class of memory. Accesses of two different classes never overlap, except that [`AliasClass::ANY`] overlaps with all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct AliasClass(u8);

impl AliasClass {
    /// The class that overlaps with every other.
    pub const ANY: AliasClass = AliasClass(0);
    /// Memory that holds bare addresses into cells which the collector moves: a safepoint counts as a write of this class, so
    /// that a load of such an address is not reused, moved or forwarded across one. (Addresses with a `tagged` base need no
    /// class: their base is known and the collector rebases them.)
    pub const MOVING: AliasClass = AliasClass(63);
    /// How many classes there are, `ANY` included; so a set of classes fits a `u64`.
    pub const COUNT: usize = 64;

    /// The class with this number.
    ///
    /// # Panics
    /// If the number is not below [`AliasClass::COUNT`].
    pub const fn new(number: u8) -> AliasClass {
        assert!((number as usize) < AliasClass::COUNT);
        AliasClass(number)
    }

    /// Its number, below [`AliasClass::COUNT`].
    pub fn number(self) -> usize {
        self.0 as usize
    }

    /// Whether accesses of the two classes may overlap.
    pub fn may_alias(self, other: AliasClass) -> bool {
        self == other || self == AliasClass::ANY || other == AliasClass::ANY
    }
}

/// What is known about a memory access: 16 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct MemFlags(u16);

impl MemFlags {
    const NO_TRAP: u16 = 1 << 8;
    const READ_ONLY: u16 = 1 << 9;

    /// An access to memory of a class that may fault.
    pub const fn new(class: AliasClass) -> MemFlags {
        MemFlags(class.0 as u16)
    }

    /// The same, and the access cannot fault wherever its address is defined: it may be executed speculatively.
    pub const fn no_trap(self) -> MemFlags {
        MemFlags(self.0 | MemFlags::NO_TRAP)
    }

    /// The same, and the memory does not change while the function runs.
    pub const fn read_only(self) -> MemFlags {
        MemFlags(self.0 | MemFlags::READ_ONLY)
    }

    /// The class of the memory.
    pub fn class(self) -> AliasClass {
        AliasClass(self.0 as u8 & 63)
    }

    /// Whether the access cannot fault.
    pub fn is_no_trap(self) -> bool {
        self.0 & MemFlags::NO_TRAP != 0
    }

    /// Whether the memory does not change while the function runs.
    pub fn is_read_only(self) -> bool {
        self.0 & MemFlags::READ_ONLY != 0
    }

    /// The bits as an instruction stores them.
    pub fn to_bits(self) -> u16 {
        self.0
    }

    /// From the bits that an instruction stores.
    pub fn from_bits(bits: u16) -> MemFlags {
        MemFlags(bits & (MemFlags::NO_TRAP | MemFlags::READ_ONLY | 63))
    }
}

macro_rules! engine_id {
    ($($(#[doc = $doc:literal])+ $name:ident, $prefix:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )+};
}

engine_id! {
    /// A hidden class of the engine.
    ShapeId, "shape";
    /// A heap object, by its index in the data block of the compiled code.
    HeapConst, "heap";
    /// A function template of the engine.
    TemplateId, "template";
    /// A row of the engine's table of runtime helpers.
    HelperId, "helper";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negation_and_exchange_are_involutions() {
        for &cc in IntCc::ALL {
            assert_eq!(cc.negate().negate(), cc);
            assert_eq!(cc.swap().swap(), cc);
        }
        for &cc in FloatCc::ALL {
            assert_eq!(cc.negate().negate(), cc);
            assert_eq!(cc.swap().swap(), cc);
        }
    }

    #[test]
    fn memory_flags_keep_class_and_promises_apart() {
        let flags = MemFlags::new(AliasClass::new(63)).no_trap();
        assert_eq!(flags.class().number(), 63);
        assert!(flags.is_no_trap() && !flags.is_read_only());
        assert_eq!(MemFlags::from_bits(flags.read_only().to_bits()), flags.read_only());
    }
}
