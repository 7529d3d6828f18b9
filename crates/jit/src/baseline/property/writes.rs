//! Writes of named properties, by what the site has learnt, and the write barrier.

use super::ways::{Way, Ways};
use super::{guard_own_inline, guard_shape};
use crate::baseline::Compiler;
use crate::baseline::emit::Emit;
use crate::baseline::facts::Fact;
use crate::stubs::shared;
use tercel_asm::Label;
use tercel_asm::x64::{Chain, Cond, Mem, Reg, Run, Scale, Size, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, instr};
use tercel_vm::feedback::Form;
use tercel_vm::layout::{accessor, context, header, object, site};

impl Compiler<'_> {
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
        if next >= self.template.code.len() || self.labels[next] != Label::NONE || self.op_at(next) != Op::GetNamed {
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
