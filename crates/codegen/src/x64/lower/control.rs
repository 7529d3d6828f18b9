//! Control flow, calls, exits.

use super::*;
use crate::x64::abi::{self, ArgLoc};
use tercel_ir::{CallTarget, InstData, Signature};

/// Symbols from here on are runtime helpers, below are functions of the module.
pub const HELPER_SYMBOLS: u32 = 1 << 31;

impl Lower<'_> {
    /// Lowers an op of control flow; false if it is none.
    pub(super) fn control(&mut self, inst: Inst, data: &InstData) -> bool {
        match data.op {
            Op::Jump => self.push(MOp::Jump, Ops::new()),
            Op::Branch => {
                let condition = self.arg(inst, 0);
                let mut ops = Ops::new();
                let (flags, cc) = self.condition(&mut ops, condition);
                self.push(MOp::Branch(flags, cc), ops);
            }
            Op::Switch => self.switch(inst),
            Op::Return => self.ret(inst),
            Op::Trap => self.push(MOp::Trap(data.trap_code()), Ops::new()),
            Op::TrapIf => {
                let condition = self.arg(inst, 0);
                let mut ops = Ops::new();
                let (flags, cc) = self.condition(&mut ops, condition);
                self.push(MOp::TrapIf(flags, cc, data.trap_code()), ops);
            }
            Op::Guard => {
                let condition = self.arg(inst, 0);
                let mut ops = Ops::new();
                let (flags, cc) = self.condition(&mut ops, condition);
                let site = self.site(&mut ops, data.frame());
                self.push(MOp::ExitIf(flags, cc.invert(), site), ops);
            }
            Op::Exit => {
                let mut ops = Ops::new();
                let site = self.site(&mut ops, data.frame());
                self.push(MOp::Exit(site), ops);
            }
            Op::Poll => {
                let mut ops = Ops::new();
                let site = self.site(&mut ops, data.frame());
                self.push_with(MOp::Poll(site), ops, PRegSet::EMPTY, true);
            }
            Op::FuncAddr => {
                let result = self.result(inst);
                let mut ops = Ops::new();
                ops.def(result);
                let callee = self.callee(data);
                self.push(MOp::FuncAddr(callee), ops);
            }
            Op::Call | Op::CallIndirect => self.call(inst, data),
            Op::TailCall | Op::TailCallIndirect => self.tail_call(inst, data),
            _ => return false,
        }
        true
    }

    fn switch(&mut self, inst: Inst) {
        let index = self.arg(inst, 0);
        let edges = self.func.edges(inst).len();
        let index = self.value(index);
        let mut ops = Ops::new();
        ops.late_reg(index);
        if edges > 1 {
            let temp = self.new_vreg(Type::I64);
            ops.temp(temp);
            self.push(MOp::Switch, ops);
        } else {
            self.push(MOp::Jump, Ops::new());
        }
    }

    fn ret(&mut self, inst: Inst) {
        let signature = &self.func.signature;
        let Some(regs) = abi::results(signature.conv, &signature.returns) else {
            return self.unsupported("results that do not fit the registers");
        };
        let mut ops = Ops::new();
        for (index, reg) in regs.into_iter().enumerate() {
            let value = self.arg(inst, index);
            let value = self.value(value);
            ops.fixed(value, reg);
        }
        self.push(MOp::Return, ops);
    }

    fn callee(&mut self, data: &InstData) -> Callee {
        match self.func.funcs[data.func_ref()].target {
            CallTarget::Function(id) => Callee::Near(id.as_u32()),
            CallTarget::Address(address) => Callee::Address(address),
            CallTarget::Helper(id) => Callee::Far(HELPER_SYMBOLS | id.0),
        }
    }

    /// The signature of a call, the places of its arguments, and its arguments proper.
    fn call_parts(&mut self, inst: Inst, data: &InstData) -> Option<(Signature, abi::Args, Vec<Value>)> {
        let signature = self.func.call_signature(inst)?.clone();
        if let Some(why) = abi::unsupported(&signature) {
            self.unsupported(why);
            return None;
        }
        let places = abi::arguments(signature.conv, &signature.params);
        if places.stack > ArgPlace::END {
            self.unsupported("a call with more than 512 KB of arguments in memory");
            return None;
        }
        let indirect = matches!(data.op, Op::CallIndirect | Op::TailCallIndirect);
        let args = self.func.args(inst)[indirect as usize..].to_vec();
        Some((signature, places, args))
    }

    /// Arguments as operands; the address of an indirect callee too.
    fn call_operands(&mut self, inst: Inst, data: &InstData, places: &abi::Args, args: &[Value]) -> (Ops, Callee) {
        let mut ops = Ops::new();
        let callee = if matches!(data.op, Op::CallIndirect | Op::TailCallIndirect) {
            let address = self.arg(inst, 0);
            let address = self.value(address);
            Callee::Reg(ops.fixed(address, abi::INDIRECT))
        } else {
            self.callee(data)
        };
        for (&arg, &place) in args.iter().zip(&places.locs) {
            let vreg = self.value(arg);
            let constraint = match place {
                ArgLoc::Reg(reg) => Constraint::Fixed(reg),
                ArgLoc::Stack(offset) => {
                    self.need_frame();
                    Constraint::Outgoing(ArgPlace::new(offset))
                }
            };
            ops.push(vreg, constraint, Role::Use);
        }
        (ops, callee)
    }

    fn call(&mut self, inst: Inst, data: &InstData) {
        let Some((signature, places, args)) = self.call_parts(inst, data) else {
            return;
        };
        self.calls = true;
        let (mut ops, callee) = self.call_operands(inst, data, &places, &args);
        if signature.variadic && signature.conv == CallConv::SystemV {
            // AL tells a variadic callee how many vector registers it must save.
            let count = self.imm_reg(Type::I32, places.vectors as i64);
            ops.fixed(count, PReg::int(0));
        }
        self.outgoing = self.outgoing.max(places.stack);
        let regs = abi::results(signature.conv, &signature.returns).unwrap_or_default();
        for (value, reg) in self.func.results(inst).zip(regs) {
            let vreg = self.vreg(value);
            ops.push(vreg, Constraint::Fixed(reg), Role::Def);
        }
        let site = self.site(&mut ops, data.frame());
        let clobbers = abi::clobbers(signature.conv);
        let safepoint = self.func.effects(inst).has(Effects::SAFEPOINT);
        self.push_with(MOp::Call { callee, site }, ops, clobbers, safepoint);
    }

    fn tail_call(&mut self, inst: Inst, data: &InstData) {
        let Some((signature, places, args)) = self.call_parts(inst, data) else {
            return;
        };
        if signature.conv != CallConv::Tercel || self.func.signature.conv != CallConv::Tercel {
            return self.unsupported("a tail call out of the engine's convention");
        }
        let own = abi::arguments(self.func.signature.conv, &self.func.signature.params);
        if places.stack > own.stack {
            return self.call_and_return(inst, data, &signature, &places, &args);
        }
        let (mut ops, callee) = self.call_operands(inst, data, &places, &args);
        // Arguments in memory replace this function's own, which were all read at its entry.
        for operand in ops.iter_mut() {
            if let Constraint::Outgoing(place) = &mut operand.constraint {
                *place = place.incoming();
            }
        }
        self.push(MOp::TailCall { callee }, ops);
    }

    /// A tail call that needs more memory for arguments than this function was given: the caller's frame begins behind that,
    /// so this one has to stay.
    fn call_and_return(
        &mut self,
        inst: Inst,
        data: &InstData,
        signature: &Signature,
        places: &abi::Args,
        args: &[Value],
    ) {
        self.calls = true;
        let (mut ops, callee) = self.call_operands(inst, data, places, args);
        self.outgoing = self.outgoing.max(places.stack);
        let mut back = Ops::new();
        let regs = abi::results(signature.conv, &signature.returns).unwrap_or_default();
        for (&ty, reg) in signature.returns.iter().zip(regs) {
            let vreg = self.new_vreg(ty);
            ops.push(vreg, Constraint::Fixed(reg), Role::Def);
            back.fixed(vreg, reg);
        }
        let site = self.site(&mut ops, None);
        self.push_with(MOp::Call { callee, site }, ops, abi::clobbers(signature.conv), true);
        self.push(MOp::Return, back);
    }

    /// The parameters arrive.
    pub(super) fn entry(&mut self) {
        let signature = &self.func.signature;
        if let Some(why) = abi::unsupported(signature) {
            return self.unsupported(why);
        }
        let places = abi::arguments(signature.conv, &signature.params);
        let func = self.func;
        let params = func.params(func.entry());
        let mut ops = Ops::new();
        let mut stacked = Vec::new();
        for (&param, &place) in params.iter().zip(&places.locs) {
            if !self.used[param] {
                continue;
            }
            let vreg = self.vreg(param);
            match place {
                ArgLoc::Reg(reg) => {
                    ops.push(vreg, Constraint::Fixed(reg), Role::Def);
                }
                ArgLoc::Stack(offset) => stacked.push((vreg, offset)),
            }
        }
        self.push(MOp::Entry, ops);
        for (vreg, offset) in stacked {
            self.need_frame();
            let ty = self.code.vregs[vreg.index()].ty;
            let addr = Addr { disp: offset as i32, origin: Origin::Incoming, ..Addr::ZERO };
            let mut ops = Ops::new();
            ops.def(vreg);
            let op = match Class::of(ty) {
                Class::Int => MOp::Load(Size::S64, addr),
                Class::Float => MOp::LoadVec(float::load_op(ty), len_of(ty), addr),
            };
            self.push(op, ops);
        }
    }
}
