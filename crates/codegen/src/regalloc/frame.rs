//! Which blocks run with a frame: shrink-wrapping.
//!
//! A function whose quick way out needs no frame should not pay for one. Blocks *need* the frame if they call, use memory in
//! it, or (System V) change registers that it saves. The frame stands in these blocks and in all that lie between two of
//! them; so on every path it is made at most once, just before it is needed, and given up once, and no path is slower than
//! with the frame made at the entry. The set of such blocks is *convex*: no path leaves it and comes back. A loop is
//! inside as a whole or outside.
//!
//! Two things keep code small, and cost no path anything: a block with the frame wherever it comes from keeps it, and one after
//! which it always stands makes it. What is left are places where both kinds of paths meet. If there are more than
//! [`MAX_PLACES`], the frame is made at the entry.
//!
//! # Where the code stands
//! On an edge where the frame begins or ends, which is never critical: at the end of the source if that has one successor, else at
//! the start of the target, which then has one predecessor. The frame begins before the moves there, so that they can
//! write into it, and ends after them, so that they can read from it.
//!
//! After Lupo and Wilken, "Post Register Allocation Spill Code Optimization" (CGO 2006), and Chow, "Minimizing Register Usage
//! Penalty at Procedure Calls" (PLDI 1988), of whom the latter named the thing; convexity is what makes it simple here.

use super::Env;
use super::liveness::Lives;
use super::scan::Interval;
use crate::lir::*;
use crate::seeded::{Bug, active};
use tercel_ir::Scratch;

/// Edges on which a frame may begin or end, together.
pub const MAX_PLACES: usize = 6;

/// Where a function makes its frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FramePlacement {
    /// At the entry, since shrink-wrapping is switched off.
    #[default]
    Off,
    /// At the entry: every way needs it.
    Entry,
    /// At the entry, since it would have to be made or given up in more than [`MAX_PLACES`] places.
    TooManyPlaces,
    /// Further inside.
    Inside,
    /// Nowhere.
    Nowhere,
}

/// The blocks with a frame.
#[derive(Clone, Debug, Default)]
pub struct FrameRegion {
    /// For each block whether it runs with the frame.
    pub framed: Vec<bool>,
    /// Where the frame is made, in general.
    pub placement: FramePlacement,
}

impl FrameRegion {
    /// All blocks.
    fn everywhere(blocks: usize, placement: FramePlacement, scratch: &mut Scratch) -> FrameRegion {
        FrameRegion { framed: scratch.table(true, blocks), placement }
    }

    /// Decides from the pieces of lifetimes that need the frame.
    pub(super) fn compute<'a, O>(
        code: &Code<O>,
        env: &Env,
        lives: &Lives,
        pieces: impl Iterator<Item = &'a Interval>,
        scratch: &mut Scratch,
    ) -> FrameRegion {
        let count = code.blocks.len();
        if !env.shrink_wrap {
            return FrameRegion::everywhere(count, FramePlacement::Off, scratch);
        }
        if code.blocks[0].frame {
            return FrameRegion::everywhere(count, FramePlacement::Entry, scratch);
        }
        let needs = needs(code, env, lives, pieces, scratch);
        if needs[0] {
            return FrameRegion::everywhere(count, FramePlacement::Entry, scratch);
        }
        if !needs.contains(&true) {
            return FrameRegion { framed: needs, placement: FramePlacement::Nowhere };
        }
        if active(Bug::FrameForgetsBlocks) {
            return FrameRegion { framed: vec![false; count], placement: FramePlacement::Nowhere };
        }
        let work = &mut scratch.list(count);
        let after = reach(&needs, work, |block, visit| code.succs(block).iter().for_each(|edge| visit(edge.block)));
        let before = reach(&needs, work, |block, visit| code.preds(block).iter().for_each(|&pred| visit(pred)));
        let mut framed = needs;
        for (framed, (after, before)) in framed.iter_mut().zip(after.into_iter().zip(before)) {
            *framed = after && before && (*framed || !active(Bug::FrameHasGaps));
        }
        extend(code, &mut framed, work);
        scratch.give(std::mem::take(work));
        if framed[0] {
            return FrameRegion::everywhere(count, FramePlacement::Entry, scratch);
        }
        let changes =
            |block: usize| code.succs(block).iter().filter(|edge| framed[edge.block as usize] != framed[block]).count();
        if (0..count).map(changes).sum::<usize>() > MAX_PLACES {
            return FrameRegion::everywhere(count, FramePlacement::TooManyPlaces, scratch);
        }
        FrameRegion { framed, placement: FramePlacement::Inside }
    }

    /// The edges on which the frame begins: (source, target).
    pub fn entries<'a, O>(&'a self, code: &'a Code<O>) -> impl Iterator<Item = (u32, u32)> + 'a {
        let outside = (0..code.blocks.len()).filter(|&block| !self.framed[block]);
        let edges = outside.flat_map(|block| code.succs(block).iter().map(move |edge| (block as u32, edge.block)));
        edges.filter(|&(_, target)| self.framed[target as usize])
    }
}

/// The blocks that need the frame themselves.
fn needs<'a, O>(
    code: &Code<O>,
    env: &Env,
    lives: &Lives,
    pieces: impl Iterator<Item = &'a Interval>,
    scratch: &mut Scratch,
) -> Vec<bool> {
    // Differences of how many values are in the frame, from one block to the next.
    let mut begun = scratch.table(0i32, code.blocks.len() + 1);
    for piece in pieces {
        for &(start, end) in &lives.ranges[piece.ranges.0 as usize..piece.ranges.1 as usize] {
            let (start, end) = (start.max(piece.start), end.min(piece.end));
            if start < end {
                begun[lives.block_of[pos::inst(start)] as usize] += 1;
                begun[lives.block_of[pos::inst(end - 1)] as usize + 1] -= 1;
            }
        }
    }
    let mut now = 0;
    let mut needs = scratch.list(code.blocks.len());
    needs.extend(code.blocks.iter().map(|block| block.frame));
    for (block, change) in needs.iter_mut().zip(&begun) {
        now += change;
        *block |= now > 0;
    }
    scratch.give(begun);
    if env.preserved != PRegSet::EMPTY {
        for (index, block) in code.blocks.iter().enumerate() {
            let clobbers = |inst: usize| code.insts[inst].clobbers.0 & env.preserved.0 != 0;
            let fixed = |operand: &Operand| match operand.constraint {
                Constraint::Fixed(reg) => env.preserved.contains(reg),
                _ => false,
            };
            let mut insts = block.start as usize..block.end as usize;
            needs[index] |= insts.any(|inst| clobbers(inst) || code.operands(inst).iter().any(fixed));
        }
    }
    needs
}

/// The blocks that can be reached from some, themselves included.
fn reach(from: &[bool], work: &mut Vec<usize>, next: impl Fn(usize, &mut dyn FnMut(u32))) -> Vec<bool> {
    let mut reached = from.to_vec();
    work.extend((0..from.len()).filter(|&block| from[block]));
    while let Some(block) = work.pop() {
        next(block, &mut |other| {
            if !std::mem::replace(&mut reached[other as usize], true) {
                work.push(other as usize);
            }
        });
    }
    reached
}

/// Adds blocks whose predecessors all have the frame, and blocks whose successors all have.
fn extend<O>(code: &Code<O>, framed: &mut [bool], work: &mut Vec<usize>) {
    work.extend(0..code.blocks.len());
    while let Some(block) = work.pop() {
        if framed[block] {
            continue;
        }
        let (preds, succs) = (code.preds(block), code.succs(block));
        let kept = !preds.is_empty() && block != 0 && preds.iter().all(|&pred| framed[pred as usize]);
        let made = !succs.is_empty() && succs.iter().all(|edge| framed[edge.block as usize]);
        if kept || made {
            framed[block] = true;
            work.extend(succs.iter().map(|edge| edge.block as usize));
            work.extend(preds.iter().map(|&pred| pred as usize));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function without instructions that matter: its edges, and the blocks that need the frame.
    fn region(edges: &[&[u32]], needing: &[usize]) -> (String, FramePlacement) {
        let mut code: Code<()> = Code::default();
        for (index, targets) in edges.iter().enumerate() {
            let first = code.edges.len() as u32;
            code.edges.extend(targets.iter().map(|&block| LEdge { block, args: (0, 0) }));
            let succs = (first, code.edges.len() as u32);
            let first = code.preds.len() as u32;
            let sources = (0..edges.len()).filter(|&source| edges[source].contains(&(index as u32)));
            code.preds.extend(sources.map(|source| source as u32));
            let preds = (first, code.preds.len() as u32);
            let frame = needing.contains(&index);
            code.blocks.push(LBlock { succs, preds, frame, in_loop: NO_LOOP, ..LBlock::default() });
        }
        let env =
            Env { int: Vec::new(), float: Vec::new(), spill_all: false, shrink_wrap: true, preserved: PRegSet::EMPTY };
        let mut scratch = Scratch::new();
        let lives = Lives::compute(&code, &mut scratch);
        let region = FrameRegion::compute(&code, &env, &lives, std::iter::empty(), &mut scratch);
        (region.framed.iter().map(|&framed| if framed { 'F' } else { '-' }).collect(), region.placement)
    }

    #[test]
    fn a_quick_way_out_has_no_frame() {
        // 0 goes to 1, which needs the frame, or to 2; both return by 3.
        assert_eq!(region(&[&[1, 2], &[3], &[3], &[]], &[1]), ("-F--".into(), FramePlacement::Inside));
        assert_eq!(region(&[&[1, 2], &[], &[]], &[1]), ("-F-".into(), FramePlacement::Inside));
    }

    #[test]
    fn a_loop_has_the_frame_as_a_whole() {
        // 1 is a header, 2 its body.
        assert_eq!(region(&[&[1, 4], &[2, 3], &[1], &[], &[]], &[2]), ("-FFF-".into(), FramePlacement::Inside));
    }

    #[test]
    fn what_lies_between_has_the_frame() {
        let edges: [&[u32]; 5] = [&[1, 4], &[2], &[3], &[4], &[]];
        assert_eq!(region(&edges, &[1, 3]), ("-FFF-".into(), FramePlacement::Inside));
    }

    #[test]
    fn the_entry_makes_what_all_ways_need() {
        assert_eq!(region(&[&[1, 2], &[], &[]], &[1, 2]), ("FFF".into(), FramePlacement::Entry));
        assert_eq!(region(&[&[1, 2], &[], &[]], &[]), ("---".into(), FramePlacement::Nowhere));
    }

    #[test]
    fn many_places_are_refused() {
        // Every second block of a ladder of quick ways out to the last.
        let rungs = MAX_PLACES as u32 + 2;
        let last = 2 * rungs;
        let mut edges: Vec<Vec<u32>> = Vec::new();
        for rung in 0..rungs {
            edges.push(vec![2 * rung + 1, if rung + 1 == rungs { last } else { 2 * rung + 2 }]);
            edges.push(vec![last]);
        }
        edges.push(Vec::new());
        let edges: Vec<&[u32]> = edges.iter().map(Vec::as_slice).collect();
        let needing: Vec<usize> = (0..rungs as usize).map(|rung| 2 * rung + 1).collect();
        assert_eq!(region(&edges, &needing).1, FramePlacement::TooManyPlaces);
    }
}
