//! What is published, and what it is afterwards.

use std::sync::{Arc, LazyLock};

use tercel_asm::{Assembly, Relocation};

use crate::tables::CodeTables;

/// What a piece of code is for: shown by profilers and statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// Trampolines, adapters and other code that the engine itself needs.
    Runtime,
    /// An inline cache's stub.
    Stub,
    /// A function compiled without optimization.
    Baseline,
    /// A function or loop compiled with optimization.
    Optimized,
    /// A regular expression.
    RegExp,
    /// Anything else.
    Other,
}

impl CodeKind {
    /// All kinds.
    pub const ALL: [CodeKind; 6] = {
        use CodeKind::*;
        [Runtime, Stub, Baseline, Optimized, RegExp, Other]
    };

    /// A short name, as profilers show it.
    pub const fn name(self) -> &'static str {
        match self {
            CodeKind::Runtime => "runtime",
            CodeKind::Stub => "stub",
            CodeKind::Baseline => "baseline",
            CodeKind::Optimized => "opt",
            CodeKind::RegExp => "regexp",
            CodeKind::Other => "jit",
        }
    }
}

/// The words beside a piece of code that it may change: caches, counters, constants that the collector moves.
#[derive(Clone, Debug, Default)]
pub struct DataBlock {
    /// The initial contents.
    pub words: Vec<u64>,
    /// How many of the words, from the first, are tagged values for the collector to trace and update.
    pub traced: u32,
}

/// Where the caller's frame is while an instruction is about to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallerFrame {
    /// As at the entry: the return address is at `[rsp]`, rbp is the caller's.
    Entry,
    /// After `push rbp`: the caller's rbp is at `[rsp]`, the return address above it, rbp still the caller's.
    Pushed,
    /// After `mov rbp, rsp`: the caller's rbp is at `[rbp]`, the return address above it.
    Rbp,
}

/// How the caller's frame is found from an instruction on, until the next row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnwindRow {
    /// Offset of the instruction, in bytes.
    pub offset: u32,
    /// Where the caller's frame is.
    pub caller: CallerFrame,
}

/// How debuggers and profilers find the caller of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwind {
    /// They cannot.
    None,
    /// The code keeps the rbp chain: `push rbp` and `mov rbp, rsp` stand at this offset, before that nothing changes rsp.
    Rbp {
        /// Offset of `push rbp`, in bytes.
        prologue: u32,
    },
    /// Row by row, by ascending offset: code that makes its frame on some ways only. Before the first row it is
    /// [`CallerFrame::Entry`].
    Rows(Arc<[UnwindRow]>),
}

/// A piece of code to be published, with all that is known about it.
#[derive(Clone, Debug)]
pub struct CodeImage {
    /// What profilers and debuggers call it.
    pub name: Arc<str>,
    /// What it is for.
    pub kind: CodeKind,
    /// Instructions and constants.
    pub code: Vec<u8>,
    /// Bytes of `code` that are instructions.
    pub code_len: u32,
    /// Alignment of the first byte, a power of two.
    pub align: u32,
    /// Fields that depend on addresses. Symbol [`DATA`](crate::DATA) is the data block.
    pub relocations: Vec<Relocation>,
    /// The data block; empty for none.
    pub data: DataBlock,
    /// What is found by address.
    pub tables: CodeTables,
    /// How frames are walked by others.
    pub unwind: Unwind,
    /// Name of the source file that `tables.lines` counts in.
    pub source: Option<Arc<str>>,
}

impl CodeImage {
    /// An image of assembled code, without data and tables.
    pub fn new(name: impl Into<Arc<str>>, kind: CodeKind, assembly: Assembly) -> Self {
        CodeImage {
            name: name.into(),
            kind,
            code_len: assembly.code_len,
            align: assembly.align,
            code: assembly.code,
            relocations: assembly.relocations,
            data: DataBlock::default(),
            tables: CodeTables::default(),
            unwind: Unwind::None,
            source: None,
        }
    }
}

/// The tables of code that has none.
static NO_TABLES: LazyLock<CodeTables> = LazyLock::new(CodeTables::default);

/// A handle to published code. It stays distinct from the handles of later code when the code is freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeRef {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Published code.
#[derive(Debug)]
pub struct CodeObject {
    pub(crate) info: CodeInfo,
    pub(crate) address: usize,
    pub(crate) len: u32,
    pub(crate) code_len: u32,
    pub(crate) data_words: u32,
    pub(crate) traced: u32,
    /// Address of the data block: kept as a number, so that the object can move between threads.
    pub(crate) data: usize,
    pub(crate) retired: bool,
    /// What was taken from the allocators.
    pub(crate) code_range: (u32, u32),
    pub(crate) data_range: (u32, u32),
}

/// What is known of a piece of code besides its bytes.
#[derive(Clone, Debug)]
pub struct CodeInfo {
    /// What profilers and debuggers call it.
    pub name: Arc<str>,
    /// What it is for.
    pub kind: CodeKind,
    /// What is found by address; none: nothing.
    pub tables: Option<Box<CodeTables>>,
    /// How frames are walked by others.
    pub unwind: Unwind,
    /// Name of the source file that the tables' lines count in.
    pub source: Option<Arc<str>>,
}

impl CodeObject {
    /// What profilers and debuggers call it.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// What it is for.
    pub fn kind(&self) -> CodeKind {
        self.info.kind
    }

    /// Address of the first instruction.
    #[inline]
    pub fn entry(&self) -> *const u8 {
        self.address as *const u8
    }

    /// Bytes of instructions and constants.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there are no bytes: never.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of instructions; constants follow.
    pub fn code_len(&self) -> u32 {
        self.code_len
    }

    /// Whether the address lies in this code.
    #[inline]
    pub fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.address) < self.len as usize
    }

    /// Address of the data block, and its length in words; dangling if there are none.
    #[inline]
    pub fn data(&self) -> (*mut u64, usize) {
        (self.data as *mut u64, self.data_words as usize)
    }

    /// The words of the data block, from the first, that are tagged values.
    #[inline]
    pub fn traced_words(&self) -> usize {
        self.traced as usize
    }

    /// What is found by address.
    #[inline]
    pub fn tables(&self) -> &CodeTables {
        self.info.tables.as_deref().unwrap_or(&NO_TABLES)
    }

    /// How frames are walked by others.
    pub fn unwind(&self) -> &Unwind {
        &self.info.unwind
    }

    /// Name of the source file that the lines count in.
    pub fn source(&self) -> Option<&str> {
        self.info.source.as_deref()
    }

    /// Whether the code waits to be freed: no new activation begins, old ones run on.
    pub fn is_retired(&self) -> bool {
        self.retired
    }
}
