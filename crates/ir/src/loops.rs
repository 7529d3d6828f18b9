//! The loop forest: natural loops and how they nest.
//!
//! A back edge is an edge to a block that dominates its source; the loop of a header is what reaches one of its back edges
//! without passing the header. Headers are taken innermost first, and a search that meets an inner loop steps over it at
//! once, with path compression, so the work is near-linear however deep the nest. An edge to an earlier block that does not
//! dominate it makes the graph irreducible; such cycles are no loops here, but [`Loops::is_irreducible`] tells, since code must
//! not be moved out of what looks like straight code and is a cycle.

use crate::cfg::Cfg;
use crate::dominators::Dominators;
use crate::entity::{Block, Entity};
use crate::scratch::Scratch;
use std::fmt;

/// A loop of the forest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loop(u32);

impl Loop {
    const NONE: Loop = Loop(u32::MAX);

    /// Its index, below [`Loops::len`].
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "loop{}", self.0)
    }
}

#[derive(Clone, Debug)]
struct LoopData {
    header: Block,
    parent: Loop,
    depth: u32,
    /// Place in a preorder of the forest, and one past the last place of the loops inside.
    span: (u32, u32),
}

/// All loops of a function. A loop's index is smaller than those of the loops inside it.
#[derive(Clone, Debug)]
pub struct Loops {
    loops: Vec<LoopData>,
    innermost: Vec<Loop>,
    irreducible: bool,
}

impl Loops {
    /// Finds the loops.
    pub fn compute(func: &crate::Function, cfg: &Cfg, dominators: &Dominators) -> Loops {
        Loops::compute_in(func, cfg, dominators, &mut Scratch::new())
    }

    /// [`Loops::compute`] with storage from `scratch`.
    pub fn compute_in(func: &crate::Function, cfg: &Cfg, dominators: &Dominators, scratch: &mut Scratch) -> Loops {
        let mut loops: Vec<LoopData> = scratch.growing(0);
        let mut irreducible = false;
        // Headers in reverse postorder: an outer header comes before those inside.
        for (position, &block) in cfg.rpo().iter().enumerate() {
            let mut is_header = false;
            for pred in cfg.preds(block) {
                if cfg.rpo_number(pred.block).is_some_and(|number| number as usize >= position) {
                    if dominators.dominates(block, pred.block) {
                        is_header = true;
                    } else {
                        irreducible = true;
                    }
                }
            }
            if is_header {
                loops.push(LoopData { header: block, parent: Loop::NONE, depth: 0, span: (0, 0) });
            }
        }
        let mut innermost = scratch.table(Loop::NONE, func.block_capacity());
        let mut outer: Vec<Loop> = scratch.table(Loop::NONE, loops.len());
        let mut work: Vec<Block> = scratch.growing(0);
        for index in (0..loops.len()).rev() {
            let this = Loop(index as u32);
            let header = loops[index].header;
            let back_edges = cfg.preds(header).iter().filter(|pred| dominators.dominates(header, pred.block));
            work.extend(back_edges.map(|pred| pred.block));
            innermost[header.index()] = this;
            while let Some(block) = work.pop() {
                let inner = innermost[block.index()];
                if inner == Loop::NONE {
                    innermost[block.index()] = this;
                    work.extend(cfg.preds(block).iter().map(|pred| pred.block));
                    continue;
                }
                // Step to the outermost loop found so far around the block.
                let mut top = inner;
                while outer[top.index()] != Loop::NONE {
                    top = outer[top.index()];
                }
                let mut walk = inner;
                while walk != top {
                    walk = std::mem::replace(&mut outer[walk.index()], top);
                }
                if top != this {
                    outer[top.index()] = this;
                    loops[top.index()].parent = this;
                    work.extend(cfg.preds(loops[top.index()].header).iter().map(|pred| pred.block));
                }
            }
        }
        for index in 0..loops.len() {
            let parent = loops[index].parent;
            loops[index].depth = if parent == Loop::NONE { 1 } else { loops[parent.index()].depth + 1 };
        }
        number_forest(&mut loops, scratch);
        scratch.give(outer);
        scratch.give(work);
        Loops { loops, innermost, irreducible }
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        scratch.give(self.loops);
        scratch.give(self.innermost);
    }

    /// How many loops there are.
    pub fn len(&self) -> usize {
        self.loops.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.loops.is_empty()
    }

    /// All loops, outer before inner.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Loop> + use<> {
        (0..self.loops.len() as u32).map(Loop)
    }

    /// The block through which a loop is entered.
    pub fn header(&self, of: Loop) -> Block {
        self.loops[of.index()].header
    }

    /// The loop around a loop.
    pub fn parent(&self, of: Loop) -> Option<Loop> {
        let parent = self.loops[of.index()].parent;
        (parent != Loop::NONE).then_some(parent)
    }

    /// How deep a loop is nested; 1 for outermost loops.
    pub fn depth(&self, of: Loop) -> u32 {
        self.loops[of.index()].depth
    }

    /// A loop's place in a preorder of the forest, and one past the last place of the loops inside.
    #[inline]
    pub fn span(&self, of: Loop) -> (u32, u32) {
        self.loops[of.index()].span
    }

    /// The innermost loop around a block; none around blocks made since.
    #[inline]
    pub fn innermost(&self, block: Block) -> Option<Loop> {
        self.innermost.get(block.index()).copied().filter(|&found| found != Loop::NONE)
    }

    /// How many loops are around a block.
    #[inline]
    pub fn block_depth(&self, block: Block) -> u32 {
        self.innermost(block).map_or(0, |found| self.depth(found))
    }

    /// Whether `inner` is `outer` or inside it.
    pub fn is_inside(&self, inner: Loop, outer: Loop) -> bool {
        let (first, end) = self.loops[outer.index()].span;
        (first..end).contains(&self.loops[inner.index()].span.0)
    }

    /// Whether a block belongs to a loop or to one inside it.
    pub fn contains(&self, of: Loop, block: Block) -> bool {
        self.innermost(block).is_some_and(|inner| self.is_inside(inner, of))
    }

    /// Whether the graph has a cycle with several entries.
    pub fn is_irreducible(&self) -> bool {
        self.irreducible
    }
}

/// Gives each loop its span: a parent's index is smaller than its children's, so two sweeps do.
fn number_forest(loops: &mut [LoopData], scratch: &mut Scratch) {
    let mut size = scratch.table(1u32, loops.len());
    for index in (0..loops.len()).rev() {
        if loops[index].parent != Loop::NONE {
            size[loops[index].parent.index()] += size[index];
        }
    }
    let mut roots = 0;
    let mut free = scratch.table(0u32, loops.len());
    for index in 0..loops.len() {
        let parent = loops[index].parent;
        let place = if parent == Loop::NONE { &mut roots } else { &mut free[parent.index()] };
        let first = *place;
        *place += size[index];
        free[index] = first + 1;
        loops[index].span = (first, first + size[index]);
    }
    scratch.give(size);
    scratch.give(free);
}

#[cfg(test)]
mod tests;
