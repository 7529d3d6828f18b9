//! A bounded buffer that instructions are written into.
//!
//! Invariants:
//!
//! * An instruction is written into a window of [`WINDOW`] bytes that lies wholly inside the buffer's own storage, and
//!   through a slice: no emission, whatever its operands, can write anywhere else.
//! * The storage never grows beyond the limit plus one window (of the larger kind, [`RUN_WINDOW`]). Emission past the limit sets a sticky flag and rewinds
//!   to the start, so the caller may keep emitting (harmlessly) until it asks for the result and gets the error.

use crate::x64::RUN_WINDOW;

/// The bytes that one instruction may touch: twice the architectural maximum (15), so that an 8-byte immediate can be
/// written at any position below 16 with one store.
pub const WINDOW: usize = 32;

/// The largest limit that can be configured: displacements between any two places must fit 31 bits.
pub const MAX_LIMIT: usize = 1 << 30;

/// A growable byte buffer with a hard limit.
#[derive(Debug)]
pub struct CodeBuffer {
    /// Zero-filled ahead of `len`; always at least `len + WINDOW` long while a window is open.
    bytes: Vec<u8>,
    len: usize,
    limit: usize,
    overflowed: bool,
}

impl CodeBuffer {
    /// An empty buffer that holds at most `limit` bytes (clamped to [`MAX_LIMIT`]).
    pub fn new(limit: usize) -> Self {
        CodeBuffer { bytes: Vec::new(), len: 0, limit: limit.min(MAX_LIMIT), overflowed: false }
    }

    /// Bytes written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The limit in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes of storage.
    pub fn storage(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether something was emitted past the limit. Sticky until [`CodeBuffer::clear`].
    #[inline]
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// What was written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// What was written, to be patched.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    /// Makes the end the target of a chain of 4-byte displacements, each of which holds the position of the one before it; `field` is the last.
    ///
    /// Positions descend and lie inside what was written: where an overflow has rewound the buffer under a chain, it ends early.
    #[inline]
    pub(crate) fn end_chain(&mut self, mut field: u32) {
        let end = self.len as u32;
        let bytes = &mut self.bytes[..self.len];
        while let Some(displacement) = bytes.get_mut(field as usize..(field as usize).saturating_add(4)) {
            let before = u32::from_le_bytes([displacement[0], displacement[1], displacement[2], displacement[3]]);
            displacement.copy_from_slice(&(end - field - 4).to_le_bytes());
            if before >= field {
                return;
            }
            field = before;
        }
    }

    /// Forgets contents and overflow, keeps the storage.
    pub fn clear(&mut self) {
        self.len = 0;
        self.overflowed = false;
    }

    /// Opens a window at the end; [`CodeBuffer::advance`] closes it.
    #[inline]
    pub fn window(&mut self) -> &mut [u8; WINDOW] {
        if self.bytes.len() - self.len < WINDOW {
            self.grow(WINDOW);
        }
        self.bytes[self.len..].first_chunk_mut().expect("grow leaves room for a window")
    }

    /// Opens a window for several instructions.
    #[inline]
    pub(crate) fn run_window(&mut self) -> &mut [u8; RUN_WINDOW] {
        if self.bytes.len() - self.len < RUN_WINDOW {
            self.grow(RUN_WINDOW);
        }
        self.bytes[self.len..].first_chunk_mut().expect("grow leaves room for a window")
    }

    /// Keeps the first `count` bytes of the window.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        debug_assert!(count <= RUN_WINDOW && self.len + count <= self.bytes.len());
        self.len += count;
        if self.len > self.limit {
            self.overflow();
        }
    }

    /// Makes room for a window, so that what comes next calls nothing.
    #[inline]
    pub(crate) fn reserve(&mut self) {
        if self.bytes.len() - self.len < WINDOW {
            self.grow(WINDOW);
        }
    }

    /// Appends the first `count` of eight bytes, for which there is room ([`CodeBuffer::reserve`]).
    #[inline]
    pub(crate) fn put(&mut self, bytes: u64, count: usize) {
        debug_assert!(count <= 8);
        self.bytes[self.len..self.len + 8].copy_from_slice(&bytes.to_le_bytes());
        self.advance(count);
    }

    /// Appends data of any length.
    pub fn extend(&mut self, data: &[u8]) {
        if self.limit - self.len < data.len() {
            self.overflow();
            return;
        }
        if self.bytes.len() - self.len < data.len() {
            self.grow(data.len());
        }
        self.bytes[self.len..self.len + data.len()].copy_from_slice(data);
        self.len += data.len();
    }

    /// Marks the limit as exceeded and rewinds.
    #[cold]
    pub fn overflow(&mut self) {
        self.overflowed = true;
        self.len = 0;
    }

    /// Makes room for `room` more bytes, at most up to the limit and a window.
    #[cold]
    fn grow(&mut self, room: usize) {
        debug_assert!(self.len <= self.limit);
        let wanted = (self.len + room).max(self.bytes.len() * 2).max(1024);
        self.bytes.resize(wanted.min(self.limit + RUN_WINDOW), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_exact_and_sticky() {
        let mut buffer = CodeBuffer::new(40);
        for _ in 0..10 {
            buffer.window()[..4].copy_from_slice(&[1, 2, 3, 4]);
            buffer.advance(4);
        }
        assert_eq!((buffer.len(), buffer.overflowed()), (40, false));
        buffer.window()[0] = 9;
        buffer.advance(1);
        assert!(buffer.overflowed());
        for _ in 0..1000 {
            buffer.window()[31] = 1;
            buffer.advance(15);
            assert!(buffer.len() <= 40 && buffer.bytes.len() <= 40 + RUN_WINDOW);
        }
        assert!(buffer.overflowed());
        buffer.clear();
        assert!(!buffer.overflowed() && buffer.is_empty());
    }

    #[test]
    fn data_of_any_length_respects_the_limit() {
        let mut buffer = CodeBuffer::new(5000);
        buffer.extend(&[7; 4999]);
        assert_eq!((buffer.len(), buffer.overflowed()), (4999, false));
        buffer.extend(&[7; 2]);
        assert!(buffer.overflowed());
    }
}
