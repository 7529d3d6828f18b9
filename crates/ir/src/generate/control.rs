//! Statements with control flow: branches, switches, loops, cycles with two entries; checks.

use super::body::Body;
use crate::entity::*;
use crate::imm::*;
use crate::ops::Op;
use crate::types::Type;

impl Body<'_> {
    pub fn if_else(&mut self) {
        let (then, otherwise, join) = (self.b.add_block(), self.b.add_block(), self.b.add_block());
        let early = self.rng.chance(8);
        let condition = if early { self.rare() } else { self.condition() };
        let is_triangle = self.rng.chance(30);
        let is_tiny = self.rng.chance(45);
        self.b.branch(condition, (then, &[]), (if is_triangle { join } else { otherwise }, &[]));
        self.b.seal(then);
        self.b.seal(otherwise);
        for block in [then, otherwise] {
            if block == otherwise && is_triangle {
                break;
            }
            self.b.switch_to(block);
            if block == then && early {
                self.leave_early();
                continue;
            }
            let scope = self.enter();
            if is_tiny {
                let (variable, ty) = *self.rng.pick(&self.variables);
                let value = if ty.is_int() {
                    let (a, b) = (self.value_of(ty), self.value_of(ty));
                    self.b.binary(*self.rng.pick(&[Op::Iadd, Op::Isub, Op::Bxor]), a, b)
                } else {
                    self.value_of(ty)
                };
                self.b.define(variable, value);
            } else {
                let count = self.rng.below(6);
                self.statements(count);
            }
            self.leave(scope);
            if !self.b.is_terminated() {
                self.b.jump(join, &[]);
            }
        }
        if is_triangle {
            // The block that is not used still has to be a block.
            self.b.switch_to(otherwise);
            self.b.trap(TrapCode::Unreachable);
        }
        self.b.seal(join);
        self.b.switch_to(join);
    }

    pub fn leave_early(&mut self) {
        match self.rng.below(3) {
            0 if self.context.config.guards => {
                let frame = self.frame_state();
                self.b.exit(frame);
            }
            1 => self.b.trap(TrapCode::User1),
            _ => self.ret(),
        }
    }

    pub fn switch(&mut self) {
        let index = self.small_int(7);
        let join = self.b.add_block();
        let blocks: Vec<Block> = (0..self.rng.range(2, 7)).map(|_| self.b.add_block()).collect();
        let mut cases: Vec<(Block, &[Value])> = Vec::new();
        for _ in 0..self.rng.below(9) {
            cases.push((*self.rng.pick(&blocks), &[]));
        }
        self.b.switch(index, (blocks[0], &[]), &cases);
        for &block in &blocks {
            self.b.seal(block);
            self.b.switch_to(block);
            let scope = self.enter();
            let count = self.rng.below(4);
            self.statements(count);
            self.leave(scope);
            if !self.b.is_terminated() {
                self.b.jump(join, &[]);
            }
        }
        self.b.seal(join);
        self.b.switch_to(join);
    }

    pub fn counted_loop(&mut self) {
        self.nested |= self.loops > 0;
        let ty = *self.rng.pick(&[Type::I64, Type::I64, Type::I32]);
        let most = [12, 6, 4][self.loops];
        let (limit, is_small) = self.loop_limit(ty, most);
        let down = self.rng.chance(20);
        let bottom_test = self.rng.chance(40);
        let step = if down { -1 } else { *self.rng.pick(&[1, 1, 1, 2, 3]) };
        let variable = self.b.declare(ty);
        let zero = self.b.iconst(ty, 0);
        self.b.define(variable, if down { limit } else { zero });
        let (header, body, done) = (self.b.add_block(), self.b.add_block(), self.b.add_block());
        self.b.jump(header, &[]);
        self.b.switch_to(header);
        let test = |this: &mut Self, i: Value| {
            if down {
                this.b.icmp(IntCc::Sgt, i, zero)
            } else {
                let cc = *this.rng.pick(&[IntCc::Slt, IntCc::Ult, IntCc::Sle]);
                this.b.icmp(cc, i, limit)
            }
        };
        let i = self.b.read(variable);
        if bottom_test {
            self.b.jump(body, &[]);
        } else {
            let more = test(self, i);
            self.b.branch(more, (body, &[]), (done, &[]));
        }
        self.b.seal(body);
        self.b.switch_to(body);
        self.loops += 1;
        let scope = self.enter();
        if is_small {
            let wide = if ty == Type::I64 { i } else { self.b.convert(Op::Sext, Type::I64, i) };
            self.inductions.push(wide);
        }
        self.bring(i);
        if self.rng.chance(70) {
            self.use_induction();
        }
        let before = self.rng.range(1, 10);
        self.statements(before);
        if self.rng.chance(15) && !self.b.is_terminated() {
            let stop = self.rare();
            let on = self.b.add_block();
            self.b.branch(stop, (done, &[]), (on, &[]));
            self.b.seal(on);
            self.b.switch_to(on);
            let after = self.rng.below(4);
            self.statements(after);
        }
        self.leave(scope);
        self.loops -= 1;
        if !self.b.is_terminated() {
            let i = self.b.read(variable);
            let step = self.b.iconst(ty, step);
            let next = self.b.binary(Op::Iadd, i, step);
            self.b.define(variable, next);
            if bottom_test {
                let more = test(self, next);
                self.b.branch(more, (header, &[]), (done, &[]));
            } else {
                self.b.jump(header, &[]);
            }
        }
        self.b.seal(header);
        self.b.seal(done);
        self.b.switch_to(done);
    }

    /// A bound for a loop, and whether it is known to be at most 12 and not negative.
    pub fn loop_limit(&mut self, ty: Type, most: usize) -> (Value, bool) {
        match self.rng.below(3) {
            0 if self.loops == 0 && ty == Type::I64 => (self.small, true),
            1 => {
                let value = self.value_of(ty);
                let mask = self.b.iconst(ty, most.next_power_of_two() as i64 / 2 - 1);
                (self.b.binary(Op::Band, value, mask), true)
            }
            _ => {
                let limit = self.rng.below(most) as i64;
                (self.b.iconst(ty, limit), true)
            }
        }
    }

    /// What programs do with induction variables: scale them, index with them, check them.
    pub fn use_induction(&mut self) {
        let Some(&i) = self.inductions.last() else {
            return self.random_op();
        };
        match self.rng.below(5) {
            0 => {
                let factor = self.rng.interesting_int(Type::I64);
                let factor =
                    if self.rng.chance(50) { self.value_of(Type::I64) } else { self.b.iconst(Type::I64, factor) };
                let product = self.b.binary(Op::Imul, i, factor);
                self.bring(product);
            }
            1 => {
                // The bound is never reached, and the check does not know.
                let bound = self.rng.range(13, 20) as i64;
                let bound = self.b.iconst(Type::I64, bound);
                let outside = self.b.icmp(IntCc::Uge, i, bound);
                self.b.trap_if(outside, TrapCode::OutOfBounds);
            }
            2 => {
                let narrow = self.b.convert(Op::Narrow, Type::I32, i);
                let small = self.rng.below(100) as i64;
                let small = self.b.iconst(Type::I32, small);
                let op = *self.rng.pick(&[Op::SaddTrap, Op::SsubTrap, Op::SmulTrap]);
                let value = self.b.binary_trap(op, narrow, small, TrapCode::Overflow);
                self.bring(value);
            }
            _ => {
                if self.regions.is_empty() {
                    return;
                }
                let region = self.rng.below(self.regions.len());
                let scale = *self.rng.pick(&[1, 2, 4, 8]);
                let offset = self.rng.below(8) as i32 * 8;
                let mut base = self.regions[region];
                if self.rng.chance(15) {
                    base = self.b.convert(Op::Bitcast, Type::TAGGED, base);
                }
                let address = self.b.ptr_index(base, i, scale, 0);
                self.access(address, offset, region, false);
            }
        }
    }

    /// Guards and traps; now and then one that was made before.
    pub fn check(&mut self) {
        let rare = self.rare();
        if self.context.config.guards && self.rng.chance(50) {
            let zero = self.b.iconst(Type::I8, 0);
            let holds = self.b.icmp(IntCc::Eq, rare, zero);
            for _ in 0..self.rng.range(1, 3) {
                let frame = self.frame_state();
                self.b.guard(holds, frame);
            }
        } else {
            for _ in 0..self.rng.range(1, 3) {
                self.b.trap_if(rare, TrapCode::User0);
            }
        }
    }

    pub fn two_entry_cycle(&mut self) {
        let counter = self.b.declare(Type::I32);
        let start = self.small_int(3);
        self.b.define(counter, start);
        let (first, second, done) = (self.b.add_block(), self.b.add_block(), self.b.add_block());
        let condition = self.condition();
        self.b.branch(condition, (first, &[]), (second, &[]));
        for (block, other) in [(first, second), (second, first)] {
            self.b.switch_to(block);
            let scope = self.enter();
            for _ in 0..self.rng.below(3) {
                self.random_op();
            }
            self.leave(scope);
            let old = self.b.read(counter);
            let one = self.b.iconst(Type::I32, 1);
            let new = self.b.binary(Op::Isub, old, one);
            self.b.define(counter, new);
            let zero = self.b.iconst(Type::I32, 0);
            let more = self.b.icmp(IntCc::Sgt, new, zero);
            self.b.branch(more, (other, &[]), (done, &[]));
        }
        self.b.seal(first);
        self.b.seal(second);
        self.b.seal(done);
        self.b.switch_to(done);
    }
}
