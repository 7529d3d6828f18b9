//! Slow paths, emitted.

use super::super::compare::{Right, Use};
use super::super::element::Behind;
use super::super::emit::Emit;
use super::super::number::Integers;
use super::super::operands::Spill;
use super::super::{Compiler, TAG, site_field};
use super::{BySite, Comparison, Megamorphic, Pending, Slow};
use crate::ic::routines;
use crate::stubs::{self, shared};
use crate::symbols::Symbol;
use tercel_asm::x64::{Chain, Cond, Reg, Size, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::instr;
use tercel_vm::Value;
use tercel_vm::elements::HOLE;
use tercel_vm::feedback::element_bits;

impl Compiler<'_> {
    /// Emits all that was noted, and what that notes.
    pub(in crate::baseline) fn slow_paths(&mut self) {
        // They are large: none is moved.
        while !self.slow.is_empty() {
            let mut noted = std::mem::take(self.slow);
            noted.iter().rev().for_each(|pending| self.slow_path(pending));
            if self.slow.is_empty() {
                noted.clear();
                *self.slow = noted;
            }
        }
    }

    fn slow_path(&mut self, pending: &Pending) {
        let spill = pending.spill;
        self.pc = pending.pc;
        self.note_position();
        match pending.slow {
            Slow::Op { op, entry, done } => {
                self.asm.bind(entry);
                self.spill(spill);
                self.whole_op(op);
                self.asm.jmp_to(done);
            }
            Slow::Whole { op, entry, done } => self.whole_from(op, entry, spill, done),
            Slow::Numbers { op, routine, redo, entry, done } => {
                self.asm.bind_chain(entry);
                if let Some(routine) = routine {
                    self.asm.run(|run| {
                        run.call_near(routine.target());
                        run.jcc_back(Cond::NE, redo);
                    });
                }
                self.whole_from(op, Chain::NONE, spill, done);
            }
            Slow::ZeroProduct { a, zero, product, otherwise } => {
                self.asm.bind_chain(zero);
                self.asm.run(|run| {
                    run.sign_of_product(a, product);
                    run.jmp_back(otherwise);
                });
            }
            Slow::Product { op, a, zero, product, entry, done } => {
                self.asm.bind_chain(zero);
                self.asm.run(|run| run.sign_of_product(a, product));
                self.whole_from(op, entry, spill, done);
            }
            Slow::Overflow { added, right, overflow, otherwise } => {
                self.asm.bind_chain(overflow);
                self.undo_sum(added, right);
                self.asm.run(|run| run.jmp_back(otherwise));
            }
            Slow::Sum { op, added, right, overflow, entry, done } => {
                self.asm.bind_chain(overflow);
                self.undo_sum(added, right);
                self.whole_from(op, entry, spill, done);
            }
            Slow::Integers { op, chains } => self.integers_path(op, chains, spill),
            Slow::BoxedInt32 { op, entry, done } => self.boxed_int32_path(op, entry, spill, done),
            Slow::Element { op, src, behind } => {
                let behind = self.behinds[behind as usize];
                self.element_slow_path(op, src, &behind);
            }
            Slow::BySite(by_site) => self.by_site_path(by_site),
            Slow::Named { op, entry, done } => {
                self.asm.bind_chain(entry);
                self.spill(spill);
                self.stubs.insert(op);
                let next = self.return_pc();
                self.asm.run(|run| {
                    run.mov32(Reg::RSI, next);
                    run.call_near(stubs::named::by_offset(op).target());
                    run.jmp_back(done);
                });
            }
            Slow::Megamorphic(access) => self.megamorphic_path(access, spill),
            Slow::Barrier { offset, entry, done } => {
                self.asm.bind_chain(entry);
                self.asm.run(|run| {
                    run.mem(Size::S64, opcode::LEA, Reg::RDX, Reg::RAX, offset);
                    run.call_near(shared::BARRIER.target());
                    run.jmp_back(done);
                });
            }
            Slow::IndexedBarrier { is_address, entry, done } => {
                self.asm.bind_chain(entry);
                self.asm.run(|run| {
                    if !is_address {
                        run.rr(Size::S64, opcode::ADD_REG_RM, Reg::RDX, Reg::RAX);
                    }
                    run.call_near(shared::BARRIER.target());
                    run.jmp_back(done);
                });
            }
            Slow::Callee { op, slot, other, entry, known, done } => {
                self.asm.bind_chain(other);
                if other.is_used() {
                    self.asm.run(|run| {
                        run.site_address(Reg::RSI, slot);
                        run.call_near(shared::CALLEE.target());
                        run.jcc_back(Cond::NE, known);
                    });
                }
                self.whole_from(op, entry, Spill::NONE, done);
            }
            Slow::Comparison(comparison) => self.comparison_path(comparison, spill),
            Slow::Shared { routine, site, entry, fails, done } => {
                self.asm.bind(entry);
                if let Some(slot) = site {
                    self.asm.lea(Size::S64, Reg::RSI, site_field(slot, 0));
                }
                self.call_leaf(routine);
                if let Some(fails) = fails {
                    self.asm.je(fails);
                }
                self.asm.jmp_to(done);
            }
            Slow::Truth { entry, target, wanted, done } => {
                self.asm.bind_chain(entry);
                self.asm.run(|run| {
                    run.call_near(shared::TRUTHY.target());
                    run.jcc_to(if wanted { Cond::NE } else { Cond::E }, target);
                    run.jmp_back(done);
                });
            }
            Slow::Constructed { entry, done } => {
                self.asm.bind_chain(entry);
                self.asm.run(|run| {
                    run.call_near(shared::CONSTRUCTED.target());
                    run.jmp_back(done);
                });
            }
            Slow::Poll { entry, done } => {
                self.asm.bind_chain(entry);
                let offset = self.pc as i32 * 2;
                self.asm.run(|run| {
                    run.mov32(Reg::RDX, offset);
                    run.call_near(shared::POLL.target());
                    run.jmp_back(done);
                });
            }
            Slow::Code(index) => {
                if let Some(code) = self.codes[index as usize].take() {
                    code(self);
                }
            }
        }
    }

    /// See [`Slow::Integers`].
    #[inline(never)]
    fn integers_path(&mut self, op: Op, chains: Integers, spill: Spill) {
        let mut slow = Chain::NONE;
        for (entry, routine, done) in [
            (chains.left, shared::TO_INT32_RAX, chains.left_done),
            (chains.right, shared::TO_INT32_RCX, chains.right_done),
        ] {
            if entry.is_used() {
                self.asm.bind_chain(entry);
                self.spill(chains.unsaved);
                self.asm.run(|run| {
                    run.call_near(routine.target());
                    run.jcc_back(Cond::NE, done);
                    run.jmp(&mut slow);
                });
            }
        }
        if chains.large.is_used() {
            self.asm.bind_chain(chains.large);
            self.asm.run(|run| {
                run.call_near(shared::BOX_UINT32.target());
                run.jmp_back(chains.store);
            });
        }
        if slow.is_used() {
            self.whole_from(op, slow, spill, chains.store);
        }
    }

    /// See [`Slow::BoxedInt32`].
    #[inline(never)]
    fn boxed_int32_path(&mut self, op: Op, entry: Chain, spill: Spill, done: u32) {
        let mut slow = Chain::NONE;
        self.asm.bind_chain(entry);
        self.spill(spill);
        self.asm.run(|run| {
            run.call_near(shared::TO_INT32_RAX.target());
            run.jcc(Cond::E, &mut slow);
            run.rr(Size::S32, opcode::LOAD, Reg::RAX, Reg::RAX);
            run.box_int32(Reg::RAX);
            run.jmp_back(done);
        });
        self.whole_from(op, slow, Spill::NONE, done);
    }

    /// See [`Slow::BySite`].
    #[inline(never)]
    fn by_site_path(&mut self, BySite { op, routine, slot, other, found, entry, done }: BySite) {
        self.asm.bind_chain(other);
        let next = self.return_pc();
        self.asm.run(|run| {
            if routine == shared::LENGTH {
                run.site_address(routines::SITE, slot);
                run.mov32(Reg::RSI, next);
            } else {
                run.site_address(Reg::RSI, slot);
            }
            run.call_near(routine.target());
            run.jcc_back(Cond::NE, found);
        });
        self.whole_from(op, entry, Spill::NONE, done);
    }

    /// See [`Comparison`].
    #[inline(never)]
    fn comparison_path(&mut self, comparison: Comparison, spill: Spill) {
        let Comparison { op, a, loaded, right, used, again, entry, done } = comparison;
        self.asm.bind_chain(entry);
        self.stubs.insert(op);
        let offset = self.pc as i32 * 2;
        self.asm.run(|run| {
            if let Some((routine, redo)) = again {
                run.call_near(routine.target());
                run.jcc_back(Cond::NE, redo);
            }
        });
        self.spill(spill);
        self.asm.run(|run| {
            if !loaded {
                run.load(Reg::RAX, a);
            }
            if let Right::Register(b) | Right::Constant(b, _) = right {
                run.load(Reg::RCX, b);
            }
            run.mov32(Reg::RDX, offset);
            run.call_near(stubs::of_op(op).target());
            if let Use::Jump { target, wanted } = used {
                run.jcc_to(if wanted { Cond::E } else { Cond::NE }, target);
            }
            run.jmp_back(done);
        });
    }

    /// See [`Slow::Megamorphic`].
    #[inline(never)]
    fn megamorphic_path(&mut self, Megamorphic { op, obj, src, name, slot, entry, done }: Megamorphic, spill: Spill) {
        self.asm.bind(entry);
        self.spill(spill);
        self.load_object_and_value(obj, src);
        self.by_megamorphic_cache(src.is_some(), name, slot, done);
        self.call_named(op);
        self.asm.jmp_to(done);
    }
}

/// Numbers, elements.
impl Compiler<'_> {
    /// rax = the left operand, an int32, of the sum (or difference) in eax.
    fn undo_sum(&mut self, added: bool, right: Right) {
        let small = right.small();
        self.asm.run(|run| {
            match (small, added) {
                (Some(imm), true) => run.rax_imm(Size::S32, opcode::SUB, imm),
                (Some(imm), false) => run.rax_imm(Size::S32, opcode::ADD, imm),
                (None, true) => run.rr(Size::S32, opcode::SUB_REG_RM, Reg::RAX, Reg::RCX),
                (None, false) => run.rr(Size::S32, opcode::ADD_REG_RM, Reg::RAX, Reg::RCX),
            }
            run.box_int32(Reg::RAX);
        });
    }

    fn element_slow_path(&mut self, op: Op, src: Option<u16>, behind: &Behind) {
        let (mut slow, mut hole) = (behind.slow, behind.hole);
        let found = behind.found;
        // Where a routine fails, "equal" says so.
        let by_routine = |this: &mut Self, entry: Chain, routine: Symbol, done: u32, slow: &mut Chain| {
            if entry.is_used() {
                this.asm.bind_chain(entry);
                this.asm.run(|run| {
                    run.call_near(routine.target());
                    run.jcc_back(Cond::NE, done);
                    run.jmp(slow);
                });
            }
        };
        if behind.other_key.is_used() {
            self.asm.bind_chain(behind.other_key);
            let mut ends = false;
            // Names, and numbers that are no int32.
            if behind.may_see(element_bits::NAME | element_bits::OTHER) && !self.cx.options.no_ic {
                // What these reads want in rsi behind: getters do not keep it.
                let kept = match op {
                    Op::GetElemUpdate => Some(self.decode::<instr::GetElemUpdate>().key.0),
                    Op::GetMethodElem => Some(self.decode::<instr::GetMethodElem>().obj.0),
                    _ => None,
                };
                let next = self.return_pc();
                self.asm.run(|run| {
                    if src.is_some() {
                        run.rr(Size::S64, opcode::LOAD, routines::KEY, Reg::RSI);
                    }
                    run.mov32(Reg::RSI, next);
                    let routine = if src.is_some() { routines::KEYED_SET } else { routines::KEYED_CALL_GET };
                    run.call_near(routine.target());
                    run.rr(Size::S64, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
                    match kept {
                        None => run.jcc_back(Cond::NE, found),
                        Some(register) => {
                            run.jcc(Cond::E, &mut slow);
                            run.load(Reg::RSI, register);
                            run.jmp_back(found);
                        }
                    }
                });
                ends = kept.is_some();
            }
            if !ends {
                self.asm.jmp_chain(&mut slow);
            }
        }
        if behind.other_elements.is_used() && src.is_none() && behind.may_see(element_bits::DOUBLE) {
            // In place, since loops over doubles come here each time.
            self.asm.bind_chain(behind.other_elements);
            self.asm.run(|run| {
                run.mov64(Reg::RDX, HOLE);
                run.rr(Size::S64, opcode::CMP_REG_RM, Reg::RAX, Reg::RDX);
                run.jcc(Cond::E, &mut hole);
                run.rr(Size::S64, opcode::SUB_REG_RM, Reg::RAX, TAG);
                run.jmp_back(found);
            });
        } else {
            let routine = if src.is_some() { shared::DENSE_SET } else { shared::DENSE_DOUBLE };
            by_routine(self, behind.other_elements, routine, found, &mut slow);
        }
        if behind.may_see(element_bits::HOLE_OR_OUTSIDE) {
            by_routine(self, hole, shared::HOLE_READ, found, &mut slow);
        } else {
            self.asm.bind_chain(hole);
            if hole.is_used() {
                self.asm.jmp_chain(&mut slow);
            }
        }
        if behind.no_int32.is_used() {
            by_routine(self, behind.no_int32, shared::TO_INT32_RCX, behind.no_int32_done, &mut slow);
        }
        if behind.nan.is_used() {
            self.asm.bind_chain(behind.nan);
            self.asm.run(|run| {
                run.mov64(Reg::RAX, Value::NAN.bits());
                run.jmp_back(found);
            });
        }
        for (entry, routine) in [(behind.large, shared::BOX_UINT32), (behind.barrier, shared::BARRIER)] {
            if entry.is_used() {
                self.asm.bind_chain(entry);
                self.asm.run(|run| {
                    run.call_near(routine.target());
                    run.jmp_back(found);
                });
            }
        }
        if behind.other_kind.is_used() {
            self.asm.bind_chain(behind.other_kind);
            let late = behind.seen & element_bits::TYPED == 0;
            let routine = match (src.is_some(), late) {
                (false, false) => shared::ELEMENT_GET,
                (true, false) => shared::ELEMENT_SET,
                (false, true) => shared::LATE_ELEMENT_GET,
                (true, true) => shared::LATE_ELEMENT_SET,
            };
            self.asm.run(|run| {
                if late {
                    run.site_address(Reg::R8, behind.slot);
                }
                run.call_near(routine.target());
                run.jcc_back(Cond::NE, found);
            });
        }
        self.whole_from(op, slow, Spill::NONE, behind.end);
    }
}
