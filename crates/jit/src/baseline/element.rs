//! Elements: dense arrays with an int32 key in line; typed arrays in line where the site has met them.

use super::facts::Fact;
use super::frame::undefined;
use super::{Compiler, TAG};
use crate::ic::routines;
use crate::stubs::shared;
use tercel_asm::Label;
use tercel_asm::x64::{Cond, Mem, Reg, Scale, Size, Xmm};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, instr};
use tercel_vm::Kind;
use tercel_vm::feedback::element_bits;
use tercel_vm::layout::{elements, header, object};
use tercel_vm::typed::ElementType;

impl<'a> Compiler<'a> {
    /// The types of typed arrays that the site has met, as bits by [`ElementType`].
    fn typed_seen(&self, slot: Slot) -> u32 {
        let site = self.feedback(slot);
        if site.bits.get() & element_bits::TYPED != 0 { site.aux.get() } else { 0 }
    }

    pub fn get_elem(&mut self) {
        let i: instr::GetElem = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::GetElem, done);
        self.load(Reg::RAX, i.obj.0);
        self.load(Reg::RCX, i.key.0);
        self.cached_element(i.slot, self.facts.get(i.key.0), slow, true);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
    }

    pub fn get_elem_update(&mut self) {
        let i: instr::GetElemUpdate = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::GetElemUpdate, done);
        self.load(Reg::RAX, i.obj.0);
        self.load(Reg::RCX, i.key.0);
        self.asm.mov(Size::S64, Reg::RSI, Reg::RCX);
        self.cached_element(i.slot, self.facts.get(i.key.0), slow, false);
        self.store(i.new_key.0, Reg::RSI);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
        self.facts.forget(i.new_key.0);
    }

    pub fn get_method_elem(&mut self) {
        let i: instr::GetMethodElem = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::GetMethodElem, done);
        self.load(Reg::RAX, i.obj.0);
        self.load(Reg::RCX, i.key.0);
        self.asm.mov(Size::S64, Reg::RSI, Reg::RAX);
        self.cached_element(i.slot, self.facts.get(i.key.0), slow, false);
        self.store(i.block.0, Reg::RAX);
        self.store(i.block.0 + tercel_vm::frame::THIS as u16, Reg::RSI);
        self.asm.bind(done);
        self.facts.forget_from(i.block.0);
    }

    /// rax = element rcx of rax. Keeps rsi, unless it may call getters.
    fn cached_element(&mut self, slot: Slot, key: Fact, slow: Label, calls: bool) {
        let typed = self.typed_seen(slot);
        let done = self.asm.new_label();
        let other_key = self.asm.new_label();
        self.check_cell(Reg::RAX, slow);
        self.check_int32(Reg::RCX, key, other_key);
        self.later(move |this| {
            // A name, or a number that is no int32.
            this.asm.bind(other_key);
            if !this.cx.options.no_ic {
                if calls {
                    this.return_pc_argument();
                }
                this.call_leaf(if calls { routines::KEYED_CALL_GET } else { routines::KEYED_GET });
                this.asm.test(Size::S64, Reg::RAX, Reg::RAX);
                this.asm.jne(done);
            }
            this.asm.jmp_to(slow);
        });
        self.asm.mov(Size::S32, Reg::RCX, Reg::RCX);
        let no_typed = if typed != 0 { self.asm.new_label() } else { slow };
        if typed != 0 {
            self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::TypedArray as i32);
            self.asm.jne(no_typed);
            self.typed_load(typed, done, slow);
            self.later(move |this| {
                this.asm.bind(no_typed);
                this.dense_load(slow);
                this.asm.jmp_to(done);
            });
        } else {
            self.dense_load(slow);
        }
        self.asm.bind(done);
    }

    /// rax = element ecx of the object in rax.
    fn dense_load(&mut self, slow: Label) {
        let done = self.asm.new_label();
        let other_kind = self.slow_shared(shared::ELEMENT_GET, None, Some(slow), done);
        let outside = self.slow_shared(shared::OUTSIDE, None, Some(slow), done);
        let hole = self.slow_shared(shared::HOLE_READ, None, Some(slow), done);
        let double = self.slow_double(hole, done);
        self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Array as i32);
        self.asm.jne(other_kind);
        self.asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::ELEMENTS));
        self.asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RDX, elements::LENGTH));
        self.asm.jae(outside);
        self.asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RDX, Reg::RCX, Scale::X8, elements::DATA));
        self.asm.cmp(Size::S8, Mem::base(Reg::RDX, header::KIND), Kind::ElementsDouble as i32);
        self.asm.je(double);
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(hole);
        self.asm.bind(done);
    }

    /// rax = the boxed element ecx of the typed array in rax, one of the types in `seen`; falls through or jumps to `done`.
    fn typed_load(&mut self, seen: u32, done: Label, slow: Label) {
        let outside = self.asm.new_label();
        self.later(move |this| {
            // A typed array does not ask its prototypes for an index, negative ones included.
            this.asm.bind(outside);
            this.asm.mov(Size::S32, Reg::RAX, undefined());
            this.asm.jmp_to(done);
        });
        self.asm.cmp(Size::S64, Reg::RCX, Mem::base(Reg::RAX, object::TYPED_LENGTH));
        self.asm.jae(outside);
        self.asm.movzx(Size::S32, Size::S8, Reg::RDX, Mem::base(Reg::RAX, object::TYPED_ELEMENT));
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::TYPED_DATA));
        for element in types_in(seen) {
            let other = self.asm.new_label();
            self.asm.cmp(Size::S32, Reg::RDX, element as i32);
            self.asm.jne(other);
            self.load_of_type(element);
            self.asm.jmp_to(done);
            self.asm.bind(other);
        }
        self.asm.jmp_to(slow);
    }

    fn load_of_type(&mut self, element: ElementType) {
        let at = |scale| Mem::index(Reg::RAX, Reg::RCX, scale, 0);
        match element {
            ElementType::Int8 => self.asm.movsx(Size::S32, Size::S8, Reg::RAX, at(Scale::X1)),
            ElementType::Uint8 | ElementType::Uint8Clamped => {
                self.asm.movzx(Size::S32, Size::S8, Reg::RAX, at(Scale::X1));
            }
            ElementType::Int16 => self.asm.movsx(Size::S32, Size::S16, Reg::RAX, at(Scale::X2)),
            ElementType::Uint16 => self.asm.movzx(Size::S32, Size::S16, Reg::RAX, at(Scale::X2)),
            ElementType::Int32 => self.asm.mov(Size::S32, Reg::RAX, at(Scale::X4)),
            ElementType::Uint32 => {
                let (small, done) = (self.asm.new_label(), self.asm.new_label());
                self.asm.mov(Size::S32, Reg::RAX, at(Scale::X4));
                self.asm.test(Size::S32, Reg::RAX, Reg::RAX);
                self.asm.jns(small);
                self.asm.xorps(Xmm::XMM0, Xmm::XMM0);
                self.asm.cvtsi2sd(Size::S64, Xmm::XMM0, Reg::RAX);
                self.asm.movq_to_gpr(Reg::RAX, Xmm::XMM0);
                self.asm.sub(Size::S64, Reg::RAX, TAG);
                self.asm.jmp_to(done);
                self.asm.bind(small);
                self.box_int32(Reg::RAX);
                self.asm.bind(done);
                return;
            }
            ElementType::Float32 => {
                self.asm.movss(Xmm::XMM0, at(Scale::X4));
                self.asm.cvtss2sd(Xmm::XMM0, Xmm::XMM0);
                return self.box_double();
            }
            _ => {
                self.asm.movsd(Xmm::XMM0, at(Scale::X8));
                return self.box_double();
            }
        }
        self.box_int32(Reg::RAX);
    }

    pub fn set_elem(&mut self) {
        let i: instr::SetElem = self.decode();
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::SetElem, done);
        let key = self.facts.get(i.key.0);
        let typed = self.typed_seen(i.slot);
        self.load(Reg::RAX, i.obj.0);
        self.load(Reg::RSI, i.key.0);
        let other_key = self.asm.new_label();
        self.check_cell(Reg::RAX, slow);
        self.check_int32(Reg::RSI, key, other_key);
        self.later(move |this| {
            this.asm.bind(other_key);
            if !this.cx.options.no_ic {
                this.asm.mov(Size::S64, routines::KEY, Reg::RSI);
                this.load(Reg::RCX, i.src.0);
                this.return_pc_argument();
                this.call_leaf(routines::KEYED_SET);
                this.asm.test(Size::S64, Reg::RAX, Reg::RAX);
                this.asm.jne(done);
            }
            this.asm.jmp_to(slow);
        });
        self.asm.mov(Size::S32, Reg::RSI, Reg::RSI);
        if typed != 0 {
            let no_typed = self.asm.new_label();
            self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::TypedArray as i32);
            self.asm.jne(no_typed);
            self.typed_store(typed, i.src.0, done, slow);
            self.later(move |this| {
                this.asm.bind(no_typed);
                this.dense_store(i.src.0, done, slow);
                this.asm.jmp_to(done);
            });
        } else {
            self.dense_store(i.src.0, done, slow);
        }
        self.asm.bind(done);
    }

    /// Stores the VM register in element esi of the object in rax; falls through or jumps to `done`.
    fn dense_store(&mut self, src: u16, done: Label, slow: Label) {
        let other_kind = self.slow_shared(shared::ELEMENT_SET, None, Some(slow), done);
        let no_values = self.slow_shared(shared::DENSE_SET, None, Some(slow), done);
        self.load(Reg::RCX, src);
        self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Array as i32);
        self.asm.jne(other_kind);
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::ELEMENTS));
        self.asm.cmp(Size::S32, Reg::RSI, Mem::base(Reg::RAX, elements::LENGTH));
        self.asm.jae(slow);
        self.asm.lea(Size::S64, Reg::RDX, Mem::index(Reg::RAX, Reg::RSI, Scale::X8, elements::DATA));
        self.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::ElementsValue as i32);
        self.asm.jne(no_values);
        // A hole may be shadowed by a setter of a prototype.
        self.asm.cmp(Size::S64, Mem::base(Reg::RDX, 0), 0);
        self.asm.je(slow);
        self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
        self.barrier(Reg::RAX, done);
    }

    /// Stores the VM register, a number, in element esi of the typed array in rax.
    fn typed_store(&mut self, seen: u32, src: u16, done: Label, slow: Label) {
        self.asm.cmp(Size::S64, Reg::RSI, Mem::base(Reg::RAX, object::TYPED_LENGTH));
        self.asm.jae(slow);
        self.asm.movzx(Size::S32, Size::S8, Reg::RDX, Mem::base(Reg::RAX, object::TYPED_ELEMENT));
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::TYPED_DATA));
        self.load(Reg::RCX, src);
        for element in types_in(seen) {
            let other = self.asm.new_label();
            self.asm.cmp(Size::S32, Reg::RDX, element as i32);
            self.asm.jne(other);
            self.store_of_type(element, slow);
            self.asm.jmp_to(done);
            self.asm.bind(other);
        }
        self.asm.jmp_to(slow);
    }

    fn store_of_type(&mut self, element: ElementType, slow: Label) {
        let at = |scale| Mem::index(Reg::RAX, Reg::RSI, scale, 0);
        match element {
            ElementType::Float64 => {
                self.to_double(Reg::RCX, Xmm::XMM0, Fact::Unknown, slow);
                self.asm.movsd_store(at(Scale::X8), Xmm::XMM0);
            }
            ElementType::Float32 => {
                self.to_double(Reg::RCX, Xmm::XMM0, Fact::Unknown, slow);
                self.asm.cvtsd2ss(Xmm::XMM0, Xmm::XMM0);
                self.asm.movss_store(at(Scale::X4), Xmm::XMM0);
            }
            ElementType::Uint8Clamped => {
                // Clamping doubles rounds to even: the helper's.
                self.asm.cmp(Size::S64, Reg::RCX, TAG);
                self.asm.jb(slow);
                self.asm.zero(Reg::RDX);
                self.asm.test(Size::S32, Reg::RCX, Reg::RCX);
                self.asm.cmov(Cond::S, Size::S32, Reg::RCX, Reg::RDX);
                self.asm.mov(Size::S32, Reg::RDX, 255);
                self.asm.cmp(Size::S32, Reg::RCX, 255);
                self.asm.cmov(Cond::G, Size::S32, Reg::RCX, Reg::RDX);
                self.asm.mov(Size::S8, at(Scale::X1), Reg::RCX);
            }
            _ => {
                self.int32_of_number(Reg::RCX, slow);
                match element {
                    ElementType::Int8 | ElementType::Uint8 => self.asm.mov(Size::S8, at(Scale::X1), Reg::RCX),
                    ElementType::Int16 | ElementType::Uint16 => self.asm.mov(Size::S16, at(Scale::X2), Reg::RCX),
                    _ => self.asm.mov(Size::S32, at(Scale::X4), Reg::RCX),
                }
            }
        }
    }

    /// The low half of `value` = ToInt32 of the number in it. Clobbers rdx, xmm0.
    fn int32_of_number(&mut self, value: Reg, slow: Label) {
        self.number_to_int32(value, Fact::Unknown, slow);
    }
}

/// The types in a set that machine code handles, at most two.
fn types_in(seen: u32) -> impl Iterator<Item = ElementType> {
    const TYPES: [ElementType; 9] = [
        ElementType::Int8,
        ElementType::Uint8,
        ElementType::Uint8Clamped,
        ElementType::Int16,
        ElementType::Uint16,
        ElementType::Int32,
        ElementType::Uint32,
        ElementType::Float32,
        ElementType::Float64,
    ];
    TYPES.into_iter().filter(move |&t| seen & (1 << t as u32) != 0).take(2)
}
