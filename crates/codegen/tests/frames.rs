//! Where frames are made and given up: filetests, and the rows that say how to unwind, against the code itself.
//!
//! `tests/filetests/frame/NAME.tir` holds functions, and after a line `; after frame:` the code of each, with what its unwind rows
//! say in front of each instruction: `e` as at the entry, `p` after `push rbp`, `f` in the frame. `TERCEL_RECORD=1` writes the
//! second half anew; review the difference.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod support;

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Formatter, Instruction, IntelFormatter, OpKind, Register};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use support::native::program;
use tercel_code::{CallerFrame, UnwindRow};
use tercel_codegen::passes::PassSet;
use tercel_codegen::regalloc::frame::FramePlacement;
use tercel_codegen::{CompiledFunction, Options, compile};
use tercel_ir::Module;
use tercel_ir::generate::Config;
use tercel_ir::parse::parse_module;
use tercel_ir::verifier::verify_module;

/// All instructions of a function without tables.
fn instructions(function: &CompiledFunction) -> Vec<(u32, Instruction)> {
    let code = &function.assembly.code[..function.assembly.code_len as usize];
    let decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    decoder.into_iter().map(|inst| (inst.ip() as u32, inst)).collect()
}

/// What the rows say of an offset.
fn row_at(rows: &[UnwindRow], offset: u32) -> CallerFrame {
    let index = rows.partition_point(|row| row.offset <= offset);
    if index == 0 { CallerFrame::Entry } else { rows[index - 1].caller }
}

/// Whether the operand of a jump or call is filled in by the linker.
fn is_linked(function: &CompiledFunction, inst: &Instruction) -> bool {
    let (start, end) = (inst.ip() as u32, inst.next_ip() as u32);
    function.assembly.relocations.iter().any(|reloc| (start..end).contains(&reloc.offset))
}

#[test]
fn frames_are_where_the_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests/frame");
    let record = std::env::var_os("TERCEL_RECORD").is_some();
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut failures = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let marker = "; after frame:\n";
        let (before, expected) = text.split_once(marker).unwrap_or((&text, ""));
        let module = parse_module(before).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        verify_module(&module).unwrap();
        let mut actual = String::new();
        for func in module.functions.values() {
            let compiled = compile(func, &Options { check: true, ..Options::default() }).unwrap();
            actual += &listing(&compiled);
        }
        if record {
            fs::write(&path, format!("{}\n\n{marker}{actual}", before.trim_end())).unwrap();
        } else if actual.trim() != expected.trim() {
            failures.push(format!("{}:\n--- expected\n{expected}\n--- actual\n{actual}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn listing(function: &CompiledFunction) -> String {
    let stats = function.stats;
    let mut text = format!("; @{}: {:?}, {} blocks without a frame\n", function.name, stats.frame, stats.frameless);
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    formatter.options_mut().set_show_branch_size(false);
    for (offset, inst) in instructions(function) {
        let mut line = String::new();
        match is_linked(function, &inst) {
            true => line += &format!("{:?} (symbol)", inst.mnemonic()).to_lowercase(),
            false => formatter.format(&inst, &mut line),
        }
        let state = match row_at(&function.unwind, offset) {
            CallerFrame::Entry => 'e',
            CallerFrame::Pushed => 'p',
            CallerFrame::Rbp => 'f',
        };
        let _ = writeln!(text, "; {state} {offset:3x}  {line}");
    }
    text
}

/// Registers at an instruction: how far RSP is below where it was at the entry, and what RBP is.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Stack {
    /// None where it was rounded down: only RBP leads back then.
    depth: Option<u32>,
    /// The depth that RBP points to; none while it is the caller's.
    rbp: Option<u32>,
}

/// Follows the code from its entry and compares what it does to RSP and RBP with the rows. Returns how many instructions were seen.
fn check_rows(function: &CompiledFunction, rows: &[UnwindRow]) -> Result<usize, String> {
    let code = &function.assembly.code[..function.assembly.code_len as usize];
    let mut seen: BTreeMap<u32, Stack> = BTreeMap::new();
    let mut work = vec![(0u32, Stack { depth: Some(0), rbp: None })];
    while let Some((offset, mut stack)) = work.pop() {
        if let Some(known) = seen.get(&offset) {
            if *known != stack {
                return Err(format!("{offset:x} is come to with {known:?} and with {stack:?}"));
            }
            continue;
        }
        seen.insert(offset, stack);
        // Decoded one by one: between instructions there may be tables.
        let rest = code.get(offset as usize..).ok_or_else(|| format!("{offset:x} is outside"))?;
        let inst = &Decoder::with_ip(64, rest, offset as u64, DecoderOptions::NONE).decode();
        if inst.is_invalid() {
            return Err(format!("no instruction at {offset:x}"));
        }
        let right = match row_at(rows, offset) {
            CallerFrame::Entry => stack.depth == Some(0) && stack.rbp.is_none(),
            CallerFrame::Pushed => stack.depth == Some(8) && stack.rbp.is_none(),
            CallerFrame::Rbp => stack.rbp == Some(8),
        };
        if !right {
            return Err(format!("at {offset:x} the row says {:?}, but: {stack:?}", row_at(rows, offset)));
        }
        let returns = matches!(inst.flow_control(), FlowControl::Return)
            || matches!(inst.flow_control(), FlowControl::UnconditionalBranch) && is_linked(function, inst);
        if returns && stack != (Stack { depth: Some(0), rbp: None }) {
            return Err(format!("leaves at {offset:x} with {stack:?}"));
        }
        let calls = matches!(inst.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
        if calls && (stack.rbp != Some(8) || stack.depth.is_some_and(|depth| depth % 16 != 8)) {
            return Err(format!("calls at {offset:x} with {stack:?}"));
        }
        step(&mut stack, inst)?;
        let (target, next) = (inst.near_branch_target() as u32, inst.next_ip() as u32);
        match inst.flow_control() {
            FlowControl::Next => work.push((next, stack)),
            FlowControl::ConditionalBranch => work.extend([(target, stack), (next, stack)]),
            FlowControl::UnconditionalBranch if !is_linked(function, inst) => work.push((target, stack)),
            // Behind the call of an exit's stub there may be nothing.
            FlowControl::Call | FlowControl::IndirectCall if !is_exit(function, next) => work.push((next, stack)),
            _ => {}
        }
    }
    Ok(seen.len())
}

fn is_exit(function: &CompiledFunction, offset: u32) -> bool {
    function.sites.iter().any(|site| site.offset == offset && site.kind == tercel_codegen::SiteKind::Exit)
}

/// What an instruction does to RSP and RBP.
fn step(stack: &mut Stack, inst: &Instruction) -> Result<(), String> {
    let imm = || inst.immediate(1) as u32;
    let registers = [0, 1].map(|index| match inst.op_kind(index.min(inst.op_count().saturating_sub(1))) {
        OpKind::Register => inst.op_register(index),
        _ => Register::None,
    });
    match (inst.code(), registers) {
        (Code::Push_r64, [Register::RBP, _]) if stack.rbp.is_none() => stack.depth = stack.depth.map(|depth| depth + 8),
        (Code::Pop_r64, [Register::RBP, _]) => {
            stack.depth = stack.depth.map(|depth| depth - 8);
            stack.rbp = None;
        }
        (_, [Register::RBP, Register::RSP]) => stack.rbp = stack.depth,
        (_, [Register::RSP, Register::RBP]) => stack.depth = stack.rbp,
        (Code::Sub_rm64_imm8 | Code::Sub_rm64_imm32, [Register::RSP, _]) => {
            stack.depth = stack.depth.map(|depth| depth + imm());
        }
        (Code::And_rm64_imm8 | Code::And_rm64_imm32, [Register::RSP, _]) => stack.depth = None,
        (Code::Cmp_r64_rm64, [Register::RSP, _]) => {}
        (_, [Register::RSP | Register::RBP, _]) => return Err(format!("does not know {inst}")),
        _ => {}
    }
    Ok(())
}

#[test]
fn the_rows_say_what_the_code_does() {
    let rounds = std::env::var("TERCEL_FRAME_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(150u64);
    let (mut seen, mut inside, mut nowhere) = (0, 0, 0);
    for seed in 0..rounds {
        let program = program(seed, &Config::default());
        let optimized = support::optimized(&program.module, PassSet::ALL).unwrap().module;
        for (module, spill_all) in [(&program.module, false), (&program.module, true), (&optimized, false)] {
            for func in module.functions.values() {
                let compiled = compile(func, &Options { spill_all, check: true, ..Options::default() }).unwrap();
                seen += check_rows(&compiled, &compiled.unwind)
                    .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{func}\n{}", listing(&compiled)));
                inside += (compiled.stats.frame == FramePlacement::Inside) as u32;
                nowhere += (compiled.stats.frame == FramePlacement::Nowhere) as u32;
            }
        }
    }
    println!("{seen} instructions; functions with the frame inside: {inside}, with none: {nowhere}");
    assert!(inside as u64 * 20 > rounds && nowhere as u64 * 20 > rounds, "{inside} {nowhere}");
}

/// Functions that make their frame on some ways only.
fn inside() -> Module {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests/frame/inside.tir");
    parse_module(fs::read_to_string(path).unwrap().split_once("; after frame:").unwrap().0).unwrap()
}

#[test]
fn a_missing_row_is_seen() {
    for func in inside().functions.values() {
        let compiled = compile(func, &Options::default()).unwrap();
        check_rows(&compiled, &compiled.unwind).unwrap();
        // The first row says what holds without it.
        for row in 1..compiled.unwind.len() {
            let mut rows = compiled.unwind.clone();
            rows.remove(row);
            assert!(check_rows(&compiled, &rows).is_err(), "@{}: row {row}", func.name);
        }
    }
}

#[test]
fn the_switch_is_off_where_it_is_off() {
    for func in inside().functions.values() {
        let compiled = compile(func, &Options { shrink_wrap: false, ..Options::default() }).unwrap();
        assert_eq!((compiled.stats.frame, compiled.stats.frameless), (FramePlacement::Off, 0));
        check_rows(&compiled, &compiled.unwind).unwrap();
    }
}
