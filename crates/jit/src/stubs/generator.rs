//! Generators in machine code: going on with a suspended one, and suspending, without a call of Rust.
//!
//! | routine | in | out |
//! |---|---|---|
//! | `ITER_STEP` | edx: the offset of an `IterNext` whose record is not on the fast path | eax: 1 a value is in its `dst`, 0 the end, 3 `next` is to be called |
//! | `YIELD`, `YIELD_DELEGATE` | edx: the offset of such an op; rdi, for `YIELD`: the header of a result object. Jumped to, not called: they return from the function | |
//!
//! A call of `next` as a method comes through the op's stub ([`next_called`]). What goes on is a generator that is suspended (`SuspendedStart`,
//! `SuspendedYield`), in code whose entry behind that suspension [`MachineCode::resume_cache`] knows. Everything else is Rust's: `vm::generator`, which does
//! the same. A generator whose registers are old and clean is suspended by Rust, too: that is the write barrier.
//!
//! The frame lies where Rust would put it: on top of the caller's registers for a step, at the call's block for a call.

use super::number::{operand, vm_register};
use super::{address_of_instruction, call_helper, leave_word, return_to_caller, running_code};
use crate::baseline::{CX, FRAME, SITES, TAG, allocate, check_cell};
use crate::symbols::{self, Symbol};
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, instr};
use tercel_vm::code::{CodeBlock, code_flag};
use tercel_vm::context::Context;
use tercel_vm::frame::{self, flag};
use tercel_vm::function::native_special;
use tercel_vm::generator::CoroutineState;
use tercel_vm::layout::{context, generator, header, machine_code, object, values};
use tercel_vm::realm::RealmShape;
use tercel_vm::{Kind, Value};

/// The generator, the place of its frame, the array of its registers, and the row of the cache that says where it goes on.
const GENERATOR: Reg = Reg::RSI;
const BASE: Reg = Reg::R8;
const REGISTERS: Reg = Reg::R10;
const ROW: Reg = Reg::RDI;
/// How many registers there are.
const COUNT: Reg = Reg::RCX;
/// The distance to the caller's frame, in registers.
const DELTA: Reg = Reg::R9;
/// The instruction's address, as in all stubs.
const PC: Reg = Reg::RDX;
/// What the generator is sent. (It is set again from the code that runs next.)
const SENT: Reg = SITES;

/// The byte of the call word that has the flag STEP, and the flag in it.
const STEP_BYTE: i32 = frame::CALL_WORD as i32 * 8 + 5;
const STEP_BIT: i32 = (flag::STEP >> 40) as i32;

/// An operand that every op of this file has.
fn named(op: Op, name: &str) -> Mem {
    operand(op, name).expect("the op has the operand")
}

/// `reg` = the VM register that the operand names.
fn load(asm: &mut Assembler, op: Op, name: &str, reg: Reg) {
    asm.movzx(Size::S32, Size::S16, reg, named(op, name));
    asm.mov(Size::S64, reg, vm_register(reg));
}

/// Goes on unless the value in `reg` is a cell of another kind.
fn check_kind(asm: &mut Assembler, reg: Reg, kind: Kind, no: Label) {
    check_cell(asm, reg, no);
    asm.cmp(Size::S8, Mem::base(reg, header::KIND), kind as i32);
    asm.jne(no);
}

/// COUNT registers from `from` to `to`, in single words: they were written so a moment ago, and a processor cannot forward what waits in its store buffer to
/// wide loads. Two a turn; every frame has a header. Clobbers COUNT.
fn copy(asm: &mut Assembler, from: (Reg, i32), to: (Reg, i32)) {
    const { assert!(frame::HEADER >= 2) };
    let even = asm.new_label();
    let at = |(base, offset): (Reg, i32), i: i32| Mem::index(base, COUNT, Scale::X8, offset + i * 8);
    asm.test(Size::S32, COUNT, 1);
    asm.je(even);
    asm.dec(Size::S32, COUNT);
    asm.mov(Size::S64, Reg::RAX, at(from, 0));
    asm.mov(Size::S64, at(to, 0), Reg::RAX);
    asm.bind(even);
    let next = asm.here();
    asm.mov(Size::S64, Reg::RAX, at(from, -1));
    asm.mov(Size::S64, Reg::R11, at(from, -2));
    asm.mov(Size::S64, at(to, -1), Reg::RAX);
    asm.mov(Size::S64, at(to, -2), Reg::R11);
    asm.sub(Size::S32, COUNT, 2);
    asm.jne(next);
}

/// Whether the generator can go on in machine code at BASE; nothing is changed if not. Sets REGISTERS, COUNT, ROW.
fn check_suspended(asm: &mut Assembler, no: Label) {
    const { assert!(CoroutineState::SuspendedStart as i32 == 0 && CoroutineState::SuspendedYield as i32 == 1) };
    asm.cmp(Size::S32, Mem::base(GENERATOR, generator::STATE), CoroutineState::SuspendedYield as i32);
    asm.ja(no);
    asm.mov(Size::S64, REGISTERS, Mem::base(GENERATOR, generator::FRAME));
    asm.mov(Size::S32, COUNT, Mem::base(REGISTERS, values::LENGTH));
    asm.lea(Size::S64, Reg::RDI, Mem::index(BASE, COUNT, Scale::X8, 0));
    asm.cmp(Size::S64, Reg::RDI, Mem::base(CX, context::MACHINE_LIMIT));
    asm.ja(no);
    asm.mov(Size::S64, Reg::RDI, Mem::base(REGISTERS, values::DATA + frame::CALLEE as i32 * 8));
    asm.mov(Size::S64, Reg::RDI, Mem::base(Reg::RDI, object::FUNCTION_CODE));
    asm.mov(Size::S64, ROW, Mem::base(Reg::RDI, CodeBlock::MACHINE_OFFSET as i32));
    asm.test(Size::S64, ROW, ROW);
    asm.je(no);
    asm.mov(Size::S32, Reg::RAX, Mem::base(GENERATOR, generator::RESUME_PC));
    asm.mov(Size::S32, Reg::R11, Reg::RAX);
    asm.and(Size::S32, Reg::R11, machine_code::RESUME_ROWS as i32 - 1);
    const { assert!(machine_code::RESUME_ROW == 16) };
    asm.shl(Size::S32, Reg::R11, 4);
    asm.add(Size::S64, ROW, Reg::R11);
    asm.cmp(Size::S32, Reg::RAX, Mem::base(ROW, machine_code::RESUME_CACHE + machine_code::ROW_PC));
    asm.jne(no);
}

/// Goes on with the generator that was checked, for the instruction `op` at PC, with SENT; afterwards rax is what it has left, and rbx and r13 are the
/// caller's. `step`: without a result object.
fn resume(asm: &mut Assembler, op: Op, len: usize, step: bool) {
    let at = |i: usize| Mem::base(BASE, i as i32 * 8);
    let (nowhere, no_mode) = (asm.new_label(), asm.new_label());
    copy(asm, (REGISTERS, values::DATA), (BASE, 0));
    running_code(asm, Reg::RCX);
    asm.mov(Size::S64, Reg::RAX, PC);
    asm.sub(Size::S64, Reg::RAX, Mem::base(Reg::RCX, CodeBlock::CODE_OFFSET as i32));
    asm.shr(Size::S64, Reg::RAX, 1);
    asm.add(Size::S32, Reg::RAX, len as i32);
    asm.shl(Size::S64, DELTA, 28);
    asm.or(Size::S64, Reg::RAX, DELTA);
    asm.or(Size::S64, Reg::RAX, TAG);
    asm.mov(Size::S64, at(frame::LINK), Reg::RAX);
    // The arguments are those of the call that made the generator.
    let flags = flag::MACHINE | flag::RESUMED | if step { flag::STEP } else { 0 };
    asm.mov(Size::S32, Reg::RAX, at(frame::CALL_WORD));
    asm.and(Size::S32, Reg::RAX, 0xff_ffff);
    asm.movzx(Size::S32, Size::S16, Reg::RCX, named(op, "dst"));
    asm.shl(Size::S64, Reg::RCX, 24);
    asm.or(Size::S64, Reg::RAX, Reg::RCX);
    asm.mov_imm64(Reg::RCX, frame::call_word(0, 0, flags).bits() as i64);
    asm.or(Size::S64, Reg::RAX, Reg::RCX);
    asm.mov(Size::S64, at(frame::CALL_WORD), Reg::RAX);
    asm.mov(Size::S32, Mem::base(GENERATOR, generator::STATE), CoroutineState::Executing as i32);
    let none = i32::from(machine_code::NO_REGISTER);
    asm.movzx(Size::S32, Size::S16, Reg::RAX, Mem::base(ROW, machine_code::RESUME_CACHE + machine_code::ROW_DST));
    asm.cmp(Size::S32, Reg::RAX, none);
    asm.je(nowhere);
    asm.mov(Size::S64, Mem::index(BASE, Reg::RAX, Scale::X8, 0), SENT);
    asm.bind(nowhere);
    asm.movzx(Size::S32, Size::S16, Reg::RAX, Mem::base(ROW, machine_code::RESUME_CACHE + machine_code::ROW_MODE));
    asm.cmp(Size::S32, Reg::RAX, none);
    asm.je(no_mode);
    // The tag is the int32 0: `next`.
    asm.mov(Size::S64, Mem::index(BASE, Reg::RAX, Scale::X8, 0), TAG);
    asm.bind(no_mode);
    // The word keeps rsp a multiple of 16.
    asm.push(PC);
    asm.mov(Size::S64, FRAME, BASE);
    asm.call(Mem::base(ROW, machine_code::RESUME_CACHE + machine_code::ROW_ENTRY));
    return_to_caller(asm);
    asm.pop(PC);
}

/// `CallMethod`, in its stub: if it calls `next` of a generator that can go on in machine code, that is all of the op; otherwise goes on at `no`.
pub(super) fn next_called(asm: &mut Assembler, no: Label) {
    const OP: Op = Op::CallMethod;
    let none = asm.new_label();
    asm.movzx(Size::S32, Size::S16, DELTA, named(OP, "block"));
    asm.lea(Size::S64, BASE, Mem::index(FRAME, DELTA, Scale::X8, 0));
    asm.mov(Size::S64, Reg::RAX, Mem::base(BASE, frame::CALLEE as i32 * 8));
    check_kind(asm, Reg::RAX, Kind::NativeFunction, no);
    asm.cmp(Size::S32, Mem::base(Reg::RAX, object::NATIVE_SPECIAL), native_special::GENERATOR_NEXT as i32);
    asm.jne(no);
    asm.mov(Size::S64, GENERATOR, Mem::base(BASE, frame::THIS as i32 * 8));
    check_kind(asm, GENERATOR, Kind::Generator, no);
    check_suspended(asm, no);
    asm.mov(Size::S32, SENT, Value::UNDEFINED.bits() as i32);
    asm.cmp(Size::S16, named(OP, "argc"), 0);
    asm.je(none);
    asm.mov(Size::S64, SENT, Mem::base(BASE, frame::FIRST_ARG as i32 * 8));
    asm.bind(none);
    resume(asm, OP, instr::CallMethod::LEN, false);
    asm.movzx(Size::S32, Size::S16, Reg::RCX, named(OP, "dst"));
    asm.mov(Size::S64, vm_register(Reg::RCX), Reg::RAX);
    asm.ret();
}

/// The routine `ITER_STEP`.
pub(super) fn iter_step(asm: &mut Assembler) {
    const OP: Op = Op::IterNext;
    let [helper, left, ended, delegated, threw, ret, done] = std::array::from_fn(|_| asm.new_label());
    address_of_instruction(asm);
    asm.movzx(Size::S32, Size::S16, Reg::RCX, named(OP, "iter"));
    asm.mov(Size::S64, Reg::RAX, Mem::index(FRAME, Reg::RCX, Scale::X8, 8));
    let protocol = asm.new_label();
    check_kind(asm, Reg::RAX, Kind::NativeFunction, protocol);
    asm.cmp(Size::S32, Mem::base(Reg::RAX, object::NATIVE_SPECIAL), native_special::GENERATOR_NEXT as i32);
    asm.jne(helper);
    asm.mov(Size::S64, GENERATOR, vm_register(Reg::RCX));
    check_kind(asm, GENERATOR, Kind::Generator, helper);
    // Where the caller keeps extra arguments, its top is elsewhere.
    running_code(asm, Reg::RAX);
    asm.test(Size::S32, Mem::base(Reg::RAX, CodeBlock::FLAGS_OFFSET as i32), code_flag::EXTRA_ARGS as i32);
    asm.jne(helper);
    asm.movzx(Size::S32, Size::S16, DELTA, Mem::base(Reg::RAX, CodeBlock::NUM_REGISTERS_OFFSET as i32));
    asm.lea(Size::S64, BASE, Mem::index(FRAME, DELTA, Scale::X8, 0));
    check_suspended(asm, helper);
    asm.mov(Size::S32, SENT, Value::UNDEFINED.bits() as i32);
    resume(asm, OP, instr::IterNext::LEN, true);

    // rax: what the generator has left; its state says what that is.
    asm.bind(left);
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.je(delegated);
    load(asm, OP, "iter", Reg::RCX);
    asm.cmp(Size::S32, Mem::base(Reg::RCX, generator::STATE), CoroutineState::Completed as i32);
    asm.je(ended);
    asm.movzx(Size::S32, Size::S16, Reg::RCX, named(OP, "dst"));
    asm.mov(Size::S64, vm_register(Reg::RCX), Reg::RAX);
    asm.mov(Size::S32, Reg::RAX, 1);
    asm.ret();
    asm.bind(ended);
    asm.zero(Reg::RAX);
    asm.ret();
    asm.bind(protocol);
    asm.mov(Size::S32, Reg::RAX, 3);
    asm.ret();

    asm.bind(delegated);
    asm.push(PC);
    call_helper(asm, symbols::ITER_DELEGATED);
    asm.jmp_to(done);

    asm.bind(helper);
    asm.push(PC);
    call_helper(asm, symbols::ITER_STEP);
    asm.cmp(Size::S64, Reg::RAX, 3);
    asm.jbe(done);
    // A generator was resumed, as the innermost frame.
    asm.mov(Size::S64, FRAME, Mem::base(CX, context::FRAME));
    asm.call(Reg::RAX);
    return_to_caller(asm);
    asm.pop(PC);
    asm.jmp_to(left);

    asm.bind(done);
    asm.cmp(Size::S32, Reg::RAX, 2);
    asm.je(threw);
    asm.bind(ret);
    asm.pop(PC);
    asm.ret();
    asm.bind(threw);
    leave_word(asm);
}

/// `value` = {value, done: false}, of the shape in the header; jumps to `full` where there is no room. Clobbers rax, rcx.
fn result_object(asm: &mut Assembler, cx: &Context, value: Reg, shape_header: Reg, full: Label) {
    // All realms' shapes of it have their slots in the same places.
    let shape = cx.realm_shape(RealmShape::IteratorResult);
    let (words, first) = (allocate::object_words(shape), shape.inline_base());
    let word = |i: usize| Mem::base(Reg::RAX, i as i32 * 8);
    allocate::bump(asm, Ok(words * 8), Reg::RCX, full);
    asm.mov(Size::S64, word(0), shape_header);
    asm.mov(Size::S64, Mem::base(Reg::RAX, object::SLOTS), 0);
    asm.mov(Size::S64, Reg::RCX, Mem::base(CX, context::EMPTY_ELEMENTS));
    asm.mov(Size::S64, Mem::base(Reg::RAX, object::ELEMENTS), Reg::RCX);
    asm.mov(Size::S64, word(first), value);
    asm.mov(Size::S64, word(first + 1), Value::FALSE.bits() as i32);
    (first + 2..words).for_each(|i| asm.mov(Size::S64, word(i), Value::EMPTY.bits() as i32));
    asm.mov(Size::S64, value, Reg::RAX);
}

/// The routines `YIELD` and `YIELD_DELEGATE`.
pub(super) fn yield_value(asm: &mut Assembler, cx: &Context, op: Op) {
    const RESULT: Reg = Reg::R9;
    const HEADER: Reg = Reg::RDI;
    let [helper, suspend, bare, returned, elsewhere] = std::array::from_fn(|_| asm.new_label());
    // r8 = the running code.
    address_of_instruction(asm);
    load(asm, op, "coroutine", GENERATOR);
    asm.cmp(Size::S8, Mem::base(GENERATOR, header::KIND), Kind::Generator as i32);
    asm.jne(helper);
    asm.mov(Size::S64, REGISTERS, Mem::base(GENERATOR, generator::FRAME));
    asm.test(Size::S8, Mem::base(REGISTERS, header::GC), header::OLD_CLEAN);
    asm.jne(helper);
    load(asm, op, "src", RESULT);
    asm.test(Size::S8, Mem::base(FRAME, STEP_BYTE), STEP_BIT);
    if op == Op::YieldDelegate {
        // It has a result object, which is handed on: in a step by way of the context.
        asm.je(suspend);
        asm.mov(Size::S64, Mem::base(CX, context::DELEGATED), RESULT);
        asm.zero(RESULT);
    } else {
        asm.jne(suspend);
        result_object(asm, cx, RESULT, HEADER, helper);
    }

    asm.bind(suspend);
    asm.mov(Size::S32, COUNT, Mem::base(REGISTERS, values::LENGTH));
    copy(asm, (FRAME, 0), (REGISTERS, values::DATA));
    asm.sub(Size::S64, PC, Mem::base(Reg::R8, CodeBlock::CODE_OFFSET as i32));
    asm.shr(Size::S64, PC, 1);
    asm.mov(Size::S32, Mem::base(GENERATOR, generator::RESUME_PC), PC);
    asm.mov(Size::S32, Mem::base(GENERATOR, generator::STATE), CoroutineState::SuspendedYield as i32);
    asm.mov(Size::S64, Reg::RAX, RESULT);
    asm.bind(bare);
    asm.pop(Reg::RBP);
    asm.ret();

    // As all ops of the style `Leave`; these two never go on with the next instruction.
    asm.bind(helper);
    call_helper(asm, Symbol::helper(op));
    asm.cmp(Size::S64, Reg::RAX, 2);
    asm.je(returned);
    asm.ja(elsewhere);
    asm.jmp_near(symbols::THROW.target());
    asm.bind(returned);
    asm.mov(Size::S64, Reg::RAX, Mem::base(CX, context::RESULT));
    asm.jmp_to(bare);
    asm.bind(elsewhere);
    asm.mov(Size::S64, FRAME, Mem::base(CX, context::FRAME));
    asm.jmp(Reg::RAX);
}
