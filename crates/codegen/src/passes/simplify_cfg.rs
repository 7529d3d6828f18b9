//! Simplification of the control-flow graph.
//!
//! Other passes leave branches on constants, blocks with one predecessor and one successor, blocks that only jump on,
//! parameters that are always the same value. This pass clears them away:
//!
//! * blocks that cannot be reached are removed;
//! * a branch or switch on a constant, or with equal edges, becomes a jump;
//! * an edge to a block that only jumps on leads to the jump's target instead (*threading*), if nobody else uses the block's
//!   parameters;
//! * a block whose only predecessor jumps to it is merged into it;
//! * a parameter whose arguments are all one value is that value.
//!
//! It copies no instruction, so it never makes code larger. Threading may remove the preheader of a loop; passes that need one
//! make one ([`super::loop_edit`]).

use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::builder::remove_trivial_params;
use tercel_ir::cfg::Cfg;
use tercel_ir::entity::{Entity, Secondary};
use tercel_ir::{Block, Function, Inst, Op, Value};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let branches = fold_branches(func);
    let threaded = thread_edges(func);
    let cfg = Cfg::compute(func);
    let unreachable = cfg.remove_unreachable(func) as u64;
    let cfg = if unreachable > 0 { Cfg::compute(func) } else { cfg };
    let params = remove_trivial_params(func, &cfg) as u64;
    let merged = merge_blocks(func, &cfg);
    func.resolve_aliases();
    cx.count("branches folded", branches);
    cx.count("edges threaded", threaded);
    cx.count("unreachable blocks removed", unreachable);
    cx.count("trivial parameters removed", params);
    cx.count("blocks merged", merged);
    if branches + threaded + unreachable + merged > 0 { Change::Graph } else { Change::insts(params > 0) }
}

fn fold_branches(func: &mut Function) -> u64 {
    let mut folded = 0;
    for index in 0..func.blocks().len() {
        let block = func.blocks()[index];
        let Some(inst) = func.last_inst(block) else {
            continue;
        };
        if let Some(edge) = decided_edge(func, inst) {
            func.become_jump(inst, edge);
            folded += 1;
        }
    }
    folded
}

/// The edge that a branch or switch is certain to take, or one of several equal ones.
fn decided_edge(func: &Function, inst: Inst) -> Option<usize> {
    let data = func.inst(inst);
    if !matches!(data.op, Op::Branch | Op::Switch) {
        return None;
    }
    if let Some(value) = func.int_constant(func.arg(inst, 0)) {
        return Some(constant_edge(data.op, data.edge_count(), value));
    }
    let edges = func.edges(inst);
    let (first, rest) = edges.split_first()?;
    let same = rest.iter().all(|edge| edge.block == first.block && func.edge_args(*edge) == func.edge_args(*first));
    same.then_some(0)
}

/// The edge of a branch or switch for a constant operand.
pub fn constant_edge(op: Op, edges: usize, value: i64) -> usize {
    if op == Op::Branch {
        return (value == 0) as usize ^ active(Bug::CfgSwapsFolded) as usize;
    }
    let case = value as u32 as usize + 1 + active(Bug::SccpSwitchOffByOne) as usize;
    if case < edges { case } else { 0 }
}

/// Sends edges past blocks that hold nothing but a jump.
fn thread_edges(func: &mut Function) -> u64 {
    let candidates: Vec<Block> = func.blocks().iter().copied().filter(|&block| only_jumps(func, block)).collect();
    if candidates.is_empty() {
        return 0;
    }
    let mut passable = vec![false; func.block_capacity()];
    for &block in &candidates {
        passable[block.index()] = block != func.entry();
    }
    forbid_used_params(func, &mut passable);
    let mut threaded = 0;
    let mut args: Vec<Value> = Vec::new();
    for index in 0..func.blocks().len() {
        let block = func.blocks()[index];
        let inst = func.terminator(block);
        for edge in 0..func.edges(inst).len() {
            // A cycle of empty blocks is followed a few steps and left alone.
            for _ in 0..8 {
                let target = func.edges(inst)[edge].block;
                if !passable[target.index()] || target == block {
                    break;
                }
                let jump = func.terminator(target);
                let next = func.edges(jump)[0];
                if next.block == target {
                    break;
                }
                args.clear();
                args.extend_from_slice(func.edge_args(next));
                if !active(Bug::CfgDropsArgs) {
                    let given = func.edge_args(func.edges(inst)[edge]);
                    substitute(&mut args, func.params(target), given);
                }
                func.set_edge(inst, edge, next.block, &args);
                threaded += 1;
            }
        }
    }
    threaded
}

fn only_jumps(func: &Function, block: Block) -> bool {
    func.first_inst(block) == func.last_inst(block) && func.inst(func.terminator(block)).op == Op::Jump
}

/// A block's parameters must be used by its own jump alone, or it cannot be passed by.
fn forbid_used_params(func: &Function, passable: &mut [bool]) {
    let mut owner: Secondary<Value, Block> = Secondary::with_default(Block::NONE, 0);
    let mut any = false;
    for &block in func.blocks() {
        if passable[block.index()] {
            for &param in func.params(block) {
                owner[param] = block;
                any = true;
            }
        }
    }
    if !any {
        return;
    }
    for &block in func.blocks() {
        for inst in func.insts(block) {
            func.for_each_use(inst, |value| {
                let of = owner[value];
                if !of.is_none() && of != block {
                    passable[of.index()] = false;
                }
            });
        }
    }
}

fn substitute(values: &mut [Value], params: &[Value], args: &[Value]) {
    if params.is_empty() {
        return;
    }
    for value in values {
        if let Some(position) = params.iter().position(|param| param == value) {
            *value = args[position];
        }
    }
}

/// Appends each block to its only predecessor if that jumps to it.
fn merge_blocks(func: &mut Function, cfg: &Cfg) -> u64 {
    let mut merged_into: Vec<Block> = vec![Block::NONE; func.block_capacity()];
    let mut merged = 0;
    // In reverse postorder a block comes after its only predecessor, which may have been merged itself.
    for &block in cfg.rpo() {
        let preds = cfg.preds(block);
        let single = preds.len() == 1 || active(Bug::CfgMergesShared) && preds.len() == 2;
        if !single || block == func.entry() || preds[0].block == block {
            continue;
        }
        let pred = preds[0];
        if func.inst(pred.inst).op != Op::Jump {
            continue;
        }
        let mut into = pred.block;
        if !merged_into[into.index()].is_none() {
            into = merged_into[into.index()];
        }
        for position in 0..func.params(block).len() {
            let param = func.params(block)[position];
            let arg = func.edge_args(func.edges(pred.inst)[0])[position];
            func.replace(param, arg);
        }
        func.retain_params(block, |_| false);
        func.remove(pred.inst);
        func.splice(block, into);
        merged_into[block.index()] = into;
        merged += 1;
    }
    if merged > 0 {
        let layout = func.blocks().iter().copied().filter(|block| merged_into[block.index()].is_none()).collect();
        func.set_layout(layout);
    }
    merged
}
