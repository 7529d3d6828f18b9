//! The baseline compiler: one linear pass over the bytecode of a function, without an IR.
//!
//! Each bytecode instruction becomes a fast path, and a slow path behind the function's code that calls the op's helper
//! ([`tercel_vm::helpers`]), which does the whole op for any operands. Registers of the VM frame stay in memory between instructions, where the
//! interpreter has them, so execution can change tiers at every instruction that has an entry.
//!
//! The compiler is total: it has code for every op. What it keeps in mind is little: which registers are known to hold an int32 or a double since the last place that
//! can be jumped to ([`Facts`]), which saves checks and never changes what code does.
//!
//! * `emit.rs`: what the code of many ops has in common
//! * `allocate.rs`: objects, arrays, closures, scopes
//! * `frame.rs`: prologue, calls, returns, suspensions
//! * `number.rs`: arithmetic, bit operations, conversions
//! * `compare.rs`: comparisons and jumps
//! * `fast_native.rs`: natives with code of their own
//! * `operands.rs`: results and constants that only the next instruction reads
//! * `property.rs`, `element.rs`: inline caches of names, elements
//! * `misc.rs`: moves, checks, scopes, globals, iteration
//! * `slow`: slow paths; `calls.rs`: calls of helpers and stubs

pub(crate) mod allocate;
mod calls;
pub(crate) mod compare;
mod element;
mod emit;
mod facts;
mod fast_native;
mod frame;
mod misc;
mod number;
mod operands;
mod property;
mod slow;

use crate::engine::Refusal;
use crate::stubs::OpSet;
use element::Behind;
use facts::Facts;
use slow::{Pending, SlowCode};
use std::sync::{Arc, LazyLock};
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, AssemblyRef, Mem, Reg, Size};
use tercel_bytecode::op::{Instr, OperandKind};
use tercel_bytecode::{FeedbackKind, Op, Template};
use tercel_code::{CodeInfo, CodeKind, CodeTables, Unwind};
use tercel_vm::Gc;
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;
use tercel_vm::feedback::Site;
use tercel_vm::layout::{context, site};
use tercel_vm::statistics::COUNTED_SITES;
use tercel_vm::tier::WayIn;

/// The registers of machine code; see [`tercel_vm::machine`].
pub(crate) const FRAME: Reg = Reg::RBX;
pub(crate) const CX: Reg = Reg::R12;
pub(crate) const SITES: Reg = Reg::R13;
pub(crate) const TAG: Reg = Reg::R14;
pub(crate) const NOT_CELL: Reg = Reg::R15;

/// Bytes of code that a function may have.
const LIMIT: usize = 32 << 20;

/// A compiled function, before it is published, in the memory of a [`Scratch`]. Offsets are in bytes from the code's start, where calls enter.
pub struct Compiled<'a> {
    /// The code, and what is to be filled in.
    pub assembly: AssemblyRef<'a>,
    /// Where frames that are filled in enter, without and with a native frame.
    pub filled: u32,
    pub filled_inside: u32,
    /// The ways in at other instructions. Sorted.
    pub ways_in: &'a [WayIn],
    /// Where the slow paths end: behind them are the ways in and out.
    pub pads: u32,
    pub instructions: u32,
    pub bytecode_bytes: u64,
    /// The stubs that the code calls: they are to be published first.
    pub stubs: OpSet,
    /// Where the code of each instruction and slow path begins, and its unit offset, if that was asked for.
    pub positions: Vec<(u32, u32)>,
}

/// Compiles a function that is ready to run.
///
/// # Errors
/// If its code would be too large.
pub fn compile<'a>(cx: &'a Context, code: Gc<CodeBlock>, scratch: &'a mut Scratch) -> Result<Compiled<'a>, Refusal> {
    compile_with(cx, code, scratch, cx.options.shows_code())
}

/// As [`compile`]; `positions`: with a table of where the code of each instruction begins, for tools. Nothing that runs needs it: VM frames know
/// their instruction.
pub fn compile_with<'a>(
    cx: &'a Context,
    code: Gc<CodeBlock>,
    scratch: &'a mut Scratch,
    positions: bool,
) -> Result<Compiled<'a>, Refusal> {
    let mut compiler = Compiler::new(cx, code, code.template(), scratch);
    compiler.positions = positions.then(Vec::new);
    compiler.run();
    compiler.finish()
}

/// What profilers and debuggers are told of a function's code. Without any, functions share a name.
pub fn info(cx: &Context, template: &Template, compiled: &Compiled) -> CodeInfo {
    static FUNCTION: LazyLock<Arc<str>> = LazyLock::new(|| "function".into());
    let unwind = Unwind::Rbp { prologue: 0 };
    if !cx.options.shows_code() {
        return CodeInfo { name: FUNCTION.clone(), kind: CodeKind::Baseline, tables: None, unwind, source: None };
    }
    let source = &template.source;
    let own_name = if template.name.is_empty() { "(anonymous)".to_owned() } else { template.name.to_string() };
    let mut tables = Box::<CodeTables>::default();
    for &(offset, pc) in &compiled.positions {
        tables.positions.push(offset, pc);
    }
    for (offset, &pc) in tables.positions.iter() {
        tables.lines.push(offset, source.line_number(template.positions.offset_at(pc)));
    }
    CodeInfo {
        name: format!("{own_name} {}:{}", source.name, source.line_number(template.span.start)).into(),
        kind: CodeKind::Baseline,
        tables: Some(tables),
        unwind,
        source: Some(source.name.as_str().into()),
    }
}

/// Memory that one compilation leaves to the next.
pub struct Scratch {
    asm: Assembler,
    labels: Vec<Label>,
    slow: Vec<Pending>,
    behinds: Vec<Behind>,
    codes: Vec<Option<SlowCode>>,
    facts: Facts,
    entries: Vec<u32>,
    ways_in: Vec<WayIn>,
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch {
            asm: Assembler::with_limit(LIMIT),
            labels: Vec::new(),
            slow: Vec::new(),
            behinds: Vec::new(),
            codes: Vec::new(),
            facts: Facts::default(),
            entries: Vec::new(),
            ways_in: Vec::new(),
        }
    }
}

pub(crate) struct Compiler<'a> {
    pub asm: &'a mut Assembler,
    cx: &'a Context,
    code: Gc<CodeBlock>,
    template: &'a Template,
    /// Labels of the instructions that are jumped to, by unit offset; [`Label::NONE`] for the others.
    labels: &'a mut Vec<Label>,
    slow: &'a mut Vec<Pending>,
    /// What slow paths know that is large.
    behinds: &'a mut Vec<Behind>,
    codes: &'a mut Vec<Option<SlowCode>>,
    facts: &'a mut Facts,
    /// The register whose value rax holds on all ways to a place in the code: the result of the last instruction.
    in_rax: Option<(u16, usize)>,
    /// The operand of the current instruction that is in rax and not in memory.
    unsaved: Option<u16>,
    /// The same of the next one: the result of the current instruction, or what one without code hands on.
    stays: Option<u16>,
    /// A register whose value, a constant, memory lacks: the current instruction's right operand.
    constant: Option<(u16, i32)>,
    /// What slow paths that do the whole current instruction write first.
    spill: operands::Spill,
    /// The next instruction reads what the current one has stored, which is in rcx; where other ways join, with what they have read in rax.
    stored: Option<Label>,
    /// The comparison that is compiled is a loop's test at its end: where the loop's body begins.
    body: Option<Label>,
    /// The unit offset of the instruction that is compiled.
    pc: usize,
    /// Where throws go.
    throw: Label,
    /// Behind the function: the prologue's other ways.
    no_room: Label,
    arity: Label,
    /// The first instruction, with the frame filled in, and where arguments are there but not the other registers.
    start: u32,
    arguments_there: u32,
    /// The ways in for frames that are filled in, without and with a native frame.
    filled: u32,
    filled_inside: u32,
    /// Instructions at which frames can be entered from outside: after a suspension, loop heads, handlers.
    entries: &'a mut Vec<u32>,
    ways_in: &'a mut Vec<WayIn>,
    /// The code offset of each instruction and slow path, if somebody wants to know.
    positions: Option<Vec<(u32, u32)>>,
    instructions: u32,
    /// Shapes that the code block holds already; 0 is none.
    held: [u32; property::HELD],
    /// The ops whose stubs are called.
    stubs: OpSet,
}

impl<'a> Compiler<'a> {
    fn new(cx: &'a Context, code: Gc<CodeBlock>, template: &'a Template, scratch: &'a mut Scratch) -> Compiler<'a> {
        let Scratch { asm, labels, slow, behinds, codes, facts, entries, ways_in } = scratch;
        asm.clear();
        labels.clear();
        labels.resize(template.code.len() + 1, Label::NONE);
        slow.clear();
        behinds.clear();
        codes.clear();
        facts.begin(template.num_registers as usize);
        entries.clear();
        ways_in.clear();
        // Jumps to places of the bytecode are long; all that comes next to the code of one instruction is as short as it can be.
        asm.without_relaxation();
        let [throw, no_room, arity] = std::array::from_fn(|_| asm.new_label());
        let mut compiler = Compiler {
            asm,
            cx,
            code,
            template,
            labels,
            slow,
            behinds,
            codes,
            facts,
            in_rax: None,
            stays: None,
            unsaved: None,
            constant: None,
            spill: operands::Spill::NONE,
            body: None,
            stored: None,
            pc: 0,
            throw,
            no_room,
            arity,
            start: 0,
            arguments_there: 0,
            filled: 0,
            filled_inside: 0,
            entries,
            ways_in,
            positions: None,
            instructions: 0,
            held: [0; property::HELD],
            stubs: OpSet::default(),
        };
        compiler.find_labels();
        compiler
    }

    /// Gives labels to all places that are jumped to or entered.
    #[inline(always)]
    fn find_labels(&mut self) {
        let units: &[u16] = &self.template.code;
        let mut pc = 0;
        while let Some(&unit) = units.get(pc) {
            let step = &STEPS[usize::from(unit as u8)];
            if step.marks {
                self.mark_targets(Op::from_unit(unit).unwrap_or(Op::Return), pc);
            } else if step.jump != 0 {
                let at = pc + usize::from(step.jump);
                let distance = u32::from(units[at]) | u32::from(units[at + 1]) << 16;
                self.mark((pc as i64 + i64::from(distance as i32)) as usize);
            }
            pc += usize::from(step.units);
        }
        for handler in &self.template.handlers {
            self.mark(handler.target as usize);
            self.entries.push(handler.target);
        }
        self.entries.sort_unstable();
        self.entries.dedup();
    }

    fn mark_targets(&mut self, op: Op, pc: usize) {
        let units = &self.template.code;
        for target in op.jump_targets(units, pc) {
            self.mark(target as usize);
            if op == Op::LoopBack || op == Op::Yield {
                self.entries.push(target as u32);
            }
            if op == Op::LoopBack && self.tests_at(target as usize) {
                self.mark(target as usize + self.op_at(target as usize).units());
            }
        }
        match op {
            Op::SwitchTable => {
                let i = tercel_bytecode::op::instr::SwitchTable::decode(units, pc);
                for &target in &self.template.switch_tables[i.table.0 as usize].targets {
                    self.mark((pc as i64 + i64::from(target)) as usize);
                }
            }
            Op::Yield | Op::YieldDelegate | Op::Await | Op::CreateGenerator => {
                self.mark(pc + op.units());
                self.entries.push((pc + op.units()) as u32);
            }
            _ => {}
        }
    }

    fn mark(&mut self, pc: usize) {
        if self.labels[pc] == Label::NONE {
            self.labels[pc] = self.asm.new_label();
        }
    }

    fn run(&mut self) {
        self.prologue();
        let units: &[u16] = &self.template.code;
        let observed = self.positions.is_some() || self.cx.options.count_sites;
        let mut pc = 0;
        while let Some(op) = units.get(pc).and_then(|&unit| Op::from_unit(unit)) {
            self.pc = pc;
            let label = self.labels[pc];
            if label != Label::NONE {
                self.asm.bind(label);
                self.facts.forget_all();
                self.in_rax = None;
            }
            if observed {
                self.note_position();
                self.count_site(op, context::executed);
            }
            self.instructions += 1;
            self.op(op);
            self.unsaved = self.stays.take();
            debug_assert!(self.unsaved.is_none_or(|register| self.is_in_rax(register)));
            if self.constant.is_some() && !matches!(op, Op::LoadInt | Op::LoadInt32) {
                self.constant = None;
            }
            self.spill = operands::Spill::NONE;
            pc += usize::from(STEPS[op as usize].units);
        }
        self.unsaved = None;
        self.pc = units.len();
        self.in_rax = None;
        self.slow_paths();
        self.behind_prologue();
    }

    /// The code of the current instruction, or a slow path of it, begins here.
    fn note_position(&mut self) {
        if let Some(positions) = &mut self.positions {
            positions.push((self.asm.emitted() as u32, self.pc as u32));
        }
    }

    /// The ways in from outside, and the way out of throws.
    fn finish(mut self) -> Result<Compiled<'a>, Refusal> {
        let pads = self.asm.emitted() as u32;
        if self.asm.is_used(self.throw) {
            self.asm.bind(self.throw);
            self.asm.jmp_near(crate::symbols::THROW.target());
        }
        for index in 0..self.entries.len() {
            self.way_in(self.entries[index]);
        }
        let assembly = self.asm.assemble_in_place().map_err(|_| Refusal::TooLarge)?;
        Ok(Compiled {
            filled: self.filled,
            filled_inside: self.filled_inside,
            ways_in: self.ways_in,
            pads,
            instructions: self.instructions,
            bytecode_bytes: self.template.code.len() as u64 * 2,
            stubs: self.stubs,
            positions: self.positions.take().unwrap_or_default(),
            assembly,
        })
    }

    /// The ways into the function at an instruction but the first, for frames without and with a native frame.
    fn way_in(&mut self, pc: u32) {
        if pc == 0 {
            return;
        }
        let (to, sites) = (self.label(pc as usize), self.code.sites() as u64);
        let way = self.asm.run(|run| {
            let resume = run.here();
            run.enter();
            let inside = run.here();
            run.mov64(SITES, sites);
            run.jmp_to(to);
            WayIn { pc, resume, inside }
        });
        self.ways_in.push(way);
    }

    // ---- What all parts use

    pub fn label(&self, pc: usize) -> Label {
        let label = self.labels[pc];
        debug_assert!(label != Label::NONE, "every jump target has a label");
        label
    }

    /// The target of the jump operand of the current instruction.
    pub fn target(&self, jump: tercel_bytecode::op::Jump) -> Label {
        self.label((self.pc as i64 + i64::from(jump.0)) as usize)
    }

    /// The current instruction.
    pub fn decode<I: Instr>(&self) -> I {
        I::decode(&self.template.code, self.pc)
    }

    /// The feedback of a slot, as it is now.
    pub fn feedback(&self, slot: tercel_bytecode::op::Slot) -> &'a Site {
        self.code.site(slot.0 as usize)
    }

    /// Loads a VM register.
    pub fn load(&mut self, dst: Reg, register: u16) {
        if !self.is_in_rax(register) {
            self.asm.load64(dst, FRAME, i32::from(register) * 8);
        } else if dst != Reg::RAX {
            self.asm.mov(Size::S64, dst, Reg::RAX);
        }
    }

    /// Whether the instruction before has left the register's value in rax, and nothing has been emitted since.
    pub fn is_in_rax(&self, register: u16) -> bool {
        self.in_rax == Some((register, self.asm.emitted()))
    }

    /// The end of an instruction: rax is the value of the register, which slow paths that come to `done` have stored already.
    pub fn finish_with(&mut self, register: u16, done: Label) {
        self.store_result(register);
        self.stored_and_in_rax(register, done);
    }

    /// The end of an instruction without slow paths: stores rax.
    pub fn store_and_keep(&mut self, register: u16) {
        self.store_result(register);
        self.in_rax = Some((register, self.asm.emitted()));
    }

    /// The end of an instruction whose ways to here and to `done` have stored rax in the register.
    pub fn stored_and_in_rax(&mut self, register: u16, done: Label) {
        self.asm.bind(done);
        self.in_rax = Some((register, self.asm.emitted()));
    }

    pub fn store(&mut self, register: u16, src: Reg) {
        self.asm.store64(FRAME, i32::from(register) * 8, src);
    }

    /// Jumps to `no` unless `value` is a cell.
    pub fn check_cell(&mut self, value: Reg, no: Label) {
        check_cell(self.asm, value, no);
    }

    /// Adds one to a count of the op's kind of sites, if they are counted. Clobbers the flags only.
    fn count_site(&mut self, op: Op, count: fn(FeedbackKind) -> i32) {
        if self.cx.options.count_sites {
            let kind = op.info().feedback;
            if COUNTED_SITES.iter().any(|row| row.0 == kind) {
                self.asm.inc(Size::S64, Mem::base(CX, count(kind)));
            }
        }
    }

    /// Forgets what the current instruction's operands say that it writes.
    fn forget_written(&mut self, op: Op) {
        let mut at = self.pc + 1;
        for &(_, kind) in op.info().operands {
            let r = || self.template.code[at];
            match kind {
                OperandKind::Dst => self.facts.forget(r()),
                OperandKind::DstPair => self.facts.forget_run(r(), 2),
                OperandKind::Iter | OperandKind::IterOut => self.facts.forget_run(r(), 3),
                // Callees' frames lie over the block and what is above it.
                OperandKind::Block | OperandKind::BlockOut => self.facts.forget_from(r()),
                _ => {}
            }
            at += kind.units();
        }
    }
}

/// What going through the code has to know of an op.
#[derive(Clone, Copy)]
struct Step {
    units: u8,
    /// The unit of its jump operand, if that is all that is to be marked; 0: none.
    jump: u8,
    /// It jumps otherwise, or can be entered behind itself.
    marks: bool,
}

static STEPS: [Step; 256] = {
    // The verifier has seen that there are no other numbers; code ends there.
    let (mut steps, mut op) = ([Step { units: u8::MAX, jump: 0, marks: false }; 256], 0);
    while op < Op::ALL.len() {
        let info = Op::ALL[op].info();
        let (mut jumps, mut jump, mut operand, mut at) = (0, 0, 0, 1);
        while operand < info.operands.len() {
            let kind = info.operands[operand].1;
            if matches!(kind, OperandKind::Jump) {
                jumps += 1;
                jump = at as u8;
            }
            at += kind.units();
            operand += 1;
        }
        let enters = matches!(
            Op::ALL[op],
            Op::LoopBack | Op::Yield | Op::YieldDelegate | Op::Await | Op::CreateGenerator | Op::SwitchTable
        );
        let marks = enters || jumps > 1;
        steps[op] = Step { units: info.len as u8, jump: if marks { 0 } else { jump }, marks };
        op += 1;
    }
    steps
};

/// Jumps to `no`, with the flags at "not equal", unless `value` is a cell. It may not be empty: no operand of an op that looks into cells is.
pub(crate) fn check_cell(asm: &mut Assembler, value: Reg, no: Label) {
    asm.test(Size::S64, value, NOT_CELL);
    asm.jne(no);
}

/// A VM register in memory.
pub(crate) fn vm(register: u16) -> Mem {
    Mem::base(FRAME, i32::from(register) * 8)
}

/// A field of a feedback site.
pub(crate) fn site_field(slot: tercel_bytecode::op::Slot, offset: i32) -> Mem {
    // The verifier bounds slots by the template's, whose number a 32-bit displacement holds.
    Mem::base(SITES, (slot.0 as i32).wrapping_mul(site::SIZE).wrapping_add(offset))
}
