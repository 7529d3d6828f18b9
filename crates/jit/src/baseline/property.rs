//! Named properties: the decoded form of the site's inline cache in line, everything else out of line.
//!
//! What a form means is said once, in `vm/src/feedback.rs`. The form that the site has when the function is compiled decides which check comes first; all
//! others are tried behind the function, and then the helper, which attaches.

use super::{CX, Compiler, TAG, site_field};
use crate::ic::routines;
use crate::stubs::shared;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, instr};
use tercel_vm::feedback::{Form, Loc, SiteState};
use tercel_vm::layout::{context, header, object, site, stub};
use tercel_vm::{Kind, PropertyKey, frame};

impl<'a> Compiler<'a> {
    pub fn get_named(&mut self) {
        let i: instr::GetNamed = self.decode();
        if self.is_generic(Op::GetNamed) {
            return;
        }
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::GetNamed, done);
        self.load(Reg::RAX, i.obj.0);
        self.cached_get(i.slot, i.name.0, slow);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
    }

    pub fn get_method(&mut self) {
        let i: instr::GetMethod = self.decode();
        if self.is_generic(Op::GetMethod) {
            return;
        }
        let done = self.asm.new_label();
        let slow = self.slow_op(Op::GetMethod, done);
        self.load(Reg::RAX, i.obj.0);
        // At once: the helper reads the operand again, which this does not change even if it lies there.
        self.store(i.block.0 + frame::THIS as u16, Reg::RAX);
        self.cached_get(i.slot, i.name.0, slow);
        self.finish_with(i.block.0, done);
        self.facts.forget_from(i.block.0);
    }

    /// With `--no-ic` the whole op is its helper's, which does the generic operation.
    fn is_generic(&mut self, op: Op) -> bool {
        let generic = self.cx.options.no_ic;
        if generic {
            self.whole_op(op);
            self.forget_written(op);
        }
        generic
    }

    /// rax = the property of the object in rax that the site's decoded form, one of its stubs or the megamorphic cache finds; jumps to
    /// `slow` if none does. `name`: the constant that is the key. Clobbers all that the op may.
    fn cached_get(&mut self, slot: Slot, name: u32, slow: Label) {
        let [other, other_form, done] = std::array::from_fn(|_| self.asm.new_label());
        self.check_cell(Reg::RAX, slow);
        let loc = self.lasting_form(slot);
        let at = Mem::base(Reg::RAX, loc.index() as i32);
        if let Form::OwnInline = loc.form() {
            self.guard_own_shape(slot, other_form);
            self.asm.mov(Size::S64, Reg::RAX, at);
            self.asm.bind(done);
            self.later(move |this| {
                this.asm.bind(other_form);
                this.guard_shape(slot, other);
                this.load_own_inline(slot, other);
                this.asm.jmp_to(done);
                this.asm.bind(other);
                let key = this.code.key(name as usize);
                this.by_site(slot, routines::SITE_GET, key, slow);
                this.asm.jmp_to(done);
            });
            return;
        }
        self.guard_shape(slot, other);
        let fixed = loc != Loc::NONE;
        match loc.form() {
            // The form that the site has now, and its location, are written into the code; the site may get another one.
            form @ (Form::OwnOutOfLine | Form::HolderInline | Form::HolderOutOfLine) => {
                self.asm.cmp(Size::S32, site_field(slot, site::LOC), loc.0 as i32);
                self.asm.jne(other_form);
                if matches!(form, Form::HolderInline | Form::HolderOutOfLine) {
                    self.check_epoch(slot, slow);
                    self.asm.mov(Size::S64, Reg::RAX, site_field(slot, site::CELL));
                }
                if matches!(form, Form::OwnOutOfLine | Form::HolderOutOfLine) {
                    self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
                }
                self.asm.mov(Size::S64, Reg::RAX, at);
            }
            _ => self.load_own_inline(slot, other),
        }
        self.asm.bind(done);
        self.later(move |this| {
            if fixed {
                this.asm.bind(other_form);
                this.load_own_inline(slot, other);
                this.asm.jmp_to(done);
            }
            this.asm.bind(other);
            let key = this.code.key(name as usize);
            this.by_site(slot, routines::SITE_GET, key, slow);
            this.asm.jmp_to(done);
        });
    }

    /// Jumps to `other` unless the object in rax has the shape of the site's form. Clobbers ecx.
    fn guard_shape(&mut self, slot: Slot, other: Label) {
        self.asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RAX, header::SHAPE));
        self.asm.cmp(Size::S32, Reg::RCX, site_field(slot, site::GUARD));
        self.asm.jne(other);
    }

    /// Jumps to `other` unless the object in rax has the shape that the site's form has now, which is written into the code. Where a property is
    /// in objects of a shape never changes; so what comes next needs no look at the site.
    fn guard_own_shape(&mut self, slot: Slot, other: Label) {
        let shape = self.feedback(slot).guard.get();
        self.code.hold_shape(shape);
        self.asm.cmp(Size::S32, Mem::base(Reg::RAX, header::SHAPE), shape as i32);
        self.asm.jne(other);
    }

    /// The site's decoded form, if it may be written into the code: sites that have met several shapes change theirs.
    fn lasting_form(&self, slot: Slot) -> Loc {
        let site = self.feedback(slot);
        let loc = site.loc.get();
        let fixed = match loc.form() {
            Form::OwnInline => site.state.get() < SiteState::Polymorphic,
            Form::OwnOutOfLine | Form::HolderInline | Form::HolderOutOfLine | Form::AddInline => true,
            _ => false,
        };
        if fixed { loc } else { Loc::NONE }
    }

    /// rax = the slot of the object in rax that the site's form names, if that is an own inline one. Clobbers edx.
    fn load_own_inline(&mut self, slot: Slot, other: Label) {
        self.asm.mov(Size::S32, Reg::RDX, site_field(slot, site::LOC));
        self.asm.cmp(Size::S32, Reg::RDX, 1 << 24);
        self.asm.jae(other);
        self.asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RDX, Scale::X1, 0));
    }

    /// The site's stubs or, where it is megamorphic, that cache: rax and rcx are the operands, rax the result; jumps to `slow` if none hits. (A key does
    /// not move, and the code block keeps it alive.)
    fn by_site(&mut self, slot: Slot, routine: Symbol, key: PropertyKey, slow: Label) {
        self.asm.lea(Size::S64, routines::SITE, site_field(slot, 0));
        self.asm.mov_imm64(routines::KEY, key.bits() as i64);
        self.call_leaf(routine);
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
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
        self.asm.mov(Size::S64, Reg::RDI, site_field(slot, site::STUBS));
        self.asm.test(Size::S64, Reg::RDI, Reg::RDI);
        self.asm.je(slow);
        self.asm.call(Mem::base(Reg::RDI, stub::CODE));
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
        self.finish_with(dst, done);
        self.facts.forget(dst);
    }

    /// Jumps to `slow` if a prototype has changed since the form was made. Clobbers ecx.
    fn check_epoch(&mut self, slot: Slot, slow: Label) {
        self.asm.mov(Size::S32, Reg::RCX, site_field(slot, site::AUX));
        self.asm.cmp(Size::S32, Reg::RCX, Mem::base(CX, context::PROTO_EPOCH));
        self.asm.jne(slow);
    }

    /// rax = the length of the array in rax.
    fn array_length(&mut self, slow: Label) {
        self.asm.mov(Size::S32, Reg::RAX, Mem::base(Reg::RAX, object::ARRAY_LENGTH));
        self.asm.test(Size::S32, Reg::RAX, Reg::RAX);
        self.asm.js(slow);
        self.asm.or(Size::S64, Reg::RAX, TAG);
    }

    pub fn get_length(&mut self) {
        let i: instr::GetLength = self.decode();
        let (found, done) = (self.asm.new_label(), self.asm.new_label());
        let slow = self.slow_op(Op::GetLength, done);
        let no_array = self.slow_shared(shared::LENGTH, Some(i.slot), Some(slow), found);
        self.load(Reg::RAX, i.obj.0);
        self.check_cell(Reg::RAX, slow);
        self.asm.movzx(Size::S32, Size::S8, Reg::RCX, Mem::base(Reg::RAX, header::KIND));
        self.asm.cmp(Size::S32, Reg::RCX, Kind::Array as i32);
        self.asm.jne(no_array);
        self.array_length(slow);
        self.asm.bind(found);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
    }

    pub fn set_named(&mut self) {
        let i: instr::SetNamed = self.decode();
        if self.is_generic(Op::SetNamed) {
            return;
        }
        let [other, done] = std::array::from_fn(|_| self.asm.new_label());
        let slow = self.slow_op(Op::SetNamed, done);
        let loc = self.lasting_form(i.slot);
        let keep = loc.form() == Form::OwnInline && i.src.0 != i.obj.0 && self.is_in_rax(i.src.0);
        if keep {
            self.load(Reg::RCX, i.src.0);
        }
        self.load(Reg::RAX, i.obj.0);
        self.check_cell(Reg::RAX, slow);
        if loc.form() == Form::OwnInline {
            let other_form = self.asm.new_label();
            self.guard_own_shape(i.slot, other_form);
            if !keep {
                self.load(Reg::RCX, i.src.0);
            }
            self.asm.lea(Size::S64, Reg::RDX, Mem::base(Reg::RAX, loc.index() as i32));
            self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
            self.barrier(Reg::RAX, done);
            self.asm.bind(done);
            self.later(move |this| {
                let stored = this.asm.new_label();
                this.asm.bind(other_form);
                this.guard_shape(i.slot, other);
                this.store_own_inline(i.slot, i.src.0, other);
                this.barrier(Reg::RAX, stored);
                this.asm.bind(stored);
                this.asm.jmp_to(done);
                this.asm.bind(other);
                this.set_by_site(i, slow, done);
            });
            return;
        }
        self.guard_shape(i.slot, other);
        match loc.form() {
            form @ (Form::OwnOutOfLine | Form::AddInline) => {
                self.asm.cmp(Size::S32, site_field(i.slot, site::LOC), loc.0 as i32);
                self.asm.jne(other);
                if form == Form::AddInline {
                    self.change_shape(i.slot, slow);
                }
                if form == Form::OwnOutOfLine {
                    self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
                }
                self.load(Reg::RCX, i.src.0);
                self.asm.lea(Size::S64, Reg::RDX, Mem::base(Reg::RAX, loc.index() as i32));
                self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
            }
            _ => self.store_own_inline(i.slot, i.src.0, other),
        }
        self.barrier(Reg::RAX, done);
        self.asm.bind(done);
        self.later(move |this| {
            this.asm.bind(other);
            this.set_by_site(i, slow, done);
        });
    }

    /// Stores the register in the slot of the object in rax that the site's form names, if that is an own inline one.
    fn store_own_inline(&mut self, slot: Slot, src: u16, other: Label) {
        self.asm.mov(Size::S32, Reg::RDX, site_field(slot, site::LOC));
        self.asm.cmp(Size::S32, Reg::RDX, 1 << 24);
        self.asm.jae(other);
        self.load(Reg::RCX, src);
        self.asm.add(Size::S64, Reg::RDX, Reg::RAX);
        self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
    }

    fn set_by_site(&mut self, i: instr::SetNamed, slow: Label, done: Label) {
        self.load(Reg::RCX, i.src.0);
        let key = self.code.key(i.name.0 as usize);
        self.by_site(i.slot, routines::SITE_SET, key, slow);
        self.asm.jmp_to(done);
    }

    /// Gives the object in rax the shape that the site's form names. Clobbers ecx.
    fn change_shape(&mut self, slot: Slot, slow: Label) {
        self.check_epoch(slot, slow);
        self.asm.mov(Size::S32, Reg::RCX, site_field(slot, site::CELL));
        self.asm.mov(Size::S32, Mem::base(Reg::RAX, header::SHAPE), Reg::RCX);
    }

    /// The write barrier after the value in rcx was stored at rdx in the cell `cell`; goes on at `done` when it had something to do.
    pub(super) fn barrier(&mut self, cell: Reg, done: Label) {
        debug_assert!(cell == Reg::RAX);
        let slow = self.slow_shared(shared::BARRIER, None, None, done);
        self.asm.test(Size::S8, Mem::base(cell, header::GC), header::OLD_CLEAN);
        self.asm.jne(slow);
    }
}
