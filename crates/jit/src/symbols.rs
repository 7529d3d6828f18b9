//! What machine code calls by name: helpers of ops, the other helpers, and the seams of [`tercel_vm::machine`].
//!
//! A symbol is a number that the code space resolves when code is published, so that a call takes five bytes.

use crate::ic;
use crate::stubs::{BY_OFFSET, ROUTINES, SHARED, shared};
use tercel_asm::RelocTarget;
use tercel_bytecode::Op;
use tercel_code::CodeSpace;
use tercel_vm::fast_native;
use tercel_vm::helpers::{self, extra};
use tercel_vm::machine;

/// A symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbol(pub u32);

impl Symbol {
    /// The helper of an op.
    pub const fn helper(op: Op) -> Symbol {
        Symbol(op as u32)
    }
    pub const fn target(self) -> RelocTarget {
        RelocTarget::Symbol(self.0)
    }
}

macro_rules! extras {
    ($($(#[$doc:meta])* $name:ident = $address:path;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Order { $($name,)* COUNT }
        $($(#[$doc])* pub const $name: Symbol = Symbol(256 + Order::$name as u32);)*
        /// Not a function: the address that the shape with id 0 would have.
        pub const SHAPES_BASE: Symbol = Symbol(255);
        /// Numbers of symbols from here on are the stubs'.
        pub const FIRST_STUB: u32 = 256 + Order::COUNT as u32;

        /// The names, in order.
        const EXTRA_NAMES: &[&str] = &[$(stringify!($name)),*];

        fn define_extras(space: &mut CodeSpace) {
            $(space.define_symbol($name.0, $address as *const () as u64);)*
        }
    };
}

extras! {
    POLL = extra::poll;
    FILL_FRAME = extra::fill_frame;
    TO_BOOLEAN = extra::to_boolean;
    RECORD_TARGET = extra::record_target;
    RENEW_FUNCTION = extra::renew_function;
    WRITE_BARRIER = extra::write_barrier;
    DOUBLE_TO_INT32 = extra::double_to_int32;
    REMAINDER = extra::remainder;
    SWITCH_INDEX = extra::switch_index;
    ITER_NEXT = extra::iter_next;
    ITER_STEP = extra::iter_step;
    ITER_DELEGATED = extra::iter_delegated;
    NEW_THIS = extra::new_this;
    STUBS_CALLED_OFTEN = extra::stubs_called_often;
    CALL_NATIVE_ACCESSOR = extra::call_native_accessor;
    TYPED_GET = extra::typed_get;
    TYPED_SET = extra::typed_set;
    MAPPED_GET = extra::mapped_get;
    MAPPED_SET = extra::mapped_set;
    HAS_ELEMENT = extra::has_element;
    CHAR_CODE_AT = fast_native::char_code_at;
    ARRAY_PUSH = fast_native::array_push;
    ARRAY_POP = fast_native::array_pop;
    MAP_GET = fast_native::map_get;
    MAP_HAS = fast_native::map_has;
    MAP_SET = fast_native::map_set;
    MAP_DELETE = fast_native::map_delete;
    SET_HAS = fast_native::set_has;
    SET_ADD = fast_native::set_add;
    SET_DELETE = fast_native::set_delete;
    REGEXP_TEST = fast_native::regexp_test;
    THROW = machine::throw_stub;
}

/// Tells the code space all addresses outside it.
pub fn define_all(space: &mut CodeSpace) {
    for &op in Op::ALL {
        if let Some(helper) = helpers::of_op(op) {
            space.define_symbol(Symbol::helper(op).0, helper.address as u64);
        }
    }
    define_extras(space);
}

/// What a symbol stands for, for people.
pub fn name(symbol: u32) -> String {
    let op = |n: u32| Op::ALL.iter().find(|&&op| op as u32 == n).map_or("?", |op| op.info().name);
    match symbol {
        tercel_code::DATA => "data".into(),
        0..255 => format!("helper {}", op(symbol)),
        255 => "shapes base".into(),
        256..FIRST_STUB => EXTRA_NAMES[symbol as usize - 256].to_lowercase(),
        FIRST_STUB..ROUTINES => format!("stub {}", op(symbol - FIRST_STUB)),
        ROUTINES..SHARED => ic::routines::name(Symbol(symbol)).to_lowercase(),
        SHARED..BY_OFFSET => shared::name(Symbol(symbol)).to_lowercase(),
        _ => format!("stub {}", op(symbol - BY_OFFSET)),
    }
}
