//! The integer instructions: a block per operand shape, a row per instruction.
//!
//! From this table are made: the method of each row, [`op`] (the rows' descriptors, for tables in compilers that map
//! operations to instructions), the list of mnemonics, and the operand forms that the tests enumerate.

use super::assembler::{AsLabel, Assembler};
use super::inst::{GprOp, GprShape, Instruction, Map, NullaryBytes, Op, Pp, RmKind};
use super::operand::{Count, Mem, Operand, RegMem};
use super::reg::{Cond, Reg, Size};

const BASE: GprOp = GprOp {
    shape: GprShape::Nullary(NullaryBytes::new(&[])),
    pp: Pp::NP,
    map: Map::M1,
    opcode: 0,
    digit: 0,
    min: Size::S8,
    rm: RmKind::Any,
};

/// The descriptor of a row, by block.
macro_rules! descriptor {
    (Alu $digit:literal) => { GprOp { shape: GprShape::Alu, opcode: $digit << 3, digit: $digit, ..BASE } };
    (Test) => { GprOp { shape: GprShape::Test, opcode: 0x84, ..BASE } };
    (Mov) => { GprOp { shape: GprShape::Mov, opcode: 0x88, ..BASE } };
    (Shift $digit:literal) => { GprOp { shape: GprShape::Shift, opcode: 0xC0, digit: $digit, ..BASE } };
    (Unary $opcode:literal $digit:literal) => {
        GprOp { shape: GprShape::Unary, opcode: $opcode, digit: $digit, ..BASE }
    };
    (RegRm $pp:ident $map:ident $opcode:literal $min:ident) => {
        GprOp {
            shape: GprShape::RegRm, pp: Pp::$pp, map: Map::$map, opcode: $opcode, min: Size::$min, ..BASE
        }
    };
    (RegMem $pp:ident $map:ident $opcode:literal $min:ident) => {
        GprOp { rm: RmKind::Mem, ..descriptor!(RegRm $pp $map $opcode $min) }
    };
    (RegRmImm) => { GprOp { shape: GprShape::RegRmImm, opcode: 0x69, min: Size::S16, ..BASE } };
    (RmReg $map:ident $opcode:literal $min:ident) => {
        GprOp { shape: GprShape::RmReg, map: Map::$map, opcode: $opcode, min: Size::$min, ..BASE }
    };
    (MemReg $map:ident $opcode:literal $min:ident) => {
        GprOp { rm: RmKind::Mem, ..descriptor!(RmReg $map $opcode $min) }
    };
    (BitTest $opcode:literal $digit:literal) => {
        GprOp {
            shape: GprShape::BitTest, map: Map::M0F, opcode: $opcode, digit: $digit, min: Size::S16, ..BASE
        }
    };
    (DoubleShift $opcode:literal) => {
        GprOp { shape: GprShape::DoubleShift, map: Map::M0F, opcode: $opcode, min: Size::S16, ..BASE }
    };
    (Extend $opcode:literal) => {
        GprOp { shape: GprShape::Extend, map: Map::M0F, opcode: $opcode, min: Size::S16, ..BASE }
    };
    (ExtendDword) => { GprOp { shape: GprShape::ExtendDword, opcode: 0x63, min: Size::S64, ..BASE } };
    (Crc32) => { GprOp { shape: GprShape::Crc32, pp: Pp::PF2, map: Map::M38, opcode: 0xF0, ..BASE } };
    (Bswap) => { GprOp { shape: GprShape::Reg, map: Map::M0F, opcode: 0xC8, min: Size::S32, ..BASE } };
    (Push) => { GprOp { shape: GprShape::Push, opcode: 0x50, digit: 6, min: Size::S64, ..BASE } };
    (Pop) => { GprOp { shape: GprShape::Pop, opcode: 0x58, digit: 0, min: Size::S64, ..BASE } };
    (Rm64 $digit:literal) => {
        GprOp { shape: GprShape::Rm64, opcode: 0xFF, digit: $digit, min: Size::S64, ..BASE }
    };
    (SetCc $cond:ident) => {
        GprOp {
            shape: GprShape::SetCc(Cond::$cond), map: Map::M0F, opcode: 0x90 + Cond::$cond as u8, ..BASE
        }
    };
    (CmovCc $cond:ident) => {
        GprOp {
            shape: GprShape::RegRm, map: Map::M0F, opcode: 0x40 + Cond::$cond as u8, min: Size::S16, ..BASE
        }
    };
    (Jcc $cond:ident) => { GprOp { shape: GprShape::Jcc(Cond::$cond), opcode: 0x70 + Cond::$cond as u8, ..BASE } };
    (Mem $pp:ident $opcode:literal $digit:literal $size:ident) => {
        GprOp {
            shape: GprShape::Mem, pp: Pp::$pp, map: Map::M0F, opcode: $opcode, digit: $digit, min: Size::$size,
            rm: RmKind::Mem, ..BASE
        }
    };
    (Imm16 $opcode:literal) => { GprOp { shape: GprShape::Imm16, opcode: $opcode, ..BASE } };
    (Nullary $bytes:expr) => { GprOp { shape: GprShape::Nullary(NullaryBytes::new(&$bytes)), ..BASE } };
    (VexRvm $pp:ident $opcode:literal) => {
        GprOp { shape: GprShape::VexRvm, pp: Pp::$pp, map: Map::M38, opcode: $opcode, min: Size::S32, ..BASE }
    };
    (VexRmv $pp:ident $opcode:literal) => {
        GprOp { shape: GprShape::VexRmv, pp: Pp::$pp, map: Map::M38, opcode: $opcode, min: Size::S32, ..BASE }
    };
    (VexVm $digit:literal) => {
        GprOp { shape: GprShape::VexVm, map: Map::M38, opcode: 0xF3, digit: $digit, min: Size::S32, ..BASE }
    };
    (VexRmi $pp:ident $opcode:literal) => {
        GprOp { shape: GprShape::VexRmi, pp: Pp::$pp, map: Map::M3A, opcode: $opcode, min: Size::S32, ..BASE }
    };
}

/// The signature of a block's methods, and the encoder that they call.
macro_rules! method {
    (Alu $name:ident) => { method!(@ $name alu(size: Size, dst: into RegMem, src: into Operand)); };
    (Test $name:ident) => { method!(@ $name test_op(size: Size, dst: into RegMem, src: into Operand)); };
    (Mov $name:ident) => { method!(@ $name mov_op(size: Size, dst: into RegMem, src: into Operand)); };
    (Shift $name:ident) => { method!(@ $name shift(size: Size, dst: into RegMem, count: into Count)); };
    (Unary $name:ident) => { method!(@ $name unary(size: Size, dst: into RegMem)); };
    (RegRm $name:ident) => { method!(@ $name reg_rm(size: Size, dst: Reg, src: into RegMem)); };
    (CmovCc $name:ident) => { method!(@ $name reg_rm(size: Size, dst: Reg, src: into RegMem)); };
    (RegMem $name:ident) => { method!(@ $name reg_rm(size: Size, dst: Reg, src: into_mem Mem)); };
    (RegRmImm $name:ident) => {
        method!(@ $name reg_rm_imm(size: Size, dst: Reg, src: into RegMem, imm: i32));
    };
    (RmReg $name:ident) => { method!(@ $name rm_reg(size: Size, dst: into RegMem, src: Reg)); };
    (MemReg $name:ident) => { method!(@ $name rm_reg(size: Size, dst: into_mem Mem, src: Reg)); };
    (BitTest $name:ident) => { method!(@ $name bit_test(size: Size, dst: into RegMem, bit: into Operand)); };
    (DoubleShift $name:ident) => {
        method!(@ $name double_shift(size: Size, dst: into RegMem, src: Reg, count: into Count));
    };
    (Extend $name:ident) => {
        method!(@ $name extend(to: Size, from: Size, dst: Reg, src: into RegMem));
    };
    (ExtendDword $name:ident) => { method!(@ $name extend_dword(dst: Reg, src: into RegMem)); };
    (Crc32 $name:ident) => { method!(@ $name crc32_op(from: Size, dst: Reg, src: into RegMem)); };
    (Bswap $name:ident) => { method!(@ $name reg(size: Size, dst: Reg)); };
    (Push $name:ident) => { method!(@ $name push_op(src: into Operand)); };
    (Pop $name:ident) => { method!(@ $name pop_op(dst: into RegMem)); };
    (Rm64 $name:ident) => { method!(@ $name rm64(target: into RegMem)); };
    (SetCc $name:ident) => { method!(@ $name set_cc(dst: into RegMem)); };
    (Jcc $name:ident) => {
        #[doc = concat!("`", stringify!($name), "` to a label, in the form that reaches.")]
        #[inline]
        pub fn $name(&mut self, target: impl AsLabel) {
            let GprShape::Jcc(cond) = op::$name.shape else { return };
            self.jcc(cond, target);
        }
    };
    (Mem $name:ident) => { method!(@ $name mem(at: into_mem Mem)); };
    (Imm16 $name:ident) => { method!(@ $name imm16(imm: u16)); };
    (Nullary $name:ident) => { method!(@ $name nullary()); };
    (VexRvm $name:ident) => { method!(@ $name vex_rvm(size: Size, dst: Reg, a: Reg, b: into RegMem)); };
    (VexRmv $name:ident) => { method!(@ $name vex_rmv(size: Size, dst: Reg, a: into RegMem, b: Reg)); };
    (VexVm $name:ident) => { method!(@ $name vex_vm(size: Size, dst: Reg, src: into RegMem)); };
    (VexRmi $name:ident) => { method!(@ $name vex_rmi(size: Size, dst: Reg, src: into RegMem, imm: u8)); };

    (@ $name:ident $encoder:ident($($arg:ident: $($type:ident)+),*)) => {
        #[doc = concat!("Emits `", stringify!($name), "`.")]
        #[inline(always)]
        pub fn $name(&mut self $(, $arg: method!(@type $($type)+))*) {
            self.$encoder(op::$name $(, method!(@value $arg $($type)+))*);
        }
    };
    (@type into_mem $type:ident) => { Mem };
    (@type into $type:ident) => { impl Into<$type> };
    (@type $type:ident) => { $type };
    (@value $arg:ident into_mem $type:ident) => { RegMem::Mem($arg) };
    (@value $arg:ident into $type:ident) => { $arg.into() };
    (@value $arg:ident $type:ident) => { $arg };
}

macro_rules! table {
    ($($shape:ident { $($name:ident($($column:tt)*);)* })*) => {
        /// The descriptors of the integer instructions, by the names of their methods.
        pub mod op {
            #![allow(non_upper_case_globals, missing_docs, clippy::needless_update)]
            use super::*;
            $($(pub const $name: GprOp = descriptor!($shape $($column)*);)*)*
        }

        impl Assembler {
            $($(method!($shape $name);)*)*
        }

        pub(super) const INSTRUCTIONS: &[Instruction] =
            &[$($(Instruction { name: stringify!($name), op: Op::Gpr(op::$name) }),*),*];
    };
}

table! {
    Alu { add(0); or(1); adc(2); sbb(3); and(4); sub(5); xor(6); cmp(7); }
    Test { test(); }
    Mov { mov(); }
    Shift { rol(0); ror(1); rcl(2); rcr(3); shl(4); shr(5); sar(7); }
    Unary {
        not(0xF6 2);
        neg(0xF6 3);
        mul(0xF6 4);
        imul_wide(0xF6 5);
        div(0xF6 6);
        idiv(0xF6 7);
        inc(0xFE 0);
        dec(0xFE 1);
    }
    RegRm {
        imul(NP M0F 0xAF S16);
        bsf(NP M0F 0xBC S16);
        bsr(NP M0F 0xBD S16);
        tzcnt(PF3 M0F 0xBC S16);
        lzcnt(PF3 M0F 0xBD S16);
        popcnt(PF3 M0F 0xB8 S16);
        adcx(P66 M38 0xF6 S32);
        adox(PF3 M38 0xF6 S32);
    }
    RegMem {
        lea(NP M1 0x8D S16);
        movbe(NP M38 0xF0 S16);
    }
    RegRmImm { imul_imm(); }
    RmReg {
        xchg(M1 0x86 S8);
        cmpxchg(M0F 0xB0 S8);
        xadd(M0F 0xC0 S8);
    }
    MemReg {
        movbe_store(M38 0xF1 S16);
        movnti(M0F 0xC3 S32);
    }
    BitTest { bt(0xA3 4); bts(0xAB 5); btr(0xB3 6); btc(0xBB 7); }
    DoubleShift { shld(0xA4); shrd(0xAC); }
    Extend { movzx(0xB6); movsx(0xBE); }
    ExtendDword { movsxd(); }
    Crc32 { crc32(); }
    Bswap { bswap(); }
    Push { push(); }
    Pop { pop(); }
    Rm64 { call(2); jmp(4); }
    SetCc {
        seto(O); setno(NO); setb(B); setae(AE); sete(E); setne(NE); setbe(BE); seta(A);
        sets(S); setns(NS); setp(P); setnp(NP); setl(L); setge(GE); setle(LE); setg(G);
    }
    CmovCc {
        cmovo(O); cmovno(NO); cmovb(B); cmovae(AE); cmove(E); cmovne(NE); cmovbe(BE); cmova(A);
        cmovs(S); cmovns(NS); cmovp(P); cmovnp(NP); cmovl(L); cmovge(GE); cmovle(LE); cmovg(G);
    }
    Jcc {
        jo(O); jno(NO); jb(B); jae(AE); je(E); jne(NE); jbe(BE); ja(A);
        js(S); jns(NS); jp(P); jnp(NP); jl(L); jge(GE); jle(LE); jg(G);
    }
    Mem {
        prefetchnta(NP 0x18 0 S8);
        prefetcht0(NP 0x18 1 S8);
        prefetcht1(NP 0x18 2 S8);
        prefetcht2(NP 0x18 3 S8);
        prefetchw(NP 0x0D 1 S8);
        clflush(NP 0xAE 7 S8);
        clflushopt(P66 0xAE 7 S8);
        ldmxcsr(NP 0xAE 2 S32);
        stmxcsr(NP 0xAE 3 S32);
        cmpxchg8b(NP 0xC7 1 S32);
        cmpxchg16b(NP 0xC7 1 S64);
    }
    Imm16 { ret_imm(0xC2); }
    Nullary {
        ret([0xC3]);
        leave([0xC9]);
        int3([0xCC]);
        ud2([0x0F, 0x0B]);
        endbr64([0xF3, 0x0F, 0x1E, 0xFA]);
        nop([0x90]);
        pause([0xF3, 0x90]);
        rdtsc([0x0F, 0x31]);
        rdtscp([0x0F, 0x01, 0xF9]);
        cpuid([0x0F, 0xA2]);
        xgetbv([0x0F, 0x01, 0xD0]);
        serialize([0x0F, 0x01, 0xE8]);
        mfence([0x0F, 0xAE, 0xF0]);
        lfence([0x0F, 0xAE, 0xE8]);
        sfence([0x0F, 0xAE, 0xF8]);
        syscall([0x0F, 0x05]);
        cbw([0x66, 0x98]);
        cwde([0x98]);
        cdqe([0x48, 0x98]);
        cwd([0x66, 0x99]);
        cdq([0x99]);
        cqo([0x48, 0x99]);
        clc([0xF8]);
        stc([0xF9]);
        cmc([0xF5]);
        cld([0xFC]);
        std([0xFD]);
        lahf([0x9F]);
        sahf([0x9E]);
        pushfq([0x9C]);
        popfq([0x9D]);
        movsb([0xA4]);
        movsw([0x66, 0xA5]);
        movsq([0x48, 0xA5]);
        stosb([0xAA]);
        stosw([0x66, 0xAB]);
        stosd([0xAB]);
        stosq([0x48, 0xAB]);
        rep_movsb([0xF3, 0xA4]);
        rep_movsq([0xF3, 0x48, 0xA5]);
        rep_stosb([0xF3, 0xAA]);
        rep_stosw([0xF3, 0x66, 0xAB]);
        rep_stosd([0xF3, 0xAB]);
        rep_stosq([0xF3, 0x48, 0xAB]);
        repe_cmpsb([0xF3, 0xA6]);
        repne_scasb([0xF2, 0xAE]);
        repne_scasw([0xF2, 0x66, 0xAF]);
        vzeroupper([0xC5, 0xF8, 0x77]);
        vzeroall([0xC5, 0xFC, 0x77]);
    }
    VexRvm {
        andn(NP 0xF2);
        mulx(PF2 0xF6);
        pdep(PF2 0xF5);
        pext(PF3 0xF5);
    }
    VexRmv {
        bextr(NP 0xF7);
        bzhi(NP 0xF5);
        sarx(PF3 0xF7);
        shlx(P66 0xF7);
        shrx(PF2 0xF7);
    }
    VexVm { blsr(1); blsmsk(2); blsi(3); }
    VexRmi { rorx(PF2 0xF0); }
}
