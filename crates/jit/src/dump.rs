//! Machine code as text: what the baseline compiler makes of functions, beside their bytecode and source lines.
//!
//! Each bytecode instruction is followed by its machine instructions; slow paths and the ways in and out come behind the function, as they do in
//! memory. Addresses are offsets in the function's code. Nothing is published: the code is shown as it would be, with names for
//! what the code space fills in.

use crate::baseline::{self, Compiled, Scratch};
use crate::symbols;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter, OpKind, Register};
use rustc_hash::FxHashMap;
use std::fmt::Write;
use tercel_asm::RelocTarget;
use tercel_bytecode::op::instructions;
use tercel_bytecode::{Template, print};
use tercel_vm::Gc;
use tercel_vm::code::CodeBlock;
use tercel_vm::context::Context;

/// The code of a function and of all functions in it, with the feedback that they have.
pub fn assembly(cx: &Context, code: Gc<CodeBlock>) -> String {
    let mut out = String::new();
    let mut scratch = Scratch::default();
    let mut work = vec![code];
    while let Some(code) = work.pop() {
        if !out.is_empty() {
            out.push('\n');
        }
        cx.prepare_code(code);
        match baseline::compile_with(cx, code, &mut scratch, true) {
            Ok(compiled) => function(&mut out, code.template(), &compiled),
            Err(refusal) => {
                let _ = writeln!(out, "function {:?}: refused: {}", code.template().name, refusal.reason());
            }
        }
        work.extend((0..code.template().functions.len()).rev().map(|i| code.function(cx, i)));
    }
    out
}

fn function(out: &mut String, template: &Template, compiled: &Compiled) {
    let at = template.source.position(template.span.start);
    let _ = writeln!(
        out,
        "function {:?} {:?} at {}:{}:{}\n  {} bytes of code, {} of bytecode",
        template.name,
        template.kind,
        template.source.name,
        at.line,
        at.column,
        compiled.assembly.code_len,
        compiled.bytecode_bytes
    );
    let code = Code::new(template, compiled);
    // Instructions come in the order of bytecode; where that order ends the slow paths begin.
    let positions = last_of_each_offset(&compiled.positions);
    let main = 1 + positions.windows(2).take_while(|pair| pair[0].1 < pair[1].1).count();
    let (main, slow) = positions.split_at(main.min(positions.len()));
    let slow_start = slow.first().map_or(compiled.pads, |row| row.0);
    code.lines(out, 0, main.first().map_or(slow_start, |row| row.0));

    let (mut rows, mut line) = (main.iter().peekable(), 0);
    for (pc, _) in instructions(&template.code) {
        let text = print::instruction(template, pc);
        let number = template.source.line_number(template.positions.offset_at(pc as u32));
        if number == line {
            let _ = writeln!(out, "{pc:>6}  {text}");
        } else {
            line = number;
            let source: String = template.source.line(line).trim().chars().take(72).collect();
            let _ = writeln!(out, "{pc:>6}  {text:<60} ; {line}: {source}");
        }
        if let Some(&(start, _)) = rows.next_if(|row| row.1 as usize == pc) {
            code.lines(out, start, rows.peek().map_or(slow_start, |row| row.0));
        }
    }
    for (i, &(start, pc)) in slow.iter().enumerate() {
        let _ = writeln!(out, "  slow path of {pc}: {}", print::instruction(template, pc as usize));
        code.lines(out, start, slow.get(i + 1).map_or(compiled.pads, |row| row.0));
    }
    let _ = writeln!(out, "  throws, and entries from other tiers");
    code.lines(out, compiled.pads, compiled.assembly.code_len);
}

/// Positions without those that have no code of their own.
fn last_of_each_offset(positions: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut kept: Vec<(u32, u32)> = Vec::new();
    for &row in positions {
        if kept.last().is_some_and(|last| last.0 == row.0) {
            kept.pop();
        }
        kept.push(row);
    }
    kept
}

/// A function's code, and what is known about places in it.
struct Code<'a> {
    template: &'a Template,
    bytes: &'a [u8],
    /// Names of symbols by the offset of the field that holds them.
    symbols: FxHashMap<u32, String>,
    /// What begins at an offset.
    places: FxHashMap<u32, String>,
}

impl<'a> Code<'a> {
    fn new(template: &'a Template, compiled: &'a Compiled<'a>) -> Code<'a> {
        let assembly = compiled.assembly;
        let calls = assembly.calls.iter().map(|&call| tercel_asm::Relocation::from(call));
        let named = assembly.relocations.iter().copied().chain(calls).filter_map(|r| match r.target {
            RelocTarget::Symbol(symbol) => Some((r.offset, symbols::name(symbol))),
            _ => None,
        });
        let mut places = FxHashMap::default();
        let mut last = None;
        let mut slow = false;
        for (offset, pc) in last_of_each_offset(&compiled.positions) {
            slow |= last.is_some_and(|last| last >= pc);
            last = Some(pc);
            places.insert(offset, if slow { format!("slow path of {pc}") } else { format!("{pc}") });
        }
        for way in compiled.ways_in {
            places.insert(way.resume, format!("a frame without native frame goes on at {}", way.pc));
            places.insert(way.inside, format!("a frame with native frame goes on at {}", way.pc));
        }
        places.insert(compiled.pads, "throw".into());
        places.insert(0, "calls enter".into());
        places.insert(compiled.filled, "frames that are filled in enter".into());
        Code { template, bytes: &assembly.code[..assembly.code_len as usize], symbols: named.collect(), places }
    }

    /// The instructions from `start` to `end`, a line each.
    fn lines(&self, out: &mut String, start: u32, end: u32) {
        let bytes = self.bytes.get(start as usize..end as usize).unwrap_or_default();
        let mut formatter = IntelFormatter::new();
        let options = formatter.options_mut();
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        options.set_space_after_operand_separator(true);
        options.set_branch_leading_zeros(false);
        options.set_show_branch_size(false);
        options.set_rip_relative_addresses(true);
        for instruction in &mut Decoder::with_ip(64, bytes, u64::from(start), DecoderOptions::NONE) {
            let (text, note) = self.show(&mut formatter, &instruction);
            let at = instruction.ip();
            let _ = match note {
                None => writeln!(out, "        {at:>5x}  {text}"),
                Some(note) => writeln!(out, "        {at:>5x}  {text:<44} ; {note}"),
            };
        }
    }

    fn show(&self, formatter: &mut IntelFormatter, instruction: &Instruction) -> (String, Option<String>) {
        let mut text = String::new();
        let start = instruction.ip() as u32;
        let symbol = (start..start + instruction.len() as u32).find_map(|at| self.symbols.get(&at));
        let branches = matches!(instruction.op0_kind(), OpKind::NearBranch64)
            && !matches!(instruction.flow_control(), FlowControl::Next);
        if branches && let Some(symbol) = symbol {
            formatter.format_mnemonic(instruction, &mut text);
            return (format!("{text} {symbol}"), None);
        }
        formatter.format(instruction, &mut text);
        let place = || self.places.get(&(instruction.near_branch_target() as u32)).map(|place| format!("-> {place}"));
        let note = match symbol {
            Some(symbol) => Some(symbol.clone()),
            None if branches => place(),
            None => {
                self.register(instruction).or_else(|| self.places.get(&start).filter(|p| !self.numbered(p)).cloned())
            }
        };
        (text, note)
    }

    /// Whether a place is announced by a line of its own.
    fn numbered(&self, place: &str) -> bool {
        place.starts_with(|c: char| c.is_ascii_digit()) || place.starts_with("slow path")
    }

    /// The name of the VM register that an instruction accesses in memory.
    fn register(&self, instruction: &Instruction) -> Option<String> {
        let accesses = (0..instruction.op_count()).any(|i| instruction.op_kind(i) == OpKind::Memory);
        let offset = instruction.memory_displacement64() as i64;
        (accesses
            && instruction.memory_base() == Register::RBX
            && instruction.memory_index() == Register::None
            && offset >= 0
            && offset % 8 == 0)
            .then(|| print::register(self.template, offset / 8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tercel_bytecode::Source;

    #[test]
    fn a_loop_is_shown_with_its_ops_and_machine_instructions() {
        let cx = Context::new(tercel_vm::context::Options::default(), &tercel_builtins::BUILTINS).unwrap();
        let source = Arc::new(Source::new(
            "loop.js",
            "function sum(n) {\n  let s = 0;\n  for (let i = 0; i < n; i++) s = s + i;\n  return s;\n}\n",
        ));
        let template = tercel_front::compile_script(&source, &tercel_front::Options::default()).unwrap();
        cx.enter_thread();
        let text = cx.native_scope(|| assembly(&cx, cx.new_code_block(template, cx.realm())));
        let sum = text.split("\nfunction ").nth(1).expect("the inner function follows the script");
        assert!(sum.starts_with("\"sum\""), "{text}");
        // The whole of each bytecode instruction's lines: up to the next line that begins with a position.
        let after = |op: &str| {
            let mut lines = sum.lines().skip_while(|line| line.split_whitespace().nth(1) != Some(op));
            lines.next().unwrap_or_else(|| panic!("no {op} in\n{sum}"));
            lines.take_while(|line| line.starts_with("        ")).map(|line| format!("{line}\n")).collect::<String>()
        };
        let machine = after("Add");
        assert!(machine.contains(" add ") && machine.contains("slow path of"), "{sum}");
        assert!(after("LoopBack").contains(" jmp "), "{sum}");
        assert!(sum.contains("; 3: for (let i = 0; i < n; i++) s = s + i;"), "{sum}");
        assert!(sum.contains("slow path of ") && sum.contains("call stub Add"), "{sum}");
        assert!(!sum.contains("(bad)") && !sum.contains('?'), "{sum}");
    }
}
