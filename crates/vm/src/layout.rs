//! Where things are in memory, for machine code: offsets in bytes, derived from the Rust types.

use crate::cell::CellHeader;
use crate::context::Context;
use crate::elements::Elements;
use crate::feedback::Site;
use crate::function::{Function, NativeFunction};
use crate::generator::Generator;
use crate::ic::IcStub;
use crate::ic::megamorphic::Entry;
use crate::interp::Interp;
use crate::interp::state::{InterpStatistics, SiteCounts};
use crate::object::array::ArrayObject;
use crate::object::kinds::Collection;
use crate::object::state::Objects;
use crate::object::{Accessor, Object, Slots};
use crate::scope::Scope;
use crate::shape::Shape;
use crate::string::{JsString, Slice};
use crate::tier::{MachineCode, ResumeRow};
use crate::typed::TypedArray;
use crate::values::ValueArray;
use std::mem::offset_of;
use tercel_bytecode::FeedbackKind;

/// The context.
pub mod context {
    use super::*;
    const INTERP: usize = offset_of!(Context, interp);
    pub const FRAME: i32 = (INTERP + offset_of!(Interp, frame)) as i32;
    pub const PC: i32 = (INTERP + offset_of!(Interp, pc)) as i32;
    pub const STACK_LIMIT: i32 = (INTERP + offset_of!(Interp, stack_limit)) as i32;
    pub const MACHINE_LIMIT: i32 = (INTERP + offset_of!(Interp, machine_limit)) as i32;
    /// The address of the word that safepoints poll.
    pub const INTERRUPT_WORD: i32 = (INTERP + offset_of!(Interp, interrupt_word)) as i32;
    pub const UNDEFINED_PAIR: i32 = (INTERP + offset_of!(Interp, undefined_pair)) as i32;
    pub const EXIT_SP: i32 = (INTERP + offset_of!(Interp, exit_sp)) as i32;
    pub const DELEGATED: i32 = (INTERP + offset_of!(Interp, delegated)) as i32;
    pub const RESULT: i32 = (INTERP + offset_of!(Interp, result)) as i32;
    pub const PROTO_EPOCH: i32 = (INTERP + offset_of!(Interp, proto_epoch)) as i32;
    pub const HOLES_UNDEFINED: i32 = (offset_of!(Context, objects) + offset_of!(Objects, indexed_fuse)) as i32;
    pub const MEGAMORPHIC_HITS: i32 =
        (INTERP + offset_of!(Interp, statistics) + offset_of!(InterpStatistics, megamorphic_hits)) as i32;
    /// The counts of sites of a kind.
    pub const fn executed(kind: FeedbackKind) -> i32 {
        const SITES: usize = INTERP + offset_of!(Interp, statistics) + offset_of!(InterpStatistics, sites);
        (SITES + kind as usize * size_of::<SiteCounts>() + offset_of!(SiteCounts, executed)) as i32
    }
    pub const fn missed(kind: FeedbackKind) -> i32 {
        executed(kind) + (offset_of!(SiteCounts, missed) - offset_of!(SiteCounts, executed)) as i32
    }
    pub const BUMP: i32 = (offset_of!(Context, heap) + tercel_gc::Heap::BUMP_OFFSET) as i32;
    pub const EMPTY_ELEMENTS: i32 = (offset_of!(Context, objects) + offset_of!(Objects, empty_elements)) as i32;
    pub const LIMIT: i32 = (offset_of!(Context, heap) + tercel_gc::Heap::LIMIT_OFFSET) as i32;
}

/// A feedback site.
pub mod site {
    use super::*;
    pub const SIZE: i32 = size_of::<Site>() as i32;
    pub const GUARD: i32 = offset_of!(Site, guard) as i32;
    pub const LOC: i32 = offset_of!(Site, loc) as i32;
    pub const CELL: i32 = offset_of!(Site, cell) as i32;
    pub const STUBS: i32 = offset_of!(Site, stubs) as i32;
    pub const AUX: i32 = offset_of!(Site, aux) as i32;
    pub const STATE: i32 = offset_of!(Site, state) as i32;
    pub const BITS: i32 = offset_of!(Site, bits) as i32;
}

/// An entry of the megamorphic cache.
pub mod megamorphic {
    use super::*;
    pub const SIZE: usize = size_of::<Entry>();
    pub const KEY: i32 = offset_of!(Entry, key) as i32;
    pub const SHAPE: i32 = offset_of!(Entry, shape) as i32;
    pub const LOC: i32 = offset_of!(Entry, loc) as i32;
    pub const EPOCH: i32 = offset_of!(Entry, epoch) as i32;
    pub const HOPS: i32 = offset_of!(Entry, hops) as i32;
    pub const ACCESS: i32 = offset_of!(Entry, access) as i32;
    pub const MANNER: i32 = offset_of!(Entry, manner) as i32;
    pub const NEW_SHAPE: i32 = offset_of!(Entry, new_shape) as i32;
}

/// A shape: its id is the distance from [`Context::shapes_base`] in units of 8 bytes.
pub mod shape {
    use super::*;
    pub const PROTOTYPE: i32 = offset_of!(Shape, prototype) as i32;
    pub const KIND: i32 = Shape::KIND_OFFSET as i32;
    pub const INLINE_CAPACITY: i32 = Shape::INLINE_CAPACITY_OFFSET as i32;
}

/// A stub.
pub mod stub {
    use super::*;
    pub const NEXT: i32 = offset_of!(IcStub, next) as i32;
    pub const CODE: i32 = offset_of!(IcStub, code) as i32;
    pub const HITS: i32 = offset_of!(IcStub, hits) as i32;
    pub const DATA: i32 = size_of::<IcStub>() as i32;
}

/// A cell's header.
pub mod header {
    use super::*;
    pub const SHAPE: i32 = offset_of!(CellHeader, shape) as i32;
    pub const KIND: i32 = CellHeader::KIND_OFFSET as i32;
    pub const GC: i32 = CellHeader::GC_OFFSET as i32;
    /// The bit of the byte at [`GC`] that asks for a write barrier.
    pub const OLD_CLEAN: i32 = tercel_gc::OLD_CLEAN as i32;
    pub const FLAGS: i32 = CellHeader::FLAGS_OFFSET as i32;
    pub const WORDS: i32 = CellHeader::WORDS_OFFSET as i32;
    pub const SIZE: i32 = size_of::<CellHeader>() as i32;
}

/// Objects.
pub mod object {
    use super::*;
    pub const SLOTS: i32 = offset_of!(Object, slots) as i32;
    pub const ELEMENTS: i32 = offset_of!(Object, elements) as i32;
    pub const ARRAY_LENGTH: i32 = offset_of!(ArrayObject, length) as i32;
    pub const SLOTS_CAPACITY: i32 = offset_of!(Slots, capacity) as i32;
    pub const SLOTS_DATA: i32 = size_of::<Slots>() as i32;
    pub const FUNCTION_CODE: i32 = offset_of!(Function, code) as i32;
    pub const FUNCTION_ENV: i32 = offset_of!(Function, env) as i32;
    pub const FUNCTION_HOME: i32 = offset_of!(Function, home) as i32;
    pub const FUNCTION_CLASS_INIT: i32 = offset_of!(Function, class_init) as i32;
    pub const CONSTRUCT_TRACKING: i32 = offset_of!(Function, construct.tracking) as i32;
    pub const CONSTRUCT_SHAPE: i32 = offset_of!(Function, construct.shape) as i32;
    pub const NATIVE_POINTER: i32 = offset_of!(NativeFunction, function) as i32;
    pub const NATIVE_SPECIAL: i32 = offset_of!(NativeFunction, special) as i32;
    pub const TYPED_LENGTH: i32 = offset_of!(TypedArray, length) as i32;
    pub const TYPED_ELEMENT: i32 = TypedArray::ELEMENT_OFFSET as i32;
    pub const TYPED_DATA: i32 = offset_of!(TypedArray, data) as i32;
}

/// Maps and sets, and their tables.
pub mod collection {
    use super::*;
    pub const TABLE: i32 = offset_of!(Collection, table) as i32;
    pub const USED: i32 = crate::collections::USED_OFFSET as i32;
    pub const DELETED: i32 = crate::collections::DELETED_OFFSET as i32;
}

/// Generators.
pub mod generator {
    use super::*;
    pub const FRAME: i32 = offset_of!(Generator, frame) as i32;
    /// The low half of an int32 value, as is the next.
    pub const STATE: i32 = offset_of!(Generator, state_word) as i32;
    pub const RESUME_PC: i32 = offset_of!(Generator, resume_pc) as i32;
}

/// Arrays of values.
pub mod values {
    use super::*;
    pub const LENGTH: i32 = offset_of!(ValueArray, length) as i32;
    pub const DATA: i32 = crate::values::VALUES_OFFSET as i32;
}

/// What the engine knows of a function's machine code.
pub mod machine_code {
    use super::*;
    pub use crate::tier::{NO_REGISTER, RESUME_ROWS};
    pub const RESUME_CACHE: i32 = offset_of!(MachineCode, resume_cache) as i32;
    pub const RESUME_ROW: usize = size_of::<ResumeRow>();
    pub const ROW_PC: i32 = offset_of!(ResumeRow, pc) as i32;
    pub const ROW_DST: i32 = offset_of!(ResumeRow, dst) as i32;
    pub const ROW_MODE: i32 = offset_of!(ResumeRow, mode) as i32;
    pub const ROW_ENTRY: i32 = offset_of!(ResumeRow, entry) as i32;
}

/// Accessor pairs.
pub mod accessor {
    use super::*;
    pub const GETTER: i32 = offset_of!(Accessor, getter) as i32;
    pub const SETTER: i32 = offset_of!(Accessor, setter) as i32;
}

/// Elements.
pub mod elements {
    use super::*;
    pub const LENGTH: i32 = offset_of!(Elements, length) as i32;
    pub const CAPACITY: i32 = offset_of!(Elements, capacity) as i32;
    pub const DATA: i32 = crate::elements::DATA_OFFSET as i32;
}

/// Strings.
pub mod string {
    use super::*;
    pub const LENGTH: i32 = offset_of!(JsString, length) as i32;
    pub const PAYLOAD: i32 = crate::string::PAYLOAD as i32;
    pub const SLICE_BASE: i32 = offset_of!(Slice, base) as i32;
    pub const SLICE_OFFSET: i32 = offset_of!(Slice, offset) as i32;
}

/// Realms.
pub mod realm {
    use crate::realm::{Intrinsic, Realm};
    /// An intrinsic; empty before it is made.
    pub const fn intrinsic(intrinsic: Intrinsic) -> i32 {
        (Realm::INTRINSICS_OFFSET + intrinsic as usize * 8) as i32
    }
}

/// Scopes.
pub mod scope {
    use super::*;
    pub const PARENT: i32 = offset_of!(Scope, parent) as i32;
    pub const OWNER: i32 = offset_of!(Scope, owner) as i32;
    pub const SLOT_COUNT: i32 = offset_of!(Scope, slot_count) as i32;
    pub const SLOTS: i32 = crate::scope::SLOTS_OFFSET as i32;
}
