//! From a stub's program to machine code: the visitor that emits it.
//!
//! A program that has an op without code here gets code that always comes back with nothing, so that its stub is left to the
//! interpreter: ops on elements, which sites do in line.

use crate::baseline::{CX, TAG, check_cell};
use crate::stubs::shared;
use crate::symbols;
use tercel_asm::Label;
use tercel_asm::x64::{Assembler, Mem, Reg, Scale, Size};
use tercel_code::{CodeImage, CodeKind};
use tercel_vm::ic::ops::{IcOp, IcVisitor, instructions, visit_program};
use tercel_vm::layout::{accessor, collection, context, header, object, shape, string, stub};
use tercel_vm::{Kind, Value};

/// The stub.
const STUB: Reg = Reg::RDI;
/// Where operands are, in the order in which they are numbered: up to four inputs, then what ops define.
const OPERANDS: [Reg; 5] = [Reg::RAX, Reg::RCX, Reg::R8, Reg::R9, Reg::R10];
/// Free for every op.
const SCRATCH: Reg = Reg::RDX;
const SCRATCH2: Reg = Reg::R11;
/// The slots that are written to: the last operand's, which no program that stores needs.
const SLOTS: Reg = Reg::R10;

/// The code of a program. `None` if it is too odd to be compiled; no program of the engine is. `counts`: it counts the stub's hits.
pub fn compile(program: &[u8], counts: bool) -> Option<CodeImage> {
    let mut asm = Assembler::new();
    let next = asm.new_label();
    let mut emitter = Emitter { asm, next, object_is_guarded: guarded_objects(program), at: 0, counts };
    let done = visit_program(program, &mut emitter).unwrap_or(false);
    let mut asm = emitter.asm;
    if !done {
        asm.clear();
        asm.zero(Reg::RAX);
        asm.ret();
    } else {
        let end = asm.new_label();
        asm.bind(next);
        asm.mov(Size::S64, STUB, Mem::base(STUB, stub::NEXT));
        asm.test(Size::S64, STUB, STUB);
        asm.je(end);
        asm.jmp(Mem::base(STUB, stub::CODE));
        asm.bind(end);
        asm.zero(Reg::RAX);
        asm.ret();
    }
    let assembly = asm.assemble().ok()?;
    let name = instructions(program).last().map_or("stub", |(op, _)| op.name());
    Some(CodeImage::new(format!("ic {name}"), CodeKind::Runtime, assembly))
}

/// Which instructions are a `GuardObject` of operand 0 that needs no code: it is a cell at all sites, and only objects have the shape
/// that the next instruction asks for.
fn guarded_objects(program: &[u8]) -> Vec<bool> {
    let ops: Vec<_> = instructions(program).collect();
    let implied = |i: usize| {
        matches!(ops[i], (IcOp::GuardObject, &[0]))
            && matches!(ops.get(i + 1), Some((IcOp::GuardShape, operands)) if operands[0] == 0)
    };
    (0..ops.len()).map(implied).collect()
}

struct Emitter {
    asm: Assembler,
    /// Where failing guards go.
    next: Label,
    object_is_guarded: Vec<bool>,
    /// Number of the instruction.
    at: usize,
    /// Hits are counted.
    counts: bool,
}

impl Emitter {
    fn reg(&self, operand: u8) -> Reg {
        OPERANDS[operand as usize % OPERANDS.len()]
    }

    /// A data word of the stub; its low half, if it is a number or a shape id.
    fn datum(&self, index: u8) -> Mem {
        Mem::base(STUB, stub::DATA + i32::from(index) * 8)
    }

    /// Fails unless the operand is a cell. Operand 0 is one.
    fn check_cell(&mut self, operand: u8) {
        if operand != 0 {
            let value = self.reg(operand);
            check_cell(&mut self.asm, value, self.next);
        }
    }

    /// Fails unless the operand is a cell of a kind from `first` to `last`.
    fn check_kinds(&mut self, operand: u8, first: Kind, last: Kind) -> bool {
        self.check_cell(operand);
        let value = self.reg(operand);
        self.asm.movzx(Size::S32, Size::S8, SCRATCH, Mem::base(value, header::KIND));
        if first as u8 != 0 {
            self.asm.sub(Size::S32, SCRATCH, first as i32);
        }
        self.asm.cmp(Size::S32, SCRATCH, last as i32 - first as i32);
        self.asm.ja(self.next);
        self.goes_on()
    }

    /// Fails unless the operand, a cell, is an object.
    fn check_object(&mut self, operand: u8) -> bool {
        self.check_cell(operand);
        let value = self.reg(operand);
        self.asm.cmp(Size::S8, Mem::base(value, header::KIND), Kind::Object as i32);
        self.asm.jb(self.next);
        self.goes_on()
    }

    fn goes_on(&mut self) -> bool {
        self.at += 1;
        true
    }

    /// The result is in rax.
    fn result(&mut self) -> bool {
        self.count();
        self.asm.ret();
        true
    }

    /// Nothing can fail from here on.
    fn count(&mut self) {
        if self.counts {
            self.asm.inc(Size::S32, Mem::base(STUB, stub::HITS));
        }
    }

    fn constant(&mut self, v: Value) -> bool {
        self.asm.mov(Size::S32, Reg::RAX, v.bits() as i32);
        self.result()
    }

    fn defined(&self, operand: u8) -> bool {
        (operand as usize) < OPERANDS.len()
    }

    fn read_inline(&mut self, result: Reg, object: u8, offset: u8) {
        let (from, offset) = (self.reg(object), self.datum(offset));
        self.asm.mov(Size::S32, SCRATCH, offset);
        self.asm.mov(Size::S64, result, Mem::index(from, SCRATCH, Scale::X1, 0));
    }

    fn read_out_of_line(&mut self, result: Reg, object: u8, offset: u8) {
        let (from, offset) = (self.reg(object), self.datum(offset));
        self.asm.mov(Size::S32, SCRATCH, offset);
        self.asm.mov(Size::S64, SCRATCH2, Mem::base(from, object::SLOTS));
        self.asm.mov(Size::S64, result, Mem::index(SCRATCH2, SCRATCH, Scale::X1, 0));
    }

    /// Stores operand `value` in the cell `cell` at the offset in `SCRATCH`; the write barrier; the end.
    fn store(&mut self, cell: Reg, value: u8) -> bool {
        let v = self.reg(value);
        let (slow, done) = (self.asm.new_label(), self.asm.new_label());
        self.count();
        self.asm.add(Size::S64, SCRATCH, cell);
        self.asm.mov(Size::S64, Mem::base(SCRATCH, 0), v);
        self.asm.test(Size::S8, Mem::base(cell, header::GC), header::OLD_CLEAN);
        self.asm.jne(slow);
        self.asm.bind(done);
        self.asm.mov(Size::S32, Reg::RAX, Value::UNDEFINED.bits() as i32);
        self.asm.ret();
        self.asm.bind(slow);
        // Numbers and the other immediates need no barrier.
        self.asm.lea(Size::S64, SCRATCH2, Mem::base(v, -16));
        self.asm.shr(Size::S64, SCRATCH2, 47);
        self.asm.jne(done);
        // The arguments: context, cell, slot (rdx), value (rcx). The cell is not in rcx unless the value is elsewhere.
        self.asm.mov(Size::S64, Reg::RSI, cell);
        if v != Reg::RCX {
            self.asm.mov(Size::S64, Reg::RCX, v);
        }
        self.asm.mov(Size::S64, Reg::RDI, CX);
        self.asm.sub(Size::S64, Reg::RSP, 8);
        self.asm.call_near(symbols::WRITE_BARRIER.target());
        self.asm.add(Size::S64, Reg::RSP, 8);
        self.asm.jmp_to(done);
        true
    }

    /// Empties the slot of `cell`, gives the object the shape; the end.
    fn remove(&mut self, object: Reg, cell: Reg, offset: u8, shape: u8) -> bool {
        let (offset, shape) = (self.datum(offset), self.datum(shape));
        self.asm.mov(Size::S32, SCRATCH, offset);
        self.asm.mov(Size::S64, Mem::index(cell, SCRATCH, Scale::X1, 0), Value::EMPTY.bits() as i32);
        self.asm.mov(Size::S32, SCRATCH, shape);
        self.asm.mov(Size::S32, Mem::base(object, header::SHAPE), SCRATCH);
        self.constant(Value::TRUE)
    }

    /// Not compiled: the interpreter's.
    fn refuse(&self) -> bool {
        false
    }
}

#[allow(non_snake_case)]
impl IcVisitor for Emitter {
    /// Whether the op has code.
    type Output = bool;

    fn goes_on(output: &bool) -> bool {
        *output
    }

    fn GuardObject(&mut self, value: u8) -> bool {
        if self.object_is_guarded[self.at] { self.goes_on() } else { self.check_object(value) }
    }
    fn GuardString(&mut self, value: u8) -> bool {
        self.check_kinds(value, Kind::StringFlat, Kind::StringSlice)
    }
    fn GuardNumber(&mut self, value: u8) -> bool {
        let value = self.reg(value);
        self.asm.mov(Size::S64, SCRATCH, value);
        self.asm.shr(Size::S64, SCRATCH, 49);
        self.asm.je(self.next);
        self.goes_on()
    }
    fn GuardBoolean(&mut self, value: u8) -> bool {
        let value = self.reg(value);
        self.asm.mov(Size::S64, SCRATCH, value);
        self.asm.and(Size::S64, SCRATCH, !1);
        self.asm.cmp(Size::S64, SCRATCH, Value::FALSE.bits() as i32);
        self.asm.jne(self.next);
        self.goes_on()
    }
    fn GuardSymbol(&mut self, value: u8) -> bool {
        self.check_kinds(value, Kind::Symbol, Kind::Symbol)
    }
    fn GuardBigInt(&mut self, value: u8) -> bool {
        self.check_kinds(value, Kind::BigInt, Kind::BigInt)
    }
    fn GuardIndex(&mut self, value: u8) -> bool {
        let value = self.reg(value);
        self.asm.cmp(Size::S64, value, TAG);
        self.asm.jb(self.next);
        self.asm.test(Size::S32, value, value);
        self.asm.js(self.next);
        self.goes_on()
    }
    fn GuardShape(&mut self, object: u8, shape: u8) -> bool {
        let (object, shape) = (self.reg(object), self.datum(shape));
        self.asm.mov(Size::S32, SCRATCH, shape);
        self.asm.cmp(Size::S32, SCRATCH, Mem::base(object, header::SHAPE));
        self.asm.jne(self.next);
        self.goes_on()
    }
    fn GuardKind(&mut self, object: u8, kind: u8) -> bool {
        let object = self.reg(object);
        self.asm.movzx(Size::S32, Size::S8, SCRATCH, Mem::base(object, header::KIND));
        self.asm.cmp(Size::S32, SCRATCH, i32::from(kind));
        self.asm.jne(self.next);
        self.goes_on()
    }
    fn GuardElements(&mut self, object: u8, kind: u8) -> bool {
        let object = self.reg(object);
        self.asm.mov(Size::S64, SCRATCH, Mem::base(object, object::ELEMENTS));
        self.asm.movzx(Size::S32, Size::S8, SCRATCH, Mem::base(SCRATCH, header::KIND));
        self.asm.cmp(Size::S32, SCRATCH, i32::from(kind));
        self.asm.jne(self.next);
        self.goes_on()
    }
    fn GuardCell(&mut self, value: u8, cell: u8) -> bool {
        let (value, cell) = (self.reg(value), self.datum(cell));
        self.asm.cmp(Size::S64, value, cell);
        self.asm.jne(self.next);
        self.goes_on()
    }
    fn GuardCode(&mut self, value: u8, cell: u8) -> bool {
        self.check_kinds(value, Kind::Function, Kind::Function);
        self.at -= 1;
        let (value, cell) = (self.reg(value), self.datum(cell));
        self.asm.mov(Size::S64, SCRATCH, Mem::base(value, object::FUNCTION_CODE));
        self.asm.cmp(Size::S64, SCRATCH, cell);
        self.asm.jne(self.next);
        self.goes_on()
    }
    fn GuardPrototypes(&mut self, epoch: u8) -> bool {
        let epoch = self.datum(epoch);
        self.asm.mov(Size::S32, SCRATCH, epoch);
        self.asm.cmp(Size::S32, SCRATCH, Mem::base(CX, context::PROTO_EPOCH));
        self.asm.jne(self.next);
        self.goes_on()
    }
    fn GuardHolesUndefined(&mut self) -> bool {
        self.asm.cmp(Size::S8, Mem::base(CX, context::HOLES_UNDEFINED), 0);
        self.asm.je(self.next);
        self.goes_on()
    }
    fn UseCell(&mut self, result: u8, cell: u8) -> bool {
        let (result_reg, cell) = (self.reg(result), self.datum(cell));
        self.asm.mov(Size::S64, result_reg, cell);
        self.goes_on() && self.defined(result)
    }
    fn ReadInlineSlot(&mut self, result: u8, object: u8, offset: u8) -> bool {
        self.read_inline(self.reg(result), object, offset);
        self.goes_on() && self.defined(result)
    }
    fn ReadOutOfLineSlot(&mut self, result: u8, object: u8, offset: u8) -> bool {
        self.read_out_of_line(self.reg(result), object, offset);
        self.goes_on() && self.defined(result)
    }
    fn LoadInlineSlot(&mut self, object: u8, offset: u8) -> bool {
        self.read_inline(Reg::RAX, object, offset);
        self.result()
    }
    fn LoadOutOfLineSlot(&mut self, object: u8, offset: u8) -> bool {
        self.read_out_of_line(Reg::RAX, object, offset);
        self.result()
    }
    fn LoadUndefined(&mut self) -> bool {
        self.constant(Value::UNDEFINED)
    }
    fn LoadBoolean(&mut self, value: u8) -> bool {
        self.constant(Value::boolean(value != 0))
    }
    fn LoadArrayLength(&mut self, object: u8) -> bool {
        let object = self.reg(object);
        self.asm.mov(Size::S32, SCRATCH, Mem::base(object, object::ARRAY_LENGTH));
        self.asm.test(Size::S32, SCRATCH, SCRATCH);
        self.asm.js(self.next);
        self.asm.mov(Size::S64, Reg::RAX, SCRATCH);
        self.asm.or(Size::S64, Reg::RAX, TAG);
        self.result()
    }
    fn LoadTypedLength(&mut self, object: u8) -> bool {
        let object = self.reg(object);
        self.asm.mov(Size::S64, SCRATCH, Mem::base(object, object::TYPED_LENGTH));
        self.asm.cmp(Size::S64, SCRATCH, i32::MAX);
        self.asm.ja(self.next);
        self.asm.mov(Size::S64, Reg::RAX, SCRATCH);
        self.asm.or(Size::S64, Reg::RAX, TAG);
        self.result()
    }
    fn LoadCollectionSize(&mut self, object: u8) -> bool {
        let object = self.reg(object);
        let none = self.asm.new_label();
        self.asm.mov(Size::S64, SCRATCH, Mem::base(object, collection::TABLE));
        self.asm.zero(Reg::RAX);
        // One that never had an entry has no table: its place is empty.
        const { assert!(Value::EMPTY.bits() == 0) };
        self.asm.test(Size::S64, SCRATCH, SCRATCH);
        self.asm.je(none);
        self.asm.mov(Size::S32, Reg::RAX, Mem::base(SCRATCH, collection::USED));
        self.asm.sub(Size::S32, Reg::RAX, Mem::base(SCRATCH, collection::DELETED));
        self.asm.bind(none);
        self.asm.or(Size::S64, Reg::RAX, TAG);
        self.result()
    }
    fn LoadStringLength(&mut self, string: u8) -> bool {
        let string = self.reg(string);
        self.asm.mov(Size::S32, Reg::RAX, Mem::base(string, string::LENGTH));
        self.asm.or(Size::S64, Reg::RAX, TAG);
        self.result()
    }
    fn LoadElement(&mut self, _: u8, _: u8) -> bool {
        self.refuse()
    }
    fn LoadTypedElement(&mut self, _: u8, _: u8) -> bool {
        self.refuse()
    }
    fn LoadStringCharacter(&mut self, _: u8, _: u8) -> bool {
        self.refuse()
    }
    fn LoadBinding(&mut self, cell: u8) -> bool {
        let cell = self.datum(cell);
        self.asm.mov(Size::S64, SCRATCH, cell);
        // The dead zone is empty, which says that nothing was found.
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(SCRATCH, header::SIZE));
        self.result()
    }
    fn CallGetter(&mut self, receiver: u8, accessor: u8) -> bool {
        let (receiver, accessor) = (self.reg(receiver), self.reg(accessor));
        self.count();
        // The pair may be in rcx.
        self.asm.mov(Size::S64, SCRATCH, Mem::base(accessor, accessor::GETTER));
        self.asm.mov(Size::S64, Reg::RCX, receiver);
        self.asm.mov(Size::S64, Reg::RAX, SCRATCH);
        self.asm.jmp_near(shared::CALL_GETTER.target());
        true
    }
    fn HasPrototype(&mut self, value: u8, prototype: u8) -> bool {
        let (value, prototype) = (self.reg(value), self.reg(prototype));
        let (no, yes) = (self.asm.new_label(), self.asm.new_label());
        self.asm.lea(Size::S64, SCRATCH, Mem::base(value, -16));
        self.asm.shr(Size::S64, SCRATCH, 47);
        self.asm.jne(no);
        self.asm.cmp(Size::S8, Mem::base(value, header::KIND), Kind::Object as i32);
        self.asm.jb(no);
        self.asm.mov_address(SCRATCH2, symbols::SHAPES_BASE.target());
        let step = self.asm.here();
        // A proxy answers for itself. (The value's register is walked along: nothing can fail after the first step but this.)
        self.asm.cmp(Size::S8, Mem::base(value, header::KIND), Kind::Proxy as i32);
        self.asm.je(self.next);
        self.asm.mov(Size::S32, SCRATCH, Mem::base(value, header::SHAPE));
        self.asm.mov(Size::S64, value, Mem::index(SCRATCH2, SCRATCH, Scale::X8, shape::PROTOTYPE));
        self.asm.cmp(Size::S64, value, prototype);
        self.asm.je(yes);
        self.asm.cmp(Size::S64, value, Value::NULL.bits() as i32);
        self.asm.jne(step);
        self.asm.bind(no);
        self.constant(Value::FALSE);
        self.asm.bind(yes);
        self.constant(Value::TRUE)
    }
    fn StoreInlineSlot(&mut self, object: u8, offset: u8, value: u8) -> bool {
        let (object, offset) = (self.reg(object), self.datum(offset));
        self.asm.mov(Size::S32, SCRATCH, offset);
        self.store(object, value)
    }
    fn StoreOutOfLineSlot(&mut self, object: u8, offset: u8, value: u8) -> bool {
        let (object, offset) = (self.reg(object), self.datum(offset));
        self.asm.mov(Size::S32, SCRATCH, offset);
        self.asm.mov(Size::S64, SLOTS, Mem::base(object, object::SLOTS));
        self.store(SLOTS, value)
    }
    fn AddInlineSlot(&mut self, object: u8, offset: u8, shape: u8, value: u8) -> bool {
        let (object, offset, shape) = (self.reg(object), self.datum(offset), self.datum(shape));
        self.asm.mov(Size::S32, SCRATCH, shape);
        self.asm.mov(Size::S32, Mem::base(object, header::SHAPE), SCRATCH);
        self.asm.mov(Size::S32, SCRATCH, offset);
        self.store(object, value)
    }
    fn AddOutOfLineSlot(&mut self, object: u8, offset: u8, shape: u8, value: u8) -> bool {
        let (object, offset, shape) = (self.reg(object), self.datum(offset), self.datum(shape));
        // Where the slots have no room, or there are none, the helper makes it.
        self.asm.mov(Size::S64, SLOTS, Mem::base(object, object::SLOTS));
        self.asm.test(Size::S64, SLOTS, SLOTS);
        self.asm.je(self.next);
        self.asm.mov(Size::S32, SCRATCH2, Mem::base(SLOTS, object::SLOTS_CAPACITY));
        self.asm.mov(Size::S32, SCRATCH, offset);
        self.asm.shl(Size::S64, SCRATCH2, 3);
        self.asm.add(Size::S64, SCRATCH2, object::SLOTS_DATA);
        self.asm.cmp(Size::S64, SCRATCH, SCRATCH2);
        self.asm.jae(self.next);
        self.asm.mov(Size::S32, SCRATCH2, shape);
        self.asm.mov(Size::S32, Mem::base(object, header::SHAPE), SCRATCH2);
        self.store(SLOTS, value)
    }
    fn RemoveInlineSlot(&mut self, object: u8, offset: u8, shape: u8) -> bool {
        let object = self.reg(object);
        self.remove(object, object, offset, shape)
    }
    fn RemoveOutOfLineSlot(&mut self, object: u8, offset: u8, shape: u8) -> bool {
        let object = self.reg(object);
        self.asm.mov(Size::S64, Reg::R8, Mem::base(object, object::SLOTS));
        self.remove(object, Reg::R8, offset, shape)
    }
    fn StoreElement(&mut self, _: u8, _: u8, _: u8) -> bool {
        self.refuse()
    }
    fn AppendElement(&mut self, _: u8, _: u8, _: u8) -> bool {
        self.refuse()
    }
    fn StoreTypedElement(&mut self, _: u8, _: u8, _: u8) -> bool {
        self.refuse()
    }
    fn StoreBinding(&mut self, _: u8, _: u8) -> bool {
        self.refuse()
    }
    fn CallSetter(&mut self, receiver: u8, accessor: u8, value: u8) -> bool {
        let (receiver, accessor, value) = (self.reg(receiver), self.reg(accessor), self.reg(value));
        self.count();
        self.asm.mov(Size::S64, Reg::RDX, value);
        self.asm.mov(Size::S64, Reg::RCX, receiver);
        self.asm.mov(Size::S64, Reg::RAX, Mem::base(accessor, accessor::SETTER));
        self.asm.jmp_near(shared::CALL_SETTER.target());
        true
    }
}
