//! Slow paths, which stand behind the function, and calls of helpers by their styles.
//!
//! Nearly all slow paths have one of a few forms ([`Slow`]): they call a stub or a shared routine, look at whether it failed, and go back. Forms are plain data,
//! which costs next to nothing to note; code of its own ([`Compiler::later`]) costs an allocation.

use super::compare::{Right, Use};
use super::operands::Spill;
use super::{CX, Compiler, FRAME, SITES, TAG, site_field};
use crate::stubs::{self, shared};
use crate::symbols::Symbol;
use std::sync::LazyLock;
use tercel_asm::Label;
use tercel_asm::x64::{Cond, Mem, Reg, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::Slot;
use tercel_vm::elements::HOLE;
use tercel_vm::feedback::SiteState;
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
    /// The whole op by its stub.
    Op {
        op: Op,
        entry: Label,
        done: Label,
        /// The register that `done` expects in rax, too.
        result: Option<u16>,
    },
    /// An op on a named property by its stub, with its operands loaded anew.
    Named {
        op: Op,
        obj: u16,
        src: Option<u16>,
        /// The constant that is the name.
        name: u32,
        slot: Slot,
        entry: Label,
        done: Label,
    },
    /// A comparison by its stub; the left operand is in rax if `loaded`.
    Comparison {
        op: Op,
        a: u16,
        loaded: bool,
        right: Right,
        used: Use,
        entry: Label,
        done: Label,
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
        entry: Label,
        truthy: Label,
        falsy: Label,
    },
    /// A sum or difference of int32 values in eax that is none: its left operand again in rax, then on to the label.
    Overflow {
        added: bool,
        right: Right,
        entry: Label,
        to: Label,
    },
    Poll {
        entry: Label,
        done: Label,
    },
    /// The word in rax of an array of doubles becomes a value: in place, since loops over doubles come here each time.
    Double {
        entry: Label,
        hole: Label,
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
        self.note_spilling(Slow::Op { op, entry, done, result: None });
        entry
    }

    /// The slow paths of the current op that go to `done` load the op's result, a register, into rax.
    pub(super) fn reload_after_slow_op(&mut self, register: u16, done: Label) {
        for pending in self.slow.iter_mut().rev().take_while(|pending| pending.pc == self.pc) {
            if let Slow::Op { done: to, result, .. } = &mut pending.slow
                && *to == done
            {
                *result = Some(register);
            }
        }
    }

    /// A label whose code does an op on a named property by its stub, which leaves what was read in rax, and comes back to `done`.
    pub fn slow_named(&mut self, op: Op, obj: u16, src: Option<u16>, name: u32, slot: Slot, done: Label) -> Label {
        let entry = self.asm.new_label();
        self.note_spilling(Slow::Named { op, obj, src, name, slot, entry, done });
        entry
    }

    /// A label whose code calls a routine of [`shared`] and comes back to `done`.
    pub fn slow_shared(&mut self, routine: Symbol, site: Option<Slot>, fails: Option<Label>, done: Label) -> Label {
        self.note_at_label(|entry| Slow::Shared { routine, site, entry, fails, done })
    }

    /// [`Self::slow_shared`] that goes on to the slow path of the whole op if the routine fails, which may have clobbered an operand that memory lacks.
    pub fn slow_shared_spilling(&mut self, routine: Symbol, fails: Label, done: Label) -> Label {
        let entry = self.asm.new_label();
        self.note_spilling(Slow::Shared { routine, site: None, entry, fails: Some(fails), done });
        entry
    }

    /// A label whose code undoes an addition to rax (or a subtraction) and goes on at `to`.
    pub fn slow_overflow(&mut self, added: bool, right: Right, to: Label) -> Label {
        self.note_at_label(|entry| Slow::Overflow { added, right, entry, to })
    }

    #[allow(clippy::too_many_arguments)]
    pub fn slow_comparison(
        &mut self,
        op: Op,
        a: u16,
        loaded: bool,
        right: Right,
        used: Use,
        entry: Label,
        done: Label,
    ) {
        self.note_spilling(Slow::Comparison { op, a, loaded, right, used, entry, done });
    }

    pub fn slow_truth(&mut self, entry: Label, truthy: Label, falsy: Label) {
        self.note(Slow::Truth { entry, truthy, falsy });
    }

    pub fn slow_poll(&mut self, done: Label) -> Label {
        self.note_at_label(|entry| Slow::Poll { entry, done })
    }

    pub fn slow_double(&mut self, hole: Label, done: Label) -> Label {
        self.note_at_label(|entry| Slow::Double { entry, hole, done })
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
                Slow::Op { op, entry, done, result } => {
                    self.asm.bind(entry);
                    self.spill(spill);
                    self.whole_op(op);
                    if let Some(register) = result {
                        self.load(Reg::RAX, register);
                    }
                    self.asm.jmp_to(done);
                }
                Slow::Named { op, obj, src, name, slot, entry, done } => {
                    self.asm.bind(entry);
                    self.spill(spill);
                    self.load_object_and_value(obj, src);
                    if self.feedback(slot).state.get() == SiteState::Megamorphic {
                        // Its way is through the cache: no time is lost.
                        self.by_megamorphic_cache(src.is_some(), name, slot, done);
                        self.load_object_and_value(obj, src);
                    }
                    self.call_named_stub(op, slot);
                    self.asm.jmp_to(done);
                }
                Slow::Comparison { op, a, loaded, right, used, entry, done } => {
                    self.asm.bind(entry);
                    self.spill(spill);
                    if !loaded {
                        self.load(Reg::RAX, a);
                    }
                    if let Right::Register(b) | Right::Constant(b, _) = right {
                        self.load(Reg::RCX, b);
                    }
                    self.call_stub(op);
                    if let Use::Jump { target, wanted } = used {
                        self.asm.jcc(if wanted { Cond::E } else { Cond::NE }, target);
                    }
                    self.asm.jmp_to(done);
                }
                Slow::Shared { routine, site, entry, fails, done } => {
                    self.asm.bind(entry);
                    self.spill(spill);
                    if let Some(slot) = site {
                        self.asm.lea(Size::S64, Reg::RSI, site_field(slot, 0));
                    }
                    self.call_leaf(routine);
                    if let Some(fails) = fails {
                        self.asm.je(fails);
                    }
                    self.asm.jmp_to(done);
                }
                Slow::Truth { entry, truthy, falsy } => {
                    self.asm.bind(entry);
                    self.call_leaf(shared::TRUTHY);
                    self.asm.jne(truthy);
                    self.asm.jmp_to(falsy);
                }
                Slow::Overflow { added, right, entry, to } => {
                    self.asm.bind(entry);
                    match (right, added) {
                        (Right::Immediate(imm), true) => self.asm.sub(Size::S32, Reg::RAX, i32::from(imm)),
                        (Right::Immediate(imm), false) => self.asm.add(Size::S32, Reg::RAX, i32::from(imm)),
                        (_, true) => self.asm.sub(Size::S32, Reg::RAX, Reg::RCX),
                        (_, false) => self.asm.add(Size::S32, Reg::RAX, Reg::RCX),
                    }
                    self.box_int32(Reg::RAX);
                    self.asm.jmp_to(to);
                }
                Slow::Poll { entry, done } => {
                    self.asm.bind(entry);
                    self.offset_argument();
                    self.call_leaf(shared::POLL);
                    self.asm.jmp_to(done);
                }
                Slow::Double { entry, hole, done } => {
                    self.asm.bind(entry);
                    self.asm.mov_imm64(Reg::RDX, HOLE as i64);
                    self.asm.cmp(Size::S64, Reg::RAX, Reg::RDX);
                    self.asm.je(hole);
                    self.asm.sub(Size::S64, Reg::RAX, TAG);
                    self.asm.jmp_to(done);
                }
                Slow::Code(code) => code(self),
            }
        }
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
    fn offset_argument(&mut self) {
        // The verifier bounds code.
        self.asm.mov(Size::S32, Reg::RDX, self.pc as i32 * 2);
    }

    /// The stub of an op of [`stubs::named`].
    pub fn call_named(&mut self, op: Op) {
        debug_assert!(stubs::named::is_named(op));
        self.stubs.insert(op);
        self.asm.call_near(stubs::of_op(op).target());
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
