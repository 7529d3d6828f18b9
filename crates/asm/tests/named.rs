//! The named face emits what its names say, as an independent disassembler reads it.

use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};
use tercel_asm::x64::{Assembler, Mem, Reg, Xmm};

/// A named method with operands, and how the disassembler shows it.
type Case = (fn(&mut Assembler), &'static str);

fn disassemble(bytes: &[u8]) -> String {
    let mut formatter = NasmFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(true);
    let mut lines = Vec::new();
    for instruction in Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE).iter() {
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        lines.push(text);
    }
    lines.join("; ")
}

#[test]
fn named_methods_emit_their_instruction() {
    use Reg::*;
    const AT: Mem = Mem::base(RDI, 16);
    let cases: &[Case] = &[
        (|a| a.mov_r64_imm64(R8, 0x1_0000_0002), "mov r8, 100000002h"),
        (|a| a.mov_r64_r64(RBX, R15), "mov rbx, r15"),
        (|a| a.mov_r64_ptr(RBX, AT), "mov rbx, [rdi+10h]"),
        (|a| a.mov_ptr_r64(AT, R9), "mov [rdi+10h], r9"),
        (|a| a.mov_r32_ptr(RBX, AT), "mov ebx, [rdi+10h]"),
        (|a| a.mov_ptr_r32(AT, R9), "mov [rdi+10h], r9d"),
        (|a| a.lea_r64_ptr(RAX, AT), "lea rax, [rdi+10h]"),
        (|a| a.add_r64_r64(RAX, R12), "add rax, r12"),
        (|a| a.add_r64_imm(RSP, 8), "add rsp, 8"),
        (|a| a.sub_r64_r64(R13, RCX), "sub r13, rcx"),
        (|a| a.sub_r64_imm(RSP, 24), "sub rsp, 18h"),
        (|a| a.imul_r64_r64(RSI, RDX), "imul rsi, rdx"),
        (|a| a.imul_r64_r64_imm(RSI, RDX, 10), "imul rsi, rdx, 0Ah"),
        (|a| a.and_r64_r64(RAX, RBP), "and rax, rbp"),
        (|a| a.and_r64_imm(RAX, 7), "and rax, 7"),
        (|a| a.or_r64_r64(RAX, RBP), "or rax, rbp"),
        (|a| a.xor_r64_r64(RAX, RBP), "xor rax, rbp"),
        (|a| a.neg_r64(R10), "neg r10"),
        (|a| a.idiv_r64(R10), "idiv r10"),
        (|a| a.shl_r64_imm(RAX, 3), "shl rax, 3"),
        (|a| a.sar_r64_imm(RAX, 63), "sar rax, 3Fh"),
        (|a| a.cmp_r64_r64(RAX, RBX), "cmp rax, rbx"),
        (|a| a.cmp_r64_imm(R11, 100), "cmp r11, 64h"),
        (|a| a.test_r64_r64(RAX, RAX), "test rax, rax"),
        (|a| a.test_r64_imm(RSP, 15), "test rsp, 0Fh"),
        (|a| a.cmp_byte_ptr_imm(AT, 1), "cmp byte [rdi+10h], 1"),
        (|a| a.push_r64(R14), "push r14"),
        (|a| a.pop_r64(RBX), "pop rbx"),
        (|a| a.call_r64(RAX), "call rax"),
        (|a| a.jmp_r64(R11), "jmp r11"),
        (|a| a.ret(), "ret"),
        (|a| a.movaps_xmm_ptr(Xmm::XMM1, AT), "movaps xmm1, [rdi+10h]"),
        (|a| a.movaps_ptr_xmm(AT, Xmm::XMM9), "movaps [rdi+10h], xmm9"),
        (|a| a.movups_xmm_ptr(Xmm::XMM1, AT), "movups xmm1, [rdi+10h]"),
        (|a| a.movups_ptr_xmm(AT, Xmm::XMM9), "movups [rdi+10h], xmm9"),
        (|a| a.movsd_xmm_ptr(Xmm::XMM1, AT), "movsd xmm1, [rdi+10h]"),
        (|a| a.movsd_ptr_xmm(AT, Xmm::XMM9), "movsd [rdi+10h], xmm9"),
        (|a| a.addps_xmm_xmm(Xmm::XMM1, Xmm::XMM2), "addps xmm1, xmm2"),
        (|a| a.addsd_xmm_xmm(Xmm::XMM1, Xmm::XMM2), "addsd xmm1, xmm2"),
        (|a| a.mulsd_xmm_xmm(Xmm::XMM1, Xmm::XMM2), "mulsd xmm1, xmm2"),
    ];
    for (emit, expected) in cases {
        let mut asm = Assembler::new();
        emit(&mut asm);
        assert_eq!(disassemble(&asm.assemble().unwrap().code), *expected);
    }
}

#[test]
fn named_branches_go_to_their_labels() {
    let cases: &[Case] = &[
        (|a| a.jmp_label("x"), "jmp short 0"),
        (|a| a.call_label("x"), "call 0"),
        (|a| a.je_label("x"), "je short 0"),
        (|a| a.jz_label("x"), "je short 0"),
        (|a| a.jne_label("x"), "jne short 0"),
        (|a| a.jnz_label("x"), "jne short 0"),
        (|a| a.jl_label("x"), "jl short 0"),
        (|a| a.jle_label("x"), "jle short 0"),
        (|a| a.jg_label("x"), "jg short 0"),
        (|a| a.jge_label("x"), "jge short 0"),
        (|a| a.jo_label("x"), "jo short 0"),
    ];
    for (emit, expected) in cases {
        let mut asm = Assembler::new();
        asm.label("x");
        emit(&mut asm);
        assert_eq!(disassemble(&asm.assemble().unwrap().code), *expected);
    }
    let mut asm = Assembler::new();
    asm.call_extern(std::ptr::without_provenance(0x1234));
    asm.ret();
    let assembly = asm.assemble().unwrap();
    assert_eq!(disassemble(&assembly.code[..7]), "call qword [rel 8]; ret");
    assert_eq!(assembly.relocations[0].offset, 8);
}
