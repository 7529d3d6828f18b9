//! Operands that never reach memory: results that only the next instruction reads stay in rax, and constants that only the next one
//! reads become part of it.
//!
//! Temporaries are most of what a function writes, and most are read once, at once. Such a register is not written: the instruction that reads it
//! takes it from rax ([`Compiler::unsaved`]) or from its own code ([`Right::Constant`]). Its slow paths, whose helpers
//! read operands from the frame, begin by writing it ([`Spill`]).
//!
//! Whether anybody else reads the register is found by looking ahead along all ways ([`Compiler::is_dead_after`]), ten instructions at most. What memory
//! holds in the meantime is a former value of the register, which is as good to the collector as any.

use super::compare::Right;
use super::emit::Emit;
use super::{Compiler, FRAME};
use std::sync::LazyLock;
use tercel_asm::x64::{Reg, Run, Size, opcode};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Instr, OperandKind, instr};
use tercel_vm::frame::{self, HEADER};

/// Where operands are that memory lacks, when a slow path begins.
#[derive(Clone, Copy, Default)]
pub(super) struct Spill {
    pub register: Option<(Reg, u16)>,
    pub constant: Option<(u16, i32)>,
}

impl Spill {
    pub const NONE: Spill = Spill { register: None, constant: None };
}

/// Where the two operands of an op are when it begins.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    left: u16,
    right: Right,
    left_in_rax: bool,
    right_in_rax: bool,
}

impl Operands {
    /// rax = the left one, rcx = the right one, if that is in a register.
    #[inline(always)]
    pub fn load(self, run: &mut Run<'_>) {
        if self.right_in_rax {
            run.rr(Size::S64, opcode::STORE, Reg::RAX, Reg::RCX);
        }
        run.load_or_keep(Reg::RAX, self.left, self.left_in_rax);
        if let (Right::Register(right), false) = (self.right, self.right_in_rax) {
            run.load_or_keep(Reg::RCX, right, right == self.left && self.left_in_rax);
        }
    }
}

/// What an op does with registers that it reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Reads memory.
    Nothing,
    /// Any of its operands may be in rax.
    Any,
    /// Any operand but the second, which may also be a constant.
    AnyAndConstant,
    /// The stored value only.
    Stored,
}

fn takes(op: Op) -> Takes {
    use Op::*;
    match op {
        Add | Sub | Mul | Div | Mod | BitAnd | BitOr | BitXor | Shl | Shr | UShr | JumpIfEq | JumpIfNotEq
        | JumpIfStrictEq | JumpIfStrictNotEq | JumpIfLess | JumpIfLessEq | JumpIfGreater | JumpIfGreaterEq
        | JumpIfNotLess | JumpIfNotLessEq | JumpIfNotGreater | JumpIfNotGreaterEq => Takes::AnyAndConstant,
        AddImm
        | SubImm
        | MulImm
        | DivImm
        | ModImm
        | BitAndImm
        | BitOrImm
        | BitXorImm
        | ShlImm
        | ShrImm
        | UShrImm
        | Eq
        | NotEq
        | StrictEq
        | StrictNotEq
        | Less
        | LessEq
        | Greater
        | GreaterEq
        | JumpIfTrue
        | JumpIfFalse
        | JumpIfNullish
        | JumpIfNotNullish
        | JumpIfUndefined
        | JumpIfNotUndefined
        | JumpIfNull
        | JumpIfNotNull
        | JumpIfEqImm
        | JumpIfNotEqImm
        | JumpIfStrictEqImm
        | JumpIfStrictNotEqImm
        | JumpIfLessImm
        | JumpIfLessEqImm
        | JumpIfGreaterImm
        | JumpIfGreaterEqImm
        | JumpIfNotLessImm
        | JumpIfNotLessEqImm
        | JumpIfNotGreaterImm
        | JumpIfNotGreaterEqImm
        | Move
        | GetNamed
        | GetMethod
        | Return => Takes::Any,
        SetNamed => Takes::Stored,
        _ => Takes::Nothing,
    }
}

/// Instructions that are looked at for the next use of a register.
const BUDGET: usize = 10;
/// Ways that are remembered meanwhile.
const WAYS: usize = 6;

impl<'a> Compiler<'a> {
    /// Ends an instruction with its result in rax: stores it, unless only the next instruction reads it.
    pub(super) fn store_result(&mut self, register: u16) {
        if !self.stays_in_rax(register) {
            self.store(register, Reg::RAX);
        }
    }

    /// Whether the result of the current instruction is left in rax alone. Asked more than once, it says the same.
    fn stays_in_rax(&mut self, register: u16) -> bool {
        if let Some((asked, answer)) = self.stays {
            return answer && asked == register;
        }
        let next = self.pc + self.op_at(self.pc).units();
        let answer = self.is_for_next_only(register, next);
        self.stays = Some((register, answer));
        answer
    }

    pub(super) fn op_at(&self, pc: usize) -> Op {
        // The verifier has seen the code.
        Op::from_unit(self.template.code[pc]).unwrap_or(Op::Return)
    }

    /// Whether the instruction at `next` alone reads the register, whose value is in rax, and can take it from there.
    fn is_for_next_only(&self, register: u16, next: usize) -> bool {
        let is_temporary = register as usize >= HEADER + self.code.num_params();
        if !is_temporary
            || self.cx.options.count_sites
            || next >= self.template.code.len()
            || self.labels[next].is_some()
        {
            return false;
        }
        let op = self.op_at(next);
        let code = &self.template.code;
        if let Some((constant, user)) = self.constant_for_next(next) {
            // What is behind the constant may take both.
            return constant != register && self.takes_register(user, register) && self.is_dead_after(register, user);
        }
        let named = matches!(op, Op::GetNamed | Op::GetMethod | Op::SetNamed);
        let taken = match takes(op) {
            Takes::Nothing => false,
            Takes::Stored => {
                let i = instr::SetNamed::decode(code, next);
                i.src.0 == register && i.obj.0 != register
            }
            Takes::Any | Takes::AnyAndConstant => self.takes_register(next, register),
        };
        taken && !(named && self.cx.options.no_ic) && self.is_dead_after(register, next)
    }

    fn takes_register(&self, pc: usize, register: u16) -> bool {
        let op = self.op_at(pc);
        let code = &self.template.code;
        let is_it =
            |&(at, kind): &(u8, OperandKind)| kind == OperandKind::Src && code[pc + usize::from(at)] == register;
        SHAPES[op as usize].registers().iter().any(is_it)
    }

    /// A small constant that the instruction at `pc` loads for the next one to use as its right operand, and for nobody else: the register, and
    /// where that instruction is.
    fn constant_for_next(&self, pc: usize) -> Option<(u16, usize)> {
        let code = &self.template.code;
        let dst = match self.op_at(pc) {
            Op::LoadInt => instr::LoadInt::decode(code, pc).dst.0,
            Op::LoadInt32 => instr::LoadInt32::decode(code, pc).dst.0,
            _ => return None,
        };
        let user = pc + self.op_at(pc).units();
        if dst as usize <= HEADER + self.code.num_params()
            || self.cx.options.count_sites
            || user >= code.len()
            || self.labels[user].is_some()
            || takes(self.op_at(user)) != Takes::AnyAndConstant
        {
            return None;
        }
        // All of these have the operands `a` and `b`.
        let mut sources = self.op_at(user).operands(code, user).filter(|operand| operand.kind == OperandKind::Src);
        let (a, b) = (sources.next()?.value, sources.next()?.value);
        (b == i64::from(dst) && a != b && self.is_dead_after(dst, user)).then_some((dst, user))
    }

    /// Leaves the loading of a constant to the next instruction, if that is its only user.
    pub(super) fn leave_constant(&mut self, dst: u16, value: i32) -> bool {
        let leaves = self.constant_for_next(self.pc).is_some();
        if leaves {
            self.constant = Some((dst, value));
            // What the instruction before has left is the next one's, too.
            self.kept = self.unsaved;
        }
        leaves
    }

    /// The current instruction wants its operands in memory after all: it may clobber rax before it needs that.
    pub(super) fn save_operand(&mut self) {
        if let Some(register) = self.unsaved.take() {
            self.store(register, Reg::RAX);
            self.in_rax = Some((register, self.asm.emitted()));
        }
    }

    pub(super) fn operands(&self, left: u16, right: Right) -> Operands {
        let right_in_rax = matches!(right, Right::Register(r) if r != left && self.is_in_rax(r));
        Operands { left, right, left_in_rax: self.is_in_rax(left), right_in_rax }
    }

    /// Writes what memory lacks.
    pub(super) fn spill(&mut self, spill: Spill) {
        if let Some((reg, register)) = spill.register {
            self.store(register, reg);
        }
        if let Some((register, value)) = spill.constant {
            self.load_number(Reg::RDX, value);
            self.asm.mov(Size::S64, tercel_asm::x64::Mem::base(FRAME, i32::from(register) * 8), Reg::RDX);
        }
    }

    /// Whether nobody reads the register after the instruction at `pc` before it is written: along all ways, handlers included. `false` where that
    /// would take long to find out.
    fn is_dead_after(&self, register: u16, pc: usize) -> bool {
        let mut ways = [0; WAYS];
        let mut seen = [usize::MAX; BUDGET];
        let mut count = 0;
        let mut handled = None;
        let mut budget = BUDGET;
        let (mut at, mut first) = (pc, true);
        let shapes: &[Shape; 256] = &SHAPES;
        let code = &self.template.code;
        let handles = !self.template.handlers.is_empty();
        loop {
            // One way, to its end.
            let mut arrived = true;
            loop {
                // Ways meet where they begin or jump to; instructions in between are looked at again, which the budget bounds.
                if arrived && !first && seen.contains(&at) {
                    break;
                }
                if budget == 0 || at >= self.template.code.len() {
                    return false;
                }
                budget -= 1;
                if arrived && !first {
                    seen[budget] = at;
                }
                arrived = false;
                let op = self.op_at(at);
                let shape = &shapes[op as usize];
                let Some(units) = code.get(at..at + usize::from(shape.units)) else { return false };
                let mut fate = shape.fate_of(units, register);
                if first && fate == Fate::Read {
                    // What the instruction that takes the register does to it besides.
                    fate = if shape.writes(units, register) { Fate::Written } else { Fate::Untouched };
                }
                first = false;
                let mut push = |target: usize| {
                    let fits = count < WAYS;
                    if fits {
                        ways[count] = target;
                        count += 1;
                    }
                    fits
                };
                if handles
                    && shape.throws
                    && let Some(handler) =
                        self.template.handlers.iter().find(|h| (h.start..h.end).contains(&(at as u32)))
                    && handled != Some(handler.target)
                {
                    handled = Some(handler.target);
                    if !push(handler.target as usize) {
                        return false;
                    }
                }
                match fate {
                    Fate::Read => return false,
                    Fate::Written => break,
                    Fate::Untouched => {}
                }
                if shape.forks {
                    return false;
                }
                let target = shape.jump_of(units).map(|distance| (at as i64 + i64::from(distance)) as usize);
                match (target, op) {
                    (Some(target), Op::Jump | Op::LoopBack) => {
                        at = target;
                        arrived = true;
                        continue;
                    }
                    (Some(target), _) => {
                        if !push(target) {
                            return false;
                        }
                    }
                    (None, _) => {}
                }
                if shape.ends_block {
                    break;
                }
                at += usize::from(shape.units);
            }
            if count == 0 {
                return true;
            }
            count -= 1;
            at = ways[count];
        }
    }
}

/// Registers that an operand writes, from the one that it names.
fn written_by(kind: OperandKind) -> u32 {
    match kind {
        OperandKind::Dst => 1,
        OperandKind::DstPair => 2,
        OperandKind::IterOut => 3,
        OperandKind::BlockOut => HEADER as u32,
        _ => 0,
    }
}

/// Most operands of an op that are registers, or say how many.
const MOST_REGISTERS: usize = 6;

/// Where an op's operands are: looking ahead has no time to go through the table of ops.
#[derive(Clone, Copy)]
struct Shape {
    registers: [(u8, OperandKind); MOST_REGISTERS],
    count: u8,
    /// The unit of the jump operand; 0 if there is none.
    jump: u8,
    /// There are several ways on besides the next instruction.
    forks: bool,
    /// It may go on at a handler.
    throws: bool,
    ends_block: bool,
    /// Its length.
    units: u8,
}

impl Shape {
    fn registers(&self) -> &[(u8, OperandKind)] {
        &self.registers[..usize::from(self.count)]
    }

    /// What the instruction in these units does to the register. Where it is not known exactly, it reads it.
    fn fate_of(&self, units: &[u16], register: u16) -> Fate {
        let r = u32::from(register);
        let (mut written, mut before) = (false, 0);
        for &(at, kind) in self.registers() {
            let v = u32::from(units[usize::from(at)]);
            let read = match kind {
                OperandKind::Src => v == r,
                OperandKind::Count => (before..before + v).contains(&r),
                OperandKind::Argc => {
                    // The callee's frame lies over all that is above.
                    written |= r >= before;
                    let arguments = before + HEADER as u32;
                    r == before || r == before + frame::THIS as u32 || (arguments..arguments + v).contains(&r)
                }
                OperandKind::Iter => (v..v + 3).contains(&r),
                _ => {
                    written |= (v..v + written_by(kind)).contains(&r);
                    before = v;
                    false
                }
            };
            if read {
                return Fate::Read;
            }
        }
        if !written {
            Fate::Untouched
        } else if self.jump != 0 {
            // Perhaps not on both ways.
            Fate::Read
        } else {
            Fate::Written
        }
    }

    /// Whether the instruction in these units writes the register, whatever it does before.
    fn writes(&self, units: &[u16], register: u16) -> bool {
        self.registers().iter().any(|&(at, kind)| {
            let from = u32::from(units[usize::from(at)]);
            (from..from + written_by(kind)).contains(&u32::from(register))
        })
    }

    /// How far the instruction in these units jumps, if it has a jump operand.
    fn jump_of(&self, units: &[u16]) -> Option<i32> {
        let at = usize::from(self.jump);
        if at == 0 {
            return None;
        }
        Some((u32::from(*units.get(at)?) | u32::from(*units.get(at + 1)?) << 16) as i32)
    }
}

static SHAPES: LazyLock<[Shape; 256]> = LazyLock::new(|| {
    use OperandKind::{Argc, Block, BlockOut, Count, Dst, DstPair, Iter, IterOut, Jump, Run, Src};
    let none = Shape {
        registers: [(0, Src); MOST_REGISTERS],
        count: 0,
        jump: 0,
        forks: false,
        throws: false,
        ends_block: false,
        units: 0,
    };
    let mut shapes = [none; 256];
    for &op in Op::ALL {
        let shape = &mut shapes[op as usize];
        let effects = op.info().effects;
        shape.forks = op == Op::SwitchTable;
        shape.throws = effects.can_throw() | effects.is_safepoint();
        shape.ends_block = effects.ends_block();
        shape.units = op.units() as u8;
        let mut at = 1;
        for &(_, kind) in op.info().operands {
            if kind == Jump {
                shape.forks |= shape.jump != 0;
                shape.jump = at;
            }
            if matches!(kind, Argc | Block | BlockOut | Count | Dst | DstPair | Iter | IterOut | Run | Src) {
                shape.registers[usize::from(shape.count)] = (at, kind);
                shape.count += 1;
            }
            at += kind.units() as u8;
        }
    }
    shapes
});

/// What an instruction does to a register.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Read,
    Written,
    Untouched,
}
