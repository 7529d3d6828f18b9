//! What the stubs of arithmetic and of comparisons do before they call the op's helper: doubles, and values whose comparison needs no helper.
//!
//! Functions have the code for int32 operands in line, and that for doubles where the site has seen some. Everything else is here, once.

use super::{address_of_instruction, call_helper, called_often, count_late, leave_word, operand_offset, running_code};
use crate::baseline::compare::Relation;
use crate::baseline::{FRAME, SITES, TAG};
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Cond, Mem, Reg, Scale, Size, Xmm};
use tercel_bytecode::Op;
use tercel_vm::feedback::type_bits;
use tercel_vm::layout::{header, site};
use tercel_vm::{Kind, Value};

/// The instruction's address in stubs.
const PC: Reg = Reg::RDX;

/// Where an operand lies behind [`PC`], by its name in the op table.
pub(super) fn operand(op: Op, name: &str) -> Option<Mem> {
    operand_offset(op, name).map(|at| Mem::base(PC, at))
}

pub(super) fn vm_register(number: Reg) -> Mem {
    Mem::index(FRAME, number, Scale::X8, 0)
}

/// dst = the VM register that the operand names. Nothing if the op has no such operand.
pub(super) fn load_operand(asm: &mut Assembler, op: Op, name: &str, dst: Reg) -> bool {
    let Some(operand) = operand(op, name) else { return false };
    asm.movzx(Size::S32, Size::S16, dst, operand);
    asm.mov(Size::S64, dst, vm_register(dst));
    true
}

/// VM register `dst` = rax. Clobbers rcx.
fn store_result(asm: &mut Assembler, op: Op) {
    if let Some(dst) = operand(op, "dst") {
        asm.movzx(Size::S32, Size::S16, Reg::RCX, dst);
        asm.mov(Size::S64, vm_register(Reg::RCX), Reg::RAX);
    }
}

/// dst = the op's feedback site.
fn load_site(asm: &mut Assembler, op: Op, dst: Reg) {
    if let Some(slot) = operand(op, "slot") {
        asm.mov(Size::S32, dst, slot);
        asm.imul_imm(Size::S64, dst, dst, site::SIZE);
        asm.add(Size::S64, dst, SITES);
    }
}

/// The double of the number in `value`, which is clobbered; jumps to `no` for anything else.
pub(super) fn to_double(asm: &mut Assembler, value: Reg, dst: Xmm, no: Label) {
    let (int32, done) = (asm.new_label(), asm.new_label());
    asm.cmp(Size::S64, value, TAG);
    asm.jae(int32);
    asm.test(Size::S64, value, TAG);
    asm.je(no);
    // Minus 2^49, modulo 2^64: the tag is its negative.
    asm.add(Size::S64, value, TAG);
    asm.movq_from_gpr(dst, value);
    asm.jmp_to(done);
    asm.bind(int32);
    asm.xorps(dst, dst);
    asm.cvtsi2sd(Size::S32, dst, value);
    asm.bind(done);
}

/// Arithmetic on numbers, the result a double; falls through with rdx intact for operands that are none, and for ops that are no such arithmetic. The
/// operands are read anew: the code in line may have clobbered its copies. r8: the running function's code block.
pub(super) fn arithmetic(asm: &mut Assembler, op: Op) {
    use Op::{Add, AddImm, Dec, Div, DivImm, Inc, Mul, MulImm, Neg, Sub, SubImm};
    let (x, y) = (Xmm::XMM0, Xmm::XMM1);
    if !matches!(op, Add | AddImm | Sub | SubImm | Mul | MulImm | Div | DivImm | Inc | Dec | Neg) {
        return;
    }
    let [general, nan, store, again, often] = std::array::from_fn(|_| asm.new_label());
    asm.bind(again);
    load_operand(asm, op, "a", Reg::RAX);
    to_double(asm, Reg::RAX, x, general);
    if load_operand(asm, op, "b", Reg::RCX) {
        to_double(asm, Reg::RCX, y, general);
    } else if op != Neg {
        match operand(op, "imm") {
            Some(imm) => asm.movsx(Size::S32, Size::S16, Reg::RCX, imm),
            None => asm.mov(Size::S32, Reg::RCX, if op == Inc { 1 } else { -1 }),
        }
        asm.xorps(y, y);
        asm.cvtsi2sd(Size::S32, y, Reg::RCX);
    }
    load_site(asm, op, Reg::RCX);
    asm.or(Size::S8, Mem::base(Reg::RCX, site::BITS), i32::from(type_bits::DOUBLE));
    count_late(asm, Reg::R8, often);
    match op {
        Sub | SubImm => asm.subsd(x, y),
        Mul | MulImm => asm.mulsd(x, y),
        Div | DivImm => asm.divsd(x, y),
        Neg => {
            let sign = asm.constant(&[0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80]);
            asm.xorps(x, Mem::label(sign));
        }
        _ => asm.addsd(x, y),
    }
    asm.ucomisd(x, x);
    asm.jp(nan);
    asm.movq_to_gpr(Reg::RAX, x);
    asm.sub(Size::S64, Reg::RAX, TAG);
    asm.bind(store);
    store_result(asm, op);
    asm.ret();
    asm.bind(nan);
    asm.mov_imm64(Reg::RAX, Value::NAN.bits() as i64);
    asm.jmp_to(store);
    asm.bind(often);
    called_often(asm, &[PC]);
    running_code(asm, Reg::R8);
    asm.jmp_to(again);
    asm.bind(general);
}

/// What an op compares, and whether its value is the negation. Jumps see the relation itself.
fn relation_of(op: Op) -> Option<(Relation, bool)> {
    use Op::*;
    let relation = match op {
        Eq | NotEq | JumpIfEq | JumpIfNotEq | JumpIfEqImm | JumpIfNotEqImm => Relation::Equal,
        StrictEq | StrictNotEq | JumpIfStrictEq | JumpIfStrictNotEq | JumpIfStrictEqImm | JumpIfStrictNotEqImm => {
            Relation::StrictEqual
        }
        Less | JumpIfLess | JumpIfNotLess | JumpIfLessImm | JumpIfNotLessImm => Relation::Less,
        LessEq | JumpIfLessEq | JumpIfNotLessEq | JumpIfLessEqImm | JumpIfNotLessEqImm => Relation::LessEqual,
        Greater | JumpIfGreater | JumpIfNotGreater | JumpIfGreaterImm | JumpIfNotGreaterImm => Relation::Greater,
        GreaterEq | JumpIfGreaterEq | JumpIfNotGreaterEq | JumpIfGreaterEqImm | JumpIfNotGreaterEqImm => {
            Relation::GreaterEqual
        }
        _ => return None,
    };
    Some((relation, matches!(op, NotEq | StrictNotEq)))
}

/// The stub of a comparison. In: rax, the left operand; rcx, the right one, unless it is an immediate; edx, the instruction's offset. Out: the
/// value is stored; for jumps, "equal" means that the relation holds.
pub(super) fn comparison(asm: &mut Assembler, op: Op) {
    let Some((relation, negated)) = relation_of(op) else { return };
    let stores = operand(op, "dst").is_some();
    let [general, holds, fails, result, doubles, often] = std::array::from_fn(|_| asm.new_label());
    if let Some(imm) = operand(op, "imm") {
        // Addresses are computed once: from here on rdx is one.
        address_of_instruction(asm);
        asm.movsx(Size::S32, Size::S16, Reg::RCX, imm);
        asm.or(Size::S64, Reg::RCX, TAG);
    }
    let address = |asm: &mut Assembler| {
        if operand(op, "imm").is_none() {
            address_of_instruction(asm);
        }
    };
    if relation.is_equality() {
        // The same bits are the same value, unless they are a number's. Different objects are different.
        asm.test(Size::S64, Reg::RAX, TAG);
        asm.jne(doubles);
        asm.cmp(Size::S64, Reg::RAX, Reg::RCX);
        asm.je(holds);
        if relation == Relation::StrictEqual {
            // Strings and BigInts are compared by what they hold; nothing else is.
            asm.lea(Size::S64, Reg::R8, Mem::base(Reg::RAX, -16));
            asm.shr(Size::S64, Reg::R8, 47);
            asm.jne(fails);
            asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::BigInt as i32);
            asm.ja(fails);
        }
        asm.jmp_to(general);
    }
    asm.bind(doubles);
    asm.mov(Size::S64, Reg::R8, Reg::RAX);
    asm.mov(Size::S64, Reg::R9, Reg::RCX);
    to_double(asm, Reg::R8, Xmm::XMM0, general);
    to_double(asm, Reg::R9, Xmm::XMM1, general);
    running_code(asm, Reg::R8);
    count_late(asm, Reg::R8, often);
    address(asm);
    load_site(asm, op, Reg::RCX);
    asm.or(Size::S8, Mem::base(Reg::RCX, site::BITS), i32::from(type_bits::DOUBLE));
    let (x, y) = if relation.swaps() { (Xmm::XMM1, Xmm::XMM0) } else { (Xmm::XMM0, Xmm::XMM1) };
    asm.ucomisd(x, y);
    asm.set(relation.of_double(), Reg::RAX);
    if relation.is_equality() {
        // Unordered sets both the zero and the parity flag.
        asm.set(Cond::NP, Reg::RCX);
        asm.and(Size::S8, Reg::RAX, Reg::RCX);
    }
    asm.movzx(Size::S32, Size::S8, Reg::RAX, Reg::RAX);
    // eax: whether it holds; rdx: the instruction.
    asm.bind(result);
    if stores {
        if negated {
            asm.xor(Size::S32, Reg::RAX, 1);
        }
        asm.or(Size::S32, Reg::RAX, Value::FALSE.bits() as i32);
        store_result(asm, op);
    } else {
        asm.cmp(Size::S32, Reg::RAX, 1);
    }
    asm.ret();

    // The flags say already what jumps want to know: "equal" here, and not there.
    for (label, value) in [(holds, 1), (fails, 0)] {
        asm.bind(label);
        if stores {
            address(asm);
            asm.mov(Size::S32, Reg::RAX, value);
            asm.jmp_to(result);
        } else {
            asm.ret();
        }
    }

    asm.bind(often);
    called_often(asm, &[Reg::RAX, Reg::RCX, Reg::RDX]);
    asm.jmp_to(doubles);

    asm.bind(general);
    address(asm);
    asm.push(PC);
    load_site(asm, op, Reg::R9);
    asm.mov(Size::S64, Reg::R8, Reg::RCX);
    asm.mov(Size::S64, Reg::RCX, Reg::RAX);
    call_helper(asm, Symbol::helper(op));
    let threw = asm.new_label();
    asm.cmp(Size::S32, Reg::RAX, 1);
    asm.ja(threw);
    asm.pop(PC);
    asm.jmp_to(result);
    asm.bind(threw);
    leave_word(asm);
}
