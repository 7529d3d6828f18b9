//! Running stubs in the interpreter: by their decoded form where they have one, else op by op.

use super::ops::{IcVisitor, visit_program};
use super::stub::IcStub;
use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::feedback::{Form, Loc};
use crate::function::Function;
use crate::object::{Object, Slots};
use crate::record::Record;
use crate::shape::SlotLocation;
use crate::tier;
use crate::typed::TypedArray;
use crate::value::Value;

/// What running a stub came to.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// A guard failed.
    Miss,
    /// Inside a stub: the next op.
    Continue,
    /// The result of a read, or undefined for a write that was done.
    Done(Value),
    /// The result is that of calling the getter of this accessor pair.
    Getter(Value),
    /// The setter of this accessor pair is to be called.
    Setter(Value),
}

fn object_at(v: Value) -> Gc<Object> {
    // SAFETY: a stub's guards have made sure that the operand is an object.
    unsafe { Gc::from_addr(v.bits() as usize) }
}

/// The slot at a byte offset from the object's start.
#[inline(always)]
pub fn inline_slot(object: Gc<Object>, offset: usize) -> *mut Value {
    (object.addr() + offset) as *mut Value
}

/// The slot at a byte offset from the start of the object's out-of-line slots.
#[inline(always)]
pub fn out_of_line_slot(object: Gc<Object>, offset: usize) -> (Gc<Slots>, *mut Value) {
    // SAFETY: a shape with out-of-line properties (that are not lazy) belongs to objects that have slots.
    let slots = unsafe { object.slots.get().unwrap_unchecked() };
    (slots, (slots.addr() + offset) as *mut Value)
}

/// The value at an own location of `holder`.
#[inline(always)]
pub fn load(holder: Gc<Object>, loc: Loc) -> Value {
    // SAFETY: the location came from the object's shape, whose id was compared.
    unsafe {
        if loc.is_own_inline() { *inline_slot(holder, loc.index()) } else { *out_of_line_slot(holder, loc.index()).1 }
    }
}

/// Stores at an own location.
#[inline(always)]
pub fn store(cx: &Context, object: Gc<Object>, loc: Loc, v: Value) {
    // SAFETY: as in `load`.
    unsafe {
        if loc.is_own_inline() {
            *inline_slot(object, loc.index()) = v;
            cx.write_barrier(object.header_ptr(), v);
        } else {
            let (slots, slot) = out_of_line_slot(object, loc.index());
            *slot = v;
            cx.write_barrier_slot(slots.header_ptr(), slot, v);
        }
    }
}

/// Gives the object a new shape and stores the value of its new property.
#[inline(always)]
pub fn add_inline(cx: &Context, object: Gc<Object>, shape: u32, offset: usize, v: Value) {
    object.header.shape.set(shape);
    // SAFETY: the new shape has its last property in this inline slot, which the object has (its old shape's capacity).
    unsafe { *inline_slot(object, offset) = v };
    cx.write_barrier(object.header_ptr(), v);
}

/// The same out of line; `false` if memory for the slots was refused.
#[inline]
pub fn add_out_of_line(cx: &Context, object: Gc<Object>, shape: u32, offset: usize, v: Value) -> bool {
    let index = (offset - size_of::<Slots>()) / 8;
    if object.ensure_slots(cx, index + 1).is_err() {
        // The generic path reports it.
        let _ = cx.take_exception();
        return false;
    }
    object.header.shape.set(shape);
    object.set_slot(cx, SlotLocation::out_of_line(index), v);
    true
}

/// Walks the site's stubs. `inputs`: receiver, then key or value.
#[inline(never)]
pub fn run_stubs(cx: &Context, first: Value, inputs: &[Value]) -> Outcome {
    let mut next = first.as_kind::<IcStub>(Kind::IcStub);
    while let Some(stub) = next {
        let outcome = run_stub(cx, stub, inputs);
        if !matches!(outcome, Outcome::Miss) {
            stub.hits.set(stub.hits.get().wrapping_add(1));
            if stub.is_interpreted() {
                tier::stub_hit(cx, stub);
            }
            return outcome;
        }
        next = stub.next_stub();
    }
    Outcome::Miss
}

/// Runs one stub.
#[inline]
fn run_stub(cx: &Context, stub: Gc<IcStub>, inputs: &[Value]) -> Outcome {
    let receiver = inputs[0];
    // The shape is the first guard of nearly all programs.
    let guard = stub.guard.get();
    if stub.dead.get()
        || guard != crate::feedback::NO_SHAPE && (!receiver.is_cell() || receiver.as_cell().header.shape.get() != guard)
    {
        return Outcome::Miss;
    }
    let loc = stub.loc.get();
    let fresh = || stub.aux.get() == cx.interp.proto_epoch.get();
    match loc.form() {
        Form::None => {}
        Form::OwnInline | Form::OwnOutOfLine if inputs.len() == 1 => {
            return Outcome::Done(load(object_at(receiver), loc));
        }
        Form::OwnInline | Form::OwnOutOfLine => {
            store(cx, object_at(receiver), loc, inputs[1]);
            return Outcome::Done(Value::UNDEFINED);
        }
        Form::HolderInline | Form::HolderOutOfLine => {
            let own = Loc::new(
                if loc.form() == Form::HolderInline { Form::OwnInline } else { Form::OwnOutOfLine },
                loc.index() as u32,
            );
            return if fresh() { Outcome::Done(load(object_at(stub.cell.get()), own)) } else { Outcome::Miss };
        }
        Form::Missing => return if fresh() { Outcome::Done(Value::UNDEFINED) } else { Outcome::Miss },
        Form::AddInline => {
            if !fresh() {
                return Outcome::Miss;
            }
            add_inline(cx, object_at(receiver), stub.cell.get().as_int32() as u32, loc.index(), inputs[1]);
            return Outcome::Done(Value::UNDEFINED);
        }
        Form::AddOutOfLine => {
            let shape = stub.cell.get().as_int32() as u32;
            return if fresh() && add_out_of_line(cx, object_at(receiver), shape, loc.index(), inputs[1]) {
                Outcome::Done(Value::UNDEFINED)
            } else {
                Outcome::Miss
            };
        }
        Form::StringHolderInline | Form::StringHolderOutOfLine => {
            let own = Loc::new(
                if loc.form() == Form::StringHolderInline { Form::OwnInline } else { Form::OwnOutOfLine },
                loc.index() as u32,
            );
            return if fresh() && receiver.is_string() {
                Outcome::Done(load(object_at(stub.cell.get()), own))
            } else {
                Outcome::Miss
            };
        }
        Form::TypedArrayLength => {
            return if fresh() {
                Outcome::Done(crate::interp::property::typed_length(object_at(receiver)))
            } else {
                Outcome::Miss
            };
        }
        Form::CollectionSize => {
            return if fresh() {
                Outcome::Done(crate::interp::property::collection_size(object_at(receiver)))
            } else {
                Outcome::Miss
            };
        }
        Form::ArrayLength => {}
    }
    let mut run = Run { cx, stub, operands: [Value::UNDEFINED; OPERANDS] };
    run.operands[..inputs.len()].copy_from_slice(inputs);
    visit_program(stub.program(), &mut run).unwrap_or(Outcome::Miss)
}

/// Most operands of a stub.
const OPERANDS: usize = 12;

/// The interpreter's visitor: does what each op says.
struct Run<'a> {
    cx: &'a Context,
    stub: Gc<IcStub>,
    operands: [Value; OPERANDS],
}

impl Run<'_> {
    fn get(&self, operand: u8) -> Value {
        self.operands[operand as usize]
    }
    fn object(&self, operand: u8) -> Gc<Object> {
        object_at(self.get(operand))
    }
    fn datum(&self, index: u8) -> Value {
        Value::from_bits(self.stub.data()[index as usize].get())
    }
    fn word(&self, index: u8) -> u32 {
        self.datum(index).as_int32() as u32
    }
    fn check(&self, holds: bool) -> Outcome {
        if holds { Outcome::Continue } else { Outcome::Miss }
    }
    fn define(&mut self, operand: u8, v: Value) -> Outcome {
        self.operands[operand as usize] = v;
        Outcome::Continue
    }
    fn value_or_miss(&self, v: Value) -> Outcome {
        if v.is_empty() { Outcome::Miss } else { Outcome::Done(v) }
    }
    fn done_if(&self, done: bool) -> Outcome {
        if done { Outcome::Done(Value::UNDEFINED) } else { Outcome::Miss }
    }
}

#[allow(non_snake_case)]
impl IcVisitor for Run<'_> {
    type Output = Outcome;

    fn goes_on(output: &Outcome) -> bool {
        matches!(output, Outcome::Continue)
    }

    fn GuardObject(&mut self, value: u8) -> Outcome {
        self.check(self.get(value).is_object())
    }
    fn GuardString(&mut self, value: u8) -> Outcome {
        self.check(self.get(value).is_string())
    }
    fn GuardNumber(&mut self, value: u8) -> Outcome {
        self.check(self.get(value).is_number())
    }
    fn GuardBoolean(&mut self, value: u8) -> Outcome {
        self.check(self.get(value).is_boolean())
    }
    fn GuardSymbol(&mut self, value: u8) -> Outcome {
        self.check(self.get(value).is_symbol())
    }
    fn GuardBigInt(&mut self, value: u8) -> Outcome {
        self.check(self.get(value).is_bigint())
    }
    fn GuardIndex(&mut self, value: u8) -> Outcome {
        self.check(self.get(value).is_int32() && self.get(value).as_int32() >= 0)
    }
    fn GuardShape(&mut self, object: u8, shape: u8) -> Outcome {
        self.check(self.get(object).as_cell().header.shape.get() == self.word(shape))
    }
    fn GuardKind(&mut self, object: u8, kind: u8) -> Outcome {
        self.check(self.get(object).as_cell().header.kind.get() == kind)
    }
    fn GuardElements(&mut self, object: u8, kind: u8) -> Outcome {
        self.check(self.object(object).elements.get().kind() as u8 == kind)
    }
    fn GuardCell(&mut self, value: u8, cell: u8) -> Outcome {
        self.check(self.get(value) == self.datum(cell))
    }
    fn GuardCode(&mut self, value: u8, cell: u8) -> Outcome {
        let code = self.datum(cell).as_kind::<CodeBlock>(Kind::CodeBlock);
        self.check(self.get(value).as_kind::<Function>(Kind::Function).map(|f| f.code()) == code && code.is_some())
    }
    fn GuardPrototypes(&mut self, epoch: u8) -> Outcome {
        self.check(self.word(epoch) == self.cx.interp.proto_epoch.get())
    }
    fn GuardHolesUndefined(&mut self) -> Outcome {
        self.check(self.cx.holes_are_undefined())
    }
    fn UseCell(&mut self, result: u8, cell: u8) -> Outcome {
        self.define(result, self.datum(cell))
    }
    fn ReadInlineSlot(&mut self, result: u8, object: u8, offset: u8) -> Outcome {
        // SAFETY: the object's shape was guarded, and gave the offset.
        let v = unsafe { *inline_slot(self.object(object), self.word(offset) as usize) };
        self.define(result, v)
    }
    fn ReadOutOfLineSlot(&mut self, result: u8, object: u8, offset: u8) -> Outcome {
        // SAFETY: as above.
        let v = unsafe { *out_of_line_slot(self.object(object), self.word(offset) as usize).1 };
        self.define(result, v)
    }
    fn LoadInlineSlot(&mut self, object: u8, offset: u8) -> Outcome {
        // SAFETY: as above.
        Outcome::Done(unsafe { *inline_slot(self.object(object), self.word(offset) as usize) })
    }
    fn LoadOutOfLineSlot(&mut self, object: u8, offset: u8) -> Outcome {
        // SAFETY: as above.
        Outcome::Done(unsafe { *out_of_line_slot(self.object(object), self.word(offset) as usize).1 })
    }
    fn LoadUndefined(&mut self) -> Outcome {
        Outcome::Done(Value::UNDEFINED)
    }
    fn LoadBoolean(&mut self, value: u8) -> Outcome {
        Outcome::Done(Value::boolean(value != 0))
    }
    fn LoadArrayLength(&mut self, object: u8) -> Outcome {
        self.value_or_miss(crate::interp::property::length_of_cell(self.get(object).as_cell()))
    }
    fn LoadTypedLength(&mut self, object: u8) -> Outcome {
        match self.get(object).as_kind::<TypedArray>(Kind::TypedArray) {
            Some(array) => Outcome::Done(Value::length(array.len())),
            None => Outcome::Miss,
        }
    }
    fn LoadCollectionSize(&mut self, object: u8) -> Outcome {
        Outcome::Done(crate::interp::property::collection_size(self.object(object)))
    }
    fn LoadStringLength(&mut self, string: u8) -> Outcome {
        self.value_or_miss(crate::interp::property::length_of_cell(self.get(string).as_cell()))
    }
    fn LoadElement(&mut self, object: u8, key: u8) -> Outcome {
        self.value_or_miss(self.object(object).elements.get().get(self.get(key).as_int32() as usize))
    }
    fn LoadTypedElement(&mut self, object: u8, key: u8) -> Outcome {
        self.value_or_miss(crate::interp::element::typed_get(self.get(object), self.get(key)))
    }
    fn LoadStringCharacter(&mut self, string: u8, key: u8) -> Outcome {
        self.value_or_miss(crate::interp::element::string_get(self.cx, self.get(string), self.get(key)))
    }
    fn LoadBinding(&mut self, cell: u8) -> Outcome {
        self.datum(cell).as_kind::<Record>(Kind::Record).map_or(Outcome::Miss, |r| self.value_or_miss(r.get(0)))
    }
    fn CallGetter(&mut self, _receiver: u8, accessor: u8) -> Outcome {
        Outcome::Getter(self.get(accessor))
    }
    fn HasPrototype(&mut self, value: u8, prototype: u8) -> Outcome {
        let (v, prototype) = (self.get(value), self.get(prototype));
        match crate::interp::property::has_prototype(self.cx, v, prototype) {
            Some(found) => Outcome::Done(Value::boolean(found)),
            None => Outcome::Miss,
        }
    }
    fn StoreInlineSlot(&mut self, object: u8, offset: u8, value: u8) -> Outcome {
        store(self.cx, self.object(object), Loc::new(Form::OwnInline, self.word(offset)), self.get(value));
        Outcome::Done(Value::UNDEFINED)
    }
    fn StoreOutOfLineSlot(&mut self, object: u8, offset: u8, value: u8) -> Outcome {
        store(self.cx, self.object(object), Loc::new(Form::OwnOutOfLine, self.word(offset)), self.get(value));
        Outcome::Done(Value::UNDEFINED)
    }
    fn AddInlineSlot(&mut self, object: u8, offset: u8, shape: u8, value: u8) -> Outcome {
        add_inline(self.cx, self.object(object), self.word(shape), self.word(offset) as usize, self.get(value));
        Outcome::Done(Value::UNDEFINED)
    }
    fn AddOutOfLineSlot(&mut self, object: u8, offset: u8, shape: u8, value: u8) -> Outcome {
        let offset = self.word(offset) as usize;
        self.done_if(add_out_of_line(self.cx, self.object(object), self.word(shape), offset, self.get(value)))
    }
    fn RemoveInlineSlot(&mut self, object: u8, offset: u8, shape: u8) -> Outcome {
        let object = self.object(object);
        store(self.cx, object, Loc::new(Form::OwnInline, self.word(offset)), Value::EMPTY);
        object.header.shape.set(self.word(shape));
        Outcome::Done(Value::TRUE)
    }
    fn RemoveOutOfLineSlot(&mut self, object: u8, offset: u8, shape: u8) -> Outcome {
        let object = self.object(object);
        store(self.cx, object, Loc::new(Form::OwnOutOfLine, self.word(offset)), Value::EMPTY);
        object.header.shape.set(self.word(shape));
        Outcome::Done(Value::TRUE)
    }
    fn StoreElement(&mut self, object: u8, key: u8, value: u8) -> Outcome {
        let (o, i, v) = (self.object(object), self.get(key).as_int32() as usize, self.get(value));
        let elements = o.elements.get();
        let fits = i < elements.len() && elements.fits(v) && !elements.get(i).is_empty();
        if fits {
            elements.set_raw(self.cx, i, v);
        }
        self.done_if(fits)
    }
    fn AppendElement(&mut self, object: u8, key: u8, value: u8) -> Outcome {
        self.done_if(crate::interp::element::append(self.cx, self.object(object), self.get(key), self.get(value)))
    }
    fn StoreTypedElement(&mut self, object: u8, key: u8, value: u8) -> Outcome {
        self.done_if(crate::interp::element::typed_set(self.get(object), self.get(key), self.get(value)))
    }
    fn StoreBinding(&mut self, cell: u8, value: u8) -> Outcome {
        match self.datum(cell).as_kind::<Record>(Kind::Record) {
            Some(record) if !record.get(0).is_empty() => {
                record.set(self.cx, 0, self.get(value));
                Outcome::Done(Value::UNDEFINED)
            }
            _ => Outcome::Miss,
        }
    }
    fn CallSetter(&mut self, _receiver: u8, accessor: u8, _value: u8) -> Outcome {
        Outcome::Setter(self.get(accessor))
    }
}
