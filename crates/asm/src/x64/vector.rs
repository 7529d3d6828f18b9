//! Encoders of the vector and mask instructions, one per operand shape. All come down to [`Assembler::sse`] and
//! [`Assembler::vector`], which chooses between VEX and EVEX.

use super::assembler::Assembler;
use super::encode::{Evex, Imm, Legacy, Rm, Vex};
use super::gpr::rm_of;
use super::inst::{Disp8, EvexForm, Lens, Map, Pp, VecOp, VecShape};
use super::operand::{Masked, Mem, RegMem, XmmMem};
use super::reg::{Mask, Reg, Size, VecLen, Xmm};

/// ModRM's operand.
#[inline(always)]
fn rm_of_xmm(rm: &XmmMem) -> Rm<'_> {
    match rm {
        XmmMem::Xmm(xmm) => Rm::Reg(xmm.index()),
        XmmMem::Mem(mem) => Rm::Mem(mem),
        XmmMem::Broadcast(mem) => Rm::Broadcast(mem),
    }
}

/// A destination's mask.
#[derive(Clone, Copy)]
struct Masking {
    mask: Mask,
    zero: bool,
}

const UNMASKED: Masking = Masking { mask: Mask::K0, zero: false };

#[inline(always)]
fn masking<T>(dst: &Masked<T>) -> Masking {
    Masking { mask: dst.mask, zero: dst.zero }
}

impl Assembler {
    /// A vector instruction without VEX.
    fn sse(&mut self, op: VecOp, w: bool, reg: u8, rm: Rm<'_>, imm: Imm) {
        if self.check_vector_rm(op, rm) {
            let inst = Legacy { map: op.map, pp: op.pp, opcode: op.opcode, opsize: false, w, rex: false };
            self.legacy(inst, reg, rm, imm);
        }
    }

    #[inline(always)]
    fn check_vector_rm(&mut self, op: VecOp, rm: Rm<'_>) -> bool {
        let fits = match rm {
            Rm::Reg(_) => op.rm.reg(),
            Rm::Mem(_) | Rm::Broadcast(_) => op.rm.mem(),
        };
        if !fits {
            self.invalid("the instruction has no form with this register or memory operand");
        }
        fits
    }

    #[allow(clippy::too_many_arguments)] // One per field of the encoding.
    /// A vector instruction with VEX or, where that does not do, EVEX.
    fn vector(&mut self, op: VecOp, len: VecLen, reg: u8, vvvv: u8, rm: Rm<'_>, masking: Masking, imm: Imm) {
        if !self.check_vector_rm(op, rm) {
            return;
        }
        if !op.lens.has(len) {
            return self.invalid("the instruction has no form of this vector length");
        }
        let vsib = matches!(op.shape, VecShape::Gather | VecShape::GatherK | VecShape::Scatter);
        let (high, memory, broadcast) = match rm {
            Rm::Reg(rm) => (rm > 15, false, false),
            Rm::Mem(mem) => (vsib && mem.index > 15, true, false),
            Rm::Broadcast(_) => (false, true, true),
        };
        let masked = masking.mask != Mask::K0 || masking.zero;
        let only_evex =
            high || reg > 15 || vvvv > 15 || len == VecLen::L512 || masked || broadcast || op.vex_w.is_none();
        let memory_shift = op.shape == VecShape::Vmi && memory;
        if !(only_evex || memory_shift) {
            let w = op.vex_w == Some(true);
            let inst = Vex { map: op.map, pp: op.pp, opcode: op.opcode, w, l: len == VecLen::L256 };
            return self.vex(inst, reg, vvvv, rm, vsib, imm);
        }
        let Some(form) = op.evex else {
            return self.invalid("the instruction has no AVX-512 form");
        };
        let stores = matches!(op.shape, VecShape::Mr | VecShape::Mri | VecShape::Scatter) && memory;
        let bad_mask = masked && (!form.masks || masking.mask == Mask::K0 || (masking.zero && stores));
        if bad_mask || (broadcast && !form.disp8.broadcasts()) {
            return self.invalid("the instruction cannot be masked or broadcast so");
        }
        let inst = Evex {
            map: op.map,
            pp: op.pp,
            opcode: op.opcode,
            w: form.w,
            len,
            mask: masking.mask.index(),
            zero: masking.zero,
            disp8_shift: form.disp8.shift(len, broadcast),
        };
        self.evex(inst, reg, vvvv, rm, vsib, imm);
    }

    /// SSE: `dst = dst ∘ src` or `dst = ∘ src`.
    pub fn sse_rm(&mut self, op: VecOp, dst: Xmm, src: XmmMem) {
        self.sse(op, false, dst.index(), rm_of_xmm(&src), Imm::NONE);
    }

    /// SSE: as [`Assembler::sse_rm`], with a constant.
    pub fn sse_rmi(&mut self, op: VecOp, dst: Xmm, src: XmmMem, imm: u8) {
        self.sse(op, false, dst.index(), rm_of_xmm(&src), Imm::byte(imm));
    }

    /// SSE: a store.
    pub fn sse_mr(&mut self, op: VecOp, dst: XmmMem, src: Xmm) {
        self.sse(op, false, src.index(), rm_of_xmm(&dst), Imm::NONE);
    }

    /// SSE: a shift by a constant.
    pub fn sse_mi(&mut self, op: VecOp, dst: Xmm, imm: u8) {
        self.sse(op, false, op.digit, Rm::Reg(dst.index()), Imm::byte(imm));
    }

    /// SSE: a number from an integer register or memory of `size`.
    pub fn sse_xg_sized(&mut self, op: VecOp, size: Size, dst: Xmm, src: RegMem) {
        if let Some(w) = self.dword_or_qword(size) {
            self.sse(op, w, dst.index(), rm_of(&src), Imm::NONE);
        }
    }

    /// SSE: an integer of `size` from a vector register or memory.
    pub fn sse_gx_sized(&mut self, op: VecOp, size: Size, dst: Reg, src: XmmMem) {
        if let Some(w) = self.dword_or_qword(size) {
            self.sse(op, w, dst.index(), rm_of_xmm(&src), Imm::NONE);
        }
    }

    /// SSE: a vector register from an integer register or memory.
    pub fn sse_xg(&mut self, op: VecOp, dst: Xmm, src: RegMem) {
        self.sse(op, op.vex_w == Some(true), dst.index(), rm_of(&src), Imm::NONE);
    }

    /// SSE: an integer register or memory from a vector register.
    pub fn sse_gx(&mut self, op: VecOp, dst: RegMem, src: Xmm) {
        self.sse(op, op.vex_w == Some(true), src.index(), rm_of(&dst), Imm::NONE);
    }

    /// SSE: an integer register from a vector register.
    pub fn sse_gv(&mut self, op: VecOp, dst: Reg, src: Xmm) {
        self.sse(op, false, dst.index(), Rm::Reg(src.index()), Imm::NONE);
    }

    /// SSE: an integer register from an element of a vector register.
    pub fn sse_gvi(&mut self, op: VecOp, dst: Reg, src: Xmm, imm: u8) {
        self.sse(op, false, dst.index(), Rm::Reg(src.index()), Imm::byte(imm));
    }

    /// SSE: an element from an integer register or memory.
    pub fn sse_xgi(&mut self, op: VecOp, dst: Xmm, src: RegMem, imm: u8) {
        self.sse(op, op.vex_w == Some(true), dst.index(), rm_of(&src), Imm::byte(imm));
    }

    /// SSE: an integer register or memory from an element.
    pub fn sse_gxi(&mut self, op: VecOp, dst: RegMem, src: Xmm, imm: u8) {
        self.sse(op, op.vex_w == Some(true), src.index(), rm_of(&dst), Imm::byte(imm));
    }

    /// `dst = a ∘ b`.
    pub fn avx_rvm(&mut self, op: VecOp, len: VecLen, dst: Masked<Xmm>, a: Xmm, b: XmmMem) {
        let (reg, rm) = (dst.inner.index(), b);
        if let (XmmMem::Xmm(src), Some(flipped)) = (rm, self.shorter_move(op, dst, rm)) {
            return self.vector(flipped, len, src.index(), a.index(), Rm::Reg(reg), UNMASKED, Imm::NONE);
        }
        self.vector(op, len, reg, a.index(), rm_of_xmm(&rm), masking(&dst), Imm::NONE);
    }

    /// `dst = a ∘ b`, with a constant.
    pub fn avx_rvmi(&mut self, op: VecOp, len: VecLen, dst: Masked<Xmm>, a: Xmm, b: XmmMem, imm: u8) {
        self.vector(op, len, dst.inner.index(), a.index(), rm_of_xmm(&b), masking(&dst), Imm::byte(imm));
    }

    /// `dst = ∘ src`.
    pub fn avx_rm(&mut self, op: VecOp, len: VecLen, dst: Masked<Xmm>, src: XmmMem) {
        if let (XmmMem::Xmm(from), Some(flipped)) = (src, self.shorter_move(op, dst, src)) {
            let rm = Rm::Reg(dst.inner.index());
            return self.vector(flipped, len, from.index(), 0, rm, UNMASKED, Imm::NONE);
        }
        self.vector(op, len, dst.inner.index(), 0, rm_of_xmm(&src), masking(&dst), Imm::NONE);
    }

    /// A move from a register above 7 to one below takes the two-byte VEX prefix only in its store form.
    #[inline(always)]
    fn shorter_move(&self, op: VecOp, dst: Masked<Xmm>, src: XmmMem) -> Option<VecOp> {
        let XmmMem::Xmm(src) = src else { return None };
        if !(8..16).contains(&src.index()) || dst.inner.index() > 7 || dst.mask != Mask::K0 || op.map != Map::M0F {
            return None;
        }
        let (opcode, pp) = match (op.shape, op.opcode, op.pp) {
            (VecShape::Rm, 0x10 | 0x28, pp) => (op.opcode | 1, pp),
            (VecShape::Rvm, 0x10, pp @ (Pp::PF2 | Pp::PF3)) => (0x11, pp),
            (VecShape::Rm, 0x6F, pp) if op.vex_w.is_some() => (0x7F, pp),
            (VecShape::Rm, 0x7E, Pp::PF3) => (0xD6, Pp::P66),
            _ => return None,
        };
        Some(VecOp { opcode, pp, ..op })
    }

    /// `dst = ∘ src`, with a constant.
    pub fn avx_rmi(&mut self, op: VecOp, len: VecLen, dst: Masked<Xmm>, src: XmmMem, imm: u8) {
        self.vector(op, len, dst.inner.index(), 0, rm_of_xmm(&src), masking(&dst), Imm::byte(imm));
    }

    /// A store, or a narrowing move.
    pub fn avx_mr(&mut self, op: VecOp, len: VecLen, dst: Masked<XmmMem>, src: Xmm) {
        self.vector(op, len, src.index(), 0, rm_of_xmm(&dst.inner), masking(&dst), Imm::NONE);
    }

    /// A part of a vector to a register or memory.
    pub fn avx_mri(&mut self, op: VecOp, len: VecLen, dst: Masked<XmmMem>, src: Xmm, imm: u8) {
        self.vector(op, len, src.index(), 0, rm_of_xmm(&dst.inner), masking(&dst), Imm::byte(imm));
    }

    /// A shift by a constant.
    pub fn avx_vmi(&mut self, op: VecOp, len: VecLen, dst: Masked<Xmm>, src: XmmMem, imm: u8) {
        self.vector(op, len, op.digit, dst.inner.index(), rm_of_xmm(&src), masking(&dst), Imm::byte(imm));
    }

    /// `dst = c ? b : a`, lane by lane.
    pub fn avx_rvmr(&mut self, op: VecOp, len: VecLen, dst: Xmm, a: Xmm, b: XmmMem, c: Xmm) {
        if c.index() > 15 {
            return self.invalid("the instruction has no AVX-512 form");
        }
        let imm = Imm::byte(c.index() << 4);
        self.vector(op, len, dst.index(), a.index(), rm_of_xmm(&b), UNMASKED, imm);
    }

    /// A store of the lanes selected by a vector.
    pub fn avx_mvr(&mut self, op: VecOp, len: VecLen, dst: Mem, mask: Xmm, src: Xmm) {
        self.vector(op, len, src.index(), mask.index(), Rm::Mem(&dst), UNMASKED, Imm::NONE);
    }

    /// A gather of the lanes selected by a vector, which it clears.
    pub fn avx_gather(&mut self, op: VecOp, len: VecLen, dst: Xmm, src: Mem, mask: Xmm) {
        if dst == mask || src.index == dst.index() || src.index == mask.index() {
            return self.invalid("a gather's destination, indices and mask must differ");
        }
        self.vector(op, len, dst.index(), mask.index(), Rm::Mem(&src), UNMASKED, Imm::NONE);
    }

    /// A gather of the lanes selected by a mask, which it clears.
    pub fn avx_gather_k(&mut self, op: VecOp, len: VecLen, dst: Masked<Xmm>, src: Mem) {
        if src.index == dst.inner.index() || dst.mask == Mask::K0 || dst.zero {
            return self.invalid("a gather's destination and indices must differ, and its mask cannot be K0");
        }
        self.vector(op, len, dst.inner.index(), 0, Rm::Mem(&src), masking(&dst), Imm::NONE);
    }

    /// A scatter of the lanes selected by a mask, which it clears.
    pub fn avx_scatter(&mut self, op: VecOp, len: VecLen, dst: Masked<XmmMem>, src: Xmm) {
        if dst.mask == Mask::K0 {
            return self.invalid("a scatter's mask cannot be K0");
        }
        self.vector(op, len, src.index(), 0, rm_of_xmm(&dst.inner), masking(&dst), Imm::NONE);
    }

    /// `dst = a` with its lowest lane replaced by a number from an integer register or memory of `size`.
    pub fn avx_xvg_sized(&mut self, op: VecOp, size: Size, dst: Xmm, a: Xmm, b: RegMem) {
        if let Some(w) = self.dword_or_qword(size) {
            let op = sized(op, w, Some(if w { Disp8::N8 } else { Disp8::N4 }));
            self.vector(op, VecLen::L128, dst.index(), a.index(), rm_of(&b), UNMASKED, Imm::NONE);
        }
    }

    /// An integer of `size` from a vector register or memory.
    pub fn avx_gx_sized(&mut self, op: VecOp, size: Size, dst: Reg, src: XmmMem) {
        if let Some(w) = self.dword_or_qword(size) {
            let op = sized(op, w, None);
            self.vector(op, VecLen::L128, dst.index(), 0, rm_of_xmm(&src), UNMASKED, Imm::NONE);
        }
    }

    /// A vector register from an integer register or memory.
    pub fn avx_xg(&mut self, op: VecOp, dst: Xmm, src: RegMem) {
        self.vector(op, VecLen::L128, dst.index(), 0, rm_of(&src), UNMASKED, Imm::NONE);
    }

    /// An integer register or memory from a vector register.
    pub fn avx_gx(&mut self, op: VecOp, dst: RegMem, src: Xmm) {
        self.vector(op, VecLen::L128, src.index(), 0, rm_of(&dst), UNMASKED, Imm::NONE);
    }

    /// An integer register from a vector register.
    pub fn avx_gv(&mut self, op: VecOp, len: VecLen, dst: Reg, src: Xmm) {
        self.vector(op, len, dst.index(), 0, Rm::Reg(src.index()), UNMASKED, Imm::NONE);
    }

    /// An integer register from an element of a vector register.
    pub fn avx_gvi(&mut self, op: VecOp, dst: Reg, src: Xmm, imm: u8) {
        self.vector(op, VecLen::L128, dst.index(), 0, Rm::Reg(src.index()), UNMASKED, Imm::byte(imm));
    }

    /// `dst = a` with an element replaced from an integer register or memory.
    pub fn avx_xvgi(&mut self, op: VecOp, dst: Xmm, a: Xmm, b: RegMem, imm: u8) {
        self.vector(op, VecLen::L128, dst.index(), a.index(), rm_of(&b), UNMASKED, Imm::byte(imm));
    }

    /// An integer register or memory from an element.
    pub fn avx_gxi(&mut self, op: VecOp, dst: RegMem, src: Xmm, imm: u8) {
        self.vector(op, VecLen::L128, src.index(), 0, rm_of(&dst), UNMASKED, Imm::byte(imm));
    }

    /// All lanes from an integer register.
    pub fn avx_vg(&mut self, op: VecOp, len: VecLen, dst: Masked<Xmm>, src: Reg) {
        self.vector(op, len, dst.inner.index(), 0, Rm::Reg(src.index()), masking(&dst), Imm::NONE);
    }

    /// A compare to a mask.
    pub fn avx_kvm(&mut self, op: VecOp, len: VecLen, dst: Masked<Mask>, a: Xmm, b: XmmMem) {
        let masking = Masking { mask: dst.mask, zero: dst.zero };
        self.compare(op, len, dst.inner, masking, a, b, Imm::NONE);
    }

    /// A compare to a mask, with a predicate.
    pub fn avx_kvmi(&mut self, op: VecOp, len: VecLen, dst: Masked<Mask>, a: Xmm, b: XmmMem, imm: u8) {
        let masking = Masking { mask: dst.mask, zero: dst.zero };
        self.compare(op, len, dst.inner, masking, a, b, Imm::byte(imm));
    }

    #[allow(clippy::too_many_arguments)]
    fn compare(&mut self, op: VecOp, len: VecLen, dst: Mask, masking: Masking, a: Xmm, b: XmmMem, imm: Imm) {
        if masking.zero {
            return self.invalid("a mask always has its other bits zeroed");
        }
        self.vector(op, len, dst.index(), a.index(), rm_of_xmm(&b), masking, imm);
    }

    /// A mask operation.
    fn mask_op(&mut self, op: VecOp, reg: u8, vvvv: u8, rm: Rm<'_>, imm: Imm) {
        let len = if op.lens == Lens::Wide { VecLen::L256 } else { VecLen::L128 };
        self.vector(op, len, reg, vvvv, rm, UNMASKED, imm);
    }

    /// Masks: `dst = a ∘ b`.
    pub fn mask_kkk(&mut self, op: VecOp, dst: Mask, a: Mask, b: Mask) {
        self.mask_op(op, dst.index(), a.index(), Rm::Reg(b.index()), Imm::NONE);
    }

    /// Masks: `dst = ∘ src`, or a test of both.
    pub fn mask_kk(&mut self, op: VecOp, dst: Mask, src: Mask) {
        self.mask_op(op, dst.index(), 0, Rm::Reg(src.index()), Imm::NONE);
    }

    /// Masks: a shift by a constant.
    pub fn mask_kki(&mut self, op: VecOp, dst: Mask, src: Mask, imm: u8) {
        self.mask_op(op, dst.index(), 0, Rm::Reg(src.index()), Imm::byte(imm));
    }

    /// Masks: a load.
    pub fn mask_km(&mut self, op: VecOp, dst: Mask, src: Mem) {
        self.mask_op(op, dst.index(), 0, Rm::Mem(&src), Imm::NONE);
    }

    /// Masks: a store.
    pub fn mask_mk(&mut self, op: VecOp, dst: Mem, src: Mask) {
        self.mask_op(op, src.index(), 0, Rm::Mem(&dst), Imm::NONE);
    }

    /// Masks: from an integer register.
    pub fn mask_kg(&mut self, op: VecOp, dst: Mask, src: Reg) {
        self.mask_op(op, dst.index(), 0, Rm::Reg(src.index()), Imm::NONE);
    }

    /// Masks: to an integer register.
    pub fn mask_gk(&mut self, op: VecOp, dst: Reg, src: Mask) {
        self.mask_op(op, dst.index(), 0, Rm::Reg(src.index()), Imm::NONE);
    }

    /// All bits of each lane from a mask.
    pub fn avx_vk(&mut self, op: VecOp, len: VecLen, dst: Xmm, src: Mask) {
        self.vector(op, len, dst.index(), 0, Rm::Reg(src.index()), UNMASKED, Imm::NONE);
    }

    /// The sign bits of the lanes to a mask.
    pub fn avx_kv(&mut self, op: VecOp, len: VecLen, dst: Mask, src: Xmm) {
        self.vector(op, len, dst.index(), 0, Rm::Reg(src.index()), UNMASKED, Imm::NONE);
    }

    /// Whether a 64-bit form is meant; conversions have none below 32 bits.
    fn dword_or_qword(&mut self, size: Size) -> Option<bool> {
        match size {
            Size::S32 => Some(false),
            Size::S64 => Some(true),
            Size::S8 | Size::S16 => {
                self.invalid("the instruction has no operands of this size");
                None
            }
        }
    }
}

/// The operation with the W bit, and the displacement unit of the memory operand, that its integer's size asks for.
fn sized(op: VecOp, w: bool, disp8: Option<Disp8>) -> VecOp {
    let evex = op.evex.map(|form| EvexForm { w, disp8: disp8.unwrap_or(form.disp8), ..form });
    VecOp { vex_w: op.vex_w.map(|_| w), evex, ..op }
}
