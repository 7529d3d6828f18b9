//! Sparse conditional constant propagation: Wegman and Zadeck, "Constant Propagation with Conditional Branches" (TOPLAS 1991).
//!
//! Each value is in one of three states: nothing known yet, one constant, or varying; it only ever moves down that list. Two
//! lists of work are kept, edges found to be executable and uses of values whose state fell. Because a parameter looks only at
//! executable edges, constants and reachability are found together, which neither folding nor simplification of branches
//! finds alone.
//!
//! What happens then: a constant value gets a constant instruction, a decided branch becomes a jump, a check that is certain
//! to fail ends its block, blocks never found executable go. Vectors and results of impure ops are varying. Cost: each
//! value falls at most twice, each of its uses is looked at as often: linear in the uses. A use by an edge names the one
//! parameter that it feeds, so that a switch with thousands of edges is not walked again for each of its arguments.

use super::simplify_cfg::constant_edge;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::cfg::Cfg;
use tercel_ir::entity::Entity;
use tercel_ir::eval::{EvalOp, eval_scalar, is_evaluable};
use tercel_ir::{Block, Effects, Function, Inst, InstSpec, Op, Scratch, Type, Value};

const UNKNOWN: u8 = 0;
const CONSTANT: u8 = 1;
const VARYING: u8 = 2;

/// A use of a value: by an instruction's operand, or by argument number `position` of edge `edge` of a terminator.
#[derive(Clone, Copy)]
struct Use {
    inst: Inst,
    edge: u32,
    position: u32,
}

const OPERAND: u32 = u32::MAX;

struct Sccp<'a> {
    func: &'a Function,
    state: Vec<u8>,
    bits: Vec<u64>,
    first_use: Vec<u32>,
    uses: Vec<Use>,
    /// Place of each block's first edge in `edge_done`.
    first_edge: Vec<u32>,
    edge_done: Vec<bool>,
    block_done: Vec<bool>,
    edge_work: Vec<(Block, u32)>,
    value_work: Vec<Value>,
}

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let mut sccp = Sccp::new(func, cx.scratch);
    sccp.solve();
    let Sccp { state, bits, block_done, first_use, uses, first_edge, edge_done, edge_work, value_work, .. } = sccp;
    let rewrite = Rewrite { state, bits, block_done };
    let mut outcome = rewrite.apply(func);
    let scratch = &mut *cx.scratch;
    scratch.give(rewrite.state);
    scratch.give(rewrite.bits);
    scratch.give(rewrite.block_done);
    scratch.give(first_use);
    scratch.give(uses);
    scratch.give(first_edge);
    scratch.give(edge_done);
    scratch.give(edge_work);
    scratch.give(value_work);
    if outcome.branches > 0 {
        // A check that ends its block may have cut off more.
        let cfg = Cfg::compute_in(func, scratch);
        outcome.blocks += cfg.remove_unreachable(func) as u64;
        cfg.give(scratch);
    }
    func.resolve_aliases();
    cx.count("constants", outcome.constants);
    cx.count("branches decided", outcome.branches);
    cx.count("unreachable blocks removed", outcome.blocks);
    if outcome.branches + outcome.blocks > 0 { Change::Graph } else { Change::insts(outcome.constants > 0) }
}

impl<'a> Sccp<'a> {
    fn new(func: &'a Function, scratch: &mut Scratch) -> Sccp<'a> {
        let values = func.value_capacity();
        let mut first_use = scratch.table(0u32, values + 1);
        let mut edges = 0;
        let mut first_edge = scratch.table(0, func.block_capacity());
        for &block in func.blocks() {
            for inst in func.insts(block) {
                for &arg in func.args(inst) {
                    first_use[arg.index()] += 1;
                }
                for &edge in func.edges(inst) {
                    for &arg in func.edge_args(edge) {
                        first_use[arg.index()] += 1;
                    }
                }
            }
            first_edge[block.index()] = edges;
            edges += func.edges(func.terminator(block)).len() as u32;
        }
        let mut total = 0;
        for place in &mut first_use {
            total += std::mem::replace(place, total);
        }
        let mut uses = scratch.table(Use { inst: Inst::NONE, edge: 0, position: 0 }, total as usize);
        for &block in func.blocks() {
            for inst in func.insts(block) {
                let mut add = |value: Value, edge: u32, position: u32| {
                    let place = &mut first_use[value.index()];
                    uses[*place as usize] = Use { inst, edge, position };
                    *place += 1;
                };
                for &arg in func.args(inst) {
                    add(arg, OPERAND, 0);
                }
                for (edge, &data) in func.edges(inst).iter().enumerate() {
                    for (position, &arg) in func.edge_args(data).iter().enumerate() {
                        add(arg, edge as u32, position as u32);
                    }
                }
            }
        }
        first_use.rotate_right(1);
        first_use[0] = 0;
        Sccp {
            func,
            state: scratch.table(UNKNOWN, values),
            bits: scratch.table(0, values),
            first_use,
            uses,
            first_edge,
            edge_done: scratch.table(false, edges as usize),
            block_done: scratch.table(false, func.block_capacity()),
            edge_work: scratch.growing(0),
            value_work: scratch.growing(0),
        }
    }

    fn solve(&mut self) {
        let entry = self.func.entry();
        for &param in self.func.params(entry) {
            self.lower(param, VARYING, 0);
        }
        self.visit_block(entry);
        loop {
            while let Some((block, edge)) = self.edge_work.pop() {
                self.visit_edge(block, edge);
            }
            let Some(value) = self.value_work.pop() else {
                break;
            };
            let range = self.first_use[value.index()] as usize..self.first_use[value.index() + 1] as usize;
            for index in range {
                let Use { inst, edge, position } = self.uses[index];
                let Some(block) = self.func.block_of(inst) else {
                    continue;
                };
                if !self.block_done[block.index()] {
                    continue;
                }
                if edge == OPERAND {
                    self.visit_inst(block, inst);
                } else if self.edge_done[(self.first_edge[block.index()] + edge) as usize] {
                    self.join(inst, edge, position);
                }
            }
        }
    }

    fn lower(&mut self, value: Value, state: u8, bits: u64) {
        let index = value.index();
        let old = self.state[index];
        if old == VARYING || state == UNKNOWN || old == CONSTANT && state == CONSTANT && self.bits[index] == bits {
            return;
        }
        if active(Bug::SccpStuckAtFirst) && old == CONSTANT && self.func.def_inst(value).is_some() {
            return;
        }
        self.state[index] = if old == CONSTANT { VARYING } else { state };
        self.bits[index] = bits;
        self.value_work.push(value);
    }

    fn visit_edge(&mut self, block: Block, edge: u32) {
        let inst = self.func.terminator(block);
        let target = self.func.edges(inst)[edge as usize];
        for position in 0..target.args.len() as u32 {
            if !(active(Bug::SccpIgnoresEdge) && self.block_done[target.block.index()]) {
                self.join(inst, edge, position);
            }
        }
        self.visit_block(target.block);
    }

    /// Lets a parameter know about an argument.
    fn join(&mut self, inst: Inst, edge: u32, position: u32) {
        let edge = self.func.edges(inst)[edge as usize];
        let arg = self.func.edge_args(edge)[position as usize];
        let param = self.func.params(edge.block)[position as usize];
        self.lower(param, self.state[arg.index()], self.bits[arg.index()]);
    }

    fn visit_block(&mut self, block: Block) {
        if std::mem::replace(&mut self.block_done[block.index()], true) {
            return;
        }
        for inst in self.func.insts(block) {
            self.visit_inst(block, inst);
        }
    }

    fn visit_inst(&mut self, block: Block, inst: Inst) {
        let data = self.func.inst(inst);
        match data.op {
            Op::Jump => self.reach(block, 0),
            Op::Branch | Op::Switch => {
                let operand = self.func.arg(inst, 0);
                match self.state[operand.index()] {
                    UNKNOWN => {}
                    CONSTANT => {
                        let value = self.bits[operand.index()];
                        self.reach(block, constant_edge(data.op, data.edge_count(), value as i64) as u32);
                    }
                    _ => (0..data.edge_count() as u32).for_each(|edge| self.reach(block, edge)),
                }
            }
            _ if data.result_count() == 0 => {}
            _ => self.visit_value(inst),
        }
    }

    fn reach(&mut self, block: Block, edge: u32) {
        let place = (self.first_edge[block.index()] + edge) as usize;
        if !std::mem::replace(&mut self.edge_done[place], true) {
            self.edge_work.push((block, edge));
        }
    }

    fn visit_value(&mut self, inst: Inst) {
        let data = self.func.inst(inst);
        let args = self.func.args(inst);
        let result = self.func.result(inst);
        if self.state[result.index()] == VARYING {
            return;
        }
        if !is_evaluable(data.op) || data.ty.is_vector() || args.len() > 3 {
            return self.all_vary(inst);
        }
        if data.op == Op::Select {
            return self.visit_select(inst);
        }
        let mut operands = [0; 3];
        let mut unknown = false;
        for (operand, arg) in operands.iter_mut().zip(args) {
            match self.state[arg.index()] {
                VARYING => return self.all_vary(inst),
                UNKNOWN => unknown = true,
                _ => *operand = self.bits[arg.index()],
            }
        }
        if unknown {
            return;
        }
        let from = args.first().map_or(Type::VOID, |&arg| self.func.value_type(arg));
        let what = EvalOp { op: data.op, ty: data.ty, from, aux: data.aux, imm: data.imm };
        match eval_scalar(&what, &operands[..args.len()]) {
            Ok((first, second)) => {
                for (value, bits) in self.func.results(inst).zip([first, second]) {
                    self.lower(value, CONSTANT, bits);
                }
            }
            Err(_) => self.all_vary(inst),
        }
    }

    /// A select with a constant condition is as constant as the operand that it takes.
    fn visit_select(&mut self, inst: Inst) {
        let [condition, then, otherwise] = [0, 1, 2].map(|index| self.func.arg(inst, index));
        let result = self.func.result(inst);
        match self.state[condition.index()] {
            UNKNOWN => {}
            CONSTANT => {
                let chosen = if self.bits[condition.index()] != 0 { then } else { otherwise };
                self.lower(result, self.state[chosen.index()], self.bits[chosen.index()]);
            }
            _ => {
                for value in [then, otherwise] {
                    self.lower(result, self.state[value.index()], self.bits[value.index()]);
                }
            }
        }
    }

    fn all_vary(&mut self, inst: Inst) {
        for value in self.func.results(inst) {
            self.lower(value, VARYING, 0);
        }
    }
}

struct Rewrite {
    state: Vec<u8>,
    bits: Vec<u64>,
    block_done: Vec<bool>,
}

#[derive(Default)]
struct Outcome {
    constants: u64,
    branches: u64,
    blocks: u64,
}

impl Rewrite {
    fn constant(&self, value: Value) -> Option<u64> {
        (self.state[value.index()] == CONSTANT).then(|| self.bits[value.index()])
    }

    fn apply(&self, func: &mut Function) -> Outcome {
        let mut outcome = Outcome::default();
        let before = func.blocks().len();
        let kept: Vec<Block> = func.blocks().iter().copied().filter(|block| self.block_done[block.index()]).collect();
        outcome.blocks = (before - kept.len()) as u64;
        for &block in &kept {
            self.rewrite_params(func, block, &mut outcome);
            let mut next = func.first_inst(block);
            while let Some(inst) = next {
                next = func.next_inst(inst);
                self.rewrite_inst(func, inst, &mut outcome);
                if next.is_some_and(|next| func.block_of(next).is_none()) {
                    break;
                }
            }
        }
        func.set_layout(kept);
        outcome
    }

    fn rewrite_params(&self, func: &mut Function, block: Block, outcome: &mut Outcome) {
        for position in (0..func.params(block).len()).rev() {
            let param = func.params(block)[position];
            if let Some(bits) = self.constant(param) {
                let constant = make_constant(func, func.value_type(param), bits);
                func.prepend(block, constant);
                let value = func.result(constant);
                func.detach_param(block, position, value);
                outcome.constants += 1;
            }
        }
    }

    fn rewrite_inst(&self, func: &mut Function, inst: Inst, outcome: &mut Outcome) {
        let data = *func.inst(inst);
        match data.op {
            Op::Iconst | Op::Fconst => {}
            Op::Branch | Op::Switch => {
                if let Some(value) = self.constant(func.arg(inst, 0)) {
                    func.become_jump(inst, constant_edge(data.op, data.edge_count(), value as i64));
                    outcome.branches += 1;
                }
            }
            Op::TrapIf | Op::Guard => {
                let Some(value) = self.constant(func.arg(inst, 0)) else {
                    return;
                };
                let leaves = (value != 0) == (data.op == Op::TrapIf);
                if leaves {
                    end_block_with(func, inst, data.op);
                    outcome.branches += 1;
                } else {
                    func.remove(inst);
                    outcome.constants += 1;
                }
            }
            _ if data.result_count() > 0 => self.rewrite_results(func, inst, outcome),
            _ => {}
        }
    }

    fn rewrite_results(&self, func: &mut Function, inst: Inst, outcome: &mut Outcome) {
        let mut all = true;
        for value in func.results(inst) {
            match self.constant(value) {
                Some(bits) => {
                    let constant = make_constant(func, func.value_type(value), bits);
                    func.insert_before(constant, inst);
                    let with = func.result(constant);
                    func.replace(value, with);
                    outcome.constants += 1;
                }
                None => all = false,
            }
        }
        // Constant operands made it constant, so it neither trapped nor exited. (Two results are constant together.)
        if all {
            func.remove(inst);
        }
    }
}

/// A constant instruction for bits of a scalar type; it is in no block yet.
pub fn make_constant(func: &mut Function, ty: Type, bits: u64) -> Inst {
    if ty.is_float() {
        return func.make(InstSpec::new(Op::Fconst, ty, &[]).imm(bits as i64));
    }
    func.make(InstSpec::new(Op::Iconst, ty, &[]).imm(tercel_ir::types::sign_extend(bits as i64, ty)))
}

/// A check that is certain to fail ends its block: what follows it is removed.
fn end_block_with(func: &mut Function, inst: Inst, op: Op) {
    let block = func.block_of(inst).expect("it is in a block");
    while let Some(last) = func.last_inst(block).filter(|&last| last != inst) {
        func.remove(last);
    }
    let data = *func.inst(inst);
    let spec = if op == Op::TrapIf {
        InstSpec::new(Op::Trap, Type::VOID, &[]).aux(data.aux)
    } else {
        InstSpec::new(Op::Exit, Type::VOID, &[]).frame(data.frame().expect("a guard has a frame state"))
    };
    debug_assert!(spec.op.effects().has(Effects::TERMINATES));
    func.become_inst(inst, spec);
}
