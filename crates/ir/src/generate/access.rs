//! Statements that access memory or call.

use super::REGION_BYTES;
use super::body::{Body, CLASSES, SLOT_FLAGS};
use crate::entity::*;
use crate::imm::*;
use crate::ops::Op;
use crate::types::Type;

impl Body<'_> {
    pub fn memory(&mut self) {
        if self.regions.is_empty() || self.rng.chance(15) {
            let offset = self.rng.below(8) as i32 * 8;
            let slot = self.slot;
            if self.rng.chance(50) {
                let value = self.value_of(Type::I64);
                self.b.store(slot, value, offset, SLOT_FLAGS);
            } else {
                let value = self.b.load(Type::I64, slot, offset, SLOT_FLAGS);
                self.bring(value);
            }
            return;
        }
        let region = self.rng.below(self.regions.len());
        let base = self.regions[region];
        let offset = if self.rng.chance(80) { self.rng.below(5) as i32 * 8 } else { self.rng.below(60) as i32 };
        // Heap cells are accessed through tagged values: addresses derived from them must stay addresses.
        let base = if self.rng.chance(15) { self.b.convert(Op::Bitcast, Type::TAGGED, base) } else { base };
        let address = match self.rng.below(10) {
            0..=5 => base,
            6..=7 => {
                let ahead = self.rng.below(8) as i32 * 8;
                self.b.ptr_add(base, ahead)
            }
            _ => {
                let index = self.value_of(Type::I64);
                let mask = self.b.iconst(Type::I64, 7);
                let index = self.b.binary(Op::Band, index, mask);
                let scale = *self.rng.pick(&[1, 2, 4, 8]);
                self.b.ptr_index(base, index, scale, 0)
            }
        };
        self.access(address, offset, region, true);
    }

    /// A load or store inside a region. `always` says that the address is in bounds wherever it is defined.
    pub fn access(&mut self, address: Value, offset: i32, region: usize, always: bool) {
        debug_assert!(offset as usize + 12 * 8 + 64 <= REGION_BYTES);
        let mut flags = MemFlags::new(if self.rng.chance(15) { AliasClass::ANY } else { CLASSES[region] });
        if always && self.rng.chance(60) {
            flags = flags.no_trap();
        }
        let lanes = [Type::I8, Type::I16, Type::I32, Type::I64, Type::I64, Type::F32, Type::F64, Type::TAGGED];
        let mut ty = *self.rng.pick(&lanes);
        if self.context.config.vector_bits > 0 && self.rng.chance(12) {
            let bits = *self.rng.pick(&[128, 256, 512]);
            ty = ty.vector(bits.min(self.context.config.vector_bits)).unwrap_or(ty);
        }
        if region == 2 || self.rng.chance(50) {
            if region == 2 {
                flags = flags.read_only();
            }
            let value = self.b.load(ty, address, offset, flags);
            self.bring(value);
        } else {
            let value = self.definite(ty);
            self.b.store(address, value, offset, flags);
        }
    }

    // ----- calls -------------------------------------------------------------------------------------------------

    pub fn call(&mut self) {
        if self.loops > 1 && self.rng.chance(70) {
            return;
        }
        if !self.helpers.is_empty() && (self.callees.is_empty() || self.rng.chance(25)) {
            return self.host_call();
        }
        // A function calls only later ones, itself apart (see `ending`), so calls end.
        let own = (self.index > 0) as usize;
        if self.callees.len() <= own {
            return;
        }
        let callee = self.rng.range(own, self.callees.len());
        if self.may_call(callee) {
            self.call_function(callee);
        }
    }

    /// Whether a call here keeps the run short, and the slot's address where it has to stay.
    fn may_call(&self, callee: usize) -> bool {
        let all = self.context.callees;
        let data = &all[self.index.max(1) - 1 + callee];
        let from_small = self.index > 0 && !all[self.index - 1].is_large();
        let too_often = self.loops > 1 && !data.is_tiny();
        let too_long = data.is_large() && (from_small || self.loops > 0 || self.called[callee]);
        let escapes = self.accumulates && self.passes_slot(self.callees[callee]);
        !(too_often || too_long || escapes)
    }

    /// Calls one of `callees`, directly or by its address.
    pub fn call_function(&mut self, callee: usize) {
        self.called[callee] = true;
        let is_large = self.context.callees[self.index.max(1) - 1 + callee].is_large();
        let callee = self.callees[callee];
        let count = self.rng.below(if is_large { 2 } else { 5 }) as i64;
        let count = self.b.iconst(Type::I64, count);
        let args = self.call_args(callee, count);
        let inst = if self.rng.chance(25) {
            let address = self.b.func_addr(callee);
            let signature = self.b.func().funcs[callee].signature;
            self.b.call_indirect(signature, address, &args)
        } else {
            self.b.call(callee, &args)
        };
        for value in self.b.func().results(inst) {
            self.bring(value);
        }
    }

    pub fn host_call(&mut self) {
        let second = self.value_of(Type::I64);
        let inst = if self.rng.chance(60) || self.regions.is_empty() {
            let first = self.value_of(Type::I64);
            self.b.call(self.helpers[0], &[first, second])
        } else {
            let region = self.rng.below(self.regions.len().min(2));
            let offset = self.rng.below(8) as i32 * 8;
            let address = self.b.ptr_add(self.regions[region], offset);
            self.b.call(self.helpers[1], &[address, second])
        };
        let result = self.b.func().result(inst);
        self.bring(result);
    }

    pub fn call_args(&mut self, callee: FuncRef, count: Value) -> Vec<Value> {
        let func = self.b.func();
        let params = func.signatures[func.funcs[callee].signature].params.clone();
        let mut args = vec![count];
        let mut region = 0;
        for &ty in &params[1..] {
            if ty == Type::PTR {
                // A function with too few regions of its own passes on slots.
                let spare = || self.spares[region - self.regions.len()];
                args.push(self.regions.get(region).copied().unwrap_or_else(spare));
                region += 1;
            } else {
                let value = self.value_of(ty);
                args.push(value);
            }
        }
        args
    }
}
