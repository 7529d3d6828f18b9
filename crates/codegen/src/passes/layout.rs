//! The order of blocks: what is executed together stands together, and the likely way falls through.
//!
//! 1. The reverse postorder, in which a block comes after those that lead to it.
//! 2. Each loop's blocks are gathered behind its header, inner loops likewise, so that no loop is interrupted by what comes
//!    after it.
//! 3. A loop whose header tests and leaves is rotated: the header goes to its end, so that an iteration has one taken branch
//!    and not two.
//! 4. Blocks that are rarely executed go to the end of the function: those marked cold, those that trap or exit, and those
//!    that lead to nothing else.
//!
//! Linear: gathering is a walk over the loop forest with flat lists.

use super::analyses::Graph;
use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::entity::Entity;
use tercel_ir::loops::Loop;
use tercel_ir::{Block, Function, Op};

/// What stands in the list of a loop: a block of its own, or a loop inside.
#[derive(Clone, Copy)]
enum Item {
    Block(Block),
    Loop(Loop),
}

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let graph = cx.graph(func);
    let mut lists: Vec<Vec<Item>> = vec![Vec::new(); graph.loops.len() + 1];
    let outside = graph.loops.len();
    for &block in graph.cfg.rpo() {
        let around = graph.loops.innermost(block);
        if let Some(this) = around.filter(|&this| graph.loops.header(this) == block) {
            let parent = graph.loops.parent(this).map_or(outside, Loop::index);
            lists[parent].push(Item::Loop(this));
        }
        lists[around.map_or(outside, Loop::index)].push(Item::Block(block));
    }
    let mut rotated = 0;
    for this in graph.loops.iter() {
        let list = &mut lists[this.index()];
        if ends_with_jump_to_header(func, &graph, this, list) {
            list.rotate_left(1);
            rotated += 1;
        }
    }
    let cold = cold_blocks(func, &graph);
    let mut order = Vec::with_capacity(func.blocks().len());
    let mut tail = Vec::new();
    let mut stack = vec![(outside, 0)];
    while let Some((list, at)) = stack.pop() {
        let Some(&item) = lists[list].get(at) else {
            continue;
        };
        stack.push((list, at + 1));
        match item {
            Item::Loop(inner) => stack.push((inner.index(), 0)),
            Item::Block(block) if cold[block.index()] && block != func.entry() => tail.push(block),
            Item::Block(block) => order.push(block),
        }
    }
    let moved = tail.len() as u64;
    if active(Bug::LayoutDropsBlock) {
        tail.pop();
    }
    order.extend(tail);
    if active(Bug::LayoutRepeatsBlock) && order.len() > 2 {
        let last = order.len() - 1;
        order[last] = order[last - 1];
    }
    if active(Bug::LayoutMovesEntry) && order.len() > 1 {
        order.swap(0, 1);
    }
    let changed = order != func.blocks();
    func.set_layout(order);
    cx.count("loops rotated", rotated);
    cx.count("cold blocks moved", moved);
    Change::graph(changed)
}

/// Whether the header decides to leave, and the last block of the loop goes back to it unconditionally.
fn ends_with_jump_to_header(func: &Function, graph: &Graph, this: Loop, list: &[Item]) -> bool {
    let header = graph.loops.header(this);
    let leaves = func.edges(func.terminator(header)).iter().any(|edge| !graph.loops.contains(this, edge.block));
    let Some(&Item::Block(last)) = list.last() else {
        return false;
    };
    let end = func.terminator(last);
    leaves && last != header && func.inst(end).op == Op::Jump && func.edges(end)[0].block == header
}

/// Blocks marked cold, those that end abnormally, and those all of whose successors are cold.
fn cold_blocks(func: &Function, graph: &Graph) -> Vec<bool> {
    let mut cold = vec![false; func.block_capacity()];
    for &block in graph.cfg.rpo().iter().rev() {
        let end = func.terminator(block);
        let edges = func.edges(end);
        cold[block.index()] = func.is_cold(block)
            || matches!(func.inst(end).op, Op::Trap | Op::Exit)
            || !edges.is_empty() && edges.iter().all(|edge| cold[edge.block.index()]);
    }
    cold
}
