//! Compiled inline caches.
//!
//! A site in machine code first checks the site's decoded form in line. If that fails it calls the code of the site's first
//! stub; each stub whose guards fail goes on to the next by itself, and the last one comes back with nothing, which sends the site to the op's helper. A
//! site that is megamorphic, or whose key is no constant, calls a routine that looks into the megamorphic cache.
//!
//! * [`compile`]: from a stub's program to machine code;
//! * [`routines`]: the code that megamorphic sites and sites with names as keys share.
//!
//! # What compiled stubs promise
//!
//! | register | at the call | on return |
//! |---|---|---|
//! | rdi | the stub | anything |
//! | rax | operand 0: a cell | the result; empty: no stub hit |
//! | rcx, r8, r9 | operands 1 to 3, as many as the site has | anything |
//! | esi | the offset, in units, of the instruction behind the site's: where the frame of a getter or setter says that its caller goes on | anything |
//! | rdx, r10, r11, xmm0–xmm15 | | anything |
//!
//! A stub that calls a getter or setter collects, throws and runs script as any call does; all others touch nothing but the objects at hand.
//!
//! Code belongs to a *program*, not to a stub: what differs between stubs of one form is in their data words, which the code reads through rdi. So
//! code holds no cells and no shape ids, never goes stale, and there are as many pieces as there are forms (a few dozen).
//!
//! New programs are published in batches: publishing changes the protection of memory. Until its batch is out a stub is passed over, and the helper interprets
//! it. A batch is published when it is full or when a waiting stub has been interpreted with success.

pub mod compile;
pub mod routines;

use rustc_hash::FxHashMap;
use tercel_code::{Batch, CodeImage, CodeSpace};

/// Programs in a full batch.
const BATCH: usize = 16;

/// The compiled programs of a context.
#[derive(Default)]
pub struct StubCode {
    published: FxHashMap<Box<[u8]>, usize>,
    pending: Vec<(Box<[u8]>, CodeImage)>,
    /// Code was refused: nothing is tried again.
    refused: bool,
    /// Stubs count their hits.
    counts: bool,
    /// Batches published.
    pub batches: u64,
    /// Bytes of code.
    pub bytes: u64,
}

impl StubCode {
    pub fn new(counts: bool) -> StubCode {
        StubCode { counts, ..StubCode::default() }
    }

    /// Programs that have code.
    pub fn programs(&self) -> usize {
        self.published.len()
    }

    /// The address of a program's code, which is compiled if it is new. `wanted`: now, if there is a way.
    pub fn find(&mut self, space: &mut CodeSpace, program: &[u8], wanted: bool) -> Option<usize> {
        if let Some(&address) = self.published.get(program) {
            return Some(address);
        }
        if self.refused {
            return None;
        }
        if !self.pending.iter().any(|(p, _)| **p == *program) {
            let image = compile::compile(program, self.counts)?;
            self.pending.push((program.into(), image));
        }
        if !wanted && self.pending.len() < BATCH {
            return None;
        }
        self.publish(space);
        self.published.get(program).copied()
    }

    fn publish(&mut self, space: &mut CodeSpace) {
        let mut batch = Batch::new();
        let mut programs = Vec::new();
        for (program, image) in self.pending.drain(..) {
            self.bytes += image.code.len() as u64;
            programs.push(program);
            batch.push(image);
        }
        match space.publish_batch(&mut batch) {
            Ok(codes) => {
                self.batches += 1;
                for (program, code) in programs.into_iter().zip(codes) {
                    if let Some(object) = space.get(code) {
                        self.published.insert(program, object.entry() as usize);
                    }
                }
            }
            // No room: stubs stay interpreted.
            Err(_) => self.refused = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols;
    use tercel_code::CodeConfig;
    use tercel_vm::ic::IcWriter;

    fn own_slot(shape: u32, offset: u32) -> IcWriter {
        let mut w = IcWriter::new(1);
        let (shape, offset) = (w.shape(shape), w.word(offset));
        w.GuardObject(0).GuardShape(0, shape).LoadInlineSlot(0, offset);
        w
    }

    fn space() -> Option<CodeSpace> {
        let mut space = CodeSpace::new(CodeConfig::default()).ok()?;
        symbols::define_all(&mut space);
        Some(space)
    }

    #[test]
    fn stubs_with_equal_programs_share_code_whatever_their_data() {
        let Some(mut space) = space() else { return };
        let mut code = StubCode::default();
        let (a, b) = (own_slot(7, 24), own_slot(8, 32));
        assert_eq!(a.program(), b.program());
        assert_ne!(a.data(), b.data());
        let address = code.find(&mut space, a.program(), true);
        assert!(address.is_some());
        assert_eq!(code.find(&mut space, b.program(), false), address);
        assert_eq!((code.programs(), code.batches), (1, 1));
    }

    #[test]
    fn programs_wait_for_a_full_batch_or_for_the_first_that_is_wanted() {
        let Some(mut space) = space() else { return };
        let mut code = StubCode::default();
        // Programs that differ by an immediate.
        let program = |n: u8| {
            let mut w = IcWriter::new(1);
            w.GuardKind(0, n).LoadUndefined();
            w.program().to_vec()
        };
        for n in 0..BATCH as u8 - 1 {
            assert_eq!(code.find(&mut space, &program(n), false), None);
            // Asked for twice, it waits once.
            assert_eq!(code.find(&mut space, &program(n), false), None);
        }
        assert_eq!((code.programs(), code.batches), (0, 0));
        assert!(code.find(&mut space, &program(200), false).is_some());
        assert_eq!((code.programs(), code.batches), (BATCH, 1));
        assert_eq!(code.find(&mut space, &program(201), false), None);
        assert!(code.find(&mut space, &program(202), true).is_some());
        assert_eq!((code.programs(), code.batches), (BATCH + 2, 2));
        assert!(code.find(&mut space, &program(201), false).is_some());
    }

    #[test]
    fn programs_without_code_of_their_own_are_left_to_the_interpreter() {
        let mut w = IcWriter::new(2);
        let shape = w.shape(7);
        w.GuardObject(0).GuardShape(0, shape).LoadElement(0, 1);
        let image = compile::compile(w.program(), false).unwrap();
        // xor eax, eax; ret
        assert_eq!(image.code[..3], [0x31, 0xc0, 0xc3]);
    }
}
