//! Seeded faults: each makes one pass or stage wrong in one way, so that tests can show that such a fault is noticed.
//!
//! They exist only with the feature `seeded-bugs`; without it [`active`] is a constant `false` and costs nothing. One fault at a
//! time is switched on, for the current thread.

use crate::passes::Pass;
use std::fmt;

/// What a fault is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// A pass.
    Pass(Pass),
    /// Instruction selection.
    Lowering,
    /// Register allocation.
    Allocator,
    /// Emission.
    Emission,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Stage::Pass(pass) => pass.fmt(f),
            Stage::Lowering => f.write_str("lowering"),
            Stage::Allocator => f.write_str("allocator"),
            Stage::Emission => f.write_str("emission"),
        }
    }
}

macro_rules! stage {
    (Lowering) => {
        Stage::Lowering
    };
    (Allocator) => {
        Stage::Allocator
    };
    (Emission) => {
        Stage::Emission
    };
    ($pass:ident) => {
        Stage::Pass(Pass::$pass)
    };
}

macro_rules! bugs {
    ($($variant:ident in $stage:ident: $what:literal;)+) => {
        /// A fault that can be switched on.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Bug { $(#[doc = $what] $variant),+ }

        impl Bug {
            /// All faults.
            pub const ALL: &'static [Bug] = &[$(Bug::$variant),+];

            /// What it is in.
            pub fn stage(self) -> Stage {
                match self { $(Bug::$variant => stage!($stage)),+ }
            }

            /// What goes wrong.
            pub fn what(self) -> &'static str {
                match self { $(Bug::$variant => $what),+ }
            }
        }
    };
}

bugs! {
    TailCallDropsWork in TailCalls: "what comes between a call and the return is dropped";
    TailCallReordersArgs in TailCalls: "the loop made of a self call gets its first two arguments exchanged";
    TailCallKeepsReturn in TailCalls: "the return after a tail call stays";
    TailCallForgetsPending in TailCalls: "what is combined with the result of a call made a jump is forgotten";
    CfgSwapsFolded in SimplifyCfg: "a branch on a constant goes the other way";
    CfgDropsArgs in SimplifyCfg: "an edge threaded through an empty block keeps the arguments for that block";
    CfgMergesShared in SimplifyCfg: "a block is merged into a predecessor though it has others";
    InvertSkipsTest in Invert: "the loop is entered without a test";
    InvertForgetsValues in Invert: "values of the head are not merged in the loop";
    InvertSwapsCopy in Invert: "the test in front of the loop goes the other way";
    SccpIgnoresEdge in Sccp: "a parameter takes the constant of its first edge only";
    SccpStuckAtFirst in Sccp: "an instruction whose operand turns out to vary stays a constant";
    SccpSwitchOffByOne in Sccp: "a switch on a constant takes the next case";
    FoldSubIsAdd in Fold: "x - c becomes x + c";
    FoldAddsZeroFloat in Fold: "x + 0.0 becomes x, also for x = -0.0";
    FoldDropsShiftMask in Fold: "the mask of a shift count is dropped whatever it is";
    FoldNegatesWrong in Fold: "!(a < b) becomes a > b";
    GvnIgnoresImmediate in Gvn: "equal ops on equal operands are merged though their conditions differ";
    GvnIgnoresStores in Gvn: "a load is taken to be equal to one before a store";
    GvnIgnoresDominance in Gvn: "a value is reused where it is not computed on every path";
    MemoryIgnoresOffset in Memory: "a load takes the value stored at another offset";
    MemoryDropsObserved in Memory: "a store is dropped although a load of it comes before the next store";
    MemoryForgetsCalls in Memory: "what is known of memory survives a call";
    RangesOffByOne in Ranges: "i < n is taken to mean i <= n - 2";
    RangesForgetsNegation in Ranges: "the other branch gets the same facts";
    RangesIgnoresWrap in Ranges: "a sum that may wrap keeps the exact range";
    PeelSkipsTest in Peel: "the peeled iteration does not test the loop's condition";
    PeelEntersEarly in Peel: "the loop after the peeled iteration starts with the initial values";
    PeelForgetsExits in Peel: "values used after the loop are not merged";
    LicmHoistsVarying in Licm: "parameters of a header count as invariant";
    LicmHoistsTraps in Licm: "a trapping instruction is hoisted though it may not be executed";
    LicmIgnoresStores in Licm: "a load is hoisted out of a loop that writes its memory";
    IfConvertSwapsArms in IfConvert: "the select takes the wrong arm's value";
    IfConvertRunsStores in IfConvert: "stores are executed on both paths";
    IfConvertOneSelect in IfConvert: "only the first argument that differs gets a select";
    StrengthWrongMagic in Strength: "the multiplier for a division is one too small";
    StrengthForgetsSign in Strength: "a signed division by a power of two rounds down";
    StrengthWrongStep in Strength: "the new induction variable advances by the factor alone";
    UnrollOneTooFew in Unroll: "full unrolling leaves an iteration out";
    UnrollLimitTooFar in Unroll: "the unrolled loop does not stop early enough";
    UnrollRestartsRemainder in Unroll: "the remaining iterations start from the initial values";
    DceDropsStores in Dce: "stores of constants count as dead";
    DceForgetsEdges in Dce: "a parameter used only by another parameter counts as dead";
    DceDropsChecks in Dce: "an unused result of a trapping instruction makes it dead";
    LayoutDropsBlock in Layout: "a cold block is left out";
    LayoutRepeatsBlock in Layout: "a block is listed twice";
    LayoutMovesEntry in Layout: "the entry block is not the first";
    LoweringSwapsSubtraction in Lowering: "the operands of a subtraction are exchanged";
    LoweringFoldsStaleLoad in Lowering: "a load becomes an operand of an instruction behind a store";
    LoweringKeepsHighBits in Lowering: "a narrow integer counts as extended as it is";
    LivenessForgetsClobbers in Allocator: "registers that calls change count as kept";
    LivenessForgetsArguments in Allocator: "arguments of edges do not count as used";
    ScanIgnoresHoles in Allocator: "a register is given away in a lifetime hole of its owner, whatever comes after the hole";
    ScanKeepsEvicted in Allocator: "what a register is taken from stays in it";
    ResolveForgetsEdges in Allocator: "values that are in different registers on two sides of an edge are not moved";
    ResolveForgetsSplits in Allocator: "no reload where a lifetime was split";
    ResolveSharesSlots in Allocator: "a spill slot is free again when the first piece of a lifetime ends";
    ResolveStoresStale in Allocator: "a result in a fixed register is stored from where it goes next";
    StackMapForgetsSlots in Allocator: "only one of a tagged value's two places is in the stack map";
    FrameForgetsBlocks in Allocator: "a block that needs the frame gets none";
    FrameHasGaps in Allocator: "blocks between two that need the frame run without it";
    FrameForgetsStores in Allocator: "values that have to be stored where the frame is made are not";
    MovesOneByOne in Allocator: "a parallel move is done one move after the other";
    EmissionInvertsCondition in Emission: "signed comparisons ask the opposite";
    EmissionMisplacesSlots in Emission: "the second spill slot overlaps the first";
    EmissionForgetsFrameEnds in Emission: "the frame is not given up on an edge to a block without one";
    EmissionMergesTraps in Emission: "all traps of a function leave with the code of the first";
}

#[cfg(feature = "seeded-bugs")]
mod switch {
    use super::Bug;
    use std::cell::Cell;

    thread_local! {
        static ACTIVE: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Switches a fault on for this thread, or all off.
    pub fn set(bug: Option<Bug>) {
        ACTIVE.with(|active| active.set(bug));
    }

    /// Whether a fault is on.
    pub fn active(bug: Bug) -> bool {
        ACTIVE.with(|active| active.get() == Some(bug))
    }
}

#[cfg(feature = "seeded-bugs")]
pub use switch::{active, set};

/// Whether a fault is on: never, in a build without the feature.
#[cfg(not(feature = "seeded-bugs"))]
#[inline(always)]
pub const fn active(_: Bug) -> bool {
    false
}
