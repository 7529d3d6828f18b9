//! Named properties: the decoded form of the site's inline cache in line, everything else out of line.
//!
//! What a form means is said once, in `vm/src/feedback.rs`. What the site has learnt when the function is compiled is written into the code ([`Way`]);
//! what it learns later the op's stub finds ([`named`](crate::stubs::named)).

mod operators;
mod ways;
mod writes;

use self::ways::{Way, Ways};
use super::emit::Emit;
use super::{Compiler, site_field};
use crate::ic::routines;
use crate::stubs::shared;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::{Branch, Chain, Cond, Mem, Reg, Run, Scale, Size, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, instr};
use tercel_vm::feedback::{Form, Loc, SiteState};
use tercel_vm::layout::{accessor, header, object, shape, site};
use tercel_vm::{Kind, frame};

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
    pub(super) fn is_cold(&self, slot: Slot) -> bool {
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
}

/// Calls of a function in the interpreter after which a site that has not run is taken for one that seldom does.
const TELLING_CALLS: u32 = 4;
/// Shapes that the compiler remembers to be held, by their ids' low bits.
pub(super) const HELD: usize = 16;

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
