//! Objects: layout and internal methods.
//!
//! | file | what |
//! |---|---|
//! | `layout`, `kinds` | the words of an object; the structs of the kinds |
//! | `property`, `descriptor` | own properties as the engine and as the specification see them |
//! | `own`, `elements` | adding, changing, deleting own properties: named, indexed |
//! | `define` | [[DefineOwnProperty]], integrity levels |
//! | `access` | [[Get]], [[Set]], [[HasProperty]], [[Delete]] along chains; access on any value |
//! | `keys`, `for_in` | [[OwnPropertyKeys]]; enumeration |
//! | `lazy` | properties that come into being when they are touched |
//! | `array`, `string`, `arguments`, `integer_indexed`, `namespace`, `proxy` | exotic objects |
//! | `create`, `operations` | making objects; the abstract operations of ECMA-262 §7.1–7.3 on objects |
//!
//! Internal methods dispatch on the kind byte. Chains of prototypes and of proxies without traps are walked in loops, so no
//! chain overflows the native stack; where a trap calls, `Context::call` checks it.

pub mod access;
pub mod arguments;
pub mod array;
pub mod create;
pub mod define;
pub mod descriptor;
pub mod elements;
pub mod for_in;
pub mod integer_indexed;
pub mod keys;
pub mod kinds;
pub mod layout;
pub mod lazy;
pub mod namespace;
pub mod operations;
pub mod own;
pub mod property;
pub mod proxy;
pub mod state;
pub mod string;
#[cfg(test)]
mod tests;

pub use define::IntegrityLevel;
pub use descriptor::PropertyDescriptor;
pub use property::{Accessor, Property};

use crate::cell::{CellHeader, Gc, Kind};
use crate::elements::Elements;
use std::cell::Cell;

/// Every object begins so. After the fields of its kind come `header.words` inline property slots.
/// A property's location in its shape is a `SlotLocation`: a word index from the object's start (inline, so it
/// already includes the kind's own fields) or an index into `slots` (out of line).
#[repr(C)]
pub struct Object {
    /// shape = the hidden class; words = inline property slots; flags = [`object_flag`].
    pub header: CellHeader,
    pub slots: Cell<Option<Gc<Slots>>>,
    /// Never null: a shared empty `Elements` when there are none.
    pub elements: Cell<Gc<Elements>>,
}

/// Bits of an object's `header.flags`.
pub mod object_flag {
    /// A proxy or bound function that can be called.
    pub const CALLABLE: u8 = 1;
    /// A proxy or bound function that can be constructed.
    pub const CONSTRUCTOR: u8 = 2;
    /// [[IsHTMLDDA]] (§B.3.6): for test262's host object only.
    pub const IS_HTML_DDA: u8 = 4;
}

/// Out-of-line property values; also carries the identity hash.
#[repr(C)]
pub struct Slots {
    pub header: CellHeader,
    pub capacity: Cell<u32>,
    pub identity_hash: Cell<u32>,
}

impl Gc<Object> {
    #[inline(always)]
    pub fn has_flag(self, flag: u8) -> bool {
        self.header.flags.get() & flag != 0
    }

    #[inline(always)]
    pub fn set_flag(self, flag: u8) {
        self.header.flags.set(self.header.flags.get() | flag);
    }

    /// IsCallable (§7.2.3).
    #[inline]
    pub fn is_callable(self) -> bool {
        match self.kind() {
            Kind::Function | Kind::NativeFunction | Kind::BoundFunction => true,
            Kind::Proxy | Kind::HostObject => self.has_flag(object_flag::CALLABLE),
            _ => false,
        }
    }

    /// IsConstructor (§7.2.4).
    #[inline]
    pub fn is_constructor(self) -> bool {
        match self.kind() {
            Kind::Function => {
                // SAFETY: the kind was checked.
                let code = unsafe { self.cast::<crate::function::Function>() }.code();
                code.has(crate::code::code_flag::CONSTRUCTOR)
            }
            Kind::NativeFunction => {
                // SAFETY: the kind was checked.
                let f = unsafe { self.cast::<crate::function::NativeFunction>() };
                f.flags.get() & crate::function::native_flag::CONSTRUCTOR != 0
            }
            Kind::BoundFunction | Kind::Proxy => self.has_flag(object_flag::CONSTRUCTOR),
            _ => false,
        }
    }

    /// Whether indices are answered by something else than `elements`. An empty string, such as that of `String.prototype`, answers none.
    #[inline]
    pub(crate) fn may_intercept_indices(self) -> bool {
        match self.kind() {
            Kind::Proxy | Kind::TypedArray | Kind::MappedArguments | Kind::ModuleNamespace => true,
            Kind::StringObject => string::length(self) > 0,
            _ => false,
        }
    }
}
