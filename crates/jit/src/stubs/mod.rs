//! Pieces of code that all compiled functions share: what would be repeated at many sites and is not worth inlining.
//!
//! Stubs are called by machine code only. They keep the engine's registers and clobber what each says.
//!
//! * here: a stub for each op, around its helper;
//! * [`element`]: what the stub of `DefineElem` does before;
//! * [`number`]: what the stubs of arithmetic and comparisons do before;
//! * [`named`]: the stubs of named properties, which try the inline caches before;
//! * [`shared`]: routines that slow paths of many ops share.

mod call;
mod element;
mod generator;
pub mod named;
mod number;
pub mod shared;

use crate::baseline::{CX, FRAME, SITES};
use crate::symbols::{FIRST_STUB, Symbol};
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_code::{Batch, CodeError, CodeImage, CodeKind, CodeSpace};
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;
use tercel_vm::frame;
use tercel_vm::helpers::{self, Style};
use tercel_vm::layout::{context, object, site};

/// The stub of an op: calls the op's helper and deals with what that says, so that a slow path is five bytes of argument and a call. In: edx, the offset of
/// the instruction in its function's bytecode, in bytes. Styles `Plain` and `Call`: the op is done; what it stored in its register `dst` is in rax as well. `Jump`: "equal" means that the jump is taken. `Relation`:
/// see [`number`]; for ops on names, [`named`].
pub const fn of_op(op: Op) -> Symbol {
    Symbol(FIRST_STUB + op as u32)
}

/// Numbers of symbols from here on are the routines' of inline caches.
pub const ROUTINES: u32 = FIRST_STUB + 256;

/// Numbers of symbols from here on are those of [`shared`].
pub const SHARED: u32 = ROUTINES + 256;

/// Numbers of symbols from here on are those of [`named::by_offset`].
pub const BY_OFFSET: u32 = SHARED + 256;

/// Which ops' stubs a piece of code calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpSet([u64; 4]);

impl OpSet {
    pub fn insert(&mut self, op: Op) {
        self.0[op as usize / 64] |= 1 << (op as usize % 64);
    }
    pub fn insert_all(&mut self, other: OpSet) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, others)| *mine |= others);
    }
    /// Whether all of the other's ops are in this one.
    pub fn contains_all(self, other: OpSet) -> bool {
        self.0.iter().zip(other.0).all(|(&mine, others)| others & !mine == 0)
    }
    fn contains(self, op: Op) -> bool {
        self.0[op as usize / 64] & 1 << (op as usize % 64) != 0
    }
}

/// Publishes the stubs of those of the ops that are not in `published`, in one batch, and adds them to it.
///
/// # Errors
/// If there is no room for them.
pub fn publish(space: &mut CodeSpace, cx: &Context, wanted: OpSet, published: &mut OpSet) -> Result<(), CodeError> {
    let missing: Vec<Op> =
        Op::ALL.iter().copied().filter(|&op| wanted.contains(op) && !published.contains(op)).collect();
    let by_offset = missing.iter().filter(|&&op| named::is_named(op) && !cx.options.no_ic).map(|&op| {
        let mut asm = Assembler::new();
        named::emit_by_offset(&mut asm, op);
        (format!("{} by offset", op.info().name), named::by_offset(op), asm)
    });
    publish_pieces(
        space,
        by_offset.chain(missing.iter().map(|&op| {
            let mut asm = Assembler::new();
            // Without inline caches, ops on names are like all others.
            if named::is_named(op) && !cx.options.no_ic {
                named::emit(&mut asm, cx, op);
            } else {
                emit(&mut asm, op);
            }
            (op.info().name.to_owned(), of_op(op), asm)
        })),
    )?;
    missing.into_iter().for_each(|op| published.insert(op));
    Ok(())
}

/// A routine: what it is called, its symbol, its code.
pub type Routine = (&'static str, Symbol, fn(&mut Assembler, &Context));

/// Publishes routines in one batch: they may call each other.
///
/// # Errors
/// If there is no room for them.
pub fn publish_routines<'a>(
    space: &mut CodeSpace,
    cx: &Context,
    routines: impl Iterator<Item = &'a Routine>,
) -> Result<(), CodeError> {
    publish_pieces(
        space,
        routines.map(|&(name, symbol, emit)| {
            let mut asm = Assembler::new();
            emit(&mut asm, cx);
            (name.to_lowercase(), symbol, asm)
        }),
    )
}

/// Publishes pieces of code in one batch, and defines their symbols.
fn publish_pieces(
    space: &mut CodeSpace,
    pieces: impl Iterator<Item = (String, Symbol, Assembler)>,
) -> Result<(), CodeError> {
    let mut batch = Batch::new();
    for (name, symbol, mut asm) in pieces {
        let assembly = asm.assemble().map_err(|_| CodeError::Invalid { reason: "a stub does not assemble" })?;
        batch.push(CodeImage::new(name, CodeKind::Runtime, assembly));
        batch.define_last(symbol.0);
    }
    space.publish_batch(&mut batch).map(|_| ())
}

/// `reg` = the code block of the function whose frame is in rbx.
pub(crate) fn running_code(asm: &mut Assembler, reg: Reg) {
    asm.mov(Size::S64, reg, Mem::base(FRAME, frame::CALLEE as i32 * 8));
    asm.mov(Size::S64, reg, Mem::base(reg, object::FUNCTION_CODE));
}

/// Where an operand lies in an instruction, in bytes, by its name in the op table.
fn operand_offset(op: Op, name: &str) -> Option<i32> {
    let operands = op.info().operands;
    let index = operands.iter().position(|operand| operand.0 == name)?;
    Some(2 + operands[..index].iter().map(|operand| operand.1.units() as i32 * 2).sum::<i32>())
}

/// `reg` = the address of the feedback site that the operand numbers.
fn address_of_site(asm: &mut Assembler, reg: Reg, slot: Mem) {
    const { assert!((site::SIZE as u32).is_power_of_two()) };
    asm.mov(Size::S32, reg, slot);
    asm.shl(Size::S64, reg, site::SIZE.trailing_zeros() as u8);
    asm.add(Size::S64, reg, SITES);
}

/// Counts a call of a stub, or of a routine, by code that may have been made too early ([`CodeBlock::LATE_OFFSET`]); jumps to `often` when it is to be asked whether
/// it should be made anew. `running`: the running function's code block.
fn count_late(asm: &mut Assembler, running: Reg, often: Label) {
    asm.dec(Size::S32, Mem::base(running, CodeBlock::LATE_OFFSET as i32));
    asm.js(often);
}

/// The running function has called stubs that count so often that perhaps it is to be made anew. `kept`: registers to keep, so many that their words on the stack
/// keep rsp a multiple of 16.
fn called_often(asm: &mut Assembler, kept: &[Reg]) {
    kept.iter().for_each(|&reg| asm.push(reg));
    asm.mov(Size::S64, Reg::RDI, CX);
    asm.mov(Size::S64, Reg::RSI, FRAME);
    asm.call_near(crate::symbols::STUBS_CALLED_OFTEN.target());
    kept.iter().rev().for_each(|&reg| asm.pop(reg));
}

/// rdx = the address of the instruction at the offset in rdx. Clobbers r8.
fn address_of_instruction(asm: &mut Assembler) {
    running_code(asm, Reg::R8);
    asm.add(Size::S64, Reg::RDX, Mem::base(Reg::R8, CodeBlock::CODE_OFFSET as i32));
}

/// Calls a helper of the context, the frame and the instruction in rdx (and of more, from rcx on). The stack has a word of the stub's, which keeps rsp a
/// multiple of 16; unwinding goes along rbp and does not see it.
fn call_helper(asm: &mut Assembler, helper: Symbol) {
    asm.mov(Size::S64, Reg::RDI, CX);
    asm.mov(Size::S64, Reg::RSI, FRAME);
    asm.mov(Size::S64, Mem::base(CX, context::EXIT_SP), Reg::RSP);
    asm.call_near(helper.target());
}

/// [`call_helper`] for the helper of an op, and what its style asks for: falls through or jumps to `done`, or jumps to `threw`.
fn call_helper_of(asm: &mut Assembler, op: Op, done: Label, threw: Label) {
    call_helper(asm, Symbol::helper(op));
    match helpers::of_op(op).map(|h| h.style) {
        Some(Style::Call) => {
            asm.cmp(Size::S64, Reg::RAX, 1);
            asm.jb(done);
            asm.je(threw);
            enter_pushed(asm);
        }
        Some(Style::Jump) => {
            asm.cmp(Size::S32, Reg::RAX, 1);
            asm.ja(threw);
        }
        _ => {
            asm.test(Size::S32, Reg::RAX, Reg::RAX);
            asm.jne(threw);
        }
    }
}

/// What a helper threw goes on to its handler; the stub's word on the stack is forgotten on the way.
fn leave_word(asm: &mut Assembler) {
    asm.jmp_near(crate::symbols::THROW.target());
}

fn emit(asm: &mut Assembler, op: Op) {
    if helpers::of_op(op).is_some_and(|h| h.style == Style::Relation) {
        return number::comparison(asm, op);
    }
    let (threw, ret) = (asm.new_label(), asm.new_label());
    if matches!(op, Op::Call | Op::CallMethod) {
        call::ordinary(asm, op);
    }
    address_of_instruction(asm);
    if is_element(op) {
        count_element(asm);
    }
    number::arithmetic(asm, op);
    element::append(asm, op);
    if op == Op::CallMethod {
        let other = asm.new_label();
        generator::next_called(asm, other);
        asm.bind(other);
    }
    asm.push(Reg::RDX);
    call_helper_of(asm, op, ret, threw);
    asm.bind(ret);
    asm.pop(Reg::RDX);
    // None of this changes the flags.
    if let Some(result) = number::operand(op, "dst") {
        asm.movzx(Size::S32, Size::S16, Reg::RAX, result);
        asm.mov(Size::S64, Reg::RAX, number::vm_register(Reg::RAX));
    }
    asm.ret();
    asm.bind(threw);
    leave_word(asm);
}

/// Accesses to elements whose code has no way for kinds of keys and arrays that the site had not met when it was made.
fn is_element(op: Op) -> bool {
    matches!(op, Op::GetElem | Op::GetElemUpdate | Op::GetMethodElem | Op::SetElem)
}

/// Counts towards making the code anew. As [`address_of_instruction`] leaves the registers.
fn count_element(asm: &mut Assembler) {
    let go_on = asm.new_label();
    asm.dec(Size::S32, Mem::base(Reg::R8, CodeBlock::LATE_OFFSET as i32));
    asm.jns(go_on);
    called_often(asm, &[Reg::RDX]);
    asm.bind(go_on);
}

/// Enters the frame that a helper pushed, at the address in rax, and stores its result where the frame says; then rbx and r13 are the caller's again.
fn enter_pushed(asm: &mut Assembler) {
    asm.mov(Size::S64, FRAME, Mem::base(CX, context::FRAME));
    asm.call(Reg::RAX);
    store_result_of_callee(asm);
}

/// Stores what a callee has returned, rax, where its frame in rbx says; then rbx and r13 are the caller's again. Clobbers rcx, rdx, rsi.
fn store_result_of_callee(asm: &mut Assembler) {
    asm.mov(Size::S64, Reg::RSI, Mem::base(FRAME, frame::CALL_WORD as i32 * 8));
    return_to_caller(asm);
    asm.shr(Size::S64, Reg::RSI, 24);
    asm.movzx(Size::S32, Size::S16, Reg::RSI, Reg::RSI);
    asm.mov(Size::S64, Mem::index(FRAME, Reg::RSI, Scale::X8, 0), Reg::RAX);
}

/// Calls a function that looks at its arguments only.
fn call_leaf(asm: &mut Assembler, symbol: Symbol) {
    // The word keeps rsp a multiple of 16.
    asm.sub(Size::S64, Reg::RSP, 8);
    asm.call_near(symbol.target());
    asm.add(Size::S64, Reg::RSP, 8);
}

/// From the frame of a callee that has returned to its caller's: rbx and r13 are the caller's again. Clobbers rcx, rdx.
fn return_to_caller(asm: &mut Assembler) {
    asm.mov(Size::S64, Reg::RDX, Mem::base(FRAME, frame::LINK as i32 * 8));
    asm.shr(Size::S64, Reg::RDX, 28);
    asm.and(Size::S32, Reg::RDX, 0xf_ffff);
    asm.shl(Size::S64, Reg::RDX, 3);
    asm.sub(Size::S64, FRAME, Reg::RDX);
    running_code(asm, Reg::RCX);
    asm.mov(Size::S64, SITES, Mem::base(Reg::RCX, CodeBlock::SITES_OFFSET as i32));
}
