//! Private names, `in`, `instanceof`, `delete` and `super`: ops on properties whose sites' stubs are called.

use crate::baseline::{Compiler, TAG, site_field};
use crate::ic::routines;
use crate::stubs::shared;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, instr};
use tercel_vm::elements::HOLEY;
use tercel_vm::feedback::SiteState;
use tercel_vm::layout::{elements, header, object, shape, site, stub};
use tercel_vm::{Kind, Value};

impl Compiler<'_> {
    /// A private element: own or not there at all. The site knows where one field or method is in objects of one shape; the megamorphic cache knows others,
    /// and accessors.
    pub fn get_private(&mut self) {
        let i: instr::GetPrivate = self.decode();
        if self.is_generic(Op::GetPrivate) {
            return;
        }
        let [other, found, done] = std::array::from_fn(|_| self.asm.new_label());
        let slow = self.slow_op(Op::GetPrivate, done);
        self.load(Reg::RAX, i.obj.0);
        self.load(routines::KEY, i.key.0);
        self.check_cell(Reg::RAX, slow);
        self.guard_private(i.slot, other);
        self.asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RDX, Scale::X1, 0));
        self.asm.bind(found);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
        self.later(move |this| {
            this.asm.bind(other);
            this.return_pc_argument();
            this.call_leaf(routines::MEGAMORPHIC_CALL_GET);
            this.asm.test(Size::S64, Reg::RAX, Reg::RAX);
            this.asm.jne(found);
            this.asm.jmp_to(slow);
        });
    }

    pub fn set_private(&mut self) {
        let i: instr::SetPrivate = self.decode();
        if self.is_generic(Op::SetPrivate) {
            return;
        }
        let [other, done] = std::array::from_fn(|_| self.asm.new_label());
        let slow = self.slow_op(Op::SetPrivate, done);
        self.load(Reg::RAX, i.obj.0);
        self.load(routines::KEY, i.key.0);
        self.check_cell(Reg::RAX, slow);
        self.guard_private(i.slot, other);
        self.load(Reg::RCX, i.src.0);
        self.asm.add(Size::S64, Reg::RDX, Reg::RAX);
        self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
        self.barrier(Reg::RAX, done);
        self.asm.bind(done);
        self.later(move |this| {
            this.asm.bind(other);
            this.load(Reg::RCX, i.src.0);
            this.return_pc_argument();
            this.call_leaf(routines::MEGAMORPHIC_SET);
            this.asm.test(Size::S64, Reg::RAX, Reg::RAX);
            this.asm.jne(done);
            this.asm.jmp_to(slow);
        });
    }

    /// edx = the inline slot, in the object in rax, of the private field whose name is in [`routines::KEY`]; jumps to `other` if the site does not
    /// know it.
    fn guard_private(&mut self, slot: Slot, other: Label) {
        self.asm.cmp(Size::S64, routines::KEY, site_field(slot, site::CELL));
        self.asm.jne(other);
        self.guard_shape(slot, other);
        self.own_inline_offset(slot, other);
    }

    /// `v instanceof target`, `key in object` by the site's stubs.
    pub fn by_stubs(&mut self, op: Op, dst: u16, receiver: u16, other: u16, slot: Slot) {
        if self.is_generic(op) {
            return;
        }
        let done = self.asm.new_label();
        let slow = self.slow_op(op, done);
        self.load(Reg::RAX, receiver);
        self.load(Reg::RCX, other);
        self.check_cell(Reg::RAX, slow);
        let found = self.asm.new_label();
        if op == Op::In {
            let index = self.asm.new_label();
            let other = self.slow_shared(shared::HAS_ELEMENT, None, Some(slow), found);
            self.asm.cmp(Size::S64, Reg::RCX, TAG);
            self.asm.jae(index);
            // Arrays without holes, which library functions ask about for each element.
            self.later(move |this| {
                this.asm.bind(index);
                this.asm.cmp(Size::S8, Mem::base(Reg::RAX, header::KIND), Kind::Array as i32);
                this.asm.jne(other);
                this.asm.mov(Size::S64, Reg::RDX, Mem::base(Reg::RAX, object::ELEMENTS));
                this.asm.cmp(Size::S32, Reg::RCX, Mem::base(Reg::RDX, elements::LENGTH));
                this.asm.jae(other);
                this.asm.test(Size::S8, Mem::base(Reg::RDX, header::FLAGS), HOLEY as i32);
                this.asm.jne(other);
                this.asm.mov(Size::S32, Reg::RAX, Value::TRUE.bits() as i32);
                this.asm.jmp_to(found);
            });
        }
        let keyed = matches!(op, Op::In | Op::HasPrivate).then_some(routines::KEYED_HAS);
        self.call_stubs(slot, keyed, found, slow);
        self.asm.bind(found);
        self.finish_with(dst, done);
        self.facts.forget(dst);
    }

    /// Calls the site's stubs, with their inputs in place; those of a megamorphic site are the routine, if there is one. Falls through or goes on at `found`
    /// with the result in rax.
    fn call_stubs(&mut self, slot: Slot, megamorphic: Option<Symbol>, found: Label, slow: Label) {
        let none = if megamorphic.is_some() { self.asm.new_label() } else { slow };
        self.asm.mov(Size::S64, Reg::RDI, site_field(slot, site::STUBS));
        self.asm.test(Size::S64, Reg::RDI, Reg::RDI);
        self.asm.je(none);
        self.asm.call(Mem::base(Reg::RDI, stub::CODE));
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
        if let Some(routine) = megamorphic {
            self.later(move |this| {
                this.asm.bind(none);
                this.asm.cmp(Size::S8, site_field(slot, site::STATE), SiteState::Megamorphic as i32);
                this.asm.jne(slow);
                this.call_leaf(routine);
                this.asm.test(Size::S64, Reg::RAX, Reg::RAX);
                this.asm.jne(found);
                this.asm.jmp_to(slow);
            });
        }
    }

    /// `delete object.name`, `delete object[key]`, by the site's stubs.
    pub fn delete(&mut self, op: Op, dst: u16, obj: u16, key: Option<u16>, slot: Slot) {
        if self.is_generic(op) {
            return;
        }
        let (found, done) = (self.asm.new_label(), self.asm.new_label());
        let slow = self.slow_op(op, done);
        self.load(Reg::RAX, obj);
        if let Some(key) = key {
            self.load(Reg::RCX, key);
        }
        self.check_cell(Reg::RAX, slow);
        self.call_stubs(slot, None, found, slow);
        self.asm.bind(found);
        self.finish_with(dst, done);
        self.facts.forget(dst);
    }

    /// `super.key`, by the site's stubs; those of a megamorphic site are the cache.
    pub fn get_super(&mut self) {
        let i: instr::GetSuper = self.decode();
        if self.is_generic(Op::GetSuper) {
            return;
        }
        let (found, done) = (self.asm.new_label(), self.asm.new_label());
        let slow = self.slow_op(Op::GetSuper, done);
        self.load(Reg::RAX, i.base.0);
        self.load(Reg::RCX, i.key.0);
        self.load(Reg::R8, i.this.0);
        self.check_cell(Reg::RAX, slow);
        self.return_pc_argument();
        self.call_stubs(i.slot, Some(routines::SUPER_GET), found, slow);
        self.asm.bind(found);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
    }

    /// `super.key = v`, likewise.
    pub fn set_super(&mut self) {
        let i: instr::SetSuper = self.decode();
        if self.is_generic(Op::SetSuper) {
            return;
        }
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::SetSuper, done);
        self.load(Reg::RAX, i.base.0);
        self.load(Reg::RCX, i.key.0);
        self.load(Reg::R8, i.this.0);
        self.load(Reg::R9, i.src.0);
        self.check_cell(Reg::RAX, slow);
        self.return_pc_argument();
        self.call_stubs(i.slot, Some(routines::SUPER_SET), done, slow);
        self.asm.bind(done);
    }

    /// The prototype of an object, which its shape tells: all but that of a proxy.
    pub fn prototype_of(&mut self, op: Op, dst: u16, object: u16) {
        let done = self.asm.new_label();
        let slow = self.slow_op(op, done);
        self.load(Reg::RAX, object);
        self.check_cell(Reg::RAX, slow);
        self.asm.movzx(Size::S32, Size::S8, Reg::RCX, Mem::base(Reg::RAX, header::KIND));
        self.asm.cmp(Size::S32, Reg::RCX, Kind::Object as i32);
        self.asm.jb(slow);
        self.asm.cmp(Size::S32, Reg::RCX, Kind::Proxy as i32);
        self.asm.je(slow);
        self.asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RAX, header::SHAPE));
        self.asm.mov_imm64(Reg::RDX, self.cx.shapes_base() as i64);
        self.asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RDX, Reg::RCX, Scale::X8, shape::PROTOTYPE));
        self.finish_with(dst, done);
        self.facts.forget(dst);
    }
}
