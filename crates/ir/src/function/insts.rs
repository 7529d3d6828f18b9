//! Instructions of a function: making, reading and changing them, their operands and edges.

use super::*;

impl Function {
    /// Makes an instruction and its results; it is in no block yet.
    pub fn make(&mut self, spec: InstSpec) -> Inst {
        let inst = self.insts.next_key();
        let mut args = [Value::NONE; INLINE_ARGS];
        if spec.args.len() <= INLINE_ARGS {
            args[..spec.args.len()].copy_from_slice(spec.args);
        } else {
            args[0] = Value::from_u32(self.pool.list(spec.args).start());
        }
        assert!(spec.args.len() <= u16::MAX as usize, "too many operands");
        let first_result = self.values.next_key();
        let nresults = self.make_results(inst, &spec);
        self.insts.push(InstData {
            imm: spec.imm,
            args,
            extra: spec.frame.unwrap_or(FrameState::NONE).as_u32(),
            op: spec.op,
            aux: spec.aux,
            nargs: spec.args.len() as u16,
            nresults,
            ty: spec.ty,
        });
        self.links.push(InstLink {
            block: Block::NONE,
            prev: Inst::NONE,
            next: Inst::NONE,
            first_result,
            pos: SourcePos::default(),
        });
        inst
    }

    fn make_results(&mut self, inst: Inst, spec: &InstSpec) -> u8 {
        use crate::ops::Operand;
        let results = spec.op.info().results;
        if results == [Operand::Signature] {
            let signature = match spec.op.info().imm {
                ImmKind::Func => self.funcs[FuncRef::from_u32(spec.imm as u32)].signature,
                _ => SigRef::from_u32(spec.imm as u32),
            };
            let count = self.signatures[signature].returns.len();
            assert!(count <= u8::MAX as usize, "too many results");
            for number in 0..count {
                let ty = self.signatures[signature].returns[number];
                self.values.push(ValueData::new(KIND_RESULT, inst.as_u32(), number, ty));
            }
            return count as u8;
        }
        for (number, &operand) in results.iter().enumerate() {
            let ty = result_type(operand, spec.ty);
            self.values.push(ValueData::new(KIND_RESULT, inst.as_u32(), number, ty));
        }
        results.len() as u8
    }

    /// Makes a terminator with edges: `jump`, `branch` (if not zero, otherwise) or `switch` (default, 0, 1, …).
    pub fn make_terminator(&mut self, op: Op, args: &[Value], edges: &[(Block, &[Value])]) -> Inst {
        let first = self.edges.len() as u32;
        for &(block, values) in edges {
            let args = self.pool.list(values);
            self.edges.push(Edge { block, args });
        }
        let inst = self.make(InstSpec::new(op, Type::VOID, args));
        self.insts[inst].extra = first;
        self.insts[inst].imm = edges.len() as i64;
        inst
    }

    /// The instruction's data.
    #[inline]
    pub fn inst(&self, inst: Inst) -> &InstData {
        &self.insts[inst]
    }

    /// The instruction's data, to be changed. Op and type may change only so that operands and results stay right.
    #[inline]
    pub fn inst_mut(&mut self, inst: Inst) -> &mut InstData {
        &mut self.insts[inst]
    }

    /// Upper bound of instruction indices: the size for side tables.
    #[inline]
    pub fn inst_capacity(&self) -> usize {
        self.insts.len()
    }

    /// How many instructions are in blocks of the layout. Walks the function.
    pub fn inst_count(&self) -> usize {
        self.layout.iter().map(|&block| self.insts(block).count()).sum()
    }

    /// The operands.
    #[inline]
    pub fn args(&self, inst: Inst) -> &[Value] {
        let data = &self.insts[inst];
        let count = data.nargs as usize;
        if count <= INLINE_ARGS {
            &data.args[..count]
        } else {
            self.pool.get(ValueList::at(data.args[0].as_u32(), count))
        }
    }

    /// The operands, to be changed in place.
    #[inline]
    pub fn args_mut(&mut self, inst: Inst) -> &mut [Value] {
        let data = &mut self.insts[inst];
        let count = data.nargs as usize;
        if count <= INLINE_ARGS {
            &mut data.args[..count]
        } else {
            self.pool.get_mut(ValueList::at(data.args[0].as_u32(), count))
        }
    }

    /// Operand number `index`.
    #[inline]
    pub fn arg(&self, inst: Inst, index: usize) -> Value {
        self.args(inst)[index]
    }

    /// The results: consecutive values.
    #[inline]
    pub fn results(&self, inst: Inst) -> impl ExactSizeIterator<Item = Value> + Clone + use<> {
        let first = self.links[inst].first_result.as_u32();
        (first..first + self.insts[inst].nresults as u32).map(Value::from_u32)
    }

    /// The first result.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn result(&self, inst: Inst) -> Value {
        assert!(self.insts[inst].nresults > 0, "{inst} ({}) has no result", self.insts[inst].op);
        self.links[inst].first_result
    }

    /// The edges of a terminator; empty for anything else.
    #[inline]
    pub fn edges(&self, inst: Inst) -> &[Edge] {
        let data = &self.insts[inst];
        let count = data.edge_count();
        if count == 0 { &[] } else { &self.edges[data.extra as usize..data.extra as usize + count] }
    }

    /// Where the edges of an instruction are, for [`Function::edges_at`]: first, one past the last.
    #[inline]
    pub(crate) fn edge_span(&self, inst: Inst) -> (u32, u32) {
        let data = &self.insts[inst];
        let count = data.edge_count() as u32;
        if count == 0 { (0, 0) } else { (data.extra, data.extra + count) }
    }

    /// Edges by their place.
    #[inline]
    pub(crate) fn edges_at(&self, (first, end): (u32, u32)) -> &[Edge] {
        &self.edges[first as usize..end as usize]
    }

    /// The edges of a terminator, to be retargeted.
    #[inline]
    pub fn edges_mut(&mut self, inst: Inst) -> &mut [Edge] {
        let data = &self.insts[inst];
        let count = data.edge_count();
        if count == 0 { &mut [] } else { &mut self.edges[data.extra as usize..data.extra as usize + count] }
    }

    /// The arguments that an edge passes.
    #[inline]
    pub fn edge_args(&self, edge: Edge) -> &[Value] {
        self.pool.get(edge.args)
    }

    /// Argument lists of edge `index` of a terminator, to be changed in place.
    #[inline]
    pub fn edge_args_mut(&mut self, inst: Inst, index: usize) -> &mut [Value] {
        let list = self.edges(inst)[index].args;
        self.pool.get_mut(list)
    }

    /// Appends an argument to edge `index` of a terminator.
    pub fn push_edge_arg(&mut self, inst: Inst, index: usize, value: Value) {
        let mut list = self.edges(inst)[index].args;
        self.pool.push(&mut list, value);
        self.edges_mut(inst)[index].args = list;
    }

    /// Keeps the arguments of edge `index` for whose position `keep` is true.
    pub fn retain_edge_args(&mut self, inst: Inst, index: usize, keep: impl FnMut(usize) -> bool) {
        let mut list = self.edges(inst)[index].args;
        self.pool.retain(&mut list, keep);
        self.edges_mut(inst)[index].args = list;
    }

    /// Sends edge `index` to another block with other arguments.
    pub fn set_edge(&mut self, inst: Inst, index: usize, block: Block, values: &[Value]) {
        let args = self.pool.list(values);
        self.edges_mut(inst)[index] = Edge { block, args };
    }

    /// Turns any terminator into a jump along its edge `index`.
    pub fn become_jump(&mut self, inst: Inst, index: usize) {
        let first = self.insts[inst].extra + index as u32;
        let data = &mut self.insts[inst];
        debug_assert!(data.edge_count() > index);
        data.op = Op::Jump;
        data.extra = first;
        data.imm = 1;
        data.nargs = 0;
    }

    /// Turns an instruction into another that has the same results (or none of either), in place.
    ///
    /// # Panics
    /// If the number of results differs, or the instruction has edges.
    pub fn become_inst(&mut self, inst: Inst, spec: InstSpec) {
        let results = spec.op.info().results;
        assert_eq!(
            results.len(),
            self.insts[inst].nresults as usize,
            "{} cannot become {}",
            self.inst(inst).op,
            spec.op
        );
        let mut args = [Value::NONE; INLINE_ARGS];
        if spec.args.len() <= INLINE_ARGS {
            args[..spec.args.len()].copy_from_slice(spec.args);
        } else {
            args[0] = Value::from_u32(self.pool.list(spec.args).start());
        }
        let data = &mut self.insts[inst];
        data.imm = spec.imm;
        data.args = args;
        data.extra = spec.frame.unwrap_or(FrameState::NONE).as_u32();
        data.op = spec.op;
        data.aux = spec.aux;
        data.nargs = spec.args.len() as u16;
        data.ty = spec.ty;
    }

    /// Sets the frame state of an instruction without edges.
    pub fn set_frame(&mut self, inst: Inst, frame: Option<FrameState>) {
        debug_assert_eq!(self.insts[inst].edge_count(), 0);
        self.insts[inst].extra = frame.unwrap_or(FrameState::NONE).as_u32();
    }

    /// The source position that was given to an instruction; position 0 means none.
    pub fn pos(&self, inst: Inst) -> SourcePos {
        self.links[inst].pos
    }

    /// Gives an instruction a source position.
    pub fn set_pos(&mut self, inst: Inst, pos: SourcePos) {
        self.links[inst].pos = pos;
    }
}
