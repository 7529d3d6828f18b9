//! Calls of natives that have code of their own: `Math.sqrt`, `charCodeAt`, `push` and the like.
//!
//! A site gets such code if its only target so far was one of them ([`tercel_vm::fast_native`]). The callee's identity is checked each time; any other
//! callee, and any operand that is not the common one, goes to the op's helper, which calls whatever is called as usual.

use super::facts::Fact;
use super::{CX, Compiler, FRAME, TAG, site_field};
use crate::symbols::{self, Symbol};
use tercel_asm::Label;
use tercel_asm::x64::{Cond, CpuFeatures, Mem, Reg, Scale, Size, Xmm};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Argc, Block, Dst, Slot};
use tercel_vm::fast_native::FastNative;
use tercel_vm::feedback::SiteState;
use tercel_vm::frame;
use tercel_vm::function::NativeFunction;
use tercel_vm::layout::{context, header, site, string};
use tercel_vm::{Gc, Kind};

/// Rounding of `roundsd`: the mode, and no exception for inexact results.
mod rounding {
    pub const DOWN: u8 = 9;
    pub const UP: u8 = 10;
    pub const TO_ZERO: u8 = 11;
}

impl<'a> Compiler<'a> {
    /// Emits the call, if the site's target is a native with code for so many arguments.
    pub fn fast_native_call(&mut self, op: Op, dst: Dst, block: Block, argc: Argc, slot: Slot) -> bool {
        let feedback = self.feedback(slot);
        if feedback.state.get() != SiteState::Monomorphic {
            return false;
        }
        let Some(native): Option<Gc<NativeFunction>> = feedback.cell.get().as_kind(Kind::NativeFunction) else {
            return false;
        };
        let native = native.fast_native();
        let rounds = matches!(native, FastNative::MathFloor | FastNative::MathCeil | FastNative::MathTrunc);
        let arguments = match native {
            FastNative::None | FastNative::TypedArrayLength | FastNative::MapSize | FastNative::SetSize => {
                return false;
            }
            FastNative::MathImul | FastNative::MathMax | FastNative::MathMin | FastNative::MapSet => 2,
            FastNative::ArrayPop => 0,
            _ => 1,
        };
        if argc.0 != arguments || rounds && !CpuFeatures::detect().has(CpuFeatures::SSE41) {
            return false;
        }
        let done = self.asm.new_label();
        let slow = self.slow_op(op, done);
        self.load(Reg::RAX, block.0);
        self.asm.cmp(Size::S64, Reg::RAX, site_field(slot, site::CELL));
        self.asm.jne(slow);
        self.fast_native(native, block, slow);
        self.finish_with(dst.0, done);
        true
    }

    /// rax = the result.
    fn fast_native(&mut self, native: FastNative, block: Block, slow: Label) {
        let argument = |i: u16| block.0 + frame::FIRST_ARG as u16 + i;
        let this = block.0 + frame::THIS as u16;
        match native {
            FastNative::MathSqrt => {
                self.load(Reg::RAX, argument(0));
                self.to_double(Reg::RAX, Xmm::XMM0, Fact::Unknown, slow);
                self.asm.sqrtsd(Xmm::XMM0, Xmm::XMM0);
                self.box_double();
            }
            FastNative::MathFloor => self.round(argument(0), rounding::DOWN, slow),
            FastNative::MathCeil => self.round(argument(0), rounding::UP, slow),
            FastNative::MathTrunc => self.round(argument(0), rounding::TO_ZERO, slow),
            FastNative::MathAbs => self.abs(argument(0), slow),
            FastNative::MathMax => self.extremum(argument(0), argument(1), Cond::GE, Cond::A, slow),
            FastNative::MathMin => self.extremum(argument(0), argument(1), Cond::LE, Cond::B, slow),
            FastNative::MathImul => {
                self.load(Reg::RAX, argument(0));
                self.number_to_int32(Reg::RAX, Fact::Unknown, slow);
                self.load(Reg::RCX, argument(1));
                self.number_to_int32(Reg::RCX, Fact::Unknown, slow);
                self.asm.imul(Size::S32, Reg::RAX, Reg::RCX);
                self.box_int32(Reg::RAX);
            }
            FastNative::StringCharCodeAt => self.char_code_at(this, argument(0), slow),
            FastNative::ArrayPush => self.short_cut(symbols::ARRAY_PUSH, this, &[argument(0)], slow),
            FastNative::ArrayPop => self.short_cut(symbols::ARRAY_POP, this, &[], slow),
            FastNative::MapGet => self.short_cut(symbols::MAP_GET, this, &[argument(0)], slow),
            FastNative::MapHas => self.short_cut(symbols::MAP_HAS, this, &[argument(0)], slow),
            FastNative::MapSet => self.short_cut(symbols::MAP_SET, this, &[argument(0), argument(1)], slow),
            FastNative::MapDelete => self.short_cut(symbols::MAP_DELETE, this, &[argument(0)], slow),
            FastNative::SetAdd => self.short_cut(symbols::SET_ADD, this, &[argument(0)], slow),
            FastNative::SetDelete => self.short_cut(symbols::SET_DELETE, this, &[argument(0)], slow),
            FastNative::SetHas => self.short_cut(symbols::SET_HAS, this, &[argument(0)], slow),
            FastNative::RegExpTest => {
                // Its realm is the running function's.
                self.asm.mov(Size::S64, Mem::base(CX, context::FRAME), FRAME);
                self.short_cut(symbols::REGEXP_TEST, this, &[argument(0)], slow);
            }
            FastNative::None | FastNative::TypedArrayLength | FastNative::MapSize | FastNative::SetSize => {}
        }
    }

    /// A function of the context, the receiver and at most two arguments; 0 means that it does not apply.
    fn short_cut(&mut self, symbol: Symbol, this: u16, arguments: &[u16], slow: Label) {
        self.asm.mov(Size::S64, Reg::RDI, CX);
        self.load(Reg::RSI, this);
        for (&argument, register) in arguments.iter().zip([Reg::RDX, Reg::RCX]) {
            self.load(register, argument);
        }
        self.call_leaf(symbol);
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
    }

    fn round(&mut self, argument: u16, mode: u8, slow: Label) {
        let (double, done) = (self.asm.new_label(), self.asm.new_label());
        self.load(Reg::RAX, argument);
        self.asm.cmp(Size::S64, Reg::RAX, TAG);
        self.asm.jb(double);
        self.asm.bind(done);
        self.later(move |this| {
            let boxed = this.asm.new_label();
            this.asm.bind(double);
            this.to_double(Reg::RAX, Xmm::XMM0, Fact::Unknown, slow);
            this.asm.roundsd(Xmm::XMM0, Xmm::XMM0, mode);
            // An int32 where it is one, because it may become an index. 0 may be −0.
            this.asm.cvttsd2si(Size::S32, Reg::RAX, Xmm::XMM0);
            this.asm.xorps(Xmm::XMM1, Xmm::XMM1);
            this.asm.cvtsi2sd(Size::S32, Xmm::XMM1, Reg::RAX);
            this.asm.ucomisd(Xmm::XMM0, Xmm::XMM1);
            this.asm.jp(boxed);
            this.asm.jne(boxed);
            this.asm.test(Size::S32, Reg::RAX, Reg::RAX);
            this.asm.je(boxed);
            this.box_int32(Reg::RAX);
            this.asm.jmp_to(done);
            this.asm.bind(boxed);
            this.box_double();
            this.asm.jmp_to(done);
        });
    }

    fn abs(&mut self, argument: u16, slow: Label) {
        let (double, done) = (self.asm.new_label(), self.asm.new_label());
        self.load(Reg::RAX, argument);
        self.asm.cmp(Size::S64, Reg::RAX, TAG);
        self.asm.jb(double);
        self.asm.mov(Size::S32, Reg::RCX, Reg::RAX);
        self.asm.neg(Size::S32, Reg::RCX);
        // The least int32 has no absolute value.
        self.asm.jo(double);
        self.asm.cmov(Cond::S, Size::S32, Reg::RCX, Reg::RAX);
        self.asm.mov(Size::S32, Reg::RAX, Reg::RCX);
        self.box_int32(Reg::RAX);
        self.asm.bind(done);
        self.later(move |this| {
            this.asm.bind(double);
            this.to_double(Reg::RAX, Xmm::XMM0, Fact::Unknown, slow);
            let mask = this.asm.constant(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0]);
            this.asm.andpd(Xmm::XMM0, Mem::label(mask));
            this.box_double();
            this.asm.jmp_to(done);
        });
    }

    /// The larger or smaller of two numbers; equal doubles, which may be zeros of two signs, and NaNs are the native's.
    fn extremum(&mut self, a: u16, b: u16, keep_int32: Cond, keep_double: Cond, slow: Label) {
        let (doubles, done) = (self.asm.new_label(), self.asm.new_label());
        self.load(Reg::RAX, a);
        self.load(Reg::RCX, b);
        self.asm.cmp(Size::S64, Reg::RAX, TAG);
        self.asm.jb(doubles);
        self.asm.cmp(Size::S64, Reg::RCX, TAG);
        self.asm.jb(doubles);
        self.asm.cmp(Size::S32, Reg::RAX, Reg::RCX);
        self.asm.cmov(keep_int32.invert(), Size::S64, Reg::RAX, Reg::RCX);
        self.asm.bind(done);
        self.later(move |this| {
            let first = this.asm.new_label();
            this.asm.bind(doubles);
            this.to_double(Reg::RAX, Xmm::XMM0, Fact::Unknown, slow);
            this.to_double(Reg::RCX, Xmm::XMM1, Fact::Unknown, slow);
            this.asm.ucomisd(Xmm::XMM0, Xmm::XMM1);
            this.asm.jp(slow);
            this.asm.je(slow);
            this.asm.jcc(keep_double, first);
            this.asm.movaps(Xmm::XMM0, Xmm::XMM1);
            this.asm.bind(first);
            this.box_double();
            this.asm.jmp_to(done);
        });
    }

    fn char_code_at(&mut self, this: u16, index: u16, slow: Label) {
        let (two_bytes, not_flat, done) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
        self.load(Reg::RAX, this);
        self.load(Reg::RCX, index);
        self.check_cell(Reg::RAX, slow);
        self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::StringFlat as i32);
        self.asm.jne(not_flat);
        self.asm.cmp(Size::S64, Reg::RCX, TAG);
        self.asm.jb(slow);
        self.asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RAX, string::LENGTH));
        self.asm.jae(slow);
        self.asm.mov(Size::S32, Reg::RCX, Reg::RCX);
        self.asm.test(Size::S8, Mem::base(Reg::RAX, header::FLAGS), i32::from(tercel_vm::string::TWO_BYTE));
        self.asm.jne(two_bytes);
        self.asm.movzx(Size::S32, Size::S8, Reg::RAX, Mem::index(Reg::RAX, Reg::RCX, Scale::X1, string::PAYLOAD));
        self.box_int32(Reg::RAX);
        self.asm.bind(done);
        self.later(move |c| {
            c.asm.bind(two_bytes);
            c.asm.movzx(Size::S32, Size::S16, Reg::RAX, Mem::index(Reg::RAX, Reg::RCX, Scale::X2, string::PAYLOAD));
            c.box_int32(Reg::RAX);
            c.asm.jmp_to(done);
            c.asm.bind(not_flat);
            c.short_cut(symbols::CHAR_CODE_AT, this, &[index], slow);
            c.asm.jmp_to(done);
        });
    }
}
