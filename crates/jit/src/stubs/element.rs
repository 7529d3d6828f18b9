//! What the stub of `DefineElem` does before it calls the op's helper: an element behind the last one, where there is room for it.
//!
//! Arrays that the library fills, and literals with computed keys, grow so. Dense elements say all that must be known: the object is extensible, its length
//! is writable, and it is no prototype for which an element would be news.

use super::call_leaf;
use super::number::{load_operand, to_double};
use super::shared;
use crate::baseline::{TAG, check_cell};
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size, Xmm};
use tercel_bytecode::Op;
use tercel_vm::Kind;
use tercel_vm::layout::{elements, header, object};

const OBJECT: Reg = Reg::RAX;
const VALUE: Reg = Reg::RCX;
const INDEX: Reg = Reg::RSI;
const ELEMENTS: Reg = Reg::RDI;
const PLACE: Reg = Reg::R10;

/// Appends and returns; falls through, with rdx as it was, in all other cases.
pub(super) fn append(asm: &mut Assembler, op: Op) {
    if op != Op::DefineElem {
        return;
    }
    let [other, value, double, store, stored, within] = std::array::from_fn(|_| asm.new_label());
    load_operand(asm, op, "obj", OBJECT);
    load_operand(asm, op, "key", INDEX);
    load_operand(asm, op, "src", VALUE);
    check_cell(asm, OBJECT, other);
    asm.cmp(Size::S8, Mem::base(OBJECT, header::KIND), Kind::Array as i32);
    asm.jne(other);
    asm.cmp(Size::S64, INDEX, TAG);
    asm.jb(other);
    // The index, without the tag. A negative one is no length.
    asm.mov(Size::S32, INDEX, INDEX);
    asm.mov(Size::S64, ELEMENTS, Mem::base(OBJECT, object::ELEMENTS));
    asm.cmp(Size::S32, INDEX, Mem::base(ELEMENTS, elements::LENGTH));
    asm.jne(other);
    asm.cmp(Size::S32, INDEX, Mem::base(ELEMENTS, elements::CAPACITY));
    asm.jae(other);
    asm.lea(Size::S64, PLACE, Mem::index(ELEMENTS, INDEX, Scale::X8, elements::DATA));
    asm.movzx(Size::S32, Size::S8, Reg::R9, Mem::base(ELEMENTS, header::KIND));
    asm.cmp(Size::S32, Reg::R9, Kind::ElementsValue as i32);
    asm.je(value);
    asm.cmp(Size::S32, Reg::R9, Kind::ElementsDouble as i32);
    asm.je(double);
    asm.cmp(Size::S32, Reg::R9, Kind::ElementsInt32 as i32);
    asm.jne(other);
    asm.cmp(Size::S64, VALUE, TAG);
    asm.jb(other);
    asm.bind(value);
    asm.mov(Size::S64, Mem::base(PLACE, 0), VALUE);
    asm.bind(store);
    asm.lea(Size::S32, Reg::R9, Mem::base(INDEX, 1));
    asm.mov(Size::S32, Mem::base(ELEMENTS, elements::LENGTH), Reg::R9);
    // An array that was made with its length is filled in.
    asm.cmp(Size::S32, INDEX, Mem::base(OBJECT, object::ARRAY_LENGTH));
    asm.jb(within);
    asm.mov(Size::S32, Mem::base(OBJECT, object::ARRAY_LENGTH), Reg::R9);
    asm.bind(within);
    asm.test(Size::S8, Mem::base(ELEMENTS, header::GC), header::OLD_CLEAN);
    asm.je(stored);
    asm.mov(Size::S64, Reg::RAX, ELEMENTS);
    asm.mov(Size::S64, Reg::RDX, PLACE);
    call_leaf(asm, shared::BARRIER);
    asm.bind(stored);
    asm.ret();

    asm.bind(double);
    to_double(asm, VALUE, Xmm::XMM0, other);
    asm.movsd_store(Mem::base(PLACE, 0), Xmm::XMM0);
    // No cell: what is left of the number would be one to the barrier.
    asm.zero(VALUE);
    asm.jmp_to(store);
    asm.bind(other);
}
