//! Small patterns of instructions that passes look for, with operands at the edge of where their rules hold.

use super::body::Body;
use crate::function::InstSpec;
use crate::imm::*;
use crate::ops::Op;
use crate::types::Type;

impl Body<'_> {
    /// Appends one pattern.
    pub fn idiom(&mut self) {
        match self.rng.below(9) {
            0 => self.masked_shift(),
            1 => self.float_identity(),
            2 => self.negated_comparison(),
            3 => self.store_seen_between(),
            4 => self.store_around_call(),
            5 => self.bounded_comparison(),
            6 => self.there_and_back(),
            7 => self.test_of_test(),
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
        let op = *self.rng.pick(&[Op::Ishl, Op::Ushr, Op::Sshr, Op::Rotl, Op::Rotr]);
        let result = self.b.binary(op, value, count);
        self.bring(result);
    }

    /// A float and a constant that is, or nearly is, neutral.
    fn float_identity(&mut self) {
        let ty = *self.rng.pick(&[Type::F32, Type::F64]);
        let value = if self.rng.chance(50) { self.float_constant(ty, -0.0) } else { self.value_of(ty) };
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
            // A few bits, so that the operands are equal now and then.
            let mask = *self.rng.pick(&[1, 3, -1]);
            let mask = self.b.iconst(ty, mask);
            let (a, b) = (self.value_of(ty), self.value_of(ty));
            let (a, b) = (self.b.binary(Op::Band, a, mask), self.b.binary(Op::Band, b, mask));
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
        let cc = *self.rng.pick(&[IntCc::Slt, IntCc::Ult, IntCc::Sle, IntCc::Sgt]);
        let below = self.b.icmp(cc, value, limit);
        let (then, join) = (self.b.add_block(), self.b.add_block());
        let result = self.b.declare(Type::I8);
        self.b.define(result, below);
        self.b.branch(below, (then, &[]), (join, &[]));
        self.b.seal(then);
        self.b.switch_to(then);
        let near = bound - 2 + self.rng.below(4) as i64;
        let near = self.b.iconst(ty, near);
        let cc = *self.rng.pick(&[IntCc::Eq, IntCc::Slt, IntCc::Sge, IntCc::Ult]);
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

    /// Operations that undo each other, or nearly.
    fn there_and_back(&mut self) {
        let ty = *self.rng.pick(&[Type::I32, Type::I64]);
        let (x, y) = (self.value_of(ty), self.value_of(ty));
        let bits = ty.bits() as i64;
        let amount = self.rng.below(bits as usize) as i64;
        let near = if self.rng.chance(70) { amount } else { (amount + 1) % bits };
        let (amount, near) = (self.b.iconst(ty, amount), self.b.iconst(ty, near));
        let result = match self.rng.below(8) {
            0 => {
                let inner = self.b.binary(Op::Isub, x, y);
                if self.rng.chance(50) { self.b.binary(Op::Iadd, inner, y) } else { self.b.binary(Op::Iadd, y, inner) }
            }
            1 => {
                let inner = self.b.binary(Op::Ishl, x, amount);
                self.b.binary(Op::Ushr, inner, near)
            }
            2 => {
                let inner = self.b.binary(Op::Ushr, x, amount);
                self.b.binary(Op::Ishl, inner, near)
            }
            3 => {
                let mask = *self.rng.pick(&[0xff, 0xffff, 0x1ff, 0xfe]);
                let mask = self.b.iconst(ty, mask);
                let inner = self.b.binary(Op::Band, x, mask);
                let narrow = *self.rng.pick(&[Type::I8, Type::I16]);
                self.b.convert(Op::Narrow, narrow, inner)
            }
            4 => {
                let inner = self.b.binary(Op::Sshr, x, amount);
                self.b.binary(Op::Sshr, inner, near)
            }
            5 => {
                let condition = self.b.icmp(*self.rng.pick(IntCc::ALL), x, y);
                let (one, none) = (self.b.iconst(ty, 1), self.b.iconst(ty, 0));
                self.b.select(condition, one, none)
            }
            6 => {
                let Some((address, flags)) = self.writable() else {
                    return self.random_op();
                };
                let index = self.value_of(Type::I64);
                let mask = self.b.iconst(Type::I64, 3);
                let index = self.b.binary(Op::Band, index, mask);
                let shift = *self.rng.pick(&[1, 2, 3]);
                let shift = self.b.iconst(Type::I64, shift);
                let index = self.b.binary(Op::Ishl, index, shift);
                let scale = *self.rng.pick(&[1, 2, 4]);
                let base = if self.rng.chance(50) { self.b.ptr_add(address, 8) } else { address };
                let place = self.b.ptr_index(base, index, scale, 0);
                self.b.load(ty, place, 0, flags)
            }
            _ => {
                let Some((address, flags)) = self.writable() else {
                    return self.random_op();
                };
                let first = self.b.ptr_add(address, 8);
                let second = self.b.ptr_add(first, 16);
                let third = self.b.ptr_add(second, -8);
                self.b.load(ty, third, self.rng.below(16) as i32, flags)
            }
        };
        self.bring(result);
    }

    /// Checks of conditions that are comparisons with zero, or constants.
    fn test_of_test(&mut self) {
        let zero = self.b.iconst(Type::I64, 0);
        let value = self.value_of(Type::I64);
        let condition = match self.rng.below(3) {
            // Holds only if a value is odd in a way that no value is: hardly ever.
            0 => {
                let odd = self.b.iconst(Type::I64, 0x7531_1357_0246);
                let equal = self.b.icmp(IntCc::Eq, value, odd);
                let wide = self.b.convert(Op::Zext, Type::I64, equal);
                let mask = self.b.iconst(Type::I64, 3);
                let masked = self.b.binary(Op::Band, wide, mask);
                self.b.icmp(IntCc::Ne, masked, zero)
            }
            1 => self.b.icmp(IntCc::Ult, value, zero),
            _ => self.b.iconst(Type::I8, 0),
        };
        if self.context.config.guards && self.rng.chance(50) {
            let none = self.b.iconst(Type::I8, 0);
            let holds = self.b.icmp(IntCc::Eq, condition, none);
            let frame = self.frame_state();
            self.b.guard(holds, frame);
            let other = self.b.iconst(Type::I8, 1);
            self.b.guard(other, frame);
        } else {
            self.b.trap_if(condition, TrapCode::User0);
        }
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
            let op = *self.rng.pick(&[Op::SaddOverflow, Op::UaddOverflow, Op::SmulOverflow]);
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
