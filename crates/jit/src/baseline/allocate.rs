//! Allocation in the nursery without a call: objects, arrays, closures, scopes.
//!
//! A cell comes from moving the bump pointer; only when the nursery's block is full does the op's helper run, which takes the next block. Allocating never
//! collects, so a cell may be filled in at leisure up to the next safepoint. Young cells need no write barrier.
//!
//! What code for one site knows, it has as constants: header, size, initial words. Shapes and code blocks do not move, and those named here live as long as the
//! function (its realm, its template's functions, its scopes); the shape of an object literal is compared with the site's, which the collector clears.
//! Where sizes are known at run time only, sites share routines.

use super::{CX, Compiler, site_field};
use crate::stubs::shared;
use crate::symbols;
use std::ops::Range;
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size};
use tercel_bytecode::Op;
use tercel_bytecode::op::{Dst, instr};
use tercel_vm::cell::CellHeader;
use tercel_vm::context::Context;
use tercel_vm::elements::DATA_OFFSET;
use tercel_vm::feedback::SiteState;
use tercel_vm::function::FunctionShape;
use tercel_vm::layout::{context, header, object, scope, shape, site};
use tercel_vm::realm::RealmShape;
use tercel_vm::shape::Shape;
use tercel_vm::{Gc, Kind, Value};

/// Words of cells that are made in line at most; larger ones are the helpers'.
const MOST_WORDS: usize = 24;
/// A place in the nursery.
const CELL: Reg = Reg::RAX;
const SCRATCH: Reg = Reg::RDX;

/// A header as the word that it is in memory.
pub(super) const fn header_word(shape: u32, kind: Kind, inline_slots: usize) -> u64 {
    // SAFETY: a header is one word of plain integers.
    unsafe { std::mem::transmute(CellHeader::new(shape, kind as u8, inline_slots as u8, 0)) }
}

/// The size of objects of `shape`.
pub(crate) fn object_words(shape: Gc<Shape>) -> usize {
    shape.inline_base() + shape.inline_capacity()
}

/// CELL = a place for the bytes in `size`; jumps to `full` where the nursery's block has no room. `end` is clobbered.
pub(crate) fn bump(asm: &mut Assembler, size: Result<usize, Reg>, end: Reg, full: Label) {
    asm.mov(Size::S64, CELL, Mem::base(CX, context::BUMP));
    let mem = match size {
        Ok(bytes) => Mem::base(CELL, bytes as i32),
        Err(register) => Mem::index(CELL, register, Scale::X1, 0),
    };
    asm.lea(Size::S64, end, mem);
    asm.cmp(Size::S64, end, Mem::base(CX, context::LIMIT));
    asm.ja(full);
    asm.mov(Size::S64, Mem::base(CX, context::BUMP), end);
}

impl Compiler<'_> {
    /// The constant `word` in word `index` of CELL.
    fn init(&mut self, index: usize, word: u64) {
        let place = Mem::base(CELL, index as i32 * 8);
        match i32::try_from(word as i64) {
            Ok(word) => self.asm.mov(Size::S64, place, word),
            Err(_) => {
                self.asm.mov_imm64(SCRATCH, word as i64);
                self.asm.mov(Size::S64, place, SCRATCH);
            }
        }
    }

    /// VM register `register` in word `index` of CELL.
    fn init_from(&mut self, index: usize, register: u16) {
        self.load(SCRATCH, register);
        self.asm.mov(Size::S64, Mem::base(CELL, index as i32 * 8), SCRATCH);
    }

    /// The words that every object begins with: no slots out of line, no elements.
    fn init_object(&mut self, shape: Gc<Shape>, kind: Kind) {
        self.init(0, header_word(shape.id(self.cx), kind, shape.inline_capacity()));
        self.init(object::SLOTS as usize / 8, 0);
        self.asm.mov(Size::S64, SCRATCH, Mem::base(CX, context::EMPTY_ELEMENTS));
        self.asm.mov(Size::S64, Mem::base(CELL, object::ELEMENTS), SCRATCH);
    }

    /// All of the current op by its helper, where the nursery's block is full.
    fn otherwise_helper(&mut self, op: Op) -> (Label, Label) {
        let done = self.asm.new_label();
        (self.slow_op(op, done), done)
    }

    /// What is large or not known yet.
    fn made_by_helper(&mut self, op: Op, dst: Dst) {
        self.whole_op(op);
        self.facts.forget(dst.0);
    }

    fn finish_cell(&mut self, dst: Dst, done: Label) {
        self.store(dst.0, CELL);
        self.asm.bind(done);
        self.facts.forget(dst.0);
    }

    /// `{}`.
    pub fn new_object(&mut self) {
        let i: instr::NewObject = self.decode();
        let shape = self.cx.realm_shape_in(self.code.realm(), RealmShape::Object);
        let (full, done) = self.otherwise_helper(Op::NewObject);
        self.literal(shape, i.dst, 0..0, full, done);
    }

    /// An object literal, from its second evaluation on: the site knows its shape.
    pub fn new_object_from(&mut self) {
        let i: instr::NewObjectFrom = self.decode();
        let feedback = self.feedback(i.slot);
        let known = (feedback.state.get() == SiteState::Monomorphic).then(|| self.cx.shape_of_id(feedback.guard.get()));
        let small = known.filter(|&shape| object_words(shape) <= MOST_WORDS);
        let Some(shape) = small else {
            return self.made_by_helper(Op::NewObjectFrom, i.dst);
        };
        let (full, done) = self.otherwise_helper(Op::NewObjectFrom);
        self.asm.cmp(Size::S32, site_field(i.slot, site::GUARD), shape.id(self.cx) as i32);
        self.asm.jne(full);
        self.literal(shape, i.dst, i.values.0..i.values.0 + i.count.0, full, done);
    }

    /// A plain object of `shape` whose first properties are in the registers `values`.
    fn literal(&mut self, shape: Gc<Shape>, dst: Dst, values: Range<u16>, full: Label, done: Label) {
        let (words, mut next) = (object_words(shape), shape.inline_base());
        bump(self.asm, Ok(words * 8), SCRATCH, full);
        self.init_object(shape, Kind::Object);
        for register in values {
            self.init_from(next, register);
            next += 1;
        }
        (next..words).for_each(|index| self.init(index, Value::EMPTY.bits()));
        self.finish_cell(dst, done);
    }

    /// `[]`, with room for elements that are about to be appended.
    pub fn new_array(&mut self) {
        let i: instr::NewArray = self.decode();
        let capacity = usize::from(i.capacity.0);
        let shape = self.cx.realm_shape_in(self.code.realm(), RealmShape::Array);
        let words = object_words(shape);
        if words + capacity > MOST_WORDS {
            return self.made_by_helper(Op::NewArray, i.dst);
        }
        let (full, done) = self.otherwise_helper(Op::NewArray);
        let elements_bytes = if capacity == 0 { 0 } else { DATA_OFFSET + capacity * 8 };
        bump(self.asm, Ok(words * 8 + elements_bytes), SCRATCH, full);
        self.init_object(shape, Kind::Array);
        (3..words).for_each(|index| self.init(index, 0));
        if capacity != 0 {
            // The elements' cell lies behind the array's. What is beyond its length is never read.
            self.asm.lea(Size::S64, SCRATCH, Mem::base(CELL, words as i32 * 8));
            self.asm.mov(Size::S64, Mem::base(CELL, object::ELEMENTS), SCRATCH);
            self.init(words, header_word(0, Kind::ElementsInt32, 0));
            self.init(words + 1, capacity as u64);
        }
        self.finish_cell(i.dst, done);
    }

    /// A function expression or declaration. The first evaluation makes the function's code block; that is the helper's.
    pub fn closure(&mut self) {
        let i: instr::Closure = self.decode();
        let Some(code) = self.code.made_function(i.func.0 as usize) else {
            return self.made_by_helper(Op::Closure, i.dst);
        };
        let shape = code.realm().function_shape(self.cx, FunctionShape::of_code(code));
        let (full, done) = self.otherwise_helper(Op::Closure);
        let words = object_words(shape);
        bump(self.asm, Ok(words * 8), SCRATCH, full);
        self.init_object(shape, Kind::Function);
        self.init(object::FUNCTION_CODE as usize / 8, code.addr() as u64);
        self.init_from(object::FUNCTION_ENV as usize / 8, i.scope.0);
        self.init(object::FUNCTION_HOME as usize / 8, Value::UNDEFINED.bits());
        self.init(object::FUNCTION_CLASS_INIT as usize / 8, Value::UNDEFINED.bits());
        self.init(object::CONSTRUCT_SHAPE as usize / 8, 0);
        (shape.inline_base()..words).for_each(|index| self.init(index, Value::EMPTY.bits()));
        self.finish_cell(i.dst, done);
    }

    /// A scope for captured variables.
    pub fn new_scope(&mut self) {
        let i: instr::NewScope = self.decode();
        let template = &self.template.scopes[i.scope.0 as usize];
        let (base, count) = (scope::SLOTS as usize / 8, template.vars.len());
        if base + count > MOST_WORDS {
            return self.made_by_helper(Op::NewScope, i.dst);
        }
        let (full, done) = self.otherwise_helper(Op::NewScope);
        bump(self.asm, Ok((base + count) * 8), SCRATCH, full);
        self.init(0, header_word(0, Kind::Scope, 0));
        self.init_from(scope::PARENT as usize / 8, i.parent.0);
        self.init(scope::OWNER as usize / 8, self.code.addr() as u64);
        // Two halves of one word: how many slots, and which template.
        self.init(scope::SLOT_COUNT as usize / 8, count as u64 | u64::from(i.scope.0) << 32);
        for (n, var) in template.vars.iter().enumerate() {
            let initial = if var.kind.starts_empty() { Value::EMPTY } else { Value::UNDEFINED };
            self.init(base + n, initial.bits());
        }
        self.finish_cell(i.dst, done);
    }

    /// The scope of a loop's next iteration.
    pub fn clone_scope(&mut self) {
        let i: instr::CloneScope = self.decode();
        let (full, done) = self.otherwise_helper(Op::CloneScope);
        self.load(Reg::RSI, i.src.0);
        self.asm.call_near(shared::CLONE_SCOPE.target());
        self.asm.test(Size::S64, CELL, CELL);
        self.asm.je(full);
        self.finish_cell(i.dst, done);
    }
}

/// rax = a copy of the scope in rsi; 0: the helper is to make it. Clobbers rcx, rdx, r8.
pub fn clone_scope_routine(asm: &mut Assembler) {
    const { assert!(scope::SLOT_COUNT == 24 && scope::SLOTS == 32) };
    let none = asm.new_label();
    asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RSI, scope::SLOT_COUNT));
    asm.cmp(Size::S32, Reg::RCX, MOST_WORDS as i32);
    asm.ja(none);
    asm.shl(Size::S32, Reg::RCX, 3);
    asm.add(Size::S32, Reg::RCX, scope::SLOTS);
    bump(asm, Err(Reg::RCX), Reg::R8, none);
    let copy = asm.here();
    asm.mov(Size::S64, Reg::RDX, Mem::index(Reg::RSI, Reg::RCX, Scale::X1, -8));
    asm.mov(Size::S64, Mem::index(CELL, Reg::RCX, Scale::X1, -8), Reg::RDX);
    asm.sub(Size::S32, Reg::RCX, 8);
    asm.cmp(Size::S32, Reg::RCX, header::SIZE);
    asm.jne(copy);
    // The source may be old; its copy is young.
    asm.mov_imm64(Reg::RDX, header_word(0, Kind::Scope, 0) as i64);
    asm.mov(Size::S64, Mem::base(CELL, 0), Reg::RDX);
    asm.ret();
    asm.bind(none);
    asm.zero(CELL);
    asm.ret();
}

/// rax = the `this` of `new` with the base constructor in rsi; 0: the helper is to do it all. Clobbers rcx, rdx, rdi, rsi, r8–r11 and, where the helper of that
/// name runs, whatever a call may.
pub fn new_this_routine(asm: &mut Assembler, cx: &Context) {
    const { assert!(object::SLOTS == 8 && object::ELEMENTS == 16) };
    const BASE: i32 = 24;
    let [other, slots, filled] = std::array::from_fn(|_| asm.new_label());
    asm.mov(Size::S32, Reg::RCX, Mem::base(Reg::RSI, object::CONSTRUCT_SHAPE));
    asm.test(Size::S32, Reg::RCX, Reg::RCX);
    asm.je(other);
    // Instances are counted while their capacity is an estimate.
    asm.cmp(Size::S32, Mem::base(Reg::RSI, object::CONSTRUCT_TRACKING), 0);
    asm.jne(other);
    asm.mov_imm64(Reg::R8, cx.shapes_base() as i64);
    asm.lea(Size::S64, Reg::R8, Mem::index(Reg::R8, Reg::RCX, Scale::X8, 0));
    asm.cmp(Size::S8, Mem::base(Reg::R8, shape::KIND), Kind::Object as i32);
    asm.jne(other);
    asm.movzx(Size::S32, Size::S8, Reg::R9, Mem::base(Reg::R8, shape::INLINE_CAPACITY));
    asm.lea(Size::S64, Reg::R10, Mem::scaled(Reg::R9, Scale::X8, BASE));
    bump(asm, Err(Reg::R10), Reg::R8, other);
    asm.shl(Size::S64, Reg::R9, 8 * header::WORDS as u8);
    asm.or(Size::S64, Reg::R9, Reg::RCX);
    asm.mov_imm64(Reg::R11, header_word(0, Kind::Object, 0) as i64);
    asm.or(Size::S64, Reg::R9, Reg::R11);
    asm.mov(Size::S64, Mem::base(CELL, 0), Reg::R9);
    asm.zero(Reg::RDX);
    asm.mov(Size::S64, Mem::base(CELL, object::SLOTS), Reg::RDX);
    asm.mov(Size::S64, Reg::R11, Mem::base(CX, context::EMPTY_ELEMENTS));
    asm.mov(Size::S64, Mem::base(CELL, object::ELEMENTS), Reg::R11);
    const { assert!(Value::EMPTY.bits() == 0) };
    asm.bind(slots);
    asm.cmp(Size::S32, Reg::R10, BASE);
    asm.je(filled);
    asm.mov(Size::S64, Mem::index(CELL, Reg::R10, Scale::X1, -8), Reg::RDX);
    asm.sub(Size::S32, Reg::R10, 8);
    asm.jmp_to(slots);
    asm.bind(filled);
    asm.ret();
    asm.bind(other);
    asm.mov(Size::S64, Reg::RDI, CX);
    asm.jmp_near(symbols::NEW_THIS.target());
}
