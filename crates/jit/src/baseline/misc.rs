//! The table of the compiler: which code each op gets. And the short ops: moves, checks, scopes, globals, iteration, switches.

use super::compare::{Nullish, Relation, Right};
use super::emit::Emit;
use super::facts::Fact;
use super::number::{Arith, Bits};
use super::{Compiler, TAG, allocate, vm};
use crate::stubs::shared;
use crate::symbols;
use tercel_asm::Label;
use tercel_asm::x64::{Chain, Cond, Mem, Reg, Run, Scale, Size, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Dst, Slot, U16, instr};
use tercel_vm::feedback::Loc;
use tercel_vm::interp::globals::{binding, cached};
use tercel_vm::layout::{context, elements, header, object, scope, site};
use tercel_vm::realm::RealmShape;
use tercel_vm::{Kind, Value, frame};

impl<'a> Compiler<'a> {
    /// The code of one instruction.
    pub fn op(&mut self, op: Op) {
        macro_rules! arith {
            ($op:ident, $kind:ident) => {{
                let i: instr::$op = self.decode();
                self.arith(op, Arith::$kind, i.dst.0, i.a.0, self.right(i.b), i.slot)
            }};
            ($op:ident, $kind:ident, imm) => {{
                let i: instr::$op = self.decode();
                self.arith(op, Arith::$kind, i.dst.0, i.a.0, Right::Immediate(i.imm.0), i.slot)
            }};
        }
        macro_rules! bits {
            ($op:ident, $kind:ident) => {{
                let i: instr::$op = self.decode();
                self.bits(op, Bits::$kind, i.dst.0, i.a.0, self.right(i.b))
            }};
            ($op:ident, $kind:ident, imm) => {{
                let i: instr::$op = self.decode();
                self.bits(op, Bits::$kind, i.dst.0, i.a.0, Right::Immediate(i.imm.0))
            }};
        }
        macro_rules! compare {
            ($op:ident, $relation:ident, $negated:literal) => {{
                let i: instr::$op = self.decode();
                self.compare(op, Relation::$relation, $negated, i.dst, i.a, i.b, i.slot)
            }};
        }
        macro_rules! jump {
            ($op:ident, $relation:ident, $wanted:literal) => {{
                let i: instr::$op = self.decode();
                self.compare_jump(op, Relation::$relation, $wanted, i.a, self.right(i.b), i.target, i.slot)
            }};
            ($op:ident, $relation:ident, $wanted:literal, imm) => {{
                let i: instr::$op = self.decode();
                self.compare_jump(op, Relation::$relation, $wanted, i.a, Right::Immediate(i.imm.0), i.target, i.slot)
            }};
        }
        macro_rules! jump_nullish {
            ($op:ident, $which:ident, $wanted:literal) => {{
                let i: instr::$op = self.decode();
                self.jump_if_nullish(i.a, i.target, Nullish::$which, $wanted)
            }};
        }
        match op {
            Op::Move => {
                let i: instr::Move = self.decode();
                let in_rax = self.is_in_rax(i.src.0);
                self.asm.run(|run| run.load_or_keep(Reg::RAX, i.src.0, in_rax));
                self.store_and_keep(i.dst.0);
                let fact = self.facts.get(i.src.0);
                self.facts.set(i.dst.0, fact);
            }
            Op::LoadUndefined => self.load_immediate(self.decode::<instr::LoadUndefined>().dst, Value::UNDEFINED),
            Op::LoadNull => self.load_immediate(self.decode::<instr::LoadNull>().dst, Value::NULL),
            Op::LoadTrue => self.load_immediate(self.decode::<instr::LoadTrue>().dst, Value::TRUE),
            Op::LoadFalse => self.load_immediate(self.decode::<instr::LoadFalse>().dst, Value::FALSE),
            Op::LoadEmpty => self.load_immediate(self.decode::<instr::LoadEmpty>().dst, Value::EMPTY),
            Op::LoadInt => {
                let i: instr::LoadInt = self.decode();
                self.load_int32(i.dst.0, i32::from(i.value.0));
            }
            Op::LoadInt32 => {
                let i: instr::LoadInt32 = self.decode();
                self.load_int32(i.dst.0, i.value.0);
            }
            Op::LoadConst => self.load_const(),

            Op::CheckTdz => {
                let i: instr::CheckTdz = self.decode();
                self.throw_if_empty(op, i.src.0, true);
            }
            Op::CheckThis => {
                let i: instr::CheckThis = self.decode();
                self.throw_if_empty(op, i.src.0, true);
            }
            Op::CheckThisUnbound => {
                let i: instr::CheckThisUnbound = self.decode();
                self.throw_if_empty(op, i.src.0, false);
            }
            Op::CheckObject => {
                let i: instr::CheckObject = self.decode();
                let done = self.asm.new_label();
                let slow = self.slow_op(op, done);
                self.load(Reg::RAX, i.src.0);
                self.check_object(Reg::RAX, slow);
                self.asm.bind(done);
            }
            Op::CheckCoercible => {
                let i: instr::CheckCoercible = self.decode();
                let done = self.asm.new_label();
                let slow = self.slow_op(op, done);
                self.load(Reg::RAX, i.src.0);
                self.asm.and(Size::S64, Reg::RAX, !8);
                self.asm.cmp(Size::S64, Reg::RAX, Value::NULL.bits() as i32);
                self.asm.je(slow);
                self.asm.bind(done);
            }

            Op::LoadScoped => {
                let i: instr::LoadScoped = self.decode();
                let (in_rax, depth) = self.near_scope(i.scope.0, i.depth);
                self.asm.run(|run| {
                    run.load_or_keep(Reg::RAX, i.scope.0, in_rax);
                    scope_above(run, depth);
                    run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, slot_of_scope(i.index));
                });
                self.store_and_keep(i.dst.0);
                self.facts.forget(i.dst.0);
            }
            Op::LoadScopedChecked => {
                let i: instr::LoadScopedChecked = self.decode();
                let (in_rax, depth) = self.near_scope(i.scope.0, i.depth);
                let mut slow = Chain::NONE;
                self.asm.run(|run| {
                    run.load_or_keep(Reg::RAX, i.scope.0, in_rax);
                    scope_above(run, depth);
                    run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, slot_of_scope(i.index));
                    run.rr(Size::S64, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
                    run.jcc(Cond::E, &mut slow);
                });
                self.whole_behind(op, slow);
                self.store_and_keep(i.dst.0);
                self.facts.forget(i.dst.0);
            }
            Op::StoreScoped => {
                let i: instr::StoreScoped = self.decode();
                self.store_scoped(op, i.scope.0, i.depth, i.index, i.src.0, false);
            }
            Op::StoreScopedChecked => {
                let i: instr::StoreScopedChecked = self.decode();
                self.store_scoped(op, i.scope.0, i.depth, i.index, i.src.0, true);
            }

            Op::GetGlobal => self.get_global(),
            Op::SetGlobal => self.set_global(),

            Op::GetNamed => self.get_named(),
            Op::GetLength => self.get_length(),
            Op::GetMethod => self.get_method(),
            Op::In => {
                let i: instr::In = self.decode();
                self.by_stubs(op, i.dst.0, i.obj.0, i.key.0, i.slot);
            }
            Op::InstanceOf => {
                let i: instr::InstanceOf = self.decode();
                self.by_stubs(op, i.dst.0, i.b.0, i.a.0, i.slot);
            }
            Op::HasPrivate => {
                let i: instr::HasPrivate = self.decode();
                self.by_stubs(op, i.dst.0, i.obj.0, i.key.0, i.slot);
            }
            Op::DeleteNamed => {
                let i: instr::DeleteNamed = self.decode();
                self.delete(op, i.dst.0, i.obj.0, None, i.slot);
            }
            Op::DeleteElem => {
                let i: instr::DeleteElem = self.decode();
                self.delete(op, i.dst.0, i.obj.0, Some(i.key.0), i.slot);
            }
            Op::GetSuper => self.get_super(),
            Op::SetSuper => self.set_super(),
            Op::GetSuperBase => {
                let i: instr::GetSuperBase = self.decode();
                self.prototype_of(op, i.dst.0, i.home.0);
            }
            Op::GetSuperConstructor => {
                let i: instr::GetSuperConstructor = self.decode();
                self.prototype_of(op, i.dst.0, i.func.0);
            }
            Op::SetNamed => self.set_named(),
            Op::GetPrivate => self.get_private(),
            Op::SetPrivate => self.set_private(),
            Op::GetElem => self.get_elem(),
            Op::GetElemUpdate => self.get_elem_update(),
            Op::GetMethodElem => self.get_method_elem(),
            Op::SetElem => self.set_elem(),
            Op::LoadHomeObject => {
                let i: instr::LoadHomeObject = self.decode();
                self.load(Reg::RAX, frame::CALLEE as u16);
                self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::FUNCTION_HOME));
                self.store(i.dst.0, Reg::RAX);
                self.facts.forget(i.dst.0);
            }

            Op::ToNumeric => {
                let i: instr::ToNumeric = self.decode();
                self.to_number(op, i.dst.0, i.src.0);
            }
            Op::ToNumber => {
                let i: instr::ToNumber = self.decode();
                self.to_number(op, i.dst.0, i.src.0);
            }
            Op::ToString => {
                let i: instr::ToString = self.decode();
                let done = self.asm.new_label();
                let slow = self.slow_op(op, done);
                self.load(Reg::RAX, i.src.0);
                self.check_cell(Reg::RAX, slow);
                self.asm.movzx(Size::S32, Size::S8, Reg::RCX, Mem::base(Reg::RAX, header::KIND));
                self.asm.sub(Size::S32, Reg::RCX, Kind::StringFlat as i32);
                self.asm.cmp(Size::S32, Reg::RCX, Kind::StringSlice as i32 - Kind::StringFlat as i32);
                self.asm.ja(slow);
                self.finish_with(i.dst.0, done);
                self.facts.forget(i.dst.0);
            }
            Op::CoerceThis => {
                let i: instr::CoerceThis = self.decode();
                let done = self.asm.new_label();
                let slow = self.slow_op(op, done);
                self.load(Reg::RAX, i.src.0);
                self.check_object(Reg::RAX, slow);
                self.finish_with(i.dst.0, done);
                self.facts.forget(i.dst.0);
            }

            Op::Add => arith!(Add, Add),
            Op::Sub => arith!(Sub, Sub),
            Op::Mul => arith!(Mul, Mul),
            Op::Div => arith!(Div, Div),
            Op::Mod => arith!(Mod, Mod),
            Op::AddImm => arith!(AddImm, Add, imm),
            Op::SubImm => arith!(SubImm, Sub, imm),
            Op::MulImm => arith!(MulImm, Mul, imm),
            Op::DivImm => arith!(DivImm, Div, imm),
            Op::ModImm => arith!(ModImm, Mod, imm),
            Op::BitAnd => bits!(BitAnd, And),
            Op::BitOr => bits!(BitOr, Or),
            Op::BitXor => bits!(BitXor, Xor),
            Op::Shl => bits!(Shl, Shl),
            Op::Shr => bits!(Shr, Shr),
            Op::UShr => bits!(UShr, UShr),
            Op::BitAndImm => bits!(BitAndImm, And, imm),
            Op::BitOrImm => bits!(BitOrImm, Or, imm),
            Op::BitXorImm => bits!(BitXorImm, Xor, imm),
            Op::ShlImm => bits!(ShlImm, Shl, imm),
            Op::ShrImm => bits!(ShrImm, Shr, imm),
            Op::UShrImm => bits!(UShrImm, UShr, imm),
            Op::Inc => {
                let i: instr::Inc = self.decode();
                self.arith(op, Arith::Add, i.dst.0, i.a.0, Right::Immediate(1), i.slot);
            }
            Op::Dec => {
                let i: instr::Dec = self.decode();
                self.arith(op, Arith::Add, i.dst.0, i.a.0, Right::Immediate(-1), i.slot);
            }
            Op::Neg => self.negate(),
            Op::BitNot => self.bit_not(),
            Op::Not => self.not(),

            Op::Eq => compare!(Eq, Equal, false),
            Op::NotEq => compare!(NotEq, Equal, true),
            Op::StrictEq => compare!(StrictEq, StrictEqual, false),
            Op::StrictNotEq => compare!(StrictNotEq, StrictEqual, true),
            Op::Less => compare!(Less, Less, false),
            Op::LessEq => compare!(LessEq, LessEqual, false),
            Op::Greater => compare!(Greater, Greater, false),
            Op::GreaterEq => compare!(GreaterEq, GreaterEqual, false),

            Op::Jump => {
                let target = self.target(self.decode::<instr::Jump>().target);
                self.asm.jmp_to(target);
            }
            Op::LoopBack => self.loop_back(),
            Op::JumpIfTrue => {
                let i: instr::JumpIfTrue = self.decode();
                self.jump_if_truth(i.a, i.target, true);
            }
            Op::JumpIfFalse => {
                let i: instr::JumpIfFalse = self.decode();
                self.jump_if_truth(i.a, i.target, false);
            }
            Op::JumpIfNullish => jump_nullish!(JumpIfNullish, Both, true),
            Op::JumpIfNotNullish => jump_nullish!(JumpIfNotNullish, Both, false),
            Op::JumpIfUndefined => jump_nullish!(JumpIfUndefined, Undefined, true),
            Op::JumpIfNotUndefined => jump_nullish!(JumpIfNotUndefined, Undefined, false),
            Op::JumpIfNull => jump_nullish!(JumpIfNull, Null, true),
            Op::JumpIfNotNull => jump_nullish!(JumpIfNotNull, Null, false),
            Op::JumpIfEq => jump!(JumpIfEq, Equal, true),
            Op::JumpIfNotEq => jump!(JumpIfNotEq, Equal, false),
            Op::JumpIfStrictEq => jump!(JumpIfStrictEq, StrictEqual, true),
            Op::JumpIfStrictNotEq => jump!(JumpIfStrictNotEq, StrictEqual, false),
            Op::JumpIfLess => jump!(JumpIfLess, Less, true),
            Op::JumpIfLessEq => jump!(JumpIfLessEq, LessEqual, true),
            Op::JumpIfGreater => jump!(JumpIfGreater, Greater, true),
            Op::JumpIfGreaterEq => jump!(JumpIfGreaterEq, GreaterEqual, true),
            Op::JumpIfNotLess => jump!(JumpIfNotLess, Less, false),
            Op::JumpIfNotLessEq => jump!(JumpIfNotLessEq, LessEqual, false),
            Op::JumpIfNotGreater => jump!(JumpIfNotGreater, Greater, false),
            Op::JumpIfNotGreaterEq => jump!(JumpIfNotGreaterEq, GreaterEqual, false),
            Op::JumpIfEqImm => jump!(JumpIfEqImm, Equal, true, imm),
            Op::JumpIfNotEqImm => jump!(JumpIfNotEqImm, Equal, false, imm),
            Op::JumpIfStrictEqImm => jump!(JumpIfStrictEqImm, StrictEqual, true, imm),
            Op::JumpIfStrictNotEqImm => jump!(JumpIfStrictNotEqImm, StrictEqual, false, imm),
            Op::JumpIfLessImm => jump!(JumpIfLessImm, Less, true, imm),
            Op::JumpIfLessEqImm => jump!(JumpIfLessEqImm, LessEqual, true, imm),
            Op::JumpIfGreaterImm => jump!(JumpIfGreaterImm, Greater, true, imm),
            Op::JumpIfGreaterEqImm => jump!(JumpIfGreaterEqImm, GreaterEqual, true, imm),
            Op::JumpIfNotLessImm => jump!(JumpIfNotLessImm, Less, false, imm),
            Op::JumpIfNotLessEqImm => jump!(JumpIfNotLessEqImm, LessEqual, false, imm),
            Op::JumpIfNotGreaterImm => jump!(JumpIfNotGreaterImm, Greater, false, imm),
            Op::JumpIfNotGreaterEqImm => jump!(JumpIfNotGreaterEqImm, GreaterEqual, false, imm),
            Op::SwitchTable => self.switch_table(),

            Op::Call => {
                self.call();
                self.forget_written(op);
            }
            Op::CallMethod => {
                self.call_method();
                self.forget_written(op);
            }
            Op::NewObject => self.new_object(),
            Op::NewObjectFrom => self.new_object_from(),
            Op::NewArray => self.new_array(),
            Op::Closure => self.closure(),
            Op::NewScope => self.new_scope(),
            Op::CloneScope => self.clone_scope(),
            Op::Construct => {
                self.construct();
                self.forget_written(op);
            }
            Op::Return => self.return_value(self.decode::<instr::Return>().src),
            Op::ReturnUndefined => self.return_undefined(),
            Op::IterNext => self.iter_next(),
            Op::Yield | Op::YieldDelegate => {
                let routine = if op == Op::Yield {
                    let shape = self.cx.realm_shape_in(self.code.realm(), RealmShape::IteratorResult);
                    let header = allocate::header_word(shape.id(self.cx), Kind::Object, shape.inline_capacity());
                    self.asm.mov_imm64(Reg::RDI, header as i64);
                    shared::YIELD
                } else {
                    shared::YIELD_DELEGATE
                };
                self.offset_argument();
                self.asm.jmp_near(routine.target());
                self.forget_written(op);
                self.facts.forget_all();
            }
            Op::Debugger => {}

            // Everything else is its helper.
            _ => {
                self.whole_op(op);
                self.forget_written(op);
                if matches!(op, Op::Await | Op::CreateGenerator) {
                    self.facts.forget_all();
                }
            }
        }
    }

    fn load_immediate(&mut self, dst: Dst, value: Value) {
        self.asm.run(|run| run.store_vm(dst.0, value.bits() as i32));
        let fact = if value.is_boolean() { Fact::Boolean } else { Fact::Unknown };
        self.facts.set(dst.0, fact);
    }

    /// Small numbers stand in the code; a script may choose no others, so larger ones come from the constants' memory or in two parts.
    pub(super) fn load_number(&mut self, dst: Reg, value: i32) {
        if i16::try_from(value).is_ok() {
            let bits = Value::int32(value).bits();
            self.asm.run(|run| {
                if value >= 0 {
                    // The tag is the int32 0.
                    run.mem(Size::S64, opcode::LEA, dst, TAG, value);
                } else {
                    run.mov64(dst, bits);
                }
            });
        } else {
            self.load_int32_bits(dst, value);
            self.box_int32(dst);
        }
    }

    /// The 32 bits of `dst`, in two parts.
    pub(super) fn load_int32_bits(&mut self, dst: Reg, value: i32) {
        let key = self.blinding_key();
        self.asm.mov(Size::S32, dst, value ^ key);
        self.asm.xor(Size::S32, dst, key);
    }

    fn load_int32(&mut self, dst: u16, value: i32) {
        self.facts.set(dst, Fact::Int32);
        if !self.leave_constant(dst, value) {
            self.load_number(Reg::RAX, value);
            self.store_and_keep(dst);
        }
    }

    /// A number that a script does not know: from where its code and feedback lie.
    fn blinding_key(&self) -> i32 {
        let seed = self.code.addr() as u64 ^ (self.code.sites() as u64).rotate_left(23);
        (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as i32
    }

    fn load_const(&mut self) {
        let i: instr::LoadConst = self.decode();
        let value = self.code.constant(i.value.0 as usize);
        // The collector moves what constants refer to, so they are read where it updates them.
        let at = self.code.constants() as i64 + i64::from(i.value.0) * 8;
        self.asm.run(|run| run.load_absolute(at as u64));
        self.store_and_keep(i.dst.0);
        let fact = if value.is_int32() {
            Fact::Int32
        } else if value.is_number() {
            Fact::Double
        } else {
            Fact::Unknown
        };
        self.facts.set(i.dst.0, fact);
    }

    fn throw_if_empty(&mut self, op: Op, src: u16, empty: bool) {
        let done = self.asm.new_label();
        let slow = self.slow_op(op, done);
        self.asm.cmp(Size::S64, vm(src), 0);
        if empty {
            self.asm.je(slow);
        } else {
            self.asm.jne(slow);
        }
        self.asm.bind(done);
    }

    /// Jumps to `no` unless the value is an object.
    pub fn check_object(&mut self, value: Reg, no: Label) {
        self.check_cell(value, no);
        self.asm.cmp(Size::S8, Mem::base(value, header::KIND), Kind::Object as i32);
        self.asm.jb(no);
    }

    /// Whether a scope is in rax, and the links from there to the one that is wanted: after most of them, if there are many.
    fn near_scope(&mut self, register: u16, depth: U16) -> (bool, U16) {
        if depth.0 <= NEAR_SCOPES {
            return (self.is_in_rax(register), depth);
        }
        self.load(Reg::RAX, register);
        for _ in 0..depth.0 {
            self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, scope::PARENT));
        }
        (true, U16(0))
    }

    fn store_scoped(&mut self, op: Op, scope: u16, depth: U16, index: U16, src: u16, checked: bool) {
        let (scope_in_rax, depth) = self.near_scope(scope, depth);
        let src_in_rax = self.is_in_rax(src);
        // Numbers and booleans are no cells: they need no barrier.
        let barriers = self.facts.get(src) == Fact::Unknown;
        let (mut slow, mut behind) = (Chain::NONE, Chain::NONE);
        let offset = slot_of_scope(index);
        self.asm.run(|run| {
            if src_in_rax {
                run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RCX);
            }
            run.load_or_keep(Reg::RAX, scope, scope_in_rax);
            if !src_in_rax {
                run.load(Reg::RCX, src);
            }
            scope_above(run, depth);
            if checked {
                run.mem_imm(Size::S64, opcode::CMP, Reg::RAX, offset, 0);
                run.jcc(Cond::E, &mut slow);
            }
            run.mem(Size::S64, opcode::STORE, Reg::RCX, Reg::RAX, offset);
            if barriers {
                run.barrier(Reg::RAX, &mut behind);
            }
        });
        if checked {
            self.whole_behind(op, slow);
        }
        if barriers {
            self.barrier_behind(offset, behind);
        }
    }

    /// rax = the cell that holds the global which the site knows, rdx = the address of its value: a binding's record, or an own property of the
    /// global object. What the site knows when the function is compiled is tried first; what else it may know joins `other`, which goes on at the position that
    /// this gives; where it knows nothing, `slow`.
    fn cached_global(&mut self, slot: Slot, other: &mut Chain, slow: &mut Chain) -> u32 {
        let known = self.feedback(slot).bits.get();
        self.asm.run(|run| {
            if known == cached::BINDING || known == cached::PROPERTY {
                run.site_compare8(slot, site::BITS, known);
                run.jcc(Cond::NE, other);
                run.site_field(Size::S64, opcode::LOAD, Reg::RAX, slot, site::CELL);
            }
            if known == cached::BINDING {
                run.mem(Size::S64, opcode::LEA, Reg::RDX, Reg::RAX, header::SIZE + binding::VALUE as i32 * 8);
                // In its dead zone.
                run.mem_imm(Size::S64, opcode::CMP, Reg::RDX, 0, 0);
                run.jcc(Cond::E, slow);
            } else if known == cached::PROPERTY {
                run.mem(Size::S32, opcode::LOAD, Reg::RCX, Reg::RAX, header::SHAPE);
                run.site_field(Size::S32, opcode::CMP_REG_RM, Reg::RCX, slot, site::GUARD);
                let first = run.jcc(Cond::NE, slow);
                run.site_field(Size::S32, opcode::LOAD, Reg::RCX, slot, site::AUX);
                run.context_field(Size::S32, opcode::CMP_REG_RM, Reg::RCX, context::PROTO_EPOCH);
                run.jcc_again(Cond::NE, first);
                run.site_field(Size::S32, opcode::LOAD, Reg::RDX, slot, site::LOC);
                run.ri(Size::S32, opcode::CMP, Reg::RDX, Loc::OWN_INLINE_END as i32);
                let inline = run.jcc_short(Cond::B);
                run.ri(Size::S32, opcode::AND, Reg::RDX, 0xff_ffff);
                run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, object::SLOTS);
                run.land(inline);
                run.rr(Size::S64, opcode::ADD_REG_RM, Reg::RDX, Reg::RAX);
            } else {
                run.site_address(Reg::RSI, slot);
                run.call_near(shared::LATE_GLOBAL.target());
                run.jcc(Cond::E, slow);
            }
            run.here()
        })
    }

    fn get_global(&mut self) {
        let i: instr::GetGlobal = self.decode();
        let (mut other, mut slow) = (Chain::NONE, Chain::NONE);
        let found = self.cached_global(i.slot, &mut other, &mut slow);
        self.asm.run(|run| run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RDX, 0));
        self.global_behind(Op::GetGlobal, i.slot, other, found, slow);
        self.store_and_keep(i.dst.0);
        self.facts.forget(i.dst.0);
    }

    fn set_global(&mut self) {
        let i: instr::SetGlobal = self.decode();
        let barriers = self.facts.get(i.src.0) == Fact::Unknown;
        let (mut other, mut slow, mut barrier) = (Chain::NONE, Chain::NONE, Chain::NONE);
        let found = self.cached_global(i.slot, &mut other, &mut slow);
        self.asm.run(|run| {
            run.load(Reg::RCX, i.src.0);
            run.mem(Size::S64, opcode::STORE, Reg::RCX, Reg::RDX, 0);
            if barriers {
                run.barrier(Reg::RAX, &mut barrier);
            }
        });
        self.global_behind(Op::SetGlobal, i.slot, other, found, slow);
        if barriers {
            self.address_barrier_behind(barrier);
        }
    }

    fn global_behind(&mut self, op: Op, slot: Slot, other: Chain, found: u32, slow: Chain) {
        if other.is_used() {
            self.by_site_behind(op, shared::GLOBAL, slot, other, found, slow);
        } else {
            self.whole_behind(op, slow);
        }
    }

    fn iter_next(&mut self) {
        let i: instr::IterNext = self.decode();
        let (body, ended, next) = (self.target(i.body), self.target(i.done), self.asm.new_label());
        let (slow, other) = (self.asm.new_label(), self.asm.new_label());
        let iter = i.iter.0;
        // `empty` in the place of the `next` method marks the fast path.
        self.asm.cmp(Size::S64, vm(iter + 1), 0);
        self.asm.jne(other);
        self.load(Reg::RAX, iter);
        self.asm.mov(Size::S32, Reg::RCX, vm(iter + 2));
        self.asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RAX, object::ARRAY_LENGTH));
        self.asm.jae(slow);
        self.asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::ELEMENTS));
        self.asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RDX, elements::LENGTH));
        self.asm.jae(slow);
        self.asm.cmp(Size::S8, Mem::base(Reg::RDX, header::KIND), Kind::ElementsDouble as i32);
        self.asm.je(slow);
        self.asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RDX, Reg::RCX, Scale::X8, elements::DATA));
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
        self.asm.inc(Size::S32, Reg::RCX);
        self.asm.or(Size::S64, Reg::RCX, TAG);
        self.store(iter + 2, Reg::RCX);
        self.store(i.dst.0, Reg::RAX);
        self.asm.jmp_to(body);
        self.asm.bind(next);
        self.later(move |this| {
            this.asm.bind(slow);
            this.helper_arguments();
            this.call_helper(symbols::ITER_NEXT);
            let throw = this.throw;
            this.asm.cmp(Size::S32, Reg::RAX, 1);
            this.asm.je(body);
            this.asm.jb(ended);
            this.asm.jmp_to(throw);
            this.asm.bind(other);
            this.offset_argument();
            this.call_leaf(shared::ITER_STEP);
            this.asm.cmp(Size::S32, Reg::RAX, 1);
            this.asm.je(body);
            this.asm.jb(ended);
            this.asm.jmp_to(next);
        });
        self.facts.forget(i.dst.0);
        self.facts.forget_run(iter, 3);
    }

    fn switch_table(&mut self) {
        let i: instr::SwitchTable = self.decode();
        let table = &self.template.switch_tables[i.table.0 as usize];
        let (no_case, other, dispatch) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
        let (entries, count) = (self.asm.new_label(), table.targets.len());
        let low = table.low;
        let targets: Vec<Label> = table
            .targets
            .iter()
            .map(|&t| if t == 0 { no_case } else { self.label((self.pc as i64 + i64::from(t)) as usize) })
            .collect();
        self.load(Reg::RAX, i.src.0);
        self.asm.cmp(Size::S64, Reg::RAX, TAG);
        self.asm.jb(other);
        if low != 0 {
            self.asm.sub(Size::S32, Reg::RAX, low);
        }
        self.asm.bind(dispatch);
        self.asm.cmp(Size::S32, Reg::RAX, count as i32);
        self.asm.jae(no_case);
        self.asm.mov(Size::S32, Reg::RAX, Reg::RAX);
        self.asm.lea(Size::S64, Reg::RCX, Mem::label(entries));
        self.asm.movsxd(Reg::RAX, Mem::index(Reg::RCX, Reg::RAX, Scale::X4, 0));
        self.asm.add(Size::S64, Reg::RAX, Reg::RCX);
        self.asm.jmp(Reg::RAX);
        self.asm.bind(no_case);
        self.later(move |this| {
            // A double, perhaps with the value of an integer: the helper gives the index of its case, or one that is none.
            this.asm.bind(other);
            this.asm.test(Size::S64, Reg::RAX, TAG);
            this.asm.je(no_case);
            this.helper_arguments();
            this.call_leaf(symbols::SWITCH_INDEX);
            this.asm.jmp_to(dispatch);
            this.asm.align_data(4);
            this.asm.bind(entries);
            for target in targets {
                this.asm.label_offset(target, entries);
            }
        });
    }
}

/// Where a slot is in a scope.
fn slot_of_scope(index: U16) -> i32 {
    scope::SLOTS + i32::from(index.0) * 8
}

/// Links that a run goes along: its room is limited.
const NEAR_SCOPES: u16 = 8;

/// rax = the scope `depth` links above the one in rax.
#[inline(always)]
fn scope_above(run: &mut Run<'_>, depth: U16) {
    for _ in 0..depth.0 {
        run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, scope::PARENT);
    }
}
