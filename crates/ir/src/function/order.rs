//! The order of instructions in blocks: a doubly linked list for each block.

use super::*;

impl Function {
    /// Puts an instruction at the end of a block.
    pub fn append(&mut self, block: Block, inst: Inst) {
        let last = self.blocks[block].last;
        self.link(inst, block, last, Inst::NONE);
    }

    /// Puts an instruction at the beginning of a block.
    pub fn prepend(&mut self, block: Block, inst: Inst) {
        let first = self.blocks[block].first;
        self.link(inst, block, Inst::NONE, first);
    }

    /// Puts an instruction before another that is in a block.
    pub fn insert_before(&mut self, inst: Inst, before: Inst) {
        let InstLink { block, prev, .. } = self.links[before];
        self.link(inst, block, prev, before);
    }

    /// Puts an instruction after another that is in a block.
    pub fn insert_after(&mut self, inst: Inst, after: Inst) {
        let InstLink { block, next, .. } = self.links[after];
        self.link(inst, block, after, next);
    }

    fn link(&mut self, inst: Inst, block: Block, prev: Inst, next: Inst) {
        debug_assert!(self.links[inst].block.is_none(), "{inst} is already in a block");
        match prev.some() {
            Some(prev) => self.links[prev].next = inst,
            None => self.blocks[block].first = inst,
        }
        match next.some() {
            Some(next) => self.links[next].prev = inst,
            None => self.blocks[block].last = inst,
        }
        let link = &mut self.links[inst];
        (link.block, link.prev, link.next) = (block, prev, next);
    }

    /// Takes an instruction out of its block; it can be put elsewhere.
    pub fn unlink(&mut self, inst: Inst) {
        let InstLink { block, prev, next, .. } = self.links[inst];
        match prev.some() {
            Some(prev) => self.links[prev].next = next,
            None => self.blocks[block].first = next,
        }
        match next.some() {
            Some(next) => self.links[next].prev = prev,
            None => self.blocks[block].last = prev,
        }
        let link = &mut self.links[inst];
        (link.block, link.prev, link.next) = (Block::NONE, Inst::NONE, Inst::NONE);
    }

    /// Takes an instruction out of its block for good. Its results must be unused or replaced.
    pub fn remove(&mut self, inst: Inst) {
        self.unlink(inst);
        for value in self.results(inst) {
            if self.values[value].kind() == KIND_RESULT {
                self.values[value].packed = KIND_REMOVED << 30 | self.values[value].packed & 0xff;
            }
        }
    }

    /// Moves every instruction of `from` to the end of `to`.
    pub fn splice(&mut self, from: Block, to: Block) {
        let BlockData { first, last, .. } = self.blocks[from];
        let Some(first) = first.some() else { return };
        let mut inst = first;
        while let Some(current) = inst.some() {
            self.links[current].block = to;
            inst = self.links[current].next;
        }
        let tail = self.blocks[to].last;
        self.links[first].prev = tail;
        match tail.some() {
            Some(tail) => self.links[tail].next = first,
            None => self.blocks[to].first = first,
        }
        self.blocks[to].last = last;
        self.blocks[from].first = Inst::NONE;
        self.blocks[from].last = Inst::NONE;
    }

    /// Moves `inst` and everything after it to the end of block `to`.
    pub fn split_before(&mut self, inst: Inst, to: Block) {
        let from = self.links[inst].block;
        let prev = self.links[inst].prev;
        let last = self.blocks[from].last;
        match prev.some() {
            Some(prev) => self.links[prev].next = Inst::NONE,
            None => self.blocks[from].first = Inst::NONE,
        }
        self.blocks[from].last = prev;
        let tail = self.blocks[to].last;
        self.links[inst].prev = tail;
        match tail.some() {
            Some(tail) => self.links[tail].next = inst,
            None => self.blocks[to].first = inst,
        }
        self.blocks[to].last = last;
        let mut current = inst;
        while let Some(moved) = current.some() {
            self.links[moved].block = to;
            current = self.links[moved].next;
        }
    }

    /// The block that holds an instruction; `None` if it is in none.
    #[inline]
    pub fn block_of(&self, inst: Inst) -> Option<Block> {
        self.links[inst].block.some()
    }

    /// The instruction after this one in its block.
    #[inline]
    pub fn next_inst(&self, inst: Inst) -> Option<Inst> {
        self.links[inst].next.some()
    }

    /// The instruction before this one in its block.
    #[inline]
    pub fn prev_inst(&self, inst: Inst) -> Option<Inst> {
        self.links[inst].prev.some()
    }
}
