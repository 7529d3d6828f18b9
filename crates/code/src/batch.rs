//! Pieces of code that are published together.
//!
//! A batch is one stretch of memory, in which the pieces stand as they will in executable memory: each at a multiple of [`GRANULE`], with traps between them.
//! So it is placed, linked where it stands, and written in one system call. It keeps its memory when it has been published.

use tercel_asm::x64::AssemblyRef;
use tercel_asm::{NearCall, Relocation};

use crate::CodeError;
use crate::object::{CodeImage, CodeInfo, DataBlock};
use crate::ranges::GRANULE;

/// An instruction that traps.
pub(crate) const TRAP: u8 = 0xCC;

/// Pieces of code to be published together, all or none.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) relocations: Vec<Relocation>,
    pub(crate) calls: Vec<NearCall>,
    pub(crate) pieces: Vec<Piece>,
}

/// One piece. Offsets and lengths are in bytes.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where it stands in the batch's bytes.
    pub start: usize,
    pub len: usize,
    /// The part of it that is instructions.
    pub code_len: usize,
    pub align: u32,
    /// Where its relocations end; they begin where those of the piece before end. Their offsets count from the piece's start.
    pub relocations_end: usize,
    /// The same for its near calls.
    pub calls_end: usize,
    pub data: DataBlock,
    pub info: CodeInfo,
    /// The symbol that stands for it.
    pub symbol: Option<u32>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an image; its [`CodeRef`](crate::CodeRef) is the one at the same place in what [`CodeSpace::publish_batch`](crate::CodeSpace::publish_batch)
    /// returns.
    pub fn push(&mut self, image: CodeImage) {
        let tables = (!image.tables.is_empty()).then(|| Box::new(image.tables));
        let info = CodeInfo { name: image.name, kind: image.kind, tables, unwind: image.unwind, source: image.source };
        self.add(&image.code, image.code_len, image.align, (&image.relocations, &[]), image.data, info);
    }

    /// Adds code that stands in an assembler; otherwise as [`Batch::push`].
    pub fn push_assembly(&mut self, assembly: AssemblyRef<'_>, info: CodeInfo) {
        let AssemblyRef { code, code_len, align, relocations, calls, .. } = assembly;
        self.add(code, code_len, align, (relocations, calls), DataBlock::default(), info);
    }

    fn add(
        &mut self,
        code: &[u8],
        code_len: u32,
        align: u32,
        (relocations, calls): (&[Relocation], &[NearCall]),
        data: DataBlock,
        info: CodeInfo,
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(code);
        self.bytes.resize(self.bytes.len().next_multiple_of(GRANULE as usize), TRAP);
        self.relocations.extend_from_slice(relocations);
        self.calls.extend_from_slice(calls);
        self.pieces.push(Piece {
            start,
            len: code.len(),
            code_len: code_len as usize,
            align,
            relocations_end: self.relocations.len(),
            calls_end: self.calls.len(),
            data,
            info,
            symbol: None,
        });
    }

    /// The piece added last is what `symbol` stands for from now on: for all of this batch, and for what is published after it.
    pub fn define_last(&mut self, symbol: u32) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.symbol = Some(symbol);
        }
    }

    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are no pieces.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes of code, with the padding between pieces.
    pub fn code_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets all pieces, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.relocations.clear();
        self.calls.clear();
        self.pieces.clear();
    }

    /// What the pieces must satisfy by themselves.
    pub(crate) fn check(&self) -> Result<(), CodeError> {
        let fault = self.pieces.iter().find_map(|piece| {
            let (len, data) = (piece.len, &piece.data);
            if len == 0 || len > 1 << 30 {
                Some("no code, or more than 1 GB")
            } else if piece.code_len > len {
                Some("more instructions than bytes")
            } else if !(piece.align.is_power_of_two() || piece.align == 0) || piece.align > 4096 {
                Some("an alignment is a power of two up to 4096")
            } else if data.traced as usize > data.words.len() || data.words.len() > 1 << 24 {
                Some("the data block is too large, or has fewer words than are traced")
            } else {
                piece.info.tables.as_ref().and_then(|tables| tables.check(len as u32).err())
            }
        });
        fault.map_or(Ok(()), |reason| Err(CodeError::Invalid { reason }))
    }
}
