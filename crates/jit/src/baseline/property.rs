//! Named properties: the decoded form of the site's inline cache in line, everything else out of line.
//!
//! What a form means is said once, in `vm/src/feedback.rs`. What the site has learnt when the function is compiled is written into the code ([`Way`]);
//! what it learns later the op's stub finds ([`named`](crate::stubs::named)).

use super::emit::Emit;
use super::facts::Fact;
use super::{Compiler, TAG, site_field};
use crate::ic::routines;
use crate::stubs::shared;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Branch, Chain, Cond, Mem, Reg, Run, Scale, Size, opcode};
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
        self.cached_get(Op::GetNamed, i.obj.0, i.name.0, i.slot, None);
        self.store_and_keep(i.dst.0);
        self.facts.forget(i.dst.0);
    }

    pub fn get_method(&mut self) {
        let i: instr::GetMethod = self.decode();
        if self.is_generic(Op::GetMethod) {
            return;
        }
        self.cached_get(Op::GetMethod, i.obj.0, i.name.0, i.slot, Some(i.block.0 + frame::THIS as u16));
        self.store_and_keep(i.block.0);
        self.facts.forget_from(i.block.0);
    }

    /// The operand that memory lacks, if there is one, may stay in the register where it is, or is written: where it might be clobbered.
    fn keep_unsaved(&mut self, ways: &Ways, place: Reg) {
        if let Some(register) = self.unsaved
            && ways.iter().any(|way| way.accessor)
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

    /// rax = the property of VM register `obj`, by what the site knows or the op's stub. Clobbers all that the op may.
    fn cached_get(&mut self, op: Op, obj: u16, name: u32, slot: Slot, this: Option<u16>) {
        let site = self.feedback(slot);
        if self.is_cold(slot) {
            self.save_operand();
            if let Some(this) = this {
                self.load(Reg::RAX, obj);
                self.store(this, Reg::RAX);
            }
            return self.call_named(op);
        }
        let Ok(way) = Way::only(self.cx, site) else {
            return self.get_by_ways(op, obj, name, slot, this, &Ways::of(self.cx, site));
        };
        self.spill.register = self.unsaved.map(|register| (Reg::RAX, register));
        // Rax stays what it is as long as the slow path may need it.
        let keeps = self.unsaved.is_some();
        let in_rax = self.is_in_rax(obj);
        let cx = self.cx;
        let mut slow = Chain::NONE;
        if let Some(way) = &way {
            self.hold(way);
            self.asm.run(|run| {
                run.load_or_keep(Reg::RAX, obj, in_rax);
                if let Some(this) = this {
                    // At once: the stub reads the operand again, which this does not change even if it lies there.
                    run.store(this, Reg::RAX);
                }
                let first = run.check_cell(Reg::RAX, &mut slow);
                run.mem_imm(Size::S32, opcode::CMP, Reg::RAX, header::SHAPE, way.shape as i32);
                run.jcc_again(Cond::NE, first);
                let mut shape = way.shape;
                for &next in way.holders() {
                    // A shape stays where it is, and so does the place where the collector keeps its prototype's address.
                    let place = (cx.shape_of_id(shape).addr() as i64 + i64::from(shape::PROTOTYPE)) as u64;
                    if keeps {
                        run.mov64(Reg::RDI, place);
                        run.mem(Size::S64, opcode::LOAD, Reg::RDI, Reg::RDI, 0);
                        run.mem_imm(Size::S32, opcode::CMP, Reg::RDI, header::SHAPE, next as i32);
                    } else {
                        run.load_absolute(place);
                        run.mem_imm(Size::S32, opcode::CMP, Reg::RAX, header::SHAPE, next as i32);
                    }
                    run.jcc_again(Cond::NE, first);
                    shape = next;
                }
                if keeps && way.hops > 0 {
                    run.rr(Size::S64, opcode::STORE, Reg::RDI, Reg::RAX);
                }
                if way.is_out_of_line() {
                    run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, object::SLOTS);
                }
                run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, way.loc.index() as i32);
            });
        } else {
            self.asm.run(|run| {
                run.load_or_keep(Reg::RAX, obj, in_rax);
                if let Some(this) = this {
                    run.store(this, Reg::RAX);
                }
                let first = run.check_cell(Reg::RAX, &mut slow);
                guard_own_inline(run, slot, first);
                run.indexed(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, Reg::RDX, Scale::X1, 0);
            });
        }
        self.named_behind(op, slow);
    }

    /// [`Compiler::cached_get`] where there are several ways, getters, or a megamorphic site.
    fn get_by_ways(&mut self, op: Op, obj: u16, name: u32, slot: Slot, this: Option<u16>, ways: &Ways) {
        self.load(Reg::RAX, obj);
        self.keep_unsaved(ways, Reg::RAX);
        if let Some(this) = this {
            self.store(this, Reg::RAX);
        }
        let found = self.asm.new_label();
        let slow = self.slow_named(op, obj, None, name, slot, found);
        self.check_cell(Reg::RAX, slow);
        if ways.first().is_none() {
            self.guard_shape(slot, slow);
            self.load_own_inline(slot, slow);
        } else {
            self.by_ways(ways, slow, |this, way| {
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

    /// A label of a slow path that does an op on a named property, which leaves what was read in rax, and comes back to `done`.
    fn slow_named(&mut self, op: Op, obj: u16, src: Option<u16>, name: u32, slot: Slot, done: Label) -> Label {
        if self.feedback(slot).state.get() == SiteState::Megamorphic {
            // Its way is through the cache: no time is lost.
            return self.slow_megamorphic(op, obj, src, name, slot, done);
        }
        let (entry, spill) = (self.asm.new_label(), self.spill);
        self.later(move |this| {
            this.asm.bind(entry);
            this.spill(spill);
            this.call_named(op);
            this.asm.jmp_to(done);
        });
        entry
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
        let next = self.return_pc();
        self.asm.mov(Size::S32, Reg::RSI, next);
    }

    /// The offset of the next instruction, in units.
    pub(super) fn return_pc(&self) -> i32 {
        let units = Op::from_unit(self.template.code[self.pc]).map_or(0, Op::units);
        (self.pc + units) as i32
    }

    /// Finds the way of the shape of the object in rax and does what `end` emits for it, which goes on at the label that it gives; jumps to `other` if
    /// the code knows no way. Clobbers edx.
    fn by_ways(&mut self, ways: &Ways, other: Label, mut end: impl FnMut(&mut Self, &Way) -> Label) {
        if let (1, Some(way)) = (ways.count, ways.first()) {
            self.hold(way);
            self.asm.cmp(Size::S32, Mem::base(Reg::RAX, header::SHAPE), way.shape as i32);
            self.asm.jne(other);
            end(self, way);
            return;
        }
        self.asm.mov(Size::S32, Reg::RDX, Mem::base(Reg::RAX, header::SHAPE));
        for (i, way) in ways.iter().enumerate() {
            let is_last = i + 1 == ways.count;
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
    fn hold(&mut self, way: &Way) {
        self.hold_shape(way.shape);
        way.holders().iter().for_each(|&shape| self.hold_shape(shape));
    }

    /// The code block has a list to look through; here are those that it was told of last.
    fn hold_shape(&mut self, shape: u32) {
        let held = &mut self.held[shape as usize % HELD];
        if *held != shape {
            *held = shape;
            self.code.hold_shape(shape);
        }
    }

    /// The register with the holder of the property: rax, or one for an object up the chain of that in rax, whose shape has been compared; jumps to
    /// `changed` if a prototype on the way has another structure now. Clobbers rdx, rdi.
    fn walk_to_holder(&mut self, way: &Way, changed: Label) -> Reg {
        const HOLDER: Reg = Reg::RDI;
        let mut shape = way.shape;
        for &next in way.holders() {
            // A shape stays where it is, and so does the place where the collector keeps its prototype's address.
            let prototype = self.cx.shape_of_id(shape).addr() as i64 + i64::from(shape::PROTOTYPE);
            self.asm.mov_imm64(Reg::RDX, prototype);
            self.asm.mov(Size::S64, HOLDER, Mem::base(Reg::RDX, 0));
            self.asm.cmp(Size::S32, Mem::base(HOLDER, header::SHAPE), next as i32);
            self.asm.jne(changed);
            shape = next;
        }
        if way.holders().is_empty() { Reg::RAX } else { HOLDER }
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

    pub fn get_length(&mut self) {
        let i: instr::GetLength = self.decode();
        let in_rax = self.is_in_rax(i.obj.0);
        let (mut slow, mut no_array) = (Chain::NONE, Chain::NONE);
        self.asm.run(|run| {
            run.load_or_keep(Reg::RAX, i.obj.0, in_rax);
            run.check_cell(Reg::RAX, &mut slow);
            run.movzx8(Reg::RCX, Reg::RAX, header::KIND);
            run.ri(Size::S32, opcode::CMP, Reg::RCX, Kind::Array as i32);
            run.jcc(Cond::NE, &mut no_array);
            run.mem(Size::S32, opcode::LOAD, Reg::RAX, Reg::RAX, object::ARRAY_LENGTH);
            run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
            run.jcc(Cond::S, &mut slow);
            run.box_int32(Reg::RAX);
        });
        let found = self.asm.emitted() as u32;
        self.by_site_behind(Op::GetLength, shared::LENGTH, i.slot, no_array, found, slow);
        self.store_and_keep(i.dst.0);
        self.facts.forget(i.dst.0);
    }

    pub fn set_named(&mut self) {
        let i: instr::SetNamed = self.decode();
        if self.is_generic(Op::SetNamed) {
            return;
        }
        if self.is_cold(i.slot) {
            self.save_operand();
            return self.call_named(Op::SetNamed);
        }
        let site = self.feedback(i.slot);
        let way = match Way::only(self.cx, site) {
            Ok(way) if self.read_of_stored(i.obj.0, i.name.0).is_none() => way,
            _ => return self.set_by_ways(i, &Ways::of(self.cx, site)),
        };
        self.spill.register = self.unsaved.map(|register| (Reg::RCX, register));
        let (obj, src) = (i.obj.0, i.src.0);
        // The value first, if it is in rax.
        let (obj_in_rax, src_in_rax) = (self.is_in_rax(obj), self.is_in_rax(src));
        let load = |run: &mut Run<'_>| {
            if src_in_rax {
                run.load_or_keep(Reg::RCX, src, true);
                if !obj_in_rax {
                    run.load(Reg::RAX, obj);
                }
            } else {
                run.load_or_keep(Reg::RAX, obj, obj_in_rax);
                run.load(Reg::RCX, src);
            }
        };
        // Numbers and booleans are no cells: they need no barrier.
        let barriers = self.facts.get(src) == Fact::Unknown;
        let (mut slow, mut behind) = (Chain::NONE, Chain::NONE);
        let mut store = |run: &mut Run<'_>, offset: i32| {
            run.mem(Size::S64, opcode::STORE, Reg::RCX, Reg::RAX, offset);
            if barriers {
                run.barrier(Reg::RAX, &mut behind);
            }
        };
        let loc = site.loc.get();
        let mut offset = loc.index() as i32;
        if let Some(way) = &way {
            self.hold(way);
            offset = way.loc.index() as i32;
            self.asm.run(|run| {
                load(run);
                let first = run.check_cell(Reg::RAX, &mut slow);
                run.mem_imm(Size::S32, opcode::CMP, Reg::RAX, header::SHAPE, way.shape as i32);
                run.jcc_again(Cond::NE, first);
                if way.is_out_of_line() {
                    run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::RAX, object::SLOTS);
                }
                store(run, offset);
            });
        } else if loc.form() == Form::AddInline {
            self.asm.run(|run| {
                load(run);
                let first = run.check_cell(Reg::RAX, &mut slow);
                guard_shape(run, i.slot, first);
                run.site_compare(i.slot, site::LOC, loc.0 as i32);
                run.jcc_again(Cond::NE, first);
                // The shape that the site's form names, unless a prototype has changed since the form was made.
                run.site_field(Size::S32, opcode::LOAD, Reg::RDX, i.slot, site::AUX);
                run.context_field(Size::S32, opcode::CMP_REG_RM, Reg::RDX, context::PROTO_EPOCH);
                run.jcc_again(Cond::NE, first);
                run.site_field(Size::S32, opcode::LOAD, Reg::RDX, i.slot, site::CELL);
                run.mem(Size::S32, opcode::STORE, Reg::RDX, Reg::RAX, header::SHAPE);
                store(run, offset);
            });
        } else {
            offset = 0;
            self.asm.run(|run| {
                load(run);
                let first = run.check_cell(Reg::RAX, &mut slow);
                guard_own_inline(run, i.slot, first);
                run.indexed(Size::S64, opcode::STORE, Reg::RCX, Reg::RAX, Reg::RDX, Scale::X1, 0);
                if barriers {
                    run.barrier(Reg::RAX, &mut behind);
                }
            });
        }
        self.named_behind(Op::SetNamed, slow);
        if behind.is_used() {
            if way.is_none() && loc.form() != Form::AddInline {
                self.indexed_barrier_behind(behind);
            } else {
                self.barrier_behind(offset, behind);
            }
        }
    }

    /// [`Compiler::set_named`] where there are several ways, setters, or a megamorphic site.
    fn set_by_ways(&mut self, i: instr::SetNamed, ways: &Ways) {
        if i.src.0 != i.obj.0 && self.is_in_rax(i.src.0) {
            self.load(Reg::RCX, i.src.0);
            self.load(Reg::RAX, i.obj.0);
        } else {
            self.load_object_and_value(i.obj.0, Some(i.src.0));
        }
        self.keep_unsaved(ways, Reg::RCX);
        let done = self.asm.new_label();
        let slow = self.slow_named(Op::SetNamed, i.obj.0, Some(i.src.0), i.name.0, i.slot, done);
        self.check_cell(Reg::RAX, slow);
        if ways.first().is_some() {
            let found = self.asm.new_label();
            self.by_ways(ways, slow, |this, way| {
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
        } else {
            self.guard_shape(i.slot, slow);
            self.own_inline_offset(i.slot, slow);
            self.asm.add(Size::S64, Reg::RDX, Reg::RAX);
        }
        self.asm.mov(Size::S64, Mem::base(Reg::RDX, 0), Reg::RCX);
        self.barrier(Reg::RAX, done);
        match self.read_of_stored(i.obj.0, i.name.0) {
            None => self.asm.bind(done),
            Some(next) => {
                // What has not been stored in line is read as ever.
                let read = self.asm.new_label();
                self.stored = Some(read);
                self.later(move |this| {
                    this.pc = next;
                    this.asm.bind(done);
                    this.call_named(Op::GetNamed);
                    this.asm.jmp_to(read);
                });
            }
        }
    }

    /// Whether the next instruction reads the property that this one writes, and its place. A read need not wait for a write to the same
    /// place, which processors foresee for some pairs of instructions only.
    fn read_of_stored(&self, obj: u16, name: u32) -> Option<usize> {
        let next = self.pc + Op::SetNamed.units();
        if next >= self.template.code.len() || self.labels[next].is_some() || self.op_at(next) != Op::GetNamed {
            return None;
        }
        let read = instr::GetNamed::decode(&self.template.code, next);
        (read.obj.0 == obj && read.name.0 == name).then_some(next)
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
/// Shapes that the compiler remembers to be held, by their ids' low bits.
pub(super) const HELD: usize = 16;
/// Most ways that are written into the code of one site.
const MAX_WAYS: usize = 4;
/// Most prototypes that a way goes up.
const MAX_HOPS: usize = 3;

/// How a site's property is found from an object of one shape: up so many prototypes, whose shapes are compared, to a slot.
///
/// Where a property is in objects of a shape never changes, and so does their prototype. So shapes compared one by one say all that a cache could
/// say; and where one differs, somebody has changed the structure of an object, whatever the prototype epoch is.
#[derive(Clone, Copy)]
struct Way {
    shape: u32,
    /// The shapes of the prototypes up to the holder.
    chain: [u32; MAX_HOPS],
    hops: usize,
    /// The own location in the holder.
    loc: Loc,
    /// What is there is an accessor pair.
    accessor: bool,
}

/// The ways of a site.
struct Ways {
    ways: [Option<Way>; MAX_WAYS],
    count: usize,
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

impl Ways {
    /// The ways that the site knows and code can go; none if it is megamorphic, or hits are to be counted.
    fn of(cx: &Context, site: &Site) -> Ways {
        let mut ways = Ways { ways: [const { None }; MAX_WAYS], count: 0 };
        if site.state.get() == SiteState::Megamorphic || cx.options.count_ic_hits {
            return ways;
        }
        let mut next = site.stubs.get().as_kind::<IcStub>(Kind::IcStub);
        while let Some(stub) = next {
            next = stub.next_stub();
            if let Some(place) = ways.ways.get_mut(ways.count)
                && let Some(way) = Way::of(cx, stub)
            {
                *place = Some(way);
                ways.count += 1;
            }
        }
        ways
    }

    fn first(&self) -> Option<&Way> {
        self.ways[0].as_ref()
    }

    fn iter(&self) -> impl Iterator<Item = &Way> {
        self.ways.iter().flatten()
    }
}

impl Way {
    fn holders(&self) -> &[u32] {
        &self.chain[..self.hops]
    }

    fn is_out_of_line(&self) -> bool {
        self.loc.form() == Form::OwnOutOfLine
    }

    /// The only way that the site knows, if there is one and it is a comparison of shapes with a load or store; the error: more is known.
    fn only(cx: &Context, site: &Site) -> Result<Option<Way>, ()> {
        if site.state.get() == SiteState::Megamorphic {
            return Err(());
        }
        if cx.options.count_ic_hits {
            return Ok(None);
        }
        let Some(stub) = site.stubs.get().as_kind::<IcStub>(Kind::IcStub) else { return Ok(None) };
        if stub.next_stub().is_some() {
            return Err(());
        }
        match Way::of(cx, stub) {
            Some(Way { accessor: true, .. }) => Err(()),
            way => Ok(way),
        }
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
        let mut way = Way { shape, chain: [0; MAX_HOPS], hops: 0, loc, accessor: found.form() == Form::None };
        let Some(holder) = holder else { return Some(way) };
        if epoch != cx.interp.proto_epoch.get() {
            return None;
        }
        let mut at = shape;
        loop {
            let object = cx.shape_of_id(at).prototype()?;
            at = object.shape_id();
            *way.chain.get_mut(way.hops)? = at;
            way.hops += 1;
            if holder == object.into() {
                return Some(way);
            }
        }
    }
}

/// Jumps as `first` does unless the object in rax has the shape of the site's form. Clobbers edx.
#[inline(always)]
fn guard_shape(run: &mut Run<'_>, slot: Slot, first: Branch) {
    run.mem(Size::S32, opcode::LOAD, Reg::RDX, Reg::RAX, header::SHAPE);
    run.site_field(Size::S32, opcode::CMP_REG_RM, Reg::RDX, slot, site::GUARD);
    run.jcc_again(Cond::NE, first);
}

/// edx = the byte offset of the own inline slot that the site's form names; jumps as `first` does, at "not equal", if that is another form or for another
/// shape than that of the object in rax.
#[inline(always)]
fn guard_own_inline(run: &mut Run<'_>, slot: Slot, first: Branch) {
    const { assert!(Loc::OWN_INLINE_END == 1 << 24) };
    guard_shape(run, slot, first);
    run.site_field(Size::S32, opcode::LOAD, Reg::RDX, slot, site::LOC);
    run.test_imm(Reg::RDX, !0xff_ffff);
    run.jcc_again(Cond::NE, first);
}
