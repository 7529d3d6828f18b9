//! The verifier: what every function obeys between passes.
//!
//! | rule | says |
//! |---|---|
//! | `entry` | the first block has no predecessors; its parameters are those of the signature |
//! | `layout` | no block is listed twice; edges lead to listed blocks |
//! | `block` | a block ends with its only terminator; its instructions know that they are in it |
//! | `type` | the controlling type is in the op's set; `VOID` if the op has none |
//! | `operands` | number and types of operands are those of the op's row (of the signature, for calls and returns) |
//! | `results` | each result has the type that the row gives it |
//! | `edge` | an edge passes one argument of the right type for each parameter of its target |
//! | `alias` | no operand, argument or frame state uses an alias or a value whose definition was removed |
//! | `dominance` | a definition dominates each use; uses by a frame state count as uses of the instruction that names it |
//! | `immediate` | an immediate is in range and names something that exists; fields that an op does not use are zero |
//! | `frame` | an op that needs a frame state has one, one that cannot have one has none; parents are older than children |
//! | `slot` | stack slots have a power of two up to 64 as alignment |
//! | `tail` | a tail call's callee returns what this function returns, in the same convention |
//! | `derived` | a `ptr` computed from a `tagged` base is used only as an address, so that its base is always known |
//!
//! Unreachable blocks obey everything but `dominance`. The cost is linear but for the dominator tree, which is nearly so.

use crate::cfg::Cfg;
use crate::dominators::Dominators;
use crate::entity::*;
use crate::function::*;
use crate::imm::*;
use crate::ops::{Effects, ImmKind, Op, Operand};
use crate::types::{Type, sign_extend};
use std::fmt;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The rule, by its name in the table above.
    pub rule: &'static str,
    /// The block, if the fault is in one.
    pub block: Option<Block>,
    /// The instruction, if the fault is in one.
    pub inst: Option<Inst>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: ", self.rule)?;
        if let Some(block) = self.block {
            write!(f, "in {block}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for VerifyError {}

/// Checks all rules of one function.
///
/// # Errors
/// The first broken rule.
pub fn verify(func: &Function) -> Result<(), VerifyError> {
    Verifier::new(func)?.run()
}

/// Checks all functions of a module, and that calls between them agree on signatures.
///
/// # Errors
/// The first broken rule, with the name of the function.
pub fn verify_module(module: &Module) -> Result<(), String> {
    for func in module.functions.values() {
        verify(func).map_err(|error| format!("@{}: {error}", func.name))?;
        for callee in func.funcs.values() {
            if let CallTarget::Function(id) = callee.target {
                let Some(target) = module.functions.get(id) else {
                    return Err(format!("@{}: immediate: {id} does not exist", func.name));
                };
                if target.signature != func.signatures[callee.signature] {
                    return Err(format!("@{}: operands: signature of @{} differs", func.name, target.name));
                }
            }
        }
    }
    Ok(())
}

struct Verifier<'a> {
    func: &'a Function,
    cfg: Cfg,
    dominators: Dominators,
    in_layout: Vec<bool>,
    /// Position of each instruction in its block, for dominance inside a block.
    order: Vec<u32>,
    block: Option<Block>,
    inst: Option<Inst>,
}

type Check = Result<(), VerifyError>;

impl<'a> Verifier<'a> {
    fn new(func: &'a Function) -> Result<Verifier<'a>, VerifyError> {
        let fail = |rule, message| Err(VerifyError { rule, block: None, inst: None, message });
        if func.blocks().is_empty() {
            return fail("entry", "the function has no blocks".to_string());
        }
        let mut in_layout = vec![false; func.block_capacity()];
        for &block in func.blocks() {
            if block.index() >= in_layout.len() {
                return fail("layout", format!("{block} does not exist"));
            }
            if std::mem::replace(&mut in_layout[block.index()], true) {
                return fail("layout", format!("{block} is listed twice"));
            }
        }
        let mut order = vec![0; func.inst_capacity()];
        for &block in func.blocks() {
            for (position, inst) in func.insts(block).enumerate() {
                order[inst.index()] = position as u32;
                for edge in func.edges(inst) {
                    if edge.block.index() >= in_layout.len() || !in_layout[edge.block.index()] {
                        return fail("layout", format!("{block} leads to {}, which is not in the layout", edge.block));
                    }
                }
            }
        }
        let cfg = Cfg::compute(func);
        let dominators = Dominators::compute(&cfg, func);
        Ok(Verifier { func, cfg, dominators, in_layout, order, block: None, inst: None })
    }

    fn fail<T>(&self, rule: &'static str, message: String) -> Result<T, VerifyError> {
        let message = match self.inst {
            Some(inst) => format!("`{}`: {message}", self.func.display_inst(inst)),
            None => message,
        };
        Err(VerifyError { rule, block: self.block, inst: self.inst, message })
    }

    fn run(mut self) -> Check {
        self.check_entry()?;
        self.check_slots()?;
        self.check_frames()?;
        for &block in self.func.blocks() {
            self.block = Some(block);
            self.inst = None;
            self.check_block(block)?;
            for inst in self.func.insts(block) {
                self.inst = Some(inst);
                self.check_inst(block, inst)?;
            }
        }
        Ok(())
    }

    fn check_entry(&self) -> Check {
        let entry = self.func.entry();
        if !self.cfg.preds(entry).is_empty() {
            return self.fail("entry", "the entry block has predecessors".to_string());
        }
        let types: Vec<Type> = self.func.params(entry).iter().map(|&value| self.func.value_type(value)).collect();
        if types != self.func.signature.params {
            return self.fail("entry", format!("parameters are {types:?}, not those of the signature"));
        }
        Ok(())
    }

    fn check_slots(&self) -> Check {
        for (slot, data) in self.func.slots.iter() {
            if !data.align.is_power_of_two() || data.align > 64 {
                return self.fail("slot", format!("{slot} has alignment {}", data.align));
            }
        }
        Ok(())
    }

    fn check_frames(&self) -> Check {
        for (frame, data) in self.func.frames.iter() {
            if data.parent.is_some_and(|parent| parent >= frame) {
                return self.fail("frame", format!("{frame} is not newer than its parent"));
            }
        }
        Ok(())
    }

    fn check_block(&self, block: Block) -> Check {
        let Some(last) = self.func.last_inst(block) else {
            return self.fail("block", "it is empty".to_string());
        };
        if !self.func.inst(last).op.is_terminator() {
            return self.fail("block", "it does not end with a terminator".to_string());
        }
        for (position, &param) in self.func.params(block).iter().enumerate() {
            if self.func.value_def(param) != ValueDef::Param(block, position as u32) {
                return self.fail("block", format!("{param} is listed as parameter {position} and is not"));
            }
        }
        for inst in self.func.insts(block) {
            if self.func.block_of(inst) != Some(block) {
                return self.fail("block", format!("{inst} does not know that it is here"));
            }
            if inst != last && self.func.inst(inst).op.is_terminator() {
                return self.fail("block", format!("`{}` is not the last", self.func.display_inst(inst)));
            }
        }
        Ok(())
    }

    fn check_inst(&self, block: Block, inst: Inst) -> Check {
        let data = self.func.inst(inst);
        let info = data.op.info();
        if info.types.is_empty() && data.ty != Type::VOID || !info.types.is_empty() && !info.types.contains(data.ty) {
            return self.fail("type", format!("{} is no type for {}", data.ty, data.op));
        }
        self.check_immediate(data)?;
        self.check_operands(inst, data)?;
        self.check_results(inst, data)?;
        self.check_frame(data)?;
        for &edge in self.func.edges(inst) {
            self.check_edge(edge)?;
        }
        self.check_tail(inst, data)?;
        if self.cfg.is_reachable(block) {
            let mut result = Ok(());
            self.func.for_each_use(inst, |value| {
                if result.is_ok() {
                    result = self.check_use(block, inst, value);
                }
            });
            result?;
        }
        self.check_derived(inst, data)
    }

    fn check_immediate(&self, data: &InstData) -> Check {
        let aux_limit = |count: usize| (data.aux as usize) < count;
        let fits = |limit: usize| (0..limit as i64).contains(&data.imm);
        let offset = data.imm == data.imm as i32 as i64;
        let (imm_ok, aux_ok) = match data.op.info().imm {
            ImmKind::None => (data.imm == 0, data.aux == 0),
            ImmKind::Int => (data.imm == sign_extend(data.imm, data.ty), data.aux == 0),
            ImmKind::Float => (data.ty == Type::F64 || data.imm as u64 <= u32::MAX as u64, data.aux == 0),
            ImmKind::IntCc => (data.imm == 0, aux_limit(IntCc::ALL.len())),
            ImmKind::FloatCc => (data.imm == 0, aux_limit(FloatCc::ALL.len())),
            ImmKind::Trap => (data.imm == 0, aux_limit(TrapCode::ALL.len())),
            ImmKind::Reduce => (data.imm == 0, aux_limit(ReduceOp::ALL.len())),
            ImmKind::Mem => (offset, data.mem_flags().to_bits() == data.aux),
            ImmKind::Offset => (offset, data.aux == 0),
            ImmKind::Scaled => (offset, data.aux <= 3),
            ImmKind::Slot => (fits(self.func.slots.len()), data.aux == 0),
            ImmKind::Func => (fits(self.func.funcs.len()), data.aux == 0),
            ImmKind::Sig => (fits(self.func.signatures.len()), data.aux == 0),
            ImmKind::Lane => (fits(data.ty.lanes() as usize), data.aux == 0),
            ImmKind::Jump => (data.imm == 1, data.aux == 0),
            ImmKind::Branch => (data.imm == 2, data.aux == 0),
            ImmKind::Switch => (data.imm >= 1, data.aux == 0),
            ImmKind::Shape | ImmKind::Heap | ImmKind::Template => (fits(1 << 32), data.aux == 0),
        };
        if !imm_ok || !aux_ok {
            return self.fail("immediate", format!("imm {} or aux {} is not valid here", data.imm, data.aux));
        }
        Ok(())
    }

    fn check_operands(&self, inst: Inst, data: &InstData) -> Check {
        let args = self.func.args(inst);
        for &arg in args {
            self.check_value(arg)?;
        }
        let mut rest = args;
        for (position, &operand) in data.op.info().operands.iter().enumerate() {
            let list = match operand {
                Operand::Signature => self.func.call_signature(inst).map(|signature| &signature.params),
                Operand::Returns => Some(&self.func.signature.returns),
                Operand::Rest => return Ok(()),
                _ => None,
            };
            if let Some(list) = list {
                let types: Vec<Type> = rest.iter().map(|&value| self.func.value_type(value)).collect();
                if types != *list {
                    return self.fail("operands", format!("types are {types:?}, not {list:?}"));
                }
                return Ok(());
            }
            let Some((&value, tail)) = rest.split_first() else {
                return self.fail("operands", format!("operand {position} is missing"));
            };
            rest = tail;
            let ty = self.func.value_type(value);
            if !operand_accepts(data.op, operand, data.ty, ty) {
                return self.fail("operands", format!("{value} of type {ty} cannot be operand {position}"));
            }
        }
        if !rest.is_empty() {
            return self.fail("operands", "there are too many".to_string());
        }
        Ok(())
    }

    fn check_results(&self, inst: Inst, data: &InstData) -> Check {
        let rows = data.op.info().results;
        let types: Vec<Type> = match rows {
            [Operand::Signature] => self.func.call_signature(inst).map_or(Vec::new(), |sig| sig.returns.clone()),
            _ => rows.iter().map(|&operand| result_type(operand, data.ty)).collect(),
        };
        if self.func.results(inst).len() != types.len() {
            return self.fail("results", format!("there should be {}", types.len()));
        }
        for (number, value) in self.func.results(inst).enumerate() {
            if self.func.value_def(value) != ValueDef::Result(inst, number as u32) {
                return self.fail("results", format!("{value} was replaced or removed, and its instruction was not"));
            }
            if self.func.value_type(value) != types[number] {
                return self.fail("results", format!("{value} should have type {}", types[number]));
            }
        }
        Ok(())
    }

    fn check_frame(&self, data: &InstData) -> Check {
        let allowed = data.op.effects().any(Effects::NEEDS_FRAME.with(Effects::MAY_HAVE_FRAME));
        match data.frame() {
            None if data.op.effects().has(Effects::NEEDS_FRAME) => self.fail("frame", "it needs one".to_string()),
            Some(_) if !allowed => self.fail("frame", "it cannot have one".to_string()),
            Some(frame) if self.func.frames.get(frame).is_none() => {
                self.fail("frame", format!("{frame} does not exist"))
            }
            _ => Ok(()),
        }
    }

    fn check_edge(&self, edge: Edge) -> Check {
        debug_assert!(self.in_layout[edge.block.index()]);
        let args = self.func.edge_args(edge);
        let params = self.func.params(edge.block);
        if args.len() != params.len() {
            return self.fail("edge", format!("{} arguments for {} of {}", args.len(), params.len(), edge.block));
        }
        for (&arg, &param) in args.iter().zip(params) {
            self.check_value(arg)?;
            if self.func.value_type(arg) != self.func.value_type(param) {
                return self.fail("edge", format!("{arg} has not the type of {param}"));
            }
        }
        Ok(())
    }

    fn check_value(&self, value: Value) -> Check {
        if value.index() >= self.func.value_capacity() {
            return self.fail("alias", format!("{value} does not exist"));
        }
        match self.func.value_def(value) {
            ValueDef::Alias(of) => self.fail("alias", format!("{value} is an alias of {of}")),
            ValueDef::Removed => self.fail("alias", format!("the definition of {value} was removed")),
            _ => Ok(()),
        }
    }

    fn check_use(&self, block: Block, inst: Inst, value: Value) -> Check {
        self.check_value(value)?;
        let Some(def) = self.func.def_block(value).filter(|def| self.in_layout[def.index()]) else {
            return self.fail("alias", format!("the definition of {value} is in no block"));
        };
        let dominates = if def == block {
            match self.func.def_inst(value) {
                Some(definition) => self.order[definition.index()] < self.order[inst.index()],
                None => true,
            }
        } else {
            self.dominators.dominates(def, block)
        };
        if !dominates {
            return self.fail("dominance", format!("{value} is used where its definition does not dominate"));
        }
        Ok(())
    }

    fn check_tail(&self, inst: Inst, data: &InstData) -> Check {
        if !matches!(data.op, Op::TailCall | Op::TailCallIndirect) {
            return Ok(());
        }
        let ok = self.func.call_signature(inst).is_some_and(|signature| {
            signature.returns == self.func.signature.returns && signature.conv == self.func.signature.conv
        });
        if ok { Ok(()) } else { self.fail("tail", "results or conventions differ".to_string()) }
    }

    fn check_derived(&self, inst: Inst, data: &InstData) -> Check {
        let is_derived = |value: Value| derived_base(self.func, value).is_some();
        for (position, &arg) in self.func.args(inst).iter().enumerate() {
            let as_address = position == 0 && matches!(data.op, Op::Load | Op::Store | Op::PtrAdd | Op::PtrIndex);
            if !as_address && self.func.value_type(arg) == Type::PTR && is_derived(arg) {
                return self.fail("derived", format!("{arg} is derived from a tagged base and used as data"));
            }
        }
        for &edge in self.func.edges(inst) {
            for &arg in self.func.edge_args(edge) {
                if self.func.value_type(arg) == Type::PTR && is_derived(arg) {
                    return self.fail("derived", format!("{arg} is derived from a tagged base and passed on"));
                }
            }
        }
        Ok(())
    }
}

/// The `tagged` value from which an address was computed, if it was.
pub fn derived_base(func: &Function, value: Value) -> Option<Value> {
    let mut at = value;
    loop {
        let inst = func.def_inst(at)?;
        if !matches!(func.inst(inst).op, Op::PtrAdd | Op::PtrIndex) {
            return None;
        }
        at = func.arg(inst, 0);
        if func.value_type(at) == Type::TAGGED {
            return Some(at);
        }
    }
}

fn operand_accepts(op: Op, operand: Operand, control: Type, ty: Type) -> bool {
    match operand {
        Operand::T | Operand::Lane | Operand::Mask => ty == result_type(operand, control),
        Operand::Cond => ty.is_int(),
        Operand::AnyInt => match op {
            Op::Sext | Op::Zext => ty.is_int() && ty.bits() < control.bits(),
            Op::Narrow => ty.is_int() && ty.bits() > control.bits(),
            _ => ty == Type::I32 || ty == Type::I64,
        },
        Operand::AnyFloat => ty.is_float(),
        Operand::SameWidth => !ty.is_vector() && ty.bits() == control.bits(),
        Operand::Addr => ty == Type::PTR || ty == Type::TAGGED,
        Operand::I8 => ty == Type::I8,
        Operand::I32 => ty == Type::I32,
        Operand::I64 => ty == Type::I64,
        Operand::F32 => ty == Type::F32,
        Operand::F64 => ty == Type::F64,
        Operand::Ptr => ty == Type::PTR,
        Operand::Tagged => ty == Type::TAGGED,
        Operand::Signature | Operand::Returns | Operand::Rest => true,
    }
}

#[cfg(test)]
mod tests;
