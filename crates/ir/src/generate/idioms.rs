//! Small patterns of instructions that passes look for, with operands at the edge of where their rules hold.

use super::body::Body;
use crate::function::InstSpec;
use crate::imm::*;
use crate::ops::Op;
use crate::types::Type;

impl Body<'_> {
    /// Appends one pattern.
    pub fn idiom(&mut self) {
        match self.rng.below(7) {
            0 => self.masked_shift(),
            1 => self.float_identity(),
            2 => self.negated_comparison(),
            3 => self.store_seen_between(),
            4 => self.store_around_call(),
            5 => self.bounded_comparison(),
            _ => self.sum_at_limit(),
        }
    }

    /// `x << (y & k)`: the mask is superfluous if it keeps all bits that count.
    fn masked_shift(&mut self) {
        let ty = *self.rng.pick(&[Type::I8, Type::I32, Type::I64]);
        let (value, count) = (self.value_of(ty), self.value_of(ty));
        let mask = *self.rng.pick(&[3, 7, 15, 31, 63, 62]);
        let mask = self.b.iconst(ty, mask);
        let count = self.b.binary(Op::Band, count, mask);
        let op = *self
            .rng
            .pick(&[Op::Ishl, Op::Ushr, Op::Sshr, Op::Rotl, Op::Rotr]);
        let result = self.b.binary(op, value, count);
        self.bring(result);
    }

    /// A float and a constant that is, or nearly is, neutral.
    fn float_identity(&mut self) {
        let ty = *self.rng.pick(&[Type::F32, Type::F64]);
        let value = if self.rng.chance(50) {
            self.float_constant(ty, -0.0)
        } else {
            self.value_of(ty)
        };
        // A variable hides the constant from the rule, and not from what is computed.
        let hidden = self.b.declare(ty);
        self.b.define(hidden, value);
        let condition = self.value_of(Type::I8);
        let other = self.value_of(ty);
        let value = self.b.select(condition, value, other);
        let constant = *self.rng.pick(&[0.0, -0.0, 1.0, -1.0, 2.0, 0.25]);
        let constant = self.float_constant(ty, constant);
        let op = *self.rng.pick(&[Op::Fadd, Op::Fsub, Op::Fmul, Op::Fdiv]);
        let result = self.b.binary(op, value, constant);
        self.bring(result);
    }

    fn negated_comparison(&mut self) {
        let inner = if self.rng.chance(60) {
            let ty = *self.rng.pick(&[Type::I8, Type::I32, Type::I64]);
            let a = self.value_of(ty);
            let b = if self.rng.chance(40) {
                a
            } else {
                self.value_of(ty)
            };
            self.b.icmp(*self.rng.pick(IntCc::ALL), a, b)
        } else {
            let (a, b) = (self.value_of(Type::F64), self.value_of(Type::F64));
            self.b.fcmp(*self.rng.pick(FloatCc::ALL), a, b)
        };
        let zero = self.b.iconst(Type::I8, 0);
        let cc = *self.rng.pick(&[IntCc::Eq, IntCc::Ne]);
        let result = self.b.icmp(cc, inner, zero);
        self.bring(result);
    }

    /// Store, load, store, to one place or to places that overlap.
    fn store_seen_between(&mut self) {
        let Some((address, flags)) = self.writable() else {
            return self.random_op();
        };
        let offset = self.rng.below(4) as i32 * 8;
        let (first, second) = (self.value_of(Type::I64), self.value_of(Type::I64));
        self.b.store(address, first, offset, flags);
        let ty = *self.rng.pick(&[Type::I64, Type::I32, Type::I8]);
        let shift = *self.rng.pick(&[0, 0, 2, 4]);
        let seen = self.b.load(ty, address, offset + shift, flags);
        self.bring(seen);
        self.b.store(address, second, offset, flags);
    }

    /// A store, a call that changes the same place, a load.
    fn store_around_call(&mut self) {
        let (Some((address, flags)), Some(helper)) = (self.writable(), self.memory_helper()) else {
            return self.random_op();
        };
        let (value, more) = (self.value_of(Type::I64), self.value_of(Type::I64));
        self.b.store(address, value, 8, flags);
        let place = self.b.ptr_add(address, 8);
        let inst = self.b.call(helper, &[place, more]);
        let old = self.b.func().result(inst);
        self.bring(old);
        let now = self.b.load(Type::I64, address, 8, flags);
        self.bring(now);
    }

    /// Under `x < n`, comparisons of `x` with `n - 1` and its neighbours.
    fn bounded_comparison(&mut self) {
        let ty = *self.rng.pick(&[Type::I32, Type::I64]);
        let value = self.value_of(ty);
        let mask = self.b.iconst(ty, 15);
        let value = self.b.binary(Op::Band, value, mask);
        let bound = self.rng.range(1, 15) as i64;
        let limit = self.b.iconst(ty, bound);
        let cc = *self
            .rng
            .pick(&[IntCc::Slt, IntCc::Ult, IntCc::Sle, IntCc::Sgt]);
        let below = self.b.icmp(cc, value, limit);
        let (then, join) = (self.b.add_block(), self.b.add_block());
        let result = self.b.declare(Type::I8);
        self.b.define(result, below);
        self.b.branch(below, (then, &[]), (join, &[]));
        self.b.seal(then);
        self.b.switch_to(then);
        let near = bound - 2 + self.rng.below(4) as i64;
        let near = self.b.iconst(ty, near);
        let cc = *self
            .rng
            .pick(&[IntCc::Eq, IntCc::Slt, IntCc::Sge, IntCc::Ult]);
        let inner = self.b.icmp(cc, value, near);
        let two = self.b.iconst(Type::I8, 2);
        let inner = self.b.binary(Op::Iadd, inner, two);
        self.b.define(result, inner);
        // More than a select: the branch stays one.
        self.b.poll(None);
        self.b.jump(join, &[]);
        self.b.seal(join);
        self.b.switch_to(join);
        let result = self.b.read(result);
        self.bring(result);
    }

    /// A sum that wraps or not, depending on a few bits, and a comparison that would tell.
    fn sum_at_limit(&mut self) {
        let ty = *self.rng.pick(&[Type::I8, Type::I32, Type::I64]);
        let value = self.value_of(ty);
        let mask = self.b.iconst(ty, 7);
        let small = self.b.binary(Op::Band, value, mask);
        let most = (ty.lane_mask() >> 1) as i64;
        let near = most - self.rng.below(9) as i64;
        let near = self.b.iconst(ty, near);
        if self.rng.chance(30) && ty != Type::I8 {
            let op = *self
                .rng
                .pick(&[Op::SaddOverflow, Op::UaddOverflow, Op::SmulOverflow]);
            return self.add(InstSpec::new(op, ty, &[small, near]));
        }
        let sum = self.b.binary(Op::Iadd, small, near);
        self.bring(sum);
        let zero = self.b.iconst(ty, 0);
        let cc = *self.rng.pick(&[IntCc::Slt, IntCc::Sgt, IntCc::Ult]);
        let wrapped = self.b.icmp(cc, sum, zero);
        self.bring(wrapped);
    }
}
