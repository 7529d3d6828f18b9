//! Instruction selection: IR to machine ops over virtual registers.
//!
//! Blocks are walked from the last to the first in the order of allocation ([`plan`]) and each from its end, so that every use of a value is seen before its
//! definition. A user that can take a definition into itself (an address, a load, a comparison, an immediate) simply does not
//! ask for its register; a definition that nobody asked for is not emitted. So folding needs no matching of trees and no
//! clean-up, and dead code disappears on the way.
//!
//! What may be folded:
//! * addresses (`ptr_add`, `ptr_index`, `slot_addr`): always; they cost nothing in a memory operand;
//! * comparisons and bit tests: into their only user;
//! * loads: into their only user, in the same block with no write of memory in between;
//! * integer constants: as immediates; else they are made anew in front of each user, which is as cheap as a copy.
//!
//! # Conventions
//! A value of a type narrower than 64 bits leaves the upper bits of its register unspecified; instructions that would see them
//! extend first. A boolean in a condition is tested as a whole `i8`.

mod build;
mod control;
mod float;
mod plan;
mod scalar;
mod vector;

pub use control::HELPER_SYMBOLS;

use super::inst::*;
use crate::lir::*;
use crate::seeded::{Bug, active};
use crate::{CodegenError, Options};
use build::{Ops, turn_round};
use plan::{Plan, Planned, plan_blocks};
use tercel_asm::x64::{CpuFeatures, Size, VecLen};
use tercel_ir::cfg::Cfg;
use tercel_ir::dominators::Dominators;
use tercel_ir::entity::Secondary;
use tercel_ir::loops::Loops;
use tercel_ir::{
    Block, CallConv, Edge, Effects, FrameState, Function, Inst, Op, Scratch, SourcePos, TemplateId, Type, Value,
    ValueDef,
};

/// A value that an exit writes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ExitValue {
    /// A constant.
    Const(Type, u64),
    /// An operand of the instruction that exits, by number.
    Operand(Type, u32),
}

/// One frame of an exit.
#[derive(Clone, Debug)]
pub struct ExitFrameDesc {
    /// Whose frame.
    pub template: TemplateId,
    /// Where it goes on.
    pub position: u32,
    /// Its slots; none for dead ones.
    pub values: Vec<Option<ExitValue>>,
}

/// Where control may leave or the collector may look: frames from the innermost outwards.
#[derive(Clone, Debug, Default)]
pub struct SiteDesc {
    /// Empty where there is no frame state.
    pub frames: Vec<ExitFrameDesc>,
}

/// A function after instruction selection.
#[derive(Debug)]
pub struct Lowered {
    /// The code.
    pub code: Code<MOp>,
    /// The order in which blocks are emitted: that of the IR, blocks on edges after their sources, cold blocks last.
    pub order: Vec<u32>,
    /// Constants that instructions refer to.
    pub pool: Vec<Vec<u8>>,
    /// Exits, calls and polls.
    pub sites: Vec<SiteDesc>,
    /// Size of the outgoing argument area in bytes.
    pub outgoing: u32,
    /// Source position of each instruction, the last first: [`Lowered::position`].
    positions: Vec<SourcePos>,
    /// Whether vectors wider than 128 bits occur.
    pub wide: bool,
    /// Whether there are calls.
    pub calls: bool,
}

impl Lowered {
    /// The source position of an instruction.
    #[inline]
    pub fn position(&self, inst: usize) -> SourcePos {
        self.positions[self.positions.len() - 1 - inst]
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        let Code { blocks, insts, ops, operands, vregs, constants, values, edges, preds, loops } = self.code;
        scratch.give(blocks);
        scratch.give(insts);
        scratch.give(ops);
        scratch.give(operands);
        scratch.give(vregs);
        scratch.give(constants);
        scratch.give(values);
        scratch.give(edges);
        scratch.give(preds);
        scratch.give(loops);
        scratch.give(self.order);
        scratch.give(self.positions);
    }
}

/// Selects instructions. Tables are made in `scratch`.
///
/// # Errors
/// What the target or this compiler cannot do.
pub fn lower(func: &Function, options: &Options, scratch: &mut Scratch) -> Result<Lowered, CodegenError> {
    let cfg = Cfg::compute_in(func, scratch);
    let dominators = Dominators::compute_in(&cfg, func, scratch);
    let loops = Loops::compute_in(func, &cfg, &dominators, scratch);
    let insts = func.inst_capacity();
    let room = insts + insts / 4 + 2 * cfg.rpo().len();
    let code = Code {
        blocks: scratch.list(0),
        insts: scratch.growing(room),
        ops: scratch.growing(room),
        operands: scratch.growing(3 * insts),
        vregs: scratch.growing(insts),
        constants: scratch.growing(0),
        values: scratch.growing(0),
        edges: scratch.growing(cfg.rpo().len()),
        preds: scratch.list(0),
        loops: scratch.list(loops.len()),
    };
    let mut lower = Lower {
        func,
        cpu: options.cpu,
        vreg_of: Secondary::take(scratch, u32::MAX, func.value_capacity()),
        used: Secondary::take(scratch, false, func.value_capacity()),
        use_count: Secondary::take(scratch, 0, func.value_capacity()),
        color: Secondary::take(scratch, 0, func.inst_capacity()),
        here: Inst::NONE,
        block: func.entry(),
        index: 0,
        positions: scratch.growing(room),
        code,
        has_bases: false,
        pool: Vec::new(),
        sites: Vec::new(),
        outgoing: 0,
        wide: false,
        calls: false,
        failure: None,
    };
    lower.count(&cfg);
    let plan = plan_blocks(func, &cfg, &dominators, &loops, scratch);
    dominators.give(scratch);

    lower.code.loops.extend(loops.iter().map(|of| LLoop {
        header: plan.index[loops.header(of)],
        parent: loops.parent(of).map_or(NO_LOOP, |parent| parent.index() as u32),
        depth: loops.depth(of),
        span: loops.span(of),
    }));
    loops.give(scratch);
    cfg.give(scratch);
    let lowered = lower.run(&plan, scratch);
    plan.give(scratch);
    lowered
}

/// What an instruction does if it may leave the function's own code.
const LEAVES: Effects = Effects::TRAPS.with(Effects::EXITS).with(Effects::SAFEPOINT).with(Effects::CALLS);

/// Instruction selection in progress.
struct Lower<'a> {
    func: &'a Function,
    cpu: CpuFeatures,
    vreg_of: Secondary<Value, u32>,
    /// Somebody asked for the value's register.
    used: Secondary<Value, bool>,
    use_count: Secondary<Value, u32>,
    /// Equal for two instructions of a block if nothing between them writes memory.
    color: Secondary<Inst, u32>,
    /// The IR instruction being lowered.
    here: Inst,
    block: Block,
    /// Its index among the low-level blocks.
    index: usize,
    /// The code so far, from its end, but what the IR instruction has become, which is in order.
    code: Code<MOp>,
    positions: Vec<SourcePos>,
    /// Whether an address into an object has come up.
    has_bases: bool,
    pool: Vec<Vec<u8>>,
    sites: Vec<SiteDesc>,
    outgoing: u32,
    wide: bool,
    calls: bool,
    failure: Option<CodegenError>,
}

impl Lower<'_> {
    fn count(&mut self, cfg: &Cfg) {
        let mut color = 0;
        for &block in cfg.rpo() {
            color += 1;
            for inst in self.func.insts(block) {
                self.color[inst] = color;
                let effects = self.func.effects(inst);
                if effects.any(Effects::WRITES.with(Effects::CALLS).with(Effects::SAFEPOINT)) {
                    color += 1;
                }
                let count = &mut self.use_count;
                self.func.for_each_use(inst, |value| count[value] += 1);
                if self.func.results(inst).any(|value| self.func.value_type(value).bits() > 128) {
                    self.wide = true;
                }
            }
            for &param in self.func.params(block) {
                self.wide |= self.func.value_type(param).bits() > 128;
            }
        }
    }

    fn run(mut self, plan: &Plan, scratch: &mut Scratch) -> Result<Lowered, CodegenError> {
        let func = self.func;
        self.code.blocks = scratch.list(plan.blocks.len());
        self.code.blocks.extend(plan.blocks.iter().map(|planned| LBlock {
            depth: planned.depth,
            cold: planned.cold,
            in_loop: planned.in_loop,
            ..LBlock::default()
        }));
        for (index, planned) in plan.blocks.iter().enumerate().rev() {
            self.index = index;
            self.code.blocks[index].start = self.code.insts.len() as u32;
            match planned.edge() {
                Some(edge) => self.block_on_edge(plan, index, planned, edge),
                None => self.block(plan, index, planned.of),
            }
            let first = self.code.insts.len();
            self.push(MOp::BlockStart, Ops::new());
            self.take(first, SourcePos::default());
            self.code.blocks[index].end = self.code.insts.len() as u32;
        }
        turn_round(&mut self.code);
        self.predecessors(scratch);
        self.vreg_of.give(scratch);
        self.used.give(scratch);
        self.use_count.give(scratch);
        self.color.give(scratch);
        let lowered = Lowered {
            code: self.code,
            order: plan.layout(func, scratch),
            pool: self.pool,
            sites: self.sites,
            outgoing: self.outgoing,
            positions: self.positions,
            wide: self.wide,
            calls: self.calls,
        };
        match self.failure {
            Some(failure) => {
                lowered.give(scratch);
                Err(failure)
            }
            None => Ok(lowered),
        }
    }

    /// Takes the instructions from `first` on, which are in order, as one IR instruction's, and turns them round.
    #[inline]
    fn take(&mut self, first: usize, pos: SourcePos) {
        if self.code.insts.len() > first + 1 {
            self.code.insts[first..].reverse();
            self.code.ops[first..].reverse();
        }
        self.positions.resize(self.code.insts.len(), pos);
    }

    /// Makes the code of a block.
    fn block(&mut self, plan: &Plan, index: usize, block: Block) {
        let func = self.func;
        self.block = block;
        let terminator = func.terminator(block);
        self.here = terminator;
        let mut first = self.code.insts.len();
        self.edges(plan, index, terminator);
        let mut inst = Some(terminator);
        while let Some(current) = inst {
            inst = func.prev_inst(current);
            self.here = current;
            if self.is_wanted(current) {
                // Whatever may leave needs the context, which a function called from C loads with its frame.
                if func.signature.conv == CallConv::SystemV && func.effects(current).any(LEAVES) {
                    self.need_frame();
                }
                self.inst(current);
                self.take(first, func.pos(current));
            }
            first = self.code.insts.len();
        }
        if block == func.entry() {
            self.entry();
            self.take(first, SourcePos::default());
        } else {
            let first = self.code.values.len() as u32;
            for &param in func.params(block) {
                let vreg = self.vreg(param);
                self.code.values.push(vreg);
            }
            self.code.blocks[index].params = (first, self.code.values.len() as u32);
        }
    }

    /// Makes the code of a block on a critical edge.
    fn block_on_edge(&mut self, plan: &Plan, index: usize, planned: &Planned, edge: usize) {
        let func = self.func;
        self.block = planned.of;
        let terminator = func.terminator(planned.of);
        self.here = terminator;
        let first = self.code.insts.len();
        let edge = self.edge(plan, func.edges(terminator)[edge]);
        let at = self.code.edges.len() as u32;
        self.code.edges.push(edge);
        self.code.blocks[index].succs = (at, at + 1);
        self.push(MOp::Jump, Ops::new());
        self.take(first, func.pos(terminator));
    }

    /// Lists the predecessors of each block.
    fn predecessors(&mut self, scratch: &mut Scratch) {
        let Code { blocks, edges, preds, .. } = &mut self.code;
        *preds = scratch.table(0, edges.len());
        for edge in edges.iter() {
            blocks[edge.block as usize].preds.1 += 1;
        }
        let mut first = 0;
        for block in blocks.iter_mut() {
            let count = std::mem::replace(&mut block.preds, (first, first)).1;
            first += count;
        }
        for block in 0..blocks.len() {
            for edge in blocks[block].succs.0..blocks[block].succs.1 {
                let place = &mut blocks[edges[edge as usize].block as usize].preds.1;
                preds[*place as usize] = block as u32;
                *place += 1;
            }
        }
    }

    /// Attaches the edges of a terminator. Constants made for their arguments are left to stand before the terminator.
    fn edges(&mut self, plan: &Plan, index: usize, terminator: Inst) {
        let func = self.func;
        let first = self.code.edges.len() as u32;
        for (number, &edge) in func.edges(terminator).iter().enumerate() {
            let edge = match plan.middle(self.block, number) {
                Some(middle) => LEdge { block: middle, args: (0, 0) },
                None => self.edge(plan, edge),
            };
            self.code.edges.push(edge);
        }
        self.code.blocks[index].succs = (first, self.code.edges.len() as u32);
    }

    /// An edge into an IR block, with its arguments.
    fn edge(&mut self, plan: &Plan, edge: Edge) -> LEdge {
        let func = self.func;
        let first = self.code.values.len() as u32;
        for &arg in func.edge_args(edge) {
            let vreg = self.value(arg);
            self.code.values.push(vreg);
        }
        LEdge { block: plan.index[edge.block], args: (first, self.code.values.len() as u32) }
    }

    /// Whether an instruction must be emitted.
    fn is_wanted(&self, inst: Inst) -> bool {
        let data = self.func.inst(inst);
        let matters = match data.op {
            Op::Load => false,
            _ => {
                let effects = self.func.effects(inst);
                effects.any(
                    Effects::WRITES
                        .with(Effects::TRAPS)
                        .with(Effects::EXITS)
                        .with(Effects::SAFEPOINT)
                        .with(Effects::TERMINATES)
                        .with(Effects::CALLS),
                )
            }
        };
        matters || self.func.results(inst).any(|value| self.used[value])
    }

    fn fail(&mut self, error: CodegenError) {
        self.failure.get_or_insert(error);
    }

    fn unsupported(&mut self, what: &'static str) {
        self.fail(CodegenError::Unsupported(what));
    }

    fn new_vreg(&mut self, ty: Type) -> VReg {
        self.code.new_vreg(ty)
    }

    /// The register of a value, whether or not anybody asks for it.
    fn vreg(&mut self, value: Value) -> VReg {
        if self.vreg_of[value] != u32::MAX {
            return VReg(self.vreg_of[value]);
        }
        let ty = self.func.value_type(value);
        let vreg = self.new_vreg(ty);
        self.vreg_of[value] = vreg.0;
        if ty == Type::PTR
            && let Some(base) = self.tagged_base(value)
        {
            let base = self.value(base);
            self.code.set_base(vreg, base);
            self.has_bases = true;
        }
        let constant = self.def_op(value).filter(|&(_, op)| op == Op::Fconst);
        if let Some((inst, _)) = constant {
            self.code.set_constant(vreg, Remat::Float(self.func.inst(inst).imm as u64));
        }
        vreg
    }

    /// The tagged value that an address was computed from.
    fn tagged_base(&self, value: Value) -> Option<Value> {
        let mut at = value;
        while let Some((inst, Op::PtrAdd | Op::PtrIndex)) = self.def_op(at) {
            at = self.func.arg(inst, 0);
        }
        (at != value && self.func.value_type(at) == Type::TAGGED).then_some(at)
    }

    /// The instruction that defines a value, and its op.
    fn def_op(&self, value: Value) -> Option<(Inst, Op)> {
        match self.func.value_def(value) {
            ValueDef::Result(inst, _) => Some((inst, self.func.inst(inst).op)),
            _ => None,
        }
    }

    /// The register of a value that is about to be used. Integer constants are made here.
    fn value(&mut self, value: Value) -> VReg {
        if let Some(bits) = self.int_const(value) {
            let vreg = self.new_vreg(self.func.value_type(value));
            self.make_int(vreg, bits);
            return vreg;
        }
        self.used[value] = true;
        self.vreg(value)
    }

    fn make_int(&mut self, vreg: VReg, bits: i64) {
        self.code.set_constant(vreg, Remat::Int(bits));
        let mut ops = Ops::new();
        ops.def(vreg);
        self.push(MOp::Imm(bits), ops);
    }

    /// An integer constant as a register.
    fn imm_reg(&mut self, ty: Type, bits: i64) -> VReg {
        let vreg = self.new_vreg(ty);
        self.make_int(vreg, bits);
        vreg
    }

    /// The value of an integer constant, sign-extended.
    fn int_const(&self, value: Value) -> Option<i64> {
        let (inst, op) = self.def_op(value)?;
        (op == Op::Iconst).then(|| self.func.inst(inst).imm)
    }

    /// A constant of the function's pool, as memory.
    fn pool(&mut self, bytes: &[u8]) -> Addr {
        let known = self.pool.iter().position(|item| item == bytes);
        let index = known.unwrap_or_else(|| {
            self.pool.push(bytes.to_vec());
            self.pool.len() - 1
        });
        Addr { origin: Origin::Pool, number: index as u32, ..Addr::ZERO }
    }

    /// A 64-bit pattern repeated over a vector, as memory.
    fn pool_lanes(&mut self, bits: u64, lane_bytes: usize, total_bytes: usize) -> Addr {
        let lane = &bits.to_le_bytes()[..lane_bytes];
        let bytes: Vec<u8> = lane.iter().copied().cycle().take(total_bytes).collect();
        self.pool(&bytes)
    }

    /// The block being lowered needs the frame.
    fn need_frame(&mut self) {
        self.code.blocks[self.index].frame = true;
    }

    /// Appends an instruction.
    fn push(&mut self, op: MOp, ops: Ops) {
        self.push_with(op, ops, PRegSet::EMPTY, false);
    }

    fn push_with(&mut self, op: MOp, mut ops: Ops, clobbers: PRegSet, safepoint: bool) {
        if matches!(op, MOp::Call { .. }) {
            self.need_frame();
        }
        // An address into an object needs the object to stay known for as long as it is used.
        for index in 0..if self.has_bases { ops.len() } else { 0 } {
            let operand = ops[index];
            if operand.role.is_use()
                && let Some(base) = self.code.vregs[operand.vreg.index()].base()
            {
                ops.push(base, Constraint::Any, operand.role);
            }
        }
        let start = self.code.operands.len() as u32;
        self.code.operands.extend_from_slice(&ops);
        let operands = (start, self.code.operands.len() as u32);
        self.code.insts.push(LInst { operands, clobbers, safepoint });
        self.code.ops.push(op);
    }

    /// The only result's register.
    fn result(&mut self, inst: Inst) -> VReg {
        let value = self.func.result(inst);
        self.vreg(value)
    }

    fn arg(&self, inst: Inst, index: usize) -> Value {
        self.func.arg(inst, index)
    }

    /// A load that may be folded into the instruction being lowered.
    fn foldable_load(&self, value: Value) -> Option<Inst> {
        let (inst, op) = self.def_op(value)?;
        let same_color = self.color[inst] == self.color[self.here] || active(Bug::LoweringFoldsStaleLoad);
        let same_place = self.func.block_of(inst) == Some(self.block) && same_color;
        (op == Op::Load && self.use_count[value] == 1 && same_place).then_some(inst)
    }

    /// The address `base + offset`, with everything folded into it that fits.
    fn addr(&mut self, ops: &mut Ops, base: Value, offset: i32) -> Addr {
        let mut addr = Addr { disp: offset, ..Addr::ZERO };
        let mut at = base;
        let mut index: Option<Value> = None;
        loop {
            let Some((inst, op)) = self.def_op(at) else {
                break;
            };
            let data = *self.func.inst(inst);
            match op {
                Op::PtrAdd => {
                    let Some(disp) = addr.disp.checked_add(data.offset()) else { break };
                    addr.disp = disp;
                    at = self.arg(inst, 0);
                }
                Op::PtrIndex if index.is_none() => {
                    let Some(disp) = addr.disp.checked_add(data.offset()) else { break };
                    let by = self.arg(inst, 1);
                    if let Some(by) = self.int_const(by) {
                        let more = by.wrapping_mul(data.scale() as i64);
                        let Some(disp) = i32::try_from(more).ok().and_then(|more| disp.checked_add(more)) else {
                            break;
                        };
                        addr.disp = disp;
                    } else {
                        addr.disp = disp;
                        addr.scale = data.aux as u8 & 3;
                        index = Some(by);
                    }
                    at = self.arg(inst, 0);
                }
                Op::SlotAddr => {
                    self.need_frame();
                    (addr.origin, addr.number) = (Origin::Slot, data.slot().as_u32());
                    break;
                }
                _ => break,
            }
        }
        if let Some(mut by) = index {
            // `index + constant` adds to the displacement: both wrap modulo 2^64.
            if let Some((inst, Op::Iadd)) = self.def_op(by)
                && let Some(more) = self.int_const(self.arg(inst, 1))
            {
                let more = more.checked_mul(1 << addr.scale).and_then(|more| i32::try_from(more).ok());
                if let Some(disp) = more.and_then(|more| addr.disp.checked_add(more)) {
                    addr.disp = disp;
                    by = self.arg(inst, 0);
                }
            }
            let vreg = self.value(by);
            addr.index = ops.reg(vreg);
        }
        if addr.origin == Origin::None {
            let vreg = self.value(at);
            addr.base = ops.reg(vreg);
        }
        addr
    }

    /// A register or memory operand of `size`.
    fn rm(&mut self, ops: &mut Ops, value: Value, size: Size) -> Src {
        if let Some(load) = self.foldable_load(value)
            && self.func.inst(load).ty.bytes() == size.bytes()
        {
            return Src::Mem(self.load_addr(ops, load));
        }
        let vreg = self.value(value);
        Src::Op(ops.reg_mem(vreg))
    }

    fn load_addr(&mut self, ops: &mut Ops, load: Inst) -> Addr {
        let offset = self.func.inst(load).offset();
        let base = self.arg(load, 0);
        self.addr(ops, base, offset)
    }

    /// A register, memory or immediate operand of `size`.
    fn rmi(&mut self, ops: &mut Ops, value: Value, size: Size) -> Src {
        if let Some(imm) = self.imm(value, size) {
            return Src::Imm(imm);
        }
        self.rm(ops, value, size)
    }

    /// The immediate that a constant fits.
    fn imm(&self, value: Value, size: Size) -> Option<i32> {
        let bits = self.int_const(value)?;
        if size == Size::S64 { i32::try_from(bits).ok() } else { Some(bits as i32) }
    }

    /// A description of the frame state, its values appended as late operands.
    fn site(&mut self, ops: &mut Ops, frame: Option<FrameState>) -> u32 {
        let mut desc = SiteDesc::default();
        let mut next = frame;
        while let Some(frame) = next {
            let state = self.func.frames[frame];
            let values = self.func.frame_values(frame).to_vec();
            let values = values.into_iter().map(|value| self.exit_value(ops, value)).collect();
            desc.frames.push(ExitFrameDesc { template: state.template, position: state.position, values });
            next = state.parent;
        }
        self.sites.push(desc);
        self.sites.len() as u32 - 1
    }

    fn exit_value(&mut self, ops: &mut Ops, value: Value) -> Option<ExitValue> {
        if value.is_none() {
            return None;
        }
        let ty = self.func.value_type(value);
        if let Some((inst, Op::Iconst | Op::Fconst)) = self.def_op(value) {
            let bits = self.func.inst(inst).imm as u64 & ty.lane_mask();
            return Some(ExitValue::Const(ty, bits));
        }
        let vreg = self.value(value);
        ops.append(Operand { vreg, constraint: Constraint::Any, role: Role::LateUse });
        Some(ExitValue::Operand(ty, ops.len() as u32 - 1))
    }
}

/// The operand size of a general type.
fn size_of(ty: Type) -> Size {
    match ty.bytes() {
        1 => Size::S8,
        2 => Size::S16,
        4 => Size::S32,
        _ => Size::S64,
    }
}

/// The size at which arithmetic is done: at least 32 bits.
fn wide_size(ty: Type) -> Size {
    size_of(ty).max(Size::S32)
}

/// The vector length of a type; 128 bits for scalars.
fn len_of(ty: Type) -> VecLen {
    match ty.bits() {
        256 => VecLen::L256,
        512 => VecLen::L512,
        _ => VecLen::L128,
    }
}
