//! Which results one instruction alone reads.
//!
//! Temporaries are most of what a function writes, and most are read once, by the next instruction. Who knows that need not keep them in memory. The front end
//! knows when it gives registers back, so the writer of code ([`Assembler`](crate::assembler::Assembler)) notes it where it costs nothing: in two bits of
//! unit 0 of the instruction that has the result.
//!
//! The bits are a promise about all ways through the code, handlers included: nobody else reads the register before it is written. They promise
//! nothing about labels: whoever uses them looks whether other ways join in between. Instructions without the bits may have such results too.

use crate::frame::FIRST_PARAM;
use crate::op::{Op, OperandKind};

/// In unit 0: the next instruction reads the result, and nobody else.
pub const FOR_NEXT: u16 = 1 << 14;
/// In unit 0: the instruction behind the next one reads the result, and nobody else; the next one loads a small integer.
pub const FOR_SECOND: u16 = 1 << 15;

/// Which of the two bits unit 0 of an instruction has: the units of ops that have no room for them say other things there.
#[inline(always)]
pub fn promised(unit: u16) -> u16 {
    let bits = unit & (FOR_NEXT | FOR_SECOND);
    if bits == 0 || ROWS[usize::from(unit as u8)].result == 0 { 0 } else { bits }
}

const MOST_SOURCES: usize = 4;

/// Where an op has its register operands.
#[derive(Clone, Copy)]
struct Row {
    /// The unit of the register that it writes, if it writes one only and has room for the bits; 0: none.
    result: u8,
    /// The units of registers that it reads, one each; from the first 0 on: none.
    sources: [u8; MOST_SOURCES],
    /// The unit of the first of several registers that it writes, and how many they are.
    written: (u8, u8),
    /// It reads registers besides.
    reads_more: bool,
    jumps: bool,
}

static ROWS: [Row; 256] = {
    let none = Row { result: 0, sources: [0; MOST_SOURCES], written: (0, 0), reads_more: false, jumps: false };
    let (mut rows, mut op) = ([none; 256], 0);
    while op < Op::ALL.len() {
        rows[op] = row(Op::ALL[op]);
        op += 1;
    }
    rows
};

const fn row(op: Op) -> Row {
    use OperandKind::*;
    let operands = op.info().operands;
    let mut row = Row { result: 0, sources: [0; MOST_SOURCES], written: (0, 0), reads_more: false, jumps: false };
    let (mut at, mut i, mut sources, mut results, mut bits_are_free) = (1, 0, 0, 0, true);
    while i < operands.len() {
        let kind = operands[i].1;
        match kind {
            Imm8 => bits_are_free = false,
            Dst => {
                row.written = (at, 1);
                results += 1;
            }
            DstPair => row.written = (at, 2),
            IterOut => row.written = (at, 3),
            BlockOut => row.written = (at, 6),
            Src if sources < MOST_SOURCES => {
                row.sources[sources] = at;
                sources += 1;
            }
            Src | Run | Block | Iter => row.reads_more = true,
            Jump => row.jumps = true,
            _ => {}
        }
        at += kind.units() as u8;
        i += 1;
    }
    if bits_are_free && results == 1 && row.written.1 == 1 && !row.jumps {
        row.result = row.written.0;
    }
    row
}

fn row_at(code: &[u16], pc: usize) -> &'static Row {
    &ROWS[usize::from(code[pc] as u8)]
}

impl Row {
    fn reads(&self, code: &[u16], pc: usize, register: u16) -> bool {
        self.sources.iter().take_while(|&&at| at != 0).any(|&at| code[pc + usize::from(at)] == register)
    }

    /// Whether it writes the register for sure.
    fn writes(&self, code: &[u16], pc: usize, register: u16) -> bool {
        let (at, count) = self.written;
        let first = code[pc + usize::from(at)];
        at != 0 && !self.jumps && (first..first.saturating_add(u16::from(count))).contains(&register)
    }
}

/// What is known while code is written: the last instructions, and the registers that were given back since the last of them.
#[derive(Debug)]
pub(crate) struct Uses {
    /// The last instruction, and those before it.
    last: [u32; 3],
    /// Registers from here on have been given back.
    free: u32,
}

const NOTHING: u32 = u32::MAX;

impl Default for Uses {
    fn default() -> Uses {
        Uses { last: [NOTHING; 3], free: u32::MAX }
    }
}

impl Uses {
    /// Nobody reads registers from `register` on, as they are now, but perhaps the next instruction.
    pub fn release(&mut self, register: u16) {
        self.free = self.free.min(register.into());
    }

    /// An instruction has been written at `pc`.
    pub fn emitted(&mut self, code: &mut [u16], pc: usize) {
        self.mark(code, Some(pc));
        self.last = [pc as u32, self.last[0], self.last[1]];
        self.free = u32::MAX;
    }

    /// The last instruction has been written.
    pub fn end(&mut self, code: &mut [u16]) {
        self.free = 0;
        self.mark(code, None);
    }

    /// Marks the result that the last instruction was the last to read; `next`: the one behind it.
    fn mark(&self, code: &mut [u16], next: Option<usize>) {
        let [user, before, first] = self.last;
        if before == NOTHING {
            return;
        }
        let user = user as usize;
        let reader = row_at(code, user);
        if reader.sources[0] == 0 || reader.reads_more {
            return;
        }
        let dies = |code: &[u16], pc: usize| {
            let result = row_at(code, pc).result;
            let register = code[pc + usize::from(result)];
            // What lies in the frame's header is the frame's, too.
            if result == 0 || register < FIRST_PARAM || !reader.reads(code, user, register) {
                return false;
            }
            if reader.writes(code, user, register) || Op::from_unit(code[user]) == Some(Op::Return) {
                return true;
            }
            // What was given back the next instruction may read once more.
            let read_again = next.is_some_and(|next| {
                let row = row_at(code, next);
                row.reads_more || row.reads(code, next, register)
            });
            u32::from(register) >= self.free && !read_again
        };
        let before = before as usize;
        if dies(code, before) {
            code[before] |= FOR_NEXT;
        }
        let loads = matches!(Op::from_unit(code[before]), Some(Op::LoadInt | Op::LoadInt32));
        if loads && first != NOTHING {
            let first = first as usize;
            let touches = |code: &[u16]| {
                let result = row_at(code, first).result;
                row_at(code, before).writes(code, before, code[first + usize::from(result)])
            };
            if !touches(code) && dies(code, first) {
                code[first] |= FOR_SECOND;
            }
        }
    }
}
