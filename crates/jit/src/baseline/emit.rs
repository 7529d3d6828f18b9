//! What the code of many ops has in common, as methods of a [`Run`].

use super::{CX, FRAME, NOT_CELL, SITES, TAG};
use tercel_asm::x64::{Branch, Chain, Cond, Reg, Run, Size, opcode};
use tercel_bytecode::op::Slot;
use tercel_vm::layout::{header, site};

/// Pieces of code.
pub(super) trait Emit {
    /// `reg` = a VM register.
    fn load(&mut self, reg: Reg, register: u16);
    /// `reg` = a VM register that may be in rax already.
    fn load_or_keep(&mut self, reg: Reg, register: u16, in_rax: bool);
    /// A VM register = `reg`.
    fn store(&mut self, register: u16, reg: Reg);
    /// A VM register = an immediate value.
    fn store_vm(&mut self, register: u16, bits: i32);
    /// Jumps to `no`, with the flags at "not equal", unless `value` is a cell. It may not be empty: no operand of an op that looks into cells is.
    fn check_cell(&mut self, value: Reg, no: &mut Chain) -> Branch;
    /// Jumps to `no`, with the flags at "below", unless `value` is an int32.
    fn check_int32(&mut self, value: Reg, no: &mut Chain) -> Branch;
    /// `value` = the word of the double that it boxes; a NaN for every other value.
    fn unbox_double(&mut self, value: Reg);
    /// Goes back to `product` unless the VM register or rcx, int32 values, are negative. Clobbers edx.
    fn sign_of_product(&mut self, a: u16, product: u32);
    /// Boxes the int32 in the low half of `value`, whose upper half is 0.
    fn box_int32(&mut self, value: Reg);
    /// `reg` = the address of a feedback site.
    fn site_address(&mut self, reg: Reg, slot: Slot);
    /// `op reg, [field of the site]`.
    fn site_field(&mut self, size: Size, opcode: u8, reg: Reg, slot: Slot, field: i32);
    /// Adds one to a field of the site, 32 bits.
    fn inc_site(&mut self, slot: Slot, field: i32);
    /// `cmp [field of the site], imm`, 32 bits.
    fn site_compare(&mut self, slot: Slot, field: i32, imm: i32);
    /// The same, 8 bits.
    fn site_compare8(&mut self, slot: Slot, field: i32, imm: u8);
    /// `op reg, [field of the context]`.
    fn context_field(&mut self, size: Size, opcode: u8, reg: Reg, field: i32);
    /// The write barrier after a store to the cell in `cell`.
    fn barrier(&mut self, cell: Reg, slow: &mut Chain);
}

impl Emit for Run<'_> {
    #[inline(always)]
    fn load(&mut self, reg: Reg, register: u16) {
        // The frame's header comes first: no register of the bytecode has offset 0 and is read often.
        self.mem(Size::S64, opcode::LOAD, reg, FRAME, i32::from(register) * 8);
    }

    #[inline(always)]
    fn load_or_keep(&mut self, reg: Reg, register: u16, in_rax: bool) {
        if !in_rax {
            self.load(reg, register);
        } else if reg != Reg::RAX {
            self.rr(Size::S64, opcode::STORE, Reg::RAX, reg);
        }
    }

    #[inline(always)]
    fn store(&mut self, register: u16, reg: Reg) {
        self.mem(Size::S64, opcode::STORE, reg, FRAME, i32::from(register) * 8);
    }

    #[inline(always)]
    fn store_vm(&mut self, register: u16, bits: i32) {
        self.store_imm(FRAME, i32::from(register) * 8, bits);
    }

    #[inline(always)]
    fn check_cell(&mut self, value: Reg, no: &mut Chain) -> Branch {
        self.rr(Size::S64, opcode::TEST_REG_RM, NOT_CELL, value);
        self.jcc(Cond::NE, no)
    }

    #[inline(always)]
    fn check_int32(&mut self, value: Reg, no: &mut Chain) -> Branch {
        self.rr(Size::S64, opcode::CMP_REG_RM, value, TAG);
        self.jcc(Cond::B, no)
    }

    #[inline(always)]
    fn unbox_double(&mut self, value: Reg) {
        // Minus 2^49, modulo 2^64: the tag is its negative. Int32 values, cells and the other immediates get an exponent of ones and a mantissa that is not 0.
        self.rr(Size::S64, opcode::ADD_REG_RM, value, TAG);
    }

    #[inline(always)]
    fn sign_of_product(&mut self, a: u16, product: u32) {
        self.mem(Size::S32, opcode::LOAD, Reg::RDX, FRAME, i32::from(a) * 8);
        self.rr(Size::S32, opcode::OR_REG_RM, Reg::RDX, Reg::RCX);
        self.jcc_back(Cond::NS, product);
    }

    #[inline(always)]
    fn box_int32(&mut self, value: Reg) {
        self.rr(Size::S64, opcode::OR_REG_RM, value, TAG);
    }

    #[inline(always)]
    fn site_address(&mut self, reg: Reg, slot: Slot) {
        self.site_field(Size::S64, opcode::LEA, reg, slot, 0);
    }

    #[inline(always)]
    fn site_field(&mut self, size: Size, opcode: u8, reg: Reg, slot: Slot, field: i32) {
        self.mem(size, opcode, reg, SITES, field_of(slot, field));
    }

    #[inline(always)]
    fn inc_site(&mut self, slot: Slot, field: i32) {
        self.inc_mem32(SITES, field_of(slot, field));
    }

    #[inline(always)]
    fn site_compare(&mut self, slot: Slot, field: i32, imm: i32) {
        self.mem_imm(Size::S32, opcode::CMP, SITES, field_of(slot, field), imm);
    }

    #[inline(always)]
    fn site_compare8(&mut self, slot: Slot, field: i32, imm: u8) {
        self.mem_imm8(opcode::CMP, SITES, field_of(slot, field), imm);
    }

    #[inline(always)]
    fn context_field(&mut self, size: Size, opcode: u8, reg: Reg, field: i32) {
        self.mem(size, opcode, reg, CX, field);
    }

    #[inline(always)]
    fn barrier(&mut self, cell: Reg, slow: &mut Chain) {
        self.test_mem8(cell, header::GC, header::OLD_CLEAN as u8);
        self.jcc(Cond::NE, slow);
    }
}

/// The displacement of a site's field.
#[inline(always)]
fn field_of(slot: Slot, field: i32) -> i32 {
    // The verifier bounds slots by the template's, whose number a 32-bit displacement holds.
    (slot.0 as i32).wrapping_mul(site::SIZE).wrapping_add(field)
}
