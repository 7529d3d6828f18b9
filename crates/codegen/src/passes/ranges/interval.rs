//! Intervals of signed integers, and how ops move them.

use tercel_ir::types::sign_extend;
use tercel_ir::{IntCc, Op, Type};

/// The values from `lo` to `hi`, both included, of an integer type read as signed. Never empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// Least value.
    pub lo: i64,
    /// Greatest value.
    pub hi: i64,
}

impl Interval {
    /// Every value of a type.
    pub fn full(ty: Type) -> Interval {
        let bits = ty.lane_bits();
        Interval { lo: sign_extend(1 << (bits - 1), ty), hi: (u64::MAX >> (65 - bits)) as i64 }
    }

    /// One value.
    pub fn only(value: i64) -> Interval {
        Interval { lo: value, hi: value }
    }

    /// From `lo` to `hi`.
    pub fn new(lo: i64, hi: i64) -> Interval {
        debug_assert!(lo <= hi);
        Interval { lo, hi }
    }

    /// Whether no value is negative: signed and unsigned order agree.
    pub fn is_natural(self) -> bool {
        self.lo >= 0
    }

    /// Both intervals and what is between them.
    pub fn union(self, other: Interval) -> Interval {
        Interval { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The values in both; `None` if there is none.
    pub fn intersect(self, other: Interval) -> Option<Interval> {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        (lo <= hi).then_some(Interval { lo, hi })
    }

    /// Whether every value of `other` is here.
    pub fn contains(self, other: Interval) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    fn of_wide(lo: i128, hi: i128) -> Option<Interval> {
        Some(Interval { lo: i64::try_from(lo).ok()?, hi: i64::try_from(hi).ok()? })
    }
}

/// The exact sums, differences or products; `None` if they leave 64 bits.
pub fn exact(op: Op, a: Interval, b: Interval) -> Option<Interval> {
    let wide = |x: i64| x as i128;
    match op {
        Op::Iadd => Interval::of_wide(wide(a.lo) + wide(b.lo), wide(a.hi) + wide(b.hi)),
        Op::Isub => Interval::of_wide(wide(a.lo) - wide(b.hi), wide(a.hi) - wide(b.lo)),
        _ => {
            let corners = [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)].map(|(x, y)| wide(x) * wide(y));
            Interval::of_wide(*corners.iter().min()?, *corners.iter().max()?)
        }
    }
}

/// The results of an op on a type for operands in intervals. Always right, seldom exact.
pub fn transfer(op: Op, ty: Type, a: Interval, b: Interval) -> Interval {
    let full = Interval::full(ty);
    let bits = ty.bits() as i64;
    let known = match op {
        Op::Iadd | Op::Isub | Op::Imul => exact(op, a, b).filter(|&sum| full.contains(sum)),
        Op::Ineg => exact(Op::Isub, Interval::only(0), a).filter(|&negated| full.contains(negated)),
        Op::Bnot => Some(Interval::new(-1 - a.hi, -1 - a.lo)),
        Op::Band if a.is_natural() && b.is_natural() => Some(Interval::new(0, a.hi.min(b.hi))),
        Op::Band if a.is_natural() => Some(Interval::new(0, a.hi)),
        Op::Band if b.is_natural() => Some(Interval::new(0, b.hi)),
        Op::Bor if a.is_natural() && b.is_natural() => Some(Interval::new(a.lo.max(b.lo), ones_above(a.hi | b.hi))),
        Op::Bxor if a.is_natural() && b.is_natural() => Some(Interval::new(0, ones_above(a.hi | b.hi))),
        Op::Ishl => constant_count(b, bits).and_then(|count| {
            let factor = Interval::only(1i64.checked_shl(count).filter(|&factor| factor > 0)?);
            exact(Op::Imul, a, factor).filter(|&product| full.contains(product))
        }),
        Op::Ushr if a.is_natural() => Some(match constant_count(b, bits) {
            Some(count) => Interval::new(a.lo >> count, a.hi >> count),
            None => Interval::new(0, a.hi),
        }),
        Op::Ushr => constant_count(b, bits)
            .filter(|&count| count > 0)
            .map(|count| Interval::new(0, (ty.lane_mask() >> count) as i64)),
        Op::Sshr => Some(match constant_count(b, bits) {
            Some(count) => Interval::new(a.lo >> count, a.hi >> count),
            None => Interval::new(a.lo.min(0), a.hi.max(-1)),
        }),
        Op::Smin => Some(Interval::new(a.lo.min(b.lo), a.hi.min(b.hi))),
        Op::Smax => Some(Interval::new(a.lo.max(b.lo), a.hi.max(b.hi))),
        Op::Umin if a.is_natural() && b.is_natural() => Some(Interval::new(a.lo.min(b.lo), a.hi.min(b.hi))),
        Op::Umin if a.is_natural() => Some(Interval::new(0, a.hi)),
        Op::Umin if b.is_natural() => Some(Interval::new(0, b.hi)),
        Op::Umax if a.is_natural() && b.is_natural() => Some(Interval::new(a.lo.max(b.lo), a.hi.max(b.hi))),
        Op::Udiv if a.is_natural() => Some(Interval::new(0, if b.lo > 0 { a.hi / b.lo } else { a.hi })),
        Op::Urem if a.is_natural() && b.lo > 0 => Some(Interval::new(0, a.hi.min(b.hi - 1))),
        Op::Urem if b.lo > 0 => Some(Interval::new(0, b.hi - 1)),
        Op::Urem if a.is_natural() => Some(Interval::new(0, a.hi)),
        Op::Sdiv if b.lo > 0 => {
            Some(Interval::new(if a.lo < 0 { a.lo / b.lo } else { 0 }, if a.hi > 0 { a.hi / b.lo } else { 0 }))
        }
        Op::Srem => {
            let most = b.lo.unsigned_abs().max(b.hi.unsigned_abs()).saturating_sub(1).min(i64::MAX as u64) as i64;
            Some(Interval::new(if a.lo < 0 { a.lo.max(-most) } else { 0 }, if a.hi > 0 { a.hi.min(most) } else { 0 }))
        }
        Op::Clz | Op::Ctz | Op::Popcnt => Some(Interval::new(0, bits)),
        _ => None,
    };
    // An i8 cannot hold the bound of a count of bits of wider types; all others are within the type by construction.
    known.and_then(|known| known.intersect(full)).unwrap_or(full)
}

/// The least number of the form 2^n - 1 that is not below a natural number.
fn ones_above(value: i64) -> i64 {
    (u64::MAX.checked_shr((value as u64).leading_zeros()).unwrap_or(0)) as i64
}

fn constant_count(count: Interval, bits: i64) -> Option<u32> {
    (count.lo == count.hi).then_some((count.lo & (bits - 1)) as u32)
}

/// Whether a comparison is certain to hold, or certain not to.
pub fn compare(cc: IntCc, a: Interval, b: Interval) -> Option<bool> {
    let decide = |yes: bool, no: bool| {
        if yes {
            Some(true)
        } else if no {
            Some(false)
        } else {
            None
        }
    };
    match cc {
        IntCc::Eq => decide(a.lo == a.hi && a == b, a.intersect(b).is_none()),
        IntCc::Slt => decide(a.hi < b.lo, a.lo >= b.hi),
        IntCc::Sle => decide(a.hi <= b.lo, a.lo > b.hi),
        IntCc::Ult if a.is_natural() && b.is_natural() => compare(IntCc::Slt, a, b),
        IntCc::Ule if a.is_natural() && b.is_natural() => compare(IntCc::Sle, a, b),
        // As unsigned, negative numbers are above all others.
        IntCc::Ult | IntCc::Ule if a.is_natural() && b.hi < 0 => Some(true),
        IntCc::Ult | IntCc::Ule if a.hi < 0 && b.is_natural() => Some(false),
        IntCc::Ult | IntCc::Ule => None,
        IntCc::Ne => compare(IntCc::Eq, a, b).map(|holds| !holds),
        IntCc::Sgt | IntCc::Sge | IntCc::Ugt | IntCc::Uge => compare(cc.swap(), b, a),
    }
}

/// What is left of `a` if `a cc b` holds; `None` if nothing is (the place is never reached).
pub fn refine(cc: IntCc, a: Interval, b: Interval) -> Option<Interval> {
    let below = |limit: i64| (a.lo <= limit).then(|| Interval::new(a.lo, a.hi.min(limit)));
    let above = |limit: i64| (limit <= a.hi).then(|| Interval::new(a.lo.max(limit), a.hi));
    match cc {
        IntCc::Eq => a.intersect(b),
        IntCc::Ne if b.lo == b.hi && a.lo == b.lo => above(b.lo.checked_add(1)?),
        IntCc::Ne if b.lo == b.hi && a.hi == b.lo => below(b.lo.checked_sub(1)?),
        IntCc::Ne => Some(a),
        IntCc::Slt => below(b.hi.checked_sub(1)?),
        IntCc::Sle => below(b.hi),
        IntCc::Sgt => above(b.lo.checked_add(1)?),
        IntCc::Sge => above(b.lo),
        // Below a natural number as unsigned means natural and below it.
        IntCc::Ult if b.is_natural() => a.intersect(Interval { lo: 0, hi: b.hi.checked_sub(1)? }),
        IntCc::Ule if b.is_natural() => a.intersect(Interval { lo: 0, hi: b.hi }),
        IntCc::Ugt if a.is_natural() && b.is_natural() => above(b.lo.checked_add(1)?),
        IntCc::Uge if a.is_natural() && b.is_natural() => above(b.lo),
        _ => Some(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tercel_ir::eval::{EvalOp, compare_int, eval_scalar, signed};

    fn below(state: &mut u64, end: u64) -> i64 {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((*state >> 33) % end) as i64
    }

    fn random_interval(state: &mut u64) -> Interval {
        let (x, y) = (below(state, 256) - 128, below(state, 256) - 128);
        let near = x.saturating_add(below(state, 6)).min(127);
        if below(state, 2) == 0 { Interval::new(x.min(y), x.max(y)) } else { Interval::new(x, near) }
    }

    /// All of i8 can be tried: the interval of results holds every result.
    #[test]
    fn transfer_holds_every_result_of_i8() {
        let ops = [
            Op::Iadd,
            Op::Isub,
            Op::Imul,
            Op::Ineg,
            Op::Bnot,
            Op::Band,
            Op::Bor,
            Op::Bxor,
            Op::Ishl,
            Op::Ushr,
            Op::Sshr,
            Op::Smin,
            Op::Smax,
            Op::Umin,
            Op::Umax,
            Op::Udiv,
            Op::Urem,
            Op::Sdiv,
            Op::Srem,
            Op::Clz,
            Op::Ctz,
            Op::Popcnt,
        ];
        let mut state = 3;
        for round in 0..600 {
            let op = ops[round % ops.len()];
            let (a, b) = (random_interval(&mut state), random_interval(&mut state));
            let result = transfer(op, Type::I8, a, b);
            for x in a.lo..=a.hi {
                for y in b.lo..=b.hi {
                    let what = EvalOp { op, ty: Type::I8, from: Type::I8, aux: 0, imm: 0 };
                    let args = [x as u64 & 0xff, y as u64 & 0xff];
                    let count = op.info().operands.len();
                    if let Ok((bits, _)) = eval_scalar(&what, &args[..count]) {
                        let value = signed(bits, Type::I8);
                        assert!(result.contains(Interval::only(value)), "{op} {x} {y} = {value}, not in {result:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn comparisons_and_refinements_hold_for_i8() {
        let mut state = 5;
        for round in 0..2_000 {
            let cc = IntCc::ALL[round % IntCc::ALL.len()];
            let (a, b) = (random_interval(&mut state), random_interval(&mut state));
            let (decided, refined) = (compare(cc, a, b), refine(cc, a, b));
            for x in a.lo..=a.hi {
                for y in b.lo..=b.hi {
                    let holds = compare_int(cc, x as u64 & 0xff, y as u64 & 0xff, Type::I8);
                    assert!(decided.is_none_or(|decided| decided == holds), "{x} {cc} {y}");
                    if holds {
                        assert!(refined.is_some_and(|left| left.contains(Interval::only(x))), "{x} {cc} {y}");
                    }
                }
            }
        }
    }
}
