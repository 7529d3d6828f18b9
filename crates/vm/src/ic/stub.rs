//! Stubs: IC programs attached to a site, as cells.

use super::ops::{IcOperand, instructions};
use super::writer::IcWriter;
use crate::cell::{CellHeader, Gc, Kind};
use crate::context::Context;
use crate::feedback::{Loc, NO_SHAPE};
use crate::machine;
use crate::value::Value;
use std::cell::Cell;
use std::fmt::Write;

/// Kind::IcStub. After the fields come the data words, then the program's bytes.
#[repr(C)]
pub struct IcStub {
    pub header: CellHeader,
    /// The next stub of the site, or empty.
    pub next: Cell<Value>,
    /// Machine code of the program, which stubs with equal programs share; as long as there is none, the code that goes on to the next
    /// stub ([`machine::next_stub`]). Not a cell: the collector does not see it.
    pub code: Cell<usize>,
    /// The decoded form, if there is one: as in `feedback::Site`.
    pub guard: Cell<u32>,
    pub loc: Cell<Loc>,
    pub cell: Cell<Value>,
    pub aux: Cell<u32>,
    pub hits: Cell<u32>,
    data_len: u16,
    program_len: u16,
    /// A data word was cleared: the stub can never hit.
    pub dead: Cell<bool>,
}

impl Gc<IcStub> {
    fn data_ptr(self) -> *mut u64 {
        (self.addr() + size_of::<IcStub>()) as *mut u64
    }
    pub fn data<'a>(self) -> &'a [Cell<u64>] {
        // SAFETY: `data_len` words follow the fields; they are used while the stub is reachable.
        unsafe { std::slice::from_raw_parts(self.data_ptr().cast(), self.data_len as usize) }
    }
    pub fn program<'a>(self) -> &'a [u8] {
        // SAFETY: the program follows the data words.
        unsafe {
            std::slice::from_raw_parts(self.data_ptr().add(self.data_len as usize).cast(), self.program_len as usize)
        }
    }
    pub fn next_stub(self) -> Option<Gc<IcStub>> {
        self.next.get().as_kind(Kind::IcStub)
    }
    /// Bytes of the cell.
    pub fn size(self) -> usize {
        size_of::<IcStub>() + self.data_len as usize * 8 + (self.program_len as usize).next_multiple_of(8)
    }
    /// Whether machine code skips the stub, for want of code of its own.
    #[inline(always)]
    pub fn is_interpreted(self) -> bool {
        self.code.get() == machine::next_stub_code()
    }
    /// From now on the stub never hits: a shape that it names has died, and its id may be another's.
    pub fn kill(self) {
        self.dead.set(true);
        self.code.set(machine::next_stub_code());
    }
    /// The shape that the first guard asks for.
    pub fn guarded_shape(self) -> u32 {
        self.guard.get()
    }

    /// Shows each data word that is a cell, and each that is a shape id.
    pub fn each_datum(self, mut visit: impl FnMut(IcOperand, &Cell<u64>)) {
        for (op, operands) in instructions(self.program()) {
            for (&(_, kind), &byte) in op.operands().iter().zip(operands) {
                if matches!(kind, IcOperand::Shape | IcOperand::Cell) {
                    visit(kind, &self.data()[byte as usize]);
                }
            }
        }
    }

    /// The stub as text: an op a line, with the data words in place.
    pub fn print(self) -> String {
        let mut text = String::new();
        for (op, operands) in instructions(self.program()) {
            text.push_str("    ");
            text.push_str(op.name());
            for (&(name, kind), &byte) in op.operands().iter().zip(operands) {
                let word = || Value::from_bits(self.data()[byte as usize].get());
                // Writing to a String cannot fail.
                let _ = match kind {
                    IcOperand::In => write!(text, " {name}=v{byte}"),
                    IcOperand::Def => write!(text, " v{byte} ="),
                    IcOperand::Shape => write!(text, " {name}=#{:x}", word().as_int32()),
                    IcOperand::Word => write!(text, " {name}={}", word().as_int32()),
                    IcOperand::Cell => write!(text, " {name}={:?}", word()),
                    IcOperand::Imm => write!(text, " {name}={byte}"),
                };
            }
            text.push('\n');
        }
        text
    }
}

/// The decoded form of a stub: what the interpreter's handler can check without reading the program.
#[derive(Clone, Copy)]
pub struct Decoded {
    pub guard: u32,
    pub loc: Loc,
    pub cell: Value,
    pub aux: u32,
}

impl Decoded {
    pub const NONE: Decoded = Decoded { guard: NO_SHAPE, loc: Loc::NONE, cell: Value::EMPTY, aux: 0 };
}

impl Context {
    pub(super) fn new_stub(&self, writer: &IcWriter, decoded: Decoded, next: Value) -> Gc<IcStub> {
        let (data, program) = (writer.data(), writer.program());
        let size = size_of::<IcStub>() + data.len() * 8 + program.len().next_multiple_of(8);
        let stub: Gc<IcStub> = self.alloc_raw(Kind::IcStub, size);
        // SAFETY: the cell is fresh and of this size.
        unsafe {
            stub.as_ptr().write(IcStub {
                header: CellHeader::new(0, Kind::IcStub as u8, 0, 0),
                next: Cell::new(next),
                code: Cell::new(machine::next_stub_code()),
                guard: Cell::new(decoded.guard),
                loc: Cell::new(decoded.loc),
                cell: Cell::new(decoded.cell),
                aux: Cell::new(decoded.aux),
                hits: Cell::new(0),
                data_len: data.len() as u16,
                program_len: program.len() as u16,
                dead: Cell::new(false),
            });
            std::ptr::copy_nonoverlapping(data.as_ptr(), stub.data_ptr(), data.len());
            std::ptr::copy_nonoverlapping(program.as_ptr(), stub.data_ptr().add(data.len()).cast(), program.len());
        }
        stub
    }
}
