//! The table of algebraic rules.
//!
//! A row reads `name: Op | Op => |m| …`: `m` is the instruction, the closure returns what it becomes or `None`. `x`, `y`
//! stand for values, `k` for constants. Integer arithmetic is modulo the width; integer constants are sign-extended.
//! Float rules hold for every operand: NaN results have no definite payload, everything else is exact, signs of zeros
//! included.

use super::{Match, Rule, To, seeded};
use crate::seeded::Bug;
use tercel_ir::types::sign_extend;
use tercel_ir::{IntCc, Op, Type, Value};

macro_rules! rules {
    ($($name:ident: $($op:ident)|+ => $apply:expr;)*) => {
        /// All rules; those of one op are tried in this order.
        pub static RULES: &[Rule] = &[$(Rule {
            name: stringify!($name),
            ops: &[$(Op::$op),+],
            apply: $apply,
        }),*];
    };
}

fn when<T>(condition: bool, then: T) -> Option<T> {
    condition.then_some(then)
}

rules! {
    // x + 0, x - 0, x | 0, x ^ 0, shifts and rotations by 0
    zero_is_neutral: Iadd | Isub | Bor | Bxor | Ishl | Ushr | Sshr | Rotl | Rotr =>
        |m| when(m.kb()? == 0, To::Value(m.a()));
    // x * 1, x / 1, x & -1
    one_is_neutral: Imul | Udiv | Sdiv => |m| when(m.kb()? == 1, To::Value(m.a()));
    ones_are_neutral: Band => |m| when(m.kb()? == -1, To::Value(m.a()));
    // x * 0, x & 0
    zero_absorbs: Imul | Band => |m| when(m.kb()? == 0, To::Int(0));
    ones_absorb: Bor => |m| when(m.kb()? == -1, To::Int(-1));
    // x % 1, x % -1
    remainder_of_one: Urem => |m| when(m.kb()? == 1, To::Int(0));
    remainder_of_unit: Srem => |m| when(matches!(m.kb()?, 1 | -1), To::Int(0));
    // x - x, x ^ x
    self_cancels: Isub | Bxor => |m| when(m.is_scalar() && m.a() == m.b(), To::Int(0));
    // x & x, x | x, min(x, x)
    self_is_neutral: Band | Bor | Smin | Smax | Umin | Umax | FminJs | FmaxJs | FminNum | FmaxNum =>
        |m| when(m.a() == m.b(), To::Value(m.a()));
    complement: Bxor => |m| when(m.kb()? == -1, To::Un(Op::Bnot, m.a()));
    negate: Isub => |m| when(m.is_scalar() && m.int(m.a())? == 0, To::Un(Op::Ineg, m.b()));
    negate_by_product: Imul => |m| when(m.kb()? == -1, To::Un(Op::Ineg, m.a()));
    // x - k = x + -k
    difference_to_sum: Isub => |m| {
        let k = m.kb()?;
        Some(To::BinK(Op::Iadd, m.a(), if seeded(Bug::FoldSubIsAdd) { k } else { k.wrapping_neg() }))
    };
    // (x - y) + y, and (x + y) - y
    sum_cancels: Iadd => |m| {
        let inner = m.made_by(m.a(), Op::Isub)?;
        when(inner.b() == m.b(), To::Value(inner.a()))
    };
    sum_cancels_right: Iadd => |m| {
        let inner = m.made_by(m.b(), Op::Isub)?;
        when(inner.b() == m.a(), To::Value(inner.a()))
    };
    difference_cancels: Isub => |m| {
        let inner = m.made_by(m.a(), Op::Iadd)?;
        match m.b() {
            b if b == inner.b() => Some(To::Value(inner.a())),
            b if b == inner.a() => Some(To::Value(inner.b())),
            _ => None,
        }
    };
    // x + -y, x - -y
    sum_of_negative: Iadd => |m| Some(To::Bin(Op::Isub, m.a(), m.made_by(m.b(), Op::Ineg)?.a()));
    difference_of_negative: Isub => |m| Some(To::Bin(Op::Iadd, m.a(), m.made_by(m.b(), Op::Ineg)?.a()));
    // (x op k1) op k2 = x op (k1 op k2)
    reassociate: Iadd | Imul | Band | Bor | Bxor => |m| {
        let k = m.kb()?;
        let inner = m.made_by(m.a(), m.op)?;
        let other = inner.kb()?;
        let both = match m.op {
            Op::Iadd => k.wrapping_add(other),
            Op::Imul => k.wrapping_mul(other),
            Op::Band => k & other,
            Op::Bor => k | other,
            _ => k ^ other,
        };
        Some(To::BinK(m.op, inner.a(), both))
    };
    twice_undone: Ineg | Bnot | Fneg | Bswap => |m| Some(To::Value(m.made_by(m.a(), m.op)?.a()));
    // -(x - y) = y - x
    negated_difference: Ineg => |m| {
        let inner = m.made_by(m.a(), Op::Isub)?;
        Some(To::Bin(Op::Isub, inner.b(), inner.a()))
    };
    product_to_shift: Imul => |m| {
        let k = m.kb()? as u64 & m.ty.lane_mask();
        when(m.is_scalar() && k.is_power_of_two(), To::BinK(Op::Ishl, m.a(), k.trailing_zeros() as i64))
    };
    quotient_to_shift: Udiv => |m| {
        let k = m.kb()? as u64 & m.ty.lane_mask();
        when(k.is_power_of_two(), To::BinK(Op::Ushr, m.a(), k.trailing_zeros() as i64))
    };
    remainder_to_mask: Urem => |m| {
        let k = m.kb()? as u64 & m.ty.lane_mask();
        when(k.is_power_of_two(), To::BinK(Op::Band, m.a(), (k as i64).wrapping_sub(1)))
    };

    // Shifts: counts are modulo the width
    shift_count_in_range: Ishl | Ushr | Sshr | Rotl | Rotr => |m| {
        let k = m.kb()?;
        let masked = k & (m.bits() - 1);
        when(k != masked, To::BinK(m.op, m.a(), masked))
    };
    shift_count_mask: Ishl | Ushr | Sshr | Rotl | Rotr => |m| {
        let inner = m.made_by(m.b(), Op::Band)?;
        let k = inner.kb()?;
        let all = m.bits() - 1;
        when(k & all == all || seeded(Bug::FoldDropsShiftMask), To::Bin(m.op, m.a(), inner.a()))
    };
    shift_of_shift: Ishl | Ushr => |m| {
        let (k, inner) = (m.kb()?, m.made_by(m.a(), m.op)?);
        let sum = k + counted(m, inner.kb()?)?;
        Some(if sum < m.bits() { To::BinK(m.op, inner.a(), sum) } else { To::Int(0) })
    };
    signed_shift_of_shift: Sshr => |m| {
        let (k, inner) = (m.kb()?, m.made_by(m.a(), Op::Sshr)?);
        let sum = k + counted(m, inner.kb()?)?;
        Some(To::BinK(Op::Sshr, inner.a(), sum.min(m.bits() - 1)))
    };
    // (x << k) >>> k and (x >>> k) << k are masks
    shift_there_and_back: Ushr => |m| {
        let (k, inner) = (m.kb()?, m.made_by(m.a(), Op::Ishl)?);
        let mask = (m.ty.lane_mask() >> k) as i64;
        when(inner.kb()? == k, To::BinK(Op::Band, inner.a(), mask))
    };
    shift_back_and_there: Ishl => |m| {
        let (k, inner) = (m.kb()?, m.made_by(m.a(), Op::Ushr)?);
        when(inner.kb()? == k, To::BinK(Op::Band, inner.a(), -1 << k))
    };

    // Overflow: constants with which there is none
    no_overflow_pair: SaddOverflow | SsubOverflow | UaddOverflow | UsubOverflow =>
        |m| when(m.kb()? == 0, To::Pair(m.a(), 0));
    no_overflow_product: SmulOverflow => |m| when(m.kb()? == 1, To::Pair(m.a(), 0));
    no_overflow_trap: SaddTrap | SsubTrap | SaddGuard | SsubGuard => |m| when(m.kb()? == 0, To::Value(m.a()));
    no_overflow_factor: SmulTrap | SmulGuard => |m| when(m.kb()? == 1, To::Value(m.a()));

    // Comparisons
    compare_with_itself: Icmp => |m| {
        let holds = matches!(m.int_cc(), IntCc::Eq | IntCc::Sle | IntCc::Sge | IntCc::Ule | IntCc::Uge);
        when(m.a() == m.b(), To::Int(holds as i64))
    };
    compare_with_limit: Icmp => |m| {
        let (k, ty) = (m.kb()?, m.ty);
        let (min, max) = (sign_extend(1 << (ty.bits() - 1), ty), sign_extend(ty.lane_mask() as i64 >> 1, ty));
        match m.int_cc() {
            IntCc::Ult if k == 0 => Some(To::Int(0)),
            IntCc::Uge if k == 0 => Some(To::Int(1)),
            IntCc::Ugt if k == -1 => Some(To::Int(0)),
            IntCc::Ule if k == -1 => Some(To::Int(1)),
            IntCc::Slt if k == min => Some(To::Int(0)),
            IntCc::Sge if k == min => Some(To::Int(1)),
            IntCc::Sgt if k == max && ty.bits() < 64 || k == i64::MAX && m.int_cc() == IntCc::Sgt => Some(To::Int(0)),
            IntCc::Ult if k == 1 => Some(To::IcmpK(IntCc::Eq, m.a(), 0)),
            IntCc::Uge if k == 1 => Some(To::IcmpK(IntCc::Ne, m.a(), 0)),
            IntCc::Ugt if k == 0 => Some(To::IcmpK(IntCc::Ne, m.a(), 0)),
            IntCc::Ule if k == 0 => Some(To::IcmpK(IntCc::Eq, m.a(), 0)),
            _ => None,
        }
    };
    // (a cc b) == 0, (a cc b) != 0
    compare_of_comparison: Icmp => |m| {
        let cc = m.int_cc();
        if m.kb()? != 0 || !matches!(cc, IntCc::Eq | IntCc::Ne) {
            return None;
        }
        let negated = cc == IntCc::Eq;
        if let Some(inner) = m.made_by(m.a(), Op::Icmp) {
            let cc = match inner.int_cc() {
                IntCc::Slt if negated && seeded(Bug::FoldNegatesWrong) => IntCc::Sgt,
                cc if negated => cc.negate(),
                cc => cc,
            };
            return Some(To::Icmp(cc, inner.a(), inner.b()));
        }
        let inner = m.made_by(m.a(), Op::Fcmp)?;
        let cc = tercel_ir::FloatCc::from_code(inner.aux);
        Some(To::Fcmp(if negated { cc.negate() } else { cc }, inner.a(), inner.b()))
    };
    // x + k1 == k2
    compare_sum: Icmp => |m| {
        let (k, inner) = (m.kb()?, m.made_by(m.a(), Op::Iadd)?);
        let other = inner.kb()?;
        when(matches!(m.int_cc(), IntCc::Eq | IntCc::Ne), To::IcmpK(m.int_cc(), inner.a(), k.wrapping_sub(other)))
    };
    // x - y == 0, x ^ y == 0
    compare_difference: Icmp => |m| {
        if m.kb()? != 0 || !matches!(m.int_cc(), IntCc::Eq | IntCc::Ne) {
            return None;
        }
        let inner = m.made_by(m.a(), Op::Isub).or_else(|| m.made_by(m.a(), Op::Bxor))?;
        Some(To::Icmp(m.int_cc(), inner.a(), inner.b()))
    };
    // Sign extension keeps both orders
    compare_extended: Icmp => |m| {
        let a = m.made_by(m.a(), Op::Sext)?;
        if let Some(k) = m.kb() {
            let from = m.type_of(a.a());
            return when(sign_extend(k, from) == k, To::IcmpK(m.int_cc(), a.a(), k));
        }
        let b = m.made_by(m.b(), Op::Sext)?;
        when(m.type_of(a.a()) == m.type_of(b.a()), To::Icmp(m.int_cc(), a.a(), b.a()))
    };
    // Zero extension keeps the unsigned order, and makes the signed one equal to it
    compare_zero_extended: Icmp => |m| {
        let a = m.made_by(m.a(), Op::Zext)?;
        let from = m.type_of(a.a());
        let cc = match m.int_cc() {
            IntCc::Slt => IntCc::Ult,
            IntCc::Sle => IntCc::Ule,
            IntCc::Sgt => IntCc::Ugt,
            IntCc::Sge => IntCc::Uge,
            cc => cc,
        };
        if let Some(k) = m.kb() {
            return when((0..=from.lane_mask() as i64).contains(&k), To::IcmpK(cc, a.a(), k));
        }
        let b = m.made_by(m.b(), Op::Zext)?;
        when(from == m.type_of(b.a()), To::Icmp(cc, a.a(), b.a()))
    };

    // Choice
    select_known: Select => |m| Some(To::Value(if m.int(m.a())? != 0 { m.b() } else { m.c() }));
    select_same: Select => |m| when(m.b() == m.c(), To::Value(m.b()));
    select_on_test: Select => |m| {
        let inner = m.made_by(m.a(), Op::Icmp)?;
        if !inner.ty.is_int() || inner.kb()? != 0 {
            return None;
        }
        match inner.int_cc() {
            IntCc::Ne => Some(To::Select(inner.a(), m.b(), m.c())),
            IntCc::Eq => Some(To::Select(inner.a(), m.c(), m.b())),
            _ => None,
        }
    };
    // a < b ? a : b
    select_minimum: Select => |m| {
        let inner = m.made_by(m.a(), Op::Icmp)?;
        if !m.ty.is_int() {
            return None;
        }
        let (x, y) = (inner.a(), inner.b());
        let cc = match (m.b(), m.c()) {
            (b, c) if b == x && c == y => inner.int_cc(),
            (b, c) if b == y && c == x => inner.int_cc().swap(),
            _ => return None,
        };
        let op = match cc {
            IntCc::Slt | IntCc::Sle => Op::Smin,
            IntCc::Sgt | IntCc::Sge => Op::Smax,
            IntCc::Ult | IntCc::Ule => Op::Umin,
            IntCc::Ugt | IntCc::Uge => Op::Umax,
            _ => return None,
        };
        Some(To::Bin(op, x, y))
    };
    // c ? 1 : 0 where c is a comparison
    select_is_comparison: Select => |m| {
        if !m.ty.is_int() || m.int(m.b())? != 1 || m.int(m.c())? != 0 || !is_comparison(m, m.a()) {
            return None;
        }
        Some(if m.ty == Type::I8 { To::Value(m.a()) } else { To::Convert(Op::Zext, m.a()) })
    };
    branch_on_test: Branch => |m| {
        let inner = m.made_by(m.a(), Op::Icmp)?;
        if !inner.ty.is_int() || inner.kb()? != 0 {
            return None;
        }
        match inner.int_cc() {
            IntCc::Ne => Some(To::First(inner.a())),
            IntCc::Eq => Some(To::SwapEdges(inner.a())),
            _ => None,
        }
    };
    check_on_test: TrapIf | Guard => |m| {
        let inner = m.made_by(m.a(), Op::Icmp)?;
        when(inner.ty.is_int() && inner.kb()? == 0 && inner.int_cc() == IntCc::Ne, To::First(inner.a()))
    };
    condition_extended: Branch | TrapIf | Guard | Select => |m| {
        let inner = m.made_by(m.a(), Op::Zext).or_else(|| m.made_by(m.a(), Op::Sext))?;
        Some(To::First(inner.a()))
    };

    // Conversions
    extend_twice: Sext | Zext => |m| Some(To::Convert(m.op, m.made_by(m.a(), m.op)?.a()));
    sign_of_zero_extended: Sext => |m| Some(To::Convert(Op::Zext, m.made_by(m.a(), Op::Zext)?.a()));
    narrow_twice: Narrow => |m| Some(To::Convert(Op::Narrow, m.made_by(m.a(), Op::Narrow)?.a()));
    narrow_of_extended: Narrow => |m| {
        let inner = m.made_by(m.a(), Op::Zext).or_else(|| m.made_by(m.a(), Op::Sext))?;
        let from = m.type_of(inner.a());
        match from.bits() {
            bits if bits == m.ty.bits() => Some(To::Value(inner.a())),
            bits if bits > m.ty.bits() => Some(To::Convert(Op::Narrow, inner.a())),
            _ => Some(To::Convert(inner.op, inner.a())),
        }
    };
    narrow_of_mask: Narrow => |m| {
        let inner = m.made_by(m.a(), Op::Band)?;
        when(inner.kb()? as u64 & m.ty.lane_mask() == m.ty.lane_mask(), To::First(inner.a()))
    };
    bitcast_twice: Bitcast => |m| {
        let inner = m.made_by(m.a(), Op::Bitcast)?;
        Some(if m.type_of(inner.a()) == m.ty { To::Value(inner.a()) } else { To::Convert(Op::Bitcast, inner.a()) })
    };
    bitcast_to_itself: Bitcast => |m| when(m.type_of(m.a()) == m.ty, To::Value(m.a()));
    demote_promoted: Fdemote => |m| Some(To::Value(m.made_by(m.a(), Op::Fpromote)?.a()));
    // An i32 survives the way through f64
    int_through_float: FloatToInt32Wrap | FloatToSintSat | FloatToSintTrap => |m| {
        let inner = m.made_by(m.a(), Op::SintToFloat)?;
        let from = m.type_of(inner.a());
        when(m.ty == Type::I32 && from == Type::I32 && inner.ty == Type::F64, To::Value(inner.a()))
    };
    canonical_already: Fcanon => |m| {
        let value = m.a();
        let made = [Op::Fcanon, Op::SintToFloat, Op::UintToFloat].iter().any(|&op| m.made_by(value, op).is_some());
        when(made, To::Value(value))
    };

    // Floats
    add_negative_zero: Fadd => |m| {
        let k = m.fb()?;
        let neutral = k == 0.0 && (k.is_sign_negative() || seeded(Bug::FoldAddsZeroFloat));
        when(neutral, To::Value(m.a()))
    };
    subtract_positive_zero: Fsub => |m| {
        let k = m.fb()?;
        when(k == 0.0 && k.is_sign_positive(), To::Value(m.a()))
    };
    float_one_is_neutral: Fmul | Fdiv => |m| when(m.fb()? == 1.0, To::Value(m.a()));
    float_negate_by_product: Fmul | Fdiv => |m| when(m.fb()? == -1.0, To::Un(Op::Fneg, m.a()));
    add_negated: Fadd => |m| Some(To::Bin(Op::Fsub, m.a(), m.made_by(m.b(), Op::Fneg)?.a()));
    subtract_negated: Fsub => |m| Some(To::Bin(Op::Fadd, m.a(), m.made_by(m.b(), Op::Fneg)?.a()));
    // The reciprocal of a power of two is exact
    divide_by_power: Fdiv => |m| {
        let k = m.fb()?;
        let (mantissa, limit) = if m.ty == Type::F32 { (0x7f_ffff, 100) } else { (0xf_ffff_ffff_ffff, 1000) };
        let bits = if m.ty == Type::F32 { (k as f32).to_bits() as u64 } else { k.to_bits() };
        let in_range = k.is_normal() && k.abs().log2().abs() < limit as f64;
        when(m.is_scalar() && in_range && bits & mantissa == 0, To::BinF(Op::Fmul, m.a(), 1.0 / k))
    };
    absolute_value: Fabs => |m| {
        let inner = m.made_by(m.a(), Op::Fneg).or_else(|| m.made_by(m.a(), Op::Fabs))?;
        Some(To::Un(Op::Fabs, inner.a()))
    };
    round_integer: Ffloor | Fceil | Ftrunc | Fnearest | FroundJs => |m| {
        let whole = [Op::SintToFloat, Op::UintToFloat, Op::Ffloor, Op::Fceil, Op::Ftrunc, Op::Fnearest, Op::FroundJs];
        when(whole.iter().any(|&op| m.made_by(m.a(), op).is_some()), To::Value(m.a()))
    };

    // Addresses
    address_plus_nothing: PtrAdd => |m| when(m.imm == 0 && m.type_of(m.a()) == Type::PTR, To::Value(m.a()));
    address_of_address: PtrAdd => |m| {
        let inner = m.made_by(m.a(), Op::PtrAdd)?;
        Some(To::Rebase(inner.a(), small_sum(m.imm, inner.imm)?))
    };
    access_of_address: Load | Store => |m| {
        let inner = m.made_by(m.a(), Op::PtrAdd)?;
        Some(To::Rebase(inner.a(), small_sum(m.imm, inner.imm)?))
    };
    address_of_index: PtrAdd => |m| {
        let inner = m.made_by(m.a(), Op::PtrIndex)?;
        Some(To::PtrIndex(inner.a(), inner.b(), inner.aux, small_sum(m.imm, inner.imm)?))
    };
    index_of_address: PtrIndex => |m| {
        let inner = m.made_by(m.a(), Op::PtrAdd)?;
        Some(To::PtrIndex(inner.a(), m.b(), m.aux, small_sum(m.imm, inner.imm)?))
    };
    index_is_constant: PtrIndex => |m| {
        let k = m.kb()?;
        let bytes = k.checked_mul(1 << m.aux)?;
        Some(To::PtrAdd(m.a(), small_sum(m.imm, bytes)?))
    };
    index_is_sum: PtrIndex => |m| {
        let inner = m.made_by(m.b(), Op::Iadd)?;
        let bytes = inner.kb()?.checked_mul(1 << m.aux)?;
        Some(To::PtrIndex(m.a(), inner.a(), m.aux, small_sum(m.imm, bytes)?))
    };
    index_is_shifted: PtrIndex => |m| {
        let inner = m.made_by(m.b(), Op::Ishl)?;
        let scale = inner.kb()?;
        when((0..=3 - m.aux as i64).contains(&scale), To::PtrIndex(m.a(), inner.a(), m.aux + scale as u16, m.imm))
    };

    // Vectors
    lane_of_splat: Extract => |m| Some(To::Value(m.made_by(m.a(), Op::Splat)?.a()));
    blend_of_same: Vblend => |m| when(m.b() == m.c(), To::Value(m.b()));
}

/// A shift count that is already in range.
fn counted(m: &Match, k: i64) -> Option<i64> {
    when((0..m.bits()).contains(&k), k)
}

/// A sum of offsets that fits an offset.
fn small_sum(a: i64, b: i64) -> Option<i64> {
    let sum = a.checked_add(b)?;
    when(sum == sum as i32 as i64, sum)
}

fn is_comparison(m: &Match, value: Value) -> bool {
    [Op::Icmp, Op::Fcmp].iter().any(|&op| m.made_by(value, op).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_names_of_their_own() {
        let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn offsets_stay_in_range() {
        assert_eq!(small_sum(i32::MAX as i64, 1), None);
        assert_eq!(small_sum(i64::MAX, 1), None);
        assert_eq!(small_sum(-8, 16), Some(8));
    }
}
