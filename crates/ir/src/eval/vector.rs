//! Vector ops, lane by lane, on top of the scalar ones.

use super::{EvalOp, compare_float, compare_int, eval_scalar, float, signed};
use crate::imm::ReduceOp;
use crate::ops::Op;
use crate::types::Type;

/// A value of any type: scalars in the first word, vectors with lane 0 lowest.
pub type VectorWords = [u64; 8];

/// Lane `index` of a vector whose lanes have the width of `lane`.
#[inline]
pub fn get_lane(words: &[u64], lane: Type, index: u32) -> u64 {
    let bit = index * lane.bits();
    words[(bit / 64) as usize] >> (bit % 64) & lane.lane_mask()
}

/// Sets lane `index`.
#[inline]
pub fn set_lane(words: &mut [u64], lane: Type, index: u32, value: u64) {
    let bit = index * lane.bits();
    let word = &mut words[(bit / 64) as usize];
    *word = *word & !(lane.lane_mask() << (bit % 64)) | (value & lane.lane_mask()) << (bit % 64);
}

/// The result of an op whose controlling type is a vector. Scalar operands and results are in the first word.
///
/// # Panics
/// If the op is not one on vectors, or operands are missing.
pub fn eval_vector(what: &EvalOp, args: &[&[u64]]) -> VectorWords {
    let EvalOp { op, ty, aux, imm, .. } = *what;
    let lane = ty.lane();
    let lanes = ty.lanes();
    let mut out = [0; 8];
    let mut each = |f: &dyn Fn(u32) -> u64| {
        for index in 0..lanes {
            set_lane(&mut out, lane, index, f(index));
        }
    };
    let ones = lane.lane_mask();
    match op {
        Op::Select => {
            let chosen = if args[0][0] != 0 { args[1] } else { args[2] };
            let words = ty.bits() as usize / 64;
            out[..words].copy_from_slice(&chosen[..words]);
        }
        Op::Splat => each(&|_| args[0][0]),
        Op::Extract => out[0] = get_lane(args[0], lane, imm as u32),
        Op::Insert => each(&|index| {
            if index == imm as u32 { args[1][0] } else { get_lane(args[0], lane, index) }
        }),
        Op::Vicmp => {
            let cc = crate::IntCc::from_code(aux);
            each(&|index| {
                let (a, b) = (get_lane(args[0], lane, index), get_lane(args[1], lane, index));
                if compare_int(cc, a, b, lane) { ones } else { 0 }
            });
        }
        Op::Vfcmp => {
            let cc = crate::FloatCc::from_code(aux);
            each(&|index| {
                let (a, b) = (get_lane(args[0], lane, index), get_lane(args[1], lane, index));
                if compare_float(cc, float::load(a, lane), float::load(b, lane)) { ones } else { 0 }
            });
        }
        Op::Vblend => each(&|index| {
            let top = get_lane(args[0], lane, index) >> (lane.bits() - 1);
            get_lane(args[if top != 0 { 1 } else { 2 }], lane, index)
        }),
        // Counts are taken modulo the lane width, as everywhere.
        Op::Vshl | Op::Vushr | Op::Vsshr => {
            let op = match op {
                Op::Vshl => Op::Ishl,
                Op::Vushr => Op::Ushr,
                _ => Op::Sshr,
            };
            each(&|index| super::shift(op, lane, get_lane(args[0], lane, index), args[1][0]));
        }
        Op::Vreduce => {
            let reduce = ReduceOp::from_code(aux);
            let all = (0..lanes).map(|index| get_lane(args[0], lane, index));
            let combine = |a: u64, b: u64| match reduce {
                ReduceOp::Add => a.wrapping_add(b) & ones,
                ReduceOp::And => a & b,
                ReduceOp::Or => a | b,
                ReduceOp::Xor => a ^ b,
                ReduceOp::Smin => std::cmp::min_by_key(a, b, |&x| signed(x, lane)),
                ReduceOp::Smax => std::cmp::max_by_key(a, b, |&x| signed(x, lane)),
                ReduceOp::Umin => a.min(b),
                ReduceOp::Umax => a.max(b),
            };
            out[0] = all.reduce(combine).unwrap_or(0);
        }
        Op::VmaskBits => {
            for index in 0..lanes {
                out[0] |= (get_lane(args[0], lane, index) >> (lane.bits() - 1)) << index;
            }
        }
        _ => {
            let scalar = EvalOp { op, ty: lane, from: lane, aux, imm };
            each(&|index| {
                let mut lane_args = [0; 3];
                for (slot, words) in lane_args.iter_mut().zip(args) {
                    *slot = get_lane(words, lane, index);
                }
                let result = eval_scalar(&scalar, &lane_args[..args.len()]);
                result.expect("lane-wise ops neither trap nor exit").0
            });
        }
    }
    out
}
