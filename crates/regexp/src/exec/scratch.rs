//! What a match needs besides program and input.

use super::ExecError;
use crate::program::UNSET;

/// Registers and backtrack stack. Keeping one between matches makes repeated matching free of allocation.
pub struct Scratch {
    pub(super) registers: Vec<u32>,
    pub(super) stack: Vec<Entry>,
    limit: usize,
    groups: usize,
}

/// What to do on failure.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// The kind in the upper three bits; below, an op or a register or a group.
    head: u32,
    pub(super) a: u32,
    pub(super) b: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// Go on at op `index` and position `a`.
    Resume,
    /// Register `index` is `a` again.
    Register,
    /// Group `index` is `a..b` again.
    Group,
    /// The greedy loop at op `index` has taken up to `a` and may give back down to `b`.
    Greedy,
    /// The lazy loop at op `index` has taken up to `a` and may take `b` more.
    Lazy,
}

const INDEX_BITS: u32 = 29;

impl Entry {
    #[inline(always)]
    pub(super) fn new(kind: EntryKind, index: usize, a: usize, b: usize) -> Entry {
        Entry { head: (kind as u32) << INDEX_BITS | index as u32, a: a as u32, b: b as u32 }
    }

    #[inline(always)]
    pub(super) fn kind(self) -> EntryKind {
        match self.head >> INDEX_BITS {
            0 => EntryKind::Resume,
            1 => EntryKind::Register,
            2 => EntryKind::Group,
            3 => EntryKind::Greedy,
            _ => EntryKind::Lazy,
        }
    }

    #[inline(always)]
    pub(super) fn index(self) -> usize {
        (self.head & ((1 << INDEX_BITS) - 1)) as usize
    }
}

impl Scratch {
    /// The limit of [`Scratch::new`], in bytes: as much as V8 allows.
    pub const DEFAULT_LIMIT: usize = 64 << 20;

    /// An empty scratch whose stack may grow to [`Scratch::DEFAULT_LIMIT`].
    pub fn new() -> Scratch {
        Scratch::with_limit(Scratch::DEFAULT_LIMIT)
    }

    /// An empty scratch whose stack may grow to `limit` bytes.
    pub fn with_limit(limit: usize) -> Scratch {
        Scratch { registers: Vec::new(), stack: Vec::new(), limit, groups: 0 }
    }

    /// The memory that it holds, in bytes.
    pub fn bytes(&self) -> usize {
        self.registers.capacity() * size_of::<u32>() + self.stack.capacity() * size_of::<Entry>()
    }

    /// Gives back the stack's memory if it is more than `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.stack.shrink_to(bytes / size_of::<Entry>());
    }

    /// Start and end of each group in code units after a match, group 0 first: `[2 * g]` and `[2 * g + 1]`. Both are
    /// `u32::MAX` for a group that took no part.
    pub fn captures(&self) -> &[u32] {
        &self.registers[..2 * self.groups]
    }

    /// Start and end of group `group` after a match; `None` if it took no part or there is no such group.
    pub fn group(&self, group: usize) -> Option<(usize, usize)> {
        match self.captures().get(2 * group..2 * group + 2)? {
            &[start, end] if start != UNSET && end != UNSET => Some((start as usize, end as usize)),
            _ => None,
        }
    }

    /// Makes room for a program's registers, all unset.
    pub(super) fn prepare(&mut self, groups: u32, registers: u32) {
        self.groups = groups as usize;
        self.stack.clear();
        self.registers.clear();
        self.registers.resize(registers as usize, UNSET);
    }

    /// Doubles the stack, up to the limit.
    #[cold]
    #[inline(never)]
    pub(super) fn grow(&mut self) -> Result<(), ExecError> {
        let used = self.stack.capacity();
        let allowed = self.limit / size_of::<Entry>();
        let wanted = (used * 2).max(64).min(allowed);
        if wanted <= used {
            return Err(ExecError::StackLimit);
        }
        self.stack.try_reserve_exact(wanted - self.stack.len()).map_err(|_| ExecError::StackLimit)
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}
