//! What publishing and finding code cost.

use std::hint::black_box;
use std::time::Instant;

use tercel_code::{Batch, CodeConfig, CodeImage, CodeKind, CodeSpace};

/// Runs `work` `rounds` times and prints the median.
fn measure(name: &str, rounds: usize, mut work: impl FnMut()) {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{name:<36} {:8.2} µs", times[rounds / 2]);
}

fn stub(size: usize) -> CodeImage {
    CodeImage {
        code: vec![0xC3; size],
        code_len: size as u32,
        align: 16,
        ..CodeImage::new("stub", CodeKind::Stub, Default::default())
    }
}

fn main() {
    let Ok(mut space) = CodeSpace::new(CodeConfig::default()) else {
        println!("executable memory is not available");
        return;
    };
    measure("publish 4 KB", 2000, || {
        black_box(space.publish_image(stub(4096))).unwrap();
    });
    measure("publish one stub of 200 bytes", 2000, || {
        black_box(space.publish_image(stub(200))).unwrap();
    });
    measure("publish a batch of 32 stubs", 500, || {
        let mut batch = Batch::new();
        (0..32).for_each(|_| batch.push(stub(200)));
        black_box(space.publish_batch(&mut batch)).unwrap();
    });
    measure("publish, retire and free 4 KB", 2000, || {
        let code = space.publish_image(stub(4096)).unwrap();
        space.retire(code);
        space.reclaim(|_, _| false);
    });
    let addresses: Vec<usize> =
        space.objects().map(|(_, object)| object.entry() as usize + object.len() as usize / 2).collect();
    measure(&format!("find 1000 of {} addresses", addresses.len()), 100, || {
        for index in 0..1000 {
            black_box(space.find_return(addresses[index * 7919 % addresses.len()]));
        }
    });
}
