//! The promises that code makes about its results ([`tercel_bytecode::uses`]), beside a search along all ways through the code, in all test programs.

use std::path::Path;
use std::sync::Arc;
use tercel_bytecode::op::instructions;
use tercel_bytecode::print::instruction;
use tercel_bytecode::template::{Source, Template};
use tercel_bytecode::uses::{FOR_NEXT, FOR_SECOND, promised};
use tercel_bytecode::{Op, OperandKind, frame};

fn op_at(code: &[u16], pc: usize) -> Op {
    Op::from_unit(code[pc]).expect("an op")
}

/// What an instruction does to a register: whether it reads it, and whether it writes it.
fn touches(code: &[u16], pc: usize, register: u32) -> (bool, bool) {
    let op = op_at(code, pc);
    let (mut read, mut written, mut before) = (false, false, 0);
    for operand in op.operands(code, pc) {
        let v = operand.value as u32;
        let write = |count: u32| (v..v + count).contains(&register);
        match operand.kind {
            OperandKind::Src => read |= v == register,
            // The third is the fast path's own.
            OperandKind::Iter => read |= write(2),
            OperandKind::Count => read |= (before..before + v).contains(&register),
            OperandKind::Argc => {
                let arguments = before + u32::from(frame::FIRST_PARAM);
                let takes_this = matches!(op, Op::CallMethod | Op::TailCallMethod | Op::DirectEval);
                read |= register == before || takes_this && register + 1 == arguments;
                read |= (arguments..arguments + v).contains(&register);
                // The callee's frame lies over all that is above.
                written |= register >= before;
            }
            OperandKind::Run | OperandKind::Block => before = v,
            OperandKind::Dst => written |= write(1),
            OperandKind::DstPair => written |= write(2),
            OperandKind::IterOut => written |= write(3),
            OperandKind::BlockOut => written |= write(u32::from(frame::FIRST_PARAM)),
            _ => {}
        }
    }
    (read, written)
}

/// Whether no way from behind the instruction at `pc` leads to a read of the register that comes before a write.
fn is_dead_after(template: &Template, register: u32, pc: usize) -> bool {
    let code = &template.code;
    let mut seen = vec![false; code.len()];
    let mut ways = vec![(pc, true)];
    while let Some((at, first)) = ways.pop() {
        if !first && std::mem::replace(&mut seen[at], true) {
            continue;
        }
        let op = op_at(code, at);
        let (read, written) = touches(code, at, register);
        if read && !first {
            return false;
        }
        let effects = op.info().effects;
        if effects.can_throw() | effects.is_safepoint() {
            let handler = template.handlers.iter().find(|h| (h.start..h.end).contains(&(at as u32)));
            // It finds what was thrown in its register.
            let handler = handler.filter(|handler| u32::from(handler.dst) != register);
            ways.extend(handler.map(|handler| (handler.target as usize, false)));
        }
        let targets: Vec<_> = op.jump_targets(code, at).map(|target| target as usize).collect();
        // Most ops that jump write on one of the ways only.
        let (goes_on, jumps) = match op {
            _ if !written => (true, true),
            Op::IterFast => (true, false),
            Op::Yield => (false, false),
            Op::GetIterReturn | Op::GetAsyncIterMethod | Op::GetClassInit | Op::DisposeNext => (false, true),
            Op::ForInStart | Op::ForInNext => (false, true),
            _ => (!targets.is_empty(), true),
        };
        if jumps {
            // An element's register is written on the first way of two.
            let written_there = usize::from(written && op == Op::IterNext);
            ways.extend(targets.into_iter().skip(written_there).map(|target| (target, false)));
        }
        if op == Op::SwitchTable {
            let table = op.operands(code, at).find(|operand| operand.kind == OperandKind::Table).expect("a table");
            let targets = &template.switch_tables[table.value as usize].targets;
            ways.extend(targets.iter().map(|&target| ((at as i64 + i64::from(target)) as usize, false)));
        }
        if goes_on && !effects.ends_block() {
            ways.push((at + op.units(), false));
        }
    }
    true
}

#[derive(Default, Debug)]
struct Counts {
    /// Results that the next instruction reads from a register that it names, and nobody else.
    dying: usize,
    promised: usize,
    second: usize,
}

fn check(template: &Template, counts: &mut Counts) {
    let code = &template.code;
    let all: Vec<_> = instructions(code).collect();
    for (i, &(pc, op)) in all.iter().enumerate() {
        let results = op.operands(code, pc).filter(|operand| operand.kind == OperandKind::Dst);
        let Some(register) = results.map(|operand| operand.value as u32).next() else { continue };
        let names = |pc: usize| {
            let mut operands = op_at(code, pc).operands(code, pc);
            operands.any(|operand| operand.kind == OperandKind::Src && operand.value == i64::from(register))
        };
        let dies = |user: usize| names(user) && is_dead_after(template, register, user);
        let promised = |bit: u16| promised(code[pc]) & bit != 0;
        let blame = || {
            let shown = all[i.saturating_sub(6)..(i + 12).min(all.len())].iter();
            let lines: Vec<_> = shown.map(|row| format!("{} {}", row.0, instruction(template, row.0))).collect();
            format!("{}: register {register} of {pc} in\n{}", template.source.name, lines.join("\n"))
        };
        if let Some(&(next, _)) = all.get(i + 1) {
            let found = dies(next);
            counts.dying += usize::from(found);
            counts.promised += usize::from(promised(FOR_NEXT));
            assert!(!promised(FOR_NEXT) || found, "{}", blame());
        }
        if promised(FOR_SECOND) {
            counts.second += 1;
            let (next, second) = (all[i + 1], all[i + 2].0);
            assert!(matches!(next.1, Op::LoadInt | Op::LoadInt32), "{}", blame());
            assert!(touches(code, next.0, register) == (false, false) && dies(second), "{}", blame());
        }
    }
    for inner in &template.functions {
        check(inner, counts);
    }
}

fn programs(folder: &Path, visit: &mut impl FnMut(&str, &str)) {
    for entry in std::fs::read_dir(folder).expect("a folder of programs") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            programs(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            // Some test programs are not in UTF-8 by intent.
            if let Ok(text) = std::fs::read_to_string(&path) {
                visit(&path.to_string_lossy(), &text);
            }
        }
    }
}

/// Programs of another folder than the project's: `TERCEL_PROGRAMS=DIR`.
#[test]
fn results_that_are_promised_to_one_instruction_are_read_by_no_other() {
    let folder = std::env::var_os("TERCEL_PROGRAMS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/js"), Into::into);
    let mut counts = Counts::default();
    programs(&folder, &mut |name, text| {
        let source = Arc::new(Source::new(name, text));
        if let Ok(template) = tercel_front::compile_script(&source, &tercel_front::Options::default()) {
            check(&template, &mut counts);
        }
    });
    println!("{counts:?}");
    assert!(counts.dying > 1000 && counts.second > 50, "{counts:?}");
    assert!(counts.promised * 10 > counts.dying * 8, "{counts:?}");
}
