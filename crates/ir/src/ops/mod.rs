//! The op table: one macro, two row files.
//!
//! `machine` has what a processor does on typed words; `js` has what the engine's optimizer adds above that. Both make one
//! `enum Op`, so value numbering, code motion and dead-code elimination exist once and work on both levels. A row is the
//! only place where an op is described: name, operands, results, admissible types, immediate, effects, documentation. The
//! verifier, the printer, the parser and the passes read the table.
//!
//! A row reads
//!
//! ```text
//! /// what it does
//! Iadd = "iadd" (T, T) -> (T), ints(), None, PURE.commutes();
//!  |        |     |        |     |       |    |
//!  variant  |     operands |     |       |    effects and properties
//!           text name      |     |       kind of immediate
//!                    results     types that the controlling type T may have
//! ```

#[macro_use]
mod machine;
#[macro_use]
mod js;

use crate::types::{Type, TypeSet};
use std::fmt;

/// Type of an operand or result, in terms of the controlling type `T` of the instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The controlling type.
    T,
    /// The lane type of the controlling type.
    Lane,
    /// The integer vector with lanes as wide as those of the controlling type.
    Mask,
    /// A scalar integer of any width: a condition, zero or not.
    Cond,
    /// A scalar integer of any width that the op converts.
    AnyInt,
    /// A scalar float of either width that the op converts.
    AnyFloat,
    /// Any scalar of the same width as the controlling type.
    SameWidth,
    /// An address: `ptr`, or `tagged` as the base of an access to a heap cell.
    Addr,
    /// `i8`
    I8,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `ptr`
    Ptr,
    /// `tagged`
    Tagged,
    /// As many as the signature of the callee says (operands: its parameters; results: its returns).
    Signature,
    /// As many as this function's own signature returns.
    Returns,
    /// Any number of values of any type.
    Rest,
}

/// What kind of immediate an op has, and where it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImmKind {
    /// Nothing.
    None,
    /// `imm`: an integer, sign-extended from the width of the controlling type.
    Int,
    /// `imm`: the bits of a float of the controlling type.
    Float,
    /// `aux`: [`crate::IntCc`].
    IntCc,
    /// `aux`: [`crate::FloatCc`].
    FloatCc,
    /// `aux`: [`crate::TrapCode`].
    Trap,
    /// `imm`: a byte offset within `i32`; `aux`: [`crate::MemFlags`].
    Mem,
    /// `imm`: a byte offset within `i32`.
    Offset,
    /// `imm`: a byte offset within `i32`; `aux`: log2 of the scale, 0 to 3.
    Scaled,
    /// `imm`: [`crate::StackSlot`].
    Slot,
    /// `imm`: [`crate::FuncRef`].
    Func,
    /// `imm`: [`crate::SigRef`].
    Sig,
    /// `imm`: a lane number.
    Lane,
    /// `aux`: [`crate::ReduceOp`].
    Reduce,
    /// The edges of the instruction: one.
    Jump,
    /// The edges of the instruction: taken if the operand is not zero, and otherwise.
    Branch,
    /// The edges of the instruction: default, then one for each of 0, 1, 2, …; `imm`: their number.
    Switch,
    /// `imm`: [`crate::ShapeId`].
    Shape,
    /// `imm`: [`crate::HeapConst`].
    Heap,
    /// `imm`: [`crate::TemplateId`].
    Template,
}

/// Effects and properties of an op: a set of bits.
///
/// An op without [`READS`](Effects::READS), [`WRITES`](Effects::WRITES), [`TRAPS`](Effects::TRAPS),
/// [`EXITS`](Effects::EXITS), [`SAFEPOINT`](Effects::SAFEPOINT) and [`TERMINATES`](Effects::TERMINATES) is *pure*: it may be
/// removed, repeated, merged with an equal one, and moved to wherever its operands are defined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects(u16);

impl Effects {
    /// No effect.
    pub const PURE: Effects = Effects(0);
    /// Reads memory: of the access's alias class, or all of it for calls.
    pub const READS: Effects = Effects(1);
    /// Writes memory: of the access's alias class, or all of it for calls.
    pub const WRITES: Effects = Effects(2);
    /// May leave the function with a trap.
    pub const TRAPS: Effects = Effects(4);
    /// May leave the function through its frame state.
    pub const EXITS: Effects = Effects(8);
    /// The collector may run: `tagged` values move, derived pointers are rebased.
    pub const SAFEPOINT: Effects = Effects(16);
    /// Ends a block.
    pub const TERMINATES: Effects = Effects(32);
    /// Runs code that is not in this function.
    pub const CALLS: Effects = Effects(64);
    /// Property: the first two operands may be exchanged.
    pub const COMMUTES: Effects = Effects(128);
    /// Property: must name a frame state.
    pub const NEEDS_FRAME: Effects = Effects(256);
    /// Property: may name a frame state.
    pub const MAY_HAVE_FRAME: Effects = Effects(512);
    /// Property: a constant; cheaper to compute again than to keep.
    pub const CONSTANT: Effects = Effects(1024);

    const OBSERVABLE: u16 = 1 | 2 | 4 | 8 | 16 | 32 | 64;

    /// Everything that an unknown callee may do.
    pub const CALL: Effects = Effects(1 | 2 | 4 | 16 | 64 | 512);

    /// Union.
    pub const fn with(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// This set without `other`.
    pub const fn without(self, other: Effects) -> Effects {
        Effects(self.0 & !other.0)
    }

    /// Whether all of `other` is in this set.
    #[inline]
    pub fn has(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in this set.
    #[inline]
    pub fn any(self, other: Effects) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is no effect (properties do not count).
    #[inline]
    pub fn is_pure(self) -> bool {
        self.0 & Effects::OBSERVABLE == 0
    }

    /// Whether control or state can leave here in a way that makes earlier stores visible: traps, exits, calls, safepoints,
    /// returns.
    #[inline]
    pub fn exposes_memory(self) -> bool {
        self.any(Effects::TRAPS.with(Effects::EXITS).with(Effects::SAFEPOINT).with(Effects::CALLS))
    }

    /// The raw bits, for the text form.
    pub fn bits(self) -> u16 {
        self.0
    }

    const fn commutes(self) -> Effects {
        self.with(Effects::COMMUTES)
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct OpInfo {
    /// Name in the text form.
    pub name: &'static str,
    /// Types of the operands.
    pub operands: &'static [Operand],
    /// Types of the results.
    pub results: &'static [Operand],
    /// What the controlling type may be; empty if there is none.
    pub types: TypeSet,
    /// Kind of immediate.
    pub imm: ImmKind,
    /// Effects and properties.
    pub effects: Effects,
    /// First line of the documentation.
    pub doc: &'static str,
}

macro_rules! define_ops {
    ({ $($js:tt)* } { $($machine:tt)* }) => {
        define_rows! { $($machine)* $($js)* }
    };
}

macro_rules! define_rows {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $name:literal ($($operand:ident),*) -> ($($result:ident),*), $types:expr, $imm:ident, $effects:expr;
    )*) => {
        /// The operation of an instruction.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Op { $($(#[doc = $doc])+ $variant),* }

        impl Op {
            /// Every op, in the order of the table.
            pub const ALL: &'static [Op] = &[$(Op::$variant),*];
        }

        static TABLE: &[OpInfo] = &[$(OpInfo {
            name: $name,
            operands: &[$(Operand::$operand),*],
            results: &[$(Operand::$result),*],
            types: $types,
            imm: ImmKind::$imm,
            effects: $effects,
            doc: first_line(&[$($doc),+]),
        }),*];
    };
}

const fn first_line(lines: &[&'static str]) -> &'static str {
    lines[0]
}

macro_rules! with_js {
    ({ $($machine:tt)* }) => { js_rows! { define_ops { { $($machine)* } } } };
}

const PURE: Effects = Effects::PURE;
const READS: Effects = Effects::READS;
const WRITES: Effects = Effects::WRITES.with(Effects::TRAPS);
const TRAPS: Effects = Effects::TRAPS;
const CONSTANT: Effects = Effects::CONSTANT;
const ENDS: Effects = Effects::TERMINATES;
const GUARD: Effects = Effects::EXITS.with(Effects::NEEDS_FRAME);
const CALL: Effects = Effects::CALL;

const NONE: TypeSet = TypeSet::NONE;
const INT: TypeSet = TypeSet::of(&[Type::I8, Type::I16, Type::I32, Type::I64]);
const WORD: TypeSet = TypeSet::of(&[Type::I32, Type::I64]);
const FLOAT: TypeSet = TypeSet::of(&[Type::F32, Type::F64]);
const LANES: TypeSet = INT.or(FLOAT);
const PTR: TypeSet = TypeSet::of(&[Type::PTR]);
const TAGGED: TypeSet = TypeSet::of(&[Type::TAGGED]);
const SCALAR: TypeSet = LANES.or(PTR).or(TAGGED);
const ANY: TypeSet = SCALAR.or(LANES.vectors());

const fn only(ty: Type) -> TypeSet {
    TypeSet::of(&[ty])
}

const fn lanes(types: &[Type]) -> TypeSet {
    TypeSet::of(types).vectors()
}

machine_rows! { with_js {} }

impl Op {
    /// Its row in the table.
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &TABLE[self as usize]
    }

    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Effects and properties of the op; those of an instruction may be fewer, see `Function::effects`.
    #[inline]
    pub fn effects(self) -> Effects {
        self.info().effects
    }

    /// Whether it ends a block.
    #[inline]
    pub fn is_terminator(self) -> bool {
        self.effects().has(Effects::TERMINATES)
    }

    /// The op with this name.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.name() == name)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_consistent() {
        for &op in Op::ALL {
            let info = op.info();
            assert_eq!(Op::from_name(info.name), Some(op), "{op}: the name is not unique");
            let uses_type = |list: &[Operand]| {
                list.iter().any(|o| matches!(o, Operand::T | Operand::Lane | Operand::Mask | Operand::SameWidth))
            };
            assert_eq!(
                info.types.is_empty(),
                !uses_type(info.operands) && !uses_type(info.results),
                "{op}: a controlling type is given exactly if the row uses it"
            );
            if info.effects.has(Effects::COMMUTES) {
                assert!(info.operands.len() >= 2 && info.operands[0] == info.operands[1], "{op}");
            }
            if op.is_terminator() {
                assert!(info.results.is_empty(), "{op}: a terminator has no results");
            }
            if info.effects.has(Effects::NEEDS_FRAME) {
                assert!(info.effects.has(Effects::EXITS), "{op}: who needs a frame state uses it to exit");
            }
        }
    }
}
