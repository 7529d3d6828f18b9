//! Branches to labels in their two forms, and padding.

use crate::layout::Target;

/// The branch kind of `jmp`; smaller kinds are the conditions of `jcc`.
pub(super) const JMP: u8 = 16;

/// The longest padding instruction, in bytes.
pub const MAX_NOP: usize = 9;

/// The recommended padding of 1 to 9 bytes (Intel SDM volume 2, NOP, table "Recommended Multi-Byte Sequence").
const NOPS: [&[u8]; MAX_NOP] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0F, 0x1F, 0x00],
    &[0x0F, 0x1F, 0x40, 0x00],
    &[0x0F, 0x1F, 0x44, 0x00, 0x00],
    &[0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
    &[0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
    &[0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    &[0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];

/// The single padding instruction of `count` bytes, 1 to [`MAX_NOP`]; clamped to these.
pub fn nop(count: usize) -> &'static [u8] {
    NOPS[count.clamp(1, MAX_NOP) - 1]
}

/// The opcode of a branch's short form.
#[inline]
pub(super) fn short_opcode(kind: u8) -> u8 {
    if kind == JMP { 0xEB } else { 0x70 | kind }
}

/// The layout of x86-64 code.
#[derive(Clone, Copy, Debug)]
pub struct X64;

impl Target for X64 {
    #[inline]
    fn branch_size(kind: u8, long: bool) -> u32 {
        match (long, kind) {
            (false, _) => 2,
            (true, JMP) => 5,
            (true, _) => 6,
        }
    }

    #[inline]
    fn short_reaches(_: u8, distance: i64) -> bool {
        i8::try_from(distance - 2).is_ok()
    }

    fn write_branch(out: &mut Vec<u8>, kind: u8, long: bool, distance: i64) {
        let rel = distance - i64::from(Self::branch_size(kind, long));
        if !long {
            out.extend_from_slice(&[short_opcode(kind), rel as u8]);
            return;
        }
        let rel = (rel as i32).to_le_bytes();
        if kind == JMP {
            out.extend_from_slice(&[0xE9, rel[0], rel[1], rel[2], rel[3]]);
        } else {
            out.extend_from_slice(&[0x0F, 0x80 | kind, rel[0], rel[1], rel[2], rel[3]]);
        }
    }

    fn write_nops(out: &mut Vec<u8>, mut count: usize) {
        while count > 0 {
            let size = count.min(MAX_NOP);
            out.extend_from_slice(nop(size));
            count -= size;
        }
    }
}
