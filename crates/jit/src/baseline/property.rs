//! Named properties: the decoded form of the site's inline cache in line, everything else out of line.
//!
//! What a form means is said once, in `vm/src/feedback.rs`. The form that the site has when the function is compiled decides which check comes first; all
//! others are tried behind the function, and then the helper, which attaches.

use super::{CX, Compiler, TAG, site_field};
use crate::ic::routines;
use crate::symbols::{self, Symbol};
use tercel_asm::Label;
use tercel_asm::x64::{Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, instr};
use tercel_vm::feedback::{Form, SiteState};
use tercel_vm::layout::{context, header, object, site, string, stub};
use tercel_vm::{Kind, frame};

/// Bits of a `Loc` below the form.
const INDEX_MASK: i32 = 0xff_ffff;
/// Bit of a cell header's gc byte that asks for a write barrier.
pub(super) const OLD_CLEAN: i32 = tercel_gc::OLD_CLEAN as i32;

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
        self.store(i.dst.0, Reg::RAX);
        self.asm.bind(done);
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
        self.store(i.block.0, Reg::RAX);
        self.asm.bind(done);
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
        let [other_form, other_shape, done] = std::array::from_fn(|_| self.asm.new_label());
        self.check_cell(Reg::RAX, Reg::RCX, slow);
        self.asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RAX, header::SHAPE));
        self.asm.cmp(Size::S32, Reg::RCX, site_field(slot, site::GUARD));
        self.asm.jne(other_shape);
        let loc = self.feedback(slot).loc.get();
        match loc.form() {
            // The form that the site has now, and its location, are written into the code; the site may get another one.
            Form::OwnInline | Form::HolderInline => {
                self.asm.cmp(Size::S32, site_field(slot, site::LOC), loc.0 as i32);
                self.asm.jne(other_form);
                if loc.form() == Form::HolderInline {
                    self.check_epoch(slot, slow);
                    self.asm.mov(Size::S64, Reg::RAX, site_field(slot, site::CELL));
                }
                self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, loc.index() as i32));
            }
            _ => {
                self.asm.mov(Size::S32, Reg::RDX, site_field(slot, site::LOC));
                self.asm.cmp(Size::S32, Reg::RDX, 1 << 24);
                self.asm.jae(other_form);
                self.asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RDX, Scale::X1, 0));
            }
        }
        self.asm.bind(done);
        self.later(move |this| {
            this.asm.bind(other_form);
            this.asm.mov(Size::S32, Reg::RDX, site_field(slot, site::LOC));
            this.other_get_forms(slot, slow, done);
            this.asm.bind(other_shape);
            let key = this.code.key(name as usize);
            this.stubs(slot, routines::MEGAMORPHIC_GET, Some(key.bits()), slow);
            this.asm.jmp_to(done);
        });
    }

    /// The site's stubs: rax and rcx are their operands, rax the result; jumps to `slow` if none hits. A megamorphic site has none, and calls
    /// `routine` with the key. (A key does not move, and the code block keeps it alive.)
    fn stubs(&mut self, slot: Slot, routine: Symbol, key: Option<u64>, slow: Label) {
        let [done, none] = std::array::from_fn(|_| self.asm.new_label());
        self.asm.mov(Size::S64, Reg::RDI, site_field(slot, site::STUBS));
        self.asm.test(Size::S64, Reg::RDI, Reg::RDI);
        self.asm.je(if key.is_some() { none } else { slow });
        self.asm.call(Mem::base(Reg::RDI, stub::CODE));
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
        if let Some(key) = key {
            self.asm.jmp_to(done);
            self.asm.bind(none);
            self.asm.cmp(Size::S8, site_field(slot, site::STATE), SiteState::Megamorphic as i32);
            self.asm.jne(slow);
            self.asm.mov_imm64(routines::KEY, key as i64);
            self.call_leaf(routine);
            self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
            self.asm.je(slow);
            self.asm.bind(done);
        }
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
        self.check_cell(Reg::RAX, Reg::RDX, slow);
        self.stubs(slot, routines::MEGAMORPHIC_GET, None, slow);
        self.store(dst, Reg::RAX);
        self.asm.bind(done);
        self.facts.forget(dst);
    }

    /// Jumps to `slow` if a prototype has changed since the form was made. Clobbers ecx.
    fn check_epoch(&mut self, slot: Slot, slow: Label) {
        self.asm.mov(Size::S32, Reg::RCX, site_field(slot, site::AUX));
        self.asm.cmp(Size::S32, Reg::RCX, Mem::base(CX, context::PROTO_EPOCH));
        self.asm.jne(slow);
    }

    /// The guard has matched; edx is the location. Jumps to `done` with the value in rax.
    fn other_get_forms(&mut self, slot: Slot, slow: Label, done: Label) {
        self.asm.mov(Size::S32, Reg::RCX, Reg::RDX);
        self.asm.shr(Size::S32, Reg::RCX, 24);
        self.asm.and(Size::S32, Reg::RDX, INDEX_MASK);
        let forms = [
            Form::OwnInline,
            Form::OwnOutOfLine,
            Form::HolderInline,
            Form::HolderOutOfLine,
            Form::Missing,
            Form::ArrayLength,
        ];
        let labels = forms.map(|_| self.asm.new_label());
        for (form, label) in forms.iter().zip(labels) {
            self.asm.cmp(Size::S32, Reg::RCX, *form as i32);
            self.asm.je(label);
        }
        self.asm.jmp_to(slow);
        let slot_at = Mem::index(Reg::RAX, Reg::RDX, Scale::X1, 0);
        for (form, label) in forms.iter().zip(labels) {
            self.asm.bind(label);
            match form {
                Form::OwnInline => self.asm.mov(Size::S64, Reg::RAX, slot_at),
                Form::OwnOutOfLine => {
                    self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
                    self.asm.mov(Size::S64, Reg::RAX, slot_at);
                }
                Form::HolderInline => {
                    self.check_epoch(slot, slow);
                    self.asm.mov(Size::S64, Reg::RAX, site_field(slot, site::CELL));
                    self.asm.mov(Size::S64, Reg::RAX, slot_at);
                }
                Form::HolderOutOfLine => {
                    self.check_epoch(slot, slow);
                    self.asm.mov(Size::S64, Reg::RAX, site_field(slot, site::CELL));
                    self.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
                    self.asm.mov(Size::S64, Reg::RAX, slot_at);
                }
                Form::Missing => {
                    self.check_epoch(slot, slow);
                    self.asm.mov(Size::S32, Reg::RAX, super::frame::undefined());
                }
                _ => self.array_length(slow),
            }
            self.asm.jmp_to(done);
        }
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
        let (no_array, done) = (self.asm.new_label(), self.asm.new_label());
        let slow = self.slow_op(Op::GetLength, done);
        self.load(Reg::RAX, i.obj.0);
        self.check_cell(Reg::RAX, Reg::RCX, slow);
        self.asm.movzx(Size::S32, Size::S8, Reg::RCX, Mem::base(Reg::RAX, header::KIND));
        self.asm.cmp(Size::S32, Reg::RCX, Kind::Array as i32);
        self.asm.jne(no_array);
        self.array_length(slow);
        self.store(i.dst.0, Reg::RAX);
        self.asm.bind(done);
        self.later(move |this| {
            let (no_string, other_shape) = (this.asm.new_label(), this.asm.new_label());
            this.asm.bind(no_array);
            this.asm.sub(Size::S32, Reg::RCX, Kind::StringFlat as i32);
            this.asm.cmp(Size::S32, Reg::RCX, Kind::StringSlice as i32 - Kind::StringFlat as i32);
            this.asm.ja(no_string);
            this.asm.mov(Size::S32, Reg::RAX, Mem::base(Reg::RAX, string::LENGTH));
            this.asm.or(Size::S64, Reg::RAX, TAG);
            this.store(i.dst.0, Reg::RAX);
            this.asm.jmp_to(done);

            // A typed array whose getter is the library's; below 2^31.
            this.asm.bind(no_string);
            this.asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RAX, header::SHAPE));
            this.asm.cmp(Size::S32, Reg::RCX, site_field(i.slot, site::GUARD));
            this.asm.jne(other_shape);
            this.asm.cmp(Size::S32, site_field(i.slot, site::LOC), (Form::TypedArrayLength as i32) << 24);
            this.asm.jne(slow);
            this.check_epoch(i.slot, slow);
            this.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::TYPED_LENGTH));
            this.asm.mov(Size::S64, Reg::RCX, Reg::RAX);
            this.asm.shr(Size::S64, Reg::RCX, 31);
            this.asm.jne(slow);
            this.asm.or(Size::S64, Reg::RAX, TAG);
            this.store(i.dst.0, Reg::RAX);
            this.asm.jmp_to(done);

            this.asm.bind(other_shape);
            let key = this.cx.names().length;
            this.stubs(i.slot, routines::MEGAMORPHIC_GET, Some(key.bits()), slow);
            this.store(i.dst.0, Reg::RAX);
            this.asm.jmp_to(done);
        });
        self.facts.forget(i.dst.0);
    }

    pub fn set_named(&mut self) {
        let i: instr::SetNamed = self.decode();
        if self.is_generic(Op::SetNamed) {
            return;
        }
        let [other_form, other_shape, done] = std::array::from_fn(|_| self.asm.new_label());
        let slow = self.slow_op(Op::SetNamed, done);
        self.load(Reg::RAX, i.obj.0);
        self.check_cell(Reg::RAX, Reg::RCX, slow);
        self.asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RAX, header::SHAPE));
        self.asm.cmp(Size::S32, Reg::RCX, site_field(i.slot, site::GUARD));
        self.asm.jne(other_shape);
        self.asm.mov(Size::S32, Reg::RDX, site_field(i.slot, site::LOC));
        let add_first = self.feedback(i.slot).loc.get().form() == Form::AddInline;
        if add_first {
            self.check_form(Form::AddInline, other_form);
            self.add_inline(i.slot, i.src.0, slow);
        } else {
            self.asm.cmp(Size::S32, Reg::RDX, 1 << 24);
            self.asm.jae(other_form);
            self.store_inline(i.src.0);
        }
        self.barrier(Reg::RAX, done);
        self.asm.bind(done);
        self.later(move |this| {
            this.asm.bind(other_shape);
            this.load(Reg::RCX, i.src.0);
            let key = this.code.key(i.name.0 as usize);
            this.stubs(i.slot, routines::MEGAMORPHIC_SET, Some(key.bits()), slow);
            this.asm.jmp_to(done);

            this.asm.bind(other_form);
            let (out_of_line, add) = (this.asm.new_label(), this.asm.new_label());
            this.asm.mov(Size::S32, Reg::RCX, Reg::RDX);
            this.asm.shr(Size::S32, Reg::RCX, 24);
            this.asm.cmp(Size::S32, Reg::RCX, Form::OwnOutOfLine as i32);
            this.asm.je(out_of_line);
            this.asm.cmp(Size::S32, Reg::RCX, if add_first { Form::OwnInline } else { Form::AddInline } as i32);
            this.asm.jne(slow);
            this.asm.bind(add);
            if add_first {
                this.store_inline(i.src.0);
            } else {
                this.asm.and(Size::S32, Reg::RDX, INDEX_MASK);
                this.add_inline(i.slot, i.src.0, slow);
            }
            this.barrier(Reg::RAX, done);
            this.asm.jmp_to(done);
            this.asm.bind(out_of_line);
            this.asm.and(Size::S32, Reg::RDX, INDEX_MASK);
            this.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, object::SLOTS));
            this.store_inline(i.src.0);
            this.barrier(Reg::RAX, done);
            this.asm.jmp_to(done);
        });
    }

    /// Jumps unless edx has the form; else edx becomes the index.
    fn check_form(&mut self, form: Form, other: Label) {
        self.asm.mov(Size::S32, Reg::RCX, Reg::RDX);
        self.asm.shr(Size::S32, Reg::RCX, 24);
        self.asm.cmp(Size::S32, Reg::RCX, form as i32);
        self.asm.jne(other);
        self.asm.and(Size::S32, Reg::RDX, INDEX_MASK);
    }

    /// Stores the VM register at rax + rdx; the value stays in rcx, the address in rdx.
    fn store_inline(&mut self, src: u16) {
        self.load(Reg::RCX, src);
        self.asm.add(Size::S64, Reg::RDX, Reg::RAX);
        self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
    }

    /// Gives the object in rax the shape that the form names, and stores the new property at offset edx.
    fn add_inline(&mut self, slot: Slot, src: u16, slow: Label) {
        self.check_epoch(slot, slow);
        self.asm.mov(Size::S32, Reg::RCX, site_field(slot, site::CELL));
        self.asm.mov(Size::S32, Mem::base(Reg::RAX, header::SHAPE), Reg::RCX);
        self.store_inline(src);
    }

    /// The write barrier after the value in rcx was stored at rdx in the cell `cell`; goes on at `done` when it had something to do.
    pub(super) fn barrier(&mut self, cell: Reg, done: Label) {
        let slow = self.asm.new_label();
        self.asm.test(Size::S8, Mem::base(cell, header::GC), OLD_CLEAN);
        self.asm.jne(slow);
        self.later(move |this| {
            this.asm.bind(slow);
            // Numbers and the other immediates need none.
            this.check_cell(Reg::RCX, Reg::RSI, done);
            this.asm.mov(Size::S64, Reg::RSI, cell);
            this.asm.mov(Size::S64, Reg::RDI, CX);
            // rdx and rcx are the third and fourth arguments already.
            this.call_leaf(symbols::WRITE_BARRIER);
            this.asm.jmp_to(done);
        });
    }
}
