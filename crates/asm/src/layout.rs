//! Labels, and where everything comes to lie: branch relaxation and alignment.
//!
//! While code is emitted, a branch to a label or an alignment writes no bytes; it is noted as an *item* at the current
//! position of the buffer. A label remembers its position and how many items precede it, so that its final offset is
//! its position plus the size of those items: one look-up in a prefix sum, no search.
//!
//! When all is emitted, every branch starts in its short form; the layout is computed, branches that do not reach become
//! long, and this repeats until nothing changes. Branches only grow, so it ends; without alignments the result is
//! the smallest possible. After [`MAX_ROUNDS`] all branches become long, which bounds the time for adversarial code to a
//! constant number of linear passes.
//!
//! Other references to labels (calls, RIP-relative operands, jump tables) have a fixed size: they are *fixups*, patched
//! once the layout is known.
//!
//! A compiler to which its own speed matters more than a few bytes does without relaxation ([`Layout::fix`]): a branch
//! backwards takes the form that reaches, one forwards the long form, unless the compiler says that the short one will
//! do. There are no items then, and every position is final as soon as it is known. Branches to a label that is not bound yet
//! form a chain through their own displacements: each holds where the one before it stands, and the label knows the last. Binding the
//! label walks the chain and leaves nothing to be done at the end.

use crate::reloc::{Assembly, NearCall, RelocKind, RelocTarget, Relocation};

/// A place in the code, to be bound once. Cheap: a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub(crate) u32);

impl Label {
    /// No assembler's label, for tables of labels. Code that refers to it cannot be finished.
    pub const NONE: Label = Label(u32::MAX);

    /// The label's number: labels count up from zero in each assembler.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Rounds of growing before all branches become long.
pub const MAX_ROUNDS: usize = 12;

const UNBOUND: u32 = u32::MAX;

/// The end of a chain of branches.
pub(crate) const CHAIN_END: u32 = u32::MAX;

/// What the layout must know about an instruction set.
pub trait Target {
    /// Size of a branch's encoding, in bytes.
    fn branch_size(kind: u8, long: bool) -> u32;
    /// Whether the short form reaches a target `distance` bytes after the branch's first byte.
    fn short_reaches(kind: u8, distance: i64) -> bool;
    /// Appends a branch to a target `distance` bytes after the branch's first byte.
    fn write_branch(out: &mut Vec<u8>, kind: u8, long: bool, distance: i64);
    /// Appends `count` bytes of padding that can be executed.
    fn write_nops(out: &mut Vec<u8>, count: usize);
}

/// The position of a label: raw offset in the buffer, and items before it. Of a label that is not bound: [`UNBOUND`], and where the chain of
/// its branches begins.
#[derive(Clone, Copy, Debug)]
struct Position {
    raw: u32,
    items: u32,
}

/// How padding is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// With instructions that do nothing.
    Nops,
    /// With this byte.
    Byte(u8),
}

#[derive(Clone, Copy, Debug)]
enum ItemKind {
    Branch { kind: u8, long: bool, label: Label },
    Align { log2: u8, padding: Padding },
}

#[derive(Clone, Copy, Debug)]
struct Item {
    raw: u32,
    kind: ItemKind,
}

#[derive(Clone, Copy, Debug)]
enum FixupKind {
    /// 1 byte, the end of a short branch: target − the byte behind it.
    Rel8,
    /// 4 bytes: target − field + addend.
    Rel32 { addend: i32 },
    /// 4 bytes: target − base.
    Offset32 { base: Label },
}

/// 8 bytes with the address of a label: a relocation for whoever places the code.
#[derive(Clone, Copy, Debug)]
struct Absolute {
    at: Position,
    label: Label,
    addend: i64,
}

#[derive(Clone, Copy, Debug)]
struct Fixup {
    at: Position,
    label: Label,
    kind: FixupKind,
}

/// Labels, items, fixups and relocations of code in the making.
#[derive(Debug, Default)]
pub struct Layout {
    labels: Vec<Position>,
    items: Vec<Item>,
    fixups: Vec<Fixup>,
    absolutes: Vec<Absolute>,
    /// With offsets in the buffer.
    relocations: Vec<Relocation>,
    /// The items before each relocation, unless the layout is fixed.
    relocation_items: Vec<u32>,
    /// Near calls of and jumps to symbols: most of the references to other code. Of a fixed layout only; otherwise they are relocations.
    calls: Vec<NearCall>,
    max_align_log2: u8,
    branch_bytes: usize,
    fixed: bool,
    /// Labels that are not bound and have a chain.
    open: u32,
}

impl Layout {
    /// Forgets everything, keeps the storage.
    pub fn clear(&mut self) {
        self.labels.clear();
        self.drop_code();
        self.max_align_log2 = 0;
        self.fixed = false;
        self.open = 0;
    }

    /// The bytes of storage.
    pub fn storage(&self) -> usize {
        fn bytes<T>(vector: &Vec<T>) -> usize {
            vector.capacity() * size_of::<T>()
        }
        let Layout { labels, items, fixups, absolutes, relocations, calls, .. } = self;
        bytes(labels) + bytes(items) + bytes(fixups) + bytes(absolutes) + bytes(relocations) + bytes(calls)
    }

    /// Forgets what refers to code; labels stay. Used when the code's buffer overflowed: the result is an error anyway.
    pub fn drop_code(&mut self) {
        self.items.clear();
        self.branch_bytes = 0;
        self.fixups.clear();
        self.absolutes.clear();
        self.relocations.clear();
        self.relocation_items.clear();
        self.calls.clear();
    }

    /// Branches have their final form from the beginning: to be said before anything is noted.
    pub fn fix(&mut self) {
        self.fixed = true;
    }

    /// Whether [`Layout::fix`] was called.
    #[inline]
    pub fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// Where a label is bound, if it is; final if the layout is fixed.
    #[inline]
    pub fn raw_offset(&self, label: Label) -> Option<usize> {
        let raw = self.labels.get(label.index())?.raw;
        (raw != UNBOUND).then_some(raw as usize)
    }

    /// A new label, not bound yet.
    #[inline]
    pub fn new_label(&mut self) -> Label {
        let label = Label(self.labels.len() as u32);
        self.labels.push(Position { raw: UNBOUND, items: CHAIN_END });
        label
    }

    /// Binds a label to raw offset `raw`, and says where its chain begins ([`CHAIN_END`]: it has none). None if it is bound already or belongs to another
    /// assembler.
    #[inline]
    pub(crate) fn bind(&mut self, label: Label, raw: usize) -> Option<u32> {
        let at = self.position(raw);
        let position = self.labels.get_mut(label.index()).filter(|position| position.raw == UNBOUND)?;
        let chain = std::mem::replace(position, at).items;
        self.open -= u32::from(chain != CHAIN_END);
        Some(chain)
    }

    /// Where the label is bound; if it is not, the displacement at raw offset `field` becomes the beginning of its chain, and what was that before is the error. A
    /// label of another assembler has no chain, and the layout then never finishes.
    #[inline]
    pub(crate) fn bound_or_chain(&mut self, label: Label, field: u32) -> Result<u32, u32> {
        match self.labels.get_mut(label.index()) {
            Some(position) if position.raw != UNBOUND => Ok(position.raw),
            Some(position) => {
                let before = std::mem::replace(&mut position.items, field);
                self.open += u32::from(before == CHAIN_END);
                Err(before)
            }
            None => {
                self.open += 1;
                Err(CHAIN_END)
            }
        }
    }

    /// Whether a label is not bound and has a chain.
    pub(crate) fn has_chain(&self, label: Label) -> bool {
        self.labels.get(label.index()).is_some_and(|position| position.raw == UNBOUND && position.items != CHAIN_END)
    }

    /// Whether a label is bound.
    pub fn is_bound(&self, label: Label) -> bool {
        self.labels.get(label.index()).is_some_and(|position| position.raw != UNBOUND)
    }

    /// The fewest bytes that the branches noted so far will take.
    #[inline]
    pub fn branch_bytes(&self) -> usize {
        self.branch_bytes
    }

    #[inline]
    fn position(&self, raw: usize) -> Position {
        Position { raw: raw as u32, items: self.items.len() as u32 }
    }

    /// Notes a branch at raw offset `raw`.
    #[inline]
    pub fn branch<T: Target>(&mut self, raw: usize, kind: u8, label: Label) {
        self.branch_bytes += T::branch_size(kind, false) as usize;
        self.items.push(Item { raw: raw as u32, kind: ItemKind::Branch { kind, long: false, label } });
    }

    /// Notes that what follows raw offset `raw` begins at a multiple of `1 << log2`.
    pub fn align(&mut self, raw: usize, log2: u8, padding: Padding) {
        self.require_align(log2);
        if let Some(Item { raw: last, kind: ItemKind::Align { log2: previous, padding: same } }) = self.items.last_mut()
            && *last == raw as u32
            && *same == padding
        {
            *previous = log2.max(*previous);
            return;
        }
        self.items.push(Item { raw: raw as u32, kind: ItemKind::Align { log2, padding } });
    }

    /// The code's first byte is to lie at a multiple of `1 << log2`.
    pub fn require_align(&mut self, log2: u8) {
        self.max_align_log2 = self.max_align_log2.max(log2);
    }

    /// Notes a 1-byte field, the last of a short branch to `label`.
    #[inline]
    pub fn rel8(&mut self, raw: usize, label: Label) {
        let at = self.position(raw);
        self.fixups.push(Fixup { at, label, kind: FixupKind::Rel8 });
    }

    /// Notes a 4-byte field that holds `label` − field + `addend`.
    #[inline]
    pub fn rel32(&mut self, raw: usize, label: Label, addend: i32) {
        let at = self.position(raw);
        self.fixups.push(Fixup { at, label, kind: FixupKind::Rel32 { addend } });
    }

    /// Notes a 4-byte field that holds `label` − `base`.
    pub fn offset32(&mut self, raw: usize, label: Label, base: Label) {
        let at = self.position(raw);
        self.fixups.push(Fixup { at, label, kind: FixupKind::Offset32 { base } });
    }

    /// Notes an 8-byte field that holds the address of `label` + `addend`.
    pub fn abs64(&mut self, raw: usize, label: Label, addend: i64) {
        let at = self.position(raw);
        self.absolutes.push(Absolute { at, label, addend });
    }

    /// Notes a relocation; its offset is taken from `raw`.
    #[inline]
    pub fn relocation(&mut self, raw: usize, relocation: Relocation) {
        self.relocations.push(Relocation { offset: raw as u32, ..relocation });
        if !self.fixed {
            self.relocation_items.push(self.items.len() as u32);
        }
    }

    /// Notes a near call or jump, whose displacement is at `raw`.
    #[inline(always)]
    pub(crate) fn near(&mut self, raw: usize, target: RelocTarget) {
        match target {
            RelocTarget::Symbol(symbol) if self.fixed => self.calls.push(NearCall { offset: raw as u32, symbol }),
            _ => self.relocation(raw, Relocation { offset: 0, kind: RelocKind::Rel32, target, addend: -4 }),
        }
    }

    /// The first label that is used and not bound.
    pub fn first_unbound(&self) -> Option<Label> {
        if self.open > 0 {
            let open = |at: &Position| at.raw == UNBOUND && at.items != CHAIN_END;
            let index = self.labels.iter().position(open).unwrap_or(self.labels.len());
            return Some(Label(index as u32));
        }
        let unbound = |label: &Label| !self.is_bound(*label);
        let branches = self.items.iter().filter_map(|item| match item.kind {
            ItemKind::Branch { label, .. } => Some(label),
            ItemKind::Align { .. } => None,
        });
        let fixups = self.fixups.iter().map(|fixup| fixup.label);
        let bases = self.fixups.iter().filter_map(|fixup| match fixup.kind {
            FixupKind::Offset32 { base } => Some(base),
            _ => None,
        });
        let absolutes = self.absolutes.iter().map(|absolute| absolute.label);
        branches.chain(fixups).chain(bases).chain(absolutes).find(unbound)
    }

    /// Lays out `raw` and everything noted. All used labels must be bound ([`Layout::first_unbound`]).
    ///
    /// # Errors
    /// The offset of a branch that was to be short and does not reach.
    pub fn finish<T: Target>(&mut self, raw: &[u8]) -> Result<Assembly, u32> {
        if self.fixed {
            return self.finish_copy(raw);
        }
        let added = self.relax::<T>();
        let place = |at: &Position| at.raw + added[at.items as usize];
        let total = raw.len() + added[self.items.len()] as usize;

        let mut code = Vec::with_capacity(total);
        let mut copied = 0;
        for (index, item) in self.items.iter().enumerate() {
            code.extend_from_slice(&raw[copied..item.raw as usize]);
            copied = item.raw as usize;
            match item.kind {
                ItemKind::Branch { kind, long, label } => {
                    let distance = i64::from(place(&self.labels[label.index()])) - code.len() as i64;
                    T::write_branch(&mut code, kind, long, distance);
                }
                ItemKind::Align { padding, .. } => {
                    let count = (added[index + 1] - added[index]) as usize;
                    match padding {
                        Padding::Nops => T::write_nops(&mut code, count),
                        Padding::Byte(byte) => code.resize(code.len() + count, byte),
                    }
                }
            }
        }
        code.extend_from_slice(&raw[copied..]);
        debug_assert_eq!(code.len(), total);

        let mut relocations = Vec::with_capacity(self.relocations.len());
        for (relocation, items) in self.relocations.iter().zip(&self.relocation_items) {
            let offset = relocation.offset + added[*items as usize];
            relocations.push(Relocation { offset, ..*relocation });
        }
        self.patch(&mut code, place)?;
        for absolute in &self.absolutes {
            let target = RelocTarget::Local(place(&self.labels[absolute.label.index()]));
            let (offset, addend) = (place(&absolute.at), absolute.addend);
            relocations.push(Relocation { offset, kind: RelocKind::Abs64, target, addend });
        }
        let labels = self.labels.iter().map(|at| if at.raw == UNBOUND { UNBOUND } else { place(at) }).collect();
        let code_len = code.len() as u32;
        Ok(Assembly { code, code_len, align: self.code_align(), relocations, labels })
    }

    /// Fills in the fixups of code in which positions come to lie at `place`.
    fn patch(&self, code: &mut [u8], place: impl Fn(&Position) -> u32) -> Result<(), u32> {
        for fixup in &self.fixups {
            let field = place(&fixup.at);
            let target = place(&self.labels[fixup.label.index()]);
            let value = match fixup.kind {
                FixupKind::Rel32 { addend } => (target as i32).wrapping_sub(field as i32).wrapping_add(addend),
                FixupKind::Offset32 { base } => target as i32 - place(&self.labels[base.index()]) as i32,
                FixupKind::Rel8 => {
                    let distance = i64::from(target) - i64::from(field + 1);
                    code[field as usize] = i8::try_from(distance).map_err(|_| field)? as u8;
                    continue;
                }
            };
            code[field as usize..field as usize + 4].copy_from_slice(&value.to_le_bytes());
        }
        Ok(())
    }

    /// Finishes a fixed layout where the code is. All used labels must be bound ([`Layout::first_unbound`]). Then [`Layout::relocations`] are all.
    ///
    /// # Errors
    /// As for [`Layout::finish`].
    pub(crate) fn finish_in_place(&mut self, raw: &mut [u8]) -> Result<(), u32> {
        debug_assert!(self.fixed && self.items.is_empty());
        self.patch(raw, |at| at.raw)?;
        for Absolute { at, label, addend } in self.absolutes.drain(..) {
            let target = RelocTarget::Local(self.labels[label.index()].raw);
            self.relocations.push(Relocation { offset: at.raw, kind: RelocKind::Abs64, target, addend });
        }
        Ok(())
    }

    /// [`Layout::finish`] of a fixed layout.
    fn finish_copy(&mut self, raw: &[u8]) -> Result<Assembly, u32> {
        let mut code = raw.to_vec();
        self.finish_in_place(&mut code)?;
        let code_len = code.len() as u32;
        let labels = self.labels.iter().map(|at| at.raw).collect();
        let mut relocations = self.relocations.clone();
        relocations.extend(self.calls.iter().map(|call| Relocation::from(*call)));
        Ok(Assembly { code, code_len, align: self.code_align(), relocations, labels })
    }

    /// The relocations so far.
    pub(crate) fn relocations(&self) -> &[Relocation] {
        &self.relocations
    }

    /// The near calls so far.
    pub(crate) fn calls(&self) -> &[NearCall] {
        &self.calls
    }

    /// The alignment that the code's first byte needs.
    pub(crate) fn code_align(&self) -> u32 {
        1 << self.max_align_log2
    }

    /// Chooses the form of every branch. Returns, per item, the bytes that the items before it occupy (and the total).
    fn relax<T: Target>(&mut self) -> Vec<u32> {
        let mut added = vec![0; self.items.len() + 1];
        for round in 0.. {
            let mut sum = 0;
            for (item, slot) in self.items.iter().zip(&mut added) {
                *slot = sum;
                sum += match item.kind {
                    ItemKind::Branch { kind, long, .. } => T::branch_size(kind, long),
                    ItemKind::Align { log2, .. } => (item.raw + sum).wrapping_neg() & ((1 << log2) - 1),
                };
            }
            added[self.items.len()] = sum;

            let mut changed = false;
            for (item, &before) in self.items.iter_mut().zip(&added) {
                if let ItemKind::Branch { kind, long: long @ false, label } = &mut item.kind {
                    let target = self.labels[label.index()];
                    let target = i64::from(target.raw + added[target.items as usize]);
                    let distance = target - i64::from(item.raw + before);
                    if round >= MAX_ROUNDS || !T::short_reaches(*kind, distance) {
                        *long = true;
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        added
    }
}
