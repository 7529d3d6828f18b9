//! Random operands for a row of the table: the shape says which there are.

use tercel_asm::x64::inst::{Disp8, GprOp, GprShape, Op, RmKind, VecOp, VecShape};
use tercel_asm::x64::{
    Assembler, Cond, Count, Instruction, Mask, Masked, Mem, Operand, Reg, RegMem, Scale, Size, VecLen, Xmm, XmmMem,
};

/// An operand as the decoder should see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Want {
    /// Number, and size in bytes where it matters.
    Gpr(Reg, Option<u32>),
    Vec(Xmm),
    Mask(Mask),
    /// A reference, and its size in bytes where it matters.
    Mem(Mem, Option<u32>),
    /// The low bits of a constant.
    Imm(i64, u32),
    /// A branch target, relative to the instruction's first byte.
    Target(u64),
}

/// An instruction as the decoder should see it.
#[derive(Clone, Debug)]
pub struct Expected {
    pub mnemonic: &'static str,
    /// None: operands are implied by the opcode.
    pub operands: Option<Vec<Want>>,
    /// The two operands may come in either order.
    pub commutes: bool,
    /// Width of the widest vector register.
    pub len: Option<VecLen>,
    pub mask: Mask,
    pub zero: bool,
    pub broadcast: bool,
    pub locked: bool,
    /// Bytes behind the instruction.
    pub trailing: usize,
}

pub struct Generator {
    state: u64,
}

const SIZES: [Size; 4] = Size::ALL;

impl Generator {
    pub fn new(seed: u64) -> Self {
        Generator { state: seed }
    }

    /// SplitMix64.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    /// A third are the registers with encodings of their own.
    fn reg(&mut self) -> Reg {
        if self.chance(3) {
            return [Reg::RAX, Reg::RAX, Reg::RSP, Reg::RBP, Reg::R12, Reg::R13][self.below(6) as usize];
        }
        Reg::from_index(self.next() as u8)
    }

    fn xmm(&mut self, high: bool) -> Xmm {
        Xmm::from_index(self.below(if high { 32 } else { 16 }) as u8)
    }

    fn mask(&mut self) -> Mask {
        Mask::from_index(self.next() as u8)
    }

    fn scale(&mut self) -> Scale {
        Scale::ALL[self.below(4) as usize]
    }

    /// Displacements around every boundary, and multiples of vector sizes.
    fn disp(&mut self) -> i32 {
        match self.below(6) {
            0 => 0,
            1 => self.next() as i8 as i32,
            2 => [127, 128, -128, -129, 1, -1][self.below(6) as usize],
            3 => (self.next() as i8 as i32) << self.below(7),
            4 => self.next() as i16 as i32,
            _ => self.next() as i32,
        }
    }

    fn mem(&mut self, asm: &mut Assembler) -> Mem {
        let disp = self.disp();
        match self.below(8) {
            0..=2 => Mem::base(self.reg(), disp),
            3..=4 => {
                let (base, scale) = (self.reg(), self.scale());
                let index = self.index(scale == Scale::X1 && base != Reg::RSP);
                Mem::index(base, index, scale, disp)
            }
            5 => {
                let scale = self.scale();
                let index = self.index(scale == Scale::X1);
                Mem::scaled(index, scale, disp)
            }
            6 => Mem::absolute(disp),
            _ if self.chance(2) => Mem::rip(disp),
            _ => {
                // Bound behind the instruction by `emit`.
                let label = asm.named_label("end");
                Mem::label(label).offset(disp).unwrap()
            }
        }
    }

    fn index(&mut self, rsp_allowed: bool) -> Reg {
        loop {
            let reg = self.reg();
            if reg != Reg::RSP || rsp_allowed {
                return reg;
            }
        }
    }

    fn imm32(&mut self) -> i32 {
        match self.below(4) {
            0 => self.next() as i8 as i32,
            1 => [0, 1, -1, 127, 128, -128, -129, i32::MAX, i32::MIN][self.below(9) as usize],
            2 => self.next() as i16 as i32,
            _ => self.next() as i32,
        }
    }

    fn imm_for(&mut self, size: Size) -> i32 {
        match size {
            Size::S8 => self.next() as i8 as i32,
            Size::S16 => match self.imm32() {
                imm if (-0x8000..=0xFFFF).contains(&imm) => imm,
                imm => imm as i16 as i32,
            },
            _ => self.imm32(),
        }
    }

    fn rm(&mut self, asm: &mut Assembler, kind: RmKind) -> RegMem {
        if kind == RmKind::Reg || (kind == RmKind::Any && self.chance(2)) {
            RegMem::Reg(self.reg())
        } else {
            RegMem::Mem(self.mem(asm))
        }
    }

    fn size(&mut self, min: Size) -> Size {
        loop {
            let size = SIZES[self.below(4) as usize];
            if size >= min {
                return size;
            }
        }
    }

    /// Emits one instruction of this row, and tells what it should be.
    pub fn emit(&mut self, asm: &mut Assembler, row: &'static Instruction) -> Expected {
        let expected = self.emit_unbound(asm, row);
        let end = asm.named_label("end");
        if !asm.is_bound(end) {
            asm.bind(end);
        }
        expected
    }

    /// As [`Generator::emit`], but leaves label `end`, which memory operands may refer to, to be bound.
    pub fn emit_unbound(&mut self, asm: &mut Assembler, row: &'static Instruction) -> Expected {
        let mut expected = Expected {
            mnemonic: row.mnemonic(),
            operands: Some(Vec::new()),
            commutes: false,
            len: None,
            mask: Mask::K0,
            zero: false,
            broadcast: false,
            locked: false,
            trailing: 0,
        };
        match row.op {
            Op::Gpr(op) => self.gpr(asm, op, &mut expected),
            Op::Vec(op) => self.vec(asm, op, &mut expected),
        }
        expected
    }

    fn gpr(&mut self, asm: &mut Assembler, op: GprOp, expected: &mut Expected) {
        let size = self.size(op.min);
        let reg = self.reg();
        let sized = |reg| Want::Gpr(reg, Some(size.bytes()));
        let want = |rm: RegMem| match rm {
            RegMem::Reg(reg) => sized(reg),
            RegMem::Mem(mem) => {
                Want::Mem(mem, (op.shape != GprShape::Mem && op.opcode != 0x8D).then_some(size.bytes()))
            }
        };
        let rm = self.rm(asm, op.rm);
        let count = if self.chance(3) { Count::Cl } else { Count::Imm(self.below(70) as u8) };
        let want_count = match count {
            Count::Cl => Want::Gpr(Reg::RCX, Some(1)),
            Count::Imm(count) => Want::Imm(i64::from(count), 8),
        };
        let operands = match op.shape {
            GprShape::Alu | GprShape::Test | GprShape::Mov => {
                let (dst, src) = match self.below(3) {
                    0 => (rm, Operand::Reg(reg)),
                    1 => (RegMem::Reg(reg), rm.into()),
                    _ => (rm, Operand::Imm(self.imm_for(size))),
                };
                match op.shape {
                    GprShape::Alu => {
                        if matches!(dst, RegMem::Mem(_)) && op.digit != 7 && self.chance(3) {
                            expected.locked = true;
                            asm.lock();
                        }
                        asm.alu(op, size, dst, src);
                    }
                    GprShape::Test => asm.test_op(op, size, dst, src),
                    _ => asm.mov_op(op, size, dst, src),
                }
                expected.commutes = op.shape == GprShape::Test;
                match src {
                    Operand::Reg(src) => vec![want(dst), sized(src)],
                    Operand::Mem(src) => vec![want(dst), Want::Mem(src, Some(size.bytes()))],
                    Operand::Imm(imm) => {
                        let narrow = op.shape == GprShape::Mov && size == Size::S64 && imm >= 0;
                        let dst = match dst {
                            RegMem::Reg(dst) if narrow => Want::Gpr(dst, Some(4)),
                            dst => want(dst),
                        };
                        vec![dst, Want::Imm(i64::from(imm), if narrow { 32 } else { size.bits() })]
                    }
                }
            }
            GprShape::Shift => {
                asm.shift(op, size, rm, count);
                vec![want(rm), want_count]
            }
            GprShape::Unary => {
                asm.unary(op, size, rm);
                vec![want(rm)]
            }
            GprShape::RegRm => {
                asm.reg_rm(op, size, reg, rm);
                vec![sized(reg), want(rm)]
            }
            GprShape::RegRmImm => {
                let imm = self.imm_for(size);
                asm.reg_rm_imm(op, size, reg, rm, imm);
                vec![sized(reg), want(rm), Want::Imm(i64::from(imm), size.bits())]
            }
            GprShape::RmReg => {
                asm.rm_reg(op, size, rm, reg);
                expected.commutes = expected.mnemonic == "xchg";
                vec![want(rm), sized(reg)]
            }
            GprShape::BitTest => {
                let bit = if self.chance(2) { Operand::Reg(reg) } else { Operand::Imm(self.below(256) as i32) };
                asm.bit_test(op, size, rm, bit);
                let bit = match bit {
                    Operand::Imm(bit) => Want::Imm(i64::from(bit), 8),
                    _ => sized(reg),
                };
                vec![want(rm), bit]
            }
            GprShape::DoubleShift => {
                asm.double_shift(op, size, rm, reg, count);
                vec![want(rm), sized(reg), want_count]
            }
            GprShape::Extend => {
                let from = if size == Size::S16 { Size::S8 } else { SIZES[self.below(2) as usize] };
                asm.extend(op, size, from, reg, rm);
                let to = if expected.mnemonic == "movzx" { size.min(Size::S32) } else { size };
                let src = match rm {
                    RegMem::Reg(src) => Want::Gpr(src, Some(from.bytes())),
                    RegMem::Mem(mem) => Want::Mem(mem, Some(from.bytes())),
                };
                vec![Want::Gpr(reg, Some(to.bytes())), src]
            }
            GprShape::ExtendDword => {
                asm.extend_dword(op, reg, rm);
                let src = match rm {
                    RegMem::Reg(src) => Want::Gpr(src, Some(4)),
                    RegMem::Mem(mem) => Want::Mem(mem, Some(4)),
                };
                vec![Want::Gpr(reg, Some(8)), src]
            }
            GprShape::Crc32 => {
                asm.crc32_op(op, size, reg, rm);
                vec![Want::Gpr(reg, Some(size.bytes().max(4))), want(rm)]
            }
            GprShape::Reg => {
                asm.reg(op, size, reg);
                vec![sized(reg)]
            }
            GprShape::Push => {
                let src = if self.chance(3) { Operand::Imm(self.imm32()) } else { rm.into() };
                asm.push_op(op, src);
                match src {
                    Operand::Imm(imm) => vec![Want::Imm(i64::from(imm), 64)],
                    _ => vec![want(rm)],
                }
            }
            GprShape::Pop => {
                asm.pop_op(op, rm);
                vec![want(rm)]
            }
            GprShape::Rm64 => {
                asm.rm64(op, rm);
                vec![want(rm)]
            }
            GprShape::SetCc(cond) => {
                if self.chance(2) {
                    asm.set_cc(op, rm)
                } else {
                    asm.set(cond, rm)
                }
                match rm {
                    RegMem::Reg(dst) => vec![Want::Gpr(dst, Some(1))],
                    RegMem::Mem(mem) => vec![Want::Mem(mem, Some(1))],
                }
            }
            GprShape::Jcc(cond) => return self.jcc(asm, cond, expected),
            GprShape::Mem => {
                asm.mem(op, rm);
                vec![want(rm)]
            }
            GprShape::Imm16 => {
                let imm = self.next() as u16;
                asm.imm16(op, imm);
                vec![Want::Imm(i64::from(imm), 16)]
            }
            GprShape::Nullary(_) => {
                asm.nullary(op);
                expected.operands = None;
                return;
            }
            GprShape::VexRvm => {
                let a = self.reg();
                asm.vex_rvm(op, size, reg, a, rm);
                vec![sized(reg), sized(a), want(rm)]
            }
            GprShape::VexRmv => {
                let b = self.reg();
                asm.vex_rmv(op, size, reg, rm, b);
                vec![sized(reg), want(rm), sized(b)]
            }
            GprShape::VexVm => {
                asm.vex_vm(op, size, reg, rm);
                vec![sized(reg), want(rm)]
            }
            GprShape::VexRmi => {
                let imm = self.next() as u8;
                asm.vex_rmi(op, size, reg, rm, imm);
                vec![sized(reg), want(rm), Want::Imm(i64::from(imm), 8)]
            }
        };
        expected.operands = Some(operands);
    }

    fn jcc(&mut self, asm: &mut Assembler, cond: Cond, expected: &mut Expected) {
        let between = self.below(300) as usize;
        let end = asm.new_label();
        asm.jcc(cond, end);
        for _ in 0..between {
            asm.int3();
        }
        asm.bind(end);
        expected.trailing = between;
        let size = if between <= 127 { 2 } else { 6 };
        expected.operands = Some(vec![Want::Target((size + between) as u64)]);
    }

    fn len(&mut self, op: VecOp) -> VecLen {
        loop {
            let len = VecLen::ALL[self.below(3) as usize];
            if op.lens.has(len) && (op.evex.is_some() || len != VecLen::L512) {
                return len;
            }
        }
    }

    fn vec(&mut self, asm: &mut Assembler, op: VecOp, expected: &mut Expected) {
        // Half of the instructions that have an EVEX form use what only it has.
        let high = op.evex.is_some() && (op.vex_w.is_none() || self.chance(2));
        let len = self.len(op);
        let size = if self.chance(2) { Size::S32 } else { Size::S64 };
        let imm = self.next() as u8;
        let (mut r, a, c) = (self.xmm(high), self.xmm(high), self.xmm(false));
        let (k, k2, k3, g) = (self.mask(), self.mask(), self.mask(), self.reg());
        let disp8 = op.evex.map(|form| form.disp8);
        let vsib = matches!(op.shape, VecShape::Gather | VecShape::GatherK | VecShape::Scatter);

        // ModRM's operand, as a vector operand and as an integer one.
        let in_register = op.rm == RmKind::Reg || (op.rm == RmKind::Any && self.chance(2));
        let memory_ok = op.shape != VecShape::Vmi || high;
        let (mut rm, mut grm) = (XmmMem::Xmm(self.xmm(high)), RegMem::Reg(self.reg()));
        if !in_register && memory_ok {
            let mut mem = self.mem(asm);
            if vsib {
                mem = Mem::vector_index(self.reg(), self.xmm(high), self.scale(), self.disp());
            }
            rm = XmmMem::Mem(mem);
            grm = RegMem::Mem(mem);
            if high && disp8.is_some_and(Disp8::broadcasts) && self.chance(3) {
                rm = XmmMem::Broadcast(mem);
                expected.broadcast = true;
            }
        }
        let want_rm = match rm {
            XmmMem::Xmm(xmm) => Want::Vec(xmm),
            XmmMem::Mem(mem) | XmmMem::Broadcast(mem) => Want::Mem(mem, None),
        };
        let gpr_size = (op.shape == VecShape::XvgSized).then_some(size.bytes());
        let want_grm = match grm {
            RegMem::Reg(reg) => Want::Gpr(reg, gpr_size),
            RegMem::Mem(mem) => Want::Mem(mem, gpr_size),
        };
        let want_imm = Want::Imm(i64::from(imm), 8);

        // Masks, where the shape and the form have them.
        use VecShape::*;
        let maskable = matches!(op.shape, Rvm | Rvmi | Rm | Rmi | Mr | Mri | Vmi | GatherK | Scatter | Vg | Kvm | Kvmi);
        if high && maskable && op.evex.is_some_and(|form| form.masks) {
            let must = matches!(op.shape, GatherK | Scatter);
            if must || self.chance(2) {
                expected.mask = Mask::from_index(1 + self.below(7) as u8);
                let stores = matches!(op.shape, Mr | Mri) && matches!(rm, XmmMem::Mem(_));
                expected.zero = !must && !stores && !matches!(op.shape, Kvm | Kvmi) && self.chance(2);
            }
        }
        if let (true, XmmMem::Mem(mem)) = (vsib, rm) {
            // Destination, indices and mask differ.
            let index = mem.vector_index_reg();
            if index == Some(c) {
                return self.vec(asm, op, expected);
            }
            while r == c || index == Some(r) {
                r = self.xmm(high);
            }
        }
        let masked_r = Masked { inner: r, mask: expected.mask, zero: expected.zero };
        let masked_rm = Masked { inner: rm, mask: expected.mask, zero: expected.zero };
        let masked_k = Masked { inner: k, mask: expected.mask, zero: false };
        expected.len = match op.shape {
            Kkk | Kk | Kki | Km | Mk | Kg | Gk | GxSized => None,
            _ => Some(if op.legacy { VecLen::L128 } else { len }),
        };
        let sized_g = Want::Gpr(g, Some(size.bytes()));
        let any_g = Want::Gpr(g, None);
        let mem_of = |rm: XmmMem| match rm {
            XmmMem::Mem(mem) => mem,
            _ => Mem::base(Reg::RAX, 0),
        };
        let operands = match (op.shape, op.legacy) {
            (Rvm | Rm, true) => {
                asm.sse_rm(op, r, rm);
                vec![Want::Vec(r), want_rm]
            }
            (Rvmi | Rmi, true) => {
                asm.sse_rmi(op, r, rm, imm);
                vec![Want::Vec(r), want_rm, want_imm]
            }
            (Mr, true) => {
                asm.sse_mr(op, rm, r);
                vec![want_rm, Want::Vec(r)]
            }
            (Vmi, true) => {
                asm.sse_mi(op, r, imm);
                vec![Want::Vec(r), want_imm]
            }
            (XvgSized, true) => {
                asm.sse_xg_sized(op, size, r, grm);
                vec![Want::Vec(r), want_grm]
            }
            (GxSized, true) => {
                asm.sse_gx_sized(op, size, g, rm);
                vec![sized_g, want_rm]
            }
            (Xg, true) => {
                asm.sse_xg(op, r, grm);
                vec![Want::Vec(r), want_grm]
            }
            (Gx, true) => {
                asm.sse_gx(op, grm, r);
                vec![want_grm, Want::Vec(r)]
            }
            (Gv, true) => {
                asm.sse_gv(op, g, a);
                vec![any_g, Want::Vec(a)]
            }
            (Gvi, true) => {
                asm.sse_gvi(op, g, a, imm);
                vec![any_g, Want::Vec(a), want_imm]
            }
            (Xvgi, true) => {
                asm.sse_xgi(op, r, grm, imm);
                vec![Want::Vec(r), want_grm, want_imm]
            }
            (Gxi, true) => {
                asm.sse_gxi(op, grm, r, imm);
                vec![want_grm, Want::Vec(r), want_imm]
            }
            (Rvm, _) => {
                asm.avx_rvm(op, len, masked_r, a, rm);
                vec![Want::Vec(r), Want::Vec(a), want_rm]
            }
            (Rvmi, _) => {
                asm.avx_rvmi(op, len, masked_r, a, rm, imm);
                vec![Want::Vec(r), Want::Vec(a), want_rm, want_imm]
            }
            (Rm, _) => {
                asm.avx_rm(op, len, masked_r, rm);
                vec![Want::Vec(r), want_rm]
            }
            (Rmi, _) => {
                asm.avx_rmi(op, len, masked_r, rm, imm);
                vec![Want::Vec(r), want_rm, want_imm]
            }
            (Mr, _) => {
                asm.avx_mr(op, len, masked_rm, r);
                vec![want_rm, Want::Vec(r)]
            }
            (Mri, _) => {
                asm.avx_mri(op, len, masked_rm, r, imm);
                vec![want_rm, Want::Vec(r), want_imm]
            }
            (Vmi, _) => {
                asm.avx_vmi(op, len, masked_r, rm, imm);
                vec![Want::Vec(r), want_rm, want_imm]
            }
            (Rvmr, _) => {
                asm.avx_rvmr(op, len, r, a, rm, c);
                vec![Want::Vec(r), Want::Vec(a), want_rm, Want::Vec(c)]
            }
            (Mvr, _) => {
                asm.avx_mvr(op, len, mem_of(rm), a, r);
                vec![want_rm, Want::Vec(a), Want::Vec(r)]
            }
            (Gather, _) => {
                asm.avx_gather(op, len, r, mem_of(rm), c);
                vec![Want::Vec(r), want_rm, Want::Vec(c)]
            }
            (GatherK, _) => {
                asm.avx_gather_k(op, len, masked_r, mem_of(rm));
                vec![Want::Vec(r), want_rm]
            }
            (Scatter, _) => {
                asm.avx_scatter(op, len, masked_rm, r);
                vec![want_rm, Want::Vec(r)]
            }
            (XvgSized, _) => {
                asm.avx_xvg_sized(op, size, r, a, grm);
                vec![Want::Vec(r), Want::Vec(a), want_grm]
            }
            (GxSized, _) => {
                asm.avx_gx_sized(op, size, g, rm);
                vec![sized_g, want_rm]
            }
            (Xg, _) => {
                asm.avx_xg(op, r, grm);
                vec![Want::Vec(r), want_grm]
            }
            (Gx, _) => {
                asm.avx_gx(op, grm, r);
                vec![want_grm, Want::Vec(r)]
            }
            (Gv, _) => {
                asm.avx_gv(op, len, g, a);
                vec![any_g, Want::Vec(a)]
            }
            (Gvi, _) => {
                asm.avx_gvi(op, g, a, imm);
                vec![any_g, Want::Vec(a), want_imm]
            }
            (Xvgi, _) => {
                asm.avx_xvgi(op, r, a, grm, imm);
                vec![Want::Vec(r), Want::Vec(a), want_grm, want_imm]
            }
            (Gxi, _) => {
                asm.avx_gxi(op, grm, r, imm);
                vec![want_grm, Want::Vec(r), want_imm]
            }
            (Vg, _) => {
                asm.avx_vg(op, len, masked_r, g);
                vec![Want::Vec(r), any_g]
            }
            (Kvm, _) => {
                asm.avx_kvm(op, len, masked_k, a, rm);
                vec![Want::Mask(k), Want::Vec(a), want_rm]
            }
            (Kvmi, _) => {
                asm.avx_kvmi(op, len, masked_k, a, rm, imm);
                vec![Want::Mask(k), Want::Vec(a), want_rm, want_imm]
            }
            (Kkk, _) => {
                asm.mask_kkk(op, k, k2, k3);
                vec![Want::Mask(k), Want::Mask(k2), Want::Mask(k3)]
            }
            (Kk, _) => {
                asm.mask_kk(op, k, k2);
                vec![Want::Mask(k), Want::Mask(k2)]
            }
            (Kki, _) => {
                asm.mask_kki(op, k, k2, imm);
                vec![Want::Mask(k), Want::Mask(k2), want_imm]
            }
            (Km, _) => {
                asm.mask_km(op, k, mem_of(rm));
                vec![Want::Mask(k), want_rm]
            }
            (Mk, _) => {
                asm.mask_mk(op, mem_of(rm), k);
                vec![want_rm, Want::Mask(k)]
            }
            (Kg, _) => {
                asm.mask_kg(op, k, g);
                vec![Want::Mask(k), any_g]
            }
            (Gk, _) => {
                asm.mask_gk(op, g, k);
                vec![any_g, Want::Mask(k)]
            }
            (Vk, _) => {
                asm.avx_vk(op, len, r, k);
                vec![Want::Vec(r), Want::Mask(k)]
            }
            (Kv, _) => {
                asm.avx_kv(op, len, k, a);
                vec![Want::Mask(k), Want::Vec(a)]
            }
        };
        expected.operands = Some(operands);
    }
}
