//! Labels, relaxation, data, errors; and code that runs.

use tercel_asm::x64::{Assembler, Chain, Cond, Mask, Mem, Reg, Scale, Size, VecLen, X64, Xmm, instructions, opcode};
use tercel_asm::{AsmError, Label, RelocKind, RelocTarget, layout::Target};

fn bytes(emit: impl FnOnce(&mut Assembler)) -> Vec<u8> {
    let mut asm = Assembler::new();
    emit(&mut asm);
    asm.assemble().unwrap().code
}

fn error(emit: impl FnOnce(&mut Assembler)) -> AsmError {
    let mut asm = Assembler::new();
    emit(&mut asm);
    asm.assemble().unwrap_err()
}

#[test]
fn immediates_take_their_shortest_form() {
    assert_eq!(bytes(|a| a.mov_imm64(Reg::RAX, 0)), [0xB8, 0, 0, 0, 0]);
    assert_eq!(bytes(|a| a.mov_imm64(Reg::RAX, 0xFFFF_FFFF)), [0xB8, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(bytes(|a| a.mov_imm64(Reg::R9, -1)), [0x49, 0xC7, 0xC1, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(bytes(|a| a.mov_imm64(Reg::RCX, 1 << 32)), [0x48, 0xB9, 0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(bytes(|a| a.add(Size::S64, Reg::RCX, 127)), [0x48, 0x83, 0xC1, 0x7F]);
    assert_eq!(bytes(|a| a.add(Size::S64, Reg::RAX, 128)), [0x48, 0x05, 0x80, 0, 0, 0]);
    assert_eq!(bytes(|a| a.add(Size::S64, Reg::RCX, 128)), [0x48, 0x81, 0xC1, 0x80, 0, 0, 0]);
    assert_eq!(bytes(|a| a.cmp(Size::S8, Reg::RAX, 7)), [0x3C, 7]);
    assert_eq!(bytes(|a| a.zero(Reg::R8)), [0x45, 0x31, 0xC0]);
}

#[test]
fn vex_takes_two_bytes_where_it_can() {
    let (x0, x9) = (Xmm::XMM0, Xmm::XMM9);
    assert_eq!(bytes(|a| a.vaddsd(x0, x0, x0)), [0xC5, 0xFB, 0x58, 0xC0]);
    assert_eq!(bytes(|a| a.vaddsd(x0, x0, x9)), [0xC4, 0xC1, 0x7B, 0x58, 0xC1]);
    // The store form of the same move.
    assert_eq!(bytes(|a| a.vmovaps(VecLen::L256, x0, x9)), [0xC5, 0x7C, 0x29, 0xC8]);
    // A displacement counts in vectors with EVEX.
    let far = Mem::base(Reg::RAX, 64 * 127);
    assert_eq!(bytes(|a| a.vpaddd(VecLen::L512, x0, x0, far)), [0x62, 0xF1, 0x7D, 0x48, 0xFE, 0x40, 0x7F]);
    let masked = Xmm::XMM1.zeroing(Mask::K3);
    assert_eq!(
        bytes(|a| a.vpaddd(VecLen::L256, masked, x0, Mem::base(Reg::RAX, 4).broadcast())),
        [0x62, 0xF1, 0x7D, 0xBB, 0xFE, 0x48, 0x01]
    );
}

#[test]
fn branches_are_short_up_to_the_last_byte() {
    for (between, size) in [(0, 2), (127, 2), (128, 5)] {
        let code = bytes(|a| {
            a.jmp_to("end");
            a.bytes(&vec![0xCC; between]);
            a.label("end");
        });
        assert_eq!(code.len(), size + between);
        assert_eq!(code[0], if size == 2 { 0xEB } else { 0xE9 });
    }
    for (between, size) in [(126, 2), (127, 6)] {
        let code = bytes(|a| {
            a.label("loop");
            a.bytes(&vec![0xCC; between]);
            a.jl_label("loop");
        });
        assert_eq!(code.len(), size + between);
        let distance = if size == 2 { i32::from(code[between + 1] as i8) } else { read_i32(&code, between + 2) };
        assert_eq!(distance, -(code.len() as i32));
    }
}

fn read_i32(code: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(code[at..at + 4].try_into().unwrap())
}

/// Random programs of branches, padding and alignments: each branch lands on its label; without alignments, no branch
/// that is long could be short.
#[test]
fn relaxation_is_right_and_minimal() {
    let mut seed = 7u64;
    let mut random = move |bound: u64| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) % bound
    };
    for round in 0..300 {
        let aligned = round % 2 == 1;
        let mut asm = Assembler::new();
        let labels: Vec<Label> = (0..20).map(|_| asm.new_label()).collect();
        let mut branches = Vec::new();
        let mut unbound: Vec<Label> = labels.clone();
        for step in 0..120 {
            match random(5) {
                0 if unbound.len() as u64 * 6 > 120 - step => asm.bind(unbound.pop().unwrap()),
                1 | 2 => {
                    let target = labels[random(20) as usize];
                    let conditional = random(2) == 0;
                    let at = asm.here();
                    if conditional {
                        asm.jcc(Cond::LE, target)
                    } else {
                        asm.jmp_to(target)
                    }
                    branches.push((at, target, conditional));
                }
                3 if aligned => asm.align(1 << random(5)),
                _ => asm.bytes(&vec![0xCC; random(12) as usize]),
            }
        }
        for label in unbound {
            asm.bind(label);
        }
        let code = asm.assemble().unwrap();
        for (at, target, conditional) in branches {
            let at = code.offset(at).unwrap() as usize;
            let target = code.offset(target).unwrap() as i64;
            let (size, distance) = match (code.code[at], conditional) {
                (0xEB, false) | (0x7E, true) => (2, i64::from(code.code[at + 1] as i8)),
                (0xE9, false) => (5, i64::from(read_i32(&code.code, at + 1))),
                (0x0F, true) => (6, i64::from(read_i32(&code.code, at + 2))),
                (other, _) => panic!("not a branch: {other:02x}"),
            };
            assert_eq!(at as i64 + size + distance, target);
            if size > 2 && !aligned {
                // Shortening it would bring a forward target nearer by what it saves.
                let saved = if distance >= 0 { size - 2 } else { 0 };
                assert!(!X64::short_reaches(0, target - at as i64 - saved), "a long branch over {distance} bytes");
            }
        }
    }
}

#[test]
fn relaxation_takes_linear_time_for_chains_that_grow_one_by_one() {
    // Each branch jumps just as far as it can while the next one is short.
    let mut asm = Assembler::new();
    let labels: Vec<Label> = (0..20_000).map(|_| asm.new_label()).collect();
    for index in 0..20_000 {
        asm.jmp_to(labels[(index + 60).min(19_999)]);
        asm.bind(labels[index]);
    }
    let start = std::time::Instant::now();
    let code = asm.assemble().unwrap();
    assert!(code.code.len() <= 100_000);
    assert!(start.elapsed().as_secs() < 2);
}

#[test]
fn mistakes_with_labels_are_errors() {
    assert_eq!(error(|a| a.jmp_label("nowhere")), AsmError::UnboundLabel { name: "`nowhere`".into() });
    assert_eq!(
        error(|a| {
            a.label("twice");
            a.label("twice");
        }),
        AsmError::DuplicateLabel { name: "`twice`".into() }
    );
    assert_eq!(
        error(|a| {
            let label = a.new_label();
            a.lea(Size::S64, Reg::RAX, Mem::label(label));
        }),
        AsmError::UnboundLabel { name: "#0".into() }
    );
    // A label that nobody uses need not be bound; an assembler can be used again after an error.
    let mut asm = Assembler::new();
    asm.jmp_label("nowhere");
    assert!(asm.assemble().is_err());
    asm.new_label();
    asm.ret();
    assert_eq!(asm.assemble().unwrap().code, [0xC3]);
    // A label of another assembler is never bound here.
    let mut other = Assembler::new();
    let foreign = (0..9).map(|_| other.new_label()).last().unwrap();
    assert!(matches!(error(|a| a.jmp_to(foreign)), AsmError::UnboundLabel { .. }));
    assert!(matches!(error(|a| a.bind(foreign)), AsmError::DuplicateLabel { .. }));
}

#[test]
fn operands_without_an_encoding_are_errors() {
    let invalid = |emit: fn(&mut Assembler)| matches!(error(emit), AsmError::InvalidOperands { .. });
    let mem = Mem::base(Reg::RAX, 0);
    assert!(invalid(|a| a.lea(Size::S64, Reg::RAX, Mem::index(Reg::RAX, Reg::RSP, Scale::X2, 0))));
    assert!(invalid(|a| a.mov(Size::S64, Reg::RAX, Mem::index(Reg::RSP, Reg::RSP, Scale::X1, 0))));
    assert!(invalid(|a| a.add(Size::S8, Reg::RAX, 256)));
    assert!(invalid(|a| a.add(Size::S16, Reg::RAX, -40_000)));
    assert!(invalid(|a| a.popcnt(Size::S8, Reg::RAX, Reg::RAX)));
    assert!(invalid(|a| a.mov(Size::S64, Mem::base(Reg::RAX, 0), Mem::base(Reg::RAX, 0))));
    assert!(invalid(|a| a.addps(Xmm::XMM16, Xmm::XMM0)));
    assert!(invalid(|a| a.vhaddps(VecLen::L512, Xmm::XMM0, Xmm::XMM0, Xmm::XMM0)));
    assert!(invalid(|a| a.vpand(VecLen::L128, Xmm::XMM0, Xmm::XMM0, Xmm::XMM31)));
    assert!(invalid(|a| a.vperm2f128(VecLen::L128, Xmm::XMM0, Xmm::XMM0, Xmm::XMM1, 0)));
    assert!(invalid(|a| a.vpaddb(VecLen::L128, Xmm::XMM0, Xmm::XMM0, Mem::base(Reg::RAX, 0).broadcast())));
    assert!(invalid(|a| a.vmovups_store(VecLen::L128, Xmm::XMM0.zeroing(Mask::K1), Xmm::XMM0)));
    assert!(invalid(|a| a.vpaddd(VecLen::L128, Xmm::XMM0.zeroing(Mask::K0), Xmm::XMM0, Xmm::XMM0)));
    assert!(invalid(|a| a.cvtsi2sd(Size::S16, Xmm::XMM0, Reg::RAX)));
    assert!(invalid(|a| a.movzx(Size::S16, Size::S16, Reg::RAX, Reg::RAX)));
    assert!(invalid(|a| a.align(3)));
    assert!(invalid(|a| {
        a.constant(&[0; 65]);
    }));
    let gather = Mem::vector_index(Reg::RAX, Xmm::XMM1, Scale::X4, 0);
    assert!(invalid(|a| a.mov(Size::S64, Reg::RAX, Mem::vector_index(Reg::RAX, Xmm::XMM1, Scale::X4, 0))));
    let same = |dst, mask| {
        let mut asm = Assembler::new();
        asm.vpgatherdd(VecLen::L256, dst, gather, mask);
        asm.assemble().is_err()
    };
    assert!(same(Xmm::XMM1, Xmm::XMM2) && same(Xmm::XMM2, Xmm::XMM1) && same(Xmm::XMM2, Xmm::XMM2));
    assert!(!same(Xmm::XMM2, Xmm::XMM3));
    assert!(!matches!(bytes(|a| a.prefetcht0(mem)).len(), 0));
}

#[test]
fn the_pool_holds_each_constant_once_and_aligned() {
    let mut asm = Assembler::new();
    let half = asm.constant_f64(0.5);
    let vector = asm.constant(&[9; 16]);
    let small = asm.constant_f32(1.0);
    let external = asm.address_constant(RelocTarget::Symbol(4));
    assert_eq!(asm.constant_f64(0.5), half);
    assert_eq!(asm.address_constant(RelocTarget::Symbol(4)), external);
    asm.movsd(Xmm::XMM0, Mem::label(half));
    asm.paddd(Xmm::XMM1, Mem::label(vector));
    asm.ret();
    let code = asm.assemble().unwrap();
    assert_eq!(code.code_len, 8 + 8 + 1);
    let at = |label| code.offset(label).unwrap() as usize;
    assert_eq!((at(vector) % 16, at(half) % 8, at(external) % 8, at(small) % 4), (0, 0, 0, 0));
    assert_eq!(code.code.len(), 32 + 16 + 8 + 8 + 4);
    assert_eq!(code.code[at(half)..at(half) + 8], 0.5f64.to_le_bytes());
    assert_eq!(at(half) as i32 - 8, read_i32(&code.code, 4));
    assert_eq!(at(vector) as i32 - 16, read_i32(&code.code, 12));
    assert_eq!((code.align, code.relocations.len()), (16, 1));
    let reloc = code.relocations[0];
    assert_eq!(
        (reloc.offset as usize, reloc.kind, reloc.target),
        (at(external), RelocKind::Abs64, RelocTarget::Symbol(4))
    );
}

#[test]
fn relocations_follow_their_fields_through_relaxation() {
    let mut asm = Assembler::new();
    asm.jmp_to("end");
    asm.call_near(RelocTarget::Symbol(1));
    asm.jmp_to("end");
    asm.mov_address(Reg::R11, RelocTarget::Symbol(2));
    asm.label("end");
    let end = asm.named_label("end");
    asm.label_address(end, 3);
    let code = asm.assemble().unwrap();
    let fields: Vec<(u32, RelocKind)> = code.relocations.iter().map(|reloc| (reloc.offset, reloc.kind)).collect();
    assert_eq!(fields, [(3, RelocKind::Rel32), (11, RelocKind::Abs64), (19, RelocKind::Abs64)]);
    assert_eq!((code.relocations[2].target, code.relocations[2].addend), (RelocTarget::Local(19), 3));
}

#[test]
fn operands_can_name_symbols() {
    let mut asm = Assembler::new();
    asm.add(Size::S32, Mem::symbol(7, 24), 0x1234);
    let mut code = asm.assemble().unwrap();
    assert_eq!((&code.code[..2], &code.code[6..]), (&[0x81, 0x05][..], &[0x34, 0x12, 0, 0][..]));
    tercel_asm::reloc::link(&mut code.code, 0x1000, &code.relocations, |symbol| (symbol == 7).then_some(0x2000))
        .unwrap();
    // Relative to the end of the instruction.
    assert_eq!(read_i32(&code.code, 2), 0x2000 + 24 - 0x100A);
}

#[test]
fn padding_is_made_of_few_instructions() {
    let code = bytes(|a| {
        a.ret();
        a.align(16);
        a.ret();
        a.align_data(4);
    });
    assert_eq!(code.len(), 20);
    assert_eq!(code[1..10], *tercel_asm::x64::nop(9));
    assert_eq!(code[10..16], *tercel_asm::x64::nop(6));
    assert_eq!(code[16..], [0xC3, 0xCC, 0xCC, 0xCC]);
    assert_eq!(instructions().filter(|row| row.name == "nop").count(), 1);
}

#[cfg(all(target_arch = "x86_64", unix))]
mod execution {
    use super::*;
    use tercel_asm::x64::CpuFeatures;

    #[test]
    fn fibonacci_by_the_named_face() {
        let mut asm = Assembler::new();
        asm.label("fib");
        asm.mov_r64_r64(Reg::RAX, Reg::RDI);
        asm.cmp_r64_imm(Reg::RDI, 2);
        asm.jl_label("done");
        asm.push_r64(Reg::RBX);
        asm.push_r64(Reg::RDI);
        asm.sub_r64_imm(Reg::RDI, 1);
        asm.call_label("fib");
        asm.mov_r64_r64(Reg::RBX, Reg::RAX);
        asm.pop_r64(Reg::RDI);
        asm.sub_r64_imm(Reg::RDI, 2);
        asm.call_label("fib");
        asm.add_r64_r64(Reg::RAX, Reg::RBX);
        asm.pop_r64(Reg::RBX);
        asm.label("done");
        asm.ret();
        let code = asm.finalize().unwrap();
        // SAFETY: the code is a function of one integer that keeps to the C calling convention.
        assert_eq!(unsafe { code.call_with::<_, i64>((20i64,)) }, 6765);
    }

    extern "C" fn twice(x: i64) -> i64 {
        x * 2
    }

    #[test]
    fn calls_out_and_constants_work() {
        let mut asm = Assembler::new();
        asm.push_r64(Reg::RBP);
        asm.call_extern(twice as *const u8);
        let half = asm.constant_f64(21.5);
        asm.cvttsd2si(Size::S64, Reg::RCX, Mem::label(half));
        asm.add_r64_r64(Reg::RAX, Reg::RCX);
        asm.pop_r64(Reg::RBP);
        asm.ret();
        let code = asm.finalize().unwrap();
        // SAFETY: as above; the stack is aligned at the inner call.
        assert_eq!(unsafe { code.call_with::<_, i64>((50i64,)) }, 121);
    }

    #[test]
    fn jump_tables_work() {
        let mut asm = Assembler::new();
        let table = asm.new_label();
        asm.lea(Size::S64, Reg::RCX, Mem::label(table));
        asm.mov(Size::S32, Reg::RDI, Reg::RDI);
        let entry = Mem::index(Reg::RCX, Reg::RDI, Scale::X4, 0);
        asm.movsxd(Reg::RDX, entry);
        asm.add(Size::S64, Reg::RCX, Reg::RDX);
        asm.jmp(Reg::RCX);
        let cases: Vec<Label> = (0..3)
            .map(|index| {
                let case = asm.here();
                asm.mov_imm64(Reg::RAX, 100 + index);
                asm.jmp_label("out");
                case
            })
            .collect();
        asm.label("out");
        asm.ret();
        asm.align_data(4);
        asm.bind(table);
        for case in cases {
            asm.label_offset(case, table);
        }
        let code = asm.finalize().unwrap();
        for index in 0..3i64 {
            // SAFETY: as above; the index is inside the table.
            assert_eq!(unsafe { code.call_with::<_, i64>((index,)) }, 100 + index);
        }
    }

    #[test]
    fn vectors_add_in_each_extension() {
        let cpu = CpuFeatures::detect();
        let lens =
            [(VecLen::L128, CpuFeatures::AVX), (VecLen::L256, CpuFeatures::AVX2), (VecLen::L512, CpuFeatures::AVX512F)];
        for (len, needed) in lens {
            if !cpu.has(needed) {
                continue;
            }
            let mut asm = Assembler::new();
            asm.vmovups(len, Xmm::XMM0, Mem::base(Reg::RDI, 0));
            asm.vpaddd(len, Xmm::XMM0, Xmm::XMM0, Mem::base(Reg::RSI, 0));
            asm.vmovups_store(len, Mem::base(Reg::RDI, 0), Xmm::XMM0);
            asm.vzeroupper();
            asm.ret();
            let code = asm.finalize().unwrap();
            let mut a: Vec<u32> = (0..16).collect();
            let b = [1000; 16];
            // SAFETY: the code reads and writes at most 64 bytes at both addresses.
            unsafe { code.call_with::<_, ()>((a.as_mut_ptr(), b.as_ptr())) };
            let lanes = len.bytes() / 4;
            for (index, &x) in a.iter().enumerate() {
                assert_eq!(x, index as u32 + if (index as u32) < lanes { 1000 } else { 0 });
            }
        }
    }
}

#[test]
fn without_relaxation_branches_have_their_form_at_once() {
    let fixed = |emit: &dyn Fn(&mut Assembler)| {
        let mut asm = Assembler::new();
        asm.without_relaxation();
        emit(&mut asm);
        asm.assemble()
    };
    // Backwards: the form that reaches; the offset of a place is known at once.
    for (between, size) in [(0, 2), (126, 2), (127, 5)] {
        let code = fixed(&|a| {
            let start = a.here();
            a.bytes(&vec![0xCC; between]);
            assert_eq!(a.emitted(), between);
            a.jmp_to(start);
            assert_eq!(a.emitted(), between + size);
        });
        assert_eq!(code.unwrap().code.len(), between + size);
    }
    // Forwards: long, unless asked.
    let near = fixed(&|a| {
        let end = a.new_label();
        a.jne(end);
        a.jmp_to(end);
        a.bind(end);
    });
    assert_eq!(near.unwrap().code, [0x0F, 0x85, 5, 0, 0, 0, 0xE9, 0, 0, 0, 0]);
    for (between, fits) in [(0, true), (127, true), (128, false)] {
        let code = fixed(&|a| {
            let end = a.new_label();
            a.jcc_short(Cond::E, end);
            a.bytes(&vec![0xCC; between]);
            a.bind(end);
        });
        match code {
            Ok(assembly) => assert_eq!((fits, assembly.code[..2].to_vec()), (true, vec![0x74, between as u8])),
            Err(error) => assert_eq!((fits, error), (false, AsmError::BranchRange { offset: 1 })),
        }
    }
    // Padding is written at once, and the next function is relaxed again.
    let mut asm = Assembler::new();
    asm.without_relaxation();
    asm.nops(3);
    asm.align_data(16);
    assert_eq!(asm.emitted(), 16);
    let assembly = asm.assemble().unwrap();
    assert_eq!((assembly.align, &assembly.code[3..]), (16, &[0xCC; 13][..]));
    let end = asm.new_label();
    asm.jmp_to(end);
    asm.bind(end);
    assert_eq!(asm.assemble().unwrap().code, [0xEB, 0]);
}

/// The same program, with relaxation and without, does the same.
#[test]
fn without_relaxation_code_runs_the_same() {
    let emit = |asm: &mut Assembler| {
        let (table, constant, done) = (asm.new_label(), asm.constant_f64(0.0), asm.new_label());
        asm.zero(Reg::RAX);
        let mut cases = Vec::new();
        for n in 0..50 {
            let (skip, case) = (asm.new_label(), asm.new_label());
            asm.cmp(Size::S64, Reg::RDI, n);
            asm.jne(skip);
            asm.lea(Size::S64, Reg::RCX, Mem::label(table));
            asm.movsxd(Reg::RDX, Mem::base(Reg::RCX, n * 4));
            asm.add(Size::S64, Reg::RDX, Reg::RCX);
            asm.jmp(Reg::RDX);
            asm.bind(skip);
            cases.push(case);
        }
        asm.jmp_to(done);
        for (n, case) in cases.iter().enumerate() {
            asm.bind(*case);
            asm.add(Size::S64, Reg::RAX, n as i32 * 3);
            asm.add(Size::S64, Reg::RAX, Mem::label(constant));
            asm.jmp_to(done);
        }
        asm.align_data(4);
        asm.bind(table);
        for case in &cases {
            asm.label_offset(*case, table);
        }
        asm.bind(done);
        asm.ret();
    };
    for fixed in [false, true] {
        let mut asm = Assembler::new();
        if fixed {
            asm.without_relaxation();
        }
        emit(&mut asm);
        let code = asm.finalize().unwrap();
        // SAFETY: the code has this signature.
        let function: extern "C" fn(u64) -> u64 = unsafe { std::mem::transmute(code.as_ptr()) };
        for n in 0..52 {
            assert_eq!(function(n), if n < 50 { n * 3 } else { 0 });
        }
    }
}

#[test]
fn quick_moves_are_moves() {
    for base in [Reg::RBX, Reg::RBP, Reg::R13, Reg::RAX, Reg::R15] {
        for register in [Reg::RAX, Reg::RDI, Reg::R8, Reg::RSP, Reg::R12] {
            for disp in [8, -8, 127, 128, -128, -129, i32::MAX, i32::MIN] {
                let mut quick = Assembler::new();
                quick.load64(register, base, disp);
                quick.store64(base, disp, register);
                let mut plain = Assembler::new();
                plain.mov(Size::S64, register, Mem::base(base, disp));
                plain.mov(Size::S64, Mem::base(base, disp), register);
                assert_eq!(quick.assemble().unwrap().code, plain.assemble().unwrap().code, "{base:?} {disp}");
            }
        }
    }
}

#[test]
fn chains_lead_to_where_they_are_bound() {
    let mut asm = Assembler::new();
    asm.without_relaxation();
    let (mut chain, mut none) = (Chain::NONE, Chain::NONE);
    let target = asm.new_label();
    asm.run(|run| {
        // rax = 7; test; each branch in turn falls through but the last.
        run.mov32(Reg::RAX, 7);
        run.rr(Size::S32, opcode::TEST_REG_RM, Reg::RAX, Reg::RAX);
        let first = run.jcc(Cond::E, &mut chain);
        run.jcc_again(Cond::E, first);
        let over = run.jcc_short(Cond::NE);
        run.mov32(Reg::RAX, 9);
        run.land(over);
        run.jcc_to(Cond::E, target);
        run.jmp(&mut chain);
    });
    asm.bind(target);
    asm.mov(Size::S32, Reg::RAX, 11);
    let back = asm.emitted() as u32;
    asm.ret();
    assert!(chain.is_used() && !none.is_used());
    asm.bind_chain(chain);
    asm.run(|run| {
        run.ri(Size::S32, opcode::ADD, Reg::RCX, 1);
        run.rax_imm(Size::S32, opcode::ADD, 1);
        run.jmp_back(back);
    });
    asm.jmp_chain(&mut none);
    asm.bind_chain(none);
    let code = asm.finalize().unwrap();
    // SAFETY: the code takes nothing, changes rax and rcx only and returns.
    let result: i32 = unsafe { code.call::<i32>() };
    assert_eq!(result, 8);
}
