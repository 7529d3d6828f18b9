//! The frame: its layout, the code that makes it and gives it up, and where it stands.

use super::*;
use crate::x64::abi::SYSV_SAVED;

/// Where things are in the frame.
pub(super) struct Frame {
    /// Offset of each spill slot from RBP.
    pub slots: Vec<i32>,
    /// Offset of each stack slot from RSP.
    pub stack_slots: Vec<i32>,
    /// Saved registers with their offsets from RBP.
    pub saved: Vec<(Reg, i32)>,
    pub size: u32,
    pub align: u32,
}

/// What happens to the frame at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameChange {
    /// It is made.
    Begin,
    /// It is given up.
    End,
}

impl Emitter<'_> {
    /// Whether the instructions of a block run with the frame.
    pub(super) fn framed(&self, block: usize) -> bool {
        self.allocation.frame.framed[block]
    }

    fn change(&self, source: usize, target: usize) -> Option<FrameChange> {
        match (self.framed(source), self.framed(target)) {
            (false, true) => Some(FrameChange::Begin),
            (true, false) if !active(Bug::EmissionForgetsFrameEnds) => Some(FrameChange::End),
            _ => None,
        }
    }

    /// What happens at the start of a block: on the edge to it, if that stands here.
    pub(super) fn change_at_start(&self, block: usize) -> Option<FrameChange> {
        if block == 0 {
            return self.framed(0).then_some(FrameChange::Begin);
        }
        let code = &self.lowered.code;
        match *code.preds(block) {
            [source] if code.succs(source as usize).len() > 1 => self.change(source as usize, block),
            _ => None,
        }
    }

    /// What happens at the end of a block: on its only edge.
    pub(super) fn change_at_end(&self, block: usize) -> Option<FrameChange> {
        match self.lowered.code.succs(block) {
            [only] => self.change(block, only.block as usize),
            _ => None,
        }
    }

    /// Notes how the caller's frame is found from here on.
    pub(super) fn caller_frame(&mut self, caller: CallerFrame) {
        if self.unwind.last().is_none_or(|last| last.1 != caller) {
            let label = self.asm.here();
            self.unwind.push((label, caller));
        }
    }

    /// The same, for code of the current block.
    pub(super) fn caller_frame_of_block(&mut self) {
        self.caller_frame(if self.framed(self.block) { CallerFrame::Rbp } else { CallerFrame::Entry });
    }

    /// Gives every slot its place.
    pub(super) fn lay_out_frame(&mut self) {
        let mut at = 0i32;
        if self.func.signature.conv == CallConv::SystemV && self.options.fault != Some(Fault::ForgetCalleeSaved) {
            for reg in self.changed_registers() {
                at -= 8;
                self.frame.saved.push((reg, at));
            }
        }
        self.frame.slots = vec![0; self.allocation.slots.len()];
        for tagged in [true, false] {
            for (index, slot) in self.allocation.slots.iter().enumerate() {
                if slot.tagged == tagged {
                    let overlaps = index == 1 && active(Bug::EmissionMisplacesSlots);
                    at -= if overlaps { 0 } else { slot.bytes as i32 };
                    self.frame.slots[index] = at;
                }
            }
        }
        let mut below = self.lowered.outgoing;
        for slot in self.func.slots.values() {
            self.frame.align = self.frame.align.max(slot.align);
            below = below.next_multiple_of(slot.align);
            self.frame.stack_slots.push(below as i32);
            below += slot.size;
        }
        self.frame.size = ((-at) as u32 + below).next_multiple_of(16);
        if self.frame.align > 16 {
            // Room for rounding the stack pointer down.
            self.frame.size += self.frame.align;
        }
        if self.options.fault == Some(Fault::MisalignStack) {
            self.frame.size += 8;
        }
    }

    /// Callee-saved registers that a System V function changes. One that calls code of the engine's convention, which saves
    /// nothing, changes all.
    fn changed_registers(&self) -> Vec<Reg> {
        let mut changed = PRegSet::EMPTY;
        let moved = self.allocation.steps.iter().map(|step| &step.to);
        for loc in self.allocation.locs.iter().chain(moved) {
            if let Loc::Reg(reg) = loc {
                changed = changed.with(*reg);
            }
        }
        for inst in &self.lowered.code.insts {
            changed = PRegSet(changed.0 | inst.clobbers.0);
        }
        // The context register is loaded at entry.
        changed = changed.with(PReg::int(CONTEXT.index()));
        SYSV_SAVED.iter().filter(|&&reg| changed.contains(reg)).map(|reg| Reg::from_index(reg.number())).collect()
    }

    /// Makes the frame. Flags and the scratch register change.
    pub(super) fn prologue(&mut self) {
        let sysv = self.func.signature.conv == CallConv::SystemV;
        if self.options.stack_check && !sysv {
            let overflow = self.trap_label_with(TrapCode::StackOverflow, false);
            let limit = Mem::base(CONTEXT, offsets::STACK_LIMIT);
            if self.frame.size > 4096 {
                // The limit leaves room for small frames only.
                self.asm.lea(Size::S64, SCRATCH, Mem::base(Reg::RSP, -(self.frame.size as i32)));
                self.asm.cmp(Size::S64, SCRATCH, limit);
            } else {
                self.asm.cmp(Size::S64, Reg::RSP, limit);
            }
            self.asm.jb(overflow);
        }
        self.asm.push(Reg::RBP);
        self.caller_frame(CallerFrame::Pushed);
        self.asm.mov(Size::S64, Reg::RBP, Reg::RSP);
        self.caller_frame(CallerFrame::Rbp);
        if self.frame.size > 0 {
            self.asm.sub(Size::S64, Reg::RSP, self.frame.size as i32);
        }
        if self.frame.align > 16 {
            self.asm.and(Size::S64, Reg::RSP, -(self.frame.align as i32));
        }
        for index in 0..self.frame.saved.len() {
            let (reg, at) = self.frame.saved[index];
            self.asm.mov(Size::S64, Mem::base(Reg::RBP, at), reg);
        }
        if sysv {
            self.asm.mov_imm64(CONTEXT, self.options.context as i64);
        }
    }

    /// Gives the frame up. Flags stay as they are.
    pub(super) fn epilogue(&mut self) {
        for index in 0..self.frame.saved.len() {
            let (reg, at) = self.frame.saved[index];
            self.asm.mov(Size::S64, reg, Mem::base(Reg::RBP, at));
        }
        if self.frame.size > 0 {
            self.asm.mov(Size::S64, Reg::RSP, Reg::RBP);
        }
        self.asm.pop(Reg::RBP);
        self.caller_frame(CallerFrame::Entry);
    }

    /// Gives the frame up where a path leaves the function, if there is one.
    pub(super) fn leave_frame(&mut self, block: usize) {
        if self.framed(block) {
            self.epilogue();
        }
    }

    /// For the call of a stub that looks at the stack, in a block without the frame: one that only links to the caller's. It
    /// takes no more of the stack than the stub's own frame may, for which the limit leaves room.
    pub(super) fn begin_stub_frame(&mut self) {
        self.caller_frame_of_block();
        if !self.framed(self.block) {
            self.asm.push(Reg::RBP);
            self.caller_frame(CallerFrame::Pushed);
            self.asm.mov(Size::S64, Reg::RBP, Reg::RSP);
            self.caller_frame(CallerFrame::Rbp);
        }
    }

    /// Undoes [`Self::begin_stub_frame`].
    pub(super) fn end_stub_frame(&mut self) {
        if !self.framed(self.block) {
            self.asm.pop(Reg::RBP);
            self.caller_frame(CallerFrame::Entry);
        }
    }
}
