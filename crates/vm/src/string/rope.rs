//! Concatenation and flattening.
//!
//! `a + b` makes a rope, one cell of 32 bytes; the first read of its characters writes the whole tree into one
//! buffer, with an explicit stack: a rope may be a million nodes deep on either side.
//!
//! Appending short pieces would make a tree as deep as the pieces are many, and the collector would copy every node of
//! it. So a short text appended to a rope that ends in a short leaf joins that leaf: `(head + tail) + b` becomes
//! `head + (tail + b)` while the new leaf is within [`MAX_JOINED`] (Boehm, Atkinson and Plass, "Ropes: an Alternative
//! to Strings", 1995, does the same).
//!
//! A program that appends and reads in turns would copy the whole text at each read. So a rope whose leftmost leaf
//! is itself a flattened rope gets a *buffer* with room to spare, and the next one whose leftmost leaf ends where the
//! buffer's used part ends is appended there in place: earlier strings are slices of the same buffer, and what they
//! show does not change. Growing by half each time makes appending amortised linear whatever is read in between
//! (SpiderMonkey's extensible strings have the same purpose).

use super::chars::Chars;
use super::create::{init_slice, init_string};
use super::{BUFFER, JsString, MAX_LENGTH, MIN_ROPE, Rope, TWO_BYTE, flat_size};
use crate::cell::{Gc, Kind};
use crate::context::Context;
use crate::error::JsResult;
use crate::number::format::Buffer;
use std::cell::Cell;

/// Longest leaf that two short ones at the end of a rope are joined to. Each piece is copied about
/// `MAX_JOINED / 2 / length` times on the way, which a memory copy of that size makes cheaper than a node that lives.
const MAX_JOINED: usize = 64;
/// Shortest rope that gets a buffer with room to spare.
const MIN_BUFFER: usize = 512;

impl Context {
    /// `a + b`: a rope when long, flat when short; RangeError over [`MAX_LENGTH`].
    #[inline]
    pub fn concat(&self, a: Gc<JsString>, b: Gc<JsString>) -> JsResult<Gc<JsString>> {
        if a.is_empty() {
            return Ok(b);
        }
        if b.is_empty() {
            return Ok(a);
        }
        let length = a.len() + b.len();
        if length > MAX_LENGTH {
            return Err(self.throw_string_length());
        }
        let flags = (a.header.flags.get() | b.header.flags.get()) & TWO_BYTE;
        if length < MIN_ROPE {
            return Ok(self.join(a, b, flags));
        }
        let (a, b) = self.joined_leaves(a, b);
        let string: Gc<JsString> = self.alloc_text_cell(Kind::StringRope, size_of::<Rope>(), flags);
        init_string(string, length);
        let rope = string.as_ptr().cast::<Rope>();
        // SAFETY: the fresh cell has the size of a Rope; raw writes, because its fields are not initialised yet.
        unsafe {
            (&raw mut (*rope).left).write(Cell::new(a));
            (&raw mut (*rope).right).write(Cell::new(b));
        }
        Ok(string)
    }

    /// The flat string `a + b` of two short strings that are no ropes.
    #[inline]
    fn join(&self, a: Gc<JsString>, b: Gc<JsString>, flags: u8) -> Gc<JsString> {
        let length = a.len() + b.len();
        let string: Gc<JsString> = self.alloc_text_cell(Kind::StringFlat, flat_size(length, flags != 0), flags);
        init_string(string, length);
        // SAFETY: the fresh payload has room for both, and neither is a rope.
        unsafe {
            if flags != 0 {
                write_leaf(a, string.payload().cast::<u16>());
                write_leaf(b, string.payload().cast::<u16>().add(a.len()));
            } else {
                write_leaf(a, string.payload());
                write_leaf(b, string.payload().add(a.len()));
            }
        }
        string
    }

    /// The flat string of a short Latin-1 text and an integer behind it, or in front of it (`before`), without a string of the integer alone.
    /// `None`: the text is another, or empty.
    pub(crate) fn concat_integer(&self, s: Gc<JsString>, n: i32, before: bool) -> Option<Gc<JsString>> {
        if !s.is_flat() || s.is_two_byte() || s.is_empty() || s.len() >= MIN_ROPE {
            return None;
        }
        let mut buffer = Buffer::new();
        let digits = buffer.digits_of(i64::from(n));
        let length = s.len() + digits.len();
        if length >= MIN_ROPE {
            return None;
        }
        let string: Gc<JsString> = self.alloc_text_cell(Kind::StringFlat, flat_size(length, false), 0);
        init_string(string, length);
        let (text_at, digits_at) = if before { (digits.len(), 0) } else { (0, s.len()) };
        // SAFETY: the fresh payload has room for both, and the text is flat and Latin-1.
        unsafe {
            write_leaf(s, string.payload().add(text_at));
            std::ptr::copy_nonoverlapping(digits.as_ptr(), string.payload().add(digits_at), digits.len());
        }
        Some(string)
    }

    /// `a` and `b`, or two other strings with the same text one after the other: where one is a rope that ends beside
    /// the other in a short flat leaf, and the other is short and flat, the leaf goes over to it.
    #[inline]
    fn joined_leaves(&self, a: Gc<JsString>, b: Gc<JsString>) -> (Gc<JsString>, Gc<JsString>) {
        let joins = |x: Gc<JsString>, y: Gc<JsString>| x.len() + y.len() <= MAX_JOINED && x.is_flat() && y.is_flat();
        let join = |x: Gc<JsString>, y: Gc<JsString>| {
            self.join(x, y, (x.header.flags.get() | y.header.flags.get()) & TWO_BYTE)
        };
        if let Some(rope) = a.as_rope() {
            let tail = rope.right.get();
            if joins(tail, b) {
                return (rope.left.get(), join(tail, b));
            }
        } else if let Some(rope) = b.as_rope() {
            let head = rope.left.get();
            if joins(a, head) {
                return (join(a, head), rope.right.get());
            }
        }
        (a, b)
    }

    /// Turns a rope into a slice of a flat string with the same text.
    #[cold]
    pub(super) fn flatten(&self, string: Gc<JsString>) -> JsResult<()> {
        let Some(rope) = string.as_rope() else { return Ok(()) };
        let length = string.len();
        let leaf = leftmost_leaf(rope);
        let base = match extensible_buffer(leaf, length, string.is_two_byte()) {
            Some(buffer) => buffer,
            None => self.new_base(leaf, string)?,
        };
        let written = if string.is_two_byte() {
            // SAFETY: the base is two-byte and has room for `length` units; where it is an extended buffer, the leaf that lies in
            // it already is in its place, and nothing reads the part behind it.
            unsafe { write_tree(string, base.payload().cast::<u16>()) }
        } else {
            // SAFETY: as above; a rope without TWO_BYTE has no two-byte leaf.
            unsafe { write_tree(string, base.payload()) }
        };
        if written.is_err() {
            return Err(self.throw_out_of_memory(format_args!("Out of memory: a string of {length} characters")));
        }
        if base.has_flag(BUFFER) {
            base.hash.set(length as u32);
        }
        // SAFETY: a rope is as large as a slice, and the barrier follows.
        unsafe { init_slice(string, base, 0) };
        string.header.kind.set(Kind::StringSlice as u8);
        self.text_write_barrier(string, base);
        Ok(())
    }

    /// A flat string or buffer to write the rope to.
    fn new_base(&self, leaf: Gc<JsString>, string: Gc<JsString>) -> JsResult<Gc<JsString>> {
        let length = string.len();
        let two_byte = string.is_two_byte();
        let grows = leaf.as_slice().is_some_and(|slice| slice.offset.get() == 0)
            && leaf.len() >= length / 2
            && (MIN_BUFFER..MAX_LENGTH).contains(&length);
        if grows {
            let capacity = (length + length / 2).min(MAX_LENGTH);
            // SAFETY: the used part is written before anything refers to it; a buffer's rest is never read.
            match unsafe { self.new_flat(capacity, two_byte) } {
                Ok(buffer) => {
                    buffer.header.flags.set(buffer.header.flags.get() | BUFFER);
                    return Ok(buffer);
                }
                // No room for the spare part: what is needed may still fit.
                Err(_) if !self.is_terminating() => drop(self.take_exception()),
                Err(thrown) => return Err(thrown),
            }
        }
        // SAFETY: written by the caller before anything refers to it.
        unsafe { self.new_flat(length, two_byte) }
    }
}

fn leftmost_leaf(rope: Gc<Rope>) -> Gc<JsString> {
    let mut node = rope.left.get();
    while let Some(rope) = node.as_rope() {
        node = rope.left.get();
    }
    node
}

/// The buffer behind `leaf`, if a text of `length` that begins with the leaf can grow in it.
fn extensible_buffer(leaf: Gc<JsString>, length: usize, two_byte: bool) -> Option<Gc<JsString>> {
    let slice = leaf.as_slice()?;
    let base = slice.base.get();
    let fits = base.has_flag(BUFFER)
        && slice.offset.get() == 0
        && base.hash.get() as usize == leaf.len()
        && base.len() >= length
        && base.is_two_byte() == two_byte;
    fits.then_some(base)
}

/// A character as it is stored.
trait Unit: Copy {
    /// # Safety
    /// `out` has room for the characters, which fit this encoding.
    unsafe fn write(chars: Chars<'_>, out: *mut Self);
}

impl Unit for u8 {
    #[inline(always)]
    unsafe fn write(chars: Chars<'_>, out: *mut u8) {
        debug_assert!(matches!(chars, Chars::Latin1(_)));
        if let Chars::Latin1(s) = chars {
            // SAFETY: the caller vouches for the room. The ranges are equal (a leaf that lies in its place) or disjoint.
            unsafe { std::ptr::copy(s.as_ptr(), out, s.len()) };
        }
    }
}

impl Unit for u16 {
    #[inline(always)]
    unsafe fn write(chars: Chars<'_>, out: *mut u16) {
        match chars {
            // SAFETY: as above.
            Chars::Utf16(s) => unsafe { std::ptr::copy(s.as_ptr(), out, s.len()) },
            Chars::Latin1(s) => {
                for (i, &byte) in s.iter().enumerate() {
                    // SAFETY: the caller vouches for the room.
                    unsafe { out.add(i).write(byte as u16) };
                }
            }
        }
    }
}

/// # Safety
/// `leaf` is no rope, its characters fit the encoding, and `out` has room for them.
#[inline(always)]
unsafe fn write_leaf<U: Unit>(leaf: Gc<JsString>, out: *mut U) {
    let chars = leaf.flat_chars();
    let from = either_address(chars);
    if from != out as usize {
        // SAFETY: the caller's promise.
        unsafe { U::write(chars, out) };
    }
}

fn either_address(chars: Chars<'_>) -> usize {
    super::chars::either!(chars, s => s.as_ptr() as usize)
}

/// What is still to be written.
enum Pending {
    /// A rope, from this position on. (A raw address: no collection happens while it is here.)
    Node(*mut JsString, usize),
    /// The `length` units at `from` once more, right behind themselves: both sides of a rope were the same string.
    Repeat { from: usize, length: usize },
}

/// Writes the text of the tree to `out`. `Err` if there is no memory for the stack of pending nodes.
/// # Safety
/// `out` has room for the tree's length, and every leaf fits the encoding.
unsafe fn write_tree<U: Unit>(root: Gc<JsString>, out: *mut U) -> Result<(), std::collections::TryReserveError> {
    let mut pending: Vec<Pending> = Vec::new();
    let mut node = root;
    let mut at = 0;
    loop {
        // SAFETY (for all writes below): positions are sums of lengths of what lies to the left inside the tree, so each
        // leaf's range lies within the tree's length.
        while let Some(rope) = node.as_rope() {
            let (left, right) = (rope.left.get(), rope.right.get());
            let middle = at + left.len();
            if !right.is_rope() {
                // SAFETY: see above.
                unsafe { write_leaf(right, out.add(middle)) };
                node = left;
            } else if left == right {
                pending.try_reserve(1)?;
                pending.push(Pending::Repeat { from: at, length: left.len() });
                node = left;
            } else if !left.is_rope() {
                // SAFETY: see above.
                unsafe { write_leaf(left, out.add(at)) };
                (node, at) = (right, middle);
            } else {
                pending.try_reserve(1)?;
                pending.push(Pending::Node(right.as_ptr(), middle));
                node = left;
            }
        }
        // SAFETY: see above.
        unsafe { write_leaf(node, out.add(at)) };
        loop {
            match pending.pop() {
                None => return Ok(()),
                Some(Pending::Node(next, position)) => {
                    // SAFETY: the address was taken from a live string a moment ago, and nothing was collected since.
                    node = unsafe { Gc::from_addr(next as usize) };
                    at = position;
                    break;
                }
                // SAFETY: the first copy was written completely before this entry came up, and the second lies behind it.
                Some(Pending::Repeat { from, length }) => unsafe {
                    std::ptr::copy_nonoverlapping(out.add(from), out.add(from + length), length);
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::context;

    fn text(cx: &Context, s: Gc<JsString>) -> String {
        s.to_rust(cx)
    }

    #[test]
    fn million_node_ropes_flatten_without_recursion_on_either_side() {
        let cx = context();
        // Too long to be joined: each makes a node.
        let piece = cx.string_from_utf8(&"ab".repeat(MAX_JOINED / 4 + 1));
        let (mut left, mut right) = (cx.empty_string(), cx.empty_string());
        for _ in 0..1_000_000 {
            left = cx.concat(left, piece).unwrap();
            right = cx.concat(piece, right).unwrap();
        }
        assert!(left.is_rope() && right.is_rope());
        assert_eq!(left.chars(&cx).unwrap().len(), 1_000_000 * piece.len());
        assert!(left.is_slice());
        assert!(left.equals(&cx, right).unwrap());
        assert_eq!(left.char_at(&cx, left.len() - 1).unwrap(), b'b' as u16);
    }

    #[test]
    fn short_pieces_share_leaves_on_either_side() {
        let cx = context();
        let (mut left, mut right) = (cx.empty_string(), cx.empty_string());
        let mut expected = (String::new(), String::new());
        for i in 0..1000 {
            let piece = if i % 100 == 99 { "→".to_string() } else { format!("{i},") };
            left = cx.concat(left, cx.string_from_utf8(&piece)).unwrap();
            right = cx.concat(cx.string_from_utf8(&piece), right).unwrap();
            expected = (format!("{}{piece}", expected.0), format!("{piece}{}", expected.1));
        }
        let leaves = |mut node: Gc<JsString>, next: fn(Gc<Rope>) -> Gc<JsString>| {
            let mut count = 1;
            while let Some(rope) = node.as_rope() {
                node = next(rope);
                count += 1;
            }
            count
        };
        let few = left.len() / (MAX_JOINED - 4) + 1;
        assert!(leaves(left, |rope| rope.left.get()) <= few);
        assert!(leaves(right, |rope| rope.right.get()) <= few);
        assert_eq!((text(&cx, left), text(&cx, right)), expected);
    }

    #[test]
    fn every_shape_of_tree_gives_the_text_in_order() {
        let cx = context();
        let mut random = 99u32;
        let mut next = move |n: usize| {
            random = random.wrapping_mul(1664525).wrapping_add(1013904223);
            (random >> 16) as usize % n
        };
        for round in 0..300 {
            let mut parts: Vec<(Gc<JsString>, String)> = (0..12)
                .map(|i| {
                    let wide = round % 3 == 0 && i == 5;
                    let s = format!("<{i}{}>", if wide { "→" } else { "é" }).repeat(1 + next(9));
                    (cx.string_from_utf8(&s), s)
                })
                .collect();
            while parts.len() > 1 {
                let i = next(parts.len() - 1);
                if next(4) == 0 {
                    // The same string on both sides, and some that were flattened in between.
                    let (s, t) = parts[i].clone();
                    parts[i] = (cx.concat(s, s).unwrap(), format!("{t}{t}"));
                } else if next(5) == 0 {
                    parts[i].0.chars(&cx).unwrap();
                }
                let (b, bt) = parts.remove(i + 1);
                let (a, at) = parts[i].clone();
                parts[i] = (cx.concat(a, b).unwrap(), at + &bt);
            }
            assert_eq!(text(&cx, parts[0].0), parts[0].1);
            assert_eq!(parts[0].0.len(), parts[0].1.encode_utf16().count());
        }
    }

    #[test]
    fn doubling_to_the_limit_is_quick_and_then_a_range_error() {
        let cx = context();
        let mut s = cx.string_from_utf8("0123456789abcdef0123456789abcdef");
        while s.len() * 2 <= 1 << 24 {
            s = cx.concat(s, s).unwrap();
        }
        assert_eq!(s.char_at(&cx, (1 << 24) - 1).unwrap(), b'f' as u16);
        while s.len() * 2 <= MAX_LENGTH {
            s = cx.concat(s, s).unwrap();
        }
        assert!(cx.concat(s, s).is_err());
        cx.take_exception();
        assert_eq!(cx.concat(s, cx.single_char(0x61)).unwrap().len(), (1 << 28) + 1);
    }

    #[test]
    fn appending_and_reading_in_turns_shares_one_buffer() {
        let cx = context();
        let mut s = cx.string_from_utf8(&"x".repeat(600));
        let (mut bases, mut last) = (0, None);
        let mut early = None;
        for i in 0..20_000u32 {
            s = cx.concat(s, cx.single_char(b'a' as u16 + (i % 26) as u16)).unwrap();
            assert_eq!(s.char_at(&cx, s.len() - 1).unwrap(), b'a' as u16 + (i % 26) as u16);
            let base = s.as_slice().unwrap().base.get();
            if last != Some(base) {
                bases += 1;
                last = Some(base);
            }
            if i == 10_000 {
                early = Some(s);
            }
        }
        assert!(bases < 20, "{bases} buffers");
        // A second continuation of an earlier string must not disturb the first.
        let early = early.unwrap();
        let fork = cx.concat(early, cx.string_from_utf8("!!")).unwrap();
        assert_eq!(fork.char_at(&cx, early.len()).unwrap(), b'!' as u16);
        assert_eq!(s.char_at(&cx, early.len()).unwrap(), b'a' as u16 + (10_001 % 26) as u16);
        assert_eq!(early.len(), 10_601);
    }

    #[test]
    fn short_concatenations_are_flat() {
        let cx = context();
        let s = cx.concat(cx.string_from_utf8("héllo "), cx.string_from_utf8("wörld→")).unwrap();
        assert!(s.is_flat() && s.is_two_byte());
        assert_eq!(text(&cx, s), "héllo wörld→");
    }
}
