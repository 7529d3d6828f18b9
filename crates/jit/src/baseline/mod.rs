//! The baseline compiler: one linear pass over the bytecode of a function, without an IR.
//!
//! Each bytecode instruction becomes a fast path, and a slow path behind the function's code that calls the op's helper
//! ([`tercel_vm::helpers`]), which does the whole op for any operands. Registers of the VM frame stay in memory between instructions, where the
//! interpreter has them, so execution can change tiers at every instruction that has an entry.
//!
//! The compiler is total: it has code for every op. What it keeps in mind is little: which registers are known to hold an int32 or a double since the last place that
//! can be jumped to ([`Facts`]), which saves checks and never changes what code does.
//!
//! * `allocate.rs`: objects, arrays, closures, scopes
//! * `frame.rs`: prologue, calls, returns, suspensions
//! * `number.rs`: arithmetic, bit operations, conversions
//! * `compare.rs`: comparisons and jumps
//! * `fast_native.rs`: natives with code of their own
//! * `property.rs`, `element.rs`: inline caches of names, elements
//! * `misc.rs`: moves, checks, scopes, globals, iteration
//! * `slow.rs`: calls of helpers

pub(crate) mod allocate;
mod compare;
mod element;
mod facts;
mod fast_native;
mod frame;
mod misc;
mod number;
mod property;
mod slow;

use crate::engine::Refusal;
use crate::stubs::OpSet;
use facts::Facts;
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Size};
use tercel_bytecode::op::{Instr, OperandKind, instructions};
use tercel_bytecode::{Op, Template};
use tercel_code::{CodeImage, CodeKind, CodeTables, Unwind};
use tercel_vm::Gc;
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;
use tercel_vm::feedback::Site;
use tercel_vm::layout::site;

/// The registers of machine code; see [`tercel_vm::machine`].
pub(crate) const FRAME: Reg = Reg::RBX;
pub(crate) const CX: Reg = Reg::R12;
pub(crate) const SITES: Reg = Reg::R13;
pub(crate) const TAG: Reg = Reg::R14;
pub(crate) const POLL_WORD: Reg = Reg::R15;

/// A compiled function, before it is published. Offsets are in bytes from the code's start.
pub struct Compiled {
    pub image: CodeImage,
    pub entry: u32,
    pub filled: u32,
    /// Unit offset → code offset; sorted.
    pub resume: Vec<(u32, u32)>,
    pub inside: Vec<(u32, u32)>,
    /// Where the slow paths end: behind them are the ways in and out.
    pub pads: u32,
    pub instructions: u32,
    pub bytecode_bytes: u64,
    /// The stubs that the code calls: they are to be published first.
    pub stubs: OpSet,
}

/// Compiles a function that is ready to run.
///
/// # Errors
/// If its code would be too large.
pub fn compile(cx: &Context, code: Gc<CodeBlock>) -> Result<Compiled, Refusal> {
    let template = code.template();
    let mut compiler = Compiler::new(cx, code, template);
    compiler.run();
    compiler.finish()
}

/// Code for later: behind the function's fast paths.
type SlowPath<'a> = Box<dyn FnOnce(&mut Compiler<'a>) + 'a>;

pub(crate) struct Compiler<'a> {
    pub asm: Assembler,
    cx: &'a Context,
    code: Gc<CodeBlock>,
    template: &'a Template,
    /// Labels of the instructions that are jumped to, by unit offset.
    labels: Vec<Option<Label>>,
    slow: Vec<SlowPath<'a>>,
    facts: Facts,
    /// The unit offset of the instruction that is compiled.
    pc: usize,
    /// Where throws go.
    throw: Label,
    /// The first instruction, with the frame filled in.
    start: Label,
    entry: Label,
    filled: Label,
    /// Instructions at which frames can be entered from outside: after a suspension, loop heads, handlers.
    entries: Vec<u32>,
    /// The code offset of each instruction: for tables.
    positions: Vec<(Label, u32)>,
    instructions: u32,
    /// The ops whose stubs are called.
    stubs: OpSet,
}

impl<'a> Compiler<'a> {
    fn new(cx: &'a Context, code: Gc<CodeBlock>, template: &'a Template) -> Compiler<'a> {
        let mut asm = Assembler::with_limit(32 << 20);
        let [throw, start, entry, filled] = std::array::from_fn(|_| asm.new_label());
        let mut compiler = Compiler {
            asm,
            cx,
            code,
            template,
            labels: vec![None; template.code.len() + 1],
            slow: Vec::new(),
            facts: Facts::new(template.num_registers as usize),
            pc: 0,
            throw,
            start,
            entry,
            filled,
            entries: Vec::new(),
            positions: Vec::new(),
            instructions: 0,
            stubs: OpSet::default(),
        };
        compiler.find_labels();
        compiler
    }

    /// Gives labels to all places that are jumped to or entered.
    fn find_labels(&mut self) {
        let units = &self.template.code;
        for (pc, op) in instructions(units) {
            for target in op.jump_targets(units, pc) {
                self.mark(target as usize);
                if op == Op::LoopBack || op == Op::Yield {
                    self.entries.push(target as u32);
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
        for handler in &self.template.handlers {
            self.mark(handler.target as usize);
            self.entries.push(handler.target);
        }
        self.entries.sort_unstable();
        self.entries.dedup();
    }

    fn mark(&mut self, pc: usize) {
        if self.labels[pc].is_none() {
            self.labels[pc] = Some(self.asm.new_label());
        }
    }

    fn run(&mut self) {
        self.prologue();
        let template = self.template;
        for (pc, op) in instructions(&template.code) {
            self.pc = pc;
            if let Some(label) = self.labels[pc] {
                self.asm.bind(label);
                self.facts.forget_all();
            }
            let here = self.asm.here();
            self.positions.push((here, pc as u32));
            self.instructions += 1;
            self.op(op);
        }
        self.pc = template.code.len();
        while let Some(slow) = self.slow.pop() {
            slow(self);
        }
        self.pads();
    }

    /// Entries from outside, and the way out of throws.
    fn pads(&mut self) {
        // Filled below, when the offsets are known.
        let throw = self.throw;
        self.asm.bind(throw);
        self.asm.jmp_near(crate::symbols::THROW.target());
    }

    fn finish(mut self) -> Result<Compiled, Refusal> {
        let mut resume = Vec::new();
        let mut inside = Vec::new();
        let mut entries = std::mem::take(&mut self.entries);
        if entries.first() != Some(&0) {
            entries.insert(0, 0);
        }
        for pc in entries {
            let to = if pc == 0 { self.start } else { self.label(pc as usize) };
            if pc != 0 {
                let label = self.asm.here();
                self.make_native_frame();
                self.load_sites();
                self.asm.jmp_to(to);
                resume.push((pc, label));
            }
            let label = self.asm.here();
            self.load_sites();
            self.asm.jmp_to(to);
            inside.push((pc, label));
        }
        let assembly = self.asm.assemble().map_err(|_| Refusal::TooLarge)?;
        let at = |label: Label| assembly.offset(label).unwrap_or(0);
        let table = |rows: Vec<(u32, Label)>| rows.into_iter().map(|(pc, label)| (pc, at(label))).collect();
        let mut tables = CodeTables::default();
        for &(label, pc) in &self.positions {
            tables.positions.push(at(label), pc);
        }
        let mut name =
            if self.template.name.is_empty() { "(anonymous)".to_owned() } else { self.template.name.to_string() };
        let source = &self.template.source;
        let mut source_name = None;
        if self.cx.options.shows_code() {
            name = format!("{name} {}:{}", source.name, source.line_number(self.template.span.start));
            for (offset, &pc) in tables.positions.iter() {
                tables.lines.push(offset, source.line_number(self.template.positions.offset_at(pc)));
            }
            source_name = Some(source.name.as_str().into());
        }
        let (entry, filled, pads) = (at(self.entry), at(self.filled), at(self.throw));
        let (resume, inside) = (table(resume), table(inside));
        let mut image = CodeImage::new(name, CodeKind::Baseline, assembly);
        image.tables = tables;
        image.source = source_name;
        image.unwind = Unwind::Rbp { prologue: entry };
        Ok(Compiled {
            image,
            entry,
            filled,
            resume,
            inside,
            pads,
            instructions: self.instructions,
            stubs: self.stubs,
            bytecode_bytes: self.template.code.len() as u64 * 2,
        })
    }

    // ---- What all parts use

    pub fn label(&self, pc: usize) -> Label {
        self.labels[pc].expect("every jump target has a label")
    }

    /// The target of the jump operand of the current instruction.
    pub fn target(&self, jump: tercel_bytecode::op::Jump) -> Label {
        self.label((self.pc as i64 + i64::from(jump.0)) as usize)
    }

    /// The current instruction.
    pub fn decode<I: Instr>(&self) -> I {
        I::decode(&self.template.code, self.pc)
    }

    /// Code behind the function.
    pub fn later(&mut self, slow: impl FnOnce(&mut Compiler<'a>) + 'a) {
        let pc = self.pc;
        self.slow.push(Box::new(move |this| {
            this.pc = pc;
            let here = this.asm.here();
            this.positions.push((here, pc as u32));
            slow(this);
        }));
    }

    /// The feedback of a slot, as it is now.
    pub fn feedback(&self, slot: tercel_bytecode::op::Slot) -> &'a Site {
        self.code.site(slot.0 as usize)
    }

    /// Loads a VM register.
    pub fn load(&mut self, dst: Reg, register: u16) {
        self.asm.mov(Size::S64, dst, vm(register));
    }

    pub fn store(&mut self, register: u16, src: Reg) {
        self.asm.mov(Size::S64, vm(register), src);
    }

    /// Jumps to `no` unless `value` is a cell. Clobbers `scratch`.
    pub fn check_cell(&mut self, value: Reg, scratch: Reg, no: Label) {
        // Addresses of cells lie between 16 and 2^47; the immediates that are no numbers are below 16, numbers above.
        self.asm.lea(Size::S64, scratch, Mem::base(value, -16));
        self.asm.shr(Size::S64, scratch, 47);
        self.asm.jne(no);
    }

    /// Forgets what the current instruction's operands say that it writes.
    fn forget_written(&mut self, op: Op) {
        for operand in op.operands(&self.template.code, self.pc) {
            let r = operand.value as u16;
            match operand.kind {
                OperandKind::Dst => self.facts.forget(r),
                OperandKind::DstPair => self.facts.forget_run(r, 2),
                OperandKind::Iter | OperandKind::IterOut => self.facts.forget_run(r, 3),
                // Callees' frames lie over the block and what is above it.
                OperandKind::Block | OperandKind::BlockOut => self.facts.forget_from(r),
                _ => {}
            }
        }
    }
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
