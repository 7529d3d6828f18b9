//! Slow paths, which stand behind the function: what they are, and how they are noted.
//!
//! Nearly all slow paths have one of a few forms ([`Slow`]): they call a stub or a shared routine, look at whether it failed, and go back. Forms are plain data,
//! which costs next to nothing to note; code of its own ([`Compiler::later`]) costs an allocation. `paths.rs` emits them.

mod paths;

use super::Compiler;
use super::compare::{Right, Use};
use super::element::Behind;
use super::number::Integers;
use super::operands::Spill;
use crate::symbols::Symbol;
use tercel_asm::Label;
use tercel_asm::x64::Chain;
use tercel_bytecode::Op;
use tercel_bytecode::op::Slot;

/// A slow path to be emitted.
#[derive(Clone, Copy)]
pub(super) struct Pending {
    /// The unit offset of its instruction.
    pc: usize,
    /// What it writes first.
    spill: Spill,
    slow: Slow,
}

/// What a slow path does, from the label `entry` on.
#[derive(Clone, Copy)]
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
        /// Its place in [`Compiler::behinds`].
        behind: u32,
    },
    /// A routine that looks into a site, for operands or states of it that the code in line does not know; if it fails, the whole op.
    BySite(BySite),
    /// An op on a named property by its stub, which leaves a result in rax.
    Named {
        op: Op,
        entry: Chain,
        done: u32,
    },
    /// The same by the megamorphic cache first, with the operands loaded anew.
    Megamorphic(Megamorphic),
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
    Comparison(Comparison),
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
    /// What a constructor returns, in rax.
    Constructed {
        entry: Chain,
        done: u32,
    },
    Poll {
        entry: Chain,
        done: u32,
    },
    /// Anything else: its place in [`Compiler::codes`].
    Code(u32),
}

/// See [`Slow::BySite`].
#[derive(Clone, Copy)]
struct BySite {
    op: Op,
    routine: Symbol,
    slot: Slot,
    other: Chain,
    found: u32,
    entry: Chain,
    done: u32,
}

/// See [`Slow::Megamorphic`].
#[derive(Clone, Copy)]
struct Megamorphic {
    op: Op,
    obj: u16,
    src: Option<u16>,
    /// The constant that is the name.
    name: u32,
    slot: Slot,
    entry: Label,
    done: Label,
}

/// A comparison by the op's stub. Of doubles: `again` at a place, if a routine finds operands that were int32. The left operand is in rax if `loaded`.
#[derive(Clone, Copy)]
pub(super) struct Comparison {
    pub op: Op,
    pub a: u16,
    pub loaded: bool,
    pub right: Right,
    pub used: Use,
    pub again: Option<(Symbol, u32)>,
    pub entry: Chain,
    pub done: u32,
}

pub(super) type SlowCode = Box<dyn FnOnce(&mut Compiler<'_>)>;

/// Noting slow paths.
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
        self.note_spilling(Slow::Megamorphic(Megamorphic { op, obj, src, name, slot, entry, done }));
        entry
    }

    /// A label whose code calls a routine of [`shared`] and comes back to `done`.
    pub fn slow_shared(&mut self, routine: Symbol, site: Option<Slot>, fails: Option<Label>, done: Label) -> Label {
        self.note_at_label(|entry| Slow::Shared { routine, site, entry, fails, done })
    }

    /// See [`Slow::BySite`].
    pub fn by_site_behind(&mut self, op: Op, routine: Symbol, slot: Slot, other: Chain, found: u32, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::BySite(BySite { op, routine, slot, other, found, entry, done }));
    }

    /// See [`Slow::Element`].
    pub(super) fn element_behind(&mut self, op: Op, src: Option<u16>, behind: Behind) {
        let index = self.behinds.len() as u32;
        self.behinds.push(behind);
        self.note(Slow::Element { op, src, behind: index });
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

    /// What a comparison does behind the function.
    pub(super) fn comparison_behind(&mut self, comparison: Comparison) {
        self.note_spilling(Slow::Comparison(comparison));
    }

    /// A jump, to be taken if the truth of the value in rax is as wanted.
    pub fn truth_behind(&mut self, entry: Chain, target: Label, wanted: bool) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::Truth { entry, target, wanted, done });
    }

    /// A function called with `new` returns rax: from this chain, on to that place.
    pub fn constructed_behind(&mut self, entry: Chain, done: u32) {
        self.note(Slow::Constructed { entry, done });
    }

    /// A safepoint is wanted: from this chain, and back to here.
    pub fn poll_behind(&mut self, entry: Chain) {
        let done = self.asm.emitted() as u32;
        self.note(Slow::Poll { entry, done });
    }

    /// Code behind the function.
    pub fn later(&mut self, code: impl FnOnce(&mut Compiler<'_>) + 'static) {
        let index = self.codes.len() as u32;
        self.codes.push(Some(Box::new(code)));
        self.note(Slow::Code(index));
    }
}
