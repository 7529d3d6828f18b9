//! Slow paths, which stand behind the function, and calls of helpers by their styles.
//!
//! Nearly all slow paths have one of a few forms ([`Slow`]): they call a stub or a shared routine, look at whether it failed, and go back. Forms are plain data,
//! which costs next to nothing to note; code of its own ([`Compiler::later`]) costs an allocation.

use super::compare::{Right, Use};
use super::element::Behind;
use super::emit::Emit;
use super::number::Integers;
use super::operands::Spill;
use super::{CX, Compiler, FRAME, SITES, TAG, site_field};
use crate::ic::routines;
use crate::stubs::{self, shared};
use crate::symbols::Symbol;
use std::sync::LazyLock;
use tercel_asm::Label;
use tercel_asm::x64::{Chain, Cond, Mem, Reg, Size, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Slot, instr};
use tercel_vm::Value;
use tercel_vm::elements::HOLE;
use tercel_vm::feedback::element_bits;
use tercel_vm::helpers::{self, Style};
use tercel_vm::layout::context;

/// A slow path to be emitted.
pub(super) struct Pending {
    /// The unit offset of its instruction.
    pc: usize,
    /// What it writes first.
    spill: Spill,
    slow: Slow,
}

/// What a slow path does, from the label `entry` on.
enum Slow {
    /// The whole op by its stub, which leaves a result in rax, too.
    Op {
        op: Op,
        entry: Label,
        done: Label,
    },
    /// The same, where the positions are known: from a chain of branches, back to a position.
    Whole {
        op: Op,
        entry: Chain,
        done: u32,
    },
    /// An operation on doubles gave NaN: again at `redo`, if the routine finds operands that were int32; otherwise the whole op.
    Numbers {
        op: Op,
        routine: Option<Symbol>,
        redo: u32,
        entry: Chain,
        done: u32,
    },
    /// A product is 0 in rax, and goes on at `product`; but −0 if one operand (`a`, rcx) is negative, which is `otherwise`'s.
    ZeroProduct {
        a: u16,
        zero: Chain,
        product: u32,
        otherwise: u32,
    },
    /// The same, with the whole op for −0 and all else.
    Product {
        op: Op,
        a: u16,
        zero: Chain,
        product: u32,
        entry: Chain,
        done: u32,
    },
    /// A sum or difference of int32 values in eax that is none: its left operand again in rax, which is all that has it, and then what is otherwise.
    Overflow {
        added: bool,
        right: Right,
        overflow: Chain,
        otherwise: u32,
    },
    /// The same, with the whole op for all else.
    Sum {
        op: Op,
        added: bool,
        right: Right,
        overflow: Chain,
        entry: Chain,
        done: u32,
    },
    /// Operands of a bit operation that are no int32, and results that are none.
    Integers {
        op: Op,
        chains: Integers,
    },
    /// The value in rax, which is no int32, to an int32.
    BoxedInt32 {
        op: Op,
        entry: Chain,
        done: u32,
    },
    /// What an access to an element does behind the function; `src` is the register that is stored.
    Element {
        op: Op,
        src: Option<u16>,
        behind: Box<Behind>,
    },
    /// A routine that looks into a site, for operands or states of it that the code in line does not know; if it fails, the whole op.
    BySite {
        op: Op,
        routine: Symbol,
        slot: Slot,
        other: Chain,
        found: u32,
        entry: Chain,
        done: u32,
    },
    /// An op on a named property by its stub, which leaves a result in rax.
    Named {
        op: Op,
        entry: Chain,
        done: u32,
    },
    /// The same by the megamorphic cache first, with the operands loaded anew.
    Megamorphic {
        op: Op,
        obj: u16,
        src: Option<u16>,
        /// The constant that is the name.
        name: u32,
        slot: Slot,
        entry: Label,
        done: Label,
    },
    /// The write barrier, after rcx was stored at an offset in the cell in rax.
    Barrier {
        offset: i32,
        entry: Chain,
        done: u32,
    },
    /// The same, at the offset in rdx; or at the address there.
    IndexedBarrier {
        is_address: bool,
        entry: Chain,
        done: u32,
    },
    /// A call meets another function than its site knows.
    Callee {
        op: Op,
        slot: Slot,
        other: Chain,
        entry: Chain,
        known: u32,
        done: u32,
    },
    /// A comparison of doubles again at `redo`, if the routine finds operands that were int32; otherwise by the op's stub. The left operand is in rax if
    /// `loaded`.
    Comparison {
        op: Op,
        a: u16,
        loaded: bool,
        right: Right,
        used: Use,
        routine: Option<Symbol>,
        redo: u32,
        entry: Chain,
        done: u32,
    },
    /// A routine of [`shared`], with the address of a site in rsi if it wants one.
    Shared {
        routine: Symbol,
        site: Option<Slot>,
        entry: Label,
        fails: Option<Label>,
        done: Label,
    },
    /// A jump that depends on the truth of the value in rax.
    Truth {
        entry: Chain,
        target: Label,
        wanted: bool,
        done: u32,
    },
    Poll {
        entry: Label,
        done: Label,
    },
    /// Anything else.
    Code(SlowCode),
}

type SlowCode = Box<dyn FnOnce(&mut Compiler<'_>)>;

/// Noting slow paths, and emitting them.
impl<'a> Compiler<'a> {
    fn note(&mut self, slow: Slow) {
        self.slow.push(Pending { pc: self.pc, spill: Spill::NONE, slow });
    }

    /// Notes a slow path whose helper reads operands that memory may lack.
    fn note_spilling(&mut self, slow: Slow) {
        self.slow.push(Pending { pc: self.pc, spill: self.spill, slow });
    }

    /// Notes a slow path that begins at a new label, and gives that.
    fn note_at_label(&mut self, slow: impl FnOnce(Label) -> Slow) -> Label {
        let entry = self.asm.new_label();
        self.note(slow(entry));
        entry
    }

    /// A label whose code, behind the function, does the whole op by its helper and comes back to `done`.
    pub fn slow_op(&mut self, op: Op, done: Label) -> Label {
        let entry = self.asm.new_label();
        self.note_spilling(Slow::Op { op, entry, done });
        entry
    }

    /// What branches of the chain go to does the whole op by its helper and comes back to this place.
    pub fn whole_behind(&mut self, op: Op, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note_spilling(Slow::Whole { op, entry, done });
    }

    /// What branches of the chain go to does an op on a named property by its stub, which leaves what was read in rax, and comes back to this place.
    pub fn named_behind(&mut self, op: Op, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note_spilling(Slow::Named { op, entry, done });
    }

    /// What branches of the chain go to is the barrier of a store of rcx at the offset in the cell in rax; it comes back to this place.
    pub fn barrier_behind(&mut self, offset: i32, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::Barrier { offset, entry, done });
    }

    /// As [`Compiler::barrier_behind`], at the offset in rdx.
    pub fn indexed_barrier_behind(&mut self, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::IndexedBarrier { is_address: false, entry, done });
    }

    /// As [`Compiler::barrier_behind`], at the address in rdx.
    pub fn address_barrier_behind(&mut self, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::IndexedBarrier { is_address: true, entry, done });
    }

    /// What an operation on doubles does behind the function: see [`Slow::Numbers`].
    pub fn numbers_behind(&mut self, op: Op, entry: Chain, routine: Option<Symbol>, redo: u32) {
        let done = self.asm.emitted() as u32;
        self.note_spilling(Slow::Numbers { op, routine, redo, entry, done });
    }

    /// See [`Slow::ZeroProduct`]: what is otherwise begins here.
    pub fn zero_product_behind(&mut self, a: u16, zero: Chain, product: u32) {
        let otherwise = self.asm.emitted() as u32;
        self.note(Slow::ZeroProduct { a, zero, product, otherwise });
    }

    /// See [`Slow::Product`].
    pub fn product_behind(&mut self, op: Op, a: u16, zero: Chain, product: u32, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note_spilling(Slow::Product { op, a, zero, product, entry, done });
    }

    /// What a call does behind the function: see [`Slow::Callee`].
    pub fn callee_behind(&mut self, op: Op, slot: Slot, other: Chain, entry: Chain, known: u32) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::Callee { op, slot, other, entry, known, done });
    }

    /// A label whose code does an op on a named property by the megamorphic cache or its stub; what was read is in rax. It comes back to `done`.
    pub fn slow_megamorphic(
        &mut self,
        op: Op,
        obj: u16,
        src: Option<u16>,
        name: u32,
        slot: Slot,
        done: Label,
    ) -> Label {
        let entry = self.asm.new_label();
        self.note_spilling(Slow::Megamorphic { op, obj, src, name, slot, entry, done });
        entry
    }

    /// A label whose code calls a routine of [`shared`] and comes back to `done`.
    pub fn slow_shared(&mut self, routine: Symbol, site: Option<Slot>, fails: Option<Label>, done: Label) -> Label {
        self.note_at_label(|entry| Slow::Shared { routine, site, entry, fails, done })
    }

    /// See [`Slow::BySite`].
    pub fn by_site_behind(&mut self, op: Op, routine: Symbol, slot: Slot, other: Chain, found: u32, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::BySite { op, routine, slot, other, found, entry, done });
    }

    /// See [`Slow::Element`].
    pub(super) fn element_behind(&mut self, op: Op, src: Option<u16>, behind: Behind) {
        self.note(Slow::Element { op, src, behind: Box::new(behind) });
    }

    /// See [`Slow::Integers`].
    pub(super) fn integers_behind(&mut self, op: Op, chains: Integers) {
        if chains.left.is_used() || chains.right.is_used() || chains.large.is_used() {
            self.note_spilling(Slow::Integers { op, chains });
        }
    }

    /// See [`Slow::Overflow`].
    pub fn overflow_behind(&mut self, added: bool, right: Right, overflow: Chain, otherwise: u32) {
        self.note(Slow::Overflow { added, right, overflow, otherwise });
    }

    /// See [`Slow::Sum`].
    pub fn sum_behind(&mut self, op: Op, added: bool, right: Right, overflow: Chain, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note_spilling(Slow::Sum { op, added, right, overflow, entry, done });
    }

    /// See [`Slow::BoxedInt32`].
    pub fn boxed_int32_behind(&mut self, op: Op, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note_spilling(Slow::BoxedInt32 { op, entry, done });
    }

    /// What a comparison does behind the function: see [`Slow::Comparison`].
    #[allow(clippy::too_many_arguments)]
    pub fn comparison_behind(
        &mut self,
        op: Op,
        a: u16,
        loaded: bool,
        right: Right,
        used: Use,
        routine: Option<Symbol>,
        redo: u32,
        entry: Chain,
    ) {
        let done = self.asm.emitted() as u32;
        self.note_spilling(Slow::Comparison { op, a, loaded, right, used, routine, redo, entry, done });
    }

    /// A jump, to be taken if the truth of the value in rax is as wanted.
    pub fn truth_behind(&mut self, entry: Chain, target: Label, wanted: bool) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::Truth { entry, target, wanted, done });
    }

    pub fn slow_poll(&mut self, done: Label) -> Label {
        self.note_at_label(|entry| Slow::Poll { entry, done })
    }

    /// Code behind the function.
    pub fn later(&mut self, code: impl FnOnce(&mut Compiler<'_>) + 'static) {
        self.note(Slow::Code(Box::new(code)));
    }

    /// Emits all that was noted, and what that notes.
    pub(super) fn slow_paths(&mut self) {
        while let Some(Pending { pc, spill, slow }) = self.slow.pop() {
            self.pc = pc;
            self.note_position();
            match slow {
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
                Slow::Integers { op, chains } => {
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
                Slow::BoxedInt32 { op, entry, done } => {
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
                Slow::Element { op, src, behind } => self.element_slow_path(op, src, *behind),
                Slow::BySite { op, routine, slot, other, found, entry, done } => {
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
                Slow::Megamorphic { op, obj, src, name, slot, entry, done } => {
                    self.asm.bind(entry);
                    self.spill(spill);
                    self.load_object_and_value(obj, src);
                    self.by_megamorphic_cache(src.is_some(), name, slot, done);
                    self.call_named(op);
                    self.asm.jmp_to(done);
                }
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
                Slow::Comparison { op, a, loaded, right, used, routine, redo, entry, done } => {
                    self.asm.bind_chain(entry);
                    self.stubs.insert(op);
                    let offset = self.pc as i32 * 2;
                    self.asm.run(|run| {
                        if let Some(routine) = routine {
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
                Slow::Poll { entry, done } => {
                    self.asm.bind(entry);
                    self.offset_argument();
                    self.call_leaf(shared::POLL);
                    self.asm.jmp_to(done);
                }
                Slow::Code(code) => code(self),
            }
        }
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

    fn element_slow_path(&mut self, op: Op, src: Option<u16>, behind: Behind) {
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
            self.asm.run(|run| {
                run.call_near(if src.is_some() { shared::ELEMENT_SET } else { shared::ELEMENT_GET }.target());
                run.jcc_back(Cond::NE, found);
            });
        }
        self.whole_from(op, slow, Spill::NONE, behind.end);
    }
}

/// The styles of the ops' helpers.
static STYLES: LazyLock<[Option<Style>; 256]> = LazyLock::new(|| {
    let mut styles = [None; 256];
    for &op in Op::ALL {
        styles[op as usize] = helpers::of_op(op).map(|helper| helper.style);
    }
    styles
});

/// Calls.
impl<'a> Compiler<'a> {
    /// The address of the current instruction's bytecode.
    fn pc_address(&self) -> i64 {
        self.code.code().wrapping_add(self.pc) as i64
    }

    /// The feedback sites of the function: after whatever changes r13.
    pub fn load_sites(&mut self) {
        let sites = self.code.sites() as i64;
        self.asm.mov_imm64(SITES, sites);
    }

    /// Context, frame and instruction as the first three arguments.
    pub fn helper_arguments(&mut self) {
        self.asm.mov(Size::S64, Reg::RDI, CX);
        self.asm.mov(Size::S64, Reg::RSI, FRAME);
        let pc = self.pc_address();
        self.asm.mov_imm64(Reg::RDX, pc);
    }

    /// Calls a helper that may collect, throw or run script.
    pub fn call_helper(&mut self, symbol: Symbol) {
        self.asm.mov(Size::S64, Mem::base(CX, context::EXIT_SP), Reg::RSP);
        self.asm.call_near(symbol.target());
    }

    /// Calls a helper that looks at its arguments only.
    pub fn call_leaf(&mut self, symbol: Symbol) {
        self.asm.call_near(symbol.target());
    }

    /// The current instruction, as stubs want it.
    pub fn offset_argument(&mut self) {
        // The verifier bounds code.
        self.asm.mov(Size::S32, Reg::RDX, self.pc as i32 * 2);
    }

    /// An op of [`stubs::named`] by its stub, which reads the operands itself.
    pub fn call_named(&mut self, op: Op) {
        debug_assert!(stubs::named::is_named(op));
        self.stubs.insert(op);
        let next = self.return_pc();
        self.asm.run(|run| {
            run.mov32(Reg::RSI, next);
            run.call_near(stubs::named::by_offset(op).target());
        });
    }

    /// A slow path that is the whole op.
    fn whole_from(&mut self, op: Op, entry: Chain, spill: Spill, done: u32) {
        self.asm.bind_chain(entry);
        self.spill(spill);
        self.count_site(op, context::missed);
        self.stubs.insert(op);
        let offset = self.pc as i32 * 2;
        self.asm.run(|run| {
            run.mov32(Reg::RDX, offset);
            run.call_near(stubs::of_op(op).target());
            run.jmp_back(done);
        });
    }

    /// The op's helper, through its stub, which deals with throws and with frames that were pushed.
    fn call_stub(&mut self, op: Op) {
        self.offset_argument();
        self.stubs.insert(op);
        self.asm.call_near(stubs::of_op(op).target());
    }

    /// The whole op by its helper of style `Leave`.
    pub fn leave_helper(&mut self, op: Op) {
        self.helper_arguments();
        self.call_helper(Symbol::helper(op));
        let (throw, done, elsewhere) = (self.throw, self.asm.new_label(), self.asm.new_label());
        self.asm.cmp(Size::S64, Reg::RAX, 1);
        self.asm.jb(done);
        self.asm.je(throw);
        self.asm.cmp(Size::S64, Reg::RAX, 2);
        self.asm.jne(elsewhere);
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(CX, context::RESULT));
        self.asm.pop(Reg::RBP);
        self.asm.ret();
        self.asm.bind(elsewhere);
        self.asm.mov(Size::S64, FRAME, Mem::base(CX, context::FRAME));
        self.asm.jmp(Reg::RAX);
        self.asm.bind(done);
    }

    /// The whole op by its helper, whatever its style; `Relation`s excepted.
    pub fn whole_op(&mut self, op: Op) {
        self.count_site(op, context::missed);
        match STYLES[op as usize] {
            Some(Style::Plain | Style::Call) => self.call_stub(op),
            Some(Style::Leave) => self.leave_helper(op),
            Some(Style::Jump) => {
                let jump = op.jump_targets(&self.template.code, self.pc).next();
                let target = self.label(jump.expect("ops of this style have a target") as usize);
                self.call_stub(op);
                self.asm.je(target);
            }
            Some(Style::Relation) | None => unreachable!("{op:?} has code of its own"),
        }
    }
}
