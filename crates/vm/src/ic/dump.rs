//! The inline caches of a program as text: what each site has seen, and the stubs that it has.
//!
//! Made to be compared between runs: shapes and cells are numbered in the order in which they are met, and addresses are not shown. Words that are
//! prototype epochs differ between runs for no reason that a reader cares about, and are left out.

use super::ops::{IcOperand, instructions};
use super::stub::IcStub;
use crate::cell::{Gc, Kind};
use crate::code::CodeBlock;
use crate::context::Context;
use crate::feedback::{Site, SiteState, element_bits, type_bits};
use crate::function::NativeFunction;
use crate::typed::ElementType;
use crate::value::Value;
use std::fmt::Write;
use tercel_bytecode::op::{OperandKind, instructions as bytecode};
use tercel_bytecode::{Op, print};

/// The sites of a function and of all functions in it that have run.
pub fn inline_caches(cx: &Context, code: Gc<CodeBlock>) -> String {
    let mut printer = Printer { cx, out: String::new(), shapes: Vec::new(), cells: Vec::new() };
    let mut work = vec![code];
    while let Some(code) = work.pop() {
        printer.function(code);
        work.extend((0..code.template().functions.len()).rev().filter_map(|i| code.made_function(i)));
    }
    printer.out
}

struct Printer<'a> {
    cx: &'a Context,
    out: String,
    shapes: Vec<u32>,
    /// Bits of cells: printing allocates nothing in the heap, so that they are only compared.
    cells: Vec<u64>,
}

fn number<T: PartialEq>(known: &mut Vec<T>, item: T) -> usize {
    known.iter().position(|k| *k == item).unwrap_or_else(|| {
        known.push(item);
        known.len() - 1
    })
}

// Writing to a String cannot fail: results of `write!` are not looked at.
impl Printer<'_> {
    fn function(&mut self, code: Gc<CodeBlock>) {
        let template = code.template();
        if code.all_sites().is_empty() {
            return;
        }
        let at = template.source.position(template.span.start);
        let _ = writeln!(self.out, "function {:?} at {}:{}", template.name, at.line, at.column);
        for (pc, op) in bytecode(&template.code) {
            let Some(slot) = op.operands(&template.code, pc).find(|o| o.kind == OperandKind::Slot) else { continue };
            let site = code.site(slot.value as usize);
            if let Some(seen) = self.seen(op, site) {
                let line = template.source.line_number(template.positions.offset_at(pc as u32));
                let _ = writeln!(self.out, "  {pc:>4}  {}  ; line {line}: {seen}", print::instruction(template, pc));
                self.stubs(site);
            }
        }
    }

    /// What a site has seen, in words. `None`: nothing.
    fn seen(&mut self, op: Op, site: &Site) -> Option<String> {
        let state = match site.state.get() {
            SiteState::Uninitialized => "",
            SiteState::Monomorphic => "mono",
            SiteState::Polymorphic => "poly",
            SiteState::Megamorphic => "mega",
        };
        let mut text = state.to_owned();
        match op {
            Op::GetElem | Op::GetElemUpdate | Op::GetMethodElem | Op::SetElem => {
                let bits = site.bits.get();
                for (bit, name) in ELEMENT_NAMES {
                    if bits & bit != 0 {
                        text.push_str(if text.is_empty() { "" } else { ", " });
                        text.push_str(name);
                    }
                }
                if bits & element_bits::TYPED != 0 {
                    let types = ElementType::ALL.iter().filter(|&&t| site.aux.get() & 1 << t as u32 != 0);
                    let _ = write!(text, " {:?}", types.collect::<Vec<_>>());
                }
            }
            Op::Call | Op::CallMethod | Op::Construct | Op::TailCall | Op::TailCallMethod
                if !site.cell.get().is_empty() =>
            {
                let target = self.cell(site.cell.get());
                let _ = write!(text, " target={target}");
            }
            Op::LoopBack => {}
            _ if site.stubs.get().is_empty() && site.state.get() == SiteState::Uninitialized => {
                for (bit, name) in TYPE_NAMES {
                    if site.bits.get() & bit != 0 {
                        text.push_str(if text.is_empty() { "" } else { ", " });
                        text.push_str(name);
                    }
                }
            }
            _ => {}
        }
        (!text.is_empty()).then_some(text)
    }

    fn stubs(&mut self, site: &Site) {
        let mut next = site.stubs.get().as_kind::<IcStub>(Kind::IcStub);
        while let Some(stub) = next {
            next = stub.next_stub();
            let _ = writeln!(self.out, "        stub, {} hits", stub.hits.get());
            let text = self.stub(stub);
            self.out.push_str(&text);
        }
    }

    /// A stub, an op a line.
    fn stub(&mut self, stub: Gc<IcStub>) -> String {
        let mut text = String::new();
        for (op, operands) in instructions(stub.program()) {
            let _ = write!(text, "          {}", op.name());
            for (&(name, kind), &byte) in op.operands().iter().zip(operands) {
                let word = || Value::from_bits(stub.data()[byte as usize].get());
                let _ = match kind {
                    IcOperand::In => write!(text, " {name}=v{byte}"),
                    IcOperand::Def => write!(text, " v{byte} ="),
                    IcOperand::Shape => {
                        let n = number(&mut self.shapes, word().as_int32() as u32);
                        write!(text, " {name}=shape{n}")
                    }
                    IcOperand::Word if name == "epoch" => Ok(()),
                    IcOperand::Word => write!(text, " {name}={}", word().as_int32()),
                    IcOperand::Cell => {
                        let cell = self.cell(word());
                        write!(text, " {name}={cell}")
                    }
                    IcOperand::Imm => write!(text, " {name}={byte}"),
                };
            }
            text.push('\n');
        }
        text
    }

    /// A cell: a function by its name, a string by its text, others by kind and number.
    fn cell(&mut self, v: Value) -> String {
        if let Some(code) = v.as_kind::<CodeBlock>(Kind::CodeBlock) {
            return format!("{:?}", code.template().name);
        }
        if v.as_kind::<NativeFunction>(Kind::NativeFunction).is_some() || v.is_string() {
            return self.cx.describe(v).to_string();
        }
        match v.kind() {
            Some(kind) => format!("{}{}", kind.name(), number(&mut self.cells, v.bits())),
            None => format!("{v:?}"),
        }
    }
}

const ELEMENT_NAMES: [(u8, &str); 8] = [
    (element_bits::INT32, "int32"),
    (element_bits::DOUBLE, "double"),
    (element_bits::VALUE, "values"),
    (element_bits::TYPED, "typed"),
    (element_bits::STRING, "string"),
    (element_bits::HOLE_OR_OUTSIDE, "hole or outside"),
    (element_bits::NAME, "name"),
    (element_bits::OTHER, "other"),
];

const TYPE_NAMES: [(u8, &str); 8] = [
    (type_bits::DOUBLE, "double"),
    (type_bits::STRING, "string"),
    (type_bits::BIGINT, "bigint"),
    (type_bits::BOOLEAN, "boolean"),
    (type_bits::NULLISH, "nullish"),
    (type_bits::OBJECT, "object"),
    (type_bits::SYMBOL, "symbol"),
    (type_bits::OVERFLOW, "overflow"),
];
