//! The dominator tree.
//!
//! Method: semidominators by Lengauer and Tarjan's path compression, then the nearest common ancestor step of Georgiadis
//! ("Linear-Time Algorithms for Dominators and Related Problems", 2005: Semi-NCA). Cooper, Harvey and Kennedy's "A Simple,
//! Fast Dominance Algorithm" (2001) is shorter, and was rejected for one reason: when many checks in a chain of `n` blocks
//! share one exit block, its intersections walk the chain once for each predecessor, O(n²), and shared trap and exit blocks
//! are what a JIT's graphs are full of. The tests compare with Cooper–Harvey–Kennedy on random graphs.
//!
//! The tree is numbered in preorder, so that `dominates` is two comparisons.

use crate::cfg::Cfg;
use crate::entity::{Block, Entity};
use crate::scratch::Scratch;

/// The dominator tree of the reachable blocks.
#[derive(Clone, Debug)]
pub struct Dominators {
    idom: Vec<Block>,
    preorder: Vec<Block>,
    /// For each block, its place in `preorder` and one past the last place of its subtree; (0, 0) if unreachable.
    span: Vec<(u32, u32)>,
}

impl Dominators {
    /// Computes the tree.
    pub fn compute(cfg: &Cfg, func: &crate::Function) -> Dominators {
        Dominators::compute_in(cfg, func, &mut Scratch::new())
    }

    /// [`Dominators::compute`] with storage from `scratch`.
    pub fn compute_in(cfg: &Cfg, func: &crate::Function, scratch: &mut Scratch) -> Dominators {
        let capacity = func.block_capacity();
        let mut idom = scratch.table(Block::NONE, capacity);
        let (order, parents) = cfg.walk();
        let idoms = semi_nca(cfg, order, parents, capacity, scratch);
        for (number, &dominator) in idoms.iter().enumerate().skip(1) {
            idom[order[number].index()] = order[dominator as usize];
        }
        scratch.give(idoms);
        let (preorder, span) = number_tree(cfg, &idom, capacity, scratch);
        Dominators { idom, preorder, span }
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        let Dominators { idom, preorder, span } = self;
        scratch.give(idom);
        scratch.give(preorder);
        scratch.give(span);
    }

    /// The immediate dominator; `None` for the entry and for unreachable blocks.
    #[inline]
    pub fn idom(&self, block: Block) -> Option<Block> {
        self.idom.get(block.index()).and_then(|block| block.some())
    }

    /// Whether every path from the entry to `b` goes through `a`. A block dominates itself. False if either is unreachable.
    #[inline]
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        let (first, end) = self.span[a.index()];
        let (at, at_end) = self.span[b.index()];
        first <= at && at < end && at_end != 0
    }

    /// The reachable blocks, each before those that it dominates.
    #[inline]
    pub fn preorder(&self) -> &[Block] {
        &self.preorder
    }

    /// One past the last place in [`Dominators::preorder`] of the blocks that `block` dominates.
    #[inline]
    pub fn subtree_end(&self, block: Block) -> usize {
        self.span[block.index()].1 as usize
    }
}

fn semi_nca(cfg: &Cfg, order: &[Block], parents: &[u32], capacity: usize, scratch: &mut Scratch) -> Vec<u32> {
    let count = order.len();
    let mut number_of = scratch.table(u32::MAX, capacity);
    for (number, &block) in order.iter().enumerate() {
        number_of[block.index()] = number as u32;
    }
    let mut semi: Vec<u32> = scratch.list(count);
    semi.extend(0..count as u32);
    let mut label: Vec<u32> = scratch.list(count);
    label.extend(0..count as u32);
    let mut ancestor: Vec<u32> = scratch.list(count);
    ancestor.extend(parents);
    let mut path = scratch.growing(0);
    for number in (1..count).rev() {
        let mut best = parents[number];
        for pred in cfg.preds(order[number]) {
            let from = number_of[pred.block.index()];
            let candidate = if (from as usize) <= number {
                from
            } else {
                semi[evaluate(from, number as u32, &mut ancestor, &mut label, &semi, &mut path) as usize]
            };
            best = best.min(candidate);
        }
        semi[number] = best;
    }
    let mut idom: Vec<u32> = scratch.list(count);
    idom.extend(parents);
    for number in 1..count {
        let mut dominator = idom[number];
        while dominator > semi[number] {
            dominator = idom[dominator as usize];
        }
        idom[number] = dominator;
    }
    for table in [number_of, semi, label, ancestor, path] {
        scratch.give(table);
    }
    idom
}

/// The block of least semidominator on the tree path from `from` up to, but without, the ancestors not yet linked (those
/// numbered `limit` or less), with path compression.
fn evaluate(from: u32, limit: u32, ancestor: &mut [u32], label: &mut [u32], semi: &[u32], path: &mut Vec<u32>) -> u32 {
    path.clear();
    let mut at = from;
    while ancestor[at as usize] > limit {
        path.push(at);
        at = ancestor[at as usize];
    }
    // `at` is the topmost linked block; push its label down the path.
    let root = ancestor[at as usize];
    let mut best = label[at as usize];
    for &block in path.iter().rev() {
        if semi[label[block as usize] as usize] > semi[best as usize] {
            label[block as usize] = best;
        }
        best = label[block as usize];
        ancestor[block as usize] = root;
    }
    label[from as usize]
}

fn number_tree(cfg: &Cfg, idom: &[Block], capacity: usize, scratch: &mut Scratch) -> (Vec<Block>, Vec<(u32, u32)>) {
    let mut first_child = scratch.table(Block::NONE, capacity);
    let mut sibling = scratch.table(Block::NONE, capacity);
    // Reverse order of the reverse postorder, so that children end up listed in reverse postorder.
    for &block in cfg.rpo().iter().rev() {
        if let Some(parent) = idom[block.index()].some() {
            sibling[block.index()] = first_child[parent.index()];
            first_child[parent.index()] = block;
        }
    }
    let mut preorder = scratch.list(cfg.rpo().len());
    let mut span = scratch.table((0, 0), capacity);
    let mut next = cfg.rpo().first().copied();
    while let Some(block) = next {
        span[block.index()].0 = preorder.len() as u32;
        preorder.push(block);
        next = first_child[block.index()].some();
        let mut at = block;
        while next.is_none() {
            span[at.index()].1 = preorder.len() as u32;
            next = sibling[at.index()].some();
            match idom[at.index()].some() {
                Some(parent) => at = parent,
                None => break,
            }
        }
    }
    scratch.give(first_child);
    scratch.give(sibling);
    (preorder, span)
}
