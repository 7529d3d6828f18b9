//! What emission costs: nanoseconds per instruction, for a mix as a compiler makes it, and for branches laid out.

use std::hint::black_box;
use std::time::Instant;

use tercel_asm::x64::{Assembler, Cond, Mem, Reg, Scale, Size, Xmm};

/// Runs `emit` (of `count` instructions) repeatedly and prints the best time.
fn measure(name: &str, count: usize, mut emit: impl FnMut(&mut Assembler)) {
    let mut asm = Assembler::new();
    let mut best = f64::INFINITY;
    for _ in 0..50 {
        let start = Instant::now();
        emit(&mut asm);
        black_box(asm.assemble().unwrap());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name:<28} {:6.2} ns per instruction", best * 1e9 / count as f64);
}

fn main() {
    const N: usize = 100_000;
    measure("register to register", N, |asm| {
        for index in 0..N {
            asm.add(Size::S64, Reg::from_index(index as u8), Reg::RCX);
        }
    });
    measure("memory and immediates", N, |asm| {
        for index in 0..N / 2 {
            asm.mov(Size::S64, Reg::from_index(index as u8), Mem::index(Reg::RDI, Reg::RSI, Scale::X8, index as i32));
            asm.cmp(Size::S32, Mem::base(Reg::RBP, -8), index as i32);
        }
    });
    measure("AVX", N, |asm| {
        for index in 0..N {
            asm.vaddsd(Xmm::XMM0, Xmm::from_index(index as u8 & 15), Mem::base(Reg::RAX, 16));
        }
    });
    measure("a branch in five", N, |asm| {
        let mut labels: Vec<_> = (0..64).map(|_| asm.new_label()).collect();
        for index in 0..N / 5 {
            asm.add(Size::S64, Reg::RAX, Reg::RCX);
            asm.mov(Size::S64, Reg::RCX, Mem::base(Reg::RBP, 16));
            asm.cmp(Size::S64, Reg::RCX, 1000);
            asm.jcc(Cond::NE, labels[(index * 7) % 64]);
            asm.lea(Size::S64, Reg::RAX, Mem::base(Reg::RAX, 1));
            if index % 4 == 0 {
                let slot = index / 4 % 64;
                asm.bind(labels[slot]);
                labels[slot] = asm.new_label();
            }
        }
        for label in labels {
            asm.bind(label);
        }
    });
}
