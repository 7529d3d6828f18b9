//! Functions, blocks, instructions, signatures, modules.
//!
//! # Representation
//! An instruction is 32 bytes: op, controlling type, up to three operands inline (longer lists live in the function's value
//! pool), one 64-bit and one 16-bit immediate, and a field that is the first edge of a terminator or the frame state of
//! anything else. Instructions of a block form a doubly linked list, so that passes insert and remove in O(1). The order of
//! blocks is a plain vector.
//!
//! # Aliases
//! A pass that replaces a value by another calls [`Function::replace`], which makes the old value an *alias*. While the pass
//! runs it reads operands through [`Function::resolve`]; at its end it calls [`Function::resolve_aliases`] once. So
//! replacing costs O(1), needs no use lists, and between passes no operand is an alias (the verifier checks it).

use crate::entity::*;
use crate::imm::*;
use crate::ops::{Effects, ImmKind, Op};
use crate::types::Type;

/// How arguments and results travel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CallConv {
    /// The engine's own: registers as far as they go, no callee-saved registers.
    #[default]
    Tercel,
    /// System V AMD64 ABI.
    SystemV,
}

/// Parameter and result types of a function, with its calling convention.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Signature {
    /// Types of the parameters.
    pub params: Vec<Type>,
    /// Types of the results.
    pub returns: Vec<Type>,
    /// Calling convention.
    pub conv: CallConv,
    /// Whether the callee reads a C argument list (`...`); `params` are then those of this very call.
    pub variadic: bool,
}

impl Signature {
    /// A signature in the engine's convention.
    pub fn new(params: &[Type], returns: &[Type]) -> Signature {
        Signature {
            params: params.to_vec(),
            returns: returns.to_vec(),
            conv: CallConv::Tercel,
            variadic: false,
        }
    }

    /// The same with the System V convention.
    pub fn system_v(mut self) -> Signature {
        self.conv = CallConv::SystemV;
        self
    }
}

/// What a call reaches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallTarget {
    /// A function of the same module.
    Function(FuncId),
    /// A fixed machine address.
    Address(u64),
    /// A runtime helper of the engine.
    Helper(HelperId),
}

/// A callee that a function refers to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FuncRefData {
    /// Its name, for dumps.
    pub name: String,
    /// Its signature.
    pub signature: SigRef,
    /// What it is.
    pub target: CallTarget,
    /// What a call of it may do; [`Effects::CALL`] if nothing is known.
    pub effects: Effects,
}

/// A piece of the native frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotData {
    /// Size in bytes.
    pub size: u32,
    /// Alignment in bytes, a power of two, at most 64.
    pub align: u32,
}

/// The state of one interpreter frame at an exit; `parent` is the frame that it was inlined into.
#[derive(Clone, Copy, Debug)]
pub struct FrameStateData {
    /// The function whose frame this is.
    pub template: TemplateId,
    /// Position in its bytecode at which the interpreter goes on.
    pub position: u32,
    /// The caller's frame, if this one was inlined.
    pub parent: Option<FrameState>,
    /// One value for each slot of the frame; `Value::NONE` for a slot that is dead.
    pub values: ValueList,
}

/// A position in the source program, opaque to this crate (the JIT stores bytecode offsets).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SourcePos(pub u32);

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueDef {
    /// Result number `.1` of an instruction.
    Result(Inst, u32),
    /// Parameter number `.1` of a block.
    Param(Block, u32),
    /// Replaced by another value; only while a pass runs.
    Alias(Value),
    /// Its definition was removed.
    Removed,
}

#[derive(Clone, Copy, Debug)]
struct ValueData {
    /// Entity index of the instruction, block or value.
    payload: u32,
    /// Two bits of kind, 22 bits of number, eight bits of type.
    packed: u32,
}

const KIND_RESULT: u32 = 0;
const KIND_PARAM: u32 = 1;
const KIND_ALIAS: u32 = 2;
const KIND_REMOVED: u32 = 3;

impl ValueData {
    #[inline]
    fn new(kind: u32, payload: u32, number: usize, ty: Type) -> ValueData {
        assert!(number < 1 << 22, "too many results or parameters");
        ValueData {
            payload,
            packed: kind << 30 | (number as u32) << 8 | ty.bit(),
        }
    }

    #[inline]
    fn kind(self) -> u32 {
        self.packed >> 30
    }

    #[inline]
    fn number(self) -> u32 {
        self.packed >> 8 & 0x3f_ffff
    }
}

/// Operands of an instruction: inline up to three, else a place in the pool.
const INLINE_ARGS: usize = 3;

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub struct InstData {
    /// 64-bit immediate; its meaning is the op's [`ImmKind`].
    pub imm: i64,
    args: [Value; INLINE_ARGS],
    /// First edge of a terminator; frame state of another instruction.
    extra: u32,
    /// The operation.
    pub op: Op,
    /// 16-bit immediate: condition, trap code, memory flags, scale.
    pub aux: u16,
    nargs: u16,
    nresults: u8,
    /// The controlling type; `VOID` if the op has none.
    pub ty: Type,
}

impl InstData {
    /// The integer condition of a comparison.
    pub fn int_cc(&self) -> IntCc {
        IntCc::from_code(self.aux)
    }

    /// The float condition of a comparison.
    pub fn float_cc(&self) -> FloatCc {
        FloatCc::from_code(self.aux)
    }

    /// The trap code of a trapping instruction.
    pub fn trap_code(&self) -> TrapCode {
        TrapCode::from_code(self.aux)
    }

    /// The memory flags of a load or store.
    pub fn mem_flags(&self) -> MemFlags {
        MemFlags::from_bits(self.aux)
    }

    /// The byte offset of a load, store or address computation.
    pub fn offset(&self) -> i32 {
        self.imm as i32
    }

    /// The scale of `ptr_index` in bytes: 1, 2, 4 or 8.
    pub fn scale(&self) -> u32 {
        1 << (self.aux & 3)
    }

    /// The combining operation of `vreduce`.
    pub fn reduce_op(&self) -> ReduceOp {
        ReduceOp::from_code(self.aux)
    }

    /// The stack slot of `slot_addr`.
    pub fn slot(&self) -> StackSlot {
        StackSlot::from_u32(self.imm as u32)
    }

    /// The callee of a direct call or of `func_addr`.
    pub fn func_ref(&self) -> FuncRef {
        FuncRef::from_u32(self.imm as u32)
    }

    /// The signature of an indirect call.
    pub fn sig_ref(&self) -> SigRef {
        SigRef::from_u32(self.imm as u32)
    }

    /// The value of a float constant, as `f64`.
    pub fn float(&self) -> f64 {
        if self.ty == Type::F32 {
            f32::from_bits(self.imm as u32) as f64
        } else {
            f64::from_bits(self.imm as u64)
        }
    }

    /// The frame state, of an instruction that has one.
    #[inline]
    pub fn frame(&self) -> Option<FrameState> {
        match self.op {
            Op::Jump | Op::Branch | Op::Switch => None,
            _ => FrameState::from_u32(self.extra).some(),
        }
    }

    /// How many operands there are.
    #[inline]
    pub fn arg_count(&self) -> usize {
        self.nargs as usize
    }

    /// How many results there are.
    #[inline]
    pub fn result_count(&self) -> usize {
        self.nresults as usize
    }

    /// How many edges leave here; 0 unless this is `jump`, `branch` or `switch`.
    #[inline]
    pub fn edge_count(&self) -> usize {
        match self.op {
            Op::Jump => 1,
            Op::Branch => 2,
            Op::Switch => self.imm as usize,
            _ => 0,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct InstLink {
    block: Block,
    prev: Inst,
    next: Inst,
    first_result: Value,
    pos: SourcePos,
}

/// A control-flow edge: the target and the arguments for its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Where it leads.
    pub block: Block,
    /// One value for each parameter of the target.
    pub args: ValueList,
}

#[derive(Clone, Copy, Debug)]
struct BlockData {
    params: ValueList,
    first: Inst,
    last: Inst,
    cold: bool,
}

/// A function: all arenas, the order of blocks, and the order of instructions in each.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its name, for dumps.
    pub name: String,
    /// Its own parameters and results.
    pub signature: Signature,
    /// Signatures of its calls.
    pub signatures: Arena<SigRef, Signature>,
    /// Its callees.
    pub funcs: Arena<FuncRef, FuncRefData>,
    /// Its stack slots.
    pub slots: Arena<StackSlot, SlotData>,
    /// Its frame states.
    pub frames: Arena<FrameState, FrameStateData>,
    values: Arena<Value, ValueData>,
    insts: Arena<Inst, InstData>,
    links: Arena<Inst, InstLink>,
    blocks: Arena<Block, BlockData>,
    edges: Vec<Edge>,
    pool: ValuePool,
    layout: Vec<Block>,
    has_aliases: bool,
}

/// What [`Function::make`] needs to know of a new instruction. Unset fields are zero.
#[derive(Clone, Copy, Debug)]
pub struct InstSpec<'a> {
    /// The operation.
    pub op: Op,
    /// The controlling type, `VOID` if the op has none.
    pub ty: Type,
    /// The operands.
    pub args: &'a [Value],
    /// The 64-bit immediate.
    pub imm: i64,
    /// The 16-bit immediate.
    pub aux: u16,
    /// The frame state, if any.
    pub frame: Option<FrameState>,
}

impl<'a> InstSpec<'a> {
    /// An instruction without immediates.
    pub fn new(op: Op, ty: Type, args: &'a [Value]) -> InstSpec<'a> {
        InstSpec {
            op,
            ty,
            args,
            imm: 0,
            aux: 0,
            frame: None,
        }
    }

    /// With a 64-bit immediate.
    pub fn imm(mut self, imm: i64) -> Self {
        self.imm = imm;
        self
    }

    /// With a 16-bit immediate.
    pub fn aux(mut self, aux: u16) -> Self {
        self.aux = aux;
        self
    }

    /// With a frame state.
    pub fn frame(mut self, frame: FrameState) -> Self {
        self.frame = Some(frame);
        self
    }
}

impl Function {
    /// A function without blocks. The first block added is its entry.
    pub fn new(name: &str, signature: Signature) -> Function {
        Function {
            name: name.to_string(),
            signature,
            ..Function::default()
        }
    }

    // ----- blocks ------------------------------------------------------------------------------------------------

    /// Adds an empty block at the end of the order.
    pub fn add_block(&mut self) -> Block {
        let params = self.pool.list(&[]);
        let block = self.blocks.push(BlockData {
            params,
            first: Inst::NONE,
            last: Inst::NONE,
            cold: false,
        });
        self.layout.push(block);
        block
    }

    /// The entry block.
    ///
    /// # Panics
    /// If the function has no block.
    #[inline]
    pub fn entry(&self) -> Block {
        self.layout[0]
    }

    /// The blocks in their order; the entry is first.
    #[inline]
    pub fn blocks(&self) -> &[Block] {
        &self.layout
    }

    /// Upper bound of block indices: the size for side tables.
    #[inline]
    pub fn block_capacity(&self) -> usize {
        self.blocks.len()
    }

    /// Sets the order of blocks. Blocks that are left out are removed from the function with their instructions.
    pub fn set_layout(&mut self, order: Vec<Block>) {
        self.layout = order;
    }

    /// Adds a parameter to a block.
    pub fn add_param(&mut self, block: Block, ty: Type) -> Value {
        let mut params = self.blocks[block].params;
        let value = self
            .values
            .push(ValueData::new(KIND_PARAM, block.as_u32(), params.len(), ty));
        self.pool.push(&mut params, value);
        self.blocks[block].params = params;
        value
    }

    /// The parameters of a block.
    #[inline]
    pub fn params(&self, block: Block) -> &[Value] {
        self.pool.get(self.blocks[block].params)
    }

    /// Keeps the parameters for whose position `keep` is true. The arguments of the edges are the caller's business.
    pub fn retain_params(&mut self, block: Block, mut keep: impl FnMut(usize) -> bool) {
        let mut params = self.blocks[block].params;
        for position in 0..params.len() {
            let value = self.pool.get(params)[position];
            if !keep(position) && self.values[value].kind() == KIND_PARAM {
                self.values[value].packed = KIND_REMOVED << 30 | self.values[value].packed & 0xff;
            }
        }
        self.pool.retain(&mut params, &mut keep);
        for position in 0..params.len() {
            let value = self.pool.get(params)[position];
            let ty = self.value_type(value);
            self.values[value] = ValueData::new(KIND_PARAM, block.as_u32(), position, ty);
        }
        self.blocks[block].params = params;
    }

    /// Whether a block is expected to run rarely.
    pub fn is_cold(&self, block: Block) -> bool {
        self.blocks[block].cold
    }

    /// Marks a block as rarely run.
    pub fn set_cold(&mut self, block: Block, cold: bool) {
        self.blocks[block].cold = cold;
    }

    /// The instructions of a block in order.
    #[inline]
    pub fn insts(&self, block: Block) -> Insts<'_> {
        Insts {
            func: self,
            next: self.blocks[block].first,
            back: self.blocks[block].last,
        }
    }

    /// The first instruction of a block.
    #[inline]
    pub fn first_inst(&self, block: Block) -> Option<Inst> {
        self.blocks[block].first.some()
    }

    /// The last instruction of a block: its terminator once the block is complete.
    #[inline]
    pub fn last_inst(&self, block: Block) -> Option<Inst> {
        self.blocks[block].last.some()
    }

    /// The terminator of a block.
    ///
    /// # Panics
    /// If the block is empty.
    #[inline]
    pub fn terminator(&self, block: Block) -> Inst {
        let last = self.blocks[block].last;
        assert!(!last.is_none(), "{block} has no terminator");
        last
    }

    // ----- instructions ------------------------------------------------------------------------------------------

    /// Makes an instruction and its results; it is in no block yet.
    pub fn make(&mut self, spec: InstSpec) -> Inst {
        let inst = self.insts.next_key();
        let mut args = [Value::NONE; INLINE_ARGS];
        if spec.args.len() <= INLINE_ARGS {
            args[..spec.args.len()].copy_from_slice(spec.args);
        } else {
            args[0] = Value::from_u32(self.pool.list(spec.args).start());
        }
        assert!(spec.args.len() <= u16::MAX as usize, "too many operands");
        let first_result = self.values.next_key();
        let nresults = self.make_results(inst, &spec);
        self.insts.push(InstData {
            imm: spec.imm,
            args,
            extra: spec.frame.unwrap_or(FrameState::NONE).as_u32(),
            op: spec.op,
            aux: spec.aux,
            nargs: spec.args.len() as u16,
            nresults,
            ty: spec.ty,
        });
        self.links.push(InstLink {
            block: Block::NONE,
            prev: Inst::NONE,
            next: Inst::NONE,
            first_result,
            pos: SourcePos::default(),
        });
        inst
    }

    fn make_results(&mut self, inst: Inst, spec: &InstSpec) -> u8 {
        use crate::ops::Operand;
        let results = spec.op.info().results;
        if results == [Operand::Signature] {
            let signature = match spec.op.info().imm {
                ImmKind::Func => self.funcs[FuncRef::from_u32(spec.imm as u32)].signature,
                _ => SigRef::from_u32(spec.imm as u32),
            };
            let count = self.signatures[signature].returns.len();
            assert!(count <= u8::MAX as usize, "too many results");
            for number in 0..count {
                let ty = self.signatures[signature].returns[number];
                self.values
                    .push(ValueData::new(KIND_RESULT, inst.as_u32(), number, ty));
            }
            return count as u8;
        }
        for (number, &operand) in results.iter().enumerate() {
            let ty = result_type(operand, spec.ty);
            self.values
                .push(ValueData::new(KIND_RESULT, inst.as_u32(), number, ty));
        }
        results.len() as u8
    }

    /// Makes a terminator with edges: `jump`, `branch` (if not zero, otherwise) or `switch` (default, 0, 1, …).
    pub fn make_terminator(&mut self, op: Op, args: &[Value], edges: &[(Block, &[Value])]) -> Inst {
        let first = self.edges.len() as u32;
        for &(block, values) in edges {
            let args = self.pool.list(values);
            self.edges.push(Edge { block, args });
        }
        let inst = self.make(InstSpec::new(op, Type::VOID, args));
        self.insts[inst].extra = first;
        self.insts[inst].imm = edges.len() as i64;
        inst
    }

    /// The instruction's data.
    #[inline]
    pub fn inst(&self, inst: Inst) -> &InstData {
        &self.insts[inst]
    }

    /// The instruction's data, to be changed. Op and type may change only so that operands and results stay right.
    #[inline]
    pub fn inst_mut(&mut self, inst: Inst) -> &mut InstData {
        &mut self.insts[inst]
    }

    /// Upper bound of instruction indices: the size for side tables.
    #[inline]
    pub fn inst_capacity(&self) -> usize {
        self.insts.len()
    }

    /// How many instructions are in blocks of the layout. Walks the function.
    pub fn inst_count(&self) -> usize {
        self.layout
            .iter()
            .map(|&block| self.insts(block).count())
            .sum()
    }

    /// The operands.
    #[inline]
    pub fn args(&self, inst: Inst) -> &[Value] {
        let data = &self.insts[inst];
        let count = data.nargs as usize;
        if count <= INLINE_ARGS {
            &data.args[..count]
        } else {
            self.pool.get(ValueList::at(data.args[0].as_u32(), count))
        }
    }

    /// The operands, to be changed in place.
    #[inline]
    pub fn args_mut(&mut self, inst: Inst) -> &mut [Value] {
        let data = &mut self.insts[inst];
        let count = data.nargs as usize;
        if count <= INLINE_ARGS {
            &mut data.args[..count]
        } else {
            self.pool
                .get_mut(ValueList::at(data.args[0].as_u32(), count))
        }
    }

    /// Operand number `index`.
    #[inline]
    pub fn arg(&self, inst: Inst, index: usize) -> Value {
        self.args(inst)[index]
    }

    /// The results: consecutive values.
    #[inline]
    pub fn results(&self, inst: Inst) -> impl ExactSizeIterator<Item = Value> + Clone + use<> {
        let first = self.links[inst].first_result.as_u32();
        (first..first + self.insts[inst].nresults as u32).map(Value::from_u32)
    }

    /// The first result.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn result(&self, inst: Inst) -> Value {
        assert!(
            self.insts[inst].nresults > 0,
            "{inst} ({}) has no result",
            self.insts[inst].op
        );
        self.links[inst].first_result
    }

    /// The edges of a terminator; empty for anything else.
    #[inline]
    pub fn edges(&self, inst: Inst) -> &[Edge] {
        let data = &self.insts[inst];
        let count = data.edge_count();
        if count == 0 {
            &[]
        } else {
            &self.edges[data.extra as usize..data.extra as usize + count]
        }
    }

    /// The edges of a terminator, to be retargeted.
    #[inline]
    pub fn edges_mut(&mut self, inst: Inst) -> &mut [Edge] {
        let data = &self.insts[inst];
        let count = data.edge_count();
        if count == 0 {
            &mut []
        } else {
            &mut self.edges[data.extra as usize..data.extra as usize + count]
        }
    }

    /// The arguments that an edge passes.
    #[inline]
    pub fn edge_args(&self, edge: Edge) -> &[Value] {
        self.pool.get(edge.args)
    }

    /// Argument lists of edge `index` of a terminator, to be changed in place.
    #[inline]
    pub fn edge_args_mut(&mut self, inst: Inst, index: usize) -> &mut [Value] {
        let list = self.edges(inst)[index].args;
        self.pool.get_mut(list)
    }

    /// Appends an argument to edge `index` of a terminator.
    pub fn push_edge_arg(&mut self, inst: Inst, index: usize, value: Value) {
        let mut list = self.edges(inst)[index].args;
        self.pool.push(&mut list, value);
        self.edges_mut(inst)[index].args = list;
    }

    /// Keeps the arguments of edge `index` for whose position `keep` is true.
    pub fn retain_edge_args(&mut self, inst: Inst, index: usize, keep: impl FnMut(usize) -> bool) {
        let mut list = self.edges(inst)[index].args;
        self.pool.retain(&mut list, keep);
        self.edges_mut(inst)[index].args = list;
    }

    /// Sends edge `index` to another block with other arguments.
    pub fn set_edge(&mut self, inst: Inst, index: usize, block: Block, values: &[Value]) {
        let args = self.pool.list(values);
        self.edges_mut(inst)[index] = Edge { block, args };
    }

    /// Turns any terminator into a jump along its edge `index`.
    pub fn become_jump(&mut self, inst: Inst, index: usize) {
        let first = self.insts[inst].extra + index as u32;
        let data = &mut self.insts[inst];
        debug_assert!(data.edge_count() > index);
        data.op = Op::Jump;
        data.extra = first;
        data.imm = 1;
        data.nargs = 0;
    }

    /// Turns an instruction into another that has the same results (or none of either), in place.
    ///
    /// # Panics
    /// If the number of results differs, or the instruction has edges.
    pub fn become_inst(&mut self, inst: Inst, spec: InstSpec) {
        let results = spec.op.info().results;
        assert_eq!(
            results.len(),
            self.insts[inst].nresults as usize,
            "{} cannot become {}",
            self.inst(inst).op,
            spec.op
        );
        let mut args = [Value::NONE; INLINE_ARGS];
        if spec.args.len() <= INLINE_ARGS {
            args[..spec.args.len()].copy_from_slice(spec.args);
        } else {
            args[0] = Value::from_u32(self.pool.list(spec.args).start());
        }
        let data = &mut self.insts[inst];
        data.imm = spec.imm;
        data.args = args;
        data.extra = spec.frame.unwrap_or(FrameState::NONE).as_u32();
        data.op = spec.op;
        data.aux = spec.aux;
        data.nargs = spec.args.len() as u16;
        data.ty = spec.ty;
    }

    /// Sets the frame state of an instruction without edges.
    pub fn set_frame(&mut self, inst: Inst, frame: Option<FrameState>) {
        debug_assert_eq!(self.insts[inst].edge_count(), 0);
        self.insts[inst].extra = frame.unwrap_or(FrameState::NONE).as_u32();
    }

    /// The source position that was given to an instruction; position 0 means none.
    pub fn pos(&self, inst: Inst) -> SourcePos {
        self.links[inst].pos
    }

    /// Gives an instruction a source position.
    pub fn set_pos(&mut self, inst: Inst, pos: SourcePos) {
        self.links[inst].pos = pos;
    }

    // ----- order of instructions ---------------------------------------------------------------------------------

    /// Puts an instruction at the end of a block.
    pub fn append(&mut self, block: Block, inst: Inst) {
        let last = self.blocks[block].last;
        self.link(inst, block, last, Inst::NONE);
    }

    /// Puts an instruction at the beginning of a block.
    pub fn prepend(&mut self, block: Block, inst: Inst) {
        let first = self.blocks[block].first;
        self.link(inst, block, Inst::NONE, first);
    }

    /// Puts an instruction before another that is in a block.
    pub fn insert_before(&mut self, inst: Inst, before: Inst) {
        let InstLink { block, prev, .. } = self.links[before];
        self.link(inst, block, prev, before);
    }

    /// Puts an instruction after another that is in a block.
    pub fn insert_after(&mut self, inst: Inst, after: Inst) {
        let InstLink { block, next, .. } = self.links[after];
        self.link(inst, block, after, next);
    }

    fn link(&mut self, inst: Inst, block: Block, prev: Inst, next: Inst) {
        debug_assert!(
            self.links[inst].block.is_none(),
            "{inst} is already in a block"
        );
        match prev.some() {
            Some(prev) => self.links[prev].next = inst,
            None => self.blocks[block].first = inst,
        }
        match next.some() {
            Some(next) => self.links[next].prev = inst,
            None => self.blocks[block].last = inst,
        }
        let link = &mut self.links[inst];
        (link.block, link.prev, link.next) = (block, prev, next);
    }

    /// Takes an instruction out of its block; it can be put elsewhere.
    pub fn unlink(&mut self, inst: Inst) {
        let InstLink {
            block, prev, next, ..
        } = self.links[inst];
        match prev.some() {
            Some(prev) => self.links[prev].next = next,
            None => self.blocks[block].first = next,
        }
        match next.some() {
            Some(next) => self.links[next].prev = prev,
            None => self.blocks[block].last = prev,
        }
        let link = &mut self.links[inst];
        (link.block, link.prev, link.next) = (Block::NONE, Inst::NONE, Inst::NONE);
    }

    /// Takes an instruction out of its block for good. Its results must be unused or replaced.
    pub fn remove(&mut self, inst: Inst) {
        self.unlink(inst);
        for value in self.results(inst) {
            if self.values[value].kind() == KIND_RESULT {
                self.values[value].packed = KIND_REMOVED << 30 | self.values[value].packed & 0xff;
            }
        }
    }

    /// Moves every instruction of `from` to the end of `to`.
    pub fn splice(&mut self, from: Block, to: Block) {
        let BlockData { first, last, .. } = self.blocks[from];
        let Some(first) = first.some() else { return };
        let mut inst = first;
        while let Some(current) = inst.some() {
            self.links[current].block = to;
            inst = self.links[current].next;
        }
        let tail = self.blocks[to].last;
        self.links[first].prev = tail;
        match tail.some() {
            Some(tail) => self.links[tail].next = first,
            None => self.blocks[to].first = first,
        }
        self.blocks[to].last = last;
        self.blocks[from].first = Inst::NONE;
        self.blocks[from].last = Inst::NONE;
    }

    /// Moves `inst` and everything after it to the end of block `to`.
    pub fn split_before(&mut self, inst: Inst, to: Block) {
        let from = self.links[inst].block;
        let prev = self.links[inst].prev;
        let last = self.blocks[from].last;
        match prev.some() {
            Some(prev) => self.links[prev].next = Inst::NONE,
            None => self.blocks[from].first = Inst::NONE,
        }
        self.blocks[from].last = prev;
        let tail = self.blocks[to].last;
        self.links[inst].prev = tail;
        match tail.some() {
            Some(tail) => self.links[tail].next = inst,
            None => self.blocks[to].first = inst,
        }
        self.blocks[to].last = last;
        let mut current = inst;
        while let Some(moved) = current.some() {
            self.links[moved].block = to;
            current = self.links[moved].next;
        }
    }

    /// The block that holds an instruction; `None` if it is in none.
    #[inline]
    pub fn block_of(&self, inst: Inst) -> Option<Block> {
        self.links[inst].block.some()
    }

    /// The instruction after this one in its block.
    #[inline]
    pub fn next_inst(&self, inst: Inst) -> Option<Inst> {
        self.links[inst].next.some()
    }

    /// The instruction before this one in its block.
    #[inline]
    pub fn prev_inst(&self, inst: Inst) -> Option<Inst> {
        self.links[inst].prev.some()
    }

    // ----- values ------------------------------------------------------------------------------------------------

    /// Upper bound of value indices: the size for side tables.
    #[inline]
    pub fn value_capacity(&self) -> usize {
        self.values.len()
    }

    /// The type of a value.
    #[inline]
    pub fn value_type(&self, value: Value) -> Type {
        Type::from_bit(self.values[value].packed as u8)
    }

    /// Where a value comes from.
    #[inline]
    pub fn value_def(&self, value: Value) -> ValueDef {
        let data = self.values[value];
        match data.kind() {
            KIND_RESULT => ValueDef::Result(Inst::from_u32(data.payload), data.number()),
            KIND_PARAM => ValueDef::Param(Block::from_u32(data.payload), data.number()),
            KIND_ALIAS => ValueDef::Alias(Value::from_u32(data.payload)),
            _ => ValueDef::Removed,
        }
    }

    /// The instruction that defines a value.
    #[inline]
    pub fn def_inst(&self, value: Value) -> Option<Inst> {
        let data = self.values[value];
        (data.kind() == KIND_RESULT).then(|| Inst::from_u32(data.payload))
    }

    /// The block in which a value is defined; `None` if its instruction is in no block or it was removed.
    #[inline]
    pub fn def_block(&self, value: Value) -> Option<Block> {
        match self.value_def(value) {
            ValueDef::Result(inst, _) => self.block_of(inst),
            ValueDef::Param(block, _) => Some(block),
            _ => None,
        }
    }

    /// The bits of an integer, pointer or tagged constant: sign-extended from the type's width.
    #[inline]
    pub fn int_constant(&self, value: Value) -> Option<i64> {
        let data = self.inst(self.def_inst(value)?);
        (data.op == Op::Iconst).then_some(data.imm)
    }

    /// Makes `value` an alias of `with`, which has the same type. Ends with [`Function::resolve_aliases`].
    pub fn replace(&mut self, value: Value, with: Value) {
        let with = self.resolve(with);
        debug_assert_ne!(value, with, "{value} would be its own alias");
        debug_assert_eq!(self.value_type(value), self.value_type(with));
        let ty = self.value_type(value);
        self.values[value] = ValueData::new(KIND_ALIAS, with.as_u32(), 0, ty);
        self.has_aliases = true;
    }

    /// The value that an alias stands for; any other value stands for itself.
    #[inline]
    pub fn resolve(&self, value: Value) -> Value {
        let mut value = value;
        while self.values[value].kind() == KIND_ALIAS {
            value = Value::from_u32(self.values[value].payload);
        }
        value
    }

    /// Rewrites all operands, edge arguments and frame states so that no alias is used any more. Linear.
    pub fn resolve_aliases(&mut self) {
        if !std::mem::take(&mut self.has_aliases) {
            return;
        }
        // An alias points to a value that was no alias at that time, which may have become one since. Compress the chains.
        for index in 0..self.values.len() {
            let value = Value::new(index);
            if self.values[value].kind() == KIND_ALIAS {
                let end = self.resolve(value);
                let mut walk = value;
                while self.values[walk].kind() == KIND_ALIAS {
                    let next = Value::from_u32(self.values[walk].payload);
                    self.values[walk].payload = end.as_u32();
                    walk = next;
                }
            }
        }
        let values = &self.values;
        let resolve = |slot: &mut Value| {
            if !slot.is_none() && values[*slot].kind() == KIND_ALIAS {
                *slot = Value::from_u32(values[*slot].payload);
            }
        };
        for &block in &self.layout {
            let mut inst = self.blocks[block].first;
            while let Some(current) = inst.some() {
                let data = &mut self.insts[current];
                let count = data.nargs as usize;
                if count <= INLINE_ARGS {
                    data.args[..count].iter_mut().for_each(resolve);
                } else {
                    self.pool
                        .get_mut(ValueList::at(data.args[0].as_u32(), count))
                        .iter_mut()
                        .for_each(resolve);
                }
                for edge in 0..data.edge_count() {
                    let list = self.edges[data.extra as usize + edge].args;
                    self.pool.get_mut(list).iter_mut().for_each(resolve);
                }
                inst = self.links[current].next;
            }
        }
        for frame in self.frames.values() {
            self.pool.get_mut(frame.values).iter_mut().for_each(resolve);
        }
    }

    // ----- frame states, signatures, callees, slots ------------------------------------------------------------------

    /// Adds a frame state.
    pub fn add_frame(
        &mut self,
        template: TemplateId,
        position: u32,
        parent: Option<FrameState>,
        values: &[Value],
    ) -> FrameState {
        let values = self.pool.list(values);
        self.frames.push(FrameStateData {
            template,
            position,
            parent,
            values,
        })
    }

    /// The values of one frame of a frame state; `Value::NONE` for dead slots.
    pub fn frame_values(&self, frame: FrameState) -> &[Value] {
        self.pool.get(self.frames[frame].values)
    }

    /// The values of one frame of a frame state, to be changed in place.
    pub fn frame_values_mut(&mut self, frame: FrameState) -> &mut [Value] {
        self.pool.get_mut(self.frames[frame].values)
    }

    /// The frame state and the frames that it was inlined into, innermost first.
    pub fn frame_chain(&self, frame: FrameState) -> impl Iterator<Item = FrameState> + '_ {
        std::iter::successors(Some(frame), |&frame| self.frames[frame].parent)
    }

    /// Calls `visit` with every value that the frame state of an instruction uses, its parents' too.
    pub fn for_each_frame_value(&self, inst: Inst, mut visit: impl FnMut(Value)) {
        let mut frame = self.insts[inst].frame();
        while let Some(current) = frame {
            for &value in self.frame_values(current) {
                if !value.is_none() {
                    visit(value);
                }
            }
            frame = self.frames[current].parent;
        }
    }

    /// Calls `visit` with every value that an instruction uses: operands, edge arguments, frame state.
    #[inline]
    pub fn for_each_use(&self, inst: Inst, mut visit: impl FnMut(Value)) {
        for &value in self.args(inst) {
            visit(value);
        }
        for &edge in self.edges(inst) {
            for &value in self.edge_args(edge) {
                visit(value);
            }
        }
        if self.insts[inst].frame().is_some() {
            self.for_each_frame_value(inst, visit);
        }
    }

    /// Adds a signature, or finds an equal one.
    pub fn import_signature(&mut self, signature: Signature) -> SigRef {
        let known = self
            .signatures
            .iter()
            .find(|(_, known)| **known == signature);
        match known.map(|(key, _)| key) {
            Some(key) => key,
            None => self.signatures.push(signature),
        }
    }

    /// Adds a callee.
    pub fn import_function(
        &mut self,
        name: &str,
        signature: Signature,
        target: CallTarget,
    ) -> FuncRef {
        let signature = self.import_signature(signature);
        self.funcs.push(FuncRefData {
            name: name.to_string(),
            signature,
            target,
            effects: Effects::CALL,
        })
    }

    /// Adds a stack slot of `size` bytes.
    pub fn add_slot(&mut self, size: u32, align: u32) -> StackSlot {
        self.slots.push(SlotData { size, align })
    }

    /// The signature that a call goes by.
    pub fn call_signature(&self, inst: Inst) -> Option<&Signature> {
        let data = self.inst(inst);
        match data.op {
            Op::Call | Op::TailCall => {
                Some(&self.signatures[self.funcs[data.func_ref()].signature])
            }
            Op::CallIndirect | Op::TailCallIndirect => Some(&self.signatures[data.sig_ref()]),
            _ => None,
        }
    }

    /// The effects of an instruction: those of its op, less what its flags or its callee's declaration promise.
    #[inline]
    pub fn effects(&self, inst: Inst) -> Effects {
        let data = self.inst(inst);
        let effects = data.op.effects();
        match data.op {
            Op::Load => {
                let flags = data.mem_flags();
                let effects = if flags.is_no_trap() {
                    effects.without(Effects::TRAPS)
                } else {
                    effects
                };
                if flags.is_read_only() {
                    effects.without(Effects::READS)
                } else {
                    effects
                }
            }
            Op::Store if data.mem_flags().is_no_trap() => effects.without(Effects::TRAPS),
            Op::Call => self.funcs[data.func_ref()].effects,
            _ => effects,
        }
    }
}

/// The type that `operand` stands for if it is a result.
pub(crate) fn result_type(operand: crate::ops::Operand, ty: Type) -> Type {
    use crate::ops::Operand;
    match operand {
        Operand::Lane => ty.lane(),
        Operand::Mask => ty.mask(),
        Operand::I8 => Type::I8,
        Operand::I32 => Type::I32,
        Operand::I64 => Type::I64,
        Operand::F32 => Type::F32,
        Operand::F64 => Type::F64,
        Operand::Ptr => Type::PTR,
        Operand::Tagged => Type::TAGGED,
        _ => ty,
    }
}

/// Iterator over the instructions of a block.
#[derive(Clone)]
pub struct Insts<'a> {
    func: &'a Function,
    next: Inst,
    back: Inst,
}

impl Iterator for Insts<'_> {
    type Item = Inst;

    #[inline]
    fn next(&mut self) -> Option<Inst> {
        let inst = self.next.some()?;
        if inst == self.back {
            self.next = Inst::NONE;
            self.back = Inst::NONE;
        } else {
            self.next = self.func.links[inst].next;
        }
        Some(inst)
    }
}

impl DoubleEndedIterator for Insts<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Inst> {
        let inst = self.back.some()?;
        if inst == self.next {
            self.next = Inst::NONE;
            self.back = Inst::NONE;
        } else {
            self.back = self.func.links[inst].prev;
        }
        Some(inst)
    }
}

/// Functions that call each other.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The functions; `FuncId` is the index here.
    pub functions: Arena<FuncId, Function>,
}

impl Module {
    /// An empty module.
    pub fn new() -> Module {
        Module::default()
    }

    /// Adds a function.
    pub fn add(&mut self, function: Function) -> FuncId {
        self.functions.push(function)
    }

    /// The function with this name.
    pub fn find(&self, name: &str) -> Option<FuncId> {
        self.functions
            .iter()
            .find(|(_, function)| function.name == name)
            .map(|(id, _)| id)
    }
}
