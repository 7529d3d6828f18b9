use super::*;

fn run(op: Op, ty: Type, args: &[u64]) -> Result<(u64, u64), Stop> {
    eval_scalar(&EvalOp { op, ty, from: ty, aux: 0, imm: 0 }, args)
}

fn int(op: Op, ty: Type, args: &[i64]) -> i64 {
    let bits: Vec<u64> = args.iter().map(|&arg| arg as u64 & ty.lane_mask()).collect();
    signed(run(op, ty, &bits).unwrap().0, ty)
}

fn f64_op(op: Op, args: &[f64]) -> f64 {
    let bits: Vec<u64> = args.iter().map(|arg| arg.to_bits()).collect();
    f64::from_bits(run(op, Type::F64, &bits).unwrap().0)
}

#[test]
fn integers_wrap() {
    assert_eq!(int(Op::Iadd, Type::I8, &[127, 1]), -128);
    assert_eq!(int(Op::Imul, Type::I32, &[1 << 20, 1 << 12]), 0);
    assert_eq!(int(Op::SmulHi, Type::I32, &[-1, 1]), -1);
    assert_eq!(int(Op::UmulHi, Type::I64, &[-1, -1]), -2);
    assert_eq!(int(Op::Sshr, Type::I16, &[-4, 17]), -2);
    assert_eq!(int(Op::Rotl, Type::I8, &[0x81u8 as i8 as i64, 1]), 3);
    assert_eq!(int(Op::Rotr, Type::I32, &[1, 0]), 1);
    assert_eq!(int(Op::Clz, Type::I8, &[1]), 7);
    assert_eq!(int(Op::Ctz, Type::I16, &[0]), 16);
    assert_eq!(int(Op::Bswap, Type::I16, &[0x0102]), 0x0201);
}

#[test]
fn division_traps() {
    let min = 1 << 31;
    assert_eq!(run(Op::Sdiv, Type::I32, &[1, 0]), Err(Stop::Trap(TrapCode::DivideByZero)));
    assert_eq!(run(Op::Sdiv, Type::I32, &[min, 0xffff_ffff]), Err(Stop::Trap(TrapCode::Overflow)));
    assert_eq!(run(Op::Srem, Type::I32, &[min, 0xffff_ffff]), Ok((0, 0)));
    assert_eq!(int(Op::Sdiv, Type::I8, &[-7, 2]), -3);
    assert_eq!(int(Op::Srem, Type::I8, &[-7, 2]), -1);
}

#[test]
fn overflow_is_noticed_at_the_width_of_the_type() {
    assert_eq!(run(Op::SaddOverflow, Type::I32, &[0x7fff_ffff, 1]), Ok((0x8000_0000, 1)));
    assert_eq!(run(Op::SaddOverflow, Type::I64, &[0x7fff_ffff, 1]), Ok((0x8000_0000, 0)));
    assert_eq!(run(Op::UaddOverflow, Type::I64, &[u64::MAX, 1]), Ok((0, 1)));
    assert_eq!(run(Op::UsubOverflow, Type::I32, &[0, 1]), Ok((0xffff_ffff, 1)));
    assert_eq!(run(Op::SmulGuard, Type::I64, &[1 << 62, 2]), Err(Stop::Exit));
}

#[test]
fn minimum_and_maximum_differ_in_nan_only() {
    let nan = f64::NAN;
    assert!(f64_op(Op::FminJs, &[nan, 1.0]).is_nan() && f64_op(Op::FmaxJs, &[1.0, nan]).is_nan());
    assert_eq!(f64_op(Op::FminNum, &[nan, 1.0]), 1.0);
    assert_eq!(f64_op(Op::FmaxNum, &[1.0, nan]), 1.0);
    for (min, max) in [(Op::FminJs, Op::FmaxJs), (Op::FminNum, Op::FmaxNum)] {
        assert!(f64_op(min, &[0.0, -0.0]).is_sign_negative() && f64_op(min, &[-0.0, 0.0]).is_sign_negative());
        assert!(f64_op(max, &[0.0, -0.0]).is_sign_positive() && f64_op(max, &[-0.0, 0.0]).is_sign_positive());
    }
}

#[test]
fn rounding_as_in_javascript() {
    for (x, expected) in [
        (0.5, 1.0),
        (-0.5, -0.0),
        (2.5, 3.0),
        (-2.5, -2.0),
        (0.49999999999999994, 0.0),
        (4503599627370495.5, 4503599627370496.0),
    ] {
        assert_eq!(round_js(x).to_bits(), f64::to_bits(expected), "{x}");
        assert_eq!(f64_op(Op::FroundJs, &[x]).to_bits(), f64::to_bits(expected), "{x}");
    }
    assert_eq!(f64_op(Op::Fnearest, &[2.5]), 2.0);
    assert!(round_js(f64::NAN).is_nan());
    assert_eq!(round_js(f64::NEG_INFINITY), f64::NEG_INFINITY);
}

#[test]
fn to_int32_is_modular() {
    for (x, expected) in [
        (0.0, 0),
        (-1.9, -1),
        (4294967295.0, -1),
        (2147483648.0, i32::MIN),
        (-2147483649.0, i32::MAX),
        (6442450944.7, i32::MIN),
        (9007199254740991.0, -1),
        (1e300, 0),
        (f64::NAN, 0),
        (f64::INFINITY, 0),
        (36893488147419103232.0 + 8192.0, 8192),
    ] {
        assert_eq!(to_int32(x), expected, "{x}");
    }
}

#[test]
fn conversions_saturate_or_trap() {
    let convert = |op, ty, x: f64| eval_scalar(&EvalOp { op, ty, from: Type::F64, aux: 0, imm: 0 }, &[x.to_bits()]);
    assert_eq!(convert(Op::FloatToSintSat, Type::I32, 1e10), Ok((0x7fff_ffff, 0)));
    assert_eq!(convert(Op::FloatToUintSat, Type::I32, -1.0), Ok((0, 0)));
    assert_eq!(convert(Op::FloatToUintSat, Type::I64, 1e30), Ok((u64::MAX, 0)));
    assert_eq!(convert(Op::FloatToSintSat, Type::I64, f64::NAN), Ok((0, 0)));
    assert_eq!(convert(Op::FloatToSintTrap, Type::I32, -2147483648.9), Ok((0x8000_0000, 0)));
    let bad = Err(Stop::Trap(TrapCode::BadConversion));
    assert_eq!(convert(Op::FloatToSintTrap, Type::I32, 2147483648.0), bad);
    assert_eq!(convert(Op::FloatToSintTrap, Type::I64, 9223372036854775808.0), bad);
    assert_eq!(convert(Op::FloatToSintTrap, Type::I64, f64::NAN), bad);
}

#[test]
fn vectors_work_lane_by_lane() {
    let ty = Type::I16.vector(128).unwrap();
    let what = |op, aux, imm| EvalOp { op, ty, from: ty, aux, imm };
    let a = [0x0004_0003_0002_ffff, 5, 0, 0, 0, 0, 0, 0];
    let sum = eval_vector(&what(Op::Iadd, 0, 0), &[&a, &a]);
    assert_eq!(sum[..2], [0x0008_0006_0004_fffe, 10]);
    assert_eq!(eval_vector(&what(Op::Extract, 0, 3), &[&a])[0], 4);
    let less = eval_vector(&what(Op::Vicmp, crate::IntCc::Slt as u16, 0), &[&a, &[0; 8]]);
    assert_eq!(less[..2], [0xffff, 0]);
    assert_eq!(eval_vector(&what(Op::VmaskBits, 0, 0), &[&a])[0], 1);
    assert_eq!(eval_vector(&what(Op::Vreduce, ReduceOp::Smin as u16, 0), &[&a])[0], 0xffff);
    assert_eq!(eval_vector(&what(Op::Vblend, 0, 0), &[&less, &[0; 8], &a])[..2], [0x0004_0003_0002_0000, 5]);
}

use crate::ReduceOp;
