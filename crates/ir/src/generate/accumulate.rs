//! Recursion that has something left to do with its own result: `return x + self(…)` and what is near to it.
//!
//! Where all that is left is one associative and commutative operation, the tail-call pass turns the recursion into a loop
//! with an accumulator. The shapes here are those, the Fibonacci function's among them, and a few that look like them and
//! must be left alone.

use super::body::Body;
use crate::entity::*;
use crate::imm::IntCc;
use crate::ops::Op;
use crate::types::Type;

const OPS: [Op; 5] = [Op::Iadd, Op::Imul, Op::Band, Op::Bor, Op::Bxor];

impl Body<'_> {
    /// While the count lasts, returns the function's own result for a smaller count, combined with other values.
    pub fn accumulation(&mut self) {
        let op = *self.rng.pick(&OPS);
        let (deeper, base) = (self.b.add_block(), self.b.add_block());
        let zero = self.b.iconst(Type::I64, 0);
        let more = self.b.icmp(IntCc::Sgt, self.small, zero);
        self.b.branch(more, (deeper, &[]), (base, &[]));
        self.b.seal(deeper);
        self.b.switch_to(deeper);
        if self.rng.chance(25) {
            // Two ways to go deeper.
            let (left, right) = (self.b.add_block(), self.b.add_block());
            let condition = self.condition();
            self.b.branch(condition, (left, &[]), (right, &[]));
            self.b.seal(left);
            self.b.switch_to(left);
            self.recursive_return(op);
            self.b.seal(right);
            self.b.switch_to(right);
        }
        self.recursive_return(op);
        self.b.seal(base);
        self.b.switch_to(base);
    }

    fn recursive_return(&mut self, op: Op) {
        let ty = self.b.func().signature.returns[0];
        // Values of before the call, which an accumulator may take in early.
        let mut pending: Vec<Value> = (0..self.rng.range(1, 3)).map(|_| self.pending(ty)).collect();
        if self.rng.chance(30) && !self.context.callees[self.index - 1].is_large() {
            let result = self.call_itself(Op::Ushr);
            pending.push(result);
        }
        let mut now = self.call_itself(Op::Isub);
        if self.rng.chance(15) {
            // Computed after the call, and not from its result.
            let late = self.pending(ty);
            let one = self.b.iconst(ty, 1);
            let late = self.b.binary(Op::Iadd, late, one);
            pending.push(late);
        }
        for value in pending {
            // Now and then another operation, or the same value twice: no accumulator can stand for that.
            let op = if self.rng.chance(6) { *self.rng.pick(&[Op::Isub, Op::Iadd, Op::Bxor]) } else { op };
            let value = if self.rng.chance(4) { now } else { value };
            now = if self.rng.chance(50) { self.b.binary(op, now, value) } else { self.b.binary(op, value, now) };
        }
        if self.rng.chance(30) {
            // The return stands in a block of its own.
            let block = self.b.add_block();
            let result = self.b.declare(ty);
            self.b.define(result, now);
            self.b.jump(block, &[]);
            self.b.seal(block);
            self.b.switch_to(block);
            now = self.b.read(result);
        }
        self.b.ret(&[now]);
    }

    /// What is combined with a result: the accumulator of what was computed so far, mostly.
    fn pending(&mut self, ty: Type) -> Value {
        let sum = self.b.read(self.acc);
        match ty {
            Type::I64 if self.rng.chance(60) => sum,
            Type::I32 if self.rng.chance(60) => self.b.convert(Op::Narrow, Type::I32, sum),
            _ => self.value_of(ty),
        }
    }

    /// Calls the function itself with the count less one or halved: it is positive here, and must never be negative.
    fn call_itself(&mut self, less: Op) -> Value {
        let one = self.b.iconst(Type::I64, 1);
        let count = self.b.binary(less, self.small, one);
        let callee = self.callees[0];
        let args = self.call_args(callee, count);
        let inst = self.b.call(callee, &args);
        self.b.func().result(inst)
    }
}
