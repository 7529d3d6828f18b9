//! Finished code, and the places in it that depend on where it and others come to lie.

use crate::AsmError;
use crate::layout::Label;

/// How a place in the code depends on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelocKind {
    /// Four bytes: target + addend − address of the field. A field that ends its instruction has addend −4.
    Rel32,
    /// Eight bytes: target + addend.
    Abs64,
}

/// What a relocation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelocTarget {
    /// A number that whoever places the code resolves to an address.
    Symbol(u32),
    /// A fixed address.
    Address(u64),
    /// An offset in the same code.
    Local(u32),
}

/// One field to be filled in when the code's address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// The field's offset in the code, in bytes.
    pub offset: u32,
    /// The field's width and meaning.
    pub kind: RelocKind,
    /// What it refers to.
    pub target: RelocTarget,
    /// Added to the target's address.
    pub addend: i64,
}

/// The displacement of a near call of a symbol, or of a near jump to one: a [`Relocation`] of the commonest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearCall {
    /// The displacement's offset in the code, in bytes.
    pub offset: u32,
    /// Where it goes.
    pub symbol: u32,
}

impl From<NearCall> for Relocation {
    fn from(NearCall { offset, symbol }: NearCall) -> Relocation {
        Relocation { offset, kind: RelocKind::Rel32, target: RelocTarget::Symbol(symbol), addend: -4 }
    }
}

/// Position-independent code but for its relocations: the result of assembling.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    /// Instructions, then the constant pool.
    pub code: Vec<u8>,
    /// The bytes of `code` that are instructions; what follows is the constant pool.
    pub code_len: u32,
    /// The alignment that the code's first byte needs, a power of two.
    pub align: u32,
    /// Fields to be filled in by [`link`].
    pub relocations: Vec<Relocation>,
    /// Final offset per label number, `u32::MAX` where a label was never bound.
    pub(crate) labels: Vec<u32>,
}

impl Assembly {
    /// A label's final offset in [`Assembly::code`], in bytes; none if it was never bound.
    #[inline]
    pub fn offset(&self, label: Label) -> Option<u32> {
        self.labels.get(label.index()).copied().filter(|&offset| offset != u32::MAX)
    }
}

/// Fills in the relocations of `bytes`, which will run at `base`.
///
/// # Errors
///
/// An unknown symbol, a field outside `bytes`, a relative target out of reach. `bytes` may be half patched then.
pub fn link(
    bytes: &mut [u8],
    base: u64,
    relocations: &[Relocation],
    mut resolve: impl FnMut(u32) -> Option<u64>,
) -> Result<(), AsmError> {
    for reloc in relocations {
        let target = match reloc.target {
            RelocTarget::Symbol(symbol) => resolve(symbol).ok_or(AsmError::UnknownSymbol { symbol })?,
            RelocTarget::Address(address) => address,
            RelocTarget::Local(offset) => base.wrapping_add(u64::from(offset)),
        };
        link_one(bytes, base, reloc, target)?;
    }
    Ok(())
}

/// Fills in one relocation of `bytes`, which will run at `base`: what it refers to lies at `target`.
///
/// # Errors
///
/// A field outside `bytes`, a relative target out of reach.
#[inline]
pub fn link_one(bytes: &mut [u8], base: u64, reloc: &Relocation, target: u64) -> Result<(), AsmError> {
    let value = target.wrapping_add(reloc.addend as u64);
    let at = reloc.offset as usize;
    let outside = AsmError::RelocationOffset { offset: reloc.offset };
    let Some(field) = bytes.get_mut(at..) else { return Err(outside) };
    match reloc.kind {
        RelocKind::Abs64 => *field.first_chunk_mut().ok_or(outside)? = value.to_le_bytes(),
        RelocKind::Rel32 => {
            let distance = value.wrapping_sub(base.wrapping_add(at as u64)) as i64;
            let distance = i32::try_from(distance).map_err(|_| AsmError::RelocationRange { offset: reloc.offset })?;
            *field.first_chunk_mut().ok_or(outside)? = distance.to_le_bytes();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reloc(offset: u32, kind: RelocKind, target: RelocTarget, addend: i64) -> Relocation {
        Relocation { offset, kind, target, addend }
    }

    #[test]
    fn fields_are_filled_in() {
        let mut bytes = vec![0; 24];
        let relocs = [
            reloc(1, RelocKind::Rel32, RelocTarget::Symbol(7), -4),
            reloc(8, RelocKind::Abs64, RelocTarget::Local(5), 1),
            reloc(16, RelocKind::Abs64, RelocTarget::Address(0x1234), 0),
        ];
        link(&mut bytes, 0x1000, &relocs, |symbol| (symbol == 7).then_some(0x2005)).unwrap();
        assert_eq!(bytes[1..5], 0x1000u32.to_le_bytes());
        assert_eq!(bytes[8..16], 0x1006u64.to_le_bytes());
        assert_eq!(bytes[16..24], 0x1234u64.to_le_bytes());
    }

    #[test]
    fn what_cannot_be_linked_is_an_error() {
        let mut bytes = vec![0; 8];
        let far = [reloc(0, RelocKind::Rel32, RelocTarget::Address(1 << 40), 0)];
        assert_eq!(link(&mut bytes, 0, &far, |_| None), Err(AsmError::RelocationRange { offset: 0 }));
        let outside = [reloc(1, RelocKind::Abs64, RelocTarget::Address(0), 0)];
        assert_eq!(link(&mut bytes, 0, &outside, |_| None), Err(AsmError::RelocationOffset { offset: 1 }));
        let unknown = [reloc(0, RelocKind::Abs64, RelocTarget::Symbol(3), 0)];
        assert_eq!(link(&mut bytes, 0, &unknown, |_| None), Err(AsmError::UnknownSymbol { symbol: 3 }));
    }
}
