//! The text form of templates: `tercel dump --bytecode`, filetests, traces.
//!
//! One instruction a line: position, op, operands by name, what indices stand for, and the source line where it changes.

use crate::op::{Op, OperandKind, OperandValue, instructions};
use crate::template::{Constant, ExportEntry, ImportName, ScopeTemplate, Template};
use std::fmt::{self, Write};

/// What printing has left for lowering functions that were not called: deep ones get a thread.
const NATIVE_STACK: usize = 256 << 10;

/// A template as text; with `{:#}` its inner functions follow, lowered if they were not yet.
pub struct Print<'a>(pub &'a Template);

impl fmt::Display for Print<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut work = vec![(self.0, String::from("0"))];
        let mut first = true;
        while let Some((template, path)) = work.pop() {
            if !first {
                f.write_char('\n')?;
            }
            first = false;
            one(f, template, &path)?;
            if f.alternate() {
                let inner = template.functions.iter().enumerate().rev();
                work.extend(inner.map(|(i, inner)| (inner.whole(NATIVE_STACK), format!("{path}.{i}"))));
            }
        }
        Ok(())
    }
}

/// The instruction at `pc` as text, without position and source.
pub fn instruction(template: &Template, pc: usize) -> String {
    let Some(op) = template.code.get(pc).and_then(|&unit| Op::from_unit(unit)) else {
        return "(no instruction)".into();
    };
    let mut text = format!("{:<23}", op.info().name);
    let mut notes = String::new();
    let (mut shown, mut first) = (String::new(), true);
    let mut last_run = 0;
    for operand in op.operands(&template.code, pc) {
        if operand.kind == OperandKind::Slot {
            let _ = write!(notes, " #{}", operand.value);
            continue;
        }
        if !first {
            shown.push_str(", ");
        }
        first = false;
        if operand.kind == OperandKind::Run {
            last_run = operand.value;
        }
        show(&mut shown, template, pc, &operand, last_run);
    }
    text.push_str(&shown);
    text.push_str(&notes);
    text.trim_end().to_string()
}

fn show(out: &mut String, template: &Template, pc: usize, operand: &OperandValue, run: i64) {
    let value = operand.value;
    use OperandKind::*;
    let _ = match operand.kind {
        Dst | Src => write!(out, "{}", register(template, value)),
        DstPair => write!(out, "{}..", register(template, value)),
        Run => write!(out, "[{}", register(template, value)),
        Count if value == 0 => write!(out, "none]"),
        Count => write!(out, "{}]", register(template, run + value - 1)),
        Block | BlockOut => write!(out, "({})", register(template, value)),
        Iter | IterOut => write!(out, "<{}>", register(template, value)),
        Argc => write!(out, "argc={value}"),
        Imm8 | U16 => write!(out, "{}={value}", operand.name),
        I16 | I32 => write!(out, "{value}"),
        Jump => write!(out, "->{}", pc as i64 + value),
        Const => match template.constants.get(value as usize) {
            Some(constant) => write!(out, "{}", ConstantText(constant)),
            None => write!(out, "k{value}?"),
        },
        Scope => match template.scopes.get(value as usize) {
            Some(scope) => write!(out, "{}", ScopeText(scope)),
            None => write!(out, "scope{value}?"),
        },
        Func => match template.functions.get(value as usize) {
            Some(inner) => write!(out, "f{value}:{:?}", inner.name),
            None => write!(out, "f{value}?"),
        },
        Keys => match template.key_lists.get(value as usize) {
            Some(list) => list_text(out, template, list),
            None => write!(out, "keys{value}?"),
        },
        Table => match template.switch_tables.get(value as usize) {
            Some(table) => {
                out.push('{');
                for (i, &distance) in table.targets.iter().enumerate().filter(|t| *t.1 != 0) {
                    let case = i64::from(table.low) + i as i64;
                    let _ = write!(out, " {case}->{}", pc as i64 + i64::from(distance));
                }
                write!(out, " }}")
            }
            None => write!(out, "table{value}?"),
        },
        Eval => write!(out, "eval{value}"),
        Slot => Ok(()),
    };
}

fn list_text(out: &mut String, template: &Template, list: &[u32]) -> fmt::Result {
    out.push('{');
    for (i, &index) in list.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        match template.constants.get(index as usize) {
            Some(constant) => write!(out, "{}", ConstantText(constant))?,
            None => write!(out, "k{index}?")?,
        }
    }
    write!(out, "}}")
}

/// What a register is called.
pub fn register(template: &Template, n: i64) -> String {
    let last_param = 5 + i64::from(template.num_params);
    match n {
        0 => "callee".into(),
        2 => "env".into(),
        4 => "new.target".into(),
        5 => "this".into(),
        6.. if n <= last_param => format!("a{}", n - 6),
        _ => format!("r{n}"),
    }
}

/// A constant as text.
pub struct ConstantText<'a>(pub &'a Constant);

impl fmt::Display for ConstantText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Constant::Undefined => f.write_str("undefined"),
            Constant::Null => f.write_str("null"),
            Constant::Hole => f.write_str("hole"),
            Constant::Bool(value) => write!(f, "{value}"),
            Constant::Int(value) => write!(f, "{value}"),
            Constant::Double(value) => write!(f, "{value:?}"),
            Constant::String(text) => write!(f, "{text:?}"),
            Constant::BigInt(digits) => write!(f, "{digits}n"),
        }
    }
}

struct ScopeText<'a>(&'a ScopeTemplate);

impl fmt::Display for ScopeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{{", self.0.kind)?;
        for (i, var) in self.0.vars.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{}", var.name)?;
        }
        f.write_char('}')
    }
}

fn one(f: &mut fmt::Formatter<'_>, template: &Template, path: &str) -> fmt::Result {
    let at = template.source.position(template.span.start);
    writeln!(
        f,
        "function {path} {:?} {:?} at {}:{}:{}",
        template.name, template.kind, template.source.name, at.line, at.column
    )?;
    writeln!(
        f,
        "  params {} (length {}), registers {}, units {}, slots {}, flags {:?}",
        template.num_params,
        template.length,
        template.num_registers,
        template.code.len(),
        template.slots.len(),
        template.flags
    )?;
    if !template.mapped_params.is_empty() {
        writeln!(f, "  mapped parameters {:?}", template.mapped_params)?;
    }
    declarations(f, template)?;
    let mut positions = template.positions.iter().peekable();
    let (mut offset, mut line) = (template.span.start, 0);
    for (pc, _) in instructions(&template.code) {
        while let Some((_, at)) = positions.next_if(|entry| entry.0 as usize <= pc) {
            offset = at;
        }
        let text = instruction(template, pc);
        let position = template.source.position(offset);
        if position.line == line {
            writeln!(f, "{pc:>6}  {text}")?;
        } else {
            line = position.line;
            let source = template.source.line(line).trim();
            let source: String = source.chars().take(72).collect();
            writeln!(f, "{pc:>6}  {text:<60} ; {line}: {source}")?;
        }
    }
    for handler in &template.handlers {
        writeln!(
            f,
            "  handler {}..{} -> {} in {}",
            handler.start,
            handler.end,
            handler.target,
            register(template, i64::from(handler.dst))
        )?;
    }
    Ok(())
}

fn declarations(f: &mut fmt::Formatter<'_>, template: &Template) -> fmt::Result {
    if let Some(globals) = &template.globals {
        for name in &globals.lexical {
            let kind = if name.constant { "const" } else { "let" };
            writeln!(f, "  global {kind} {}", name.name)?;
        }
        for function in &globals.functions {
            writeln!(f, "  global function {} = f{}", function.name, function.function)?;
        }
        for name in &globals.var_names {
            writeln!(f, "  global var {name}")?;
        }
        for name in &globals.annex_b_names {
            writeln!(f, "  global var {name} (Annex B)")?;
        }
    }
    let Some(module) = &template.module else {
        return Ok(());
    };
    for request in &module.requests {
        write!(f, "  request {:?}", request.specifier)?;
        for (key, value) in &request.attributes {
            write!(f, " {key}={value:?}")?;
        }
        writeln!(f)?;
    }
    for import in &module.imports {
        let name = import_text(&import.import);
        writeln!(f, "  import {name} of {} in slot {}", import.request, import.slot)?;
    }
    for export in &module.exports {
        match export {
            ExportEntry::Local { name, slot } => writeln!(f, "  export {name} = slot {slot}")?,
            ExportEntry::Indirect { name, request, import, .. } => {
                writeln!(f, "  export {name} = {} of {request}", import_text(import))?
            }
            ExportEntry::Star { request } => writeln!(f, "  export * of {request}")?,
        }
    }
    for (slot, function) in &module.functions {
        writeln!(f, "  function f{function} in slot {slot}")?;
    }
    if let Some(scope) = template.scopes.get(module.scope as usize) {
        writeln!(f, "  module scope {}", ScopeText(scope))?;
    }
    Ok(())
}

fn import_text(import: &ImportName) -> String {
    match import {
        ImportName::Name(name) => name.to_string(),
        ImportName::Namespace => "*".into(),
    }
}
