//! Calls of ordinary functions by the stubs of `Call` and `CallMethod`: from sites that had not run when their function was compiled, and of functions that a site
//! does not expect. What code in line has as constants is read from the instruction here.

use super::{address_of_site, call_leaf, called_often, count_late, operand_offset, running_code};
use crate::baseline::{CX, FRAME, TAG, check_cell};
use crate::symbols;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, instr};
use tercel_vm::code::CodeBlock;
use tercel_vm::feedback::SiteState;
use tercel_vm::frame::{self, flag};
use tercel_vm::layout::{header, object, site};
use tercel_vm::{Kind, Value};

/// Both ops have the same operands in the same places.
const LEN: usize = instr::Call::LEN;
const _: () = assert!(LEN == instr::CallMethod::LEN);

/// Where things are while a call is made.
const FUNCTION: Reg = Reg::RAX;
const BASE: Reg = Reg::R8;
const CODE: Reg = Reg::R9;
const INSTRUCTION: Reg = Reg::R11;
/// The number of `BASE`'s register.
const INDEX: Reg = Reg::RCX;
/// The code block that runs.
const RUNNING: Reg = Reg::RSI;
const SITE: Reg = Reg::RDI;

/// Calls the callee of the instruction at the offset in edx, stores its result and returns to the code, with the result in rax. Falls through, with
/// edx as it was, if the callee is no function that runs in a frame of its own making; the op's helper is for those.
pub(super) fn ordinary(asm: &mut Assembler, op: Op) {
    let [known, record, none, often, counted] = std::array::from_fn(|_| asm.new_label());
    let at = |register: usize| Mem::base(BASE, register as i32 * 8);
    find_callee(asm, op);
    check_cell(asm, FUNCTION, none);
    asm.cmp(Size::S8, Mem::base(FUNCTION, header::KIND), Kind::Function as i32);
    asm.jne(none);
    // Code with many such calls was made too early.
    count_late(asm, RUNNING, often);
    asm.bind(counted);
    asm.mov(Size::S64, CODE, Mem::base(FUNCTION, object::FUNCTION_CODE));
    address_of_site(asm, SITE, named(op, "slot"));
    // The same code, and the site's function has not been forgotten.
    asm.cmp(Size::S64, CODE, Mem::base(SITE, site::CELL));
    asm.jne(record);
    asm.cmp(Size::S64, Mem::base(SITE, site::STUBS), 0);
    asm.je(record);

    asm.bind(known);
    asm.mov(Size::S64, Reg::R10, Mem::base(FUNCTION, object::FUNCTION_ENV));
    asm.mov(Size::S64, at(frame::ENV), Reg::R10);
    asm.mov(Size::S64, at(frame::NEW_TARGET), Value::UNDEFINED.bits() as i32);
    if op == Op::Call {
        asm.mov(Size::S64, at(frame::THIS), Value::UNDEFINED.bits() as i32);
    }
    // See `Link`: two bytes a unit.
    asm.shl(Size::S64, INDEX, 28);
    asm.shr(Size::S32, Reg::RDX, 1);
    asm.lea(Size::S64, Reg::RDX, Mem::index(INDEX, Reg::RDX, Scale::X1, LEN as i32));
    asm.or(Size::S64, Reg::RDX, TAG);
    asm.mov(Size::S64, at(frame::LINK), Reg::RDX);
    // See `call_word`.
    asm.movzx(Size::S32, Size::S16, Reg::RDX, named(op, "dst"));
    asm.shl(Size::S64, Reg::RDX, 24);
    asm.movzx(Size::S32, Size::S16, Reg::RCX, named(op, "argc"));
    asm.or(Size::S64, Reg::RDX, Reg::RCX);
    asm.mov_imm64(Reg::RCX, frame::call_word(0, 0, flag::MACHINE).bits() as i64);
    asm.or(Size::S64, Reg::RDX, Reg::RCX);
    asm.mov(Size::S64, at(frame::CALL_WORD), Reg::RDX);
    asm.mov(Size::S64, FRAME, BASE);
    asm.sub(Size::S64, Reg::RSP, 8);
    asm.call(Mem::base(CODE, CodeBlock::ENTRY_OFFSET as i32));
    asm.add(Size::S64, Reg::RSP, 8);
    super::store_result_of_callee(asm);
    asm.ret();

    asm.bind(record);
    asm.cmp(Size::S8, Mem::base(SITE, site::STATE), SiteState::Megamorphic as i32);
    asm.je(known);
    // Two words: rsp is as it was, modulo 16.
    asm.push(Reg::RDX);
    asm.push(CODE);
    asm.mov(Size::S64, Reg::RDX, SITE);
    asm.mov(Size::S64, Reg::RCX, FUNCTION);
    asm.mov(Size::S64, Reg::RDI, CX);
    call_leaf(asm, symbols::RECORD_TARGET);
    asm.pop(CODE);
    asm.pop(Reg::RDX);
    find_callee(asm, op);
    asm.jmp_to(known);

    asm.bind(often);
    called_often(asm, &[Reg::RDX]);
    find_callee(asm, op);
    asm.jmp_to(counted);
    asm.bind(none);
}

/// An operand of INSTRUCTION.
fn named(op: Op, name: &str) -> Mem {
    Mem::base(INSTRUCTION, operand_offset(op, name).expect("the op has the operand"))
}

/// The instruction at the offset in edx, its callee, and the base of that's frame.
fn find_callee(asm: &mut Assembler, op: Op) {
    running_code(asm, RUNNING);
    asm.mov(Size::S64, INSTRUCTION, Mem::base(RUNNING, CodeBlock::CODE_OFFSET as i32));
    asm.add(Size::S64, INSTRUCTION, Reg::RDX);
    asm.movzx(Size::S32, Size::S16, INDEX, named(op, "block"));
    asm.lea(Size::S64, BASE, Mem::index(FRAME, INDEX, Scale::X8, 0));
    asm.mov(Size::S64, FUNCTION, Mem::base(BASE, frame::CALLEE as i32 * 8));
}
