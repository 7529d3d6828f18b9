//! One random op from the table, with operands that suit it.

use super::body::Body;
use crate::entity::Value;
use crate::function::InstSpec;
use crate::imm::*;
use crate::ops::{Effects, ImmKind, Op, Operand};
use crate::types::Type;

/// An instruction that may be made again: what value numbering looks for.
#[derive(Clone, Debug)]
pub struct Repeat {
    op: Op,
    ty: Type,
    args: Vec<Value>,
    imm: i64,
    aux: u16,
}

/// Ops that are taken from the table; the others need a context, which statements make.
pub fn is_plain(op: Op) -> bool {
    let blocked = Effects::READS.with(Effects::WRITES).with(Effects::CALLS).with(Effects::TERMINATES);
    op < Op::JsConst
        && !op.effects().any(blocked.with(Effects::EXITS).with(Effects::SAFEPOINT))
        && !matches!(op, Op::SlotAddr | Op::FuncAddr | Op::TrapIf)
}

const GUARDED: [Op; 3] = [Op::SaddGuard, Op::SsubGuard, Op::SmulGuard];

impl Body<'_> {
    /// Appends a random op and adds its results to the values in scope.
    pub fn random_op(&mut self) {
        if self.rng.chance(12) && !self.repeats.is_empty() {
            let again = self.rng.pick(&self.repeats).clone();
            let Repeat { op, ty, ref args, imm, aux } = again;
            let mut args = args.clone();
            if op.effects().has(Effects::COMMUTES) && self.rng.chance(40) {
                args.swap(0, 1);
            }
            self.add(InstSpec { op, ty, args: &args, imm, aux, frame: None });
            return;
        }
        let op = if self.context.config.guards && self.rng.chance(3) {
            *self.rng.pick(&GUARDED)
        } else {
            *self.rng.pick(&self.plain_ops)
        };
        let types: Vec<Type> = op.info().types.iter().filter(|&ty| self.admits(ty)).collect();
        if types.is_empty() && !op.info().types.is_empty() {
            return;
        }
        // Scalars more often than vectors, though there are fewer of them.
        let scalars: Vec<Type> = types.iter().copied().filter(|ty| !ty.is_vector()).collect();
        let ty = match () {
            _ if types.is_empty() => Type::VOID,
            _ if !scalars.is_empty() && self.rng.chance(85) => *self.rng.pick(&scalars),
            _ => *self.rng.pick(&types),
        };
        self.op_of_type(op, ty);
    }

    fn admits(&self, ty: Type) -> bool {
        !ty.is_vector() || ty.bits() <= self.context.config.vector_bits
    }

    fn op_of_type(&mut self, op: Op, ty: Type) {
        let mut args = Vec::new();
        for (position, &operand) in op.info().operands.iter().enumerate() {
            let wanted = self.operand_type(op, operand, ty);
            let value = self.operand(op, position, wanted);
            args.push(value);
        }
        let (imm, aux) = self.immediate(op, ty);
        let frame = op.effects().has(Effects::NEEDS_FRAME).then(|| self.frame_state());
        self.add(InstSpec { op, ty, args: &args, imm, aux, frame });
        if frame.is_none() && self.repeats.len() < 4_000 {
            self.repeats.push(Repeat { op, ty, args, imm, aux });
        }
    }

    fn operand_type(&mut self, op: Op, operand: Operand, ty: Type) -> Type {
        let narrower = [Type::I8, Type::I16, Type::I32, Type::I64];
        match operand {
            Operand::AnyInt => {
                let fits: Vec<Type> = narrower
                    .into_iter()
                    .filter(|from| match op {
                        Op::Sext | Op::Zext => from.bits() < ty.bits(),
                        Op::Narrow => from.bits() > ty.bits(),
                        _ => from.bits() >= 32,
                    })
                    .collect();
                *self.rng.pick(&fits)
            }
            Operand::Cond => *self.rng.pick(&[Type::I8, Type::I8, Type::I8, Type::I32, Type::I64]),
            Operand::AnyFloat => *self.rng.pick(&[Type::F32, Type::F64, Type::F64]),
            Operand::SameWidth if ty.bits() == 32 => *self.rng.pick(&[Type::I32, Type::F32]),
            Operand::SameWidth => *self.rng.pick(&[Type::I64, Type::F64, Type::TAGGED, Type::PTR]),
            Operand::Addr => Type::PTR,
            _ => crate::function::result_type(operand, ty),
        }
    }

    /// A value for an operand. Operands that could trap are made harmless most of the time.
    fn operand(&mut self, op: Op, position: usize, ty: Type) -> Value {
        let value = self.value_of(ty);
        match op {
            Op::Sdiv | Op::Udiv | Op::Srem | Op::Urem if position == 1 && self.rng.chance(98) => {
                match self.rng.below(3) {
                    0 => {
                        let divisor = *self.rng.pick(&[1, 2, 3, 5, 7, 8, 10, 12, 64, 100, -3]);
                        self.b.iconst(ty, divisor)
                    }
                    _ => {
                        // Odd and positive: neither 0 nor -1.
                        let mask = self.b.iconst(ty, 0x3f);
                        let low = self.b.binary(Op::Band, value, mask);
                        let one = self.b.iconst(ty, 1);
                        self.b.binary(Op::Bor, low, one)
                    }
                }
            }
            Op::SaddTrap | Op::SsubTrap | Op::SmulTrap | Op::SaddGuard | Op::SsubGuard | Op::SmulGuard
                if self.rng.chance(97) =>
            {
                let mask = *self.rng.pick(&[0xff, 0x7fff, 0xfff]);
                let mask = self.b.iconst(ty, mask);
                self.b.binary(Op::Band, value, mask)
            }
            Op::FloatToSintTrap if self.rng.chance(98) => {
                let small = self.small_int(0xffff);
                let small = self.b.convert(Op::SintToFloat, ty, small);
                let eighth = self.float_constant(ty, 0.125);
                self.b.binary(Op::Fmul, small, eighth)
            }
            // A NaN's bits must not show.
            Op::Bitcast if ty.is_float() => self.b.unary(Op::Fcanon, value),
            Op::Fcopysign if position == 1 => self.b.unary(Op::Fcanon, value),
            _ => value,
        }
    }

    /// An `i32` from 0 to `mask`.
    pub fn small_int(&mut self, mask: i64) -> Value {
        let value = self.value_of(Type::I32);
        let mask = self.b.iconst(Type::I32, mask);
        self.b.binary(Op::Band, value, mask)
    }

    pub fn float_constant(&mut self, ty: Type, value: f64) -> Value {
        if ty == Type::F32 { self.b.f32const(value as f32) } else { self.b.f64const(value) }
    }

    fn immediate(&mut self, op: Op, ty: Type) -> (i64, u16) {
        let rng = &mut self.rng;
        match op.info().imm {
            ImmKind::Int => (rng.interesting_int(ty), 0),
            ImmKind::Float => (rng.interesting_float(ty) as i64, 0),
            ImmKind::IntCc => (0, rng.below(IntCc::ALL.len()) as u16),
            ImmKind::FloatCc => (0, rng.below(FloatCc::ALL.len()) as u16),
            ImmKind::Trap => (0, *rng.pick(&[TrapCode::Overflow, TrapCode::User0, TrapCode::User1]) as u16),
            ImmKind::Reduce => (0, rng.below(ReduceOp::ALL.len()) as u16),
            ImmKind::Lane => (rng.below(ty.lanes() as usize) as i64, 0),
            ImmKind::Offset => (rng.below(64) as i64 * 8 - 128, 0),
            ImmKind::Scaled => (rng.below(64) as i64 * 8 - 128, rng.below(4) as u16),
            _ => (0, 0),
        }
    }

    /// Appends an instruction; its results come into scope.
    pub fn add(&mut self, spec: InstSpec) {
        let inst = self.b.inst(spec);
        for value in self.b.func().results(inst) {
            self.bring(value);
        }
    }
}
