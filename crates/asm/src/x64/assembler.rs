//! The assembler's state: buffer, labels, constant pool, errors; and everything that is not an instruction of the table.

use rustc_hash::FxHashMap;

use super::branch::{JMP, X64, short_opcode};
use crate::buffer::CodeBuffer;
use crate::layout::{CHAIN_END, Label, Layout, Padding};
use crate::reloc::{Assembly, NearCall, RelocKind, RelocTarget, Relocation, link};
use crate::{AsmError, ExecutableCode};

/// Limit of the code's size where none is given: 64 MB.
pub const DEFAULT_LIMIT: usize = 64 << 20;

/// Largest alignment, as log2: a page.
const MAX_ALIGN_LOG2: u32 = 12;

/// Largest constant in the pool, in bytes: a 512-bit vector.
const MAX_CONSTANT: usize = 64;

/// A constant of the pool, padded with zeros to its full size.
type Constant = ([u64; MAX_CONSTANT / 8], u8);

/// Assembles x86-64 code into memory. See the [crate] for an example.
#[derive(Debug)]
pub struct Assembler {
    pub(super) buf: CodeBuffer,
    pub(super) layout: Layout,
    names: FxHashMap<String, Label>,
    constants: FxHashMap<Constant, Label>,
    pool: Vec<(Constant, Label)>,
    address_pool: Vec<(RelocTarget, Label)>,
    error: Option<AsmError>,
}

/// As [`Assembly`], in the assembler's own memory.
#[derive(Clone, Copy, Debug)]
pub struct AssemblyRef<'a> {
    /// Instructions, then the constant pool.
    pub code: &'a [u8],
    /// The bytes of `code` that are instructions.
    pub code_len: u32,
    /// The alignment that the code's first byte needs, a power of two.
    pub align: u32,
    /// Fields to be filled in by [`link`].
    pub relocations: &'a [Relocation],
    /// Displacements of near calls, to be filled in as well.
    pub calls: &'a [NearCall],
    layout: &'a Layout,
}

impl AssemblyRef<'_> {
    /// A label's offset in the code, in bytes; none if it was never bound.
    #[inline]
    pub fn offset(&self, label: Label) -> Option<u32> {
        self.layout.raw_offset(label).map(|raw| raw as u32)
    }
}

/// What a branch may be told: a label, or the name of one.
pub trait AsLabel {
    /// The label meant.
    fn as_label(&self, asm: &mut Assembler) -> Label;
}

impl AsLabel for Label {
    #[inline]
    fn as_label(&self, _: &mut Assembler) -> Label {
        *self
    }
}

impl AsLabel for str {
    fn as_label(&self, asm: &mut Assembler) -> Label {
        asm.named_label(self)
    }
}

impl<T: AsLabel + ?Sized> AsLabel for &T {
    #[inline]
    fn as_label(&self, asm: &mut Assembler) -> Label {
        (**self).as_label(asm)
    }
}

impl AsLabel for String {
    fn as_label(&self, asm: &mut Assembler) -> Label {
        asm.named_label(self)
    }
}

impl Default for Assembler {
    fn default() -> Self {
        Assembler::new()
    }
}

/// State and results.
impl Assembler {
    /// An empty assembler for up to [`DEFAULT_LIMIT`] bytes.
    pub fn new() -> Self {
        Assembler::with_limit(DEFAULT_LIMIT)
    }

    /// An empty assembler for up to `limit` bytes of code (at most 1 GB): emission past it is an error.
    pub fn with_limit(limit: usize) -> Self {
        Assembler {
            buf: CodeBuffer::new(limit),
            layout: Layout::default(),
            names: FxHashMap::default(),
            constants: FxHashMap::default(),
            pool: Vec::new(),
            address_pool: Vec::new(),
            error: None,
        }
    }

    /// Forgets everything and keeps the memory, for the next function.
    pub fn clear(&mut self) {
        self.buf.clear();
        self.layout.clear();
        self.names.clear();
        self.constants.clear();
        self.pool.clear();
        self.address_pool.clear();
        self.error = None;
    }

    /// Gives up relaxation for speed, until the code is assembled: a branch backwards takes the form that reaches, one forwards the
    /// long form, or the short one where [`Assembler::jcc_short`] and [`Assembler::jmp_short`] ask for it. Offsets of labels are final at
    /// once ([`Assembler::emitted`]). To be called before anything is emitted.
    pub fn without_relaxation(&mut self) {
        debug_assert!(self.buf.is_empty());
        self.layout.fix();
    }

    /// A bound on the size of the code so far, in bytes: exact but for branches and alignments, which count as none; exact
    /// without relaxation.
    #[inline]
    pub fn emitted(&self) -> usize {
        self.buf.len()
    }

    /// The bytes of storage that [`Assembler::clear`] keeps, about.
    pub fn storage(&self) -> usize {
        self.buf.storage() + self.layout.storage()
    }

    /// The first mistake so far, other than labels not bound yet.
    pub fn error(&self) -> Option<AsmError> {
        let full = AsmError::BufferFull { limit: self.buf.limit() };
        self.error.clone().or_else(|| self.buf.overflowed().then_some(full))
    }

    /// Lays out the code and clears the assembler.
    ///
    /// # Errors
    ///
    /// The first mistake made while emitting, or a label that is used and not bound.
    pub fn assemble(&mut self) -> Result<Assembly, AsmError> {
        let result = self.try_assemble();
        self.clear();
        result
    }

    /// Finishes code without relaxation where it is: nothing is copied. The assembler is to be cleared afterwards.
    ///
    /// # Errors
    ///
    /// As for [`Assembler::assemble`].
    pub fn assemble_in_place(&mut self) -> Result<AssemblyRef<'_>, AsmError> {
        debug_assert!(self.layout.is_fixed());
        let code_len = self.emitted() as u32;
        self.check_finished()?;
        self.layout.finish_in_place(self.buf.bytes_mut()).map_err(|offset| AsmError::BranchRange { offset })?;
        Ok(AssemblyRef {
            code: self.buf.bytes(),
            code_len,
            align: self.layout.code_align(),
            relocations: self.layout.relocations(),
            calls: self.layout.calls(),
            layout: &self.layout,
        })
    }

    /// Emits the pool, and looks for mistakes.
    fn check_finished(&mut self) -> Result<(), AsmError> {
        self.emit_pool();
        if let Some(error) = self.error() {
            return Err(error);
        }
        match self.layout.first_unbound() {
            Some(label) => Err(AsmError::UnboundLabel { name: self.label_name(label) }),
            None => Ok(()),
        }
    }

    fn try_assemble(&mut self) -> Result<Assembly, AsmError> {
        let code_end = self.here();
        self.check_finished()?;
        let finished = self.layout.finish::<X64>(self.buf.bytes());
        let mut assembly = finished.map_err(|offset| AsmError::BranchRange { offset })?;
        if assembly.code.len() > self.buf.limit() {
            return Err(AsmError::BufferFull { limit: self.buf.limit() });
        }
        assembly.code_len = assembly.offset(code_end).unwrap_or(assembly.code_len);
        Ok(assembly)
    }

    /// Lays out the code and maps it into executable memory of its own. Code that refers to symbols is an error: place it
    /// with [`Assembler::assemble`] and [`link`].
    ///
    /// # Errors
    ///
    /// The first mistake made while emitting, an unbound label, or the system's refusal.
    pub fn finalize(mut self) -> Result<ExecutableCode, AsmError> {
        let assembly = self.assemble()?;
        ExecutableCode::map(assembly.code.len(), |bytes, base| {
            bytes.copy_from_slice(&assembly.code);
            link(bytes, base, &assembly.relocations, |_| None)
        })
    }

    /// Reports operands that have no encoding.
    #[cold]
    pub(super) fn invalid(&mut self, reason: &'static str) {
        self.fail(AsmError::InvalidOperands { reason });
    }

    #[cold]
    fn fail(&mut self, error: AsmError) {
        self.error.get_or_insert(error);
    }
}

/// Labels and branches.
impl Assembler {
    /// A new label, to be bound with [`Assembler::bind`].
    #[inline]
    pub fn new_label(&mut self) -> Label {
        self.layout.new_label()
    }

    /// Binds a label to this place. Binding it twice is an error.
    #[inline]
    pub fn bind(&mut self, label: Label) {
        match self.layout.bind(label, self.buf.len()) {
            Some(CHAIN_END) => {}
            Some(chain) => self.buf.end_chain(chain),
            None => self.bad_bind(label),
        }
    }

    #[cold]
    fn bad_bind(&mut self, label: Label) {
        let name = self.label_name(label);
        self.fail(AsmError::DuplicateLabel { name });
    }

    /// A new label bound to this place: the way to learn the final offset of an instruction
    /// ([`Assembly::offset`]), which is not known before all branches have their size.
    #[inline]
    pub fn here(&mut self) -> Label {
        let label = self.new_label();
        self.bind(label);
        label
    }

    /// Whether the label is bound.
    pub fn is_bound(&self, label: Label) -> bool {
        self.layout.is_bound(label)
    }

    /// Whether something that comes before refers to the label, which is not bound yet. Without relaxation only.
    pub fn is_used(&self, label: Label) -> bool {
        self.layout.has_chain(label)
    }

    /// The label of this name, bound or not.
    pub fn named_label(&mut self, name: &str) -> Label {
        if let Some(&label) = self.names.get(name) {
            return label;
        }
        let label = self.new_label();
        self.names.insert(name.to_owned(), label);
        label
    }

    fn label_name(&self, label: Label) -> String {
        let named = self.names.iter().find(|&(_, &named)| named == label);
        named.map_or_else(|| format!("#{}", label.index()), |(name, _)| format!("`{name}`"))
    }

    /// A branch that is laid out later. Its shortest form counts against the limit now.
    #[inline]
    pub(super) fn branch(&mut self, kind: u8, target: Label) {
        if self.layout.is_fixed() {
            return self.fixed_branch(kind, target);
        }
        let at = self.buf.len();
        self.layout.branch::<X64>(at, kind, target);
        if at + self.layout.branch_bytes() > self.buf.limit() {
            self.overflow();
        }
    }

    /// A branch in its final form. Forwards it is long, and joins the label's chain.
    fn fixed_branch(&mut self, kind: u8, target: Label) {
        self.buf.reserve();
        let (opcode, size) = if kind == JMP { (0xE9, 5) } else { (0x800F | u64::from(kind) << 8, 6) };
        match self.layout.bound_or_chain(target, (self.buf.len() + size - 4) as u32) {
            Err(before) => self.buf.put(opcode | u64::from(before) << (size * 8 - 32), size),
            Ok(to) => self.fixed_branch_back(kind, i64::from(to)),
        }
    }

    #[inline(never)]
    fn fixed_branch_back(&mut self, kind: u8, to: i64) {
        let distance = to - self.buf.len() as i64;
        if let Ok(short) = i8::try_from(distance - 2) {
            return self.buf.put(u64::from_le_bytes([short_opcode(kind), short as u8, 0, 0, 0, 0, 0, 0]), 2);
        }
        let (opcode, size) = if kind == JMP { (0xE9, 5) } else { (0x800F | u64::from(kind) << 8, 6) };
        self.buf.put(opcode | u64::from((distance - size as i64) as u32) << (size * 8 - 32), size);
    }

    fn short_branch(&mut self, kind: u8, target: Label) {
        if !self.layout.is_fixed() || self.layout.raw_offset(target).is_some() {
            return self.branch(kind, target);
        }
        self.buf.window()[..2].copy_from_slice(&[short_opcode(kind), 0]);
        self.layout.rel8(self.buf.len() + 1, target);
        self.buf.advance(2);
    }

    /// `jcc` to a label that will be bound within reach of the short form (127 bytes): otherwise assembling is an error. Matters only
    /// without relaxation.
    #[inline]
    pub fn jcc_short(&mut self, cond: super::Cond, target: Label) {
        self.short_branch(cond.index(), target);
    }

    /// As [`Assembler::jcc_short`], for `jmp`.
    #[inline]
    pub fn jmp_short(&mut self, target: Label) {
        self.short_branch(JMP, target);
    }

    #[cold]
    fn overflow(&mut self) {
        self.buf.overflow();
        self.layout.drop_code();
    }

    /// `jmp` to a label, in the form that reaches.
    #[inline]
    pub fn jmp_to(&mut self, target: impl AsLabel) {
        let target = target.as_label(self);
        self.branch(JMP, target);
    }

    /// `call` of a label.
    #[inline]
    pub fn call_to(&mut self, target: impl AsLabel) {
        let target = target.as_label(self);
        self.field(&[0xE8], |layout, at| layout.rel32(at, target, -4));
    }

    /// Opcode bytes, then a 4-byte field that is filled in later.
    #[inline]
    fn field(&mut self, opcode: &[u8], note: impl FnOnce(&mut Layout, usize)) {
        let size = opcode.len();
        self.buf.window()[..size].copy_from_slice(opcode);
        note(&mut self.layout, self.buf.len() + size);
        self.buf.window()[size..size + 4].fill(0);
        self.buf.advance(size + 4);
    }
}

/// References to other code.
impl Assembler {
    /// `call` of a target that whoever places the code brings within reach (±2 GB).
    pub fn call_near(&mut self, target: RelocTarget) {
        self.near(0xE8, target);
    }

    /// `jmp` to a target that whoever places the code brings within reach (±2 GB).
    pub fn jmp_near(&mut self, target: RelocTarget) {
        self.near(0xE9, target);
    }

    fn near(&mut self, opcode: u8, target: RelocTarget) {
        self.buf.reserve();
        self.layout.near(self.buf.len() + 1, target);
        self.buf.put(u64::from(opcode), 5);
    }

    /// `mov dst, address of target`: ten bytes, an [`RelocKind::Abs64`] field.
    pub fn mov_address(&mut self, dst: super::Reg, target: RelocTarget) {
        let window = self.buf.window();
        window[..10].copy_from_slice(&[0x48 | dst.index() >> 3, 0xB8 | (dst.index() & 7), 0, 0, 0, 0, 0, 0, 0, 0]);
        let reloc = Relocation { offset: 0, kind: RelocKind::Abs64, target, addend: 0 };
        self.layout.relocation(self.buf.len() + 2, reloc);
        self.buf.advance(10);
    }

    /// A constant of the pool that holds the address of `target`: `call(address_constant(…))` reaches everything and
    /// needs no register.
    pub fn address_constant(&mut self, target: RelocTarget) -> Label {
        if let Some((_, label)) = self.address_pool.iter().find(|row| row.0 == target) {
            return *label;
        }
        let label = self.new_label();
        self.address_pool.push((target, label));
        label
    }
}

/// Data and alignment.
impl Assembler {
    /// Appends bytes as they are.
    pub fn bytes(&mut self, data: &[u8]) {
        self.buf.extend(data);
    }

    /// Appends the address of `label` + `addend`, 8 bytes.
    pub fn label_address(&mut self, label: Label, addend: i64) {
        self.layout.abs64(self.buf.len(), label, addend);
        self.buf.extend(&[0; 8]);
    }

    /// Appends `label` − `base`, 4 bytes signed: an entry of a jump table.
    pub fn label_offset(&mut self, label: Label, base: Label) {
        self.layout.offset32(self.buf.len(), label, base);
        self.buf.extend(&[0; 4]);
    }

    /// Pads with instructions that do nothing until the offset is a multiple of `align`, a power of two up to 4096.
    pub fn align(&mut self, align: usize) {
        self.pad(align, Padding::Nops);
    }

    /// Pads with bytes that trap when executed until the offset is a multiple of `align`.
    pub fn align_data(&mut self, align: usize) {
        self.pad(align, Padding::Byte(0xCC));
    }

    fn pad(&mut self, align: usize, padding: Padding) {
        let log2 = align.trailing_zeros();
        if !align.is_power_of_two() || log2 > MAX_ALIGN_LOG2 {
            return self.invalid("an alignment is a power of two up to 4096");
        }
        if self.layout.is_fixed() {
            self.layout.require_align(log2 as u8);
            let count = self.buf.len().wrapping_neg() & (align - 1);
            match padding {
                Padding::Nops => self.nops(count),
                Padding::Byte(byte) => (0..count).for_each(|_| self.buf.extend(&[byte])),
            }
        } else if log2 > 0 {
            self.layout.align(self.buf.len(), log2 as u8, padding);
        }
    }

    /// `count` bytes of padding that can be executed, in as few instructions as possible.
    pub fn nops(&mut self, mut count: usize) {
        while count > 0 && !self.buf.overflowed() {
            let size = count.min(super::MAX_NOP);
            self.buf.extend(super::nop(size));
            count -= size;
        }
    }

    /// A constant of the pool behind the code: up to 64 bytes, aligned to their size rounded up to a power of two. Equal
    /// constants are one.
    pub fn constant(&mut self, data: &[u8]) -> Label {
        if data.is_empty() || data.len() > MAX_CONSTANT {
            self.invalid("a constant has 1 to 64 bytes");
            return self.new_label();
        }
        let mut words = [0; MAX_CONSTANT / 8];
        for (word, bytes) in words.iter_mut().zip(data.chunks(8)) {
            let mut full = [0; 8];
            full[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_le_bytes(full);
        }
        let key = (words, data.len().next_power_of_two() as u8);
        if let Some(&label) = self.constants.get(&key) {
            return label;
        }
        let label = self.new_label();
        self.constants.insert(key, label);
        self.pool.push((key, label));
        label
    }

    /// A double in the pool.
    pub fn constant_f64(&mut self, value: f64) -> Label {
        self.constant(&value.to_bits().to_le_bytes())
    }

    /// A float in the pool.
    pub fn constant_f32(&mut self, value: f32) -> Label {
        self.constant(&value.to_bits().to_le_bytes())
    }

    /// Writes the pool behind the code, largest constants first, so that only the first needs padding.
    fn emit_pool(&mut self) {
        if self.pool.is_empty() && self.address_pool.is_empty() {
            return;
        }
        let mut pool = std::mem::take(&mut self.pool);
        let addresses = std::mem::take(&mut self.address_pool);
        pool.sort_by_key(|((_, size), _)| std::cmp::Reverse(*size));
        let largest = pool.first().map_or(0, |((_, size), _)| *size).max(if addresses.is_empty() { 0 } else { 8 });
        if largest > 0 {
            self.align_data(usize::from(largest));
        }
        let small = pool.iter().position(|((_, size), _)| *size < 8).unwrap_or(pool.len());
        self.emit_constants(&pool[..small]);
        for (target, label) in addresses {
            self.bind(label);
            let reloc = Relocation { offset: 0, kind: RelocKind::Abs64, target, addend: 0 };
            self.layout.relocation(self.buf.len(), reloc);
            self.buf.extend(&[0; 8]);
        }
        self.emit_constants(&pool[small..]);
    }

    fn emit_constants(&mut self, constants: &[(Constant, Label)]) {
        for ((words, size), label) in constants {
            self.bind(*label);
            let mut bytes = [0; MAX_CONSTANT];
            for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
                chunk.copy_from_slice(&word.to_le_bytes());
            }
            self.buf.extend(&bytes[..usize::from(*size)]);
        }
    }
}
