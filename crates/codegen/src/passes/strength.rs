//! Strength reduction.
//!
//! *Division by a constant* becomes a multiplication that keeps the high half: Granlund and Montgomery, "Division by Invariant
//! Integers using Multiplication" (PLDI 1994), in the form of Warren's "Hacker's Delight", chapter 10. A signed division by a
//! power of two becomes a shift, after adding `2^k - 1` to negative dividends so that it rounds towards zero. A remainder
//! is the dividend less quotient times divisor. Divisors 0, 1 and -1 are left alone: the first traps, the second is
//! [`super::fold`]'s, the third may overflow.
//!
//! *Products of induction variables* become induction variables: `i * k` with `k` from outside the loop starts at `start * k` and
//! grows by `step * k`, an addition where a multiplication was. At most `strength_products` in a loop, since each keeps a
//! register occupied; not for 3, 5 and 9, which an address computation does as cheaply.

use super::analyses::Graph;
use super::induction::{Induction, LoopShape};
use super::loop_edit::{entering_edges, place_before, split_entry};
use super::{Change, Context};
use crate::seeded::{Bug, active};
use tercel_ir::loops::Loop;
use tercel_ir::types::sign_extend;
use tercel_ir::{Block, Function, Inst, InstSpec, Op, Type, Value};

pub fn run(func: &mut Function, cx: &mut Context) -> Change {
    let divisions = divisions(func);
    func.resolve_aliases();
    let graph = cx.graph(func);
    let (products, preheaders) = products(func, &graph, cx.options.tunables.strength_products);
    func.resolve_aliases();
    place_before(func, &preheaders);
    cx.count("divisions replaced", divisions);
    cx.count("products replaced", products);
    if !preheaders.is_empty() { Change::Graph } else { Change::insts(divisions + products > 0) }
}

// ----- division ------------------------------------------------------------------------------------------------------

fn divisions(func: &mut Function) -> u64 {
    let mut replaced = 0;
    for index in 0..func.blocks().len() {
        let block = func.blocks()[index];
        let mut next = func.first_inst(block);
        while let Some(inst) = next {
            next = func.next_inst(inst);
            let data = *func.inst(inst);
            if !matches!(data.op, Op::Sdiv | Op::Udiv | Op::Srem | Op::Urem) || data.ty.bits() < 32 {
                continue;
            }
            let [dividend, divisor] = [0, 1].map(|side| func.resolve(func.arg(inst, side)));
            let Some(constant) = func.int_constant(divisor) else {
                continue;
            };
            if matches!(constant, -1..=1) {
                continue;
            }
            let mut emit = Emit { func, before: inst, ty: data.ty };
            let quotient = match data.op {
                Op::Sdiv | Op::Srem => emit.signed_quotient(dividend, constant),
                _ => emit.unsigned_quotient(dividend, constant as u64 & data.ty.lane_mask()),
            };
            let value = if matches!(data.op, Op::Sdiv | Op::Udiv) {
                quotient
            } else {
                let product = emit.op(Op::Imul, quotient, divisor);
                emit.op(Op::Isub, dividend, product)
            };
            let result = func.result(inst);
            func.replace(result, value);
            func.remove(inst);
            replaced += 1;
        }
    }
    replaced
}

/// Inserts instructions of one type before another.
struct Emit<'a> {
    func: &'a mut Function,
    before: Inst,
    ty: Type,
}

impl Emit<'_> {
    fn add(&mut self, spec: InstSpec) -> Value {
        let inst = self.func.make(spec);
        self.func.insert_before(inst, self.before);
        self.func.result(inst)
    }

    fn constant(&mut self, value: i64) -> Value {
        self.add(InstSpec::new(Op::Iconst, self.ty, &[]).imm(sign_extend(value, self.ty)))
    }

    fn op(&mut self, op: Op, a: Value, b: Value) -> Value {
        self.add(InstSpec::new(op, self.ty, &[a, b]))
    }

    fn shift(&mut self, op: Op, a: Value, count: u32) -> Value {
        if count == 0 {
            return a;
        }
        let count = self.constant(count as i64);
        self.op(op, a, count)
    }

    fn unsigned_quotient(&mut self, n: Value, divisor: u64) -> Value {
        if divisor.is_power_of_two() {
            return self.shift(Op::Ushr, n, divisor.trailing_zeros());
        }
        let magic = unsigned_magic(divisor, self.ty.bits());
        let multiplier = self.constant(magic.multiplier as i64 - active(Bug::StrengthWrongMagic) as i64);
        let high = self.op(Op::UmulHi, n, multiplier);
        if !magic.add {
            return self.shift(Op::Ushr, high, magic.shift);
        }
        // The multiplier has one bit more than fits: (n + high) >> shift, without the carry that would be lost.
        let rest = self.op(Op::Isub, n, high);
        let half = self.shift(Op::Ushr, rest, 1);
        let sum = self.op(Op::Iadd, half, high);
        self.shift(Op::Ushr, sum, magic.shift - 1)
    }

    fn signed_quotient(&mut self, n: Value, divisor: i64) -> Value {
        let bits = self.ty.bits();
        if divisor.unsigned_abs().is_power_of_two() {
            let k = divisor.unsigned_abs().trailing_zeros();
            let sign = self.shift(Op::Sshr, n, bits - 1);
            let bias = self.shift(Op::Ushr, sign, bits - k);
            let biased = if active(Bug::StrengthForgetsSign) { n } else { self.op(Op::Iadd, n, bias) };
            let quotient = self.shift(Op::Sshr, biased, k);
            if divisor > 0 {
                return quotient;
            }
            return self.add(InstSpec::new(Op::Ineg, self.ty, &[quotient]));
        }
        let (multiplier, shift) = signed_magic(divisor, bits);
        let constant = self.constant(multiplier - active(Bug::StrengthWrongMagic) as i64);
        let mut high = self.op(Op::SmulHi, n, constant);
        if divisor > 0 && multiplier < 0 {
            high = self.op(Op::Iadd, high, n);
        } else if divisor < 0 && multiplier > 0 {
            high = self.op(Op::Isub, high, n);
        }
        let quotient = self.shift(Op::Sshr, high, shift);
        // Adds 1 to negative quotients: rounding down becomes rounding towards zero.
        let sign = self.shift(Op::Ushr, quotient, bits - 1);
        self.op(Op::Iadd, quotient, sign)
    }
}

struct UnsignedMagic {
    multiplier: u64,
    shift: u32,
    add: bool,
}

/// The least `multiplier = ceil(2^p / d)` such that the high part of a product with it, shifted, is the quotient.
fn unsigned_magic(divisor: u64, bits: u32) -> UnsignedMagic {
    // ceil(log2 d); with p = bits + this the multiplier always works, and has one bit too many.
    let log = 64 - (divisor - 1).leading_zeros();
    // With log = 64 and 64 bits the power does not fit 128 bits; that one is left to the long form.
    for shift in 0..=log.min(127 - bits) {
        let power = 1u128 << (bits + shift);
        let multiplier = power.div_ceil(divisor as u128);
        // Granlund and Montgomery, theorem 4.2: 2^(N+l) <= m * d <= 2^(N+l) + 2^l.
        let error = multiplier * divisor as u128 - power;
        if error <= 1 << shift && multiplier < 1 << bits {
            return UnsignedMagic { multiplier: multiplier as u64, shift, add: false };
        }
    }
    let exact = big_multiplier(divisor, bits, log);
    UnsignedMagic { multiplier: exact, shift: log, add: true }
}

/// The low `bits` bits of `ceil(2^(bits + log) / d)`, whose top bit is the one that does not fit.
fn big_multiplier(divisor: u64, bits: u32, log: u32) -> u64 {
    // 2^(bits + log) - 2^bits * d fits 128 bits also for bits = log = 64.
    let excess = if log == 64 {
        0u128.wrapping_sub((divisor as u128) << 64)
    } else {
        (1u128 << log << bits) - ((divisor as u128) << bits)
    };
    excess.div_ceil(divisor as u128) as u64
}

/// Multiplier (sign-extended) and shift for a signed divisor: Hacker's Delight, figure 10-1, for any width.
fn signed_magic(divisor: i64, bits: u32) -> (i64, u32) {
    let two = 1u128 << (bits - 1);
    let magnitude = divisor.unsigned_abs() as u128;
    let t = two + (divisor < 0) as u128;
    let limit = t - 1 - t % magnitude;
    let mut p = bits - 1;
    let (mut q1, mut r1) = (two / limit, two % limit);
    let (mut q2, mut r2) = (two / magnitude, two % magnitude);
    loop {
        p += 1;
        (q1, r1) = (2 * q1 + (2 * r1 >= limit) as u128, (2 * r1) % limit);
        (q2, r2) = (2 * q2 + (2 * r2 >= magnitude) as u128, (2 * r2) % magnitude);
        let delta = magnitude - r2;
        if q1 >= delta && !(q1 == delta && r1 == 0) {
            break;
        }
    }
    let shift = 64 - bits;
    let multiplier = ((q2 + 1) as u64 as i64) << shift >> shift;
    (if divisor < 0 { multiplier.wrapping_neg() } else { multiplier }, p - bits)
}

// ----- products of induction variables -------------------------------------------------------------------------------

/// A product in a loop: the multiplication, its variable, its factor.
struct Product {
    inst: Inst,
    induction: Induction,
    factor: Value,
}

fn products(func: &mut Function, graph: &Graph, most: usize) -> (u64, Vec<(Block, Block)>) {
    let (mut replaced, mut preheaders) = (0, Vec::new());
    let mut found: Vec<Vec<Product>> = (0..graph.loops.len()).map(|_| Vec::new()).collect();
    let shapes: Vec<Option<LoopShape>> = graph.loops.iter().map(|this| LoopShape::of(func, graph, this)).collect();
    for &block in graph.cfg.rpo() {
        let Some(this) = graph.loops.innermost(block) else {
            continue;
        };
        let Some(shape) = &shapes[this.index()] else {
            continue;
        };
        if shape.inductions.is_empty() {
            continue;
        }
        for inst in func.insts(block) {
            if func.inst(inst).op == Op::Imul
                && found[this.index()].len() < most
                && let Some(product) = product(func, graph, this, shape, inst)
            {
                found[this.index()].push(product);
            }
        }
    }
    // Inner loops first: a preheader made for an outer loop does not change the edges that inner ones know.
    for this in graph.loops.iter().collect::<Vec<_>>().into_iter().rev() {
        let list = std::mem::take(&mut found[this.index()]);
        let Some(shape) = shapes[this.index()].as_ref().filter(|_| !list.is_empty()) else {
            continue;
        };
        let preheader = preheader(func, graph, this, &mut preheaders);
        for product in list {
            replace_product(func, shape, preheader, &product);
            replaced += 1;
        }
    }
    (replaced, preheaders)
}

fn product(func: &Function, graph: &Graph, this: Loop, shape: &LoopShape, inst: Inst) -> Option<Product> {
    if !func.inst(inst).ty.is_int() {
        return None;
    }
    let [a, b] = [0, 1].map(|side| func.resolve(func.arg(inst, side)));
    let variable = |value: Value| shape.inductions.iter().find(|one| one.param == value).copied();
    let (induction, factor) = match (variable(a), variable(b)) {
        (Some(induction), None) => (induction, b),
        (None, Some(induction)) => (induction, a),
        _ => return None,
    };
    let cheap = matches!(func.int_constant(factor), Some(3 | 5 | 9))
        || func.int_constant(factor).is_some_and(|factor| factor.unsigned_abs().is_power_of_two());
    let invariant = func.int_constant(factor).is_some()
        || func.def_block(factor).is_some_and(|def| !graph.loops.contains(this, def));
    (invariant && !cheap).then_some(Product { inst, induction, factor })
}

/// A block in front of the loop that only jumps to it.
fn preheader(func: &mut Function, graph: &Graph, this: Loop, made: &mut Vec<(Block, Block)>) -> Block {
    let header = graph.loops.header(this);
    let entering = entering_edges(graph, this);
    match entering[..] {
        [only] if func.inst(only.inst).op == Op::Jump => only.block,
        _ => {
            let block = split_entry(func, header, &entering);
            made.push((block, header));
            block
        }
    }
}

fn replace_product(func: &mut Function, shape: &LoopShape, preheader: Block, product: &Product) {
    let &Product { inst, induction, factor } = product;
    let ty = func.inst(inst).ty;
    let before = func.terminator(preheader);
    let mut emit = Emit { func, before, ty };
    // A constant may be defined inside the loop.
    let factor = match emit.func.int_constant(factor) {
        Some(value) => emit.constant(value),
        None => factor,
    };
    let jump_args = emit.func.edge_args(emit.func.edges(before)[0]);
    let start = jump_args[induction.position];
    let start = emit.op(Op::Imul, start, factor);
    let step = emit.constant(induction.step);
    let step = if active(Bug::StrengthWrongStep) { factor } else { emit.op(Op::Imul, step, factor) };
    let param = func.add_param(shape.header, ty);
    func.push_edge_arg(before, 0, start);
    let next = func.make(InstSpec::new(Op::Iadd, ty, &[param, step]));
    func.insert_before(next, shape.back.inst);
    let next = func.result(next);
    func.push_edge_arg(shape.back.inst, shape.back.index as usize, next);
    let result = func.result(inst);
    func.replace(result, param);
    func.remove(inst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsigned_quotients_are_exact() {
        let divisors: Vec<u64> = (3..300).chain([641, 1_000_000_007, (1 << 32) - 1, 6_700_417, 0xaaaa_aaab]).collect();
        for bits in [32, 64] {
            for &divisor in divisors.iter().chain(&[u64::MAX >> (64 - bits), (u64::MAX >> (64 - bits)) - 1]) {
                if divisor.is_power_of_two() {
                    continue;
                }
                let magic = unsigned_magic(divisor, bits);
                let mask = u64::MAX >> (64 - bits);
                for n in [
                    0,
                    1,
                    divisor - 1,
                    divisor,
                    divisor.wrapping_add(1),
                    mask,
                    mask - 1,
                    mask / 2,
                    mask / divisor * divisor - 1,
                ] {
                    let n = n & mask;
                    let high = ((n as u128 * magic.multiplier as u128) >> bits) as u64;
                    let quotient = if magic.add {
                        ((((n - high) >> 1) + high) & mask) >> (magic.shift - 1)
                    } else {
                        high >> magic.shift
                    };
                    assert_eq!(quotient, n / divisor, "{n} / {divisor} at {bits} bits");
                }
            }
        }
    }

    #[test]
    fn signed_quotients_are_exact() {
        for bits in [32u32, 64] {
            let min = i64::MIN >> (64 - bits);
            for divisor in (-300..300).chain([min, min + 1, !min, 1_000_000_007, -641]) {
                if matches!(divisor, -1..=1) || divisor.unsigned_abs().is_power_of_two() {
                    continue;
                }
                let (multiplier, shift) = signed_magic(divisor, bits);
                let wrap = |x: i64| x << (64 - bits) >> (64 - bits);
                for n in
                    [0, 1, -1, 7, -7, divisor, -divisor, min, min + 1, !min, !min - 1, !min / divisor * divisor - 1]
                {
                    let n = wrap(n);
                    let mut high = wrap(((n as i128 * multiplier as i128) >> bits) as i64);
                    if divisor > 0 && multiplier < 0 {
                        high = wrap(high.wrapping_add(n));
                    } else if divisor < 0 && multiplier > 0 {
                        high = wrap(high.wrapping_sub(n));
                    }
                    let quotient = high >> shift;
                    let quotient = quotient + (quotient < 0) as i64;
                    assert_eq!(quotient, n / divisor, "{n} / {divisor} at {bits} bits");
                }
            }
        }
    }
}
