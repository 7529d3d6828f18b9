//! Every row of the instruction table, with random operands in every form, decoded by an independent decoder.
//!
//! For each instruction: it decodes to one instruction of the expected mnemonic and operands; the decoder library's own
//! encoder does not make it shorter; and no other opcode of the same mnemonic that means the same is shorter either.
//!
//! `TERCEL_ASM_FUZZ` sets the number of instructions (default 60,000), `TERCEL_ASM_SEED` the seed.

mod compare;
mod generate;

use std::collections::{BTreeMap, BTreeSet};

use compare::Checker;
use generate::Generator;
use tercel_asm::x64::inst::Op;
use tercel_asm::x64::{Assembler, Chain, Cond, Reg, Size, instructions, opcode};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn random_instructions_decode_to_what_was_asked_for() {
    let count = setting("TERCEL_ASM_FUZZ", 60_000);
    let mut generator = Generator::new(setting("TERCEL_ASM_SEED", 1));
    let checker = Checker::new();
    let rows: Vec<_> = instructions().collect();
    let mut forms: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut asm = Assembler::new();
    let mut failures = Vec::new();
    let integer: Vec<_> = rows.iter().copied().filter(|row| matches!(row.op, Op::Gpr(_))).collect();
    for index in 0..count {
        // Half of the instructions are integer ones: they have more special forms.
        let list = if index % 2 == 0 { &rows } else { &integer };
        let row = list[index as usize / 2 % list.len()];
        let expected = generator.emit(&mut asm, row);
        let assembly = asm.assemble();
        match assembly.map_err(|error| error.to_string()).and_then(|code| checker.check(&code.code, &expected)) {
            Ok(form) => {
                forms.entry(row.name).or_default().insert(form);
            }
            Err(error) => failures.push(format!("{}: {error}\n    expected {expected:?}", row.name)),
        }
        if failures.len() > 20 {
            break;
        }
    }
    assert!(failures.is_empty(), "{} mismatches:\n{}", failures.len(), failures.join("\n"));
    // Each row was tried, in at least two forms unless it has only one.
    assert!(forms.len() == rows.len() || count < 2 * rows.len() as u64);
    let total: usize = forms.values().map(BTreeSet::len).sum();
    println!("{count} instructions, {} rows, {total} different encodings", forms.len());
    assert!(total > 3 * forms.len() || count < 40 * rows.len() as u64, "too few operand forms: {total}");
}

/// Programs that an assembler with a limit was given.
#[derive(Default)]
struct Limited {
    full: u64,
    fitting: u64,
}

impl Limited {
    fn compare(&mut self, limit: usize, emit: impl Fn(&mut Assembler)) {
        let mut unlimited = Assembler::new();
        emit(&mut unlimited);
        let code = unlimited.assemble().expect("the program is valid").code;
        let mut limited = Assembler::with_limit(limit);
        emit(&mut limited);
        match limited.assemble() {
            Ok(assembly) => {
                self.fitting += 1;
                assert_eq!(assembly.code, code);
                assert!(code.len() <= limit);
            }
            Err(error) => {
                self.full += 1;
                assert_eq!(error, tercel_asm::AsmError::BufferFull { limit });
                assert!(code.len() > limit, "{} bytes fit {limit}", code.len());
            }
        }
    }

    /// Enough of them exceeded their limit, and enough did not.
    fn check(&self, programs: u64) {
        let Limited { full, fitting } = *self;
        assert!(full > programs / 10 && fitting > programs / 10, "{full} exceeded, {fitting} fitted");
    }
}

/// Whatever is emitted, an assembler with a limit produces the same code as one without, or an error, and never more
/// bytes than the limit. (The buffer is written through slices only: the crate denies `unsafe` outside of `exec`.)
#[test]
fn nothing_is_emitted_past_the_limit() {
    let rows: Vec<_> = instructions().collect();
    let programs = setting("TERCEL_ASM_FUZZ", 60_000) / 60;
    let mut tally = Limited::default();
    for program in 0..programs {
        let mut choices = Generator::new(program);
        let count = choices.below(60);
        let limit = choices.below(500) as usize;
        let emit = |asm: &mut Assembler| {
            let mut generator = Generator::new(!program);
            let start = asm.here();
            for _ in 0..count {
                match generator.below(12) {
                    0 => asm.jmp_to(start),
                    1 => asm.jne("end"),
                    2 => asm.call_to("end"),
                    3 => asm.align(1 << generator.below(6)),
                    4 => asm.nops(generator.below(40) as usize),
                    5 => {
                        let label = asm.constant(&generator.next().to_le_bytes());
                        asm.label_offset(label, start);
                    }
                    6 => asm.bytes(&[0xCC; 37]),
                    _ => {
                        let row = rows[generator.below(rows.len() as u64) as usize];
                        generator.emit_unbound(asm, row);
                    }
                }
            }
            let end = asm.named_label("end");
            asm.bind(end);
        };
        tally.compare(limit, emit);
    }
    tally.check(programs);
}

/// The same for runs, which write through a window of their own, up to as long as they may be.
#[test]
fn no_run_is_emitted_past_the_limit() {
    let programs = setting("TERCEL_ASM_FUZZ", 60_000) / 60;
    let mut tally = Limited::default();
    for program in 0..programs {
        let limit = Generator::new(program).below(3000) as usize;
        let emit = |asm: &mut Assembler| {
            let mut generator = Generator::new(!program);
            asm.without_relaxation();
            let mut chain = Chain::NONE;
            for _ in 0..generator.below(16) {
                // The longest form is ten bytes.
                let count = generator.below(25);
                asm.run(|run| {
                    for _ in 0..count {
                        match generator.below(4) {
                            0 => run.jmp(&mut chain),
                            1 => {
                                run.jcc(Cond::NE, &mut chain);
                            }
                            2 => run.mov64(Reg::R9, generator.next()),
                            _ => run.mem(Size::S64, opcode::LOAD, Reg::RAX, Reg::R12, generator.next() as i32),
                        }
                    }
                });
            }
            asm.bind_chain(chain);
            asm.ret();
        };
        tally.compare(limit, emit);
    }
    tally.check(programs);
}
