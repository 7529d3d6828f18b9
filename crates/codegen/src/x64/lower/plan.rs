//! The blocks of the low-level IR before they have code: critical edges split, and two orders.
//!
//! Register allocation sees definitions before uses, whatever the layout ([`plan_blocks`]); emission follows the layout of the
//! IR ([`Plan::layout`]).

use crate::lir::NO_LOOP;
use std::collections::BinaryHeap;
use tercel_ir::cfg::Cfg;
use tercel_ir::dominators::Dominators;
use tercel_ir::entity::Secondary;
use tercel_ir::loops::{Loop, Loops};
use tercel_ir::{Block, Function, Scratch};

/// No block.
const NONE: u32 = u32::MAX;

/// A block of the low-level IR before it has code.
#[derive(Clone, Copy)]
pub(super) struct Planned {
    /// The IR block that it is, or whose edge it lies on.
    pub of: Block,
    /// The number of that edge; [`NONE`] for the IR block itself.
    edge: u32,
    /// How deep in loops.
    pub depth: u32,
    /// The index of the innermost loop around it.
    pub in_loop: u32,
    /// Rarely run.
    pub cold: bool,
}

pub(super) struct Plan {
    /// The blocks.
    pub blocks: Vec<Planned>,
    /// Where an IR block came to lie.
    pub index: Secondary<Block, u32>,
    /// For blocks with several edges, their part of `middles`.
    middles_of: Secondary<Block, (u32, u32)>,
    /// Where the block on an edge came to lie; [`NONE`] for edges that need none.
    middles: Vec<u32>,
}

/// Decides the order of blocks for register allocation and splits critical edges.
///
/// Not the order of emission: here definitions stand before uses, whatever the layout. A block comes after all its predecessors
/// but those over back edges; among the blocks that may come next the deepest in loops is taken, so that loops are contiguous,
/// then the one that became possible last, so that code falls through. Cold blocks, and what only they lead to, come at the
/// end.
pub(super) fn plan_blocks(
    func: &Function,
    cfg: &Cfg,
    dominators: &Dominators,
    loops: &Loops,
    scratch: &mut Scratch,
) -> Plan {
    let number = |block: Block| cfg.rpo_number(block).unwrap_or(0);
    let mut cold: Secondary<Block, bool> = Secondary::take(scratch, false, func.block_capacity());
    let mut waiting: Secondary<Block, u32> = Secondary::take(scratch, 0, func.block_capacity());
    for &block in cfg.rpo() {
        let dominated = dominators.idom(block).is_some_and(|above| cold[above]);
        cold[block] = dominated || func.is_cold(block) && block != func.entry();
        waiting[block] = cfg.preds(block).iter().filter(|pred| number(pred.block) < number(block)).count() as u32;
    }
    let mut plan = Plan {
        blocks: scratch.growing(cfg.rpo().len()),
        index: Secondary::take(scratch, NONE, func.block_capacity()),
        middles_of: Secondary::take(scratch, (0, 0), func.block_capacity()),
        middles: scratch.growing(0),
    };
    let mut ready: BinaryHeap<(bool, u32, u32, u32)> = scratch.growing(0).into();
    let mut clock = 0u32;
    ready.push((true, 0, 0, number(func.entry())));
    let mut cold_edges = Vec::new();
    while let Some((_, depth, _, next)) = ready.pop() {
        let block = cfg.rpo()[next as usize];
        plan.index[block] = plan.blocks.len() as u32;
        let in_loop = loops.innermost(block);
        plan.blocks.push(Planned { of: block, edge: NONE, depth, in_loop: loop_index(in_loop), cold: cold[block] });
        let edges = cfg.succs(func, block);
        if edges.len() > 1 {
            let first = plan.middles.len() as u32;
            plan.middles_of[block] = (first, first + edges.len() as u32);
            for (number, edge) in (0..).zip(edges) {
                plan.middles.push(NONE);
                if cfg.preds(edge.block).len() > 1 {
                    let depth = depth.min(loops.block_depth(edge.block));
                    let mut around = in_loop;
                    while let Some(inner) = around
                        && !loops.contains(inner, edge.block)
                    {
                        around = loops.parent(inner);
                    }
                    let in_loop = loop_index(around);
                    let cold_edge = cold[block] || cold[edge.block];
                    let planned = Planned { of: block, edge: number, depth, in_loop, cold: cold_edge };
                    let middle = plan.middles.len() - 1;
                    if planned.cold && !cold[block] {
                        cold_edges.push((middle, planned));
                    } else {
                        plan.middles[middle] = plan.blocks.len() as u32;
                        plan.blocks.push(planned);
                    }
                }
            }
        }
        for edge in edges.iter().rev() {
            if number(edge.block) > next {
                waiting[edge.block] -= 1;
                if waiting[edge.block] == 0 {
                    clock += 1;
                    let depth = loops.block_depth(edge.block);
                    ready.push((!cold[edge.block], depth, clock, number(edge.block)));
                }
            }
        }
    }
    for (middle, planned) in cold_edges {
        plan.middles[middle] = plan.blocks.len() as u32;
        plan.blocks.push(planned);
    }
    cold.give(scratch);
    waiting.give(scratch);
    scratch.give(ready.into_vec());
    plan
}

fn loop_index(of: Option<Loop>) -> u32 {
    of.map_or(NO_LOOP, |of| of.index() as u32)
}

impl Planned {
    /// The number of the edge that the block lies on, if it does.
    pub(super) fn edge(&self) -> Option<usize> {
        (self.edge != NONE).then_some(self.edge as usize)
    }
}

impl Plan {
    /// Where the block on an edge came to lie, if it has one.
    #[inline]
    pub(super) fn middle(&self, block: Block, edge: usize) -> Option<u32> {
        let (first, end) = self.middles_of[block];
        let middle = if first == end { NONE } else { self.middles[first as usize + edge] };
        (middle != NONE).then_some(middle)
    }

    /// The order of emission.
    pub(super) fn layout(&self, func: &Function, scratch: &mut Scratch) -> Vec<u32> {
        let (mut order, mut cold) = (scratch.list(self.blocks.len()), scratch.growing(0));
        let mut place = |index: u32| match self.blocks[index as usize].cold {
            true => cold.push(index),
            false => order.push(index),
        };
        place(self.index[func.entry()]);
        for &block in func.blocks() {
            let index = self.index[block];
            if index == NONE {
                continue;
            }
            if block != func.entry() {
                place(index);
            }
            let (first, end) = self.middles_of[block];
            let edges = (end - first) as usize;
            if edges == 2 {
                // What goes on in the loop falls through, what leaves it jumps.
                let middles = [0, 1].map(|edge| self.middle(block, edge));
                let depth = |middle: Option<u32>| middle.map(|index| self.blocks[index as usize].depth);
                let swap = depth(middles[1]) > depth(middles[0]);
                let [first, second] = if swap { [middles[1], middles[0]] } else { middles };
                first.into_iter().chain(second).for_each(&mut place);
            } else if edges > 2 {
                (0..edges).filter_map(|edge| self.middle(block, edge)).for_each(&mut place);
            }
        }
        order.append(&mut cold);
        scratch.give(cold);
        order
    }

    /// Returns the storage.
    pub(super) fn give(self, scratch: &mut Scratch) {
        scratch.give(self.blocks);
        self.index.give(scratch);
        self.middles_of.give(scratch);
        scratch.give(self.middles);
    }
}
