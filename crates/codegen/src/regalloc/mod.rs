//! Register allocation: linear scan over lifetime intervals in SSA form.
//!
//! After Wimmer and Franz, "Linear Scan Register Allocation on SSA Form" (CGO 2010): intervals with holes come straight from
//! the SSA code, blocks' parameters need no interval of their own before allocation, and what other allocators do as
//! phi deconstruction is part of resolving edges afterwards.
//!
//! | module | holds |
//! |---|---|
//! | [`checker`] | the proof that an allocation is right, independent of how it was made |
//! | `liveness` | lifetime ranges and uses of every virtual register |
//! | `loops` | what liveness asks of the loops |
//! | `scan` | the scan: registers, splits, spills |
//! | `resolve` | moves where an interval was split and on edges; spill slots; stack maps |
//! | [`frame`] | which blocks need the frame |
//! | [`moves`] | parallel moves in a sequence |

pub mod checker;
pub mod frame;
mod liveness;
mod loops;
pub mod moves;
mod resolve;
mod scan;

use crate::lir::*;
use frame::{FramePlacement, FrameRegion};
use rustc_hash::FxHashMap;
use std::fmt;
use tercel_ir::{Scratch, Type};

/// What the allocator may use.
#[derive(Clone, Debug)]
pub struct Env {
    /// General-purpose registers, the preferred first.
    pub int: Vec<PReg>,
    /// Vector registers, the preferred first.
    pub float: Vec<PReg>,
    /// Keep every value in memory between instructions: a mode for tests.
    pub spill_all: bool,
    /// Make the frame only where it is needed.
    pub shrink_wrap: bool,
    /// Registers that the function has to save in its frame before it changes them.
    pub preserved: PRegSet,
}

impl Env {
    /// Whether a value can be here only while there is a frame.
    pub fn in_frame(&self, loc: Loc) -> bool {
        match loc {
            Loc::Slot(_) => true,
            Loc::Reg(reg) => self.preserved.contains(reg),
            _ => false,
        }
    }
}

impl Env {
    /// The registers of a class by its number.
    fn regs(&self, class: usize) -> &[PReg] {
        if class == Class::Int as usize { &self.int } else { &self.float }
    }
}

/// Where a group of moves stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MoveAt {
    /// At the start of a block, before its first instruction.
    BlockStart(u32),
    /// Before an instruction.
    Before(u32),
    /// At the end of a block, between the moves before its terminator and the terminator.
    BlockEnd(u32),
    /// After an instruction.
    After(u32),
}

/// One move of a parallel move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    /// Where the value is.
    pub from: Loc,
    /// Where it goes.
    pub to: Loc,
    /// Whose value it is: gives the type, and the constant if `from` is [`Loc::Remat`].
    pub vreg: VReg,
}

/// Moves that happen at once, to distinct destinations.
#[derive(Clone, Copy, Debug)]
pub struct MoveGroup {
    /// Where.
    pub at: MoveAt,
    /// The moves: [`Allocation::moves`].
    pub moves: Span,
}

/// A spill slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotInfo {
    /// Size in bytes: 8, 16, 32 or 64.
    pub bytes: u32,
    /// Whether it holds values that the collector traces.
    pub tagged: bool,
    /// The class of what it holds.
    pub class: Class,
}

/// A derived address at a safepoint, and the object that it points into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Derived {
    /// Where the tagged base is; also listed among the tagged places.
    pub base: Loc,
    /// Where the address is.
    pub derived: Loc,
    /// Whose address it is.
    pub derived_vreg: VReg,
}

/// What the collector needs to know at a safepoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackMap {
    /// Places of live tagged values.
    pub tagged: Vec<(Loc, VReg)>,
    /// Addresses into objects.
    pub derived: Vec<Derived>,
}

/// What allocation did, in static counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Virtual registers.
    pub vregs: u32,
    /// Virtual registers that have a spill slot.
    pub spilled: u32,
    /// Moves between registers.
    pub moves: u32,
    /// Moves from a register to a slot.
    pub spills: u32,
    /// Moves from a slot to a register.
    pub reloads: u32,
    /// Constants made again.
    pub remats: u32,
    /// Intervals split.
    pub splits: u32,
    /// Where the frame is made.
    pub frame: FramePlacement,
    /// Blocks that run without the frame.
    pub frameless: u32,
}

/// The result of allocation.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    /// The place of each operand, parallel to [`Code::operands`].
    pub locs: Vec<Loc>,
    /// Groups of moves, ordered by place.
    pub groups: Vec<MoveGroup>,
    /// The moves of all groups, in their order.
    pub steps: Vec<Move>,
    /// The spill slots.
    pub slots: Vec<SlotInfo>,
    /// A map for each safepoint, by instruction.
    pub stack_maps: FxHashMap<u32, StackMap>,
    /// The blocks that run with a frame.
    pub frame: FrameRegion,
    /// Counts.
    pub stats: Stats,
}

impl Allocation {
    /// The moves of a group.
    #[inline]
    pub fn moves(&self, group: &MoveGroup) -> &[Move] {
        &self.steps[group.moves.0 as usize..group.moves.1 as usize]
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        scratch.give(self.locs);
        scratch.give(self.groups);
        scratch.give(self.steps);
        scratch.give(self.slots);
        scratch.give(self.frame.framed);
    }
}

/// Why there is no allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocError {
    /// The instruction whose operands do not fit the registers at once.
    pub inst: usize,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "instruction {} needs more registers than there are", self.inst)
    }
}

impl std::error::Error for AllocError {}

/// Allocates registers. Tables are made in `scratch`.
///
/// # Errors
/// An instruction that asks for more registers at once than there are.
pub fn allocate<O>(code: &Code<O>, env: &Env, scratch: &mut Scratch) -> Result<Allocation, AllocError> {
    let lives = liveness::Lives::compute(code, scratch);
    let intervals = scan::scan(code, env, &lives, scratch)?;
    let allocation = resolve::resolve(code, env, &lives, intervals, scratch);
    lives.give(scratch);
    Ok(allocation)
}
