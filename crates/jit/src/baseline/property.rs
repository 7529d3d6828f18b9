//! Named properties: the decoded form of the site's inline cache in line, everything else out of line.
//!
//! What a form means is said once, in `vm/src/feedback.rs`. What the site has learnt when the function is compiled is written into the code ([`Way`]);
//! what it learns later the op's stub finds ([`named`](crate::stubs::named)).

use super::{CX, Compiler, TAG, site_field};
use crate::ic::routines;
use crate::stubs::shared;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, Slot, instr};
use tercel_vm::context::Context;
use tercel_vm::feedback::{Form, Loc, NO_SHAPE, Site, SiteState};
use tercel_vm::ic::IcStub;
use tercel_vm::ic::ops::{IcOp, instructions};
use tercel_vm::layout::{accessor, context, header, object, shape, site, stub};
use tercel_vm::{Gc, Kind, Value, frame};

impl<'a> Compiler<'a> {
    pub fn get_named(&mut self) {
        let i: instr::GetNamed = self.decode();
        if self.is_generic(Op::GetNamed) {
            return;
        }
        if let Some(read) = self.stored.take() {
            // The value was stored just before.
            self.asm.mov(Size::S64, Reg::RAX, Reg::RCX);
            self.asm.bind(read);
            self.store_and_keep(i.dst.0);
            return self.facts.forget(i.dst.0);
        }
        self.load(Reg::RAX, i.obj.0);
        self.keep_unsaved(i.slot, Reg::RAX);
        self.cached_get(Op::GetNamed, i.obj.0, i.name.0, i.slot);
        self.store_and_keep(i.dst.0);
        self.facts.forget(i.dst.0);
    }

    pub fn get_method(&mut self) {
        let i: instr::GetMethod = self.decode();
        if self.is_generic(Op::GetMethod) {
            return;
        }
        self.load(Reg::RAX, i.obj.0);
        self.keep_unsaved(i.slot, Reg::RAX);
        // At once: the stub reads the operand again, which this does not change even if it lies there.
        self.store(i.block.0 + frame::THIS as u16, Reg::RAX);
        self.cached_get(Op::GetMethod, i.obj.0, i.name.0, i.slot);
        self.store_and_keep(i.block.0);
        self.facts.forget_from(i.block.0);
    }

    /// The operand that memory lacks, if there is one, may stay in the register where it is, or is written: where it might be clobbered.
    fn keep_unsaved(&mut self, slot: Slot, place: Reg) {
        let calls = |this: &Self| Way::all(this.cx, this.feedback(slot)).iter().any(|way| way.accessor);
        if let Some(register) = self.unsaved
            && (self.is_cold(slot) || calls(self))
        {
            self.store(register, place);
            self.unsaved = None;
        }
        self.spill.register = self.unsaved.map(|register| (place, register));
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

    /// Whether the site has not run although its function has been called so often that it would have, were it not on a way that is seldom taken. Such sites
    /// call the stub at once.
    fn is_cold(&self, slot: Slot) -> bool {
        let site = self.feedback(slot);
        let ran = site.state.get() != SiteState::Uninitialized || site.misses.get() != 0;
        !ran && self.code.calls.get() >= TELLING_CALLS
    }

    /// rax = the property of the value in rax, VM register `obj`, by one of the ways written into the code or the op's stub. Clobbers all that the op may.
    fn cached_get(&mut self, op: Op, obj: u16, name: u32, slot: Slot) {
        if self.is_cold(slot) {
            return self.call_named_stub(op, slot);
        }
        let found = self.asm.new_label();
        let slow = self.slow_named(op, obj, None, name, slot, found);
        self.check_cell(Reg::RAX, slow);
        let ways = Way::all(self.cx, self.feedback(slot));
        if ways.is_empty() {
            self.guard_shape(slot, slow);
            self.load_own_inline(slot, slow);
        } else {
            self.by_ways(&ways, slow, |this, way| {
                // Where a prototype has another structure than when the code was made, the stub begins anew.
                let holder = this.walk_to_holder(way, slow);
                this.load_of_way(way, holder);
                if way.accessor {
                    this.load(Reg::RCX, obj);
                    this.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, accessor::GETTER));
                    this.call_accessor(shared::CALL_GETTER, slow);
                }
                found
            });
        }
        self.asm.bind(found);
    }

    /// rax = an object, rcx = a value, if there is one.
    pub(super) fn load_object_and_value(&mut self, obj: u16, src: Option<u16>) {
        self.load(Reg::RAX, obj);
        if let Some(src) = src {
            self.load(Reg::RCX, src);
        }
    }

    /// What a megamorphic site's cache finds for the value in rax and the name; goes on at `done` if it has found it. (A key does not move, and the code
    /// block keeps it alive.)
    pub(super) fn by_megamorphic_cache(&mut self, writes: bool, name: u32, slot: Slot, done: Label) {
        let none = self.asm.new_label();
        self.check_cell(Reg::RAX, none);
        self.asm.lea(Size::S64, routines::SITE, site_field(slot, 0));
        let key = self.code.key(name as usize);
        self.asm.mov_imm64(routines::KEY, key.bits() as i64);
        self.return_pc_argument();
        self.call_leaf(if writes { routines::SITE_SET } else { routines::SITE_GET });
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.jne(done);
        self.asm.bind(none);
    }

    /// Calls the stub of an op of [`named`](crate::stubs::named), with its operands in rax and rcx.
    pub(super) fn call_named_stub(&mut self, op: Op, slot: Slot) {
        self.asm.lea(Size::S64, routines::SITE, site_field(slot, 0));
        self.return_pc_argument();
        self.call_named(op);
    }

    /// Where the way's slot of the holder is; rax = the cell that it lies in, if that is not the holder.
    fn slot_of_way(&mut self, way: &Way, holder: Reg) -> Mem {
        let mut cell = holder;
        if way.loc.form() == Form::OwnOutOfLine {
            cell = Reg::RAX;
            self.asm.mov(Size::S64, cell, Mem::base(holder, object::SLOTS));
        }
        Mem::base(cell, way.loc.index() as i32)
    }

    /// rax = the way's slot of the holder.
    fn load_of_way(&mut self, way: &Way, holder: Reg) {
        let slot = self.slot_of_way(way, holder);
        self.asm.mov(Size::S64, Reg::RAX, slot);
    }

    /// Calls a routine that calls the function in rax for the receiver in rcx.
    fn call_accessor(&mut self, routine: Symbol, slow: Label) {
        self.return_pc_argument();
        self.call_leaf(routine);
        self.asm.test(Size::S64, Reg::RAX, Reg::RAX);
        self.asm.je(slow);
    }

    /// esi = where a frame that the current instruction pushes says that its caller goes on.
    pub(super) fn return_pc_argument(&mut self) {
        let units = Op::from_unit(self.template.code[self.pc]).map_or(0, Op::units);
        self.asm.mov(Size::S32, Reg::RSI, (self.pc + units) as i32);
    }

    /// Finds the way of the shape of the object in rax and does what `end` emits for it, which goes on at the label that it gives; jumps to `other` if
    /// the code knows no way. Clobbers edx.
    fn by_ways(&mut self, ways: &[Way], other: Label, mut end: impl FnMut(&mut Self, &Way) -> Label) {
        if let [way] = ways {
            self.hold(way);
            self.asm.cmp(Size::S32, Mem::base(Reg::RAX, header::SHAPE), way.shape as i32);
            self.asm.jne(other);
            end(self, way);
            return;
        }
        self.asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::RAX, header::SHAPE));
        for (i, way) in ways.iter().enumerate() {
            let is_last = i + 1 == ways.len();
            let next = if is_last { other } else { self.asm.new_label() };
            self.hold(way);
            self.asm.cmp(Size::S32, Reg::RDX, way.shape as i32);
            self.asm.jne(next);
            let done = end(self, way);
            if !is_last {
                self.asm.jmp_to(done);
                self.asm.bind(next);
            }
        }
    }

    /// The shapes that a way names live as long as the code block.
    fn hold(&self, way: &Way) {
        self.code.hold_shape(way.shape);
        way.holders.iter().for_each(|&shape| self.code.hold_shape(shape));
    }

    /// The register with the holder of the property: rax, or one for an object up the chain of that in rax, whose shape has been compared; jumps to
    /// `changed` if a prototype on the way has another structure now. Clobbers rdx, rdi.
    fn walk_to_holder(&mut self, way: &Way, changed: Label) -> Reg {
        const HOLDER: Reg = Reg::RDI;
        let mut shape = way.shape;
        for &next in &way.holders {
            // A shape stays where it is, and so does the place where the collector keeps its prototype's address.
            let prototype = self.cx.shape_of_id(shape).addr() as i64 + i64::from(shape::PROTOTYPE);
            self.asm.mov_imm64(Reg::RDX, prototype);
            self.asm.mov(Size::S64, HOLDER, Mem::base(Reg::RDX, 0));
            self.asm.cmp(Size::S32, Mem::base(HOLDER, header::SHAPE), next as i32);
            self.asm.jne(changed);
            shape = next;
        }
        if way.holders.is_empty() { Reg::RAX } else { HOLDER }
    }

    /// Jumps to `other` unless the object in rax has the shape of the site's form. Clobbers edx.
    fn guard_shape(&mut self, slot: Slot, other: Label) {
        self.asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::RAX, header::SHAPE));
        self.asm.cmp(Size::S32, Reg::RDX, site_field(slot, site::GUARD));
        self.asm.jne(other);
    }

    /// edx = the byte offset of the own inline slot that the site's form names; jumps to `other` if it is another form.
    fn own_inline_offset(&mut self, slot: Slot, other: Label) {
        self.asm.mov(Size::S32, Reg::RDX, site_field(slot, site::LOC));
        self.asm.cmp(Size::S32, Reg::RDX, Loc::OWN_INLINE_END as i32);
        self.asm.jae(other);
    }

    /// rax = the slot of the object in rax that the site's form names, if that is an own inline one. Clobbers edx.
    fn load_own_inline(&mut self, slot: Slot, other: Label) {
        self.own_inline_offset(slot, other);
        self.asm.mov(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RDX, Scale::X1, 0));
    }

    /// A private field: own or not there at all. The site knows where one field is in objects of one shape, the megamorphic cache others.
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
            this.call_leaf(routines::MEGAMORPHIC_GET);
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
            let index = self.slow_shared(shared::HAS_ELEMENT, None, Some(slow), found);
            self.asm.cmp(Size::S64, Reg::RCX, TAG);
            self.asm.jae(index);
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
        self.call_stubs(i.slot, Some(routines::KEYED_GET), found, slow);
        self.asm.bind(found);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
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

    /// rax = the length of the array in rax.
    fn array_length(&mut self, slow: Label) {
        self.asm.mov(Size::S32, Reg::RAX, Mem::base(Reg::RAX, object::ARRAY_LENGTH));
        self.asm.test(Size::S32, Reg::RAX, Reg::RAX);
        self.asm.js(slow);
        self.asm.or(Size::S64, Reg::RAX, TAG);
    }

    pub fn get_length(&mut self) {
        let i: instr::GetLength = self.decode();
        let [no_array, found, done] = std::array::from_fn(|_| self.asm.new_label());
        let slow = self.slow_op(Op::GetLength, done);
        self.load(Reg::RAX, i.obj.0);
        self.check_cell(Reg::RAX, slow);
        self.asm.movzx(Size::S32, Size::S8, Reg::RCX, Mem::base(Reg::RAX, header::KIND));
        self.asm.cmp(Size::S32, Reg::RCX, Kind::Array as i32);
        self.asm.jne(no_array);
        self.array_length(slow);
        self.asm.bind(found);
        self.finish_with(i.dst.0, done);
        self.facts.forget(i.dst.0);
        self.later(move |this| {
            this.asm.bind(no_array);
            this.asm.lea(Size::S64, routines::SITE, site_field(i.slot, 0));
            this.return_pc_argument();
            this.call_leaf(shared::LENGTH);
            this.asm.je(slow);
            this.asm.jmp_to(found);
        });
    }

    pub fn set_named(&mut self) {
        let i: instr::SetNamed = self.decode();
        if self.is_generic(Op::SetNamed) {
            return;
        }
        if i.src.0 != i.obj.0 && self.is_in_rax(i.src.0) {
            self.load(Reg::RCX, i.src.0);
            self.load(Reg::RAX, i.obj.0);
        } else {
            self.load_object_and_value(i.obj.0, Some(i.src.0));
        }
        self.keep_unsaved(i.slot, Reg::RCX);
        if self.is_cold(i.slot) {
            return self.call_named_stub(Op::SetNamed, i.slot);
        }
        let done = self.asm.new_label();
        let slow = self.slow_named(Op::SetNamed, i.obj.0, Some(i.src.0), i.name.0, i.slot, done);
        self.check_cell(Reg::RAX, slow);
        let ways = Way::all(self.cx, self.feedback(i.slot));
        let loc = self.feedback(i.slot).loc.get();
        if !ways.is_empty() {
            let found = self.asm.new_label();
            self.by_ways(&ways, slow, |this, way| {
                if way.accessor {
                    let holder = this.walk_to_holder(way, slow);
                    this.load_of_way(way, holder);
                    this.asm.mov(Size::S64, Reg::RAX, Mem::base(Reg::RAX, accessor::SETTER));
                    this.asm.mov(Size::S64, Reg::RDX, Reg::RCX);
                    this.load(Reg::RCX, i.obj.0);
                    this.call_accessor(shared::CALL_SETTER, slow);
                    this.asm.jmp_to(done);
                    return found;
                }
                let slot = this.slot_of_way(way, Reg::RAX);
                this.asm.lea(Size::S64, Reg::RDX, slot);
                found
            });
            self.asm.bind(found);
        } else if loc.form() == Form::AddInline {
            self.guard_shape(i.slot, slow);
            self.asm.cmp(Size::S32, site_field(i.slot, site::LOC), loc.0 as i32);
            self.asm.jne(slow);
            self.change_shape(i.slot, slow);
            self.asm.lea(Size::S64, Reg::RDX, Mem::base(Reg::RAX, loc.index() as i32));
        } else {
            self.guard_shape(i.slot, slow);
            self.own_inline_offset(i.slot, slow);
            self.asm.add(Size::S64, Reg::RDX, Reg::RAX);
        }
        self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
        self.barrier(Reg::RAX, done);
        match self.read_of_stored(i.obj.0, i.name.0) {
            None => self.asm.bind(done),
            Some((next, slot)) => {
                // What has not been stored in line is read as ever.
                let read = self.asm.new_label();
                self.stored = Some(read);
                self.later(move |this| {
                    this.pc = next;
                    this.asm.bind(done);
                    this.load(Reg::RAX, i.obj.0);
                    this.call_named_stub(Op::GetNamed, slot);
                    this.asm.jmp_to(read);
                });
            }
        }
    }

    /// Whether the next instruction reads the property that this one writes; its place and site. A read need not wait for a write to the same
    /// place, which processors foresee for some pairs of instructions only.
    fn read_of_stored(&self, obj: u16, name: u32) -> Option<(usize, Slot)> {
        let next = self.pc + Op::SetNamed.units();
        if next >= self.template.code.len() || self.labels[next].is_some() || self.op_at(next) != Op::GetNamed {
            return None;
        }
        let read = instr::GetNamed::decode(&self.template.code, next);
        (read.obj.0 == obj && read.name.0 == name).then_some((next, read.slot))
    }

    /// Gives the object in rax the shape that the site's form names; jumps to `slow` if a prototype has changed since the form was made. Clobbers edx.
    fn change_shape(&mut self, slot: Slot, slow: Label) {
        self.asm.mov(Size::S32, Reg::RDX, site_field(slot, site::AUX));
        self.asm.cmp(Size::S32, Reg::RDX, Mem::base(CX, context::PROTO_EPOCH));
        self.asm.jne(slow);
        self.asm.mov(Size::S32, Reg::RDX, site_field(slot, site::CELL));
        self.asm.mov(Size::S32, Mem::base(Reg::RAX, header::SHAPE), Reg::RDX);
    }

    /// The write barrier after the value in rcx was stored at rdx in the cell `cell`; goes on at `done` when it had something to do.
    pub(super) fn barrier(&mut self, cell: Reg, done: Label) {
        debug_assert!(cell == Reg::RAX);
        let slow = self.slow_shared(shared::BARRIER, None, None, done);
        self.asm.test(Size::S8, Mem::base(cell, header::GC), header::OLD_CLEAN);
        self.asm.jne(slow);
    }
}

/// Calls of a function in the interpreter after which a site that has not run is taken for one that seldom does.
const TELLING_CALLS: u32 = 4;
/// Most ways that are written into the code of one site.
const MAX_WAYS: usize = 4;
/// Most prototypes that a way goes up.
const MAX_HOPS: usize = 3;

/// How a site's property is found from an object of one shape: up so many prototypes, whose shapes are compared, to a slot.
///
/// Where a property is in objects of a shape never changes, and so does their prototype. So shapes compared one by one say all that a cache could
/// say; and where one differs, somebody has changed the structure of an object, whatever the prototype epoch is.
struct Way {
    shape: u32,
    /// The shapes of the prototypes up to the holder.
    holders: Vec<u32>,
    /// The own location in the holder.
    loc: Loc,
    /// What is there is an accessor pair.
    accessor: bool,
}

impl Way {
    /// The ways that the site knows and code can go; none if it is megamorphic, or hits are to be counted.
    fn all(cx: &Context, site: &Site) -> Vec<Way> {
        if site.state.get() == SiteState::Megamorphic || cx.options.count_ic_hits {
            return Vec::new();
        }
        let mut ways = Vec::new();
        let mut next = site.stubs.get().as_kind::<IcStub>(Kind::IcStub);
        while let Some(stub) = next {
            next = stub.next_stub();
            if ways.len() < MAX_WAYS
                && let Some(way) = Way::of(cx, stub)
            {
                ways.push(way);
            }
        }
        ways
    }

    fn of(cx: &Context, stub: Gc<IcStub>) -> Option<Way> {
        let shape = stub.guarded_shape();
        if stub.dead.get() || shape == NO_SHAPE || shape == 0 {
            return None;
        }
        let found = stub.loc.get();
        let own = |form| Loc::new(form, found.index() as u32);
        let (loc, holder, epoch) = match found.form() {
            Form::OwnInline | Form::OwnOutOfLine => (found, None, 0),
            Form::HolderInline => (own(Form::OwnInline), Some(stub.cell.get()), stub.aux.get()),
            Form::HolderOutOfLine => (own(Form::OwnOutOfLine), Some(stub.cell.get()), stub.aux.get()),
            Form::None => accessor_of(stub)?,
            _ => return None,
        };
        let mut holders = Vec::new();
        if let Some(holder) = holder {
            if epoch != cx.interp.proto_epoch.get() {
                return None;
            }
            let mut at = shape;
            loop {
                let object = cx.shape_of_id(at).prototype()?;
                at = object.shape_id();
                holders.push(at);
                if holder == object.into() {
                    break;
                }
                if holders.len() == MAX_HOPS {
                    return None;
                }
            }
        }
        Some(Way { shape, holders, loc, accessor: found.form() == Form::None })
    }
}

/// Where a stub that calls a getter or setter finds the accessor pair: the own location in the holder; the holder, if that is not the receiver; the
/// prototype epoch of the finding. `None`: the stub does something else.
fn accessor_of(stub: Gc<IcStub>) -> Option<(Loc, Option<Value>, u32)> {
    let datum = |index: u8| Value::from_bits(stub.data()[index as usize].get());
    let word = |index: u8| datum(index).as_int32() as u32;
    let (mut loc, mut holder, mut epoch) = (None, None, 0);
    for (op, operands) in instructions(stub.program()) {
        match (op, operands) {
            (IcOp::GuardObject | IcOp::GuardShape, _) => {}
            (IcOp::GuardPrototypes, &[at]) => epoch = word(at),
            (IcOp::UseCell, &[_, cell]) => holder = Some(datum(cell)),
            (IcOp::ReadInlineSlot, &[_, _, offset]) => loc = Some(Loc::new(Form::OwnInline, word(offset))),
            (IcOp::ReadOutOfLineSlot, &[_, _, offset]) => loc = Some(Loc::new(Form::OwnOutOfLine, word(offset))),
            (IcOp::CallGetter | IcOp::CallSetter, _) => return Some((loc?, holder, epoch)),
            _ => return None,
        }
    }
    None
}
