//! Writing stub programs: the methods named after the ops come from the table ([`super::ops`]).

use super::ops::IcOp;
use crate::value::Value;

/// Longest program and most data words of a stub.
pub const MAX_PROGRAM: usize = 48;
pub const MAX_DATA: usize = 12;

/// A stub in the making.
#[derive(Clone, Debug)]
pub struct IcWriter {
    program: [u8; MAX_PROGRAM],
    len: usize,
    data: [u64; MAX_DATA],
    data_len: usize,
    next_operand: u8,
}

impl IcWriter {
    /// `inputs`: how many operands the site gives.
    pub fn new(inputs: u8) -> IcWriter {
        IcWriter { program: [0; MAX_PROGRAM], len: 0, data: [0; MAX_DATA], data_len: 0, next_operand: inputs }
    }

    pub(super) fn push(&mut self, op: IcOp, operands: &[u8]) {
        let end = self.len + 1 + operands.len();
        assert!(end <= MAX_PROGRAM, "a stub of {} bytes", end);
        self.program[self.len] = op as u8;
        self.program[self.len + 1..end].copy_from_slice(operands);
        self.len = end;
    }

    fn datum(&mut self, word: u64) -> u8 {
        if let Some(at) = self.data[..self.data_len].iter().position(|&w| w == word) {
            return at as u8;
        }
        assert!(self.data_len < MAX_DATA, "a stub of {} data words", self.data_len + 1);
        self.data[self.data_len] = word;
        self.data_len += 1;
        (self.data_len - 1) as u8
    }

    /// A data word that holds a shape id. (Tagged as an int32, like every number in the data, so that it is never taken for a cell.)
    pub fn shape(&mut self, id: u32) -> u8 {
        self.datum(Value::int32(id as i32).bits())
    }
    pub fn word(&mut self, word: u32) -> u8 {
        self.datum(Value::int32(word as i32).bits())
    }
    pub fn cell(&mut self, cell: Value) -> u8 {
        self.datum(cell.bits())
    }
    /// A new operand.
    pub fn define(&mut self) -> u8 {
        self.next_operand += 1;
        self.next_operand - 1
    }
    pub fn program(&self) -> &[u8] {
        &self.program[..self.len]
    }
    pub fn data(&self) -> &[u64] {
        &self.data[..self.data_len]
    }
}
