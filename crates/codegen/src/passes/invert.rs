//! Loop inversion: the test at the head of a loop is made once in front of the loop, and after that at its end.
//!
//! Why: a function that recurs, once that has become a loop, asks at the head of that loop whether there is anything to do.
//! Most of its activations have nothing to do, and return at once; but the head of a loop with calls needs the frame as the
//! loop does, and so does the way to it. The test in front of the loop needs none, so the quick way out has none
//! ([`crate::regalloc::frame`]).
//!
//! Layout rotates loops as well, without a copy: for loops without calls that is as good, so those are left alone. A loop is
//! inverted if it is not inside another; its head tests and leaves, is small and does not call; the loop calls; and there is a
//! way from the function's entry by the head to a return on which nothing calls.
//!
//! The copy of the head leads into the loop past the head, so values of the head have two definitions then:
//! [`super::ssa_repair`]. A short block that the head leaves to and that returns is copied along: it becomes simpler where the
//! loop was not entered.

use super::analyses::Graph;
use super::loop_edit::{copy_loop, entering_edges};
use super::ssa_repair::Repair;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use rustc_hash::FxHashMap;
use tercel_ir::entity::Entity;
use tercel_ir::loops::Loop;
use tercel_ir::verifier::derived_base;
use tercel_ir::{Block, Function, Inst, Op, Type, Value};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    if graph.loops.is_empty() {
        return Change::None;
    }
    let calls = Calls::find(func, &graph);
    let mut refused = 0;
    let mut chosen: Vec<(Loop, Block)> = Vec::new();
    for this in graph.loops.iter().filter(|&this| graph.loops.parent(this).is_none()) {
        let header = graph.loops.header(this);
        if !calls.in_loop[this.index()] || calls.before[header.index()] || !leaves_quietly(func, &graph, this, &calls) {
            continue;
        }
        if func.insts(header).nth(cx.options.tunables.invert_size).is_some() || defines_derived(func, header) {
            refused += 1;
            continue;
        }
        chosen.push((this, header));
    }
    cx.count("refused: the head", refused);
    cx.count("loops inverted", chosen.len() as u64);
    if chosen.is_empty() {
        return Change::None;
    }
    let mut repair = Repair::default();
    // Of each value of a head: where its two definitions are.
    let mut homes: FxHashMap<Value, [Block; 2]> = FxHashMap::default();
    for (this, header) in chosen {
        let mut blocks = vec![header];
        blocks.extend(short_return(func, &graph, this, cx.options.tunables.invert_size));
        let copy = copy_loop(func, &blocks);
        let front = copy.blocks[&header];
        for pred in entering_edges(&graph, this) {
            func.edges_mut(pred.inst)[pred.index as usize].block = front;
        }
        let params = func.params(header).to_vec();
        let results = func.insts(header).flat_map(|inst| func.results(inst));
        for value in params.into_iter().chain(results).collect::<Vec<_>>() {
            if active(Bug::InvertForgetsValues) {
                continue;
            }
            let variable = repair.add(value, header);
            repair.also(variable, copy.value(value), front);
            homes.insert(value, [header, front]);
        }
        let end = func.terminator(front);
        if active(Bug::InvertSwapsCopy) {
            func.edges_mut(end).swap(0, 1);
        }
        if active(Bug::InvertSkipsTest) {
            let inside = (0..2).find(|&edge| graph.loops.contains(this, func.edges(end)[edge].block));
            func.become_jump(end, inside.unwrap_or(0));
        }
    }
    repair.run(func, |value, block| homes[&value].contains(&block));
    Change::Graph
}

/// Where calls are.
struct Calls {
    /// Whether a loop calls.
    in_loop: Vec<bool>,
    /// Whether there may be a call on the way to a block.
    before: Vec<bool>,
    /// Whether there is a way from a block to a return without a call.
    quiet: Vec<bool>,
}

impl Calls {
    fn find(func: &Function, graph: &Graph) -> Calls {
        let rpo = graph.cfg.rpo();
        let is_call = |inst: Inst| matches!(func.inst(inst).op, Op::Call | Op::CallIndirect);
        let mut here = vec![false; func.block_capacity()];
        let mut in_loop = vec![false; graph.loops.len()];
        for &block in rpo {
            here[block.index()] = func.insts(block).any(is_call);
            let mut around = graph.loops.innermost(block).filter(|_| here[block.index()]);
            while let Some(this) = around.filter(|this| !in_loop[this.index()]) {
                in_loop[this.index()] = true;
                around = graph.loops.parent(this);
            }
        }
        let number = |block: Block| graph.cfg.rpo_number(block);
        let mut before = vec![false; func.block_capacity()];
        let mut quiet = vec![false; func.block_capacity()];
        for &block in rpo {
            let forward = graph.cfg.preds(block).iter().filter(|pred| number(pred.block) < number(block));
            before[block.index()] = forward.map(|pred| pred.block.index()).any(|pred| before[pred] || here[pred]);
        }
        for &block in rpo.iter().rev() {
            let end = func.terminator(block);
            let returns = func.inst(end).op == Op::Return;
            let next = func.edges(end).iter().any(|edge| quiet[edge.block.index()]);
            quiet[block.index()] = !here[block.index()] && (returns || next);
        }
        Calls { in_loop, before, quiet }
    }
}

/// Whether a loop's head branches out of the loop, towards a return without a call, or else into the loop, but not to itself.
fn leaves_quietly(func: &Function, graph: &Graph, this: Loop, calls: &Calls) -> bool {
    let header = graph.loops.header(this);
    let end = func.terminator(header);
    if func.inst(end).op != Op::Branch {
        return false;
    }
    let edges = func.edges(end);
    let inside = |edge: usize| graph.loops.contains(this, edges[edge].block);
    let leaves = |edge: usize, other: usize| {
        !inside(edge) && calls.quiet[edges[edge].block.index()] && inside(other) && edges[other].block != header
    };
    calls.quiet[header.index()] && (leaves(0, 1) || leaves(1, 0))
}

/// Where a loop's head leaves to, if that is a block that returns and small.
fn short_return(func: &Function, graph: &Graph, this: Loop, limit: usize) -> Option<Block> {
    let edges = func.edges(func.terminator(graph.loops.header(this)));
    let exit = edges.iter().map(|edge| edge.block).find(|&block| !graph.loops.contains(this, block))?;
    let returns = func.inst(func.terminator(exit)).op == Op::Return;
    (returns && func.insts(exit).nth(limit).is_none()).then_some(exit)
}

/// Whether a block computes an address from a `tagged` base. Used behind the copies it would be a block parameter, and its
/// base not known any more.
fn defines_derived(func: &Function, block: Block) -> bool {
    let results = func.insts(block).flat_map(|inst| func.results(inst));
    results.into_iter().any(|value| func.value_type(value) == Type::PTR && derived_base(func, value).is_some())
}
