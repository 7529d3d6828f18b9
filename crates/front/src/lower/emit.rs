//! Registers, constants, slots, and the emission of common instructions.

use super::{Builder, Reg};
use crate::CompileError;
use oxc_span::Span;
use oxc_str::Ident;
use std::sync::Arc;
use tercel_bytecode::assembler::Label;
use tercel_bytecode::op::{
    Argc, Block, BlockOut, Const, Count, Dst, I16, I32, Imm8, Instr, Jump, Keys, Run, Slot, Src,
};
use tercel_bytecode::{Constant, ErrorKind, FeedbackKind, JsStr, MAX_REGISTERS, SwitchTable, Template, instr};

/// Size of a call block's header.
pub const HEADER: Reg = tercel_bytecode::frame::FIRST_PARAM;

impl<'s, 'a> Builder<'s, 'a> {
    // ---- Registers ----------------------------------------------------------------------------------------------

    /// Takes `count` consecutive registers.
    pub fn run(&mut self, count: usize) -> Reg {
        let first = self.next;
        let end = usize::from(first) + count;
        if end > MAX_REGISTERS {
            self.too_large("function needs too many registers");
            // The code is thrown away; any registers will do, and nothing more is lowered.
            self.failed = true;
            return 0;
        }
        self.next = end as Reg;
        self.most = self.most.max(self.next);
        first
    }

    /// Takes a register.
    pub fn temp(&mut self) -> Reg {
        self.run(1)
    }

    /// The state of the register stack, to go back to with [`Self::release`].
    pub fn mark_registers(&self) -> Reg {
        self.next
    }

    /// Gives back all registers taken since `mark`.
    pub fn release(&mut self, mark: Reg) {
        self.next = mark;
    }

    /// A call block for up to `argc` arguments, at the top of the stack. If `dst` is the topmost register, the block begins there:
    /// the result is stored after the block is used up.
    pub fn call_block(&mut self, argc: usize, dst: Option<Reg>) -> Reg {
        if let Some(dst) = dst
            && dst >= HEADER
            && dst + 1 == self.next
            && !self.is_variable(dst)
        {
            self.next -= 1;
        }
        self.run(usize::from(HEADER) + argc)
    }

    // ---- Errors ---------------------------------------------------------------------------------------------------

    /// Keeps the first error.
    pub fn fail(&self, error: CompileError) {
        self.cx.error.borrow_mut().get_or_insert(error);
    }

    /// A SyntaxError at a source offset.
    pub fn syntax_error(&self, offset: u32, message: impl Into<String>) {
        self.fail(CompileError::syntax(&self.cx.source, self.source_offset(offset), message));
    }

    /// A RangeError: some limit of the bytecode.
    pub fn too_large(&self, message: &str) {
        self.fail(CompileError::range(&self.cx.source, message));
    }

    /// The offset in the source as given, of an offset in the text as parsed.
    pub fn source_offset(&self, offset: u32) -> u32 {
        self.cx.analysis.origin.to_source(offset).min(self.cx.source.text.len() as u32)
    }

    // ---- Tables -----------------------------------------------------------------------------------------------------

    /// The constant index of a name.
    pub fn name(&mut self, name: Ident<'a>) -> Const {
        if let Some(&index) = self.names.get(&name) {
            return Const(index);
        }
        let index = self.string(name.as_str().into());
        self.names.insert(name, index.0);
        index
    }

    /// The constant index of a string.
    pub fn string(&mut self, text: JsStr) -> Const {
        let text = self.cx.source.restore(text);
        if let Some(&index) = self.strings.get(&text) {
            return Const(index);
        }
        let index = self.constants.len() as u32;
        self.strings.insert(text.clone(), index);
        self.constants.push(Constant::String(text));
        Const(index)
    }

    /// The constant index of a number.
    pub fn number(&mut self, value: f64) -> Const {
        let constant = number_constant(value);
        let next = self.constants.len() as u32;
        let index = *self.numbers.entry(value.to_bits()).or_insert(next);
        if index == next {
            self.constants.push(constant);
        }
        Const(index)
    }

    /// The index of a constant that is not shared.
    pub fn constant(&mut self, constant: Constant) -> Const {
        self.constants.push(constant);
        Const(self.constants.len() as u32 - 1)
    }

    /// A new feedback slot.
    pub fn slot(&mut self, kind: FeedbackKind) -> Slot {
        self.slots.push(kind);
        Slot(self.slots.len() as u32 - 1)
    }

    /// A new key list.
    pub fn keys(&mut self, list: Vec<u32>) -> Keys {
        self.key_lists.push(list.into());
        Keys(self.key_lists.len() as u32 - 1)
    }

    /// A new inner function.
    pub fn inner(&mut self, template: Arc<Template>) -> tercel_bytecode::op::Func {
        self.functions.push(template);
        tercel_bytecode::op::Func(self.functions.len() as u32 - 1)
    }

    // ---- Instructions -----------------------------------------------------------------------------------------------

    /// Appends an instruction.
    pub fn emit<I: Instr>(&mut self, instruction: I) {
        self.asm.emit(instruction);
        // Jump distances and table sizes are 32-bit.
        if self.asm.pc() > 0x3FFF_FFFF {
            self.too_large("function is too large");
        }
    }

    /// What follows blames this place.
    pub fn at(&mut self, offset: u32) {
        let offset = self.source_offset(offset);
        self.asm.mark(offset);
    }

    /// What follows blames the start of this span.
    pub fn at_span(&mut self, span: Span) {
        self.at(span.start);
    }

    pub fn to(&self, label: Label) -> Jump {
        self.asm.to(label)
    }

    pub fn label(&mut self) -> Label {
        self.asm.label()
    }

    pub fn bind(&mut self, label: Label) {
        self.asm.bind(label);
    }

    /// `dst = src`, unless they are the same.
    pub fn mov(&mut self, dst: Reg, src: Reg) {
        if dst != src {
            self.emit(instr::Move { dst: Dst(dst), src: Src(src) });
        }
    }

    pub fn load_undefined(&mut self, dst: Reg) {
        self.emit(instr::LoadUndefined { dst: Dst(dst) });
    }

    pub fn load_bool(&mut self, dst: Reg, value: bool) {
        if value {
            self.emit(instr::LoadTrue { dst: Dst(dst) });
        } else {
            self.emit(instr::LoadFalse { dst: Dst(dst) });
        }
    }

    pub fn load_int(&mut self, dst: Reg, value: i32) {
        match i16::try_from(value) {
            Ok(value) => self.emit(instr::LoadInt { dst: Dst(dst), value: I16(value) }),
            Err(_) => self.emit(instr::LoadInt32 { dst: Dst(dst), value: I32(value) }),
        }
    }

    pub fn load_number(&mut self, dst: Reg, value: f64) {
        match number_constant(value) {
            Constant::Int(value) => self.load_int(dst, value),
            _ => {
                let value = self.number(value);
                self.load_const(dst, value);
            }
        }
    }

    pub fn load_const(&mut self, dst: Reg, value: Const) {
        self.emit(instr::LoadConst { dst: Dst(dst), value });
    }

    pub fn load_string(&mut self, dst: Reg, text: JsStr) {
        let value = self.string(text);
        self.load_const(dst, value);
    }

    pub fn jump(&mut self, label: Label) {
        let target = self.to(label);
        self.emit(instr::Jump { target });
    }

    pub fn jump_if_true(&mut self, a: Reg, label: Label) {
        let target = self.to(label);
        self.emit(instr::JumpIfTrue { a: Src(a), target });
    }

    pub fn jump_if_false(&mut self, a: Reg, label: Label) {
        let target = self.to(label);
        self.emit(instr::JumpIfFalse { a: Src(a), target });
    }

    pub fn jump_if_nullish(&mut self, a: Reg, label: Label) {
        let target = self.to(label);
        self.emit(instr::JumpIfNullish { a: Src(a), target });
    }

    pub fn jump_if_not_undefined(&mut self, a: Reg, label: Label) {
        let target = self.to(label);
        self.emit(instr::JumpIfNotUndefined { a: Src(a), target });
    }

    pub fn jump_if_int(&mut self, a: Reg, value: i16, label: Label) {
        let target = self.to(label);
        let slot = self.slot(FeedbackKind::Compare);
        self.emit(instr::JumpIfStrictEqImm { a: Src(a), imm: I16(value), target, slot });
    }

    pub fn loop_back(&mut self, label: Label) {
        let target = self.to(label);
        let slot = self.slot(FeedbackKind::Loop);
        self.emit(instr::LoopBack { target, slot });
    }

    pub fn get_named(&mut self, dst: Reg, obj: Reg, name: Const) {
        let slot = self.slot(FeedbackKind::GetNamed);
        if matches!(&self.constants[name.0 as usize], Constant::String(text) if text.eq_str("length")) {
            self.emit(instr::GetLength { dst: Dst(dst), obj: Src(obj), slot });
        } else {
            self.emit(instr::GetNamed { dst: Dst(dst), obj: Src(obj), name, slot });
        }
    }

    pub fn get_elem(&mut self, dst: Reg, obj: Reg, key: Reg) {
        let slot = self.slot(FeedbackKind::GetElem);
        self.emit(instr::GetElem { dst: Dst(dst), obj: Src(obj), key: Src(key), slot });
    }

    pub fn set_named(&mut self, obj: Reg, name: Const, src: Reg) {
        let slot = self.slot(FeedbackKind::SetNamed);
        let strict = Imm8(u8::from(self.strict));
        self.emit(instr::SetNamed { strict, obj: Src(obj), name, src: Src(src), slot });
    }

    pub fn set_elem(&mut self, obj: Reg, key: Reg, src: Reg) {
        let slot = self.slot(FeedbackKind::SetElem);
        let strict = Imm8(u8::from(self.strict));
        self.emit(instr::SetElem { strict, obj: Src(obj), key: Src(key), src: Src(src), slot });
    }

    pub fn define_named(&mut self, obj: Reg, name: Const, src: Reg) {
        let slot = self.slot(FeedbackKind::DefineNamed);
        self.emit(instr::DefineNamed { obj: Src(obj), name, src: Src(src), slot });
    }

    pub fn define_elem(&mut self, obj: Reg, key: Reg, src: Reg) {
        let slot = self.slot(FeedbackKind::DefineElem);
        self.emit(instr::DefineElem { obj: Src(obj), key: Src(key), src: Src(src), slot });
    }

    pub fn get_method(&mut self, block: Reg, obj: Reg, name: Const) {
        let slot = self.slot(FeedbackKind::GetNamed);
        self.emit(instr::GetMethod { block: BlockOut(block), obj: Src(obj), name, slot });
    }

    /// `dst` = call of `block` with `this` undefined.
    pub fn call(&mut self, dst: Reg, block: Reg, argc: usize) {
        let slot = self.slot(FeedbackKind::Call);
        self.emit(instr::Call { dst: Dst(dst), block: Block(block), argc: Argc(argc as u16), slot });
    }

    /// `dst` = call of `block` with the `this` in it.
    pub fn call_method(&mut self, dst: Reg, block: Reg, argc: usize) {
        let slot = self.slot(FeedbackKind::Call);
        self.emit(instr::CallMethod { dst: Dst(dst), block: Block(block), argc: Argc(argc as u16), slot });
    }

    pub fn throw_error(&mut self, kind: ErrorKind, message: &str) {
        let message = self.string(message.into());
        self.emit(instr::ThrowError { kind: Imm8(kind as u8), message });
    }

    pub fn copy_data_properties(&mut self, target: Reg, source: Reg, excluded: Reg, count: usize) {
        self.emit(instr::CopyDataProperties {
            target: Src(target),
            source: Src(source),
            excluded: Run(excluded),
            count: Count(count as u16),
        });
    }

    // ---- The end ------------------------------------------------------------------------------------------------------

    /// A table for `SwitchTable`, whose instruction comes next.
    pub fn switch_table(&mut self, low: i32, targets: Vec<Option<Label>>) -> tercel_bytecode::op::Table {
        self.switch_tables.push((self.asm.pc(), low, targets));
        tercel_bytecode::op::Table(self.switch_tables.len() as u32 - 1)
    }

    /// The finished code and tables as the middle of a template; the caller fills in the rest.
    pub fn finish(&mut self) -> Parts {
        if self.cx.error.borrow().is_some() {
            // Not all labels need be bound.
            return Parts::default();
        }
        let assembled = std::mem::take(&mut self.asm).finish();
        let switch_tables = self
            .switch_tables
            .drain(..)
            .map(|(pc, low, targets)| SwitchTable {
                low,
                targets: targets
                    .into_iter()
                    .map(|label| label.map_or(0, |l| assembled.position(l) as i32 - pc as i32))
                    .collect(),
            })
            .collect();
        Parts { code: assembled.code, handlers: assembled.handlers, positions: assembled.positions, switch_tables }
    }
}

/// What [`Builder::finish`] gives.
#[derive(Default)]
pub struct Parts {
    pub code: Box<[u16]>,
    pub handlers: Box<[tercel_bytecode::Handler]>,
    pub positions: tercel_bytecode::Positions,
    pub switch_tables: Box<[SwitchTable]>,
}

/// A number as a constant: int32 where it is one and not -0.
pub fn number_constant(value: f64) -> Constant {
    let int = value as i32;
    if f64::from(int) == value && (int != 0 || value.is_sign_positive()) {
        Constant::Int(int)
    } else {
        Constant::Double(value)
    }
}

/// The text of an oxc string: with `lone_surrogates`, U+FFFD and four hex digits stand for a code unit.
pub fn decode_string(text: &str, lone_surrogates: bool) -> JsStr {
    if !lone_surrogates {
        return text.into();
    }
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{FFFD}' {
            let digits: String = rest.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&digits, 16).unwrap_or(0xFFFD));
        } else {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    JsStr::from_units(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ints_only_if_nothing_is_lost() {
        assert_eq!(number_constant(5.0), Constant::Int(5));
        assert_eq!(number_constant(-2147483648.0), Constant::Int(i32::MIN));
        assert_eq!(number_constant(2147483648.0), Constant::Double(2147483648.0));
        assert!(matches!(number_constant(-0.0), Constant::Double(_)));
        assert!(matches!(number_constant(f64::NAN), Constant::Double(_)));
    }

    #[test]
    fn lone_surrogates_are_decoded() {
        let text = decode_string("a\u{FFFD}d800\u{FFFD}fffd", true);
        assert_eq!(text, JsStr::from_units(&[0x61, 0xD800, 0xFFFD]));
        assert_eq!(decode_string("\u{FFFD}d800", false).len(), 5);
    }
}
