//! Emission: allocated machine ops to bytes, and the tables that go with them.
//!
//! # Frame
//!
//! ```text
//!   higher addresses
//!   | incoming arguments in memory   rbp + 16 …
//!   | return address                 rbp + 8
//!   | caller's rbp                   rbp
//!   | saved registers (System V)     rbp - 8 …
//!   | spill slots, tagged first
//!   | stack slots                    rsp + outgoing …
//!   | outgoing arguments             rsp
//!   lower addresses
//! ```
//!
//! RBP chains frames, always, so that a walk needs no tables. RSP does not move between prologue and epilogue and is a
//! multiple of 16 there, so that calls are aligned without further ado.
//!
//! Not all blocks have the frame ([`crate::regalloc::frame`]); in the others RBP is the caller's. Exits and polls there make one
//! for the call of their stub, of RBP alone, since no value is in memory. Where RBP and RSP are is written down for each
//! instruction: [`CompiledFunction::unwind`].
//!
//! # Cold code
//! What rarely runs comes after the blocks: traps (one stub a code), exits, slow paths of polls and conversions.

mod convert;
mod frame;
mod insts;

use super::inst::*;
use super::lower::{ExitValue, Lowered};
use crate::lir::*;
use crate::regalloc::{Allocation, Move, MoveAt, Stats, moves};
use crate::runtime::offsets;
use crate::seeded::{Bug, active};
use crate::{CodegenError, Fault, Options, StageTimes};
use frame::{Frame, FrameChange};
use tercel_asm::x64::inst::VecOp;
use tercel_asm::x64::{Assembler, Cond, Mem, Operand, Reg, RegMem, Scale, Size, VecLen, Xmm, XmmMem, op};
use tercel_asm::{Assembly, Label};
use tercel_code::{CallerFrame, UnwindRow};
use tercel_ir::{CallConv, Function, Scratch, SourcePos, TemplateId, TrapCode, Type};

/// Where a value is while a function is stopped at a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a register, which the site's stub has dumped.
    Reg(PReg),
    /// In the frame, at this offset from RBP.
    Frame(i32),
    /// It is this constant.
    Const(u64),
}

/// One frame of an exit: what the interpreter goes on with.
#[derive(Clone, Debug)]
pub struct ExitFrame {
    /// The function whose frame it is.
    pub template: TemplateId,
    /// Position in its bytecode.
    pub position: u32,
    /// A place for each slot; none for dead ones.
    pub values: Vec<Option<(Type, Place)>>,
}

/// What a site is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SiteKind {
    /// A call.
    Call,
    /// A poll's slow path: registers are dumped.
    Poll,
    /// An exit: registers are dumped.
    Exit,
}

/// What is known at a return address.
#[derive(Clone, Debug)]
pub struct Site {
    /// Offset of the return address in the code, in bytes.
    pub offset: u32,
    /// What stands before it.
    pub kind: SiteKind,
    /// Places of live tagged values.
    pub tagged: Vec<Place>,
    /// Derived addresses: (place of the base, place of the address).
    pub derived: Vec<(Place, Place)>,
    /// The interpreter's frames from the innermost outwards; empty where there is no frame state.
    pub frames: Vec<ExitFrame>,
}

/// Machine code of one function with its tables.
#[derive(Clone, Debug)]
pub struct CompiledFunction {
    /// Its name.
    pub name: String,
    /// Code and relocations. Symbols are functions of the module, or helpers from
    /// [`HELPER_SYMBOLS`](super::lower::HELPER_SYMBOLS) on.
    pub assembly: Assembly,
    /// Bytes between RBP and RSP.
    pub frame_size: u32,
    /// Calls, polls and exits, by ascending offset.
    pub sites: Vec<Site>,
    /// Source positions: (offset from which it holds, position), ascending.
    pub positions: Vec<(u32, SourcePos)>,
    /// How the caller's frame is found, by ascending offset from which it holds.
    pub unwind: Vec<UnwindRow>,
    /// What register allocation did.
    pub stats: Stats,
    /// What making it took.
    pub times: StageTimes,
}

/// A place in cold code that is still to be emitted.
enum Cold {
    Exit { label: Label, inst: usize, site: u32 },
    Poll { label: Label, back: Label, inst: usize, site: u32 },
    Convert { label: Label, back: Label, inst: usize },
}

/// Emits a function.
///
/// # Errors
/// The assembler's.
pub fn emit(
    func: &Function,
    lowered: &Lowered,
    allocation: &Allocation,
    options: &Options,
    scratch: &mut Scratch,
) -> Result<CompiledFunction, CodegenError> {
    let mut asm: Assembler = scratch.recall();
    let mut blocks = scratch.list(lowered.code.blocks.len());
    blocks.extend((0..lowered.code.blocks.len()).map(|_| asm.new_label()));
    let pool = lowered.pool.iter().map(|bytes| asm.constant(bytes)).collect();
    let mut emitter = Emitter {
        func,
        lowered,
        allocation,
        options,
        frame: Frame { slots: Vec::new(), stack_slots: Vec::new(), saved: Vec::new(), size: 0, align: 16 },
        blocks,
        pool,
        forward: Vec::new(),
        next_group: 0,
        first_group: Vec::new(),
        next_block: Vec::new(),
        only_returns: Vec::new(),
        inst: 0,
        block: 0,
        cold: Vec::new(),
        traps: Vec::new(),
        sites: Vec::new(),
        positions: scratch.growing(0),
        unwind: Vec::new(),
        asm,
    };
    emitter.lay_out_frame();
    emitter.find_forwards(scratch);
    emitter.run(scratch)
}

struct Emitter<'a> {
    asm: Assembler,
    func: &'a Function,
    lowered: &'a Lowered,
    allocation: &'a Allocation,
    options: &'a Options,
    frame: Frame,
    blocks: Vec<Label>,
    pool: Vec<Label>,
    /// Where a jump to each block really goes: empty blocks are skipped.
    forward: Vec<u32>,
    /// The next group of moves.
    next_group: usize,
    /// The first group of moves of each block.
    first_group: Vec<usize>,
    /// The block that is emitted after each one, if it is emitted itself.
    next_block: Vec<Option<u32>>,
    /// Blocks that only return: a jump there returns.
    only_returns: Vec<bool>,
    /// The instruction being emitted.
    inst: usize,
    /// Its block.
    block: usize,
    /// With the block that the code belongs to.
    cold: Vec<(usize, Cold)>,
    /// By code, and whether the frame stands.
    traps: Vec<((TrapCode, bool), Label)>,
    sites: Vec<(Label, Site)>,
    positions: Vec<(Label, SourcePos)>,
    unwind: Vec<(Label, CallerFrame)>,
}

impl Emitter<'_> {
    fn find_forwards(&mut self, scratch: &mut Scratch) {
        let code = &self.lowered.code;
        let groups = &self.allocation.groups;
        let inst_of = |at: MoveAt| match at {
            MoveAt::BlockStart(block) => code.blocks[block as usize].start,
            MoveAt::BlockEnd(block) => code.blocks[block as usize].end - 1,
            MoveAt::Before(inst) | MoveAt::After(inst) => inst,
        };
        // Groups are in the order of instructions.
        let mut group = 0;
        let mut has_moves = scratch.table(false, code.blocks.len());
        self.first_group = scratch.list(code.blocks.len());
        for (block, data) in code.blocks.iter().enumerate() {
            self.first_group.push(group);
            while groups.get(group).is_some_and(|group| inst_of(group.at) < data.end) {
                group += 1;
                has_moves[block] = true;
            }
        }
        let is_empty = |block: usize| {
            let data = &code.blocks[block];
            data.end - data.start == 2
                && matches!(code.op(data.start as usize + 1), MOp::Jump)
                && !has_moves[block]
                && self.change_at_start(block).is_none()
                && self.change_at_end(block).is_none()
        };
        let only_returns = |block: usize| {
            let data = &code.blocks[block];
            data.end - data.start == 2
                && matches!(code.op(data.start as usize + 1), MOp::Return)
                && !has_moves[block]
                && self.change_at_start(block).is_none()
        };
        let mut returns: Vec<bool> = scratch.list(code.blocks.len());
        returns.extend((0..code.blocks.len()).map(only_returns));
        let mut forward: Vec<u32> = scratch.list(code.blocks.len());
        forward.extend((0..code.blocks.len()).map(|block| {
            let mut at = block;
            let mut steps = 0;
            // An empty endless loop stays as it is.
            while is_empty(at) && steps < 64 {
                at = code.succs(at)[0].block as usize;
                steps += 1;
            }
            if steps < 64 { at as u32 } else { block as u32 }
        }));
        (self.forward, self.only_returns) = (forward, returns);
        scratch.give(has_moves);
        self.next_block = scratch.table(None, code.blocks.len());
        let mut next = None;
        for &block in self.lowered.order.iter().rev().filter(|&&block| self.forward[block as usize] == block) {
            self.next_block[block as usize] = next;
            next = Some(block);
        }
    }

    fn run(mut self, scratch: &mut Scratch) -> Result<CompiledFunction, CodegenError> {
        let lowered = self.lowered;
        let mut emitted = scratch.table(false, lowered.code.blocks.len());
        let targets = self.backward_targets(scratch);
        for &block in &lowered.order {
            let block = block as usize;
            self.block = block;
            let data = &lowered.code.blocks[block];
            if self.forward[block] != block as u32 {
                continue;
            }
            emitted[block] = true;
            self.next_group = self.first_group[block];
            if targets[block] {
                self.asm.align(32);
            }
            self.asm.bind(self.blocks[block]);
            let change = self.change_at_start(block);
            self.caller_frame(if self.framed(block) != change.is_some() {
                CallerFrame::Rbp
            } else {
                CallerFrame::Entry
            });
            if change == Some(FrameChange::Begin) {
                self.prologue();
            }
            self.moves(MoveAt::BlockStart(block as u32));
            if change == Some(FrameChange::End) {
                self.epilogue();
            }
            for inst in data.start as usize..data.end as usize {
                self.inst = inst;
                self.position(inst);
                self.moves(MoveAt::Before(inst as u32));
                if inst + 1 == data.end as usize {
                    let change = self.change_at_end(block);
                    if change == Some(FrameChange::Begin) {
                        self.prologue();
                    }
                    self.moves(MoveAt::BlockEnd(block as u32));
                    if change == Some(FrameChange::End) {
                        self.epilogue();
                    }
                }
                self.emit_inst(*lowered.code.op(inst));
                self.moves(MoveAt::After(inst as u32));
            }
        }
        // Labels of skipped blocks are never jumped to, but must exist.
        for (block, _) in emitted.iter().enumerate().filter(|(_, emitted)| !**emitted) {
            self.asm.bind(self.blocks[block]);
        }
        self.emit_cold();
        let assembly = self.asm.assemble()?;
        let offset = |label: Label| assembly.offset(label).unwrap_or(0);
        let mut sites: Vec<Site> =
            self.sites.into_iter().map(|(label, site)| Site { offset: offset(label), ..site }).collect();
        sites.sort_by_key(|site| site.offset);
        let positions = self.positions.iter().map(|&(label, pos)| (offset(label), pos)).collect();
        let unwind = self.unwind.iter().map(|&(label, caller)| UnwindRow { offset: offset(label), caller }).collect();
        scratch.give(self.blocks);
        scratch.give(self.first_group);
        scratch.give(self.forward);
        scratch.give(self.only_returns);
        scratch.give(self.next_block);
        scratch.give(self.positions);
        scratch.give(emitted);
        scratch.give(targets);
        let storage = self.asm.storage();
        scratch.keep(self.asm, storage);
        Ok(CompiledFunction {
            name: self.func.name.clone(),
            frame_size: self.frame.size,
            sites,
            positions,
            unwind,
            stats: self.allocation.stats,
            times: StageTimes::default(),
            assembly,
        })
    }

    /// The blocks in loops that are jumped to from behind: they are aligned.
    fn backward_targets(&self, scratch: &mut Scratch) -> Vec<bool> {
        let code = &self.lowered.code;
        let (mut done, mut targets) =
            (scratch.table(false, code.blocks.len()), scratch.table(false, code.blocks.len()));
        for &block in &self.lowered.order {
            done[block as usize] = true;
            for edge in code.succs(block as usize) {
                let target = self.forward[edge.block as usize] as usize;
                let data = &code.blocks[target];
                targets[target] |= done[target] && data.depth > 0 && !data.cold;
            }
        }
        scratch.give(done);
        targets
    }

    fn position(&mut self, inst: usize) {
        let pos = self.lowered.position(inst);
        if self.positions.last().is_none_or(|last| last.1 != pos) {
            let label = self.asm.here();
            self.positions.push((label, pos));
        }
    }

    fn trap_label(&mut self, code: TrapCode) -> Label {
        self.trap_label_with(code, self.framed(self.block))
    }

    fn trap_label_with(&mut self, code: TrapCode, framed: bool) -> Label {
        if let Some(&(_, label)) =
            self.traps.iter().find(|row| row.0 == (code, framed) || active(Bug::EmissionMergesTraps))
        {
            return label;
        }
        let label = self.asm.new_label();
        self.traps.push(((code, framed), label));
        label
    }

    fn exit_label(&mut self, site: u32) -> Label {
        let label = self.asm.new_label();
        self.cold.push((self.block, Cold::Exit { label, inst: self.inst, site }));
        label
    }

    fn emit_cold(&mut self) {
        for (block, cold) in std::mem::take(&mut self.cold) {
            self.block = block;
            match cold {
                Cold::Exit { label, inst, site } => {
                    self.asm.bind(label);
                    self.begin_stub_frame();
                    self.asm.call(Mem::base(CONTEXT, offsets::EXIT_STUB));
                    self.site(SiteKind::Exit, inst, site);
                }
                Cold::Poll { label, back, inst, site } => {
                    self.asm.bind(label);
                    self.begin_stub_frame();
                    self.asm.call(Mem::base(CONTEXT, offsets::POLL_STUB));
                    self.site(SiteKind::Poll, inst, site);
                    self.end_stub_frame();
                    self.asm.jmp_to(back);
                }
                Cold::Convert { label, back, inst } => {
                    self.inst = inst;
                    self.asm.bind(label);
                    self.caller_frame_of_block();
                    self.convert_slow(back);
                }
            }
        }
        for ((code, framed), label) in std::mem::take(&mut self.traps) {
            self.asm.bind(label);
            self.caller_frame(if framed { CallerFrame::Rbp } else { CallerFrame::Entry });
            self.asm.mov(Size::S32, Mem::base(CONTEXT, offsets::TRAP), code as i32);
            self.asm.jmp(Mem::base(CONTEXT, offsets::TRAP_EXIT));
        }
        // What is executed by mistake behind the code traps.
        self.asm.ud2();
    }

    /// Records what is known at this place, a return address.
    fn site(&mut self, kind: SiteKind, inst: usize, site: u32) {
        let label = self.asm.here();
        let first = self.lowered.code.insts[inst].operands.0;
        let desc = &self.lowered.sites[site as usize];
        let value = |value: &ExitValue| match *value {
            ExitValue::Const(ty, bits) => (ty, Place::Const(bits)),
            ExitValue::Operand(ty, index) => {
                let place = (first + index) as usize;
                let vreg = self.lowered.code.operands[place].vreg;
                (ty, self.place(self.allocation.locs[place], vreg))
            }
        };
        let frames = desc
            .frames
            .iter()
            .map(|frame| ExitFrame {
                template: frame.template,
                position: frame.position,
                values: frame.values.iter().map(|item| item.as_ref().map(value)).collect(),
            })
            .collect();
        let (mut tagged, mut derived) = (Vec::new(), Vec::new());
        if let Some(map) = self.allocation.stack_maps.get(&(inst as u32)) {
            tagged = map.tagged.iter().map(|&(loc, vreg)| self.place(loc, vreg)).collect();
            let pair = |pair: &crate::regalloc::Derived| {
                (self.place(pair.base, pair.derived_vreg), self.place(pair.derived, pair.derived_vreg))
            };
            derived = map.derived.iter().map(pair).collect();
        }
        self.sites.push((label, Site { offset: 0, kind, tagged, derived, frames }));
    }

    fn place(&self, loc: Loc, vreg: VReg) -> Place {
        match loc {
            Loc::Reg(reg) => Place::Reg(reg),
            Loc::Slot(slot) => Place::Frame(self.frame.slots[slot.0 as usize]),
            _ => match self.lowered.code.remat(vreg) {
                Some(Remat::Int(bits)) => Place::Const(bits as u64),
                Some(Remat::Float(bits)) => Place::Const(bits),
                None => Place::Const(0),
            },
        }
    }
}

/// Moves.
impl Emitter<'_> {
    fn moves(&mut self, at: MoveAt) {
        let (allocation, lowered) = (self.allocation, self.lowered);
        let Some(group) = allocation.groups.get(self.next_group).filter(|group| group.at == at) else {
            return;
        };
        self.next_group += 1;
        let moves = allocation.moves(group);
        if let &[only] = moves {
            if only.from != only.to {
                self.one_move(self.lowered.code.class(only.vreg), only);
            }
            return;
        }
        let code = &lowered.code;
        let ints = moves.iter().filter(|step| code.class(step.vreg) == Class::Int).count();
        for (class, scratch, count) in
            [(Class::Int, SCRATCH_INT, ints), (Class::Float, SCRATCH_FLOAT, moves.len() - ints)]
        {
            if count == moves.len() {
                moves::sequence(moves, scratch, |step| self.one_move(class, step));
            } else if count > 0 {
                let of_class = moves.iter().copied().filter(|step| code.class(step.vreg) == class);
                let of_class: Vec<Move> = of_class.collect();
                moves::sequence(&of_class, scratch, |step| self.one_move(class, step));
            }
        }
    }

    fn loc_mem(&self, loc: Loc) -> Mem {
        match loc {
            Loc::Slot(slot) => Mem::base(Reg::RBP, self.frame.slots[slot.0 as usize]),
            Loc::Outgoing(offset) if offset & INCOMING != 0 => Mem::base(Reg::RBP, 16 + (offset & !INCOMING) as i32),
            Loc::Outgoing(offset) => Mem::base(Reg::RSP, offset as i32),
            _ => Mem::base(Reg::RBP, 0),
        }
    }

    fn one_move(&mut self, class: Class, step: Move) {
        if step.from == Loc::Remat {
            return self.remat(step.to, step.vreg);
        }
        let ty = self.lowered.code.vregs[step.vreg.index()].ty;
        match class {
            Class::Int => self.int_move(step, ty),
            Class::Float => self.float_move(step, ty),
        }
    }

    fn int_move(&mut self, step: Move, ty: Type) {
        // Narrow values keep 32 bits: what is above is unspecified anyway. Arguments in memory are whole eightbytes.
        let size = if ty.bytes() <= 4 { Size::S32 } else { Size::S64 };
        match (step.from, step.to) {
            (Loc::Reg(from), Loc::Reg(to)) => {
                self.asm.mov(size, Reg::from_index(to.number()), Reg::from_index(from.number()))
            }
            (Loc::Reg(from), to) => {
                let size = if matches!(to, Loc::Outgoing(_)) { Size::S64 } else { size };
                let to = self.loc_mem(to);
                self.asm.mov(size, to, Reg::from_index(from.number()));
            }
            (from, Loc::Reg(to)) => {
                let from = self.loc_mem(from);
                self.asm.mov(size, Reg::from_index(to.number()), from);
            }
            (from, to) => {
                let (from, to) = (self.loc_mem(from), self.loc_mem(to));
                let temp = Xmm::from_index(SCRATCH_FLOAT.number());
                self.asm.vmovsd(temp, from);
                self.asm.vmovsd_store(to, temp);
            }
        }
    }

    fn float_move(&mut self, step: Move, ty: Type) {
        let len = vec_len(ty);
        match (step.from, step.to) {
            (Loc::Reg(from), Loc::Reg(to)) => {
                self.asm.vmovaps(len, Xmm::from_index(to.number()), Xmm::from_index(from.number()));
            }
            (Loc::Reg(from), to) => {
                let to = self.loc_mem(to);
                self.asm.avx_mr(store_op(ty), len, to.into(), Xmm::from_index(from.number()));
            }
            (from, Loc::Reg(to)) => {
                let from = self.loc_mem(from);
                self.asm.avx_rm(load_op(ty), len, Xmm::from_index(to.number()).into(), from.into());
            }
            (from, to) => {
                let (from, to) = (self.loc_mem(from), self.loc_mem(to));
                for offset in (0..ty.bytes().max(8) as i32).step_by(8) {
                    if let (Some(from), Some(to)) = (from.offset(offset), to.offset(offset)) {
                        self.asm.mov(Size::S64, SCRATCH, from);
                        self.asm.mov(Size::S64, to, SCRATCH);
                    }
                }
            }
        }
    }

    /// Makes a constant. Flags stay as they are: a move may stand between anything.
    fn remat(&mut self, to: Loc, vreg: VReg) {
        let bits = match self.lowered.code.remat(vreg) {
            Some(Remat::Int(bits)) => bits,
            Some(Remat::Float(bits)) => bits as i64,
            None => return,
        };
        match to {
            Loc::Reg(reg) if reg.class() == Class::Int => self.asm.mov_imm64(Reg::from_index(reg.number()), bits),
            Loc::Reg(reg) => self.float_constant(
                Xmm::from_index(reg.number()),
                bits as u64,
                self.lowered.code.vregs[vreg.index()].ty == Type::F64,
            ),
            to => {
                let to = self.loc_mem(to);
                match i32::try_from(bits) {
                    Ok(imm) => self.asm.mov(Size::S64, to, imm),
                    Err(_) => {
                        self.asm.mov_imm64(SCRATCH, bits);
                        self.asm.mov(Size::S64, to, SCRATCH);
                    }
                }
            }
        }
    }

    fn float_constant(&mut self, dst: Xmm, bits: u64, double: bool) {
        if bits == 0 {
            return self.asm.vxorps(VecLen::L128, dst, dst, dst);
        }
        let bytes = bits.to_le_bytes();
        if double {
            let at = Mem::label(self.asm.constant(&bytes));
            self.asm.vmovsd(dst, at);
        } else {
            let at = Mem::label(self.asm.constant(&bytes[..4]));
            self.asm.vmovss(dst, at);
        }
    }
}

fn vec_len(ty: Type) -> VecLen {
    match ty.bits() {
        256 => VecLen::L256,
        512 => VecLen::L512,
        _ => VecLen::L128,
    }
}

fn load_op(ty: Type) -> VecOp {
    match ty {
        Type::F32 => op::vmovss,
        Type::F64 => op::vmovsd,
        _ => op::vmovups,
    }
}

fn store_op(ty: Type) -> VecOp {
    match ty {
        Type::F32 => op::vmovss_store,
        Type::F64 => op::vmovsd_store,
        _ => op::vmovups_store,
    }
}
