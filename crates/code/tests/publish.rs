//! Publishing, finding and freeing code.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::cell::Cell;

use tercel_asm::x64::{Assembler, Mem, Reg, Size};
use tercel_asm::{AsmError, RelocKind, RelocTarget, Relocation};
use tercel_code::{Batch, CodeConfig, CodeError, CodeImage, CodeKind, CodeRef, CodeSpace, DATA, DataBlock};

const SMALL: CodeConfig = CodeConfig { code_reserve: 1 << 20, data_reserve: 1 << 20, budget: 1 << 20 };

fn image(emit: impl FnOnce(&mut Assembler)) -> CodeImage {
    let mut asm = Assembler::new();
    emit(&mut asm);
    CodeImage::new("test", CodeKind::Other, asm.assemble().unwrap())
}

fn returning(value: i64) -> CodeImage {
    image(|asm| {
        asm.mov_imm64(Reg::RAX, value);
        asm.ret();
    })
}

fn call(space: &CodeSpace, code: CodeRef) -> i64 {
    let entry = space.get(code).expect("published").entry();
    // SAFETY: all code of these tests is a C function without arguments that returns an integer.
    let function: extern "C" fn() -> i64 = unsafe { std::mem::transmute(entry) };
    function()
}

#[test]
fn published_code_runs_and_is_found() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    let a = space.publish_image(returning(1)).unwrap();
    let b = space.publish(&[0xB8, 2, 0, 0, 0, 0xC3], &[]).unwrap();
    assert_eq!((call(&space, a), call(&space, b)), (1, 2));
    let entry = space.get(b).unwrap().entry() as usize;
    assert_eq!(space.find(entry + 5), Some((b, 5)));
    assert_eq!((space.find(entry + 6), space.find_return(entry + 6)), (None, Some((b, 6))));
    assert_eq!(space.find(entry - 1000 * 1000 * 1000), None);
    assert_eq!((space.find(usize::MAX), space.find(0)), (None, None));
    assert_eq!(space.bytes(b).unwrap(), [0xB8, 2, 0, 0, 0, 0xC3]);
    assert_eq!(space.objects().count(), 2);
}

#[test]
fn a_batch_is_one_publication() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    let mut batch = Batch::new();
    for value in 0..50 {
        batch.push(returning(value));
    }
    let codes = space.publish_batch(&mut batch).unwrap();
    for (value, &code) in codes.iter().enumerate() {
        assert_eq!(call(&space, code), value as i64);
    }
    assert_eq!((space.stats().batches, space.stats().published), (1, 50));
    // All or nothing.
    let before = space.stats();
    let mut batch = Batch::new();
    batch.push(returning(1));
    let unknown = RelocTarget::Symbol(77);
    batch.push(image(|asm| asm.call_near(unknown)));
    let error = CodeError::Link(AsmError::UnknownSymbol { symbol: 77 });
    assert_eq!(space.publish_batch(&mut batch), Err(error));
    let after = space.stats();
    assert_eq!((after.code_bytes, after.objects, after.refused), (before.code_bytes, before.objects, 1));
}

#[test]
fn a_batch_that_was_refused_can_be_published_when_there_is_room() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    let mut batch = Batch::new();
    (0..3).for_each(|value| batch.push(returning(value)));
    space.refuse_all(true);
    assert!(matches!(space.publish_batch(&mut batch), Err(CodeError::Exhausted { .. })));
    assert_eq!((batch.len(), space.stats().objects), (3, 0));
    space.refuse_all(false);
    let codes = space.publish_batch(&mut batch).unwrap();
    assert_eq!(codes.iter().map(|&code| call(&space, code)).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(batch.is_empty() && batch.code_bytes() == 0);
}

#[test]
fn pieces_of_a_batch_name_each_other() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    // The second piece jumps to the first, and the first to the third.
    let jump = |symbol| image(|asm| asm.jmp_near(RelocTarget::Symbol(symbol)));
    let mut batch = Batch::new();
    for (piece, symbol) in [(jump(12), 10), (jump(10), 11), (returning(7), 12)] {
        batch.push(piece);
        batch.define_last(symbol);
    }
    let codes = space.publish_batch(&mut batch).unwrap();
    assert_eq!((call(&space, codes[1]), space.stats().batches, space.stats().objects), (7, 1, 3));
    // What comes after knows them too.
    let code = space.publish_image(jump(11)).unwrap();
    assert_eq!(call(&space, code), 7);
    // A definition in a batch goes before an older one, which stays where the batch is refused.
    let mut batch = Batch::new();
    batch.push(returning(9));
    batch.define_last(12);
    batch.push(jump(99));
    assert!(space.publish_batch(&mut batch).is_err());
    let code = space.publish_image(jump(12)).unwrap();
    assert_eq!(call(&space, code), 7);
    let mut batch = Batch::new();
    batch.push(jump(12));
    batch.push(returning(8));
    batch.define_last(12);
    let codes = space.publish_batch(&mut batch).unwrap();
    assert_eq!(call(&space, codes[0]), 8);
}

#[test]
fn code_has_its_data_beside_it() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    let mut count = image(|asm| {
        asm.add(Size::S64, Mem::symbol(DATA, 8), 1);
        asm.mov(Size::S64, Reg::RAX, Mem::symbol(DATA, 8));
        asm.ret();
    });
    count.data = DataBlock { words: vec![11, 40, 13], traced: 1 };
    let [a, b] = [0; 2].map(|_| space.publish_image(count.clone()).unwrap());
    assert_eq!((call(&space, a), call(&space, a), call(&space, b)), (41, 42, 41));
    let object = space.get(a).unwrap();
    let (words, len) = object.data();
    // SAFETY: the block lives as long as the code, and nothing runs now.
    let words = unsafe { std::slice::from_raw_parts(words, len) };
    assert_eq!((words, object.traced_words()), (&[11, 42, 13][..], 1));
    assert!(space.data_range().contains(&(words.as_ptr() as usize)));
}

extern "C" fn thirty() -> i64 {
    30
}

#[test]
fn near_calls_reach_every_symbol() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    space.define_symbol(1, thirty as *const () as u64);
    let caller = image(|asm| {
        asm.push(Reg::RBP);
        asm.call_near(RelocTarget::Symbol(1));
        asm.add(Size::S64, Reg::RAX, 3);
        asm.pop(Reg::RBP);
        asm.ret();
    });
    let a = space.publish_image(caller.clone()).unwrap();
    let b = space.publish_image(caller).unwrap();
    assert_eq!((call(&space, a), call(&space, b)), (33, 33));
    // At most one jump for both, whether the symbol is within reach or not.
    assert!(space.stats().objects <= 3);
    // Code published earlier is called directly.
    space.define_symbol(2, space.get(a).unwrap().entry() as u64);
    let jump = image(|asm| asm.jmp_near(RelocTarget::Symbol(2)));
    let c = space.publish_image(jump).unwrap();
    assert_eq!((call(&space, c), space.get(c).unwrap().len()), (33, 5));
    // Data out of reach cannot be reached by a jump.
    space.define_symbol(3, 0x10);
    let load = image(|asm| asm.mov(Size::S64, Reg::RAX, Mem::symbol(3, 0)));
    assert!(matches!(space.publish_image(load), Err(CodeError::Link(AsmError::RelocationRange { .. }))));
}

#[test]
fn veneers_serve_symbols_out_of_reach() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    // A function as far away as can be: in a mapping low in the address space.
    let mut far = Assembler::new();
    far.mov_imm64(Reg::RAX, 99);
    far.ret();
    let far = far.assemble().unwrap().code;
    // SAFETY: a fresh mapping at a hint; the system chooses another place if that one is taken.
    let page = unsafe {
        libc::mmap(
            0x1000_0000 as *mut libc::c_void,
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(page, libc::MAP_FAILED);
    if page as u64 > 1 << 32 {
        return;
    }
    // SAFETY: the page was mapped just now and holds at least the function.
    unsafe {
        std::ptr::copy_nonoverlapping(far.as_ptr(), page.cast(), far.len());
        assert_eq!(libc::mprotect(page, 4096, libc::PROT_READ | libc::PROT_EXEC), 0);
    }
    space.define_symbol(9, page as u64);
    let jump = image(|asm| asm.jmp_near(RelocTarget::Symbol(9)));
    let codes = [0; 3].map(|_| space.publish_image(jump.clone()).unwrap());
    assert!(codes.iter().all(|&code| call(&space, code) == 99));
    assert_eq!(space.stats().objects, 4, "three jumps and one veneer");
    assert_eq!(space.stats().reuses, 0, "nothing was freed, so nothing is reused");
}

thread_local! {
    static RETURN: Cell<usize> = const { Cell::new(0) };
}

extern "C" fn note_return(address: usize) {
    RETURN.set(address);
}

#[test]
fn tables_are_found_by_return_address() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    space.define_symbol(1, note_return as *const () as u64);
    let mut asm = Assembler::new();
    asm.push(Reg::RBP);
    let after = asm.new_label();
    asm.lea(Size::S64, Reg::RDI, Mem::label(after));
    asm.call_near(RelocTarget::Symbol(1));
    asm.bind(after);
    asm.pop(Reg::RBP);
    asm.ret();
    let handler = asm.here();
    asm.ud2();
    let assembly = asm.assemble().unwrap();
    let (after, handler) = (assembly.offset(after).unwrap(), assembly.offset(handler).unwrap());
    let mut image = CodeImage::new("caller", CodeKind::Baseline, assembly);
    image.tables.stack_maps.push(after, [1, 4], &[]);
    image.tables.handlers.push(after, handler);
    image.tables.deopts.push(after, 0);
    image.tables.deopt_bytes = vec![1, 2, 3];
    image.tables.positions.push(0, 100);
    image.tables.positions.push(after, 101);
    let code = space.publish_image(image).unwrap();
    call(&space, code);

    let (found, offset) = space.find_return(RETURN.get()).unwrap();
    let object = space.get(found).unwrap();
    let tables = object.tables();
    assert_eq!((found, offset, object.name()), (code, after, "caller"));
    assert_eq!(tables.stack_maps.find(offset).unwrap().tagged().collect::<Vec<_>>(), [1, 4]);
    assert_eq!((tables.handlers.find(offset), tables.deopts.find(offset)), (Some(&handler), Some(&0)));
    // The call belongs to the position before its return address.
    assert_eq!(tables.positions.find_at_or_before(offset - 1), Some((0, &100)));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    let mut refused = |image: CodeImage| matches!(space.publish_image(image), Err(CodeError::Invalid { .. }));
    assert!(refused(CodeImage { code: Vec::new(), code_len: 0, ..returning(1) }));
    assert!(refused(CodeImage { align: 3, ..returning(1) }));
    assert!(refused(CodeImage { code_len: 100, ..returning(1) }));
    assert!(refused(CodeImage { data: DataBlock { words: vec![1], traced: 2 }, ..returning(1) }));
    let mut image = returning(1);
    image.tables.stack_maps.push(1000, [], &[]);
    assert!(refused(image));
    let outside = Relocation { offset: 3, kind: RelocKind::Abs64, target: RelocTarget::Address(0), addend: 0 };
    assert!(matches!(space.publish(&[0xC3; 8], &[outside]), Err(CodeError::Link(_))));
    assert_eq!(space.stats().code_bytes, 0);
}

#[test]
fn an_exhausted_budget_leaves_everything_usable() {
    let budget = 64 << 10;
    let mut space = CodeSpace::new(CodeConfig { budget, ..SMALL }).unwrap();
    let mut codes = Vec::new();
    let error = loop {
        match space.publish_image(returning(codes.len() as i64)) {
            Ok(code) => codes.push(code),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CodeError::Exhausted { requested: 16, available: 0 }), "{error}");
    assert_eq!(codes.len(), budget / 16);
    for (value, &code) in codes.iter().enumerate() {
        assert_eq!(call(&space, code), value as i64);
    }
    assert!(space.publish(&vec![0xCC; 2 * budget], &[]).is_err());
    // What is freed can be used again.
    for &code in &codes[..100] {
        assert!(space.retire(code));
    }
    assert_eq!(space.reclaim(|_, _| false).bytes, 1600);
    let again = space.publish_image(returning(-5)).unwrap();
    assert_eq!((call(&space, again), call(&space, codes[100])), (-5, 100));
    // The same for addresses instead of budget, and on request.
    let mut space = CodeSpace::new(CodeConfig { code_reserve: 1 << 16, ..SMALL }).unwrap();
    let first = space.publish_image(returning(8)).unwrap();
    assert!(matches!(space.publish(&[0xCC; 1 << 16], &[]), Err(CodeError::Exhausted { .. })));
    space.refuse_all(true);
    assert!(matches!(space.publish_image(returning(8)), Err(CodeError::Exhausted { .. })));
    space.refuse_all(false);
    let second = space.publish_image(returning(9)).unwrap();
    assert_eq!((call(&space, first), call(&space, second), space.stats().refused), (8, 9, 2));
}

#[test]
fn code_on_a_stack_is_kept() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    let [a, b] = [1, 2].map(|value| space.publish_image(returning(value)).unwrap());
    assert!(space.retire(a) && space.retire(b) && !space.retire(a));
    let entry = space.get(a).unwrap().entry() as usize;
    let done = space.reclaim(|code, object| {
        assert!(object.is_retired());
        code == a
    });
    assert_eq!((done.freed, done.kept), (1, 1));
    // The one that runs is still found, for whoever walks its frame.
    assert_eq!((call(&space, a), space.find(entry)), (1, Some((a, 0))));
    assert!(space.get(b).is_none() && !space.retire(b));
    assert_eq!(space.reclaim(|_, _| false).freed, 1);
    assert_eq!((space.find(entry), space.stats().objects), (None, 0));
    // A new tenant does not answer to an old handle.
    let c = space.publish_image(returning(3)).unwrap();
    assert_eq!(space.get(c).unwrap().entry() as usize, entry);
    assert!(space.get(a).is_none() && call(&space, c) == 3);
    assert_eq!(space.stats().reuses, 1);
}

/// Random publications, in batches and alone, with random frees: each code returns its own number at every step.
#[test]
fn random_use_keeps_every_code_intact() {
    let mut seed = 11u64;
    let mut random = move |bound: u64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) % bound
    };
    let mut space = CodeSpace::new(CodeConfig { budget: 200 << 10, ..SMALL }).unwrap();
    let mut live: Vec<(CodeRef, i64)> = Vec::new();
    let (mut next, mut refused) = (0, 0);
    for step in 0..3000 {
        if random(100) < 56 {
            let mut batch = Batch::new();
            let first = next;
            for _ in 0..1 + random(4) {
                let size = random(3000) as usize;
                let mut image = image(|asm| {
                    asm.mov(Size::S64, Reg::RAX, Mem::symbol(DATA, 0));
                    asm.nops(size);
                    asm.ret();
                    asm.align(1 << random(7));
                });
                image.data.words = vec![next as u64; 1 + random(5) as usize];
                batch.push(image);
                next += 1;
            }
            match space.publish_batch(&mut batch) {
                Ok(codes) => live.extend(codes.into_iter().zip(first..)),
                Err(error) => {
                    assert!(matches!(error, CodeError::Exhausted { .. }), "{error}");
                    refused += 1;
                }
            }
        } else if !live.is_empty() {
            let (code, _) = live.swap_remove(random(live.len() as u64) as usize);
            assert!(space.retire(code));
            if random(4) == 0 {
                space.reclaim(|_, _| random(3) == 0);
            }
        }
        if step % 8 == 0 {
            for &(code, value) in &live {
                assert_eq!(call(&space, code), value);
            }
        }
    }
    assert!(refused > 10 && space.stats().reuses > 100, "{refused} refused, {:?}", space.stats());
    for (code, _) in live {
        space.retire(code);
    }
    space.reclaim(|_, _| false);
    let stats = space.stats();
    assert_eq!((stats.code_bytes, stats.data_bytes, stats.objects), (0, 0, 0));
}

#[test]
fn a_space_moves_between_threads() {
    let mut space = CodeSpace::new(SMALL).unwrap();
    for round in 0..200 {
        let code = space.publish_image(returning(round)).unwrap();
        space = std::thread::scope(|scope| {
            let run = move || {
                assert_eq!(call(&space, code), round);
                space
            };
            scope.spawn(run).join().unwrap()
        });
        space.retire(code);
        assert_eq!(space.reclaim(|_, _| false).freed, 1);
    }
    assert_eq!(space.stats().reuses, 199);
}
