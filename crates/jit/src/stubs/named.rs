//! The stubs of named properties: what the code in line does not find. The site's decoded form, its inline caches, the megamorphic cache, and then
//! the helper, which attaches. Numbers and booleans have no stubs, whose receivers are cells, and no primitive has stubs for writes: the megamorphic cache
//! knows them by their prototypes' shapes.
//!
//! In: rax, the receiver; rdx, the site; esi, the offset in units of the instruction behind; rcx, the value to be stored. Out: rax, the value that was
//! read, which is then also in the op's register or not.
//!
//! Functions enter by another stub ([`by_offset`]) that reads the operands from the bytecode. So a slow path is three short instructions, and a site that has never
//! run needs no more than the two of a call.

use super::number::{operand, vm_register};
use super::{
    address_of_site, call_helper_of, called_often, count_late, leave_word, operand_offset, running_code, shared,
};
use crate::baseline::{CX, check_cell};
use crate::ic::routines;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_vm::Kind;
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;
use tercel_vm::feedback::{Loc, SiteState};
use tercel_vm::layout::{context, header, site, stub};
use tercel_vm::statistics::COUNTED_SITES;

const OBJECT: Reg = Reg::RAX;
const VALUE: Reg = Reg::RCX;
const SITE: Reg = routines::SITE;

/// Whether the op's stub is one of these.
pub const fn is_named(op: Op) -> bool {
    matches!(op, Op::GetNamed | Op::GetMethod | Op::SetNamed)
}

/// The stub that reads the op's operands. In: esi, the offset in units of the instruction behind.
pub const fn by_offset(op: Op) -> Symbol {
    Symbol(super::BY_OFFSET + op as u32)
}

/// The code of [`by_offset`].
pub(super) fn emit_by_offset(asm: &mut Assembler, op: Op) {
    let [often, go_on] = std::array::from_fn(|_| asm.new_label());
    load_bytecode(asm);
    count_late(asm, Reg::R8, often);
    asm.bind(go_on);
    load_operands(asm, op);
    address_of_site(asm, SITE, instruction(op, place_of(op, "slot")));
    asm.jmp_near(super::of_op(op).target());

    asm.bind(often);
    called_often(asm, &[Reg::RSI]);
    load_bytecode(asm);
    asm.jmp_to(go_on);
}

/// The stub of one of the ops.
pub(super) fn emit(asm: &mut Assembler, cx: &Context, op: Op) {
    let [stubs, none, primitive, helper, whole_op, ret] = std::array::from_fn(|_| asm.new_label());
    let writes = op == Op::SetNamed;
    // The word on the stack keeps rsp a multiple of 16.
    asm.push(Reg::RSI);
    check_cell(asm, OBJECT, primitive);
    own_inline(asm, writes, stubs, ret);

    asm.bind(stubs);
    asm.mov(Size::S64, Reg::RDI, Mem::base(SITE, site::STUBS));
    asm.test(Size::S64, Reg::RDI, Reg::RDI);
    asm.je(none);
    asm.call(Mem::base(Reg::RDI, stub::CODE));
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.je(helper);
    asm.bind(ret);
    asm.lea(Size::S64, Reg::RSP, Mem::base(Reg::RSP, 8));
    asm.ret();

    asm.bind(none);
    asm.cmp(Size::S8, Mem::base(SITE, site::STATE), SiteState::Megamorphic as i32);
    asm.jne(helper);
    if !writes {
        asm.cmp(Size::S8, Mem::base(OBJECT, header::KIND), Kind::Object as i32);
        asm.jb(primitive);
    }
    load_key(asm, op);
    asm.call_near(if writes { routines::SITE_SET } else { routines::SITE_GET }.target());
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.jne(ret);

    asm.bind(helper);
    if writes {
        // A primitive that is a cell comes here: no stub has been for it.
        load_bytecode(asm);
        asm.mov(Size::S32, Reg::RSI, Mem::base(Reg::RSP, 0));
        load_operands(asm, op);
        check_cell(asm, OBJECT, whole_op);
        asm.cmp(Size::S8, Mem::base(OBJECT, header::KIND), Kind::Object as i32);
        asm.jb(primitive);
    }
    asm.bind(whole_op);
    count_miss(asm, cx, op);
    by_helper(asm, op);

    asm.bind(primitive);
    load_key(asm, op);
    asm.call_near(if writes { routines::PRIMITIVE_SET } else { routines::PRIMITIVE_GET }.target());
    asm.test(Size::S64, Reg::RAX, Reg::RAX);
    asm.jne(ret);
    asm.jmp_to(whole_op);
}

/// The own inline slot that the site's decoded form names, if its shape is the receiver's.
fn own_inline(asm: &mut Assembler, writes: bool, other: Label, ret: Label) {
    const OFFSET: Reg = Reg::RDI;
    asm.mov(Size::S32, OFFSET, Mem::base(OBJECT, header::SHAPE));
    asm.cmp(Size::S32, OFFSET, Mem::base(SITE, site::GUARD));
    asm.jne(other);
    asm.mov(Size::S32, OFFSET, Mem::base(SITE, site::LOC));
    asm.cmp(Size::S32, OFFSET, Loc::OWN_INLINE_END as i32);
    asm.jae(other);
    if !writes {
        asm.mov(Size::S64, Reg::RAX, Mem::index(OBJECT, OFFSET, Scale::X1, 0));
        return asm.jmp_to(ret);
    }
    asm.lea(Size::S64, Reg::RDX, Mem::index(OBJECT, OFFSET, Scale::X1, 0));
    asm.mov(Size::S64, Mem::base(Reg::RDX, 0), VALUE);
    asm.test(Size::S8, Mem::base(OBJECT, header::GC), header::OLD_CLEAN);
    asm.je(ret);
    asm.call_near(shared::BARRIER.target());
    asm.jmp_to(ret);
}

/// r8 = the code block, r9 = its bytecode.
fn load_bytecode(asm: &mut Assembler) {
    running_code(asm, Reg::R8);
    asm.mov(Size::S64, Reg::R9, Mem::base(Reg::R8, CodeBlock::CODE_OFFSET as i32));
}

/// Where the instruction's code is, in bytes, when r9 is the function's bytecode and rsi the offset of the next instruction in units.
fn instruction(op: Op, offset: i32) -> Mem {
    Mem::index(Reg::R9, Reg::RSI, Scale::X2, offset - op.units() as i32 * 2)
}

/// The receiver and the value to be stored, when r9 and rsi are as [`instruction`] has them.
fn load_operands(asm: &mut Assembler, op: Op) {
    let at = |name| instruction(op, place_of(op, name));
    asm.movzx(Size::S32, Size::S16, OBJECT, at("obj"));
    asm.mov(Size::S64, OBJECT, vm_register(OBJECT));
    if op == Op::SetNamed {
        asm.movzx(Size::S32, Size::S16, VALUE, at("src"));
        asm.mov(Size::S64, VALUE, vm_register(VALUE));
    }
}

/// Where an operand that the op has lies in an instruction, in bytes.
fn place_of(op: Op, name: &str) -> i32 {
    operand_offset(op, name).expect("the op has the operand")
}

/// The key's register = the key of the instruction whose next one the word on the stack names. Keeps rax, rcx, rdx.
fn load_key(asm: &mut Assembler, op: Op) {
    load_bytecode(asm);
    asm.mov(Size::S32, Reg::RSI, Mem::base(Reg::RSP, 0));
    asm.mov(Size::S32, routines::KEY, instruction(op, place_of(op, "name")));
    asm.mov(Size::S64, Reg::R8, Mem::base(Reg::R8, CodeBlock::CONSTANTS_OFFSET as i32));
    asm.mov(Size::S64, routines::KEY, Mem::index(Reg::R8, routines::KEY, Scale::X8, 0));
}

/// The helper does all of the op; its result is loaded from where it has stored it.
fn by_helper(asm: &mut Assembler, op: Op) {
    let (threw, done) = (asm.new_label(), asm.new_label());
    load_bytecode(asm);
    asm.mov(Size::S32, Reg::RSI, Mem::base(Reg::RSP, 0));
    asm.lea(Size::S64, Reg::RDX, instruction(op, 0));
    // What the caller goes on with is of no interest any more.
    asm.mov(Size::S64, Mem::base(Reg::RSP, 0), Reg::RDX);
    call_helper_of(asm, op, done, threw);
    asm.bind(done);
    asm.pop(Reg::RDX);
    if let Some(result) = operand(op, "dst").or_else(|| operand(op, "block")) {
        asm.movzx(Size::S32, Size::S16, Reg::RAX, result);
        asm.mov(Size::S64, Reg::RAX, vm_register(Reg::RAX));
    }
    asm.ret();
    asm.bind(threw);
    leave_word(asm);
}

/// Adds one to the misses of the op's kind of sites, if they are counted.
fn count_miss(asm: &mut Assembler, cx: &Context, op: Op) {
    let kind = op.info().feedback;
    if cx.options.count_sites && COUNTED_SITES.iter().any(|row| row.0 == kind) {
        asm.inc(Size::S64, Mem::base(CX, context::missed(kind)));
    }
}
