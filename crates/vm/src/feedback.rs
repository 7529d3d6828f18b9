//! Feedback sites: what each instruction with a `slot` operand has seen, and its inline cache.
//!
//! A site is 32 bytes, whatever its kind, so that a handler finds it by a shift. Beside the list of stubs (`stubs`, IC
//! programs that all tiers read) a site keeps the *decoded form* of the commonest stub programs: the interpreter's
//! handler compares one shape id and loads. The decoded form is derived from the first stub and says nothing more.
//!
//! | kind | `guard` | `loc` | `cell` | `aux` | `bits` |
//! |---|---|---|---|---|---|
//! | property | receiver's shape | form and offset | holder, or new shape as int32 | prototype epoch | |
//! | element | | | | seen types of typed arrays | seen element kinds |
//! | arithmetic, compare | | | | | seen types |
//! | call, construct | count | | target: code block or native function; in `stubs`: the function itself, until a full collection | | 16 for each other function |
//! | loop | | | | iterations | |
//! | literal | shape or elements kind | | cached object | | |
//! | runtime function | | | | its index and 1 | |

use crate::value::Value;
use std::cell::Cell;

/// The guard of a site whose decoded form is unused. No shape has this id.
pub const NO_SHAPE: u32 = u32::MAX;

/// Receivers a site tells apart before it uses the megamorphic cache.
pub const MAX_STUBS: u32 = 6;
/// How often a site may attach stubs in all (stale ones are replaced) before it becomes megamorphic.
pub const MAX_ATTACHES: u16 = 24;

#[repr(C)]
pub struct Site {
    pub guard: Cell<u32>,
    pub loc: Cell<Loc>,
    pub cell: Cell<Value>,
    /// The first stub (a cell of Kind::IcStub), or empty.
    pub stubs: Cell<Value>,
    pub aux: Cell<u32>,
    pub state: Cell<SiteState>,
    pub bits: Cell<u8>,
    pub misses: Cell<u16>,
}

const _: () = assert!(size_of::<Site>() == 32);

impl Site {
    pub const fn new() -> Site {
        Site {
            guard: Cell::new(NO_SHAPE),
            loc: Cell::new(Loc::NONE),
            cell: Cell::new(Value::EMPTY),
            stubs: Cell::new(Value::EMPTY),
            aux: Cell::new(0),
            state: Cell::new(SiteState::Uninitialized),
            bits: Cell::new(0),
            misses: Cell::new(0),
        }
    }

    /// Forgets the decoded form.
    pub fn clear_form(&self) {
        self.guard.set(NO_SHAPE);
        self.loc.set(Loc::NONE);
        self.cell.set(Value::EMPTY);
    }

    #[inline(always)]
    pub fn record(&self, bits: u8) {
        self.bits.set(self.bits.get() | bits);
    }
}

impl Default for Site {
    fn default() -> Self {
        Site::new()
    }
}

/// How far a site's inline cache has gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
#[repr(u8)]
pub enum SiteState {
    Uninitialized,
    Monomorphic,
    Polymorphic,
    Megamorphic,
}

/// Where a decoded form finds the property: the form in the top byte, a byte offset (inline) or slot index below.
/// Form 0 is the own inline slot, so that its `Loc` is the offset itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Loc(pub u32);

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident = $n:literal,)*) => {
        /// The decoded forms.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Form { $($(#[$doc])* $name = $n,)* }
        impl Form {
            #[inline(always)]
            fn from_byte(byte: u8) -> Form {
                match byte { $($n => Form::$name,)* _ => Form::None }
            }
        }
    };
}

forms! {
    /// The receiver's own slot, inline.
    OwnInline = 0,
    /// The receiver's own slot, out of line.
    OwnOutOfLine = 1,
    /// A slot of `cell`, inline; valid while the prototype epoch is `aux`.
    HolderInline = 2,
    /// A slot of `cell`, out of line; valid while the prototype epoch is `aux`.
    HolderOutOfLine = 3,
    /// No such property: undefined; valid while the prototype epoch is `aux`.
    Missing = 4,
    /// A write that adds the property in an inline slot; the new shape's id is in `cell`, valid while the epoch is `aux`.
    AddInline = 5,
    /// A write that adds the property out of line, where the slots have room.
    AddOutOfLine = 6,
    /// The `length` of an array.
    ArrayLength = 7,
    /// The receiver is a string (all strings have shape 0): a slot of `cell`, inline; valid while the prototype epoch is `aux`.
    StringHolderInline = 8,
    /// The same, out of line.
    StringHolderOutOfLine = 9,
    /// The `length` of a typed array; valid while the prototype epoch is `aux`.
    TypedArrayLength = 10,
    /// The `size` of a map or set; valid while the prototype epoch is `aux`.
    CollectionSize = 11,
    /// No decoded form: look at the stubs.
    None = 255,
}

impl Loc {
    pub const NONE: Loc = Loc::new(Form::None, 0);
    /// Words below are own inline slots, whose form is 0.
    pub const OWN_INLINE_END: u32 = 1 << 24;
    #[inline(always)]
    pub const fn new(form: Form, index: u32) -> Loc {
        Loc((form as u32) << 24 | index)
    }
    #[inline(always)]
    pub fn form(self) -> Form {
        Form::from_byte((self.0 >> 24) as u8)
    }
    /// Own inline slots: the byte offset is the whole word.
    #[inline(always)]
    pub const fn is_own_inline(self) -> bool {
        self.0 < Loc::OWN_INLINE_END
    }
    #[inline(always)]
    pub const fn index(self) -> usize {
        (self.0 & 0xff_ffff) as usize
    }
}

/// Bits of arithmetic and compare sites. An int32 operation that stays int32 records nothing: a site that ran and has no
/// bits has seen int32 only.
pub mod type_bits {
    /// An operand or result was a double.
    pub const DOUBLE: u8 = 1;
    pub const STRING: u8 = 2;
    pub const BIGINT: u8 = 4;
    pub const BOOLEAN: u8 = 8;
    pub const NULLISH: u8 = 16;
    pub const OBJECT: u8 = 32;
    pub const SYMBOL: u8 = 64;
    /// Two int32 operands gave a result outside int32 (or −0).
    pub const OVERFLOW: u8 = 128;

    /// The bit of a value's type; 0 for int32.
    pub fn of(v: crate::value::Value) -> u8 {
        if v.is_int32() {
            0
        } else if v.is_number() {
            DOUBLE
        } else if v.is_string() {
            STRING
        } else if v.is_bigint() {
            BIGINT
        } else if v.is_boolean() {
            BOOLEAN
        } else if v.is_nullish() {
            NULLISH
        } else if v.is_symbol() {
            SYMBOL
        } else {
            OBJECT
        }
    }
}

/// Bits of element sites.
pub mod element_bits {
    pub const INT32: u8 = 1;
    pub const DOUBLE: u8 = 2;
    pub const VALUE: u8 = 4;
    pub const TYPED: u8 = 8;
    pub const STRING: u8 = 16;
    pub const HOLE_OR_OUTSIDE: u8 = 32;
    /// A key that is a name.
    pub const NAME: u8 = 64;
    pub const OTHER: u8 = 128;
}
