//! Emission of each machine op.

use super::*;
use tercel_asm::RelocTarget;
use tercel_asm::x64::Mask;

/// Mask registers are never allocated; expansions use this one.
const MASK: Mask = Mask::K1;

impl Emitter<'_> {
    pub(super) fn loc(&self, operand: u8) -> Loc {
        let first = self.lowered.code.insts[self.inst].operands.0;
        self.allocation.locs[(first + operand as u32) as usize]
    }

    fn vreg(&self, operand: u8) -> VReg {
        let first = self.lowered.code.insts[self.inst].operands.0;
        self.lowered.code.operands[(first + operand as u32) as usize].vreg
    }

    /// The constant that an operand is.
    fn constant(&self, operand: u8) -> Option<Remat> {
        self.lowered.code.remat(self.vreg(operand))
    }

    fn ty(&self, operand: u8) -> Type {
        self.lowered.code.vregs[self.vreg(operand).index()].ty
    }

    /// The general-purpose register of an operand.
    pub(super) fn reg(&self, operand: u8) -> Reg {
        Reg::from_index(self.loc(operand).reg().map_or(0, PReg::number))
    }

    /// The vector register of an operand.
    pub(super) fn xmm(&self, operand: u8) -> Xmm {
        Xmm::from_index(self.loc(operand).reg().map_or(0, PReg::number))
    }

    pub(super) fn mem(&self, addr: Addr) -> Mem {
        let index = (addr.index != NO).then(|| self.reg(addr.index));
        let scale = Scale::ALL[addr.scale as usize & 3];
        let (base, disp) = match addr.origin {
            Origin::None if addr.base == NO => {
                return index.map_or(Mem::absolute(addr.disp), |index| Mem::scaled(index, scale, addr.disp));
            }
            Origin::None => (self.reg(addr.base), addr.disp),
            Origin::Slot => {
                let at = self.frame.stack_slots[addr.number as usize];
                (Reg::RSP, at.wrapping_add(addr.disp))
            }
            Origin::Pool => return Mem::label(self.pool[addr.number as usize]),
            Origin::Incoming => (Reg::RBP, 16 + addr.disp),
        };
        match index {
            Some(index) => Mem::index(base, index, scale, disp),
            None => Mem::base(base, disp),
        }
    }

    /// A source as the assembler's operand. Constants that do not fit an immediate go through the scratch register.
    fn operand(&mut self, src: Src) -> Operand {
        match src {
            Src::Imm(imm) => Operand::Imm(imm),
            Src::Mem(addr) => Operand::Mem(self.mem(addr)),
            Src::Op(index) => match self.loc(index) {
                Loc::Reg(reg) => Operand::Reg(Reg::from_index(reg.number())),
                Loc::Remat => match self.constant(index) {
                    Some(Remat::Int(bits)) => match i32::try_from(bits) {
                        Ok(imm) => Operand::Imm(imm),
                        Err(_) => {
                            self.asm.mov_imm64(SCRATCH, bits);
                            Operand::Reg(SCRATCH)
                        }
                    },
                    _ => Operand::Imm(0),
                },
                loc => Operand::Mem(self.loc_mem(loc)),
            },
        }
    }

    /// The same where immediates are not possible.
    pub(super) fn rm(&mut self, src: Src) -> RegMem {
        match self.operand(src) {
            Operand::Reg(reg) => RegMem::Reg(reg),
            Operand::Mem(mem) => RegMem::Mem(mem),
            Operand::Imm(imm) => {
                self.asm.mov_imm64(SCRATCH, imm as i64);
                RegMem::Reg(SCRATCH)
            }
        }
    }

    /// A source in the vector registers or memory.
    pub(super) fn xm(&mut self, src: Src) -> XmmMem {
        match src {
            Src::Imm(_) => XmmMem::Xmm(Xmm::XMM0),
            Src::Mem(addr) => XmmMem::Mem(self.mem(addr)),
            Src::Op(index) => match self.loc(index) {
                Loc::Reg(reg) => XmmMem::Xmm(Xmm::from_index(reg.number())),
                Loc::Remat => {
                    let bits = match self.constant(index) {
                        Some(Remat::Float(bits)) => bits,
                        _ => 0,
                    };
                    XmmMem::Mem(Mem::label(self.asm.constant(&bits.to_le_bytes())))
                }
                loc => XmmMem::Mem(self.loc_mem(loc)),
            },
        }
    }

    fn flags(&mut self, flags: Flags) {
        match flags {
            Flags::Cmp(size, a, b) => {
                let b = self.operand(b);
                match self.rm_for_compare(a) {
                    RegMem::Mem(mem) if matches!(b, Operand::Mem(_)) => {
                        self.asm.mov(size, SCRATCH, mem);
                        self.asm.cmp(size, SCRATCH, b);
                    }
                    a => self.asm.cmp(size, a, narrow(b, size)),
                }
            }
            Flags::Test(size, a, b) => {
                let b = self.operand(b);
                let a = self.rm_for_compare(a);
                match (a, b) {
                    (RegMem::Reg(reg), Operand::Mem(mem)) => self.asm.test(size, mem, reg),
                    _ => self.asm.test(size, a, narrow(b, size)),
                }
            }
            Flags::Float(double, a, b) => {
                let a = self.xmm(a);
                let b = self.xm(b);
                if double { self.asm.vucomisd(a, b) } else { self.asm.vucomiss(a, b) }
            }
        }
    }

    fn rm_for_compare(&mut self, src: Src) -> RegMem {
        match src {
            Src::Imm(_) => RegMem::Reg(SCRATCH),
            src => self.rm(src),
        }
    }

    /// The condition as a seeded fault may have it.
    fn cc(&self, cc: Cc) -> Cc {
        match cc {
            Cc::One(cond @ (Cond::L | Cond::G | Cond::LE | Cond::GE)) if active(Bug::EmissionInvertsCondition) => {
                Cc::One(cond.invert())
            }
            cc => cc,
        }
    }

    /// Jumps to a label if the condition holds.
    fn jump_if(&mut self, cc: Cc, target: Label) {
        match self.cc(cc) {
            Cc::One(cond) => self.asm.jcc(cond, target),
            Cc::Or(a, b) => {
                self.asm.jcc(a, target);
                self.asm.jcc(b, target);
            }
            Cc::And(a, b) => {
                let over = self.asm.new_label();
                self.asm.jcc(a.invert(), over);
                self.asm.jcc(b, target);
                self.asm.bind(over);
            }
        }
    }

    fn succ(&self, index: usize) -> u32 {
        let target = self.lowered.code.succs(self.block)[index].block;
        self.forward[target as usize]
    }

    fn jump_to(&mut self, block: u32) {
        if self.next_block[self.block] == Some(block) {
            return;
        }
        if self.only_returns[block as usize] {
            self.leave_frame(block as usize);
            return self.asm.ret();
        }
        self.asm.jmp_to(self.blocks[block as usize]);
    }

    fn call_target(&mut self, callee: Callee, tail: bool) {
        match callee {
            Callee::Near(symbol) if tail => self.asm.jmp_near(RelocTarget::Symbol(symbol)),
            Callee::Near(symbol) => self.asm.call_near(RelocTarget::Symbol(symbol)),
            Callee::Far(_) | Callee::Address(_) => {
                let target = match callee {
                    Callee::Far(symbol) => RelocTarget::Symbol(symbol),
                    Callee::Address(address) => RelocTarget::Address(address),
                    _ => RelocTarget::Address(0),
                };
                let slot = Mem::label(self.asm.address_constant(target));
                if tail { self.asm.jmp(slot) } else { self.asm.call(slot) }
            }
            Callee::Reg(index) => {
                let reg = self.reg(index);
                if tail { self.asm.jmp(reg) } else { self.asm.call(reg) }
            }
        }
    }

    fn call(&mut self, callee: Callee, site: u32) {
        let inst = &self.lowered.code.insts[self.inst];
        // A callee of the engine's convention changes every register, so the clobbers tell the conventions apart.
        let to_c = !inst.clobbers.contains(PReg::int(Reg::RBX.index()));
        if to_c {
            if inst.safepoint && self.func.signature.conv == CallConv::Tercel {
                self.asm.mov(Size::S64, Mem::base(CONTEXT, offsets::LAST_SP), Reg::RSP);
                self.asm.mov(Size::S64, Mem::base(CONTEXT, offsets::LAST_FP), Reg::RBP);
            }
            if self.lowered.wide {
                self.asm.vzeroupper();
            }
        }
        self.call_target(callee, false);
        let inst = self.inst;
        self.site(SiteKind::Call, inst, site);
    }

    pub(super) fn emit_inst(&mut self, inst: MOp) {
        match inst {
            MOp::BlockStart | MOp::Entry | MOp::Copy => {}
            MOp::Imm(value) => {
                let dst = self.reg(0);
                self.asm.mov_imm64(dst, value);
            }
            MOp::FloatImm(bits, double) => {
                let dst = self.xmm(0);
                self.float_constant(dst, bits, double);
            }
            MOp::Alu(op, size, src) => self.alu(op, size, src),
            MOp::AluFlag(op, size, src, cond, on_flag) => {
                self.alu(op, size, src);
                match on_flag {
                    OnFlag::Trap(code) => {
                        let label = self.trap_label(code);
                        self.asm.jcc(cond, label);
                    }
                    OnFlag::Exit(site) => {
                        let label = self.exit_label(site);
                        self.asm.jcc(cond, label);
                    }
                    OnFlag::Set(operand) => {
                        let flag = self.reg(operand);
                        self.asm.set(cond, flag);
                    }
                }
            }
            MOp::MulWide(op, size, src) => {
                let src = self.rm(src);
                self.asm.unary(op, size, src);
            }
            MOp::ImulImm(size, src, imm) => {
                let (dst, src) = (self.reg(0), self.rm(src));
                self.asm.imul_imm(size, dst, src, imm);
            }
            MOp::Unary(op, size, src) => {
                let (dst, src) = (self.reg(0), self.rm(src));
                self.asm.reg_rm(op, size, dst, src);
            }
            MOp::UnaryTied(op, size) => {
                let dst = self.reg(0);
                self.asm.unary(op, size, dst.into());
            }
            MOp::Bswap(size) => {
                let dst = self.reg(0);
                self.asm.bswap(size, dst);
            }
            MOp::ShiftImm(op, size, count) => {
                let dst = self.reg(0);
                if count > 0 {
                    self.asm.shift(op, size, dst.into(), count.into());
                }
            }
            MOp::ShiftCl(op, size) => {
                let dst = self.reg(0);
                self.asm.shift(op, size, dst.into(), tercel_asm::x64::Count::Cl);
            }
            MOp::ShiftX(op, size, src, count) => {
                let (dst, src, count) = (self.reg(0), self.rm(src), self.reg(count));
                self.asm.vex_rmv(op, size, dst, src, count);
            }
            MOp::Lea(addr) => self.lea(addr),
            MOp::Zext(from, src) => {
                let (dst, src) = (self.reg(0), self.rm(src));
                match from {
                    Size::S8 | Size::S16 => self.asm.movzx(Size::S32, from, dst, src),
                    _ => self.asm.mov_op(op::mov, Size::S32, dst.into(), src.into()),
                }
            }
            MOp::Sext(from, to, src) => {
                let (dst, src) = (self.reg(0), self.rm(src));
                match from {
                    Size::S8 | Size::S16 => self.asm.movsx(to, from, dst, src),
                    _ => self.asm.movsxd(dst, src),
                }
            }
            MOp::Load(size, addr) => {
                let (dst, mem) = (self.reg(0), self.mem(addr));
                match size {
                    Size::S8 | Size::S16 => self.asm.movzx(Size::S32, size, dst, mem),
                    _ => self.asm.mov(size, dst, mem),
                }
            }
            MOp::Store(size, addr, src) => {
                let mem = self.mem(addr);
                let src = self.operand(src);
                self.asm.mov(size, mem, src);
            }
            MOp::Div { size, signed, divisor, rem } => self.div(size, signed, divisor, rem),
            MOp::Set(flags, cc) => self.set(flags, cc),
            MOp::Cmov(flags, cc, other) => {
                self.flags(flags);
                let size = match self.ty(0).bytes() {
                    8 => Size::S64,
                    _ => Size::S32,
                };
                let dst = self.reg(0);
                let cc = self.cc(cc);
                // A constant goes through a register; `mov` leaves the flags alone.
                let other = self.rm(other);
                match cc.invert() {
                    Cc::One(cond) => self.asm.cmov(cond, size, dst, other),
                    Cc::Or(a, b) => {
                        self.asm.cmov(a, size, dst, other);
                        self.asm.cmov(b, size, dst, other);
                    }
                    Cc::And(a, b) => {
                        let over = self.asm.new_label();
                        self.asm.jcc(a.invert(), over);
                        self.asm.cmov(b, size, dst, other);
                        self.asm.bind(over);
                    }
                }
            }
            MOp::FloatSelect(flags, cc, other) => {
                self.flags(flags);
                let over = self.asm.new_label();
                self.jump_if(cc, over);
                let len = vec_len(self.ty(0));
                let (dst, other) = (self.xmm(0), self.xmm(other));
                self.asm.vmovaps(len, dst, other);
                self.asm.bind(over);
            }
            MOp::Branch(flags, cc) => {
                self.flags(flags);
                let (then, other) = (self.succ(0), self.succ(1));
                if then == other {
                    self.jump_to(then);
                } else if self.next_block[self.block] == Some(then) {
                    let target = self.blocks[other as usize];
                    self.jump_if(cc.invert(), target);
                } else {
                    let target = self.blocks[then as usize];
                    self.jump_if(cc, target);
                    self.jump_to(other);
                }
            }
            MOp::TrapIf(flags, cc, code) => {
                self.flags(flags);
                let label = self.trap_label(code);
                self.jump_if(cc, label);
            }
            MOp::ExitIf(flags, cc, site) => {
                self.flags(flags);
                let label = self.exit_label(site);
                self.jump_if(cc, label);
            }
            MOp::Jump => {
                let target = self.succ(0);
                self.jump_to(target);
            }
            MOp::Switch => self.switch(),
            MOp::Return => {
                self.leave_frame(self.block);
                self.asm.ret();
            }
            MOp::Trap(code) => {
                let label = self.trap_label(code);
                self.asm.jmp_to(label);
            }
            MOp::Exit(site) => {
                let label = self.exit_label(site);
                self.asm.jmp_to(label);
            }
            MOp::Poll(site) => {
                let (label, back) = (self.asm.new_label(), self.asm.new_label());
                self.asm.cmp(Size::S32, Mem::base(CONTEXT, offsets::INTERRUPT), 0);
                self.asm.jne(label);
                self.asm.bind(back);
                self.cold.push((self.block, Cold::Poll { label, back, inst: self.inst, site }));
            }
            MOp::Call { callee, site } => self.call(callee, site),
            MOp::TailCall { callee } => {
                self.leave_frame(self.block);
                self.call_target(callee, true);
            }
            MOp::FuncAddr(callee) => {
                let dst = self.reg(0);
                let target = match callee {
                    Callee::Near(symbol) | Callee::Far(symbol) => RelocTarget::Symbol(symbol),
                    Callee::Address(address) => RelocTarget::Address(address),
                    Callee::Reg(_) => RelocTarget::Address(0),
                };
                self.asm.mov_address(dst, target);
            }
            _ => self.vector_inst(inst),
        }
    }

    fn alu(&mut self, op: tercel_asm::x64::inst::GprOp, size: Size, src: Src) {
        let dst = self.reg(0);
        if op == op::imul {
            let src = self.rm(src);
            return self.asm.reg_rm(op, size, dst, src);
        }
        let src = self.operand(src);
        self.asm.alu(op, size, dst.into(), src);
    }

    fn lea(&mut self, addr: Addr) {
        let dst = self.reg(0);
        let mem = self.mem(addr);
        // The assembler may have exchanged base and index, so both are asked of it.
        match (mem.base_reg(), mem.index_reg(), mem.disp()) {
            (Some(base), None, 0) => {
                if base != dst {
                    self.asm.mov(Size::S64, dst, base);
                }
            }
            (Some(base), None, disp) if base == dst => self.asm.add(Size::S64, dst, disp),
            (Some(base), Some(index), 0) if addr.scale == 0 && base == dst => self.asm.add(Size::S64, dst, index),
            (Some(base), Some(index), 0) if addr.scale == 0 && index == dst => self.asm.add(Size::S64, dst, base),
            _ => self.asm.lea(Size::S64, dst, mem),
        }
    }

    fn set(&mut self, flags: Flags, cc: Cc) {
        self.flags(flags);
        let dst = self.reg(0);
        match self.cc(cc) {
            Cc::One(cond) => self.asm.set(cond, dst),
            Cc::And(a, b) => {
                self.asm.set(a, SCRATCH);
                self.asm.set(b, dst);
                self.asm.and(Size::S8, dst, SCRATCH);
            }
            Cc::Or(a, b) => {
                self.asm.set(a, SCRATCH);
                self.asm.set(b, dst);
                self.asm.or(Size::S8, dst, SCRATCH);
            }
        }
    }

    fn div(&mut self, size: Size, signed: bool, divisor: u8, rem: bool) {
        let divisor = self.reg(divisor);
        let zero = self.trap_label(TrapCode::DivideByZero);
        self.asm.test(size, divisor, divisor);
        self.asm.je(zero);
        if !signed {
            self.asm.zero(Reg::RDX);
            return self.asm.div(size, divisor);
        }
        let (divide, done) = (self.asm.new_label(), self.asm.new_label());
        self.asm.cmp(size, divisor, -1);
        self.asm.jne(divide);
        if rem {
            // MIN % -1 is 0 as any x % -1; the instruction would fault.
            self.asm.zero(Reg::RDX);
            self.asm.jmp_to(done);
        } else {
            let overflow = self.trap_label(TrapCode::Overflow);
            self.asm.neg(size, Reg::RAX);
            self.asm.jo(overflow);
            self.asm.jmp_to(done);
        }
        self.asm.bind(divide);
        if size == Size::S64 {
            self.asm.cqo()
        } else {
            self.asm.cdq()
        }
        self.asm.idiv(size, divisor);
        self.asm.bind(done);
    }

    fn switch(&mut self) {
        let edges = self.lowered.code.succs(self.block).len();
        let (index, temp) = (self.reg(0), self.reg(1));
        let default = self.blocks[self.succ(0) as usize];
        self.asm.cmp(Size::S32, index, edges as i32 - 1);
        self.asm.jae(default);
        let table = self.asm.new_label();
        self.asm.lea(Size::S64, temp, Mem::label(table));
        self.asm.mov(Size::S32, SCRATCH, index);
        self.asm.movsxd(SCRATCH, Mem::index(temp, SCRATCH, Scale::X4, 0));
        self.asm.add(Size::S64, temp, SCRATCH);
        self.asm.jmp(temp);
        self.asm.align_data(4);
        self.asm.bind(table);
        for edge in 1..edges {
            let target = self.blocks[self.succ(edge) as usize];
            self.asm.label_offset(target, table);
        }
    }

    fn vector_inst(&mut self, inst: MOp) {
        match inst {
            MOp::Rvm(op, len, a, src) => {
                let (dst, a, src) = (self.xmm(0), self.xmm(a), self.xm(src));
                self.asm.avx_rvm(op, len, dst.into(), a, src);
            }
            MOp::Rvmi(op, len, a, src, imm) => {
                let (dst, a, src) = (self.xmm(0), self.xmm(a), self.xm(src));
                self.asm.avx_rvmi(op, len, dst.into(), a, src, imm);
            }
            MOp::Rm(op, len, src) => {
                let (dst, src) = (self.xmm(0), self.xm(src));
                self.asm.avx_rm(op, len, dst.into(), src);
            }
            MOp::Rmi(op, len, src, imm) => {
                let (dst, src) = (self.xmm(0), self.xm(src));
                self.asm.avx_rmi(op, len, dst.into(), src, imm);
            }
            MOp::Vmi(op, len, a, imm) => {
                let (dst, a) = (self.xmm(0), self.xmm(a));
                self.asm.avx_vmi(op, len, dst.into(), a.into(), imm);
            }
            MOp::Rvmr { op, len, a, b, mask } => {
                let (dst, a, b, mask) = (self.xmm(0), self.xmm(a), self.xmm(b), self.xmm(mask));
                self.asm.avx_rvmr(op, len, dst, a, b.into(), mask);
            }
            MOp::Part(op, len, a, imm) => {
                let (dst, a) = (self.xmm(0), self.xmm(a));
                self.asm.avx_mri(op, len, XmmMem::Xmm(dst).into(), a, imm);
            }
            MOp::LoadVec(op, len, addr) => {
                let (dst, mem) = (self.xmm(0), self.mem(addr));
                self.asm.avx_rm(op, len, dst.into(), mem.into());
            }
            MOp::StoreVec(op, len, addr, src) => {
                let (src, mem) = (self.xmm(src), self.mem(addr));
                self.asm.avx_mr(op, len, mem.into(), src);
            }
            MOp::FromInt(op, src) => {
                let (dst, src) = (self.xmm(0), self.rm(src));
                self.asm.avx_xg(op, dst, src);
            }
            MOp::ToInt(op, src) => {
                let (dst, src) = (self.reg(0), self.xmm(src));
                self.asm.avx_gx(op, dst.into(), src);
            }
            MOp::ToIntLane(op, src, lane) => {
                let (dst, src) = (self.reg(0), self.xmm(src));
                self.asm.avx_gxi(op, dst.into(), src, lane);
            }
            MOp::ToIntLaneW(op, src, lane) => {
                let (dst, src) = (self.reg(0), self.xmm(src));
                self.asm.avx_gvi(op, dst, src, lane);
            }
            MOp::InsertInt(op, a, src, lane) => {
                let (dst, a, src) = (self.xmm(0), self.xmm(a), self.rm(src));
                self.asm.avx_xvgi(op, dst, a, src, lane);
            }
            MOp::SignBits(op, len, src) => {
                let (dst, src) = (self.reg(0), self.xmm(src));
                self.asm.avx_gv(op, len, dst, src);
            }
            MOp::ExtractBits(bits, mask) => {
                let (dst, bits, mask) = (self.reg(0), self.reg(bits), self.reg(mask));
                self.asm.pext(Size::S64, dst, bits, mask);
            }
            MOp::IntToFloat(op, size, src) => {
                let (dst, src) = (self.xmm(0), self.rm(src));
                // The instruction keeps the upper lanes: a zeroed register, so that it waits for nothing older.
                self.asm.vxorps(VecLen::L128, dst, dst, dst);
                self.asm.avx_xvg_sized(op, size, dst, dst, src);
            }
            MOp::Uint64ToFloat(double) => self.uint64_to_float(double),
            MOp::FloatToInt(..) => self.convert(),
            MOp::MaskCompare(compare, lanes, a, src, predicate) => {
                let (dst, a, src) = (self.xmm(0), self.xmm(a), self.xm(src));
                self.asm.avx_kvmi(compare, VecLen::L512, MASK.into(), a, src, predicate);
                self.asm.avx_vk(lanes, VecLen::L512, dst, MASK);
            }
            MOp::MaskBlend { bits, blend, a, b, mask } => {
                let (dst, a, b, mask) = (self.xmm(0), self.xmm(a), self.xmm(b), self.xmm(mask));
                self.asm.avx_kv(bits, VecLen::L512, MASK, mask);
                self.asm.avx_rvm(blend, VecLen::L512, dst.masked(MASK), a, b.into());
            }
            MOp::MaskBits(bits, src) => {
                let (dst, src) = (self.reg(0), self.xmm(src));
                self.asm.avx_kv(bits, VecLen::L512, MASK, src);
                self.asm.kmovq_to_gpr(dst, MASK);
            }
            _ => {}
        }
    }
}

/// Immediates of narrow instructions as the assembler takes them.
fn narrow(operand: Operand, size: Size) -> Operand {
    match (operand, size) {
        (Operand::Imm(imm), Size::S8) => Operand::Imm(imm as i8 as i32),
        (Operand::Imm(imm), Size::S16) => Operand::Imm(imm as i16 as i32),
        (operand, _) => operand,
    }
}
