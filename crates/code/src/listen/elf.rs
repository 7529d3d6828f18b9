//! A symbol file for one piece of code: an ELF image in memory that names it and says how to unwind it. Debuggers read
//! it as if it had been loaded from disk (System V ABI, chapter 4; Linux Standard Base, ".eh_frame").

use super::shown_name;
use crate::object::{CallerFrame, CodeObject, Unwind, UnwindRow};

const EHDR_SIZE: usize = 64;
const SHDR_SIZE: usize = 64;
const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_NOBITS: u32 = 8;
const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;

/// A section in the making.
struct Section {
    name: &'static str,
    kind: u32,
    flags: u64,
    address: u64,
    /// Size in memory; that in the file is the size of `bytes`.
    size: u64,
    bytes: Vec<u8>,
    link: u32,
    info: u32,
    entry_size: u64,
}

impl Section {
    fn new(name: &'static str, kind: u32, bytes: Vec<u8>) -> Section {
        let size = bytes.len() as u64;
        Section { name, kind, flags: 0, address: 0, size, bytes, link: 0, info: 0, entry_size: 0 }
    }
}

/// The symbol file of a piece of code.
pub fn symbol_file(object: &CodeObject) -> Vec<u8> {
    let (start, len) = (object.entry() as u64, u64::from(object.len()));
    let text = Section {
        flags: SHF_ALLOC | SHF_EXECINSTR,
        address: start,
        size: len,
        ..Section::new(".text", SHT_NOBITS, Vec::new())
    };
    let mut names = vec![0];
    names.extend_from_slice(shown_name(object).as_bytes());
    names.push(0);
    let symbols = Section {
        link: 4,
        // The index of the first symbol that is not local.
        info: 1,
        entry_size: 24,
        ..Section::new(".symtab", SHT_SYMTAB, symbol_table(start, len))
    };
    let frames = Section { flags: SHF_ALLOC, ..Section::new(".eh_frame", SHT_PROGBITS, eh_frame(object)) };
    let sections = [
        Section::new("", 0, Vec::new()),
        text,
        frames,
        symbols,
        Section::new(".strtab", SHT_STRTAB, names),
        Section::new(".shstrtab", SHT_STRTAB, Vec::new()),
    ];
    lay_out(sections)
}

/// One function of this size at this address.
fn symbol_table(start: u64, len: u64) -> Vec<u8> {
    let mut table = vec![0; 24];
    table.extend_from_slice(&1u32.to_le_bytes());
    // A global function, in section 1.
    table.extend_from_slice(&[1 << 4 | 2, 0, 1, 0]);
    table.extend_from_slice(&start.to_le_bytes());
    table.extend_from_slice(&len.to_le_bytes());
    table
}

/// The rules that find the caller's frame. Those of [`Unwind::Rows`] are exact; those of [`Unwind::Rbp`] up to the end of the
/// prologue and in the body: in an epilogue, after the frame is gone, they are wrong for one instruction.
pub(super) fn eh_frame(object: &CodeObject) -> Vec<u8> {
    let pushed_and_moved;
    let rows: &[UnwindRow] = match object.unwind() {
        Unwind::None => return vec![0; 4],
        Unwind::Rows(rows) => rows,
        &Unwind::Rbp { prologue } => {
            // `push rbp` has one byte, `mov rbp, rsp` three.
            pushed_and_moved = [(1, CallerFrame::Pushed), (4, CallerFrame::Rbp)]
                .map(|(after, caller)| UnwindRow { offset: prologue + after, caller });
            &pushed_and_moved
        }
    };
    let (rsp, rbp, return_address) = (7, 6, 16);
    let mut cie = vec![0, 0, 0, 0, 1];
    cie.extend_from_slice(b"zR\0");
    // Factors 1 and -8; the return address's column; one byte of augmentation: absolute addresses.
    cie.extend_from_slice(&[1, 0x78, return_address, 1, 0]);
    // The frame begins 8 bytes above rsp; the return address is 8 below that.
    cie.extend_from_slice(&[0x0C, rsp, 8, 0x80 | return_address, 1]);
    let mut out = entry(cie);

    let mut fde = Vec::new();
    fde.extend_from_slice(&(out.len() as u32 + 4).to_le_bytes());
    fde.extend_from_slice(&(object.entry() as u64).to_le_bytes());
    fde.extend_from_slice(&u64::from(object.len()).to_le_bytes());
    fde.push(0);
    let mut at = 0;
    for row in rows {
        if row.offset > at {
            // DW_CFA_advance_loc4
            fde.push(0x04);
            fde.extend_from_slice(&(row.offset - at).to_le_bytes());
            at = row.offset;
        }
        // DW_CFA_def_cfa, and DW_CFA_same_value or DW_CFA_offset for rbp, whose factor is -8.
        match row.caller {
            CallerFrame::Entry => fde.extend_from_slice(&[0x0C, rsp, 8, 0x08, rbp]),
            CallerFrame::Pushed => fde.extend_from_slice(&[0x0C, rsp, 16, 0x80 | rbp, 2]),
            CallerFrame::Rbp => fde.extend_from_slice(&[0x0C, rbp, 16, 0x80 | rbp, 2]),
        }
    }
    out.extend(entry(fde));
    out.extend_from_slice(&[0; 4]);
    out
}

/// A record of `.eh_frame`: its length, and padding that does nothing.
fn entry(mut body: Vec<u8>) -> Vec<u8> {
    while !(body.len() + 4).is_multiple_of(8) {
        body.push(0);
    }
    let mut out = (body.len() as u32).to_le_bytes().to_vec();
    out.extend(body);
    out
}

/// Header, sections, section headers.
fn lay_out(mut sections: [Section; 6]) -> Vec<u8> {
    let mut names = vec![0];
    let mut name_offsets = Vec::new();
    for section in &sections {
        name_offsets.push(if section.name.is_empty() { 0 } else { names.len() as u32 });
        names.extend_from_slice(section.name.as_bytes());
        names.push(0);
    }
    sections[5].size = names.len() as u64;
    sections[5].bytes = names;

    let mut out = vec![0; EHDR_SIZE];
    let mut offsets = Vec::new();
    for section in &sections {
        out.resize(out.len().next_multiple_of(8), 0);
        offsets.push(out.len() as u64);
        out.extend_from_slice(&section.bytes);
    }
    out.resize(out.len().next_multiple_of(8), 0);
    let headers = out.len() as u64;
    for ((section, name), offset) in sections.iter().zip(name_offsets).zip(offsets) {
        out.extend_from_slice(&name.to_le_bytes());
        out.extend_from_slice(&section.kind.to_le_bytes());
        for word in [section.flags, section.address, offset, section.size] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&section.link.to_le_bytes());
        out.extend_from_slice(&section.info.to_le_bytes());
        for word in [if section.kind == 0 { 0 } else { 8 }, section.entry_size] {
            out.extend_from_slice(&u64::to_le_bytes(word));
        }
    }

    let mut header = Vec::with_capacity(EHDR_SIZE);
    // 64 bits, little endian, version 1.
    header.extend_from_slice(&[0x7F, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // An executable, so that addresses are taken as they are; x86-64.
    for half in [2u16, 62] {
        header.extend_from_slice(&half.to_le_bytes());
    }
    header.extend_from_slice(&1u32.to_le_bytes());
    for word in [0, 0, headers] {
        header.extend_from_slice(&u64::to_le_bytes(word));
    }
    header.extend_from_slice(&0u32.to_le_bytes());
    for half in [EHDR_SIZE as u16, 0, 0, SHDR_SIZE as u16, sections.len() as u16, sections.len() as u16 - 1] {
        header.extend_from_slice(&half.to_le_bytes());
    }
    out[..EHDR_SIZE].copy_from_slice(&header);
    out
}
