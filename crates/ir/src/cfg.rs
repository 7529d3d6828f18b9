//! The control-flow graph: predecessors and orders of blocks.
//!
//! Made in one linear walk, kept in flat vectors, and thrown away when a pass changes edges. Blocks that cannot be reached
//! from the entry have no place in the orders.

use crate::entity::{Block, Entity, Inst};
use crate::function::{Edge, Function};
use crate::scratch::Scratch;

/// An incoming edge: edge `index` of terminator `inst`, which ends `block`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pred {
    /// The block that the edge leaves.
    pub block: Block,
    /// Its terminator.
    pub inst: Inst,
    /// Which edge of the terminator.
    pub index: u32,
}

/// A block's terminator, and its part of the function's edges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct End {
    inst: Inst,
    edges: (u32, u32),
}

/// Predecessors, and the reachable blocks in reverse postorder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cfg {
    /// Reachable blocks: each before its successors, loops' back edges apart.
    rpo: Vec<Block>,
    /// Position in `rpo`, `u32::MAX` for unreachable blocks.
    number: Vec<u32>,
    first_pred: Vec<u32>,
    preds: Vec<Pred>,
    /// The terminator of each reachable block, and its edges: so that who follows edges need not look at the instruction.
    ends: Vec<End>,
    /// The walk's own tree: blocks in the order of its first visits, and where in that order each one's parent is.
    visits: Vec<Block>,
    parents: Vec<u32>,
}

impl Cfg {
    /// Walks a function. Depth-first with a stack of its own: no recursion.
    pub fn compute(func: &Function) -> Cfg {
        Cfg::compute_in(func, &mut Scratch::new())
    }

    /// [`Cfg::compute`] with storage from `scratch`.
    pub fn compute_in(func: &Function, scratch: &mut Scratch) -> Cfg {
        let capacity = func.block_capacity();
        let mut number = scratch.table(u32::MAX, capacity);
        let mut postorder = scratch.list(func.blocks().len());
        // In progress: a block, and its edges that are still to be followed. They are followed last to first, so that in the
        // reverse postorder the first edge's target comes first.
        let mut stack: Vec<(Block, (u32, u32))> = scratch.growing(0);
        let mut ends = scratch.table(End { inst: Inst::NONE, edges: (0, 0) }, capacity);
        let mut counts = scratch.table(0u32, capacity + 1);
        let mut visits: Vec<Block> = scratch.list(func.blocks().len());
        let mut parents: Vec<u32> = scratch.list(func.blocks().len());
        // While the walk lasts, numbers are those of first visits.
        let mut open = |block: Block, parent: u32, number: &mut Vec<u32>, stack: &mut Vec<(Block, (u32, u32))>| {
            number[block.index()] = visits.len() as u32;
            visits.push(block);
            parents.push(parent);
            let inst = func.last_inst(block).unwrap_or(Inst::NONE);
            let edges = if inst.is_none() { (0, 0) } else { func.edge_span(inst) };
            ends[block.index()] = End { inst, edges };
            stack.push((block, edges));
        };
        if !func.blocks().is_empty() {
            open(func.entry(), 0, &mut number, &mut stack);
        }
        while let Some((block, (first, end))) = stack.last_mut() {
            if first == end {
                postorder.push(*block);
                stack.pop();
                continue;
            }
            *end -= 1;
            let target = func.edges_at((*end, *end + 1))[0].block;
            counts[target.index()] += 1;
            if number[target.index()] == u32::MAX {
                let parent = number[block.index()];
                open(target, parent, &mut number, &mut stack);
            }
        }
        postorder.reverse();
        for (position, &block) in postorder.iter().enumerate() {
            number[block.index()] = position as u32;
        }
        let mut total = 0;
        for count in &mut counts {
            total += std::mem::replace(count, total);
        }
        let mut first_pred = counts;
        let none = Pred { block: Block::NONE, inst: Inst::NONE, index: 0 };
        let mut preds = scratch.table(none, total as usize);
        for &block in &postorder {
            let End { inst, edges } = ends[block.index()];
            for (index, edge) in func.edges_at(edges).iter().enumerate() {
                let place = &mut first_pred[edge.block.index()];
                preds[*place as usize] = Pred { block, inst, index: index as u32 };
                *place += 1;
            }
        }
        // Filling advanced each start to the next one's: shift them back.
        first_pred.rotate_right(1);
        first_pred[0] = 0;
        scratch.give(stack);
        Cfg { rpo: postorder, number, first_pred, preds, ends, visits, parents }
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        let Cfg { rpo, number, first_pred, preds, ends, visits, parents } = self;
        scratch.give(visits);
        scratch.give(parents);
        scratch.give(rpo);
        scratch.give(number);
        scratch.give(first_pred);
        scratch.give(preds);
        scratch.give(ends);
    }

    /// The reachable blocks in reverse postorder; the entry is first.
    #[inline]
    pub fn rpo(&self) -> &[Block] {
        &self.rpo
    }

    /// The tree of a depth-first walk: blocks in the order of first visits, and the place in that order of each one's parent.
    #[inline]
    pub fn walk(&self) -> (&[Block], &[u32]) {
        (&self.visits, &self.parents)
    }

    /// Position of a block in the reverse postorder; `None` if it cannot be reached.
    #[inline]
    pub fn rpo_number(&self, block: Block) -> Option<u32> {
        match self.number.get(block.index()) {
            Some(&number) if number != u32::MAX => Some(number),
            _ => None,
        }
    }

    /// Whether a block can be reached from the entry.
    #[inline]
    pub fn is_reachable(&self, block: Block) -> bool {
        self.rpo_number(block).is_some()
    }

    /// Takes the blocks that cannot be reached out of the function; the graph stays valid. Returns how many there were.
    pub fn remove_unreachable(&self, func: &mut Function) -> usize {
        let before = func.blocks().len();
        if self.rpo.len() < before {
            let layout = func.blocks().iter().copied().filter(|&block| self.is_reachable(block));
            let layout = layout.collect();
            func.set_layout(layout);
        }
        before - func.blocks().len()
    }

    /// The edges out of a reachable block, of the function that this is the graph of.
    #[inline]
    pub fn succs<'a>(&self, func: &'a Function, block: Block) -> &'a [Edge] {
        func.edges_at(self.ends[block.index()].edges)
    }

    /// The edges from reachable blocks into a block.
    #[inline]
    pub fn preds(&self, block: Block) -> &[Pred] {
        let index = block.index();
        if index + 1 >= self.first_pred.len() {
            return &[];
        }
        &self.preds[self.first_pred[index] as usize..self.first_pred[index + 1] as usize]
    }
}
