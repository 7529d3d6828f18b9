//! What liveness asks of the loops: where their blocks lie, and which loops are around a block but not around another.

use crate::lir::*;
use tercel_ir::Scratch;

/// The forest under a root that stands for the whole function, for quick ways upwards.
pub struct LoopTree {
    /// For each loop an ancestor some way up, or [`NO_LOOP`] for the root.
    ///
    /// After Myers, "An Applicative Random-Access Stack" (1983): with these and the parents, the first ancestor with a property
    /// that all further ones have too is found in logarithmic time.
    jump: Vec<u32>,
    /// The first and the last of each loop's runs, an index into `runs`; [`NO_RUN`] for none.
    ends: Vec<(u32, u32)>,
    /// Blocks of a loop, those inside it included, that lie side by side: first, last, and the loop's next run.
    runs: Vec<(u32, u32, u32)>,
}

const NO_RUN: u32 = u32::MAX;

impl LoopTree {
    pub fn new<O>(code: &Code<O>, scratch: &mut Scratch) -> LoopTree {
        let loops = &code.loops;
        let mut tree = LoopTree {
            jump: scratch.table(NO_LOOP, loops.len()),
            ends: scratch.table((NO_RUN, NO_RUN), loops.len()),
            runs: scratch.growing(loops.len()),
        };
        let depth = |of: u32| if of == NO_LOOP { 0 } else { loops[of as usize].depth };
        for (index, &LLoop { parent, .. }) in loops.iter().enumerate() {
            if parent != NO_LOOP {
                let over = tree.jump[parent as usize];
                let over_that = if over == NO_LOOP { NO_LOOP } else { tree.jump[over as usize] };
                let same_length = depth(parent) - depth(over) == depth(over) - depth(over_that);
                tree.jump[index] = if same_length { over_that } else { parent };
            }
        }
        tree.find_runs(code);
        tree
    }

    /// Returns the storage.
    pub fn give(self, scratch: &mut Scratch) {
        scratch.give(self.jump);
        scratch.give(self.ends);
        scratch.give(self.runs);
    }

    /// How many loops there are.
    pub fn len(&self) -> usize {
        self.jump.len()
    }

    /// Whether a block belongs to a loop or to one inside it.
    #[inline]
    pub fn contains<O>(&self, code: &Code<O>, of: u32, block: u32) -> bool {
        is_around(code, of, code.blocks[block as usize].in_loop)
    }

    /// The outermost loop around `block` that is not around `other`, of which `u32::MAX` names none.
    #[inline]
    pub fn outermost_without<O>(&self, code: &Code<O>, block: u32, other: u32) -> Option<u32> {
        let mut of = code.blocks[block as usize].in_loop;
        let others = code.blocks.get(other as usize).map_or(NO_LOOP, |block| block.in_loop);
        if is_around(code, of, others) {
            return None;
        }
        loop {
            let jump = self.jump[of as usize];
            if !is_around(code, jump, others) {
                of = jump;
                continue;
            }
            let parent = code.loops[of as usize].parent;
            if is_around(code, parent, others) {
                return Some(of);
            }
            of = parent;
        }
    }

    /// Calls `each` with the first and last block of every run of a loop's blocks, ascending.
    #[inline]
    pub fn for_each_run(&self, of: u32, mut each: impl FnMut(u32, u32)) {
        let mut at = self.ends[of as usize].0;
        while at != NO_RUN {
            let (first, last, next) = self.runs[at as usize];
            each(first, last);
            at = next;
        }
    }

    /// Cuts the order of blocks into runs: wherever it leaves loops, their runs end.
    fn find_runs<O>(&mut self, code: &Code<O>) {
        let mut before = NO_LOOP;
        for (block, data) in code.blocks.iter().enumerate() {
            let block = block as u32;
            let here = data.in_loop;
            if here != before {
                let mut of = before;
                while !is_around(code, of, here) {
                    let last = self.ends[of as usize].1;
                    self.runs[last as usize].1 = block - 1;
                    of = code.loops[of as usize].parent;
                }
                let mut of = here;
                while !is_around(code, of, before) {
                    self.begin_run(of, block);
                    of = code.loops[of as usize].parent;
                }
                before = here;
            }
        }
        let end = code.blocks.len() as u32;
        while before != NO_LOOP {
            let last = self.ends[before as usize].1;
            self.runs[last as usize].1 = end - 1;
            before = code.loops[before as usize].parent;
        }
    }

    fn begin_run(&mut self, of: u32, block: u32) {
        let new = self.runs.len() as u32;
        self.runs.push((block, block, NO_RUN));
        let (first, last) = &mut self.ends[of as usize];
        if *last == NO_RUN {
            *first = new;
        } else {
            self.runs[*last as usize].2 = new;
        }
        *last = new;
    }
}

/// Whether `outer` is `inner` or around it. The function itself ([`NO_LOOP`]) is around all.
#[inline]
fn is_around<O>(code: &Code<O>, outer: u32, inner: u32) -> bool {
    if outer == NO_LOOP || outer == inner {
        return true;
    }
    if inner == NO_LOOP {
        return false;
    }
    let (first, end) = code.loops[outer as usize].span;
    (first..end).contains(&code.loops[inner as usize].span.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loops in a chain, each with one block before the next loop; a block outside all of them; then one more block of each.
    fn nest(depth: u32) -> Code<()> {
        let mut code = Code::<()>::default();
        for index in 0..depth {
            let parent = if index == 0 { NO_LOOP } else { index - 1 };
            code.loops.push(LLoop { header: index + 1, parent, depth: index + 1, span: (index, depth) });
        }
        let block = |in_loop| LBlock { in_loop, ..LBlock::default() };
        code.blocks.push(block(NO_LOOP));
        code.blocks.extend((0..depth).map(block));
        code.blocks.push(block(NO_LOOP));
        code.blocks.extend((0..depth).rev().map(block));
        code
    }

    #[test]
    fn outermost_loops_are_found_from_any_depth() {
        let depth = 37;
        let code = nest(depth);
        let tree = LoopTree::new(&code, &mut Scratch::new());
        for block in 0..depth {
            for other in 0..depth {
                let expected = (block > other).then_some(other);
                assert_eq!(tree.outermost_without(&code, block, other), expected, "{block} without {other}");
            }
            assert_eq!(tree.outermost_without(&code, block, u32::MAX), (block > 0).then_some(0));
        }
    }

    #[test]
    fn runs_are_the_blocks_side_by_side() {
        let code = nest(5);
        let tree = LoopTree::new(&code, &mut Scratch::new());
        for of in 0..5 {
            let mut runs = Vec::new();
            tree.for_each_run(of, |first, last| runs.push((first, last)));
            assert_eq!(runs, [(of + 1, 5), (7, 11 - of)], "loop {of}");
        }
    }
}
