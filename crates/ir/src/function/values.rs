//! Values of a function: definitions, types, aliases.

use super::*;

impl Function {
    /// Upper bound of value indices: the size for side tables.
    #[inline]
    pub fn value_capacity(&self) -> usize {
        self.values.len()
    }

    /// The type of a value.
    #[inline]
    pub fn value_type(&self, value: Value) -> Type {
        Type::from_bit(self.values[value].packed as u8)
    }

    /// Where a value comes from.
    #[inline]
    pub fn value_def(&self, value: Value) -> ValueDef {
        let data = self.values[value];
        match data.kind() {
            KIND_RESULT => ValueDef::Result(Inst::from_u32(data.payload), data.number()),
            KIND_PARAM => ValueDef::Param(Block::from_u32(data.payload), data.number()),
            KIND_ALIAS => ValueDef::Alias(Value::from_u32(data.payload)),
            _ => ValueDef::Removed,
        }
    }

    /// The instruction that defines a value.
    #[inline]
    pub fn def_inst(&self, value: Value) -> Option<Inst> {
        let data = self.values[value];
        (data.kind() == KIND_RESULT).then(|| Inst::from_u32(data.payload))
    }

    /// The block in which a value is defined; `None` if its instruction is in no block or it was removed.
    #[inline]
    pub fn def_block(&self, value: Value) -> Option<Block> {
        match self.value_def(value) {
            ValueDef::Result(inst, _) => self.block_of(inst),
            ValueDef::Param(block, _) => Some(block),
            _ => None,
        }
    }

    /// The bits of an integer, pointer or tagged constant: sign-extended from the type's width.
    #[inline]
    pub fn int_constant(&self, value: Value) -> Option<i64> {
        let data = self.inst(self.def_inst(value)?);
        (data.op == Op::Iconst).then_some(data.imm)
    }

    /// Makes `value` an alias of `with`, which has the same type. Ends with [`Function::resolve_aliases`].
    pub fn replace(&mut self, value: Value, with: Value) {
        let with = self.resolve(with);
        debug_assert_ne!(value, with, "{value} would be its own alias");
        debug_assert_eq!(self.value_type(value), self.value_type(with));
        let ty = self.value_type(value);
        self.values[value] = ValueData::new(KIND_ALIAS, with.as_u32(), 0, ty);
        self.aliases.push(value);
    }

    /// The value that an alias stands for; any other value stands for itself.
    #[inline]
    pub fn resolve(&self, value: Value) -> Value {
        let mut value = value;
        while self.values[value].kind() == KIND_ALIAS {
            value = Value::from_u32(self.values[value].payload);
        }
        value
    }

    /// Rewrites the operands and edge arguments of one instruction so that they use no alias.
    #[inline]
    pub fn resolve_uses(&mut self, inst: Inst) {
        if self.aliases.is_empty() {
            return;
        }
        let values = &self.values;
        let resolve = |slot: &mut Value| {
            while values[*slot].kind() == KIND_ALIAS {
                *slot = Value::from_u32(values[*slot].payload);
            }
        };
        let data = &mut self.insts[inst];
        let count = data.nargs as usize;
        if count <= INLINE_ARGS {
            data.args[..count].iter_mut().for_each(resolve);
        } else {
            let list = ValueList::at(data.args[0].as_u32(), count);
            self.pool.get_mut(list).iter_mut().for_each(resolve);
        }
        for edge in 0..data.edge_count() {
            let list = self.edges[data.extra as usize + edge].args;
            self.pool.get_mut(list).iter_mut().for_each(resolve);
        }
    }

    /// What [`Function::resolve_aliases`] does, for a pass that called [`Function::resolve_uses`] on every instruction of the
    /// layout after the last replacement of what it uses: only frame states are left to rewrite.
    pub fn resolve_frames(&mut self) {
        if std::mem::take(&mut self.aliases).is_empty() {
            return;
        }
        let values = &self.values;
        for frame in self.frames.values() {
            for slot in self.pool.get_mut(frame.values) {
                while !slot.is_none() && values[*slot].kind() == KIND_ALIAS {
                    *slot = Value::from_u32(values[*slot].payload);
                }
            }
        }
    }

    /// Rewrites all operands, edge arguments and frame states so that no alias is used any more. Linear.
    pub fn resolve_aliases(&mut self) {
        if self.aliases.is_empty() {
            return;
        }
        // An alias points to a value that was no alias at that time, which may have become one since. Compress the chains.
        for value in std::mem::take(&mut self.aliases) {
            let end = self.resolve(value);
            let mut walk = value;
            while self.values[walk].kind() == KIND_ALIAS {
                let next = Value::from_u32(self.values[walk].payload);
                self.values[walk].payload = end.as_u32();
                walk = next;
            }
        }
        let values = &self.values;
        let resolve = |slot: &mut Value| {
            if !slot.is_none() && values[*slot].kind() == KIND_ALIAS {
                *slot = Value::from_u32(values[*slot].payload);
            }
        };
        // In the order of the arena, which is quicker than that of execution. What was removed does not matter.
        for data in self.insts.values_mut() {
            let count = data.nargs as usize;
            if count <= INLINE_ARGS {
                data.args[..count].iter_mut().for_each(resolve);
            } else {
                self.pool.get_mut(ValueList::at(data.args[0].as_u32(), count)).iter_mut().for_each(resolve);
            }
            for edge in 0..data.edge_count() {
                let list = self.edges[data.extra as usize + edge].args;
                self.pool.get_mut(list).iter_mut().for_each(resolve);
            }
        }
        for frame in self.frames.values() {
            self.pool.get_mut(frame.values).iter_mut().for_each(resolve);
        }
    }
}
