//! What instructions refer to: frame states, signatures, callees, stack slots; and effects.

use super::*;

impl Function {
    /// Adds a frame state.
    pub fn add_frame(
        &mut self,
        template: TemplateId,
        position: u32,
        parent: Option<FrameState>,
        values: &[Value],
    ) -> FrameState {
        let values = self.pool.list(values);
        self.frames.push(FrameStateData { template, position, parent, values })
    }

    /// The values of one frame of a frame state; `Value::NONE` for dead slots.
    pub fn frame_values(&self, frame: FrameState) -> &[Value] {
        self.pool.get(self.frames[frame].values)
    }

    /// The values of one frame of a frame state, to be changed in place.
    pub fn frame_values_mut(&mut self, frame: FrameState) -> &mut [Value] {
        self.pool.get_mut(self.frames[frame].values)
    }

    /// The frame state and the frames that it was inlined into, innermost first.
    pub fn frame_chain(&self, frame: FrameState) -> impl Iterator<Item = FrameState> + '_ {
        std::iter::successors(Some(frame), |&frame| self.frames[frame].parent)
    }

    /// Calls `visit` with every value that the frame state of an instruction uses, its parents' too.
    pub fn for_each_frame_value(&self, inst: Inst, mut visit: impl FnMut(Value)) {
        let mut frame = self.insts[inst].frame();
        while let Some(current) = frame {
            for &value in self.frame_values(current) {
                if !value.is_none() {
                    visit(value);
                }
            }
            frame = self.frames[current].parent;
        }
    }

    /// Calls `visit` with every value that an instruction uses: operands, edge arguments, frame state.
    #[inline]
    pub fn for_each_use(&self, inst: Inst, mut visit: impl FnMut(Value)) {
        for &value in self.args(inst) {
            visit(value);
        }
        for &edge in self.edges(inst) {
            for &value in self.edge_args(edge) {
                visit(value);
            }
        }
        if self.insts[inst].frame().is_some() {
            self.for_each_frame_value(inst, visit);
        }
    }

    /// Adds a signature, or finds an equal one.
    pub fn import_signature(&mut self, signature: Signature) -> SigRef {
        let known = self.signatures.iter().find(|(_, known)| **known == signature);
        match known.map(|(key, _)| key) {
            Some(key) => key,
            None => self.signatures.push(signature),
        }
    }

    /// Adds a callee.
    pub fn import_function(&mut self, name: &str, signature: Signature, target: CallTarget) -> FuncRef {
        let signature = self.import_signature(signature);
        self.funcs.push(FuncRefData { name: name.to_string(), signature, target, effects: Effects::CALL })
    }

    /// Adds a stack slot of `size` bytes.
    pub fn add_slot(&mut self, size: u32, align: u32) -> StackSlot {
        self.slots.push(SlotData { size, align })
    }

    /// The signature that a call goes by.
    pub fn call_signature(&self, inst: Inst) -> Option<&Signature> {
        let data = self.inst(inst);
        match data.op {
            Op::Call | Op::TailCall => Some(&self.signatures[self.funcs[data.func_ref()].signature]),
            Op::CallIndirect | Op::TailCallIndirect => Some(&self.signatures[data.sig_ref()]),
            _ => None,
        }
    }

    /// The effects of an instruction: those of its op, less what its flags or its callee's declaration promise.
    #[inline]
    pub fn effects(&self, inst: Inst) -> Effects {
        let data = self.inst(inst);
        let effects = data.op.effects();
        match data.op {
            Op::Load => {
                let flags = data.mem_flags();
                let effects = if flags.is_no_trap() { effects.without(Effects::TRAPS) } else { effects };
                if flags.is_read_only() { effects.without(Effects::READS) } else { effects }
            }
            Op::Store if data.mem_flags().is_no_trap() => effects.without(Effects::TRAPS),
            Op::Call => self.funcs[data.func_ref()].effects,
            _ => effects,
        }
    }
}
