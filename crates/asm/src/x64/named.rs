//! The named face: one method per operand form, for machine code written by hand. Each is one call of the typed face.

use super::assembler::{AsLabel, Assembler};
use super::operand::{Mem, Operand};
use super::reg::{Reg, Size, Xmm};
use crate::reloc::RelocTarget;

/// Methods named `instruction_operands`, of a fixed size.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) => $method:ident($($value:expr),*);)*) => {
        /// The named face.
        impl Assembler {
            $($(#[$doc])* #[inline] pub fn $name(&mut self $(, $arg: $type)*) { self.$method($($value),*); })*
        }
    };
}

named! {
    /// `mov dst, imm`, in the shortest form.
    mov_r64_imm64(dst: Reg, imm: i64) => mov_imm64(dst, imm);
    /// `mov dst, src`.
    mov_r64_r64(dst: Reg, src: Reg) => mov(Size::S64, dst, src);
    /// `mov dst, [src]`.
    mov_r64_ptr(dst: Reg, src: Mem) => mov(Size::S64, dst, src);
    /// `mov [dst], src`.
    mov_ptr_r64(dst: Mem, src: Reg) => mov(Size::S64, dst, src);
    /// `mov dst, [src]`, 32 bits, zero-extended.
    mov_r32_ptr(dst: Reg, src: Mem) => mov(Size::S32, dst, src);
    /// `mov [dst], src`, 32 bits.
    mov_ptr_r32(dst: Mem, src: Reg) => mov(Size::S32, dst, src);
    /// `lea dst, [src]`.
    lea_r64_ptr(dst: Reg, src: Mem) => lea(Size::S64, dst, src);
    /// `add dst, src`.
    add_r64_r64(dst: Reg, src: Reg) => add(Size::S64, dst, src);
    /// `add dst, imm`.
    add_r64_imm(dst: Reg, imm: i32) => add(Size::S64, dst, imm);
    /// `sub dst, src`.
    sub_r64_r64(dst: Reg, src: Reg) => sub(Size::S64, dst, src);
    /// `sub dst, imm`.
    sub_r64_imm(dst: Reg, imm: i32) => sub(Size::S64, dst, imm);
    /// `imul dst, src`.
    imul_r64_r64(dst: Reg, src: Reg) => imul(Size::S64, dst, src);
    /// `imul dst, src, imm`.
    imul_r64_r64_imm(dst: Reg, src: Reg, imm: i32) => imul_imm(Size::S64, dst, src, imm);
    /// `and dst, src`.
    and_r64_r64(dst: Reg, src: Reg) => and(Size::S64, dst, src);
    /// `and dst, imm`.
    and_r64_imm(dst: Reg, imm: i32) => and(Size::S64, dst, imm);
    /// `or dst, src`.
    or_r64_r64(dst: Reg, src: Reg) => or(Size::S64, dst, src);
    /// `xor dst, src`.
    xor_r64_r64(dst: Reg, src: Reg) => xor(Size::S64, dst, src);
    /// `neg dst`.
    neg_r64(dst: Reg) => neg(Size::S64, dst);
    /// `idiv src`: RDX:RAX by `src`.
    idiv_r64(src: Reg) => idiv(Size::S64, src);
    /// `shl dst, count`.
    shl_r64_imm(dst: Reg, count: u8) => shl(Size::S64, dst, count);
    /// `sar dst, count`.
    sar_r64_imm(dst: Reg, count: u8) => sar(Size::S64, dst, count);
    /// `cmp a, b`.
    cmp_r64_r64(a: Reg, b: Reg) => cmp(Size::S64, a, b);
    /// `cmp a, imm`.
    cmp_r64_imm(a: Reg, imm: i32) => cmp(Size::S64, a, imm);
    /// `test a, b`.
    test_r64_r64(a: Reg, b: Reg) => test(Size::S64, a, b);
    /// `test a, imm`.
    test_r64_imm(a: Reg, imm: i32) => test(Size::S64, a, imm);
    /// `cmp byte [a], imm`.
    cmp_byte_ptr_imm(a: Mem, imm: i8) => cmp(Size::S8, a, Operand::Imm(i32::from(imm)));
    /// `push src`.
    push_r64(src: Reg) => push(src);
    /// `pop dst`.
    pop_r64(dst: Reg) => pop(dst);
    /// `call target`.
    call_r64(target: Reg) => call(target);
    /// `jmp target`.
    jmp_r64(target: Reg) => jmp(target);
    /// `movaps dst, [src]`: 16 bytes, which must be aligned.
    movaps_xmm_ptr(dst: Xmm, src: Mem) => movaps(dst, src);
    /// `movaps [dst], src`: 16 bytes, which must be aligned.
    movaps_ptr_xmm(dst: Mem, src: Xmm) => movaps_store(dst, src);
    /// `movups dst, [src]`.
    movups_xmm_ptr(dst: Xmm, src: Mem) => movups(dst, src);
    /// `movups [dst], src`.
    movups_ptr_xmm(dst: Mem, src: Xmm) => movups_store(dst, src);
    /// `movsd dst, [src]`: 8 bytes, the upper half becomes zero.
    movsd_xmm_ptr(dst: Xmm, src: Mem) => movsd(dst, src);
    /// `movsd [dst], src`.
    movsd_ptr_xmm(dst: Mem, src: Xmm) => movsd_store(dst, src);
    /// `addps dst, src`.
    addps_xmm_xmm(dst: Xmm, src: Xmm) => addps(dst, src);
    /// `addsd dst, src`.
    addsd_xmm_xmm(dst: Xmm, src: Xmm) => addsd(dst, src);
    /// `mulsd dst, src`.
    mulsd_xmm_xmm(dst: Xmm, src: Xmm) => mulsd(dst, src);
    /// `jmp` to a label.
    jmp_label(target: impl AsLabel) => jmp_to(target);
    /// `call` of a label.
    call_label(target: impl AsLabel) => call_to(target);
    /// `je`: equal.
    je_label(target: impl AsLabel) => je(target);
    /// `jne`: not equal.
    jne_label(target: impl AsLabel) => jne(target);
    /// `jz`: zero.
    jz_label(target: impl AsLabel) => je(target);
    /// `jnz`: not zero.
    jnz_label(target: impl AsLabel) => jne(target);
    /// `jl`: less, signed.
    jl_label(target: impl AsLabel) => jl(target);
    /// `jle`: less or equal, signed.
    jle_label(target: impl AsLabel) => jle(target);
    /// `jg`: greater, signed.
    jg_label(target: impl AsLabel) => jg(target);
    /// `jge`: greater or equal, signed.
    jge_label(target: impl AsLabel) => jge(target);
    /// `jo`: overflow.
    jo_label(target: impl AsLabel) => jo(target);
}

impl Assembler {
    /// Names this place. Using a name twice is an error, using one that is nowhere given as well.
    pub fn label(&mut self, name: &str) {
        let label = self.named_label(name);
        self.bind(label);
    }

    /// Calls a function outside the code, wherever it lies, through its address in the constant pool. No register changes
    /// but those that the function changes.
    pub fn call_extern(&mut self, function: *const u8) {
        let slot = self.address_constant(RelocTarget::Address(function as u64));
        self.call(Mem::label(slot));
    }
}
