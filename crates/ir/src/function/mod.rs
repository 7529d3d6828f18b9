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

mod decls;
mod insts;
mod order;
mod values;

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
        Signature { params: params.to_vec(), returns: returns.to_vec(), conv: CallConv::Tercel, variadic: false }
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
        ValueData { payload, packed: kind << 30 | (number as u32) << 8 | ty.bit() }
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
        if self.ty == Type::F32 { f32::from_bits(self.imm as u32) as f64 } else { f64::from_bits(self.imm as u64) }
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
    /// Aliases made since operands were last rewritten.
    aliases: Vec<Value>,
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
        InstSpec { op, ty, args, imm: 0, aux: 0, frame: None }
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
        Function { name: name.to_string(), signature, ..Function::default() }
    }

    /// Adds an empty block at the end of the order.
    pub fn add_block(&mut self) -> Block {
        let params = self.pool.list(&[]);
        let block = self.blocks.push(BlockData { params, first: Inst::NONE, last: Inst::NONE, cold: false });
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
        let value = self.values.push(ValueData::new(KIND_PARAM, block.as_u32(), params.len(), ty));
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

    /// Lets every use of a parameter use `with` instead; the block keeps a parameter in its place, which nothing uses.
    /// Ends with [`Function::resolve_aliases`].
    pub fn detach_param(&mut self, block: Block, position: usize, with: Value) {
        let params = self.blocks[block].params;
        let old = self.pool.get(params)[position];
        let ty = self.value_type(old);
        let fresh = ValueData::new(KIND_PARAM, block.as_u32(), position, ty);
        let fresh = self.values.push(fresh);
        self.pool.get_mut(params)[position] = fresh;
        self.replace(old, with);
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
        Insts { func: self, next: self.blocks[block].first, back: self.blocks[block].last }
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
        self.functions.iter().find(|(_, function)| function.name == name).map(|(id, _)| id)
    }
}
