//! The low-level IR between instruction selection and emission: machine instructions over virtual registers.
//!
//! An instruction is a machine op of the target (opaque here) and a list of *operands*. An operand names a virtual register and
//! says what the instruction needs of its place: a [`Constraint`] and a [`Role`]. That is all that register allocation
//! and its checker know of instructions; so neither contains a line about a particular one.
//!
//! # Positions
//! Instruction `i` owns four positions, in the order in which things happen:
//!
//! | position | what happens |
//! |---|---|
//! | `4i` | *before*: one parallel move; fills fixed registers, tied destinations, argument slots; reloads |
//! | `4i + 1` | *early*: operands are read; early definitions and temporaries are busy from here |
//! | `4i + 2` | *late*: late operands are read, clobbered registers change, results are written |
//! | `4i + 3` | *after*: results leave their fixed registers |
//!
//! An operand with a fixed register is read at the end of position `4i - 1`: only the move before the instruction reads
//! it, from wherever it is. So a value may die into the very register that it is moved to, and a value in memory needs
//! no register of its own to become an argument.
//!
//! # Invariants
//! * Every virtual register is defined exactly once, by an instruction or as a parameter of a block, and the definition
//!   dominates all uses.
//! * A block comes after all blocks that dominate it, so that definitions stand before uses.
//! * Every block begins with a block-start instruction without operands and ends with its only terminator.
//! * No edge is critical: it leaves a block with one successor or enters one with one predecessor.

use std::fmt;
use tercel_ir::Type;

/// A virtual register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VReg(pub u32);

impl VReg {
    /// Its number.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for VReg {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// A register file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Class {
    /// General-purpose registers: integers, addresses, tagged values.
    Int,
    /// Vector registers: floats and vectors.
    Float,
}

impl Class {
    /// The class that holds values of a type.
    #[inline]
    pub fn of(ty: Type) -> Class {
        if ty.is_general() { Class::Int } else { Class::Float }
    }
}

/// A physical register: 0–15 are general-purpose, 16–31 vector registers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PReg(pub u8);

/// How many physical registers there are, over both classes.
pub const PREGS: usize = 32;

impl PReg {
    /// General-purpose register with a hardware number.
    pub const fn int(number: u8) -> PReg {
        PReg(number)
    }

    /// Vector register with a hardware number.
    pub const fn float(number: u8) -> PReg {
        PReg(16 + number)
    }

    /// Its number over both classes.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its number in its own file.
    #[inline]
    pub const fn number(self) -> u8 {
        self.0 & 15
    }

    /// Its file.
    #[inline]
    pub const fn class(self) -> Class {
        if self.0 < 16 { Class::Int } else { Class::Float }
    }
}

impl fmt::Debug for PReg {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.class() {
            Class::Int => write!(f, "{}", tercel_asm::x64::Reg::from_index(self.0)),
            Class::Float => write!(f, "xmm{}", self.number()),
        }
    }
}

/// A set of physical registers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PRegSet(pub u32);

impl PRegSet {
    /// The empty set.
    pub const EMPTY: PRegSet = PRegSet(0);

    /// The set with one more.
    pub const fn with(self, reg: PReg) -> PRegSet {
        PRegSet(self.0 | 1 << reg.0)
    }

    /// The set without a register.
    pub const fn without(self, reg: PReg) -> PRegSet {
        PRegSet(self.0 & !(1 << reg.0))
    }

    /// Membership.
    #[inline]
    pub const fn contains(self, reg: PReg) -> bool {
        self.0 >> reg.0 & 1 != 0
    }

    /// The members, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = PReg> {
        (0..PREGS as u8).map(PReg).filter(move |&reg| self.contains(reg))
    }
}

/// What an instruction needs of the place of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constraint {
    /// Some register.
    Reg,
    /// A register, or memory at some cost.
    RegMem,
    /// Anywhere; a register is not worth anything (frame states).
    Any,
    /// This register.
    Fixed(PReg),
    /// A definition in the same place as the use with this operand number.
    Tied(u8),
    /// A use whose place is decided by the definition that is tied to it.
    TiedUse,
    /// An argument area.
    Outgoing(ArgPlace),
}

/// A place in the argument area at the bottom of the frame, or in this function's own: three bytes of a constraint, of which there is one
/// for each operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArgPlace {
    eightbyte: [u8; 2],
    incoming: bool,
}

impl ArgPlace {
    /// One past the largest offset that there is.
    pub const END: u32 = 8 << 16;

    /// The place at a byte offset, a multiple of 8 below [`ArgPlace::END`].
    pub fn new(offset: u32) -> ArgPlace {
        debug_assert!(offset.is_multiple_of(8) && offset < ArgPlace::END);
        ArgPlace { eightbyte: ((offset / 8) as u16).to_le_bytes(), incoming: false }
    }

    /// The same place in the function's own argument area: of a tail call.
    pub fn incoming(self) -> ArgPlace {
        ArgPlace { incoming: true, ..self }
    }

    /// Its byte offset, marked with [`INCOMING`] if it is in the function's own area.
    pub fn offset(self) -> u32 {
        let offset = u32::from(u16::from_le_bytes(self.eightbyte)) * 8;
        if self.incoming { offset | INCOMING } else { offset }
    }
}

/// Marks an offset of [`Loc::Outgoing`] as one into this function's own argument area.
pub const INCOMING: u32 = 1 << 31;

/// Whether and when an operand is read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Read before anything is written.
    Use,
    /// Read until the instruction is finished: shares no place with a result.
    LateUse,
    /// Written at the end.
    Def,
    /// Written before all operands are read: shares no place with a use.
    EarlyDef,
    /// Scratch: written early, dead afterwards.
    Temp,
}

impl Role {
    /// Whether the operand is read.
    #[inline]
    pub fn is_use(self) -> bool {
        matches!(self, Role::Use | Role::LateUse)
    }
}

/// An operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// The virtual register.
    pub vreg: VReg,
    /// Where it must be.
    pub constraint: Constraint,
    /// When it is read or written.
    pub role: Role,
}

/// A spill slot: an index into the slots that the allocator makes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Loc {
    /// Nowhere yet.
    #[default]
    None,
    /// In a register.
    Reg(PReg),
    /// In a spill slot.
    Slot(Slot),
    /// In an argument area, at [`ArgPlace::offset`]; only as the destination of a move.
    Outgoing(u32),
    /// Nowhere: it is a constant, made again where it is needed.
    Remat,
}

impl Loc {
    /// The register, if it is one.
    #[inline]
    pub fn reg(self) -> Option<PReg> {
        match self {
            Loc::Reg(reg) => Some(reg),
            _ => None,
        }
    }
}

/// A constant that is cheaper to make again than to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remat {
    /// An integer.
    Int(i64),
    /// The bits of an `f64` (or, in the low half, of an `f32`).
    Float(u64),
}

/// What is known of a virtual register. Small, since it is looked at whenever the register is.
#[derive(Clone, Copy, Debug)]
pub struct VRegData {
    /// The type of its value: decides the class, the size of its slot, and whether the collector traces it.
    pub ty: Type,
    kind: VRegKind,
    /// An index into [`Code::constants`], or the base.
    payload: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum VRegKind {
    Plain,
    Int,
    Float,
    /// An address that was computed from a tagged register.
    Derived,
}

impl VRegData {
    /// Whether it is a constant.
    #[inline]
    pub fn is_constant(self) -> bool {
        matches!(self.kind, VRegKind::Int | VRegKind::Float)
    }

    /// The tagged virtual register that this address was computed from.
    #[inline]
    pub fn base(self) -> Option<VReg> {
        (self.kind == VRegKind::Derived).then_some(VReg(self.payload))
    }
}

/// An instruction but for its op, which only the target looks at: what allocation reads often is kept small.
#[derive(Clone, Copy, Debug)]
pub struct LInst {
    /// Its operands: a range of [`Code::operands`].
    pub operands: Span,
    /// Registers that it changes besides its results.
    pub clobbers: PRegSet,
    /// Whether the collector may run here: live tagged values go into a stack map.
    pub safepoint: bool,
}

/// A part of one of the vectors of [`Code`]: first index, one past the last.
pub type Span = (u32, u32);

fn part<T>(all: &[T], (first, end): Span) -> &[T] {
    &all[first as usize..end as usize]
}

/// An edge with the values for the target's parameters.
#[derive(Clone, Copy, Debug)]
pub struct LEdge {
    /// The target's index.
    pub block: u32,
    /// One value for each parameter: [`Code::args`].
    pub args: Span,
}

impl LEdge {
    /// Whether there are any.
    #[inline]
    pub fn has_args(&self) -> bool {
        self.args.0 < self.args.1
    }
}

/// A block: a range of instructions.
#[derive(Clone, Copy, Debug, Default)]
pub struct LBlock {
    /// First instruction: the block start.
    pub start: u32,
    /// One past the terminator.
    pub end: u32,
    /// Parameters: [`Code::params`].
    pub params: Span,
    /// Outgoing edges: [`Code::succs`].
    pub succs: Span,
    /// Predecessors: [`Code::preds`].
    pub preds: Span,
    /// The innermost loop around it, an index into [`Code::loops`]; [`NO_LOOP`] if there is none.
    pub in_loop: u32,
    /// How deep in loops.
    pub depth: u32,
    /// Rarely run.
    pub cold: bool,
    /// Whether its instructions need the frame, whatever their operands are given: calls, stack slots, arguments in memory.
    pub frame: bool,
}

/// No loop.
pub const NO_LOOP: u32 = u32::MAX;

/// A natural loop: what reaches a back edge of its header without passing the header.
///
/// Whoever makes the code may leave loops out (their blocks then count as those of the loop around); what is listed must be true.
#[derive(Clone, Copy, Debug)]
pub struct LLoop {
    /// The block through which it is entered.
    pub header: u32,
    /// The loop around it, which has a smaller index, or [`NO_LOOP`].
    pub parent: u32,
    /// How deep it is nested; 1 for outermost loops.
    pub depth: u32,
    /// Its place in a preorder of the forest, and one past the last place of the loops inside.
    pub span: Span,
}

impl LBlock {
    /// How often it runs, relative to the function's entry: a static guess.
    pub fn weight(&self) -> u64 {
        if self.cold { 1 } else { 16 << (3 * self.depth.min(6)) }
    }
}

const _: () = assert!(size_of::<Operand>() == 8 && size_of::<VRegData>() == 8);

/// A function in low-level IR. The entry is the first block.
#[derive(Clone, Debug)]
pub struct Code<O> {
    /// The blocks.
    pub blocks: Vec<LBlock>,
    /// The instructions, block by block.
    pub insts: Vec<LInst>,
    /// Their machine ops, of the target's type `O`, the last first, as they are made: [`Code::op`].
    pub ops: Vec<O>,
    /// The operands of all instructions.
    pub operands: Vec<Operand>,
    /// The virtual registers.
    pub vregs: Vec<VRegData>,
    /// The bits of constants: [`Code::remat`].
    pub constants: Vec<u64>,
    /// The parameters of blocks and the arguments of edges.
    pub values: Vec<VReg>,
    /// The edges, those of one block in the order in which its terminator lists them.
    pub edges: Vec<LEdge>,
    /// The predecessors of all blocks, by index.
    pub preds: Vec<u32>,
    /// The loops.
    pub loops: Vec<LLoop>,
}

impl<O> Default for Code<O> {
    fn default() -> Code<O> {
        Code {
            blocks: Vec::new(),
            insts: Vec::new(),
            ops: Vec::new(),
            operands: Vec::new(),
            vregs: Vec::new(),
            constants: Vec::new(),
            values: Vec::new(),
            edges: Vec::new(),
            preds: Vec::new(),
            loops: Vec::new(),
        }
    }
}

impl<O> Code<O> {
    /// The operands of an instruction.
    #[inline]
    pub fn operands(&self, inst: usize) -> &[Operand] {
        part(&self.operands, self.insts[inst].operands)
    }

    /// The machine op of an instruction.
    #[inline]
    pub fn op(&self, inst: usize) -> &O {
        &self.ops[self.ops.len() - 1 - inst]
    }

    /// The parameters of a block.
    #[inline]
    pub fn params(&self, block: usize) -> &[VReg] {
        part(&self.values, self.blocks[block].params)
    }

    /// The edges that leave a block, in the order in which its terminator lists them.
    #[inline]
    pub fn succs(&self, block: usize) -> &[LEdge] {
        part(&self.edges, self.blocks[block].succs)
    }

    /// The blocks whose edges enter a block.
    #[inline]
    pub fn preds(&self, block: usize) -> &[u32] {
        part(&self.preds, self.blocks[block].preds)
    }

    /// The values that an edge has for its target's parameters.
    #[inline]
    pub fn args(&self, edge: &LEdge) -> &[VReg] {
        part(&self.values, edge.args)
    }

    /// A new virtual register.
    #[inline]
    pub fn new_vreg(&mut self, ty: Type) -> VReg {
        self.vregs.push(VRegData { ty, kind: VRegKind::Plain, payload: 0 });
        VReg(self.vregs.len() as u32 - 1)
    }

    /// Notes that a virtual register is a constant.
    pub fn set_constant(&mut self, vreg: VReg, constant: Remat) {
        let (kind, bits) = match constant {
            Remat::Int(bits) => (VRegKind::Int, bits as u64),
            Remat::Float(bits) => (VRegKind::Float, bits),
        };
        let data = &mut self.vregs[vreg.index()];
        (data.kind, data.payload) = (kind, self.constants.len() as u32);
        self.constants.push(bits);
    }

    /// Notes that a virtual register is an address computed from a tagged one.
    pub fn set_base(&mut self, vreg: VReg, base: VReg) {
        let data = &mut self.vregs[vreg.index()];
        (data.kind, data.payload) = (VRegKind::Derived, base.0);
    }

    /// The constant that a virtual register is, if it is one.
    #[inline]
    pub fn remat(&self, vreg: VReg) -> Option<Remat> {
        let data = self.vregs[vreg.index()];
        let bits = || self.constants[data.payload as usize];
        match data.kind {
            VRegKind::Int => Some(Remat::Int(bits() as i64)),
            VRegKind::Float => Some(Remat::Float(bits())),
            VRegKind::Plain | VRegKind::Derived => None,
        }
    }

    /// The class of a virtual register.
    #[inline]
    pub fn class(&self, vreg: VReg) -> Class {
        Class::of(self.vregs[vreg.index()].ty)
    }
}

/// The position of a phase of an instruction.
pub mod pos {
    /// Before instruction `inst`.
    #[inline]
    pub fn before(inst: usize) -> u32 {
        inst as u32 * 4
    }
    /// Early in it.
    #[inline]
    pub fn early(inst: usize) -> u32 {
        inst as u32 * 4 + 1
    }
    /// Late in it.
    #[inline]
    pub fn late(inst: usize) -> u32 {
        inst as u32 * 4 + 2
    }
    /// After it.
    #[inline]
    pub fn after(inst: usize) -> u32 {
        inst as u32 * 4 + 3
    }
    /// The instruction that owns a position.
    #[inline]
    pub fn inst(pos: u32) -> usize {
        pos as usize / 4
    }
}
